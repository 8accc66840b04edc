"""The API calls about CloudTrail's trails, and which trail one of them names."""

from __future__ import annotations

from dataclasses import replace

from readiness.model.event_fields import partition_of_caller
from readiness.model.evidence import Json, api_call, at

TRAIL_CALLS = api_call(
    "cloudtrail",
    "CreateTrail",
    "UpdateTrail",
    "DeleteTrail",
    "StartLogging",
    "StopLogging",
    "PutEventSelectors",
    "PutInsightSelectors",
)
_NAMED = ("responseElements.trailARN", "requestParameters.name", "requestParameters.trailName")


def _trail_of(detail: Json) -> str:
    """The ARN of the trail that a call names in its home region; empty where that is unclear."""
    names = (at(detail, path) for path in _NAMED)
    named = next((each for each in names if isinstance(each, str) and each), "")
    if not named or named.startswith("arn:"):
        return named
    region, account = at(detail, "awsRegion"), at(detail, "recipientAccountId")
    partition = partition_of_caller(detail)
    if not (region and account and partition):
        return ""
    return f"arn:{partition}:cloudtrail:{region}:{account}:trail/{named}"


CALLS_OF_A_TRAIL = replace(TRAIL_CALLS, identify=_trail_of)
