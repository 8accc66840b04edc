"""Cost optimization: what runs on Spot capacity, and what must not."""

from __future__ import annotations

from typing import Any

import pytest

from functions.cost_optimization.app import batch_spot, group_spot, service_spot
from readiness import Severity
from readiness.evidence.autoscaling.groups import GroupPurchases
from readiness.evidence.batch import ComputeEnvironment
from readiness.evidence.ecs.services import ProviderShare, Service
from readiness.evidence.user_data import GroupMarket
from readiness.evidence.workloads.manifests import Manifests
from readiness.model.manifest import Manifest
from tests.fake_account import ACCOUNT_ID, NOON
from tests.rules.test_cost_optimization import BAD, GOOD, HERE, NA, NONE, UNKNOWN, judged

SPOT, DEMAND = ProviderShare("FARGATE_SPOT", 0, 1), ProviderShare("FARGATE", 1, 1)


def service(*strategy: ProviderShare, tags: dict[str, str] | None = None, **more: Any) -> Service:
    about: dict[str, Any] = {
        "arn": "arn:aws:ecs:us-east-1:111122223333:service/agents/api",
        "name": "api",
        "cluster_arn": "arn:aws:ecs:us-east-1:111122223333:cluster/agents",
        "task_definition": "t",
        "desired_count": 4,
        "strategy": strategy,
        "tags": tags or {},
    }
    return Service(**(about | more))


ELIGIBLE = {"readiness:spot": "eligible"}
INELIGIBLE = {"readiness:spot": "ineligible"}
PRODUCTION = {"Environment": "production"}
STAGING = {"Environment": "staging"}
IN_PART = [DEMAND, SPOT]


@pytest.mark.parametrize(
    ("of", "status", "words"),
    [
        pytest.param(service(*IN_PART, tags=ELIGIBLE), GOOD, "38 %", id="in part"),
        pytest.param(service(SPOT, tags=ELIGIBLE), GOOD, "100 %", id="wholly and allowed"),
        pytest.param(service(tags=ELIGIBLE, launch_type="FARGATE"), BAD, "None of", id="not"),
        pytest.param(
            service(ProviderShare("FARGATE", 4, 1), SPOT, tags=ELIGIBLE),
            BAD,
            "None of",
            id="the base covers all",
        ),
        pytest.param(
            service(DEMAND, ProviderShare("FARGATE_SPOT", 0, 0), tags=ELIGIBLE),
            BAD,
            "None of",
            id="weight zero",
        ),
        pytest.param(service(SPOT, tags=PRODUCTION), BAD, "ALL_SPOT", id="production"),
        pytest.param(service(SPOT), BAD, "ALL_SPOT", id="an unknown environment"),
        pytest.param(service(SPOT, tags={"Environment": "eu-prd"}), BAD, "ALL_SPOT", id="prd"),
        pytest.param(service(SPOT, tags={"Environment": "Prod EU"}), BAD, "ALL_SPOT", id="of EU"),
        pytest.param(
            service(SPOT, tags={"Environment": "non-prod"}), GOOD, "", id="not production"
        ),
        pytest.param(service(SPOT, tags={"Environment": "preprod"}), GOOD, "", id="before it"),
        pytest.param(
            service(SPOT, tags={"Environment": "product-test"}), GOOD, "", id="a product"
        ),
        pytest.param(service(SPOT, tags=STAGING), GOOD, "in staging", id="staging"),
        pytest.param(
            service(SPOT, tags={**STAGING, **INELIGIBLE}), BAD, "ALL_SPOT", id="ineligible"
        ),
        pytest.param(
            service(*IN_PART, tags=INELIGIBLE), BAD, "forbids", id="in part and ineligible"
        ),
        pytest.param(
            service(launch_type="FARGATE", tags=INELIGIBLE), GOOD, "asks", id="as it asks"
        ),
        pytest.param(service(*IN_PART, tags=PRODUCTION), GOOD, "38 %", id="with a floor"),
        pytest.param(service(launch_type="FARGATE"), NA, "Nobody declared", id="undeclared"),
        pytest.param(service(launch_type="EC2", tags=ELIGIBLE), NA, "group-spot", id="on hosts"),
        pytest.param(
            service(launch_type="MANAGED_INSTANCES", tags=ELIGIBLE), NA, "ECS buys", id="managed"
        ),
        pytest.param(
            service(ProviderShare("hosts", 0, 1), tags=ELIGIBLE), NA, "group-spot", id="own hosts"
        ),
        pytest.param(service(SPOT, desired_count=0), NA, "no tasks", id="stopped"),
        pytest.param(service(SPOT, scheduling_strategy="DAEMON"), NA, "every host", id="daemon"),
        pytest.param(service(SPOT, deployment_controller="EXTERNAL"), NA, "Task sets", id="sets"),
    ],
)
def test_spot_of_a_service(of, status, words):
    judged(service_spot(of, NONE, HERE), status, words)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        (INELIGIBLE, "(ALL_SPOT_NO_FLOOR), which its tag readiness:spot=ineligible forbids."),
        (PRODUCTION, "neither a tag nor a manifest declares that it may be interrupted."),
    ],
)
def test_why_spot_alone_is_wrong(tags, words):
    assert words in service_spot(service(SPOT, tags=tags), NONE, HERE).reason


def test_how_bad_it_is_to_be_stopped_at_once():
    assert service_spot(service(SPOT, tags=PRODUCTION), NONE, HERE).severity is Severity.HIGH
    assert service_spot(service(SPOT, tags=INELIGIBLE), NONE, HERE).severity is Severity.HIGH
    assert service_spot(service(SPOT), NONE, HERE).severity is Severity.LOW


def test_what_the_manifest_says_of_spot():
    mine = Manifest(
        "maif",
        "team",
        NOON.date(),
        spot_eligible=("agents/*",),
        environments={ACCOUNT_ID: "staging"},
    )
    stated = Manifests({"maif": mine})
    maif = {"Application": "maif"}
    judged(service_spot(service(launch_type="FARGATE", tags=maif), stated, HERE), BAD, "maif")
    judged(service_spot(service(SPOT, tags=maif), stated, HERE), GOOD, "manifest maif")
    other = service(SPOT, tags=maif, cluster_arn="c/other")
    judged(service_spot(other, stated, HERE), GOOD, "in staging")
    refused = Manifests({}, {"maif": "it is no JSON"})
    judged(service_spot(service(SPOT, tags=maif), refused, HERE), UNKNOWN, "no JSON")
    judged(service_spot(service(SPOT, tags={**maif, **ELIGIBLE}), refused, HERE), GOOD)


def group(mixed: bool = True, *, tags: dict[str, str] | None = None, **more: Any):
    about: dict[str, Any] = {"name": "workers", "highest": 4, "is_mixed": mixed}
    return GroupPurchases(**about, **more, tags=tags or {})


@pytest.mark.parametrize(
    ("of", "status", "words"),
    [
        (group(base=1, on_demand_percent=0, tags=ELIGIBLE), GOOD, "75 %"),
        (group(on_demand_percent=100, tags=ELIGIBLE), BAD, "None of"),
        (group(base=4, on_demand_percent=0, tags=ELIGIBLE), BAD, "None of"),
        (group(False, tags=ELIGIBLE), BAD, "None of"),
        (group(on_demand_percent=0, tags=PRODUCTION), BAD, "ALL_SPOT"),
        (group(on_demand_percent=0, tags=STAGING), GOOD, "100 %"),
        (group(False), NA, "Nobody declared"),
        (group(False, tags=INELIGIBLE), GOOD, "None of"),
        (group(on_demand_percent=0, manager="AWS Batch"), NA, "AWS Batch made"),
        (GroupPurchases("workers", 0, is_mixed=True), NA, "maximum size"),
    ],
)
def test_spot_of_a_group(of, status, words):
    judged(group_spot(of, GroupMarket(), NONE, HERE), status, words)


@pytest.mark.parametrize(
    ("market", "tags", "status", "words"),
    [
        (True, {}, BAD, "ALL_SPOT"),
        (True, ELIGIBLE, GOOD, "100 %"),
        (True, STAGING, GOOD, "100 %"),
        (True, INELIGIBLE, BAD, "ALL_SPOT"),
        (False, {}, NA, "Nobody declared"),
        (None, {}, UNKNOWN, "is gone"),
    ],
)
def test_spot_that_a_launch_template_asks_for(market, tags, status, words):
    judged(group_spot(group(False, tags=tags), GroupMarket(market), NONE, HERE), status, words)
    mixed = group(base=1, on_demand_percent=0, tags=tags)
    assert "launch template" not in group_spot(mixed, GroupMarket(market), NONE, HERE).reason


def environment(kind: str, tags: dict[str, str] | None = None, **more: Any) -> ComputeEnvironment:
    return ComputeEnvironment(**({"name": "night", "kind": kind, "most": 64, "tags": tags} | more))


@pytest.mark.parametrize(
    ("of", "status", "words"),
    [
        (environment("SPOT", ELIGIBLE), GOOD, "SPOT"),
        (environment("FARGATE_SPOT", ELIGIBLE), GOOD, "FARGATE_SPOT"),
        (environment("EC2", ELIGIBLE), BAD, "on demand (EC2)"),
        (environment("FARGATE", ELIGIBLE), BAD, "on demand (FARGATE)"),
        (environment("SPOT", INELIGIBLE), BAD, "forbids"),
        (environment("EC2", INELIGIBLE), GOOD, "EC2"),
        (environment("SPOT"), GOOD, "SPOT"),
        (environment("EC2"), NA, "Nobody declared"),
        (environment("", ELIGIBLE), NA, "manages the instances"),
        (environment("EC2", ELIGIBLE, is_enabled=False), NA, "takes no jobs"),
        (environment("EC2", ELIGIBLE, most=0), NA, "takes no jobs"),
    ],
)
def test_spot_of_a_compute_environment(of, status, words):
    judged(batch_spot(of, NONE, HERE), status, words)


def test_a_compute_environment_of_a_workload_whose_manifest_is_refused():
    refused = Manifests({}, {"maif": "it is no JSON"})
    of = environment("EC2", {"Application": "maif"})
    judged(batch_spot(of, refused, HERE), UNKNOWN, "no JSON")
