"""Lambda Deployment: sound configuration, tested by traffic or a smoke test, with logs."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal

from readiness import (
    Between,
    Problem,
    Severity,
    Status,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    unread,
    violates,
    violates_all,
)
from readiness.engine.handler import handler_of
from readiness.evidence.awslambda.canaries import CanaryTraffic
from readiness.evidence.awslambda.deployed import DeployedFunction
from readiness.evidence.awslambda.functions import FunctionConcurrency
from readiness.evidence.awslambda.log_delivery import LogDelivery
from readiness.evidence.awslambda.smoke import EVENT_TAG, SmokeTest
from readiness.evidence.awslambda.traffic import EntryPoint, TrafficSinceDeploy
from readiness.evidence.iam.role_grants import AssumedRole, RoleGrants
from readiness.evidence.kms.keys import KmsKeyState
from readiness.evidence.logs import LogDestination
from readiness.evidence.workloads.function_sources import FunctionSources
from readiness.judgement.service_functions import of_service_function
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact
from readiness.semantics.metrics import lower_bound
from readiness.semantics.runtimes import DEPRECATED_ON, BadDate, dated

from .deployed import (
    around,
    canaries,
    in_transition,
    is_going,
    next_end,
    outdated,
    spoken,
    unpatched,
    unpublished,
    unsound,
    which,
)
from .log_silence import log_doubt, log_problems

lambda_deployment = heading("Deployment", "Lambda Deployment")

TEST = "Test function"

ProdAlias = Annotated[
    str, "The alias that callers use; a function without it is checked as a whole"
]


@lambda_deployment.rule("Validate function configuration", severity=Severity.HIGH)
def function_configuration(
    function: DeployedFunction,
    roles: tuple[AssumedRole, ...],
    keys: tuple[KmsKeyState, ...],
    concurrency: FunctionConcurrency,
    canary: CanaryTraffic,
    *,
    prod_alias: ProdAlias = "",
    transition_minutes: Annotated[
        int, Between(1, 120), "How long a version may be pending or being updated (minutes)"
    ] = 10,
    canary_max_hours: Annotated[
        int, Between(1, 160), "How long an alias may split traffic between two versions (hours)"
    ] = 24,
    min_memory_mb: Annotated[
        int, Between(128, 10240), "The lowest memory of a function allowed (MB)"
    ] = 128,
    architecture: Annotated[
        Literal["any", "arm64", "x86_64"], "The architecture that functions must have"
    ] = "any",
    runtimes_deprecated_on: Annotated[
        tuple[str, ...], "When AWS deprecates each runtime, as runtime=YYYY-MM-DD"
    ] = DEPRECATED_ON,
    max_unpatched_days: Annotated[
        int, Between(1, 3650), "How old a runtime may be that is patched only with the function"
    ] = 180,
) -> Verdict:
    """Every function version in use is active, updated, and on a runtime that AWS patches.

    After a failed update Lambda keeps running the old code, so nothing else shows the failure.
    """
    try:
        ends = dated(runtimes_deprecated_on)
    except BadDate as bad:
        return cannot_tell(
            f"The setting runtimes_deprecated_on has the entry {bad}, which has no valid date."
        )
    now, versions = function.read_at, function.behind(prod_alias)
    if is_going(function):
        return not_applicable("The function is being deleted.")
    stuck, unclear = canaries(function, canary, timedelta(hours=canary_max_hours))
    problems = [*around(function, roles, keys, concurrency), *stuck]
    for name, version in versions.items():
        problems += unsound(name, version, now, timedelta(minutes=transition_minutes))
        problems += outdated(name, version, now, ends)
        problems += unpatched(name, version, now, max_unpatched_days)
        memory = version.configuration.memory_size
        if memory < min_memory_mb:
            problems.append(
                Problem(
                    Severity.LOW,
                    f"{spoken(name)} has {memory} MB of memory; at least {min_memory_mb} are"
                    " required.",
                )
            )
        if architecture not in {"any", *version.configuration.architectures}:
            has = listed(version.configuration.architectures)
            problems.append(
                Problem(Severity.LOW, f"{spoken(name)} is built for {has}, not {architecture}.")
            )
    facts: dict[str, Fact] = {
        "runtimes": {name: version.configuration.runtime for name, version in versions.items()},
        "states": {name: version.configuration.state for name, version in versions.items()},
        "reserved_concurrency": concurrency.reserved,
    }
    if problems:
        expected = "Active versions, updated without failure, on a runtime that AWS patches."
        return violates_all(problems, expected=expected).observing(facts)
    unclear += unpublished(versions)
    changing = [*in_transition(versions)]
    if doubts := [*changing, *unclear]:
        return cannot_tell(" ".join(doubts), is_passing=bool(changing)).observing(facts)
    verb = "is" if len(versions) == 1 else "are"
    names = listed([which(name) for name in versions])
    reason = f"{names} {verb} active, updated and on a supported runtime."
    return complies(reason).observing(facts).reminding(next_end(versions, now, ends))


# -- test ---------------------------------------------------------------------------------------


@lambda_deployment.rule(TEST, severity=Severity.HIGH)
def proven_by_traffic(
    traffic: TrafficSinceDeploy,
    sources: FunctionSources,
    *,
    prod_alias: ProdAlias = "",
    min_invocations: Annotated[
        int, Between(1, 100000), "The least invocations since the deployment that count as a test"
    ] = 5,
    max_error_rate: Annotated[
        float,
        Between(0, 1),
        "The highest error rate allowed, of the function and of its entry points (share)",
    ] = 0.01,
) -> Verdict:
    """The function has handled requests without errors since it was deployed.

    A handler that catches every exception and returns 500 shows no error in Lambda. The API, load
    balancer or function URL in front of it counts the responses that callers got. Failed
    invocations of a function that queues or streams feed may be retries, which are no failures.
    """
    if by_aws := of_service_function(traffic.name):
        return by_aws
    own = traffic.entry_point(f"alias {prod_alias}") if prod_alias in traffic.aliases else None
    own = own or traffic.entry_point("Lambda")
    entry_points = [
        each
        for each in traffic.entry_points
        if each is own or not (each.name == "Lambda" or each.name.startswith("alias "))
    ]
    facts: dict[str, Fact] = {
        "deployed": f"{traffic.deployed:%Y-%m-%dT%H:%M:%SZ}" if traffic.deployed else "",
        "requests": {each.name: each.total for each in entry_points},
        "failures": {each.name: each.failed for each in entry_points},
    }
    failing = [
        Problem(Severity.HIGH, f"{each.spoken} At most {max_error_rate:.2%} may fail.")
        for each in entry_points
        if lower_bound(each.failed, each.total) > max_error_rate
        and not (each is own and sources.all)
    ]
    if failing:
        expected = f"An error rate of at most {max_error_rate:.2%} after a deployment."
        return violates_all(failing, expected=expected).observing(facts)
    if traffic.unreadable is not None:
        reason = f"The traffic could not be read: {traffic.unreadable}."
        return unread(reason, traffic.unreadable).observing(facts)
    doubts = _unproven(traffic, own, entry_points, min_invocations, max_error_rate)
    if sources.all and own and own.total and own.failed / own.total > max_error_rate:
        fed_by = listed([each.spoken for each in sources.all])
        doubts = [
            f"{own.spoken} Some may be retries: the function is fed by {fed_by}.",
            *(each for each in doubts if not each.startswith(own.spoken)),
        ]
    if doubts:
        return cannot_tell(" ".join(doubts), is_passing=bool(traffic.moving)).observing(facts)
    served = " ".join(each.spoken for each in entry_points if each.total)
    return complies(f"{served} Counted since {_since(traffic)}.").observing(facts)


def _since(traffic: TrafficSinceDeploy) -> str:
    start = traffic.entry_points[0].requests.window.start
    return f"{start:%Y-%m-%d %H:%M} UTC"


def _unproven(
    traffic: TrafficSinceDeploy,
    own: EntryPoint | None,
    entry_points: Sequence[EntryPoint],
    min_invocations: int,
    max_error_rate: float,
) -> list[str]:
    """Why traffic without a clear fault is not enough to pass yet."""
    begins = traffic.begins
    certain = [each.since(begins) for each in entry_points] if begins else []
    doubts = [
        f"{each.spoken} These are too few requests to tell chance from a fault."
        for each in {each.spoken: each for each in (*entry_points, *certain)}.values()
        if each.total and each.failed / each.total > max_error_rate
    ]
    if traffic.deployed is None:
        doubts.append("Lambda does not show when the function was deployed.")
    if traffic.moving:
        doubts.append(
            f"{plural(len(traffic.moving), 'alias', 'aliases')} ({listed(traffic.moving)}) moved a"
            " short while ago, and CloudTrail does not tell yet when."
        )
    if traffic.flaw:
        doubts.append(f"What invokes the function is unknown: {traffic.flaw}.")
    requests = own.requests.since(begins) if own and begins else own.requests if own else None
    served = (requests.total or 0.0) if requests else 0.0
    if served < min_invocations:
        when = "it was deployed"
        if begins:
            when = (
                f"{begins:%Y-%m-%d %H:%M} UTC, before which so many aliases were moved that"
                " CloudTrail does not tell whether its own was"
            )
        doubts.append(
            f"The function had {plural(served, 'invocation')} since {when}; at least"
            f" {min_invocations} are needed."
        )
    return doubts


@lambda_deployment.rule(TEST, severity=Severity.HIGH, opt_in="allow_smoke_tests")
def smoke_test(
    smoke: SmokeTest,
    *,
    allow_smoke_tests: Annotated[
        bool, f"Invoke functions with the tag {EVENT_TAG}; this runs their code"
    ] = False,
) -> Verdict:
    """The function passes its smoke test: it returns the expected response to a test event.

    No function is invoked unless the setting is on and a tag of the function names an event.
    """
    if not allow_smoke_tests or not smoke.parameter:
        return not_applicable(f"The function has no tag {EVENT_TAG}, so it is not invoked.")
    if smoke.flaw:
        return cannot_tell(f"The parameter {smoke.parameter} {smoke.flaw}.")
    expected = "A JSON response without FunctionError and with no statusCode of 500 or more"
    if smoke.expect:
        expected += f", with {smoke.expect}"
    facts: dict[str, Fact] = {"status_code": smoke.status_code, "function_error": smoke.error}
    fault = smoke.fault
    if fault:
        return violates(fault, expected=f"{expected}.").observing(facts)
    return complies("The function returned the expected response to its smoke event.").observing(
        facts
    )


# -- logs ---------------------------------------------------------------------------------------


@lambda_deployment.rule("Check logs", severity=Severity.MEDIUM)
def logs_delivered(
    function: LogDelivery,
    log_group: LogDestination,
    role: RoleGrants | None,
    attested: Attested,
    *,
    max_age_days: Annotated[
        int,
        Between(1, 730),
        "How long an attestation is valid that a function ships its logs (days)",
    ] = 365,
    two_people: Annotated[bool, "A second person has to approve the attestation"] = False,
) -> Verdict:
    """Log events of every function arrive in its log group, and the group can be searched.

    This is checked by the events that arrived in the hours with invocations, not by configuration.
    """
    facts: dict[str, Fact] = {
        "log_group": function.group,
        "hours_invoked": len(function.ran),
        "hours_with_events": len(function.heard),
    }
    problems = log_problems(function, log_group.group, role)
    if problems:
        shipped = attested.verdict(
            "That the function ships its logs itself",
            max_age_days=max_age_days,
            two_people=two_people,
        )
        if shipped.status is Status.COMPLIANT:
            return not_applicable(shipped.reason).observing(facts).reminding(shipped.reminder)
        if shipped.missing:
            return shipped.observing(facts)
        expected = "Log events in the log group whenever the function runs."
        return violates_all(problems, expected=expected).observing(facts)
    if function.unreadable is not None:
        reason = f"The log group could not be read: {function.unreadable}."
        return unread(reason, function.unreadable).observing(facts)
    doubt = log_doubt(function)
    if doubt:
        return cannot_tell(doubt).observing(facts)
    latest = f"{function.heard[-1]:%Y-%m-%d %H:%M} UTC"
    return complies(
        f"The function ran in {len(function.ran)} of the last 24 hours and its log events arrived,"
        f" most recently in the hour from {latest}."
    ).observing(facts)


handler = handler_of(lambda_deployment)
