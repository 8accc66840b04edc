"""What CloudWatch's Observability Access Manager (OAM) shares with a monitoring account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

LOG_GROUPS = "AWS::Logs::LogGroup"


@dataclass(frozen=True, slots=True)
class LogLink:
    """A link that shares log groups: those that ``criteria`` selects, with the sink's account."""

    arn: str
    account: str
    criteria: str = ""


@evidence(
    REGION,
    reads=("oam:ListLinks", "oam:GetLink"),
    changed_by=(api_call("oam", "CreateLink", "DeleteLink", "UpdateLink"),),
)
@dataclass(frozen=True, slots=True)
class LogLinks:
    """The links of the region that share log groups; links of metrics or traces are left out.

    Sources: ListLinks, GetLink for the filter of each.
    """

    all: tuple[LogLink, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> LogLinks:
        listed = read.every("oam", "list_links", "Items")
        sharing = [link for link in listed if LOG_GROUPS in (link.get("ResourceTypes") or ())]
        found = read.each(lambda link: _link(read, link), sharing)
        return cls(tuple(link for link in found if link is not None))


def _link(read: Reader, listed: Mapping[str, Any]) -> LogLink | None:
    """The link with its filter, None where it was deleted since it was listed."""
    try:
        answer = read.one(
            "oam", "get_link", gone=("ResourceNotFoundException",), Identifier=listed["Arn"]
        )
    except Gone:
        return None
    shared = (answer.get("LinkConfiguration") or {}).get("LogGroupConfiguration") or {}
    return LogLink(listed["Arn"], listed["SinkArn"].split(":")[4], shared.get("Filter") or "")
