"""What Secrets Manager says of a secret, never what the secret says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from readiness.evidence.awslambda.functions import function_name
from readiness.model.evidence import (
    REGION,
    ConfigItem,
    ResourceType,
    ServiceEvent,
    api_call,
    evidence,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.rotation_schedule import longest_gap_days

_WHOLE = re.compile(r"arn:.+:secret:.+-[A-Za-z0-9]{6}")
_NO_CALL = "AWS Service Event via CloudTrail"
_IN_EVENT = (
    "additionalEventData.SecretId|serviceEventDetails.secretId"
    "|responseElements.arn|responseElements.aRN"
)
_EVENTS = (("eventSource", ("secretsmanager.amazonaws.com",)),)
_ROTATIONS = ("RotationSucceeded", "RotationFailed", "RotationAbandoned")


def secret_arn(value: str) -> str | None:
    """The ARN; None for a name or a partial ARN, from which its random ending cannot be told."""
    return value if _WHOLE.fullmatch(value) else None


def _utc(moment: datetime | None) -> datetime | None:
    """The SDK gives times in the zone of the machine it runs on."""
    return moment.astimezone(UTC) if moment else None


def _listed(read: Reader) -> Sequence[Any]:
    return read.every("secretsmanager", "list_secrets", "SecretList", MaxResults=100)


def rotating_functions(read: Reader) -> frozenset[str]:
    """The names of the functions that rotate secrets. Needs ``secretsmanager:ListSecrets``."""

    def named(read: Reader) -> frozenset[str]:
        arns = (each.get("RotationLambdaARN") or "" for each in _listed(read))
        return frozenset(name for arn in arns if arn and (name := function_name(arn)))

    return read.made_once("functions that rotate secrets", named)


def _find(read: Reader) -> Iterable[str]:
    return [secret["ARN"] for secret in _listed(read)]


SECRET = ResourceType(
    "AWS::SecretsManager::Secret",
    _find,
    find_reads=("secretsmanager:ListSecrets",),
    changed_by=(
        api_call(
            "secretsmanager",
            "CreateSecret",
            "UpdateSecret",
            "DeleteSecret",
            "RestoreSecret",
            "StopReplicationToReplica",
            id="responseElements.arn|responseElements.aRN|requestParameters.secretId",
            normalise=secret_arn,
        ),
        ServiceEvent(
            _NO_CALL,
            match=(*_EVENTS, ("eventName", ("EndSecretVersionDelete",))),
            id=_IN_EVENT,
            normalise=secret_arn,
        ),
    ),
    arn="{id}",
)


@evidence(
    SECRET,
    reads=("secretsmanager:DescribeSecret", "secretsmanager:ListSecrets"),
    changed_by=(
        api_call(
            "secretsmanager",
            "RotateSecret",
            "CancelRotateSecret",
            "PutSecretValue",
            "UpdateSecretVersionStage",
            id="responseElements.arn|responseElements.aRN|requestParameters.secretId",
            normalise=secret_arn,
        ),
        ServiceEvent(
            _NO_CALL,
            match=(*_EVENTS, ("eventName", _ROTATIONS)),
            id=_IN_EVENT,
            normalise=secret_arn,
        ),
        ConfigItem(
            "AWS::SecretsManager::RotationSchedule",
            id="configuration.SecretId",
            normalise=secret_arn,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class SecretRotation:
    """Who rotates the secret, how often, and how the last time went.

    ``owner`` is the AWS service that manages the secret, empty for a user's own; ``schedule`` is
    a ``rate()`` or ``cron()`` expression and ``every_days`` what AWS calculates from it, 0 where
    it does not say. ``pending`` says that a rotation began and has not finished: the label
    AWSPENDING stands on a version that is not AWSCURRENT. ``due`` is the latest date of the next
    rotation, and lies in the past when rotations fail. ``primary_region`` differs from ``region``
    for a replica.
    Sources: DescribeSecret; ListSecrets, one answer for every secret.
    """

    arn: str
    name: str
    region: str
    read_at: datetime
    enabled: bool = False
    schedule: str = ""
    every_days: int = 0
    created: datetime | None = None
    changed: datetime | None = None
    rotated: datetime | None = None
    due: datetime | None = None
    deleted: datetime | None = None
    owner: str = ""
    primary_region: str = ""
    pending: bool = False

    @classmethod
    def load(cls, read: Reader, secret: Resource) -> SecretRotation:
        answer = read.one(
            "secretsmanager",
            "describe_secret",
            gone=("ResourceNotFoundException",),
            SecretId=secret.id,
        )
        return cls.of(answer, answer.get("VersionIdsToStages") or {}, read)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, SecretRotation]:
        return {
            secret["ARN"]: cls.of(secret, secret.get("SecretVersionsToStages") or {}, read)
            for secret in _listed(read)
        }

    @classmethod
    def of(
        cls, about: Mapping[str, Any], stages: Mapping[str, list[str]], read: Reader
    ) -> SecretRotation:
        """From the answer of DescribeSecret or an entry of ListSecrets."""
        rules = about.get("RotationRules") or {}
        return cls(
            arn=about["ARN"],
            name=about.get("Name", ""),
            region=read.region,
            read_at=read.now,
            enabled=bool(about.get("RotationEnabled")),
            schedule=rules.get("ScheduleExpression") or "",
            every_days=rules.get("AutomaticallyAfterDays") or 0,
            created=_utc(about.get("CreatedDate")),
            changed=_utc(about.get("LastChangedDate")),
            rotated=_utc(about.get("LastRotatedDate")),
            due=_utc(about.get("NextRotationDate")),
            deleted=_utc(about.get("DeletedDate")),
            owner=_owner(about),
            primary_region=about.get("PrimaryRegion") or "",
            pending=any(
                "AWSPENDING" in labels and "AWSCURRENT" not in labels for labels in stages.values()
            ),
        )

    @property
    def is_replica(self) -> bool:
        """Whether the secret is a copy of one in another region, which is rotated there."""
        return bool(self.primary_region) and self.primary_region != self.region

    @property
    def interval_days(self) -> float:
        """The longest time between two rotations, 0 where the schedule does not tell it."""
        return longest_gap_days(self.schedule) or self.every_days

    @property
    def may_be_renewed_by_hand(self) -> bool:
        """Whether the interval has passed, and yet AWS expects the next rotation later.

        A new value from PutSecretValue or UpdateSecret counts as a rotation for the schedule, and
        leaves the date of the last rotation as it is (RotationRulesType).
        """
        if not self.enabled or self.deleted or self.is_replica:
            return False
        last, now = self.rotated or self.created, self.read_at
        is_late = last is not None and now - last > timedelta(self.interval_days)
        return is_late and self.due is not None and self.due >= now

    def failure(
        self,
        failed: datetime | None,
        grace: timedelta,
        patience: timedelta,
        renewed: datetime | None = None,
    ) -> str:
        """What shows that rotations fail, as a sentence; empty where nothing does.

        A failure recorded after the last success, a date that has passed by more than ``grace``,
        a version left half-way for longer than ``patience``, or nothing new within the interval;
        at ``renewed`` the current value was stored, where that was asked for.
        """
        now = self.read_at
        if failed and self.pending and (self.rotated is None or failed > self.rotated):
            return f"Rotation fails: the last try failed on {failed:%Y-%m-%d %H:%M} UTC."
        if self.due and now > self.due + (timedelta() if self.pending else grace):
            return f"Rotation fails: it was due by {self.due:%Y-%m-%d} and has not happened."
        if self.pending and self.changed and now - self.changed > patience:
            return (
                f"Rotation fails: the one begun on {self.changed:%Y-%m-%d %H:%M} UTC has left a"
                " version labelled AWSPENDING."
            )
        known = (each for each in (self.rotated or self.created, renewed) if each)
        last = max(known, default=None)
        interval = self.interval_days
        if last and interval and now - last > timedelta(interval) + grace:
            return (
                f"Rotation fails: the secret is as it was on {last:%Y-%m-%d}, though it is to"
                f" rotate every {interval:g} days."
            )
        return ""


def _owner(about: Mapping[str, Any]) -> str:
    """``rds`` for ``rds``, ``aws-rds`` and ``rds.amazonaws.com``, or from the name ``rds!…``.

    The name of a user's secret cannot hold an exclamation mark (CreateSecret).
    """
    service = str(about.get("OwningService") or "").lower()
    if not service and "!" in about.get("Name", ""):
        service = str(about["Name"]).partition("!")[0].lower()
    return service.removesuffix(".amazonaws.com").removeprefix("aws-")


@evidence(SECRET, reads=("cloudtrail:LookupEvents",), uses=(SecretRotation,))
@dataclass(frozen=True, slots=True)
class LastRotationFailure:
    """When CloudTrail last recorded RotationFailed for the secret, None if not these two days.

    Asked for only while a rotation has begun and not finished; a label AWSPENDING that stays
    behind does not tell a rotation that failed from one under way. Source: LookupEvents, one
    answer for every secret.
    """

    at: datetime | None = None

    @classmethod
    def load(cls, read: Reader, secret: Resource) -> LastRotationFailure:
        if not read.of(SecretRotation, secret).pending:
            return cls()
        today = read.now.replace(hour=0, minute=0, second=0, microsecond=0)
        events = read.every(
            "cloudtrail",
            "lookup_events",
            "Events",
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "RotationFailed"}],
            StartTime=today - timedelta(days=1),
        )
        named = f'"{secret.id}"'
        times = [e["EventTime"] for e in events if named in e.get("CloudTrailEvent", "")]
        return cls(_utc(max(times, default=None)))


@evidence(SECRET, reads=("secretsmanager:ListSecretVersionIds",), uses=(SecretRotation,))
@dataclass(frozen=True, slots=True)
class CurrentValue:
    """When the value that programs get, labelled AWSCURRENT, was stored; None if not asked for.

    Asked for only where someone may have changed the value by hand instead of a rotation. Source:
    ListSecretVersionIds, which lists the 20 versions at most that have a label.
    """

    at: datetime | None = None

    @classmethod
    def load(cls, read: Reader, secret: Resource) -> CurrentValue:
        if not read.of(SecretRotation, secret).may_be_renewed_by_hand:
            return cls()
        answer = read.one(
            "secretsmanager",
            "list_secret_version_ids",
            gone=("ResourceNotFoundException",),
            SecretId=secret.id,
            MaxResults=100,
        )
        current = (
            each["CreatedDate"]
            for each in answer.get("Versions") or ()
            if "AWSCURRENT" in (each.get("VersionStages") or ()) and each.get("CreatedDate")
        )
        return cls(_utc(max(current, default=None)))


@evidence(
    REGION,
    reads=("secretsmanager:ListSecrets",),
    changed_by=(api_call("secretsmanager", "CreateSecret", "DeleteSecret", "RestoreSecret"),),
)
@dataclass(frozen=True, slots=True)
class SecretsInRegion:
    """How many secrets the region holds."""

    count: int

    @classmethod
    def load(cls, read: Reader, region: Resource) -> SecretsInRegion:
        return cls(len(_listed(read)))
