"""What several events named, in one row of the transitions table."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.attribute_values import deserialise_own, serialise
from readiness.engine.aws_errors import is_condition_failure

MOST_CHARACTERS = 60_000
"""Of the names as JSON: beside targets they have to fit into an execution's input."""
_KEPT_SECONDS = 24 * 3600
_WAITS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Up to how many seconds are waited before each attempt: hundreds may add at the same moment."""


class NamesRow:
    """A row that each event adds its names to (``named``). It expires after a day."""

    def __init__(
        self,
        client: Any,
        table: str,
        finding_id: str,
        at: str,
        *,
        wait: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._client = client
        self._table = table
        self._key = serialise({"finding_id": finding_id, "at": at})
        self._wait = wait
        self._uniform = uniform

    def add(self, values: Mapping[str, str], now: datetime, named: Iterable[str]) -> bool:
        """Set ``values`` and add the names, as far as there is room; whether the row says so.

        By PutItem alone, as whoever appends to the table may do. Where others keep adding at the
        same moment, one attempt too many may cost the names of one of them.
        """
        named = frozenset(named)
        row = serialise({**values, "expires_at": int(now.timestamp()) + _KEPT_SECONDS}) | self._key
        try:
            for most in _WAITS:
                self._wait(self._uniform(0, most))
                kept = self.read()
                known = names_in(kept)
                names = _joined(known, named)
                says_so = all(kept.get(name) == value for name, value in values.items())
                if (says_so and names == known) or self._put(row, names, known):
                    return True
            names = _joined(names_in(self.read()), named)
            self._client.put_item(TableName=self._table, Item=_with_names(row, names))
        except (BotoCoreError, ClientError):
            return False
        return True

    def read(self) -> dict[str, Any]:
        """The row, empty where there is none. Raises botocore's errors."""
        answer = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=True)
        return deserialise_own(answer.get("Item", {}))

    def _put(self, row: Mapping[str, Any], names: Iterable[str], known: Collection[str]) -> bool:
        """Whether the row was written; not where it has other names than those ``known``."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(named)"}
        if known:
            condition = {
                "ConditionExpression": "named = :known",
                "ExpressionAttributeValues": {":known": {"SS": sorted(known)}},
            }
        try:
            item = _with_names(row, names)
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


def fitting(names: Iterable[str], characters: int) -> frozenset[str]:
    """As many of the names, in their order as text, as fit into so many characters of JSON."""
    found = set()
    for name in sorted(names):
        length = _length([name])
        if length <= characters:
            characters -= length
            found.add(name)
    return frozenset(found)


def _joined(known: frozenset[str], named: frozenset[str]) -> frozenset[str]:
    return known | fitting(named - known, MOST_CHARACTERS - _length(known))


def _length(names: Collection[str]) -> int:
    return sum(len(json.dumps(name)) + 2 for name in names)


def _with_names(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    kept = sorted(names)
    return {**row, "named": {"SS": kept}} if kept else dict(row)
