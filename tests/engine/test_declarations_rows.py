"""Statements as rows: what is read of one, and who may approve and revoke it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from readiness.engine.attribute_values import deserialise
from readiness.engine.declarations import (
    answer_item,
    assemble,
    attestation_item,
    may_approve,
    may_speak_for_two,
)
from readiness.model.attestation import MACHINE, Attestation, Result, Scope
from readiness.model.finding import iso
from tests.engine.test_declarations import ALICE, ARTEFACT, BOB, CAROL, DONE, RULE, SAID
from tests.fake_account import ACCOUNT_ID, NOON


def rows(*items):
    return [deserialise(item) for item in items]


def answer(kind, by, minutes, to=SAID):
    return answer_item(kind, to, by_id=by, at=NOON + timedelta(minutes=minutes))


def test_a_statement_is_a_row_of_who_said_it():
    whole = replace(
        SAID,
        artefact=ARTEFACT,
        expires_at=NOON,
        scope=Scope(ACCOUNT_ID, "prod", "agents", "agent-*"),
        result=Result.FAIL,
        bound_to={"memory": 512},
        attester="arn:aws:iam::1:user/alice",
    )
    assert deserialise(attestation_item(whole)) == {
        "declared_by": ALICE,
        "declared_at": f"{iso(SAID.declared_at)}#aaaa11112222",
        "kind": "ATTESTATION",
        "id": "aaaa11112222",
        "rule": RULE,
        "scope": {
            "account": ACCOUNT_ID,
            "environment": "prod",
            "workload": "agents",
            "resource": "agent-*",
        },
        "statement": SAID.statement,
        "performed_at": iso(DONE),
        "owner": SAID.owner,
        "attester": ALICE,
        "result": "fail",
        "bound_to": {"memory": 512},
        "expires_at": iso(NOON),
        "artefact": {
            "bucket": "evidence",
            "key": "load.pdf",
            "version_id": "v1",
            "sha256": "ab" * 32,
            "size": 7,
        },
    }
    assert assemble(rows(attestation_item(whole))) == [replace(whole, attester=ALICE)]


def test_what_a_statement_does_not_say_is_not_in_its_row():
    row = deserialise(attestation_item(SAID))
    assert row["scope"] == {"account": ACCOUNT_ID}
    assert {"expires_at", "artefact"}.isdisjoint(row)
    assert assemble([row]) == [SAID]


def test_an_answer_is_a_row_of_who_gave_it():
    assert deserialise(answer("APPROVAL", BOB, 0)) == {
        "declared_by": BOB,
        "declared_at": f"{iso(NOON)}#aaaa11112222",
        "kind": "APPROVAL",
        "rule": RULE,
        "attestation": "aaaa11112222",
        "fingerprint": SAID.fingerprint,
        "attester": BOB,
    }


def test_a_row_with_only_what_is_needed_is_a_statement():
    row = {
        "kind": "ATTESTATION",
        "id": "i",
        "rule": RULE,
        "declared_by": ALICE,
        "declared_at": f"{iso(NOON)}#i",
        "performed_at": iso(DONE),
    }
    [said] = assemble([row])
    assert said == Attestation(
        id="i",
        rule=RULE,
        scope=Scope(),
        statement="",
        performed_at=DONE,
        declared_at=NOON,
        owner="",
        attester=ALICE,
        attester_id=ALICE,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "everything"},
        {"scope": {"planet": "earth"}},
        {"only_on_weekdays": True},
        {"scope": {"workload": ""}},
        {"scope": {"resource": "\u200b"}},
        {"scope": {"environment": None}},
        {"expires_at": ""},
        {"performed_at": "yesterday"},
        {"performed_at": "0001-01-01T00:00:00+14:00"},
        {"expires_at": "9999-12-31T23:59:59-12:00"},
        {"declared_at": "9999-12-31T23:59:59-12:00#b"},
        {"kind": ["ATTESTATION"]},
        {"kind": {}},
        {"declared_at": 7},
        {"expires_at": "soon"},
        {"bound_to": 7},
        {"artefact": "load.pdf"},
        {"artefact": {"bucket": "b", "key": "k", "version_id": "v1"}},
        {"artefact": {"bucket": "b", "key": "", "version_id": "v1", "sha256": "ab"}},
        {"artefact": {"bucket": "b", "key": "k", "version_id": "v1", "sha256": "ab", "size": "x"}},
    ],
    ids=str,
)
def test_a_row_without_the_form_of_a_statement_is_ignored_and_costs_no_other(changes):
    spoilt = deserialise(attestation_item(replace(SAID, id="b"))) | changes
    assert assemble([spoilt, *rows(attestation_item(SAID))]) == [SAID]


@pytest.mark.parametrize("result", ["pass", "fail", "maybe", 1])
def test_only_a_pass_is_a_pass(result):
    row = deserialise(attestation_item(SAID)) | {"result": result}
    [said] = assemble([row])
    assert said.result is (Result.PASS if result == "pass" else Result.FAIL)


def test_a_failure_counts_whatever_a_newer_version_says_beside_it():
    [said] = assemble([deserialise(attestation_item(SAID)) | {"result": "fail", "runs": 3}])
    assert said.result is Result.FAIL


@pytest.mark.parametrize("kind", ["APPROVAL", "REVOCATION"])
def test_a_limit_that_this_version_does_not_know_voids_approvals_and_no_revocation(kind):
    by = BOB if kind == "APPROVAL" else SAID.attester_id
    [answer] = rows(answer_item(kind, SAID, by_id=by, at=NOON))
    [limited] = assemble([*rows(attestation_item(SAID)), answer | {"until": "2026-12-01"}])
    [plain] = assemble([*rows(attestation_item(SAID)), answer])
    assert (limited.approved_by_id, limited.revoked) == ("", kind == "REVOCATION")
    assert (bool(plain.approved_by_id), plain.revoked) == (kind == "APPROVAL", kind != "APPROVAL")


def test_rows_of_other_kinds_are_ignored():
    waiver = {"kind": "WAIVER", "declared_by": BOB, "declared_at": f"{iso(NOON)}#w", "id": "w"}
    kindless = {"declared_by": BOB, "declared_at": f"{iso(NOON)}#x"}
    assert assemble([waiver, kindless, *rows(attestation_item(SAID))]) == [SAID]


def test_statements_are_in_the_order_in_which_they_were_declared():
    later = replace(SAID, id="b", declared_at=SAID.declared_at + timedelta(days=1))
    assert assemble(rows(attestation_item(later), attestation_item(SAID))) == [SAID, later]


def test_the_same_statement_twice_is_one():
    item = attestation_item(SAID)
    assert assemble(rows(item, item)) == [SAID]


def after_all(*answers):
    [said] = assemble(rows(attestation_item(SAID), *answers))
    return said


def test_the_first_other_person_approves():
    said = after_all(answer("APPROVAL", CAROL, 2), answer("APPROVAL", BOB, 1))
    assert (said.approved_by, said.approved_by_id) == (BOB, BOB)


@pytest.mark.parametrize("by", [ALICE, f"{MACHINE}444455556666"], ids=["the attester", "an event"])
def test_who_cannot_approve_does_not_stand_in_the_way(by):
    said = after_all(answer("APPROVAL", by, 1), answer("APPROVAL", BOB, 2))
    assert said.approved_by_id == BOB
    assert after_all(answer("APPROVAL", by, 1)).approved_by_id == ""


def test_only_attester_and_approver_revoke():
    assert after_all(answer("REVOCATION", ALICE, 1)).revoked
    assert not after_all(answer("REVOCATION", CAROL, 1)).revoked
    approved = answer("APPROVAL", BOB, 1)
    assert after_all(approved, answer("REVOCATION", BOB, 2)).revoked
    assert not after_all(approved, answer("REVOCATION", CAROL, 2)).revoked


def test_who_will_approve_later_cannot_revoke_before():
    assert not after_all(answer("REVOCATION", BOB, 1), answer("APPROVAL", BOB, 2)).revoked


def test_a_revocation_is_of_one_statement():
    other = replace(SAID, id="b", statement="Another test.")
    items = (attestation_item(SAID), attestation_item(other))
    said = assemble(rows(*items, answer("REVOCATION", ALICE, 1, to=other)))
    assert [each.revoked for each in said] == [False, True]


@pytest.mark.parametrize("fingerprint", ["", None, "0" * 64])
def test_an_answer_to_no_statement_that_is_there_changes_nothing(fingerprint):
    odd = deserialise(answer("APPROVAL", BOB, 1)) | {"fingerprint": fingerprint}
    if fingerprint is None:
        del odd["fingerprint"]
    good = rows(answer("APPROVAL", CAROL, 2))
    [said] = assemble([*rows(attestation_item(SAID)), odd, *good])
    assert said.approved_by_id == CAROL


@pytest.mark.parametrize(
    ("by", "two"), [(BOB, True), (ALICE, False), (f"{MACHINE}1", False)], ids=str
)
def test_who_is_a_second_person(by, two):
    assert may_approve(by, SAID) is two
    assert may_speak_for_two(by, ALICE) is two


@pytest.mark.parametrize(
    ("by", "two"),
    [
        pytest.param("AROABOTH:ann@example.com", False, id="her other role"),
        pytest.param("AROAONE:bob@example.com", True, id="another session of the role"),
        pytest.param("111122223333:ann@example.com", False, id="federated under the same name"),
        pytest.param("AIDAANN", True, id="a user, who has no session"),
    ],
)
def test_a_session_of_the_same_name_is_the_same_person(by, two):
    assert may_speak_for_two(by, "AROAONE:ann@example.com") is two


def test_users_have_no_session_to_compare():
    assert may_speak_for_two("AIDAONE", "AIDATWO")
