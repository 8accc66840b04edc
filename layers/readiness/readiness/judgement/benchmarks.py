"""Latency, error rate and availability: a band only where the samples prove it.

Counts are added over periods and series and divided once; rates and percentiles are never
averaged. The true share behind a sample is bounded (one-sided Clopper-Pearson). Where a window has
too few samples to decide, the next longer one is used. What the shorter one excludes all the same,
as CRITICAL by some requests without a failure since, is not claimed of the present.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from readiness.evidence.cloudwatch.histories import Latency, Outcomes, Span, Wait
from readiness.judgement.readings import Certainty, Reading, decided, first_decided
from readiness.model.text import plural
from readiness.model.verdict import (
    Fact,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)
from readiness.semantics.metrics import Band, Scale, Shares, lower_bound, upper_bound


@dataclass(frozen=True, slots=True)
class Limits:
    """Target, degraded and critical limit in milliseconds, and the quantile they apply to."""

    target: float
    degraded: float
    critical: float
    quantile: float = 0.99

    @property
    def steps(self) -> tuple[float, float, float]:
        return self.target, self.degraded, self.critical

    @property
    def are_ordered(self) -> bool:
        return self.target <= self.degraded <= self.critical

    def spoken(self, band: Band) -> str:
        """The range of the quantile in a band, for instance ``p99 < 100 ms``."""
        name = f"p{self.quantile * 100:g}"
        return {
            Band.OK: f"{name} < {self.target:g} ms",
            Band.DEGRADED: f"{self.target:g} ms ≤ {name} < {self.degraded:g} ms",
            Band.BREACH: f"{self.degraded:g} ms ≤ {name} ≤ {self.critical:g} ms",
            Band.CRITICAL: f"{name} > {self.critical:g} ms",
        }[band]


def first_samples(latency: Latency, least: int = 1) -> tuple[Span, Shares] | None:
    """The shortest window with at least ``least`` samples, and its shares."""
    for span in Span:
        shares = latency.over(span)
        if shares is not None and shares.samples >= least:
            return span, shares
    return None


# -- latency ----------------------------------------------------------------------------------


class Preaggregated(ValueError):
    """The series was published as sums or averages: it has no percentiles."""


def latency_readings(latency: Latency, limits: Limits, sure: Certainty) -> Iterator[Reading]:
    """A reading for each window that has samples. Raises Preaggregated."""
    late = 1 - limits.quantile
    for span in Span:
        shares = latency.over(span)
        if shares is None:
            continue
        if shares.is_preaggregated:
            raise Preaggregated(latency.source)
        n = shares.samples
        slower = {limit: max(0.0, n * (1 - shares.at_most[limit])) for limit in limits.steps}
        certain = Band.OK
        if lower_bound(slower[limits.critical], n, sure.confidence) > late:
            certain = Band.CRITICAL
        elif lower_bound(slower[limits.target], n, sure.confidence) > late:
            certain = Band.DEGRADED
        kept = [
            band
            for band, limit in zip(Band, limits.steps, strict=False)
            if upper_bound(slower[limit], n, sure.confidence) <= late
        ]
        point = shares.band(limits.steps, limits.quantile)
        facts: dict[str, Fact] = {
            f"percent_within_{limit:g}_ms": round(100 * shares.at_most[limit], 4)
            for limit in limits.steps
        }
        worst = kept[0] if kept else Band.CRITICAL
        band = decided(certain, worst, point, n, sure.least)
        within = 100 * shares.at_most[limits.target]
        yield Reading(span, n, within, band, facts, worst=worst)


def judge_latency(candidates: Sequence[Latency], limits: Limits, sure: Certainty) -> Verdict:
    """The verdict on the first candidate that has samples."""
    if not limits.are_ordered:
        return out_of_order(limits.steps)
    for latency in candidates:
        try:
            readings = list(latency_readings(latency, limits, sure))
        except Preaggregated:
            return cannot_tell(
                f"{latency.source} is published as sums or averages, which have no percentiles"
                " (PREAGGREGATED_SERIES).",
                cause="PREAGGREGATED_SERIES",
                source=latency.source,
            )
        if readings:
            return _of_latency(latency, first_decided(readings), limits, sure)
    return _idle()


def _of_latency(latency: Latency, reading: Reading, limits: Limits, sure: Certainty) -> Verdict:
    facts = _facts(reading, latency.source, sure) | dict(reading.facts)
    name = f"p{limits.quantile * 100:g}"
    said = (
        f"{reading.value:.4g} % of {plural(reading.samples, 'request')} in the last {reading.span}"
        f" took at most {limits.target:g} ms ({latency.source})"
    )
    if reading.band is None:
        need = math.ceil(math.log(1 - sure.confidence) / math.log(limits.quantile))
        return cannot_tell(
            f"Too few requests to decide whether {name} is below the target: {said}. {need:,}"
            " requests without a slow one would be enough (INSUFFICIENT_SAMPLES)."
        ).observing({"cause": "INSUFFICIENT_SAMPLES", **facts})
    facts["value"] = limits.spoken(reading.band)
    reason = f"{reading.band}: {limits.spoken(reading.band)}; {said}.{reading.eased}"
    if reading.band is Band.OK:
        return complies(reason, **facts)
    expected = f"{name} below {limits.target:g} ms."
    return violates(reason, expected=expected, severity=reading.band.severity, **facts)


# -- the wait of items in queues and streams --------------------------------------------------


def judge_waits(waits: Sequence[Wait], steps: Sequence[float]) -> Verdict:
    """The longest wait of the oldest item in any source; ``steps`` are limits in seconds."""
    scale = scale_of(steps)
    if scale is None:
        return out_of_order(steps)
    known = [
        (seconds, each) for each in waits for seconds in [each.seconds] if seconds is not None
    ]
    if not known:
        return _idle()
    seconds, wait = max(known, key=lambda pair: pair[0])
    band = scale.band(seconds)
    facts: dict[str, Fact] = {"band": str(band), "value": seconds, "source": wait.source}
    said = f"the oldest item of {wait.source} waited {seconds:,.0f} s (median of the last hour)"
    if band is Band.OK:
        return complies(f"{band}: {said}.", **facts)
    expected = f"Items that wait less than {scale.target:g} s."
    return violates(f"{band}: {said}.", expected=expected, severity=band.severity, **facts)


# -- error rate and availability --------------------------------------------------------------


def rate_reading(span: Span, bad: float, n: float, scale: Scale, sure: Certainty) -> Reading:
    """``bad`` of ``n`` in percent; where higher is better, the share that was not bad."""
    low, high = lower_bound(bad, n, sure.confidence), upper_bound(bad, n, sure.confidence)
    if scale.higher_is_better:
        value, best, worst = 100 * (n - bad) / n, 100 - 100 * low, 100 - 100 * high
    else:
        value, best, worst = 100 * bad / n, 100 * low, 100 * high
    band = decided(scale.band(best), scale.band(worst), scale.band(value), n, sure.least)
    bounds = sorted((best, worst))
    facts: dict[str, Fact] = {
        "failed": round(bad, 3),
        "lower_bound": round(bounds[0], 4),
        "upper_bound": round(bounds[1], 4),
    }
    return Reading(span, n, value, band, facts, worst=scale.band(worst))


def judge_error_rate(
    entry_points: Sequence[Outcomes], steps: Sequence[float], sure: Certainty
) -> Verdict:
    """The worst error rate of the entry points.

    ``steps`` are target, degraded and critical limit in percent.
    """
    scale = scale_of(steps)
    if scale is None:
        return out_of_order(steps)
    return _worst_rate(entry_points, Outcomes.failures, scale, sure, "error rate", "request")


def judge_availability(
    entry_points: Sequence[Outcomes], steps: Sequence[float], sure: Certainty
) -> Verdict:
    """The worst availability of the entry points: the share of attempts that got an answer.

    An entry point exists only where its own counts have data.
    """
    scale = scale_of(steps, higher_is_better=True)
    if scale is None:
        return out_of_order(steps)
    lost = [
        each
        for each in entry_points
        if not each.is_used(Span.HOUR) and each.a_week_ago >= sure.least
    ]
    rest = [each for each in entry_points if each not in lost]
    verdict = _worst_rate(rest, Outcomes.misses, scale, sure, "availability", "attempt")
    if lost and verdict.severity is not Severity.CRITICAL:
        return _lost_traffic(lost[0])
    return verdict


_Count = Callable[[Outcomes, Span], tuple[float, float]]


def _worst_rate(
    entry_points: Sequence[Outcomes],
    count: _Count,
    scale: Scale,
    sure: Certainty,
    name: str,
    noun: str,
) -> Verdict:
    """The verdict on the worst of the entry points that are used."""
    decisive: list[tuple[Outcomes, Reading]] = []
    for entry_point in entry_points:
        readings = [
            _of_span(entry_point, span, count, scale, sure)
            for span in Span
            if entry_point.is_used(span) and count(entry_point, span)[1] > 0
        ]
        if readings:
            decisive.append((entry_point, first_decided(readings)))
    if not decisive:
        return _idle()
    sign = -1 if scale.higher_is_better else 1
    worst = max(decisive, key=lambda pair: (_weight(pair[1].band), sign * pair[1].value))
    return _of_rate(*worst, scale, sure, name, noun)


def _of_span(
    entry_point: Outcomes, span: Span, count: _Count, scale: Scale, sure: Certainty
) -> Reading:
    """The reading of one window; undecided where it depends on failures that others share."""
    bad, n = count(entry_point, span)
    reading = rate_reading(span, bad, n, scale, sure)
    if reading.band not in {Band.OK, None}:
        return reading
    if entry_point.unseen:
        return replace(reading, band=None, doubt=entry_point.unseen)
    if entry_point.worst is None:
        return reading
    most, attempts = count(entry_point.worst, span)
    if most <= bad or rate_reading(span, most, attempts, scale, sure).band is reading.band:
        return reading
    doubt = (
        f"{most - bad:,.0f} more failures are counted for several entry points together, or may be"
        " retries."
    )
    return replace(reading, band=None, doubt=doubt)


def _lost_traffic(entry_point: Outcomes) -> Verdict:
    return violates(
        "TRAFFIC_LOSS: there was no request in the last hour, but"
        f" {entry_point.a_week_ago:,.0f} in the same hour last week ({entry_point.source}).",
        expected="Requests, as in the same hour last week.",
        severity=Severity.HIGH,
        cause="TRAFFIC_LOSS",
        value=0,
        samples=0,
        window=str(Span.HOUR),
        same_hour_last_week=entry_point.a_week_ago,
        source=entry_point.source,
    )


def _weight(band: Band | None) -> float:
    """Worst first: proven failures, then undecided (which may hide a failure), then OK."""
    return 0.5 if band is None else band.rank


def _of_rate(
    entry_point: Outcomes, reading: Reading, scale: Scale, sure: Certainty, name: str, noun: str
) -> Verdict:
    facts = _facts(reading, entry_point.source, sure) | dict(reading.facts)
    facts["value"] = round(reading.value, 6)
    noun = entry_point.noun or noun
    said = (
        f"{name} {_percent(reading.value)} % of {plural(reading.samples, noun)} in the last"
        f" {reading.span} ({entry_point.source})"
    )
    if reading.band is None and reading.doubt:
        return cannot_tell(
            f"The {name} is unknown. {reading.doubt} Without them: {said} (PARTIAL_DATA)."
        ).observing({"cause": "PARTIAL_DATA", **facts})
    if reading.band is None:
        low, high = reading.facts["lower_bound"], reading.facts["upper_bound"]
        return cannot_tell(
            f"Too few {noun}s to decide: {said}; the true value may be from {low:g} to {high:g} %"
            " (INSUFFICIENT_SAMPLES).",
        ).observing({"cause": "INSUFFICIENT_SAMPLES", **facts})
    if reading.band is Band.OK:
        return complies(f"{reading.band}: {said}.", **facts)
    beyond = "above" if scale.higher_is_better else "below"
    return violates(
        f"{reading.band}: {said}.{reading.eased}",
        expected=f"An {name} {beyond} {scale.target:g} %.",
        severity=reading.band.severity,
        **facts,
    )


def _facts(reading: Reading, source: str, sure: Certainty) -> dict[str, Fact]:
    samples = int(reading.samples) if reading.samples.is_integer() else reading.samples
    return {
        "band": str(reading.band) if reading.band else "",
        "samples": samples,
        "window": str(reading.span),
        "source": source,
        "confidence": sure.confidence,
    }


def _percent(value: float) -> str:
    """Enough digits to tell 99.95 from 99.9."""
    return f"{value:.6g}" if value > 99 else f"{value:.4g}"


def _idle() -> Verdict:
    return not_applicable(
        "There were no requests in the last 7 days.", window=str(Span.WEEK), samples=0
    )


def scale_of(steps: Sequence[float], *, higher_is_better: bool = False) -> Scale | None:
    """The scale of target, degraded and critical limit; None where they are not in order."""
    target, degraded, critical = steps
    try:
        return Scale(target, degraded, critical, higher_is_better)
    except ValueError:
        return None


def out_of_order(steps: Sequence[float]) -> Verdict:
    """The verdict for limits that are not in order."""
    spoken = ", ".join(f"{step:g}" for step in steps)
    return cannot_tell(
        f"The settings for target, degraded and critical are not in order: {spoken}."
    )
