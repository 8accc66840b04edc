"""The findings in the AWS Security Finding Format, as BatchImportFindings takes them."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.alerting.asff import finding_of
from readiness_cli.export.content import Content, json_list


def pieces(content: Content, details: frozenset[str] = frozenset()) -> Iterator[str]:
    """A JSON list of findings; ``details`` are the resource types that Security Hub knows."""
    yield from json_list(finding_of(content, each, details) for each in content.findings)
    yield "\n"
