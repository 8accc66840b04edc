"""High availability: the failure of a zone, a host or a dependency does not take all down."""

from typing import Annotated

from readiness import Between, Severity, Verdict, heading, not_applicable
from readiness.engine.handler import handler_of
from readiness.evidence.application_autoscaling import ReplicaScaling, ServiceScaling
from readiness.evidence.autoscaling.availability import GroupAvailability
from readiness.evidence.awslambda.functions import FunctionTags
from readiness.evidence.awslambda.network import ReachedNetworks
from readiness.evidence.awslambda.settings import FunctionPlacement
from readiness.evidence.dax import DaxAvailability
from readiness.evidence.ec2.exits import InterfaceEndpoints, NatGateways
from readiness.evidence.ec2.vpcs import RouteTables, Vpc
from readiness.evidence.ec2.zones import Zones
from readiness.evidence.ecs.health_checks import ServiceChecks
from readiness.evidence.ecs.placement import CapacityProviders, ServicePlacement
from readiness.evidence.ecs.tasks import ServiceTasks
from readiness.evidence.efs import FileSystemAvailability
from readiness.evidence.elasticache import availability
from readiness.evidence.elbv2.load_balancers import BalancerZones
from readiness.evidence.elbv2.target_groups import TargetHealth
from readiness.evidence.opensearch import DomainAvailability
from readiness.evidence.rds.clusters import ClusterAvailability
from readiness.evidence.rds.instances import InstanceAvailability
from readiness.evidence.redshift import WarehouseAvailability
from readiness.evidence.region import Region
from readiness.evidence.route53_health import DnsHealthCheck
from readiness.evidence.route53_records import RoutedRecords
from readiness.evidence.vpclattice import LatticeOfGroup
from readiness.evidence.workloads.degradation import Degradation
from readiness.evidence.workloads.failover_tests.region import FailoverTests
from readiness.evidence.workloads.manifests import Manifests
from readiness.evidence.workloads.regional import RegionalStores
from readiness.judgement.restore_tests import of_restore_test
from readiness.model.attestation import Attested

from .caches import (
    cache_cluster_verdict,
    dax_verdict,
    memorydb_verdict,
    replication_group_verdict,
)
from .critical import Tier
from .databases import cluster_verdict, instance_verdict
from .dns_checks import dns_check_verdict
from .domains import domain_verdict
from .exits import endpoints_verdict, nat_verdict
from .failover import degradation_verdict, failover_verdict
from .file_systems import file_system_verdict
from .functions import networks_verdict
from .groups import group_verdict
from .health import (
    group_checks_verdict,
    service_checks_verdict,
    target_checks_verdict,
)
from .records import records_verdict
from .services import service_verdict
from .settings import CriticalZones, MinZones, TwoPeople
from .stores import stores_verdict
from .targets import targets_verdict
from .warehouses import warehouse_verdict
from .zones import places_verdict

high_availability = heading("Reliability", "High Availability")

ZONES = "Deploy across multiple AZs"
HEALTH = "Configure health checks"
DEGRADATION = "Implement graceful degradation"
FAILOVER = "Test failover scenarios"


# -- several zones --------------------------------------------------------------------------------


@high_availability.rule(ZONES, severity=Severity.HIGH)
def service_zones(
    placement: ServicePlacement,
    tasks: ServiceTasks,
    scaling: ServiceScaling,
    providers: CapacityProviders,
    zones: Zones,
    manifests: Manifests,
    *,
    min_zones: MinZones = 2,
    critical_min_zones: CriticalZones = 3,
) -> Verdict:
    """An ECS service always runs at least two tasks, in several Availability Zones.

    Judged is what is configured (tasks, auto scaling's minimum, subnets, hosts, placement), and
    where the tasks really run. A service that scales to zero is judged while it runs. One that its
    workload's manifest calls critical may use three zones.
    """
    return Tier(min_zones, critical_min_zones).judge(
        f"{placement.cluster}/{placement.name}",
        placement.tags or {},
        manifests,
        zones,
        lambda least: service_verdict(
            placement, tasks, scaling, providers, zones, min_zones=least
        ),
    )


@high_availability.rule(ZONES, severity=Severity.HIGH)
def function_zones(
    function: FunctionPlacement,
    networks: ReachedNetworks,
    zones: Zones,
    tags: FunctionTags,
    manifests: Manifests,
    *,
    min_zones: MinZones = 2,
    critical_min_zones: CriticalZones = 3,
) -> Verdict:
    """A Lambda function in a VPC has subnets in several Availability Zones.

    Without a VPC Lambda runs a function in several zones by itself. One that its workload's
    manifest calls critical has subnets in three. Published versions that aliases lead to keep the
    network they were published with.
    """
    if function.master_arn:
        return not_applicable("A replica of Lambda@Edge; CloudFront decides where it runs.")
    return Tier(min_zones, critical_min_zones).judge(
        function.name,
        tags.values,
        manifests,
        zones,
        lambda least: networks_verdict(networks, zones, least),
    )


@high_availability.rule(ZONES, severity=Severity.HIGH)
def load_balancer_zones(
    balancer: BalancerZones, zones: Zones, *, min_zones: MinZones = 2
) -> Verdict:
    """A load balancer has nodes in several Availability Zones."""
    if balancer.state == "provisioning":
        return not_applicable("The load balancer is being made.")
    if balancer.state == "failed":
        return not_applicable("The load balancer could not be set up; it serves nothing.")
    if balancer.outposts:
        return not_applicable("The load balancer stands on an Outpost, by design in one place.")
    named = zones.of_names(balancer.zone_names)
    return places_verdict(
        f"The {balancer.kind} load balancer is",
        zones.of_subnets(balancer.subnet_ids) if balancer.subnet_ids else named,
        min_zones,
        expected="Subnets of several Availability Zones.",
    )


@high_availability.rule(ZONES, severity=Severity.MEDIUM)
def target_group_zones(health: TargetHealth, zones: Zones) -> Verdict:
    """The healthy targets behind a load balancer are in several Availability Zones now."""
    return targets_verdict(health, zones)


@high_availability.rule(ZONES, severity=Severity.HIGH)
def auto_scaling_group_zones(
    group: GroupAvailability, zones: Zones, *, min_zones: MinZones = 2
) -> Verdict:
    """An Auto Scaling group keeps at least two instances, in several Availability Zones."""
    return group_verdict(group, zones, min_zones=min_zones)


@high_availability.rule(ZONES, severity=Severity.HIGH)
def database_zones(
    database: InstanceAvailability,
    region: Region,
    *,
    replicas_need_a_standby: Annotated[bool, "Require a standby of read replicas as well"] = False,
) -> Verdict:
    """A database instance has a standby in another Availability Zone.

    Members of a cluster are judged with it: an Aurora instance is never Multi-AZ by itself.
    """
    return of_restore_test(database.name) or instance_verdict(
        database, region.read_at, replicas=replicas_need_a_standby
    )


@high_availability.rule(ZONES, severity=Severity.HIGH)
def database_cluster_zones(
    cluster: ClusterAvailability,
    scaling: ReplicaScaling,
    zones: Zones,
    *,
    min_zones: MinZones = 2,
    replicas_need_a_reader: Annotated[
        bool, "Require a reader in replicas of other clusters (global databases) as well"
    ] = False,
) -> Verdict:
    """A database cluster has a reader in another Availability Zone that can take over."""
    return of_restore_test(cluster.name) or cluster_verdict(
        cluster, scaling, zones, min_zones=min_zones, replicas=replicas_need_a_reader
    )


@high_availability.rule(ZONES, severity=Severity.HIGH)
def cache_zones(group: availability.GroupAvailability, zones: Zones) -> Verdict:
    """A replication group of ElastiCache fails over to a replica in another Availability Zone."""
    return replication_group_verdict(group, zones)


@high_availability.rule(ZONES, severity=Severity.HIGH)
def cache_cluster_zones(
    cluster: availability.ClusterAvailability, zones: Zones, *, min_zones: MinZones = 2
) -> Verdict:
    """A cache outside a replication group has nodes in several zones, as only Memcached can.

    ElastiCache Serverless keeps its data in several zones by design.
    """
    return cache_cluster_verdict(cluster, zones, min_zones=min_zones)


@high_availability.rule(ZONES, severity=Severity.HIGH)
def memorydb_zones(cluster: availability.MemoryDbAvailability, zones: Zones) -> Verdict:
    """Each shard of a MemoryDB cluster has a replica in another Availability Zone."""
    return memorydb_verdict(cluster, zones)


@high_availability.rule(ZONES, severity=Severity.HIGH)
def dax_zones(cluster: DaxAvailability, zones: Zones, *, min_zones: MinZones = 2) -> Verdict:
    """A DAX cluster has nodes in several Availability Zones, one of which can take over."""
    return dax_verdict(cluster, zones, min_zones=min_zones)


@high_availability.rule(ZONES, severity=Severity.HIGH)
def search_zones(domain: DomainAvailability, *, min_zones: MinZones = 2) -> Verdict:
    """An OpenSearch domain spreads its data nodes over several Availability Zones."""
    return domain_verdict(domain, min_zones=min_zones)


@high_availability.rule(ZONES, severity=Severity.MEDIUM)
def warehouse_zones(warehouse: WarehouseAvailability) -> Verdict:
    """A Redshift cluster is a Multi-AZ deployment, which serves on when a zone fails.

    LOW where Redshift may move the cluster to another zone. A workgroup of Redshift Serverless
    goes on in another zone by design.
    """
    return warehouse_verdict(warehouse)


@high_availability.rule(ZONES, severity=Severity.HIGH)
def file_system_zones(
    system: FileSystemAvailability, zones: Zones, *, min_zones: MinZones = 2
) -> Verdict:
    """An EFS file system keeps its data in several zones, and can be mounted in several."""
    return file_system_verdict(system, zones, min_zones=min_zones)


@high_availability.rule(ZONES, severity=Severity.MEDIUM)
def nat_gateway_zones(
    vpc: Vpc, gateways: NatGateways, tables: RouteTables, zones: Zones
) -> Verdict:
    """The subnets of each zone reach the internet through a NAT gateway of their own zone."""
    if not vpc.is_ours:
        return not_applicable(f"The VPC belongs to the account {vpc.owner}.")
    return nat_verdict(gateways, tables, zones)


@high_availability.rule(ZONES, severity=Severity.MEDIUM)
def vpc_endpoint_zones(
    vpc: Vpc, endpoints: InterfaceEndpoints, zones: Zones, *, min_zones: MinZones = 2
) -> Verdict:
    """Interface endpoints have addresses in several Availability Zones."""
    if not vpc.is_ours:
        return not_applicable(f"The VPC belongs to the account {vpc.owner}.")
    return endpoints_verdict(endpoints, zones, min_zones=min_zones)


@high_availability.rule(ZONES, severity=Severity.LOW)
def regional_stores(
    stores: RegionalStores,
    *,
    one_zone_buckets: Annotated[
        tuple[str, ...], "Buckets whose data may be lost with a zone (shell patterns of names)"
    ] = (),
) -> Verdict:
    """What S3, DynamoDB, SQS and SNS keep is in several Availability Zones by design.

    The exception are objects in S3's classes One Zone-IA and Express One Zone.
    """
    return stores_verdict(stores, one_zone_buckets)


# -- health checks --------------------------------------------------------------------------------


@high_availability.rule(HEALTH, severity=Severity.HIGH)
def service_health_checks(
    service: ServiceChecks,
    *,
    max_grace_seconds: Annotated[
        int, Between(0, 86400), "How long new tasks may be exempt from health checks"
    ] = 1800,
) -> Verdict:
    """ECS learns that a task does not work: from its containers or from a load balancer.

    Judged is the revision that the service runs. How a load balancer checks is judged by
    target-group-health-checks.
    """
    return service_checks_verdict(service, max_grace_seconds=max_grace_seconds)


@high_availability.rule(HEALTH, severity=Severity.HIGH)
def target_group_health_checks(
    health: TargetHealth,
    *,
    max_detection_seconds: Annotated[
        int, Between(5, 3000), "How long a failed target may stay in use (seconds)"
    ] = 300,
    allow_root_path: Annotated[bool, "Whether / is good enough as the path of a check"] = False,
) -> Verdict:
    """A load balancer notices when a target fails, soon, and takes no error for success."""
    return target_checks_verdict(
        health, max_detection_seconds=max_detection_seconds, allow_root_path=allow_root_path
    )


@high_availability.rule(HEALTH, severity=Severity.HIGH)
def auto_scaling_group_health_checks(
    group: GroupAvailability,
    lattice: LatticeOfGroup,
    *,
    max_grace_seconds: Annotated[
        int, Between(0, 86400), "How long new instances may be exempt from checks"
    ] = 1800,
) -> Verdict:
    """A group behind a load balancer replaces instances that the load balancer finds unhealthy."""
    return group_checks_verdict(group, lattice, max_grace_seconds=max_grace_seconds)


@high_availability.rule(HEALTH, severity=Severity.HIGH)
def dns_health_checks(check: DnsHealthCheck) -> Verdict:
    """A Route 53 health check is enabled and fails when what it checks does."""
    return dns_check_verdict(check)


@high_availability.rule(HEALTH, severity=Severity.HIGH)
def dns_records(
    zone: RoutedRecords,
    *,
    max_ttl_seconds: Annotated[
        int, Between(0, 86400), "How long resolvers may keep an answer that failed (seconds)"
    ] = 300,
) -> Verdict:
    """Route 53 stops answering with a record whose endpoint fails, where another can stand in.

    Judged are the records with a routing policy: of failover the primary and its secondary, of
    latency, location, weighted and multivalue answers each that serves.
    """
    return records_verdict(zone, max_ttl_seconds=max_ttl_seconds)


# -- graceful degradation -------------------------------------------------------------------------


@high_availability.rule(DEGRADATION, severity=Severity.MEDIUM)
def graceful_degradation(
    found: Degradation,
    attested: Attested,
    *,
    min_signals: Annotated[
        int, Between(1, 4), "How many different mechanisms are enough without a description"
    ] = 2,
    max_age_days: Annotated[int, Between(1, 1095), "How long a description is valid (days)"] = 365,
    two_people: TwoPeople = False,
) -> Verdict:
    """The workload does less instead of nothing when it is overloaded or a dependency fails.

    No API shows it whole. Two different mechanisms are enough, or one and a description of what
    is left when each dependency fails.
    """
    return degradation_verdict(
        found,
        attested,
        min_signals=min_signals,
        max_age_days=max_age_days,
        two_people=two_people,
    )


# -- failover -------------------------------------------------------------------------------------


@high_availability.rule(FAILOVER, severity=Severity.HIGH)
def failover_tested(
    found: FailoverTests,
    attested: Attested,
    *,
    max_age_days: Annotated[int, Between(1, 1095), "How long a test is valid (days)"] = 180,
    two_people: TwoPeople = False,
) -> Verdict:
    """The failure of a zone was tried, and it ended as expected.

    Proof is an experiment, a practice run, a region switch or a failover whose outcome AWS knows;
    else people attest a drill.
    """
    return failover_verdict(found, attested, max_age_days=max_age_days, two_people=two_people)


handler = handler_of(high_availability)
