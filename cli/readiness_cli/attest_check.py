"""Checks of an attestation: what it applies to, what it has to be bound to, and its state."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import islice
from typing import TYPE_CHECKING, Any

from readiness.engine.evaluate import Evaluation
from readiness.engine.scope import Scope
from readiness.engine.settings import Configured
from readiness.evidence.tagging import Tags
from readiness.model.attestation import REMIND, Attestation, Attested, Result, covers_all
from readiness.model.resource import Resource
from readiness.model.rule import Rule
from readiness.model.text import clean, listed
from readiness.model.unreadable import Cause, Unreadable
from readiness.model.verdict import Fact, Verdict
from readiness_cli.failure import Exit, Failure
from readiness_cli.target_selection import listing_of, meant, not_there

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness.model.finding import Finding

MOST_TRIED = 20
"""For how many resources the rule is evaluated to see what an attestation has to state."""


@dataclass(frozen=True)
class Asked(Attested):
    """One statement alone, and what the rule asks of it."""

    terms: dict[str, Any] = field(default_factory=dict)

    def verdict(self, what: str, **terms: Any) -> Verdict:
        self.terms.update(terms)
        return super().verdict(what, **terms)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a rule makes of a statement for one resource that the statement is about.

    ``live`` are the values that it has to be bound to, None if the rule did not come to ask for
    an attestation, since what it measured decides.
    """

    finding: Finding
    live: Mapping[str, Fact] | None

    def changed(self, statement: Attestation) -> list[str]:
        """The bound values that are others now, in words."""
        return [
            f"{name} is {self.live[name]}, not {value}"
            for name, value in statement.bound_to.items()
            if self.live is not None and name in self.live and str(self.live[name]) != str(value)
        ]

    def objection(self, statement: Attestation) -> str:
        """Why the bound values do not fit the resource; empty if they do."""
        unbound = sorted(set(self.live or {}) - set(statement.bound_to))
        changed = self.changed(statement)
        if changed:
            return listed(changed)
        return f"it does not state the {listed(unbound)} that it applies to" if unbound else ""

    @property
    def is_unread(self) -> bool:
        """Whether a read failed before the rule came to ask for an attestation."""
        return self.live is None and bool(self.finding.missing)


class Trial(Evaluation):
    """A run in which one statement is all that is attested. Nothing is written."""

    def __init__(
        self, aws: Aws, every: Aws, configured: Configured, scope: Scope, statement: Attestation
    ) -> None:
        """``every`` reads what is wanted of all resources at once, ``aws`` that of one.

        ``two_people`` is whether the rule wants an approval, None before it has asked.
        """
        super().__init__(aws, configured, scope=scope, trigger="attest")
        # Who has to approve it is another question.
        self._statement = replace(statement, approved_by="-", approved_by_id="-")
        self._asked: Asked | None = None
        self.two_people: bool | None = None
        self._every = every

    def attested(
        self,
        rule: Rule,  # noqa: ARG002
        resource: Resource,
        tags: Mapping[str, str],
        untold: Unreadable | None,
    ) -> Attested:
        about = self._statement.scope
        if untold is not None and (about.environment or about.workload):
            raise untold
        if self.applies(resource, tags):
            self._asked = Asked((self._statement,), self.aws.now())
            return self._asked
        return Attested((), self.aws.now())

    def applies(self, resource: Resource, tags: Mapping[str, str]) -> bool:
        """Whether the statement is about the resource with these tags."""
        environment = self.scope.environment(resource, tags)
        workload = tags.get(self.scope.workload_tag, "")
        return self._statement.scope.covers(resource, environment, workload)

    def tried(self, rule: Rule, ids: Sequence[str]) -> Iterator[Tried]:
        """What the rule makes of the statement for each resource that it is about.

        Raises Unreadable for tags that would decide it.
        """
        for id in ids:
            resource = rule.subject.resource(self.aws.account, self.aws.region, id)
            if not self._may_apply(rule, resource):
                continue
            self._asked = None
            finding = self.observe(rule, resource).finding
            if finding is None or not self._applied(rule, resource, finding):
                continue
            asked: Asked | None = self._asked
            if asked is None or not asked.terms:
                yield Tried(finding, None)
                continue
            self.two_people = bool(asked.terms.get("two_people", True))
            live = dict(asked.terms.get("bound") or {})
            for name, names in (asked.terms.get("covering") or {}).items():
                stated = self._statement.bound_to.get(name)
                live[name] = stated if covers_all(stated, names) else " ".join(sorted(names))
            yield Tried(finding, live)

    def _may_apply(self, rule: Rule, resource: Resource) -> bool:
        """Whether the tags that one call gives for all resources leave it possible."""
        about = self._statement.scope
        if not (about.environment or about.workload) or not rule.subject.tags_from_api:
            return True
        return self.applies(resource, self._every.evidence(Tags, resource).evidence.values)

    def _applied(self, rule: Rule, resource: Resource, finding: Finding) -> bool:
        about = self._statement.scope
        is_by_tags = bool(about.environment or about.workload)
        if not is_by_tags or rule.subject.tags_from_api or self._asked is not None:
            return True
        return about.covers(resource, finding.environment, finding.workload)


def check(rule: Rule, statement: Attestation, trial: Trial) -> list[str]:
    """What is to be said of a statement before it is recorded.

    Raises Failure where it applies to nothing, lacks what it has to be bound to, would be void at
    once, or where any of that cannot be looked up.
    """
    aws, about = trial.aws, statement.scope
    if about.account not in {"", aws.account}:
        raise _worthless(
            f"the stack evaluates account {aws.account} only, not {clean(about.account, 40)}",
            "leave out --account, or use the credentials and the stack of that account",
        )
    known, unlisted = listing_of(rule.subject, aws)
    ids = _ids(rule, statement, known, aws)
    if not ids and unlisted is not None:
        raise _unchecked(f"whether the resource exists: {unlisted}", _denied(unlisted))
    if not ids and (near := meant(rule.subject, about.resource, known, None, aws)):
        raise _worthless(
            f"no {rule.subject.name} has the id {clean(about.resource, 200)!r}",
            shlex.join(["--resource", near[0]]),
        )
    if not ids:
        raise not_there(about.resource or "*", [rule.subject.name], aws)
    try:
        tried = _first(trial.tried(rule, ids))
    except Unreadable as unreadable:
        raise _unchecked(f"the tags: {unreadable}", _denied(unreadable)) from None
    if not tried:
        named = [
            f"the {name} {value!r}"
            for name, value in (("environment", about.environment), ("workload", about.workload))
            if value
        ]
        raise _worthless(
            f"no {rule.subject.name} that {rule.id} evaluates is in {listed(named)}",
            "correct --environment or --workload, or the resource's tags; for rules about the"
            " account, the parameter AccountEnvironment of the stack",
        )
    unread = [each for each in tried if each.is_unread]
    if unread:
        finding = unread[0].finding
        raise _unchecked(
            f"what {rule.id} wants for {finding.resource.id}: {finding.reason}",
            finding.denied,
        )
    if statement.result is Result.FAIL:
        return []
    _check_bound(rule, statement, tried)
    return _notes(rule, statement, tried, len(ids))


def _first(tried: Iterator[Tried]) -> list[Tried]:
    return list(islice(tried, MOST_TRIED))


def _ids(rule: Rule, statement: Attestation, known: Sequence[str], aws: Aws) -> list[str]:
    pattern = statement.scope.resource
    if not pattern:
        return list(known)
    keys = {id: rule.subject.resource(aws.account, aws.region, id).key for id in known}
    return [id for id in known if fnmatchcase(id, pattern) or fnmatchcase(keys[id], pattern)]


def _check_bound(rule: Rule, statement: Attestation, tried: Sequence[Tried]) -> None:
    """Raises Failure where no resource would accept the statement for its bound values."""
    asking = [each for each in tried if each.live is not None]
    lacking = [each for each in asking if set(each.live or {}) - set(statement.bound_to)]
    if lacking:
        first = lacking[0]
        live = first.live or {}
        options = " ".join(shlex.join(["--bind", f"{name}={live[name]}"]) for name in sorted(live))
        missing = sorted(set(live) - set(statement.bound_to))
        now = listed([f"{name}={live[name]}" for name in missing])
        raise _worthless(
            f"{rule.id} accepts only an attestation that states the {listed(missing)} it is for"
            f" (now {now}, of {clean(first.finding.resource.id, 200)})",
            f"add {options} if the work was done with these values",
        )
    void = [each for each in asking if each.changed(statement)]
    if asking and len(void) == len(asking):
        now = listed(void[0].changed(statement))
        raise _worthless(
            f"the attestation would be void at once: {now}"
            f" ({clean(void[0].finding.resource.id, 200)})",
            "attest work that was done with the present values",
        )


def _notes(rule: Rule, statement: Attestation, tried: Sequence[Tried], matching: int) -> list[str]:
    """What the caller should know of a statement that counts."""
    asking = [each for each in tried if each.live is not None]
    notes = [
        f"note: void for {clean(each.finding.resource.id, 200)} already:"
        f" {listed(each.changed(statement))}"
        for each in asking
        if each.changed(statement)
    ]
    if not asking:
        finding = tried[0].finding
        notes.append(
            f"note: {rule.id} decides {clean(finding.resource.id, 200)} without an attestation"
            f" now: {finding.status}. {finding.reason}"
        )
    compared = {name for each in asking for name in each.live or {}}
    idle = sorted(set(statement.bound_to) - compared) if asking else []
    if idle:
        notes.append(f"note: {rule.id} does not compare {listed(idle)}; the value is only kept")
    if matching > len(tried) == MOST_TRIED:
        notes.append(f"note: looked at {MOST_TRIED} of {matching} resources that the id may mean")
    return notes


def _worthless(what: str, fix: str) -> Failure:
    return Failure(
        what, why="The attestation would count for nothing. Nothing was recorded", fix=fix
    )


def _denied(unreadable: Unreadable) -> tuple[str, ...]:
    return (unreadable.action,) if unreadable.cause is Cause.ACCESS_DENIED else ()


def _unchecked(what: str, denied: Sequence[str]) -> Failure:
    fix = "wait a minute and run the command again"
    if denied:
        fix = f"allow {' and '.join(denied)} for your IAM principal"
    return Failure(
        f"it could not be checked {what}",
        why="The attestation may count for nothing. Nothing was recorded",
        fix=f"{fix}, or add --unchecked",
        code=Exit.INCOMPLETE,
    )


# -- the state of what is recorded --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class State:
    """The state of an attestation in one or two words, and the reason where there is one."""

    name: str
    reason: str = ""


def expiry(statement: Attestation, settings: Mapping[str, Any]) -> datetime | None:
    """When it ends by the rule's settings; None if they are refused and it states no end."""
    days = settings.get("max_age_days")
    return statement.expires_at if days is None else statement.expires(timedelta(days=int(days)))


def state_of(
    rule: Rule, statement: Attestation, settings: Mapping[str, Any], trial: Trial
) -> State:
    """The state of an attestation now. What it is bound to is read from the resources."""
    now = trial.aws.now()
    ends = expiry(statement, settings)
    ended = _ended(statement, ends, now) or _doubt(rule, statement, trial)
    if ended is not None:
        return ended
    two_people = trial.two_people
    if two_people is None:
        two_people = settings.get("two_people", True)
    if two_people and not statement.has_second_person:
        return State("awaiting approval", f"readiness attest approve {statement.id}")
    is_expiring = ends is not None and ends - now <= REMIND
    return State("expiring" if is_expiring else "valid")


def _ended(statement: Attestation, ends: datetime | None, now: datetime) -> State | None:
    """The state that needs no look at the resources; None for one that may still count."""
    if statement.revoked:
        return State("revoked")
    if statement.result is Result.FAIL:
        return State("failed", "the work is attested as failed")
    if ends is not None and ends <= now:
        return State("expired")
    if statement.artefact_problem:
        return State("void", f"the artefact {statement.artefact_problem}")
    if statement.artefact_unread is not None:
        return State("unknown", f"the artefact could not be read: {statement.artefact_unread}")
    return None


def _doubt(rule: Rule, statement: Attestation, trial: Trial) -> State | None:
    """The state by what the resources are like now; None if that is as it was stated."""
    known, unlisted = listing_of(rule.subject, trial.aws)
    ids = _ids(rule, statement, known, trial.aws)
    is_bound = bool(statement.bound_to)
    if not ids and unlisted is not None:
        return _unread(str(unlisted)) if is_bound else None
    try:
        tried = _first(trial.tried(rule, ids))
    except Unreadable as unreadable:
        return _unread(str(unreadable)) if is_bound else None
    if not tried:
        return State("void", "nothing that it applies to exists")
    asking = [each for each in tried if each.live is not None]
    void = [reason for each in asking if (reason := each.objection(statement))]
    if void and len(void) == len(asking):
        return State("void", void[0])
    unread = next((each for each in tried if each.is_unread), None)
    return _unread(unread.finding.reason) if unread and is_bound and not asking else None


def _unread(why: str) -> State:
    return State("unknown", f"the bound values could not be read: {why}")
