"""What a verdict on attestations says: the reason, the facts, and what would satisfy it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from readiness import Status
from readiness.model.attestation import Artefact, Attestation, Attested, Result, Scope
from readiness.model.unreadable import Cause, Unreadable

NOW = datetime(2026, 11, 2, tzinfo=UTC)
ARTEFACT = Artefact("evidence", "load.pdf", "v1", "ab" * 32)
GOOD = Attestation(
    id="aaaa11112222",
    rule="resource_sizing.load-test",
    scope=Scope(),
    statement="Load test at twice the peak.",
    performed_at=NOW - timedelta(days=10),
    declared_at=NOW - timedelta(days=9),
    owner="team@example.com",
    attester="arn/alice",
    attester_id="AROA:alice",
    bound_to={"memory": 512, "runtime": "python3.13"},
    artefact=ARTEFACT,
    approved_by="arn/bob",
    approved_by_id="AROA:bob",
)
LIVE = {"memory": 512, "runtime": "python3.13"}
EXPECTED = (
    "A load test for memory=512 for runtime=python3.13, attested at most 180 days ago"
    " (readiness attest add)."
)


def judged(*statements, first_seen=NOW, bound=LIVE, **more):
    return Attested(statements, NOW, first_seen).verdict(
        "A load test", max_age_days=180, bound=bound, days=3, **more
    )


def test_a_pass_says_who_and_until_when():
    verdict = judged(GOOD)
    assert verdict.reason == (
        "A load test of 2026-10-23 is attested by arn/alice and valid until 2027-04-21."
    )
    assert verdict.observed == {
        "days": 3,
        "attestation": "aaaa11112222",
        "attester": "arn/alice",
        "attester_id": "AROA:alice",
        "approved_by": "arn/bob",
        "owner": "team@example.com",
        "expires_at": "2027-04-21T00:00:00.000Z",
        "artefact": "s3://evidence/load.pdf?versionId=v1",
    }
    assert verdict.reminder == ""
    assert judged(replace(GOOD, artefact=None)).observed["artefact"] == ""


def test_work_done_just_now_counts():
    assert judged(replace(GOOD, performed_at=NOW)).status is Status.COMPLIANT


def test_a_reminder_says_what_and_by_when():
    soon = replace(GOOD, expires_at=NOW + timedelta(days=30))
    assert judged(soon).reminder == "A load test must be attested again before 2026-12-02."


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"revoked": True}, "it was revoked"),
        (
            {"performed_at": NOW + timedelta(seconds=1)},
            "the date of the work is in the future",
        ),
        ({"expires_at": NOW}, "it expired on 2026-11-02"),
        (
            {"bound_to": {"memory": 256, "runtime": "python3.12"}},
            (
                "it is void because memory changed from 256 to 512 and runtime changed from"
                " python3.12 to python3.13"
            ),
        ),
        ({"bound_to": {}}, "it does not name the memory and runtime that it applies to"),
        ({"artefact_problem": "does not exist any more"}, "its artefact does not exist any more"),
        (
            {"approved_by_id": ""},
            "no second person has approved it (readiness attest approve aaaa11112222)",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_objection_is_named(changes, objection):
    verdict = judged(replace(GOOD, **changes))
    assert verdict.status is Status.NON_COMPLIANT
    assert verdict.reason == f"A load test is attested, but {objection}."
    assert (verdict.expected, verdict.observed) == (EXPECTED, {"days": 3})


def test_a_failure_that_was_taken_back_is_named():
    verdict = judged(replace(GOOD, result=Result.FAIL, revoked=True))
    assert verdict.reason == "A load test is attested, but it was revoked."
    future = replace(GOOD, result=Result.FAIL, performed_at=NOW + timedelta(days=1))
    assert judged(future).reason == "A load test is attested, but its result is a failure."


def test_a_failure_is_dated():
    verdict = judged(replace(GOOD, result=Result.FAIL))
    assert verdict.reason == "A load test is attested as failed on 2026-10-23."
    assert (verdict.expected, verdict.observed) == (EXPECTED, {"days": 3})


def test_of_a_pass_and_a_failure_at_the_same_moment_the_failure_counts():
    failed = replace(GOOD, id="b", result=Result.FAIL)
    assert judged(GOOD, failed).status is Status.NON_COMPLIANT
    denied = Unreadable("s3:GetObjectVersion", Cause.ACCESS_DENIED)
    assert judged(replace(GOOD, artefact_unread=denied), failed).status is Status.NON_COMPLIANT


def test_one_person_is_enough_where_the_rule_says_so():
    alone = replace(GOOD, approved_by="", approved_by_id="")
    assert judged(alone, two_people=False).status is Status.COMPLIANT


def test_what_the_live_account_does_not_say_is_not_compared():
    assert judged(GOOD, bound={"memory": 512}).status is Status.COMPLIANT
    assert judged(GOOD, bound=None).status is Status.COMPLIANT


def test_an_artefact_that_cannot_be_read_is_named_with_the_missing_permission():
    denied = Unreadable("s3:GetObjectVersion", Cause.ACCESS_DENIED, "403")
    verdict = judged(replace(GOOD, artefact_unread=denied))
    assert verdict.status is Status.INSUFFICIENT_DATA
    assert verdict.reason == (
        "A load test is attested, but its artefact s3://evidence/load.pdf?versionId=v1 could not"
        " be read: s3:GetObjectVersion was denied (HTTP 403)."
    )
    assert verdict.missing == ("s3:GetObjectVersion",)
    assert verdict.observed == {"days": 3}


def test_of_several_the_work_done_last_counts_and_then_what_was_declared_last():
    older = replace(GOOD, id="a", performed_at=NOW - timedelta(days=20), declared_at=NOW)
    newer = replace(GOOD, id="b")
    latest = replace(GOOD, id="c", declared_at=NOW - timedelta(days=8))
    for order in ((older, newer, latest), (latest, newer, older), (newer, latest, older)):
        assert judged(*order).observed["attestation"] == "c"


def test_of_several_objections_that_of_the_latest_is_told():
    revoked = replace(GOOD, id="a", revoked=True, performed_at=NOW - timedelta(days=20))
    alone = replace(GOOD, id="b", approved_by_id="")
    for order in ((revoked, alone), (alone, revoked)):
        assert "no second person" in judged(*order).reason


@pytest.mark.parametrize(
    ("first_seen", "status", "reason"),
    [
        (
            None,
            Status.INSUFFICIENT_DATA,
            "A load test is not attested yet (readiness attest add).",
        ),
        (
            NOW - timedelta(days=1),
            Status.INSUFFICIENT_DATA,
            "A load test is not attested yet (readiness attest add). It is due by 2026-11-15.",
        ),
        (
            NOW - timedelta(days=14),
            Status.NON_COMPLIANT,
            "A load test is not attested; it was due by 2026-11-02.",
        ),
    ],
    ids=["never evaluated", "in time", "overdue"],
)
def test_what_is_missing_says_by_when(first_seen, status, reason):
    verdict = judged(first_seen=first_seen)
    assert (verdict.status, verdict.reason) == (status, reason)
    assert verdict.observed == {"days": 3}
    assert verdict.expected == (EXPECTED if status is Status.NON_COMPLIANT else "")


def test_what_is_bound_to_nothing_is_expected_of_nothing():
    assert judged(first_seen=NOW - timedelta(days=14), bound=None).expected == (
        "A load test, attested at most 180 days ago (readiness attest add)."
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "b"},
        {"rule": "other"},
        {"scope": Scope(account="1")},
        {"scope": Scope(environment="1")},
        {"scope": Scope(workload="1")},
        {"scope": Scope(resource="1")},
        {"statement": "Other."},
        {"performed_at": NOW},
        {"expires_at": NOW},
        {"owner": "other"},
        {"attester_id": "AROA:bob"},
        {"result": Result.FAIL},
        {"artefact": None},
        {"artefact": replace(ARTEFACT, key="other.pdf")},
        {"artefact": replace(ARTEFACT, sha256="cd" * 32)},
        {"bound_to": {"memory": 512}},
    ],
    ids=str,
)
def test_an_approval_holds_for_each_part_of_the_text(changes):
    assert replace(GOOD, **changes).fingerprint != GOOD.fingerprint


@pytest.mark.parametrize(
    "changes",
    [{"approved_by_id": ""}, {"revoked": True}, {"attester": "arn/other"}, {"declared_at": NOW}],
    ids=str,
)
def test_what_comes_later_does_not_change_the_text(changes):
    assert replace(GOOD, **changes).fingerprint == GOOD.fingerprint
