"""What AppSync says of GraphQL APIs and the caches before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_NOT_FOUND = ("NotFoundException",)


def _find(read: Reader) -> Iterable[str]:
    return [api["apiId"] for api in read.every("appsync", "list_graphql_apis", "graphqlApis")]


GRAPHQL_API = ResourceType(
    "AWS::AppSync::GraphQLApi",
    _find,
    find_reads=("appsync:ListGraphqlApis",),
    changed_by=(
        api_call("appsync", "CreateGraphqlApi", id="responseElements.graphqlApi.apiId"),
        api_call("appsync", "UpdateGraphqlApi", "DeleteGraphqlApi", id="requestParameters.apiId"),
    ),
    identify=None,
    arn="arn:{partition}:appsync:{region}:{account}:apis/{id}",
)


@evidence(
    GRAPHQL_API,
    reads=(
        "appsync:GetApiCache",
        "appsync:GetGraphqlApi",
        "appsync:ListResolvers",
        "appsync:ListTypes",
    ),
    changed_by=(
        api_call(
            "appsync",
            "CreateApiCache",
            "UpdateApiCache",
            "DeleteApiCache",
            "CreateResolver",
            "UpdateResolver",
            "DeleteResolver",
            id="requestParameters.apiId",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class ApiCache:
    """The cache of a GraphQL API; ``ttl`` in seconds, None where it has no cache.

    ``status`` is ``AVAILABLE``, ``CREATING``, ``MODIFYING``, ``DELETING`` or ``FAILED``.
    ``resolvers`` are the TTLs of the resolvers that use the cache, each by its type and field,
    None where all of the API uses it. Sources: GetApiCache; GetGraphqlApi, which tells an API
    without a cache from one that is gone; ListTypes and ListResolvers where caching is by
    resolver.
    """

    ttl: int | None
    status: str = ""
    resolvers: Mapping[str, int] | None = None

    @classmethod
    def load(cls, read: Reader, api: Resource) -> ApiCache:
        answer = read.one("appsync", "get_api_cache", absent=_NOT_FOUND, apiId=api.id)
        if answer is None:
            if not read.bulk:
                read.one("appsync", "get_graphql_api", gone=_NOT_FOUND, apiId=api.id)
            return cls(None)
        cache = answer["apiCache"]
        is_by_resolver = cache.get("apiCachingBehavior") == "PER_RESOLVER_CACHING"
        return cls(
            cache.get("ttl", 0),
            cache.get("status", ""),
            dict(_cached_resolvers(read, api.id)) if is_by_resolver else None,
        )


def _cached_resolvers(read: Reader, api: str) -> Iterator[tuple[str, int]]:
    for each in read.every(
        "appsync", "list_types", "types", gone=_NOT_FOUND, apiId=api, format="SDL"
    ):
        resolvers = read.every(
            "appsync",
            "list_resolvers",
            "resolvers",
            absent=_NOT_FOUND,
            apiId=api,
            typeName=each["name"],
        )
        for resolver in resolvers:
            if caching := resolver.get("cachingConfig"):
                yield f"{resolver['typeName']}.{resolver['fieldName']}", caching["ttl"]
