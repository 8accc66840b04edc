"""Sends changes to Security Hub: what fails is sent later, and delays no alert."""

from __future__ import annotations

from collections.abc import Callable

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from functions.alerts.telemetry import log, metrics
from readiness.alerting.security_hub import Outcome, SecurityHub
from readiness.engine.rows import Entry
from readiness.model.text import error_text


class Imports:
    """What is noted for Security Hub, and sent to it."""

    def __init__(self, hub: SecurityHub) -> None:
        self._hub = hub

    def note(self, entry: Entry) -> None:
        """After the alert and before it is settled; what fails there must not repeat the alert."""
        try:
            self._hub.note(entry)
        except (ClientError, BotoCoreError) as error:
            metrics.add_metric("SecurityHubNotesLost", MetricUnit.Count, 1)
            log.error(
                "a change for Security Hub was not noted",
                extra={"finding_id": entry.finding_id, "error": str(error)},
            )

    def send(self, how: Callable[[SecurityHub], Outcome]) -> None:
        """Tell Security Hub; whatever fails there waits, and no alert waits for it."""
        try:
            outcome = how(self._hub)
        except Exception as error:
            # Also a fault of our own must not have Lambda try a whole batch again.
            metrics.add_metric("SecurityHubFailures", MetricUnit.Count, 1)
            log.error("Security Hub was not told", extra={"error": error_text(error)})
            return
        if outcome.sent:
            metrics.add_metric("SecurityHubFindings", MetricUnit.Count, outcome.sent)
        if outcome.not_enabled:
            metrics.add_metric("SecurityHubNotEnabled", MetricUnit.Count, 1)
            log.warning("Security Hub is not enabled here: findings wait until it is")
        for refused in outcome.refused:
            metrics.add_metric("SecurityHubRefused", MetricUnit.Count, 1)
            log.error(
                "Security Hub does not take a finding",
                extra={
                    "finding_id": refused.finding_id,
                    "code": refused.code,
                    "error": refused.message,
                },
            )
        if outcome.failed:
            metrics.add_metric("SecurityHubFailures", MetricUnit.Count, 1)
            log.warning(
                "findings for Security Hub wait for another try",
                extra={"findings": outcome.waiting, "errors": sorted(set(outcome.failed))[:5]},
            )
