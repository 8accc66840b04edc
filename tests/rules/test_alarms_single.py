"""Single alarms: whether they are alive, and where they are sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.alarms import rules_of_errors_and_latency, rules_of_notifications
from readiness import Severity
from readiness.evidence.cloudwatch.active_series import ActiveSeries
from readiness.evidence.cloudwatch.alarms import AlarmedSeries, AlarmInContext
from readiness.evidence.sns.delivery import TopicExists
from readiness.evidence.workloads.alarm_gates import AlarmGate
from readiness.semantics.alarm_answers import composite_alarm, metric_alarm
from readiness.semantics.alarm_inventory import Inventory, Mute
from readiness.semantics.alarms import Alarm
from tests.accounts import alarms as fake_account
from tests.accounts.alarms import alarm
from tests.fake_account import NOON
from tests.rules.test_alarms import BAD, BLIND, GOOD, NA, OK_ERRORS


def alone(answer, *others, **inventory) -> AlarmInContext:
    about = answer if isinstance(answer, Alarm) else metric_alarm(answer)
    return AlarmInContext(about, Inventory((about, *others), **inventory), NOON)


def seen(*series, kin=()) -> AlarmedSeries:
    known: dict = {}
    for namespace, metric, dimensions in series:
        known.setdefault((namespace, metric), set()).add(frozenset(dimensions.items()))
    near = frozenset((namespace, frozenset(d.items())) for namespace, d in kin)
    return AlarmedSeries(ActiveSeries({k: frozenset(v) for k, v in known.items()}, {}, near))


MAIF = alarm("HighErrorRateAlarm", "MAIF/Production", "Errors", {})
BILLING = alarm("HighCostAlarm", "AWS/Billing", "EstimatedCharges", {})


@pytest.mark.parametrize(
    ("answer", "series", "status", "severity"),
    [
        pytest.param(
            OK_ERRORS,
            seen(("AWS/Lambda", "Errors", fake_account.FUNCTION)),
            GOOD,
            None,
            id="published",
        ),
        pytest.param(
            MAIF,
            seen(("MAIF/Production", "Errors", {"AgentId": "a"})),
            BAD,
            Severity.MEDIUM,
            id="only with other dimensions",
        ),
        pytest.param(
            BILLING,
            seen(("AWS/Billing", "EstimatedCharges", {"Currency": "USD"})),
            BAD,
            Severity.MEDIUM,
            id="charges without a currency",
        ),
        pytest.param(OK_ERRORS, seen(), BAD, Severity.LOW, id="an idle or deleted function"),
        pytest.param(
            alarm("5xx", "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", {"LoadBalancer": "x"}),
            seen(kin=[("AWS/ApplicationELB", {"LoadBalancer": "x"})]),
            GOOD,
            None,
            id="a metric that is only published when things go wrong",
        ),
        pytest.param(
            OK_ERRORS | {"EvaluationState": "EVALUATION_ERROR"},
            seen(("AWS/Lambda", "Errors", fake_account.FUNCTION)),
            BAD,
            None,
            id="cannot be evaluated",
        ),
        pytest.param(
            OK_ERRORS | {"AlarmName": "TargetTracking-x"}, seen(), NA, None, id="auto scaling's"
        ),
    ],
)
def test_live_alarms(answer, series, status, severity):
    verdict = rules_of_errors_and_latency.live_alarms(alone(answer), series)
    assert (verdict.status, verdict.severity) == (status, severity)


def test_a_composite_alarm_looks_at_alarms():
    above = composite_alarm({"AlarmName": "c", "AlarmRule": "ALARM(e)"})
    assert rules_of_errors_and_latency.live_alarms(alone(above), seen()).status is NA


@pytest.mark.parametrize(
    ("days", "settings", "status"),
    [
        pytest.param(7, {}, GOOD, id="a week"),
        pytest.param(7.1, {}, BAD, id="more than a week"),
        pytest.param(14, {"dead_after_days": 14}, GOOD, id="as long as allowed"),
        pytest.param(2, {"dead_after_days": 1}, BAD, id="a setting below the default"),
    ],
)
def test_how_long_an_alarm_may_have_insufficient_data(days, settings, status):
    began = NOON - timedelta(days=days)
    blind = {"StateValue": "INSUFFICIENT_DATA", "StateTransitionedTimestamp": began}
    errors = {("AWS/Lambda", "Errors"): frozenset({frozenset(fake_account.FUNCTION.items())})}
    fed = AlarmedSeries(ActiveSeries(errors, errors))
    verdict = rules_of_errors_and_latency.live_alarms(alone(OK_ERRORS | blind), fed, **settings)
    assert verdict.status is status, verdict.reason
    assert ("has had insufficient data since" in verdict.reason) is (status is BAD)


@pytest.mark.parametrize(
    ("hours", "settings", "status"),
    [
        pytest.param(24, {}, GOOD, id="a day"),
        pytest.param(25, {}, BAD, id="more than a day"),
        pytest.param(25, {"max_mute_hours": 25}, GOOD, id="as long as allowed"),
        pytest.param(5, {"max_mute_hours": 4}, BAD, id="a setting below the default"),
    ],
)
def test_how_long_one_alarm_may_be_muted(hours, settings, status):
    mutes = (Mute("maintenance", hours, frozenset({"e"})),)
    verdict = rules_of_notifications.alarm_destinations(
        alone(OK_ERRORS, mutes=mutes), (TOLD,), (), AlarmGate(), **settings
    )
    assert verdict.status is status, verdict.reason


TOLD = TopicExists(fake_account.TOPIC, exists=True)


@pytest.mark.parametrize(
    ("context", "topics", "status", "said"),
    [
        pytest.param(alone(OK_ERRORS), (TOLD,), GOOD, "alerts", id="a topic"),
        pytest.param(
            alone(OK_ERRORS),
            (TopicExists(fake_account.TOPIC, exists=False),),
            BAD,
            "does not exist",
            id="a topic that is gone",
        ),
        pytest.param(
            alone(OK_ERRORS | {"AlarmActions": []}), (), BAD, "no action", id="no action"
        ),
        pytest.param(
            alone(OK_ERRORS | {"ActionsEnabled": False}), (TOLD,), BAD, "disabled", id="disabled"
        ),
        pytest.param(
            alone(OK_ERRORS | {"AlarmActions": ["arn:aws:automate:us-east-1:ec2:recover"]}),
            (),
            NA,
            "there to act",
            id="recovers an instance",
        ),
        pytest.param(
            alone(
                OK_ERRORS | {"AlarmActions": []},
                composite_alarm({"AlarmName": "c", "AlarmRule": "ALARM(x) AND NOT ALARM(e)"}),
            ),
            (),
            NA,
            "quiet",
            id="keeps another quiet",
        ),
        pytest.param(
            alone(
                OK_ERRORS | {"AlarmActions": []},
                composite_alarm(
                    {
                        "AlarmName": "c",
                        "AlarmRule": "ALARM(e)",
                        "AlarmActions": [fake_account.TOPIC],
                    }
                ),
            ),
            (),
            GOOD,
            "alerts",
            id="through a composite alarm",
        ),
        pytest.param(
            alone(
                OK_ERRORS | {"AlarmActions": []},
                composite_alarm({"AlarmName": "c", "AlarmRule": "ALARM(e) BUT ALARM(x)"}),
            ),
            (),
            BLIND,
            "cannot be read",
            id="a composite alarm nobody can read",
        ),
    ],
)
def test_alarm_destinations(context, topics, status, said):
    verdict = rules_of_notifications.alarm_destinations(context, topics, (), AlarmGate())
    assert verdict.status is status
    assert said in verdict.reason
