"""What the variables of a CloudWatch dashboard stand for: the viewer chooses their value.

Source: CloudWatch User Guide, "Dashboard body structure and syntax", "Variables".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

ANY = "*"
"""In place of a value that a search fills in, or that the viewer types."""


_MOST_READINGS = 500


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: it replaces a property (a dimension, ``region``) or a text wherever it stands.

    ``values`` are those to choose from, :data:`ANY` alone where they are not listed.
    """

    property: str = ""
    pattern: str = ""
    values: tuple[str, ...] = (ANY,)

    def applied(self, name: str, text: str) -> tuple[str, ...]:
        """What a property with this name and text may be."""
        if self.property:
            return self.values if name == self.property else (text,)
        if not self.pattern or self.pattern not in text:
            return (text,)
        return tuple(
            ANY if value == ANY else text.replace(self.pattern, value) for value in self.values
        )


def variables_of(body: Mapping[str, Any]) -> tuple[Variable, ...]:
    """The variables of a dashboard, by its body.

    Where they have too many values to go through together, any value may stand there.
    """
    listed = body.get("variables")
    found = tuple(_of_each(listed if isinstance(listed, list) else ()))
    if math.prod(len(each.values) for each in found) > _MOST_READINGS:
        return tuple(replace(each, values=(ANY,)) for each in found)
    return found


def _of_each(listed: Sequence[Any]) -> Iterator[Variable]:
    for each in listed:
        if not isinstance(each, Mapping):
            continue
        choices = each.get("values")
        values = [
            str(choice["value"])
            for choice in (choices if isinstance(choices, list) else ())
            if isinstance(choice, Mapping) and "value" in choice
        ]
        is_listed = bool(values) and each.get("inputType") != "input" and not each.get("search")
        yield Variable(
            str(each.get("property") or ""),
            str(each.get("pattern") or ""),
            tuple(values) if is_listed else (ANY,),
        )


def readings(
    pairs: Mapping[str, str], variables: Sequence[Variable]
) -> Iterator[Mapping[str, str]]:
    """The properties with each choice of the variables in place of what they replace."""
    if not variables:
        yield pairs
        return
    first, *rest = variables
    for name, text in pairs.items():
        options = first.applied(name, text)
        if options != (text,):
            for option in options:
                yield from readings({**pairs, name: option}, rest)
            return
    yield from readings(pairs, rest)
