"""What AWS Audit Manager says of its assessments."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    REGION,
    reads=("auditmanager:GetAccountStatus", "auditmanager:ListAssessments"),
    changed_by=(
        api_call(
            "auditmanager",
            "RegisterAccount",
            "DeregisterAccount",
            "CreateAssessment",
            "DeleteAssessment",
            "UpdateAssessment",
            "UpdateAssessmentStatus",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class ActiveAssessments:
    """The names of the assessments that collect evidence.

    Without a registration ListAssessments answers AccessDeniedException, as without a permission:
    so GetAccountStatus is asked first. Sources: GetAccountStatus, ListAssessments.
    """

    names: tuple[str, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ActiveAssessments:
        if read.one("auditmanager", "get_account_status")["status"] != "ACTIVE":
            return cls(())
        listed = read.every(
            "auditmanager", "list_assessments", "assessmentMetadata", status="ACTIVE"
        )
        return cls(tuple(sorted(each["name"] for each in listed)))
