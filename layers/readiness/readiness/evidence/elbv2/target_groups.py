"""How the targets behind a load balancer are checked, and which of them are healthy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from readiness.evidence.ec2.security_groups import managed_too
from readiness.model.event_fields import every_at, request_of
from readiness.model.evidence import REGION, Json, ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_AT_ONCE = 100
_OF_GROUP = "requestParameters.targetGroupArn"


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("elbv2", "describe_target_groups", "TargetGroups")


def _find(read: Reader) -> Iterable[str]:
    return [each["TargetGroupArn"] for each in _listed(read)]


_FORWARDED_TO = ("targetGroupArn", "forwardConfig.targetGroups.targetGroupArn")


def _forwarded_to(detail: Json) -> str | tuple[str, ...] | None:
    """The target groups that a listener or a rule is told to use; None where none is."""
    request = request_of(detail)
    if request is None:
        return ""
    found = (
        arn
        for actions in ("defaultActions", "actions")
        for path in _FORWARDED_TO
        for arn in every_at(request, f"{actions}.{path}")
    )
    return tuple(arn for arn in found if isinstance(arn, str)) or None


TARGET_GROUP = ResourceType(
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    _find,
    find_reads=("elasticloadbalancing:DescribeTargetGroups",),
    changed_by=(
        api_call(
            "elasticloadbalancing",
            "CreateTargetGroup",
            id="responseElements.targetGroups.targetGroupArn",
        ),
        api_call("elasticloadbalancing", "DeleteTargetGroup", id=_OF_GROUP),
    ),
    arn="{id}",
)


@evidence(REGION, reads=("elasticloadbalancing:DescribeTargetGroups",))
@dataclass(frozen=True, slots=True)
class BalancersOfGroups:
    """The load balancers (ARNs) of each target group (ARN). Source: DescribeTargetGroups.

    As TargetGroups of the load balancers has them, and no change of a listener wakes who asks.
    """

    by_group: Mapping[str, tuple[str, ...]]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> BalancersOfGroups:
        return cls(
            {
                each["TargetGroupArn"]: tuple(each.get("LoadBalancerArns") or ())
                for each in _listed(read)
            }
        )


@evidence(
    TARGET_GROUP,
    reads=("elasticloadbalancing:DescribeTargetGroups",),
    changed_by=(
        api_call("elasticloadbalancing", "ModifyTargetGroup", id=_OF_GROUP),
        api_call(
            "elasticloadbalancing",
            "CreateListener",
            "ModifyListener",
            "CreateRule",
            "ModifyRule",
            identify=_forwarded_to,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How a target group is checked, and the load balancers (ARNs) that use it.

    ``protocol`` and ``path`` are the check's own; ``codes`` are the HTTP or gRPC codes that count
    as healthy, as they are set (``200-299,301``). Times are in seconds. ``target_type`` is
    ``instance``, ``ip``, ``lambda`` or ``alb``. Source: DescribeTargetGroups.
    """

    arn: str
    enabled: bool = True
    target_type: str = "ip"
    protocol: str = "HTTP"
    path: str = ""
    codes: str = ""
    is_grpc: bool = False
    interval: int = 30
    unhealthy_after: int = 2
    balancers: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> HealthCheck:
        return cls.of(_one(read, group))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, HealthCheck]:
        return {each["TargetGroupArn"]: cls.of(each) for each in _listed(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> HealthCheck:
        """From a ``TargetGroup`` of the API."""
        matcher = answer.get("Matcher") or {}
        return cls(
            arn=answer["TargetGroupArn"],
            enabled=answer.get("HealthCheckEnabled") is not False,
            target_type=answer.get("TargetType", "instance"),
            protocol=answer.get("HealthCheckProtocol", ""),
            path=answer.get("HealthCheckPath", ""),
            codes=matcher.get("GrpcCode") or matcher.get("HttpCode") or "",
            is_grpc=bool(matcher.get("GrpcCode")),
            interval=answer.get("HealthCheckIntervalSeconds") or 30,
            unhealthy_after=answer.get("UnhealthyThresholdCount") or 2,
            balancers=tuple(answer.get("LoadBalancerArns") or ()),
        )


def _one(read: Reader, group: Resource) -> Mapping[str, Any]:
    found = read.every(
        "elbv2",
        "describe_target_groups",
        "TargetGroups",
        gone=("TargetGroupNotFound",),
        TargetGroupArns=[group.id],
    )
    if not found:
        raise Gone(group.key)
    answer: Mapping[str, Any] = found[0]
    return answer


@dataclass(frozen=True, slots=True)
class Target:
    """A registered target: ``state`` as ELB says it, with ``why``; ``zone`` a zone name or id.

    ``code`` is ELB's word for the reason (``Target.NotInUse``), empty where it is healthy.
    ``zone`` is ``all`` for an address outside the VPC and empty where it is not known.
    """

    id: str
    state: str
    why: str = ""
    zone: str = ""
    code: str = ""


@evidence(
    TARGET_GROUP,
    reads=("elasticloadbalancing:DescribeTargetHealth", "ec2:DescribeInstances"),
    uses=(HealthCheck,),
    changed_by=(
        api_call("elasticloadbalancing", "RegisterTargets", "DeregisterTargets", id=_OF_GROUP),
    ),
)
@dataclass(frozen=True, slots=True)
class TargetHealth:
    """The targets of a group that a load balancer uses, with their health now.

    Not asked of other groups, nor of Lambda functions and load balancers as targets. The zones of
    instances are EC2's. Sources: DescribeTargetHealth, DescribeInstances.
    """

    check: HealthCheck
    targets: tuple[Target, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> TargetHealth:
        check = read.of(HealthCheck, group)
        targets = _targets(read, check)
        instances = [each.id for each in targets if not each.zone and each.id.startswith("i-")]
        return cls(check, _placed(targets, _zones(read, instances)))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, TargetHealth]:
        checks = read.those(HealthCheck)
        found = read.each(lambda check: _targets(read, check), checks.values())
        by_group = dict(zip(checks, found, strict=True))
        instances = {
            each.id
            for targets in by_group.values()
            for each in targets
            if not each.zone and each.id.startswith("i-")
        }
        zones = _zones(read, sorted(instances))
        return {arn: cls(checks[arn], _placed(by_group[arn], zones)) for arn in checks}


def _targets(read: Reader, check: HealthCheck) -> tuple[Target, ...]:
    if not check.balancers or check.target_type in {"lambda", "alb"}:
        return ()
    answer = read.one(
        "elbv2",
        "describe_target_health",
        absent=("TargetGroupNotFound",),
        TargetGroupArn=check.arn,
    )
    if answer is None:
        return ()
    return tuple(
        Target(
            each["Target"]["Id"],
            (each.get("TargetHealth") or {}).get("State", ""),
            (each.get("TargetHealth") or {}).get("Description", ""),
            each["Target"].get("AvailabilityZone", ""),
            (each.get("TargetHealth") or {}).get("Reason", ""),
        )
        for each in answer.get("TargetHealthDescriptions") or ()
    )


def _zones(read: Reader, instances: Sequence[str]) -> dict[str, str]:
    """The zone of each instance; one that is gone is left out."""
    batches = [instances[i : i + _AT_ONCE] for i in range(0, len(instances), _AT_ONCE)]

    def described(batch: Sequence[str]) -> list[tuple[str, str]]:
        found = read.every(
            "ec2",
            "describe_instances",
            "Reservations",
            Filters=[{"Name": "instance-id", "Values": list(batch)}],
            **managed_too(read, "describe_instances"),
        )
        return [
            (each["InstanceId"], (each.get("Placement") or {}).get("AvailabilityZone", ""))
            for reservation in found
            for each in reservation.get("Instances") or ()
        ]

    return {id: zone for batch in read.each(described, batches) for id, zone in batch}


def _placed(targets: Iterable[Target], zones: Mapping[str, str]) -> tuple[Target, ...]:
    return tuple(
        each if each.zone else replace(each, zone=zones.get(each.id, "")) for each in targets
    )
