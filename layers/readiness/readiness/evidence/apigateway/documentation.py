"""What API Gateway says of the documentation of its APIs, and what there is to document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.apigateway.apis import HTTP_API, HttpApi, RestApi
from readiness.evidence.apigateway.domains import REST_API
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_READS = ("apigateway:GET",)
_GONE = ("NotFoundException",)
_DEPLOYED = api_call("apigateway", "CreateStage", "UpdateStage", "DeleteStage", "CreateDeployment")


def digest_of(operations: Iterable[str]) -> str:
    """Twelve hex digits that change when an operation is added, renamed or removed."""
    text = "\n".join(sorted(operations))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@evidence(
    REST_API,
    reads=_READS,
    uses=(RestApi,),
    changed_by=(
        _DEPLOYED,
        api_call(
            "apigateway",
            "CreateDocumentationPart",
            "UpdateDocumentationPart",
            "DeleteDocumentationPart",
            "ImportDocumentationParts",
            "CreateDocumentationVersion",
            "UpdateDocumentationVersion",
            "DeleteDocumentationVersion",
            "PutMethod",
            "DeleteMethod",
            "DeleteResource",
            id="requestParameters.restApiId",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class RestApiDocumentation:
    """The methods of a REST API (``GET /orders``), and which have a documentation part of content.

    OPTIONS is left out: it answers browsers, not clients. ``stages`` are the stages with the
    version of the documentation that each publishes, empty for none.
    Sources: those of RestApi, GetStages, GetResources, GetDocumentationParts.
    """

    id: str
    name: str
    methods: tuple[str, ...] = ()
    undocumented: tuple[str, ...] = ()
    stages: Mapping[str, str] | None = None

    @classmethod
    def load(cls, read: Reader, api: Resource) -> RestApiDocumentation:
        name = read.of(RestApi, api).name
        listed = read.one("apigateway", "get_stages", gone=_GONE, restApiId=api.id)
        stages = {
            each["stageName"]: each.get("documentationVersion", "")
            for each in listed.get("item") or ()
        }
        if not stages:
            return cls(api.id, name, stages={})
        methods = {
            (each["path"], name)
            for each in read.every(
                "apigateway",
                "get_resources",
                "items",
                gone=_GONE,
                restApiId=api.id,
                embed=["methods"],
            )
            for name in each.get("resourceMethods") or ()
            if name != "OPTIONS"
        }
        parts = read.every(
            "apigateway",
            "get_documentation_parts",
            "items",
            gone=_GONE,
            restApiId=api.id,
            type="METHOD",
        )
        documented = {
            (location.get("path", "/"), location.get("method", "*"))
            for each in parts
            if _says_something(each) and (location := each.get("location") or {})
        }
        bare = {
            (path, name)
            for path, name in methods
            if documented.isdisjoint({(path, name), (path, "*")})
        }
        return cls(
            api.id,
            name,
            tuple(sorted(f"{name} {path}" for path, name in methods)),
            tuple(sorted(f"{name} {path}" for path, name in bare)),
            stages,
        )

    @property
    def digest(self) -> str:
        """Changes with the methods."""
        return digest_of(self.methods)


def _says_something(part: Mapping[str, Any]) -> bool:
    """Whether a part has a description or a summary, and not only empty members."""
    try:
        told = json.loads(part.get("properties") or "{}")
    except ValueError:
        return False
    if not isinstance(told, dict):
        return False
    return any(isinstance(v, str) and len(v.split()) > 1 for v in told.values())


@evidence(
    HTTP_API,
    reads=_READS,
    uses=(HttpApi,),
    changed_by=(
        _DEPLOYED,
        api_call(
            "apigateway",
            "CreateRoute",
            "UpdateRoute",
            "DeleteRoute",
            id="requestParameters.apiId",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class ApiRoutes:
    """The routes of an HTTP or WebSocket API, by route key (``GET /orders``), and its stages.

    Sources: those of HttpApi, GetStages, GetRoutes.
    """

    id: str
    name: str
    routes: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, api: Resource) -> ApiRoutes:
        name = read.of(HttpApi, api).name
        stages = read.every("apigatewayv2", "get_stages", "Items", gone=_GONE, ApiId=api.id)
        routes = read.every("apigatewayv2", "get_routes", "Items", gone=_GONE, ApiId=api.id)
        return cls(
            api.id,
            name,
            tuple(sorted(each["RouteKey"] for each in routes)),
            tuple(sorted(each["StageName"] for each in stages)),
        )

    @property
    def digest(self) -> str:
        """Changes with the routes."""
        return digest_of(self.routes)
