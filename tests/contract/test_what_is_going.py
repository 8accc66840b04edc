"""What is being deleted, or serves nobody, is no fault of its configuration."""

from __future__ import annotations

from typing import Any

import pytest

from functions.cost_optimization import app as cost
from functions.data_privacy import app as privacy
from functions.encryption import rules_in_transit as encryption
from functions.error_handling import app as errors
from functions.resource_sizing import app as sizing
from functions.security_validation import rules_of_encryption as validation
from readiness import Status
from readiness.evidence.ecs.services import SERVICE
from readiness_cli.catalogue import headings
from tests.account_variants import module_of
from tests.accounts import cost_optimization as bought
from tests.accounts import data_privacy as private
from tests.accounts import encryption as encrypted
from tests.accounts import error_handling as handled
from tests.accounts import resource_sizing as sized
from tests.accounts import security_validation as validated
from tests.fake_account import FakeAccount, observe, scan

NA, BAD = Status.NOT_APPLICABLE, Status.NON_COMPLIANT
UNSCALED = {
    "application-autoscaling__describe_scalable_targets": {"ScalableTargets": []},
    "application-autoscaling__describe_scaling_policies": {"ScalingPolicies": []},
    "application-autoscaling__describe_scheduled_actions": {"ScheduledActions": []},
}


def cluster(**changes: Any) -> FakeAccount:
    about = {"DBClusterIdentifier": "orders", "Engine": "aurora-mysql"} | changes
    return sized.fake_account().but(rds__describe_db_clusters={"DBClusters": [about]}, **UNSCALED)


def cache(**changes: Any) -> FakeAccount:
    about = {"ReplicationGroupId": "shared", "ClusterEnabled": True} | changes
    answer = {"ReplicationGroups": [about]}
    return sized.fake_account().but(elasticache__describe_replication_groups=answer, **UNSCALED)


def schedules(state: str) -> FakeAccount:
    """A group whose schedule has no dead-letter queue and is not tried again."""
    bare = handled.schedule(RetryPolicy={"MaximumRetryAttempts": 0})
    del bare["Target"]["DeadLetterConfig"]
    return handled.fake_account().but(
        scheduler__get_schedule_group={"Name": "default", "State": state},
        scheduler__get_schedule=bare,
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


def in_plain_text(call: str, listed: str, **about: Any) -> FakeAccount:
    """What takes clients without TLS, as its listing and its own answer show it."""
    return encrypted.fake_account().but(
        **{call: {listed: [about]}},
        rds__describe_db_parameters={
            "Parameters": [{"ParameterName": "rds.force_ssl", "ParameterValue": "0"}]
        },
        redshift__describe_cluster_parameters={
            "Parameters": [{"ParameterName": "require_ssl", "ParameterValue": "false"}]
        },
    )


def database(status: str) -> FakeAccount:
    return in_plain_text(
        "rds__describe_db_instances", "DBInstances", DBInstanceIdentifier="main",
        DBInstanceArn="arn:aws:rds:us-east-1:111122223333:db:main", Engine="postgres",
        DBParameterGroups=[{"DBParameterGroupName": "default.postgres14"}],
        DBInstanceStatus=status,
    )  # fmt: skip


def warehouse(status: str) -> FakeAccount:
    about = encrypted.WAREHOUSE | {"ClusterStatus": status}
    return in_plain_text("redshift__describe_clusters", "Clusters", **about)


def shared_cache(status: str) -> FakeAccount:
    about = encrypted.GROUP | {"Status": status, "TransitEncryptionEnabled": False}
    return in_plain_text("elasticache__describe_replication_groups", "ReplicationGroups", **about)


def brokers(state: str) -> FakeAccount:
    talk = {"EncryptionInTransit": {"ClientBroker": "PLAINTEXT", "InCluster": True}}
    provisioned = {**encrypted.MSK["Provisioned"], "EncryptionInfo": talk}  # type: ignore[dict-item]
    about = encrypted.MSK | {"State": state, "Provisioned": provisioned}
    account = in_plain_text("kafka__list_clusters_v2", "ClusterInfoList", **about)
    return account.but(kafka__describe_cluster_v2={"ClusterInfo": about})


def unclassified(status: str) -> FakeAccount:
    about = {"DBClusterIdentifier": private.CLUSTER, "Engine": "aurora-mysql", "Status": status}
    return private.fake_account().but(
        rds__describe_db_clusters={"DBClusters": [about]},
        resourcegroupstaggingapi__get_resources={"ResourceTagMappingList": []},
    )


def unencrypted(status: str) -> FakeAccount:
    account = validated.fake_account()
    [about, *_] = account.answers["rds", "describe_db_instances"]["DBInstances"]  # type: ignore[index]
    bare = about | {"StorageEncrypted": False, "DBInstanceStatus": status}
    return account.but(rds__describe_db_instances={"DBInstances": [bare]})


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
            errors.schedule_failures, "default", schedules("ACTIVE"), schedules("DELETING"), {},
            id="a group of schedules",
        ),
        pytest.param(
            errors.schedule_retries, "default", schedules("ACTIVE"), schedules("DELETING"), {},
            id="their retries",
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
        pytest.param(
            encryption.database_tls, "main", database("available"), database("deleting"), {},
            id="a database",
        ),
        pytest.param(
            encryption.redshift_tls, "orders", warehouse("available"), warehouse("final-snapshot"),
            {}, id="a warehouse",
        ),
        pytest.param(
            encryption.elasticache_tls, "cache", shared_cache("available"),
            shared_cache("deleting"), {}, id="the clients of a cache",
        ),
        pytest.param(
            encryption.msk_tls, encrypted.MSK["ClusterArn"], brokers("ACTIVE"),
            brokers("DELETING"), {}, id="brokers",
        ),
        pytest.param(
            privacy.cluster_classification, private.CLUSTER, unclassified("available"),
            unclassified("deleting"), {}, id="the class of a cluster",
        ),
        pytest.param(
            validation.database_encryption, "db", unencrypted("available"),
            unencrypted("deleting"), {}, id="the storage of a database",
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


OF_SERVICES = [each for heading in headings() for each in heading.rules if each.subject is SERVICE]


@pytest.mark.parametrize("status", ["DRAINING", "INACTIVE"])
@pytest.mark.parametrize("rule", OF_SERVICES, ids=lambda rule: rule.id)
def test_a_deleted_service_is_gone_for_every_rule_while_its_last_tasks_end(rule, status):
    account = module_of(rule.heading.folder).fake_account()
    answer = account.answers["ecs", "describe_services"]
    deleted = [each | {"status": status, "desiredCount": 0} for each in answer["services"]]
    [id] = account.answers["ecs", "list_services"]["serviceArns"]
    before = observe(account, rule, id)
    seen = observe(account.but(ecs__describe_services={"services": deleted}), rule, id)
    assert before.finding is not None
    assert (seen.finding, seen.crash) == (None, "")
