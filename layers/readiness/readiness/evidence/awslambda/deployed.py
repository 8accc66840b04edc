"""The versions of a function that callers reach, with the state of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    function_name,
    moment,
)
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
from readiness.semantics.polling import is_off


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
    reads=(
        "cloudfront:ListDistributions",
        "lambda:GetFunctionConfiguration",
        "lambda:ListEventSourceMappings",
    ),
    uses=(FunctionAliases,),
    changed_by=(CONFIGURED, DEPLOYED, function_call("PublishVersion"), MAPPING_CALLS),
)
@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """The versions that callers can reach: the unpublished one and those that aliases lead to.

    Also those that an event source mapping or CloudFront names by number, and on Lambda Managed
    Instances ``$LATEST.PUBLISHED``. A changed distribution is seen by the sweep: its event names
    no function. ``missing`` are versions that an alias
    names and that do not exist. ``roles`` and ``keys`` are the execution roles and the keys of the
    environments: a published version keeps its own. ``read_at`` is when this was asked.
    Sources: GetFunctionConfiguration of each version (ListFunctions tells no state), ListAliases,
    ListEventSourceMappings, ListDistributions.
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
        published = dict.fromkeys(
            [
                *reached_versions(aliases, is_managed=is_managed),
                *sorted(_numbered(read, function.id)),
            ]
        )
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


def _numbered(read: Reader, name: str) -> frozenset[str]:
    """The published versions of a function that something names by number, without an alias.

    What else may do so, as a rule or an API, is not listed by the version that it names.
    """
    arns = [
        str(mapping.get("FunctionArn") or "")
        for mapping in read.every("lambda", "list_event_source_mappings", "EventSourceMappings")
        if not is_off(mapping.get("State"))
    ]
    if read.region == read.home("cloudfront"):
        arns += edge_versions(read)
    qualified = (arn.split(":") for arn in arns if function_name(arn) == name)
    return frozenset(
        parts[7]
        for parts in qualified
        if len(parts) > 7 and parts[4] == read.account and parts[7].isdecimal()
    )
