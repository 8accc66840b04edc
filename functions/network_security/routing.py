"""Which subnets are public: those whose route table leads to an internet gateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from readiness.evidence.ec2.vpcs import Route, RouteTable, RouteTables, Subnet, Subnets
from readiness.semantics.addresses import network, the_world_in

_TO_THE_INTERNET = ("igw-", "cagw-")
"""Internet and carrier gateways allow traffic in both directions; NAT, transit and egress-only
internet gateways do not."""
_CARRIER = ("cagw-",)
"""What VPC Block Public Access does not block."""
_INSPECTION = ("vpce-", "eni-")
"""What a firewall stands behind: an endpoint of a gateway load balancer or of Network Firewall, or
the interface of an appliance."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The public subnets (id to reason) and those whose route table this account cannot see."""

    public: dict[str, str]
    unseen: tuple[str, ...]


def placement(subnet_ids: Iterable[str], subnets: Subnets, routes: RouteTables) -> Placement:
    """The public subnets among ``subnet_ids``, by the route tables they really use."""
    public: dict[str, str] = {}
    unseen: list[str] = []
    for id in subnet_ids:
        subnet = subnets.by_id.get(id)
        table = routes.effective(subnet) if subnet else None
        if subnet is None or table is None:
            unseen.append(id)
            continue
        route = way_in(table, _CARRIER if subnet.is_blocked else _TO_THE_INTERNET)
        if route is not None:
            public[id] = f"{table.id} routes {route.destination} to {route.target}"
        elif not subnet.is_blocked and (route := inspected(table, subnet, routes.inbound)):
            public[id] = (
                f"{table.id} routes {route.destination} to {route.target}, and the route table of"
                " the internet gateway leads back"
            )
    return Placement(public, tuple(unseen))


def inspected(
    table: RouteTable, subnet: Subnet, inbound: Mapping[str, tuple[Route, ...]]
) -> Route | None:
    """The route to a firewall through which an internet gateway reaches the subnet, if any."""
    out = next(
        (r for r in table.routes if _is_inspection(r) and the_world_in([r.destination])), None
    )
    back = (r for r in inbound.get(subnet.vpc_id, ()) if _is_inspection(r))
    leads_here = any(_overlap(r.destination, cidr) for r in back for cidr in subnet.cidrs)
    return out if leads_here else None


def _is_inspection(route: Route) -> bool:
    is_range = bool(route.destination) and not route.destination.startswith("pl-")
    return is_range and route.target.startswith(_INSPECTION)


def _overlap(one: str, other: str) -> bool:
    first, second = network(one), network(other)
    return first.version == second.version and first.overlaps(second)


def way_in(table: RouteTable, gateways: tuple[str, ...] = _TO_THE_INTERNET) -> Route | None:
    """The route that makes the table's subnets public; None if they are private."""
    through = [route for route in table.routes if route.target.startswith(gateways)]
    for route in through:
        if not route.destination or route.destination.startswith("pl-"):
            return route
    world = the_world_in(route.destination for route in through)
    if not world:
        return None
    wide = [route for route in through if the_world_in([route.destination])]
    return wide[0] if wide else Route(world[0], through[0].target)
