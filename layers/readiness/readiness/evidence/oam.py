"""What CloudWatch's Observability Access Manager (OAM) shares with a monitoring account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

LOG_GROUPS = "AWS::Logs::LogGroup"
METRICS = "AWS::CloudWatch::Metric"
_CHANGES = api_call("oam", "CreateLink", "DeleteLink", "UpdateLink")


@dataclass(frozen=True, slots=True)
class Link:
    """A link: what it shares with the account of its sink, by the filter ``criteria``.

    The filter selects log groups or namespaces of metrics; without one all are shared.
    """

    arn: str
    account: str
    criteria: str = ""


@evidence(
    REGION,
    reads=("oam:ListLinks", "oam:GetLink"),
    changed_by=(_CHANGES,),
)
@dataclass(frozen=True, slots=True)
class LogLinks:
    """The links of the region that share log groups; links of metrics or traces are left out.

    Sources: ListLinks, GetLink for the filter of each.
    """

    all: tuple[Link, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> LogLinks:
        return cls(tuple(_links(read, LOG_GROUPS, "LogGroupConfiguration")))


@evidence(
    REGION,
    reads=("oam:ListLinks", "oam:GetLink"),
    changed_by=(_CHANGES,),
)
@dataclass(frozen=True, slots=True)
class MetricLinks:
    """The links of the region that share metrics, with the account of the sink of each.

    Sources: ListLinks, GetLink for the filter of each.
    """

    all: tuple[Link, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> MetricLinks:
        return cls(tuple(_links(read, METRICS, "MetricConfiguration")))


def _links(read: Reader, kind: str, configuration: str) -> Iterator[Link]:
    """The links that share a kind of resource."""
    listed = read.every("oam", "list_links", "Items")
    sharing = [link for link in listed if kind in (link.get("ResourceTypes") or ())]
    answers = read.each(lambda link: _described(read, link["Arn"]), sharing)
    for link, answer in zip(sharing, answers, strict=True):
        if answer is not None:
            shared = (answer.get("LinkConfiguration") or {}).get(configuration) or {}
            yield Link(link["Arn"], link["SinkArn"].split(":")[4], shared.get("Filter") or "")


def _described(read: Reader, arn: str) -> Mapping[str, Any] | None:
    """The link, None where it was deleted since it was listed."""
    answer: Mapping[str, Any] | None = read.one(
        "oam", "get_link", absent=("ResourceNotFoundException",), Identifier=arn
    )
    return answer
