"""What CloudWatch says of alarms, and of how what they look at is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.cloudwatch.active_series import ActiveSeries, read_published
from readiness.evidence.eventbridge.alarm_listeners import AlarmListeners
from readiness.evidence.sns.topics import TOPIC
from readiness.model.evidence import (
    REGION,
    ResourceType,
    ServiceEvent,
    api_call,
    config_resource_name,
    evidence,
    last_segment,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import NO_SUCH_OPERATION, Gone
from readiness.semantics.alarm_answers import composite_alarm, log_alarm, metric_alarm
from readiness.semantics.alarm_inventory import Inventory, Mute, hours_of
from readiness.semantics.alarms import Alarm, Watched
from readiness.semantics.mute_schedule import muted_hours


def topic_resource(arn: str) -> Resource:
    """The topic an ARN names, which may be in another account or region."""
    _, _, _, region, account, name = arn.split(":", 5)
    return Resource(account, region, TOPIC.name, name)


INVENTORY_READS = (
    "cloudwatch:DescribeAlarms",
    "cloudwatch:ListAlarmMuteRules",
    "cloudwatch:GetAlarmMuteRule",
)
ALARM_EVENT = "CloudWatch Alarm Configuration Change"
ALARM_CHANGES = (
    ServiceEvent(ALARM_EVENT),
    api_call(
        "monitoring",
        "PutLogAlarm",
        "DisableAlarmActions",
        "EnableAlarmActions",
        "PutAlarmMuteRule",
        "DeleteAlarmMuteRule",
    ),
)
"""Whatever changes what the alarms of a region watch or whom they tell, once for each change.

CloudWatch's own event tells that a metric or composite alarm was made, changed or deleted, at once
and without a trail. The configuration item and the API call tell the same minutes later: they wake
only what is about that alarm.
"""

_NO_SUCH_TYPE = ("InvalidParameterValue", "ValidationError", "ValidationException")


def read_inventory(read: Reader, region: str | None = None) -> Inventory:
    """Every alarm and every active mute rule of a region. Raises Unreadable."""
    found = tuple(_alarms(read, region))
    knows = read.knows("cloudwatch", "list_alarm_mute_rules")
    mutes = _mutes(read, region) if knows else ()
    return Inventory(found, tuple(mutes), mutes_known=knows)


def alarms_by_topic(read: Reader) -> Mapping[str, Sequence[tuple[str, bool]]]:
    """The alarms that publish to each topic, each with whether it starts an incident too.

    By the ARN of the topic. Source: DescribeAlarms. Raises Unreadable.
    """

    def told(read: Reader) -> Mapping[str, Sequence[tuple[str, bool]]]:
        found: dict[str, list[tuple[str, bool]]] = {}
        for alarm in read_inventory(read).alarms:
            starts_incident = any(":ssm-incidents:" in action for action in alarm.actions)
            for action in alarm.actions:
                if ":sns:" in action:
                    found.setdefault(action, []).append((alarm.name, starts_incident))
        return found

    return read.made_once("alarms by topic", told)


def _alarms(read: Reader, region: str | None = None) -> Iterator[Alarm]:
    """Every alarm of a region, one at a time. Raises Unreadable."""

    def alarms(key: str) -> Sequence[Mapping[str, object]]:
        kinds = ["MetricAlarm", "CompositeAlarm"]
        return read.every("cloudwatch", "describe_alarms", key, region=region, AlarmTypes=kinds)

    # apart from the others: where there are no log alarms yet, the type itself is refused
    logs = read.every(
        "cloudwatch",
        "describe_alarms",
        "LogAlarms",
        region=region,
        absent=_NO_SUCH_TYPE,
        AlarmTypes=["LogAlarm"],
    )
    yield from map(metric_alarm, alarms("MetricAlarms"))
    yield from map(composite_alarm, alarms("CompositeAlarms"))
    yield from map(log_alarm, logs)


def _mutes(read: Reader, region: str | None) -> Iterable[Mute]:
    active = read.every(
        "cloudwatch",
        "list_alarm_mute_rules",
        "AlarmMuteRuleSummaries",
        region=region,
        absent=NO_SUCH_OPERATION,
        Statuses=["ACTIVE"],
    )
    for summary in active:
        name = last_segment(summary["AlarmMuteRuleArn"]) or ""
        try:
            rule = read.one(
                "cloudwatch",
                "get_alarm_mute_rule",
                region=region,
                gone=("ResourceNotFoundException", "ResourceNotFound"),
                AlarmMuteRuleName=name,
            )
        except Gone:
            continue  # deleted since it was listed
        schedule = (rule.get("Rule") or {}).get("Schedule") or {}
        targets = (rule.get("MuteTargets") or {}).get("AlarmNames") or ()
        window = hours_of(schedule.get("Duration", ""))
        hours = muted_hours(schedule.get("Expression", ""), window)
        yield Mute(name, hours, frozenset(targets))


@evidence(REGION, reads=INVENTORY_READS, changed_by=ALARM_CHANGES)
@dataclass(frozen=True, slots=True)
class Alarms:
    """The metric, composite and log alarms of the region and the active mute rules.

    Sources: DescribeAlarms, ListAlarmMuteRules, GetAlarmMuteRule.
    """

    inventory: Inventory
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Alarms:
        return cls(read_inventory(read), read.now)


def _find(read: Reader) -> Iterable[str]:
    return [alarm.name for alarm in _alarms(read)]


ALARM = ResourceType(
    "AWS::CloudWatch::Alarm",
    _find,
    find_reads=("cloudwatch:DescribeAlarms",),
    changed_by=(
        ServiceEvent(ALARM_EVENT, id="alarmName"),
        api_call(
            "monitoring",
            "PutMetricAlarm",
            "PutCompositeAlarm",
            "PutLogAlarm",
            "DeleteAlarms",
            "DisableAlarmActions",
            "EnableAlarmActions",
            id="requestParameters.alarmName|requestParameters.alarmNames",
        ),
        api_call("monitoring", "PutAlarmMuteRule", "DeleteAlarmMuteRule"),
    ),
    identify=config_resource_name,
    config_id="arn:{partition}:cloudwatch:{region}:{account}:alarm:{id}",
    arn="arn:{partition}:cloudwatch:{region}:{account}:alarm:{id}",
)


@evidence(REGION, uses=(Alarms, AlarmListeners))
@dataclass(frozen=True, slots=True)
class HandedOnAlarms:
    """The alarms of the region with the event rules that hand them on. Sources: those of both."""

    inventory: Inventory
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, region: Resource) -> HandedOnAlarms:
        alarms, listeners = read.of(Alarms, region), read.of(AlarmListeners, region).all
        inventory = alarms.inventory
        if listeners:
            inventory = replace(inventory, listeners=listeners)
        return cls(inventory, alarms.read_at)


@evidence(ALARM, reads=INVENTORY_READS, uses=(AlarmListeners,))
@dataclass(frozen=True, slots=True)
class AlarmInContext:
    """One alarm among all: whether it is heard depends on composite alarms and mute rules.

    And on event rules. Sources: DescribeAlarms, ListAlarmMuteRules, GetAlarmMuteRule, ListRules,
    ListTargetsByRule.
    """

    alarm: Alarm
    inventory: Inventory
    read_at: datetime

    @property
    def other_purpose(self) -> str:
        """What the alarm is for if not to tell anybody; empty where nothing else is seen."""
        if self.alarm.is_scaling:
            return "Auto Scaling made it for itself."
        if self.alarm.name in self.inventory.quieters:
            return "It only keeps composite alarms quiet."
        if self.alarm.actions:
            return f"It is there to act, not to tell: {self.alarm.actions[0]}."
        return ""

    @property
    def topics(self) -> tuple[Resource, ...]:
        """The topics it publishes to when it goes off, wherever they are."""
        arns = [arn for arn in self.alarm.actions if arn.split(":")[2:3] == ["sns"]]
        return tuple(topic_resource(arn) for arn in arns)

    @property
    def functions(self) -> tuple[Resource, ...]:
        """The functions of its own account and region that it invokes when it goes off."""
        here = self.alarm.arn.split(":")[3:5]
        parts = [arn.split(":") for arn in self.alarm.actions]
        return tuple(
            FUNCTION.resource(each[4], each[3], each[6])
            for each in parts
            if each[2:3] == ["lambda"] and each[3:5] == here and len(each) > 6
        )

    @classmethod
    def load(cls, read: Reader, alarm: Resource) -> AlarmInContext:
        region = REGION.resource(read.account, read.region, read.account)
        listeners = read.of(AlarmListeners, region).all
        inventory = replace(read_inventory(read), listeners=listeners)
        if alarm.id not in inventory.by_name:
            raise Gone(alarm.key)
        return cls(inventory.by_name[alarm.id], inventory, read.now)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, AlarmInContext]:
        """All in the inventory that other rules of a run read too."""
        region = REGION.resource(read.account, read.region, read.account)
        alarms = read.of(HandedOnAlarms, region)
        inventory, now = alarms.inventory, read.now
        return {name: cls(alarm, inventory, now) for name, alarm in inventory.by_name.items()}


@evidence(
    REGION,
    reads=("cloudwatch:ListMetrics", "logs:DescribeMetricFilters"),
    uses=(Alarms,),
    changed_by=(api_call("logs", "PutMetricFilter", "DeleteMetricFilter"),),
)
@dataclass(frozen=True, slots=True)
class AlarmedSeries:
    """Which of the series that alarms look at anything has published in 14 days.

    ``filtered`` are those that had no data because they come from a metric filter of a log group
    without a default value: such a filter publishes only when an event matches.

    Source: ListMetrics, once for each metric an alarm names, and once for each thing whose
    alarmed metric was not published, to see whether any other metric of it was.
    """

    published: ActiveSeries
    filtered: frozenset[Watched] = frozenset()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AlarmedSeries:
        alarms = read.of(Alarms, region).inventory.alarms
        watched = {each for alarm in alarms for each in alarm.watches if not each.account}
        series = read_published(read, {(each.namespace, each.metric) for each in watched})
        published = ActiveSeries(series, {})
        quiet = sorted(
            {
                (each.namespace, tuple(sorted(each.dimensions)))
                for each in watched
                if each.dimensions and not published.has(each)
            }
        )

        def is_kin(thing: tuple[str, tuple[tuple[str, str], ...]]) -> bool:
            namespace, dimensions = thing
            found = read.every(
                "cloudwatch",
                "list_metrics",
                "Metrics",
                Namespace=namespace,
                Dimensions=[{"Name": name, "Value": value} for name, value in dimensions],
            )
            return any(len(each.get("Dimensions") or ()) == len(dimensions) for each in found)

        kin = zip(quiet, read.each(is_kin, quiet), strict=True)
        near = frozenset((thing[0], frozenset(thing[1])) for thing, is_near in kin if is_near)
        active = ActiveSeries(series, {}, near)
        own = {each for each in watched if not each.namespace.startswith("AWS/")}
        silent = sorted(
            (each for each in own if not active.has(each) and not active.has_kin(each)),
            key=lambda each: (each.namespace, each.metric, sorted(each.dimensions)),
        )
        waits = read.each(lambda each: _waits_for_events(read, each), silent)
        found = zip(silent, waits, strict=True)
        return cls(active, frozenset(each for each, is_so in found if is_so))


def _waits_for_events(read: Reader, watched: Watched) -> bool:
    """Whether a metric filter without a default value publishes the series."""
    filters = read.every(
        "logs",
        "describe_metric_filters",
        "metricFilters",
        metricName=watched.metric,
        metricNamespace=watched.namespace,
    )
    names = {name for name, _ in watched.dimensions}
    return any(
        (each.get("metricNamespace"), each.get("metricName"))
        == (watched.namespace, watched.metric)
        and each.get("defaultValue") is None
        and set(each.get("dimensions") or ()) == names
        for found in filters
        for each in found.get("metricTransformations") or ()
    )


@evidence(REGION, reads=("cloudwatch:ListMetrics",))
@dataclass(frozen=True, slots=True)
class TableOperations:
    """Which operations of DynamoDB tables were used in the last 14 days. Source: ListMetrics."""

    used: ActiveSeries

    @classmethod
    def load(cls, read: Reader, region: Resource) -> TableOperations:
        return cls(ActiveSeries(read_published(read, [_OPERATION]), {}))

    def of(self, table: str) -> tuple[str, ...]:
        """The operations of one table."""
        return self.used.values(*_OPERATION, {"TableName": table}, "Operation")


_OPERATION = ("AWS/DynamoDB", "SuccessfulRequestLatency")
