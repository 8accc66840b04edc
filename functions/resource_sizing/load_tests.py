"""Whether an attested load test holds against Compute Optimizer and the memory in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.awslambda.sizes import RunSizes
from readiness.evidence.computeoptimizer import (
    FunctionRecommendations,
    Recommendation,
    ServiceRecommendations,
)
from readiness.evidence.ecs.service_definitions import ServiceTasks
from readiness.evidence.ecs.services import Service
from readiness.evidence.workloads.utilization import FunctionUse, ServiceUse
from readiness.model.attestation import Attested
from readiness.model.text import listed
from readiness.model.verdict import Fact, Severity, Status, Verdict, violates, worst
from readiness.semantics.metrics import Series

from .settings import LoadTestSettings

_DEFAULTS = "Memory (128 MiB) and timeout (3 s) are still Lambda's defaults."
_TOO_LITTLE = {"MemoryUnderprovisioned", "CPUUnderprovisioned"}
_TOO_MUCH = {"MemoryOverprovisioned", "CPUOverprovisioned"}
_WEEK_ENOUGH = 6


@dataclass(frozen=True, slots=True)
class Sized:
    """Something with a size: what it is called, its memory use (%) and what is recommended.

    Several recommendations are those of several versions of this size.

    ``contradiction`` says why the size cannot have been tested; empty if it can.
    """

    size: str
    bound: Mapping[str, Fact]
    memory: Series
    recommended: tuple[Recommendation, ...] = ()
    contradiction: str = ""

    def too_small(self, high: float) -> str:
        """Why it is too small, or was never chosen; empty where nothing says so."""
        if self._recommends("Underprovisioned", _TOO_LITTLE):
            return f"Compute Optimizer finds {self.size} too little."
        most = self.memory.highest
        if most is not None and most >= high:
            return f"Up to {most:.3g} % of the memory was in use; it has to stay below {high:g} %."
        return self.contradiction

    def too_large(self, low: float) -> str:
        """Why it is too large; empty where nothing says so, or not for a whole week."""
        if self._recommends("Overprovisioned", _TOO_MUCH):
            return f"Compute Optimizer finds {self.size} too much."
        most = self.memory.highest
        covered = self.memory.window.end - self.memory.window.start
        if most is not None and most < low and covered.days >= _WEEK_ENOUGH:
            return f"At most {most:.3g} % of the memory was in use in a week, less than {low:g} %."
        return ""

    def _recommends(self, finding: str, reasons: set[str]) -> bool:
        """Functions are all ``NotOptimized``, with reasons; services say it in the finding."""
        said = [
            each.finding == finding
            or (each.finding == "NotOptimized" and bool(reasons & set(each.reasons)))
            for each in self.recommended
        ]
        # one version for which it is too little decides; too much, it has to be for all of them
        return any(said) if finding == "Underprovisioned" else bool(said) and all(said)


def since(measured: Series, moment: datetime | None) -> Series:
    """Only what was measured with the present configuration."""
    return measured if moment is None else measured.since(moment)


def of_function(
    name: str, sizes: RunSizes, recommendations: FunctionRecommendations, use: FunctionUse
) -> dict[str, Sized]:
    """The sizes of the versions that run, each once, by what it is called in a sentence.

    A recommendation for another memory size is left out. That of the unpublished version counts
    for a published one of its size only where Compute Optimizer has none of its own.
    """
    by_size: dict[tuple[int, str], list[str]] = {}
    for version, size in sorted(sizes.of.items()):
        by_size.setdefault((size.memory, size.architecture), []).append(version)
    found = {}
    for (memory, architecture), versions in by_size.items():
        about = [sizes.of[version] for version in versions]
        changed = [each.modified for each in about if each.modified]
        untouched = any((each.memory, each.timeout) == (128, 3) for each in about)
        recommended = [
            each
            for each in (
                recommendations.of_versions(name, versions)
                or recommendations.of_versions(name, [LATEST])
            )
            if each.about == str(memory)
        ]
        where = "" if len(by_size) == 1 else f"In {of_versions(versions)}: "
        found[where] = Sized(
            f"{memory} MiB of memory",
            {"memory_size": memory, "architecture": architecture},
            since(use.memory, max(changed, default=None)),
            tuple(recommended),
            _DEFAULTS if untouched and use.invocations.total else "",
        )
    return found


def of_versions(versions: Sequence[str]) -> str:
    """``$LATEST``, ``the version 7`` or ``the versions 7 and 8``."""
    if versions == [LATEST]:
        return LATEST
    return f"the version{'' if len(versions) == 1 else 's'} {listed(versions)}"


def of_service(
    service: Service, tasks: ServiceTasks, recommendations: ServiceRecommendations, use: ServiceUse
) -> Sized:
    """The CPU and memory of tasks; a recommendation for another task definition is left out."""
    recommended = recommendations.by_service.get(service.arn)
    is_current = recommended is not None and recommended.about == service.task_definition
    deployed = [d["createdAt"] for d in service.deployments if d.get("status") == "PRIMARY"]
    return Sized(
        f"{tasks.cpu} CPU units and {tasks.memory} MiB of memory",
        {"cpu": tasks.cpu, "memory": tasks.memory, "architecture": tasks.architecture},
        since(use.memory, deployed[0] if deployed else None),
        (recommended,) if recommended is not None and is_current else (),
    )


def judge_each(
    sizes: Mapping[str, Sized], attested: Attested, settings: LoadTestSettings
) -> Verdict:
    """The worst verdict on several sizes, each by the words that say whose it is."""
    found = []
    for where, sized in sizes.items():
        said = judge_load_test(sized, attested, settings)
        found.append(replace(said, reason=f"{where}{said.reason}"))
    status = worst([each.status for each in found])
    those = [each for each in found if each.status is status]
    return min(those, key=lambda each: (each.severity or Severity.MEDIUM).rank)


def judge_load_test(sized: Sized, attested: Attested, settings: LoadTestSettings) -> Verdict:
    """Too small beats an attestation; an attestation beats too large."""
    expected = "A size that a load test found and that later measurements confirm."
    against = sized.too_small(settings.mem_high)
    if against:
        return violates(against, expected=expected).observing(sized.bound)
    verdict = attested.verdict(
        "A load test",
        max_age_days=settings.max_age_days,
        two_people=settings.two_people,
        bound=sized.bound,
    )
    waste = sized.too_large(settings.mem_low)
    if verdict.status is Status.COMPLIANT or verdict.missing or not waste:
        return verdict.observing(sized.bound)
    said = f"{waste} No valid load test shows that this size is needed."
    return violates(said, expected=expected, severity=Severity.LOW).observing(sized.bound)
