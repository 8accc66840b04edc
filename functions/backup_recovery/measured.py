"""Whether what is measured of a store is within the RTO and the RPO of its workload."""

from __future__ import annotations

from datetime import datetime, timedelta

from readiness import Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.backup.restores import Backups
from readiness.evidence.workloads.objectives import StatedObjectives
from readiness.evidence.workloads.recovery.store import Store
from readiness.model.text import plural
from readiness.model.verdict import Fact

from .settings import PointSettings
from .stores import jobs_of, objectives_of, why_excused

NEW = timedelta(days=1)


def judge_objectives(
    store: Store,
    backups: Backups,
    stated: StatedObjectives,
    settings: PointSettings,
) -> Verdict:
    """What is measured of a store is within the RTO and the RPO that its workload states."""
    objectives, unknown = objectives_of(store, stated)
    rto, rpo = objectives.rto, objectives.rpo
    if excused := why_excused(store, backups, settings.exempt_names) or unknown:
        return excused
    if rto is None and rpo is None:
        return not_applicable("No RTO or RPO is stated for its workload (stated-objectives).")
    began = store.created or store.started
    if began and store.read_at - began < NEW:
        return not_applicable(f"It was created at {began:%Y-%m-%d %H:%M} UTC.")
    job = next((job for job in jobs_of(store, backups) if job.is_completed), None)
    minutes = None if job is None else job.minutes
    newest = _newest_point(store)
    facts: dict[str, Fact] = {
        "rto_minutes": rto,
        "rpo_minutes": rpo,
        "restore_minutes": None if minutes is None else round(minutes, 1),
        "newest_recovery_point": None if newest is None else f"{newest:%Y-%m-%dT%H:%MZ}",
    }
    if newest is None and rpo is not None and store.doubt:
        return cannot_tell(store.doubt).observing(facts)
    breaches = [
        *_too_old(store, newest, rpo, settings.slack_minutes),
        *_too_slow(minutes, rto),
    ]
    if breaches and store.idle and store.stopped is None:
        since = f"{store.title} is stopped, and nothing says since when"
        verdict = cannot_tell(f"{since}: {' '.join(breaches)}")
    elif breaches:
        verdict = violates(
            " ".join(breaches), expected="Recovery points and restores within RPO and RTO."
        )
    else:
        kept = _kept(store, newest, rpo, minutes, rto)
        is_measured = rpo is not None or minutes is not None
        verdict = complies(kept) if is_measured else cannot_tell(kept)
    return verdict.observing(facts)


LAG = 5
"""How many minutes point-in-time recovery is behind (DynamoDB developer guide, "Point-in-time
backups"; RDS user guide, "Restoring a DB instance to a specified time")."""


def _newest_point(store: Store) -> datetime | None:
    points = (store.restorable, store.snapshot, store.backed_up)
    return max((each for each in points if each is not None), default=None)


def _too_old(store: Store, newest: datetime | None, rpo: float | None, slack: int) -> list[str]:
    if rpo is None:
        return []
    if newest is None:
        return [f"{store.title} has no recovery point; the RPO is {plural(rpo, 'minute')}."]
    if rpo < LAG:
        never = f"The newest recovery point of {store.spoken} is never younger than {LAG} minutes"
        return [
            f"{never}, as point-in-time recovery is behind; the RPO is {plural(rpo, 'minute')}."
        ]
    age = _age(store, newest)
    if age <= rpo + slack:
        return []
    when = "was" if store.stopped else "is"
    old = f"The newest recovery point of {store.spoken} {when} {plural(round(age), 'minute')} old"
    stop = " when it was stopped" if store.stopped else ""
    return [f"{old}{stop}; the RPO is {plural(rpo, 'minute')}."]


def _age(store: Store, newest: datetime) -> float:
    """How many minutes of what was written are not in it: none after a stop."""
    return max(0.0, ((store.stopped or store.read_at) - newest).total_seconds() / 60)


def _too_slow(minutes: float | None, rto: float | None) -> list[str]:
    if minutes is None or rto is None or minutes <= rto:
        return []
    return [
        f"Its last restore took {plural(minutes, 'minute')}; the RTO is {plural(rto, 'minute')}."
    ]


def _kept(
    store: Store,
    newest: datetime | None,
    rpo: float | None,
    minutes: float | None,
    rto: float | None,
) -> str:
    said = []
    if rpo is not None and newest is not None:
        age = round(_age(store, newest))
        old = "was {} old when it was stopped" if store.stopped else "is {} old"
        slack = "" if age <= rpo else f" and {plural(age - rpo, 'minute')} of slack"
        said.append(
            f"The newest recovery point {old.format(plural(age, 'minute'))}, within the RPO of"
            f" {plural(rpo, 'minute')}{slack}."
        )
    if rto is not None:
        if minutes is None:
            said.append(f"No restore was measured against the RTO of {plural(rto, 'minute')}.")
        else:
            said.append(
                f"The last restore took {plural(minutes, 'minute')}, within the RTO of"
                f" {plural(rto, 'minute')}."
            )
    return " ".join(said)
