"""Observations become findings: the second look, and the end of what is gone."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from functions.encryption.app import encryption
from readiness import Status
from readiness.engine.observation import Observation
from readiness.engine.record import Recorder
from readiness.evidence.s3.buckets import BUCKET as BUCKETS
from readiness.model.blindness import UNREADABLE
from readiness.model.evidence import ACCOUNT, REGION
from readiness.model.unreadable import Cause, Unreadable
from tests.engine.recorded import BAD, GOOD, RULE, Account, closing_of, kinds, swept
from tests.fake_account import ACCOUNT_ID, HOME
from tests.findings import BUCKET, after, finding


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
