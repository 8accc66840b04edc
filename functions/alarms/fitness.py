"""Whether the statistic, threshold and timing of an alarm make it useful."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta

from readiness.model.text import plural
from readiness.semantics.alarms import STUCK_AFTER, Alarm, Watched
from readiness.semantics.metric_sql import STATISTICS
from readiness.semantics.statistics_of import extended, is_mean_of_most

from .expressions import judge_expression
from .gaps import HALF, SLIGHT, Gap, Limits, RequiredSeries

_PERCENTILE = re.compile(r"p(\d{1,3}(?:\.\d+)?)")
_FASTEST = {"Milliseconds": 5, "Seconds": 0.005}
"""Who states a lower threshold for a latency means another unit."""
_LONGEST_HOLD = timedelta(hours=3)


def unfit(
    series: RequiredSeries, alarm: Alarm, watched: Watched | None, limits: Limits
) -> tuple[Gap, str] | str | None:
    """Why the alarm does not detect what the series shows, or not in time; None if it does.

    Text alone where that cannot be told.
    """
    compared = watched or _compared(series, alarm)
    gap: tuple[Gap, str] | str | None
    if compared is not None and not alarm.expressions and not _counts_samples(compared):
        gap = _misread(series, alarm, compared, limits)
    else:
        gap = judge_expression(series, alarm, watched, limits)
    if gap is not None:
        return gap
    return (
        _never_filled(series, alarm, compared)
        or _too_few_samples(series, alarm, limits)
        or timing(series, alarm, limits)
    )


def _counts_samples(watched: Watched) -> bool:
    """Whether the statistic counts samples within bounds, which decide its direction."""
    found = extended(watched.statistic)
    return found is not None and found.name in {"PR", "TC"}


def _never_filled(
    series: RequiredSeries, alarm: Alarm, compared: Watched | None
) -> tuple[Gap, str] | None:
    """Whether the periods are shorter than the metric's own."""
    key = (series.namespace, series.metric)
    for each in (compared, *alarm.watches):
        if each and (each.namespace, each.metric) == key and (why := alarm.too_fine(each)):
            return Gap.PERIOD_TOO_SHORT, why
    return None


def _too_few_samples(
    series: RequiredSeries, alarm: Alarm, limits: Limits
) -> tuple[Gap, str] | None:
    """Whether it ignores its percentile while there are few samples, as there always are."""
    needed = alarm.samples_needed
    most = limits.samples(alarm) if needed else None
    if most is None or most >= needed:
        return None
    minutes = round(alarm.period * alarm.evaluations / 60)
    return Gap.UNREACHABLE, (
        f"The alarm {alarm.name} ignores {alarm.watches[0].statistic} of {series.metric} below"
        f" {needed:,.0f} samples in {plural(minutes, 'minute')}, and there were at most"
        f" {most:,.0f} in the last 35 days: its state never changes."
    )


def timing(series: RequiredSeries, alarm: Alarm, limits: Limits) -> tuple[Gap, str] | None:
    """What makes a working alarm late, or keeps it in ALARM; None if nothing does."""
    if alarm.seconds > limits.max_detection_minutes * 60:
        minutes = round(alarm.seconds / 60)
        limit = limits.max_detection_minutes
        why = (
            f"The alarm {alarm.name} takes {plural(minutes, 'minute')} to be raised; at most"
            f" {limit} {'is' if limit == 1 else 'are'} allowed."
        )
        return Gap.TOO_SLOW, why
    held = timedelta(seconds=(alarm.evaluations - alarm.datapoints + 1) * alarm.period)
    if held > max(_LONGEST_HOLD, timedelta(minutes=limits.max_detection_minutes)):
        hours = held.total_seconds() / 3600
        return Gap.STAYS_RAISED, (
            f"The alarm {alarm.name} stays in ALARM for {hours:g} hours after"
            f" {plural(alarm.datapoints, 'bad datapoint')}: a failure in that time notifies no"
            " one."
        )
    is_raw = alarm.is_direct and not alarm.band
    if series.sparse and is_raw and alarm.missing_data == "ignore":
        return Gap.STAYS_RAISED, (
            f"The alarm {alarm.name} ignores missing data, and {series.metric} is published only"
            " while it is not 0: the alarm never leaves ALARM."
        )
    divides = any("/" in each and "FILL" not in each.upper() for each in alarm.expressions)
    if series.sparse and divides and alarm.missing_data == "missing":
        why = (
            f"The alarm {alarm.name} uses {series.metric} in a division without FILL, so it has no"
            f" data while {series.metric} is 0."
        )
        return Gap.RATIO_WITHOUT_FILL, why
    return None


def stuck(alarm: Alarm, now: datetime) -> tuple[Gap, str] | None:
    """Whether the alarm has been in ALARM for so long that it notifies no one any more."""
    if not alarm.is_stuck(now):
        return None
    return Gap.STUCK, (
        f"The alarm {alarm.name} has been in ALARM since {alarm.since:%Y-%m-%d}: a new failure"
        f" does not change its state and notifies no one (at most {STUCK_AFTER.days} days)."
    )


def _compared(series: RequiredSeries, alarm: Alarm) -> Watched | None:
    """The raw series, or the query's result on it, that the alarm compares with its threshold."""
    if alarm.is_direct and alarm.watches:
        return alarm.watches[0]
    if alarm.expressions or alarm.watches:
        return None
    for each in alarm.selections:
        if (each.namespace, each.metric) == (series.namespace, series.metric):
            return Watched(each.namespace, each.metric, STATISTICS.get(each.function, ""))
    return None


def _misread(
    series: RequiredSeries, alarm: Alarm, watched: Watched, limits: Limits
) -> tuple[Gap, str] | None:
    """What is wrong with an alarm that compares the raw series with a threshold or band."""
    if alarm.goes_up is not None and alarm.goes_up is not series.rises:
        wrong, right = "below", "above"
        if not series.rises:
            wrong, right = right, wrong
        why = (
            f"The alarm {alarm.name} is raised when {series.metric} is {wrong} its threshold, not"
        )
        return Gap.WRONG_DIRECTION, f"{why} when it is {right}."
    if watched.unit and watched.unit != series.unit:
        why = (
            f"The alarm {alarm.name} expects {series.metric} in {watched.unit}, but its unit is"
            f" {series.unit}: the alarm never has data."
        )
        return Gap.DEAD, why
    if series.sparse and alarm.missing_data == "breaching" and not alarm.band:
        return Gap.MISSING_BREACHES, (
            f"The alarm {alarm.name} treats missing data as breaching, but {series.metric} is"
            " published only when something is wrong: it is in ALARM while nothing is."
        )
    statistic = _statistic_gap(series, alarm, watched, limits)
    slight = statistic is not None and statistic[0] in SLIGHT
    if statistic is not None and not slight:
        return statistic
    if not alarm.band and alarm.threshold is not None:
        gap = _threshold_gap(series, alarm, watched, alarm.threshold, limits)
        if gap is not None:
            return gap
    return statistic


def _statistic_gap(
    series: RequiredSeries, alarm: Alarm, watched: Watched, limits: Limits
) -> tuple[Gap, str] | None:
    if watched.statistic == "SampleCount":
        why = f"The alarm {alarm.name} uses the sample count of {series.metric}, not its values."
        return Gap.WRONG_STATISTIC, why
    if not series.percentile:
        return _blunt(series, alarm, watched)
    why = (
        f"The alarm {alarm.name} uses {watched.statistic} of {series.metric};"
        f" p{series.percentile:g} or higher is needed to see slow requests."
    )
    found = extended(watched.statistic)
    if _adds_up(watched) or watched.statistic == "Minimum" or is_mean_of_most(watched.statistic):
        return Gap.WRONG_STATISTIC, why
    percentile = _PERCENTILE.fullmatch(watched.statistic)
    if percentile and float(percentile[1]) < series.percentile:
        return Gap.WRONG_STATISTIC, why
    is_mean = (
        found is not None
        and found.name in {"TM", "WM"}
        and not (found.name == "TM" and found.is_share and found.low * 100 >= series.percentile)
    )
    if is_mean or watched.statistic in {"Average", "Maximum"}:
        gap = Gap.WRONG_STATISTIC if limits.strict else Gap.NOT_PERCENTILE
        return gap, why
    return None


def _adds_up(watched: Watched) -> bool:
    found = extended(watched.statistic)
    return watched.statistic == "Sum" or (found is not None and found.name == "TS")


def _blunt(series: RequiredSeries, alarm: Alarm, watched: Watched) -> tuple[Gap, str] | None:
    """Whether the statistic hides failures of some requests, or adds up what is no count."""
    statistic = watched.statistic
    said = f"The alarm {alarm.name} uses {statistic} of {series.metric}"
    found = extended(statistic)
    hides = statistic == "Minimum" or is_mean_of_most(statistic)
    median = found is not None and found.name == "P" and found.high < 0.9
    if series.events and not series.sparse and (hides or median):
        return Gap.WRONG_STATISTIC, (
            f"{said}, which is 0 while some requests fail; use Sum, or Average for the rate."
        )
    if series.of_many and hides and series.rises:
        return Gap.WRONG_STATISTIC, f"{said}, which hides the highest; use Average or Maximum."
    is_level = not series.events and not series.sparse and series.unit not in {"Count", "None"}
    if statistic == "Sum" and (is_level or series.of_many):
        return Gap.WRONG_STATISTIC, f"{said}, which adds up samples of a level; use Average."
    return None


def _threshold_gap(
    series: RequiredSeries, alarm: Alarm, watched: Watched, threshold: float, limits: Limits
) -> tuple[Gap, str] | None:
    unit = "" if series.unit in {"Count", "None"} else f" {series.unit}"
    said = f"The alarm {alarm.name} compares {watched.statistic} of {series.metric} with"
    said += f" {threshold:g}{unit}"
    gap = _beyond(series, alarm, watched, threshold)
    if gap is None and series.rises:
        gap = _too_high(series, alarm, watched, threshold, limits)
    elif gap is None and threshold < series.floor:
        gap = Gap.TOO_LOW, f"; at least {series.floor:,.0f} is needed to leave time to act."
    return (gap[0], said + gap[1]) if gap else None


def _beyond(
    series: RequiredSeries, alarm: Alarm, watched: Watched, threshold: float
) -> tuple[Gap, str] | None:
    """Whether no value or every value of the metric meets the threshold."""
    most = 1.0 if series.events and not _adds_up(watched) else series.most
    above = threshold > most or (threshold == most and alarm.is_inclusive is not series.rises)
    below = threshold < 0 or (threshold == 0 and alarm.is_inclusive is series.rises)
    if above if series.rises else below:
        limit = f"more than {most:g}" if series.rises else "less than 0"
        return Gap.UNREACHABLE, f", but the value is never {limit}."
    if below if series.rises else above:
        return Gap.ALWAYS_MET, ", and every value meets that."
    if series.percentile and threshold <= _FASTEST.get(series.unit, 0):
        return Gap.ALWAYS_MET, f"; the metric is in {series.unit.lower()}: no request is so fast."
    if series.unit == "Percent" and series.rises and threshold <= 1:
        return Gap.ALWAYS_MET, "; the metric is in percent, so almost every value meets that."
    return None


def _too_high(
    series: RequiredSeries, alarm: Alarm, watched: Watched, threshold: float, limits: Limits
) -> tuple[Gap, str] | None:
    """Whether the threshold of a rising metric is above what is accepted."""
    is_count = (series.events or series.sparse) and _adds_up(watched)
    if is_count and threshold > limits.max_failures:
        return Gap.TOO_HIGH, f"; at most {limits.max_failures:,} is allowed."
    if series.events and watched.statistic == "Average" and threshold > HALF:
        return Gap.TOO_HIGH, ": it is not raised when half of the requests fail."
    least = threshold if alarm.is_inclusive else math.floor(threshold) + 1
    if series.each_counts and least > series.ceiling:
        return Gap.TOO_HIGH, f": it is raised by {least:g}, but {series.ceiling:g} must raise it."
    if threshold > series.ceiling:
        return Gap.TOO_HIGH, f"; at most {series.ceiling:g} is allowed."
    return None
