"""What API Gateway calls its APIs: their metrics are named after a name or an id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.apigateway.domains import REST_API
from readiness.model.evidence import REGION, ResourceType, api_call, evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource


def _http_apis(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("apigatewayv2", "get_apis", "Items")


def _find(read: Reader) -> Iterable[str]:
    return [api["ApiId"] for api in _http_apis(read)]


HTTP_API = ResourceType(
    "AWS::ApiGatewayV2::Api",
    _find,
    find_reads=("apigateway:GET",),
    changed_by=(
        api_call("apigateway", "CreateApi", "ImportApi", id="responseElements.apiId"),
        api_call(
            "apigateway",
            "UpdateApi",
            "ReimportApi",
            "DeleteApi",
            id="requestParameters.apiId",
        ),
    ),
    identify=lambda item: last_segment(str(item.get("resourceId") or "")) or None,
    arn="arn:{partition}:apigateway:{region}::/apis/{id}",
)
"""HTTP and WebSocket APIs."""


@evidence(REST_API, reads=("apigateway:GET",))
@dataclass(frozen=True, slots=True)
class RestApi:
    """The name of a REST API, the ``ApiName`` of its metrics. Sources: GetRestApis, GetRestApi."""

    id: str
    name: str

    @classmethod
    def load(cls, read: Reader, api: Resource) -> RestApi:
        answer = read.one(
            "apigateway", "get_rest_api", gone=("NotFoundException",), restApiId=api.id
        )
        return cls(api.id, answer.get("name", ""))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RestApi]:
        listed = read.every("apigateway", "get_rest_apis", "items")
        return {each["id"]: cls(each["id"], each.get("name", "")) for each in listed}


@evidence(REGION, reads=("apigateway:GET",))
@dataclass(frozen=True, slots=True)
class RestApiNames:
    """The names of the region's REST APIs by id: none is found by a walk through all of them.

    Source: GetRestApis.
    """

    by_id: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> RestApiNames:
        listed = read.every("apigateway", "get_rest_apis", "items")
        return cls({each["id"]: each.get("name", "") for each in listed})


def rest_api_name(read: Reader, id: str) -> str | None:
    """The name of a REST API, None where there is none of that id.

    Evidence that asks declares that it uses RestApiNames.
    """
    if read.bulk:
        region = REGION.resource(read.account, read.region, read.account)
        return read.of(RestApiNames, region).by_id.get(id)
    api = read.one("apigateway", "get_rest_api", absent=("NotFoundException",), restApiId=id)
    return api.get("name", "") if api else None


def rest_api_methods(
    read: Reader, id: str, *, gone: Sequence[str] = (), absent: Sequence[str] = ()
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The path, the name and the settings of each method of a REST API: ``/orders``, ``GET``.

    ``gone`` and ``absent`` are those of a read. Source: GetResources.
    """
    resources = read.every(
        "apigateway",
        "get_resources",
        "items",
        gone=gone,
        absent=absent,
        restApiId=id,
        embed=["methods"],
    )
    for each in resources:
        for name, method in (each.get("resourceMethods") or {}).items():
            yield each["path"], name, method


@evidence(HTTP_API, reads=("apigateway:GET",))
@dataclass(frozen=True, slots=True)
class HttpApi:
    """The name and protocol (``HTTP`` or ``WEBSOCKET``) of an API. Sources: GetApis, GetApi."""

    id: str
    name: str
    protocol: str = "HTTP"

    @classmethod
    def load(cls, read: Reader, api: Resource) -> HttpApi:
        answer = read.one("apigatewayv2", "get_api", gone=("NotFoundException",), ApiId=api.id)
        return cls.of({"ApiId": api.id, **answer})

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, HttpApi]:
        return {each["ApiId"]: cls.of(each) for each in _http_apis(read)}

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> HttpApi:
        """From an ``Api`` of the API."""
        return cls(answer["ApiId"], answer.get("Name", ""), answer.get("ProtocolType", "HTTP"))


@evidence(REGION, reads=("apigateway:GET",))
@dataclass(frozen=True, slots=True)
class HttpApis:
    """The region's HTTP and WebSocket APIs by id. Source: GetApis."""

    by_id: Mapping[str, HttpApi]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> HttpApis:
        return cls(HttpApi.load_all(read))
