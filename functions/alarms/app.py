"""Alarms: someone is notified in time of errors, latency, exhausted resources and costs."""

from readiness.engine.handler import handler_of

from . import (  # noqa: F401 - to import them registers their rules
    rules_of_errors_and_latency,
    rules_of_notifications,
    rules_of_utilization,
)
from .heading import watching

handler = handler_of(watching)
