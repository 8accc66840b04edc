"""Whether an agent publishes its processing time as a metric that has percentiles."""

from __future__ import annotations

from readiness.evidence.cloudwatch.histories import History, Span
from readiness.evidence.cloudwatch.processing_time import ProcessingTime, PublishedTime
from readiness.judgement.benchmarks import first_samples, out_of_order
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact, Severity, Verdict, cannot_tell, complies, violates
from readiness.semantics.metrics import Band

from .settings import ProcessingTimeSettings

_ALL = 1 - 1e-9


def judge_processing_time(time: ProcessingTime, settings: ProcessingTimeSettings) -> Verdict:
    """The verdict on the published series with the most samples, aggregates left out."""
    if not settings.limits.are_ordered:
        return out_of_order(settings.limits.steps)
    if not time.published:
        return _missing(time, settings)
    raw = [one for one in time.published if not _is_preaggregated(one, time.work, settings)]
    if not raw:
        names = listed([one.name for one in time.published], 3)
        return cannot_tell(
            f"Only aggregated values are published ({names}). They have no percentiles of single"
            " requests (PREAGGREGATED_SERIES).",
            cause="PREAGGREGATED_SERIES",
        )
    return _of(max(raw, key=lambda one: _samples(one, Span.WEEK)), settings)


def _missing(time: ProcessingTime, settings: ProcessingTimeSettings) -> Verdict:
    accepted = listed(settings.series)
    said = (
        f"None of {accepted} had a datapoint with its name in the dimension {settings.dimension}"
        " in the last 3 hours"
    )
    if time.values:
        said += f" (the dimension has {plural(time.values, 'other value')})"
    work = time.work.sum(Span.HOUR) if time.work is not None else 0.0
    if not work:
        return cannot_tell(
            f"{said}. No work is known for the last hour (NO_DATA).", cause="NO_DATA"
        )
    return violates(
        f"METRIC_MISSING: It had {plural(work, 'request')} in the last hour. {said}.",
        expected=(
            f"One of {accepted} with the dimension {settings.dimension} and one value for each"
            " request."
        ),
        cause="METRIC_MISSING",
        invocations=work,
        samples=0,
        window=str(Span.HOUR),
    )


def _samples(one: PublishedTime, span: Span) -> float:
    return sum(history.sum(span) for history in one.latency.counts)


def _is_preaggregated(
    one: PublishedTime, work: History | None, settings: ProcessingTimeSettings
) -> bool:
    """Whether the series holds one value for each flush instead of one for each request.

    Its name says so, it has no percentiles, or it has at most one sample for each flush although
    there were more than twice as many requests.
    """
    if one.is_aggregate:
        return True
    found = first_samples(one.latency)
    if found is not None and found[1].is_preaggregated:
        return True
    samples = _samples(one, Span.HOUR)
    worked = work.sum(Span.HOUR) if work is not None else 0.0
    return bool(samples) and samples <= 3600 / settings.flush_seconds and worked > 2 * samples


def _of(one: PublishedTime, settings: ProcessingTimeSettings) -> Verdict:
    limits = settings.limits
    found = first_samples(one.latency, settings.min_samples)
    if found is None:
        samples = _samples(one, Span.WEEK)
        return cannot_tell(
            f"{one.name} has {plural(samples, 'sample')} in the last 7 days; at least"
            f" {settings.min_samples:,} are needed (INSUFFICIENT_SAMPLES).",
            cause="INSUFFICIENT_SAMPLES",
            samples=samples,
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
        f"{band}: {limits.spoken(band)}; {within:.4g} % of {plural(shares.samples, 'sample')} in"
        f" the last {span} are within {limits.target:g} ms ({one.name})."
    )
    if band is not Band.OK:
        wanted = f"p{limits.quantile * 100:g} below {limits.target:g} ms."
        return violates(said, expected=wanted).observing(facts)
    if shares.at_most[limits.critical] < _ALL:
        return violates(
            f"{said} Some are above the critical limit of {limits.critical:g} ms.",
            expected=f"No sample above {limits.critical:g} ms.",
            severity=Severity.LOW,
            **facts,
        )
    return complies(said, **facts)
