"""Whether a VPC has working endpoints for the AWS services that its workloads call."""

from __future__ import annotations

from collections.abc import Iterable

from readiness.evidence.ec2.vpc_endpoints import Endpoint, VpcDns, Workload
from readiness.evidence.ec2.vpcs import RouteTables, Subnets
from readiness.model.text import listed
from readiness.semantics.service_names import GATEWAY


def required_services(workloads: Iterable[Workload]) -> tuple[str, ...]:
    """The services that the workloads call, sorted."""
    return tuple(sorted({service for workload in workloads for service in workload.services}))


def tables_used(
    workloads: Iterable[Workload], subnets: Subnets, routes: RouteTables
) -> frozenset[str] | None:
    """The route tables of the workloads' subnets; None if this account cannot see one."""
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
    central: frozenset[str],
    endpoints: Iterable[Endpoint],
    dns: VpcDns,
    tables: frozenset[str] | None,
) -> list[str]:
    """Why calls to the services leave the VPC; empty if each has a working endpoint.

    ``central`` services are reached through a private hosted zone. A gateway endpoint has to be
    in all of ``tables``; if those are unknown, any counts.
    """
    services, endpoints = tuple(services), tuple(endpoints)
    by_route = {each.service for each in endpoints if not _why_not(each, tables)} & GATEWAY
    by_name = any(s in central or s not in by_route for s in services)
    said = [_why_not_private(s, endpoints, tables) for s in services if s not in central]
    return [each for each in (_why_names_fail(dns, private=by_name), *said) if each]


def _why_names_fail(dns: VpcDns, *, private: bool) -> str:
    """Private names need both attributes; a gateway endpoint serves the public names."""
    attributes = {"enableDnsSupport": dns.support}
    if private:
        attributes["enableDnsHostnames"] = dns.hostnames
    off = [name for name, is_on in attributes.items() if not is_on]
    return (
        f"The VPC has {listed(off)} turned off, so endpoint names do not resolve." if off else ""
    )


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
        return "" if endpoint.resolves else f"{named} has private DNS turned off."
    if endpoint.kind != "Gateway" or endpoint.service not in GATEWAY:
        return (
            f"{named} has the type {endpoint.kind}, which does not serve the usual service name."
        )
    missing = sorted((tables or frozenset()) - endpoint.route_table_ids)
    return f"{named} is missing in {listed(missing)}." if missing else ""
