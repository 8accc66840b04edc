"""What AWS Backup says of the resources that it protects, and of restores from it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from readiness.evidence.parts import each_alone
from readiness.model.evidence import REGION, Change, ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import NotOffered

COMPLETED = "COMPLETED"
ENDED = (COMPLETED, "FAILED", "ABORTED")
SUCCESSFUL, VALIDATING = "SUCCESSFUL", "VALIDATING"
LOOKED_BACK = timedelta(days=200)
"""How old the restore jobs are that are read; no rule accepts one of more than 180 days."""


@dataclass(frozen=True, slots=True)
class RestoreJob:
    """A restore job. ``status`` is COMPLETED, FAILED, ABORTED, RUNNING or PENDING.

    ``validation`` is SUCCESSFUL, FAILED, TIMED_OUT or VALIDATING, empty where nothing validates
    what was restored. ``message`` is AWS Backup's own, of the job or of the validation.
    """

    id: str
    status: str
    started: datetime
    ended: datetime | None = None
    validation: str = ""
    message: str = ""

    @property
    def minutes(self) -> float | None:
        """How long the restore took; None before its end."""
        return None if self.ended is None else (self.ended - self.started).total_seconds() / 60

    @property
    def has_failed(self) -> bool:
        """Whether it ended without a resource, or with one that did not pass the validation."""
        return self.status in {"FAILED", "ABORTED"} or (
            self.status == COMPLETED and self.validation in {"FAILED", "TIMED_OUT"}
        )

    @property
    def is_completed(self) -> bool:
        return self.status == COMPLETED and not self.has_failed and self.ended is not None

    @property
    def is_validated(self) -> bool:
        return self.is_completed and self.validation == SUCCESSFUL

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> RestoreJob:
        """From a ``RestoreJobsListMember`` of the API."""
        return cls(
            id=answer.get("RestoreJobId", ""),
            status=answer.get("Status", ""),
            started=answer["CreationDate"],
            ended=answer.get("CompletionDate"),
            validation=answer.get("ValidationStatus", ""),
            message=answer.get("ValidationStatusMessage") or answer.get("StatusMessage") or "",
        )


_KINDS: tuple[Callable[[RestoreJob], bool], ...] = (
    lambda job: job.status in ENDED,
    lambda job: job.is_completed,
    lambda job: job.is_validated,
    lambda job: job.status == COMPLETED and job.validation == VALIDATING,
)


def _telling(jobs: Iterable[RestoreJob]) -> tuple[RestoreJob, ...]:
    """The newest job of each kind that a verdict rests on, newest first."""
    newest = sorted(jobs, key=lambda job: job.started, reverse=True)
    found = {next((job for job in newest if is_one(job)), None) for is_one in _KINDS}
    return tuple(job for job in newest if job in found)


@evidence(
    REGION,
    reads=(
        "backup:DescribeRegionSettings",
        "backup:ListProtectedResources",
        "backup:ListRestoreJobs",
        "backup:ListRestoreJobsByProtectedResource",
    ),
    changed_by=(
        api_call("backup", "DeleteRecoveryPoint", "DisassociateRecoveryPoint"),
        api_call("backup", "PutRestoreValidationResult"),
        api_call("backup", "UpdateRegionSettings"),
    ),
)
@dataclass(frozen=True, slots=True)
class Backups:
    """What AWS Backup has of the region's resources, by their ARNs.

    ``protected`` is when a recovery point was last made, None where AWS Backup does not say.
    ``restores`` are the newest restore jobs of a resource that tell something, newest first: the
    last that ended, completed and was validated, and one whose validation runs. ``by_hand`` are
    the newest that may have restored single files or objects (:func:`of_items`). ``runs`` is when
    the newest job of a restore testing plan (ARN) began that restored something or still may, and
    ``failed_runs`` when the newest one did that failed; ``copies`` are the resources that restore
    tests created and will delete. ``opted_out`` are the types (``DynamoDB``) that backup plans
    leave out unless they name the resource. Restores in other accounts and regions are not seen.
    Sources: ListProtectedResources, ListRestoreJobs, ListRestoreJobsByProtectedResource,
    DescribeRegionSettings.
    """

    read_at: datetime
    protected: Mapping[str, datetime | None] = field(default_factory=dict)
    restores: Mapping[str, tuple[RestoreJob, ...]] = field(default_factory=dict)
    by_hand: Mapping[str, tuple[RestoreJob, ...]] = field(default_factory=dict)
    runs: Mapping[str, datetime] = field(default_factory=dict)
    failed_runs: Mapping[str, datetime] = field(default_factory=dict)
    copies: frozenset[str] = frozenset()
    opted_out: frozenset[str] = frozenset()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Backups:
        protected: dict[str, datetime | None] = {}
        types: dict[str, str] = {}
        for each in read.every("backup", "list_protected_resources", "Results"):
            protected[each["ResourceArn"]] = each.get("LastBackupTime")
            types[each["ResourceArn"]] = each.get("ResourceType", "")
        jobs = _Jobs()
        # At midnight, so that a repeated question is the same question.
        since = read.now.replace(hour=0, minute=0, second=0, microsecond=0) - LOOKED_BACK
        for each in read.every("backup", "list_restore_jobs", "RestoreJobs", ByCreatedAfter=since):
            jobs.add(each)
        orphaned = [arn for arn, type_ in types.items() if type_ in jobs.orphaned]
        answers, failed = each_alone(read, lambda arn: _restores_of(read, arn), orphaned)
        for failure in failed.values():
            raise failure
        for arn, found in answers.items():
            for each in found:
                if not each.get("ParentJobId"):
                    jobs.take(arn, each)
        return cls(
            read.now,
            protected,
            jobs.by_source,
            jobs.by_hand,
            jobs.runs,
            jobs.failed_runs,
            frozenset(jobs.copies),
            _opted_out(read),
        )


class _Jobs:
    """Restore jobs as they are listed, of which no more is kept than verdicts rest on."""

    def __init__(self) -> None:
        self.by_source: dict[str, tuple[RestoreJob, ...]] = {}
        self.runs: dict[str, datetime] = {}
        self.failed_runs: dict[str, datetime] = {}
        self.copies: set[str] = set()
        self.orphaned: set[str] = set()
        self.by_hand: dict[str, tuple[RestoreJob, ...]] = {}

    def add(self, answer: Mapping[str, Any]) -> None:
        plan = (answer.get("CreatedBy") or {}).get("RestoreTestingPlanArn", "")
        if plan:
            began = answer["CreationDate"]
            failed = answer.get("Status") in {"FAILED", "ABORTED"}
            known = self.failed_runs if failed else self.runs
            known[plan] = max(began, known.get(plan, began))
            if answer.get("CreatedResourceArn") and answer.get("DeletionStatus") != SUCCESSFUL:
                self.copies.add(answer["CreatedResourceArn"])
        if answer.get("ParentJobId"):
            # A part of a restore: the parent's job says how the whole of it ended.
            return
        source = answer.get("SourceResourceArn", "")
        if source:
            self.take(source, answer)
        elif answer.get("Status") in ENDED:
            # Older jobs do not say what they restored; those of one resource are listed below.
            self.orphaned.add(answer.get("ResourceType", ""))

    def take(self, source: str, answer: Mapping[str, Any]) -> None:
        """Keep a job of a resource, one that may have restored single items apart."""
        job = RestoreJob.of(answer)
        is_test = bool((answer.get("CreatedBy") or {}).get("RestoreTestingPlanArn"))
        if answer.get("ResourceType") in _OF_ITEMS and job.status in ENDED and not is_test:
            known = (*self.by_hand.get(source, ()), job)
            newest = sorted(known, key=lambda each: each.started, reverse=True)
            self.by_hand[source] = tuple(newest[:_BY_HAND])
        else:
            self.by_source[source] = _telling((*self.by_source.get(source, ()), job))


_OF_ITEMS = frozenset({"EFS", "S3"})
"""The types of which AWS Backup restores single files or objects as well."""
_BY_HAND = 10
"""How many restores of a resource that no plan made are looked at, the newest ones."""


def of_items(read: Reader, jobs: Iterable[RestoreJob]) -> frozenset[str]:
    """The ids of those jobs that restored single files or objects.

    A job's metadata alone says so; one whose metadata AWS Backup no longer has may have been one.
    Source: GetRestoreJobMetadata.
    """
    return frozenset(job.id for job in jobs if _is_of_items(read, job.id))


def _is_of_items(read: Reader, job: str) -> bool:
    answer = read.one(
        "backup",
        "get_restore_job_metadata",
        absent=("ResourceNotFoundException",),
        RestoreJobId=job,
    )
    if answer is None:
        return True
    named = {name.lower(): value for name, value in (answer.get("Metadata") or {}).items()}
    return named.get("itemstorestore", "").strip() not in {"", "[]", "null"}


def newest_point(read: Reader, arn: str) -> datetime | None:
    """When the newest recovery point of a resource was made that is still there.

    ``LastBackupTime`` of ListProtectedResources outlives what was made then. Source:
    ListRecoveryPointsByResource.
    """
    found = read.every(
        "backup",
        "list_recovery_points_by_resource",
        "RecoveryPoints",
        absent=("ResourceNotFoundException",),
        ResourceArn=arn,
    )
    made = [each["CreationDate"] for each in found if each.get("Status") in _USABLE]
    return max(made, default=None)


_USABLE = frozenset({COMPLETED, "AVAILABLE"})


def _restores_of(read: Reader, arn: str) -> Sequence[Mapping[str, Any]]:
    return list(
        read.every(
            "backup",
            "list_restore_jobs_by_protected_resource",
            "RestoreJobs",
            absent=("ResourceNotFoundException",),
            ResourceArn=arn,
        )
    )


def _opted_out(read: Reader) -> frozenset[str]:
    try:
        answer = read.one("backup", "describe_region_settings")
    except NotOffered:
        return frozenset()
    preference = answer.get("ResourceTypeOptInPreference") or {}
    return frozenset(name for name, is_in in preference.items() if not is_in)


def _named(member: str, kind: str, detail: Mapping[str, Any]) -> str | None:
    """The ARN that an event names, if it is of a kind (``:db:``); empty where it names none."""
    arn = detail.get(member)
    if not isinstance(arn, str):
        return ""
    return arn if not arn or kind in arn else None


def backup_events(kind: str, *types: str) -> tuple[Change, ...]:
    """AWS Backup's events about resources of some types whose ARNs are of a kind (``:db:``)."""
    of_types = ("resourceType", types)
    return (
        ServiceEvent(
            "Restore Job State Change",
            match=(of_types, ("status", ENDED)),
            identify=functools.partial(_named, "sourceResourceArn", kind),
        ),
        ServiceEvent(
            "Recovery Point State Change",
            match=(of_types, ("status", (COMPLETED,))),
            identify=functools.partial(_named, "resourceArn", kind),
        ),
    )
