"""What AWS Config says of its recorder and of its delivery channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from readiness.model.evidence import REGION, ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.moments import in_utc

IAM_TYPES = frozenset({"AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User"})
"""The types that ``includeGlobalResourceTypes`` is about (RecordingGroup in the API reference)."""

DAILY = "DAILY"
_FAILED_DELIVERY = (
    "ConfigurationHistoryDeliveryFailed",
    "ConfigurationSnapshotDeliveryFailed",
)


class Strategy(StrEnum):
    """Which types a recorder records (``RecordingStrategy.useOnly``)."""

    ALL = "ALL_SUPPORTED_RESOURCE_TYPES"
    INCLUSION = "INCLUSION_BY_RESOURCE_TYPES"
    EXCLUSION = "EXCLUSION_BY_RESOURCE_TYPES"


@dataclass(frozen=True, slots=True)
class RecordingStatus:
    """DescribeConfigurationRecorderStatus. ``last`` is in lower case, empty if not given."""

    recording: bool
    last: str = ""
    error: str = ""
    changed: datetime | None = None
    started: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConfigurationRecorder:
    """A customer managed recorder; ``status`` is None where AWS gives none for it.

    ``frequencies`` are the overrides of ``frequency`` by resource type.
    """

    name: str
    strategy: Strategy = Strategy.ALL
    types: frozenset[str] = frozenset()
    with_iam: bool = True
    frequency: str = ""
    frequencies: Mapping[str, str] = field(default_factory=dict)
    status: RecordingStatus | None = None

    def records(self, type_: str) -> bool:
        """Whether it records the type. Where the type does not exist is not its matter."""
        if self.strategy is Strategy.INCLUSION:
            return type_ in self.types
        if self.strategy is Strategy.EXCLUSION:
            return type_ not in self.types
        return self.with_iam or type_ not in IAM_TYPES

    @property
    def first_after(self) -> timedelta:
        """How much longer than others it takes to record anything at all: daily ones a day."""
        at_once = any(each and each != DAILY for each in self.frequencies.values())
        return timedelta(days=1 if self.frequency == DAILY and not at_once else 0)

    def is_daily(self, type_: str) -> bool:
        """Whether it records the type once a day, not at each change."""
        return self.frequencies.get(type_, self.frequency) == DAILY


@evidence(
    REGION,
    reads=(
        "config:DescribeConfigurationRecorders",
        "config:DescribeConfigurationRecorderStatus",
    ),
    changed_by=(
        api_call(
            "config",
            "PutConfigurationRecorder",
            "StartConfigurationRecorder",
            "StopConfigurationRecorder",
            "DeleteConfigurationRecorder",
            "AssociateResourceTypes",
            "DisassociateResourceTypes",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class Recorder:
    """The region's customer managed recorder, None where there is none.

    A recorder of an AWS service records for that service alone, and one of a connector records
    another cloud: neither counts. ``global_home`` is the region where global services of the
    partition are recorded. Sources: DescribeConfigurationRecorders and
    DescribeConfigurationRecorderStatus, which without a name give the customer managed one alone.
    """

    recorder: ConfigurationRecorder | None
    region: str
    global_home: str
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Recorder:
        listed = read.one("config", "describe_configuration_recorders")
        own = [each for each in listed.get("ConfigurationRecorders") or () if _is_own(each)]
        where = (read.region, read.home("iam"), read.now)
        if not own:
            return cls(None, *where)
        states = read.one("config", "describe_configuration_recorder_status")
        status = {
            each.get("name"): each
            for each in states.get("ConfigurationRecordersStatus") or ()
            if not each.get("servicePrincipal")
        }
        [about, *_] = own
        return cls(_recorder(about, status.get(about.get("name"))), *where)

    @property
    def is_idle(self) -> bool:
        """Whether no change is recorded: there is no recorder, or it is stopped, or it fails."""
        if self.recorder is None:
            return True
        status = self.recorder.status
        return status is not None and (not status.recording or status.last == "failure")

    def fault(self, status: RecordingStatus, pending: timedelta) -> str:
        """Why the recorder does not work, as ``is stopped``; empty if it does.

        ``pending`` is for how long its status may be pending, beyond its first recording.
        """
        if not status.recording:
            return "is stopped"
        if status.last == "failure":
            return f"failed to record ({status.error or 'AWS gives no reason'})"
        since = status.changed or status.started
        if self.recorder is not None:
            pending += self.recorder.first_after
        if status.last in {"", "pending"} and (since is None or self.read_at - since > pending):
            when = f" since {since:%Y-%m-%d}" if since else ""
            return f"has not recorded anything yet: its status is pending{when}"
        return ""


def _is_own(recorder: Mapping[str, Any]) -> bool:
    return not (
        recorder.get("servicePrincipal")
        or recorder.get("connectorArn")
        or recorder.get("recordingScope") == "INTERNAL"
    )


@evidence(
    REGION,
    reads=("config:ListConfigurationRecorders",),
    uses=(Recorder,),
    changed_by=(
        api_call(
            "config",
            "PutServiceLinkedConfigurationRecorder",
            "DeleteServiceLinkedConfigurationRecorder",
            "PutThirdPartyServiceLinkedConfigurationRecorder",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class RecordersOfOthers:
    """Whose recorders there are where the customer's records nothing: services, or other clouds.

    They record for their owner alone. Source: ListConfigurationRecorders.
    """

    owners: tuple[str, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> RecordersOfOthers:
        customers = read.of(Recorder, region)
        if not customers.is_idle:
            return cls(())
        summaries = read.every(
            "config", "list_configuration_recorders", "ConfigurationRecorderSummaries"
        )
        owners = {
            each.get("servicePrincipal") or each.get("provider") or each["name"]
            for each in summaries
            if customers.recorder is None or each["name"] != customers.recorder.name
        }
        return cls(tuple(sorted(owners)))

    @property
    def has_security_hub(self) -> bool:
        """Whether Security Hub records for itself: what its controls need, it then has."""
        return any("securityhub" in each.lower() for each in self.owners)


def _recorder(about: Mapping[str, Any], status: Mapping[str, Any] | None) -> ConfigurationRecorder:
    group = about.get("recordingGroup") or {}
    strategy = _strategy(group)
    mode = about.get("recordingMode") or {}
    excluded = (group.get("exclusionByResourceTypes") or {}).get("resourceTypes") or ()
    included = group.get("resourceTypes") or ()
    return ConfigurationRecorder(
        name=about.get("name", ""),
        strategy=strategy,
        types=frozenset(excluded if strategy is Strategy.EXCLUSION else included),
        with_iam=bool(group.get("includeGlobalResourceTypes")),
        frequency=mode.get("recordingFrequency", ""),
        frequencies={
            type_: each.get("recordingFrequency", "")
            for each in mode.get("recordingModeOverrides") or ()
            for type_ in each.get("resourceTypes") or ()
        },
        status=None if status is None else _status(status),
    )


def _strategy(group: Mapping[str, Any]) -> Strategy:
    """The strategy; a recorder that is older than the field has none."""
    if use_only := (group.get("recordingStrategy") or {}).get("useOnly"):
        return Strategy(use_only)
    return Strategy.ALL if group.get("allSupported") else Strategy.INCLUSION


def _status(status: Mapping[str, Any]) -> RecordingStatus:
    return RecordingStatus(
        recording=bool(status.get("recording")),
        last=_plain(status.get("lastStatus")),
        error=_error(status),
        changed=in_utc(status.get("lastStatusChangeTime")),
        started=in_utc(status.get("lastStartTime")),
    )


def _plain(status: str | None) -> str:
    """``SUCCESS``, ``Success`` and ``Not_Applicable``: AWS answers with capitals and without."""
    return (status or "").lower().replace("_", "")


def _error(status: Mapping[str, Any]) -> str:
    parts = (status.get("lastErrorCode"), status.get("lastErrorMessage"))
    return ": ".join(part for part in parts if part)


# -- delivery ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the last delivery of one kind went; ``last`` is empty before the first one."""

    last: str = ""
    error: str = ""
    at: datetime | None = None

    @property
    def failed(self) -> bool:
        return self.last == "failure"

    @property
    def was_tried(self) -> bool:
        return self.last not in {"", "notapplicable"}


@dataclass(frozen=True, slots=True)
class Channel:
    """A delivery channel; ``status_known`` is false where AWS gives no status for it."""

    name: str
    bucket: str
    schedules_snapshots: bool
    history: Delivery
    snapshot: Delivery
    stream: Delivery
    status_known: bool = True


def delivery_channels(read: Reader) -> Sequence[Mapping[str, Any]]:
    """Where Config's recorders deliver to. Raises Unreadable. Source: DescribeDeliveryChannels."""
    return read.every("config", "describe_delivery_channels", "DeliveryChannels")


@evidence(
    REGION,
    reads=("config:DescribeDeliveryChannels", "config:DescribeDeliveryChannelStatus"),
    changed_by=(
        api_call("config", "PutDeliveryChannel", "DeleteDeliveryChannel"),
        ServiceEvent(
            "Config Configuration History Delivery Status",
            match=(("messageType", _FAILED_DELIVERY[:1]),),
        ),
        ServiceEvent(
            "Config Configuration Snapshot Delivery Status",
            match=(("messageType", _FAILED_DELIVERY[1:]),),
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class DeliveryChannel:
    """Where the region's recorder delivers to, None where it delivers nowhere.

    A region has at most one channel. Sources: DescribeDeliveryChannels,
    DescribeDeliveryChannelStatus.
    """

    channel: Channel | None

    @classmethod
    def load(cls, read: Reader, region: Resource) -> DeliveryChannel:
        channels = delivery_channels(read)
        if not channels:
            return cls(None)
        about = channels[0]
        statuses = read.one("config", "describe_delivery_channel_status")
        found = [
            each
            for each in statuses.get("DeliveryChannelsStatus") or ()
            if each.get("name") == about.get("name")
        ]
        status = found[0] if found else {}
        snapshots = about.get("configSnapshotDeliveryProperties") or {}
        return cls(
            Channel(
                name=about.get("name", ""),
                bucket=about.get("s3BucketName", ""),
                schedules_snapshots=bool(snapshots.get("deliveryFrequency")),
                history=_delivery(status.get("configHistoryDeliveryInfo")),
                snapshot=_delivery(status.get("configSnapshotDeliveryInfo")),
                stream=_notified(status.get("configStreamDeliveryInfo")),
                status_known=bool(found),
            )
        )


def _delivery(info: Mapping[str, Any] | None) -> Delivery:
    info = info or {}
    return Delivery(
        _plain(info.get("lastStatus")), _error(info), in_utc(info.get("lastAttemptTime"))
    )


def _notified(info: Mapping[str, Any] | None) -> Delivery:
    """Notifications to an SNS topic have no time of an attempt."""
    info = info or {}
    return Delivery(_plain(info.get("lastStatus")), _error(info))
