"""Where in a resource plain text may contain a credential, and what is found there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from readiness.evidence.codebuild import BuildEnvironment
from readiness.evidence.ecs.task_definitions import Container
from readiness.evidence.user_data import UserData
from readiness.model.text import listed
from readiness.model.verdict import Verdict, cannot_tell
from readiness.semantics.credential_text import (
    suspects_in_command,
    suspects_in_document,
    suspects_in_specification,
    suspects_in_text,
    suspects_in_value,
)
from readiness.semantics.credentials import Suspicion

from .plain_text import judge_plain_text
from .settings import PlainTextSettings


class _How(TypedDict):
    min_entropy: float
    ignore: tuple[str, ...]


def _how(settings: PlainTextSettings) -> _How:
    return {"min_entropy": settings.min_entropy, "ignore": settings.ignore_patterns}


def in_variables(
    variables: Mapping[str, str] | None, settings: PlainTextSettings
) -> list[Suspicion]:
    """What is suspected in variables, each by its name."""
    return [
        suspicion
        for name, value in (variables or {}).items()
        for suspicion in suspects_in_value(name, value, **_how(settings))
    ]


def in_options(options: Mapping[str, str] | None, settings: PlainTextSettings) -> list[Suspicion]:
    """What is suspected in options, whose key is ``place/name``."""
    found = []
    for place, value in (options or {}).items():
        folder, _, name = place.rpartition("/")
        found += [each.within(folder) for each in in_variables({name: value}, settings)]
    return found


def in_containers(
    containers: Sequence[Container],
    options: Mapping[str, str] | None,
    settings: PlainTextSettings,
) -> list[Suspicion]:
    """What is suspected anywhere in containers and in the options of what defines them."""
    found = [
        suspicion.within(container.name)
        for container in containers
        for suspicion in _in_container(container, settings)
    ]
    return found + in_options(options, settings)


def texts_of(containers: Sequence[Container]) -> int:
    """How many texts beside variables the containers have."""
    return sum(
        len(container.options) + sum(bool(words) for words in container.commands.values())
        for container in containers
    )


def _in_container(container: Container, settings: PlainTextSettings) -> list[Suspicion]:
    found = in_variables(container.environment, settings)
    for place, words in container.commands.items():
        found += suspects_in_command(place, words, **_how(settings))
    return found + in_options(container.options, settings)


def in_build_sources(project: BuildEnvironment, settings: PlainTextSettings) -> list[Suspicion]:
    """What is suspected in the build specifications and locations of a project's sources."""
    return in_specifications(project.sources, settings)


def in_document(document: Any, settings: PlainTextSettings) -> list[Suspicion]:
    """What is suspected in a JSON document, by the names on the way to it."""
    return suspects_in_document(document, **_how(settings))


def in_text(place: str, text: str, settings: PlainTextSettings) -> list[Suspicion]:
    """What is suspected in a script."""
    return suspects_in_text(place, text, **_how(settings))


def in_specifications(texts: Mapping[str, str], settings: PlainTextSettings) -> list[Suspicion]:
    """What is suspected in texts that are JSON or a script, each by its place."""
    return [
        suspicion
        for place, text in texts.items()
        for suspicion in suspects_in_specification(place, text, **_how(settings))
    ]


def judge_scripts(
    scripts: Sequence[UserData], settings: PlainTextSettings, nothing: str
) -> Verdict:
    """The verdict on the user data of instances; ``nothing`` is the reason where there is none."""
    found = [
        suspicion
        for script in scripts
        if script.text
        for suspicion in in_text(f"{script.source}/UserData", script.text, settings)
    ]
    unread = [script.source for script in scripts if script.text is None]
    if unread and not found:
        return cannot_tell(f"The user data of {listed(unread)} could not be decoded.")
    return judge_plain_text(found, texts=len(scripts), nothing=nothing)


def judge_stage(variables: Mapping[str, str] | None, plain_text: PlainTextSettings) -> Verdict:
    """The verdict on the variables of a stage of API Gateway."""
    found = in_options(variables, plain_text)
    count = len(variables or {})
    return judge_plain_text(
        found, variables=count, kind="stage variable", nothing="The stage has no variables."
    )
