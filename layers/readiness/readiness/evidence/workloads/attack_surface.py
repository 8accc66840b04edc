"""What of a region the internet can reach, and since when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.awslambda.functions import moment
from readiness.evidence.cloudfront import DISTRIBUTIONS_CHANGED, DISTRIBUTIONS_MADE
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
        "cloudfront:ListDistributions",
        "cloudwatch:ListMetrics",
        "elasticloadbalancing:DescribeLoadBalancers",
        "lambda:ListFunctionUrlConfigs",
    ),
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
        api_call("cloudfront", *DISTRIBUTIONS_MADE, *DISTRIBUTIONS_CHANGED),
        api_call("elasticloadbalancing", "CreateLoadBalancer", "DeleteLoadBalancer"),
        api_call(
            "lambda",
            "CreateFunctionUrlConfig*",
            "DeleteFunctionUrlConfig*",
            "UpdateFunctionUrlConfig*",
        ),
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

    Internet-facing load balancers, APIs that are not private, and function URLs without
    authentication. Of functions, those that had requests at their URL in the last two weeks:
    Lambda lists URLs only function by function. ``distributions`` are the ids of the account's
    enabled CloudFront distributions, since CloudFront does not tell when one was created.

    Sources: DescribeLoadBalancers of both versions of the API, GetRestApis, GetApis, ListMetrics,
    ListFunctionUrlConfigs, ListDistributions.
    """

    entry_points: tuple[EntryPoint, ...] = ()
    distributions: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AttackSurface:
        found = [*_balancers(read), *_apis(read), *_function_urls(read)]
        distributions = read.every("cloudfront", "list_distributions", "DistributionList.Items")
        return cls(
            tuple(sorted(found, key=lambda each: (each.opened, each.name))),
            tuple(sorted(each["Id"] for each in distributions if each.get("Enabled"))),
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
