"""A plan: what an emergency procedure would change, and the token that carries it out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from readiness_cli.failure import Exit, Failure

if TYPE_CHECKING:
    from readiness.engine.aws import Aws

VALID = timedelta(minutes=15)
"""How long a plan may wait for its apply: nobody should act on what was true an hour ago."""

State = Mapping[str, Any]
"""What a procedure changes, as it is: JSON, so that it can be stored and compared."""


@dataclass(frozen=True, slots=True)
class Call:
    """One write to AWS, in words and in parameters."""

    says: str
    service: str
    operation: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done to a target.

    ``before`` is what a restore brings back, ``after`` what the target will be then. With a
    refusal nothing is applied; a warning is for the person who decides.
    """

    procedure: str
    target: str
    before: State
    after: State
    calls: tuple[Call, ...]
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


class Procedure(Protocol):
    """One procedure about one target."""

    @property
    def name(self) -> str: ...

    @property
    def target(self) -> str: ...

    def look(self, aws: Aws) -> State:
        """The target as it is. Raises Failure where there is none."""

    def plan(self, aws: Aws, state: State, at: datetime) -> Plan:
        """What would be done to a target in that state, by a plan that is made ``at``."""

    def undo(self, before: State, state: State) -> tuple[Call, ...]:
        """The writes that bring ``before`` back from ``state``; none where it is back."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a plan is called, and when it was made. It is a guard against haste, no secret."""

    made: datetime
    digest: str

    def __str__(self) -> str:
        return f"{int(self.made.timestamp()):x}-{self.digest}"

    @classmethod
    def of(cls, plan: Plan, where: str, made: datetime) -> Token:
        """The token of a plan for an account and region, made at a moment."""
        content = {
            "where": where,
            "made": int(made.timestamp()),
            "procedure": plan.procedure,
            "target": plan.target,
            "before": plan.before,
            "after": plan.after,
            "calls": [[each.service, each.operation, each.params] for each in plan.calls],
        }
        return cls(made, hashlib.sha256(canonical(content).encode()).hexdigest()[:16])

    @classmethod
    def parse(cls, text: str) -> Token:
        """Raises Failure for what is no token."""
        made, dash, digest = text.strip().partition("-")
        try:
            moment = datetime.fromtimestamp(int(made, 16), UTC)
        except (ValueError, OverflowError, OSError):
            dash = ""
        if not dash or len(digest) != 16:
            raise Failure(
                f"{text!r} is no token of a plan",
                why="Nothing is applied without the plan it was made from",
                fix="run the same command without --apply; it prints the plan and its token",
            )
        return cls(moment, digest)


def check(token: Token, plan: Plan, where: str, now: datetime) -> None:
    """Raises Failure unless the token is of this very plan, and fresh."""
    again = "Run the same command without --apply and read the new plan"
    if not timedelta(0) <= now - token.made.replace(microsecond=0) <= VALID:
        raise Failure(
            f"the plan is of {token.made:%Y-%m-%d %H:%M:%S} UTC",
            why=f"A plan is valid for {VALID.seconds // 60} minutes",
            fix=again,
            code=Exit.GATE_FAILED,
        )
    if Token.of(plan, where, token.made).digest != token.digest:
        raise Failure(
            f"{plan.target} is not as it was when the plan was made, or the options differ",
            why="What the plan said would not be what happens",
            fix=again,
            code=Exit.GATE_FAILED,
        )


def canonical(value: Any) -> str:
    """JSON in one spelling."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


@dataclass(frozen=True, slots=True)
class Difference:
    """A member of a state that is neither as it was nor as we left it."""

    name: str
    now: Any
    expected: tuple[Any, ...] = field(default_factory=tuple)

    def __str__(self) -> str:
        return f"{self.name} is {self.now!r}, not {' or '.join(map(repr, self.expected))}"


def moved(before: State, after: State, state: State) -> list[Difference]:
    """What somebody else changed since: each member that is as neither of the two.

    Of a list, an apply that was interrupted leaves a part.
    """
    return [
        Difference(name, state.get(name), (after[name], before[name]))
        for name in before
        if name in after and not _between(state.get(name), before[name], after[name])
    ]


def _between(value: Any, before: Any, after: Any) -> bool:
    if isinstance(value, list) and isinstance(before, list) and isinstance(after, list):
        return {*after} <= {*value} <= {*before, *after}
    if isinstance(value, dict) and isinstance(before, dict) and isinstance(after, dict):
        return {*after.items()} <= {*value.items()} <= {*before.items(), *after.items()}
    return value in (before, after)


def attainable(before: State, state: State) -> State:
    """What a restore can bring back of the state before: all but what was deleted meanwhile.

    Where a state tells which members are ``known``, a list keeps those of them.
    """
    known = state.get("known")
    return {
        name: [each for each in value if each in known]
        if known is not None and isinstance(value, list)
        else value
        for name, value in before.items()
        if name in state
    }


def reached(after: State, state: State) -> bool:
    """Whether the target is as the plan said it would be."""
    return all(state.get(name) == value for name, value in after.items())


def carry_out(aws: Aws, calls: Iterable[Call], say: Callable[[str], None]) -> None:
    """Make the calls in their order, each told before it is made. Raises ClientError."""
    for call in calls:
        say(call.says)
        getattr(aws.client(call.service), call.operation)(**call.params)
