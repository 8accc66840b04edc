"""Tags by which costs are divided: evidence in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from functions.budget_alerts.app import (
    auto_scaling_group_tags,
    bucket_tags,
    cache_cluster_tags,
    cache_tags,
    cluster_tags,
    cost_allocation_tags,
    cost_budget,
    database_tags,
    file_system_tags,
    function_tags,
    instance_tags,
    load_balancer_tags,
    log_group_tags,
    memorydb_tags,
    queue_tags,
    secret_tags,
    service_tags,
    table_tags,
    topic_tags,
    volume_tags,
)
from readiness import Severity, Status
from readiness.evidence.awslambda.functions import FunctionIdentity, FunctionTags
from readiness.evidence.costexplorer import CostAllocationTags
from readiness.evidence.ecs.services import Service
from readiness.evidence.workloads.cost_tags import (
    BalancerTags,
    CacheClusterTags,
    CacheGroupTags,
    FileSystemTags,
    GroupTags,
    InstanceTags,
    LogGroupsTags,
    MemoryDbTags,
    QueueTags,
    SameTags,
    ServiceTaskTags,
    TopicTags,
    VolumeTags,
)
from readiness.evidence.workloads.data_stores import (
    BucketTags,
    ClusterTags,
    DatabaseTags,
    SecretTags,
    TableTags,
)
from readiness.evidence.workloads.manifests import Manifests
from readiness.model.manifest import Manifest
from tests.accounts.budget_alerts import TAGS
from tests.rules.test_budget_alerts import BUDGET, NONE, SELF, TODAY, budgets, judged, of_workload

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA


# -- tags -----------------------------------------------------------------------------------------


def test_cost_allocation_tags():
    active = dict.fromkeys(("Application", "CostCenter", "Environment"))
    judged(cost_allocation_tags(CostAllocationTags(active)), GOOD)
    judged(cost_allocation_tags(CostAllocationTags({"application": None})), BAD, "Application")
    judged(
        cost_allocation_tags(CostAllocationTags({"team": None}), cost_tags=("team",)), GOOD, "team"
    )
    judged(cost_allocation_tags(CostAllocationTags({}, "444455556666")), UNKNOWN, "444455556666")


SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:agent-AbCdEf"


def service(tags, **more: Any) -> Service:
    arn = more.pop("arn", "arn:aws:ecs:us-east-1:111122223333:service/c/agent")
    return Service(arn, "agent", "c", "t", tags=tags, **({"propagates_tags": "SERVICE"} | more))


RULES = {
    "function": lambda tags, m, **s: function_tags(
        FunctionIdentity("agent"), FunctionTags(tags), m, **s
    ),
    "service": lambda tags, m, **s: service_tags(service(tags), ServiceTaskTags(), m, **s),
    "bucket": lambda tags, m, **s: bucket_tags(BucketTags("agent", tags), m, **s),
    "table": lambda tags, m, **s: table_tags(TableTags("agent", tags), m, **s),
    "database": lambda tags, m, **s: database_tags(DatabaseTags("agent", tags, "c"), m, **s),
    "cluster": lambda tags, m, **s: cluster_tags(ClusterTags("agent", tags), m, **s),
    "queue": lambda tags, m, **s: queue_tags(QueueTags("agent", tags), m, **s),
    "topic": lambda tags, m, **s: topic_tags(TopicTags("agent", tags), m, **s),
    "file system": lambda tags, m, **s: file_system_tags(FileSystemTags("agent", tags), m, **s),
    "secret": lambda tags, m, **s: secret_tags(SecretTags(SECRET, tags), m, **s),
    "load balancer": lambda tags, m, **s: load_balancer_tags(BalancerTags("agent", tags), m, **s),
    "cache": lambda tags, m, **s: cache_tags(CacheGroupTags("agent", tags), m, **s),
    "cache cluster": lambda tags, m, **s: cache_cluster_tags(
        CacheClusterTags("agent", tags), m, **s
    ),
    "memorydb": lambda tags, m, **s: memorydb_tags(MemoryDbTags("agent", tags), m, **s),
    "group": lambda tags, m, **s: auto_scaling_group_tags(
        GroupTags("agent", tags, frozenset(tags), 2), InstanceTags(), m, **s
    ),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
@pytest.mark.parametrize(
    ("tags", "settings", "status", "words"),
    [
        pytest.param(TAGS, {}, GOOD, "", id="all"),
        pytest.param({}, {}, BAD, "lacks the tags Application, CostCenter", id="never tagged"),
        pytest.param({**TAGS, "CostCenter": " "}, {}, BAD, "CostCenter is empty", id="empty"),
        pytest.param(
            {**{k: v for k, v in TAGS.items() if k != "CostCenter"}, "costcenter": "x"},
            {},
            BAD,
            "'costcenter' is not 'CostCenter'",
            id="another case",
        ),
        pytest.param({**TAGS, "Owner": ""}, {}, GOOD, "", id="a tag that tells no costs"),
        pytest.param({"aws:Owner": "x"}, {"required_tags": ("Owner",)}, BAD, "", id="AWS's own"),
        pytest.param({}, {"required_tags": ()}, NA, "", id="none required"),
        pytest.param(
            {"Environment": "prod"},
            {"required_tags": ("Environment=production|staging",)},
            BAD,
            "'prod', not production or staging",
            id="not allowed",
        ),
        pytest.param(
            {"Environment": "staging"},
            {"required_tags": ("Environment=production|staging",)},
            GOOD,
            "",
            id="allowed",
        ),
        pytest.param({}, {"exempt_names": ("age*",)}, NA, "exempt", id="exempt"),
    ],
)
def test_required_tags(rule, tags, settings, status, words):
    judged(rule(tags, NONE, **settings), status, words)


@pytest.mark.parametrize(
    ("tags", "settings", "severity"),
    [
        ({}, {}, None),
        ({"Application": " "}, {}, None),
        ({"application": "maif"}, {}, None),
        ({"Application": "maif"}, {}, Severity.LOW),
        ({"Application": "maif"}, {"required_tags": ("Application=shop", "Team")}, None),
        ({"Application": "maif"}, {"required_tags": ("Team",)}, None),
    ],
)
def test_costs_that_are_nobodys_are_worse_than_costs_that_are_not_divided(
    tags, settings, severity
):
    verdict = queue_tags(QueueTags("agent", tags), NONE, **settings)
    assert (verdict.status, verdict.severity) == (BAD, severity)


def test_tasks_without_tags_are_nobodys_costs():
    of = service({"Application": "maif"}, propagates_tags="")
    verdict = service_tags(of, ServiceTaskTags(), NONE)
    assert verdict.severity is None


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_the_manifest_says_which_tags(rule):
    mine = Manifest("maif", "team", TODAY, required_tags={"Team": ("agents", "web")})
    stated = Manifests({"maif": mine})
    judged(rule({"Application": "maif", "Team": "web"}, stated), GOOD, "(manifest maif)")
    judged(rule({"Application": "maif", "Team": "x"}, stated), BAD, "not agents or web")
    judged(rule({"Application": "shop"}, stated), BAD, "lacks the tags CostCenter")
    silent = Manifests({"maif": replace(mine, required_tags={})})
    judged(rule({"Application": "maif"}, silent), BAD, "lacks the tags CostCenter")
    refused = Manifests({}, {"maif": "it is no JSON"})
    judged(rule({"Application": "maif"}, refused), UNKNOWN, "it is no JSON")
    judged(rule({}, Manifests({}, {"default": "it is no JSON"})), UNKNOWN, "default")


def test_workloads_with_a_manifest_need_a_budget_each():
    stated = Manifests({each: Manifest(each, "team", TODAY) for each in ("default", "maif")})
    judged(cost_budget(budgets(of_workload("maif")), SELF, stated), GOOD, "budget maif")
    judged(cost_budget(budgets(of_workload("shop")), SELF, stated), BAD, "covers maif")
    refused = Manifests({}, {"maif": "it is no JSON"})
    judged(cost_budget(budgets(of_workload("maif")), SELF, refused), UNKNOWN, "it is no JSON")
    named = cost_budget(budgets(of_workload("maif")), SELF, refused, workloads=("maif",))
    judged(named, GOOD)
    judged(cost_budget(budgets(BUDGET), SELF, refused), GOOD)


def test_replicas_and_untaggable_services():
    replica = FunctionIdentity("us-east-1.edge", "arn:aws:lambda:us-east-1:1:function:edge")
    judged(function_tags(replica, FunctionTags({}), NONE), NA, "Lambda@Edge")
    old = service({}, arn="arn:aws:ecs:us-east-1:111122223333:service/agent")
    judged(service_tags(old, ServiceTaskTags(), NONE), NA, "old format")


def test_tasks_that_get_no_tags():
    judged(
        service_tags(service(TAGS, propagates_tags=""), ServiceTaskTags(), NONE),
        BAD,
        "the bill shows none",
    )
    judged(
        service_tags(
            service(TAGS, propagates_tags="", has_managed_tags=True), ServiceTaskTags(), NONE
        ),
        GOOD,
    )


def test_buckets_of_deployment_tools():
    judged(bucket_tags(BucketTags("cdk-hnb659fds-assets-1-us-east-1", {}), NONE), NA)


# -- the tags of many -----------------------------------------------------------------------------


def alike(*tags_and_counts):
    return tuple(
        SameTags(tags, count, tuple(f"id-{count}-{n}" for n in range(min(count, 2))))
        for tags, count in tags_and_counts
    )


MANY = {
    "instances": lambda same, m, **s: instance_tags(InstanceTags(same), m, **s),
    "volumes": lambda same, m, **s: volume_tags(VolumeTags(same), m, **s),
    "log groups": lambda same, m, **s: log_group_tags(LogGroupsTags(same), m, **s),
}


@pytest.mark.parametrize("rule", MANY.values(), ids=list(MANY))
@pytest.mark.parametrize(
    ("same", "settings", "status", "words"),
    [
        pytest.param((), {}, NA, "has no", id="none"),
        pytest.param(alike((TAGS, 3)), {}, GOOD, "3 ", id="all"),
        pytest.param(alike((TAGS, 3), ({}, 700)), {}, BAD, "700 of 703", id="some"),
        pytest.param(alike(({}, 1), ({"a": "b"}, 9)), {}, BAD, "10 of 10", id="two kinds"),
        pytest.param(
            alike(*(({"a": str(n)}, n) for n in range(1, 8))), {}, BAD, "2 more kinds", id="many"
        ),
        pytest.param(alike(({}, 9)), {"required_tags": ()}, NA, "", id="none required"),
        pytest.param(
            alike(({"Team": "x"}, 9)), {"required_tags": ("Team",)}, GOOD, "", id="others required"
        ),
    ],
)
def test_many_resources_at_once(rule, same, settings, status, words):
    judged(rule(same, NONE, **settings), status, words)


@pytest.mark.parametrize("rule", MANY.values(), ids=list(MANY))
def test_manifests_hold_for_many_as_well(rule):
    mine = Manifest("maif", "team", TODAY, required_tags={"Team": ()})
    same = alike(({"Application": "maif", "Team": "web"}, 4))
    judged(rule(same, Manifests({"maif": mine})), GOOD)
    refused = Manifests({}, {"maif": "it is no JSON"})
    judged(rule(same, refused), UNKNOWN, "it is no JSON")
    judged(rule((*same, *alike(({}, 1))), refused), BAD, "1 of 5")


def test_what_says_whose_costs_it_makes_is_low():
    some = instance_tags(InstanceTags(alike(({"Application": "maif"}, 2))), NONE)
    assert some.severity is Severity.LOW
    mixed = instance_tags(InstanceTags(alike(({"Application": "maif"}, 2), ({}, 1))), NONE)
    assert mixed.severity is None


def of_group(propagated=(), instances=2, present=None):
    group = GroupTags("web", TAGS, frozenset(propagated), instances)
    running = InstanceTags(of_groups={"web": frozenset(present)} if present is not None else {})
    return auto_scaling_group_tags(group, running, NONE)


def test_tags_of_a_group_that_do_not_reach_its_instances():
    judged(of_group(TAGS), GOOD)
    judged(of_group(), BAD, "PropagateAtLaunch")
    judged(of_group(instances=0), GOOD)
    judged(of_group(present=TAGS), GOOD)
    judged(of_group(present={"Application"}), BAD, "CostCenter and Environment")
    judged(of_group(["Application"], present={"CostCenter", "Environment"}), GOOD)


def test_what_others_manage_needs_no_tags():
    of_batch = GroupTags("b", {"AWSBatchServiceTag": "batch"})
    judged(auto_scaling_group_tags(of_batch, InstanceTags(), NONE), NA, "AWS Batch")
    judged(secret_tags(SecretTags(SECRET.replace("agent", "rds!db-1"), {}), NONE), NA, "rds")
    judged(cache_cluster_tags(CacheClusterTags("a-001", {}, "a"), NONE), NA, "group a")


def test_tasks_that_get_the_tags_of_their_definition():
    of = service(TAGS, propagates_tags="TASK_DEFINITION")
    judged(service_tags(of, ServiceTaskTags(frozenset(TAGS)), NONE), GOOD)
    lacking = service_tags(of, ServiceTaskTags(frozenset({"Application"})), NONE)
    judged(lacking, BAD, "which lacks CostCenter and Environment")
    other = service_tags(of, ServiceTaskTags(frozenset()), NONE, required_tags=("Owner",))
    judged(other, BAD, "Owner")
