"""Whether functions and services share a cache that is in use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from readiness.evidence.caches import Cache
from readiness.evidence.workloads.shared_caches import ComputeUnit, SharedCaches, linked
from readiness.model.text import listed
from readiness.model.verdict import (
    Problem,
    Severity,
    Status,
    Verdict,
    cannot_tell,
    complies,
    violates,
    violates_all,
)

from .cache_use import judge_use


def proven(
    unit: ComputeUnit, caches: SharedCaches, min_hit_rate: float, workload_tag: str
) -> Verdict | None:
    """The verdict by the caches that belong to a unit; None where they show nothing."""
    found = linked([unit], caches, workload_tag)
    judged = {
        label: judge_use(shared.cache, caches.read_at, min_hit_rate)
        for label, (shared, _) in found.items()
    }
    if label := _first(judged, Status.COMPLIANT):
        said = judged[label]
        reason = f"{said.reason} It belongs to this workload: {found[label][1]}."
        return complies(reason, cache=label).observing(said.observed)
    if label := _first(judged, Status.NON_COMPLIANT):
        said = judged[label]
        return violates(said.reason, expected=said.expected, cache=label)
    return None


def _first(judged: Mapping[str, Verdict], status: Status) -> str:
    return next((label for label, each in sorted(judged.items()) if each.status is status), "")


def workloads(units: Iterable[ComputeUnit], tag: str, least: int) -> dict[str, list[ComputeUnit]]:
    """The units by the value of a tag, for each workload with at least ``least`` of them."""
    found: dict[str, list[ComputeUnit]] = {}
    for unit in units:
        if name := (unit.tags or {}).get(tag, ""):
            found.setdefault(name, []).append(unit)
    return {name: some for name, some in sorted(found.items()) if len(some) >= least}


def sharing(units: list[ComputeUnit], caches: SharedCaches, workload_tag: str) -> Verdict:
    """Whether the units of a workload share a cache that is in use."""
    found = [shared.cache for shared, _ in linked(units, caches, workload_tag).values()]
    if found:
        return best_of(found, caches)
    others = [each.cache.label for each in caches.all if not each.cache.is_going]
    reach = f" None of them can reach {listed(others)}." if others else ""
    return violates(
        f"No shared cache was found for its {len(units)} functions and services.{reach}",
        expected="A shared cache.",
    )


def best_of(found: Iterable[Cache], caches: SharedCaches) -> Verdict:
    """The best verdict on several caches; a low hit rate still counts as use."""
    judged = [judge_use(cache, caches.read_at, 0) for cache in found]
    for status in (Status.COMPLIANT, Status.INSUFFICIENT_DATA, Status.NON_COMPLIANT):
        for each in judged:
            if each.status is status:
                return each
    return violates("The region has no shared cache.", expected="A shared cache.")


def judge_sharing(seen: Mapping[str, Verdict]) -> Verdict:
    """The verdict on all workloads together, by the verdict on each."""
    problems = [
        Problem(Severity.LOW, f"{name}: {each.reason}")
        for name, each in seen.items()
        if each.status is Status.NON_COMPLIANT
    ]
    if problems:
        return violates_all(
            problems, expected="A shared cache for each workload, available and in use."
        )
    open_ones = [name for name, each in seen.items() if each.status is not Status.COMPLIANT]
    if open_ones:
        return cannot_tell(f"{open_ones[0]}: {seen[open_ones[0]].reason}", workloads=open_ones)
    names = [f"{name}: {each.reason}" for name, each in seen.items()]
    return complies(listed(names, 3), workloads=sorted(seen))
