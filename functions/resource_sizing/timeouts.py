"""Whether a timeout fits what runs take, what callers wait, and the queues behind a function."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from readiness.evidence.awslambda.callers import CallerKind, CallerTimeout, CallerTimeouts
from readiness.evidence.awslambda.functions import LATEST, FunctionConfiguration, moment
from readiness.evidence.awslambda.queue_consumers import Source
from readiness.evidence.awslambda.timeouts import ReachedTimeouts
from readiness.evidence.workloads.utilization import FunctionUse
from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
    violates_all,
)

from .load_tests import since
from .settings import TimeoutSettings


def visibility_problems(
    sources: Sequence[Source], timeouts: ReachedTimeouts, factor: int
) -> list[Problem]:
    """Queues that deliver a message again while it may still be processed.

    AWS recommends six times the function's timeout plus the batching window (Lambda developer
    guide, "Configuring a queue to use with Lambda").
    """
    problems = []
    for source in sources:
        timeout = timeouts.behind(source.qualifier)
        wanted = factor * timeout + source.window
        said = f"The visibility timeout of the queue {source.queue} is {source.visibility} s"
        if source.visibility < timeout:
            text = f"{said}, the function's timeout {timeout} s: messages are processed twice."
            problems.append(Problem(Severity.HIGH, text))
        elif source.visibility < wanted:
            text = f"{said}; at least {wanted} s are needed to retry a message."
            problems.append(Problem(Severity.MEDIUM, text))
    return problems


def caller_problems(
    timeout: int, callers: CallerTimeouts, limits: TimeoutSettings
) -> list[Problem]:
    """Callers that stop waiting before the function's timeout."""
    found = []
    for caller in callers.all:
        most = _waits(caller, limits) if _is_certain(caller, limits) else caller.longest
        if most and timeout > most:
            text = f"The timeout is {timeout} s, but {caller.who} waits only {most:g} s."
            found.append(Problem(Severity.LOW, text))
    return found


def caller_doubt(timeout: int, callers: CallerTimeouts, limits: TimeoutSettings) -> str:
    """Why it cannot be told whether every caller waits long enough; empty where it can."""
    if callers.flaw:
        return f"Who calls it is not known: {callers.flaw}."
    for caller in callers.all:
        if not _is_certain(caller, limits) and timeout > _waits(caller, limits):
            told = " The setting flow_seconds tells it." * (caller.kind is CallerKind.FLOW)
            return (
                f"The timeout is {timeout} s. How long {caller.who} waits cannot be read in this"
                f" account and region; by default it is {caller.seconds:g} s, and with a timeout"
                f" of {_waits(caller, limits):g} s or less it need not be known.{told}"
            )
    return ""


def _is_certain(caller: CallerTimeout, limits: TimeoutSettings) -> bool:
    """Whether it is known how long a caller waits: AWS shows it, or somebody has said so."""
    return caller.certain or (caller.kind is CallerKind.FLOW and limits.flow_seconds > 0)


def _waits(caller: CallerTimeout, limits: TimeoutSettings) -> float:
    """How many seconds a caller waits, or its clients do."""
    most = {
        CallerKind.API: limits.front_door_seconds,
        CallerKind.BALANCER: limits.balancer_seconds,
    }
    if caller.kind is CallerKind.FLOW and limits.flow_seconds:
        return limits.flow_seconds
    return min(caller.seconds, most.get(caller.kind, caller.seconds))


def judge_timeout(
    function: FunctionConfiguration,
    timeouts: ReachedTimeouts,
    use: FunctionUse,
    problems: list[Problem],
    doubt: str,
    limits: TimeoutSettings,
) -> Verdict:
    """The verdict on a timeout beside the runs since the last change of the function.

    ``problems`` are those that do not depend on the runs; ``doubt`` says what is not known.
    """
    timeout, changed = function.timeout, moment(function.last_modified)
    runs = since(use.invocations, changed).total or 0
    longest = since(use.duration, changed).highest
    measured = longest if runs >= limits.min_invocations else None
    if measured is not None:
        problems = problems + _stopped(measured / 1000, timeouts, limits.close_ratio)
        problems += _unbounded(measured / 1000, timeout)
    facts = {"timeout": timeout, "longest_run_ms": longest, "runs": runs}
    if problems:
        return violates_all(
            problems,
            expected=(
                "A timeout well above the longest run and below what callers wait; for queues a"
                f" visibility timeout of {limits.visibility_factor} times the timeout."
            ),
            **facts,
        )
    if doubt:
        return cannot_tell(doubt)
    if measured is None:
        return not_applicable(
            f"It ran {plural(runs, 'time')} in the last week or since its last change. To evaluate"
            f" its timeout of {timeout} s takes at least"
            f" {plural(limits.min_invocations, 'measured run')}.",
            **facts,
        )
    return complies(
        f"The longest of {plural(runs, 'run')} took {measured / 1000:.1f} s; the timeout is"
        f" {timeout} s.",
        **facts,
    )


def _unbounded(longest: float, timeout: int) -> list[Problem]:
    """A timeout far above the longest run; both in seconds."""
    if timeout > 60 and timeout > 10 * longest:
        text = (
            f"The timeout is {timeout} s, more than ten times the longest run ({longest:.1f} s):"
            " a run that hangs is billed until then."
        )
        return [Problem(Severity.LOW, text)]
    return []


def _stopped(longest: float, timeouts: ReachedTimeouts, close_ratio: float) -> list[Problem]:
    """Versions whose timeout is too close to the longest run, in seconds.

    A run that was longer than a version's timeout was of a version with a longer one.
    """
    return [
        Problem(
            Severity.MEDIUM,
            f"A run took {longest:.1f} s, {close_ratio:.0%} or more of the"
            f" {timeouts.named(timeout)} ({timeout} s), at which Lambda stops it.",
        )
        for timeout in sorted(set(timeouts.of.values()))
        if close_ratio * timeout <= longest
        and (longest <= timeout + _ROUNDING or timeout == timeouts.longest)
    ]


_ROUNDING = 0.1
"""Seconds by which a run that Lambda stops may be longer than the timeout."""


class DefinitionUnreadable(ValueError):
    """A state machine's definition that is not Amazon States Language."""


def untimed_in(definitions: Mapping[str, str]) -> tuple[list[str], int]:
    """The same of all definitions that run, by what starts them; raises as that does."""
    untimed, count = [], 0
    for name, text in definitions.items():
        found, tasks = untimed_tasks(text)
        where = "" if name == LATEST else f" ({name})"
        untimed += [f"{each}{where}" for each in found]
        count += tasks
    return untimed, count


def untimed_tasks(definition: str) -> tuple[list[str], int]:
    """The Task states without a timeout, and how many Task states there are.

    States within Parallel and Map count too, but not those of a distributed Map whose child
    executions are express workflows, which end after five minutes. The default of TimeoutSeconds
    is 99,999,999 (Amazon States Language), longer than the year after which a standard execution
    ends: what is as long as that is no timeout, whoever wrote it. Raises DefinitionUnreadable.
    """
    try:
        machine = json.loads(definition)
        tasks = list(_tasks(machine))
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise DefinitionUnreadable(str(error)) from None
    if _is_timed(machine):
        return [], len(tasks)
    return [name for name, state in tasks if not _is_timed(state)], len(tasks)


_A_YEAR = 365 * 24 * 3600


def _is_timed(state: Mapping[str, Any]) -> bool:
    """Whether a state, or a whole machine, ends before a standard execution does by itself.

    What the input or a JSONata expression decides may. Where an execution waits for a worker or a
    callback, the heartbeat that does not come ends it too.
    """
    limits = ["Timeout", *(["Heartbeat"] if _waits_for_others(state) else [])]
    return any(_is_limited(state, f"{each}Seconds") for each in limits)


def _is_limited(state: Mapping[str, Any], name: str) -> bool:
    seconds = state.get(name)
    if isinstance(seconds, int | float):
        return seconds < _A_YEAR
    return seconds is not None or f"{name}Path" in state


def _waits_for_others(state: Mapping[str, Any]) -> bool:
    """Whether a Task is done by a worker of an activity or by whoever has its token."""
    resource = str(state.get("Resource", ""))
    return resource.endswith(".waitForTaskToken") or ":activity:" in resource


def _tasks(machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, state in machine["States"].items():
        if state["Type"] == "Task":
            yield name, state
        for inner in (
            *state.get("Branches", ()),
            state.get("ItemProcessor", state.get("Iterator")),
        ):
            if inner and not _is_express(inner):
                yield from _tasks(inner)


def _is_express(processor: Mapping[str, Any]) -> bool:
    """Whether a Map state runs its items in express child executions."""
    about = processor.get("ProcessorConfig") or {}
    return about.get("Mode") == "DISTRIBUTED" and about.get("ExecutionType") == "EXPRESS"


def tasks_verdict(definitions: Mapping[str, str]) -> Verdict:
    """The verdict on the timeouts of the Task states in definitions, by what starts them."""
    try:
        untimed, count = untimed_in(definitions)
    except DefinitionUnreadable as unreadable:
        return cannot_tell(
            f"Its definition could not be understood: {unreadable}.",
            missing=("states:DescribeStateMachine",),
        )
    if untimed:
        return violates(
            f"Task {untimed[0]} has no timeout."
            if len(untimed) == 1
            else f"{len(untimed)} of {count} tasks have no timeout: {listed(untimed)}.",
            expected="TimeoutSeconds in every Task state, or in the state machine.",
        )
    if not count:
        return not_applicable("It has no Task state.")
    return complies(f"Every task has a timeout ({plural(count, 'task')}).")
