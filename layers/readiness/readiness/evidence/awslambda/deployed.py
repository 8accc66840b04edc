"""The versions of a function that callers reach, with the state of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from readiness.evidence.awslambda.event_sources import MAPPING_CALLS
from readiness.evidence.awslambda.functions import (
    CONFIGURED,
    DEPLOYED,
    FUNCTION,
    FUNCTION_GONE,
    LATEST,
    FunctionConfiguration,
    function_call,
    moment,
)
from readiness.evidence.awslambda.invoked import InvokedVersions
from readiness.evidence.awslambda.numbered import NumberedVersions, by_function
from readiness.evidence.awslambda.versions import (
    Alias,
    FunctionAliases,
    reached_versions,
    version_of,
)
from readiness.evidence.cloudfront import edge_versions
from readiness.evidence.iam.principals import ROLE
from readiness.evidence.kms.keys import key_resource
from readiness.model.evidence import evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@dataclass(frozen=True, slots=True)
class DeployedVersion:
    """One version with its state, and ``flaws``: what Lambda itself says is wrong with it.

    ``updates`` is when its runtime is patched: ``Auto``, ``FunctionUpdate``, ``Manual``; empty
    where that was not asked.
    """

    configuration: FunctionConfiguration
    flaws: tuple[str, ...] = ()
    updates: str = ""

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
    reads=(
        "cloudfront:ListDistributions",
        "lambda:GetFunctionConfiguration",
        "lambda:GetRuntimeManagementConfig",
    ),
    uses=(FunctionAliases, InvokedVersions, NumberedVersions),
    changed_by=(
        CONFIGURED,
        DEPLOYED,
        function_call("PublishVersion", "PutRuntimeManagementConfig"),
        MAPPING_CALLS,
    ),
)
@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """The versions that callers can reach: the unpublished one and those that aliases lead to.

    Also those that an event source mapping or CloudFront names by number, or that anything else
    keeps invoking by number, and on Lambda Managed Instances ``$LATEST.PUBLISHED``. A changed
    distribution is seen by the sweep: its event names no function. ``missing`` are versions that
    an alias names and that do not exist. ``roles`` and ``keys`` are the execution roles and the
    keys of the environments: a published version keeps its own. ``read_at`` is when this was
    asked. Who patches the runtime is asked of published versions, and of the unpublished one if
    there is no other; images bring their own. Sources: GetFunctionConfiguration of each version
    (ListFunctions tells no state), ListAliases, ListEventSourceMappings, ListDistributions,
    ListMetrics, GetMetricData, GetRuntimeManagementConfig.
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
        numbered = (
            *read.of(NumberedVersions, function).all,
            *read.of(InvokedVersions, function).all,
            *_at_the_edge(read, function.id),
        )
        published = reached_versions(aliases, numbered, is_managed=is_managed)
        answers = {version: version_of(read, function.id, version) for version in published}
        found = {v: DeployedVersion.of(answer) for v, answer in answers.items() if answer}
        if found:
            found = {v: _patched(read, function.id, v, each) for v, each in found.items()}
        else:
            unpublished = _patched(read, function.id, LATEST, unpublished)
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


def _patched(read: Reader, name: str, version: str, deployed: DeployedVersion) -> DeployedVersion:
    """The version with the mode in which its runtime is updated."""
    about = deployed.configuration
    if not about.runtime or about.master_arn:
        return deployed
    answer = read.one(
        "lambda",
        "get_runtime_management_config",
        absent=FUNCTION_GONE,
        FunctionName=name,
        Qualifier=version,
    )
    return replace(deployed, updates=(answer or {}).get("UpdateRuntimeOn", ""))


def _at_the_edge(read: Reader, name: str) -> tuple[str, ...]:
    """The versions that CloudFront runs: nothing but what distributions name by number."""
    if read.region != read.home("cloudfront"):
        return ()
    found = read.made_once(
        "versions at the edge by function", lambda read: by_function(read, edge_versions(read))
    )
    return found.get(name, ())
