"""In which Availability Zones subnets stand: by the zones' ids, and only real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from readiness.evidence.ec2.vpcs import Subnet, Subnets
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

REAL = "availability-zone"


@dataclass(frozen=True, slots=True)
class Places:
    """Where something stands.

    ``zones`` are ids of Availability Zones (``use1-az1``); ``edges`` what does not count as one:
    Local and Wavelength Zones and Outposts; ``unknown`` what AWS does not show: a subnet that is
    deleted or no longer shared, a zone that it does not list.
    """

    zones: tuple[str, ...] = ()
    edges: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@evidence(
    REGION,
    reads=("ec2:DescribeAvailabilityZones",),
    uses=(Subnets,),
)
@dataclass(frozen=True, slots=True)
class Zones:
    """The zones of the region with their types, and the subnets in them.

    ``types`` has for each zone id ``availability-zone``, ``local-zone`` or ``wavelength-zone``;
    ``ids`` the id of each zone name of this account. Sources: DescribeAvailabilityZones,
    DescribeSubnets.
    """

    types: Mapping[str, str]
    ids: Mapping[str, str]
    subnets: Mapping[str, Subnet] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Zones:
        found = read.every(
            "ec2", "describe_availability_zones", "AvailabilityZones", AllAvailabilityZones=True
        )
        types: dict[str, str] = {}
        ids: dict[str, str] = {}
        for zone in found:
            types[zone["ZoneId"]] = zone.get("ZoneType") or REAL
            ids[zone["ZoneName"]] = zone["ZoneId"]
        return cls(types, ids, read.of(Subnets, region).by_id)

    def of_subnets(self, ids: Iterable[str]) -> Places:
        """The places of some subnets."""
        zones: dict[str, None] = {}
        edges: dict[str, None] = {}
        unknown: dict[str, None] = {}
        for id in ids:
            subnet = self.subnets.get(id)
            if subnet is None:
                unknown[id] = None
                continue
            zone = subnet.zone_id or self.ids.get(subnet.zone, "")
            if subnet.outpost:
                edges[f"an Outpost in {zone or subnet.zone}"] = None
            elif zone not in self.types:
                unknown[id] = None
            elif self.types[zone] != REAL:
                edges[subnet.zone or zone] = None
            else:
                zones[zone] = None
        return Places(tuple(sorted(zones)), tuple(sorted(edges)), tuple(sorted(unknown)))

    def of_names(self, names: Iterable[str]) -> Places:
        """The places of zones that are given by this account's names or by ids."""
        zones: dict[str, None] = {}
        edges: dict[str, None] = {}
        unknown: dict[str, None] = {}
        for name in names:
            id = self.ids.get(name, name)
            if id not in self.types:
                unknown[name] = None
            elif self.types[id] != REAL:
                edges[name] = None
            else:
                zones[id] = None
        return Places(tuple(sorted(zones)), tuple(sorted(edges)), tuple(sorted(unknown)))

    @property
    def real(self) -> tuple[str, ...]:
        """The ids of the Availability Zones of the region."""
        return tuple(sorted(id for id, kind in self.types.items() if kind == REAL))
