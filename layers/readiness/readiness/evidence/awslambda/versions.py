"""The aliases of a function, and the versions that callers reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.awslambda.functions import (
    FUNCTION,
    FUNCTION_GONE,
    LATEST,
    LATEST_PUBLISHED,
    FunctionConfiguration,
    function_call,
)
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for a version; ``weights`` are the shares that other versions get instead.

    A version whose share is 0, as tools leave it after a canary, gets nothing and is left out.
    """

    name: str
    version: str
    weights: Mapping[str, float]

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version it leads to: with a share of all for another, not its own."""
        own = () if sum(self.weights.values()) >= 1 else (self.version,)
        return (*own, *self.weights)


@evidence(
    FUNCTION,
    reads=("lambda:ListAliases",),
    changed_by=(function_call("CreateAlias", "UpdateAlias", "DeleteAlias"),),
)
@dataclass(frozen=True, slots=True)
class FunctionAliases:
    """The aliases of the function. Source: ListAliases."""

    all: tuple[Alias, ...]

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionAliases:
        found = read.every(
            "lambda", "list_aliases", "Aliases", gone=FUNCTION_GONE, FunctionName=function.id
        )
        return cls(
            tuple(
                Alias(
                    name=alias["Name"],
                    version=alias["FunctionVersion"],
                    weights={
                        version: share
                        for version, share in (
                            (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
                            or {}
                        ).items()
                        if share
                    },
                )
                for alias in found
            )
        )

    def named(self, name: str) -> Alias | None:
        """The alias of that name."""
        return next((alias for alias in self.all if alias.name == name), None)


def reached_versions(
    aliases: Iterable[Alias], numbered: Iterable[str] = (), *, is_managed: bool
) -> list[str]:
    """The published versions that callers reach: by an alias, by number, or without a qualifier.

    ``numbered`` are those that something names by number. ``is_managed``: the function runs on
    Lambda Managed Instances.
    """
    named = {version for alias in aliases for version in alias.versions} - {LATEST}
    return sorted({*named, *numbered} | ({LATEST_PUBLISHED} if is_managed else set()))


def version_of(read: Reader, name: str, version: str) -> Any:
    """GetFunctionConfiguration of one version; None where there is no such version."""
    return read.one(
        "lambda",
        "get_function_configuration",
        absent=FUNCTION_GONE,
        FunctionName=name,
        Qualifier=version,
    )


def published_configurations(
    read: Reader,
    name: str,
    aliases: Iterable[Alias],
    numbered: Iterable[str] = (),
    *,
    is_managed: bool = False,
) -> dict[str, FunctionConfiguration]:
    """The published versions that callers reach, with what each has kept from when it was made.

    ``numbered`` are those that something names by number. One that is named and does not exist is
    left out. Source: GetFunctionConfiguration.
    """
    reached = reached_versions(aliases, numbered, is_managed=is_managed)
    answers = {version: version_of(read, name, version) for version in reached}
    return {v: FunctionConfiguration.of(answer) for v, answer in answers.items() if answer}


def published(read: Reader, name: str, version: str) -> str:
    """When a version was published, as Lambda writes it; empty for one that is gone."""
    found = version_of(read, name, version) or {}
    return str(found.get("LastModified", ""))
