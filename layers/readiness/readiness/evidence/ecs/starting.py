"""What starts tasks again of a service that is to run none."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.application_autoscaling import ServiceScaling
from readiness.evidence.ecs.services import SERVICE, Service, cluster_of
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(SERVICE, uses=(Service, ServiceScaling))
@dataclass(frozen=True, slots=True)
class ServiceStart:
    """What will start tasks of a service that is to run none, in words; empty where nothing does.

    Application Auto Scaling may have stopped them itself only if its minimum is 0. It is not asked
    about a service that is to run tasks. Sources: DescribeServices, those of ServiceScaling.
    """

    by: str = ""

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceStart:
        about = read.of(Service, service)
        if about.desired_count:
            return cls()
        key = f"service/{cluster_of(service.id)}/{about.name}", "ecs:service:DesiredCount"
        target = read.of(ServiceScaling, service).targets.get(key)
        if target is None or target.lowest:
            return cls()
        if any(lowest for lowest, _ in target.ranges):
            return cls("a schedule of Application Auto Scaling")
        return cls("a scaling policy" if target.starts_by_load else "")
