"""What the schedule does: publishes what the stream lost, and watches what happens by time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from functions.alerts.security_hub import Imports
from functions.alerts.telemetry import log, metrics
from functions.alerts.unreadable import pass_over, pass_over_all
from readiness.alerting.canary import Canary
from readiness.alerting.held import HELD_PAGE, Held
from readiness.engine.rows import Entry, UnreadableRow
from readiness.engine.store import Store
from readiness.engine.sweeps import Sweeps
from readiness.model.finding import MOST_SKEW, iso, parse_iso
from readiness.model.text import error_text

LOST_AFTER = timedelta(minutes=2)
SPARE_MILLISECONDS = 20_000
IMPORT_MILLISECONDS = 40_000
"""What has to be left for a call to Security Hub: it may take 24 seconds."""


class Unpublished(Exception):
    """Some transitions could not be published; they stay in the outbox and are tried again."""


class Schedule:
    """The duties of the schedule.

    ``canary`` is None where none is sent, ``hub`` where Security Hub is told nothing. ``pages`` is
    the URL of the forwarder's queue, or empty. ``publish`` settles a row, given by when at the
    latest it was written.
    """

    def __init__(
        self,
        store: Store,
        sweeps: Sweeps,
        held: Held,
        *,
        canary: Canary | None,
        hub: Imports | None,
        sqs: Any,
        pages: str,
        publish: Callable[[Entry, str], None],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._sweeps = sweeps
        self._held = held
        self._canary = canary
        self._hub = hub
        self._sqs = sqs
        self._pages = pages if sqs is not None else ""
        self._publish = publish
        self._now = now

    def run(self, context: Any) -> dict[str, int]:
        """Do every duty; one that fails stops none of the others. Counts what was ``published``.

        Raises Unpublished, and what the tables, the topic or the queue raise, at the end.
        """
        lost_before = self._now() - LOST_AFTER
        published: list[Entry] = []
        failed: list[Exception] = []

        def note_waiting() -> None:
            if context.get_remaining_time_in_millis() >= SPARE_MILLISECONDS:
                self._store.note_waiting(lost_before, self._now())

        duties = (
            self._count_hours,
            lambda: self._publish_again(context, lost_before, published),
            lambda: self._send_held(context),
            self._send_canary,
            note_waiting,
        )
        for duty in duties:
            try:
                duty()
            except (Unpublished, ClientError, BotoCoreError) as error:
                failed.append(error)
                log.error("not everything was done", extra={"error": str(error)})
        pass_over_all(self._store)
        # a count that is sent each 5 minutes is billed for the whole month
        if published:
            metrics.add_metric("AlertsRepublished", MetricUnit.Count, len(published))
        if self._hub is not None:
            self._hub.send(
                lambda hub: hub.send_waiting(
                    lambda: context.get_remaining_time_in_millis() >= IMPORT_MILLISECONDS
                )
            )
        if failed:
            raise failed[0]
        return {"published": len(published)}

    def _count_hours(self) -> None:
        hours = self._sweeps.hours_without(self._now())
        metrics.add_metric("HoursWithoutSweep", MetricUnit.Count, round(hours, 3))

    def _publish_again(self, context: Any, lost_before: datetime, published: list[Entry]) -> None:
        """Publish what has been waiting too long, oldest first. Raises Unpublished."""
        stuck: set[str] = set()
        for entry in self._store.unpublished(lost_before):
            if context.get_remaining_time_in_millis() < SPARE_MILLISECONDS:
                break
            if entry.finding_id in stuck:
                continue
            try:
                self._publish(entry, entry.waiting_since or _latest(entry))
                published.append(entry)
            except UnreadableRow as unreadable:
                pass_over(str(unreadable))
            except Exception as error:
                stuck.add(entry.finding_id)
                log.error(
                    "transition not published",
                    extra={
                        "finding_id": entry.finding_id,
                        "error": error_text(error),
                    },
                )
        if stuck:
            metrics.add_metric("PublishFailures", MetricUnit.Count, len(stuck))
            raise Unpublished(f"{len(stuck)} findings have transitions that cannot be published")

    def _send_canary(self) -> None:
        if self._canary is None:
            return
        now = self._now()
        self._canary.release(now)
        hours = self._canary.hours_without(now)
        metrics.add_metric("HoursWithoutCanary", MetricUnit.Count, round(hours, 3))

    def _send_held(self, context: Any) -> None:
        """Have the forwarder look again at pages that waited for the end of a quiet time."""
        if not self._pages:
            return
        sent = 0
        for page in self._held.due():
            if context.get_remaining_time_in_millis() < SPARE_MILLISECONDS:
                break
            if not page.is_readable:
                pass_over(f"held {page.finding_id}")
                continue
            body = {"kind": HELD_PAGE, "resource": page.resource, "rule": page.rule}
            self._sqs.send_message(QueueUrl=self._pages, MessageBody=json.dumps(body))
            self._held.note_sent(page)
            sent += 1
        if sent:
            metrics.add_metric("HeldPagesSent", MetricUnit.Count, sent)


def _latest(entry: Entry) -> str:
    """When the row was written at the latest, by the clock of whatever host wrote it."""
    try:
        return iso(parse_iso(entry.at) + MOST_SKEW)
    except ValueError:
        return ""
