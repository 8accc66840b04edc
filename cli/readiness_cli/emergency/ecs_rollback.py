"""Roll an ECS service back to its earlier task definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from readiness.engine.aws_errors import code_of
from readiness_cli.emergency import images
from readiness_cli.emergency.plan import Call, Plan, State
from readiness_cli.failure import Failure

if TYPE_CHECKING:
    from readiness.engine.aws import Aws

NAME = "ecs-rollback"
_UNDER_WAY = ["PENDING", "IN_PROGRESS"]
_LOOKED_BACK = 10
"""How many deployments are passed over, each for two requests."""


def describe(aws: Aws, cluster: str, service: str) -> Mapping[str, Any]:
    """The service as ECS describes it. Raises Failure where there is none."""
    try:
        answer = aws.client("ecs").describe_services(cluster=cluster, services=[service])
    except ClientError as error:
        if code_of(error) != "ClusterNotFoundException":
            raise
        answer = {}
    found = [each for each in answer.get("services", ()) if each["status"] != "INACTIVE"]
    if not found:
        raise Failure(
            f"there is no service {service!r} in the cluster {cluster!r} in {aws.region}",
            why="The procedure acts on one service that is named",
            fix=f"aws ecs list-services --cluster {cluster}",
        )
    described: Mapping[str, Any] = found[0]
    return described


@dataclass(frozen=True, slots=True)
class EcsRollback:
    """A service, and the task definition it shall run; without one, the one that ran before."""

    cluster: str
    service: str
    task_definition: str = ""

    name = NAME

    @property
    def target(self) -> str:
        return f"ecs/{self.cluster}/{self.service}"

    def look(self, aws: Aws) -> State:
        service = describe(aws, self.cluster, self.service)
        controller = (service.get("deploymentController") or {}).get("type", "ECS")
        under_way: list[Mapping[str, Any]] = []
        if controller == "ECS":  # of others ECS has no service deployments
            under_way = aws.client("ecs").list_service_deployments(
                cluster=self.cluster, service=self.service, status=_UNDER_WAY
            )["serviceDeployments"]
        return {
            "task_definition": _short(service.get("taskDefinition", "")),
            "controller": controller,
            "deployment": under_way[0]["serviceDeploymentArn"] if under_way else "",
            "desired": service["desiredCount"],
            "running": _short(_running(service)),
        }

    def plan(self, aws: Aws, state: State, at: datetime) -> Plan:  # noqa: ARG002
        before = {"task_definition": state["task_definition"]}
        refusals = [*_controller(state["controller"], self)]
        if state["deployment"] and not self.task_definition and not refusals:
            call = Call(
                f"stop the deployment of {state['task_definition']} and roll it back",
                "ecs",
                "stop_service_deployment",
                {"serviceDeploymentArn": state["deployment"], "stopType": "ROLLBACK"},
            )
            # ECS goes back to the revision from which the deployment began.
            return Plan(NAME, self.target, before, {"deployment": ""}, (call,))
        goal = self.task_definition or (self._earlier(aws, state) if not refusals else "")
        warnings: list[str] = []
        if state["deployment"]:
            refusals.append(
                "A deployment is under way. Leave out --to: it is stopped and rolled back then."
            )
        if not refusals:
            refusals += _no_goal(goal, state)
            found = _definition(aws, goal) if goal else None
            if goal and (found is None or found["status"] != "ACTIVE"):
                refusals.append(f"There is no active task definition {goal}.")
            elif found is not None:
                goal = _short(found["taskDefinitionArn"])
                used = [each["image"] for each in found["containerDefinitions"]]
                if _is_later(goal, state["task_definition"]):
                    warnings.append(
                        f"{goal} is later than {state['task_definition']}: the service may have"
                        f" been rolled back from it. To go further back, name it with --to."
                    )
                gone, untold = images.examined(aws, used)
                refusals += gone
                warnings += [*untold, *images.by_tag(used)]
        if state["desired"] == 0:
            warnings.append("The service's desired count is 0: no task will run after it either.")
        call = Call(
            f"service {self.service}: {state['task_definition']} → {goal}",
            "ecs",
            "update_service",
            {"cluster": self.cluster, "service": self.service, "taskDefinition": goal},
        )
        return Plan(
            NAME,
            self.target,
            before,
            {"task_definition": goal, "running": goal, "deployment": ""},
            () if refusals else (call,),
            tuple(warnings),
            tuple(refusals),
        )

    def undo(self, before: State, state: State) -> tuple[Call, ...]:
        if state["task_definition"] == before["task_definition"]:
            return ()
        return (
            Call(
                f"service {self.service}: {state['task_definition']} →"
                f" {before['task_definition']}",
                "ecs",
                "update_service",
                {
                    "cluster": self.cluster,
                    "service": self.service,
                    "taskDefinition": before["task_definition"],
                },
            ),
        )

    def _earlier(self, aws: Aws, state: State) -> str:
        """What ran before what runs, by the deployments that succeeded; else the revision below.

        A deployment that changed something else, such as the desired count, is passed over.
        """
        client = aws.client("ecs")
        done = client.list_service_deployments(
            cluster=self.cluster, service=self.service, status=["SUCCESSFUL"]
        )["serviceDeployments"]
        done = sorted(done, key=lambda each: each["createdAt"], reverse=True)
        for each in done[:_LOOKED_BACK]:
            told = client.describe_service_deployments(
                serviceDeploymentArns=[each["serviceDeploymentArn"]]
            )["serviceDeployments"]
            sources = [
                source["arn"] for one in told for source in one.get("sourceServiceRevisions") or ()
            ]
            if len(sources) != 1:
                break
            # ECS forgets revisions after a while: then only the number is left to go by.
            revisions = client.describe_service_revisions(serviceRevisionArns=sources)[
                "serviceRevisions"
            ]
            if not revisions:
                break
            ran = _short(revisions[0].get("taskDefinition", ""))
            if ran and ran != state["task_definition"]:
                return ran
        return _revision_below(aws, state["task_definition"])


def _running(service: Mapping[str, Any]) -> str:
    """The task definition that alone runs, once its deployment is complete; else nothing."""
    deployments = service.get("deployments") or []
    if len(deployments) != 1 or deployments[0].get("rolloutState", "COMPLETED") != "COMPLETED":
        return ""
    return str(deployments[0]["taskDefinition"])


def _controller(kind: str, asked: EcsRollback) -> Iterator[str]:
    if kind == "CODE_DEPLOY":
        yield (
            "CodeDeploy deploys the service, and ECS refuses to change its task definition. While"
            " a deployment runs: aws deploy stop-deployment --auto-rollback-enabled"
            " --deployment-id ID. After it: deploy the AppSpec before it anew."
        )
    elif kind == "EXTERNAL":
        yield f"An external controller deploys {asked.service}: roll back there."


def _no_goal(goal: str, state: State) -> Iterator[str]:
    if not goal:
        yield f"No active task definition below {state['task_definition']} is left to go back to."
    elif _short(goal) == state["task_definition"]:
        yield f"The service runs {state['task_definition']} already."


def _is_later(one: str, other: str) -> bool:
    """Whether it is a later revision of the same family."""
    (family, _, number), (same, _, current) = one.rpartition(":"), other.rpartition(":")
    return family == same and int(number) > int(current)


def _definition(aws: Aws, name: str) -> Mapping[str, Any] | None:
    try:
        found = aws.client("ecs").describe_task_definition(taskDefinition=name)
    except ClientError as error:
        if code_of(error) != "ClientException":
            raise
        return None
    definition: Mapping[str, Any] = found["taskDefinition"]
    return definition


def _revision_below(aws: Aws, current: str) -> str:
    """The active revision of the same family with the highest number below, or nothing."""
    family, _, number = current.rpartition(":")
    pages = aws.client("ecs").get_paginator("list_task_definitions")
    named = [
        _short(arn).rpartition(":")
        for page in pages.paginate(familyPrefix=family, status="ACTIVE", sort="DESC")
        for arn in page["taskDefinitionArns"]
    ]
    # The prefix is one of names: `api` lists `api-worker` too.
    revisions = [int(each[2]) for each in named if each[0] == family]
    below = [each for each in revisions if each < int(number)]
    return f"{family}:{max(below)}" if below else ""


def _short(arn: str) -> str:
    """``family:revision`` of a task definition."""
    return arn.rpartition("/")[2]
