"""What an event may concern is asked of AWS before it is looked at."""

from __future__ import annotations

import json

import pytest

from functions.support.app import support
from readiness.engine.doubts import unconcerned
from readiness.engine.function import Function
from readiness.engine.pacing import Pacer
from readiness.engine.targets import Doubt, EventTargets, Target
from tests.engine.functions import ACCOUNT_ID, api_call
from tests.fake_account import FakeAccount, error, evaluation
from tests.pipeline.standins import context
from tests.tables import FINDINGS, TRANSITIONS, client
from tests.virtual_time import VirtualClock

ONE, OTHER = Target("alarms.lambda-errors", None), Target("alarms.queue-age", None)
LISTS = frozenset({"events:ListRules"})


def has_rules(read, detail):
    return bool(read.every("events", "list_rules", "Rules", EventBusName=detail["bus"]))


def asked(answer, *doubted):
    aws = evaluation(FakeAccount({("events", "list_rules"): answer}), []).aws
    doubts = tuple(Doubt(has_rules, LISTS, {"bus": "b"}, frozenset(each)) for each in doubted)
    return unconcerned(EventTargets(ACCOUNT_ID, "us-east-1", frozenset({ONE}), doubts=doubts), aws)


def test_what_it_concerns_is_looked_at():
    assert asked({"Rules": [{"Name": "r"}]}, {ONE}) == set()


def test_what_it_does_not_concern_is_left_out():
    assert asked({"Rules": []}, {ONE}) == {ONE}


def test_what_cannot_be_read_may_be_concerned():
    assert asked(error("AccessDeniedException"), {ONE}) == set()


def test_one_answer_that_it_concerns_is_enough():
    def never(read, detail):
        return False

    seen = EventTargets(
        ACCOUNT_ID,
        "us-east-1",
        doubts=(
            Doubt(never, LISTS, {}, frozenset({ONE, OTHER})),
            Doubt(has_rules, LISTS, {"bus": "b"}, frozenset({ONE})),
        ),
    )
    account = FakeAccount({("events", "list_rules"): {"Rules": [{"Name": "r"}]}})
    assert unconcerned(seen, evaluation(account, []).aws) == {OTHER}


@pytest.mark.parametrize(
    ("pattern", "ignored"), [({"source": ["shop"]}, True), ({"source": ["aws.cloudwatch"]}, False)]
)
@pytest.mark.usefixtures("function")
def test_a_function_looks_at_nothing_that_an_event_does_not_concern(pattern, ignored):
    client("events").put_rule(Name="orders", EventPattern=json.dumps(pattern))
    environment = {
        "FINDINGS_TABLE": FINDINGS,
        "TRANSITIONS_TABLE": TRANSITIONS,
        "SETTINGS_PARAMETER": "settings",
    }
    mine = Function(support, environment)
    mine.deployment.pacer = Pacer(clock=VirtualClock())
    happened = api_call(
        eventSource="events.amazonaws.com",
        eventName="PutTargets",
        requestParameters={"rule": "orders", "targets": []},
    )
    answer = mine(happened, context())
    assert (answer.get("ignored") == "what the call changed concerns no rule") is ignored
