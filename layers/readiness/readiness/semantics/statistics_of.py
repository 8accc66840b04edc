"""What CloudWatch's statistics make of a set of samples.

Source: "CloudWatch statistics definitions" in the CloudWatch user guide.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_BOUNDS = re.compile(
    r"(?P<name>TM|WM|TC|TS|PR)\((?P<low>\d*\.?\d*%?):(?P<high>\d*\.?\d*%?)\)", re.IGNORECASE
)
_SHORT = re.compile(r"(?P<name>p|tm|wm|tc|ts)(?P<high>\d{1,3}(?:\.\d+)?)", re.IGNORECASE)

Samples = Sequence[tuple[float, float]]
"""Values and how many samples have each."""


@dataclass(frozen=True, slots=True)
class Extended:
    """A statistic other than the five simple ones.

    ``name`` is P, TM, WM, TC, TS or PR. ``low`` and ``high`` bound the samples; ``is_share``:
    they are shares of the samples (0 to 1), not values.
    """

    name: str
    low: float = -math.inf
    high: float = math.inf
    is_share: bool = False


def extended(statistic: str) -> Extended | None:
    """``p99``, ``tm90``, ``IQM``, ``PR(:900)`` and their kind; None for any other text."""
    if statistic.upper() == "IQM":
        return Extended("TM", 0.25, 0.75, is_share=True)
    if short := _SHORT.fullmatch(statistic):
        return Extended(short["name"].upper(), 0.0, float(short["high"]) / 100, is_share=True)
    found = _BOUNDS.fullmatch(statistic.replace(" ", ""))
    if found is None:
        return None
    low, high = found["low"], found["high"]
    if low.endswith("%") or high.endswith("%"):
        shares = (_number(low, 0.0, 100), _number(high, 1.0, 100))
        return Extended(found["name"].upper(), *shares, is_share=True)
    return Extended(found["name"].upper(), _number(low, -math.inf), _number(high, math.inf))


def _number(text: str, otherwise: float, per: float = 1) -> float:
    digits = text.rstrip("%")
    return float(digits) / per if digits else otherwise


def is_mean_of_most(statistic: str) -> bool:
    """Whether it leaves out or caps the highest samples (IQM, trimmed or winsorised mean).

    ``TM(99%:)`` is the mean of the highest, and no such statistic.
    """
    found = extended(statistic)
    if found is None or found.name not in {"TM", "WM", "TS"}:
        return False
    return found.high < (1.0 if found.is_share else math.inf)


def of(statistic: str, samples: Samples) -> float | None:
    """The statistic of the samples; None without samples. Raises ValueError for an unknown one."""
    kept = sorted((value, count) for value, count in samples if count > 0)
    if not kept:
        return None
    count = math.fsum(count for _, count in kept)
    total = math.fsum(value * count for value, count in kept)
    simple = {
        "Sum": total,
        "SampleCount": count,
        "Average": total / count,
        "Minimum": kept[0][0],
        "Maximum": kept[-1][0],
    }
    if statistic in simple:
        return simple[statistic]
    found = extended(statistic)
    if found is None:
        raise ValueError(f"unknown statistic {statistic}")
    return _extended(found, kept, count)


def _extended(found: Extended, samples: Samples, count: float) -> float | None:
    if found.name == "P":
        return _quantile(samples, _rank(found.high, count))
    if found.is_share:
        inner = _between(samples, _rank(found.low, count), _rank(found.high, count))
    else:
        inner = [(v, n) for v, n in samples if found.low < v <= found.high]
    size = math.fsum(n for _, n in inner)
    match found.name:
        case "TC":
            return size
        case "PR":
            return 100 * size / count
        case "TS":
            return math.fsum(v * n for v, n in inner)
        case "WM" if inner or not found.is_share:
            bounds = (inner[0][0], inner[-1][0]) if found.is_share else (found.low, found.high)
            return _capped(samples, *bounds) / count
    return math.fsum(v * n for v, n in inner) / size if size else None


def _capped(samples: Samples, low: float, high: float) -> float:
    """The sum, with samples beyond a bound as large as the bound."""
    return math.fsum(min(max(value, low), high) * count for value, count in samples)


def _rank(share: float, count: float) -> float:
    """How many samples are the share; 99.9 % of 1,000 are 999 and not a billionth more."""
    return round(share * count, 9)


def _quantile(samples: Samples, rank: float) -> float:
    seen = 0.0
    for value, count in samples:
        seen += count
        if seen >= rank:
            return value
    return samples[-1][0]


def _between(samples: Samples, low: float, high: float) -> list[tuple[float, float]]:
    """The samples from one rank to another, in order of value."""
    found, seen = [], 0.0
    for value, count in samples:
        start, end = max(seen, low), min(seen + count, high)
        seen += count
        if end > start:
            found.append((value, end - start))
    return found
