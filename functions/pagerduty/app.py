"""Pagerduty: whatever the queue says has changed, PagerDuty hears how the finding stands now."""

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from readiness.alerting.message import concerns_pager, pagerduty_event, pages
from readiness.alerting.pagerduty import EventsApi, Reply, endpoint_of
from readiness.engine.aws import CONFIG
from readiness.engine.session import Session
from readiness.engine.store import Store
from readiness.model.finding import Finding
from readiness.model.resource import Resource
from readiness.model.verdict import Severity

KEY_KEPT_SECONDS = 300
LONGEST_PAUSE = 900
SHORTEST_PAUSE = 5
MOST_RETRY_AFTER = 3600
MOST_LOOKS = 3

log = Logger(service="readiness-pagerduty")
metrics = Metrics(namespace="Readiness", service="pagerduty")


class NoRoutingKey(Exception):
    """There is no usable routing key; pages wait until there is one."""


class Later(Exception):
    """The message goes back to the queue."""


class RoutingKey:
    """The key as the secret has it, at most five minutes old and never logged."""

    def __init__(self, secrets: Any, secret: str) -> None:
        self._secrets = secrets
        self._secret = secret
        self._key = ""
        self._read_at = float("-inf")

    def get(self, *, fresh: bool = False) -> str:
        """The routing key. Raises NoRoutingKey."""
        if fresh or not self._key or time.monotonic() - self._read_at > KEY_KEPT_SECONDS:
            self._key = self._read()
            self._read_at = time.monotonic()
        return self._key

    def _read(self) -> str:
        """The key, or where there is none now, the one before.

        An update of a stack that once had the key as a parameter may leave an empty version.
        """
        for stage in ("AWSCURRENT", "AWSPREVIOUS"):
            key = _default_key(self._version(stage))
            if key:
                return key
        raise NoRoutingKey(
            f"the secret {self._secret} has no routing key; `readiness pagerduty-key` writes it"
        )

    def _version(self, stage: str) -> str:
        """The text of a version; empty where there is none. Raises NoRoutingKey."""
        try:
            return str(
                self._secrets.get_secret_value(SecretId=self._secret, VersionStage=stage)[
                    "SecretString"
                ]
            )
        except (ClientError, BotoCoreError, KeyError) as error:
            code = type(error).__name__
            if isinstance(error, ClientError):
                code = error.response.get("Error", {}).get("Code", code)
            if code == "ResourceNotFoundException":
                return ""
            raise NoRoutingKey(f"the secret {self._secret} cannot be read: {code}") from None


def _default_key(text: str) -> str:
    """``{"default": "key"}``, or the key alone."""
    try:
        keys = json.loads(text)
    except ValueError:
        return text.strip()
    if isinstance(keys, list) or keys is None:
        return ""
    key = keys.get("default") if isinstance(keys, dict) else text
    return key.strip() if isinstance(key, str) else ""


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
        self._uniform = uniform
        self._paused_for: float | None = None

    def forward(self, event: dict[str, Any], context: Any) -> Any:
        """A batch from the queue. What could not be sent is named, and comes again later."""
        self._paused_for = None
        processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
        with processor(event["Records"], self.deliver, lambda_context=context):
            processor.process()
        return processor.response()

    def deliver(self, record: SQSRecord) -> None:
        """One message. Raises Later for everything that another try may cure."""
        if self._paused_for is not None:
            self._postpone(record, self._paused_for)
            raise Later("PagerDuty wants no more for now")
        try:
            body = _body_of(record.body)
        except ValueError as error:
            self._set_aside(record, str(error))
            return
        if body.get("kind") != "BASELINE":
            self._page(record, body)

    def _page(self, record: SQSRecord, body: Mapping[str, Any]) -> None:
        try:
            resource, rule = Resource.parse(str(body["resource"])), str(body["rule"])
        except (KeyError, ValueError) as error:
            self._set_aside(record, f"the message names no finding: {error}")
            return
        finding = self._store.get(resource, rule)
        if finding is None or not concerns_pager(finding, body, self._lowest):
            return
        for _ in range(MOST_LOOKS):
            if not self._tell(record, finding):
                return
            # Another forwarder may have told of a newer state while this one was on its way.
            now = self._store.get(resource, rule)
            if now is None or pages(now, self._lowest) == pages(finding, self._lowest):
                return
            finding = now

    def _tell(self, record: SQSRecord, finding: Finding) -> bool:
        """Whether PagerDuty took how the finding stands. Raises Later."""
        said = pagerduty_event(
            finding, routing_key="", lowest=self._lowest, runbooks=self._runbooks
        )
        reply = self._send(record, said)
        about = {
            "finding_id": finding.id,
            "action": said["event_action"],
            "dedup_key": said["dedup_key"],
        }
        if reply.accepted:
            metrics.add_metric("PagesSent", MetricUnit.Count, 1)
            log.info("paged", extra=about)
        elif reply.may_be_cured:
            self._back_off(record, reply)
        else:
            metrics.add_metric("PagesRefused", MetricUnit.Count, 1)
            log.error("PagerDuty refuses the event", extra={**about, "answer": str(reply)})
        return reply.accepted

    def _send(self, record: SQSRecord, said: dict[str, Any]) -> Reply:
        """Send it; with the key read afresh where PagerDuty does not know the one we have."""
        try:
            key = self._key.get()
            reply = self._api.send(said | {"routing_key": key})
            if reply.refuses_key and (renewed := self._key.get(fresh=True)) != key:
                reply = self._api.send(said | {"routing_key": renewed})
        except NoRoutingKey as missing:
            raise self._without_key(record, str(missing)) from None
        if reply.refuses_key:
            raise self._without_key(record, "PagerDuty does not know the key in the secret")
        return reply

    def _without_key(self, record: SQSRecord, reason: str) -> Later:
        """Nothing can be paged, and nothing is dropped."""
        metrics.add_metric("NoRoutingKey", MetricUnit.Count, 1)
        log.error("no usable routing key", extra={"reason": reason})
        self._pause(record, self._patience(record))
        return Later(reason)

    def _back_off(self, record: SQSRecord, reply: Reply) -> None:
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
        tries = int(record.attributes.approximate_receive_count or 1)
        longest = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** min(tries, 10))
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

    def _set_aside(self, record: SQSRecord, reason: str) -> None:
        """What can never be understood goes to the dead letters at once, untried."""
        metrics.add_metric("MalformedMessages", MetricUnit.Count, 1)
        log.error("malformed message", extra={"reason": reason, "message_id": record.message_id})
        self._sqs.send_message(QueueUrl=self._aside, MessageBody=record.body)


def _body_of(text: str) -> dict[str, Any]:
    """The message, also where SNS has wrapped it. Raises ValueError."""
    body = json.loads(text)
    if isinstance(body, dict) and body.get("Type") == "Notification":
        body = json.loads(body["Message"])
    if not isinstance(body, dict):
        raise ValueError("the message is not a JSON object")  # noqa: TRY004
    return body


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
    """A batch of SQS records."""
    log.append_keys(request_id=getattr(context, "aws_request_id", ""))
    if not _pager:
        _pager.append(pager_from(os.environ))
    try:
        return _pager[0].forward(event, context)
    finally:
        if metrics.provider.metric_set:
            metrics.flush_metrics()
