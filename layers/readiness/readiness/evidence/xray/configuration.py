"""What X-Ray says of sampling, of its map, and of the queries people keep for traces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable

_PROBE_SPAN = timedelta(minutes=5)
GROUP_CHANGES = api_call("xray", "CreateGroup", "UpdateGroup", "DeleteGroup")
_DESTINATION = api_call("xray", "UpdateTraceSegmentDestination", "UpdateIndexingRule")


def read_groups(read: Reader) -> Sequence[Mapping[str, Any]]:
    """The groups of the region; ``Default`` is one that X-Ray makes itself."""
    return read.every("xray", "get_groups", "Groups")


def _destination(read: Reader) -> str:
    """``XRay``, also where the AWS SDK is older than the choice, or ``CloudWatchLogs``."""
    if not read.knows("xray", "get_trace_segment_destination"):
        return X_RAY
    answer = read.one("xray", "get_trace_segment_destination")
    return str(answer.get("Destination") or X_RAY)


X_RAY = "XRay"


@dataclass(frozen=True, slots=True)
class SamplingRule:
    """A sampling rule of X-Ray: so many traces a second, and of the rest this share."""

    name: str
    priority: int
    fixed_rate: float
    reservoir: int
    service_name: str = "*"
    service_type: str = "*"
    resource_arn: str = "*"
    is_partial: bool = False

    def __str__(self) -> str:
        return f"{self.name} ({self.reservoir} a second and {self.fixed_rate:.0%} of the rest)"

    def is_starved(self, min_fixed_rate: float) -> bool:
        return self.fixed_rate < min_fixed_rate and self.reservoir < 1

    def sampled(self, per_second: float) -> float:
        """How many traces a second it makes of so many requests a second."""
        first = min(per_second, self.reservoir)
        return first + (per_second - first) * self.fixed_rate


SPAN = timedelta(hours=6)
"""The longest time GetServiceGraph takes."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the trace map; ``to`` are the nodes it calls."""

    id: int
    names: frozenset[str]
    kind: str = ""
    to: frozenset[int] = frozenset()


@evidence(
    REGION,
    reads=("xray:GetSamplingRules", "xray:GetTraceSegmentDestination"),
    changed_by=(
        api_call("xray", "CreateSamplingRule", "UpdateSamplingRule", "DeleteSamplingRule"),
        _DESTINATION,
    ),
)
@dataclass(frozen=True, slots=True)
class Sampling:
    """X-Ray's sampling rules, and where traces go: ``XRay`` or ``CloudWatchLogs``.

    Sources: GetSamplingRules, GetTraceSegmentDestination.
    """

    rules: tuple[SamplingRule, ...]
    destination: str = X_RAY

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Sampling:
        records = read.every("xray", "get_sampling_rules", "SamplingRuleRecords")
        rules = [_rule(each["SamplingRule"]) for each in records if each.get("SamplingRule")]
        return cls(tuple(rules), _destination(read))


def _rule(answer: Mapping[str, Any]) -> SamplingRule:
    narrowing = (answer.get(name) or "*" for name in ("Host", "HTTPMethod", "URLPath"))
    return SamplingRule(
        name=answer.get("RuleName", ""),
        priority=answer["Priority"],
        fixed_rate=answer["FixedRate"],
        reservoir=answer["ReservoirSize"],
        service_name=answer.get("ServiceName") or "*",
        service_type=answer.get("ServiceType") or "*",
        resource_arn=answer.get("ResourceARN") or "*",
        is_partial=bool(answer.get("Attributes")) or any(set(each) != {"*"} for each in narrowing),
    )


@evidence(
    REGION,
    reads=(
        "xray:GetServiceGraph",
        "xray:GetTraceSegmentDestination",
        "xray:GetIndexingRules",
    ),
    changed_by=(_DESTINATION,),
)
@dataclass(frozen=True, slots=True)
class ServiceMap:
    """The trace map of the last 6 hours, and which share of the traces is indexed for it.

    Sources: GetServiceGraph; GetTraceSegmentDestination and, where traces go to CloudWatch Logs,
    GetIndexingRules.
    """

    nodes: tuple[Node, ...]
    indexed: float = 1.0

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ServiceMap:
        now = read.now
        found = read.every(
            "xray", "get_service_graph", "Services", StartTime=now - SPAN, EndTime=now
        )
        nodes = tuple(_node(each) for each in found if each.get("State") != "deleted")
        return cls(nodes, 1.0 if _destination(read) == X_RAY else _indexed(read))


@evidence(
    REGION,
    reads=("xray:GetTraceSegmentDestination", "xray:GetIndexingRules"),
    changed_by=(_DESTINATION,),
)
@dataclass(frozen=True, slots=True)
class TraceIndexing:
    """Which share of the traces X-Ray can show: those that Transaction Search indexes, or all.

    Sources: GetTraceSegmentDestination and, where traces go to CloudWatch Logs, GetIndexingRules.
    """

    indexed: float = 1.0

    @classmethod
    def load(cls, read: Reader, region: Resource) -> TraceIndexing:
        return cls(1.0 if _destination(read) == X_RAY else _indexed(read))


def _node(answer: Mapping[str, Any]) -> Node:
    names = {answer.get("Name", ""), *(answer.get("Names") or ())} - {""}
    edges = [each["ReferenceId"] for each in answer.get("Edges") or () if "ReferenceId" in each]
    kind = answer.get("Type") or ""
    return Node(answer.get("ReferenceId", -1), frozenset(names), kind, frozenset(edges))


def _indexed(read: Reader) -> float:
    """There is one rule, named Default; 1 % is what a region begins with."""
    if not read.knows("xray", "get_indexing_rules"):
        return 0.01
    for each in read.one("xray", "get_indexing_rules").get("IndexingRules") or ():
        share = ((each.get("Rule") or {}).get("Probabilistic") or {}).get(
            "DesiredSamplingPercentage"
        )
        if share is not None:
            return float(share) / 100
    return 0.01


@dataclass(frozen=True, slots=True)
class Group:
    """A group of traces: a filter that people look through. ``flaw`` is X-Ray's refusal of it."""

    name: str
    filter: str
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A saved Logs Insights query and the log groups it asks."""

    name: str
    text: str
    log_groups: tuple[str, ...] = ()


@evidence(
    REGION,
    reads=("xray:GetGroups", "xray:GetTraceSummaries", "logs:DescribeQueryDefinitions"),
    changed_by=(GROUP_CHANGES, api_call("logs", "PutQueryDefinition", "DeleteQueryDefinition")),
    asks_with=("probe_filters",),
)
@dataclass(frozen=True, slots=True)
class TraceQueries:
    """The groups of traces that people made, and the queries they saved.

    Sources: GetGroups, DescribeQueryDefinitions; where ``probe_filters`` asks for it,
    GetTraceSummaries of the last 5 minutes for each filter, which X-Ray bills by the trace.
    """

    groups: tuple[Group, ...]
    queries: tuple[SavedQuery, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> TraceQueries:
        own = [each for each in read_groups(read) if each.get("GroupName") != "Default"]
        probe = bool(read.settings["probe_filters"])
        groups = tuple(_group(read, each, probe=probe) for each in own)
        return cls(groups, tuple(_queries(read)))


def _group(read: Reader, answer: Mapping[str, Any], *, probe: bool) -> Group:
    text = answer.get("FilterExpression", "")
    refused = False
    if probe and text:
        now = read.now
        found = read.one(
            "xray",
            "get_trace_summaries",
            absent=("InvalidRequestException",),
            StartTime=now - _PROBE_SPAN,
            EndTime=now,
            FilterExpression=text,
            Sampling=True,
        )
        refused = found is None
    return Group(answer.get("GroupName", ""), text, refused)


def _queries(read: Reader) -> Iterator[SavedQuery]:
    """Page by page: the AWS SDK has no paginator for DescribeQueryDefinitions."""
    token: dict[str, str] = {}
    seen = set()
    while True:
        page = read.one("logs", "describe_query_definitions", maxResults=1000, **token)
        for each in page.get("queryDefinitions") or ():
            groups = tuple(each.get("logGroupNames") or ())
            yield SavedQuery(each.get("name", ""), each.get("queryString", ""), groups)
        following = page.get("nextToken")
        if not following:
            return
        if following in seen:
            action, why = "logs:DescribeQueryDefinitions", "a page leads to itself"
            raise Unreadable(action, Cause.UNEXPECTED_ANSWER, why)
        seen.add(following)
        token = {"nextToken": following}
