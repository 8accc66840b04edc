"""`readiness scan`: evaluate the rules in process, against the account of the credentials."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import RenderableType

from readiness.model.evidence import ACCOUNT, REGION
from readiness.model.text import listed
from readiness.model.unreadable import is_said_denied
from readiness.model.verdict import Severity, Status
from readiness.model.waiver import spoken
from readiness_cli import catalogue, scorecard, session
from readiness_cli.failure import Exit, Failure
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
    from readiness.engine.aws import Aws
    from readiness.engine.evaluate import Evaluation, Observation
    from readiness.engine.survey import Coverage
    from readiness.model.finding import Finding
    from readiness.model.rule import Rule
    from readiness_cli.pointed import Pointed

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
    _emit(format, boxes, shown, by, closing)
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
    if all(map(_is_of_nothing, findings)):
        note(f"nothing was evaluated: {_why_nothing(judged, coverage, only, aws)}")
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


@dataclass(slots=True)
class Only:
    """Which verdicts count; ``untold`` are the resources of which the tags could not be read."""

    workload: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    severity: Severity | None = None
    untold: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, workload: str | None, tags: Iterable[str], severity: str | None) -> Only:
        """As it was typed. Raises Failure for a tag that is not KEY=VALUE."""
        pairs = {}
        for text in tags:
            key, equals, value = text.partition("=")
            if not equals or not key.strip():
                raise Failure(
                    f"{text!r} is not --tag KEY=VALUE",
                    why="A tag has a key and a value",
                    fix="write for instance --tag Team=agents",
                )
            pairs[key.strip()] = value.strip()
        return cls(workload, pairs, Severity(severity.upper()) if severity else None)

    @property
    def is_any(self) -> bool:
        """Whether anything is left out."""
        return bool(self.workload or self.tags or self.severity)

    def of_these(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that are meant."""
        return [each for each in findings if self._means(each)]

    def _means(self, finding: Finding) -> bool:
        if self.severity is not None and not finding.severity.at_least(self.severity):
            return False
        if not self.workload and not self.tags:
            return True
        if finding.resource.type in _STAND_INS:
            # What could not be listed may be of that workload; the account itself is of none.
            return finding.status is Status.INSUFFICIENT_DATA and _stands_in(finding)
        if finding.tags is None and catalogue.rule(finding.rule).subject.tags_from_api:
            self.untold.add(finding.resource.key)
            return False
        tags = finding.tags or {}
        return (not self.workload or finding.workload == self.workload) and all(
            tags.get(key) == value for key, value in self.tags.items()
        )


_STAND_INS = {ACCOUNT.name, REGION.name}


def _stands_in(finding: Finding) -> bool:
    """Whether the finding stands for resources that are not there or could not be listed."""
    return catalogue.rule(finding.rule).subject.name != finding.resource.type


def closing_lines(findings: Sequence[Finding], coverage: Coverage, only: Only) -> Iterator[str]:
    """The scan in a few lines: how many of what, and what was left out."""
    failed = [f for f in findings if f.status is Status.NON_COMPLIANT and not f.is_waived]
    by = Counter(str(f.severity) for f in failed)
    severities = ", ".join(f"{by[str(each)]} {each}" for each in Severity if by[str(each)])
    counted = Counter(f.status for f in findings)
    parts = [f"{len(failed)} failed" + (f" ({severities})" if severities else "")]
    if waived := sum(f.is_waived for f in findings):
        parts.append(f"{waived} failed and waived")
    parts += [
        f"{counted[each]} {word}"
        for each, word in (
            (Status.INSUFFICIENT_DATA, "unknown"),
            (Status.COMPLIANT, "passed"),
            (Status.NOT_APPLICABLE, "not applicable"),
        )
        if counted[each]
    ]
    yield f"{session.plural(len(findings), 'verdict')}: {', '.join(parts)}"
    if waived:
        yield (
            f"{session.plural(waived, 'finding')} waived: shown as NON_COMPLIANT, and not counted"
            " for the exit code"
        )
    if coverage.own:
        yield f"{session.plural(coverage.own, 'resource')} of Readiness itself left out"
    if coverage.out_of_scope:
        yield f"{session.plural(coverage.out_of_scope, 'resource')} out of scope"
    if only.untold:
        yield (
            f"{session.plural(len(only.untold), 'resource')} left out: their tags could not be"
            " read, and whether they are meant is unknown"
        )


def _is_of_nothing(finding: Finding) -> bool:
    """Whether the finding says that there is no resource for its rule to judge."""
    is_stand_in = finding.resource.type in _STAND_INS and _stands_in(finding)
    return is_stand_in and finding.status is Status.NOT_APPLICABLE


def _why_nothing(judged: Sequence[Finding], coverage: Coverage, only: Only, aws: Aws) -> str:
    """Why no resource was evaluated, with the name that may have been meant."""
    if only.workload:
        known = sorted({f.workload for f in judged if f.workload})
        if only.workload not in known:
            hint = catalogue.meant(only.workload, known)
            return f"no resource has the workload {only.workload!r}{hint}"
    if any(not _is_of_nothing(each) for each in judged):
        return "no verdict has all that was asked for"
    if coverage.own or coverage.out_of_scope:
        return "every resource is out of scope or of Readiness itself"
    return (
        f"there is no resource for these rules to judge in {session.spoken(aws)}; is it the right"
        " --region and --profile?"
    )


def denied_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Which missing actions left how many verdicts unknown, and a statement that allows them."""
    unknown = [each for each in findings if each.status is Status.INSUFFICIENT_DATA]
    denied = Counter(action for finding in unknown for action in _denied(finding))
    failed = Counter(
        action
        for finding in unknown
        for action in finding.missing
        if action not in _denied(finding)
    )
    for action, times in denied.most_common():
        yield f"{action} was denied: {session.plural(times, 'verdict')} unknown"
    for action, times in failed.most_common():
        yield (
            f"{action} failed for another reason: {session.plural(times, 'verdict')} unknown; scan"
            " again"
        )
    if denied:
        statement = {"Effect": "Allow", "Action": sorted(denied), "Resource": "*"}
        yield f"To allow what was denied: {json.dumps(statement)}"
        yield (
            "An SCP, a permissions boundary or the policy of a key or bucket can deny it even so."
        )


def _denied(finding: Finding) -> set[str]:
    said = {action for action in finding.missing if is_said_denied(action, finding.reason)}
    return said | set(finding.denied)


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
    by: Pointed,
    closing: Iterable[str],
) -> None:
    from readiness.alerting.finding_json import finding_json  # noqa: PLC0415

    def render() -> Iterable[RenderableType]:
        wrong = [f for f in findings if f.status is Status.NON_COMPLIANT and not f.is_waived]
        waived = [f for f in findings if f.is_waived]
        blind = [f for f in findings if f.status is Status.INSUFFICIENT_DATA]
        if findings:
            yield from scorecard.draw(boxes)
        yield from draw(wrong, "Failed")
        yield from draw(waived, "Failed and waived")
        yield from draw_unknown(blind)
        for line in closing:
            yield cell(line, "bold", most=1000)

    named = () if by.stack is None else (by.stack.name,)
    emit(format, [finding_json(finding, *named) for finding in findings], render)


def draw_unknown(findings: Sequence[Finding]) -> Iterable[RenderableType]:
    """What is unknown, together where the same could not be read. Nothing for no findings."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.missing or (finding.rule, finding.reason), []).append(finding)
    if not findings:
        return
    made = table("Verdicts", "What is missing", title="Unknown")
    for together in sorted(groups.values(), key=len, reverse=True):
        first = together[0]
        names = [each.resource.id for each in together]
        rules = sorted({each.rule for each in together})
        made.add_row(
            cell(len(together)),
            stacked(
                cell(listed(list(first.missing), 4), "bold", most=600),
                cell(listed(list(dict.fromkeys(names)), 4), "bold", most=1000),
                cell(f"{listed(rules, 4)}: {first.reason}", most=1000),
            ),
        )
    yield made


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
