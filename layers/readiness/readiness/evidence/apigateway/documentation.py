"""What API Gateway says of the documentation of its APIs, and what there is to document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from readiness.evidence.apigateway.apis import HTTP_API, HttpApi, RestApi, rest_api_methods
from readiness.evidence.apigateway.domains import REST_API
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable

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
    version of the documentation that each publishes, empty for none. A version keeps the parts
    that there were when it was made: ``outdated`` are the stages whose version says nothing of
    methods that are deployed there, with these. Asked only where all else is documented;
    ``unexported`` are the stages of which API Gateway cannot tell it.
    Sources: those of RestApi, GetStages, GetResources, GetDocumentationParts, GetExport.
    """

    id: str
    name: str
    methods: tuple[str, ...] = ()
    undocumented: tuple[str, ...] = ()
    stages: Mapping[str, str] | None = None
    outdated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unexported: tuple[str, ...] = ()

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
            (path, name)
            for path, name, _ in rest_api_methods(read, api.id, gone=_GONE)
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
        bare = _without_a_part(methods, parts)
        published = {}
        if methods and not bare and all(stages.values()):
            published = {stage: _unpublished(read, api.id, stage) for stage in stages}
        return cls(
            api.id,
            name,
            tuple(sorted(f"{name} {path}" for path, name in methods)),
            tuple(sorted(f"{name} {path}" for path, name in bare)),
            stages,
            {stage: lacking for stage, lacking in published.items() if lacking},
            tuple(sorted(stage for stage, lacking in published.items() if lacking is None)),
        )

    @property
    def digest(self) -> str:
        """Changes with the methods."""
        return digest_of(self.methods)


_Method = tuple[str, str]
"""A path and a method: ``/orders``, ``GET``."""


def _without_a_part(
    methods: Iterable[_Method], parts: Iterable[Mapping[str, Any]]
) -> set[_Method]:
    """Those of the methods that no part documents at their own path."""
    documented = {
        (location.get("path", "/"), location.get("method", "*"))
        for each in parts
        if _says_something(each.get("properties")) and (location := each.get("location") or {})
    }
    return {
        (path, name)
        for path, name in methods
        if documented.isdisjoint({(path, name), (path, "*")})
    }


def _unpublished(read: Reader, api: str, stage: str) -> tuple[str, ...] | None:
    """The methods deployed to a stage of which its version of the documentation says nothing.

    None where API Gateway cannot export the stage.
    """
    answer = read.one(
        "apigateway",
        "get_export",
        absent=("BadRequestException",),
        restApiId=api,
        stageName=stage,
        exportType="oas30",
        parameters={"extensions": "documentation"},
        accepts="application/json",
    )
    if answer is None:
        return None
    try:
        document = json.loads(answer["body"])
        told = {
            (path, _ANY if name == _ANY_MEMBER else name.upper()): about
            for path, members in document["paths"].items()
            for name, about in members.items()
            if name == _ANY_MEMBER or name in _VERBS
        }
        parts = (document.get("x-amazon-apigateway-documentation") or {}).get("documentationParts")
        bare = _without_a_part(told, [p for p in parts or () if p["location"]["type"] == "METHOD"])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unreadable("apigateway:GET", Cause.UNEXPECTED_ANSWER, str(error)) from error
    return tuple(
        sorted(f"{name} {path}" for path, name in bare if not _says_something(told[path, name]))
    )


_ANY, _ANY_MEMBER = "ANY", "x-amazon-apigateway-any-method"
_VERBS = frozenset({"delete", "get", "head", "patch", "post", "put"})


def _says_something(properties: Any) -> bool:
    """Whether a part has a description or a summary, and not only empty members."""
    try:
        told = json.loads(properties or "{}") if isinstance(properties, str) else properties
    except (ValueError, RecursionError):
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
