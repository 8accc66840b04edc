"""What restore tests of AWS Backup make: no alarm, no page, but data like any other."""

from __future__ import annotations

import pytest

from functions.alarms.rules_of_utilization import (
    cache_utilization,
    database_utilization,
    table_throttles,
)
from functions.cloudwatch.app import database_monitoring
from functions.high_availability.app import database_cluster_zones, database_zones
from functions.resource_sizing.app import table_scaling
from functions.security_validation.rules_of_encryption import database_encryption
from readiness import Status
from readiness.evidence.application_autoscaling import ReplicaScaling, TableScaling
from readiness.evidence.dynamodb.tables import TableCapacity, TableIndexes, TableThroughput
from readiness.evidence.elasticache.clusters import CacheCluster
from readiness.evidence.rds.clusters import ClusterAvailability, Member
from readiness.evidence.rds.instances import (
    DatabaseEncryption,
    DatabaseInstance,
    InstanceAvailability,
)
from readiness.evidence.region import Region
from tests.fake_account import NOON
from tests.rules.test_alarms import UNUSED, in_use
from tests.rules.test_high_availability import ZONES

COPY = "awsbackup-restore-test-0a1b2c3d"
ORIGINALS = ("orders", "awsbackup-restore-test", "my-awsbackup-restore-test-1")


def verdicts(name):
    """Of a copy as AWS Backup makes it: one instance in one zone, and nothing around it."""
    member = Member(f"{name}-1", "us-east-1a")
    cluster = ClusterAvailability(name, "aurora-mysql", members=(member,))
    database = DatabaseInstance(name, "postgres")
    table = TableThroughput(name, "PROVISIONED", 5, 5)
    return [
        database_zones(InstanceAvailability(name, "postgres"), Region(NOON)),
        database_cluster_zones(cluster, ReplicaScaling({}), ZONES),
        table_scaling(table, TableIndexes(()), TableScaling({})),
        table_throttles(TableCapacity(name, "PROVISIONED"), TableIndexes(()), UNUSED, in_use()),
        database_utilization(database, in_use()),
        database_monitoring(database),
    ]


def test_nothing_is_asked_of_how_well_a_copy_serves():
    assert {each.status for each in verdicts(COPY)} == {Status.NOT_APPLICABLE}
    for name in ORIGINALS:
        assert {each.status for each in verdicts(name)} == {Status.NON_COMPLIANT}, name


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("deleting", Status.NOT_APPLICABLE),
        ("delete-precheck", Status.NOT_APPLICABLE),
        ("creating", Status.INSUFFICIENT_DATA),
        ("modifying", Status.NON_COMPLIANT),
        ("stopped", Status.NON_COMPLIANT),
    ],
)
def test_nothing_need_watch_what_is_being_created_or_deleted(state, status):
    """A stack deletes the alarms of a database before it, and creates them after it."""
    database = DatabaseInstance("orders", "postgres", status=state)
    cache = CacheCluster("sessions-001", status=state)
    verdicts = (
        database_utilization(database, in_use()),
        database_monitoring(database),
        cache_utilization(cache, in_use()),
    )
    assert {each.status for each in verdicts} == {status}
    assert {each.is_passing for each in verdicts} == {state == "creating"}


def test_the_data_of_a_copy_is_like_that_of_the_original():
    verdict = database_encryption(DatabaseEncryption(False), None)
    assert verdict.status is Status.NON_COMPLIANT
