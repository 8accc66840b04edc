"""The sizes of the versions of a function that run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.awslambda.functions import (
    FUNCTION,
    LATEST,
    FunctionConfiguration,
    moment,
)
from readiness.evidence.awslambda.numbered import NumberedVersions
from readiness.evidence.awslambda.settings import FunctionCapacity
from readiness.evidence.awslambda.versions import (
    Alias,
    FunctionAliases,
    published_configurations,
)
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, WEEK
from readiness.evidence.cloudwatch.kept import LIST_METRICS, read_each_published
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, series

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Size:
    """What a version was given: memory in MiB, architecture, timeout in seconds.

    ``modified`` is when it was last changed, or published; None where Lambda does not tell.
    """

    memory: int
    architecture: str
    timeout: int
    modified: datetime | None = None

    @classmethod
    def of(cls, about: FunctionConfiguration) -> Size:
        """That of one version."""
        return cls(
            about.memory_size, about.architectures[0], about.timeout, moment(about.last_modified)
        )


@evidence(
    FUNCTION,
    reads=(GET_METRIC_DATA, LIST_METRICS, "lambda:GetFunctionConfiguration"),
    uses=(FunctionCapacity, FunctionAliases, NumberedVersions),
)
@dataclass(frozen=True, slots=True)
class RunSizes:
    """The size of each version that runs, by version.

    A published version keeps the size that the function had then. Where aliases lead to such
    versions and the unpublished one has another size, that counts only if it may run: if the
    aliases did not get all invocations of the last week. On Lambda Managed Instances it cannot be
    invoked. Sources: those of FunctionCapacity, ListAliases, GetFunctionConfiguration of each
    published version, and GetMetricData of AWS/Lambda Invocations by alias.
    """

    of: Mapping[str, Size]

    @classmethod
    def load(cls, read: Reader, function: Resource) -> RunSizes:
        latest = read.of(FunctionCapacity, function)
        unpublished = Size.of(latest)
        if latest.master_arn:
            return cls({LATEST: unpublished})
        aliases = read.of(FunctionAliases, function).all
        is_managed = bool(latest.capacity_provider)
        numbered = read.of(NumberedVersions, function).all
        found = published_configurations(
            read, function.id, aliases, numbered, is_managed=is_managed
        )
        published = {version: Size.of(about) for version, about in found.items()}
        if published and not _may_run(
            read, function.id, aliases, unpublished, published, is_managed=is_managed
        ):
            return cls(published)
        return cls({LATEST: unpublished, **published})


def _may_run(
    read: Reader,
    name: str,
    aliases: Iterable[Alias],
    unpublished: Size,
    published: Mapping[str, Size],
    *,
    is_managed: bool,
) -> bool:
    """Whether the unpublished version may run; asked only where its size makes a difference."""
    if is_managed:
        return False
    same = {(each.memory, each.architecture, each.timeout) for each in published.values()}
    if any(LATEST in alias.versions for alias in aliases) or same == {
        (unpublished.memory, unpublished.architecture, unpublished.timeout)
    }:
        return True
    wanted = {LATEST: _invocations(FunctionName=name)}
    wanted |= {
        alias.name: _invocations(FunctionName=name, Resource=f"{name}:{alias.name}")
        for alias in aliases
    }
    found = read_each_published(read, {name: wanted}, WEEK, period=_HOUR)[name]
    counts = {each: measured.total or 0.0 for each, measured in found.items()}
    return counts.pop(LATEST) > sum(counts.values())


def _invocations(**dimensions: str) -> Query:
    return series("AWS/Lambda", "Invocations", "Sum", **dimensions)
