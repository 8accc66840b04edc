"""What a waiver makes of a finding, whatever is known and observed meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readiness import Severity
from readiness.model.transition import NOTHING, Kind, decide, reconsider
from readiness.model.waiver import spoken
from tests.findings import T0, after, finding
from tests.model.test_waiver import BAD, DAY, GOOD, UNKNOWN, known, life, waiver


def test_what_is_open_becomes_waived_and_says_by_whom_until_when_and_why():
    change = decide(
        finding().but(version=3),
        finding(at=after(5)),
        waivers=known(waiver(), name=lambda id: f"arn:{id}" if id else ""),
    )
    became = change.finding
    assert (change.transition.kind, change.transition.by) == (Kind.WAIVED, "arn:AROA:ann")
    assert (became.status, became.is_waived, became.is_open) == (BAD, True, False)
    assert spoken(became) == change.transition.note
    assert change.transition.note == (
        "Waived until 2026-11-12T12:00:00.000Z by arn:AROA:ann (owner team@example.com, waiver"
        " w1): Moves in March."
    )


def test_the_approver_is_named():
    change = decide(None, finding(), waivers=known(waiver(approved_by="AROA:bob")))
    assert "by AROA:ann, approved by AROA:bob (owner" in spoken(change.finding)


def test_a_failure_that_a_waiver_covers_is_never_open():
    stored, kinds = life((GOOD, known(waiver()), {}), (BAD, known(waiver()), {}))
    assert kinds == ["WAIVED"]
    assert not stored.is_open
    assert stored.opened_at == after(hours=1), "when it failed is known all the same"


def test_a_waiver_is_asked_for_only_where_there_is_something_to_waive():
    def never():
        raise AssertionError("the table was asked")

    assert decide(None, finding(GOOD), waivers=never).transition is None
    assert decide(finding(), finding(GOOD, after(1)), waivers=never).transition is not None


def test_what_complies_is_waived_by_nobody_and_is_so_again_when_it_fails_again():
    stored, kinds = life(
        (BAD, known(waiver()), {}), (GOOD, known(waiver()), {}), (BAD, known(waiver()), {})
    )
    assert kinds == ["WAIVED", "RESOLVED", "WAIVED"]
    between, _ = life((BAD, known(waiver()), {}), (GOOD, known(waiver()), {}))
    assert (between.waived_until, between.waiver, between.waived_by) == (None, "", "")
    assert stored.is_waived


def test_expiry_opens_again_also_while_a_resource_is_looked_at():
    stored, kinds = life((BAD, known(waiver()), {}), (BAD, known(waiver()), {"at": T0 + 11 * DAY}))
    assert kinds == ["WAIVED", "WAIVER_EXPIRED"]
    assert (stored.is_open, stored.waiver) == (True, "")


@pytest.mark.parametrize(
    ("now", "note", "by"),
    [
        pytest.param(
            waiver(ended_by="AROA:bob", ended_at=after(1), ended_because="Mended."),
            "AROA:bob ended the waiver w1: Mended.",
            "AROA:bob",
            id="ended",
        ),
        pytest.param(
            waiver(ended_by="AROA:bob", ended_at=after(1)),
            "AROA:bob ended the waiver w1.",
            "AROA:bob",
            id="ended without a word",
        ),
        pytest.param(waiver(until=T0), "The waiver w1 expired at 2026-11-02T12", "", id="expired"),
        pytest.param(waiver("w2", resource="x"), "is not among the declarations", "", id="lost"),
        pytest.param(waiver(resource="x"), "its tags are others", "", id="covers it no more"),
    ],
)
def test_why_a_waiver_is_over_is_said(now, note, by):
    before = decide(None, finding(), waivers=known(waiver())).finding
    change = reconsider(before, after(2), known(now, rows=2))
    assert change.transition.kind is Kind.WAIVER_EXPIRED
    assert note in change.transition.note
    assert change.transition.by == by
    assert change.transition.was_waived
    assert change.finding.is_open


def test_more_severe_than_one_person_may_accept_is_open_again():
    stored, kinds = life(
        (BAD, known(waiver()), {}),
        (BAD, known(waiver()), {"severity": Severity.CRITICAL}),
    )
    assert kinds == ["WAIVED", "WAIVER_EXPIRED"]
    assert stored.is_open


def test_more_severe_and_waived_all_the_same_is_told_in_the_history_alone():
    two = known(waiver(approved_by="AROA:bob"))
    stored, kinds = life((BAD, two, {}), (BAD, two, {"severity": Severity.CRITICAL}))
    assert kinds == ["WAIVED", "ESCALATED"]
    assert stored.is_waived


DEV = waiver(resource="", tags={"Env": "dev"})


def test_a_tag_that_comes_waives_and_a_tag_that_goes_opens():
    stored, kinds = life(
        (BAD, known(DEV), {"tags": {}}),
        (BAD, known(DEV), {"tags": {"Env": "dev"}}),
        (BAD, known(DEV), {"tags": {"Env": "prod"}}),
        (BAD, known(DEV), {"tags": {"Env": "dev"}}),
        (BAD, known(DEV), {"tags": {}}),
    )
    assert kinds == ["OPENED", "WAIVED", "WAIVER_EXPIRED", "WAIVED", "WAIVER_EXPIRED"]
    assert stored.is_open


def test_tags_that_could_not_be_read_are_those_that_were_known():
    stored, kinds = life(
        (BAD, known(DEV), {"tags": {"Env": "dev"}}), (BAD, known(DEV), {"tags": None})
    )
    assert kinds == ["WAIVED"]
    assert stored.tags == {"Env": "dev"}


def test_tags_alone_are_written_so_that_a_later_waiver_goes_by_them():
    before = decide(None, finding(tags={"Env": "dev"})).finding
    change = decide(before, finding(at=after(1), tags={"Env": "prod"}))
    assert (change.transition, change.finding.tags) == (None, {"Env": "prod"})
    assert decide(before, finding(at=after(1), tags={"Env": "dev"})) == NOTHING


SHORT, LONG = waiver("short", until=T0 + 2 * DAY), waiver("long", until=T0 + 5 * DAY)


@pytest.mark.parametrize("order", [(SHORT, LONG), (LONG, SHORT)])
def test_of_two_waivers_the_longer_one_counts(order):
    assert decide(None, finding(), waivers=known(*order)).finding.waiver == "long"


def test_a_second_waiver_takes_over_and_nothing_opens():
    first = decide(None, finding(), waivers=known(LONG)).finding
    ended = waiver("long", until=LONG.until, ended_by="bob", ended_at=T0)
    change = reconsider(first, after(1), known(ended, SHORT, rows=3))
    assert (change.transition.kind, change.transition.was_waived) == (Kind.WAIVED, True)
    assert (change.finding.waiver, change.finding.is_waived) == ("short", True)


def test_a_longer_waiver_replaces_the_shorter_one():
    first = decide(None, finding(), waivers=known(SHORT)).finding
    change = reconsider(first, after(1), known(SHORT, LONG))
    assert (change.transition.kind, change.finding.waiver) == (Kind.WAIVED, "long")


def test_an_approval_is_on_the_finding():
    first = decide(None, finding(), waivers=known(waiver())).finding
    change = reconsider(first, after(1), known(waiver(approved_by="AROA:bob"), rows=2))
    assert change.finding.waiver_approved_by == "AROA:bob"
    assert change.transition.kind is Kind.WAIVED


def test_reconsidering_is_no_observation():
    stored = decide(None, finding()).finding
    change = reconsider(stored, after(60), known(waiver()))
    assert change.finding.last_observed_at == T0
    assert change.transition.at == after(60)


def test_reconsidering_what_has_not_changed_writes_nothing():
    stored = decide(None, finding(), waivers=known(waiver())).finding
    assert reconsider(stored, after(60), known(waiver())) == NOTHING
    assert reconsider(decide(None, finding()).finding, after(60), known()) == NOTHING


def test_a_name_that_cannot_be_looked_up_this_time_is_no_change():
    named = known(waiver(), name=lambda id: f"arn:{id}")
    stored = decide(None, finding(), waivers=named).finding
    assert reconsider(stored, after(60), known(waiver())) == NOTHING
    again = decide(stored, finding(at=after(60), reason="Other."), waivers=known(waiver()))
    assert again.finding.waived_by == "arn:AROA:ann"


def test_the_history_stays_in_order_although_a_clock_is_behind():
    stored = decide(None, finding(at=after(10))).finding
    change = reconsider(stored, after(5), known(waiver()))
    assert change.transition.at > stored.last_observed_at


def test_a_run_that_has_not_heard_of_a_new_waiver_does_not_open_what_it_waived():
    waived = reconsider(finding(), after(1), known(waiver())).finding
    change = decide(waived, finding(at=after(2), reason="Other."), waivers=known(rows=0))
    assert change.transition is None
    assert (change.finding.waiver, change.finding.waivers_known) == ("w1", 1)


def test_a_run_that_has_not_heard_of_an_end_does_not_waive_again():
    waived = decide(None, finding(), waivers=known(waiver())).finding
    ended = waiver(ended_by="bob", ended_at=T0)
    opened = reconsider(waived, after(1), known(ended, rows=2)).finding
    change = decide(opened, finding(at=after(2), reason="Other."), waivers=known(waiver()))
    assert change.transition is None
    assert (change.finding.is_open, change.finding.waivers_known) == (True, 2)


def test_where_the_waivers_cannot_be_read_only_the_date_ends_one():
    waived = decide(None, finding(), waivers=known(waiver())).finding
    nothing = known(rows=0)
    assert decide(waived, finding(at=after(2)), waivers=nothing).transition is None
    last = waived.waived_until - timedelta(milliseconds=1)
    assert decide(waived, finding(at=last), waivers=nothing).transition is None
    on_time = decide(waived, finding(at=waived.waived_until), waivers=nothing)
    assert on_time.transition.kind is Kind.WAIVER_EXPIRED
    over = decide(waived, finding(at=T0 + 11 * DAY), waivers=nothing)
    assert (over.transition.kind, over.finding.is_open) == (Kind.WAIVER_EXPIRED, True)
    fresh = decide(None, finding(), waivers=nothing)
    assert fresh.transition.kind is Kind.OPENED, "too much is told, never too little"


def test_where_the_waivers_cannot_be_read_one_person_accepts_nothing_critical():
    waived = decide(None, finding(), waivers=known(waiver())).finding
    worse = finding(at=after(2), severity=Severity.CRITICAL)
    change = decide(waived, worse, waivers=known(rows=0))
    assert (change.transition.kind, change.finding.is_open) == (Kind.WAIVER_EXPIRED, True)
    assert "CRITICAL needs a second person" in change.transition.note
    of_two = waiver(approved_by="bob", approved_at=T0)
    waived = decide(None, finding(), waivers=known(of_two, rows=2)).finding
    assert decide(waived, worse, waivers=known(rows=0)).finding.is_waived


def test_a_waiver_accepts_a_failure_and_not_that_nobody_can_look():
    blind = finding(UNKNOWN, missing=("s3:GetX",), denied=("s3:GetX",))
    change = decide(None, blind, waivers=known(waiver()))
    assert (change.transition.kind, change.finding.is_open) == (Kind.BLINDED, True)


def test_what_is_waived_and_cannot_be_read_stays_waived_until_its_date():
    blind = {"missing": ("s3:GetX",)}
    stored, kinds = life(
        (BAD, known(waiver()), {}),
        (UNKNOWN, known(waiver()), dict(blind)),
        (UNKNOWN, known(waiver()), {**blind, "at": T0 + 11 * DAY}),
    )
    assert kinds == ["WAIVED", "WAIVER_EXPIRED"]
    assert (stored.status, stored.is_open) == (BAD, True)


def test_evidence_of_yesterday_is_waived_by_a_waiver_of_today():
    """Some answers are a day old, and a waiver that is newer than they are counts all the same."""
    now = T0 + DAY
    made = known(waiver(declared_at=now - timedelta(minutes=10)), as_of=now)
    assert decide(None, finding(), waivers=made).finding.is_waived


def test_evidence_of_yesterday_is_not_waived_by_a_waiver_that_ended_since():
    made = known(waiver(until=T0 + timedelta(hours=1)), as_of=T0 + DAY)
    assert decide(None, finding(), waivers=made).finding.is_open
