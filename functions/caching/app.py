"""Caching: caches exist where they help, are used and shared, and their entries expire."""

from collections.abc import Mapping
from typing import Annotated

from readiness import (
    Between,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    violates,
)
from readiness.engine.handler import handler_of
from readiness.evidence.apigateway.stage_cache import StageCache, StageLookups
from readiness.evidence.appsync.apis import ApiCache
from readiness.evidence.awslambda.functions import FunctionTags
from readiness.evidence.awslambda.network import FunctionNetwork
from readiness.evidence.awslambda.settings import FunctionConnections
from readiness.evidence.caches import Use
from readiness.evidence.cloudfront import DistributionCaching
from readiness.evidence.dax import DaxInUse, DaxTtls
from readiness.evidence.dynamodb.usage import TableTtl
from readiness.evidence.ecs.services import Service
from readiness.evidence.elasticache.eviction import EvictionPolicy, GroupEvictionPolicy
from readiness.evidence.elasticache.usage import ClusterInUse, GroupInUse, ServerlessInUse
from readiness.evidence.memorydb import MemoryDbInUse
from readiness.evidence.workloads.shared_caches import (
    ComputeUnit,
    ComputeUnits,
    SharedCaches,
    unit_of,
)
from readiness.judgement.service_functions import of_service_function, of_stack_function
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural

from .cache_use import judge_expiry, judge_rate, judge_use, ttl_problem, unused_stage
from .settings import AttestationSettings, HitRate, MaxGrowth, MinShare, TtlLimits, Workload
from .shared_caching import best_of, judge_sharing, proven, sharing, workloads

caching = heading("Performance", "Caching")

STRATEGY = "Implement caching strategy"
SHARED = "Use ElastiCache for shared cache"
TTLS = "Configure TTLs appropriately"

STRATEGY_ATTESTED = "A caching strategy (what is cached where, or why nothing is)"
TTL_ATTESTED = "The TTL of the items in the Memcached cache"
MEMBER = "The cluster is part of the replication group {}, which is checked as a whole."
REPLICA = "This is a Lambda@Edge replica; the original function is checked in its own region."


# -- caching strategy -------------------------------------------------------------------------


@caching.rule(STRATEGY, severity=Severity.LOW)
def lambda_strategy(
    function: FunctionConnections,
    network: FunctionNetwork,
    tags: FunctionTags,
    caches: SharedCaches,
    attested: Attested,
    *,
    rate: HitRate,
    workload: Workload,
    attestation: AttestationSettings,
) -> Verdict:
    """A function uses a cache with a good hit rate, or a caching strategy is attested.

    A cache belongs to the function by an address in its environment, a security group rule that
    admits it, or the workload tag. No API shows what a function caches in its own memory.
    """
    if function.master_arn:
        return not_applicable(REPLICA)
    if by_others := of_service_function(function.name) or of_stack_function(function.name):
        return by_others
    unit = unit_of(function, network, tags.values)
    said = proven(unit, caches, rate.min_hit_rate, workload.workload_tag)
    return said or attestation.verdict(attested, STRATEGY_ATTESTED)


@caching.rule(STRATEGY, severity=Severity.LOW)
def ecs_strategy(
    service: Service,
    caches: SharedCaches,
    attested: Attested,
    *,
    rate: HitRate,
    workload: Workload,
    attestation: AttestationSettings,
) -> Verdict:
    """An ECS service uses a cache with a good hit rate, or a caching strategy is attested.

    A cache belongs to the service by a security group rule that admits it, or the workload tag.
    """
    unit = ComputeUnit(service.name, service.security_group_ids, service.tags)
    said = proven(unit, caches, rate.min_hit_rate, workload.workload_tag)
    return said or attestation.verdict(attested, STRATEGY_ATTESTED)


@caching.rule(STRATEGY, severity=Severity.LOW)
def api_cache_used(stage: StageCache, lookups: StageLookups, *, rate: HitRate) -> Verdict:
    """The cache of an API Gateway stage is enabled for methods and has a good hit rate.

    A cache cluster alone caches nothing: caching must be enabled for a method.
    """
    if not stage.enabled:
        return not_applicable("The stage has no cache cluster.")
    if not stage.cached:
        return violates(
            "The stage has a cache cluster, but caching is not enabled for any of its methods.",
            expected="Caching enabled for the methods that read, or no cache cluster.",
        )
    if stage.status not in {"AVAILABLE", "FLUSH_IN_PROGRESS"}:
        return cannot_tell(
            f"The cache cluster of the stage is {stage.status or 'in an unknown state'}."
        )
    use = Use(lookups.hits, lookups.misses)
    if use.lookups is None and not lookups.requests:
        return cannot_tell("CloudWatch counted no request to the stage in the last 7 days.")
    if not use.lookups:
        return unused_stage(lookups.requests or 0, is_new=stage.is_new)
    return judge_rate(f"cache of the stage {stage.stage}", use, rate.min_hit_rate)


@caching.rule(STRATEGY, severity=Severity.LOW)
def dax_used(cluster: DaxInUse, *, rate: HitRate) -> Verdict:
    """A DAX cluster is in use and has a good hit rate."""
    return judge_use(cluster.cache, cluster.read_at, rate.min_hit_rate)


# -- shared caches ---------------------------------------------------------------------------


@caching.rule(SHARED, severity=Severity.LOW)
def replication_group_used(group: GroupInUse, *, rate: HitRate) -> Verdict:
    """An ElastiCache replication group is available, in use and has a good hit rate."""
    return judge_use(group.cache, group.read_at, rate.min_hit_rate)


@caching.rule(SHARED, severity=Severity.LOW)
def cache_cluster_used(cluster: ClusterInUse, *, rate: HitRate) -> Verdict:
    """A standalone ElastiCache cluster is available, in use and has a good hit rate."""
    if cluster.replication_group:
        return not_applicable(MEMBER.format(cluster.replication_group))
    return judge_use(cluster.cache, cluster.read_at, rate.min_hit_rate)


@caching.rule(SHARED, severity=Severity.LOW)
def serverless_cache_used(cache: ServerlessInUse, *, rate: HitRate) -> Verdict:
    """An ElastiCache serverless cache is available, in use and has a good hit rate.

    CloudWatch does not count its misses, so the hit rate is that of its best 6 hours.
    """
    return judge_use(cache.cache, cache.read_at, rate.min_hit_rate)


@caching.rule(SHARED, severity=Severity.LOW)
def memorydb_used(cluster: MemoryDbInUse, *, rate: HitRate) -> Verdict:
    """A MemoryDB cluster, an alternative to ElastiCache, is available and in use."""
    return judge_use(cluster.cache, cluster.read_at, rate.min_hit_rate)


@caching.rule(SHARED, severity=Severity.LOW)
def shared_cache(
    units: ComputeUnits,
    caches: SharedCaches,
    *,
    shared_cache_required: Annotated[
        bool, "Require a shared cache in the region, whatever the tags are"
    ] = False,
    min_compute_units: Annotated[
        int, Between(2, 1000), "The number of functions and services from which to share a cache"
    ] = 2,
    workload: Workload,
) -> Verdict:
    """A workload with several functions or services shares an ElastiCache or MemoryDB cache."""
    named = workloads(units.all, workload.workload_tag, min_compute_units)
    seen = {name: sharing(some, caches, workload.workload_tag) for name, some in named.items()}
    if shared_cache_required:
        every = [each.cache for each in caches.all if not each.cache.is_going]
        seen["(the region)"] = best_of(every, caches)
    if not seen:
        return not_applicable(
            f"No workload (tag {workload.workload_tag}) has {min_compute_units} or more functions"
            " and services here, and the setting shared_cache_required is off.",
            compute_units=len(units.all),
        )
    return judge_sharing(seen)


# -- TTLs ------------------------------------------------------------------------------------


@caching.rule(TTLS, severity=Severity.LOW)
def replication_group_ttl(
    group: GroupInUse,
    eviction: GroupEvictionPolicy,
    attested: Attested,
    *,
    min_volatile_share: MinShare = 0.8,
    max_growth: MaxGrowth = 0.1,
    attestation: AttestationSettings,
) -> Verdict:
    """Keys in an ElastiCache replication group have a TTL, and a full cache accepts writes."""
    said = judge_expiry(group.cache, eviction.policy, min_volatile_share, max_growth)
    return said or attestation.verdict(attested, TTL_ATTESTED)


@caching.rule(TTLS, severity=Severity.LOW)
def cache_cluster_ttl(
    cluster: ClusterInUse,
    eviction: EvictionPolicy,
    attested: Attested,
    *,
    min_volatile_share: MinShare = 0.8,
    max_growth: MaxGrowth = 0.1,
    attestation: AttestationSettings,
) -> Verdict:
    """Keys in an ElastiCache cluster have a TTL; for Memcached that is attested."""
    if cluster.replication_group:
        return not_applicable(MEMBER.format(cluster.replication_group))
    said = judge_expiry(cluster.cache, eviction.policy, min_volatile_share, max_growth)
    return said or attestation.verdict(attested, TTL_ATTESTED)


@caching.rule(TTLS, severity=Severity.LOW)
def serverless_cache_ttl(
    cache: ServerlessInUse,
    attested: Attested,
    *,
    min_volatile_share: MinShare = 0.8,
    attestation: AttestationSettings,
) -> Verdict:
    """Keys in an ElastiCache serverless cache have a TTL; it evicts only keys with one."""
    said = judge_expiry(cache.cache, "", min_volatile_share, 0)
    return said or attestation.verdict(attested, TTL_ATTESTED)


@caching.rule(TTLS, severity=Severity.LOW)
def api_cache_ttl(stage: StageCache, *, limits: TtlLimits) -> Verdict:
    """Cached methods of an API Gateway stage have a TTL that is neither 0 nor too long."""
    if not stage.enabled or not stage.cached:
        return not_applicable("No method of the stage uses a cache.")
    wrong = {name: each.ttl for name, each in stage.cached.items() if not limits.allow(each.ttl)}
    if wrong:
        named = [f"{name} ({plural(ttl, 'second')})" for name, ttl in sorted(wrong.items())]
        return violates(
            f"Methods with a TTL that is not {limits.spoken}: {listed(named)}.",
            expected=f"A TTL {limits.spoken}.",
            ttl_seconds=wrong,
        )
    return complies(
        f"The TTL is {limits.spoken} for {plural(len(stage.cached), 'cached method')}.",
        ttl_seconds={name: each.ttl for name, each in stage.cached.items()},
    )


@caching.rule(TTLS, severity=Severity.LOW)
def cloudfront_ttl(
    distribution: DistributionCaching,
    *,
    max_default_seconds: Annotated[
        int, Between(1, 31_536_000), "The longest default TTL allowed for a behavior (seconds)"
    ] = 31_536_000,
    accept_origin_ttl: Annotated[
        bool, "Allow a default TTL of 0, so that only the origin's headers decide"
    ] = False,
) -> Verdict:
    """Every caching behavior of CloudFront has a default TTL between its minimum and maximum."""
    if not distribution.enabled:
        return not_applicable("The distribution is disabled.")
    caching_ones = [each for each in distribution.behaviours if each.maximum > 0]
    if not caching_ones:
        return not_applicable("No behavior of the distribution caches: the maximum TTL is 0.")
    wrong = {
        each.path: text
        for each in caching_ones
        if (text := ttl_problem(each, max_default_seconds, accept_origin_ttl=accept_origin_ttl))
    }
    if wrong:
        return violates(
            listed([f"{path}: {text}" for path, text in wrong.items()]) + ".",
            expected="A default TTL above 0, between the minimum and the maximum.",
            behaviours=sorted(wrong),
        )
    return complies(
        f"The default TTL is within the limits ({plural(len(caching_ones), 'behavior')}).",
        default_seconds={each.path: each.default for each in caching_ones},
    )


@caching.rule(TTLS, severity=Severity.LOW)
def dax_ttl(cluster: DaxTtls, *, limits: TtlLimits) -> Verdict:
    """The item and query caches of DAX have a TTL; with a TTL of 0 nothing expires."""
    if cluster.status in {"deleting", "deleted"}:
        return not_applicable("The cluster is being deleted.")
    named = {"record-ttl-millis": cluster.record, "query-ttl-millis": cluster.query}
    unknown = [name for name, value in named.items() if value is None]
    if unknown:
        return cannot_tell(f"The parameter group {cluster.group} lacks {listed(unknown)}.")
    wrong = [
        f"{name} is {value} ms"
        for name, value in named.items()
        if value is not None and not limits.allow(value / 1000)
    ]
    if wrong:
        return violates(
            f"In the parameter group {cluster.group} {listed(wrong)}, not {limits.spoken}.",
            expected=f"TTLs {limits.spoken}.",
        ).observing(named)
    if cluster.waits:
        return cannot_tell(
            f"The parameter group {cluster.group} was changed, and nodes of the cluster have not"
            " been restarted since: the TTL with which they run is not shown."
        )
    return complies(
        f"The TTL is {cluster.record} ms for items and {cluster.query} ms for query results.",
        **named,
    )


@caching.rule(TTLS, severity=Severity.LOW)
def appsync_ttl(api: ApiCache, *, limits: TtlLimits) -> Verdict:
    """The cache of an AppSync GraphQL API has a TTL that is not too long.

    Where resolvers are cached one by one, each has a TTL of its own.
    """
    if api.ttl is None:
        return not_applicable("The API has no cache.")
    if api.status in {"DELETING", "FAILED"}:
        return not_applicable(f"The cache of the API holds nothing: its status is {api.status}.")
    if api.resolvers is not None:
        return _of_resolvers(api.resolvers, limits)
    said = f"The TTL of the cache is {plural(api.ttl, 'second')}"
    if not limits.allow(api.ttl):
        return violates(
            f"{said}, not {limits.spoken}.",
            expected=f"A TTL {limits.spoken}.",
            ttl_seconds=api.ttl,
        )
    return complies(f"{said}.", ttl_seconds=api.ttl)


def _of_resolvers(ttls: Mapping[str, int], limits: TtlLimits) -> Verdict:
    if not ttls:
        return not_applicable("Caching is by resolver, and no resolver uses the cache.")
    wrong = {name: ttl for name, ttl in sorted(ttls.items()) if not limits.allow(ttl)}
    if wrong:
        named = [f"{name} ({plural(ttl, 'second')})" for name, ttl in wrong.items()]
        return violates(
            f"Resolvers with a TTL that is not {limits.spoken}: {listed(named)}.",
            expected=f"A TTL {limits.spoken}.",
            ttl_seconds=wrong,
        )
    return complies(
        f"The TTL is {limits.spoken} for {plural(len(ttls), 'cached resolver')}.",
        ttl_seconds=dict(ttls),
    )


@caching.rule(TTLS, severity=Severity.LOW)
def dynamodb_ttl(
    table: TableTtl,
    *,
    cache_tables: Annotated[  # noqa: ARG001, evidence asks with it
        tuple[str, ...], "Names of tables that cache data or hold sessions (shell patterns)"
    ] = ("*cache*", "*session*"),
) -> Verdict:
    """DynamoDB Time to Live is enabled for tables that cache data or hold sessions.

    A table counts as one by the tag data-class (cache, session) or by its name.
    """
    if not table.because:
        return not_applicable(
            "Neither the name nor the tag data-class says that the table is a cache."
        )
    if table.status == "ENABLED":
        return complies(f"Time to Live is enabled on the attribute {table.attribute}.")
    if table.status == "ENABLING":
        return cannot_tell(
            "Time to Live is being enabled, which takes up to an hour.", is_passing=True
        )
    return violates(
        f"Time to Live is {table.status or 'not set'}, so cached items never expire"
        f" ({table.because}).",
        expected="Time to Live enabled.",
        status=table.status,
    )


handler = handler_of(caching)
