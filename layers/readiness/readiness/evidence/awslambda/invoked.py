"""The versions of a function that somebody invokes by their number, as CloudWatch counts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.cloudwatch.datapoints import DAY, GET_METRIC_DATA, HOUR, read_window
from readiness.evidence.cloudwatch.kept import LIST_METRICS
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, Series, series, window

_LISTED = timedelta(days=14)
"""For how long ListMetrics shows a series that gets no more data."""
_MARGIN = 2 * HOUR


@evidence(FUNCTION, reads=(GET_METRIC_DATA, LIST_METRICS))
@dataclass(frozen=True, slots=True)
class InvokedVersions:
    """The published versions that are invoked by number, whoever names them.

    That is an event rule, a schedule, a topic, an API, a state machine or a program: Lambda counts
    such invocations for the version (dimension ``Resource``). A version counts if it was invoked
    over more than a day of the last 14 and if it has not been quiet for longer than it was between
    two invocations: so neither a test after a deployment counts, nor a version that was replaced.
    Metrics wake nothing: the sweep sees it. Sources: ListMetrics, GetMetricData.
    """

    all: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, function: Resource) -> InvokedVersions:
        if read.bulk:
            found = read.made_once("versions that are invoked by number", _invoked)
        else:
            found = _invoked(read, FunctionName=function.id)
        return cls(found.get(function.id, ()))


def _invoked(read: Reader, **only: str) -> Mapping[str, tuple[str, ...]]:
    """The versions that are in use by their number, by function."""
    listed = read.every(
        "cloudwatch",
        "list_metrics",
        "Metrics",
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[
            {"Name": "Resource"},
            *({"Name": name, "Value": value} for name, value in only.items()),
        ],
    )
    versions: dict[Query, tuple[str, str]] = {}
    for each in listed:
        where = {d["Name"]: d["Value"] for d in each.get("Dimensions") or ()}
        name, _, version = where.get("Resource", "").rpartition(":")
        is_whole = where == {"FunctionName": name, "Resource": f"{name}:{version}"}
        if is_whole and version.isdecimal():
            versions[series("AWS/Lambda", "Invocations", "Sum", **where)] = (name, version)
    counted = read_window(read, versions, window(read.measured_to, _LISTED, period=3600))
    found: dict[str, set[str]] = {}
    for query, (name, version) in versions.items():
        if _is_in_use(counted[query]):
            found.setdefault(name, set()).add(version)
    return {name: tuple(sorted(some, key=int)) for name, some in found.items()}


def _is_in_use(invocations: Series) -> bool:
    hours = [start for start, count in invocations.points if count]
    if not hours or hours[-1] - hours[0] < DAY:
        return False
    longest = max(later - earlier for earlier, later in pairwise(hours))
    return invocations.window.end - hours[-1] <= longest + _MARGIN
