"""Amazon States Language: the tasks of a state machine, and what is retried how."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LAMBDA_FAULTS = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)
"""What a call of a function may fail with through no fault of its own (Step Functions developer
guide, "Handle transient Lambda service exceptions")."""
_ATTEMPTS, _INTERVAL, _RATE = 3, 1, 2.0
"""MaxAttempts, IntervalSeconds and BackoffRate of a retrier that does not say them."""
_ALL, _FAILED, _TIMEOUT = "States.ALL", "States.TaskFailed", "States.Timeout"
_TOLERATED = "States.ExceedToleratedFailureThreshold"
"""What a Map state in distributed mode fails with when its children fail."""


class NotStatesLanguage(ValueError):
    """The definition is not Amazon States Language; the text says why."""


@dataclass(frozen=True, slots=True)
class Retrier:
    """One entry of ``Retry``. ``longest`` is MaxDelaySeconds, None where it is not limited."""

    errors: tuple[str, ...]
    attempts: int = _ATTEMPTS
    interval: float = _INTERVAL
    rate: float = _RATE
    longest: float | None = None

    @property
    def retries(self) -> bool:
        return self.attempts > 0

    @property
    def backs_off(self) -> bool:
        """Whether the waits grow: a rate above 1, and no limit that keeps the first wait."""
        grows = self.longest is None or self.longest > self.interval
        return self.retries and self.rate > 1 and grows

    def handles(self, error: str) -> bool:
        """Whether it is the one for an error."""
        return _names(self.errors, error)

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Retrier:
        longest = entry.get("MaxDelaySeconds")
        return cls(
            tuple(entry["ErrorEquals"]),
            int(entry.get("MaxAttempts", _ATTEMPTS)),
            float(entry.get("IntervalSeconds", _INTERVAL)),
            float(entry.get("BackoffRate", _RATE)),
            None if longest is None else float(longest),
        )


def _names(errors: Sequence[str], error: str) -> bool:
    """Whether a list of errors names one; States.TaskFailed is any error but a timeout."""
    return error in errors or _ALL in errors or (_FAILED in errors and error != _TIMEOUT)


@dataclass(frozen=True, slots=True)
class Level:
    """A task, or a Parallel or Map state around it, whose retry does all of it again.

    ``kept`` are the errors that its Catch keeps from what is around it: no Fail state follows.
    ``is_distributed``: a Map state whose children fail it with an error of its own.
    """

    retriers: tuple[Retrier, ...] = ()
    kept: tuple[str, ...] = ()
    is_distributed: bool = False

    def passes(self, error: str) -> bool:
        """Whether an error that is not retried here fails what is around."""
        return not _names(self.kept, error)


@dataclass(frozen=True, slots=True)
class Task:
    """A Task state. ``name`` has the names of the states it is within (``Each/Store``).

    ``levels`` are its own retriers and those of each Parallel or Map around it, without those that
    a failure never reaches: a Map that tolerates failed items, and what is around it. ``loops``
    are the errors that it catches and that lead back to it, ``waits`` those that do so through a
    Wait state.
    """

    name: str
    resource: str
    levels: tuple[Level, ...] = ()
    loops: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()

    @property
    def calls_lambda(self) -> bool:
        """Whether it invokes a function: by its ARN, or through the integration with Lambda."""
        parts = self.resource.split(":")
        if parts[2:3] == ["lambda"]:
            return parts[5:6] == ["function"]
        called = [part for part in parts[5:7] if part != "aws-sdk"][:1]
        return parts[2:5] == ["states", "", ""] and called == ["lambda"]

    @property
    def retriers(self) -> tuple[Retrier, ...]:
        """Every retrier that some error of the task reaches, of any level."""
        found: list[Retrier] = []
        for level in self.levels:
            found += level.retriers
            if not level.passes(_FAILED):
                break
        return tuple(found)

    def retries(self, error: str) -> bool:
        """Whether an error is retried: by the first retrier that names it, of any level.

        What a level catches never reaches the next one.
        """
        for level in self.levels:
            error = _TOLERATED if level.is_distributed else error
            first = next((each for each in level.retriers if each.handles(error)), None)
            if first is not None and first.retries:
                return True
            if not level.passes(error):
                break
        return _names(self.loops, error)


def tasks_of(definition: str) -> tuple[Task, ...]:
    """Every Task state, also within Parallel and Map. Raises NotStatesLanguage."""
    try:
        machine = json.loads(definition)
        return tuple(_within(machine["States"], "", ()))
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise NotStatesLanguage(f"{type(error).__name__} {error}") from None


def _within(states: Mapping[str, Any], prefix: str, outer: tuple[Level, ...]) -> Iterator[Task]:
    for name, state in states.items():
        retriers = tuple(Retrier.of(entry) for entry in state.get("Retry") or ())
        level = Level(retriers, _kept(states, state), _is_distributed(state))
        if state["Type"] == "Task":
            loops, waits = _loops(states, name, state)
            yield Task(f"{prefix}{name}", state["Resource"], (level, *outer), loops, waits)
        around = () if _tolerates(state) else (level, *outer)
        for inner in _inner(state):
            yield from _within(inner["States"], f"{prefix}{name}/", around)


def _inner(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from state.get("Branches") or ()
    inner = state.get("ItemProcessor") or state.get("Iterator")
    if inner:
        yield inner


def _is_distributed(state: Mapping[str, Any]) -> bool:
    processor = state.get("ItemProcessor") or {}
    return (processor.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED"


def _tolerates(state: Mapping[str, Any]) -> bool:
    """Whether a Map state goes on, or may go on, although an item failed."""
    said = [
        state.get(f"ToleratedFailure{what}{path}")
        for what in ("Count", "Percentage")
        for path in ("", "Path")
    ]
    return any(each not in {None, 0} for each in said)


def _kept(states: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[str, ...]:
    """The errors that a state catches and after which no Fail state can follow."""
    return tuple(
        error
        for entry in state.get("Catch") or ()
        if not any(
            states[name]["Type"] == "Fail" for name in _reach(states, entry["Next"], stop="")
        )
        for error in entry["ErrorEquals"]
    )


def _loops(
    states: Mapping[str, Any], name: str, state: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The errors whose Catch leads back to the state, and those that do so through a Wait."""
    loops: list[str] = []
    waits: list[str] = []
    for entry in state.get("Catch") or ():
        reached = _reach(states, entry["Next"], stop=name)
        if name not in reached:
            continue
        loops += entry["ErrorEquals"]
        pauses = (each for each in reached if each != name and states[each]["Type"] == "Wait")
        if any(name in _reach(states, each, stop=name) for each in pauses):
            waits += entry["ErrorEquals"]
    return tuple(loops), tuple(waits)


def _reach(states: Mapping[str, Any], start: str, *, stop: str) -> set[str]:
    """The states that follow from one, itself included, none beyond ``stop``."""
    seen: set[str] = set()
    queue = [start]
    while queue:
        name = queue.pop()
        if name in seen or name not in states:
            continue
        seen.add(name)
        if name != stop:
            queue += _next(states[name])
    return seen


def _next(state: Mapping[str, Any]) -> Sequence[str]:
    found = [state.get("Next"), state.get("Default")]
    found += [
        each.get("Next") for each in (*(state.get("Choices") or ()), *(state.get("Catch") or ()))
    ]
    return [each for each in found if each]
