"""The second look of a leg: one over what changed, and what it makes of first rows."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from readiness import Status
from readiness.engine.aws_errors import Postponed
from readiness.engine.record import Recorder
from readiness.engine.targets import Target
from readiness.evidence.s3.buckets import BUCKET as BUCKETS
from tests.engine.recorded import (
    BAD,
    GOOD,
    RULE,
    UNREADABLE_LISTING,
    Account,
    bucket,
    first_rows,
    kinds,
)
from tests.findings import BUCKET, after, finding


def test_the_second_look_of_a_leg_is_one_over_what_changed(store):
    account = Account(BAD)
    freshened = []
    account.reread = lambda *, bulk=False: freshened.append(bulk) or account
    recorder = Recorder(store, account, together=True)
    recorder.expect([RULE])
    names = [f"b{number}" for number in range(5)]
    recorder.prepare(BUCKETS, names)
    for name in names:
        recorder.record(account.observe(RULE, bucket(name)))
    assert (account.looks, freshened) == (5, [])
    assert recorder.seconds_to_look(100) == 100 + 7
    assert recorder.look_again() == 0
    assert (account.looks, freshened) == (10, [True])


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("stored", "kept", "live", "told"),
    [
        pytest.param(BAD, GOOD, BAD, ["OPENED"], id="is no resolve"),
        pytest.param(GOOD, BAD, GOOD, [], id="opens nothing"),
        pytest.param(BAD, GOOD, GOOD, ["OPENED", "RESOLVED"], id="once measured anew"),
    ],
)
def test_what_was_measured_before_an_event_does_not_undo_what_it_saw(
    store, together, stored, kept, live, told
):
    event = Account(stored)
    Recorder(store, event).record(event.resolve_targets())
    account = Account(kept)
    account.seconds = 600
    recorder = Recorder(store, account, together=together)
    seen = replace(account.resolve_targets(), over=None, measured_before=True)
    account.state = live
    recorder.record(seen)
    if together:
        assert store.get(BUCKET, RULE.id).status is stored
    recorder.look_again()
    assert kinds(store) == told
    assert store.get(BUCKET, RULE.id).status is live


def test_what_the_second_look_finds_changed_is_looked_at_once_more(store):
    account = Account(BAD)
    recorder = Recorder(store, account, together=True)
    recorder.record(account.resolve_targets())
    account.state = GOOD
    recorder.look_again()
    assert kinds(store) == ["OPENED", "RESOLVED"]
    assert account.looks == 3


def test_a_second_look_without_time_says_what_is_left(store):
    account = Account(BAD)
    recorder = Recorder(store, account, together=True)
    recorder.record(account.resolve_targets())
    assert recorder.look_again(lambda: True) == 1
    assert account.looks == 1


def test_of_first_rows_a_new_listing_is_enough(store):
    account = Account(BAD)
    recorder = first_rows(store, account, "a", "b", "c")
    account.aws.find = lambda about: ["a", "b", "c"]
    assert recorder.seconds_to_look(100) == 7, "nothing is read again but the listing"
    assert recorder.look_again() == 0
    assert account.looks == 3


def test_a_first_row_of_what_was_deleted_meanwhile_is_closed(store):
    """The run of the delete event found no row to close."""
    account = Account(BAD)
    recorder = first_rows(store, account, "a", "b")
    account.aws.find = lambda about: ["a"]
    account.state = None
    assert recorder.look_again() == 0
    assert account.looks == 4, "and once more after it was closed"
    assert store.get(bucket("b"), RULE.id).gone
    assert not store.get(bucket("a"), RULE.id).gone


@pytest.mark.parametrize("failure", [Postponed("no time"), UNREADABLE_LISTING])
def test_where_the_listing_cannot_be_made_first_rows_are_read_again(store, failure):
    account = Account(BAD)
    recorder = first_rows(store, account, "a", "b")

    def find(about):
        raise failure

    account.aws.find = find
    assert recorder.look_again() == 0
    assert account.looks == 4


def test_a_first_row_that_another_run_wrote_is_read_again(store):
    account = Account(BAD)
    account.settled = True
    recorder = Recorder(store, account, together=True)
    seen = account.observe(RULE, BUCKET)
    recorder.of(BUCKET, RULE.id)
    account.state = GOOD
    store.record(finding(GOOD, after(30)), None)
    recorder.record(seen)
    assert recorder.look_again() == 0
    assert account.looks >= 2
    assert store.get(BUCKET, RULE.id).status is GOOD


def test_a_row_that_was_replaced_is_read_again_whatever_is_listed(store):
    store.record(finding(GOOD), None)
    account = Account(BAD)
    account.settled, account.seconds = True, 60
    recorder = Recorder(store, account, together=True)
    recorder.record(account.observe(RULE, BUCKET))
    account.state = GOOD
    recorder.look_again()
    assert store.get(BUCKET, RULE.id).status is GOOD


@pytest.mark.parametrize("seed", range(25))
def test_a_sweep_and_events_in_any_order_converge_to_the_live_state(store, seed):
    """Every change is followed by an event; the runs write at any time after they read."""
    chance = random.Random(seed)
    account = Account(chance.choice([GOOD, BAD]))
    account.settled = True
    sweep = Recorder(store, account, together=True)
    late = [(sweep, account.resolve_targets())]
    for _ in range(5):
        account.state = chance.choice([GOOD, BAD, None])
        event = Recorder(store, account)
        late.append((event, account.resolve_targets()))
        if chance.random() < 0.5:
            account.stored = sweep
            late.append((sweep, account.resolve_targets()))
        while late and chance.random() < 0.5:
            run, seen = late.pop(chance.randrange(len(late)))
            run.record(seen)
    chance.shuffle(late)
    for run, seen in late:
        run.record(seen)
    sweep.look_again()
    stored = store.get(BUCKET, RULE.id)
    live = account.state or Status.NOT_APPLICABLE
    assert (stored.status if stored else live) is live


# -- second looks that cannot be settled now ---------------------------------------------------


class Unsettled(Account):
    """After the first look the bucket cannot be read, or is not seen yet, for a passing reason."""

    def __init__(self, then):
        super().__init__(GOOD)
        self.then = then

    def observe(self, rule, resource):
        seen = super().observe(rule, resource)
        if self.looks == 1:
            return seen
        if self.then is None:
            return replace(seen, finding=None)
        unknown = seen.finding.but(status=Status.INSUFFICIENT_DATA)
        return replace(seen, finding=unknown, again=THERE)


THERE = Target(RULE.id, BUCKET.id)


def unsettled(store, then, *, together, may_appear=False):
    store.record(finding(BAD), None)
    account = Unsettled(then)
    account.seconds = 60
    recorder = Recorder(store, account, together=together, may_appear=may_appear)
    recorder.record(account.resolve_targets())
    recorder.look_again()
    return recorder


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize(
    ("then", "may_appear"),
    [
        pytest.param(Status.INSUFFICIENT_DATA, False, id="throttled"),
        pytest.param(None, True, id="not there yet"),
    ],
)
def test_a_second_look_that_may_be_settled_later_replaces_nothing(
    store, then, may_appear, together
):
    recorder = unsettled(store, then, together=together, may_appear=may_appear)
    assert set(recorder.waiting) == {THERE}
    recorder.leave_to_later({THERE})
    assert kinds(store) == ["OPENED", "RESOLVED"]
    assert store.get(BUCKET, RULE.id).status is GOOD
    assert not store.get(BUCKET, RULE.id).gone


@pytest.mark.parametrize("together", [False, True])
def test_where_no_later_look_can_be_had_the_second_one_is_written(store, together):
    recorder = unsettled(store, Status.INSUFFICIENT_DATA, together=together)
    recorder.leave_to_later(())
    assert store.get(BUCKET, RULE.id).status is Status.INSUFFICIENT_DATA


def test_after_a_deletion_a_second_look_is_believed(store):
    recorder = unsettled(store, None, together=False)
    assert recorder.waiting == {}
    assert store.get(BUCKET, RULE.id).gone
