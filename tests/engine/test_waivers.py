"""Waivers as rows: what is written, what a hand can write wrong, and what is known of them now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from moto import mock_aws

from readiness import Severity, Status
from readiness.engine.attribute_values import deserialise, serialise
from readiness.engine.declarations import DeclarationRefused, assemble
from readiness.engine.declare import Declarations, Declarer
from readiness.engine.waivers import (
    KEPT_SECONDS,
    InForce,
    Limits,
    WaiversUnreadable,
    approval_item,
    assembled,
    end_item,
    limits_from,
    rows_of,
    waiver_item,
    waiver_of,
)
from readiness.model.finding import iso
from readiness.model.transition import Kind
from tests.fake_account import error
from tests.findings import T0, after, finding
from tests.tables import DECLARATIONS, FINDINGS, TRANSITIONS, Store, make_tables

ANN = Declarer("arn:aws:iam::111122223333:user/ann", "AIDAANN", "111122223333")
BOB = "AIDABOB"
FIELDS = {
    "rule": "encryption.s3-kms",
    "resource": "data",
    "tags": {"Env": "dev"},
    "reason": "Moves in March.",
    "owner": "team@example.com",
    "until": iso(after(days=10)),
}


LIMITS = Limits()


def made(id="0123456789ab", at=T0, limits=LIMITS, **fields):
    return waiver_of(FIELDS | fields, ANN, id=id, at=at, limits=limits)


def rows(*items):
    return [deserialise(item) for item in items]


def row(**changes):
    plain = deserialise(waiver_item(made()))
    return {name: value for name, value in (plain | changes).items() if value is not None}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"resource": None, "tags": {"Env": "dev"}},
        {"resource": "*", "tags": None, "all_resources": True},
        {"rule": "*", "all_rules": True},
    ],
)
def test_a_waiver_comes_back_from_the_table_as_it_went_in(fields):
    waiver = made(**fields)
    assert assembled(rows(waiver_item(waiver))) == ([waiver], {})


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"owner": None}, "owner is missing"),
        ({"owner": "  "}, "owner must be text"),
        ({"reason": None}, "reason is missing"),
        ({"reason": "x" * 501}, "reason is longer than 500"),
        ({"rule": None}, "rule is missing"),
        ({"until": None}, "until is missing"),
        ({"until": "soon"}, "until must be a day or a time"),
        ({"until": "2026-11-02"}, "until is past already"),
        ({"until": iso(after(days=91))}, r"more than 90 days away \(WaiverMaxDays\).*2027-01-31"),
        ({"tags": {str(n): "x" for n in range(11)}}, "at most 10 tags"),
        ({"rule": "*"}, "it covers every rule without --all-rules"),
        ({"resource": "*", "tags": None}, "it covers every resource without --all-resources"),
        ({"resource": None, "tags": None}, "it covers every resource without --all-resources"),
    ],
)
def test_what_is_refused_before_it_is_written(fields, why):
    with pytest.raises(DeclarationRefused, match=why):
        made(**fields)


def test_the_longest_time_is_the_stacks():
    with pytest.raises(DeclarationRefused, match="more than 7 days"):
        made(limits=Limits(timedelta(days=7)))
    assert made(until=iso(after(days=89))).until == after(days=89)


@pytest.mark.parametrize(
    ("environment", "limits"),
    [
        ({}, Limits()),
        ({"WAIVER_MAX_DAYS": "", "WAIVER_SECOND_PERSON": ""}, Limits()),
        (
            {"WAIVER_MAX_DAYS": "30", "WAIVER_SECOND_PERSON": "HIGH"},
            Limits(timedelta(days=30), Severity.HIGH),
        ),
        ({"WAIVER_SECOND_PERSON": "NONE"}, Limits(second_person=None)),
    ],
)
def test_the_parameters_say_the_limits(environment, limits):
    assert limits_from(environment) == limits


# -- what a hand can write wrong --------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"owner": None},
        {"owner": 7},
        {"reason": None},
        {"rules": None},
        {"rules": ["a"]},
        {"until": None},
        {"until": "2026-13-01T00:00:00Z"},
        {"until": "2026-12-01"},
        {"tags": "Env=dev"},
        {"id": None},
        {"kind": None},
        {"kind": "WAVER"},
        {"declared_at": "yesterday#1"},
        {"declared_by": "AIDAANN"},
        {"declared_by": "waiver#"},
        {"severity_at_most": "LOW"},
        {"owner": "\u200b"},
        {"reason": "\u202e\x1b"},
        {"kind": ["WAIVER_END"]},
        {"kind": {"WAIVER": True}},
        {"until": "0001-01-01T00:00:00+14:00"},
        {"until": "9999-12-31T23:59:59-14:00"},
        {"declared_at": "9999-12-31T23:59:59Z#1"},
        {"declared_at": "9999-12-31T23:59:59-14:00#1"},
        {"rules": "a-" * 50_000},
        {"resources": "a-" * 50_000},
        {"reason": "x" * 100_000},
        {"owner": "x" * 100_000},
    ],
    ids=lambda changes: str(changes)[:60],
)
def test_a_malformed_row_waives_nothing_and_says_why(changes):
    found, malformed = assembled([row(**changes)])
    assert found == []
    [why] = malformed.values()
    assert why


def test_a_time_that_is_too_far_away_is_named():
    _, malformed = assembled([row(until="9999-12-31T23:59:59Z")])
    [why] = malformed.values()
    assert why == "ValueError: '9999-12-31T23:59:59Z' is too far away"


def test_what_a_hand_wrote_does_nothing_to_a_terminal():
    hostile = "it\x1b[2J\u202e is\nfine"
    [waiver], _ = assembled([row(reason=hostile, owner=hostile, id=hostile)])
    for said in (waiver.reason, waiver.owner, waiver.id):
        assert not set(said) & set("\x1b\u202e\n")
        assert "fine" in said


def test_a_malformed_row_costs_no_other():
    found, malformed = assembled([row(owner=None), *rows(waiver_item(made("bbbbbbbbbbbb")))])
    assert [waiver.id for waiver in found] == ["bbbbbbbbbbbb"]
    assert len(malformed) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"declared_at": "9999-12-31T23:59:59-14:00#1"},
        {"declared_at": ["now"]},
        {"declared_by": {"S": "waiver#AIDABOB"}},
        {"waiver": ["0123456789ab"]},
    ],
    ids=str,
)
def test_a_malformed_end_ends_nothing_and_says_why(changes):
    [end] = rows(end_item(made(), by_id=BOB, at=after(1), because=""))
    [waiver], malformed = assembled([row(), end | changes])
    assert waiver.ended_at is None
    assert len(malformed) == 1


def test_the_reason_of_an_end_fits_onto_every_finding_that_it_opens():
    [end] = rows(end_item(made(), by_id=BOB, at=after(1), because="x" * 100_000))
    [waiver], _ = assembled([row(), end])
    assert len(waiver.ended_because) == 500


def test_a_row_under_the_key_of_attestations_waives_nothing():
    """Whoever may attest writes under an own id without the prefix, and may not waive by that."""
    found, malformed = assembled([row(declared_by=ANN.id)])
    assert found == []
    assert "is not that of a waiver" in next(iter(malformed.values()))


@pytest.mark.parametrize("said", ["true", 1, None])
def test_that_everything_is_meant_has_to_be_said_as_such(said):
    [waiver], _ = assembled([row(resources="*", tags={}, all_resources=said)])
    assert waiver.problem("111122223333", T0) == "it covers every resource without --all-resources"


def test_a_second_row_with_the_same_id_is_none():
    other = row(declared_by="waiver#AIDAEVE", declared_at=f"{iso(after(1))}#0123456789ab")
    found, malformed = assembled([other, row()])
    assert [waiver.by for waiver in found] == [ANN.id]
    assert "another waiver has the id" in next(iter(malformed.values()))


def test_attestations_and_waivers_do_not_mix():
    assert assemble(rows(waiver_item(made()))) == []


# -- approvals and ends -----------------------------------------------------------------------------


def test_another_person_approves_once_and_for_this_text():
    waiver = made()
    approval = approval_item(waiver, by_id=BOB, at=after(1))
    later = approval_item(waiver, by_id="AIDAEVE", at=after(2))
    [read], malformed = assembled(rows(later, approval, waiver_item(waiver)))
    assert (read.approved_by, read.approved_at) == (BOB, after(1))
    assert malformed == {}


@pytest.mark.parametrize(
    ("by", "of", "why"),
    [
        (ANN.id, {}, "cannot approve it"),
        ("eventbridge:111122223333", {}, "cannot approve it"),
        (BOB, {"reason": "Another."}, "approves another text"),
        (BOB, {"until": iso(after(days=11))}, "approves another text"),
        (BOB, {"id": "ffffffffffff"}, "there is no waiver"),
    ],
)
def test_what_approves_nothing(by, of, why):
    approval = approval_item(made(**of), by_id=by, at=after(1))
    [read], malformed = assembled(rows(waiver_item(made()), approval))
    assert read.approved_by == ""
    assert why in next(iter(malformed.values()))


def test_a_limit_that_this_version_does_not_know_voids_an_approval_and_no_end():
    approval = rows(approval_item(made(), by_id=BOB, at=after(1)))[0] | {"until": "2026-12-01"}
    end = rows(end_item(made(), by_id=BOB, at=after(1), because="Mended."))[0] | {"from": "x"}
    [limited], malformed = assembled([*rows(waiver_item(made())), approval])
    assert limited.approved_by == ""
    assert "does not know until" in next(iter(malformed.values()))
    [ended], _ = assembled([*rows(waiver_item(made())), end])
    assert ended.ended_at is not None


def test_whoever_may_waive_can_end_a_waiver_and_the_first_who_does_is_named():
    waiver = made()
    end = end_item(waiver, by_id=BOB, at=after(1), because="Mended.")
    again = end_item(waiver, by_id="AIDAEVE", at=after(2), because="")
    [read], _ = assembled(rows(again, waiver_item(waiver), end))
    assert (read.ended_by, read.ended_at, read.ended_because) == (BOB, after(1), "Mended.")


# -- what is known now ------------------------------------------------------------------------------


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield make_tables()


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_rows_are_counted_whatever_they_are(dynamodb):
    declarations = Declarations(dynamodb, DECLARATIONS)
    waiver = made()
    for item in (waiver_item(waiver), approval_item(waiver, by_id=BOB, at=after(1))):
        assert declarations.append(item)
    assert declarations.append(serialise(row(id="x", owner=None, declared_at=f"{iso(T0)}#x")))
    known = InForce(dynamodb, DECLARATIONS, Limits())()
    assert (len(known.every), known.known) == (1, 3)
    assert len(rows_of(dynamodb, DECLARATIONS)) == 3


def test_a_value_that_is_never_written_here_costs_no_other_waiver(dynamodb):
    declarations = Declarations(dynamodb, DECLARATIONS)
    declarations.append(waiver_item(made()))
    item = serialise(row(id="x", declared_at=f"{iso(T0)}#x"))
    declarations.append(item | {"reason": {"B": b"\x00"}})
    known = InForce(dynamodb, DECLARATIONS, Limits())()
    assert ([waiver.id for waiver in known.every], known.known) == (["0123456789ab"], 2)
    _, malformed = assembled(rows_of(dynamodb, DECLARATIONS))
    assert list(malformed) == [f"waiver#{ANN.id} {iso(T0)}#x"]


def test_it_is_read_anew_after_a_short_while(dynamodb):
    clock = Clock()
    in_force = InForce(dynamodb, DECLARATIONS, Limits(), monotonic=clock)
    assert in_force().known == 0
    Declarations(dynamodb, DECLARATIONS).append(waiver_item(made()))
    assert in_force().known == 0
    clock.now = KEPT_SECONDS
    assert in_force().known == 1
    assert in_force.fresh().known == 1


def test_where_nothing_is_deployed_nothing_is_waived():
    assert InForce(None, "", Limits())().every == ()


class Denied:
    def query(self, **_):
        raise error("AccessDeniedException", 400)


def test_what_cannot_be_read_waives_nothing_new_and_is_told_once():
    told = []
    in_force = InForce(Denied(), DECLARATIONS, Limits(), tell=told.append, monotonic=Clock())
    assert (in_force().every, in_force().known) == ((), 0)
    assert len(told) == 1
    assert "AccessDenied" in told[0]
    with pytest.raises(WaiversUnreadable):
        in_force.fresh()


# -- at the store -----------------------------------------------------------------------------------


def a_store(dynamodb, **more):
    in_force = InForce(dynamodb, DECLARATIONS, Limits(), now=lambda: after(1), monotonic=Clock())
    in_force.named_by(lambda id: f"arn:{id}" if id else "")
    return Store(dynamodb, FINDINGS, TRANSITIONS, waivers=in_force, **more)


def test_whoever_writes_through_the_store_writes_under_the_waivers(dynamodb):
    Declarations(dynamodb, DECLARATIONS).append(waiver_item(made(tags=None)))
    store = a_store(dynamodb)
    change = store.record(finding(), None)
    assert change.transition.kind is Kind.WAIVED
    [stored] = store.waived("111122223333")
    assert stored == store.get(stored.resource, stored.rule)
    assert (stored.waived_by, stored.waiver) == ("arn:AIDAANN", "0123456789ab")
    assert list(store.open("111122223333")) == []
    [entry] = store.history(stored.id)
    assert (entry.waiver, entry.waived_by) == (stored.waiver, "arn:AIDAANN")
    assert (entry.waived_because, entry.waiver_owner) == ("Moves in March.", "team@example.com")
    assert entry.waived_until == iso(after(days=10))
    assert entry.waiver_changed_by == "arn:AIDAANN"
    assert "Moves in March." in entry.waiver_note


def test_the_waived_of_an_account_are_found_by_their_date(dynamodb):
    store = a_store(dynamodb)
    Declarations(dynamodb, DECLARATIONS).append(waiver_item(made(tags=None)))
    store.record(finding(), None)
    assert list(store.waived("111122223333", after(days=9))) == []
    assert len(list(store.waived("111122223333", after(days=10)))) == 1
    assert list(store.waived("999988887777")) == []


def test_reconsidering_is_decided_again_over_what_another_wrote(dynamodb):
    store = a_store(dynamodb)
    store.record(finding(tags={"Env": "dev"}), None)
    [before] = store.open("111122223333")
    Declarations(dynamodb, DECLARATIONS).append(waiver_item(made()))
    newer = a_store(dynamodb)
    assert newer.record(before.but(status=Status.COMPLIANT, last_observed_at=after(1)), before)
    change = newer.reconsider(before, lambda: after(2))
    assert change.transition is None, "it complies by now"
    assert newer.get(before.resource, before.rule).status is Status.COMPLIANT
