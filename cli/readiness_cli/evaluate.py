"""`readiness evaluate`: evaluate one rule in process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType

from readiness.model.finding import parse_iso
from readiness.model.waiver import spoken
from readiness_cli import session
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import cell, emit, exit_code, note, output_option, stacked, table

if TYPE_CHECKING:
    from readiness.engine import settings
    from readiness.engine.evaluate import Evaluation, Observation
    from readiness.model.rule import Rule

FIELDS = ("rule", "resource", "status", "reason", "observed", "expected")


@click.command()
@click.argument("name", metavar="RULE|HEADING")
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
@session.stack_option
@session.no_stack_option
@output_option
@session.aws_options
@click.pass_context
def evaluate(
    context: click.Context,
    /,
    *,
    name: str,
    ids: tuple[str, ...],
    assignments: tuple[str, ...],
    now: str | None,
    stack_name: str,
    no_stack: bool,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Evaluate one rule or a heading's, for all their resources or for those named.

    It judges as the deployed stack does: by its settings, scope, attestations and waivers. Where
    none is deployed, by the defaults. stderr says which.

    RULE may be named without its heading. Exit code 1: a resource is NON_COMPLIANT and not
    waived. Exit code 3: the rule could not reach a verdict (INSUFFICIENT_DATA), or nothing was
    evaluated.
    """
    rules = session.find_rules(name)
    given = dict(session.assignment(text, "NAME=VALUE") for text in assignments)
    own = _own(rules, given)
    session.configure(rules, own)
    moment = _moment(now)

    from readiness.engine.evaluate import Evaluation  # noqa: PLC0415
    from readiness_cli import pointed  # noqa: PLC0415

    clock = session.utc_now if moment is None else lambda: moment
    aws = session.connect(profile, region, bulk=not ids, now=clock)
    by = pointed.at(aws, stack_name, without=no_stack)
    run = Evaluation(
        aws,
        by.configure(rules, own),
        scope=by.scope,
        trigger="evaluate",
        declarations=by.declarations,
        known=by.known,
        is_own=by.is_own,
    )
    judged = run.judged(rules)
    if len(judged) < len(rules):
        note(
            f"{session.plural(len(rules) - len(judged), 'rule')} about global services left out:"
            " another stack evaluates them (EvaluateGlobalServices=false)"
        )
    observations = _observe(run, judged, ids) if judged else []
    for observation in observations:
        if observation.crash:
            note(f"warning: rule {observation.rule.id} crashed: {observation.crash}")
    # What was named is shown though it is left out; of everything, only what is judged.
    shown = [each for each in observations if each.finding and (ids or not each.out_of_scope)]
    rows = sorted(map(as_row, shown), key=lambda row: (row["rule"], row["resource"]))
    emit(format, rows, lambda: draw(rows), columns=FIELDS)
    counted = [by.waived(each.finding) for each in shown if each.finding and not each.out_of_scope]
    for finding in counted:
        if finding.is_waived:
            note(f"{finding.resource.id} ({finding.rule}): {spoken(finding)}")
    if left := len({each.resource for each in observations if each.out_of_scope}):
        note(
            f"{session.plural(left, 'resource')} not judged: out of the stack's scope, or of"
            " Readiness itself"
        )
    if not counted:
        note("nothing was evaluated")
        context.exit(Exit.INCOMPLETE)
    context.exit(exit_code(each.status for each in counted if not each.is_waived))


def _own(rules: Sequence[Rule], given: Mapping[str, object]) -> settings.Given:
    """What was typed, for each rule that has a setting of that name; all where none has."""
    known = {setting.name for rule in rules for setting in rule.settings}
    return {
        rule.id: {
            name: value
            for name, value in given.items()
            if name not in known or any(setting.name == name for setting in rule.settings)
        }
        for rule in rules
    }


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


def _observe(
    evaluation: Evaluation, rules: Sequence[Rule], ids: Sequence[str]
) -> list[Observation]:
    from readiness.engine.survey import Coverage, survey  # noqa: PLC0415
    from readiness_cli import target_selection  # noqa: PLC0415

    if not ids:
        return list(survey(evaluation, rules, Coverage()))
    return target_selection.observe_only(evaluation, rules, ids)


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
