"""What belongs to the monitor's own stack, asked of CloudFormation seldom and never guessed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from botocore.exceptions import EndpointConnectionError

from readiness.engine import own_stack
from readiness.engine.own_stack import OwnStack
from readiness.model.resource import Resource
from tests.fake_account import error

FUNCTION, QUEUE, ROLE = "AWS::Lambda::Function", "AWS::SQS::Queue", "AWS::IAM::Role"
MAPPINGS = "AWS::Lambda::EventSourceMapping"
LOGS, BUS_RULE = "AWS::Logs::LogGroup", "AWS::Events::Rule"
RULE = "readiness-AttestationReceived-1"
SECRET = (
    "arn:aws:secretsmanager:us-east-1:111122223333:secret:readiness/readiness/pagerduty-AbC123"
)
MAPPING = "d2ae4e90-b475-479d-ab63-ef67c562aa55"
OWN = "readiness-Encryption-AbC123dEf456"
QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/111122223333/readiness-Pages-1"
TOPIC_ARN = "arn:aws:sns:us-east-1:111122223333:readiness-Findings-1"


class Cloudformation:
    """The stack's resources, page by page; how often they were listed."""

    def __init__(self, *pages):
        self.pages = pages
        self.fails = None
        self.listed = []

    def get_paginator(self, operation):
        assert operation == "list_stack_resources"
        return self

    def paginate(self, **params):
        self.listed.append(params)
        if self.fails is not None:
            raise self.fails
        return [{"StackResourceSummaries": page} for page in self.pages]


def part(type_, physical=None):
    return {"ResourceType": type_} | ({"PhysicalResourceId": physical} if physical else {})


@pytest.fixture
def cloudformation():
    return Cloudformation(
        [part(FUNCTION, OWN), part("AWS::Lambda::Permission")],
        [part(QUEUE, QUEUE_URL), part("AWS::SNS::Topic", TOPIC_ARN)],
        [part(LOGS, "/aws/lambda/readiness"), part(BUS_RULE, f"readiness-attestations|{RULE}")],
        [part("AWS::SecretsManager::Secret", SECRET), part(MAPPINGS, MAPPING)],
        [part("AWS::SSM::Parameter", "/readiness/readiness/settings")],
    )


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def own(cloudformation, warnings):
    return OwnStack("readiness", lambda: cloudformation, warnings.append)


@pytest.fixture
def seconds(monkeypatch):
    """The clock, that a test sets; it begins at 0, as in a machine that has just started."""
    moment = [0.0]
    monkeypatch.setattr(own_stack.time, "monotonic", lambda: moment[0])
    return moment


def resource(type_, id):
    return Resource("111122223333", "us-east-1", type_, id)


@pytest.mark.parametrize(
    ("type_", "id"),
    [
        pytest.param(FUNCTION, OWN, id="by its name"),
        pytest.param(FUNCTION, f"arn:aws:lambda:us-east-1:1:function:{OWN}", id="by its ARN"),
        pytest.param(QUEUE, QUEUE_URL, id="on the second page, by its URL"),
        pytest.param(QUEUE, "arn:aws:sqs:us-east-1:111122223333:readiness-Pages-1", id="queue"),
        pytest.param("AWS::SNS::Topic", TOPIC_ARN, id="topic"),
        pytest.param("AWS::SNS::Topic", "readiness-Findings-1", id="topic by its name"),
        pytest.param("AWS::CloudFormation::Stack", "readiness", id="the stack itself"),
        pytest.param(LOGS, "/aws/lambda/readiness", id="a name with a path"),
        pytest.param(
            LOGS,
            "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/readiness",
            id="a name with a path by its ARN",
        ),
        pytest.param(
            BUS_RULE,
            f"arn:aws:events:us-east-1:1:rule/readiness-attestations/{RULE}",
            id="a rule on a bus",
        ),
        pytest.param("AWS::SecretsManager::Secret", SECRET, id="a name below the stack's"),
        pytest.param("AWS::SSM::Parameter", "/readiness/readiness/settings", id="a parameter"),
        pytest.param(MAPPINGS, MAPPING, id="an id that is no name"),
    ],
)
def test_what_is_own(own, type_, id):
    assert own.has(resource(type_, id)) is True


@pytest.mark.parametrize(
    ("type_", "id"),
    [
        pytest.param(FUNCTION, "readiness-checker", id="named alike"),
        pytest.param(LOGS, "/ecs/readiness", id="a log group that ends alike"),
        pytest.param(LOGS, "readiness", id="a log group without the path"),
        pytest.param("AWS::CloudFormation::Stack", "readiness-two", id="a stack named alike"),
        pytest.param(ROLE, OWN, id="of another type"),
        pytest.param("AWS::Lambda::Permission", "readiness", id="a part without an id"),
        pytest.param("AWS::Lambda::Permission", "", id="no id"),
        pytest.param(MAPPINGS, "0" * 8 + MAPPING[8:], id="a mapping of somebody else"),
    ],
)
def test_what_is_not(own, type_, id):
    assert own.has(resource(type_, id)) is False


def test_the_stack_that_is_listed_is_this_one(own, cloudformation):
    own.has(resource(FUNCTION, OWN))
    assert cloudformation.listed == [{"StackName": "readiness"}]


def test_without_a_stack_nothing_is_own_and_nothing_is_listed(cloudformation):
    assert OwnStack("", lambda: cloudformation).has(resource(FUNCTION, OWN)) is False
    assert cloudformation.listed == []


@pytest.mark.parametrize(
    "id", ["payments", "my-readiness", "arn:aws:lambda:r:1:function:my-readiness"]
)
def test_names_of_others_list_nothing(own, cloudformation, id):
    own.has(resource(FUNCTION, id))
    assert cloudformation.listed == []


def test_a_long_name_is_cut_by_cloudformation():
    """Where a service's names are short: 20 characters of the stack's name are kept."""
    stack = "readiness-of-the-payments-team"
    physical = "readiness-of-the-pay-Encryption-AbC123dEf456"
    cloudformation = Cloudformation([part(FUNCTION, physical)])
    assert OwnStack(stack, lambda: cloudformation).has(resource(FUNCTION, physical))
    other = Cloudformation([part(FUNCTION, physical)])
    assert not OwnStack(stack, lambda: other).has(resource(FUNCTION, "readiness-of-the-pa"))
    assert other.listed == []


def test_the_list_is_kept_for_five_minutes(own, cloudformation, seconds):
    new = resource(FUNCTION, "readiness-New-1")
    assert own.has(new) is False
    cloudformation.pages = [[part(FUNCTION, "readiness-New-1")]]
    seconds[0] = 300.0
    assert own.has(new) is False
    assert len(cloudformation.listed) == 1
    seconds[0] = 300.1
    assert own.has(new) is True
    assert own.has(resource(FUNCTION, OWN)) is False, "it was replaced"
    assert len(cloudformation.listed) == 2


def test_what_an_update_of_the_stack_adds_is_own_at_once(own, cloudformation, seconds):
    """Its functions would page somebody while the stack is updated."""
    stranger, new = (resource(FUNCTION, f"readiness-{name}-1") for name in ("other", "New"))
    assert own.has(stranger) is False
    cloudformation.pages = [[part(FUNCTION, new.id)]]
    seconds[0] = 10.0
    assert own.has(new) is False, "many that only begin alike cost a list in ten seconds"
    assert len(cloudformation.listed) == 1
    newer = resource(FUNCTION, "readiness-Newer-1")
    cloudformation.pages = [[part(FUNCTION, new.id), part(FUNCTION, newer.id)]]
    seconds[0] = 10.1
    assert own.has(stranger) is False
    assert len(cloudformation.listed) == 1, "the list was made for it"
    assert own.has(newer) is True
    assert own.has(new) is True
    assert own.has(stranger) is False
    assert len(cloudformation.listed) == 2


def test_what_the_list_was_too_young_to_be_made_anew_for_is_no_stranger(
    own, cloudformation, seconds
):
    """It was added after the list was made: its second look, half a minute later, knows it."""
    own.has(resource(FUNCTION, "readiness-other-1"))
    new = resource(FUNCTION, "readiness-New-1")
    cloudformation.pages = [[part(FUNCTION, new.id)]]
    seconds[0] = 3.0
    assert own.has(new) is False
    assert len(cloudformation.listed) == 1
    seconds[0] = 33.0
    assert own.has(new) is True
    assert len(cloudformation.listed) == 2


def test_after_five_minutes_nothing_is_a_stranger_for_good(own, cloudformation, seconds):
    one, two = (resource(FUNCTION, f"readiness-{name}-1") for name in ("one", "two"))
    own.has(one)
    seconds[0] = 301.0
    own.has(two)
    assert len(cloudformation.listed) == 2
    cloudformation.pages = [[part(FUNCTION, one.id)]]
    seconds[0] = 320.0
    assert own.has(one) is True


def test_who_asks_while_the_stack_is_listed_waits_for_the_list(own, cloudformation, monkeypatch):
    """A sweep judges in threads: all of them ask at once when the function's process is new."""
    begun, go_on = threading.Event(), threading.Event()
    listed = cloudformation.paginate

    def slowly(**params):
        begun.set()
        assert go_on.wait(10)
        return listed(**params)

    monkeypatch.setattr(cloudformation, "paginate", slowly)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(own.has, resource(FUNCTION, OWN))
        assert begun.wait(10)
        others = [pool.submit(own.has, resource(QUEUE, QUEUE_URL)) for _ in range(2)]
        done, _ = wait(others, timeout=0.05)
        go_on.set()
        assert [each.result(10) for each in (first, *others)] == [True, True, True]
    assert not done
    assert len(cloudformation.listed) == 1


def test_what_is_known_as_own_is_not_listed_again(own, cloudformation, seconds):
    own.has(resource(FUNCTION, OWN))
    seconds[0] = 10_000.0
    assert own.has(resource(FUNCTION, OWN)) is True
    assert len(cloudformation.listed) == 1


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (error("AccessDenied", 403), "ClientError: An error occurred (AccessDenied)"),
        (EndpointConnectionError(endpoint_url="https://x"), "EndpointConnectionError: Could not"),
    ],
    ids=["denied", "unreachable"],
)
def test_a_listing_that_fails_is_told_and_tried_again_in_five_minutes(
    own, cloudformation, seconds, warnings, failure, said
):
    cloudformation.fails = failure
    assert own.has(resource(FUNCTION, OWN)) is False
    assert own.has(resource(FUNCTION, OWN)) is False
    [warning] = warnings
    assert warning.startswith(said)
    cloudformation.fails = None
    seconds[0] = 301.0
    assert own.has(resource(FUNCTION, OWN)) is True


def test_a_listing_that_fails_later_forgets_nothing(own, cloudformation, seconds):
    own.has(resource(FUNCTION, OWN))
    cloudformation.fails = error("ThrottlingException")
    seconds[0] = 301.0
    assert own.has(resource(FUNCTION, "readiness-New-1")) is False
    assert own.has(resource(FUNCTION, OWN)) is True


def test_who_wants_no_warning_gets_none(cloudformation):
    cloudformation.fails = error("AccessDenied", 403)
    assert OwnStack("readiness", lambda: cloudformation).has(resource(FUNCTION, OWN)) is False
