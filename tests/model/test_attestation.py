"""Attestations: what a statement is worth, and when it is worth nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from readiness import Status
from readiness.engine.attribute_values import deserialise
from readiness.engine.declarations import answer_item, assemble, attestation_item
from readiness.model.attestation import Artefact, Attestation, Attested, Result, Scope
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable

NOW = datetime(2026, 11, 2, tzinfo=UTC)
DONE = NOW - timedelta(days=10)
GOOD, BAD, BLIND = Status.COMPLIANT, Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA
DENIED = Unreadable("s3:GetObjectVersion", Cause.ACCESS_DENIED, "403")

HELD = Attestation(
    id="aaaa11112222",
    rule="resource_sizing.load-test",
    scope=Scope(account="111122223333"),
    statement="Load test at twice the peak.",
    performed_at=DONE,
    declared_at=DONE,
    owner="team@example.com",
    attester="arn:aws:sts::111122223333:assumed-role/Dev/alice",
    attester_id="AROA:alice",
    bound_to={"memory": 512},
    approved_by="arn:aws:sts::111122223333:assumed-role/Dev/bob",
    approved_by_id="AROA:bob",
)


@pytest.mark.parametrize(
    ("statements", "status", "said"),
    [
        pytest.param([HELD], GOOD, "valid until", id="valid"),
        pytest.param([replace(HELD, bound_to={"memory": 256})], BAD, "void", id="void on change"),
        pytest.param(
            [replace(HELD, bound_to={})], BAD, "does not name the memory", id="bound to nothing"
        ),
        pytest.param([replace(HELD, approved_by_id="")], BAD, "second person", id="one person"),
        pytest.param(
            [replace(HELD, approved_by_id="AROA:alice")], BAD, "second person", id="own approval"
        ),
        pytest.param([replace(HELD, revoked=True)], BAD, "revoked", id="revoked"),
        pytest.param([replace(HELD, result=Result.FAIL)], BAD, "as failed", id="a failed test"),
        pytest.param(
            [HELD, replace(HELD, result=Result.FAIL, performed_at=NOW - timedelta(days=1))],
            BAD,
            "as failed",
            id="failed after it passed",
        ),
        pytest.param(
            [replace(HELD, result=Result.FAIL, performed_at=NOW - timedelta(days=20)), HELD],
            GOOD,
            "valid until",
            id="passed after it failed",
        ),
        pytest.param(
            [replace(HELD, performed_at=NOW - timedelta(days=181))], BAD, "expired", id="too old"
        ),
        pytest.param(
            [
                replace(
                    HELD,
                    performed_at=NOW - timedelta(days=181),
                    expires_at=NOW + timedelta(days=3650),
                )
            ],
            BAD,
            "expired",
            id="a far date buys nothing",
        ),
        pytest.param(
            [replace(HELD, expires_at=NOW - timedelta(days=1))], BAD, "expired", id="own date"
        ),
        pytest.param(
            [replace(HELD, performed_at=NOW + timedelta(days=1))], BAD, "future", id="future"
        ),
        pytest.param(
            [replace(HELD, artefact_problem="does not exist any more")],
            BAD,
            "artefact does not exist",
            id="artefact gone",
        ),
        pytest.param(
            [replace(HELD, bound_to={"memory": "512"})], GOOD, "valid until", id="512 is '512'"
        ),
        pytest.param(
            [HELD, replace(HELD, result=Result.FAIL, performed_at=NOW, revoked=True)],
            GOOD,
            "valid until",
            id="a failure that was taken back",
        ),
        pytest.param(
            [replace(HELD, artefact_unread=DENIED)],
            BLIND,
            "s3:GetObjectVersion was denied",
            id="artefact cannot be looked at",
        ),
        pytest.param(
            [HELD, replace(HELD, performed_at=NOW, artefact_unread=DENIED)],
            GOOD,
            "valid until",
            id="another statement holds without the artefact that cannot be looked at",
        ),
        pytest.param(
            [
                replace(HELD, artefact_unread=DENIED),
                replace(HELD, result=Result.FAIL, performed_at=NOW),
            ],
            BAD,
            "as failed",
            id="failed after the one whose artefact cannot be looked at",
        ),
    ],
)
def test_what_a_statement_is_worth(statements, status, said):
    verdict = Attested(tuple(statements), NOW, NOW).verdict(
        "A load test", max_age_days=180, bound={"memory": 512}
    )
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("first_seen", "status"),
    [
        pytest.param(None, BLIND, id="nothing deployed"),
        pytest.param(NOW - timedelta(days=13), BLIND, id="within the grace"),
        pytest.param(NOW - timedelta(days=14), BAD, id="grace over"),
    ],
)
def test_a_missing_statement_has_a_grace(first_seen, status):
    assert Attested((), NOW, first_seen).verdict("A drill", max_age_days=90).status is status


@pytest.mark.parametrize(("days", "reminds"), [(31, False), (30, True), (1, True)])
def test_a_statement_about_to_expire_reminds(days, reminds):
    held = replace(HELD, expires_at=NOW + timedelta(days=days))
    verdict = Attested((held,), NOW, NOW).verdict("A load test", max_age_days=180)
    assert (verdict.status, bool(verdict.reminder)) == (GOOD, reminds)


def test_a_row_and_back():
    full = replace(
        HELD,
        attester=HELD.attester_id,
        artefact=Artefact("evidence", "load.pdf", "v1", "ab" * 32, 7),
        expires_at=NOW,
        approved_by="",
        approved_by_id="",
    )
    assert assemble([deserialise(attestation_item(full))]) == [full]


def test_only_somebody_else_approves_and_only_those_two_revoke():
    alone = replace(HELD, approved_by="", approved_by_id="")
    rows = [attestation_item(alone)]

    def say(kind: str, who: str, minutes: int) -> None:
        at = NOW + timedelta(minutes=minutes)
        rows.append(answer_item(kind, alone, by_id=f"AROA:{who}", at=at))

    def now() -> Attestation:
        [statement] = assemble([deserialise(row) for row in rows])
        return statement

    say("APPROVAL", "alice", 1)
    assert not now().has_second_person
    say("APPROVAL", "bob", 2)
    assert now().approved_by == "AROA:bob"
    say("REVOCATION", "mallory", 3)
    assert not now().revoked
    say("REVOCATION", "bob", 4)
    assert now().revoked


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        pytest.param(Scope(), True, id="everything"),
        pytest.param(Scope(account="999988887777"), False, id="another account"),
        pytest.param(Scope(environment="staging"), False, id="another environment"),
        pytest.param(Scope(workload="agents", environment="prod"), True, id="workload"),
        pytest.param(Scope(resource="agent-*"), True, id="glob of ids"),
        pytest.param(Scope(resource="other"), False, id="another resource"),
    ],
)
def test_what_a_scope_covers(scope, covered):
    resource = Resource("111122223333", "us-east-1", "AWS::Lambda::Function", "agent-1")
    assert scope.covers(resource, "prod", "agents") is covered


def test_a_missing_statement_says_what_to_bind_it_to():
    verdict = Attested((), NOW, NOW - timedelta(days=20)).verdict(
        "A load test", max_age_days=180, bound={"memory": 512}
    )
    assert "for memory=512" in verdict.expected


def test_an_approval_is_of_one_text_only():
    alone = replace(HELD, approved_by="", approved_by_id="")
    approval = answer_item("APPROVAL", alone, by_id="AROA:bob", at=NOW)
    exchanged = replace(alone, statement="Load test at ten times the peak.")
    [statement] = assemble(map(deserialise, [attestation_item(exchanged), approval]))
    assert not statement.has_second_person


def test_an_event_approves_nothing():
    alone = replace(HELD, approved_by="", approved_by_id="")
    machine = "eventbridge:111122223333"
    approval = answer_item("APPROVAL", alone, by_id=machine, at=NOW)
    [statement] = assemble(map(deserialise, [attestation_item(alone), approval]))
    assert not statement.has_second_person


@pytest.mark.parametrize(
    "changes",
    [
        {"performed_at": "yesterday"},
        {"performed_at": None},
        {"scope": {"planet": "earth"}},
        {"scope": "everything"},
        {"artefact": {"bucket": "evidence"}},
        {"artefact": "s3://evidence/load.pdf"},
        {"bound_to": ["memory"]},
        {"rule": None, "id": None, "attester": None, "performed_at": 7},
    ],
)
def test_a_row_written_by_hand_and_wrong_states_nothing_and_breaks_nothing(changes):
    row = deserialise(attestation_item(HELD))
    wrong = {**row, **changes, "declared_at": "0"}
    assert len(assemble([wrong, row])) == 1


def test_a_result_nobody_knows_is_a_failure():
    row = deserialise(attestation_item(HELD)) | {"result": "passed with remarks"}
    [statement] = assemble([row])
    assert statement.result is Result.FAIL
