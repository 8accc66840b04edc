"""Which stage an API call concerns, as CloudTrail records it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from readiness.model.event_fields import partition_of_caller, request_of
from readiness.model.evidence import ApiCall, Json, api_call, at

_APIGATEWAY = "apigateway.amazonaws.com"
_IN_THE_BODY = ("createStageInput", "createDeploymentInput")
_OTHER = {"restApiId": "apiId", "apiId": "restApiId"}


def stage_calls(kind: str, member: str, delete: str, *names: str) -> tuple[ApiCall, ...]:
    """The calls that change stages of one kind of API, ``restapis`` or ``apis``.

    ``member`` is the parameter with the API's id, by which the calls of the two kinds are told
    apart: they share their names. ``delete`` ends an API with its stages.
    """
    return (
        api_call(
            "apigateway",
            "CreateStage",
            "UpdateStage",
            "DeleteStage",
            "CreateDeployment",
            *names,
            identify=_stage_of(kind, member),
        ),
        ApiCall(_APIGATEWAY, (delete,), identify=_stages_of(kind, member), ends_parts=True),
    )


def stage_of_new_api(detail: Json) -> str | None:
    """The stage that CreateApi makes where it is given a target ("quick create")."""
    request = request_of(detail)
    if request is not None and not _target(request):
        return None
    return _arns(detail, "apis", at(detail, "responseElements.apiId"), "$default")


def _target(request: Json) -> object:
    body = request.get("createApiInput")
    return request.get("target") or (body.get("target") if isinstance(body, Mapping) else None)


def _stage_of(kind: str, member: str) -> Callable[[Json], str | None]:
    def stage(detail: Json) -> str | None:
        request = request_of(detail)
        if request is None:
            return ""
        if request.get(_OTHER[member]) and not request.get(member):
            return None
        name = _name(request)
        return _arns(detail, kind, request.get(member), name) if name else ""

    return stage


def _stages_of(kind: str, member: str) -> Callable[[Json], str]:
    return lambda detail: _arns(detail, kind, at(detail, f"requestParameters.{member}"))


def _name(request: Json) -> str:
    """The stage's name, from the path of the request or from its body."""
    for part in (request, *(request.get(each) for each in _IN_THE_BODY)):
        name = part.get("stageName") if isinstance(part, Mapping) else None
        if isinstance(name, str) and name:
            return name
    return ""


def _arns(detail: Json, kind: str, api: object, stage: str = "") -> str:
    """The ARN of a stage, or how those of the API's stages begin; empty where none is told."""
    region, partition = at(detail, "awsRegion"), partition_of_caller(detail)
    if not (partition and isinstance(api, str) and api and isinstance(region, str) and region):
        return ""
    return f"arn:{partition}:apigateway:{region}::/{kind}/{api}/stages/{stage}"
