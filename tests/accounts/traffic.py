"""CloudWatch for worlds: what each metric says in every period that it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

Said = Callable[[str, str, str, Mapping[str, str], datetime, int], "float | None"]
"""namespace, metric, statistic, dimensions, the period's begin and seconds → its value."""


def get_metric_data(said: Said) -> Callable[..., dict[str, Any]]:
    """GetMetricData on raw series, complete, oldest first."""

    def answer(**asked: Any) -> dict[str, Any]:
        results = []
        for query in asked["MetricDataQueries"]:
            stat = query["MetricStat"]
            metric = stat["Metric"]
            dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
            points = []
            begin = asked["StartTime"]
            while begin < asked["EndTime"]:
                value = said(
                    metric["Namespace"],
                    metric["MetricName"],
                    stat["Stat"],
                    dimensions,
                    begin,
                    stat["Period"],
                )
                if value is not None:
                    points.append((begin, value))
                begin += timedelta(seconds=stat["Period"])
            results.append(
                {
                    "Id": query["Id"],
                    "Label": metric["MetricName"],
                    "Timestamps": [stamp for stamp, _ in points],
                    "Values": [value for _, value in points],
                    "StatusCode": "Complete",
                }
            )
        return {"MetricDataResults": results}

    return answer


BY_NUMBER = {"FunctionName": "agent", "Resource": "agent:7"}
"""The dimensions of invocations of a version by its number."""


def list_metrics(things: Iterable[Mapping[str, str]]) -> Callable[..., dict[str, Any]]:
    """ListMetrics of things, by their dimensions, that publish whatever is asked about."""

    def answer(**asked: Any) -> dict[str, Any]:
        metric = {"Namespace": asked["Namespace"], "MetricName": asked.get("MetricName", "")}
        listed = [[{"Name": n, "Value": v} for n, v in each.items()] for each in things]
        return {"Metrics": [{**metric, "Dimensions": dimensions} for dimensions in listed]}

    return answer


def steadily(per_second: Mapping[str, float]) -> Said:
    """Metrics that go on at a rate: a count grows with the period, and every sample is quick."""

    def said(
        namespace: str,
        metric: str,
        statistic: str,
        dimensions: Mapping[str, str],
        begin: datetime,
        period: int,
    ) -> float | None:
        if metric not in per_second:
            return None
        return per_second[metric] * period

    return said
