"""When a cache earns its keep: it is asked, it answers, and what it holds expires."""

from __future__ import annotations

from datetime import datetime, timedelta

from readiness.evidence.caches import MEMCACHED, Cache, Use
from readiness.model.verdict import (
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)

NEW = timedelta(days=7)


def judge_use(cache: Cache, now: datetime, min_hit_rate: float) -> Verdict:
    """Whether the cache works, is asked, and mostly knows the answer."""
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
            f"The {cache.label} is {cache.status} and is judged when that is over.",
            status=cache.status,
        )
    use = cache.use
    lookups = use.lookups
    if lookups is None:
        return cannot_tell(
            f"CloudWatch has counted nothing for the {cache.label} in the last 7 days, which is"
            " not the same as no use."
        )
    facts = {"lookups": lookups, "hits": use.hits, "misses": use.misses}
    if not lookups:
        return _unused(cache, now).observing(facts)
    return judge_rate(cache.label, use, min_hit_rate)


def _unused(cache: Cache, now: datetime) -> Verdict:
    if cache.created and now - cache.created < NEW:
        return cannot_tell(
            f"The {cache.label} was created on {cache.created:%Y-%m-%d} and has not been used"
            " yet; it is judged when it is 7 days old."
        )
    return violates(
        f"Nothing has asked the {cache.label} in the last 7 days: no hit and no miss.",
        expected="A cache that is used, or none.",
    )


def judge_rate(label: str, use: Use, min_hit_rate: float) -> Verdict:
    """Whether a cache that is asked knows the answer often enough."""
    rate = use.rate
    facts = {"lookups": use.lookups, "hits": use.hits, "misses": use.misses, "hit_rate": rate}
    expected = f"A hit rate of {min_hit_rate:.0%} or more over 7 days."
    if rate is None and use.best_rate is not None and use.best_rate < min_hit_rate:
        return violates(
            f"At its best the {label} knew {use.best_rate:.1%} of what it was asked for.",
            expected=expected,
            severity=Severity.LOW,
            **facts,
        )
    if rate is not None and rate < min_hit_rate:
        return violates(
            f"The {label} knew {rate:.1%} of what it was asked for in the last 7 days.",
            expected=expected,
            severity=Severity.LOW,
            **facts,
        )
    share = "" if rate is None else f", and it knew {rate:.1%} of the answers"
    return complies(
        f"The {label} was asked {use.lookups or 0:,.0f} times in the last 7 days{share}.", **facts
    )


def judge_expiry(cache: Cache, policy: str, min_share: float, max_growth: float) -> Verdict | None:
    """Whether the keys of a cache expire; None where no metric tells (Memcached).

    ``policy`` is the engine's ``maxmemory-policy``, empty where the service sets it.
    """
    use = cache.use
    if cache.is_going:
        return not_applicable(f"The {cache.label} is being deleted.", status=cache.status)
    if cache.engine == MEMCACHED:
        return None
    if use.items is None or (use.items and use.expiring is None):
        return cannot_tell(
            f"CloudWatch does not say how many keys the {cache.label} holds and how many of them"
            " have a TTL."
        )
    if not use.items:
        return not_applicable(f"The {cache.label} holds no keys.", items=0)
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
    held = f"{use.items or 0:,.0f} keys in the {cache.label}"
    if share < min_share:
        return violates(
            f"{share:.1%} of the {held} have a TTL; the others stay until they are deleted or"
            " evicted.",
            expected=f"A TTL on {min_share:.0%} of the keys or more.",
        )
    if policy == "noeviction" and before and (use.items or 0) > before * (1 + max_growth):
        return violates(
            f"The {held} were {before:,.0f} a week ago, and with maxmemory-policy noeviction"
            " writes fail once it is full.",
            expected="A policy that evicts (volatile-lru, allkeys-lru), or keys that expire.",
        )
    evicted = (
        f" {use.evictions:,.0f} keys were evicted in 7 days: it is small." if use.evictions else ""
    )
    return complies(f"{share:.1%} of the {held} have a TTL.{evicted}")
