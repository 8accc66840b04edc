"""What EC2 says of a security group: its rules, the prefix lists in them, and who wears it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.model.evidence import ConfigItem, ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable

_GONE = ("InvalidGroup.NotFound", "InvalidGroupId.Malformed")
_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_AWS = "AWS"


def tags_of(answer: Mapping[str, Any], key: str = "Tags") -> dict[str, str]:
    """The tags in an EC2 answer."""
    return {tag["Key"]: tag.get("Value", "") for tag in answer.get(key) or ()}


def the_one(found: Sequence[Any], action: str) -> Any:
    """The thing that was asked for by its id. Raises Unreadable where AWS returned none.

    EC2 answers an id that does not exist with an error, so an empty answer says nothing.
    """
    if not found:
        raise Unreadable(action, Cause.UNEXPECTED_ANSWER, "an empty answer")
    return found[0]


def managed_too(read: Reader, operation: str) -> dict[str, Any]:
    """The parameter that shows what AWS services manage, though an account's setting hides it."""
    if not read.takes("ec2", operation, "IncludeManagedResources"):
        return {}
    return {"IncludeManagedResources": True}


def _find(read: Reader) -> Iterable[str]:
    return [g["GroupId"] for g in read.every("ec2", "describe_security_groups", "SecurityGroups")]


def _group_id(value: str) -> str | None:
    return value if value.startswith("sg-") else None


SECURITY_GROUP = ResourceType(
    "AWS::EC2::SecurityGroup",
    _find,
    find_reads=("ec2:DescribeSecurityGroups",),
    changed_by=(
        api_call("ec2", "CreateSecurityGroup", id="responseElements.groupId", normalise=_group_id),
        api_call("ec2", "CreateVpc", "CreateDefaultVpc"),
        api_call(
            "ec2",
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
            "DeleteSecurityGroup",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            id="requestParameters.groupId",
            normalise=_group_id,
        ),
        api_call(
            "ec2",
            "ModifySecurityGroupRules",
            id="requestParameters.ModifySecurityGroupRulesRequest.GroupId",
            normalise=_group_id,
        ),
    ),
    arn="arn:{partition}:ec2:{region}:{account}:security-group/{id}",
)


@dataclass(frozen=True, slots=True)
class Peer:
    """A security group that a rule names as source or destination.

    ``account`` is empty where that group no longer exists; ``peering`` is the state of the VPC
    peering connection between the two, empty where there is none.
    """

    group_id: str
    account: str = ""
    vpc_id: str = ""
    peering: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether the rule itself shows that the group is deleted or no longer peered."""
        return not self.account or self.peering not in {"", "active"}


@dataclass(frozen=True, slots=True)
class Permission:
    """What one rule lets through.

    ``protocol`` is ``-1`` for all, ``tcp``, ``udp``, ``icmp``, ``icmpv6`` or a number. Ports are
    None where the protocol has none; for ICMP they are type and code, -1 for any.
    """

    protocol: str
    from_port: int | None = None
    to_port: int | None = None
    cidrs: tuple[str, ...] = ()
    prefix_list_ids: tuple[str, ...] = ()
    peers: tuple[Peer, ...] = ()

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Permission:
        """From an ``IpPermission`` of the API."""
        v4 = [r["CidrIp"] for r in answer.get("IpRanges") or () if "CidrIp" in r]
        v6 = [r["CidrIpv6"] for r in answer.get("Ipv6Ranges") or () if "CidrIpv6" in r]
        protocol = str(answer.get("IpProtocol", "-1")).lower()
        return cls(
            protocol=_NUMBERS.get(protocol, protocol),
            from_port=answer.get("FromPort"),
            to_port=answer.get("ToPort"),
            cidrs=(*v4, *v6),
            prefix_list_ids=tuple(p["PrefixListId"] for p in answer.get("PrefixListIds") or ()),
            peers=tuple(
                Peer(
                    pair.get("GroupId", ""),
                    pair.get("UserId", ""),
                    pair.get("VpcId", ""),
                    pair.get("PeeringStatus", ""),
                )
                for pair in answer.get("UserIdGroupPairs") or ()
            ),
        )


@evidence(SECURITY_GROUP, reads=("ec2:DescribeSecurityGroups",))
@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """The rules of the security group. Source: DescribeSecurityGroups."""

    id: str
    name: str = ""
    vpc_id: str = ""
    account: str = ""
    ingress: tuple[Permission, ...] = ()
    egress: tuple[Permission, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, group: Resource) -> SecurityGroup:
        found = read.every(
            "ec2", "describe_security_groups", "SecurityGroups", gone=_GONE, GroupIds=[group.id]
        )
        return cls.of(the_one(found, "ec2:DescribeSecurityGroups"))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, SecurityGroup]:
        found = read.every("ec2", "describe_security_groups", "SecurityGroups")
        return {answer["GroupId"]: cls.of(answer) for answer in found}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> SecurityGroup:
        """From a ``SecurityGroup`` of the API."""
        return cls(
            id=answer["GroupId"],
            name=answer.get("GroupName", ""),
            vpc_id=answer.get("VpcId", ""),
            account=answer.get("OwnerId", ""),
            ingress=tuple(map(Permission.of, answer.get("IpPermissions") or ())),
            egress=tuple(map(Permission.of, answer.get("IpPermissionsEgress") or ())),
            tags=tags_of(answer),
        )

    def is_foreign(self, peer: Peer) -> bool:
        """Whether a group is of another account and VPC, and no peering connection joins them."""
        return not (
            peer.group_id == self.id
            or (bool(peer.account) and peer.account == self.account)
            or (bool(peer.vpc_id) and peer.vpc_id == self.vpc_id)
            or peer.peering == "active"
        )

    @property
    def has_distant_peers(self) -> bool:
        """Whether inbound rules name groups that a transit gateway may lead to, or nothing."""
        return any(
            self.is_foreign(peer) and not peer.is_lost
            for rule in self.ingress
            for peer in rule.peers
        )

    @property
    def prefix_list_ids(self) -> frozenset[str]:
        """The prefix lists that its rules name."""
        return frozenset(
            id for rule in (*self.ingress, *self.egress) for id in rule.prefix_list_ids
        )


@evidence(SECURITY_GROUP, reads=("ec2:DescribeStaleSecurityGroups",), uses=(SecurityGroup,))
@dataclass(frozen=True, slots=True)
class StaleReferences:
    """The groups that the group's rules name and that nothing connects it to any more.

    A rule is stale where the group it names is deleted, or the peering connection, the transit
    gateway or the VPC association that led to it is gone. Asked only for groups whose rules name
    one that a transit gateway may lead to. What makes a rule stale the sweep sees. Source:
    DescribeStaleSecurityGroups.
    """

    group_ids: frozenset[str] = frozenset()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> StaleReferences:
        about = read.of(SecurityGroup, group)
        if not about.has_distant_peers:
            return cls()
        stale = read.every(
            "ec2", "describe_stale_security_groups", "StaleSecurityGroupSet", VpcId=about.vpc_id
        )
        return cls(
            frozenset(
                pair.get("GroupId", "")
                for each in stale
                if each["GroupId"] == group.id
                for rules in ("StaleIpPermissions", "StaleIpPermissionsEgress")
                for rule in each.get(rules) or ()
                for pair in rule.get("UserIdGroupPairs") or ()
            )
        )


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface. ``kind`` is EC2's ``InterfaceType``.

    The interfaces of application and classic load balancers are of the plain kind
    ``interface``; only their requester, ``amazon-elb``, tells what they are.
    """

    id: str
    kind: str = "interface"
    requester: str = ""

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Interface:
        """From a ``NetworkInterface`` of the API."""
        return cls(
            answer["NetworkInterfaceId"],
            answer.get("InterfaceType", "interface"),
            answer.get("RequesterId", ""),
        )

    @property
    def is_load_balancer(self) -> bool:
        return self.requester == "amazon-elb" or self.kind in {
            "load_balancer",
            "network_load_balancer",
            "gateway_load_balancer",
        }


@evidence(
    SECURITY_GROUP,
    reads=("ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups"),
    changed_by=(
        ConfigItem("AWS::EC2::NetworkInterface", "configuration.groups.groupId", _group_id),
        api_call(
            "ec2",
            "CreateNetworkInterface",
            "ModifyInstanceAttribute",
            "ModifyNetworkInterfaceAttribute",
            id="requestParameters.groupSet.items.groupId",
            normalise=_group_id,
        ),
        api_call("ec2", "ApplySecurityGroupsToClientVpnTargetNetwork"),
        api_call(
            "ec2",
            "RunInstances",
            id="responseElements.instancesSet.items.groupSet.items.groupId",
            normalise=_group_id,
        ),
        api_call(
            "elasticloadbalancing",
            "ApplySecurityGroupsToLoadBalancer",
            "CreateLoadBalancer",
            "SetSecurityGroups",
            id="requestParameters.securityGroups",
            normalise=_group_id,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class Attachments:
    """The network interfaces that the security group protects.

    Source: DescribeNetworkInterfaces.
    """

    interfaces: tuple[Interface, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> Attachments:
        of_group = [{"Name": "group-id", "Values": [group.id]}]
        found = read.every(
            "ec2",
            "describe_network_interfaces",
            "NetworkInterfaces",
            Filters=of_group,
            **managed_too(read, "describe_network_interfaces"),
        )
        return cls(tuple(map(Interface.of, found)))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, Attachments]:
        worn: dict[str, list[Interface]] = {id: [] for id in _find(read)}
        for answer in read.every(
            "ec2",
            "describe_network_interfaces",
            "NetworkInterfaces",
            **managed_too(read, "describe_network_interfaces"),
        ):
            for group in answer.get("Groups") or ():
                worn.setdefault(group["GroupId"], []).append(Interface.of(answer))
        return {id: cls(tuple(interfaces)) for id, interfaces in worn.items()}

    @property
    def only_load_balancers(self) -> bool:
        """Whether nothing but load balancers is behind the group (and something is)."""
        return bool(self.interfaces) and all(i.is_load_balancer for i in self.interfaces)


@dataclass(frozen=True, slots=True)
class PrefixList:
    """A managed prefix list. ``cidrs`` are read of customers' lists only."""

    id: str
    cidrs: tuple[str, ...] = ()


@evidence(
    SECURITY_GROUP,
    reads=("ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries"),
    uses=(SecurityGroup,),
    changed_by=(
        ConfigItem("AWS::EC2::PrefixList"),
        api_call("ec2", "ModifyManagedPrefixList", "RestoreManagedPrefixListVersion"),
    ),
)
@dataclass(frozen=True, slots=True)
class PrefixLists:
    """The prefix lists that the security group's rules name, by id.

    A list that DescribeManagedPrefixLists does not show, as when its owner stopped sharing it,
    is missing here. Sources: DescribeManagedPrefixLists, GetManagedPrefixListEntries.
    """

    by_id: Mapping[str, PrefixList] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, group: Resource) -> PrefixLists:
        """Nothing is asked for a group whose rules name no prefix list."""
        named = read.of(SecurityGroup, group).prefix_list_ids
        if not named:
            return cls()
        owners = read.made_once("owners of prefix lists", _owners)
        return cls({id: _prefix_list(read, id, owners[id]) for id in named if id in owners})


def _owners(read: Reader) -> dict[str, str]:
    known = read.every("ec2", "describe_managed_prefix_lists", "PrefixLists")
    return {each["PrefixListId"]: each.get("OwnerId", "") for each in known}


def _prefix_list(read: Reader, id: str, owner: str) -> PrefixList:
    if owner == _AWS:
        return PrefixList(id)
    entries = read.every("ec2", "get_managed_prefix_list_entries", "Entries", PrefixListId=id)
    return PrefixList(id, tuple(entry["Cidr"] for entry in entries))
