"""Which services assess the security of a region, and why the others do not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readiness import Unreadable
from readiness.evidence.accessanalyzer import ActiveAnalyzers
from readiness.evidence.auditmanager import ActiveAssessments
from readiness.evidence.inspector2 import InspectorStatus
from readiness.evidence.securityhub import NewestFinding
from readiness.evidence.wellarchitected import SecurityReview
from readiness.model.unreadable import NotOffered

REVIEW = "a Well-Architected review"


@dataclass(frozen=True, slots=True)
class Assessors:
    """The services that are active, those that could not be read, and why others do not count.

    ``offered`` is false where the region has none of them.
    """

    active: tuple[str, ...]
    unread: tuple[Unreadable, ...]
    why_not: tuple[str, ...]
    offered: bool = True

    @classmethod
    def of(
        cls,
        newer_than: datetime,
        reviewed_since: datetime,
        finding: NewestFinding | Unreadable,
        analyzers: ActiveAnalyzers | Unreadable,
        scans: InspectorStatus | Unreadable,
        assessments: ActiveAssessments | Unreadable,
        review: SecurityReview | Unreadable,
    ) -> Assessors:
        """Audit Manager is not named where it is not in use: nobody can begin to use it."""
        sources = {
            "Security Hub": finding,
            "IAM Access Analyzer": analyzers,
            "Amazon Inspector": scans,
            "Audit Manager": assessments,
            REVIEW: review,
        }
        unread = {
            name: each
            for name, each in sources.items()
            if isinstance(each, Unreadable) and not isinstance(each, NotOffered)
        }
        active = {
            "Security Hub": _is_recent(finding, newer_than),
            "IAM Access Analyzer": isinstance(analyzers, ActiveAnalyzers) and analyzers.names,
            "Amazon Inspector": isinstance(scans, InspectorStatus) and scans.enabled,
            "Audit Manager": isinstance(assessments, ActiveAssessments) and assessments.names,
            REVIEW: isinstance(review, SecurityReview)
            and review.found
            and review.found.recorded >= reviewed_since,
        }
        why_not = {
            "Security Hub": _silence(finding),
            "IAM Access Analyzer": "No analyzer of this account is active.",
            "Amazon Inspector": "Inspector scans nothing.",
            REVIEW: "No milestone of a workload here records a recent review of its security.",
        }
        return cls(
            tuple(name for name, is_active in active.items() if is_active),
            tuple(unread.values()),
            tuple(
                text for name, text in why_not.items() if not active[name] and name not in unread
            ),
            not all(isinstance(each, NotOffered) for each in sources.values()),
        )


def _is_recent(finding: NewestFinding | Unreadable, newer_than: datetime) -> bool:
    if isinstance(finding, Unreadable) or finding.updated is None:
        return False
    return finding.updated >= newer_than


def _silence(finding: NewestFinding | Unreadable) -> str:
    if isinstance(finding, Unreadable) or not finding.enabled:
        return "Security Hub is not enabled."
    if finding.updated is None:
        return "Security Hub has no finding of the last seven days."
    return f"The newest finding of Security Hub is of {finding.updated:%Y-%m-%d %H:%M} UTC."
