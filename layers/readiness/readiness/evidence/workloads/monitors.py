"""Which CloudFormation stacks are this project's own, by the tags that CloudFormation gives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

OWN_TABLES = frozenset({"Declarations", "Findings", "Transitions"})
"""The logical ids by whose tables a stack of this project is known."""

STACK_TAG = "aws:cloudformation:stack-id"
_LOGICAL_TAG = "aws:cloudformation:logical-id"


def monitors(tables: Iterable[Mapping[str, str]]) -> set[str]:
    """The ids of the stacks of this project, from the tags of the region's DynamoDB tables."""
    found: dict[str, set[str]] = defaultdict(set)
    for tags in tables:
        if STACK_TAG in tags:
            found[tags[STACK_TAG]].add(tags.get(_LOGICAL_TAG, ""))
    return {stack for stack, ids in found.items() if ids >= OWN_TABLES}
