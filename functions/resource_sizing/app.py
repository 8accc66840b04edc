"""Resource sizing: as much as the load needs, growing with it, and no call without an end."""

from typing import Annotated

from readiness import (
    Between,
    Problem,
    Severity,
    Status,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    violates,
    violates_all,
)
from readiness.engine.handler import handler_of
from readiness.evidence.autoscaling import (
    CacheScaling,
    FunctionScaling,
    InstanceGroup,
    ReplicaScaling,
    ServiceScaling,
    TableScaling,
    Targets,
)
from readiness.evidence.awslambda.functions import (
    FunctionBuild,
    FunctionConcurrency,
    FunctionConfiguration,
    moment,
)
from readiness.evidence.awslambda.limits import ConcurrencyLimit
from readiness.evidence.awslambda.provisioned import ProvisionedConcurrency
from readiness.evidence.awslambda.queue_consumers import QueueSources
from readiness.evidence.awslambda.traffic import FrontDoors
from readiness.evidence.computeoptimizer import FunctionRecommendations, ServiceRecommendations
from readiness.evidence.dynamodb.tables import TableCapacity, TableIndexes
from readiness.evidence.ecs.service_definitions import ServiceTasks
from readiness.evidence.ecs.services import Service
from readiness.evidence.elasticache.replication_groups import CacheGroup
from readiness.evidence.rds.endpoints import DatabaseCluster, Databases, Proxy, ProxyUse
from readiness.evidence.rds.instances import DatabaseInstance
from readiness.evidence.stepfunctions import StateMachineDefinition
from readiness.evidence.workloads.utilization import (
    DatabaseUse,
    FunctionUse,
    RegionConcurrency,
    ServiceUse,
)
from readiness.model.attestation import Attested
from readiness.model.text import listed
from readiness.model.verdict import Fact

from .load_tests import Sized, judge, since
from .pooling import Connecting, data_apis_in, hosts_in, most_connections, pool_size
from .sizing import (
    DefinitionUnreadable,
    group_problems,
    scaling_problems,
    untimed_tasks,
    visibility_problems,
)

sizing = heading("Performance", "Resource Sizing")

LOAD_TEST = "Load test to determine optimal memory/CPU"
SCALING = "Configure auto-scaling policies"
TIMEOUTS = "Set appropriate timeout values"
POOLING = "Enable connection pooling"

Days = Annotated[int, Between(1, 730), "How long an attestation holds (days after it was done)"]
TwoPeople = Annotated[bool, "Whether a second person has to approve an attestation"]
Percent = Annotated[float, Between(1, 100), "Percent of what is there"]
Runs = Annotated[int, Between(1, 1_000_000), "With fewer runs in a week nothing is concluded"]
UNTOUCHED = "Memory (128 MiB) and timeout (3 s) are what Lambda sets when nobody chooses."
EDGE = "It is a Lambda@Edge replica, sized where its master is."


# -- load test --------------------------------------------------------------------------------


@sizing.rule(LOAD_TEST, severity=Severity.MEDIUM)
def function_load_test(
    function: FunctionBuild,
    recommendations: FunctionRecommendations,
    use: FunctionUse,
    attested: Attested,
    *,
    mem_high: Percent = 90,
    mem_low: Percent = 40,
    max_age_days: Days = 180,
    two_people: TwoPeople = True,
) -> Verdict:
    """A load test found the function's memory, and nothing measured since contradicts it.

    The attestation is bound to memory_size and architecture: when one changes, it is void.
    """
    if function.master_arn:
        return not_applicable(EDGE)
    recommended = recommendations.by_function.get(function.name)
    is_current = recommended is not None and recommended.about == str(function.memory_size)
    sized = Sized(
        f"{function.memory_size} MiB of memory",
        {"memory_size": function.memory_size, "architecture": function.architectures[0]},
        since(use.memory, moment(function.last_modified)),
        recommended if is_current else None,
    )
    untouched = (function.memory_size, function.timeout) == (128, 3) and use.invocations.total
    return judge(
        sized,
        attested,
        contradiction=UNTOUCHED if untouched else "",
        mem_high=mem_high,
        mem_low=mem_low,
        max_age_days=max_age_days,
        two_people=two_people,
    )


@sizing.rule(LOAD_TEST, severity=Severity.MEDIUM)
def service_load_test(
    service: Service,
    tasks: ServiceTasks,
    recommendations: ServiceRecommendations,
    use: ServiceUse,
    attested: Attested,
    *,
    mem_high: Percent = 90,
    mem_low: Percent = 40,
    max_age_days: Days = 180,
    two_people: TwoPeople = True,
) -> Verdict:
    """A load test found the CPU and memory of the service's tasks; nothing since contradicts it.

    The attestation is bound to cpu, memory and architecture: when one changes, it is void.
    """
    recommended = recommendations.by_service.get(service.arn)
    is_current = recommended is not None and recommended.about == service.task_definition
    deployed = [d["createdAt"] for d in service.deployments if d.get("status") == "PRIMARY"]
    sized = Sized(
        f"{tasks.cpu} CPU units and {tasks.memory} MiB of memory",
        {"cpu": tasks.cpu, "memory": tasks.memory, "architecture": tasks.architecture},
        since(use.memory, deployed[0] if deployed else None),
        recommended if is_current else None,
    )
    return judge(
        sized,
        attested,
        mem_high=mem_high,
        mem_low=mem_low,
        max_age_days=max_age_days,
        two_people=two_people,
    )


# -- auto-scaling -----------------------------------------------------------------------------


@sizing.rule(SCALING, severity=Severity.HIGH)
def service_scaling(
    service: Service,
    scaling: ServiceScaling,
    attested: Attested,
    *,
    min_tasks: Annotated[int, Between(0, 1000), "The fewest tasks a service may shrink to"] = 2,
    max_age_days: Days = 365,
    two_people: TwoPeople = True,
) -> Verdict:
    """The number of tasks follows the load, or people attest that it must not."""
    if service.scheduling_strategy == "DAEMON":
        return not_applicable("It runs one task on each container instance (DAEMON).")
    if service.launch_type == "EXTERNAL":
        return not_applicable("The service runs on machines outside of AWS (ECS Anywhere).")
    cluster = service.cluster_arn.rpartition("/")[2]
    key = (f"service/{cluster}/{service.name}", "ecs:service:DesiredCount")
    target = scaling.targets.get(key)
    problems = scaling_problems(target, "the number of tasks", Severity.HIGH, min_tasks)
    return _scales(problems, attested, max_age_days, two_people=two_people)


@sizing.rule(SCALING, severity=Severity.HIGH)
def table_scaling(table: TableCapacity, indexes: TableIndexes, scaling: TableScaling) -> Verdict:
    """The table is on demand, or its throughput and that of every index follows the load."""
    if table.billing_mode == "PAY_PER_REQUEST":
        return complies("The table is on demand: DynamoDB scales it.")
    problems = []
    named = [(f"table/{table.name}", "table", "of the table")]
    named += [
        (f"table/{table.name}/index/{index}", "index", f"of the index {index}")
        for index in indexes.names
    ]
    for id, kind, whose in named:
        for way in ("Read", "Write"):
            target = scaling.targets.get((id, f"dynamodb:{kind}:{way}CapacityUnits"))
            what = f"the {way.lower()} capacity {whose}"
            problems += scaling_problems(target, what, Severity.HIGH)
    if problems:
        return violates_all(
            problems,
            expected="On-demand capacity, or a scaling policy for reads and writes everywhere.",
            read_units=table.read_units,
            write_units=table.write_units,
        )
    return complies(f"Reads and writes scale, also of {len(indexes.names)} indexes.")


@sizing.rule(SCALING, severity=Severity.LOW)
def function_concurrency(
    function: FunctionConfiguration,
    concurrency: FunctionConcurrency,
    provisioned: ProvisionedConcurrency,
    scaling: FunctionScaling,
    use: FunctionUse,
) -> Verdict:
    """Reserved concurrency throttles nobody, and provisioned concurrency follows the load."""
    if function.master_arn:
        return not_applicable(EDGE)
    expected = "Enough reserved concurrency, and a scaling policy for what is provisioned."
    if concurrency.reserved == 0:
        reason = "Its reserved concurrency is 0, so that it never runs."
        return violates(reason, expected=expected, reserved=0)
    problems = []
    throttled = use.throttles.total or 0
    if concurrency.reserved is not None and throttled:
        problems.append(
            Problem(
                Severity.MEDIUM,
                f"It was throttled {throttled:.0f} times in a week at a reserved concurrency of"
                f" {concurrency.reserved}.",
            )
        )
    for qualifier in provisioned.qualifiers:
        key = (f"function:{function.name}:{qualifier}", "lambda:function:ProvisionedConcurrency")
        what = f"the provisioned concurrency of {qualifier}"
        problems += scaling_problems(scaling.targets.get(key), what, Severity.LOW)
    if problems:
        return violates_all(problems, expected=expected, throttled=throttled)
    if concurrency.reserved is None and not provisioned.qualifiers:
        return not_applicable("Lambda scales it within the concurrency of the account.")
    return complies(
        "Its reserved and provisioned concurrency leave room for its load.",
        reserved=concurrency.reserved,
        provisioned=provisioned.qualifiers,
    )


@sizing.rule(SCALING, severity=Severity.MEDIUM)
def lambda_headroom(
    limit: ConcurrencyLimit,
    peak: RegionConcurrency,
    *,
    headroom: Annotated[float, Between(10, 100), "The most of the limit in use (%)"] = 80,
) -> Verdict:
    """The functions of the region together stay clear of the account's concurrency limit."""
    most = peak.executions.highest
    if most is None:
        return not_applicable("No function ran within a week.")
    share = 100 * most / limit.executions
    said = f"At most {most:.0f} of {limit.executions} executions ran at once ({share:.0f} %)."
    if share > headroom:
        expected = f"At most {headroom:g} % of the limit, or a higher limit (Service Quotas)."
        return violates(said, expected=expected, peak=most, limit=limit.executions)
    return complies(said, peak=most, limit=limit.executions)


@sizing.rule(SCALING, severity=Severity.HIGH)
def group_scaling(
    group: InstanceGroup,
    attested: Attested,
    *,
    max_age_days: Days = 365,
    two_people: TwoPeople = True,
) -> Verdict:
    """The number of EC2 instances follows the load, or people attest that it must not."""
    if group.highest == 0:
        return not_applicable("The group is empty and stays so: its largest size is 0.")
    return _scales(group_problems(group), attested, max_age_days, two_people=two_people)


def _scales(
    problems: list[Problem], attested: Attested, max_age_days: int, *, two_people: bool
) -> Verdict:
    if not problems:
        return complies("A scaling policy acts between its bounds.")
    fixed = attested.verdict("A fixed size", max_age_days=max_age_days, two_people=two_people)
    if fixed.status is Status.COMPLIANT or fixed.missing:
        return fixed
    return violates_all(
        problems,
        expected="A scaling policy that acts between two bounds, or the attestation that the size"
        " has to be fixed (readiness attest).",
    )


@sizing.rule(SCALING, severity=Severity.LOW, opt_in="require_reader_scaling")
def reader_scaling(
    cluster: DatabaseCluster,
    scaling: ReplicaScaling,
    *,
    require_reader_scaling: Annotated[bool, "Whether Aurora's readers have to scale"] = False,  # noqa: ARG001
) -> Verdict:
    """The number of an Aurora cluster's readers follows the load."""
    if not cluster.is_aurora:
        return not_applicable(f"A cluster of {cluster.engine} has no readers that scale.")
    key = (f"cluster:{cluster.name}", "rds:cluster:ReadReplicaCount")
    return _target_scales(scaling.targets, [key], "the number of readers")


@sizing.rule(SCALING, severity=Severity.LOW, opt_in="require_cache_scaling")
def cache_scaling(
    group: CacheGroup,
    scaling: CacheScaling,
    *,
    require_cache_scaling: Annotated[bool, "Whether caches have to scale"] = False,  # noqa: ARG001
) -> Verdict:
    """The number of a cache's shards or replicas follows the load."""
    if not group.cluster_mode:
        return not_applicable("Only groups with cluster mode can be scaled by load.")
    id = f"replication-group/{group.name}"
    keys = [(id, f"elasticache:replication-group:{of}") for of in ("NodeGroups", "Replicas")]
    return _target_scales(scaling.targets, keys, "the cache")


def _target_scales(targets: Targets, keys: list[tuple[str, str]], what: str) -> Verdict:
    target = next((targets[key] for key in keys if key in targets), None)
    problems = scaling_problems(target, what, Severity.LOW)
    if problems:
        return violates_all(problems, expected="A scaling policy that acts between two bounds.")
    return complies("A scaling policy acts between its bounds.")


# -- timeouts -----------------------------------------------------------------------------------


@sizing.rule(TIMEOUTS, severity=Severity.MEDIUM)
def function_timeout(
    function: FunctionConfiguration,
    queues: QueueSources,
    doors: FrontDoors,
    use: FunctionUse,
    *,
    close_ratio: Annotated[float, Between(0.1, 1), "How near a run may come to the timeout"] = 0.9,
    visibility_factor: Annotated[int, Between(1, 20), "Times the timeout a queue hides"] = 6,
    front_door_seconds: Annotated[int, Between(1, 900), "How long an API waits for it"] = 30,
    balancer_seconds: Annotated[int, Between(1, 4000), "How long a load balancer waits"] = 60,
    min_invocations: Runs = 50,
) -> Verdict:
    """The timeout is above what runs take, below what callers wait, and a fraction of its queues'.

    Lambda cuts a run off at the timeout; a queue shows a message again when its own has passed.
    """
    if function.master_arn:
        return not_applicable(EDGE)
    timeout = function.timeout
    problems = visibility_problems(queues.all, timeout, visibility_factor)
    waits = [(front_door_seconds, "an API")] * bool(doors.apis)
    waits += [(balancer_seconds, "a load balancer")] * bool(doors.target_groups)
    problems += [
        Problem(Severity.LOW, f"It may run for {timeout} s, and {who} waits for {seconds} s.")
        for seconds, who in waits
        if timeout > seconds
    ]
    changed = moment(function.last_modified)
    runs = since(use.invocations, changed).total or 0
    longest = since(use.duration, changed).highest
    judged = longest is not None and runs >= min_invocations
    if judged and longest is not None:
        problems += _duration_problems(longest / 1000, timeout, close_ratio)
    facts = {"timeout": timeout, "longest_run_ms": longest, "runs": runs}
    if problems:
        return violates_all(
            problems,
            expected=f"A timeout well above the longest run, and queues that hide a message for"
            f" {visibility_factor} times as long.",
            **facts,
        )
    if not judged:
        return not_applicable(
            f"It ran {runs:.0f} times since it was changed or within a week, too few to judge its"
            f" timeout of {timeout} s by.",
            **facts,
        )
    return complies(f"The longest of {runs:.0f} runs left room below {timeout} s.", **facts)


def _duration_problems(longest: float, timeout: int, close_ratio: float) -> list[Problem]:
    if longest >= close_ratio * timeout:
        said = f"A run took {longest:.1f} s of the {timeout} s allowed"
        return [Problem(Severity.MEDIUM, f"{said}, and one that takes longer is cut off.")]
    if timeout > 60 and timeout > 10 * longest:
        said = f"No run took more than {longest:.1f} s, and {timeout} s are allowed"
        return [Problem(Severity.LOW, f"{said}: one that hangs is paid for all that time.")]
    return []


@sizing.rule(TIMEOUTS, severity=Severity.LOW)
def state_machine_timeouts(machine: StateMachineDefinition) -> Verdict:
    """Every task of the state machine ends in time, also when nothing answers."""
    if machine.kind == "EXPRESS":
        return not_applicable("An express workflow ends after five minutes at the latest.")
    try:
        untimed, count = untimed_tasks(machine.text)
    except DefinitionUnreadable as unreadable:
        return cannot_tell(
            f"Its definition could not be understood: {unreadable}.",
            missing=("states:DescribeStateMachine",),
        )
    if untimed:
        return violates(
            f"{len(untimed)} of {count} tasks may wait for ever: {listed(untimed)}.",
            expected="TimeoutSeconds in every Task state, or in the state machine.",
        )
    if not count:
        return not_applicable("It has no Task state.")
    return complies(f"All of its {count} tasks end in time.")


# -- connection pooling -----------------------------------------------------------------------


@sizing.rule(POOLING, severity=Severity.MEDIUM)
def function_connections(
    function: FunctionConfiguration,
    databases: Databases,
    concurrency: FunctionConcurrency,
    limit: ConcurrencyLimit,
    attested: Attested,
    *,
    connection_share: Annotated[float, Between(10, 100), "The most of a database's (%)"] = 80,
    max_connections: Annotated[int, Between(0, 100_000), "0: by the instance class"] = 0,
    max_age_days: Days = 365,
    two_people: TwoPeople = True,
) -> Verdict:
    """Database connections go through RDS Proxy or the Data API, or people attest their reuse."""
    if function.environment is None:
        return cannot_tell(
            f"Its environment could not be decrypted: {function.environment_error}.",
            missing=("kms:Decrypt",),
        )
    hosts = hosts_in(function.environment)
    over_https = data_apis_in(function.environment, databases)
    if not hosts and over_https:
        return complies("It uses the Data API, which keeps the connections.", clusters=over_https)
    if not hosts and function.vpc_id not in databases.vpcs:
        return not_applicable("It names no relational database, and its network holds none.")
    executions = limit.executions if concurrency.reserved is None else concurrency.reserved
    connecting = Connecting(hosts, executions, databases)
    return connecting.verdict(connection_share, max_connections) or attested.verdict(
        "The reuse of database connections",
        max_age_days=max_age_days,
        two_people=two_people,
        hosts=hosts,
    )


@sizing.rule(POOLING, severity=Severity.MEDIUM)
def service_connections(
    service: Service,
    tasks: ServiceTasks,
    databases: Databases,
    attested: Attested,
    *,
    connection_share: Annotated[float, Between(10, 100), "The most of a database's (%)"] = 80,
    max_connections: Annotated[int, Between(0, 100_000), "0: by the instance class"] = 0,
    max_age_days: Days = 365,
    two_people: TwoPeople = True,
) -> Verdict:
    """The tasks share connections through a proxy or pools that fit the database together."""
    pool = pool_size(tasks.environment)
    opened = pool * service.desired_count
    connecting = Connecting(hosts_in(tasks.environment), opened, databases)
    if connecting.is_near_none:
        return not_applicable("There is no relational database for it to connect to.")
    decided = connecting.verdict(connection_share, max_connections)
    if decided is None and pool and connecting.fits(max_connections):
        return complies(
            f"{service.desired_count} tasks with pools of {pool} open at most {opened} of the"
            " database's connections."
        )
    return decided or attested.verdict(
        "The pooling of database connections",
        max_age_days=max_age_days,
        two_people=two_people,
        hosts=connecting.hosts,
    )


@sizing.rule(POOLING, severity=Severity.MEDIUM)
def proxy_health(
    proxy: Proxy,
    use: ProxyUse,
    *,
    pin_max: Annotated[float, Between(0, 1), "The largest share of pinned connections"] = 0.2,
) -> Verdict:
    """The proxy and its databases are available, and clients really share connections."""
    if proxy.status in {"creating", "modifying", "deleting"}:
        return cannot_tell(f"The proxy is {proxy.status}; it is judged when that is done.")
    problems = []
    if proxy.status != "available":
        problems.append(Problem(Severity.HIGH, f"The proxy is {proxy.status}."))
    if not proxy.targets:
        problems.append(Problem(Severity.HIGH, "No database is behind the proxy."))
    ill = [f"{host} ({state})" for host, state in proxy.targets.items() if state != "AVAILABLE"]
    if ill:
        problems.append(Problem(Severity.HIGH, f"Not available behind it are {listed(ill)}."))
    borrowed, pinned = use.borrowed.total, use.pinned.total or 0
    share = pinned / borrowed if borrowed else 0.0
    if share >= pin_max:
        problems.append(
            Problem(
                Severity.MEDIUM,
                f"{share:.0%} of the connections in use were pinned to one client.",
            )
        )
    facts: dict[str, Fact] = {"status": proxy.status, "pinned_share": share}
    facts["targets"] = dict(proxy.targets)
    if problems:
        expected = f"All available, and less than {pin_max:.0%} pinned."
        return violates_all(problems, expected=expected).observing(facts)
    said = f"The proxy works, with {share:.0%} of its connections pinned."
    return complies(said).observing(facts)


@sizing.rule(POOLING, severity=Severity.MEDIUM)
def database_connections(
    database: DatabaseInstance,
    use: DatabaseUse,
    *,
    connection_share: Annotated[float, Between(10, 100), "The most in use (%)"] = 80,
    max_connections: Annotated[int, Between(0, 100_000), "0: by the instance class"] = 0,
) -> Verdict:
    """At its peak the database has connections to spare."""
    peak = use.connections.highest
    if peak is None:
        return not_applicable("Nothing was measured of its connections within a week.")
    most = max_connections or most_connections(database)
    if not most:
        return not_applicable(
            f"How many connections {database.instance_class} with {database.engine} takes is not"
            " known; the setting max_connections says it.",
            peak=peak,
        )
    said = f"At most {peak:.0f} of about {most} connections were open."
    if peak > connection_share / 100 * most:
        expected = f"At most {connection_share:g} % in use, for instance behind an RDS Proxy."
        return violates(said, expected=expected, peak=peak, most=most)
    return complies(said, peak=peak, most=most)


handler = handler_of(sizing)
