"""An account of any size, answered by formula."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.benchmarks.vast_numbers import ACCOUNT, REGION, Refused
from tests.benchmarks.vast_traces import Traces

_VARIED = {"Duration", "Errors", "Invocations", "RequestCount"}
"""Metrics that are another number each time, so that rows that keep them are as large as real ones."""


def _numbers(name: str, stamps: Sequence[int]) -> list[float]:
    """Values of a series between 116 and 124, the same for all statistics of a thing."""
    return [116.0 + zlib.crc32(f"{name} {stamp}".encode()) % 9 for stamp in stamps]


class Account(Traces):
    """The buckets, functions, roles, alarms, log groups and services."""

    # -- Lambda ---------------------------------------------------------------------------------

    def function(self, name: str) -> dict[str, Any]:
        return {
            "FunctionName": name,
            "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
            "Runtime": "python3.13",
            "Role": f"arn:aws:iam::{ACCOUNT}:role/{name.replace('function', 'role')}",
            "Handler": "app.handler",
            "CodeSize": 123456,
            "Timeout": 30,
            "MemorySize": 512,
            "LastModified": "2026-01-01T00:00:00.000+0000",
            "CodeSha256": "c29tZSBjb2Rl",
            "Version": "$LATEST",
            "Environment": {"Variables": {f"NAME_{n}": "some value or other" for n in range(8)}},
            "TracingConfig": {"Mode": "Active"},
            "Layers": [{"Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:common:7"}],
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "PackageType": "Zip",
            "Architectures": ["arm64"],
            "LoggingConfig": {"LogFormat": "JSON", "LogGroup": name.replace("function", "group")},
            **self.network(name),
        }

    def lambda_list_functions(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("function", self.size.functions, params, "Marker", 50)
        return {"Functions": [self.function(name) for name in names], "NextMarker": token}

    def lambda_get_function_configuration(self, params: Mapping[str, Any]) -> Any:
        if not self.has(params["FunctionName"], self.size.functions):
            raise Refused("ResourceNotFoundException", 404)
        return self.function(params["FunctionName"])

    def lambda_get_policy(self, params: Mapping[str, Any]) -> Any:
        raise Refused("ResourceNotFoundException", 404)

    # -- CloudWatch -----------------------------------------------------------------------------

    def cloudwatch_get_metric_data(self, params: Mapping[str, Any]) -> Any:
        start, end = params["StartTime"].timestamp(), params["EndTime"].timestamp()
        results = []
        for query in params["MetricDataQueries"]:
            period = query["MetricStat"]["Period"]
            stamps = list(range(int(start), int(end), period))
            named = query["MetricStat"]["Metric"]
            metric = named["MetricName"]
            values = [120.0] * len(stamps)
            if metric in _VARIED:
                values = _numbers(json.dumps(named.get("Dimensions", ())), stamps)
            # Lambda sends the metric Errors, 0 or 1, with each invocation
            is_sum = query["MetricStat"]["Stat"] != "SampleCount"
            if is_sum and ("Error" in metric or metric == "Throttles"):
                values = [0.0] * len(stamps)
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

    def cloudwatch_describe_alarms(self, params: Mapping[str, Any]) -> Any:
        if "MetricAlarm" not in params.get("AlarmTypes", ()):
            return {}
        names, token = self.page("alarm", self.size.alarms, params, "NextToken", 100)
        return {"MetricAlarms": [self.alarm(name) for name in names], "NextToken": token}

    def alarm(self, name: str) -> dict[str, Any]:
        number = int(name.rpartition("-")[2]) % max(self.size.functions, 1)
        return {
            "AlarmName": name,
            "AlarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}",
            "ActionsEnabled": True,
            "AlarmActions": [f"arn:aws:sns:{REGION}:{ACCOUNT}:ops"],
            "StateValue": "OK",
            "StateReason": "Threshold Crossed: no datapoints were received for 1 period.",
            "StateUpdatedTimestamp": 1767225600,
            "MetricName": "Errors",
            "Namespace": "AWS/Lambda",
            "Statistic": "Sum",
            "Dimensions": [{"Name": "FunctionName", "Value": f"function-{number:06}"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
        }

    # -- ECS ------------------------------------------------------------------------------------

    def ecs_list_clusters(self, params: Mapping[str, Any]) -> Any:
        return {"clusterArns": [f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/main"]}

    def ecs_list_services(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("service", self.size.services, params, "nextToken", 100)
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/main/"
        return {"serviceArns": [arn + name for name in names], "nextToken": token}

    def ecs_describe_services(self, params: Mapping[str, Any]) -> Any:
        names = [arn.rsplit("/", 1)[-1] for arn in params["services"]]
        known = [name for name in names if self.has(name, self.size.services)]
        return {"services": [self.service(name) for name in known], "failures": []}

    def service(self, name: str) -> dict[str, Any]:
        task = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{name}:1"
        events = [
            {"id": str(n), "createdAt": 1767225600 - n, "message": f"({name}) steady state."}
            for n in range(20)
        ]
        deployment = {
            "id": "ecs-svc/1",
            "status": "PRIMARY",
            "taskDefinition": task,
            "desiredCount": 2,
            "runningCount": 2,
            "createdAt": 1767225600,
            "updatedAt": 1767225600,
            "rolloutState": "COMPLETED",
        }
        return {
            "serviceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/main/{name}",
            "serviceName": name,
            "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/main",
            "status": "ACTIVE",
            "desiredCount": 2,
            "runningCount": 2,
            "taskDefinition": task,
            "deployments": [deployment],
            "events": events,
            "createdAt": 1767225600,
            "launchType": "FARGATE",
            "deploymentController": {"type": "ECS"},
            "loadBalancers": [
                {
                    "targetGroupArn": self.group_of(name),
                    "containerName": "main",
                    "containerPort": 8080,
                }
            ],
        }

    def ecs_describe_task_definition(self, params: Mapping[str, Any]) -> Any:
        container = {"name": "main", "image": "image:1", "essential": True, "memory": 512}
        arn = params["taskDefinition"]
        family = arn.rsplit("/", 1)[-1].partition(":")[0]
        about = {"taskDefinitionArn": arn, "family": family, "containerDefinitions": [container]}
        about |= {"status": "ACTIVE", "revision": 1, "networkMode": "awsvpc"}
        return {"taskDefinition": about}

    # -- the others -----------------------------------------------------------------------------

    def logs_describe_log_groups(self, params: Mapping[str, Any]) -> Any:
        if prefix := params.get("logGroupNamePrefix"):
            names, token = [prefix] if self.has(prefix, self.size.log_groups) else [], None
        else:
            names, token = self.page("group", self.size.log_groups, params, "nextToken", 50)
        groups = [
            {
                "logGroupName": name,
                "creationTime": 1767225600000,
                "retentionInDays": 30,
                "metricFilterCount": 0,
                "storedBytes": 123456,
                "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*",
                "logGroupArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}",
                "logGroupClass": "STANDARD",
            }
            for name in names
        ]
        return {"logGroups": groups, "nextToken": token}

    def s3_list_buckets(self, params: Mapping[str, Any]) -> Any:
        when = datetime(2026, 1, 1, tzinfo=UTC)
        names = self.names("bucket", self.size.buckets)
        return {"Buckets": [{"Name": n, "CreationDate": when} for n in names]}

    def s3_get_bucket_encryption(self, params: Mapping[str, Any]) -> Any:
        if not self.has(params["Bucket"], self.size.buckets):
            raise Refused("NoSuchBucket", 404)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}

    def s3_get_bucket_policy(self, params: Mapping[str, Any]) -> Any:
        known = self.has(params["Bucket"], self.size.buckets)
        raise Refused("NoSuchBucketPolicy" if known else "NoSuchBucket", 404)

    def iam_get_account_authorization_details(self, params: Mapping[str, Any]) -> Any:
        if "Role" not in params.get("Filter", ["Role"]):
            return {"IsTruncated": False}
        names, token = self.page("role", self.size.roles, params, "Marker", 100)
        numbers = [self._number(name) // 10 for name in names if name.endswith("0")]
        return {
            "RoleDetailList": [self.role(name) for name in names],
            "Policies": [self.policy(number) for number in numbers],
            "IsTruncated": token is not None,
            "Marker": token,
        }

    def iam_list_roles(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("role", self.size.roles, params, "Marker", 100)
        return {
            "Roles": [self.role(name) for name in names],
            "IsTruncated": token is not None,
            "Marker": token,
        }

    def iam_get_role(self, params: Mapping[str, Any]) -> Any:
        if not self.has(params["RoleName"], self.size.roles):
            raise Refused("NoSuchEntity", 404)
        return {"Role": self.role(params["RoleName"])}

    def role(self, name: str) -> dict[str, Any]:
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
        trust["Action"] = "sts:AssumeRole"
        allow = {
            "Effect": "Allow",
            "Action": "logs:PutLogEvents",
            "Resource": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{name}:*",
        }

        policy = self.policy(self._number(name) // 10)

        def document(statement: Any) -> str:
            return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

        return {
            "Path": "/",
            "RoleName": name,
            "RoleId": f"AROA{name}",
            "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
            "CreateDate": datetime(2026, 1, 1, tzinfo=UTC),
            "AssumeRolePolicyDocument": document(trust),
            "RolePolicyList": [
                {"PolicyName": f"p{n}", "PolicyDocument": document(allow)} for n in range(3)
            ],
            "AttachedManagedPolicies": [
                {"PolicyName": policy["PolicyName"], "PolicyArn": policy["Arn"]}
            ],
            "RoleLastUsed": {},
        }
