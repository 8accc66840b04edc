"""What is sent to PagerDuty, and what its answer means for the message."""

from __future__ import annotations

from typing import Any, NoReturn

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from functions.pagerduty.messages import body_of, tries
from functions.pagerduty.queue import Later, Queue
from functions.pagerduty.telemetry import log, metrics
from readiness.alerting.held import HELD_PAGE
from readiness.alerting.incidents import Incident
from readiness.alerting.pagerduty import EventsApi, Reply
from readiness.alerting.pagerduty_event import resolve_event
from readiness.alerting.routes import DEFAULT
from readiness.alerting.routing_key import NoRoutingKey, RoutingKey, UnknownRoute

MOST_RETRY_AFTER = 3600
MOST_KEY_TRIES = 12
"""Of a resolve that waits for its key in the queue: after about an hour it waits in a row."""
LAST_TRY = 290
"""Of the receives after which SQS itself would set a message aside, without the answer."""


class RouteGone(Exception):
    """The key of a service that is not the default one is gone, or PagerDuty does not know it."""


class KeyGone(Exception):
    """The key of a service that has to resolve an incident has been gone for long."""


class Sender:
    """Sends events with the key of a service, and backs off where PagerDuty takes none."""

    def __init__(self, key: RoutingKey, api: EventsApi, queue: Queue) -> None:
        self.key = key
        self.api = api
        self._queue = queue

    def tell(
        self, record: SQSRecord, id: str, said: dict[str, Any], route: str, since: str = ""
    ) -> bool:
        """Whether PagerDuty took the event. Raises Later where it may take it another time.

        ``since`` is when it was first told of the incident: a resolve goes to the key of then.
        """
        reply = self._send(record, said, route, since)
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

    def end_before(self, record: SQSRecord, known: Incident, before: str, since: str) -> None:
        """Resolve an incident at the services that had it before it went to another one.

        ``before`` are their routes, one a line; ``since`` is when PagerDuty was first told.
        """
        said = resolve_event(known.dedup_key)
        for route in filter(None, before.split("\n")):
            self.tell(record, known.finding_id, said, route, since)

    def usable(self, route: str) -> str:
        """The route if the secret has a key of its name; else empty, which is the default."""
        if route == DEFAULT:
            return ""
        try:
            if self.key.has(route):
                return route
        except NoRoutingKey:
            # Nothing can be paged now; whether there is the key shows when it is sent.
            return route
        metrics.add_metric("UnknownRoutes", MetricUnit.Count, 1)
        log.error("the secret has no key of this name; the default is paged", extra={"key": route})
        return ""

    def _send(self, record: SQSRecord, said: dict[str, Any], route: str, since: str) -> Reply:
        """Send it; with the key read again where PagerDuty does not know the one we have.

        Raises RouteGone for a page that another service's key can bring. Where nothing but the
        right key helps, since only that service has the incident that is to be resolved, raises
        Later, and KeyGone when that has lasted.
        """
        is_page = said["event_action"] == "trigger"
        try:
            former = "" if is_page else self.key.former(route, since)
            if former:
                reply = self.api.send(said | {"routing_key": former})
                if reply.may_be_cured or (reply.accepted and not self.key.has(route or DEFAULT)):
                    return reply
            key = self.key.get(route)
            reply = self.api.send(said | {"routing_key": key})
            if reply.refuses_key and (renewed := self.key.get(route, fresh=True)) != key:
                reply = self.api.send(said | {"routing_key": renewed})
        except UnknownRoute as unknown:
            because = str(unknown)
        except NoRoutingKey as none:
            raise self._without_key(record, str(none), "") from None
        else:
            if not reply.refuses_key:
                return reply
            because = f"PagerDuty does not know the key {route or DEFAULT!r} in the secret"
        if route and is_page:
            raise RouteGone(because)
        missing = self._without_key(record, because, route)
        if route and (_was_held(record) or tries(record) >= MOST_KEY_TRIES):
            raise KeyGone(because)
        raise missing

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


def note_gone(id: str, gone: RouteGone) -> None:
    """Log and count that the default service is paged in place of the one that should be."""
    metrics.add_metric("UnknownRoutes", MetricUnit.Count, 1)
    about = {"finding_id": id, "reason": str(gone)}
    log.error("the key of the service cannot be used; the default is paged", extra=about)


def _was_held(record: SQSRecord) -> bool:
    return body_of(record.body).get("kind") == HELD_PAGE
