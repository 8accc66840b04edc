"""Settings that several rules of the heading share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from readiness import Between

MinExpected = Annotated[
    int, Between(1, 10_000), "Missing traces fail the rule if at least this many are expected"
]


@dataclass(frozen=True, slots=True)
class MetricSettings:
    """Which custom metrics are a function's."""

    namespaces: Annotated[
        tuple[str, ...], "The namespaces in which workloads publish custom metrics"
    ] = ("MAIF/Agents", "MAIF/Production", "MAIF")
    agent_dimensions: Annotated[
        tuple[str, ...], "The dimensions that name the workload of a metric"
    ] = ("AgentId", "FunctionName", "service")


@dataclass(frozen=True, slots=True)
class DrillSettings:
    """What proves that an alarm reaches someone, and for how long."""

    max_age_days: Annotated[
        int,
        Between(1, 365),
        "How long an executed action or an attested drill is proof, in days",
    ] = 90
    accept_drills: Annotated[
        bool, "Accept an action that was executed because someone set the state by hand"
    ] = True
    grace_days: Annotated[
        int, Between(0, 90), "How long an alarm may be without proof after it was changed, in days"
    ] = 14
    max_mute_hours: Annotated[
        int, Between(0, 8760), "The longest time an alarm may be muted at once, in hours"
    ] = 24
    two_people: Annotated[bool, "A second person has to approve the attestation"] = False
