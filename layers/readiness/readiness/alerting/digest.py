"""What opened, what closed, what is oldest and what expires soon, once a day or a week.

The transitions table has no order in time, so that ``alerts`` notes what it settles in a row of
its own. Rows of the transitions table, which the stream passes over: ``digest#<day>`` with ``at``
the time and the finding; ``digest#reminders`` with ``at`` the finding; ``digest`` with ``at``
``sent``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import Any

from readiness.alerting.chat import inert, notification
from readiness.alerting.finding_text import spoken_name
from readiness.alerting.message import SUBJECT_MOST
from readiness.alerting.severity import severity_of
from readiness.engine.attribute_values import deserialise_own, serialise
from readiness.engine.rows import Entry
from readiness.engine.store import Store
from readiness.model.finding import MOST_SKEW, Finding, iso, parse_iso, past_moment
from readiness.model.resource import Resource
from readiness.model.text import clean
from readiness.model.transition import Kind
from readiness.model.verdict import Severity, Status

DIGEST = "DIGEST"
"""The kind of the message, and what the attribute ``status`` says."""
PERIODS = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
SOON = timedelta(days=14)
KEPT_FOR = timedelta(days=40)
MOST_NAMED = 10
MOST_LINE = 300
MOST_LATE = timedelta(days=3)
"""How long after it happened a transition may be settled and still be in a digest."""
_OPENS = {Kind.OPENED, Kind.REOPENED, Kind.WAIVER_EXPIRED}
_CLOSES = {Kind.RESOLVED, Kind.WAIVED}
_REMINDERS = "digest#reminders"


@dataclass
class Summary:
    """What a digest says; lists are the worst or first few, counts are of all."""

    since: datetime
    until: datetime
    open: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    newest: list[str] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    oldest: list[str] = field(default_factory=list)
    expiring: list[str] = field(default_factory=list)


class Log:
    """The rows of the digest."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._client = store.client
        self._table = store.transitions_table

    def note(self, entry: Entry, finding: Finding | None, now: datetime) -> None:
        """Keep a transition for the next digest, once; ``now`` is when it was settled."""
        if entry.kind == Kind.REMINDED:
            key = {"finding_id": _REMINDERS, "at": entry.finding_id}
        elif entry.kind in _OPENS | _CLOSES:
            key = {
                "finding_id": f"digest#{entry.at[:10]}",
                "at": f"{entry.at}#{entry.finding_id}",
            }
        else:
            return
        name = spoken_name(finding, 100) if finding is not None else entry.resource
        severity = entry.severity
        if entry.kind in _CLOSES and entry.old_status == Status.NON_COMPLIANT:
            severity = entry.old_severity or severity
        row = key | {
            "kind": entry.kind,
            "rule": entry.rule,
            "resource": entry.resource,
            "severity": severity,
            "name": name,
            "moment": entry.at,
            "noted_at": iso(now),
            "expires_at": int((parse_iso(entry.at) + KEPT_FOR).timestamp()),
        }
        self._store.put_once(serialise(row))

    def last_sent(self, now: datetime) -> datetime | None:
        """When a digest was sent last."""
        key = {"finding_id": {"S": "digest"}, "at": {"S": "sent"}}
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return past_moment(deserialise_own(answer.get("Item", {})).get("sent_at"), now)

    def note_sent(self, at: datetime) -> None:
        """A digest was sent; the next one begins here."""
        row = {"finding_id": "digest", "at": "sent", "kind": DIGEST, "sent_at": iso(at)}
        self._client.put_item(TableName=self._table, Item=serialise(row))

    def summary(self, account: str, since: datetime, until: datetime) -> Summary:
        """What happened in a time, and how it stands now."""
        made = Summary(since, until)
        opened: list[tuple[int, str, str]] = []
        closed: list[tuple[int, str, str]] = []
        for row in self._between(since, until):
            kind, severity, name, rule, moment = (
                str(row.get(each) or "unknown")
                for each in ("kind", "severity", "name", "rule", "moment")
            )
            rank = _rank(severity)
            line = f"[{severity}] {name}: {rule}"
            if kind in set(map(str, _CLOSES)):
                made.closed[severity] += 1
                closed.append((rank, moment, line))
            else:
                made.opened[severity] += 1
                opened.append((rank, moment, line))
        made.newest = [line for *_, line in nsmallest(MOST_NAMED, opened)]
        made.over = [line for *_, line in nsmallest(MOST_NAMED, closed)]
        oldest: list[tuple[datetime, str]] = []
        for finding in self._store.open(account):
            made.open[str(severity_of(finding))] += 1
            since_then = finding.opened_at or finding.since
            oldest.append((since_then, _line(finding, f"since {since_then:%Y-%m-%d}")))
            oldest = nsmallest(MOST_NAMED, oldest)
        made.oldest = [line for _, line in oldest]
        made.expiring = list(self._expiring(account, until))
        return made

    def _between(self, since: datetime, until: datetime) -> Iterator[Mapping[str, Any]]:
        """What was settled in a time; it may have happened up to ``MOST_LATE`` earlier."""
        day = (since - MOST_LATE).date()
        while day <= (until + MOST_SKEW).date():
            key = f"digest#{day.isoformat()}"
            yield from (row for row in self._rows(key) if iso(since) <= _settled(row) < iso(until))
            day += timedelta(days=1)

    def _expiring(self, account: str, now: datetime) -> Iterator[str]:
        """Waivers that end, and attestations that are to be renewed."""
        soon = 0
        for finding in self._store.waived(account, now + SOON):
            if soon >= MOST_NAMED:
                break
            if finding.waived_until is not None and finding.waived_until > now:
                soon += 1
                yield _line(finding, f"waived until {finding.waived_until:%Y-%m-%d}")
        for row in self._rows(_REMINDERS):
            if soon >= 2 * MOST_NAMED:
                return
            try:
                resource = Resource.parse(str(row["resource"]))
                found = self._store.get(resource, str(row["rule"]))
            except (KeyError, ValueError):
                # A row of another version costs itself.
                continue
            if found is not None and found.reminder:
                soon += 1
                yield f"{spoken_name(found, 100)}: {found.reminder}"

    def _rows(self, partition: str) -> Iterator[dict[str, Any]]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "finding_id = :f",
            "ExpressionAttributeValues": {":f": {"S": partition}},
            "ConsistentRead": True,
        }
        while True:
            page = self._client.query(**query)
            yield from map(deserialise_own, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _line(finding: Finding, more: str) -> str:
    name = spoken_name(finding, 100)
    return f"[{severity_of(finding)}] {name}: {finding.rule}, {more}"


def _settled(row: Mapping[str, Any]) -> str:
    """When a transition was noted; of a version that did not say so, when it happened."""
    return str(row.get("noted_at") or row.get("moment") or row["at"])


def _rank(severity: str) -> int:
    return Severity(severity).rank if severity in set(Severity) else 0


def _counts(found: Mapping[str, int]) -> str:
    each = ", ".join(f"{found[s]} {s}" for s in map(str, Severity) if found.get(s))
    total = sum(found.values())
    return f"{total} ({each})" if each else str(total)


def sections_of(summary: Summary) -> list[tuple[str, list[str]]]:
    """The parts of a digest with their lines; a part without lines is left out."""
    return [
        (title, lines)
        for title, lines in (
            (f"Opened: {_counts(summary.opened)}", summary.newest),
            (f"Closed: {_counts(summary.closed)}", summary.over),
            ("Open the longest", summary.oldest),
            ("Ends or is to be renewed soon", summary.expiring),
        )
        if lines
    ]


def digest_message(
    summary: Summary, account: str, region: str, stack: str, period: str
) -> dict[str, Any]:
    """The arguments of ``sns.publish`` for a digest, without the topic. It pages nobody."""
    total = sum(summary.open.values())
    lines = [
        f"Readiness, {period} digest of {account}/{region}",
        f"from {summary.since:%Y-%m-%d %H:%M} to {summary.until:%Y-%m-%d %H:%M} UTC.",
        "",
        f"Open now: {_counts(summary.open)}",
    ]
    for title, named in sections_of(summary):
        lines += ["", title, *(f"  {clean(line, MOST_LINE)}" for line in named)]
    if not summary.newest and not summary.over:
        lines += ["", "Nothing opened and nothing closed."]
    lines += [
        "",
        f"See them: readiness findings --open --region {region} --stack-name {stack}",
        f"As a checklist: readiness status --region {region} --stack-name {stack}",
    ]
    text = "\n".join(lines)
    machine = json.dumps(
        {
            "kind": DIGEST,
            "account": account,
            "region": region,
            "since": iso(summary.since),
            "until": iso(summary.until),
            "open": dict(summary.open),
            "opened": dict(summary.opened),
            "closed": dict(summary.closed),
            "oldest": [clean(line, MOST_LINE) for line in summary.oldest],
            "expiring": [clean(line, MOST_LINE) for line in summary.expiring],
        },
        ensure_ascii=False,
    )
    said = {"default": text, "email": text, "sqs": machine, "lambda": machine}
    subject = f"Readiness: {period} digest of {account}/{region}, {total} open"
    values = {
        "severity": str(Severity.INFORMATIONAL),
        "status": DIGEST,
        "pager": "no",
        "account": account,
        "region": region,
    }
    return {
        "Subject": clean(subject, SUBJECT_MOST),
        "MessageStructure": "json",
        # As it is: escaped, names of other alphabets take three times what SNS counts.
        "Message": json.dumps(said, ensure_ascii=False),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in values.items()
        },
    }


def chat_digest(summary: Summary, account: str, region: str, stack: str) -> dict[str, Any]:
    """The digest for Slack and Teams."""
    lines = [f"Open now: {_counts(summary.open)}"]
    for title, named in sections_of(summary):
        lines += ["", f"*{title}*", *_bullets(named)]
    step = f"`readiness status --region {region} --stack-name {stack}`"
    metadata = {"threadId": f"digest-{stack}", "summary": "Digest", "eventType": DIGEST}
    title = f":clipboard: Readiness, {account}/{region}"
    return notification(title, lines, [step], ["digest"], metadata)


def _bullets(lines: Sequence[str]) -> list[str]:
    return [f"• {inert(clean(line, 160))}" for line in lines[:5]]
