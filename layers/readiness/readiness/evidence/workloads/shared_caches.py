"""The caches that the compute of a region could share, and the signs that it uses one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.awslambda.functions import FUNCTION, FunctionConfiguration
from readiness.evidence.awslambda.network import (
    CAPACITY_PROVIDER,
    PROVIDER_CALLS,
    FunctionNetwork,
    network_of,
)
from readiness.evidence.caches import Cache
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA
from readiness.evidence.ec2.security_groups import SecurityGroup
from readiness.evidence.ecs.services import EXPRESS_CALLS, every_service
from readiness.evidence.elasticache.serverless import SERVERLESS
from readiness.evidence.elasticache.usage import (
    CLUSTERS,
    GROUPS,
    ClusterInUse,
    GroupInUse,
    ServerlessInUse,
)
from readiness.evidence.memorydb import MEMORYDB, MemoryDbInUse
from readiness.evidence.tagging import TAG_LOOKUPS, tags_of_types
from readiness.model.evidence import REGION, ServiceEvent, api_call, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_PORTS = range(6379, 6381), range(11211, 11213)


@dataclass(frozen=True, slots=True)
class SharedCache:
    """A cache with its tags and the security groups that its own let in."""

    cache: Cache
    tags: Mapping[str, str]
    admits: frozenset[str] = frozenset()


@evidence(
    REGION,
    reads=(
        CLUSTERS,
        GROUPS,
        SERVERLESS,
        MEMORYDB,
        GET_METRIC_DATA,
        "ec2:DescribeSecurityGroups",
        "tag:GetResources",
    ),
    uses=TAG_LOOKUPS,
    asks_with=("look_at_memorydb",),
    changed_by=(
        api_call(
            "elasticache",
            "CreateCacheCluster",
            "CreateReplicationGroup",
            "CreateServerlessCache",
            "DeleteCacheCluster",
            "DeleteReplicationGroup",
            "DeleteServerlessCache",
            "ModifyCacheCluster",
            "ModifyReplicationGroup",
            "ModifyReplicationGroupShardConfiguration",
            "IncreaseReplicaCount",
            "DecreaseReplicaCount",
            "ModifyServerlessCache",
        ),
        api_call("memorydb", "CreateCluster", "UpdateCluster", "DeleteCluster"),
        ServiceEvent("Tag Change on Resource", match=(("service", ("elasticache", "memorydb")),)),
    ),
)
@dataclass(frozen=True, slots=True)
class SharedCaches:
    """Every ElastiCache and MemoryDB cache of the region, with its use, tags and neighbours.

    MemoryDB, which some regions do not have, is left out where the setting ``look_at_memorydb``
    is off. A change to a security group is seen by the next sweep: it would have every function
    judged again. Sources: DescribeReplicationGroups, DescribeCacheClusters,
    DescribeServerlessCaches, DescribeClusters, DescribeSecurityGroups, GetResources,
    GetMetricData.
    """

    all: tuple[SharedCache, ...]
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, region: Resource) -> SharedCaches:
        found = [each.cache for each in GroupInUse.load_all(read).values()]
        alone = ClusterInUse.load_all(read).values()
        found += [each.cache for each in alone if not each.replication_group]
        found += [each.cache for each in ServerlessInUse.load_all(read).values()]
        if read.settings.get("look_at_memorydb", True):
            found += [each.cache for each in MemoryDbInUse.load_all(read).values()]
        tags = tags_of_types(read, "elasticache", "memorydb") if found else {}
        groups = _groups(read, found)
        every = [
            SharedCache(cache, tags.get(cache.arn, {}), _admitted(cache, groups))
            for cache in found
        ]
        return cls(tuple(every), read.now)


def _groups(read: Reader, caches: Iterable[Cache]) -> Mapping[str, SecurityGroup]:
    """The security groups of some caches: of all the region where that is read."""
    ids = sorted({id for cache in caches for id in cache.security_groups})
    if not ids or read.bulk:
        return SecurityGroup.load_all(read) if ids else {}
    found = read.every("ec2", "describe_security_groups", "SecurityGroups", GroupIds=ids)
    return {answer["GroupId"]: SecurityGroup.of(answer) for answer in found}


def _admitted(cache: Cache, known: Mapping[str, SecurityGroup]) -> frozenset[str]:
    """The groups that a cache's security groups let in on a port that caches listen on."""
    groups = [known[id] for id in cache.security_groups if id in known]
    return frozenset(
        peer.group_id
        for group in groups
        for rule in group.ingress
        if _is_about_caches(rule.protocol, rule.from_port, rule.to_port)
        for peer in rule.peers
    )


def _is_about_caches(protocol: str, low: int | None, high: int | None) -> bool:
    if protocol == "-1":
        return True
    if protocol != "tcp" or low is None or high is None:
        return False
    return any(low < ports.stop and high >= ports.start for ports in _PORTS)


@dataclass(frozen=True, slots=True)
class ComputeUnit:
    """A function or service that runs code: something that could share a cache."""

    name: str
    security_groups: tuple[str, ...] = ()
    tags: Mapping[str, str] | None = None
    addresses: tuple[str, ...] = ()


@evidence(
    REGION,
    reads=(
        "ecs:DescribeServices",
        "ecs:ListClusters",
        "ecs:ListServices",
        "lambda:ListFunctions",
        CAPACITY_PROVIDER,
        "tag:GetResources",
    ),
    uses=TAG_LOOKUPS,
    changed_by=(
        PROVIDER_CALLS,
        api_call("lambda", "CreateFunction*", "DeleteFunction*"),
        api_call("ecs", "CreateService", "DeleteService", *EXPRESS_CALLS),
    ),
)
@dataclass(frozen=True, slots=True)
class ComputeUnits:
    """The functions and ECS services of the region. Sources: ListFunctions, DescribeServices."""

    all: tuple[ComputeUnit, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ComputeUnits:
        functions = [f for f in FunctionConfiguration.load_all(read).values() if not f.master_arn]
        tags = tags_of_types(read, "lambda:function") if functions else {}
        units = [
            unit_of(function, network_of(read, function), tags.get(_arn(read, function.name), {}))
            for function in functions
        ]
        units += [
            ComputeUnit(service.name, service.security_group_ids, service.tags)
            for service in every_service(read).values()
        ]
        return cls(tuple(units))


def _arn(read: Reader, function: str) -> str:
    return arn_of(FUNCTION.resource(read.account, read.region, function), read.partition)


def unit_of(
    function: FunctionConfiguration, network: FunctionNetwork, tags: Mapping[str, str]
) -> ComputeUnit:
    """A function as something that could share a cache."""
    values = tuple((function.environment or {}).values())
    return ComputeUnit(function.name, network.security_group_ids, tags, values)


def link(unit: ComputeUnit, shared: SharedCache, workload_tag: str) -> str:
    """By what a unit is seen to use a cache, in words; empty where nothing shows it."""
    for host in sorted(shared.cache.hosts):
        if any(host.lower() in value.lower() for value in unit.addresses):
            return "its address stands in the environment"
    if shared.admits & set(unit.security_groups):
        return "its security group lets this one in"
    workload = (unit.tags or {}).get(workload_tag, "")
    if workload and workload == shared.tags.get(workload_tag, ""):
        return f"both have the tag {workload_tag}={workload}"
    return ""


def linked(
    units: Iterable[ComputeUnit], caches: SharedCaches, workload_tag: str
) -> dict[str, tuple[SharedCache, str]]:
    """The caches that some of the units are seen to use, by name, and what shows it."""
    found: dict[str, tuple[SharedCache, str]] = {}
    for unit in units:
        for shared in caches.all:
            why = link(unit, shared, workload_tag)
            if why and not shared.cache.is_going:
                found.setdefault(shared.cache.label, (shared, why))
    return found
