"""ECS Deployment: sound task definitions, complete rollouts and healthy tasks."""

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
    unread,
    violates,
    violates_all,
)
from readiness.engine.handler import handler_of
from readiness.evidence.ecs.image_tags import ImageTags
from readiness.evidence.ecs.rollouts import Rollout
from readiness.evidence.ecs.services import Services
from readiness.evidence.ecs.starting import ServiceStart
from readiness.evidence.ecs.task_definitions import TaskDefinition
from readiness.evidence.ecs.tasks import ServiceTasks
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact

from .rollout import (
    revision_name,
    rollout_state,
    running_tasks,
    status_doubt,
    status_problems,
    task_doubts,
    task_problems,
)
from .task_definition import problems as definition_problems
from .waiting import rollout_grace

ecs_deployment = heading("Deployment", "ECS Deployment")

RolloutMinutes = Annotated[
    int,
    Between(5, 1440),
    "How long a rollout may take, besides bake times, hooks and protected tasks (minutes)",
]


@ecs_deployment.rule("Validate task definition", severity=Severity.MEDIUM)
def task_definition_sound(
    task_definition: TaskDefinition, services: Services, tags: ImageTags
) -> Verdict:
    """A task definition in use has logging, a fixed image, resource limits and a health check.

    The rule checks the revision that a service or one of its deployments runs. The latest
    revision of the family may never have been deployed. A tag without a version counts as fixed
    where its ECR repository is immutable.
    """
    users = services.running(task_definition.arn)
    if not users:
        return not_applicable("No service in this region runs this revision.")
    facts: dict[str, Fact] = {
        "services": [service.name for service in users],
        "images": {each.name: each.image for each in task_definition.containers},
        "log_drivers": {each.name: each.log_driver for each in task_definition.containers},
    }
    found = list(definition_problems(task_definition, users, tags))
    if found:
        expected = (
            "A revision with logging, a fixed image, resource limits, its own roles and a health"
            " check."
        )
        return violates_all(found, expected=expected).observing(facts)
    if tags.unreadable is not None:
        reason = (
            f"Whether the tag of {listed(sorted(tags.unknown))} may be moved could not be read:"
            f" {tags.unreadable}."
        )
        return unread(reason, tags.unreadable).observing(facts)
    name = revision_name(task_definition.arn)
    used_by = listed([service.name for service in users])
    return complies(f"No problem found in {name}, used by {used_by}.").observing(facts)


@ecs_deployment.rule("Check service status", severity=Severity.CRITICAL)
def service_status(
    rollout: Rollout,
    start: ServiceStart,
    attested: Attested,
    *,
    rollout_minutes: RolloutMinutes = 30,
    balance_minutes: Annotated[
        int, Between(1, 1440), "How long fewer tasks than desired may run (minutes)"
    ] = 10,
    max_failed_tasks: Annotated[
        int, Between(0, 1000), "How many tasks may fail to start in a rollout"
    ] = 3,
    max_age_days: Annotated[
        int, Between(1, 730), "How long an attestation is valid that a service runs no task (days)"
    ] = 365,
    two_people: Annotated[bool, "A second person has to approve the attestation"] = False,
) -> Verdict:
    """The latest deployment of a service is complete and all desired tasks are running.

    While a rollout is stuck, the old revision serves requests and the task counts look right.
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
    expected = "One completed deployment with all tasks running, and the circuit breaker enabled."
    if any(problem.severity is not Severity.LOW for problem in found):
        return violates_all(found, expected=expected).observing(facts)
    if not service.desired_count and start.by:
        said = f"The service is to run no task now; {start.by} starts its tasks again."
        return not_applicable(said).observing(facts)
    if not service.desired_count:
        return _without_tasks(
            service.scheduling_strategy, attested, max_age_days, two_people=two_people
        ).observing(facts)
    if found:
        return violates_all(found, expected=expected).observing(facts)
    if doubt := status_doubt(rollout):
        return cannot_tell(doubt, is_passing=True).observing(facts)
    return complies(
        f"The deployment of {revision_name(service.revision)} is complete:"
        f" {running_tasks(service)}."
    ).observing(facts)


def _without_tasks(
    strategy: str, attested: Attested, max_age_days: int, *, two_people: bool
) -> Verdict:
    if strategy == "DAEMON":
        return not_applicable(
            "The service runs one task on each container instance, and there is no instance."
        )
    meant = attested.verdict(
        "That the service runs no task", max_age_days=max_age_days, two_people=two_people
    )
    if meant.status is Status.COMPLIANT:
        return not_applicable(meant.reason).reminding(meant.reminder)
    if meant.missing:
        return meant
    return violates(
        "The desired count of the service is 0, so it runs no task.",
        expected="At least one task, or an attestation that the service runs no task.",
        severity=Severity.MEDIUM,
    )


@ecs_deployment.rule("Monitor tasks", severity=Severity.HIGH)
def tasks_healthy(
    tasks: ServiceTasks,
    task_definition: TaskDefinition | None,
    *,
    rollout_minutes: RolloutMinutes = 30,
    pending_minutes: Annotated[
        int, Between(1, 120), "How long a task may take to run and become healthy (minutes)"
    ] = 10,
    max_stops: Annotated[
        int,
        Between(0, 1000),
        "How many tasks of a service may crash or fail health checks in an hour",
    ] = 3,
) -> Verdict:
    """The tasks of a service are running, healthy, of the latest revision, and in two zones.

    ECS replaces a crashed task at once, and one that fails its health checks: the task counts
    alone do not show it.
    """
    service = tasks.service
    if not service.desired_count:
        return not_applicable("The desired count of the service is 0.")
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
        expected = "Healthy tasks of the latest revision in two zones, without crashes."
        return violates_all(found, expected=expected).observing(facts)
    if doubts := list(task_doubts(tasks, task_definition)):
        return cannot_tell(" ".join(doubts), is_passing=True).observing(facts)
    return complies(
        f"No problem found: {plural(len(tasks.running), 'task')} of"
        f" {revision_name(service.revision)} running."
    ).observing(facts)


handler = handler_of(ecs_deployment)
