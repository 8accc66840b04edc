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
AGAIN_AFTER = timedelta(hours=1)
"""While a heading is blind: what is open all the time makes no transition when it can be read."""


@dataclass(frozen=True, slots=True)
class Noted:
    """When the first and the last were noted that nobody has looked at, and the last look."""

    first: datetime | None = None
    last: datetime | None = None
    looked: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether something waits, and has waited long enough."""
        if self.first is None or self.last is None:
            return False
        return now - self.last >= QUIET_FOR or now - self.first >= LONGEST_WAIT

    def is_stale(self, now: datetime) -> bool:
        """Whether nobody has looked for long."""
        return self.looked is None or now - self.looked >= AGAIN_AFTER


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

    def noted(self) -> Noted:
        """What waits, and when somebody last looked."""
        answer = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=True)
        row: Mapping[str, Any] = deserialise(answer.get("Item", {}))
        names = ("first", "last", "looked")
        return Noted(*(parse_iso(row[name]) if name in row else None for name in names))

    def looked_at(self, noted: Noted, now: datetime) -> None:
        """Forget what was noted, unless more was noted meanwhile."""
        values = {":t": {"S": iso(now)}, ":k": {"S": "UNREAD"}}
        condition = "attribute_not_exists(#l)"
        if noted.last is not None:
            values[":l"] = {"S": iso(noted.last)}
            condition = "#l = :l"
        try:
            self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression="SET looked = :t, kind = :k REMOVE #f, #l",
                ConditionExpression=condition,
                ExpressionAttributeNames={"#f": "first", "#l": "last"},
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
