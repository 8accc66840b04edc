"""Alerts: publishes every transition that people have to know of, and loses none."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from functions.alerts.baselines import Baselines
from functions.alerts.digests import Digests
from functions.alerts.schedule import Schedule
from functions.alerts.security_hub import Imports
from functions.alerts.telemetry import log, metrics
from functions.alerts.topics import Topics
from functions.alerts.turns import sweep_before
from functions.alerts.unreadable import pass_over, pass_over_all
from readiness.alerting.asff import Place
from readiness.alerting.canary import CANARY, Canary, canary_message
from readiness.alerting.canary import RULE as CANARY_RULE
from readiness.alerting.chat import chat_message
from readiness.alerting.digest import Log
from readiness.alerting.held import Held
from readiness.alerting.incidents import Incidents, may_be_on_its_way, told_before, was_told
from readiness.alerting.message import sns_message
from readiness.alerting.routing import Routing, route
from readiness.alerting.security_hub import HUB_CONFIG, SecurityHub
from readiness.alerting.severity import pages
from readiness.engine.aws import CONFIG
from readiness.engine.environment import parameter
from readiness.engine.own_stack import UNLISTED, OwnStack
from readiness.engine.rows import Entry, UnreadableRow, entry_of
from readiness.engine.session import Session
from readiness.engine.store import Store
from readiness.engine.sweeps import Sweeps
from readiness.engine.unread import Unread
from readiness.engine.unseen import unseen
from readiness.model.blindness import UNREADABLE
from readiness.model.finding import DEFAULT_STACK, Finding, iso
from readiness.model.resource import Resource
from readiness.model.text import error_text
from readiness.model.transition import Kind
from readiness.model.verdict import Severity, Status

TELLING_MILLISECONDS = 30_000
"""What telling and recording a sweep takes at its end."""
IMPORT_SECONDS = 20
"""After how long no further call to Security Hub begins while the stream waits."""


class Alerts:
    """The outbox's reader: what the stream shows, what the stream lost, and completed sweeps."""

    def __init__(
        self,
        dynamodb: Any,
        sns: Any,
        environment: Mapping[str, str],
        *,
        sqs: Any = None,
        where: str = "",
        partition: str = "aws",
        security_hub: Callable[[], Any] | None = None,
        cloudformation: Callable[[], Any] | None = None,
        steps: Callable[[], Any] | None = None,
        unseen: Callable[[], list[str]] = list,
    ) -> None:
        transitions = environment["TRANSITIONS_TABLE"]
        self._store = Store(dynamodb, environment["FINDINGS_TABLE"], transitions)
        self._sweeps = Sweeps(dynamodb, transitions, where)
        self._incidents = Incidents(self._store)
        self._steps = steps or (lambda: Session().client("stepfunctions", config=CONFIG))
        self._unread = Unread(dynamodb, transitions, where)
        self._lowest = Severity(parameter(environment, "PAGERDUTY_LOWEST_SEVERITY"))
        self._topics = Topics(sns, environment["ALERTS_TOPIC"], environment.get("CHAT_TOPIC", ""))
        self._runbooks = parameter(environment, "RUNBOOK_BASE_URL")
        self._stack = environment.get("STACK_NAME", DEFAULT_STACK)
        self._digests = Digests(
            Log(self._store),
            self._topics,
            where=where,
            period=parameter(environment, "DIGEST"),
            stack=self._stack,
        )
        self._hub: Imports | None = None
        if parameter(environment, "SECURITY_HUB") == "true" and security_hub is not None:
            account, _, region = where.partition("/")
            place = Place(account, region, partition, self._stack, self._runbooks)
            self._hub = Imports(SecurityHub(self._store, security_hub, place))
        self._baselines = Baselines(
            self._store, self._sweeps, send=self._topics.send, unseen=unseen, stack=self._stack
        )
        self._own = OwnStack(
            self._stack if cloudformation else "",
            cloudformation or Session,
            lambda reason: log.warning(UNLISTED, extra={"error": reason}),
        )

        self._held = Held(self._store)
        self._canary = Canary(self._store, where)
        self._schedule = Schedule(
            self._store,
            self._sweeps,
            self._held,
            canary=self._canary if where and environment.get("CANARY") == "true" else None,
            hub=self._hub,
            sqs=sqs,
            pages=environment.get("PAGES_QUEUE_URL", ""),
            publish=self.publish,
            now=lambda: datetime.now(UTC),
        )

    # -- the stream -------------------------------------------------------------------------

    def follow(self, records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Publish what the stream shows.

        After a failure, later records of the same finding wait for it, so that a RESOLVED never
        overtakes its OPENED. Lambda tries again from the first failed record; the outbox tells
        what of the rest is settled already.
        """
        failures = []
        stuck = set()
        for record in records:
            image = record["dynamodb"]
            if "NewImage" not in image:
                continue  # a row that expired or was deleted: nothing is told of that
            finding_id = image.get("Keys", {}).get("finding_id", {}).get("S", "")
            written = _written_at(image.get("ApproximateCreationDateTime"))
            if finding_id not in stuck and self._tried(image["NewImage"], written):
                continue
            stuck.add(finding_id)
            failures.append({"itemIdentifier": image["SequenceNumber"]})
        until = time.monotonic() + IMPORT_SECONDS
        if self._hub is not None:
            self._hub.send(lambda hub: hub.send_noted(lambda: time.monotonic() < until))
        return {"batchItemFailures": failures}

    def _tried(self, row: Mapping[str, Any], written: str) -> bool:
        try:
            self.publish(entry_of(row), written)
        except UnreadableRow as unreadable:
            pass_over(str(unreadable))
        except Exception as error:
            # Whatever is wrong with one row must not keep the others from going out.
            finding_id = row.get("finding_id", {}).get("S", "")
            metrics.add_metric("PublishFailures", MetricUnit.Count, 1)
            log.error(
                "transition not published",
                extra={"finding_id": finding_id, "error": error_text(error)},
            )
            return False
        return True

    def publish(self, entry: Entry, written: str = "") -> None:
        """Settle one row of the outbox: publish it, or note why not.

        ``written`` is when DynamoDB took the row, or when that was at the latest.
        """
        if not self._store.is_unpublished(entry):
            return
        if entry.rule == CANARY_RULE:
            self._topics.send(canary_message(entry))
            self._store.mark_published(entry, datetime.now(UTC), CANARY.lower())
            return
        self._incidents.since()
        resource = Resource.parse(entry.resource)
        finding = self._store.get(resource, entry.rule)
        routing = route(
            entry,
            finding,
            self._sweeps.baseline_ended(entry.rule),
            swept_since=lambda: self._sweeps.swept_since(entry.rule, entry.release),
            written=written,
            is_own=lambda: self._own.has(resource),
            was_told=lambda: was_told(self._store.history(entry.finding_id)),
        )
        if _is_about_reading(entry, finding):
            self._unread.note(datetime.now(UTC))
        self._digests.note(entry, finding, routing)
        if routing is Routing.ALERT and finding is not None:
            self._alert(finding, entry)
        if self._hub is not None and finding is not None:
            self._hub.note(entry)
        self._store.mark_published(entry, datetime.now(UTC), str(routing))
        log.info(
            "transition settled",
            extra={
                "finding_id": entry.finding_id,
                "rule": entry.rule,
                "kind": entry.kind,
                "published_as": str(routing),
            },
        )

    def _alert(self, finding: Finding, entry: Entry) -> None:
        wrong = pages(finding, self._lowest)
        over = entry.kind in {Kind.RESOLVED, Kind.WAIVED}
        earlier = self._store.history(entry.finding_id) if over or not wrong else []
        message = sns_message(
            finding,
            entry,
            self._runbooks,
            earlier if over else (),
            stack=self._stack,
            for_pager=wrong or self._may_have_been_told(finding, earlier),
        )
        self._topics.send(message)
        metrics.add_metric("AlertsPublished", MetricUnit.Count, 1)
        self._topics.tell_chat(lambda: chat_message(finding, entry, self._runbooks, self._stack))

    def _may_have_been_told(self, finding: Finding, history: list[Entry]) -> bool:
        """Whether the pager has to hear that a finding does not page (any more).

        Where this errs it errs towards telling: the forwarder decides again.
        """
        try:
            if self._incidents.get(finding.resource, finding.rule) is not None:
                return True
        except UnreadableRow as unreadable:
            pass_over(str(unreadable))
            return True
        if told_before(history, self._incidents.since()):
            return True
        return may_be_on_its_way(history, self._lowest)

    def digest(self) -> dict[str, Any]:
        """Send what opened, closed, is oldest and expires; once, also when invoked again."""
        sent = self._digests.send()
        pass_over_all(self._store)
        return sent

    def republish(self, context: Any) -> dict[str, int]:
        """Do what the schedule is for: `Schedule.run`."""
        return self._schedule.run(context)

    # -- sweeps ---------------------------------------------------------------------------------

    def begin(self, sweep: Mapping[str, Any]) -> dict[str, str]:
        """Which other sweep is at work (``beside``), so that this one is left out."""
        before = sweep_before(self._steps(), sweep)
        if not before:
            return {}
        metrics.add_metric("SweepsLeftOut", MetricUnit.Count, 1)
        log.warning("another sweep is still at work", extra={"sweep": before})
        return {"beside": before}

    def complete(
        self,
        sweep: Mapping[str, Any],
        account: str,
        region: str,
        enough: Callable[[], bool] = lambda: False,
    ) -> dict[str, Any]:
        """Record a sweep; for headings that it was the first of, tell once what they found."""
        ended = self._baselines.complete(sweep, account, region, enough)
        pass_over_all(self._store)
        return ended


def _is_about_reading(entry: Entry, finding: Finding | None) -> bool:
    """Whether a resource became unreadable, or is so no more.

    One that became so while its waiver began or ended has a transition of that kind alone.
    """
    changed = entry.kind == Kind.BLINDED or entry.old_status == Status.INSUFFICIENT_DATA
    is_blind = finding is not None and finding.blinded_at is not None
    return (changed or is_blind) and entry.rule != UNREADABLE


def _written_at(given: object) -> str:
    """The time of a stream record, in seconds as Lambda gives it; empty where it has none."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return ""
    try:
        return iso(datetime.fromtimestamp(given, UTC))
    except (OSError, OverflowError, ValueError):
        return ""


def answer(alerts: Alerts, event: Mapping[str, Any], context: Any) -> Any:
    """What the event asks for. Raises ValueError for an event of no known kind."""
    if "Records" in event:
        return alerts.follow(event["Records"])
    if event.get("republish") is True:
        return alerts.republish(context)
    if event.get("digest") is True:
        return alerts.digest()
    if "beginning_sweep" in event:
        return alerts.begin(event["beginning_sweep"])
    if "completed_sweep" in event:
        arn = str(context.invoked_function_arn).split(":")
        return alerts.complete(
            event["completed_sweep"],
            account=arn[4],
            region=arn[3],
            enough=lambda: context.get_remaining_time_in_millis() < TELLING_MILLISECONDS,
        )
    raise ValueError(f"alerts knows no event with the keys {', '.join(sorted(event)) or '(none)'}")


_alerts: list[Alerts] = []


def handler(event: Mapping[str, Any], context: Any) -> Any:
    """Stream records, ``{"republish": true}``, ``{"digest": true}``, or that a sweep begins, ends.

    The latter are ``{"beginning_sweep": {…}}`` and ``{"completed_sweep": {…}}``.
    """
    metrics.set_default_dimensions(stack=os.environ.get("STACK_NAME", DEFAULT_STACK))
    log.append_keys(request_id=getattr(context, "aws_request_id", ""))
    if not _alerts:
        session = Session()
        arn = str(context.invoked_function_arn).split(":")
        _alerts.append(
            Alerts(
                session.client("dynamodb", config=CONFIG),
                session.client("sns", config=CONFIG),
                os.environ,
                sqs=session.client("sqs", config=CONFIG),
                where=f"{arn[4]}/{arn[3]}",
                partition=arn[1],
                security_hub=lambda: session.client("securityhub", config=HUB_CONFIG),
                cloudformation=lambda: session.client("cloudformation", config=CONFIG),
                steps=lambda: session.client("stepfunctions", config=CONFIG),
                unseen=lambda: unseen(
                    lambda service: session.client(service, config=CONFIG),
                    arn[3],
                    session.geography.home(arn[3]),
                    globals_too=parameter(os.environ, "EVALUATE_GLOBAL_SERVICES") == "true",
                ),
            )
        )
    try:
        return answer(_alerts[0], event, context)
    finally:
        if metrics.provider.metric_set:
            metrics.flush_metrics()
