"""PagerDuty: sends the current state of each finding that the queue names."""

import os
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from functions.pagerduty import deletion
from functions.pagerduty.grouped import Grouped
from functions.pagerduty.in_time import InTime
from functions.pagerduty.messages import body_of, finding_in
from functions.pagerduty.queue import LONGEST_PAUSE, SHORTEST_PAUSE, Later, Queue
from functions.pagerduty.sender import KeyGone, RouteGone, Sender, note_gone
from functions.pagerduty.settings import quiet_hours, routes_in
from functions.pagerduty.telemetry import log, metrics
from functions.pagerduty.waiting import Waiting
from functions.pagerduty.watchers import Watchers
from functions.pagerduty.wording import Wording
from readiness.alerting.baseline_message import BASELINE
from readiness.alerting.canary import CANARY, Canary
from readiness.alerting.digest import DIGEST
from readiness.alerting.groups import Contended, Group, Groups
from readiness.alerting.held import FOR_KEY, HELD_PAGE, Held
from readiness.alerting.incidents import (
    Incident,
    Incidents,
    MarkedMeanwhile,
    member_gone,
    predating,
)
from readiness.alerting.pagerduty import EventsApi, endpoint_of
from readiness.alerting.quiet import Quiet
from readiness.alerting.resolving import Resolver
from readiness.alerting.routes import route_of
from readiness.alerting.routing_key import RoutingKey
from readiness.alerting.severity import pages, severity_of
from readiness.alerting.storms import Storms
from readiness.engine.aws import CONFIG
from readiness.engine.aws_errors import name_of
from readiness.engine.environment import parameter
from readiness.engine.rows import UnreadableRow
from readiness.engine.session import Session
from readiness.engine.store import Store
from readiness.model.finding import DEFAULT_STACK, Finding, dedup_key, finding_id
from readiness.model.resource import Resource
from readiness.model.verdict import Severity

MOST_LOOKS = 3
SPARE_MILLISECONDS = 15_000
DELETION_SPARE_MILLISECONDS = 25_000
DELETION_TRIES = 3


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
        cloudformation: Callable[[], Any],
        sns: Callable[[], Any],
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._store = store
        self._cloudformation = cloudformation
        self._sns = sns
        self._watcher_topic = environment.get("WATCHER_TOPIC", "")
        self._wording = Wording(
            lowest=Severity(parameter(environment, "PAGERDUTY_LOWEST_SEVERITY")),
            runbooks=parameter(environment, "RUNBOOK_BASE_URL"),
            stack=environment.get("STACK_NAME", DEFAULT_STACK),
        )
        self._incidents = Incidents(store)
        above = int(float(parameter(environment, "PAGERDUTY_GROUP_ABOVE")))
        self._groups = Groups(store)
        self._storms = Storms(store, self._groups, stack=self._wording.stack, above=above)
        self._held = Held(store)
        self._queue = Queue(sqs, environment, self._held, uniform)
        self._sender = Sender(key, api, self._queue)
        self._grouped = Grouped(self._groups, self._queue, self._sender, self._wording, now=_now)
        self._quiet = Quiet(
            store.client, environment.get("DECLARATIONS_TABLE", ""), quiet_hours(environment)
        )
        self._waiting = Waiting(
            store,
            self._queue,
            self._held,
            self._quiet,
            confirm=float(parameter(environment, "PAGERDUTY_CONFIRM_SECONDS")),
            now=_now,
        )
        self._canary = Canary(store)
        self._routes = routes_in(parameter(environment, "PAGERDUTY_ROUTES"))
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
        remaining = context.get_remaining_time_in_millis
        resolver = Resolver(
            self._store,
            self._sender.key,
            self._sender.api,
            lowest=self._wording.lowest,
            runbooks=self._wording.runbooks,
            stack=self._wording.stack,
            enough=lambda: remaining() < DELETION_SPARE_MILLISECONDS,
            most_tries=DELETION_TRIES,
        )
        watchers = Watchers(self._sns, self._watcher_topic, remaining)
        in_time = InTime(remaining)
        deletion.answer(event, self._incidents, resolver, self._cloudformation, watchers, in_time)

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
        except (Contended, MarkedMeanwhile) as error:
            raise self._queue.unreachable(record, error) from error
        except (ClientError, BotoCoreError) as error:
            if name_of(error) not in {"SerializationException", "ValidationException"}:
                raise self._queue.unreachable(record, error) from error
            self._queue.malformed(record, error)
        except Exception as error:
            # Whatever else it is, the next 300 tries would end the same way.
            self._queue.malformed(record, error)

    def _is_canary(self, record: SQSRecord) -> bool:
        """Whether it is a canary, which is noted here and goes no further. Raises Later."""
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
        log.info("the canary arrived", extra={"sent_at": body.get("sent_at")})
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
            wrong = finding is not None and pages(finding, self._wording.lowest)
            if not self._told(record, resource, rule, finding, was_held=was_held):
                return
            # Another forwarder may have told of a newer state while this one was on its way.
            now = self._store.get(resource, rule)
            if wrong == (now is not None and pages(now, self._wording.lowest)):
                return
            finding = now
        # It changes faster than it is told: another try comes when it is calmer.
        raise MarkedMeanwhile(finding_id(resource, rule))

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
        if finding is not None and pages(finding, self._wording.lowest):
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
        if finding is not None and self._waiting.has_to_settle(finding):
            return False
        return self._ended(record, known, finding)

    def _ended(self, record: SQSRecord, known: Incident, finding: Finding | None) -> bool:
        """Whether PagerDuty was told that what it knows is over, and took it. Raises Later."""
        if known.group:
            left = self._grouped.leave(record, known, finding)
            if left:
                self._incidents.end(known)
            return left
        said = self._wording.of(finding, known.dedup_key)
        self._sender.end_before(record, known, known.before, known.since)
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
            self._waiting.wait_to_last(record, finding)
        if self._waiting.is_held(finding):
            return False
        told = self._triggered(record, finding, known)
        if told:
            self._held.release(finding.resource, finding.rule)
        return told

    def _triggered(self, record: SQSRecord, finding: Finding, known: Incident | None) -> bool:
        """Whether PagerDuty was told of a finding that pages. Raises Later.

        Whoever deletes the stack may have ended what is open before this was: then it is taken
        back.
        """
        told = self._told_open(record, finding, known)
        if told and self._incidents.is_closing():
            mark = self._incident(finding.resource, finding.rule)
            if mark is not None:
                self._ended(record, mark, None)
            raise self._while_closing(record)
        return told

    def _told_open(self, record: SQSRecord, finding: Finding, known: Incident | None) -> bool:
        """Whether PagerDuty was told of a finding that pages: alone, or in a group."""
        severity = severity_of(finding)
        group = self._groups.of(known)
        if known is not None and known.group:
            if group is not None and not known.left and not _is_worse(severity, group):
                return self._told_of_group(record, finding, group)
            # It opens anew, or it is more severe than the group: that is a page again.
            if not self._grouped.leave(record, known, finding):
                return False
        resource, rule = finding.resource, finding.rule
        if known is not None and not known.group:
            key, route = known.dedup_key, known.route
        else:
            route = self._sender.usable(route_of(finding, self._routes))
            group = self._storms.place(finding, severity, known, route)
            if group is not None:
                return self._told_of_group(record, finding, group)
            key = dedup_key(resource, rule, self._wording.stack)
        id = finding_id(resource, rule)
        said = self._wording.of(finding, key)
        mine = self._incidents.mark(resource, rule, key, route, known)
        try:
            return self._sent(record, mine, lambda: self._sender.tell(record, id, said, route))
        except RouteGone as gone:
            note_gone(id, gone)
            mine = self._incidents.mark(resource, rule, key, "", known, over=mine)
            return self._sent(record, mine, lambda: self._sender.tell(record, id, said, ""))

    def _told_of_group(self, record: SQSRecord, finding: Finding, group: Group) -> bool:
        mine = member_gone(finding.resource, finding.rule, group.dedup_key, group.id, group.route)
        return self._sent(record, mine, lambda: self._grouped.tell(record, finding, group))

    def _sent(self, record: SQSRecord, mine: Incident, send: Callable[[], bool]) -> bool:
        """Send a trigger that the mark ``mine`` tells of, and see to it that it is ended.

        Another forwarder may have resolved it and removed the mark while the trigger was on its
        way, and so before PagerDuty had it. Where that is not known to have failed, the mark is
        set again for the next try.
        """
        try:
            told = send()
        except Exception:
            self._incidents.keep(mine)
            raise
        if told:
            self._see_to_its_end(record, mine)
        return told

    def _see_to_its_end(self, record: SQSRecord, mine: Incident) -> None:
        """Leave a mark of what PagerDuty has just been told.

        Another forwarder may have told of the finding anew meanwhile, at another service or in
        another group: nobody would resolve this one. Then it is taken back, and the message comes
        again. Raises MarkedMeanwhile.
        """
        mark = self._incidents.told(mine)
        if mark is None:
            if self._incidents.keep(mine):
                return
            mark = self._incidents.told(mine)
        if mark is not None and mark.covers(mine):
            return
        self._ended(record, mine, None)
        raise MarkedMeanwhile(mine.finding_id)

    def _incident(self, resource: Resource, rule: str) -> Incident | None:
        """What PagerDuty may have been told, also by a version that kept no marks.

        Of a mark that cannot be read it is known that there was one: under the stack's key.
        """
        try:
            incident = self._incidents.get(resource, rule)
        except UnreadableRow as unreadable:
            log.error("a mark cannot be read", extra={"row": str(unreadable)})
            key = dedup_key(resource, rule, self._wording.stack)
            return Incident(finding_id(resource, rule), resource.key, rule, key)
        if incident is not None:
            return incident
        since = self._incidents.since()
        history = self._store.history(finding_id(resource, rule))
        return predating(resource, rule, history, since)

    def _while_closing(self, record: SQSRecord) -> Later:
        """The stack is being deleted: what would be opened now, nobody would resolve."""
        self._queue.postpone(record, LONGEST_PAUSE)
        return Later("the stack is being deleted")


def _is_worse(severity: Severity, group: Group) -> bool:
    known = group.severity in set(Severity)
    return known and severity.rank < Severity(group.severity).rank


def _now() -> datetime:
    return datetime.now(UTC)


def pager_from(environment: Mapping[str, str]) -> Pager:
    """The pager with its clients, as template.yaml configures it."""
    session = Session()
    dynamodb = session.client("dynamodb", config=CONFIG)
    secrets = session.client("secretsmanager", config=CONFIG)
    return Pager(
        store=Store(dynamodb, environment["FINDINGS_TABLE"], environment["TRANSITIONS_TABLE"]),
        key=RoutingKey(secrets, environment["PAGERDUTY_SECRET_ID"]),
        api=EventsApi(endpoint_of(parameter(environment, "PAGERDUTY_ENDPOINT"))),
        sqs=session.client("sqs", config=CONFIG),
        environment=environment,
        cloudformation=lambda: session.client("cloudformation", config=CONFIG),
        sns=lambda: session.client("sns", config=CONFIG),
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
