"""How long audit logs are kept: in the log groups and buckets that trails and others write to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.cloudtrail.calls import TRAIL_CALLS
from readiness.evidence.cloudtrail.trails import described_trails
from readiness.evidence.config.recording import delivery_channels
from readiness.evidence.logs import LOG_GROUP, LogRetention
from readiness.evidence.organizations import Organization
from readiness.evidence.s3.buckets import BUCKET, is_own_bucket
from readiness.evidence.s3.retention import BucketRetention
from readiness.model.evidence import ACCOUNT, REGION, ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable

_CHANGES = (
    TRAIL_CALLS,
    ConfigItem("AWS::CloudTrail::Trail"),
    api_call("ec2", "CreateFlowLogs", "DeleteFlowLogs"),
    ConfigItem("AWS::EC2::FlowLog"),
)
_FLOW_LOGS = "flow logs"
AWS_CONFIG = "AWS Config"


@dataclass(frozen=True, slots=True)
class AuditLogGroup:
    """A log group with audit logs, and what writes them ("the trail a", "flow logs")."""

    writer: str
    retention: LogRetention


@evidence(
    REGION,
    reads=("cloudtrail:DescribeTrails", "ec2:DescribeFlowLogs"),
    uses=(LogRetention,),
    changed_by=_CHANGES,
)
@dataclass(frozen=True, slots=True)
class AuditLogGroups:
    """The log groups of this account and region that trails and flow logs write to.

    One that does not exist is left out: then the trail or the flow log reports an error.
    Sources: DescribeTrails, DescribeFlowLogs, DescribeLogGroups.
    """

    all: tuple[AuditLogGroup, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AuditLogGroups:
        writers: dict[str, str] = {}
        for arn, trail in described_trails(read).items():
            name = _own_group(read, trail.get("CloudWatchLogsLogGroupArn") or "")
            writers.setdefault(name, f"the trail {_name(arn)}")
        for flow_log in _flow_logs(read):
            writers.setdefault(_group_of(read, flow_log), _FLOW_LOGS)
        writers.pop("", None)
        return cls(tuple(_kept(read, writers)))


def _own_group(read: Reader, arn: str) -> str:
    """The name of a log group of this account and region; empty for any other."""
    here = f":logs:{read.region}:{read.account}:log-group:"
    return arn.partition(here)[2].removesuffix(":*")


def _group_of(read: Reader, flow_log: Mapping[str, Any]) -> str:
    """The name of the log group that a flow log writes to, empty if it is none of this account.

    CreateFlowLogs takes the name or the ARN, which with a role for it may be of another account.
    """
    if flow_log.get("LogDestinationType", "cloud-watch-logs") != "cloud-watch-logs":
        return ""
    destination = flow_log.get("LogDestination") or ""
    if ":log-group:" in destination:
        return _own_group(read, destination)
    return "" if flow_log.get("DeliverCrossAccountRole") else flow_log.get("LogGroupName") or ""


def _kept(read: Reader, writers: Mapping[str, str]) -> Iterator[AuditLogGroup]:
    for name, writer in sorted(writers.items()):
        try:
            about = LOG_GROUP.resource(read.account, read.region, name)
            yield AuditLogGroup(writer, read.of(LogRetention, about))
        except Gone:
            continue


@dataclass(frozen=True, slots=True)
class AuditBucket:
    """A bucket of this account with audit logs, and where in it each kind of them stands.

    ``prefixes`` end without a slash: beside ``CloudTrail/`` a trail has ``CloudTrail-Digest/``,
    which is no less needed. ``retention`` is an Unreadable where it could not be read.
    """

    name: str
    prefixes: tuple[tuple[str, str], ...]
    retention: BucketRetention | Unreadable


@evidence(
    REGION,
    reads=(
        "cloudtrail:DescribeTrails",
        "config:DescribeDeliveryChannels",
        "ec2:DescribeFlowLogs",
        "s3:ListAllMyBuckets",
    ),
    uses=(BucketRetention, Organization),
    changed_by=(*_CHANGES, api_call("config", "PutDeliveryChannel", "DeleteDeliveryChannel")),
)
@dataclass(frozen=True, slots=True)
class AuditBuckets:
    """The buckets of this account to which trails, AWS Config and flow logs deliver.

    Those of another account are judged there. ``others`` are their names. Other logs in the same
    bucket, such as access logs of a load balancer, are no audit logs. Sources: DescribeTrails,
    DescribeDeliveryChannels, DescribeFlowLogs, ListBuckets, DescribeOrganization (a trail of an
    organization writes under its id).
    """

    all: tuple[AuditBucket, ...] = ()
    others: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AuditBuckets:
        places: dict[str, dict[str, str]] = {}
        for bucket, prefix, writer in _places(read):
            places.setdefault(bucket, {}).setdefault(prefix, writer)
        own = [name for name in sorted(places) if is_own_bucket(read, name)]
        found = read.each(lambda name: _bucket(read, name, places[name]), own)
        return cls(
            tuple(bucket for bucket in found if bucket is not None),
            tuple(name for name in sorted(places) if name not in own),
        )


def _places(read: Reader) -> Iterator[tuple[str, str, str]]:
    """Each bucket, the beginning of the keys, and what writes there."""
    for arn, trail in described_trails(read).items():
        bucket = trail.get("S3BucketName", "")
        kind = f"{read.account}/CloudTrail"
        if trail.get("IsOrganizationTrail"):
            kind = _organization(read) if is_own_bucket(read, bucket) else ""
        yield bucket, _under(trail.get("S3KeyPrefix"), kind), f"the trail {_name(arn)}"
    for channel in delivery_channels(read):
        prefix = _under(channel.get("s3KeyPrefix"), f"{read.account}/Config")
        yield channel.get("s3BucketName", ""), prefix, AWS_CONFIG
    for flow_log in _flow_logs(read):
        if flow_log.get("LogDestinationType") == "s3":
            place = flow_log["LogDestination"].split(":", 5)[5]
            bucket, _, prefix = place.partition("/")
            yield bucket, _under(prefix.rstrip("/"), _of_flow_logs(read, flow_log)), _FLOW_LOGS


def _organization(read: Reader) -> str:
    about = ACCOUNT.resource(read.account, read.region, read.account)
    return read.of(Organization, about).id


def _of_flow_logs(read: Reader, flow_log: Mapping[str, Any]) -> str:
    if (flow_log.get("DestinationOptions") or {}).get("HiveCompatiblePartitions"):
        return f"aws-account-id={read.account}/aws-service=vpcflowlogs"
    return f"{read.account}/vpcflowlogs"


def _under(prefix: str | None, kind: str) -> str:
    return "/".join(part for part in (prefix, "AWSLogs", kind) if part)


def _bucket(read: Reader, name: str, prefixes: Mapping[str, str]) -> AuditBucket | None:
    """The bucket, None where it was deleted since it was listed."""
    kept: BucketRetention | Unreadable
    try:
        kept = read.of(BucketRetention, BUCKET.resource(read.account, read.region, name))
    except Gone:
        return None
    except Unreadable as unreadable:
        kept = unreadable
    return AuditBucket(name, tuple((p, writer) for p, writer in prefixes.items()), kept)


def _flow_logs(read: Reader) -> Iterable[Mapping[str, Any]]:
    return read.every("ec2", "describe_flow_logs", "FlowLogs")


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
