"""What a scan prints: verdicts, what is unknown, and its progress."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import RenderableType

from readiness.model.text import listed
from readiness.model.unreadable import is_said_denied
from readiness.model.verdict import Severity, Status
from readiness.model.waiver import spoken
from readiness_cli import scorecard, session
from readiness_cli.output import cell, console, emit, stacked, table
from readiness_cli.scan_scope import Only

if TYPE_CHECKING:
    from readiness.engine.survey import Coverage
    from readiness.model.finding import Finding
    from readiness_cli.pointed import Pointed


Progress = Callable[[int, int], None]


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


def print_verdicts(
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
