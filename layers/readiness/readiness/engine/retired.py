"""Which rules a heading had when its findings were last cleaned of those of former rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from readiness.engine.attribute_values import deserialise_own, serialise

RULES = "rules"


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk through the findings that did not end: the key of the last row it came to.

    ``left`` says that it met rows which only another walk can close.
    """

    place: tuple[str, str]
    left: bool = False


class Former:
    """One row of the transitions table for each heading: ``finding_id`` is ``rules``.

    As long as rules and headings are those of the row, no finding can be of a former rule, and
    nothing has to be looked for. A walk that takes several runs leaves there how far it has come.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def is_clean(self, heading: str, rules: Iterable[str], deployed: Iterable[str]) -> bool:
        """Whether the findings were cleaned since these rules came."""
        return bool(self._row(heading).get("digest") == _digest(rules, deployed))

    def walk(self, heading: str, rules: Iterable[str], deployed: Iterable[str]) -> Walk | None:
        """The walk for these rules that an earlier run could not end."""
        match self._row(heading):
            case {"walking": digest, "place": [str() as resource, str() as rule], "left": left}:
                if digest == _digest(rules, deployed):
                    return Walk((resource, rule), left is True)
        return None

    def reached(
        self, heading: str, rules: Iterable[str], deployed: Iterable[str], walk: Walk
    ) -> None:
        """Note how far a walk has come; nothing is clean before one has come to the end."""
        row = {"walking": _digest(rules, deployed), "place": list(walk.place), "left": walk.left}
        self._put(heading, row)

    def cleaned(self, heading: str, rules: Iterable[str], deployed: Iterable[str]) -> None:
        """Note that the findings were cleaned for these rules."""
        self._put(heading, {"digest": _digest(rules, deployed)})

    def begin_anew(self, heading: str) -> None:
        """Forget how far a walk came that has to be made once more."""
        self._put(heading, {})

    def _row(self, heading: str) -> dict[str, Any]:
        answer = self._client.get_item(
            TableName=self._table,
            Key={"finding_id": {"S": RULES}, "at": {"S": heading}},
            ConsistentRead=True,
        )
        return deserialise_own(answer.get("Item", {}))

    def _put(self, heading: str, values: dict[str, Any]) -> None:
        row = {"finding_id": RULES, "at": heading, "kind": "RULES"} | values
        self._client.put_item(TableName=self._table, Item=serialise(row))


def _digest(rules: Iterable[str], deployed: Iterable[str]) -> str:
    text = "\n".join([*sorted(rules), "", *sorted(deployed)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
