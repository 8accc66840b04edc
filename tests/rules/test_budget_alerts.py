"""Budgets and alerts: evidence in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.budget_alerts.app import (
    billing_report,
    budget_actions,
    cost_budget,
)
from readiness import Severity, Status
from readiness.evidence.billing_reports import BillingReport, BillingReports
from readiness.evidence.budgets import Budget, BudgetAction, BudgetActions, Budgets, Notification
from readiness.evidence.organizations import Payer
from readiness.evidence.sns.told import Deaf
from readiness.evidence.workloads.manifests import Manifests
from tests.fake_account import ACCOUNT_ID, NOON

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
TODAY = NOON.date()

NONE = Manifests()
SELF = Payer(is_member=False, account=ACCOUNT_ID)
MEMBER = Payer(is_member=True, account="444455556666")
DEAF = Deaf("arn:aws:sns:us-east-1:111122223333:money", "to which no one subscribes")
DOUBT = Deaf("arn:aws:sns:us-east-1:111122223333:money", "whose policy may not let it publish")


def judged(verdict, status, words=""):
    assert (verdict.status, words in verdict.reason) == (status, True), verdict


# -- budgets --------------------------------------------------------------------------------------

ACTUAL = Notification("ACTUAL", 80, subscribers=("a@example.com",))
FORECAST = Notification("FORECASTED", 100, subscribers=("a@example.com",))
BUDGET = Budget("month", "COST", limit=1000.0, notifications=(ACTUAL, FORECAST), forecast=900.0)


def budgets(*found: Budget) -> Budgets:
    return Budgets(found, ACCOUNT_ID, NOON)


def of_workload(name: str, *others: str) -> Budget:
    values = tuple(f"user:Application${each}" for each in (name, *others))
    return replace(BUDGET, name=name, filters={"TagKeyValue": values})


def without(kind: str) -> Budget:
    kept = tuple(each for each in BUDGET.notifications if each.kind != kind)
    return replace(BUDGET, notifications=kept)


@pytest.mark.parametrize(
    ("found", "settings", "status", "words"),
    [
        pytest.param([BUDGET], {}, GOOD, "80 % of the actual cost", id="whole"),
        pytest.param([], {}, BAD, "No cost budget covers the account", id="none"),
        pytest.param(
            [replace(BUDGET, unit="DAILY", forecast=None, notifications=(ACTUAL,))],
            {},
            GOOD,
            "80 % of the actual cost.",
            id="by day, which has no forecast",
        ),
        pytest.param(
            [replace(BUDGET, unit="DAILY", notifications=(ACTUAL,)), without("FORECASTED")],
            {},
            GOOD,
            "80 % of the actual cost.",
            id="by day and by month",
        ),
        pytest.param(
            [replace(BUDGET, unit="DAILY", notifications=()), without("FORECASTED")],
            {},
            BAD,
            "no alert on the forecasted cost",
            id="by day without an alert",
        ),
        pytest.param(
            [replace(BUDGET, forecast=0.0, counts_credits=True)],
            {},
            BAD,
            "(0.00), so it warns of nothing. It takes credits off the costs, which may hide them.",
            id="credits pay for everything",
        ),
        pytest.param(
            [replace(BUDGET, kind="USAGE")], {}, BAD, "No cost budget covers", id="of usage"
        ),
        pytest.param(
            [replace(BUDGET, filters={"Service": ("Amazon EC2",)})],
            {},
            BAD,
            "month covers only a part",
            id="of a service",
        ),
        pytest.param(
            [replace(BUDGET, filters={"LinkedAccount": (ACCOUNT_ID,)})],
            {},
            GOOD,
            "",
            id="of this account",
        ),
        pytest.param(
            [replace(BUDGET, filters={"LinkedAccount": ("444455556666",)})],
            {},
            BAD,
            "only a part",
            id="of another account",
        ),
        pytest.param(
            [replace(BUDGET, filters={"LinkedAccount": ("444455556666", ACCOUNT_ID)})],
            {},
            GOOD,
            "",
            id="of this account and another",
        ),
        pytest.param(
            [replace(BUDGET, unit="ANNUALLY")], {}, BAD, "costs of 366 days (annually)", id="year"
        ),
        pytest.param(
            [replace(BUDGET, unit="QUARTERLY")], {}, BAD, "costs of 92 days", id="a quarter"
        ),
        pytest.param(
            [replace(BUDGET, unit="QUARTERLY")],
            {"max_period_days": 92},
            GOOD,
            "",
            id="a quarter is allowed",
        ),
        pytest.param(
            [replace(BUDGET, unit="ANNUALLY"), replace(BUDGET, name="other")],
            {},
            GOOD,
            "budget other",
            id="a year and a month",
        ),
        pytest.param(
            [replace(BUDGET, unit="CUSTOM", begins=NOON - timedelta(9), ends=NOON + timedelta(9))],
            {},
            GOOD,
            "",
            id="of 18 days",
        ),
        pytest.param(
            [
                replace(
                    BUDGET, unit="CUSTOM", begins=NOON - timedelta(90), ends=NOON + timedelta(90)
                )
            ],
            {},
            BAD,
            "costs of 180 days (custom)",
            id="of half a year",
        ),
        pytest.param(
            [replace(without("FORECASTED"), unit="DAILY")],
            {"require_forecast": False},
            GOOD,
            "",
            id="of a day, for which AWS forecasts nothing",
        ),
        pytest.param(
            [replace(BUDGET, expression=True)], {}, BAD, "only a part", id="an expression"
        ),
        pytest.param(
            [replace(BUDGET, view="arn:aws:billing::1:billingview/custom-x")],
            {},
            BAD,
            "only a part",
            id="a view",
        ),
        pytest.param([of_workload("maif")], {}, BAD, "only a part", id="of one workload"),
        pytest.param(
            [of_workload("maif")], {"workloads": ("maif",)}, GOOD, "budget maif", id="of the only"
        ),
        pytest.param(
            [of_workload("maif", "shop")],
            {"workloads": ("maif", "shop")},
            GOOD,
            "",
            id="of both together",
        ),
        pytest.param(
            [of_workload("maif")],
            {"workloads": ("maif", "shop")},
            BAD,
            "covers shop",
            id="of one of two",
        ),
        pytest.param(
            [of_workload("maif")],
            {"workloads": ("maif",), "workload_tag": "App"},
            BAD,
            "covers maif",
            id="by another tag",
        ),
        pytest.param(
            [replace(BUDGET, ends=NOON - timedelta(days=1))], {}, BAD, "ended on", id="ended"
        ),
        pytest.param(
            [replace(BUDGET, ends=NOON + timedelta(days=1))], {}, GOOD, "", id="ends tomorrow"
        ),
        pytest.param(
            [replace(BUDGET, health="FILTER_INVALID")],
            {},
            BAD,
            "FILTER_INVALID",
            id="cannot be evaluated",
        ),
        pytest.param([replace(BUDGET, limit=0.0)], {}, BAD, "no limit", id="a limit of zero"),
        pytest.param([replace(BUDGET, limit=None)], {}, BAD, "no limit", id="no limit"),
        pytest.param([replace(BUDGET, limit=9001.0)], {}, BAD, "more than 10 times", id="absurd"),
        pytest.param(
            [replace(BUDGET, limit=9001.0)], {"max_limit_ratio": 11.0}, GOOD, "", id="wanted"
        ),
        pytest.param(
            [replace(BUDGET, limit=50.0, forecast=0.5)], {}, GOOD, "", id="hardly any cost"
        ),
        pytest.param(
            [replace(BUDGET, limit=10.0**9, forecast=None)], {}, GOOD, "", id="no forecast yet"
        ),
        pytest.param(
            [replace(BUDGET, begins=NOON + timedelta(days=1))],
            {},
            BAD,
            "begins only on",
            id="future",
        ),
        pytest.param([replace(BUDGET, begins=NOON - timedelta(days=1))], {}, GOOD, "", id="begun"),
        pytest.param(
            [replace(BUDGET, limit=1.0, forecast=900.0)],
            {},
            BAD,
            "more than 10 times the limit",
            id="of a free account",
        ),
        pytest.param(
            [replace(BUDGET, limit=1.0, forecast=90.0)], {}, GOOD, "", id="of a small account"
        ),
        pytest.param(
            [replace(BUDGET, limit=100.0, forecast=900.0)], {}, GOOD, "", id="a bad month"
        ),
        pytest.param([without("ACTUAL")], {}, BAD, "no alert on the actual", id="only forecast"),
        pytest.param([without("FORECASTED")], {}, BAD, "on the forecasted", id="only actual"),
        pytest.param(
            [without("FORECASTED")], {"require_forecast": False}, GOOD, "", id="is enough"
        ),
        pytest.param(
            [without("FORECASTED"), replace(without("ACTUAL"), name="other")],
            {},
            GOOD,
            "other",
            id="two together",
        ),
        pytest.param(
            [replace(BUDGET, notifications=(replace(ACTUAL, threshold=150), FORECAST))],
            {},
            BAD,
            "at 100 % or less",
            id="too late",
        ),
        pytest.param(
            [replace(BUDGET, notifications=(replace(ACTUAL, threshold=150), FORECAST))],
            {"max_threshold_percent": 150.0},
            GOOD,
            "",
            id="late and allowed",
        ),
        pytest.param(
            [replace(BUDGET, notifications=(replace(ACTUAL, threshold=0), FORECAST))],
            {},
            BAD,
            "no alert on the actual",
            id="from nothing on",
        ),
        pytest.param(
            [replace(BUDGET, notifications=(replace(ACTUAL, threshold=5), FORECAST))],
            {},
            BAD,
            "no alert on the actual",
            id="at the beginning of each month",
        ),
        pytest.param(
            [
                replace(
                    BUDGET,
                    notifications=(ACTUAL, replace(FORECAST, threshold=50, is_percent=False)),
                )
            ],
            {},
            BAD,
            "no alert on the forecasted",
            id="a forecast that is always above it",
        ),
        pytest.param(
            [
                replace(
                    BUDGET,
                    limit=100.0,
                    forecast=90.0,
                    notifications=(replace(ACTUAL, threshold=5), FORECAST),
                )
            ],
            {},
            GOOD,
            "",
            id="a few dollars",
        ),
        pytest.param(
            [
                replace(
                    BUDGET,
                    notifications=(replace(ACTUAL, threshold=900, is_percent=False), FORECAST),
                )
            ],
            {},
            GOOD,
            "at 900 of the actual",
            id="an amount",
        ),
        pytest.param(
            [replace(BUDGET, notifications=(replace(ACTUAL, comparison="LESS_THAN"), FORECAST))],
            {},
            BAD,
            "no alert on the actual",
            id="less than",
        ),
        pytest.param(
            [replace(BUDGET, notifications=(replace(ACTUAL, subscribers=()), FORECAST))],
            {},
            BAD,
            "have no subscriber",
            id="nobody",
        ),
        pytest.param(
            [
                replace(
                    BUDGET,
                    notifications=(replace(ACTUAL, subscribers=(), unheard=(DEAF,)), FORECAST),
                )
            ],
            {},
            BAD,
            "to which no one subscribes",
            id="a deaf topic",
        ),
        pytest.param(
            [
                replace(
                    BUDGET,
                    notifications=(
                        replace(ACTUAL, subscribers=(DOUBT.address,), doubtful=(DOUBT,)),
                        FORECAST,
                    ),
                )
            ],
            {},
            UNKNOWN,
            "may not let it publish",
            id="perhaps a deaf topic",
        ),
        pytest.param(
            [replace(BUDGET, notifications=(replace(ACTUAL, is_raised=True), FORECAST))],
            {},
            GOOD,
            "which it has reached",
            id="passed",
        ),
    ],
)
def test_a_budget_warns_someone(found, settings, status, words):
    judged(cost_budget(budgets(*found), SELF, NONE, **settings), status, words)


def test_only_the_forecast_is_not_told():
    assert cost_budget(budgets(without("FORECASTED")), SELF, NONE).severity is Severity.MEDIUM
    assert cost_budget(budgets(without("ACTUAL")), SELF, NONE).severity is None
    assert cost_budget(budgets(), SELF, NONE).severity is None
    shop = replace(of_workload("shop"), notifications=(ACTUAL,))
    some = cost_budget(budgets(shop), SELF, NONE, workloads=("shop", "maif"))
    assert some.severity is None


def test_a_budget_of_a_year_tells_late():
    year = replace(BUDGET, unit="ANNUALLY")
    assert cost_budget(budgets(year), SELF, NONE).severity is Severity.MEDIUM
    silent = replace(year, notifications=())
    verdict = cost_budget(budgets(silent), SELF, NONE)
    assert verdict.severity is None
    judged(verdict, BAD, "no alert on the actual")


def test_the_payer_may_have_the_budget_of_a_member():
    judged(cost_budget(budgets(), MEMBER, NONE), UNKNOWN, "444455556666")
    judged(cost_budget(budgets(), MEMBER, NONE, managed_locally=True), BAD)
    judged(cost_budget(budgets(BUDGET), MEMBER, NONE), GOOD)


@pytest.mark.parametrize(
    ("actions", "status", "severity"),
    [
        ([], NA, None),
        ([BudgetAction("a", "month", "RUN_SSM_DOCUMENTS", "STANDBY")], GOOD, None),
        ([BudgetAction("a", "month", "RUN_SSM_DOCUMENTS", "EXECUTION_SUCCESS")], GOOD, None),
        ([BudgetAction("a", "month", "X", "EXECUTION_FAILURE")], BAD, Severity.MEDIUM),
        ([BudgetAction("a", "month", "X", "RESET_FAILURE")], BAD, Severity.MEDIUM),
        ([BudgetAction("a", "month", "X", "PENDING", is_automatic=False)], BAD, Severity.LOW),
        ([BudgetAction("a", "month", "X", "PENDING")], GOOD, None),
    ],
)
def test_actions_of_budgets(actions, status, severity):
    verdict = budget_actions(BudgetActions(tuple(actions)))
    assert (verdict.status, verdict.severity) == (status, severity)


def test_an_action_that_ran_is_in_force():
    ran = BudgetAction("a", "month", "APPLY_IAM_POLICY", "EXECUTION_SUCCESS")
    waits = BudgetAction("b", "month", "RUN_SSM_DOCUMENTS", "STANDBY")
    verdict = budget_actions(BudgetActions((ran, waits)))
    assert verdict.reminder == (
        "In force until they are reversed or reset: APPLY_IAM_POLICY of month."
    )
    assert not budget_actions(BudgetActions((waits,))).reminder


# -- billing reports ------------------------------------------------------------------------------

REPORT = BillingReport("bill", delivered=NOON - timedelta(hours=5), bucket="bills")


def reports(*found: BillingReport) -> BillingReports:
    return BillingReports(found, NOON)


@pytest.mark.parametrize(
    ("found", "settings", "status", "words"),
    [
        ([REPORT], {}, GOOD, "to the bucket bills"),
        ([], {}, BAD, "no detailed billing report"),
        ([replace(REPORT, fault="INSUFFICIENT_PERMISSION")], {}, BAD, "INSUFFICIENT_PERMISSION"),
        ([replace(REPORT, bucket_is_gone=True)], {}, BAD, "bills of the report bill does not"),
        ([replace(REPORT, lacks=("resource ids",))], {}, BAD, "lacks resource ids"),
        ([replace(REPORT, lacks=("days", "a part of the costs"))], {}, BAD, "only a part"),
        ([replace(REPORT, delivered=NOON - timedelta(hours=73))], {}, BAD, "last delivered"),
        ([replace(REPORT, delivered=NOON - timedelta(hours=73))], {"max_age_hours": 80}, GOOD, ""),
        ([replace(REPORT, delivered=None)], {}, BAD, "never delivered"),
        ([replace(REPORT, delivered=None, created=NOON)], {}, UNKNOWN, "is new"),
        ([replace(REPORT, name="old", fault="ERROR_NO_BUCKET"), REPORT], {}, GOOD, "report bill"),
    ],
)
def test_the_bill_is_delivered(found, settings, status, words):
    judged(billing_report(reports(*found), SELF, **settings), status, words)


def test_the_payer_gets_the_bill_of_a_member():
    judged(billing_report(reports(), MEMBER), UNKNOWN, "444455556666")
    judged(billing_report(reports(), MEMBER, managed_locally=True), BAD)
