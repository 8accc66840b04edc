"""Which messages the filter policy of a subscription lets pass."""

from __future__ import annotations

import pytest

from readiness.semantics.admission import Answer
from readiness.semantics.subscription_filters import (
    AlarmMessage,
    passes_with_body,
    passes_without_attributes,
)

YES, NO, MAYBE = Answer.YES, Answer.NO, Answer.MAYBE


@pytest.mark.parametrize(
    ("policy", "passes"),
    [
        ({}, True),
        ({"severity": ["high"]}, False),
        ({"severity": [{"exists": False}]}, True),
        ({"severity": [{"exists": True}]}, False),
        ({"severity": ["high", {"exists": False}]}, True),
        ({"severity": [{"exists": False}], "team": ["pay"]}, False),
        ({"severity": [{"anything-but": ["low"]}]}, False),
        ({"$or": [{"severity": ["high"]}, {"team": [{"exists": False}]}]}, True),
        ({"$or": [{"severity": ["high"]}, {"team": ["pay"]}]}, False),
        ({"$or": [{}], "team": ["pay"]}, False),
    ],
)
def test_a_message_without_attributes(policy, passes):
    assert passes_without_attributes(policy) is passes


@pytest.mark.parametrize(
    ("policy", "answer"),
    [
        ({}, YES),
        ({"AlarmName": ["orders-errors"]}, YES),
        ({"AlarmName": ["orders-latency"]}, NO),
        ({"AlarmName": ["orders-latency", "orders-errors"]}, YES),
        ({"AlarmName": [{"prefix": "orders-"}]}, YES),
        ({"AlarmName": [{"prefix": "errors"}]}, NO),
        ({"AlarmName": [{"suffix": "-errors"}]}, YES),
        ({"AlarmName": [{"suffix": "orders"}]}, NO),
        ({"AlarmName": [{"prefix": "orders-", "suffix": "-latency"}]}, NO),
        ({"AlarmName": [{"equals-ignore-case": "Orders-ERRORS"}]}, YES),
        ({"AlarmName": [{"equals-ignore-case": "orders"}]}, NO),
        ({"AlarmName": [{"exists": True}]}, YES),
        ({"AlarmName": [{"exists": False}]}, NO),
        ({"AlarmName": [{"anything-but": "orders-errors"}]}, NO),
        ({"AlarmName": [{"anything-but": ["a", "b"]}]}, YES),
        ({"AlarmName": [{"anything-but": ["a", "orders-errors"]}]}, NO),
        ({"AlarmName": [{"anything-but": {"prefix": "orders"}}]}, NO),
        ({"AlarmName": [{"anything-but": {"suffix": "orders"}}]}, YES),
        ({"AlarmName": [{"anything-but": {"wildcard": "*errors"}}]}, NO),
        ({"AlarmName": [{"anything-but": {"prefix": ["a-", "orders-"]}}]}, NO),
        ({"AlarmName": [{"wildcard": "orders-*"}]}, YES),
        ({"AlarmName": [{"wildcard": "*-latency"}]}, NO),
        ({"AlarmName": [{"wildcard": r"orders\\*"}]}, NO),
        ({"AlarmName": [{"prefix": {"equals-ignore-case": "ORDERS"}}]}, YES),
        ({"AlarmName": [{"cidr": "10.0.0.0/8"}]}, MAYBE),
        ({"AlarmName": [{"prefix": 5}]}, MAYBE),
        ({"AlarmName": [{"suffix": 5}]}, MAYBE),
        ({"AlarmName": [{"equals-ignore-case": None}]}, MAYBE),
        ({"AlarmName": [{"wildcard": "x"}, "orders-errors"]}, YES),
        ({"AlarmName": {"nested": ["x"]}}, NO),
        ({"NewStateValue": ["ALARM"]}, YES),
        ({"NewStateValue": ["OK"]}, NO),
        ({"AWSAccountId": ["111122223333"]}, YES),
        ({"AWSAccountId": ["111122223333"], "NewStateValue": ["OK"]}, NO),
        ({"OldStateValue": ["OK"]}, MAYBE),
        ({"Trigger": {"Namespace": ["AWS/Lambda"]}}, MAYBE),
        ({"AlarmRule": [{"exists": True}]}, MAYBE),
        ({"severity": ["high"]}, NO),
        ({"severity": [{"exists": False}]}, YES),
        ({"severity": [{"exists": True}]}, NO),
        ({"severity": {"exists": [False]}}, NO),
        ({"$or": [{"severity": ["high"]}, {"NewStateValue": ["ALARM"]}]}, YES),
        ({"$or": [{"severity": ["high"]}, {"Region": ["EU (Ireland)"]}]}, MAYBE),
        ({"$or": [{"severity": ["high"]}, {"NewStateValue": ["OK"]}]}, NO),
    ],
)
def test_the_message_of_an_alarm(policy, answer):
    message = AlarmMessage("orders-errors", "111122223333")
    assert passes_with_body(policy, message.body) is answer


def test_the_message_has_the_fields_that_cloudwatch_sends():
    body = AlarmMessage("a", "1").body
    assert {name for name, value in body.items() if value is not None} == {
        "AlarmName",
        "AWSAccountId",
        "NewStateValue",
    }
    sent = (
        "AlarmDescription AlarmConfigurationUpdatedTimestamp NewStateReason StateChangeTime Region"
        " AlarmArn OldStateValue OKActions AlarmActions InsufficientDataActions Trigger"
        " AlarmRule TriggeringChildren"
    )
    assert set(sent.split()) <= set(body)
