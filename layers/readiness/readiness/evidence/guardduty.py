"""What GuardDuty says of its detector in a region."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.model.evidence import REGION, ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable

ENABLED = "ENABLED"

_DELETED = "BadRequestException: the input detectorId is not owned by the current account"


@evidence(
    REGION,
    reads=("guardduty:ListDetectors", "guardduty:GetDetector"),
    changed_by=(
        api_call("guardduty", "CreateDetector", "UpdateDetector", "DeleteDetector"),
        ConfigItem("AWS::GuardDuty::Detector"),
    ),
)
@dataclass(frozen=True, slots=True)
class ThreatDetector:
    """The GuardDuty detector of the region.

    ``status`` is ``ENABLED``, ``DISABLED`` (suspended: it keeps its findings and analyses nothing)
    or empty where there is none: GuardDuty is not enabled. Sources: ListDetectors, GetDetector.
    """

    id: str = ""
    status: str = ""

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ThreatDetector:
        for id in read.every("guardduty", "list_detectors", "DetectorIds"):
            answer = read.one("guardduty", "get_detector", absent=(_DELETED,), DetectorId=id)
            if answer is not None:
                return cls(id, answer.get("Status", ""))
        return cls()


def administrator_of(read: Reader, detector: ThreatDetector) -> str:
    """The account that administers a member's detector; empty for none, and where unreadable.

    Source: GetAdministratorAccount.
    """
    if not detector.id:
        return ""
    try:
        answer = read.one("guardduty", "get_administrator_account", DetectorId=detector.id)
    except Unreadable:
        return ""  # it changes whom to ask, not the verdict
    return str((answer.get("Administrator") or {}).get("AccountId", ""))
