"""Caching: entries expire, and no cache fills up for good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.caching.app import (
    api_cache_ttl,
    appsync_ttl,
    cache_cluster_ttl,
    cloudfront_ttl,
    dax_ttl,
    dynamodb_ttl,
    replication_group_ttl,
    serverless_cache_ttl,
)
from readiness.evidence.appsync.apis import ApiCache
from readiness.evidence.cloudfront import Behaviour, DistributionCaching
from readiness.evidence.dax import DaxTtls
from readiness.evidence.dynamodb.usage import TableTtl
from readiness.evidence.elasticache.eviction import EvictionPolicy, GroupEvictionPolicy
from readiness.evidence.elasticache.usage import ClusterInUse, GroupInUse, ServerlessInUse
from tests.accounts.caching import dax, dax_parameters, fake_account
from tests.fake_account import NOON, observe
from tests.rules.test_caching import (
    BAD,
    CACHE,
    GOOD,
    LONG_AGO,
    NA,
    NOBODY,
    SAID,
    UNKNOWN,
    stage,
    used,
)

EXPIRY = [
    pytest.param(CACHE, "volatile-lru", GOOD, "98.0%", id="keys expire"),
    pytest.param(used(expiring=100), "volatile-lru", BAD, "20.0%", id="keys stay"),
    pytest.param(used(expiring=400), "volatile-lru", GOOD, "80.0%", id="just enough"),
    pytest.param(used(items_before=400), "noeviction", BAD, "writes fail", id="grows until full"),
    pytest.param(used(items_before=490), "noeviction", GOOD, "", id="does not grow"),
    pytest.param(used(items_before=400), "allkeys-lru", GOOD, "", id="grows and evicts"),
    pytest.param(used(evictions=7), "volatile-lru", GOOD, "too small", id="evicts"),
    pytest.param(
        used(expiring=0, hits=0, misses=0, passed_on=9.0),
        "noeviction",
        NA,
        "a queue",
        id="a queue",
    ),
    pytest.param(
        used(expiring=0, hits=1, misses=0, passed_on=9.0),
        "noeviction",
        BAD,
        "0.0%",
        id="also read",
    ),
    pytest.param(used(items=None), "", UNKNOWN, "does not show", id="no metrics"),
    pytest.param(used(expiring=None), "", UNKNOWN, "does not show", id="half the metrics"),
    pytest.param(used(items=0, expiring=None), "", NA, "no keys", id="empty"),
    pytest.param(replace(CACHE, status="deleting"), "", NA, "deleted", id="going"),
    pytest.param(replace(CACHE, engine="memcached"), "", UNKNOWN, "attested", id="memcached"),
    pytest.param(replace(CACHE, engine="redis"), "", GOOD, "", id="redis"),
]


@pytest.mark.parametrize(("cache", "policy", "status", "said"), EXPIRY)
def test_keys_expire(cache, policy, status, said):
    group = replication_group_ttl(GroupInUse(cache, NOON), GroupEvictionPolicy(policy), NOBODY)
    alone = cache_cluster_ttl(ClusterInUse(cache, NOON), EvictionPolicy(policy), NOBODY)
    assert (group.status, said in group.reason) == (status, True), group.reason
    assert alone == group


def test_what_memcached_does_not_count_is_attested():
    cache = replace(CACHE, engine="memcached")
    said = cache_cluster_ttl(ClusterInUse(cache, NOON), EvictionPolicy(""), SAID)
    assert said.status is GOOD
    assert serverless_cache_ttl(ServerlessInUse(cache, NOON), SAID).status is GOOD
    assert serverless_cache_ttl(ServerlessInUse(cache, NOON), LONG_AGO).status is BAD


@pytest.mark.parametrize(
    ("cache", "status"),
    [(CACHE, GOOD), (used(expiring=1), BAD), (used(items=None), UNKNOWN)],
    ids=["keys expire", "keys stay", "no metrics"],
)
def test_serverless_cache_ttl(cache, status):
    assert serverless_cache_ttl(ServerlessInUse(cache, NOON), NOBODY).status is status


@pytest.mark.parametrize(
    ("about", "status"),
    [
        pytest.param(stage(a=300, b=3600), GOOD, id="in range"),
        pytest.param(stage(a=300, b=0), BAD, id="0 turns it off"),
        pytest.param(stage(a=3601), BAD, id="too long"),
        pytest.param(stage(a=1), GOOD, id="shortest"),
        pytest.param(stage(a=None), NA, id="nothing cached"),
        pytest.param(stage(enabled=False, a=0), NA, id="no cache"),
    ],
)
def test_api_cache_ttl(about, status):
    assert api_cache_ttl(about).status is status


def behaviours(*times, enabled=True):
    return DistributionCaching(
        enabled, tuple(Behaviour(f"/{n}", *each, "p") for n, each in enumerate(times))
    )


@pytest.mark.parametrize(
    ("about", "settings", "status", "said"),
    [
        pytest.param(behaviours((1, 86_400, 31_536_000)), {}, GOOD, "(1 behavior)", id="managed"),
        pytest.param(behaviours((0, 0, 0)), {}, NA, "caches", id="not to be cached"),
        pytest.param(
            behaviours((0, 0, 0), (1, 60, 60)), {}, GOOD, "(1 behavior)", id="one is cached"
        ),
        pytest.param(behaviours((0, 0, 86_400)), {}, BAD, "header from the origin", id="origin"),
        pytest.param(
            behaviours((0, 0, 86_400)), {"accept_origin_ttl": True}, GOOD, "", id="accepted"
        ),
        pytest.param(behaviours((60, 30, 90)), {}, BAD, "not from 60 to 90", id="below minimum"),
        pytest.param(behaviours((0, 100, 90)), {}, BAD, "not from 0 to 90", id="above maximum"),
        pytest.param(
            behaviours((0, 100, 900)),
            {"max_default_seconds": 99},
            BAD,
            "100 seconds",
            id="too long",
        ),
        pytest.param(behaviours((0, 0, 9), enabled=False), {}, NA, "disabled", id="disabled"),
    ],
)
def test_cloudfront_ttl(about, settings, status, said):
    verdict = cloudfront_ttl(about, **settings)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("ttls", "status"),
    [
        pytest.param(DaxTtls(300_000, 300_000, "g"), GOOD, id="five minutes"),
        pytest.param(DaxTtls(0, 300_000, "g"), BAD, id="items for ever"),
        pytest.param(DaxTtls(300_000, 3_600_001, "g"), BAD, id="queries too long"),
        pytest.param(DaxTtls(None, 300_000, "g"), UNKNOWN, id="not told"),
        pytest.param(DaxTtls(0, 0, "g", "deleting"), NA, id="going"),
    ],
)
def test_dax_ttl(ttls, status):
    assert dax_ttl(ttls).status is status


@pytest.mark.parametrize(
    ("nodes", "record", "status"),
    [
        pytest.param([], "300000", GOOD, id="in effect"),
        pytest.param(["a"], "300000", UNKNOWN, id="after a restart"),
        pytest.param(["a"], "0", BAD, id="wrong even then"),
    ],
)
def test_nodes_that_were_not_restarted_run_with_what_the_group_said_before(nodes, record, status):
    group = {
        "ParameterGroupName": "orders",
        "ParameterApplyStatus": "pending-reboot" if nodes else "in-sync",
        "NodeIdsToReboot": nodes,
    }
    account = fake_account().but(
        dax__describe_clusters={"Clusters": [dax(ParameterGroup=group)]},
        dax__describe_parameters=dax_parameters(record, "300000"),
    )
    seen = observe(account, dax_ttl, "orders")
    assert seen.finding.status is status, seen


@pytest.mark.parametrize(
    ("ttl", "status"), [(None, NA), (0, BAD), (1, GOOD), (3600, GOOD), (3601, BAD)]
)
def test_appsync_ttl(ttl, status):
    assert appsync_ttl(ApiCache(ttl)).status is status


@pytest.mark.parametrize(
    ("about", "settings", "status", "said"),
    [
        pytest.param(ApiCache(300, "DELETING"), {}, NA, "DELETING", id="going"),
        pytest.param(ApiCache(300, "FAILED"), {}, NA, "FAILED", id="failed"),
        pytest.param(ApiCache(300, resolvers={}), {}, NA, "no resolver", id="no resolver"),
        pytest.param(
            ApiCache(300, resolvers={"Query.a": 60}), {}, GOOD, "1 cached resolver", id="one"
        ),
        pytest.param(
            ApiCache(30, resolvers={"Query.a": 3000, "Query.b": 60}),
            {"max_ttl_seconds": 60},
            BAD,
            "Query.a (3,000 seconds)",
            id="longer than the cache's own",
        ),
        pytest.param(
            ApiCache(3000, resolvers={"Query.b": 60}),
            {"max_ttl_seconds": 60},
            GOOD,
            "",
            id="shorter than the cache's own",
        ),
    ],
)
def test_the_ttl_of_resolvers(about, settings, status, said):
    verdict = appsync_ttl(about, **settings)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("about", "status"),
    [
        pytest.param(TableTtl("its name", "ENABLED", "until"), GOOD, id="enabled"),
        pytest.param(TableTtl("its name", "ENABLING"), UNKNOWN, id="being enabled"),
        pytest.param(TableTtl("its name", "DISABLING"), BAD, id="being disabled"),
        pytest.param(TableTtl("its name", "DISABLED"), BAD, id="disabled"),
        pytest.param(TableTtl("its name"), BAD, id="not told"),
        pytest.param(TableTtl(""), NA, id="another kind of table"),
    ],
)
def test_dynamodb_ttl(about, status):
    assert dynamodb_ttl(about).status is status


def test_an_empty_serverless_cache_has_nothing_to_expire():
    empty = ServerlessInUse(used(items=0, expiring=None), NOON)
    assert serverless_cache_ttl(empty, NOBODY).status is NA
