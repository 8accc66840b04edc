"""What ECS says of services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from readiness.model.evidence import (
    REGION,
    ItemCall,
    ResourceType,
    ServiceEvent,
    api_call,
    evidence,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Gone, Unreadable

T = TypeVar("T")

_AT_ONCE = 10
SERVICE_READS = ("ecs:ListClusters", "ecs:ListServices", "ecs:DescribeServices")


def _batches(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


def _service_arns(read: Reader) -> dict[str, str]:
    """Every service of the region, with the cluster it belongs to."""
    found = {}
    for cluster in read.every("ecs", "list_clusters", "clusterArns"):
        for arn in read.every("ecs", "list_services", "serviceArns", cluster=cluster):
            found[arn] = cluster
    return found


def cluster_of(service_arn: str) -> str:
    """The cluster's name in a service ARN; ``default`` in the old short form."""
    parts = service_arn.split("/")
    return parts[1] if len(parts) == 3 else "default"


EXPRESS_CALLS = (
    "CreateExpressGatewayService",
    "UpdateExpressGatewayService",
    "DeleteExpressGatewayService",
)
"""An Express service is an ECS service that ECS makes with all that is around it."""

SCALED = api_call("ecs", "UpdateService", id="responseElements.service.serviceArn")
"""A changed service, also where nothing but the number of its tasks was set: Application Auto
Scaling does so all day."""

RECONFIGURED = replace(
    SCALED, idle=frozenset({"desiredcount"}), address=frozenset({"cluster", "service"})
)
"""A changed service, if more than the number of its tasks may have been set."""

TASK_SET_CALLS = api_call(
    "ecs",
    "CreateTaskSet",
    "DeleteTaskSet",
    "UpdateTaskSet",
    "UpdateServicePrimaryTaskSet",
    id="responseElements.taskSet.serviceArn",
)

SERVICE = ResourceType(
    "AWS::ECS::Service",
    _service_arns,
    find_reads=("ecs:ListClusters", "ecs:ListServices"),
    changed_by=(
        api_call("ecs", "CreateService", id="responseElements.service.serviceArn"),
        RECONFIGURED,
        api_call("ecs", "DeleteService", id="responseElements.service.serviceArn"),
        api_call("ecs", *EXPRESS_CALLS, id="responseElements.service.serviceArn"),
        ServiceEvent(
            "Tag Change on Resource",
            match=(("service", ("ecs",)), ("resource-type", ("service",))),
            id="resources",
        ),
    ),
    arn="{id}",
    item_calls={
        "configuration.desiredcount": ItemCall(
            "ecs.amazonaws.com", "UpdateService", "desiredcount"
        )
    },
)


def tags_of(answer: Mapping[str, Any]) -> dict[str, str]:
    """The tags of what the API describes, in ECS's own spelling."""
    return {tag["key"]: tag.get("value", "") for tag in answer.get("tags") or ()}


@dataclass(frozen=True, slots=True)
class ProviderShare:
    """How many tasks run on a capacity provider at least, and its share of the others."""

    provider: str
    base: int = 0
    weight: int = 0


@evidence(SERVICE, reads=SERVICE_READS)
@dataclass(frozen=True, slots=True)
class Service:
    """A service as it is configured and as it runs.

    ``launch_type`` is ``FARGATE``, ``EC2``, ``EXTERNAL`` or empty with a capacity provider
    strategy, whose providers are ``capacity_providers``, with base and weight in ``strategy``.
    ``deployments`` are the API's own objects. ``propagates_tags`` says from where its tasks get
    tags, ``SERVICE``, ``TASK_DEFINITION`` or empty; with ``has_managed_tags`` ECS adds those of
    cluster and service. ``has_protected_tasks``: its newest events say that ECS may not end tasks
    under scale-in protection. Rules that read ``desired_count`` ask for :class:`ScaledService`.
    Source: DescribeServices.
    """

    arn: str
    name: str
    cluster_arn: str
    task_definition: str
    status: str = "ACTIVE"
    desired_count: int = 0
    running_count: int = 0
    launch_type: str = ""
    capacity_providers: tuple[str, ...] = ()
    scheduling_strategy: str = "REPLICA"
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    assign_public_ip: bool = False
    target_group_arns: tuple[str, ...] = ()
    deployment_controller: str = "ECS"
    deployment_configuration: Mapping[str, Any] | None = None
    deployments: tuple[Mapping[str, Any], ...] = ()
    tags: Mapping[str, str] | None = None
    task_sets: tuple[Mapping[str, Any], ...] = ()
    has_classic_balancer: bool = False
    propagates_tags: str = ""
    has_managed_tags: bool = False
    strategy: tuple[ProviderShare, ...] = ()
    current_deployment: str = ""
    has_protected_tasks: bool = False

    @property
    def is_on_fargate(self) -> bool:
        """Whether its tasks run on Fargate or Fargate Spot, which share nothing."""
        said = (self.launch_type, *self.capacity_providers)
        return any(each.startswith("FARGATE") for each in said)

    @property
    def is_in_lattice(self) -> bool:
        """Whether VPC Lattice sends it requests: ECS replaces tasks that fail its checks too."""
        return bool((self.primary or {}).get("vpcLatticeConfigurations"))

    @property
    def is_connected(self) -> bool:
        """Whether it takes requests through ECS Service Connect."""
        connect = (self.primary or {}).get("serviceConnectConfiguration") or {}
        return bool(connect.get("enabled") and connect.get("services"))

    @classmethod
    def load(cls, read: Reader, service: Resource) -> Service:
        return cls.of(described_service(read, service))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, Service]:
        return described_services(read, cls.of)

    @property
    def primary(self) -> Mapping[str, Any] | None:
        """The deployment or task set that is to carry all traffic, as the API has it."""
        parts = (*self.deployments, *self.task_sets)
        return next((part for part in parts if part.get("status") == "PRIMARY"), None)

    @property
    def revision(self) -> str:
        """The ARN of the task definition it is to run, with its revision, never a family."""
        return self.task_definition or str((self.primary or {}).get("taskDefinition", ""))

    @property
    def revisions(self) -> frozenset[str]:
        """Every task definition that one of its tasks may still run."""
        parts = (*self.deployments, *self.task_sets)
        running = (str(part.get("taskDefinition", "")) for part in parts)
        return frozenset({self.task_definition, *running} - {""})

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Service:
        """From a ``Service`` of the API."""
        networks = _networks(answer)
        balancers = answer.get("loadBalancers") or ()
        strategy = answer.get("capacityProviderStrategy") or ()
        return cls(
            arn=answer["serviceArn"],
            name=answer.get("serviceName", ""),
            cluster_arn=answer.get("clusterArn", ""),
            task_definition=answer.get("taskDefinition", ""),
            status=answer.get("status", ""),
            desired_count=answer.get("desiredCount", 0),
            running_count=answer.get("runningCount", 0),
            launch_type=answer.get("launchType", ""),
            capacity_providers=tuple(item["capacityProvider"] for item in strategy),
            scheduling_strategy=answer.get("schedulingStrategy", "REPLICA"),
            subnet_ids=_each(networks, "subnets"),
            security_group_ids=_each(networks, "securityGroups"),
            assign_public_ip=any(each.get("assignPublicIp") == "ENABLED" for each in networks),
            target_group_arns=_target_groups(answer),
            deployment_controller=(answer.get("deploymentController") or {}).get("type", "ECS"),
            deployment_configuration=answer.get("deploymentConfiguration"),
            deployments=tuple(answer.get("deployments") or ()),
            tags=tags_of(answer),
            task_sets=tuple(answer.get("taskSets") or ()),
            has_classic_balancer=any("loadBalancerName" in balancer for balancer in balancers),
            propagates_tags=answer.get("propagateTags", "NONE").replace("NONE", ""),
            has_managed_tags=bool(answer.get("enableECSManagedTags")),
            strategy=tuple(
                ProviderShare(each["capacityProvider"], each.get("base", 0), each.get("weight", 0))
                for each in strategy
            ),
            current_deployment=answer.get("currentServiceDeployment", ""),
            has_protected_tasks=_protects(answer.get("events") or ()),
        )


def newest_events(events: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The events since the service last reached a steady state, the newest first."""
    for event in sorted(events, key=lambda event: event["createdAt"], reverse=True):
        if "reached a steady state" in event.get("message", ""):
            return
        yield event


def _protects(events: Iterable[Mapping[str, Any]]) -> bool:
    """``… was unable to scale in due to (reason 2 tasks under protection)``, not steady since."""
    return any("under protection" in each.get("message", "") for each in newest_events(events))


def _networks(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The awsvpc configurations of the task sets that run, else that of the service.

    An external deployment controller has them in its task sets alone, and the AppSpec of a
    CodeDeploy deployment may give its task set another than the service's.
    """
    sets = (each for each in answer.get("taskSets") or () if each.get("status") != "DRAINING")
    found = [_network(each) for each in sets]
    return [each for each in found if each] or [_network(answer)]


def _network(part: Mapping[str, Any]) -> Mapping[str, Any]:
    return (part.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}


def _each(networks: Iterable[Mapping[str, Any]], member: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id for each in networks for id in each.get(member) or ()))


def _target_groups(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Every target group that traffic may reach the service through, blue or green.

    ECS's own blue/green deployments name the second one beside the first, CodeDeploy's have one
    for each task set.
    """
    found: dict[str, None] = {}
    for part in (answer, *(answer.get("taskSets") or ())):
        for balancer in part.get("loadBalancers") or ():
            second = balancer.get("advancedConfiguration") or {}
            both = (balancer.get("targetGroupArn"), second.get("alternateTargetGroupArn"))
            found.update(dict.fromkeys(arn for arn in both if arn))
    return tuple(found)


def _is_deleted(service: Mapping[str, Any]) -> bool:
    """Whether a service was deleted, though its last tasks may still be ending.

    ListServices does not return it then, and nobody can change it (ECS API Reference,
    DeleteService).
    """
    status = service.get("status")
    return status == "INACTIVE" or (status == "DRAINING" and not service.get("desiredCount"))


def described_service(read: Reader, service: Resource) -> Mapping[str, Any]:
    """The service as the API describes it. Raises Gone, also of one that was deleted."""
    answer = read.one(
        "ecs",
        "describe_services",
        gone=("ClusterNotFoundException",),
        cluster=cluster_of(service.id),
        services=[service.id],
        include=["TAGS"],
    )
    found = [each for each in answer["services"] if not _is_deleted(each)]
    if not found:
        for failure in answer.get("failures") or ():
            if failure.get("reason") != "MISSING":
                reason = str(failure.get("reason", ""))
                raise Unreadable("ecs:DescribeServices", Cause.UNEXPECTED_ANSWER, reason)
        raise Gone(service.id)
    described: Mapping[str, Any] = found[0]
    if described["serviceArn"] != service.id:
        raise Gone(service.id)  # a service that still has its short ARN, found by the long one
    return described


def every_service(read: Reader) -> dict[str, Service]:
    """Every service of the region, whatever is evaluated now: a call for each ten."""
    return _described_all(read, _service_arns(read), Service.of)


def service_arns(read: Reader) -> dict[str, str]:
    """Every service of the region, with the cluster it belongs to."""
    return _service_arns(read)


def services_named(read: Reader, services: Mapping[str, str]) -> dict[str, Service]:
    """Some services, given with their clusters: a call for each ten."""
    return _described_all(read, services, Service.of)


def described_services(read: Reader, make: Callable[[Mapping[str, Any]], T]) -> dict[str, T]:
    """What ``make`` makes of the services that are wanted now, by ARN."""
    return _described_all(read, _wanted(read), make)


def _wanted(read: Reader) -> Mapping[str, str]:
    """The services that are wanted now, each with the cluster it belongs to."""
    arns = read.ids(SERVICE)
    if any(arn.count("/") == 1 for arn in arns):
        clusters = _service_arns(read)  # a short ARN does not name the cluster
        return {arn: clusters.get(arn, cluster_of(arn)) for arn in arns}
    return {arn: cluster_of(arn) for arn in arns}


def _described_all(
    read: Reader, services: Mapping[str, str], make: Callable[[Mapping[str, Any]], T]
) -> dict[str, T]:
    """What ``make`` makes of some services, given with their clusters, a batch at a time.

    Ten are asked in a call, the most that DescribeServices takes. A service that is gone is
    left out.
    """
    by_cluster: dict[str, list[str]] = {}
    for arn, cluster in sorted(services.items()):  # the same calls for all as for the wanted
        by_cluster.setdefault(cluster.rpartition("/")[2], []).append(arn)
    batches = [
        (cluster, batch) for cluster, arns in by_cluster.items() for batch in _batches(arns)
    ]

    def describe(batch: tuple[str, Sequence[str]]) -> dict[str, T]:
        answer = read.one(
            "ecs",
            "describe_services",
            absent=("ClusterNotFoundException",),
            cluster=batch[0],
            services=list(batch[1]),
            include=["TAGS"],
        )
        if answer is None:
            return {}  # deleted since its services were listed
        return {
            service["serviceArn"]: make(service)
            for service in answer["services"]
            if not _is_deleted(service)
        }

    return {arn: each for made in read.each(describe, batches) for arn, each in made.items()}


@evidence(SERVICE, reads=SERVICE_READS, changed_by=(SCALED,))
@dataclass(frozen=True, slots=True)
class ScaledService(Service):
    """The service, for rules that read how many tasks it is to run."""


@evidence(
    REGION,
    reads=SERVICE_READS,
    changed_by=(
        api_call("ecs", "CreateService", "DeleteService", *EXPRESS_CALLS),
        replace(RECONFIGURED, id=""),
    ),
)
@dataclass(frozen=True, slots=True)
class Services:
    """The ECS services of the region."""

    all: tuple[Service, ...]
    _by_revision: dict[str, tuple[Service, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Services:
        return cls(tuple(every_service(read).values()))

    def running(self, task_definition_arn: str) -> tuple[Service, ...]:
        """The services that run a task definition."""
        if not self._by_revision:
            found: dict[str, tuple[Service, ...]] = {}
            for service in self.all:
                for revision in service.revisions:
                    found[revision] = (*found.get(revision, ()), service)
            self._by_revision.update(found)
        return self._by_revision.get(task_definition_arn, ())
