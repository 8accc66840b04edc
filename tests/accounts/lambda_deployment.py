"""An account whose function was deployed well: active, used without errors, and logging."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

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


def world() -> FakeAccount:
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
            ("lambda", "get_function_concurrency"): {},
            ("lambda", "get_policy"): {"Policy": json.dumps(POLICY), "RevisionId": "1"},
            ("lambda", "invoke"): answered({"statusCode": 200, "body": "{}"}),
            ("ssm", "get_parameter"): {
                "Parameter": {"Name": TAGS["readiness:smoke-event"], "Value": '{"ping": true}'}
            },
            ("resourcegroupstaggingapi", "get_resources"): tagged(TAGS),
            ("apigateway", "get_rest_apis"): {"items": [{"id": API, "name": "agents"}]},
            ("apigateway", "get_rest_api"): {"id": API, "name": "agents"},
            ("cloudwatch", "get_metric_data"): metric_data(METRICS),
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
                "KeyMetadata": {"KeyId": KEY, "KeyState": "Enabled", "KeyManager": "CUSTOMER"}
            },
            ("dynamodb", "query"): {"Items": []},
        }
    )
