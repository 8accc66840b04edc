"""What CloudWatch says of dashboards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.cloudwatch.alarms import INVENTORY_READS, read_inventory
from readiness.model.evidence import REGION, ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.dashboard_body import Dashboard, Drawn, parse

_READS = ("cloudwatch:GetDashboard", "cloudwatch:ListDashboards")
_GONE = ("DashboardNotFoundError", "ResourceNotFound", "ResourceNotFoundException")
_CHANGES = api_call("monitoring", "PutDashboard", "DeleteDashboards")


def _find(read: Reader) -> Iterable[str]:
    listed = read.every("cloudwatch", "list_dashboards", "DashboardEntries")
    return [each["DashboardName"] for each in listed]


DASHBOARD = ResourceType(
    "AWS::CloudWatch::Dashboard",
    _find,
    find_reads=("cloudwatch:ListDashboards",),
    changed_by=(
        api_call(
            "monitoring",
            "PutDashboard",
            "DeleteDashboards",
            id="requestParameters.dashboardName|requestParameters.dashboardNames",
        ),
    ),
    identify=None,
    arn="arn:{partition}:cloudwatch::{account}:dashboard/{id}",
)
"""Dashboards are the same in every region; AWS Config does not record them."""


def _body(read: Reader, name: str) -> Dashboard:
    answer = read.one("cloudwatch", "get_dashboard", gone=_GONE, DashboardName=name)
    return parse(name, answer.get("DashboardBody", ""))


@evidence(DASHBOARD, reads=("cloudwatch:GetDashboard",))
@dataclass(frozen=True, slots=True)
class DashboardWidgets:
    """What is on a dashboard, and in which region the rule looks. Source: GetDashboard."""

    dashboard: Dashboard
    region: str

    @classmethod
    def load(cls, read: Reader, dashboard: Resource) -> DashboardWidgets:
        return cls(_body(read, dashboard.id), read.region)


@evidence(REGION, reads=("lambda:ListFunctions",))
@dataclass(frozen=True, slots=True)
class FunctionNames:
    """The names of all functions of the region. Source: ListFunctions."""

    all: frozenset[str]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> FunctionNames:
        return cls(frozenset(FUNCTION.find(read)))


@evidence(REGION, reads=(*_READS, *INVENTORY_READS), changed_by=(_CHANGES,))
@dataclass(frozen=True, slots=True)
class Dashboards:
    """Every dashboard, and the series of the alarms on each.

    Sources: ListDashboards, GetDashboard; DescribeAlarms where a dashboard shows an alarm.
    """

    all: tuple[Dashboard, ...]
    watched: Mapping[str, tuple[Drawn, ...]]
    region: str
    account: str

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Dashboards:
        def body(name: str) -> Dashboard | None:
            try:
                return _body(read, name)
            except Gone:
                return None  # deleted since it was listed

        found = [each for each in read.each(body, _find(read)) if each is not None]
        series: dict[str, tuple[Drawn, ...]] = {}
        if any(each.alarms for each in found):
            series = _series_of(read)
        return cls(
            tuple(found),
            {
                each.name: tuple(drawn for arn in each.alarms for drawn in series.get(arn, ()))
                for each in found
            },
            read.region,
            read.account,
        )


def _series_of(read: Reader) -> dict[str, tuple[Drawn, ...]]:
    """The series that each alarm of the region looks at, by the alarm's ARN."""
    return {
        alarm.arn: tuple(
            Drawn(each.namespace, each.metric, each.dimensions, read.region, each.account)
            for each in alarm.watches
        )
        for alarm in read_inventory(read).alarms
    }
