"""Resource sizing: load-tested sizes, auto-scaling, timeouts and connection pooling."""

from typing import Annotated

from readiness import (
    Between,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    violates_all,
)
from readiness.engine.handler import handler_of
from readiness.evidence.application_autoscaling import (
    CacheScaling,
    FunctionScaling,
    ReplicaScaling,
    ServiceScaling,
    TableScaling,
)
from readiness.evidence.autoscaling.scaling import InstanceGroup
from readiness.evidence.awslambda.callers import CallerTimeouts
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.functions import FunctionConcurrency, FunctionIdentity
from readiness.evidence.awslambda.limits import ConcurrencyLimit
from readiness.evidence.awslambda.provisioned import ProvisionedConcurrency
from readiness.evidence.awslambda.queue_consumers import QueueSources
from readiness.evidence.awslambda.settings import FunctionConnections, FunctionTimeout
from readiness.evidence.awslambda.sizes import RunSizes
from readiness.evidence.awslambda.timeouts import ReachedTimeouts
from readiness.evidence.computeoptimizer import FunctionRecommendations, ServiceRecommendations
from readiness.evidence.dynamodb.tables import ARCHIVES, TableIndexes, TableThroughput
from readiness.evidence.ecs.service_definitions import ServiceTasks
from readiness.evidence.ecs.services import ScaledService, Service
from readiness.evidence.elasticache.replication_groups import CacheGroup
from readiness.evidence.rds.connection_limits import ConnectionLimit
from readiness.evidence.rds.endpoints import DatabaseCluster, Databases, Proxy, ProxyUse
from readiness.evidence.rds.instances import DatabaseInstance
from readiness.evidence.rds.named_limits import FunctionDatabaseLimits, ServiceDatabaseLimits
from readiness.evidence.stepfunctions import RunDefinitions
from readiness.evidence.workloads.utilization import (
    DatabaseUse,
    FunctionUse,
    RegionConcurrency,
    ServiceUse,
)
from readiness.judgement.restore_tests import of_restore_test
from readiness.judgement.service_functions import of_service_function, of_stack_function
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural
from readiness.semantics.database_clients import hosts_in, pool_size

from .load_tests import judge_each, judge_load_test, of_function, of_service
from .pooling import Connecting, data_apis_in, judge_connections, judge_pools
from .proxies import judge_proxy
from .scaling import (
    desired_count_of,
    failed_problems,
    judge_concurrency,
    judge_group,
    judge_headroom,
    judge_scaling,
    judge_target,
    provisioned_problems,
    scaling_problems,
    table_problems,
    why_no_readers,
    why_no_shards,
)
from .settings import AttestationSettings, ConnectionSettings, LoadTestSettings, TimeoutSettings
from .timeouts import (
    caller_doubt,
    caller_problems,
    judge_timeout,
    tasks_verdict,
    visibility_problems,
)

sizing = heading("Performance", "Resource Sizing")

LOAD_TEST = "Load test to determine optimal memory/CPU"
SCALING = "Configure auto-scaling policies"
TIMEOUTS = "Set appropriate timeout values"
POOLING = "Enable connection pooling"

EDGE = "It is a Lambda@Edge replica; the function it was made from is evaluated instead."


# -- load test --------------------------------------------------------------------------------


@sizing.rule(LOAD_TEST, severity=Severity.MEDIUM)
def function_load_test(
    function: FunctionIdentity,
    sizes: RunSizes,
    recommendations: FunctionRecommendations,
    use: FunctionUse,
    attested: Attested,
    *,
    settings: LoadTestSettings,
) -> Verdict:
    """A load test determined the function's memory size, and later measurements confirm it.

    The attestation is bound to memory_size and architecture and becomes void when one changes.
    Published versions that aliases lead to keep the size they were published with.
    """
    if function.master_arn:
        return not_applicable(EDGE)
    if by_aws := of_service_function(function.name):
        return by_aws
    if by_stack := of_stack_function(function.name, use.invocations.total):
        return by_stack
    return judge_each(of_function(function.name, sizes, recommendations, use), attested, settings)


@sizing.rule(LOAD_TEST, severity=Severity.MEDIUM)
def service_load_test(
    service: Service,
    tasks: ServiceTasks,
    recommendations: ServiceRecommendations,
    use: ServiceUse,
    attested: Attested,
    *,
    settings: LoadTestSettings,
) -> Verdict:
    """A load test determined the CPU and memory of the tasks, and later measurements confirm it.

    The attestation is bound to cpu, memory and architecture and becomes void when one changes.
    """
    sized = of_service(service, tasks, recommendations, use)
    return judge_load_test(sized, attested, settings)


# -- auto-scaling -----------------------------------------------------------------------------


@sizing.rule(SCALING, severity=Severity.HIGH)
def service_scaling(
    service: ScaledService,
    scaling: ServiceScaling,
    attested: Attested,
    *,
    attestation: AttestationSettings,
    min_tasks: Annotated[
        int, Between(0, 1000), "The smallest minimum capacity a service may have"
    ] = 2,
) -> Verdict:
    """Auto-scaling adjusts the number of tasks, or an attestation says that it must not."""
    if service.scheduling_strategy == "DAEMON":
        return not_applicable("It runs one task on each container instance (DAEMON).")
    if service.launch_type == "EXTERNAL":
        return not_applicable("The service runs on machines outside AWS (ECS Anywhere).")
    target = scaling.targets.get(desired_count_of(service))
    if not service.desired_count and (target is None or not target.most):
        return not_applicable("It is to run no task now, and nothing is to start one.")
    if target is not None and service.is_on_fargate:
        target = target.of_bounded
    problems = scaling_problems(target, "the number of tasks", Severity.HIGH, min_tasks)
    return judge_scaling(problems, attested, attestation)


@sizing.rule(SCALING, severity=Severity.HIGH)
def table_scaling(table: TableThroughput, indexes: TableIndexes, scaling: TableScaling) -> Verdict:
    """The DynamoDB table is on demand, or auto-scaling covers it and every index."""
    if copy := of_restore_test(table.name):
        return copy
    if table.status in {"DELETING", *ARCHIVES}:
        return not_applicable(f"The table takes no requests: its status is {table.status}.")
    if table.billing_mode == "PAY_PER_REQUEST":
        return complies("The table has on-demand capacity, which DynamoDB scales.")
    problems = table_problems(table.name, indexes.names, scaling.targets)
    if problems:
        return violates_all(
            problems,
            expected="On-demand capacity, or scaling policies for all read and write capacity.",
            read_units=table.read_units,
            write_units=table.write_units,
        )
    count = plural(len(indexes.names), "index", "indexes")
    return complies(f"The read and write capacity of the table and of {count} scales.")


@sizing.rule(SCALING, severity=Severity.LOW)
def function_concurrency(
    function: FunctionIdentity,
    concurrency: FunctionConcurrency,
    provisioned: ProvisionedConcurrency,
    scaling: FunctionScaling,
    use: FunctionUse,
) -> Verdict:
    """Reserved concurrency causes no throttling, and provisioned concurrency scales."""
    if function.master_arn:
        return not_applicable(EDGE)
    if by_aws := of_service_function(function.name):
        return by_aws
    problems = [
        *failed_problems(provisioned.failed),
        *provisioned_problems(function.name, provisioned.qualifiers, scaling.targets),
    ]
    throttled = use.throttles.total or 0
    return judge_concurrency(
        concurrency.reserved, throttled, provisioned.qualifiers, problems, provisioned.pending
    )


@sizing.rule(SCALING, severity=Severity.MEDIUM)
def lambda_headroom(
    limit: ConcurrencyLimit,
    peak: RegionConcurrency,
    *,
    headroom: Annotated[
        float, Between(10, 100), "The most of the concurrency limit in use, in percent"
    ] = 80,
) -> Verdict:
    """The region's functions together stay well below the account's concurrency limit.

    Reserved concurrency is taken out of the limit whether it is used or not: functions without
    have to do with what is left.
    """
    return judge_headroom(limit, peak, headroom)


@sizing.rule(SCALING, severity=Severity.HIGH)
def group_scaling(
    group: InstanceGroup, attested: Attested, *, attestation: AttestationSettings
) -> Verdict:
    """Auto-scaling adjusts the number of EC2 instances, or an attestation says it must not."""
    if group.is_going:
        return not_applicable("The group is being deleted.")
    if not group.most:
        return not_applicable("The group has no instances: its maximum size is 0.")
    return judge_group(group, attested, attestation)


@sizing.rule(SCALING, severity=Severity.LOW, opt_in="require_reader_scaling")
def reader_scaling(
    cluster: DatabaseCluster,
    scaling: ReplicaScaling,
    *,
    require_reader_scaling: Annotated[bool, "Require auto-scaling of Aurora readers"] = False,  # noqa: ARG001
) -> Verdict:
    """Auto-scaling adjusts the number of an Aurora cluster's readers."""
    if why := why_no_readers(cluster):
        return not_applicable(why)
    key = (f"cluster:{cluster.name}", "rds:cluster:ReadReplicaCount")
    return judge_target(scaling.targets, [key], "the number of readers")


@sizing.rule(SCALING, severity=Severity.LOW, opt_in="require_cache_scaling")
def cache_scaling(
    group: CacheGroup,
    scaling: CacheScaling,
    *,
    require_cache_scaling: Annotated[bool, "Require auto-scaling of caches"] = False,  # noqa: ARG001
) -> Verdict:
    """Auto-scaling adjusts the number of a cache's shards or replicas."""
    if why := why_no_shards(group):
        return not_applicable(why)
    id = f"replication-group/{group.name}"
    keys = [(id, f"elasticache:replication-group:{of}") for of in ("NodeGroups", "Replicas")]
    return judge_target(scaling.targets, keys, "the cache")


# -- timeouts ---------------------------------------------------------------------------------


@sizing.rule(TIMEOUTS, severity=Severity.MEDIUM)
def function_timeout(
    function: FunctionTimeout,
    timeouts: ReachedTimeouts,
    queues: QueueSources,
    callers: CallerTimeouts,
    use: FunctionUse,
    *,
    limits: TimeoutSettings,
) -> Verdict:
    """The function's timeout fits its longest run, its callers and its queues.

    Lambda stops a run at the timeout. A queue delivers a message again after its visibility
    timeout. Published versions that aliases lead to keep the timeout they were published with.
    """
    if function.master_arn:
        return not_applicable(EDGE)
    if by_aws := of_service_function(function.name):
        return by_aws
    problems = visibility_problems(queues.all, timeouts, limits.visibility_factor)
    problems += caller_problems(timeouts.longest_awaited, callers, limits)
    doubt = caller_doubt(timeouts.longest_awaited, callers, limits)
    return judge_timeout(function, timeouts, use, problems, doubt, limits)


@sizing.rule(TIMEOUTS, severity=Severity.LOW)
def state_machine_timeouts(machine: RunDefinitions) -> Verdict:
    """Every Task state has a timeout, or the whole state machine has one.

    The versions that aliases lead to count too.
    """
    if machine.kind == "EXPRESS":
        return not_applicable("An express workflow ends after five minutes at the latest.")
    return tasks_verdict(machine.texts)


# -- connection pooling -----------------------------------------------------------------------


@sizing.rule(POOLING, severity=Severity.MEDIUM)
def function_connections(
    function: FunctionConnections,
    run: RunEnvironments,
    databases: Databases,
    accepted: FunctionDatabaseLimits,
    concurrency: FunctionConcurrency,
    limit: ConcurrencyLimit,
    attested: Attested,
    *,
    database: ConnectionSettings,
    attestation: AttestationSettings,
) -> Verdict:
    """Database connections use RDS Proxy or the Data API, or their reuse is attested.

    Published versions that aliases lead to keep the hosts they were published with.
    """
    if by_aws := of_service_function(function.name):
        return by_aws
    if run.hidden:
        return cannot_tell(
            f"The environment of {listed(run.hidden)} could not be decrypted: {run.error}.",
            missing=("kms:Decrypt",),
        )
    values = {
        f"{version}/{name}": v for version, of in run.of.items() for name, v in (of or {}).items()
    }
    hosts = hosts_in(values)
    over_https = data_apis_in(values, databases)
    if not hosts and over_https:
        return complies("It uses the Data API, which pools connections.", clusters=over_https)
    is_outside = not function.capacity_provider and function.vpc_id not in databases.vpcs
    if not hosts and is_outside:
        return not_applicable("It names no relational database, and its network has none.")
    executions = limit.executions if concurrency.reserved is None else concurrency.reserved
    connecting = Connecting(hosts, executions, databases, accepted.of)
    return connecting.verdict(database) or attestation.verdict(
        attested, "The reuse of database connections", hosts=hosts
    )


@sizing.rule(POOLING, severity=Severity.MEDIUM)
def service_connections(
    service: ScaledService,
    scaling: ServiceScaling,
    tasks: ServiceTasks,
    databases: Databases,
    accepted: ServiceDatabaseLimits,
    attested: Attested,
    *,
    database: ConnectionSettings,
    attestation: AttestationSettings,
) -> Verdict:
    """The tasks pool database connections: in RDS Proxy, or in pools that fit the database.

    Counted are as many tasks as auto-scaling may start: the database is short of connections when
    the load is highest.
    """
    pool = pool_size(tasks.environment)
    target = scaling.targets.get(desired_count_of(service))
    most = max(service.desired_count, target.most if target else 0)
    connecting = Connecting(hosts_in(tasks.environment), pool * most, databases, accepted.of)
    if connecting.has_no_database:
        return not_applicable("It names no relational database, and the region has none.")
    return judge_pools(connecting, pool, most, database) or attestation.verdict(
        attested, "The pooling of database connections", hosts=connecting.hosts
    )


@sizing.rule(POOLING, severity=Severity.MEDIUM)
def proxy_health(
    proxy: Proxy,
    use: ProxyUse,
    *,
    pin_max: Annotated[
        float, Between(0, 1), "The share of pinned connections has to be below this"
    ] = 0.2,
) -> Verdict:
    """The RDS Proxy and its databases are available, and few connections are pinned."""
    return judge_proxy(proxy, use, pin_max)


@sizing.rule(POOLING, severity=Severity.MEDIUM)
def database_connections(
    instance: DatabaseInstance,
    use: DatabaseUse,
    limit: ConnectionLimit,
    *,
    database: ConnectionSettings,
) -> Verdict:
    """At its peak the database still has connections to spare.

    How many it accepts is what its parameter group says, else the default of its class.
    """
    return judge_connections(instance, use, limit, database)


handler = handler_of(sizing)
