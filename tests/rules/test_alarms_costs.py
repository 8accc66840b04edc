"""Cost alarms: budgets, anomalies and billing alarms that reach somebody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.alarms.rules_of_utilization import cost_alarms
from readiness.evidence.budgets import Budget, Budgets, Notification
from readiness.evidence.cloudwatch.active_series import ActiveSeries
from readiness.evidence.cloudwatch.billing_alarms import BillingAlarms
from readiness.evidence.cost_anomalies import AnomalySubscription, CostAnomalies
from readiness.evidence.organizations import Payer
from readiness.evidence.sns.told import Deaf
from readiness.semantics.alarm_answers import metric_alarm
from readiness.semantics.alarm_inventory import Inventory
from tests.accounts.alarms import alarm
from tests.fake_account import ACCOUNT_ID, NOON
from tests.rules.test_alarms_delivery import BAD, BLIND, GOOD

DEAF = Deaf("arn:aws:sns:r:1:t", "to which no one subscribes")
WARNS = Notification("ACTUAL", 80, subscribers=("ops@example.com",))
CHARGES = ("AWS/Billing", "EstimatedCharges")
USD = frozenset({frozenset({("Currency", "USD")})})
MEMBER = Payer(is_member=True, account="999999999999")


def budget(*notifications, kind="COST", limit=100.0, **filters):
    return Budget("month", kind, limit=limit, filters=filters, notifications=notifications)


def billing(*alarms, published=USD, elsewhere=()):
    inventory = Inventory(tuple(map(metric_alarm, alarms)))
    series = ActiveSeries({CHARGES: published}, {})
    return BillingAlarms(inventory, series, NOON, elsewhere, home="us-east-1")


def charge(name="charges", on=None, **changes):
    on = {"Currency": "USD"} if on is None else on
    changes = {"Statistic": "Maximum", "Period": 21600, "EvaluationPeriods": 1} | changes
    changes |= {"DatapointsToAlarm": 1, "Threshold": 500.0}
    return alarm(name, *CHARGES, on, **changes)


@pytest.mark.parametrize(
    ("budgets", "anomalies", "alarms", "payer", "status", "said"),
    [
        pytest.param([budget(WARNS)], [], billing(), None, GOOD, "at 80 %", id="a budget"),
        pytest.param(
            [budget(Notification("FORECASTED", 50.0, False, subscribers=("a",)))],
            [],
            billing(),
            None,
            GOOD,
            "forecasted",
            id="an amount below the limit",
        ),
        pytest.param(
            [budget(Notification("ACTUAL", 150.0, False, subscribers=("a",)))],
            [],
            billing(),
            None,
            BAD,
            "no alert at 100 % or less",
            id="an amount beyond the limit",
        ),
        pytest.param(
            [budget(Notification("ACTUAL", 80))],
            [],
            billing(),
            None,
            BAD,
            "no subscriber",
            id="nobody subscribed",
        ),
        pytest.param([budget()], [], billing(), None, BAD, "has no alert.", id="silent budget"),
        pytest.param(
            [replace(budget(WARNS), unit="ANNUALLY")],
            [],
            billing(),
            None,
            BAD,
            "costs of 366 days",
            id="a budget of a year",
        ),
        pytest.param(
            [budget(WARNS, limit=0.0)], [], billing(), None, BAD, "no limit", id="of nothing"
        ),
        pytest.param(
            [replace(budget(WARNS), begins=NOON + timedelta(days=2))],
            [],
            billing(),
            None,
            BAD,
            "begins only on",
            id="a budget of the future",
        ),
        pytest.param(
            [budget(replace(WARNS, threshold=0.0))],
            [],
            billing(),
            None,
            BAD,
            "no alert at 100 % or less",
            id="from nothing on",
        ),
        pytest.param(
            [budget(replace(WARNS, subscribers=(DEAF.address,), doubtful=(DEAF,)))],
            [],
            billing(),
            None,
            BLIND,
            "budget month notifies someone cannot be told",
            id="perhaps a deaf topic",
        ),
        pytest.param(
            [],
            [
                AnomalySubscription(
                    "daily", ("DIMENSIONAL SERVICE",), (DEAF.address,), doubtful=(DEAF,)
                )
            ],
            billing(),
            None,
            BLIND,
            "subscription daily notifies someone cannot be told",
            id="anomalies to perhaps a deaf topic",
        ),
        pytest.param(
            [budget(WARNS, kind="USAGE")],
            [],
            billing(),
            None,
            BAD,
            "no cost budget",
            id="usage is not money",
        ),
        pytest.param(
            [budget(WARNS, Service=("AWS Lambda",))],
            [],
            billing(),
            None,
            BAD,
            "a part of the costs",
            id="one service",
        ),
        pytest.param(
            [Budget("month", "COST", limit=100.0, notifications=(WARNS,), expression=True)],
            [],
            billing(),
            None,
            BAD,
            "a part of the costs",
            id="some instance types",
        ),
        pytest.param(
            [
                Budget(
                    "month",
                    "COST",
                    limit=100.0,
                    notifications=(WARNS,),
                    view="arn:aws:billing::1:billingview/custom-1",
                )
            ],
            [],
            billing(),
            None,
            BAD,
            "a part of the costs",
            id="another billing view",
        ),
        pytest.param(
            [budget(WARNS, TagKeyValue=("user:Application$MAIF",))],
            [],
            billing(),
            None,
            GOOD,
            "month",
            id="the workload's tag",
        ),
        pytest.param(
            [budget(WARNS, LinkedAccount=(ACCOUNT_ID,))],
            [],
            billing(),
            None,
            GOOD,
            "month",
            id="this account",
        ),
        pytest.param(
            [],
            [AnomalySubscription("s", ("DIMENSIONAL SERVICE",), ("a",))],
            billing(),
            None,
            GOOD,
            "cost anomaly subscription s notifies 1 subscriber.",
            id="anomalies of every service",
        ),
        pytest.param(
            [],
            [AnomalySubscription("s", ("CUSTOM",), ("a",))],
            billing(),
            None,
            BAD,
            "covers only CUSTOM",
            id="anomalies of something",
        ),
        pytest.param(
            [],
            [AnomalySubscription("s", ("DIMENSIONAL TAG Team",), ("a",))],
            billing(),
            None,
            BAD,
            "covers only DIMENSIONAL TAG Team",
            id="anomalies by another tag",
        ),
        pytest.param(
            [],
            [AnomalySubscription("s", ("DIMENSIONAL TAG Application",), ("a",))],
            billing(),
            None,
            GOOD,
            "",
            id="anomalies by the workloads' tag",
        ),
        pytest.param(
            [],
            [AnomalySubscription("s", ("DIMENSIONAL SERVICE",), ())],
            billing(),
            None,
            BAD,
            "no subscriber",
            id="anomalies nobody hears of",
        ),
        pytest.param(
            [],
            [AnomalySubscription("s", ("DIMENSIONAL SERVICE",), (), (DEAF,))],
            billing(),
            None,
            BAD,
            "to which no one subscribes",
            id="anomalies go to a topic without a subscriber",
        ),
        pytest.param(
            [budget(replace(WARNS, subscribers=(), unheard=(DEAF,)))],
            [],
            billing(),
            None,
            BAD,
            "go only to arn:aws:sns:r:1:t, to which no one subscribes",
            id="a budget goes to a topic without a subscriber",
        ),
        pytest.param([], [], billing(charge()), None, GOOD, "charges", id="a billing alarm"),
        pytest.param(
            [],
            [],
            billing(charge(on={})),
            None,
            BAD,
            "without the dimension Currency",
            id="no currency",
        ),
        pytest.param(
            [],
            [],
            billing(charge(), published=frozenset()),
            None,
            BAD,
            "billing alerts are not enabled",
            id="billing alerts are off",
        ),
        pytest.param(
            [],
            [],
            billing(charge(AlarmActions=[])),
            None,
            BAD,
            "has no action",
            id="a deaf billing alarm",
        ),
        pytest.param(
            [],
            [],
            billing(elsewhere=("paris",)),
            None,
            BAD,
            "paris is not in us-east-1",
            id="the wrong region",
        ),
        pytest.param([], [], billing(), None, BAD, "no cost budget", id="nothing at all"),
        pytest.param([], [], billing(), MEMBER, BLIND, "999999999999", id="another account pays"),
        pytest.param([budget(WARNS)], [], billing(), MEMBER, GOOD, "month", id="own budget"),
    ],
)
def test_costs(budgets, anomalies, alarms, payer, status, said):
    verdict = cost_alarms(
        Budgets(tuple(budgets), ACCOUNT_ID, NOON),
        CostAnomalies(tuple(anomalies)),
        alarms,
        payer or Payer(is_member=False),
    )
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason


@pytest.mark.parametrize(
    ("impact", "settings", "status"),
    [
        (1000.0, {}, GOOD),
        (1e9, {}, BAD),
        (float("inf"), {}, BAD),
        (5000.0, {"max_anomaly_impact": 5000.0}, GOOD),
        (11.0, {"max_anomaly_impact": 10.0}, BAD),
    ],
)
def test_which_anomalies_are_told(impact, settings, status):
    one = AnomalySubscription("s", ("DIMENSIONAL SERVICE",), ("a",), (), impact)
    verdict = cost_alarms(
        Budgets((), ACCOUNT_ID),
        CostAnomalies((one,)),
        billing(),
        Payer(is_member=False),
        **settings,
    )
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("told", "filters", "settings", "status"),
    [
        pytest.param(100, {}, {}, GOOD, id="at the limit"),
        pytest.param(101, {}, {}, BAD, id="after the limit"),
        pytest.param(120, {}, {"max_threshold_percent": 120}, GOOD, id="as late as allowed"),
        pytest.param(80, {}, {"max_threshold_percent": 79}, BAD, id="later than allowed"),
        pytest.param(
            80,
            {"TagKeyValue": ("user:App$MAIF",)},
            {"workload_tag": "App"},
            GOOD,
            id="the workload has another tag",
        ),
        pytest.param(
            80, {"TagKeyValue": ("user:App$MAIF",)}, {}, BAD, id="not the workload's tag"
        ),
    ],
)
def test_which_budgets_count(told, filters, settings, status):
    verdict = cost_alarms(
        Budgets((budget(replace(WARNS, threshold=told), **filters),), ACCOUNT_ID),
        CostAnomalies(()),
        billing(),
        Payer(is_member=False),
        **settings,
    )
    assert verdict.status is status, verdict.reason
