"""What is sent to PagerDuty, and what its answer means for the message."""

from __future__ import annotations

from typing import Any, NoReturn

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from functions.pagerduty.messages import tries
from functions.pagerduty.queue import Later, Queue
from functions.pagerduty.telemetry import log, metrics
from readiness.alerting.pagerduty import EventsApi, Reply
from readiness.alerting.routes import DEFAULT
from readiness.alerting.routing_key import NoRoutingKey, RoutingKey, UnknownRoute

MOST_RETRY_AFTER = 3600
LAST_TRY = 290
"""Of the receives after which SQS itself would set a message aside, without the answer."""


class RouteGone(Exception):
    """The key of a service that is not the default one is gone, or PagerDuty does not know it."""


class Sender:
    """Sends events with the key of a service, and backs off where PagerDuty takes none."""

    def __init__(self, key: RoutingKey, api: EventsApi, queue: Queue) -> None:
        self.key = key
        self.api = api
        self._queue = queue

    def tell(self, record: SQSRecord, id: str, said: dict[str, Any], route: str) -> bool:
        """Whether PagerDuty took the event. Raises Later where it may take it another time."""
        reply = self._send(record, said, route)
        about = {
            "finding_id": id,
            "action": said["event_action"],
            "dedup_key": said["dedup_key"],
        }
        if reply.accepted:
            metrics.add_metric("PagesSent", MetricUnit.Count, 1)
            log.info("paged", extra=about)
            return True
        if reply.may_be_cured and tries(record) < LAST_TRY:
            self._back_off(record, reply)
        metrics.add_metric("PagesRefused", MetricUnit.Count, 1)
        log.error("PagerDuty refuses the event", extra={**about, "answer": str(reply)})
        self._queue.set_aside(record, f"PagerDuty answered {reply}")
        return False

    def _send(self, record: SQSRecord, said: dict[str, Any], route: str) -> Reply:
        """Send it; with the key read again where PagerDuty does not know the one we have.

        Raises RouteGone for a page that another service's key can bring, and Later where nothing
        but the right key helps: only that service has the incident that is to be resolved.
        """
        try:
            key = self.key.get(route)
            reply = self.api.send(said | {"routing_key": key})
            if reply.refuses_key and (renewed := self.key.get(route, fresh=True)) != key:
                reply = self.api.send(said | {"routing_key": renewed})
        except UnknownRoute as missing:
            because = str(missing)
        except NoRoutingKey as missing:
            raise self._without_key(record, str(missing), "") from None
        else:
            if not reply.refuses_key:
                return reply
            because = f"PagerDuty does not know the key {route or DEFAULT!r} in the secret"
        if route and said["event_action"] == "trigger":
            raise RouteGone(because)
        raise self._without_key(record, because, route)

    def _without_key(self, record: SQSRecord, reason: str, route: str) -> Later:
        """It cannot be sent, and nothing is dropped; other services have keys of their own."""
        metrics.add_metric("NoRoutingKey", MetricUnit.Count, 1)
        log.error("no usable routing key", extra={"reason": reason})
        if route:
            self._queue.postpone(record, self._queue.patience(record))
        else:
            self._queue.pause(record, self._queue.patience(record))
        return Later(reason)

    def _back_off(self, record: SQSRecord, reply: Reply) -> NoReturn:
        patience = max(self._queue.patience(record), min(reply.retry_after, MOST_RETRY_AFTER))
        metrics.add_metric("PagesPostponed", MetricUnit.Count, 1)
        log.warning(
            "PagerDuty did not take it", extra={"answer": str(reply), "again_in": patience}
        )
        if reply.is_too_many or reply.is_silent:
            self._queue.pause(record, patience)
        else:
            self._queue.postpone(record, patience)
        raise Later(str(reply))
