"""What API Gateway says of the stages of REST APIs and of the caches before them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.aws import Reader
from readiness.evidence import Json, ResourceType, api_call, evidence
from readiness.evidence.metrics import GET_METRIC_DATA, WEEK, read_each
from readiness.metrics import Query, series
from readiness.resource import Resource

_DAY = 86_400


def _apis(read: Reader) -> dict[str, str]:
    """The name of each REST API, by id."""
    listed = read.every("apigateway", "get_rest_apis", "items")
    return {api["id"]: api.get("name", "") for api in listed}


def _stages(read: Reader) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Each stage with the id and the name of its API: one call for each API."""
    apis = _apis(read)
    return [
        (id, apis[id], stage)
        for id in apis
        for stage in read.one("apigateway", "get_stages", restApiId=id).get("item") or ()
    ]


def _find(read: Reader) -> Iterable[str]:
    return [f"{api}/stages/{stage['stageName']}" for api, _, stage in _stages(read)]


def stage_id(value: str) -> str | None:
    """``api/stages/stage`` out of an ARN that ends in ``/restapis/api/stages/stage``."""
    found = value.partition("/restapis/")[2]
    api, _, stage = found.partition("/stages/")
    return found if api and stage else None


def _identify(item: Json) -> str | None:
    return stage_id(str(item.get("resourceId") or "")) or stage_id(str(item.get("ARN") or ""))


STAGE = ResourceType(
    "AWS::ApiGateway::Stage",
    _find,
    find_reads=("apigateway:GET",),
    changed_by=(
        api_call("apigateway", "CreateStage", "UpdateStage", "DeleteStage", "CreateDeployment"),
    ),
    identify=_identify,
    arn="arn:{partition}:apigateway:{region}::/restapis/{id}",
)
"""Its id is ``api/stages/stage``, the end of its ARN."""


@dataclass(frozen=True, slots=True)
class MethodCache:
    """Whether the answers of a method are cached, and for how many seconds."""

    enabled: bool
    ttl: int


@evidence(STAGE, reads=("apigateway:GET",))
@dataclass(frozen=True, slots=True)
class StageCache:
    """The cache before a stage: whether there is one, and which methods use it.

    ``methods`` go by path and verb as ``/orders/GET``, the default for all as ``*/*``. A cache
    cluster alone caches nothing: a method has to. ``api_name`` is what its metrics are named
    after, ``status`` of the cluster ``AVAILABLE`` when it works.
    Sources: GetRestApis, GetStages, GetRestApi, GetStage.
    """

    api_id: str
    api_name: str
    stage: str
    enabled: bool
    status: str = ""
    methods: Mapping[str, MethodCache] | None = None

    @property
    def cached(self) -> dict[str, MethodCache]:
        """The methods whose answers are cached."""
        return {name: each for name, each in (self.methods or {}).items() if each.enabled}

    @classmethod
    def load(cls, read: Reader, stage: Resource) -> StageCache:
        api, _, name = stage.id.partition("/stages/")
        gone = ("NotFoundException",)
        about = read.one("apigateway", "get_stage", gone=gone, restApiId=api, stageName=name)
        api_name = ""
        if about.get("cacheClusterEnabled"):
            found = read.one("apigateway", "get_rest_api", gone=gone, restApiId=api)
            api_name = found.get("name", "")
        return cls.of(api, api_name, about)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, StageCache]:
        found = [cls.of(api, name, stage) for api, name, stage in _stages(read)]
        return {f"{each.api_id}/stages/{each.stage}": each for each in found}

    @classmethod
    def of(cls, api_id: str, api_name: str, answer: Mapping[str, Any]) -> StageCache:
        """From a ``Stage`` of the API."""
        settings = answer.get("methodSettings") or {}
        return cls(
            api_id,
            api_name,
            answer["stageName"],
            enabled=bool(answer.get("cacheClusterEnabled")),
            status=answer.get("cacheClusterStatus", ""),
            methods={
                name.replace("~1", "/"): MethodCache(
                    bool(each.get("cachingEnabled")), each.get("cacheTtlInSeconds", 300)
                )
                for name, each in settings.items()
            },
        )


@evidence(STAGE, reads=(GET_METRIC_DATA, "apigateway:GET"), uses=(StageCache,))
@dataclass(frozen=True, slots=True)
class StageLookups:
    """How often a stage's cache was asked in a week, and how often it knew.

    None where CloudWatch has nothing, as for every stage without a cache, which is not asked
    about. Source: GetMetricData.
    """

    hits: float | None = None
    misses: float | None = None
    requests: float | None = None

    @classmethod
    def load(cls, read: Reader, stage: Resource) -> StageLookups:
        return cls._of(read, {stage.id: read.of(StageCache, stage)})[stage.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, StageLookups]:
        return cls._of(read, StageCache.load_all(read))

    @classmethod
    def _of(cls, read: Reader, stages: Mapping[str, StageCache]) -> dict[str, StageLookups]:
        wanted = {id: _queries(stage) for id, stage in stages.items() if stage.enabled}
        found = read_each(read, wanted, WEEK, period=_DAY) if wanted else {}
        return {
            id: cls(**{name: each.total for name, each in found[id].items()})
            if id in found
            else cls()
            for id in stages
        }


def _queries(stage: StageCache) -> dict[str, Query]:
    on = {"ApiName": stage.api_name, "Stage": stage.stage}
    return {
        "hits": series("AWS/ApiGateway", "CacheHitCount", "Sum", **on),
        "misses": series("AWS/ApiGateway", "CacheMissCount", "Sum", **on),
        "requests": series("AWS/ApiGateway", "Count", "Sum", **on),
    }
