"""Which log groups get events: CloudWatch lists them all at once, CloudWatch Logs does not."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(REGION, reads=("cloudwatch:ListMetrics",))
@dataclass(frozen=True, slots=True)
class ActiveLogGroups:
    """The log groups of the region that got events in the last two weeks, by name.

    An account has thousands of log groups that nothing writes to any more. One request lists 500
    that are in use; a new one takes up to 15 minutes to be listed. Source: ListMetrics,
    AWS/Logs IncomingLogEvents.
    """

    names: frozenset[str]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ActiveLogGroups:
        series = read.every(
            "cloudwatch",
            "list_metrics",
            "Metrics",
            Namespace="AWS/Logs",
            MetricName="IncomingLogEvents",
        )
        return cls(
            frozenset(
                each["Value"]
                for metric in series
                for each in metric.get("Dimensions") or ()
                if each["Name"] == "LogGroupName"
            )
        )
