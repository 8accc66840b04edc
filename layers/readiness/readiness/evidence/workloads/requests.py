"""How much workloads had to do in the last day, by their own metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.cloudwatch.datapoints import DAY
from readiness.evidence.cloudwatch.kept import HISTORY_READS, read_each_published
from readiness.evidence.ecs.services import SERVICE, Service
from readiness.evidence.elbv2.load_balancers import TargetGroups, dimension_of
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, Series, series


@evidence(FUNCTION, reads=HISTORY_READS, follows_type=False)
@dataclass(frozen=True, slots=True)
class FunctionRequests:
    """The invocations of the function in the last day, by 5 minutes.

    Source: AWS/Lambda Invocations.
    """

    invocations: Series

    @property
    def parts(self) -> tuple[Series, ...]:
        return (self.invocations,)

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionRequests:
        return cls._of(read, [function.id])[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionRequests]:
        return cls._of(read, read.ids(FUNCTION))

    @classmethod
    def _of(cls, read: Reader, names: Iterable[str]) -> dict[str, FunctionRequests]:
        wanted = {
            name: {"invocations": series("AWS/Lambda", "Invocations", "Sum", FunctionName=name)}
            for name in names
        }
        return {
            name: cls(**found) for name, found in read_each_published(read, wanted, DAY).items()
        }


@evidence(
    SERVICE,
    reads=HISTORY_READS,
    uses=(Service, TargetGroups),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class ServiceRequests:
    """The requests that application load balancers sent a service in the last day, by 5 minutes.

    ``parts`` is empty where none sends it any. Source: AWS/ApplicationELB RequestCount.
    """

    parts: tuple[Series, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceRequests:
        return cls._of(read, {service.id: read.of(Service, service)})[service.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ServiceRequests]:
        return cls._of(read, read.those(Service))

    @classmethod
    def _of(cls, read: Reader, services: Mapping[str, Service]) -> dict[str, ServiceRequests]:
        if not any(service.target_group_arns for service in services.values()):
            return {arn: cls() for arn in services}
        region = REGION.resource(read.account, read.region, read.account)
        groups = read.of(TargetGroups, region)
        routes = {arn: tuple(_routes(service, groups)) for arn, service in services.items()}
        wanted = {
            arn: {f"{balancer} {group}": _count(balancer, group) for balancer, group in each}
            for arn, each in routes.items()
        }
        found = read_each_published(read, wanted, DAY)
        return {arn: cls(tuple(found[arn].values()), routes[arn]) for arn in services}


def _count(balancer: str, group: str) -> Query:
    return series(
        "AWS/ApplicationELB", "RequestCount", "Sum", LoadBalancer=balancer, TargetGroup=group
    )


def _routes(service: Service, groups: TargetGroups) -> Iterable[tuple[str, str]]:
    """The dimensions (load balancer, target group) of a service's HTTP requests."""
    for group in service.target_group_arns:
        for balancer in groups.balancers.get(group, ()):
            if ":loadbalancer/app/" in balancer:
                yield dimension_of(balancer), dimension_of(group)
