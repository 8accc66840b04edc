"""Findings on disk, and in memory only what orders and counts them."""

from __future__ import annotations

import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from readiness.model.finding import Finding
from readiness.model.verdict import Severity, Status


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a finding is, and what of it orders and counts."""

    rule: str
    resource: str
    """The key of the resource."""
    status: Status
    severity: Severity
    section: str
    heading: str
    last_seen: datetime
    is_waived: bool
    at: int


class Spool(Sequence[Finding]):
    """Findings in a file that has no name and is gone when it is closed.

    100,000 findings in memory are some 300 MB, and each format needs them in an order that no
    index has. They are listed worst severity first, then by rule and resource.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        marks = []
        for each in findings:
            marks.append(_mark(each, self._file.tell()))
            pickle.dump(each, self._file, protocol=pickle.HIGHEST_PROTOCOL)
        self.marks = sorted(marks, key=lambda m: (m.severity.rank, m.rule, m.resource))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._file.close()

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def __len__(self) -> int:
        return len(self.marks)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self.read(mark) for mark in self.marks[index]]
        return self.read(self.marks[index])

    def __iter__(self) -> Iterator[Finding]:
        return map(self.read, self.marks)

    def read(self, mark: Mark) -> Finding:
        """The finding of a mark."""
        self._file.seek(mark.at)
        found: Finding = pickle.load(self._file)  # noqa: S301 - nobody else can write this file
        return found

    def ordered(self, by: Callable[[Mark], Any]) -> list[Mark]:
        """The marks in another order."""
        return sorted(self.marks, key=by)


def _mark(finding: Finding, at: int) -> Mark:
    return Mark(
        sys.intern(finding.rule),
        sys.intern(finding.resource.key),
        finding.status,
        finding.severity,
        sys.intern(finding.section),
        sys.intern(finding.heading),
        finding.last_observed_at,
        finding.is_waived,
        at,
    )
