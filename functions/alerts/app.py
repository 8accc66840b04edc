"""Alerts: every transition that people should hear of goes to the topic, none is lost."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from readiness.alerting.message import baseline_message, sns_message
from readiness.alerting.routing import Routing, route
from readiness.engine.aws import CONFIG
from readiness.engine.session import Session
from readiness.engine.store import Entry, Store, entry_of
from readiness.engine.sweeps import Sweeps
from readiness.model.finding import Finding
from readiness.model.resource import Resource
from readiness.model.transition import Kind

LOST_AFTER = timedelta(minutes=2)
SPARE_MILLISECONDS = 20_000

log = Logger(service="readiness-alerts")
metrics = Metrics(namespace="Readiness", service="alerts")


class Unpublished(Exception):
    """Some transitions could not be published; they stay in the outbox and are tried again."""


class Alerts:
    """The outbox's reader: what the stream shows, what the stream lost, and completed sweeps."""

    def __init__(self, dynamodb: Any, sns: Any, environment: Mapping[str, str]) -> None:
        transitions = environment["TRANSITIONS_TABLE"]
        self._store = Store(dynamodb, environment["FINDINGS_TABLE"], transitions)
        self._sweeps = Sweeps(dynamodb, transitions)
        self._sns = sns
        self._topic = environment["ALERTS_TOPIC"]
        self._runbooks = environment.get("RUNBOOK_BASE_URL", "")
        self._stack = environment.get("STACK_NAME", "")

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
            finding_id = image.get("Keys", {}).get("finding_id", {}).get("S", "")
            if finding_id not in stuck and self._tried(image["NewImage"]):
                continue
            stuck.add(finding_id)
            failures.append({"itemIdentifier": image["SequenceNumber"]})
        return {"batchItemFailures": failures}

    def _tried(self, row: Mapping[str, Any]) -> bool:
        try:
            self.publish(entry_of(row))
        except Exception as error:
            # Whatever is wrong with one row must not keep the others from going out.
            finding_id = row.get("finding_id", {}).get("S", "")
            metrics.add_metric("PublishFailures", MetricUnit.Count, 1)
            log.error(
                "transition not published",
                extra={"finding_id": finding_id, "error": f"{type(error).__name__}: {error}"},
            )
            return False
        return True

    def publish(self, entry: Entry) -> None:
        """Settle one row of the outbox: publish it, or note why not."""
        if not self._store.is_unpublished(entry):
            return
        finding = self._store.get(Resource.parse(entry.resource), entry.rule)
        heading = entry.rule.partition(".")[0]
        routing = route(entry, finding, self._sweeps.baseline_ended(heading))
        if routing is Routing.ALERT and finding is not None:
            over = entry.kind == Kind.RESOLVED
            earlier = self._store.history(entry.finding_id) if over else []
            self._send(sns_message(finding, entry, self._runbooks, earlier))
            metrics.add_metric("AlertsPublished", MetricUnit.Count, 1)
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

    def _send(self, message: Mapping[str, Any]) -> None:
        self._sns.publish(TopicArn=self._topic, **message)

    # -- what the stream lost -----------------------------------------------------------------

    def republish(self, context: Any) -> dict[str, int]:
        """Publish what has been waiting too long, oldest first. Raises Unpublished."""
        published = 0
        stuck: set[str] = set()
        for entry in self._store.unpublished(datetime.now(UTC) - LOST_AFTER):
            if context.get_remaining_time_in_millis() < SPARE_MILLISECONDS:
                break
            if entry.finding_id in stuck:
                continue
            try:
                self.publish(entry)
                published += 1
            except Exception as error:
                stuck.add(entry.finding_id)
                log.error(
                    "transition not published",
                    extra={
                        "finding_id": entry.finding_id,
                        "error": f"{type(error).__name__}: {error}",
                    },
                )
        metrics.add_metric("AlertsRepublished", MetricUnit.Count, published)
        if stuck:
            metrics.add_metric("PublishFailures", MetricUnit.Count, len(stuck))
            raise Unpublished(f"{len(stuck)} findings have transitions that cannot be published")
        return {"published": published}

    # -- completed sweeps -----------------------------------------------------------------------

    def complete(self, sweep: Mapping[str, Any], account: str, region: str) -> dict[str, Any]:
        """Record a sweep; for headings that it was the first of, tell once what they found."""
        now = datetime.now(UTC)
        results = sweep["headings"]
        completed = [result["heading"] for result in results if result["completed"]]
        failed = [result["heading"] for result in results if not result["completed"]]
        first = [h for h in completed if self._sweeps.end_baseline(h, now, sweep["id"])]
        if first:
            found = self._open_by_severity(account, set(first))
            self._send(baseline_message(first, found, account, region, self._stack))
        self._sweeps.complete(sweep["id"], now, completed=completed, failed=failed)
        metrics.add_metric("SweptHeadings", MetricUnit.Count, len(completed))
        metrics.add_metric("FailedHeadings", MetricUnit.Count, len(failed))
        if failed:
            errors = {r["heading"]: r.get("error", "") for r in results if not r["completed"]}
            log.error("headings could not be swept", extra={"sweep": sweep["id"], **errors})
        return {"completed": completed, "failed": failed, "baseline_ended": first}

    def _open_by_severity(self, account: str, headings: set[str]) -> Counter[str]:
        return Counter(
            str(finding.severity)
            for finding in self._store.open(account)
            if self._heading(finding) in headings
        )

    def _heading(self, finding: Finding) -> str:
        return finding.rule.partition(".")[0]


def answer(alerts: Alerts, event: Mapping[str, Any], context: Any) -> Any:
    """What the event asks for. Raises ValueError for an event of no known kind."""
    if "Records" in event:
        return alerts.follow(event["Records"])
    if event.get("republish") is True:
        return alerts.republish(context)
    if "completed_sweep" in event:
        arn = str(context.invoked_function_arn).split(":")
        return alerts.complete(event["completed_sweep"], account=arn[4], region=arn[3])
    raise ValueError(f"alerts knows no event with the keys {', '.join(sorted(event)) or '(none)'}")


_alerts: list[Alerts] = []


def handler(event: Mapping[str, Any], context: Any) -> Any:
    """Stream records, ``{"republish": true}`` or ``{"completed_sweep": {…}}``."""
    log.append_keys(request_id=getattr(context, "aws_request_id", ""))
    if not _alerts:
        session = Session()
        dynamodb = session.client("dynamodb", config=CONFIG)
        sns = session.client("sns", config=CONFIG)
        _alerts.append(Alerts(dynamodb, sns, os.environ))
    try:
        return answer(_alerts[0], event, context)
    finally:
        if metrics.provider.metric_set:
            metrics.flush_metrics()
