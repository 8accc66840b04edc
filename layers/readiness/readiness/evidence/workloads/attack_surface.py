"""What of a region the internet can reach, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from readiness.evidence.awslambda.functions import moment
from readiness.evidence.cloudfront import DISTRIBUTIONS_CHANGED, DISTRIBUTIONS_MADE
from readiness.evidence.opensearch import public_domains
from readiness.evidence.rds.instances import BLUE_GREEN_CALLS, INSTANCE_CALLS, is_auto_scaled
from readiness.evidence.workloads.public_clusters import PublicClusters
from readiness.model.evidence import REGION, ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_PRIVATE = {"PRIVATE"}


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """Something that the internet reaches: what it is called, and since when.

    ``opened`` is when it was created, of a function URL when its settings last changed: before, it
    may have asked for authentication.
    """

    name: str
    opened: datetime


@evidence(
    REGION,
    reads=(
        "apigateway:GET",
        "apprunner:DescribeService",
        "apprunner:ListServices",
        "appsync:ListApis",
        "appsync:ListGraphqlApis",
        "cloudfront:ListDistributions",
        "cloudwatch:ListMetrics",
        "cognito-identity:DescribeIdentityPool",
        "cognito-identity:ListIdentityPools",
        "elasticloadbalancing:DescribeLoadBalancers",
        "es:DescribeDomainConfig",
        "es:DescribeDomains",
        "es:ListDomainNames",
        "lambda:ListFunctionUrlConfigs",
        "rds:DescribeDBInstances",
        "transfer:ListServers",
    ),
    uses=(PublicClusters,),
    changed_by=(
        api_call(
            "apigateway",
            "CreateApi",
            "DeleteApi",
            "ImportApi",
            "ReimportApi",
            "UpdateApi",
            "CreateRestApi",
            "DeleteRestApi",
            "ImportRestApi",
            "PutRestApi",
            "UpdateRestApi",
        ),
        api_call("apprunner", "CreateService", "DeleteService", "UpdateService"),
        api_call(
            "appsync",
            "CreateApi",
            "CreateGraphqlApi",
            "DeleteApi",
            "DeleteGraphqlApi",
            "UpdateGraphqlApi",
        ),
        api_call(
            "cognito-identity",
            "CreateIdentityPool",
            "DeleteIdentityPool",
            "UpdateIdentityPool",
        ),
        api_call("cloudfront", *DISTRIBUTIONS_MADE, *DISTRIBUTIONS_CHANGED),
        api_call("elasticloadbalancing", "CreateLoadBalancer", "DeleteLoadBalancer"),
        api_call(
            "lambda",
            "CreateFunctionUrlConfig*",
            "DeleteFunctionUrlConfig*",
            "UpdateFunctionUrlConfig*",
        ),
        api_call(
            "rds",
            *INSTANCE_CALLS,
            "RestoreDBInstanceToPointInTime",
            *BLUE_GREEN_CALLS,
            "CreateDBCluster",
            "RestoreDBClusterFromSnapshot",
            "RestoreDBClusterToPointInTime",
            "DeleteDBCluster",
        ),
        api_call(
            "es",
            "CreateDomain",
            "CreateElasticsearchDomain",
            "DeleteDomain",
            "DeleteElasticsearchDomain",
        ),
        api_call("transfer", "CreateServer", "DeleteServer", "UpdateServer"),
        ConfigItem("AWS::ElasticLoadBalancing::LoadBalancer"),
        ConfigItem("AWS::ElasticLoadBalancingV2::LoadBalancer"),
        ConfigItem("AWS::ApiGateway::RestApi"),
        ConfigItem("AWS::ApiGatewayV2::Api"),
        ConfigItem("AWS::CloudFront::Distribution"),
    ),
)
@dataclass(frozen=True, slots=True)
class AttackSurface:
    """The entry points of the region that the internet reaches.

    Internet-facing load balancers, APIs and App Runner services that are not private, function
    URLs without authentication, and data stores and clusters with a public endpoint. Of functions,
    those that had requests at their URL in the last two weeks: Lambda lists URLs only function by
    function. ``undated`` are the ids of what does not tell since when it is there, by kind:
    ``distributions`` (the account's enabled CloudFront distributions), ``graphql_apis`` (AppSync),
    ``identity_pools`` (Cognito, with guests), ``transfer_servers``.

    Sources: DescribeLoadBalancers of both versions of the API, GetRestApis, GetApis, ListServices,
    DescribeService, ListApis, ListGraphqlApis, ListMetrics, ListFunctionUrlConfigs,
    DescribeDBInstances, DescribeDomains, DescribeDomainConfig, ListDistributions,
    ListIdentityPools, DescribeIdentityPool, ListServers, and those of PublicClusters.
    """

    entry_points: tuple[EntryPoint, ...] = ()
    undated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AttackSurface:
        found = [
            *_balancers(read),
            *_apis(read),
            *_services(read),
            *_function_urls(read),
            *_databases(read),
            *_domains(read),
            *_clusters(read, region),
        ]
        undated = {
            "distributions": _distributions(read),
            "graphql_apis": _graphql_apis(read),
            "identity_pools": _identity_pools(read),
            "transfer_servers": _transfer_servers(read),
        }
        return cls(
            tuple(sorted(found, key=lambda each: (each.opened, each.name))),
            {kind: tuple(sorted(ids)) for kind, ids in undated.items() if ids},
        )


def _balancers(read: Reader) -> Iterator[EntryPoint]:
    for each in read.every("elbv2", "describe_load_balancers", "LoadBalancers"):
        if each.get("Scheme") == "internet-facing":
            yield EntryPoint(f"load balancer {each['LoadBalancerName']}", each["CreatedTime"])
    for each in read.every("elb", "describe_load_balancers", "LoadBalancerDescriptions"):
        if each.get("Scheme") != "internal":
            name = f"Classic Load Balancer {each['LoadBalancerName']}"
            yield EntryPoint(name, each["CreatedTime"])


def _apis(read: Reader) -> Iterator[EntryPoint]:
    for each in read.every("apigateway", "get_rest_apis", "items"):
        if _PRIVATE.isdisjoint((each.get("endpointConfiguration") or {}).get("types") or ()):
            name = f"REST API {each.get('name', '')} ({each['id']})"
            yield EntryPoint(name, each["createdDate"])
    for each in read.every("apigatewayv2", "get_apis", "Items"):
        yield EntryPoint(f"API {each.get('Name', '')} ({each['ApiId']})", each["CreatedDate"])
    for each in read.every("appsync", "list_apis", "apis"):
        yield EntryPoint(f"Event API {each.get('name', '')} ({each['apiId']})", each["created"])


def _services(read: Reader) -> list[EntryPoint]:
    """Of App Runner: a service is public unless its ingress is a VPC's alone."""
    listed = read.every("apprunner", "list_services", "ServiceSummaryList")
    living = [each for each in listed if each.get("Status") != "DELETED"]

    def is_public(summary: Mapping[str, Any]) -> bool:
        answer = read.one(
            "apprunner",
            "describe_service",
            absent=("ResourceNotFoundException",),
            ServiceArn=summary["ServiceArn"],
        )
        network = ((answer or {}).get("Service") or {}).get("NetworkConfiguration") or {}
        ingress = network.get("IngressConfiguration") or {}
        return answer is not None and ingress.get("IsPubliclyAccessible") is not False

    return [
        EntryPoint(f"App Runner service {each['ServiceName']}", each["CreatedAt"])
        for each, public in zip(living, read.each(is_public, living), strict=True)
        if public
    ]


def _databases(read: Reader) -> Iterator[EntryPoint]:
    """A reader that Application Auto Scaling adds is one more of what was tested."""
    for each in read.every("rds", "describe_db_instances", "DBInstances"):
        name = each["DBInstanceIdentifier"]
        if each.get("PubliclyAccessible") and not is_auto_scaled(name):
            opened = each.get("InstanceCreateTime") or read.now  # none while it is made
            yield EntryPoint(f"database {name}", opened)


def _domains(read: Reader) -> list[EntryPoint]:
    names = public_domains(read)

    def made(name: str) -> datetime | None:
        answer = read.one(
            "opensearch",
            "describe_domain_config",
            absent=("ResourceNotFoundException",),
            DomainName=name,
        )
        version = ((answer or {}).get("DomainConfig") or {}).get("EngineVersion") or {}
        created: datetime | None = (version.get("Status") or {}).get("CreationDate")
        return created

    return [
        EntryPoint(f"OpenSearch domain {name}", opened or read.now)
        for name, opened in zip(names, read.each(made, names), strict=True)
    ]


def _clusters(read: Reader, region: Resource) -> list[EntryPoint]:
    clusters = read.of(PublicClusters, region)
    for failure in clusters.failures:
        raise failure
    return [EntryPoint(each.name, each.opened) for each in clusters.endpoints]


# -- what does not tell since when it is there ------------------------------------------------


def _distributions(read: Reader) -> list[str]:
    listed = read.every("cloudfront", "list_distributions", "DistributionList.Items")
    return [each["Id"] for each in listed if each.get("Enabled")]


def _graphql_apis(read: Reader) -> list[str]:
    listed = read.every("appsync", "list_graphql_apis", "graphqlApis")
    return [each["apiId"] for each in listed if each.get("visibility") != "PRIVATE"]


def _identity_pools(read: Reader) -> list[str]:
    """The pools that give credentials to guests, who do not sign in."""
    listed = read.every("cognito-identity", "list_identity_pools", "IdentityPools")

    def has_guests(id: str) -> bool:
        answer = read.one(
            "cognito-identity",
            "describe_identity_pool",
            absent=("ResourceNotFoundException",),
            IdentityPoolId=id,
        )
        return bool((answer or {}).get("AllowUnauthenticatedIdentities"))

    ids = [each["IdentityPoolId"] for each in listed]
    return [id for id, guests in zip(ids, read.each(has_guests, ids), strict=True) if guests]


def _transfer_servers(read: Reader) -> list[str]:
    """A server in a VPC may have addresses on the internet, which no listing shows."""
    listed = read.every("transfer", "list_servers", "Servers")
    return [each["ServerId"] for each in listed if each.get("EndpointType") != "VPC_ENDPOINT"]


def _function_urls(read: Reader) -> Iterator[EntryPoint]:
    metrics = read.every(
        "cloudwatch",
        "list_metrics",
        "Metrics",
        Namespace="AWS/Lambda",
        MetricName="UrlRequestCount",
    )
    names = {
        dimension["Value"]
        for metric in metrics
        for dimension in metric.get("Dimensions") or ()
        if dimension["Name"] == "FunctionName"
    }

    def urls(name: str) -> list[EntryPoint]:
        configs = read.every(
            "lambda",
            "list_function_url_configs",
            "FunctionUrlConfigs",
            absent=("ResourceNotFoundException",),
            FunctionName=name,
        )
        return [
            EntryPoint(f"function URL of {name}", opened)
            for each in configs
            if each.get("AuthType") == "NONE" and (opened := moment(each["LastModifiedTime"]))
        ]

    for found in read.each(urls, sorted(names)):
        yield from found
