"""The Availability Zones of EC2 Auto Scaling groups."""

from __future__ import annotations

from collections.abc import Iterator

from readiness import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates_all,
)
from readiness.evidence.autoscaling.availability import GroupAvailability, kept
from readiness.evidence.ec2.zones import Places, Zones
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact

from .zones import too_few

_REBALANCE = "AZRebalance"
_NO_REPLACEMENT = ("Launch", "Terminate", _REBALANCE)


def group_verdict(group: GroupAvailability, zones: Zones, *, min_zones: int) -> Verdict:
    """The verdict on a group of instances: its size, its zones and where its instances are."""
    excused = _excused_group(group)
    if excused:
        return not_applicable(excused)
    own = zones.of_names(group.zones)
    allowed = zones.of_names({*group.zones, *(z for each in group.siblings for z in each.zones)})
    beside = {zone for each in group.siblings for zone in each.running}
    running = zones.of_names({zone for zone in (*group.running, *beside) if zone})
    observed: dict[str, Fact] = {
        "lowest": group.lowest,
        "desired": group.desired,
        "zones": list(allowed.zones),
        "running_zones": list(running.zones),
        "suspended": list(group.suspended),
    }
    if group.siblings:
        observed["siblings"] = [each.name for each in group.siblings]
    problems = list(_group_problems(group, own, allowed, running, min_zones))
    if problems:
        return violates_all(
            problems,
            expected=f"At least two instances, in at least {min_zones} zones that are kept even.",
        ).observing(observed)
    if lately := [name for name in _NO_REPLACEMENT if name in group.suspended_lately]:
        return cannot_tell(
            f"{listed(lately)} {'was' if len(lately) == 1 else 'were'} suspended a short while"
            " ago, as deployments do.",
            is_passing=True,
        ).observing(observed)
    if allowed.unknown and len(allowed.zones) < min_zones:
        return cannot_tell(f"AWS does not list the zones {listed(allowed.unknown)}.").observing(
            observed
        )
    who, whose = "The group", "its"
    if group.siblings:
        names = listed([each.name for each in group.siblings])
        who, whose = f"The group and {names}, which do the same together,", "their"
    return complies(
        f"{who} may use {listed(allowed.zones)}, and {whose} instances are in"
        f" {listed(running.zones) or 'none of them yet'}."
    ).observing(observed)


def _excused_group(group: GroupAvailability) -> str:
    """Why the zones of a group are not judged; empty where they are."""
    if group.is_going:
        return "The group is being deleted."
    if group.manager:
        return f"{group.manager} made the group and decides what it runs."
    return "" if group.highest and group.desired else "The group is to run no instance now."


def _group_problems(
    group: GroupAvailability, own: Places, allowed: Places, running: Places, min_zones: int
) -> Iterator[Problem]:
    """What is wrong with a group; ``allowed`` and ``running`` are those of its siblings as well.

    One that has one zone beside siblings elsewhere has no zone to rebalance to.
    """
    if len(allowed.zones) < min_zones and not allowed.unknown:
        yield Problem(Severity.HIGH, too_few("The group may start instances", allowed, min_zones))
    lowest = kept(group.lowest, group.desired) + sum(each.lowest for each in group.siblings)
    is_behind = group.behind or group.in_lattice
    if lowest < 2 and not group.lowest and not is_behind:
        yield Problem(
            Severity.LOW,
            f"The group runs {plural(lowest, 'instance')} now and may run none (minimum 0). No"
            " load balancer sends it requests.",
        )
    elif lowest < 2 and not is_behind:
        yield Problem(
            Severity.MEDIUM,
            f"The group may run with {plural(lowest, 'instance')} (minimum {group.lowest}, desired"
            f" {group.desired}): what it does stops until another one is started. No load balancer"
            " sends it requests.",
        )
    elif lowest < 2:
        yield Problem(
            Severity.HIGH,
            f"The group may run with {plural(lowest, 'instance')}"
            f" (minimum {group.lowest}, desired {group.desired}).",
        )
    stopped = [
        name
        for name in _NO_REPLACEMENT
        if name in group.suspended and name not in group.suspended_lately
    ]
    if len(own.zones) < 2 <= len(allowed.zones) and _REBALANCE in stopped:
        stopped.remove(_REBALANCE)
    if stopped == [_REBALANCE]:
        yield Problem(
            Severity.LOW,
            f"{_REBALANCE} is suspended: instances of a failed zone are started in the others, and"
            " stay there when it is back.",
        )
    elif stopped:
        verb = "is" if len(stopped) == 1 else "are"
        yield Problem(
            Severity.MEDIUM,
            f"{listed(stopped)} {verb} suspended, so instances of a failed zone are not moved.",
        )
    is_filling = bool(set(group.starting) - set(group.running))
    if len(group.running) > 1 and len(running.zones) < 2 <= len(allowed.zones) and not is_filling:
        yield Problem(
            Severity.HIGH,
            f"All {len(group.running)} instances are in one zone now, {listed(running.zones)}.",
        )
