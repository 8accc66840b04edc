"""Which subnets the internet can reach: a question of routes, not of names or defaults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from readiness.evidence.ec2.vpcs import Route, RouteTable, RouteTables, Subnets
from readiness.semantics.addresses import the_world_in

_TO_THE_INTERNET = ("igw-", "cagw-")
"""Internet and carrier gateways let traffic in as well as out; NAT, transit and egress-only
internet gateways do not."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where something runs: the subnets the internet can reach, and those nobody showed us."""

    public: dict[str, str]
    unseen: tuple[str, ...]


def placement(subnet_ids: Iterable[str], subnets: Subnets, routes: RouteTables) -> Placement:
    """Sort subnets by the route tables they use; ``public`` says why each is."""
    public: dict[str, str] = {}
    unseen: list[str] = []
    for id in subnet_ids:
        subnet = subnets.by_id.get(id)
        table = routes.effective(subnet) if subnet else None
        if table is None:
            unseen.append(id)
            continue
        route = way_in(table)
        if route is not None:
            public[id] = f"{table.id} sends {route.destination} to {route.target}"
    return Placement(public, tuple(unseen))


def way_in(table: RouteTable) -> Route | None:
    """The route that makes a table's subnets public; None where they are private."""
    through = [route for route in table.routes if route.target.startswith(_TO_THE_INTERNET)]
    for route in through:
        if not route.destination or route.destination.startswith("pl-"):
            return route
    world = the_world_in(route.destination for route in through)
    if not world:
        return None
    wide = [route for route in through if the_world_in([route.destination])]
    return wide[0] if wide else Route(world[0], through[0].target)
