"""Where thousands of resources refer to one, and AWS Config asks about all: in parts, all of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from moto import mock_aws

from readiness import Severity, complies, heading, violates
from readiness.engine import function as module
from readiness.engine.everything import NotContinued
from readiness.engine.function import Function
from readiness.engine.store import Unavailable, Unwritable
from readiness.engine.targets import Target
from readiness.engine.turns import LEASE
from readiness.model.evidence import ResourceType, config_resource_id, evidence
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable
from tests.engine.test_function_widely import Machine, Running
from tests.engine.things import OWNER, Owner
from tests.fake_account import ACCOUNT_ID, HOME, error
from tests.pipeline.standins import context
from tests.tables import FINDINGS, TRANSITIONS, make_store, make_tables

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
THROTTLED = Unreadable("test:GetItem", Cause.THROTTLED, "SlowDown")
IDS, FAILS, LOADS = [], {}, Counter()
MOST = 40
"""Of how many subjects an invocation asks here."""
ITEM = ResourceType("AWS::Test::Item", lambda read: IDS, identify=config_resource_id)
toy = heading("Security", "Encryption")


@evidence(ITEM, reads=("test:GetItem",))
@dataclass(frozen=True)
class Item:
    id: str
    owner: Resource

    @classmethod
    def load(cls, read, resource):
        LOADS[resource.id] += 1
        if resource.id in FAILS:
            raise FAILS[resource.id]
        name = "x" if int(resource.id) % 10 == 0 else "y"
        return cls(resource.id, OWNER.resource(read.account, read.region, name))


@toy.rule("Enable key rotation", severity=Severity.LOW)
def owned(item: Item, owner: Owner):
    """It has an owner."""
    return complies(f"{owner.id} owns it.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def even(item: Item, *, strict: bool = False):
    """It has an even number."""
    if int(item.id) % 2 or strict:
        return violates("It is odd.", expected="An even number.")
    return complies("It is even.")


@pytest.fixture
def machine():
    return Machine()


class ConfigService:
    def __init__(self):
        self.said, self.calls, self.refuses = Counter(), 0, None

    def put_evaluations(self, *, Evaluations, ResultToken, TestMode):  # noqa: N803
        if self.refuses:
            raise self.refuses
        self.calls += 1
        assert ResultToken == "token-1"
        for each in Evaluations:
            self.said[each["ComplianceResourceId"], each["ComplianceType"]] += 1
        return {"FailedEvaluations": []}


@pytest.fixture
def config(function):
    made = function.deployment.clients["config", HOME] = ConfigService()
    return made


@pytest.fixture
def function(monkeypatch, machine):
    monkeypatch.setenv("AWS_DEFAULT_REGION", HOME)
    monkeypatch.setattr("readiness.engine.survey._THREADS", 1)
    monkeypatch.setattr(module, "_now", lambda: NOON)
    monkeypatch.setattr("readiness.engine.follow.MOST_REFERRING", MOST)
    IDS[:] = [f"{number:04}" for number in range(MOST + 20)]
    FAILS.clear()
    LOADS.clear()
    with mock_aws():
        dynamodb = make_tables()
        tables = {"FINDINGS_TABLE": FINDINGS, "TRANSITIONS_TABLE": TRANSITIONS}
        made = Function(toy, {**tables, "LOOK_AGAIN_MACHINE": "machine"})
        made.stored = make_store(dynamodb)
        real = made.deployment.session.client
        monkeypatch.setattr(
            made.deployment.session,
            "client",
            lambda service, **how: machine if service == "stepfunctions" else real(service, **how),
        )
        yield made


def short():
    return Running(60_000, 700)


def about(*names, **more):
    targets = [[owned.id, None, [OWNER.name, name]] for name in names]
    return {"look_again": {"targets": targets, "attempt": 0, "trigger": "event-1", **more}}


ANN = {"by": "ann", "call": "PutOwner", "woken_by": "event"}


def run(function, machine, event, running=short):
    answers = [function(event, running())]
    while machine.waiting:
        assert len(answers) < 60
        answers.append(function(machine.waiting.pop(0)["event"], running()))
    return answers


def rows(function):
    return {row.resource.id: row for row in function.stored.all()}


REFER = {f"{number:04}" for number in range(0, MOST + 20, 10)}


def test_many_subjects_are_asked_in_parts_and_those_that_refer_are_evaluated(function, machine):
    answers = run(function, machine, about("x", origin=ANN))
    assert len(answers) > 3
    assert set(rows(function)) == REFER
    assert {row.changed_by for row in rows(function).values()} == {"ann"}
    assert max(LOADS.values()) <= 2, "once, and once more what was left by the part before"


def test_few_subjects_are_asked_at_once(function, machine):
    IDS[:] = IDS[:MOST]
    [answer] = run(function, machine, about("x"), context)
    assert answer["evaluated"] == MOST // 10
    assert not machine.names


def test_an_event_about_another_one_meanwhile_is_looked_at_afterwards(function, machine):
    function(about("x", origin=ANN), short())
    function(about("y", trigger="event-2"), short())
    run(function, machine, machine.waiting.pop(0)["event"], running=context)
    assert set(rows(function)) == set(IDS), "y's too"
    assert {row.changed_by for id, row in rows(function).items() if id not in REFER} == {""}


def test_what_came_during_a_look_that_died_is_seen_by_the_next_one_whatever_that_is_about(
    function, machine, monkeypatch
):
    turns = function.everything._turns
    assert turns.take(turns.key([Target(owned.id, None, (OWNER.name, "x"))]), "dead", NOON)
    assert function(about("y"), short())["evaluated"] == 0
    monkeypatch.setattr(module, "_now", lambda: NOON + LEASE + timedelta(seconds=5))
    run(function, machine, about("x", trigger="event-2", origin=ANN))
    assert set(rows(function)) == set(IDS)
    assert {row.changed_by for row in rows(function).values()} == {""}
    assert function(machine.beside.pop()["event"], context())["evaluated"] == 0


def test_a_reference_that_cannot_be_read_is_evaluated_all_the_same(function, machine):
    FAILS["0001"] = THROTTLED
    function(about("x"), context())
    [asked] = machine.waiting
    assert asked["event"]["look_again"]["targets"] == [[owned.id, "0001", None]]


def test_a_part_is_a_part_also_where_few_are_left(function, machine):
    """What is under way has its turn to give back."""
    function(about("x"), short())
    IDS[:] = IDS[: MOST - 10]
    run(function, machine, machine.waiting.pop(0)["event"])
    assert function(about("x", trigger="event-2", beside=True), context())["evaluated"] == 0


# -- AWS Config asks about everything --------------------------------------------------------------


def scheduled(**parameters):
    invoking = {
        "messageType": "ScheduledNotification",
        "notificationCreationTime": "2026-11-02T12:00:00.000Z",
    }
    return {
        "invokingEvent": json.dumps(invoking),
        "ruleParameters": json.dumps(parameters),
        "resultToken": "token-1",
        "accountId": ACCOUNT_ID,
        "configRuleName": "rule",
        "configRuleArn": f"arn:aws:config:{HOME}:{ACCOUNT_ID}:config-rule/config-rule-x",
    }


def verdicts():
    return {(id, "NON_COMPLIANT" if int(id) % 2 else "COMPLIANT") for id in IDS}


def test_a_question_about_everything_is_answered_in_parts(function, machine, config):
    answers = run(function, machine, scheduled())
    assert len(answers) > 3
    assert set(config.said) == verdicts()
    assert set(config.said.values()) == {1}, "each resource is answered once, by all its rules"
    assert len(list(function.stored.all())) == 2 * len(IDS)


def test_its_answers_are_sent_on_the_way(function, config, monkeypatch):
    monkeypatch.setattr("readiness.engine.config_answers.MOST_HELD", 20)
    IDS[:] = IDS[:50]
    function(scheduled(), context())
    assert set(config.said) == verdicts()
    assert set(config.said.values()) == {1}
    assert config.calls == 5, "50 resources, 10 at a time"


def test_what_cannot_be_read_for_now_is_answered_later_as_a_whole(function, machine, config):
    FAILS["0001"] = FAILS["0002"] = THROTTLED
    function(scheduled(), context())
    assert set(config.said) == {each for each in verdicts() if each[0] not in FAILS}
    [asked] = machine.waiting
    assert len(asked["event"]["look_again"]["targets"]) == 4
    FAILS.clear()
    function(machine.waiting.pop()["event"], context())
    assert set(config.said) == verdicts()


def test_thresholds_of_its_own_are_answered_and_not_recorded(function, machine, config):
    FAILS["0001"] = THROTTLED
    run(function, machine, scheduled(strict="true"))
    assert {said for _, said in config.said} == {"NON_COMPLIANT"}
    assert rows(function) == {}


def test_a_part_that_config_takes_no_more_still_records(function, machine, config):
    function(scheduled(), short())
    config.refuses = error("InvalidResultTokenException", 400)
    run(function, machine, machine.waiting.pop(0)["event"])
    assert set(rows(function)) == set(IDS)
    with pytest.raises(Exception, match="InvalidResultToken"):
        function(scheduled(), context())


@pytest.mark.parametrize("refusal", ["one call", "one resource"])
def test_answers_that_config_does_not_take_now_come_later_and_stop_nothing(
    function, machine, config, monkeypatch, refusal
):
    """Else one refused answer kept the rest of the account from being evaluated and answered."""
    taken, refused = config.put_evaluations, []

    def refuse(**request):
        if refusal == "one call" and not config.calls:
            config.calls += 1
            raise error("ThrottlingException", 400)
        bad = [e for e in request["Evaluations"] if e["ComplianceResourceId"] == "0003"]
        if refusal == "one resource" and bad and len(refused) < 4:
            refused.append(bad)
            good = [e for e in request["Evaluations"] if e not in bad]
            return {**taken(**{**request, "Evaluations": good}), "FailedEvaluations": bad}
        return taken(**request)

    monkeypatch.setattr(config, "put_evaluations", refuse)
    answers = run(function, machine, scheduled())
    assert len(answers) > 3
    assert set(config.said) == verdicts()
    assert set(rows(function)) == set(IDS)
    assert len(refused) == (4 if refusal == "one resource" else 0)


def test_what_config_does_not_take_is_asked_again_where_nothing_can_be_had_later(
    function, machine, config
):
    machine.refuses, config.refuses = True, error("ThrottlingException", 400)
    with pytest.raises(NotContinued):
        function(scheduled(), context())


def test_a_finding_that_could_not_be_written_in_a_part_is_looked_at_later(
    function, machine, monkeypatch
):
    """A table that is throttled for a moment must not cost a finding until the sweep."""
    real, refused = function.store.record, []

    def record(seen, stored, **how):
        if seen.resource.id == "0010" and not refused:
            refused.append(seen)
            raise Unavailable("throttled")
        return real(seen, stored, **how)

    monkeypatch.setattr(function.store, "record", record)
    answers = run(function, machine, about("x", origin=ANN))
    assert refused
    assert len(answers) > 3
    assert set(rows(function)) == REFER


def test_a_part_that_leaves_a_finding_unwritten_fails_where_no_later_look_can_be_had(
    function, machine, monkeypatch
):
    """The next part is asked for, and this one is made again."""
    monkeypatch.setattr(function.later, "ask", lambda *_: frozenset())

    def record(*_, **__):
        raise Unavailable("throttled")

    with monkeypatch.context() as patch:
        patch.setattr(function.store, "record", record)
        with pytest.raises(Unwritable):
            function(about("x", origin=ANN), short())
    run(function, machine, about("x", origin=ANN))
    assert set(rows(function)) == REFER


def test_a_question_whose_next_part_nobody_takes_is_asked_again(function, machine, config):
    machine.refuses = True
    with pytest.raises(NotContinued):
        function(scheduled(), short())


def test_two_questions_do_not_wait_for_each_other(function, machine, config):
    turns = function.everything._turns
    assert turns.take(turns.key([Target(rule.id, None) for rule in toy]), "another", NOON)
    assert function(scheduled(), context())["evaluated"] == 2 * len(IDS)
