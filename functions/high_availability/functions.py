"""The Availability Zones of Lambda functions."""

from __future__ import annotations

from readiness import Verdict, complies
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.awslambda.network import ReachedNetworks
from readiness.evidence.ec2.zones import Zones
from readiness.model.verdict import worst

from .zones import places_verdict


def networks_verdict(networks: ReachedNetworks, zones: Zones, min_zones: int) -> Verdict:
    """The worst verdict over the versions that callers reach."""
    verdicts = [
        _of_version(version, subnets, zones, min_zones) for version, subnets in networks.of.items()
    ]
    status = worst([each.status for each in verdicts])
    return next(each for each in verdicts if each.status is status)


def _of_version(
    version: str, subnet_ids: tuple[str, ...], zones: Zones, min_zones: int
) -> Verdict:
    if not subnet_ids:
        return complies("Lambda runs the function in several Availability Zones by design.")
    return places_verdict(
        "The function's subnets are"
        if version == LATEST
        else f"The subnets of the function's version {version} are",
        zones.of_subnets(subnet_ids),
        min_zones,
        expected="Subnets in several Availability Zones in the function's VPC configuration.",
    )
