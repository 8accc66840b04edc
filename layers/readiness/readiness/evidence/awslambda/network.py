"""Where in a network a function runs: its own VPC configuration or its capacity provider's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.evidence.awslambda.functions import FUNCTION, LATEST, FunctionConfiguration
from readiness.evidence.awslambda.numbered import NumberedVersions
from readiness.evidence.awslambda.settings import FunctionPlacement
from readiness.evidence.awslambda.versions import FunctionAliases, published_configurations
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

CAPACITY_PROVIDER = "lambda:GetCapacityProvider"
PROVIDER_CALLS = api_call("lambda", "UpdateCapacityProvider*")
"""A provider cannot be deleted while functions use it, and a new one has none."""


@evidence(
    FUNCTION,
    reads=(CAPACITY_PROVIDER,),
    uses=(FunctionPlacement,),
    changed_by=(PROVIDER_CALLS,),
)
@dataclass(frozen=True, slots=True)
class FunctionNetwork:
    """The subnets and security groups in which a function runs.

    A function on Lambda Managed Instances has no VPC configuration: its instances run in the
    subnets of their capacity provider. Sources: GetFunctionConfiguration, GetCapacityProvider.
    """

    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionNetwork:
        return network_of(read, read.of(FunctionPlacement, function))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionNetwork]:
        functions = read.those(FunctionPlacement)
        networks = read.each(lambda each: network_of(read, each), functions.values())
        return dict(zip(functions, networks, strict=True))


@evidence(
    FUNCTION,
    reads=("lambda:GetFunctionConfiguration", CAPACITY_PROVIDER),
    uses=(FunctionPlacement, FunctionAliases, NumberedVersions),
    changed_by=(PROVIDER_CALLS,),
)
@dataclass(frozen=True, slots=True)
class ReachedNetworks:
    """The subnets of each version that callers reach: unpublished, by an alias or by number.

    A published version keeps the network that the function had then. Sources: those of
    FunctionNetwork, and GetFunctionConfiguration of each published version.
    """

    of: Mapping[str, tuple[str, ...]]

    @classmethod
    def load(cls, read: Reader, function: Resource) -> ReachedNetworks:
        latest = read.of(FunctionPlacement, function)
        aliases = read.of(FunctionAliases, function).all
        numbered = read.of(NumberedVersions, function).all
        is_managed = bool(latest.capacity_provider)
        published = published_configurations(
            read, function.id, aliases, numbered, is_managed=is_managed
        )
        every = {LATEST: latest, **published}
        return cls({version: network_of(read, each).subnet_ids for version, each in every.items()})

    @property
    def subnet_ids(self) -> tuple[str, ...]:
        """The subnets of all versions, each once."""
        return tuple(dict.fromkeys(id for ids in self.of.values() for id in ids))

    @property
    def outside(self) -> tuple[str, ...]:
        """The versions that run in no VPC."""
        return tuple(version for version, ids in self.of.items() if not ids)


def network_of(read: Reader, function: FunctionConfiguration) -> FunctionNetwork:
    """The network of a function; asks for its capacity provider only where it has one."""
    if function.subnet_ids or not function.capacity_provider:
        return FunctionNetwork(function.subnet_ids, function.security_group_ids)
    return provider_network(read, function.capacity_provider)


def provider_network(read: Reader, arn: str) -> FunctionNetwork:
    """The network of the instances of a capacity provider."""
    answer = read.one("lambda", "get_capacity_provider", CapacityProviderName=arn)
    about = answer["CapacityProvider"]["VpcConfig"]
    return FunctionNetwork(tuple(about["SubnetIds"]), tuple(about.get("SecurityGroupIds") or ()))
