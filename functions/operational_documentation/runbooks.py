"""Which scenarios the documents of Systems Manager cover, and whether each can be relied on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from readiness import Verdict, complies, violates
from readiness.evidence.ssm import Runbook


def fault_of(runbook: Runbook, today: date, max_age_days: int) -> str:
    """Why a document cannot be relied on; empty if it can."""
    if runbook.status != "Active":
        why = f" ({runbook.why})" if runbook.why else ""
        return f"is {runbook.status or 'in an unknown state'}, not Active{why}"
    if not runbook.owner:
        return "has no tag owner"
    if runbook.reviewed is None:
        return "has no tag reviewed with a day as 2026-01-31"
    if runbook.reviewed > today + timedelta(days=1):
        return f"has a review in the future ({runbook.reviewed})"
    if runbook.reviewed + timedelta(days=max_age_days) <= today:
        return f"was last reviewed on {runbook.reviewed}; at most {max_age_days} days are allowed"
    return ""


def judge_document(runbook: Runbook, today: date, max_age_days: int) -> Verdict:
    """The verdict about one document."""
    fault = fault_of(runbook, today, max_age_days)
    if fault:
        return violates(
            f"The runbook {runbook.name} {fault}.",
            expected=f"An Active document, with an owner, reviewed within {max_age_days} days.",
            scenarios=list(runbook.scenarios),
        )
    return complies(
        f"The runbook {runbook.name} is Active, owned by {runbook.owner} and was reviewed on"
        f" {runbook.reviewed}.",
        scenarios=list(runbook.scenarios),
    )


def left_to_document(
    workload: str,
    required: Sequence[str],
    runbooks: Iterable[Runbook],
    today: date,
    max_age_days: int,
) -> list[str]:
    """The scenarios of a workload that no reliable document of Systems Manager covers."""
    covered = {
        scenario.casefold()
        for runbook in runbooks
        if runbook.workload in {"", workload} and not fault_of(runbook, today, max_age_days)
        for scenario in runbook.scenarios
    }
    return sorted({each for each in required if each.casefold() not in covered})
