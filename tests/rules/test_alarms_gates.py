"""Alarms without an action that only deployments and health checks ask for."""

from __future__ import annotations

import pytest

from functions.alarms.rules_of_notifications import alarm_destinations
from functions.monitoring_validation.app import alarm_actions
from readiness.engine.events import resolve_targets
from tests.accounts import alarms as made
from tests.accounts import monitoring_validation as validated
from tests.accounts.gates import asked_by
from tests.engine.functions import api_call
from tests.fake_account import ACCOUNT_ID, HOME, error, evaluation
from tests.rules.test_alarms_by_event import BAD, NA, NAME, UNKNOWN, rules, silent

GATES = [
    *("CloudFormation", "Route 53", "CodeDeploy", "AppConfig", "ECS", "Auto Scaling"),
    *("CodePipeline", "FIS", "deployments of model", "deployments of adapter"),
    *("Application Recovery Controller", "Systems Manager"),
]
NO_RULE = rules({"source": ["aws.ec2"]})
RULES = [(made, alarm_destinations), (validated, alarm_actions)]


def judged(account, rule, *, bulk=False):
    run = evaluation(account, [rule], bulk=bulk)
    return run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, NAME)).finding


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
@pytest.mark.parametrize("service", GATES)
@pytest.mark.parametrize(("where", "rule"), RULES, ids=["destination", "action"])
def test_an_alarm_that_is_only_asked_for_has_another_purpose(where, rule, service, bulk):
    account = where.fake_account().but(**silent(), **NO_RULE)
    found = judged(account.but(**asked_by(service, NAME)), rule, bulk=bulk)
    assert (found.status, service in found.reason) == (NA, True), found.reason
    assert judged(account.but(**asked_by(service, "other")), rule, bulk=bulk).status is BAD


@pytest.mark.parametrize(("where", "rule"), RULES, ids=["destination", "action"])
def test_a_member_of_a_composite_alarm_that_is_asked_for(where, rule):
    alarms = silent()["cloudwatch__describe_alarms"]
    top = {"AlarmName": "top", "AlarmRule": f"ALARM({NAME})"}

    def describe(*, AlarmTypes):  # noqa: N803
        found = alarms(AlarmTypes=AlarmTypes)
        return found | ({"CompositeAlarms": [top]} if "CompositeAlarms" in found else {})

    account = where.fake_account().but(cloudwatch__describe_alarms=describe, **NO_RULE)
    assert judged(account.but(**asked_by("CodeDeploy", "top")), rule).status is NA
    assert judged(account, rule).status is BAD


def test_what_may_not_be_asked_leaves_it_unknown():
    denied = {"codedeploy__list_applications": error("AccessDeniedException", 403)}
    account = made.fake_account().but(**denied)
    found = judged(account.but(**silent(), **NO_RULE), alarm_destinations)
    assert (found.status, found.missing) == (UNKNOWN, ("codedeploy:ListApplications",))
    assert judged(account, alarm_destinations).status is not UNKNOWN


@pytest.mark.parametrize("operation", ["list_endpoints", "list_inference_components"])
def test_what_the_region_does_not_have_asks_for_no_alarm(operation):
    unknown = {f"sagemaker__{operation}": error("UnknownOperationException", 400)}
    account = made.fake_account().but(**silent(), **NO_RULE, **unknown)
    assert judged(account, alarm_destinations).status is BAD


ARN = f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm:a"
WATCHED = {"ruleTypeId": {"provider": "CloudWatchAlarm"}, "configuration": {"AlarmName": "a"}}
STAGE = {"name": "Prod", "beforeEntry": {"conditions": [{"rules": [WATCHED]}]}}


@pytest.mark.parametrize(
    ("source", "name", "sent", "concerned"),
    [
        (
            "codedeploy",
            "UpdateDeploymentGroup",
            {"alarmConfiguration": {"enabled": True, "alarms": [{"name": "a"}, {"name": "b"}]}},
            {"a", "b"},
        ),
        (
            "ecs",
            "UpdateService",
            {"deploymentConfiguration": {"alarms": {"enable": True, "alarmNames": ["a"]}}},
            {"a"},
        ),
        ("ecs", "UpdateService", {"desiredCount": 2}, set()),
        (
            "appconfig",
            "UpdateEnvironment",
            {"Monitors": [{"AlarmArn": ARN}]},
            {"a"},
        ),
        ("codepipeline", "UpdatePipeline", {"pipeline": {"stages": [STAGE]}}, {"a"}),
        ("codepipeline", "UpdatePipeline", {"pipeline": {"stages": [{"name": "s"}]}}, set()),
        (
            "fis",
            "CreateExperimentTemplate",
            {"stopConditions": [{"source": "aws:cloudwatch:alarm", "value": ARN}]},
            {"a"},
        ),
        (
            "sagemaker",
            "UpdateEndpoint",
            {"deploymentConfig": {"autoRollbackConfiguration": {"alarms": [{"alarmName": "a"}]}}},
            {"a"},
        ),
    ],
)
def test_a_call_that_has_deployments_ask_for_an_alarm_concerns_it(source, name, sent, concerned):
    event = api_call(eventSource=f"{source}.amazonaws.com", eventName=name, requestParameters=sent)
    seen = resolve_targets(event, [alarm_destinations])
    assert {each.id for each in seen.targets} == concerned
