"""ECS Deployment: what services run is well defined, rolled out, and stays up."""

from collections import Counter
from datetime import timedelta
from typing import Annotated

from readiness import (
    Between,
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
from readiness.evidence.ecs.services import Rollout, Services, TaskDefinition
from readiness.evidence.ecs.tasks import ServiceTasks
from readiness.model.attestation import Attested
from readiness.model.text import listed
from readiness.model.verdict import Fact

from .rollout import (
    revision_name,
    rollout_grace,
    rollout_state,
    status_doubt,
    status_problems,
    task_doubts,
    task_problems,
)
from .task_definition import problems as definition_problems

ecs_deployment = heading("Deployment", "ECS Deployment")

RolloutMinutes = Annotated[
    int,
    Between(5, 1440),
    "How long a rollout may take, besides the bake time that its strategy asks for",
]


@ecs_deployment.rule("Validate task definition", severity=Severity.MEDIUM)
def task_definition_sound(task_definition: TaskDefinition, services: Services) -> Verdict:
    """What services run logs somewhere, names its image, knows its limits, and is checked.

    Judged is the revision that a service or one of its deployments runs, by its ARN: the latest
    of the family may never have been deployed.
    """
    users = services.running(task_definition.arn)
    if not users:
        return not_applicable("No service of this region runs this revision.")
    facts: dict[str, Fact] = {
        "services": [service.name for service in users],
        "images": {each.name: each.image for each in task_definition.containers},
        "log_drivers": {each.name: each.log_driver for each in task_definition.containers},
    }
    found = list(definition_problems(task_definition, users))
    if found:
        expected = "A revision with logs, a fixed image, limits, roles of its own, a health check."
        return violates_all(found, expected=expected).observing(facts)
    name = revision_name(task_definition.arn)
    return complies(f"{name}, which {listed([s.name for s in users])} runs, is sound.").observing(
        facts
    )


@ecs_deployment.rule("Check service status", severity=Severity.CRITICAL)
def service_status(
    rollout: Rollout,
    attested: Attested,
    *,
    rollout_minutes: RolloutMinutes = 30,
    balance_minutes: Annotated[
        int, Between(1, 1440), "How long fewer tasks may run than are desired"
    ] = 10,
    max_failed_tasks: Annotated[
        int, Between(0, 1000), "How many tasks may fail to start in one rollout"
    ] = 3,
    max_age_days: Annotated[
        int, Between(1, 730), "How long it holds that a service is to run no task"
    ] = 365,
    two_people: Annotated[bool, "Whether a second person must approve that"] = False,
) -> Verdict:
    """The newest deployment is complete and every task that is desired runs.

    While a rollout hangs, the old revision carries the load and the counts look right.
    """
    service = rollout.service
    facts: dict[str, Fact] = {
        "status": service.status,
        "desired": service.desired_count,
        "running": service.running_count,
        "revision": revision_name(service.revision),
        "rollout": rollout_state(service),
    }
    found = list(
        status_problems(
            rollout,
            grace=rollout_grace(service, rollout_minutes),
            balance=timedelta(minutes=balance_minutes),
            max_failed_tasks=max_failed_tasks,
        )
    )
    expected = "One completed deployment, guarded by the circuit breaker, with all tasks running."
    if any(problem.severity is not Severity.LOW for problem in found):
        return violates_all(found, expected=expected).observing(facts)
    if not service.desired_count:
        return _without_tasks(
            service.scheduling_strategy, attested, max_age_days, two_people=two_people
        ).observing(facts)
    if found:
        return violates_all(found, expected=expected).observing(facts)
    if doubt := status_doubt(rollout):
        return cannot_tell(doubt).observing(facts)
    return complies(
        f"The deployment of {revision_name(service.revision)} is complete and all"
        f" {service.desired_count} tasks run."
    ).observing(facts)


def _without_tasks(
    strategy: str, attested: Attested, max_age_days: int, *, two_people: bool
) -> Verdict:
    if strategy == "DAEMON":
        return not_applicable("It runs one task on each instance, and there is no instance.")
    meant = attested.verdict(
        "That the service is to run no task", max_age_days=max_age_days, two_people=two_people
    )
    if meant.status is Status.COMPLIANT:
        return not_applicable(meant.reason).reminding(meant.reminder)
    if meant.missing:
        return meant
    return violates(
        "The service is to run no task (its desired count is 0).",
        expected="At least one task, or an attestation that none is meant to run.",
        severity=Severity.MEDIUM,
    )


@ecs_deployment.rule("Monitor tasks", severity=Severity.HIGH)
def tasks_healthy(
    tasks: ServiceTasks,
    task_definition: TaskDefinition | None,
    *,
    rollout_minutes: RolloutMinutes = 30,
    pending_minutes: Annotated[
        int, Between(1, 120), "How long a task may take until it runs and is healthy"
    ] = 10,
    max_stops: Annotated[
        int, Between(0, 1000), "How many tasks of a service may crash within an hour"
    ] = 3,
) -> Verdict:
    """The service's tasks run, are healthy, have the newest revision, and stand in two zones.

    A task that crashes is replaced at once, so that the counts alone never show it.
    """
    service = tasks.service
    if not service.desired_count:
        return not_applicable("The service is to run no task.")
    facts: dict[str, Fact] = {
        "desired": service.desired_count,
        "running": len(tasks.running),
        "stopped_within_an_hour": len(tasks.stopped),
        "health": dict(Counter(task.health for task in tasks.running)),
        "zones": sorted({task.zone for task in tasks.running if task.zone}),
    }
    found = list(
        task_problems(
            tasks,
            task_definition,
            max_stops=max_stops,
            pending=timedelta(minutes=pending_minutes),
            grace=rollout_grace(service, rollout_minutes),
        )
    )
    if found:
        expected = "Healthy tasks of the newest revision in two zones that do not crash."
        return violates_all(found, expected=expected).observing(facts)
    if doubts := list(task_doubts(tasks, task_definition)):
        return cannot_tell(" ".join(doubts)).observing(facts)
    return complies(
        f"All {len(tasks.running)} tasks run {revision_name(service.revision)} and are well."
    ).observing(facts)


handler = handler_of(ecs_deployment)
