"""What CloudWatch Logs says of log groups: their class, and how long they really keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from readiness.model.evidence import ResourceType, api_call, evidence
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
    only passes on and cannot be queried. Source: DescribeLogGroups, one answer for every group.
    """

    name: str
    group_class: str = "STANDARD"
    created: datetime | None = None

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
