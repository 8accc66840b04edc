"""The queue: a message returns to it for another try, or moves to the undelivered pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from functions.pagerduty.messages import (
    ANSWER,
    GIVEN_UP_AT,
    attributes_of,
    body_of,
    finding_in,
    tries,
)
from functions.pagerduty.telemetry import log, metrics
from readiness.alerting.held import HELD_PAGE, Held
from readiness.engine.aws_errors import code_of
from readiness.model.finding import iso
from readiness.model.text import clean, error_text

LONGEST_PAUSE = 900
SHORTEST_PAUSE = 5


class Later(Exception):
    """The message goes back to the queue."""


class Queue:
    """Where messages come from; ``paused_for`` is how long what else is in a batch has to wait."""

    def __init__(
        self,
        sqs: Any,
        environment: Mapping[str, str],
        held: Held,
        uniform: Callable[[float, float], float],
    ) -> None:
        self._sqs = sqs
        self._queue = environment["PAGES_QUEUE_URL"]
        self._aside = environment["UNDELIVERED_QUEUE_URL"]
        self._held = held
        self._uniform = uniform
        self.paused_for: float | None = None

    def pause(self, record: SQSRecord, seconds: float) -> None:
        """Return this message and, untouched, what else is in the batch."""
        self.paused_for = seconds
        self.postpone(record, seconds)

    def patience(self, record: SQSRecord) -> float:
        """Twice as long after each try, with jitter so that not all come back at once."""
        longest = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** min(tries(record), 10))
        return self._uniform(longest / 2, longest)

    def postpone(self, record: SQSRecord, seconds: float) -> None:
        try:
            self._sqs.change_message_visibility(
                QueueUrl=self._queue,
                ReceiptHandle=record.receipt_handle,
                VisibilityTimeout=int(seconds),
            )
        except (ClientError, BotoCoreError) as error:
            # The message comes back all the same, when the queue's own timeout is over.
            log.warning("could not set when to try again", extra={"error": str(error)})

    def unreachable(self, record: SQSRecord, error: Exception) -> Later:
        """Our own tables or queues fail, or answer what cannot be read."""
        patience = self.patience(record)
        metrics.add_metric("PagesPostponed", MetricUnit.Count, 1)
        log.warning("not paged yet", extra={"error": str(error), "again_in": patience})
        self.postpone(record, patience)
        return Later(str(error))

    def malformed(self, record: SQSRecord, error: Exception) -> None:
        reason = error_text(error)
        metrics.add_metric("MalformedMessages", MetricUnit.Count, 1)
        log.error("malformed message", extra={"reason": reason, "message_id": record.message_id})
        self.set_aside(record, reason)

    def set_aside(self, record: SQSRecord, reason: str) -> None:
        """Put it, untouched, among the undelivered pages, with the reason as an attribute.

        Raises Later where that fails too.
        """
        kept = attributes_of(record)
        said = {ANSWER: clean(reason, 1000) or "?", GIVEN_UP_AT: iso(datetime.now(UTC))}
        kept |= {k: {"DataType": "String", "StringValue": v} for k, v in said.items()}
        try:
            self._send_aside(record, kept)
            self._release_if_held(record)
        except (ClientError, BotoCoreError) as error:
            raise self.unreachable(record, error) from error

    def _send_aside(self, record: SQSRecord, attributes: dict[str, Any]) -> None:
        """Send it with the attributes; without them where they make it too large for SQS."""
        try:
            self._sqs.send_message(
                QueueUrl=self._aside, MessageBody=record.body, MessageAttributes=attributes
            )
        except ClientError as error:
            if code_of(error) != "InvalidParameterValue":
                raise
            self._sqs.send_message(QueueUrl=self._aside, MessageBody=record.body)

    def _release_if_held(self, record: SQSRecord) -> None:
        """The dead letter keeps the page; held as well, it would become one every few minutes."""
        try:
            body = body_of(record.body)
            about = finding_in(body)
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        if body.get("kind") == HELD_PAGE:
            self._held.release(*about)
