"""The traces of the last hour through each of many nodes, for the fewest that X-Ray bills.

X-Ray bills the traces that a question makes it process, "including traces that did not match the
specified filter expression" (GetTraceSummaries, TracesProcessedCount): the 200 of an hour, asked
about by 100 questions, are 20,000 (https://aws.amazon.com/xray/pricing/, example 1). A sweep
therefore asks once for all traces of the hour and divides them by the nodes that they passed. What
is in none of them is asked for by a filter with many names. Either question is put for each ten
minutes of the hour, which costs the same: of a busy hour, some of each are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from readiness.model.reader import Reader
from readiness.model.unreadable import Cause, Unreadable

GET_TRACES = "xray:GetTraceSummaries"
HOUR = timedelta(hours=1)
_PART = timedelta(minutes=10)
_MOST_OF_A_PART = 800
"""Traces of a part of the hour that are read for all nodes together; those of a node are a sample
then, of the whole hour, in whatever order X-Ray tells of them."""
_LONGEST = 1_500
"""Characters of a filter with several names; AWS documents no limit."""


@dataclass(frozen=True, slots=True)
class Traces:
    """Durations in seconds by trace id; a trace still under way has none and is missing.

    ``began`` is when each began, where that is known.
    """

    durations: Mapping[str, float]
    began: Mapping[str, datetime] = field(default_factory=dict)

    def slower(self, seconds: float) -> list[str]:
        """The ids of the traces that took longer, slowest first."""
        slow = [id for id, duration in self.durations.items() if duration > seconds]
        return sorted(slow, key=self.durations.__getitem__, reverse=True)


NONE = Traces({})


def traces_of_each(read: Reader, names: Iterable[str]) -> dict[str, Traces]:
    """A sample of the last hour's traces through the node of each name, by the time they ended.

    A name without traces may be missing. Raises Unreadable.
    """
    wanted = sorted(set(names))
    if not read.bulk or len(wanted) < 2:
        return _each_alone(read, wanted)
    every = _of_the_hour(read)
    if not every.seen:
        return {}
    found = _finished(every, wanted)
    for some in _groups(name for name in wanted if name not in found):
        found |= _of_a_group(read, some)
    return found


def _each_alone(read: Reader, names: Sequence[str]) -> dict[str, Traces]:
    return dict(zip(names, read.each(lambda name: _of_one(read, name), names), strict=True))


def _of_one(read: Reader, name: str) -> Traces:
    end = read.now.replace(second=0, microsecond=0)
    summaries = read.every(
        "xray",
        "get_trace_summaries",
        "TraceSummaries",
        StartTime=end - HOUR,
        EndTime=end,
        TimeRangeType="Event",
        FilterExpression=_through(name),
        Sampling=True,
    )
    return _traces([_kept(each) for each in summaries])


def _through(name: str) -> str:
    return f'service("{name}")'


_Kept = tuple[str, float | None, float | None]
"""A trace's id, its duration in seconds (none while it is under way), and when it began."""


@dataclass(slots=True)
class _Found:
    """The traces by the nodes they passed, and whether all were ``seen``.

    ``strange`` are those that do not name a node that was asked for.
    """

    by_name: dict[str, list[_Kept]]
    is_whole: bool = True
    seen: int = 0
    strange: int = 0


def _of_the_hour(read: Reader) -> _Found:
    """The traces of the last hour to these five minutes, asked once for all that want them."""
    end = _five_minutes(read.measured_to)
    question = f"traces to {end:%Y-%m-%dT%H:%M}"
    return read.made_once(
        question, lambda one: _remembered(one, question, lambda: _read(one, end, None))
    )


def _remembered(read: Reader, question: str, ask: Callable[[], _Found]) -> _Found:
    """The traces that are kept, or those that ``ask`` finds. Raises what it raises."""

    def asked() -> list[Any]:
        return _packed(ask())

    try:
        answer = read.daily(GET_TRACES, question, asked)
    except Unreadable:
        answer = asked()  # another run is asking, or the table does not answer
    traces, passed, seen, is_whole, strange = answer
    kept = [(id, duration, began) for id, duration, began in traces]
    by_name = {name: [kept[n] for n in numbers] for name, numbers in passed.items()}
    return _Found(by_name, is_whole, seen, strange)


def _packed(found: _Found) -> list[Any]:
    """As plain JSON, each trace once: a row has room for 400 kB."""
    numbers: dict[_Kept, int] = {}
    by_name = {
        name: [numbers.setdefault(each, len(numbers)) for each in kept]
        for name, kept in found.by_name.items()
    }
    return [list(numbers), by_name, found.seen, found.is_whole, found.strange]


def _of_a_group(read: Reader, names: Sequence[str]) -> dict[str, Traces]:
    """The traces through nodes of these names, of which few are expected to have any."""
    end = _five_minutes(read.measured_to)
    if read.measures_with_others:
        digest = hashlib.sha256(repr(names).encode()).hexdigest()[:32]
        question = f"traces to {end:%Y-%m-%dT%H:%M} of {digest}"
        found = _remembered(read, question, lambda: _read(read, end, names))
    else:
        found = _read(read, end, names)
    traces = _finished(found, names)
    if found.is_whole and not found.strange:
        return traces
    return traces | _each_alone(read, [name for name in names if name not in traces])


def _finished(found: _Found, names: Iterable[str]) -> dict[str, Traces]:
    """The traces of those names of which one at least is over."""
    each = {name: _traces(found.by_name[name]) for name in names if name in found.by_name}
    return {name: traces for name, traces in each.items() if traces.durations}


def _five_minutes(now: datetime) -> datetime:
    return now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)


def _groups(names: Iterable[str]) -> Iterator[list[str]]:
    """The names, as many together as one filter has room for."""
    group: list[str] = []
    length = 0
    for name in names:
        if group and length + len(name) > _LONGEST:
            yield group
            group, length = [], 0
        group.append(name)
        length += len(_through(name)) + len(" OR ")
    if group:
        yield group


def _read(read: Reader, end: datetime, names: Sequence[str] | None) -> _Found:
    """The traces of an hour through these nodes, or any; at most so many of each part of it."""
    parts = [end - n * _PART for n in range(HOUR // _PART)]
    found = _Found({})
    by_name: dict[str, dict[str, _Kept]] = {}
    for part in read.each(lambda until: _read_part(read, until, names), parts):
        found.is_whole &= part.is_whole
        found.seen += part.seen
        found.strange += part.strange
        for name, kept in part.by_name.items():
            # a trace that goes on into the next part is in both
            by_name.setdefault(name, {}).update((each[0], each) for each in kept)
    found.by_name = {name: list(kept.values()) for name, kept in by_name.items()}
    return found


def _read_part(read: Reader, end: datetime, names: Sequence[str] | None) -> _Found:
    filtered = {"FilterExpression": " OR ".join(map(_through, names))} if names else {}
    found = _Found({})
    token: dict[str, str] = {}
    while True:
        page = read.one(
            "xray",
            "get_trace_summaries",
            StartTime=end - _PART,
            EndTime=end,
            TimeRangeType="Event",
            **filtered,
            **token,
        )
        for summary in page.get("TraceSummaries") or ():
            found.seen += 1
            passed = {
                name
                for node in summary.get("ServiceIds") or ()
                for name in (node.get("Name"), *(node.get("Names") or ()))
                if name and (names is None or name in names)
            }
            found.strange += not passed
            for name in passed:
                found.by_name.setdefault(name, []).append(_kept(summary))
        following = page.get("NextToken")
        if not following:
            return found
        if following == token.get("NextToken"):
            raise Unreadable(GET_TRACES, Cause.UNEXPECTED_ANSWER, "a page leads to itself")
        if found.seen >= _MOST_OF_A_PART:
            found.is_whole = False
            return found
        token = {"NextToken": following}


def _kept(summary: Mapping[str, Any]) -> _Kept:
    duration = float(summary.get("Duration") or summary.get("ResponseTime") or 0.0)
    began = began_at(summary)
    return (
        summary["Id"],
        None if summary.get("IsPartial") else duration,
        began.timestamp() if began is not None else None,
    )


def _traces(kept: Iterable[_Kept]) -> Traces:
    durations, began = {}, {}
    for id, duration, since in kept:
        if duration is not None:
            durations[id] = duration
            if since is not None:
                began[id] = datetime.fromtimestamp(since, UTC)
    return Traces(durations, began)


def began_at(summary: Mapping[str, Any]) -> datetime | None:
    """When a trace began.

    An older SDK does not know that member. An id of X-Ray's own has the second in hexadecimal;
    one of OpenTelemetry may be random, and then its time lies far from now.
    """
    if (began := summary.get("StartTime")) is not None:
        return cast("datetime", began)
    try:
        return datetime.fromtimestamp(int(str(summary["Id"]).split("-")[1], 16), UTC)
    except (IndexError, ValueError, OverflowError, OSError):
        return None
