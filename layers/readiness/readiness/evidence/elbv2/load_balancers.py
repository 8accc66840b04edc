"""What Elastic Load Balancing says of load balancers and the target groups behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import REGION, ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("elbv2", "describe_load_balancers", "LoadBalancers")


def _find(read: Reader) -> Iterable[str]:
    return [each["LoadBalancerArn"] for each in _listed(read)]


LOAD_BALANCER = ResourceType(
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    _find,
    find_reads=("elasticloadbalancing:DescribeLoadBalancers",),
    changed_by=(
        api_call(
            "elasticloadbalancing",
            "CreateLoadBalancer",
            id="responseElements.loadBalancers.loadBalancerArn",
        ),
        api_call(
            "elasticloadbalancing", "DeleteLoadBalancer", id="requestParameters.loadBalancerArn"
        ),
    ),
    arn="{id}",
)


def dimension_of(arn: str) -> str:
    """The value of the LoadBalancer or TargetGroup dimension: the end of the ARN."""
    resource = arn.partition(":loadbalancer/")[2]
    return resource or arn.rpartition(":")[2]


def described_balancer(read: Reader, balancer: Resource) -> Mapping[str, Any]:
    """What DescribeLoadBalancers says of a load balancer. Raises Gone."""
    found: Sequence[Mapping[str, Any]] = read.every(
        "elbv2",
        "describe_load_balancers",
        "LoadBalancers",
        gone=("LoadBalancerNotFound",),
        LoadBalancerArns=[balancer.id],
    )
    if not found:
        raise Gone(balancer.key)
    return found[0]


@evidence(LOAD_BALANCER, reads=("elasticloadbalancing:DescribeLoadBalancers",))
@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """What kind of load balancer it is: ``application``, ``network`` or ``gateway``.

    Source: DescribeLoadBalancers.
    """

    arn: str
    kind: str

    @classmethod
    def load(cls, read: Reader, balancer: Resource) -> LoadBalancer:
        return cls(balancer.id, described_balancer(read, balancer)["Type"])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, LoadBalancer]:
        return {
            each["LoadBalancerArn"]: cls(each["LoadBalancerArn"], each["Type"])
            for each in _listed(read)
        }

    @property
    def dimension(self) -> str:
        return dimension_of(self.arn)


@evidence(
    REGION,
    reads=("elasticloadbalancing:DescribeTargetGroups",),
    changed_by=(
        api_call(
            "elasticloadbalancing",
            "CreateTargetGroup",
            "DeleteTargetGroup",
            "CreateListener",
            "ModifyListener",
            "DeleteListener",
            "CreateRule",
            "ModifyRule",
            "DeleteRule",
            "DeleteLoadBalancer",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class TargetGroups:
    """The load balancers (ARNs) that use each target group (ARN). Source: DescribeTargetGroups."""

    balancers: Mapping[str, tuple[str, ...]]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> TargetGroups:
        found = read.every("elbv2", "describe_target_groups", "TargetGroups")
        return cls(
            {each["TargetGroupArn"]: tuple(each.get("LoadBalancerArns") or ()) for each in found}
        )


@evidence(
    LOAD_BALANCER,
    reads=("elasticloadbalancing:DescribeLoadBalancers",),
    changed_by=(
        api_call("elasticloadbalancing", "SetSubnets", id="requestParameters.loadBalancerArn"),
    ),
)
@dataclass(frozen=True, slots=True)
class BalancerZones:
    """The subnets in which a load balancer has nodes, and its state.

    ``outposts`` are those of its zones that stand on an Outpost. Source: DescribeLoadBalancers.
    """

    arn: str
    kind: str
    state: str = "active"
    subnet_ids: tuple[str, ...] = ()
    zone_names: tuple[str, ...] = ()
    outposts: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, balancer: Resource) -> BalancerZones:
        return cls.of(described_balancer(read, balancer))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, BalancerZones]:
        return {each["LoadBalancerArn"]: cls.of(each) for each in _listed(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> BalancerZones:
        """From a ``LoadBalancer`` of the API."""
        zones = answer.get("AvailabilityZones") or ()
        return cls(
            arn=answer["LoadBalancerArn"],
            kind=answer.get("Type", "application"),
            state=(answer.get("State") or {}).get("Code", "active"),
            subnet_ids=tuple(z["SubnetId"] for z in zones if z.get("SubnetId")),
            zone_names=tuple(z.get("ZoneName", "") for z in zones),
            outposts=tuple(z["OutpostId"] for z in zones if z.get("OutpostId")),
        )
