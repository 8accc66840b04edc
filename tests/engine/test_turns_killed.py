"""Looks at everything that are killed between any two calls: no event goes unseen."""

from __future__ import annotations

import heapq
import json
import random
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace

import pytest

from readiness.engine.crowds import Crowds
from readiness.engine.everything import Everything, NotContinued
from readiness.engine.later import Later
from readiness.engine.look_again import asked_for
from readiness.engine.targets import Target
from readiness.engine.turns import Turns
from tests.fake_account import error

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
EVERY = frozenset({Target("alarms.errors", None)})
TRIES, PART_SECONDS = 5, 200


class Killed(BaseException):
    """Lambda ends the process."""


class Table:
    """DynamoDB, as far as turns and names ask for it."""

    def __init__(self, world):
        self.rows, self.world = {}, world

    def get_item(self, *, Key, **_):  # noqa: N803
        self.world.may_die()
        found = self.rows.get(Key["at"]["S"])
        return {"Item": dict(found)} if found else {}

    def put_item(self, *, Item, ConditionExpression="", **given):  # noqa: N803
        self.world.may_die()
        old = self.rows.get(Item["at"]["S"], {})
        if ConditionExpression and not any(
            self._holds(each, old, given) for each in ConditionExpression.split(" OR ")
        ):
            raise error("ConditionalCheckFailedException")
        self.rows[Item["at"]["S"]] = Item
        self.world.may_die()

    @staticmethod
    def _holds(text, old, given):
        if text.startswith("attribute_not_exists("):
            return text[21:-1] not in old
        left, sign, right = text.split()
        named = given.get("ExpressionAttributeNames", {})
        value = old.get(named.get(left, left))
        wanted = given["ExpressionAttributeValues"][right]
        return value is not None and (value["S"] < wanted["S"] if sign == "<" else value == wanted)


class World:
    """Lambda, Step Functions and a clock, over the looks of one heading."""

    def __init__(self, seed, deadly):
        self.draw, self.deadly = random.Random(seed), deadly
        self.now, self.queue, self.order = NOON, [], count()
        self.names, self.seen, self.came, self.rounds = set(), {}, {}, {}
        self.dead = []
        client = Table(self)
        crowds = Crowds(client, "t", "alarms")
        counts = SimpleNamespace(add=lambda *_: None)
        self.later = Later(lambda: self, "machine", crowds, counts)
        self.later.function = "arn:aws:lambda:us-east-1:1:function:alarms"
        self.everything = Everything.__new__(Everything)
        self.everything._turns = Turns(client, "t", "alarms")
        self.everything._later = self.later
        self.everything._telemetry = SimpleNamespace(look_cut=lambda part: None)

    def may_die(self):
        if self.draw.random() < self.deadly:
            raise Killed

    def start_execution(self, *, name, input, **_):
        self.may_die()
        if self.draw.random() < self.deadly:
            raise error("ThrottlingException")
        if name in self.names:
            raise error("ExecutionAlreadyExists")
        self.names.add(name)
        asked = json.loads(input)
        self.at(asked["wait"], asked["event"]["look_again"])
        self.may_die()

    def at(self, seconds, look, tries=0):
        self.push(self.now + timedelta(seconds=seconds), look, tries, self.begin)

    def push(self, when, look, tries, step):
        heapq.heappush(self.queue, (when, next(self.order), look, tries, step))

    def event(self, seconds):
        trigger = f"event-{len(self.came)}"
        self.came[trigger] = NOON + timedelta(seconds=seconds)
        look = {"targets": [["alarms.errors", None, None]], "attempt": 0, "trigger": trigger}
        self.push(self.came[trigger], look, 0, self.begin)

    def run(self, until):
        while self.queue and self.queue[0][0] <= until:
            self.now, _, look, tries, step = heapq.heappop(self.queue)
            try:
                step(look, tries)
            except (Killed, NotContinued):
                if tries + 1 < TRIES:
                    self.at(30, look, tries + 1)
                else:
                    self.dead.append(self.now)
        self.now = until

    def begin(self, look, tries):
        """The beginning of a part, as Everything.look has it; it takes its time to the end."""
        asked = asked_for(look)
        key = self.everything._turns.key(asked.targets)
        begun = self.everything._begins(key, asked, lambda: self.now)
        if begun is None:
            return
        if asked.cursor is None:
            self.rounds[asked.round] = self.now

        def end(look, tries):
            self.end(key, *begun)

        self.push(self.now + timedelta(seconds=PART_SECONDS), look, tries, end)

    def end(self, key, asked, note):
        """The end of a part, as Everything.look has it."""
        self.may_die()
        done = (asked.cursor or {"n": 0})["n"] + 1
        if done < self.draw.choice([1, 2, 4]):
            self.everything._goes_on(asked, {"n": done})
            self.everything._turns.forget(key, note, self.now)
            return
        round = self.rounds.get(asked.round, NOON)
        for trigger, at in self.came.items():
            if at <= round:
                self.seen.setdefault(trigger, self.now)
        self.everything._end(key, asked, note, lambda: self.now)


@pytest.mark.parametrize("seed", [*range(60), 1555, 2061, 2116, 2160, 2295, 2534])
def test_no_event_goes_unseen(seed):
    """It is seen within an hour and a half, or a look after it lies with the failed events.

    That rings, and to send it again looks at everything.
    """
    draw = random.Random(seed)
    world = World(seed, deadly=draw.choice([0, 0.02, 0.1, 0.3]))
    for _ in range(draw.choice([1, 3, 8])):
        world.event(draw.randrange(0, 3600))
    world.run(NOON + timedelta(hours=1, minutes=20))
    world.deadly = 0
    world.run(NOON + timedelta(hours=3))
    unseen = [at for name, at in world.came.items() if name not in world.seen]
    assert not unseen or max(unseen) < max(world.dead)
    if not world.dead:
        assert all(
            at - world.came[name] < timedelta(minutes=90) for name, at in world.seen.items()
        )


def test_where_nothing_dies_every_event_is_seen_soon_after_the_look_before_it():
    world = World(7, deadly=0)
    for number in range(10):
        world.event(number * 60)
    world.run(NOON + timedelta(hours=2))
    assert set(world.seen) == set(world.came)
    assert not world.dead
    assert max(at - world.came[name] for name, at in world.seen.items()) < timedelta(minutes=45)
