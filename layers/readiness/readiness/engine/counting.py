"""What the functions of headings count, for people who look and for the watcher's alarms."""

from __future__ import annotations

from collections import Counter

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "Readiness"
ALL_HEADINGS = "headings"
"""The dimension ``service`` of what they count: one metric for all of them together."""


class Counts:
    """The metrics of one heading's invocation, sent at its end.

    CloudWatch bills each combination of dimensions as a metric of its own. So the heading is no
    dimension but a field of the line in the log, by which Logs Insights can divide the counts.
    """

    def __init__(self, heading: str, stack: str) -> None:
        self._metrics = EphemeralMetrics(namespace=NAMESPACE, service=ALL_HEADINGS)
        self._heading = heading
        self._stack = stack
        self._counted: Counter[str] = Counter()

    def add(self, name: str, value: int = 1) -> None:
        self._counted[name] += value

    def send(self) -> None:
        if not self._counted:
            return
        self._metrics.add_dimension(name="stack", value=self._stack)
        self._metrics.add_metadata(key="heading", value=self._heading)
        for name, value in self._counted.items():
            self._metrics.add_metric(name, MetricUnit.Count, value)
        self._metrics.flush_metrics()
        self._counted.clear()
