"""What Route 53 says of the private names that a VPC resolves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.ec2.vpc_endpoints import VpcWorkloads
from readiness.evidence.ec2.vpcs import VPC
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.service_names import service_of_zone


@evidence(
    VPC,
    reads=("route53:ListHostedZonesByVPC",),
    uses=(VpcWorkloads,),
    changed_by=(
        api_call(
            "route53",
            "AssociateVPCWithHostedZone",
            "CreateHostedZone",
            "DeleteHostedZone",
            "DisassociateVPCFromHostedZone",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class PrivateZones:
    """The AWS services whose names a private hosted zone takes over in the VPC.

    That is how a central VPC shares its endpoints. Zones that belong to an AWS service do not
    count: those are of the VPC's own endpoints, in whatever state. Not asked of a VPC in which
    nothing runs. Source: ListHostedZonesByVPC.
    """

    services: frozenset[str] = frozenset()

    @classmethod
    def load(cls, read: Reader, vpc: Resource) -> PrivateZones:
        if not read.of(VpcWorkloads, vpc).all:
            return cls()
        named = {
            service_of_zone(zone.get("Name", ""), vpc.region, read.dns_suffix)
            for zone in _zones(read, vpc)
            if not (zone.get("Owner") or {}).get("OwningService")
        }
        return cls(frozenset(named - {""}))


def _zones(read: Reader, vpc: Resource) -> Iterator[Mapping[str, Any]]:
    """Page by page: botocore has no paginator for this call."""
    params = {"VPCId": vpc.id, "VPCRegion": vpc.region}
    answer = read.one("route53", "list_hosted_zones_by_vpc", **params)
    yield from answer["HostedZoneSummaries"]
    while answer.get("NextToken"):
        token = {"NextToken": answer["NextToken"]}
        answer = read.one("route53", "list_hosted_zones_by_vpc", **params, **token)
        yield from answer["HostedZoneSummaries"]
