"""Whether a target of an event rule that picks alarms tells someone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.awslambda.functions import FUNCTION_GONE, function_name
from readiness.evidence.awslambda.monitors import configuration, is_monitor, named
from readiness.evidence.sns.listeners import listeners
from readiness.evidence.sqs.queues import QUEUE, QUEUE_GONE, queue_url
from readiness.evidence.stepfunctions import is_going
from readiness.model.reader import Reader
from readiness.model.unreadable import Gone
from readiness.semantics.admission import Answer, admits
from readiness.semantics.requesters import acting
from readiness.semantics.states_language import NotStatesLanguage, tasks_of
from readiness.semantics.subscription_filters import passes_with_body

TARGET_READS = (
    "events:ListApiDestinations",
    "lambda:GetFunctionConcurrency",
    "lambda:GetFunctionConfiguration",
    "lambda:GetPolicy",
    "lambda:ListEventSourceMappings",
    "sqs:GetQueueAttributes",
    "states:DescribeStateMachine",
)
_EVENTBRIDGE = "events.amazonaws.com"
_READS_ON = {"Creating", "Enabled", "Enabling", "Updating"}
"""The states of an event source mapping that hands on what comes, or soon will."""
_TELLING = re.compile(
    r"arn:aws[a-z-]*:(?:lambda:|states:[^:]*:[^:]*:"
    r"(?:aws-sdk:)?(?:(?:http|lambda|ses|sesv2|sns|ssmcontacts|ssmincidents|pinpoint)\b"
    r"|ssm:createOpsItem))"
)
"""The tasks of a state machine that may tell someone: a message, a request, a function."""
_KEY_LOCKED = ("KmsAccessDeniedException", "KmsInvalidStateException")

Way = tuple[Answer, str]
"""Whether a target tells someone, and a clause on why it does not or why that is not certain."""


@dataclass(frozen=True, slots=True)
class Sender:
    """A rule that sends alarms: its ARN, and whether it sends the events of other services too."""

    read: Reader
    rule: str
    is_of_all: bool = False

    def lets(self, policy: str, action: str, target: Mapping[str, Any]) -> Answer:
        """Whether the policy of a target lets EventBridge act for the rule, or a role does."""
        if target.get("RoleArn"):
            return Answer.YES
        if not policy:
            return Answer.NO
        requests = acting(_EVENTBRIDGE, self.read.account, self.rule)
        return admits(policy, [action], target["Arn"], _EVENTBRIDGE, requests)


def way_of(sender: Sender, target: Mapping[str, Any]) -> Way | None:
    """Whether a target tells someone; None for one that is not meant to.

    A log group, a stream that no function reads, Firehose, a task, a build or an automation keeps
    events or acts on them. The functions of this project judge alarms and tell no one of them.
    """
    _, _, service, region, account, name = target["Arn"].split(":", 5)
    if service == "ssm-incidents" or (service, name) == ("ssm", "opsitem"):
        return Answer.YES, ""
    if service in {"execute-api", "notifications"}:
        return _unclear(target["Arn"])
    find = _WAYS.get(service)
    if find is None:
        return None
    is_here = (region, account) == (sender.read.region, sender.read.account)
    if not is_here and service in {"kinesis", "lambda", "sqs", "states"}:
        return Answer.MAYBE, f"its target {target['Arn']} is in another account or region"
    return find(sender, target)


def _unclear(arn: str) -> Way:
    """Another bus or an API may be that of who is on call, a queue may be read by anything.

    AWS User Notifications may have no channel but its console.
    """
    return Answer.MAYBE, f"its target {arn} may keep events or hand them on"


def _by_topic(sender: Sender, target: Mapping[str, Any]) -> Way:
    """Whether a topic of this account reaches someone, and lets EventBridge publish."""
    arn, read = target["Arn"], sender.read
    topic = listeners(read, arn)
    if topic is None:
        return Answer.MAYBE, f"its topic {arn} is in another account"
    deaf, why = topic.deaf(_EVENTBRIDGE, acting(_EVENTBRIDGE, read.account, sender.rule))
    has_role = bool(target.get("RoleArn")) and topic.confirmed
    if deaf is Answer.NO:
        return Answer.YES, ""
    tells = Answer.NO if deaf is Answer.YES and not has_role else Answer.MAYBE
    return tells, f"it publishes to the topic {arn.rpartition(':')[2]}, {why}"


def _by_function(sender: Sender, target: Mapping[str, Any]) -> Way | None:
    """Whether a function of this account gets what the rule sends, and is none of the monitor."""
    read, arn = sender.read, target["Arn"]
    name = function_name(arn) or arn
    about = configuration(read, arn)
    if about is None:
        return Answer.NO, f"its function {name} does not exist"
    ours = is_monitor(about)
    if ours is Answer.YES:
        return None
    if ours is Answer.MAYBE:
        return ours, f"the variables of its function {name} cannot be read, which show whose it is"
    if sender.is_of_all:
        return Answer.MAYBE, f"its function {name} gets the events of all services"
    return _invoked(sender, target, name)


def _invoked(sender: Sender, target: Mapping[str, Any], name: str) -> Way:
    """Whether EventBridge may invoke the function for the rule, and it is not switched off."""
    read, arn = sender.read, target["Arn"]
    reserved = read.one(
        "lambda", "get_function_concurrency", absent=FUNCTION_GONE, FunctionName=name
    )
    if (reserved or {}).get("ReservedConcurrentExecutions") == 0:
        return Answer.NO, f"its function {name} is switched off: its reserved concurrency is 0"
    policy = read.one("lambda", "get_policy", absent=FUNCTION_GONE, **named(arn)) or {}
    may = sender.lets(policy.get("Policy") or "", "lambda:InvokeFunction", target)
    if may is Answer.YES:
        return may, ""
    verb = "does not" if may is Answer.NO else "may not"
    return may, f"the policy of its function {name} {verb} let EventBridge invoke it"


def _by_queue(sender: Sender, target: Mapping[str, Any]) -> Way:
    """Whether a queue of this account takes what the rule sends, and a function reads it."""
    read, arn = sender.read, target["Arn"]
    queue = QUEUE.resource(read.account, read.region, arn.rpartition(":")[2])
    answer = read.one(
        "sqs",
        "get_queue_attributes",
        absent=QUEUE_GONE,
        QueueUrl=queue_url(read, queue),
        AttributeNames=["KmsMasterKeyId", "Policy"],
    )
    if answer is None:
        return Answer.NO, f"its queue {queue.id} does not exist"
    attributes = answer.get("Attributes") or {}
    may = sender.lets(attributes.get("Policy", ""), "sqs:SendMessage", target)
    if may is Answer.NO:
        return may, f"the policy of its queue {queue.id} does not let EventBridge send to it"
    if attributes.get("KmsMasterKeyId", "").endswith("alias/aws/sqs"):
        return (
            Answer.NO,
            f"the AWS-managed key of its queue {queue.id} does not let EventBridge in",
        )
    if may is Answer.YES and not sender.is_of_all and _is_consumed(read, arn):
        return may, ""
    return _unclear(arn)


def _by_stream(sender: Sender, target: Mapping[str, Any]) -> Way | None:
    """A stream that a function reads; any other keeps events."""
    if not _is_consumed(sender.read, target["Arn"]):
        return None
    return Answer.MAYBE, f"the functions that read its stream {target['Arn']} may tell no one"


def _is_consumed(read: Reader, arn: str) -> bool:
    """Whether a function that is none of the monitor reads the queue or the stream."""
    mappings = read.every(
        "lambda",
        "list_event_source_mappings",
        "EventSourceMappings",
        absent=("ResourceNotFoundException",),
        EventSourceArn=arn,
    )
    for each in mappings:
        if each.get("State") not in _READS_ON:
            continue
        about = configuration(read, each["FunctionArn"])
        if about is not None and is_monitor(about) is Answer.NO:
            return True
    return False


def _by_state_machine(sender: Sender, target: Mapping[str, Any]) -> Way:
    """Whether a state machine has a task that sends a message, calls a URL or a function."""
    arn, read = target["Arn"], sender.read
    name = arn.split(":")[6]
    try:
        about = read.one(
            "stepfunctions",
            "describe_state_machine",
            absent=_KEY_LOCKED,
            gone=("StateMachineDoesNotExist",),
            stateMachineArn=arn,
        )
    except Gone:
        return Answer.NO, f"its state machine {name} does not exist"
    if is_going(about or {}):
        return Answer.NO, f"its state machine {name} is being deleted"
    try:
        tasks = tasks_of((about or {}).get("definition") or "")
    except NotStatesLanguage:
        return Answer.MAYBE, f"the definition of its state machine {name} cannot be read"
    if sender.is_of_all or not any(_TELLING.match(each.resource) for each in tasks):
        return _unclear(arn)
    return Answer.YES, ""


def _by_events(sender: Sender, target: Mapping[str, Any]) -> Way:
    """Whether an API destination is connected."""
    arn, read = target["Arn"], sender.read
    if ":api-destination/" not in arn:
        return _unclear(arn)
    name = arn.split("/")[1]
    states = read.made_once("states of API destinations", _destination_states)
    if arn not in states:
        return Answer.NO, f"its API destination {name} does not exist"
    if states[arn] != "ACTIVE":
        return Answer.NO, f"its API destination {name} is {states[arn]}: it is not authorised"
    if sender.is_of_all:
        return Answer.MAYBE, "its API destination gets the events of all services"
    return Answer.YES, ""


def _destination_states(read: Reader) -> dict[str, str]:
    listed = read.every("events", "list_api_destinations", "ApiDestinations")
    return {each["ApiDestinationArn"]: each.get("ApiDestinationState", "") for each in listed}


_WAYS: Mapping[str, Callable[[Sender, Mapping[str, Any]], Way | None]] = {
    "events": _by_events,
    "kinesis": _by_stream,
    "lambda": _by_function,
    "sns": _by_topic,
    "sqs": _by_queue,
    "states": _by_state_machine,
}

_OF_OTHER_SERVICES: tuple[Mapping[str, Any], ...] = tuple(
    dict.fromkeys(("version", "id", "account", "time", "region", "resources", "detail"))
    | {"source": source, "detail-type": kind}
    for source, kind in (
        ("aws.ec2", "EC2 Instance State-change Notification"),
        ("aws.tag", "Tag Change on Resource"),
    )
)
"""Events that are of no alarm. Who asks for them too keeps all that happens."""


def is_of_all(pattern: Mapping[str, Any]) -> bool:
    """Whether a pattern picks the events of other services as well as alarms."""
    return all(passes_with_body(pattern, e) is not Answer.NO for e in _OF_OTHER_SERVICES)
