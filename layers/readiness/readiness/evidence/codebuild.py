"""What CodeBuild says of a project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from readiness.model.evidence import Json, ResourceType, api_call, evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_AT_ONCE = 100


def _find(read: Reader) -> Iterable[str]:
    return [str(name) for name in read.every("codebuild", "list_projects", "projects")]


def _project_name(item: Json) -> str | None:
    """AWS Config's id of a project is its ARN."""
    name = item.get("resourceName") or item.get("resourceId")
    return last_segment(name) if isinstance(name, str) and name else None


PROJECT = ResourceType(
    "AWS::CodeBuild::Project",
    _find,
    find_reads=("codebuild:ListProjects",),
    changed_by=(
        api_call(
            "codebuild",
            "CreateProject",
            "UpdateProject",
            "DeleteProject",
            id="requestParameters.name",
            normalise=last_segment,
        ),
    ),
    identify=_project_name,
    config_id="arn:{partition}:codebuild:{region}:{account}:project/{id}",
    arn="arn:{partition}:codebuild:{region}:{account}:project/{id}",
)


@dataclass(frozen=True, slots=True)
class BuildVariable:
    """A variable of the build; ``kind`` is PLAINTEXT, PARAMETER_STORE or SECRETS_MANAGER."""

    name: str
    value: str
    kind: str = "PLAINTEXT"


@evidence(PROJECT, reads=("codebuild:BatchGetProjects", "codebuild:ListProjects"))
@dataclass(frozen=True, slots=True)
class BuildEnvironment:
    """The variables that every build of the project starts with, and where its source is.

    ``sources`` are the build specifications (inline text, or the name of a file) and locations
    of the source and the secondary sources, by ``place``. Source: BatchGetProjects, a hundred
    projects a call.
    """

    variables: tuple[BuildVariable, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, project: Resource) -> BuildEnvironment:
        found = _described(read, [project.id])
        if not found:
            raise Gone(project.id)
        return cls.of(found[0])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, BuildEnvironment]:
        names = list(_find(read))
        batches = [names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE)]
        return {
            project["name"]: cls.of(project)
            for batch in batches
            for project in _described(read, batch)
        }

    @classmethod
    def of(cls, project: Mapping[str, Any]) -> BuildEnvironment:
        """From a ``Project`` of the API."""
        environment = project.get("environment") or {}
        return cls(
            tuple(
                BuildVariable(v["name"], v.get("value", ""), v.get("type", "PLAINTEXT"))
                for v in environment.get("environmentVariables") or ()
            ),
            dict(_sources(project)),
        )


def _sources(project: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    sources = [project.get("source") or {}, *(project.get("secondarySources") or ())]
    for source in sources:
        place = source.get("sourceIdentifier") or "source"
        if buildspec := source.get("buildspec"):
            yield f"{place}/buildspec", buildspec
        if location := source.get("location"):
            yield f"{place}/location", location


def _described(read: Reader, names: list[str]) -> list[Any]:
    answer = read.one("codebuild", "batch_get_projects", names=names)
    return list(answer.get("projects") or ())
