"""The benchmarks' settings: each is the difference between two verdicts on the same traffic."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from functions.performance_benchmarks.app import (
    balancer_availability,
    balancer_error_rate,
    balancer_latency,
    cost_per_million_requests,
    function_availability,
    function_error_rate,
    function_latency,
    http_api_availability,
    http_api_error_rate,
    http_api_latency,
    rest_api_availability,
    rest_api_error_rate,
    rest_api_latency,
    service_availability,
    service_error_rate,
    service_latency,
)
from readiness import Severity, Status
from readiness.evidence.awslambda.functions import FunctionTags
from readiness.evidence.costexplorer import Bill, Costs, CostTag, Day, RegionalCosts, TagState
from readiness.evidence.workloads.api_entry_points import (
    HttpApiLatency,
    HttpApiOutcomes,
    RestApiLatency,
    RestApiOutcomes,
)
from readiness.evidence.workloads.balancer_entry_points import (
    BalancerLatency,
    BalancerOutcomes,
    EntryPointList,
    ServiceLatency,
    ServiceOutcomes,
)
from readiness.evidence.workloads.function_entry_points import FunctionLatency, FunctionOutcomes
from readiness.evidence.workloads.tagged import Demand, WorkloadRequests
from tests.accounts import performance_benchmarks as worlds
from tests.fake_account import NOON, observe
from tests.histories import history, latency, outcomes

OK = (Status.COMPLIANT, None)
DEGRADED = (Status.NON_COMPLIANT, Severity.MEDIUM)
BREACH = (Status.NON_COMPLIANT, Severity.HIGH)
CRITICAL = (Status.NON_COMPLIANT, Severity.CRITICAL)
UNKNOWN = (Status.INSUFFICIENT_DATA, None)
IDLE = (Status.NOT_APPLICABLE, None)

GROUPS = EntryPointList((("targetgroup/api/1", "app/agents/1"),))
LATENCY = {
    function_latency: lambda entry_point: (
        FunctionLatency(latency_within(0), entry_point, False),
        FunctionTags({}),
    ),
    service_latency: lambda entry_point: (ServiceLatency(GROUPS, entry_point),),
    rest_api_latency: lambda entry_point: (RestApiLatency(entry_point),),
    http_api_latency: lambda entry_point: (HttpApiLatency("HTTP", entry_point),),
    balancer_latency: lambda entry_point: (BalancerLatency("application", False, entry_point),),
}
OUTCOMES = {
    "function": lambda entry_point: FunctionOutcomes((entry_point,)),
    "service": lambda entry_point: ServiceOutcomes(GROUPS, entry_point),
    "rest api": RestApiOutcomes,
    "http api": lambda entry_point: HttpApiOutcomes("HTTP", entry_point),
    "balancer": lambda entry_point: BalancerOutcomes("application", False, entry_point),
}
ERROR_RATE = {
    "function": function_error_rate,
    "service": service_error_rate,
    "rest api": rest_api_error_rate,
    "http api": http_api_error_rate,
    "balancer": balancer_error_rate,
}
AVAILABILITY = {
    "function": function_availability,
    "service": service_availability,
    "rest api": rest_api_availability,
    "http api": http_api_availability,
    "balancer": balancer_availability,
}


def verdict(seen):
    return seen.status, seen.severity


def latency_within(n, **kept):
    """``n`` samples; ``ms_200=5`` says that 5 of them took at most 200 ms.

    The limits that are not named were kept by as many as the next lower one.
    """
    counts, last = {}, 0
    for limit in (100, 200, 500, 800, 1000, 2000):
        last = kept.get(f"ms_{limit}", last)
        counts[float(limit)] = history(last)
    return latency((history(n), counts))


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in LATENCY])
@pytest.mark.parametrize(
    ("entry_point", "default", "settings", "configured"),
    [
        pytest.param(
            latency_within(10_000, ms_100=9800, ms_200=9950),
            DEGRADED,
            {"target_ms": 200.0},
            OK,
            id="target_ms: 2 % over 100 ms, hardly any over 200",
        ),
        pytest.param(
            latency_within(10_000, ms_800=9950),
            BREACH,
            {"degraded_ms": 800.0},
            DEGRADED,
            id="degraded_ms: p99 from 500 to 800 ms",
        ),
        pytest.param(
            latency_within(10_000, ms_1000=9800, ms_2000=9950),
            CRITICAL,
            {"critical_ms": 2000.0},
            BREACH,
            id="critical_ms: p99 from 1 to 2 s",
        ),
        pytest.param(
            latency_within(10_000, ms_100=9800, ms_500=10_000),
            DEGRADED,
            {"quantile": 0.95},
            OK,
            id="quantile: p99 is late, p95 is not",
        ),
        pytest.param(
            latency_within(280, ms_100=280),
            UNKNOWN,
            {"confidence": 0.94},
            OK,
            id="confidence: 280 quick ones suffice for 94 %, 299 for 95 %",
        ),
        pytest.param(
            latency_within(279, ms_100=279),
            UNKNOWN,
            {"confidence": 0.94},
            UNKNOWN,
            id="confidence: 279 do not",
        ),
        pytest.param(
            latency_within(99, ms_500=99),
            UNKNOWN,
            {"min_requests": 99},
            DEGRADED,
            id="min_requests: 99 late ones",
        ),
        pytest.param(
            latency_within(98, ms_500=98),
            UNKNOWN,
            {"min_requests": 99},
            UNKNOWN,
            id="min_requests: 98 late ones",
        ),
        pytest.param(latency_within(0), IDLE, {"min_requests": 1}, IDLE, id="nobody came"),
    ],
)
def test_a_setting_decides_about_latency(rule, entry_point, default, settings, configured):
    evidence = LATENCY[rule](entry_point)
    assert verdict(rule(*evidence)) == default
    assert verdict(rule(*evidence, **settings)) == configured


@pytest.mark.parametrize("kind", ERROR_RATE)
@pytest.mark.parametrize(
    ("failed", "n", "default", "settings", "configured"),
    [
        pytest.param(200, 100_000, DEGRADED, {"target_pct": 0.3}, OK, id="target_pct: 0.2 %"),
        pytest.param(
            1999, 100_000, BREACH, {"degraded_pct": 2.0}, DEGRADED, id="degraded_pct: just below"
        ),
        pytest.param(
            2000, 100_000, BREACH, {"degraded_pct": 2.0}, BREACH, id="degraded_pct: exactly"
        ),
        pytest.param(
            6000, 100_000, CRITICAL, {"critical_pct": 6.0}, BREACH, id="critical_pct: exactly"
        ),
        pytest.param(
            0, 2813, UNKNOWN, {"confidence": 0.94}, OK, id="confidence: 2,813 suffice for 94 %"
        ),
        pytest.param(
            0, 2812, UNKNOWN, {"confidence": 0.94}, UNKNOWN, id="confidence: 2,812 do not"
        ),
        pytest.param(
            4, 99, UNKNOWN, {"min_requests": 99}, BREACH, id="min_requests: 99, 4 failed"
        ),
        pytest.param(
            4, 98, UNKNOWN, {"min_requests": 99}, UNKNOWN, id="min_requests: 98, 4 failed"
        ),
        pytest.param(0, 0, IDLE, {"min_requests": 1}, IDLE, id="nobody came"),
    ],
)
def test_a_setting_decides_about_errors(kind, failed, n, default, settings, configured):
    rule, evidence = ERROR_RATE[kind], OUTCOMES[kind](outcomes(history(n), history(failed)))
    assert verdict(rule(evidence)) == default
    assert verdict(rule(evidence, **settings)) == configured


@pytest.mark.parametrize("kind", AVAILABILITY)
@pytest.mark.parametrize(
    ("missed", "traffic", "default", "settings", "configured"),
    [
        pytest.param(
            500, history(100_000), DEGRADED, {"target_pct": 99.4}, OK, id="target_pct: 99.5 %"
        ),
        pytest.param(
            1999,
            history(100_000),
            CRITICAL,
            {"degraded_pct": 98.0},
            DEGRADED,
            id="degraded_pct: just above",
        ),
        pytest.param(
            2000,
            history(100_000),
            CRITICAL,
            {"degraded_pct": 98.0},
            BREACH,
            id="degraded_pct: exactly",
        ),
        pytest.param(
            0,
            history(2813),
            UNKNOWN,
            {"confidence": 0.94},
            OK,
            id="confidence: 2,813 suffice for 94 %",
        ),
        pytest.param(
            0,
            history(2812),
            UNKNOWN,
            {"confidence": 0.94},
            UNKNOWN,
            id="confidence: 2,812 do not",
        ),
        pytest.param(
            3, history(99), UNKNOWN, {"min_attempts": 99}, BREACH, id="min_attempts: 99, 3 missed"
        ),
        pytest.param(
            0,
            history(0, 0, last_week=99),
            IDLE,
            {"min_attempts": 99},
            BREACH,
            id="min_attempts: 99 last week, none now",
        ),
        pytest.param(
            0,
            history(0, 0, last_week=98),
            IDLE,
            {"min_attempts": 99},
            IDLE,
            id="min_attempts: 98 last week, none now",
        ),
    ],
)
def test_a_setting_decides_about_availability(
    kind, missed, traffic, default, settings, configured
):
    rule, evidence = AVAILABILITY[kind], OUTCOMES[kind](outcomes(traffic, history(missed)))
    assert verdict(rule(evidence)) == default
    assert verdict(rule(evidence, **settings)) == configured


# -- cost -----------------------------------------------------------------------------------------

TODAY = NOON.date()
ACTIVE = CostTag(TagState(active=True, now=NOON))


def bill(per_day="0.5", newest="0.5", *, untagged="0", final=40):
    """45 days, the oldest ``final`` of them final; ``newest`` is the cost of each of the last 2."""
    days = [
        Day(
            TODAY - timedelta(days=45 - n),
            n >= final,
            {
                ("MAIF", "AWS Lambda"): Decimal(newest if n >= 43 else per_day),
                ("", "Amazon VPC"): Decimal(untagged),
            },
        )
        for n in range(45)
    ]
    return Costs(Bill(tuple(days), "USD", TODAY))


ONE_REGION = RegionalCosts(Bill((), "USD", TODAY), "us-east-1")


def requests(per_day=100_000.0):
    days = {TODAY - timedelta(days=n): per_day for n in range(1, 46)}
    return WorkloadRequests({"Application": "MAIF"}, Demand("MAIF", ("api",), days))


@pytest.mark.parametrize(
    ("costs", "per_day", "default", "settings", "configured"),
    [
        pytest.param(bill("1.09"), 1e5, DEGRADED, {"target": 11.0}, OK, id="target: 10.90"),
        pytest.param(bill("1.1"), 1e5, DEGRADED, {"target": 11.0}, DEGRADED, id="target: 11.00"),
        pytest.param(bill("5.9"), 1e5, BREACH, {"degraded": 60.0}, DEGRADED, id="degraded: 59.00"),
        pytest.param(bill("6"), 1e5, BREACH, {"degraded": 60.0}, BREACH, id="degraded: 60.00"),
        pytest.param(bill("11"), 1e5, CRITICAL, {"critical": 110.0}, BREACH, id="critical: 110"),
        pytest.param(bill(final=6), 1e5, UNKNOWN, {"window_days": 6}, OK, id="6 days are final"),
        pytest.param(bill(final=5), 1e5, UNKNOWN, {"window_days": 6}, UNKNOWN, id="5 days are"),
        pytest.param(bill(final=6), 1e5, UNKNOWN, {"use_estimates": True}, OK, id="estimates"),
        pytest.param(
            bill(newest="9", final=45), 1e5, OK, {"lag_days": 1}, DEGRADED, id="yesterday's cost"
        ),
        pytest.param(
            bill("0.01"), 1428.0, UNKNOWN, {"min_requests": 9996}, OK, id="9,996 requests suffice"
        ),
        pytest.param(
            bill("0.01"), 1428.0, UNKNOWN, {"min_requests": 9997}, UNKNOWN, id="or do not"
        ),
        pytest.param(
            bill(untagged="0.5"), 1e5, UNKNOWN, {"min_coverage": 0.5}, OK, id="half is tagged"
        ),
        pytest.param(
            bill(untagged="0.6"), 1e5, UNKNOWN, {"min_coverage": 0.5}, UNKNOWN, id="less is"
        ),
    ],
)
def test_a_setting_decides_about_cost(costs, per_day, default, settings, configured):
    evidence = requests(per_day), costs, ONE_REGION, ACTIVE
    assert verdict(cost_per_million_requests(*evidence)) == default
    assert verdict(cost_per_million_requests(*evidence, **settings)) == configured


def test_the_days_before_the_lag_are_the_same_for_every_setting():
    """The newest days' cost never counts, however many days are asked for."""
    evidence = requests(), bill(newest="900", final=45), ONE_REGION, ACTIVE
    for window_days in (1, 14):
        assert verdict(cost_per_million_requests(*evidence, window_days=window_days)) == OK


def net_of_credits(**asked):
    """A bill that credits net to zero, unless they are left out of it."""
    answer = worlds.get_cost_and_usage(**asked)
    left_out = [each["Not"]["Dimensions"] for each in asked["Filter"]["And"] if "Not" in each]
    if any("Credit" in each["Values"] for each in left_out):
        return answer
    nothing = {(worlds.WORKLOAD, "AWS Lambda"): "0", ("", "AWS CloudTrail"): "0.1"}
    estimated = [day for day in answer["ResultsByTime"] if day["Estimated"]]
    days = [_begin(day) for day in answer["ResultsByTime"]]
    return {
        "ResultsByTime": worlds.costs(
            dict.fromkeys(days, nothing), estimated=map(_begin, estimated)
        )
    }


def _begin(day):
    return NOON.date().fromisoformat(day["TimePeriod"]["Start"])


def test_credits_hide_what_a_request_costs():
    fake_account = worlds.fake_account().but(
        ce__get_cost_and_usage=net_of_credits,
        ce__list_cost_allocation_tags={"CostAllocationTags": []},
    )
    seen = observe(fake_account, cost_per_million_requests, worlds.WORKLOAD)
    assert seen.finding.status is Status.COMPLIANT, seen.finding.reason
    asked = {"exclude_record_types": ("Tax", "Refund")}
    seen = observe(fake_account, cost_per_million_requests, worlds.WORKLOAD, **asked)
    assert seen.finding.status is Status.INSUFFICIENT_DATA, seen.finding.reason
