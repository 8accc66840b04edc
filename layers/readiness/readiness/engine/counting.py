"""What the function of a heading counts, for people who look and for the watcher's alarms."""

from __future__ import annotations

from collections import Counter

from aws_lambda_powertools.metrics import Metrics, MetricUnit, single_metric

NAMESPACE = "Readiness"
ALL_HEADINGS = "headings"
"""The dimension ``service`` of what an alarm watches: one takes ten metrics at most."""


class Counts:
    """The metrics of one heading (dimension ``service``), sent at the end of an invocation.

    What is a fault is counted once more for all headings of the stack together.
    """

    def __init__(self, heading: str, stack: str) -> None:
        self.metrics = Metrics(namespace=NAMESPACE, service=heading)
        self._stack = stack
        self._faults: Counter[str] = Counter()

    def add(self, name: str, value: int = 1) -> None:
        self.metrics.add_metric(name, MetricUnit.Count, value)

    def fault(self, name: str, value: int = 1) -> None:
        """Count what an alarm of the stack rings for."""
        self.add(name, value)
        self._faults[name] += value

    def send(self) -> None:
        if self.metrics.provider.metric_set:
            self.metrics.flush_metrics()
        dimensions = {"service": ALL_HEADINGS, "stack": self._stack}
        for name, value in self._faults.items():
            with single_metric(
                name, MetricUnit.Count, value, namespace=NAMESPACE, default_dimensions=dimensions
            ):
                pass
        self._faults.clear()
