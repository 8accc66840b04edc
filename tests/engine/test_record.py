"""Observations become findings: the second look, and the end of what is gone."""

from __future__ import annotations

import itertools
import random
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest
from moto import mock_aws

from functions.encryption.app import encryption
from readiness import Status
from readiness.engine.aws_errors import Postponed
from readiness.engine.closing import Closing
from readiness.engine.observation import Observation
from readiness.engine.record import Recorder
from readiness.engine.rows import to_item
from readiness.engine.store import Contended, Unavailable
from readiness.engine.survey import Coverage
from readiness.evidence.s3.buckets import BUCKET as BUCKETS
from readiness.model.blindness import UNREADABLE
from readiness.model.evidence import ACCOUNT, REGION
from readiness.model.unreadable import Cause, Unreadable
from tests.fake_account import ACCOUNT_ID, HOME
from tests.findings import BUCKET, after, finding
from tests.tables import make_store, make_tables

RULE = next(rule for rule in encryption if rule.id == "encryption.s3-kms")
UNREADABLE_LISTING = Unreadable("s3:ListAllMyBuckets", Cause.THROTTLED, "SlowDown")
GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT


class Account:
    """One bucket whose state changes; every look at it takes the next second."""

    def __init__(self, state=GOOD):
        self.state = state
        self.seconds = 0
        self.looks = 0
        self.stored = None
        self.ahead = 0
        self.unproven = False
        self.settled = False
        self.aws = SimpleNamespace(
            account=ACCOUNT_ID,
            region=HOME,
            bulk=True,
            batch=lambda about, ids: nullcontext(),
            found_in={BUCKETS: 7.0},
            find=lambda about: [BUCKET.id] if self.state else [],
        )

    def is_settled_by_a_listing(self, rule):
        return self.settled

    def read_before(self, stored):
        self.stored = stored

    def reread(self, *, bulk=False):
        return self

    def agreed(self, resource, rules):
        return [self.observe(rule, resource) for rule in rules]

    def observe(self, rule, resource):
        """As an evaluation does, what is stored is read before the resource."""
        over = None
        if self.stored is not None:
            stored = self.stored.of(resource, rule.id)
            over = stored.version if stored else 0
        self.looks += 1
        self.seconds += 1
        at = after(self.seconds / 60 + self.ahead)
        if self.state is None:
            return Observation(rule, resource, at, over=over)
        seen = finding(self.state, at, resource=resource)
        return Observation(rule, resource, at, seen, over=over, unproven=self.unproven)

    def resolve_targets(self):
        return self.observe(RULE, BUCKET)


@pytest.fixture
def store():
    with mock_aws():
        yield make_store(make_tables())


def kinds(store):
    return [entry.kind for entry in store.history(finding().id)]


def test_a_transition_is_looked_at_again(store):
    account = Account(BAD)
    Recorder(store, account).record(account.resolve_targets())
    assert account.looks == 2
    assert kinds(store) == ["OPENED"]


def test_no_transition_no_second_look(store):
    account = Account(GOOD)
    Recorder(store, account).record(account.resolve_targets())
    assert account.looks == 1


def test_the_second_look_repairs_a_late_write(store):
    """The other run saw the repair, found it equal to what was stored, and wrote nothing."""
    account = Account(GOOD)
    Recorder(store, account).record(account.resolve_targets())
    account.state = BAD
    late = account.resolve_targets()
    account.state = GOOD
    Recorder(store, account).record(account.resolve_targets())
    assert kinds(store) == []
    Recorder(store, account).record(late)
    assert kinds(store) == ["OPENED", "RESOLVED"]
    assert store.get(BUCKET, RULE.id).status is GOOD


@pytest.mark.parametrize("seed", range(15))
def test_shuffled_duplicates_converge_to_the_live_state(store, seed):
    chance = random.Random(seed)
    account = Account()
    looks = []
    for _ in range(8):
        account.state = chance.choice([GOOD, BAD, None])
        looks.append(account.resolve_targets())
    looks += chance.choices(looks, k=6)
    chance.shuffle(looks)
    for resolve_targets in looks:
        Recorder(store, account).record(resolve_targets)
    stored = store.get(BUCKET, RULE.id)
    live = account.state or Status.NOT_APPLICABLE
    assert (stored.status if stored else live) is live
    story = kinds(store)
    assert all(a != b for a, b in itertools.pairwise(story)), story


def test_what_is_gone_resolves_once_and_blames_nobody(store):
    account = Account(BAD)
    first = account.resolve_targets()
    opened = replace(first, finding=first.finding.but(changed_by="ann"))
    Recorder(store, account).record(opened)
    account.state = None
    Recorder(store, account).record(account.resolve_targets())
    Recorder(store, account).record(account.resolve_targets())
    stored = store.get(BUCKET, RULE.id)
    assert (stored.status, stored.gone, stored.changed_by) == (Status.NOT_APPLICABLE, True, "")
    assert kinds(store) == ["OPENED", "RESOLVED"]


def test_what_never_was_leaves_no_trace(store):
    account = Account(None)
    Recorder(store, account).record(account.resolve_targets())
    assert list(store.all()) == []


def out_of_scope(account):
    seen = account.resolve_targets()
    na = seen.finding.but(status=Status.NOT_APPLICABLE, reason="Outside the scope.")
    return Observation(RULE, BUCKET, seen.observed_at, na, out_of_scope=True)


def test_out_of_scope_opens_nothing_and_closes_what_was_open(store):
    account = Account(BAD)
    Recorder(store, account).record(out_of_scope(account))
    assert list(store.all()) == []
    store.record(finding(BAD, after(1)), None)
    account.seconds = 120
    account.observe = lambda rule, resource: out_of_scope_again(account)
    scoped = out_of_scope_again(account)
    Recorder(store, account).record(scoped)
    assert kinds(store) == ["OPENED", "RESOLVED"]


def out_of_scope_again(account):
    account.seconds += 1
    at = after(account.seconds / 60)
    na = finding(Status.NOT_APPLICABLE, at, reason="Outside the scope.")
    return Observation(RULE, BUCKET, at, na, out_of_scope=True)


# -- the end of a sweep ------------------------------------------------------------------------------


def swept(store, account, listed, failed=None, missed=()):
    closing = Closing(store, account, Recorder(store, account))
    coverage = Coverage(listed=listed, failed=failed or {}, missed=frozenset(missed))
    closed = closing.vanished([RULE], coverage, before=after(10))
    return closed, store.get(BUCKET, RULE.id)


@pytest.fixture
def account(store):
    store.record(finding(BAD), None)
    account = Account(None)
    account.seconds = 15 * 60
    return account


def test_what_the_listing_lacks_and_says_so_itself_is_closed(store, account):
    closed, stored = swept(store, account, {BUCKETS: {"other"}})
    assert (closed, stored.gone) == (1, True)
    assert kinds(store) == ["OPENED", "RESOLVED"]


def test_a_listing_is_not_believed_alone(store, account):
    account.state = BAD
    closed, stored = swept(store, account, {BUCKETS: {"other"}})
    assert (closed, stored.status) == (0, BAD)


def test_what_could_not_be_listed_is_not_closed(store, account):
    denied = Unreadable("s3:ListAllMyBuckets", Cause.ACCESS_DENIED)
    closed, stored = swept(store, account, {}, {BUCKETS: denied})
    assert (closed, stored.status, account.looks) == (0, BAD, 0)


def test_what_an_earlier_leg_could_not_list_is_not_closed(store, account):
    """The list of the last leg is whole, but nothing of the type was judged by the first."""
    closed, stored = swept(store, account, {BUCKETS: {"other"}}, missed={BUCKETS.name})
    assert (closed, stored.status, account.looks) == (0, BAD, 0)


def test_the_row_of_a_failed_listing_stays_while_the_type_is_not_covered(store, account):
    unlisted = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    store.record(finding(Status.INSUFFICIENT_DATA, resource=unlisted), None)
    swept(store, account, {BUCKETS: {"data"}}, missed={BUCKETS.name})
    assert not store.get(unlisted, RULE.id).gone


def test_what_is_listed_is_left_alone(store, account):
    closed, stored = swept(store, account, {BUCKETS: {"data"}})
    assert (closed, stored.status, account.looks) == (0, BAD, 0)


def test_what_was_seen_meanwhile_is_left_alone(store, account):
    store.record(finding(BAD, after(11), reason="Just created."), store.get(BUCKET, RULE.id))
    closed, stored = swept(store, account, {BUCKETS: set()})
    assert (closed, stored.status) == (0, BAD)


@pytest.mark.parametrize(
    ("listed", "status"),
    [
        pytest.param({"data"}, True, id="something to judge now"),
        pytest.param(set(), False, id="still nothing"),
    ],
)
def test_the_row_for_nothing_goes_when_there_is_something(store, account, listed, status):
    assert REGION.name == ACCOUNT.name
    nothing = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    store.record(finding(Status.NOT_APPLICABLE, resource=nothing), None)
    swept(store, account, {BUCKETS: listed})
    assert store.get(nothing, RULE.id).gone is status


def closing_of(store):
    account = Account()
    return Closing(store, account, Recorder(store, account))


@pytest.mark.parametrize("status", [GOOD, BAD, Status.INSUFFICIENT_DATA])
@pytest.mark.parametrize(
    ("rule", "closed"),
    [
        pytest.param("encryption.renamed-since", True, id="a former rule"),
        pytest.param("removed_heading.some-rule", True, id="a former heading"),
        pytest.param(UNREADABLE, False, id="what is said of a whole heading"),
        pytest.param("encryption.s3-kms", False, id="a rule"),
        pytest.param("iam_roles.of-another-heading", False, id="another heading's"),
    ],
)
def test_the_findings_of_a_rule_that_is_no_more_are_closed(store, rule, closed, status):
    orphan = finding(status, after(1)).but(rule=rule)
    store.record(orphan, None)
    closing = closing_of(store)
    taken = closing.retired(
        "encryption", encryption, deployed=["encryption", "iam_roles"], before=after(2)
    )
    stored = store.get(orphan.resource, rule)
    assert (taken, stored.gone) == (closed, closed)
    if closed:
        assert "no such rule" in stored.reason
        assert stored.status is Status.NOT_APPLICABLE
        resolved = ["OPENED", "RESOLVED"] if status is BAD else []
        assert [entry.kind for entry in store.history(orphan.id)] == resolved


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(finding(BAD, after(1), rule="encryption.was"), id="seen meanwhile"),
        pytest.param(
            finding(BAD, rule="encryption.was", resource=replace(BUCKET, region="eu-west-1")),
            id="another region's",
        ),
        pytest.param(
            finding(BAD, rule="encryption.was", resource=replace(BUCKET, account="999999999999")),
            id="another account's",
        ),
    ],
)
def test_what_another_run_judges_is_not_retired(store, row):
    store.record(row, None)
    closing = closing_of(store)
    assert not closing.retired("encryption", encryption, deployed=[], before=after(0.5))
    assert store.get(row.resource, row.rule).status is BAD
    is_here = row.resource == BUCKET
    assert closing.is_another_needed is is_here, "another walk is needed"


def test_a_finding_that_cannot_be_written_costs_no_other(store):
    account = Account(BAD)
    recorder = Recorder(store, account)
    seen = account.resolve_targets()
    broken = replace(seen, finding=seen.finding.but(observed={"share": float("nan")}))
    recorder.record(broken)
    recorder.record(account.resolve_targets())
    assert len(recorder.unwritten) == 1
    assert "encryption.s3-kms" in recorder.unwritten[0]
    assert store.get(BUCKET, RULE.id).status is BAD


# -- order, whatever the clocks say ----------------------------------------------------------------


def test_a_change_counts_though_another_host_is_four_minutes_ahead(store):
    """`scan --record` on that host says COMPLIANT; then the bucket really changes."""
    host = Account(GOOD)
    host.ahead = 4
    Recorder(store, host)
    Recorder(store, host).record(host.resolve_targets())
    function = Account(BAD)
    recorder = Recorder(store, function)
    recorder.record(function.resolve_targets())
    stored = store.get(BUCKET, RULE.id)
    assert stored.status is BAD
    assert kinds(store) == ["OPENED"]
    assert [e.at for e in store.history(stored.id)] == sorted(
        e.at for e in store.history(stored.id)
    )


@pytest.mark.parametrize("ahead", [-10, -4, 0, 4, 10])
@pytest.mark.parametrize("seed", range(6))
def test_hosts_with_different_clocks_converge_to_the_live_state(store, seed, ahead):
    chance = random.Random(seed)
    here, there = Account(), Account()
    there.ahead = ahead
    recorders = [(here, Recorder(store, here)), (there, Recorder(store, there))]
    for _ in range(12):
        state = chance.choice([GOOD, BAD, None])
        for account in (here, there):
            account.state = state
            account.seconds += 30
        account, recorder = chance.choice(recorders)
        recorder = Recorder(store, account)
        recorder.record(account.resolve_targets())
    live = here.state or Status.NOT_APPLICABLE
    stored = store.get(BUCKET, RULE.id)
    assert (stored.status if stored else live) is live
    assert all(a != b for a, b in itertools.pairwise(kinds(store)))


def test_a_run_that_was_overtaken_looks_again(store):
    """The other run wrote between our read of the row and our write."""
    mine, theirs = Account(GOOD), Account(BAD)
    recorder = Recorder(store, mine)
    late = mine.resolve_targets()
    Recorder(store, theirs).record(theirs.resolve_targets())
    recorder.record(late)
    assert mine.looks == 3, "after being overtaken, and after its own transition"
    assert store.get(BUCKET, RULE.id).status is GOOD


# -- one second look for a whole leg ---------------------------------------------------------------


def bucket(name):
    return replace(BUCKET, id=name)


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


def first_rows(store, account, *ids):
    """What a leg records where nothing was stored."""
    account.settled = True
    recorder = Recorder(store, account, together=True)
    recorder.expect([RULE])
    recorder.prepare(BUCKETS, sorted(ids))
    for id in ids:
        recorder.record(account.observe(RULE, bucket(id)))
    return recorder


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


# -- what is gone is gone everywhere ---------------------------------------------------------------


def test_a_resource_that_is_gone_closes_the_rows_of_every_heading(store):
    for rule, status in (
        ("performance_optimization.multipart-use", Status.NOT_APPLICABLE),
        ("backup_recovery.versioning", BAD),
        ("encryption.s3-tls", GOOD),
    ):
        store.record(finding(status, rule=rule), None)
    account = Account(None)
    account.seconds = 60
    recorder = Recorder(store, account)
    recorder.record(account.resolve_targets())
    rows = store.of_resource(BUCKET)
    assert {row.gone for row in rows.values()} == {True}
    assert all("expires_at" in to_item(row) for row in rows.values())
    resolved = store.history(rows["backup_recovery.versioning"].id)
    assert [entry.kind for entry in resolved] == ["OPENED", "RESOLVED"]


@pytest.mark.parametrize(
    ("status", "listed", "written"),
    [
        pytest.param(Status.NOT_APPLICABLE, True, False, id="nothing to say"),
        pytest.param(BAD, False, False, id="not listed"),
        pytest.param(BAD, True, True, id="listed"),
    ],
)
def test_what_does_not_exist_gets_no_row(store, status, listed, written):
    account = Account(status)
    account.unproven = True
    account.lists = lambda rule, resource: listed
    Recorder(store, account).record(account.resolve_targets())
    assert bool(list(store.all())) is written


def test_without_a_listing_a_violation_is_written(store):
    def denied(rule, resource):
        raise Unreadable("s3:ListAllMyBuckets", Cause.ACCESS_DENIED)

    account = Account(BAD)
    account.unproven = True
    account.lists = denied
    Recorder(store, account).record(account.resolve_targets())
    assert store.get(BUCKET, RULE.id).status is BAD


@pytest.mark.parametrize("listed", [True, False])
def test_where_no_evidence_can_tell_a_second_listing_does(store, account, listed):
    account.state, account.unproven = BAD, True
    account.lists = lambda rule, resource: listed
    closed, stored = swept(store, account, {BUCKETS: {"other"}})
    assert stored.gone is not listed
    assert bool(closed) is not listed


@pytest.mark.parametrize("failure", [UNREADABLE_LISTING, Postponed()], ids=["unread", "no turn"])
def test_where_the_second_listing_cannot_be_made_the_next_sweep_makes_it(store, account, failure):
    """And this one goes on to its end."""

    def fails(rule, resource):
        raise failure

    account.state, account.unproven = BAD, True
    account.lists = fails
    closed, stored = swept(store, account, {BUCKETS: {"other"}})
    assert (closed, stored.gone, stored.status) == (0, False, BAD)


def test_a_row_that_cannot_be_read_is_told_and_stops_nothing(store):
    account = Account(BAD)
    item = to_item(finding())
    client = store._client
    client.put_item(TableName="Findings", Item={**item, "severity": {"S": "CATASTROPHIC"}})
    recorder = Recorder(store, account)
    recorder.record(account.resolve_targets())
    recorder.record(account.observe(RULE, bucket("other")))
    assert recorder.unwritten == []
    assert list(recorder.unreadable) == [f"{BUCKET.key} {RULE.id}"]
    assert store.get(bucket("other"), RULE.id).status is BAD


def test_second_looks_that_there_is_no_time_for_are_counted(store, monkeypatch):
    monkeypatch.setattr("readiness.engine.record.BATCH", 1)
    account = Account(BAD)
    recorder = Recorder(store, account, together=True)
    for id in "abc":
        recorder.record(account.observe(RULE, bucket(id)))
    time_for = iter([False, True])
    assert recorder.look_again(lambda: next(time_for)) == 2
    assert account.looks == 4


def test_what_vanished_is_closed_batch_by_batch_and_counted(store, monkeypatch):
    monkeypatch.setattr("readiness.engine.record.BATCH", 1)
    account = Account(BAD)
    for id in "abc":
        store.record(finding(BAD, resource=bucket(id)), None)
    account.state, account.seconds = None, 120
    closing = Closing(store, account, Recorder(store, account))
    coverage = Coverage(listed={BUCKETS: set()})
    asked = iter([False] * 5 + [True] * 10)
    closed = closing.vanished([RULE], coverage, before=after(1), enough=lambda: next(asked))
    assert closed == 2, "one more was there when the time was over"
    assert sorted(row.resource.id for row in store.all() if row.gone) == ["a", "b"]
    assert closing.vanished([RULE], coverage, before=after(1)) == 1


@pytest.mark.parametrize("failure", [Contended, Unavailable])
def test_a_row_that_cannot_be_closed_costs_no_other(store, monkeypatch, failure):
    rules = ("backup_recovery.versioning", "encryption.s3-tls", "iam_roles.unused")
    for rule in rules:
        store.record(finding(BAD, rule=rule), None)
    account = Account(None)
    account.seconds = 60
    recorder = Recorder(store, account)
    record = store.record

    def refuses(seen, stored, **more):
        if seen.rule == rules[0]:
            raise failure("the row is busy")
        return record(seen, stored, **more)

    monkeypatch.setattr(store, "record", refuses)
    recorder.record(account.resolve_targets())
    rows = store.of_resource(BUCKET)
    assert {rule for rule, row in rows.items() if row.gone} == {rules[1], rules[2]}
    assert recorder.unwritten == ["the row is busy"], "the run fails in the end, and is repeated"


@pytest.mark.parametrize(
    ("state", "looks"), [pytest.param(GOOD, 3, id="another"), pytest.param(BAD, 1, id="the same")]
)
def test_evidence_older_than_the_row_is_read_again_where_it_says_something_else(
    store, state, looks
):
    """Neither the version nor the clock tells which is newer: a look that begins now does."""
    store.record(finding(BAD, after(5)), None)
    account = Account(state)
    recorder = Recorder(store, account)
    recorder.record(replace(account.resolve_targets(), over=None))
    assert account.looks == looks
    assert store.get(BUCKET, RULE.id).status is state
