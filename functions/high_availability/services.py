"""The Availability Zones of ECS services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from readiness import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates_all,
)
from readiness.evidence.application_autoscaling import Scalable, ServiceScaling
from readiness.evidence.ec2.zones import Places, Zones
from readiness.evidence.ecs.placement import CapacityProviders, ServicePlacement
from readiness.evidence.ecs.tasks import ServiceTasks, Task
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact

from .settings import SETTLING
from .zones import in_zones, too_few

COUNT = "ecs:service:DesiredCount"
TWO_TASKS = "At least two tasks, spread over several Availability Zones."


def service_verdict(
    placement: ServicePlacement,
    tasks: ServiceTasks,
    scaling: ServiceScaling,
    providers: CapacityProviders,
    zones: Zones,
    *,
    min_zones: int,
) -> Verdict:
    """The verdict on a service: how many tasks, where they may run, and where they do."""
    excused = _excused(placement, tasks)
    if excused:
        return not_applicable(excused)
    allowed = _allowed(placement, providers, zones)
    running = zones.of_names({task.zone for task in _running(tasks) if task.zone})
    observed: dict[str, Fact] = {
        "desired": placement.desired,
        "lowest": _lowest(placement, scaling),
        "allowed_zones": list(allowed.zones) if allowed else [],
        "running_zones": list(running.zones),
    }
    problems = [
        *_count_problems(placement, scaling),
        *_configured_problems(placement, allowed, min_zones),
    ]
    settling = _is_settling(placement, tasks)
    if not problems and not settling:
        problems += _placement_problems(tasks, running)
    if problems:
        return violates_all(problems, expected=TWO_TASKS).observing(observed)
    doubt = _doubt(placement, tasks, allowed, running, min_zones)
    if doubt:
        return cannot_tell(doubt, is_passing=settling).observing(observed)
    return complies(
        f"{plural(len(_running(tasks)), 'task')} run {in_zones(len(running.zones))}:"
        f" {listed(running.zones)}."
    ).observing(observed)


def _excused(placement: ServicePlacement, tasks: ServiceTasks) -> str:
    """Why the zones of a service are not judged; empty where they are."""
    if placement.status != "ACTIVE":
        return f"The service is {placement.status.lower()}."
    if placement.scheduling == "DAEMON":
        return "A daemon runs once on each host; the hosts' Auto Scaling group decides the zones."
    if placement.launch_type == "EXTERNAL" or _all_external(tasks.running):
        return "The tasks run outside AWS, on machines without a zone."
    return "" if placement.desired else "The service is to run no task now."


def _doubt(
    placement: ServicePlacement,
    tasks: ServiceTasks,
    allowed: Places | None,
    running: Places,
    min_zones: int,
) -> str:
    """Why a service without a fault does not pass either; empty where it does."""
    if allowed and allowed.unknown and len(allowed.zones) < min_zones:
        return (
            f"AWS does not show where {listed(allowed.unknown)} is, so the zones of the service"
            " are not known."
        )
    if (
        allowed is None
        and 1 < len(running.zones) < min_zones
        and not _is_settling(placement, tasks)
    ):
        return (
            f"Tasks run {in_zones(len(running.zones))} now; whether they may run in {min_zones}"
            " does not show, as their hosts belong to no capacity provider."
        )
    if len(running.zones) > 1:
        return ""
    if _is_settling(placement, tasks):
        return "Tasks are being placed; their zones are judged when they have settled."
    return (
        f"{plural(len(_running(tasks)), 'task')} of {placement.desired} run now, and their zones"
        " are not all known."
    )


def _all_external(tasks: Sequence[Task]) -> bool:
    return bool(tasks) and all(task.launch_type == "EXTERNAL" for task in tasks)


def _running(tasks: ServiceTasks) -> list[Task]:
    return [task for task in tasks.running if task.status == "RUNNING"]


def _target(placement: ServicePlacement, scaling: ServiceScaling) -> Scalable | None:
    return scaling.targets.get((placement.resource_id, COUNT))


def _lowest(placement: ServicePlacement, scaling: ServiceScaling) -> int:
    """The fewest tasks it runs with: a service that scales to zero is judged by what it wants.

    While scaling in is suspended no policy takes it down to the minimum.
    """
    target = _target(placement, scaling)
    if target is None or target.lowest == 0 or "in" in target.suspended:
        return placement.desired
    return min(target.lowest, placement.desired)


def _count_problems(placement: ServicePlacement, scaling: ServiceScaling) -> Iterator[Problem]:
    lowest = _lowest(placement, scaling)
    if lowest < 2:
        scaled = placement.desired >= 2
        target = _target(placement, scaling)
        if target is not None and target.lowest == 0 and not placement.is_behind:
            yield Problem(
                Severity.LOW,
                f"The service runs {plural(placement.desired, 'task')} now, and auto scaling may"
                " stop all of them (MinCapacity 0). No load balancer sends it requests.",
            )
            return
        text = (
            f"Auto scaling may take the service down to {plural(lowest, 'task')}"
            f" (MinCapacity; {placement.desired} now)."
            if scaled
            else f"The service runs {plural(placement.desired, 'task')}; if its zone or host"
            " fails, nothing is left."
        )
        yield Problem(Severity.HIGH, text)
    elif placement.replaces_in_place and placement.least_percent == 0:  # ECS rounds up
        yield Problem(
            Severity.MEDIUM,
            f"A deployment may stop every task at once (minimumHealthyPercent is"
            f" {placement.least_percent}).",
        )


def _allowed(
    placement: ServicePlacement, providers: CapacityProviders, zones: Zones
) -> Places | None:
    """Where tasks may be placed: in the subnets, the hosts' zones and what constraints admit.

    None where nothing says it: hosts that belong to no capacity provider show where they are only
    by the tasks on them.
    """
    parts = []
    if placement.subnet_ids:
        parts.append(zones.of_subnets(placement.subnet_ids))
    behind = [providers.zones[name] for name in placement.providers if name in providers.zones]
    if behind and len(behind) == len(placement.providers):
        parts.append(zones.of_names({zone for names in behind for zone in names}))
    pinned = placement.pinned_zones
    if pinned is not None:
        parts.append(zones.of_names(pinned))
    if not parts:
        return None
    common = set(parts[0].zones).intersection(*(part.zones for part in parts[1:]))
    edges = {edge for part in parts for edge in part.edges}
    unknown = {each for part in parts for each in part.unknown}
    return Places(tuple(sorted(common)), tuple(sorted(edges)), tuple(sorted(unknown)))


def _configured_problems(
    placement: ServicePlacement, allowed: Places | None, min_zones: int
) -> Iterator[Problem]:
    if allowed is not None and len(allowed.zones) < min_zones and not allowed.unknown:
        yield Problem(Severity.HIGH, too_few("Tasks may be placed", allowed, min_zones))
    if placement.packs and not placement.rebalances:
        yield Problem(
            Severity.MEDIUM,
            f"The placement strategy ({listed(placement.spread)}) does not spread tasks over"
            " zones, and Availability Zone rebalancing is off.",
        )


def _is_settling(placement: ServicePlacement, tasks: ServiceTasks) -> bool:
    newest = max((task.created for task in _running(tasks) if task.created), default=None)
    is_new = newest is not None and tasks.read_at - newest < SETTLING
    return placement.is_deploying or is_new


def _placement_problems(tasks: ServiceTasks, running: Places) -> Iterator[Problem]:
    here = _running(tasks)
    is_known = all(task.zone for task in here) and not running.unknown
    if len(here) > 1 and is_known and len(running.zones) < 2:
        where = listed(running.zones or running.edges)
        yield Problem(Severity.HIGH, f"All {len(here)} tasks run in one zone now, {where}.")
