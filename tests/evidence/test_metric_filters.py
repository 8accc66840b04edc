"""Metrics that log groups publish only when an event matches."""

from __future__ import annotations

import pytest

from functions.alarms.rules_of_errors_and_latency import live_alarms
from readiness import Status
from tests.accounts import alarms as worlds
from tests.accounts.alarms import alarm
from tests.fake_account import observe

DEAD = alarm("fatal", "Shop", "Fatal", {})
WITH_TEAM = alarm("fatal", "Shop", "Fatal", {"Team": "a"})


def with_filter(answer, **transformation):
    def described(**params):
        if params["AlarmTypes"] == ["LogAlarm"]:
            return {"LogAlarms": []}
        return {"MetricAlarms": [answer], "CompositeAlarms": []}

    about = {"metricName": "Fatal", "metricNamespace": "Shop", "metricValue": "1"}
    filters = [{"filterName": "fatal", "metricTransformations": [about | transformation]}]
    return worlds.fake_account().but(
        cloudwatch__describe_alarms=described,
        cloudwatch__list_metrics={"Metrics": []},
        logs__describe_metric_filters={"metricFilters": filters if transformation else []},
    )


@pytest.mark.parametrize(
    ("answer", "transformation", "status"),
    [
        pytest.param(DEAD, {}, Status.NON_COMPLIANT, id="no filter"),
        pytest.param(DEAD, {"unit": "Count"}, Status.COMPLIANT, id="waits for an event"),
        pytest.param(DEAD, {"defaultValue": 0.0}, Status.NON_COMPLIANT, id="no log event at all"),
        pytest.param(
            DEAD, {"dimensions": {"Team": "$.team"}}, Status.NON_COMPLIANT, id="other dimensions"
        ),
        pytest.param(
            WITH_TEAM, {"dimensions": {"Team": "$.team"}}, Status.COMPLIANT, id="its dimensions"
        ),
    ],
)
def test_a_metric_filter_without_a_default_value_is_not_dead(answer, transformation, status):
    seen = observe(with_filter(answer, **transformation), live_alarms, "fatal").finding
    assert seen.status is status, seen.reason
    if status is Status.COMPLIANT:
        assert "when a log event matches" in seen.reason
