"""CloudWatch alarms as DescribeAlarms returns them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from readiness.semantics import alarm_rule, metric_sql
from readiness.semantics.alarms import Alarm, Kind, Part, Watched

_WORD = re.compile(r"[A-Za-z_]\w*")


def metric_alarm(answer: Mapping[str, Any]) -> Alarm:
    """From a ``MetricAlarm`` of DescribeAlarms."""
    queries = answer.get("Metrics") or ()
    criteria = (answer.get("EvaluationCriteria") or {}).get("PromQLCriteria") or {}
    if criteria:
        parts = _Parts(unread=(str(criteria.get("Query", "")),), is_direct=False)
    elif queries:
        _, _, _, _, account, *_ = f"{answer.get('AlarmArn', '')}:::::".split(":")
        parts = _parts(queries, answer.get("ThresholdMetricId", ""), account)
    else:
        statistic = answer.get("Statistic") or answer.get("ExtendedStatistic") or ""
        watched = _watched(answer, answer, statistic)
        parts = _Parts((watched,), parts=(Part("m", watched),), compared="m")
    evaluations = answer.get("EvaluationPeriods") or 1
    datapoints = answer.get("DatapointsToAlarm") or evaluations
    periods = [part.period for part in parts.watches if part.period]
    period = answer.get("Period") or parts.period or max(periods, default=0)
    seconds = period * datapoints or (criteria.get("PendingPeriod") or 0)
    return Alarm(
        **_common(answer),
        evaluation_state=answer.get("EvaluationState", ""),
        watches=parts.watches,
        is_direct=parts.is_direct,
        band=bool(answer.get("ThresholdMetricId")),
        selections=parts.selections,
        unread=parts.unread,
        expressions=parts.expressions,
        comparison=answer.get("ComparisonOperator", ""),
        threshold=answer.get("Threshold"),
        seconds=seconds,
        parts=parts.parts,
        compared=parts.compared,
        period=period,
        datapoints=datapoints,
        evaluations=max(evaluations, datapoints),
        missing_data=answer.get("TreatMissingData") or "missing",
        low_samples=answer.get("EvaluateLowSampleCountPercentile", ""),
        warm_up=_warm_up(answer),
    )


def composite_alarm(answer: Mapping[str, Any]) -> Alarm:
    """From a ``CompositeAlarm`` of DescribeAlarms."""
    return Alarm(
        **_common(answer),
        kind=Kind.COMPOSITE,
        is_direct=False,
        rule=answer.get("AlarmRule", ""),
        suppressor=alarm_rule.name_of(answer.get("ActionsSuppressor", "")),
        suppressed_by=answer.get("ActionsSuppressedBy", ""),
    )


def log_alarm(answer: Mapping[str, Any]) -> Alarm:
    """From a ``LogAlarm`` of DescribeAlarms."""
    query = answer.get("ScheduledQueryConfiguration") or {}
    groups = query.get("LogGroupIdentifiers") or ()
    return Alarm(
        **_common(answer),
        kind=Kind.LOG,
        evaluation_state=answer.get("EvaluationState", ""),
        is_direct=False,
        unread=(str(query.get("QueryString", "")),),
        comparison=answer.get("ComparisonOperator", ""),
        threshold=answer.get("Threshold"),
        missing_data=answer.get("TreatMissingData") or "missing",
        log_groups=tuple(_log_group_name(group) for group in groups),
        warm_up=_warm_up(answer),
    )


def _common(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": answer["AlarmName"],
        "arn": answer.get("AlarmArn", ""),
        "actions_enabled": answer.get("ActionsEnabled", True),
        "actions": tuple(answer.get("AlarmActions") or ()),
        "state": answer.get("StateValue", ""),
        "since": answer.get("StateTransitionedTimestamp") or answer.get("StateUpdatedTimestamp"),
        "configured_at": answer.get("AlarmConfigurationUpdatedTimestamp"),
    }


def _warm_up(answer: Mapping[str, Any]) -> timedelta:
    """How long a metric or log alarm is not evaluated, whatever arrives; composite ones are."""
    about = answer.get("WarmUpConfiguration") or {}
    if not about.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds"):
        return timedelta()
    return timedelta(minutes=about.get("WarmUpPeriodDurationInMinutes") or 0)


def _log_group_name(identifier: str) -> str:
    if not identifier.startswith("arn:"):
        return identifier
    return identifier.partition(":log-group:")[2].removesuffix(":*")


@dataclass(frozen=True, slots=True)
class _Parts:
    watches: tuple[Watched, ...] = ()
    selections: tuple[metric_sql.Selection, ...] = ()
    unread: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    is_direct: bool = True
    period: int = 0
    parts: tuple[Part, ...] = ()
    compared: str = ""


def _watched(
    metric: Mapping[str, Any], stat: Mapping[str, Any], statistic: str, account: str = ""
) -> Watched:
    return Watched(
        metric.get("Namespace", ""),
        metric.get("MetricName", ""),
        statistic,
        frozenset((each["Name"], each["Value"]) for each in metric.get("Dimensions") or ()),
        stat.get("Period") or 0,
        stat.get("Unit", ""),
        account,
    )


def _parts(queries: Iterable[Mapping[str, Any]], band: str, own: str) -> _Parts:
    """What the compared series is computed from: the returned query and all it refers to.

    A query may name the alarm's ``own`` account, which it is about without that as well.
    An anomaly detection alarm returns both the metric and its band. A query that the compared
    series does not refer to is only drawn in the graph.
    """
    by_id = {query["Id"]: query for query in queries}
    returned = [id for id, query in by_id.items() if query.get("ReturnData", True) and id != band]
    reached: dict[str, None] = {}
    waiting = list(returned)
    while waiting:
        id = waiting.pop()
        if id in reached:
            continue
        reached[id] = None
        expression = by_id[id].get("Expression", "")
        if metric_sql.is_query(expression):
            continue
        waiting += [word for word in _WORD.findall(expression) if word in by_id]
        if "METRICS(" in expression.upper():
            waiting += by_id
    watches, selections, parts = [], [], []
    unread: list[str] = []
    expressions: list[str] = []
    for id in reached:
        query = by_id[id]
        stat, expression = query.get("MetricStat"), query.get("Expression", "")
        if stat:
            account = query.get("AccountId", "")
            account = "" if account == own else account
            metric, statistic = stat.get("Metric") or {}, stat.get("Stat", "")
            watches.append(_watched(metric, stat, statistic, account))
            parts.append(Part(id, watches[-1]))
        elif metric_sql.is_query(expression):
            every = metric_sql.parse(expression)
            selection = every.of_account(own) if every is not None and own else every
            parts.append(Part(id, selection=selection, expression=expression))
            if every is None:
                unread.append(expression)
            elif selection is not None:
                selections.append(selection)
        else:
            parts.append(Part(id, expression=expression))
            (unread if "SEARCH(" in expression.upper() else expressions).append(expression)
    direct = len(returned) == 1 and "MetricStat" in by_id[returned[0]]
    periods = [by_id[id].get("Period") or 0 for id in returned]
    return _Parts(
        tuple(watches),
        tuple(selections),
        tuple(unread),
        tuple(expressions),
        direct,
        max(periods, default=0),
        tuple(parts),
        returned[0] if returned else "",
    )
