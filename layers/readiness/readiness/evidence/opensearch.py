"""What OpenSearch Service says of a domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import ResourceType, api_call, config_resource_name, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_MOST_AT_ONCE = 5
"""How many domains DescribeDomains takes."""


def _find(read: Reader) -> Iterable[str]:
    return [
        each["DomainName"] for each in read.every("opensearch", "list_domain_names", "DomainNames")
    ]


DOMAIN = ResourceType(
    "AWS::OpenSearch::Domain",
    _find,
    find_reads=("es:ListDomainNames",),
    changed_by=(
        api_call(
            "es",
            "CreateDomain",
            "CreateElasticsearchDomain",
            "UpdateDomainConfig",
            "UpdateElasticsearchDomainConfig",
            "DeleteDomain",
            "DeleteElasticsearchDomain",
            "CancelDomainConfigChange",
            id="requestParameters.domainName",
        ),
    ),
    identify=config_resource_name,
    arn="arn:{partition}:es:{region}:{account}:domain/{id}",
)


def _described(read: Reader, domain: Resource) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = read.one(
        "opensearch",
        "describe_domain",
        gone=("ResourceNotFoundException",),
        DomainName=domain.id,
    )["DomainStatus"]
    return answer


def public_domains(read: Reader) -> list[str]:
    """The names of the region's domains that are in no VPC. Raises Unreadable."""
    return [
        each["DomainName"]
        for each in all_described(read)
        if not (each.get("VPCOptions") or {}).get("VPCId")
    ]


def all_described(read: Reader) -> list[Mapping[str, Any]]:
    """What DescribeDomains says of every domain of the region."""
    names = sorted(_find(read))
    batches = [names[i : i + _MOST_AT_ONCE] for i in range(0, len(names), _MOST_AT_ONCE)]

    def described(batch: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        return read.every(
            "opensearch", "describe_domains", "DomainStatusList", DomainNames=list(batch)
        )

    return [each for batch in read.each(described, batches) for each in batch]


@evidence(DOMAIN, reads=("es:DescribeDomain", "es:DescribeDomains", "es:ListDomainNames"))
@dataclass(frozen=True, slots=True)
class DomainTls:
    """What a domain's endpoint demands, and whether it stands in a VPC.

    ``between_nodes``: the nodes talk to each other with TLS. A domain of one node has no one to
    talk to. Sources: DescribeDomain, DescribeDomains.
    """

    enforces_https: bool
    policy: str
    in_vpc: bool = False
    between_nodes: bool = True

    @classmethod
    def load(cls, read: Reader, domain: Resource) -> DomainTls:
        return cls._of(_described(read, domain))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DomainTls]:
        return {each["DomainName"]: cls._of(each) for each in all_described(read)}

    @classmethod
    def _of(cls, domain: Mapping[str, Any]) -> DomainTls:
        endpoint = domain.get("DomainEndpointOptions") or {}
        return cls(
            enforces_https=bool(endpoint.get("EnforceHTTPS")),
            policy=endpoint.get("TLSSecurityPolicy", ""),
            in_vpc=bool((domain.get("VPCOptions") or {}).get("VPCId")),
            between_nodes=_is_alone(domain)
            or bool((domain.get("NodeToNodeEncryptionOptions") or {}).get("Enabled")),
        )


def _is_alone(domain: Mapping[str, Any]) -> bool:
    """Whether the domain has one node, which AWS says of the cluster that it runs now."""
    cluster = domain.get("ClusterConfig") or {}
    others = cluster.get("DedicatedMasterEnabled") or cluster.get("WarmEnabled")
    return cluster.get("InstanceCount") == 1 and not others


@evidence(DOMAIN, reads=("es:DescribeDomain", "es:DescribeDomains", "es:ListDomainNames"))
@dataclass(frozen=True, slots=True)
class DomainAvailability:
    """Over how many zones a domain spreads its data nodes, and its dedicated masters.

    ``zones`` is what zone awareness uses, 1 without it; ``masters`` is 0 where data nodes elect
    one of themselves. ``is_processing`` while a change is made; ``is_isolated`` where the service
    has taken the domain off, as for a key that it cannot use. Sources: DescribeDomain,
    DescribeDomains.
    """

    name: str
    zones: int = 1
    nodes: int = 1
    masters: int = 0
    has_standby: bool = False
    is_processing: bool = False
    is_going: bool = False
    is_isolated: bool = False

    @classmethod
    def load(cls, read: Reader, domain: Resource) -> DomainAvailability:
        return cls.of(_described(read, domain))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DomainAvailability]:
        return {each["DomainName"]: cls.of(each) for each in all_described(read)}

    @classmethod
    def of(cls, domain: Mapping[str, Any]) -> DomainAvailability:
        """From a ``DomainStatus`` of the API; zone awareness without a number means two."""
        cluster = domain.get("ClusterConfig") or {}
        zones = 1
        if cluster.get("ZoneAwarenessEnabled"):
            zones = (cluster.get("ZoneAwarenessConfig") or {}).get("AvailabilityZoneCount") or 2
        masters = cluster.get("DedicatedMasterCount") or 0
        return cls(
            name=domain["DomainName"],
            zones=zones,
            nodes=cluster.get("InstanceCount") or 1,
            masters=masters if cluster.get("DedicatedMasterEnabled") else 0,
            has_standby=bool(cluster.get("MultiAZWithStandbyEnabled")),
            is_processing=bool(domain.get("Processing") or not domain.get("Created", True)),
            is_going=bool(domain.get("Deleted")),
            is_isolated=domain.get("DomainProcessingStatus") == "Isolated",
        )


@evidence(DOMAIN, reads=("es:DescribeDomain", "es:DescribeDomains", "es:ListDomainNames"))
@dataclass(frozen=True, slots=True)
class DomainAccess:
    """Who reaches a domain: over which network, by which policy, and whether they sign in.

    ``policy`` is JSON, empty where there is none. ``signs_in``: fine-grained access control is on
    and nobody is anonymous. Sources: DescribeDomain, DescribeDomains.
    """

    arn: str
    policy: str = ""
    in_vpc: bool = False
    signs_in: bool = False

    @classmethod
    def load(cls, read: Reader, domain: Resource) -> DomainAccess:
        return cls._of(_described(read, domain))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DomainAccess]:
        return {each["DomainName"]: cls._of(each) for each in all_described(read)}

    @classmethod
    def _of(cls, domain: Mapping[str, Any]) -> DomainAccess:
        security = domain.get("AdvancedSecurityOptions") or {}
        return cls(
            domain["ARN"],
            domain.get("AccessPolicies") or "",
            bool((domain.get("VPCOptions") or {}).get("VPCId")),
            bool(security.get("Enabled") and not security.get("AnonymousAuthEnabled")),
        )
