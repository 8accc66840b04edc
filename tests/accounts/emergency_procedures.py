"""An account in which there is a way back, a switch and a clean stop, and each was rehearsed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from readiness.engine.declarations import attestation_item
from readiness.model.attestation import Attestation, Scope
from tests.account_variants import Variant
from tests.accounts import scaling_alarms
from tests.accounts.error_handling import (
    ATTACHED,
    CLUSTER,
    FAILED,
    FUNCTION,
    GROUP,
    MANAGED,
    MANIFEST,
    ROLE_SUMMARY,
    SERVICE,
    allow,
    invoke_config,
    parameter,
    policy,
)
from tests.accounts.performance_optimization import grants
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

DRILLED = {
    "emergency_procedures.lambda-rollback": "agent",
    "emergency_procedures.ecs-rollback": "*:service/agents/web",
    "emergency_procedures.circuit-breaker": "",
    "emergency_procedures.function-shutdown": "agent",
    "emergency_procedures.service-shutdown": "*:service/agents/web",
}
"""The rules, and the resources for which a drill is attested."""

DIGEST, OLDER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
REGISTRY = f"{ACCOUNT_ID}.dkr.ecr.{HOME}.amazonaws.com"
IMAGE = f"{REGISTRY}/agent@{DIGEST}"
WEB = f"{REGISTRY}/web:1.6"
TASKS = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/web"
DEPLOYMENTS = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service-deployment/agents/web"
REVISIONS = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service-revision/agents/web"
WORK = f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:work"
SWITCH = f"arn:aws:ssm:{HOME}:{ACCOUNT_ID}:parameter/agents/enabled"
TASK_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/agent"
MAY_READ = grants(
    *("ssm:GetParameter", "sqs:SendMessage", "sqs:ReceiveMessage"),
    *("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
)


def drill(rule: str, resource: str, **changes: Any) -> dict[str, Any]:
    """The row that `readiness emergency … --drill` leaves in the table of statements."""
    about: dict[str, Any] = {
        "id": "bbbb11112222",
        "rule": rule,
        "scope": Scope(resource=resource),
        "statement": "Drill of the procedure: quarterly rehearsal",
        "performed_at": NOON - timedelta(days=30),
        "declared_at": NOON - timedelta(days=30),
        "owner": "arn:aws:sts::111122223333:assumed-role/Operators/alice",
        "attester": "arn:aws:sts::111122223333:assumed-role/Operators/alice",
        "attester_id": "AROA:alice",
    }
    return attestation_item(Attestation(**(about | changes)))


def drills(**params: Any) -> dict[str, Any]:
    rule = params["ExpressionAttributeValues"][":r"]["S"]
    return {"Items": [drill(rule, DRILLED[rule])] if rule in DRILLED else []}


def version(number: str, **changes: Any) -> dict[str, Any]:
    """A version of the function as GetFunctionConfiguration has it."""
    return {
        "FunctionName": "agent",
        "FunctionArn": f"{FUNCTION}:{number}",
        "Role": TASK_ROLE,
        "Version": number,
        "PackageType": "Image",
        "State": "Active",
        "LastModified": "2026-01-02T12:00:00.000+0000",
    } | changes


def configuration(**params: Any) -> dict[str, Any]:
    """The version before is idle; the current one runs."""
    number = params.get("Qualifier", "$LATEST")
    if number == "6":
        return version("6", State="Inactive", StateReasonCode="Idle")
    return version(number)


def invoke_policy(**params: Any) -> Any:
    """SNS may invoke the alias, and nobody anything else."""
    if params.get("Qualifier") != "live":
        return error("ResourceNotFoundException", 404)
    return {"Policy": policy(allow("sns", "lambda:InvokeFunction", resource=f"{FUNCTION}:live"))}


def mapping(**changes: Any) -> dict[str, Any]:
    """An event source mapping of a queue, for the alias."""
    return {
        "UUID": "2f8c0d1e-0000-4000-8000-1234567890ab",
        "FunctionArn": f"{FUNCTION}:live",
        "EventSourceArn": WORK,
        "State": "Enabled",
    } | changes


def service(**changes: Any) -> dict[str, Any]:
    """The service as DescribeServices has it."""
    return {
        "serviceArn": SERVICE,
        "serviceName": "web",
        "clusterArn": CLUSTER,
        "status": "ACTIVE",
        "desiredCount": 2,
        "runningCount": 2,
        "taskDefinition": f"{TASKS}:7",
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "alarms": {"alarmNames": ["web-errors"], "enable": True, "rollback": True},
        },
        "loadBalancers": [{"targetGroupArn": GROUP}],
    } | changes


def task_definition(**params: Any) -> dict[str, Any]:
    """Each revision has an image of its own."""
    number = params["taskDefinition"].rpartition(":")[2]
    return {
        "taskDefinition": {
            "taskDefinitionArn": f"{TASKS}:{number}",
            "family": "web",
            "status": "ACTIVE",
            "taskRoleArn": TASK_ROLE,
            "containerDefinitions": [
                {
                    "name": "web",
                    "image": f"{REGISTRY}/web:1.{number}",
                    "stopTimeout": 60,
                    "linuxParameters": {"initProcessEnabled": True},
                }
            ],
        }
    }


def images(**params: Any) -> dict[str, Any]:
    digest = params["imageIds"][0].get("imageDigest", OLDER)
    return {"imageDetails": [{"imageDigest": digest, "repositoryName": params["repositoryName"]}]}


def deployment(**changes: Any) -> dict[str, Any]:
    """A deployment that succeeded, as DescribeServiceDeployments has it."""
    return {
        "serviceDeploymentArn": f"{DEPLOYMENTS}/aaaa",
        "createdAt": NOON - timedelta(days=3),
        "status": "SUCCESSFUL",
        "sourceServiceRevisions": [{"arn": f"{REVISIONS}/1111"}],
    } | changes


REVISION = {
    "serviceRevisionArn": f"{REVISIONS}/1111",
    "taskDefinition": f"{TASKS}:6",
    "containerImages": [{"containerName": "web", "image": WEB, "imageDigest": OLDER}],
}


def group(**changes: Any) -> dict[str, Any]:
    """A deployment group that moves the alias of the function."""
    return {
        "applicationName": "agents",
        "deploymentGroupName": "agent",
        "computePlatform": "Lambda",
        "deploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
        "autoRollbackConfiguration": {
            "enabled": True,
            "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"],
        },
        "alarmConfiguration": {"enabled": True, "alarms": [{"name": "agent-errors"}]},
        "lastSuccessfulDeployment": {"deploymentId": "d-ABCDEF123", "status": "Succeeded"},
    } | changes


SPEC = {
    "version": 0.0,
    "Resources": [
        {
            "agent": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Name": "agent",
                    "Alias": "live",
                    "CurrentVersion": "6",
                    "TargetVersion": "7",
                },
            }
        }
    ],
}


def alarms(**params: Any) -> dict[str, Any]:
    """Both alarms are there; one of them is composite."""
    of_kind = {"MetricAlarm": "web-errors", "CompositeAlarm": "agent-errors"}
    key = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms"}
    [kind] = params["AlarmTypes"]
    found = [{"AlarmName": name} for name in params["AlarmNames"] if name == of_kind[kind]]
    return {key[kind]: found}


def tagged(**params: Any) -> dict[str, Any]:
    """The switch has the operator's tag; nothing else has any."""
    if params.get("TagFilters") != [{"Key": "readiness:emergency"}]:
        return {"ResourceTagMappingList": []}
    tags = [{"Key": "readiness:emergency", "Value": ""}]
    return {"ResourceTagMappingList": [{"ResourceARN": SWITCH, "Tags": tags}]}


def role(document: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """What IAM says of the role of the function and of the tasks."""
    version = {"Document": json.dumps(document), "VersionId": "v1", "IsDefaultVersion": True}
    about = {"PolicyName": "send", "Arn": MANAGED, "DefaultVersionId": "v1"}
    return {
        ("iam", "get_account_authorization_details"): {
            "RoleDetailList": [
                ROLE_SUMMARY | {"RolePolicyList": [], "AttachedManagedPolicies": ATTACHED}
            ],
            "Policies": [about | {"PolicyVersionList": [version]}],
        },
        ("iam", "list_roles"): {"Roles": [ROLE_SUMMARY]},
        ("iam", "get_role"): {"Role": ROLE_SUMMARY},
        ("iam", "list_role_policies"): {"PolicyNames": []},
        ("iam", "list_attached_role_policies"): {"AttachedPolicies": ATTACHED},
        ("iam", "get_policy"): {"Policy": {"Arn": MANAGED, "DefaultVersionId": "v1"}},
        ("iam", "get_policy_version"): {"PolicyVersion": version},
    }


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    listed = {"serviceDeployments": [{**deployment()}]}
    listed["serviceDeployments"][0].pop("sourceServiceRevisions")
    return FakeAccount(
        {
            ("dynamodb", "query"): drills,
            ("dynamodb", "describe_table"): {
                "Table": {
                    "TableName": "circuits",
                    "TableStatus": "ACTIVE",
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                }
            },
            ("dynamodb", "get_item"): {"Item": {"id": {"S": "models"}, "state": {"S": "CLOSED"}}},
            ("ssm", "get_parameters_by_path"): {"Parameters": [parameter(MANIFEST)]},
            ("resourcegroupstaggingapi", "get_resources"): tagged,
            ("lambda", "list_functions"): {"Functions": [version("$LATEST")]},
            ("lambda", "get_function_configuration"): configuration,
            ("lambda", "get_function"): {"Code": {"ResolvedImageUri": IMAGE}},
            ("lambda", "get_function_concurrency"): {},
            ("lambda", "list_aliases"): {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
            ("lambda", "list_versions_by_function"): {
                "Versions": [version(each) for each in ("$LATEST", "6", "7")]
            },
            ("lambda", "get_policy"): invoke_policy,
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": [mapping()]},
            ("lambda", "list_function_url_configs"): {"FunctionUrlConfigs": []},
            ("lambda", "list_function_event_invoke_configs"): {
                "FunctionEventInvokeConfigs": [invoke_config()]
            },
            ("lambda", "list_provisioned_concurrency_configs"): {
                "ProvisionedConcurrencyConfigs": []
            },
            ("scheduler", "list_schedules"): {"Schedules": []},
            ("sqs", "get_queue_attributes"): {"Attributes": {"MessageRetentionPeriod": "345600"}},
            ("ecr", "describe_images"): images,
            ("ecr", "describe_repositories"): {
                "repositories": [{"repositoryName": "web", "imageTagMutability": "MUTABLE"}]
            },
            ("codedeploy", "list_applications"): {"applications": ["agents", "hosts"]},
            ("codedeploy", "batch_get_applications"): {
                "applicationsInfo": [
                    {"applicationName": "agents", "computePlatform": "Lambda"},
                    {"applicationName": "hosts", "computePlatform": "Server"},
                ]
            },
            ("codedeploy", "list_deployment_groups"): {"deploymentGroups": ["agent"]},
            ("codedeploy", "batch_get_deployment_groups"): {"deploymentGroupsInfo": [group()]},
            ("codedeploy", "batch_get_deployments"): {
                "deploymentsInfo": [
                    {
                        "deploymentId": "d-ABCDEF123",
                        "revision": {
                            "revisionType": "AppSpecContent",
                            "appSpecContent": {"content": json.dumps(SPEC)},
                        },
                    }
                ]
            },
            ("cloudwatch", "describe_alarms"): alarms,
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
            ("ecs", "list_services"): {"serviceArns": [SERVICE]},
            ("ecs", "describe_services"): {"services": [service()]},
            ("ecs", "describe_task_definition"): task_definition,
            ("ecs", "list_task_definitions"): {
                "taskDefinitionArns": [f"{TASKS}:7", f"{TASKS}:6", f"{TASKS}-old:5"]
            },
            ("ecs", "list_service_deployments"): listed,
            ("ecs", "describe_service_deployments"): {"serviceDeployments": [deployment()]},
            ("ecs", "describe_service_revisions"): {"serviceRevisions": [REVISION]},
            ("elbv2", "describe_target_group_attributes"): {
                "Attributes": [
                    {"Key": "deregistration_delay.timeout_seconds", "Value": "60"},
                    {"Key": "load_balancing.algorithm.anomaly_mitigation", "Value": "on"},
                ]
            },
            ("application-autoscaling", "describe_scalable_targets"): {
                "ScalableTargets": [
                    {
                        "ServiceNamespace": "ecs",
                        "ResourceId": "service/agents/web",
                        "ScalableDimension": "ecs:service:DesiredCount",
                        "MinCapacity": 2,
                        "MaxCapacity": 8,
                        "RoleARN": TASK_ROLE,
                        "CreationTime": NOON,
                    }
                ]
            },
            ("application-autoscaling", "describe_scheduled_actions"): {"ScheduledActions": []},
            ("application-autoscaling", "describe_scaling_policies"): scaling_alarms.policies(
                "ecs", "service/agents/other", "ecs:service:DesiredCount"
            ),
            **role(MAY_READ),
        }
    )


def never_deployed() -> FakeAccount:
    """ECS no longer knows the deployments of the service: the revision below counts.

    Its images are named by digests.
    """

    def pinned(**params: Any) -> dict[str, Any]:
        answer = task_definition(**params)
        [container] = answer["taskDefinition"]["containerDefinitions"]
        container["image"] = f"{REGISTRY}/web@{DIGEST}"
        return answer

    return fake_account().but(
        ecs__list_service_deployments={"serviceDeployments": []},
        ecs__describe_task_definition=pinned,
    )


def a_dead_letter_queue() -> FakeAccount:
    """The failures of the function go to a queue of the version itself."""

    def with_a_queue(**params: Any) -> dict[str, Any]:
        return configuration(**params) | {"DeadLetterConfig": {"TargetArn": FAILED}}

    return fake_account().but(
        lambda__get_function_configuration=with_a_queue,
        lambda__list_function_event_invoke_configs={"FunctionEventInvokeConfigs": []},
    )


def failures_into(destination: str) -> FakeAccount:
    """The failures of the function go to what is neither a queue nor a topic."""
    config = invoke_config()
    config["DestinationConfig"] = {"OnFailure": {"Destination": destination}}
    return fake_account().but(
        events__describe_event_bus={"Name": "failed"},
        events__list_rules={"Rules": [{"Name": "failures", "State": "ENABLED"}]},
        s3__list_buckets={"Buckets": [{"Name": "failed"}]},
        lambda__list_function_event_invoke_configs={"FunctionEventInvokeConfigs": [config]},
    )


def into_a_bus() -> FakeAccount:
    return failures_into(f"arn:aws:events:{HOME}:{ACCOUNT_ID}:event-bus/failed")


def into_a_bucket() -> FakeAccount:
    return failures_into("arn:aws:s3:::failed")


def named_by_tag() -> FakeAccount:
    """Lambda does not tell the digest that it resolved the image's tag to."""
    return fake_account().but(lambda__get_function={"Code": {"ImageUri": WEB}})


def from_a_cache(prefix: str = "docker-hub") -> FakeAccount:
    """A service runs an image of another registry, which the cache of ECR has let go."""

    def cached(**params: Any) -> dict[str, Any]:
        answer = task_definition(**params)
        [container] = answer["taskDefinition"]["containerDefinitions"]
        container["image"] = f"{REGISTRY}/docker-hub/library/nginx:1.27"
        return answer

    return fake_account().but(
        ecs__list_service_deployments={"serviceDeployments": []},
        ecs__describe_task_definition=cached,
        ecr__describe_images=error("ImageNotFoundException"),
        ecr__describe_pull_through_cache_rules={
            "pullThroughCacheRules": [{"ecrRepositoryPrefix": prefix}]
        },
    )


def an_older_role() -> FakeAccount:
    """The version before was published with another role."""

    def older(**params: Any) -> dict[str, Any]:
        told = configuration(**params)
        if told["Version"] == "6":
            told["Role"] = f"arn:aws:iam::{ACCOUNT_ID}:role/agent-2025"
        return told

    return fake_account().but(lambda__get_function_configuration=older)


def inline_role() -> FakeAccount:
    """The role reads by an inline policy."""
    inline = {"PolicyName": "send", "PolicyDocument": json.dumps(MAY_READ)}
    return fake_account().but(
        iam__get_account_authorization_details={
            "RoleDetailList": [
                ROLE_SUMMARY | {"RolePolicyList": [inline], "AttachedManagedPolicies": []}
            ],
            "Policies": [],
        },
        iam__list_role_policies={"PolicyNames": ["send"]},
        iam__get_role_policy={"RoleName": "agent", **inline},
        iam__list_attached_role_policies={"AttachedPolicies": []},
    )


def others() -> dict[str, Variant]:
    return {
        "never deployed": Variant(never_deployed, ("ecs-rollback",)),
        "a dead-letter queue": Variant(a_dead_letter_queue, ("function-shutdown",)),
        "an event bus": Variant(into_a_bus, ("function-shutdown",)),
        "a bucket": Variant(into_a_bucket, ("function-shutdown",)),
        "inline": Variant(inline_role, ("circuit-breaker",)),
        "from a cache": Variant(from_a_cache, ("ecs-rollback",)),
        "an older role": Variant(an_older_role, ("lambda-rollback",)),
        "named by a tag": Variant(named_by_tag, ("lambda-rollback",)),
    }
