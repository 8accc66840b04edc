"""What a rule may say: one status, one full sentence, and the facts it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

Fact: TypeAlias = "str | int | float | bool | Sequence[Fact] | Mapping[str, Fact] | None"


class Status(StrEnum):
    """The words of AWS Config (``ComplianceType``)."""

    COMPLIANT = "COMPLIANT"
    NON_COMPLIANT = "NON_COMPLIANT"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Severity(StrEnum):
    """The words of Security Hub (``Severity.Label``), most severe first."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    INFORMATIONAL = "INFORMATIONAL"

    @property
    def rank(self) -> int:
        """0 for CRITICAL up to 4, so that a smaller rank is worse and sorts first."""
        return list(Severity).index(self)

    def at_least(self, other: Severity) -> bool:
        """Whether this is as severe as ``other``, or more."""
        return self.rank <= other.rank


_NO_FACTS: Mapping[str, Fact] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's answer about one resource.

    ``severity`` is set where this violation weighs differently from the rule's default;
    ``missing`` names the IAM actions whose answers were needed and not had; ``reminder`` is
    what somebody should do before a pass runs out; ``is_passing`` says that the reason goes away
    by itself (a resource that is still changing, a read that was throttled), so that the engine
    looks again soon.
    """

    status: Status
    reason: str
    observed: Mapping[str, Fact] = field(default_factory=lambda: _NO_FACTS)
    expected: str = ""
    severity: Severity | None = None
    missing: tuple[str, ...] = ()
    reminder: str = ""
    is_passing: bool = False

    def observing(self, facts: Mapping[str, Fact]) -> Verdict:
        """The same verdict with these facts added."""
        return replace(self, observed={**self.observed, **facts})

    def reminding(self, reminder: str) -> Verdict:
        """The same verdict with a reminder."""
        return replace(self, reminder=reminder)


def complies(reason: str, **observed: Fact) -> Verdict:
    """The resource is as the checklist wants it; ``reason`` says what was seen."""
    return Verdict(Status.COMPLIANT, reason, observed)


def violates(
    reason: str, *, expected: str, severity: Severity | None = None, **observed: Fact
) -> Verdict:
    """The resource breaks the rule; ``expected`` is what would satisfy it."""
    return Verdict(Status.NON_COMPLIANT, reason, observed, expected, severity)


def not_applicable(reason: str, **observed: Fact) -> Verdict:
    """The resource exists, and the rule has nothing to say about it."""
    return Verdict(Status.NOT_APPLICABLE, reason, observed)


def cannot_tell(
    reason: str, *, missing: Iterable[str] = (), is_passing: bool = False, **observed: Fact
) -> Verdict:
    """The rule could not be evaluated; ``missing`` names the IAM actions that were not answered.

    ``is_passing`` is for a resource that is still changing: it is read again soon.
    """
    return Verdict(
        Status.INSUFFICIENT_DATA,
        reason,
        observed,
        missing=tuple(missing),
        is_passing=is_passing,
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong among several that a rule looks for in the same resource."""

    severity: Severity
    text: str


def violates_all(problems: Sequence[Problem], *, expected: str, **observed: Fact) -> Verdict:
    """One violation for several problems: the worst severity, every text, worst first."""
    ranked = sorted(problems, key=lambda problem: problem.severity.rank)
    reason = " ".join(dict.fromkeys(problem.text for problem in ranked))
    return violates(reason, expected=expected, severity=ranked[0].severity, **observed)


_WORST_FIRST = (
    Status.NON_COMPLIANT,
    Status.INSUFFICIENT_DATA,
    Status.COMPLIANT,
    Status.NOT_APPLICABLE,
)


def worst(statuses: Iterable[Status]) -> Status:
    """The status of a box that several rules judge; NOT_APPLICABLE when none does."""
    return min(statuses, key=_WORST_FIRST.index, default=Status.NOT_APPLICABLE)
