"""An account that keeps the benchmarks: quick, right, there, and cheap enough."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from tests.account_variants import Variant
from tests.accounts.traffic import get_metric_data, list_metrics, steadily
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount

WORKLOAD = "MAIF"
FUNCTION = "my-agent"
REST_API = "a1b2c3d4e5"
HTTP_API = "f6g7h8i9j0"
BALANCER = f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:loadbalancer/app/agents/50dc6c495c0c"
GROUP = f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:targetgroup/api/73e2d6bc24d8"
OTHER_BALANCER = (
    f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:loadbalancer/app/hosts/7c0c50dc6c49"
)
OTHER_GROUP = f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:targetgroup/hosts/24d873e2d6bc"
CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/api"
TAGGED = (
    f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:{FUNCTION}",
    f"arn:aws:apigateway:{HOME}::/restapis/{REST_API}",
    f"arn:aws:apigateway:{HOME}::/restapis/{REST_API}/stages/prod",
    BALANCER,
)

COUNTED = (
    {"FunctionName": FUNCTION},
    {"ApiName": "agents"},
    {"ApiId": HTTP_API},
    *(
        dimensions
        for balancer, group in ((BALANCER, GROUP), (OTHER_BALANCER, OTHER_GROUP))
        for own in [{"LoadBalancer": balancer.partition("loadbalancer/")[2]}]
        for dimensions in (own, {**own, "TargetGroup": group.rpartition(":")[2]})
    ),
)
"""What publishes metrics, by its dimensions."""

PER_SECOND = dict.fromkeys(
    ("Duration", "Invocations", "Latency", "Count", "RequestCount", "TargetResponseTime"), 2.0
)
"""Two requests a second, all of them quick and none of them wrong: 7,200 an hour."""


def function(name: str = FUNCTION) -> dict[str, Any]:
    """Lambda's configuration of the function."""
    arn = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:{name}"
    return {"FunctionName": name, "FunctionArn": arn, "TracingConfig": {"Mode": "Active"}}


def costs(
    by_day: Mapping[date, Mapping[tuple[str, str], str]], *, estimated: Iterable[date] = ()
) -> list[dict[str, Any]]:
    """GetCostAndUsage's ResultsByTime, grouped by the tag Application and the service."""
    return [
        {
            "TimePeriod": {"Start": str(day), "End": str(day + timedelta(days=1))},
            "Total": {},
            "Groups": [
                {
                    "Keys": [f"Application${workload}", service],
                    "Metrics": {"NetAmortizedCost": {"Amount": amount, "Unit": "USD"}},
                }
                for (workload, service), amount in groups.items()
            ],
            "Estimated": day in set(estimated),
        }
        for day, groups in by_day.items()
    ]


def get_cost_and_usage(**asked: Any) -> dict[str, Any]:
    """A dollar a day for the workload, ten cents for what nobody tagged."""
    start = date.fromisoformat(asked["TimePeriod"]["Start"])
    end = date.fromisoformat(asked["TimePeriod"]["End"])
    days = [start + timedelta(days=n) for n in range((end - start).days)]
    each = {(WORKLOAD, "AWS Lambda"): "1.0000000001", ("", "AWS CloudTrail"): "0.1"}
    if asked["GroupBy"][1]["Key"] == "REGION":
        each = {(WORKLOAD, HOME): "1.0000000001", ("", HOME): "0.1"}
    return {"ResultsByTime": costs(dict.fromkeys(days, each), estimated=days[-2:])}


def get_resources(**asked: Any) -> dict[str, Any]:
    """The workload's resources; in a question about single ones none has a tag."""
    tags = [{"Key": "Application", "Value": WORKLOAD}]
    if "TagFilters" not in asked:
        return {"ResourceTagMappingList": []}
    return {"ResourceTagMappingList": [{"ResourceARN": arn, "Tags": tags} for arn in TAGGED]}


def describe_load_balancers(**asked: Any) -> dict[str, Any]:
    wanted = asked.get("LoadBalancerArns") or [BALANCER, OTHER_BALANCER]
    return {"LoadBalancers": [{"LoadBalancerArn": a, "Type": "application"} for a in wanted]}


WORK = f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:work"
DEAD = f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:dead"


def mapping(source: str = WORK, **more: Any) -> dict[str, Any]:
    """An event source mapping that feeds the function."""
    return {
        "UUID": "2f8c0d1e-0000-4000-8000-1234567890ab",
        "FunctionArn": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:{FUNCTION}:live",
        "EventSourceArn": source,
        "State": "Enabled",
        **more,
    }


def queue_attributes(**asked: Any) -> dict[str, Any]:
    if not asked["QueueUrl"].endswith("/work"):
        return {"Attributes": {}}
    return {"Attributes": {"RedrivePolicy": json.dumps({"deadLetterTargetArn": DEAD})}}


def fed_by_a_queue(**per_second: float) -> FakeAccount:
    """The function takes its work from a queue that has a dead-letter queue."""
    counts = {"Invocations": 2.0, "NumberOfMessagesDeleted": 2.0} | per_second
    said = steadily(counts)

    def levels(*asked: Any) -> float | None:
        level = {"ApproximateAgeOfOldestMessage": 5.0, "ApproximateNumberOfMessagesVisible": 0.0}
        return said(*asked) if asked[1] in per_second else level.get(asked[1], said(*asked))

    return fake_account().but(
        lambda__list_event_source_mappings={"EventSourceMappings": [mapping()]},
        sqs__get_queue_attributes=queue_attributes,
        sqs__list_dead_letter_source_queues={"queueUrls": ["https://x/work"]},
        cloudwatch__get_metric_data=get_metric_data(levels),
    )


def fake_account() -> FakeAccount:
    service = {
        "serviceArn": SERVICE,
        "serviceName": "api",
        "clusterArn": CLUSTER,
        "status": "ACTIVE",
        "runningCount": 2,
        "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "api"}],
    }
    groups = [
        {"TargetGroupArn": GROUP, "LoadBalancerArns": [BALANCER]},
        {"TargetGroupArn": OTHER_GROUP, "LoadBalancerArns": [OTHER_BALANCER]},
    ]
    rest = {"id": REST_API, "name": "agents"}
    http = {
        "ApiId": HTTP_API,
        "Name": "agents",
        "ProtocolType": "HTTP",
        "RouteSelectionExpression": "$request.method $request.path",
    }
    return FakeAccount(
        {
            ("lambda", "list_functions"): {"Functions": [function()]},
            ("lambda", "get_function_configuration"): function(),
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": []},
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
            ("ecs", "list_services"): {"serviceArns": [SERVICE]},
            ("ecs", "describe_services"): {"services": [service]},
            ("elbv2", "describe_target_groups"): {"TargetGroups": groups},
            ("elbv2", "describe_load_balancers"): describe_load_balancers,
            ("apigateway", "get_rest_apis"): {"items": [rest]},
            ("apigateway", "get_rest_api"): rest,
            ("apigatewayv2", "get_apis"): {"Items": [http]},
            ("apigatewayv2", "get_api"): http,
            ("cloudwatch", "get_metric_data"): get_metric_data(steadily(PER_SECOND)),
            ("cloudwatch", "list_metrics"): list_metrics(COUNTED),
            ("resourcegroupstaggingapi", "get_resources"): get_resources,
            ("ce", "get_cost_and_usage"): get_cost_and_usage,
        }
    )


def without_a_tagged_cost() -> FakeAccount:
    """The tag divides the bill, and no cost carries it."""

    def untagged(**asked: Any) -> dict[str, Any]:
        answer = get_cost_and_usage(**asked)
        for day in answer["ResultsByTime"]:
            day["Groups"] = [each for each in day["Groups"] if WORKLOAD not in each["Keys"][0]]
        return answer

    tag = {
        "TagKey": "Application",
        "Type": "UserDefined",
        "Status": "Active",
        "LastUpdatedDate": "2026-01-01T00:00:00Z",
    }
    return fake_account().but(
        ce__get_cost_and_usage=untagged,
        ce__list_cost_allocation_tags={"CostAllocationTags": [tag]},
    )


def others() -> dict[str, Variant]:
    of_functions = ("function-latency", "function-error-rate", "function-availability")
    return {
        "without a tagged cost": Variant(without_a_tagged_cost, ("cost-per-million-requests",)),
        "fed by a queue": Variant(fed_by_a_queue, of_functions),
    }
