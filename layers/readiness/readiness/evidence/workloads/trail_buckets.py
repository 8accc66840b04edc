"""Who may delete, overwrite or read what the account's trails wrote."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.cloudtrail.calls import TRAIL_CALLS
from readiness.evidence.cloudtrail.trails import described_trails
from readiness.evidence.organizations import Organization
from readiness.evidence.s3.buckets import BUCKET, is_own_bucket
from readiness.evidence.s3.protection import BucketProtection
from readiness.model.evidence import ACCOUNT, ConfigItem, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable

_ANY_ACCOUNT = "?" * 12


@dataclass(frozen=True, slots=True)
class TrailBucket:
    """A bucket of this account to which trails deliver.

    ``trails`` are their names; ``keys`` are patterns of the keys of their log files and digest
    files (``AWSLogs/111122223333/CloudTrail*``). ``protection`` is an Unreadable where it could
    not be read.
    """

    name: str
    trails: tuple[str, ...]
    keys: tuple[str, ...]
    protection: BucketProtection | Unreadable


@evidence(
    ACCOUNT,
    reads=("cloudtrail:DescribeTrails", "s3:ListAllMyBuckets"),
    uses=(BucketProtection, Organization),
    changed_by=(TRAIL_CALLS, ConfigItem("AWS::CloudTrail::Trail")),
)
@dataclass(frozen=True, slots=True)
class TrailBuckets:
    """The buckets of this account to which trails deliver, that of the organization included.

    Buckets of another account, or that do not exist, are not shown to this one: ``others`` are
    their names. Sources: DescribeTrails, ListBuckets, DescribeOrganization (the organization's
    trail writes under its id), and as of BucketProtection.
    """

    account: str
    all: tuple[TrailBucket, ...] = ()
    others: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, account: Resource) -> TrailBuckets:
        trails: dict[str, list[tuple[str, str, bool]]] = {}
        for arn, trail in described_trails(read).items():
            of_all = bool(trail.get("IsOrganizationTrail"))
            about = (arn.rpartition("/")[2], trail.get("S3KeyPrefix") or "", of_all)
            trails.setdefault(trail.get("S3BucketName", ""), []).append(about)
        own = [name for name in sorted(trails) if is_own_bucket(read, name)]
        found = read.each(lambda name: _bucket(read, name, trails[name]), own)
        return cls(
            account=account.id,
            all=tuple(bucket for bucket in found if bucket is not None),
            others=tuple(name for name in sorted(trails) if name not in own),
        )


def _bucket(read: Reader, name: str, trails: list[tuple[str, str, bool]]) -> TrailBucket | None:
    """The bucket, None where it was deleted since it was listed."""
    protection: BucketProtection | Unreadable
    try:
        about = BUCKET.resource(read.account, read.region, name)
        protection = read.of(BucketProtection, about)
    except Gone:
        return None
    except Unreadable as unreadable:
        protection = unreadable
    keys = [_keys(read, prefix, of_all=of_all) for _, prefix, of_all in trails]
    names = tuple(sorted(trail for trail, _, _ in trails))
    return TrailBucket(name, names, tuple(dict.fromkeys(keys)), protection)


def _keys(read: Reader, prefix: str, *, of_all: bool) -> str:
    """The keys of a trail's files; ``of_all`` accounts of the organization."""
    whose = read.account
    if of_all:
        about = ACCOUNT.resource(read.account, read.region, read.account)
        whose = f"{read.of(Organization, about).id}/{_ANY_ACCOUNT}"
    before = f"{prefix.rstrip('/')}/" if prefix else ""
    return f"{before}AWSLogs/{whose}/CloudTrail*"
