"""Who listens to a topic: pagers, functions that page, and people who read in the morning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from readiness.evidence.awslambda.functions import function_name
from readiness.evidence.cloudwatch.alarms import ALARM_CHANGES, INVENTORY_READS, alarms_by_topic
from readiness.evidence.eventbridge.alarm_bridges import AlarmBridges, Bridge
from readiness.evidence.sns.delivery import (
    SUBSCRIPTION_CALLS,
    subscriptions_of,
    subscriptions_of_topics,
)
from readiness.evidence.sns.subscriptions import Subscription, subscription_of
from readiness.evidence.sns.topics import TOPIC
from readiness.evidence.workloads.dead_letter_paths import redriven_to
from readiness.model.evidence import REGION, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable
from readiness.semantics.pagers import CHAT_HOSTS, host_of

_GONE = ("ResourceNotFoundException",)
_PAGES = re.compile(r"pager|opsgenie|victorops|splunk[_-]?on[_-]?call", re.IGNORECASE)
"""In a function's name or in the name of a variable: it pages."""
_READ_LATER = {"application", "email", "email-json", "firehose", "sms"}
_SECRET = re.compile(r"secret|routing[_-]?key", re.IGNORECASE)
_PARAMETER = re.compile(r"(?:^|_)(?:ssm|param(?:eter)?)(?:_|$)", re.IGNORECASE)
"""In the name of a variable: it names a parameter of Systems Manager and no secret."""


@dataclass(frozen=True, slots=True)
class Forwarder:
    """A function that gets the messages of a topic, directly or from a queue.

    ``mapping`` is the state of the event source mapping of the queue, empty for a direct
    subscription. ``state`` is Lambda's, with the reason where it has one (``Inactive: Idle``).
    ``reserved`` is its reserved concurrency, None without one. ``pages`` says that its name or a
    variable speaks of a pager. ``secrets`` are the secrets that variables name, by what is wrong
    with each; empty where nothing is.
    """

    name: str
    mapping: str = ""
    state: str = "Active"
    reserved: int | None = None
    pages: bool = False
    secrets: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """One subscription, and the functions behind it that are of this account and region."""

    subscription: Subscription
    redrives: bool = False
    functions: tuple[Forwarder, ...] = ()


@evidence(
    TOPIC,
    reads=(
        *INVENTORY_READS,
        "lambda:GetFunctionConcurrency",
        "lambda:GetFunctionConfiguration",
        "lambda:ListEventSourceMappings",
        "secretsmanager:DescribeSecret",
        "sns:GetSubscriptionAttributes",
        "sns:ListSubscriptions",
        "sns:ListSubscriptionsByTopic",
    ),
    uses=(AlarmBridges,),
    changed_by=(*SUBSCRIPTION_CALLS, *ALARM_CHANGES),
)
@dataclass(frozen=True, slots=True)
class PagingTopic:
    """The alarms that publish to a topic, and who listens to it.

    ``incidents`` are those of the alarms that start an incident in Incident Manager too;
    ``bridges`` the rules that hand alarms to web addresses, asked for only where nobody listens
    but people who read in the morning.

    Of a topic without alarms only URLs and functions that speak of a pager are followed.
    Changes of functions, their mappings and secrets are seen by the sweep. Sources:
    DescribeAlarms, ListSubscriptions (all topics in one listing) or ListSubscriptionsByTopic,
    GetSubscriptionAttributes, ListEventSourceMappings, GetFunctionConfiguration,
    GetFunctionConcurrency, DescribeSecret.
    """

    account: str
    alarms: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()
    incidents: tuple[str, ...] = ()
    bridges: tuple[Bridge, ...] = ()

    @classmethod
    def load(cls, read: Reader, topic: Resource) -> PagingTopic:
        return cls._of(read, topic, subscriptions_of(read, topic), alarms_by_topic(read))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, PagingTopic]:
        listed = subscriptions_of_topics(read)
        alarms = alarms_by_topic(read)
        found: dict[str, PagingTopic] = {}
        for topic, subscriptions in listed.items():
            with suppress(Unreadable):  # one that cannot be read is left to its own load
                found[topic.id] = cls._of(read, topic, subscriptions, alarms)
        return found

    @classmethod
    def _of(
        cls,
        read: Reader,
        topic: Resource,
        listed: Iterable[Mapping[str, Any]],
        alarms: Mapping[str, Sequence[tuple[str, bool]]],
    ) -> PagingTopic:
        told = alarms.get(arn_of(topic, read.partition), ())
        names = tuple(name for name, _ in told)
        each_of = (_listener(read, topic, each, everyone=bool(names)) for each in listed)
        found = tuple(each for each in each_of if each is not None)
        incidents = tuple(name for name, starts_incident in told if starts_incident)
        bridges: tuple[Bridge, ...] = ()
        if len(incidents) < len(names) and not any(map(_may_page, found)):
            region = REGION.resource(read.account, read.region, read.account)
            bridges = read.of(AlarmBridges, region).all
        return cls(topic.account, names, found, incidents, bridges)


def _may_page(listener: Listener) -> bool:
    about = listener.subscription
    is_program = about.protocol not in _READ_LATER and host_of(about.endpoint) not in CHAT_HOSTS
    return about.confirmed and is_program


def _listener(
    read: Reader, topic: Resource, each: Mapping[str, Any], *, everyone: bool
) -> Listener | None:
    """None for a subscription that is gone or, without ``everyone``, that is no pager's."""
    arn, endpoint = each["SubscriptionArn"], each.get("Endpoint", "")
    protocol = each.get("Protocol", "")
    is_url = protocol in {"http", "https"}
    is_ours = endpoint.split(":")[3:5] == [topic.region, topic.account]
    functions: tuple[Forwarder, ...] = ()
    if protocol in {"lambda", "sqs"} and is_ours:
        behind = _behind(read, protocol, endpoint)
        if not everyone:
            behind = [(name, state) for name, state in behind if _PAGES.search(name)]
        functions = tuple(_forwarder(read, name, state) for name, state in behind)
    if not (everyone or is_url or functions):
        return None
    if not arn.startswith("arn:"):
        # PendingConfirmation or Deleted stands in the ARN's place
        return Listener(Subscription(protocol, endpoint, confirmed=False), functions=functions)
    answer = read.one(
        "sns",
        "get_subscription_attributes",
        absent=("NotFound", "NotFoundException"),
        SubscriptionArn=arn,
    )
    if answer is None:
        return None
    attributes = answer.get("Attributes") or {}
    return Listener(
        subscription_of(protocol, endpoint, attributes),
        bool(redriven_to(attributes)),
        functions,
    )


def _behind(read: Reader, protocol: str, endpoint: str) -> list[tuple[str, str]]:
    """The names of functions that get what is sent there, each with its mapping's state."""
    if protocol == "lambda":
        name = function_name(endpoint)
        return [(name, "")] if name else []
    return [
        (name, mapping.get("State", ""))
        for mapping in read.every("lambda", "list_event_source_mappings", "EventSourceMappings")
        if mapping.get("EventSourceArn") == endpoint
        for name in [function_name(mapping.get("FunctionArn", ""))]
        if name
    ]


def _forwarder(read: Reader, name: str, mapping: str) -> Forwarder:
    about = read.one("lambda", "get_function_configuration", absent=_GONE, FunctionName=name)
    if about is None:
        return Forwarder(name, mapping, "Missing", pages=bool(_PAGES.search(name)))
    variables = (about.get("Environment") or {}).get("Variables") or {}
    pages = bool(_PAGES.search(name)) or any(_PAGES.search(each) for each in variables)
    concurrency = read.one("lambda", "get_function_concurrency", absent=_GONE, FunctionName=name)
    state, why = about.get("State") or "Active", about.get("StateReasonCode") or ""
    return Forwarder(
        name,
        mapping,
        f"{state}: {why}" if why else state,
        (concurrency or {}).get("ReservedConcurrentExecutions"),
        pages,
        dict(_secrets(read, variables)) if pages else {},
    )


def _secrets(read: Reader, variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The secrets that variables name, each with what is wrong with it; no value is read."""
    for name, value in variables.items():
        is_arn = value.startswith("arn:")
        is_named = is_arn and value.split(":")[2:3] == ["secretsmanager"]
        is_id = (
            bool(_SECRET.search(name))
            and not _PARAMETER.search(name)
            and name.upper().endswith(("_ID", "_ARN", "_NAME"))
        )
        if not value or not (is_named or (is_id and not is_arn)):
            continue
        where = value.split(":")[3] if is_named else read.region
        # a reference may go on with the key of a JSON value and a version
        secret = ":".join(value.split(":")[:7]) if is_named else value
        about = read.one(
            "secretsmanager",
            "describe_secret",
            absent=_GONE,
            region=None if where == read.region else where,
            SecretId=secret,
        )
        yield name, _wrong_with(about)


def _wrong_with(secret: Mapping[str, Any] | None) -> str:
    if secret is None:
        return "does not exist"
    if secret.get("DeletedDate"):
        return "is being deleted"
    stages = (secret.get("VersionIdsToStages") or {}).values()
    return "" if any("AWSCURRENT" in each for each in stages) else "has no value"
