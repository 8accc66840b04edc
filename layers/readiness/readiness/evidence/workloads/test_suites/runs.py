"""A run of tests, and a suite as its runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from readiness.model.manifest import SuiteSource
from readiness.model.unreadable import Unreadable


@dataclass(frozen=True, slots=True)
class Counted:
    """How many tests the reports of a run show as executed, and how many of them failed."""

    executed: int
    failed: int = 0


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """One run of a test suite.

    ``passed`` is None where the run says nothing: it goes on, or was stopped (``outcome``).
    ``revision`` is the commit that it tested, empty where that is unknown; ``counted`` is None
    where no report tells of single tests. ``lost_reports``: it had reports that are gone;
    CodeBuild keeps them for 30 days.
    """

    name: str
    started: datetime
    ended: datetime | None
    passed: bool | None
    outcome: str
    revision: str = ""
    counted: Counted | None = None
    lost_reports: bool = False

    @property
    def is_running(self) -> bool:
        return self.ended is None


@dataclass(frozen=True, slots=True)
class Suite:
    """A declared source of tests, with its runs, newest first.

    ``flaw`` says why it can prove nothing, ``unreadable`` that it could not be read. ``is_once``:
    a canary without a schedule, which something starts after a deployment.
    """

    source: SuiteSource
    runs: tuple[SuiteRun, ...] = ()
    flaw: str = ""
    unreadable: Unreadable | None = None
    is_once: bool = False

    @property
    def label(self) -> str:
        spoken = {"codebuild": "CodeBuild project", "codepipeline": "pipeline action"}
        return f"{spoken.get(self.source.provider, 'canary')} {self.source.name}"


def newest_first(runs: Iterable[SuiteRun]) -> tuple[SuiteRun, ...]:
    return tuple(sorted(runs, key=lambda run: (run.started, run.name), reverse=True))
