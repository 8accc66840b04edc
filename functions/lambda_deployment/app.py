"""Lambda Deployment: what was deployed is sound, serves without errors, and leaves logs."""

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
    violates,
    violates_all,
)
from readiness.engine.handler import handler_of
from readiness.evidence.awslambda.functions import DeployedFunction, FunctionConcurrency
from readiness.evidence.awslambda.log_delivery import LogDelivery
from readiness.evidence.awslambda.smoke import EVENT_TAG, SmokeTest
from readiness.evidence.awslambda.traffic import CanaryTraffic, Door, TrafficSinceDeploy
from readiness.evidence.iam.role_grants import AssumedRole, RoleGrants
from readiness.evidence.kms.keys import KmsKeyState
from readiness.evidence.logs import LogDestination
from readiness.model.attestation import Attested
from readiness.model.text import listed
from readiness.model.verdict import Fact
from readiness.semantics.metrics import lower_bound
from readiness.semantics.runtimes import DEPRECATED_ON, BadDate, dated

from .deployed import around, canaries, in_transition, next_end, outdated, unsound
from .log_silence import log_doubt, log_problems

lambda_deployment = heading("Deployment", "Lambda Deployment")

TEST = "Test function"

ProdAlias = Annotated[
    str, "The alias that callers use; a function without it is judged by all that it offers"
]


@lambda_deployment.rule("Validate function configuration", severity=Severity.HIGH)
def function_configuration(
    function: DeployedFunction,
    role: AssumedRole | None,
    key: KmsKeyState | None,
    concurrency: FunctionConcurrency,
    canary: CanaryTraffic,
    *,
    prod_alias: ProdAlias = "",
    transition_minutes: Annotated[
        int, Between(1, 120), "How long a version may be pending or an update in progress"
    ] = 10,
    canary_max_hours: Annotated[
        int, Between(1, 160), "How long an alias may share its traffic between two versions"
    ] = 24,
    min_memory_mb: Annotated[int, Between(128, 10240), "The least memory of a function"] = 128,
    architecture: Annotated[
        Literal["any", "arm64", "x86_64"], "The architecture that functions must have"
    ] = "any",
    runtimes_deprecated_on: Annotated[
        tuple[str, ...], "Runtimes and the days AWS deprecates them: runtime=YYYY-MM-DD"
    ] = DEPRECATED_ON,
) -> Verdict:
    """Every version that callers reach is active, fully updated, and on a runtime AWS patches.

    After a failed update the old code keeps serving, so that nothing else shows the failure.
    """
    try:
        ends = dated(runtimes_deprecated_on)
    except BadDate as bad:
        return cannot_tell(f"The setting runtimes_deprecated_on holds {bad}, which has no date.")
    now, versions = function.read_at, function.behind(prod_alias)
    stuck, unclear = canaries(function, canary, timedelta(hours=canary_max_hours))
    problems = [*around(function, role, key, concurrency), *stuck]
    for name, version in versions.items():
        problems += unsound(name, version, now, timedelta(minutes=transition_minutes))
        problems += outdated(name, version, now, ends)
        memory = version.configuration.memory_size
        if memory < min_memory_mb:
            problems.append(Problem(Severity.LOW, f"{name} has {memory} MB of memory."))
        if architecture not in {"any", *version.configuration.architectures}:
            has = listed(version.configuration.architectures)
            problems.append(Problem(Severity.LOW, f"{name} is built for {has}."))
    facts: dict[str, Fact] = {
        "runtimes": {name: version.configuration.runtime for name, version in versions.items()},
        "states": {name: version.configuration.state for name, version in versions.items()},
        "reserved_concurrency": concurrency.reserved,
    }
    if problems:
        expected = "Active versions, updated without failure, on a runtime that AWS patches."
        return violates_all(problems, expected=expected).observing(facts)
    if doubts := [*in_transition(versions), *unclear]:
        return cannot_tell(" ".join(doubts)).observing(facts)
    verb = "is" if len(versions) == 1 else "are"
    reason = f"{listed(list(versions))} {verb} active, fully updated and on a patched runtime."
    return complies(reason).observing(facts).reminding(next_end(versions, now, ends))


# -- test ---------------------------------------------------------------------------------------


@lambda_deployment.rule(TEST, severity=Severity.HIGH)
def proven_by_traffic(
    traffic: TrafficSinceDeploy,
    *,
    prod_alias: ProdAlias = "",
    min_invocations: Annotated[
        int, Between(1, 100000), "How many invocations since the deployment prove anything"
    ] = 5,
    max_error_rate: Annotated[
        float, Between(0, 1), "The share of requests that may fail, here and at the front doors"
    ] = 0.01,
) -> Verdict:
    """Since it was deployed the function has served real requests, and they did not fail.

    A handler that catches everything and answers 500 shows no error in Lambda: the API, load
    balancer or URL in front of it counts what callers got.
    """
    own = traffic.door(f"alias {prod_alias}") if prod_alias in traffic.aliases else None
    own = own or traffic.door("Lambda")
    doors = [
        door
        for door in traffic.doors
        if door is own or not (door.name == "Lambda" or door.name.startswith("alias "))
    ]
    facts: dict[str, Fact] = {
        "deployed": f"{traffic.deployed:%Y-%m-%dT%H:%M:%SZ}" if traffic.deployed else "",
        "requests": {door.name: door.total for door in doors},
        "failures": {door.name: door.failed for door in doors},
    }
    failing = [
        Problem(Severity.HIGH, door.spoken)
        for door in doors
        if lower_bound(door.failed, door.total) > max_error_rate
    ]
    if failing:
        expected = f"At most {max_error_rate:.2%} of the requests fail after a deployment."
        return violates_all(failing, expected=expected).observing(facts)
    if traffic.unreadable is not None:
        reason = f"Could not be judged: {traffic.unreadable}."
        return cannot_tell(reason, missing=(traffic.unreadable.action,)).observing(facts)
    doubts = _unproven(traffic, own, doors, min_invocations, max_error_rate)
    if doubts:
        return cannot_tell(" ".join(doubts)).observing(facts)
    served = ", ".join(door.spoken for door in doors if door.total)
    return complies(f"Since {_since(traffic)}: {served}").observing(facts)


def _since(traffic: TrafficSinceDeploy) -> str:
    start = traffic.doors[0].requests.window.start
    return f"{start:%Y-%m-%d %H:%M} UTC"


def _unproven(
    traffic: TrafficSinceDeploy,
    own: Door | None,
    doors: Sequence[Door],
    min_invocations: int,
    max_error_rate: float,
) -> list[str]:
    """Why traffic without an obvious fault proves nothing yet."""
    doubts = [
        f"{door.spoken} That is too few to tell chance from a fault."
        for door in doors
        if door.total and door.failed / door.total > max_error_rate
    ]
    if traffic.deployed is None:
        doubts.append("Lambda does not tell when it was deployed.")
    if traffic.flaw:
        doubts.append(f"Who invokes it cannot be told: {traffic.flaw}.")
    served = (own.requests.total or 0.0) if own else 0.0
    if served < min_invocations:
        doubts.append(
            f"It was invoked {served:.0f} times since it was deployed, and {min_invocations} are"
            " needed to prove anything."
        )
    return doubts


@lambda_deployment.rule(TEST, severity=Severity.HIGH, opt_in="allow_smoke_tests")
def smoke_test(
    smoke: SmokeTest,
    *,
    allow_smoke_tests: Annotated[
        bool, f"Invoke functions that have the tag {EVENT_TAG}; this runs their code"
    ] = False,
) -> Verdict:
    """The function answers the smoke event that its owner set out for it as it should.

    Nothing is invoked unless this setting is on and the function's tag names an event.
    """
    if not allow_smoke_tests or not smoke.parameter:
        return not_applicable(f"The function has no tag {EVENT_TAG}, so it is not invoked.")
    if smoke.flaw:
        return cannot_tell(f"The parameter {smoke.parameter} {smoke.flaw}.")
    expected = "A JSON answer without a FunctionError or a statusCode of 500 or more"
    if smoke.expect:
        expected += f", with {smoke.expect}"
    facts: dict[str, Fact] = {"status_code": smoke.status_code, "function_error": smoke.error}
    fault = smoke.fault
    if fault:
        return violates(fault, expected=f"{expected}.").observing(facts)
    return complies("It answered its smoke event as it should.").observing(facts)


# -- logs ---------------------------------------------------------------------------------------


@lambda_deployment.rule("Check logs", severity=Severity.MEDIUM)
def logs_delivered(
    function: LogDelivery,
    log_group: LogDestination,
    role: RoleGrants | None,
    attested: Attested,
    *,
    max_age_days: Annotated[
        int, Between(1, 730), "How long it holds that a function ships its logs itself"
    ] = 365,
    two_people: Annotated[bool, "Whether a second person must approve that"] = False,
) -> Verdict:
    """When the function runs, log events arrive in its group, which can be searched.

    Proven by the events that arrived in the hours it was invoked, not by its configuration.
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
        expected = "Log events in the group whenever the function runs."
        return violates_all(problems, expected=expected).observing(facts)
    if function.unreadable is not None:
        reason = f"Could not be judged: {function.unreadable}."
        return cannot_tell(reason, missing=(function.unreadable.action,)).observing(facts)
    doubt = log_doubt(function)
    if doubt:
        return cannot_tell(doubt).observing(facts)
    latest = f"{function.heard[-1]:%Y-%m-%d %H:%M} UTC"
    return complies(
        f"It ran in {len(function.ran)} of the last 24 hours and its log events arrived, most"
        f" recently in the hour from {latest}."
    ).observing(facts)


handler = handler_of(lambda_deployment)
