"""Which rules a heading had when its findings were last cleaned of those of former rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from readiness.engine.attribute_values import deserialise_own, serialise

RULES = "rules"


class Former:
    """One row of the transitions table for each heading: ``finding_id`` is ``rules``.

    As long as rules and headings are those of the row, no finding can be of a former rule, and
    nothing has to be looked for.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def is_clean(self, heading: str, rules: Iterable[str], deployed: Iterable[str]) -> bool:
        """Whether the findings were cleaned since these rules came."""
        answer = self._client.get_item(
            TableName=self._table,
            Key={"finding_id": {"S": RULES}, "at": {"S": heading}},
            ConsistentRead=True,
        )
        row = deserialise_own(answer.get("Item", {}))
        return bool(row.get("digest") == _digest(rules, deployed))

    def cleaned(self, heading: str, rules: Iterable[str], deployed: Iterable[str]) -> None:
        """Note that the findings were cleaned for these rules."""
        row = {
            "finding_id": RULES,
            "at": heading,
            "kind": "RULES",
            "digest": _digest(rules, deployed),
        }
        self._client.put_item(TableName=self._table, Item=serialise(row))


def _digest(rules: Iterable[str], deployed: Iterable[str]) -> str:
    text = "\n".join([*sorted(rules), "", *sorted(deployed)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
