"""Whether an agent publishes how long it works, in a form that says anything of its tail."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.cloudwatch.histories import History, Span
from readiness.evidence.cloudwatch.processing_time import ProcessingTime, PublishedTime
from readiness.judgement.benchmarks import Limits, first_samples, out_of_order
from readiness.model.text import listed
from readiness.model.verdict import Fact, Severity, Verdict, cannot_tell, complies, violates
from readiness.semantics.metrics import Band

_ALL = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is accepted as a processing time, and what it has to keep."""

    limits: Limits
    least: int
    flush_seconds: int
    series: tuple[str, ...]
    dimension: str


def judge_processing_time(time: ProcessingTime, expected: Expectation) -> Verdict:
    """The verdict on the first series that has enough samples and is not an aggregate."""
    if not expected.limits.are_ordered:
        return out_of_order(expected.limits.steps)
    if not time.published:
        return _missing(time, expected)
    raw = [one for one in time.published if not _is_preaggregated(one, time.work, expected)]
    if not raw:
        names = listed([one.name for one in time.published], 3)
        return cannot_tell(
            f"{names} holds one value for each flush, which says nothing of single requests"
            " (PREAGGREGATED_SERIES).",
            cause="PREAGGREGATED_SERIES",
        )
    return _of(max(raw, key=lambda one: _samples(one, Span.WEEK)), expected)


def _missing(time: ProcessingTime, expected: Expectation) -> Verdict:
    accepted = listed(expected.series)
    others = f", though {time.values} other values of it exist" if time.values else ""
    said = (
        f"None of {accepted} has had a datapoint with its name in {expected.dimension} for"
        f" 3 hours{others}"
    )
    if time.work is None or not time.work.sum(Span.HOUR):
        return cannot_tell(
            f"{said}; it is not known to have had any work (NO_DATA).", cause="NO_DATA"
        )
    work = time.work.sum(Span.HOUR)
    return violates(
        f"METRIC_MISSING: {said}, and it was invoked {work:,.0f} times in the last hour.",
        expected=f"One of {accepted} with the dimension {expected.dimension}, a value a request.",
        cause="METRIC_MISSING",
        invocations=work,
        samples=0,
        window=str(Span.HOUR),
    )


def _samples(one: PublishedTime, span: Span) -> float:
    return sum(history.sum(span) for history in one.latency.counts)


def _is_preaggregated(one: PublishedTime, work: History | None, expected: Expectation) -> bool:
    """Whether its name says so, it has no percentile, or it has a value a flush, not a request."""
    if one.is_aggregate:
        return True
    found = first_samples(one.latency)
    if found is not None and found[1].is_preaggregated:
        return True
    samples = _samples(one, Span.HOUR)
    worked = work.sum(Span.HOUR) if work is not None else 0.0
    return bool(samples) and samples <= 3600 / expected.flush_seconds and worked > 2 * samples


def _of(one: PublishedTime, expected: Expectation) -> Verdict:
    limits = expected.limits
    found = first_samples(one.latency, expected.least)
    if found is None:
        return cannot_tell(
            f"{one.name} has fewer than {expected.least} samples in 7 d (INSUFFICIENT_SAMPLES).",
            cause="INSUFFICIENT_SAMPLES",
            samples=_samples(one, Span.WEEK),
            window=str(Span.WEEK),
        )
    span, shares = found
    highest = one.highest.over(span).highest
    band = shares.band(limits.steps, limits.quantile)
    within = 100 * shares.at_most[limits.target]
    facts: dict[str, Fact] = {
        "source": one.name,
        "samples": shares.samples,
        "window": str(span),
        "value": limits.spoken(band),
        "band": str(band),
        "maximum": highest,
    }
    said = (
        f"{limits.spoken(band)}, {within:.4g} % of {shares.samples:,.0f} samples in {span} within"
        f" {limits.target:g} ms ({one.name})"
    )
    if band is not Band.OK:
        wanted = f"p{limits.quantile * 100:g} below {limits.target:g} ms."
        return violates(f"{band}: {said}.", expected=wanted).observing(facts)
    if shares.at_most[limits.critical] < _ALL:
        return violates(
            f"{band}: {said}, but some took longer than {limits.critical:g} ms.",
            expected=f"No sample above {limits.critical:g} ms.",
            severity=Severity.LOW,
            **facts,
        )
    return complies(f"{band}: {said}.", **facts)
