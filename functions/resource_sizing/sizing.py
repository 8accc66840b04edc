"""Whether something can grow with its load, and how long its calls may take."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from readiness.evidence.autoscaling import InstanceGroup, Scalable
from readiness.evidence.awslambda.queue_consumers import Source
from readiness.model.verdict import Problem, Severity

_NEEDED = {"AlarmNotification", "Launch", "Terminate"}
"""Suspended, these processes of EC2 Auto Scaling keep a group as it is."""


def scaling_problems(
    scalable: Scalable | None, what: str, severity: Severity, least: int = 0
) -> list[Problem]:
    """Why ``what`` does not grow with its load; nothing where it does."""
    if scalable is None:
        return [Problem(severity, f"Nothing scales {what}: no scalable target is registered.")]
    problems = []
    if not scalable.policies:
        problems.append(
            Problem(severity, f"A scalable target for {what} is registered, and no policy acts.")
        )
    if scalable.lowest >= scalable.highest:
        problems.append(
            Problem(
                severity,
                f"{what[:1].upper()}{what[1:]} may not change: its lowest and highest capacity"
                f" are {scalable.lowest} and {scalable.highest}.",
            )
        )
    if scalable.suspended:
        ways = " and ".join(scalable.suspended)
        problems.append(Problem(severity, f"Scaling {ways} of {what} is suspended."))
    if scalable.lowest < least:
        problems.append(
            Problem(
                Severity.MEDIUM,
                f"The lowest capacity of {what} is {scalable.lowest}, less than {least}.",
            )
        )
    return problems


def group_problems(group: InstanceGroup) -> list[Problem]:
    """Why a group of instances does not grow with its load."""
    problems = []
    if not group.policies:
        problems.append(Problem(Severity.HIGH, "No enabled scaling policy acts on the group."))
    if group.lowest >= group.highest:
        problems.append(
            Problem(
                Severity.HIGH,
                f"The group may not change: its sizes are {group.lowest} and {group.highest}.",
            )
        )
    if stopped := sorted(_NEEDED & set(group.suspended)):
        problems.append(Problem(Severity.HIGH, f"Suspended are {', '.join(stopped)}."))
    return problems


def visibility_problems(sources: tuple[Source, ...], timeout: int, factor: int) -> list[Problem]:
    """Queues that show a message again while it may still be worked on.

    AWS wants six times the function's timeout and the batching window on top (Lambda developer
    guide, "Configuring a queue to use with Lambda").
    """
    problems = []
    for source in sources:
        wanted = factor * timeout + source.window
        said = (
            f"The queue {source.queue} hides a message for {source.visibility} s, and the function"
            f" may take {timeout} s"
        )
        if source.visibility < timeout:
            problems.append(Problem(Severity.HIGH, f"{said}: it is worked on twice."))
        elif source.visibility < wanted:
            problems.append(
                Problem(Severity.MEDIUM, f"{said}; {wanted} s leave time to try again.")
            )
    return problems


class DefinitionUnreadable(ValueError):
    """A state machine's definition that is not Amazon States Language."""


def untimed_tasks(definition: str) -> tuple[list[str], int]:
    """The Task states without a timeout of their own, and how many Task states there are.

    States within Parallel and Map count too. Without TimeoutSeconds a task may take more than
    three years (Amazon States Language: 99,999,999 seconds). Raises DefinitionUnreadable.
    """
    try:
        machine = json.loads(definition)
        tasks = list(_tasks(machine))
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise DefinitionUnreadable(str(error)) from None
    whole = "TimeoutSeconds" in machine
    untimed = [
        name
        for name, state in tasks
        if not whole and not {"TimeoutSeconds", "TimeoutSecondsPath"} & set(state)
    ]
    return untimed, len(tasks)


def _tasks(machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, state in machine["States"].items():
        if state["Type"] == "Task":
            yield name, state
        for inner in (
            *state.get("Branches", ()),
            state.get("ItemProcessor", state.get("Iterator")),
        ):
            if inner:
                yield from _tasks(inner)
