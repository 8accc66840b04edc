"""Contacts: AWS and colleagues know whom to call, and somebody answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.operational_documentation.app import (
    alternate_contacts,
    contacts_answer,
    primary_contact,
)
from readiness.evidence.account import AlternateContacts, Contact, ContactInformation
from readiness.model.attestation import Attested, Scope
from tests.fake_account import NOON
from tests.rules.test_operational_documentation import BAD, GOOD, UNKNOWN, ago, check, stated

OPERATIONS = Contact("Operations", "operations@corp.dev", "+49 30 901820")
SECURITY = Contact("Security", "security@corp.dev", "206-555-0134")
BOTH = {"OPERATIONS": OPERATIONS, "SECURITY": SECURITY}


def with_email(email):
    return {**BOTH, "SECURITY": replace(SECURITY, email=email)}


def with_phone(phone):
    return {**BOTH, "SECURITY": replace(SECURITY, phone=phone)}


@pytest.mark.parametrize(
    ("contacts", "status", "reason"),
    [
        pytest.param(BOTH, GOOD, "OPERATIONS and SECURITY are set", id="both"),
        pytest.param({}, BAD, "the OPERATIONS contact is not set", id="none"),
        pytest.param({"OPERATIONS": OPERATIONS}, BAD, "SECURITY contact is not set", id="one"),
        pytest.param(with_email("security"), BAD, "no valid e-mail", id="no address"),
        pytest.param(with_email("a@example.com"), BAD, "for examples", id="an example"),
        pytest.param(with_email("ops@my-company.com"), BAD, "for examples", id="not filled in"),
        pytest.param(with_email("no-reply@corp.dev"), BAD, "nobody reads", id="no-reply"),
        pytest.param(with_email(" no_reply@corp.dev"), BAD, "nobody reads", id="no_reply"),
        pytest.param(with_email("aws.NoReply@corp.dev"), BAD, "nobody reads", id="a prefix"),
        pytest.param(with_email("nobodyknows@corp.dev"), GOOD, "are set", id="a longer name"),
        pytest.param(with_phone("1"), BAD, "no valid phone", id="no number"),
        pytest.param(with_phone("+000 0000000"), BAD, "placeholder", id="zeros"),
        pytest.param(with_phone("1234567890"), BAD, "placeholder", id="counted up"),
    ],
)
def test_alternate_contacts(contacts, status, reason):
    check(alternate_contacts(AlternateContacts(contacts)), status, reason)


def test_the_settings_of_the_contacts():
    found = AlternateContacts(BOTH)
    check(alternate_contacts(found, required_contacts=("billing",)), BAD, "BILLING contact")
    check(alternate_contacts(found, allowed_domains=("corp.dev",)), GOOD)
    check(alternate_contacts(found, allowed_domains=("dev",)), GOOD)
    check(alternate_contacts(found, allowed_domains=("orp.dev",)), BAD, "outside orp.dev")


def test_a_finding_shows_no_address_and_no_number():
    verdict = alternate_contacts(AlternateContacts(with_email("x@example.com")))
    assert "x@" not in f"{verdict.reason}{verdict.observed}"


@pytest.mark.parametrize(
    ("contact", "status", "reason"),
    [
        pytest.param(("The Shop", "+4930901820"), GOOD, "a name", id="reachable"),
        pytest.param((" ", "+4930901820"), BAD, "has no name", id="no name"),
        pytest.param(("The Shop", ""), BAD, "no valid phone", id="no number"),
    ],
)
def test_primary_contact(contact, status, reason):
    check(primary_contact(ContactInformation(*contact)), status, reason)


@pytest.mark.parametrize(
    ("days", "settings", "status"),
    [
        pytest.param(89.0, {}, GOOD, id="89 days ago"),
        pytest.param(90.0, {}, BAD, id="90 days ago"),
        pytest.param(10.0, {"max_age_days": 5}, BAD, id="older than the setting allows"),
        pytest.param(10.0, {"two_people": True}, BAD, id="nobody approved it"),
    ],
)
def test_contacts_answer(days, settings, status):
    told = stated(days, artefact=None, scope=Scope(), bound_to={"contacts": TEAMS.digest})
    check(contacts_answer(TEAMS, Attested((told,), NOON, ago(30)), **settings), status)


TEAMS = AlternateContacts({"SECURITY": Contact("Team", "Sec@corp.dev", "+49 30 901820")})


@pytest.mark.parametrize(
    ("now", "status"),
    [
        pytest.param(Contact("Renamed", "sec@corp.dev", "+49 (30) 901820"), GOOD, id="the same"),
        pytest.param(Contact("Team", "other@corp.dev", "+49 30 901820"), BAD, id="an address"),
        pytest.param(Contact("Team", "sec@corp.dev", "+49 30 901821"), BAD, id="a number"),
    ],
)
def test_a_test_of_contacts_is_void_once_they_change(now, status):
    told = stated(artefact=None, scope=Scope(), bound_to={"contacts": TEAMS.digest})
    contacts = AlternateContacts({"SECURITY": now})
    verdict = contacts_answer(contacts, Attested((told,), NOON, ago(30)))
    check(verdict, status)
    assert now.email not in str(verdict)


def test_contacts_that_were_never_tried_are_due_in_two_weeks():
    check(contacts_answer(TEAMS, Attested((), NOON, ago(1))), UNKNOWN)
