"""High availability, several zones: services, functions, and what owners call critical."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from functions.high_availability import app
from readiness import Severity
from readiness.evidence.application_autoscaling import Scalable, ServiceScaling
from readiness.evidence.awslambda.functions import LATEST, FunctionConfiguration, FunctionTags
from readiness.evidence.awslambda.network import ReachedNetworks
from readiness.evidence.ec2.zones import REAL
from readiness.evidence.ecs.placement import CapacityProviders, ServicePlacement
from readiness.evidence.ecs.services import Service
from readiness.evidence.ecs.tasks import ServiceTasks, Task
from readiness.evidence.workloads.manifests import Manifests
from readiness.evidence.workloads.regional import RegionalStores
from readiness.model.manifest import Manifest
from tests.fake_account import NOON
from tests.rules.test_high_availability import BAD, GOOD, LA, NA, UNKNOWN, ZONES, group, said


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


def test_what_scales_to_zero_does_not_page():
    one = placement(desired=1)
    verdict = app.service_zones(
        one, tasks(task("us-east-1a")), scaled(0), NO_PROVIDERS, ZONES, Manifests()
    )
    assert verdict.severity is Severity.LOW
    idle = group(lowest=0, desired=1, running=("us-east-1a",))
    assert app.auto_scaling_group_zones(idle, ZONES).severity is Severity.LOW


def test_a_single_task_is_worse_than_a_bad_strategy():
    one = placement(desired=1, spread=("random:",))
    verdict = app.service_zones(
        one, tasks(task("us-east-1a")), UNSCALED, NO_PROVIDERS, ZONES, Manifests()
    )
    assert verdict.severity is Severity.HIGH
