"""Whether workloads publish metrics of their own, fresh, and not one for every request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from readiness.evidence.cloudwatch.custom_metrics import Published
from readiness.model.verdict import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
    violates_all,
)
from readiness.semantics.metrics import Series

RECENT = timedelta(hours=3)
"""The only span that ListMetrics takes for what was active recently."""


_FEW_A_DAY = 10


@dataclass(frozen=True, slots=True)
class Accepted:
    """Which series count: by metric name, and by the dimension that names the workload."""

    pattern: re.Pattern[str]
    dimensions: Sequence[str]

    def of(self, series: Iterable[Published], names: frozenset[str]) -> list[Published]:
        """The series of one workload, in order."""
        own = {(dimension, name) for dimension in self.dimensions for name in names}
        return sorted(
            each
            for each in series
            if self.pattern.search(each.metric) and own & set(each.dimensions)
        )


def judge(
    listed: Sequence[Published],
    recent: Sequence[Published],
    parts: Sequence[Series],
    min_requests: int,
    *,
    counted: bool = True,
) -> Verdict:
    """The verdict on one workload's own series and the requests it had in a day.

    ``listed`` had data in 14 days, ``recent`` in 3 hours; ``counted`` is false for a workload
    that runs and whose requests nobody counts.
    """
    day = sum(part.total or 0.0 for part in parts)
    late = sum(part.since(part.window.end - RECENT).total or 0.0 for part in parts)
    facts = {"series": len(listed), "recent_series": len(recent), "requests": round(day)}
    expected = "A metric of its own in an accepted namespace, with a dimension that names it."
    if recent:
        first = recent[0]
        return complies(
            f"It publishes {first.metric} in {first.namespace} ({len(recent)} series in 3 hours)."
        ).observing(facts)
    if not listed:
        return _unmeasured(day, min_requests, expected, counted=counted).observing(facts)
    if (day >= _FEW_A_DAY and late) or not counted:
        return violates(
            f"{listed[0].metric} in {listed[0].namespace} has had no data for 3 hours, though"
            f" {'it had requests' if counted else 'it runs'}.",
            expected="Its own metrics go on as long as it works.",
        ).observing(facts)
    return complies(
        f"It published {listed[0].metric} in {listed[0].namespace} in the last 14 days, and has"
        " had next to nothing to do since."
    ).observing(facts)


def _unmeasured(day: float, min_requests: int, expected: str, *, counted: bool) -> Verdict:
    if not counted or day >= min_requests:
        did = f"though it had {day:.0f} requests in a day" if counted else "though it runs"
        return violates(
            f"It has published no metric of its own for 14 days, {did}.", expected=expected
        )
    if not day:
        return not_applicable("Nothing asked it for anything in the last day.")
    return cannot_tell(
        f"It has published no metric of its own, but had only {day:.0f} requests in a day."
    )


def cardinality(
    series: Iterable[Published],
    dimensions: Sequence[str],
    most: int,
) -> Verdict:
    """The verdict on how many workloads the metrics of a region claim to be about."""
    values: dict[tuple[str, str, str], set[str]] = {}
    for each in series:
        for name, value in each.dimensions:
            if name in dimensions:
                values.setdefault((each.namespace, each.metric, name), set()).add(value)
    if not values:
        return not_applicable("No metric in the accepted namespaces names a workload.")
    problems = [
        Problem(
            Severity.MEDIUM,
            f"{metric} in {namespace} has {len(found)} values of {name}, such as {min(found)}.",
        )
        for (namespace, metric, name), found in sorted(values.items())
        if len(found) > most
    ]
    worst = max(len(found) for found in values.values())
    if problems:
        return violates_all(
            problems,
            expected=f"At most {most} values: each is billed, and none that is new with every"
            " request can be watched.",
            most_values=worst,
        )
    return complies(f"No metric has more than {worst} values of a dimension that names agents.")
