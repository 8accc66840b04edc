"""Whom AWS tells of costs: budgets, anomalies, billing reports, and the topics between."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from readiness.engine.aws import Aws
from readiness.evidence.billing_reports import BillingReports
from readiness.evidence.budgets import BudgetActions, Budgets
from readiness.evidence.cost_anomalies import Anomalies, AnomalyDetection
from readiness.evidence.costexplorer import CostAllocationTags
from readiness.model.evidence import ACCOUNT
from readiness.model.unreadable import Unreadable
from tests.accounts import budget_alerts as world
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, error

ME = ACCOUNT.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)


def load(cls, fake_account, *, region=HOME, **more):
    aws = Aws(fake_account, account=ACCOUNT_ID, region=region, now=lambda: NOON, **more)
    return aws.evidence(cls, ME).evidence


def the_budget(**more):
    about = {key: value for key, value in world.budget(**more).items() if value is not None}
    answer = {"Budgets": [about]}
    return load(Budgets, world.fake_account().but(budgets__describe_budgets=answer)).all[0]


def test_the_limit_of_the_current_period():
    assert the_budget().limit == 1000.0
    starts = [int((NOON + timedelta(days=days)).timestamp()) for days in (-60, -30, 30)]
    planned = {
        str(start): {"Amount": str(amount), "Unit": "USD"}
        for start, amount in zip(starts, (1, 2, 3), strict=True)
    }
    assert the_budget(BudgetLimit=None, PlannedBudgetLimits=planned).limit == 2.0
    assert the_budget(BudgetLimit=None).limit is None


def test_when_a_budget_ends_and_how_it_is():
    found = the_budget()
    assert (found.has_ended(NOON), found.health, found.forecast) == (False, "", 900.0)
    over = {"Start": NOON - timedelta(days=90), "End": NOON - timedelta(days=1)}
    sick = {"Status": "UNHEALTHY", "StatusReason": "BILLING_VIEW_NO_ACCESS"}
    found = the_budget(TimePeriod=over, HealthStatus=sick, CalculatedSpend=None)
    assert (found.has_ended(NOON), found.forecast) == (True, None)
    assert found.health == "BILLING_VIEW_NO_ACCESS"


def topic(policy=None, **attributes):
    about = {"Policy": policy or world.policy("sns:Publish"), **attributes}
    return {"Attributes": about}


def key(**more):
    return {
        "KeyMetadata": {
            "KeyId": world.KEY.rpartition("/")[2],
            "Arn": world.KEY,
            "KeyState": "Enabled",
            "KeyManager": "CUSTOMER",
        }
        | more
    }


def owned(condition):
    everyone = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "SNS:Publish",
        "Resource": world.TOPIC,
        "Condition": condition,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [everyone]})


OWN = {"StringEquals": {"AWS:SourceOwner": ACCOUNT_ID}}
OTHER = {"StringEquals": {"aws:SourceAccount": "444455556666"}}
ENCRYPTED = topic(KmsMasterKeyId=world.KEY)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        pytest.param({}, "", id="reached"),
        pytest.param({"topic": topic()}, "", id="not encrypted"),
        pytest.param({"topic": error("NotFound", 404)}, "does not exist", id="gone"),
        pytest.param({"listens": []}, "to which no one subscribes", id="nobody"),
        pytest.param(
            {"listens": ["PendingConfirmation"]}, "to which no one subscribes", id="pending"
        ),
        pytest.param({"topic": topic(FifoTopic="true")}, "a FIFO topic", id="fifo"),
        pytest.param(
            {"topic": topic(owned(OWN))},
            "policy does not let budgets.amazonaws.com publish",
            id="the policy of a new topic",
        ),
        pytest.param({"topic": topic(owned(OTHER))}, "does not let", id="another account"),
        pytest.param({"topic": topic(owned({}))}, "", id="anybody"),
        pytest.param({"key": error("NotFoundException", 400)}, "(Missing)", id="no key"),
        pytest.param({"key": key(KeyState="Disabled")}, "(Disabled)", id="disabled key"),
        pytest.param({"key": key(KeyManager="AWS")}, "AWS-managed", id="AWS's key"),
        pytest.param(
            {"key_policy": world.policy("kms:Decrypt")}, "does not let", id="a key that refuses"
        ),
    ],
)
def test_whether_a_topic_reaches_someone(answers, why):
    listens = answers.get("listens", [f"{world.TOPIC}:1"])
    told = [{"SubscriptionArn": arn, "Protocol": "email"} for arn in listens]
    fake_account = world.fake_account().but(
        sns__get_topic_attributes=answers.get("topic", ENCRYPTED),
        sns__list_subscriptions_by_topic={"Subscriptions": told},
        kms__describe_key=answers.get("key", key()),
        kms__get_key_policy={
            "Policy": answers.get("key_policy", world.policy("kms:Decrypt", "kms:GenerateData*"))
        },
    )
    notice = load(Budgets, fake_account).all[0].notifications[0]
    if why:
        [deaf] = notice.unheard
        assert (notice.subscribers, why in str(deaf)) == ((), True), deaf
    else:
        assert (notice.subscribers, notice.unheard) == ((world.TOPIC,), ())


HIGH = {"severity": ["high"]}
NO_SEVERITY = {"severity": [{"exists": False}]}


@pytest.mark.parametrize(
    ("filters", "unheard", "doubtful"),
    [
        pytest.param([None], "", "", id="no filter"),
        pytest.param([HIGH], "let nothing of it pass", "", id="by an attribute"),
        pytest.param([NO_SEVERITY], "", "", id="by an attribute that is not there"),
        pytest.param([HIGH, None], "", "", id="of one of two"),
        pytest.param([HIGH, "body"], "", "filter by the text", id="by the text"),
        pytest.param(["gone"], "let nothing of it pass", "", id="deleted since it was listed"),
    ],
)
def test_filter_policies_of_subscriptions(filters, unheard, doubtful):
    def attributes(*, SubscriptionArn):  # noqa: N803
        wanted = filters[int(SubscriptionArn.rpartition(":")[2])]
        if wanted == "gone":
            return error("NotFound", 404)
        on_body = {"FilterPolicyScope": "MessageBody"} if wanted == "body" else {}
        policy = {"FilterPolicy": json.dumps(HIGH if on_body else wanted)} if wanted else {}
        return {"Attributes": policy | on_body}

    listed = [
        {"SubscriptionArn": f"{world.TOPIC}:{n}", "Protocol": "sqs"} for n in range(len(filters))
    ]
    fake_account = world.fake_account().but(
        sns__list_subscriptions_by_topic={"Subscriptions": listed},
        sns__get_subscription_attributes=attributes,
    )
    notice = load(Budgets, fake_account).all[0].notifications[0]
    assert (unheard in str(notice.unheard), bool(notice.unheard)) == (True, bool(unheard))
    assert (doubtful in str(notice.doubtful), bool(notice.doubtful)) == (True, bool(doubtful))
    assert notice.is_heard is not bool(unheard or doubtful)


def test_the_key_of_another_account_leaves_a_doubt():
    foreign = world.KEY.replace(ACCOUNT_ID, "444455556666")
    fake_account = world.fake_account().but(kms__describe_key=key(Arn=foreign))
    notice = load(Budgets, fake_account).all[0].notifications[0]
    assert notice.subscribers == (world.TOPIC,)
    assert "another account's" in str(notice.doubtful[0])


def test_a_topic_is_asked_in_its_own_region():
    asked = []
    fake_account = world.fake_account()
    make = fake_account.client

    def client(service, **more):
        asked.append((service, more.get("region_name")))
        return make(service)

    fake_account.client = client  # type: ignore[method-assign]
    load(Budgets, fake_account, region="eu-west-1")
    assert {(s, r) for s, r in asked if s in {"sns", "kms"}} == {("sns", HOME), ("kms", HOME)}


def test_an_unreadable_topic_is_no_answer():
    fake_account = world.fake_account().but(sns__get_topic_attributes=FAULTS["denied"])
    with pytest.raises(Unreadable, match="sns:GetTopicAttributes"):
        load(Budgets, fake_account)


def test_actions_of_budgets():
    [found] = load(BudgetActions, world.fake_account()).all
    assert (found.budget, found.kind, found.status) == ("month", "APPLY_IAM_POLICY", "STANDBY")
    assert found.is_automatic


def test_anomaly_detection():
    found = load(AnomalyDetection, world.fake_account())
    [monitor], [subscription] = found.monitors, found.subscriptions
    assert (monitor.kind, monitor.created) == ("DIMENSIONAL SERVICE", date(2026, 1, 10))
    assert monitor.evaluated == date(2026, 11, 2)
    assert (subscription.monitor_arns, subscription.frequency) == ((world.MONITOR,), "IMMEDIATE")
    assert subscription.subscribers == (world.TOPIC,)
    assert subscription.tells_from(100, 0)
    assert not subscription.tells_from(99, 1000)


def test_anomalies_with_their_cost():
    [found] = load(Anomalies, world.fake_account()).all
    assert (found.where, found.impact) == ("AWS Lambda in us-east-1", 450.5)
    assert (found.started, found.feedback) == (date(2026, 10, 1), "PLANNED_ACTIVITY")
    bare = world.anomaly(RootCauses=[])
    fake_account = world.fake_account().but(ce__get_anomalies={"Anomalies": [bare]})
    [found] = load(Anomalies, fake_account).all
    assert (found.where, found.feedback) == ("AWS Lambda", "")


NO_COST_EXPLORER = error("AccessDeniedException", 400, "User not enabled for cost explorer access")


def test_cost_explorer_that_nobody_enabled_is_not_a_denied_read():
    off = world.fake_account().but(ce__get_anomaly_monitors=NO_COST_EXPLORER)
    assert load(AnomalyDetection, off).monitors == ()
    assert not load(Anomalies, off).is_watched
    assert ("ce", "get_anomalies") not in off.calls
    assert load(Anomalies, world.fake_account()).is_watched
    denied = world.fake_account().but(
        ce__get_anomaly_monitors=error("AccessDeniedException", 400, "is not authorized")
    )
    with pytest.raises(Unreadable):
        load(Anomalies, denied)


def test_a_legacy_report_that_aws_has_not_tried_to_deliver_is_new():
    fake_account = world.fake_account().but(
        **{"bcm-data-exports__list_exports": {"Exports": []}},
        cur__describe_report_definitions={
            "ReportDefinitions": [world.definition(ReportStatus={})]
        },
    )
    [report] = load(BillingReports, fake_account).all
    assert (report.created, report.delivered) == (NOON, None)
    failed = fake_account.but(
        cur__describe_report_definitions={
            "ReportDefinitions": [world.definition(ReportStatus={"lastStatus": "ERROR_NO_BUCKET"})]
        },
    )
    [report] = load(BillingReports, failed).all
    assert (report.created, report.fault) == (None, "ERROR_NO_BUCKET")


def exported(**more):
    fake_account = world.fake_account().but(
        **{"bcm-data-exports__get_export": world.export(**more)},
        cur__describe_report_definitions={"ReportDefinitions": []},
    )
    return load(BillingReports, fake_account).all


RESOURCES = {"INCLUDE_RESOURCES": "TRUE"}


@pytest.mark.parametrize(
    ("more", "lacks"),
    [
        ({}, ()),
        ({"statement": f"SELECT * FROM {world.CUR}"}, ()),
        ({"statement": f"SELECT line_item_usage_type FROM {world.CUR}"}, ("resource ids",)),
        ({"tables": {world.CUR: {"INCLUDE_RESOURCES": "FALSE"}}}, ("resource ids",)),
        ({"tables": {}}, ("resource ids",)),
        ({"tables": {world.CUR: RESOURCES | {"TIME_GRANULARITY": "MONTHLY"}}}, ("days",)),
        (
            {"statement": f"SELECT * FROM {world.CUR} WHERE product_servicecode = 'AmazonEC2'"},
            ("a part of the costs",),
        ),
        (
            {"tables": {world.CUR: RESOURCES | {"BILLING_VIEW_ARN": "a/custom-1"}}},
            ("a part of the costs",),
        ),
        ({"statement": "SELECT ResourceId FROM FOCUS_1_0_AWS", "tables": {}}, ()),
    ],
)
def test_what_is_in_a_data_export(more, lacks):
    [report] = exported(**more)
    assert report.lacks == lacks


def test_other_tables_are_no_bill():
    assert exported(statement="SELECT * FROM COST_OPTIMIZATION_RECOMMENDATIONS") == ()


def test_an_export_that_fails():
    [report] = exported(StatusCode="UNHEALTHY", StatusReason="BILL_OWNER_CHANGED")
    assert report.fault == "BILL_OWNER_CHANGED"


def test_an_export_that_is_deleted_meanwhile():
    fake_account = world.fake_account().but(
        **{"bcm-data-exports__get_export": error("ResourceNotFoundException")}
    )
    assert [each.name for each in load(BillingReports, fake_account).all] == ["legacy"]


def test_the_bucket_of_a_report():
    gone = world.fake_account().but(s3__get_bucket_location=error("NoSuchBucket", 404))
    assert [each.bucket_is_gone for each in load(BillingReports, gone).all] == [True, True]
    elsewhere = gone.but(
        **{
            "bcm-data-exports__get_export": world.export(
                destination={"S3BucketOwner": "444455556666"}
            )
        }
    )
    assert [each.bucket_is_gone for each in load(BillingReports, elsewhere).all] == [False, True]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ((), "", True)),
        ({"TimeUnit": "MONTHLY"}, (("days",), "", True)),
        ({"AdditionalSchemaElements": []}, (("resource ids",), "", True)),
        ({"BillingViewArn": "a/custom-1"}, (("a part of the costs",), "", True)),
        ({"ReportStatus": {"lastStatus": "ERROR_NO_BUCKET"}}, ((), "ERROR_NO_BUCKET", False)),
        ({"ReportStatus": {}}, ((), "", False)),
    ],
)
def test_a_legacy_report(more, expected):
    fake_account = world.fake_account().but(
        **{"bcm-data-exports__list_exports": {"Exports": []}},
        cur__describe_report_definitions={"ReportDefinitions": [world.definition(**more)]},
    )
    [report] = load(BillingReports, fake_account).all
    assert (report.lacks, report.fault, report.delivered is not None) == expected


def test_only_the_payer_is_asked_for_cost_allocation_tags():
    assert set(load(CostAllocationTags, world.fake_account()).active) == set(world.TAGS)
    fake_account = world.fake_account().but(
        organizations__describe_organization={"Organization": {"MasterAccountId": world.PAYER}}
    )
    assert load(CostAllocationTags, fake_account) == CostAllocationTags({}, world.PAYER)
    assert not [call for call in fake_account.calls if call[0] == "ce"]


def test_inactive_and_generated_tags_do_not_count():
    tags = [
        {"TagKey": "Owner", "Type": "UserDefined", "Status": "Inactive"},
        {"TagKey": "aws:createdBy", "Type": "AWSGenerated", "Status": "Active"},
    ]
    fake_account = world.fake_account().but(
        ce__list_cost_allocation_tags={"CostAllocationTags": tags}
    )
    assert load(CostAllocationTags, fake_account).active == {}


def test_what_an_event_asks_holds_for_the_sweeps_after_it():
    kept = {}

    class Cache:
        def daily(self, question, now, ask):
            return kept.setdefault(question, ask()) if question not in kept else kept[question]

        def renew(self, question, now, ask):
            kept[question] = ask()
            return kept[question]

    before = world.fake_account().but(ce__get_anomaly_monitors={"AnomalyMonitors": []})
    assert load(AnomalyDetection, before, bulk=True, daily_cache=Cache()).monitors == ()
    assert load(AnomalyDetection, world.fake_account(), daily_cache=Cache()).monitors
    assert load(AnomalyDetection, before, bulk=True, daily_cache=Cache()).monitors
