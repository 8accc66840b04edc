"""The last hours of the demo's workload, as CloudWatch would have counted them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

_EVERY = timedelta(minutes=5)
_FOR = timedelta(hours=4)
_REQUESTS = 200
_AT_ONCE = 500

Datum = dict[str, Any]
Samples = Mapping[float, int]


def publish(cloudwatch: Any, *, fast: str, slow: str, log_group: str, cache: str) -> None:
    """A function that answers quickly, one that is slow and fails, and a cache that is asked."""
    node = {"CacheClusterId": f"{cache}-0001-001", "CacheNodeId": "0001"}
    series = {
        "AWS/Lambda": [
            *_function(fast, errors=0, took={20.0: 150, 60.0: 50}),
            *_function(slow, errors=20, took={250.0: 140, 1800.0: 60}),
            *_each_time("ConcurrentExecutions", {}, {12.0: 1}),
        ],
        "AWS/Logs": list(
            _each_time("IncomingLogEvents", {"LogGroupName": log_group}, {3.0 * _REQUESTS: 1})
        ),
        "MAIF/Agents": list(
            _each_time("ProcessingTime", {"AgentId": fast}, {15.0: 150, 55.0: 50})
        ),
        "AWS/ElastiCache": [
            *_each_time("CacheHits", node, {900.0: 1}),
            *_each_time("CacheMisses", node, {100.0: 1}),
            *_each_time("CurrItems", node, {50_000.0: 1}),
            *_each_time("CurrVolatileItems", node, {4_000.0: 1}),
            *_each_time("Evictions", node, {0.0: 1}),
        ],
    }
    for namespace, data in series.items():
        for batch in _batches(data):
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=batch)


def _function(name: str, *, errors: int, took: Samples) -> Iterable[Datum]:
    by_name = {"FunctionName": name}
    yield from _each_time("Invocations", by_name, {1.0: _REQUESTS})
    yield from _each_time("Errors", by_name, {1.0: errors, 0.0: _REQUESTS - errors})
    yield from _each_time("Throttles", by_name, {0.0: 1})
    yield from _each_time("Duration", by_name, took)


def _each_time(metric: str, dimensions: Mapping[str, str], samples: Samples) -> Iterable[Datum]:
    """The same samples, value → how often, every few minutes until now."""
    now = datetime.now(UTC)
    counted = {value: count for value, count in samples.items() if count}
    for number in range(1, _FOR // _EVERY + 1):
        yield {
            "MetricName": metric,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "Timestamp": now - number * _EVERY,
            "Values": list(counted),
            "Counts": [float(count) for count in counted.values()],
        }


def _batches(data: Sequence[Datum]) -> Iterable[Sequence[Datum]]:
    return (data[start : start + _AT_ONCE] for start in range(0, len(data), _AT_ONCE))
