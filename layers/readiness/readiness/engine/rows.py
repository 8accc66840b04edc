"""The DynamoDB tables: findings as they are now, and the history that is also the outbox."""

from __future__ import annotations

import heapq
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from readiness.engine.attribute_values import deserialise, serialise
from readiness.engine.garbled import Garbled
from readiness.model.finding import CHANGE, SCHEMA_VERSION, Finding, iso, parse_iso
from readiness.model.resource import Resource
from readiness.model.transition import (
    BLIND_AFTER,
    NOTHING,
    Change,
    Kind,
    Transition,
    decide,
    reconsider,
)
from readiness.model.verdict import Severity, Status
from readiness.model.waiver import NO_WAIVERS, Known

GONE_FOR = timedelta(days=90)
HISTORY_FOR = timedelta(days=400)
ID_PREFIX = 4
"""Characters of a finding's id that are the key of the index ``by-id``: what people must type."""
_ATTEMPTS = 6
_BACKOFF = 0.1
"""Seconds; the SDK has waited too, except for a transaction that was cancelled."""
_PASSING = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionCanceledException",
    "TransactionInProgressException",
}
_UNANSWERED = (ConnectionError, Garbled, HTTPClientError)
_NO_INDEX = {"ValidationException", "ResourceNotFoundException"}
"""What DynamoDB, and what emulators, say of an index that is missing or still being filled."""
_TIMES = (
    "last_observed_at",
    "status_since",
    "first_observed_at",
    "opened_at",
    "blind_since",
    "blinded_at",
    "waived_until",
)
_TEXTS = (
    "section",
    "heading",
    "item",
    "reason",
    "expected",
    "blind_reason",
    "reminder",
    "opened_by",
    "changed_by",
    "changed_call",
    "changed_at",
    "event_id",
    "trigger",
    "woken_by",
    "release",
    "workload",
    "environment",
    "owner",
    "waiver",
    "waived_by",
    "waived_because",
    "waiver_owner",
    "waiver_approved_by",
)
_WAIVED_ROWS = "#waived"
"""In the index of open findings, what follows the account of those that are waived. Their rank is
the end of the waiver. CloudFormation adds one index in an update, so that they have none of their
own."""
_WAIVED = ("waiver", "waived_by", "waived_because", "waiver_owner", "waiver_approved_by")


_BLAME = ("trigger", "opened_by", *CHANGE, "woken_by", "release")
SHARDS = 8
WAITING = "yes"
_NEEDED = ("finding_id", "at", "kind", "resource", "rule")


class Unwritable(Exception):
    """A finding that cannot be written as it is; the others can."""


class Contended(Unwritable):
    """Others kept writing the same finding; the next event or the sweep corrects it."""


class Unavailable(Unwritable):
    """The tables kept refusing to write, as when they are throttled."""


class Overtaken(Exception):
    """Another run wrote the finding since its version was read; ``stored`` is what it wrote."""

    def __init__(self, stored: Finding | None) -> None:
        super().__init__(stored)
        self.stored = stored


class UnreadableRow(ValueError):
    """A row that this version cannot read, such as one that a newer version wrote."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(key, why)
        self.key = key
        self.why = why

    def __str__(self) -> str:
        return f"{self.key}: {self.why}"


def to_item(finding: Finding) -> dict[str, Any]:
    """The finding as a DynamoDB item, with the attributes of the sparse indexes."""
    plain: dict[str, Any] = {
        "resource": finding.resource.key,
        "rule": finding.rule,
        "status": str(finding.status),
        "severity": str(finding.severity),
        "finding_id": finding.id,
        "id_prefix": finding.id[:ID_PREFIX],
        "config_hash": finding.config_hash,
        "schema_version": SCHEMA_VERSION,
        "version": finding.version,
        "observed": finding.observed,
        "settings": finding.settings,
    }
    plain |= {name: getattr(finding, name) for name in _TEXTS if getattr(finding, name)}
    plain |= {name: iso(moment) for name in _TIMES if (moment := getattr(finding, name))}
    if finding.missing:
        plain["missing"] = list(finding.missing)
    if finding.denied:
        plain["denied"] = list(finding.denied)
    if finding.tags is not None:
        plain["tags"] = finding.tags
    if finding.waivers_known:
        plain["waivers_known"] = finding.waivers_known
    if finding.is_waived and finding.waived_until is not None:
        plain["open_account"] = finding.resource.account + _WAIVED_ROWS
        plain["open_rank"] = iso(finding.waived_until)
    if finding.is_open:
        plain["open_account"] = finding.resource.account
        plain["open_rank"] = f"{finding.severity.rank}#{iso(finding.since)}"
    if finding.gone:
        plain["gone"] = True
        plain["expires_at"] = int((finding.last_observed_at + GONE_FOR).timestamp())
    return serialise(plain)


def from_item(item: Mapping[str, Any]) -> Finding:
    """The inverse of :func:`to_item`. Raises UnreadableRow."""
    try:
        return _finding(deserialise(item))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnreadableRow(_key_in(item), f"{type(error).__name__}: {error}") from error


def _finding(plain: Mapping[str, Any]) -> Finding:
    times: Any = {name: parse_iso(plain[name]) for name in _TIMES if name in plain}
    texts: Any = {name: str(plain.get(name, "")) for name in _TEXTS}
    return Finding(
        resource=Resource.parse(plain["resource"]),
        rule=plain["rule"],
        status=Status(plain["status"]),
        severity=Severity(plain["severity"]),
        observed=_mapping(plain.get("observed", {})),
        settings=_mapping(plain.get("settings", {})),
        missing=tuple(plain.get("missing", ())),
        denied=tuple(plain.get("denied", ())),
        tags=_mapping(plain["tags"]) if "tags" in plain else None,
        waivers_known=int(plain.get("waivers_known", 0)),
        gone=plain.get("gone", False),
        version=int(plain.get("version", 0)),
        **texts,
        **times,
    )


def _key_in(item: Any) -> str:
    """What a row that cannot be read is about, as far as that can be told."""
    if not isinstance(item, Mapping):
        return "a row"
    names = ("finding_id", "at") if "at" in item else ("resource", "rule")
    return " ".join(_shown(item.get(name)) for name in names)


def _shown(value: Any) -> str:
    text = value.get("S") if isinstance(value, Mapping) else None
    return text if isinstance(text, str) else json.dumps(value, default=str)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"a mapping is expected, not {type(value).__name__}")
    return value


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the history as it is read back."""

    finding_id: str
    at: str
    kind: str
    resource: str
    rule: str
    old_status: str = ""
    status: str = ""
    old_severity: str = ""
    severity: str = ""
    old_reason: str = ""
    reason: str = ""
    heading: str = ""
    trigger: str = ""
    opened_by: str = ""
    changed_by: str = ""
    changed_call: str = ""
    changed_at: str = ""
    event_id: str = ""
    woken_by: str = ""
    release: str = ""
    waived_until: str = ""
    waiver: str = ""
    waived_by: str = ""
    waived_because: str = ""
    waiver_owner: str = ""
    waiver_approved_by: str = ""
    waiver_note: str = ""
    waiver_changed_by: str = ""
    was_waived: str = ""
    published_at: str = ""
    published_as: str = ""


class Store:
    """The findings and transitions tables.

    ``client`` is a DynamoDB client. ``record`` is safe against duplicates, reordering and
    concurrent writers: it writes only over the state it decided from, which the ``version`` of
    the row tells; a row without one is version 0, known by the time it was observed at. The
    digest would not do, because another version of this code may compute it differently, and
    clocks would not, because those of several hosts differ.

    A row that this version cannot read does not stop the others: methods that read several rows
    leave it out and note it in ``unreadable``, those that read one raise UnreadableRow.

    Whoever writes through ``record`` writes under the ``waivers``, so that index, alerts and scan
    agree on what is open.
    """

    def __init__(
        self,
        client: Any,
        findings: str,
        transitions: str,
        *,
        wait: Callable[[float], None] = time.sleep,
        waivers: Known = lambda: NO_WAIVERS,
        blind_after: timedelta = BLIND_AFTER,
    ) -> None:
        self._waivers = waivers
        self._blind_after = blind_after
        self._client = client
        self._findings = findings
        self._transitions = transitions
        self._wait = wait
        self.unreadable: dict[str, str] = {}

    # -- findings ---------------------------------------------------------------------------

    def get(self, resource: Resource, rule: str) -> Finding | None:
        """The stored finding, read consistently. Raises UnreadableRow."""
        answer = self._client.get_item(
            TableName=self._findings, Key=self._key(resource.key, rule), ConsistentRead=True
        )
        return from_item(answer["Item"]) if "Item" in answer else None

    def of_resource(self, resource: Resource) -> dict[str, Finding]:
        """All findings of a resource by rule, in one read."""
        query = {
            "KeyConditionExpression": "#r = :r",
            "ExpressionAttributeNames": {"#r": "resource"},
            "ExpressionAttributeValues": {":r": {"S": resource.key}},
            "ConsistentRead": True,
        }
        return {finding.rule: finding for finding in self._query(query)}

    def of_rule(self, rule: str, prefix: str) -> Iterator[Finding]:
        """The findings of a rule whose resource begins with ``<account>/<region>/``, in order."""
        query = {
            "IndexName": "by-rule",
            "KeyConditionExpression": "#u = :u AND begins_with(#r, :p)",
            "ExpressionAttributeNames": {"#u": "rule", "#r": "resource"},
            "ExpressionAttributeValues": {":u": {"S": rule}, ":p": {"S": prefix}},
        }
        return self._query(query)

    def between(self, rule: str, first: Resource, last: Resource) -> Iterator[Finding]:
        """The findings of a rule about these resources and those between them, in order."""
        query = {
            "IndexName": "by-rule",
            "KeyConditionExpression": "#u = :u AND #r BETWEEN :a AND :z",
            "ExpressionAttributeNames": {"#u": "rule", "#r": "resource"},
            "ExpressionAttributeValues": {
                ":u": {"S": rule},
                ":a": {"S": first.key},
                ":z": {"S": last.key},
            },
        }
        return self._query(query)

    def keys_by_id(self, prefix: str) -> list[tuple[Resource, str]]:
        """Resource and rule of the findings whose id begins so: at least ``ID_PREFIX`` characters.

        Rows that a version without the index wrote are not in it until they are written again,
        once in 20 hours at the latest; a table of such a version has none.
        """
        query = {
            "TableName": self._findings,
            "IndexName": "by-id",
            "KeyConditionExpression": "id_prefix = :p AND begins_with(finding_id, :f)",
            "ExpressionAttributeValues": {":p": {"S": prefix[:ID_PREFIX]}, ":f": {"S": prefix}},
        }
        try:
            items = [item for page in self._pages(query) for item in page["Items"]]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _NO_INDEX:
                return []
            raise
        return list(self._keys(items))

    def of_workload(self, workload: str) -> Iterator[Finding]:
        """The findings of a workload."""
        query = {
            "IndexName": "by-workload",
            "KeyConditionExpression": "workload = :w",
            "ExpressionAttributeValues": {":w": {"S": workload}},
        }
        return self._query(query)

    def open(self, account: str) -> Iterator[Finding]:
        """Open findings of an account, worst and oldest first."""
        query = {
            "IndexName": "open",
            "KeyConditionExpression": "open_account = :a",
            "ExpressionAttributeValues": {":a": {"S": account}},
        }
        return self._query(query)

    def waived(self, account: str, until: datetime | None = None) -> Iterator[Finding]:
        """Waived findings of an account, those that end first in front; up to a moment."""
        query: dict[str, Any] = {
            "IndexName": "open",
            "KeyConditionExpression": "open_account = :a",
            "ExpressionAttributeValues": {":a": {"S": account + _WAIVED_ROWS}},
        }
        if until is not None:
            query["KeyConditionExpression"] += " AND open_rank <= :t"
            query["ExpressionAttributeValues"][":t"] = {"S": iso(until)}
        return self._query(query)

    def all(self) -> Iterator[Finding]:
        """Every finding, in no order: a full scan of the table."""
        start: dict[str, Any] = {}
        while True:
            page = self._client.scan(TableName=self._findings, **start)
            yield from self._readable(page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def every_key(self, *, also_gone: bool = False) -> Iterator[tuple[Resource, str]]:
        """Resource and rule of every row: a walk through the whole table."""
        scan: dict[str, Any] = {
            "TableName": self._findings,
            "ProjectionExpression": "#r, #u",
            "ExpressionAttributeNames": {"#r": "resource", "#u": "rule"},
        }
        if not also_gone:
            scan["FilterExpression"] = "attribute_not_exists(gone)"
        while True:
            page = self._client.scan(**scan)
            yield from self._keys(page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            scan["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _keys(self, items: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Resource, str]]:
        for item in items:
            key, rule = item["resource"]["S"], item["rule"]["S"]
            try:
                resource = Resource.parse(key)
            except ValueError as error:
                self.unreadable[f"{key} {rule}"] = str(error)
                continue
            yield resource, rule

    def _query(self, query: dict[str, Any]) -> Iterator[Finding]:
        for page in self._pages({"TableName": self._findings, **query}):
            yield from self._readable(page["Items"])

    def _pages(self, query: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
        while True:
            page = self._client.query(**query)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            query = query | {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _readable(self, items: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
        for item in items:
            try:
                yield from_item(item)
            except UnreadableRow as error:
                self.unreadable[error.key] = error.why

    def record(self, seen: Finding, stored: Finding | None, *, follows: bool = False) -> Change:
        """Write what changed, if anything, and say what was written.

        ``stored`` is what the caller read. ``follows`` says that it was read before anything that
        ``seen`` rests on: then only another writer can be newer, and the caller has to look again.
        Without it the times decide, again for each state that another writer leaves.

        Raises Overtaken with ``follows``, Contended without when that goes on and on, Unwritable
        for a finding that the table refuses, Unavailable where it does not take any, and
        UnreadableRow.
        """
        for _ in range(_ATTEMPTS):
            change = self._decided(stored, seen, follows=follows)
            if change.finding is None:
                return change
            change = _counted(change, stored)
            if self._write(change, stored):
                return change
            stored = self.get(seen.resource, seen.rule)
            if follows:
                raise Overtaken(stored)
        raise Contended(f"{seen.resource.key} {seen.rule}")

    def _decided(self, stored: Finding | None, seen: Finding, *, follows: bool) -> Change:
        return decide(
            stored, seen, follows=follows, waivers=self._waivers, blind_after=self._blind_after
        )

    def reconsider(self, stored: Finding, now: Callable[[], datetime]) -> Change:
        """Bring a stored finding under the waivers as they are now; nothing was observed.

        ``stored`` may come from an index: what has to change is read again before it is written.

        Raises Contended, Unwritable, Unavailable and UnreadableRow.
        """
        decided = reconsider(stored, now(), self._waivers)
        if decided.finding is None:
            return decided

        def again(row: Finding | None) -> Change:
            return reconsider(row, now(), self._waivers) if row is not None else NOTHING

        return self.change_at(stored.resource, stored.rule, again)

    def change_at(
        self, resource: Resource, rule: str, decided: Callable[[Finding | None], Change]
    ) -> Change:
        """Write what is decided of the row of a resource and a rule, again if others write it.

        Raises Contended, Unwritable, Unavailable and UnreadableRow.
        """
        for _ in range(_ATTEMPTS):
            stored = self.get(resource, rule)
            change = _counted(decided(stored), stored)
            if change.finding is None or self._write(change, stored):
                return change
        raise Contended(f"{resource.key} {rule}")

    def _write(self, change: Change, stored: Finding | None) -> bool:
        """Write a change over ``stored``, with retries; False where another writer was faster.

        Raises Unwritable and Unavailable.
        """
        finding = change.finding
        if finding is None:
            raise ValueError("nothing to write")
        name, failed = f"{finding.resource.key} {finding.rule}", ""
        for attempt in range(_ATTEMPTS):
            try:
                self._write_once(finding, change.transition, stored)
            except (TypeError, ValueError) as error:
                raise Unwritable(f"{name}: {error}") from error
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code")
                if code == "ValidationException":
                    raise Unwritable(f"{name}: {error}") from error
                if _lost_the_race(error):
                    return False
                if code not in _PASSING and not _is_of_the_server(error):
                    raise
                failed = str(code)
            except _UNANSWERED as error:
                # Whether it was written is unknown: the next attempt's condition tells.
                failed = type(error).__name__
            else:
                return True
            self._wait(_BACKOFF * 2**attempt * random.uniform(0.5, 1))  # noqa: S311
        raise Unavailable(f"{name}: the table did not take it {_ATTEMPTS} times ({failed})")

    def _write_once(
        self, finding: Finding, transition: Transition | None, stored: Finding | None
    ) -> None:
        put = {"TableName": self._findings, "Item": to_item(finding), **_over(stored)}
        if transition is None:
            self._client.put_item(**put)
            return
        outbox = {
            "TableName": self._transitions,
            "Item": transition_item(transition),
            "ConditionExpression": "attribute_not_exists(finding_id)",
        }
        self._client.transact_write_items(TransactItems=[{"Put": put}, {"Put": outbox}])

    def _key(self, resource: str, rule: str) -> dict[str, Any]:
        return {"resource": {"S": resource}, "rule": {"S": rule}}

    # -- history ----------------------------------------------------------------------------

    @property
    def client(self) -> Any:
        """The DynamoDB client."""
        return self._client

    @property
    def transitions_table(self) -> str:
        """The name of the table that holds the history and rows about no finding."""
        return self._transitions

    def history(self, finding_id: str) -> list[Entry]:
        """The transitions of a finding, oldest first."""
        query: dict[str, Any] = {
            "KeyConditionExpression": "finding_id = :f",
            "ExpressionAttributeValues": {":f": {"S": finding_id}},
            "ConsistentRead": True,
        }
        return list(self._entries(query))

    def unpublished(self, before: datetime) -> Iterator[Entry]:
        """Transitions written before ``before`` that were never published, oldest first."""
        shards = [WAITING, *(f"{WAITING}#{number}" for number in range(SHARDS))]
        rows = [self._unpublished(shard, before) for shard in shards]
        return heapq.merge(*rows, key=lambda entry: entry.at)

    def _unpublished(self, shard: str, before: datetime) -> Iterator[Entry]:
        query: dict[str, Any] = {
            "IndexName": "unpublished",
            "KeyConditionExpression": "unpublished = :y AND #at < :t",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": {":y": {"S": shard}, ":t": {"S": iso(before)}},
        }
        return self._entries(query)

    def _entries(self, query: dict[str, Any]) -> Iterator[Entry]:
        while True:
            page = self._client.query(TableName=self._transitions, **query)
            for item in page["Items"]:
                try:
                    yield entry_of(item)
                except UnreadableRow as error:
                    self.unreadable[error.key] = error.why
            if "LastEvaluatedKey" not in page:
                return
            query = query | {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def mark_published(self, entry: Entry, at: datetime, note: str) -> bool:
        """Mark an outbox row as published; False where it was already marked."""
        try:
            self._client.update_item(
                TableName=self._transitions,
                Key={"finding_id": {"S": entry.finding_id}, "at": {"S": entry.at}},
                UpdateExpression="SET published_at = :t, published_as = :n REMOVE unpublished",
                ConditionExpression="attribute_exists(unpublished)",
                ExpressionAttributeValues={":t": {"S": iso(at)}, ":n": {"S": note}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def is_unpublished(self, entry: Entry) -> bool:
        """Whether the outbox row still waits, read consistently."""
        answer = self._client.get_item(
            TableName=self._transitions,
            Key={"finding_id": {"S": entry.finding_id}, "at": {"S": entry.at}},
            ProjectionExpression="unpublished",
            ConsistentRead=True,
        )
        return "unpublished" in answer.get("Item", {})

    def append(self, item: Mapping[str, Any]) -> None:
        """A row of the history that is about no finding, such as a completed sweep."""
        self._client.put_item(TableName=self._transitions, Item=serialise(item))


def _counted(change: Change, stored: Finding | None) -> Change:
    """The change with the version of the row that it makes."""
    if change.finding is None:
        return change
    version = (stored.version if stored is not None else 0) + 1
    return replace(change, finding=change.finding.but(version=version))


def _over(stored: Finding | None) -> dict[str, Any]:
    """The condition that the row still is what was read."""
    if stored is None:
        return {
            "ConditionExpression": "attribute_not_exists(#r)",
            "ExpressionAttributeNames": {"#r": "resource"},
        }
    if stored.version:
        return {
            "ConditionExpression": "#v = :v",
            "ExpressionAttributeNames": {"#v": "version"},
            "ExpressionAttributeValues": {":v": {"N": str(stored.version)}},
        }
    return {
        "ConditionExpression": "attribute_not_exists(#v) AND last_observed_at = :t",
        "ExpressionAttributeNames": {"#v": "version"},
        "ExpressionAttributeValues": {":t": {"S": iso(stored.last_observed_at)}},
    }


def transition_item(transition: Transition) -> dict[str, Any]:
    """A transition as an outbox row: unpublished until ``alerts`` has sent it on."""
    finding = transition.finding
    plain = {
        "finding_id": finding.id,
        "at": iso(transition.at),
        "kind": str(transition.kind),
        "resource": finding.resource.key,
        "rule": finding.rule,
        "heading": finding.heading,
        "old_status": str(transition.old_status or ""),
        "status": str(finding.status),
        "old_severity": str(transition.old_severity or ""),
        "severity": str(finding.severity),
        "old_reason": transition.old_reason,
        "reason": finding.blind_reason
        if transition.kind is Kind.BLINDED and finding.blind_reason
        else finding.reason,
        **{name: getattr(finding, name) for name in (*_BLAME, *_WAIVED)},
        "waived_until": iso(finding.waived_until) if finding.waived_until else "",
        "waiver_note": transition.note,
        "waiver_changed_by": transition.by,
        "was_waived": "yes" if transition.was_waived else "",
        "unpublished": _shard(finding.id),
        "expires_at": int((transition.at + HISTORY_FOR).timestamp()),
    }
    return serialise({name: value for name, value in plain.items() if value != ""})


def _check(plain: Mapping[str, Any]) -> None:
    """Raise for an outbox row that does not say which finding became what."""
    for name in _NEEDED:
        if not isinstance(plain[name], str) or not plain[name]:
            raise TypeError(f"{name} is no text")
    Resource.parse(plain["resource"])


def _shard(finding_id: str) -> str:
    """The key of the outbox row: several, since one key takes 1,000 writes a second."""
    return f"{WAITING}#{int(finding_id, 16) % SHARDS}"


def entry_of(item: Mapping[str, Any]) -> Entry:
    """An outbox row, from a query or from a stream record's ``NewImage``.

    Raises UnreadableRow for one that names no finding.
    """
    try:
        plain = deserialise(item)
        _check(plain)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnreadableRow(_key_in(item), f"{type(error).__name__}: {error}") from error
    fields = Entry.__dataclass_fields__
    return Entry(**{name: str(plain.get(name, "")) for name in fields})


def _is_of_the_server(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return isinstance(status, int) and status >= 500


def _lost_the_race(error: ClientError) -> bool:
    code = error.response.get("Error", {}).get("Code")
    if code == "ConditionalCheckFailedException":
        return True
    if code != "TransactionCanceledException":
        return False
    reasons = error.response.get("CancellationReasons", [])
    codes = {reason.get("Code") for reason in reasons}
    return bool(codes & {"ConditionalCheckFailed", "TransactionConflict"})
