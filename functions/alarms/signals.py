"""Alarms on what CloudWatch Application Signals measures of a service, and on its objectives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from readiness.semantics.alarms import Alarm, Watched, objective_of

from .gaps import Gap, RequiredSeries

NAMESPACE = "ApplicationSignals"
_PLATFORMS = ("api-gateway", "ec2", "ecs", "eks", "generic", "k8s", "lambda")
"""What an environment begins with (``lambda:default``) that nobody named."""
_FALLS = "AttainmentRate"
"""The one metric of an objective whose low values are bad."""


@dataclass(frozen=True, slots=True)
class Signal:
    """Something of a service that Application Signals measures too.

    ``metric`` is Fault or Latency, ``platform`` how the environment of such a service begins,
    ``operation`` the one operation that a service of that platform has, if there is just one.
    """

    service: str
    platform: str
    metric: str
    operation: str = ""

    def is_of(self, watched: Watched) -> bool:
        """Whether a series is about all requests of the service."""
        about = dict(watched.dimensions)
        if (watched.namespace, watched.metric) != (NAMESPACE, self.metric) or watched.account:
            return False
        platform = about.pop("Environment", "").partition(":")[0]
        is_there = platform == self.platform or platform not in _PLATFORMS
        operation = about.pop("Operation", self.operation)
        is_whole = operation == self.operation and about == {"Service": self.service}
        return is_there and is_whole

    def series(self, watched: Watched, like: RequiredSeries) -> RequiredSeries:
        """What an alarm on it must be like; ``like`` is the service's own metric."""
        scale = 1000 if like.unit == "Seconds" else 1
        is_latency = self.metric == "Latency"
        return replace(
            like,
            namespace=watched.namespace,
            metric=watched.metric,
            dimensions=dict(watched.dimensions),
            unit="Milliseconds" if is_latency else watched.unit or "Count",
            split=("", ()),
            sparse=False,
            events=not is_latency,
            most=like.most * scale if is_latency else math.inf,
            ceiling=like.ceiling * scale,
        )


def of_function(name: str, metric: str) -> Signal:
    """A Lambda function, whose invocations are one operation."""
    return Signal(name, "lambda", metric, f"{name}/FunctionHandler")


def measures(alarm: Alarm, objectives: Mapping[str, tuple[Watched, ...]]) -> Iterator[Watched]:
    """The series that the objectives are computed from that an alarm is on."""
    for each in alarm.watches:
        yield from objectives.get(objective_of(each), ())


def misread(alarm: Alarm) -> tuple[Gap, str] | None:
    """Whether an alarm on an objective is raised when that is met, not when it is missed."""
    for each in alarm.watches if alarm.is_direct else ():
        if alarm.goes_up is not None and alarm.goes_up is (each.metric == _FALLS):
            side = "above" if alarm.goes_up else "below"
            return Gap.WRONG_DIRECTION, (
                f"The alarm {alarm.name} is raised when {each.metric} is {side} its threshold,"
                " which is when the objective is met."
            )
    return None
