"""Any one call on the way out fails, before or after it took effect, in any of AWS's ways.

Lambda, the stream, the schedule and the queue then try again as they do. Whatever failed: nothing
is lost, nobody is paged twice, and PagerDuty's incident is as the finding is.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from functions.alerts import schedule
from readiness.engine.store import Unwritable
from tests.findings import BUCKET, finding
from tests.pipeline.standins import context

RULE = "encryption.s3-kms"
CALLS = 40
"""At least as many as one round of opening makes; of which a fault comes at each."""
AFTER = ("500", "timeout", "reset")
"""What may come after the call took effect; the others say that it did not."""
BEFORE = (*AFTER, "throttled", "exceeded", "cancelled")
FAULTS = {
    "500": ("InternalServerError", 500),
    "throttled": ("ThrottlingException", 400),
    "exceeded": ("ProvisionedThroughputExceededException", 400),
    "cancelled": ("TransactionCanceledException", 400),
    "timeout": ReadTimeoutError(endpoint_url="https://aws"),
    "reset": ConnectionClosedError(endpoint_url="https://aws"),
}
FAILED = (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
    Unwritable,
    schedule.Unpublished,
)


class Faults:
    """Fails the call of a number, once, among those made while it is armed."""

    def __init__(self, *clients):
        self.count, self.at, self.how, self.late = 0, 0, "", False
        self.armed, self.hit = False, ""
        for each in clients:
            each.meta.events.register("before-call", self._before)
            each.meta.events.register("after-call", self._after)

    def _before(self, model, **_):
        self.count += self.armed
        self._fail(model.name, late=False)

    def _after(self, model, **_):
        self._fail(model.name, late=True)

    def _fail(self, operation, *, late):
        if not self.armed or self.hit or self.count != self.at or self.late != late:
            return
        self.hit = operation
        fault = FAULTS[self.how]
        if isinstance(fault, Exception):
            raise fault
        code, status = fault
        answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, operation)


@pytest.fixture
def faults(pipeline):
    pipeline.baseline_is_over()
    pipeline.store._wait = lambda seconds: None
    pipeline.pager._queue._uniform = lambda low, high: 0
    return Faults(pipeline.dynamodb, pipeline.sns, pipeline.sqs, pipeline.secrets)


def changes(pipeline, faults, status, minutes_ago):
    """A finding changes; whoever fails is tried again. The first round is at risk."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)

    def record():
        pipeline.store.record(finding(status, at), pipeline.store.get(BUCKET, RULE))

    for is_first in (True, False, False):
        _step(faults, record, at_risk=is_first)
        rows = pipeline.rows()
        _step(faults, lambda rows=rows: pipeline.alerts.follow(rows), at_risk=is_first)
        _step(faults, lambda: pipeline.alerts.republish(context()), at_risk=is_first)
        records = pipeline.waiting()
        if not records:
            continue
        event = {"Records": records}
        answer = _step(
            faults, lambda event=event: pipeline.pager.forward(event, context()), at_risk=is_first
        )
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for each in records:
            if each["messageId"] not in failed:
                pipeline.sqs.delete_message(
                    QueueUrl=pipeline.pages, ReceiptHandle=each["receiptHandle"]
                )


def _step(faults, step, *, at_risk):
    faults.armed = at_risk
    try:
        return step()
    except FAILED:
        return None
    finally:
        faults.armed = False


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_whatever_call_fails_the_incident_is_as_the_finding_is(pipeline, faults, number, late):
    ways = AFTER if late else BEFORE
    faults.at, faults.how, faults.late = number, ways[number % len(ways)], late
    changes(pipeline, faults, "NON_COMPLIANT", 20)
    assert len(pipeline.pagerduty.incidents) == 1
    changes(pipeline, faults, "COMPLIANT", 10)
    assert faults.hit, "the call was made"
    assert pipeline.store.get(BUCKET, RULE).status == "COMPLIANT"
    assert pipeline.pagerduty.incidents == {}
    assert len({event["dedup_key"] for event in pipeline.pagerduty.taken}) == 1
    actions = pipeline.pagerduty.actions
    assert "trigger" not in actions[actions.index("resolve") :], "it pages once"
    history = pipeline.store.history(finding().id)
    assert [row.kind for row in history] == ["OPENED", "RESOLVED"]
    assert pipeline.rows() == []
    assert pipeline.waiting() == []
    assert pipeline.undelivered() == []
    assert list(pipeline.pager._incidents.all()) == []
