"""Scaling as AWS tells it: over pages, with moto where it is right, and with absent parts."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws

from functions.resource_sizing.app import sizing
from readiness.engine.aws import Aws
from readiness.engine.events import resolve_targets
from readiness.evidence.application_autoscaling import Scalable, ServiceScaling, TableScaling
from readiness.evidence.autoscaling.groups import GROUP
from readiness.evidence.autoscaling.scaling import InstanceGroup
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable
from tests.accounts import resource_sizing as made
from tests.accounts import scaling_alarms
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation

REGION = Resource(ACCOUNT_ID, HOME, "AWS::::Account", ACCOUNT_ID)
KEY = ("service/agents/web", "ecs:service:DesiredCount")


def loaded(fake_account, cls, resource=REGION, *, bulk=False):
    return evaluation(fake_account, [], bulk=bulk).aws.evidence(cls, resource).evidence


@pytest.fixture
def aws():
    """A reader over moto."""
    with mock_aws():
        session = boto3.session.Session(region_name=HOME)
        yield Aws(
            session, account=ACCOUNT_ID, region=HOME, now=lambda: datetime(2026, 11, 2, tzinfo=UTC)
        )


def test_a_table_and_its_index_in_moto(aws):
    client = aws.client("application-autoscaling")
    aws.client("dynamodb").create_table(
        TableName="jobs",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )
    where = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/jobs",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    client.register_scalable_target(**where, MinCapacity=5, MaxCapacity=50)
    key = ("table/jobs", "dynamodb:table:ReadCapacityUnits")
    without = aws.evidence(TableScaling, REGION).evidence
    assert without.targets == {key: Scalable(5, 50)}
    client.put_scaling_policy(**where, PolicyName="load", PolicyType="TargetTrackingScaling")
    again = aws.reread().evidence(TableScaling, REGION).evidence
    assert again.targets == {key: Scalable(5, 50, policies=1)}


def test_suspended_ways_are_told():
    state = {"DynamicScalingInSuspended": True, "ScheduledScalingSuspended": True}
    fake_account = made.fake_account().but(
        **{
            "application-autoscaling__describe_scalable_targets": made.targets(
                SuspendedState=state
            )
        }
    )
    assert loaded(fake_account, ServiceScaling).targets[KEY].suspended == ("in",)


@pytest.mark.parametrize(
    ("mode", "acting"), [("ForecastOnly", 0), ("ForecastAndScale", 1)], ids=["looks", "acts"]
)
def test_a_forecast_acts_only_where_it_may(mode, acting):
    forecast = {"Mode": mode, "MetricSpecifications": []}
    policies = made.policies("PredictiveScaling", PredictiveScalingPolicyConfiguration=forecast)
    fake_account = made.fake_account().but(
        **{"application-autoscaling__describe_scaling_policies": policies}
    )
    assert loaded(fake_account, ServiceScaling).targets[KEY].policies == acting


def test_an_instance_group_in_moto(aws):
    client = aws.client("autoscaling")
    client.create_launch_configuration(
        LaunchConfigurationName="c", ImageId="ami-12c6146b", InstanceType="t3.micro"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName="workers",
        LaunchConfigurationName="c",
        MinSize=0,
        MaxSize=3,
        AvailabilityZones=[f"{HOME}a"],
    )
    client.suspend_processes(AutoScalingGroupName="workers", ScalingProcesses=["Launch"])
    [id] = aws.find(GROUP)
    found = aws.evidence(InstanceGroup, Resource(ACCOUNT_ID, HOME, GROUP.name, id)).evidence
    assert (found.lowest, found.highest, found.policies) == (0, 3, 0)
    assert found.suspended == ("Launch",)


@pytest.mark.parametrize("bulk", [False, True])
def test_policies_are_counted_for_their_own_group(bulk):
    alarm = scaling_alarms.ALARM
    policies = [
        {"AutoScalingGroupName": "workers", "PolicyType": "StepScaling", "Alarms": [alarm]},
        {"AutoScalingGroupName": "workers", "PolicyType": "StepScaling", "Alarms": []},
        {"AutoScalingGroupName": "others", "PolicyType": "StepScaling", "Alarms": [alarm]},
    ]
    fake_account = made.fake_account().but(
        autoscaling__describe_policies={"ScalingPolicies": policies}
    )
    resource = Resource(ACCOUNT_ID, HOME, GROUP.name, "workers")
    found = loaded(fake_account, InstanceGroup, resource, bulk=bulk)
    assert (found.policies, found.idle_policies) == (1, 1)


def test_a_group_that_is_gone():
    fake_account = made.fake_account().but(
        autoscaling__describe_auto_scaling_groups={"AutoScalingGroups": []}
    )
    with pytest.raises(Gone):
        loaded(fake_account, InstanceGroup, Resource(ACCOUNT_ID, HOME, GROUP.name, "workers"))


def test_a_refused_read_is_no_empty_answer():
    refused = error("ValidationException")
    fake_account = FakeAccount({("application-autoscaling", "describe_scalable_targets"): refused})
    with pytest.raises(Unreadable, match="application-autoscaling:DescribeScalableTargets"):
        loaded(fake_account, ServiceScaling)


# -- whose scaling a call changes ---------------------------------------------------------------------


def call(name, **request):
    return {
        "id": "1",
        "detail-type": "AWS API Call via CloudTrail",
        "account": ACCOUNT_ID,
        "region": HOME,
        "detail": {
            "eventSource": "autoscaling.amazonaws.com",
            "eventName": name,
            "awsRegion": HOME,
            "recipientAccountId": ACCOUNT_ID,
            "userIdentity": {"arn": f"arn:aws:iam::{ACCOUNT_ID}:user/jane"},
            "requestParameters": request or None,
        },
    }


def looked_at(event):
    return {(t.rule.partition(".")[2], t.id) for t in resolve_targets(event, sizing.rules).targets}


@pytest.mark.parametrize(
    ("namespace", "id", "expected"),
    [
        ("lambda", "function:agent:live", {("function-concurrency", "agent")}),
        ("dynamodb", "table/jobs", {("table-scaling", "jobs")}),
        ("dynamodb", "table/jobs/index/by-date", {("table-scaling", "jobs")}),
        ("rds", "cluster:orders", {("reader-scaling", "orders")}),
        ("elasticache", "replication-group/sessions", {("cache-scaling", "sessions")}),
        (
            "ecs",
            "service/agents/web",
            {
                (rule, f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/web")
                for rule in ("service-scaling", "service-connections")
            },
        ),
        ("ec2", "spot-fleet-request/sfr-1", set()),
        ("sagemaker", "endpoint/e/variant/v", set()),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "RegisterScalableTarget",
        "DeregisterScalableTarget",
        "PutScalingPolicy",
        "DeleteScalingPolicy",
    ],
)
def test_a_scaling_call_concerns_one_resource(name, namespace, id, expected):
    assert looked_at(call(name, serviceNamespace=namespace, resourceId=id)) == expected


def test_a_record_without_its_parameters_may_concern_any():
    rules = {rule for rule, _ in looked_at(call("RegisterScalableTarget"))}
    assert len(rules) == 6
    assert {id for _, id in looked_at(call("PutScalingPolicy"))} == {None}


def test_ec2_auto_scaling_has_a_call_of_the_same_name():
    event = call("PutScalingPolicy", autoScalingGroupName="workers", policyName="load")
    assert looked_at(event) == {("group-scaling", "workers")}
