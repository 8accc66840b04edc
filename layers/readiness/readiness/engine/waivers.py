"""The waivers in the Declarations table: rows written, rows read, and what is in force now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.attribute_values import deserialise_foreign, serialise
from readiness.engine.declarations import DeclarationRefused, may_speak_for_two
from readiness.engine.declare import Declarer, checked_text, moment
from readiness.engine.environment import parameter
from readiness.model.finding import iso, parse_iso
from readiness.model.text import clean, error_text
from readiness.model.verdict import Severity
from readiness.model.waiver import LONGEST, Waiver, Waivers

WAIVERS = "waivers"
"""What stands in the attribute ``rule`` of every row, so that the index shows them together."""
OWNED = "waiver#"
"""What the partition key begins with: a policy for attestations does not allow to waive."""
WAIVER, APPROVAL, END = "WAIVER", "WAIVER_APPROVAL", "WAIVER_END"
KEPT_SECONDS = 20.0
MOST_REASON, MOST_NAME, MOST_GLOB, MOST_TAGS = 500, 256, 1024, 10
LAST_YEAR = 9000
"""Of a time in a row: with a zone or the limit added, Python has no date after 9999."""
NOBODY = "NONE"
_NO_WAIVER = (AttributeError, KeyError, OverflowError, TypeError, ValueError)
"""What reading a row raises that somebody wrote by hand, with whatever DynamoDB can hold."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the stack's parameters say: the longest time, and from which severity two agree."""

    cap: timedelta = LONGEST
    second_person: Severity | None = Severity.CRITICAL

    @classmethod
    def of(cls, days: str, second_person: str) -> Limits:
        """From the parameters WaiverMaxDays and WaiverSecondPerson, as they are written there.

        A number of CloudFormation may have a fraction.
        """
        return cls(
            timedelta(days=float(days)) if days else LONGEST,
            None if second_person == NOBODY else Severity(second_person or Severity.CRITICAL),
        )


def limits_from(environment: Mapping[str, str]) -> Limits:
    """The limits as template.yaml's parameters put them into the environment."""
    return Limits.of(
        parameter(environment, "WAIVER_MAX_DAYS"), parameter(environment, "WAIVER_SECOND_PERSON")
    )


# -- rows -----------------------------------------------------------------------------------------


def waiver_of(
    fields: Mapping[str, Any], by: Declarer, *, id: str, at: datetime, limits: Limits | None
) -> Waiver:
    """The waiver that the fields make. Raises DeclarationRefused with the field and its fault.

    Without ``limits`` it is what some stack may take.
    """
    until = moment(checked_text(fields, "until", MOST_NAME), "until")
    if until <= at:
        raise DeclarationRefused("until is past already; then it waives nothing")
    if limits is not None and until > at + limits.cap:
        raise DeclarationRefused(
            f"until is more than {limits.cap.days} days away (WaiverMaxDays); the latest is"
            f" {iso(at + limits.cap)}"
        )
    tags = fields.get("tags") or {}
    if len(tags) > MOST_TAGS:
        raise DeclarationRefused(f"at most {MOST_TAGS} tags can be named")
    waiver = Waiver(
        id=id,
        rule=checked_text(fields, "rule", MOST_GLOB),
        resource=checked_text(fields, "resource", MOST_GLOB, required=False),
        reason=checked_text(fields, "reason", MOST_REASON),
        owner=checked_text(fields, "owner", MOST_NAME),
        until=until,
        declared_at=at,
        by=by.id,
        tags={clean(str(name), 128): clean(str(value), 256) for name, value in tags.items()},
        all_rules=bool(fields.get("all_rules")),
        all_resources=bool(fields.get("all_resources")),
    )
    if problem := waiver.problem(by.account, at):
        raise DeclarationRefused(f"the waiver is not valid: {problem}")
    return waiver


def waiver_item(waiver: Waiver) -> dict[str, Any]:
    """The waiver as a row. Its partition key is ``waiver#`` and the caller's ``aws:userid``."""
    return serialise(
        {
            "declared_by": OWNED + waiver.by,
            "declared_at": f"{iso(waiver.declared_at)}#{waiver.id}",
            "kind": WAIVER,
            "id": waiver.id,
            "rule": WAIVERS,
            "rules": waiver.rule,
            "resources": waiver.resource,
            "tags": dict(waiver.tags),
            "reason": waiver.reason,
            "owner": waiver.owner,
            "until": iso(waiver.until),
            "all_rules": waiver.all_rules,
            "all_resources": waiver.all_resources,
        }
    )


def approval_item(waiver: Waiver, *, by_id: str, at: datetime) -> dict[str, Any]:
    """That another person agrees to just this text, as a row."""
    return serialise(_about(waiver, APPROVAL, by_id, at) | {"fingerprint": waiver.fingerprint})


def end_item(waiver: Waiver, *, by_id: str, at: datetime, because: str) -> dict[str, Any]:
    """That somebody ended a waiver before its time, as a row."""
    return serialise(_about(waiver, END, by_id, at) | {"reason": because})


def _about(waiver: Waiver, kind: str, by_id: str, at: datetime) -> dict[str, Any]:
    return {
        "declared_by": OWNED + by_id,
        "declared_at": f"{iso(at)}#{waiver.id}",
        "kind": kind,
        "rule": WAIVERS,
        "waiver": waiver.id,
    }


_ATTRIBUTES = frozenset(
    {"declared_by", "declared_at", "kind", "id", "rule", "rules", "resources", "tags", "reason"}
    | {"owner", "until", "all_rules", "all_resources"}
)
_OF_AN_APPROVAL = frozenset(
    {"declared_by", "declared_at", "kind", "rule", "waiver", "fingerprint"}
)
"""What a row has; another attribute is a newer version's, which may limit it."""


def assembled(rows: Iterable[Mapping[str, Any]]) -> tuple[list[Waiver], dict[str, str]]:
    """The waivers with their approvals and ends applied, and why other rows are none, by key.

    What does not have the form of a waiver waives nothing. An approval counts for exactly one
    text and by another person; anybody who may waive can end a waiver.
    """
    waivers: dict[str, Waiver] = {}
    malformed: dict[str, str] = {}
    others = []
    for row in sorted(rows, key=lambda row: str(row.get("declared_at", ""))):
        key = f"{row.get('declared_by')} {row.get('declared_at')}"
        if row.get("kind") in (APPROVAL, END):
            others.append(row)
            continue
        try:
            waiver = _read(row)
        except _NO_WAIVER as error:
            malformed[key] = error_text(error)
            continue
        if waiver.id in waivers:
            malformed[key] = f"another waiver has the id {waiver.id}"
            continue
        waivers[waiver.id] = waiver
    for row in others:
        key = f"{row.get('declared_by')} {row.get('declared_at')}"
        about = waivers.get(str(row.get("waiver")))
        try:
            if about is None:
                raise ValueError(f"there is no waiver {row.get('waiver')!r}")
            waivers[about.id] = _answered(about, row)
        except _NO_WAIVER as error:
            malformed[key] = str(error)
    return list(waivers.values()), malformed


def _read(row: Mapping[str, Any]) -> Waiver:
    if row["kind"] != WAIVER:
        raise ValueError(f"{row['kind']!r} is no kind of row about waivers")
    if foreign := set(row) - _ATTRIBUTES:
        raise ValueError(f"this version does not know {clean(', '.join(sorted(foreign)), 200)}")
    tags = row.get("tags") or {}
    return Waiver(
        id=_said(row, "id", MOST_NAME),
        rule=_word(row, "rules", MOST_GLOB),
        resource=_word(row, "resources", MOST_GLOB, required=False),
        reason=_said(row, "reason", MOST_REASON),
        owner=_said(row, "owner", MOST_NAME),
        until=_moment(_word(row, "until", MOST_NAME)),
        declared_at=_declared_at(row),
        by=_by(row),
        tags={str(name): str(value) for name, value in tags.items()},
        all_rules=row.get("all_rules") is True,
        all_resources=row.get("all_resources") is True,
    )


def _said(row: Mapping[str, Any], name: str, most: int) -> str:
    """A text that is shown to people, without what a terminal or an eye would stumble over."""
    said = clean(_word(row, name, most), most)
    if not said.strip():
        raise ValueError(f"{name} is missing or no text")
    return said


def _answered(waiver: Waiver, row: Mapping[str, Any]) -> Waiver:
    by, at = _by(row), _declared_at(row)
    if row["kind"] == END:
        if waiver.ended_at is not None:
            return waiver
        because = clean(str(row.get("reason", "")), MOST_REASON)
        return replace(waiver, ended_by=by, ended_at=at, ended_because=because)
    if foreign := set(row) - _OF_AN_APPROVAL:
        raise ValueError(f"this version does not know {clean(', '.join(sorted(foreign)), 200)}")
    if row.get("fingerprint") != waiver.fingerprint:
        raise ValueError(f"it approves another text than that of the waiver {waiver.id}")
    if not may_speak_for_two(by, waiver.by):
        raise ValueError(f"who asked for the waiver {waiver.id} cannot approve it")
    return waiver if waiver.approved_by else replace(waiver, approved_by=by, approved_at=at)


def _word(row: Mapping[str, Any], name: str, most: int, *, required: bool = True) -> str:
    value = row.get(name, "")
    if not isinstance(value, str) or (required and not value.strip()):
        raise ValueError(f"{name} is missing or no text")
    if len(value) > most:
        raise ValueError(f"{name} is longer than {most} characters")
    return value


def _by(row: Mapping[str, Any]) -> str:
    key = str(row["declared_by"])
    if not key.startswith(OWNED) or key == OWNED:
        raise ValueError(f"the key {clean(key, 80)!r} is not that of a waiver")
    return key.removeprefix(OWNED)


def _declared_at(row: Mapping[str, Any]) -> datetime:
    return _moment(str(row["declared_at"]).partition("#")[0])


def _moment(text: str) -> datetime:
    moment = parse_iso(text).astimezone(UTC)
    if moment.year > LAST_YEAR:
        raise ValueError(f"{clean(text, 60)!r} is too far away")
    return moment


# -- what is known now ----------------------------------------------------------------------------


class WaiversUnreadable(Exception):
    """The declarations cannot be read: then nothing new is waived."""


class InForce:
    """The waivers as a run knows them: read when first needed, and anew after a short while.

    ``table`` is empty where nothing is deployed: then nothing is waived. Where the table cannot be
    read, nothing new is waived and ``tell`` is called with the reason; what a finding was waived
    by before stays until its date, since fewer rows are known than it was decided from.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        limits: Limits,
        *,
        tell: Callable[[str], None] = lambda reason: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._table = table
        self._limits = limits
        self._tell = tell
        self._now = now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._read: tuple[float, Waivers] | None = None
        self._name: Callable[[str], str] = str

    def named_by(self, name: Callable[[str], str]) -> None:
        """How to make an ARN of the id of a caller."""
        self._name = name

    def __call__(self) -> Waivers:
        with self._lock:
            now = self._monotonic()
            if self._read is None or now - self._read[0] >= KEPT_SECONDS:
                try:
                    self._read = (now, self.fresh())
                except WaiversUnreadable as unreadable:
                    self._tell(str(unreadable))
                    self._read = (now, self.of_none())
            return replace(self._read[1], name=self._name)

    def fresh(self) -> Waivers:
        """The waivers as the index shows them now. Raises WaiversUnreadable."""
        if not self._table:
            return self.of_none()
        try:
            return self._of(rows_of(self._client, self._table))
        except (ClientError, BotoCoreError) as error:
            raise WaiversUnreadable(error_text(error)) from error

    def of_none(self) -> Waivers:
        """What is known where no row is: the limits alone."""
        return self._of(())

    def _of(self, rows: Iterable[Mapping[str, Any]]) -> Waivers:
        rows = list(rows)
        every, _ = assembled(rows)
        limits = self._limits
        now = self._now()
        return Waivers(tuple(every), len(rows), limits.cap, limits.second_person, self._name, now)


def rows_of(client: Any, table: str) -> list[dict[str, Any]]:
    """Every row about waivers, as far as the index shows them."""
    rows: list[dict[str, Any]] = []
    query: dict[str, Any] = {
        "TableName": table,
        "IndexName": "by-rule",
        "KeyConditionExpression": "#r = :r",
        "ExpressionAttributeNames": {"#r": "rule"},
        "ExpressionAttributeValues": {":r": {"S": WAIVERS}},
    }
    while True:
        page = client.query(**query)
        rows += map(_plain, page["Items"])
        if "LastEvaluatedKey" not in page:
            return rows
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """The row; of one with a value that is never written here the key, which waives nothing."""
    return deserialise_foreign(item, "declared_by", "declared_at")
