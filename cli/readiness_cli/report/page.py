"""The report as one HTML file that loads nothing, or as Markdown for a pull request."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from readiness.alerting.console import console_url
from readiness.alerting.finding_text import runbook_url
from readiness.model.resource import Resource
from readiness.model.text import clean
from readiness.model.verdict import Severity
from readiness_cli import catalogue
from readiness_cli.boxes import Box, coverage
from readiness_cli.readout import Row
from readiness_cli.report import pictures
from readiness_cli.report.gathered import Gathered

if TYPE_CHECKING:
    from readiness.model.finding import Finding

HERE = Path(__file__).parent
MOST_BYTES = 400_000
_FOR_FINDINGS = 270_000
"""Bytes of the page that the findings may take; the rest of it is bounded by the checklist."""
_MARKUP = 60
"""Bytes of tags around one finding."""
_LENGTHS = (600, 300, 160, 100, 60, 30)
"""How long texts of findings may be: the longest with which all of them fit."""
_MOST_NAME = 200
_MOST_ROWS = 150
"""Attestations, waivers and kinds of unknowns that a page lists."""


@dataclass(frozen=True, slots=True)
class Line:
    """One failing resource of a group. ``reason`` is empty where the group says it for all."""

    id: str
    resource: str
    region: str
    reason: str
    since: datetime
    console: str
    owner: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The failing findings of one rule with the same severity."""

    rule: str
    title: str
    severity: str
    item: str
    reason: str
    fix: str
    runbook: str
    lines: tuple[Line, ...]
    left_out: int


def html(gathered: Gathered, runbooks: str) -> str:
    """The page. ``runbooks`` is where the runbooks are published, or their folder."""
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(HERE),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_inert,
    )
    environment.filters["day"] = _day
    environment.filters["minute"] = _minute
    style = (HERE / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template("page.html.j2").render(
        it=gathered,
        style=Markup(style),  # noqa: S704 - our own file
        digest=digest,
        coverage=coverage(gathered.boxes),
        sections=_sections(gathered.boxes),
        overall=pictures.bar("Everything", gathered.boxes),
        line=pictures.line(gathered.days),
        groups=groups(gathered, runbooks),
        severities=[str(each) for each in Severity],
        unknown=_unknown(gathered.unknown),
        said=pictures.SAID,
        most=_MOST_ROWS,
    )


def _inert(value: Any) -> Any:
    """Every text without what a browser or terminal would act on."""
    return clean(value, 4000) if type(value) is str else value


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "none"


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "none"


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the checklist with a bar for each heading."""

    title: str
    bars: tuple[pictures.Bar, ...]
    boxes: tuple[Box, ...]

    @property
    def known(self) -> int:
        """How many of the boxes have a verdict for all that is in them."""
        return sum(box.is_known for box in self.boxes)


def _sections(boxes: Sequence[Box]) -> Iterator[Section]:
    for title in dict.fromkeys(box.section for box in boxes):
        mine = [box for box in boxes if box.section == title]
        headings = dict.fromkeys(box.heading for box in mine)
        bars = [pictures.bar(name, [b for b in mine if b.heading == name]) for name in headings]
        yield Section(title, tuple(bars), tuple(mine))


def _unknown(rows: Iterable[Row]) -> list[tuple[str, str, int]]:
    """Why things are unknown (rule, reason, how many resources), most first."""
    counted = Counter((row.rule, clean(row.reason, 240)) for row in rows)
    return [(rule, reason, count) for (rule, reason), count in counted.most_common()]


def groups(gathered: Gathered, runbooks: str) -> list[Group]:
    """The failing findings by rule, worst first, as many as fit and each as long as fits.

    What does not fit is counted, never left out without a word.
    """
    by_rule: dict[tuple[int, str], list[Row]] = {}
    for row in gathered.failing:
        by_rule.setdefault((row.severity.rank, row.rule), []).append(row)
    ordered = [by_rule[key] for key in sorted(by_rule)]
    most = next((n for n in _LENGTHS if _size(ordered, n) <= _FOR_FINDINGS), _LENGTHS[-1])
    left = _FOR_FINDINGS
    made = []
    for rows in ordered:
        lines: list[Line] = []
        reason = _common([row.reason for row in rows])
        fix = _common_fix(rows, gathered)
        left -= 2 * _length(reason, most) + 800
        for row in rows:
            line = _line(row, gathered.details.get(row.id), "" if reason else row.reason, most)
            line = replace(line, fix="" if fix is not None else _fix(row, gathered, most))
            left -= _MARKUP + _length(line.reason + line.fix + line.resource + line.console, 10**6)
            if left < 0 and lines:
                break
            lines.append(line)
        said = _Said(clean(reason, max(most, 200)), clean(fix or "", 300))
        made.append(_group(rows, said, lines, runbooks))
    return made


def _size(ordered: Iterable[Sequence[Row]], most: int) -> int:
    return sum(
        500
        + sum(
            _MARKUP + _length(row.reason, most) + min(len(row.resource), _MOST_NAME)
            for row in rows
        )
        for rows in ordered
    )


def _length(text: str, most: int) -> int:
    """Bytes of the text in a page: what is escaped grows."""
    cut = text[:most]
    return len(cut.encode()) + 5 * sum(cut.count(char) for char in "<>&\"'")


def _fix(row: Row, gathered: Gathered, most: int) -> str:
    finding = gathered.details.get(row.id)
    return clean(finding.expected, min(most, 300)) if finding is not None else ""


def _common_fix(rows: Sequence[Row], gathered: Gathered) -> str | None:
    """What mends all of them; None where each has another remedy."""
    details = [gathered.details[row.id] for row in rows if row.id in gathered.details]
    fixes = {each.expected for each in details}
    return (fixes.pop() if fixes else "") if len(fixes) < 2 else None


@dataclass(frozen=True, slots=True)
class _Said:
    """What a group says for all of its findings."""

    reason: str
    fix: str


def _common(reasons: Sequence[str]) -> str:
    return reasons[0] if len(reasons) > 1 and len(set(reasons)) == 1 else ""


def _line(row: Row, finding: Finding | None, reason: str, most: int) -> Line:
    resource = Resource.parse(row.resource)
    console = console_url(resource) if finding is not None and most >= _LENGTHS[0] else ""
    return Line(
        row.id,
        clean(resource.id, min(_MOST_NAME, max(most, 60))),
        resource.region,
        clean(reason, most),
        row.since,
        console,
        clean(row.owner, 60) if most > 100 else "",
    )


def _group(rows: Sequence[Row], said: _Said, lines: Sequence[Line], runbooks: str) -> Group:
    rule = catalogue.rules().get(rows[0].rule)
    return Group(
        rows[0].rule,
        clean(rule.sentence if rule else rows[0].rule, 300),
        str(rows[0].severity),
        clean(rule.item if rule else "", 200),
        said.reason,
        said.fix,
        _runbook(rows[0].rule, runbooks),
        tuple(lines),
        len(rows) - len(lines),
    )


def _runbook(rule: str, runbooks: str) -> str:
    """The address of a rule's section; where runbooks are not published, what prints it."""
    url = runbook_url(rule, runbooks)
    return url if url.startswith("https://") else f"readiness explain {rule} --fix"


# -- Markdown -------------------------------------------------------------------------------------

MOST_MARKDOWN = 60_000
"""Characters: a comment on GitHub takes 65,536, and GitLab more."""
_MOST_LINES = 50
_ESCAPED = str.maketrans(
    {
        **{char: f"\\{char}" for char in "\\`*_{}[]()#+-!|~>"},
        "<": "&lt;",
        "&": "&amp;",
        "@": "&#64;",  # so that nobody is notified
        ":": "&#58;",  # so that no address becomes a link
    }
)


def escaped(text: object, most: int = 300) -> str:
    """The text as Markdown shows it, with nothing that acts: no link, mention, tag or table."""
    return clean(str(text), most).translate(_ESCAPED)


def markdown(gathered: Gathered, runbooks: str) -> str:
    """The report for a pull request: what fails first, and the rest folded."""
    out = [
        "## Production readiness",
        "",
        f"{escaped(coverage(gathered.boxes))}",
        "",
        f"Stack {escaped(gathered.stack)}, account {escaped(gathered.account)}, "
        f"{escaped(gathered.region)}. Last sweep: {escaped(_minute(gathered.swept))}."
        + "".join(f" Only {name} {escaped(value)}." for name, value in gathered.only.items()),
        "",
        "| section | failing | unknown | waived | passed | not applicable |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for section in _sections(gathered.boxes):
        counts = {part.kind: part.count for part in pictures.bar("", section.boxes).parts}
        cells = " | ".join(str(counts.get(kind, 0)) for kind in pictures.KINDS)
        out.append(f"| {escaped(section.title)} | {cells} |")
    out += ["", *_doubts(gathered), *_failing(gathered, runbooks), *_folded(gathered)]
    text = "\n".join(out) + "\n"
    if len(text) > MOST_MARKDOWN:
        cut = text[:MOST_MARKDOWN].rsplit("\n", 1)[0]
        text = f"{cut}\n\n_The rest is in the HTML report._\n"
    return text


def _doubts(gathered: Gathered) -> Iterator[str]:
    """What is not known, since an empty list is no good news then."""
    if gathered.swept is None:
        yield "**No sweep has ended yet: nothing here is complete.**\n"
    for folder in gathered.incomplete:
        yield f"- The last sweep did not complete {escaped(folder)}: its rows may be old."
    if gathered.unseen:
        yield (
            f"- Rules without any verdict: {len(gathered.unseen)} (nothing in scope for them,"
            " or no completed sweep)."
        )
    if gathered.unread:
        yield f"- {len(gathered.unread)} findings of another version are not counted."
    yield ""


def _failing(gathered: Gathered, runbooks: str) -> Iterator[str]:
    failing = gathered.failing
    if not failing:
        yield "No finding is open.\n"
        return
    yield f"### {len(failing)} open findings\n"
    yield "| severity | resource | what is wrong | fix | runbook |"
    yield "|---|---|---|---|---|"
    for row in failing[:_MOST_LINES]:
        detail = gathered.details.get(row.id)
        runbook = _runbook(row.rule, runbooks)
        is_link = runbook.startswith("https://")
        link = f"[{escaped(row.rule)}](<{runbook}>)" if is_link else f"`{runbook}`"
        name = Resource.parse(row.resource).id
        fix = escaped(detail.expected if detail else "", 200)
        said = escaped(row.reason, 300)
        yield f"| {row.severity} | {escaped(name, 120)} | {said} | {fix} | {link} |"
    if len(failing) > _MOST_LINES:
        yield f"\nand {len(failing) - _MOST_LINES} more: `readiness findings --open`"
    yield ""


def _folded(gathered: Gathered) -> Iterator[str]:
    unknown = _unknown(gathered.unknown)
    if unknown:
        yield f"<details><summary>{len(gathered.unknown)} unknown</summary>\n"
        for rule, reason, count in unknown[:_MOST_LINES]:
            yield f"- {escaped(rule)} ({count}): {escaped(reason)}"
        if len(unknown) > _MOST_LINES:
            yield f"- and {len(unknown) - _MOST_LINES} more reasons"
        yield "\n</details>\n"
    for title, lines in (
        ("waivers", [_said_waiver(each, gathered.now) for each in gathered.waivers]),
        ("attestations", [_said_statement(each, gathered.now) for each in gathered.attestations]),
    ):
        if lines:
            yield f"<details><summary>{len(lines)} {title}</summary>\n"
            yield from (f"- {text}" for text in lines[:_MOST_LINES])
            if len(lines) > _MOST_LINES:
                yield f"- and {len(lines) - _MOST_LINES} more"
            yield "\n</details>\n"


def _said_waiver(each: Any, now: datetime) -> str:
    waiver = each.waiver
    where = waiver.resource or "any resource"
    return (
        f"{escaped(waiver.rule)} for {escaped(where)}, {each.state(now)} until {_day(each.ends)},"
        f" {each.findings} findings, owner {escaped(waiver.owner)}: {escaped(waiver.reason)}"
    )


def _said_statement(each: Any, now: datetime) -> str:
    said = each.statement
    return (
        f"{escaped(said.rule)}, {each.state(now)}, done {_day(said.performed_at)}, ends"
        f" {_day(each.ends)}, owner {escaped(said.owner)}: {escaped(said.statement)}"
    )
