"""What Route 53's health checks look at, and whether they can fail at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("route53", "list_health_checks", "HealthChecks")


def _find(read: Reader) -> Iterable[str]:
    return [each["Id"] for each in _listed(read)]


HEALTH_CHECK = ResourceType(
    "AWS::Route53::HealthCheck",
    _find,
    find_reads=("route53:ListHealthChecks",),
    changed_by=(
        api_call("route53", "CreateHealthCheck", id="responseElements.healthCheck.id"),
        api_call(
            "route53",
            "UpdateHealthCheck",
            "DeleteHealthCheck",
            id="requestParameters.healthCheckId",
        ),
    ),
    is_global=True,
    identify=None,
    arn="arn:{partition}:route53:::healthcheck/{id}",
)


@evidence(HEALTH_CHECK, reads=("route53:GetHealthCheck", "route53:ListHealthChecks"))
@dataclass(frozen=True, slots=True)
class DnsHealthCheck:
    """A Route 53 health check.

    ``kind`` is ``HTTP``, ``HTTPS_STR_MATCH``, ``TCP``, ``CALCULATED``, ``CLOUDWATCH_METRIC``,
    ``RECOVERY_CONTROL``, …. Of a calculated one ``threshold`` of the ``children`` must be healthy.
    ``without_data`` is what an alarm with insufficient data counts as, ``metric`` the metric of
    that alarm: Route 53 looks at its data and not at its state. ``address`` is what the
    checkers ask, empty where they resolve ``domain``. Sources: GetHealthCheck, ListHealthChecks.
    """

    id: str
    kind: str = "HTTPS"
    is_disabled: bool = False
    is_inverted: bool = False
    threshold: int = 0
    children: tuple[str, ...] = ()
    without_data: str = ""
    owner: str = ""
    domain: str = ""
    address: str = ""
    metric: str = ""

    @classmethod
    def load(cls, read: Reader, check: Resource) -> DnsHealthCheck:
        answer = read.one(
            "route53", "get_health_check", gone=("NoSuchHealthCheck",), HealthCheckId=check.id
        )
        return cls.of(answer["HealthCheck"])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DnsHealthCheck]:
        return {each["Id"]: cls.of(each) for each in _listed(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> DnsHealthCheck:
        """From a ``HealthCheck`` of the API."""
        config = answer["HealthCheckConfig"]
        return cls(
            id=answer["Id"],
            kind=config["Type"],
            is_disabled=bool(config.get("Disabled")),
            is_inverted=bool(config.get("Inverted")),
            threshold=config.get("HealthThreshold") or 0,
            children=tuple(config.get("ChildHealthChecks") or ()),
            without_data=config.get("InsufficientDataHealthStatus", ""),
            owner=(answer.get("LinkedService") or {}).get("ServicePrincipal", ""),
            domain=config.get("FullyQualifiedDomainName", "").rstrip(".").lower(),
            address=config.get("IPAddress", ""),
            metric=(answer.get("CloudWatchAlarmConfiguration") or {}).get("MetricName", ""),
        )
