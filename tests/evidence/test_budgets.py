"""Budgets, anomaly subscriptions and billing alarms, all asked of us-east-1."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readiness.engine.aws import Aws
from readiness.evidence.budgets import Budgets
from readiness.evidence.cloudwatch.billing_alarms import BillingAlarms
from readiness.evidence.cost_anomalies import CostAnomalies
from readiness.evidence.organizations import Payer
from readiness.model.evidence import ACCOUNT
from readiness.model.unreadable import Unreadable
from tests.accounts import alarms as worlds
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, FakeAccount, error

ME = ACCOUNT.resource(ACCOUNT_ID, "eu-west-1", ACCOUNT_ID)
MONITOR = f"arn:aws:ce::{ACCOUNT_ID}:anomalymonitor/m"


def load(cls, fake_account, region="eu-west-1"):
    regions = []
    make = fake_account.client

    def client(service, **more):
        regions.append((service, more.get("region_name")))
        return make(service)

    fake_account.client = client  # type: ignore[method-assign]
    aws = Aws(fake_account, account=ACCOUNT_ID, region=region, now=lambda: NOON)
    return aws.evidence(cls, ME).evidence, regions


def test_budgets_with_their_subscribers():
    found, regions = load(Budgets, worlds.fake_account())
    [budget] = found.all
    [notice] = budget.notifications
    assert (notice.threshold, notice.is_percent, notice.subscribers) == (
        80.0,
        True,
        ("ops@example.com", worlds.TOPIC),
    )
    assert ("budgets", "us-east-1") in regions


def test_no_budget_is_one_request():
    fake_account = worlds.fake_account().but(budgets__describe_budgets={"Budgets": []})
    assert load(Budgets, fake_account)[0].all == ()
    assert fake_account.calls == [("budgets", "describe_budgets")]


def test_amounts_are_text():
    limit = worlds.BUDGET | {"BudgetLimit": {"Amount": "1E3", "Unit": "USD"}}
    fake_account = worlds.fake_account().but(budgets__describe_budgets={"Budgets": [limit]})
    assert load(Budgets, fake_account)[0].all[0].limit == 1000.0


def test_a_notification_deleted_meanwhile():
    fake_account = worlds.fake_account().but(
        budgets__describe_subscribers_for_notification=error("NotFoundException", 400)
    )
    assert load(Budgets, fake_account)[0].all[0].notifications[0].subscribers == ()


def anomalies(**more) -> FakeAccount:
    subscription = {
        "SubscriptionArn": "arn",
        "AccountId": ACCOUNT_ID,
        "SubscriptionName": "daily",
        "Frequency": "DAILY",
        "MonitorArnList": [MONITOR],
        "Subscribers": [
            {"Address": "a@example.com", "Type": "EMAIL", "Status": "CONFIRMED"},
            {"Address": "b@example.com", "Type": "EMAIL", "Status": "DECLINED"},
        ],
    } | more
    monitor = {
        "MonitorArn": MONITOR,
        "MonitorName": "services",
        "MonitorType": "DIMENSIONAL",
        "MonitorDimension": "SERVICE",
    }
    return worlds.fake_account().but(
        budgets__describe_budgets={"Budgets": []},
        ce__get_anomaly_subscriptions={"AnomalySubscriptions": [subscription]},
        ce__get_anomaly_monitors={"AnomalyMonitors": [monitor]},
    )


def test_anomaly_subscriptions():
    found, regions = load(CostAnomalies, anomalies())
    [one] = found.subscriptions
    assert (one.monitors, one.subscribers) == (("DIMENSIONAL SERVICE",), ("a@example.com",))
    assert ("ce", "us-east-1") in regions


def test_a_monitor_of_a_tag_is_called_by_it():
    monitor = {
        "MonitorArn": MONITOR,
        "MonitorName": "teams",
        "MonitorType": "DIMENSIONAL",
        "MonitorDimension": "TAG",
        "MonitorSpecification": {"Tags": {"Key": "user:Team"}},
    }
    world = anomalies().but(ce__get_anomaly_monitors={"AnomalyMonitors": [monitor]})
    assert load(CostAnomalies, world)[0].subscriptions[0].monitors == ("DIMENSIONAL TAG Team",)


def impact(amount, key="ABSOLUTE"):
    about = {"Key": f"ANOMALY_TOTAL_IMPACT_{key}", "Values": [amount]}
    return {"Dimensions": about | {"MatchOptions": ["GREATER_THAN_OR_EQUAL"]}}


@pytest.mark.parametrize(
    ("more", "least"),
    [
        ({}, 0.0),
        ({"Threshold": 100.0}, 100.0),
        ({"ThresholdExpression": impact("250")}, 250.0),
        ({"ThresholdExpression": impact("40", "PERCENTAGE")}, 0.0),
        ({"ThresholdExpression": impact("100000", "PERCENTAGE")}, float("inf")),
        (
            {"ThresholdExpression": {"And": [impact("250"), impact("40", "PERCENTAGE")]}},
            250.0,
        ),
        (
            {"ThresholdExpression": {"Or": [impact("250"), impact("40", "PERCENTAGE")]}},
            0.0,
        ),
        ({"ThresholdExpression": impact("much")}, float("inf")),
    ],
)
def test_the_least_anomaly_that_is_told(more, least):
    found, _ = load(CostAnomalies, anomalies(**more))
    assert found.subscriptions[0].least_impact == least


TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT_ID}:money"
CONFIRMED = {"SubscriptionArn": f"{TOPIC}:1", "Protocol": "email"}
PENDING = {"SubscriptionArn": "PendingConfirmation", "Protocol": "email"}


@pytest.mark.parametrize(
    ("topic", "subscriptions", "heard"),
    [
        (TOPIC, {"Subscriptions": [PENDING, CONFIRMED]}, True),
        (TOPIC, {"Subscriptions": [PENDING]}, False),
        (TOPIC, {"Subscriptions": []}, False),
        (TOPIC, error("NotFound", 404), False),
        (TOPIC.replace(ACCOUNT_ID, "444455556666"), {"Subscriptions": []}, False),
    ],
)
def test_a_topic_counts_if_someone_subscribes_to_it(topic, subscriptions, heard):
    told = {"Subscribers": [{"SubscriptionType": "SNS", "Address": topic}]}
    fake_account = worlds.fake_account().but(
        budgets__describe_subscribers_for_notification=told,
        sns__list_subscriptions_by_topic=subscriptions,
    )
    [one] = load(Budgets, fake_account)[0].all[0].notifications
    told_of = (one.subscribers, tuple(each.address for each in one.unheard))
    assert told_of == (((topic,), ()) if heard else ((), (topic,)))
    more = {"Subscribers": [{"Type": "SNS", "Address": topic, "Status": "CONFIRMED"}]}
    fake_account = anomalies(**more).but(sns__list_subscriptions_by_topic=subscriptions)
    [one] = load(CostAnomalies, fake_account)[0].subscriptions
    assert bool(one.subscribers) is heard


def test_cost_explorer_is_not_asked_where_a_budget_is_enough():
    fake_account = worlds.fake_account()
    assert load(CostAnomalies, fake_account)[0].asked is False
    assert not [call for call in fake_account.calls if call[0] == "ce"]


@pytest.mark.parametrize(
    "change",
    [
        {"TimeUnit": "ANNUALLY"},
        {"TimePeriod": {"Start": NOON - timedelta(days=60), "End": NOON - timedelta(days=30)}},
        {"BudgetLimit": {"Amount": "0", "Unit": "USD"}},
        {"HealthStatus": {"Status": "UNHEALTHY", "StatusReason": "FILTER_INVALID"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_cost_explorer_is_asked_where_a_budget_warns_of_nothing(change):
    found = worlds.BUDGET | change
    fake_account = worlds.told_of_anomalies().but(budgets__describe_budgets={"Budgets": [found]})
    assert load(CostAnomalies, fake_account)[0].asked


class Kept:
    """What the day's first sweep was told."""

    def __init__(self):
        self.answers = {}

    def daily(self, question, now, ask):
        if question not in self.answers:
            self.answers[question] = ask()
        return self.answers[question]

    def renew(self, question, now, ask):
        self.answers[question] = ask()
        return self.answers[question]


def test_sweeps_ask_cost_explorer_once_a_day_and_events_at_once():
    kept = Kept()

    def asked(bulk: bool) -> int:
        fake_account = anomalies()
        aws = Aws(
            fake_account,
            account=ACCOUNT_ID,
            region=HOME,
            now=lambda: NOON,
            bulk=bulk,
            daily_cache=kept,
        )
        found = aws.evidence(CostAnomalies, ME).evidence
        assert [one.name for one in found.subscriptions] == ["daily"]
        return len([call for call in fake_account.calls if call[0] == "ce"])

    assert [asked(bulk=True), asked(bulk=True), asked(bulk=False)] == [2, 0, 2]


def test_cost_explorer_may_be_closed_to_members():
    with pytest.raises(Unreadable, match="ce:GetAnomalySubscriptions"):
        load(CostAnomalies, anomalies().but(ce__get_anomaly_subscriptions=FAULTS["denied"]))


def test_billing_alarms_live_in_us_east_1():
    charges = worlds.alarm("c", "AWS/Billing", "EstimatedCharges", {"Currency": "USD"})

    def describe(**params):
        return {} if params["AlarmTypes"] == ["LogAlarm"] else {"MetricAlarms": [charges]}

    fake_account = worlds.fake_account().but(cloudwatch__describe_alarms=describe)
    here, regions = load(BillingAlarms, fake_account, "us-east-1")
    assert (here.elsewhere, regions) == ((), [("cloudwatch", "us-east-1")])
    away, regions = load(
        BillingAlarms, worlds.fake_account().but(cloudwatch__describe_alarms=describe)
    )
    assert away.elsewhere == ("c",)
    assert set(regions) == {("cloudwatch", "us-east-1"), ("cloudwatch", "eu-west-1")}


@pytest.mark.parametrize(
    ("answer", "is_member"),
    [
        ({"Organization": {"MasterAccountId": "999999999999"}}, True),
        ({"Organization": {"MasterAccountId": ACCOUNT_ID}}, False),
        (error("AWSOrganizationsNotInUseException"), False),
    ],
    ids=["a member", "the payer", "no organization"],
)
def test_who_pays(answer, is_member):
    fake_account = worlds.fake_account().but(organizations__describe_organization=answer)
    assert load(Payer, fake_account)[0].is_member is is_member
