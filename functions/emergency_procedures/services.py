"""Whether a service would come back to what ran before, by itself and by an operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from readiness import Problem, Severity
from readiness.evidence.ecs.rollback import ServiceRollback
from readiness.model.text import listed

from .versions import Looked, group_problems

_SHIFTING = {"BLUE_GREEN", "LINEAR", "CANARY"}


def revision(arn: str) -> str:
    """``family:revision`` of a task definition."""
    return arn.rpartition("/")[2]


def look_back(found: ServiceRollback, *, min_bake_minutes: int, first_days: int) -> Looked:
    """What a rollback of the service would meet."""
    looked = Looked()
    controller = found.service.deployment_controller
    if controller == "EXTERNAL":
        if len(found.service.task_sets) < 2:
            looked.doubts.append(
                "An external controller deploys it and keeps one task set: whether it can go"
                " back, only a drill shows."
            )
        return looked
    looked.problems += _by_itself(found, min_bake_minutes)
    _goal(found, first_days, looked)
    return looked


def _by_itself(found: ServiceRollback, min_bake_minutes: int) -> Iterator[Problem]:
    service = found.service
    if service.deployment_controller == "CODE_DEPLOY":
        if not found.groups:
            yield Problem(
                Severity.HIGH,
                "CodeDeploy is to deploy it, and no deployment group of CodeDeploy does.",
            )
        for group in found.groups:
            yield from group_problems(group)
            if 0 <= group.waits < min_bake_minutes:
                yield Problem(
                    Severity.MEDIUM,
                    f"The deployment group {group.name} of CodeDeploy ends the replaced tasks"
                    f" after {group.waits} min; at least {min_bake_minutes} are required.",
                )
        return
    settings = service.deployment_configuration or {}
    breaker = settings.get("deploymentCircuitBreaker") or {}
    alarms = settings.get("alarms") or {}
    by_breaker = bool(breaker.get("enable") and breaker.get("rollback"))
    by_alarm = bool(alarms.get("enable") and alarms.get("rollback") and alarms.get("alarmNames"))
    if by_alarm and found.missing_alarms:
        text = f"Alarms of its deployments do not exist: {listed(list(found.missing_alarms))}."
        yield Problem(Severity.MEDIUM, text)
        by_alarm = len(found.missing_alarms) < len(alarms["alarmNames"])
    strategy = settings.get("strategy") or "ROLLING"
    hooks = strategy in _SHIFTING and bool(settings.get("lifecycleHooks"))
    if not (by_breaker or by_alarm or hooks):
        yield Problem(Severity.MEDIUM, f"{_off(breaker, alarms)} A failing deployment stays.")
    elif by_breaker and not by_alarm and (text := _neutralised(breaker, service.desired_count)):
        yield Problem(Severity.MEDIUM, text)
    if strategy in _SHIFTING:
        minutes = int(settings.get("bakeTimeInMinutes") or 0)
        if minutes < min_bake_minutes:
            yield Problem(
                Severity.MEDIUM,
                f"The tasks that a {strategy} deployment replaces are kept for {minutes} min"
                f" (bakeTimeInMinutes); at least {min_bake_minutes} are required.",
            )


def _off(breaker: Mapping[str, Any], alarms: Mapping[str, Any]) -> str:
    if breaker.get("enable"):
        return "The deployment circuit breaker does not roll back."
    if alarms.get("enable"):
        return "The alarms of its deployments do not roll back."
    return "Neither a deployment circuit breaker nor alarms roll back."


def _neutralised(breaker: Mapping[str, Any], desired: int) -> str:
    """What to say of a breaker that needs more failed tasks than a deployment has, or ``""``."""
    threshold = breaker.get("thresholdConfiguration") or {}
    kind, value = threshold.get("type"), int(threshold.get("value") or 0)
    most = max(10, 10 * desired)
    if kind == "COUNT" and value > most:
        return (
            f"The deployment circuit breaker waits for {value} failed tasks in a row, and"
            f" {desired} are desired."
        )
    if kind == "UNBOUNDED_PERCENT" and value > 1000:
        return f"The deployment circuit breaker waits for failures of {value} % of the tasks."
    return ""


def _goal(found: ServiceRollback, first_days: int, looked: Looked) -> None:
    service = found.service
    current = revision(service.revision)
    if not found.earlier or not found.status:
        gone = f"{revision(found.earlier)}, which ran before, is gone" if found.earlier else ""
        text = f"There is nothing to go back to: {gone or f'nothing ran before {current}'}."
        if not found.earlier and _is_new(found, first_days):
            looked.doubts.append(f"{text} The service is new.")
        else:
            looked.add(Severity.HIGH, text)
        return
    name = revision(found.earlier)
    if found.status != "ACTIVE":
        looked.add(
            Severity.HIGH,
            f"{name}, which ran before, is {found.status}: ECS does not deploy it any more.",
        )
        return
    for image in found.images:
        ran = found.ran.get(image.name, "")
        if image.unreadable is not None:
            looked.unread.append(image.unreadable)
            looked.doubts.append(
                f"Whether the image {image.name} of {name} is still there could not be read:"
                f" {image.unreadable}."
            )
        elif image.gone:
            looked.add(Severity.HIGH, f"The image {image.name} of {name} {image.gone}.")
        elif ran and image.digest and ran != image.digest:
            looked.add(
                Severity.HIGH,
                f"The tag of the image {image.name} was moved since {name} ran: a rollback runs"
                " something else.",
            )
        elif image.may_move and not ran:
            same = image.name in found.current_images
            looked.add(
                Severity.HIGH if same else Severity.MEDIUM,
                f"{name} names the image {image.name} by a tag"
                + (" that today's revision has too." if same else " that may have been moved."),
            )
    looked.goals[service.name] = name


def _is_new(found: ServiceRollback, first_days: int) -> bool:
    return found.began is not None and found.read_at - found.began < timedelta(days=first_days)
