"""What the monitoring commands were meant to show, and when there is nothing to show."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from functions.monitoring_commands.app import (
    application_cost,
    cost_allocation_tag,
    function_processing_time,
    function_traces,
    service_processing_time,
    service_traces,
)
from readiness import Severity, Status
from readiness.evidence.awslambda.functions import FunctionTags
from readiness.evidence.cloudwatch.processing_time import (
    FunctionProcessingTime,
    ProcessingTime,
    PublishedTime,
    ServiceProcessingTime,
)
from readiness.evidence.costexplorer import LOOKED_BACK, Bill, Costs, CostTag, Day, TagState
from readiness.evidence.ecs.services import Service
from readiness.evidence.workloads.tagged import Demand, WorkloadRequests, Workloads
from readiness.evidence.xray.configuration import TraceIndexing
from readiness.evidence.xray.summaries import Traces
from readiness.evidence.xray.traces import FunctionTraces, ServiceTraces
from tests.fake_account import NOON
from tests.histories import history, latency, within

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
AGENT = FunctionTags({"Application": "MAIF"})
NO_AGENT = FunctionTags({})
ALL = TraceIndexing()
BUSY, IDLE = history(1000), history()


def published(n, *counts, name="MAIF/Agents:ProcessingTime", has_percentile=True):
    percentile = history(40) if has_percentile else history()
    measured = latency(within(n, *counts), percentiles=(percentile,))
    return PublishedTime(name, measured, history(40))


def judged(*series, work=BUSY, tags=AGENT, values=1, **settings):
    time = ProcessingTime(series, values, work)
    return function_processing_time(FunctionProcessingTime(time), tags, **settings)


@pytest.mark.parametrize(
    ("n", "counts", "status", "severity"),
    [
        pytest.param(1000, (1000, 1000, 1000), GOOD, None, id="quick"),
        pytest.param(20, (20, 20, 20), GOOD, None, id="20 samples suffice"),
        pytest.param(19, (19, 19, 19), UNKNOWN, None, id="19 do not"),
        pytest.param(1000, (900, 1000, 1000), BAD, None, id="p99 above the target"),
        pytest.param(1000, (995, 995, 999), BAD, Severity.LOW, id="one above the critical limit"),
    ],
)
def test_a_raw_series_is_judged(n, counts, status, severity):
    seen = judged(published(n, *counts), work=history(n))
    assert (seen.status, seen.severity) == (status, severity), seen.reason


@pytest.mark.parametrize(
    "series",
    [
        pytest.param(
            published(1000, 1000, 1000, 1000, name="MAIF:run_latency_avg"), id="named an average"
        ),
        pytest.param(published(1000, 1000, 1000, 1000, has_percentile=False), id="no percentile"),
        pytest.param(published(60, 60, 60, 60), id="one value a flush"),
    ],
)
def test_aggregates_say_nothing_of_the_tail(series):
    seen = judged(series)
    assert (seen.status, seen.observed["cause"]) == (UNKNOWN, "PREAGGREGATED_SERIES")


def test_one_value_a_minute_is_enough_for_one_request_a_minute():
    assert judged(published(60, 60, 60, 60), work=history(60)).status is GOOD


def test_a_raw_series_beside_an_aggregate_counts():
    raw, average = published(500, 500, 500, 500), published(60, 60, 60, 60, name="MAIF:x_avg")
    assert judged(average, raw).status is GOOD


@pytest.mark.parametrize(
    ("work", "tags", "status"),
    [
        pytest.param(BUSY, AGENT, BAD, id="invoked and silent"),
        pytest.param(IDLE, AGENT, UNKNOWN, id="nothing to do"),
        pytest.param(BUSY, NO_AGENT, NA, id="no agent"),
    ],
)
def test_silence(work, tags, status):
    seen = judged(work=work, tags=tags)
    assert seen.status is status
    assert ("METRIC_MISSING" in seen.reason) is (status is BAD)


def test_agents_under_other_names_are_mentioned():
    assert "300 other values" in judged(values=300).reason


def test_limits_out_of_order_are_refused():
    assert judged(published(1000, 0, 0, 0), target_ms=600.0).status is UNKNOWN


@pytest.mark.parametrize(
    ("series", "tags", "status"),
    [
        pytest.param((published(500, 500, 500, 500),), {}, GOOD, id="publishes"),
        pytest.param((), {"Application": "MAIF"}, UNKNOWN, id="silent, work unknown"),
        pytest.param((), {}, NA, id="no agent"),
    ],
)
def test_services(series, tags, status):
    time = ProcessingTime(series, 1)
    service = Service("arn", "api", "cluster", "task:1", tags=tags)
    assert service_processing_time(ServiceProcessingTime(time, service)).status is status


def traces(quick, slow=0):
    return Traces({f"q{n}": 0.1 for n in range(quick)} | {f"s{n}": 2.0 + n for n in range(slow)})


@pytest.mark.parametrize(
    ("tracing", "invocations", "found", "status"),
    [
        pytest.param("Active", 1000, traces(30), GOOD, id="seen"),
        pytest.param("PassThrough", 1000, traces(30), GOOD, id="seen though passed through"),
        pytest.param("Active", 1000, traces(0), BAD, id="none of many"),
        pytest.param("Active", 399, traces(0), UNKNOWN, id="none of few"),
        pytest.param("PassThrough", 1000, traces(0), NA, id="not traced"),
        pytest.param("Active", 0, traces(0), NA, id="not invoked"),
        pytest.param("Active", 1000, traces(90, 10), BAD, id="a tenth is slow"),
        pytest.param("Active", 1000, traces(19, 1), GOOD, id="one of twenty proves nothing"),
        pytest.param("Active", 1000, traces(0, 1), UNKNOWN, id="the only one is slow"),
        pytest.param("Active", 1000, traces(4, 1), UNKNOWN, id="one of five is slow"),
        pytest.param("Active", 1000, traces(1), GOOD, id="the only one is quick"),
    ],
)
def test_traces(tracing, invocations, found, status):
    seen = function_traces(FunctionTraces(tracing, invocations, found), ALL)
    assert seen.status is status, seen.reason


@pytest.mark.parametrize(
    ("indexed", "invocations", "status"),
    [(1.0, 1000, BAD), (0.01, 1000, UNKNOWN), (0.01, 39_999, UNKNOWN), (0.01, 40_000, BAD)],
)
def test_transaction_search_shows_only_the_traces_that_it_indexes(indexed, invocations, status):
    found = FunctionTraces("Active", invocations, traces(0))
    seen = function_traces(found, TraceIndexing(indexed))
    assert seen.status is status, seen.reason
    assert ("indexes 1 %" in seen.reason) is (status is UNKNOWN)


def test_the_slowest_traces_are_named():
    seen = function_traces(FunctionTraces("Active", 1000, traces(10, 30)), ALL)
    assert seen.observed["slow"][:2] == ["s29", "s28"]
    assert len(seen.observed["slow"]) == 20


@pytest.mark.parametrize(
    ("running", "found", "status"),
    [
        pytest.param(2, traces(30), GOOD, id="seen"),
        pytest.param(2, traces(0), UNKNOWN, id="perhaps under another name"),
        pytest.param(0, traces(0), NA, id="nothing runs"),
    ],
)
def test_service_traces(running, found, status):
    assert service_traces(ServiceTraces("api", running, found, {})).status is status


TODAY = NOON.date()
ACTIVE = CostTag(TagState(active=True, now=NOON))
INACTIVE = CostTag(TagState(active=False, now=NOON))
JUST_NOW = CostTag(TagState(active=True, now=NOON, since=NOON - timedelta(hours=1)))


@pytest.mark.parametrize(
    ("tag", "names", "status"),
    [
        pytest.param(ACTIVE, ("MAIF",), GOOD, id="active"),
        pytest.param(INACTIVE, ("MAIF",), BAD, id="inactive"),
        pytest.param(INACTIVE, (), NA, id="nothing is tagged"),
    ],
)
def test_the_tag_has_to_be_active(tag, names, status):
    assert cost_allocation_tag(tag, Workloads(names)).status is status


def spend(by_day, tag=ACTIVE, final=45, requests=100_000.0, usual="1", **settings):
    """``by_day`` are the newest days' costs, oldest first; ``usual`` that of the days before."""
    values = [usual] * (45 - len(by_day)) + list(by_day)
    days = tuple(
        Day(TODAY - timedelta(days=45 - n), n >= final, {("MAIF", "AWS Lambda"): Decimal(value)})
        for n, value in enumerate(values)
    )
    demand = Demand("MAIF", ("entry point",), {day.day: requests for day in days})
    workload = WorkloadRequests({"Application": "MAIF"}, demand)
    return application_cost(workload, Costs(Bill(days, "USD", TODAY)), tag, **settings)


def test_14_final_days_are_in_what_is_read_on_any_day_of_a_month():
    """The last month's bill is open until the 10th at the latest."""
    for today in (date(2026, month, day) for month in range(1, 13) for day in range(1, 29)):
        read = [today - timedelta(days=n) for n in range(1, LOOKED_BACK.days + 1)]
        of_the_month = today.replace(day=1)
        last_month = (of_the_month - timedelta(days=1)).replace(day=1)
        open_from = last_month if today.day <= 10 else of_the_month
        assert sum(day < open_from for day in read) >= 14, today


@pytest.mark.parametrize(
    ("by_day", "more", "status", "said"),
    [
        pytest.param((), {}, GOOD, "14.00 USD", id="steady"),
        pytest.param(("3", "9", "9"), {}, BAD, "SPIKE: 3.00 USD", id="a spike"),
        pytest.param(
            ("3", "9", "9"), {"usual": "0"}, UNKNOWN, "the 14 days before is zero", id="first cost"
        ),
        pytest.param(("1.5", "1", "1"), {}, GOOD, "without a spike", id="exactly the ratio"),
        pytest.param(
            ("1", "9", "9"), {}, GOOD, "without a spike", id="the last two days do not count"
        ),
        pytest.param(("3", "1", "1"), {"final": 20}, BAD, "still estimated", id="estimated spike"),
        pytest.param((), {"final": 13}, UNKNOWN, "ESTIMATED_COST", id="estimated and steady"),
        pytest.param((), {"tag": INACTIVE}, UNKNOWN, "TAG_NOT_ACTIVE", id="inactive"),
        pytest.param((), {"tag": JUST_NOW}, UNKNOWN, "48 h", id="just activated"),
        pytest.param(["0"] * 45, {}, BAD, "ZERO_COST_WITH_USAGE", id="requests for nothing"),
        pytest.param(["0"] * 45, {"requests": 1.0}, GOOD, "0.00 USD", id="hardly a request"),
    ],
)
def test_the_workloads_cost(by_day, more, status, said):
    seen = spend(by_day, **more)
    assert seen.status is status, seen.reason
    assert said in seen.reason
