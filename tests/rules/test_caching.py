"""Caches that are used, shared, and let go of what is old."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.caching.app import (
    api_cache_used,
    cache_cluster_ttl,
    cache_cluster_used,
    caching,
    dax_used,
    ecs_strategy,
    lambda_strategy,
    memorydb_used,
    replication_group_used,
    serverless_cache_used,
    shared_cache,
)
from readiness import Status
from readiness.evidence.apigateway.stage_cache import MethodCache, StageCache, StageLookups
from readiness.evidence.awslambda.functions import FunctionConfiguration, FunctionTags
from readiness.evidence.awslambda.network import FunctionNetwork
from readiness.evidence.caches import Cache, Use
from readiness.evidence.dax import DaxInUse
from readiness.evidence.ecs.services import Service
from readiness.evidence.elasticache.eviction import EvictionPolicy
from readiness.evidence.elasticache.usage import ClusterInUse, GroupInUse, ServerlessInUse
from readiness.evidence.memorydb import MemoryDbInUse
from readiness.evidence.workloads.shared_caches import (
    ComputeUnit,
    ComputeUnits,
    SharedCache,
    SharedCaches,
)
from readiness.model.attestation import Attestation, Attested, Scope
from tests.accounts import caching as worlds
from tests.fake_account import NOON, observe, scan

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA

BUSY = Use(hits=900, misses=100, items=500, items_before=480, expiring=490, evictions=0)
CACHE = Cache("ElastiCache replication group", "sessions", "valkey", use=BUSY)
NOBODY = Attested((), NOON)
SAID = Attested(
    (
        Attestation(
            id="aaaa11112222",
            rule="caching.lambda-strategy",
            scope=Scope(),
            statement="No reads that could be cached.",
            performed_at=NOON - timedelta(days=10),
            declared_at=NOON - timedelta(days=10),
            owner="team@example.com",
            attester="alice",
            attester_id="AROA:alice",
        ),
    ),
    NOON,
)
LONG_AGO = Attested((), NOON, first_seen=NOON - timedelta(days=30))


def used(**changes):
    return replace(CACHE, use=replace(BUSY, **changes))


USE = [
    pytest.param(CACHE, GOOD, "90.0%", id="asked and knows"),
    pytest.param(used(hits=0, misses=0), BAD, "was not used", id="nobody asks"),
    pytest.param(
        used(hits=1, misses=99), BAD, "1.0% in the last 7 days; at least 20%", id="seldom knows"
    ),
    pytest.param(used(hits=20, misses=80), GOOD, "20.0%", id="just often enough"),
    pytest.param(
        used(hits=None, misses=None), UNKNOWN, "does not mean that it is not used", id="no metrics"
    ),
    pytest.param(
        replace(used(hits=0, misses=0), created=NOON - timedelta(days=2)),
        UNKNOWN,
        "not been used yet",
        id="new and not used yet",
    ),
    pytest.param(
        used(hits=0, misses=0, passed_on=3600.0), NA, "a queue, a stream or a channel", id="queue"
    ),
    pytest.param(
        used(hits=0, misses=0, passed_on=0.0, written=0.0), BAD, "was not used", id="not used"
    ),
    pytest.param(
        used(hits=0, misses=0, passed_on=0.0, written=50.0),
        UNKNOWN,
        "50 commands wrote",
        id="counters and locks",
    ),
    pytest.param(
        replace(used(hits=0, misses=0), copy_of="ldgnf-orders"),
        NA,
        "copy in the Global Datastore ldgnf-orders",
        id="the passive copy of another region",
    ),
    pytest.param(
        replace(used(hits=1, misses=99), copy_of="ldgnf-orders"), BAD, "1.0%", id="a copy in use"
    ),
    pytest.param(
        replace(used(hits=1, misses=99), created=NOON - timedelta(days=2)),
        UNKNOWN,
        "may still be filling",
        id="new and still cold",
    ),
    pytest.param(
        replace(used(hits=1, misses=99), created=NOON - timedelta(days=8)), BAD, "", id="cold"
    ),
    pytest.param(
        replace(CACHE, status="snapshotting"), GOOD, "1,000 lookups", id="making a snapshot"
    ),
    pytest.param(replace(CACHE, status="creating"), UNKNOWN, "is creating", id="being made"),
    pytest.param(replace(CACHE, status="modifying"), UNKNOWN, "is modifying", id="changing"),
    pytest.param(replace(CACHE, status="create-failed"), BAD, "does not work", id="failed"),
    pytest.param(
        replace(CACHE, status="incompatible-network"), BAD, "does not work", id="cut off"
    ),
    pytest.param(replace(CACHE, status="deleting"), NA, "being deleted", id="going"),
    pytest.param(
        used(hits=5, misses=None, asked=0), GOOD, "had 5 lookups", id="hits without commands"
    ),
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
@pytest.mark.parametrize(("cache", "status", "said"), USE)
def test_a_cache_is_used(rule, evidence, cache, status, said):
    verdict = rule(evidence(cache, NOON))
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("use", "status"),
    [
        pytest.param(Use(hits=900, asked=1000, best_rate=0.9), GOOD, id="hits at its best"),
        pytest.param(Use(hits=1, asked=1000, best_rate=0.1), BAD, id="misses even at its best"),
        pytest.param(Use(hits=None, asked=10), GOOD, id="written to only"),
        pytest.param(Use(hits=0, asked=0), BAD, id="no command"),
    ],
)
def test_a_serverless_cache_counts_no_misses(use, status):
    verdict = serverless_cache_used(ServerlessInUse(replace(CACHE, use=use), NOON))
    assert verdict.status is status, verdict.reason


def test_a_member_of_a_group_is_judged_with_it():
    member = ClusterInUse(CACHE, NOON, replication_group="sessions")
    assert cache_cluster_used(member).status is NA
    assert cache_cluster_ttl(member, EvictionPolicy(""), NOBODY).status is NA


# -- strategy -----------------------------------------------------------------------------------


def caches(*some, **changes):
    shared = [
        SharedCache(replace(each, **changes), {"Application": "MAIF"}, frozenset({"sg-client"}))
        for each in some
    ]
    return SharedCaches(tuple(shared), NOON)


HOSTED = replace(CACHE, hosts=frozenset({"sessions.cache.amazonaws.com"}))
OTHER = replace(CACHE, name="other")
IDLE = replace(used(hits=0, misses=0), hosts=HOSTED.hosts)
FUNCTION = FunctionConfiguration("agent", environment={})
BY_ADDRESS = replace(FUNCTION, environment={"URL": "rediss://SESSIONS.cache.amazonaws.com:6379"})
BY_GROUP = replace(FUNCTION, security_group_ids=("sg-client",))
TAGGED = FunctionTags({"Application": "MAIF"})
BARE = FunctionTags({})


def network(function):
    return FunctionNetwork(function.subnet_ids, function.security_group_ids)


@pytest.mark.parametrize(
    ("function", "tags", "seen", "attested", "status", "said"),
    [
        pytest.param(BY_ADDRESS, BARE, caches(HOSTED), NOBODY, GOOD, "environment", id="address"),
        pytest.param(BY_GROUP, BARE, caches(HOSTED), NOBODY, GOOD, "security group", id="group"),
        pytest.param(FUNCTION, TAGGED, caches(HOSTED), NOBODY, GOOD, "tag App", id="tag"),
        pytest.param(FUNCTION, BARE, caches(HOSTED), NOBODY, UNKNOWN, "attested", id="no link"),
        pytest.param(FUNCTION, BARE, caches(), SAID, GOOD, "is attested by", id="attested"),
        pytest.param(
            FUNCTION,
            BARE,
            caches(),
            LONG_AGO,
            BAD,
            "is not attested; it was due",
            id="never attested",
        ),
        pytest.param(
            BY_ADDRESS, BARE, caches(IDLE), SAID, BAD, "was not used", id="attested, idle"
        ),
        pytest.param(
            BY_ADDRESS, BARE, caches(HOSTED, status="creating"), SAID, GOOD, "attested", id="new"
        ),
        pytest.param(
            BY_ADDRESS, BARE, caches(HOSTED, status="deleting"), NOBODY, UNKNOWN, "", id="going"
        ),
        pytest.param(
            replace(FUNCTION, environment=None),
            TAGGED,
            caches(CACHE),
            NOBODY,
            GOOD,
            "",
            id="sealed",
        ),
        pytest.param(
            replace(FUNCTION, master_arn="arn:x"), BARE, caches(), NOBODY, NA, "replica", id="edge"
        ),
    ],
)
def test_lambda_strategy(function, tags, seen, attested, status, said):
    verdict = lambda_strategy(function, network(function), tags, seen, attested)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


def test_a_second_person_is_wanted_if_so_set():
    verdict = lambda_strategy(FUNCTION, network(FUNCTION), BARE, caches(), SAID, two_people=True)
    assert (verdict.status, "second person" in verdict.reason) == (BAD, True)


@pytest.mark.parametrize(
    ("service", "seen", "status"),
    [
        pytest.param({"security_group_ids": ("sg-client",)}, caches(CACHE), GOOD, id="group"),
        pytest.param({"tags": {"Application": "MAIF"}}, caches(CACHE), GOOD, id="tag"),
        pytest.param({"tags": {"Application": "other"}}, caches(CACHE), UNKNOWN, id="another's"),
        pytest.param({"tags": {"Application": "MAIF"}}, caches(IDLE), BAD, id="idle"),
    ],
)
def test_ecs_strategy(service, seen, status):
    verdict = ecs_strategy(Service("arn:web", "web", "", "", **service), seen, NOBODY)
    assert verdict.status is status, verdict.reason


# -- shared -------------------------------------------------------------------------------------

MAIF = {"Application": "MAIF"}
WEB = Service("arn:web", "web", "", "", tags=MAIF)
ONE, TWO = ComputeUnit("a", tags=MAIF), ComputeUnit("b", tags=MAIF)
STRANGERS = (
    ComputeUnit("a", tags={"Application": "x"}),
    ComputeUnit("b", tags={"Application": "x"}),
)


@pytest.mark.parametrize(
    ("units", "seen", "settings", "status", "said"),
    [
        pytest.param((ONE, TWO), caches(CACHE), {}, GOOD, "MAIF: ", id="shares one"),
        pytest.param((ONE, TWO), caches(), {}, BAD, "for its 2 functions", id="has none"),
        pytest.param((ONE, TWO), caches(IDLE), {}, BAD, "was not used", id="nobody asks"),
        pytest.param((ONE, TWO), caches(IDLE, OTHER), {}, GOOD, "", id="one of two is asked"),
        pytest.param(
            STRANGERS, caches(CACHE), {}, BAD, "None of them can reach", id="unreachable"
        ),
        pytest.param(
            (ONE, TWO), caches(CACHE, status="creating"), {}, UNKNOWN, "is creating", id="coming"
        ),
        pytest.param((ONE,), caches(), {}, NA, "No workload", id="one alone"),
        pytest.param(
            (ComputeUnit("a"), ComputeUnit("b")), caches(), {}, NA, "No workload", id="no tags"
        ),
        pytest.param(
            (ONE,),
            caches(),
            {"shared_cache_required": True},
            BAD,
            "has no shared cache",
            id="required",
        ),
        pytest.param(
            (), caches(CACHE), {"shared_cache_required": True}, GOOD, "(the region)", id="met"
        ),
        pytest.param((ONE, TWO), caches(), {"min_compute_units": 3}, NA, "has 3", id="too few"),
    ],
)
def test_shared_cache(units, seen, settings, status, said):
    verdict = shared_cache(ComputeUnits(units), seen, **settings)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


def stage(*, enabled=True, status="AVAILABLE", **ttls):
    methods = {
        f"/{name}/GET": MethodCache(ttl is not None, ttl or 0) for name, ttl in ttls.items()
    }
    return StageCache("orders", "prod", enabled, status, methods)


@pytest.mark.parametrize(
    ("about", "lookups", "status", "said"),
    [
        pytest.param(stage(a=300), (80.0, 20.0, 100.0), GOOD, "80.0%", id="used"),
        pytest.param(stage(a=300), (1.0, 99.0, 100.0), BAD, "1.0%", id="seldom knows"),
        pytest.param(
            stage(a=300), (10.0, None, 10.0), GOOD, "had 10 lookups", id="no miss counted"
        ),
        pytest.param(stage(a=300), (None, None, 50.0), BAD, "had 50 requests", id="not asked"),
        pytest.param(stage(a=300), (0.0, 0.0, 50.0), BAD, "had 50 requests", id="zeros"),
        pytest.param(stage(a=300), (None, None, None), UNKNOWN, "no request", id="no traffic"),
        pytest.param(
            replace(stage(a=300), is_new=True),
            (None, None, 50.0),
            UNKNOWN,
            "within the last day",
            id="perhaps just enabled",
        ),
        pytest.param(
            replace(stage(a=300), is_new=True), (1.0, 99.0, 100.0), BAD, "1.0%", id="new, and used"
        ),
        pytest.param(stage(a=300), (None, 10.0, 10.0), BAD, "was 0.0%", id="no hit counted"),
        pytest.param(
            stage(a=None),
            (None,) * 3,
            BAD,
            "not enabled for any of its methods",
            id="cluster alone",
        ),
        pytest.param(
            stage(), (None,) * 3, BAD, "not enabled for any of its methods", id="no settings"
        ),
        pytest.param(
            stage(a=300, status="CREATE_IN_PROGRESS"), (None,) * 3, UNKNOWN, "CREATE_", id="coming"
        ),
        pytest.param(stage(enabled=False, a=300), (None,) * 3, NA, "no cache", id="no cache"),
    ],
)
def test_api_cache_used(about, lookups, status, said):
    verdict = api_cache_used(about, StageLookups(*lookups))
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


def test_a_cache_that_goes_says_nothing_of_a_service():
    going = caches(CACHE, status="deleting")
    assert ecs_strategy(WEB, going, NOBODY).status is UNKNOWN


# -- read together ------------------------------------------------------------------------------


def test_a_scan_reads_what_is_shared_once():
    fake_account = worlds.fake_account()
    seen = scan(fake_account, caching.rules)
    assert {o.finding.rule for o in seen if o.finding.status is GOOD} == {
        rule.id for rule in caching.rules
    }
    counted = {call: fake_account.calls.count(call) for call in set(fake_account.calls)}
    assert counted["elasticache", "describe_replication_groups"] == 1
    assert counted["elasticache", "describe_cache_parameters"] == 1
    assert counted["cloudfront", "get_cache_policy"] == 1
    assert counted["ec2", "describe_security_groups"] == 1
    assert counted["cloudwatch", "get_metric_data"] <= 6, "one request for each kind of cache"


def test_memorydb_is_not_asked_where_a_region_does_not_have_it():
    fake_account = worlds.fake_account()
    del fake_account.answers["memorydb", "describe_clusters"]
    seen = observe(fake_account, shared_cache, "111122223333", look_at_memorydb=False)
    assert seen.finding.status is GOOD, seen.finding.reason


def test_hostile_names_are_inert():
    name = "x\x1b[31m\u202e<script>" + "y" * 10_000
    fake_account = worlds.fake_account().but(
        elasticache__describe_replication_groups={
            "ReplicationGroups": [worlds.group(Status="create-failed", ReplicationGroupId=name)]
        }
    )
    seen = observe(fake_account, replication_group_used, name)
    assert seen.finding.status is BAD
    assert len(seen.finding.reason) <= 1000
    assert "\x1b" not in seen.finding.reason
    assert "\u202e" not in seen.finding.reason
