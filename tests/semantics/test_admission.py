"""Whether a queue's or key's policy lets an AWS service in."""

from __future__ import annotations

import json

import pytest

from readiness.semantics.admission import Answer, admits, best, worst
from readiness.semantics.requesters import acting

ACCOUNT = "111122223333"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:failed"
RULE = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/nightly"
EVENTS = "events.amazonaws.com"
SEND = "sqs:SendMessage"
YES, NO, MAYBE = Answer.YES, Answer.NO, Answer.MAYBE


def allow(**members):
    members = {"Principal": {"Service": EVENTS}, "Action": SEND, "Resource": QUEUE} | members
    return {"Effect": "Allow"} | members


def deny(**members):
    return allow(**{"Principal": "*", "Resource": "*"} | members) | {"Effect": "Deny"}


def source(arn):
    return {"ArnEquals": {"aws:SourceArn": arn}}


def asked(*statements, actions=(SEND,)):
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return admits(text, actions, QUEUE, EVENTS, acting(EVENTS, ACCOUNT, RULE))


ORGANIZATION = {"StringEquals": {"aws:SourceOrgID": "o-abcdefghij"}}


@pytest.mark.parametrize(
    ("statements", "answer"),
    [
        pytest.param([allow()], YES, id="by name"),
        pytest.param([allow(Principal="*")], YES, id="anybody"),
        pytest.param([allow(Resource="*")], YES, id="every resource"),
        pytest.param([allow(Principal={"Service": "sns.amazonaws.com"})], NO, id="another"),
        pytest.param([allow(Principal={"AWS": EVENTS})], NO, id="no service"),
        pytest.param([allow(Resource=f"{QUEUE}-2")], NO, id="of another queue"),
        pytest.param([allow(Action="sqs:ReceiveMessage")], NO, id="another action"),
        pytest.param([allow(Condition=source(RULE))], YES, id="for its rule"),
        pytest.param([allow(Condition=source(f"{RULE}-2"))], NO, id="for another rule"),
        pytest.param([allow(Condition=ORGANIZATION)], MAYBE, id="if of the organization"),
        pytest.param([allow(Condition=ORGANIZATION), allow()], YES, id="or without"),
        pytest.param([allow(), deny()], NO, id="denied to all"),
        pytest.param([deny(), allow()], NO, id="denied first"),
        pytest.param([allow(), deny(Condition=source(RULE))], NO, id="denied to its rule"),
        pytest.param([allow(), deny(Condition=source(f"{RULE}-2"))], YES, id="to another rule"),
        pytest.param([allow(), deny(Resource=f"{QUEUE}-2")], YES, id="denied elsewhere"),
        pytest.param([allow(), deny(Condition=ORGANIZATION)], MAYBE, id="perhaps denied"),
        pytest.param([deny(Condition=ORGANIZATION)], NO, id="nothing allows"),
        pytest.param([], NO, id="no statement"),
    ],
)
def test_a_service_is_let_in(statements, answer):
    assert asked(*statements) is answer


def test_every_action_has_to_be_allowed():
    actions = ("kms:GenerateDataKey", "kms:Decrypt")
    assert asked(allow(Action="kms:*", Resource="*"), actions=actions) is YES
    assert asked(allow(Action="kms:Decrypt", Resource="*"), actions=actions) is NO


def test_whom_not_principal_leaves_out_is_not_known():
    but = {"NotPrincipal": {"AWS": ACCOUNT}, "Resource": "*", "Action": SEND}
    assert asked(allow(), {"Effect": "Deny"} | but) is MAYBE


def test_a_policy_that_is_not_understood_may_let_in():
    assert admits("{", [SEND], QUEUE, EVENTS, acting(EVENTS, ACCOUNT, RULE)) is MAYBE


@pytest.mark.parametrize(
    ("answers", "all_of", "any_of"),
    [
        ([YES, MAYBE, NO], NO, YES),
        ([YES, MAYBE], MAYBE, YES),
        ([MAYBE, NO], NO, MAYBE),
        ([NO], NO, NO),
        ([YES], YES, YES),
        ([], YES, NO),
    ],
)
def test_several_answers(answers, all_of, any_of):
    assert worst(answers) is all_of
    assert best(answers) is any_of
