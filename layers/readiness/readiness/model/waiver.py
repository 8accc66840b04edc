"""What people accept until a date: which findings a waiver covers, and when it covers none."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from readiness.model.finding import Finding, iso
from readiness.model.resource import GLOBAL, Resource
from readiness.model.verdict import Severity, Status

OWN_HEADING = "readiness"
"""How the rules of findings about Readiness itself begin: no waiver covers them."""
LONGEST = timedelta(days=90)
SKEW = timedelta(minutes=5)
_RULES = ("iam_roles.mfa", "xray.s3-kms-2", "zz.a")
_TYPES = ("AWS::S3::Bucket", "AWS::IAM::Role", "AWS::::Account")
_IDS = ("a", "Zq-9_8.x", "policy/path/Name", "0123:4:x")
_REGIONS = ("xx-nowhere-1", "yy-elsewhere-2", GLOBAL)
_PARTS = (
    *("us-east", "us-west", "us-gov-east", "us-gov-west", "us-iso-east", "us-isob-east"),
    *("eu-west", "eu-central", "eu-north", "eu-south", "eusc-de-east", "eu-isoe-west"),
    *("ap-east", "ap-south", "ap-northeast", "ap-southeast", "ca-central", "ca-west"),
    *("af-south", "il-central", "me-central", "me-south", "mx-central", "sa-east"),
    *("cn-north", "cn-northwest"),
)
"""Regions as they may be meant by a part of their name: ``us-*``, ``*-east-?``."""
_REGION = re.compile(r"(?<![a-z])[a-z]{2,}(?:-[a-z]+)+-\d")
"""How AWS names a region."""


def matches_every_rule(glob: str) -> bool:
    """Whether a pattern of rule ids leaves out none that a heading may have."""
    return all(fnmatchcase(id, glob) for id in _RULES)


@functools.lru_cache(maxsize=1024)
def matches_every_resource(glob: str, account: str) -> bool:
    """Whether a pattern leaves out no resource of the account, or none of a region in it."""
    numbered = (f"{part}-{number}" for part in _PARTS for number in (1, 2))
    return any(
        all(matches(glob, Resource(account, region, type_, id)) for type_ in _TYPES for id in _IDS)
        for region in (*_REGIONS, *_REGION.findall(glob), *numbered)
    )


def matches(glob: str, resource: Resource) -> bool:
    """Whether a pattern means the resource: by its id or by its key, as it is or as a glob.

    As it is, because names may hold the characters of a glob: an alarm ``[prod] CPU`` is meant.
    """
    return any(name == glob or fnmatchcase(name, glob) for name in (resource.id, resource.key))


@dataclass(frozen=True, slots=True)
class Waiver:
    """One waiver. Times are UTC; ``by`` and ``approved_by`` are ids that IAM held callers to.

    ``rule`` is a glob of rule ids, ``resource`` one of resource ids or keys, empty for any;
    ``tags`` must all be on the resource with just these values. ``all_rules`` and
    ``all_resources`` say that a pattern which leaves out nothing is meant so.
    ``ended_at`` is when somebody ended it before its time, ``ended_by`` who.
    """

    id: str
    rule: str
    resource: str
    reason: str
    owner: str
    until: datetime
    declared_at: datetime
    by: str
    tags: Mapping[str, str] = field(default_factory=dict)
    all_rules: bool = False
    all_resources: bool = False
    approved_by: str = ""
    approved_at: datetime | None = None
    ended_by: str = ""
    ended_at: datetime | None = None
    ended_because: str = ""

    @property
    def fingerprint(self) -> str:
        """A digest of all that it says, so that an approval is valid for this text only."""
        said = [
            *(self.id, self.rule, self.resource, dict(self.tags), self.reason, self.owner),
            *(iso(self.until), iso(self.declared_at), self.by),
            *(self.all_rules, self.all_resources),
        ]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def ends(self, cap: timedelta) -> datetime:
        """The earlier of its own end and ``cap`` after it was declared."""
        return min(self.until, self.declared_at + cap)

    def is_ahead(self, now: datetime) -> bool:
        """Whether it was declared later than clocks differ, so that its time has not come."""
        return self.declared_at > now + SKEW

    @property
    def has_second_person(self) -> bool:
        return bool(self.approved_by) and self.approved_by != self.by

    def problem(self, account: str, now: datetime) -> str:
        """Why it waives nothing at all, whatever the date; empty if it may."""
        every = not self.tags and (
            not self.resource or matches_every_resource(self.resource, account)
        )
        problems = {
            "it has no owner": not self.owner.strip(),
            "it gives no reason": not self.reason.strip(),
            "it names no rule": not self.rule.strip(),
            "it lies in the future": self.is_ahead(now),
            "it covers every rule without --all-rules": matches_every_rule(self.rule)
            and not self.all_rules,
            "it covers every resource without --all-resources": every and not self.all_resources,
        }
        return next((text for text, applies in problems.items() if applies), "")

    def means(self, finding: Finding) -> bool:
        """Whether rule, resource and tags are those of the finding."""
        tags = finding.tags or {}
        return (
            finding.rule.partition(".")[0] != OWN_HEADING
            and (finding.rule == self.rule or fnmatchcase(finding.rule, self.rule))
            and (not self.resource or matches(self.resource, finding.resource))
            and all(tags.get(name) == value for name, value in self.tags.items())
        )


@dataclass(frozen=True, slots=True)
class Waivers:
    """The waivers that somebody knows of, and the stack's limits for them.

    ``known`` is how many rows they were read from. Rows are only ever appended, so that of two
    readers the one that knows more rows is the newer, whatever the clocks say. ``as_of`` is when
    they were read: evidence may be older, and a waiver may have begun or ended since.
    ``second_person`` is the lowest severity that needs an approval by another person, None where
    none does; ``name`` makes an ARN of an id.
    """

    every: Sequence[Waiver] = ()
    known: int = 0
    cap: timedelta = LONGEST
    second_person: Severity | None = Severity.CRITICAL
    name: Callable[[str], str] = str
    as_of: datetime | None = None

    def objection(self, waiver: Waiver, severity: Severity, account: str, at: datetime) -> str:
        """Why a waiver does not waive a finding that it means; empty if it does."""
        if problem := waiver.problem(account, at):
            return problem
        if waiver.ended_at is not None:
            return f"{waiver.ended_by} ended it"
        ends = waiver.ends(self.cap)
        if ends <= at:
            return f"it expired at {iso(ends)}"
        if self.asks_for_two(severity) and not waiver.has_second_person:
            return _second_person(severity)
        return ""

    def asks_for_two(self, severity: Severity) -> bool:
        """Whether a finding of that severity is waived only with a second person's approval."""
        return self.second_person is not None and severity.at_least(self.second_person)

    def over(self, finding: Finding, at: datetime) -> Waiver | None:
        """The waiver that waives the finding: of several the one that lasts longest."""
        account = finding.resource.account
        fitting = [
            waiver
            for waiver in self.every
            if waiver.means(finding) and not self.objection(waiver, finding.severity, account, at)
        ]
        return max(fitting, key=lambda w: (w.ends(self.cap), w.id), default=None)

    def named(self, id: str) -> Waiver | None:
        """The waiver with that id."""
        return next((waiver for waiver in self.every if waiver.id == id), None)


NO_WAIVERS = Waivers()
Known = Callable[[], Waivers]
NOT_WAIVED: Mapping[str, object] = {
    "waived_until": None,
    "waiver": "",
    "waived_by": "",
    "waived_because": "",
    "waiver_owner": "",
    "waiver_approved_by": "",
}
"""The attributes of a finding that say who waived it, empty."""


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """A finding under the waivers: how it stands, whether that is new, and a sentence why."""

    finding: Finding
    is_new: bool = False
    note: str = ""
    by: str = ""


def under(waivers: Known, became: Finding, stored: Finding | None, at: datetime) -> Reconsidered:
    """``became`` as the waivers leave it, compared with how ``stored`` stood under them.

    Only what is NON_COMPLIANT can be waived. What a newer reader decided stays, until its date.
    """
    if became.status is not Status.NON_COMPLIANT:
        return Reconsidered(became.but(**NOT_WAIVED))
    known = waivers()
    at = max(at, known.as_of or at)
    before = stored if stored is not None and stored.status is Status.NON_COMPLIANT else None
    if before is not None and before.waivers_known > known.known:
        return _as_before(known, before, became, at)
    over = known.over(became, at)
    became = became.but(waivers_known=known.known)
    if over is not None:
        return _waived(known, over, became, before)
    became = became.but(**NOT_WAIVED)
    if before is None or before.waived_until is None:
        return Reconsidered(became)
    note, by = _why_over(known, before, became, at)
    return Reconsidered(became, is_new=True, note=note, by=by)


def _as_before(known: Waivers, before: Finding, became: Finding, at: datetime) -> Reconsidered:
    """What was decided from more rows than are known now.

    Its date ends it, and a severity that needs a second person where none is on the finding.
    """
    became = became.but(waivers_known=before.waivers_known, **_waiver_of(before))
    ends = before.waived_until
    if ends is None:
        return Reconsidered(became)
    if ends <= at:
        note = _expired(before.waiver, ends)
        return Reconsidered(became.but(**NOT_WAIVED), is_new=True, note=note)
    if known.asks_for_two(became.severity) and not before.waiver_approved_by:
        note = _not_any_more(before.waiver, _second_person(became.severity))
        return Reconsidered(became.but(**NOT_WAIVED), is_new=True, note=note)
    return Reconsidered(became)


def _waived(known: Waivers, over: Waiver, became: Finding, before: Finding | None) -> Reconsidered:
    ends = over.ends(known.cap)
    if before is not None and _is_same(before, over, ends):
        return Reconsidered(became.but(**_waiver_of(before)))
    waived = became.but(
        waived_until=ends,
        waiver=over.id,
        waived_by=known.name(over.by),
        waived_because=over.reason,
        waiver_owner=over.owner,
        waiver_approved_by=known.name(over.approved_by) if over.has_second_person else "",
    )
    return Reconsidered(waived, is_new=True, note=spoken(waived), by=waived.waived_by)


def _is_same(before: Finding, over: Waiver, ends: datetime) -> bool:
    until = before.waived_until
    return (
        before.waiver == over.id
        and until is not None
        and iso(until) == iso(ends)
        and bool(before.waiver_approved_by) == over.has_second_person
    )


def _waiver_of(finding: Finding) -> dict[str, object]:
    return {name: getattr(finding, name) for name in NOT_WAIVED}


def spoken(finding: Finding) -> str:
    """Who waived the finding, until when and why, in a sentence; empty if nobody did."""
    if finding.waived_until is None:
        return ""
    approved = f", approved by {finding.waiver_approved_by}" if finding.waiver_approved_by else ""
    return (
        f"Waived until {iso(finding.waived_until)} by {finding.waived_by}{approved}"
        f" (owner {finding.waiver_owner}, waiver {finding.waiver}): {finding.waived_because}"
    )


def _expired(id: str, ended: datetime) -> str:
    return f"The waiver {id} expired at {iso(ended)}."


def _not_any_more(id: str, why: str) -> str:
    return f"The waiver {id} does not cover it any more: {why}."


def _second_person(severity: Severity) -> str:
    return f"{severity} needs a second person"


def _why_over(known: Waivers, before: Finding, now: Finding, at: datetime) -> tuple[str, str]:
    """Why a finding is not waived any more, and who caused it, if anybody did."""
    waiver = known.named(before.waiver)
    if waiver is None:
        return f"The waiver {before.waiver} is not among the declarations.", ""
    if waiver.ended_at is not None:
        by = known.name(waiver.ended_by)
        because = f": {waiver.ended_because}" if waiver.ended_because else "."
        return f"{by} ended the waiver {waiver.id}{because}", by
    if waiver.ends(known.cap) <= at:
        return _expired(waiver.id, waiver.ends(known.cap)), ""
    objection = known.objection(waiver, now.severity, now.resource.account, at)
    if objection:
        return _not_any_more(waiver.id, objection), ""
    return _not_any_more(waiver.id, "its tags are others"), ""


def in_words(waiver: Waiver) -> str:
    """What it covers: ``encryption.* on data-*, with Environment=dev``."""
    where = waiver.resource or "any resource"
    tags = " and ".join(f"{name}={value}" for name, value in sorted(waiver.tags.items()))
    return f"{waiver.rule} on {where}" + (f", with {tags}" if tags else "")


def covered(waiver: Waiver, findings: Iterable[Finding]) -> list[Finding]:
    """The findings that it means and that can be waived, worst first."""
    meant = [
        f for f in findings if f.status is Status.NON_COMPLIANT and not f.gone and waiver.means(f)
    ]
    return sorted(meant, key=lambda f: (f.severity.rank, f.rule, f.resource.key))
