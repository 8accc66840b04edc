"""The verdict of a rule: one status, the reason in a full sentence, and the observed facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from readiness.model.unreadable import Unreadable

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
        """0 for CRITICAL up to 4: a smaller rank is worse and sorts first."""
        return list(Severity).index(self)

    def at_least(self, other: Severity) -> bool:
        """Whether this is as severe as ``other``, or more."""
        return self.rank <= other.rank


_NO_FACTS: Mapping[str, Fact] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's verdict on one resource.

    ``severity`` is set where this violation has another severity than the rule's default;
    ``missing`` names the IAM actions of reads that failed, ``denied`` those of them that were
    denied; ``reminder`` is what someone should
    do before a pass expires; ``is_passing`` says that the cause is temporary (a resource that is
    still changing, a throttled read), so that the engine evaluates the rule again soon.
    """

    status: Status
    reason: str
    observed: Mapping[str, Fact] = field(default_factory=lambda: _NO_FACTS)
    expected: str = ""
    severity: Severity | None = None
    missing: tuple[str, ...] = ()
    reminder: str = ""
    is_passing: bool = False
    denied: tuple[str, ...] = ()

    def observing(self, facts: Mapping[str, Fact]) -> Verdict:
        """The same verdict with these facts added."""
        return replace(self, observed={**self.observed, **facts})

    def reminding(self, reminder: str) -> Verdict:
        """The same verdict with a reminder."""
        return replace(self, reminder=reminder)


def complies(reason: str, **observed: Fact) -> Verdict:
    """The resource meets the rule; ``reason`` says what was seen."""
    return Verdict(Status.COMPLIANT, reason, observed)


def violates(
    reason: str, *, expected: str, severity: Severity | None = None, **observed: Fact
) -> Verdict:
    """The resource breaks the rule; ``expected`` is what would meet it."""
    return Verdict(Status.NON_COMPLIANT, reason, observed, expected, severity)


def not_applicable(reason: str, **observed: Fact) -> Verdict:
    """The resource exists, but the rule does not apply to it."""
    return Verdict(Status.NOT_APPLICABLE, reason, observed)


def cannot_tell(
    reason: str, *, missing: Iterable[str] = (), is_passing: bool = False, **observed: Fact
) -> Verdict:
    """The rule could not be evaluated; ``missing`` names the IAM actions of reads that failed.

    ``is_passing`` is for a resource that is still changing: it is evaluated again soon.
    """
    return Verdict(
        Status.INSUFFICIENT_DATA,
        reason,
        observed,
        missing=tuple(missing),
        is_passing=is_passing,
    )


def unread(reason: str, *failures: Unreadable) -> Verdict:
    """The rule could not be evaluated because of reads that failed; it says what they needed."""
    verdict = cannot_tell(
        reason,
        missing=tuple(dict.fromkeys(failure.action for failure in failures)),
        is_passing=any(failure.is_passing for failure in failures),
    )
    denied = dict.fromkeys(failure.action for failure in failures if failure.is_denied)
    return replace(verdict, denied=tuple(denied))


@dataclass(frozen=True, slots=True)
class Problem:
    """One of several problems that a rule can find in the same resource."""

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
    """The status of a checklist box with several rules; NOT_APPLICABLE if it has none."""
    return min(statuses, key=_WORST_FIRST.index, default=Status.NOT_APPLICABLE)
