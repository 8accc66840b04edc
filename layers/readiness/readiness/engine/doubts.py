"""Asks AWS whether an API call concerns what it may concern, before that is looked at."""

from __future__ import annotations

from readiness.engine.aws import Aws
from readiness.engine.reader import DeclaredReader
from readiness.engine.targets import Doubt, EventTargets, Target
from readiness.model.unreadable import Unreadable


def unconcerned(seen: EventTargets, aws: Aws) -> frozenset[Target]:
    """The targets of an event that it turns out not to concern."""
    doubtful = frozenset[Target]().union(*(doubt.targets for doubt in seen.doubts))
    concerned = (doubt.targets for doubt in seen.doubts if _may_concern(doubt, aws))
    return doubtful.difference(*concerned)


def _may_concern(doubt: Doubt, aws: Aws) -> bool:
    read = DeclaredReader(aws, doubt.allowed, doubt.asks.__qualname__)
    try:
        return doubt.asks(read, doubt.detail)
    except Unreadable:
        return True  # the look at it tells what cannot be read
