"""Anomalies of costs: evidence in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from functions.budget_alerts.app import (
    anomalies_assessed,
    anomaly_detection,
    database_tags,
)
from readiness import Status
from readiness.evidence.cost_anomalies import (
    Anomalies,
    Anomaly,
    AnomalyDetection,
    AnomalyMonitor,
    AnomalySubscription,
)
from readiness.evidence.workloads.data_stores import (
    DatabaseTags,
)
from readiness.evidence.workloads.manifests import Manifests
from readiness.model.manifest import Manifest
from tests.fake_account import ACCOUNT_ID, NOON
from tests.rules.test_budget_alerts import DEAF, DOUBT, MEMBER, NONE, SELF, TODAY, judged

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA


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
