"""Workloads by the tag Application, and the demand of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from readiness.evidence.apigateway.apis import RestApiNames, rest_api_name
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA
from readiness.evidence.cloudwatch.kept import read_whole_days
from readiness.evidence.costexplorer import LOOKED_BACK, Day
from readiness.evidence.elbv2.load_balancers import dimension_of
from readiness.evidence.workloads.monitors import STACK_TAG, monitors
from readiness.model.evidence import REGION, ResourceType, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.tags import WORKLOAD_TAG
from readiness.model.unreadable import Gone
from readiness.semantics.metrics import Query, Series, Window, series

GET_RESOURCES = "tag:GetResources"
_DAY = 86_400
_TABLE = ":table/"


def tagged_arns(read: Reader) -> Mapping[str, list[str]]:
    """The ARNs of each workload, without those of this project's own stacks. Source: GetResources.

    A monitor that is deployed with the tag, as samconfig.toml does it, is no workload of its own.
    """
    return read.made_once("ARNs by workload", _tagged_arns)


def _tagged_arns(read: Reader) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    mappings = read.every(
        "resourcegroupstaggingapi",
        "get_resources",
        "ResourceTagMappingList",
        TagFilters=[{"Key": WORKLOAD_TAG}],
    )
    ours = monitors(_tags(each) for each in mappings if _TABLE in each["ResourceARN"])
    for mapping in mappings:
        tags = _tags(mapping)
        if tags.get(WORKLOAD_TAG) and tags.get(STACK_TAG) not in ours:
            found.setdefault(tags[WORKLOAD_TAG], []).append(mapping["ResourceARN"])
    return found


def _tags(mapping: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in mapping.get("Tags") or ()}


WORKLOAD = ResourceType(
    "Readiness::Workload",
    lambda read: list(tagged_arns(read)),
    find_reads=(GET_RESOURCES,),
    identify=None,
    tags_from_api=False,
)
"""All resources of the region with the same value of the tag Application; the value is the id."""


@dataclass(frozen=True, slots=True)
class Demand:
    """How many requests a workload had on each UTC day, at which entry points."""

    workload: str
    entry_points: tuple[str, ...]
    requests: Mapping[date, float]

    def on(self, days: Iterable[Day]) -> float:
        return sum(self.requests.get(day.day, 0.0) for day in days)


@evidence(REGION, reads=(GET_RESOURCES,), follows_type=False)
@dataclass(frozen=True, slots=True)
class Workloads:
    """The workloads that have resources in the region. Source: GetResources."""

    names: tuple[str, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Workloads:
        return cls(tuple(sorted(tagged_arns(read))))


@evidence(
    WORKLOAD,
    reads=(GET_RESOURCES, GET_METRIC_DATA, "apigateway:GET"),
    uses=(RestApiNames,),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class WorkloadRequests:
    """How many requests users made of the workload on each UTC day.

    Where they come in: at load balancers, APIs and function URLs; at functions themselves only
    where the workload has no such entry point, since one request may invoke several functions and
    a retry invokes one again. Source: GetMetricData.
    """

    tags: Mapping[str, str]
    demand: Demand

    @classmethod
    def load(cls, read: Reader, workload: Resource) -> WorkloadRequests:
        arns = tagged_arns(read).get(workload.id)
        if arns is None:
            raise Gone(workload.key)
        return cls._of_each(read, {workload.id: arns})[workload.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, WorkloadRequests]:
        tagged = tagged_arns(read)
        return cls._of_each(read, {id: tagged[id] for id in read.ids(WORKLOAD) if id in tagged})

    @classmethod
    def _of_each(
        cls, read: Reader, arns: Mapping[str, Iterable[str]]
    ) -> dict[str, WorkloadRequests]:
        entry_points = {name: _entry_points(read, each) for name, each in arns.items()}
        wanted = [query for each in entry_points.values() for _, query, _ in each]
        found = read_whole_days(read, wanted, _days_before(read.now)) if wanted else {}
        return {
            name: cls({WORKLOAD_TAG: name}, _demand(name, each, found))
            for name, each in entry_points.items()
        }


def _days_before(now: datetime) -> Window:
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    return Window(today - LOOKED_BACK, today, _DAY)


_EntryPoint = tuple[str, Query, bool]


def _entry_points(read: Reader, arns: Iterable[str]) -> list[_EntryPoint]:
    """What counts the requests to each resource, and whether users come in there."""
    entry_points: list[_EntryPoint] = []
    for arn in sorted(arns):
        service, _, rest = arn.partition(":")[2].partition(":")[2].partition(":")
        kind = rest.split(":", 2)[-1]
        if service == "elasticloadbalancing" and kind.startswith("loadbalancer/app/"):
            name = dimension_of(arn)
            query = series("AWS/ApplicationELB", "RequestCount", "Sum", LoadBalancer=name)
            entry_points.append((f"load balancer {name}", query, True))
        elif service == "apigateway" and kind.startswith("/restapis/") and kind.count("/") == 2:
            if api := rest_api_name(read, kind.rpartition("/")[2]):
                query = series("AWS/ApiGateway", "Count", "Sum", ApiName=api)
                entry_points.append((f"REST API {api}", query, True))
        elif service == "apigateway" and kind.startswith("/apis/") and kind.count("/") == 2:
            id = kind.rpartition("/")[2]
            entry_points.append(
                (f"API {id}", series("AWS/ApiGateway", "Count", "Sum", ApiId=id), True)
            )
        elif service == "lambda" and kind.startswith("function:"):
            name = kind.split(":")[1]
            for metric, user in (("UrlRequestCount", True), ("Invocations", False)):
                query = series("AWS/Lambda", metric, "Sum", FunctionName=name)
                entry_points.append((f"function {name}, {metric}", query, user))
    return entry_points


def _demand(
    workload: str, entry_points: Iterable[_EntryPoint], found: Mapping[Query, Series]
) -> Demand:
    # REST APIs of one name have one count
    once = {query: (name, user) for name, query, user in entry_points}
    used = [(name, found[query], user) for query, (name, user) in once.items()]
    entered = [(name, each) for name, each, user in used if user and each.total]
    counted = entered or [(name, each) for name, each, user in used if not user]
    requests: dict[date, float] = {}
    for _, each in counted:
        for stamp, value in each.points:
            requests[stamp.date()] = requests.get(stamp.date(), 0.0) + value
    return Demand(workload, tuple(name for name, _ in counted), requests)
