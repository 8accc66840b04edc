"""Calls that act, that are polled, that are billed one by one: how often, where, and what fails."""

from __future__ import annotations

import io
import threading
from datetime import timedelta
from types import SimpleNamespace

import botocore
import pytest
from botocore.exceptions import (
    EndpointConnectionError,
    NoCredentialsError,
    PaginationError,
    UnknownServiceError,
)
from botocore.parsers import ResponseParserError

from readiness.engine.answers import Answers
from readiness.engine.aws import ONCE, Aws
from readiness.engine.aws_errors import CredentialsRefused, Postponed
from readiness.engine.daily_cache import NotCached
from readiness.engine.pacing import OutOfTime
from readiness.engine.packing import Packed
from readiness.engine.reader import DeclaredReader, UndeclaredRead
from readiness.model.evidence import ResourceType
from readiness.model.unreadable import Cause, Gone, NotOffered, Unreadable
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error

UNREACHABLE = EndpointConnectionError(endpoint_url="https://x")
LATE = OutOfTime(name="Lambda", seconds=60)
THING = ResourceType("AWS::Test::Thing", lambda read: ["a"])


class Session:
    """Any client of which any call is answered with what comes next."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = []

    def client(self, service, *, region_name, config):
        if service == "unheard":
            raise UnknownServiceError(service_name=service, known_service_names="s3")
        return Client(self, service, region_name, once=config is ONCE)


class Client:
    meta = SimpleNamespace(endpoint_url="http://127.0.0.1")

    def __init__(self, session, service, region, *, once):
        self._session, self._made = session, (service, region, once)

    def can_paginate(self, operation):
        return False

    def __getattr__(self, operation):
        if operation == "missing":
            raise AttributeError(operation)

        def call(**params):
            service, region, once = self._made
            self._session.calls.append((service, operation, region, params, once))
            answer = self._session.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


class Everywhere:
    """A geography in which every service is everywhere, but for those named."""

    def __init__(self, lacking=()):
        self.lacking = lacking
        self.without_host = ()

    def is_absent(self, service, region):
        return (service, region) in self.lacking

    lacks = is_absent

    def has_no_host(self, service, region, url):
        return (url, region) in self.without_host

    def home(self, region, service=""):
        return HOME


def aws_over(session, **more):
    run = Aws(session, account=ACCOUNT_ID, region="eu-west-1", now=lambda: NOON, **more)
    run.geography = Everywhere()
    return run


def reading(session, *actions, **more):
    return DeclaredReader(aws_over(session, **more), frozenset(actions), "the test")


# -- calls that act --------------------------------------------------------------------------------


def test_a_call_that_acts_is_made_once_by_a_client_that_never_retries():
    session = Session({"StatusCode": 200, "Payload": io.BytesIO(b"said")})
    read = reading(session, "lambda:InvokeFunction")
    for _ in range(2):
        answer = read.act("lambda", "invoke", FunctionName="f")
        assert answer == {"StatusCode": 200, "Payload": b"said"}
    assert session.calls == [("lambda", "invoke", "eu-west-1", {"FunctionName": "f"}, True)]


def test_a_streamed_body_is_read_once_and_kept():
    session = Session({"contentType": "application/json", "body": io.BytesIO(b"{}")})
    read = reading(session, "apigateway:GET")
    for _ in range(2):
        answer = read.one("apigateway", "get_export", restApiId="a")
        assert answer == {"contentType": "application/json", "body": b"{}"}
    assert len(session.calls) == 1


def test_what_is_acted_upon_may_be_gone_and_the_act_may_fail():
    read = reading(Session(error("ResourceNotFoundException")), "lambda:InvokeFunction")
    with pytest.raises(Gone, match=r"lambda invoke \{'FunctionName': 'f'\}"):
        read.act("lambda", "invoke", gone=("ResourceNotFoundException",), FunctionName="f")
    read = reading(Session(error("ResourceNotFoundException")), "lambda:InvokeFunction")
    with pytest.raises(Unreadable) as unreadable:
        read.act("lambda", "invoke", FunctionName="f")
    assert unreadable.value.action == "lambda:InvokeFunction"


def test_an_act_has_to_be_declared():
    session = Session({})
    with pytest.raises(UndeclaredRead, match="the test calls lambda:InvokeFunction"):
        reading(session, "lambda:GetFunction").act("lambda", "invoke", FunctionName="f")
    assert session.calls == []


# -- calls that are polled -------------------------------------------------------------------------


def test_a_job_is_asked_once_for_each_attempt():
    session = Session({"State": "STARTED"}, {"State": "COMPLETE"})
    read = reading(session, "iam:GenerateCredentialReport")
    states = [
        read.poll("iam", "generate_credential_report", attempt)["State"] for attempt in (1, 1, 2)
    ]
    assert states == ["STARTED", "STARTED", "COMPLETE"]
    assert session.calls == [("iam", "generate_credential_report", "eu-west-1", {}, False)] * 2


def test_a_job_that_is_not_there_yet_is_none_and_one_that_fails_is_unreadable():
    session = Session(error("ReportNotPresent", 410), error("AccessDenied", 403))
    read = reading(session, "iam:GetCredentialReport")
    assert read.poll("iam", "get_credential_report", 1, absent=("ReportNotPresent",)) is None
    with pytest.raises(Unreadable) as unreadable:
        read.poll("iam", "get_credential_report", 2, absent=("ReportNotPresent",))
    assert (unreadable.value.action, unreadable.value.cause) == (
        "iam:GetCredentialReport",
        Cause.ACCESS_DENIED,
    )


# -- calls that are billed one by one --------------------------------------------------------------


class Cache:
    """The answers of the day, with what it was asked."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def daily(self, question, now, ask):
        self.asked.append((question, now, ask))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def asked():
    raise AssertionError("it is the cache that asks")


@pytest.mark.parametrize("bulk", [True, False])
def test_only_a_sweep_may_ask_and_each_run_asks_the_cache_once(bulk):
    cache = Cache({"cost": 7})
    read = reading(Session(), "ce:GetCostAndUsage", daily_cache=cache, bulk=bulk)
    for _ in range(2):
        assert read.daily("ce:GetCostAndUsage", "the question", asked) == {"cost": 7}
    assert cache.asked == [("the question", NOON, asked if bulk else None)]


@pytest.mark.parametrize(
    ("failure", "action", "cause", "code"),
    [
        (
            error("AccessDeniedException"),
            "dynamodb:PutItem",
            Cause.ACCESS_DENIED,
            "AccessDeniedException",
        ),
        (UNREACHABLE, "dynamodb:GetItem", Cause.SERVICE_UNAVAILABLE, "EndpointConnectionError"),
        (
            NotCached("not yet"),
            "ce:GetCostAndUsage",
            Cause.SERVICE_UNAVAILABLE,
            "not yet",
        ),
    ],
    ids=["refused", "unreachable", "not asked yet"],
)
def test_where_the_cache_has_no_answer_it_is_named_why(failure, action, cause, code):
    read = reading(Session(), daily_cache=Cache(failure))
    with pytest.raises(Unreadable) as unreadable:
        read.daily("ce:GetCostAndUsage", "the question", asked)
    said = unreadable.value
    assert (said.action, said.cause, said.code) == (action, cause, code)


def test_without_a_cache_a_run_asks_each_question_once():
    questions = []
    read = reading(Session())
    for question in ("one", "one", "two"):
        answer = read.daily("ce:GetCostAndUsage", question, lambda q=question: questions.append(q))
        assert answer is None
    assert questions == ["one", "two"]


# -- several at a time -----------------------------------------------------------------------------


def test_answers_for_several_come_in_their_order_although_they_are_asked_at_once():
    together = threading.Barrier(3, timeout=10)

    def ask(number):
        together.wait()
        return number * 10

    assert reading(Session()).each(ask, iter([1, 2, 3])) == [10, 20, 30]
    with pytest.raises(ZeroDivisionError):
        reading(Session()).each(lambda number: 1 // number, [1, 0])


# -- failures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "cause", "code"),
    [
        (error("Throttling"), Cause.THROTTLED, "Throttling"),
        (UNREACHABLE, Cause.SERVICE_UNAVAILABLE, "EndpointConnectionError"),
        (PaginationError(message="x"), Cause.UNEXPECTED_ANSWER, "PaginationError"),
        (ResponseParserError("x"), Cause.UNEXPECTED_ANSWER, "ResponseParserError"),
        (LATE, Cause.THROTTLED, "OutOfTime"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_a_failure_says_what_and_why(failure, cause, code):
    with pytest.raises(Unreadable) as unreadable:
        reading(Session(failure), "kms:ListKeys").one("kms", "list_keys")
    said = unreadable.value
    assert (said.action, said.cause, said.code) == ("kms:ListKeys", cause, code)


@pytest.mark.parametrize(("service", "operation"), [("kms", "missing"), ("unheard", "list_keys")])
def test_what_the_sdk_lacks_names_its_version(service, operation):
    read = reading(Session(), "kms:Missing", "unheard:ListKeys")
    with pytest.raises(Unreadable) as unreadable:
        read.one(service, operation)
    assert unreadable.value.cause is Cause.SDK_TOO_OLD
    assert unreadable.value.code == f"botocore {botocore.__version__}"


def test_without_credentials_nothing_is_judged_and_the_reason_is_theirs():
    with pytest.raises(CredentialsRefused, match="Unable to locate credentials"):
        reading(Session(NoCredentialsError()), "kms:ListKeys").one("kms", "list_keys")


def test_refused_credentials_say_by_which_code():
    session = Session(error("ExpiredToken", 403), error("ExpiredToken", 403))
    with pytest.raises(CredentialsRefused, match=r"^ExpiredToken: An error"):
        reading(session, "kms:ListKeys").one("kms", "list_keys")


def test_a_token_that_one_region_refuses_names_it():
    session = Session(error("UnrecognizedClientException", 403), {"Account": ACCOUNT_ID})
    with pytest.raises(Unreadable) as unreadable:
        reading(session, "kms:ListKeys").one("kms", "list_keys", region="ap-east-1")
    said = unreadable.value
    assert said.cause is Cause.TOKEN_REFUSED
    assert said.code == "UnrecognizedClientException in ap-east-1"


def test_in_a_run_that_goes_on_in_another_leg_a_late_call_is_left_to_that():
    read = reading(Session(LATE), "kms:ListKeys")
    read._aws.pacer.resumes = True
    with pytest.raises(Postponed, match="Lambda gives the next turn in 60 s"):
        read.one("kms", "list_keys")


@pytest.mark.parametrize("lacks", [True, False])
@pytest.mark.parametrize("without_host", [True, False])
def test_a_host_that_is_not_reached_is_that_of_a_service_the_region_lacks(lacks, without_host):
    read = reading(Session(UNREACHABLE), "dax:DescribeClusters")
    geography = Everywhere([("dax", "eu-north-1")] if lacks else [])
    geography.is_absent = lambda service, region: False
    geography.without_host = [(UNREACHABLE.kwargs["endpoint_url"], "eu-north-1")] * without_host
    read._aws.geography = geography
    with pytest.raises(Unreadable) as unreadable:
        read.one("dax", "describe_clusters", region="eu-north-1")
    assert isinstance(unreadable.value, NotOffered) is (lacks or without_host)
    if lacks or without_host:
        assert "eu-north-1" in str(unreadable.value)


def test_a_service_that_another_region_lacks_is_asked_here():
    session = Session({"Clusters": []}, {"Clusters": []})
    read = reading(session, "dax:DescribeClusters")
    read._aws.geography = Everywhere([("dax", "eu-north-1")])
    assert list(read.every("dax", "describe_clusters", "Clusters")) == []
    assert len(session.calls) == 1
    with pytest.raises(NotOffered):
        read.one("dax", "describe_clusters", region="eu-north-1")
    with pytest.raises(NotOffered):
        read.every("dax", "describe_clusters", "Clusters", region="eu-north-1")
    assert len(session.calls) == 1


# -- what is kept ----------------------------------------------------------------------------------


def test_what_is_about_the_batch_alone_is_kept_whole_and_goes_with_it():
    large = {"MetricDataResults": [{"Id": f"m{n}", "Label": "x" * 100} for n in range(500)]}
    session = Session(*[dict(large) for _ in range(8)])
    read = reading(session, "cloudwatch:GetMetricData", "cloudwatch:DescribeAlarms")
    run = read._aws
    run.answers = Answers(room=0)
    for _ in range(2):
        with run.batch(THING, ["a"]):
            assert list(read.ids(THING)) == ["a"]
            for _ in range(2):
                read.one("cloudwatch", "get_metric_data")
                read.every("cloudwatch", "get_metric_data", "MetricDataResults")
            assert [type(each) for each in kept(run)] == [dict, dict]
    assert len(session.calls) == 4, "once in each batch"


def kept(run):
    """The answers of AWS that the run holds."""
    for cells in (run.answers._run, run.answers._batch or {}, run.answers._roomy):
        for cell in cells.values():
            answer = cell.future.result()
            for each in answer if isinstance(answer, list) else [answer]:
                if isinstance(each, dict | Packed):
                    yield each


def test_other_large_answers_are_kept_packed_and_read_like_any():
    large = {"Things": [{"Name": f"n{n}", "Label": "x" * 100} for n in range(500)]}
    session = Session(dict(large), dict(large))
    read = reading(session, "kms:ListKeys")
    assert read.one("kms", "list_keys") == large
    assert list(read.every("kms", "list_keys", "Things")) == large["Things"]
    assert [type(each) for each in kept(read._aws)] == [Packed, Packed]


def test_evidence_is_as_old_as_the_first_asking_of_what_it_was_made_from():
    run = aws_over(Session({"Keys": []}))
    first, second = (DeclaredReader(run, frozenset({"kms:ListKeys"}), "x") for _ in range(2))
    first.began, second.began = NOON, NOON + timedelta(minutes=5)
    first.one("kms", "list_keys")
    second.one("kms", "list_keys")
    assert (first.oldest, second.oldest) == (NOON, NOON)
    second._note(NOON + timedelta(minutes=1))
    assert second.oldest == NOON
    second._note(NOON - timedelta(minutes=1))
    second._note(None)
    assert second.oldest == NOON - timedelta(minutes=1)


def test_what_is_made_of_a_listing_is_made_once_and_as_old_as_the_listing():
    run, made = aws_over(Session({"Keys": []})), []
    first, second = (DeclaredReader(run, frozenset({"kms:ListKeys"}), "x") for _ in range(2))
    first.began, second.began = NOON, NOON + timedelta(minutes=5)

    def index(read):
        made.append(read.one("kms", "list_keys"))
        return {"a": 1}

    assert [each.made_once("keys", index) for each in (first, second)] == [{"a": 1}] * 2
    assert made == [{"Keys": []}]
    assert (first.oldest, second.oldest) == (NOON, NOON)


def test_what_cannot_be_made_is_unreadable_each_time():
    read = DeclaredReader(
        aws_over(Session(error("AccessDenied", 403))), frozenset({"kms:ListKeys"}), "x"
    )
    for _ in range(2):
        with pytest.raises(Unreadable, match="kms:ListKeys"):
            read.made_once("keys", lambda read: read.one("kms", "list_keys"))
