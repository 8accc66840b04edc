"""Pagerduty: whatever the queue says has changed, PagerDuty hears how the finding stands now."""

import json
import math
import os
import random
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from functions.pagerduty import deletion
from readiness.alerting.baseline_message import BASELINE
from readiness.alerting.canary import CANARY, Canary
from readiness.alerting.digest import DIGEST
from readiness.alerting.held import HELD_PAGE, Held
from readiness.alerting.incidents import Incident, Incidents, predating
from readiness.alerting.pagerduty import EventsApi, Reply, endpoint_of
from readiness.alerting.pagerduty_event import (
    cause_event,
    group_event,
    pagerduty_event,
    resolve_event,
)
from readiness.alerting.quiet import Hours, HoursRefused, Quiet, hours_of
from readiness.alerting.resolving import Resolver
from readiness.alerting.routes import DEFAULT, Route, RoutesRefused, route_of, routes_of
from readiness.alerting.routing_key import NoRoutingKey, RoutingKey, UnknownRoute
from readiness.alerting.severity import pages, severity_of
from readiness.alerting.storms import DEFAULT_ABOVE, TELL_EVERY, Contended, Group, Storms
from readiness.engine.aws import CONFIG
from readiness.engine.rows import Entry, UnreadableRow
from readiness.engine.session import Session
from readiness.engine.store import Store
from readiness.model.finding import DEFAULT_STACK, Finding, dedup_key, finding_id, iso
from readiness.model.resource import Resource
from readiness.model.text import clean
from readiness.model.transition import Kind
from readiness.model.verdict import Severity

LONGEST_PAUSE = 900
SHORTEST_PAUSE = 5
MOST_RETRY_AFTER = 3600
MOST_LOOKS = 3
SPARE_MILLISECONDS = 15_000
DELETION_TRIES = 3
LAST_TRY = 290
"""Of the receives after which SQS itself would set a message aside, without the answer."""
MOST_ATTRIBUTES = 10
FLAPS = 5
FLAPPING_WITHIN = timedelta(hours=1)
QUIET_FOR = timedelta(minutes=10)
"""A finding that opened more than ``FLAPS`` times within the hour is resolved after this time."""
ANSWER, GIVEN_UP_AT = "undelivered_because", "undelivered_at"

log = Logger(service="readiness-pagerduty")
metrics = Metrics(namespace="Readiness", service="pagerduty")


class Later(Exception):
    """The message goes back to the queue."""


class RouteGone(Exception):
    """The key of a service that is not the default one is gone, or PagerDuty does not know it."""


class Pager:
    """The forwarder: a message only says which finding to look at."""

    def __init__(
        self,
        *,
        store: Store,
        key: RoutingKey,
        api: EventsApi,
        sqs: Any,
        environment: Mapping[str, str],
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._store = store
        self._key = key
        self._api = api
        self._sqs = sqs
        self._queue = environment["PAGES_QUEUE_URL"]
        self._aside = environment["UNDELIVERED_QUEUE_URL"]
        self._lowest = Severity(environment.get("PAGERDUTY_LOWEST_SEVERITY", "HIGH"))
        self._runbooks = environment.get("RUNBOOK_BASE_URL", "")
        self._stack = environment.get("STACK_NAME", DEFAULT_STACK)
        self._incidents = Incidents(store)
        above = int(float(environment.get("PAGERDUTY_GROUP_ABOVE") or DEFAULT_ABOVE))
        self._confirm = float(environment.get("PAGERDUTY_CONFIRM_SECONDS") or 0)
        self._storms = Storms(store, stack=self._stack, above=above)
        self._held = Held(store)
        self._canary = Canary(store)
        self._routes = _routes(environment.get("PAGERDUTY_ROUTES", ""))
        self._quiet = Quiet(
            store.client, environment.get("DECLARATIONS_TABLE", ""), _hours(environment)
        )
        self._uniform = uniform
        self._paused_for: float | None = None
        self._remaining: Callable[[], int] = lambda: SPARE_MILLISECONDS

    def forward(self, event: dict[str, Any], context: Any) -> Any:
        """A batch from the queue. What could not be sent is named, and comes again later."""
        self._paused_for = None
        self._remaining = context.get_remaining_time_in_millis
        processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
        with processor(event["Records"], self.deliver, lambda_context=context):
            processor.process()
        return processor.response()

    def at_deletion(self, event: Mapping[str, Any], context: Any) -> None:
        """CloudFormation makes, updates or deletes the stack. Raises StillOpen."""
        resolver = Resolver(
            self._store,
            self._key,
            self._api,
            lowest=self._lowest,
            runbooks=self._runbooks,
            stack=self._stack,
            enough=lambda: context.get_remaining_time_in_millis() < SPARE_MILLISECONDS,
            most_tries=DELETION_TRIES,
        )
        deletion.answer(event, self._incidents, resolver)

    def deliver(self, record: SQSRecord) -> None:
        """One message. Raises Later for everything that another try may cure.

        What no try can cure goes to the dead letters at once, with the reason: a message that
        cannot be understood, an event that PagerDuty refuses, a finding that cannot be read.
        """
        if self._is_canary(record):
            return
        if self._paused_for is not None:
            self._postpone(record, self._paused_for)
            raise Later("PagerDuty wants no more for now")
        if self._remaining() < SPARE_MILLISECONDS:
            # A batch that runs out of time would come back as a whole, and late.
            self._postpone(record, SHORTEST_PAUSE)
            raise Later("there is no time left")
        try:
            body = _body_of(record.body)
            if body.get("kind") not in {BASELINE, DIGEST}:
                self._page(record, *_finding_in(body), was_held=body.get("kind") == HELD_PAGE)
        except Later:
            raise
        except Contended as error:
            raise self._unreachable(record, error) from error
        except (ClientError, BotoCoreError) as error:
            if _code(error) not in {"SerializationException", "ValidationException"}:
                raise self._unreachable(record, error) from error
            self._malformed(record, error)
        except Exception as error:
            # Whatever else it is, the next 300 tries would end the same way.
            self._malformed(record, error)

    def _is_canary(self, record: SQSRecord) -> bool:
        """Whether it is a canary, which is counted here and goes no further. Raises Later."""
        try:
            body = _body_of(record.body)
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
        if body.get("kind") != CANARY:
            return False
        try:
            self._canary.arrived(str(body.get("sent_at")))
        except ValueError:
            return False
        except (ClientError, BotoCoreError) as error:
            raise self._unreachable(record, error) from error
        metrics.add_metric("CanariesArrived", MetricUnit.Count, 1)
        return True

    def _page(
        self, record: SQSRecord, resource: Resource, rule: str, *, was_held: bool = False
    ) -> None:
        """Tell PagerDuty how the finding stands: only what it may have been told is resolved.

        ``was_held`` tells that the page has waited for the end of a quiet time.
        """
        finding = self._store.get(resource, rule)
        for _ in range(MOST_LOOKS):
            wrong = finding is not None and pages(finding, self._lowest)
            if not self._told(record, resource, rule, finding, was_held=was_held):
                return
            # Another forwarder may have told of a newer state while this one was on its way.
            now = self._store.get(resource, rule)
            if wrong == (now is not None and pages(now, self._lowest)):
                return
            finding = now

    def _told(
        self,
        record: SQSRecord,
        resource: Resource,
        rule: str,
        finding: Finding | None,
        *,
        was_held: bool,
    ) -> bool:
        """Whether PagerDuty was told how the finding stands, and took it. Raises Later."""
        known = self._incident(resource, rule)
        if finding is not None and pages(finding, self._lowest):
            if known is None or known.left:
                return self._opened(record, finding, known, was_held=was_held)
            told = self._triggered(record, finding, known)
            if told and was_held:
                self._held.release(resource, rule)
            return told
        if was_held:
            self._held.release(resource, rule)
        if known is None:
            return False
        if finding is not None:
            self._settled(record, finding)
        if known.group:
            left = self._left(record, known, finding)
            if left:
                self._incidents.end(known)
            return left
        said = self._said(finding, known.dedup_key)
        taken = self._tell(record, finding_id(resource, rule), said, known.route)
        if taken:
            self._incidents.end(known)
        return taken

    def _opened(
        self, record: SQSRecord, finding: Finding, known: Incident | None, *, was_held: bool
    ) -> bool:
        """Whether PagerDuty was told of a finding that it does not know open. Raises Later."""
        if self._incidents.is_closing():
            raise self._while_closing(record)
        if not was_held:
            self._confirmed(record, finding)
        if self._kept_quiet(finding):
            return False
        told = self._triggered(record, finding, known)
        if told:
            self._held.release(finding.resource, finding.rule)
        return told

    def _confirmed(self, record: SQSRecord, finding: Finding) -> None:
        """Let a page below CRITICAL wait until the finding has lasted. Raises Later.

        By the clock of SQS. What is over when the message comes again pages nobody.
        """
        if not self._confirm or severity_of(finding) is Severity.CRITICAL:
            return
        sent = int(record.attributes.get("SentTimestamp", 0) or 0) / 1000
        left = sent + self._confirm - datetime.now(UTC).timestamp()
        if left > 0:
            self._postpone(record, math.ceil(left))
            raise Later("the finding has to last before it pages")

    def _kept_quiet(self, finding: Finding) -> bool:
        """Whether nobody is woken now: then a row keeps the page. What cannot be read pages."""
        try:
            because = self._quiet.why(finding, severity_of(finding))
        except (ClientError, BotoCoreError) as error:
            metrics.add_metric("QuietUnreadable", MetricUnit.Count, 1)
            log.error("change windows cannot be read", extra={"error": str(error)})
            return False
        if not because:
            return False
        self._held.hold(finding.resource, finding.rule, because)
        metrics.add_metric("PagesHeld", MetricUnit.Count, 1)
        log.info("held", extra={"finding_id": finding.id, "because": because})
        return True

    def _settled(self, record: SQSRecord, finding: Finding) -> None:
        """Keep the incident of a flapping finding open until it has been quiet. Raises Later.

        When it opens again meanwhile, that is the same incident, and pages nobody anew.
        """
        since = iso(datetime.now(UTC) - QUIET_FOR)
        history = self._store.history(finding.id)
        if history and history[-1].at > since and openings(history) > FLAPS:
            self._postpone(record, QUIET_FOR.total_seconds())
            raise Later("the finding is flapping")

    def _triggered(self, record: SQSRecord, finding: Finding, known: Incident | None) -> bool:
        """Whether PagerDuty was told of a finding that pages: alone, or in a group."""
        severity = severity_of(finding)
        group = self._storms.of(known)
        if known is not None and known.group:
            if group is not None and not known.left and not _is_worse(severity, group):
                return self._tell_group(record, finding, group)
            # It opens anew, or it is more severe than the group: that is a page again.
            if not self._left(record, known, finding):
                return False
        resource, rule = finding.resource, finding.rule
        if known is not None and not known.group:
            key, route = known.dedup_key, known.route
        else:
            route = self._route(finding)
            group = self._storms.place(finding, severity, known, route)
            if group is not None:
                return self._tell_group(record, finding, group)
            key = dedup_key(resource, rule, self._stack)
        id = finding_id(resource, rule)
        self._incidents.mark(resource, rule, key, route)
        try:
            return self._tell(record, id, self._said(finding, key), route)
        except RouteGone as gone:
            self._note_gone(id, gone)
            self._incidents.mark(resource, rule, key)
            return self._tell(record, id, self._said(finding, key), "")

    def _note_gone(self, id: str, gone: RouteGone) -> None:
        metrics.add_metric("UnknownRoutes", MetricUnit.Count, 1)
        about = {"finding_id": id, "reason": str(gone)}
        log.error("the key of the service cannot be used; the default is paged", extra=about)

    def _route(self, finding: Finding) -> str:
        """The name of the key to page with; empty for the default, also of a key that is not."""
        name = route_of(finding, self._routes)
        if name == DEFAULT:
            return ""
        try:
            if self._key.has(name):
                return name
        except NoRoutingKey:
            # Nothing can be paged now; whether there is the key shows when it is sent.
            return name
        metrics.add_metric("UnknownRoutes", MetricUnit.Count, 1)
        log.error("the secret has no key of this name; the default is paged", extra={"key": name})
        return ""

    def _tell_group(self, record: SQSRecord, finding: Finding, group: Group) -> bool:
        """Whether PagerDuty has heard of the group with everyone in it.

        At once of a new one; who joins later waits until the count may be sent again, once for
        all of them. Raises Later.
        """
        if group.is_told:
            return True
        if not group.may_be_told(datetime.now(UTC)):
            self._postpone(record, TELL_EVERY.total_seconds())
            raise Later("the group was told of a moment ago")
        made = cause_event if group.cause else group_event
        said = made(
            finding, group, lowest=self._lowest, runbooks=self._runbooks, stack=self._stack
        )
        id = finding_id(finding.resource, finding.rule)
        try:
            told = self._tell(record, id, said, group.route)
        except RouteGone as gone:
            self._note_gone(id, gone)
            group = self._storms.reroute(group, "")
            told = self._tell(record, id, said, "")
        if not told:
            return False
        self._storms.note_told(group)
        return True

    def _left(self, record: SQSRecord, known: Incident, finding: Finding | None) -> bool:
        """Take a finding out of its group; whether PagerDuty knows if that was the last one."""
        group = self._storms.leave(known)
        if not self._storms.close(known.group):
            return True
        said = resolve_event(known.dedup_key)
        if finding is not None and not pages(finding, self._lowest):
            said = self._said(finding, known.dedup_key) | said
        route = group.route if group is not None else known.route
        return self._tell(record, known.finding_id, said, route)

    def _incident(self, resource: Resource, rule: str) -> Incident | None:
        """What PagerDuty may have been told, also by a version that kept no marks.

        Of a mark that cannot be read it is known that there was one: under the stack's key.
        """
        try:
            incident = self._incidents.get(resource, rule)
        except UnreadableRow as unreadable:
            log.error("a mark cannot be read", extra={"row": str(unreadable)})
            key = dedup_key(resource, rule, self._stack)
            return Incident(finding_id(resource, rule), resource.key, rule, key)
        if incident is not None:
            return incident
        since = self._incidents.since()
        history = self._store.history(finding_id(resource, rule))
        return predating(resource, rule, history, since)

    def _said(self, finding: Finding | None, key: str) -> dict[str, Any]:
        if finding is None:
            return resolve_event(key)
        return pagerduty_event(
            finding,
            routing_key="",
            lowest=self._lowest,
            runbooks=self._runbooks,
            key=key,
            stack=self._stack,
        )

    def _tell(self, record: SQSRecord, id: str, said: dict[str, Any], route: str) -> bool:
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
        if reply.may_be_cured and _tries(record) < LAST_TRY:
            self._back_off(record, reply)
        metrics.add_metric("PagesRefused", MetricUnit.Count, 1)
        log.error("PagerDuty refuses the event", extra={**about, "answer": str(reply)})
        self._set_aside(record, f"PagerDuty answered {reply}")
        return False

    def _send(self, record: SQSRecord, said: dict[str, Any], route: str) -> Reply:
        """Send it; with the key read again where PagerDuty does not know the one we have.

        Raises RouteGone for a page that another service's key can bring, and Later where nothing
        but the right key helps: only that service has the incident that is to be resolved.
        """
        try:
            key = self._key.get(route)
            reply = self._api.send(said | {"routing_key": key})
            if reply.refuses_key and (renewed := self._key.get(route, fresh=True)) != key:
                reply = self._api.send(said | {"routing_key": renewed})
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
            self._postpone(record, self._patience(record))
        else:
            self._pause(record, self._patience(record))
        return Later(reason)

    def _while_closing(self, record: SQSRecord) -> Later:
        """The stack is being deleted: what would be opened now, nobody would resolve."""
        self._postpone(record, LONGEST_PAUSE)
        return Later("the stack is being deleted")

    def _unreachable(self, record: SQSRecord, error: Exception) -> Later:
        """Our own tables or queues fail, or answer what cannot be read."""
        patience = self._patience(record)
        metrics.add_metric("PagesPostponed", MetricUnit.Count, 1)
        log.warning("not paged yet", extra={"error": str(error), "again_in": patience})
        self._postpone(record, patience)
        return Later(str(error))

    def _back_off(self, record: SQSRecord, reply: Reply) -> NoReturn:
        patience = max(self._patience(record), min(reply.retry_after, MOST_RETRY_AFTER))
        metrics.add_metric("PagesPostponed", MetricUnit.Count, 1)
        log.warning(
            "PagerDuty did not take it", extra={"answer": str(reply), "again_in": patience}
        )
        if reply.is_too_many or reply.is_silent:
            self._pause(record, patience)
        else:
            self._postpone(record, patience)
        raise Later(str(reply))

    def _pause(self, record: SQSRecord, seconds: float) -> None:
        """Return this message and, untouched, what else is in the batch."""
        self._paused_for = seconds
        self._postpone(record, seconds)

    def _patience(self, record: SQSRecord) -> float:
        """Twice as long after each try, with jitter so that not all come back at once."""
        longest = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** min(_tries(record), 10))
        return self._uniform(longest / 2, longest)

    def _postpone(self, record: SQSRecord, seconds: float) -> None:
        try:
            self._sqs.change_message_visibility(
                QueueUrl=self._queue,
                ReceiptHandle=record.receipt_handle,
                VisibilityTimeout=int(seconds),
            )
        except (ClientError, BotoCoreError) as error:
            # The message comes back all the same, when the queue's own timeout is over.
            log.warning("could not set when to try again", extra={"error": str(error)})

    def _malformed(self, record: SQSRecord, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        metrics.add_metric("MalformedMessages", MetricUnit.Count, 1)
        log.error("malformed message", extra={"reason": reason, "message_id": record.message_id})
        self._set_aside(record, reason)

    def _set_aside(self, record: SQSRecord, reason: str) -> None:
        """Put it, untouched, among the undelivered pages, with the reason as an attribute.

        Raises Later where that fails too.
        """
        kept = _attributes_of(record)
        said = {ANSWER: clean(reason, 1000) or "?", GIVEN_UP_AT: iso(datetime.now(UTC))}
        kept |= {k: {"DataType": "String", "StringValue": v} for k, v in said.items()}
        try:
            self._sqs.send_message(
                QueueUrl=self._aside, MessageBody=record.body, MessageAttributes=kept
            )
            self._release_if_held(record)
        except (ClientError, BotoCoreError) as error:
            raise self._unreachable(record, error) from error

    def _release_if_held(self, record: SQSRecord) -> None:
        """The dead letter keeps the page; held as well, it would become one every few minutes."""
        try:
            body = _body_of(record.body)
            about = _finding_in(body)
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        if body.get("kind") == HELD_PAGE:
            self._held.release(*about)


def _attributes_of(record: SQSRecord) -> dict[str, Any]:
    """The attributes it came with, as many as leave room for ours; SQS takes ten."""
    kept: dict[str, Any] = {}
    given = record.raw_event.get("messageAttributes") or {}
    for name, value in sorted(given.items()):
        text = value.get("stringValue") if isinstance(value, Mapping) else None
        if text and name not in {ANSWER, GIVEN_UP_AT}:
            kept[name] = {"DataType": value.get("dataType", "String"), "StringValue": text}
    return dict(list(kept.items())[: MOST_ATTRIBUTES - 2])


def openings(history: Iterable[Entry]) -> int:
    """How often a finding opened within the last hour."""
    since = iso(datetime.now(UTC) - FLAPPING_WITHIN)
    return sum(row.kind in {Kind.OPENED, Kind.REOPENED} and row.at > since for row in history)


def _hours(environment: Mapping[str, str]) -> Hours | None:
    """The quiet hours; none where they make no sense: a slip of the pen silences nobody."""
    try:
        return hours_of(
            environment.get("QUIET_HOURS", ""),
            environment.get("QUIET_TIME_ZONE", ""),
            environment.get("QUIET_BELOW", ""),
        )
    except HoursRefused as refused:
        log.error("there are no quiet hours", extra={"reason": str(refused)})
        return None


def _routes(text: str) -> tuple[Route, ...]:
    """The routes; none where they make no sense: then the default service is paged."""
    try:
        return routes_of(text)
    except RoutesRefused as refused:
        log.error("PagerDutyRoutes cannot be read", extra={"reason": str(refused)})
        return ()


def _is_worse(severity: Severity, group: Group) -> bool:
    known = group.severity in set(Severity)
    return known and severity.rank < Severity(group.severity).rank


def _tries(record: SQSRecord) -> int:
    return int(record.attributes.approximate_receive_count or 1)


def _code(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__


def _body_of(text: str) -> dict[str, Any]:
    """The message, also where SNS has wrapped it. Raises ValueError, KeyError or TypeError."""
    body = json.loads(text)
    if isinstance(body, dict) and body.get("Type") == "Notification":
        body = json.loads(body["Message"])
    if not isinstance(body, dict):
        raise TypeError("the message is not a JSON object")
    return body


def _finding_in(body: Mapping[str, Any]) -> tuple[Resource, str]:
    """Which finding the message is about. Raises KeyError, TypeError or ValueError."""
    key, rule = body["resource"], body["rule"]
    if not isinstance(key, str) or not isinstance(rule, str) or not rule:
        raise TypeError("the message names no finding")
    return Resource.parse(key), rule


def pager_from(environment: Mapping[str, str]) -> Pager:
    """The pager with its clients, as template.yaml configures it."""
    session = Session()
    dynamodb = session.client("dynamodb", config=CONFIG)
    secrets = session.client("secretsmanager", config=CONFIG)
    return Pager(
        store=Store(dynamodb, environment["FINDINGS_TABLE"], environment["TRANSITIONS_TABLE"]),
        key=RoutingKey(secrets, environment["PAGERDUTY_SECRET_ID"]),
        api=EventsApi(endpoint_of(environment.get("PAGERDUTY_ENDPOINT", "US"))),
        sqs=session.client("sqs", config=CONFIG),
        environment=environment,
    )


_pager: list[Pager] = []


def handler(event: dict[str, Any], context: Any) -> Any:
    """A batch of SQS records, or what CloudFormation asks of a custom resource."""
    metrics.set_default_dimensions(stack=os.environ.get("STACK_NAME", DEFAULT_STACK))
    log.append_keys(request_id=getattr(context, "aws_request_id", ""))
    if not _pager:
        _pager.append(pager_from(os.environ))
    try:
        if "RequestType" in event:
            return _pager[0].at_deletion(event, context)
        return _pager[0].forward(event, context)
    finally:
        if metrics.provider.metric_set:
            metrics.flush_metrics()
