"""What looks at log groups and at the account, as the loaders find it."""

from __future__ import annotations

import pytest

from readiness import Unreadable
from readiness.evidence.cloudtrail.trails import Trails
from readiness.evidence.guardduty import ThreatDetector
from readiness.evidence.logs import LOG_GROUP, MetricFilters
from readiness.evidence.sns.delivery import TOPIC, TopicSubscribers
from readiness.evidence.workloads.log_analysis import Heard, LogAnalysis
from readiness.evidence.workloads.log_forwarding import LogForwarding
from readiness.evidence.workloads.threat_detection import ThreatDetection
from readiness.model.evidence import REGION
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, NotOffered
from tests.accounts import compliance_logging as accounts
from tests.accounts.compliance_logging import (
    CENTRAL,
    DETECTOR,
    GROUP,
    active,
    alarm,
    alarms,
    detector,
    group,
    metric_filter,
    subscriber,
    trail,
)
from tests.accounts.compliance_logging import (
    TOPIC as TOPIC_ARN,
)
from tests.accounts.handed_on import BRIDGE
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, error, evaluation

HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
ABOUT = LOG_GROUP.resource(ACCOUNT_ID, HOME, GROUP)


def analysis(*, bulk=False, **answers):
    account = accounts.fake_account().but(**answers)
    aws = evaluation(account, [], bulk=bulk).aws
    return aws.evidence(LogAnalysis, ABOUT, {"central_account_ids": ()}).evidence, account


def read(cls, about=HERE, **answers):
    account = accounts.fake_account().but(**answers)
    return evaluation(account, []).aws.evidence(cls, about).evidence, account


# -- log groups -----------------------------------------------------------------------------------


def test_an_alarm_that_an_event_rule_hands_on():
    arn = f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm:agent-errors"
    every = BRIDGE | {"EventPattern": '{"source": ["aws.cloudwatch"]}'}
    seen, _ = analysis(
        cloudwatch__describe_alarms=alarms(alarm(AlarmActions=[], AlarmArn=arn)),
        events__list_rules={"Rules": [every]},
    )
    assert seen.alarms == (Heard("agent-errors"),)


@pytest.mark.parametrize("bulk", [False, True])
def test_an_alarm_on_a_metric_filter(bulk):
    seen, account = analysis(bulk=bulk)
    assert (seen.alarms, seen.unwatched, seen.is_analysed) == ((Heard("agent-errors"),), (), True)
    assert seen.forwarding is None
    assert ("logs", "describe_subscription_filters") not in account.calls


def test_filters_are_listed_for_all_groups_at_once():
    other = group("/aws/lambda/other")
    account = accounts.fake_account().but(
        logs__describe_log_groups={"logGroups": [group(), other]},
        logs__describe_metric_filters={"metricFilters": [metric_filter(), metric_filter()]},
    )
    aws = evaluation(account, [], bulk=True).aws
    found = {
        name: aws.evidence(MetricFilters, LOG_GROUP.resource(ACCOUNT_ID, HOME, name)).evidence
        for name in (GROUP, "/aws/lambda/other")
    }
    assert found[GROUP].metrics == (("Agents", "Errors"), ("Agents", "Errors"))
    assert found["/aws/lambda/other"].metrics == ()
    assert account.calls.count(("logs", "describe_metric_filters")) == 1


def test_filters_of_a_group_that_is_gone():
    with pytest.raises(Gone):
        read(
            MetricFilters, ABOUT, logs__describe_metric_filters=error("ResourceNotFoundException")
        )


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        pytest.param(
            {"cloudwatch__describe_alarms": alarms(alarm(ActionsEnabled=False))},
            "The actions of the alarm agent-errors are disabled.",
            id="actions disabled",
        ),
        pytest.param(
            {"cloudwatch__describe_alarms": alarms(alarm(EvaluationState="EVALUATION_ERROR"))},
            "Nothing can raise the alarm agent-errors.",
            id="cannot be evaluated",
        ),
        pytest.param(
            {"cloudwatch__describe_alarms": alarms(alarm(AlarmActions=[]))},
            "The alarm agent-errors has no action.",
            id="no action",
        ),
        pytest.param(
            {
                "sns__list_subscriptions_by_topic": {
                    "Subscriptions": [subscriber("PendingConfirmation")]
                }
            },
            "The topics of the alarm agent-errors have no confirmed subscriber.",
            id="nobody confirmed",
        ),
        pytest.param(
            {"sns__list_subscriptions_by_topic": error("NotFound", 404)},
            "The topics of the alarm agent-errors have no confirmed subscriber.",
            id="the topic is gone",
        ),
    ],
)
def test_an_alarm_that_notifies_no_one(answers, why):
    seen, _ = analysis(**answers)
    assert seen.alarms == (Heard("agent-errors", why),)
    assert not seen.is_analysed
    assert isinstance(seen.forwarding, LogForwarding)


def test_a_metric_that_no_alarm_watches():
    seen, _ = analysis(cloudwatch__describe_alarms=alarms())
    assert (seen.alarms, seen.unwatched) == ((), ("Agents:Errors",))


def test_an_alarm_that_queries_the_group():
    query = {
        "LogGroupIdentifiers": [GROUP],
        "QueryString": "stats count(*)",
        "ScheduledQueryRoleARN": f"arn:aws:iam::{ACCOUNT_ID}:role/query",
        "ScheduleConfiguration": {
            "ScheduleExpression": "rate(5 minutes)",
            "StartTimeOffset": 300,
        },
        "AggregationExpression": "count(*)",
    }
    about = {
        "AlarmName": "query",
        "AlarmActions": [TOPIC_ARN],
        "ScheduledQueryConfiguration": query,
    }
    seen, _ = analysis(
        logs__describe_metric_filters={"metricFilters": []},
        cloudwatch__describe_alarms=alarms(logs=(about,)),
    )
    assert seen.alarms == (Heard("query"),)


def test_an_action_that_needs_no_subscriber():
    function = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:page"
    seen, account = analysis(cloudwatch__describe_alarms=alarms(alarm(AlarmActions=[function])))
    assert seen.is_analysed
    assert ("sns", "list_subscriptions_by_topic") not in account.calls


def test_a_topic_of_another_account_may_be_hidden():
    theirs = f"arn:aws:sns:{HOME}:{CENTRAL}:on-call"
    seen, _ = analysis(
        cloudwatch__describe_alarms=alarms(alarm(AlarmActions=[theirs])),
        sns__list_subscriptions_by_topic=FAULTS["denied"],
    )
    [heard] = seen.alarms
    assert isinstance(heard.unreadable, Unreadable)
    assert not heard.certainly


def test_a_topic_of_this_account_may_not():
    with pytest.raises(Unreadable):
        analysis(sns__list_subscriptions_by_topic=FAULTS["denied"])


def test_forwarding_that_cannot_be_read():
    seen, _ = analysis(
        logs__describe_metric_filters={"metricFilters": []}, oam__list_links=FAULTS["denied"]
    )
    assert isinstance(seen.forwarding, Unreadable)


def detectors(status):
    arn = f"arn:aws:logs:{HOME}:{ACCOUNT_ID}:log-group:{GROUP}:*"
    about = {"detectorName": "odd", "anomalyDetectorStatus": status, "logGroupArnList": [arn]}
    return {"anomalyDetectors": [about]}


@pytest.mark.parametrize(("status", "asks"), [("ANALYZING", False), ("PAUSED", True)])
def test_alarms_are_read_only_where_no_detector_looks(status, asks):
    seen, account = analysis(logs__list_log_anomaly_detectors=detectors(status))
    assert [each.status for each in seen.detectors] == [status]
    assert (("cloudwatch", "describe_alarms") in account.calls) is asks


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"cloudwatch__list_metrics": active()}, id="idle"),
        pytest.param(
            {"logs__describe_log_groups": {"logGroups": [group(logGroupClass="DELIVERY")]}},
            id="only passes on",
        ),
    ],
)
def test_nothing_more_is_asked_of_what_is_not_judged(answers):
    _, account = analysis(**answers)
    assert set(account.calls) == {("logs", "describe_log_groups"), ("cloudwatch", "list_metrics")}


def test_subscribers_of_a_topic_elsewhere_are_asked_there():
    about = Resource(ACCOUNT_ID, "eu-west-1", TOPIC.name, "on-call")
    asked = []

    def listing(**params):
        asked.append(params["TopicArn"])
        return {"Subscriptions": [subscriber(), subscriber("PendingConfirmation")]}

    seen, _ = read(TopicSubscribers, about, sns__list_subscriptions_by_topic=listing)
    assert (seen.confirmed, asked) == (1, [f"arn:aws:sns:eu-west-1:{ACCOUNT_ID}:on-call"])


# -- threats --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        pytest.param({}, ThreatDetector(DETECTOR, "ENABLED"), id="enabled"),
        pytest.param(
            {"guardduty__get_detector": detector(Status="DISABLED")},
            ThreatDetector(DETECTOR, "DISABLED"),
            id="suspended",
        ),
        pytest.param(
            {"guardduty__list_detectors": {"DetectorIds": []}}, ThreatDetector(), id="not enabled"
        ),
        pytest.param(
            {
                "guardduty__get_detector": error(
                    "BadRequestException",
                    400,
                    "The request is rejected because the input detectorId is not owned by the"
                    " current account.",
                )
            },
            ThreatDetector(),
            id="deleted since it was listed",
        ),
    ],
)
def test_the_detector(answers, found):
    assert read(ThreatDetector, **answers)[0] == found


def test_another_bad_request_is_no_answer():
    with pytest.raises(Unreadable):
        read(ThreatDetector, guardduty__get_detector=error("BadRequestException"))


def test_nothing_else_is_asked_where_guardduty_is_enabled():
    seen, account = read(ThreatDetection)
    assert seen == ThreatDetection(ThreatDetector(DETECTOR, "ENABLED"))
    assert {service for service, _ in account.calls} == {"guardduty"}


SUSPENDED = {"guardduty__get_detector": detector(Status="DISABLED")}


def test_who_administers_a_suspended_detector():
    answer = {"Administrator": {"AccountId": CENTRAL}}
    seen, _ = read(ThreatDetection, guardduty__get_administrator_account=answer, **SUSPENDED)
    assert (seen.administrator, seen.by_insights, seen.doubts) == (CENTRAL, False, ())


@pytest.mark.parametrize("fault", FAULTS)
def test_an_unreadable_administrator_changes_nothing(fault):
    answer = FAULTS[fault]
    seen, _ = read(ThreatDetection, guardduty__get_administrator_account=answer, **SUSPENDED)
    assert seen.administrator == ""


@pytest.mark.parametrize(
    ("about", "status", "certain"),
    [
        pytest.param({"HasInsightSelectors": True}, {}, True, id="a trail with insights"),
        pytest.param({}, {}, False, id="a trail without"),
        pytest.param(
            {"HasInsightSelectors": True},
            {"cloudtrail__get_trail_status": {"IsLogging": False}},
            False,
            id="a stopped trail",
        ),
    ],
)
def test_insights(about, status, certain):
    seen, _ = read(
        ThreatDetection,
        guardduty__list_detectors={"DetectorIds": []},
        cloudtrail__describe_trails={"trailList": [trail(**about)]},
        **status,
    )
    assert seen.by_insights is certain


def test_trails_that_cannot_be_read_leave_a_doubt():
    seen, _ = read(
        ThreatDetection,
        guardduty__list_detectors={"DetectorIds": []},
        cloudtrail__describe_trails=FAULTS["denied"],
    )
    assert [share.missing for share in seen.doubts] == [("cloudtrail:DescribeTrails",)]


class Here:
    """A reader of a region without GuardDuty."""

    region = HOME

    def of(self, cls, _):
        if cls is ThreatDetector:
            raise NotOffered("guardduty:ListDetectors", "guardduty", HOME)
        assert cls is Trails
        return read(Trails)[0]


def test_a_region_without_guardduty():
    assert ThreatDetection.load(Here(), HERE) == ThreatDetection(None)
