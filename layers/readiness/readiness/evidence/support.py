"""What AWS Support says of the account's support plan."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.model.evidence import ACCOUNT, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable

SEVERITIES = ("low", "normal", "high", "urgent", "critical")
"""The codes of severity levels, lowest first (AWS Support API reference, SeverityLevel)."""
_WITH_API = {"aws", "aws-us-gov"}
"""The partitions whose Support API an account without a plan is told of."""


@evidence(ACCOUNT, reads=("support:DescribeSeverityLevels",))
@dataclass(frozen=True, slots=True)
class SupportPlan:
    """The codes of the severities at which the account may open cases; none without a plan.

    The API is part of the plans with a response to production cases. ``has_api`` is false in
    partitions without it. Source: DescribeSeverityLevels, in the partition's home region.
    """

    levels: tuple[str, ...] = ()
    has_api: bool = True

    @classmethod
    def load(cls, read: Reader, account: Resource) -> SupportPlan:
        if read.partition not in _WITH_API:
            return cls(has_api=False)
        home = read.home("support")
        answer = read.one(
            "support",
            "describe_severity_levels",
            absent=("SubscriptionRequiredException",),
            region=None if home == read.region else home,
            language="en",
        )
        if answer is None:
            return cls()
        levels = tuple(each["code"] for each in answer.get("severityLevels") or ())
        if not levels:
            # an account without a plan gets an error, so this says nothing of one
            raise Unreadable(
                "support:DescribeSeverityLevels", Cause.UNEXPECTED_ANSWER, "no severity levels"
            )
        return cls(levels)

    @property
    def highest(self) -> str:
        """The highest code that is known; empty where there is none."""
        known = [each for each in SEVERITIES if each in self.levels]
        return known[-1] if known else ""
