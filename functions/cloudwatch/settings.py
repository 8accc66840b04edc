"""Settings that several rules on CloudWatch share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from readiness import Between, Verdict
from readiness.model.attestation import Attested

NAMESPACES = ("MAIF/Agents", "MAIF/Production", "MAIF")
METRICS = "ProcessingTime|_latency|_errors|_success"
NAMING = ("AgentId", "FunctionName", "service")

Naming = Annotated[tuple[str, ...], "The dimensions that name the workload of a metric"]
MetricPattern = Annotated[str, "Names of the metrics that count (regular expression)"]
LeastRequests = Annotated[
    int, Between(1, 1_000_000), "From how many requests a day a custom metric is required"
]
Groups = Annotated[
    tuple[str, ...],
    "What dashboards must show: any of traffic, errors, latency and saturation",
]
Chosen = Annotated[str, "Names of the dashboards that count (regular expression)"]


@dataclass(frozen=True, slots=True)
class MetricNamespaces:
    """Where workloads publish their custom metrics."""

    namespaces: Annotated[
        tuple[str, ...], "The namespaces in which workloads publish custom metrics"
    ] = NAMESPACES


@dataclass(frozen=True, slots=True)
class WorkloadDimensions:
    """How a custom metric names its workload."""

    agent_dimensions: Naming = NAMING


@dataclass(frozen=True, slots=True)
class AttestationSettings:
    """How long an attestation is valid, and whether it takes two people."""

    max_age_days: Annotated[
        int, Between(1, 3650), "How long an attestation is valid, in days after the work was done"
    ] = 365
    two_people: Annotated[bool, "A second person has to approve the attestation"] = False

    def or_elsewhere(self, verdict: Verdict, attested: Attested) -> Verdict:
        """The verdict; if CloudWatch shows too little, attested dashboards elsewhere count."""
        if verdict.status != "NON_COMPLIANT" or not attested.statements:
            return verdict
        stated = attested.verdict(
            "A dashboard outside CloudWatch",
            max_age_days=self.max_age_days,
            two_people=self.two_people,
        )
        return stated.observing({**verdict.observed, "in_cloudwatch": verdict.reason})
