"""What owners call critical, which needs three Availability Zones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from readiness import Severity, Status, Verdict, cannot_tell
from readiness.evidence.ec2.zones import Zones
from readiness.evidence.workloads.manifests import Manifests
from readiness.model.tags import WORKLOAD_TAG


@dataclass(frozen=True, slots=True)
class Tier:
    """In how many zones something has to stand, critical or not."""

    least: int
    of_critical: int

    def judge(
        self,
        name: str,
        tags: Mapping[str, str],
        manifests: Manifests,
        zones: Zones,
        verdict_of: Callable[[int], Verdict],
    ) -> Verdict:
        """The verdict for the number of zones that the manifest of its workload asks for.

        A region with fewer zones is asked for all that it has. ``verdict_of`` gives the verdict
        for a number of zones.
        """
        verdict = verdict_of(self.least)
        wanted = min(self.of_critical, len(zones.real) or self.of_critical)
        workload = tags.get(WORKLOAD_TAG, "")
        manifest = manifests.of(workload)
        refusal = manifests.refusal(workload)
        is_critical = manifest is not None and manifest.is_critical(name)
        if wanted <= self.least or verdict.status is not Status.COMPLIANT:
            return verdict
        if not (is_critical or refusal):
            return verdict
        more = verdict_of(wanted)
        if more.status is Status.NON_COMPLIANT and refusal:
            return cannot_tell(refusal).observing(verdict.observed)
        if more.status is Status.NON_COMPLIANT and manifest is not None:
            reason = f"{more.reason} The manifest {manifest.workload} calls it critical."
            return replace(more, reason=reason, severity=Severity.MEDIUM)
        return more
