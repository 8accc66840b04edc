"""How many connections those databases accept that a function or a service names.

Only their parameter groups are asked: a region may have hundreds, each a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.ecs.service_definitions import ServiceTasks
from readiness.evidence.ecs.services import SERVICE
from readiness.evidence.rds.connection_limits import (
    GROUPS_CHANGED,
    PARAMETER_READS,
    GroupLimits,
)
from readiness.evidence.rds.endpoints import Databases
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.database_clients import hosts_in, pool_size

_SET_BY_HAND = "max_connections"
"""The setting that says what databases accept, whatever their parameter groups say."""


@evidence(
    FUNCTION,
    reads=PARAMETER_READS,
    uses=(RunEnvironments, Databases),
    changed_by=(GROUPS_CHANGED,),
    asks_with=(_SET_BY_HAND,),
)
@dataclass(frozen=True, slots=True)
class FunctionDatabaseLimits:
    """max_connections of the instances that a function names, where a parameter group sets it.

    Sources: those of the variables and of the databases; DescribeDBParameters and
    DescribeDBClusterParameters, once for each group of an instance that is named.
    """

    of: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionDatabaseLimits:
        known = read.of(RunEnvironments, function).of.values()
        return cls(_limits(read, {host for each in known for host in hosts_in(each or {})}))


@evidence(
    SERVICE,
    reads=PARAMETER_READS,
    uses=(ServiceTasks, Databases),
    changed_by=(GROUPS_CHANGED,),
    asks_with=(_SET_BY_HAND,),
)
@dataclass(frozen=True, slots=True)
class ServiceDatabaseLimits:
    """max_connections of the instances that a service names, where a parameter group sets it.

    Empty for a service without a pool of a known size, of which the connections are not counted.
    Sources: as for a function.
    """

    of: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceDatabaseLimits:
        environment = read.of(ServiceTasks, service).environment
        return cls(_limits(read, hosts_in(environment)) if pool_size(environment) else {})


def _limits(read: Reader, hosts: Iterable[str]) -> Mapping[str, str]:
    if read.settings[_SET_BY_HAND] or not hosts:
        return {}
    region = REGION.resource(read.account, read.region, read.account)
    databases, limits = read.of(Databases, region), GroupLimits(read)
    named = (databases.by_host.get(host) for host in hosts)
    behind = {each.name for endpoint in named if endpoint for each in endpoint.instances}
    found = {
        name: limits.among(databases.groups[name]).value
        for name in sorted(behind & databases.groups.keys())
    }
    return {name: value for name, value in found.items() if value}
