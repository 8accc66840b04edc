"""What people state where no API can prove it, and how long such a statement holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from readiness.model.evidence import ANY, ServiceEvent, evidence
from readiness.model.finding import iso
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable
from readiness.model.verdict import Fact, Verdict, cannot_tell, complies, violates

GRACE = timedelta(days=14)
REMIND = timedelta(days=30)
RECORDED = "Readiness Attestation Recorded"
MACHINE = "eventbridge:"
"""What the ``attester_id`` begins with where no person attested but an account's event did."""


class Result(StrEnum):
    """What the attested exercise ended with."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Artefact:
    """The document behind a statement: one version of an S3 object and its digest.

    ``sha256`` (hex) was computed by us from the object's bytes, never taken from S3.
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
    """What a statement is about. Empty fields do not narrow; ``resource`` is a glob of ids."""

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
    """One statement. ``attester_id`` is AWS's unique id of the caller (``aws:userid``).

    ``attester`` is the ARN that we found for it, or the id again where we found none.
    ``bound_to`` are live values at the time: when one changes, the statement is void.
    ``approved_by`` is the second person, likewise, empty while nobody has approved.
    ``artefact_unread`` says why it is not known whether the artefact is still there.
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
    bound_to: Mapping[str, Fact] = field(default_factory=dict)
    approved_by: str = ""
    approved_by_id: str = ""
    revoked: bool = False

    def expires(self, cap: timedelta) -> datetime:
        """The earlier of the stated date and the rule's cap after it was done."""
        capped = self.performed_at + cap
        return capped if self.expires_at is None else min(self.expires_at, capped)

    @property
    def fingerprint(self) -> str:
        """A digest of all that is stated: who approved this text approved no other."""
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

    ``statements`` are those for this rule whose scope covers the resource; ``first_seen`` is
    when the rule first looked at it, None when that is not recorded anywhere.
    """

    statements: tuple[Attestation, ...]
    now: datetime
    first_seen: datetime | None = None

    def verdict(
        self,
        what: str,
        *,
        max_age_days: int,
        bound: Mapping[str, Fact] | None = None,
        two_people: bool = True,
        **observed: Fact,
    ) -> Verdict:
        """The verdict where nothing but a statement can answer.

        ``what`` begins the sentences, for instance "A load test". ``bound`` are the live values
        a statement may be bound to; ``max_age_days`` caps how long it holds after it was
        performed. Missing: INSUFFICIENT_DATA for 14 days after the first look, then a violation.
        """
        cap = timedelta(days=max_age_days)
        what_for = "".join(f" for {name}={value}" for name, value in (bound or {}).items())
        expected = (
            f"{what}{what_for}, attested at most {max_age_days} days ago (readiness attest)."
        )
        judged = [
            (self._objection(statement, cap, bound or {}, two_people=two_people), statement)
            for statement in self.statements
        ]
        valid = [statement for objection, statement in judged if not objection]
        failed = self._newest(
            s
            for s in self.statements
            if s.result is Result.FAIL and not s.revoked and s.performed_at <= self.now
        )
        best = self._newest(s for s in valid if s.artefact_unread is None)
        if best is not None and (failed is None or failed.performed_at < best.performed_at):
            return self._holds(what, best, cap, observed)
        unread = self._newest(valid)
        if unread is not None and (failed is None or failed.performed_at < unread.performed_at):
            return _unseen(what, unread).observing(observed)
        if failed is not None:
            reason = f"{what} is attested as failed on {failed.performed_at:%Y-%m-%d}."
            return violates(reason, expected=expected).observing(observed)
        latest = self._newest(statement for _, statement in judged)
        if latest is None:
            return self._missing(what, expected, observed)
        [objection] = [objection for objection, statement in judged if statement is latest]
        reason = f"{what} is attested, but {objection}."
        return violates(reason, expected=expected).observing(observed)

    def _objection(
        self,
        statement: Attestation,
        cap: timedelta,
        live: Mapping[str, Fact],
        *,
        two_people: bool,
    ) -> str:
        """Why a statement does not hold; empty where it does."""
        expires = statement.expires(cap)
        changed = [
            f"{name} was {value} and is {live[name]}"
            for name, value in statement.bound_to.items()
            if name in live and str(live[name]) != str(value)
        ]
        unbound = sorted(set(live) - set(statement.bound_to))
        objections = {
            "it was revoked": statement.revoked,
            "its result is a failure": statement.result is Result.FAIL,
            "it claims to be from the future": statement.performed_at > self.now,
            f"it expired on {expires:%Y-%m-%d}": expires <= self.now,
            f"it is void: {', '.join(changed)}": bool(changed),
            f"it does not say for which {', '.join(unbound)} it holds": bool(unbound),
            f"its artefact {statement.artefact_problem}": bool(statement.artefact_problem),
            "no second person has approved it (readiness attest --approve "
            f"{statement.id})": two_people and not statement.has_second_person,
        }
        return next((text for text, applies in objections.items() if applies), "")

    def _holds(
        self, what: str, best: Attestation, cap: timedelta, observed: Mapping[str, Fact]
    ) -> Verdict:
        expires = best.expires(cap)
        reason = (
            f"{what} of {best.performed_at:%Y-%m-%d} is attested by {best.attester}"
            f" and holds until {expires:%Y-%m-%d}."
        )
        reminder = ""
        if expires - self.now <= REMIND:
            reminder = f"{what} has to be attested anew before {expires:%Y-%m-%d}."
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
            until = f" until {since + GRACE:%Y-%m-%d}" if since else ""
            return cannot_tell(
                f"{what} can only be attested, and nobody has yet; there is time{until}"
                " (readiness attest)."
            ).observing(observed)
        reason = f"{what} can only be attested, and nobody has since {since:%Y-%m-%d}."
        return violates(reason, expected=expected).observing(observed)

    def _newest(self, statements: Iterable[Attestation]) -> Attestation | None:
        return max(statements, key=lambda s: (s.performed_at, s.declared_at), default=None)


def _unseen(what: str, statement: Attestation) -> Verdict:
    """The verdict where all hangs on an artefact that could not be looked at."""
    unread = statement.artefact_unread
    return cannot_tell(
        f"{what} is attested, and whether its artefact {statement.artefact} is still there could"
        f" not be read: {unread}.",
        missing=(unread.action,) if unread else (),
    )
