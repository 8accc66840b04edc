"""What PagerDuty may have been told is resolved, and nothing else, also beside other stacks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from readiness import Severity
from readiness.alerting.pagerduty import EventsApi, Reply
from tests.findings import after, finding
from tests.pipeline.standins import context
from tests.pipeline.test_pagerduty import BAD, GOOD, bucket, visible_again


def test_a_mass_fix_of_what_never_paged_says_nothing_to_the_pager(pipeline):
    pipeline.baseline_is_over()
    low = [finding(resource=bucket(n), severity=Severity.LOW) for n in range(20)]
    pipeline.record(*low)
    pipeline.stream()
    pipeline.record(*(each.but(status=GOOD, last_observed_at=after(1)) for each in low))
    pipeline.stream()
    assert pipeline.waiting() == [], "SNS filters what does not concern the pager"


def test_what_the_baseline_found_is_not_resolved_either(pipeline):
    pipeline.record(finding())
    pipeline.stream()
    pipeline.baseline_is_over()
    pipeline.record(finding(GOOD, after(1)))
    pipeline.stream()
    assert pipeline.waiting() == []
    pipeline.put({"resource": finding().resource.key, "rule": finding().rule, "kind": "RESOLVED"})
    assert pipeline.page() == []
    assert pipeline.pagerduty.asked == [], "and the forwarder decides again"


def test_a_page_under_way_while_its_end_arrives_is_resolved(wrong):
    """The end is handled by another forwarder before the page's own mark is written."""
    wrong.stream()
    other = wrong.a_pager()
    marks = wrong.pager._incidents
    marked = marks.mark

    def late(*args):
        wrong.record(finding(GOOD, after(1)))
        wrong.stream()
        ended = [r for r in wrong.waiting() if json.loads(r["body"])["kind"] == "RESOLVED"]
        assert len(ended) == 1, "it is on its way: the filter lets it through"
        other.forward({"Records": ended}, context())
        return marked(*args)

    marks.mark = late
    wrong.page()
    assert wrong.pagerduty.actions == ["trigger", "resolve"]
    assert list(marks.all()) == []


def test_what_changes_at_each_event_that_is_sent_comes_again(wrong):
    """Its messages may have passed meanwhile: another forwarder found nothing to resolve then."""
    wrong.stream()
    pages = wrong.waiting()
    send = wrong.pager._sender.api.send
    states = iter(enumerate((GOOD, BAD, GOOD), 1))

    def changing(event):
        for minute, status in states:
            wrong.record(finding(status, after(minute)))
            break
        return send(event)

    wrong.pager._sender.api.send = changing
    assert wrong.page(pages), "its end is not told yet"
    assert wrong.page(pages) == []
    assert wrong.pagerduty.incidents == {}


class Overtaken:
    """PagerDuty, whom another forwarder tells of the end, or more, before a trigger comes in."""

    def __init__(self, pager, first, answer=None):
        self._api, self._first, self._answer = pager._sender.api, [first], answer

    def send(self, event):
        if self._first:
            self._first.pop()()
            taken = self._api.send(event)
            return self._answer or taken
        return self._api.send(event)


@pytest.mark.parametrize(
    ("answer", "above"),
    [
        pytest.param(None, "20", id="alone"),
        pytest.param(Reply(0, "timeout"), "20", id="alone, and its answer is lost"),
        pytest.param(None, "0", id="in a group"),
        pytest.param(Reply(0, "timeout"), "0", id="in a group, and its answer is lost"),
    ],
)
def test_a_trigger_that_the_end_overtakes_on_its_way_is_taken_back(pipeline, answer, above):
    """PagerDuty takes the resolve before what it resolves, and its mark is gone already."""
    cause = "performance_benchmarks.function-error-rate"
    rule = finding().rule if above != "0" else cause
    pipeline.environment["PAGERDUTY_GROUP_ABOVE"] = above
    pipeline.pager, other = pipeline.a_pager(), pipeline.a_pager()
    pipeline.baseline_is_over(rule.partition(".")[0])
    pipeline.record(finding(rule=rule))
    pipeline.stream()
    pages = pipeline.waiting()

    def ends():
        pipeline.record(finding(GOOD, after(1), rule=rule))
        pipeline.stream()
        ended = [r for r in pipeline.waiting() if json.loads(r["body"])["kind"] == "RESOLVED"]
        other.forward({"Records": ended}, context())

    pipeline.pager._sender.api = Overtaken(pipeline.pager, ends, answer)
    if pipeline.page(pages):
        pipeline.page()
    assert pipeline.pagerduty.actions[0] == "resolve"
    assert pipeline.pagerduty.incidents == {}
    assert list(pipeline.pager._incidents.all()) == []


@pytest.mark.parametrize("above", ["20", "0"], ids=["at another service", "in another group"])
def test_a_trigger_that_its_end_and_another_one_overtake_is_taken_back(pipeline, above):
    """The mark tells of the other one, and nobody would resolve this."""
    pipeline.secrets.put_secret_value(
        SecretId="key", SecretString='{"default": "R0UT1NG", "payments": "0TH3R"}'
    )
    pipeline.environment["PAGERDUTY_ROUTES"] = '{"owner=payments": "payments"}'
    pipeline.environment["PAGERDUTY_GROUP_ABOVE"] = above
    cause = "performance_benchmarks.function-error-rate"
    rule, owner = (finding().rule, "payments") if above != "0" else (cause, "")
    pipeline.pager, other = pipeline.a_pager(), pipeline.a_pager()
    pipeline.baseline_is_over(rule.partition(".")[0])
    pipeline.record(finding(rule=rule))
    pipeline.stream()
    pages = pipeline.waiting()

    def ends_and_comes_back():
        for minute, status in enumerate((GOOD, BAD), 1):
            pipeline.record(finding(status, after(minute), rule=rule, owner=owner))
            other.forward({"Records": pages}, context())

    pipeline.pager._sender.api = Overtaken(pipeline.pager, ends_and_comes_back)
    assert pipeline.page(pages), "it comes again, and sees what the other one told"
    is_open = {}
    for event in pipeline.pagerduty.taken:
        is_open[event["routing_key"], event["dedup_key"]] = event["event_action"] == "trigger"
    [(_, key)] = [incident for incident, still in is_open.items() if still]
    assert [mark.dedup_key for mark in pipeline.pager._incidents.all()] == [key]


def test_two_forwarders_that_page_at_once_leave_no_incident_at_the_wrong_service(pipeline):
    """One of them knows the owner already, whose service has a key of its own."""
    pipeline.secrets.put_secret_value(
        SecretId="key", SecretString='{"default": "R0UT1NG", "payments": "0TH3R"}'
    )
    pipeline.environment["PAGERDUTY_ROUTES"] = '{"owner=payments": "payments"}'
    pipeline.pager, other = pipeline.a_pager(), pipeline.a_pager()
    pipeline.baseline_is_over()
    pipeline.record(finding())
    pipeline.stream()
    pages = pipeline.waiting()
    marked = pipeline.pager._incidents.mark

    def late(*args, **more):
        pipeline.pager._incidents.mark = marked
        pipeline.record(finding(at=after(1), owner="payments"))
        other.forward({"Records": pages}, context())
        return marked(*args, **more)

    pipeline.pager._incidents.mark = late
    assert pipeline.page(pages), "it comes again, and sees what the other one told"
    pipeline.page()
    pipeline.record(finding(GOOD, after(2), owner="payments"))
    pipeline.stream()
    pipeline.page()
    is_open = {}
    for event in pipeline.pagerduty.taken:
        is_open[event["routing_key"]] = event["event_action"] == "trigger"
    assert is_open == {"0TH3R": False}


def test_a_forwarder_that_dies_after_its_trigger_leaves_a_mark(wrong):
    """Another has resolved meanwhile; whoever gets the message again resolves once more."""
    wrong.stream()
    records = wrong.waiting()
    slow = EventsApi(wrong.pagerduty.url, timeout=0.3)
    other = wrong.a_pager()

    class Dies:
        def send(self, event):
            wrong.record(finding(GOOD, after(1)))
            wrong.stream()
            slow.send(event)
            raise KeyboardInterrupt

    wrong.pager._sender.api = Dies()
    with pytest.raises(KeyboardInterrupt):
        wrong.page(records)
    assert len(wrong.pagerduty.incidents) == 1
    assert other.forward({"Records": records}, context()) == {"batchItemFailures": []}
    assert wrong.pagerduty.incidents == {}


def test_a_resolve_overtaken_by_a_new_trigger_does_not_lose_the_mark(wrong):
    wrong.stream()
    wrong.page()
    wrong.record(finding(GOOD, after(1)))
    wrong.stream()
    slow = EventsApi(wrong.pagerduty.url, timeout=0.3)
    marks = wrong.pager._incidents

    class Meanwhile:
        def send(self, event):
            reply = slow.send(event)
            if event["event_action"] == "resolve" and wrong.pagerduty.actions.count("resolve") < 2:
                marks.mark(finding().resource, finding().rule, event["dedup_key"])
            return reply

    wrong.pager._sender.api = Meanwhile()
    wrong.page()
    assert len(list(marks.all())) == 1


def test_a_row_that_is_gone_is_resolved_by_its_mark(wrong):
    wrong.stream()
    wrong.page()
    wrong.dynamodb.delete_item(
        TableName="Findings",
        Key={"resource": {"S": finding().resource.key}, "rule": {"S": finding().rule}},
    )
    wrong.put({"resource": finding().resource.key, "rule": finding().rule, "kind": "RESOLVED"})
    assert wrong.page() == []
    assert wrong.pagerduty.incidents == {}


def test_a_mark_that_cannot_be_read_loses_neither_a_page_nor_its_end(wrong):
    wrong.stream()
    wrong.page()
    [mark] = wrong.pager._incidents.all()
    row = {"finding_id": {"S": f"incidents#{mark.finding_id[0]}"}, "at": {"S": mark.finding_id}}
    wrong.dynamodb.put_item(TableName="Transitions", Item=row | {"told": {"BOOL": True}})
    wrong.record(finding(GOOD, after(1)))
    assert wrong.stream()["batchItemFailures"] == []
    assert wrong.page() == []
    assert wrong.pagerduty.incidents == {}
    assert wrong.undelivered() == []


def as_an_earlier_version_left_it(pipeline):
    """The incident is open, and no mark tells of it."""
    pipeline.stream()
    pipeline.page()
    [mark] = pipeline.pager._incidents.all()
    pipeline.pager._incidents.end(mark)
    since = {"finding_id": {"S": "incidents"}, "at": {"S": "since"}}
    pipeline.dynamodb.delete_item(TableName="Transitions", Key=since)
    swept = {"finding_id": {"S": "sweep"}, "at": {"S": "2026-11-02T12:00:00.000Z"}}
    pipeline.dynamodb.put_item(TableName="Transitions", Item=swept)
    pipeline.lowest("HIGH")


def test_what_was_told_before_marks_were_kept_is_resolved(wrong):
    as_an_earlier_version_left_it(wrong)
    wrong.record(finding(GOOD, after(1)))
    wrong.stream()
    wrong.page()
    assert wrong.pagerduty.incidents == {}


def test_what_was_told_before_marks_were_kept_keeps_its_key(wrong):
    wrong.environment["STACK_NAME"] = "second"
    as_an_earlier_version_left_it(wrong)
    wrong.pagerduty.taken[-1]["dedup_key"] = finding().dedup_key
    wrong.record(finding(BAD, after(1), severity=Severity.CRITICAL))
    wrong.stream()
    wrong.page()
    assert list(wrong.pagerduty.incidents) == [finding().dedup_key], "no second incident"


def test_another_stack_has_incidents_of_its_own(wrong):
    wrong.stream()
    wrong.page()
    wrong.environment["STACK_NAME"] = "second"
    second = wrong.a_pager()
    body = {"resource": finding().resource.key, "rule": finding().rule, "kind": "OPENED"}
    wrong.put(body)
    [mark] = wrong.pager._incidents.all()
    wrong.pager._incidents.end(mark)
    wrong.pager = second
    wrong.page()
    assert len(wrong.pagerduty.incidents) == 2
    wrong.record(finding(GOOD, after(1)))
    wrong.put(body)
    wrong.page()
    assert list(wrong.pagerduty.incidents) == [mark.dedup_key], "the other's stays open"


def test_an_incident_keeps_the_key_it_was_opened_with(wrong):
    wrong.stream()
    wrong.page()
    wrong.environment["STACK_NAME"] = "renamed"
    wrong.pager = wrong.a_pager()
    wrong.record(finding(GOOD, after(1)))
    wrong.stream()
    wrong.page()
    assert wrong.pagerduty.incidents == {}


def test_a_stack_that_is_being_deleted_opens_nothing_more(wrong):
    wrong.stream()
    wrong.pager._incidents.close(until=datetime.now(UTC) + timedelta(minutes=50))
    assert len(wrong.page()) == 1
    assert wrong.pagerduty.asked == []
    wrong.pager._incidents.close(until=None)
    visible_again(wrong)
    wrong.page()
    assert wrong.pagerduty.actions == ["trigger"]
