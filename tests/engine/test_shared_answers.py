"""What several headings ask after one event is asked once; whoever gets no answer asks for itself."""

from __future__ import annotations

import hashlib
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.engine.reader import DeclaredReader
from readiness.engine.shared_answers import ANSWERED_WITHIN, GOOD_FOR, SHARED, SharedAnswers
from readiness.evidence.workloads.dead_letter_paths import invoke_settings
from readiness.model.unreadable import Gone, Unreadable
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, service_model
from tests.tables import TRANSITIONS, make_tables

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ANSWER = {"MemorySize": 512, "Layers": [{"Arn": "a"}], "Changed": NOON, "Empty": {}, "No": None}


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield make_tables()


@pytest.fixture
def clock():
    return [NOON]


@pytest.fixture
def waited():
    return []


@pytest.fixture
def heading(dynamodb, clock, waited):
    """Makes the answers as another heading has them, about an event."""

    def make(event="event-1", client=dynamodb, wait=waited.append):
        return SharedAnswers(client, TRANSITIONS, event, lambda: clock[0], wait=wait)

    return make


def never():
    raise AssertionError("it has been asked already")


def test_the_second_heading_has_the_answer_of_the_first_and_knows_when_it_asked(heading, clock):
    assert heading().answer("q", lambda: ANSWER) == (ANSWER, None)
    clock[0] = NOON + timedelta(seconds=3)
    assert heading().answer("q", never) == (ANSWER, NOON)


def test_other_questions_and_other_events_are_asked(heading):
    heading().answer("q", lambda: 1)
    assert heading().answer("another", lambda: 2) == (2, None)
    assert heading("event-2").answer("q", lambda: 3) == (3, None)


def test_a_refusal_about_the_account_is_shared_and_one_about_the_caller_is_not(heading):
    def nothing_there():
        raise error("ResourceNotFoundException", 404)

    def denied():
        raise error("AccessDeniedException", 403)

    for ask in (nothing_there, never):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            heading().answer("q", ask)
    with pytest.raises(ClientError, match="AccessDenied"):
        heading().answer("denied", denied)
    assert heading().answer("denied", lambda: 1) == (1, None), "this one may"


@pytest.mark.parametrize(
    "raised",
    [error("TooManyRequestsException", 429), TimeoutError(), KeyboardInterrupt()],
    ids=lambda each: type(each).__name__,
)
def test_where_asking_fails_nobody_waits_for_the_answer(heading, waited, raised):
    def fail():
        raise raised

    with pytest.raises(type(raised)):
        heading().answer("q", fail)
    assert heading().answer("q", lambda: 1) == (1, None)
    assert sum(waited) == 0


def test_an_answer_that_is_too_old_is_asked_again(heading, clock):
    """Lambda brings an event that failed again after a minute."""
    heading().answer("q", lambda: 1)
    clock[0] = NOON + GOOD_FOR
    assert heading().answer("q", never)[0] == 1
    clock[0] += timedelta(seconds=1)
    assert heading().answer("q", lambda: 2) == (2, None)


def test_who_died_while_asking_is_not_waited_for_again_and_again(heading, clock, waited):
    assert heading()._is_first(_digest("q"))
    assert heading().answer("q", lambda: 1) == (1, None)
    assert 5 < sum(waited) < 10
    waited.clear()
    assert heading()._is_first(_digest("r"))
    clock[0] = NOON + ANSWERED_WITHIN + timedelta(seconds=1)
    assert heading().answer("r", lambda: 1) == (1, None)
    assert sum(waited) == 0


def _digest(question):
    return hashlib.sha256(question.encode()).hexdigest()[:32]


@pytest.mark.parametrize(
    "failure",
    [error("ThrottlingException"), EndpointConnectionError(endpoint_url="https://dynamodb")],
    ids=["refused", "unreachable"],
)
@pytest.mark.parametrize("operation", ["put_item", "get_item"])
def test_where_the_table_does_not_answer_each_asks_for_itself(
    heading, dynamodb, monkeypatch, failure, operation
):
    heading().answer("q", lambda: 1)

    def fail(**_):
        raise failure

    monkeypatch.setattr(dynamodb, operation, fail)
    assert heading().answer("q", lambda: 2) == (2, None)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"Body": object()}, id="no JSON"),
        pytest.param({"Code": "".join(map(chr, range(40_000))) * 20}, id="too large"),
    ],
)
def test_what_cannot_be_kept_is_asked_by_each(heading, waited, answer):
    assert heading().answer("q", lambda: answer) == (answer, None)
    assert heading().answer("q", lambda: 1)[0] in (1, answer)
    assert sum(waited) == 0


def test_the_values_of_environment_variables_are_never_written_down(heading, dynamodb, waited):
    """Who may read the table or its backups need not be allowed to read functions."""
    answer = {"MemorySize": 512, "Environment": {"Variables": {"DB_PASSWORD": "hunter2" * 9}}}
    assert heading().answer("q", lambda: answer) == (answer, None)
    [row] = dynamodb.scan(TableName=TRANSITIONS)["Items"]
    assert "answer" not in row
    assert heading().answer("q", lambda: answer) == (answer, None), "asked for itself"
    assert sum(waited) == 0


@pytest.mark.parametrize(
    "environment", [{"Variables": {}}, {}, {"Error": {"ErrorCode": "Denied"}}]
)
def test_a_function_without_variables_is_shared(heading, environment):
    heading().answer("q", lambda: {"Environment": environment})
    assert heading().answer("q", never) == ({"Environment": environment}, NOON)


def test_a_row_of_another_version_is_no_answer(heading, dynamodb):
    heading().answer("q", lambda: 1)
    [row] = dynamodb.scan(TableName=TRANSITIONS)["Items"]
    dynamodb.put_item(TableName=TRANSITIONS, Item=row | {"answer": {"B": b"x"}})
    assert heading().answer("q", lambda: 2) == (2, None)


def test_the_rows_are_no_transitions_and_expire(heading, dynamodb):
    heading().answer("q", lambda: 1)
    [row] = dynamodb.scan(TableName=TRANSITIONS)["Items"]
    assert "unpublished" not in row
    assert row["expires_at"] == {"N": str(int((NOON + timedelta(hours=1)).timestamp()))}


def test_fifteen_headings_at_once_ask_once(heading, dynamodb):
    asked, lock = [], threading.Lock()

    class OneAtATime:
        def __getattr__(self, name):
            def call(**params):
                with lock:
                    return getattr(dynamodb, name)(**params)

            return call

    def ask():
        asked.append(1)
        time.sleep(0.05)
        return 1

    found = []
    headings = [
        threading.Thread(
            target=lambda: found.append(
                heading(client=OneAtATime(), wait=time.sleep).answer("q", ask)[0]
            )
        )
        for _ in range(15)
    ]
    for each in headings:
        each.start()
    for each in headings:
        each.join()
    assert found == [1] * 15
    assert len(asked) == 1


# -- through the reader ----------------------------------------------------------------------------


def reading(answers, shared, now=NOON):
    fake = FakeAccount(answers)
    aws = Aws(fake, account=ACCOUNT_ID, region=HOME, now=lambda: now, shared=shared)
    allowed = frozenset({"lambda:GetFunctionConfiguration", "lambda:GetPolicy", "s3:ListBuckets"})
    read = DeclaredReader(aws, allowed, "a test")
    read.began = now
    return fake, read


CONFIGURATION = ("lambda", "get_function_configuration")


def test_what_is_read_is_as_old_as_the_answer(heading, clock):
    fake, first = reading({CONFIGURATION: {"MemorySize": 512}}, heading())
    assert first.one(*CONFIGURATION, FunctionName="f")["MemorySize"] == 512
    assert first.oldest == NOON
    clock[0] = later = NOON + timedelta(seconds=5)
    fake, second = reading({}, heading(), later)
    assert second.one(*CONFIGURATION, FunctionName="f")["MemorySize"] == 512
    assert second.oldest == NOON, "not when it was looked up"
    assert not fake.calls


def test_what_is_not_there_is_as_old_as_that_was_said(heading, clock):
    policy = ("lambda", "get_policy")
    missing = {"absent": ("ResourceNotFoundException",), "FunctionName": "f"}
    _, first = reading({policy: error("ResourceNotFoundException", 404)}, heading())
    assert first.one(*policy, **missing) is None
    clock[0] = later = NOON + timedelta(seconds=5)
    _, second = reading({}, heading(), later)
    assert second.one(*policy, **missing) is None
    assert second.oldest == NOON
    _, third = reading({}, heading(), later)
    with pytest.raises(Gone):
        third.one(*policy, gone=("ResourceNotFoundException",), FunctionName="f")
    _, fourth = reading({}, heading(), later)
    with pytest.raises(Unreadable, match="ResourceNotFound"):
        fourth.one(*policy, FunctionName="f")


def test_a_refusal_is_shared_with_its_words(heading):
    """Some codes mean several things, and only the message tells which."""
    policy = ("lambda", "get_policy")
    missing = error("ResourceNotFoundException", 404, "No policy is associated with the function")
    _, first = reading({policy: missing}, heading())
    absent = ("ResourceNotFoundException: No policy",)
    assert first.one(*policy, absent=absent, FunctionName="f") is None
    _, second = reading({}, heading())
    assert second.one(*policy, absent=absent, FunctionName="f") is None
    _, third = reading({}, heading())
    with pytest.raises(Unreadable):
        third.one(*policy, absent=("ResourceNotFoundException: No alias",), FunctionName="f")


def test_what_is_kept_beyond_the_event_is_asked_by_each(heading):
    """An event that comes late must not put an older answer into the answer of the day."""
    listing = ("lambda", "list_function_event_invoke_configs")
    for name in (
        "arn:aws:sqs:us-east-1:111122223333:old",
        "arn:aws:sqs:us-east-1:111122223333:new",
    ):
        said = {"OnFailure": {"Destination": name}}
        fake = FakeAccount(
            {listing: {"FunctionEventInvokeConfigs": [{"DestinationConfig": said}]}}
        )
        aws = Aws(fake, account=ACCOUNT_ID, region=HOME, now=lambda: NOON, shared=heading())
        allowed = frozenset({"lambda:ListFunctionEventInvokeConfigs"})
        [found] = invoke_settings(DeclaredReader(aws, allowed, "a test"), "f")
        assert found["DestinationConfig"]["OnFailure"]["Destination"] == name


def test_who_reads_again_asks_for_itself(heading):
    _, read = reading({CONFIGURATION: {"MemorySize": 512}}, heading())
    assert read._aws.shared is not None
    assert read._aws.reread().shared is None
    assert read._aws.reread(bulk=True).shared is None


@pytest.mark.parametrize(("service", "operation"), sorted(SHARED))
def test_only_what_survives_json_is_shared(service, operation):
    """A stream or bytes would come back as something else."""
    kinds = {shape.type_name for shape in _within(service_model(service), operation)}
    assert kinds <= {
        "structure",
        "list",
        "map",
        "string",
        "integer",
        "long",
        "double",
        "boolean",
        "timestamp",
    }


@pytest.mark.parametrize(("service", "operation"), sorted(SHARED))
def test_no_other_member_is_a_secret_by_the_service_model(service, operation):
    """Messages of errors are marked too; no user of the account wrote them."""
    sensitive = {
        shape.name
        for shape in _within(service_model(service), operation)
        if shape.metadata.get("sensitive")
    }
    assert sensitive <= {"EnvironmentVariables", "EnvironmentVariableValue", "SensitiveString"}


def _within(model, operation, shape=None, seen=()):
    if shape is None:
        [name] = [each for each in model.operation_names if xform_name(each) == operation]
        shape = model.operation_model(name).output_shape
    if shape.name in seen:
        return
    yield shape
    inner = {"structure": "members", "list": "member", "map": "value"}.get(shape.type_name)
    below = getattr(shape, inner) if inner else []
    for each in below.values() if isinstance(below, dict) else [below] if inner else []:
        yield from _within(model, operation, each, (*seen, shape.name))
