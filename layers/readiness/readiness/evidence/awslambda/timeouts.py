"""How long the versions of a function that callers reach may run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from readiness.evidence.awslambda.functions import FUNCTION, LATEST
from readiness.evidence.awslambda.numbered import NumberedVersions
from readiness.evidence.awslambda.settings import FunctionTimeout
from readiness.evidence.awslambda.versions import FunctionAliases, published_configurations
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    FUNCTION,
    reads=("lambda:GetFunctionConfiguration",),
    uses=(FunctionTimeout, FunctionAliases, NumberedVersions),
)
@dataclass(frozen=True, slots=True)
class ReachedTimeouts:
    """The timeout in seconds of each version that callers reach, and what aliases lead to.

    A published version keeps the timeout that the function had then. ``fed`` are versions that no
    alias leads to, and event source mappings name by number: no caller waits for them. Sources:
    those of FunctionTimeout and NumberedVersions, ListAliases, and GetFunctionConfiguration of
    each published version.
    """

    of: Mapping[str, int]
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fed: frozenset[str] = frozenset()

    @classmethod
    def load(cls, read: Reader, function: Resource) -> ReachedTimeouts:
        latest = read.of(FunctionTimeout, function)
        if latest.master_arn:
            return cls({LATEST: latest.timeout})
        aliases = read.of(FunctionAliases, function).all
        numbered = read.of(NumberedVersions, function).all
        is_managed = bool(latest.capacity_provider)
        published = published_configurations(
            read, function.id, aliases, numbered, is_managed=is_managed
        )
        every = {LATEST: latest, **published}
        return cls(
            {version: each.timeout for version, each in every.items()},
            {alias.name: alias.versions for alias in aliases},
            frozenset(numbered).difference(*(alias.versions for alias in aliases)),
        )

    @property
    def shortest(self) -> int:
        return min(self.of.values())

    @property
    def longest(self) -> int:
        return max(self.of.values())

    @property
    def longest_awaited(self) -> int:
        """The longest of those that a caller may wait for."""
        awaited = [seconds for version, seconds in self.of.items() if version not in self.fed]
        return max(awaited, default=self.longest)

    def behind(self, qualifier: str) -> int:
        """The longest of what a qualifier leads to; the longest of all where that is not known."""
        versions = self.aliases.get(qualifier, (qualifier or LATEST,))
        return max((self.of[each] for each in versions if each in self.of), default=self.longest)

    def named(self, seconds: int) -> str:
        """Whose timeout that is: ``the timeout``, or ``the timeout of the version 7``."""
        versions = sorted(each for each, timeout in self.of.items() if timeout == seconds)
        return "timeout" if LATEST in versions else f"timeout of the version {versions[0]}"
