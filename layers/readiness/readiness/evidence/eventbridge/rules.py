"""What EventBridge says of a rule and of the targets that it sends events to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.cloudwatch.histories import Span
from readiness.evidence.cloudwatch.kept import HISTORY_READS, read_histories_of
from readiness.evidence.workloads.dead_letter_paths import dead_letter, every_rule, rule_targets
from readiness.evidence.workloads.failure_sinks import queue_of
from readiness.model.evidence import Json, ResourceType, api_call, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.input_templates import in_json
from readiness.semantics.metrics import Query, series

DEFAULT = "default"


def rule_id(bus: str, name: str) -> str:
    """The id of a rule, as it stands in its ARN: the name, after the bus if it is another one."""
    bus = bus.rpartition(":event-bus/")[2]
    return name if bus in {"", DEFAULT} else f"{bus}/{name}"


def _bus_and_name(id: str) -> tuple[str, str]:
    bus, _, name = id.rpartition("/")
    return bus or DEFAULT, name


def _find(read: Reader) -> Iterable[str]:
    return [rule_id(bus, rule["Name"]) for bus, rule in every_rule(read)]


def _of_call(detail: Json) -> str | None:
    """The rule of a recorded call: PutRule and the like call it name, PutTargets rule."""
    request = detail.get("requestParameters") or {}
    name = str(request.get("rule") or request.get("name") or "")
    return rule_id(str(request.get("eventBusName") or ""), name) if name else ""


def _of_item(item: Json) -> str | None:
    """From the ARN in a configuration item, or a name with or without its bus (``bus|name``)."""
    arn = str(item.get("ARN") or item.get("arn") or item.get("resourceId") or "")
    if ":rule/" in arn:
        return arn.partition(":rule/")[2]
    bus, _, name = str(item.get("resourceId") or item.get("resourceName") or "").rpartition("|")
    return rule_id(bus, name) if name else None


EVENT_RULE = ResourceType(
    "AWS::Events::Rule",
    _find,
    find_reads=("events:ListEventBuses", "events:ListRules"),
    changed_by=(
        api_call(
            "events", "PutRule", "DeleteRule", "EnableRule", "DisableRule", identify=_of_call
        ),
    ),
    identify=_of_item,
    arn="arn:{partition}:events:{region}:{account}:rule/{id}",
)
"""Its id is what follows ``rule/`` in its ARN."""


_READS = (
    "events:DescribeRule",
    "events:ListEventBuses",
    "events:ListRules",
    "events:ListTargetsByRule",
)
_CHANGES = (api_call("events", "PutTargets", "RemoveTargets", identify=_of_call),)


def _wanted(read: Reader) -> dict[str, Mapping[str, Any]]:
    """Those of the rules that are wanted now, as ListRules has them: each costs a call."""
    wanted = set(read.ids(EVENT_RULE))
    listed = {rule_id(bus, rule["Name"]): rule for bus, rule in every_rule(read)}
    return {id: rule for id, rule in listed.items() if id in wanted}


@dataclass(frozen=True, slots=True)
class RuleTarget:
    """A target; ``dead`` is its dead-letter queue, ``retries`` None for EventBridge's 185."""

    id: str
    arn: str
    dead: str = ""
    retries: int | None = None
    age: int | None = None


@evidence(EVENT_RULE, reads=_READS, changed_by=_CHANGES)
@dataclass(frozen=True, slots=True)
class RuleTargets:
    """The targets of a rule. ``manager`` is the AWS service that made it, empty for your own.

    A disabled or managed rule's targets are not read. ``sinks`` are the dead-letter queues, and
    the queues that are a target without one. Sources: ListRules, DescribeRule,
    ListTargetsByRule.
    """

    name: str
    arn: str
    enabled: bool = True
    manager: str = ""
    targets: tuple[RuleTarget, ...] = ()
    sinks: tuple[Resource, ...] = ()

    @classmethod
    def load(cls, read: Reader, rule: Resource) -> RuleTargets:
        bus, name = _bus_and_name(rule.id)
        answer = read.one(
            "events",
            "describe_rule",
            gone=("ResourceNotFoundException",),
            Name=name,
            EventBusName=bus,
        )
        return cls._of(read, rule, answer)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RuleTargets]:
        listed = _wanted(read)

        def ask(id: str) -> RuleTargets:
            return cls._of(read, EVENT_RULE.resource(read.account, read.region, id), listed[id])

        return dict(zip(listed, read.each(ask, listed), strict=True))

    @classmethod
    def _of(cls, read: Reader, rule: Resource, about: Mapping[str, str]) -> RuleTargets:
        enabled = about.get("State", "ENABLED") != "DISABLED"
        manager = about.get("ManagedBy", "")
        targets: tuple[RuleTarget, ...] = ()
        if enabled and not manager:
            targets = tuple(
                RuleTarget(
                    each["Id"],
                    each["Arn"],
                    dead_letter(each),
                    (each.get("RetryPolicy") or {}).get("MaximumRetryAttempts"),
                    (each.get("RetryPolicy") or {}).get("MaximumEventAgeInSeconds"),
                )
                for each in rule_targets(read, *_bus_and_name(rule.id))
            )
        queues = sorted({each.dead or each.arn for each in targets})
        return cls(
            rule.id,
            arn_of(rule, read.partition),
            enabled,
            manager,
            targets,
            tuple(queue for arn in queues if (queue := queue_of(arn))),
        )


@evidence(EVENT_RULE, reads=_READS, changed_by=_CHANGES)
@dataclass(frozen=True, slots=True)
class RuleInputs:
    """What a rule gives its targets beside the event, by the place where it stands.

    ``texts`` are constant inputs, templates (as JSON, with each variable in quotes) and what is
    given to Redshift, AppSync and SageMaker; ``values`` headers, query strings and parts of the
    path of HTTP targets. A rule that an AWS service made is not read.
    Sources: ListRules, DescribeRule, ListTargetsByRule.
    """

    texts: Mapping[str, str]
    values: Mapping[str, str]
    manager: str = ""

    @classmethod
    def load(cls, read: Reader, rule: Resource) -> RuleInputs:
        bus, name = _bus_and_name(rule.id)
        about = read.one(
            "events",
            "describe_rule",
            gone=("ResourceNotFoundException",),
            Name=name,
            EventBusName=bus,
        )
        return cls._of(read, rule.id, about)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RuleInputs]:
        listed = _wanted(read)

        def ask(id: str) -> RuleInputs:
            return cls._of(read, id, listed[id])

        return dict(zip(listed, read.each(ask, listed), strict=True))

    @classmethod
    def _of(cls, read: Reader, id: str, about: Mapping[str, str]) -> RuleInputs:
        if manager := about.get("ManagedBy", ""):
            return cls({}, {}, manager)
        texts: dict[str, str] = {}
        values: dict[str, str] = {}
        for target in rule_targets(read, *_bus_and_name(id)):
            place = target["Id"]
            texts |= {f"{place}{part}": text for part, text in _texts(target) if text}
            http = target.get("HttpParameters") or {}
            for kind in ("HeaderParameters", "QueryStringParameters"):
                for name, value in (http.get(kind) or {}).items():
                    values[f"{place}/{name}"] = value
            for at, value in enumerate(http.get("PathParameterValues") or ()):
                values[f"{place}/path{at}"] = value
        return cls(texts, values)


def _texts(target: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Each text that the target is given, with what follows the id of the target in its place."""
    template = (target.get("InputTransformer") or {}).get("InputTemplate") or ""
    yield "", target.get("Input") or in_json(template)
    query = target.get("RedshiftDataParameters") or {}
    yield "/sql", "\n".join([query.get("Sql") or "", *(query.get("Sqls") or ())]).strip()
    yield "/graphql", (target.get("AppSyncParameters") or {}).get("GraphQLOperation") or ""
    pipeline = target.get("SageMakerPipelineParameters") or {}
    given = [
        {"name": each.get("Name", ""), "value": each.get("Value", "")}
        for each in pipeline.get("PipelineParameterList") or ()
    ]
    yield "/pipeline", json.dumps(given) if given else ""


@evidence(EVENT_RULE, reads=HISTORY_READS, proves=False)
@dataclass(frozen=True, slots=True)
class RuleLosses:
    """Sums over a week: events that reached no target for good, and no dead-letter queue either.

    None where there is no datapoint. ``is_past``: no event missed its dead-letter queue in the
    last 24 hours. Source: GetMetricData.
    """

    failed: float | None = None
    undelivered: float | None = None
    is_past: bool = False

    @classmethod
    def load(cls, read: Reader, rule: Resource) -> RuleLosses:
        return cls._of(read, [rule.id])[rule.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RuleLosses]:
        return cls._of(read, read.ids(EVENT_RULE))

    @classmethod
    def _of(cls, read: Reader, ids: Iterable[str]) -> dict[str, RuleLosses]:
        wanted = {id: _queries(id) for id in ids}
        asked = [query for pair in wanted.values() for query in pair]
        found = read_histories_of(read, asked) if asked else {}
        return {
            id: cls(
                found[failed].over(Span.WEEK).total,
                found[undelivered].over(Span.WEEK).total,
                found[undelivered].is_past,
            )
            for id, (failed, undelivered) in wanted.items()
        }


def _queries(id: str) -> tuple[Query, Query]:
    bus, name = _bus_and_name(id)
    on = {"RuleName": name} if bus == DEFAULT else {"EventBusName": bus, "RuleName": name}
    return (
        series("AWS/Events", "FailedInvocations", "Sum", **on),
        series("AWS/Events", "InvocationsFailedToBeSentToDlq", "Sum", **on),
    )
