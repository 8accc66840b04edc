"""Who invokes a function asynchronously, and where failed events go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

from readiness.evidence.awslambda.functions import (
    FUNCTION,
    FUNCTION_GONE,
    LATEST,
    WHOLE_POLICY_CALLS,
    FunctionConfiguration,
    FunctionIdentity,
    function_call,
)
from readiness.evidence.awslambda.settings import FunctionFailures
from readiness.evidence.awslambda.versions import FunctionAliases
from readiness.evidence.cloudwatch.histories import Span
from readiness.evidence.cloudwatch.kept import HISTORY_READS, read_histories_of
from readiness.evidence.iam.principals import ROLE
from readiness.evidence.workloads.dead_letter_paths import (
    invoke_settings,
    note_destinations,
    on_failure,
)
from readiness.evidence.workloads.failure_sinks import (
    OTHER_READS,
    SIGHT_READS,
    OtherSink,
    bucket_of,
    other_sinks,
    queue_of,
    sighted,
    topic_of,
)
from readiness.model.evidence import REGION, evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, series
from readiness.semantics.policy import Document

ASYNCHRONOUS = {
    "cloudformation": "CloudFormation",
    "codecommit": "CodeCommit",
    "codepipeline": "CodePipeline",
    "config": "AWS Config",
    "events": "EventBridge",
    "iot": "AWS IoT",
    "lambda.alarms.cloudwatch": "CloudWatch alarms",
    "logs": "CloudWatch Logs",
    "s3": "Amazon S3",
    "scheduler": "EventBridge Scheduler",
    "ses": "Amazon SES",
    "sns": "Amazon SNS",
}
"""Services that invoke functions asynchronously, by their principal without its suffix (Lambda
developer guide, "Invoking Lambda with events from other AWS services")."""


@dataclass(frozen=True, slots=True)
class InvokeSettings:
    """What becomes of asynchronous invocations of one qualifier; None for Lambda's own default."""

    destination: str = ""
    retries: int | None = None
    age: int | None = None
    reports_success: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """Sums over a week of the function's own metrics; None where there is no datapoint.

    ``past`` are the names of those of which nothing was counted in the last 24 hours.
    """

    received: float | None = None
    dropped: float | None = None
    dead_letter_errors: float | None = None
    destination_errors: float | None = None
    past: frozenset[str] = frozenset()


@evidence(REGION, reads=("scheduler:ListSchedules",))
@dataclass(frozen=True, slots=True)
class ScheduledFunctions:
    """The qualifiers of each function that EventBridge Scheduler invokes: it needs no policy.

    Source: ListSchedules.
    """

    qualifiers: Mapping[str, tuple[str, ...]]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ScheduledFunctions:
        found: dict[str, set[str]] = {}
        for each in read.every("scheduler", "list_schedules", "Schedules"):
            parts = str((each.get("Target") or {}).get("Arn", "")).split(":")
            is_ours = parts[2:5] == ["lambda", read.region, read.account] and len(parts) > 6
            if is_ours and each.get("State") != "DISABLED":
                qualifier = parts[7] if len(parts) > 7 else LATEST
                found.setdefault(parts[6], set()).add(qualifier)
        return cls({name: tuple(sorted(qualifiers)) for name, qualifiers in found.items()})


@evidence(FUNCTION, reads=HISTORY_READS, proves=False)
@dataclass(frozen=True, slots=True)
class AsynchronousLosses:
    """What Lambda counts of asynchronous invocations in a week. Source: GetMetricData."""

    lost: Lost

    @classmethod
    def load(cls, read: Reader, function: Resource) -> AsynchronousLosses:
        return cls._of(read, [function.id])[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, AsynchronousLosses]:
        return cls._of(read, read.ids(FUNCTION))

    @classmethod
    def _of(cls, read: Reader, names: Iterable[str]) -> dict[str, AsynchronousLosses]:
        wanted = {name: _queries(name) for name in names}
        asked = [query for named in wanted.values() for query in named.values()]
        found = read_histories_of(read, asked) if asked else {}
        return {
            name: cls(
                Lost(
                    **{
                        metric: found[query].over(Span.WEEK).total
                        for metric, query in named.items()
                    },
                    past=frozenset(
                        metric for metric, query in named.items() if found[query].is_past
                    ),
                )
            )
            for name, named in wanted.items()
        }


def _queries(name: str) -> dict[str, Query]:
    metrics = {
        "received": "AsyncEventsReceived",
        "dropped": "AsyncEventsDropped",
        "dead_letter_errors": "DeadLetterErrors",
        "destination_errors": "DestinationDeliveryFailures",
    }
    return {
        field: series("AWS/Lambda", metric, "Sum", FunctionName=name)
        for field, metric in metrics.items()
    }


_READS = (
    "lambda:GetFunctionConfiguration",
    "lambda:GetPolicy",
    "lambda:ListFunctionEventInvokeConfigs",
    *SIGHT_READS,
    *OTHER_READS,
)
_USES = (FunctionAliases, FunctionFailures, FunctionIdentity, ScheduledFunctions)
_CHANGES = (
    function_call(
        "AddPermission",
        "RemovePermission",
        "PutFunctionEventInvokeConfig",
        "UpdateFunctionEventInvokeConfig",
        "DeleteFunctionEventInvokeConfig",
    ),
    WHOLE_POLICY_CALLS,
)


@dataclass(frozen=True, slots=True)
class _Callers:
    """The asynchronous callers of a function by qualifier, and what becomes of what fails.

    A qualifier is the name of an alias, or ``$LATEST`` for an invocation without one. ``callers``
    are the services that the policy of a qualifier admits, and Scheduler where a schedule names
    it; ``versions`` are those that a qualifier leads to. Only of qualifiers that are invoked
    asynchronously is asked what becomes of what fails: ``settings`` are those that say something;
    ``dead`` is the dead-letter target of each version that is reached, ``roles`` the name of its
    execution role; ``missing`` are functions
    and event buses that failures are sent to and that do not exist, ``unseen`` buckets and buses
    that this account does not have; ``others`` are the functions and buses that exist. ``flaw``
    says why a policy could not be understood.
    """

    name: str
    callers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: Mapping[str, InvokeSettings] = field(default_factory=dict)
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dead: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    grants: tuple[Resource, ...] = ()
    queue_sinks: tuple[Resource, ...] = ()
    topic_sinks: tuple[Resource, ...] = ()
    bucket_sinks: tuple[Resource, ...] = ()
    others: tuple[OtherSink, ...] = ()
    missing: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    master_arn: str = ""
    flaw: str = ""

    def sinks_of(self, role: str) -> frozenset[str]:
        """The ARNs to which failures are sent in the name of a role."""
        return frozenset(
            arn
            for qualifier in self.callers or self.versions
            if any(self.roles.get(each) == role for each in self.versions.get(qualifier, ()))
            for arn, _ in self.sinks(qualifier)
        )

    def sinks(self, qualifier: str) -> tuple[tuple[str, str], ...]:
        """Where failures of a qualifier end: each ARN and in words what leads there."""
        found = []
        destination = self.setting(qualifier).destination
        if destination:
            found.append((destination, "on-failure destination"))
        targets = [self.dead.get(each, "") for each in self.versions.get(qualifier, ())]
        if targets and all(targets):
            found += [(each, "dead-letter target") for each in dict.fromkeys(targets)]
        return tuple(found)

    def setting(self, qualifier: str) -> InvokeSettings:
        return self.settings.get(qualifier, InvokeSettings())

    @classmethod
    def is_invoked(cls, read: Reader, function: Resource) -> bool:
        """Whether someone invokes it asynchronously whom no policy and no schedule names."""
        return False

    @classmethod
    def load(cls, read: Reader, function: Resource) -> Self:
        latest = read.of(FunctionFailures, function)
        aliases = read.of(FunctionAliases, function).all
        versions = {LATEST: (LATEST,), **{alias.name: alias.versions for alias in aliases}}
        policies = {each: resource_policy(read, function.id, each) for each in versions}
        region = REGION.resource(read.account, read.region, read.account)
        scheduled = read.of(ScheduledFunctions, region).qualifiers.get(function.id, ())
        callers = {}
        for qualifier, document in policies.items():
            named = {*_services(document), *(("scheduler",) if qualifier in scheduled else ())}
            if named:
                callers[qualifier] = tuple(sorted(ASYNCHRONOUS[each] for each in named))
        found = cls(
            name=function.id,
            callers=callers,
            versions=versions,
            master_arn=latest.master_arn,
            flaw=next((each.flaw for each in policies.values() if each.flaw), ""),
        )
        if callers:
            return _with_sinks(read, found, callers, latest)
        if cls.is_invoked(read, function):
            return _with_sinks(read, found, versions, latest)
        return found


C = TypeVar("C", bound=_Callers)


def _with_sinks(
    read: Reader, found: C, qualifiers: Iterable[str], latest: FunctionConfiguration
) -> C:
    """The same, and what becomes of what fails there."""
    settings = {
        str(each["FunctionArn"]).rpartition(":")[2]: InvokeSettings(
            on_failure(each),
            each.get("MaximumRetryAttempts"),
            each.get("MaximumEventAgeInSeconds"),
            bool(
                ((each.get("DestinationConfig") or {}).get("OnSuccess") or {}).get("Destination")
            ),
        )
        for each in invoke_settings(read, found.name)
    }
    note_destinations(
        read, found.name, [each.destination for each in settings.values() if each.destination]
    )
    reached = {version for qualifier in qualifiers for version in found.versions[qualifier]}
    reached_as = {
        version: latest if version == LATEST else _version(read, found.name, version)
        for version in reached
    }
    dead = {v: about.dead_letter_target for v, about in reached_as.items() if about}
    roles = {v: last_segment(about.role_arn) or "" for v, about in reached_as.items() if about}
    sinks = {*(each.destination for each in settings.values()), *dead.values()} - {""}
    missing, unseen = sighted(read, sinks)
    seen = sinks.difference(missing, unseen)
    senders = sorted({*roles.values()} - {""}) if sinks else []
    return replace(
        found,
        settings=settings,
        dead={version: target for version, target in dead.items() if target},
        roles=roles,
        grants=tuple(ROLE.resource(read.account, read.region, role) for role in senders),
        queue_sinks=tuple(q for arn in sorted(sinks) if (q := queue_of(arn))),
        topic_sinks=tuple(t for arn in sorted(sinks) if (t := topic_of(arn))),
        bucket_sinks=tuple(b for arn in sorted(seen) if (b := bucket_of(read, arn))),
        others=other_sinks(read, seen),
        missing=missing,
        unseen=unseen,
    )


@evidence(FUNCTION, reads=_READS, uses=_USES, changed_by=_CHANGES)
class AsynchronousCallers(_Callers):
    """Who invokes a function asynchronously as policies and schedules say, and where it fails to.

    Sources: GetPolicy, ListSchedules, and where they name someone ListFunctionEventInvokeConfigs,
    GetFunctionConfiguration of each version, ListFunctions, DescribeEventBus, ListBuckets.
    """


@evidence(FUNCTION, reads=_READS, uses=(*_USES, AsynchronousLosses), changed_by=_CHANGES)
class AsynchronousUse(_Callers):
    """The same, and of all qualifiers where only the function's metric tells of invocations.

    Sources: those of AsynchronousCallers, and GetMetricData.
    """

    @classmethod
    def is_invoked(cls, read: Reader, function: Resource) -> bool:
        return bool(read.of(AsynchronousLosses, function).lost.received)


def resource_policy(read: Reader, name: str, qualifier: str) -> Document:
    """Who may invoke a function by a qualifier; empty without a policy. Source: GetPolicy."""
    about = {} if qualifier == LATEST else {"Qualifier": qualifier}
    answer = read.one("lambda", "get_policy", absent=FUNCTION_GONE, FunctionName=name, **about)
    if answer is None:
        return Document("resource policy")
    return Document.of("resource policy", answer.get("Policy"))


def _services(document: Document) -> Iterator[str]:
    """The asynchronous services that a resource policy admits, by their short names."""
    for statement in document.statements:
        if not statement.allows or not statement.names_action("lambda:InvokeFunction"):
            continue
        for principal in statement.principals:
            if principal.kind == "Service" and (found := _short(principal.value)):
                yield found


def _short(principal: str) -> str:
    """The service of a principal (``sns.amazonaws.com``, ``logs.eu-west-1.amazonaws.com``).

    Empty for one that does not invoke asynchronously.
    """
    name = principal.lower().partition(".amazonaws.com")[0]
    return next((n for n in (name, name.partition(".")[0]) if n in ASYNCHRONOUS), "")


def _version(read: Reader, name: str, version: str) -> FunctionConfiguration | None:
    answer = read.one(
        "lambda",
        "get_function_configuration",
        absent=FUNCTION_GONE,
        FunctionName=name,
        Qualifier=version,
    )
    return FunctionConfiguration.of(answer) if answer else None
