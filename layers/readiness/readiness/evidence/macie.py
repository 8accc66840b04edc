"""What Amazon Macie says of itself and of the buckets in a region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readiness.evidence.s3.buckets import BUCKET
from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

ENABLED, PAUSED = "ENABLED", "PAUSED"
ANALYSIS_FAILED = -1
"""The sensitivity score of a bucket of which Macie could analyze no object."""

_NOT_ENABLED = "AccessDeniedException: Macie is not enabled"
"""The code is that of a denied read too: only the message tells the two apart."""

_ACTIVE = ("RUNNING", "IDLE")
"""IDLE is a scheduled job that waits for its next run."""


_ONE_RUN = timedelta(days=33)
"""The longest schedule of a job is monthly; its inventory is a day old."""


@evidence(
    REGION,
    reads=("macie2:GetMacieSession",),
    changed_by=(api_call("macie2", "EnableMacie", "DisableMacie", "UpdateMacieSession"),),
)
@dataclass(frozen=True, slots=True)
class MacieSession:
    """Macie in the region: ``ENABLED``, ``PAUSED`` (it looks at nothing), or empty for disabled.

    Source: GetMacieSession.
    """

    status: str = ""

    @property
    def is_enabled(self) -> bool:
        return self.status == ENABLED

    @classmethod
    def load(cls, read: Reader, region: Resource) -> MacieSession:
        answer = read.one(
            "macie2", "get_macie_session", absent=(_NOT_ENABLED, "ResourceNotFoundException")
        )
        return cls(answer.get("status", "")) if answer else cls()


@dataclass(frozen=True, slots=True)
class MacieBucket:
    """A bucket in Macie's inventory, which Macie brings up to date once a day.

    ``objects`` counts all objects, None where Macie does not know. ``in_discovery``: automated
    discovery looks at it. ``in_job`` is ``TRUE`` where a scheduled job does, ``UNKNOWN`` where
    Macie could not say. ``score`` is the sensitivity: from 51 Macie calls a bucket sensitive, 50
    means not analysed, -1 that the analysis failed. ``error`` is ``ACCESS_DENIED`` or
    ``BUCKET_COUNT_EXCEEDS_QUOTA``. ``replicates_to`` are the accounts that get copies.
    ``last_job`` is the id of the job that looked at it last, ``job_ran`` when that run began.
    """

    name: str
    objects: int | None = None
    in_discovery: bool = False
    in_job: str = ""
    score: int | None = None
    error: str = ""
    replicates_to: tuple[str, ...] = ()
    last_job: str = ""
    job_ran: datetime | None = None

    def is_looked_at(self, at: datetime | None) -> bool | None:
        """Whether a job of somebody else still looks at it, as its last run tells.

        A recurring job runs once a month at least. None where no job ran yet.
        """
        return at - self.job_ran <= _ONE_RUN if at and self.job_ran else None

    @property
    def is_unanalyzed(self) -> bool:
        """Whether automated discovery looks at it and can analyze none of its objects.

        S3 or the KMS key of the objects refuses Macie, mostly.
        """
        return self.in_discovery and (
            self.score == ANALYSIS_FAILED or self.error == "ACCESS_DENIED"
        )

    @property
    def is_watched(self) -> bool:
        """Whether something is set up to look at its objects regularly.

        A paused job counts here: Macie leaves out only those that were cancelled.
        """
        return self.in_discovery or self.in_job == "TRUE"

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> MacieBucket:
        """From a ``BucketMetadata`` of DescribeBuckets."""
        replication = answer.get("replicationDetails") or {}
        jobs = answer.get("jobDetails") or {}
        return cls(
            name=answer["bucketName"],
            objects=answer.get("objectCount"),
            in_discovery=answer.get("automatedDiscoveryMonitoringStatus") == "MONITORED",
            in_job=jobs.get("isMonitoredByJob", ""),
            score=answer.get("sensitivityScore"),
            error=answer.get("errorCode", ""),
            replicates_to=tuple(replication.get("replicationAccounts") or ()),
            last_job=jobs.get("lastJobId") or "",
            job_ran=jobs.get("lastJobRunTime"),
        )


def _described(read: Reader, *names: str) -> Iterable[MacieBucket]:
    """The account's own buckets: an administrator's inventory holds those of its members too."""
    criteria = {"accountId": {"eq": [read.account]}}
    if names:
        criteria["bucketName"] = {"eq": list(names)}
    found = read.every("macie2", "describe_buckets", "buckets", criteria=criteria)
    return map(MacieBucket.of, found)


@evidence(REGION, reads=("macie2:DescribeBuckets",), uses=(MacieSession,))
@dataclass(frozen=True, slots=True)
class MacieInventory:
    """The account's buckets as Macie knows them, by name; none where Macie is not enabled.

    Source: DescribeBuckets.
    """

    status: str
    buckets: Mapping[str, MacieBucket]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> MacieInventory:
        session = read.of(MacieSession, region)
        found = _described(read) if session.is_enabled else ()
        return cls(session.status, {bucket.name: bucket for bucket in found})

    @property
    def is_enabled(self) -> bool:
        return self.status == ENABLED


@dataclass(frozen=True, slots=True)
class MacieJob:
    """A classification job. ``buckets`` are those it names, None where it goes by criteria."""

    id: str
    name: str
    status: str
    is_scheduled: bool = True
    buckets: frozenset[str] | None = None

    @property
    def is_active(self) -> bool:
        return self.status in _ACTIVE

    @classmethod
    def of(cls, answer: Mapping[str, Any], account: str) -> MacieJob:
        """From a ``JobSummary`` of ListClassificationJobs."""
        named = answer.get("bucketDefinitions")
        return cls(
            answer["jobId"],
            answer["name"],
            answer["jobStatus"],
            answer["jobType"] == "SCHEDULED",
            None
            if not named
            else frozenset(
                b for each in named if each["accountId"] == account for b in each["buckets"]
            ),
        )


@evidence(
    REGION,
    reads=("macie2:ListClassificationJobs",),
    uses=(MacieSession,),
    changed_by=(api_call("macie2", "CreateClassificationJob", "UpdateClassificationJob"),),
)
@dataclass(frozen=True, slots=True)
class MacieJobs:
    """The classification jobs of this account, none where Macie is not enabled.

    An administrator's jobs are shown to the administrator alone. Source: ListClassificationJobs.
    """

    all: tuple[MacieJob, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> MacieJobs:
        if not read.of(MacieSession, region).is_enabled:
            return cls(())
        listed = read.every("macie2", "list_classification_jobs", "items")
        return cls(tuple(MacieJob.of(each, read.account) for each in listed))


@evidence(
    REGION,
    reads=(
        "macie2:GetAdministratorAccount",
        "macie2:GetAutomatedDiscoveryConfiguration",
        "macie2:ListAutomatedDiscoveryAccounts",
        "s3:ListAllMyBuckets",
    ),
    uses=(MacieSession, MacieInventory, MacieJobs),
    changed_by=(
        api_call(
            "macie2",
            "BatchUpdateAutomatedDiscoveryAccounts",
            "UpdateAutomatedDiscoveryConfiguration",
            "UpdateClassificationScope",
        ),
        api_call("s3", "CreateBucket", "DeleteBucket"),
    ),
)
@dataclass(frozen=True, slots=True)
class SensitiveDataDiscovery:
    """Whether Macie really looks for sensitive data in the buckets of the region.

    ``buckets`` are how many the region has; without any, nothing else is read. ``administrator``
    is the account that decides for a member account. ``discovers`` is None where that account
    does not show whether automated discovery is on; ``changed`` is when it was last switched.
    ``jobs`` and ``idle_jobs`` are the names of classification jobs that run (or wait for their
    schedule), and of those that are paused, cancelled or complete. ``runs_once``: an active one
    has no schedule, and the inventory of Macie does not say which buckets it includes.
    Sources: ListBuckets, GetMacieSession, GetAdministratorAccount,
    GetAutomatedDiscoveryConfiguration, ListAutomatedDiscoveryAccounts, ListClassificationJobs.
    """

    buckets: int
    status: str = ""
    read_at: datetime | None = None
    administrator: str = ""
    discovers: bool | None = False
    changed: datetime | None = None
    jobs: tuple[str, ...] = ()
    idle_jobs: tuple[str, ...] = ()
    runs_once: bool = False
    inventory: tuple[MacieBucket, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> SensitiveDataDiscovery:
        buckets = len(list(BUCKET.find(read)))
        if not buckets:
            return cls(0)
        session = read.of(MacieSession, region)
        if not session.is_enabled:
            return cls(buckets, session.status)
        administrator = _administrator(read)
        discovers, changed = _discovery(read, administrator)
        jobs = read.of(MacieJobs, region).all
        active = [job for job in jobs if job.is_active]
        return cls(
            buckets,
            session.status,
            read.now,
            administrator,
            discovers,
            changed,
            tuple(job.name for job in active),
            tuple(job.name for job in jobs if not job.is_active),
            any(not job.is_scheduled for job in active),
            tuple(read.of(MacieInventory, region).buckets.values()),
        )


def _administrator(read: Reader) -> str:
    """The account that administers this one in Macie, empty for none."""
    answer = read.one("macie2", "get_administrator_account", absent=("ResourceNotFoundException",))
    about = (answer or {}).get("administrator") or {}
    is_member = about.get("relationshipStatus") in {"Enabled", "Paused"}
    account = str(about.get("accountId", "")) if is_member else ""
    return "" if account == read.account else account


def _discovery(read: Reader, administrator: str) -> tuple[bool | None, datetime | None]:
    """Whether automated discovery covers this account, and when that was changed.

    The configuration is that of an administrator or of an account on its own; a member asks for
    its own status.
    """
    if not administrator:
        answer = read.one("macie2", "get_automated_discovery_configuration")
        return answer["status"] == ENABLED, answer.get("lastUpdatedAt")
    accounts = read.every(
        "macie2", "list_automated_discovery_accounts", "items", accountIds=[read.account]
    )
    mine = [each["status"] == ENABLED for each in accounts if each["accountId"] == read.account]
    return (mine[0] if mine else None), None


@evidence(
    BUCKET,
    reads=("macie2:DescribeBuckets",),
    uses=(MacieSession, MacieInventory, MacieJobs),
    changed_by=(
        api_call(
            "macie2",
            "UpdateResourceProfile",
            "UpdateResourceProfileDetections",
            id="requestParameters.resourceArn",
        ),
    ),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class BucketInMacie:
    """What Macie knows of one bucket, None where its inventory does not list it (yet).

    ``status`` as in `MacieSession`. ``jobs`` are the scheduled jobs of this account that may
    include the bucket, asked for only where nothing but a job looks at it. Sources:
    DescribeBuckets, ListClassificationJobs, one listing each for all buckets.
    """

    status: str
    seen: MacieBucket | None = None
    jobs: tuple[MacieJob, ...] = ()
    read_at: datetime | None = None

    @property
    def is_watched(self) -> bool | None:
        """Whether something looks at its objects regularly; None where that cannot be told.

        Macie says that a job includes a bucket also where the job is paused. Where there is no job
        of this account, it is its administrator's, whose status only the administrator sees.
        """
        seen = self.seen
        if seen is None or not seen.is_watched:
            return False
        if seen.in_discovery:
            return True
        if not self.jobs:
            return seen.is_looked_at(self.read_at)
        active = [job for job in self.jobs if job.is_active]
        if len(active) == len(self.jobs):
            return True
        if not active:
            return False
        is_sure = any(job.buckets is not None or job.id == seen.last_job for job in active)
        return True if is_sure else None

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> BucketInMacie:
        region = REGION.resource(read.account, read.region, read.account)
        session = read.of(MacieSession, region)
        if not session.is_enabled:
            return cls(session.status)
        if read.bulk:
            seen = read.of(MacieInventory, region).buckets.get(bucket.id)
        else:
            seen = next(iter(_described(read, bucket.id)), None)
        if seen is None or seen.in_discovery or not seen.is_watched:
            return cls(session.status, seen)
        jobs = tuple(
            job
            for job in read.of(MacieJobs, region).all
            if job.is_scheduled
            and job.status != "CANCELLED"
            and (job.buckets is None or bucket.id in job.buckets)
        )
        return cls(session.status, seen, jobs, read.now)
