"""The benchmark table: bands without holes, and nothing said that few requests do not prove."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
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
from tests.fake_account import NOON
from tests.histories import burst, history, latency, outcomes, within

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
CRITICAL, HIGH, MEDIUM = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM
NO_TAGS = FunctionTags({})
NOTHING = within(0, 0, 0, 0)
GROUPS = EntryPointList((("targetgroup/api/1", "app/agents/1"),))


def latency_of(*entry_points):
    return rest_api_latency(RestApiLatency(latency(*entry_points)))


@pytest.mark.parametrize(
    ("n", "counts", "status", "severity", "band"),
    [
        pytest.param(299, (299, 299, 299), GOOD, None, "OK", id="299 without a slow one suffice"),
        pytest.param(298, (298, 298, 298), UNKNOWN, None, "", id="298 do not"),
        pytest.param(10_000, (9950, 10_000, 10_000), GOOD, None, "OK", id="half a percent slow"),
        pytest.param(10_000, (0, 9950, 9990), BAD, MEDIUM, "DEGRADED", id="p99 under 500 ms"),
        pytest.param(10_000, (0, 0, 9950), BAD, HIGH, "BREACH", id="p99 under 1 s"),
        pytest.param(10_000, (0, 0, 9800), BAD, CRITICAL, "CRITICAL", id="2 % over 1 s"),
        pytest.param(10_000, (0, 0, 9895), BAD, HIGH, "BREACH", id="perhaps over 1 s"),
        pytest.param(2, (0, 0, 0), BAD, CRITICAL, "CRITICAL", id="two of two over 1 s"),
        pytest.param(1, (0, 1, 1), UNKNOWN, None, "", id="one of one slow"),
        pytest.param(0, (0, 0, 0), NA, None, None, id="no request"),
    ],
)
def test_latency_bands(n, counts, status, severity, band):
    seen = latency_of(within(n, *counts))
    assert (seen.status, seen.severity) == (status, severity), seen.reason
    assert seen.observed.get("band") == band


@pytest.mark.parametrize(
    ("each", "hour", "severity", "said"),
    [
        pytest.param(0, 0, CRITICAL, "", id="nobody asked since"),
        pytest.param(1, 0, CRITICAL, "", id="23 since exclude nothing"),
        pytest.param(3, 0, HIGH, "not CRITICAL any more", id="69 since exclude 5 %"),
        pytest.param(13, 0, MEDIUM, "not BREACH any more", id="299 since exclude 1 %"),
        pytest.param(0, 60, HIGH, "The 60 of the last 1 h show", id="60 in the last hour"),
    ],
)
def test_what_is_mended_is_not_critical_for_a_week(each, hour, severity, said):
    """Sixty of a hundred requests failed three days ago; none since, and few were made."""
    total = burst(100, 72, each=each, hour=hour)
    seen = rest_api_error_rate(RestApiOutcomes(outcomes(total, burst(60, 72))))
    assert (seen.status, seen.severity) == (BAD, severity), seen.reason
    assert said in seen.reason
    assert seen.observed["window"] == "7 d"


def test_what_still_fails_stays_critical():
    total, failed = burst(100, 72, each=3), burst(60, 72, each=1)
    seen = rest_api_error_rate(RestApiOutcomes(outcomes(total, failed)))
    assert seen.severity is CRITICAL


def test_failures_that_others_may_share_ease_nothing():
    total, failed = burst(100, 72, each=3), burst(60, 72)
    shared = replace(outcomes(total, failed), unseen="Another API has its name.")
    seen = rest_api_error_rate(RestApiOutcomes(shared))
    assert seen.severity is CRITICAL


@pytest.mark.parametrize(
    ("each", "quick", "severity"),
    [
        pytest.param(2, 2, CRITICAL, id="46 since"),
        pytest.param(3, 0, CRITICAL, id="slow ever since"),
        pytest.param(13, 13, None, id="299 quick ones since"),
    ],
)
def test_what_was_slow_is_critical_until_a_hundredth_of_it_can_be_told(each, quick, severity):
    total, kept = burst(100, 72, each=each), burst(0, 72, each=quick)
    assert latency_of((total, dict.fromkeys((100.0, 500.0, 1000.0), kept))).severity is severity


def test_percentiles_are_not_averaged_over_functions():
    """980,000 at 40 ms and 20,000 at 900 ms: the mean of both p99 is 470, the true one 900."""
    quick, slow = within(980_000, *[980_000] * 3), within(20_000, 0, 0, 20_000)
    seen = latency_of(quick, slow)
    assert (seen.status, seen.observed["band"]) == (BAD, "BREACH")
    assert seen.observed["samples"] == 1_000_000


def test_percentiles_are_not_averaged_over_time():
    """Hours with one cold start in ten requests do not outweigh an hour of 99,770 quick ones."""
    counts = (
        history(99_770, 10),
        {
            100.0: history(99_770, 9),
            500.0: history(99_770, 9),
            1000.0: history(99_770, 9),
        },
    )
    assert latency_of(counts).status is GOOD


def test_a_quiet_hour_widens_the_window():
    counts = history(5, 100), {limit: history(5, 100) for limit in (100.0, 500.0, 1000.0)}
    seen = latency_of(counts)
    assert (seen.status, seen.observed["window"]) == (GOOD, "24 h")
    assert seen.observed["samples"] == 2305


def test_a_series_without_percentiles_tells_nothing():
    counts, kept = within(1000, 1000, 1000, 1000)
    seen = rest_api_latency(RestApiLatency(latency((counts, kept), percentiles=(history(),))))
    assert seen.status is UNKNOWN
    assert seen.observed["cause"] == "PREAGGREGATED_SERIES"


@pytest.mark.parametrize(
    ("kept", "status"),
    [
        pytest.param((1000, 1000, 1000, 1000), UNKNOWN, id="good together"),
        pytest.param((1000, 0, 0, 0), BAD, id="slow together"),
        pytest.param((0, 0, 0, 0), NA, id="no requests"),
    ],
)
def test_rest_apis_of_the_same_name_are_measured_together(kept, status):
    shared = RestApiLatency(latency(within(*kept)), ("b2c3d4",))
    seen = rest_api_latency(shared)
    assert (seen.status, "together with b2c3d4" in seen.reason) == (status, status is not NA)
    both = outcomes(history(1000), history(0)), outcomes(history(1000), history(300))
    for rule in (rest_api_error_rate, rest_api_availability):
        good, bad = (rule(RestApiOutcomes(each, ("b2c3d4",))) for each in both)
        assert (good.status, bad.status) == (UNKNOWN, BAD)


def test_limits_out_of_order_are_refused():
    seen = rest_api_latency(RestApiLatency(latency(within(1000, 0, 0, 0))), target_ms=600.0)
    assert seen.status is UNKNOWN
    assert "600, 500, 1000" in seen.reason


SLOW, QUICK = latency(within(1000, 0, 0, 0)), latency(within(1000, 1000, 1000, 1000))


@pytest.mark.parametrize(
    ("function", "tags", "status"),
    [
        pytest.param(FunctionLatency(latency(NOTHING), SLOW, False), {}, BAD, id="no url"),
        pytest.param(
            FunctionLatency(QUICK, SLOW, False), {}, GOOD, id="the url is the entry point"
        ),
        pytest.param(FunctionLatency(SLOW, QUICK, False), {"maif:slo": "batch"}, NA, id="batch"),
        pytest.param(FunctionLatency(SLOW, QUICK, False), {"maif:slo": "Batch "}, NA, id="Batch"),
        pytest.param(FunctionLatency(latency(NOTHING), SLOW, True), {}, NA, id="asynchronous"),
    ],
)
def test_a_functions_latency_is_that_of_its_door(function, tags, status):
    assert function_latency(function, FunctionTags(tags)).status is status


@pytest.mark.parametrize(
    ("failed", "n", "status", "severity", "band"),
    [
        pytest.param(0, 2995, GOOD, None, "OK", id="2,995 without a failure suffice"),
        pytest.param(0, 2994, UNKNOWN, None, "", id="2,994 do not"),
        pytest.param(1, 3, UNKNOWN, None, "", id="1 of 3 proves nothing"),
        pytest.param(2, 3, BAD, CRITICAL, "CRITICAL", id="2 of 3 is critical"),
        pytest.param(3, 10, BAD, CRITICAL, "CRITICAL", id="3 of 10 is critical"),
        pytest.param(5, 100_000, GOOD, None, "OK", id="0.005 %"),
        pytest.param(100, 100_000, UNKNOWN, None, "", id="0.1 % might be less"),
        pytest.param(200, 100_000, BAD, MEDIUM, "DEGRADED", id="0.2 %"),
        pytest.param(1000, 100_000, BAD, HIGH, "BREACH", id="exactly 1 %"),
        pytest.param(3000, 100_000, BAD, HIGH, "BREACH", id="3 %"),
        pytest.param(5000, 100_000, BAD, HIGH, "BREACH", id="exactly 5 %"),
        pytest.param(5500, 100_000, BAD, CRITICAL, "CRITICAL", id="5.5 %"),
        pytest.param(0, 0, NA, None, None, id="no request"),
        pytest.param(50, 0, BAD, CRITICAL, "CRITICAL", id="failures beyond the count"),
    ],
)
def test_error_rate_bands(failed, n, status, severity, band):
    seen = rest_api_error_rate(RestApiOutcomes(outcomes(history(n), history(failed))))
    assert (seen.status, seen.severity) == (status, severity), seen.reason
    assert seen.observed.get("band") == band


def test_rates_are_not_averaged_over_time():
    """A bad hour of 100 requests among 23 of 100,000 is 0.004 % of the day, not 4 %."""
    n, failed = history(10, 100_000), history(0, 4)
    seen = rest_api_error_rate(RestApiOutcomes(outcomes(n, failed)))
    assert (seen.status, seen.observed["window"]) == (GOOD, "24 h")
    assert seen.observed["value"] == pytest.approx(0.004, rel=0.01)


def test_the_finding_carries_what_it_rests_on():
    seen = rest_api_error_rate(RestApiOutcomes(outcomes(history(1000), history(30))))
    wanted = {"value": 3.0, "band": "BREACH", "samples": 1000, "window": "1 h", "failed": 30.0}
    assert {name: seen.observed[name] for name in wanted} == wanted
    assert seen.observed["lower_bound"] < 3 < seen.observed["upper_bound"]


def test_a_handler_that_catches_everything_fails_at_its_url():
    """Lambda counts no error where the handler answers 500."""
    url, own = outcomes(history(5000), history(5000)), outcomes(history(5000))
    seen = function_error_rate(FunctionOutcomes((url, own)))
    assert (seen.status, seen.observed["value"]) == (BAD, 100.0)
    assert function_error_rate(FunctionOutcomes((outcomes(history()), own))).status is GOOD


def test_one_undecided_door_is_no_pass():
    url, own = outcomes(history(10)), outcomes(history(5000))
    assert function_error_rate(FunctionOutcomes((url, own))).status is UNKNOWN


@pytest.mark.parametrize(
    ("missed", "n", "status", "severity", "band"),
    [
        pytest.param(0, 2995, GOOD, None, "OK", id="2,995 without a miss suffice"),
        pytest.param(0, 2994, UNKNOWN, None, "", id="2,994 do not"),
        pytest.param(500, 100_000, BAD, MEDIUM, "DEGRADED", id="99.5 %"),
        pytest.param(1000, 100_000, BAD, HIGH, "BREACH", id="exactly 99 %"),
        pytest.param(1500, 100_000, BAD, CRITICAL, "CRITICAL", id="98.5 %"),
        pytest.param(1, 50, UNKNOWN, None, "", id="1 of 50"),
    ],
)
def test_availability_bands(missed, n, status, severity, band):
    seen = rest_api_availability(RestApiOutcomes(outcomes(history(n), history(missed))))
    assert (seen.status, seen.severity) == (status, severity), seen.reason
    assert seen.observed["band"] == band


def test_throttles_and_rejections_count_against_availability_alone():
    throttled = outcomes(history(9000), refused=history(1000))
    seen = function_availability(FunctionOutcomes((outcomes(history()), throttled)))
    assert (seen.observed["value"], seen.severity) == (90.0, CRITICAL)
    assert function_error_rate(FunctionOutcomes((throttled,))).status is GOOD


def test_throttles_at_a_url_are_counted_once():
    url = outcomes(history(10_000), refused_within=history(1000))
    seen = function_availability(FunctionOutcomes((url, outcomes(history(9000)))))
    assert (seen.observed["value"], seen.observed["samples"]) == (90.0, 10_000)


@pytest.mark.parametrize(
    "total",
    [
        pytest.param(outcomes(history(0, 0), history(400)), id="5XX without a request"),
        pytest.param(outcomes(history(0, 0), refused=history(400)), id="rejected connections"),
    ],
)
def test_an_outage_without_a_denominator_is_critical(total):
    seen = balancer_availability(BalancerOutcomes("application", False, total))
    assert (seen.status, seen.severity, seen.observed["value"]) == (BAD, CRITICAL, 0.0)


@pytest.mark.parametrize(
    ("now", "week", "last", "status", "severity"),
    [
        pytest.param(0, 100, 100, BAD, HIGH, id="lost"),
        pytest.param(0, 0, 500, BAD, HIGH, id="lost all week"),
        pytest.param(0, 1000, 99, GOOD, None, id="quiet last week too"),
        pytest.param(0, 0, 0, NA, None, id="idle"),
    ],
)
def test_silence_where_there_was_traffic_is_a_loss(now, week, last, status, severity):
    seen = http_api_availability(
        HttpApiOutcomes("HTTP", outcomes(history(now, week, last_week=last)))
    )
    assert (seen.status, seen.severity) == (status, severity), seen.reason
    assert (seen.observed.get("cause") == "TRAFFIC_LOSS") is (status is BAD)


FINE = outcomes(history(5000))


@pytest.mark.parametrize(
    ("rule", "evidence", "status"),
    [
        pytest.param(service_latency, ServiceLatency(GROUPS, QUICK), GOOD, id="service quick"),
        pytest.param(service_latency, ServiceLatency(GROUPS, SLOW), BAD, id="service slow"),
        pytest.param(
            service_latency, ServiceLatency(EntryPointList(), QUICK), NA, id="no balancer"
        ),
        pytest.param(service_error_rate, ServiceOutcomes(GROUPS, FINE), GOOD, id="service right"),
        pytest.param(
            service_error_rate, ServiceOutcomes(EntryPointList(), FINE), NA, id="unmeasured"
        ),
        pytest.param(service_availability, ServiceOutcomes(GROUPS, FINE), GOOD, id="service up"),
        pytest.param(
            service_availability, ServiceOutcomes(EntryPointList(), FINE), NA, id="not counted"
        ),
        pytest.param(http_api_latency, HttpApiLatency("HTTP", SLOW), BAD, id="http api slow"),
        pytest.param(http_api_latency, HttpApiLatency("WEBSOCKET", SLOW), NA, id="websocket"),
        pytest.param(http_api_error_rate, HttpApiOutcomes("HTTP", FINE), GOOD, id="http right"),
        pytest.param(http_api_error_rate, HttpApiOutcomes("WEBSOCKET", FINE), NA, id="ws errors"),
        pytest.param(http_api_availability, HttpApiOutcomes("WEBSOCKET", FINE), NA, id="ws up"),
        pytest.param(
            balancer_latency, BalancerLatency("application", False, SLOW), BAD, id="alb slow"
        ),
        pytest.param(balancer_latency, BalancerLatency("network", False, SLOW), NA, id="nlb"),
        pytest.param(
            balancer_latency, BalancerLatency("application", True, SLOW), NA, id="services behind"
        ),
        pytest.param(
            balancer_error_rate, BalancerOutcomes("application", False, FINE), GOOD, id="alb right"
        ),
        pytest.param(
            balancer_error_rate, BalancerOutcomes("application", True, FINE), NA, id="elsewhere"
        ),
        pytest.param(
            balancer_availability, BalancerOutcomes("gateway", False, FINE), NA, id="gateway"
        ),
    ],
)
def test_each_kind_of_door(rule, evidence, status):
    assert rule(evidence).status is status


# -- cost -----------------------------------------------------------------------------------------

TODAY = NOON.date()
ACTIVE = CostTag(TagState(active=True, now=NOON))


def bill(per_day="1", *, untagged="0", final=40, currency="USD") -> Costs:
    """45 days of the same cost; of the newest only those before the last ``45 - final``."""
    days = [TODAY - timedelta(days=n) for n in range(45, 0, -1)]
    cost = {("MAIF", "AWS Lambda"): Decimal(per_day), ("", "Amazon VPC"): Decimal(untagged)}
    return Costs(
        Bill(tuple(Day(d, n >= final, cost) for n, d in enumerate(days)), currency, TODAY)
    )


def requests(per_day=100_000.0, entry_points=("load balancer app/agents/1",)) -> WorkloadRequests:
    days = {TODAY - timedelta(days=n): per_day for n in range(1, 46)}
    return WorkloadRequests({"Application": "MAIF"}, Demand("MAIF", entry_points, days))


ONE_REGION = RegionalCosts(Bill((), "USD", TODAY), "us-east-1")


def cost(workload=None, costs=None, tag=ACTIVE, regional=None, **settings):
    return cost_per_million_requests(
        workload or requests(), costs or bill(), regional or ONE_REGION, tag, **settings
    )


@pytest.mark.parametrize(
    ("per_day", "status", "severity", "value"),
    [
        pytest.param("0.99", GOOD, None, 9.9, id="below the target"),
        pytest.param("1", BAD, MEDIUM, 10, id="exactly the target"),
        pytest.param("4.9", BAD, MEDIUM, 49, id="degraded"),
        pytest.param("5", BAD, HIGH, 50, id="breach"),
        pytest.param("10", BAD, HIGH, 100, id="exactly critical"),
        pytest.param("10.1", BAD, CRITICAL, 101, id="critical"),
    ],
)
def test_cost_bands(per_day, status, severity, value):
    seen = cost(costs=bill(per_day))
    assert (seen.status, seen.severity, seen.observed["value"]) == (status, severity, value)
    assert seen.observed["samples"] == 700_000


def test_cost_and_requests_are_of_the_same_final_days():
    seen = cost(costs=bill("0.5", final=40))
    assert seen.observed["window"] == f"{date(2026, 10, 21)} to {date(2026, 10, 27)}"
    estimated = cost(costs=bill("0.5", final=40), use_estimates=True)
    assert estimated.observed["window"] == f"{date(2026, 10, 24)} to {date(2026, 10, 30)}"


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        pytest.param({"costs": bill(final=3)}, "ESTIMATED_COST", id="estimated"),
        pytest.param({"workload": requests(100.0)}, "INSUFFICIENT_SAMPLES", id="few requests"),
        pytest.param({"costs": bill("0")}, "ZERO_COST_WITH_USAGE", id="no cost"),
        pytest.param({"costs": bill("1", untagged="1")}, "LOW_COVERAGE", id="half is untagged"),
        pytest.param(
            {"tag": CostTag(TagState(active=False, now=NOON))}, "TAG_NOT_ACTIVE", id="inactive"
        ),
        pytest.param(
            {"tag": CostTag(TagState(active=True, now=NOON, since=NOON - timedelta(hours=47)))},
            "TAG_NOT_ACTIVE",
            id="active since yesterday",
        ),
    ],
)
def test_what_the_bill_does_not_tell(given, cause):
    seen = cost(**given)
    assert (seen.status, seen.observed["cause"]) == (UNKNOWN, cause)


def test_a_workload_without_doors_has_no_cost_per_request():
    assert cost(workload=requests(entry_points=())).status is NA


def test_steps_out_of_order_are_refused():
    assert cost(target=60.0).status is UNKNOWN


def test_amounts_are_exact():
    """A thousand amounts of a billionth add up to a millionth, not to nearly that."""
    tiny = {("MAIF", str(n)): Decimal("1E-9") for n in range(1000)}
    day = replace(bill().bill.days[0], costs=tiny)
    assert day.of("MAIF") == Decimal("0.000001")


def in_regions(**costs):
    days = [
        Day(
            TODAY - timedelta(days=n),
            False,
            {("MAIF", name.replace("_", "-")): Decimal(value) for name, value in costs.items()},
        )
        for n in range(45, 0, -1)
    ]
    return RegionalCosts(Bill(tuple(days), "USD", TODAY), "us-east-1")


@pytest.mark.parametrize(
    ("costs", "value"),
    [
        pytest.param({"us_east_1": "4"}, 40, id="one region"),
        pytest.param({"us_east_1": "1", "eu_west_1": "3"}, 10, id="a quarter is here"),
        pytest.param(
            {"us_east_1": "1", "eu_west_1": "1", "global": "2"}, 20, id="half, and global"
        ),
        pytest.param({"global": "4"}, 40, id="nothing has a region"),
    ],
)
def test_a_region_bears_its_share_of_the_cost(costs, value):
    seen = cost(costs=bill("4"), regional=in_regions(**costs))
    assert seen.observed["value"] == value
    assert ("the share of this region" in seen.reason) is (value < 40)
