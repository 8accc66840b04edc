"""Emergency procedures: there is a way back, a switch and a clean stop, and each was rehearsed."""

from collections.abc import Iterable
from itertools import chain
from typing import Annotated

from readiness import (
    Between,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    unread,
)
from readiness.engine.handler import handler_of
from readiness.evidence.awslambda.asynchronous import AsynchronousCallers
from readiness.evidence.awslambda.provisioned import ProvisionedConcurrency
from readiness.evidence.awslambda.rollback import RollbackTargets
from readiness.evidence.awslambda.stopping import FunctionStop
from readiness.evidence.ecs.rollback import ServiceRollback
from readiness.evidence.ecs.stopping import ServiceStop
from readiness.evidence.workloads.switches import Switches
from readiness.judgement.service_functions import of_service_function, of_stack_function
from readiness.model.attestation import Attested
from readiness.model.text import listed
from readiness.model.verdict import Fact, violates_all

from . import services, stopping, switches, versions
from .drills import rehearsed
from .settings import DrillDays, FirstDays, NeedsDrill, TwoPeople

emergency_procedures = heading("Emergency Procedures", "Emergency Procedures")

SHUTDOWN = "Emergency Shutdown"
EDGE = "It is a replica of a function in another region, which is judged there."
STOPPED = "Its desired count is 0, so nothing of it runs."


def _of_others(name: str, master_arn: str, callers: Iterable[str]) -> Verdict | None:
    """The verdict on a function that nobody here rolls back or stops; None for any other.

    Nobody but CloudFormation calls a custom resource.
    """
    if master_arn:
        return not_applicable(EDGE)
    by_aws = of_service_function(name)
    return by_aws or (None if {*callers} - {"CloudFormation"} else of_stack_function(name))


@emergency_procedures.rule("Lambda rollback", severity=Severity.HIGH)
def lambda_rollback(
    targets: RollbackTargets,
    attested: Attested,
    *,
    prod_alias: Annotated[
        str, "The alias that callers use; if it has no callers, every alias with callers is judged"
    ] = "",
    first_days: FirstDays = 14,
    drill_days: DrillDays = 180,
    two_people: TwoPeople = False,
    needs_drill: NeedsDrill = True,
) -> Verdict:
    """A function's alias can go back to an earlier version that runs, and callers follow it.

    Callers that name the function without an alias get $LATEST, which has no earlier state. An
    earlier version counts that is Active, or Inactive because it is idle, and whose container
    image is still in ECR. MEDIUM where nobody is seen to invoke the function, and where only the
    drill is missing. How long an alias may be split is judged under Lambda Deployment.
    """
    callers = chain(*targets.callers.values())
    if by_others := _of_others(targets.name, targets.master_arn, callers):
        return by_others
    looked = versions.look_back(targets, prod_alias, first_days)
    facts: dict[str, Fact] = {
        "aliases": {each.name: each.version for each in targets.aliases},
        "callers": {name: list(who) for name, who in targets.callers.items()},
        "goals": looked.goals,
    }
    if looked.problems:
        return violates_all(
            looked.problems,
            expected="Callers of an alias of a numbered version, and an earlier one that can run.",
            **facts,
        )
    if looked.unread:
        return unread(" ".join(looked.doubts), *looked.unread).observing(facts)
    if looked.doubts:
        return cannot_tell(" ".join(looked.doubts)).observing(facts)
    if targets.flaw:
        return cannot_tell(
            f"Its resource policy could not be understood, so who invokes it is unknown:"
            f" {targets.flaw}.",
            missing=("lambda:GetPolicy",),
        ).observing(facts)
    told = [f"{alias} to version {goal}" for alias, goal in looked.goals.items()]
    ready = complies(f"A rollback can lead {listed(told)}.", **facts)
    return rehearsed(
        ready,
        attested,
        "A drill of the rollback",
        drill_days=drill_days,
        two_people=two_people,
        needs_drill=needs_drill,
    )


@emergency_procedures.rule("ECS rollback", severity=Severity.HIGH)
def ecs_rollback(
    found: ServiceRollback,
    attested: Attested,
    *,
    min_bake_minutes: Annotated[
        int, Between(0, 1440), "How long at least replaced tasks are kept after a shift (minutes)"
    ] = 5,
    first_days: FirstDays = 14,
    drill_days: DrillDays = 180,
    two_people: TwoPeople = False,
    needs_drill: NeedsDrill = True,
) -> Verdict:
    """A service can go back to what ran before, by itself and by an operator.

    What ran before is told by the service's own deployments, else it is the active revision
    below. It has to be active, its images still there, and named by a digest or a tag that still
    leads to what ran. MEDIUM where only the rollback by ECS itself is off, or the drill is
    missing. Images of registries other than ECR are not asked.
    """
    service = found.service
    if service.desired_count == 0 and service.scheduling_strategy != "DAEMON":
        return not_applicable(STOPPED)
    looked = services.look_back(found, min_bake_minutes=min_bake_minutes, first_days=first_days)
    facts: dict[str, Fact] = {
        "controller": service.deployment_controller,
        "earlier": services.revision(found.earlier),
        "not_asked": [each.name for each in found.images if not each.is_known],
    }
    if looked.problems:
        return violates_all(
            looked.problems,
            expected="An active earlier task definition whose images are there and fixed, and a"
            " deployment that rolls back when it fails.",
            **facts,
        )
    if looked.unread:
        return unread(" ".join(looked.doubts), *looked.unread).observing(facts)
    if looked.doubts and service.deployment_controller != "EXTERNAL":
        return cannot_tell(" ".join(looked.doubts)).observing(facts)
    told = " ".join(looked.doubts) or "The service has another task set beside the current one."
    if looked.goals:
        told = f"A rollback can lead to {listed(list(looked.goals.values()))}."
    return rehearsed(
        complies(told, **facts),
        attested,
        "A drill of the rollback",
        drill_days=drill_days,
        two_people=two_people,
        needs_drill=needs_drill or bool(looked.doubts),
    )


@emergency_procedures.rule("Circuit Breaker", severity=Severity.HIGH)
def circuit_breaker(
    found: Switches,
    attested: Attested,
    *,
    drill_days: DrillDays = 180,
    two_people: TwoPeople = False,
    needs_drill: NeedsDrill = True,
) -> Verdict:
    """An operator can stop calls without a deployment, the code would see it, and it was tried.

    A switch is a parameter or a breaker's table with the tag readiness:emergency, which the
    operator's role may change, or the circuit that a workload manifest names. Where the code asks
    another switch, a drill shows it. Circuits that are open now are named. A breaker that cannot
    read its table lets calls through, so someone's role has to allow it.
    """
    if not found.has_compute:
        return not_applicable("The region runs no function and no ECS service.")
    opened = switches.engaged(found)
    facts: dict[str, Fact] = {"switches": switches.named(found), "open": opened}
    if problems := [*switches.problems(found)]:
        return violates_all(
            problems,
            expected="A switch that an operator may change and a function or service may read.",
            **facts,
        )
    doubted = [each.spoken for each in found.tagged if each.readers is None]
    if doubted:
        return cannot_tell(
            f"Whether any role may read the {listed(doubted)} depends on conditions of policies."
        ).observing(facts)
    names = switches.named(found)
    told = f"It can be switched by {listed(names)}." if names else switches.none(found)
    if opened:
        told = f"{told} Open now: {listed(opened)}."
    return rehearsed(
        complies(told, **facts),
        attested,
        "A drill of the switch",
        drill_days=drill_days,
        two_people=two_people,
        # without a switch that can be seen, only a drill shows that there is one
        needs_drill=needs_drill or not names,
    )


@emergency_procedures.rule(SHUTDOWN, severity=Severity.HIGH)
def function_shutdown(
    stop: FunctionStop,
    use: AsynchronousCallers,
    provisioned: ProvisionedConcurrency,
    attested: Attested,
    *,
    min_stop_hours: Annotated[
        int, Between(1, 336), "How long a stop may last without losing messages (hours)"
    ] = 96,
    drill_days: DrillDays = 180,
    two_people: TwoPeople = False,
    needs_drill: NeedsDrill = True,
) -> Verdict:
    """A function can be stopped without losing what waits for it.

    With a reserved concurrency of 0, Lambda sends what comes asynchronously to the failure sink
    at once, and queues keep what they have for their retention.
    """
    fed_by = chain(stop.retention, stop.elsewhere, stop.streams, *use.callers.values())
    if by_others := _of_others(stop.name, stop.master_arn, fed_by):
        return by_others
    if stop.capacity_provider:
        return not_applicable(
            "It runs on Lambda Managed Instances, which a reserved concurrency does not stop."
        )
    facts: dict[str, Fact] = {"queues": dict(stop.retention), "elsewhere": list(stop.elsewhere)}
    problems = [*stopping.function_problems(stop, use, provisioned, min_stop_hours)]
    if problems:
        return violates_all(
            problems,
            expected="A failure sink for each asynchronous path, queues that keep messages for as"
            " long as a stop may last, and no provisioned concurrency.",
            **facts,
        )
    if use.flaw:
        return cannot_tell(
            f"Its resource policy could not be understood, so who invokes it is unknown:"
            f" {use.flaw}.",
            missing=("lambda:GetPolicy",),
        ).observing(facts)
    kept = listed(sorted(stop.retention)) if stop.retention else "no queue"
    told = f"A stop loses nothing that can be seen: it is fed by {kept}."
    if stop.streams:
        told = (
            f"{told} How long {listed(list(stop.streams))} may wait is not judged: a stream keeps"
            " records for its own retention."
        )
    return rehearsed(
        complies(told, **facts),
        attested,
        "A drill of the shutdown",
        drill_days=drill_days,
        two_people=two_people,
        needs_drill=needs_drill,
    )


@emergency_procedures.rule(SHUTDOWN, severity=Severity.HIGH)
def service_shutdown(
    stop: ServiceStop,
    attested: Attested,
    *,
    max_stop_seconds: Annotated[
        int, Between(30, 4000), "How long a task may take to end after it is told to (seconds)"
    ] = 600,
    drill_days: DrillDays = 180,
    two_people: TwoPeople = False,
    needs_drill: NeedsDrill = True,
) -> Verdict:
    """The tasks of a service end in time, after they finished what they had begun.

    ECS deregisters a task from its target groups, sends SIGTERM after their deregistration delay,
    and SIGKILL after the stop timeout. SIGTERM reaches the program only as the first process, or
    by an init process. Whether the program heeds it, only a drill shows.
    """
    service = stop.service
    if service.scheduling_strategy == "DAEMON":
        return not_applicable("A daemon ends with its instances: its count cannot be set to 0.")
    if service.desired_count == 0:
        return not_applicable(STOPPED)
    facts: dict[str, Fact] = {
        "stop_timeouts": {each.name: each.stop_timeout for each in stop.containers},
        "deregistration_delays": dict(stop.delays),
    }
    if not stop.containers:
        return cannot_tell("Its task definition is gone, so how it ends is unknown.")
    if problems := [*stopping.service_problems(stop, max_stop_seconds)]:
        return violates_all(
            problems,
            expected="Time to finish after SIGTERM, SIGTERM for the program itself, and an end"
            f" within {max_stop_seconds} s.",
            **facts,
        )
    return rehearsed(
        complies(stopping.ending(stop), **facts),
        attested,
        "A drill of the shutdown",
        drill_days=drill_days,
        two_people=two_people,
        needs_drill=needs_drill,
    )


handler = handler_of(emergency_procedures)
