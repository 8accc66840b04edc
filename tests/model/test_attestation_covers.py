"""Attestations that have to state names, and those that stand for a document."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from readiness import Status
from readiness.model.attestation import Artefact, Attested, Result, Scope, covers_all
from tests.model.test_attestation import DONE, HELD, NOW

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
DOCUMENT = Artefact("runbooks", "orders.md", "v1", "0" * 64, 10)


def verdict(*statements, **asked):
    return Attested(statements, NOW, NOW - timedelta(days=90)).verdict(
        "A drill", max_age_days=180, **asked
    )


@pytest.mark.parametrize(
    ("stated", "lacking"),
    [
        ("outage rollback", ""),
        ("rollback,outage", ""),
        ("outage, rollback, breach", ""),
        ("outage", "rollback"),
        ("outage rollback-2", "rollback"),
        ("", "outage and rollback"),
        (None, "outage and rollback"),
    ],
)
def test_a_statement_has_to_state_every_name(stated, lacking):
    names = ["rollback", "outage"]
    found = verdict(replace(HELD, bound_to={"scenarios": stated}), covering={"scenarios": names})
    assert found.status is (BAD if lacking else GOOD)
    assert covers_all(stated, names) is (lacking == "")
    if lacking:
        said = f"A drill is attested, but it does not state {lacking} (scenarios)."
        assert found.reason == said
        assert "A drill for scenarios=outage rollback, attested" in found.expected


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scope": Scope(workload="orders"), "artefact": DOCUMENT}, ""),
        ({"scope": Scope(resource="orders"), "artefact": DOCUMENT}, ""),
        ({"scope": Scope(workload="other"), "artefact": DOCUMENT}, "is about orders"),
        ({"artefact": DOCUMENT}, "is about orders"),
        ({"scope": Scope(workload="orders")}, "names no document"),
        (
            {
                "scope": Scope(workload="orders"),
                "artefact": DOCUMENT,
                "artefact_outdated": "was replaced since",
            },
            "its document was replaced since",
        ),
    ],
)
def test_a_statement_about_a_document(changes, said):
    found = verdict(replace(HELD, bound_to={}, **changes), document_of="orders")
    assert found.status is (BAD if said else GOOD)
    assert said in found.reason


def test_to_attest_a_document_again_does_not_make_it_newer():
    about = {"scope": Scope(workload="orders"), "artefact": DOCUMENT, "bound_to": {}}
    old = replace(HELD, performed_at=NOW - timedelta(days=181), **about)
    again = replace(HELD, performed_at=DONE, **about)
    assert verdict(again, document_of="orders").status is GOOD
    assert verdict(old, again, document_of="orders").status is BAD
    assert verdict(replace(old, revoked=True), again, document_of="orders").status is GOOD
    other = replace(again, artefact=replace(DOCUMENT, sha256="1" * 64))
    assert verdict(old, other, document_of="orders").status is GOOD


def test_a_time_that_no_calendar_has_is_no_expiry():
    """A statement of the far future counts for nothing, and costs nothing else its verdict."""
    far = replace(HELD, performed_at=NOW.replace(year=9999), bound_to={})
    assert far.expires(timedelta(days=3650)) == far.performed_at
    assert "in the future" in verdict(far).reason
    assert verdict(far, replace(HELD, bound_to={})).status is GOOD


@pytest.mark.parametrize("mended_by", ["a later success", "nothing", "an earlier success"])
def test_a_failure_lasts_until_a_success_after_it(mended_by):
    failed = replace(HELD, result=Result.FAIL, performed_at=NOW - timedelta(days=5))
    days = {"a later success": 1, "an earlier success": 9}.get(mended_by)
    success = [replace(HELD, performed_at=NOW - timedelta(days=days))] if days else []
    found = Attested((failed, *success), NOW).failure(two_people=True)
    assert found is (None if mended_by == "a later success" else failed)
