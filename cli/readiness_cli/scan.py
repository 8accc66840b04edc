"""`readiness scan`: evaluate the rules in process, against the account of the credentials."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import RenderableType

from readiness.model.unreadable import is_said_denied
from readiness.model.verdict import Status
from readiness.model.waiver import spoken
from readiness_cli import catalogue, scorecard, session
from readiness_cli.failure import Failure
from readiness_cli.output import (
    cell,
    console,
    emit,
    exit_code,
    note,
    output_option,
    stacked,
    table,
)

if TYPE_CHECKING:
    from readiness.engine.evaluate import Evaluation, Observation
    from readiness.engine.survey import Coverage
    from readiness.model.finding import Finding
    from readiness.model.resource import Resource
    from readiness.model.rule import Rule
    from readiness_cli.stack import Stack

Progress = Callable[[int, int], None]


@click.command()
@click.option(
    "--rule", "rule_ids", multiple=True, metavar="RULE", help="Evaluate this rule (repeatable)."
)
@click.option(
    "--heading",
    "heading_names",
    multiple=True,
    metavar="HEADING",
    help="Evaluate the rules of this heading (repeatable). Adds to --rule.",
)
@click.option(
    "--resource", "ids", multiple=True, metavar="ID", help="Only this resource (repeatable)."
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="RULE.NAME=VALUE",
    help="Override one setting (repeatable).",
)
@click.option(
    "--settings-file",
    type=click.Path(path_type=Path),
    help='JSON file: {"encryption.s3-kms": {"require_customer_managed_key": true}}.',
)
@click.option(
    "--record", is_flag=True, help="Write the findings into the deployed stack's tables."
)
@session.stack_option
@output_option
@session.aws_options
@click.pass_context
def scan(
    context: click.Context,
    /,
    *,
    rule_ids: tuple[str, ...],
    heading_names: tuple[str, ...],
    ids: tuple[str, ...],
    assignments: tuple[str, ...],
    settings_file: Path | None,
    record: bool,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Evaluate the account: a scorecard and the findings. Writes nothing unless --record.

    HEADING is a folder name or a heading of the checklist. ID is a resource id or a full key
    (account/region/type/id). Exit code 1: a resource is NON_COMPLIANT. Exit code 3: a rule
    could not reach a verdict (INSUFFICIENT_DATA).
    """
    try:
        rules = catalogue.chosen(rule_ids, heading_names)
    except LookupError as error:
        raise session.unknown(error) from None
    if record and (assignments or settings_file is not None):
        raise Failure(
            "--record cannot be combined with --set or --settings-file",
            why="The stack would judge by its own settings again and contradict what was recorded",
            fix="scan without --record, or change the stack's parameter Settings",
        )
    given = session.read_settings(settings_file, [_rule_setting(text) for text in assignments])
    configured = session.configure(rules, given)

    from readiness.engine.evaluate import Evaluation  # noqa: PLC0415
    from readiness.engine.survey import Coverage  # noqa: PLC0415

    began = time.monotonic()
    aws = session.connect(profile, region, bulk=not ids)
    deployed, scope = None, None
    is_own: Callable[[Resource], bool] | None = None
    if record:
        from readiness_cli import recording, stack  # noqa: PLC0415

        deployed = stack.find(aws, stack_name)
        scope, is_own = recording.scope_of(deployed), recording.own_of(aws, deployed)
        configured = session.configure(rules, recording.settings_of(aws, deployed))
    declared = _declarations(deployed)
    evaluation = Evaluation(
        aws,
        configured,
        scope=scope,
        trigger="scan",
        declarations=declared,
        is_own=is_own or (lambda resource: False),
    )
    rules, asked = evaluation.judged(rules), len(rules)
    if len(rules) < asked:
        note(
            f"{session.plural(asked - len(rules), 'rule')} about global services left out: another"
            f" stack evaluates them (EvaluateGlobalServices=false)"
        )
    coverage = Coverage()
    findings = _judge(evaluation, rules, ids, coverage, deployed)
    findings.sort(key=lambda f: (f.severity.rank, f.rule, f.resource.key))
    judged = {finding.rule for finding in findings}
    meant = [rule for rule in rules if rule.id in judged] if ids else rules
    boxes = scorecard.boxes(meant, findings)
    _emit(format, boxes, findings, coverage)
    for line in denied_lines(findings):
        note(line)
    took = time.monotonic() - began
    note(
        f"{session.spoken(aws)}: {session.plural(len(findings), 'verdict')} of"
        f" {session.plural(len(rules), 'rule')} from"
        f" {session.plural(aws.requests + 1, 'AWS request')} in {took:.1f} s"
    )
    if waived := sum(finding.is_waived for finding in findings):
        note(
            f"{session.plural(waived, 'finding')} waived: shown as NON_COMPLIANT, and not counted"
            " for the exit code"
        )
    context.exit(exit_code(f.status for f in findings if not f.is_waived))


def denied_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Which denied actions left how many verdicts unknown, and a statement that allows them."""
    denied = Counter(
        action
        for finding in findings
        if finding.status is Status.INSUFFICIENT_DATA
        for action in finding.missing
        if is_said_denied(action, finding.reason)
    )
    for action, times in denied.most_common():
        yield f"{action} was denied: {session.plural(times, 'verdict')} unknown"
    if denied:
        statement = {"Effect": "Allow", "Action": sorted(denied), "Resource": "*"}
        yield f"To allow what was denied: {json.dumps(statement)}"
        yield (
            "An SCP, a permissions boundary or the policy of a key or bucket can deny it even so."
        )


def _declarations(deployed: Stack | None) -> str:
    """What people attested counts only where it is recorded: in the stack that is written to."""
    if deployed is None:
        return ""
    from readiness_cli import recording  # noqa: PLC0415

    return recording.declarations_of(deployed)


def _rule_setting(text: str) -> tuple[str, str, str]:
    left, value = session.assignment(text, "RULE.NAME=VALUE")
    rule, dot, name = left.rpartition(".")
    if not dot:
        raise Failure(
            f"{text!r} is not RULE.NAME=VALUE or HEADING.NAME=VALUE",
            why="A setting belongs to one rule, or to all rules of a heading that have it",
            fix="--set encryption.s3-kms.require_customer_managed_key=true",
        )
    return rule, name, value


def _judge(
    evaluation: Evaluation,
    rules: Sequence[Rule],
    ids: Sequence[str],
    coverage: Coverage,
    deployed: Stack | None,
) -> list[Finding]:
    """The findings; recorded in the thread that made them where a stack is given."""
    from readiness.engine.survey import survey  # noqa: PLC0415
    from readiness_cli.target_selection import observe_only  # noqa: PLC0415

    recording = None
    if deployed is not None:
        from readiness_cli.recording import Recording  # noqa: PLC0415

        recording = Recording(evaluation, rules, deployed, whole=not ids)
    record = recording.record if recording else _nothing
    findings = []
    with progress_bar() as progress:
        if ids:
            observations: Iterable[Observation] = observe_only(evaluation, rules, ids)
        else:
            observations = survey(evaluation, rules, coverage, progress=progress, record=record)
        for observation in observations:
            if ids:
                record(observation)
            if observation.crash:
                note(f"warning: rule {observation.rule.id} crashed: {observation.crash}")
            if observation.finding is not None and not observation.out_of_scope:
                finding = observation.finding
                findings.append(recording.waived(finding) if recording else finding)
    if recording is not None:
        recording.finish(coverage)
    return findings


def _nothing(observation: Observation) -> None:
    """Nothing is written unless it was asked for."""


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on stderr where somebody watches, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("evaluating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("resources"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console(sys.stderr), transient=True) as bar:
        task = bar.add_task("evaluating", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _emit(
    format: str,
    boxes: Sequence[scorecard.Box],
    findings: Sequence[Finding],
    coverage: Coverage,
) -> None:
    from readiness.alerting.message import finding_json  # noqa: PLC0415

    def render() -> Iterable[RenderableType]:
        wrong = [f for f in findings if f.status is Status.NON_COMPLIANT and not f.is_waived]
        waived = [f for f in findings if f.is_waived]
        blind = [f for f in findings if f.status is Status.INSUFFICIENT_DATA]
        yield from scorecard.draw(boxes)
        if coverage.out_of_scope:
            yield cell(f"{session.plural(coverage.out_of_scope, 'resource')} out of scope")
        if coverage.own:
            yield cell(f"{session.plural(coverage.own, 'resource')} of Readiness itself left out")
        yield from draw(wrong, "Failed")
        yield from draw(waived, "Failed and waived")
        yield from draw(blind, "Unknown")

    emit(format, [finding_json(finding) for finding in findings], render)


def draw(findings: Sequence[Finding], title: str) -> Iterable[RenderableType]:
    """Findings as a table: how bad, what, where and why. Nothing for no findings."""
    if not findings:
        return
    made = table("Severity", "Finding", title=title)
    for finding in findings:
        expected = f"Expected: {finding.expected}" if finding.expected else ""
        made.add_row(
            cell(finding.severity),
            stacked(
                cell(f"{finding.resource.id}  ({finding.resource.type})", "bold"),
                cell(f"{finding.rule}: {finding.reason}", most=1000),
                cell(expected, "dim", most=1000),
                cell(spoken(finding), "dim", most=1000),
            ),
        )
    yield made
