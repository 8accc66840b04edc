"""An account whose caches are shared, asked, and let go of what is old."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from readiness.engine.declarations import attestation_item
from readiness.model.attestation import Attestation, Scope
from tests.account_variants import Variant
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

GROUP = "sessions"
ALONE = "pages"
GROUP_HOST = "sessions.abc123.ng.0001.use1.cache.amazonaws.com"
CACHE_SG, CLIENT_SG = "sg-0cache0000000000", "sg-0client000000000"
CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/web"
API = "a1b2c3d4e5"
STAGE = f"arn:aws:apigateway:{HOME}::/restapis/{API}/stages/prod"
DISTRIBUTION = "E1EXAMPLE"
OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
GRAPHQL = "graphqlapiid000000000000aa"

COUNTS = {
    "CacheHits": 900.0,
    "CacheMisses": 100.0,
    "GetHits": 900.0,
    "GetMisses": 100.0,
    "KeyspaceHits": 900.0,
    "KeyspaceMisses": 100.0,
    "CacheHitRate": 90.0,
    "GetTypeCmds": 1000.0,
    "TotalCmdsCount": 1500.0,
    "CurrItems": 500.0,
    "CurrVolatileItems": 490.0,
    "Evictions": 0.0,
    "CacheHitCount": 800.0,
    "CacheMissCount": 200.0,
    "Count": 1000.0,
    "ItemCacheHits": 90.0,
    "ItemCacheMisses": 10.0,
    "QueryCacheHits": 90.0,
    "QueryCacheMisses": 10.0,
}


def metric_data(values: Mapping[str, float | None]):
    """GetMetricData with one value a period for each metric, nothing for those that are None."""

    def answer(**asked: Any) -> dict[str, Any]:
        start, end = asked["StartTime"], asked["EndTime"]
        queries = asked["MetricDataQueries"]
        return {"MetricDataResults": [_result(query, values, start, end) for query in queries]}

    return answer


def _result(
    query: dict[str, Any], values: Mapping[str, float | None], start: datetime, end: datetime
) -> dict[str, Any]:
    metric = query["MetricStat"]["Metric"]["MetricName"]
    value = values.get(metric)
    period = timedelta(seconds=query["MetricStat"]["Period"])
    stamps = [start + period * n for n in range((end - start) // period)]
    stamps = [] if value is None else stamps
    return {
        "Id": query["Id"],
        "Label": metric,
        "Timestamps": stamps,
        "Values": [value] * len(stamps),
        "StatusCode": "Complete",
    }


def attested(rule: str, **changes: Any) -> dict[str, Any]:
    """A row of the Declarations table: one statement for a rule, for the whole account."""
    statement = Attestation(
        id="aaaa11112222",
        rule=rule,
        scope=Scope(account=ACCOUNT_ID),
        statement="Reviewed with the team.",
        performed_at=NOON - timedelta(days=10),
        declared_at=NOON - timedelta(days=10),
        owner="team@example.com",
        attester=f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Dev/alice",
        attester_id="AROA:alice",
        **changes,
    )
    return attestation_item(statement)


def statements(**asked: Any) -> dict[str, Any]:
    """Every rule that asks has been attested."""
    rule = asked["ExpressionAttributeValues"][":r"]["S"]
    return {"Items": [attested(rule)]}


def cluster(id: str, **changes: Any) -> dict[str, Any]:
    """A cache cluster of DescribeCacheClusters with one node."""
    return {
        "CacheClusterId": id,
        "Engine": "valkey",
        "CacheClusterStatus": "available",
        "CacheClusterCreateTime": NOON - timedelta(days=90),
        "CacheParameterGroup": {"CacheParameterGroupName": "default.valkey8"},
        "CacheNodes": [
            {"CacheNodeId": "0001", "Endpoint": {"Address": f"{id}.host", "Port": 6379}}
        ],
        "SecurityGroups": [{"SecurityGroupId": CACHE_SG, "Status": "active"}],
        "ARN": f"arn:aws:elasticache:{HOME}:{ACCOUNT_ID}:cluster:{id}",
    } | changes


MEMBER = cluster(f"{GROUP}-001", ReplicationGroupId=GROUP)


def clusters(**asked: Any) -> dict[str, Any]:
    """DescribeCacheClusters, all or one."""
    every = [MEMBER, cluster(ALONE)]
    wanted = asked.get("CacheClusterId")
    return {"CacheClusters": [c for c in every if wanted in {None, c["CacheClusterId"]}]}


def group(**changes: Any) -> dict[str, Any]:
    """A replication group with one shard."""
    return {
        "ReplicationGroupId": GROUP,
        "Engine": "valkey",
        "Status": "available",
        "ReplicationGroupCreateTime": NOON - timedelta(days=90),
        "MemberClusters": [f"{GROUP}-001"],
        "NodeGroups": [{"PrimaryEndpoint": {"Address": GROUP_HOST, "Port": 6379}}],
        "ARN": f"arn:aws:elasticache:{HOME}:{ACCOUNT_ID}:replicationgroup:{GROUP}",
    } | changes


def serverless(**changes: Any) -> dict[str, Any]:
    """A serverless cache."""
    return {
        "ServerlessCacheName": "burst",
        "Engine": "valkey",
        "Status": "available",
        "CreateTime": NOON - timedelta(days=90),
        "SecurityGroupIds": [CACHE_SG],
        "Endpoint": {"Address": "burst.serverless.cache", "Port": 6379},
        "ARN": f"arn:aws:elasticache:{HOME}:{ACCOUNT_ID}:serverlesscache:burst",
    } | changes


def memorydb(**changes: Any) -> dict[str, Any]:
    """A MemoryDB cluster of one shard with one node."""
    return {
        "Name": "ledger",
        "Engine": "valkey",
        "Status": "available",
        "Shards": [{"Name": "0001", "Nodes": [{"Name": "ledger-0001-001"}]}],
        "SecurityGroups": [{"SecurityGroupId": CACHE_SG, "Status": "active"}],
        "ARN": f"arn:aws:memorydb:{HOME}:{ACCOUNT_ID}:cluster/ledger",
    } | changes


def stage(**changes: Any) -> dict[str, Any]:
    """A stage of a REST API that caches its one reading method."""
    return {
        "stageName": "prod",
        "cacheClusterEnabled": True,
        "cacheClusterStatus": "AVAILABLE",
        "methodSettings": {"~1orders/GET": {"cachingEnabled": True, "cacheTtlInSeconds": 300}},
    } | changes


def distribution(**behaviour: Any) -> dict[str, Any]:
    """A DistributionConfig whose default behaviour has a cache policy unless told otherwise."""
    return {
        "CallerReference": "x",
        "Comment": "",
        "Enabled": True,
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "files",
                    "DomainName": "files.s3.amazonaws.com",
                    "S3OriginConfig": {"OriginAccessIdentity": ""},
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "files",
            "ViewerProtocolPolicy": "https-only",
            **(behaviour or {"CachePolicyId": OPTIMIZED}),
        },
    }


def summary(config: Mapping[str, Any]) -> dict[str, Any]:
    """How ListDistributions shows a distribution."""
    return {
        "Id": DISTRIBUTION,
        "ARN": f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution/{DISTRIBUTION}",
        "Status": "Deployed",
        "LastModifiedTime": NOON,
        "DomainName": "d111111abcdef8.cloudfront.net",
        "Aliases": {"Quantity": 0},
        "CacheBehaviors": {"Quantity": 0},
        "CustomErrorResponses": {"Quantity": 0},
        "PriceClass": "PriceClass_All",
        "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": "",
        "HttpVersion": "http2",
        "IsIPV6Enabled": True,
        "Staging": False,
        "Comment": "",
        "Enabled": config["Enabled"],
        "Origins": config["Origins"],
        "DefaultCacheBehavior": config["DefaultCacheBehavior"],
    }


def policy(**times: int) -> dict[str, Any]:
    """GetCachePolicy."""
    config = {"Name": "Managed-CachingOptimized", "MinTTL": 1} | times
    return {
        "CachePolicy": {"Id": OPTIMIZED, "LastModifiedTime": NOON, "CachePolicyConfig": config}
    }


def dax(**changes: Any) -> dict[str, Any]:
    """A DAX cluster."""
    return {
        "ClusterName": "orders",
        "Status": "available",
        "ClusterArn": f"arn:aws:dax:{HOME}:{ACCOUNT_ID}:cache/orders",
        "ParameterGroup": {"ParameterGroupName": "default.dax1.0"},
    } | changes


def dax_parameters(record: str, query: str) -> dict[str, Any]:
    """DescribeParameters."""
    named = {"record-ttl-millis": record, "query-ttl-millis": query}
    return {
        "Parameters": [
            {"ParameterName": name, "ParameterValue": value} for name, value in named.items()
        ]
    }


def security_groups(**_: Any) -> dict[str, Any]:
    """The cache's group, which lets the clients' in."""
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 6379,
        "ToPort": 6379,
        "UserIdGroupPairs": [{"GroupId": CLIENT_SG, "UserId": ACCOUNT_ID}],
    }
    return {"SecurityGroups": [{"GroupId": CACHE_SG, "IpPermissions": [permission]}]}


def tagged(**asked: Any) -> dict[str, Any]:
    """Everything of the workload has its tag."""
    arns = [
        f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent",
        f"arn:aws:elasticache:{HOME}:{ACCOUNT_ID}:replicationgroup:{GROUP}",
    ]
    tags = [{"Key": "Application", "Value": "MAIF"}]
    wanted = asked.get("ResourceARNList") or arns
    return {
        "ResourceTagMappingList": [
            {"ResourceARN": arn, "Tags": tags} for arn in arns if arn in wanted
        ]
    }


FUNCTION = {
    "FunctionName": "agent",
    "Environment": {"Variables": {"CACHE_URL": f"rediss://{GROUP_HOST}:6379"}},
}


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            ("resourcegroupstaggingapi", "get_resources"): tagged,
            ("dynamodb", "query"): statements,
            ("cloudwatch", "get_metric_data"): metric_data(COUNTS),
            ("lambda", "list_functions"): {"Functions": [FUNCTION]},
            ("lambda", "get_function_configuration"): FUNCTION,
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
            ("ecs", "list_services"): {"serviceArns": [SERVICE]},
            ("ecs", "describe_services"): {
                "services": [
                    {
                        "serviceArn": SERVICE,
                        "serviceName": "web",
                        "clusterArn": CLUSTER,
                        "status": "ACTIVE",
                        "networkConfiguration": {
                            "awsvpcConfiguration": {
                                "subnets": ["subnet-1"],
                                "securityGroups": [CLIENT_SG],
                            }
                        },
                        "tags": [{"key": "Application", "value": "MAIF"}],
                    }
                ]
            },
            ("ec2", "describe_security_groups"): security_groups,
            ("elasticache", "describe_cache_clusters"): clusters,
            ("elasticache", "describe_replication_groups"): {"ReplicationGroups": [group()]},
            ("elasticache", "describe_serverless_caches"): {"ServerlessCaches": [serverless()]},
            ("elasticache", "describe_cache_parameters"): {
                "Parameters": [
                    {"ParameterName": "maxmemory-policy", "ParameterValue": "volatile-lru"}
                ]
            },
            ("memorydb", "describe_clusters"): {"Clusters": [memorydb()]},
            ("dax", "describe_clusters"): {"Clusters": [dax()]},
            ("dax", "describe_parameters"): dax_parameters("300000", "300000"),
            ("apigateway", "get_rest_apis"): {"items": [{"id": API, "name": "orders"}]},
            ("apigateway", "get_rest_api"): {"id": API, "name": "orders"},
            ("apigateway", "get_stages"): {"item": [stage()]},
            ("apigateway", "get_stage"): stage(),
            ("appsync", "list_graphql_apis"): {"graphqlApis": [{"apiId": GRAPHQL}]},
            ("appsync", "get_api_cache"): {
                "apiCache": {"ttl": 300, "apiCachingBehavior": "FULL_REQUEST_CACHING"}
            },
            ("cloudfront", "list_distributions"): {
                "DistributionList": {
                    "Marker": "",
                    "MaxItems": 100,
                    "IsTruncated": False,
                    "Quantity": 1,
                    "Items": [summary(distribution())],
                }
            },
            ("cloudfront", "get_distribution_config"): {"DistributionConfig": distribution()},
            ("cloudfront", "get_cache_policy"): policy(),
            ("dynamodb", "list_tables"): {"TableNames": ["agent-sessions"]},
            ("dynamodb", "describe_time_to_live"): {
                "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}
            },
        }
    )


def by_resolver(**ttls: int) -> FakeAccount:
    """The API caches single resolvers of its type Query; by default one of two."""
    ttls = ttls or {"orders": 60}
    resolvers: list[dict[str, Any]] = [{"typeName": "Query", "fieldName": "uncached"}]
    resolvers += [
        {"typeName": "Query", "fieldName": name, "cachingConfig": {"ttl": ttl}}
        for name, ttl in ttls.items()
    ]
    return fake_account().but(
        appsync__get_api_cache={
            "apiCache": {
                "ttl": 300,
                "apiCachingBehavior": "PER_RESOLVER_CACHING",
                "status": "AVAILABLE",
            }
        },
        appsync__list_types={"types": [{"name": "Query", "format": "SDL"}]},
        appsync__list_resolvers={"resolvers": resolvers},
    )


def without_an_api_cache() -> FakeAccount:
    """The GraphQL API has no cache."""
    return fake_account().but(
        appsync__get_api_cache=error("NotFoundException", 404),
        appsync__get_graphql_api={"graphqlApi": {"apiId": GRAPHQL}},
    )


def on_managed_instances() -> FakeAccount:
    """The function runs on instances of a capacity provider, whose group the cache lets in."""
    provider = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:capacity-provider:agents"
    instances = {"CapacityProviderArn": provider}
    about = FUNCTION | {
        "VpcConfig": {},
        "CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": instances},
    }
    return fake_account().but(
        lambda__list_functions={"Functions": [about]},
        lambda__get_function_configuration=about,
        lambda__get_capacity_provider={
            "CapacityProvider": {
                "CapacityProviderArn": provider,
                "State": "Active",
                "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": [CLIENT_SG]},
                "PermissionsConfig": {
                    "CapacityProviderOperatorRoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/provider"
                },
            }
        },
    )


def others() -> dict[str, Variant]:
    return {
        "without an API cache": Variant(without_an_api_cache, ("appsync-ttl",)),
        "by resolver": Variant(by_resolver, ("appsync-ttl",)),
        "on managed instances": Variant(on_managed_instances, ("lambda-strategy", "shared-cache")),
    }
