"""The metric filters on the events of trails, and whether their alarms notify someone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from readiness.evidence.cloudtrail.calls import TRAIL_CALLS
from readiness.evidence.cloudtrail.trails import described_trails
from readiness.evidence.cloudwatch.alarms import HandedOnAlarms
from readiness.evidence.sns.delivery import TopicSubscribers
from readiness.evidence.workloads.log_analysis import Heard, heard
from readiness.model.evidence import REGION, ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.alarms import Alarm


@dataclass(frozen=True, slots=True)
class SecurityFilter:
    """A metric filter and the alarms on its metrics; one that publishes 0 has no alarm."""

    name: str
    pattern: str
    alarms: tuple[Heard, ...] = ()


@evidence(
    REGION,
    reads=("cloudtrail:DescribeTrails", "logs:DescribeMetricFilters"),
    uses=(HandedOnAlarms, TopicSubscribers),
    changed_by=(
        TRAIL_CALLS,
        ConfigItem("AWS::CloudTrail::Trail"),
        api_call("logs", "PutMetricFilter", "DeleteMetricFilter"),
    ),
)
@dataclass(frozen=True, slots=True)
class SecurityFilters:
    """The metric filters of the log groups to which trails of every region deliver.

    ``groups`` are those of this account and region. ``elsewhere`` are the ARNs of the others: the
    organization's trail writes to a log group of the account that owns it. Sources:
    DescribeTrails, DescribeMetricFilters, DescribeAlarms, ListSubscriptionsByTopic.
    """

    groups: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    filters: tuple[SecurityFilter, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> SecurityFilters:
        arns = {
            trail.get("CloudWatchLogsLogGroupArn") or "": None
            for trail in described_trails(read).values()
            if trail.get("IsMultiRegionTrail") and trail.get("IncludeGlobalServiceEvents")
        }
        arns.pop("", None)
        here = f":logs:{read.region}:{read.account}:log-group:"
        groups = sorted(arn.partition(here)[2].removesuffix(":*") for arn in arns if here in arn)
        return cls(
            tuple(groups),
            tuple(sorted(arn for arn in arns if here not in arn)),
            tuple(each for group in groups for each in _filters(read, region, group)),
        )


def _filters(read: Reader, region: Resource, group: str) -> Iterator[SecurityFilter]:
    try:
        found = read.every(
            "logs",
            "describe_metric_filters",
            "metricFilters",
            gone=("ResourceNotFoundException",),
            logGroupName=group,
        )
    except Gone:
        return
    inventory = read.of(HandedOnAlarms, region).inventory
    for each in found:
        metrics = [
            (published["metricNamespace"], published["metricName"])
            for published in each.get("metricTransformations") or ()
            if published["metricValue"].strip() not in {"0", "0.0"}
        ]
        alarms = {a.name: a for metric in metrics for a in inventory.watching_here(metric)}
        pattern = each.get("filterPattern") or ""
        told = [
            replace(found, why=found.why or _tells_nothing(alarm, read.now))
            for alarm, found in zip(alarms.values(), heard(read, alarms.values()), strict=True)
        ]
        yield SecurityFilter(each["filterName"], pattern, tuple(told))


def _tells_nothing(alarm: Alarm, now: datetime) -> str:
    """Why an alarm that could notify someone does not tell of an event, empty if it does."""
    if alarm.is_direct and not alarm.band and alarm.goes_up is False:
        return f"The alarm {alarm.name} is raised when there are few events, not when there are."
    if alarm.is_stuck(now):
        return f"The alarm {alarm.name} has been in ALARM since {alarm.since:%Y-%m-%d}."
    return ""
