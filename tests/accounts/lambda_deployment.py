"""An account whose function was deployed well: active, used without errors, and logging."""

from __future__ import annotations

import io
import json
from collections.abc import Container, Mapping
from datetime import timedelta
from typing import Any

from tests.account_variants import Variant
from tests.accounts.high_availability import distributions
from tests.accounts.traffic import list_metrics
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

NAME = "agent"
ARN = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:{NAME}"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/service/agent"
KEY = "11111111-2222-3333-4444-555555555555"
KEY_ARN = f"arn:aws:kms:{HOME}:{ACCOUNT_ID}:key/{KEY}"
GROUP = "/aws/lambda/agent"
API = "abc123"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "api",
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": ARN,
            "Condition": {
                "ArnLike": {
                    "AWS:SourceArn": f"arn:aws:execute-api:{HOME}:{ACCOUNT_ID}:{API}/*/POST/ask"
                }
            },
        }
    ],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
LOGGING = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"arn:aws:logs:{HOME}:{ACCOUNT_ID}:log-group:{GROUP}:*",
        }
    ],
}


def key_metadata(**changes: Any) -> dict[str, Any]:
    """DescribeKey's answer about a symmetric key."""
    about = {
        "KeyId": KEY,
        "KeyState": "Enabled",
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT",
    }
    return about | changes


SETTINGS = {"lambda_deployment.smoke-test": {"allow_smoke_tests": True}}
TAGS = {"readiness:smoke-event": "/readiness/smoke/agent"}
METRICS: dict[str, float] = {
    "Invocations": 40,
    "Errors": 0,
    "Throttles": 0,
    "Count": 40,
    "5XXError": 0,
    "IncomingLogEvents": 120,
}
"""What every period has of each metric; a metric that is not named has no datapoint."""


def configuration(**changes: Any) -> dict[str, Any]:
    """GetFunctionConfiguration; ListFunctions leaves out its State and LastUpdateStatus."""
    about = {
        "FunctionName": NAME,
        "FunctionArn": ARN,
        "Role": ROLE,
        "Runtime": "python3.13",
        "KMSKeyArn": KEY_ARN,
        "LastModified": (NOON - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "CodeSha256": "c29tZSBjb2Rl",
    }
    return {name: value for name, value in (about | changes).items() if value is not None}


FRONTS = ({"ApiName": "agents"}, {"ApiId": API})
"""The dimensions under which the APIs in front of it publish."""


def published(name: str) -> list[dict[str, str]]:
    """The dimensions under which a function, its alias and its log group publish."""
    by_name = {"FunctionName": name}
    by_alias = {**by_name, "Resource": f"{name}:live"}
    return [by_name, by_alias, {"LogGroupName": f"/aws/lambda/{name}"}]


def metric_data(metrics: Mapping[str, float]) -> Any:
    """GetMetricData with the same value in every period."""

    def answer(**params: Any) -> dict[str, Any]:
        results = []
        for query in params["MetricDataQueries"]:
            stat = query["MetricStat"]
            value = metrics.get(stat["Metric"]["MetricName"])
            stamps = []
            moment = params["StartTime"]
            while value is not None and moment < params["EndTime"]:
                stamps.append(moment)
                moment += timedelta(seconds=stat["Period"])
            values = [value or 0.0] * len(stamps)
            results.append(
                {
                    "Id": query["Id"],
                    "Label": "x",
                    "Timestamps": stamps,
                    "Values": values,
                    "StatusCode": "Complete",
                }
            )
        return {"MetricDataResults": results}

    return answer


def tagged(tags: Mapping[str, str]) -> dict[str, Any]:
    """GetResources of the function with these tags."""
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"ResourceTagMappingList": [{"ResourceARN": ARN, "Tags": listed}]}


def answered(payload: object, **changes: Any) -> Any:
    """An Invoke that answers with a payload."""

    def invoke(**_: Any) -> dict[str, Any]:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return {"StatusCode": 200, "Payload": io.BytesIO(body)} | changes

    return invoke


def role_details() -> dict[str, Any]:
    """The role in GetAccountAuthorizationDetails."""
    return {
        "RoleName": "agent",
        "Path": "/service/",
        "AssumeRolePolicyDocument": json.dumps(TRUST),
        "RolePolicyList": [{"PolicyName": "logs", "PolicyDocument": json.dumps(LOGGING)}],
        "AttachedManagedPolicies": [],
    }


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    listed = configuration(State=None, LastUpdateStatus=None)
    role = {
        "RoleName": "agent",
        "Path": "/service/",
        "RoleId": "AROAEXAMPLEEXAMPLE123",
        "Arn": ROLE,
        "CreateDate": NOON - timedelta(days=400),
        "AssumeRolePolicyDocument": json.dumps(TRUST),
    }
    return FakeAccount(
        {
            ("lambda", "list_functions"): {"Functions": [listed]},
            ("lambda", "get_function_configuration"): configuration(),
            ("lambda", "list_aliases"): {"Aliases": []},
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": []},
            ("cloudfront", "list_distributions"): {"DistributionList": distributions()},
            ("lambda", "get_function_concurrency"): {},
            ("lambda", "get_runtime_management_config"): {"UpdateRuntimeOn": "Auto"},
            ("lambda", "get_policy"): {"Policy": json.dumps(POLICY), "RevisionId": "1"},
            ("lambda", "invoke"): answered({"statusCode": 200, "body": "{}"}),
            ("ssm", "get_parameter"): {
                "Parameter": {"Name": TAGS["readiness:smoke-event"], "Value": '{"ping": true}'}
            },
            ("resourcegroupstaggingapi", "get_resources"): tagged(TAGS),
            ("apigateway", "get_rest_apis"): {"items": [{"id": API, "name": "agents"}]},
            ("apigateway", "get_rest_api"): {"id": API, "name": "agents"},
            ("cloudwatch", "get_metric_data"): metric_data(METRICS),
            ("cloudwatch", "list_metrics"): list_metrics([*published(NAME), *FRONTS]),
            ("logs", "describe_log_groups"): {"logGroups": [{"logGroupName": GROUP}]},
            ("logs", "describe_log_streams"): {"logStreams": []},
            ("iam", "get_account_authorization_details"): {"RoleDetailList": [role_details()]},
            ("iam", "get_role"): {"Role": role},
            ("iam", "list_role_policies"): {"PolicyNames": ["logs"]},
            ("iam", "get_role_policy"): {
                "RoleName": "agent",
                "PolicyName": "logs",
                "PolicyDocument": json.dumps(LOGGING),
            },
            ("iam", "list_attached_role_policies"): {"AttachedPolicies": []},
            ("kms", "describe_key"): {
                "KeyMetadata": key_metadata(),
            },
            ("dynamodb", "query"): {"Items": []},
        }
    )


def with_a_canary() -> FakeAccount:
    """An alias that sends a tenth of its traffic to a new version, since two hours ago."""

    def measured(**asked: Any) -> dict[str, Any]:
        answer = metric_data(METRICS)(**asked)
        for query, result in zip(
            asked["MetricDataQueries"], answer["MetricDataResults"], strict=True
        ):
            dimensions = query["MetricStat"]["Metric"]["Dimensions"]
            if any(each["Name"] == "ExecutedVersion" for each in dimensions):
                result["Values"] = [
                    value if stamp >= NOON - timedelta(hours=2) else 0.0
                    for stamp, value in zip(result["Timestamps"], result["Values"], strict=True)
                ]
        return answer

    alias = {
        "Name": "live",
        "FunctionVersion": "1",
        "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}},
    }
    return fake_account().but(
        lambda__list_aliases={"Aliases": [alias]},
        cloudwatch__get_metric_data=measured,
        cloudtrail__lookup_events={"Events": []},
    )


BALANCER = (
    f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:loadbalancer/app/web/50dc6c495c0c9188"
)
TARGET_GROUP = f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:targetgroup/web/73e2d6bc24d8a067"


def behind_a_load_balancer() -> FakeAccount:
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "elasticloadbalancing.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
        "Condition": {"ArnLike": {"AWS:SourceArn": TARGET_GROUP}},
    }
    counted = METRICS | {"RequestCount": 40, "HTTPCode_Target_5XX_Count": 0}
    return fake_account().but(
        lambda__get_policy={"Policy": json.dumps(POLICY | {"Statement": [allowed]})},
        elbv2__describe_target_groups={
            "TargetGroups": [{"TargetGroupArn": TARGET_GROUP, "LoadBalancerArns": [BALANCER]}]
        },
        cloudwatch__get_metric_data=metric_data(counted),
    )


def with_a_log_group_of_its_own() -> FakeAccount:
    """A log group that other functions may share, written to by right of a managed policy."""
    group = "/agents"
    about = {"LoggingConfig": {"LogGroup": group, "LogFormat": "JSON"}}
    managed = f"arn:aws:iam::{ACCOUNT_ID}:policy/logs"
    attached = [{"PolicyName": "logs", "PolicyArn": managed}]
    document = json.dumps(LOGGING).replace(GROUP, group)
    version = {"Document": document, "VersionId": "v1", "IsDefaultVersion": True}
    details = role_details() | {"RolePolicyList": [], "AttachedManagedPolicies": attached}
    return fake_account().but(
        lambda__list_functions={
            "Functions": [configuration(State=None, LastUpdateStatus=None, **about)]
        },
        lambda__get_function_configuration=configuration(**about),
        logs__describe_log_groups={"logGroups": [{"logGroupName": group}]},
        logs__describe_log_streams={"logStreams": [{"logStreamName": "2026/11/02/agent[1]ab"}]},
        iam__get_account_authorization_details={
            "RoleDetailList": [details],
            "Policies": [
                {
                    "PolicyName": "logs",
                    "Arn": managed,
                    "DefaultVersionId": "v1",
                    "PolicyVersionList": [version],
                }
            ],
        },
        iam__list_role_policies={"PolicyNames": []},
        iam__list_attached_role_policies={"AttachedPolicies": attached},
        iam__get_policy={"Policy": {"Arn": managed, "DefaultVersionId": "v1"}},
        iam__get_policy_version={"PolicyVersion": version},
    )


QUEUE = f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:work"


def fed_by_a_queue(metrics: Mapping[str, float] = METRICS) -> FakeAccount:
    """The function takes its work from a queue with a dead-letter queue."""
    mapping = {
        "UUID": "2f8c0d1e-0000-4000-8000-1234567890ab",
        "FunctionArn": ARN,
        "EventSourceArn": QUEUE,
        "State": "Enabled",
    }
    policy = json.dumps({"deadLetterTargetArn": f"{QUEUE}-dead"})
    return fake_account().but(
        lambda__list_event_source_mappings={"EventSourceMappings": [mapping]},
        sqs__get_queue_attributes={"Attributes": {"RedrivePolicy": policy}},
        sqs__list_dead_letter_source_queues={"queueUrls": ["https://x/work"]},
        cloudwatch__get_metric_data=metric_data(metrics),
    )


def invoked_by_number(hours: Container[int] = range(-336, 0)) -> FakeAccount:
    """Somebody invokes version 7 in these hours, counted from now."""
    by_number = {"FunctionName": NAME, "Resource": f"{NAME}:7"}

    def counted(**asked: Any) -> dict[str, Any]:
        [result] = metric_data({"Invocations": 3.0})(**asked)["MetricDataResults"]
        ago = [(each - NOON) // timedelta(hours=1) for each in result["Timestamps"]]
        values = [3.0 * (each in hours) for each in ago]
        return {"MetricDataResults": [result | {"Values": values}]}

    return fake_account().but(
        cloudwatch__list_metrics=list_metrics([*published(NAME), by_number]),
        cloudwatch__get_metric_data=counted,
    )


def others() -> dict[str, Variant]:
    return {
        "invoked by number": Variant(invoked_by_number, ("function-configuration",)),
        "fed by a queue": Variant(fed_by_a_queue, ("proven-by-traffic",)),
        "with a canary": Variant(with_a_canary, ("function-configuration", "proven-by-traffic")),
        "behind a load balancer": Variant(behind_a_load_balancer, ("proven-by-traffic",)),
        "with a log group of its own": Variant(with_a_log_group_of_its_own, ("logs-delivered",)),
    }
