"""What AWS bills: prices of us-east-1 in USD, without free tiers, and what they are counted in."""

from __future__ import annotations

import fnmatch
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

_STATISTICS = 5
METRIC = 0.01 / 1000
"""CloudWatch GetMetricData, for each metric asked for, whatever it holds."""

REQUESTS = {
    "cloudwatch ListMetrics": 0.01 / 1000,
    "cloudwatch *Dashboard*": 0.01 / 1000,
    "ce *": 0.01,
    "s3 List*": 0.005 / 1000,
    "s3 *": 0.0004 / 1000,
    "kms *": 0.03 / 10_000,
    "secretsmanager *": 0.05 / 10_000,
    "sqs *": 0.40 / 1_000_000,
    "sns *": 0.50 / 1_000_000,
}
"""For a request, by the price pages of the services; the first that fits counts. Calls of Lambda,
ECS, IAM, EC2, Config, CloudTrail, Inspector, Backup and others have no price."""

WRITE, READ = 0.625 / 1_000_000, 0.125 / 1_000_000
"""DynamoDB on demand, for each write and read unit."""
KEPT_GIGABYTE = 0.25 + 0.20
"""DynamoDB's storage, and point-in-time recovery of it, a month."""

GIGABYTE_SECOND, GIGABYTES = 0.0000133334, 0.5
"""Lambda on arm64; its price for waiting is the same as for working."""
INVOCATION = 0.20 / 1_000_000
STATE_TRANSITION = 0.025 / 1000
TRACE_PROCESSED = 0.50 / 1_000_000
"""X-Ray, for each trace that a question makes it process, and that is retrieved."""
TRACE_RECORDED = 5.00 / 1_000_000
LOGGED_GIGABYTE = 0.50
ALARM_METRIC, CUSTOM_METRIC, SECRET = 0.10, 0.30, 0.40
"""A month of a metric of an alarm, of a metric of one's own, and of a secret."""
SCHEDULED = 1.00 / 1_000_000


def price_of(call: str) -> float:
    return next((usd for glob, usd in REQUESTS.items() if fnmatch.fnmatchcase(call, glob)), 0.0)


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


def item_bytes(item: Mapping[str, Any]) -> int:
    """The size of a row as DynamoDB counts it: its names and values, not their JSON.

    (DynamoDB Developer Guide, "DynamoDB item sizes and formats")
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(typed: Mapping[str, Any]) -> int:
    [(kind, value)] = typed.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return math.ceil(len(value.strip("-.0").replace(".", "")) / 2) + 1
        case "B":
            return len(value)
        case "M":
            return 3 + item_bytes(value) + len(value)
        case "L":
            return 3 + sum(map(_value_bytes, value)) + len(value)
        case _:
            return 1


def write_units(item: Mapping[str, Any]) -> int:
    """A write unit is a kilobyte."""
    return math.ceil(item_bytes(item) / 1024)


def read_units(asked: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    """A read unit is four kilobytes read strongly, or eight eventually."""
    items = [answer["Item"]] if "Item" in answer else answer.get("Items", ())
    units = max(1, math.ceil(sum(map(item_bytes, items)) / 4096))
    return units if asked.get("ConsistentRead") else units / 2
