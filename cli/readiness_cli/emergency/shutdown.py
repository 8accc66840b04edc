"""Stop a function or a service so that nothing is lost and everything can be brought back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.aws_errors import code_of
from readiness.model.text import clean
from readiness_cli.emergency.ecs_rollback import describe
from readiness_cli.emergency.plan import Call, Plan, State
from readiness_cli.failure import Failure

if TYPE_CHECKING:
    from readiness.engine.aws import Aws

NAME = "shutdown"
ASYNCHRONOUS = frozenset(
    {
        "s3.amazonaws.com",
        "sns.amazonaws.com",
        "events.amazonaws.com",
        "ses.amazonaws.com",
        "iot.amazonaws.com",
        "config.amazonaws.com",
        "cloudformation.amazonaws.com",
        "codecommit.amazonaws.com",
        "codepipeline.amazonaws.com",
        "logs.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "lambda.alarms.cloudwatch.amazonaws.com",
        "scheduler.amazonaws.com",
    }
)
"""Services that invoke asynchronously (Lambda developer guide, "Invoking with other services").
With no concurrency, Lambda sends what they hand over to the failure sink at once, or drops it."""

_ON = {"Enabled", "Enabling", "Creating", "Updating"}
_STILL = {"Disabling", "Updating"}
_SUSPENDED = {
    "DynamicScalingInSuspended": True,
    "DynamicScalingOutSuspended": True,
    "ScheduledScalingSuspended": True,
}


@dataclass(frozen=True, slots=True)
class StopFunction:
    """A function: its event source mappings are disabled, then its concurrency is set to 0.

    Lambda refuses 0 while concurrency is provisioned, so that goes in between.
    """

    function: str
    allow_drop: bool = False

    name = NAME

    @property
    def target(self) -> str:
        return f"lambda/{self.function}"

    def look(self, aws: Aws) -> State:
        client = aws.client("lambda")
        try:
            reserved = client.get_function_concurrency(FunctionName=self.function)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            raise Failure(
                f"there is no function {self.function!r} in {aws.region}",
                why="The procedure acts on one function that is named",
                fix="aws lambda list-functions --query 'Functions[].FunctionName'",
            ) from None
        mappings = _mappings(aws, self.function)
        return {
            # No reserved concurrency and 0 are two things: 0 stops the function.
            "concurrency": reserved.get("ReservedConcurrentExecutions"),
            "enabled": sorted(uuid for uuid, state in mappings.items() if state in _ON),
            "known": sorted(mappings),
            "stopping": sorted(uuid for uuid, state in mappings.items() if state in _STILL),
            "provisioned": _provisioned(aws, self.function),
        }

    def plan(self, aws: Aws, state: State, at: datetime) -> Plan:  # noqa: ARG002
        before = {name: state[name] for name in ("concurrency", "enabled", "provisioned")}
        calls = [
            # First, so that no queue counts receives of messages that nobody takes.
            Call(
                f"disable the event source mapping {uuid}",
                "lambda",
                "update_event_source_mapping",
                {"UUID": uuid, "Enabled": False},
            )
            for uuid in state["enabled"]
        ]
        calls += [
            Call(
                f"remove the provisioned concurrency of {qualifier}",
                "lambda",
                "delete_provisioned_concurrency_config",
                {"FunctionName": self.function, "Qualifier": qualifier},
            )
            for qualifier in state["provisioned"]
        ]
        if state["concurrency"] != 0:
            calls.append(
                Call(
                    f"reserved concurrency: {_spoken(state['concurrency'])} → 0",
                    "lambda",
                    "put_function_concurrency",
                    {"FunctionName": self.function, "ReservedConcurrentExecutions": 0},
                )
            )
        lost = _lost(aws, self.function)
        refusals, warnings = [], list(_unread(lost))
        for qualifier, services in lost.items():
            told = f"{', '.join(services)} invoke{'s' if len(services) == 1 else ''} {qualifier}"
            if self.allow_drop:
                warnings.append(f"{told}; those events are lost while it is stopped.")
            else:
                refusals.append(
                    f"{told} asynchronously and no failure sink takes what it cannot: those events"
                    " would be lost. Set an on-failure destination, or add --allow-drop."
                )
        if not calls:
            refusals.append("The function is stopped already.")
        warnings.append("Whoever invokes it synchronously gets TooManyRequestsException (429).")
        return Plan(
            NAME,
            self.target,
            before,
            {"concurrency": 0, "enabled": [], "stopping": [], "provisioned": {}},
            () if refusals else tuple(calls),
            tuple(warnings),
            tuple(refusals),
        )

    def undo(self, before: State, state: State) -> tuple[Call, ...]:
        calls = []
        if state["concurrency"] != before["concurrency"]:
            says = f"reserved concurrency: {_spoken(before['concurrency'])} again"
            if before["concurrency"] is None:
                given: Mapping[str, Any] = {"FunctionName": self.function}
                calls.append(Call(says, "lambda", "delete_function_concurrency", given))
            else:
                given = {
                    "FunctionName": self.function,
                    "ReservedConcurrentExecutions": before["concurrency"],
                }
                calls.append(Call(says, "lambda", "put_function_concurrency", given))
        calls += [
            Call(
                f"provision {number} of {qualifier} again",
                "lambda",
                "put_provisioned_concurrency_config",
                {
                    "FunctionName": self.function,
                    "Qualifier": qualifier,
                    "ProvisionedConcurrentExecutions": number,
                },
            )
            for qualifier, number in before["provisioned"].items()
            if qualifier not in state["provisioned"]
        ]
        calls += [
            Call(
                f"enable the event source mapping {uuid}",
                "lambda",
                "update_event_source_mapping",
                {"UUID": uuid, "Enabled": True},
            )
            for uuid in before["enabled"]
            # One that was deleted meanwhile must not keep the others from coming back.
            if uuid not in state["enabled"] and uuid in state["known"]
        ]
        return tuple(calls)


def _spoken(concurrency: int | None) -> str:
    return "none" if concurrency is None else str(concurrency)


def _provisioned(aws: Aws, function: str) -> dict[str, int]:
    """How much concurrency is provisioned, by alias or version."""
    pages = aws.client("lambda").get_paginator("list_provisioned_concurrency_configs")
    return {
        each["FunctionArn"].rpartition(":")[2]: each["RequestedProvisionedConcurrentExecutions"]
        for page in pages.paginate(FunctionName=function)
        for each in page["ProvisionedConcurrencyConfigs"]
    }


def _mappings(aws: Aws, function: str) -> dict[str, str]:
    """The state of each event source mapping of a function, whatever its qualifier."""
    pages = aws.client("lambda").get_paginator("list_event_source_mappings").paginate()
    return {
        each["UUID"]: each["State"]
        for page in pages
        for each in page["EventSourceMappings"]
        if each.get("FunctionArn", "").split(":")[6:7] == [function]
    }


def _lost(aws: Aws, function: str) -> dict[str, list[str]]:
    """The services whose asynchronous events nothing would take, for each qualifier."""
    client = aws.client("lambda")
    aliases = client.get_paginator("list_aliases").paginate(FunctionName=function)
    versions = {
        each["Name"]: each["FunctionVersion"] for page in aliases for each in page["Aliases"]
    }
    sinks = {
        each["FunctionArn"].split(":")[7] if each["FunctionArn"].count(":") > 6 else "$LATEST"
        for page in client.get_paginator("list_function_event_invoke_configs").paginate(
            FunctionName=function
        )
        for each in page["FunctionEventInvokeConfigs"]
        if ((each.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    }
    lost = {}
    for qualifier in ("$LATEST", *versions):
        services = _callers(client, function, qualifier)
        if not services or qualifier in sinks:
            continue
        shown = versions.get(qualifier, qualifier)
        about = client.get_function_configuration(FunctionName=function, Qualifier=shown)
        if not (about.get("DeadLetterConfig") or {}).get("TargetArn"):
            lost[qualifier] = services
    return lost


def _callers(client: Any, function: str, qualifier: str) -> list[str]:
    """The asynchronous services that the resource policy of a qualifier lets in."""
    which = {} if qualifier == "$LATEST" else {"Qualifier": qualifier}
    try:
        policy = client.get_policy(FunctionName=function, **which)["Policy"]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return []
    return sorted({*_services(json.loads(policy))} & ASYNCHRONOUS)


def _services(policy: Mapping[str, Any]) -> Iterator[str]:
    statements = policy.get("Statement") or []
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal")
        named = principal.get("Service", []) if isinstance(principal, dict) else []
        if statement.get("Effect") == "Allow":
            yield from [named] if isinstance(named, str) else named


def _unread(lost: Mapping[str, list[str]]) -> Iterator[str]:
    """What the resource policy does not say: roles may invoke asynchronously too."""
    if not lost:
        yield (
            "EventBridge Scheduler, Pipes and Step Functions invoke by a role, which the resource"
            " policy does not show; Scheduler's retries and dead-letter queue are its own."
        )


@dataclass(frozen=True, slots=True)
class StopService:
    """A service: its scaling is suspended, then its desired count is set to 0."""

    cluster: str
    service: str

    name = NAME

    @property
    def target(self) -> str:
        return f"ecs/{self.cluster}/{self.service}"

    def look(self, aws: Aws) -> State:
        service = describe(aws, self.cluster, self.service)
        scaled = aws.client("application-autoscaling").describe_scalable_targets(
            ServiceNamespace="ecs",
            ResourceIds=[f"service/{self.cluster}/{self.service}"],
            ScalableDimension="ecs:service:DesiredCount",
        )["ScalableTargets"]
        suspended = dict.fromkeys(_SUSPENDED, False)
        return {
            "desired": service["desiredCount"],
            "running": service["runningCount"] + service["pendingCount"],
            "suspended": suspended | scaled[0].get("SuspendedState", {}) if scaled else None,
            "strategy": service.get("schedulingStrategy", "REPLICA"),
        }

    def plan(self, aws: Aws, state: State, at: datetime) -> Plan:  # noqa: ARG002
        refusals, calls = [], []
        if state["strategy"] == "DAEMON":
            refusals.append(
                "A daemon runs on each instance, and its desired count cannot be set. Drain the"
                " instances: aws ecs update-container-instances-state --status DRAINING"
            )
        if state["suspended"] is not None and state["suspended"] != _SUSPENDED:
            calls.append(self._suspend("suspend the scaling", _SUSPENDED))
        if state["desired"] != 0:
            calls.append(self._count(state["desired"], 0))
        if not calls and not refusals:
            refusals.append("The service is stopped already.")
        after: dict[str, Any] = {"desired": 0, "running": 0}
        if state["suspended"] is not None:
            after["suspended"] = _SUSPENDED
        return Plan(
            NAME,
            self.target,
            {"desired": state["desired"], "suspended": state["suspended"]},
            after,
            () if refusals else tuple(calls),
            tuple(_grace(aws, self.cluster, self.service)),
            tuple(refusals),
        )

    def undo(self, before: State, state: State) -> tuple[Call, ...]:
        calls = []
        if state["desired"] != before["desired"]:
            calls.append(self._count(state["desired"], before["desired"]))
        if before["suspended"] is not None and state["suspended"] != before["suspended"]:
            calls.append(self._suspend("let the scaling go on", before["suspended"]))
        return tuple(calls)

    def _count(self, old: int, new: int) -> Call:
        return Call(
            f"desired count of {self.service}: {old} → {new}",
            "ecs",
            "update_service",
            {"cluster": self.cluster, "service": self.service, "desiredCount": new},
        )

    def _suspend(self, says: str, state: Mapping[str, Any]) -> Call:
        return Call(
            f"{says} of {self.service}",
            "application-autoscaling",
            "register_scalable_target",
            {
                "ServiceNamespace": "ecs",
                "ResourceId": f"service/{self.cluster}/{self.service}",
                "ScalableDimension": "ecs:service:DesiredCount",
                "SuspendedState": state,
            },
        )


def _grace(aws: Aws, cluster: str, service: str) -> Iterator[str]:
    """How long each container has between SIGTERM and SIGKILL."""
    named = describe(aws, cluster, service).get("taskDefinition")
    if not named:
        return  # an external controller has the task definitions in its task sets
    try:
        definition = aws.client("ecs").describe_task_definition(taskDefinition=named)
    except (ClientError, BotoCoreError) as error:
        yield f"How long its containers have to end cannot be read: {clean(str(error), 300)}"
        return
    for container in definition["taskDefinition"]["containerDefinitions"]:
        seconds = container.get("stopTimeout", 30)
        yield f"Container {container['name']} is killed {seconds} s after SIGTERM."
