"""How soon and how far back a workload has to be restored, as its owner states it."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.resiliencehub import ResilienceApp, ResilienceApps
from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.s3.versions import VersionLifecycle
from readiness.evidence.workloads.data_stores import BucketTags
from readiness.evidence.workloads.manifests import Manifests
from readiness.model.evidence import REGION, evidence
from readiness.model.manifest import DEFAULT
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.tags import WORKLOAD_TAG
from readiness.model.unreadable import NotOffered

SOFTWARE = "Software"
"""The disruption of a policy of Resilience Hub that restores from backups are for."""


@dataclass(frozen=True, slots=True)
class Objectives:
    """An RTO and an RPO in minutes, None where none is stated that is above zero."""

    rto: float | None = None
    rpo: float | None = None

    @classmethod
    def of(cls, rto: float | None, rpo: float | None) -> Objectives:
        return cls(*(each if each and each > 0 else None for each in (rto, rpo)))


@evidence(REGION, uses=(Manifests, ResilienceApps))
@dataclass(frozen=True, slots=True)
class StatedObjectives:
    """What manifests state and, of what they do not, the policies of Resilience Hub.

    Resilience Hub is not asked where the default manifest states both for all.
    Sources: GetParametersByPath, ListApps, DescribeApp, ListResiliencyPolicies.
    """

    manifests: Manifests
    apps: tuple[ResilienceApp, ...] = ()

    def of(self, workload: str) -> Objectives:
        """What is stated of a workload."""
        own = self._in_manifest(workload)
        policies = [
            (app.objectives or {}).get(SOFTWARE, (0.0, 0.0))
            for app in self.apps
            if workload and app.workload == workload
        ]
        return Objectives(
            own.rto or min((rto for rto, _ in policies if rto > 0), default=None),
            own.rpo or min((rpo for _, rpo in policies if rpo > 0), default=None),
        )

    def _in_manifest(self, workload: str) -> Objectives:
        manifest = self.manifests.of(workload)
        if manifest is None:
            return Objectives()
        return Objectives.of(manifest.rto_minutes, manifest.rpo_minutes)

    @classmethod
    def load(cls, read: Reader, region: Resource) -> StatedObjectives:
        manifests = read.of(Manifests, region)
        stated = cls(manifests)
        if None not in {(everyone := stated._in_manifest(DEFAULT)).rto, everyone.rpo}:
            return stated
        try:
            return cls(manifests, read.of(ResilienceApps, region).apps)
        except NotOffered:
            return stated


@evidence(BUCKET, uses=(BucketTags, StatedObjectives, VersionLifecycle))
@dataclass(frozen=True, slots=True)
class ArchiveObjectives:
    """The RTO of the workload of a bucket whose lifecycle rules move something to an archive.

    ``refusal`` says why the manifest that would state it cannot be used. Nothing is read for other
    buckets. Sources: those of StatedObjectives.
    """

    rto: float | None = None
    refusal: str = ""

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> ArchiveObjectives:
        if not read.of(VersionLifecycle, bucket).archiving:
            return cls()
        workload = read.of(BucketTags, bucket).tags.get(WORKLOAD_TAG, "")
        here = REGION.resource(read.account, read.region, read.account)
        stated = read.of(StatedObjectives, here)
        return cls(stated.of(workload).rto, stated.manifests.refusal(workload))
