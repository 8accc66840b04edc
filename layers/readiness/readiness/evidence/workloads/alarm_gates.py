"""What an alarm without an action may be for: deployments and DNS failover ask for its state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from readiness.evidence.autoscaling.groups import groups
from readiness.evidence.cloudwatch.alarms import ALARM, AlarmInContext
from readiness.evidence.codedeploy import alarms_of, described_groups
from readiness.evidence.ecs.services import SERVICE_READS, cluster_of, every_service
from readiness.model.event_fields import every_at, request_of
from readiness.model.evidence import ApiCall, Json, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.alarm_inventory import Silence

_NAMED_IN = (
    "alarmConfiguration.alarms.name",
    "deploymentConfiguration.alarms.alarmNames",
    "monitors.alarmArn",
    "Monitors.AlarmArn",
)


def _gating(detail: Json) -> tuple[str, ...] | str | None:
    """The alarms that a recorded call has deployments ask; None where it names none."""
    request = request_of(detail)
    if request is None:
        return ""
    named = [each for path in _NAMED_IN for each in every_at(request, path)]
    return tuple(dict.fromkeys(_name_in(each) for each in named if isinstance(each, str))) or None


def _name_in(named: str) -> str:
    """The name of an alarm that is given by its name or its ARN."""
    return named.partition(":alarm:")[2] or named


@evidence(
    ALARM,
    reads=(
        "appconfig:ListApplications",
        "appconfig:ListEnvironments",
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeInstanceRefreshes",
        "cloudformation:DescribeStacks",
        "codedeploy:BatchGetDeploymentGroups",
        "codedeploy:ListApplications",
        "codedeploy:ListDeploymentGroups",
        "route53:ListHealthChecks",
        *SERVICE_READS,
    ),
    uses=(AlarmInContext,),
    changed_by=(
        api_call("codedeploy", "CreateDeploymentGroup", "UpdateDeploymentGroup", identify=_gating),
        ApiCall(
            "ecs.amazonaws.com",
            ("CreateService", "UpdateService"),
            identify=_gating,
            only_with="deploymentConfiguration",
        ),
        api_call("appconfig", "CreateEnvironment", "UpdateEnvironment", identify=_gating),
    ),
)
@dataclass(frozen=True, slots=True)
class AlarmGate:
    """What asks for the state of an alarm that has no action, itself or by a composite alarm.

    Asked only where an alarm notifies no one for want of an action, one service after the other
    until its purpose is found; empty where nothing asks for it. What stops to ask for it, and
    stacks, refreshes and health checks that begin to, are seen by the sweep. Sources:
    DescribeStacks (rollback triggers), BatchGetDeploymentGroups, ListHealthChecks,
    ListEnvironments of AppConfig (monitors), DescribeServices (deployment alarms),
    DescribeInstanceRefreshes (alarm specification).
    """

    what: str = ""

    @classmethod
    def load(cls, read: Reader, alarm: Resource) -> AlarmGate:
        names = _unheard(read.of(AlarmInContext, alarm))
        found = (what for name, what in _gates(read) if name in names) if names else iter(())
        return cls(next(found, ""))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, AlarmGate]:
        contexts = read.those(AlarmInContext)
        unheard = {id: names for id, each in contexts.items() if (names := _unheard(each))}
        waiting: dict[str, list[str]] = {}
        for id, names in unheard.items():
            for name in names:
                waiting.setdefault(name, []).append(id)
        found: dict[str, str] = {}
        for name, what in _gates(read) if waiting else ():
            for id in waiting.get(name, ()):
                found.setdefault(id, what)
            if len(found) == len(unheard):
                break
        return {id: cls(found.get(id, "")) for id in contexts}


def _unheard(context: AlarmInContext) -> frozenset[str]:
    """The alarm and the composite alarms above it, if it has nothing to do and tells no one."""
    if context.other_purpose:
        return frozenset()
    voice = context.inventory.voice(context.alarm, context.read_at)
    if voice.silence is not Silence.NO_EFFECTIVE_ACTION:
        return frozenset()
    return frozenset(each.name for each in context.inventory.heard(context.alarm))


def _gates(read: Reader) -> Iterator[tuple[str, str]]:
    """Each alarm that something asks for, with what that is; the cheapest to ask come first."""
    parts = (_stacks, _health_checks, _deployment_groups, _environments, _services, _refreshes)
    for part in parts:
        if read.bulk:
            yield from read.made_once(("gates", part.__name__), partial(_all, part))
        else:
            yield from part(read)


def _all(
    part: Callable[[Reader], Iterator[tuple[str, str]]], read: Reader
) -> tuple[tuple[str, str], ...]:
    return tuple(part(read))


def _stacks(read: Reader) -> Iterator[tuple[str, str]]:
    for stack in read.every("cloudformation", "describe_stacks", "Stacks"):
        rollback = stack.get("RollbackConfiguration") or {}
        for trigger in rollback.get("RollbackTriggers") or ():
            name = stack["StackName"]
            yield _name_in(trigger["Arn"]), f"CloudFormation rolls back the stack {name} by it"


def _health_checks(read: Reader) -> Iterator[tuple[str, str]]:
    for check in read.every("route53", "list_health_checks", "HealthChecks"):
        alarm = check["HealthCheckConfig"].get("AlarmIdentifier") or {}
        if alarm.get("Region") == read.region:
            yield alarm["Name"], f"the health check {check['Id']} of Route 53 fails with it"


def _deployment_groups(read: Reader) -> Iterator[tuple[str, str]]:
    for group in described_groups(read):
        for name in alarms_of(group):
            which = f"{group['applicationName']}/{group['deploymentGroupName']}"
            yield name, f"CodeDeploy stops deployments of {which} by it"


def _environments(read: Reader) -> Iterator[tuple[str, str]]:
    for application in read.every("appconfig", "list_applications", "Items"):
        environments = read.every(
            "appconfig",
            "list_environments",
            "Items",
            absent=("ResourceNotFoundException",),
            ApplicationId=application["Id"],
        )
        for environment in environments:
            for monitor in environment.get("Monitors") or ():
                which = f"{application['Name']}/{environment['Name']}"
                yield (
                    _name_in(monitor.get("AlarmArn", "")),
                    f"AppConfig rolls back deployments to {which} by it",
                )


def _services(read: Reader) -> Iterator[tuple[str, str]]:
    for arn, service in every_service(read).items():
        alarms = (service.deployment_configuration or {}).get("alarms") or {}
        for name in alarms.get("alarmNames") or () if alarms.get("enable") else ():
            yield name, f"ECS fails deployments of {cluster_of(arn)}/{service.name} by it"


def _refreshes(read: Reader) -> Iterator[tuple[str, str]]:
    names = [group["AutoScalingGroupName"] for group in groups(read)]
    refreshes = read.each(lambda each: _newest(read, each), names)
    for name, refresh in zip(names, refreshes, strict=True):
        specification = (refresh.get("Preferences") or {}).get("AlarmSpecification") or {}
        for alarm in specification.get("Alarms") or ():
            yield alarm, f"Auto Scaling stops instance refreshes of {name} by it"


def _newest(read: Reader, group: str) -> Mapping[str, Any]:
    """The newest instance refresh of a group, whose alarms the next one mostly has too."""
    answer = read.one(
        "autoscaling",
        "describe_instance_refreshes",
        absent=("ValidationError",),
        AutoScalingGroupName=group,
        MaxRecords=1,
    )
    found: Sequence[Mapping[str, Any]] = (answer or {}).get("InstanceRefreshes") or ()
    return found[0] if found else {}
