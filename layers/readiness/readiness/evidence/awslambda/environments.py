"""The environment variables of the versions of a function that callers reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.evidence.awslambda.functions import FUNCTION, LATEST, configured
from readiness.evidence.awslambda.invoked import InvokedVersions
from readiness.evidence.awslambda.numbered import NumberedVersions
from readiness.evidence.awslambda.settings import FunctionVariables
from readiness.evidence.awslambda.versions import FunctionAliases, published_configurations
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    FUNCTION,
    reads=("lambda:GetFunctionConfiguration",),
    uses=(FunctionVariables, FunctionAliases, InvokedVersions, NumberedVersions),
    changed_by=(configured("capacityproviderconfig"),),
)
@dataclass(frozen=True, slots=True)
class RunEnvironments:
    """The environment of each version that callers reach: unpublished, by an alias or by number.

    None for a version whose environment Lambda could not decrypt; ``error`` is why, of the first
    one. On Lambda Managed Instances a call without a qualifier reaches ``$LATEST.PUBLISHED``.
    Sources: ListFunctions or GetFunctionConfiguration, and of each published version
    GetFunctionConfiguration; those of `InvokedVersions`.
    """

    of: Mapping[str, Mapping[str, str] | None]
    master_arn: str = ""
    error: str = ""

    @property
    def hidden(self) -> tuple[str, ...]:
        """The versions whose environment is not known."""
        return tuple(sorted(version for version, found in self.of.items() if found is None))

    @classmethod
    def load(cls, read: Reader, function: Resource) -> RunEnvironments:
        latest = read.of(FunctionVariables, function)
        aliases = read.of(FunctionAliases, function).all
        numbered = (
            *read.of(NumberedVersions, function).all,
            *read.of(InvokedVersions, function).all,
        )
        is_managed = bool(latest.capacity_provider)
        published = published_configurations(
            read, function.id, aliases, numbered, is_managed=is_managed
        )
        found = {LATEST: latest, **published}
        errors = (each.environment_error for each in found.values() if each.environment is None)
        return cls(
            {version: each.environment for version, each in found.items()},
            latest.master_arn,
            next(errors, ""),
        )
