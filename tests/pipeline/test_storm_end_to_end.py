"""One change of a policy opens findings by the hundred: few pages, none lost, all resolved.

Table, stream, alerts, topic, queue, forwarder and PagerDuty's own state, by a clock of the test.
Invocations are killed at random calls, before or after the call took effect, and made again as
Lambda and SQS do: the stream from the first record that was not settled, a message when its
visibility ends, a page more than once.
"""

from __future__ import annotations

import json
import os
import random
from datetime import timedelta
from types import SimpleNamespace

from functions.alerts import app as alerts_app
from functions.alerts import schedule
from functions.pagerduty import app as pager_app
from readiness import Severity, Status
from readiness.alerting.pagerduty import Reply
from readiness.model.resource import Resource
from tests import deployed
from tests.findings import T0, finding
from tests.pipeline.large_tables import make_large
from tests.pipeline.memory import Crash
from tests.pipeline.standins import context
from tests.pipeline.test_on_call_rules import Clock

MANY = int(os.environ.get("STORM_FINDINGS", "25"))
SEED = int(os.environ.get("STORM_SEED", "1"))
MOTO_TAKES = 100
"""Findings that moto's tables can hold before they have to be made larger."""
PATIENCE = timedelta(hours=3)
LOSS = 0.2
"""Of all invocations: each of them dies at one of its first calls to AWS, if it makes so many."""
FUSE = 120
"""Twice the calls: each can be the last before it takes effect, or after."""
DEFAULT = str(deployed.committed()["Parameters"]["PagerDutyGroupAbove"]["Default"])


class Storm:
    def __init__(self, pipeline, monkeypatch, seed):
        self.random = random.Random(seed)
        self.clock = Clock()
        self.clock.at = T0
        monkeypatch.setattr(pager_app, "datetime", self.clock)
        self.pipeline = pipeline
        self.pipeline.baseline_is_over()
        self.loss = 0.0
        self.fuse = self.died = 0
        for client in (pipeline.dynamodb, pipeline.sns):
            client.meta.events.register("before-call.*.*", self.may_die)
            client.meta.events.register("after-call.*.*", self.may_die)
        self.queue, self.taken = [], 0
        self.open, self.pages, self.aside = {}, [], []
        self.pipeline.environment["PAGERDUTY_GROUP_ABOVE"] = DEFAULT
        self.renew()

    def invoked(self):
        """An invocation begins, and may be one that dies: one in so many, however much it does."""
        dies = self.random.random() < self.loss
        self.fuse = self.random.randint(1, FUSE) if dies else 0

    def may_die(self, **_):
        if self.fuse:
            self.fuse -= 1
            if not self.fuse:
                self.died += 1
                raise Crash

    def renew(self):
        """New processes, which know nothing but the tables."""
        given = self.pipeline
        self.alerts = alerts_app.Alerts(given.dynamodb, given.sns, given.environment)
        self.pager = pager_app.Pager(
            store=given.store,
            key=SimpleNamespace(
                get=lambda *_, **__: "key", has=lambda _: True, former=lambda *_: ""
            ),
            api=SimpleNamespace(send=self.send),
            sqs=SimpleNamespace(
                change_message_visibility=self.postpone,
                send_message=lambda **sent: self.aside.append(sent),
            ),
            environment=given.environment,
            cloudformation=lambda: given.cloudformation,
            sns=lambda: given.sns,
            uniform=self.random.uniform,
        )
        self.pager._groups.now = self.clock.now
        for part in (self.pager._held, self.pager._quiet):
            part._now = self.clock.now

    def send(self, event):
        key = event["dedup_key"]
        if event["event_action"] == "trigger":
            if key not in self.open:
                self.pages.append(self.clock.at)
            self.open[key] = event
        else:
            self.open.pop(key, None)
        self.may_die()
        return Reply(202, '{"status": "success"}')

    # -- the queue --------------------------------------------------------------------------------

    def collect(self):
        """What the topic has sent since goes to the queue; SQS delivers some of it twice."""
        for sent in self.pipeline.published:
            if sent["MessageAttributes"]["pager"]["StringValue"] == "yes":
                body = json.loads(sent["Message"])["sqs"]
                for _ in range(1 + (self.random.random() < 0.05)):
                    self.queue.append({"body": body, "at": self.clock.at, "tries": 0})
        self.pipeline.published.clear()

    def postpone(self, *, ReceiptHandle, VisibilityTimeout, **_):  # noqa: N803
        message = next(each for each in self.queue if each.get("handle") == ReceiptHandle)
        message["at"] = self.clock.at + timedelta(seconds=VisibilityTimeout)

    def forward(self):
        """One invocation of the forwarder, with up to ten messages in any order."""
        ready = [each for each in self.queue if each["at"] <= self.clock.at]
        batch = self.random.sample(ready, min(10, len(ready)))
        records = []
        for message in batch:
            self.taken += 1
            handle = str(self.taken)
            message |= {"handle": handle, "tries": message["tries"] + 1}
            message["at"] = self.clock.at + timedelta(seconds=180)
            attributes = {
                "ApproximateReceiveCount": str(message["tries"]),
                "SentTimestamp": str(int(T0.timestamp() * 1000)),
            }
            records.append(
                {
                    "messageId": handle,
                    "receiptHandle": handle,
                    "body": message["body"],
                    "attributes": attributes,
                    "eventSource": "aws:sqs",
                    "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:pages",
                    "messageAttributes": {},
                    "awsRegion": "us-east-1",
                }
            )
        if not records:
            return False
        self.invoked()
        try:
            answer = self.pager.forward({"Records": records}, context())
        except Crash:
            self.renew()
            return True
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        done = {record["messageId"] for record in records} - failed
        self.queue = [each for each in self.queue if each.get("handle") not in done]
        return True

    # -- the stream -------------------------------------------------------------------------------

    def stream(self, rows):
        """Batches of the stream; one that died is given again, twice, and then lost."""
        for first in range(0, len(rows), 50):
            for _ in range(3):
                self.invoked()
                try:
                    self.alerts.follow(rows[first : first + 50])
                    break
                except Crash:
                    self.renew()
            self.collect()

    def happen(self, status, minutes):
        """Every finding changes, and everything runs for some minutes and until the queue is empty.

        A batch that dies comes again after its visibility timeout, as often as SQS gives it: with
        thousands of messages some are unlucky six times in a row.
        """
        at = self.clock.at
        for number in range(MANY):
            resource = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", f"b{number:04}")
            self.pipeline.record(finding(status, at, resource=resource, severity=Severity.HIGH))
        rows = self.pipeline.rows()
        self.loss = LOSS
        self.stream(rows)
        end = self.clock.at + timedelta(minutes=minutes)
        latest = end + PATIENCE
        while self.clock.at < end or (self.queue and self.clock.at < latest):
            for _ in range(30):
                if not self.forward():
                    break
            self.clock.at += timedelta(seconds=10)
            if self.clock.at.second == 0 and self.clock.at.minute % 5 == 0:
                self.republish()
        self.loss = self.fuse = 0

    def republish(self):
        """The schedule, which Lambda tries twice more."""
        for _ in range(3):
            self.invoked()
            try:
                self.alerts.republish(context())
                break
            except Crash:
                self.renew()
            except schedule.Unpublished:
                continue
        self.collect()


def test_a_storm_pages_three_times_loses_nothing_and_is_resolved(pipeline, monkeypatch):
    monkeypatch.setattr(schedule, "LOST_AFTER", timedelta(0))
    if MANY > MOTO_TAKES:
        make_large(monkeypatch, pipeline.dynamodb)
    storm = Storm(pipeline, monkeypatch, seed=SEED)
    storm.happen(Status.NON_COMPLIANT, 25)
    first = [page for page in storm.pages if page < T0 + timedelta(minutes=10)]
    assert 1 <= len(first) <= 3
    marks = list(storm.pager._incidents.all())
    assert len(marks) == MANY, "every finding is in an incident"
    assert {mark.dedup_key for mark in marks} == set(storm.open)
    [group] = {mark.group for mark in marks if mark.group}
    joined = sum(mark.group == group for mark in marks)
    assert joined >= MANY - int(DEFAULT)
    said = [e["payload"]["custom_details"].get("findings") for e in storm.open.values()]
    assert str(joined) in said, "the count is that of all who joined"
    storm.clock.at += timedelta(minutes=1)
    storm.happen(Status.COMPLIANT, 25)
    print(f"{MANY} findings: {len(first)} pages in ten minutes, {storm.died} calls killed")
    assert storm.open == {}
    assert list(storm.pager._incidents.all()) == []
    assert storm.queue == []
    assert storm.aside == []
    assert storm.pipeline.rows() == []
    assert len(storm.pages) <= 3
    assert storm.died
