"""What the samples of a window prove, and which window decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from readiness.evidence.cloudwatch.histories import Span
from readiness.model.verdict import Fact
from readiness.semantics.metrics import Band


@dataclass(frozen=True, slots=True)
class Certainty:
    """The confidence of a band, and the fewest samples for a DEGRADED or BREACH."""

    confidence: float = 0.95
    least: int = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of one window.

    ``band`` is None where its samples do not decide. ``doubt`` says why, if not for their number.
    ``worst`` is the worst band that its samples do not exclude. ``eased`` says what a shorter
    window excludes of a longer one's band.
    """

    span: Span
    samples: float
    value: float
    band: Band | None
    facts: Mapping[str, Fact]
    doubt: str = ""
    worst: Band = Band.CRITICAL
    eased: str = ""


def decided(certain: Band, worst: Band, point: Band, samples: float, least: int) -> Band | None:
    """The band that a window's samples prove; None where they prove none.

    ``certain`` is the best band the true value may be in, ``worst`` the worst, ``point`` that of
    the measured value. CRITICAL needs a CRITICAL best band, OK an OK worst band. DEGRADED and
    BREACH also need ``least`` samples.
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


def first_decided(readings: Sequence[Reading]) -> Reading:
    """The first that decides, at most as bad as the shorter windows before it leave possible.

    A service with few requests would else be CRITICAL for a week after what broke it is mended.
    """
    place = next((n for n, each in enumerate(readings) if each.band is not None), None)
    if place is None:
        return readings[-1]
    found, before = readings[place], [each for each in readings[:place] if not each.doubt]
    newer = min(before, key=lambda each: each.worst.rank, default=found)
    if found.band is None or newer.worst.rank >= found.band.rank:
        return found
    band = max(newer.worst, Band.DEGRADED, key=_rank)
    if band is found.band:
        return found
    return replace(
        found,
        band=band,
        eased=f" The {newer.samples:,.0f} of the last {newer.span} show that it is not"
        f" {found.band} any more.",
    )
