"""`readiness status`: the checklist as the deployed stack sees it, and whether to go live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from readiness.model import checklist
from readiness.model.finding import iso, parse_iso
from readiness.model.verdict import Severity, Status
from readiness_cli import catalogue, outline, session
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import cell, emit, note, output_option, table
from readiness_cli.readout import Row, read

if TYPE_CHECKING:
    from readiness.model.rule import Rule
    from readiness_cli.deployed import Deployed
    from readiness_cli.outline import Line

A_WEEK = timedelta(days=7)
STALE = timedelta(hours=24)
"""A gate does not go by a sweep that is older."""

MOST_SHOWN = 5
_ORDER = tuple(
    str(each)
    for each in (
        Status.NON_COMPLIANT,
        Status.INSUFFICIENT_DATA,
        Status.COMPLIANT,
        Status.NOT_APPLICABLE,
    )
)
NOTHING = "NOTHING_KNOWN"
"""The state of a box of which no rule has a row: no sweep has been there yet."""


@dataclass(slots=True)
class Box:
    """One line of the checklist with the rows of its rules."""

    section: str
    heading: str
    folder: str
    item: str
    rules: tuple[str, ...]
    is_seen: bool = True
    """Whether a sweep has been there: each rule leaves a row, if only that it concerns nothing."""
    rows: list[Row] = field(default_factory=list)

    @property
    def status(self) -> str:
        """The worst of its rows; what is waived fails all the same."""
        seen = {row.status for row in self.rows}
        nothing = str(Status.NOT_APPLICABLE) if self.is_seen else NOTHING
        return next((each for each in _ORDER if each in seen), nothing)

    @property
    def is_known(self) -> bool:
        """Whether a verdict stands: a sweep has been there, and none of its rows is unknown."""
        return self.is_seen and all(
            row.status is not Status.INSUFFICIENT_DATA for row in self.rows
        )

    def failing(self) -> list[Row]:
        return sorted((r for r in self.rows if r.fails), key=lambda r: (r.severity.rank, r.since))

    @property
    def waived(self) -> list[Row]:
        return [row for row in self.rows if row.is_waived]

    def said(self) -> str:
        """What was counted, in words."""
        by = Counter(str(row.severity) for row in self.failing())
        parts = [f"{by[str(each)]} {each}" for each in Severity if by[str(each)]]
        counted = Counter(row.status for row in self.rows)
        words = {
            Status.INSUFFICIENT_DATA: "unknown",
            Status.COMPLIANT: "passed",
            Status.NOT_APPLICABLE: "not applicable",
        }
        parts += [f"{len(self.waived)} waived"] if self.waived else []
        parts += [f"{counted[each]} {word}" for each, word in words.items() if counted[each]]
        nothing = "nothing of the kind" if self.is_seen else "nothing is known yet"
        return ", ".join(parts) or nothing

    def row(self) -> dict[str, Any]:
        """As it is printed."""
        counted = Counter(str(row.status) for row in self.rows)
        return {
            "section": self.section,
            "heading": self.heading,
            "item": self.item,
            "status": self.status,
            "counts": dict(counted),
            "failing_by_severity": dict(Counter(str(row.severity) for row in self.failing())),
            "waived": len(self.waived),
            "failing": [
                {
                    "finding_id": each.id,
                    "severity": str(each.severity),
                    "rule": each.rule,
                    "resource": each.resource,
                    "since": iso(each.since),
                    "reason": each.reason,
                }
                for each in self.failing()
            ],
        }


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed since a moment: rows that began to fail, and those that turned to passing."""

    since: datetime
    opened: int
    passed: int
    named: str = ""


@click.command()
@click.option("--workload", metavar="NAME", help="Only resources with this tag Application.")
@click.option("--environment", metavar="NAME", help="Only resources of this environment.")
@click.option("--owner", metavar="NAME", help="Only resources of this owner.")
@click.option("--section", metavar="NAME", help="Only a section of the checklist.")
@click.option("--heading", "heading_name", metavar="NAME", help="Only a heading.")
@click.option(
    "--fail-on",
    type=click.Choice([str(each) for each in Severity], case_sensitive=False),
    help="Decide GO or NO-GO: what is at least so severe must neither fail nor be unknown.",
)
@click.option(
    "--allow-unknown",
    "allowed",
    multiple=True,
    metavar="RULE|HEADING",
    help="With --fail-on: go although this is unknown (repeatable).",
)
@session.stack_option
@output_option
@session.aws_options
@click.pass_context
def status(
    context: click.Context,
    /,
    *,
    section: str | None,
    heading_name: str | None,
    fail_on: str | None,
    allowed: tuple[str, ...],
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
    **only: str | None,
) -> None:
    """Show the checklist as the stack sees it: what fails, what is unknown, what changed.

    With --fail-on it is a gate: exit code 0 for GO, 1 where something fails, 3 where something is
    only unknown. What is waived does not stop it and is listed.
    """
    from readiness_cli.deployed import Deployed  # noqa: PLC0415

    allowed = _named(allowed)
    rules = chosen(section, heading_name)
    stored = Deployed(session.connect(profile, region), stack_name)
    now = stored.aws.now()
    found = read(
        stored.aws.client("dynamodb"),
        stored.stack["FindingsTable"],
        stored.aws.account,
        [rule.id for rule in rules],
        now,
        of_whom=any(only.values()),
        details=fail_on is not None or format != "table",
    )
    for key in found.unreadable:
        note(f"warning: this version cannot read the finding {key}; it is not counted")
    rows = [row for row in found.rows if _is_meant(row, only)]
    _check_any(found.rows, rows, only)
    seen = {row.rule for row in found.rows}
    boxes = boxes_of(rules, rows, seen)
    swept, failed = last_sweep(stored)
    emit(
        format,
        [box.row() for box in boxes],
        lambda: draw(boxes, _deltas(rows, swept, now), swept),
    )
    if fail_on is None:
        context.exit(Exit.OK)
    unseen = [rule for rule in rules if rule.id not in seen and not rule.opt_in]
    mine = {rule.heading.folder for rule in rules}
    gate = Gate(Severity(fail_on.upper()), allowed, unseen, [f for f in failed if f in mine])
    context.exit(gate.decide(rows, unread=len(found.unreadable), swept=swept, now=now))


def boxes_of(rules: Iterable[Rule | Line], rows: Iterable[Row], seen: Container[str]) -> list[Box]:
    """The boxes that the rules judge, in the checklist's order, with their rows.

    ``seen`` are the rules of which the stack has any row.
    """
    rules = list(rules)
    by_box: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        by_box.setdefault((rule.heading.folder, rule.item), []).append(rule.id)
    made = {}
    for chapter, item in checklist.boxes():
        key = (chapter.folder, item)
        if key in by_box:
            of_box = tuple(by_box[key])
            made[key] = Box(
                chapter.section,
                chapter.title,
                chapter.folder,
                item,
                of_box,
                any(rule in seen for rule in of_box),
            )
    where = {rule.id: made[rule.heading.folder, rule.item] for rule in rules}
    for row in rows:
        where[row.rule].rows.append(row)
    return list(made.values())


def chosen(section: str | None, heading_name: str | None) -> list[Line]:
    """The rules of a section or heading, or all. Raises Failure for a name that is none."""
    rules = list(outline.rules().values())
    if heading_name is not None:
        try:
            folder = catalogue.folder_named(heading_name)
        except LookupError as error:
            raise session.unknown(error) from None
        rules = [rule for rule in rules if rule.heading.folder == folder]
    if section is not None:
        known = sorted({chapter.section for chapter in checklist.CHAPTERS})
        meant = [each for each in known if each.lower() == section.lower()]
        if not meant:
            raise Failure(
                f"the checklist has no section {section!r}{catalogue.meant(section, known)}",
                why="Nothing would be shown",
                fix=f"name one of: {', '.join(known)}",
            )
        rules = [rule for rule in rules if rule.heading.section == meant[0]]
    if not rules:
        raise Failure(
            f"no rule covers {heading_name or section} yet",
            why="Nothing is known of it, so nothing can be shown",
            fix="run `readiness rules`, which lists the boxes that are not covered yet",
        )
    return rules


def _named(names: Iterable[str]) -> tuple[str, ...]:
    """The ids of the rules that are named, and of those of the headings."""
    ids = [rule.id for name in names for rule in session.find_rules(name)]
    return (*ids, *(id.partition(".")[0] for id in ids if _is_whole(id, ids)))


def _is_whole(id: str, ids: Sequence[str]) -> bool:
    """Whether all rules of the heading are named."""
    folder = id.partition(".")[0]
    return {rule.id for rule in catalogue.heading(folder)} <= set(ids)


def _is_meant(row: Row, only: Mapping[str, str | None]) -> bool:
    return all(wanted is None or getattr(row, name) == wanted for name, wanted in only.items())


def _check_any(every: Sequence[Row], rows: Sequence[Row], only: Mapping[str, str | None]) -> None:
    """Raises Failure for a workload, environment or owner that no row has."""
    for name, wanted in only.items():
        known = sorted({getattr(row, name) for row in every} - {""})
        if wanted is not None and wanted not in known:
            raise Failure(
                f"nothing has the {name} {wanted!r}{catalogue.meant(wanted, known)}",
                why="A misspelt name would show that all is well",
                fix="see the names with `readiness findings -o json`",
            )
    if not rows and every:
        raise Failure(
            "no resource has all of these",
            why="An empty answer would show that all is well",
            fix="leave out one of --workload, --environment and --owner",
        )


def last_sweep(stored: Deployed) -> tuple[datetime | None, list[str]]:
    """When the last sweep ended, and the headings that it did not complete."""
    from readiness.engine.sweeps import Sweeps  # noqa: PLC0415

    where = f"{stored.aws.account}/{stored.aws.region}"
    sweeps = Sweeps(stored.aws.client("dynamodb"), stored.stack["TransitionsTable"], where)
    latest = sweeps.latest(1)
    if not latest:
        return None, []
    return parse_iso(latest[0]["at"].partition("#")[0]), list(latest[0].get("failed", ()))


def _deltas(rows: Sequence[Row], swept: datetime | None, now: datetime) -> list[Delta]:
    moments = [*([(swept, "the last sweep")] if swept else []), (now - A_WEEK, "a week ago")]
    return [
        Delta(
            moment,
            sum(row.fails and row.since > moment for row in rows),
            sum(
                row.status is Status.COMPLIANT and row.first_seen < row.since > moment
                for row in rows
            ),
            named,
        )
        for moment, named in moments
    ]


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether to go live: nothing at least as severe as ``least`` fails or is unknown."""

    least: Severity
    allowed: tuple[str, ...]
    unseen: Sequence[Rule | Line]
    failed: Sequence[str] = ()
    """The headings that the last sweep did not complete: what is stored of them may be old."""

    def decide(
        self, every: Iterable[Row], *, unread: int, swept: datetime | None, now: datetime
    ) -> int:
        """The exit code; the reasons are told on stderr."""
        rows = [row for row in every if row.severity.rank <= self.least.rank]
        failing = [row for row in rows if row.fails]
        unknown = [
            f"{row.rule} {row.resource}: {row.reason}"
            for row in rows
            if row.status is Status.INSUFFICIENT_DATA and not self._is_allowed(row.rule)
        ]
        unknown += [
            f"{rule.id}: nothing is known yet"
            for rule in self.unseen
            if rule.severity.rank <= self.least.rank and not self._is_allowed(rule.id)
        ]
        unknown += [
            f"{folder}: the last sweep did not complete it"
            for folder in self.failed
            if folder not in self.allowed
        ]
        if unread:
            unknown.append(f"{session.plural(unread, 'finding')} of another version")
        if swept is None or now - swept > STALE:
            when = f"the last sweep ended at {iso(swept)}" if swept else "no sweep has ended yet"
            unknown.append(f"{when}; what changed without an event since is not known")
        for row in sorted(failing, key=lambda each: each.severity.rank):
            note(f"NO-GO {row.severity} {row.resource} ({row.rule}): {row.reason}")
        for text in unknown:
            note(f"NO-GO unknown: {text}")
        for row in rows:
            if row.is_waived:
                until = iso(row.waived_until) if row.waived_until else ""
                note(
                    f"waived until {until} by {row.waiver_owner}: {row.resource} ({row.rule}):"
                    f" {row.waived_because}"
                )
        verdict = "NO-GO" if failing or unknown else "GO"
        note(
            f"{verdict} at {self.least} and worse: {len(failing)} failing, {len(unknown)} unknown,"
            f" {sum(row.is_waived for row in rows)} waived"
        )
        if failing:
            return Exit.GATE_FAILED
        return Exit.INCOMPLETE if unknown else Exit.OK

    def _is_allowed(self, rule: str) -> bool:
        return rule in self.allowed or rule.partition(".")[0] in self.allowed


def draw(
    boxes: Sequence[Box], deltas: Sequence[Delta], swept: datetime | None
) -> Iterable[RenderableType]:
    """The checklist as a tree, and what changed."""
    made = table("Status", "Section, heading, box")
    for section, of_section in groupby(boxes, key=lambda box: box.section):
        chapters = [list(them) for _, them in groupby(of_section, key=lambda box: box.folder)]
        together = [box for them in chapters for box in them]
        made.add_row(cell(_worst(together)), cell(f"{section}: {_summed(together)}", "bold"))
        for them in chapters:
            if them[0].heading != section:
                title = cell(f"{them[0].heading}: {_summed(them)}", "bold")
                made.add_row(cell(_worst(them)), _deeper(title, 1))
            for box in them:
                made.add_row(cell(box.status), _drawn(box))
    yield made
    yield cell(coverage(boxes), "bold")
    for delta in deltas:
        yield cell(
            f"since {delta.named} ({delta.since:%Y-%m-%d %H:%M} UTC): {delta.opened} began to"
            f" fail and fail now, {delta.passed} turned to passing"
        )
    if swept is None:
        yield cell("No sweep has ended yet: `readiness doctor` says why.")


def _drawn(box: Box) -> RenderableType:
    """A box and the worst of what fails in it."""
    failing = box.failing()
    lines = [
        cell(f"{each.severity} {_short(each.resource)} {each.id}", most=300)
        for each in failing[:MOST_SHOWN]
    ]
    if len(failing) > MOST_SHOWN:
        more = f"readiness findings --open --heading {box.folder}"
        lines.append(cell(f"and {len(failing) - MOST_SHOWN} more: {more}", "dim"))
    said = cell(f"{box.item}: {box.said()}", most=300)
    return Group(_deeper(said, 2), *(_deeper(line, 3) for line in lines))


def _deeper(text: Text, steps: int) -> RenderableType:
    """A text some steps down the tree, with all of its lines."""
    return Padding(text, (0, 0, 0, 2 * steps))


def _worst(boxes: Iterable[Box]) -> str:
    seen = {box.status for box in boxes}
    return next(each for each in (*_ORDER, NOTHING) if each in seen)


def _summed(boxes: Sequence[Box]) -> str:
    """The boxes as one: counts by severity and status."""
    rows = [row for box in boxes for row in box.rows]
    first = boxes[0]
    is_seen = any(box.is_seen for box in boxes)
    return Box(first.section, first.heading, first.folder, "", (), is_seen, rows).said()


def _short(resource: str) -> str:
    """The id of a resource, out of its key."""
    return resource.split("/", 3)[-1]


def coverage(boxes: Sequence[Box]) -> str:
    """``82 % of 112 boxes are known; 9 unknown, 4 findings waived``."""
    known = sum(box.is_known for box in boxes)
    failing = sum(bool(box.failing()) for box in boxes)
    waived = sum(len(box.waived) for box in boxes)
    share = 100 * known // len(boxes) if boxes else 0
    return (
        f"{share} % of {session.plural(len(boxes), 'box').replace('boxs', 'boxes')} are known;"
        f" {failing} fail, {len(boxes) - known} unknown,"
        f" {session.plural(waived, 'finding')} waived"
    )
