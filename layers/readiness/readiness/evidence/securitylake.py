"""What Security Lake collects."""

from __future__ import annotations

from readiness.model.evidence import api_call
from readiness.model.reader import Reader

LIST_LOG_SOURCES = "securitylake:ListLogSources"

NOT_ENABLED = (
    "ResourceNotFoundException: Security Lake isn't enabled for your account",
    "AccessDeniedException: delegated Security Lake administrator",
    "AccessDeniedException: account is not authorized to perform this operation",
)
"""What AWS answers where Security Lake is not enabled, or another account administers it.

A denied IAM permission names the action instead ("is not authorized to perform: …").
"""

LAKE_CHANGES = api_call(
    "securitylake", "CreateAwsLogSource", "DeleteAwsLogSource", "CreateDataLake", "DeleteDataLake"
)

_MANAGEMENT_EVENTS = "CLOUD_TRAIL_MGMT"


def collects_management_events(read: Reader) -> bool:
    """Whether Security Lake collects the management events of this account and region."""
    found = read.every(
        "securitylake",
        "list_log_sources",
        "sources",
        absent=NOT_ENABLED,
        accounts=[read.account],
        regions=[read.region],
        sources=[{"awsLogSource": {"sourceName": _MANAGEMENT_EVENTS}}],
    )
    return any(
        (source.get("awsLogSource") or {}).get("sourceName") == _MANAGEMENT_EVENTS
        for each in found
        if each.get("account", read.account) == read.account
        for source in each.get("sources") or ()
    )
