"""PagerDuty: sends the current state of each finding that the queue names."""

import math
import os
import random
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from functions.pagerduty import deletion
from functions.pagerduty.messages import body_of, finding_in
from functions.pagerduty.queue import LONGEST_PAUSE, SHORTEST_PAUSE, Later, Queue
from functions.pagerduty.sender import KeyGone, RouteGone, Sender
from functions.pagerduty.settings import quiet_hours, routes_in
from functions.pagerduty.telemetry import log, metrics
from readiness.alerting.baseline_message import BASELINE
from readiness.alerting.canary import CANARY, Canary
from readiness.alerting.digest import DIGEST
from readiness.alerting.groups import TELL_EVERY, Contended, Group, Groups
from readiness.alerting.held import FOR_KEY, HELD_PAGE, Held
from readiness.alerting.incidents import Incident, Incidents, predating
from readiness.alerting.pagerduty import EventsApi, endpoint_of
from readiness.alerting.pagerduty_event import (
    cause_event,
    group_event,
    pagerduty_event,
    resolve_event,
)
from readiness.alerting.quiet import Quiet
from readiness.alerting.resolving import Resolver
from readiness.alerting.routes import DEFAULT, route_of
from readiness.alerting.routing_key import NoRoutingKey, RoutingKey
from readiness.alerting.severity import pages, severity_of
from readiness.alerting.storms import DEFAULT_ABOVE, Storms
from readiness.engine.aws import CONFIG
from readiness.engine.rows import Entry, UnreadableRow
from readiness.engine.session import Session
from readiness.engine.store import Store
from readiness.model.finding import DEFAULT_STACK, Finding, dedup_key, finding_id, iso
from readiness.model.resource import Resource
from readiness.model.transition import Kind
from readiness.model.verdict import Severity

MOST_LOOKS = 3
SPARE_MILLISECONDS = 15_000
DELETION_TRIES = 3
FLAPS = 5
FLAPPING_WITHIN = timedelta(hours=1)
QUIET_FOR = timedelta(minutes=10)
"""A finding that opened more than ``FLAPS`` times within the hour is resolved after this time."""


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
        self._lowest = Severity(environment.get("PAGERDUTY_LOWEST_SEVERITY", "HIGH"))
        self._runbooks = environment.get("RUNBOOK_BASE_URL", "")
        self._stack = environment.get("STACK_NAME", DEFAULT_STACK)
        self._incidents = Incidents(store)
        above = int(float(environment.get("PAGERDUTY_GROUP_ABOVE") or DEFAULT_ABOVE))
        self._confirm = float(environment.get("PAGERDUTY_CONFIRM_SECONDS") or 0)
        self._groups = Groups(store)
        self._storms = Storms(store, self._groups, stack=self._stack, above=above)
        self._held = Held(store)
        self._queue = Queue(sqs, environment, self._held, uniform)
        self._sender = Sender(key, api, self._queue)
        self._canary = Canary(store)
        self._routes = routes_in(environment.get("PAGERDUTY_ROUTES", ""))
        self._quiet = Quiet(
            store.client, environment.get("DECLARATIONS_TABLE", ""), quiet_hours(environment)
        )
        self._remaining: Callable[[], int] = lambda: SPARE_MILLISECONDS

    def forward(self, event: dict[str, Any], context: Any) -> Any:
        """A batch from the queue. What could not be sent is named, and comes again later."""
        self._queue.paused_for = None
        self._remaining = context.get_remaining_time_in_millis
        processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
        with processor(event["Records"], self.deliver, lambda_context=context):
            processor.process()
        return processor.response()

    def at_deletion(self, event: Mapping[str, Any], context: Any) -> None:
        """CloudFormation makes, updates or deletes the stack. Raises StillOpen."""
        resolver = Resolver(
            self._store,
            self._sender.key,
            self._sender.api,
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
        if self._queue.paused_for is not None:
            self._queue.postpone(record, self._queue.paused_for)
            raise Later("PagerDuty wants no more for now")
        if self._remaining() < SPARE_MILLISECONDS:
            # A batch that runs out of time would come back as a whole, and late.
            self._queue.postpone(record, SHORTEST_PAUSE)
            raise Later("there is no time left")
        try:
            body = body_of(record.body)
            if body.get("kind") not in {BASELINE, DIGEST}:
                self._page_or_keep(record, body)
        except Later:
            raise
        except Contended as error:
            raise self._queue.unreachable(record, error) from error
        except (ClientError, BotoCoreError) as error:
            if _code(error) not in {"SerializationException", "ValidationException"}:
                raise self._queue.unreachable(record, error) from error
            self._queue.malformed(record, error)
        except Exception as error:
            # Whatever else it is, the next 300 tries would end the same way.
            self._queue.malformed(record, error)

    def _is_canary(self, record: SQSRecord) -> bool:
        """Whether it is a canary, which is counted here and goes no further. Raises Later."""
        try:
            body = body_of(record.body)
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
        if body.get("kind") != CANARY:
            return False
        try:
            self._canary.arrived(str(body.get("sent_at")))
        except ValueError:
            return False
        except (ClientError, BotoCoreError) as error:
            raise self._queue.unreachable(record, error) from error
        metrics.add_metric("CanariesArrived", MetricUnit.Count, 1)
        return True

    def _page_or_keep(self, record: SQSRecord, body: Mapping[str, Any]) -> None:
        """Page, or let a resolve whose key is gone wait in a row, which does not expire.

        A queue gives up after days, and nobody would resolve the incident then.
        """
        about = finding_in(body)
        try:
            self._page(record, *about, was_held=body.get("kind") == HELD_PAGE)
        except KeyGone as gone:
            self._held.hold(*about, FOR_KEY + str(gone))

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
        self._end_before(record, known, known.before, known.since)
        taken = self._sender.tell(record, known.finding_id, said, known.route, known.since)
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
            self._queue.postpone(record, math.ceil(left))
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
        until = self._quiet.until(because)
        self._held.hold(finding.resource, finding.rule, because, until)
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
            self._queue.postpone(record, QUIET_FOR.total_seconds())
            raise Later("the finding is flapping")

    def _triggered(self, record: SQSRecord, finding: Finding, known: Incident | None) -> bool:
        """Whether PagerDuty was told of a finding that pages: alone, or in a group."""
        severity = severity_of(finding)
        group = self._groups.of(known)
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
        self._incidents.mark(resource, rule, key, route, known)
        try:
            return self._sender.tell(record, id, self._said(finding, key), route)
        except RouteGone as gone:
            self._note_gone(id, gone)
            self._incidents.mark(resource, rule, key, "", known)
            return self._sender.tell(record, id, self._said(finding, key), "")

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
            if self._sender.key.has(name):
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
            self._queue.postpone(record, TELL_EVERY.total_seconds())
            raise Later("the group was told of a moment ago")
        made = cause_event if group.cause else group_event
        said = made(
            finding, group, lowest=self._lowest, runbooks=self._runbooks, stack=self._stack
        )
        id = finding_id(finding.resource, finding.rule)
        try:
            told = self._sender.tell(record, id, said, group.route)
        except RouteGone as gone:
            self._note_gone(id, gone)
            group = self._groups.reroute(group, "")
            told = self._sender.tell(record, id, said, "")
        if not told:
            return False
        self._groups.note_told(group)
        return True

    def _left(self, record: SQSRecord, known: Incident, finding: Finding | None) -> bool:
        """Take a finding out of its group; whether PagerDuty knows if that was the last one."""
        group = self._groups.leave(known)
        if not self._groups.close(known.group):
            return True
        said = resolve_event(known.dedup_key)
        if finding is not None and not pages(finding, self._lowest):
            said = self._said(finding, known.dedup_key) | said
        route = group.route if group is not None else known.route
        since = group.began_at if group is not None else known.since
        self._end_before(record, known, group.before if group is not None else "", since)
        return self._sender.tell(record, known.finding_id, said, route, since)

    def _end_before(self, record: SQSRecord, known: Incident, before: str, since: str) -> None:
        """Resolve an incident where it was before it went to another service."""
        said = resolve_event(known.dedup_key)
        for route in filter(None, before.split("\n")):
            self._sender.tell(record, known.finding_id, said, route, since)

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

    def _while_closing(self, record: SQSRecord) -> Later:
        """The stack is being deleted: what would be opened now, nobody would resolve."""
        self._queue.postpone(record, LONGEST_PAUSE)
        return Later("the stack is being deleted")


def openings(history: Iterable[Entry]) -> int:
    """How often a finding opened within the last hour."""
    since = iso(datetime.now(UTC) - FLAPPING_WITHIN)
    return sum(row.kind in {Kind.OPENED, Kind.REOPENED} and row.at > since for row in history)


def _is_worse(severity: Severity, group: Group) -> bool:
    known = group.severity in set(Severity)
    return known and severity.rank < Severity(group.severity).rank


def _code(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__


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
