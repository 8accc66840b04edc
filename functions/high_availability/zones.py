"""Whether what runs would outlive the failure of one Availability Zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from fnmatch import fnmatchcase

from readiness import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
    violates_all,
)
from readiness.evidence.autoscaling import (
    GroupAvailability,
    ReplicaScaling,
    Scalable,
    ServiceScaling,
)
from readiness.evidence.ec2.exits import InterfaceEndpoints, NatGateways
from readiness.evidence.ec2.vpcs import RouteTables, Subnet
from readiness.evidence.ec2.zones import Places, Zones
from readiness.evidence.ecs.placement import CapacityProviders, ServicePlacement
from readiness.evidence.ecs.tasks import ServiceTasks, Task
from readiness.evidence.efs import FileSystemAvailability
from readiness.evidence.elasticache import availability
from readiness.evidence.elasticache.availability import Shard
from readiness.evidence.elbv2.target_groups import Target, TargetHealth
from readiness.evidence.opensearch import DomainAvailability
from readiness.evidence.rds.clusters import ClusterAvailability, Member
from readiness.evidence.rds.instances import InstanceAvailability
from readiness.evidence.workloads.regional import RegionalStores
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact

from .settings import SETTLING

COUNT = "ecs:service:DesiredCount"


def in_zones(count: int) -> str:
    """``in 2 Availability Zones``."""
    return f"in {plural(count, 'Availability Zone')}"


def places_verdict(what: str, places: Places, min_zones: int, *, expected: str) -> Verdict:
    """The verdict on where something stands, where nothing else decides it."""
    observed: dict[str, Fact] = {"zones": list(places.zones), "not_counted": list(places.edges)}
    if len(places.zones) >= min_zones:
        return complies(
            f"{what} {in_zones(len(places.zones))}: {listed(places.zones)}.", **observed
        )
    if places.unknown:
        return cannot_tell(
            f"{what} {in_zones(len(places.zones))} and in {listed(places.unknown)}, of which"
            " AWS does not show where it is.",
            unknown=list(places.unknown),
        ).observing(observed)
    return violates(_too_few(what, places, min_zones), expected=expected).observing(observed)


def _too_few(what: str, places: Places, min_zones: int) -> str:
    named = f" ({listed(places.zones)})" if places.zones else ""
    edges = f" {listed(places.edges)} does not count as one." if places.edges else ""
    return (
        f"{what} {in_zones(len(places.zones))}{named}; at least {min_zones} are required.{edges}"
    )


# -- ECS services ---------------------------------------------------------------------------------

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
        yield Problem(Severity.HIGH, _too_few("Tasks may be placed", allowed, min_zones))
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


# -- EC2 Auto Scaling -----------------------------------------------------------------------------

_NO_REPLACEMENT = ("Launch", "Terminate", "AZRebalance")


def group_verdict(group: GroupAvailability, zones: Zones, *, min_zones: int) -> Verdict:
    """The verdict on a group of instances: its size, its zones and where its instances are."""
    excused = _excused_group(group)
    if excused:
        return not_applicable(excused)
    allowed = zones.of_names(group.zones)
    running = zones.of_names({zone for zone in group.running if zone})
    observed: dict[str, Fact] = {
        "lowest": group.lowest,
        "desired": group.desired,
        "zones": list(allowed.zones),
        "running_zones": list(running.zones),
        "suspended": list(group.suspended),
    }
    problems = list(_group_problems(group, allowed, running, min_zones))
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
    return complies(
        f"The group may use {listed(allowed.zones)}, and its instances are in"
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
    group: GroupAvailability, allowed: Places, running: Places, min_zones: int
) -> Iterator[Problem]:
    if len(allowed.zones) < min_zones and not allowed.unknown:
        yield Problem(Severity.HIGH, _too_few("The group may start instances", allowed, min_zones))
    lowest = group.desired if not group.lowest else min(group.lowest, group.desired)
    if lowest < 2 and not group.lowest and not (group.behind or group.in_lattice):
        yield Problem(
            Severity.LOW,
            f"The group runs {plural(lowest, 'instance')} now and may run none (minimum 0). No"
            " load balancer sends it requests.",
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
    if stopped:
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


# -- targets of a load balancer -------------------------------------------------------------------


def targets_verdict(health: TargetHealth, zones: Zones) -> Verdict:
    """The verdict on where the healthy targets of a group are."""
    live = [each for each in health.targets if each.state not in {"draining", "unused"}]
    healthy = [each for each in live if each.state == "healthy"]
    observed: dict[str, Fact] = {"targets": len(live), "healthy": len(healthy)}
    excused = _no_zones(health, live, healthy)
    if excused:
        return not_applicable(excused).observing(observed)
    places = zones.of_names({each.zone for each in healthy if each.zone})
    observed["zones"] = list(places.zones)
    if len(places.zones) > 1:
        return complies(
            f"{plural(len(healthy), 'healthy target')} {in_zones(len(places.zones))}:"
            f" {listed(places.zones)}."
        ).observing(observed)
    if any(each.state == "initial" for each in live):
        return cannot_tell(
            "Targets are being registered; their zones are judged when they are healthy.",
            is_passing=True,
        ).observing(observed)
    if places.unknown or not all(each.zone for each in healthy):
        return cannot_tell("The zones of some healthy targets are not shown.").observing(observed)
    where = listed(places.zones or places.edges)
    return violates(
        f"{plural(len(healthy), 'healthy target')}, all in one zone ({where}); if it fails, the"
        " load balancer has nothing to send requests to.",
        expected="Healthy targets in at least two Availability Zones.",
    ).observing(observed)


def _no_zones(health: TargetHealth, live: Sequence[Target], healthy: Sequence[Target]) -> str:
    """Why the zones of targets are not judged; empty where they are."""
    check = health.check
    if not check.balancers:
        return "No load balancer uses the target group."
    if check.target_type in {"lambda", "alb"}:
        return f"Its target is of the type {check.target_type}, which has no zone."
    if not live:
        return "The target group has no targets in use."
    if any(each.zone == "all" for each in healthy):
        return "Targets are addresses outside the VPC, whose zone is not known."
    if healthy or any(each.state == "initial" for each in live):
        return ""
    return "No target is healthy; target-group-health-checks reports it."


# -- databases ------------------------------------------------------------------------------------

_MAKING = frozenset({"creating", "restoring", "backing-up", "modifying", "upgrading", "renaming"})
_IDLE = frozenset({"stopped", "stopping", "deleting"})
STANDBY = "A Multi-AZ deployment, with a standby in another Availability Zone."


def instance_verdict(database: InstanceAvailability, now: datetime, *, replicas: bool) -> Verdict:
    """The verdict on an instance that belongs to no cluster."""
    excused = _excused_database(database, replicas=replicas)
    if excused:
        return not_applicable(excused)
    if database.multi_az and database.pending is False:
        return violates(
            "A change that removes the standby waits for the maintenance window.",
            expected=STANDBY,
            pending=False,
        )
    if database.multi_az:
        return complies(
            "The instance has a standby in another Availability Zone"
            f"{f' ({database.second_zone})' if database.second_zone else ''}.",
            zone=database.zone,
        )
    is_new = database.created is None or now - database.created < SETTLING
    if database.status in _MAKING and (is_new or database.pending):
        return cannot_tell(
            f"The instance is {database.status}; it is judged when that is done.", is_passing=True
        )
    waits = " A change to Multi-AZ waits for the maintenance window." if database.pending else ""
    return violates(
        f"The instance runs in one zone ({database.zone}) without a standby.{waits}",
        expected=STANDBY,
        zone=database.zone,
        pending=database.pending,
    )


def _excused_database(database: InstanceAvailability, *, replicas: bool) -> str:
    """Why an instance is not judged; empty where it is."""
    if database.cluster:
        return (
            f"The instance is a member of the cluster {database.cluster};"
            " database-cluster-zones judges it."
        )
    if database.status in _IDLE:
        return f"The instance is {database.status}."
    if database.on_outpost:
        return "The instance stands on an Outpost, by design in one place."
    if database.replica_of and not database.multi_az and not replicas:
        return (
            f"The instance is a read replica of {database.replica_of}, whose own standby counts."
        )
    return ""


_CAN_SERVE = frozenset(
    [
        "available",
        "backing-up",
        "configuring-associated-roles",
        "configuring-enhanced-monitoring",
        "configuring-log-exports",
        "configuring-iam-database-auth",
        "maintenance",
        "modifying",
        "renaming",
        "resetting-master-credentials",
        "storage-optimization",
        "upgrading",
        "storage-config-upgrade",
    ]
)


_STARTING = frozenset(
    ["", "converting-to-vpc", "creating", "moving-to-vpc", "rebooting", "restoring", "starting"]
)


def cluster_verdict(
    cluster: ClusterAvailability, scaling: ReplicaScaling, zones: Zones, *, min_zones: int
) -> Verdict:
    """The verdict on a cluster: members in several zones of which one can take over."""
    manages_itself = cluster.mode == "serverless" or cluster.is_limitless
    if cluster.status in _IDLE or not (cluster.members or manages_itself):
        state = cluster.status if cluster.status in _IDLE else "without an instance"
        return not_applicable(f"The cluster is {state}.")
    if manages_itself:
        kind = "A limitless database" if cluster.is_limitless else "Aurora Serverless v1"
        return complies(f"{kind} goes on in another Availability Zone by itself.")
    able = [each for each in cluster.members if each.status in _CAN_SERVE]
    unable = [each for each in cluster.members if each.status not in _CAN_SERVE]
    places = zones.of_names({each.zone for each in able if each.zone})
    observed: dict[str, Fact] = {
        "members": len(cluster.members),
        "zones": list(places.zones),
        "unable": [f"{each.name} ({each.status or 'not shown'})" for each in unable],
    }
    if len(able) > 1 and _readers_may_go(cluster, scaling):
        return violates(
            f"Auto scaling made every reader and may delete them all (MinCapacity 0;"
            f" {plural(len(cluster.members), 'instance')} now).",
            expected="A reader that stays, or a minimum of at least one reader.",
        ).observing(observed)
    if len(able) > 1 and len(places.zones) >= min_zones:
        return complies(
            f"{plural(len(able), 'instance')} {in_zones(len(places.zones))}; a reader takes over"
            " when the writer's zone fails."
        ).observing(observed)
    doubt = _unsettled(able, unable, places)
    if doubt is not None:
        return doubt.observing(observed)
    text = (
        f"The cluster has {plural(len(cluster.members), 'instance')}, of which {len(able)} can"
        " serve; if its zone fails, no reader takes over."
        if len(able) < 2
        else _too_few("The cluster's instances are", places, min_zones)
    )
    return violates(
        text, expected="A writer and at least one reader in different Availability Zones."
    ).observing(observed)


_AUTO_SCALED = "application-autoscaling-"
"""What the names of the readers begin with that Application Auto Scaling makes and deletes."""
READERS = "rds:cluster:ReadReplicaCount"


def _readers_may_go(cluster: ClusterAvailability, scaling: ReplicaScaling) -> bool:
    """Whether auto scaling made every reader and needs to keep none."""
    target = scaling.targets.get((f"cluster:{cluster.name}", READERS))
    lasting = [each for each in cluster.members if not each.name.startswith(_AUTO_SCALED)]
    return target is not None and target.lowest == 0 and len(lasting) < 2


def _unsettled(able: Sequence[Member], unable: Sequence[Member], places: Places) -> Verdict | None:
    """What to say of a cluster whose instances are not all up, or do not show where they are."""
    starting = [each for each in unable if each.status in _STARTING]
    if starting:
        return cannot_tell(
            f"Instances of the cluster are being made or started: {len(starting)}.",
            is_passing=True,
        )
    if len(able) > 1 and (places.unknown or not all(each.zone for each in able)):
        return cannot_tell("The zones of some instances are not shown.")
    return None


# -- caches ---------------------------------------------------------------------------------------


def shard_faults(shards: Iterable[Shard], zones: Zones) -> tuple[list[str], list[str]]:
    """What is wrong with shards, and which nodes do not show their zone."""
    faults: list[str] = []
    unknown: list[str] = []
    for shard in shards:
        places = zones.of_names({zone for zone in shard.zones if zone})
        if len(shard.zones) < 2:
            faults.append(f"shard {shard.name} has no replica")
        elif len(places.zones) > 1:
            continue
        elif places.unknown or not all(shard.zones):
            unknown.append(f"shard {shard.name}")
        else:
            faults.append(
                f"all nodes of shard {shard.name} are in {listed(places.zones or places.edges)}"
            )
    return faults, unknown


def cache_verdict(
    shards: Sequence[Shard], zones: Zones, switches: Sequence[str], *, is_changing: bool
) -> Verdict:
    """The verdict on a cache; ``switches`` are the settings that are off."""
    faults, unknown = shard_faults(shards, zones)
    told = [*switches, *faults]
    if told and is_changing:
        return cannot_tell("The cache is being changed.", is_passing=True, faults=told)
    if told:
        return violates(
            f"The cache does not survive the failure of a zone: {listed(told)}.",
            expected="Automatic failover and Multi-AZ, with a replica of each shard in another"
            " Availability Zone.",
            faults=told,
        )
    if unknown or not shards:
        return cannot_tell(
            f"The zones of {listed(unknown) or 'its nodes'} are not shown.",
            is_passing=is_changing,
        )
    return complies(
        f"Automatic failover is on, and {plural(len(shards), 'shard')} of the cache"
        f" {'has' if len(shards) == 1 else 'have'} nodes in several Availability Zones."
    )


def cache_cluster_verdict(
    cluster: availability.ClusterAvailability, zones: Zones, *, min_zones: int
) -> Verdict:
    """The verdict on a cluster of its own: one node of Redis, or some of Memcached."""
    excused = _excused_cache(cluster)
    if excused:
        return not_applicable(excused)
    places = zones.of_names({zone for zone in cluster.zones if zone})
    count = len(cluster.zones)
    observed: dict[str, Fact] = {"nodes": count, "zones": list(places.zones)}
    if len(places.zones) >= min_zones:
        return complies(
            f"{plural(count, 'node')} {in_zones(len(places.zones))}: {listed(places.zones)}."
        ).observing(observed)
    if cluster.status in {"creating", "modifying"} or not count:
        return cannot_tell("The cache is being changed.", is_passing=True).observing(observed)
    if count > 1 and (places.unknown or not all(cluster.zones)):
        return cannot_tell("The zones of some nodes are not shown.").observing(observed)
    if cluster.is_memcached:
        return violates(
            f"{_too_few('The nodes of the cache are', places, min_zones)} If it fails, the whole"
            " cache is cold at once.",
            expected="Nodes in several Availability Zones (AZMode cross-az).",
            severity=Severity.MEDIUM,
        ).observing(observed)
    return violates(
        "The cache is a single node without a replica; if it or its zone fails, the cache and its"
        " data are gone.",
        expected="A replication group with automatic failover and Multi-AZ.",
    ).observing(observed)


def _excused_cache(cluster: availability.ClusterAvailability) -> str:
    """Why the zones of a cluster are not judged; empty where they are."""
    if cluster.replication_group:
        return (
            f"The cluster is a node of the replication group {cluster.replication_group};"
            " cache-zones judges it."
        )
    if cluster.status == "deleting":
        return "The cache is being deleted."
    return "The cache stands on an Outpost, by design in one place." if cluster.on_outpost else ""


# -- search and files -----------------------------------------------------------------------------


def domain_verdict(domain: DomainAvailability, *, min_zones: int) -> Verdict:
    """The verdict on a domain: zone awareness, enough nodes for it, and masters that can vote."""
    if domain.is_going:
        return not_applicable("The domain is being deleted.")
    observed: dict[str, Fact] = {
        "zones": domain.zones,
        "nodes": domain.nodes,
        "masters": domain.masters,
    }
    faults: list[str] = []
    if domain.zones < min_zones:
        faults.append(
            f"data nodes are {in_zones(domain.zones)}; at least {min_zones} are required"
        )
    elif domain.nodes < domain.zones:
        faults.append(f"{plural(domain.nodes, 'data node')} for {domain.zones} zones")
    if domain.masters in {1, 2}:
        faults.append(
            f"{plural(domain.masters, 'dedicated master node')}, with which no majority is left"
            " when one fails"
        )
    if faults and domain.is_processing:
        return cannot_tell("The domain is being changed.", is_passing=True).observing(observed)
    if faults:
        return violates(
            f"The domain does not survive the failure of a zone: {listed(faults)}.",
            expected="Zone awareness with a data node in each zone, and three dedicated masters"
            " or none.",
        ).observing(observed)
    return complies(
        f"{plural(domain.nodes, 'data node')} {in_zones(domain.zones)}"
        f"{', with standby' if domain.has_standby else ''}."
    ).observing(observed)


def file_system_verdict(
    system: FileSystemAvailability, zones: Zones, *, min_zones: int
) -> Verdict:
    """The verdict on a file system: regional, and with mount targets in several zones."""
    if system.state in {"deleting", "deleted"}:
        return not_applicable(f"The file system is {system.state}.")
    if system.only_zone:
        return violates(
            f"The file system is of the type One Zone: its data is in {system.only_zone} alone.",
            expected="A regional file system.",
            zone=system.only_zone,
        )
    if not system.targets:
        return not_applicable(
            "The data is in several zones; no mount target uses the file system."
        )
    able = [each for each in system.targets if each.state == "available"]
    if len(able) < len(system.targets) and len(able) < min_zones:
        return cannot_tell("Mount targets are being made or removed.", is_passing=True)
    return places_verdict(
        "The data is in several zones, and the file system can be mounted",
        zones.of_names([each.zone_id for each in able]),
        min_zones,
        expected="A mount target in each Availability Zone that uses the file system.",
    )


def stores_verdict(stores: RegionalStores, allowed: Sequence[str]) -> Verdict:
    """The verdict on what is regional by design, and on objects that are not."""
    counts = {
        "bucket": stores.buckets,
        "table": stores.tables,
        "queue": stores.queues,
        "topic": stores.topics,
    }
    told = [plural(count, what) for what, count in counts.items() if count]
    if not told:
        return not_applicable("The region has no bucket, table, queue or topic.")
    alone = [
        name
        for name in stores.in_one_zone
        if not any(fnmatchcase(name, pattern) for pattern in allowed)
    ]
    if alone:
        return violates(
            f"Objects of {listed(alone)} are in one Availability Zone alone (S3 One Zone).",
            expected="A storage class of several zones for objects that cannot be made again.",
            buckets=alone[:50],
        ).observing(counts)
    return complies(
        f"{listed(told)} keep what they hold in several Availability Zones by design."
    ).observing(counts)


# -- ways out of a VPC ----------------------------------------------------------------------------


def nat_verdict(gateways: NatGateways, tables: RouteTables, zones: Zones) -> Verdict:
    """The verdict on whether the subnets of a zone reach the internet through that zone."""
    subnets = [each for each in zones.subnets.values() if each.vpc_id == gateways.id]
    by_id = {each.id: each for each in gateways.all}
    used: dict[str, list[Subnet]] = {}
    for subnet in subnets:
        table = tables.effective(subnet)
        for route in table.routes if table else ():
            if route.target in by_id:
                used.setdefault(route.target, []).append(subnet)
    if not used:
        return not_applicable("No subnet of the VPC routes through a NAT gateway that works.")
    foreign: list[str] = []
    unknown: list[str] = []
    for id, behind in used.items():
        gateway = by_id[id]
        if gateway.is_regional:
            continue
        places = zones.of_subnets([gateway.subnet_id])
        home = (*places.zones, *places.edges)
        if not home:
            unknown.append(id)
            continue
        others = zones.of_subnets([subnet.id for subnet in behind])
        foreign += [
            f"{zone} through {id} in {home[0]}" for zone in others.zones if zone not in home
        ]
        unknown += [f"{id} of {subnet}" for subnet in others.unknown]
    if foreign:
        return violates(
            f"Subnets reach the internet through a NAT gateway of another zone"
            f" ({listed(foreign)}); when that zone fails, so do they.",
            expected="A NAT gateway in each zone that has routes to one, or a regional one.",
            crossing=foreign,
        )
    if unknown:
        return cannot_tell(f"AWS does not show the zones of {listed(unknown)}.")
    return complies(
        f"Every subnet that uses a NAT gateway uses one of its own zone or a regional one"
        f" ({listed(sorted(used))})."
    )


def endpoints_verdict(endpoints: InterfaceEndpoints, zones: Zones, *, min_zones: int) -> Verdict:
    """The verdict on the zones of the interface endpoints of a VPC that uses several."""
    if not endpoints.all:
        return not_applicable("The VPC has no interface endpoint.")
    of_vpc = zones.of_subnets(
        [each.id for each in zones.subnets.values() if each.vpc_id == endpoints.id]
    )
    if len(of_vpc.zones) < 2:
        return not_applicable("The VPC has subnets in one Availability Zone only.")
    short: list[str] = []
    unknown: list[str] = []
    for each in endpoints.all:
        places = zones.of_subnets(each.subnet_ids)
        if len(places.zones) >= min_zones:
            continue
        (unknown if places.unknown else short).append(
            f"{each.id} ({each.service.rpartition('.')[2]}, {listed(places.zones) or 'no zone'})"
        )
    if short:
        return violates(
            f"{plural(len(short), 'interface endpoint')} of the VPC"
            f" {'is' if len(short) == 1 else 'are'} in fewer than {min_zones} zones:"
            f" {listed(short)}.",
            expected="Each interface endpoint has addresses in several Availability Zones.",
            endpoints=short,
        )
    if unknown:
        return cannot_tell(f"AWS does not show all subnets of {listed(unknown)}.")
    return complies(
        f"{plural(len(endpoints.all), 'interface endpoint')} of the VPC"
        f" {'has' if len(endpoints.all) == 1 else 'have'} addresses in several zones."
    )
