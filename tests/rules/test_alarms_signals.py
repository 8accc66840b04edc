"""Alarms on Application Signals, on service level objectives, and in a monitoring account."""

from __future__ import annotations

from typing import Any

import pytest

from functions.alarms import rules_of_errors_and_latency
from readiness import Severity, Status
from tests.accounts import alarms as made
from tests.accounts.alarms import alarm, measured, objective
from tests.fake_account import FAULTS, error, observe

GOOD, BAD, UNKNOWN = Status.COMPLIANT, Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA
SLO = "application-signals__get_service_level_objective"
SIGNALS = "ApplicationSignals"
LAMBDA = {"Environment": "lambda:default", "Service": "agent"}


def alone(*alarms: dict[str, Any], **answers: Any):
    """The account with these alarms alone."""

    def answer(*, AlarmTypes: list[str]) -> dict[str, Any]:  # noqa: N803
        if AlarmTypes == ["LogAlarm"]:
            return {"LogAlarms": []}
        return {"MetricAlarms": list(alarms), "CompositeAlarms": []}

    return made.fake_account().but(cloudwatch__describe_alarms=answer, **answers)


def faults(metric: str = "Fault", **changes: Any) -> dict[str, Any]:
    on = changes.pop("on", LAMBDA)
    return alarm("signal", SIGNALS, metric, on, **changes)


def slow(threshold: float = 800.0, **changes: Any) -> dict[str, Any]:
    return faults("Latency", ExtendedStatistic="p99", Threshold=threshold, **changes)


def budget(metric: str = "BurnRate", **changes: Any) -> dict[str, Any]:
    return made.BURNS | {"MetricName": metric} | changes


FALLS = {"ComparisonOperator": "LessThanThreshold", "Threshold": 99.0}
ERRORS = measured("AWS/Lambda", "Errors", FunctionName="agent")
OF_SERVICE = {
    "KeyAttributes": {"Type": "Service", "Name": "agent", "Environment": "lambda:default"},
    "MetricType": "AVAILABILITY",
}


@pytest.mark.parametrize(
    ("rule", "account", "status", "said"),
    [
        pytest.param(
            rules_of_errors_and_latency.lambda_errors, alone(faults()), GOOD, "signal", id="faults"
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(faults(on=LAMBDA | {"Operation": "agent/FunctionHandler"})),
            GOOD,
            "signal",
            id="faults of its one operation",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(faults(on=LAMBDA | {"Environment": "prod"})),
            GOOD,
            "signal",
            id="faults in an environment with a name",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(faults(on=LAMBDA | {"Environment": "ecs:agents"})),
            BAD,
            "No alarm covers",
            id="faults of a task of the same name",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(faults(on=LAMBDA | {"RemoteService": "AWS::S3"})),
            BAD,
            "No alarm covers",
            id="faults of what it calls",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(faults("Error")),
            BAD,
            "No alarm covers",
            id="4XX errors",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(faults(ActionsEnabled=False)),
            BAD,
            "actions of the alarm signal are disabled",
            id="faults, actions disabled",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(faults(Threshold=5000.0)),
            BAD,
            "at most 100 is allowed",
            id="too many faults",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_latency, alone(slow()), GOOD, "signal", id="latency"
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_latency,
            alone(slow(90_000.0)),
            BAD,
            "signal",
            id="latency, too high",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(budget(), **{SLO: objective(ERRORS)}),
            GOOD,
            "agent-burns",
            id="an objective of its errors",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(budget(), **{SLO: objective(**OF_SERVICE)}),
            GOOD,
            "agent-burns",
            id="an objective of its availability",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(budget(), **{SLO: objective(**OF_SERVICE | {"MetricType": "LATENCY"})}),
            BAD,
            "No alarm covers",
            id="an objective of its latency",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_latency,
            alone(budget(), **{SLO: objective(**OF_SERVICE | {"MetricType": "LATENCY"})}),
            GOOD,
            "agent-burns",
            id="latency by an objective",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(budget("AttainmentRate", **FALLS), **{SLO: objective(ERRORS)}),
            GOOD,
            "agent-burns",
            id="attainment that falls",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(budget("AttainmentRate"), **{SLO: objective(ERRORS)}),
            BAD,
            "when the objective is met",
            id="attainment that rises",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(budget(**FALLS), **{SLO: objective(ERRORS)}),
            BAD,
            "when the objective is met",
            id="a burn rate that falls",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(budget(AlarmActions=[]), **{SLO: objective(ERRORS)}),
            BAD,
            "has no action",
            id="an objective that tells no one",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(budget(), **{SLO: objective(ERRORS | {"AccountId": made.CENTRAL})}),
            BAD,
            "No alarm covers",
            id="an objective of another account's function",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(budget(), **{SLO: error("ResourceNotFoundException", 404)}),
            BAD,
            "No alarm covers",
            id="an objective that is gone",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            alone(budget(), **{SLO: FAULTS["denied"]}),
            UNKNOWN,
            "application-signals:GetServiceLevelObjective was denied",
            id="an objective that cannot be read",
        ),
    ],
)
def test_what_application_signals_measures(rule, account, status, said):
    finding = observe(account, rule, "agent").finding
    assert (finding.status, said in finding.reason) == (status, True), finding.reason


def linked(criteria: str = "", *shared: str) -> dict[str, Any]:
    link = made.LINK | {"ResourceTypes": list(shared or ["AWS::CloudWatch::Metric"])}
    some = {"LinkConfiguration": {"MetricConfiguration": {"Filter": criteria}}}
    about = some if criteria else {}
    return {"oam__list_links": {"Items": [link]}, "oam__get_link": link | about}


WITHOUT_ACTION = alarm("agent-errors", "AWS/Lambda", "Errors", made.FUNCTION, AlarmActions=[])


@pytest.mark.parametrize(
    ("alarms", "answers", "status", "said"),
    [
        pytest.param([], linked(), UNKNOWN, made.CENTRAL, id="all metrics"),
        pytest.param([], linked("Namespace LIKE 'AWS/L%'"), UNKNOWN, made.CENTRAL, id="these"),
        pytest.param([], linked("Namespace IN ('AWS/EC2')"), BAD, "No alarm covers", id="others"),
        pytest.param([], linked("", "AWS::Logs::LogGroup"), BAD, "No alarm", id="only logs"),
        pytest.param([WITHOUT_ACTION], linked(), BAD, "has no action", id="an alarm here"),
        pytest.param(
            [], {"oam__list_links": FAULTS["denied"]}, UNKNOWN, "oam:ListLinks", id="denied"
        ),
    ],
)
def test_an_alarm_may_stand_in_a_monitoring_account(alarms, answers, status, said):
    finding = observe(
        alone(*alarms, **answers), rules_of_errors_and_latency.lambda_errors, "agent"
    ).finding
    assert (finding.status, said in finding.reason) == (status, True), finding.reason


@pytest.mark.parametrize(
    ("accounts", "answers", "status", "said"),
    [
        pytest.param([], linked(), BAD, "No alarm covers", id="for dashboards only"),
        pytest.param([made.CENTRAL], linked(), UNKNOWN, made.CENTRAL, id="named"),
        pytest.param(["777788889999"], linked(), BAD, "No alarm covers", id="another is named"),
        pytest.param(["777788889999", "*"], linked(), UNKNOWN, made.CENTRAL, id="any"),
        pytest.param(
            [], {"oam__list_links": FAULTS["denied"]}, BAD, "No alarm covers", id="denied"
        ),
    ],
)
def test_which_monitoring_accounts_may_have_the_alarm(accounts, answers, status, said):
    account = alone(**answers)
    finding = observe(
        account, rules_of_errors_and_latency.lambda_errors, "agent", monitoring_accounts=accounts
    ).finding
    assert (finding.status, said in finding.reason) == (status, True), finding.reason


def test_each_account_that_metrics_are_shared_with_is_named():
    links = [made.LINK, {**made.LINK, "Arn": "other", "SinkArn": made.LINK["SinkArn"]}]
    links = [{**each, "ResourceTypes": ["AWS::CloudWatch::Metric"]} for each in links]
    account = alone(
        oam__list_links={"Items": links},
        oam__get_link=lambda Identifier: next(e for e in links if e["Arn"] == Identifier),  # noqa: N803
    )
    finding = observe(account, rules_of_errors_and_latency.lambda_errors, "agent").finding
    assert made.LINK["Arn"] in finding.reason
    assert "(other)" in finding.reason


def test_links_that_cannot_be_read_take_nothing_from_an_alarm_of_the_account():
    denied = {"oam__list_links": FAULTS["denied"]}
    finding = observe(
        made.fake_account().but(**denied), rules_of_errors_and_latency.lambda_errors, "agent"
    ).finding
    assert finding.status is GOOD
    finding = observe(alone(**denied), rules_of_errors_and_latency.lambda_errors, "agent").finding
    assert finding.missing == ("oam:ListLinks",)


def test_a_link_takes_nothing_from_an_alarm_of_the_account():
    account = made.fake_account().but(**linked())
    finding = observe(account, rules_of_errors_and_latency.lambda_errors, "agent").finding
    assert (finding.status, finding.severity) == (GOOD, Severity.HIGH)
