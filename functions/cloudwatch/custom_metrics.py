"""Whether workloads publish recent custom metrics, with low cardinality."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from readiness.evidence.cloudwatch.custom_metrics import Published
from readiness.model.text import listed, plural
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
from readiness.semantics.ecs_clusters import cluster_in, is_elsewhere
from readiness.semantics.metrics import Series

RECENT = timedelta(hours=3)
"""The only span for which ListMetrics can show what was active recently."""


_FEW_A_DAY = 10


@dataclass(frozen=True, slots=True)
class Accepted:
    """Which series count: by metric name and by the dimension that names the workload."""

    pattern: re.Pattern[str]
    dimensions: Sequence[str]

    def of(
        self, series: Iterable[Published], names: frozenset[str], cluster: str = ""
    ) -> list[Published]:
        """The series of one workload, in order; none that name another than its ``cluster``."""
        own = {(dimension, name) for dimension in self.dimensions for name in names}
        return sorted(
            each
            for each in series
            if self.pattern.search(each.metric)
            and own & set(each.dimensions)
            and not is_elsewhere(each.dimensions, cluster)
        )


def judge(
    known: Sequence[Published],
    recent: Sequence[Published],
    parts: Sequence[Series],
    min_requests: int,
    *,
    counted: bool = True,
) -> Verdict:
    """The verdict on the custom metrics of a workload and its requests of a day.

    ``known`` had data in 14 days, ``recent`` in 3 hours. ``counted`` is false for a workload
    that runs and has no metric of its requests.
    """
    day = sum(part.total or 0.0 for part in parts)
    late = sum(part.since(part.window.end - RECENT).total or 0.0 for part in parts)
    facts = {"series": len(known), "recent_series": len(recent), "requests": round(day)}
    expected = (
        "A custom metric in an accepted namespace, with a dimension that names the workload."
    )
    if recent:
        first = recent[0]
        return complies(
            f"The workload publishes {first.metric} in {first.namespace} ({len(recent)} series in"
            " the last 3 hours)."
        ).observing(facts)
    if not known:
        return _unmeasured(day, min_requests, expected, counted=counted).observing(facts)
    if (day >= _FEW_A_DAY and late) or not counted:
        return violates(
            f"{known[0].metric} in {known[0].namespace} has had no data for 3 hours, although"
            f" the workload {'had requests' if counted else 'runs'}.",
            expected="Custom metrics whenever the workload has requests.",
        ).observing(facts)
    return complies(
        f"The workload published {known[0].metric} in {known[0].namespace} in the last 14 days,"
        " and has had almost no requests since."
    ).observing(facts)


def whose(
    recent: Sequence[Published],
    certain: Sequence[Published],
    namesakes: Mapping[str, Sequence[str]],
) -> str:
    """Why series may be those of a service in other clusters; empty if they are not.

    ``certain`` are those of a name that no service of another cluster may have.
    """
    if not recent or certain or any(cluster_in(each.dimensions) for each in recent):
        return ""
    first = recent[0]
    named = {value for _, value in first.dimensions}
    name, clusters = next((each for each in namesakes.items() if each[0] in named), ("", ()))
    return (
        f"{first.metric} in {first.namespace} names {name} and not the cluster, and a service of"
        f" that name or task definition family runs in {listed(clusters)} too: which of them"
        " publishes it is unknown. Add the cluster as a dimension."
    )


def _unmeasured(day: float, min_requests: int, expected: str, *, counted: bool) -> Verdict:
    if not counted or day >= min_requests:
        did = f"had {plural(day, 'request')} in a day" if counted else "runs"
        return violates(
            f"The workload {did}, but has published no custom metric for 14 days.",
            expected=expected,
        )
    if not day:
        return not_applicable("The workload had no requests in the last day.")
    return cannot_tell(
        f"The workload has published no custom metric, but had only {plural(day, 'request')} in a"
        f" day; a metric is required from {min_requests} on."
    )


def cardinality(
    series: Iterable[Published],
    dimensions: Sequence[str],
    most: int,
) -> Verdict:
    """The verdict on how many values the workload dimensions of the custom metrics have."""
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
            f"{metric} in {namespace} has {len(found)} values of {name}, for example {min(found)};"
            f" at most {most} are allowed.",
        )
        for (namespace, metric, name), found in sorted(values.items())
        if len(found) > most
    ]
    worst = max(len(found) for found in values.values())
    if problems:
        return violates_all(
            problems,
            expected=f"At most {most} values: each is billed as a metric, and no alarm can cover a"
            " value that is new with every request.",
            most_values=worst,
        )
    return complies(
        f"No metric has more than {plural(worst, 'value')} of a dimension that names workloads."
    )
