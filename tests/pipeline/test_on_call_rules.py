"""Grouping, damping, quiet hours and windows together, in any order, with anything failing.

Whatever happens on the way: once it is calm, PagerDuty has an incident for everything that pages,
and for nothing else; and nothing CRITICAL ever waits for the end of a quiet time.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from functions.pagerduty import app
from readiness import Severity, Status
from readiness.alerting.held import HELD_PAGE, Held
from readiness.alerting.pagerduty import Reply
from readiness.alerting.quiet import Window, end_item, window_item
from readiness.alerting.severity import pages
from readiness.engine.history import History
from readiness.engine.rows import Entry
from readiness.model.finding import iso
from readiness.model.resource import Resource
from tests.findings import finding
from tests.pipeline.memory import Crash, Memory

TRANSITIONS, DECLARATIONS = "transitions", "declarations"
KEYS = {"": "key", "default": "key", "payments": "other"}
RULES = (
    "performance_benchmarks.service-error-rate",
    "performance_benchmarks.service-availability",
    "encryption.s3-kms",
)
SUBJECTS = tuple(
    (Resource("111122223333", "us-east-1", "AWS::ECS::Service", name), rule)
    for name in ("web", "jobs", "mail")
    for rule in RULES
)
BEGIN = datetime(2026, 11, 2, 12, tzinfo=UTC)
NIGHT = {"QUIET_HOURS": "22:00-07:00", "QUIET_TIME_ZONE": "Europe/Berlin"}
GOOD = Reply(202, '{"status": "success"}')


class Clock:
    def __init__(self):
        self.at = BEGIN

    def now(self, _=None):
        return self.at

    def __getattr__(self, name):
        return getattr(datetime, name)


class World(RuleBasedStateMachine):
    """Findings that change, a queue, forwarders that die, and PagerDuty's own state."""

    @initialize(
        above=st.sampled_from([0, 1, 2]),
        night=st.booleans(),
        low=st.booleans(),
        confirm=st.sampled_from([0, 120, 900]),
    )
    def begin(self, above, night, low, confirm):
        self.clock = Clock()
        self._was, app.datetime = app.datetime, self.clock
        self.faults = []
        self.memory = Memory(lambda _: self.faults.pop() if self.faults else None)
        self.answers = []
        self.findings, self.history = {}, {}
        self.queue, self.aside = [], []
        self.open, self.number, self.windows = {}, 0, []
        self.store = SimpleNamespace(
            client=self.memory,
            transitions_table=TRANSITIONS,
            get=lambda resource, rule: self.findings.get((resource, rule)),
            history=lambda id: self.history.get(id, []),
            put_once=History(self.memory, TRANSITIONS).put_once,
            unreadable={},
        )
        self.environment = {
            "PAGES_QUEUE_URL": "pages",
            "UNDELIVERED_QUEUE_URL": "aside",
            "DECLARATIONS_TABLE": DECLARATIONS,
            "PAGERDUTY_GROUP_ABOVE": str(above),
            "PAGERDUTY_CONFIRM_SECONDS": str(confirm),
            "PAGERDUTY_ROUTES": json.dumps({"owner=payments": "payments", "owner=x": "gone"}),
            "PAGERDUTY_LOWEST_SEVERITY": "HIGH" if low else "MEDIUM",
            **(NIGHT if night else {}),
        }
        self.renew()

    def teardown(self):
        if hasattr(self, "clock"):
            try:
                self.calm()
            finally:
                app.datetime = self._was

    def renew(self):
        """Another process of the forwarder, which knows nothing but the tables."""
        sqs = SimpleNamespace(
            change_message_visibility=lambda **_: None,
            send_message=lambda **sent: self.aside.append(sent),
        )
        keys = SimpleNamespace(
            get=lambda name="", fresh=False: KEYS[name],
            has=lambda name: name in KEYS,
            former=lambda name="", since="": "",
        )
        self.pager = app.Pager(
            store=self.store,
            key=keys,
            api=SimpleNamespace(send=self.send),
            sqs=sqs,
            environment=self.environment,
            cloudformation=Mock(),
            sns=Mock(),
            uniform=lambda low, high: high,
        )
        self.pager._groups.now = self.clock.now
        for part in (self.pager._held, self.pager._quiet):
            part._now = self.clock.now

    # -- PagerDuty --------------------------------------------------------------------------------

    def send(self, event):
        answer = self.answers.pop() if self.answers else "taken"
        if answer == "refused":
            return Reply(500, "later")
        key = event["routing_key"], event["dedup_key"]
        if event["event_action"] == "trigger":
            self.open[key] = event
        else:
            self.open.pop(key, None)
        if answer == "crash":
            raise Crash
        return Reply(0, "timeout") if answer == "lost" else GOOD

    # -- what happens -----------------------------------------------------------------------------

    @rule(
        subject=st.sampled_from(SUBJECTS),
        status=st.sampled_from(["open", "open", "over", "waived"]),
        severity=st.sampled_from([Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM]),
        owner=st.sampled_from(["", "payments", "x"]),
        twice=st.booleans(),
    )
    def change(self, subject, status, severity, owner, twice):
        resource, rule_id = subject
        was = self.findings.get(subject)
        self.clock.at += timedelta(milliseconds=7)
        at = self.clock.at
        made = finding(
            Status.COMPLIANT if status == "over" else Status.NON_COMPLIANT,
            at,
            resource=resource,
            rule=rule_id,
            severity=severity,
            owner=owner,
            waived_until=at + timedelta(days=9) if status == "waived" else None,
        )
        self.findings[subject] = made
        opens = made.is_open and not (was is not None and was.is_open)
        kind = "OPENED" if opens else "RESOLVED" if not made.is_open else "ESCALATED"
        row = Entry(made.id, iso(at), kind, resource.key, rule_id, status=str(made.status))
        self.history.setdefault(made.id, []).append(row)
        for _ in range(1 + twice):
            self.put({"resource": resource.key, "rule": rule_id})

    def put(self, body):
        self.number += 1
        self.queue.append(
            {
                "messageId": str(self.number),
                "receiptHandle": str(self.number),
                "body": json.dumps(body),
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": str(int(self.clock.at.timestamp() * 1000)),
                },
            }
        )

    @rule(which=st.integers(0, 50), stays=st.booleans())
    def deliver(self, which, stays):
        """One message, any of them; at times SQS delivers it again although it was taken."""
        if self.queue:
            message = self.queue[which % len(self.queue)]
            if self.try_one(message) and not stays:
                self.queue.remove(message)

    def try_one(self, message):
        try:
            self.pager.deliver(SQSRecord(message))
        except Crash:
            self.renew()
            return False
        except app.Later:
            self.pager._queue.paused_for = None
            return False
        return True

    @rule(minutes=st.sampled_from([1, 6, 11, 70, 500]))
    def wait(self, minutes):
        self.clock.at += timedelta(minutes=minutes)

    @rule(
        after=st.integers(0, 12), what=st.sampled_from(["throttle", "crash before", "crash after"])
    )
    def fault(self, after, what):
        self.faults = [what] + [None] * after

    @rule(answers=st.lists(st.sampled_from(["refused", "lost", "crash", "taken"]), max_size=3))
    def pagerduty_is_ill(self, answers):
        self.answers = answers

    @rule(
        above=st.sampled_from([0, 1, 2]),
        confirm=st.sampled_from([0, 120, 900]),
        owner=st.sampled_from(["payments", "x", "nobody"]),
    )
    def update(self, above, confirm, owner):
        """The stack gets other parameters while incidents are open."""
        self.environment |= {
            "PAGERDUTY_GROUP_ABOVE": str(above),
            "PAGERDUTY_CONFIRM_SECONDS": str(confirm),
            "PAGERDUTY_ROUTES": json.dumps({f"owner={owner}": "payments", "owner=*": "gone"}),
        }
        self.renew()

    @rule(hours=st.sampled_from([1, 3, 24, 900]), pattern=st.sampled_from(["", RULES[0], "x"]))
    def announce(self, hours, pattern):
        now = self.clock.at
        self.clock.at += timedelta(milliseconds=1)
        window = Window(
            f"w{len(self.windows)}", "ann", now, now + timedelta(hours=hours), "x", pattern
        )
        self.windows.append(window.id)
        self.faults = []
        self.memory.put_item(TableName=DECLARATIONS, Item=window_item(window))

    @rule(which=st.integers(0, 9))
    def end_early(self, which):
        if self.windows:
            self.clock.at += timedelta(milliseconds=1)
            item = end_item(self.windows[which % len(self.windows)], "bob", self.clock.at)
            self.faults = []
            self.memory.put_item(TableName=DECLARATIONS, Item=item)

    @rule()
    def tick(self):
        """The republishing schedule; it may die in the middle."""
        try:
            for page in Held(self.store, now=self.clock.now).due():
                self.put({"kind": HELD_PAGE, "resource": page.resource, "rule": page.rule})
        except (Crash, Exception) as died:
            if not isinstance(died, Crash) and "Throttling" not in str(died):
                raise

    # -- what must hold ---------------------------------------------------------------------------

    @rule()
    def drain(self):
        """Everything is delivered and nothing fails; it may be the middle of a window."""
        self.faults, self.answers = [], []
        for _ in range(40):
            for message in list(self.queue):
                if self.try_one(message):
                    self.queue.remove(message)
            if not self.queue:
                break
            self.clock.at += timedelta(minutes=11)
        assert not self.queue
        self.check_incidents(lambda found: found.severity is Severity.CRITICAL)

    def calm(self):
        """No window, no night, nothing fails, and the schedule goes on."""
        self.faults, self.answers = [], []
        self.clock.at = (self.clock.at + timedelta(days=2)).replace(hour=12)
        for _ in range(3):
            self.clock.at += timedelta(minutes=6)
            self.tick()
            self.drain()
        self.clock.at = self.clock.at.replace(hour=12)
        self.check_incidents(lambda found: True)
        assert not self.aside, "nothing was given up"
        held = self.memory.query(
            TableName=TRANSITIONS,
            KeyConditionExpression="finding_id = :f",
            ExpressionAttributeValues={":f": {"S": "held"}},
        )
        assert held["Items"] == []

    def check_incidents(self, has_to_page):
        lowest = Severity(self.environment["PAGERDUTY_LOWEST_SEVERITY"])
        marks = {mark.finding_id: mark for mark in self.pager._incidents.all()}
        needed = set()
        for found in self.findings.values():
            if not pages(found, lowest):
                assert found.id not in marks, "what is over has no mark"
                continue
            mark = marks.get(found.id)
            if mark is None:
                assert not has_to_page(found), f"{found.rule} pages nobody"
                continue
            key = KEYS[mark.route], mark.dedup_key
            assert key in self.open, f"{found.rule} was told, and its incident is closed"
            needed.add(key)
            if mark.group:
                group = self.pager._groups.get(mark.group)
                assert Severity(group.severity).at_least(found.severity), "nobody was woken for it"
        assert set(self.open) == needed, "an incident is open although its cause is gone"


World.TestCase.settings = settings(
    max_examples=int(os.environ.get("WORLD_EXAMPLES", "150")),
    stateful_step_count=int(os.environ.get("WORLD_STEPS", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestWorld = pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")(
    World.TestCase
)
