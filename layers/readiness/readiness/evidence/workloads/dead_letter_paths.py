"""What sends its failures where: all dead-letter queues and on-failure destinations."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.evidence.awslambda.functions import function_name
from readiness.model.evidence import REGION, Json, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_QUEUE = re.compile(r"arn:[\w-]+:sqs:[\w-]+:\d*:([\w-]+(?:\.fifo)?)")
_ABOUT_FAILURES = re.compile(r"dead_?letter|on_?failure|redrive", re.IGNORECASE)
_ALIKE = 2
"""How many schedules are read of those with the same group and target."""
_ASYNCHRONOUS = "lambda:ListFunctionEventInvokeConfigs"
_AT_ONCE, _PARTS = 300, 64
"""How many functions are asked in each run, and the parts in which more are asked once a day."""


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
    there are more than 300 functions, their on-failure destinations are those of the day.
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


def _on_failure(answer: Mapping[str, Any]) -> str:
    on_failure = (answer.get("DestinationConfig") or {}).get("OnFailure") or {}
    return str(on_failure.get("Destination") or "")


def _of_functions(read: Reader) -> Iterator[tuple[str, str]]:
    names: list[str] = []
    for function in read.every("lambda", "list_functions", "Functions"):
        target = (function.get("DeadLetterConfig") or {}).get("TargetArn", "")
        yield target, f"function {function['FunctionName']}"
        names.append(function["FunctionName"])
    for name, targets in _asynchronous(read, names):
        for target in targets:
            yield target, f"function {name}"
    for mapping in read.every("lambda", "list_event_source_mappings", "EventSourceMappings"):
        name = function_name(mapping.get("FunctionArn", "")) or ""
        yield _on_failure(mapping), f"event source of function {name}"


def _asynchronous(read: Reader, names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Where each function sends the asynchronous invocations that failed.

    Only a call for each function tells. Thousands take longer than a leg of a sweep has turns
    for, so they are asked in parts, each once a day, that the legs remember for each other.
    """
    if len(names) <= _AT_ONCE:
        yield from zip(names, _destinations(read, names), strict=True)
        return
    parts: dict[int, list[str]] = {}
    for name in names:
        parts.setdefault(zlib.crc32(name.encode()) % _PARTS, []).append(name)
    for number, part in sorted(parts.items()):

        def ask(part: Sequence[str] = part) -> dict[str, list[str]]:
            return dict(zip(part, _destinations(read, part), strict=True))

        question = f"{_ASYNCHRONOUS} {read.account} {read.region} {number}/{_PARTS}"
        known: Mapping[str, list[str]] = read.daily(_ASYNCHRONOUS, question, ask)
        since = [name for name in part if name not in known]
        yield from ((name, known[name]) for name in part if name in known)
        yield from zip(since, _destinations(read, since), strict=True)


def _destinations(read: Reader, names: Sequence[str]) -> list[list[str]]:
    def ask(name: str) -> list[str]:
        settings = read.every(
            "lambda",
            "list_function_event_invoke_configs",
            "FunctionEventInvokeConfigs",
            absent=("ResourceNotFoundException",),
            FunctionName=name,
        )
        return [target for each in settings if (target := _on_failure(each))]

    return read.each(ask, names)


def _of_subscriptions(read: Reader) -> Iterator[tuple[str, str]]:
    listed = read.every("sns", "list_subscriptions", "Subscriptions")
    confirmed = [each for each in listed if each["SubscriptionArn"].startswith("arn:")]

    def redriven(subscription: Mapping[str, Any]) -> str:
        answer = read.one(
            "sns",
            "get_subscription_attributes",
            absent=("NotFound", "NotFoundException"),
            SubscriptionArn=subscription["SubscriptionArn"],
        )
        policy = ((answer or {}).get("Attributes") or {}).get("RedrivePolicy")
        return str(json.loads(policy).get("deadLetterTargetArn", "")) if policy else ""

    for each, target in zip(confirmed, read.each(redriven, confirmed), strict=True):
        yield target, f"subscription of topic {each['TopicArn'].rsplit(':', 1)[-1]}"


def _of_rules(read: Reader) -> Iterator[tuple[str, str]]:
    """Of the buses too: an event that a bus cannot encrypt goes to a queue of its own."""

    def bus_target(name: str) -> str:
        answer = read.one(
            "events", "describe_event_bus", absent=("ResourceNotFoundException",), Name=name
        )
        return _dead_letter(answer or {})

    buses = [bus["Name"] for bus in read.every("events", "list_event_buses", "EventBuses")]
    yield from zip(read.each(bus_target, buses), map("event bus {}".format, buses), strict=True)
    rules = [
        (bus, rule["Name"])
        for bus in buses
        for rule in read.every("events", "list_rules", "Rules", EventBusName=bus)
    ]

    def targets(rule: tuple[str, str]) -> Sequence[Mapping[str, Any]]:
        return read.every(
            "events",
            "list_targets_by_rule",
            "Targets",
            absent=("ResourceNotFoundException",),
            EventBusName=rule[0],
            Rule=rule[1],
        )

    for (_, name), found in zip(rules, read.each(targets, rules), strict=True):
        for target in found:
            yield _dead_letter(target), f"EventBridge rule {name}"


def _dead_letter(answer: Mapping[str, Any]) -> str:
    return str((answer.get("DeadLetterConfig") or {}).get("Arn") or "")


def _of_schedules(read: Reader) -> Iterator[tuple[str, str]]:
    alike: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for each in read.every("scheduler", "list_schedules", "Schedules"):
        key = (each["GroupName"], (each.get("Target") or {}).get("Arn", ""))
        alike.setdefault(key, []).append(each)
    chosen = [each for group in alike.values() for each in group[:_ALIKE]]

    def target(schedule: Mapping[str, Any]) -> str:
        answer = read.one(
            "scheduler",
            "get_schedule",
            absent=("ResourceNotFoundException",),
            GroupName=schedule["GroupName"],
            Name=schedule["Name"],
        )
        return _dead_letter((answer or {}).get("Target") or {})

    for each, arn in zip(chosen, read.each(target, chosen), strict=True):
        yield arn, f"schedule {each['Name']}"


def _of_pipes(read: Reader) -> Iterator[tuple[str, str]]:
    streams = [
        pipe["Name"]
        for pipe in read.every("pipes", "list_pipes", "Pipes")
        if pipe.get("Source", "").split(":")[2:3] in (["kinesis"], ["dynamodb"])
    ]

    def target(name: str) -> str:
        answer = read.one("pipes", "describe_pipe", absent=("NotFoundException",), Name=name) or {}
        source = answer.get("SourceParameters") or {}
        kinesis = source.get("KinesisStreamParameters") or {}
        return _dead_letter(kinesis or source.get("DynamoDBStreamParameters") or {})

    for name, arn in zip(streams, read.each(target, streams), strict=True):
        yield arn, f"pipe {name}"


# -- events -----------------------------------------------------------------------------------


def queue_for_failures(detail: Json) -> str | None:
    """The queue that a recorded call names as a destination of failures; None if it names none."""
    parameters = detail.get("requestParameters") or {}
    return next(_queues(parameters, about_failures=False), None)


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
