"""Whether RTO and RPO are stated for each workload, by someone, lately, and are not breached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from readiness import (
    Severity,
    Status,
    Unreadable,
    Verdict,
    cannot_tell,
    complies,
    unread,
    violates,
    violates_all,
)
from readiness.evidence.resiliencehub import BREACHED, ResilienceApp, ResilienceApps
from readiness.evidence.workloads.manifests import Manifests
from readiness.model.attestation import Attested
from readiness.model.manifest import DEFAULT, Manifest
from readiness.model.text import listed
from readiness.model.unreadable import NotOffered
from readiness.model.verdict import Problem

EXPECTED = (
    "An RTO and an RPO for each workload, with an owner and the date of a review, in a workload"
    " manifest (readiness manifest check), a Resilience Hub policy, or attested."
)


@dataclass(frozen=True, slots=True)
class Review:
    """How old a review and an assessment may be, and the time now."""

    now: datetime
    max_review_days: int
    max_assessment_days: int


@dataclass(slots=True)
class _Found:
    """The workloads by who states their objectives, and what is wrong with that."""

    stated: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(
        self, name: str, manifests: Manifests, apps: Sequence[ResilienceApp], review: Review
    ) -> None:
        manifest = manifests.of(name)
        found = [*_problems_of(manifest, review)] if manifest else []
        said = [app for app in apps if app.workload == name and not app.lacking]
        if refusal := manifests.refusal(name):
            self.refused.append(refusal)
        elif manifest and not found:
            self.stated.append(f"{name} (manifest of {manifest.owner})")
        elif said:
            self.stated.append(f"{name} (Resilience Hub)")
            self.problems += _unassessed(said, review)
        elif manifest:
            self.problems += [Problem(Severity.MEDIUM, f"{name}: {text}") for text in found]
        else:
            self.missing.append(name)


def judge_stated(
    workloads: Sequence[str],
    manifests: Manifests,
    hub: ResilienceApps | Unreadable,
    attested: Attested,
    review: Review,
    *,
    two_people: bool,
) -> Verdict:
    """``workloads`` are the values of the tag Application; without any, the default counts."""
    apps = () if isinstance(hub, Unreadable) else hub.apps
    found = _Found(problems=[*_breached(apps)])
    for name in workloads or [DEFAULT]:
        found.add(name, manifests, apps, review)
    attestation = _attested(found.missing, attested, review, two_people=two_people)
    is_missing = attestation is not None and attestation.status is not Status.COMPLIANT
    unstated = _unstated(found.missing) if is_missing else ""
    if found.problems:
        told = [*found.problems, *([Problem(Severity.MEDIUM, unstated)] if unstated else [])]
        verdict = violates_all(told, expected=EXPECTED)
    elif unknown := _unknown(found, hub):
        verdict = unknown
    elif is_missing and not attested.statements:
        verdict = violates(unstated, expected=EXPECTED)
    elif attestation is not None and (is_missing or not found.stated):
        verdict = attestation
    else:
        attested_too = [f"{name} (attested)" for name in found.missing]
        verdict = complies(f"RTO and RPO are stated: {listed([*found.stated, *attested_too])}.")
    return verdict.observing({"stated": found.stated, "not_stated": found.missing})


def _unknown(found: _Found, hub: ResilienceApps | Unreadable) -> Verdict | None:
    """The verdict where a source could not be used that may state objectives or a breach."""
    if isinstance(hub, Unreadable) and not isinstance(hub, NotOffered):
        return unread(f"What Resilience Hub states is unknown: {hub}.", hub)
    return cannot_tell(" ".join(dict.fromkeys(found.refused))) if found.refused else None


def _problems_of(manifest: Manifest, review: Review) -> Iterator[str]:
    for name, minutes in (("RTO", manifest.rto_minutes), ("RPO", manifest.rpo_minutes)):
        if minutes is None:
            yield f"the manifest states no {name}."
        elif minutes <= 0:
            yield f"the manifest states an {name} of {minutes:g} minutes, which no backup meets."
    if not manifest.owner.strip():
        yield "the manifest names no owner."
    today = review.now.date()
    if manifest.reviewed > today + timedelta(days=1):
        yield f"the manifest was reviewed in the future ({manifest.reviewed})."
    elif (today - manifest.reviewed).days > review.max_review_days:
        yield (
            f"the manifest was last reviewed on {manifest.reviewed}; at most"
            f" {review.max_review_days} days are allowed."
        )


def _breached(apps: Sequence[ResilienceApp]) -> Iterator[Problem]:
    for app in apps:
        if app.compliance == BREACHED:
            yield Problem(
                Severity.HIGH,
                f"Resilience Hub expects {app.name} to miss the objectives of its policy"
                f" ({BREACHED}).",
            )
        elif app.objectives is not None and app.lacking:
            yield Problem(
                Severity.MEDIUM,
                f"The Resilience Hub policy of {app.name} states no RTO and RPO for"
                f" {listed(app.lacking)}.",
            )


def _unassessed(apps: Sequence[ResilienceApp], review: Review) -> Iterator[Problem]:
    """Where the policy is all that is stated, it has to be compared with what is there."""
    for app in apps:
        if app.assessed is None:
            yield Problem(Severity.MEDIUM, f"Resilience Hub never assessed {app.name}.")
        elif review.now - app.assessed > timedelta(days=review.max_assessment_days):
            yield Problem(
                Severity.MEDIUM,
                f"Resilience Hub last assessed {app.name} on {app.assessed:%Y-%m-%d}; at most"
                f" {review.max_assessment_days} days are allowed.",
            )


def _attested(
    missing: Sequence[str], attested: Attested, review: Review, *, two_people: bool
) -> Verdict | None:
    if not missing:
        return None
    return attested.verdict(
        "The documentation of RTO and RPO",
        max_age_days=review.max_review_days,
        two_people=two_people,
        bound={"workloads": ", ".join(sorted(missing))},
    )


def _unstated(missing: Sequence[str]) -> str:
    if list(missing) == [DEFAULT]:
        return "No RTO and RPO are stated, and no resource has the tag Application."
    return f"No RTO and RPO are stated for {listed(missing)}."
