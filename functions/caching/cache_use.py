"""Whether a cache is in use, has a good hit rate, and its keys expire."""

from __future__ import annotations

from datetime import datetime, timedelta

from readiness.evidence.caches import MEMCACHED, Cache, Use
from readiness.evidence.cloudfront import Behaviour
from readiness.model.text import plural
from readiness.model.verdict import (
    Severity,
    Status,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)

NEW = timedelta(days=7)


def judge_use(cache: Cache, now: datetime, min_hit_rate: float) -> Verdict:
    """Whether the cache is available, in use and has a good hit rate."""
    if out := _unavailable(cache):
        return out
    use = cache.use
    lookups = use.lookups
    if lookups is None:
        return cannot_tell(
            f"CloudWatch has no hits or misses for the {cache.label} in the last 7 days. That does"
            " not mean that it is not used."
        )
    facts = {"lookups": lookups, "hits": use.hits, "misses": use.misses}
    if not lookups:
        return _unused(cache, now).observing(facts)
    said = judge_rate(cache.label, use, min_hit_rate)
    if said.status is Status.NON_COMPLIANT and cache.created and now - cache.created < NEW:
        return cannot_tell(
            f"{said.reason} It was created on {cache.created:%Y-%m-%d} and may still be filling."
        ).observing(facts)
    return said


def _unavailable(cache: Cache) -> Verdict | None:
    if cache.is_going:
        return not_applicable(f"The {cache.label} is being deleted.", status=cache.status)
    if "fail" in cache.status or "incompatible" in cache.status:
        return violates(
            f"The {cache.label} does not work: its status is {cache.status}.",
            expected="A cache that is available.",
            severity=Severity.MEDIUM,
            status=cache.status,
        )
    if not cache.is_ready:
        return cannot_tell(
            f"The {cache.label} is {cache.status}; it is checked once it is available.",
            is_passing=True,
            status=cache.status,
        )
    return None


def _unused(cache: Cache, now: datetime) -> Verdict:
    if cache.copy_of:
        return not_applicable(
            f"It is a copy in the Global Datastore {cache.copy_of} that nothing reads; the primary"
            " is checked in its own region."
        )
    if passed_on := cache.use.passed_on:
        return _only_passes_on(cache, passed_on)
    if written := cache.use.written:
        return cannot_tell(
            f"{plural(written, 'command')} wrote to the {cache.label} in the last 7 days and none"
            " read a key: it counts or locks, or nothing reads what it caches. No metric tells"
            " which."
        )
    if cache.created and now - cache.created < NEW:
        return cannot_tell(
            f"The {cache.label} was created on {cache.created:%Y-%m-%d} and has not been used"
            " yet. It is checked when it is 7 days old."
        )
    return violates(
        f"The {cache.label} was not used in the last 7 days: no hit and no miss.",
        expected="A cache that is used, or no cache.",
    )


def _only_passes_on(cache: Cache, commands: float) -> Verdict:
    return not_applicable(
        f"The {cache.label} is used as a queue, a stream or a channel"
        f" ({plural(commands, 'command')} in the last 7 days) and not as a cache.",
        passed_on=commands,
    )


def unused_stage(requests: float, *, is_new: bool) -> Verdict:
    """The verdict on an API stage whose cache had neither a hit nor a miss in a week."""
    if is_new:
        return cannot_tell(
            "The stage was changed within the last day, and its cache had no hit and no miss yet."
        )
    return violates(
        f"The stage had {plural(requests, 'request')} in the last 7 days, but no cache hit and no"
        " cache miss.",
        expected="Caching enabled for the methods that are called, or no cache cluster.",
        requests=requests,
    )


def judge_rate(label: str, use: Use, min_hit_rate: float) -> Verdict:
    """Whether the hit rate of a cache in use is high enough."""
    rate = use.rate
    facts = {"lookups": use.lookups, "hits": use.hits, "misses": use.misses, "hit_rate": rate}
    expected = f"A hit rate of {min_hit_rate:.0%} or more over 7 days."
    if rate is None and use.best_rate is not None and use.best_rate < min_hit_rate:
        return violates(
            f"The best hit rate of the {label} was {use.best_rate:.1%}; at least"
            f" {min_hit_rate:.0%} is needed.",
            expected=expected,
            severity=Severity.LOW,
            **facts,
        )
    if rate is not None and rate < min_hit_rate:
        return violates(
            f"The hit rate of the {label} was {rate:.1%} in the last 7 days; at least"
            f" {min_hit_rate:.0%} is needed.",
            expected=expected,
            severity=Severity.LOW,
            **facts,
        )
    share = "" if rate is None else f", with a hit rate of {rate:.1%}"
    return complies(
        f"The {label} had {plural(use.lookups or 0, 'lookup')} in the last 7 days{share}.", **facts
    )


def judge_expiry(cache: Cache, policy: str, min_share: float, max_growth: float) -> Verdict | None:
    """Whether the keys of a cache expire; None where no metric shows it (Memcached).

    ``policy`` is the engine's ``maxmemory-policy``, empty where the service chooses it.
    """
    use = cache.use
    if cache.is_going:
        return not_applicable(f"The {cache.label} is being deleted.", status=cache.status)
    if cache.engine == MEMCACHED:
        return None
    if use.items is None or (use.items and use.expiring is None):
        return cannot_tell(
            f"CloudWatch does not show how many keys the {cache.label} holds and how many of them"
            " have a TTL."
        )
    if not use.items:
        return not_applicable(f"The {cache.label} holds no keys.", items=0)
    if use.lookups == 0 and use.passed_on:
        return _only_passes_on(cache, use.passed_on)
    share = min((use.expiring or 0) / use.items, 1.0)
    said = _keys(cache, policy, share, min_share, max_growth)
    return said.observing(
        {
            "items": use.items,
            "with_ttl": use.expiring,
            "share_with_ttl": share,
            "evictions": use.evictions,
            "maxmemory_policy": policy,
        }
    )


def _keys(cache: Cache, policy: str, share: float, min_share: float, max_growth: float) -> Verdict:
    use, before = cache.use, cache.use.items_before
    held = f"{plural(use.items or 0, 'key')} in the {cache.label}"
    if share < min_share:
        return violates(
            f"Only {share:.1%} of the {held} have a TTL; at least {min_share:.0%} must. The others"
            " stay until they are deleted or evicted.",
            expected=f"A TTL on {min_share:.0%} of the keys or more.",
        )
    if policy == "noeviction" and before and (use.items or 0) > before * (1 + max_growth):
        return violates(
            f"The number of keys in the {cache.label} grew from {before:,.0f} to"
            f" {use.items or 0:,.0f} in a week. With maxmemory-policy noeviction, writes fail once"
            " it is full.",
            expected="A policy that evicts (volatile-lru, allkeys-lru), or keys that expire.",
        )
    evicted = (
        f" In 7 days {plural(use.evictions, 'key')} {'was' if use.evictions == 1 else 'were'}"
        " evicted, so the cache may be too small."
        if use.evictions
        else ""
    )
    return complies(f"{share:.1%} of the {held} have a TTL.{evicted}")


def ttl_problem(behaviour: Behaviour, longest: int, *, accept_origin_ttl: bool) -> str:
    """What is wrong with the TTLs of a CloudFront behavior, as a clause; empty for nothing."""
    by = f" (policy {behaviour.policy})" if behaviour.policy else ""
    minimum, default, maximum = behaviour.minimum, behaviour.default, behaviour.maximum
    if not minimum <= default <= maximum:
        return f"the default TTL is {default} seconds, not from {minimum} to {maximum}{by}"
    if default == 0 and not accept_origin_ttl:
        return f"the default TTL is 0, so nothing is cached without a header from the origin{by}"
    if default > longest:
        return f"the default TTL is {default} seconds; at most {longest} are allowed{by}"
    return ""
