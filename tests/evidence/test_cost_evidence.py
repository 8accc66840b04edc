"""What AWS says of tags by the thousand, of Spot outside mixed groups, and of tables' storage."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from readiness.evidence.autoscaling.groups import GROUP
from readiness.evidence.batch import COMPUTE_ENVIRONMENT, ComputeEnvironment
from readiness.evidence.dynamodb.tables import TABLE
from readiness.evidence.dynamodb.usage import TableStorage
from readiness.evidence.ecs.services import SERVICE
from readiness.evidence.user_data import GroupMarket
from readiness.evidence.workloads.cost_tags import (
    GroupTags,
    InstanceTags,
    LogGroupsTags,
    ServiceTaskTags,
    VolumeTags,
)
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone
from tests.accounts import budget_alerts, cost_optimization
from tests.accounts.cost_optimization import GIB, MIDNIGHT, by_a_template, environment, table
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error, evaluation

HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
BULK = pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])


def read(account: FakeAccount, cls, about=HERE, *, bulk=False):
    return evaluation(account, [], bulk=bulk, now=NOON).aws.evidence(cls, about).evidence


def of(type_, id):
    return type_.resource(ACCOUNT_ID, HOME, id)


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key.replace("_", ":"), "Value": value} for key, value in values.items()]


def instance(id: str, state: str = "running", **more: Any) -> dict[str, Any]:
    return {"InstanceId": id, "State": {"Name": state}} | more


def test_instances_by_their_tags():
    group = {"Key": "aws:autoscaling:groupName", "Value": "web"}
    account = budget_alerts.fake_account().but(
        ec2__describe_instances={
            "Reservations": [
                {"Instances": [instance("i-1", Tags=tags(Name="a", Owner="x"))]},
                {
                    "Instances": [
                        instance("i-2", Tags=tags(Name="b", Owner="x", aws_cfn="c")),
                        instance("i-3"),
                        instance("i-4", "terminated"),
                        instance("i-5", "stopped"),
                        instance("i-6", Operator={"Managed": True, "Principal": "eks"}),
                        instance("i-7", Tags=[group, *tags(Owner="x", Team="y")]),
                        instance("i-8", Tags=[group, *tags(Owner="z")]),
                    ]
                },
            ]
        }
    )
    found = read(account, InstanceTags)
    assert {tuple(each.tags): (each.count, each.examples) for each in found.alike} == {
        (): (2, ("i-3", "i-5")),
        ("Owner",): (2, ("i-1", "i-2")),
    }
    assert found.of_groups["web"] - {"aws:autoscaling:groupName"} == {"Owner"}


def test_volumes_and_log_groups_by_their_tags():
    volumes = [{"VolumeId": f"vol-{n}", "State": "in-use"} for n in range(9)]
    account = budget_alerts.fake_account().but(
        ec2__describe_volumes={
            "Volumes": [
                *volumes,
                {"VolumeId": "vol-x", "State": "deleting"},
                {"VolumeId": "vol-y", "State": "in-use", "Operator": {"Managed": True}},
            ]
        },
        logs__describe_log_groups={
            "logGroups": [{"logGroupName": budget_alerts.LOG_GROUP}, {"logGroupName": "never"}]
        },
    )
    [found] = read(account, VolumeTags).alike
    assert (found.count, len(found.examples)) == (9, 5)
    groups = read(account, LogGroupsTags).alike
    assert sorted(each.examples for each in groups) == [(budget_alerts.LOG_GROUP,), ("never",)]
    assert {each.examples[0] for each in groups if not each.tags} == {"never"}


@BULK
def test_the_tags_of_a_group(bulk):
    [known] = budget_alerts.compute()["autoscaling", "describe_auto_scaling_groups"][
        "AutoScalingGroups"
    ]
    some = [*tags(Owner="x"), {"Key": "Team", "Value": "y", "PropagateAtLaunch": True}]
    account = budget_alerts.fake_account().but(
        autoscaling__describe_auto_scaling_groups={"AutoScalingGroups": [known | {"Tags": some}]}
    )
    found = read(account, GroupTags, of(GROUP, "web"), bulk=bulk)
    assert (found.tags, found.propagated) == ({"Owner": "x", "Team": "y"}, {"Team"})


def test_a_group_that_is_gone():
    account = budget_alerts.fake_account().but(
        autoscaling__describe_auto_scaling_groups={"AutoScalingGroups": []}
    )
    for cls in (GroupTags, GroupMarket):
        with pytest.raises(Gone):
            read(account, cls, of(GROUP, "web"))


# -- Spot -----------------------------------------------------------------------------------------


@BULK
@pytest.mark.parametrize(
    ("group", "changes", "is_spot"),
    [
        pytest.param("workers", {}, True, id="a template"),
        pytest.param("old", {}, True, id="a configuration"),
        pytest.param(
            "workers",
            {"ec2__describe_launch_template_versions": {"LaunchTemplateVersions": []}},
            None,
            id="a template that is gone",
        ),
        pytest.param(
            "workers",
            {"ec2__describe_launch_template_versions": error("InvalidLaunchTemplateId.NotFound")},
            None,
            id="the error that says so",
        ),
        pytest.param(
            "old",
            {"autoscaling__describe_launch_configurations": {"LaunchConfigurations": []}},
            None,
            id="a configuration that is gone",
        ),
    ],
)
def test_what_a_group_launches(group, changes, is_spot, bulk):
    if bulk and "error" in str(changes):
        return
    found = read(by_a_template().but(**changes), GroupMarket, of(GROUP, group), bulk=bulk)
    assert found.is_spot is is_spot


@BULK
def test_a_mixed_group_is_not_asked(bulk):
    found = read(cost_optimization.fake_account(), GroupMarket, of(GROUP, "workers"), bulk=bulk)
    assert found.is_spot is False


@BULK
@pytest.mark.parametrize(
    ("changes", "kind", "is_enabled"),
    [
        ({}, "SPOT", True),
        ({"state": "DISABLED"}, "SPOT", False),
        ({"status": "DELETING"}, "SPOT", False),
        ({"type": "UNMANAGED"}, "", True),
    ],
)
def test_a_compute_environment(changes, kind, is_enabled, bulk):
    account = cost_optimization.fake_account().but(
        batch__describe_compute_environments={"computeEnvironments": [environment(**changes)]}
    )
    found = read(account, ComputeEnvironment, of(COMPUTE_ENVIRONMENT, "night"), bulk=bulk)
    assert (found.kind, found.is_enabled, found.most) == (kind, is_enabled, 64)


def test_a_compute_environment_that_is_gone():
    for left in ([], [environment(status="DELETED")]):
        account = cost_optimization.fake_account().but(
            batch__describe_compute_environments={"computeEnvironments": left}
        )
        with pytest.raises(Gone):
            read(account, ComputeEnvironment, of(COMPUTE_ENVIRONMENT, "night"))


# -- tables ---------------------------------------------------------------------------------------


def consumed(**asked: Any) -> dict[str, Any]:
    days = [MIDNIGHT - timedelta(days=n) for n in (1, 2, 3)]
    return {
        "MetricDataResults": [
            {
                "Id": each["Id"],
                "Timestamps": days,
                "Values": [10.0, 30.0, 20.0],
                "StatusCode": "Complete",
            }
            for each in asked["MetricDataQueries"]
        ]
    }


def published(**asked: Any) -> dict[str, Any]:
    of_table = {"Name": "TableName", "Value": "orders"}
    of_index = {"Name": "GlobalSecondaryIndexName", "Value": "by-day"}
    return {
        "Metrics": [
            {
                "Namespace": asked["Namespace"],
                "MetricName": asked["MetricName"],
                "Dimensions": dimensions,
            }
            for dimensions in ([of_table], [of_table, of_index])
        ]
    }


@BULK
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, (500 * GIB, 60.0, 3), id="its busiest day"),
        pytest.param(
            {"GlobalSecondaryIndexes": [{"IndexName": "by-day", "IndexSizeBytes": GIB}]},
            (501 * GIB, 120.0, 3),
            id="an index",
        ),
        pytest.param(
            {"LocalSecondaryIndexes": [{"IndexName": "by-day", "IndexSizeBytes": GIB}]},
            (501 * GIB, 60.0, 3),
            id="a local index",
        ),
        pytest.param(
            {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}},
            (500 * GIB, 259_200.0, 3),
            id="provisioned",
        ),
        pytest.param({"TableSizeBytes": 9}, (9, None, 0), id="small, and not asked"),
    ],
)
def test_what_a_table_stores_and_serves(changes, expected, bulk):
    account = cost_optimization.fake_account().but(
        dynamodb__describe_table={"Table": table(**changes)},
        cloudwatch__get_metric_data=consumed,
        cloudwatch__list_metrics=published,
    )
    found = read(account, TableStorage, of(TABLE, "orders"), bulk=bulk)
    assert (found.bytes, found.units, found.measured) == expected


def test_a_table_that_is_gone():
    account = cost_optimization.fake_account().but(
        dynamodb__describe_table=error("ResourceNotFoundException")
    )
    with pytest.raises(Gone):
        read(account, TableStorage, of(TABLE, "orders"))


# -- tasks ----------------------------------------------------------------------------------------


def of_service(**changes: Any) -> ServiceTaskTags:
    account = budget_alerts.fake_account()
    [known] = account.answers["ecs", "describe_services"]["services"]
    definition = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/web:7"
    about = known | {"taskDefinition": definition} | changes
    account = account.but(
        ecs__describe_services={"services": [about]},
        ecs__describe_task_definition={
            "taskDefinition": {"taskDefinitionArn": definition},
            "tags": [{"key": "Owner", "value": "x"}],
        },
    )
    return read(account, ServiceTaskTags, of(SERVICE, budget_alerts.SERVICE))


def test_the_tags_that_tasks_get_from_their_definition():
    assert of_service(propagateTags="TASK_DEFINITION").keys == {"Owner"}
    assert of_service(propagateTags="SERVICE").keys is None
    assert of_service(propagateTags="NONE").keys is None
