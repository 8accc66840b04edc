"""Two forwarders at once, whose calls come in every order that a seed makes.

ORDERS says how many; thousands take a minute, and find what the others of this folder do not.
"""

from __future__ import annotations

import os
import random
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from functions.pagerduty import app
from readiness import Severity
from readiness.alerting import incidents
from readiness.alerting.resolving import Resolver
from readiness.model.finding import iso
from tests.pipeline.test_on_call_rules import SUBJECTS, TRANSITIONS, World

ORDERS = int(os.environ.get("ORDERS", "12"))


class Turns:
    """Threads of which one runs at a time; at each call another one may go on."""

    def __init__(self, draw):
        self._draw = draw
        self._changed = threading.Condition()
        self._turn = ""
        self._alive = set()
        self._failed = []

    def pass_on(self, _=None):
        me = threading.current_thread().name
        if me in self._alive:
            with self._changed:
                self._next()
                self._changed.wait_for(lambda: self._turn == me)

    def _next(self):
        self._turn = self._draw.choice(sorted(self._alive)) if self._alive else ""
        self._changed.notify_all()

    def _body(self, name, job):
        with self._changed:
            self._changed.wait_for(lambda: self._turn == name)
        try:
            job()
        except BaseException as error:
            self._failed.append(error)
        with self._changed:
            self._alive.discard(name)
            self._next()

    def run(self, jobs):
        self._alive = set(jobs)
        threads = [
            threading.Thread(target=self._body, args=each, name=each[0]) for each in jobs.items()
        ]
        for each in threads:
            each.start()
        with self._changed:
            self._next()
        for each in threads:
            each.join()
        assert self._failed == []


class Orders:
    """A world in which two forwarders and whoever changes findings take turns."""

    def __init__(self, seed, monkeypatch):
        self.draw = random.Random(seed)
        self.turns = Turns(self.draw)
        self.world = world = World()
        monkeypatch.setattr(app, "datetime", app.datetime)
        world.begin(above=self.draw.choice([0, 0, 1, 2]), night=False, low=True, confirm=0)
        monkeypatch.setattr(incidents, "datetime", world.clock)
        self.over = 0
        self._taken = set()
        self._send = world.send
        world.send = self.send
        self._pagers = [self._another(), self._another()]
        world.memory.fail = self.turns.pass_on
        for name in ("get", "history"):
            setattr(world.store, name, self._in_turn(getattr(world.store, name)))

    def _another(self):
        self.world.renew()
        return self.world.pager

    def _in_turn(self, call):
        def in_turn(*args):
            self.turns.pass_on()
            return call(*args)

        return in_turn

    def send(self, event):
        self.turns.pass_on()
        reply = self._send(event)
        self.turns.pass_on()
        return reply

    def run(self, **others):
        changes = {"changes": self.change}
        forwarders = {f"forwarder {n}": self.forward for n in (1, 2)}
        self.turns.run(forwarders | changes | others)
        self.world.memory.fail = lambda _: None

    def wait(self, *times):
        for _ in range(self.draw.choice(times)):
            self.turns.pass_on()

    def change(self):
        subjects = self.draw.sample(SUBJECTS, self.draw.choice([1, 1, 2, 3]))
        for _ in range(self.draw.choice([2, 3, 4, 6])):
            self.wait(0, 3, 10, 25)
            self.world.change(
                self.draw.choice(subjects),
                self.draw.choice(["open", "open", "over", "over", "waived"]),
                self.draw.choice([Severity.CRITICAL, Severity.HIGH]),
                self.draw.choice(["", "payments"]),
                twice=self.draw.random() < 0.2,
            )
        self.over += 1

    def forward(self):
        """Until the queue is empty; what waits for the end of a deletion is tried for a while."""
        pager = self._pagers.pop()
        idle = 0
        while idle < 4:
            self.turns.pass_on()
            left = [each for each in self.world.queue if each["messageId"] not in self._taken]
            if not left:
                idle += bool(self.over)
                continue
            message = self.draw.choice(left)
            self._taken.add(message["messageId"])
            try:
                pager.deliver(SQSRecord(message))
            except app.Later:
                pager._queue.paused_for = None
                message["tries"] = message.get("tries", 0) + 1
                if message["tries"] < 9:
                    self._taken.discard(message["messageId"])
            else:
                self.world.queue.remove(message)
            self.world.clock.at += timedelta(seconds=self.draw.choice([0, 1, 61]))


@pytest.mark.parametrize("seed", range(ORDERS))
def test_once_it_is_calm_the_incidents_are_as_the_findings_are(seed, monkeypatch):
    orders = Orders(seed, monkeypatch)
    orders.run()
    orders.world.renew()
    orders.world.calm()


@pytest.mark.parametrize("seed", range(ORDERS))
def test_a_deletion_leaves_no_incident(seed, monkeypatch):
    orders = Orders(seed, monkeypatch)
    world = orders.world

    def delete():
        orders.wait(5, 20, 40, 80)
        until = {"S": iso(world.clock.at + timedelta(hours=1))}
        key = {"finding_id": {"S": "incidents"}, "at": {"S": "closing"}}
        world.memory.put_item(TableName=TRANSITIONS, Item=key | {"until": until})
        resolver = Resolver(
            world.store,
            world.pager._sender.key,
            SimpleNamespace(send=orders.send),
            lowest=Severity.HIGH,
            wait=orders.turns.pass_on,
        )
        assert all(each.ok for each in resolver.run())

    orders.run(deletion=delete)
    assert world.open == {}
