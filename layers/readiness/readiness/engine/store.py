"""The findings as they are now, written together with their transitions."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from readiness.engine.garbled import Garbled
from readiness.engine.history import History
from readiness.engine.rows import (
    ID_PREFIX,
    WAIVED_ROWS,
    UnreadableRow,
    from_item,
    to_item,
    transition_item,
)
from readiness.model.finding import Finding, iso
from readiness.model.resource import Resource
from readiness.model.transition import (
    BLIND_AFTER,
    NOTHING,
    Change,
    Transition,
    decide,
    reconsider,
)
from readiness.model.waiver import NO_WAIVERS, Known

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
_RIVALS = {"ConditionalCheckFailed", "TransactionConflict"}
_REFUSED = {"ItemCollectionSizeLimitExceeded", "ValidationError"}
"""Reasons of a cancelled transaction: another writer, and what no other try would cure."""
_UNANSWERED = (ConnectionError, Garbled, HTTPClientError)
_NO_INDEX = {"ValidationException", "ResourceNotFoundException"}
"""What DynamoDB, and what emulators, say of an index that is missing or still being filled."""


Place = tuple[str, str]
"""Where a walk through the table stopped: the key of a row."""


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


class Store(History):
    """The findings table, and the transitions that belong to its changes.

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
        super().__init__(client, transitions)
        self._waivers = waivers
        self._blind_after = blind_after
        self._findings = findings
        self._wait = wait

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
            "ExpressionAttributeValues": {":a": {"S": account + WAIVED_ROWS}},
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
        for keys, _ in self.pages_of_keys(also_gone=also_gone):
            yield from keys

    def pages_of_keys(
        self, after: Place | None = None, *, also_gone: bool = False
    ) -> Iterator[tuple[list[tuple[Resource, str]], Place | None]]:
        """The same page by page, each with the place after which another walk can go on.

        None after the last page.
        """
        scan: dict[str, Any] = {
            "TableName": self._findings,
            "ProjectionExpression": "#r, #u",
            "ExpressionAttributeNames": {"#r": "resource", "#u": "rule"},
        }
        if not also_gone:
            scan["FilterExpression"] = "attribute_not_exists(gone)"
        if after is not None:
            scan["ExclusiveStartKey"] = self._key(*after)
        while True:
            page = self._client.scan(**scan)
            last = page.get("LastEvaluatedKey")
            place = (last["resource"]["S"], last["rule"]["S"]) if last else None
            yield list(self._keys(page["Items"])), place
            if not last:
                return
            scan["ExclusiveStartKey"] = last

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
        for attempt in range(_ATTEMPTS):
            change = self._decided(stored, seen, follows=follows)
            if change.finding is None:
                return change
            change = _counted(change, stored)
            if self._write(change, stored):
                return change
            found = self.get(seen.resource, seen.rule)
            if _is_same(found, stored):
                # A transaction that met another one: which of them was written, if any, is open.
                self._back_off(attempt)
            elif follows:
                raise Overtaken(found)
            stored = found
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
                if code == "ValidationException" or _reasons(error) & _REFUSED:
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
            self._back_off(attempt)
        raise Unavailable(f"{name}: the table did not take it {_ATTEMPTS} times ({failed})")

    def _back_off(self, attempt: int) -> None:
        self._wait(_BACKOFF * 2**attempt * random.uniform(0.5, 1))  # noqa: S311

    def _write_once(
        self, finding: Finding, transition: Transition | None, stored: Finding | None
    ) -> None:
        put = {"TableName": self._findings, "Item": to_item(finding), **_over(stored)}
        if transition is None:
            self._client.put_item(**put)
            return
        outbox = {
            "TableName": self._table,
            "Item": transition_item(transition),
            "ConditionExpression": "attribute_not_exists(finding_id)",
        }
        self._client.transact_write_items(TransactItems=[{"Put": put}, {"Put": outbox}])

    def _key(self, resource: str, rule: str) -> dict[str, Any]:
        return {"resource": {"S": resource}, "rule": {"S": rule}}


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


def _is_of_the_server(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return isinstance(status, int) and status >= 500


def _is_same(found: Finding | None, stored: Finding | None) -> bool:
    """Whether nobody has written the row since it was read."""
    if found is None or stored is None:
        return found is stored
    read = (stored.version, stored.last_observed_at)
    return (found.version, found.last_observed_at) == read


def _lost_the_race(error: ClientError) -> bool:
    code = error.response.get("Error", {}).get("Code")
    return code == "ConditionalCheckFailedException" or bool(_reasons(error) & _RIVALS)


def _reasons(error: ClientError) -> set[str]:
    """Why a transaction was cancelled; nothing where DynamoDB does not say, or for other calls."""
    if error.response.get("Error", {}).get("Code") != "TransactionCanceledException":
        return set()
    return {str(each.get("Code")) for each in error.response.get("CancellationReasons") or ()}
