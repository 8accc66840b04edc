"""`redrive` with messages that somebody forged or that nothing understands: each costs itself."""

from __future__ import annotations

import json

import pytest

from tests.cli.test_redrive import (  # noqa: F401
    EVENT,
    FUNCTION,
    HERE,
    RECORD,
    TARGET,
    _no_long_poll,
    delivered,
    depth,
    parts,
    results,
    send,
)

DEEP = "[" * 60_000
POISON = {
    "deep": DEEP,
    "deep payload": json.dumps(RECORD)[:-1] + ', "requestPayload": ' + DEEP + "]" * 60_000 + "}",
    "deep event": json.dumps({**RECORD, "requestPayload": "DEEP"}).replace(
        '"DEEP"', '{"detail": ' * 30_000 + "1" + "}" * 30_000
    ),
    "half a pair": json.dumps({**RECORD, "requestContext": {"functionArn": f"{HERE}:\ud800x"}}),
    "half a pair in the event": json.dumps(
        {**RECORD, "requestPayload": {**EVENT, "detail-type": "\ud800"}}
    ),
    "escapes": json.dumps(
        {**RECORD, "requestContext": {"functionArn": f"{HERE}:\x1b[2J\x1b]0;x\x07[red]y[/]"}}
    ),
    "number": "7",
    "null": "null",
    "nan": "NaN",
    "huge number": "9" * 5000,
    "target list": json.dumps({**RECORD, "requestContext": {"functionArn": [FUNCTION]}}),
    "alias": json.dumps({**RECORD, "requestContext": {"functionArn": f"{FUNCTION}:prod"}}),
    "latest twice": json.dumps(
        {**RECORD, "requestContext": {"functionArn": f"{FUNCTION}:$LATEST:$LATEST"}}
    ),
    "another account": json.dumps(
        {**RECORD, "requestContext": {"functionArn": FUNCTION.replace("1234", "4321")}}
    ),
    "another region": json.dumps(
        {**RECORD, "requestContext": {"functionArn": FUNCTION.replace("us-east-1", "eu-west-1")}}
    ),
    "a queue": json.dumps(
        {
            **RECORD,
            "requestContext": {
                "functionArn": "arn:aws:sqs:us-east-1:123456789012:readiness-encryption"
            },
        }
    ),
    "detail list": json.dumps({**RECORD, "requestPayload": {**EVENT, "detail": [1]}}),
    "detail-type list": json.dumps({**RECORD, "requestPayload": {**EVENT, "detail-type": ["x"]}}),
    "account number": json.dumps({**RECORD, "requestPayload": {**EVENT, "account": 123456789012}}),
    "id long": json.dumps(
        {
            **RECORD,
            "requestPayload": {
                **EVENT,
                "detail": {**EVENT["detail"], "requestParameters": {"bucketName": "b" * 3000}},
            },
        }
    ),
    "id half": json.dumps(
        {
            **RECORD,
            "requestPayload": {
                **EVENT,
                "detail": {**EVENT["detail"], "requestParameters": {"bucketName": "\ud800"}},
            },
        }
    ),
    "config no message": json.dumps({**RECORD, "requestPayload": {"invokingEvent": "[" * 50_000}}),
    "config item": json.dumps(
        {
            **RECORD,
            "requestPayload": {
                "invokingEvent": json.dumps(
                    {
                        "messageType": "ConfigurationItemChangeNotification",
                        "configurationItem": {"resourceType": ["x"]},
                    }
                )
            },
        }
    ),
    "config arn": json.dumps(
        {
            **RECORD,
            "requestPayload": {
                "configRuleArn": 7,
                "ruleParameters": 7,
                "invokingEvent": {"messageType": ["x"]},
            },
        }
    ),
    "look": json.dumps({**RECORD, "requestPayload": {"look_again": {"targets": [[1]]}}}),
    "look more": json.dumps(
        {**RECORD, "requestPayload": {"look_again": {}, "sweep": {"id": "x"}}}
    ),
    "sweep cursor": json.dumps({**RECORD, "requestPayload": {"sweep": {"id": "x", "cursor": {}}}}),
    "sweep list": json.dumps({**RECORD, "requestPayload": {"sweep": []}}),
}


@pytest.mark.parametrize("format", ["table", "json", "csv"])
def test_poison_stays_and_keeps_no_other(run, account, stack, send, delivered, format):  # noqa: F811
    for body in POISON.values():
        send(stack["FailedEventsQueue"], body)
        send(stack["UndeliveredEventsQueue"], body, MessageAttributes=TARGET)
    send(stack["UndeliveredEventsQueue"], json.dumps(EVENT), MessageAttributes=TARGET)
    said = run("redrive", "--queue", "on-failure", "-o", format)
    assert said.exit_code == 3, said.stderr
    assert len(delivered) == 1
    assert "\x1b" not in said.stdout
    assert depth(account, stack["FailedEventsQueue"]) == (len(POISON), 0)
    assert depth(account, stack["UndeliveredEventsQueue"]) == (len(POISON), 0)


def _undelivered(said):
    """What SNS puts into the dead letters of a subscription that gets no raw messages."""
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": said})


def test_a_page_for_the_pasted_url_does_not_circle(run, account, stack, send):  # noqa: F811
    """The forwarder would not understand it, and set it aside again."""
    alarm = {"AlarmName": "readiness encryption.s3-kms data", "NewStateValue": "ALARM"}
    send(stack["UndeliveredPagesQueue"], _undelivered(json.dumps(alarm)))
    said = run("redrive", "--queue", "pagerduty")
    assert said.exit_code == 3
    assert "readiness encryption.s3-kms data" in said.stdout
    assert "--discard" in said.stdout
    assert depth(account, stack["UndeliveredPagesQueue"]) == (1, 0)
    assert depth(account, stack["PagesQueue"]) == (0, 0)


@pytest.mark.parametrize(
    "body",
    [
        _undelivered('{"kind": "OPENED", "resource": "r", "rule": "a.b"}'),
        _undelivered("[]"),
        _undelivered("no JSON"),
        '{"Message": 7}',
        DEEP,
        "poison",
    ],
)
def test_any_other_page_goes_back(run, account, stack, send, body):  # noqa: F811
    send(stack["UndeliveredPagesQueue"], body)
    assert run("redrive", "--queue", "pagerduty").exit_code == 0
    assert depth(account, stack["PagesQueue"]) == (1, 0)
