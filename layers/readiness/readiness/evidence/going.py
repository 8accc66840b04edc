"""What is being deleted, by the status that a service shows in its listing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from readiness.model.reader import Reader

GOING = frozenset({"delete-precheck", "deleted", "deleting", "final-snapshot"})
"""The words for it in small letters; ``final-snapshot`` is Redshift's before ``deleting``."""


def being_deleted(
    listed: Callable[[Reader], Sequence[Mapping[str, Any]]], id: str, status: str
) -> Callable[[Reader], Mapping[str, str]]:
    """The ``going`` of a `ResourceType`: ``id`` and ``status`` are members of what is listed."""

    def going(read: Reader) -> Mapping[str, str]:
        return {
            each[id]: each[status]
            for each in listed(read)
            if str(each.get(status, "")).lower() in GOING
        }

    return going
