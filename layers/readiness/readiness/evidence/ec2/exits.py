"""In which zones the NAT gateways and interface endpoints of a VPC are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.ec2.vpcs import VPC
from readiness.model.evidence import ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@dataclass(frozen=True, slots=True)
class NatGateway:
    """A NAT gateway. ``is_regional`` ones have no subnet and serve every zone.

    Those whose zones people name (AutoProvisionZones is ``disabled``) serve ``only_zones``, by
    their ids or names.
    """

    id: str
    vpc_id: str
    subnet_id: str = ""
    is_regional: bool = False
    only_zones: tuple[str, ...] = ()


@evidence(
    VPC,
    reads=("ec2:DescribeNatGateways",),
    changed_by=(
        ConfigItem("AWS::EC2::NatGateway", "configuration.vpcId"),
        api_call(
            "ec2",
            "CreateNatGateway",
            "DeleteNatGateway",
            "AssociateNatGatewayAddress",
            "DisassociateNatGatewayAddress",
        ),
    ),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class NatGateways:
    """The NAT gateways of a VPC that work. Source: DescribeNatGateways."""

    id: str
    all: tuple[NatGateway, ...] = ()

    @classmethod
    def load(cls, read: Reader, vpc: Resource) -> NatGateways:
        only = [{"Name": "vpc-id", "Values": [vpc.id]}]
        found = read.every("ec2", "describe_nat_gateways", "NatGateways", Filter=only)
        return cls(vpc.id, _working(found))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, NatGateways]:
        by_vpc: dict[str, list[NatGateway]] = {id: [] for id in read.ids(VPC)}
        for each in _working(read.every("ec2", "describe_nat_gateways", "NatGateways")):
            by_vpc.setdefault(each.vpc_id, []).append(each)
        return {id: cls(id, tuple(own)) for id, own in by_vpc.items()}


def _working(found: Iterable[Mapping[str, Any]]) -> tuple[NatGateway, ...]:
    return tuple(
        NatGateway(
            each["NatGatewayId"],
            each.get("VpcId", ""),
            each.get("SubnetId", ""),
            each.get("AvailabilityMode") == "regional",
            _named_zones(each) if each.get("AutoProvisionZones") == "disabled" else (),
        )
        for each in found
        if each.get("State") == "available"
    )


_ENDED = frozenset({"disassociating", "failed", "unassigning"})


def _named_zones(gateway: Mapping[str, Any]) -> tuple[str, ...]:
    """The zones in which a gateway has an address."""
    zones = {
        each.get("AvailabilityZoneId") or each.get("AvailabilityZone", "")
        for each in gateway.get("NatGatewayAddresses") or ()
        if each.get("Status") not in _ENDED
    }
    return tuple(sorted(zones - {""}))


@dataclass(frozen=True, slots=True)
class InterfaceEndpoint:
    """An interface endpoint and the subnets it has addresses in."""

    id: str
    service: str
    subnet_ids: tuple[str, ...] = ()


@evidence(
    VPC,
    reads=("ec2:DescribeVpcEndpoints",),
    changed_by=(
        ConfigItem("AWS::EC2::VPCEndpoint", "configuration.vpcId"),
        api_call("ec2", "CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints"),
    ),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class InterfaceEndpoints:
    """The interface endpoints of a VPC that work, without those that AWS services manage.

    Source: DescribeVpcEndpoints.
    """

    id: str
    all: tuple[InterfaceEndpoint, ...] = ()

    @classmethod
    def load(cls, read: Reader, vpc: Resource) -> InterfaceEndpoints:
        only = [{"Name": "vpc-id", "Values": [vpc.id]}]
        found = read.every("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=only)
        return cls(vpc.id, tuple(map(_endpoint, filter(_counts, found))))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, InterfaceEndpoints]:
        by_vpc: dict[str, list[InterfaceEndpoint]] = {id: [] for id in read.ids(VPC)}
        for each in read.every("ec2", "describe_vpc_endpoints", "VpcEndpoints"):
            if _counts(each):
                by_vpc.setdefault(each.get("VpcId", ""), []).append(_endpoint(each))
        return {id: cls(id, tuple(own)) for id, own in by_vpc.items()}


def _counts(each: Mapping[str, Any]) -> bool:
    works = str(each.get("State", "")).lower() == "available"
    return (
        works and each.get("VpcEndpointType") == "Interface" and not each.get("RequesterManaged")
    )


def _endpoint(each: Mapping[str, Any]) -> InterfaceEndpoint:
    return InterfaceEndpoint(
        each["VpcEndpointId"], each.get("ServiceName", ""), tuple(each.get("SubnetIds") or ())
    )
