"""The settings of the monitoring commands: each decides between two verdicts on the same data."""

from __future__ import annotations

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
from readiness.evidence.cloudwatch.processing_time import (
    FunctionProcessingTime,
    ProcessingTime,
    PublishedTime,
    ServiceProcessingTime,
)
from readiness.evidence.ecs.services import Service
from readiness.evidence.xray.configuration import TraceIndexing
from readiness.evidence.xray.summaries import Traces
from readiness.evidence.xray.traces import FunctionTraces, ServiceTraces
from tests.accounts import monitoring_commands as worlds
from tests.accounts.performance_benchmarks import SERVICE, WORKLOAD
from tests.accounts.traffic import get_metric_data
from tests.fake_account import HOME, observe
from tests.histories import history
from tests.rules.test_monitoring_commands import AGENT, spend, traces
from tests.rules.test_performance_benchmarks_settings import latency_within, net_of_credits

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA


# -- processing times -------------------------------------------------------------------------

API = Service("arn", "api", "cluster", "task:1", tags={"Application": "MAIF"})
PUBLISHERS = [
    pytest.param(
        function_processing_time, lambda time: (FunctionProcessingTime(time), AGENT), id="function"
    ),
    pytest.param(
        service_processing_time, lambda time: (ServiceProcessingTime(time, API),), id="service"
    ),
]


def published(samples, work=None, **kept):
    """A series of so many samples in the last hour, for an agent with so much work."""
    series = PublishedTime(
        "MAIF/Agents:ProcessingTime", latency_within(samples, **kept), history(2000)
    )
    return ProcessingTime((series,), 1, history(samples if work is None else work))


@pytest.mark.parametrize(("rule", "of"), PUBLISHERS)
@pytest.mark.parametrize(
    ("time", "default", "settings", "configured"),
    [
        pytest.param(
            published(1000, ms_100=980, ms_200=1000),
            (BAD, None),
            {"target_ms": 200.0},
            (GOOD, None),
            id="target_ms: 2 % over 100 ms, none over 200",
        ),
        pytest.param(
            published(1000, ms_100=1000),
            (GOOD, None),
            {"degraded_ms": 99.0},
            (UNKNOWN, None),
            id="degraded_ms: below the target",
        ),
        pytest.param(
            published(1000, ms_100=999, ms_2000=1000),
            (BAD, Severity.LOW),
            {"critical_ms": 2000.0},
            (GOOD, None),
            id="critical_ms: one from 1 to 2 s",
        ),
        pytest.param(
            published(1000, ms_100=949, ms_500=1000),
            (BAD, None),
            {"quantile": 0.95},
            (BAD, None),
            id="quantile: p95 is above the target",
        ),
        pytest.param(
            published(1000, ms_100=950, ms_500=1000),
            (BAD, None),
            {"quantile": 0.95},
            (GOOD, None),
            id="quantile: p95 is within the target",
        ),
        pytest.param(
            published(19, ms_100=19),
            (UNKNOWN, None),
            {"min_samples": 19},
            (GOOD, None),
            id="min_samples: 19 of 19",
        ),
        pytest.param(
            published(20, ms_100=20),
            (GOOD, None),
            {"min_samples": 21},
            (UNKNOWN, None),
            id="min_samples: 20 of 21",
        ),
        pytest.param(
            published(60, work=1000, ms_100=60),
            (UNKNOWN, None),
            {"flush_seconds": 61},
            (GOOD, None),
            id="flush_seconds: more often than each 61 s",
        ),
        pytest.param(
            published(61, work=1000, ms_100=61),
            (GOOD, None),
            {"flush_seconds": 59},
            (UNKNOWN, None),
            id="flush_seconds: about each 59 s",
        ),
    ],
)
def test_a_setting_decides_about_processing_times(rule, of, time, default, settings, configured):
    seen, asked = rule(*of(time)), rule(*of(time), **settings)
    assert (seen.status, seen.severity) == default, seen.reason
    assert (asked.status, asked.severity) == configured, asked.reason


@pytest.mark.parametrize(("rule", "of"), PUBLISHERS)
@pytest.mark.parametrize(
    ("settings", "band"),
    [
        pytest.param({}, "BREACH", id="500 ms"),
        pytest.param({"degraded_ms": 800.0}, "DEGRADED", id="800 ms"),
    ],
)
def test_the_band_is_told_and_weighs_the_same(rule, of, settings, band):
    seen = rule(*of(published(1000, ms_800=1000)), **settings)
    assert (seen.status, seen.severity, seen.observed["band"]) == (BAD, None, band)


def in_seconds(seconds):
    """CloudWatch with the agents' series in seconds, every sample the same."""

    def said(namespace, metric, statistic, dimensions, begin, period):
        if statistic.startswith("TC(:") and seconds > float(statistic[4:-1]):
            return 0.0
        return worlds.said(namespace, metric, statistic, dimensions, begin, period)

    return {"cloudwatch__get_metric_data": get_metric_data(said)}


@pytest.mark.parametrize(
    ("rule", "id"),
    [
        pytest.param(function_processing_time, worlds.FUNCTION, id="function"),
        pytest.param(service_processing_time, SERVICE, id="service"),
    ],
)
@pytest.mark.parametrize(
    ("answers", "settings", "status"),
    [
        pytest.param({}, {"series": ("MAIF/Agents:Processing*",)}, GOOD, id="series: by pattern"),
        pytest.param({}, {"series": ("MAIF/Agents:Waiting",)}, NA, id="series: another name"),
        pytest.param({}, {"series": ("MAIF:ProcessingTime",)}, NA, id="series: elsewhere"),
        pytest.param({}, {"dimension": "FunctionName"}, NA, id="dimension: another one"),
        pytest.param(in_seconds(0.09), {"units_per_ms": 0.001}, GOOD, id="units_per_ms: 90 ms"),
        pytest.param(in_seconds(0.11), {"units_per_ms": 0.001}, BAD, id="units_per_ms: 110 ms"),
    ],
)
def test_which_series_are_asked_for(rule, id, answers, settings, status):
    fake_account = worlds.fake_account().but(**answers)
    assert observe(fake_account, rule, id).finding.status is GOOD
    seen = observe(fake_account, rule, id, **settings)
    assert seen.finding.status is status, seen.finding.reason


# -- traces -----------------------------------------------------------------------------------

NONE = Traces({})


@pytest.mark.parametrize(
    ("invocations", "default", "settings", "configured"),
    [
        pytest.param(399, UNKNOWN, {"min_expected": 19}, BAD, id="min_expected: 19.95 of 19"),
        pytest.param(400, BAD, {"min_expected": 21}, UNKNOWN, id="min_expected: 20 of 21"),
        pytest.param(200, UNKNOWN, {"sampled": 0.1}, BAD, id="sampled: 10 % of 200"),
        pytest.param(199, UNKNOWN, {"sampled": 0.1}, UNKNOWN, id="sampled: 10 % of 199"),
        pytest.param(1999, BAD, {"sampled": 0.01}, UNKNOWN, id="sampled: 1 % of 1999"),
    ],
)
def test_how_many_traces_must_be_missing(invocations, default, settings, configured):
    function = FunctionTraces("Active", invocations, NONE)
    assert function_traces(function, TraceIndexing()).status is default
    assert function_traces(function, TraceIndexing(), **settings).status is configured


@pytest.mark.parametrize(
    ("rule", "of"),
    [
        pytest.param(
            function_traces,
            lambda t: (FunctionTraces("Active", 1000, t), TraceIndexing()),
            id="function",
        ),
        pytest.param(service_traces, lambda t: (ServiceTraces("api", 2, t, {}),), id="service"),
    ],
)
@pytest.mark.parametrize(
    ("found", "default", "settings", "configured"),
    [
        pytest.param(
            traces(5, 1), GOOD, {"max_slow_share": 0.8}, BAD, id="max_slow_share: one of six"
        ),
        pytest.param(
            Traces(dict.fromkeys("abcdefgh", 2.0)),
            BAD,
            {"slow_seconds": 2.0},
            GOOD,
            id="slow_seconds: 2 s of 2 s",
        ),
        pytest.param(
            Traces(dict.fromkeys("abcdefgh", 2.01)),
            BAD,
            {"slow_seconds": 2.0},
            BAD,
            id="slow_seconds: more than 2 s",
        ),
        pytest.param(
            Traces(dict.fromkeys("abcdefgh", 1.0)),
            GOOD,
            {"slow_seconds": 0.99},
            BAD,
            id="slow_seconds: 1 s of 0.99 s",
        ),
        pytest.param(traces(6, 4), BAD, {"min_traces": 11}, UNKNOWN, id="min_traces: ten of 11"),
        pytest.param(traces(4, 1), UNKNOWN, {"min_traces": 5}, BAD, id="min_traces: five of five"),
        pytest.param(
            traces(90, 10), BAD, {"max_slow_share": 6.0}, GOOD, id="max_slow_share: perhaps 6 %"
        ),
        pytest.param(
            traces(90, 10), BAD, {"max_slow_share": 5.0}, BAD, id="max_slow_share: over 5 %"
        ),
        pytest.param(
            traces(19, 1), GOOD, {"max_slow_share": 0.2}, BAD, id="max_slow_share: over 0.2 %"
        ),
    ],
)
def test_how_many_traces_may_be_slow(rule, of, found, default, settings, configured):
    assert rule(*of(found)).status is default
    assert rule(*of(found), **settings).status is configured


# -- cost -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by_day", "requests", "default", "settings", "configured"),
    [
        pytest.param(
            ("1", "9", "9"), 1e5, GOOD, {"lag_days": 1}, BAD, id="lag_days: a spike 2 days ago"
        ),
        pytest.param(
            ("9", "1", "1"), 1e5, BAD, {"lag_days": 3}, GOOD, id="lag_days: a spike 3 days ago"
        ),
        pytest.param(
            ("1.5", "1", "1"), 1e5, GOOD, {"spike_ratio": 1.49}, BAD, id="spike_ratio: over 1.49"
        ),
        pytest.param(
            ("1.6", "1", "1"), 1e5, BAD, {"spike_ratio": 1.6}, GOOD, id="spike_ratio: just 1.6"
        ),
        pytest.param(("3", "1", "1"), 1e5, BAD, {"min_spike": 3.0}, GOOD, id="min_spike: 3 of 3"),
        pytest.param(
            ("3", "1", "1"), 1e5, BAD, {"min_spike": 2.99}, BAD, id="min_spike: 3 of 2.99"
        ),
        pytest.param(
            ["0"] * 45, 714.0, GOOD, {"min_requests": 9996}, BAD, id="min_requests: 9,996 for free"
        ),
        pytest.param(
            ["0"] * 45, 714.0, GOOD, {"min_requests": 9997}, GOOD, id="min_requests: fewer"
        ),
    ],
)
def test_what_a_spike_of_the_cost_is(by_day, requests, default, settings, configured):
    assert spend(by_day, requests=requests).status is default
    assert spend(by_day, requests=requests, **settings).status is configured


@pytest.mark.parametrize(
    ("rule", "id", "status"),
    [
        pytest.param(cost_allocation_tag, HOME, BAD, id="tag"),
        pytest.param(application_cost, WORKLOAD, UNKNOWN, id="spend"),
    ],
)
def test_credits_hide_what_is_tagged(rule, id, status):
    fake_account = worlds.fake_account().but(
        ce__get_cost_and_usage=net_of_credits,
        ce__list_cost_allocation_tags={"CostAllocationTags": []},
    )
    assert observe(fake_account, rule, id).finding.status is GOOD
    seen = observe(fake_account, rule, id, exclude_record_types=("Tax", "Refund"))
    assert seen.finding.status is status, seen.finding.reason
