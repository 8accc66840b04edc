"""A look at everything: what it reads, counts, and leaves behind."""

from __future__ import annotations

import json

import pytest
from moto import mock_aws

from readiness import Severity, Status, complies, heading, violates
from readiness.engine.everything import NotContinued
from readiness.engine.function import Function
from readiness.engine.store import Unavailable, Unwritable
from readiness.engine.sweep import Legs
from readiness.model.unreadable import Cause, Unreadable
from tests.engine.functions import OneAtATime
from tests.engine.test_counting import sent
from tests.engine.things import DENIED, THINGS, Thing
from tests.fake_account import HOME, error
from tests.pipeline.standins import context
from tests.tables import FINDINGS, TRANSITIONS, make_store, make_tables

toy = heading("Security", "Encryption")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def owned(thing: Thing):
    """A thing has an owner."""
    return complies("It has.") if thing.owner else violates("It has none.", expected="One.")


class Machine:
    def __init__(self):
        self.asked, self.refuses = [], False

    def start_execution(self, *, stateMachineArn, name, input):  # noqa: N803
        if self.refuses:
            raise error("ExecutionLimitExceeded")
        self.asked.append(json.loads(input)["event"])


@pytest.fixture
def function(monkeypatch, three_things):
    monkeypatch.setenv("AWS_DEFAULT_REGION", HOME)
    with mock_aws():
        dynamodb = make_tables()
        tables = {"FINDINGS_TABLE": FINDINGS, "TRANSITIONS_TABLE": TRANSITIONS}
        function = Function(toy, {**tables, "LOOK_AGAIN_MACHINE": "machine"})
        function.store._client = OneAtATime(function.store._client)
        function.stored, function.machine = make_store(dynamodb), Machine()
        real = function.deployment.session.client
        monkeypatch.setattr(
            function.deployment.session,
            "client",
            lambda service, **how: (
                function.machine if service == "stepfunctions" else real(service, **how)
            ),
        )
        yield function


def look(function, trigger="event-1", milliseconds=300_000, **more):
    asked = {"targets": [[owned.id, None, None]], "attempt": 0, "trigger": trigger, **more}
    return function({"look_again": asked}, context(milliseconds))


def statuses(function):
    return {row.resource.id: row.status for row in function.stored.all()}


def test_what_the_event_named_is_read_anew(function, monkeypatch):
    named = []
    evaluation = function.deployment.evaluation
    monkeypatch.setattr(
        function.deployment,
        "evaluation",
        lambda *how, **more: named.append(more["named"]) or evaluation(*how, **more),
    )
    look(function, named=["a"])
    assert named == [{"a"}]


def test_what_is_stored_of_a_batch_is_read_at_once(function, monkeypatch):
    THINGS.ids = [f"{number:02}" for number in range(30)]
    look(function)
    queries, query = [], function.store.client.query
    monkeypatch.setattr(
        function.store.client, "query", lambda **asked: queries.append(asked) or query(**asked)
    )
    assert look(function, "event-2")["evaluated"] == 30
    assert len(queries) < 10


def test_what_changed_is_read_a_second_time(function):
    """Another run may have read a newer state between this one's read and its write."""
    look(function)
    THINGS.owner = {"a": "", "b": "y", "c": ""}
    THINGS.loads.clear()
    look(function, "event-2")
    assert [id for _, id in sorted(THINGS.loads)] == ["a", "a", "b", "c"]
    assert statuses(function)["a"] is Status.NON_COMPLIANT


class FromTheSecondOn(dict):
    """Fails each read but the first."""

    def __init__(self, failure):
        super().__init__()
        self.failure, self.read = failure, set()

    def __contains__(self, what):
        again = what in self.read
        self.read.add(what)
        return again

    def __getitem__(self, what):
        return self.failure


def test_a_second_look_that_fails_for_a_passing_reason_is_made_later(function):
    look(function)
    THINGS.owner = {"a": "", "b": "y", "c": ""}
    THINGS.fails = FromTheSecondOn(Unreadable("test:GetThing", Cause.THROTTLED, "SlowDown"))
    look(function, "event-2")
    assert statuses(function)["a"] is Status.NON_COMPLIANT
    [asked] = function.machine.asked
    assert asked["look_again"]["targets"] == [[owned.id, "a", None]]


def test_what_cannot_be_judged_is_counted_and_logged(function, capsys, caplog):
    THINGS.fails = {("thing", "b"): DENIED}
    look(function)
    [logged] = [each for each in caplog.records if each.getMessage() == "could not be judged"]
    assert (logged.rule, logged.missing) == (owned.id, ["test:GetThing"])
    counted = {name: count for _, name, count in sent(capsys)}
    assert counted["BlindVerdicts"] == 1


@pytest.mark.parametrize(
    ("refuses", "attempt"), [(True, 0), (False, 4)], ids=["nobody takes it", "the last look"]
)
def test_a_finding_that_cannot_be_written_fails_the_look_after_the_others(
    function, monkeypatch, refuses, attempt
):
    """A success would tell Lambda that the event is done with."""
    record = function.store.record

    def throttled(seen, stored, **how):
        if seen.resource.id == "b":
            raise Unavailable("throttled")
        return record(seen, stored, **how)

    monkeypatch.setattr(function.store, "record", throttled)
    function.machine.refuses = refuses
    with pytest.raises(Unwritable, match="1 findings could not be written"):
        look(function, attempt=attempt)
    assert statuses(function).keys() == {"a", "c"}
    assert function.machine.asked == []


def test_a_part_goes_on_with_what_the_one_before_has_read(function, monkeypatch):
    taken, relieved, take_over = [], [], Legs.take_over
    monkeypatch.setattr(function.sandbox, "relieve", lambda: relieved.append(1))

    def watched(self, leg, aws):
        take_over(self, leg, aws)
        taken.append(aws.has_taken_over)

    monkeypatch.setattr(Legs, "take_over", watched)
    look(function, milliseconds=1000)
    [following] = function.machine.asked
    function(following, context())
    look(function, "event-2")
    assert taken == [False, True, False]
    assert len(relieved) == 3, "and frees its memory"


def test_a_part_that_nobody_takes_names_what_is_left_to_another_try(function):
    function.machine.refuses = True
    with pytest.raises(NotContinued, match="next part"):
        look(function, milliseconds=1000)
