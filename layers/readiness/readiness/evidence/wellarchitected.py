"""What the AWS Well-Architected Tool says of reviews of the Security pillar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

FRAMEWORK = "wellarchitected"
"""The lens with the six pillars; others are about a kind of workload."""
SECURITY = "security"
UNANSWERED = "UNANSWERED"
_ANSWERED = ("HIGH", "MEDIUM", "NONE")
_GONE = ("ResourceNotFoundException",)


@dataclass(frozen=True, slots=True)
class Review:
    """A review that a milestone of a workload recorded."""

    workload: str
    recorded: datetime


@evidence(
    REGION,
    reads=(
        "wellarchitected:GetLensReview",
        "wellarchitected:GetWorkload",
        "wellarchitected:ListMilestones",
        "wellarchitected:ListWorkloads",
    ),
    asks_with=("max_review_age_days",),
    changed_by=(
        api_call(
            "wellarchitected",
            "CreateMilestone",
            "CreateWorkload",
            "DeleteWorkload",
            "UpdateShareInvitation",
            "UpdateWorkload",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class SecurityReview:
    """The review of a workload's Security pillar in the last ``max_review_age_days``, or None.

    A workload counts if it names this account and this region. Of a review, a milestone is the
    record: the date of the workload itself changes with any edit. In the milestone every question
    of the pillar has an answer, or does not apply. The first that is found counts. Sources:
    ListWorkloads (of the region, those shared with the account included), ListMilestones,
    GetWorkload, GetLensReview.
    """

    found: Review | None = None

    @classmethod
    def load(cls, read: Reader, region: Resource) -> SecurityReview:
        since = read.now - timedelta(days=read.settings["max_review_age_days"])
        for workload in read.every("wellarchitected", "list_workloads", "WorkloadSummaries"):
            try:
                recorded = _reviewed(read, workload, since)
            except Gone:
                continue
            if recorded is not None:
                return cls(Review(workload["WorkloadName"], recorded))
        return cls()


def _reviewed(read: Reader, workload: Mapping[str, Any], since: datetime) -> datetime | None:
    """When the newest whole review was recorded. Raises Gone for a workload that was deleted."""
    if FRAMEWORK not in (workload.get("Lenses") or ()):
        return None
    milestones = list(_milestones(read, workload["WorkloadId"], since))
    if not milestones or not _is_ours(read, workload):
        return None
    for recorded, number in sorted(milestones, reverse=True):
        answer = read.one(
            "wellarchitected",
            "get_lens_review",
            absent=_GONE,
            WorkloadId=workload["WorkloadId"],
            LensAlias=FRAMEWORK,
            MilestoneNumber=number,
        )
        if answer is not None and _is_whole(answer["LensReview"]):
            return recorded
    return None


def _milestones(read: Reader, workload: str, since: datetime) -> Iterator[tuple[datetime, int]]:
    for each in read.every(
        "wellarchitected", "list_milestones", "MilestoneSummaries", gone=_GONE, WorkloadId=workload
    ):
        if each["RecordedAt"] >= since:
            yield each["RecordedAt"], each["MilestoneNumber"]


def _is_ours(read: Reader, workload: Mapping[str, Any]) -> bool:
    about = read.one(
        "wellarchitected", "get_workload", gone=_GONE, WorkloadId=workload["WorkloadId"]
    )["Workload"]
    accounts = about.get("AccountIds") or [about.get("Owner")]
    return read.account in accounts and read.region in (about.get("AwsRegions") or ())


def _is_whole(review: Mapping[str, Any]) -> bool:
    for pillar in review.get("PillarReviewSummaries") or ():
        if pillar.get("PillarId") == SECURITY:
            counts = pillar.get("RiskCounts") or {}
            is_answered = any(counts.get(risk) for risk in _ANSWERED)
            return is_answered and not counts.get(UNANSWERED)
    return False
