"""Whether a function or a service can be stopped without losing what it works on."""

from __future__ import annotations

from collections.abc import Iterator

from readiness import Problem, Severity
from readiness.evidence.awslambda.asynchronous import AsynchronousCallers
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.awslambda.provisioned import ProvisionedConcurrency
from readiness.evidence.awslambda.stopping import FunctionStop
from readiness.evidence.ecs.stopping import ServiceStop
from readiness.evidence.ecs.task_definitions import Container
from readiness.model.text import listed

from . import shells

DEFAULT_STOP = 30
"""Seconds between SIGTERM and SIGKILL where nothing is set."""


def function_problems(
    stop: FunctionStop,
    use: AsynchronousCallers,
    provisioned: ProvisionedConcurrency,
    min_stop_hours: int,
) -> Iterator[Problem]:
    """What a stop of the function would lose, and what would refuse it."""
    if provisioned.qualifiers:
        yield Problem(
            Severity.MEDIUM,
            f"Provisioned concurrency of {listed(list(provisioned.qualifiers))} has to be deleted"
            " before Lambda takes a reserved concurrency of 0.",
        )
    for queue, seconds in sorted(stop.retention.items()):
        if seconds < min_stop_hours * 3600:
            yield Problem(
                Severity.MEDIUM,
                f"The queue {queue} keeps a message for {seconds / 3600:g} h, and a stop may last"
                f" {min_stop_hours} h.",
            )
    for qualifier, who in use.callers.items():
        if not use.sinks(qualifier):
            # that failures there are lost at any time is judged under Error Handling
            name = "the function itself" if qualifier == LATEST else f"the alias {qualifier}"
            yield Problem(
                Severity.LOW,
                f"{listed(list(who))} invokes {name} asynchronously without a failure sink: what"
                " comes during a stop is lost.",
            )


def service_problems(stop: ServiceStop, max_stop_seconds: int) -> Iterator[Problem]:
    """How tasks of the service would lose what they have begun, or not end in time."""
    for container in stop.containers:
        if container.stop_timeout is not None and container.stop_timeout < 2:
            yield Problem(
                Severity.MEDIUM,
                f"The container {container.name} is killed {container.stop_timeout} s after"
                " SIGTERM (stopTimeout).",
            )
        yield from _unsignalled(container)
    longest = max((_grace(each) for each in stop.containers), default=0)
    for group, delay in sorted(stop.delays.items()):
        if delay == 0:
            yield Problem(
                Severity.MEDIUM,
                f"The target group {group} cuts requests that are under way (its deregistration"
                " delay is 0 s).",
            )
    slowest = max(stop.delays.values(), default=0)
    if slowest + longest > max_stop_seconds:
        yield Problem(
            Severity.LOW,
            f"A task may take {slowest + longest} s to end: {slowest} s until it is deregistered"
            f" and {longest} s after SIGTERM; at most {max_stop_seconds} s are allowed.",
        )


def _grace(container: Container) -> int:
    return DEFAULT_STOP if container.stop_timeout is None else container.stop_timeout


def _unsignalled(container: Container) -> Iterator[Problem]:
    """Why SIGTERM does not reach the program, as far as the task definition shows it."""
    shell = shells.between((*container.entry_point, *container.command))
    if shell is None:
        return
    about = f"The container {container.name} runs its program in a shell ({shell.spoken})"
    if not shell.is_sure:
        text = (
            f"{about}, which keeps SIGTERM from it in many images, those of Debian and Ubuntu"
            " among them: write exec before the program."
        )
        yield Problem(Severity.LOW, text)
    elif container.has_init or shell.has_init:
        text = f"{about}, which ends upon SIGTERM and does not pass it on."
        yield Problem(Severity.LOW, text)
    else:
        text = f"{about}, which as the first process neither heeds SIGTERM nor passes it on."
        yield Problem(Severity.MEDIUM, text)


def ending(stop: ServiceStop) -> str:
    """How the service's tasks end, in a sentence."""
    said = [f"{each.name} within {_grace(each)} s" for each in stop.containers]
    scaled = stop.scaled
    again = (
        f" Its scaling (at least {scaled.lowest}) has to be suspended first, as the command does."
        if scaled is not None and len(scaled.suspended) < 2
        else ""
    )
    return f"After SIGTERM its containers end: {listed(said)}.{again}"
