"""An account whose secrets are kept, rotated and watched as they should be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.account_variants import Variant
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

SECRET_ARN = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT_ID}:secret:prod/db-AbCdEf"
TRAIL_ARN = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT_ID}:trail/audit"
CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/main"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/main/agent"
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


def world() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    agent = function(DB_SECRET_NAME="prod/db", LOG_LEVEL="INFO")
    return FakeAccount(
        {
            ("lambda", "list_functions"): {"Functions": [agent]},
            ("lambda", "get_function_configuration"): agent,
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
            ("secretsmanager", "list_secrets"): {"SecretList": [secret()]},
            ("secretsmanager", "describe_secret"): secret(),
            ("cloudtrail", "describe_trails"): {"trailList": [trail()]},
            ("cloudtrail", "get_trail_status"): status(),
            ("cloudtrail", "get_event_selectors"): basic(),
            ("cloudtrail", "list_event_data_stores"): {"EventDataStores": []},
        }
    )


def rotating_just_now() -> FakeAccount:
    """A rotation has begun and not finished."""
    stages = {"2" * 32: ["AWSPENDING"], "1" * 32: ["AWSCURRENT"]}
    begun = NOON - timedelta(minutes=5)
    return world().but(
        secretsmanager__list_secrets={
            "SecretList": [secret(LastChangedDate=begun, SecretVersionsToStages=stages)]
        },
        secretsmanager__describe_secret=secret(LastChangedDate=begun, VersionIdsToStages=stages),
        cloudtrail__lookup_events={"Events": []},
    )


def recorded_by_a_lake() -> FakeAccount:
    """An event data store instead of a trail."""
    store = {
        "EventDataStoreArn": f"arn:aws:cloudtrail:{HOME}:{ACCOUNT_ID}:eventdatastore/1",
        "Status": "ENABLED",
        "MultiRegionEnabled": True,
    }
    management = {"Field": "eventCategory", "Equals": ["Management"]}
    return world().but(
        cloudtrail__describe_trails={"trailList": []},
        cloudtrail__list_event_data_stores={"EventDataStores": [store]},
        cloudtrail__get_event_data_store=store
        | {"AdvancedEventSelectors": [{"FieldSelectors": [management]}]},
    )


def others() -> dict[str, Variant]:
    return {
        "rotating just now": Variant(rotating_just_now, ("automatic-rotation",)),
        "recorded by a lake": Variant(recorded_by_a_lake, ("access-audited",)),
    }
