"""`readiness evaluate`: evaluate one rule in process."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from rich.console import RenderableType

from readiness.model.evidence import ACCOUNT
from readiness.model.finding import parse_iso
from readiness.model.rule import SettingRefused, as_facts
from readiness.model.waiver import spoken
from readiness_cli import session
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import (
    cell,
    emit,
    exit_code,
    note,
    output_option,
    stacked,
    table,
    writing,
)

if TYPE_CHECKING:
    from readiness.engine import settings
    from readiness.engine.aws import Aws
    from readiness.engine.evaluate import Evaluation
    from readiness.engine.observation import Observation
    from readiness.model.finding import Finding
    from readiness.model.rule import Rule
    from readiness_cli.cases.recorded import Recording
    from readiness_cli.pointed import Pointed

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
@click.option(
    "--trace",
    "trace_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write every call and answer that the verdict rests on, with all names replaced.",
)
@click.option(
    "--keep",
    "kept",
    multiple=True,
    metavar="WORD",
    help="With --trace: a word that stays as it is (repeatable).",
)
@click.option(
    "--from",
    "case_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Evaluate what --trace wrote, without AWS and without credentials.",
)
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
    trace_file: Path | None,
    kept: tuple[str, ...],
    case_file: Path | None,
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

    --trace writes a case: the verdict of one resource with everything it rests on, in which
    account ids, names, addresses, secrets and texts are replaced by stand-ins. --from gives the
    same verdict on any machine (docs/cases.md).
    """
    rules = session.find_rules(name)
    if case_file is not None:
        _refuse_beside_a_case(context)
        rows = [_of_case(rules, case_file)]
        emit(format, rows, lambda: draw(rows), columns=FIELDS)
        context.exit(exit_code(row["status"] for row in rows))
    _check_trace(rules, ids, trace_file, kept)
    given = dict(session.assignment(text, "NAME=VALUE") for text in assignments)
    own = _own(rules, given)
    session.configure(rules, own)
    moment = _moment(now)

    from readiness.engine.evaluate import Evaluation  # noqa: PLC0415
    from readiness_cli import pointed  # noqa: PLC0415

    clock = session.utc_now if moment is None else lambda: moment
    aws = session.connect(profile, region, bulk=not ids, now=clock)
    by = pointed.at(aws, stack_name, without=no_stack)
    configured = by.configure(rules, own)
    if trace_file is not None:
        aws = _recording(aws)
        ids = ids or (aws.account,)
    run = Evaluation(
        aws,
        configured,
        scope=by.scope,
        trigger="evaluate",
        declarations=by.declarations,
        known=by.known,
        is_own=by.is_own,
    )
    judged = _judged(run, rules)
    observations = _observe(run, judged, ids) if judged else []
    for observation in observations:
        if observation.crash:
            note(f"warning: rule {observation.rule.id} crashed: {observation.crash}")
    if trace_file is not None:
        traced = [each for each in observations if each.finding and not each.crash]
        _write_case(trace_file, aws, traced, configured[rules[0].id], kept, by)
    # What was named is shown though it is left out; of everything, only what is judged.
    shown = [each for each in observations if each.finding and (ids or not each.out_of_scope)]
    rows = sorted(map(as_row, shown), key=lambda row: (row["rule"], row["resource"]))
    emit(format, rows, lambda: draw(rows), columns=FIELDS)
    counted = [by.waived(each.finding) for each in shown if each.finding and not each.out_of_scope]
    _note_left(observations, counted)
    if not counted:
        note("nothing was evaluated")
        context.exit(Exit.INCOMPLETE)
    context.exit(exit_code(each.status for each in counted if not each.is_waived))


def _judged(run: Evaluation, rules: Sequence[Rule]) -> list[Rule]:
    """The rules that the stack evaluates; those left out are told."""
    judged = run.judged(rules)
    if len(judged) < len(rules):
        note(
            f"{session.plural(len(rules) - len(judged), 'rule')} about global services left out:"
            " another stack evaluates them (EvaluateGlobalServices=false)"
        )
    return judged


def _note_left(observations: Sequence[Observation], counted: Sequence[Finding]) -> None:
    """Say what is waived, and what was not judged."""
    for finding in counted:
        if finding.is_waived:
            note(f"{finding.resource.id} ({finding.rule}): {spoken(finding)}")
    if left := len({each.resource for each in observations if each.out_of_scope}):
        note(
            f"{session.plural(left, 'resource')} not judged: out of the stack's scope, or of"
            " Readiness itself"
        )


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
    except ValueError:
        raise Failure(
            f"--now {text!r} is not a time with its time zone",
            why="The rule computes ages from this time",
            fix="write --now 2026-01-31T12:00:00Z",
        ) from None


_WITH_A_CASE = ("case_file", "name", "format")


def _refuse_beside_a_case(context: click.Context) -> None:
    """A case holds the resource, the time and the settings. Raises Failure for others."""
    given = [
        option
        for option in context.command.params
        if option.name not in _WITH_A_CASE
        and context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise Failure(
            f"{given[0].opts[-1]} cannot be combined with --from",
            why="A case holds its own resource, time and settings, and is judged without AWS",
            fix=f"leave out {given[0].opts[-1]}",
        )


def _check_trace(
    rules: Sequence[Rule], ids: Sequence[str], trace_file: Path | None, kept: Sequence[str]
) -> None:
    """Raises Failure where not exactly one verdict would be traced."""
    if trace_file is None:
        if kept:
            raise Failure(
                "--keep is about what --trace writes",
                why="Nothing is replaced in what is printed",
                fix="add --trace FILE, or leave out --keep",
            )
        return
    if len(rules) != 1:
        what = f"--trace takes one rule, not {len(rules)}"
    elif len(ids) == 1 or (not ids and rules[0].subject.name == ACCOUNT.name):
        return
    else:
        what = f"--trace takes one --resource, not {len(ids)}"
    raise Failure(
        what,
        why="A case is one verdict with what it rests on",
        fix=f"run `readiness evaluate {rules[0].id} --resource ID --trace FILE`",
    )


def _recording(aws: Aws) -> Recording:
    from readiness_cli.cases.recorded import Recording  # noqa: PLC0415

    made = aws.remade(Recording)
    made.take_down(aws.now())
    return made


def _write_case(
    path: Path,
    aws: Aws,
    seen: Sequence[Observation],
    configured: Mapping[str, Any] | SettingRefused,
    kept: Sequence[str],
    by: Pointed,
) -> None:
    """Write the case of the one verdict. Raises Failure, with nothing written."""
    from readiness_cli.cases import trace  # noqa: PLC0415
    from readiness_cli.cases.recorded import Recording  # noqa: PLC0415

    if len(seen) != 1 or isinstance(configured, SettingRefused) or not isinstance(aws, Recording):
        raise Failure(
            f"there are {session.plural(len(seen), 'verdict')} to trace",
            why="A case is one verdict with what it rests on",
            fix="name one resource by its full key: --resource ACCOUNT/REGION/TYPE/ID",
        )
    settings = as_facts(configured)
    differing = {
        each.name: settings[each.name]
        for each in seen[0].rule.settings
        if settings[each.name] != as_facts({each.name: each.default})[each.name]
    }
    known = by.known(seen[0].resource, seen[0].rule.id) if by.declarations else None
    made = trace.make(
        aws, seen[0], differing, keep=kept, declarations=by.declarations, known=known
    )
    with writing(path, "case", "name another file with --trace"):
        path.write_text(made.case.text(), encoding="utf-8")
    note(
        f"wrote {path}: {session.plural(len(aws.calls), 'call')}; account ids, names, addresses,"
        " secrets and texts are replaced by stand-ins. Read it before you pass it on."
    )
    if made.left:
        names = ", ".join(made.left[:20])
        note(f"names that stay, since their words are general or the verdict needs them: {names}")


def _of_case(rules: Sequence[Rule], path: Path) -> dict[str, Any]:
    """The verdict on a case; a difference from what it was is told. Raises Failure."""
    from readiness_cli.cases import casefile, trace  # noqa: PLC0415

    # A profile that does not exist here would be an error, and none is needed.
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        os.environ.pop(name, None)
    case = casefile.read(path)
    rule = next((rule for rule in rules if rule.id == case.rule), None)
    if rule is None:
        raise Failure(
            f"the file {path} is a case of the rule {case.rule}, not of {rules[0].id}",
            why="It holds only what that rule asks for",
            fix=f"run `readiness evaluate {case.rule} --from {path}`",
        )
    try:
        observation = trace.replayed(rule, case)
    except trace.Insufficient as insufficient:
        raise insufficient.as_failure() from insufficient
    if observation.finding is None:
        raise Failure(
            f"by {path} the resource {case.resource} does not exist",
            why="Then there is no verdict",
            fix="write the case again with --trace",
        )
    row = as_row(observation)
    if row["status"] != case.verdict.status:
        note(f"warning: the case was {case.verdict.status} when it was written")
    return row


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
