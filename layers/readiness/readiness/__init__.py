"""The vocabulary of a rule: headings, severities, settings and the four verdicts."""

from readiness.rule import Between, heading
from readiness.unreadable import Unreadable
from readiness.verdict import (
    Problem,
    Severity,
    Status,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
    violates_all,
)

__all__ = [
    "Between",
    "Problem",
    "Severity",
    "Status",
    "Unreadable",
    "Verdict",
    "cannot_tell",
    "complies",
    "heading",
    "not_applicable",
    "violates",
    "violates_all",
]
