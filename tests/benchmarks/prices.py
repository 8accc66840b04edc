"""What AWS bills of a call, as far as that is not one price for each call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

_STATISTICS = 5


def billed_metrics(asked: Mapping[str, Any]) -> int:
    """The metrics of a GetMetricData request that CloudWatch bills.

    "You can request up to five statistics for the same metric in a single GetMetricData API
    request. Additional statistics are billed as an additional metric."
    (https://aws.amazon.com/cloudwatch/pricing/)
    """
    statistics: Counter[object] = Counter()
    for query in asked.get("MetricDataQueries", ()):
        metric = query["MetricStat"]["Metric"]
        dimensions = sorted((d["Name"], d["Value"]) for d in metric.get("Dimensions", ()))
        statistics[metric["Namespace"], metric["MetricName"], tuple(dimensions)] += 1
    return sum(-(-count // _STATISTICS) for count in statistics.values())
