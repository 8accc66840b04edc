"""What API Gateway calls its APIs: their metrics are named after a name or an id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.apigateway.domains import REST_API
from readiness.model.evidence import ResourceType, api_call, evidence, last_segment
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
        return cls(api.id, answer.get("Name", ""), answer.get("ProtocolType", "HTTP"))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, HttpApi]:
        return {
            each["ApiId"]: cls(
                each["ApiId"], each.get("Name", ""), each.get("ProtocolType", "HTTP")
            )
            for each in _http_apis(read)
        }
