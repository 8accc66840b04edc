"""An account whose only workload was tested on the revision that is deployed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from readiness.engine.declarations import attestation_item
from readiness.model.attestation import Attestation, Scope
from tests.account_variants import Variant
from tests.fake_account import ACCOUNT_ID, HOME, NOON, Answer, FakeAccount

WORKLOAD, FUNCTION, SLO = "shop", "checkout", "checkout-latency"
COMMIT = "4f2c1a9be0d37c5568a1f0e29b7d6c3a81e45f70"
_HERE = f"{HOME}:{ACCOUNT_ID}"
FUNCTION_ARN = f"arn:aws:lambda:{_HERE}:function:{FUNCTION}"
SERVICE_ARN = f"arn:aws:ecs:{_HERE}:service/agents/web"
CLUSTER_ARN = f"arn:aws:ecs:{_HERE}:cluster/agents"
ROLLOUT_ARN = f"arn:aws:ecs:{_HERE}:service-deployment/agents/web/NCWGC2ZR-taawPAYrIaU5"
BALANCER_ARN = f"arn:aws:elasticloadbalancing:{_HERE}:loadbalancer/app/web/50dc6c49"
REPORT_ARN = f"arn:aws:codebuild:{_HERE}:report/checkout-tests:1a2b"
BATCH_ARN = f"arn:aws:codebuild:{_HERE}:build-batch/checkout-integration:b"
PIPELINE, ACTION, PROJECT, CANARY = "release", "EndToEnd", "checkout-integration", "checkout"
ONE_EACH = [
    {"kind": "smoke", "provider": "synthetics", "name": CANARY},
    {"kind": "integration", "provider": "codebuild", "name": PROJECT, "min_tests": 20},
    {"kind": "end-to-end", "provider": "codepipeline", "name": f"{PIPELINE}/{ACTION}"},
    {"kind": "performance", "provider": "codebuild", "name": PROJECT},
]
SOURCES = {"synthetics": CANARY, "codebuild": PROJECT, "codepipeline": f"{PIPELINE}/{ACTION}"}
TESTS = [
    {"kind": kind, "provider": provider, "name": name}
    for kind in ("smoke", "integration", "end-to-end", "performance")
    for provider, name in SOURCES.items()
]
"""Each kind at each provider, so that every verdict rests on every read."""


def ago(hours: float = 0, minutes: float = 0) -> datetime:
    return NOON - timedelta(hours=hours, minutes=minutes)


def tagged(**more: Any) -> Answer:
    """GetResources: a function, a service and a load balancer of one workload."""
    tags = [{"Key": "Application", "Value": WORKLOAD}, {"Key": "Revision", "Value": COMMIT}]
    mappings = [
        {"ResourceARN": arn, "Tags": tags} for arn in (FUNCTION_ARN, SERVICE_ARN, BALANCER_ARN)
    ]

    def answer(TagFilters: Any = None, **_: Any) -> dict[str, Any]:  # noqa: N803
        wanted = {each["Key"] for each in TagFilters or ()}
        shown = [
            {**each, "Tags": [tag for tag in each["Tags"] if not wanted or tag["Key"] in wanted]}
            for each in mappings
        ]
        return {"ResourceTagMappingList": shown} | more

    return answer


def function(name: str = FUNCTION, modified: datetime | None = None, **changes: Any) -> Any:
    """A function of ListFunctions, changed 27 hours ago."""
    at = modified or ago(27)
    return {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:{_HERE}:function:{name}",
        "LastModified": f"{at:%Y-%m-%dT%H:%M:%S.000+0000}",
    } | changes


def service(**changes: Any) -> dict[str, Any]:
    """A service of DescribeServices whose rollout began 27 hours ago."""
    return {
        "serviceArn": SERVICE_ARN,
        "serviceName": "web",
        "clusterArn": CLUSTER_ARN,
        "status": "ACTIVE",
        "deploymentController": {"type": "ECS"},
        "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY", "createdAt": ago(27)}],
        "currentServiceDeployment": ROLLOUT_ARN,
    } | changes


def rollout(**changes: Any) -> dict[str, Any]:
    """A rollout of DescribeServiceDeployments that ended 26 hours ago."""
    return {
        "serviceDeploymentArn": ROLLOUT_ARN,
        "serviceArn": SERVICE_ARN,
        "status": "SUCCESSFUL",
        "finishedAt": ago(26),
        "targetServiceRevision": {"arn": REVISION_ARN},
    } | changes


REVISION_ARN = f"arn:aws:ecs:{_HERE}:service-revision/agents/web/4548"
REPOSITORY = f"{ACCOUNT_ID}.dkr.ecr.{HOME}.amazonaws.com/web"
DIGEST = "sha256:" + "d1" * 32


def revision(number: int = 2, image: str = f"{REPOSITORY}:v1.2", **changes: Any) -> dict[str, Any]:
    """A service revision of DescribeServiceRevisions that runs one image."""
    return {
        "serviceRevisionArn": REVISION_ARN,
        "taskDefinition": f"arn:aws:ecs:{_HERE}:task-definition/web:{number}",
        "containerImages": [{"containerName": "web", "image": image, "imageDigest": DIGEST}],
    } | changes


def moved(*moves: tuple[Any, ...], alias: str = "live", **changes: Any) -> Answer:
    """LookupEvents: an alias got these versions, so many hours ago, some with weights."""
    events = [
        {
            "EventName": "UpdateAlias20150331",
            "EventTime": ago(hours),
            "CloudTrailEvent": json.dumps(
                {
                    "eventName": "UpdateAlias20150331",
                    "requestParameters": {
                        "functionName": FUNCTION,
                        "name": alias,
                        "functionVersion": version,
                        "routingConfig": {"additionalVersionWeights": dict(weights)},
                    },
                }
                | changes
            ),
        }
        for hours, version, *weights in moves
    ]

    def answer(LookupAttributes: list[dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803
        [asked] = LookupAttributes
        return {"Events": events if asked["AttributeValue"] == "UpdateAlias20150331" else []}

    return answer


def build(number: int = 1, hours: float = 25, **changes: Any) -> dict[str, Any]:
    """A build of BatchGetBuilds that tested the deployed commit."""
    return {
        "id": f"{PROJECT}:{number}",
        "projectName": PROJECT,
        "startTime": ago(hours),
        "endTime": ago(hours) + timedelta(minutes=10),
        "buildStatus": "SUCCEEDED",
        "sourceVersion": "main",
        "resolvedSourceVersion": COMMIT,
        "reportArns": [REPORT_ARN],
    } | changes


def report(**counts: int) -> dict[str, Any]:
    """A report of BatchGetReports; 40 tests succeeded unless told otherwise."""
    found = counts or {"SUCCEEDED": 40}
    return {
        "arn": REPORT_ARN,
        "type": "TEST",
        "status": "SUCCEEDED",
        "testSummary": {
            "total": sum(found.values()),
            "statusCounts": found,
            "durationInNanoSeconds": 1,
        },
    }


def builds(*found: dict[str, Any]) -> dict[tuple[str, str], Answer]:
    """The answers about a project with these builds, newest first."""

    def batch(ids: list[str]) -> dict[str, Any]:
        return {"builds": [each for each in found if each["id"] in ids]}

    return {
        ("codebuild", "list_builds_for_project"): (
            {"ids": [each["id"] for each in found]} if found else {}
        ),
        ("codebuild", "batch_get_builds"): batch,
    }


def batches(**changes: Any) -> Answer:
    """BatchGetBuildBatches: a batch that is over."""
    about = {
        "id": f"{PROJECT}:b",
        "arn": BATCH_ARN,
        "buildBatchStatus": "SUCCEEDED",
        "complete": True,
        "reportArns": [REPORT_ARN],
    } | changes

    def answer(ids: list[str]) -> dict[str, Any]:
        return {"buildBatches": [about] if about["id"] in ids else []}

    return answer


def execution(id: str = "e1", hours: float = 25, **changes: Any) -> dict[str, Any]:
    """An execution of ListPipelineExecutions."""
    return {
        "pipelineExecutionId": id,
        "status": "Succeeded",
        "startTime": ago(hours),
        "executionType": "STANDARD",
        "sourceRevisions": [{"actionName": "Source", "revisionId": COMMIT}],
    } | changes


def action(id: str = "e1", hours: float = 24, **changes: Any) -> dict[str, Any]:
    """An action of ListActionExecutions that CodeBuild ran."""
    return {
        "pipelineExecutionId": id,
        "actionName": ACTION,
        "stageName": "Test",
        "startTime": ago(hours),
        "lastUpdateTime": ago(hours) + timedelta(minutes=5),
        "status": "Succeeded",
        "input": {
            "actionTypeId": {
                "category": "Test",
                "owner": "AWS",
                "provider": "CodeBuild",
                "version": "1",
            }
        },
        "output": {"executionResult": {"externalExecutionId": f"{PROJECT}:1"}},
    } | changes


def pipeline(
    executions: list[dict[str, Any]], actions: list[dict[str, Any]]
) -> dict[tuple[str, str], Answer]:
    """The answers about a pipeline."""

    def detail(filter: dict[str, str], **_: Any) -> dict[str, Any]:
        id = filter["pipelineExecutionId"]
        return {
            "actionExecutionDetails": [
                each for each in actions if each["pipelineExecutionId"] == id
            ]
        }

    return {
        ("codepipeline", "list_pipeline_executions"): {"pipelineExecutionSummaries": executions},
        ("codepipeline", "list_action_executions"): detail,
    }


def canary_run(minutes: float = 10, state: str = "PASSED", **changes: Any) -> dict[str, Any]:
    """A run of GetCanaryRuns."""
    return {
        "Id": f"run-{minutes:g}",
        "Name": CANARY,
        "Status": {"State": state, "TestResult": state},
        "Timeline": {"Started": ago(0, minutes + 1), "Completed": ago(0, minutes)},
    } | changes


def canary(
    *runs: dict[str, Any], state: str = "RUNNING", **changes: Any
) -> dict[tuple[str, str], Answer]:
    """The answers about a canary."""
    about = {"Name": CANARY, "Status": {"State": state}} | changes
    return {
        ("synthetics", "get_canary"): {"Canary": about},
        ("synthetics", "get_canary_runs"): {"CanaryRuns": list(runs)},
    }


def manifest(tests: list[dict[str, Any]] | None = None, name: str = WORKLOAD) -> Answer:
    """GetParametersByPath: a manifest that names these tests."""
    document = {
        "owner": "team@example.com",
        "reviewed": "2026-10-01",
        "tests": TESTS if tests is None else tests,
    }
    return {
        "Parameters": [
            {
                "Name": f"/readiness/manifest/{name}",
                "Type": "String",
                "Value": json.dumps(document),
            }
        ]
    }


def metrics(p99_ms: float = 40.0, samples: float = 1000.0) -> Answer:
    """GetMetricData: one datapoint of each metric, in its own unit."""

    def answer(
        MetricDataQueries: list[dict[str, Any]],  # noqa: N803
        StartTime: datetime,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        def value(stat: dict[str, Any]) -> float:
            if stat["Stat"] == "SampleCount":
                return samples
            in_seconds = stat["Metric"]["MetricName"] == "TargetResponseTime"
            return p99_ms / 1000 if in_seconds else p99_ms

        return {
            "MetricDataResults": [
                {
                    "Id": query["Id"],
                    "StatusCode": "Complete",
                    "Timestamps": [StartTime],
                    "Values": [value(query["MetricStat"])],
                }
                for query in MetricDataQueries
            ]
        }

    return answer


def attested(rule: str = "functional_testing.smoke-tests", **changes: Any) -> list[dict[str, Any]]:
    """What a pipeline attested after the deployment, as a row of the Declarations table."""
    said: dict[str, Any] = {
        "id": "aaaa11112222",
        "rule": rule,
        "scope": Scope(account=ACCOUNT_ID),
        "statement": "Run 4711: 40 tests passed.",
        "performed_at": ago(20),
        "declared_at": ago(20),
        "owner": "team@example.com",
        "attester": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/ci/run-4711",
        "attester_id": "AROA:run-4711",
        "bound_to": {"revision": COMMIT},
    }
    return [attestation_item(Attestation(**said | changes))]


def objective(**changes: Any) -> dict[str, Any]:
    """A report of BatchGetServiceLevelObjectiveBudgetReport."""
    return {
        "Name": SLO,
        "Arn": f"arn:aws:application-signals:{_HERE}:slo/{SLO}",
        "BudgetStatus": "OK",
        "Attainment": 99.95,
        "Goal": {"AttainmentGoal": 99.9, "WarningThreshold": 50.0},
    } | changes


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            ("resourcegroupstaggingapi", "get_resources"): tagged(),
            ("ssm", "get_parameters_by_path"): manifest(),
            ("lambda", "list_functions"): {"Functions": [function()]},
            ("lambda", "list_aliases"): {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
            ("lambda", "get_function_configuration"): function(Version="7"),
            ("cloudtrail", "lookup_events"): {"Events": []},
            ("ecs", "describe_service_revisions"): {"serviceRevisions": [revision()]},
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER_ARN]},
            ("ecs", "list_services"): {"serviceArns": [SERVICE_ARN]},
            ("ecs", "describe_services"): {"services": [service()]},
            ("ecs", "describe_service_deployments"): {"serviceDeployments": [rollout()]},
            ("codebuild", "batch_get_reports"): {"reports": [report()]},
            ("codebuild", "batch_get_build_batches"): batches(),
            **builds(build(buildBatchArn=BATCH_ARN)),
            **pipeline([execution()], [action()]),
            **canary(canary_run(10), canary_run(20)),
            ("cloudwatch", "get_metric_data"): metrics(),
            ("application-signals", "list_service_level_objectives"): {
                "SloSummaries": [{"Name": SLO, "Arn": objective()["Arn"]}]
            },
            ("application-signals", "batch_get_service_level_objective_budget_report"): {
                "Timestamp": NOON,
                "Reports": [objective()],
                "Errors": [],
            },
            ("dynamodb", "query"): {"Items": []},
        }
    )


def _with_an_api() -> FakeAccount:
    """The workload has a REST API too."""
    api = f"arn:aws:apigateway:{HOME}::/restapis/a1b2c3"
    tags = [{"Key": "Application", "Value": WORKLOAD}]
    there = tagged()

    def answer(**asked: Any) -> dict[str, Any]:
        assert callable(there)
        found = there(**asked)
        found["ResourceTagMappingList"].append({"ResourceARN": api, "Tags": tags})
        return dict(found)

    described = {"id": "a1b2c3", "name": "shop"}
    return fake_account().but(
        resourcegroupstaggingapi__get_resources=answer,
        apigateway__get_rest_apis={"items": [described]},
        apigateway__get_rest_api=described,
    )


def with_an_image(version: str = "7", **more: Any) -> FakeAccount:
    """The newest deployment is a function that runs a container image."""
    code = {
        "ImageUri": f"{REPOSITORY}:{COMMIT[:7]}",
        "ResolvedImageUri": f"{REPOSITORY}@{DIGEST}",
        "RepositoryType": "ECR",
    }
    versions = {"7": ago(25.5), "8": ago(25.3), "": ago(25.3)}

    def at(FunctionName: str, Qualifier: str = "") -> dict[str, Any]:  # noqa: N803
        return function(FunctionName, versions[Qualifier], PackageType="Image")

    return fake_account().but(
        lambda__list_functions={"Functions": [at(FUNCTION)]},
        lambda__list_aliases={"Aliases": [{"Name": "live", "FunctionVersion": version}]},
        lambda__get_function_configuration=at,
        lambda__get_function={"Configuration": at(FUNCTION, version), "Code": code},
        **more,
    )


def others() -> dict[str, Variant]:
    return {
        "an API": Variant(_with_an_api, ("latency-since-deployment",)),
        "an image": Variant(with_an_image),
    }
