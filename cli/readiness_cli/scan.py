"""`readiness scan`: evaluate the rules in process, against the account of the credentials."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from readiness.model.verdict import Severity, Status
from readiness_cli import catalogue, scorecard, session
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import exit_code, note, output_option
from readiness_cli.scan_output import closing_lines, denied_lines, print_verdicts, progress_bar
from readiness_cli.scan_scope import Only, is_of_nothing, why_nothing

if TYPE_CHECKING:
    from readiness.engine.evaluate import Evaluation
    from readiness.engine.observation import Observation
    from readiness.engine.survey import Coverage
    from readiness.model.finding import Finding
    from readiness.model.rule import Rule
    from readiness_cli.pointed import Pointed


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
    "--exclude-heading",
    "excluded",
    multiple=True,
    metavar="HEADING",
    help="Leave out the rules of this heading (repeatable).",
)
@click.option(
    "--resource", "ids", multiple=True, metavar="ID", help="Only this resource (repeatable)."
)
@click.option("--workload", metavar="NAME", help="Only resources with this tag Application.")
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only resources with this tag (repeatable: all of them).",
)
@click.option(
    "--severity",
    type=click.Choice(list(Severity), case_sensitive=False),
    help="Only verdicts of this severity and worse.",
)
@click.option(
    "--status",
    type=click.Choice(list(Status), case_sensitive=False),
    help="Show only verdicts with this status. The exit code goes by all.",
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
@session.no_stack_option
@output_option
@session.aws_options
@click.pass_context
def scan(
    context: click.Context,
    /,
    *,
    rule_ids: tuple[str, ...],
    heading_names: tuple[str, ...],
    excluded: tuple[str, ...],
    ids: tuple[str, ...],
    workload: str | None,
    tags: tuple[str, ...],
    severity: str | None,
    status: str | None,
    assignments: tuple[str, ...],
    settings_file: Path | None,
    record: bool,
    stack_name: str,
    no_stack: bool,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Evaluate the account: a scorecard and the findings. Writes nothing unless --record.

    It judges as the deployed stack does: by its settings, scope, attestations and waivers. Where
    none is deployed, by the defaults. stderr says which.

    RULE may be named without its heading. HEADING is a folder name or a heading of the checklist.
    ID is a resource id or a full key (account/region/type/id). Exit code 1: a resource is
    NON_COMPLIANT. Exit code 3: a rule could not reach a verdict (INSUFFICIENT_DATA), or nothing
    was evaluated.
    """
    try:
        rules = catalogue.chosen(rule_ids, heading_names, excluded)
    except LookupError as error:
        raise session.unknown(error) from None
    only = Only.of(workload, tags, severity)
    if record:
        is_changed = bool(assignments) or settings_file is not None
        _check_record(changed=is_changed, filtered=only.is_any, no_stack=no_stack)
    given = session.read_settings(settings_file, [_rule_setting(text) for text in assignments])
    session.configure(rules, given)

    from readiness.engine.evaluate import Evaluation  # noqa: PLC0415
    from readiness.engine.survey import Coverage  # noqa: PLC0415
    from readiness_cli import pointed, stack  # noqa: PLC0415

    began = time.monotonic()
    aws = session.connect(profile, region, bulk=not ids)
    by = pointed.at(aws, stack_name, without=no_stack)
    if record and by.stack is None:
        raise stack.no_stack(stack_name, f"account {aws.account}, {aws.region}")
    evaluation = Evaluation(
        aws,
        by.configure(rules, given),
        scope=by.scope,
        trigger="scan",
        declarations=by.declarations,
        known=by.known,
        is_own=by.is_own,
    )
    rules, asked = evaluation.judged(rules), len(rules)
    if len(rules) < asked:
        note(
            f"{session.plural(asked - len(rules), 'rule')} about global services left out: another"
            f" stack evaluates them (EvaluateGlobalServices=false)"
        )
    coverage = Coverage()
    judged = _judge(evaluation, rules, ids, coverage, by, record=record)
    findings = only.of_these(judged)
    findings.sort(key=lambda f: (f.severity.rank, f.rule, f.resource.key))
    shown = [each for each in findings if status is None or each.status == status]
    seen = {finding.rule for finding in shown}
    meant = [rule for rule in rules if rule.id in seen] if ids or only.is_any or status else rules
    boxes = scorecard.boxes(meant, shown)
    closing = list(closing_lines(findings, coverage, only))
    print_verdicts(format, boxes, shown, by, closing)
    for line in denied_lines(findings):
        note(line)
    took = time.monotonic() - began
    note(
        f"{session.spoken(aws)}: {session.plural(len(findings), 'verdict')} of"
        f" {session.plural(len(rules), 'rule')} from"
        f" {session.plural(aws.requests + 1, 'AWS request')} in {took:.1f} s"
    )
    if format != "table":
        for line in closing:
            note(line)
    if all(map(is_of_nothing, findings)):
        note(f"nothing was evaluated: {why_nothing(judged, coverage, only, aws)}")
        context.exit(Exit.INCOMPLETE)
    code = exit_code(f.status for f in findings if not f.is_waived)
    context.exit(code or (Exit.INCOMPLETE if only.untold else code))


def _check_record(*, changed: bool, filtered: bool, no_stack: bool) -> None:
    """Refuse what would write into the stack other verdicts than its own. Raises Failure."""
    if changed:
        raise Failure(
            "--record cannot be combined with --set or --settings-file",
            why="The stack would judge by its own settings again and contradict what was recorded",
            fix="scan without --record, or change the stack's parameter Settings",
        )
    if filtered:
        raise Failure(
            "--record cannot be combined with --workload, --tag or --severity",
            why="What is recorded is all that the rules say of what they judge",
            fix="choose by --rule, --heading or --resource",
        )
    if no_stack:
        raise Failure(
            "--record cannot be combined with --no-stack",
            why="The findings are written into the tables of a stack",
            fix="leave out one of them",
        )


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
    by: Pointed,
    *,
    record: bool,
) -> list[Finding]:
    """The findings; recorded in the thread that made them where that is asked for."""
    from readiness.engine.survey import survey  # noqa: PLC0415
    from readiness_cli.target_selection import observe_only  # noqa: PLC0415

    recording = None
    if record and by.stack is not None:
        from readiness_cli.recording import Recording  # noqa: PLC0415

        recording = Recording(evaluation, rules, by.stack, whole=not ids)
    write = recording.record if recording else _nothing
    findings = []
    with progress_bar() as progress:
        if ids:
            observations: Iterable[Observation] = observe_only(evaluation, rules, ids)
        else:
            observations = survey(evaluation, rules, coverage, progress=progress, record=write)
        for observation in observations:
            if ids:
                write(observation)
                coverage.own += observation.is_own
                coverage.out_of_scope += observation.out_of_scope and not observation.is_own
            if observation.crash:
                note(f"warning: rule {observation.rule.id} crashed: {observation.crash}")
            if observation.finding is not None and not observation.out_of_scope:
                findings.append(by.waived(observation.finding))
    if recording is not None:
        recording.finish(coverage)
    return findings


def _nothing(observation: Observation) -> None:
    """Nothing is written unless it was asked for."""
