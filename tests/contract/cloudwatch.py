"""As much of CloudWatch as is needed to say when an alarm rings: a model of its documentation.

Sources: "Alarm evaluation", "Configuring how CloudWatch alarms treat missing data" and the metric
math reference of the CloudWatch user guide; the metric pages of SQS and Lambda.
"""

from __future__ import annotations

import re
from collections import defaultdict

INSUFFICIENT, OK, ALARM = "INSUFFICIENT_DATA", "OK", "ALARM"
LOOK_BACK = 3
"""CloudWatch looks at a few periods more than asked for where datapoints are missing.

How many it does not say; what an alarm does must not depend on it.
"""


class Metrics:
    """Datapoints by metric: a value at a minute, which is known ``lag`` minutes later."""

    def __init__(self, lag=0):
        self.points = defaultdict(list)
        self.lag = lag
        self.known_until = float("inf")

    def put(self, namespace, name, dimensions, minute, value):
        self.points[namespace, name, frozenset(dimensions.items())].append((minute, value))

    def value(self, metric, statistic, start, end):
        end = min(end, self.known_until)
        found = [v for at, v in self.points.get(metric, ()) if start <= at < end]
        if not found:
            return None
        by = {"Sum": sum, "Maximum": max, "Minimum": min, "Average": lambda v: sum(v) / len(v)}
        return by[statistic](found)


def _metric(part):
    dimensions = {d["Name"]: str(d["Value"]) for d in part["Dimensions"]}
    return part["Namespace"], part["MetricName"], frozenset(dimensions.items())


def _datapoint(alarm, metrics, end):
    if "Metrics" not in alarm:
        period = alarm["Period"] // 60
        return metrics.value(_metric(alarm), alarm["Statistic"], end - period, end)
    values = {}
    for each in alarm["Metrics"]:
        if "MetricStat" in each:
            stat = each["MetricStat"]
            period = stat["Period"] // 60
            values[each["Id"]] = metrics.value(
                _metric(stat["Metric"]), stat["Stat"], end - period, end
            )
    [expression] = [each["Expression"] for each in alarm["Metrics"] if "Expression" in each]
    total = 0.0
    for term in expression.split(" + "):
        filled = re.fullmatch(r"FILL\((\w+), (\d+)\)", term)
        value = values[filled.group(1) if filled else term]
        if value is None and filled:
            value = float(filled.group(2))
        if value is None:
            return None
        total += value
    return total


def _period(alarm):
    if "Metrics" not in alarm:
        return alarm["Period"] // 60
    return next(m["MetricStat"]["Period"] for m in alarm["Metrics"] if "MetricStat" in m) // 60


def _next(alarm, metrics, now, state, look_back):
    period, periods = _period(alarm), alarm["EvaluationPeriods"]
    needed = alarm.get("DatapointsToAlarm", periods)
    end, metrics.known_until = now - now % period, now - metrics.lag
    window = [_datapoint(alarm, metrics, end - n * period) for n in range(periods + look_back)]
    treatment = alarm["TreatMissingData"]
    real = [value for value in window if value is not None]
    if not real:
        kept = {"missing": INSUFFICIENT, "ignore": state, "breaching": ALARM, "notBreaching": OK}
        return kept[treatment]
    judged = real[:periods] if len(real) >= periods else window[:periods]
    above = alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert above or alarm["ComparisonOperator"] == "LessThanThreshold"
    threshold = alarm["Threshold"]
    breaches = [
        None if value is None else value > threshold if above else value < threshold
        for value in judged
    ]
    missing = breaches.count(None)
    if breaches.count(True) + missing * (treatment == "breaching") >= needed:
        return ALARM
    if treatment in {"ignore", "missing"} and missing and True in breaches:
        # "Avoiding premature transitions to alarm state"
        oldest = max(n for n, breach in enumerate(breaches) if breach)
        lasts = oldest + 1 >= needed and False not in breaches[:oldest]
        return ALARM if lasts else state
    return OK


def history(alarm, metrics, minutes, look_back=LOOK_BACK):
    """The changes of state as (minute, state), evaluated each minute from the creation on."""
    state, changes = INSUFFICIENT, []
    for now in range(1, minutes + 1):
        became = _next(alarm, metrics, now, state, look_back)
        if became != state:
            changes.append((now, became))
            state = became
    return changes


def rings(alarm, metrics, minutes, look_back=LOOK_BACK):
    """The minutes at which somebody is told that something is wrong."""
    told = {ALARM: "AlarmActions", INSUFFICIENT: "InsufficientDataActions"}
    became = history(alarm, metrics, minutes, look_back)
    return [at for at, state in became if alarm.get(told.get(state))]
