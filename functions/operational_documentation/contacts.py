"""Whether the contacts of the account lead AWS to someone who acts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from readiness import Verdict, complies, violates
from readiness.evidence.account import AlternateContacts, Contact, ContactInformation
from readiness.model.text import listed
from readiness.semantics.links import is_nowhere

_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
_NOBODY = re.compile(
    r"(?:^|[+._-])(?:no[._-]?reply|do[._-]?not[._-]?reply|dev-?null|nobody)(?:[+._-].*)?@"
)


def email_fault(email: str, allowed_domains: Sequence[str]) -> str:
    """Why an address reaches nobody; empty if it may reach someone. Does not show the address."""
    found = _EMAIL.fullmatch(email.strip())
    if not found:
        return "has no valid e-mail address"
    domain = found[1].casefold()
    if is_nowhere(domain):
        return "has an e-mail address of a domain that is made up for examples"
    if _NOBODY.search(email.strip().casefold()):
        return "has an e-mail address that nobody reads (no-reply)"
    allowed = [each.casefold() for each in allowed_domains]
    if allowed and not any(domain == each or domain.endswith(f".{each}") for each in allowed):
        return f"has an e-mail address outside {listed(allowed)}"
    return ""


def phone_fault(phone: str) -> str:
    """Why a number reaches nobody; empty if it may. E.164 has at most 15 digits."""
    digits = re.sub(r"\D", "", phone)
    if not 7 <= len(digits) <= 15:
        return "has no valid phone number"
    if len(set(digits)) == 1 or digits in "01234567890123456789":
        return "has a placeholder for a phone number"
    return ""


def _faults(kind: str, contact: Contact, domains: Sequence[str]) -> Iterator[str]:
    for fault in (email_fault(contact.email, domains), phone_fault(contact.phone)):
        if fault:
            yield f"the {kind} contact {fault}"


def judge_contacts(
    found: AlternateContacts, required: Sequence[str], domains: Sequence[str]
) -> Verdict:
    """The verdict about the alternate contacts; addresses and numbers are not shown."""
    wanted = [kind.upper() for kind in required]
    faults = [f"the {kind} contact is not set" for kind in wanted if kind not in found.by_type]
    for kind in sorted(found.by_type):
        faults += _faults(kind, found.by_type[kind], domains)
    if faults:
        return violates(
            f"AWS may reach nobody about this account: {listed(faults)}.",
            expected=f"Alternate contacts for {listed(wanted)} that reach a team.",
            faults=faults,
            set=sorted(found.by_type),
        )
    return complies(
        f"The alternate contacts for {listed(wanted)} are set.", set=sorted(found.by_type)
    )


def judge_primary(found: ContactInformation) -> Verdict:
    """The verdict about the primary contact."""
    if not found.name.strip():
        return violates(
            "The primary contact of the account has no name.",
            expected="A name and a phone number that reach the owner of the account.",
        )
    fault = phone_fault(found.phone)
    if fault:
        return violates(
            f"The primary contact of the account {fault}.",
            expected="A name and a phone number that reach the owner of the account.",
        )
    return complies("The primary contact of the account has a name and a phone number.")
