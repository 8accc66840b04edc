"""Whether an anomaly of a workload would be found, and somebody told of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from readiness.evidence.workloads.anomaly_detection import Looking, Metric
from readiness.model.verdict import Verdict, cannot_tell, complies, violates
from readiness.semantics.alarms import Alarm, Silence, Watched

_TELLING = re.compile(r"latenc|duration|responsetime|error|fault|5xx|fail", re.IGNORECASE)
_LEARNS = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Workload:
    """What a workload is known by: in traces, in the dimensions of its metrics, in its logs.

    ``series`` are the dimensions its metrics may have; ``traced`` whether it sends traces.
    """

    names: tuple[str, ...]
    series: tuple[frozenset[tuple[str, str]], ...]
    log_groups: tuple[str, ...] = ()
    traced: bool = True


class Means(StrEnum):
    """How far a means of finding anomalies gets."""

    TELLS = "tells"
    LEARNING = "is learning"
    UNSURE = "may tell"
    SILENT = "tells nobody"


@dataclass(frozen=True, slots=True)
class Answer:
    """One means of finding anomalies of a workload, in a sentence."""

    means: Means
    text: str


def answers(looking: Looking, workload: Workload, now: datetime) -> list[Answer]:
    """Every means that concerns the workload."""
    return [
        *_by_insights(looking, workload),
        *_by_bands(looking, workload, now),
        *_by_logs(looking, workload, now),
    ]


def _by_insights(looking: Looking, workload: Workload) -> Iterator[Answer]:
    for each in looking.insights:
        covers = filter_names(each.filter, workload.names) if workload.traced else False
        if not each.enabled or covers is False:
            continue
        name = f"X-Ray Insights of the group {each.group}"
        if not each.notifies:
            yield Answer(Means.SILENT, f"{name} send no notifications.")
        elif not looking.listeners:
            why = "no enabled EventBridge rule passes on what they send"
            yield Answer(Means.SILENT, f"{name} notify, but {why}.")
        elif covers is None:
            yield Answer(
                Means.UNSURE, f"Whether {name} look at it cannot be told from {each.filter!r}."
            )
        else:
            yield Answer(Means.TELLS, f"{name} are told to {looking.listeners[0]}.")


def _by_bands(looking: Looking, workload: Workload, now: datetime) -> Iterator[Answer]:
    for alarm in looking.inventory.alarms:
        if alarm.band and any(_concerns(each, workload) for each in alarm.watches):
            yield _voiced(looking, alarm, now) or _trained(looking, alarm, now)


def _voiced(looking: Looking, alarm: Alarm, now: datetime) -> Answer | None:
    voice = looking.inventory.voice(alarm, now)
    if voice.silence is None:
        return None
    means = Means.UNSURE if voice.silence is Silence.UNREADABLE_RULE else Means.SILENT
    return Answer(means, f"{alarm.name} has a band, but nobody hears it: {voice.why}")


def _trained(looking: Looking, alarm: Alarm, now: datetime) -> Answer:
    """Whether the model behind an alarm's band has learnt what is normal."""
    watched = {_metric(each) for each in alarm.watches}
    states = {each.state for each in looking.detectors if each.metrics & watched}
    if "TRAINED" in states:
        return Answer(Means.TELLS, f"{alarm.name} has a trained band and is heard.")
    said = ", ".join(sorted(states)) or "no detector is listed"
    old = alarm.since is not None and now - alarm.since > _LEARNS
    if old and alarm.state == "INSUFFICIENT_DATA":
        why = f"it has had no data since {alarm.since:%Y-%m-%d} ({said})"
        return Answer(Means.SILENT, f"{alarm.name} has a band, but {why}.")
    return Answer(Means.LEARNING, f"The band of {alarm.name} is not trained yet ({said}).")


def _by_logs(looking: Looking, workload: Workload, now: datetime) -> Iterator[Answer]:
    for each in looking.log_detectors:
        if not each.log_groups & set(workload.log_groups):
            continue
        name = f"The log anomaly detector {each.name}"
        alarms = [a for a in looking.inventory.alarms if _counts(a, each.name)]
        heard = [a for a in alarms if looking.inventory.voice(a, now).silence is None]
        if each.status in {"INITIALIZING", "TRAINING"}:
            yield Answer(Means.LEARNING, f"{name} is still learning ({each.status}).")
        elif each.status != "ANALYZING":
            yield Answer(Means.SILENT, f"{name} is {each.status or 'in no known state'}.")
        elif heard:
            yield Answer(Means.TELLS, f"{name} works and {heard[0].name} tells.")
        else:
            yield Answer(Means.SILENT, f"{name} works, and no alarm tells of what it finds.")


def _metric(watched: Watched) -> Metric:
    return (watched.namespace, watched.metric, watched.dimensions, watched.statistic)


def _concerns(watched: Watched, workload: Workload) -> bool:
    """Whether a series tells of the workload's errors or latency."""
    if not _TELLING.search(watched.metric):
        return False
    return any(own <= watched.dimensions for own in workload.series)


def _counts(alarm: Alarm, detector: str) -> bool:
    return any(
        watched.namespace == "AWS/Logs"
        and watched.metric == "AnomalyCount"
        and ("LogAnomalyDetector", detector) in watched.dimensions
        for watched in alarm.watches
    )


def best(answers: Iterable[Answer]) -> Answer | None:
    """The means that gets furthest."""
    return min(answers, key=lambda answer: list(Means).index(answer.means), default=None)


_SERVICE = re.compile(
    r'service\(\s*(?:id\(\s*name:\s*)?"([^"]*)"[^()]*\)(?:\s*\))?', re.IGNORECASE
)
_JOINS = re.compile(r"\b(AND|OR)\b|[()\s]", re.IGNORECASE)


def filter_names(expression: str, names: Iterable[str]) -> bool | None:
    """Whether a filter takes the traces of one of these services; None if that is not plain."""
    if not expression.strip():
        return True
    wanted = set(names)
    told = set(_SERVICE.findall(expression))
    rest = _SERVICE.sub("", expression)
    if not told or _JOINS.sub("", rest):
        return None
    if not told & wanted:
        return False
    return None if re.search(r"\bAND\b", rest, re.IGNORECASE) else True


def judge(looking: Looking, workload: Workload, now: datetime) -> Verdict:
    answer = best(answers(looking, workload, now))
    expected = (
        "X-Ray Insights with notifications and an EventBridge rule, an anomaly detection alarm on"
        " errors or latency, or a log anomaly detector with an alarm; somebody notified."
    )
    if answer is None:
        return violates("Nothing looks for anomalies in it.", expected=expected)
    match answer.means:
        case Means.TELLS:
            return complies(answer.text)
        case Means.SILENT:
            return violates(f"Nobody is told: {answer.text}", expected=expected)
        case _:
            return cannot_tell(answer.text)
