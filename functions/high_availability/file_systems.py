"""The Availability Zones of EFS file systems."""

from __future__ import annotations

from readiness import Verdict, cannot_tell, not_applicable, violates
from readiness.evidence.ec2.zones import Zones
from readiness.evidence.efs import FileSystemAvailability

from .zones import places_verdict


def file_system_verdict(
    system: FileSystemAvailability, zones: Zones, *, min_zones: int
) -> Verdict:
    """The verdict on a file system: regional, and with mount targets in several zones."""
    if system.state in {"deleting", "deleted"}:
        return not_applicable(f"The file system is {system.state}.")
    if system.state == "error":
        return violates(
            "The file system is in the state error: it cannot be mounted, in whichever zone.",
            expected="A file system that is available, with mount targets in several zones.",
        )
    if system.only_zone:
        return violates(
            f"The file system is of the type One Zone: its data is in {system.only_zone} alone.",
            expected="A regional file system.",
            zone=system.only_zone,
        )
    if not system.targets:
        return not_applicable(
            "The data is in several zones; no mount target uses the file system."
        )
    able = [each for each in system.targets if each.state == "available"]
    moving = [each for each in system.targets if each.state not in {"available", "error"}]
    if moving and len(able) < min_zones:
        return cannot_tell("Mount targets are being made or removed.", is_passing=True)
    return places_verdict(
        "The data is in several zones, and the file system can be mounted",
        zones.of_names([each.zone_id for each in able]),
        min_zones,
        expected="A mount target in each Availability Zone that uses the file system.",
    )
