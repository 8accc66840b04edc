"""Whether the wiki has each document, by snapshots that people attest."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from readiness.model.attestation import Result
from readiness.model.text import plural
from readiness.model.verdict import Fact, Status, Verdict, cannot_tell, complies, violates, worst
from readiness.semantics.links import leads_nowhere

if TYPE_CHECKING:
    from readiness.model.attestation import Attestation, Attested

DOCUMENTS = (
    "runbook",
    "troubleshooting",
    "architecture",
    "contacts",
    "escalation",
    "migration",
)
NOTHING = hashlib.sha256().hexdigest()
EXPECTED = (
    "Of each required document a snapshot of its page in the evidence bucket, attested with"
    " --artefact, --bind document=NAME and --bind url=ADDRESS."
)


def wiki_verdict(
    attested: Attested, required: Collection[str], *, max_age_days: int, two_people: bool
) -> Verdict:
    """The verdict on all documents together, the worst first."""
    names = list(dict.fromkeys(name.strip().lower() for name in required if name.strip()))
    if not names:
        return cannot_tell("The setting required_documents names no document.")
    found = {
        name: _of(attested, name, max_age_days=max_age_days, two_people=two_people)
        for name in names
    }
    status = worst(each.status for each in found.values())
    of_status = {name: each for name, each in found.items() if each.status is status}
    reasons = [each.reason for each in of_status.values()]
    facts: dict[str, Fact] = {name: str(each.status) for name, each in found.items()}
    if status is Status.COMPLIANT:
        reminder = " ".join(each.reminder for each in found.values() if each.reminder)
        text = f"The wiki has {plural(len(names), 'document')} with an attested snapshot."
        return complies(text, documents=facts).reminding(reminder)
    reason = " ".join(reasons)
    if status is Status.NON_COMPLIANT:
        return violates(reason, expected=EXPECTED, documents=facts)
    missing = dict.fromkeys(action for each in found.values() for action in each.missing)
    denied = dict.fromkeys(action for each in found.values() for action in each.denied)
    is_passing = any(each.is_passing for each in of_status.values())
    untold = cannot_tell(reason, missing=missing, is_passing=is_passing, documents=facts)
    return replace(untold, denied=tuple(denied))


def _of(attested: Attested, name: str, *, max_age_days: int, two_people: bool) -> Verdict:
    """The verdict on one document: only successes with a snapshot and an address count."""
    about = [each for each in attested.statements if _document(each.bound_to) == name]
    # who found a page wanting need not add a snapshot of it
    whole = tuple(each for each in about if each.result is Result.FAIL or not _lacks(each))
    what = f"The document {name}"
    verdict = replace(attested, statements=whole).verdict(
        what, max_age_days=max_age_days, two_people=two_people
    )
    if whole or not about:
        return verdict
    lacking = _lacks(max(about, key=lambda each: each.declared_at))
    return violates(f"{what} is attested, but {lacking}.", expected=EXPECTED)


def _document(bound: Mapping[str, Fact]) -> str:
    return str(bound.get("document", "")).strip().lower()


def _lacks(statement: Attestation) -> str:
    if statement.revoked:
        return ""
    if statement.artefact is None:
        return "without a snapshot of the page"
    if statement.artefact.sha256 == NOTHING:
        return "its snapshot is empty"
    return _address_fault(str(statement.bound_to.get("url", "")).strip())


def _address_fault(text: str) -> str:
    """What is wrong with the address of a page; empty if nothing is."""
    if not text:
        return "without its address"
    try:
        parts = urlsplit(text)
    except ValueError:
        return f"its address {text} is none"
    if parts.scheme != "https":
        return f"its address {text} does not begin with https://"
    if not parts.hostname:
        return f"its address {text} is none"
    return f"its address {text} leads to no page" if leads_nowhere(text) else ""
