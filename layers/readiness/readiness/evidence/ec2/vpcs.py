"""What EC2 says of VPCs: their subnets, routes, flow logs and whether anything lives in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from readiness.evidence.ec2.security_groups import managed_too, tags_of, the_one
from readiness.model.evidence import REGION, ConfigItem, ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

GONE = ("InvalidVpcID.NotFound", "InvalidVpcID.Malformed")


def vpc_id(value: str) -> str | None:
    """The id of a VPC; None for the id of anything else."""
    return value if value.startswith("vpc-") else None


def find_vpcs(read: Reader) -> Iterable[str]:
    """The ids of all VPCs of the region, also of those other accounts share with this one."""
    return [vpc["VpcId"] for vpc in read.every("ec2", "describe_vpcs", "Vpcs")]


VPC = ResourceType(
    "AWS::EC2::VPC",
    find_vpcs,
    find_reads=("ec2:DescribeVpcs",),
    changed_by=(
        api_call("ec2", "CreateVpc", "CreateDefaultVpc", id="responseElements.vpc.vpcId"),
        api_call("ec2", "DeleteVpc", id="requestParameters.vpcId", normalise=vpc_id),
    ),
    arn="arn:{partition}:ec2:{region}:{account}:vpc/{id}",
)


@evidence(VPC, reads=("ec2:DescribeVpcs",))
@dataclass(frozen=True, slots=True)
class Vpc:
    """Whose VPC it is: this account's, or another's that shares it. Source: DescribeVpcs."""

    id: str
    owner: str
    is_ours: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, vpc: Resource) -> Vpc:
        found = read.every("ec2", "describe_vpcs", "Vpcs", gone=GONE, VpcIds=[vpc.id])
        return cls.of(the_one(found, "ec2:DescribeVpcs"), read.account)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, Vpc]:
        found = read.every("ec2", "describe_vpcs", "Vpcs")
        return {answer["VpcId"]: cls.of(answer, read.account) for answer in found}

    @classmethod
    def of(cls, answer: Mapping[str, Any], account: str) -> Vpc:
        """From a ``Vpc`` of the API, as ``account`` sees it."""
        owner = answer.get("OwnerId", account)
        return cls(
            id=answer["VpcId"],
            owner=owner,
            is_ours=owner == account,
            tags=tags_of(answer),
        )


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet. ``is_ours`` is false where another account shares it with this one.

    ``zone`` is the name of its zone in this account, ``zone_id`` the same for every account.
    ``outpost`` is the ARN of the Outpost that it stands on, empty in AWS's own buildings.
    ``cidrs`` are its address ranges of both families. ``is_blocked``: VPC Block Public Access lets
    nothing from an internet gateway in, whatever its routes are; no exclusion opens the subnet.
    """

    id: str
    vpc_id: str
    is_ours: bool = True
    zone: str = ""
    zone_id: str = ""
    outpost: str = ""
    cidrs: tuple[str, ...] = ()
    is_blocked: bool = False


@evidence(
    REGION,
    reads=("ec2:DescribeSubnets",),
    changed_by=(
        ConfigItem("AWS::EC2::Subnet"),
        api_call(
            "ec2",
            "CreateSubnet",
            "CreateDefaultSubnet",
            "CreateDefaultVpc",
            "DeleteSubnet",
            "CreateVpcBlockPublicAccessExclusion",
            "DeleteVpcBlockPublicAccessExclusion",
            "ModifyVpcBlockPublicAccessExclusion",
            "ModifyVpcBlockPublicAccessOptions",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class Subnets:
    """The subnets of the region, by id. Source: DescribeSubnets."""

    by_id: Mapping[str, Subnet]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Subnets:
        found = read.every("ec2", "describe_subnets", "Subnets")
        return cls(
            {
                answer["SubnetId"]: Subnet(
                    answer["SubnetId"],
                    answer["VpcId"],
                    answer.get("OwnerId", read.account) == read.account,
                    answer.get("AvailabilityZone", ""),
                    answer.get("AvailabilityZoneId", ""),
                    answer.get("OutpostArn", ""),
                    _cidrs(answer),
                    _is_blocked(answer),
                )
                for answer in found
            }
        )

    def of_vpc(self, vpc_id: str) -> tuple[str, ...]:
        """The ids of the subnets of a VPC, in order."""
        return tuple(sorted(s.id for s in self.by_id.values() if s.vpc_id == vpc_id))


def _is_blocked(subnet: Mapping[str, Any]) -> bool:
    states = subnet.get("BlockPublicAccessStates") or {}
    return states.get("InternetGatewayBlockMode") in {"block-bidirectional", "block-ingress"}


def _cidrs(subnet: Mapping[str, Any]) -> tuple[str, ...]:
    v6 = subnet.get("Ipv6CidrBlockAssociationSet") or ()
    named = (subnet.get("CidrBlock"), *(each.get("Ipv6CidrBlock") for each in v6))
    return tuple(cidr for cidr in named if cidr)


@dataclass(frozen=True, slots=True)
class Route:
    """A route that is in use.

    ``destination`` is a CIDR block or a prefix list id, ``target`` the id of what it leads to.
    """

    destination: str
    target: str


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A route table: its routes, without those that lead nowhere (``blackhole``).

    ``lost`` are the NAT gateways of the latter: they failed, or were deleted.
    """

    id: str
    vpc_id: str
    routes: tuple[Route, ...] = ()
    lost: tuple[str, ...] = ()

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> RouteTable:
        """From a ``RouteTable`` of the API."""
        return cls(
            id=answer["RouteTableId"],
            vpc_id=answer.get("VpcId", ""),
            routes=tuple(
                Route(_destination(route), _target(route))
                for route in answer.get("Routes") or ()
                if route.get("State", "active") == "active"
            ),
            lost=tuple(
                route["NatGatewayId"]
                for route in answer.get("Routes") or ()
                if route.get("State") == "blackhole" and route.get("NatGatewayId")
            ),
        )


def _destination(route: Mapping[str, Any]) -> str:
    names = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    return next((route[name] for name in names if route.get(name)), "")


def _target(route: Mapping[str, Any]) -> str:
    """A gateway, endpoint or interface; transit and egress-only gateways do not matter here."""
    names = ("CarrierGatewayId", "GatewayId", "NatGatewayId", "NetworkInterfaceId")
    return next((str(route[name]) for name in names if route.get(name)), "")


@evidence(
    REGION,
    reads=("ec2:DescribeRouteTables",),
    changed_by=(
        ConfigItem("AWS::EC2::RouteTable"),
        ConfigItem("AWS::EC2::InternetGateway"),
        api_call(
            "ec2",
            "AssociateRouteTable",
            "AttachInternetGateway",
            "CreateDefaultVpc",
            "CreateRoute",
            "DeleteRoute",
            "DetachInternetGateway",
            "DisassociateRouteTable",
            "ReplaceRoute",
            "ReplaceRouteTableAssociation",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class RouteTables:
    """The route tables of the region: by the subnets they name, and the main one of each VPC.

    ``inbound`` are the routes of the tables that internet gateways use, by VPC: what comes from
    the internet takes them (VPC User Guide, "Gateway route tables"). Source: DescribeRouteTables.
    """

    by_subnet: Mapping[str, RouteTable] = field(default_factory=dict)
    main: Mapping[str, RouteTable] = field(default_factory=dict)
    inbound: Mapping[str, tuple[Route, ...]] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, region: Resource) -> RouteTables:
        by_subnet: dict[str, RouteTable] = {}
        main: dict[str, RouteTable] = {}
        inbound: dict[str, tuple[Route, ...]] = {}
        for answer in read.every("ec2", "describe_route_tables", "RouteTables"):
            table = RouteTable.of(answer)
            for association in answer.get("Associations") or ():
                if association.get("SubnetId"):
                    by_subnet[association["SubnetId"]] = table
                elif association.get("Main"):
                    main[table.vpc_id] = table
                elif str(association.get("GatewayId", "")).startswith("igw-"):
                    inbound[table.vpc_id] = (*inbound.get(table.vpc_id, ()), *table.routes)
        return cls(by_subnet, main, inbound)

    def effective(self, subnet: Subnet) -> RouteTable | None:
        """The table a subnet uses: its own, else the VPC's main one; None where it is not shown.

        Of a VPC that another account shares with this one not every table need be shown, so the
        main one may not be taken for the subnet's.
        """
        own = self.by_subnet.get(subnet.id)
        if own is not None or not subnet.is_ours:
            return own
        return self.main.get(subnet.vpc_id)


_FIELD = re.compile(r"\$\{([a-z0-9-]+)\}")
DEFAULT_FIELDS = frozenset({"srcaddr", "dstaddr", "action"})
"""Those of the default record format that say who talked to whom (VPC User Guide, "Flow log
records"); an answer without LogFormat has it."""


@dataclass(frozen=True, slots=True)
class FlowLog:
    """A flow log.

    ``traffic`` is ``ALL``, ``ACCEPT`` or ``REJECT``; ``delivery`` ``SUCCESS``, ``FAILED`` or
    empty before the first attempt, with ``error`` as AWS words it; ``interval`` is in seconds.
    ``status`` is ``ACTIVE`` for a log that is in use. ``fields`` are those of its record format.
    """

    id: str
    traffic: str = "ALL"
    delivery: str = ""
    error: str = ""
    interval: int = 600
    destination: str = ""
    status: str = "ACTIVE"
    fields: frozenset[str] = DEFAULT_FIELDS

    @property
    def lacks(self) -> tuple[str, ...]:
        """What no record tells: from where, to where, or whether it was let through."""
        needed = {
            "srcaddr": {"srcaddr", "pkt-srcaddr"},
            "dstaddr": {"dstaddr", "pkt-dstaddr"},
        }
        if self.traffic == "ALL":
            needed["action"] = {"action"}
        return tuple(name for name, either in needed.items() if not self.fields & either)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> FlowLog:
        """From a ``FlowLog`` of the API."""
        return cls(
            id=answer["FlowLogId"],
            traffic=answer.get("TrafficType", ""),
            delivery=answer.get("DeliverLogsStatus", ""),
            error=answer.get("DeliverLogsErrorMessage", ""),
            interval=answer.get("MaxAggregationInterval") or 600,
            destination=answer.get("LogDestination") or answer.get("LogGroupName", ""),
            status=answer.get("FlowLogStatus", "ACTIVE"),
            fields=frozenset(_FIELD.findall(answer.get("LogFormat") or "")) or DEFAULT_FIELDS,
        )


@evidence(
    VPC,
    reads=("ec2:DescribeFlowLogs",),
    uses=(Subnets,),
    changed_by=(
        ConfigItem("AWS::EC2::FlowLog", "configuration.resourceId", vpc_id),
        api_call("ec2", "CreateFlowLogs", "DeleteFlowLogs"),
        api_call("logs", "DeleteLogGroup"),
        api_call("s3", "DeleteBucket"),
    ),
)
@dataclass(frozen=True, slots=True)
class VpcFlowLogs:
    """The flow logs of the VPC and of each of its subnets. Source: DescribeFlowLogs."""

    of_vpc: tuple[FlowLog, ...] = ()
    of_subnets: Mapping[str, tuple[FlowLog, ...]] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, vpc: Resource) -> VpcFlowLogs:
        logs = read.made_once("flow logs by resource", _flow_logs)
        subnets = read.of(Subnets, this_region(read)).of_vpc(vpc.id)
        return cls(
            of_vpc=tuple(logs.get(vpc.id, ())),
            of_subnets={subnet: tuple(logs.get(subnet, ())) for subnet in subnets},
        )

    @property
    def all(self) -> tuple[FlowLog, ...]:
        """The VPC's and its subnets'."""
        return (*self.of_vpc, *(log for own in self.of_subnets.values() for log in own))


def _flow_logs(read: Reader) -> dict[str, list[FlowLog]]:
    logs: dict[str, list[FlowLog]] = {}
    for answer in read.every("ec2", "describe_flow_logs", "FlowLogs"):
        logs.setdefault(answer.get("ResourceId", ""), []).append(FlowLog.of(answer))
    return logs


@evidence(VPC, reads=("ec2:DescribeNetworkInterfaces", "ec2:DescribeVpcs"))
@dataclass(frozen=True, slots=True)
class VpcInterfaces:
    """How many network interfaces the VPC has: none, and nothing uses it.

    Source: DescribeNetworkInterfaces.
    """

    count: int

    @classmethod
    def load(cls, read: Reader, vpc: Resource) -> VpcInterfaces:
        of_vpc = [{"Name": "vpc-id", "Values": [vpc.id]}]
        found = read.every(
            "ec2",
            "describe_network_interfaces",
            "NetworkInterfaces",
            Filters=of_vpc,
            **managed_too(read, "describe_network_interfaces"),
        )
        return cls(len(found))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, VpcInterfaces]:
        counts = dict.fromkeys(find_vpcs(read), 0)
        for answer in read.every(
            "ec2",
            "describe_network_interfaces",
            "NetworkInterfaces",
            **managed_too(read, "describe_network_interfaces"),
        ):
            id = answer.get("VpcId", "")
            counts[id] = counts.get(id, 0) + 1
        return {id: cls(count) for id, count in counts.items()}


def this_region(read: Reader) -> Resource:
    """What evidence about the region is asked for."""
    return REGION.resource(read.account, read.region, read.account)
