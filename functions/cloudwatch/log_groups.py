"""Log groups: how long they keep events, and what follows where one does not exist."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from readiness.evidence.logs import LogRetention
from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """The shortest and longest retention allowed, in days; audit logs have a minimum of their own.

    ``audit_pattern`` matches the names of groups with audit logs.
    """

    min_days: int
    max_days: int
    audit_min_days: int
    audit_pattern: str
    allow_never_expire: bool = False


def retention_verdict(group: LogRetention, limits: RetentionLimits) -> Verdict:
    """The verdict on the retention of one log group."""
    if group.group_class == "DELIVERY":
        return not_applicable(
            "Log groups of the class DELIVERY keep events for one day and only forward them."
        )
    try:
        audit = bool(re.search(limits.audit_pattern, group.name))
    except re.error as error:
        return cannot_tell(f"The setting audit_pattern is not a regular expression: {error}.")
    least = max(limits.min_days, limits.audit_min_days) if audit else limits.min_days
    severity = Severity.HIGH if audit else Severity.MEDIUM
    policy = group.account_policy
    decided = f"by the account policy {policy}" if policy else "by its own setting"
    most = limits.max_days
    expected = f"A retention of {least} to {most} days."
    if group.days is None:
        said = "The events of the log group never expire"
        return (
            complies(f"{said}, which the setting allow_never_expire allows.")
            if limits.allow_never_expire
            else violates(f"{said}; at most {most} days are allowed.", expected=expected)
        )
    logs = "audit logs" if audit else "logs"
    kept = f"The log group keeps {logs} for {plural(group.days, 'day')} ({decided})"
    if least <= group.days <= most:
        return complies(f"{kept}.", account_policy=policy)
    too_short = group.days < least
    limit = f"at least {least} are required" if too_short else f"at most {most} are allowed"
    return violates(
        f"{kept}; {limit}.",
        expected=expected,
        severity=severity,
        retention_days=group.days,
    )


def promised(names: Sequence[str], policy: str) -> Verdict:
    """The verdict on groups that do not exist yet: an account policy will set their retention."""
    return complies(
        f"{log_groups(names)} not exist yet. The account policy {policy} will set the retention.",
        account_policy=policy,
    )


def absent(names: Sequence[str]) -> Verdict:
    """The verdict on groups that will be created without a retention."""
    return violates(
        f"{log_groups(names)} not exist. The first log event creates it, and its events will"
        " never expire.",
        expected="A log group with a retention policy, created together with the workload.",
    )


def log_groups(names: Sequence[str]) -> str:
    """The subject of a sentence: ``The log groups a and b do``."""
    one = len(names) == 1
    return f"The log group{'' if one else 's'} {listed(names)} {'does' if one else 'do'}"
