"""Questions with one call for each of thousands: asked in parts, each part once a day.

Thousands of calls take longer than a leg of a sweep has turns for. The legs remember the parts for
each other, and a run after an event uses what the sweep of the day got.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from readiness.evidence.awslambda.functions import function_name
from readiness.model.reader import Reader

_PARTS = 64
T = TypeVar("T")


def in_parts(
    read: Reader,
    action: str,
    names: Sequence[str],
    at_once: int,
    ask_all: Callable[[Sequence[str]], list[T]],
) -> Iterator[tuple[str, T]]:
    """Each name with its answer (plain JSON), for which only calls of its own ask.

    More than ``at_once`` are asked in parts, each once a day. ``action`` is the IAM action, and
    names the question.
    """
    if len(names) <= at_once:
        yield from zip(names, ask_all(names), strict=True)
        return
    for _, part in sorted(_parts(names).items()):
        yield from _of_part(read, action, part, ask_all)


def _parts(names: Iterable[str]) -> dict[int, list[str]]:
    parts: dict[int, list[str]] = {}
    for name in names:
        parts.setdefault(_part_of(name), []).append(name)
    return parts


def _of_part(
    read: Reader, action: str, part: Sequence[str], ask_all: Callable[[Sequence[str]], list[T]]
) -> Iterator[tuple[str, T]]:
    question = _question(read, action, _part_of(part[0]))

    def ask() -> dict[str, T]:
        return dict(zip(part, ask_all(part), strict=True))

    known: Mapping[str, T] = read.daily(action, question, ask)
    known = _renewed(read, question, known, part, ask_all)
    since = [name for name in part if name not in known]
    yield from ((name, known[name]) for name in part if name in known)
    yield from zip(since, ask_all(since), strict=True)


def in_its_part(
    read: Reader,
    action: str,
    name: str,
    names: Callable[[Reader], Iterable[str]],
    at_once: int,
    ask_all: Callable[[Sequence[str]], list[T]],
) -> T:
    """The answer of one name alone, for which no more than the part it is in is asked.

    ``names`` lists all of them. A run about single resources asks for the name, and keeps what it
    got where the day's answer says otherwise.
    """
    if not read.bulk:
        [answer] = ask_all([name])
        amend(read, action, name, answer)
        return answer
    parts = read.made_once(("parts", action), lambda listing: _parts(names(listing)))
    part = parts.get(_part_of(name), ())
    if name not in part or sum(map(len, parts.values())) <= at_once:
        [answer] = ask_all([name])
        return answer
    return dict(_of_part(read, action, part, ask_all))[name]


def amend(read: Reader, action: str, name: str, answer: object) -> None:
    """Keep what was just read of one of the names, where the day's answer says otherwise."""
    if not read.bulk:
        read.amend(_question(read, action, _part_of(name)), {name: answer})


def _part_of(name: str) -> int:
    return zlib.crc32(name.encode()) % _PARTS


def _question(read: Reader, action: str, part: int) -> str:
    return f"{action} {read.account} {read.region} {part}/{_PARTS}"


def _renewed(
    read: Reader,
    question: str,
    known: Mapping[str, T],
    part: Sequence[str],
    ask_all: Callable[[Sequence[str]], list[T]],
) -> Mapping[str, T]:
    """What is known of a part, with a fresh answer for what the event named.

    The fresh answer is kept, so that the sweeps of the day do not go back to the old one.
    """
    named = read.named | {function_name(each) or "" for each in read.named}
    changed = [name for name in part if name in named and name in known]
    fresh = dict(zip(changed, ask_all(changed), strict=True))
    if all(known[name] == answer for name, answer in fresh.items()):
        return known
    read.amend(question, fresh)
    return {**known, **fresh}
