"""An account whose APIs, configuration, examples and migration are documented."""

from __future__ import annotations

import io
import json
from typing import Any

from readiness.engine.declarations import answer_item, attestation_item
from readiness.evidence.apigateway.documentation import digest_of
from readiness.model.attestation import Artefact, Attestation, Scope
from tests.account_variants import Variant
from tests.accounts.operational_documentation import (
    ARTEFACT,
    FUNCTION,
    FUNCTION_ARN,
    KEY,
    MADE,
    QUEUE_ARN,
    WORKLOAD,
    tagged,
)
from tests.fake_account import ACCOUNT_ID, HOME, Answer, FakeAccount

REST, HTTP = "a1b2c3", "d4e5f6"
HEADING = "development_documentation"
_HERE = f"{HOME}:{ACCOUNT_ID}"
CLUSTER_ARN = f"arn:aws:ecs:{_HERE}:cluster/shop"
SERVICE_ARN = f"arn:aws:ecs:{_HERE}:service/shop/api"
TASK_ARN = f"arn:aws:ecs:{_HERE}:task-definition/api:7"
APPLICATION_ARN = f"arn:aws:appconfig:{_HERE}:application/abc1234"
ROUTES = ("GET /orders", "POST /orders")
SAID: dict[str, dict[str, Any]] = {
    f"{HEADING}.rest-api-documentation": {
        "scope": Scope(account=ACCOUNT_ID, resource=REST),
        "bound_to": {"operations": digest_of(ROUTES)},
    },
    f"{HEADING}.http-api-documentation": {
        "scope": Scope(account=ACCOUNT_ID, resource=HTTP),
        "bound_to": {"operations": digest_of(ROUTES)},
    },
    f"{HEADING}.configuration-guide": {
        "bound_to": {
            "configuration_keys": "LOG_LEVEL DB_HOST DB_PASSWORD appconfig:shop/rate_limits"
        }
    },
    f"{HEADING}.example-code": {"bound_to": {"version": "2.1.0"}},
    f"{HEADING}.migration-guide": {"bound_to": {"from_major": "1", "to_major": "2"}},
}


def declared(rule: str, **changes: Any) -> list[dict[str, Any]]:
    """What alice attested for a rule and bob approved, as rows of the Declarations table."""
    said: dict[str, Any] = {
        "id": "aaaa11112222",
        "rule": rule,
        "scope": Scope(account=ACCOUNT_ID, workload=WORKLOAD),
        "statement": "Read and tried.",
        "performed_at": MADE,
        "declared_at": MADE,
        "owner": "team-shop@corp.dev",
        "attester": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Dev/alice",
        "attester_id": "AROA:alice",
        "artefact": Artefact(ARTEFACT.bucket, KEY, ARTEFACT.version_id, "a" * 64, ARTEFACT.size),
    }
    statement = Attestation(**said | SAID.get(rule, {}) | changes)
    return [
        attestation_item(statement),
        answer_item("APPROVAL", statement, by_id="AROA:bob", at=MADE),
    ]


def statements(**asked: Any) -> dict[str, Any]:
    """Every rule that asks has been attested; of the REST API, API Gateway has it all."""
    rule = asked["ExpressionAttributeValues"][":r"]["S"]
    return {"Items": [] if rule == f"{HEADING}.rest-api-documentation" else declared(rule)}


def manifest(version: str = "2.1.0", workload: str = WORKLOAD) -> dict[str, Any]:
    """A parameter of GetParametersByPath that states a version."""
    document = {"owner": "team@corp.dev", "reviewed": "2026-10-01", "version": version}
    return {
        "Name": f"/readiness/manifest/{workload}",
        "Type": "String",
        "Value": json.dumps(document),
    }


def function(**variables: str) -> dict[str, Any]:
    """A function of ListFunctions with variables."""
    return {
        "FunctionName": FUNCTION,
        "FunctionArn": FUNCTION_ARN,
        "Environment": {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/w", **variables}},
    }


def methods(*names: str, path: str = "/orders") -> dict[str, Any]:
    """A resource of GetResources with its methods."""
    return {"id": "x1", "path": path, "resourceMethods": {name: {} for name in names}}


def part(
    method: str = "GET", path: str = "/orders", told: str = "Lists orders."
) -> dict[str, Any]:
    """A documentation part of a method."""
    return {
        "id": f"{method}{path}",
        "location": {"type": "METHOD", "path": path, "method": method},
        "properties": json.dumps({"description": told}),
    }


def stages(*names: str, version: str = "1.0") -> dict[str, Any]:
    """GetStages of a REST API."""
    return {"item": [{"stageName": name, "documentationVersion": version} for name in names]}


def export(
    deployed: tuple[str, ...] = ("get", "post", "options"),
    parts: tuple[str, ...] = ("GET", "POST"),
) -> Answer:
    """GetExport of a stage: the methods deployed, and the parts of the version that it publishes."""
    published = [
        part(name) | {"properties": {"description": f"What {name} does."}} for name in parts
    ]
    document = {
        "openapi": "3.0.1",
        "paths": {"/orders": {name: {"responses": {}} for name in deployed}},
        "x-amazon-apigateway-documentation": {"version": "1.0", "documentationParts": published},
    }

    def answer(**_: Any) -> dict[str, Any]:
        return {
            "contentType": "application/json",
            "body": io.BytesIO(json.dumps(document).encode()),
        }

    return answer


def profiles(ApplicationId: str, **_: Any) -> dict[str, Any]:  # noqa: N803
    """ListConfigurationProfiles: each application has one."""
    name = {"abc1234": "rate limits"}.get(ApplicationId, "flags")
    return {"Items": [{"ApplicationId": ApplicationId, "Id": "p1", "Name": name}]}


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    task = {
        "taskDefinitionArn": TASK_ARN,
        "family": "api",
        "revision": 7,
        "containerDefinitions": [
            {
                "name": "api",
                "environment": [{"name": "DB_HOST", "value": "db.corp.dev"}],
                "secrets": [{"name": "DB_PASSWORD", "valueFrom": "arn:aws:ssm:x"}],
            }
        ],
    }
    service = {
        "serviceArn": SERVICE_ARN,
        "serviceName": "api",
        "clusterArn": CLUSTER_ARN,
        "status": "ACTIVE",
        "taskDefinition": TASK_ARN,
    }
    return FakeAccount(
        {
            ("resourcegroupstaggingapi", "get_resources"): tagged(
                FUNCTION_ARN, QUEUE_ARN, SERVICE_ARN, APPLICATION_ARN
            ),
            ("appconfig", "list_applications"): {
                "Items": [{"Id": "abc1234", "Name": "shop"}, {"Id": "def5678", "Name": "other"}]
            },
            ("appconfig", "list_configuration_profiles"): profiles,
            ("dynamodb", "query"): statements,
            ("s3", "head_object"): {"ContentLength": ARTEFACT.size, "LastModified": MADE},
            ("s3", "list_objects_v2"): {"Contents": [{"Key": KEY, "LastModified": MADE}]},
            ("ssm", "get_parameters_by_path"): {"Parameters": [manifest()]},
            ("lambda", "list_functions"): {"Functions": [function(LOG_LEVEL="INFO")]},
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER_ARN]},
            ("ecs", "list_services"): {"serviceArns": [SERVICE_ARN]},
            ("ecs", "describe_services"): {"services": [service]},
            ("ecs", "describe_task_definition"): {"taskDefinition": task},
            ("apigateway", "get_rest_apis"): {"items": [{"id": REST, "name": "orders"}]},
            ("apigateway", "get_rest_api"): {"id": REST, "name": "orders"},
            ("apigateway", "get_stages"): stages("v1"),
            ("apigateway", "get_resources"): {"items": [methods("GET", "POST", "OPTIONS")]},
            ("apigateway", "get_documentation_parts"): {"items": [part("GET"), part("POST")]},
            ("apigateway", "get_export"): export(),
            ("apigatewayv2", "get_apis"): {
                "Items": [
                    {
                        "ApiId": HTTP,
                        "Name": "web",
                        "ProtocolType": "HTTP",
                        "RouteSelectionExpression": "$request.method $request.path",
                    }
                ]
            },
            ("apigatewayv2", "get_api"): {
                "ApiId": HTTP,
                "Name": "web",
                "ProtocolType": "HTTP",
                "RouteSelectionExpression": "$request.method $request.path",
            },
            ("apigatewayv2", "get_stages"): {"Items": [{"StageName": "$default"}]},
            ("apigatewayv2", "get_routes"): {"Items": [{"RouteKey": key} for key in ROUTES]},
        }
    )


def untagged() -> FakeAccount:
    """Nothing has the tag Application: functions and services are the workload by default."""

    def attested(**asked: Any) -> dict[str, Any]:
        rule = asked["ExpressionAttributeValues"][":r"]["S"]
        return {"Items": declared(rule, scope=Scope(account=ACCOUNT_ID, resource="default"))}

    return fake_account().but(
        resourcegroupstaggingapi__get_resources={"ResourceTagMappingList": []},
        ssm__get_parameters_by_path={"Parameters": [manifest(workload="default")]},
        appconfig__list_applications={"Items": [{"Id": "abc1234", "Name": "shop"}]},
        dynamodb__query=attested,
    )


def in_a_document() -> FakeAccount:
    """API Gateway has no documentation of the REST API: an attested document has."""
    return fake_account().but(
        apigateway__get_documentation_parts={"items": []},
        dynamodb__query={"Items": declared(f"{HEADING}.rest-api-documentation")},
    )


def others() -> dict[str, Variant]:
    documents = ("configuration-guide", "example-code", "migration-guide")
    return {
        "untagged": Variant(untagged, documents),
        "in a document": Variant(in_a_document, ("rest-api-documentation",)),
    }
