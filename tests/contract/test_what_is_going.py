"""What is being deleted, or serves nobody, is no fault of its configuration."""

from __future__ import annotations

from typing import Any

import pytest

from functions.cost_optimization import app as cost
from functions.ecs_deployment import app as deployment
from functions.error_handling import app as errors
from functions.resource_sizing import app as sizing
from readiness import Status
from tests.accounts import cost_optimization as bought
from tests.accounts import ecs_deployment as deployed
from tests.accounts import error_handling as handled
from tests.accounts import resource_sizing as sized
from tests.fake_account import FakeAccount, observe, scan

NA, BAD = Status.NOT_APPLICABLE, Status.NON_COMPLIANT
UNSCALED = {
    "application-autoscaling__describe_scalable_targets": {"ScalableTargets": []},
    "application-autoscaling__describe_scaling_policies": {"ScalingPolicies": []},
}


def cluster(**changes: Any) -> FakeAccount:
    about = {"DBClusterIdentifier": "orders", "Engine": "aurora-mysql"} | changes
    return sized.fake_account().but(rds__describe_db_clusters={"DBClusters": [about]}, **UNSCALED)


def cache(**changes: Any) -> FakeAccount:
    about = {"ReplicationGroupId": "shared", "ClusterEnabled": True} | changes
    answer = {"ReplicationGroups": [about]}
    return sized.fake_account().but(elasticache__describe_replication_groups=answer, **UNSCALED)


def pools(**changes: Any) -> FakeAccount:
    """A service whose tasks may open more connections than the database accepts."""
    variables = {"DB_HOST": sized.DATABASE_HOST, "DB_POOL_SIZE": "1000"}
    return sized.fake_account().but(
        ecs__describe_services={"services": [sized.service(**changes)]},
        ecs__describe_task_definition=sized.tasks(**variables),
    )


def schedules(state: str) -> FakeAccount:
    """A group whose schedule has no dead-letter queue and is not tried again."""
    bare = handled.schedule(RetryPolicy={"MaximumRetryAttempts": 0})
    del bare["Target"]["DeadLetterConfig"]
    return handled.fake_account().but(
        scheduler__get_schedule_group={"Name": "default", "State": state},
        scheduler__get_schedule=bare,
    )


def moving_tag(**changes: Any) -> FakeAccount:
    latest = deployed.definition(deployed.container(image="api:latest"))
    services = {"services": [deployed.service(**changes)], "failures": []}
    return deployed.fake_account().but(
        ecs__describe_task_definition=latest, ecs__describe_services=services
    )


def files(state: str) -> FakeAccount:
    account = bought.fake_account()
    [system] = account.answers["efs", "describe_file_systems"]["FileSystems"]  # type: ignore[index]
    return account.but(
        efs__describe_file_systems={"FileSystems": [system | {"LifeCycleState": state}]},
        efs__describe_lifecycle_configuration={"LifecyclePolicies": []},
    )


def table(status: str) -> FakeAccount:
    about = bought.table(TableStatus=status, TableClassSummary={"TableClass": "STANDARD"})
    return bought.fake_account().but(dynamodb__describe_table={"Table": about})


def instances(**changes: Any) -> FakeAccount:
    account = bought.fake_account()
    [group] = account.answers["autoscaling", "describe_auto_scaling_groups"]["AutoScalingGroups"]  # type: ignore[index]
    on_demand = group | {"MixedInstancesPolicy": {}} | changes
    return account.but(
        autoscaling__describe_auto_scaling_groups={"AutoScalingGroups": [on_demand]}
    )


GOING = {"status": "DRAINING", "desiredCount": 0}
READERS = {"require_reader_scaling": True}
SHARDS = {"require_cache_scaling": True}


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in a sweep"])
@pytest.mark.parametrize(
    ("rule", "id", "there", "going", "settings"),
    [
        pytest.param(
            sizing.reader_scaling, "orders", cluster(), cluster(Status="deleting"), READERS,
            id="a cluster",
        ),
        pytest.param(
            sizing.reader_scaling, "orders", cluster(EngineMode="provisioned"),
            cluster(EngineMode="serverless"), READERS, id="a cluster without readers",
        ),
        pytest.param(
            sizing.cache_scaling, "shared", cache(), cache(Status="deleting"), SHARDS, id="a cache"
        ),
        pytest.param(
            sizing.service_connections, sized.SERVICE, pools(), pools(**GOING), {}, id="a service"
        ),
        pytest.param(
            errors.schedule_failures, "default", schedules("ACTIVE"), schedules("DELETING"), {},
            id="a group of schedules",
        ),
        pytest.param(
            errors.schedule_retries, "default", schedules("ACTIVE"), schedules("DELETING"), {},
            id="their retries",
        ),
        pytest.param(
            deployment.task_definition_sound, deployed.REVISION, moving_tag(),
            moving_tag(**GOING), {}, id="what only a deleted service runs",
        ),
        pytest.param(
            cost.file_system_storage_class, bought.SYSTEM, files("available"), files("deleting"),
            {}, id="a file system",
        ),
        pytest.param(
            cost.table_class, "orders", table("ACTIVE"), table("DELETING"), {}, id="a table"
        ),
        pytest.param(
            cost.table_class, "orders", table("ACTIVE"), table("ARCHIVED"), {}, id="an archive"
        ),
        pytest.param(
            cost.group_spot, "workers", instances(), instances(Status="Delete in progress"), {},
            id="a group of instances",
        ),
    ],
)  # fmt: skip
def test_what_is_going_is_not_judged(rule, id, there, going, settings, bulk):
    def status(account: FakeAccount) -> Status:
        if not bulk or settings:
            seen = observe(account, rule, id, **settings)
        else:
            [seen] = [each for each in scan(account, [rule]) if each.resource.id == id]
        assert not seen.crash, seen.crash
        assert seen.finding is not None
        return seen.finding.status

    assert (status(there), status(going)) == (BAD, NA)
