"""Caching: what the settings of its rules change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.caching.app import (
    api_cache_ttl,
    api_cache_used,
    appsync_ttl,
    cache_cluster_ttl,
    cache_cluster_used,
    dax_ttl,
    dax_used,
    dynamodb_ttl,
    ecs_strategy,
    lambda_strategy,
    memorydb_used,
    replication_group_ttl,
    replication_group_used,
    serverless_cache_ttl,
    serverless_cache_used,
    shared_cache,
)
from readiness.evidence.apigateway.stage_cache import StageLookups
from readiness.evidence.appsync.apis import ApiCache
from readiness.evidence.dax import DaxInUse, DaxTtls
from readiness.evidence.ecs.services import Service
from readiness.evidence.elasticache.eviction import EvictionPolicy, GroupEvictionPolicy
from readiness.evidence.elasticache.usage import ClusterInUse, GroupInUse, ServerlessInUse
from readiness.evidence.memorydb import MemoryDbInUse
from readiness.evidence.workloads.shared_caches import ComputeUnits
from tests.accounts import caching as worlds
from tests.fake_account import ACCOUNT_ID, HOME, NOON, observe
from tests.rules.test_caching import (
    BAD,
    BARE,
    CACHE,
    FUNCTION,
    GOOD,
    NA,
    NOBODY,
    ONE,
    SAID,
    TAGGED,
    TWO,
    UNKNOWN,
    WEB,
    caches,
    network,
    stage,
    used,
)

RATES = [
    pytest.param(10, {"min_hit_rate": 0.1}, GOOD, id="as low as allowed"),
    pytest.param(10, {"min_hit_rate": 0.11}, BAD, id="lower than allowed"),
    pytest.param(10, {}, BAD, id="lower than the default"),
    pytest.param(90, {"min_hit_rate": 0.91}, BAD, id="a setting above the default"),
]


@pytest.mark.parametrize(
    ("rule", "evidence"),
    [
        (replication_group_used, GroupInUse),
        (cache_cluster_used, ClusterInUse),
        (serverless_cache_used, ServerlessInUse),
        (memorydb_used, MemoryDbInUse),
        (dax_used, DaxInUse),
    ],
    ids=["replication group", "cluster", "serverless", "memorydb", "dax"],
)
@pytest.mark.parametrize(("hits", "settings", "status"), RATES)
def test_the_hit_rate_of_a_cache(rule, evidence, hits, settings, status):
    cache = used(hits=hits, misses=100 - hits)
    assert rule(evidence(cache, NOON), **settings).status is status


@pytest.mark.parametrize(("hits", "settings", "status"), RATES)
def test_the_hit_rate_of_a_strategy(hits, settings, status):
    seen = caches(used(hits=hits, misses=100 - hits))
    assert (
        lambda_strategy(FUNCTION, network(FUNCTION), TAGGED, seen, NOBODY, **settings).status
        is status
    )
    assert ecs_strategy(WEB, seen, NOBODY, **settings).status is status


@pytest.mark.parametrize(("hits", "settings", "status"), RATES)
def test_the_hit_rate_of_a_stage(hits, settings, status):
    lookups = StageLookups(hits, 100.0 - hits, 100.0)
    assert api_cache_used(stage(a=300), lookups, **settings).status is status


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        pytest.param("Application", GOOD, id="the tag they share"),
        pytest.param("Team", UNKNOWN, id="another tag"),
    ],
)
def test_the_tag_of_a_workload(tag, status):
    seen = caches(CACHE)
    assert (
        lambda_strategy(FUNCTION, network(FUNCTION), TAGGED, seen, NOBODY, workload_tag=tag).status
        is status
    )
    assert ecs_strategy(WEB, seen, NOBODY, workload_tag=tag).status is status
    verdict = shared_cache(ComputeUnits((ONE, TWO)), seen, workload_tag=tag)
    assert verdict.status is (GOOD if status is GOOD else NA)


UNUSED = Service("arn:batch", "batch", "", "")
MEMCACHED = replace(CACHE, engine="memcached")
STATED = [
    pytest.param(
        lambda said, **settings: lambda_strategy(
            FUNCTION, network(FUNCTION), BARE, caches(), said, **settings
        ),
        id="function",
    ),
    pytest.param(
        lambda said, **settings: ecs_strategy(UNUSED, caches(), said, **settings), id="service"
    ),
    pytest.param(
        lambda said, **settings: replication_group_ttl(
            GroupInUse(MEMCACHED, NOON), GroupEvictionPolicy(""), said, **settings
        ),
        id="replication group",
    ),
    pytest.param(
        lambda said, **settings: cache_cluster_ttl(
            ClusterInUse(MEMCACHED, NOON), EvictionPolicy(""), said, **settings
        ),
        id="cluster",
    ),
    pytest.param(
        lambda said, **settings: serverless_cache_ttl(
            ServerlessInUse(MEMCACHED, NOON), said, **settings
        ),
        id="serverless",
    ),
]


@pytest.mark.parametrize(
    ("settings", "status", "said"),
    [
        pytest.param({"max_age_days": 11}, GOOD, "attested", id="younger than allowed"),
        pytest.param({"max_age_days": 9}, BAD, "attested, but", id="older than allowed"),
        pytest.param({"two_people": True}, BAD, "second person", id="nobody else approved"),
    ],
)
@pytest.mark.parametrize("judged", STATED)
def test_what_a_statement_must_be_like(judged, settings, status, said):
    verdict = judged(SAID, **settings)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("changes", "settings", "status"),
    [
        pytest.param({"expiring": 250}, {}, BAD, id="half of them, by default"),
        pytest.param({"expiring": 250}, {"min_volatile_share": 0.5}, GOOD, id="as few as allowed"),
        pytest.param({"expiring": 249}, {"min_volatile_share": 0.5}, BAD, id="fewer"),
        pytest.param({}, {"min_volatile_share": 0.99}, BAD, id="a setting above the default"),
    ],
)
def test_the_share_of_keys_that_expire(changes, settings, status):
    cache = used(**changes)
    group, alone = GroupInUse(cache, NOON), ClusterInUse(cache, NOON)
    lru = "volatile-lru"
    assert (
        replication_group_ttl(group, GroupEvictionPolicy(lru), NOBODY, **settings).status is status
    )
    assert cache_cluster_ttl(alone, EvictionPolicy(lru), NOBODY, **settings).status is status
    assert serverless_cache_ttl(ServerlessInUse(cache, NOON), NOBODY, **settings).status is status


@pytest.mark.parametrize(
    ("before", "settings", "status"),
    [
        pytest.param(400, {}, BAD, id="by a quarter, by default"),
        pytest.param(400, {"max_growth": 0.25}, GOOD, id="as much as allowed"),
        pytest.param(400, {"max_growth": 0.24}, BAD, id="more than allowed"),
        pytest.param(490, {"max_growth": 0.0}, BAD, id="at all"),
    ],
)
def test_how_much_keys_may_grow_where_nothing_is_evicted(before, settings, status):
    cache = used(items_before=before)
    group, alone = GroupInUse(cache, NOON), ClusterInUse(cache, NOON)
    full = "noeviction"
    assert (
        replication_group_ttl(group, GroupEvictionPolicy(full), NOBODY, **settings).status
        is status
    )
    assert cache_cluster_ttl(alone, EvictionPolicy(full), NOBODY, **settings).status is status


@pytest.mark.parametrize(
    ("seconds", "settings", "status"),
    [
        pytest.param(7200, {}, BAD, id="longer than the default"),
        pytest.param(7200, {"max_ttl_seconds": 7200}, GOOD, id="as long as allowed"),
        pytest.param(7201, {"max_ttl_seconds": 7200}, BAD, id="longer than allowed"),
        pytest.param(30, {"min_ttl_seconds": 30}, GOOD, id="as short as allowed"),
        pytest.param(29, {"min_ttl_seconds": 30}, BAD, id="shorter than allowed"),
    ],
)
def test_how_long_answers_are_kept(seconds, settings, status):
    milliseconds = seconds * 1000
    assert api_cache_ttl(stage(a=seconds), **settings).status is status
    assert dax_ttl(DaxTtls(milliseconds, milliseconds, "g"), **settings).status is status
    assert appsync_ttl(ApiCache(seconds), **settings).status is status


@pytest.mark.parametrize(
    ("rule", "id", "without"),
    [
        pytest.param(lambda_strategy, "agent", UNKNOWN, id="function"),
        pytest.param(ecs_strategy, worlds.SERVICE, UNKNOWN, id="service"),
        pytest.param(shared_cache, ACCOUNT_ID, BAD, id="workload"),
    ],
)
def test_memorydb_stands_in_for_elasticache_if_it_is_looked_at(rule, id, without):
    arns = [
        f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent",
        f"arn:aws:memorydb:{HOME}:{ACCOUNT_ID}:cluster/ledger",
    ]
    tags = [{"Key": "Application", "Value": "MAIF"}]
    only_memorydb = worlds.fake_account().but(
        resourcegroupstaggingapi__get_resources={
            "ResourceTagMappingList": [{"ResourceARN": arn, "Tags": tags} for arn in arns]
        },
        dynamodb__query={"Items": []},
        elasticache__describe_replication_groups={"ReplicationGroups": []},
        elasticache__describe_cache_clusters={"CacheClusters": []},
        elasticache__describe_serverless_caches={"ServerlessCaches": []},
    )
    assert observe(only_memorydb, rule, id).finding.status is GOOD
    seen = observe(only_memorydb, rule, id, look_at_memorydb=False)
    assert (seen.crash, seen.finding.status) == ("", without), seen.finding.reason


@pytest.mark.parametrize(
    ("patterns", "status"),
    [
        pytest.param(["*-sessions"], GOOD, id="a pattern for it"),
        pytest.param(["*cache*"], NA, id="patterns for others"),
        pytest.param([], NA, id="no pattern"),
    ],
)
def test_which_tables_cache(patterns, status):
    seen = observe(worlds.fake_account(), dynamodb_ttl, "agent-sessions", cache_tables=patterns)
    assert (seen.crash, seen.finding.status) == ("", status)
