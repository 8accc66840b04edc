"""Many new findings of one rule are one incident, which ends with the last of them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from functions.pagerduty import app
from readiness import Severity, Status
from readiness.alerting.groups import Contended, Group, Groups
from readiness.alerting.held import HELD_PAGE, Held
from readiness.alerting.storms import Storms
from readiness.model.finding import dedup_key
from readiness.model.resource import Resource
from tests import deployed
from tests.fake_account import error
from tests.findings import after, finding
from tests.pipeline.standins import context

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
ABOVE = 3


def bucket(number):
    return Resource("111122223333", "us-east-1", "AWS::S3::Bucket", f"b{number}")


class Clock:
    def __init__(self):
        self.at = datetime(2026, 11, 2, 12, tzinfo=UTC)

    def now(self, _=None):
        return self.at

    def __getattr__(self, name):
        return getattr(datetime, name)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(app, "datetime", clock)
    return clock


@pytest.fixture
def storm(pipeline, clock):
    """A pipeline past its baseline that groups what comes after the first three."""
    pipeline.baseline_is_over()
    pipeline.environment["PAGERDUTY_GROUP_ABOVE"] = str(ABOVE)
    renewed(pipeline, clock)
    return pipeline


def renewed(pipeline, clock):
    """A forwarder by the clock of the test; what it postpones comes with the next round."""
    pipeline.pager = pipeline.a_pager()
    pipeline.pager._groups.now = clock.now
    pipeline.pager._queue.postpone = lambda record, seconds: None


def happen(pipeline, numbers, status=BAD, minute=0.0, **changes):
    for place, number in enumerate(numbers):
        at = after(minute, seconds=place / 100)
        pipeline.record(finding(status, at, resource=bucket(number), **changes))
    pipeline.stream()


def delivered(pipeline, clock, rounds=20):
    """Deliver until the queue is empty; a minute between the rounds."""
    for _ in range(rounds):
        if not pipeline.waiting():
            return
        if pipeline.page():
            clock.at += timedelta(minutes=1)
    pytest.fail("the queue does not become empty")


def alone(number):
    return dedup_key(bucket(number), finding().rule, "readiness")


def of_groups(pipeline):
    single = {alone(number) for number in range(100)}
    return {k: v for k, v in pipeline.pagerduty.incidents.items() if k not in single}


def triggers(pipeline, key):
    return sum(
        e["event_action"] == "trigger" and e["dedup_key"] == key for e in pipeline.pagerduty.taken
    )


def test_the_first_page_one_by_one_and_the_rest_as_one(storm, clock):
    happen(storm, range(12))
    delivered(storm, clock)
    [(key, summary)] = of_groups(storm).items()
    assert len(storm.pagerduty.incidents) == ABOVE + 1
    assert summary.startswith("[HIGH] 9 more findings of encryption.s3-kms since 12:00Z")
    assert triggers(storm, key) <= 7, "once a minute, not for each"
    last = [event for event in storm.pagerduty.taken if event["dedup_key"] == key][-1]
    details = last["payload"]["custom_details"]
    assert (details["findings"], details["still_open"]) == ("9", "9")
    assert details["see_them"] == (
        "readiness findings --open --rule encryption.s3-kms --region us-east-1"
        " --stack-name readiness"
    )
    assert last["payload"]["severity"] == "error"


def test_as_many_as_page_one_by_one_make_no_group(storm, clock):
    happen(storm, range(ABOVE))
    delivered(storm, clock)
    assert set(storm.pagerduty.incidents) == {alone(n) for n in range(ABOVE)}


def test_the_group_is_told_of_at_once_and_nothing_waits_for_it(storm, clock):
    happen(storm, range(ABOVE + 1), severity=Severity.CRITICAL)
    assert storm.page() == []
    assert len(storm.pagerduty.incidents) == ABOVE + 1


def test_other_rules_and_severities_are_counted_for_themselves(storm, clock):
    happen(storm, range(2))
    happen(storm, range(10, 12), severity=Severity.CRITICAL)
    happen(storm, range(20, 22), rule="encryption.s3-tls")
    delivered(storm, clock)
    assert len(storm.pagerduty.incidents) == 6


def test_what_comes_slowly_is_no_storm(storm, clock):
    for number in range(10):
        happen(storm, [number])
        delivered(storm, clock)
        clock.at += timedelta(minutes=4)
    assert len(storm.pagerduty.incidents) == 10
    assert of_groups(storm) == {}


def test_a_storm_that_goes_on_pages_again_after_an_hour(storm, clock):
    for burst in range(4):
        happen(storm, range(5 * burst, 5 * burst + 5))
        delivered(storm, clock)
        clock.at += timedelta(minutes=25)
    assert 2 <= len(of_groups(storm)) <= 3
    happen(storm, range(20), GOOD, minute=200)
    delivered(storm, clock)
    assert storm.pagerduty.incidents == {}


def test_the_last_of_a_group_resolves_it(storm, clock):
    happen(storm, range(8))
    delivered(storm, clock)
    [key] = of_groups(storm)
    happen(storm, range(7), GOOD, minute=1)
    delivered(storm, clock)
    assert set(storm.pagerduty.incidents) == {key}, "one of five is left"
    happen(storm, [7], GOOD, minute=2)
    delivered(storm, clock)
    assert storm.pagerduty.incidents == {}
    assert list(storm.pager._incidents.all()) == []


def test_what_is_resolved_never_triggers_the_group_again(storm, clock):
    """Whoever closed the incident by hand is not woken by an improvement."""
    happen(storm, range(8))
    delivered(storm, clock)
    [key] = of_groups(storm)
    before = triggers(storm, key)
    clock.at += timedelta(minutes=30)
    happen(storm, range(3, 7), GOOD, minute=1)
    delivered(storm, clock)
    assert triggers(storm, key) == before


def test_a_duplicate_joins_and_leaves_once(storm, clock):
    happen(storm, range(6))
    records = storm.waiting()
    for _ in range(3):
        storm.pager.forward({"Records": records * 2}, context())
        clock.at += timedelta(minutes=2)
    [key] = of_groups(storm)
    [group] = {storm.pager._groups.get(m.group) for m in storm.pager._incidents.all() if m.group}
    assert (group.joined, group.members) == (3, 3)
    told = triggers(storm, key)
    storm.pager.forward({"Records": records}, context())
    assert triggers(storm, key) == told, "nothing is new"
    delivered(storm, clock)
    happen(storm, range(5), GOOD, minute=1)
    gone = storm.waiting()
    for _ in range(3):
        storm.pager.forward({"Records": gone}, context())
    assert set(storm.pagerduty.incidents) == {key}


def test_what_opens_again_after_the_group_ended_pages(storm, clock):
    happen(storm, range(5))
    delivered(storm, clock)
    happen(storm, range(5), GOOD, minute=1)
    delivered(storm, clock)
    clock.at += timedelta(hours=1)
    happen(storm, [4], minute=2)
    delivered(storm, clock)
    assert set(storm.pagerduty.incidents) == {alone(4)}


def test_a_member_that_becomes_more_severe_pages_for_itself(storm, clock):
    happen(storm, range(5))
    delivered(storm, clock)
    [key] = of_groups(storm)
    happen(storm, [4], minute=1, severity=Severity.CRITICAL)
    delivered(storm, clock)
    assert set(storm.pagerduty.incidents) == {alone(n) for n in (0, 1, 2, 4)} | {key}
    happen(storm, [3], GOOD, minute=2)
    delivered(storm, clock)
    assert set(storm.pagerduty.incidents) == {alone(n) for n in (0, 1, 2, 4)}, "it had left"
    happen(storm, [4], GOOD, minute=3, severity=Severity.CRITICAL)
    delivered(storm, clock)
    assert alone(4) not in storm.pagerduty.incidents


def test_a_member_that_becomes_less_severe_stays_in(storm, clock):
    storm.lowest("LOW")
    renewed(storm, clock)
    happen(storm, range(5))
    delivered(storm, clock)
    before = dict(storm.pagerduty.incidents)
    happen(storm, [4], minute=1, severity=Severity.MEDIUM)
    delivered(storm, clock)
    assert set(storm.pagerduty.incidents) == set(before)


@pytest.mark.parametrize("answers", [[500], ["reset"], [429, 500]], ids=str)
def test_a_crash_between_the_row_and_the_page_loses_no_page(storm, clock, answers):
    happen(storm, range(ABOVE))
    delivered(storm, clock)
    happen(storm, [ABOVE])
    storm.pagerduty.script = list(answers)
    assert storm.page(), "the group is written, and PagerDuty did not take it"
    assert of_groups(storm) == {}
    delivered(storm, clock)
    assert len(of_groups(storm)) == 1


@pytest.mark.parametrize(
    "operation", ["transact_write_items", "put_item", "get_item", "delete_item"]
)
@pytest.mark.parametrize("status", [BAD, GOOD])
def test_our_own_tables_may_fail_at_any_point(storm, clock, monkeypatch, operation, status):
    """Each call in turn fails before or after it was carried out."""
    before = list(range(6)) if status is GOOD else []
    happen(storm, before)
    delivered(storm, clock)
    happen(storm, range(6), status, minute=1)
    made = getattr(storm.dynamodb, operation)
    calls = random.Random(7)

    def shaky(**params):
        if calls.random() < 0.15:
            raise error("InternalServerError", 500)
        answer = made(**params)
        if operation != "get_item" and calls.random() < 0.15:
            raise error("InternalServerError", 500)
        return answer

    monkeypatch.setattr(storm.dynamodb, operation, shaky)
    for _ in range(30):
        if not storm.waiting():
            break
        storm.page()
        clock.at += timedelta(minutes=1)
    monkeypatch.undo()
    monkeypatch.setattr(app, "datetime", clock)
    delivered(storm, clock)
    if status is GOOD:
        assert storm.pagerduty.incidents == {}
        return
    paged = set(storm.pagerduty.incidents)
    marked = {incident.dedup_key for incident in storm.pager._incidents.all()}
    assert marked == paged, "every finding is in an open incident"
    assert len(list(storm.pager._incidents.all())) == 6
    happen(storm, range(6), GOOD, minute=2)
    delivered(storm, clock)
    assert storm.pagerduty.incidents == {}


@pytest.mark.parametrize("seed", range(2))
def test_reordered_repeated_and_late_messages_end_in_the_current_state(storm, clock, seed):
    dice = random.Random(seed)
    state = {}
    minute = 0
    for _ in range(12):
        for number in dice.sample(range(12), 5):
            minute += 1
            state[number] = dice.choice([BAD, BAD, GOOD])
            severity = dice.choice([Severity.HIGH, Severity.CRITICAL])
            storm.record(
                finding(state[number], after(minute), resource=bucket(number), severity=severity)
            )
        storm.stream()
        records = storm.waiting()
        some = dice.choices(records, k=dice.randint(0, len(records))) if records else []
        storm.pagerduty.script = dice.choices([202, 202, 202, 500], k=3)
        if some:
            storm.pager.forward({"Records": some}, context())
        clock.at += timedelta(seconds=dice.choice([1, 30, 600]))
    storm.pagerduty.script = []
    delivered(storm, clock)
    wrong = {number for number, status in state.items() if status is BAD}
    marks = {m.resource.rpartition("/")[2]: m for m in storm.pager._incidents.all()}
    assert set(marks) == {f"b{number}" for number in wrong}
    assert {m.dedup_key for m in marks.values()} == set(storm.pagerduty.incidents)
    minute += 1
    happen(storm, sorted(wrong), GOOD, minute=minute)
    delivered(storm, clock)
    assert storm.pagerduty.incidents == {}


def test_who_joins_while_the_last_one_leaves_is_in_a_new_group(storm, clock):
    happen(storm, range(4))
    delivered(storm, clock)
    [key] = of_groups(storm)
    pager = storm.pager
    send = pager._sender.api.send

    def send_and_join(event):
        """Between the decision to resolve and the resolve, somebody else joins."""
        pager._sender.api.send = send
        if event["event_action"] == "resolve":
            happen(storm, [50], minute=1)
            mine = [r for r in storm.waiting() if "b50" in r["body"]]
            renewed(storm, clock)
            storm.pager.forward({"Records": mine}, context())
        return send(event)

    happen(storm, [3], GOOD, minute=1)
    pager._sender.api.send = send_and_join
    pager.forward({"Records": [r for r in storm.waiting() if "b3" in r["body"]]}, context())
    delivered(storm, clock)
    [other] = of_groups(storm)
    assert other != key
    [mark] = [m for m in pager._incidents.all() if m.group]
    assert (mark.dedup_key, mark.resource.endswith("b50")) == (other, True)


def test_resolving_all_ends_a_group_once_and_for_all(storm, clock):
    happen(storm, range(8))
    delivered(storm, clock)
    [key] = of_groups(storm)
    resolver = app.Resolver(
        storm.store, storm.key, storm.pager._sender.api, lowest=Severity.HIGH, wait=lambda _: None
    )
    assert all(each.ok for each in resolver.run())
    assert storm.pagerduty.incidents == {}
    resolves = [e for e in storm.pagerduty.taken if e["event_action"] == "resolve"]
    assert len(resolves) == ABOVE + 1, "one for the group"
    happen(storm, [60])
    delivered(storm, clock)
    [another] = of_groups(storm)
    assert another != key, "nobody would have been left to resolve it"


def test_nothing_is_grouped_where_it_is_turned_off(storm, clock):
    storm.environment["PAGERDUTY_GROUP_ABOVE"] = "0"
    renewed(storm, clock)
    happen(storm, range(25))
    delivered(storm, clock)
    assert set(storm.pagerduty.incidents) == {alone(n) for n in range(25)}


def test_without_the_parameter_as_many_page_one_by_one_as_the_template_says(pipeline, clock):
    by_default = int(deployed.committed()["Parameters"]["PagerDutyGroupAbove"]["Default"])
    pipeline.baseline_is_over()
    renewed(pipeline, clock)
    happen(pipeline, range(by_default + 4))
    delivered(pipeline, clock)
    alone_first = {alone(number) for number in range(by_default)}
    incidents = set(pipeline.pagerduty.incidents)
    assert alone_first < incidents
    assert len(incidents - alone_first) == 1, "the rest is one group"


def test_a_storm_that_others_keep_changing_is_tried_again_later(storm, clock, monkeypatch):
    happen(storm, range(5))

    def never(**_):
        raise error("TransactionCanceledException")

    made = storm.dynamodb.transact_write_items
    monkeypatch.setattr(storm.dynamodb, "transact_write_items", never)
    assert len(storm.page()) == 2
    storms = Storms(storm.store, Groups(storm.store, now=clock.now), above=ABOVE)
    with pytest.raises(Contended):
        storms.place(finding(resource=bucket(70)), Severity.HIGH, None)
    monkeypatch.setattr(storm.dynamodb, "transact_write_items", made)
    delivered(storm, clock)
    assert len(storm.pagerduty.incidents) == ABOVE + 1


def test_a_group_whose_row_is_lost_keeps_no_incident_open(storm, clock):
    happen(storm, range(5))
    delivered(storm, clock)
    [id] = {mark.group for mark in storm.pager._incidents.all() if mark.group}
    key = {"finding_id": {"S": f"group#{id}"}, "at": {"S": "group"}}
    storm.dynamodb.delete_item(TableName="Transitions", Key=key)
    happen(storm, range(5), GOOD, minute=1)
    delivered(storm, clock)
    assert storm.pagerduty.incidents == {}


def test_a_group_says_how_many_it_is_about():
    group = Group("id", "r", "HIGH", "k", "2026-11-02T12:00:00.000Z", joined=1, members=1)
    assert not group.is_told
    assert group.may_be_told(datetime.now(UTC))


# -- flapping and confirmation -------------------------------------------------------------------------


def flap(pipeline, clock, times, kept):
    """Open and resolve a finding again and again, two minutes apart."""
    start = clock.at - datetime(2026, 11, 2, 12, tzinfo=UTC)
    first = start.total_seconds() / 60
    for number in range(times):
        for status in (BAD, GOOD):
            minutes = first + 4 * number + (2 if status is GOOD else 0)
            clock.at = datetime(2026, 11, 2, 12, tzinfo=UTC) + timedelta(minutes=minutes)
            happen(pipeline, [1], status, minute=minutes)
            pipeline.page()
            kept.append(len(pipeline.pagerduty.incidents))


def held_again(pipeline, clock):
    """The schedule sends what is due to the forwarder again."""
    for page in Held(pipeline.store, now=lambda: clock.at).due():
        pipeline.put({"kind": HELD_PAGE, "resource": page.resource, "rule": page.rule})
    pipeline.page()


def test_a_flapping_finding_is_one_incident_until_it_is_quiet(storm, clock):
    kept = []
    flap(storm, clock, 8, kept)
    assert kept[:10] == [1, 0] * 5, "five times it is told as it comes"
    assert kept[10:] == [1] * 6, "from then on the incident stays open"
    assert storm.waiting() == [], "a queue that is never empty tells of a pager that takes nothing"
    held_again(storm, clock)
    assert len(storm.pagerduty.incidents) == 1, "not yet"
    clock.at += timedelta(minutes=11)
    held_again(storm, clock)
    assert storm.pagerduty.incidents == {}
    assert list(storm.pager._held.all()) == []


def test_a_flapping_finding_that_stays_wrong_stays_open(storm, clock):
    flap(storm, clock, 7, [])
    happen(storm, [1], minute=40)
    for _ in range(3):
        clock.at += timedelta(minutes=11)
        held_again(storm, clock)
    assert set(storm.pagerduty.incidents) == {alone(1)}
    assert list(storm.pager._held.all()) == []


@pytest.mark.parametrize(
    ("severity", "at_once"), [(Severity.CRITICAL, True), (Severity.HIGH, False)], ids=str
)
def test_what_has_to_last_pages_only_after_it_has(storm, clock, severity, at_once):
    storm.environment["PAGERDUTY_CONFIRM_SECONDS"] = "120"
    renewed(storm, clock)
    clock.at = datetime.now(UTC)
    happen(storm, [1], severity=severity)
    storm.page()
    assert bool(storm.pagerduty.incidents) is at_once
    clock.at += timedelta(seconds=60)
    storm.page()
    assert bool(storm.pagerduty.incidents) is at_once
    clock.at += timedelta(seconds=62)
    assert storm.page() == []
    assert set(storm.pagerduty.incidents) == {alone(1)}
    happen(storm, [1], GOOD, minute=5, severity=severity)
    assert storm.page() == [], "its end does not wait"
    assert storm.pagerduty.incidents == {}


def test_what_did_not_last_pages_nobody(storm, clock):
    storm.environment["PAGERDUTY_CONFIRM_SECONDS"] = "120"
    renewed(storm, clock)
    clock.at = datetime.now(UTC)
    happen(storm, [1])
    storm.page()
    happen(storm, [1], GOOD, minute=1)
    assert storm.page() == [], "both messages are done with"
    assert storm.pagerduty.taken == []


def test_what_ended_meanwhile_and_came_back_has_to_last_anew(storm, clock):
    storm.environment["PAGERDUTY_CONFIRM_SECONDS"] = "120"
    renewed(storm, clock)
    clock.at = datetime.now(UTC)
    now = (clock.at - datetime(2026, 11, 2, 12, tzinfo=UTC)).total_seconds() / 60
    happen(storm, [1], minute=now)
    happen(storm, [1], GOOD, minute=now + 1)
    happen(storm, [1], minute=now + 1.9)
    clock.at += timedelta(seconds=121)
    storm.page()
    assert storm.pagerduty.taken == [], "it has lasted seven seconds"
    clock.at += timedelta(seconds=120)
    assert storm.page() == []
    assert set(storm.pagerduty.incidents) == {alone(1)}


def test_what_flaps_faster_than_it_could_last_pages_all_the_same(storm, clock):
    storm.environment["PAGERDUTY_CONFIRM_SECONDS"] = "120"
    renewed(storm, clock)
    clock.at = datetime.now(UTC)
    now = (clock.at - datetime(2026, 11, 2, 12, tzinfo=UTC)).total_seconds() / 60
    for minute in range(12):
        happen(storm, [1], (BAD, GOOD)[minute % 2], minute=now + minute)
    happen(storm, [1], minute=now + 12)
    clock.at += timedelta(minutes=12, seconds=30)
    storm.page()
    assert set(storm.pagerduty.incidents) == {alone(1)}
