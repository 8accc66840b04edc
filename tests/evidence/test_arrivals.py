"""Which metrics are asked for to see whether a function's own arrive."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.monitoring_validation.app import monitoring_validation
from readiness import Status
from tests.accounts.monitoring_validation import (
    FILTER,
    FUNCTION,
    behind_an_alias,
    fake_account,
    function,
    said,
    with_a_broken_filter,
)
from tests.accounts.traffic import get_metric_data
from tests.fake_account import FAULTS, NOON, error, observe, scan

[RULE] = [rule for rule in monitoring_validation if rule.name == "function-metrics"]
[LOGS] = [rule for rule in monitoring_validation if rule.name == "function-logs"]
[FORWARDING] = [rule for rule in monitoring_validation if rule.name == "log-forwarding"]


def deployed(ago):
    made = function(LastModified=f"{NOON - ago:%Y-%m-%dT%H:%M:%S.000+0000}")
    return {
        "lambda__list_functions": {"Functions": [made]},
        "lambda__get_function_configuration": made,
    }


def asked_and_found(ago, metric="ProcessingTime", *, recent=True, flows=True, hours=24):
    asked = set()

    def values(namespace, name, statistic, dimensions, begin, period):
        asked.add(name)
        is_custom = namespace.startswith("MAIF")
        if not is_custom:
            return said(namespace, name, statistic, dimensions, begin, period)
        since = NOON - begin
        came = timedelta(days=3) < since < timedelta(days=11) and not since % timedelta(
            hours=hours
        )
        return 7.0 if flows or came else None

    def listed(**call):
        if call["Namespace"] != "MAIF/Agents" or ("RecentlyActive" in call and not recent):
            return {"Metrics": []}
        named = [{"Name": "AgentId", "Value": FUNCTION}]
        return {
            "Metrics": [{"Namespace": "MAIF/Agents", "MetricName": metric, "Dimensions": named}]
        }

    account = fake_account().but(
        cloudwatch__get_metric_data=get_metric_data(values),
        cloudwatch__list_metrics=listed,
        **deployed(ago),
    )
    return asked, observe(account, RULE, FUNCTION).finding.status


def test_custom_metrics_that_are_listed_as_recent_are_not_billed():
    asked, status = asked_and_found(timedelta(days=2))
    assert (asked, status) == ({"Errors", "Invocations"}, Status.COMPLIANT)


def test_they_are_asked_for_after_a_new_deployment():
    asked, status = asked_and_found(timedelta(hours=2))
    assert (asked, status) == ({"Errors", "Invocations", "ProcessingTime"}, Status.COMPLIANT)


def test_and_where_none_is_recent():
    asked, status = asked_and_found(timedelta(days=2), recent=False, flows=False, hours=1)
    assert (asked, status) == ({"Errors", "Invocations", "ProcessingTime"}, Status.NON_COMPLIANT)


def test_metrics_that_come_rarely_may_be_silent():
    about = {"recent": False, "flows": False}
    assert asked_and_found(timedelta(days=2), **about, hours=96)[1] is Status.NOT_APPLICABLE
    assert asked_and_found(timedelta(days=2), **about, hours=24)[1] is Status.NON_COMPLIANT


@pytest.mark.parametrize(
    ("flowing", "status", "asked"),
    [
        pytest.param("Metric07", Status.COMPLIANT, 8, id="new code publishes the last one alone"),
        pytest.param("Metric03", Status.COMPLIANT, 5, id="one of the first five"),
        pytest.param("", Status.NON_COMPLIANT, 8, id="none"),
    ],
)
def test_the_rest_of_many_metrics_is_asked_for_where_the_first_are_silent(flowing, status, asked):
    names = [f"Metric{n:02}" for n in range(8)]
    seen = set()

    def values(namespace, name, statistic, dimensions, begin, period):
        if not namespace.startswith("MAIF"):
            return said(namespace, name, statistic, dimensions, begin, period)
        seen.add(name)
        is_old = timedelta(days=1) < NOON - begin < timedelta(days=11)
        return 7.0 if name == flowing or is_old else None

    def listed(**call):
        if call["Namespace"] != "MAIF/Agents" or "RecentlyActive" in call:
            return {"Metrics": []}
        named = [{"Name": "AgentId", "Value": FUNCTION}]
        return {
            "Metrics": [
                {"Namespace": "MAIF/Agents", "MetricName": name, "Dimensions": named}
                for name in names
            ]
        }

    account = fake_account().but(
        cloudwatch__get_metric_data=get_metric_data(values),
        cloudwatch__list_metrics=listed,
        **deployed(timedelta(hours=5)),
    )
    finding = observe(account, RULE, FUNCTION).finding
    assert (finding.status, len(seen)) == (status, asked), finding.reason


def test_metrics_of_failures_need_not_arrive():
    asked, status = asked_and_found(timedelta(days=2), "agent_errors", recent=False, flows=False)
    assert (asked, status) == (
        {
            "Errors",
            "Invocations",
        },
        Status.COMPLIANT,
    )


def test_a_sweep_finds_what_an_event_finds():
    found = scan(fake_account(), monitoring_validation)
    assert {each.rule.name: each.finding.status for each in found} == {
        rule.name: Status.COMPLIANT for rule in monitoring_validation
    }


def test_a_log_group_without_a_filter_is_not_applicable():
    finding = observe(fake_account(), FORWARDING, "/aws/lambda/other").finding
    assert finding.status is Status.NOT_APPLICABLE


BROKEN = FILTER["FilterName"]


@pytest.mark.parametrize(
    ("filters", "status"),
    [
        pytest.param((BROKEN, "other"), Status.NON_COMPLIANT, id="it still loses events"),
        pytest.param(("other",), Status.NOT_APPLICABLE, id="another has replaced it"),
        pytest.param((), Status.NOT_APPLICABLE, id="it was deleted"),
    ],
)
def test_what_a_filter_lost_before_it_was_deleted_is_past(filters, status):
    account = with_a_broken_filter(*filters)
    seen = [observe(account, FORWARDING, FILTER["LogGroupName"]), *scan(account, [FORWARDING])]
    assert {each.finding.status for each in seen} == {status}


def test_filters_are_asked_for_only_where_one_lost_something():
    account = fake_account()
    scan(account, [FORWARDING])
    assert ("logs", "describe_subscription_filters") not in account.calls


def test_a_log_group_that_was_deleted_since_is_gone():
    gone = error("ResourceNotFoundException")
    account = with_a_broken_filter().but(logs__describe_subscription_filters=gone)
    assert observe(account, FORWARDING, FILTER["LogGroupName"]).finding is None


def test_the_log_group_of_the_version_behind_the_alias():
    for found in (
        observe(behind_an_alias(), LOGS, FUNCTION),
        *scan(behind_an_alias(), [LOGS]),
    ):
        assert found.finding.status is Status.COMPLIANT
        assert f"arrived in /aws/lambda/{FUNCTION} " in found.finding.reason


def test_a_version_that_is_gone_logs_nothing():
    found = observe(behind_an_alias("8"), LOGS, FUNCTION).finding
    assert (found.status, "/agents/new" in found.reason) == (Status.NON_COMPLIANT, True)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", ["list_aliases", "get_function_configuration"])
def test_versions_that_cannot_be_read_are_no_fault(operation, fault):
    account = behind_an_alias()
    account.faults["lambda", operation] = FAULTS[fault]
    for found in scan(account, [LOGS]):
        assert found.finding.status is Status.INSUFFICIENT_DATA
        assert "behind aliases" in found.finding.reason


def test_a_function_that_was_deleted_meanwhile_costs_no_other():
    account = behind_an_alias().but(lambda__list_aliases=error("ResourceNotFoundException", 404))
    [found] = scan(account, [LOGS])
    assert found.finding.status is Status.NON_COMPLIANT


def test_versions_are_asked_for_only_where_nothing_arrives():
    account = fake_account()
    observe(account, LOGS, FUNCTION)
    assert ("lambda", "list_aliases") not in account.calls
