"""How the workloads of a VPC reach AWS services: endpoints, names, and what they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

from readiness.evidence.awslambda.functions import (
    FUNCTION,
    FunctionConfiguration,
    any_function,
    configured,
)
from readiness.evidence.awslambda.network import (
    CAPACITY_PROVIDER,
    PROVIDER_CALLS,
    provider_network,
)
from readiness.evidence.awslambda.settings import NETWORK, VARIABLES
from readiness.evidence.awslambda.versions import FunctionAliases, published_configurations
from readiness.evidence.day_parts import in_parts
from readiness.evidence.ec2.vpcs import GONE, VPC, Subnets, this_region, vpc_id
from readiness.evidence.ecs.services import EXPRESS_CALLS, RECONFIGURED, every_service
from readiness.evidence.iam.principals import EVERYTHING, details
from readiness.evidence.iam.roles import RolePolicies
from readiness.model.evidence import ConfigItem, api_call, evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.text import listed
from readiness.model.unreadable import Gone
from readiness.semantics.condition_values import Holds
from readiness.semantics.conditions import allowed
from readiness.semantics.policy import Document, Statement
from readiness.semantics.policy_patterns import is_universal, only_wildcards
from readiness.semantics.requesters import through_endpoint
from readiness.semantics.service_names import (
    OF_ECS,
    service_of_endpoint,
    services_allowed,
    services_named,
)


@dataclass(frozen=True, slots=True)
class Workload:
    """Something that runs in a VPC, and the AWS services it calls.

    ``unknown`` says what of it could not be made out; empty where everything could.
    """

    name: str
    subnet_ids: tuple[str, ...]
    services: frozenset[str] = frozenset()
    unknown: str = ""


_ALIASES = "lambda:ListAliases"
_AT_ONCE = 20
"""Of how many functions the aliases are asked for in each run, as after an event."""


@evidence(
    VPC,
    reads=(
        "ecs:DescribeServices",
        "ecs:ListClusters",
        "ecs:ListServices",
        "lambda:GetFunctionConfiguration",
        _ALIASES,
        "lambda:ListFunctions",
        CAPACITY_PROVIDER,
        EVERYTHING,
    ),
    uses=(Subnets,),
    changed_by=(
        ConfigItem("AWS::Lambda::Function", "configuration.vpcConfig.vpcId", vpc_id, by_call=True),
        ConfigItem("AWS::ECS::Service", by_call=True),
        api_call("lambda", "CreateFunction*", "DeleteFunction*"),
        any_function(configured(*NETWORK, *VARIABLES)),
        PROVIDER_CALLS,
        api_call("ecs", "CreateService", "DeleteService", *EXPRESS_CALLS),
        replace(RECONFIGURED, id=""),
    ),
)
@dataclass(frozen=True, slots=True)
class VpcWorkloads:
    """The functions and services with network interfaces in the VPC.

    What a function calls is read off its environment and its role's policies. The versions that
    aliases lead to keep the network, environment and role that they were published with, and count
    too; of more than 20 functions they are those of the day. A change of a policy, and an alias
    that leads to another version, wait for a sweep: roles and aliases change in every deployment.
    Sources: ListFunctions, ListAliases, GetFunctionConfiguration of published versions,
    GetCapacityProvider, GetAccountAuthorizationDetails, DescribeServices.
    """

    all: tuple[Workload, ...] = ()

    @classmethod
    def load(cls, read: Reader, vpc: Resource) -> VpcWorkloads:
        subnets = read.of(Subnets, this_region(read)).of_vpc(vpc.id)
        placed = read.made_once("what runs in networks, by place", _placed)
        here = {n: each for place in (vpc.id, *subnets) for n, each in placed.get(place, ())}
        found: dict[str, list[_Running]] = {}
        for _, each in sorted(here.items()):
            found.setdefault(each.name, []).append(each)
        return cls(tuple(map(_workload, found.values())))


@dataclass(frozen=True, slots=True)
class _Running:
    """A version of a function, or a service: where it runs, what it calls, what is not clear."""

    name: str
    vpc_id: str
    subnet_ids: tuple[str, ...]
    services: frozenset[str]
    unknown: tuple[str, ...] = ()


def _placed(read: Reader) -> dict[str, list[tuple[int, _Running]]]:
    """What runs in each VPC and subnet, with a number by which it is sorted."""
    by_place: dict[str, list[tuple[int, _Running]]] = {}
    for number, each in enumerate((*_functions(read), *_services(read))):
        for place in dict.fromkeys(filter(None, (each.vpc_id, *each.subnet_ids))):
            by_place.setdefault(place, []).append((number, each))
    return by_place


def _workload(versions: Sequence[_Running]) -> Workload:
    where = dict.fromkeys(id for each in versions for id in each.subnet_ids)
    unknown = dict.fromkeys(why for each in versions for why in each.unknown)
    services = frozenset().union(*(each.services for each in versions))
    return Workload(versions[0].name, tuple(where), services, listed([*unknown]))


@dataclass(frozen=True, slots=True)
class _Version:
    """Where a version of a function runs and what its environment says that it calls.

    No value of a variable is kept. ``is_sealed``: the environment could not be decrypted.
    """

    vpc_id: str
    subnet_ids: Sequence[str]
    provider: str
    role: str
    services: Sequence[str]
    is_sealed: bool

    @classmethod
    def of(cls, about: FunctionConfiguration) -> _Version:
        return cls(
            about.vpc_id,
            about.subnet_ids,
            about.capacity_provider,
            last_segment(about.role_arn) or "",
            sorted(services_named(about.environment or {})),
            about.environment is None,
        )


def _functions(read: Reader) -> Iterator[_Running]:
    """Policies are read only where there is a function to ask about."""
    latest = FunctionConfiguration.load_all(read)
    published = in_parts(
        read, _ALIASES, list(latest), _AT_ONCE, lambda names: _published(read, latest, names)
    )
    inside = [
        (name, version, where)
        for name, rows in published
        for version in (_Version.of(latest[name]), *(_Version(*row) for row in rows))
        if (where := tuple(version.subnet_ids) or _of_provider(read, version.provider))
    ]
    roles = RolePolicies.load_all(read) if inside else {}
    managed = _managed(read) if inside else {}
    for name, version, where in inside:
        services, unclear = _calls(version, roles, managed)
        yield _Running(
            f"function {name}", version.vpc_id, where, frozenset(services), tuple(unclear)
        )


def _published(
    read: Reader, latest: Mapping[str, FunctionConfiguration], names: Sequence[str]
) -> list[list[list[Any]]]:
    """Each version that the aliases of each function lead to: its fields, as plain JSON."""

    def ask(name: str) -> list[list[Any]]:
        function = FUNCTION.resource(read.account, read.region, name)
        try:
            aliases = FunctionAliases.load(read, function).all
        except Gone:
            return []  # deleted since it was listed
        is_managed = bool(latest[name].capacity_provider)
        found = published_configurations(read, name, aliases, is_managed=is_managed)
        return [list(astuple(_Version.of(each))) for each in found.values()]

    return read.each(ask, names)


def _of_provider(read: Reader, provider: str) -> tuple[str, ...]:
    return provider_network(read, provider).subnet_ids if provider else ()


def _calls(
    version: _Version, roles: Mapping[str, RolePolicies], managed: Mapping[str, Document]
) -> tuple[set[str], list[str]]:
    """The services that a version calls, and what of it could not be made out."""
    role = roles.get(version.role)
    attached = [each.id for each in role.attached] if role else []
    policies = [
        *(role.inline if role else ()),
        *(managed[a] for a in attached if a in managed),
    ]
    unclear = [policy.name for policy in policies if policy.flaw]
    unclear += [arn for arn in attached if arn not in managed]
    if version.is_sealed:
        unclear.append("the environment, which could not be decrypted")
    return {*version.services, *services_allowed(policies)}, unclear


def _managed(read: Reader) -> dict[str, Document]:
    """The managed policies in use: of each the version in force."""
    return {
        policy["Arn"]: Document.of(policy["PolicyName"], version.get("Document"))
        for policy in details(read, "Policies")
        for version in policy.get("PolicyVersionList") or ()
        if version.get("IsDefaultVersion")
    }


def _services(read: Reader) -> Iterator[_Running]:
    for each in every_service(read).values():
        yield _Running(f"service {each.name}", "", tuple(each.subnet_ids), OF_ECS)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A VPC endpoint.

    ``service`` is the short name of an AWS service of this region, empty for any other;
    ``kind`` is ``Interface``, ``Gateway``, …; ``state`` in lower case; ``resolves`` whether the
    service's usual name leads to it from within the VPC; ``is_wide_open`` whether its policy
    allows everything to everybody, as the default does.
    """

    id: str
    service: str
    kind: str = "Interface"
    state: str = "available"
    resolves: bool = True
    route_table_ids: frozenset[str] = frozenset()
    is_wide_open: bool = False

    @classmethod
    def of(cls, answer: Mapping[str, Any], region: str, dns_suffix: str) -> Endpoint:
        """From a ``VpcEndpoint`` of the API."""
        only_inbound = (answer.get("DnsOptions") or {}).get(
            "PrivateDnsOnlyForInboundResolverEndpoint", False
        )
        return cls(
            id=answer["VpcEndpointId"],
            service=service_of_endpoint(answer.get("ServiceName", ""), region, dns_suffix),
            kind=answer.get("VpcEndpointType", "Gateway"),
            state=answer.get("State", "").lower(),
            resolves=bool(answer.get("PrivateDnsEnabled")) and not only_inbound,
            route_table_ids=frozenset(answer.get("RouteTableIds") or ()),
            is_wide_open=allows_everything(answer.get("PolicyDocument", "")),
        )


def allows_everything(document: str) -> bool:
    """Whether an endpoint policy lets everybody do everything; AWS's default one does.

    So does a policy that is missing, and for all anybody knows one that cannot be read. Every
    action of a service (``s3:*``) is everything, since an endpoint leads to one service. A policy
    that keeps to the resources of one account or organization is none that lets anything through.
    """
    policy = Document.of("endpoint policy", document or "{}")
    allows = [s for s in policy.statements if s.allows and _is_full(s) and s.names_every_resource]
    denials = [s for s in policy.statements if not s.allows and _is_full(s) and _takes_away(s)]
    return bool(policy.flaw) or any(
        allowed(s, denials, through_endpoint()) is Holds.SOMETIMES for s in allows
    )


def _is_full(statement: Statement) -> bool:
    """Whether it is about everyone and every action, but for those that ``NotAction`` names."""
    if not statement.names_anybody:
        return False
    if statement.not_actions:
        return not any(map(_is_every_action, statement.not_actions))
    return any(map(_is_every_action, statement.actions))


def _is_every_action(pattern: str) -> bool:
    return only_wildcards(pattern.rpartition(":")[2])


def _takes_away(denial: Statement) -> bool:
    """Whether a Deny leaves nothing, or nothing but resources that it names."""
    if denial.not_resources:
        return not any(map(is_universal, denial.not_resources))
    return denial.names_every_resource


@evidence(
    VPC,
    reads=("ec2:DescribeVpcEndpoints",),
    changed_by=(
        ConfigItem("AWS::EC2::VPCEndpoint", "configuration.vpcId", vpc_id),
        api_call(
            "ec2",
            "CreateVpcEndpoint",
            id="requestParameters.CreateVpcEndpointRequest.VpcId",
            normalise=vpc_id,
        ),
        api_call("ec2", "DeleteVpcEndpoints", "ModifyVpcEndpoint"),
    ),
)
@dataclass(frozen=True, slots=True)
class VpcEndpoints:
    """The endpoints of the VPC. Source: DescribeVpcEndpoints."""

    all: tuple[Endpoint, ...] = ()

    @classmethod
    def load(cls, read: Reader, vpc: Resource) -> VpcEndpoints:
        return cls(read.made_once("VPC endpoints by VPC", _by_vpc).get(vpc.id, ()))

    def of(self, service: str) -> tuple[Endpoint, ...]:
        """The endpoints for a service, by its short name."""
        return tuple(endpoint for endpoint in self.all if endpoint.service == service)


def _by_vpc(read: Reader) -> dict[str, tuple[Endpoint, ...]]:
    found: dict[str, tuple[Endpoint, ...]] = {}
    for each in read.every("ec2", "describe_vpc_endpoints", "VpcEndpoints"):
        endpoint = Endpoint.of(each, read.region, read.dns_suffix)
        found[each.get("VpcId", "")] = (*found.get(each.get("VpcId", ""), ()), endpoint)
    return found


@evidence(
    VPC,
    reads=("ec2:DescribeVpcAttribute",),
    uses=(VpcWorkloads,),
    changed_by=(
        api_call("ec2", "ModifyVpcAttribute", id="requestParameters.vpcId", normalise=vpc_id),
    ),
)
@dataclass(frozen=True, slots=True)
class VpcDns:
    """Whether names resolve in the VPC, private ones included.

    Not asked of a VPC in which nothing runs. Source: DescribeVpcAttribute.
    """

    support: bool = True
    hostnames: bool = True

    @classmethod
    def load(cls, read: Reader, vpc: Resource) -> VpcDns:
        if not read.of(VpcWorkloads, vpc).all:
            return cls()

        def is_on(attribute: str, key: str) -> bool:
            answer = read.one(
                "ec2", "describe_vpc_attribute", gone=GONE, VpcId=vpc.id, Attribute=attribute
            )
            return bool((answer.get(key) or {}).get("Value"))

        return cls(
            support=is_on("enableDnsSupport", "EnableDnsSupport"),
            hostnames=is_on("enableDnsHostnames", "EnableDnsHostnames"),
        )
