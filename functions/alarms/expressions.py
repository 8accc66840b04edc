"""Whether an alarm on a metric math expression detects what it must."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from readiness.evidence.cloudwatch.guards import FINEST
from readiness.model.text import plural
from readiness.semantics.alarms import Alarm, Watched
from readiness.semantics.metric_math_syntax import Unknown

from .gaps import HALF, Gap, Limits, RequiredSeries
from .simulation import Condition, is_raised, level

_BUSY = 1e7
"""More requests in a period than guards such as ``IF(requests > 5000, …, 0)`` ask for."""


def judge_expression(
    series: RequiredSeries, alarm: Alarm, watched: Watched | None, limits: Limits
) -> tuple[Gap, str] | str | None:
    """What is wrong with the alarm, evaluated on made-up samples; text alone if unknown."""
    try:
        return _Trial(series, alarm, watched, limits).gap()
    except Unknown as unknown:
        return (
            f"The expression of the alarm {alarm.name} does not show whether it detects"
            f" {series.metric}: {unknown}."
        )


@dataclass(frozen=True, slots=True)
class _Trial:
    series: RequiredSeries
    alarm: Alarm
    watched: Watched | None
    limits: Limits

    def rings(self, condition: Condition) -> bool:
        return is_raised(self.series, self.alarm, self.watched, condition)

    def still_rings(self, condition: Condition) -> bool:
        return is_raised(self.series, self.alarm, self.watched, condition, settled=True)

    def level(self, condition: Condition) -> float | None:
        return level(self.series, self.alarm, self.watched, condition)

    def gap(self) -> tuple[Gap, str] | None:
        if self.alarm.band:
            return self._wrong_side()
        worst = _worst(self.series)
        fails, calm = self.rings(worst), self.rings(replace(worst, share=0.0))
        bad = "every request fails"
        if not self.series.events:
            bad = f"{self.series.metric} is at its worst"
        if calm:
            why = f"The alarm {self.alarm.name} is raised although nothing is wrong"
            if self.still_rings(worst):
                return Gap.ALWAYS_MET, f"{why}: every value meets its threshold."
            return Gap.WRONG_DIRECTION, f"{why}, and not when {bad}."
        most = self.limits.requests(self.alarm) if self.series.events else None
        if most is not None and (fails or self._rings_if_busy(worst)):
            real = replace(worst, requests=most)
            return self._too_late(real) if self.rings(real) else self._guarded(most)
        if fails:
            return self._too_late(worst)
        if self._needs_more_requests(worst):
            raise Unknown("it is raised only in periods with many requests")
        return Gap.UNREACHABLE, f"The alarm {self.alarm.name} is not raised even when {bad}."

    def _needs_more_requests(self, worst: Condition) -> bool:
        """Whether a guard on the number of requests is what keeps the alarm quiet."""
        if not self.series.events or not self._rings_if_busy(worst):
            return False
        most, more = (self.level(replace(worst, requests=n)) for n in (_BUSY, 2 * _BUSY))
        return most is not None and most == more

    def _rings_if_busy(self, worst: Condition) -> bool:
        return self.rings(replace(worst, requests=_BUSY))

    def _guarded(self, most: float) -> tuple[Gap, str]:
        minutes = plural(max(self.alarm.period, FINEST) // 60, "minute")
        return Gap.UNREACHABLE, (
            f"The alarm {self.alarm.name} is raised only in periods with more requests than there"
            f" are: at most {most:,.0f} in {minutes}, in the last 35 days."
        )

    def _wrong_side(self) -> tuple[Gap, str] | None:
        worst = _worst(self.series)
        calm, rough = self.level(replace(worst, share=0.0)), self.level(worst)
        if calm is None or rough is None or self.alarm.goes_up in {None, rough > calm}:
            return None
        return Gap.WRONG_DIRECTION, (
            f"The alarm {self.alarm.name} is raised on the side of its band that"
            f" {self.series.metric} is on when it gets better."
        )

    def _too_late(self, worst: Condition) -> tuple[Gap, str] | None:
        """Whether the alarm is raised by the least that it must detect."""
        judge: Callable[[Condition], tuple[Gap, str] | None] = self._of_level
        if self.series.events or self.series.sparse:
            judge = self._of_failures
        elif not self.series.rises:
            judge = self._of_what_is_left
        return judge(worst)

    def _of_failures(self, worst: Condition) -> tuple[Gap, str] | None:
        name, most = self.alarm.name, self.limits.max_failures
        if not self.rings(replace(worst, share=HALF)):
            text = f"The alarm {name} is not raised when half of the requests fail."
            return Gap.TOO_HIGH, text
        one, two = (self.level(replace(worst, requests=n)) for n in (1000.0, 2000.0))
        counts = one is not None and two is not None and one != 0 and two >= 1.9 * one
        if counts and not self.rings(replace(worst, requests=float(most + 1))):
            return Gap.TOO_HIGH, (
                f"The alarm {name} is not raised by {plural(most + 1, 'failure')} in a period; at"
                f" most {most:,} may pass without it."
            )
        return None

    def _of_what_is_left(self, worst: Condition) -> tuple[Gap, str] | None:
        floor = self.series.floor
        if not floor or self.rings(replace(worst, bad=floor * 0.999)):
            return None
        return Gap.TOO_LOW, (
            f"The alarm {self.alarm.name} is not raised when {self.series.metric} is below"
            f" {floor:,.0f} {self.series.unit}, which is needed to leave time to act."
        )

    def _of_level(self, worst: Condition) -> tuple[Gap, str] | None:
        series, name = self.series, self.alarm.name
        if not math.isfinite(series.ceiling):
            return None
        late = replace(worst, bad=series.ceiling * (1.0 if series.each_counts else 1.001))
        if not self.rings(late):
            unit = "" if series.unit in {"Count", "None"} else f" {series.unit}"
            return Gap.TOO_HIGH, (
                f"The alarm {name} is not raised when {series.metric} is above"
                f" {series.ceiling:g}{unit}, the highest threshold allowed."
            )
        if series.percentile and not self.rings(
            replace(late, share=1.01 - series.percentile / 100)
        ):
            slow = 100 - series.percentile
            gap = Gap.WRONG_STATISTIC if self.limits.strict else Gap.NOT_PERCENTILE
            return gap, f"The alarm {name} is not raised when {slow:g} % of requests are slow."
        return None


def _worst(series: RequiredSeries) -> Condition:
    if series.events or series.sparse:
        return Condition(1.0)
    if not series.rises:
        return Condition(1.0, bad=0.0, good=1e15)
    bad = series.most if math.isfinite(series.most) else 1e12
    good = series.ceiling / 1000 if series.percentile and math.isfinite(series.ceiling) else 0.0
    return Condition(1.0, bad=bad, good=good)
