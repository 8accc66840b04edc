"""How many Availability Zones something stands in, in words and as a verdict."""

from __future__ import annotations

from readiness import Verdict, cannot_tell, complies, violates
from readiness.evidence.ec2.zones import Places
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact


def in_zones(count: int) -> str:
    """``in 2 Availability Zones``."""
    return f"in {plural(count, 'Availability Zone')}"


def places_verdict(what: str, places: Places, min_zones: int, *, expected: str) -> Verdict:
    """The verdict on where something stands, where nothing else decides it."""
    observed: dict[str, Fact] = {"zones": list(places.zones), "not_counted": list(places.edges)}
    if len(places.zones) >= min_zones:
        return complies(
            f"{what} {in_zones(len(places.zones))}: {listed(places.zones)}.", **observed
        )
    if places.unknown:
        return cannot_tell(
            f"{what} {in_zones(len(places.zones))} and in {listed(places.unknown)}, of which"
            " AWS does not show where it is.",
            unknown=list(places.unknown),
        ).observing(observed)
    return violates(too_few(what, places, min_zones), expected=expected).observing(observed)


def too_few(what: str, places: Places, min_zones: int) -> str:
    """In how many zones something is, with their names, and how many are required."""
    named = f" ({listed(places.zones)})" if places.zones else ""
    edges = f" {listed(places.edges)} does not count as one." if places.edges else ""
    return (
        f"{what} {in_zones(len(places.zones))}{named}; at least {min_zones} are required.{edges}"
    )
