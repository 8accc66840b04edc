"""How fast, how often wrong and how often there: bands that hold at any traffic, or none at all.

Sums are added over periods and series and divided once. What a share of few requests may really
be is bounded (one-sided Clopper-Pearson), and a window too quiet to decide is widened.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from readiness.evidence.cloudwatch.histories import Latency, Outcomes, Span
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
    """Target, degraded and critical in milliseconds, and the quantile that has to keep them."""

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
        """Where the quantile lies in a band."""
        name = f"p{self.quantile * 100:g}"
        return {
            Band.OK: f"{name} < {self.target:g} ms",
            Band.DEGRADED: f"{self.target:g} ms ≤ {name} < {self.degraded:g} ms",
            Band.BREACH: f"{self.degraded:g} ms ≤ {name} ≤ {self.critical:g} ms",
            Band.CRITICAL: f"{name} > {self.critical:g} ms",
        }[band]


def first_samples(latency: Latency, least: int = 1) -> tuple[Span, Shares] | None:
    """The shortest window with so many samples, and its shares."""
    for span in Span:
        shares = latency.over(span)
        if shares is not None and shares.samples >= least:
            return span, shares
    return None


@dataclass(frozen=True, slots=True)
class Certainty:
    """How sure a band has to be: the confidence, and how few samples say nothing of a failure."""

    confidence: float = 0.95
    least: int = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """One window's decision. ``band`` is None where its samples do not decide."""

    span: Span
    samples: float
    value: float
    band: Band | None
    facts: Mapping[str, Fact]


def decided(certain: Band, worst: Band, point: Band, samples: float, least: int) -> Band | None:
    """The band that a window's samples prove, None where they do not.

    ``certain`` is the best band that the value may really be in, ``worst`` the worst. So CRITICAL
    is critical at its best, and OK is OK at its worst; a milder failure needs the least number
    of samples too.
    """
    if certain is Band.CRITICAL:
        return Band.CRITICAL
    if worst is Band.OK:
        return Band.OK
    if certain is Band.OK or samples < least:
        return None
    return Band.BREACH if point is Band.CRITICAL else max(point, Band.DEGRADED, key=_rank)


def _rank(band: Band) -> int:
    return band.rank


# -- latency ----------------------------------------------------------------------------------


class Preaggregated(ValueError):
    """The series was published as sums or averages: it has no percentile."""


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
        keeps = upper_bound(slower[limits.target], n, sure.confidence) <= late
        point = shares.band(limits.steps, limits.quantile)
        facts: dict[str, Fact] = {
            f"percent_within_{limit:g}_ms": round(100 * shares.at_most[limit], 4)
            for limit in limits.steps
        }
        worst = Band.OK if keeps else Band.CRITICAL
        band = decided(certain, worst, point, n, sure.least)
        yield Reading(span, n, 100 * shares.at_most[limits.target], band, facts)


def judge_latency(candidates: Sequence[Latency], limits: Limits, sure: Certainty) -> Verdict:
    """The verdict on the first door that has samples."""
    if not limits.are_ordered:
        return out_of_order(limits.steps)
    for latency in candidates:
        try:
            readings = list(latency_readings(latency, limits, sure))
        except Preaggregated:
            return cannot_tell(
                f"{latency.source} is published as sums or averages, which have no percentile"
                " (PREAGGREGATED_SERIES).",
                cause="PREAGGREGATED_SERIES",
                source=latency.source,
            )
        if readings:
            return _of_latency(latency, _first_decided(readings), limits, sure)
    return _idle()


def _of_latency(latency: Latency, reading: Reading, limits: Limits, sure: Certainty) -> Verdict:
    facts = _facts(reading, latency.source, sure) | dict(reading.facts)
    name = f"p{limits.quantile * 100:g}"
    share = f"{reading.value:.4g} % of {reading.samples:,.0f} requests within {limits.target:g} ms"
    where = f"in {reading.span} ({latency.source})"
    if reading.band is None:
        need = math.ceil(math.log(1 - sure.confidence) / math.log(limits.quantile))
        return cannot_tell(
            f"{share} {where} do not decide whether {name} keeps its target; {need} without a"
            " slower one would (INSUFFICIENT_SAMPLES)."
        ).observing({"cause": "INSUFFICIENT_SAMPLES", **facts})
    facts["value"] = limits.spoken(reading.band)
    said = f"{reading.band}: {limits.spoken(reading.band)}, {share} {where}."
    if reading.band is Band.OK:
        return complies(said, **facts)
    expected = f"{name} below {limits.target:g} ms."
    return violates(said, expected=expected, severity=reading.band.severity, **facts)


# -- error rate and availability --------------------------------------------------------------


def rate_reading(span: Span, bad: float, n: float, scale: Scale, sure: Certainty) -> Reading:
    """A reading of ``bad`` of ``n``: a rate in percent, or where higher is better the rest."""
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
    return Reading(span, n, value, band, facts)


def judge_error_rate(
    doors: Sequence[Outcomes], steps: Sequence[float], sure: Certainty
) -> Verdict:
    """The worst of the doors' error rates; ``steps`` are target, degraded, critical in percent."""
    scale = scale_of(steps)
    if scale is None:
        return out_of_order(steps)
    decisive: list[tuple[Outcomes, Reading]] = []
    for door in doors:
        readings = [
            rate_reading(span, bad, n, scale, sure)
            for span in Span
            for bad, n in [door.failures(span)]
            if n > 0
        ]
        if readings:
            decisive.append((door, _first_decided(readings)))
    if not decisive:
        return _idle()
    worst = max(decisive, key=lambda pair: (_weight(pair[1].band), pair[1].value))
    return _of_rate(*worst, scale, sure, "error rate", "percent of requests fail")


def judge_availability(
    candidates: Sequence[Outcomes], steps: Sequence[float], sure: Certainty
) -> Verdict:
    """The share of attempts that got an answer, at the first door that anybody came to."""
    scale = scale_of(steps, higher_is_better=True)
    if scale is None:
        return out_of_order(steps)
    used = [d for d in candidates if d.misses(Span.WEEK)[1] or d.misses(Span.HOUR)[1]]
    if not used:
        lost = [door for door in candidates if door.a_week_ago >= sure.least]
        if lost:
            return _lost_traffic(lost[0])
        return _idle()
    door = used[0]
    if not door.misses(Span.HOUR)[1] and door.a_week_ago >= sure.least:
        return _lost_traffic(door)
    readings = [
        rate_reading(span, bad, n, scale, sure)
        for span in Span
        for bad, n in [door.misses(span)]
        if n > 0
    ]
    reading = _first_decided(readings)
    return _of_rate(door, reading, scale, sure, "availability", "percent of attempts succeed")


def _lost_traffic(door: Outcomes) -> Verdict:
    return violates(
        f"TRAFFIC_LOSS: no request in the last hour, {door.a_week_ago:,.0f} in the same hour of"
        f" last week ({door.source}).",
        expected="Requests, as in the same hour of last week.",
        severity=Severity.HIGH,
        cause="TRAFFIC_LOSS",
        value=0,
        samples=0,
        window=str(Span.HOUR),
        same_hour_last_week=door.a_week_ago,
        source=door.source,
    )


def _first_decided(readings: Sequence[Reading]) -> Reading:
    return next((r for r in readings if r.band is not None), readings[-1])


def _weight(band: Band | None) -> float:
    """Undecided is worse than OK: it may hide anything, but a proven failure counts first."""
    return 0.5 if band is None else band.rank


def _of_rate(
    door: Outcomes, reading: Reading, scale: Scale, sure: Certainty, name: str, unit: str
) -> Verdict:
    facts = _facts(reading, door.source, sure) | dict(reading.facts)
    facts["value"] = round(reading.value, 6)
    said = (
        f"{name} {_percent(reading.value)} % of {reading.samples:,.0f} requests in {reading.span}"
        f" ({door.source})"
    )
    if reading.band is None:
        low, high = reading.facts["lower_bound"], reading.facts["upper_bound"]
        return cannot_tell(
            f"The {said} is really anything from {low:g} to {high:g} %, which does not decide it"
            " (INSUFFICIENT_SAMPLES).",
        ).observing({"cause": "INSUFFICIENT_SAMPLES", **facts})
    if reading.band is Band.OK:
        return complies(f"{reading.band}: {said}.", **facts)
    beyond = "above" if scale.higher_is_better else "below"
    return violates(
        f"{reading.band}: {said}.",
        expected=f"An {name} {beyond} {scale.target:g} %: the {unit}.",
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
    """Digits enough to tell 99.95 from 99.9."""
    return f"{value:.6g}" if value > 99 else f"{value:.4g}"


def _idle() -> Verdict:
    return not_applicable("There was no request in 7 d.", window=str(Span.WEEK), samples=0)


def scale_of(steps: Sequence[float], *, higher_is_better: bool = False) -> Scale | None:
    """The scale of target, degraded and critical; None where they are not in order."""
    target, degraded, critical = steps
    try:
        return Scale(target, degraded, critical, higher_is_better)
    except ValueError:
        return None


def out_of_order(steps: Sequence[float]) -> Verdict:
    """The verdict where a band would have no place."""
    spoken = ", ".join(f"{step:g}" for step in steps)
    return cannot_tell(
        f"The settings are refused: target, degraded and critical are not in order ({spoken})."
    )
