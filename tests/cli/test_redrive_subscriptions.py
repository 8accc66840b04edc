"""`redrive`: a function gets only events that it is subscribed to."""

from __future__ import annotations

import json

import pytest

from readiness.engine.events import resolve_targets
from readiness.engine.look_again import asked_for
from readiness_cli.deliveries import unvouched
from readiness_cli.subscribed import Subscribed
from readiness_cli.template import logical_id
from tests import deployed
from tests.cli import toy
from tests.cli.test_redrive import EVENT, FUNCTION, HERE, PARTS, SUBSCRIBED, SWEEP

DELETED = {
    "detail-type": "Object Deleted",
    "source": "aws.s3",
    "detail": {"bucket": {"name": "evidence"}, "object": {"key": "dr-test.pdf"}},
}
OVERWRITTEN = {
    "detail-type": "AWS API Call via CloudTrail",
    "detail": {
        "eventSource": "s3.amazonaws.com",
        "eventName": "PutObject",
        "requestParameters": {"bucketName": "evidence", "key": "dr-test.pdf"},
    },
}


@pytest.mark.parametrize(
    ("target", "event"),
    [
        pytest.param(FUNCTION, EVENT, id="what wakes the heading"),
        pytest.param(FUNCTION, {"sweep": {"id": "fast-1"}}, id="a sweep of the heading"),
        pytest.param(
            FUNCTION, {"sweep": {"id": "f", "measurements": "keep"}}, id="an hourly sweep of it"
        ),
        pytest.param(
            FUNCTION,
            {"look_again": {"targets": [["encryption.s3-kms", "data", None]], "attempt": 1}},
            id="a second look",
        ),
        pytest.param(f"{HERE}:readiness-Alerts-1", {"republish": True}, id="the republishing"),
        pytest.param(
            f"{HERE}:readiness-Attestations-1",
            {"detail-type": "Readiness Attestation"},
            id="an attestation",
        ),
        pytest.param(f"{HERE}:readiness-Alerts-1", {"digest": True}, id="the digest"),
        pytest.param(f"{HERE}:readiness-Upkeep-1", {"upkeep": True}, id="the upkeep"),
        pytest.param(
            f"{HERE}:readiness-Upkeep-1", DELETED, id="a document of the evidence bucket"
        ),
        pytest.param(f"{HERE}:readiness-Upkeep-1", OVERWRITTEN, id="a document, by a trail"),
        pytest.param(SWEEP, {}, id="the sweep"),
        pytest.param(SWEEP, {"measurements": "kept"}, id="the scheduled sweep"),
    ],
)
def test_what_is_subscribed_to_is_sent(target, event):
    assert SUBSCRIBED.refusal(target, json.dumps(event)) == ""


@pytest.mark.parametrize(
    ("target", "payload", "why"),
    [
        pytest.param(f"{HERE}:payments", json.dumps(EVENT), "no function", id="another function"),
        pytest.param(
            FUNCTION.replace("us-east-1", "eu-west-1"),
            json.dumps(EVENT),
            "no function",
            id="region",
        ),
        pytest.param(
            FUNCTION.replace("123456789012", "999999999999"),
            json.dumps(EVENT),
            "no function",
            id="account",
        ),
        pytest.param(f"{FUNCTION}:7", json.dumps(EVENT), "no function", id="a version"),
        pytest.param(
            "arn:aws:states:us-east-1:123456789012:stateMachine:Other",
            "{}",
            "no function",
            id="another machine",
        ),
        pytest.param(SWEEP, '{"headings": []}', "no such input", id="a sweep of its own"),
        pytest.param("payments", json.dumps(EVENT), "no function", id="no ARN"),
        pytest.param(FUNCTION, "not JSON", "not JSON", id="not JSON"),
        pytest.param(FUNCTION, "[]", "JSON object", id="a list"),
        pytest.param(FUNCTION, "[" * 20_000, "not JSON", id="deep"),
        pytest.param(FUNCTION, '{"sweep": {"id": 1}}', "no id", id="a sweep without an id"),
        pytest.param(FUNCTION, '{"sweep": {"id": "1"}, "x": 1}', "no id", id="a sweep and more"),
        pytest.param(
            FUNCTION,
            '{"sweep": {"id": "1", "headings": []}}',
            "no schedule sends more",
            id="a sweep after which findings of all other headings were retired",
        ),
        pytest.param(
            FUNCTION,
            '{"sweep": {"id": "1", "measurements": "kept"}}',
            "no schedule sends more",
            id="a sweep that measures as no schedule has it",
        ),
        pytest.param(FUNCTION, '{"x": 1}', "no event", id="no event"),
        pytest.param(
            FUNCTION,
            '{"look_again": {"targets": [["alarms.errors", "x", null]], "attempt": 1}}',
            "not subscribed",
            id="a second look of another heading",
        ),
        pytest.param(FUNCTION, '{"look_again": 1}', "targets", id="a second look at nothing"),
        pytest.param(
            FUNCTION,
            json.dumps({**EVENT, "account": "999999999999"}),
            "account 999999999999",
            id="of another account",
        ),
        pytest.param(
            FUNCTION,
            json.dumps({**EVENT, "detail-type": "Scheduled Event"}),
            "not subscribed",
            id="another event",
        ),
        pytest.param(
            f"{HERE}:readiness-Alerts-1",
            json.dumps({"completed_sweep": {"id": "1", "headings": []}}),
            "not subscribed",
            id="a forged sweep",
        ),
        pytest.param(
            f"{HERE}:readiness-Attestations-1",
            json.dumps(EVENT),
            "not subscribed",
            id="no attestation",
        ),
        pytest.param(
            f"{HERE}:readiness-Upkeep-1", json.dumps(EVENT), "not subscribed", id="no document"
        ),
        pytest.param(
            f"{HERE}:readiness-Alerts-1", json.dumps(DELETED), "not subscribed", id="not its own"
        ),
        pytest.param(
            f"{HERE}:readiness-Pagerduty-1", "{}", "not invoked by events", id="the forwarder"
        ),
    ],
)
def test_nothing_else_is(target, payload, why):
    assert why in SUBSCRIBED.refusal(target, payload)


@pytest.mark.parametrize(
    "event",
    [
        EVENT
        | {"detail": EVENT["detail"] | {"userIdentity": {"arn": "arn:aws:iam::1:user/boss"}}},
        {
            "look_again": {
                "targets": [["encryption.s3-kms", "data", None]],
                "attempt": 1,
                "origin": {"by": "arn:aws:iam::1:user/boss", "woken_by": "event"},
            }
        },
    ],
    ids=["an event", "a second look"],
)
def test_what_lay_in_a_queue_vouches_for_no_principal(event):
    sent = json.loads(unvouched(json.dumps(event)))
    if "look_again" in sent:
        by = asked_for(sent["look_again"]).origin.by
        assert by == ""
    else:
        seen = resolve_targets(sent, toy.encryption)
        assert seen.targets
        assert seen.changed_by == "unverified: arn:aws:iam::1:user/boss"


def test_every_rule_and_schedule_of_the_template_is_taken_again():
    """What each target of the template gets may end in a failure queue."""
    resources = deployed.committed()["Resources"]
    everywhere = deployed.committed()["Globals"]["Function"]["Environment"]["Variables"]
    headings = set(map(logical_id, everywhere["HEADINGS"].split()))
    made = {"Fn::GetAtt", "Ref"}
    asked = []
    for name, each in resources.items():
        targets = each["Properties"].get("Targets") or [each["Properties"].get("Target", {})]
        if each["Type"] not in {"AWS::Events::Rule", "AWS::Scheduler::Schedule"}:
            continue
        for target in targets:
            [reference] = [target["Arn"][key] for key in made if key in target["Arn"]]
            logical = reference if isinstance(reference, str) else reference[0]
            asked.append((name, logical, target.get("Input")))
    parts = {logical: f"readiness-{logical}" for _, logical, _ in asked}
    parts |= {name: PARTS[name] for name in ("Encryption", "Sweep")}
    subscribed = Subscribed(account="123456789012", region="us-east-1", parts=parts)
    others = [each for each in asked if each[1] not in headings]
    scheduled = [each for each in asked if each[2]]
    assert {name for name, _, _ in others} - {name for name, _, _ in scheduled} == {
        "AttestationReceived",
        "DocumentChanged",
    }, "an event of a new rule that readiness redrive does not know yet"
    for name, logical, input in scheduled:
        arn = SWEEP if logical == "Sweep" else f"{HERE}:readiness-{logical}"
        if logical in headings:
            arn = FUNCTION
        payload = input.replace("<aws.scheduler.execution-id>", "1")
        assert subscribed.refusal(arn, payload) == "", name
