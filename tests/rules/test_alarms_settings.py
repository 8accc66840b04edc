"""Alarms: what the settings of the rules change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.alarms import rules_of_errors_and_latency, rules_of_utilization
from readiness import Severity
from readiness.evidence.awslambda.limits import ConcurrencyLimit
from readiness.evidence.cloudwatch.alarms_in_use import AlarmsInUse
from readiness.evidence.oam import Link
from readiness.semantics.alarm_answers import composite_alarm, metric_alarm
from readiness.semantics.alarm_inventory import Inventory, Mute
from tests.accounts import alarms as fake_account
from tests.rules.test_alarms import BAD, BLIND, EVERYTHING, GOOD, WATCHED, WEB, WORK, in_use


def every(**changes) -> list[dict]:
    """The account's alarms, all of them changed."""
    return [answer | changes for answer in fake_account.ALARMS]


def muted(hours) -> AlarmsInUse:
    inventory = EVERYTHING.inventory
    mute = Mute("maintenance", hours, frozenset(inventory.by_name))
    return replace(EVERYTHING, inventory=replace(inventory, mutes=(mute,)))


@pytest.mark.parametrize(
    ("hours", "settings", "status"),
    [
        pytest.param(24, {}, GOOD, id="a day"),
        pytest.param(24.5, {}, BAD, id="more than a day"),
        pytest.param(24.5, {"max_mute_hours": 25}, GOOD, id="less than allowed"),
        pytest.param(8, {"max_mute_hours": 8}, GOOD, id="as long as allowed"),
        pytest.param(8.5, {"max_mute_hours": 8}, BAD, id="longer than allowed"),
    ],
)
@pytest.mark.parametrize(("rule", "subject", "missing"), WATCHED)
def test_how_long_alarms_may_be_muted(rule, subject, missing, hours, settings, status):
    verdict = rule(*subject, muted(hours), **settings)
    assert verdict.status is status, verdict.reason
    assert ("mutes the alarm" in verdict.reason) is (status is BAD)
    assert (f"for {hours:g} hours" in verdict.reason) is (status is BAD)


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        pytest.param({}, BLIND, id="any account"),
        pytest.param({"monitoring_accounts": ["222233334444"]}, BLIND, id="this one"),
        pytest.param({"monitoring_accounts": ["777788889999"]}, BAD, id="another"),
        pytest.param({"monitoring_accounts": []}, BAD, id="none"),
    ],
)
@pytest.mark.parametrize(("rule", "subject", "missing"), WATCHED)
def test_whose_alarms_on_shared_metrics_may_count(rule, subject, missing, settings, status):
    link = Link("arn:aws:oam:us-east-1:111122223333:link/1", "222233334444")
    verdict = rule(*subject, replace(in_use(), links=(link,)), **settings)
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("period", "settings", "status"),
    [
        pytest.param(300, {}, GOOD, id="15 minutes"),
        pytest.param(360, {}, BAD, id="18 minutes"),
        pytest.param(360, {"max_detection_minutes": 18}, GOOD, id="as long as allowed"),
        pytest.param(360, {"max_detection_minutes": 17}, BAD, id="a minute too long"),
        pytest.param(60, {"max_detection_minutes": 2}, BAD, id="a setting below the default"),
    ],
)
@pytest.mark.parametrize(("rule", "subject", "missing"), WATCHED)
def test_how_long_alarms_may_take(rule, subject, missing, period, settings, status):
    late = in_use(*every(Period=period, DatapointsToAlarm=3))
    verdict = rule(*subject, late, **settings)
    assert verdict.status is status, verdict.reason
    if status is BAD:
        assert verdict.severity is Severity.LOW
        assert f"takes {period * 3 // 60} minutes" in verdict.reason


@pytest.mark.parametrize(("rule", "subject", "missing"), WATCHED)
def test_alarms_heard_only_through_a_rule_nobody_can_read(rule, subject, missing):
    names = " BUT ".join(f"ALARM({answer['AlarmName']})" for answer in fake_account.ALARMS)
    above = composite_alarm(
        {"AlarmName": "any", "AlarmRule": names, "AlarmActions": [fake_account.TOPIC]}
    )
    inventory = Inventory((*map(metric_alarm, every(AlarmActions=[])), above))
    verdict = rule(*subject, replace(EVERYTHING, inventory=inventory))
    assert verdict.status is BLIND
    assert "any cannot be read" in verdict.reason


TIMED = [row for row in WATCHED if str(row.id).endswith("latency")]
IN_SECONDS = {
    rules_of_errors_and_latency.load_balancer_latency,
    rules_of_errors_and_latency.service_latency,
}


@pytest.mark.parametrize(
    ("milliseconds", "settings", "status"),
    [
        pytest.param(1000, {}, GOOD, id="a second"),
        pytest.param(1001, {}, BAD, id="more than a second"),
        pytest.param(1500, {"max_threshold_ms": 1500}, GOOD, id="as high as allowed"),
        pytest.param(1501, {"max_threshold_ms": 1500}, BAD, id="higher than allowed"),
        pytest.param(251, {"max_threshold_ms": 250}, BAD, id="a setting below the default"),
    ],
)
@pytest.mark.parametrize(
    ("rule", "subject", "missing"), [row for row in TIMED if row.id != "workflow latency"]
)
def test_the_threshold_of_latency(rule, subject, missing, milliseconds, settings, status):
    threshold = milliseconds / 1000 if rule in IN_SECONDS else float(milliseconds)
    verdict = rule(*subject, in_use(*every(Threshold=threshold)), **settings)
    assert verdict.status is status, verdict.reason
    assert ("is allowed" in verdict.reason) is (status is BAD)


@pytest.mark.parametrize(
    ("statistic", "settings", "status", "severity"),
    [
        pytest.param("p90", {}, GOOD, None, id="p90"),
        pytest.param("p89.9", {}, BAD, Severity.MEDIUM, id="below p90"),
        pytest.param("p75", {"min_percentile": 75.0}, GOOD, None, id="as low as allowed"),
        pytest.param(
            "p99", {"min_percentile": 99.9}, BAD, Severity.MEDIUM, id="below the setting"
        ),
        pytest.param("Average", {}, BAD, Severity.LOW, id="the average"),
        pytest.param(
            "Average",
            {"strict_percentiles": True},
            BAD,
            Severity.MEDIUM,
            id="the average, where only percentiles count",
        ),
        pytest.param(
            "Maximum",
            {"strict_percentiles": True},
            BAD,
            Severity.MEDIUM,
            id="the maximum, where only percentiles count",
        ),
        pytest.param("p99", {"strict_percentiles": True}, GOOD, None, id="a percentile counts"),
    ],
)
@pytest.mark.parametrize(("rule", "subject", "missing"), TIMED)
def test_the_statistic_of_latency(rule, subject, missing, statistic, settings, status, severity):
    key = "ExtendedStatistic" if statistic.startswith("p") else "Statistic"
    bare = [
        {k: v for k, v in answer.items() if k not in {"Statistic", "ExtendedStatistic"}}
        for answer in fake_account.ALARMS
    ]
    verdict = rule(*subject, in_use(*[answer | {key: statistic} for answer in bare]), **settings)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason
    assert (statistic in verdict.reason) is (status is BAD)


@pytest.mark.parametrize(
    ("rule", "subject", "threshold", "settings", "status"),
    [
        pytest.param(
            rules_of_errors_and_latency.queue_age, (WORK,), 3600.0, {}, GOOD, id="age, an hour"
        ),
        pytest.param(
            rules_of_errors_and_latency.queue_age,
            (WORK,),
            3601.0,
            {},
            BAD,
            id="age, more than an hour",
        ),
        pytest.param(
            rules_of_errors_and_latency.queue_age,
            (WORK,),
            7200.0,
            {"max_age_seconds": 7200},
            GOOD,
            id="age, allowed",
        ),
        pytest.param(
            rules_of_errors_and_latency.queue_age,
            (WORK,),
            7201.0,
            {"max_age_seconds": 7200},
            BAD,
            id="age, too late",
        ),
        pytest.param(
            rules_of_utilization.account_concurrency,
            (ConcurrencyLimit(1000, 5),),
            801.0,
            {},
            BAD,
            id="80.1 %",
        ),
        pytest.param(
            rules_of_utilization.account_concurrency,
            (ConcurrencyLimit(1000, 5),),
            900.0,
            {"max_limit_percent": 90},
            GOOD,
            id="concurrency, allowed",
        ),
        pytest.param(
            rules_of_utilization.account_concurrency,
            (ConcurrencyLimit(1000, 5),),
            901.0,
            {"max_limit_percent": 90},
            BAD,
            id="concurrency, too late",
        ),
        pytest.param(
            rules_of_utilization.service_utilization, (WEB,), 95.0, {}, GOOD, id="ECS, 95 %"
        ),
        pytest.param(
            rules_of_utilization.service_utilization, (WEB,), 96.0, {}, BAD, id="ECS, 96 %"
        ),
        pytest.param(
            rules_of_utilization.service_utilization,
            (WEB,),
            75.0,
            {"max_utilization_percent": 75},
            GOOD,
            id="ECS, allowed",
        ),
        pytest.param(
            rules_of_utilization.service_utilization,
            (WEB,),
            76.0,
            {"max_utilization_percent": 75},
            BAD,
            id="ECS, too late",
        ),
    ],
)
def test_the_threshold_of_a_level(rule, subject, threshold, settings, status):
    verdict = rule(*subject, in_use(*every(Threshold=threshold)), **settings)
    assert verdict.status is status, verdict.reason
    assert ("is allowed" in verdict.reason) is (status is BAD)
