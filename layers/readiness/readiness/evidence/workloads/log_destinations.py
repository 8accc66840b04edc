"""Whether what a subscription filter sends log events to still exists."""

from __future__ import annotations

from typing import Any

from readiness.model.evidence import api_call
from readiness.model.reader import Reader

READS = (
    "firehose:DescribeDeliveryStream",
    "kinesis:DescribeStreamSummary",
    "lambda:GetFunctionConfiguration",
    "logs:DescribeDestinations",
)
CHANGES = (
    api_call("firehose", "CreateDeliveryStream", "DeleteDeliveryStream"),
    api_call("kinesis", "CreateStream", "DeleteStream"),
    api_call("logs", "DeleteDestination", "PutDestination"),
)
"""A function that is deleted is seen by the sweep: each deletion would ask for all log groups."""

_GONE = ("ResourceNotFoundException",)
_UNUSABLE = {"CREATING_FAILED", "DELETING", "DELETING_FAILED"}


def why_lost(read: Reader, arn: str) -> str:
    """Why nothing arrives at a destination, to end a sentence; empty if it may arrive.

    The destination of another account is shown to that account alone, so that nothing is said of
    it. Sources: GetFunctionConfiguration, DescribeStreamSummary, DescribeDeliveryStream,
    DescribeDestinations (of which the target is looked at too).
    """
    parts = arn.split(":")
    if len(parts) < 6 or parts[4] != read.account:
        return ""
    name = arn.rpartition("/")[2]
    match parts[2]:
        case "lambda":
            found = read.one(
                "lambda", "get_function_configuration", absent=_GONE, FunctionName=arn
            )
            return "" if found else "does not exist"
        case "kinesis":
            found = read.one("kinesis", "describe_stream_summary", absent=_GONE, StreamName=name)
            return _why(found and found["StreamDescriptionSummary"]["StreamStatus"])
        case "firehose":
            found = read.one(
                "firehose", "describe_delivery_stream", absent=_GONE, DeliveryStreamName=name
            )
            return _why(found and found["DeliveryStreamDescription"]["DeliveryStreamStatus"])
        case "logs":
            return _why_destination(read, arn)
    return ""


def _why(status: Any) -> str:
    if status is None:
        return "does not exist"
    return f"is {status}" if status in _UNUSABLE else ""


def _why_destination(read: Reader, arn: str) -> str:
    name = arn.rpartition(":")[2]
    listed = read.every(
        "logs", "describe_destinations", "destinations", DestinationNamePrefix=name
    )
    for each in listed:
        if each["destinationName"] == name:
            target = each.get("targetArn", "")
            lost = why_lost(read, target) if target != arn else ""
            return f"leads to {target}, which {lost}" if lost else ""
    return "does not exist"
