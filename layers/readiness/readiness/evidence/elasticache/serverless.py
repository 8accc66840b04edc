"""What ElastiCache says of a serverless cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from readiness.model.evidence import ResourceType, api_call
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

SERVERLESS = "elasticache:DescribeServerlessCaches"
NO_SERVERLESS_CACHE = ("ServerlessCacheNotFoundFault",)


def listed_serverless(read: Reader) -> Sequence[Mapping[str, Any]]:
    """Every serverless cache of the region, as DescribeServerlessCaches shows it."""
    return read.every("elasticache", "describe_serverless_caches", "ServerlessCaches")


SERVERLESS_CACHE = ResourceType(
    "AWS::ElastiCache::ServerlessCache",
    lambda read: [each["ServerlessCacheName"] for each in listed_serverless(read)],
    find_reads=(SERVERLESS,),
    changed_by=(
        api_call(
            "elasticache",
            "CreateServerlessCache",
            "ModifyServerlessCache",
            "DeleteServerlessCache",
            id="requestParameters.serverlessCacheName",
        ),
    ),
    identify=None,
    arn="arn:{partition}:elasticache:{region}:{account}:serverlesscache:{id}",
    plain=str.lower,
)


def described_serverless(read: Reader, cache: Resource) -> Mapping[str, Any]:
    """What DescribeServerlessCaches says of a serverless cache. Raises Gone."""
    found: Sequence[Mapping[str, Any]] = read.every(
        "elasticache",
        "describe_serverless_caches",
        "ServerlessCaches",
        gone=NO_SERVERLESS_CACHE,
        ServerlessCacheName=cache.id,
    )
    if not found:
        raise Gone(cache.key)
    return found[0]
