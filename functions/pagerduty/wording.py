"""The events that PagerDuty is sent, in the words of this stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from readiness.alerting.groups import Group
from readiness.alerting.pagerduty_event import (
    cause_event,
    group_event,
    pagerduty_event,
    resolve_event,
)
from readiness.model.finding import Finding
from readiness.model.verdict import Severity


@dataclass(frozen=True, slots=True)
class Wording:
    """What all events of a stack share: the lowest severity that pages, where the runbooks are."""

    lowest: Severity
    runbooks: str
    stack: str

    def of(self, finding: Finding | None, key: str) -> dict[str, Any]:
        """The event for a finding as it stands; without one, a resolve. No routing key yet."""
        if finding is None:
            return resolve_event(key)
        return pagerduty_event(
            finding,
            routing_key="",
            lowest=self.lowest,
            runbooks=self.runbooks,
            key=key,
            stack=self.stack,
        )

    def of_group(self, finding: Finding, group: Group) -> dict[str, Any]:
        """The trigger of a group, in which ``finding`` is. No routing key yet."""
        made = cause_event if group.cause else group_event
        return made(finding, group, lowest=self.lowest, runbooks=self.runbooks, stack=self.stack)
