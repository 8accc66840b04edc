"""`readiness evaluate`: evaluate one rule in process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType

from readiness.model.finding import parse_iso
from readiness_cli import session
from readiness_cli.failure import Failure
from readiness_cli.output import cell, emit, exit_code, note, output_option, stacked, table

if TYPE_CHECKING:
    from readiness.engine.evaluate import Evaluation, Observation
    from readiness.model.rule import Rule

FIELDS = ("rule", "resource", "status", "reason", "observed", "expected")


@click.command()
@click.argument("rule_id", metavar="RULE")
@click.option(
    "--resource",
    "ids",
    multiple=True,
    metavar="ID",
    help="Only this resource: its id, ARN or full key (repeatable).",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Override a setting (repeatable).",
)
@click.option("--now", metavar="ISO8601", help="Evaluate as if it were this time.")
@output_option
@session.aws_options
@click.pass_context
def evaluate(
    context: click.Context,
    /,
    *,
    rule_id: str,
    ids: tuple[str, ...],
    assignments: tuple[str, ...],
    now: str | None,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Evaluate one rule, for all its resources or for those named.

    Exit code 1: a resource is NON_COMPLIANT. Exit code 3: the rule could not reach a verdict
    (INSUFFICIENT_DATA).
    """
    rule = session.find_rule(rule_id)
    given = dict(session.assignment(text, "NAME=VALUE") for text in assignments)
    configured = session.configure([rule], {rule.id: given})
    moment = _moment(now)

    from readiness.engine.evaluate import Evaluation  # noqa: PLC0415

    clock = session.utc_now if moment is None else lambda: moment
    aws = session.connect(profile, region, bulk=not ids, now=clock)
    observations = _observe(Evaluation(aws, configured, trigger="evaluate"), rule, ids)
    for observation in observations:
        if observation.crash:
            note(f"warning: rule {rule.id} crashed: {observation.crash}")
    rows = [as_row(observation) for observation in observations if observation.finding]
    rows.sort(key=lambda row: row["resource"])
    emit(format, rows, lambda: draw(rows), columns=FIELDS)
    context.exit(exit_code(row["status"] for row in rows))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_iso(text)
    except ValueError as error:
        raise Failure(
            f"--now: {error}",
            why="The rule computes ages from this time",
            fix="write --now 2026-01-31T12:00:00Z",
        ) from None


def _observe(evaluation: Evaluation, rule: Rule, ids: Sequence[str]) -> list[Observation]:
    from readiness.engine.survey import Coverage, survey  # noqa: PLC0415
    from readiness_cli import target_selection  # noqa: PLC0415

    if not ids:
        return list(survey(evaluation, [rule], Coverage()))
    return target_selection.observe_only(evaluation, [rule], ids)


def as_row(observation: Observation) -> dict[str, Any]:
    """The verdict with exactly the fields of :data:`FIELDS`."""
    finding = observation.finding
    if finding is None:
        raise ValueError("nothing was found to be judged")
    return {
        "rule": finding.rule,
        "resource": finding.resource.key,
        "status": str(finding.status),
        "reason": finding.reason,
        "observed": finding.observed,
        "expected": finding.expected,
    }


def draw(rows: Iterable[dict[str, Any]]) -> Iterable[RenderableType]:
    """Verdicts as a table."""
    made = table("Status", "Verdict")
    for row in rows:
        expected = f"Expected: {row['expected']}" if row["expected"] else ""
        made.add_row(
            cell(row["status"]),
            stacked(
                cell(row["resource"], "bold"),
                cell(f"{row['rule']}: {row['reason']}", most=1000),
                cell(expected, "dim", most=1000),
            ),
        )
    yield made
