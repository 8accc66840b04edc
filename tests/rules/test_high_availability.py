"""High availability, several zones: an account in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from functions.high_availability import app
from readiness import Severity, Status
from readiness.evidence.application_autoscaling import ReplicaScaling, Scalable, ServiceScaling
from readiness.evidence.autoscaling import GroupAvailability
from readiness.evidence.awslambda.functions import LATEST, FunctionConfiguration, FunctionTags
from readiness.evidence.awslambda.network import ReachedNetworks
from readiness.evidence.ec2.exits import (
    InterfaceEndpoint,
    InterfaceEndpoints,
    NatGateway,
    NatGateways,
)
from readiness.evidence.ec2.vpcs import Route, RouteTable, RouteTables, Subnet, Vpc
from readiness.evidence.ec2.zones import REAL, Zones
from readiness.evidence.ecs.placement import CapacityProviders, ServicePlacement
from readiness.evidence.ecs.services import Service
from readiness.evidence.ecs.tasks import ServiceTasks, Task
from readiness.evidence.efs import FileSystemAvailability, MountTarget
from readiness.evidence.elasticache import availability
from readiness.evidence.elbv2.load_balancers import BalancerZones
from readiness.evidence.elbv2.target_groups import HealthCheck, Target, TargetHealth
from readiness.evidence.opensearch import DomainAvailability
from readiness.evidence.rds.clusters import ClusterAvailability, Member
from readiness.evidence.rds.instances import InstanceAvailability
from readiness.evidence.region import Region
from readiness.evidence.workloads.manifests import Manifests
from readiness.evidence.workloads.regional import RegionalStores
from readiness.model.manifest import Manifest
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


# -- ECS services ---------------------------------------------------------------------------------


def placement(**changes: Any) -> ServicePlacement:
    about: dict[str, Any] = {
        "name": "web",
        "cluster": "agents",
        "desired": 2,
        "launch_type": "FARGATE",
        "subnet_ids": ("a", "b"),
        "resource_id": "service/agents/web",
    }
    return ServicePlacement(**(about | changes))


def task(zone: str, *, minutes: float = 600, **changes: Any) -> Task:
    return Task("arn", "web:1", zone=zone, created=NOON - timedelta(minutes=minutes), **changes)


def tasks(*running: Task) -> ServiceTasks:
    service = Service("arn", "web", "agents", "web:1")
    here = running or (task("us-east-1a"), task("us-east-1b"))
    return ServiceTasks(service, here, (), None, NOON)


def scaled(lowest: int, *suspended: str) -> ServiceScaling:
    key = ("service/agents/web", "ecs:service:DesiredCount")
    return ServiceScaling({key: Scalable(lowest, 10, suspended=suspended)})


UNSCALED = ServiceScaling({})
NO_PROVIDERS = CapacityProviders({})
HOSTS = {"launch_type": "", "providers": ("hosts",), "subnet_ids": ()}


@pytest.mark.parametrize(
    ("service", "running", "scaling", "providers", "settings", "status", "words"),
    [
        pytest.param({}, (), UNSCALED, {}, {}, GOOD, "2 tasks run in 2 Avail", id="two zones"),
        pytest.param({"status": "DRAINING"}, (), UNSCALED, {}, {}, NA, "draining", id="going"),
        pytest.param({"scheduling": "DAEMON"}, (), UNSCALED, {}, {}, NA, "daemon", id="daemon"),
        pytest.param({"launch_type": "EXTERNAL"}, (), UNSCALED, {}, {}, NA, "outside", id="anywhere"),
        pytest.param({"desired": 0}, (), scaled(0), {}, {}, NA, "no task now", id="scaled to zero"),
        pytest.param({"desired": 1}, (task("us-east-1a"),), UNSCALED, {}, {}, BAD, "1 task", id="single"),
        pytest.param({"desired": 3}, (), scaled(1), {}, {}, BAD, "down to 1 task", id="minimum 1"),
        pytest.param({"desired": 3}, (), scaled(0), {}, {}, GOOD, "", id="minimum 0 judged by desired"),
        pytest.param({}, (), scaled(2), {}, {}, GOOD, "", id="minimum 2"),
        pytest.param({"subnet_ids": ("a", "a2")}, (), UNSCALED, {}, {}, BAD, "1 Availability Zone (use1-az1)", id="two subnets of one zone"),
        pytest.param({"subnet_ids": ("a", "local")}, (), UNSCALED, {}, {}, BAD, f"{LA} does not count", id="a Local Zone is none"),
        pytest.param({"subnet_ids": ("a", "outpost")}, (), UNSCALED, {}, {}, BAD, "Outpost", id="an Outpost is none"),
        pytest.param({"subnet_ids": ("b", "shared")}, (), UNSCALED, {}, {}, BAD, "1 Availability Zone", id="zone ids and not names"),
        pytest.param({"subnet_ids": ("a", "gone")}, (), UNSCALED, {}, {}, UNKNOWN, "does not show where gone", id="a subnet that is not shown"),
        pytest.param({}, (), UNSCALED, {}, {"min_zones": 3}, BAD, "at least 3", id="three zones wanted"),
        pytest.param({}, (task("us-east-1a"), task("us-east-1a")), UNSCALED, {}, {}, BAD, "All 2 tasks run in one zone", id="placed in one zone"),
        pytest.param({}, (task("us-east-1a", minutes=5), task("us-east-1a")), UNSCALED, {}, {}, UNKNOWN, "being placed", id="new tasks settle"),
        pytest.param({"is_deploying": True}, (task("us-east-1a"),), UNSCALED, {}, {}, UNKNOWN, "being placed", id="deploying"),
        pytest.param({}, (task(""), task("us-east-1a")), UNSCALED, {}, {}, UNKNOWN, "not all known", id="a task without a zone"),
        pytest.param({}, (task("us-east-1a"),), UNSCALED, {}, {}, UNKNOWN, "1 task of 2", id="too few run"),
        pytest.param({"least_percent": 0}, (), UNSCALED, {}, {}, BAD, "every task at once", id="a deployment may stop all"),
        pytest.param({"least_percent": 1}, (), UNSCALED, {}, {}, GOOD, "", id="ECS rounds up"),
        pytest.param({"least_percent": 0, "replaces_in_place": False}, (), UNSCALED, {}, {}, GOOD, "", id="blue and green"),
        pytest.param({"desired": 1}, (task("us-east-1a"),), scaled(0), {}, {}, BAD, "may stop all of them", id="a worker that scales to zero"),
        pytest.param({"desired": 1, "is_behind": True}, (task("us-east-1a"),), scaled(0), {}, {}, BAD, "if its zone or host fails", id="behind a balancer"),
        pytest.param({"desired": 3}, (), scaled(1, "in"), {}, {}, GOOD, "", id="scaling in is suspended"),
        pytest.param({"desired": 3}, (), scaled(1, "out"), {}, {}, BAD, "down to 1", id="scaling out is suspended"),
        pytest.param({"least_percent": 50}, (), UNSCALED, {}, {}, GOOD, "", id="half of two is one"),
        pytest.param(HOSTS, (), UNSCALED, {"hosts": ("us-east-1a",)}, {}, BAD, "Tasks may be placed", id="hosts in one zone"),
        pytest.param(HOSTS, (), UNSCALED, {"hosts": ("us-east-1a", "us-east-1b")}, {}, GOOD, "", id="hosts in two"),
        pytest.param({**HOSTS, "subnet_ids": ("a", "b")}, (), UNSCALED, {"hosts": ("us-east-1b", "us-east-1c")}, {}, BAD, "use1-az2", id="subnets and hosts share one zone"),
        pytest.param({"launch_type": "EC2", "subnet_ids": ()}, (), UNSCALED, {}, {}, GOOD, "", id="hosts without a provider"),
        pytest.param({"constraints": ("attribute:ecs.availability-zone == us-east-1a",)}, (), UNSCALED, {}, {}, BAD, "use1-az1", id="pinned to a zone"),
        pytest.param({"constraints": ("attribute:ecs.availability-zone in [us-east-1a, us-east-1b]",)}, (), UNSCALED, {}, {}, GOOD, "", id="pinned to two"),
        pytest.param({"constraints": ("attribute:ecs.instance-type =~ m5.*",)}, (), UNSCALED, {}, {}, GOOD, "", id="another constraint"),
        pytest.param({**HOSTS, "spread": ("binpack:memory",)}, (), UNSCALED, {}, {}, BAD, "does not spread", id="packed"),
        pytest.param({**HOSTS, "spread": ("binpack:memory",), "rebalances": True}, (), UNSCALED, {}, {}, GOOD, "", id="packed and rebalanced"),
        pytest.param({**HOSTS, "spread": ("spread:attribute:ecs.availability-zone", "binpack:cpu")}, (), UNSCALED, {}, {}, GOOD, "", id="spread, then packed"),
    ],
)  # fmt: skip
def test_service_zones(service, running, scaling, providers, settings, status, words):
    verdict = app.service_zones(
        placement(**service),
        tasks(*running),
        scaling,
        CapacityProviders(providers),
        ZONES,
        Manifests(),
        **settings,
    )
    said(verdict, status, words)


def test_tasks_outside_aws_are_not_judged():
    external = task("", launch_type="EXTERNAL")
    verdict = app.service_zones(
        placement(), tasks(external), UNSCALED, NO_PROVIDERS, ZONES, Manifests()
    )
    said(verdict, NA, "outside AWS")


# -- functions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subnets", "changes", "settings", "status", "words"),
    [
        pytest.param((), {}, {}, GOOD, "by design", id="without a VPC"),
        pytest.param(("a", "b"), {}, {}, GOOD, "2 Availability Zones", id="two zones"),
        pytest.param(("a", "a2"), {}, {}, BAD, "in 1 Availability Zone (use1-az1)", id="one zone"),
        pytest.param(("a", "gone"), {}, {}, UNKNOWN, "gone", id="a subnet that is not shown"),
        pytest.param(("a", "b"), {}, {"min_zones": 3}, BAD, "at least 3", id="three wanted"),
        pytest.param((), {"master_arn": "arn"}, {}, NA, "Lambda@Edge", id="a replica at the edge"),
    ],
)
def test_function_zones(subnets, changes, settings, status, words):
    function = FunctionConfiguration(name="agent", arn="arn", **changes)
    verdict = app.function_zones(
        function,
        ReachedNetworks({LATEST: subnets}),
        ZONES,
        FunctionTags({}),
        Manifests(),
        **settings,
    )
    said(verdict, status, words)


def test_a_version_keeps_the_zones_it_was_published_with():
    function = FunctionConfiguration(name="agent", arn="arn")

    def of(**networks):
        reached = ReachedNetworks({LATEST: networks.pop("latest"), **networks})
        return app.function_zones(function, reached, ZONES, FunctionTags({}), Manifests())

    said(of(latest=("a", "b"), v7=("a",)), BAD, "version v7 are in 1 Availability Zone")
    said(of(latest=("a",), v7=("a", "b")), BAD, "The function's subnets are")
    said(of(latest=(), v7=("a",)), BAD, "version v7")
    said(of(latest=("a", "b"), v7=("gone",)), UNKNOWN, "version v7")
    said(of(latest=("a", "b"), v7=()), GOOD, "2 Availability Zones")


def test_more_zones_than_two_have_to_show():
    anywhere = placement(subnet_ids=(), launch_type="EC2")
    running = tasks(task("us-east-1a"), task("us-east-1b"))
    of = (anywhere, running, UNSCALED, NO_PROVIDERS, ZONES, Manifests())
    said(app.service_zones(*of), GOOD)
    said(app.service_zones(*of, min_zones=3), UNKNOWN, "no capacity provider")


def test_what_is_regional_by_design():
    some = RegionalStores(buckets=3, tables=1, topics=2)
    said(app.regional_stores(some), GOOD, "3 buckets, 1 table and 2 topics")
    alone = replace(some, in_one_zone=("logs", "thumbs"))
    said(app.regional_stores(alone), BAD, "logs and thumbs")
    said(app.regional_stores(alone, one_zone_buckets=("thumbs",)), BAD, "of logs are")
    said(app.regional_stores(alone, one_zone_buckets=("*",)), GOOD)
    said(app.regional_stores(RegionalStores()), NA, "no bucket")


# -- what owners call critical --------------------------------------------------------------------

STATED = Manifests(
    {"web": Manifest("web", "team", date(2026, 1, 1), critical=("agent", "agents/web"))}
)
REFUSED = Manifests(refused={"web": "it is not JSON"})
TWO_ZONES = replace(ZONES, types={"use1-az1": REAL, "use1-az2": REAL})


@pytest.mark.parametrize(
    ("subnets", "manifests", "zones", "settings", "status", "words"),
    [
        pytest.param(("a", "b", "c"), STATED, ZONES, {}, GOOD, "3 Availability Zones", id="three zones"),
        pytest.param(("a", "b"), STATED, ZONES, {}, BAD, "web calls it critical", id="two zones"),
        pytest.param(("a", "b"), STATED, ZONES, {"critical_min_zones": 2}, GOOD, "", id="two are enough"),
        pytest.param(("a", "b"), STATED, TWO_ZONES, {}, GOOD, "", id="a region with two zones"),
        pytest.param(("a", "b"), Manifests(), ZONES, {}, GOOD, "", id="not critical"),
        pytest.param(("a", "b"), REFUSED, ZONES, {}, UNKNOWN, "not JSON", id="who knows"),
        pytest.param(("a", "b", "c"), REFUSED, ZONES, {}, GOOD, "", id="three zones whatever it is"),
        pytest.param(("a", "a2"), STATED, ZONES, {}, BAD, "at least 2", id="one zone"),
        pytest.param(("a", "b", "gone"), STATED, ZONES, {}, UNKNOWN, "gone", id="a third that is not shown"),
    ],
)  # fmt: skip
def test_critical_functions_and_services(subnets, manifests, zones, settings, status, words):
    tagged = {"Application": "web"}
    function = app.function_zones(
        FunctionConfiguration(name="agent", arn="arn"),
        ReachedNetworks({LATEST: subnets}),
        zones,
        FunctionTags(tagged),
        manifests,
        **settings,
    )
    said(function, status, words)
    service = app.service_zones(
        placement(subnet_ids=subnets, tags=tagged),
        tasks(*(task(f"us-east-1{id[0]}") for id in subnets if id != "gone")),
        UNSCALED,
        NO_PROVIDERS,
        zones,
        manifests,
        **settings,
    )
    said(service, status, words if subnets != ("a", "b", "c") else "")
    for verdict in (function, service):
        if "critical" in verdict.reason:
            assert verdict.severity is Severity.MEDIUM


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
        pytest.param({"desired": 0}, {}, NA, "no instance now", id="empty"),
        pytest.param({"highest": 0}, {}, NA, "no instance now", id="switched off"),
        pytest.param({"is_going": True}, {}, NA, "deleted", id="going"),
    ],
)  # fmt: skip
def test_auto_scaling_group_zones(changes, settings, status, words):
    said(app.auto_scaling_group_zones(group(**changes), ZONES, **settings), status, words)


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


def test_what_scales_to_zero_does_not_page():
    one = placement(desired=1)
    verdict = app.service_zones(
        one, tasks(task("us-east-1a")), scaled(0), NO_PROVIDERS, ZONES, Manifests()
    )
    assert verdict.severity is Severity.LOW
    idle = group(lowest=0, desired=1, running=("us-east-1a",))
    assert app.auto_scaling_group_zones(idle, ZONES).severity is Severity.LOW


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
        pytest.param({}, {"min_zones": 3}, BAD, "at least 3", Severity.MEDIUM, id="three wanted"),
        pytest.param({"zones": ("us-east-1a",) * 2}, {}, BAD, "cold at once", Severity.MEDIUM, id="one zone"),
        pytest.param({"zones": ("us-east-1a",)}, {}, BAD, "in 1 Availability Zone", Severity.MEDIUM, id="one node"),
        pytest.param({"engine": "redis", "zones": ("us-east-1a",)}, {}, BAD, "single node", None, id="Redis alone"),
        pytest.param({"engine": "valkey", "zones": ("us-east-1a",)}, {}, BAD, "single node", None, id="Valkey alone"),
        pytest.param({"engine": "redis", "zones": ("us-east-1a",), "replication_group": "g"}, {}, NA, "group g", None, id="a member"),
        pytest.param({"zones": ("us-east-1a", "")}, {}, UNKNOWN, "not shown", None, id="a zone not shown"),
        pytest.param({"zones": (), "status": "creating"}, {}, UNKNOWN, "changed", None, id="new"),
        pytest.param({"zones": (), "status": "deleting"}, {}, NA, "deleted", None, id="going"),
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
    ("shards", "state", "status"),
    [
        pytest.param(SPREAD, "available", GOOD, id="spread"),
        pytest.param(ALONE, "available", BAD, id="no replica"),
        pytest.param(HIDDEN, "available", UNKNOWN, id="a zone not shown"),
        pytest.param(ALONE, "updating", UNKNOWN, id="changing"),
        pytest.param(ALONE, "deleting", NA, id="going"),
        pytest.param(SPREAD, "create failed", NA, id="never made"),
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
        pytest.param({"zones": 2, "nodes": 2}, {}, GOOD, "", id="no dedicated masters"),
        pytest.param({}, {}, BAD, "in 1 Availability Zone", id="no zone awareness"),
        pytest.param({"zones": 3, "nodes": 2}, {}, BAD, "2 data nodes for 3", id="too few nodes"),
        pytest.param(
            {"zones": 2, "nodes": 2, "masters": 2}, {}, BAD, "no majority", id="two masters"
        ),
        pytest.param(
            {"zones": 2, "nodes": 2}, {"min_zones": 3}, BAD, "at least 3", id="three wanted"
        ),
        pytest.param({"is_processing": True}, {}, UNKNOWN, "changed", id="changing"),
        pytest.param({"is_going": True}, {}, NA, "deleted", id="going"),
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


@pytest.mark.parametrize(
    ("vpc", "gateways", "routes", "status", "words"),
    [
        pytest.param(OURS, (IN_ZONE_A, IN_ZONE_B), tables(a="nat-a", b="nat-b"), GOOD, "nat-a", id="each"),
        pytest.param(OURS, (IN_ZONE_A,), tables(a="nat-a", b="nat-a"), BAD, "use1-az2 through nat-a in use1-az1", id="one for all"),
        pytest.param(OURS, (IN_ZONE_A,), blackhole("nat-b", a="nat-a"), BAD, "those of b to nat-b", id="one failed"),
        pytest.param(OURS, (IN_ZONE_A,), blackhole("nat-b", a="igw-1"), NA, "", id="none is used"),
        pytest.param(OURS, (REGIONAL,), tables(a="nat-r", b="nat-r"), GOOD, "regional", id="a regional one"),
        pytest.param(OURS, (NatGateway("nat-x", VPC, "gone"),), tables(a="nat-x"), UNKNOWN, "nat-x", id="a gateway whose zone is not shown"),
        pytest.param(OURS, (NatGateway("nat-l", VPC, "local"),), tables(a="nat-l"), BAD, LA, id="a gateway in a Local Zone"),
        pytest.param(OURS, (IN_ZONE_A,), tables(a="igw-1"), NA, "No subnet", id="not used"),
        pytest.param(OURS, (), tables(a="nat-a"), NA, "No subnet", id="deleted"),
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


def test_a_single_task_is_worse_than_a_bad_strategy():
    one = placement(desired=1, spread=("random:",))
    verdict = app.service_zones(
        one, tasks(task("us-east-1a")), UNSCALED, NO_PROVIDERS, ZONES, Manifests()
    )
    assert verdict.severity is Severity.HIGH
