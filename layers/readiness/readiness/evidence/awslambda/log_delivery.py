"""Whether what functions log arrives: log events against invocations, hour by hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from readiness.evidence.awslambda.functions import (
    FUNCTION,
    FunctionConfiguration,
)
from readiness.evidence.awslambda.settings import FunctionLogging
from readiness.evidence.awslambda.versions import (
    FunctionAliases,
    published_configurations,
)
from readiness.evidence.cloudwatch.datapoints import DAY, GET_METRIC_DATA
from readiness.evidence.cloudwatch.kept import LIST_METRICS, read_each_published
from readiness.evidence.iam.principals import ROLE
from readiness.evidence.logs import LOG_GROUP
from readiness.evidence.workloads.function_entry_points import hourly_runs_of
from readiness.model.evidence import evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable
from readiness.semantics.metrics import Query, Series, series

_HOUR = timedelta(hours=1)


@evidence(
    FUNCTION,
    reads=(
        GET_METRIC_DATA,
        LIST_METRICS,
        "lambda:GetFunctionConfiguration",
        "lambda:ListAliases",
        "logs:DescribeLogStreams",
    ),
    uses=(FunctionLogging,),
)
@dataclass(frozen=True, slots=True)
class LogDelivery:
    """The hours of the last day in which the function ran, and in which its group got events.

    A published version keeps the log group that the function had then: where nothing arrives in
    the group of the unpublished version, those of the versions behind aliases are looked at.
    ``is_quiet`` is set where Lambda adds no lines of its own, so that a function that logs nothing
    shows nothing. In a group of the user's own, which functions may share, ``stream`` tells
    whether a log stream of this function was begun today or yesterday; None where that was not
    asked. ``unreadable`` says why the streams, or the versions behind aliases, could not be read.
    Sources: AWS/Lambda Invocations, AWS/Logs IncomingLogEvents, DescribeLogStreams; ListAliases
    and GetFunctionConfiguration of what seems silent.
    """

    name: str
    group: str
    log_group: Resource
    group_arn: str
    role: Resource | None
    invocations: Series
    events: Series
    is_quiet: bool = False
    stream: bool | None = None
    unreadable: Unreadable | None = None

    @classmethod
    def load(cls, read: Reader, function: Resource) -> LogDelivery:
        configuration = read.of(FunctionLogging, function)
        return _measured(read, {function.id: configuration})[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, LogDelivery]:
        return _measured(read, read.those(FunctionLogging))

    @property
    def is_shared(self) -> bool:
        """Whether other functions may write to the same log group."""
        return self.group != f"/aws/lambda/{self.name}"

    @property
    def ran(self) -> tuple[datetime, ...]:
        """The hours in which the function was invoked, oldest first."""
        return tuple(stamp for stamp, value in self.invocations.points if value)

    @property
    def heard(self) -> tuple[datetime, ...]:
        """The hours in which it ran and events arrived, in the same hour or the next."""
        arrived = {stamp for stamp, value in self.events.points if value}
        return tuple(hour for hour in self.ran if arrived & {hour, hour + _HOUR})

    @property
    def silent(self) -> tuple[datetime, ...]:
        """The hours in which it ran and nothing arrived.

        The last hour of the window is not among them: what it logged may arrive in the next.
        """
        heard = set(self.heard)
        last = self.invocations.window.end - _HOUR
        return tuple(hour for hour in self.ran if hour not in heard and hour < last)


def _measured(
    read: Reader, configurations: Mapping[str, FunctionConfiguration]
) -> dict[str, LogDelivery]:
    runs = hourly_runs_of(read, configurations, DAY)
    wanted = {name: {"events": _events(each)} for name, each in configurations.items()}
    found = read_each_published(read, wanted, DAY, period=3600)
    deliveries = [
        _delivery(read, each, runs[each.name][0], found[each.name]["events"])
        for each in configurations.values()
    ]
    silent = [each for each in deliveries if each.ran and not each.heard]
    versions, unreadable = _versions(read, [configurations[each.name] for each in silent])
    ran = {each.name: each.invocations for each in silent}
    by_version = _by_version(read, versions, ran)
    deliveries = [
        by_version.get(each.name) or replace(each, unreadable=unreadable.get(each.name))
        for each in deliveries
    ]
    return {
        each.name: each for each in read.each(lambda delivery: _traced(read, delivery), deliveries)
    }


def _versions(
    read: Reader, configurations: Iterable[FunctionConfiguration]
) -> tuple[dict[tuple[str, str], FunctionConfiguration], dict[str, Unreadable]]:
    """The published versions that log elsewhere, by function and version, and what hid them."""
    found, unreadable = {}, {}
    for latest in configurations:
        function = FUNCTION.resource(read.account, read.region, latest.name)
        try:
            aliases = FunctionAliases.load(read, function).all
            is_managed = bool(latest.capacity_provider)
            published = published_configurations(read, latest.name, aliases, is_managed=is_managed)
        except Gone:
            continue  # deleted since it was listed
        except Unreadable as why:
            unreadable[latest.name] = why
            continue
        for version, about in published.items():
            if about.log_group != latest.log_group:
                found[latest.name, version] = about
    return found, unreadable


def _by_version(
    read: Reader,
    versions: Mapping[tuple[str, str], FunctionConfiguration],
    ran: Mapping[str, Series],
) -> dict[str, LogDelivery]:
    """The deliveries of the versions whose events arrive, by function."""
    wanted = {key: {"events": _events(about)} for key, about in versions.items()}
    found = read_each_published(read, wanted, DAY, period=3600) if wanted else {}
    deliveries = [
        _delivery(read, about, ran[about.name], found[key]["events"])
        for key, about in versions.items()
    ]
    return {each.name: each for each in deliveries if each.heard}


def _events(configuration: FunctionConfiguration) -> Query:
    group = configuration.log_group
    return series("AWS/Logs", "IncomingLogEvents", "Sum", LogGroupName=group)


def _delivery(
    read: Reader, configuration: FunctionConfiguration, invocations: Series, events: Series
) -> LogDelivery:
    group = configuration.log_group
    role = last_segment(configuration.role_arn)
    return LogDelivery(
        name=configuration.name,
        group=group,
        log_group=LOG_GROUP.resource(read.account, read.region, group),
        group_arn=f"arn:{read.partition}:logs:{read.region}:{read.account}:log-group:{group}",
        role=ROLE.resource(read.account, read.region, role) if role else None,
        invocations=invocations,
        events=events,
        is_quiet=configuration.system_log_level == "WARN",
    )


def _traced(read: Reader, delivery: LogDelivery) -> LogDelivery:
    """With the function's own stream looked for, where only that tells who wrote."""
    if not delivery.is_shared or not delivery.heard:
        return delivery
    try:
        return replace(delivery, stream=_has_stream(read, delivery))
    except Unreadable as unreadable:
        return replace(delivery, unreadable=unreadable)


def _has_stream(read: Reader, delivery: LogDelivery) -> bool:
    """In a custom group streams are named ``YYYY/MM/DD/function[version][environment]``."""
    for day in (read.now, read.now - DAY):
        answer = read.one(
            "logs",
            "describe_log_streams",
            absent=("ResourceNotFoundException",),
            logGroupName=delivery.group,
            logStreamNamePrefix=f"{day:%Y/%m/%d}/{delivery.name}[",
            limit=1,
        )
        if answer is not None and answer["logStreams"]:
            return True
    return False
