"""CloudTrail's event for an API call, as it arrives on the default event bus."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from readiness.engine.events import API_CALL
from readiness_cli.demo.emulator import ACCOUNT, REGION

SOURCE = "readiness.demo"
"""PutEvents refuses `aws.` sources, here as on AWS; the template's patterns match without."""


def record(
    source: str, name: str, parameters: Mapping[str, Any], *, user: str = "mallory"
) -> dict[str, Any]:
    """The `detail` of an event about the call ``name`` of a service such as `s3.amazonaws.com`."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLEEXAMPLEEXA",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/{user}",
            "accountId": ACCOUNT,
            "userName": user,
        },
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": source,
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.44",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": dict(parameters),
        "responseElements": None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def entry(detail: Mapping[str, Any], detail_type: str = API_CALL) -> dict[str, Any]:
    """An entry for PutEvents."""
    return {"Source": SOURCE, "DetailType": detail_type, "Detail": json.dumps(detail)}


def event(detail: Mapping[str, Any]) -> dict[str, Any]:
    """The event as the bus hands it to a function."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": API_CALL,
        "source": SOURCE,
        "account": ACCOUNT,
        "time": detail["eventTime"],
        "region": REGION,
        "resources": [],
        "detail": dict(detail),
    }


def put(events: Any, *details: Mapping[str, Any]) -> None:
    """Put records on the default bus, ten a request as AWS takes them."""
    entries = [entry(detail) for detail in details]
    for start in range(0, len(entries), 10):
        answer = events.put_events(Entries=entries[start : start + 10])
        refused = [each for each in answer["Entries"] if each.get("ErrorCode")]
        if refused:
            raise RuntimeError(f"the bus refused {refused}")
