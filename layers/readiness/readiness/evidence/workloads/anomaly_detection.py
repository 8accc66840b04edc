"""What in a region looks for anomalies, and who is told of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from readiness.evidence.cloudwatch.alarms import Alarms
from readiness.evidence.logs import LOG_DETECTOR_CHANGES, LogDetector, log_detectors
from readiness.evidence.xray.configuration import GROUP_CHANGES, read_groups
from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.alarm_inventory import Inventory

_INSIGHT = {"source": "aws.xray", "detail-type": "AWS X-Ray Insight Update"}


Metric: TypeAlias = tuple[str, str, frozenset[tuple[str, str]], str]
"""Namespace, name, dimensions and statistic."""


@dataclass(frozen=True, slots=True)
class Insights:
    """An X-Ray group: whether X-Ray looks for anomalies in it and sends events of them."""

    group: str
    filter: str = ""
    enabled: bool = False
    notifies: bool = False


@dataclass(frozen=True, slots=True)
class Detector:
    """A CloudWatch anomaly detector and the metrics it learns, by themselves or in a sum."""

    metrics: frozenset[Metric]
    state: str = ""


def watched_metric(metric: Mapping[str, Any], stat: str) -> Metric:
    """A ``Metric`` of the API with its statistic."""
    dimensions = metric.get("Dimensions") or ()
    return (
        metric.get("Namespace", ""),
        metric.get("MetricName", ""),
        frozenset((each["Name"], each["Value"]) for each in dimensions),
        stat,
    )


@dataclass(frozen=True, slots=True)
class Looking:
    """Everything in a region that looks for anomalies."""

    insights: Sequence[Insights] = ()
    detectors: Sequence[Detector] = ()
    log_detectors: Sequence[LogDetector] = ()
    inventory: Inventory = field(default_factory=Inventory)
    listeners: Sequence[str] = ()


@evidence(
    REGION,
    reads=(
        "xray:GetGroups",
        "cloudwatch:DescribeAnomalyDetectors",
        "logs:ListLogAnomalyDetectors",
        "events:ListRules",
        "events:ListTargetsByRule",
    ),
    uses=(Alarms,),
    changed_by=(
        GROUP_CHANGES,
        api_call("monitoring", "PutAnomalyDetector", "DeleteAnomalyDetector"),
        LOG_DETECTOR_CHANGES,
    ),
)
@dataclass(frozen=True, slots=True)
class AnomalyWatch:
    """What looks for anomalies in the region, and who is told.

    Its ``listeners`` are the rules of the default event bus that pass X-Ray's insights on to a
    target. Sources: GetGroups, DescribeAnomalyDetectors, ListLogAnomalyDetectors,
    DescribeAlarms, ListRules, ListTargetsByRule (where a group has insights enabled).
    """

    looking: Looking
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AnomalyWatch:
        insights = tuple(_insights(each) for each in read_groups(read))
        detectors = read.every(
            "cloudwatch",
            "describe_anomaly_detectors",
            "AnomalyDetectors",
            AnomalyDetectorTypes=["SINGLE_METRIC", "METRIC_MATH"],
        )
        has_insights = any(each.enabled for each in insights)
        looking = Looking(
            insights=insights,
            detectors=tuple(map(_detector, detectors)),
            log_detectors=log_detectors(read),
            inventory=read.of(Alarms, region).inventory,
            listeners=tuple(_listeners(read)) if has_insights else (),
        )
        return cls(looking, read.now)


def _insights(answer: Mapping[str, Any]) -> Insights:
    about = answer.get("InsightsConfiguration") or {}
    return Insights(
        answer.get("GroupName", ""),
        answer.get("FilterExpression", ""),
        bool(about.get("InsightsEnabled")),
        bool(about.get("NotificationsEnabled")),
    )


def _detector(answer: Mapping[str, Any]) -> Detector:
    single = answer.get("SingleMetricAnomalyDetector") or answer
    math = answer.get("MetricMathAnomalyDetector") or {}
    metrics = [
        (each["MetricStat"].get("Metric") or {}, each["MetricStat"].get("Stat", ""))
        for each in math.get("MetricDataQueries") or ()
        if each.get("MetricStat")
    ]
    if not math:
        metrics = [(single, single.get("Stat", ""))]
    return Detector(
        frozenset(watched_metric(metric, stat) for metric, stat in metrics),
        answer.get("StateValue", ""),
    )


def _listeners(read: Reader) -> Iterator[str]:
    for rule in read.every("events", "list_rules", "Rules"):
        if rule.get("State", "").startswith("ENABLED") and _hears(rule.get("EventPattern", "")):
            targets = read.every(
                "events",
                "list_targets_by_rule",
                "Targets",
                absent=("ResourceNotFoundException",),
                Rule=rule["Name"],
            )
            if targets:
                yield rule["Name"]


def _hears(text: str) -> bool:
    """Whether an event pattern lets X-Ray's insights through; by source and detail-type alone."""
    try:
        pattern = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return False
    if not isinstance(pattern, Mapping) or not set(pattern) & set(_INSIGHT):
        return False
    return all(_lets(pattern.get(field), value) for field, value in _INSIGHT.items())


def _lets(accepted: object, value: str) -> bool:
    if accepted is None:
        return True
    options = accepted if isinstance(accepted, list) else [accepted]
    return any(
        each == value
        if isinstance(each, str)
        else isinstance(each, Mapping) and value.startswith(str(each.get("prefix") or "\0"))
        for each in options
    )
