"""What several events named, in one row of the transitions table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.attribute_values import deserialise_own, serialise
from readiness.engine.aws_errors import is_condition_failure

MOST_NAMES = 200
"""What is kept at least; with one event more it still fits into an execution's input."""
_KEPT_SECONDS = 24 * 3600
_ATTEMPTS = 6


class NamesRow:
    """A row that each event adds its names to (``named``). It expires after a day."""

    def __init__(self, client: Any, table: str, finding_id: str, at: str) -> None:
        self._client = client
        self._table = table
        self._key = serialise({"finding_id": finding_id, "at": at})

    def add(self, values: Mapping[str, str], now: datetime, named: Iterable[str]) -> bool:
        """Set ``values`` and add the names, as far as there is room; whether that was written.

        By PutItem alone, as whoever appends to the table may do. Names that others keep adding at
        the same moment are left out in the end.
        """
        row = serialise({**values, "expires_at": int(now.timestamp()) + _KEPT_SECONDS}) | self._key
        try:
            for _ in range(_ATTEMPTS):
                known = names_in(self.read())
                names = known | set(named) if len(known) < MOST_NAMES else known
                if self._put(row, names, known):
                    return True
            self._client.put_item(TableName=self._table, Item=row)
        except (BotoCoreError, ClientError):
            return False
        return True

    def read(self) -> dict[str, Any]:
        """The row, empty where there is none. Raises botocore's errors."""
        answer = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=True)
        return deserialise_own(answer.get("Item", {}))

    def _put(self, row: Mapping[str, Any], names: Iterable[str], known: Collection[str]) -> bool:
        """Whether the row was written; not where it has other names than those ``known``."""
        item = dict(row)
        if names := sorted(names):
            item["named"] = {"SS": names}
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(named)"}
        if known:
            condition = {
                "ConditionExpression": "named = :known",
                "ExpressionAttributeValues": {":known": {"SS": sorted(known)}},
            }
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition)
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            return False
        return True


def names_in(row: Mapping[str, Any]) -> frozenset[str]:
    """The names of a row, whatever another version wrote there."""
    named = row.get("named")
    return frozenset(str(each) for each in named) if isinstance(named, list) else frozenset()
