"""High availability, several zones: an account in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.high_availability import app
from readiness import Severity, Status
from readiness.evidence.application_autoscaling import ReplicaScaling, Scalable
from readiness.evidence.autoscaling.availability import GroupAvailability, Sibling
from readiness.evidence.dax import DaxAvailability
from readiness.evidence.ec2.exits import (
    InterfaceEndpoint,
    InterfaceEndpoints,
    NatGateway,
    NatGateways,
)
from readiness.evidence.ec2.vpcs import Route, RouteTable, RouteTables, Subnet, Vpc
from readiness.evidence.ec2.zones import Zones
from readiness.evidence.efs import FileSystemAvailability, MountTarget
from readiness.evidence.elasticache import availability
from readiness.evidence.elbv2.load_balancers import BalancerZones
from readiness.evidence.elbv2.target_groups import HealthCheck, Target, TargetHealth
from readiness.evidence.opensearch import DomainAvailability
from readiness.evidence.rds.clusters import ClusterAvailability, Member
from readiness.evidence.rds.instances import InstanceAvailability
from readiness.evidence.redshift import WarehouseAvailability
from readiness.evidence.region import Region
from tests.fake_account import NOON

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
VPC = "vpc-1"
LA = "us-east-1-lax-1a"
ZONES = Zones(
    types={
        "use1-az1": "availability-zone",
        "use1-az2": "availability-zone",
        "use1-az3": "availability-zone",
        "use1-lax1-az1": "local-zone",
        "use1-wl1-bos-wlz1": "wavelength-zone",
    },
    ids={
        "us-east-1a": "use1-az1",
        "us-east-1b": "use1-az2",
        "us-east-1c": "use1-az3",
        LA: "use1-lax1-az1",
        "us-east-1-wl1-bos-wlz-1": "use1-wl1-bos-wlz1",
    },
    subnets={
        "a": Subnet("a", VPC, True, "us-east-1a", "use1-az1"),
        "a2": Subnet("a2", VPC, True, "us-east-1a", "use1-az1"),
        "b": Subnet("b", VPC, True, "us-east-1b", "use1-az2"),
        "c": Subnet("c", VPC, True, "us-east-1c", "use1-az3"),
        "shared": Subnet("shared", VPC, False, "us-east-1c", "use1-az2"),
        "local": Subnet("local", VPC, True, LA, "use1-lax1-az1"),
        "outpost": Subnet("outpost", VPC, True, "us-east-1b", "use1-az2", "arn:aws:outposts:op-1"),
        "elsewhere": Subnet("elsewhere", "vpc-2", True, "us-east-1a", "use1-az1"),
    },
)


def said(verdict, status, words="", severity=None):
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason
    if severity is not None:
        assert verdict.severity is severity


# -- load balancers and their targets -------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "settings", "status", "words"),
    [
        pytest.param({}, {}, GOOD, "2 Availability Zones", id="two zones"),
        pytest.param({"subnet_ids": ("a",)}, {}, BAD, "network load balancer is in 1", id="one"),
        pytest.param({}, {"min_zones": 3}, BAD, "at least 3", id="three wanted"),
        pytest.param({"subnet_ids": (), "zone_names": ("us-east-1a", "us-east-1b")}, {}, GOOD, "", id="by zone names"),
        pytest.param({"subnet_ids": ("a", "gone")}, {}, UNKNOWN, "gone", id="a subnet not shown"),
        pytest.param({"state": "provisioning"}, {}, NA, "being made", id="new"),
        pytest.param({"state": "failed"}, {}, NA, "could not be set up", id="failed"),
        pytest.param({"outposts": ("op-1",)}, {}, NA, "Outpost", id="on an Outpost"),
    ],
)  # fmt: skip
def test_load_balancer_zones(changes, settings, status, words):
    about: dict[str, Any] = {"arn": "arn", "kind": "network", "subnet_ids": ("a", "b")}
    verdict = app.load_balancer_zones(BalancerZones(**(about | changes)), ZONES, **settings)
    said(verdict, status, words)


def targets(*each: tuple[str, str], **check: Any) -> TargetHealth:
    about: dict[str, Any] = {"arn": "arn", "balancers": ("lb",)}
    return TargetHealth(
        HealthCheck(**(about | check)),
        tuple(Target(f"t{i}", state, "", zone) for i, (state, zone) in enumerate(each)),
    )


OK_A, OK_B = ("healthy", "us-east-1a"), ("healthy", "us-east-1b")


@pytest.mark.parametrize(
    ("health", "status", "words"),
    [
        pytest.param(targets(OK_A, OK_B), GOOD, "2 healthy targets in 2", id="two zones"),
        pytest.param(targets(OK_A, OK_A), BAD, "all in one zone (use1-az1)", id="one zone"),
        pytest.param(
            targets(OK_A, ("unhealthy", "us-east-1b")), BAD, "all in one", id="other sick"
        ),
        pytest.param(
            targets(OK_A, ("initial", "us-east-1b")), UNKNOWN, "registered", id="starting"
        ),
        pytest.param(
            targets(("initial", "us-east-1b")), UNKNOWN, "registered", id="only starting"
        ),
        pytest.param(targets(OK_A, ("healthy", "")), UNKNOWN, "not shown", id="no zone"),
        pytest.param(targets(("unhealthy", "us-east-1b")), NA, "No target is healthy", id="sick"),
        pytest.param(targets(("draining", "us-east-1a")), NA, "no targets in use", id="draining"),
        pytest.param(targets(("healthy", "all")), NA, "outside the VPC", id="addresses elsewhere"),
        pytest.param(targets(OK_A, balancers=()), NA, "No load balancer", id="unused"),
        pytest.param(targets(OK_A, target_type="lambda"), NA, "type lambda", id="a function"),
    ],
)
def test_target_group_zones(health, status, words):
    said(app.target_group_zones(health, ZONES), status, words)


# -- EC2 Auto Scaling -----------------------------------------------------------------------------


def group(**changes: Any) -> GroupAvailability:
    about: dict[str, Any] = {
        "name": "hosts",
        "lowest": 2,
        "highest": 4,
        "desired": 2,
        "zones": ("us-east-1a", "us-east-1b"),
        "running": ("us-east-1a", "us-east-1b"),
        "health_checks": frozenset({"EC2"}),
    }
    return GroupAvailability(**(about | changes))


ALONE = {"lowest": 1, "desired": 1, "zones": ("us-east-1a",), "running": ("us-east-1a",)}
ELSEWHERE = Sibling("twin", 1, ("us-east-1b",), ("us-east-1b",))


@pytest.mark.parametrize(
    ("changes", "settings", "status", "words"),
    [
        pytest.param({}, {}, GOOD, "its instances are in", id="two zones"),
        pytest.param({"zones": ("us-east-1a",), "running": ("us-east-1a",) * 2}, {}, BAD, "start instances in 1", id="one"),
        pytest.param({"lowest": 1}, {}, BAD, "may run with 1 instance", id="minimum 1"),
        pytest.param({"lowest": 0, "desired": 1}, {}, BAD, "may run none", id="scales to zero"),
        pytest.param({"lowest": 0, "desired": 1, "behind": ("web",)}, {}, BAD, "may run with 1", id="scales to zero behind a balancer"),
        pytest.param({"lowest": 0}, {}, GOOD, "", id="minimum 0 judged by desired"),
        pytest.param({"running": ("us-east-1a",) * 2}, {}, BAD, "All 2 instances", id="all in one"),
        pytest.param({"suspended": ("AZRebalance",)}, {}, BAD, "AZRebalance is suspended", id="not rebalanced"),
        pytest.param({"suspended": ("ScheduledActions",)}, {}, GOOD, "", id="another process"),
        pytest.param({"suspended": ("AZRebalance",), "suspended_lately": ("AZRebalance",)}, {}, UNKNOWN, "as deployments do", id="a deployment"),
        pytest.param({"suspended": ("AZRebalance", "Launch"), "suspended_lately": ("AZRebalance",)}, {}, BAD, "Launch is suspended", id="another for long"),
        pytest.param({"manager": "AWS Batch", "lowest": 0, "desired": 1}, {}, NA, "AWS Batch made", id="of Batch"),
        pytest.param({"running": ("us-east-1a",) * 2, "starting": ("us-east-1b",)}, {}, GOOD, "", id="filling"),
        pytest.param({"running": ("us-east-1a",) * 2, "starting": ("us-east-1a",)}, {}, BAD, "All 2", id="filling in one zone"),
        pytest.param({}, {"min_zones": 3}, BAD, "at least 3", id="three wanted"),
        pytest.param({"zones": ("us-east-1a", "us-east-1z")}, {}, UNKNOWN, "us-east-1z", id="a zone not listed"),
        pytest.param({**ALONE, "siblings": (ELSEWHERE,)}, {}, GOOD, "and twin, which do the same", id="a sibling in another zone"),
        pytest.param({**ALONE, "siblings": (replace(ELSEWHERE, zones=("us-east-1a",)),)}, {}, BAD, "start instances in 1", id="a sibling in the same zone"),
        pytest.param({**ALONE, "siblings": (replace(ELSEWHERE, lowest=0),)}, {}, BAD, "may run with 1", id="a sibling that may be empty"),
        pytest.param({**ALONE, "siblings": (ELSEWHERE,), "suspended": ("AZRebalance",)}, {}, GOOD, "", id="nothing to rebalance"),
        pytest.param({**ALONE, "siblings": (ELSEWHERE,), "suspended": ("Launch",)}, {}, BAD, "Launch is", id="nothing is started"),
        pytest.param({"running": ("us-east-1a",) * 2, "siblings": (ELSEWHERE,)}, {}, GOOD, "", id="a sibling runs elsewhere"),
        pytest.param({"desired": 0}, {}, NA, "no instance now", id="empty"),
        pytest.param({"highest": 0}, {}, NA, "no instance now", id="switched off"),
        pytest.param({"is_going": True}, {}, NA, "deleted", id="going"),
    ],
)  # fmt: skip
def test_auto_scaling_group_zones(changes, settings, status, words):
    said(app.auto_scaling_group_zones(group(**changes), ZONES, **settings), status, words)


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        pytest.param({"lowest": 1, "behind": ("web",)}, Severity.HIGH, id="one serves"),
        pytest.param(
            {"lowest": 1, "in_lattice": ("tg-1",)}, Severity.HIGH, id="one serves a lattice"
        ),
        pytest.param({"lowest": 1}, Severity.MEDIUM, id="one works, and is started elsewhere"),
        pytest.param({"lowest": 0, "desired": 1}, Severity.LOW, id="one may work"),
        pytest.param(
            {"lowest": 1, "zones": ("us-east-1a",)}, Severity.HIGH, id="one that has no elsewhere"
        ),
        pytest.param({"suspended": ("Launch",)}, Severity.MEDIUM, id="nothing is started"),
        pytest.param({"suspended": ("Launch", "AZRebalance")}, Severity.MEDIUM, id="nor moved"),
        pytest.param({"suspended": ("AZRebalance",)}, Severity.LOW, id="started, and not moved"),
    ],
)
def test_how_bad_it_is_for_a_group(changes, severity):
    assert app.auto_scaling_group_zones(group(**changes), ZONES).severity is severity


# -- databases ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "settings", "status", "words"),
    [
        pytest.param({"multi_az": True, "second_zone": "us-east-1b"}, {}, GOOD, "(us-east-1b)", id="standby"),
        pytest.param({"multi_az": True, "pending": False}, {}, BAD, "removes the standby", id="to be removed"),
        pytest.param({"multi_az": True, "pending": True}, {}, GOOD, "", id="stays"),
        pytest.param({}, {}, BAD, "in one zone (us-east-1a)", id="single"),
        pytest.param({"pending": True}, {}, BAD, "waits for the maintenance", id="only planned"),
        pytest.param({"pending": True, "status": "modifying"}, {}, UNKNOWN, "modifying", id="being converted"),
        pytest.param({"created": NOON, "status": "creating"}, {}, UNKNOWN, "creating", id="new"),
        pytest.param({"created": None, "status": "creating"}, {}, UNKNOWN, "creating", id="newer still"),
        pytest.param({"multi_az": True, "status": "failed"}, {}, BAD, "neither it nor its standby", id="failed"),
        pytest.param({"multi_az": True, "status": "restore-error"}, {}, NA, "could not be made", id="never made"),
        pytest.param({"multi_az": True, "status": "storage-full"}, {}, GOOD, "", id="full"),
        pytest.param({"status": "backing-up"}, {}, BAD, "without a standby", id="a backup excuses nothing"),
        pytest.param({"on_outpost": True}, {}, NA, "Outpost", id="on an Outpost"),
        pytest.param({"cluster": "ledger"}, {}, NA, "database-cluster-zones", id="a member"),
        pytest.param({"status": "stopped"}, {}, NA, "stopped", id="stopped"),
        pytest.param({"status": "delete-precheck"}, {}, NA, "delete-precheck", id="about to be deleted"),
        pytest.param({"replica_of": "orders"}, {}, NA, "read replica", id="a replica"),
        pytest.param({"replica_of": "orders", "status": "modifying"}, {}, UNKNOWN, "perhaps being promoted", id="being promoted"),
        pytest.param({"replica_of": "orders", "status": "modifying", "cluster": "c"}, {}, NA, "member", id="a member that changes"),
        pytest.param({"replica_of": "orders"}, {"replicas_need_a_standby": True}, BAD, "one zone", id="a replica that counts"),
    ],
)  # fmt: skip
def test_database_zones(changes, settings, status, words):
    about: dict[str, Any] = {
        "name": "orders",
        "engine": "postgres",
        "zone": "us-east-1a",
        "created": NOON - timedelta(days=9),
    }
    database = InstanceAvailability(**(about | changes))
    said(app.database_zones(database, Region(NOON), **settings), status, words)


WRITER = Member("w", "us-east-1a")
READER = Member("r", "us-east-1b")


@pytest.mark.parametrize(
    ("members", "changes", "settings", "status", "words"),
    [
        pytest.param((WRITER, READER), {}, {}, GOOD, "2 instances in 2", id="reader elsewhere"),
        pytest.param((WRITER,), {}, {}, BAD, "no reader takes over", id="a writer alone"),
        pytest.param((WRITER, Member("r", "us-east-1a")), {}, {}, BAD, "are in 1", id="same zone"),
        pytest.param((WRITER, Member("r", "us-east-1b", "failed")), {}, {}, BAD, "1 can serve", id="reader failed"),
        pytest.param((WRITER, Member("r", "us-east-1b", "creating")), {}, {}, UNKNOWN, "being made", id="reader new"),
        pytest.param((Member("w", "us-east-1a", "starting"), Member("r", "us-east-1b", "starting")), {"status": "starting"}, {}, UNKNOWN, "started", id="started again"),
        pytest.param((Member("w", "us-east-1a", "resetting-master-credentials"), READER), {}, {}, GOOD, "", id="a new password"),
        pytest.param((WRITER, Member("r", "us-east-1b", "storage-initialization")), {}, {}, GOOD, "", id="restored, and serves"),
        pytest.param((WRITER, READER), {"status": "inaccessible-encryption-credentials"}, {}, BAD, "none of its instances serves", id="a key that is gone"),
        pytest.param((WRITER,), {"replica_of": "c"}, {}, NA, "replica of c", id="a secondary of a global database"),
        pytest.param((WRITER,), {"replica_of": "c", "status": "promoting"}, {}, UNKNOWN, "promoted", id="being promoted"),
        pytest.param((WRITER, READER), {"replica_of": "c"}, {}, GOOD, "", id="a secondary with a reader"),
        pytest.param((WRITER,), {"replica_of": "c"}, {"replicas_need_a_reader": True}, BAD, "no reader", id="a secondary that counts"),
        pytest.param((WRITER, Member("r")), {}, {}, UNKNOWN, "not shown", id="a zone not shown"),
        pytest.param((WRITER, READER), {}, {"min_zones": 3}, BAD, "at least 3", id="three wanted"),
        pytest.param((), {}, {}, NA, "without an instance", id="headless"),
        pytest.param((WRITER,), {"status": "stopped"}, {}, NA, "stopped", id="stopped"),
        pytest.param((), {"mode": "serverless"}, {}, GOOD, "Serverless v1", id="Serverless v1"),
        pytest.param((), {"is_limitless": True}, {}, GOOD, "limitless", id="limitless"),
    ],
)  # fmt: skip
def test_database_cluster_zones(members, changes, settings, status, words):
    cluster = ClusterAvailability("ledger", "aurora-mysql", members=members, **changes)
    verdict = app.database_cluster_zones(cluster, ReplicaScaling({}), ZONES, **settings)
    said(verdict, status, words)


AUTO = Member("application-autoscaling-1", "us-east-1b")


@pytest.mark.parametrize(
    ("lowest", "members", "status"),
    [
        pytest.param(0, (WRITER, AUTO), BAD, id="every reader may go"),
        pytest.param(1, (WRITER, AUTO), GOOD, id="one stays"),
        pytest.param(0, (WRITER, READER, AUTO), GOOD, id="another stays"),
    ],
)
def test_readers_that_auto_scaling_may_delete(lowest, members, status):
    key = ("cluster:ledger", "rds:cluster:ReadReplicaCount")
    scaling = ReplicaScaling({key: Scalable(lowest, 5)})
    cluster = ClusterAvailability("ledger", "aurora-mysql", members=members)
    said(app.database_cluster_zones(cluster, scaling, ZONES), status)


# -- caches, search, files ------------------------------------------------------------------------

SPREAD = (availability.Shard("0001", ("us-east-1a", "us-east-1b")),)
ALONE = (availability.Shard("0001", ("us-east-1a",)),)
TOGETHER = (*SPREAD, availability.Shard("0002", ("us-east-1a", "us-east-1a")))
HIDDEN = (availability.Shard("0001", ("us-east-1a", "")),)
ON = {"failover": "enabled", "multi_az": "enabled"}


@pytest.mark.parametrize(
    ("shards", "changes", "status", "words"),
    [
        pytest.param(SPREAD, ON, GOOD, "1 shard", id="spread"),
        pytest.param(SPREAD, ON | {"failover": "disabled"}, BAD, "automatic failover is off", id="no failover"),
        pytest.param(SPREAD, ON | {"multi_az": "disabled"}, BAD, "Multi-AZ is off", id="no Multi-AZ"),
        pytest.param(SPREAD, ON | {"failover": "enabling"}, UNKNOWN, "being switched on", id="not yet"),
        pytest.param(SPREAD, ON | {"failover": "disabling"}, BAD, "failover is off", id="no more"),
        pytest.param(SPREAD, ON | {"status": "create-failed"}, NA, "could not be created", id="never made"),
        pytest.param(ALONE, ON, BAD, "no replica", id="no replica"),
        pytest.param(TOGETHER, ON, BAD, "all nodes of shard 0002", id="one shard in one zone"),
        pytest.param(HIDDEN, ON, UNKNOWN, "shard 0001", id="a zone not shown"),
        pytest.param((), ON, UNKNOWN, "its nodes", id="no shard shown"),
        pytest.param(ALONE, ON | {"status": "modifying"}, UNKNOWN, "being changed", id="changing"),
        pytest.param(ALONE, ON | {"status": "deleting"}, NA, "deleted", id="going"),
        pytest.param(ALONE, ON | {"on_outpost": True}, NA, "Outpost", id="on an Outpost"),
    ],
)  # fmt: skip
def test_cache_zones(shards, changes, status, words):
    said(
        app.cache_zones(availability.GroupAvailability("c", shards=shards, **changes), ZONES),
        status,
        words,
    )


@pytest.mark.parametrize(
    ("changes", "settings", "status", "words", "severity"),
    [
        pytest.param({}, {}, GOOD, "2 nodes in 2", None, id="two zones"),
        pytest.param({"status": "restore-failed"}, {}, NA, "could not be made", None, id="never made"),
        pytest.param({"status": "incompatible-network"}, {}, BAD, "do not serve", None, id="without a network"),
        pytest.param({}, {"min_zones": 3}, BAD, "at least 3", Severity.MEDIUM, id="three wanted"),
        pytest.param({"zones": ("us-east-1a",) * 2}, {}, BAD, "cold at once", Severity.MEDIUM, id="one zone"),
        pytest.param({"zones": ("us-east-1a",)}, {}, BAD, "in 1 Availability Zone", Severity.MEDIUM, id="one node"),
        pytest.param({"engine": "redis", "zones": ("us-east-1a",)}, {}, BAD, "single node", None, id="Redis alone"),
        pytest.param({"engine": "valkey", "zones": ("us-east-1a",)}, {}, BAD, "single node", None, id="Valkey alone"),
        pytest.param({"engine": "redis", "zones": ("us-east-1a",), "replication_group": "g"}, {}, NA, "group g", None, id="a member"),
        pytest.param({"zones": ("us-east-1a", "")}, {}, UNKNOWN, "not shown", None, id="a zone not shown"),
        pytest.param({"zones": (), "status": "creating"}, {}, UNKNOWN, "changed", None, id="new"),
        pytest.param({"zones": (), "status": "deleting"}, {}, NA, "deleted", None, id="going"),
        pytest.param({"zones": (), "status": "deleted"}, {}, NA, "deleted", None, id="gone"),
        pytest.param({"on_outpost": True}, {}, NA, "Outpost", None, id="on an Outpost"),
    ],
)  # fmt: skip
def test_cache_cluster_zones(changes, settings, status, words, severity):
    about: dict[str, Any] = {"engine": "memcached", "zones": ("us-east-1a", "us-east-1b")}
    cluster = availability.ClusterAvailability("pages", **(about | changes))
    verdict = app.cache_cluster_zones(cluster, ZONES, **settings)
    said(verdict, status, words)
    assert verdict.severity is severity


@pytest.mark.parametrize(
    ("nodes", "state", "settings", "status", "words"),
    [
        pytest.param("ab", "available", {}, GOOD, "2 nodes in 2", id="two zones"),
        pytest.param("abc", "available", {"min_zones": 3}, GOOD, "3 nodes in 3", id="three zones"),
        pytest.param("ab", "available", {"min_zones": 3}, BAD, "at least 3", id="three wanted"),
        pytest.param("a", "available", {}, BAD, "single node", id="one node"),
        pytest.param("aa", "available", {}, BAD, "are in 1", id="one zone"),
        pytest.param("a", "creating", {}, UNKNOWN, "changed", id="new"),
        pytest.param("a", "modifying", {}, UNKNOWN, "changed", id="changing"),
        pytest.param("", "available", {}, UNKNOWN, "changed", id="no node yet"),
        pytest.param("a?", "available", {}, UNKNOWN, "not shown", id="a zone not shown"),
        pytest.param("a", "deleting", {}, NA, "deleted", id="going"),
    ],
)
def test_dax_zones(nodes, state, settings, status, words):
    zones = tuple("" if node == "?" else f"us-east-1{node}" for node in nodes)
    said(app.dax_zones(DaxAvailability("orders", state, zones), ZONES, **settings), status, words)


@pytest.mark.parametrize(
    ("changes", "status", "severity", "words"),
    [
        pytest.param({"multi_az": True, "second_zone": "us-east-1b"}, GOOD, None, "1a and us-east-1b", id="two zones"),
        pytest.param({"multi_az": True}, GOOD, None, "(us-east-1a)", id="the second is not shown"),
        pytest.param({"multi_az": True, "status": "modifying"}, GOOD, None, "", id="two, changing"),
        pytest.param({}, BAD, None, "in one zone (us-east-1a)", id="one"),
        pytest.param({"zone": ""}, BAD, None, "one zone (not shown)", id="one that is not shown"),
        pytest.param({"relocates": True}, BAD, Severity.LOW, "moves the cluster", id="may be moved"),
        pytest.param({"status": "paused"}, BAD, None, "in one zone", id="paused"),
        pytest.param({"status": "modifying"}, UNKNOWN, None, "modifying", id="perhaps to two"),
        pytest.param({"status": "creating"}, UNKNOWN, None, "creating", id="new"),
        pytest.param({"status": "final-snapshot"}, NA, None, "deleted", id="going"),
    ],
)  # fmt: skip
def test_warehouse_zones(changes, status, severity, words):
    verdict = app.warehouse_zones(WarehouseAvailability(**({"zone": "us-east-1a"} | changes)))
    said(verdict, status, words)
    assert verdict.severity is severity


@pytest.mark.parametrize(
    ("shards", "state", "status"),
    [
        pytest.param(SPREAD, "available", GOOD, id="spread"),
        pytest.param(ALONE, "available", BAD, id="no replica"),
        pytest.param(HIDDEN, "available", UNKNOWN, id="a zone not shown"),
        pytest.param(ALONE, "updating", UNKNOWN, id="changing"),
        pytest.param(ALONE, "deleting", NA, id="going"),
        pytest.param(SPREAD, "create failed", NA, id="never made"),
        pytest.param((), "create-failed", NA, id="never made, in another spelling"),
    ],
)
def test_memorydb_zones(shards, state, status):
    cluster = availability.MemoryDbAvailability("carts", state, "singleaz", shards)
    said(app.memorydb_zones(cluster, ZONES), status)


@pytest.mark.parametrize(
    ("changes", "settings", "status", "words"),
    [
        pytest.param(
            {"zones": 3, "nodes": 3, "masters": 3}, {}, GOOD, "3 data nodes in 3", id="three"
        ),
        pytest.param({"zones": 3, "nodes": 3}, {}, GOOD, "", id="no dedicated masters"),
        pytest.param({"zones": 2, "nodes": 2, "masters": 3}, {}, GOOD, "", id="two zones"),
        pytest.param(
            {"zones": 2, "nodes": 4}, {}, BAD, "cannot elect a master", id="half cannot elect"
        ),
        pytest.param({}, {}, BAD, "in 1 Availability Zone", id="no zone awareness"),
        pytest.param({"zones": 3, "nodes": 2}, {}, BAD, "2 data nodes for 3", id="too few nodes"),
        pytest.param(
            {"zones": 2, "nodes": 2, "masters": 2}, {}, BAD, "no majority", id="two masters"
        ),
        pytest.param(
            {"zones": 2, "nodes": 2, "masters": 3},
            {"min_zones": 3},
            BAD,
            "at least 3",
            id="three wanted",
        ),
        pytest.param({"is_processing": True}, {}, UNKNOWN, "changed", id="changing"),
        pytest.param({"is_going": True}, {}, NA, "deleted", id="going"),
        pytest.param({"is_isolated": True}, {}, BAD, "serves nobody", id="isolated"),
    ],
)
def test_search_zones(changes, settings, status, words):
    said(app.search_zones(DomainAvailability("logs", **changes), **settings), status, words)


IN_A, IN_B = MountTarget("use1-az1"), MountTarget("use1-az2")


@pytest.mark.parametrize(
    ("system", "settings", "status", "words"),
    [
        pytest.param(FileSystemAvailability(targets=(IN_A, IN_B)), {}, GOOD, "2 Avail", id="two"),
        pytest.param(FileSystemAvailability(targets=(IN_A,)), {}, BAD, "mounted in 1", id="one target"),
        pytest.param(FileSystemAvailability(only_zone="use1-az1"), {}, BAD, "One Zone", id="One Zone"),
        pytest.param(FileSystemAvailability(targets=(IN_A, IN_B)), {"min_zones": 3}, BAD, "at least 3", id="three wanted"),
        pytest.param(FileSystemAvailability(targets=(IN_A, MountTarget("use1-az2", "b", "creating"))), {}, UNKNOWN, "being made", id="new"),
        pytest.param(FileSystemAvailability(targets=(IN_A, MountTarget("use1-az2", "b", "error"))), {}, BAD, "mounted in 1", id="failed"),
        pytest.param(FileSystemAvailability(), {}, NA, "no mount target", id="not mounted"),
        pytest.param(FileSystemAvailability("deleting", targets=(IN_A,)), {}, NA, "deleting", id="going"),
        pytest.param(FileSystemAvailability("error", targets=(IN_A, IN_B)), {}, BAD, "cannot be mounted", id="a key that is gone"),
    ],
)  # fmt: skip
def test_file_system_zones(system, settings, status, words):
    said(app.file_system_zones(system, ZONES, **settings), status, words)


# -- ways out of a VPC ----------------------------------------------------------------------------


def tables(**nat_of_subnet: str) -> RouteTables:
    return RouteTables(
        {
            subnet: RouteTable(f"rtb-{subnet}", VPC, (Route("0.0.0.0/0", nat),))
            for subnet, nat in nat_of_subnet.items()
        },
        {},
    )


def blackhole(lost: str, **nat_of_subnet: str) -> RouteTables:
    """The subnet b leads to a NAT gateway that is gone."""
    found = tables(**nat_of_subnet)
    return RouteTables({**found.by_subnet, "b": RouteTable("rtb-b", VPC, lost=(lost,))}, {})


OURS = Vpc(VPC, "111122223333")
IN_ZONE_A = NatGateway("nat-a", VPC, "a2")
IN_ZONE_B = NatGateway("nat-b", VPC, "b")
REGIONAL = NatGateway("nat-r", VPC, "", True)
BY_HAND = replace(REGIONAL, only_zones=("use1-az1",))


@pytest.mark.parametrize(
    ("vpc", "gateways", "routes", "status", "words"),
    [
        pytest.param(OURS, (IN_ZONE_A, IN_ZONE_B), tables(a="nat-a", b="nat-b"), GOOD, "nat-a", id="each"),
        pytest.param(OURS, (IN_ZONE_A,), tables(a="nat-a", b="nat-a"), BAD, "use1-az2 through nat-a in use1-az1", id="one for all"),
        pytest.param(OURS, (IN_ZONE_A,), blackhole("nat-b", a="nat-a"), BAD, "those of b to nat-b", id="one failed"),
        pytest.param(OURS, (IN_ZONE_A,), blackhole("nat-b", a="igw-1"), NA, "", id="none is used"),
        pytest.param(OURS, (REGIONAL,), tables(a="nat-r", b="nat-r"), GOOD, "regional", id="a regional one"),
        pytest.param(OURS, (BY_HAND,), tables(a="nat-r", b="nat-r"), BAD, "use1-az2 through nat-r in use1-az1", id="a regional one without a zone"),
        pytest.param(OURS, (replace(BY_HAND, only_zones=("us-east-1a", "us-east-1b")),), tables(a="nat-r", b="nat-r"), GOOD, "", id="a regional one of the zones that are named"),
        pytest.param(OURS, (NatGateway("nat-x", VPC, "gone"),), tables(a="nat-x"), UNKNOWN, "nat-x", id="a gateway whose zone is not shown"),
        pytest.param(OURS, (NatGateway("nat-l", VPC, "local"),), tables(a="nat-l"), BAD, LA, id="a gateway in a Local Zone"),
        pytest.param(OURS, (IN_ZONE_A,), tables(a="igw-1"), NA, "No subnet", id="not used"),
        pytest.param(OURS, (), tables(a="nat-a"), NA, "No subnet", id="deleted"),
        pytest.param(OURS, (IN_ZONE_A,), tables(a="nat-a", b="nat-new"), UNKNOWN, "created or deleted (nat-new)", id="one is not there yet"),
        pytest.param(Vpc(VPC, "444455556666", False), (), tables(), NA, "444455556666", id="another's"),
    ],
)  # fmt: skip
def test_nat_gateway_zones(vpc, gateways, routes, status, words):
    said(app.nat_gateway_zones(vpc, NatGateways(VPC, gateways), routes, ZONES), status, words)


def endpoint(*subnets: str) -> InterfaceEndpoint:
    return InterfaceEndpoint("vpce-1", "com.amazonaws.us-east-1.sqs", subnets)


@pytest.mark.parametrize(
    ("vpc", "endpoints", "settings", "status", "words"),
    [
        pytest.param(OURS, (endpoint("a", "b"),), {}, GOOD, "1 interface endpoint", id="two zones"),
        pytest.param(OURS, (endpoint("a"),), {}, BAD, "vpce-1 (sqs, use1-az1)", id="one zone"),
        pytest.param(OURS, (endpoint("a", "b"),), {"min_zones": 3}, BAD, "fewer than 3", id="three wanted"),
        pytest.param(OURS, (endpoint("a", "gone"),), {}, UNKNOWN, "vpce-1", id="a subnet not shown"),
        pytest.param(OURS, (), {}, NA, "no interface endpoint", id="none"),
        pytest.param(Vpc(VPC, "4", False), (), {}, NA, "belongs to", id="another's"),
    ],
)  # fmt: skip
def test_vpc_endpoint_zones(vpc, endpoints, settings, status, words):
    verdict = app.vpc_endpoint_zones(vpc, InterfaceEndpoints(VPC, endpoints), ZONES, **settings)
    said(verdict, status, words)


def test_endpoints_of_a_vpc_in_one_zone_are_not_judged():
    here = InterfaceEndpoints("vpc-2", (endpoint("elsewhere"),))
    verdict = app.vpc_endpoint_zones(Vpc("vpc-2", "1"), here, ZONES)
    said(verdict, NA, "one Availability Zone only")


def test_zones_are_counted_only_where_they_are_real():
    places = ZONES.of_names(["us-east-1a", "use1-az1", LA, "us-east-1-wl1-bos-wlz-1", "nowhere"])
    assert places.zones == ("use1-az1",)
    assert places.edges == (LA, "us-east-1-wl1-bos-wlz-1")
    assert places.unknown == ("nowhere",)
