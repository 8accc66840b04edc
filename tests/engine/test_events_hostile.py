"""Events that no service sends, or sends rarely: an answer or one clear refusal, never a crash."""

from __future__ import annotations

import contextlib
import copy
import json
import random
from pathlib import Path

import pytest

from functions.encryption.app import encryption
from functions.iam_roles.app import iam_roles
from functions.network_security.app import network_security
from functions.secrets_management.app import secrets_management
from readiness.engine.events import resolve_targets
from readiness.engine.targets import EventTargets, MalformedEvent
from readiness_cli import catalogue

RULES = [*encryption, *iam_roles, *network_security, *secrets_management]
ALL = tuple(catalogue.rules().values())
GOLDEN = sorted(Path("events").glob("*/*.json"))
ODD = [
    None,
    0,
    -1.5,
    True,
    "",
    "x" * 100_000,
    "\u202e\x00",
    "a\ud800",
    [],
    [[]],
    {},
    {"a": None},
    [None] * 3,
]


def broken(value, draw):
    """The same JSON with a few of its values replaced by odd ones."""
    if draw.random() < 0.15:
        return draw.choice(ODD)
    if isinstance(value, dict):
        return {name: broken(each, draw) for name, each in value.items()}
    if isinstance(value, list):
        return [broken(each, draw) for each in value]
    return value


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_broken_event_is_looked_at_or_refused(path):
    event = json.loads(path.read_text())
    draw = random.Random(path.stem)
    for _ in range(60):
        try:
            seen = resolve_targets(broken(event, draw), RULES)
        except MalformedEvent:
            continue
        assert isinstance(seen, EventTargets)
        for target in seen.targets:
            assert target.id is None or (isinstance(target.id, str) and target.id)
            assert target.id is None or target.id.encode()


def places(value, way=()):
    """The way to each value within a JSON."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for name, each in parts:
        yield (*way, name)
        if isinstance(each, dict | list):
            yield from places(each, (*way, name))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_an_event_with_one_odd_value_is_looked_at(path):
    """Nothing else is odd, so that what looks for an id gets as far as to it."""
    event = json.loads(path.read_text())
    draw = random.Random(path.stem)
    ways = list(places(event["detail"])) if isinstance(event.get("detail"), dict) else []
    for way in draw.sample(ways, min(6, len(ways))):
        changed = copy.deepcopy(event)
        within = changed["detail"]
        for step in way[:-1]:
            within = within[step]
        within[way[-1]] = draw.choice((*ODD, [7], [{}], {"omitted": True}))
        with contextlib.suppress(MalformedEvent):
            assert isinstance(resolve_targets(changed, ALL), EventTargets)


@pytest.mark.parametrize("odd", ["text", [], 7], ids=repr)
def test_parameters_that_are_no_object_are_none(odd):
    for path in GOLDEN:
        event = json.loads(path.read_text())
        if not isinstance(event.get("detail"), dict) or "eventName" not in event["detail"]:
            continue
        event["detail"] |= {"requestParameters": odd, "responseElements": odd}
        seen = resolve_targets(event, RULES)
        event["detail"] |= {"requestParameters": None, "responseElements": None}
        assert seen.targets == resolve_targets(event, RULES).targets, path.stem


def call(account, *owners):
    return {
        "detail-type": "AWS API Call via CloudTrail",
        "id": "e",
        "account": account,
        "region": "us-east-1",
        "detail": {
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutBucketPolicy",
            "requestParameters": {"bucketName": "theirs"},
            "resources": [{"accountId": owner, "ARN": "arn:aws:s3:::theirs"} for owner in owners],
        },
    }


@pytest.mark.parametrize(
    ("owners", "ours"),
    [
        pytest.param(("111122223333",), True, id="ours"),
        pytest.param(("444455556666",), False, id="another account's"),
        pytest.param(("444455556666", "111122223333"), True, id="both"),
        pytest.param(("",), True, id="not said"),
        pytest.param((), True, id="none named"),
    ],
)
def test_what_we_did_in_another_account_is_not_taken_for_our_own(owners, ours):
    seen = resolve_targets(call("111122223333", *owners), RULES)
    assert bool(seen.targets) is ours
    assert ours or "account 444455556666" in seen.ignored


def test_an_id_that_is_no_text_is_refused_and_not_tried_three_times():
    """JSON may have half of a surrogate pair, which no key of a table can be made of."""
    event = call("111122223333")
    event["detail"]["requestParameters"]["bucketName"] = "a\ud800b"
    with pytest.raises(MalformedEvent, match="no valid text"):
        resolve_targets(event, RULES)


@pytest.mark.parametrize("id", ["a\ud800b", "x" * 2000])
def test_nor_is_the_beginning_of_ids_that_could_be_none(id):
    event = call("111122223333")
    arn = f"arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/{id}/1"
    event["detail"] |= {
        "eventSource": "elasticloadbalancing.amazonaws.com",
        "eventName": "DeleteLoadBalancer",
        "requestParameters": {"loadBalancerArn": arn},
    }
    with pytest.raises(MalformedEvent, match="the event names a"):
        resolve_targets(event, [rule for rule in ALL if "Listener" in rule.subject.name])


def test_what_has_no_resource_where_it_should_may_be_about_any():
    told = json.loads(Path("events/service/inspector2-finding-function.json").read_text())
    for odd in (None, "x", 7, {"type": "AWS_LAMBDA_FUNCTION"}):
        told["detail"]["resources"] = odd
        assert {target.id for target in resolve_targets(told, ALL).targets} == {None}
    restored = json.loads(Path("events/service/backup-table-restored.json").read_text())
    restored["detail"]["sourceResourceArn"] = 7
    assert {target.id for target in resolve_targets(restored, ALL).targets} == {None}
