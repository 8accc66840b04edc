"""What AppSync says of the tracing of GraphQL APIs, and how much they are asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.appsync.apis import GRAPHQL_API
from readiness.evidence.cloudwatch.datapoints import DAY, GET_METRIC_DATA, read_each
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Series, series

_LIST = "appsync:ListGraphqlApis"


@evidence(GRAPHQL_API, reads=(_LIST, "appsync:GetGraphqlApi"))
@dataclass(frozen=True, slots=True)
class GraphqlTracing:
    """Whether a GraphQL API is traced. Sources: ListGraphqlApis, GetGraphqlApi."""

    id: str
    name: str
    enabled: bool

    @classmethod
    def load(cls, read: Reader, api: Resource) -> GraphqlTracing:
        answer = read.one("appsync", "get_graphql_api", gone=("NotFoundException",), apiId=api.id)
        return cls.of(answer["graphqlApi"])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, GraphqlTracing]:
        listed = read.every("appsync", "list_graphql_apis", "graphqlApis")
        return {each["apiId"]: cls.of(each) for each in listed}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> GraphqlTracing:
        """From a ``GraphqlApi`` of the API."""
        return cls(answer["apiId"], answer.get("name", ""), bool(answer.get("xrayEnabled")))


@evidence(GRAPHQL_API, reads=(GET_METRIC_DATA,), follows_type=False)
@dataclass(frozen=True, slots=True)
class GraphqlRequests:
    """The requests to a GraphQL API in the last day, by 5 minutes.

    Source: how often AWS/AppSync Latency was measured.
    """

    count: Series

    @classmethod
    def load(cls, read: Reader, api: Resource) -> GraphqlRequests:
        return cls._of(read, [api.id])[api.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, GraphqlRequests]:
        return cls._of(read, read.ids(GRAPHQL_API))

    @classmethod
    def _of(cls, read: Reader, ids: Iterable[str]) -> dict[str, GraphqlRequests]:
        wanted = {
            id: {"count": series("AWS/AppSync", "Latency", "SampleCount", GraphQLAPIId=id)}
            for id in ids
        }
        return {id: cls(**found) for id, found in read_each(read, wanted, DAY).items()}

    @property
    def per_second(self) -> float:
        """The requests a second in the busiest 5 minutes."""
        return (self.count.highest or 0.0) / self.count.window.period
