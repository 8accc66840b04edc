"""A look that is asked for twice is made once, and none is lost that can still settle something."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from readiness.engine.look_again import (
    MOST_TARGETS,
    SLOT_SECONDS,
    WAITS,
    Again,
    LookAgain,
    asked_for,
    batches,
)
from readiness.engine.targets import ConfigRequest, MalformedEvent, Target
from readiness.model.origin import Origin
from tests.fake_account import error

MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:again"
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:" + "r" * 64
NOON = datetime(2026, 11, 2, 12, 0, 7, tzinfo=UTC)
ORIGIN = Origin("arn:aws:iam::1:user/ann", "PutBucketEncryption", "2026-11-02T12:00:00Z", "e1")
BUCKET = Target("encryption.s3-kms", "data")
EVERY = Target("alarms.errors", None)
REFERRING = Target("encryption.s3-kms", None, ("AWS::KMS::Key", "k1"))


class Machine:
    """Step Functions as it is documented: a name is taken for 90 days."""

    def __init__(self, fails=None):
        self.fails = fails
        self.started = {}

    def start_execution(self, *, stateMachineArn, name, input):  # noqa: N803
        assert stateMachineArn == MACHINE
        assert 1 <= len(name) <= 80
        assert len(input) <= 262_144
        if self.fails:
            raise self.fails
        if name in self.started:
            raise error("ExecutionAlreadyExists")
        self.started[name] = json.loads(input)


@pytest.fixture
def machine():
    return Machine()


def later(machine):
    return LookAgain(machine, MACHINE, FUNCTION)


def test_the_next_look_carries_everything_it_needs(machine):
    again = Again(frozenset({BUCKET, REFERRING}), 0, "event-1", ORIGIN)
    assert later(machine).later(again, NOON)
    [asked] = machine.started.values()
    assert (asked["function"], asked["wait"]) == (FUNCTION, 30)
    seen = asked_for(asked["event"]["look_again"])
    assert seen == Again(again.targets, 1, "event-1", ORIGIN)


@pytest.mark.parametrize("crowd", ["", "2026-11-02T12:00#aws.s3"], ids=["alone", "of a crowd"])
def test_the_look_of_a_crowd_says_which_events_share_it(machine, crowd):
    assert later(machine).once(Again(frozenset({EVERY}), 0, "event-1", ORIGIN, crowd), NOON)
    [asked] = machine.started.values()
    assert asked_for(asked["event"]["look_again"]).crowd == crowd


def test_a_look_that_an_earlier_version_asked_for_says_what_it_knows():
    """The state machine may still wait with an input that lacks what this version added."""
    asked = {
        "targets": [["encryption.s3-kms", "data", None]],
        "attempt": 1,
        "origin": {"by": "ann"},
    }
    assert asked_for(asked) == Again(frozenset({BUCKET}), 1, "", Origin("ann", woken_by=""))


def test_waits_grow_and_end(machine):
    waited = []
    again = Again(frozenset({BUCKET}))
    while later(machine).later(again, NOON):
        asked = list(machine.started.values())[-1]
        waited.append(asked["wait"])
        again = asked_for(asked["event"]["look_again"])
    assert tuple(waited) == WAITS
    assert again.attempt == len(WAITS)


def test_the_same_look_is_asked_for_once_in_its_time(machine):
    again = Again(frozenset({BUCKET}))
    assert later(machine).later(again, NOON)
    assert later(machine).later(again, NOON + timedelta(seconds=5))
    assert len(machine.started) == 1
    assert later(machine).later(again, NOON + timedelta(seconds=30))
    assert len(machine.started) == 2


@given(st.lists(st.integers(0, 600), min_size=1, max_size=50))
def test_every_event_of_a_crowd_is_followed_by_a_look_within_a_minute(seconds):
    machine = Machine()
    looks = []
    for second in sorted(seconds):
        now = NOON + timedelta(seconds=second)
        before = set(machine.started)
        assert later(machine).once(Again(frozenset({EVERY})), now)
        waits = [machine.started[name]["wait"] for name in set(machine.started) - before]
        looks += [now + timedelta(seconds=wait) for wait in waits]
    for second in seconds:
        now = NOON + timedelta(seconds=second)
        assert any(
            now < resolve_targets <= now + timedelta(seconds=SLOT_SECONDS)
            for resolve_targets in looks
        )
    minutes = {(NOON + timedelta(seconds=s)).replace(second=0) for s in seconds}
    assert len(looks) == len(minutes)


def test_other_targets_are_another_look(machine):
    assert later(machine).once(Again(frozenset({EVERY})), NOON)
    assert later(machine).once(Again(frozenset({BUCKET})), NOON)
    assert len(machine.started) == 2


@pytest.mark.parametrize(
    "fails",
    [
        error("ThrottlingException"),
        error("AccessDeniedException", 403),
        error("StateMachineDoesNotExist"),
        EndpointConnectionError(endpoint_url="https://127.0.0.1"),
    ],
    ids=["throttled", "denied", "deleted", "not reached"],
)
def test_a_machine_that_does_not_take_it_says_so(fails):
    assert not later(Machine(fails)).once(Again(frozenset({EVERY})), NOON)
    assert not later(Machine(fails)).later(Again(frozenset({BUCKET})), NOON)


@pytest.mark.parametrize(
    ("count", "letters", "is_taken"),
    [
        pytest.param(MOST_TARGETS, 1, True, id="as many as fit"),
        pytest.param(MOST_TARGETS + 1, 1, False, id="one more"),
        pytest.param(200, 1000, True, id="long ids"),
        pytest.param(250, 1000, False, id="more than an execution takes as input"),
    ],
)
def test_what_does_not_fit_into_an_execution_is_not_taken(machine, count, letters, is_taken):
    targets = frozenset(Target("r", f"{n:0{letters}}") for n in range(count))
    assert later(machine).later(Again(targets), NOON) is is_taken
    assert len(machine.started) == int(is_taken)


def test_targets_are_split_over_executions():
    targets = [Target("encryption.s3-kms", f"bucket-{n}") for n in range(2 * MOST_TARGETS + 1)]
    made = batches(targets)
    assert [len(each) for each in made] == [MOST_TARGETS, MOST_TARGETS, 1]
    assert frozenset().union(*made) == frozenset(targets)


def test_what_is_asked_of_one_resource_stays_together():
    rules = ("encryption.s3-kms", "encryption.s3-tls", "encryption.s3-versioning")
    targets = [Target(rule, f"bucket-{n}") for rule in rules for n in range(MOST_TARGETS)]
    made = batches(targets)
    assert frozenset().union(*made) == frozenset(targets)
    for each in made:
        assert len(each) <= MOST_TARGETS
        for id in {target.id for target in each}:
            assert {target.rule for target in each if target.id == id} == set(rules)


def test_each_invocation_of_a_config_rule_has_its_own_look():
    machine = Machine()
    first = ConfigRequest("token-1", "2026-11-02T12:00:00.000Z", {"a.b": "1"}, "T", "data")
    looks = [Again(frozenset({BUCKET}), config=first)]
    looks.append(replace(looks[0], config=replace(first, token="token-2")))
    looks.append(replace(looks[0], config=replace(first, token="token-3", left_scope=True)))
    looks.append(replace(looks[0], config=None))
    for look in looks * 2:
        assert later(machine).later(look, NOON)
    asked = [asked_for(each["event"]["look_again"]) for each in machine.started.values()]
    assert [look.config for look in asked] == [look.config for look in looks]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (None, "object with the list 'targets'"),
        ({"targets": "all"}, "object with the list 'targets'"),
        ({"targets": [], "attempt": "1"}, "'look_again.attempt' must be a whole number"),
        ({"targets": [], "attempt": True}, "'look_again.attempt' must be a whole number"),
        ({"targets": [], "attempt": -1}, "'look_again.attempt' must be a whole number"),
        ({"targets": ["encryption.s3-kms"], "attempt": 1}, "a target of 'look_again' is"),
        ({"targets": [["r", "x", ["t", "i"]]], "attempt": 1}, "a target of 'look_again' is"),
        ({"targets": [["r", 7, None]], "attempt": 1}, "a target of 'look_again' is"),
        ({"targets": [["r", "x" * 2000, None]], "attempt": 1}, "a target of 'look_again' is"),
        ({"targets": [["r", "漢" * 601, None]], "attempt": 1}, "a target of 'look_again' is"),
        ({"targets": [["r", "", None]], "attempt": 1}, "a target of 'look_again' is"),
        ({"targets": [["r", "a\ud800", None]], "attempt": 1}, "a target of 'look_again' is"),
        ({"targets": [["r", None, ["t", ""]]], "attempt": 1}, "a target of 'look_again' is"),
    ],
)
def test_a_look_that_is_none_is_malformed(event, said):
    with pytest.raises(MalformedEvent, match=said):
        asked_for(event)


def test_what_the_event_named_is_known_to_the_later_look(machine):
    asked = Again(frozenset({BUCKET}), 0, "e1", ORIGIN, named=frozenset({"agent", "Event"}))
    assert later(machine).later(asked, NOON)
    [started] = machine.started.values()
    assert asked_for(started["event"]["look_again"]).named == {"agent", "Event"}


@pytest.mark.parametrize("given", [None, "agent", 3, {}])
def test_names_of_another_form_are_none(given):
    look = {"targets": [["encryption.s3-kms", "data", None]], "attempt": 1, "named": given}
    assert asked_for(look).named == frozenset()


@pytest.mark.parametrize("char", ["x", "漢"])
def test_targets_with_long_ids_are_in_more_sets_and_none_is_left_out(char):
    """Else what could not be read for a moment would be unknown until the sweep."""
    targets = {Target("encryption.s3-kms", f"{n:04}" + char * 590) for n in range(400)}
    made = batches(targets)
    assert frozenset().union(*made) == targets
    assert sum(map(len, made)) == len(targets)
    machine = Machine()
    named = frozenset("n" * 500 + str(n) for n in range(20))
    for each in made:
        assert later(machine).later(Again(each, named=named), NOON)
    assert len(machine.started) == len(made)
