"""Caching: what is read often is kept near, shared, asked and let go in time."""

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
from readiness.evidence.apigateway.stage_cache import StageCache, StageLookups
from readiness.evidence.appsync.apis import ApiCache
from readiness.evidence.awslambda.functions import FunctionConfiguration, FunctionTags
from readiness.evidence.caches import Use
from readiness.evidence.cloudfront import Behaviour, DistributionCaching
from readiness.evidence.dax import DaxInUse, DaxTtls
from readiness.evidence.dynamodb.usage import TableTtl
from readiness.evidence.ecs.services import Service
from readiness.evidence.elasticache.usage import (
    ClusterInUse,
    EvictionPolicy,
    GroupEvictionPolicy,
    GroupInUse,
    MemoryDbInUse,
    ServerlessInUse,
)
from readiness.evidence.workloads.shared_caches import (
    ComputeUnit,
    ComputeUnits,
    SharedCaches,
    unit_of,
)
from readiness.model.attestation import Attested
from readiness.model.text import listed

from .cache_use import judge_expiry, judge_rate, judge_use
from .shared_caching import best_of, proven, sharing, workloads

caching = heading("Performance", "Caching")

STRATEGY = "Implement caching strategy"
SHARED = "Use ElastiCache for shared cache"
TTLS = "Configure TTLs appropriately"

MinHitRate = Annotated[float, Between(0, 1), "The lowest share of lookups that may hit"]
WorkloadTag = Annotated[
    str, "The tag whose value says which functions, services and caches belong"
]
MemoryDb = Annotated[
    bool, "Look at MemoryDB too; turn off in a region that does not have the service"
]
MaxAge = Annotated[int, Between(1, 730), "How many days an attestation holds"]
TwoPeople = Annotated[bool, "Whether a second person has to approve an attestation"]
MinTtl = Annotated[int, Between(1, 86_400), "The shortest time answers may be kept (seconds)"]
MaxTtl = Annotated[int, Between(1, 31_536_000), "The longest time answers may be kept (seconds)"]
MinShare = Annotated[float, Between(0, 1), "The lowest share of keys that have a TTL"]
MaxGrowth = Annotated[
    float, Between(0, 100), "By what share keys may grow in a week where nothing is evicted"
]


# -- is anything cached, and does it help -----------------------------------------------------


@caching.rule(STRATEGY, severity=Severity.LOW)
def lambda_strategy(
    function: FunctionConfiguration,
    tags: FunctionTags,
    caches: SharedCaches,
    attested: Attested,
    *,
    min_hit_rate: MinHitRate = 0.2,
    workload_tag: WorkloadTag = "Application",
    look_at_memorydb: MemoryDb = True,  # noqa: ARG001, evidence asks with it
    max_age_days: MaxAge = 365,
    two_people: TwoPeople = False,
) -> Verdict:
    """The function is seen to use a cache that helps, or somebody says how it does without.

    A cache is linked to it by an address in the environment, a security group that lets it in,
    or the tag of the workload. What is cached inside the function no API shows.
    """
    if function.master_arn:
        return not_applicable("It is a Lambda@Edge replica, judged where its master is.")
    unit = unit_of(function, tags.values)
    said = proven(unit, caches, min_hit_rate, workload_tag)
    return said or _strategy_attested(attested, max_age_days, two_people=two_people)


@caching.rule(STRATEGY, severity=Severity.LOW)
def ecs_strategy(
    service: Service,
    caches: SharedCaches,
    attested: Attested,
    *,
    min_hit_rate: MinHitRate = 0.2,
    workload_tag: WorkloadTag = "Application",
    look_at_memorydb: MemoryDb = True,  # noqa: ARG001, evidence asks with it
    max_age_days: MaxAge = 365,
    two_people: TwoPeople = False,
) -> Verdict:
    """The service is seen to use a cache that helps, or somebody says how it does without.

    A cache is linked to it by a security group that lets it in, or the tag of the workload.
    """
    unit = ComputeUnit(service.name, service.security_group_ids, service.tags)
    said = proven(unit, caches, min_hit_rate, workload_tag)
    return said or _strategy_attested(attested, max_age_days, two_people=two_people)


def _strategy_attested(attested: Attested, max_age_days: int, *, two_people: bool) -> Verdict:
    return attested.verdict(
        "A caching strategy (what is cached where, or why nothing is)",
        max_age_days=max_age_days,
        two_people=two_people,
    )


@caching.rule(STRATEGY, severity=Severity.LOW)
def api_cache_used(
    stage: StageCache, lookups: StageLookups, *, min_hit_rate: MinHitRate = 0.2
) -> Verdict:
    """A stage that pays for a cache lets methods use it, and most answers come out of it.

    A cache cluster alone caches nothing: caching has to be enabled for a method.
    """
    if not stage.enabled:
        return not_applicable("The stage has no cache cluster.")
    if not stage.cached:
        return violates(
            "The stage has a cache cluster, and caching is enabled for none of its methods.",
            expected="Caching enabled for the methods that read, or no cache cluster.",
        )
    if stage.status not in {"AVAILABLE", "FLUSH_IN_PROGRESS"}:
        return cannot_tell(f"The cache cluster of the stage is {stage.status or 'not told'}.")
    use = Use(lookups.hits, lookups.misses)
    if use.lookups is None and not lookups.requests:
        return cannot_tell("CloudWatch has counted no request to the stage in 7 days.")
    if not use.lookups:
        return violates(
            f"None of the {lookups.requests or 0:,.0f} requests of the last 7 days asked the"
            " cache: no hit and no miss.",
            expected="Caching enabled for the methods that are called, or no cache cluster.",
            requests=lookups.requests,
        )
    return judge_rate(f"cache of the stage {stage.stage}", use, min_hit_rate)


@caching.rule(STRATEGY, severity=Severity.LOW)
def dax_used(cluster: DaxInUse, *, min_hit_rate: MinHitRate = 0.2) -> Verdict:
    """A DAX cluster is asked, and mostly knows the answer."""
    return judge_use(cluster.cache, cluster.read_at, min_hit_rate)


# -- a cache that is shared -------------------------------------------------------------------


@caching.rule(SHARED, severity=Severity.LOW)
def replication_group_used(group: GroupInUse, *, min_hit_rate: MinHitRate = 0.2) -> Verdict:
    """An ElastiCache replication group works, is asked, and mostly knows the answer."""
    return judge_use(group.cache, group.read_at, min_hit_rate)


@caching.rule(SHARED, severity=Severity.LOW)
def cache_cluster_used(cluster: ClusterInUse, *, min_hit_rate: MinHitRate = 0.2) -> Verdict:
    """An ElastiCache cluster that stands alone works, is asked, and mostly knows the answer."""
    if cluster.replication_group:
        return not_applicable(
            f"It is a member of the replication group {cluster.replication_group}, judged whole."
        )
    return judge_use(cluster.cache, cluster.read_at, min_hit_rate)


@caching.rule(SHARED, severity=Severity.LOW)
def serverless_cache_used(cache: ServerlessInUse, *, min_hit_rate: MinHitRate = 0.2) -> Verdict:
    """An ElastiCache serverless cache works and is asked.

    Its metrics count no misses, so that the hit rate is held to its best 6 hours.
    """
    return judge_use(cache.cache, cache.read_at, min_hit_rate)


@caching.rule(SHARED, severity=Severity.LOW)
def memorydb_used(cluster: MemoryDbInUse, *, min_hit_rate: MinHitRate = 0.2) -> Verdict:
    """A MemoryDB cluster, which can stand in for ElastiCache, works and is asked."""
    return judge_use(cluster.cache, cluster.read_at, min_hit_rate)


@caching.rule(SHARED, severity=Severity.LOW)
def shared_cache(
    units: ComputeUnits,
    caches: SharedCaches,
    *,
    shared_cache_required: Annotated[
        bool, "Want a shared cache in the region, whatever the tags say"
    ] = False,
    min_compute_units: Annotated[
        int, Between(2, 1000), "From how many functions and services on a workload shares a cache"
    ] = 2,
    workload_tag: WorkloadTag = "Application",
    look_at_memorydb: MemoryDb = True,  # noqa: ARG001, evidence asks with it
) -> Verdict:
    """A workload of several functions and services shares one ElastiCache or MemoryDB cache."""
    named = workloads(units.all, workload_tag, min_compute_units)
    seen = {name: sharing(some, caches, workload_tag) for name, some in named.items()}
    if shared_cache_required:
        every = [each.cache for each in caches.all if not each.cache.is_going]
        seen["(the region)"] = best_of(every, caches)
    if not seen:
        return not_applicable(
            f"No workload, told by the tag {workload_tag}, has {min_compute_units} functions or"
            " services here, and shared_cache_required is off.",
            compute_units=len(units.all),
        )
    problems = [
        Problem(Severity.LOW, f"{name}: {each.reason}")
        for name, each in seen.items()
        if each.status is Status.NON_COMPLIANT
    ]
    if problems:
        return violates_all(
            problems, expected="A cache that works and is asked for each workload."
        )
    open_ones = [name for name, each in seen.items() if each.status is not Status.COMPLIANT]
    if open_ones:
        return cannot_tell(f"{open_ones[0]}: {seen[open_ones[0]].reason}", workloads=open_ones)
    names = [f"{name}: {each.reason}" for name, each in seen.items()]
    return complies(listed(names, 3), workloads=sorted(seen))


# -- what is cached goes in time --------------------------------------------------------------


@caching.rule(TTLS, severity=Severity.LOW)
def replication_group_ttl(
    group: GroupInUse,
    eviction: GroupEvictionPolicy,
    attested: Attested,
    *,
    min_volatile_share: MinShare = 0.8,
    max_growth: MaxGrowth = 0.1,
    max_age_days: MaxAge = 365,
    two_people: TwoPeople = False,
) -> Verdict:
    """Keys in a replication group expire, and a full one does not refuse writes."""
    said = judge_expiry(group.cache, eviction.policy, min_volatile_share, max_growth)
    return said or _expiry_attested(attested, max_age_days, two_people=two_people)


@caching.rule(TTLS, severity=Severity.LOW)
def cache_cluster_ttl(
    cluster: ClusterInUse,
    eviction: EvictionPolicy,
    attested: Attested,
    *,
    min_volatile_share: MinShare = 0.8,
    max_growth: MaxGrowth = 0.1,
    max_age_days: MaxAge = 365,
    two_people: TwoPeople = False,
) -> Verdict:
    """Keys in a cluster expire; of Memcached, which does not count them, people say so."""
    if cluster.replication_group:
        return not_applicable(
            f"It is a member of the replication group {cluster.replication_group}, judged whole."
        )
    said = judge_expiry(cluster.cache, eviction.policy, min_volatile_share, max_growth)
    return said or _expiry_attested(attested, max_age_days, two_people=two_people)


@caching.rule(TTLS, severity=Severity.LOW)
def serverless_cache_ttl(
    cache: ServerlessInUse,
    attested: Attested,
    *,
    min_volatile_share: MinShare = 0.8,
    max_age_days: MaxAge = 365,
    two_people: TwoPeople = False,
) -> Verdict:
    """Keys in a serverless cache expire; it evicts by itself only keys that have a TTL."""
    said = judge_expiry(cache.cache, "", min_volatile_share, 0)
    return said or _expiry_attested(attested, max_age_days, two_people=two_people)


def _expiry_attested(attested: Attested, max_age_days: int, *, two_people: bool) -> Verdict:
    return attested.verdict(
        "The TTL of the items in the Memcached cache",
        max_age_days=max_age_days,
        two_people=two_people,
    )


@caching.rule(TTLS, severity=Severity.LOW)
def api_cache_ttl(
    stage: StageCache, *, min_ttl_seconds: MinTtl = 1, max_ttl_seconds: MaxTtl = 3600
) -> Verdict:
    """Cached methods of an API keep answers for a while, not for nothing and not for ever."""
    if not stage.enabled or not stage.cached:
        return not_applicable("No method of the stage is cached.")
    wrong = {
        name: each.ttl
        for name, each in stage.cached.items()
        if not min_ttl_seconds <= each.ttl <= max_ttl_seconds
    }
    if wrong:
        named = [f"{name} for {ttl} s" for name, ttl in sorted(wrong.items())]
        return violates(
            f"Answers are kept: {listed(named)}; 0 turns the cache off that is paid for.",
            expected=f"A TTL from {min_ttl_seconds} to {max_ttl_seconds} seconds.",
            ttl_seconds=wrong,
        )
    return complies(
        f"The TTL of its {len(stage.cached)} cached methods is from {min_ttl_seconds} to"
        f" {max_ttl_seconds} seconds.",
        ttl_seconds={name: each.ttl for name, each in stage.cached.items()},
    )


@caching.rule(TTLS, severity=Severity.LOW)
def cloudfront_ttl(
    distribution: DistributionCaching,
    *,
    max_default_seconds: Annotated[
        int, Between(1, 31_536_000), "The longest default TTL of a behaviour (seconds)"
    ] = 31_536_000,
    accept_origin_ttl: Annotated[
        bool, "Accept a default TTL of 0, with which only the origin's headers decide"
    ] = False,
) -> Verdict:
    """What a distribution caches has a default TTL between its minimum and its maximum."""
    if not distribution.enabled:
        return not_applicable("The distribution is disabled.")
    caching_ones = [each for each in distribution.behaviours if each.maximum > 0]
    if not caching_ones:
        return not_applicable("No behaviour of the distribution caches: their longest TTL is 0.")
    wrong = {
        each.path: text
        for each in caching_ones
        if (text := _ttl_problem(each, max_default_seconds, accept_origin_ttl=accept_origin_ttl))
    }
    if wrong:
        return violates(
            listed([f"{path}: {text}" for path, text in wrong.items()]) + ".",
            expected="A default TTL above 0, between the minimum and the maximum.",
            behaviours=sorted(wrong),
        )
    return complies(
        f"Every behaviour that caches ({len(caching_ones)}) has a default TTL above 0.",
        default_seconds={each.path: each.default for each in caching_ones},
    )


def _ttl_problem(behaviour: Behaviour, longest: int, *, accept_origin_ttl: bool) -> str:
    by = f" (policy {behaviour.policy})" if behaviour.policy else ""
    minimum, default, maximum = behaviour.minimum, behaviour.default, behaviour.maximum
    if not minimum <= default <= maximum:
        return f"the default TTL {default} is outside {minimum} to {maximum} seconds{by}"
    if default == 0 and not accept_origin_ttl:
        return f"without a header of the origin nothing is kept, the default TTL is 0{by}"
    if default > longest:
        return f"the default TTL is {default} seconds{by}"
    return ""


@caching.rule(TTLS, severity=Severity.LOW)
def dax_ttl(
    cluster: DaxTtls, *, min_ttl_seconds: MinTtl = 1, max_ttl_seconds: MaxTtl = 3600
) -> Verdict:
    """DAX keeps items and query results for a while; a TTL of 0 keeps them until evicted."""
    if cluster.status in {"deleting", "deleted"}:
        return not_applicable("The cluster is being deleted.")
    named = {"record-ttl-millis": cluster.record, "query-ttl-millis": cluster.query}
    untold = [name for name, value in named.items() if value is None]
    if untold:
        return cannot_tell(f"The parameter group {cluster.group} does not tell {listed(untold)}.")
    wrong = [
        f"{name} is {value}"
        for name, value in named.items()
        if value is not None and not min_ttl_seconds * 1000 <= value <= max_ttl_seconds * 1000
    ]
    if wrong:
        return violates(
            f"In the parameter group {cluster.group} {' and '.join(wrong)}.",
            expected=f"TTLs from {min_ttl_seconds} to {max_ttl_seconds} seconds.",
        ).observing(named)
    return complies(
        f"Items are kept for {cluster.record} ms and query results for {cluster.query} ms.",
        **named,
    )


@caching.rule(TTLS, severity=Severity.LOW)
def appsync_ttl(
    api: ApiCache, *, min_ttl_seconds: MinTtl = 1, max_ttl_seconds: MaxTtl = 3600
) -> Verdict:
    """The cache of a GraphQL API keeps answers for a while; AppSync takes 1 to 3600 seconds."""
    if api.ttl is None:
        return not_applicable("The API has no cache.")
    if not min_ttl_seconds <= api.ttl <= max_ttl_seconds:
        return violates(
            f"Answers are kept for {api.ttl} seconds.",
            expected=f"A TTL from {min_ttl_seconds} to {max_ttl_seconds} seconds.",
            ttl_seconds=api.ttl,
        )
    return complies(f"Answers are kept for {api.ttl} seconds.", ttl_seconds=api.ttl)


@caching.rule(TTLS, severity=Severity.LOW)
def dynamodb_ttl(
    table: TableTtl,
    *,
    cache_tables: Annotated[  # noqa: ARG001, evidence asks with it
        tuple[str, ...], "Shell patterns of the names of tables that cache or hold sessions"
    ] = ("*cache*", "*session*"),
) -> Verdict:
    """Items of a table that caches or holds sessions expire by an attribute of theirs.

    A table is taken for one by the tag data-class (cache, session) or by its name.
    """
    if not table.because:
        return not_applicable("Neither its name nor a tag data-class says that it caches.")
    if table.status == "ENABLED":
        return complies(f"Items expire by their attribute {table.attribute}.")
    if table.status == "ENABLING":
        return cannot_tell("TTL is being enabled, which takes up to an hour.")
    return violates(
        f"TTL is {table.status or 'not set'}, so what it caches stays ({table.because}).",
        expected="Time to Live enabled.",
        status=table.status,
    )


handler = handler_of(caching)
