"""What API Gateway says of the stages its APIs are called through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.apigateway.stage_calls import stage_calls, stage_of_new_api
from readiness.evidence.cloudwatch.datapoints import DAY, GET_METRIC_DATA, read_each
from readiness.evidence.parts import InParts, each_alone, whole
from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable
from readiness.semantics.metrics import Query, Series, series

_READS = ("apigateway:GET",)
_GONE = ("NotFoundException",)


def _arn(read: Reader, kind: str, api: str, stage: str) -> str:
    return f"arn:{read.partition}:apigateway:{read.region}::/{kind}/{api}/stages/{stage}"


def _parts(stage: Resource) -> tuple[str, str]:
    """The id of the API and the name of the stage in a stage's ARN."""
    _, _, rest = stage.id.partition("::/")
    _, api, _, name = rest.split("/", 3)
    return api, name


_Stages = dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]]
"""The API and the stage by the stage's ARN."""


def api_of(arn: str) -> str:
    """The id of the API in a stage's ARN."""
    return arn.partition("/stages/")[0].rpartition("/")[2]


def rest_stages(read: Reader) -> tuple[_Stages, dict[str, Unreadable]]:
    """Every REST API with each of its stages, and the APIs whose stages could not be read.

    One call for each API.
    """

    def stages(api: str) -> Any:
        # an API deleted since it was listed has no stages
        return read.one("apigateway", "get_stages", absent=_GONE, restApiId=api) or {}

    apis = {api["id"]: api for api in read.every("apigateway", "get_rest_apis", "items")}
    answers, failed = each_alone(read, stages, apis)
    found = {
        _arn(read, "restapis", id, stage["stageName"]): (apis[id], stage)
        for id, answer in answers.items()
        for stage in answer.get("item") or ()
    }
    return found, failed


def _http_stages(read: Reader) -> tuple[_Stages, dict[str, Unreadable]]:
    """Every HTTP and WebSocket API with each of its stages; otherwise as for REST APIs."""

    def stages(api: str) -> Sequence[Any]:
        return read.every("apigatewayv2", "get_stages", "Items", absent=_GONE, ApiId=api)

    apis = {api["ApiId"]: api for api in read.every("apigatewayv2", "get_apis", "Items")}
    answers, failed = each_alone(read, stages, apis)
    found = {
        _arn(read, "apis", id, stage["StageName"]): (apis[id], stage)
        for id, listed in answers.items()
        for stage in listed
    }
    return found, failed


def _find_rest(read: Reader) -> Iterable[str]:
    found, failed = rest_stages(read)
    return whole(list(found), failed)


def _find_http(read: Reader) -> Iterable[str]:
    found, failed = _http_stages(read)
    return whole(list(found), failed)


REST_STAGE = ResourceType(
    "AWS::ApiGateway::Stage",
    _find_rest,
    find_reads=_READS,
    changed_by=stage_calls("restapis", "restApiId", "DeleteRestApi"),
    arn="{id}",
)
"""Its id is its ARN, as in AWS Config."""

HTTP_STAGE = ResourceType(
    "AWS::ApiGatewayV2::Stage",
    _find_http,
    find_reads=_READS,
    changed_by=(
        *stage_calls("apis", "apiId", "DeleteApi", "DeleteRouteSettings"),
        api_call("apigateway", "CreateApi", identify=stage_of_new_api),
    ),
    arn="{id}",
)
"""Stages of HTTP and WebSocket APIs; the id is the ARN, as in AWS Config."""


@evidence(REST_STAGE, reads=_READS)
@dataclass(frozen=True, slots=True)
class RestStage:
    """What a stage of a REST API traces and counts, and its variables (a canary's included).

    ``metrics`` says whether all methods are counted one by one (``*/*``), ``uncounted`` are the
    methods whose own settings say otherwise. Sources: GetRestApis and GetStages; GetRestApi and
    GetStage.
    """

    arn: str
    api_name: str
    name: str
    tracing: bool = False
    metrics: bool = False
    uncounted: tuple[str, ...] = ()
    tags: Mapping[str, str] | None = None
    variables: Mapping[str, str] | None = None

    @classmethod
    def load(cls, read: Reader, stage: Resource) -> RestStage:
        api, name = _parts(stage)
        about = read.one("apigateway", "get_rest_api", gone=_GONE, restApiId=api)
        answer = read.one("apigateway", "get_stage", gone=_GONE, restApiId=api, stageName=name)
        return cls.of(stage.id, about, answer)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RestStage]:
        found, failed = rest_stages(read)
        stages = {arn: cls.of(arn, api, stage) for arn, (api, stage) in found.items()}
        return InParts(stages, failed, api_of)

    @classmethod
    def of(cls, arn: str, api: Mapping[str, Any], stage: Mapping[str, Any]) -> RestStage:
        """From a ``RestApi`` and a ``Stage`` of the API."""
        methods: Mapping[str, Mapping[str, Any]] = stage.get("methodSettings") or {}
        canary = (stage.get("canarySettings") or {}).get("stageVariableOverrides") or {}
        counted = {path: bool(each.get("metricsEnabled")) for path, each in methods.items()}
        return cls(
            arn=arn,
            api_name=api.get("name", ""),
            name=stage["stageName"],
            tracing=bool(stage.get("tracingEnabled")),
            metrics=counted.pop("*/*", False),
            uncounted=tuple(sorted(path for path, on in counted.items() if not on)),
            tags=dict(stage.get("tags") or {}),
            variables={
                **(stage.get("variables") or {}),
                **{f"canary/{name}": value for name, value in canary.items()},
            },
        )


@evidence(HTTP_STAGE, reads=_READS)
@dataclass(frozen=True, slots=True)
class HttpStage:
    """What a stage of an HTTP or WebSocket API counts, and its variables.

    ``metrics`` is for the default route, ``uncounted`` are the routes whose own settings say
    otherwise. Sources: GetApis and GetStages; GetStage.
    """

    arn: str
    name: str
    metrics: bool = False
    uncounted: tuple[str, ...] = ()
    tags: Mapping[str, str] | None = None
    variables: Mapping[str, str] | None = None

    @classmethod
    def load(cls, read: Reader, stage: Resource) -> HttpStage:
        api, name = _parts(stage)
        answer = read.one("apigatewayv2", "get_stage", gone=_GONE, ApiId=api, StageName=name)
        return cls.of(stage.id, answer)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, HttpStage]:
        found, failed = _http_stages(read)
        stages = {arn: cls.of(arn, stage) for arn, (_, stage) in found.items()}
        return InParts(stages, failed, api_of)

    @classmethod
    def of(cls, arn: str, stage: Mapping[str, Any]) -> HttpStage:
        """From a ``Stage`` of the API, version 2."""
        routes: Mapping[str, Mapping[str, Any]] = stage.get("RouteSettings") or {}
        off = [key for key, each in routes.items() if not each.get("DetailedMetricsEnabled")]
        default = stage.get("DefaultRouteSettings") or {}
        return cls(
            arn=arn,
            name=stage["StageName"],
            metrics=bool(default.get("DetailedMetricsEnabled")),
            uncounted=tuple(sorted(off)),
            tags=dict(stage.get("Tags") or {}),
            variables=dict(stage.get("StageVariables") or {}),
        )


@evidence(REST_STAGE, reads=(GET_METRIC_DATA,), uses=(RestStage,))
@dataclass(frozen=True, slots=True)
class StageRequests:
    """The requests to a stage of a REST API in the last day, by 5 minutes.

    Source: AWS/ApiGateway Count.
    """

    count: Series

    @classmethod
    def load(cls, read: Reader, stage: Resource) -> StageRequests:
        return cls._of(read, {stage.id: read.of(RestStage, stage)})[stage.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, StageRequests]:
        return cls._of(read, read.those(RestStage))

    @classmethod
    def _of(cls, read: Reader, stages: Mapping[str, RestStage]) -> dict[str, StageRequests]:
        wanted = {arn: {"count": _count(stage)} for arn, stage in stages.items()}
        return {arn: cls(**found) for arn, found in read_each(read, wanted, DAY).items()}

    @property
    def per_second(self) -> float:
        """The requests a second in the busiest 5 minutes."""
        return (self.count.highest or 0.0) / self.count.window.period


def _count(stage: RestStage) -> Query:
    return series("AWS/ApiGateway", "Count", "Sum", ApiName=stage.api_name, Stage=stage.name)
