"""Which findings PagerDuty may have been told of: only those are ever resolved there.

The mark is written before the trigger is sent and removed after the resolve was taken, so that a
forwarder that fails in between leaves a mark too many and never one too few.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from readiness.engine.attribute_values import deserialise_own, serialise
from readiness.engine.aws_errors import code_of, is_condition_failure
from readiness.engine.rows import Entry, UnreadableRow
from readiness.engine.store import Store
from readiness.engine.sweeps import SWEEP
from readiness.model.finding import dedup_key, finding_id, iso, past_moment
from readiness.model.resource import Resource
from readiness.model.transition import Kind
from readiness.model.verdict import Severity

INCIDENTS = "incidents"
MARK = "incident "
"""What the key of an unreadable mark begins with in ``Store.unreadable``; the id follows."""
ALERTED = "alert"
"""What an outbox row says it was published as when it went to the topic."""
CLOSING_FOR = timedelta(hours=1)
UPGRADING_FOR = timedelta(hours=1)
_SHARDS = "0123456789abcdef"


class MarkedMeanwhile(Exception):
    """Another forwarder has told PagerDuty of the finding meanwhile; another try will do."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One finding that PagerDuty may have an open incident for, under the key it was told.

    ``group`` is the grouped incident that it is part of (:mod:`readiness.alerting.storms`), and
    ``left`` since when it is so no more; its resolve may still have to be sent. ``route`` is the
    name of the key it was told with, empty for the default one.
    """

    finding_id: str
    resource: str
    rule: str
    dedup_key: str
    told_at: str = ""
    token: str = ""
    group: str = ""
    left: str = ""
    route: str = ""
    since: str = ""
    """When PagerDuty was told of it first; ``told_at`` is when it was told last."""
    before: str = ""
    """The names of the keys it was told with before, a line each: there it may be open too."""

    @property
    def sign(self) -> tuple[str, str]:
        """The attribute that tells a mark from one that was set again, and its value."""
        return ("token", self.token) if self.token else ("told_at", self.told_at)

    def covers(self, other: Incident) -> bool:
        """Whether what ends this one at PagerDuty ends ``other`` too, of the same finding."""
        if other.group:
            return self.group == other.group and not self.left
        services = {self.route, *filter(None, self.before.split("\n"))}
        return self.dedup_key == other.dedup_key and other.route in services


class Incidents:
    """Rows of the transitions table: ``finding_id`` is ``incidents#<hex digit>``, ``at`` the id.

    They carry no ``unpublished``, so the stream passes over them, and no TTL. The row
    ``incidents``, ``since`` tells when marks began to be kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._client = store.client
        self._table = store.transitions_table
        self._since = ""

    def get(self, resource: Resource, rule: str) -> Incident | None:
        """The mark of a finding, read consistently. Raises UnreadableRow."""
        row = self._row(key_of(finding_id(resource, rule)))
        return _incident(row) if row else None

    def mark(
        self,
        resource: Resource,
        rule: str,
        key: str,
        route: str = "",
        known: Incident | None = None,
        *,
        over: Incident | None = None,
    ) -> Incident:
        """Note that PagerDuty is about to be told under ``key``.

        ``known`` is the mark of the same incident until now, ``over`` one that was set after it
        and of which PagerDuty took nothing. Raises MarkedMeanwhile where another forwarder has
        told of it since they were read, maybe at another service.
        """
        since, before = "", ""
        if known is not None and known.dedup_key == key:
            since, before = known.since, moved(known.before, known.route, route)
        made, item = new_mark(resource, rule, key, route=route, since=since, before=before)
        try:
            self._client.put_item(TableName=self._table, Item=item, **_over(over or known))
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            raise MarkedMeanwhile(made.finding_id) from error
        return made

    def told(self, incident: Incident) -> Incident | None:
        """The mark of the same finding as it stands now; ``incident`` where it cannot be read."""
        row = self._row(key_of(incident.finding_id))
        try:
            return _incident(row) if row else None
        except UnreadableRow:
            # Whoever handles the finding next takes it for one under the stack's key.
            return incident

    def keep(self, incident: Incident) -> bool:
        """Set a mark again that another forwarder has removed; False where there is one."""
        return self._store.put_once(_item(incident))

    def end(self, incident: Incident) -> bool:
        """Remove a mark after its resolve was taken; False where it was set again meanwhile."""
        name, sign = incident.sign
        try:
            self._client.delete_item(
                TableName=self._table,
                Key=key_of(incident.finding_id),
                ConditionExpression="attribute_not_exists(finding_id) OR #t = :t",
                ExpressionAttributeNames={"#t": name},
                ExpressionAttributeValues={":t": {"S": sign}},
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            return False
        return True

    def all(self) -> Iterator[Incident]:
        """Every mark; one that cannot be read is left out and put down in the store."""
        for shard in _SHARDS:
            query: dict[str, Any] = {
                "TableName": self._table,
                "KeyConditionExpression": "finding_id = :f",
                "ExpressionAttributeValues": {":f": {"S": f"{INCIDENTS}#{shard}"}},
                "ConsistentRead": True,
            }
            while True:
                page = self._client.query(**query)
                yield from self._readable(page["Items"])
                if "LastEvaluatedKey" not in page:
                    break
                query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _readable(self, items: Iterable[Mapping[str, Any]]) -> Iterator[Incident]:
        for item in items:
            try:
                yield _incident(deserialise_own(item))
            except UnreadableRow as error:
                self._store.unreadable[f"{MARK}{item['at']['S']}"] = error.why

    def since(self) -> str:
        """From when on marks are complete: what was told earlier has none.

        ``alerts`` asks before it publishes anything, so that in a new stack all is marked. Where
        an earlier version has swept, its forwarder may still run for a while.
        """
        if not self._since:
            key = {"finding_id": {"S": INCIDENTS}, "at": {"S": "since"}}
            row = self._row(key)
            if not row:
                since = datetime.now(UTC) + (UPGRADING_FOR if self._is_upgrade() else timedelta())
                self._store.put_once(key | {"since": {"S": iso(since)}})
                row = self._row(key)
            latest = datetime.now(UTC) + UPGRADING_FOR
            since = past_moment(row.get("since"), latest) or latest
            if str(row.get("since")) != iso(since):
                # Until when marks are missing is not known: from now on they are complete.
                self._client.put_item(
                    TableName=self._table, Item=key | {"since": {"S": iso(since)}}
                )
            self._since = iso(since)
        return self._since

    def close(self, *, until: datetime | None) -> int:
        """Tell the forwarder to open no more incidents; with None, that it may again.

        Returns how many times it was told to stop since it was last allowed; 0 with None.
        """
        key = {"finding_id": {"S": INCIDENTS}, "at": {"S": "closing"}}
        if until is None:
            self._client.delete_item(TableName=self._table, Key=key)
            return 0
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression="SET #u = :u ADD attempts :one",
                ExpressionAttributeNames={"#u": "until"},
                ExpressionAttributeValues={":u": {"S": iso(until)}, ":one": {"N": "1"}},
                ReturnValues="UPDATED_NEW",
            )
        except ClientError as error:
            if code_of(error) != "ValidationException":
                raise
            # What stands there is no number.
            row = key | serialise({"until": iso(until), "attempts": 1})
            self._client.put_item(TableName=self._table, Item=row)
            return 1
        return int(answer["Attributes"]["attempts"]["N"])

    def is_closing(self) -> bool:
        """Whether the stack is being deleted."""
        row = self._row({"finding_id": {"S": INCIDENTS}, "at": {"S": "closing"}})
        now = datetime.now(UTC)
        until = past_moment(row.get("until"), now + CLOSING_FOR)
        return until is not None and until > now

    def _is_upgrade(self) -> bool:
        """Whether a version that kept no marks has recorded a sweep."""
        page = self._client.query(
            TableName=self._table,
            KeyConditionExpression="finding_id = :f",
            ExpressionAttributeValues={":f": {"S": SWEEP}},
            ConsistentRead=True,
            Limit=1,
        )
        return bool(page["Items"])

    def _row(self, key: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return deserialise_own(answer.get("Item", {}))


def new_mark(
    resource: Resource,
    rule: str,
    key: str,
    *,
    group: str = "",
    route: str = "",
    since: str = "",
    before: str = "",
) -> tuple[Incident, dict[str, Any]]:
    """A mark that says what PagerDuty is about to be told, and its row."""
    now = iso(datetime.now(UTC))
    id = finding_id(resource, rule)
    made = Incident(
        id,
        resource.key,
        rule,
        key,
        now,
        uuid.uuid4().hex,
        group,
        route=route,
        since=since,
        before=before,
    )
    return made, _item(made)


def _item(mark: Incident) -> dict[str, Any]:
    """The row of a mark."""
    names = ("resource", "rule", "dedup_key", "told_at", "token")
    optional = ("group", "left", "route", "since", "before")
    row = {"kind": "INCIDENT"} | {name: getattr(mark, name) for name in names}
    row |= {name: text for name in optional if (text := getattr(mark, name))}
    return key_of(mark.finding_id) | serialise(row)


def _over(known: Incident | None) -> dict[str, Any]:
    """The condition that nobody has marked the finding since ``known`` was read.

    Whoever resolved it meanwhile has removed the mark. Over one that cannot be read, or of a
    version that kept none, anything may be written.
    """
    if known is None:
        return {"ConditionExpression": "attribute_not_exists(finding_id)"}
    name, sign = known.sign
    if not sign:
        return {}
    return {
        "ConditionExpression": "attribute_not_exists(finding_id) OR #t = :t",
        "ExpressionAttributeNames": {"#t": name},
        "ExpressionAttributeValues": {":t": {"S": sign}},
    }


def member_gone(resource: Resource, rule: str, key: str, group: str, route: str) -> Incident:
    """What a finding leaves behind that is in a group no more, whose trigger is on its way."""
    made, _ = new_mark(resource, rule, key, group=group, route=route)
    return replace(made, left=made.told_at)


def moved(before: str, route: str, to: str) -> str:
    """The services, a line each, that an incident leaves behind when it goes to another one."""
    names = [name for name in before.split("\n") if name]
    if route and route != to:
        names.append(route)
    return "\n".join(dict.fromkeys(name for name in names if name != to))


def key_of(id: str) -> dict[str, Any]:
    """Where the mark of a finding stands."""
    return {"finding_id": {"S": f"{INCIDENTS}#{id[0]}"}, "at": {"S": id}}


def _incident(row: Mapping[str, Any]) -> Incident:
    """Raises UnreadableRow for a mark that does not say under which key PagerDuty was told."""
    fields = {
        name: said if isinstance(said := row.get(name), str) else ""
        for name in Incident.__dataclass_fields__
    }
    made = Incident(**fields | {"finding_id": str(row.get("at", ""))})
    made = replace(made, since=made.since or made.told_at)
    if not made.dedup_key:
        raise UnreadableRow(f"{MARK}{made.finding_id}", "it has no dedup_key")
    return made


def since_opened(history: Iterable[Entry], until: str = "") -> list[Entry]:
    """The rows of the time the finding was open, up to the one at ``until``."""
    rows: list[Entry] = []
    for row in history:
        if until and row.at > until:
            break
        if row.kind in {Kind.OPENED, Kind.REOPENED} or (rows and rows[-1].kind == Kind.RESOLVED):
            rows = []
        rows.append(row)
    return rows


def told_before(history: Iterable[Entry], since: str) -> bool:
    """Whether PagerDuty may have been told before marks were kept: the topic was."""
    return any(
        row.published_as == ALERTED and row.published_at < since for row in since_opened(history)
    )


def was_told(history: Iterable[Entry]) -> bool:
    """Whether subscribers were told that the finding is open."""
    return any(row.published_as == ALERTED for row in since_opened(history))


def may_be_on_its_way(history: Iterable[Entry], lowest: Severity) -> bool:
    """Whether a page may be in the queue whose mark is not written yet."""
    return any(
        row.published_as == ALERTED and _may_have_paged(row.severity, lowest)
        for row in since_opened(history)
    )


def _may_have_paged(severity: str, lowest: Severity) -> bool:
    """Also for a severity that this version does not know."""
    return severity not in set(Severity) or Severity(severity).at_least(lowest)


def predating(
    resource: Resource, rule: str, history: Iterable[Entry], since: str
) -> Incident | None:
    """The incident that may be open from before marks were kept, under the key of that time."""
    if not told_before(history, since):
        return None
    return Incident(finding_id(resource, rule), resource.key, rule, dedup_key(resource, rule))
