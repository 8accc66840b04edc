"""What CloudWatch counted of requests to load balancers and the ECS services behind them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from readiness.evidence.cloudwatch.histories import History, Latency, Outcomes
from readiness.evidence.cloudwatch.kept import HISTORY_READS
from readiness.evidence.ecs.services import SERVICE, Service, Services
from readiness.evidence.elbv2.load_balancers import (
    LOAD_BALANCER,
    LoadBalancer,
    TargetGroups,
    dimension_of,
)
from readiness.evidence.workloads.entry_points import (
    LIMITS,
    Found,
    Timed,
    latency_of,
    limits_of,
    read_histories,
    requests_to,
    sums_of,
)
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query


@dataclass(frozen=True, slots=True)
class EntryPointList:
    """The target groups of a thing behind application load balancers, as metric dimensions."""

    groups: tuple[tuple[str, str], ...] = ()

    @property
    def balancers(self) -> tuple[str, ...]:
        return tuple(sorted({balancer for _, balancer in self.groups}))


def _is_application(arn: str) -> bool:
    return ":loadbalancer/app/" in arn


def _entry_points(service: Service, groups: TargetGroups) -> EntryPointList:
    return EntryPointList(
        tuple(
            (dimension_of(group), dimension_of(balancer))
            for group in service.target_group_arns
            for balancer in groups.balancers.get(group, ())
            if _is_application(balancer)
        )
    )


def _target_groups(read: Reader) -> TargetGroups:
    return read.of(TargetGroups, REGION.resource(read.account, read.region, read.account))


@evidence(SERVICE, reads=(*HISTORY_READS,), uses=(Service, TargetGroups), asks_with=LIMITS)
@dataclass(frozen=True, slots=True)
class ServiceLatency:
    """How long the service's tasks took to answer the load balancer.

    Neither the client's nor the load balancer's own time is in it, and requests that no task
    answered are missing. Source: GetMetricData.
    """

    entry_points: EntryPointList
    latency: Latency

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceLatency:
        return cls._of_each(read, {service.id: read.of(Service, service)})[service.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ServiceLatency]:
        return cls._of_each(read, read.those(Service))

    @classmethod
    def _of_each(cls, read: Reader, services: Mapping[str, Service]) -> dict[str, ServiceLatency]:
        limits, groups = limits_of(read), _target_groups(read)
        entry_points = {arn: _entry_points(service, groups) for arn, service in services.items()}
        wanted = {
            arn: {
                name: query
                for group, balancer in found.groups
                for name, query in Timed(
                    "AWS/ApplicationELB",
                    "TargetResponseTime",
                    {"TargetGroup": group, "LoadBalancer": balancer},
                    per_ms=0.001,
                )
                .queries(f"{group} {balancer}", limits)
                .items()
            }
            for arn, found in entry_points.items()
        }
        return {
            arn: cls(
                entry_points[arn],
                latency_of(
                    "AWS/ApplicationELB TargetResponseTime",
                    found,
                    [f"{group} {balancer}" for group, balancer in entry_points[arn].groups],
                    limits,
                ),
            )
            for arn, found in read_histories(read, wanted).items()
        }


_OF_BALANCER = (
    "HTTPCode_ELB_5XX_Count",
    "HTTPCode_ELB_500_Count",
    "HTTPCode_ELB_503_Count",
    "RejectedConnectionCount",
)
_OF_TARGETS = "HTTPCode_Target_5XX_Count"


def _of_balancer(balancer: str, group: str = "", *counted: str) -> dict[str, Query]:
    """What a load balancer counts, of all its targets or of a target group's; also ``counted``.

    A target that gave no answer (502, 504) is in RequestCount; requests that no target was
    chosen for (500, 503) and refused connections are not.
    """
    own = {"LoadBalancer": balancer}
    targets = {"TargetGroup": group, **own} if group else own
    namespace = "AWS/ApplicationELB"
    counts = {
        **sums_of(namespace, own, *_OF_BALANCER),
        **sums_of(namespace, targets, _OF_TARGETS, *counted),
    }
    return {f"{group} {balancer} {metric}": query for metric, query in counts.items()}


def _outcomes(
    found: Found, groups: Iterable[tuple[str, str]], shared: Collection[str] = ()
) -> Outcomes:
    """The outcomes at target groups; ``shared`` are load balancers with other targets too.

    What such a load balancer itself refuses may have been for the other targets.
    """
    groups = tuple(groups)
    balancers = {balancer: f"{group} {balancer}" for group, balancer in groups}

    def at_balancers(metric: str, *, own: bool = False) -> tuple[History, ...]:
        return tuple(
            found[f"{key} {metric}"]
            for balancer, key in balancers.items()
            if not (own and balancer in shared)
        )

    def at_targets(metric: str) -> tuple[History, ...]:
        return tuple(found[f"{group} {balancer} {metric}"] for group, balancer in groups)

    def counted(*, own: bool) -> Outcomes:
        uncounted = at_balancers("HTTPCode_ELB_500_Count", own=own)
        uncounted += at_balancers("HTTPCode_ELB_503_Count", own=own)
        return Outcomes(
            "AWS/ApplicationELB RequestCount",
            at_targets("RequestCount") + uncounted,
            at_targets("HTTPCode_Target_5XX_Count")
            + at_balancers("HTTPCode_ELB_5XX_Count", own=own),
            refused=at_balancers("RejectedConnectionCount", own=own),
        )

    if not any(balancer in shared for balancer in balancers):
        return counted(own=False)
    return replace(counted(own=True), worst=counted(own=False))


@evidence(SERVICE, reads=(*HISTORY_READS,), uses=(Service, TargetGroups))
@dataclass(frozen=True, slots=True)
class ServiceOutcomes:
    """What became of requests to the service: by its targets, and by the load balancers before it.

    What a load balancer itself refuses counts for the service if no other target group is behind
    it; otherwise only in ``outcomes.worst``. Source: GetMetricData.
    """

    entry_points: EntryPointList
    outcomes: Outcomes

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceOutcomes:
        return cls._of_each(read, {service.id: read.of(Service, service)})[service.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ServiceOutcomes]:
        return cls._of_each(read, read.those(Service))

    @classmethod
    def _of_each(cls, read: Reader, services: Mapping[str, Service]) -> dict[str, ServiceOutcomes]:
        groups = _target_groups(read)
        entry_points = {arn: _entry_points(service, groups) for arn, service in services.items()}
        wanted = {
            arn: {
                name: query
                for group, balancer in found.groups
                for name, query in _of_balancer(balancer, group).items()
            }
            for arn, found in entry_points.items()
        }
        requests = requests_to(read, {e for each in entry_points.values() for e in each.groups})
        found = {
            arn: counts
            | {f"{g} {b} RequestCount": requests[g, b] for g, b in entry_points[arn].groups}
            for arn, counts in read_histories(read, wanted).items()
        }
        return {
            arn: cls(
                points, _outcomes(found[arn], points.groups, _with_other_targets(points, groups))
            )
            for arn, points in entry_points.items()
        }


def _with_other_targets(entry_points: EntryPointList, groups: TargetGroups) -> set[str]:
    """The load balancers that have other target groups than these."""
    own = {group for group, _ in entry_points.groups}
    return {
        dimension_of(balancer)
        for group, balancers in groups.balancers.items()
        if dimension_of(group) not in own
        for balancer in balancers
    }


def _behind(balancer: str, groups: TargetGroups) -> set[str]:
    return {group for group, balancers in groups.balancers.items() if balancer in balancers}


def _served_elsewhere(balancer: str, groups: TargetGroups, services: Services) -> bool:
    """Whether it leads to nothing but ECS services, which are judged themselves."""
    behind = _behind(balancer, groups)
    of_services = {group for service in services.all for group in service.target_group_arns}
    return bool(behind) and behind <= of_services


def _of_one_service(balancer: str, groups: TargetGroups, services: Services) -> bool:
    """Whether all it leads to is one ECS service, to which all of its refusals belong."""
    behind = _behind(balancer, groups)
    return bool(behind) and any(behind <= {*each.target_group_arns} for each in services.all)


@evidence(
    LOAD_BALANCER,
    reads=(*HISTORY_READS,),
    uses=(LoadBalancer, TargetGroups, Services),
    asks_with=LIMITS,
)
@dataclass(frozen=True, slots=True)
class BalancerLatency:
    """How long an application load balancer's targets took.

    ``judged_elsewhere``: all of them are ECS services. Source: GetMetricData.
    """

    kind: str
    judged_elsewhere: bool
    latency: Latency

    @classmethod
    def load(cls, read: Reader, balancer: Resource) -> BalancerLatency:
        return cls._of_each(read, [read.of(LoadBalancer, balancer)])[balancer.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, BalancerLatency]:
        return cls._of_each(read, read.those(LoadBalancer).values())

    @classmethod
    def _of_each(
        cls, read: Reader, balancers: Iterable[LoadBalancer]
    ) -> dict[str, BalancerLatency]:
        limits, about = limits_of(read), {balancer.arn: balancer for balancer in balancers}
        wanted = {
            arn: Timed(
                "AWS/ApplicationELB",
                "TargetResponseTime",
                {"LoadBalancer": balancer.dimension},
                per_ms=0.001,
            ).queries("lb", limits)
            for arn, balancer in about.items()
        }
        elsewhere = _elsewhere(read, about, _served_elsewhere)
        return {
            arn: cls(
                about[arn].kind,
                arn in elsewhere,
                latency_of("AWS/ApplicationELB TargetResponseTime", found, ["lb"], limits),
            )
            for arn, found in read_histories(read, wanted).items()
        }


def _elsewhere(
    read: Reader,
    balancers: Iterable[str],
    is_elsewhere: Callable[[str, TargetGroups, Services], bool],
) -> set[str]:
    region = REGION.resource(read.account, read.region, read.account)
    groups, services = read.of(TargetGroups, region), read.of(Services, region)
    return {arn for arn in balancers if is_elsewhere(arn, groups, services)}


@evidence(LOAD_BALANCER, reads=(*HISTORY_READS,), uses=(LoadBalancer, TargetGroups, Services))
@dataclass(frozen=True, slots=True)
class BalancerOutcomes:
    """What became of the requests to an application load balancer.

    ``judged_elsewhere``: all of its targets are one ECS service. Source: GetMetricData.
    """

    kind: str
    judged_elsewhere: bool
    outcomes: Outcomes

    @classmethod
    def load(cls, read: Reader, balancer: Resource) -> BalancerOutcomes:
        return cls._of_each(read, [read.of(LoadBalancer, balancer)])[balancer.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, BalancerOutcomes]:
        return cls._of_each(read, read.those(LoadBalancer).values())

    @classmethod
    def _of_each(
        cls, read: Reader, balancers: Iterable[LoadBalancer]
    ) -> dict[str, BalancerOutcomes]:
        about = {balancer.arn: balancer for balancer in balancers}
        wanted = {
            arn: _of_balancer(balancer.dimension, "", "RequestCount")
            for arn, balancer in about.items()
        }
        elsewhere = _elsewhere(read, about, _of_one_service)
        return {
            arn: cls(
                about[arn].kind,
                arn in elsewhere,
                _outcomes(found, [("", about[arn].dimension)]),
            )
            for arn, found in read_histories(read, wanted).items()
        }
