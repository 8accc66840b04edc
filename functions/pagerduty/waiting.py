"""When a message waits: the finding has to last, it is quiet, or the finding flaps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from functions.pagerduty.queue import Later, Queue
from functions.pagerduty.telemetry import log, metrics
from readiness.alerting.held import Held
from readiness.alerting.quiet import Quiet
from readiness.alerting.severity import severity_of
from readiness.engine.rows import Entry
from readiness.engine.store import Store
from readiness.model.finding import Finding, iso
from readiness.model.transition import Kind
from readiness.model.verdict import Severity

FLAPS = 5
FLAPPING_WITHIN = timedelta(hours=1)
FLAPPING = "it opens and ends again and again"
QUIET_FOR = timedelta(minutes=10)
"""A finding that opened more than ``FLAPS`` times within the hour is resolved after this time."""


class Waiting:
    """What lets a page or a resolve wait.

    ``confirm`` is how many seconds a finding below CRITICAL has to last before it pages; ``now``
    tells the time, in UTC.
    """

    def __init__(
        self,
        store: Store,
        queue: Queue,
        held: Held,
        quiet: Quiet,
        *,
        confirm: float,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._queue = queue
        self._held = held
        self._quiet = quiet
        self._confirm = confirm
        self._now = now

    def wait_to_last(self, record: SQSRecord, finding: Finding) -> None:
        """Let a page below CRITICAL wait until the finding has lasted. Raises Later.

        By the clock of SQS. What is over when the message comes again pages nobody, and what was
        over meanwhile and opened anew has to last from then on: a host's clock tells when that
        was, unless it is ahead. One that flaps never lasts, and pages all the same.
        """
        if not self._confirm or severity_of(finding) is Severity.CRITICAL:
            return
        now = self._now()
        sent = int(record.attributes.get("SentTimestamp", 0) or 0) / 1000
        left = sent + self._confirm - now.timestamp()
        opened = finding.opened_at
        if left <= 0 and opened is not None and opened <= now:
            anew = opened.timestamp() + self._confirm - now.timestamp()
            if anew > 0 and not self._flaps(finding):
                left = anew
        if left > 0:
            self._queue.postpone(record, math.ceil(left))
            raise Later("the finding has to last before it pages")

    def is_held(self, finding: Finding) -> bool:
        """Whether it is quiet for this finding: then a row keeps the page until that ends.

        Where change windows cannot be read, it pages.
        """
        try:
            because = self._quiet.why(finding, severity_of(finding))
        except (ClientError, BotoCoreError) as error:
            metrics.add_metric("QuietUnreadable", MetricUnit.Count, 1)
            log.error("change windows cannot be read", extra={"error": str(error)})
            return False
        if not because:
            return False
        until = self._quiet.until(because)
        self._held.hold(finding.resource, finding.rule, because, until)
        metrics.add_metric("PagesHeld", MetricUnit.Count, 1)
        log.info("held", extra={"finding_id": finding.id, "because": because})
        return True

    def has_to_settle(self, finding: Finding) -> bool:
        """Whether the incident of a flapping finding stays open until it has been quiet.

        A row keeps its end until then. When it opens again meanwhile, that is the same incident,
        and pages nobody anew.
        """
        now = self._now()
        history = self._store.history(finding.id)
        if not history or history[-1].at <= iso(now - QUIET_FOR):
            return False
        if openings(history, now) <= FLAPS:
            return False
        self._held.hold(finding.resource, finding.rule, FLAPPING, now + QUIET_FOR)
        log.info("held", extra={"finding_id": finding.id, "because": FLAPPING})
        return True

    def _flaps(self, finding: Finding) -> bool:
        return openings(self._store.history(finding.id), self._now()) > FLAPS


def openings(history: Iterable[Entry], now: datetime) -> int:
    """How often a finding opened within the hour before ``now``."""
    since = iso(now - FLAPPING_WITHIN)
    return sum(row.kind in {Kind.OPENED, Kind.REOPENED} and row.at > since for row in history)
