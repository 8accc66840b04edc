"""The findings in the AWS Security Finding Format, as BatchImportFindings takes them."""

from __future__ import annotations

import json

from readiness.alerting.asff import finding_of
from readiness_cli.export.content import Content


def text(content: Content, details: frozenset[str] = frozenset()) -> str:
    """A JSON list of findings; ``details`` are the resource types that Security Hub knows."""
    made = [finding_of(content, each, details) for each in content.findings]
    return json.dumps(made, indent=1) + "\n"
