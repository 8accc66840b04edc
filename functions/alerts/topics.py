"""The topics that are published to: of alerts, and for chat rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from functions.alerts.telemetry import log, metrics
from readiness.model.text import error_text


class Topics:
    """``sns`` is a client; ``chat`` may be empty."""

    def __init__(self, sns: Any, alerts: str, chat: str) -> None:
        self.sns = sns
        self._alerts = alerts
        self._chat = chat

    def send(self, message: Mapping[str, Any]) -> None:
        """Publish to the topic of alerts."""
        self.sns.publish(TopicArn=self._alerts, **message)

    def tell_chat(self, made: Callable[[], Mapping[str, Any]]) -> None:
        """For chat rooms; what fails there must not send everybody else the same again."""
        if not self._chat:
            return
        try:
            self.sns.publish(TopicArn=self._chat, **made())
        except Exception as error:
            metrics.add_metric("ChatFailures", MetricUnit.Count, 1)
            said = error_text(error)
            log.error("the chat topic was not told", extra={"error": said})
