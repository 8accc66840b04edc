"""What CloudFront says of a distribution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


def _configuration(read: Reader, distribution: Resource) -> Mapping[str, Any]:
    answer = read.one(
        "cloudfront",
        "get_distribution_config",
        gone=("NoSuchDistribution",),
        Id=distribution.id,
    )
    configuration: Mapping[str, Any] = answer["DistributionConfig"]
    return configuration


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("cloudfront", "list_distributions", "DistributionList.Items")


def _find(read: Reader) -> Iterable[str]:
    return [each["Id"] for each in _listed(read)]


DISTRIBUTIONS_MADE = (
    "CreateDistribution",
    "CreateDistribution2*",
    "CreateDistributionWithTags*",
    "CopyDistribution*",
)
DISTRIBUTIONS_CHANGED = (
    "UpdateDistribution",
    "UpdateDistribution2*",
    "UpdateDistributionWithStagingConfig*",
    "DeleteDistribution",
    "DeleteDistribution2*",
)

DISTRIBUTION = ResourceType(
    "AWS::CloudFront::Distribution",
    _find,
    find_reads=("cloudfront:ListDistributions",),
    changed_by=(
        api_call(
            "cloudfront",
            *DISTRIBUTIONS_MADE,
            id="responseElements.distribution.id",
        ),
        api_call(
            "cloudfront",
            *DISTRIBUTIONS_CHANGED,
            id="requestParameters.id",
        ),
    ),
    is_global=True,
    arn="arn:{partition}:cloudfront::{account}:distribution/{id}",
)
"""Calls about distribution tenants have the tenant's id: a prefix ends at the API's date."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a distribution fetches from over HTTP or HTTPS; an S3 bucket is no such origin.

    ``protocol`` is ``http-only``, ``https-only`` or ``match-viewer``.
    """

    id: str
    protocol: str
    versions: tuple[str, ...] = ()


@evidence(
    DISTRIBUTION,
    reads=(
        "cloudfront:GetDistributionConfig",
        "cloudfront:GetVpcOrigin",
        "cloudfront:ListDistributions",
    ),
    changed_by=(api_call("cloudfront", "UpdateVpcOrigin*"),),
)
@dataclass(frozen=True, slots=True)
class DistributionTls:
    """What a distribution demands of viewers and uses towards its origins.

    ``viewer_policies`` are ``allow-all``, ``https-only`` or ``redirect-to-https`` by path
    pattern, the default under ``*``; ``default_certificate`` is that of ``*.cloudfront.net``.
    ``of_tenants``: viewers reach it only by the domains of its tenants, which may bring
    certificates of their own. Sources: ListDistributions, GetDistributionConfig, GetVpcOrigin.
    """

    enabled: bool
    viewer_policies: Mapping[str, str]
    minimum_version: str
    default_certificate: bool
    origins: tuple[Origin, ...] = ()
    of_tenants: bool = False

    @classmethod
    def load(cls, read: Reader, distribution: Resource) -> DistributionTls:
        return cls._of(read, _configuration(read, distribution))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DistributionTls]:
        return {each["Id"]: cls._of(read, each) for each in _listed(read)}

    @classmethod
    def _of(cls, read: Reader, config: Mapping[str, Any]) -> DistributionTls:
        others = (config.get("CacheBehaviors") or {}).get("Items") or ()
        policies = {each["PathPattern"]: each["ViewerProtocolPolicy"] for each in others}
        default = config["DefaultCacheBehavior"]["ViewerProtocolPolicy"]
        certificate = config.get("ViewerCertificate") or {}
        origins = (config.get("Origins") or {}).get("Items") or ()
        return cls(
            enabled=bool(config.get("Enabled")),
            viewer_policies={**policies, "*": default},
            minimum_version=certificate.get("MinimumProtocolVersion", ""),
            default_certificate=bool(certificate.get("CloudFrontDefaultCertificate"))
            or not certificate,
            origins=tuple(o for each in origins if (o := _origin(read, each)) is not None),
            of_tenants=config.get("ConnectionMode") == "tenant-only",
        )


def _origin(read: Reader, origin: Mapping[str, Any]) -> Origin | None:
    """A custom or VPC origin; None for an S3 bucket.

    CloudFront reaches a bucket over the protocol of the viewer's request: the viewer policy
    decides there.
    """
    custom = origin.get("CustomOriginConfig")
    if private := (origin.get("VpcOriginConfig") or {}).get("VpcOriginId"):
        answer = read.one("cloudfront", "get_vpc_origin", Id=private)
        custom = answer["VpcOrigin"]["VpcOriginEndpointConfig"]
    if not custom:
        return None
    versions = (custom.get("OriginSslProtocols") or {}).get("Items") or ()
    return Origin(origin["Id"], custom["OriginProtocolPolicy"], tuple(versions))


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How long a distribution keeps what matches a path pattern, in seconds.

    ``default`` holds where the origin says nothing. ``policy`` is the name of the cache policy,
    empty where the times stand in the distribution itself. ``maximum`` is 0 where every header is
    forwarded: CloudFront caches nothing then, whatever the times are.
    """

    path: str
    minimum: int
    default: int
    maximum: int
    policy: str = ""


@evidence(
    DISTRIBUTION,
    reads=(
        "cloudfront:GetCachePolicy",
        "cloudfront:GetDistributionConfig",
        "cloudfront:ListDistributions",
    ),
    changed_by=(api_call("cloudfront", "UpdateCachePolicy*"),),
)
@dataclass(frozen=True, slots=True)
class DistributionCaching:
    """How long each behaviour of a distribution caches.

    Sources: ListDistributions, GetDistributionConfig; GetCachePolicy once for each policy.
    """

    enabled: bool
    behaviours: tuple[Behaviour, ...]

    @classmethod
    def load(cls, read: Reader, distribution: Resource) -> DistributionCaching:
        return cls._of(read, _configuration(read, distribution))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DistributionCaching]:
        return {each["Id"]: cls._of(read, each) for each in _listed(read)}

    @classmethod
    def _of(cls, read: Reader, config: Mapping[str, Any]) -> DistributionCaching:
        others = (config.get("CacheBehaviors") or {}).get("Items") or ()
        pairs = [("*", config["DefaultCacheBehavior"])]
        pairs += [(each["PathPattern"], each) for each in others]
        return cls(
            enabled=bool(config.get("Enabled")),
            behaviours=tuple(_behaviour(read, path, each) for path, each in pairs),
        )


_DAY, _YEAR = 86_400, 31_536_000


def _behaviour(read: Reader, path: str, about: Mapping[str, Any]) -> Behaviour:
    """By cache policy, or by the older times of the behaviour; CloudFront's defaults otherwise."""
    times, name = about, ""
    forwarded = (about.get("ForwardedValues") or {}).get("Headers") or {}
    if "*" in (forwarded.get("Items") or ()):
        return Behaviour(path, 0, 0, 0)
    if policy := about.get("CachePolicyId"):
        answer = read.one("cloudfront", "get_cache_policy", Id=policy)
        times = answer["CachePolicy"]["CachePolicyConfig"]
        name = times["Name"]
    return Behaviour(
        path,
        times.get("MinTTL", 0),
        times.get("DefaultTTL", _DAY),
        times.get("MaxTTL", _YEAR),
        name,
    )


def edge_functions(read: Reader) -> Mapping[str, tuple[str, ...]]:
    """The distributions that each Lambda@Edge function is associated with, by function name.

    CloudFront runs replicas of it: their invocations are counted in the regions where they ran,
    under another name. Source: ListDistributions. Needs ``cloudfront:ListDistributions``.
    """
    return read.made_once("distributions by edge function", _edge_functions)


def _edge_functions(read: Reader) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for each in _listed(read):
        for arn in _associated(each):
            found.setdefault(arn.split(":")[6], []).append(each["Id"])
    return {name: tuple(dict.fromkeys(ids)) for name, ids in found.items()}


def edge_versions(read: Reader) -> list[str]:
    """The ARNs of the versions of Lambda@Edge functions that enabled distributions run.

    Source: ListDistributions. Needs ``cloudfront:ListDistributions``.
    """
    return [arn for each in _listed(read) if each.get("Enabled") for arn in _associated(each)]


def _associated(distribution: Mapping[str, Any]) -> Iterator[str]:
    others = (distribution.get("CacheBehaviors") or {}).get("Items") or ()
    for behaviour in (distribution["DefaultCacheBehavior"], *others):
        associated = behaviour.get("LambdaFunctionAssociations") or {}
        for one in associated.get("Items") or ():
            yield one["LambdaFunctionARN"]
