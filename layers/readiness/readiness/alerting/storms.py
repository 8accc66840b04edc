"""Many new findings of one rule at once: the first page one by one, the others are one incident.

A finding is counted when the forwarder is about to page it for the first time, by the forwarder's
clock, so that neither the hosts' clocks nor a backlog matter. Where ``above`` findings of a rule
and severity came within ``WINDOW``, the next one joins a group: an incident of its own, with one
dedup_key. Nothing is held back. The mark of a member (:mod:`readiness.alerting.incidents`) says
which group it is in, and is written in one transaction with the group's count of members. Who
leaves last closes the group, on the condition that it has no member, and only then is the
incident resolved: who joins afterwards finds it closed and begins another.

Rules that tell one fact of one resource (:mod:`readiness.alerting.causes`) are such a group too,
from the first finding on: another one joins it where the incident is at least as severe.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from readiness.alerting.causes import cause_of
from readiness.alerting.incidents import Incident, Incidents, key_of, moved, new_mark
from readiness.engine.attribute_values import deserialise_own, serialise
from readiness.engine.store import Store
from readiness.model.finding import DEFAULT_STACK, Finding, finding_id, iso
from readiness.model.verdict import Severity

WINDOW = timedelta(minutes=10)
LONGEST = timedelta(hours=1)
"""A storm that goes on begins a new group, and so pages again, after this time."""
TELL_EVERY = timedelta(minutes=1)
"""How often the count in an incident is brought up to date at most."""
MOST_EXAMPLES = 5
KEPT_FOR = timedelta(days=30)
DEFAULT_ABOVE = 20
"""Where the function has no such variable; the parameter of the template has its own default."""
_ATTEMPTS = 6
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


class Storms:
    """Rows of the transitions table, which the stream passes over.

    ``storm#<account>#<rule>`` with ``at`` the severity: who paged last, and the group that is
    open. ``cause#<resource>`` with ``at`` the cause: the group that is open. ``group#<id>`` with
    ``at`` ``group``: a :class:`Group`; it expires after it was closed.
    """

    def __init__(
        self,
        store: Store,
        *,
        stack: str = DEFAULT_STACK,
        above: int = DEFAULT_ABOVE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = store.client
        self._table = store.transitions_table
        self._incidents = Incidents(store)
        self._stack = stack
        self._above = above
        self._now = now

    def place(
        self, finding: Finding, severity: Severity, known: Incident | None, route: str = ""
    ) -> Group | None:
        """Count a finding that is about to page; the group that it is in now, if any.

        ``known`` is the mark that it has had until now, ``route`` the key it pages with. Raises
        Contended.
        """
        cause = cause_of(finding.rule)
        if not self._above and not cause:
            return None
        for _ in range(_ATTEMPTS):
            try:
                return self._placed(finding, severity, known, cause, route)
            except ClientError as error:
                if _code(error) not in _RACES:
                    raise
        raise Contended(f"{finding.resource.key} {finding.rule}")

    def _placed(
        self,
        finding: Finding,
        severity: Severity,
        known: Incident | None,
        cause: str,
        route: str,
    ) -> Group | None:
        now = self._now()
        of_cause = _cause_key(finding, cause, route)
        cause_row = self._row(of_cause) if cause else {}
        incident = self._open_incident(cause_row, severity)
        if incident is not None:
            return self._joined(finding, incident, known, [])
        key = _storm_key(finding, severity, route)
        puts: list[dict[str, Any]] = []
        storm: Group | None = None
        if self._above:
            row = self._row(key)
            values, is_storm = self._counted(row, finding, now)
            if is_storm:
                storm = self._open(values["group"], now) or self._new(
                    finding, severity, now, route=route
                )
                values |= {"group": storm.id}
            put = self._put(key, values, row)
            if not is_storm and not cause:
                self._client.put_item(**put)
                return None
            puts.append({"Put": put})
        if storm is not None:
            return self._joined(finding, storm, known, puts)
        new = self._new(finding, severity, now, cause=cause, route=route)
        values = {
            "kind": "CAUSE",
            "group": new.id,
            "version": _next(cause_row),
            "expires_at": int((now + KEPT_FOR).timestamp()),
        }
        puts.append({"Put": self._put(of_cause, values, cause_row)})
        return self._joined(finding, new, known, puts)

    def _counted(
        self, row: Mapping[str, Any], finding: Finding, now: datetime
    ) -> tuple[dict[str, Any], bool]:
        """The row of a storm with the finding counted, and whether it is a storm."""
        id = finding_id(finding.resource, finding.rule)
        recent = {
            name: at
            for name, at in _texts(row.get("recent")).items()
            if at > iso(now - WINDOW) and name != id
        }
        last = sorted([*recent.items(), (id, iso(now))], key=lambda each: each[1])
        values: dict[str, Any] = {
            "kind": "STORM",
            "recent": dict(last[-self._above :]),
            "group": str(row.get("group", "")),
            "version": _next(row),
            "expires_at": int((now + KEPT_FOR).timestamp()),
        }
        return values, len(recent) >= self._above

    def _joined(
        self,
        finding: Finding,
        group: Group,
        known: Incident | None,
        puts: list[dict[str, Any]],
    ) -> Group:
        """The group with the finding in it, all in one transaction."""
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

    def _open_incident(self, row: Mapping[str, Any], severity: Severity) -> Group | None:
        """The open incident of a cause that is at least as severe as ``severity``."""
        id = str(row.get("group", ""))
        group = self.get(id) if id else None
        if group is None or group.closed_at or not group.members:
            return None
        known = group.severity in set(Severity)
        return group if known and Severity(group.severity).at_least(severity) else None

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
        now = iso(self._now())
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
        for _ in range(_ATTEMPTS):
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
                    ":l": {"S": iso(self._now())},
                },
            }
            try:
                self._client.transact_write_items(
                    TransactItems=[{"Update": left}, {"Put": self._put_group(after, group)}]
                )
            except ClientError as error:
                if _code(error) not in _RACES:
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
        for _ in range(_ATTEMPTS):
            group = self.get(id)
            if group is None or group.closed_at:
                return True
            if group.members and not whoever_is_in:
                return False
            try:
                closed = replace(group, closed_at=iso(self._now()))
                self._client.put_item(**self._put_group(closed, group))
            except ClientError as error:
                if _code(error) not in _RACES:
                    raise
                continue
            return True
        raise Contended(id)

    def note_told(self, group: Group) -> None:
        """PagerDuty has taken an event about those who had joined ``group``. Raises Contended."""
        for _ in range(_ATTEMPTS):
            stored = self.get(group.id)
            if stored is None or (stored.told_at and stored.told >= group.joined):
                return
            told = replace(stored, told=group.joined, told_at=iso(self._now()))
            try:
                self._client.put_item(**self._put_group(told, stored))
            except ClientError as error:
                if _code(error) not in _RACES:
                    raise
                continue
            return
        raise Contended(group.id)

    def reroute(self, group: Group, route: str) -> Group:
        """The group at another service, of which nobody has told yet. Raises Contended."""
        for _ in range(_ATTEMPTS):
            stored = self.get(group.id)
            if stored is None:
                return replace(group, route=route)
            before = moved(stored.before, stored.route, route) if stored.told_at else ""
            after = replace(stored, route=route, before=before)
            try:
                self._client.put_item(**self._put_group(after, stored))
            except ClientError as error:
                if _code(error) not in _RACES:
                    raise
                continue
            return after
        raise Contended(group.id)

    def _open(self, id: str, now: datetime) -> Group | None:
        group = self.get(id) if id else None
        if group is None or group.closed_at or group.began_at < iso(now - LONGEST):
            return None
        return group

    def _new(
        self,
        finding: Finding,
        severity: Severity,
        now: datetime,
        *,
        cause: str = "",
        route: str = "",
    ) -> Group:
        id = uuid.uuid4().hex
        identity = f"{finding.resource.account}|{finding.rule}|{severity}|{self._stack}|{id}"
        key = "readiness:" + hashlib.sha256(identity.encode()).hexdigest()
        return Group(id, finding.rule, str(severity), key, iso(now), cause=cause, route=route)

    def _put(
        self, key: Mapping[str, Any], values: Mapping[str, Any], over: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A row with a version, over the one that was read."""
        condition: dict[str, Any] = {
            "ConditionExpression": "attribute_not_exists(#v)",
            "ExpressionAttributeNames": {"#v": "version"},
        }
        if over and not isinstance(over.get("version"), int):
            # Of a row that tells no version it cannot be known whether it has changed.
            condition = {}
        elif over:
            condition["ConditionExpression"] = "#v = :v"
            condition["ExpressionAttributeValues"] = serialise({":v": over["version"]})
        return {"TableName": self._table, "Item": {**key, **serialise(values)}, **condition}

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
            values["expires_at"] = int((self._now() + KEPT_FOR).timestamp())
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


def _storm_key(finding: Finding, severity: Severity, route: str) -> dict[str, Any]:
    place = f"storm#{finding.resource.account}#{finding.rule}"
    return {
        "finding_id": {"S": place},
        "at": {"S": f"{severity}#{route}" if route else str(severity)},
    }


def _cause_key(finding: Finding, cause: str, route: str) -> dict[str, Any]:
    """Where the incident of a cause stands: for each resource and service."""
    return {"finding_id": {"S": f"cause#{finding.resource.key}"}, "at": {"S": f"{cause}#{route}"}}


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


def _next(row: Mapping[str, Any]) -> int:
    """The version after that of a row, whatever another version of the stack wrote there."""
    known = row.get("version")
    return known + 1 if isinstance(known, int) else 1


def _texts(given: object) -> dict[str, str]:
    if not isinstance(given, Mapping):
        return {}
    return {str(name): str(value) for name, value in given.items()}


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
