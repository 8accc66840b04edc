"""Whether the services a VPC's workloads call are reached without leaving Amazon's network."""

from __future__ import annotations

from collections.abc import Iterable

from readiness.evidence.ec2.vpc_endpoints import Endpoint, VpcDns, Workload
from readiness.evidence.ec2.vpcs import RouteTables, Subnets
from readiness.model.text import listed
from readiness.semantics.service_names import GATEWAY


def required_services(workloads: Iterable[Workload]) -> tuple[str, ...]:
    """What the workloads call, all together, in order."""
    return tuple(sorted({service for workload in workloads for service in workload.services}))


def tables_used(
    workloads: Iterable[Workload], subnets: Subnets, routes: RouteTables
) -> frozenset[str] | None:
    """The route tables of the subnets of the workloads; None where one is not shown to us."""
    used = set()
    for id in {id for workload in workloads for id in workload.subnet_ids}:
        subnet = subnets.by_id.get(id)
        table = routes.effective(subnet) if subnet else None
        if table is None:
            return None
        used.add(table.id)
    return frozenset(used)


def why_calls_leave(
    services: Iterable[str],
    endpoints: Iterable[Endpoint],
    dns: VpcDns,
    tables: frozenset[str] | None,
) -> list[str]:
    """Why calls to the services leave the VPC; nothing where endpoints take them all.

    A gateway has to be in all of ``tables``; without them it is taken for good.
    """
    endpoints = tuple(endpoints)
    said = [_why_names_fail(dns), *(_why_not_private(s, endpoints, tables) for s in services)]
    return [sentence for sentence in said if sentence]


def _why_names_fail(dns: VpcDns) -> str:
    attributes = {"enableDnsSupport": dns.support, "enableDnsHostnames": dns.hostnames}
    off = [name for name, is_on in attributes.items() if not is_on]
    return f"The VPC has {listed(off)} switched off, so endpoints' names fail." if off else ""


def _why_not_private(
    service: str, endpoints: tuple[Endpoint, ...], tables: frozenset[str] | None
) -> str:
    said = [_why_not(e, tables) for e in endpoints if e.service == service]
    if not said:
        return f"There is no endpoint for {service}."
    return "" if "" in said else " ".join(said)


def _why_not(endpoint: Endpoint, tables: frozenset[str] | None) -> str:
    named = f"The endpoint {endpoint.id} for {endpoint.service}"
    if endpoint.state != "available":
        return f"{named} is {endpoint.state or 'in no known state'}."
    if endpoint.kind == "Interface":
        return "" if endpoint.resolves else f"{named} has private DNS switched off."
    if endpoint.kind != "Gateway" or endpoint.service not in GATEWAY:
        return f"{named} is of the kind {endpoint.kind}, which does not take calls by that name."
    missing = sorted((tables or frozenset()) - endpoint.route_table_ids)
    return f"{named} is missing from {listed(missing)}." if missing else ""
