"""Rules about one fact of one resource, which page once."""

from __future__ import annotations

OUTAGE = "outage"
"""Callers of the resource get errors or no answer."""

_ENTRIES = ("function", "service", "rest-api", "http-api", "balancer")
_OUTAGE = {
    *(f"performance_benchmarks.{entry}-error-rate" for entry in _ENTRIES),
    *(f"performance_benchmarks.{entry}-availability" for entry in _ENTRIES),
    "lambda_deployment.proven-by-traffic",
    "ecs_deployment.service-status",
    "ecs_deployment.tasks-healthy",
}
CAUSES = dict.fromkeys(sorted(_OUTAGE), OUTAGE)
"""The cause that a rule tells of, by the rule; most rules tell of something of their own."""


def cause_of(rule: str) -> str:
    """The cause that a rule shares with others; empty for one that shares none."""
    return CAUSES.get(rule, "")
