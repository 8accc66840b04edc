"""The finding that an id, or the beginning of one, names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from readiness.model.blindness import UNREADABLE
from readiness_cli import catalogue, session
from readiness_cli.failure import Failure

if TYPE_CHECKING:
    from readiness.model.finding import Finding
    from readiness_cli.deployed import Deployed


SHORTEST_PREFIX = 4


def check(words: Sequence[str]) -> tuple[str, ...]:
    """What names a finding, with the rule by its id. Raises Failure before AWS is asked."""
    if len(words) > 2:
        raise _which("too many arguments: name a finding by its id, or by RESOURCE and RULE", [])
    if len(words) == 2:
        if words[1] == UNREADABLE:
            return tuple(words)
        return words[0], session.find_rule(words[1]).id
    prefix = words[0].lower()
    if len(prefix) < SHORTEST_PREFIX or set(prefix) - set("0123456789abcdef"):
        raise _which(f"{words[0]!r} is not a finding id (at least its first 4 hex digits)", [])
    return tuple(words)


def one(stored: Deployed, words: Sequence[str]) -> Finding:
    """The only finding that ``FINDING`` or ``RESOURCE RULE`` means. Raises Failure."""
    if len(words) == 2:
        found = stored.of_resource(words[0], words[1])
    else:
        found = stored.by_id(words[0].lower())
    if len(found) == 1:
        return found[0]
    said = " ".join(words)
    if not found:
        likely = stored.ids_like(words[0].lower()) if len(words) == 1 else []
        hint = f". Did you mean {catalogue.either(likely)}?" if likely else ""
        raise _which(f"the stack {stored.stack.name!r} has no finding {said!r}{hint}", [])
    raise _which(f"{said!r} matches {len(found)} findings", found)


def _which(what: str, several: Sequence[Finding]) -> Failure:
    named = ", ".join(f"{finding.id} ({finding.resource.key})" for finding in several[:5])
    return Failure(
        f"{what}: {named}" if named else what,
        why="The command shows exactly one finding",
        fix="run `readiness findings` to list the findings with their ids",
    )
