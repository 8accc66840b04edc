"""The layers of the versions of a function that callers reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.evidence.awslambda.functions import (
    FUNCTION,
    LATEST,
)
from readiness.evidence.awslambda.numbered import NumberedVersions
from readiness.evidence.awslambda.settings import FunctionLayers
from readiness.evidence.awslambda.versions import (
    FunctionAliases,
    published_configurations,
)
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    FUNCTION,
    reads=("lambda:GetFunctionConfiguration", "lambda:ListAliases"),
    uses=(FunctionLayers, NumberedVersions),
)
@dataclass(frozen=True, slots=True)
class ReachedLayers:
    """The ARNs of the layers of each version that callers reach.

    A published version keeps the layers that the function had then. That an alias leads to
    another version waits for the sweep. Sources: those of FunctionLayers, ListAliases, and
    GetFunctionConfiguration of each published version.
    """

    name: str
    of: Mapping[str, tuple[str, ...]]
    master_arn: str = ""

    @classmethod
    def load(cls, read: Reader, function: Resource) -> ReachedLayers:
        latest = read.of(FunctionLayers, function)
        aliases = FunctionAliases.load(read, function).all
        numbered = read.of(NumberedVersions, function).all
        is_managed = bool(latest.capacity_provider)
        published = published_configurations(
            read, function.id, aliases, numbered, is_managed=is_managed
        )
        every = {LATEST: latest, **published}
        layers = {version: about.layers for version, about in every.items()}
        return cls(function.id, layers, latest.master_arn)

    def without(self, name: str) -> tuple[str, ...]:
        """The versions that have no layer with a text in its ARN."""
        return tuple(
            version for version, arns in self.of.items() if not any(name in arn for arn in arns)
        )
