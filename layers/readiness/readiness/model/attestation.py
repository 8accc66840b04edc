"""What people attest where no API can show it, and how long an attestation is valid."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from readiness.model.evidence import ANY, ServiceEvent, evidence
from readiness.model.finding import iso
from readiness.model.resource import Resource
from readiness.model.text import listed
from readiness.model.unreadable import Unreadable
from readiness.model.verdict import Fact, Verdict, cannot_tell, complies, unread, violates

GRACE = timedelta(days=14)
REMIND = timedelta(days=30)
RECORDED = "Readiness Attestation Recorded"
MACHINE = "eventbridge:"
"""How the ``attester_id`` begins if not a person but an event of an account attested."""


class Result(StrEnum):
    """The result of what is attested."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Artefact:
    """The document behind an attestation: one version of an S3 object and its digest.

    ``sha256`` (hex) is computed from the bytes of the object, never taken from S3.
    """

    bucket: str
    key: str
    version_id: str
    sha256: str
    size: int = 0

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}?versionId={self.version_id}"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an attestation applies to. An empty field means all; ``resource`` is a glob of ids."""

    account: str = ""
    environment: str = ""
    workload: str = ""
    resource: str = ""

    def covers(self, resource: Resource, environment: str, workload: str) -> bool:
        return (
            self.account in {"", resource.account}
            and self.environment in {"", environment}
            and self.workload in {"", workload}
            and (
                not self.resource
                or fnmatchcase(resource.id, self.resource)
                or fnmatchcase(resource.key, self.resource)
            )
        )


@dataclass(frozen=True, slots=True)
class Attestation:
    """One attestation. ``attester_id`` is the unique id of the caller (``aws:userid``).

        ``attester`` is the ARN that was found for it, or the id again where none was found.
    ``bound_to`` are live values at the time: the attestation becomes void when one changes.
    ``approved_by`` is the second person, likewise, empty until someone approves, at
    ``approved_at``.
    ``artefact_unread`` says why it is unknown whether the artefact still exists.
    ``artefact_outdated`` says what happened to the object since that version; it is looked up for
    documents alone, which people read as they are now.
    """

    id: str
    rule: str
    scope: Scope
    statement: str
    performed_at: datetime
    declared_at: datetime
    owner: str
    attester: str
    attester_id: str
    result: Result = Result.PASS
    expires_at: datetime | None = None
    artefact: Artefact | None = None
    artefact_problem: str = ""
    artefact_unread: Unreadable | None = None
    artefact_outdated: str = ""
    bound_to: Mapping[str, Fact] = field(default_factory=dict)
    approved_by: str = ""
    approved_by_id: str = ""
    approved_at: datetime | None = None
    revoked: bool = False

    def expires(self, cap: timedelta) -> datetime:
        """The earlier of ``expires_at`` and ``cap`` after the work was done."""
        try:
            capped = self.performed_at + cap
        except OverflowError:
            # A date that lies as far ahead is refused for that.
            capped = self.performed_at
        return capped if self.expires_at is None else min(self.expires_at, capped)

    @property
    def fingerprint(self) -> str:
        """A digest of all that is attested, so that an approval is valid for this text only."""
        said = [
            self.id,
            self.rule,
            [self.scope.account, self.scope.environment, self.scope.workload, self.scope.resource],
            self.statement,
            iso(self.performed_at),
            iso(self.expires_at) if self.expires_at else "",
            self.owner,
            self.attester_id,
            str(self.result),
            [str(self.artefact), self.artefact.sha256] if self.artefact else [],
            self.bound_to,
        ]
        text = json.dumps(said, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def has_second_person(self) -> bool:
        return bool(self.approved_by_id) and self.approved_by_id != self.attester_id


@evidence(ANY, changed_by=(ServiceEvent(RECORDED, rule="rule"),))
@dataclass(frozen=True, slots=True)
class Attested:
    """What people attested about the resource.

    ``statements`` are the attestations for this rule whose scope covers the resource;
    ``first_seen`` is when the rule first evaluated it, None if that is not recorded. ``recorded``
    are the facts that the rule observed then or later and that AWS may have forgotten since
    (:data:`readiness.model.finding.LASTING`).
    """

    statements: tuple[Attestation, ...]
    now: datetime
    first_seen: datetime | None = None
    recorded: Mapping[str, Fact] = field(default_factory=dict)

    def verdict(
        self,
        what: str,
        *,
        max_age_days: int,
        bound: Mapping[str, Fact] | None = None,
        two_people: bool = True,
        covering: Mapping[str, Collection[str]] | None = None,
        document_of: str = "",
        **observed: Fact,
    ) -> Verdict:
        """The verdict where only an attestation can answer.

        ``what`` begins the sentences, for example "A load test". ``bound`` are the live values
        that an attestation may be bound to; ``max_age_days`` limits how long it is valid after
        the work was done. Without an attestation: INSUFFICIENT_DATA for 14 days after the first
        evaluation, then a violation.

        ``covering`` are names that an attestation has to state, under the name of a bound value,
        separated by spaces; it may state more of them. ``document_of`` is what a document has to
        be about: the attestation names it, and a document that it pins, which is still the
        current one and is as old as its content is.
        """
        cap = timedelta(days=max_age_days)
        covered = covering or {}
        wanted = {**(bound or {}), **{name: _joined(names) for name, names in covered.items()}}
        what_for = "".join(f" for {name}={value}" for name, value in wanted.items())
        expected = (
            f"{what}{what_for}, attested at most {max_age_days} days ago (readiness attest add)."
        )
        statements = self._by_content() if document_of else self.statements
        judged = [
            (
                self._objection(statement, cap, bound or {}, two_people=two_people)
                or _left_out(statement, covered)
                or (_no_document(statement, document_of) if document_of else ""),
                statement,
            )
            for statement in statements
        ]
        valid = [statement for objection, statement in judged if not objection]
        failed = self._newest(
            s
            for s in statements
            if s.result is Result.FAIL and not s.revoked and s.performed_at <= self.now
        )
        best = self._newest(s for s in valid if s.artefact_unread is None)
        if best is not None and (failed is None or failed.performed_at < best.performed_at):
            return self._holds(what, best, cap, observed)
        unseen = self._newest(valid)
        if unseen is not None and (failed is None or failed.performed_at < unseen.performed_at):
            return _unseen(what, unseen).observing(observed)
        if failed is not None and self.failure(two_people=two_people) is not None:
            reason = f"{what} is attested as failed on {failed.performed_at:%Y-%m-%d}."
            return violates(reason, expected=expected).observing(observed)
        latest = self._newest(statement for _, statement in judged)
        if latest is None:
            return self._missing(what, expected, observed)
        [objection] = [objection for objection, statement in judged if statement is latest]
        reason = f"{what} is attested, but {objection}."
        return violates(reason, expected=expected).observing(observed)

    def failure(self, *, two_people: bool) -> Attestation | None:
        """The newest failure, None if there is none or an accepted success came after it.

        The success may have expired since: what failed before it is mended all the same.
        """
        past = [s for s in self.statements if not s.revoked and s.performed_at <= self.now]
        failed = self._newest(s for s in past if s.result is Result.FAIL)
        if failed is None:
            return None
        is_mended = any(
            s.result is Result.PASS
            and s.performed_at > failed.performed_at
            and not s.artefact_problem
            and (s.has_second_person or not two_people)
            for s in past
        )
        return None if is_mended else failed

    def _by_content(self) -> tuple[Attestation, ...]:
        """The statements, those about the same content with the day of the first of them.

        To attest a document again does not make it any newer.
        """
        first: dict[str, datetime] = {}
        for each in self.statements:
            if each.artefact is not None and not each.revoked:
                known = first.get(each.artefact.sha256, each.performed_at)
                first[each.artefact.sha256] = min(known, each.performed_at)
        return tuple(
            replace(each, performed_at=first[each.artefact.sha256])
            if each.artefact is not None and each.artefact.sha256 in first
            else each
            for each in self.statements
        )

    def _objection(
        self,
        statement: Attestation,
        cap: timedelta,
        live: Mapping[str, Fact],
        *,
        two_people: bool,
    ) -> str:
        """Why an attestation is not valid; empty if it is."""
        expires = statement.expires(cap)
        changed = [
            f"{name} changed from {value} to {live[name]}"
            for name, value in statement.bound_to.items()
            if name in live and str(live[name]) != str(value)
        ]
        unbound = sorted(set(live) - set(statement.bound_to))
        objections = {
            "it was revoked": statement.revoked,
            "its result is a failure": statement.result is Result.FAIL,
            "the date of the work is in the future": statement.performed_at > self.now,
            f"it expired on {expires:%Y-%m-%d}": expires <= self.now,
            f"it is void because {listed(changed)}": bool(changed),
            f"it does not name the {listed(unbound)} that it applies to": bool(unbound),
            f"its artefact {statement.artefact_problem}": bool(statement.artefact_problem),
            "no second person has approved it (readiness attest approve "
            f"{statement.id})": two_people and not statement.has_second_person,
        }
        return next((text for text, applies in objections.items() if applies), "")

    def _holds(
        self, what: str, best: Attestation, cap: timedelta, observed: Mapping[str, Fact]
    ) -> Verdict:
        expires = best.expires(cap)
        reason = (
            f"{what} of {best.performed_at:%Y-%m-%d} is attested by {best.attester}"
            f" and valid until {expires:%Y-%m-%d}."
        )
        reminder = ""
        if expires - self.now <= REMIND:
            reminder = f"{what} must be attested again before {expires:%Y-%m-%d}."
        facts = {
            **observed,
            "attestation": best.id,
            "attester": best.attester,
            "attester_id": best.attester_id,
            "approved_by": best.approved_by,
            "owner": best.owner,
            "expires_at": iso(expires),
            "artefact": str(best.artefact or ""),
        }
        return complies(reason, **facts).reminding(reminder)

    def _missing(self, what: str, expected: str, observed: Mapping[str, Fact]) -> Verdict:
        since = self.first_seen
        if since is None or self.now - since < GRACE:
            by = f" It is due by {since + GRACE:%Y-%m-%d}." if since else ""
            return cannot_tell(
                f"{what} is not attested yet (readiness attest add).{by}"
            ).observing(observed)
        reason = f"{what} is not attested; it was due by {since + GRACE:%Y-%m-%d}."
        return violates(reason, expected=expected).observing(observed)

    def _newest(self, statements: Iterable[Attestation]) -> Attestation | None:
        return max(statements, key=lambda s: (s.performed_at, s.declared_at), default=None)


@evidence(ANY, changed_by=(ServiceEvent(RECORDED, rule="rule"),))
@dataclass(frozen=True, slots=True)
class AttestedDocument(Attested):
    """What people attested about a document that others read: its current version counts.

    A runbook that was deleted or replaced since helps nobody, whatever its old version says.
    """


def covers_all(stated: Fact, names: Collection[str]) -> bool:
    """Whether what a statement states, separated by spaces or commas, has each of the names."""
    return not _missing_of(stated, names)


def _missing_of(stated: Fact, names: Collection[str]) -> list[str]:
    given = set(str(stated or "").replace(",", " ").split())
    return sorted(set(names) - given)


def _joined(names: Collection[str]) -> str:
    return " ".join(sorted(names))


def _left_out(statement: Attestation, covering: Mapping[str, Collection[str]]) -> str:
    """Which names a statement leaves out; empty if none."""
    for name, names in covering.items():
        missing = _missing_of(statement.bound_to.get(name), names)
        if missing:
            return f"it does not state {listed(missing)} ({name})"
    return ""


def _no_document(statement: Attestation, about: str) -> str:
    """Why a statement does not stand for a document about that; empty if it does."""
    if about not in {statement.scope.workload, statement.scope.resource}:
        return f"it does not say that it is about {about} (--workload or --resource)"
    if statement.artefact is None:
        return "it names no document (--artefact)"
    if statement.artefact_outdated:
        return f"its document {statement.artefact_outdated}"
    return ""


def _unseen(what: str, statement: Attestation) -> Verdict:
    """The verdict where the only valid attestation has an artefact that could not be read."""
    failed = statement.artefact_unread
    return unread(
        f"{what} is attested, but its artefact {statement.artefact} could not be read: {failed}.",
        *((failed,) if failed else ()),
    )
