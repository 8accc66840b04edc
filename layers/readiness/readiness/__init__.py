"""The vocabulary of a rule: headings, severities, settings and the four verdicts."""

import gc

# Classes, service models and answers by the hundred thousand, and nothing of it garbage: looking
# for some at every 700 objects takes a tenth of the CPU of a cold start and of a scan.
gc.set_threshold(50_000, 20, 50)

from readiness.model.rule import Between, heading
from readiness.model.unreadable import Unreadable
from readiness.model.verdict import (
    Problem,
    Severity,
    Status,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    unread,
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
    "unread",
    "violates",
    "violates_all",
]
