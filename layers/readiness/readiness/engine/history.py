"""The table of transitions: the history of each finding, which is also the outbox of alerts."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from readiness.engine.attribute_values import serialise
from readiness.engine.aws_errors import is_condition_failure
from readiness.engine.rows import SHARDS, WAITING, Entry, UnreadableRow, entry_of
from readiness.model.finding import iso


class History:
    """The transitions table.

    ``client`` is a DynamoDB client. A row that this version cannot read does not stop the others:
    it is left out and noted in ``unreadable``.
    """

    def __init__(self, client: Any, transitions: str) -> None:
        self._client = client
        self._table = transitions
        self.unreadable: dict[str, str] = {}

    @property
    def client(self) -> Any:
        """The DynamoDB client."""
        return self._client

    @property
    def transitions_table(self) -> str:
        """The name of the table that holds the history and rows about no finding."""
        return self._table

    def history(self, finding_id: str) -> list[Entry]:
        """The transitions of a finding, oldest first."""
        query: dict[str, Any] = {
            "KeyConditionExpression": "finding_id = :f",
            "ExpressionAttributeValues": {":f": {"S": finding_id}},
            "ConsistentRead": True,
        }
        return list(self._entries(query))

    def unpublished(self, before: datetime) -> Iterator[Entry]:
        """Transitions that wait for their publication since before ``before``, oldest first.

        The time of a row is that of the host that wrote it. One from a host whose clock is ahead
        counts from when ``note_waiting`` met it.
        """
        for entry in self._waiting():
            if entry.at < iso(before) or "" < entry.waiting_since < iso(before):
                yield entry

    def note_waiting(self, after: datetime, at: datetime) -> None:
        """Note that it is ``at`` now on rows that say they were written after ``after``."""
        for entry in self._waiting(after):
            if not entry.waiting_since:
                self._note_waiting(entry, at)

    def _waiting(self, after: datetime | None = None) -> Iterator[Entry]:
        shards = [WAITING, *(f"{WAITING}#{number}" for number in range(SHARDS))]
        rows = [self._unpublished(shard, after) for shard in shards]
        return heapq.merge(*rows, key=lambda entry: entry.at)

    def _unpublished(self, shard: str, after: datetime | None) -> Iterator[Entry]:
        query: dict[str, Any] = {
            "IndexName": "unpublished",
            "KeyConditionExpression": "unpublished = :y",
            "ExpressionAttributeValues": {":y": {"S": shard}},
        }
        if after is not None:
            query["KeyConditionExpression"] += " AND #at >= :t"
            query["ExpressionAttributeNames"] = {"#at": "at"}
            query["ExpressionAttributeValues"][":t"] = {"S": iso(after)}
        return self._entries(query)

    def _note_waiting(self, entry: Entry, at: datetime) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"finding_id": {"S": entry.finding_id}, "at": {"S": entry.at}},
                UpdateExpression="SET waiting_since = if_not_exists(waiting_since, :t)",
                ConditionExpression="attribute_exists(unpublished)",
                ExpressionAttributeValues={":t": {"S": iso(at)}},
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise

    def _entries(self, query: dict[str, Any]) -> Iterator[Entry]:
        while True:
            page = self._client.query(TableName=self._table, **query)
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
                TableName=self._table,
                Key={"finding_id": {"S": entry.finding_id}, "at": {"S": entry.at}},
                UpdateExpression="SET published_at = :t, published_as = :n REMOVE unpublished",
                ConditionExpression="attribute_exists(unpublished)",
                ExpressionAttributeValues={":t": {"S": iso(at)}, ":n": {"S": note}},
            )
        except ClientError as error:
            if is_condition_failure(error):
                return False
            raise
        return True

    def is_unpublished(self, entry: Entry) -> bool:
        """Whether the outbox row still waits, read consistently."""
        answer = self._client.get_item(
            TableName=self._table,
            Key={"finding_id": {"S": entry.finding_id}, "at": {"S": entry.at}},
            ProjectionExpression="unpublished",
            ConsistentRead=True,
        )
        return "unpublished" in answer.get("Item", {})

    def append(self, item: Mapping[str, Any]) -> None:
        """A row of the history that is about no finding, such as a completed sweep."""
        self._client.put_item(TableName=self._table, Item=serialise(item))

    def put_once(self, item: Mapping[str, Any]) -> bool:
        """Write a row, unless there is one under its key; False then."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(finding_id)",
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            return False
        return True
