"""Budgets and alerts: evidence in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from functions.budget_alerts.app import (
    anomalies_assessed,
    anomaly_detection,
    auto_scaling_group_tags,
    billing_report,
    bucket_tags,
    budget_actions,
    cache_cluster_tags,
    cache_tags,
    cluster_tags,
    cost_allocation_tags,
    cost_budget,
    database_tags,
    file_system_tags,
    function_tags,
    instance_tags,
    load_balancer_tags,
    log_group_tags,
    memorydb_tags,
    queue_tags,
    secret_tags,
    service_tags,
    table_tags,
    topic_tags,
    volume_tags,
)
from readiness import Severity, Status
from readiness.evidence.awslambda.functions import FunctionIdentity, FunctionTags
from readiness.evidence.billing_reports import BillingReport, BillingReports
from readiness.evidence.budgets import Budget, BudgetAction, BudgetActions, Budgets, Notification
from readiness.evidence.cost_anomalies import (
    Anomalies,
    Anomaly,
    AnomalyDetection,
    AnomalyMonitor,
    AnomalySubscription,
)
from readiness.evidence.costexplorer import CostAllocationTags
from readiness.evidence.ecs.services import Service
from readiness.evidence.organizations import Payer
from readiness.evidence.sns.told import Deaf
from readiness.evidence.workloads.cost_tags import (
    BalancerTags,
    CacheClusterTags,
    CacheGroupTags,
    FileSystemTags,
    GroupTags,
    InstanceTags,
    LogGroupsTags,
    MemoryDbTags,
    QueueTags,
    SameTags,
    ServiceTaskTags,
    TopicTags,
    VolumeTags,
)
from readiness.evidence.workloads.data_stores import (
    BucketTags,
    ClusterTags,
    DatabaseTags,
    SecretTags,
    TableTags,
)
from readiness.evidence.workloads.manifests import Manifests
from readiness.model.manifest import Manifest
from tests.accounts.budget_alerts import TAGS
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


# -- anomalies ------------------------------------------------------------------------------------

MONITOR = AnomalyMonitor(
    "m", "services", "DIMENSIONAL SERVICE", created=date(2026, 1, 1), evaluated=TODAY
)
TELLS = AnomalySubscription("daily", (), ("a@example.com",), monitor_arns=("m",))


def limit(value: float, unit: str = "ABSOLUTE") -> dict[str, Any]:
    about = {"Key": f"ANOMALY_TOTAL_IMPACT_{unit}", "Values": [str(value)]}
    return {"Dimensions": about}


def custom(**specification: Any) -> AnomalyMonitor:
    return replace(MONITOR, kind="CUSTOM", specification=specification)


def detection(monitors, subscriptions) -> AnomalyDetection:
    return AnomalyDetection(tuple(monitors), tuple(subscriptions), ACCOUNT_ID, NOON)


@pytest.mark.parametrize(
    ("monitors", "subscriptions", "settings", "status", "words"),
    [
        pytest.param([MONITOR], [TELLS], {}, GOOD, "anomalies that services finds", id="all"),
        pytest.param([], [], {}, BAD, "no cost anomaly monitor", id="nothing"),
        pytest.param([MONITOR], [], {}, BAD, "No subscription tells", id="AWS's own monitor"),
        pytest.param(
            [MONITOR, replace(MONITOR, arn="n", name="other")],
            [replace(TELLS, monitor_arns=("gone",))],
            {},
            BAD,
            "services and other",
            id="to another monitor",
        ),
        pytest.param(
            [replace(MONITOR, evaluated=TODAY - timedelta(days=4))],
            [TELLS],
            {},
            BAD,
            "not evaluated the monitor services since",
            id="stopped",
        ),
        pytest.param(
            [replace(MONITOR, evaluated=TODAY - timedelta(days=4))],
            [TELLS],
            {"max_evaluation_days": 4},
            GOOD,
            "",
            id="late",
        ),
        pytest.param(
            [replace(MONITOR, evaluated=None)], [TELLS], {}, BAD, "never evaluated", id="never"
        ),
        pytest.param(
            [replace(MONITOR, evaluated=None, created=TODAY)],
            [TELLS],
            {},
            UNKNOWN,
            "is new",
            id="new",
        ),
        pytest.param(
            [custom(Dimensions={"Key": "LINKED_ACCOUNT", "Values": [ACCOUNT_ID]})],
            [TELLS],
            {},
            GOOD,
            "",
            id="this account",
        ),
        pytest.param(
            [custom(Dimensions={"Key": "LINKED_ACCOUNT", "Values": ["444455556666"]})],
            [TELLS],
            {},
            BAD,
            "only a part",
            id="another account",
        ),
        pytest.param(
            [custom(Tags={"Key": "Application", "Values": ["maif"]})],
            [TELLS],
            {},
            BAD,
            "only a part",
            id="a workload of some",
        ),
        pytest.param(
            [custom(Tags={"Key": "Application", "Values": ["maif"]})],
            [TELLS],
            {"workloads": ("maif",)},
            GOOD,
            "",
            id="the workload",
        ),
        pytest.param(
            [custom(Tags={"Key": "Application", "Values": ["maif"]})],
            [TELLS],
            {"workloads": ("maif", "shop")},
            BAD,
            "only a part",
            id="one of two workloads",
        ),
        pytest.param(
            [
                custom(Tags={"Key": "Application", "Values": ["maif"]}),
                replace(custom(Tags={"Key": "Application", "Values": ["shop"]}), arn="n"),
            ],
            [replace(TELLS, monitor_arns=("m", "n"))],
            {"workloads": ("maif", "shop")},
            GOOD,
            "",
            id="both workloads",
        ),
        pytest.param(
            [
                custom(Tags={"Key": "Application", "Values": ["maif"]}),
                replace(
                    custom(Tags={"Key": "Application", "Values": ["shop"]}),
                    arn="n",
                    evaluated=TODAY - timedelta(days=9),
                ),
            ],
            [replace(TELLS, monitor_arns=("m", "n"))],
            {"workloads": ("maif", "shop")},
            BAD,
            "only a part",
            id="both workloads, and one monitor stopped",
        ),
        pytest.param(
            [custom(Tags={"Key": "Application", "Values": ["maif"]})],
            [TELLS],
            {"workloads": ("maif",), "workload_tag": "App"},
            BAD,
            "only a part",
            id="another tag",
        ),
        pytest.param(
            [custom(CostCategories={"Key": "c", "Values": ["v"]})],
            [TELLS],
            {},
            BAD,
            "only a part",
            id="a cost category",
        ),
        pytest.param(
            [replace(MONITOR, kind="DIMENSIONAL TAG", specification={"Tags": {"Key": "x"}})],
            [TELLS],
            {},
            BAD,
            "only a part",
            id="every value of another tag",
        ),
        pytest.param(
            [MONITOR],
            [replace(TELLS, subscribers=(), declined=("b@example.com",))],
            {},
            BAD,
            "was declined by b@example.com",
            id="declined",
        ),
        pytest.param(
            [MONITOR], [replace(TELLS, subscribers=())], {}, BAD, "no subscriber", id="nobody"
        ),
        pytest.param(
            [MONITOR],
            [replace(TELLS, subscribers=(), unheard=(DEAF,))],
            {},
            BAD,
            "goes only to",
            id="a deaf topic",
        ),
        pytest.param(
            [MONITOR],
            [replace(TELLS, subscribers=(DOUBT.address,), doubtful=(DOUBT,))],
            {},
            UNKNOWN,
            "cannot be told",
            id="perhaps a deaf topic",
        ),
        pytest.param(
            [MONITOR],
            [replace(TELLS, threshold=limit(100_000))],
            {},
            BAD,
            "only of larger anomalies",
            id="only of enormous ones",
        ),
        pytest.param(
            [MONITOR],
            [replace(TELLS, threshold=limit(100_000))],
            {"max_impact": 100_000.0},
            GOOD,
            "",
            id="allowed",
        ),
        pytest.param(
            [MONITOR],
            [replace(TELLS, threshold=limit(50, "PERCENTAGE"))],
            {"max_percent": 50.0},
            GOOD,
            "",
            id="percent",
        ),
        pytest.param(
            [MONITOR],
            [replace(TELLS, threshold=limit(50, "PERCENTAGE"))],
            {},
            BAD,
            "larger",
            id="too many percent",
        ),
        pytest.param(
            [MONITOR],
            [replace(TELLS, threshold={"And": [limit(100), limit(40, "PERCENTAGE")]})],
            {},
            GOOD,
            "",
            id="both low",
        ),
        pytest.param(
            [MONITOR],
            [replace(TELLS, threshold={"And": [limit(100), limit(10**6, "PERCENTAGE")]})],
            {},
            BAD,
            "larger",
            id="and a high one",
        ),
        pytest.param(
            [MONITOR],
            [replace(TELLS, threshold={"Or": [limit(10**6), limit(40, "PERCENTAGE")]})],
            {},
            GOOD,
            "",
            id="or a low one",
        ),
        pytest.param(
            [MONITOR],
            [TELLS],
            {"require_immediate": True},
            BAD,
            "tells daily",
            id="not immediately",
        ),
        pytest.param(
            [MONITOR],
            [replace(TELLS, frequency="WEEKLY"), replace(TELLS, frequency="IMMEDIATE")],
            {"require_immediate": True},
            GOOD,
            "",
            id="one of two",
        ),
    ],
)
def test_someone_is_told_of_anomalies(monitors, subscriptions, settings, status, words):
    verdict = anomaly_detection(detection(monitors, subscriptions), SELF, NONE, **settings)
    judged(verdict, status, words)


def test_the_older_form_of_a_threshold_is_an_amount():
    high = replace(TELLS, least_impact=101.0)
    judged(anomaly_detection(detection([MONITOR], [high]), SELF, NONE), BAD, "larger")


def test_manifests_name_the_workloads_to_watch():
    watched = detection([custom(Tags={"Key": "Application", "Values": ["maif"]})], [TELLS])
    stated = Manifests({"maif": Manifest("maif", "team", TODAY)})
    judged(anomaly_detection(watched, SELF, stated), GOOD)
    refused = Manifests({}, {"maif": "no JSON"})
    judged(anomaly_detection(watched, SELF, refused), UNKNOWN, "no JSON")
    judged(anomaly_detection(detection([MONITOR], []), SELF, refused), BAD)


def test_the_payer_may_watch_a_member():
    judged(anomaly_detection(detection([], []), MEMBER, NONE), UNKNOWN, "444455556666")
    judged(anomaly_detection(detection([], []), MEMBER, NONE, managed_locally=True), BAD)


def test_a_reader_that_auto_scaling_made():
    made = DatabaseTags("application-autoscaling-1f2e", {}, "orders")
    judged(database_tags(made, NONE), NA, "Auto scaling made the reader")


def anomaly(days: int, impact: float = 450.5, feedback: str = "") -> Anomaly:
    return Anomaly("an", "AWS Lambda", TODAY - timedelta(days=days), None, impact, feedback)


@pytest.mark.parametrize(
    ("found", "payer", "settings", "status", "words"),
    [
        ([], SELF, {}, GOOD, "0 anomalies"),
        ([], MEMBER, {}, UNKNOWN, "444455556666"),
        ([anomaly(20)], SELF, {}, BAD, "cost 450.50 more than expected"),
        ([anomaly(20)], MEMBER, {}, BAD, ""),
        ([anomaly(20), anomaly(30)], SELF, {}, BAD, "2 cost anomalies cost 901.00"),
        ([anomaly(14)], SELF, {}, GOOD, ""),
        ([anomaly(14)], SELF, {"max_open_days": 13}, BAD, ""),
        ([anomaly(20, feedback="NO")], SELF, {}, GOOD, ""),
        ([anomaly(20, impact=99)], SELF, {}, GOOD, ""),
        ([anomaly(20, impact=99)], SELF, {"least_impact": 10.0}, BAD, ""),
    ],
)
def test_anomalies_are_assessed(found, payer, settings, status, words):
    judged(anomalies_assessed(Anomalies(tuple(found), NOON), payer, **settings), status, words)


def test_without_a_monitor_there_is_nothing_to_assess():
    unwatched = Anomalies((), NOON, is_watched=False)
    judged(anomalies_assessed(unwatched, SELF), Status.NOT_APPLICABLE, "No monitor detects")


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


# -- tags -----------------------------------------------------------------------------------------


def test_cost_allocation_tags():
    active = dict.fromkeys(("Application", "CostCenter", "Environment"))
    judged(cost_allocation_tags(CostAllocationTags(active)), GOOD)
    judged(cost_allocation_tags(CostAllocationTags({"application": None})), BAD, "Application")
    judged(
        cost_allocation_tags(CostAllocationTags({"team": None}), cost_tags=("team",)), GOOD, "team"
    )
    judged(cost_allocation_tags(CostAllocationTags({}, "444455556666")), UNKNOWN, "444455556666")


SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:agent-AbCdEf"


def service(tags, **more: Any) -> Service:
    arn = more.pop("arn", "arn:aws:ecs:us-east-1:111122223333:service/c/agent")
    return Service(arn, "agent", "c", "t", tags=tags, **({"propagates_tags": "SERVICE"} | more))


RULES = {
    "function": lambda tags, m, **s: function_tags(
        FunctionIdentity("agent"), FunctionTags(tags), m, **s
    ),
    "service": lambda tags, m, **s: service_tags(service(tags), ServiceTaskTags(), m, **s),
    "bucket": lambda tags, m, **s: bucket_tags(BucketTags("agent", tags), m, **s),
    "table": lambda tags, m, **s: table_tags(TableTags("agent", tags), m, **s),
    "database": lambda tags, m, **s: database_tags(DatabaseTags("agent", tags, "c"), m, **s),
    "cluster": lambda tags, m, **s: cluster_tags(ClusterTags("agent", tags), m, **s),
    "queue": lambda tags, m, **s: queue_tags(QueueTags("agent", tags), m, **s),
    "topic": lambda tags, m, **s: topic_tags(TopicTags("agent", tags), m, **s),
    "file system": lambda tags, m, **s: file_system_tags(FileSystemTags("agent", tags), m, **s),
    "secret": lambda tags, m, **s: secret_tags(SecretTags(SECRET, tags), m, **s),
    "load balancer": lambda tags, m, **s: load_balancer_tags(BalancerTags("agent", tags), m, **s),
    "cache": lambda tags, m, **s: cache_tags(CacheGroupTags("agent", tags), m, **s),
    "cache cluster": lambda tags, m, **s: cache_cluster_tags(
        CacheClusterTags("agent", tags), m, **s
    ),
    "memorydb": lambda tags, m, **s: memorydb_tags(MemoryDbTags("agent", tags), m, **s),
    "group": lambda tags, m, **s: auto_scaling_group_tags(
        GroupTags("agent", tags, frozenset(tags), 2), InstanceTags(), m, **s
    ),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
@pytest.mark.parametrize(
    ("tags", "settings", "status", "words"),
    [
        pytest.param(TAGS, {}, GOOD, "", id="all"),
        pytest.param({}, {}, BAD, "lacks the tags Application, CostCenter", id="never tagged"),
        pytest.param({**TAGS, "CostCenter": " "}, {}, BAD, "CostCenter is empty", id="empty"),
        pytest.param(
            {**{k: v for k, v in TAGS.items() if k != "CostCenter"}, "costcenter": "x"},
            {},
            BAD,
            "'costcenter' is not 'CostCenter'",
            id="another case",
        ),
        pytest.param({**TAGS, "Owner": ""}, {}, GOOD, "", id="a tag that tells no costs"),
        pytest.param({"aws:Owner": "x"}, {"required_tags": ("Owner",)}, BAD, "", id="AWS's own"),
        pytest.param({}, {"required_tags": ()}, NA, "", id="none required"),
        pytest.param(
            {"Environment": "prod"},
            {"required_tags": ("Environment=production|staging",)},
            BAD,
            "'prod', not production or staging",
            id="not allowed",
        ),
        pytest.param(
            {"Environment": "staging"},
            {"required_tags": ("Environment=production|staging",)},
            GOOD,
            "",
            id="allowed",
        ),
        pytest.param({}, {"exempt_names": ("age*",)}, NA, "exempt", id="exempt"),
    ],
)
def test_required_tags(rule, tags, settings, status, words):
    judged(rule(tags, NONE, **settings), status, words)


@pytest.mark.parametrize(
    ("tags", "settings", "severity"),
    [
        ({}, {}, None),
        ({"Application": " "}, {}, None),
        ({"application": "maif"}, {}, None),
        ({"Application": "maif"}, {}, Severity.LOW),
        ({"Application": "maif"}, {"required_tags": ("Application=shop", "Team")}, None),
        ({"Application": "maif"}, {"required_tags": ("Team",)}, None),
    ],
)
def test_costs_that_are_nobodys_are_worse_than_costs_that_are_not_divided(
    tags, settings, severity
):
    verdict = queue_tags(QueueTags("agent", tags), NONE, **settings)
    assert (verdict.status, verdict.severity) == (BAD, severity)


def test_tasks_without_tags_are_nobodys_costs():
    of = service({"Application": "maif"}, propagates_tags="")
    verdict = service_tags(of, ServiceTaskTags(), NONE)
    assert verdict.severity is None


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_the_manifest_says_which_tags(rule):
    mine = Manifest("maif", "team", TODAY, required_tags={"Team": ("agents", "web")})
    stated = Manifests({"maif": mine})
    judged(rule({"Application": "maif", "Team": "web"}, stated), GOOD, "(manifest maif)")
    judged(rule({"Application": "maif", "Team": "x"}, stated), BAD, "not agents or web")
    judged(rule({"Application": "shop"}, stated), BAD, "lacks the tags CostCenter")
    silent = Manifests({"maif": replace(mine, required_tags={})})
    judged(rule({"Application": "maif"}, silent), BAD, "lacks the tags CostCenter")
    refused = Manifests({}, {"maif": "it is no JSON"})
    judged(rule({"Application": "maif"}, refused), UNKNOWN, "it is no JSON")
    judged(rule({}, Manifests({}, {"default": "it is no JSON"})), UNKNOWN, "default")


def test_workloads_with_a_manifest_need_a_budget_each():
    stated = Manifests({each: Manifest(each, "team", TODAY) for each in ("default", "maif")})
    judged(cost_budget(budgets(of_workload("maif")), SELF, stated), GOOD, "budget maif")
    judged(cost_budget(budgets(of_workload("shop")), SELF, stated), BAD, "covers maif")
    refused = Manifests({}, {"maif": "it is no JSON"})
    judged(cost_budget(budgets(of_workload("maif")), SELF, refused), UNKNOWN, "it is no JSON")
    named = cost_budget(budgets(of_workload("maif")), SELF, refused, workloads=("maif",))
    judged(named, GOOD)
    judged(cost_budget(budgets(BUDGET), SELF, refused), GOOD)


def test_replicas_and_untaggable_services():
    replica = FunctionIdentity("us-east-1.edge", "arn:aws:lambda:us-east-1:1:function:edge")
    judged(function_tags(replica, FunctionTags({}), NONE), NA, "Lambda@Edge")
    old = service({}, arn="arn:aws:ecs:us-east-1:111122223333:service/agent")
    judged(service_tags(old, ServiceTaskTags(), NONE), NA, "old format")


def test_tasks_that_get_no_tags():
    judged(
        service_tags(service(TAGS, propagates_tags=""), ServiceTaskTags(), NONE),
        BAD,
        "the bill shows none",
    )
    judged(
        service_tags(
            service(TAGS, propagates_tags="", has_managed_tags=True), ServiceTaskTags(), NONE
        ),
        GOOD,
    )


def test_buckets_of_deployment_tools():
    judged(bucket_tags(BucketTags("cdk-hnb659fds-assets-1-us-east-1", {}), NONE), NA)


# -- the tags of many -----------------------------------------------------------------------------


def alike(*tags_and_counts):
    return tuple(
        SameTags(tags, count, tuple(f"id-{count}-{n}" for n in range(min(count, 2))))
        for tags, count in tags_and_counts
    )


MANY = {
    "instances": lambda same, m, **s: instance_tags(InstanceTags(same), m, **s),
    "volumes": lambda same, m, **s: volume_tags(VolumeTags(same), m, **s),
    "log groups": lambda same, m, **s: log_group_tags(LogGroupsTags(same), m, **s),
}


@pytest.mark.parametrize("rule", MANY.values(), ids=list(MANY))
@pytest.mark.parametrize(
    ("same", "settings", "status", "words"),
    [
        pytest.param((), {}, NA, "has no", id="none"),
        pytest.param(alike((TAGS, 3)), {}, GOOD, "3 ", id="all"),
        pytest.param(alike((TAGS, 3), ({}, 700)), {}, BAD, "700 of 703", id="some"),
        pytest.param(alike(({}, 1), ({"a": "b"}, 9)), {}, BAD, "10 of 10", id="two kinds"),
        pytest.param(
            alike(*(({"a": str(n)}, n) for n in range(1, 8))), {}, BAD, "2 more kinds", id="many"
        ),
        pytest.param(alike(({}, 9)), {"required_tags": ()}, NA, "", id="none required"),
        pytest.param(
            alike(({"Team": "x"}, 9)), {"required_tags": ("Team",)}, GOOD, "", id="others required"
        ),
    ],
)
def test_many_resources_at_once(rule, same, settings, status, words):
    judged(rule(same, NONE, **settings), status, words)


@pytest.mark.parametrize("rule", MANY.values(), ids=list(MANY))
def test_manifests_hold_for_many_as_well(rule):
    mine = Manifest("maif", "team", TODAY, required_tags={"Team": ()})
    same = alike(({"Application": "maif", "Team": "web"}, 4))
    judged(rule(same, Manifests({"maif": mine})), GOOD)
    refused = Manifests({}, {"maif": "it is no JSON"})
    judged(rule(same, refused), UNKNOWN, "it is no JSON")
    judged(rule((*same, *alike(({}, 1))), refused), BAD, "1 of 5")


def test_what_says_whose_costs_it_makes_is_low():
    some = instance_tags(InstanceTags(alike(({"Application": "maif"}, 2))), NONE)
    assert some.severity is Severity.LOW
    mixed = instance_tags(InstanceTags(alike(({"Application": "maif"}, 2), ({}, 1))), NONE)
    assert mixed.severity is None


def of_group(propagated=(), instances=2, present=None):
    group = GroupTags("web", TAGS, frozenset(propagated), instances)
    running = InstanceTags(of_groups={"web": frozenset(present)} if present is not None else {})
    return auto_scaling_group_tags(group, running, NONE)


def test_tags_of_a_group_that_do_not_reach_its_instances():
    judged(of_group(TAGS), GOOD)
    judged(of_group(), BAD, "PropagateAtLaunch")
    judged(of_group(instances=0), GOOD)
    judged(of_group(present=TAGS), GOOD)
    judged(of_group(present={"Application"}), BAD, "CostCenter and Environment")
    judged(of_group(["Application"], present={"CostCenter", "Environment"}), GOOD)


def test_what_others_manage_needs_no_tags():
    of_batch = GroupTags("b", {"AWSBatchServiceTag": "batch"})
    judged(auto_scaling_group_tags(of_batch, InstanceTags(), NONE), NA, "AWS Batch")
    judged(secret_tags(SecretTags(SECRET.replace("agent", "rds!db-1"), {}), NONE), NA, "rds")
    judged(cache_cluster_tags(CacheClusterTags("a-001", {}, "a"), NONE), NA, "group a")


def test_tasks_that_get_the_tags_of_their_definition():
    of = service(TAGS, propagates_tags="TASK_DEFINITION")
    judged(service_tags(of, ServiceTaskTags(frozenset(TAGS)), NONE), GOOD)
    lacking = service_tags(of, ServiceTaskTags(frozenset({"Application"})), NONE)
    judged(lacking, BAD, "which lacks CostCenter and Environment")
    other = service_tags(of, ServiceTaskTags(frozenset()), NONE, required_tags=("Owner",))
    judged(other, BAD, "Owner")
