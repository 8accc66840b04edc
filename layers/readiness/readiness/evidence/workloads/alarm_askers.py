"""What asks for the state of alarms: each service's, with the alarm that it names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from readiness.evidence.autoscaling.groups import groups
from readiness.evidence.codedeploy import alarms_of, described_groups
from readiness.evidence.ecs.services import SERVICE_READS, cluster_of, every_service
from readiness.model.reader import Reader
from readiness.model.unreadable import NO_SUCH_OPERATION

Asker = Callable[[Reader], Iterator[tuple[str, str]]]
"""Gives the name of each alarm of the region that a service asks for, and what for."""


def alarm_name(named: str) -> str:
    """The name of an alarm that is given by its name or its ARN."""
    return named.partition(":alarm:")[2] or named


def _stacks(read: Reader) -> Iterator[tuple[str, str]]:
    for stack in read.every("cloudformation", "describe_stacks", "Stacks"):
        rollback = stack.get("RollbackConfiguration") or {}
        for trigger in rollback.get("RollbackTriggers") or ():
            name = stack["StackName"]
            yield alarm_name(trigger["Arn"]), f"CloudFormation rolls back the stack {name} by it"


def _health_checks(read: Reader) -> Iterator[tuple[str, str]]:
    for check in read.every("route53", "list_health_checks", "HealthChecks"):
        alarm = check["HealthCheckConfig"].get("AlarmIdentifier") or {}
        if alarm.get("Region") == read.region:
            yield alarm["Name"], f"the health check {check['Id']} of Route 53 fails with it"


def _deployment_groups(read: Reader) -> Iterator[tuple[str, str]]:
    for group in described_groups(read):
        for name in alarms_of(group):
            which = f"{group['applicationName']}/{group['deploymentGroupName']}"
            yield name, f"CodeDeploy stops deployments of {which} by it"


def _environments(read: Reader) -> Iterator[tuple[str, str]]:
    for application in read.every("appconfig", "list_applications", "Items"):
        environments = read.every(
            "appconfig",
            "list_environments",
            "Items",
            absent=("ResourceNotFoundException",),
            ApplicationId=application["Id"],
        )
        for environment in environments:
            for monitor in environment.get("Monitors") or ():
                which = f"{application['Name']}/{environment['Name']}"
                yield (
                    alarm_name(monitor.get("AlarmArn", "")),
                    f"AppConfig rolls back deployments to {which} by it",
                )


def _services(read: Reader) -> Iterator[tuple[str, str]]:
    for arn, service in every_service(read).items():
        alarms = (service.deployment_configuration or {}).get("alarms") or {}
        for name in alarms.get("alarmNames") or () if alarms.get("enable") else ():
            yield name, f"ECS fails deployments of {cluster_of(arn)}/{service.name} by it"


def _refreshes(read: Reader) -> Iterator[tuple[str, str]]:
    names = [group["AutoScalingGroupName"] for group in groups(read)]
    refreshes = read.each(lambda each: _newest(read, each), names)
    for name, refresh in zip(names, refreshes, strict=True):
        specification = (refresh.get("Preferences") or {}).get("AlarmSpecification") or {}
        for alarm in specification.get("Alarms") or ():
            yield alarm, f"Auto Scaling stops instance refreshes of {name} by it"


def _newest(read: Reader, group: str) -> Mapping[str, Any]:
    """The newest instance refresh of a group, whose alarms the next one mostly has too."""
    answer = read.one(
        "autoscaling",
        "describe_instance_refreshes",
        absent=("ValidationError",),
        AutoScalingGroupName=group,
        MaxRecords=1,
    )
    found: Sequence[Mapping[str, Any]] = (answer or {}).get("InstanceRefreshes") or ()
    return found[0] if found else {}


_WITHOUT_CONDITIONS = "V1"
"""The type of pipelines whose stages have none. Source: CodePipeline User Guide, "What type of
pipeline is right for me?"."""


def _pipelines(read: Reader) -> Iterator[tuple[str, str]]:
    """The conditions of stages; a rule without a region is about that of the pipeline."""
    listed = read.every("codepipeline", "list_pipelines", "pipelines")
    names = [each["name"] for each in listed if each.get("pipelineType") != _WITHOUT_CONDITIONS]
    for pipeline in read.each(lambda name: _pipeline(read, name), names):
        for stage in pipeline.get("stages") or ():
            for rule in _rules(stage):
                provider = (rule.get("ruleTypeId") or {}).get("provider")
                if (
                    provider == "CloudWatchAlarm"
                    and rule.get("region", read.region) == read.region
                ):
                    which = f"{pipeline['name']}/{stage['name']}"
                    name = (rule.get("configuration") or {}).get("AlarmName", "")
                    yield alarm_name(name), f"CodePipeline makes {which} depend on it"


def _pipeline(read: Reader, name: str) -> Mapping[str, Any]:
    answer = read.one(
        "codepipeline", "get_pipeline", absent=("PipelineNotFoundException",), name=name
    )
    found: Mapping[str, Any] = (answer or {}).get("pipeline") or {}
    return found


def _rules(stage: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for when in ("beforeEntry", "onSuccess", "onFailure"):
        for condition in (stage.get(when) or {}).get("conditions") or ():
            yield from condition.get("rules") or ()


def _experiments(read: Reader) -> Iterator[tuple[str, str]]:
    """The stop conditions of FIS: an alarm of another account has its ARN there."""
    ours = f":{read.region}:{read.account}:alarm:"
    listed = read.every("fis", "list_experiment_templates", "experimentTemplates")
    ids = [each["id"] for each in listed]
    for template in read.each(lambda each: _template(read, each), ids):
        for condition in template.get("stopConditions") or ():
            value = condition.get("value", "")
            if condition.get("source") == "aws:cloudwatch:alarm" and ours in value:
                yield alarm_name(value), f"FIS stops experiments of {template['id']} by it"


def _template(read: Reader, id: str) -> Mapping[str, Any]:
    answer = read.one(
        "fis", "get_experiment_template", absent=("ResourceNotFoundException",), id=id
    )
    found: Mapping[str, Any] = (answer or {}).get("experimentTemplate") or {}
    return found


def _models(read: Reader) -> Iterator[tuple[str, str]]:
    """The rollbacks of SageMaker endpoints and inference components, as last deployed."""
    listed = read.every("sagemaker", "list_endpoints", "Endpoints", absent=NO_SUCH_OPERATION)
    endpoints = [each["EndpointName"] for each in listed]
    for endpoint in read.each(lambda name: _endpoint(read, name), endpoints):
        yield from _rolled_back(endpoint, endpoint.get("EndpointName", ""))
    listed = read.every(
        "sagemaker",
        "list_inference_components",
        "InferenceComponents",
        absent=NO_SUCH_OPERATION,
    )
    components = [each["InferenceComponentName"] for each in listed]
    for component in read.each(lambda name: _component(read, name), components):
        yield from _rolled_back(component, component.get("InferenceComponentName", ""))


def _rolled_back(about: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    rollback = (about.get("LastDeploymentConfig") or {}).get("AutoRollbackConfiguration") or {}
    for alarm in rollback.get("Alarms") or ():
        yield alarm.get("AlarmName", ""), f"SageMaker rolls back deployments of {name} by it"


_NO_MODEL = ("ValidationException: Could not find",)


def _endpoint(read: Reader, name: str) -> Mapping[str, Any]:
    answer = read.one("sagemaker", "describe_endpoint", absent=_NO_MODEL, EndpointName=name)
    return answer or {}


def _component(read: Reader, name: str) -> Mapping[str, Any]:
    answer = read.one(
        "sagemaker", "describe_inference_component", absent=_NO_MODEL, InferenceComponentName=name
    )
    return answer or {}


def _practice_runs(read: Reader) -> Iterator[tuple[str, str]]:
    """The alarms that zonal autoshift practises with: they end a practice run or keep it away."""
    listed = read.every("arc-zonal-shift", "list_managed_resources", "items")
    practised = [each["arn"] for each in listed if each.get("practiceRunStatus")]
    for resource in read.each(lambda arn: _managed(read, arn), practised):
        configuration = resource.get("practiceRunConfiguration") or {}
        for kind in ("outcomeAlarms", "blockingAlarms"):
            for each in configuration.get(kind) or ():
                which = resource.get("name", "")
                yield (
                    alarm_name(each.get("alarmIdentifier", "")),
                    f"Application Recovery Controller practises with {which} by it",
                )


def _managed(read: Reader, arn: str) -> Mapping[str, Any]:
    answer = read.one(
        "arc-zonal-shift",
        "get_managed_resource",
        absent=("ResourceNotFoundException",),
        resourceIdentifier=arn,
    )
    return answer or {}


def _windows(read: Reader) -> Iterator[tuple[str, str]]:
    """The tasks of maintenance windows, which Systems Manager stops by an alarm."""
    for window in read.every("ssm", "describe_maintenance_windows", "WindowIdentities"):
        tasks = read.every(
            "ssm",
            "describe_maintenance_window_tasks",
            "Tasks",
            absent=("DoesNotExistException",),
            WindowId=window["WindowId"],
        )
        for task in tasks:
            for alarm in (task.get("AlarmConfiguration") or {}).get("Alarms") or ():
                yield alarm["Name"], f"Systems Manager stops a task of {window['WindowId']} by it"


ASKERS: tuple[Asker, ...] = (
    _stacks,
    _health_checks,
    _deployment_groups,
    _environments,
    _experiments,
    _windows,
    _services,
    _refreshes,
    _pipelines,
    _models,
    _practice_runs,
)
"""Those that take the fewest calls come first. Their sources are DescribeStacks (rollback
triggers), ListHealthChecks, BatchGetDeploymentGroups, ListEnvironments of AppConfig (monitors),
GetExperimentTemplate (stop conditions), DescribeMaintenanceWindowTasks, DescribeServices
(deployment alarms), DescribeInstanceRefreshes (alarm specification), GetPipeline (conditions of
stages), DescribeEndpoint and DescribeInferenceComponent (automatic rollback), GetManagedResource
of ARC zonal shift (practice runs)."""

ASKER_READS = (
    "appconfig:ListApplications",
    "appconfig:ListEnvironments",
    "arc-zonal-shift:GetManagedResource",
    "arc-zonal-shift:ListManagedResources",
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeInstanceRefreshes",
    "cloudformation:DescribeStacks",
    "codedeploy:BatchGetDeploymentGroups",
    "codedeploy:ListApplications",
    "codedeploy:ListDeploymentGroups",
    "codepipeline:GetPipeline",
    "codepipeline:ListPipelines",
    "fis:GetExperimentTemplate",
    "fis:ListExperimentTemplates",
    "route53:ListHealthChecks",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeInferenceComponent",
    "sagemaker:ListEndpoints",
    "sagemaker:ListInferenceComponents",
    "ssm:DescribeMaintenanceWindowTasks",
    "ssm:DescribeMaintenanceWindows",
    *SERVICE_READS,
)
