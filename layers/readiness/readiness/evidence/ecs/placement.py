"""Where ECS may place the tasks of a service: zones, strategies and the capacity behind them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.ecs.services import (
    SCALED,
    SERVICE,
    SERVICE_READS,
    TASK_SET_CALLS,
    described_service,
    described_services,
    tags_of,
)
from readiness.model.evidence import REGION, ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

BY_ZONE = "attribute:ecs.availability-zone"
_ONE_ZONE = re.compile(
    r"^\s*attribute:ecs\.availability-zone\s*(?:==|in\s*\[)\s*([\w, -]+?)\s*\]?\s*$"
)


@evidence(
    SERVICE,
    reads=SERVICE_READS,
    changed_by=(
        ServiceEvent("ECS Deployment State Change", id="resources"),
        SCALED,
        TASK_SET_CALLS,
    ),
)
@dataclass(frozen=True, slots=True)
class ServicePlacement:
    """How many tasks a service is to run and what decides their zones.

    ``spread`` are the fields of its placement strategies, in order; ``constraints`` the
    expressions of its constraints. ``providers`` are its capacity providers with weight or base.
    ``rebalances`` says whether ECS moves tasks until the zones are even. ``least_percent`` is how
    many of the tasks must run during a deployment. ``grace`` is for how many seconds the checks
    of a new task do not count. ``replaces_in_place`` is whether a deployment stops old tasks
    before traffic has moved to new ones, as rolling updates do; ``is_behind`` whether traffic
    comes through a load balancer or VPC Lattice. ``lattice_groups`` are the target groups of the
    latter (ARNs) that the newest deployment registers its tasks in. Source: DescribeServices.
    """

    name: str
    cluster: str = ""
    status: str = "ACTIVE"
    desired: int = 0
    scheduling: str = "REPLICA"
    launch_type: str = ""
    providers: tuple[str, ...] = ()
    subnet_ids: tuple[str, ...] = ()
    spread: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    rebalances: bool = False
    least_percent: int = 100
    is_deploying: bool = False
    grace: int = 0
    resource_id: str = ""
    replaces_in_place: bool = True
    is_behind: bool = False
    lattice_groups: tuple[str, ...] = ()
    tags: Mapping[str, str] | None = None

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServicePlacement:
        return cls.of(described_service(read, service))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ServicePlacement]:
        return described_services(read, cls.of)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> ServicePlacement:
        """From a ``Service`` of the API; CodeDeploy's have the network in their task set."""
        sets = [t for t in answer.get("taskSets") or () if t.get("status") == "PRIMARY"]
        own = [answer, *sets]
        network: Mapping[str, Any] = next(
            (each["networkConfiguration"] for each in own if each.get("networkConfiguration")), {}
        )
        strategy = next(
            (
                each["capacityProviderStrategy"]
                for each in own
                if each.get("capacityProviderStrategy")
            ),
            (),
        )
        limits = answer.get("deploymentConfiguration") or {}
        cluster = answer.get("clusterArn", "").rpartition("/")[2]
        controller = (answer.get("deploymentController") or {}).get("type", "ECS")
        deployments = answer.get("deployments") or ()
        in_lattice = any(each.get("vpcLatticeConfigurations") for each in deployments)
        return cls(
            name=answer.get("serviceName", ""),
            cluster=cluster,
            status=answer.get("status", ""),
            desired=answer.get("desiredCount", 0),
            scheduling=answer.get("schedulingStrategy", "REPLICA"),
            launch_type=answer.get("launchType")
            or (sets[0].get("launchType", "") if sets else ""),
            providers=tuple(
                each["capacityProvider"]
                for each in strategy
                if each.get("weight") or each.get("base")
            ),
            subnet_ids=tuple((network.get("awsvpcConfiguration") or {}).get("subnets") or ()),
            spread=tuple(
                f"{each.get('type', '')}:{each.get('field', '')}"
                for each in answer.get("placementStrategy") or ()
            ),
            constraints=tuple(
                each.get("expression", "")
                for each in answer.get("placementConstraints") or ()
                if each.get("type") == "memberOf"
            ),
            rebalances=answer.get("availabilityZoneRebalancing") == "ENABLED",
            least_percent=limits.get("minimumHealthyPercent", 100),
            is_deploying=len(answer.get("deployments") or ()) > 1,
            grace=answer.get("healthCheckGracePeriodSeconds") or 0,
            resource_id=f"service/{cluster}/{answer.get('serviceName', '')}",
            replaces_in_place=controller == "ECS"
            and limits.get("strategy", "ROLLING") == "ROLLING",
            is_behind=in_lattice or any(each.get("loadBalancers") for each in own),
            lattice_groups=tuple(
                attached["targetGroupArn"]
                for each in deployments
                if each.get("status", "PRIMARY") == "PRIMARY"
                for attached in each.get("vpcLatticeConfigurations") or ()
            ),
            tags=tags_of(answer),
        )

    @property
    def pinned_zones(self) -> tuple[str, ...] | None:
        """The only zones that a constraint admits; None where none names zones."""
        for expression in self.constraints:
            found = _ONE_ZONE.match(expression)
            if found:
                return tuple(sorted({name.strip() for name in found[1].split(",")} - {""}))
        return None

    @property
    def packs(self) -> bool:
        """Whether it has a placement strategy, and none of it spreads tasks over zones."""
        return bool(self.spread) and f"spread:{BY_ZONE}" not in self.spread


@evidence(
    REGION,
    reads=("ecs:DescribeCapacityProviders", "autoscaling:DescribeAutoScalingGroups"),
    changed_by=(
        api_call(
            "ecs", "CreateCapacityProvider", "UpdateCapacityProvider", "DeleteCapacityProvider"
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class CapacityProviders:
    """The zone names of the Auto Scaling group behind each capacity provider, by its name.

    A group that changes wakes its own rule, not every service of the region. Fargate's, and those
    whose instances ECS manages in subnets of their own, are not among them. Sources:
    DescribeCapacityProviders, DescribeAutoScalingGroups.
    """

    zones: Mapping[str, tuple[str, ...]]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> CapacityProviders:
        behind = {
            each["name"]: each["autoScalingGroupProvider"].get("autoScalingGroupArn", "")
            for each in read.every("ecs", "describe_capacity_providers", "capacityProviders")
            if each.get("autoScalingGroupProvider")
        }
        if not behind:
            return cls({})
        groups: dict[str, tuple[str, ...]] = {}
        for each in read.every("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups"):
            zones = tuple(each.get("AvailabilityZones") or ())
            groups[each.get("AutoScalingGroupARN", "")] = zones
            groups[each["AutoScalingGroupName"]] = zones
        return cls(
            {
                name: groups[arn if arn in groups else arn.rpartition("/")[2]]
                for name, arn in behind.items()
                if arn in groups or arn.rpartition("/")[2] in groups
            }
        )
