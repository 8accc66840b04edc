"""The Availability Zones of the ways out of a VPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from readiness import Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.ec2.exits import InterfaceEndpoints, NatGateways
from readiness.evidence.ec2.vpcs import RouteTables, Subnet
from readiness.evidence.ec2.zones import Zones
from readiness.model.text import listed, plural


@dataclass(frozen=True, slots=True)
class _Routed:
    """The subnets behind each NAT gateway that works, and behind those that are lost (ids).

    ``unsettled`` are gateways with routes that neither work nor are lost: they are being created
    or deleted.
    """

    used: Mapping[str, list[Subnet]]
    cut_off: Mapping[str, list[str]]
    unsettled: Sequence[str]


def _routed(gateways: NatGateways, tables: RouteTables, zones: Zones) -> _Routed:
    working = {each.id for each in gateways.all}
    used: dict[str, list[Subnet]] = {}
    cut_off: dict[str, list[str]] = {}
    unsettled: set[str] = set()
    for subnet in zones.subnets.values():
        table = tables.effective(subnet) if subnet.vpc_id == gateways.id else None
        for route in table.routes if table else ():
            if route.target in working:
                used.setdefault(route.target, []).append(subnet)
            elif route.target.startswith("nat-"):
                unsettled.add(route.target)
        for id in table.lost if table else ():
            cut_off.setdefault(id, []).append(subnet.id)
    return _Routed(used, cut_off, sorted(unsettled))


def nat_verdict(gateways: NatGateways, tables: RouteTables, zones: Zones) -> Verdict:
    """The verdict on whether the subnets of a zone reach the internet through that zone."""
    routed = _routed(gateways, tables, zones)
    used, cut_off = routed.used, routed.cut_off
    if not used:
        return not_applicable("No subnet of the VPC routes through a NAT gateway that works.")
    by_id = {each.id: each for each in gateways.all}
    foreign: list[str] = []
    unknown: list[str] = []
    for id, behind in used.items():
        gateway = by_id[id]
        if gateway.is_regional and not gateway.only_zones:
            continue
        places = (
            zones.of_names(gateway.only_zones)
            if gateway.is_regional
            else zones.of_subnets([gateway.subnet_id])
        )
        home = (*places.zones, *places.edges)
        if not home:
            unknown.append(id)
            continue
        others = zones.of_subnets([subnet.id for subnet in behind])
        foreign += [
            f"{zone} through {id} in {listed(home)}" for zone in others.zones if zone not in home
        ]
        unknown += [f"{id} of {subnet}" for subnet in others.unknown]
    if cut_off:
        lost = [f"{listed(ids)} to {id}" for id, ids in sorted(cut_off.items())]
        return violates(
            f"Routes lead to a NAT gateway that does not exist or failed: those of {listed(lost)}."
            " Subnets of other zones reach the internet, these do not.",
            expected="A NAT gateway in each zone that has routes to one, or a regional one.",
            lost=lost,
        )
    if foreign:
        return violates(
            f"Subnets reach the internet through a NAT gateway of another zone"
            f" ({listed(foreign)}); when that zone fails, so do they.",
            expected="A NAT gateway in each zone that has routes to one, or a regional one.",
            crossing=foreign,
        )
    if routed.unsettled:
        return cannot_tell(
            f"Routes lead to NAT gateways that are being created or deleted"
            f" ({listed(routed.unsettled)}).",
            is_passing=True,
        )
    if unknown:
        return cannot_tell(f"AWS does not show the zones of {listed(unknown)}.")
    return complies(
        f"Every subnet that uses a NAT gateway uses one of its own zone or a regional one"
        f" ({listed(sorted(used))})."
    )


def endpoints_verdict(endpoints: InterfaceEndpoints, zones: Zones, *, min_zones: int) -> Verdict:
    """The verdict on the zones of the interface endpoints of a VPC that uses several."""
    if not endpoints.all:
        return not_applicable("The VPC has no interface endpoint.")
    of_vpc = zones.of_subnets(
        [each.id for each in zones.subnets.values() if each.vpc_id == endpoints.id]
    )
    if len(of_vpc.zones) < 2:
        return not_applicable("The VPC has subnets in one Availability Zone only.")
    short: list[str] = []
    unknown: list[str] = []
    for each in endpoints.all:
        places = zones.of_subnets(each.subnet_ids)
        if len(places.zones) >= min_zones:
            continue
        (unknown if places.unknown else short).append(
            f"{each.id} ({each.service.rpartition('.')[2]}, {listed(places.zones) or 'no zone'})"
        )
    if short:
        return violates(
            f"{plural(len(short), 'interface endpoint')} of the VPC"
            f" {'is' if len(short) == 1 else 'are'} in fewer than {min_zones} zones:"
            f" {listed(short)}.",
            expected="Each interface endpoint has addresses in several Availability Zones.",
            endpoints=short,
        )
    if unknown:
        return cannot_tell(f"AWS does not show all subnets of {listed(unknown)}.")
    return complies(
        f"{plural(len(endpoints.all), 'interface endpoint')} of the VPC"
        f" {'has' if len(endpoints.all) == 1 else 'have'} addresses in several zones."
    )
