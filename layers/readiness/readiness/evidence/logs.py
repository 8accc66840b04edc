"""What CloudWatch Logs says of log groups: their class, how long they keep, what they mask."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from readiness.model.evidence import REGION, ResourceType, api_call, evidence, first_field
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_READS = ("logs:DescribeLogGroups",)


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("logs", "describe_log_groups", "logGroups")


def _find(read: Reader) -> Iterable[str]:
    return [group["logGroupName"] for group in _listed(read)]


LOG_GROUP = ResourceType(
    "AWS::Logs::LogGroup",
    _find,
    find_reads=_READS,
    changed_by=(
        api_call("logs", "CreateLogGroup", "DeleteLogGroup", id="requestParameters.logGroupName"),
    ),
    identify=None,
    arn="arn:{partition}:logs:{region}:{account}:log-group:{id}",
    plain=first_field,
)
"""AWS Config does not record log groups."""


def _described(read: Reader, group: Resource) -> Mapping[str, Any]:
    """The log group itself.

    DescribeLogGroups sorts by name: a name comes before those that begin with it.
    """
    answer = read.one("logs", "describe_log_groups", logGroupNamePrefix=group.id)
    found = [each for each in answer["logGroups"] if each["logGroupName"] == group.id]
    if not found:
        raise Gone(group.key)
    described: Mapping[str, Any] = found[0]
    return described


@evidence(LOG_GROUP, reads=_READS)
@dataclass(frozen=True, slots=True)
class LogGroup:
    """The log group and its class.

    ``group_class`` is ``STANDARD``, ``INFREQUENT_ACCESS``, ``ESSENTIALS`` or ``DELIVERY``, which
    only passes on and cannot be queried. ``is_encrypted``: with a KMS key of its own.
    Source: DescribeLogGroups, one answer for every group.
    """

    name: str
    group_class: str = "STANDARD"
    created: datetime | None = None
    is_encrypted: bool = False

    @classmethod
    def load(cls, read: Reader, group: Resource) -> LogGroup:
        return cls.of(_described(read, group))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, LogGroup]:
        return {group["logGroupName"]: cls.of(group) for group in _listed(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> LogGroup:
        """From a ``LogGroup`` of the API."""
        created = answer.get("creationTime")
        return cls(
            name=answer["logGroupName"],
            group_class=answer.get("logGroupClass") or "STANDARD",
            created=datetime.fromtimestamp(created / 1000, UTC) if created else None,
            is_encrypted=bool(answer.get("kmsKeyId")),
        )


@evidence(LOG_GROUP, uses=(LogGroup,))
@dataclass(frozen=True, slots=True)
class LogDestination:
    """The log group that something writes to, None where it does not exist."""

    group: LogGroup | None

    @classmethod
    def load(cls, read: Reader, group: Resource) -> LogDestination:
        try:
            return cls(read.of(LogGroup, group))
        except Gone:
            return cls(None)


@evidence(
    LOG_GROUP,
    reads=_READS,
    changed_by=(
        api_call(
            "logs",
            "PutRetentionPolicy",
            "DeleteRetentionPolicy",
            id="requestParameters.logGroupName",
        ),
        api_call("logs", "PutAccountPolicy", "DeleteAccountPolicy"),
    ),
)
@dataclass(frozen=True, slots=True)
class LogRetention:
    """How long the log group really keeps events.

    ``days`` is None where they never expire. A retention policy of the account overrides the
    group's own, and ``account_policy`` is its name then: DescribeLogGroups gives the days that are
    in force, PutRetentionPolicy's event does not. Source: DescribeLogGroups.
    """

    name: str
    days: int | None = None
    account_policy: str = ""
    group_class: str = "STANDARD"

    @classmethod
    def load(cls, read: Reader, group: Resource) -> LogRetention:
        return cls.of(_described(read, group))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, LogRetention]:
        return {group["logGroupName"]: cls.of(group) for group in _listed(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> LogRetention:
        """From a ``LogGroup`` of the API."""
        return cls(
            name=answer["logGroupName"],
            days=answer.get("retentionInDays"),
            account_policy=answer.get("retentionPolicyName", ""),
            group_class=answer.get("logGroupClass") or "STANDARD",
        )


# -- what is masked -------------------------------------------------------------------------------


@evidence(LOG_GROUP, reads=_READS)
@dataclass(frozen=True, slots=True)
class LogProtection:
    """Whether the log group has a data protection policy.

    ``status`` is ``ACTIVATED`` with a policy of its own; ``DELETED``, ``DISABLED`` and
    ``ARCHIVED`` say that it had one once, empty that it never had. ``inherits``: the policy of the
    account applies too. Source: DescribeLogGroups, one answer for every group.
    """

    name: str
    group_class: str = "STANDARD"
    status: str = ""
    inherits: bool = False

    @classmethod
    def load(cls, read: Reader, group: Resource) -> LogProtection:
        return cls.of(_described(read, group))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, LogProtection]:
        return {group["logGroupName"]: cls.of(group) for group in _listed(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> LogProtection:
        """From a ``LogGroup`` of the API."""
        return cls(
            name=answer["logGroupName"],
            group_class=answer.get("logGroupClass") or "STANDARD",
            status=answer.get("dataProtectionStatus", ""),
            inherits="ACCOUNT_DATA_PROTECTION" in (answer.get("inheritedProperties") or ()),
        )

    @property
    def has_own_policy(self) -> bool:
        return self.status == "ACTIVATED"


@evidence(
    REGION,
    reads=("logs:DescribeAccountPolicies",),
    changed_by=(api_call("logs", "PutAccountPolicy", "DeleteAccountPolicy"),),
)
@dataclass(frozen=True, slots=True)
class AccountProtection:
    """The data protection policy of the account in the region, as JSON text, empty for none.

    It applies to every log group, existing or new. Sources: DescribeAccountPolicies,
    PutAccountPolicy.
    """

    text: str = ""

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AccountProtection:
        found = account_policies(read, "DATA_PROTECTION_POLICY")
        return cls(found[0]["policyDocument"]) if found else cls()


def account_policies(
    read: Reader, kind: str, *, absent: Sequence[str] = ()
) -> Sequence[Mapping[str, Any]]:
    """The policies of one kind that the account sets for its log groups in the region.

    ``absent`` are error codes of a region that does not know the kind. Raises Unreadable.
    Source: DescribeAccountPolicies.
    """
    return read.every(
        "logs", "describe_account_policies", "accountPolicies", absent=absent, policyType=kind
    )


def protection_policy(read: Reader, group: str) -> str:
    """A log group's own data protection policy, as JSON text. Raises Gone, Unreadable.

    Source: GetDataProtectionPolicy.
    """
    answer = read.one(
        "logs",
        "get_data_protection_policy",
        gone=("ResourceNotFoundException",),
        logGroupIdentifier=group,
    )
    return str(answer.get("policyDocument", ""))


# -- who gets what is logged ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription filter: which events of a log group go where.

    ``pattern`` and ``fields`` (a condition on system fields, such as ``@aws.region``) are empty
    where every event does. ``criteria`` says which log groups an account's policy selects; it is
    empty for the filter of a single group.
    """

    name: str
    destination: str = ""
    pattern: str = ""
    criteria: str = ""
    fields: str = ""

    @property
    def forwards_everything(self) -> bool:
        """Whether no event is left out."""
        return not self.pattern.strip() and not self.fields.strip()


@evidence(
    REGION,
    reads=("logs:DescribeAccountPolicies",),
    changed_by=(api_call("logs", "PutAccountPolicy", "DeleteAccountPolicy"),),
)
@dataclass(frozen=True, slots=True)
class AccountSubscriptions:
    """The subscription filters that the account sets for its log groups in the region.

    Sources: DescribeAccountPolicies, PutAccountPolicy (the shape of the document).
    """

    all: tuple[Subscription, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AccountSubscriptions:
        found = account_policies(read, "SUBSCRIPTION_FILTER_POLICY")
        return cls(tuple(map(_of_policy, found)))


def _of_policy(policy: Mapping[str, Any]) -> Subscription:
    document = json.loads(policy["policyDocument"])
    return Subscription(
        policy["policyName"],
        document.get("DestinationArn", ""),
        document.get("FilterPattern") or "",
        policy.get("selectionCriteria", ""),
    )


def subscriptions_of(read: Reader, group: str) -> tuple[Subscription, ...]:
    """The filters of one log group. Raises Gone for a group that does not exist."""
    found = read.every(
        "logs",
        "describe_subscription_filters",
        "subscriptionFilters",
        gone=("ResourceNotFoundException",),
        logGroupName=group,
    )
    return tuple(
        Subscription(
            each["filterName"],
            each["destinationArn"],
            each.get("filterPattern") or "",
            fields=each.get("fieldSelectionCriteria") or "",
        )
        for each in found
    )


# -- who looks at it ------------------------------------------------------------------------------


@evidence(
    LOG_GROUP,
    reads=(*_READS, "logs:DescribeMetricFilters"),
    changed_by=(
        api_call(
            "logs", "PutMetricFilter", "DeleteMetricFilter", id="requestParameters.logGroupName"
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class MetricFilters:
    """The metrics that the filters of the log group publish, as namespace and name.

    Source: DescribeMetricFilters, one listing for every group.
    """

    metrics: tuple[tuple[str, str], ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> MetricFilters:
        found = read.every(
            "logs",
            "describe_metric_filters",
            "metricFilters",
            gone=("ResourceNotFoundException",),
            logGroupName=group.id,
        )
        return cls(_metrics(found))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, MetricFilters]:
        found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in _find(read)}
        for each in read.every("logs", "describe_metric_filters", "metricFilters"):
            found.setdefault(each["logGroupName"], []).append(each)
        return {name: cls(_metrics(filters)) for name, filters in found.items()}


def _metrics(filters: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (each["metricNamespace"], each["metricName"])
        for found in filters
        for each in found.get("metricTransformations") or ()
    )


LOG_DETECTOR_CHANGES = api_call(
    "logs", "CreateLogAnomalyDetector", "UpdateLogAnomalyDetector", "DeleteLogAnomalyDetector"
)


@dataclass(frozen=True, slots=True)
class LogDetector:
    """A log anomaly detector and the log groups it reads."""

    name: str
    log_groups: frozenset[str]
    status: str = ""


def log_detectors(read: Reader) -> tuple[LogDetector, ...]:
    """Every log anomaly detector of the region. Source: ListLogAnomalyDetectors."""

    def listed(read: Reader) -> tuple[LogDetector, ...]:
        found = read.every("logs", "list_log_anomaly_detectors", "anomalyDetectors")
        return tuple(map(_log_detector, found))

    return read.made_once("log anomaly detectors", listed)


def _log_detector(answer: Mapping[str, Any]) -> LogDetector:
    groups = [arn.partition(":log-group:")[2] for arn in answer.get("logGroupArnList") or ()]
    return LogDetector(
        answer.get("detectorName", ""),
        frozenset(group.removesuffix(":*") for group in groups),
        answer.get("anomalyDetectorStatus", ""),
    )
