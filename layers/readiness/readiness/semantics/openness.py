"""Whether the policy of a resource lets in anybody, in any AWS account or in none."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.semantics.condition_values import Holds, some
from readiness.semantics.conditions import allowed
from readiness.semantics.policy import Statement
from readiness.semantics.policy_patterns import overlap
from readiness.semantics.requesters import stranger


def open_to_anyone(
    statements: Sequence[Statement], actions: Sequence[str], names: Sequence[str]
) -> Holds:
    """Whether a stranger can do one of the actions: NEVER, SOMETIMES or UNKNOWN.

    ``names`` are the ARNs of the resource and of what is in it, as patterns (``…:domain/d/*``). A
    Deny counts if it is about everyone and all of what a pattern names.
    """
    return some(
        _open(allow, action, name, statements)
        for allow in statements
        if allow.allows and allow.names_anybody
        for action in actions
        if allow.names_action(action)
        for name in names
        if _is_about(allow, name)
    )


def _open(allow: Statement, action: str, name: str, statements: Sequence[Statement]) -> Holds:
    denials = [
        s
        for s in statements
        # a stranger is none of those that NotPrincipal spares
        if not s.allows and s.names_anybody and s.names_action(action) and s.covers(name)
    ]
    return allowed(allow, denials, stranger())


def _is_about(allow: Statement, name: str) -> bool:
    """Whether an Allow includes anything of a name: a policy may name another resource."""
    if allow.not_resources:
        return not Statement("Deny", resources=allow.not_resources).covers(name)
    return any(overlap(each, name) for each in allow.resources)
