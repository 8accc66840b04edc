"""Arithmetic over metric series: absent is never zero, and percentiles are never averaged.

A :class:`Query` names one raw series, a :class:`Window` the time, and a :class:`Series` is what
CloudWatch had for it (``evidence/cloudwatch/datapoints.py`` asks). Sums may be added and
then divided; percentiles may not be added at all. For a p99 over several periods, functions or
regions ask for the trimmed counts ``at_most(T)`` and ``SampleCount`` and use
:func:`latency_shares`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from readiness.model.verdict import Severity

LAG = timedelta(minutes=5)
_RETENTION = ((timedelta(days=15), 60), (timedelta(days=63), 300), (timedelta(days=455), 3600))
_LONGEST_PERIOD = 86_400


@dataclass(frozen=True, slots=True, order=True)
class Query:
    """One raw series; CloudWatch finds it only with exactly its dimensions."""

    namespace: str
    metric: str
    statistic: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @property
    def metric_key(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """The metric itself, whatever the statistic: namespace, name and dimensions."""
        return self.namespace, self.metric, self.dimensions


def series(namespace: str, metric: str, statistic: str, **dimensions: str) -> Query:
    """A query, for instance ``series("AWS/Lambda", "Errors", "Sum", FunctionName="f")``."""
    return Query(namespace, metric, statistic, tuple(sorted(dimensions.items())))


def at_most(limit: float) -> str:
    """The statistic that counts the samples up to ``limit``, in the metric's own unit."""
    number = f"{limit:.9f}".rstrip("0").rstrip(".")
    return f"TC(:{number})"


@dataclass(frozen=True, slots=True)
class Window:
    """Whole periods from ``start`` to ``end`` (exclusive), in UTC; ``period`` in seconds."""

    start: datetime
    end: datetime
    period: int

    @property
    def periods(self) -> int:
        """How many whole periods there are."""
        return round((self.end - self.start).total_seconds()) // self.period

    @property
    def stamps(self) -> tuple[datetime, ...]:
        """When each period begins, oldest first."""
        return tuple(self.start + timedelta(seconds=self.period * n) for n in range(self.periods))


def window(
    now: datetime,
    span: timedelta,
    *,
    period: int = 60,
    lag: timedelta = LAG,
    ago: timedelta = timedelta(0),
) -> Window:
    """The last whole periods, leaving ``lag`` for CloudWatch to complete them.

    ``ago`` shifts it into the past, for instance by a week. The period grows to the shortest one
    CloudWatch still keeps for the oldest point: 1 minute for 15 days, 5 for 63 days, then an
    hour. Raises ValueError for a period CloudWatch does not take or a span shorter than it.
    """
    if period % 60 or not 60 <= period <= _LONGEST_PERIOD:
        raise ValueError(f"a period is a multiple of 60 s up to a day, not {period} s")
    oldest = span + lag + ago + timedelta(seconds=period)
    kept = next((step for age, step in _RETENTION if oldest <= age), 0)
    if not kept:
        raise ValueError(f"CloudWatch keeps metrics for 455 days; asked for {oldest.days}")
    period = math.ceil(period / kept) * kept
    seconds = span.total_seconds()
    if seconds < period:
        raise ValueError(f"a span of {seconds:g} s holds no period of {period} s")
    end = int((now.astimezone(UTC) - lag - ago).timestamp()) // period * period
    start = end - int(seconds) // period * period
    return Window(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC), period)


@dataclass(frozen=True, slots=True)
class Series:
    """What CloudWatch had: ``points`` oldest first, only the periods that have a value."""

    query: Query
    window: Window
    points: tuple[tuple[datetime, float], ...] = ()

    @property
    def is_absent(self) -> bool:
        """No datapoint at all in the window, which is not the same as zero."""
        return not self.points

    @property
    def values(self) -> tuple[float, ...]:
        return tuple(value for _, value in self.points)

    @property
    def total(self) -> float | None:
        """The sum of a Sum, SampleCount or trimmed count; None when absent."""
        return math.fsum(self.values) if self.points else None

    @property
    def highest(self) -> float | None:
        return max(self.values, default=None)

    @property
    def lowest(self) -> float | None:
        return min(self.values, default=None)

    @property
    def latest(self) -> datetime | None:
        """When the newest period with a value began."""
        return self.points[-1][0] if self.points else None

    def since(self, start: datetime) -> Series:
        """The part of the series from ``start`` on, for a shorter window within this one."""
        return replace(
            self,
            window=replace(self.window, start=max(start, self.window.start)),
            points=tuple(point for point in self.points if point[0] >= start),
        )


def total(parts: Iterable[Series]) -> float | None:
    """The sum over several series; None when all of them are absent."""
    sums = [part.total for part in parts]
    known = [value for value in sums if value is not None]
    return math.fsum(known) if known else None


# -- confidence bounds for few samples ---------------------------------------------------


def lower_bound(hits: float, trials: float, confidence: float = 0.95) -> float:
    """The share that the true share exceeds with this confidence (one-sided Clopper–Pearson)."""
    if hits <= 0 or trials <= 0:
        return 0.0
    hits = min(hits, trials)
    return _quantile(hits, trials - hits + 1, 1 - confidence)


def upper_bound(hits: float, trials: float, confidence: float = 0.95) -> float:
    """The share that the true share is below with this confidence (one-sided Clopper–Pearson)."""
    if trials <= 0 or hits >= trials:
        return 1.0
    hits = max(hits, 0.0)
    return _quantile(hits + 1, trials - hits, confidence)


def _quantile(a: float, b: float, probability: float) -> float:
    """Where the Beta(a, b) distribution reaches ``probability``, by bisection."""
    low, high = 0.0, 1.0
    while high - low > 1e-12 and (high - low) > 1e-9 * high:
        middle = (low + high) / 2
        if _incomplete_beta(a, b, middle) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b) for 0 < x < 1; DLMF 8.17."""
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(scale + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, 1 - x) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of I_x(a, b) (DLMF 8.17.22) by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1 / ((1 - (a + b) * x / (a + 1)) or tiny)
    value = d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / ((1 + step * d) or tiny)
            c = (1 + step / c) or tiny
            value *= c * d
        if abs(c * d - 1) < 1e-13:
            break
    return value


# -- bands ----------------------------------------------------------------------------------


class Band(StrEnum):
    """How far a value is from its target, best first."""

    OK = "OK"
    DEGRADED = "DEGRADED"
    BREACH = "BREACH"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """0 for OK up to 3."""
        return list(Band).index(self)

    @property
    def severity(self) -> Severity | None:
        """The severity of a value in this band; None for OK."""
        return _WEIGHT.get(self)


_WEIGHT = {
    Band.DEGRADED: Severity.MEDIUM,
    Band.BREACH: Severity.HIGH,
    Band.CRITICAL: Severity.CRITICAL,
}


@dataclass(frozen=True, slots=True)
class Scale:
    """The limits of the bands.

    Below ``target`` is OK, from it DEGRADED, from ``degraded`` BREACH, above ``critical``
    CRITICAL; mirrored where higher is better.
    """

    target: float
    degraded: float
    critical: float
    higher_is_better: bool = False

    def __post_init__(self) -> None:
        steps = (self.target, self.degraded, self.critical)
        if list(steps) != sorted(steps, reverse=self.higher_is_better):
            raise ValueError(f"the steps {steps} are not in order")

    def band(self, value: float) -> Band:
        """The band of a value. Raises ValueError for one that is not a number."""
        if math.isnan(value):
            raise ValueError("not a number has no band")
        sign = -1 if self.higher_is_better else 1
        value, target = sign * value, sign * self.target
        if value < target:
            return Band.OK
        if value < sign * self.degraded:
            return Band.DEGRADED
        return Band.BREACH if value <= sign * self.critical else Band.CRITICAL


@dataclass(frozen=True, slots=True)
class Shares:
    """The share of samples that was at most each limit.

    ``is_preaggregated``: the series has samples but no percentiles, so it was published as sums
    or averages, and its tail is unknown.
    """

    samples: float
    at_most: Mapping[float, float]
    is_preaggregated: bool = False

    def band(self, limits: Sequence[float], quantile: float = 0.99) -> Band:
        """The band of the quantile; ``limits`` are target, degraded and critical."""
        for limit, band in zip(limits, Band, strict=False):
            if self.at_most[limit] >= quantile:
                return band
        return Band.CRITICAL


def latency_shares(
    counts: Sequence[Series],
    trimmed: Mapping[float, Sequence[Series]],
    percentiles: Sequence[Series] = (),
) -> Shares | None:
    """Σ trimmed counts / Σ sample counts, over any number of periods and series.

    ``counts`` are SampleCount series, ``trimmed`` those of :func:`at_most` by limit, and
    ``percentiles`` any percentile of the same series, to distinguish "all samples were slower"
    from "CloudWatch cannot compute percentiles of this". None without samples.
    """
    samples = total(counts)
    if not samples:
        return None
    below = {limit: (total(parts) or 0.0) / samples for limit, parts in trimmed.items()}
    shown = {(part.query.dimensions, stamp) for part in percentiles for stamp, _ in part.points}
    expected = {
        (part.query.dimensions, stamp) for part in counts for stamp, value in part.points if value
    }
    return Shares(samples, below, bool(percentiles) and not expected <= shown)
