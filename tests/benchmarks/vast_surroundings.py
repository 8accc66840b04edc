"""What lies around the things of a vast account: queues, tasks, tags, policies, series, secrets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.benchmarks.vast_numbers import ACCOUNT, REGION, Numbered, Refused

WHEN = 1767225600
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:ops"
_TAGS = {"Application": "MAIF", "Environment": "production", "Owner": "team"}
_USUAL = {
    "AWS/Lambda": "Errors",
    "AWS/S3": "BucketSizeBytes",
    "AWS/SQS": "ApproximateAgeOfOldestMessage",
}
_IN_USE = 14
_OF_TWENTY = {
    "AsyncEventsReceived": 6,
    "AsyncEventsDropped": 0,
    "DeadLetterErrors": 0,
    "DestinationDeliveryFailures": 0,
    "IteratorAge": 0,
    "ProvisionedConcurrencyUtilization": 0,
}
"""Of twenty functions 14 were in use in two weeks, six of them asynchronously; one has a URL."""
TRUST = {"Version": "2012-10-17", "Statement": []}


def _is_of(arn: str, service: str, kind: str = "") -> bool:
    """Whether the tagging API's filter (``lambda:function``, ``s3``) shows what the ARN names."""
    parts = arn.split(":", 5)
    return parts[2] == service and (not kind or parts[5].startswith(kind) or service == "s3")


class Surroundings(Numbered):
    """One queue for two functions, one secret for two, two tasks a service, a group for each."""

    # -- queues and topics ----------------------------------------------------------------------

    def _url(self, name: str) -> str:
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"

    def _queue_arn(self, number: int) -> str:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue-{number:06}"

    def _number(self, name: str) -> int:
        return int(name.rpartition("-")[2])

    def sqs_list_queues(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("queue", self.queues, params, "NextToken", 1000)
        return {"QueueUrls": [self._url(name) for name in names], "NextToken": token}

    def sqs_get_queue_attributes(self, params: Mapping[str, Any]) -> Any:
        name = params["QueueUrl"].rsplit("/", 1)[-1]
        if not self.has(name, self.queues):
            raise Refused("AWS.SimpleQueueService.NonExistentQueue", 400)
        number = self._number(name)
        attributes = {
            "QueueArn": self._queue_arn(number),
            "SqsManagedSseEnabled": "true",
            "VisibilityTimeout": "180",
            "MessageRetentionPeriod": "1209600",
        }
        if number % 2:
            target = {"deadLetterTargetArn": self._queue_arn(number - 1), "maxReceiveCount": 5}
            attributes["RedrivePolicy"] = json.dumps(target)
        return {"Attributes": attributes}

    def sqs_list_dead_letter_source_queues(self, params: Mapping[str, Any]) -> Any:
        name = params["QueueUrl"].rsplit("/", 1)[-1]
        if not self.has(name, self.queues):
            raise Refused("AWS.SimpleQueueService.NonExistentQueue", 400)
        number = self._number(name)
        sources = [] if number % 2 else [self._url(f"queue-{number + 1:06}")]
        return {"queueUrls": sources}

    def sns_list_topics(self, params: Mapping[str, Any]) -> Any:
        return {"Topics": [{"TopicArn": TOPIC}]}

    def sns_get_topic_attributes(self, params: Mapping[str, Any]) -> Any:
        return {"Attributes": {"TopicArn": TOPIC, "SubscriptionsConfirmed": "1"}}

    def _subscriptions(self) -> list[dict[str, Any]]:
        about = {"TopicArn": TOPIC, "Protocol": "https", "Owner": ACCOUNT}
        return [{**about, "SubscriptionArn": f"{TOPIC}:1", "Endpoint": "https://pager.example/"}]

    def sns_list_subscriptions_by_topic(self, params: Mapping[str, Any]) -> Any:
        return {"Subscriptions": self._subscriptions()}

    def sns_list_subscriptions(self, params: Mapping[str, Any]) -> Any:
        return {"Subscriptions": self._subscriptions()}

    # -- Lambda ---------------------------------------------------------------------------------

    def lambda_get_account_settings(self, params: Mapping[str, Any]) -> Any:
        limit = {"ConcurrentExecutions": 10_000, "UnreservedConcurrentExecutions": 10_000}
        return {"AccountLimit": limit, "AccountUsage": {"FunctionCount": self.size.functions}}

    def lambda_list_aliases(self, params: Mapping[str, Any]) -> Any:
        return {"Aliases": [{"Name": "live", "FunctionVersion": "1"}]}

    def lambda_list_event_source_mappings(self, params: Mapping[str, Any]) -> Any:
        asked = params.get("FunctionName")
        names, token = self.page("function", self.queues, params, "Marker", 100)
        if asked is not None:
            names = [asked.rpartition(":")[2]] if self.has(asked, self.queues) else []
        mappings = [self._mapping(name) for name in names]
        return {"EventSourceMappings": mappings, "NextMarker": None if asked else token}

    def lambda_get_event_source_mapping(self, params: Mapping[str, Any]) -> Any:
        name = f"function-{self._number(params['UUID']):06}"
        if not self.has(name, self.queues):
            raise Refused("ResourceNotFoundException", 404)
        return self._mapping(name)

    def _mapping(self, name: str) -> dict[str, Any]:
        return {
            "UUID": f"00000000-0000-0000-0000-{self._number(name):012}",
            "EventSourceArn": self._queue_arn(self._number(name)),
            "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
            "State": "Enabled",
            "BatchSize": 10,
        }

    def lambda_list_function_event_invoke_configs(self, params: Mapping[str, Any]) -> Any:
        number = self._number(params["FunctionName"])
        if number % 10:
            return {"FunctionEventInvokeConfigs": []}
        name = params["FunctionName"]
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:$LATEST"
        on_failure = {"OnFailure": {"Destination": self._queue_arn(number // 10 * 2)}}
        config = {"FunctionArn": arn, "DestinationConfig": on_failure}
        return {"FunctionEventInvokeConfigs": [config]}

    def logs_describe_log_streams(self, params: Mapping[str, Any]) -> Any:
        return {"logStreams": [{"logStreamName": f"{params['logStreamNamePrefix']}1]abc"}]}

    # -- ECS ------------------------------------------------------------------------------------

    def ecs_describe_clusters(self, params: Mapping[str, Any]) -> Any:
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/main"
        setting = {"name": "containerInsights", "value": "enabled"}
        about = {"clusterArn": arn, "clusterName": "main", "status": "ACTIVE"}
        return {"clusters": [{**about, "settings": [setting]}], "failures": []}

    def ecs_list_tasks(self, params: Mapping[str, Any]) -> Any:
        if params.get("desiredStatus") == "STOPPED":
            return {"taskArns": []}
        token = None
        if service := params.get("serviceName"):
            names = [service]
        else:
            names, token = self.page("service", self.size.services, params, "nextToken", 50)
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/main/"
        arns = [f"{arn}{n}-{name}" for name in names for n in range(2)]
        return {"taskArns": arns, "nextToken": token}

    def ecs_describe_tasks(self, params: Mapping[str, Any]) -> Any:
        return {"tasks": [self._task(arn) for arn in params["tasks"]], "failures": []}

    def _task(self, arn: str) -> dict[str, Any]:
        number, name = arn.rsplit("/", 1)[-1].split("-", 1)
        container = {
            "name": "main",
            "containerArn": f"{arn}/main",
            "lastStatus": "RUNNING",
            "healthStatus": "HEALTHY",
            "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}:1",
            "cpu": "256",
        }
        details = [{"name": "subnetId", "value": f"subnet-{n}"} for n in range(4)]
        return {
            "taskArn": arn,
            "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/main",
            "group": f"service:{name}",
            "taskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{name}:1",
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "healthStatus": "HEALTHY",
            "availabilityZone": f"{REGION}{'ab'[int(number)]}",
            "createdAt": WHEN,
            "startedAt": WHEN,
            "containers": [container],
            "attachments": [{"id": "1", "type": "eni", "status": "ATTACHED", "details": details}],
        }

    # -- series, traces, tags ---------------------------------------------------------------------

    def cloudwatch_list_metrics(self, params: Mapping[str, Any]) -> Any:
        namespace = params.get("Namespace", "")
        metric = params.get("MetricName") or _USUAL.get(namespace, "")
        asked = {each["Name"]: each.get("Value") for each in params.get("Dimensions") or ()}
        wanted = [
            dimensions
            for dimensions in self._published(namespace, metric, asked)
            if all(
                name in dimensions and value in {None, dimensions[name]}
                for name, value in asked.items()
            )
        ]
        start = int(params.get("NextToken") or 0)
        token = str(start + 500) if start + 500 < len(wanted) else None
        metrics = [
            {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()],
            }
            for dimensions in wanted[start : start + 500]
        ]
        return {"Metrics": metrics, "NextToken": token}

    def _published(
        self, namespace: str, metric: str, asked: Mapping[str, Any]
    ) -> Iterator[dict[str, str]]:
        """The dimensions of the series that had data: of what is in use, and few failures."""
        match namespace:
            case "AWS/Lambda":
                yield from self._functions_that_published(metric, asked.get("FunctionName"))
            case "AWS/S3":
                for name in self.names("bucket", self.size.buckets):
                    yield {"BucketName": name, "StorageType": "StandardStorage"}
            case "AWS/SQS":
                for name in self.names("queue", self.queues):
                    yield {"QueueName": name}
            case "AWS/ECS":
                for name in self.names("service", self.size.services):
                    yield {"ClusterName": "main", "ServiceName": name}
            case "AWS/ApplicationELB" if "5XX" not in metric:
                yield from self.fronts()

    def _functions_that_published(self, metric: str, name: str | None) -> Iterator[dict[str, str]]:
        of_twenty = 1 if metric.startswith("Url") else _OF_TWENTY.get(metric, _IN_USE)
        for each in [name] if name else self.names("function", self.size.functions):
            if self.has(each, self.size.functions) and self._number(each) % 20 < of_twenty:
                yield {"FunctionName": each}

    def fronts(self) -> Iterator[dict[str, str]]:
        """The dimensions of load balancers and target groups."""
        return iter(())

    def xray_get_trace_segment_destination(self, params: Mapping[str, Any]) -> Any:
        return {"Destination": "XRay", "Status": "ACTIVE"}

    def _arns(self) -> Iterator[str]:
        size = self.size
        for name in self.names("function", size.functions):
            yield f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        for name in self.names("bucket", size.buckets):
            yield f"arn:aws:s3:::{name}"
        for name in self.names("table", size.tables):
            yield f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
        for name in self.names("database", size.databases):
            yield f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}"
        for name in self.names("api", size.apis):
            yield f"arn:aws:apigateway:{REGION}::/restapis/{name}"
        for name in self.names("service", size.services):
            yield f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/main/{name}"
        for name in self.names("group", size.log_groups):
            yield f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"

    def resourcegroupstaggingapi_get_resources(self, params: Mapping[str, Any]) -> Any:
        if asked := params.get("ResourceARNList"):
            arns, token = list(asked), None
        else:
            if self._tagged_since != self.first:
                self._tagged, self._tagged_since = list(self._arns()), self.first
            wanted = self._wanted(params)
            start = int(params.get("PaginationToken") or 0)
            arns = wanted[start : start + 100]
            token = str(start + 100) if start + 100 < len(wanted) else ""
        tags = [{"Key": key, "Value": value} for key, value in _TAGS.items()]
        listed = [{"ResourceARN": arn, "Tags": tags} for arn in arns]
        return {"ResourceTagMappingList": listed, "PaginationToken": token}

    def _wanted(self, params: Mapping[str, Any]) -> list[str]:
        for tag in params.get("TagFilters") or ():
            values = tag.get("Values") or [_TAGS.get(tag["Key"])]
            if tag["Key"] not in _TAGS or _TAGS[tag["Key"]] not in values:
                return []
        kinds = params.get("ResourceTypeFilters")
        if not kinds:
            return self._tagged
        asked = tuple(kind.split(":") for kind in kinds)
        return [arn for arn in self._tagged if any(_is_of(arn, *kind) for kind in asked)]

    _tagged: list[str]
    _tagged_since = -1

    # -- IAM ------------------------------------------------------------------------------------

    def iam_generate_credential_report(self, params: Mapping[str, Any]) -> Any:
        return {"State": "COMPLETE"}

    def iam_get_credential_report(self, params: Mapping[str, Any]) -> Any:
        names = (
            "user,arn,user_creation_time,password_enabled,password_last_used,"
            "password_last_changed,password_next_rotation,mfa_active,access_key_1_active,"
            "access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,"
            "access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
            "access_key_2_last_used_date,access_key_2_last_used_region,"
            "access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,"
            "cert_2_last_rotated"
        )
        root = (
            f"<root_account>,arn:aws:iam::{ACCOUNT}:root,2020-01-01T00:00:00+00:00,not_supported,"
            "no_information,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,"
            "N/A,N/A,false,N/A,false,N/A"
        )
        content = base64.b64encode(f"{names}\n{root}\n".encode()).decode()
        when = datetime(2026, 11, 26, tzinfo=UTC)
        return {"Content": content, "ReportFormat": "text/csv", "GeneratedTime": when}

    def iam_get_account_summary(self, params: Mapping[str, Any]) -> Any:
        summary = {"Users": 0, "AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0}
        return {"SummaryMap": summary}

    def iam_get_policy(self, params: Mapping[str, Any]) -> Any:
        return {"Policy": self.policy(self._number(params["PolicyArn"]))}

    def iam_get_policy_version(self, params: Mapping[str, Any]) -> Any:
        [version] = self.policy(self._number(params["PolicyArn"]))["PolicyVersionList"]
        return {"PolicyVersion": version}

    def policy(self, number: int) -> dict[str, Any]:
        allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": self._queue_arn(0)}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow] * 4})
        name = f"policy-{number:06}"
        return {
            "PolicyName": name,
            "PolicyId": f"ANPA{name}",
            "Arn": f"arn:aws:iam::{ACCOUNT}:policy/{name}",
            "Path": "/",
            "DefaultVersionId": "v1",
            "AttachmentCount": 10,
            "PermissionsBoundaryUsageCount": 0,
            "IsAttachable": True,
            "PolicyVersionList": [
                {"Document": document, "VersionId": "v1", "IsDefaultVersion": True}
            ],
        }

    # -- storage, network, secrets, trails --------------------------------------------------------

    def s3_get_bucket_lifecycle_configuration(self, params: Mapping[str, Any]) -> Any:
        if not self.has(params["Bucket"], self.size.buckets):
            raise Refused("NoSuchBucket", 404)
        expire = {"ID": "1", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 30}}
        return {"Rules": [expire]}

    def ec2_describe_vpcs(self, params: Mapping[str, Any]) -> Any:
        return {"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/8", "IsDefault": False}]}

    def ec2_describe_security_groups(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("sg", self.size.services, params, "NextToken", 1000)
        rule = {
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
            "Ipv6Ranges": [],
            "PrefixListIds": [],
            "UserIdGroupPairs": [],
        }
        groups = [
            {
                "GroupId": name,
                "GroupName": name,
                "Description": "of a service",
                "VpcId": "vpc-1",
                "OwnerId": ACCOUNT,
                "IpPermissions": [rule],
                "IpPermissionsEgress": [],
            }
            for name in names
        ]
        return {"SecurityGroups": groups, "NextToken": token}

    def secretsmanager_list_secrets(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("secret", self.queues, params, "NextToken", 100)
        return {"SecretList": [self._secret(name) for name in names], "NextToken": token}

    def secretsmanager_describe_secret(self, params: Mapping[str, Any]) -> Any:
        name = params["SecretId"].rsplit(":", 1)[-1]
        if not self.has(name, self.queues):
            raise Refused("ResourceNotFoundException", 400)
        return self._secret(name)

    def _secret(self, name: str) -> dict[str, Any]:
        return {
            "ARN": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}",
            "Name": name,
            "RotationEnabled": True,
            "RotationRules": {"AutomaticallyAfterDays": 30},
            "LastRotatedDate": WHEN,
            "CreatedDate": WHEN,
            "SecretVersionsToStages": {"1": ["AWSCURRENT"]},
        }

    def cloudtrail_describe_trails(self, params: Mapping[str, Any]) -> Any:
        return {"trailList": []}
