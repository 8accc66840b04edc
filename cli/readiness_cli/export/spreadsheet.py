"""CSV as RFC 4180 describes it, which opens in a spreadsheet and does nothing there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from readiness.alerting.finding_json import IF_ANY, finding_json
from readiness_cli.export.content import Content
from readiness_cli.output import guarded

COLUMNS = (
    "finding_id",
    "status",
    "severity",
    "rule",
    "resource",
    "reason",
    "expected",
    "dedup_key",
    "account",
    "region",
    "resource_type",
    "resource_id",
    "name",
    "section",
    "heading",
    "item",
    "observed",
    "settings",
    "open",
    "waived",
    "status_since",
    "first_observed_at",
    "last_observed_at",
    "missing",
    "runbook",
    *(name for name in IF_ANY if name != "name"),
)
"""The same in every export, so that a program can rely on them and two exports can be compared."""


def pieces(content: Content) -> Iterator[str]:
    """A header and a row for each finding, ended by CRLF."""
    line = io.StringIO(newline="")
    writer = csv.writer(line)
    writer.writerow(COLUMNS)
    for each in content.findings:
        said = finding_json(each, content.stack)
        said |= {"missing": list(each.missing), "runbook": content.runbook(each)}
        writer.writerow([guarded(said.get(name, "")) for name in COLUMNS])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()
