"""What is exported: findings with where and when they were read, whatever the format."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from readiness.alerting.finding_text import runbook_url
from readiness.model.finding import Finding
from readiness.model.resource import GLOBAL
from readiness.model.rule import Rule
from readiness.model.text import clean
from readiness_cli.export.spool import Spool

if TYPE_CHECKING:
    from readiness_cli.report.gathered import Attested

PRODUCT = "Readiness"
STANDARD = "Production readiness checklist"
_SPACE = uuid.UUID("6f0f3c0e-6d0c-5c1e-9a43-2f6b6a1d7c55")
"""The namespace of our name-based UUIDs: the same finding has the same one in every export."""


@dataclass(frozen=True, slots=True)
class Content:
    """The findings of one stack, and the attestations of their rules.

    ``partition`` and ``region`` are where the stack is, ``runbooks`` where its runbooks are.
    """

    findings: Spool
    rules: Mapping[str, Rule]
    account: str
    region: str
    partition: str
    stack: str
    runbooks: str
    now: datetime
    version: str
    attestations: Sequence[Attested] = field(default=())

    def runbook(self, finding: Finding) -> str:
        """The runbook section of a finding; a path where the runbooks are not published."""
        return runbook_url(finding.rule, self.runbooks)

    def title(self, finding: Finding, most: int) -> str:
        """What good looks like, in one line."""
        rule = self.rules.get(finding.rule)
        return clean(rule.sentence if rule else finding.rule, most) or finding.rule

    def where(self, finding: Finding) -> str:
        """The region of the resource; that of the stack for a global one."""
        is_global = finding.resource.region == GLOBAL
        return self.region if is_global else finding.resource.region


def uuid_of(*parts: str) -> str:
    """A UUID that is the same for the same parts."""
    return str(uuid.uuid5(_SPACE, "|".join(parts)))


def json_list(items: Iterable[Any]) -> Iterator[str]:
    """A JSON list in pieces, an item in a line, so that it never is in memory as a whole."""
    between = "[\n"
    for item in items:
        yield between + json.dumps(item)
        between = ",\n"
    yield "[]" if between == "[\n" else "\n]"
