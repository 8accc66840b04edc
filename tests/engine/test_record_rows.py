"""What the recorder knows of the table: read for a batch at once, and left clean behind what is gone."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from moto import mock_aws

from readiness import Severity, Status, complies, heading
from readiness.engine.closing import Closing
from readiness.engine.observation import Observation
from readiness.engine.record import Recorder
from readiness.engine.rows import to_item
from readiness.engine.store import Overtaken, Store, Unwritable
from readiness.engine.survey import Coverage
from readiness.model.evidence import REGION
from readiness.model.unreadable import Cause, Unreadable
from tests.engine.things import OWNER, THING, WORLDWIDE, Owner, Thing, Wide
from tests.fake_account import ACCOUNT_ID, HOME
from tests.findings import after, finding
from tests.tables import FINDINGS, TRANSITIONS, make_tables

GOOD, BAD, NONE = Status.COMPLIANT, Status.NON_COMPLIANT, Status.NOT_APPLICABLE
toy = heading("Security", "Encryption")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def first(thing: Thing):
    """A thing is."""
    return complies("It is.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def second(thing: Thing):
    """A thing is well."""
    return complies("It is well.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def of_owners(owner: Owner):
    """An owner is."""
    return complies("It is.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def worldwide(wide: Wide):
    """It is everywhere."""
    return complies("It is.")


class Account:
    """Things with states by id; each observation takes the next second."""

    def __init__(self, **states):
        self.states = states
        self.seconds = 0
        self.stored = None
        self.seen = []
        self.batches = []
        self.settled = False
        self.listings = 0
        self.unproven = False
        self.aws = SimpleNamespace(
            account=ACCOUNT_ID,
            region=HOME,
            bulk=True,
            batch=self.batch,
            found_in={THING: 7.0, OWNER: 3.0},
            find=self.find,
        )

    @contextmanager
    def batch(self, about, ids):
        self.batches.append((about, list(ids)))
        yield

    def find(self, about):
        self.listings += 1
        return [id for id, state in self.states.items() if state is not None]

    def lists(self, rule, resource):
        return resource.id in self.find(rule.subject)

    def is_settled_by_a_listing(self, rule):
        assert rule.subject in {THING, OWNER, WORLDWIDE}
        return self.settled

    def read_before(self, stored):
        self.stored = stored

    def reread(self, *, bulk=False):
        return self

    def agreed(self, resource, rules):
        return [self.observe(rule, resource) for rule in rules]

    def observe(self, rule, resource, **changes):
        stored = self.stored.of(resource, rule.id)
        over = stored.version if stored else 0
        self.seconds += 1
        at = after(self.seconds / 60)
        self.seen.append((rule.name, resource.id))
        state = self.states.get(resource.id)
        if state is None:
            return Observation(rule, resource, at, over=over)
        said = finding(state, at, resource=resource, rule=rule.id, **changes)
        return Observation(rule, resource, at, said, over=over, unproven=self.unproven)


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield Mock(wraps=make_tables())


@pytest.fixture
def store(dynamodb):
    return Store(dynamodb, FINDINGS, TRANSITIONS, wait=lambda seconds: None)


def thing(id):
    return THING.resource(ACCOUNT_ID, HOME, id)


def put(store, id, rule=first, status=BAD, at=0.0, **changes):
    row = finding(status, after(at), resource=thing(id), rule=rule.id, **changes)
    store.record(row, None)


def gone(store):
    return sorted((row.resource.id, row.rule.partition(".")[2]) for row in store.all() if row.gone)


# -- what is stored --------------------------------------------------------------------------------


def queries(dynamodb):
    """How many there were, each with all its pages."""
    asked = [each.kwargs for each in dynamodb.query.call_args_list]
    return sum("ExclusiveStartKey" not in each for each in asked)


def test_what_is_stored_of_a_batch_is_read_in_one_query_for_each_rule(dynamodb, store):
    for id in "abcx":
        put(store, id)
        put(store, id, second)
    recorder = Recorder(store, Account())
    recorder.expect([first, of_owners, second])
    dynamodb.query.reset_mock()
    recorder.prepare(THING, ["a", "b", "d"])
    assert queries(dynamodb) == 2
    for id in "ab":
        for rule in (first, second):
            assert recorder.of(thing(id), rule.id) == store.get(thing(id), rule.id)
    assert recorder.of(thing("d"), first.id) is None
    assert queries(dynamodb) == 2, "nothing of the batch is asked one by one"
    assert recorder.of(thing("c"), first.id) is not None
    assert queries(dynamodb) == 3, "what is not of the batch is"


def test_a_type_without_rules_has_nothing_to_prepare(dynamodb, store):
    recorder = Recorder(store, Account())
    recorder.expect([of_owners])
    recorder.prepare(THING, ["a"])
    assert not dynamodb.query.called


def test_the_rows_of_the_last_batch_are_forgotten(dynamodb, store):
    put(store, "a")
    recorder = Recorder(store, Account())
    recorder.expect([first])
    recorder.prepare(THING, ["a"])
    recorder.prepare(THING, ["b"])
    dynamodb.query.reset_mock()
    recorder.of(thing("a"), first.id)
    recorder.of(thing("a"), second.id)
    assert dynamodb.query.call_count == 1


def test_what_was_written_is_what_is_stored(store):
    account = Account(a=BAD)
    recorder = Recorder(store, account, together=True)
    recorder.record(account.observe(first, thing("a")))
    account.states["a"] = GOOD
    recorder.record(account.observe(first, thing("a")))
    assert store.get(thing("a"), first.id).status is GOOD
    assert store.get(thing("a"), first.id).version == 2
    assert (recorder.recorded, recorder.transitions) == (2, 2)


def test_a_row_that_is_not_there_any_more_is_written_anew(dynamodb, store):
    """DynamoDB removes those that expire."""
    put(store, "a")
    account = Account(a=GOOD)
    recorder = Recorder(store, account)
    seen = account.observe(first, thing("a"))
    row = store.get(thing("a"), first.id)
    key = {"resource": {"S": row.resource.key}, "rule": {"S": row.rule}}
    dynamodb.delete_item(TableName=FINDINGS, Key=key)
    recorder.record(seen)
    again = store.get(thing("a"), first.id)
    assert (again.status, again.version, recorder.unwritten) == (GOOD, 1, [])


def test_a_row_that_cannot_be_repeated_and_was_overtaken_is_unwritten(store):
    account = Account()
    recorder = Recorder(store, account)
    where = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    said = finding(NONE, after(1), resource=where, rule=first.id)
    store.record = Mock(side_effect=Overtaken(None))
    recorder.record(Observation(first, where, after(1), said, over=0))
    assert recorder.unwritten == [f"{where.key} {first.id}"]
    assert account.seen == []


# -- the second look -------------------------------------------------------------------------------


def test_it_looks_again_with_the_rules_that_changed_at_the_resources_that_changed(store):
    put(store, "b", second, GOOD)
    account = Account(a=BAD, b=GOOD)
    recorder = Recorder(store, account, together=True)
    for id, rule in (("a", first), ("a", second), ("b", second)):
        recorder.record(account.observe(rule, thing(id)))
    account.seen.clear()
    assert recorder.look_again() == 0
    assert sorted(account.seen) == [("first", "a"), ("second", "a")]
    assert account.batches == [(THING, ["a"])]
    account.seen.clear()
    assert recorder.look_again() == 0
    assert account.seen == [], "once"


def test_how_long_the_second_look_takes_is_told_from_what_it_has_to_read(store):
    put(store, "b", status=GOOD)
    account = Account(a=BAD, b=BAD, c=GOOD)
    account.settled = True
    recorder = Recorder(store, account, together=True)
    assert recorder.seconds_to_look(90) == 0
    for id in "abc":
        recorder.record(account.observe(first, thing(id)))
    assert recorder.seconds_to_look(90) == 90 * 1 / 3 + 7.0, "a is new: a listing is enough"
    recorder.look_again()
    assert recorder.seconds_to_look(90) == 90 * 1 / 4 + 0, "of what it has written since"


def test_without_time_it_says_how_many_are_left(store):
    account = Account(a=BAD, b=BAD)
    recorder = Recorder(store, account, together=True)
    for id in "ab":
        for rule in (first, second):
            recorder.record(account.observe(rule, thing(id)))
    assert recorder.look_again(lambda: True) == 4


# -- what is gone ----------------------------------------------------------------------------------


def test_of_what_is_gone_the_row_says_nothing_but_that(store):
    put(
        store,
        "a",
        expected="KMS.",
        observed={"key": "none"},
        missing=("kms:DescribeKey",),
        denied=("kms:DescribeKey",),
        reminder="The statement expires soon.",
        blind_since=after(-9),
        blind_reason="Denied.",
        blinded_at=after(-5),
        changed_by="arn:ann",
        changed_call="PutKey",
        changed_at="2026-11-02",
        event_id="e-1",
    )
    account = Account()
    Recorder(store, account).record(account.observe(first, thing("a")))
    row = store.get(thing("a"), first.id)
    assert (row.status, row.reason, row.gone) == (
        NONE,
        "The resource does not exist any more.",
        True,
    )
    assert (row.expected, row.observed, row.missing, row.denied) == ("", {}, (), ())
    assert (row.reminder, row.blind_since, row.blind_reason, row.blinded_at) == (
        "",
        None,
        "",
        None,
    )
    assert (row.changed_by, row.changed_call, row.changed_at, row.event_id) == ("", "", "", "")
    assert row.last_observed_at == after(1 / 60)


def test_what_is_gone_already_is_not_written_again(store):
    put(store, "a")
    account = Account()
    recorder = Recorder(store, account)
    recorder.record(account.observe(first, thing("a")))
    version = store.get(thing("a"), first.id).version
    recorder.record(account.observe(first, thing("a")))
    assert store.get(thing("a"), first.id).version == version


def test_what_is_out_of_scope_is_closed_once_and_closes_no_other_rule(store):
    put(store, "a")
    put(store, "a", second)
    account = Account(a=NONE)
    recorder = Recorder(store, account)
    for _ in range(2):
        seen = replace(account.observe(first, thing("a")), out_of_scope=True)
        recorder.record(seen)
    assert store.get(thing("a"), first.id).status is NONE
    assert store.get(thing("a"), first.id).version == 2
    assert store.get(thing("a"), second.id).status is BAD
    assert gone(store) == []


def test_one_rule_that_finds_it_gone_ends_the_rows_of_all(store):
    for rule in (first, second, of_owners):
        put(store, "a", rule)
    put(store, "b", second)
    account = Account(b=BAD)
    recorder = Recorder(store, account)
    recorder.record(account.observe(first, thing("a")))
    assert gone(store) == [("a", "first"), ("a", "of-owners"), ("a", "second")]
    assert recorder.transitions == 3


# -- the end of a sweep ----------------------------------------------------------------------------


def close(store, account, *rules, listed=(), **more):
    recorder = Recorder(store, account)
    coverage = Coverage(listed={THING: set(listed)})
    return Closing(store, account, recorder).vanished(
        rules, coverage, before=after(30), **more
    ), recorder


def test_what_vanished_is_closed_for_all_its_rules_and_counted(store):
    for id in "ab":
        for rule in (first, second):
            put(store, id, rule)
    account = Account(b=BAD)
    account.seconds = 3600
    closed, _ = close(store, account, first, second, listed={"b"})
    assert (closed, gone(store)) == (2, [("a", "first"), ("a", "second")])
    assert set(account.seen) == {("first", "a"), ("second", "a")}


def test_rows_of_rules_that_were_not_swept_end_with_the_resource_and_are_counted(store):
    for rule in (first, second):
        put(store, "a", rule)
    account = Account()
    account.seconds = 3600
    closed, _ = close(store, account, first)
    assert (closed, gone(store)) == (2, [("a", "first"), ("a", "second")])


def test_the_row_that_there_is_nothing_ends_with_the_first_thing_and_is_counted(store):
    nothing = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    store.record(finding(NONE, resource=nothing, rule=first.id), None)
    closed, _ = close(store, Account(), first, listed={"a"})
    assert closed == 1
    assert store.get(nothing, first.id).gone
    assert store.get(nothing, first.id).last_observed_at == after(30)


@pytest.mark.parametrize("at", [30, 31], ids=["as the sweep began", "since"])
def test_what_was_observed_since_the_sweep_began_is_left_alone(store, at):
    put(store, "a", at=at)
    account = Account()
    closed, _ = close(store, account, first)
    assert (closed, account.seen) == (0, [])


def test_global_findings_are_those_of_no_region(store):
    resource = WORLDWIDE.resource(ACCOUNT_ID, HOME, "w")
    store.record(finding(BAD, resource=resource, rule=worldwide.id), None)
    account = Account()
    account.seconds = 3600
    recorder = Recorder(store, account)
    coverage = Coverage(listed={WORLDWIDE: set()})
    assert resource.region == "global"
    closing = Closing(store, account, recorder)
    assert closing.vanished([worldwide], coverage, before=after(30)) == 1


def test_several_vanished_of_which_one_listing_tells(store):
    """Where nothing that is read proves it: what the second listing shows stays."""
    for id in "ab":
        put(store, id)
    account = Account(a=BAD, b=BAD)
    account.seconds, account.unproven = 3600, True
    account.find = lambda about: ["b"]
    closed, _ = close(store, account, first)
    assert (closed, gone(store)) == (1, [("a", "first")])


# -- rules that are no more ------------------------------------------------------------------------


def retire(store, *rules, before=30.0, **more):
    account = Account()
    recorder = Recorder(store, account)
    closing = Closing(store, account, recorder)
    closed = closing.retired("encryption", rules, before=after(before), **more)
    return closed, recorder


def test_rows_of_former_rules_are_counted_and_those_of_rules_stay(store):
    for rule in (first, second):
        put(store, "a", rule)
    put(store, "b", second)
    closed, recorder = retire(store, first, deployed=[])
    assert (closed, gone(store)) == (2, [("a", "second"), ("b", "second")])
    assert recorder.transitions == 2
    assert store.get(thing("a"), second.id).last_observed_at == after(30)


def test_what_was_observed_at_the_moment_is_not_older(store):
    put(store, "a", second, at=30)
    assert retire(store, first, deployed=[])[0] == 0


def test_a_former_row_that_cannot_be_read_is_told_with_the_reason(dynamodb, store):
    row = to_item(finding(BAD, resource=thing("a"), rule=second.id))
    dynamodb.put_item(TableName=FINDINGS, Item=row | {"severity": {"S": "CATASTROPHIC"}})
    put(store, "b", second)
    closed, recorder = retire(store, first, deployed=[])
    assert closed == 1
    [(key, why)] = recorder.unreadable.items()
    assert key == f"{thing('a').key} {second.id}"
    assert "CATASTROPHIC" in why


def test_a_former_row_that_cannot_be_written_costs_no_other(store):
    for id in "ab":
        put(store, id, second)
    record = store.record

    def refuse(seen, stored, **more):
        if seen.resource.id == "a":
            raise Unwritable("a is refused")
        return record(seen, stored, **more)

    store.record = refuse
    closed, recorder = retire(store, first, deployed=[])
    assert (closed, recorder.unwritten) == (1, ["a is refused"])


# -- first rows ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "listed", "written"),
    [(BAD, True, True), (BAD, False, False), (GOOD, True, True), (NONE, True, False)],
)
def test_what_nothing_proves_is_written_where_a_listing_shows_it(store, status, listed, written):
    account = Account(a=status)
    account.unproven = True
    account.find = lambda about: ["a"] if listed else []
    Recorder(store, account).record(account.observe(first, thing("a")))
    assert (store.get(thing("a"), first.id) is not None) is written


def test_what_is_stored_needs_no_listing(store):
    put(store, "a")
    account = Account(a=GOOD)
    account.unproven = True
    Recorder(store, account, together=True).record(account.observe(first, thing("a")))
    assert account.listings == 0
    assert store.get(thing("a"), first.id).status is GOOD


def test_without_a_listing_it_is_written_rather_than_lost(store):
    account = Account(a=BAD)
    account.unproven = True

    def denied(about):
        raise Unreadable("test:ListThings", Cause.ACCESS_DENIED)

    account.find = denied
    Recorder(store, account, together=True).record(account.observe(first, thing("a")))
    assert store.get(thing("a"), first.id).status is BAD
