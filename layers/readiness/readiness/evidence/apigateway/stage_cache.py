"""What API Gateway says of the caches before the stages of REST APIs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readiness.evidence.apigateway.stages import REST_STAGE, api_of, rest_stages
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, WEEK, read_each
from readiness.evidence.parts import InParts
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, series

_DAY = 86_400
_GONE = ("NotFoundException",)


@dataclass(frozen=True, slots=True)
class MethodCache:
    """Whether the answers of a method are cached, and for how many seconds."""

    enabled: bool
    ttl: int


@evidence(REST_STAGE, reads=("apigateway:GET",))
@dataclass(frozen=True, slots=True)
class StageCache:
    """The cache before a stage: whether there is one, and which methods use it.

    ``methods`` go by path and verb as ``/orders/GET``, the default for all as ``*/*``. A cache
    cluster alone caches nothing: a method has to. ``api_name`` is what its metrics are named
    after, ``status`` of the cluster ``AVAILABLE`` when it works. ``is_new``: the stage was changed
    within the last day, perhaps to get its cache.
    Sources: GetRestApis, GetStages, GetRestApi, GetStage.
    """

    api_name: str
    stage: str
    enabled: bool
    status: str = ""
    methods: Mapping[str, MethodCache] | None = None
    is_new: bool = False

    @property
    def cached(self) -> dict[str, MethodCache]:
        """The methods whose answers are cached."""
        return {name: each for name, each in (self.methods or {}).items() if each.enabled}

    @classmethod
    def load(cls, read: Reader, stage: Resource) -> StageCache:
        api, _, name = stage.id.partition("/restapis/")[2].partition("/stages/")
        about = read.one("apigateway", "get_stage", gone=_GONE, restApiId=api, stageName=name)
        if not about.get("cacheClusterEnabled"):
            return cls.of("", about, read.now)
        found = read.one("apigateway", "get_rest_api", gone=_GONE, restApiId=api)
        return cls.of(found.get("name", ""), about, read.now)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, StageCache]:
        found, failed = rest_stages(read)
        caches = {
            arn: cls.of(api.get("name", ""), stage, read.now)
            for arn, (api, stage) in found.items()
        }
        return InParts(caches, failed, api_of)

    @classmethod
    def of(cls, api_name: str, answer: Mapping[str, Any], now: datetime) -> StageCache:
        """From a ``Stage`` of the API."""
        changed: datetime | None = answer.get("lastUpdatedDate")
        settings = answer.get("methodSettings") or {}
        return cls(
            api_name,
            answer["stageName"],
            enabled=bool(answer.get("cacheClusterEnabled")),
            status=answer.get("cacheClusterStatus", ""),
            is_new=changed is not None and now - changed < timedelta(days=1),
            methods={
                name.replace("~1", "/"): MethodCache(
                    bool(each.get("cachingEnabled")), each.get("cacheTtlInSeconds", 300)
                )
                for name, each in settings.items()
            },
        )


@evidence(REST_STAGE, reads=(GET_METRIC_DATA,), uses=(StageCache,))
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
        return cls._of(read, read.those(StageCache))

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
