"""Changes that no event reports in a region, so that only the sweep finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.aws_errors import name_of

Client = Callable[[str], Any]
_FAILED = (BotoCoreError, ClientError)
_NOT_OURS = {
    "CloudTrailARNInvalidException",
    "OperationNotPermittedException",
    "TrailNotFoundException",
}
"""What CloudTrail answers to a member account about the trail of its organization."""


def unseen(client: Client, region: str, home: str, *, globals_too: bool) -> list[str]:
    """One sentence for each kind of change that no event tells of; empty where all arrive.

    ``client`` makes the client of a service in ``region``; ``home`` is the region where the events
    of the partition's global services arrive. Sources: "AWS API Call via CloudTrail" needs a trail
    that is logging; configuration items need a recorder that is on.
    """
    said = [*_of_trails(client), *_of_recorders(client)]
    if globals_too and region != home:
        said.append(
            f"API calls of IAM and other global services are events in {home} only: here they are"
            " seen through AWS Config and the sweep."
        )
    return said


def _of_trails(client: Client) -> Iterator[str]:
    try:
        cloudtrail = client("cloudtrail")
        trails = cloudtrail.describe_trails(includeShadowTrails=True).get("trailList", ())
        names = [trail["TrailARN"] for trail in trails]
        logging = any(_is_logging(cloudtrail, name) for name in names)
    except _FAILED as error:
        yield f"Whether a CloudTrail trail is logging here could not be read ({name_of(error)})."
        return
    if not logging:
        yield "No CloudTrail trail is logging here: no API call is an event."


def _is_logging(cloudtrail: Any, name: str) -> bool:
    """A member account may not ask about the trail of its organization, which is logging."""
    try:
        return bool(cloudtrail.get_trail_status(Name=name)["IsLogging"])
    except ClientError as error:
        if name_of(error) in _NOT_OURS:
            return True
        raise


def _of_recorders(client: Client) -> Iterator[str]:
    try:
        answer = client("config").describe_configuration_recorder_status()
    except _FAILED as error:
        yield f"Whether an AWS Config recorder is on here could not be read ({name_of(error)})."
        return
    if not any(each.get("recording") for each in answer.get("ConfigurationRecordersStatus", ())):
        yield "No AWS Config recorder is on here: there are no configuration items."
