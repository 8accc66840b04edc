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
    has_jitter: bool = False

    @property
    def retries(self) -> bool:
        return self.attempts > 0

    @property
    def backs_off(self) -> bool:
        """Whether the waits grow: a rate above 1, and no limit that keeps the first wait."""
        grows = self.longest is None or self.longest > self.interval
        return self.retries and self.rate > 1 and grows

    def handles(self, error: str) -> bool:
        """Whether it is the one for an error; States.TaskFailed is any error but a timeout."""
        return (
            error in self.errors
            or _ALL in self.errors
            or (_FAILED in self.errors and error != _TIMEOUT)
        )

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Retrier:
        longest = entry.get("MaxDelaySeconds")
        return cls(
            tuple(entry["ErrorEquals"]),
            int(entry.get("MaxAttempts", _ATTEMPTS)),
            float(entry.get("IntervalSeconds", _INTERVAL)),
            float(entry.get("BackoffRate", _RATE)),
            None if longest is None else float(longest),
            entry.get("JitterStrategy") == "FULL",
        )


@dataclass(frozen=True, slots=True)
class Task:
    """A Task state. ``name`` has the names of the states it is within (``Each/Store``).

    ``retriers`` are its own; ``outer`` those of each Parallel or Map around it, whose retry does
    all of it again. ``loops`` and ``waits``: an error that it catches leads back to it, through a
    Wait state.
    """

    name: str
    resource: str
    retriers: tuple[Retrier, ...] = ()
    outer: tuple[tuple[Retrier, ...], ...] = ()
    loops: bool = False
    waits: bool = False

    @property
    def calls_lambda(self) -> bool:
        """Whether it invokes a function: by its ARN, or through the integration with Lambda."""
        parts = self.resource.split(":")
        if parts[2:3] == ["lambda"]:
            return parts[5:6] == ["function"]
        called = [part for part in parts[5:7] if part != "aws-sdk"][:1]
        return parts[2:5] == ["states", "", ""] and called == ["lambda"]

    @property
    def all_retriers(self) -> tuple[tuple[Retrier, ...], ...]:
        return (self.retriers, *self.outer)

    def retries(self, error: str) -> bool:
        """Whether an error is retried: by the first retrier that names it, of any level."""
        for level in self.all_retriers:
            first = next((each for each in level if each.handles(error)), None)
            if first is not None and first.retries:
                return True
        return False


def tasks_of(definition: str) -> tuple[Task, ...]:
    """Every Task state, also within Parallel and Map. Raises NotStatesLanguage."""
    try:
        machine = json.loads(definition)
        return tuple(_within(machine["States"], "", ()))
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise NotStatesLanguage(f"{type(error).__name__} {error}") from None


def _within(
    states: Mapping[str, Any], prefix: str, outer: tuple[tuple[Retrier, ...], ...]
) -> Iterator[Task]:
    for name, state in states.items():
        retriers = tuple(Retrier.of(entry) for entry in state.get("Retry") or ())
        if state["Type"] == "Task":
            loops, waits = _loop(states, name, state)
            yield Task(f"{prefix}{name}", state["Resource"], retriers, outer, loops, waits)
        for inner in _inner(state):
            yield from _within(inner["States"], f"{prefix}{name}/", (retriers, *outer))


def _inner(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from state.get("Branches") or ()
    inner = state.get("ItemProcessor") or state.get("Iterator")
    if inner:
        yield inner


def _loop(states: Mapping[str, Any], name: str, state: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether a caught error leads back to the state, and whether through a Wait state."""
    starts = [entry["Next"] for entry in state.get("Catch") or ()]
    reached = {each for start in starts for each in _reach(states, start, stop=name)}
    if name not in reached:
        return False, False
    waits = {each for each in reached if each != name and states[each]["Type"] == "Wait"}
    return True, any(name in _reach(states, each, stop=name) for each in waits)


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
