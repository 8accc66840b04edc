"""All dead-letter queues and on-failure destinations, with their sources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.evidence.awslambda.functions import function_name
from readiness.evidence.day_parts import amend, in_parts
from readiness.model.event_fields import request_of
from readiness.model.evidence import REGION, Json, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_QUEUE = re.compile(r"arn:[\w-]+:sqs:[\w-]+:\d*:([\w-]+(?:\.fifo)?)")
_ABOUT_FAILURES = re.compile(r"dead_?letter|on_?failure|redrive", re.IGNORECASE)
_ALIKE = 2
"""How many schedules are read of those with the same group and target."""
_ASYNCHRONOUS = "lambda:ListFunctionEventInvokeConfigs"
_SUBSCRIBED = "sns:GetSubscriptionAttributes"
_AT_ONCE, _SUBSCRIPTIONS_AT_ONCE = 300, 1000
"""How many functions and subscriptions are asked in each run; more are asked once a day."""


@evidence(
    REGION,
    reads=(
        "events:DescribeEventBus",
        "events:ListEventBuses",
        "events:ListRules",
        "events:ListTargetsByRule",
        "lambda:ListEventSourceMappings",
        "lambda:ListFunctionEventInvokeConfigs",
        "lambda:ListFunctions",
        "pipes:DescribePipe",
        "pipes:ListPipes",
        "scheduler:GetSchedule",
        "scheduler:ListSchedules",
        "sns:GetSubscriptionAttributes",
        "sns:ListSubscriptions",
    ),
)
@dataclass(frozen=True, slots=True)
class DeadLetterPaths:
    """What sends what it cannot handle to a queue or topic, by the ARN of that.

    Functions (their dead-letter queue, the on-failure destination of asynchronous invocations),
    event source mappings, SNS subscriptions, EventBridge buses and targets, schedules and pipes;
    not queues, of which SQS tells. Of schedules with the same group and target the first two
    stand for all: an account may have a million, and only GetSchedule shows the queue. Where
    there are more than 300 functions or 1,000 subscriptions, what they do is that of the day, but
    for what an event named since.
    """

    senders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to(self, arn: str) -> tuple[str, ...]:
        """What sends its failures to the ARN, each in words."""
        return self.senders.get(arn, ())

    @classmethod
    def load(cls, read: Reader, region: Resource) -> DeadLetterPaths:
        found: dict[str, set[str]] = {}
        for arn, sender in _paths(read):
            if arn:
                found.setdefault(arn, set()).add(sender)
        return cls({arn: tuple(sorted(senders)) for arn, senders in found.items()})


def _paths(read: Reader) -> Iterator[tuple[str, str]]:
    """Each destination of failures and what sends there."""
    yield from _of_functions(read)
    yield from _of_subscriptions(read)
    yield from _of_rules(read)
    yield from _of_schedules(read)
    yield from _of_pipes(read)


def on_failure(answer: Mapping[str, Any]) -> str:
    """The on-failure destination of an event source or of asynchronous invocations, or ``""``."""
    on_failure = (answer.get("DestinationConfig") or {}).get("OnFailure") or {}
    return str(on_failure.get("Destination") or "")


def _of_functions(read: Reader) -> Iterator[tuple[str, str]]:
    names: list[str] = []
    for function in read.every("lambda", "list_functions", "Functions"):
        target = (function.get("DeadLetterConfig") or {}).get("TargetArn", "")
        yield target, f"function {function['FunctionName']}"
        names.append(function["FunctionName"])
    asked = in_parts(read, _ASYNCHRONOUS, names, _AT_ONCE, lambda some: _destinations(read, some))
    for name, targets in asked:
        for target in targets:
            yield target, f"function {name}"
    for mapping in read.every("lambda", "list_event_source_mappings", "EventSourceMappings"):
        name = function_name(mapping.get("FunctionArn", "")) or ""
        yield on_failure(mapping), f"event source of function {name}"


def note_destinations(read: Reader, name: str, targets: Sequence[str]) -> None:
    """Keep what was just read of a function, where the day's answer of many says otherwise.

    A call that takes a destination away does not name it, so that no event leads to the queue.
    """
    amend(read, _ASYNCHRONOUS, name, list(targets))


def _destinations(read: Reader, names: Sequence[str]) -> list[list[str]]:
    def ask(name: str) -> list[str]:
        return [target for each in invoke_settings(read, name) if (target := on_failure(each))]

    return read.each(ask, names)


def invoke_settings(read: Reader, function: str) -> Sequence[Mapping[str, Any]]:
    """What a function's qualifiers do with asynchronous invocations, one for each that says it."""
    return read.every(
        "lambda",
        "list_function_event_invoke_configs",
        "FunctionEventInvokeConfigs",
        absent=("ResourceNotFoundException",),
        FunctionName=function,
    )


def _of_subscriptions(read: Reader) -> Iterator[tuple[str, str]]:
    listed = read.every("sns", "list_subscriptions", "Subscriptions")
    confirmed = [
        each["SubscriptionArn"] for each in listed if each["SubscriptionArn"].startswith("arn:")
    ]

    def redriven(arn: str) -> str:
        return redriven_to(subscription_attributes(read, arn) or {})

    def redriven_all(arns: Sequence[str]) -> list[str]:
        return read.each(redriven, arns)

    asked = in_parts(read, _SUBSCRIBED, confirmed, _SUBSCRIPTIONS_AT_ONCE, redriven_all)
    for arn, target in asked:
        yield target, f"subscription of topic {arn.split(':')[5]}"


def subscription_attributes(read: Reader, arn: str) -> Mapping[str, str] | None:
    """What SNS says of a subscription; None for one that was deleted since it was listed."""
    answer = read.one(
        "sns",
        "get_subscription_attributes",
        absent=("NotFound", "NotFoundException"),
        SubscriptionArn=arn,
    )
    return None if answer is None else answer.get("Attributes") or {}


def redriven_to(attributes: Mapping[str, str]) -> str:
    """The ARN that the redrive policy of a queue or a subscription names, or ``""``."""
    text = attributes.get("RedrivePolicy")
    policy = json.loads(text) if text else {}
    return str(policy.get("deadLetterTargetArn") or "") if isinstance(policy, Mapping) else ""


def _of_rules(read: Reader) -> Iterator[tuple[str, str]]:
    """Of the buses too: an event that a bus cannot encrypt goes to a queue of its own."""

    def bus_target(name: str) -> str:
        answer = read.one(
            "events", "describe_event_bus", absent=("ResourceNotFoundException",), Name=name
        )
        return dead_letter(answer or {})

    buses = [bus["Name"] for bus in read.every("events", "list_event_buses", "EventBuses")]
    yield from zip(read.each(bus_target, buses), map("event bus {}".format, buses), strict=True)
    rules = [(bus, rule["Name"]) for bus, rule in every_rule(read)]

    def targets(rule: tuple[str, str]) -> Sequence[Mapping[str, Any]]:
        return rule_targets(read, *rule)

    for (_, name), found in zip(rules, read.each(targets, rules), strict=True):
        for target in found:
            yield dead_letter(target), f"EventBridge rule {name}"


def every_rule(read: Reader) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each rule as ListRules has it, with the name of its event bus."""
    for bus in read.every("events", "list_event_buses", "EventBuses"):
        for rule in read.every("events", "list_rules", "Rules", EventBusName=bus["Name"]):
            yield bus["Name"], rule


def rule_targets(read: Reader, bus: str, rule: str) -> Sequence[Mapping[str, Any]]:
    """The targets of an EventBridge rule."""
    return read.every(
        "events",
        "list_targets_by_rule",
        "Targets",
        absent=("ResourceNotFoundException",),
        EventBusName=bus,
        Rule=rule,
    )


def dead_letter(answer: Mapping[str, Any]) -> str:
    """The queue of a ``DeadLetterConfig`` of EventBridge, Scheduler or Pipes, or ``""``."""
    return str((answer.get("DeadLetterConfig") or {}).get("Arn") or "")


def _of_schedules(read: Reader) -> Iterator[tuple[str, str]]:
    alike: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for each in read.every("scheduler", "list_schedules", "Schedules"):
        key = (each["GroupName"], (each.get("Target") or {}).get("Arn", ""))
        alike.setdefault(key, []).append(each)
    chosen = [each for group in alike.values() for each in group[:_ALIKE]]

    def target(schedule: Mapping[str, Any]) -> str:
        return dead_letter((schedule_of(read, schedule) or {}).get("Target") or {})

    for each, arn in zip(chosen, read.each(target, chosen), strict=True):
        yield arn, f"schedule {each['Name']}"


def schedule_of(read: Reader, listed: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """GetSchedule of one that ListSchedules shows, None where it was deleted since."""
    answer: Mapping[str, Any] | None = read.one(
        "scheduler",
        "get_schedule",
        absent=("ResourceNotFoundException",),
        GroupName=listed["GroupName"],
        Name=listed["Name"],
    )
    return answer


def _of_pipes(read: Reader) -> Iterator[tuple[str, str]]:
    streams = [
        pipe["Name"]
        for pipe in read.every("pipes", "list_pipes", "Pipes")
        if pipe.get("Source", "").split(":")[2:3] in (["kinesis"], ["dynamodb"])
    ]

    def target(name: str) -> str:
        answer = read.one("pipes", "describe_pipe", absent=("NotFoundException",), Name=name) or {}
        return dead_letter(stream_parameters(answer))

    for name, arn in zip(streams, read.each(target, streams), strict=True):
        yield arn, f"pipe {name}"


def stream_parameters(pipe: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a pipe says of the Kinesis or DynamoDB stream it reads; empty for other sources."""
    source = pipe.get("SourceParameters") or {}
    return source.get("KinesisStreamParameters") or source.get("DynamoDBStreamParameters") or {}


# -- events -----------------------------------------------------------------------------------


def queue_for_failures(detail: Json) -> str | tuple[str, ...] | None:
    """The queues that a recorded call names as destinations of failures; None if it names none."""
    parameters = request_of(detail)
    if parameters is None:
        return ""
    return tuple(_queues(parameters, about_failures=False)) or None


def _queues(value: object, *, about_failures: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        # CloudTrail writes an attribute as {"attributeName": "RedrivePolicy", "attributeValue": …}
        names = {str(each) for each in value.values() if isinstance(each, str)}
        about = about_failures or "RedrivePolicy" in names
        for key, part in value.items():
            is_about = about or bool(_ABOUT_FAILURES.search(str(key)))
            yield from _queues(part, about_failures=is_about)
    elif isinstance(value, str):
        if about_failures and (found := _QUEUE.search(value)):
            yield found[1]
    elif isinstance(value, Iterable):
        for part in value:
            yield from _queues(part, about_failures=about_failures)
