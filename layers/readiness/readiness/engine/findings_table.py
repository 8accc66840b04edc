"""The findings table as it is read: by resource, rule, workload, account and id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from readiness.engine.aws_errors import code_of
from readiness.engine.history import History
from readiness.engine.rows import ID_PREFIX, WAIVED_ROWS, UnreadableRow, from_item
from readiness.model.finding import Finding, iso
from readiness.model.resource import Resource

_NO_INDEX = {"ValidationException", "ResourceNotFoundException"}
"""What DynamoDB, and what emulators, say of an index that is missing or still being filled."""

Place = tuple[str, str]
"""Where a walk through the table stopped: the key of a row."""


class FindingsTable(History):
    """The findings as they are now, and their history.

    ``client`` is a DynamoDB client. A row that this version cannot read does not stop the others:
    methods that read several rows leave it out and note it in ``unreadable``, those that read one
    raise UnreadableRow.
    """

    def __init__(self, client: Any, findings: str, transitions: str) -> None:
        super().__init__(client, transitions)
        self._findings = findings

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
        after three days at the latest; a table of such a version has none.
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
            if code_of(error) in _NO_INDEX:
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

    def _key(self, resource: str, rule: str) -> dict[str, Any]:
        return {"resource": {"S": resource}, "rule": {"S": rule}}
