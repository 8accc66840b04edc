"""Records waivers in the Declarations table of one stack, as one caller."""

from __future__ import annotations

import difflib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from readiness.engine.declarations import DeclarationRefused, may_speak_for_two
from readiness.engine.declare import Declarations, Declarer
from readiness.engine.principals import Principals
from readiness.engine.waivers import (
    approval_item,
    assembled,
    end_item,
    rows_of,
    waiver_item,
    waiver_of,
)
from readiness.model.finding import Finding, iso
from readiness.model.text import clean
from readiness.model.waiver import Waiver, Waivers, covered
from readiness_cli import catalogue, recording, session, stack
from readiness_cli.failure import Failure
from readiness_cli.output import note

if TYPE_CHECKING:
    from readiness_cli.deployed import Deployed

LISTS = "readiness waivers --all"
SHORTEST_PREFIX = 4


@dataclass(frozen=True, slots=True)
class Covered:
    """A finding that a waiver means, and what the waiver does to it."""

    finding: Finding
    effect: str
    waits: bool = False

    def row(self) -> dict[str, Any]:
        """As programs get it."""
        return {
            "finding_id": self.finding.id,
            "rule": self.finding.rule,
            "resource": self.finding.resource.key,
            "severity": str(self.finding.severity),
            "effect": self.effect,
        }


def check_rule(rule: str) -> str:
    """The id of the rule, or the pattern: that of a heading for its name.

    Raises Failure for a rule that does not exist, and for a pattern that matches none.
    """
    if not set(rule) & set("*?["):
        found = session.find_rules(rule)
        return found[0].id if len(found) == 1 else f"{found[0].heading.folder}.*"
    known = catalogue.rules()
    if any(fnmatchcase(id, rule) for id in known):
        return rule
    bare = rule.strip("*?")
    likely = difflib.get_close_matches(bare, known, n=3, cutoff=0.4)
    hint = f" Did you mean {catalogue.either(likely)}?" if likely else ""
    raise Failure(
        f"the pattern {rule!r} matches no rule.{hint}",
        why="A waiver of no rule waives nothing",
        fix="run `readiness rules` to list them",
    )


def check(fields: Mapping[str, Any]) -> None:
    """Raise Failure for what no stack takes, before AWS is asked for anything."""
    try:
        waiver_of(fields, Declarer("", "", ""), id="", at=session.utc_now(), limits=None)
    except DeclarationRefused as refused:
        raise _refused(str(refused)) from refused


class Desk:
    """The waivers of a stack, and the findings that they can concern."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed
        self._aws = deployed.aws
        self._client = deployed.aws.client("dynamodb")
        self._table = deployed.stack["DeclarationsTable"]
        self._declarations = Declarations(self._client, self._table)
        self._limits = recording.limits_of(deployed.stack)
        self._principals = Principals(deployed.aws)
        self._now = deployed.aws.now()
        self.malformed: dict[str, str] = {}
        self._waivers = self._read()
        self._findings: list[Finding] | None = None

    # -- what there is ------------------------------------------------------------------------

    def _read(self) -> Waivers:
        with stack.tables_of(self._deployed.stack):
            rows = rows_of(self._client, self._table)
        every, self.malformed = assembled(rows)
        return self._of(every, len(rows))

    def _of(self, every: Sequence[Waiver], known: int) -> Waivers:
        limits = self._limits
        return Waivers(every, known, limits.cap, limits.second_person, self._principals.arn)

    @property
    def findings(self) -> list[Finding]:
        """Every finding that is open or waived: what a waiver can concern."""
        if self._findings is None:
            self._findings = self._deployed.open_or_waived()
        return self._findings

    def _one(self, id: str) -> Waiver:
        found = [
            waiver
            for waiver in self._waivers.every
            if waiver.id == id or (len(id) >= SHORTEST_PREFIX and waiver.id.startswith(id))
        ]
        if len(found) == 1:
            return found[0]
        problem = "several waivers have an id that begins with" if found else "there is no waiver"
        raise Failure(
            f"{problem} {id!r} in the stack {self._deployed.stack.name!r}",
            why="An approval or an end applies to exactly one waiver",
            fix=f"run `{LISTS}`; a new waiver can take a second to appear",
        )

    # -- what is done -------------------------------------------------------------------------

    def preview(self, fields: Mapping[str, Any]) -> tuple[Waiver, list[Covered]]:
        """The waiver that the fields make, and what it would do. Raises Failure."""
        try:
            waiver = waiver_of(
                fields,
                self._caller(),
                id=secrets.token_hex(6),
                at=self._now,
                limits=self._limits,
            )
        except DeclarationRefused as refused:
            raise _refused(str(refused)) from refused
        among = self._of((*self._waivers.every, waiver), self._waivers.known + 1)
        return waiver, self._effects(waiver, among)

    def record(self, waiver: Waiver) -> None:
        """Write a waiver down."""
        self._put(waiver_item(waiver))

    def approve(self, id: str) -> Waiver:
        """Agree to another person's waiver. Raises Failure."""
        waiver, by = self._one(id), self._caller()
        if waiver.ended_at is not None or waiver.ends(self._limits.cap) <= self._now:
            raise _refused(f"the waiver {waiver.id} is over")
        if not may_speak_for_two(by.id, waiver.by):
            raise Failure(
                f"you are {by.arn}, who made the waiver {waiver.id}",
                why="The approver must be a second person",
                fix="ask another person to run the same command with their own credentials",
            )
        if waiver.has_second_person:
            name = self._principals.arn(waiver.approved_by)
            raise _refused(f"the waiver {waiver.id} is approved already by {name}")
        self._put(approval_item(waiver, by_id=by.id, at=self._now))
        return replace(waiver, approved_by=by.id, approved_at=self._now)

    def end(self, id: str, because: str) -> tuple[Waiver, list[Covered]]:
        """End a waiver, and what becomes of the findings that it held. Raises Failure."""
        waiver, by = self._one(id), self._caller()
        if waiver.ended_at is not None:
            raise _refused(
                f"the waiver {waiver.id} was ended already by"
                f" {self._principals.arn(waiver.ended_by)}"
            )
        if waiver.ends(self._limits.cap) <= self._now:
            raise _refused(f"the waiver {waiver.id} expired already")
        said = clean(because, 500)
        held = [finding for finding in self.findings if finding.waiver == waiver.id]
        self._put(end_item(waiver, by_id=by.id, at=self._now, because=said))
        ended = replace(waiver, ended_by=by.id, ended_at=self._now, ended_because=said)
        others = [each for each in self._waivers.every if each.id != waiver.id]
        left = self._of(others, self._waivers.known + 1)
        return ended, [Covered(finding, self._after(finding, left)) for finding in held]

    def _after(self, finding: Finding, left: Waivers) -> str:
        other = left.over(finding, self._now)
        if other is None:
            return "will be open again"
        return f"stays waived until {iso(other.ends(left.cap))} by the waiver {other.id}"

    def _effects(self, waiver: Waiver, among: Waivers) -> list[Covered]:
        made = []
        for finding in covered(waiver, self.findings):
            account = finding.resource.account
            objection = among.objection(waiver, finding.severity, account, self._now)
            over = among.over(finding, self._now)
            if over is not None and over.id == waiver.id:
                made.append(Covered(finding, "waived"))
            elif over is not None:
                until = iso(over.ends(among.cap))
                made.append(Covered(finding, f"is waived by {over.id}, which lasts until {until}"))
            else:
                made.append(Covered(finding, f"not waived yet: {objection}", waits=True))
        return made

    def covers_nothing(self, waiver: Waiver) -> Failure:
        """Why a waiver that means no finding is refused, with the resource it may mean."""
        ids = {finding.resource.id for finding in self.findings}
        likely = difflib.get_close_matches(waiver.resource, sorted(ids), n=3, cutoff=0.6)
        hint = f" Did you mean {catalogue.either(likely)}?" if likely else ""
        return Failure(
            f"no open finding matches {waiver.rule!r} on {waiver.resource or 'any resource'!r}"
            f"{' with these tags' if waiver.tags else ''}.{hint}",
            why="It may be misspelt, mended or deleted",
            fix="run `readiness findings --open`; to waive what may come, add --in-advance",
        )

    def _caller(self) -> Declarer:
        said = self._aws.client("sts").get_caller_identity()
        return Declarer(said["Arn"], said["UserId"], said["Account"])

    def _put(self, item: dict[str, Any]) -> None:
        with stack.tables_of(self._deployed.stack):
            if not self._declarations.append(item):
                raise _refused("an identical row exists already")
            if not self._declarations.wait_for(item):
                note("note: the index does not show it yet; it takes effect once it does")

    # -- how it is shown ----------------------------------------------------------------------

    def rows(self, *, every: bool) -> list[dict[str, Any]]:
        """The waivers as programs get them, those that end first in front."""
        ordered = sorted(self._waivers.every, key=lambda w: (w.ends(self._limits.cap), w.id))
        shown = [(waiver, self.state(waiver)) for waiver in ordered]
        return [
            self.row(waiver) | {"covers": len(covered(waiver, self.findings)) if lasts else 0}
            for waiver, state in shown
            if (lasts := state not in {"ended", "expired"}) or every
        ]

    def state(self, waiver: Waiver) -> str:
        """Whether it waives anything now, in a word or two."""
        if problem := waiver.problem(self._aws.account, self._now):
            return f"invalid: {problem}"
        if waiver.ended_at is not None:
            return "ended"
        if waiver.ends(self._limits.cap) <= self._now:
            return "expired"
        return "in force, approved" if waiver.has_second_person else "in force"

    def row(self, waiver: Waiver, *, state: str = "") -> dict[str, Any]:
        """The waiver with exactly the fields of the list."""
        arn = self._principals.arn
        return {
            "id": waiver.id,
            "state": state or self.state(waiver),
            "rule": waiver.rule,
            "resource": waiver.resource,
            "tags": dict(waiver.tags),
            "until": iso(waiver.ends(self._limits.cap)),
            "reason": waiver.reason,
            "owner": waiver.owner,
            "waived_by": arn(waiver.by),
            "declared_at": iso(waiver.declared_at),
            "approved_by": arn(waiver.approved_by),
            "ended_by": arn(waiver.ended_by),
            "ended_at": iso(waiver.ended_at) if waiver.ended_at else "",
            "ended_because": waiver.ended_because,
            "covers": [],
        }


def _refused(what: str) -> Failure:
    return Failure(
        what,
        why="Nothing was recorded",
        fix=f"correct it and run the command again; `{LISTS}` shows all waivers",
    )
