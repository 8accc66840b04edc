"""Apply a plan that a person confirmed, verify the target, and tell of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.model.text import clean
from readiness_cli import session
from readiness_cli.emergency.desk import Saved
from readiness_cli.emergency.plan import Call, Plan, Procedure, Token, carry_out, check, reached
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import note

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness_cli.stack import Stack

_POLL = 5.0
"""Seconds between two looks at the target."""


def guarded(plan: Plan, known: Saved | None, options: Mapping[str, Any]) -> Plan:
    """The plan, refused where another emergency of the target has saved its state.

    The same procedure again goes on where it was interrupted; what was saved stays as it is.
    """
    if known is None or (known.procedure == plan.procedure and dict(known.options) == options):
        return plan
    said = (
        f"The emergency {known.id} ({known.procedure}, by {known.by}) has not ended, and its saved"
        f" state must stay: readiness emergency restore {known.id}, or keep {known.id}."
    )
    return Plan(
        plan.procedure,
        plan.target,
        plan.before,
        plan.after,
        (),
        plan.warnings,
        (*plan.refusals, said),
    )


def may_apply(plan: Plan, given: Mapping[str, Any], aws: Aws) -> None:
    """Raises Failure unless the plan may be carried out now."""
    if plan.refusals:
        raise Failure(
            " ".join(plan.refusals),
            why="The plan is refused",
            fix="run the same command without --apply and read the plan",
            code=Exit.GATE_FAILED,
        )
    check(Token.parse(given["token"]), plan, session.spoken(aws), aws.now())
    if not clean(given["reason"], 1000).strip():
        raise Failure(
            "--reason is missing",
            why="Who reads of it later asks why",
            fix='add --reason "…"',
        )


def apply_calls(aws: Aws, calls: Iterable[Call], id: str) -> None:
    """Make the calls of a plan. Raises Failure, with the way back, where one fails."""
    try:
        carry_out(aws, calls, note)
    except (ClientError, BotoCoreError) as error:
        raise Failure(
            f"it stopped half-way: {clean(str(error), 500)}",
            why="What was done before stays done",
            fix="make a new plan with the same command and apply it, or go back:"
            f" readiness emergency restore {id}",
            code=Exit.AWS_OR_INTERNAL,
        ) from error


def verify(aws: Aws, procedure: Procedure, plan: Plan, seconds: int, saved: Saved) -> None:
    """Look until the target is as planned. Raises Failure where it is not in time."""
    until = time.monotonic() + seconds
    while not reached(plan.after, state := procedure.look(aws)):
        if time.monotonic() >= until:
            differing = {
                name: state.get(name)
                for name, value in plan.after.items()
                if state.get(name) != value
            }
            raise Failure(
                f"{plan.target} is not as planned after {seconds} s: {differing}",
                why="AWS may still be at work, or it failed",
                fix="run the same command without --apply to see how it stands, or go back:"
                f" readiness emergency restore {saved.id}",
                code=Exit.INCOMPLETE,
            )
        time.sleep(_POLL)
    note(f"{plan.target} is as planned")


def tell(aws: Aws, deployed: Stack, saved: Saved) -> None:
    """Tell those who hear of the monitor itself; who cannot be told stops no emergency."""
    text = (
        f"{saved.by} applied {saved.procedure} to {saved.target}"
        f"{' as a drill' if saved.drill else ''}: {saved.reason}\n"
        f"readiness emergency restore {saved.id} brings back what was."
    )
    try:
        aws.client("sns").publish(
            TopicArn=deployed["WatcherTopic"],
            Subject=clean(f"Emergency: {saved.procedure} {saved.target}", 99),
            Message=text,
        )
    except (ClientError, BotoCoreError) as error:
        note(f"warning: nobody was told by the topic: {clean(str(error), 300)}")
