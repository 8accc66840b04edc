"""The restore jobs that a finding remembers.

AWS Backup lists backup jobs for 30 days (ListBackupJobs), and does not say for how long it lists
restore jobs; a restore proves something for longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from readiness.evidence.backup.restores import RestoreJob
from readiness.model.finding import iso, past_moment
from readiness.model.verdict import Fact

_NAMES = ("last_executed", "last_failed")


def remembered(executed: RestoreJob | None, failed: RestoreJob | None) -> dict[str, Fact]:
    """The facts that outlive what AWS Backup tells: the restores that decided the verdict."""
    pairs = zip(_NAMES, (executed, failed), strict=True)
    return {name: _row(job) for name, job in pairs if job is not None}


def recalled(recorded: Mapping[str, Fact], now: datetime) -> Iterator[RestoreJob]:
    """The jobs that a finding tells of; a row without times tells of none."""
    for name in _NAMES:
        row = recorded.get(name)
        if not isinstance(row, Mapping):
            continue
        started, ended = (past_moment(row.get(each), now) for each in ("started", "at"))
        if started is None or ended is None:
            continue
        id, status, validation, message = (
            str(row.get(each) or "") for each in ("job", "status", "validation", "why")
        )
        yield RestoreJob(id, status, started, ended, validation, message)


def _row(job: RestoreJob) -> dict[str, Fact]:
    return {
        "job": job.id,
        "status": job.status,
        "started": iso(job.started),
        "at": iso(job.ended or job.started),
        "validation": job.validation,
        "why": job.message,
    }
