"""What Amazon Inspector says of the scans it makes in the account."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable

ENABLED = "ENABLED"


@evidence(
    REGION,
    reads=("inspector2:BatchGetAccountStatus",),
    changed_by=(api_call("inspector2", "Enable", "Disable"),),
)
@dataclass(frozen=True, slots=True)
class InspectorScans:
    """What Inspector scans in the region, such as ``ec2``, ``ecr`` and ``lambda``.

    Empty where it is not enabled or suspended. Source: BatchGetAccountStatus.
    """

    enabled: tuple[str, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> InspectorScans:
        answer = read.one("inspector2", "batch_get_account_status")
        for failed in answer.get("failedAccounts") or ():
            if failed["accountId"] == region.account:
                code = failed["errorCode"]
                raise Unreadable("inspector2:BatchGetAccountStatus", Cause.UNEXPECTED_ANSWER, code)
        kinds = [
            kind
            for account in answer["accounts"]
            if account["accountId"] == region.account and account["state"]["status"] == ENABLED
            for kind, state in account["resourceState"].items()
            if state["status"] == ENABLED
        ]
        return cls(tuple(sorted(kinds)))
