"""Whether a store was restored from its backups, in time, and how much of it would be lost."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from readiness import Severity, Status, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.backup.restores import VALIDATING, Backups, RestoreJob
from readiness.evidence.workloads.objectives import Objectives, StatedObjectives
from readiness.evidence.workloads.recovery.caches import CacheStore
from readiness.evidence.workloads.recovery.store import Store
from readiness.model.attestation import Attested
from readiness.model.text import plural
from readiness.model.verdict import Fact

from .remembered import recalled, remembered
from .settings import NewStoreSettings, RestoreSettings

LONGEST_VALIDATION = timedelta(days=8)
"""AWS Backup waits at most seven days for a validation."""


def objectives_of(store: Store, stated: StatedObjectives) -> tuple[Objectives, Verdict | None]:
    """What is stated of a store's workload, and the verdict where it cannot be known."""
    refusal = stated.manifests.refusal(store.workload)
    return stated.of(store.workload), cannot_tell(refusal) if refusal else None


def why_excused(store: Store, backups: Backups, exempt_names: tuple[str, ...]) -> Verdict | None:
    """The verdict on a store that needs no recovery of its own."""
    if any(fnmatch.fnmatchcase(store.name, pattern) for pattern in exempt_names):
        return not_applicable(f"The setting exempt_names exempts {store.spoken} by its name.")
    if store.instead:
        return not_applicable(store.instead)
    if store.arn in backups.copies:
        return not_applicable("A restore test of AWS Backup created it and will delete it.")
    return None


def uncached(cache: CacheStore) -> Verdict | None:
    """The verdict on a cache of which nobody keeps snapshots, None for others."""
    if cache.keeps or cache.snapshot or cache.doubt or cache.instead:
        return None
    return not_applicable(
        "Nobody keeps snapshots of the cache (SnapshotRetentionLimit 0): it holds what is made"
        " anew."
    )


def judge_restore(
    store: Store,
    backups: Backups,
    stated: StatedObjectives,
    attested: Attested,
    settings: RestoreSettings,
    *,
    only_protected: bool = False,
) -> Verdict:
    """A restore proves that the store can be restored: it is of this store and ended well.

    ``only_protected``: the rule does not apply to a store that AWS Backup does not protect.
    """
    if excused := why_excused(store, backups, settings.exempt_names):
        return excused
    if only_protected and store.arn not in backups.protected:
        return not_applicable(f"AWS Backup does not protect {store.spoken}.")
    tested = _Tested(store, backups, settings, attested.recorded)
    return _of_restores(tested, stated, attested).observing(tested.lasting)


def _of_restores(tested: _Tested, stated: StatedObjectives, attested: Attested) -> Verdict:
    said, done = _attested_restore(tested, attested)
    failed = tested.failed
    if failed and not (done and failed.started < done):
        return tested.failure(failed)
    if proof := tested.proof:
        return _within(proof, tested, stated)
    if done is not None:
        return said
    new = _is_new(tested.store, tested.settings)
    return new or (said if attested.statements else tested.lacking())


def _attested_restore(tested: _Tested, attested: Attested) -> tuple[Verdict, datetime | None]:
    """The verdict on what people attest, and when the restore was made if it is valid."""
    store, settings = tested.store, tested.settings
    said = attested.verdict(
        f"A restore of {store.spoken}",
        max_age_days=settings.max_age_days,
        two_people=settings.two_people,
    )
    if said.status is not Status.COMPLIANT:
        return said, None
    ids = {each.id: each.performed_at for each in attested.statements}
    done = ids[str(said.observed["attestation"])]
    if store.created and done < store.created:
        void = violates(
            f"The restore of {done:%Y-%m-%d} is attested, but {store.spoken} was created again on"
            f" {store.created:%Y-%m-%d}.",
            expected=tested.expected,
        )
        return void, None
    return said, done


def _is_new(store: Store, settings: RestoreSettings) -> Verdict | None:
    since = store.created or store.started
    if since is None or not isinstance(settings, NewStoreSettings):
        return None
    due = since + timedelta(days=settings.grace_days)
    if store.read_at >= due:
        return None
    return not_applicable(
        f"It was created on {since:%Y-%m-%d}; its first restore is due by {due:%Y-%m-%d}."
    )


def jobs_of(store: Store, backups: Backups) -> tuple[RestoreJob, ...]:
    """The restore jobs of all of a store, newest first."""
    known = backups.restores.get(store.arn, ())
    by_hand = [j for j in backups.by_hand.get(store.arn, ()) if j.id not in store.of_items]
    if not by_hand:
        return known
    return tuple(sorted((*known, *by_hand), key=lambda job: job.started, reverse=True))


@dataclass(frozen=True, slots=True)
class _Tested:
    """The restore jobs of a store, by what they say of it.

    ``recorded`` is what the finding remembers of earlier ones.
    """

    store: Store
    backups: Backups
    settings: RestoreSettings
    recorded: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def jobs(self) -> tuple[RestoreJob, ...]:
        listed = jobs_of(self.store, self.backups)
        known = {job.id for job in listed}
        found = recalled(self.recorded, self.backups.read_at)
        forgotten = [job for job in found if job.id not in known]
        if not forgotten:
            return listed
        return tuple(sorted((*listed, *forgotten), key=lambda job: job.started, reverse=True))

    @property
    def lasting(self) -> dict[str, Fact]:
        """What the finding has to remember: the newest restore that counts, or that failed."""
        return remembered(self.newest, self.failed)

    @property
    def expected(self) -> str:
        validated = " and was validated" if self.settings.require_validation else ""
        return (
            f"A restore of {self.store.spoken} that completed{validated} at most"
            f" {self.settings.max_age_days} days ago"
            f" ({'AWS Backup, or attested' if self.store.backup_type else 'attested'})."
        )

    @property
    def failed(self) -> RestoreJob | None:
        """The newest job that ended, if it failed and the store was there already."""
        ended = next((job for job in self.jobs if job.has_failed or job.is_completed), None)
        if ended is None or not ended.has_failed:
            return None
        created = self.store.created
        return None if created and ended.started < created else ended

    @property
    def newest(self) -> RestoreJob | None:
        """The newest restore that counts, whatever its age."""
        counts = [
            job
            for job in self.jobs
            if (job.is_validated if self.settings.require_validation else job.is_completed)
        ]
        return counts[0] if counts else None

    @property
    def proof(self) -> RestoreJob | None:
        newest = self.newest
        return newest if newest and not self._objection(newest) else None

    def _objection(self, job: RestoreJob) -> str:
        ended, created = job.ended or job.started, self.store.created
        if created and ended < created:
            return f", before it was created again on {created:%Y-%m-%d}."
        if ended < self.backups.read_at - timedelta(days=self.settings.max_age_days):
            return f"; at most {self.settings.max_age_days} days ago is required."
        return ""

    def facts(self, job: RestoreJob) -> dict[str, Fact]:
        return {
            "restore_job": job.id,
            "status": job.status,
            "validation": job.validation,
            "minutes": None if job.minutes is None else round(job.minutes, 1),
        }

    def failure(self, job: RestoreJob) -> Verdict:
        how = {"FAILED": "failed", "ABORTED": "was aborted"}.get(job.status, "")
        how = how or f"completed, but its validation {_SAID[job.validation]}"
        message = f": {job.message.rstrip('. ')}" if job.message else ""
        return violates(
            f"The last restore of {self.store.spoken} ({job.started:%Y-%m-%d}) {how}{message}.",
            expected=self.expected,
            severity=Severity.HIGH,
            **self.facts(job),
        )

    def lacking(self) -> Verdict:
        """The verdict without a restore that counts."""
        if job := next((job for job in self.jobs if self._is_validating(job)), None):
            return cannot_tell(
                f"What was restored on {job.started:%Y-%m-%d} is still being validated."
            ).observing(self.facts(job))
        if job := self.newest:
            return violates(
                f"{self.store.title} was last restored on {job.ended:%Y-%m-%d}"
                f"{self._objection(job)}",
                expected=self.expected,
                severity=Severity.MEDIUM,
                **self.facts(job),
            )
        if job := next((job for job in self.jobs if job.is_completed), None):
            return violates(
                f"{self.store.title} was restored on {job.ended:%Y-%m-%d}, but no"
                " one has validated what was restored (PutRestoreValidationResult).",
                expected=self.expected,
                severity=Severity.MEDIUM,
                **self.facts(job),
            )
        if items := self.backups.by_hand.get(self.store.arn):
            return violates(
                f"{self.store.title} was restored on {items[0].started:%Y-%m-%d}, but only single"
                " items of it as far as AWS Backup shows: that says nothing about all of it.",
                expected=self.expected,
                severity=Severity.MEDIUM,
            )
        is_backed_up = self._is_restorable or bool(self.store.doubt)
        if self.store.arn not in self.backups.protected and not is_backed_up:
            return violates(
                f"Nothing backs up {self.store.spoken}: {self._lacks}{self._opted_out}.",
                expected=self.expected,
                severity=Severity.HIGH,
            )
        return violates(
            f"No restore of {self.store.spoken} is known: its backups are untested"
            f"{self._opted_out}.",
            expected=self.expected,
        )

    def _is_validating(self, job: RestoreJob) -> bool:
        return (
            job.validation == VALIDATING
            and job.started > self.backups.read_at - LONGEST_VALIDATION
        )

    @property
    def _is_restorable(self) -> bool:
        return self.store.restorable is not None or self.store.snapshot is not None

    @property
    def _lacks(self) -> str:
        if not self.store.backup_type:
            return "it has no snapshot"
        return "no point-in-time recovery, no snapshot and no recovery point in AWS Backup"

    @property
    def _opted_out(self) -> str:
        if self.store.backup_type not in self.backups.opted_out:
            return ""
        return f" (the region's settings leave {self.store.backup_type} out of backup plans)"


_SAID = {"FAILED": "failed", "TIMED_OUT": "timed out"}


def _within(job: RestoreJob, tested: _Tested, stated: StatedObjectives) -> Verdict:
    """The verdict on a restore that counts: it took no longer than the RTO, if one is stated."""
    objectives, unknown = objectives_of(tested.store, stated)
    if unknown:
        return unknown
    rto, minutes = objectives.rto, job.minutes or 0.0
    what = f"The restore of {tested.store.spoken} of {job.ended:%Y-%m-%d}"
    took = f"{what} took {plural(minutes, 'minute')}"
    facts = tested.facts(job)
    if rto is None:
        return complies(f"{took}; no RTO is stated.", **facts)
    if minutes > rto:
        return violates(
            f"{took}; the RTO is {plural(rto, 'minute')}.",
            expected=f"A restore within the RTO of {plural(rto, 'minute')}.",
            severity=Severity.MEDIUM,
            rto_minutes=rto,
        ).observing(facts)
    return complies(
        f"{took}, within the RTO of {plural(rto, 'minute')}.", rto_minutes=rto
    ).observing(facts)
