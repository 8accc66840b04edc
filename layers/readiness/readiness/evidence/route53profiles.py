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
    owns them, so what they are called is not read. Asked only where something in the VPC calls a
    service that has neither an endpoint nor a zone there.
    Sources: ListProfileAssociations, ListProfileResourceAssociations.
    """

    with_names: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, vpc: Resource) -> DnsProfiles:
        called = {each for one in read.of(VpcWorkloads, vpc).all for each in one.services}
        found = {each.service for each in read.of(VpcEndpoints, vpc).all}
        if called <= found | read.of(PrivateZones, vpc).services:
            return cls()
        profiles = read.every(
            "route53profiles",
            "list_profile_associations",
            "ProfileAssociations",
            ResourceId=vpc.id,
        )
        ids = [each["ProfileId"] for each in profiles if each.get("Status") == "COMPLETE"]
        return cls(tuple(id for id in ids if _has_names(read, id)))


def _has_names(read: Reader, profile: str) -> bool:
    brought = read.every(
        "route53profiles",
        "list_profile_resource_associations",
        "ProfileResourceAssociations",
        ProfileId=profile,
    )
    return any(
        each.get("Status") == "COMPLETE" and any(n in each.get("ResourceArn", "") for n in _NAMES)
        for each in brought
    )
