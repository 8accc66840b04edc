"""A look at everything after an event: in parts, one at a time, and none that came meanwhile lost."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from readiness import Severity, Status, complies, heading
from readiness.engine import everything
from readiness.engine import function as module
from readiness.engine.aws import Aws
from readiness.engine.everything import NotContinued
from readiness.engine.function import Function
from readiness.engine.later import Later
from readiness.engine.leg import IDLE_LEGS
from readiness.engine.look_again import MOST_PARTS, WAITS
from readiness.engine.targets import MalformedEvent, Target
from readiness.engine.turns import LEASE, NOTHING_CAME, Turns
from readiness.model.unreadable import Cause, Unreadable
from tests.engine.things import THING, THINGS, Thing
from tests.fake_account import HOME, error
from tests.pipeline.standins import context
from tests.tables import FINDINGS, TRANSITIONS, make_store, make_tables

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
THROTTLED = Unreadable("test:GetThing", Cause.THROTTLED, "SlowDown")
toy = heading("Security", "Encryption")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def there(thing: Thing):
    """A thing is there."""
    return complies("It is there.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def owned(thing: Thing):
    """It has an owner."""
    return complies("It has one.")


EVERYTHING = [[there.id, None, None]]


class Machine:
    """Step Functions: a name is taken once; what was started waits to be run.

    ``beside`` are the looks for when another one's turn has ended.
    """

    def __init__(self):
        self.names, self.waiting, self.beside, self.refuses = set(), [], [], False

    def start_execution(self, *, stateMachineArn, name, input):  # noqa: N803
        if self.refuses:
            raise error("ExecutionLimitExceeded")
        if name in self.names:
            raise error("ExecutionAlreadyExists")
        self.names.add(name)
        asked = json.loads(input)
        is_beside = asked["event"]["look_again"].get("beside")
        (self.beside if is_beside else self.waiting).append(asked)


class Running:
    """A Lambda context whose time goes by with each look at the clock."""

    def __init__(self, milliseconds, step):
        self.invoked_function_arn = context().invoked_function_arn
        self.aws_request_id = "r"
        self._left, self._step = milliseconds, step

    def get_remaining_time_in_millis(self):
        self._left -= self._step
        return max(0, self._left)


@pytest.fixture
def dynamodb(monkeypatch, three_things):
    monkeypatch.setenv("AWS_DEFAULT_REGION", HOME)
    with mock_aws():
        yield make_tables()


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def clock(monkeypatch):
    times = [NOON]
    monkeypatch.setattr(module, "_now", lambda: times[0])
    return times


@pytest.fixture
def function(dynamodb, monkeypatch, machine, clock):
    monkeypatch.setattr("readiness.engine.survey._THREADS", 1)
    tables = {"FINDINGS_TABLE": FINDINGS, "TRANSITIONS_TABLE": TRANSITIONS}
    made = Function(toy, {**tables, "LOOK_AGAIN_MACHINE": "machine"})
    made.stored = make_store(dynamodb)
    real = made.deployment.session.client
    monkeypatch.setattr(
        made.deployment.session,
        "client",
        lambda service, **how: machine if service == "stepfunctions" else real(service, **how),
    )
    return made


def look(trigger="event-1", **more):
    return {"look_again": {"targets": EVERYTHING, "attempt": 0, "trigger": trigger, **more}}


def run(function, machine, event, most=40, running=context):
    """The look and every part that follows from it; the answers."""
    answers = [function(event, running())]
    while machine.waiting and len(answers) < most:
        answers.append(function(machine.waiting.pop(0)["event"], running()))
    return answers


def rows(function):
    return {row.resource.id: row for row in function.stored.all()}


def loaded():
    return Counter(id for kind, id in THINGS.loads if kind == "thing")


def short():
    return Running(120_000, 1000)


def test_a_look_that_has_not_the_time_goes_on_where_it_stopped(function, machine):
    THINGS.ids = [f"{number:03}" for number in range(250)]
    answers = run(function, machine, look(), running=short)
    assert len(answers) > 3
    assert all("cursor" in answer for answer in answers[:-1])
    assert "cursor" not in answers[-1]
    assert sum(answer["evaluated"] for answer in answers) == 250, "each is evaluated once"
    assert set(rows(function)) == set(THINGS.ids)
    assert {row.status for row in rows(function).values()} == {Status.COMPLIANT}
    assert {row.woken_by for row in rows(function).values()} == {"event"}


@pytest.mark.parametrize(("of_another_version", "evaluated"), [(False, 200), (True, 250)])
def test_a_part_of_another_version_begins_anew(function, machine, of_another_version, evaluated):
    """What the version before passed was not judged by the rules of this one."""
    THINGS.ids = [f"{number:03}" for number in range(250)]
    made_by = function.deployment.release
    cursor = {"type": THING.name, "region": HOME, "after": "049"}
    cursor["release"] = "of-another-version" if of_another_version else made_by
    answers = run(function, machine, look(cursor=cursor, part=1), running=short)
    assert sum(answer["evaluated"] for answer in answers) == evaluated
    assert {each["cursor"]["release"] for each in answers[:-1]} == {made_by}


@pytest.mark.parametrize(
    ("idle", "resumes"), [(0, True), (IDLE_LEGS - 1, True), (IDLE_LEGS, False)]
)
def test_after_many_idle_parts_what_has_no_turn_is_unknown(function, idle, resumes):
    """One question that cannot be answered in time does not hold up a look to its last part."""
    cursor = {"type": THING.name, "region": HOME, "after": "a", "idle": idle}
    function(look(cursor=cursor, part=1), context())
    assert function.deployment.pacer.resumes is resumes


def test_a_look_that_has_the_time_is_one(function, machine):
    [answer] = run(function, machine, look())
    assert answer == {"evaluated": 3, "transitions": 0}


def test_an_event_during_a_look_is_no_look_beside_it_and_one_after_it(function, machine, clock):
    THINGS.ids = [f"{number:03}" for number in range(150)]
    function(look(), short())
    THINGS.loads.clear()
    beside = function(look("event-2"), short())
    assert (beside["evaluated"], loaded()) == (0, Counter())
    while "cursor" in (answer := function(machine.waiting.pop(0)["event"], short())):
        assert not loaded()["000"], "the first look goes on"
    assert answer["later"] == 1
    [asked] = machine.waiting
    assert asked["wait"] == 60
    assert asked["event"]["look_again"]["origin"]["by"] == ""
    THINGS.loads.clear()
    answers = run(function, machine, machine.waiting.pop(0)["event"], running=short)
    assert loaded() == Counter(THINGS.ids), "from the beginning, and once"
    assert "later" not in answers[-1]
    assert not machine.waiting


@pytest.mark.parametrize("comes", [False, True], ids=["one event", "another came"])
def test_a_part_after_another_event_blames_no_principal(function, machine, comes):
    """The first event's caller need not have caused what is found half an hour later."""
    THINGS.ids = [f"{number:03}" for number in range(150)]
    origin = {"by": "ann", "call": "PutMetricAlarm", "woken_by": "event"}
    function(look(origin=origin), short())
    first = set(rows(function))
    if comes:
        assert function(look("event-2"), context())["evaluated"] == 0
    function(machine.waiting.pop(0)["event"], context())
    said = {id: row.changed_by for id, row in rows(function).items()}
    assert {said[id] for id in first} == {"ann"}
    assert {said[id] for id in set(THINGS.ids) - first} == {"" if comes else "ann"}


def test_a_look_after_the_end_of_another_is_its_own(function, machine):
    for number in range(3):
        [answer] = run(function, machine, look(f"event-{number}"))
        assert answer["evaluated"] == 3


def test_a_part_that_failed_is_made_again(function, machine, monkeypatch):
    """Lambda and the state machine bring the same event again."""
    THINGS.ids = [f"{number:03}" for number in range(150)]
    function(look(), short())
    asked = machine.waiting.pop(0)
    with monkeypatch.context() as patch:
        patch.setattr(function.store, "record", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            function(asked["event"], short())
    answers = run(function, machine, asked["event"], running=short)
    assert "cursor" not in answers[-1]
    assert set(rows(function)) == set(THINGS.ids)


def test_a_look_that_died_keeps_its_turn_for_a_while_only(function, machine, clock):
    turns = Turns(function.stored.client, TRANSITIONS, "encryption")
    key = turns.key([Target(there.id, None)])
    assert turns.take(key, "dead", NOON)
    assert function(look(), context())["evaluated"] == 0
    clock[0] = NOON + LEASE + timedelta(seconds=1)
    assert function(look("event-2"), context())["evaluated"] == 3


def test_what_cannot_be_read_for_now_waits_for_a_later_look(function, machine):
    THINGS.fails = {("thing", "b"): THROTTLED}
    answer = function(look(), context())
    assert answer["again"] == 1
    assert set(rows(function)) == {"a", "c"}
    [asked] = machine.waiting
    assert asked["event"]["look_again"]["targets"] == [[there.id, "b", None]]
    assert asked["event"]["look_again"]["attempt"] == 1


def test_where_no_later_look_can_be_had_it_is_unknown(function, machine):
    THINGS.fails = {("thing", "b"): THROTTLED}
    machine.refuses = True
    function(look(), context())
    assert rows(function)["b"].status is Status.INSUFFICIENT_DATA


def test_after_the_last_look_it_is_unknown(function, machine):
    THINGS.fails = {("thing", "b"): THROTTLED}
    function(look(attempt=len(WAITS)), context())
    assert rows(function)["b"].status is Status.INSUFFICIENT_DATA
    assert not machine.waiting


def test_a_later_look_does_not_wait_for_its_turn(function, machine):
    turns = Turns(function.stored.client, TRANSITIONS, "encryption")
    assert turns.take(turns.key([Target(there.id, None)]), "another", NOON)
    assert function(look(attempt=1), context())["evaluated"] == 3


def test_a_look_that_gets_nowhere_is_cut_and_counted(function, machine, capsys):
    function(look(part=MOST_PARTS), context(milliseconds=1000))
    assert not machine.waiting
    assert '"LooksCut":[1.0]' in capsys.readouterr().out
    assert function(look("event-2"), context())["evaluated"] == 3, "it has given its turn back"


def test_a_look_for_what_came_meanwhile_has_as_many_parts_as_the_first(function, machine, capsys):
    """A busy account begins anew again and again; each look is to get to its end."""
    function(look(part=MOST_PARTS), context(milliseconds=1000))
    function(look("event-2", part=MOST_PARTS - 1), context(milliseconds=1000))
    capsys.readouterr()
    assert function(look("event-3"), context())["evaluated"] == 0
    last = machine.waiting.pop(0)["event"]
    assert last["look_again"]["part"] == MOST_PARTS
    assert function(last, context())["later"] == 1
    begun = machine.waiting[0]["event"]
    assert begun["look_again"]["part"] == 1
    assert begun["look_again"]["begun"], "it is another look than the first"
    function(begun, context(milliseconds=1000))
    assert "LooksCut" not in capsys.readouterr().out
    assert len(machine.waiting) == 2, "its next part is another one than that of the first"


@pytest.mark.parametrize(
    ("part", "takes_over"),
    [
        pytest.param({}, True, id="the next part"),
        pytest.param({"begun": "2026-11-02T12:00:00.000Z"}, False, id="a look that began anew"),
        pytest.param({"attempt": 1}, False, id="a later look"),
        pytest.param({"trigger": "event-2"}, False, id="another event's"),
        pytest.param({"targets": [[owned.id, None, None]]}, False, id="about other rules"),
    ],
)
def test_only_the_next_part_of_a_look_takes_over_what_was_read(
    function, machine, monkeypatch, part, takes_over
):
    """A sandbox keeps what a part has read while others make the next parts, and begin anew."""
    THINGS.ids = [f"{number:03}" for number in range(250)]
    function(look(), short())
    event = machine.waiting.pop()["event"]
    event["look_again"] |= part
    taken_over = Mock()
    monkeypatch.setattr(Aws, "take_over", taken_over)
    function(event, context())
    assert taken_over.called is takes_over


def test_each_time_it_begins_anew_it_is_another_execution(function, machine, clock, monkeypatch):
    """Executions of one name are started once: the third look must not be taken for the second."""
    turns = Turns(function.stored.client, TRANSITIONS, "encryption")
    real = everything.survey

    def survey(*given, **how):
        assert not turns.take(turns.key([Target(there.id, None)]), "other", clock[0])
        return real(*given, **how)

    monkeypatch.setattr(everything, "survey", survey)
    asked = look()
    for _ in range(3):
        assert function(asked, context())["later"] == 1
        asked = machine.waiting.pop(0)["event"]
        clock[0] += timedelta(seconds=61)


@pytest.mark.parametrize("part", [0, 3])
def test_a_part_that_nobody_takes_is_tried_again(function, machine, part):
    """What is left must not wait for the sweep because one call failed."""
    THINGS.ids = [f"{number:03}" for number in range(150)]
    machine.refuses = True
    with pytest.raises(NotContinued):
        function(look(part=part), short())
    machine.refuses = False
    answers = run(function, machine, look(part=part), running=short)
    assert "cursor" not in answers[-1]
    assert set(rows(function)) == set(THINGS.ids)


def named_in(machine):
    return [set(asked["event"]["look_again"].get("named", ())) for asked in machine.waiting]


def test_what_is_looked_at_again_is_read_anew_where_an_event_named_it(function, machine):
    """Answers of the day are renewed only for what an event named."""
    THINGS.ids = [f"{number:03}" for number in range(100)]
    function(look(named=["a"]), short())
    function(look("event-2", named=["b"]), context())
    function(look("event-3", named=["c"]), context())
    function(machine.waiting.pop(0)["event"], context())
    assert named_in(machine) == [{"b", "c"}]


# -- looks that die -------------------------------------------------------------------------------


def dead(function, *events):
    """A look that was killed at work, and events that came meanwhile."""
    turns = Turns(function.stored.client, TRANSITIONS, "encryption")
    assert turns.take(turns.key([Target(there.id, None)]), "dead", NOON)
    for event in events:
        assert function(look(event), context())["evaluated"] == 0


def test_what_came_during_a_look_that_died_is_looked_at_when_its_turn_is_over(
    function, machine, clock
):
    dead(function, "event-2", "event-3")
    [asked] = machine.beside
    assert LEASE < timedelta(seconds=asked["wait"]) < timedelta(minutes=15)
    clock[0] = NOON + timedelta(seconds=asked["wait"])
    origin = {"by": "ann", "call": "PutMetricAlarm", "woken_by": "event"}
    asked["event"]["look_again"]["origin"] |= origin
    assert function(asked["event"], context())["evaluated"] == 3
    assert not machine.waiting
    assert function(asked["event"], context())["evaluated"] == 0, "once is enough"


def test_the_look_for_a_dead_one_blames_nobody(function, machine):
    origin = {"by": "ann", "call": "PutMetricAlarm", "woken_by": "event"}
    dead(function)
    function(look("event-2", origin=origin), context())
    assert machine.beside[0]["event"]["look_again"]["origin"]["by"] == ""


def test_nothing_is_looked_at_beside_a_look_that_ended_well(function, machine, clock):
    THINGS.ids = [f"{number:03}" for number in range(150)]
    function(look(), short())
    function(look("event-2"), context())
    run(function, machine, machine.waiting.pop(0)["event"], running=short)
    clock[0] = NOON + timedelta(minutes=11)
    assert function(machine.beside.pop()["event"], context())["evaluated"] == 0
    assert not machine.waiting


def test_while_a_look_goes_on_the_one_beside_it_waits_for_another_turn(function, machine, clock):
    dead(function, "event-2")
    clock[0] = NOON + timedelta(minutes=11)
    turns = Turns(function.stored.client, TRANSITIONS, "encryption")
    assert turns.take(turns.key([Target(there.id, None)]), "dead", clock[0]), "its next part"
    assert function(machine.beside.pop()["event"], context())["evaluated"] == 0
    [asked] = machine.beside
    clock[0] = NOON + timedelta(minutes=22)
    assert function(asked["event"], context())["evaluated"] == 3


def test_an_event_that_nobody_would_look_at_is_tried_again(function, machine):
    dead(function)
    machine.refuses = True
    with pytest.raises(NotContinued):
        function(look("event-2"), context())


def test_where_no_note_can_be_left_it_is_looked_at_at_once(function, machine, monkeypatch):
    dead(function)
    monkeypatch.setattr(Turns, "_note_more", lambda *_: False)
    assert function(look("event-2"), context())["evaluated"] == 3


def killed(patch, where, name):
    """Lambda ends the function there."""

    def die(*_, **__):
        raise SystemExit

    patch.setattr(where, name, die)


def test_a_look_killed_at_its_end_loses_no_note(function, machine, monkeypatch):
    """Between giving its turn back and asking for the look at what came meanwhile."""
    THINGS.ids = [f"{number:03}" for number in range(100)]
    function(look(), short())
    assert function(look("event-2"), context())["evaluated"] == 0
    last = machine.waiting.pop(0)["event"]
    with monkeypatch.context() as patch:
        killed(patch, Later, "begin_anew")
        with pytest.raises(SystemExit):
            function(last, context())
    function(last, context())
    [asked] = machine.waiting
    assert asked["event"]["look_again"]["begun"]


@pytest.mark.parametrize("running", [context, short], ids=["whole", "in parts"])
@pytest.mark.parametrize("where", ["survey", "forget"])
def test_a_look_for_a_dead_one_that_is_killed_too_is_made_again(
    function, machine, clock, monkeypatch, where, running
):
    """The state machine brings the same part again, and the note has to be there still."""
    THINGS.ids = [f"{number:03}" for number in range(100)]
    dead(function, "event-2")
    [asked] = machine.beside
    asked["event"]["look_again"]["named"] = ["a"]
    clock[0] = NOON + timedelta(seconds=asked["wait"])
    with monkeypatch.context() as patch:
        module_of = {"survey": everything, "forget": Turns}
        killed(patch, module_of[where], where)
        with pytest.raises(SystemExit):
            function(asked["event"], running())
    assert sum(a["evaluated"] for a in run(function, machine, asked["event"], 9, running)) >= 100
    assert set(rows(function)) == set(THINGS.ids)


ANN = {"by": "ann", "call": "PutMetricAlarm", "woken_by": "event"}


def test_whose_look_sees_what_others_did_before_is_not_blamed_for_it(function, machine, clock):
    """After a look that died the next event may come before the look that was asked for."""
    dead(function, "event-2")
    clock[0] = NOON + LEASE + timedelta(seconds=5)
    run(function, machine, look("event-3", origin=ANN, named=["a"]))
    assert {row.changed_by for row in rows(function).values()} == {""}
    clock[0] = NOON + timedelta(seconds=machine.beside[0]["wait"])
    assert function(machine.beside.pop()["event"], context())["evaluated"] == 0, "it was seen"


def test_between_a_look_and_that_for_what_came_meanwhile_nobody_is_blamed(function, machine):
    THINGS.ids = [f"{number:03}" for number in range(100)]
    function(look(), short())
    function(look("event-2"), context())
    function(machine.waiting.pop(0)["event"], context())
    [anew] = machine.waiting
    THINGS.ids.append("made by event-2")
    function(look("event-3", origin=ANN), context())
    assert {row.changed_by for row in rows(function).values()} == {""}
    assert function(anew["event"], context())["evaluated"] == 101
    assert machine.waiting == [anew]


@pytest.mark.parametrize(
    "broken",
    [
        {"part": -1},
        {"part": True},
        {"part": "1"},
        {"cursor": "x"},
        {"cursor": {"x": 1}},
    ],
)
def test_a_part_that_says_nothing_usable_is_refused(function, broken):
    with pytest.raises(MalformedEvent):
        function(look(**broken), context())


# -- turns -----------------------------------------------------------------------------------------


@pytest.fixture
def turns(dynamodb):
    return Turns(dynamodb, TRANSITIONS, "encryption")


def test_whose_turn_it_is(turns):
    assert turns.take("k", "one", NOON)
    assert turns.take("k", "one", NOON), "its next part, or another try"
    assert turns.take("other", "two", NOON)
    assert not turns.take("k", "two", NOON)
    noted = turns.end("k", "one", NOON)
    assert noted.came, "another event came"
    assert turns.take("k", "two", NOON)
    turns.forget("k", noted, NOON)
    assert turns.end("k", "two", NOON) == NOTHING_CAME


def test_a_note_of_later_is_not_forgotten_with_an_earlier_one(turns):
    assert turns.take("k", "one", NOON)
    assert not turns.take("k", "two", NOON)
    noted = turns.noted("k")
    assert not turns.take("k", "three", NOON + timedelta(seconds=1))
    turns.forget("k", noted, NOON)
    assert turns.end("k", "one", NOON) == turns.noted("k") != noted


def test_looks_at_what_refers_to_another_type_have_turns_of_their_own(turns):
    keys = {
        turns.key([Target("r", None)]),
        turns.key([Target("r", None, ("AWS::KMS::Key", "x"))]),
        turns.key([Target("r", None, ("AWS::IAM::Role", "x"))]),
    }
    assert len(keys) == 3
    assert turns.key([Target("r", None, ("AWS::KMS::Key", "y"))]) in keys


def test_what_the_events_named_stands_in_the_note(turns):
    assert turns.take("k", "one", NOON, {"first"})
    assert not turns.take("k", "two", NOON, {"a"})
    assert not turns.take("k", "three", NOON, {"b"})
    assert turns.noted("k").named == {"a", "b"}
    turns.forget("k", turns.noted("k"), NOON)
    assert turns.noted("k") == NOTHING_CAME


def test_whose_turn_has_lapsed_does_not_end_the_next_one(turns):
    assert turns.take("k", "one", NOON)
    later = NOON + LEASE + timedelta(seconds=1)
    assert turns.take("k", "two", later)
    assert turns.end("k", "one", later) == NOTHING_CAME
    assert not turns.take("k", "three", later)


def test_a_turn_that_ends_while_another_asks_is_taken_by_it(turns, monkeypatch):
    """Between being refused and saying so the first look ends, and sees nothing that waits."""
    assert turns.take("k", "one", NOON)
    note = turns._note_more

    def ended_first(*said):
        assert turns.end("k", "one", NOON) == NOTHING_CAME
        return note(*said)

    monkeypatch.setattr(turns, "_note_more", ended_first)
    assert turns.take("k", "two", NOON)


def test_an_end_that_failed_halfway_and_is_made_again_knows_what_came(turns, monkeypatch):
    """Lambda brings the event again: what came meanwhile must not be lost with the first try."""
    assert turns.take("k", "one", NOON)
    assert not turns.take("k", "two", NOON)
    with monkeypatch.context() as patched:
        patched.setattr(turns, "_noted", Mock(side_effect=error("ThrottlingException")))
        with pytest.raises(ClientError):
            turns.end("k", "one", NOON)
    noted = turns.end("k", "one", NOON)
    assert noted.came
    turns.forget("k", noted, NOON)
    assert not turns.end("k", "one", NOON).came, "it is told once"


def test_the_rows_of_turns_are_no_transitions_and_expire(turns, dynamodb):
    turns.take("k", "one", NOON)
    turns.take("k", "two", NOON)
    rows = dynamodb.scan(TableName=TRANSITIONS)["Items"]
    assert sorted(row["at"]["S"] for row in rows) == ["k", "k#more"]
    for row in rows:
        assert "unpublished" not in row
        assert row["kind"] == {"S": "LOOK"}
        assert row["expires_at"] == {"N": str(int((NOON + timedelta(days=1)).timestamp()))}


@pytest.mark.parametrize(
    "failure",
    [error("ThrottlingException"), EndpointConnectionError(endpoint_url="https://dynamodb")],
    ids=["refused", "unreachable"],
)
def test_where_the_table_does_not_answer_each_look_is_made(turns, monkeypatch, failure):
    def fail(**_):
        raise failure

    monkeypatch.setattr(turns._client, "put_item", fail)
    assert turns.take("k", "one", NOON)
    assert turns.take("k", "two", NOON)
    with pytest.raises(type(failure)):
        turns.end("k", "one", NOON)


def test_whether_another_event_came_cannot_always_be_told(turns, monkeypatch):
    assert turns.take("k", "one", NOON)
    assert turns.noted("k") == NOTHING_CAME
    monkeypatch.setattr(turns._client, "get_item", Mock(side_effect=error("ThrottlingException")))
    assert turns.noted("k") is None
