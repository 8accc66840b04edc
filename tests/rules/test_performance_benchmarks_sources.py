"""Rates whose two counts are of one thing, and functions that queues and streams feed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from functions.performance_benchmarks.app import (
    balancer_availability,
    function_availability,
    function_error_rate,
    function_latency,
    service_error_rate,
)
from readiness import Severity, Status
from readiness.evidence.cloudwatch.histories import Arrivals, History, Outcomes, Span
from readiness.semantics.metrics import Series
from tests.accounts import performance_benchmarks as accounts
from tests.accounts.traffic import get_metric_data, steadily
from tests.fake_account import ACCOUNT_ID, HOME, observe
from tests.histories import HOURLY, RECENT, SOMETHING

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
CRITICAL = Severity.CRITICAL


def traffic(**per_second):
    return accounts.fake_account().but(
        cloudwatch__get_metric_data=get_metric_data(steadily(per_second))
    )


def judged(rule, account, resource=accounts.FUNCTION, **settings):
    found = observe(account, rule, resource, **settings).finding
    return found.status, found.severity if found.status is BAD else None, found.reason


ONE_A_WEEK = 1 / (7 * 86_400)


@pytest.mark.parametrize(
    ("counts", "status", "severity"),
    [
        pytest.param({"Invocations": 330.0, "Throttles": ONE_A_WEEK}, GOOD, None, id="no URL"),
        pytest.param(
            {"Invocations": 330.0, "Throttles": 200.0}, BAD, CRITICAL, id="no URL, many throttles"
        ),
        pytest.param(
            {"UrlRequestCount": 1.0, "Invocations": 0.5, "Throttles": 0.5, "Url4xxCount": 0.5},
            BAD,
            CRITICAL,
            id="all callers are the URL's",
        ),
        pytest.param(
            {"UrlRequestCount": 1.0, "Invocations": 330.0, "Throttles": 0.01},
            GOOD,
            None,
            id="throttles of other callers: the URL has no 4XX",
        ),
        pytest.param(
            {"UrlRequestCount": 1.0, "Invocations": 330.0, "Throttles": 0.1, "Url4xxCount": 0.1},
            UNKNOWN,
            None,
            id="throttles of anybody",
        ),
    ],
)
def test_throttles_count_at_the_entry_point_they_belong_to(counts, status, severity):
    seen = judged(function_availability, traffic(**counts))
    assert seen[:2] == (status, severity), seen[2]


def test_an_entry_point_exists_only_where_its_own_count_has_data():
    def of(total=0.0, failed=0.0, within=0.0):
        empty = Series(SOMETHING, RECENT)

        def counted(value):
            return (History(Series(SOMETHING, RECENT, ((RECENT.start, value),)), empty),)

        return Outcomes("N M", counted(total), counted(failed), refused_within=counted(within))

    assert of(total=1).is_used(Span.HOUR)
    assert of(failed=1).is_used(Span.HOUR)
    assert not of(within=1).is_used(Span.HOUR)


def behind_one_balancer(**counts):
    """Two target groups share the load balancer; only one is the service's."""
    groups = [
        {"TargetGroupArn": accounts.GROUP, "LoadBalancerArns": [accounts.BALANCER]},
        {"TargetGroupArn": accounts.OTHER_GROUP, "LoadBalancerArns": [accounts.BALANCER]},
    ]
    return traffic(**counts).but(elbv2__describe_target_groups={"TargetGroups": groups})


@pytest.mark.parametrize(
    ("make", "counts", "status"),
    [
        pytest.param(traffic, {"RequestCount": 2.0, "HTTPCode_ELB_5XX_Count": 1.0}, BAD, id="own"),
        pytest.param(
            behind_one_balancer,
            {"RequestCount": 2.0, "HTTPCode_ELB_5XX_Count": 1.0},
            UNKNOWN,
            id="shared: perhaps the other's",
        ),
        pytest.param(
            behind_one_balancer,
            {"RequestCount": 2000.0, "HTTPCode_ELB_5XX_Count": 0.001},
            GOOD,
            id="shared: too few to matter",
        ),
        pytest.param(
            behind_one_balancer,
            {"RequestCount": 2.0, "HTTPCode_Target_5XX_Count": 1.0},
            BAD,
            id="shared: its own targets fail",
        ),
    ],
)
def test_a_shared_load_balancers_refusals_are_nobodys_for_sure(make, counts, status):
    seen = judged(service_error_rate, make(**counts), accounts.SERVICE)
    assert seen[0] is status, seen[2]


def test_a_load_balancer_of_several_target_groups_is_judged_itself():
    account = behind_one_balancer(RequestCount=2.0, HTTPCode_ELB_5XX_Count=1.0)
    seen = judged(balancer_availability, account, accounts.BALANCER)
    assert seen[:2] == (BAD, CRITICAL)


# -- queues and streams ---------------------------------------------------------------------------


def test_a_queue_workers_retries_are_no_failures():
    """A third of the attempts fail, and every message is done in the end."""
    account = accounts.fed_by_a_queue(Invocations=3.0, Errors=1.0, Throttles=1.0)
    for rule in (function_error_rate, function_availability):
        seen = judged(rule, account)
        assert seen[0] is GOOD, seen[2]
        assert "queue work" in seen[2]
    assert judged(function_latency, account)[0] is GOOD


def dying(per_5_minutes, **more):
    """Messages arrive in the dead-letter queue, and nobody takes them out."""
    account = accounts.fed_by_a_queue(**more)
    said = steadily({"Invocations": 2.0, "NumberOfMessagesDeleted": 2.0} | more)

    def levels(*asked):
        if asked[1] == "ApproximateNumberOfMessagesVisible":
            end = asked[4] + timedelta(seconds=asked[5])
            return end.timestamp() / 300 * per_5_minutes
        if asked[1] == "ApproximateAgeOfOldestMessage":
            return 5.0
        return said(*asked)

    return account.but(cloudwatch__get_metric_data=get_metric_data(levels))


@pytest.mark.parametrize(
    ("account", "status"),
    [
        pytest.param(dying(60), BAD, id="a tenth of the messages die"),
        pytest.param(
            dying(60).but(sqs__list_dead_letter_source_queues={"queueUrls": ["a/work", "a/b"]}),
            UNKNOWN,
            id="another queue sends to the same dead-letter queue",
        ),
        pytest.param(dying(0), GOOD, id="none dies"),
        pytest.param(
            dying(60).but(lambda__list_event_source_mappings={"EventSourceMappings": []}),
            GOOD,
            id="not fed by it",
        ),
        pytest.param(
            dying(60).but(
                lambda__list_event_source_mappings={
                    "EventSourceMappings": [accounts.mapping(State="Disabled")]
                }
            ),
            GOOD,
            id="the mapping is disabled",
        ),
    ],
)
def test_messages_in_the_dead_letter_queue_are_the_failures(account, status):
    seen = judged(function_error_rate, account)
    assert seen[0] is status, seen[2]


def without_a_dead_letter_queue(mapping=None, **counts):
    return accounts.fed_by_a_queue(**counts).but(
        sqs__get_queue_attributes={"Attributes": {}},
        lambda__list_event_source_mappings={
            "EventSourceMappings": [mapping or accounts.mapping()]
        },
    )


STREAM = f"arn:aws:kinesis:{HOME}:{ACCOUNT_ID}:stream/clicks"
ELSEWHERE = f"arn:aws:sqs:{HOME}:444455556666:work"
FAILED = {"OnFailure": {"Destination": accounts.DEAD}}


@pytest.mark.parametrize(
    ("mapping", "counts", "status", "said"),
    [
        pytest.param(None, {}, GOOD, "queue work", id="no error at all"),
        pytest.param(None, {"Errors": 0.2}, UNKNOWN, "may be retries", id="lost or retried"),
        pytest.param(
            accounts.mapping(FunctionResponseTypes=["ReportBatchItemFailures"]),
            {},
            UNKNOWN,
            "reports failed items",
            id="failures that Lambda does not count",
        ),
        pytest.param(accounts.mapping(ELSEWHERE), {"Errors": 0.2}, UNKNOWN, "retries", id="away"),
        pytest.param(accounts.mapping(STREAM), {"Errors": 0.2}, UNKNOWN, "retries", id="stream"),
        pytest.param(
            accounts.mapping(STREAM, DestinationConfig=FAILED),
            {"Errors": 0.2},
            GOOD,
            "failures in dead",
            id="a stream whose on-failure queue stays empty",
        ),
        pytest.param(
            accounts.mapping(STREAM, DestinationConfig=FAILED),
            {"Errors": 0.2, "NumberOfMessagesSent": 0.1},
            BAD,
            "failures in dead",
            id="a stream with discarded batches",
        ),
    ],
)
def test_failures_without_a_dead_letter_queue(mapping, counts, status, said):
    seen = judged(function_error_rate, without_a_dead_letter_queue(mapping, **counts))
    assert seen[0] is status, seen[2]
    assert said in seen[2]


def test_a_queue_does_not_hide_other_callers():
    """Most invocations are not the queue's, and half of them fail."""
    account = accounts.fed_by_a_queue(Invocations=20.0, Errors=8.0, NumberOfMessagesDeleted=1.0)
    assert judged(function_error_rate, account)[0] is UNKNOWN
    quiet = accounts.fed_by_a_queue(Invocations=20.0, NumberOfMessagesDeleted=1.0)
    assert judged(function_error_rate, quiet)[0] is GOOD


def aged(seconds, **counts):
    return accounts.fed_by_a_queue(ApproximateAgeOfOldestMessage=seconds / 300, **counts)


@pytest.mark.parametrize(
    ("seconds", "settings", "status", "severity"),
    [
        pytest.param(299, {}, GOOD, None, id="under 5 minutes"),
        pytest.param(300, {}, BAD, Severity.MEDIUM, id="5 minutes"),
        pytest.param(900, {}, BAD, Severity.HIGH, id="15 minutes"),
        pytest.param(3601, {}, BAD, CRITICAL, id="over an hour"),
        pytest.param(300, {"target_age_seconds": 301.0}, GOOD, None, id="target_age_seconds"),
        pytest.param(
            900,
            {"degraded_age_seconds": 901.0},
            BAD,
            Severity.MEDIUM,
            id="degraded_age_seconds",
        ),
        pytest.param(
            3601, {"critical_age_seconds": 3601.0}, BAD, Severity.HIGH, id="critical_age_seconds"
        ),
        pytest.param(1, {"target_age_seconds": 5000.0}, UNKNOWN, None, id="out of order"),
    ],
)
def test_a_queue_worker_is_judged_by_the_age_of_the_oldest_message(
    seconds, settings, status, severity
):
    seen = judged(function_latency, aged(seconds, Duration=9.0), **settings)
    assert seen[:2] == (status, severity), seen[2]


def test_a_slow_url_counts_beside_a_queue():
    account = aged(1, UrlRequestLatency=1.0, UrlRequestCount=1.0)
    quick = judged(function_latency, account)
    assert quick[0] is GOOD, quick[2]

    slow = {"UrlRequestLatency": 1.0}
    said = steadily(slow)

    def late(*asked):
        return 0.0 if asked[2].startswith("TC") else said(*asked)

    account = account.but(cloudwatch__get_metric_data=get_metric_data(late))
    seen = judged(function_latency, account)
    assert seen[:2] == (BAD, CRITICAL), seen[2]


def test_nobody_waits_for_a_source_without_an_age():
    kafka = f"arn:aws:kafka:{HOME}:{ACCOUNT_ID}:cluster/clicks/1"
    account = without_a_dead_letter_queue(accounts.mapping(kafka), Duration=9.0)
    assert judged(function_latency, account)[0] is NA


def depth(*hours, recent=()):
    """A queue's depth in the newest hours and in the 5 minutes of the last one; None: no data."""
    stamps = HOURLY.stamps[-len(hours) :]
    hourly = [(at, float(v)) for at, v in zip(stamps, hours, strict=True) if v is not None]
    newest = RECENT.stamps[: len(recent)]
    points = [(at, float(v)) for at, v in zip(newest, recent, strict=True) if v is not None]
    return Arrivals(
        Series(SOMETHING, RECENT, tuple(points)), Series(SOMETHING, HOURLY, tuple(hourly))
    )


@pytest.mark.parametrize(
    ("queue", "span", "arrived"),
    [
        pytest.param(depth(0, 3, 3, 1, 2), Span.DAY, 4, id="rises count, falls do not"),
        pytest.param(depth(7, 7, 7), Span.DAY, 7, id="after a week of silence"),
        pytest.param(depth(5, None, 5), Span.DAY, 5, id="an hour without data is no fall"),
        pytest.param(depth(5, *[None] * 7, 5), Span.DAY, 10, id="seven hours are"),
        pytest.param(depth(4, 0, recent=(4, 6)), Span.HOUR, 2, id="the hour before is the base"),
        pytest.param(depth(0, recent=(None, 2)), Span.HOUR, 2, id="the first in a quiet queue"),
        pytest.param(depth(None), Span.WEEK, 0, id="no data"),
    ],
)
def test_arrivals_are_the_rises_of_a_queues_depth(queue, span, arrived):
    assert queue.sum(span) == arrived


def test_a_full_window_does_not_count_what_lay_there_before():
    assert depth(*[9] * 169).sum(Span.WEEK) == 0


def test_redrive_policies_are_read_of_each_queue():
    account = accounts.fed_by_a_queue()
    judged(function_error_rate, account)
    assert ("sqs", "list_dead_letter_source_queues") in account.calls
    assert json.loads(accounts.queue_attributes(QueueUrl="x/work")["Attributes"]["RedrivePolicy"])
