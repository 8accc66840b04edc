"""An account whose secrets are kept, rotated and watched as they should be."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

from tests.account_variants import Variant
from tests.accounts.traffic import BY_NUMBER, get_metric_data, list_metrics, steadily
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

SECRET_ARN = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT_ID}:secret:prod/db-AbCdEf"
TRAIL_ARN = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT_ID}:trail/audit"
CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/main"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/main/agent"
JOB = f"arn:aws:batch:{HOME}:{ACCOUNT_ID}:job-definition/orders:3"
MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT_ID}:stateMachine:orders"
STATE_MACHINE_ALIASES: dict[tuple[str, str], Any] = {
    ("stepfunctions", "list_state_machine_aliases"): {
        "stateMachineAliases": [{"stateMachineAliasArn": f"{MACHINE}:live", "creationDate": NOON}]
    },
    ("stepfunctions", "describe_state_machine_alias"): {
        "stateMachineAliasArn": f"{MACHINE}:live",
        "name": "live",
        "routingConfiguration": [{"stateMachineVersionArn": f"{MACHINE}:7", "weight": 100}],
    },
}
APP_RUNNER = f"arn:aws:apprunner:{HOME}:{ACCOUNT_ID}:service/web/8fe1e10304f84fd2b0df550fe98a71fa"
MODEL = f"arn:aws:sagemaker:{HOME}:{ACCOUNT_ID}:model/ranker-7"
GLUE_JOB = {"Name": "nightly", "DefaultArguments": {"--STAGE": "prod"}}
CONNECTION = {"Name": "warehouse", "ConnectionProperties": {"SECRET_ID": "prod/warehouse"}}
TEMPLATE = "lt-0123456789abcdef0"
TASKS = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/agent:7"


def secret(**changes: Any) -> dict[str, Any]:
    """What ListSecrets and DescribeSecret both say of a secret; None leaves a field out."""
    about = {
        "ARN": SECRET_ARN,
        "Name": "prod/db",
        "RotationEnabled": True,
        "RotationRules": {"AutomaticallyAfterDays": 30},
        "CreatedDate": NOON - timedelta(days=400),
        "LastChangedDate": NOON - timedelta(days=10),
        "LastRotatedDate": NOON - timedelta(days=10),
        "NextRotationDate": NOON + timedelta(days=20),
    }
    return {name: value for name, value in (about | changes).items() if value is not None}


def trail(**changes: Any) -> dict[str, Any]:
    """A trail of DescribeTrails, with selectors of its own so that they have to be read."""
    about = {
        "Name": "audit",
        "TrailARN": TRAIL_ARN,
        "HomeRegion": HOME,
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "HasCustomEventSelectors": True,
        "IsOrganizationTrail": False,
    }
    return about | changes


def status(**changes: Any) -> dict[str, Any]:
    """GetTrailStatus of a trail that works."""
    return {"IsLogging": True, "LatestDeliveryTime": NOON - timedelta(minutes=5)} | changes


def basic(**changes: Any) -> dict[str, Any]:
    """GetEventSelectors with one basic selector, of everything unless told otherwise."""
    selector = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}
    return {"TrailARN": TRAIL_ARN, "EventSelectors": [selector | changes]}


def advanced(*selectors: dict[str, dict[str, list[str]]]) -> dict[str, Any]:
    """GetEventSelectors with advanced selectors, each field → operator → values."""
    return {
        "TrailARN": TRAIL_ARN,
        "AdvancedEventSelectors": [
            {"FieldSelectors": [{"Field": field} | test for field, test in selector.items()]}
            for selector in selectors
        ],
    }


def function(**variables: str) -> dict[str, Any]:
    """GetFunctionConfiguration of a function with these variables."""
    return {"FunctionName": "agent", "Environment": {"Variables": variables}}


def tasks(**container: Any) -> dict[str, Any]:
    """DescribeTaskDefinition of one container."""
    return {
        "taskDefinition": {
            "taskDefinitionArn": TASKS,
            "family": "agent",
            "containerDefinitions": [{"name": "agent", "image": "agent:1"} | container],
        }
    }


def project(*variables: dict[str, str]) -> dict[str, Any]:
    """A CodeBuild project with these variables."""
    environment = {
        "type": "LINUX_CONTAINER",
        "image": "aws/codebuild/standard:7.0",
        "computeType": "BUILD_GENERAL1_SMALL",
        "environmentVariables": list(variables),
    }
    return {"name": "build", "environment": environment}


def machine(**parameters: Any) -> dict[str, Any]:
    """DescribeStateMachine of one that runs one task with these parameters."""
    task = {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": parameters}
    definition = {"StartAt": "Call", "States": {"Call": task | {"End": True}}}
    return {
        "stateMachineArn": MACHINE,
        "name": "orders",
        "definition": json.dumps(definition),
        "roleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/orders",
        "type": "STANDARD",
        "creationDate": NOON,
    }


def job(revision: int = 3, **container: Any) -> dict[str, Any]:
    """A job definition of Batch with one container."""
    return {
        "jobDefinitionName": "orders",
        "jobDefinitionArn": JOB.replace(":3", f":{revision}"),
        "revision": revision,
        "status": "ACTIVE",
        "type": "container",
        "containerProperties": {"image": "orders:1", "command": ["run"]} | container,
    }


def group(**changes: Any) -> dict[str, Any]:
    """An Auto Scaling group that launches from the default version of a template."""
    return {
        "AutoScalingGroupName": "hosts",
        "MinSize": 1,
        "MaxSize": 3,
        "DesiredCapacity": 1,
        "DefaultCooldown": 300,
        "AvailabilityZones": [f"{HOME}a"],
        "HealthCheckType": "EC2",
        "CreatedTime": NOON,
        "LaunchTemplate": {"LaunchTemplateId": TEMPLATE, "LaunchTemplateName": "hosts"},
    } | changes


def version(script: str = "echo ECS_CLUSTER=main", number: int = 1, **changes: Any) -> Any:
    """A version of the launch template with this script as user data."""
    return {
        "LaunchTemplateId": TEMPLATE,
        "LaunchTemplateName": "hosts",
        "VersionNumber": number,
        "DefaultVersion": number == 1,
        "LaunchTemplateData": {"UserData": base64.b64encode(script.encode()).decode()},
    } | changes


def configuration(script: str) -> dict[str, Any]:
    """A launch configuration with this script as user data."""
    return {
        "LaunchConfigurationName": "old-hosts",
        "ImageId": "ami-0123456789abcdef0",
        "InstanceType": "t3.small",
        "CreatedTime": NOON,
        "UserData": base64.b64encode(script.encode()).decode(),
    }


REST_STAGE = {"stageName": "prod", "variables": {"alias": "live"}}


def stack(**changes: Any) -> dict[str, Any]:
    """A stack of DescribeStacks with a parameter that is masked, and an output."""
    return {
        "StackName": "checkout",
        "StackId": f"arn:aws:cloudformation:{HOME}:{ACCOUNT_ID}:stack/checkout/1f2e3d4c",
        "StackStatus": "UPDATE_COMPLETE",
        "CreationTime": NOON,
        "Parameters": [
            {"ParameterKey": "Stage", "ParameterValue": "prod"},
            {"ParameterKey": "DbPassword", "ParameterValue": "****"},
        ],
        "Outputs": [{"OutputKey": "DbSecretArn", "OutputValue": SECRET_ARN}],
    } | changes


def target(**changes: Any) -> dict[str, Any]:
    """A target of an EventBridge rule that starts a task with a variable."""
    override = {"containerOverrides": [{"environment": [{"name": "MODE", "value": "full"}]}]}
    return {"Id": "task", "Arn": CLUSTER, "Input": json.dumps(override)} | changes


def summary() -> dict[str, Any]:
    """The same in ListStacks."""
    named = ("StackName", "StackId", "StackStatus", "CreationTime")
    return {name: stack()[name] for name in named}


HTTP_STAGE = {"StageName": "prod", "StageVariables": {"alias": "live"}}


def schedule(**changes: Any) -> dict[str, Any]:
    """GetSchedule of one whose target gets these members."""
    target = {
        "Arn": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:report",
        "RoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/scheduler",
        "Input": '{"report": "daily"}',
    }
    return {
        "Name": "nightly",
        "GroupName": "default",
        "ScheduleExpression": "rate(1 day)",
        "Target": target | changes,
    }


def pipe(**changes: Any) -> dict[str, Any]:
    """DescribePipe."""
    about = {
        "Name": "orders",
        "Source": f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:orders",
        "Target": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:orders",
        "TargetParameters": {"InputTemplate": '{"id": <$.body.id>}'},
    }
    return about | changes


def service(**changes: Any) -> dict[str, Any]:
    """A service of App Runner as DescribeService has it."""
    about = {
        "ServiceName": "shop-web",
        "ServiceId": "8fe1e10304f84fd2b0df550fe98a71fa",
        "ServiceArn": APP_RUNNER,
        "CreatedAt": NOON,
        "UpdatedAt": NOON,
        "Status": "RUNNING",
        "SourceConfiguration": {
            "ImageRepository": {
                "ImageIdentifier": "web:1",
                "ImageRepositoryType": "ECR",
                "ImageConfiguration": {"RuntimeEnvironmentVariables": {"LEVEL": "info"}},
            }
        },
        "InstanceConfiguration": {},
        "AutoScalingConfigurationSummary": {},
        "NetworkConfiguration": {},
    }
    return about | changes


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    agent = function(DB_SECRET_NAME="prod/db", LOG_LEVEL="INFO")
    return FakeAccount(
        {
            ("lambda", "list_functions"): {"Functions": [agent]},
            ("lambda", "get_function_configuration"): agent,
            ("lambda", "list_aliases"): {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": []},
            ("cloudwatch", "list_metrics"): list_metrics([BY_NUMBER]),
            ("cloudwatch", "get_metric_data"): get_metric_data(steadily({})),
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
            ("ecs", "list_services"): {"serviceArns": [SERVICE]},
            ("ecs", "describe_services"): {
                "services": [
                    {
                        "serviceArn": SERVICE,
                        "serviceName": "agent",
                        "clusterArn": CLUSTER,
                        "taskDefinition": TASKS,
                        "status": "ACTIVE",
                    }
                ]
            },
            ("ecs", "describe_task_definition"): tasks(
                environment=[{"name": "STAGE", "value": "prod"}],
                secrets=[{"name": "DB_PASSWORD", "valueFrom": SECRET_ARN}],
            ),
            ("ssm", "describe_parameters"): {
                "Parameters": [{"Name": "/prod/agent/log-level", "Type": "String"}]
            },
            ("codebuild", "list_projects"): {"projects": ["build"]},
            ("codebuild", "batch_get_projects"): {
                "projects": [project({"name": "STAGE", "value": "prod", "type": "PLAINTEXT"})]
            },
            ("stepfunctions", "list_state_machines"): {
                "stateMachines": [
                    {
                        "stateMachineArn": MACHINE,
                        "name": "orders",
                        "type": "STANDARD",
                        "creationDate": NOON,
                    }
                ]
            },
            **STATE_MACHINE_ALIASES,
            ("stepfunctions", "describe_state_machine"): machine(SecretId="prod/db"),
            ("batch", "describe_job_definitions"): {"jobDefinitions": [job()]},
            ("apigateway", "get_rest_apis"): {"items": [{"id": "rest1", "name": "orders"}]},
            ("apigateway", "get_rest_api"): {"id": "rest1", "name": "orders"},
            ("apigateway", "get_stages"): {"item": [REST_STAGE]},
            ("apigateway", "get_stage"): REST_STAGE,
            ("apigatewayv2", "get_apis"): {
                "Items": [
                    {
                        "ApiId": "http1",
                        "Name": "orders",
                        "ProtocolType": "HTTP",
                        "RouteSelectionExpression": "$request.method",
                    }
                ]
            },
            ("apigatewayv2", "get_stages"): {"Items": [HTTP_STAGE]},
            ("apigatewayv2", "get_stage"): HTTP_STAGE,
            ("autoscaling", "describe_auto_scaling_groups"): {"AutoScalingGroups": [group()]},
            ("ec2", "describe_launch_template_versions"): {"LaunchTemplateVersions": [version()]},
            ("events", "list_event_buses"): {"EventBuses": [{"Name": "default"}]},
            ("events", "list_rules"): {"Rules": [{"Name": "nightly"}]},
            ("events", "describe_rule"): {"Name": "nightly"},
            ("events", "list_targets_by_rule"): {"Targets": [target()]},
            ("scheduler", "list_schedule_groups"): {"ScheduleGroups": [{"Name": "default"}]},
            ("scheduler", "get_schedule_group"): {"Name": "default"},
            ("scheduler", "list_schedules"): {
                "Schedules": [{"Name": "nightly", "GroupName": "default", "State": "ENABLED"}]
            },
            ("scheduler", "get_schedule"): schedule(),
            ("pipes", "list_pipes"): {"Pipes": [{"Name": "orders"}]},
            ("pipes", "describe_pipe"): pipe(),
            ("glue", "get_jobs"): {"Jobs": [GLUE_JOB]},
            ("glue", "get_job"): {"Job": GLUE_JOB},
            ("glue", "get_connections"): {"ConnectionList": [CONNECTION]},
            ("glue", "get_connection"): {"Connection": CONNECTION},
            ("sagemaker", "list_models"): {
                "Models": [{"ModelName": "ranker-7", "ModelArn": MODEL, "CreationTime": NOON}]
            },
            ("sagemaker", "describe_model"): {
                "ModelName": "ranker-7",
                "ModelArn": MODEL,
                "CreationTime": NOON,
                "PrimaryContainer": {"Environment": {"STAGE": "prod"}},
            },
            ("apprunner", "list_services"): {
                "ServiceSummaryList": [{"ServiceArn": APP_RUNNER, "Status": "RUNNING"}]
            },
            ("apprunner", "describe_service"): {"Service": service()},
            ("ec2", "describe_instances"): {
                "Reservations": [{"Instances": [{"InstanceId": "i-0123456789abcdef0"}]}]
            },
            ("ec2", "describe_instance_attribute"): {
                "InstanceId": "i-0123456789abcdef0",
                "UserData": {"Value": base64.b64encode(b"echo STAGE=prod").decode()},
            },
            ("cloudformation", "list_stacks"): {"StackSummaries": [summary()]},
            ("cloudformation", "describe_stacks"): {"Stacks": [stack()]},
            ("secretsmanager", "list_secrets"): {"SecretList": [secret()]},
            ("secretsmanager", "describe_secret"): secret(),
            ("cloudtrail", "describe_trails"): {"trailList": [trail()]},
            ("cloudtrail", "get_trail_status"): status(),
            ("cloudtrail", "get_event_selectors"): basic(),
            ("ec2", "describe_regions"): {"Regions": [{"RegionName": HOME}]},
            ("cloudtrail", "list_event_data_stores"): {"EventDataStores": []},
        }
    )


def rotating_just_now() -> FakeAccount:
    """A rotation has begun and not finished."""
    stages = {"2" * 32: ["AWSPENDING"], "1" * 32: ["AWSCURRENT"]}
    begun = NOON - timedelta(minutes=5)
    return fake_account().but(
        secretsmanager__list_secrets={
            "SecretList": [secret(LastChangedDate=begun, SecretVersionsToStages=stages)]
        },
        secretsmanager__describe_secret=secret(LastChangedDate=begun, VersionIdsToStages=stages),
        cloudtrail__lookup_events={"Events": []},
    )


def changed_by_hand() -> FakeAccount:
    """Someone stored a new value, which moved the next rotation; the last one is long ago."""
    about = secret(LastRotatedDate=NOON - timedelta(days=35))
    return fake_account().but(
        secretsmanager__list_secrets={"SecretList": [about]},
        secretsmanager__describe_secret=about,
        secretsmanager__list_secret_version_ids={
            "Versions": [
                {
                    "VersionId": "2" * 32,
                    "VersionStages": ["AWSCURRENT"],
                    "CreatedDate": NOON - timedelta(days=10),
                },
                {
                    "VersionId": "1" * 32,
                    "VersionStages": ["AWSPREVIOUS"],
                    "CreatedDate": NOON - timedelta(days=35),
                },
            ]
        },
    )


def recorded_by_a_lake() -> FakeAccount:
    """An event data store instead of a trail."""
    store = {
        "EventDataStoreArn": f"arn:aws:cloudtrail:{HOME}:{ACCOUNT_ID}:eventdatastore/1",
        "Status": "ENABLED",
        "MultiRegionEnabled": True,
    }
    management = {"Field": "eventCategory", "Equals": ["Management"]}
    return fake_account().but(
        cloudtrail__describe_trails={"trailList": []},
        cloudtrail__list_event_data_stores={"EventDataStores": [store]},
        cloudtrail__get_event_data_store=store
        | {"AdvancedEventSelectors": [{"FieldSelectors": [management]}]},
    )


def recorded_by_a_lake_elsewhere() -> FakeAccount:
    """An event data store of all regions, which another region lists."""
    lake = recorded_by_a_lake()
    listing = ("cloudtrail", "list_event_data_stores")
    lake.answers["cloudtrail eu-west-1", listing[1]] = lake.answers[listing]
    lake.answers[listing] = {"EventDataStores": []}
    lake.answers["ec2", "describe_regions"] = {
        "Regions": [{"RegionName": HOME}, {"RegionName": "eu-west-1"}]
    }
    return lake


def launched_from_a_configuration() -> FakeAccount:
    """An Auto Scaling group that still has a launch configuration."""
    old = group(LaunchConfigurationName="old-hosts")
    del old["LaunchTemplate"]
    return fake_account().but(
        autoscaling__describe_auto_scaling_groups={"AutoScalingGroups": [old]},
        autoscaling__describe_launch_configurations={
            "LaunchConfigurations": [configuration("echo ECS_CLUSTER=main")]
        },
    )


def others() -> dict[str, Variant]:
    return {
        "launched from a configuration": Variant(
            launched_from_a_configuration, ("group-user-data",)
        ),
        "rotating just now": Variant(rotating_just_now, ("automatic-rotation",)),
        "changed by hand": Variant(changed_by_hand, ("automatic-rotation",)),
        "recorded by a lake": Variant(recorded_by_a_lake, ("access-audited",)),
        "recorded by a lake elsewhere": Variant(recorded_by_a_lake_elsewhere, ("access-audited",)),
    }
