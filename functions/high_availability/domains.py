"""The Availability Zones of OpenSearch domains."""

from __future__ import annotations

from readiness import Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.opensearch import DomainAvailability
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact

from .zones import in_zones

_TWO = 2
"""Zones that data nodes share alone: the table of the Multi-AZ page of OpenSearch Service."""


def domain_verdict(domain: DomainAvailability, *, min_zones: int) -> Verdict:
    """The verdict on a domain: zone awareness, enough nodes for it, and masters that can vote."""
    if domain.is_going:
        return not_applicable("The domain is being deleted.")
    if domain.is_isolated:
        return violates(
            "OpenSearch Service has isolated the domain: it serves nobody, in whichever zone.",
            expected="A domain that is active, with data nodes in several Availability Zones.",
        )
    observed: dict[str, Fact] = {
        "zones": domain.zones,
        "nodes": domain.nodes,
        "masters": domain.masters,
    }
    faults: list[str] = []
    if domain.zones < min_zones:
        faults.append(
            f"data nodes are {in_zones(domain.zones)}; at least {min_zones} are required"
        )
    elif domain.nodes < domain.zones:
        faults.append(f"{plural(domain.nodes, 'data node')} for {domain.zones} zones")
    elif domain.zones == _TWO and not domain.masters:
        faults.append(
            "no dedicated master nodes in two zones, where data nodes that lose a half of"
            " themselves cannot elect a master"
        )
    if domain.masters in {1, 2}:
        faults.append(
            f"{plural(domain.masters, 'dedicated master node')}, with which no majority is left"
            " when one fails"
        )
    if faults and domain.is_processing:
        return cannot_tell("The domain is being changed.", is_passing=True).observing(observed)
    if faults:
        return violates(
            f"The domain does not survive the failure of a zone: {listed(faults)}.",
            expected="Zone awareness with a data node in each zone, and three dedicated masters;"
            " in three zones data nodes may do without.",
        ).observing(observed)
    return complies(
        f"{plural(domain.nodes, 'data node')} {in_zones(domain.zones)}"
        f"{', with standby' if domain.has_standby else ''}."
    ).observing(observed)
