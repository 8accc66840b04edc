"""The digest: what opened, closed, is oldest and expires, sent once a day or week."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from functions.alerts.telemetry import log, metrics
from functions.alerts.topics import Topics
from readiness.alerting.digest import PERIODS, Log, chat_digest, digest_message
from readiness.alerting.routing import Routing
from readiness.engine.rows import Entry
from readiness.model.finding import Finding

DIGEST_ONCE = timedelta(hours=12)
"""A digest that is asked for again so soon was sent already: the invocation is another try."""
MOST_DIGESTED = timedelta(days=14)
_TOLD = {Routing.ALERT, Routing.WAIVED, Routing.OWN}


class Digests:
    """``period`` is one of PERIODS, or ``off``; ``where`` is ``<account>/<region>``."""

    def __init__(self, log: Log, topics: Topics, *, where: str, period: str, stack: str) -> None:
        self.log = log
        self._topics = topics
        self._where = where
        self._period = period
        self._stack = stack

    def note(self, entry: Entry, finding: Finding | None, routing: Routing) -> None:
        """Note a change for the digest; a line less there must not keep a page back."""
        if self._period not in PERIODS or routing not in _TOLD:
            return
        try:
            self.log.note(entry, finding, datetime.now(UTC))
        except (ClientError, BotoCoreError, ValueError) as error:
            metrics.add_metric("DigestNotesLost", MetricUnit.Count, 1)
            log.error("not noted for the digest", extra={"error": str(error)})

    def send(self) -> dict[str, Any]:
        """Send what opened, closed, is oldest and expires; once, also when invoked again."""
        if self._period not in PERIODS:
            return {"sent": False}
        now = datetime.now(UTC)
        last = self.log.last_sent(now)
        if last is not None and now - last < DIGEST_ONCE:
            return {"sent": False}
        since = max(last or now - PERIODS[self._period], now - MOST_DIGESTED)
        account, _, region = self._where.partition("/")
        summary = self.log.summary(account, since, now)
        self._topics.send(digest_message(summary, account, region, self._stack, self._period))
        self.log.note_sent(now)
        self._topics.tell_chat(lambda: chat_digest(summary, account, region, self._stack))
        metrics.add_metric("DigestsSent", MetricUnit.Count, 1)
        return {"sent": True, "open": sum(summary.open.values())}
