"""The Availability Zones of caches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from readiness import Severity, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.dax import DaxAvailability
from readiness.evidence.ec2.zones import Places, Zones
from readiness.evidence.elasticache import availability
from readiness.evidence.elasticache.availability import Shard
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact

from .zones import in_zones, too_few


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
    shards: Sequence[Shard],
    zones: Zones,
    switches: Sequence[str],
    *,
    is_changing: bool,
    is_settling: bool = False,
) -> Verdict:
    """The verdict on a cache; ``switches`` are the settings that are off.

    ``is_settling``: one of them is being switched on, and it does not fail over yet.
    """
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
    if is_settling:
        return cannot_tell("Automatic failover is being switched on.", is_passing=True)
    return complies(
        f"Automatic failover is on, and {plural(len(shards), 'shard')} of the cache"
        f" {'has' if len(shards) == 1 else 'have'} nodes in several Availability Zones."
    )


def dax_verdict(cluster: DaxAvailability, zones: Zones, *, min_zones: int) -> Verdict:
    """The verdict on a DAX cluster: a replica becomes its primary, if one is left."""
    if cluster.status in _GOING:
        return not_applicable("The cluster is being deleted.")
    places = zones.of_names({zone for zone in cluster.zones if zone})
    count = len(cluster.zones)
    observed: dict[str, Fact] = {"nodes": count, "zones": list(places.zones)}
    if len(places.zones) >= min_zones:
        return complies(
            f"{plural(count, 'node')} {in_zones(len(places.zones))}: {listed(places.zones)}."
        ).observing(observed)
    if cluster.status in {"creating", "modifying"} or not count:
        return cannot_tell("The cluster is being changed.", is_passing=True).observing(observed)
    if count > 1 and (places.unknown or not all(cluster.zones)):
        return cannot_tell("The zones of some nodes are not shown.").observing(observed)
    text = (
        "The cluster is a single node; if it or its zone fails, requests to DAX fail."
        if count < 2
        else too_few("The nodes of the cluster are", places, min_zones)
    )
    return violates(
        text, expected="Nodes in several Availability Zones; AWS recommends three."
    ).observing(observed)


_GOING = frozenset({"deleting", "deleted"})
_NEVER_MADE = frozenset({"create-failed", "restore-failed"})


def replication_group_verdict(group: availability.GroupAvailability, zones: Zones) -> Verdict:
    """The verdict on a replication group of ElastiCache: its switches and its replicas."""
    if group.on_outpost:
        return not_applicable("The cache stands on an Outpost, by design in one place.")
    if group.status in _GOING:
        return not_applicable("The cache is being deleted.")
    if group.status == "create-failed":
        return not_applicable("The cache could not be created, and serves nobody.")
    off = [
        text
        for text, state in {
            "automatic failover is off": group.failover,
            "Multi-AZ is off": group.multi_az,
        }.items()
        if state not in {"enabled", "enabling"}
    ]
    is_enabling = "enabling" in {group.failover, group.multi_az}
    return cache_verdict(
        group.shards,
        zones,
        off,
        is_changing=is_enabling or group.status in {"creating", "modifying"},
        is_settling=is_enabling and not off,
    )


def memorydb_verdict(cluster: availability.MemoryDbAvailability, zones: Zones) -> Verdict:
    """The verdict on a MemoryDB cluster, which fails over by itself where it has replicas."""
    if cluster.status in _GOING:
        return not_applicable("The cluster is being deleted.")
    if cluster.status in {"create-failed", "create failed"}:
        return not_applicable("The cluster could not be created, and serves nobody.")
    return cache_verdict(
        cluster.shards, zones, (), is_changing=cluster.status in {"creating", "updating"}
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
    if cluster.status == "incompatible-network":
        return violates(
            "The cache is incompatible-network: its nodes do not serve, in whichever zone.",
            expected="A cache that is available, with nodes in several Availability Zones.",
        ).observing(observed)
    if len(places.zones) >= min_zones:
        return complies(
            f"{plural(count, 'node')} {in_zones(len(places.zones))}: {listed(places.zones)}."
        ).observing(observed)
    if cluster.status in {"creating", "modifying"} or not count:
        return cannot_tell("The cache is being changed.", is_passing=True).observing(observed)
    if count > 1 and (places.unknown or not all(cluster.zones)):
        return cannot_tell("The zones of some nodes are not shown.").observing(observed)
    return _in_one_zone(cluster, places, min_zones).observing(observed)


def _in_one_zone(
    cluster: availability.ClusterAvailability, places: Places, min_zones: int
) -> Verdict:
    if cluster.is_memcached:
        return violates(
            f"{too_few('The nodes of the cache are', places, min_zones)} If it fails, the whole"
            " cache is cold at once.",
            expected="Nodes in several Availability Zones (AZMode cross-az).",
            severity=Severity.MEDIUM,
        )
    return violates(
        "The cache is a single node without a replica; if it or its zone fails, the cache and its"
        " data are gone.",
        expected="A replication group with automatic failover and Multi-AZ.",
    )


def _excused_cache(cluster: availability.ClusterAvailability) -> str:
    """Why the zones of a cluster are not judged; empty where they are."""
    if cluster.replication_group:
        return (
            f"The cluster is a node of the replication group {cluster.replication_group};"
            " cache-zones judges it."
        )
    if cluster.status in _GOING:
        return "The cache is being deleted."
    if cluster.status in _NEVER_MADE:
        return f"The cache could not be made ({cluster.status}), and serves nobody."
    return "The cache stands on an Outpost, by design in one place." if cluster.on_outpost else ""
