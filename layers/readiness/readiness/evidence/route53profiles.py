"""What Route 53 Profiles say of the private names that a VPC resolves."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.ec2.vpc_endpoints import VpcEndpoints, VpcWorkloads
from readiness.evidence.ec2.vpcs import VPC
from readiness.evidence.route53 import PrivateZones
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_NAMES = (":hostedzone/", ":vpc-endpoint/")
"""What of a profile may lead names of AWS services to endpoints, in its ARN."""


@evidence(
    VPC,
    reads=(
        "route53profiles:ListProfileAssociations",
        "route53profiles:ListProfileResourceAssociations",
    ),
    uses=(VpcWorkloads, VpcEndpoints, PrivateZones),
    changed_by=(
        api_call(
            "route53profiles",
            "AssociateProfile",
            "AssociateResourceToProfile",
            "DisassociateProfile",
            "DisassociateResourceFromProfile",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class DnsProfiles:
    """The profiles of the VPC that bring it private hosted zones or the names of VPC endpoints.

    ListHostedZonesByVPC does not show those (Route 53 API Reference). Most often another account
    owns them, so what they are called is not read. ``coming`` are those that will bring some in a
    few minutes, as the association is being made. Asked only where something in the VPC calls a
    service that has neither an endpoint nor a zone there.
    Sources: ListProfileAssociations, ListProfileResourceAssociations.
    """

    with_names: tuple[str, ...] = ()
    coming: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, vpc: Resource) -> DnsProfiles:
        called = {each for one in read.of(VpcWorkloads, vpc).all for each in one.services}
        served = {each.service for each in read.of(VpcEndpoints, vpc).all}
        if called <= served | read.of(PrivateZones, vpc).services:
            return cls()
        profiles = read.every(
            "route53profiles",
            "list_profile_associations",
            "ProfileAssociations",
            ResourceId=vpc.id,
        )
        states = {
            each["ProfileId"]: _state(each.get("Status", ""), _states(read, each["ProfileId"]))
            for each in profiles
            if each.get("Status") in {*_IN_EFFECT, _COMING}
        }
        return cls(
            tuple(id for id, state in states.items() if state in _IN_EFFECT),
            tuple(id for id, state in states.items() if state == _COMING),
        )


_IN_EFFECT = frozenset({"COMPLETE", "UPDATING"})
_COMING = "CREATING"


def _state(of_vpc: str, of_names: set[str]) -> str:
    """The state of the names of a profile in the VPC; empty if it brings none."""
    if of_names & _IN_EFFECT:
        return of_vpc
    return _COMING if _COMING in of_names else ""


def _states(read: Reader, profile: str) -> set[str]:
    """The states in which names are associated with a profile."""
    brought = read.every(
        "route53profiles",
        "list_profile_resource_associations",
        "ProfileResourceAssociations",
        ProfileId=profile,
    )
    return {
        each.get("Status", "")
        for each in brought
        if any(name in each.get("ResourceArn", "") for name in _NAMES)
    }
