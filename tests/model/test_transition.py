"""The state machine of findings, as a table."""

import itertools

import pytest

from readiness import Severity, Status
from readiness.model.finding import iso
from readiness.model.origin import UNVERIFIED
from readiness.model.transition import Kind, decide
from tests.findings import after, finding

GOOD, BAD, BLIND, NONE = (
    Status.COMPLIANT,
    Status.NON_COMPLIANT,
    Status.INSUFFICIENT_DATA,
    Status.NOT_APPLICABLE,
)


def life(*seen):
    """What is stored after observations, one an hour unless they say when; and the kinds."""
    stored, kinds = None, []
    for hour, each in enumerate(seen):
        status, changes = (each[0], dict(each[1])) if isinstance(each, tuple) else (each, {})
        at = changes.pop("at", after(hours=hour))
        change = decide(stored, finding(status, at, **changes))
        stored = change.finding or stored
        kinds += [change.transition.kind] if change.transition else []
    return stored, kinds


@pytest.mark.parametrize(
    ("seen", "kinds"),
    [
        pytest.param([GOOD], [], id="right from the start"),
        pytest.param([BAD], [Kind.OPENED], id="wrong from the start"),
        pytest.param([NONE], [], id="nothing to judge"),
        pytest.param([BLIND], [], id="blind at first sight"),
        pytest.param([BAD, BAD, BAD], [Kind.OPENED], id="wrong and stays wrong"),
        pytest.param([GOOD, BAD], [Kind.OPENED], id="goes wrong"),
        pytest.param([BAD, GOOD], [Kind.OPENED, Kind.RESOLVED], id="put right"),
        pytest.param([BAD, NONE], [Kind.OPENED, Kind.RESOLVED], id="gone or out of scope"),
        pytest.param(
            [BAD, GOOD, BAD], [Kind.OPENED, Kind.RESOLVED, Kind.REOPENED], id="wrong again"
        ),
        pytest.param([BAD, BLIND], [Kind.OPENED], id="blindness opens and closes nothing"),
        pytest.param([BAD, BLIND, BAD], [Kind.OPENED], id="blind for a moment"),
        pytest.param([BAD, BLIND, GOOD], [Kind.OPENED, Kind.RESOLVED], id="put right while blind"),
        pytest.param([GOOD, BLIND, GOOD], [], id="blind for an hour"),
        pytest.param(
            [GOOD, BLIND, (BLIND, {"at": after(hours=25)})], [Kind.BLINDED], id="blind for a day"
        ),
        pytest.param(
            [
                GOOD,
                BLIND,
                (BLIND, {"at": after(hours=25)}),
                (BLIND, {"at": after(hours=50)}),
                (GOOD, {"at": after(hours=51)}),
            ],
            [Kind.BLINDED, Kind.RESOLVED],
            id="told of blindness once, and of its end",
        ),
        pytest.param(
            [BAD, (BAD, {"severity": Severity.CRITICAL})],
            [Kind.OPENED, Kind.ESCALATED],
            id="worse",
        ),
        pytest.param(
            [BAD, (BAD, {"severity": Severity.LOW})], [Kind.OPENED, Kind.DEESCALATED], id="better"
        ),
        pytest.param(
            [GOOD, (GOOD, {"reminder": "Attest again."}), (GOOD, {"reminder": "Attest again."})],
            [Kind.REMINDED],
            id="reminded once",
        ),
    ],
)
def test_kinds(seen, kinds):
    assert life(*seen)[1] == kinds


def test_an_open_finding_stays_open_while_nobody_can_look():
    stored, _ = life(BAD, (BLIND, {"reason": "Denied.", "missing": ("s3:GetBucketPolicy",)}))
    assert stored.status is BAD
    assert stored.reason == "It is NON_COMPLIANT."
    assert (stored.blind_reason, stored.blind_since) == ("Denied.", after(hours=1))
    assert stored.is_open


def test_a_verdict_ends_blindness():
    stored, _ = life(BAD, BLIND, BAD)
    assert (stored.blind_since, stored.blind_reason, stored.missing) == (None, "", ())


def test_what_is_kept_from_one_observation_to_the_next():
    stored, _ = life((BAD, {"owner": "ops", "changed_by": "ann"}), BAD)
    assert stored.first_observed_at == stored.status_since == stored.opened_at == after()
    assert (stored.owner, stored.changed_by) == ("ops", "ann")
    resolved, _ = life((BAD, {"changed_by": "ann"}), GOOD)
    assert resolved.changed_by == "", "ann broke it; nobody knows who repaired it"
    assert resolved.opened_by == "ann"


def test_who_mends_half_of_it_is_not_shown_as_its_cause():
    by_ann = {"changed_by": "ann", "changed_call": "DeleteBucketEncryption", "event_id": "1"}
    half = {"changed_by": "bob", "changed_call": "PutBucketPolicy", "reason": "Half of it."}
    stored, _ = life((BAD, by_ann), (BAD, half | {"event_id": "2"}))
    assert (stored.opened_by, stored.changed_by, stored.event_id) == ("ann", "bob", "2")
    assert str(stored.last_change) == "PutBucketPolicy by bob"
    seen_by_sweep, _ = life((BAD, by_ann), (BAD, {"reason": "The sweep saw more."}))
    assert (seen_by_sweep.opened_by, seen_by_sweep.changed_by) == ("ann", "ann")
    again, _ = life((BAD, by_ann), GOOD, (BAD, {"changed_by": "eve"}))
    assert again.opened_by == "eve"
    unknown, _ = life((BAD, by_ann), GOOD, BAD)
    assert (unknown.opened_by, unknown.changed_by, unknown.event_id) == ("", "", "")


ANN = {"changed_by": "ann", "changed_at": "2026-11-02T11:59:00Z", "event_id": "1"}
BOB = {"changed_by": "bob", "changed_at": "2026-11-02T11:55:00Z", "event_id": "2"}


@pytest.mark.parametrize(
    ("first", "then", "last"),
    [
        pytest.param(ANN, BOB, "ann", id="an event that came late"),
        pytest.param(BOB, ANN, "ann", id="in order"),
        pytest.param(ANN, BOB | {"changed_at": ANN["changed_at"]}, "bob", id="in one second"),
        pytest.param(ANN, BOB | {"changed_at": ""}, "bob", id="nothing tells when"),
        pytest.param(ANN | {"changed_at": "2027-11-02T12:00:00Z"}, BOB, "bob", id="ahead"),
        pytest.param(
            ANN | {"changed_by": f"{UNVERIFIED}: ann"}, BOB, "bob", id="what anybody may have sent"
        ),
    ],
)
def test_the_last_change_is_the_latest_that_aws_tells_of(first, then, last):
    found, _ = life((BAD, first), (BAD, then | {"reason": "Half of it."}))
    assert found.changed_by == last
    assert found.event_id == {"ann": "1", "bob": "2"}[last]
    assert found.opened_by == first["changed_by"]
    mended, _ = life((BAD, first), (GOOD, then))
    assert mended.changed_by == then["changed_by"], "what woke the look that saw it end"


@pytest.mark.parametrize("minutes", [0, -1], ids=["the same moment", "older"])
def test_what_is_not_newer_changes_nothing(minutes):
    stored, _ = life(BAD)
    late = finding(GOOD, after(minutes))
    assert decide(stored, late).finding is None


def test_a_moment_is_a_millisecond_as_it_is_stored():
    stored, _ = life(BAD)
    same = finding(GOOD, stored.last_observed_at.replace(microsecond=400))
    assert iso(same.last_observed_at) == iso(stored.last_observed_at)
    assert decide(stored, same).finding is None


@pytest.mark.parametrize(
    ("status", "hours"),
    [(BAD, 20), (BLIND, 20), (GOOD, 68), (Status.NOT_APPLICABLE, 68)],
)
def test_an_unchanged_finding_is_refreshed_once_in_a_while(status, hours):
    stored, _ = life(status)
    assert decide(stored, finding(status, after(hours=hours - 1))).finding is None
    refreshed = decide(stored, finding(status, after(hours=hours)))
    assert refreshed.finding is not None
    assert refreshed.transition is None


def test_opened_and_resolved_alternate():
    for seen in itertools.product([GOOD, BAD, BLIND], repeat=5):
        is_open = False
        for kind in life(*seen)[1]:
            opens = kind in {Kind.OPENED, Kind.REOPENED}
            assert opens is not is_open, (seen, kind)
            is_open = opens


EXECUTED = {"last_executed": {"target": "t", "at": "2026-11-01T12:00:00.000Z"}}


@pytest.mark.parametrize("status", [GOOD, NONE, BLIND])
def test_what_aws_forgets_outlives_an_observation_that_could_not_be_made(status):
    stored, _ = life((status, {"observed": {**EXECUTED, "other": 1}}), BLIND, BLIND)
    assert stored.status is BLIND
    assert stored.observed == EXECUTED


def test_a_new_fact_takes_the_place_of_the_one_that_lasts():
    newer = {"last_executed": {"target": "u"}}
    stored, _ = life((GOOD, {"observed": EXECUTED}), (BLIND, {"observed": newer}))
    assert stored.observed == newer


def test_an_observation_that_was_made_says_itself_what_lasts():
    stored, _ = life((GOOD, {"observed": EXECUTED}), GOOD)
    assert stored.observed == {}
