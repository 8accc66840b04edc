"""What CodeDeploy says of the groups that deploy functions and ECS services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.appspec import moved_aliases

_AT_ONCE, _DEPLOYMENTS, _ALARMS = 100, 25, 50
_GONE = ("ApplicationDoesNotExistException",)


@dataclass(frozen=True, slots=True)
class DeploymentGroup:
    """A group that moves aliases of functions, or replaces the tasks of ECS services.

    ``functions`` and ``services`` (``cluster/service``) are what it deploys: of functions the
    AppSpec of its latest deployment tells, ``functions`` is None where that cannot be read.
    ``events`` are those upon which it rolls back by itself, none where that is off. ``alarms``
    are those that stop a deployment, none where they are off, ``missing`` those of them that do
    not exist; ``ignores_alarms``: it goes on where they cannot be polled. ``waits`` is how many
    minutes the replaced tasks are kept.
    """

    name: str
    functions: frozenset[str] | None = frozenset()
    services: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    alarms: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    ignores_alarms: bool = False
    strategy: str = ""
    waits: int = 0


@evidence(
    REGION,
    reads=(
        "cloudwatch:DescribeAlarms",
        "codedeploy:BatchGetApplications",
        "codedeploy:BatchGetDeploymentGroups",
        "codedeploy:BatchGetDeployments",
        "codedeploy:ListApplications",
        "codedeploy:ListDeploymentGroups",
    ),
    changed_by=(
        api_call(
            "codedeploy", "CreateDeploymentGroup", "UpdateDeploymentGroup", "DeleteDeploymentGroup"
        ),
        api_call("codedeploy", "DeleteApplication"),
    ),
)
@dataclass(frozen=True, slots=True)
class DeploymentGroups:
    """The groups of the region that deploy functions or ECS services.

    Sources: ListApplications, BatchGetApplications, ListDeploymentGroups,
    BatchGetDeploymentGroups, BatchGetDeployments of the latest deployment of each group, and
    DescribeAlarms of the alarms that they name.
    """

    all: tuple[DeploymentGroup, ...] = ()

    def of_function(self, name: str) -> tuple[DeploymentGroup, ...]:
        """The groups that are known to move an alias of the function."""
        return tuple(each for each in self.all if each.functions and name in each.functions)

    def of_service(self, name: str) -> tuple[DeploymentGroup, ...]:
        """The groups that deploy a service (``cluster/service``)."""
        return tuple(each for each in self.all if name in each.services)

    @classmethod
    def load(cls, read: Reader, region: Resource) -> DeploymentGroups:
        names = list(read.every("codedeploy", "list_applications", "applications"))
        applications = [
            each["applicationName"]
            for some in _batches(names, _AT_ONCE)
            for each in (
                read.one(
                    "codedeploy", "batch_get_applications", absent=_GONE, applicationNames=some
                )
                or {}
            ).get("applicationsInfo")
            or ()
            if each.get("computePlatform") in {"Lambda", "ECS"}
        ]
        told = [group for found in read.each(_reader(read), applications) for group in found]
        latest = {id for group in told for id in _latest(group)}
        revisions = _revisions(read, sorted(latest))
        named = {alarm for group in told for alarm in alarms_of(group)}
        there = _existing(read, sorted(named))
        return cls(tuple(_group(each, revisions, there) for each in told))


def _batches(items: Sequence[str], most: int) -> list[list[str]]:
    return [list(items[at : at + most]) for at in range(0, len(items), most)]


def _reader(read: Reader) -> Any:
    def groups(application: str) -> list[Mapping[str, Any]]:
        names = list(
            read.every(
                "codedeploy",
                "list_deployment_groups",
                "deploymentGroups",
                absent=_GONE,
                applicationName=application,
            )
        )
        found: list[Mapping[str, Any]] = []
        for some in _batches(names, _AT_ONCE):
            answer = read.one(
                "codedeploy",
                "batch_get_deployment_groups",
                absent=_GONE,
                applicationName=application,
                deploymentGroupNames=some,
            )
            found += (answer or {}).get("deploymentGroupsInfo") or ()
        return found

    return groups


def _latest(group: Mapping[str, Any]) -> list[str]:
    """The deployment that says what a group of functions deploys."""
    if group.get("computePlatform") != "Lambda":
        return []
    either = (group.get("lastSuccessfulDeployment"), group.get("lastAttemptedDeployment"))
    return [each["deploymentId"] for each in either if each and each.get("deploymentId")][:1]


def _revisions(read: Reader, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    found = {}
    for some in _batches(ids, _DEPLOYMENTS):
        answer = read.one("codedeploy", "batch_get_deployments", deploymentIds=some)
        for each in answer.get("deploymentsInfo") or ():
            found[each["deploymentId"]] = each.get("revision") or {}
    return found


def described_groups(read: Reader) -> Iterator[Mapping[str, Any]]:
    """What BatchGetDeploymentGroups says of the groups of every application.

    Needs ``codedeploy:ListApplications``, ``ListDeploymentGroups`` and
    ``BatchGetDeploymentGroups``.
    """
    names = list(read.every("codedeploy", "list_applications", "applications"))
    return chain.from_iterable(read.each(_reader(read), names))


def alarms_of(group: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the alarms that stop a deployment of a group; none where they are off."""
    about = group.get("alarmConfiguration") or {}
    if not about.get("enabled"):
        return ()
    return tuple(each["name"] for each in about.get("alarms") or () if each.get("name"))


def existing_alarms(read: Reader, names: Sequence[str]) -> frozenset[str]:
    """Those of the names that a metric or composite alarm of the region has."""
    return _existing(read, sorted(names))


def _existing(read: Reader, names: Sequence[str]) -> frozenset[str]:
    found: list[Mapping[str, Any]] = []
    for some in _batches(names, _ALARMS):
        found += read.every(
            "cloudwatch",
            "describe_alarms",
            "MetricAlarms",
            AlarmNames=some,
            AlarmTypes=["MetricAlarm"],
        )
        found += read.every(
            "cloudwatch",
            "describe_alarms",
            "CompositeAlarms",
            AlarmNames=some,
            AlarmTypes=["CompositeAlarm"],
        )
    return frozenset(each["AlarmName"] for each in found)


def _group(
    about: Mapping[str, Any], revisions: Mapping[str, Mapping[str, Any]], there: frozenset[str]
) -> DeploymentGroup:
    rollback = about.get("autoRollbackConfiguration") or {}
    alarms = alarms_of(about)
    ends = (about.get("blueGreenDeploymentConfiguration") or {}).get(
        "terminateBlueInstancesOnDeploymentSuccess"
    ) or {}
    [latest] = _latest(about) or [""]
    is_lambda = about.get("computePlatform") == "Lambda"
    return DeploymentGroup(
        name=about["deploymentGroupName"],
        functions=_functions(revisions.get(latest, {})) if is_lambda else frozenset(),
        services=frozenset(
            f"{each.get('clusterName') or 'default'}/{each.get('serviceName', '')}"
            for each in about.get("ecsServices") or ()
        ),
        events=frozenset(rollback.get("events") or ()) if rollback.get("enabled") else frozenset(),
        alarms=alarms,
        missing=tuple(each for each in alarms if each not in there),
        ignores_alarms=bool((about.get("alarmConfiguration") or {}).get("ignorePollAlarmFailure")),
        strategy=about.get("deploymentConfigName", ""),
        waits=-1
        if ends.get("action") == "KEEP_ALIVE"
        else int(ends.get("terminationWaitTimeInMinutes") or 0),
    )


def _functions(revision: Mapping[str, Any]) -> frozenset[str] | None:
    moved = moved_aliases(revision)
    return None if moved is None else frozenset(name for name, _ in moved)
