"""What CloudTrail says of the trails that record a region, and of each trail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from readiness.evidence.cloudtrail.calls import CALLS_OF_A_TRAIL, TRAIL_CALLS
from readiness.evidence.kms.keys import own_key
from readiness.model.evidence import REGION, ConfigItem, ResourceType, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable
from readiness.semantics.trail_coverage import (
    EVERYTHING,
    Coverage,
    Recorded,
    Selectors,
    Share,
    Trail,
    TrailStatus,
    all_events_of,
    every_event,
)

SECRETS_MANAGER = "secretsmanager.amazonaws.com"
KMS = "kms.amazonaws.com"
ONE_DAY = timedelta(days=1)
"""A trail that delivered nothing for longer is not believed to work."""

_NOT_OURS = (
    "CloudTrailARNInvalidException",
    "OperationNotPermittedException",
    "TrailNotFoundException",
)
"""What CloudTrail answers to a member account about the trail of its organization."""

_NO_TRAIL = ("TrailNotFoundException",)


@evidence(
    REGION,
    reads=(
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:GetEventSelectors",
    ),
    changed_by=(TRAIL_CALLS, ConfigItem("AWS::CloudTrail::Trail")),
)
@dataclass(frozen=True, slots=True)
class Trails:
    """The trails that record the region, shadows and the organization's included.

    A trail without custom selectors is not asked for them. A single call about a single trail
    that fails stands in that trail, so that another trail may still answer for the region.
    Sources: DescribeTrails, GetTrailStatus and GetEventSelectors by ARN (a shadow has no name).
    """

    all: tuple[Trail, ...]
    region: str
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Trails:
        described = described_trails(read).values()
        return cls(
            tuple(read.each(lambda trail: _trail(read, trail), described)),
            read.region,
            read.now,
        )

    def shares(self, wanted: Recorded, max_age: timedelta) -> tuple[Share, ...]:
        """What each trail records of ``wanted``, if its last delivery is no older."""
        return tuple(t.share(wanted, self.region, self.read_at, max_age) for t in self.all)

    def everywhere(self, wanted: Recorded, max_age: timedelta) -> tuple[Share, ...]:
        """As ``shares``, but only trails of every region count."""
        return tuple(
            trail.share(wanted, self.region, self.read_at, max_age)
            if trail.is_everywhere
            else Share(said=trail.left_out)
            for trail in self.all
        )

    @property
    def selectors(self) -> tuple[Selectors, ...]:
        """The selectors of those trails that show them."""
        return tuple(t.selectors for t in self.all if isinstance(t.selectors, Selectors))

    @property
    def unread(self) -> Unreadable | None:
        """Why some trail could not be read; None if all could."""
        parts = (part for trail in self.all for part in (trail.status, trail.selectors))
        return next((part for part in parts if isinstance(part, Unreadable)), None)

    @property
    def are_enough(self) -> bool:
        """Whether trails alone record every event everywhere, so that nothing else is asked."""
        secrets = all_events_of((SECRETS_MANAGER, KMS))
        wanted = every_event(self.selectors)
        return (
            not Coverage(secrets, self.shares(secrets, ONE_DAY)).gaps
            and not Coverage(wanted, self.everywhere(wanted, ONE_DAY)).gaps
        )


def described_trails(read: Reader) -> Mapping[str, Mapping[str, Any]]:
    """Every trail that the region shows, by ARN: a replica has the ARN of its trail."""
    answer = read.one("cloudtrail", "describe_trails", includeShadowTrails=True)
    return {trail["TrailARN"]: trail for trail in answer["trailList"]}


def _trail(read: Reader, about: Mapping[str, Any]) -> Trail:
    arn = about["TrailARN"]
    custom = about.get("HasCustomEventSelectors", True)
    return Trail(
        arn=arn,
        home_region=about.get("HomeRegion", ""),
        multi_region=bool(about.get("IsMultiRegionTrail")),
        status=_status(read, arn),
        selectors=_selectors(read, arn) if custom else EVERYTHING,
        global_events=bool(about.get("IncludeGlobalServiceEvents")),
        organization=bool(about.get("IsOrganizationTrail")),
        insights=bool(about.get("HasInsightSelectors")),
        bucket=about.get("S3BucketName", ""),
        prefix=about.get("S3KeyPrefix", ""),
        log_group_arn=about.get("CloudWatchLogsLogGroupArn", ""),
        has_key=bool(about.get("KmsKeyId")),
    )


def _utc(moment: datetime | None) -> datetime | None:
    """The SDK gives times in the zone of the machine it runs on."""
    return moment.astimezone(UTC) if moment else None


def _absent(read: Reader, arn: str) -> tuple[str, ...]:
    return () if arn.split(":")[4] == read.account else _NOT_OURS


def _status(read: Reader, arn: str) -> TrailStatus | Unreadable | None:
    try:
        answer = read.one("cloudtrail", "get_trail_status", absent=_absent(read, arn), Name=arn)
    except Unreadable as unreadable:
        return unreadable
    if answer is None:
        return None
    return _working(answer)


def _working(answer: Mapping[str, Any]) -> TrailStatus:
    """From the answer of GetTrailStatus."""
    return TrailStatus(
        logging=bool(answer.get("IsLogging")),
        delivery_error=answer.get("LatestDeliveryError") or "",
        delivered=_utc(answer.get("LatestDeliveryTime")),
        started=_utc(answer.get("StartLoggingTime")),
        logs_delivered=_utc(answer.get("LatestCloudWatchLogsDeliveryTime")),
        logs_error=answer.get("LatestCloudWatchLogsDeliveryError") or "",
    )


def _selectors(read: Reader, arn: str) -> Selectors | Unreadable | None:
    try:
        answer = read.one(
            "cloudtrail", "get_event_selectors", absent=_absent(read, arn), TrailName=arn
        )
    except Unreadable as unreadable:
        return unreadable
    return None if answer is None else Selectors.of(answer)


# -- one trail ------------------------------------------------------------------------------------


def _find_trails(read: Reader) -> Iterable[str]:
    return [arn for arn in described_trails(read) if arn.split(":")[4] == read.account]


TRAIL = ResourceType(
    "AWS::CloudTrail::Trail",
    _find_trails,
    find_reads=("cloudtrail:DescribeTrails",),
    changed_by=(CALLS_OF_A_TRAIL,),
    is_global=True,
    identify=lambda item: str(item.get("ARN") or "") or None,
    arn="{id}",
)
"""A trail of this account; its id is its ARN.

Global, so that a trail of every region is judged once and not in each region. Those of the
organization belong to its management account, which judges them.
"""


@evidence(TRAIL, reads=("cloudtrail:DescribeTrails",))
@dataclass(frozen=True, slots=True)
class TrailConfiguration:
    """How the trail protects what it writes.

    ``validation``: it writes digest files, which show whether log files were changed. ``key`` is
    the KMS key that ``key_id`` names, None where it is another account's. Source: DescribeTrails.
    """

    arn: str
    validation: bool = False
    key_id: str = ""
    key: Resource | None = None

    @classmethod
    def load(cls, read: Reader, trail: Resource) -> TrailConfiguration:
        about = _one_trail(read, trail)
        key_id = about.get("KmsKeyId", "")
        return cls(
            arn=trail.id,
            validation=bool(about.get("LogFileValidationEnabled")),
            key_id=key_id,
            key=own_key(read, key_id),
        )


@evidence(
    TRAIL,
    reads=(
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:GetEventSelectors",
    ),
)
@dataclass(frozen=True, slots=True)
class TrailDelivery:
    """Whether the trail logs, and whether its events arrive where it sends them.

    ``log_group`` is the ARN of its log group, empty where it has none. ``is_busy`` is false where
    it may have nothing to deliver for days, because it records data events alone, for instance.
    ``digest_error`` is S3's answer to the last digest file of log file validation.
    Sources: DescribeTrails, GetTrailStatus, which tells of this region alone, GetEventSelectors.
    """

    arn: str
    status: TrailStatus
    bucket: str
    log_group: str
    read_at: datetime
    is_busy: bool = True
    digest_error: str = ""

    @classmethod
    def load(cls, read: Reader, trail: Resource) -> TrailDelivery:
        about = _one_trail(read, trail)
        answer = read.one("cloudtrail", "get_trail_status", gone=_NO_TRAIL, Name=trail.id)
        is_busy = True
        if about.get("HasCustomEventSelectors", True):
            chosen = read.one(
                "cloudtrail", "get_event_selectors", gone=_NO_TRAIL, TrailName=trail.id
            )
            is_busy = Selectors.of(chosen).are_busy
        return cls(
            arn=trail.id,
            status=_working(answer),
            bucket=about.get("S3BucketName", ""),
            log_group=about.get("CloudWatchLogsLogGroupArn", ""),
            read_at=read.now,
            is_busy=is_busy,
            digest_error=answer.get("LatestDigestDeliveryError") or "",
        )


def _one_trail(read: Reader, trail: Resource) -> Mapping[str, Any]:
    about = described_trails(read).get(trail.id)
    if about is None:
        raise Gone(trail.key)
    return about
