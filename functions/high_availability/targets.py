"""The Availability Zones of what a load balancer sends requests to."""

from __future__ import annotations

from collections.abc import Sequence

from readiness import Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.ec2.zones import Zones
from readiness.evidence.elbv2.target_groups import Target, TargetHealth
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact

from .zones import in_zones


def targets_verdict(health: TargetHealth, zones: Zones) -> Verdict:
    """The verdict on where the healthy targets of a group are."""
    live = [each for each in health.targets if each.state not in {"draining", "unused"}]
    healthy = [each for each in live if each.state == "healthy"]
    observed: dict[str, Fact] = {"targets": len(live), "healthy": len(healthy)}
    excused = _no_zones(health, live, healthy)
    if excused:
        return not_applicable(excused).observing(observed)
    places = zones.of_names({each.zone for each in healthy if each.zone})
    observed["zones"] = list(places.zones)
    if len(places.zones) > 1:
        return complies(
            f"{plural(len(healthy), 'healthy target')} {in_zones(len(places.zones))}:"
            f" {listed(places.zones)}."
        ).observing(observed)
    if any(each.state == "initial" for each in live):
        return cannot_tell(
            "Targets are being registered; their zones are judged when they are healthy.",
            is_passing=True,
        ).observing(observed)
    if places.unknown or not all(each.zone for each in healthy):
        return cannot_tell("The zones of some healthy targets are not shown.").observing(observed)
    where = listed(places.zones or places.edges)
    return violates(
        f"{plural(len(healthy), 'healthy target')}, all in one zone ({where}); if it fails, the"
        " load balancer has nothing to send requests to.",
        expected="Healthy targets in at least two Availability Zones.",
    ).observing(observed)


def _no_zones(health: TargetHealth, live: Sequence[Target], healthy: Sequence[Target]) -> str:
    """Why the zones of targets are not judged; empty where they are."""
    check = health.check
    if not check.balancers:
        return "No load balancer uses the target group."
    if check.target_type in {"lambda", "alb"}:
        return f"Its target is of the type {check.target_type}, which has no zone."
    if not live:
        return "The target group has no targets in use."
    if any(each.zone == "all" for each in healthy):
        return "Targets are addresses outside the VPC, whose zone is not known."
    if healthy or any(each.state == "initial" for each in live):
        return ""
    return "No target is healthy; target-group-health-checks reports it."
