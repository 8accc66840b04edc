"""The loaders of caches against AWS's documented answers, which moto has only in part."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readiness.engine.aws import Aws
from readiness.evidence.apigateway.stage_cache import MethodCache, StageCache, StageLookups
from readiness.evidence.apigateway.stages import REST_STAGE
from readiness.evidence.appsync.apis import GRAPHQL_API, ApiCache
from readiness.evidence.caches import Use
from readiness.evidence.cloudfront import DISTRIBUTION, Behaviour, DistributionCaching
from readiness.evidence.dax import DAX_CLUSTER, DaxAvailability, DaxInUse, DaxTtls
from readiness.evidence.dynamodb.tables import TABLE
from readiness.evidence.dynamodb.usage import TableTtl
from readiness.evidence.elasticache.clusters import CACHE_CLUSTER
from readiness.evidence.elasticache.eviction import EvictionPolicy, GroupEvictionPolicy
from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP
from readiness.evidence.elasticache.serverless import SERVERLESS_CACHE
from readiness.evidence.elasticache.usage import (
    ClusterInUse,
    GroupInUse,
    ServerlessInUse,
)
from readiness.evidence.memorydb import MEMORYDB_CLUSTER, MemoryDbInUse
from readiness.evidence.workloads.shared_caches import ComputeUnits, SharedCaches
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone, Unreadable
from tests.accounts import caching as worlds
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, FakeAccount, error

MODES = pytest.mark.parametrize("bulk", [False, True], ids=["one", "all"])


def load(cls, about, id, fake_account=None, *, bulk=False, **settings):
    aws = Aws(
        fake_account or worlds.fake_account(),
        account=ACCOUNT_ID,
        region=HOME,
        now=lambda: NOON,
        bulk=bulk,
    )
    asked = {"look_at_memorydb": True, "cache_tables": ("*session*",)} | settings
    return aws.evidence(cls, about.resource(ACCOUNT_ID, HOME, id), asked).evidence


def asked_of(fake_account, run):
    """The series that a run asks CloudWatch for."""
    asked = []
    answer = fake_account.answers["cloudwatch", "get_metric_data"]

    def listening(**params):
        asked.extend(params["MetricDataQueries"])
        return answer(**params)

    fake_account.answers["cloudwatch", "get_metric_data"] = listening
    run(fake_account)
    return {
        (
            query["MetricStat"]["Metric"]["Namespace"],
            query["MetricStat"]["Metric"]["MetricName"],
            *(f"{d['Name']}={d['Value']}" for d in query["MetricStat"]["Metric"]["Dimensions"]),
        )
        for query in asked
    }


WEEK = 28  # periods of six hours
IN_A_WEEK = Use(
    hits=900.0 * WEEK,
    misses=100.0 * WEEK,
    items=500.0,
    items_before=500.0,
    expiring=490.0,
    evictions=0.0,
)


@MODES
def test_a_group_is_counted_once_with_all_its_members(bulk):
    fake_account = worlds.fake_account()
    members = [worlds.cluster(f"sessions-00{n}", ReplicationGroupId="sessions") for n in (1, 2)]
    fake_account.answers["elasticache", "describe_cache_clusters"] = {"CacheClusters": members}
    found = load(GroupInUse, REPLICATION_GROUP, "sessions", fake_account, bulk=bulk)
    assert found.cache.use.hits == 2 * IN_A_WEEK.hits
    assert found.cache.hosts == {worlds.GROUP_HOST}
    assert found.cache.security_groups == (worlds.CACHE_SG,)
    assert (found.cache.engine, found.cache.status) == ("valkey", "available")


@MODES
def test_a_cluster_alone(bulk):
    found = load(ClusterInUse, CACHE_CLUSTER, "pages", bulk=bulk)
    assert found.cache.use == IN_A_WEEK
    assert (found.replication_group, found.cache.hosts) == ("", {"pages.host"})
    member = load(ClusterInUse, CACHE_CLUSTER, "sessions-001", bulk=bulk)
    assert member.replication_group == "sessions"


def test_series_are_named_after_node_and_engine():
    fake_account = worlds.fake_account()
    memcached = worlds.cluster("mem", Engine="memcached")
    fake_account.answers["elasticache", "describe_cache_clusters"] = {"CacheClusters": [memcached]}
    asked = asked_of(fake_account, lambda w: load(ClusterInUse, CACHE_CLUSTER, "mem", w))
    on = ("CacheClusterId=mem", "CacheNodeId=0001")
    assert asked == {
        ("AWS/ElastiCache", metric, *on)
        for metric in ("GetHits", "GetMisses", "CurrItems", "Evictions")
    }
    asked = asked_of(
        worlds.fake_account(), lambda w: load(ServerlessInUse, SERVERLESS_CACHE, "burst", w)
    )
    assert ("AWS/ElastiCache", "GetTypeCmds", "clusterId=burst") in asked
    asked = asked_of(
        worlds.fake_account(), lambda w: load(MemoryDbInUse, MEMORYDB_CLUSTER, "ledger", w)
    )
    on = ("ClusterName=ledger", "NodeName=ledger-0001-001")
    assert ("AWS/MemoryDB", "KeyspaceHits", *on) in asked
    asked = asked_of(worlds.fake_account(), lambda w: load(DaxInUse, DAX_CLUSTER, "orders", w))
    assert ("AWS/DAX", "QueryCacheMisses", "ClusterId=orders") in asked


IDLE = {"CacheHits": 0.0, "CacheMisses": 0.0, "KeyspaceHits": 0.0, "KeyspaceMisses": 0.0}


@MODES
@pytest.mark.parametrize(
    ("cls", "kind", "id"),
    [
        (GroupInUse, REPLICATION_GROUP, "sessions"),
        (ClusterInUse, CACHE_CLUSTER, "pages"),
        (MemoryDbInUse, MEMORYDB_CLUSTER, "ledger"),
    ],
)
def test_commands_that_look_nothing_up_are_asked_for_where_nothing_was(cls, kind, id, bulk):
    queue = worlds.metric_data(
        {**IDLE, "ListBasedCmds": 2.0, "PubSubBasedCmds": 1.0, "SetTypeCmds": 4.0}
    )
    fake_account = worlds.fake_account().but(cloudwatch__get_metric_data=queue)
    use = load(cls, kind, id, fake_account, bulk=bulk).cache.use
    assert (use.passed_on, use.written) == (3.0 * WEEK, 4.0 * WEEK)
    nothing = worlds.fake_account().but(cloudwatch__get_metric_data=worlds.metric_data(IDLE))
    assert load(cls, kind, id, nothing, bulk=bulk).cache.use.passed_on is None
    assert load(cls, kind, id, bulk=bulk).cache.use.passed_on is None


@MODES
@pytest.mark.parametrize(
    ("role", "expected"),
    [("SECONDARY", "ldgnf-orders"), ("secondary", "ldgnf-orders"), ("PRIMARY", "")],
)
def test_a_copy_of_another_regions_group(role, expected, bulk):
    fake_account = worlds.fake_account()
    answer = fake_account.answers["elasticache", "describe_replication_groups"]
    [group] = answer["ReplicationGroups"]
    about = {"GlobalReplicationGroupId": "ldgnf-orders", "GlobalReplicationGroupMemberRole": role}
    fake_account.answers["elasticache", "describe_replication_groups"] = {
        "ReplicationGroups": [group | {"GlobalReplicationGroupInfo": about}]
    }
    found = load(GroupInUse, REPLICATION_GROUP, "sessions", fake_account, bulk=bulk)
    assert found.cache.copy_of == expected


@MODES
def test_resolvers_that_use_the_cache_of_an_api(bulk):
    fake_account = worlds.by_resolver(orders=60, prices=3600)
    found = load(ApiCache, GRAPHQL_API, worlds.GRAPHQL, fake_account, bulk=bulk)
    assert found.resolvers == {"Query.orders": 60, "Query.prices": 3600}
    whole = worlds.fake_account()
    assert load(ApiCache, GRAPHQL_API, worlds.GRAPHQL, whole, bulk=bulk).resolvers is None
    assert ("appsync", "list_types") not in whole.calls


@MODES
def test_a_serverless_cache_has_commands_and_a_best_rate(bulk):
    use = load(ServerlessInUse, SERVERLESS_CACHE, "burst", bulk=bulk).cache.use
    assert (use.asked, use.best_rate, use.misses) == (1000.0 * WEEK, 0.9, None)
    counted = {"TotalCmdsCount": 7.0, "CacheHits": 0.0}
    for reads, asked in ((None, 7.0), (0.0, 0.0)):
        said = worlds.metric_data({**counted, "GetTypeCmds": reads, "ListBasedCmds": 3.0})
        account = worlds.fake_account().but(cloudwatch__get_metric_data=said)
        use = load(ServerlessInUse, SERVERLESS_CACHE, "burst", account, bulk=bulk).cache.use
        assert (use.lookups, use.passed_on) == (asked * WEEK, None if asked else 3.0 * WEEK)


def test_no_datapoints_are_not_zero():
    fake_account = worlds.fake_account().but(cloudwatch__get_metric_data=worlds.metric_data({}))
    assert load(ClusterInUse, CACHE_CLUSTER, "pages", fake_account).cache.use == Use()
    assert load(DaxInUse, DAX_CLUSTER, "orders", fake_account).cache.use == Use()
    assert load(StageLookups, REST_STAGE, worlds.STAGE, fake_account) == StageLookups()


@pytest.mark.parametrize(
    ("cls", "about", "call", "code"),
    [
        (
            ClusterInUse,
            CACHE_CLUSTER,
            ("elasticache", "describe_cache_clusters"),
            "CacheClusterNotFound",
        ),
        (
            GroupInUse,
            REPLICATION_GROUP,
            ("elasticache", "describe_replication_groups"),
            "ReplicationGroupNotFoundFault",
        ),
        (
            ServerlessInUse,
            SERVERLESS_CACHE,
            ("elasticache", "describe_serverless_caches"),
            "ServerlessCacheNotFoundFault",
        ),
        (
            MemoryDbInUse,
            MEMORYDB_CLUSTER,
            ("memorydb", "describe_clusters"),
            "ClusterNotFoundFault",
        ),
        (DaxInUse, DAX_CLUSTER, ("dax", "describe_clusters"), "ClusterNotFoundFault"),
        (DaxTtls, DAX_CLUSTER, ("dax", "describe_clusters"), "ClusterNotFoundFault"),
        (
            DistributionCaching,
            DISTRIBUTION,
            ("cloudfront", "get_distribution_config"),
            "NoSuchDistribution",
        ),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_gone_is_told_from_unreadable(cls, about, call, code):
    fake_account = worlds.fake_account()
    fake_account.answers[call] = error(code, 404)
    with pytest.raises(Gone):
        load(cls, about, "nothing", fake_account)
    fake_account.answers[call] = FAULTS["unmodelled 404"]
    with pytest.raises(Unreadable):
        load(cls, about, "nothing", fake_account)


@MODES
def test_the_eviction_policy_of_the_parameter_group(bulk):
    fake_account = worlds.fake_account()
    assert (
        load(EvictionPolicy, CACHE_CLUSTER, "pages", fake_account, bulk=bulk).policy
        == "volatile-lru"
    )
    found = load(GroupEvictionPolicy, REPLICATION_GROUP, "sessions", fake_account, bulk=bulk)
    assert found.policy == "volatile-lru"
    member = load(EvictionPolicy, CACHE_CLUSTER, "sessions-001", fake_account, bulk=bulk)
    assert member.policy == "", "its group is asked"


# -- who shares what ----------------------------------------------------------------------------


@MODES
def test_caches_come_with_tags_and_the_groups_let_in(bulk):
    found = load(SharedCaches, REGION, ACCOUNT_ID, bulk=bulk)
    by_name = {each.cache.name: each for each in found.all}
    assert sorted(by_name) == ["burst", "ledger", "pages", "sessions"], "members only in groups"
    assert by_name["sessions"].tags == {"Application": "MAIF"}
    assert by_name["sessions"].admits == {worlds.CLIENT_SG}
    units = load(ComputeUnits, REGION, ACCOUNT_ID, bulk=bulk)
    assert [(unit.name, (unit.tags or {}).get("Application")) for unit in units.all] == [
        ("agent", "MAIF"),
        ("web", "MAIF"),
    ]


@pytest.mark.parametrize(
    ("protocol", "ports", "admitted"),
    [
        ("tcp", (6379, 6379), True),
        ("tcp", (0, 65535), True),
        ("-1", (None, None), True),
        ("tcp", (11211, 11211), True),
        ("tcp", (443, 443), False),
        ("udp", (6379, 6379), False),
    ],
)
def test_only_rules_about_the_ports_of_caches_let_in(protocol, ports, admitted):
    low, high = ports
    permission = {"IpProtocol": protocol, "UserIdGroupPairs": [{"GroupId": "sg-client"}]}
    permission |= {} if low is None else {"FromPort": low, "ToPort": high}
    groups = {"SecurityGroups": [{"GroupId": worlds.CACHE_SG, "IpPermissions": [permission]}]}
    fake_account = worlds.fake_account().but(ec2__describe_security_groups=groups)
    found = load(SharedCaches, REGION, ACCOUNT_ID, fake_account)
    assert {bool(each.admits) for each in found.all} == {admitted}


# -- API Gateway, AppSync, CloudFront, DAX, DynamoDB ----------------------------------------------


@MODES
def test_the_cache_of_a_stage(bulk):
    found = load(StageCache, REST_STAGE, worlds.STAGE, bulk=bulk)
    assert found == StageCache(
        "orders", "prod", True, "AVAILABLE", {"/orders/GET": MethodCache(True, 300)}
    )
    lookups = load(StageLookups, REST_STAGE, worlds.STAGE, bulk=bulk)
    assert (lookups.hits, lookups.misses, lookups.requests) == (5600.0, 1400.0, 7000.0)


@MODES
def test_no_metrics_are_asked_of_a_stage_without_a_cache(bulk):
    plain = {"stageName": "prod", "cacheClusterEnabled": False}
    fake_account = worlds.fake_account().but(
        apigateway__get_stage=plain, apigateway__get_stages={"item": [plain]}
    )
    assert load(StageLookups, REST_STAGE, worlds.STAGE, fake_account, bulk=bulk) == StageLookups()
    assert ("cloudwatch", "get_metric_data") not in fake_account.calls


def test_an_api_without_a_cache_is_told_from_one_that_is_gone():
    nothing = error("NotFoundException", 404)
    fake_account = worlds.fake_account().but(
        appsync__get_api_cache=nothing,
        appsync__get_graphql_api={"graphqlApi": {"apiId": worlds.GRAPHQL}},
    )
    assert load(ApiCache, GRAPHQL_API, worlds.GRAPHQL, fake_account) == ApiCache(None)
    assert load(ApiCache, GRAPHQL_API, worlds.GRAPHQL, fake_account, bulk=True) == ApiCache(None)
    with pytest.raises(Gone):
        load(ApiCache, GRAPHQL_API, "x", fake_account.but(appsync__get_graphql_api=nothing))


@MODES
def test_times_come_from_the_policy_or_from_the_behaviour(bulk):
    found = load(DistributionCaching, DISTRIBUTION, worlds.DISTRIBUTION, bulk=bulk)
    [behaviour] = found.behaviours
    assert behaviour == Behaviour("*", 1, 86_400, 31_536_000, "Managed-CachingOptimized")
    config = worlds.distribution(
        MinTTL=0,
        DefaultTTL=60,
        MaxTTL=120,
        ForwardedValues={"QueryString": False, "Cookies": {"Forward": "none"}},
    )
    listing = {"Marker": "", "MaxItems": 1, "IsTruncated": False, "Quantity": 1}
    fake_account = worlds.fake_account().but(
        cloudfront__get_distribution_config={"DistributionConfig": config},
        cloudfront__list_distributions={
            "DistributionList": {**listing, "Items": [worlds.summary(config)]}
        },
    )
    [older] = load(
        DistributionCaching, DISTRIBUTION, worlds.DISTRIBUTION, fake_account, bulk=bulk
    ).behaviours
    assert older == Behaviour("*", 0, 60, 120)
    assert ("cloudfront", "get_cache_policy") not in fake_account.calls


@pytest.mark.parametrize(
    ("headers", "maximum"),
    [
        pytest.param({"Quantity": 1, "Items": ["*"]}, 0, id="all: nothing is cached"),
        pytest.param({"Quantity": 1, "Items": ["Host"]}, 120, id="one"),
        pytest.param({"Quantity": 0}, 120, id="none"),
    ],
)
def test_a_behaviour_that_forwards_every_header_caches_nothing(headers, maximum):
    config = worlds.distribution(
        MinTTL=0,
        DefaultTTL=60,
        MaxTTL=120,
        ForwardedValues={
            "QueryString": False,
            "Cookies": {"Forward": "none"},
            "Headers": headers,
        },
    )
    account = worlds.fake_account().but(
        cloudfront__get_distribution_config={"DistributionConfig": config}
    )
    [behaviour] = load(DistributionCaching, DISTRIBUTION, worlds.DISTRIBUTION, account).behaviours
    assert behaviour.maximum == maximum


@MODES
def test_the_times_of_dax(bulk):
    assert load(DaxTtls, DAX_CLUSTER, "orders", bulk=bulk) == DaxTtls(
        300_000, 300_000, "default.dax1.0"
    )
    fake_account = worlds.fake_account().but(dax__describe_parameters={"Parameters": []})
    assert load(DaxTtls, DAX_CLUSTER, "orders", fake_account, bulk=bulk).record is None


@MODES
def test_a_node_of_dax_that_is_taken_out_is_in_no_zone(bulk):
    nodes = [
        {"NodeId": "orders-a", "AvailabilityZone": "us-east-1a", "NodeStatus": "available"},
        {"NodeId": "orders-b", "AvailabilityZone": "us-east-1b", "NodeStatus": "deleting"},
    ]
    account = worlds.fake_account().but(
        dax__describe_clusters={"Clusters": [worlds.dax(Status="modifying", Nodes=nodes)]}
    )
    found = load(DaxAvailability, DAX_CLUSTER, "orders", account, bulk=bulk)
    assert (found.status, found.zones) == ("modifying", ("us-east-1a",))


def test_only_tables_that_cache_are_asked_for_their_ttl():
    fake_account = worlds.fake_account()
    assert load(TableTtl, TABLE, "orders", fake_account) == TableTtl("")
    assert ("dynamodb", "describe_time_to_live") not in fake_account.calls
    found = load(TableTtl, TABLE, "Agent-Sessions", fake_account)
    assert found == TableTtl("its name matches *session*", "ENABLED", "until")


def test_a_new_cluster_tells_its_age():
    young = worlds.cluster("pages", CacheClusterCreateTime=NOON - timedelta(hours=1))
    fake_account = FakeAccount(worlds.fake_account().answers).but(
        elasticache__describe_cache_clusters={"CacheClusters": [young]}
    )
    assert load(
        ClusterInUse, CACHE_CLUSTER, "pages", fake_account
    ).cache.created == NOON - timedelta(hours=1)
