"""Listings that ask once for each parent: a parent that fails costs its own part and no other."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from readiness.model.reader import Reader
from readiness.model.unreadable import Unreadable

P = TypeVar("P", bound=Hashable)
S = TypeVar("S")
T = TypeVar("T")
V = TypeVar("V")


def each_alone(
    read: Reader, ask: Callable[[P], T], parents: Iterable[P]
) -> tuple[dict[P, T], dict[P, Unreadable]]:
    """What ``ask`` answers for each parent, and for which it failed."""

    def attempt(parent: P) -> T | Unreadable:
        try:
            return ask(parent)
        except Unreadable as unreadable:
            return unreadable

    parents = list(parents)
    answers = dict(zip(parents, read.each(attempt, parents), strict=True))
    return (
        {parent: each for parent, each in answers.items() if not isinstance(each, Unreadable)},
        {parent: each for parent, each in answers.items() if isinstance(each, Unreadable)},
    )


def whole(ids: Sequence[str], failed: Mapping[Any, Unreadable]) -> Sequence[str]:
    """The ids of a listing. Raises Unreadable, which holds them, where a parent failed."""
    for failure in failed.values():
        raise Unreadable(failure.action, failure.cause, failure.code, found=ids)
    return ids


class InParts(dict[str, V]):
    """Evidence by id, of which the parts are unreadable whose parents failed.

    ``get`` raises Unreadable for a resource of such a parent, which ``parent_of`` finds in an id:
    its listing would only fail once more for each of them.
    """

    def __init__(
        self,
        found: Mapping[str, V],
        failed: Mapping[str, Unreadable],
        parent_of: Callable[[str], str],
    ) -> None:
        super().__init__(found)
        self._failed = failed
        self._parent_of = parent_of

    def get(self, id: str, default: Any = None) -> Any:
        if id not in self and self._failed:
            failure = self._failed.get(self._parent_of(id))
            if failure is not None:
                raise Unreadable(failure.action, failure.cause, failure.code)
        return super().get(id, default)
