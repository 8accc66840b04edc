"""Whether anomalies of a workload are detected, and someone is notified of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from readiness.evidence.workloads.anomaly_detection import Looking, Metric
from readiness.model.verdict import Verdict, cannot_tell, complies, violates
from readiness.semantics.alarm_inventory import Silence
from readiness.semantics.alarms import Alarm, Watched
from readiness.semantics.ecs_clusters import is_elsewhere

_ERRORS_OR_LATENCY = re.compile(
    r"latenc|duration|responsetime|error|fault|5xx|fail", re.IGNORECASE
)
_LEARNS = timedelta(days=14)
_BAND = "The anomaly detection alarm"


@dataclass(frozen=True, slots=True)
class Workload:
    """How to recognise a workload in traces, in metrics and in logs.

    ``series`` are the dimensions its metrics may have; ``traced`` says whether it sends traces;
    ``cluster`` is the ECS cluster that its metrics name, if they name one.
    """

    names: tuple[str, ...]
    series: tuple[frozenset[tuple[str, str]], ...]
    log_groups: tuple[str, ...] = ()
    traced: bool = True
    cluster: str = ""


class Outcome(StrEnum):
    """What an anomaly detection leads to, best first."""

    NOTIFIES = "notifies"
    LEARNING = "is learning"
    UNKNOWN = "is not known to notify"
    SILENT = "notifies no one"


@dataclass(frozen=True, slots=True)
class Detection:
    """One anomaly detection that covers a workload, and a sentence about it."""

    outcome: Outcome
    text: str


def detections(looking: Looking, workload: Workload, now: datetime) -> list[Detection]:
    """Every anomaly detection that covers the workload."""
    return [
        *_by_insights(looking, workload),
        *_by_bands(looking, workload, now),
        *_by_logs(looking, workload, now),
    ]


def _by_insights(looking: Looking, workload: Workload) -> Iterator[Detection]:
    for each in looking.insights:
        covers = filter_names(each.filter, workload.names) if workload.traced else False
        if not each.enabled or covers is False:
            continue
        name = f"X-Ray Insights of the group {each.group}"
        if not each.notifies:
            yield Detection(Outcome.SILENT, f"{name} sends no notifications.")
        elif not looking.listeners:
            why = "no enabled EventBridge rule forwards them"
            yield Detection(Outcome.SILENT, f"{name} sends notifications, but {why}.")
        elif covers is None:
            yield Detection(
                Outcome.UNKNOWN,
                f"Whether {name} covers it is not clear from its filter {each.filter}.",
            )
        else:
            yield Detection(
                Outcome.NOTIFIES, f"{name} notifies the EventBridge rule {looking.listeners[0]}."
            )


def _by_bands(looking: Looking, workload: Workload, now: datetime) -> Iterator[Detection]:
    for alarm in looking.inventory.alarms:
        if alarm.band and any(_measures(each, workload) for each in alarm.watches):
            yield (
                _silenced(looking, alarm, now)
                or _useless(alarm, now)
                or _trained(looking, alarm, now)
            )


def _silenced(looking: Looking, alarm: Alarm, now: datetime) -> Detection | None:
    voice = looking.inventory.voice(alarm, now)
    if voice.silence is None:
        return None
    outcome = Outcome.UNKNOWN if voice.silence is Silence.UNREADABLE_RULE else Outcome.SILENT
    return Detection(outcome, f"{_BAND} {alarm.name} notifies no one: {voice.why}")


def _useless(alarm: Alarm, now: datetime) -> Detection | None:
    """Why an alarm that could notify someone never does."""
    if alarm.goes_up is False:
        why = "is raised only by values below its band, not by more errors or a higher latency"
    elif alarm.is_stuck(now):
        why = f"has been in ALARM since {alarm.since:%Y-%m-%d}, so that nothing new changes it"
    elif alarm.evaluation_state in {"EVALUATION_ERROR", "EVALUATION_FAILURE"}:
        why = f"cannot be evaluated ({alarm.evaluation_state})"
    else:
        return None
    return Detection(Outcome.SILENT, f"{_BAND} {alarm.name} {why}.")


def _trained(looking: Looking, alarm: Alarm, now: datetime) -> Detection:
    """Whether the model of an alarm's band is trained."""
    watched = {_metric(each) for each in alarm.watches}
    states = {each.state for each in looking.detectors if each.metrics & watched}
    if "TRAINED" in states:
        return Detection(Outcome.NOTIFIES, f"{_BAND} {alarm.name} is trained and notifies.")
    said = ", ".join(sorted(states)) or "no detector is listed"
    old = alarm.since is not None and now - alarm.since > _LEARNS
    if old and alarm.state == "INSUFFICIENT_DATA":
        why = f"has had no data since {alarm.since:%Y-%m-%d} ({said})"
        return Detection(Outcome.SILENT, f"{_BAND} {alarm.name} {why}.")
    return Detection(Outcome.LEARNING, f"{_BAND} {alarm.name} is not trained yet ({said}).")


def _by_logs(looking: Looking, workload: Workload, now: datetime) -> Iterator[Detection]:
    for each in looking.log_detectors:
        if not each.log_groups & set(workload.log_groups):
            continue
        name = f"The log anomaly detector {each.name}"
        alarms = [a for a in looking.inventory.alarms if _alarms_on(a, each.name)]
        notifying = [a for a in alarms if looking.inventory.voice(a, now).silence is None]
        if each.status in {"INITIALIZING", "TRAINING"}:
            yield Detection(Outcome.LEARNING, f"{name} is still learning ({each.status}).")
        elif each.status != "ANALYZING":
            yield Detection(Outcome.SILENT, f"{name} is {each.status or 'in no known state'}.")
        elif notifying:
            text = f"{name} has the alarm {notifying[0].name}, which notifies."
            yield Detection(Outcome.NOTIFIES, text)
        else:
            yield Detection(Outcome.SILENT, f"{name} has no alarm that notifies.")


def _metric(watched: Watched) -> Metric:
    return (watched.namespace, watched.metric, watched.dimensions, watched.statistic)


def _measures(watched: Watched, workload: Workload) -> bool:
    """Whether an alarm watches the workload's errors or latency, not a namesake's elsewhere."""
    if watched.account or not _ERRORS_OR_LATENCY.search(watched.metric):
        return False
    if is_elsewhere(watched.dimensions, workload.cluster):
        return False
    return any(own <= watched.dimensions for own in workload.series)


def _alarms_on(alarm: Alarm, detector: str) -> bool:
    return any(
        not watched.account
        and watched.namespace == "AWS/Logs"
        and watched.metric == "AnomalyCount"
        and ("LogAnomalyDetector", detector) in watched.dimensions
        for watched in alarm.watches
    )


def best(found: Iterable[Detection]) -> Detection | None:
    """The detection with the best outcome."""
    return min(found, key=lambda each: list(Outcome).index(each.outcome), default=None)


_SERVICE = re.compile(
    r'service\(\s*(?:id\(\s*name:\s*)?"([^"]*)"[^()]*\)(?:\s*\))?', re.IGNORECASE
)
_JOINS = re.compile(r"\b(AND|OR)\b|[()\s]", re.IGNORECASE)


def filter_names(expression: str, names: Iterable[str]) -> bool | None:
    """Whether a filter includes the traces of one of these services; None if that is unclear."""
    if not expression.strip():
        return True
    wanted = set(names)
    named = set(_SERVICE.findall(expression))
    rest = _SERVICE.sub("", expression)
    if not named or _JOINS.sub("", rest):
        return None
    if not named & wanted:
        return False
    return None if re.search(r"\bAND\b", rest, re.IGNORECASE) else True


def judge_anomaly_detection(looking: Looking, workload: Workload, now: datetime) -> Verdict:
    """The verdict on the best anomaly detection that covers the workload."""
    each = best(detections(looking, workload, now))
    expected = (
        "X-Ray Insights with notifications and an EventBridge rule, an anomaly detection alarm on"
        " errors or latency, or a log anomaly detector with an alarm, that notifies someone."
    )
    if each is None:
        return violates("No anomaly detection covers it.", expected=expected)
    match each.outcome:
        case Outcome.NOTIFIES:
            return complies(each.text)
        case Outcome.SILENT:
            return violates(each.text, expected=expected)
        case _:
            return cannot_tell(each.text)
