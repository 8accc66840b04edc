"""What a report shows, read from the tables of the deployed stack and from nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from readiness.engine import settings as stack_settings
from readiness.engine.attribute_values import deserialise
from readiness.engine.declare import Declarations
from readiness.engine.principals import Principals
from readiness.engine.waivers import assembled, rows_of
from readiness.model.finding import Finding, parse_iso
from readiness.model.rule import Rule, SettingRefused
from readiness.model.verdict import Severity, Status
from readiness_cli import recording
from readiness_cli.attest import is_attestable
from readiness_cli.attest_check import expiry
from readiness_cli.boxes import Box, boxes_of
from readiness_cli.readout import Row, read

if TYPE_CHECKING:
    from readiness.model.attestation import Attestation
    from readiness.model.waiver import Waiver
    from readiness_cli.deployed import Deployed

_SEGMENTS = 4
"""Parts of the history that are read side by side."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the history: how many findings opened, closed, and failed at its end."""

    date: date
    opened: int = 0
    closed: int = 0
    failing: int = 0


@dataclass(frozen=True, slots=True)
class Attested:
    """An attestation with its dates. ``ends`` is the earlier of its own end and the rule's cap."""

    statement: Attestation
    ends: datetime | None

    def state(self, now: datetime) -> str:
        """What is known of it by its dates alone."""
        if self.statement.revoked:
            return "revoked"
        if self.ends is None:
            return "settings invalid"
        return "expired" if self.ends <= now else "in force"


@dataclass(frozen=True, slots=True)
class Waived:
    """A waiver and how many findings it covers."""

    waiver: Waiver
    ends: datetime
    findings: int

    def state(self, now: datetime) -> str:
        """Whether it is in force, by its dates."""
        if self.waiver.ended_at is not None:
            return "ended"
        return "expired" if self.ends <= now else "in force"


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that a report says. ``details`` are the findings that fail or are waived.

    ``unseen`` are rules that have no row, ``unread`` rows that this version cannot read, and
    ``incomplete`` the headings that the last sweep did not complete.
    """

    stack: str
    account: str
    region: str
    now: datetime
    swept: datetime | None
    boxes: Sequence[Box]
    rows: Sequence[Row]
    details: Mapping[str, Finding]
    days: Sequence[Day]
    attestations: Sequence[Attested]
    waivers: Sequence[Waived]
    unseen: Sequence[str] = ()
    unread: Sequence[str] = ()
    incomplete: Sequence[str] = ()
    only: Mapping[str, str] = field(default_factory=dict)

    @property
    def failing(self) -> list[Row]:
        """What fails and is not waived, worst and oldest first."""
        rows = [row for row in self.rows if row.fails]
        return sorted(rows, key=lambda row: (row.severity.rank, row.since, row.rule, row.resource))

    @property
    def unknown(self) -> list[Row]:
        return [row for row in self.rows if row.status is Status.INSUFFICIENT_DATA]

    @property
    def waived(self) -> list[Row]:
        return [row for row in self.rows if row.is_waived]

    def by_severity(self) -> dict[str, int]:
        """How many fail, for each severity."""
        counted = Counter(str(row.severity) for row in self.failing)
        return {str(each): counted[str(each)] for each in Severity}


def gather(
    stored: Deployed,
    rules: Sequence[Rule],
    only: Mapping[str, str],
    *,
    days: int,
    swept: tuple[datetime | None, Sequence[str]],
) -> Gathered:
    """Read what the rules' rows, the history and the declarations say.

    ``only`` narrows rows by workload, environment or owner; ``swept`` is when the last sweep
    ended and which headings it did not complete.
    """
    aws, now = stored.aws, stored.aws.now()
    client = aws.client("dynamodb")
    ids = [rule.id for rule in rules]
    found = read(client, stored.stack["FindingsTable"], aws.account, ids, now)
    rows = [row for row in found.rows if all(getattr(row, n) == v for n, v in only.items())]
    seen = {row.rule for row in found.rows}
    shown = {row.id for row in rows}
    details = {each.id: each for each in stored.open_or_waived() if each.id in shown}
    history = _history(client, stored.stack["TransitionsTable"], now - timedelta(days=days))
    moves = [each for each in history if str(each.get("finding_id")) in shown or not only]
    mine = {rule.heading.folder for rule in rules}
    return Gathered(
        stack=stored.stack.name,
        account=aws.account,
        region=aws.region,
        now=now,
        swept=swept[0],
        boxes=boxes_of(rules, rows, seen),
        rows=rows,
        details=details,
        days=trend(
            [each for each in moves if str(each.get("rule")) in set(ids)],
            sum(row.fails for row in rows),
            now,
            days,
        ),
        attestations=attestations(stored, rules),
        waivers=_waivers(stored, rows),
        unseen=[rule.id for rule in rules if rule.id not in seen and not rule.opt_in],
        unread=found.unreadable,
        incomplete=[folder for folder in swept[1] if folder in mine],
        only=only,
    )


def _history(client: Any, table: str, since: datetime) -> list[dict[str, Any]]:
    """The transitions after a moment, of which only what a trend needs."""
    names = ["finding_id", "at", "kind", "rule", "status", "old_status", "waived_until"]
    names.append("was_waived")
    aliases = {f"#{index}": name for index, name in enumerate(names)}
    query: dict[str, Any] = {
        "TableName": table,
        "ProjectionExpression": ",".join(aliases),
        "ExpressionAttributeNames": aliases,
        "FilterExpression": "#1 > :a AND attribute_exists(#2)",
        "ExpressionAttributeValues": {":a": {"S": since.isoformat()[:10]}},
        "TotalSegments": _SEGMENTS,
    }

    def of_segment(segment: int) -> list[dict[str, Any]]:
        asked, found = {**query, "Segment": segment}, []
        while True:
            page = client.scan(**asked)
            found += [deserialise(item) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return found
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    with ThreadPoolExecutor(_SEGMENTS) as pool:
        return [each for found in pool.map(of_segment, range(_SEGMENTS)) for each in found]


def trend(
    moves: Iterable[Mapping[str, Any]], failing_now: int, now: datetime, days: int
) -> list[Day]:
    """What happened on each of the last days, oldest first.

    How many failed at the end of a day follows from how many fail now, by taking back what
    happened since. A finding that was waived does not count as failing.
    """
    opened: Counter[date] = Counter()
    closed: Counter[date] = Counter()
    for each in moves:
        try:
            day = parse_iso(str(each["at"]).partition("#")[0]).date()
        except ValueError:
            continue  # a row that is no transition, such as that of a sweep
        wrong = str(Status.NON_COMPLIANT)
        failed = each.get("old_status") == wrong and not each.get("was_waived")
        fails = each.get("status") == wrong and not each.get("waived_until")
        opened[day] += fails and not failed
        closed[day] += failed and not fails
    made, failing = [], failing_now
    for back in range(days):
        day = now.date() - timedelta(days=back)
        made.append(Day(day, opened[day], closed[day], max(failing, 0)))
        failing += closed[day] - opened[day]
    return made[::-1]


def attestations(stored: Deployed, rules: Iterable[Rule]) -> list[Attested]:
    """The statements for the rules, by rule and time."""
    table = recording.declarations_of(stored.stack)
    if not table:
        return []
    given = recording.settings_of(stored.aws, stored.stack)
    declarations = Declarations(stored.aws.client("dynamodb"), table)
    principals = Principals(stored.aws)
    found = []
    for rule in filter(is_attestable, rules):
        configured = stack_settings.configure([rule], given)[rule.id]
        terms = {} if isinstance(configured, SettingRefused) else configured
        stated = principals.named(declarations.of_rule(rule.id))
        found += [Attested(each, expiry(each, terms)) for each in stated]
    return sorted(found, key=lambda each: (each.statement.rule, each.statement.performed_at))


def _waivers(stored: Deployed, rows: Iterable[Row]) -> list[Waived]:
    table = recording.declarations_of(stored.stack)
    if not table:
        return []
    covers = Counter(row.waiver for row in rows if row.is_waived)
    cap = recording.limits_of(stored.stack).cap
    every, _ = assembled(rows_of(stored.aws.client("dynamodb"), table))
    made = [Waived(each, each.ends(cap), covers[each.id]) for each in every]
    return sorted(made, key=lambda each: each.ends)
