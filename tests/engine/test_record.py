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
from readiness.engine.evaluate import Coverage, Observation
from readiness.engine.record import Recorder
from readiness.evidence.s3.buckets import BUCKET as BUCKETS
from readiness.model.evidence import ACCOUNT, REGION
from readiness.model.unreadable import Cause, Unreadable
from tests.fake_account import ACCOUNT_ID, HOME
from tests.findings import BUCKET, after, finding
from tests.tables import make_store, make_tables

RULE = next(rule for rule in encryption if rule.id == "encryption.s3-kms")
GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT


class Account:
    """One bucket whose state changes; every look at it takes the next second."""

    def __init__(self, state=GOOD):
        self.state = state
        self.seconds = 0
        self.looks = 0
        self.stored = None
        self.ahead = 0
        self.aws = SimpleNamespace(
            account=ACCOUNT_ID, region=HOME, bulk=True, batch=lambda about, ids: nullcontext()
        )

    def read_before(self, stored):
        self.stored = stored

    def afresh(self, *, bulk=False):
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
        return Observation(rule, resource, at, seen, over=over)

    def look(self):
        return self.observe(RULE, BUCKET)


@pytest.fixture
def store():
    with mock_aws():
        yield make_store(make_tables())


def kinds(store):
    return [entry.kind for entry in store.history(finding().id)]


def test_a_transition_is_looked_at_again(store):
    account = Account(BAD)
    Recorder(store, account).record(account.look())
    assert account.looks == 2
    assert kinds(store) == ["OPENED"]


def test_no_transition_no_second_look(store):
    account = Account(GOOD)
    Recorder(store, account).record(account.look())
    assert account.looks == 1


def test_the_second_look_repairs_a_late_write(store):
    """The other run saw the repair, found it equal to what was stored, and wrote nothing."""
    account = Account(GOOD)
    Recorder(store, account).record(account.look())
    account.state = BAD
    late = account.look()
    account.state = GOOD
    Recorder(store, account).record(account.look())
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
        looks.append(account.look())
    looks += chance.choices(looks, k=6)
    chance.shuffle(looks)
    for look in looks:
        Recorder(store, account).record(look)
    stored = store.get(BUCKET, RULE.id)
    live = account.state or Status.NOT_APPLICABLE
    assert (stored.status if stored else live) is live
    story = kinds(store)
    assert all(a != b for a, b in itertools.pairwise(story)), story


def test_what_is_gone_resolves_once_and_blames_nobody(store):
    account = Account(BAD)
    first = account.look()
    opened = replace(first, finding=first.finding.but(changed_by="ann"))
    Recorder(store, account).record(opened)
    account.state = None
    Recorder(store, account).record(account.look())
    Recorder(store, account).record(account.look())
    stored = store.get(BUCKET, RULE.id)
    assert (stored.status, stored.gone, stored.changed_by) == (Status.NOT_APPLICABLE, True, "")
    assert kinds(store) == ["OPENED", "RESOLVED"]


def test_what_never_was_leaves_no_trace(store):
    account = Account(None)
    Recorder(store, account).record(account.look())
    assert list(store.all()) == []


def out_of_scope(account):
    seen = account.look()
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
    recorder = Recorder(store, account)
    coverage = Coverage(listed=listed, failed=failed or {}, missed=frozenset(missed))
    closed = recorder.close_vanished([RULE], coverage, before=after(10))
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


def test_the_findings_of_a_rule_that_is_no_more_are_closed(store):
    orphan = finding(BAD, after(1)).but(rule="encryption.renamed-since")
    other = finding(BAD, after(1)).but(rule="iam_roles.of-another-heading")
    for each in (orphan, other):
        store.record(each, None)
    recorder = Recorder(store, Account())
    closed = recorder.close_retired(
        "encryption", encryption, deployed=["iam_roles"], before=after(2)
    )
    assert closed == 1
    closed = store.get(orphan.resource, orphan.rule)
    assert (closed.status, closed.gone) == (Status.NOT_APPLICABLE, True)
    assert "no such rule" in closed.reason
    assert [entry.kind for entry in store.history(orphan.id)] == ["OPENED", "RESOLVED"]
    assert store.get(other.resource, other.rule).status is BAD


def test_a_finding_that_cannot_be_written_costs_no_other(store):
    account = Account(BAD)
    recorder = Recorder(store, account)
    seen = account.look()
    broken = replace(seen, finding=seen.finding.but(observed={"share": float("nan")}))
    recorder.record(broken)
    recorder.record(account.look())
    assert len(recorder.unwritten) == 1
    assert "encryption.s3-kms" in recorder.unwritten[0]
    assert store.get(BUCKET, RULE.id).status is BAD
