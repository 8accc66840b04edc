"""A row that this version cannot read costs itself and stays in the outbox."""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit

from functions.alerts.telemetry import log, metrics
from readiness.engine.store import Store


def pass_over(why: str) -> None:
    """Log and count one row; ``why`` names it and what is wrong with it."""
    metrics.add_metric("UnreadableRows", MetricUnit.Count, 1)
    log.error("a row cannot be read and is passed over", extra={"row": why})


def pass_over_all(store: Store) -> None:
    """Log and count the rows that ``store`` could not read, each once."""
    for why in store.unreadable.values():
        pass_over(why)
    store.unreadable.clear()
