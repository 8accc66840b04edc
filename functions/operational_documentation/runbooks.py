"""Which scenarios the documents of Systems Manager cover, and whether each can be relied on."""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from readiness import Severity, Status, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.ssm import Runbook, RunbookDocument, Runbooks
from readiness.model.attestation import Attested
from readiness.model.finding import iso, parse_iso
from readiness.model.verdict import Fact


def fault_of(runbook: Runbook, today: date, max_age_days: int) -> str:
    """Why a document cannot be relied on; empty if it can."""
    if runbook.status not in {"Active", "Updating"}:
        why = f" ({runbook.why})" if runbook.why else ""
        return f"is {runbook.status or 'in an unknown state'}, not Active{why}"
    if runbook.review == "REJECTED":
        return "was rejected when it was reviewed in Systems Manager"
    if not runbook.owner:
        return "has no tag owner"
    return _review_fault(runbook, today, max_age_days)


def _review_fault(runbook: Runbook, today: date, max_age_days: int) -> str:
    """Why the review that its tag names does not count; empty if it does."""
    if runbook.reviewed is None:
        return "has no tag reviewed with a day as 2026-01-31"
    if runbook.reviewed > today + timedelta(days=1):
        return f"has a review in the future ({runbook.reviewed})"
    if runbook.reviewed + timedelta(days=max_age_days) <= today:
        return f"was last reviewed on {runbook.reviewed}; at most {max_age_days} days are allowed"
    if runbook.made and runbook.made > runbook.reviewed + timedelta(days=1):
        return (
            f"was last reviewed on {runbook.reviewed}, and its version {runbook.version or '?'},"
            f" which runs, was made on {runbook.made}"
        )
    return ""


def judge_document(
    document: RunbookDocument,
    attested: Attested,
    max_age_days: int,
    *,
    must_be_executed: bool,
    two_people: bool,
) -> Verdict:
    """The verdict about one document: whether it can be relied on, and whether it ran."""
    name, status = document.runbook.name, document.runbook.status
    if status == "Deleting":
        return not_applicable(f"The runbook {name} is being deleted.")
    if status in {"Creating", "Updating"}:
        return cannot_tell(f"The runbook {name} is {status}.", is_passing=True)
    verdict = _judged(
        document, attested, max_age_days, must_be_executed=must_be_executed, two_people=two_people
    )
    runbook = document.runbook
    if verdict.status is Status.COMPLIANT and runbook.latest not in {"", runbook.version}:
        newer = (
            f"Version {runbook.latest} is newer than the default version {runbook.version}, which"
            " is what runs."
        )
        return verdict.reminding(f"{verdict.reminder} {newer}".strip())
    return verdict


def _judged(
    document: RunbookDocument,
    attested: Attested,
    max_age_days: int,
    *,
    must_be_executed: bool,
    two_people: bool,
) -> Verdict:
    runbook = document.runbook
    fault = fault_of(runbook, document.read_at.date(), max_age_days)
    facts: dict[str, Fact] = {"scenarios": list(runbook.scenarios)}
    executed = _latest("last_executed", document.succeeded, runbook, attested.recorded)
    if executed is not None:
        facts["last_executed"] = {"version": runbook.version, "at": iso(executed)}
    failed = _latest("last_failed", document.failed, runbook, attested.recorded)
    if failed is not None and executed is None:
        facts["last_failed"] = {"version": runbook.version, "at": iso(failed)}
    if fault:
        return violates(
            f"The runbook {runbook.name} {fault}.",
            expected=f"An Active document, with an owner, reviewed within {max_age_days} days.",
        ).observing(facts)
    sound = (
        f"The runbook {runbook.name} is Active, owned by {runbook.owner} and was reviewed on"
        f" {runbook.reviewed}"
    )
    if runbook.kind != "Automation":
        return complies(f"{sound}.").observing(facts)
    span = timedelta(days=max_age_days)
    if executed is not None and executed + span > document.read_at:
        return complies(
            f"{sound}. Version {runbook.version} was executed with success on {executed:%Y-%m-%d}."
        ).observing(facts)
    tried = attested.verdict(
        f"A drill of {runbook.name}", max_age_days=max_age_days, two_people=two_people
    )
    has_failed = attested.failure(two_people=two_people) is not None
    if tried.status is Status.COMPLIANT or tried.missing or has_failed:
        return tried.observing(facts)
    unproven = f"Version {runbook.version} has not been executed in {max_age_days} days"
    if executed is not None:
        failed = None  # it works, and what failed may be what it was run on
    if failed is None and not must_be_executed:
        return complies(f"{sound}. {unproven}.").observing(facts)
    return _unproven(document, unproven, max_age_days, failed).observing(facts)


def _unproven(
    document: RunbookDocument, unproven: str, max_age_days: int, failed: datetime | None
) -> Verdict:
    runbook = document.runbook
    expected = (
        f"An execution of this version that succeeded within {max_age_days} days, or a drill."
    )
    if failed is not None:
        return violates(
            f"Version {runbook.version} of the runbook {runbook.name} was executed, and failed on"
            f" {failed:%Y-%m-%d}; no execution of it succeeded.",
            expected=expected,
        )
    return violates(
        f"{unproven}, so whether the runbook {runbook.name} works is not known.",
        expected=expected,
        severity=Severity.LOW,
    )


def _latest(
    name: str, told: datetime | None, runbook: Runbook, recorded: Mapping[str, Fact | None]
) -> datetime | None:
    """When a version last succeeded or failed, as Systems Manager or the finding knows it."""
    return max((at for at in (told, _recorded(recorded.get(name), runbook)) if at), default=None)


def _recorded(row: object, runbook: Runbook) -> datetime | None:
    if not isinstance(row, Mapping) or str(row.get("version")) != runbook.version:
        return None
    with contextlib.suppress(ValueError):
        at = parse_iso(str(row.get("at")))
        return at if runbook.is_of(at) else None
    return None


def remembered(runbooks: Runbooks, recorded: Mapping[str, Fact]) -> dict[str, dict[str, Fact]]:
    """When the default versions of runbooks last succeeded and failed, by their names.

    Systems Manager keeps executions for 30 days, so the finding of a workload remembers them.
    """
    facts: dict[str, dict[str, Fact]] = {"last_executed": {}, "last_failed": {}}
    for document in runbooks.executed:
        name, version = document.runbook.name, document.runbook.version
        told = {"last_executed": document.succeeded, "last_failed": document.failed}
        for fact, at in told.items():
            rows = recorded.get(fact)
            known = {fact: rows.get(name)} if isinstance(rows, Mapping) else {}
            latest = _latest(fact, at, document.runbook, known)
            if latest is not None:
                facts[fact][name] = {"version": version, "at": iso(latest)}
    return facts


def left_to_document(
    workload: str,
    required: Sequence[str],
    runbooks: Iterable[Runbook],
    today: date,
    max_age_days: int,
    failing: Container[str],
) -> list[str]:
    """The scenarios of a workload that no reliable document of Systems Manager covers."""
    covered = {
        scenario.casefold()
        for runbook in runbooks
        if runbook.workload in {"", workload} and runbook.name not in failing
        if not fault_of(runbook, today, max_age_days)
        for scenario in runbook.scenarios
    }
    return sorted({each for each in required if each.casefold() not in covered})
