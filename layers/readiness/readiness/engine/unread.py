"""That something could not be read, noted until the heading as a whole is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from readiness.engine.attribute_values import deserialise
from readiness.model.finding import iso, parse_iso

UPKEEP = "upkeep"
QUIET_FOR = timedelta(minutes=4)
"""After the last one, so that one message names what a sweep or a deployment finds in minutes."""
LONGEST_WAIT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Noted:
    """When the first and the last were noted that nobody has looked at yet."""

    first: datetime
    last: datetime

    def is_due(self, now: datetime) -> bool:
        return now - self.last >= QUIET_FOR or now - self.first >= LONGEST_WAIT


class Unread:
    """One row of the transitions table: ``upkeep#<account>/<region>``, ``unread``.

    It survives whoever notes and whoever looks.
    """

    def __init__(self, client: Any, table: str, where: str) -> None:
        self._client = client
        self._table = table
        self._key = {"finding_id": {"S": f"{UPKEEP}#{where}"}, "at": {"S": "unread"}}

    def note(self, now: datetime) -> None:
        """Note that something became unreadable, or readable again."""
        self._client.update_item(
            TableName=self._table,
            Key=self._key,
            UpdateExpression="SET #f = if_not_exists(#f, :t), #l = :t, kind = :k",
            ExpressionAttributeNames={"#f": "first", "#l": "last"},
            ExpressionAttributeValues={":t": {"S": iso(now)}, ":k": {"S": "UNREAD"}},
        )

    def noted(self) -> Noted | None:
        """What waits; None where nothing does."""
        answer = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=True)
        row: Mapping[str, Any] = deserialise(answer.get("Item", {}))
        if "first" not in row:
            return None
        return Noted(parse_iso(row["first"]), parse_iso(row["last"]))

    def looked_at(self, noted: Noted) -> None:
        """Forget it, unless more was noted meanwhile."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression="REMOVE #f, #l",
                ConditionExpression="#l = :l",
                ExpressionAttributeNames={"#f": "first", "#l": "last"},
                ExpressionAttributeValues={":l": {"S": iso(noted.last)}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
