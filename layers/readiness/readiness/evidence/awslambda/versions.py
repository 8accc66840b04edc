"""The aliases of a function, and the versions that callers reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.evidence.awslambda.functions import (
    CONFIGURED,
    DEPLOYED,
    FUNCTION,
    FUNCTION_GONE,
    LATEST,
    LATEST_PUBLISHED,
    FunctionConfiguration,
    function_call,
    moment,
)
from readiness.evidence.iam.principals import ROLE
from readiness.evidence.kms.keys import key_resource
from readiness.model.evidence import evidence, last_segment
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


def reached_versions(aliases: Iterable[Alias], *, is_managed: bool) -> list[str]:
    """The published versions that callers reach through aliases, or without any qualifier.

    ``is_managed``: the function runs on Lambda Managed Instances.
    """
    named = {version for alias in aliases for version in alias.versions} - {LATEST}
    return sorted(named | ({LATEST_PUBLISHED} if is_managed else set()))


@dataclass(frozen=True, slots=True)
class DeployedVersion:
    """One version with its state, and ``flaws``: what Lambda itself says is wrong with it."""

    configuration: FunctionConfiguration
    flaws: tuple[str, ...] = ()

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> DeployedVersion:
        """From GetFunctionConfiguration."""
        flaws = []
        for part, about in (
            ("ImageConfigResponse", "image configuration"),
            ("RuntimeVersionConfig", "runtime version"),
        ):
            error = (answer.get(part) or {}).get("Error") or {}
            if error:
                said = error.get("Message") or error.get("ErrorCode") or "no reason given"
                flaws.append(f"Lambda could not apply its {about}: {said}.")
        return cls(FunctionConfiguration.of(answer), tuple(flaws))

    @property
    def modified(self) -> datetime | None:
        """When it was last changed; for a published version, when it was published."""
        return moment(self.configuration.last_modified)


@evidence(
    FUNCTION,
    reads=("lambda:GetFunctionConfiguration",),
    uses=(FunctionAliases,),
    changed_by=(CONFIGURED, DEPLOYED, function_call("PublishVersion")),
)
@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """The versions that callers can reach: the unpublished one and those that aliases lead to.

    On Lambda Managed Instances also ``$LATEST.PUBLISHED``. ``missing`` are versions that an alias
    names and that do not exist. ``roles`` and ``keys`` are the execution roles and the keys of the
    environments: a published version keeps its own. ``read_at`` is when this was asked.
    Sources: GetFunctionConfiguration of each version (ListFunctions tells no state), ListAliases.
    """

    versions: Mapping[str, DeployedVersion]
    aliases: tuple[Alias, ...]
    read_at: datetime
    roles: tuple[Resource, ...] = ()
    keys: tuple[Resource, ...] = ()
    missing: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, function: Resource) -> DeployedFunction:
        latest = read.one(
            "lambda", "get_function_configuration", gone=FUNCTION_GONE, FunctionName=function.id
        )
        aliases = read.of(FunctionAliases, function).all
        unpublished = DeployedVersion.of(latest)
        is_managed = bool(unpublished.configuration.capacity_provider)
        published = reached_versions(aliases, is_managed=is_managed)
        answers = {version: version_of(read, function.id, version) for version in published}
        found = {v: DeployedVersion.of(answer) for v, answer in answers.items() if answer}
        named = {version for alias in aliases for version in alias.versions} - {LATEST}
        every = [latest, *(answer for answer in answers.values() if answer)]
        roles = {last_segment(each.get("Role", "")) or "" for each in every} - {""}
        keys = dict.fromkeys(each.get("KMSKeyArn") or "" for each in every)
        return cls(
            versions={LATEST: unpublished, **found},
            aliases=aliases,
            read_at=read.now,
            roles=tuple(ROLE.resource(read.account, read.region, role) for role in sorted(roles)),
            keys=tuple(key for arn in keys if (key := key_resource(read, arn))),
            missing=tuple(sorted(named - found.keys())),
        )

    def behind(self, alias: str) -> Mapping[str, DeployedVersion]:
        """The versions an alias leads to; all of them where it is empty or there is none."""
        named = next((each for each in self.aliases if each.name == alias), None)
        if named is None:
            return self.versions
        return {v: self.versions[v] for v in named.versions if v in self.versions}


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
    read: Reader, name: str, aliases: Iterable[Alias], *, is_managed: bool = False
) -> dict[str, FunctionConfiguration]:
    """The published versions that callers reach, with what each has kept from when it was made.

    One that an alias names and that does not exist is left out. Source: GetFunctionConfiguration.
    """
    reached = reached_versions(aliases, is_managed=is_managed)
    answers = {version: version_of(read, name, version) for version in reached}
    return {v: FunctionConfiguration.of(answer) for v, answer in answers.items() if answer}


def published(read: Reader, name: str, version: str) -> str:
    """When a version was published, as Lambda writes it; empty for one that is gone."""
    found = version_of(read, name, version) or {}
    return str(found.get("LastModified", ""))
