"""Grouped incidents: several findings under one dedup_key, and who of them still pages.

The mark of a member (:mod:`readiness.alerting.incidents`) says which group it is in, and is
written in one transaction with the group's count of members. Who leaves last closes the group, on
the condition that it has no member, and only then is the incident resolved: who joins afterwards
finds it closed and begins another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from readiness.alerting.incidents import Incident, Incidents, key_of, moved, new_mark
from readiness.engine.attribute_values import deserialise_own, serialise
from readiness.engine.aws_errors import code_of
from readiness.engine.store import Store
from readiness.model.finding import Finding, iso

TELL_EVERY = timedelta(minutes=1)
"""How often the count in an incident is brought up to date at most."""
MOST_EXAMPLES = 5
KEPT_FOR = timedelta(days=30)
ATTEMPTS = 6
_RACES = {
    "ConditionalCheckFailedException",
    "TransactionCanceledException",
    "TransactionInProgressException",
}


class Contended(Exception):
    """Others kept changing the same storm; another try will do."""


@dataclass(frozen=True, slots=True)
class Group:
    """One grouped incident.

    ``joined`` counts who ever joined and ``told`` how many of them PagerDuty has heard of;
    ``members`` are those that still page. ``cause`` is what they tell of, empty in a storm; then
    the ``examples`` are rules, else resources. ``route`` is the name of the service's key.
    """

    id: str
    rule: str
    severity: str
    dedup_key: str
    began_at: str
    joined: int = 0
    members: int = 0
    told: int = 0
    told_at: str = ""
    closed_at: str = ""
    examples: tuple[str, ...] = ()
    cause: str = ""
    route: str = ""
    before: str = ""
    """The names of the keys it was told with before, a line each."""

    @property
    def is_told(self) -> bool:
        """Whether PagerDuty has heard of everyone who joined."""
        return bool(self.told_at) and self.told >= self.joined

    def may_be_told(self, now: datetime) -> bool:
        """Whether the count may be sent now: at once the first time, then once a minute."""
        return not self.told_at or iso(now - TELL_EVERY) >= self.told_at


class Groups:
    """Rows of the transitions table, which the stream passes over.

    ``group#<id>`` with ``at`` ``group``: a :class:`Group`; it expires after it was closed.
    """

    def __init__(
        self, store: Store, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._client = store.client
        self._table = store.transitions_table
        self._incidents = Incidents(store)
        self.now = now

    def join(
        self,
        finding: Finding,
        group: Group,
        known: Incident | None,
        puts: Sequence[Mapping[str, Any]],
    ) -> Group:
        """The group with the finding in it, all in one transaction with ``puts``.

        ``known`` is the mark that it has had until now. Raises ClientError where others were
        faster, see :func:`is_race`.
        """
        example = finding.rule if group.cause else finding.resource.id
        joined = replace(
            group,
            joined=group.joined + 1,
            members=group.members + 1,
            examples=(*group.examples, example)[:MOST_EXAMPLES],
        )
        self._client.transact_write_items(
            TransactItems=[
                *puts,
                {"Put": self._put_group(joined, group if group.joined else None)},
                {"Put": self._put_mark(finding, joined, known)},
            ]
        )
        return joined

    def of(self, incident: Incident | None) -> Group | None:
        """The group that a mark names; None for a page of its own."""
        return self.get(incident.group) if incident is not None and incident.group else None

    def get(self, id: str) -> Group | None:
        """A group, read consistently; one that cannot be read is made again from its members."""
        row = self._row(_group_key(id))
        if not row:
            return None
        try:
            return _group(id, row)
        except (KeyError, TypeError, ValueError):
            return self._mended(id)

    def _mended(self, id: str) -> Group:
        """Write a group anew as the marks of its members tell it.

        Which severity and cause it had is not known: nobody joins it any more.
        """
        marks = [mark for mark in self._incidents.all() if mark.group == id]
        members = [mark for mark in marks if not mark.left]
        now = iso(self.now())
        group = Group(
            id,
            rule=marks[0].rule if marks else "",
            severity="",
            dedup_key=marks[0].dedup_key if marks else "",
            began_at=min((mark.told_at for mark in marks), default=now),
            joined=len(marks),
            members=len(members),
            told=len(marks),
            told_at=now,
            route=marks[0].route if marks else "",
        )
        self._client.put_item(TableName=self._table, Item=self._put_group(group, None)["Item"])
        return group

    def leave(self, incident: Incident) -> Group | None:
        """Take a member out, once, and say how the group stands then. Raises Contended."""
        for _ in range(ATTEMPTS):
            group = self.get(incident.group)
            if group is None or incident.left:
                return group
            after = replace(group, members=max(0, group.members - 1))
            left = {
                "TableName": self._table,
                "Key": key_of(incident.finding_id),
                "UpdateExpression": "SET #l = :l",
                "ConditionExpression": "#t = :t AND attribute_not_exists(#l)",
                "ExpressionAttributeNames": {"#t": incident.sign[0], "#l": "left"},
                "ExpressionAttributeValues": {
                    ":t": {"S": incident.sign[1]},
                    ":l": {"S": iso(self.now())},
                },
            }
            try:
                self._client.transact_write_items(
                    TransactItems=[{"Update": left}, {"Put": self._put_group(after, group)}]
                )
            except ClientError as error:
                if not is_race(error):
                    raise
                mark = self._row(key_of(incident.finding_id))
                name, sign = incident.sign
                if mark.get(name) != sign or mark.get("left"):
                    return self.get(incident.group)
                continue
            return after
        raise Contended(incident.group)

    def close(self, id: str, *, whoever_is_in: bool = False) -> bool:
        """Let nobody join any more; False where it has members. Idempotent. Raises Contended."""
        for _ in range(ATTEMPTS):
            group = self.get(id)
            if group is None or group.closed_at:
                return True
            if group.members and not whoever_is_in:
                return False
            try:
                closed = replace(group, closed_at=iso(self.now()))
                self._client.put_item(**self._put_group(closed, group))
            except ClientError as error:
                if not is_race(error):
                    raise
                continue
            return True
        raise Contended(id)

    def note_told(self, group: Group) -> None:
        """PagerDuty has taken an event about those who had joined ``group``. Raises Contended."""
        for _ in range(ATTEMPTS):
            stored = self.get(group.id)
            if stored is None or (stored.told_at and stored.told >= group.joined):
                return
            told = replace(stored, told=group.joined, told_at=iso(self.now()))
            try:
                self._client.put_item(**self._put_group(told, stored))
            except ClientError as error:
                if not is_race(error):
                    raise
                continue
            return
        raise Contended(group.id)

    def reroute(self, group: Group, route: str) -> Group:
        """The group at another service, of which nobody has told yet. Raises Contended."""
        for _ in range(ATTEMPTS):
            stored = self.get(group.id)
            if stored is None:
                return replace(group, route=route)
            before = moved(stored.before, stored.route, route) if stored.told_at else ""
            after = replace(stored, route=route, before=before)
            try:
                self._client.put_item(**self._put_group(after, stored))
            except ClientError as error:
                if not is_race(error):
                    raise
                continue
            return after
        raise Contended(group.id)

    def _put_group(self, group: Group, over: Group | None) -> dict[str, Any]:
        """A group over what was read of it: its counts tell whether that has changed."""
        values = {
            "kind": "GROUP",
            "rule": group.rule,
            "severity": group.severity,
            "dedup_key": group.dedup_key,
            "began_at": group.began_at,
            "joined": group.joined,
            "members": group.members,
            "told": group.told,
            "told_at": group.told_at,
            "closed_at": group.closed_at,
            "examples": list(group.examples),
            "cause": group.cause,
            "route": group.route,
            "before": group.before,
        }
        if group.closed_at:
            values["expires_at"] = int((self.now() + KEPT_FOR).timestamp())
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": {**_group_key(group.id), **serialise(values)},
        }
        if over is None:
            return put | {"ConditionExpression": "attribute_not_exists(finding_id)"}
        names = ("joined", "members", "told", "told_at", "closed_at")
        compared = serialise({f":{name}": getattr(over, name) for name in names})
        return put | {
            "ConditionExpression": " AND ".join(f"#{name} = :{name}" for name in names),
            "ExpressionAttributeNames": {f"#{name}": name for name in names},
            "ExpressionAttributeValues": compared,
        }

    def _put_mark(self, finding: Finding, group: Group, known: Incident | None) -> dict[str, Any]:
        """The mark of a member, over the one that was read, so that nobody is counted twice."""
        _, item = new_mark(
            finding.resource, finding.rule, group.dedup_key, group=group.id, route=group.route
        )
        put: dict[str, Any] = {"TableName": self._table, "Item": item}
        if known is None or not known.sign[1]:
            return put | {"ConditionExpression": "attribute_not_exists(finding_id)"}
        return put | {
            "ConditionExpression": "#t = :t",
            "ExpressionAttributeNames": {"#t": known.sign[0]},
            "ExpressionAttributeValues": {":t": {"S": known.sign[1]}},
        }

    def _row(self, key: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return deserialise_own(answer.get("Item", {}))


def is_race(error: ClientError) -> bool:
    """Whether others changed the rows meanwhile, so that another try will do."""
    return code_of(error) in _RACES


def _group_key(id: str) -> dict[str, Any]:
    return {"finding_id": {"S": f"group#{id}"}, "at": {"S": "group"}}


def _group(id: str, row: Mapping[str, Any]) -> Group:
    counts: Any = {name: _count(row[name]) for name in ("joined", "members", "told")}
    names = (
        *("rule", "severity", "dedup_key", "began_at", "told_at", "closed_at"),
        *("cause", "route", "before"),
    )
    texts: Any = {name: str(row.get(name, "")) for name in names}
    if not isinstance(row.get("dedup_key"), str) or not all(
        isinstance(row[name], str) for name in ("told_at", "closed_at")
    ):
        raise TypeError("it does not tell its dedup_key, or how it stands")
    return Group(id=id, **texts, **counts, examples=_examples(row))


def _examples(row: Mapping[str, Any]) -> tuple[str, ...]:
    given = row.get("examples")
    return tuple(map(str, given)) if isinstance(given, list) else ()


def _count(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise TypeError(f"{number!r} is no count")
    return number
