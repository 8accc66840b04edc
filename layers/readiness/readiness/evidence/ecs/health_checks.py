"""How the tasks of a service are checked: by their containers and by load balancers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from readiness.evidence import vpclattice
from readiness.evidence.ecs.placement import ServicePlacement
from readiness.evidence.ecs.services import SERVICE, Service
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION, TaskDefinition
from readiness.evidence.elbv2.target_groups import BalancersOfGroups
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


@evidence(
    SERVICE,
    reads=vpclattice.READS,
    uses=(BalancersOfGroups, Service, ServicePlacement, TaskDefinition),
    changed_by=(vpclattice.CHANGES,),
)
@dataclass(frozen=True, slots=True)
class ServiceChecks:
    """The command of each essential container's health check, in the revision that runs.

    ``commands`` is None where the revision is deleted. ``target_groups`` are those through which a
    load balancer may send traffic, ``unused_groups`` those that no load balancer uses and nobody
    therefore checks; ``grace`` is how long ECS ignores all checks of a new task (seconds).
    ``in_lattice``: VPC Lattice sends it requests, and checks it; ``unchecked_groups`` are those of
    Lattice's target groups whose checks are off.
    Sources: DescribeServices, DescribeTaskDefinition, DescribeTargetGroups, GetTargetGroup.
    """

    name: str
    status: str = "ACTIVE"
    desired: int = 0
    scheduling: str = "REPLICA"
    revision: str = ""
    commands: Mapping[str, tuple[str, ...]] | None = None
    target_groups: tuple[str, ...] = ()
    has_classic_balancer: bool = False
    in_lattice: bool = False
    grace: int = 0
    unused_groups: tuple[str, ...] = ()
    unchecked_groups: tuple[vpclattice.Unchecked, ...] = ()

    @classmethod
    def load(cls, read: Reader, resource: Resource) -> ServiceChecks:
        service = read.of(Service, resource)
        commands: dict[str, tuple[str, ...]] | None = None
        if service.revision:
            revision = TASK_DEFINITION.resource(read.account, read.region, service.revision)
            with suppress(Gone):  # the revision is deleted, and the service still there
                definition = read.of(TaskDefinition, revision)
                commands = {
                    each.name: each.health_check
                    for each in definition.containers
                    if each.essential
                }
        placement = read.of(ServicePlacement, resource)
        unchecked = vpclattice.unchecked(read, placement.lattice_groups)
        used, unused = _by_use(read, service.target_group_arns)
        return cls(
            name=service.name,
            status=service.status,
            desired=service.desired_count,
            scheduling=service.scheduling_strategy,
            revision=service.revision,
            commands=commands,
            target_groups=used,
            has_classic_balancer=service.has_classic_balancer,
            in_lattice=len(unchecked) < len(placement.lattice_groups),
            grace=placement.grace,
            unused_groups=unused,
            unchecked_groups=unchecked,
        )


def _by_use(read: Reader, groups: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The target groups that some load balancer uses, and those that none does."""
    if not groups:
        return (), ()
    region = REGION.resource(read.account, read.region, read.account)
    balancers = read.of(BalancersOfGroups, region).by_group
    used = tuple(arn for arn in groups if balancers.get(arn))
    return used, tuple(arn for arn in groups if arn not in used)
