"""When pages are held back: announced change windows, and quiet hours.

What is quiet is held, not dropped (:mod:`readiness.alerting.held`). CRITICAL is never held. What
cannot be read, or makes no sense, holds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from readiness.engine.attribute_values import deserialise_foreign, serialise
from readiness.model.finding import MOST_SKEW, Finding, iso, parse_iso
from readiness.model.text import clean
from readiness.model.verdict import Severity

QUIET = "quiet"
"""What stands in the attribute ``rule`` of every row, so that the index shows them together."""
OWNED = "quiet#"
"""What the partition key begins with: a policy for attestations does not allow to write it."""
WINDOW, END = "QUIET", "QUIET_END"
QUIET_HOURS = "quiet hours"
LONGEST = timedelta(hours=24)
MOST_TEXT = 500
MOST_PATTERN = 512
"""Brackets without an end take a time that grows with the square of the length."""
MOST_ROWS = 2000
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_NO_WINDOW = (AttributeError, KeyError, OverflowError, TypeError, ValueError)


class HoursRefused(ValueError):
    """The quiet hours cannot be understood; then there are none."""


_LIMITS = ("rule_glob", "resource", "workload", "owner")
_ATTRIBUTES = frozenset(
    {"declared_by", "declared_at", "rule", "kind", "id", "until", "reason", *_LIMITS}
)
"""What a row of a window has; another attribute is a newer version's, which may limit it."""


class TooMany(ValueError):
    """Nobody announces so many change windows a day; reading them would hold up every page."""


@dataclass(frozen=True, slots=True)
class Window:
    """One change window; what is empty matches everything. Patterns are globs."""

    id: str
    by: str
    since: datetime
    until: datetime
    reason: str
    rule: str = ""
    resource: str = ""
    workload: str = ""
    owner: str = ""
    ended_at: datetime | None = None

    def is_on(self, now: datetime) -> bool:
        """Whether it has begun, and is not over by its own time or because somebody ended it."""
        if self.ended_at is not None and self.ended_at <= now:
            return False
        return self.since <= now + MOST_SKEW and now < min(self.until, self.since + LONGEST)

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is meant."""
        resource = finding.resource
        return all(
            not pattern or any(fnmatchcase(value, pattern) for value in values)
            for pattern, values in (
                (self.rule, (finding.rule,)),
                (self.resource, (resource.id, resource.key)),
                (self.workload, (finding.workload,)),
                (self.owner, (finding.owner,)),
            )
        )


@dataclass(frozen=True, slots=True)
class Hours:
    """Quiet hours of every day by a wall clock; they may pass midnight.

    Where clocks are put forward, an hour that does not exist is not quiet, and hours that would
    begin or end in it do so with the change.
    """

    begin: time
    end: time
    zone: ZoneInfo
    below: Severity

    def are_on(self, now: datetime, severity: Severity) -> bool:
        """Whether a finding of this severity is held now."""
        if severity.at_least(self.below):
            return False
        here = now.astimezone(self.zone)
        clock = here.time()
        if self.begin < self.end and self.begin <= clock < self.end:
            return True
        if self.begin > self.end and (clock >= self.begin or clock < self.end):
            return True
        return any(self._spans(here.date() - timedelta(days=n), now) for n in (0, 1))

    def end_after(self, now: datetime) -> datetime | None:
        """When the hours end that are on now; None where that cannot be told."""
        here = now.astimezone(self.zone)
        spans = [self._span(here.date() - timedelta(days=n)) for n in (0, 1)]
        return next((end for begin, end in spans if begin <= now < end), None)

    def _spans(self, day: date, now: datetime) -> bool:
        """Whether the hours that begin on ``day`` have begun and are not over."""
        begin, end = self._span(day)
        return begin <= now < end

    def _span(self, day: date) -> tuple[datetime, datetime]:
        """When the hours that begin on ``day`` begin and end.

        Of a moment that comes twice, as clocks are put back, they begin with the first and end
        with the last, so that nobody is woken in between.
        """
        until = day if self.begin < self.end else day + timedelta(days=1)
        begin = datetime.combine(day, self.begin, self.zone).astimezone(UTC)
        end = datetime.combine(until, self.end.replace(fold=1), self.zone).astimezone(UTC)
        return begin, end


def hours_of(text: str, zone: str, below: str) -> Hours | None:
    """From the parameters QuietHours, QuietTimeZone and QuietBelow. Raises HoursRefused."""
    if not text.strip():
        return None
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise HoursRefused(f"{text!r} is not HH:MM-HH:MM")
    begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if begin == end:
        raise HoursRefused(f"{text!r} would be the whole day")
    try:
        where = ZoneInfo(zone.strip() or "UTC")
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise HoursRefused(f"{zone!r} is no time zone that is known here") from None
    if below and below not in set(Severity):
        raise HoursRefused(f"{below!r} is no severity")
    return Hours(begin, end, where, Severity(below or Severity.CRITICAL))


class Quiet:
    """What the stack holds back now; windows are read at most every ``KEPT`` seconds."""

    KEPT = timedelta(seconds=15)

    def __init__(
        self,
        client: Any,
        declarations: str,
        hours: Hours | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._declarations = declarations
        self._hours = hours
        self._now = now
        self._windows: tuple[Window, ...] = ()
        self._read_at: datetime | None = None

    def why(self, finding: Finding, severity: Severity) -> str:
        """Why nobody is woken by the finding now; empty where somebody is.

        Raises what the table raises.
        """
        if severity is Severity.CRITICAL:
            return ""
        now = self._now()
        if self._hours is not None and self._hours.are_on(now, severity):
            return QUIET_HOURS
        for window in self._known(now):
            if window.is_on(now) and window.covers(finding):
                return f"change window {window.id}: {window.reason}"
        return ""

    def until(self, why: str) -> datetime | None:
        """When what :meth:`why` said ends; None for a window, which may be ended at any time."""
        if self._hours is None or why != QUIET_HOURS:
            return None
        return self._hours.end_after(self._now())

    def _known(self, now: datetime) -> tuple[Window, ...]:
        if not self._declarations:
            return ()
        if self._read_at is None or not now - self.KEPT <= self._read_at <= now:
            try:
                self._windows = windows(self._client, self._declarations, now, most=MOST_ROWS)
            except TooMany:
                self._windows = ()
            self._read_at = now
        return self._windows


def windows(client: Any, table: str, now: datetime, most: int = 0) -> tuple[Window, ...]:
    """Every window that can be on now, and those that begin later.

    Raises TooMany where there are more than ``most`` rows about them.
    """
    query: dict[str, Any] = {
        "TableName": table,
        "IndexName": "by-rule",
        "KeyConditionExpression": "#r = :r AND declared_at >= :s",
        "ExpressionAttributeNames": {"#r": "rule"},
        "ExpressionAttributeValues": {
            ":r": {"S": QUIET},
            ":s": {"S": iso(now - LONGEST - MOST_SKEW)},
        },
    }
    rows: list[dict[str, Any]] = []
    while True:
        page = client.query(**query)
        rows += (deserialise_foreign(item) for item in page["Items"])
        if most and len(rows) > most:
            raise TooMany(f"more than {most} rows are about change windows")
        if "LastEvaluatedKey" not in page:
            return assembled(rows)
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def assembled(rows: Iterable[Mapping[str, Any]]) -> tuple[Window, ...]:
    """The windows that rows make; a row that makes none, or under another key, holds nothing."""
    ours = [row for row in rows if str(row.get("declared_by", "")).startswith(OWNED)]
    ends: dict[str, datetime] = {}
    for row in ours:
        try:
            if row["kind"] == END:
                at = parse_iso(str(row["declared_at"]))
                ends[str(row["id"])] = min(at, ends.get(str(row["id"]), at))
        except _NO_WINDOW:
            continue
    made = []
    for row in ours:
        try:
            if row["kind"] == WINDOW:
                made.append(_window(row, ends))
        except _NO_WINDOW:
            continue
    return tuple(sorted(made, key=lambda window: window.until))


def _window(row: Mapping[str, Any], ends: Mapping[str, datetime]) -> Window:
    """Raises for a row whose limits are not all known, or empty: it would silence more."""
    if foreign := set(row) - _ATTRIBUTES:
        raise ValueError(f"this version does not know {', '.join(sorted(foreign))}")
    limits = {name: str(row[name]) for name in _LIMITS if name in row}
    if any(not clean(pattern, MOST_PATTERN) for pattern in limits.values()):
        raise ValueError("a limit is empty")
    texts = {name: limits.get(name, "") for name in ("resource", "workload", "owner")}
    rule = limits.get("rule_glob", "")
    if max(map(len, (rule, *texts.values()))) > MOST_PATTERN:
        raise ValueError(f"a pattern is longer than {MOST_PATTERN} characters")
    return Window(
        id=str(row["id"]),
        by=str(row["declared_by"]).removeprefix(OWNED),
        since=parse_iso(str(row["declared_at"])),
        until=parse_iso(str(row["until"])),
        reason=clean(str(row["reason"]), MOST_TEXT),
        rule=rule,
        ended_at=ends.get(str(row["id"])),
        **texts,
    )


def window_item(window: Window) -> dict[str, Any]:
    """A window as a row of the declarations."""
    plain = {
        "declared_by": OWNED + window.by,
        "declared_at": iso(window.since),
        "rule": QUIET,
        "kind": WINDOW,
        "id": window.id,
        "until": iso(window.until),
        "reason": window.reason,
        "rule_glob": window.rule,
        "resource": window.resource,
        "workload": window.workload,
        "owner": window.owner,
    }
    return serialise({name: value for name, value in plain.items() if value})


def end_item(id: str, by: str, at: datetime) -> dict[str, Any]:
    """That somebody ended a window before its time."""
    return serialise(
        {
            "declared_by": OWNED + by,
            "declared_at": iso(at),
            "rule": QUIET,
            "kind": END,
            "id": id,
        }
    )
