"""Notes that something could not be read, until upkeep looks at the heading as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from readiness.engine.attribute_values import deserialise_own
from readiness.engine.aws_errors import is_condition_failure
from readiness.model.finding import MOST_SKEW, iso, parse_iso

UPKEEP = "upkeep"
QUIET_FOR = timedelta(minutes=4)
"""After the last one, so that one message names what a sweep or a deployment finds in minutes."""
LONGEST_WAIT = timedelta(minutes=30)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
AGAIN_AFTER = timedelta(hours=1)
"""While a heading is blind: what is open all the time makes no transition when it can be read."""


@dataclass(frozen=True, slots=True)
class Noted:
    """When the first and the last were noted that nobody has looked at, and the last look."""

    first: datetime | None = None
    last: datetime | None = None
    looked: datetime | None = None
    stored_last: Any = field(default=None, compare=False)
    """``last`` as it stands in the row, whatever it is."""

    def is_due(self, now: datetime) -> bool:
        """Whether something waits, and has waited long enough."""
        if self.first is None or self.last is None:
            return False
        if max(self.first, self.last) > now + MOST_SKEW:
            return True
        return now - self.last >= QUIET_FOR or now - self.first >= LONGEST_WAIT

    def is_stale(self, now: datetime) -> bool:
        """Whether nobody has looked for long."""
        if self.looked is None or self.looked > now + MOST_SKEW:
            return True
        return now - self.looked >= AGAIN_AFTER


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
        item: Mapping[str, Any] = answer.get("Item", {})
        first, last, looked = (_moment(item, name) for name in ("first", "last", "looked"))
        return Noted(first, last, looked, item.get("last"))

    def looked_at(self, noted: Noted, now: datetime) -> None:
        """Forget what was noted, unless more was noted meanwhile."""
        values: dict[str, Any] = {":t": {"S": iso(now)}, ":k": {"S": "UNREAD"}}
        condition = "attribute_not_exists(#l)"
        if noted.stored_last is not None:
            values[":l"] = noted.stored_last
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
            if not is_condition_failure(error):
                raise


def _moment(item: Mapping[str, Any], name: str) -> datetime | None:
    """A time of the row; what another version wrote there instead is long ago, not never."""
    if name not in item:
        return None
    try:
        return parse_iso(str(deserialise_own({name: item[name]})[name]))
    except (KeyError, ValueError):
        return _LONG_AGO
