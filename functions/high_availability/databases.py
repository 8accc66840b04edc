"""The Availability Zones of database instances and clusters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from readiness import Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.application_autoscaling import ReplicaScaling
from readiness.evidence.ec2.zones import Places, Zones
from readiness.evidence.rds.clusters import ClusterAvailability, Member
from readiness.evidence.rds.instances import InstanceAvailability, is_auto_scaled
from readiness.model.text import plural
from readiness.model.verdict import Fact

from .settings import SETTLING
from .zones import in_zones, too_few

_MAKING = frozenset({"creating", "restoring", "backing-up", "modifying", "upgrading", "renaming"})
_PROMOTING = frozenset({"modifying", "rebooting"})
"""What a replica is while it becomes an instance of its own (RDS User Guide, "Promoting a read
replica to be a standalone DB instance")."""
_IDLE = frozenset({"stopped", "stopping", "deleting", "delete-precheck"})
_NEVER_MADE = frozenset(
    ["incompatible-create", "incompatible-restore", "insufficient-capacity", "restore-error"]
)
_BROKEN = frozenset(
    [
        "failed",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "incompatible-network",
        "incompatible-option-group",
        "incompatible-parameters",
    ]
)
"""States that an instance does not leave by itself, and in which its standby does not serve either
(RDS User Guide, "Viewing DB instance status")."""
STANDBY = "A Multi-AZ deployment, with a standby in another Availability Zone."


def instance_verdict(database: InstanceAvailability, now: datetime, *, replicas: bool) -> Verdict:
    """The verdict on an instance that belongs to no cluster."""
    excused = _excused_database(database, replicas=replicas)
    may_be_promoted = bool(database.replica_of) and not database.cluster
    if excused and may_be_promoted and database.status in _PROMOTING:
        return cannot_tell(
            f"The instance is {database.status}, perhaps being promoted; it is judged when that"
            " is done.",
            is_passing=True,
        )
    if excused:
        return not_applicable(excused)
    if database.multi_az and (flaw := _flaw_of_standby(database)):
        return violates(flaw, expected=STANDBY, pending=database.pending)
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


def _flaw_of_standby(database: InstanceAvailability) -> str:
    """Why a standby does not help; empty where it does."""
    if database.status in _BROKEN:
        return f"The instance is {database.status}: neither it nor its standby serves."
    if database.pending is False:
        return "A change that removes the standby waits for the maintenance window."
    return ""


def _excused_database(database: InstanceAvailability, *, replicas: bool) -> str:
    """Why an instance is not judged; empty where it is."""
    if database.cluster:
        return (
            f"The instance is a member of the cluster {database.cluster};"
            " database-cluster-zones judges it."
        )
    if database.status in _IDLE:
        return f"The instance is {database.status}."
    if database.status in _NEVER_MADE:
        return f"The instance could not be made ({database.status}), and serves nobody."
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
        "storage-initialization",
        "storage-optimization",
        "upgrading",
        "storage-config-upgrade",
    ]
)


_STARTING = frozenset(
    ["", "converting-to-vpc", "creating", "moving-to-vpc", "rebooting", "restoring", "starting"]
)


def cluster_verdict(
    cluster: ClusterAvailability,
    scaling: ReplicaScaling,
    zones: Zones,
    *,
    min_zones: int,
    replicas: bool,
) -> Verdict:
    """The verdict on a cluster: members in several zones of which one can take over."""
    if (whole := _whole_cluster(cluster)) is not None:
        return whole
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
    excuse = _of_replica(cluster) if cluster.replica_of and not replicas else None
    doubt = excuse or _unsettled(able, unable, places)
    if doubt is not None:
        return doubt.observing(observed)
    text = (
        f"The cluster has {plural(len(cluster.members), 'instance')}, of which {len(able)} can"
        " serve; if its zone fails, no reader takes over."
        if len(able) < 2
        else too_few("The cluster's instances are", places, min_zones)
    )
    return violates(
        text, expected="A writer and at least one reader in different Availability Zones."
    ).observing(observed)


def _whole_cluster(cluster: ClusterAvailability) -> Verdict | None:
    """The verdict on a cluster whose instances need not be looked at; None for the rest."""
    manages_itself = cluster.mode == "serverless" or cluster.is_limitless
    if cluster.status in _IDLE or not (cluster.members or manages_itself):
        state = cluster.status if cluster.status in _IDLE else "without an instance"
        return not_applicable(f"The cluster is {state}.")
    if cluster.status in _BROKEN:
        return violates(
            f"The cluster is {cluster.status}: none of its instances serves, in whichever zone.",
            expected="A cluster that is available, with instances in several Availability Zones.",
        )
    if manages_itself:
        kind = "A limitless database" if cluster.is_limitless else "Aurora Serverless v1"
        return complies(f"{kind} goes on in another Availability Zone by itself.")
    return None


def _of_replica(cluster: ClusterAvailability) -> Verdict:
    """The verdict on a replica of another cluster that has no reader of its own."""
    if cluster.status == "promoting":
        return cannot_tell(
            "The cluster is being promoted; it is judged when that is done.", is_passing=True
        )
    return not_applicable(
        f"The cluster is a replica of {cluster.replica_of}, whose own readers count."
    )


READERS = "rds:cluster:ReadReplicaCount"


def _readers_may_go(cluster: ClusterAvailability, scaling: ReplicaScaling) -> bool:
    """Whether auto scaling made every reader and needs to keep none."""
    target = scaling.targets.get((f"cluster:{cluster.name}", READERS))
    lasting = [each for each in cluster.members if not is_auto_scaled(each.name)]
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
