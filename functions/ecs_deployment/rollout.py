"""What is wrong with an ECS service: its latest deployment, its task counts and its tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from readiness.evidence.ecs.rollouts import Rollout
from readiness.evidence.ecs.services import Service
from readiness.evidence.ecs.task_definitions import TaskDefinition
from readiness.evidence.ecs.tasks import ServiceTasks, Task
from readiness.model.text import listed, plural
from readiness.model.verdict import Problem, Severity
from readiness.semantics.health_commands import has_command

from .limits import why_no_rollout
from .waiting import waits_for

_KEPT_BY_CODEDEPLOY = timedelta(days=3)
"""Two days until it is terminated, and the time that the traffic takes to move."""
_CRASHES = {"EssentialContainerExited", "TaskFailedToStart"}


def revision_name(arn: str) -> str:
    """``family:revision`` of a task definition's ARN."""
    return arn.rpartition("/")[2]


def running_tasks(service: Service) -> str:
    """``1 of 2 desired tasks is running``."""
    running = service.running_count
    tasks = plural(service.desired_count, "desired task")
    return f"{running} of {tasks} {'is' if running == 1 else 'are'} running"


def rollout_state(service: Service) -> str:
    """The state of the latest deployment or of the primary task set; empty without either."""
    primary = service.primary or {}
    state = "rolloutState" if primary in service.deployments else "stabilityStatus"
    return str(primary.get(state) or "")


def is_open(service: Service) -> bool:
    """Whether a deployment is in progress."""
    if service.task_sets and not service.deployments:
        return any(
            each.get("stabilityStatus") != "STEADY_STATE"
            for each in (service.primary or {}, *_newer_sets(service))
        )
    states = [deployment.get("rolloutState") for deployment in service.deployments]
    if any(state is None for state in states):
        return len(service.deployments) > 1
    return any(state != "COMPLETED" for state in states) or len(service.deployments) > 1


def _newer_sets(service: Service) -> list[Mapping[str, Any]]:
    """The task sets of a blue/green deployment that are to replace the primary one."""
    born = (service.primary or {}).get("createdAt")
    return [
        each
        for each in service.task_sets
        if each.get("status") == "ACTIVE" and born and each.get("createdAt", born) > born
    ]


def _waiting_revisions(tasks: ServiceTasks) -> set[str]:
    """Revisions that other task sets than the primary one may still run.

    An external controller runs as many as it wants. CodeDeploy keeps the old task set for up to
    two days after it has moved the traffic, and starts the new one before that.
    """
    service = tasks.service
    others = [each for each in service.task_sets if each is not service.primary]
    born = (service.primary or {}).get("createdAt")
    if service.deployment_controller == "CODE_DEPLOY" and born:
        is_kept = tasks.read_at - born <= _KEPT_BY_CODEDEPLOY
        others = [each for each in others if is_kept or each in _newer_sets(service)]
    return {str(each.get("taskDefinition", "")) for each in others}


def status_problems(
    rollout: Rollout, *, grace: timedelta, balance: timedelta, max_failed_tasks: int
) -> Iterator[Problem]:
    """What is wrong with the service itself; nothing during a recent rollout without a fault."""
    service = rollout.service
    if service.status != "ACTIVE":
        yield Problem(Severity.CRITICAL, f"The service is {service.status}.")
    yield from _failed(service)
    if rollout.rolled_back is not None and service.desired_count and not is_open(service):
        text = (
            f"ECS rolled a deployment back on {rollout.rolled_back:%Y-%m-%d %H:%M} UTC:"
            f" {revision_name(service.revision)} runs again, not what was deployed last."
        )
        yield Problem(Severity.MEDIUM, text)
    primary = service.primary
    if primary is None and service.desired_count:
        yield _without_primary(service, rollout.read_at - grace)
    if primary is not None and is_open(service):
        yield from _stuck(rollout, primary, grace, max_failed_tasks)
    elif service.running_count < service.desired_count:
        since = rollout.disturbed
        if since is not None and rollout.read_at - since > balance:
            text = (
                f"Only {running_tasks(service)}. The service has not reached a steady state since"
                f" {since:%Y-%m-%d %H:%M} UTC."
            )
            yield Problem(Severity.CRITICAL, text)
    yield from _configuration(service)


def _configuration(service: Service) -> Iterator[Problem]:
    """What its settings do to the next deployment: it cannot begin, or does not stop."""
    if deadlock := why_no_rollout(service):
        yield Problem(Severity.MEDIUM, deadlock)
    breaker = (service.deployment_configuration or {}).get("deploymentCircuitBreaker") or {}
    can_break = service.deployment_controller == "ECS" and not service.has_classic_balancer
    if can_break and not breaker.get("enable"):
        alarms = (service.deployment_configuration or {}).get("alarms") or {}
        text = "The deployment circuit breaker is off, so a failing deployment never stops."
        if alarms.get("enable"):
            text = (
                "The deployment circuit breaker is off: only an alarm stops a deployment, not that"
                " its tasks fail to start."
            )
        yield Problem(Severity.LOW, text)


def _without_primary(service: Service, since: datetime) -> Problem:
    """An external controller may run task sets of which none is the primary one.

    A task set that was made after ``since`` may still be starting its first tasks.
    """
    if service.deployment_controller != "EXTERNAL":
        return Problem(Severity.CRITICAL, "The service has no primary deployment.")
    if not service.task_sets:
        text = "The service has no task set: its external controller deployed nothing to run."
        return Problem(Severity.HIGH, text)
    running = [each for each in service.task_sets if each.get("runningCount")]
    if running:
        text = (
            f"No task set is the primary one ({plural(len(running), 'task set')} with tasks): ECS"
            " does not show what the service is to run."
        )
        return Problem(Severity.MEDIUM, text)
    if any(each.get("createdAt", since) > since for each in service.task_sets):
        text = "No task set is the primary one, and the newest is starting its first tasks."
        return Problem(Severity.MEDIUM, text)
    return Problem(Severity.CRITICAL, "No task set is the primary one, and none runs a task.")


def _failed(service: Service) -> Iterator[Problem]:
    """Deployments that failed: one that another takes the place of harms nobody meanwhile."""
    serves = 0 < service.desired_count <= service.running_count
    for deployment in service.deployments:
        if deployment.get("rolloutState") == "FAILED":
            why = str(deployment.get("rolloutStateReason") or "no reason given").rstrip(".")
            name = revision_name(str(deployment.get("taskDefinition", "")))
            text = f"The deployment of {name} failed: {why}."
            is_replaced = serves and deployment is not service.primary
            if is_replaced:
                text += f" {revision_name(service.revision)} takes its place."
            yield Problem(Severity.MEDIUM if is_replaced else Severity.CRITICAL, text)


def _stuck(
    rollout: Rollout, primary: Mapping[str, Any], grace: timedelta, max_failed_tasks: int
) -> Iterator[Problem]:
    for each in _newer_sets(rollout.service):
        born = each.get("createdAt")
        is_steady = each.get("stabilityStatus") == "STEADY_STATE"
        if born and not is_steady and rollout.read_at - born > grace:
            minutes = int((rollout.read_at - born).total_seconds() // 60)
            yield Problem(
                Severity.CRITICAL,
                f"The new task set of {revision_name(str(each.get('taskDefinition', '')))} has not"
                f" become stable in {plural(minutes, 'minute')}; at most"
                f" {grace.total_seconds() / 60:g} are allowed.",
            )
    is_deployment = primary in rollout.service.deployments
    if not is_deployment and primary.get("stabilityStatus") == "STEADY_STATE":
        return
    # A task set has neither a rollout state nor a count of failed tasks.
    deployment = primary if is_deployment else {}
    if deployment.get("rolloutState") == "FAILED":
        return
    name, now = revision_name(str(primary.get("taskDefinition", ""))), rollout.read_at
    since = _open_since(rollout, primary)
    if since is not None and now - since > grace:
        minutes = int((now - since).total_seconds() // 60)
        lasted = f"after {plural(minutes, 'minute')}; at most {grace.total_seconds() / 60:g} are"
        text = (
            f"The rollout of {name} is not complete {lasted} allowed. The old revision may still"
            " be running."
        )
        is_over = deployment.get("rolloutState") == "COMPLETED"
        if is_over:
            text = f"{name} is deployed, but tasks of other revisions still run {lasted} allowed."
        yield Problem(Severity.MEDIUM if is_over else Severity.CRITICAL, text)
    failed = deployment.get("failedTasks") or 0
    if failed > max_failed_tasks:
        yield Problem(
            Severity.CRITICAL,
            f"{plural(failed, 'task')} failed to start in the rollout of {name}; at most"
            f" {max_failed_tasks} may.",
        )


def _open_since(rollout: Rollout, primary: Mapping[str, Any]) -> datetime | None:
    """Since when a deployment is in progress.

    ECS goes back to a deployment that is as old as what it deployed. A task set that was stable
    for months is in progress again when it loses a task. Then the events of the service show since
    when.
    """
    created: datetime | None = primary.get("createdAt")
    if primary in rollout.service.deployments:
        return max(created, rollout.rolled_back) if created and rollout.rolled_back else created
    return max(created, rollout.disturbed) if created and rollout.disturbed else None


def status_doubt(rollout: Rollout) -> str:
    """Why a service without a fault is not known to be steady; empty if it is steady."""
    service = rollout.service
    if is_open(service):
        newest = [*_newer_sets(service), service.primary or {}][0]
        name = revision_name(str(newest.get("taskDefinition", "")))
        return f"A rollout of {name} is in progress.{waits_for(service)}"
    if service.running_count < service.desired_count:
        return f"Only {running_tasks(service)}, but not for long enough to count as a problem."
    return ""


# -- tasks --------------------------------------------------------------------------------------


def crashes(tasks: ServiceTasks, window: timedelta) -> list[Task]:
    """The tasks that crashed within the window, or that ECS replaced for failed health checks.

    Tasks that the scheduler stopped for another reason, that a person stopped, or that lost their
    host, do not count.
    """
    return [
        task
        for task in tasks.stopped
        if (task.stop_code in _CRASHES or task.failed_health_checks)
        and (task.stopped is None or tasks.read_at - task.stopped <= window)
    ]


def task_problems(
    tasks: ServiceTasks,
    definition: TaskDefinition | None,
    *,
    max_stops: int,
    pending: timedelta,
    grace: timedelta,
) -> Iterator[Problem]:
    """What is wrong with the tasks of a service whose desired count is not 0."""
    crashed = crashes(tasks, timedelta(hours=1))
    if len(crashed) > max_stops:
        is_sick = any(task.failed_health_checks for task in crashed)
        did = "crashed or failed health checks" if is_sick else "crashed"
        text = (
            f"{plural(len(crashed), 'task')} {did} within an hour ({_why(crashed)}); at most"
            f" {max_stops} may."
        )
        yield Problem(Severity.HIGH, text)
    killed = [task for task in tasks.stopped if task.was_killed_for_memory]
    if killed:
        text = f"{plural(len(killed), 'task')} ran out of memory or got killed (exit code 137)."
        yield Problem(Severity.HIGH, text)
    if ended := _ended_within(tasks.running):
        text = f"Containers of running tasks ended with an error and stay ended: {listed(ended)}."
        yield Problem(Severity.MEDIUM, text)
    if not tasks.running:
        text = f"No task is running; {tasks.service.desired_count} desired."
        yield Problem(Severity.HIGH, text)
    sick = [task for task in tasks.running if task.health == "UNHEALTHY"]
    if sick:
        text = f"Unhealthy tasks: {len(sick)} of {len(tasks.running)}."
        yield Problem(Severity.HIGH, text)
    late = [t for t in _unready(tasks, definition) if _older(t, tasks.read_at, pending)]
    if late:
        text = (
            f"Not running and healthy after {plural(pending.total_seconds() / 60, 'minute')}:"
            f" {plural(len(late), 'task')} ({_states(late)})."
        )
        yield Problem(Severity.HIGH, text)
    if _is_past(tasks, grace):
        old = sorted({revision_name(task.revision) for task in _outdated(tasks)})
        if old:
            text = (
                f"Some tasks still run {listed(old)}, not {revision_name(tasks.service.revision)}."
            )
            yield Problem(Severity.HIGH, text)
    zones = {task.zone for task in tasks.running if task.zone}
    spread = tasks.service.scheduling_strategy == "REPLICA" and len(tasks.running) > 1
    if spread and len(zones) == 1 and all(task.zone for task in tasks.running):
        text = f"All {len(tasks.running)} tasks run in one zone, {listed(sorted(zones))}."
        yield Problem(Severity.MEDIUM, text)


def _ended_within(running: Sequence[Task]) -> list[str]:
    """The containers that ended with an error in tasks that go on without them, as ECS shows them.

    A container that is not essential may end: one that prepares the others ends with 0. Without a
    restart policy ECS starts no other in its place, and the health of the task does not show it.
    """
    count = Counter(
        container
        for task in running
        if task.is_to_run and task.status == "RUNNING"
        for container in task.failed_containers
    )
    return [
        f"{name} (exit code {code}, {plural(times, 'task')})"
        for (name, code), times in sorted(count.items(), key=str)
    ]


def task_doubts(tasks: ServiceTasks, definition: TaskDefinition | None) -> Iterator[str]:
    """Why tasks without a fault are not known to be healthy yet."""
    if unready := _unready(tasks, definition):
        yield f"Not running and healthy yet: {plural(len(unready), 'task')} ({_states(unready)})."
    if _outdated(tasks):
        waits = waits_for(tasks.service)
        yield f"Tasks of an older revision still run: a rollout is in progress.{waits}"
    if len(tasks.running) < tasks.service.desired_count:
        yield f"Running tasks: {len(tasks.running)} of {tasks.service.desired_count}."
    if silent := [task for task in tasks.running if task.is_out_of_touch]:
        yield (
            f"ECS has no contact with the agent of {plural(len(silent), 'task')}, so whether they"
            " still run is not known."
        )
    in_aws = [task for task in tasks.running if task.launch_type != "EXTERNAL"]
    if tasks.service.desired_count > 1 and not all(task.zone for task in in_aws):
        yield "ECS does not show the Availability Zone of every task."


def _unready(tasks: ServiceTasks, definition: TaskDefinition | None) -> list[Task]:
    """Tasks that are not running yet, or whose health check has not passed yet.

    The health of a task is that of its essential containers: where only others have a check, it
    stays UNKNOWN (ECS API reference, Task).
    """
    checked = definition is not None and any(
        each.essential and has_command(each.health_check) for each in definition.containers
    )
    return [
        task
        for task in tasks.running
        if task.status != "RUNNING" or (checked and task.health == "UNKNOWN")
    ]


def _older(task: Task, now: datetime, age: timedelta) -> bool:
    since = task.started or task.created
    return since is not None and now - since > age


def _outdated(tasks: ServiceTasks) -> list[Task]:
    expected = {tasks.service.revision, *_waiting_revisions(tasks)}
    return [task for task in tasks.running if task.revision not in expected]


def _is_past(tasks: ServiceTasks, grace: timedelta) -> bool:
    """Whether the latest deployment is so old that no earlier revision should still run.

    A deployment to which ECS is going back is as old as what it deployed.
    """
    if any(each.get("rolloutState") == "FAILED" for each in tasks.service.deployments):
        return False
    since = (tasks.service.primary or {}).get("createdAt")
    return since is not None and tasks.read_at - since > grace


def _states(tasks: Sequence[Task]) -> str:
    return listed(
        sorted({task.status if task.status != "RUNNING" else task.health for task in tasks})
    )


def _why(tasks: Sequence[Task]) -> str:
    reasons = []
    for task in tasks:
        codes = [f"{name} ended with {code}" for name, code, _ in task.exits if code is not None]
        if task.failed_health_checks:
            codes = []  # ECS itself stopped the containers
        reasons += codes or [task.stop_reason.rstrip(".") or task.stop_code]
    return listed(sorted(set(reasons)), most=3)
