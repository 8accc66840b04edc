"""What a heading's function leaves to a later look."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError

from readiness.engine.garbled import Garbled
from readiness.engine.later import NotAsked
from readiness.engine.look_again import Again
from readiness.engine.pacing import IN_AN_EVENT
from readiness.engine.targets import Target
from readiness.evidence.s3 import buckets
from readiness.model.resource import Resource
from tests.engine.functions import (
    LOOKS,
    Failing,
    Machine,
    api_call,
    shared_rows,
    status,
    stored,
    swept,
)
from tests.engine.test_counting import sent
from tests.fake_account import ACCOUNT_ID, error
from tests.findings import BUCKET
from tests.pipeline.standins import context
from tests.tables import client

# -- looking again -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [error("ThrottlingException"), error("InternalFailure", 500)],
    ids=["throttled", "failed"],
)
def test_a_passing_failure_is_not_the_end_of_an_event(function, machine, failing, failure):
    failing.failure = failure
    answer = function(api_call(), context())
    assert answer["again"] >= 1
    assert status(function) is None, "nothing is known yet, and nothing is recorded"
    [asked] = machine.inputs
    assert asked["wait"] == 30
    failing.failure = None
    function(asked["event"], context())
    assert status(function) == "NON_COMPLIANT"
    assert function.stored.get(BUCKET, "encryption.s3-kms").changed_by.endswith("user/ann")


class FailingFrom(Failing):
    """Fails from the second question on, as the second look after a transition asks it."""

    def __init__(self, client, failure):
        super().__init__(client, None)
        self._then = failure

    def __getattr__(self, operation):
        answers = super().__getattr__(operation)
        if operation == "get_bucket_encryption" and self._then is not None:
            self.failure = self._then
        return answers


@pytest.fixture
def mended(function, failing):
    """A bucket that was unencrypted and is not any more; the second look at it is throttled."""
    function(api_call(), context())
    assert status(function) == "NON_COMPLIANT"
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    client("s3").put_bucket_encryption(
        Bucket="data",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )
    breaks = FailingFrom(failing, error("ThrottlingException"))
    function.deployment.clients["s3", "us-east-1"] = breaks
    return breaks


@pytest.mark.parametrize("is_swept", [False, True], ids=["event", "sweep"])
def test_a_second_look_that_fails_is_made_later_and_undoes_no_verdict(
    function, machine, failing, mended, is_swept
):
    swept(function) if is_swept else function(api_call(), context())
    assert mended.failure is not None
    assert status(function) == "COMPLIANT"
    [asked] = [each for each in machine.inputs if about_the_bucket(each)]
    function.deployment.clients["s3", "us-east-1"] = failing
    client("s3").delete_bucket_encryption(Bucket="data")
    function(asked["event"], context())
    assert status(function) == "NON_COMPLIANT", "the later look sees what is there now"


@pytest.mark.parametrize("is_swept", [False, True], ids=["event", "sweep"])
def test_where_no_later_look_can_be_had_the_second_one_counts(function, machine, mended, is_swept):
    machine.fails = error("ExecutionLimitExceeded")
    swept(function) if is_swept else function(api_call(), context())
    assert status(function) == "INSUFFICIENT_DATA"


def about_the_bucket(asked):
    return ["encryption.s3-kms", "data", None] in asked["event"]["look_again"]["targets"]


def test_a_passing_failure_in_a_sweep_is_looked_at_again_before_the_next(
    function, machine, failing
):
    failing.failure = error("InternalFailure", 500)
    swept(function)
    assert status(function) == "INSUFFICIENT_DATA"
    [asked] = machine.inputs
    assert asked["event"]["look_again"]["origin"]["woken_by"] == "sweep"
    failing.failure = None
    function(asked["event"], context())
    assert status(function) == "NON_COMPLIANT"
    [row] = function.stored.history(stored(function).id)
    assert (row.kind, row.woken_by) == ("OPENED", "sweep")


def test_a_look_in_a_sandbox_that_has_swept_takes_the_share_of_an_event(function, machine):
    """Otherwise the end of the sweep, which is long past, leaves no turn for any call."""
    swept(function)
    assert function.deployment.pacer.resumes
    function.deployment.pacer._deadline = function.deployment.pacer._clock.now() - 3600
    event = {"look_again": {"targets": [["encryption.s3-kms", "data", None]], "attempt": 1}}
    function(event, context())
    assert function.deployment.pacer._share == IN_AN_EVENT
    assert not function.deployment.pacer.resumes
    assert function.deployment.pacer._deadline > function.deployment.pacer._clock.now()


def test_the_log_of_a_later_look_names_the_event_that_asked_for_it(function, machine, failing):
    """So one search in the logs shows all that became of an event."""
    failing.failure = error("ThrottlingException")
    function(api_call(), context())
    assert function.log.get_current_keys()["trigger"] == "event-1"
    function(api_call(requestParameters={}) | {"id": "event-2"}, context())
    assert function.log.get_current_keys()["trigger"] == "event-2"
    function(machine.inputs[0]["event"], context())
    assert function.log.get_current_keys()["trigger"] == "event-1"


def test_after_the_last_look_it_is_recorded_as_unknown(function, machine, failing):
    failing.failure = error("ThrottlingException")
    function(api_call(), context())
    for _ in range(4):
        assert status(function) is None
        function(machine.inputs.pop()["event"], context())
    assert status(function) == "INSUFFICIENT_DATA"
    assert not machine.inputs


def test_a_denied_read_is_recorded_at_once(function, machine, failing):
    failing.failure = error("AccessDenied", 403)
    function(api_call(), context())
    assert status(function) == "INSUFFICIENT_DATA"
    assert not machine.inputs


@pytest.mark.parametrize("fails", [error("StateMachineDeleting"), error("AccessDenied", 403)])
def test_where_no_later_look_can_be_had_it_is_recorded_now(function, machine, failing, fails):
    failing.failure = error("ThrottlingException")
    machine.fails = fails
    function(api_call(), context())
    assert status(function) == "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    "fails",
    [
        error("ThrottlingException"),
        error("InternalServerError", 500),
        EndpointConnectionError(endpoint_url="https://states"),
        Garbled(service="stepfunctions", operation="StartExecution", status=200, what="no body"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_where_a_later_look_cannot_be_asked_for_yet_the_invocation_is_made_again(
    function, machine, failing, fails
):
    """Otherwise it would stay unknown until the next sweep."""
    failing.failure = error("ThrottlingException")
    machine.fails = fails
    with pytest.raises(NotAsked, match="later look"):
        function(api_call(), context())
    assert status(function) == "INSUFFICIENT_DATA", "what is known is written first"
    failing.failure = None
    function(api_call(), context())
    assert status(function) == "NON_COMPLIANT"


def test_a_look_that_was_asked_for_hides_none_that_could_not_be(function, machine):
    function.later.function = "arn:aws:lambda:us-east-1:111122223333:function:encryption"
    asked, now = Again(frozenset()), datetime.now(UTC)
    machine.fails = EndpointConnectionError(endpoint_url="https://states")
    assert not function.later.ask({Target("encryption.s3-kms", "data")}, asked, now)
    machine.fails = None
    assert function.later.ask({Target("encryption.s3-kms", "more")}, asked, now)
    with pytest.raises(NotAsked):
        function.later.raise_on_unasked()


def test_a_sweep_that_cannot_ask_for_a_later_look_ends_well(function, machine, failing):
    """The state machine would make the whole leg again; and it fails no later event."""
    failing.failure = error("ThrottlingException")
    machine.fails = error("ThrottlingException")
    swept(function)
    failing.failure = None
    function(api_call(), context())
    assert status(function) == "NON_COMPLIANT"


def test_an_event_that_concerns_everything_is_left_to_one_look(function, machine, capsys):
    event = api_call(requestParameters={})
    answer = function(event, context())
    assert ("encryption", "LooksGathered", 1) in sent(capsys)
    assert answer["evaluated"] == 0
    assert answer["later"] >= 1
    [asked] = machine.inputs
    assert 1 <= asked["wait"] <= 60
    looked = function(asked["event"], context())
    assert looked["evaluated"] >= 1
    assert status(function) == "NON_COMPLIANT"


def test_an_event_that_concerns_everything_is_evaluated_now_where_no_look_can_be_had(
    function, machine
):
    machine.fails = error("ThrottlingException")
    function(api_call(requestParameters={}), context())
    assert status(function) == "NON_COMPLIANT"


def by(name, **detail):
    """An event of its own for each name and detail."""
    arn = f"arn:aws:iam::111122223333:user/{name}"
    return api_call(userIdentity={"arn": arn}, eventID=name, **detail) | {"id": f"{name} {detail}"}


def created(name="new", call="CreateBucket"):
    return by("ann", eventName=call, requestParameters={"bucketName": name})


def looks_of(machine):
    return [asked["event"]["look_again"]["attempt"] for asked in machine.inputs]


NEW = Resource.parse(f"{ACCOUNT_ID}/us-east-1/AWS::S3::Bucket/new")


def test_an_event_that_is_there_before_its_bucket_is_not_lost(function, machine):
    """S3 and IAM are eventually consistent, and no other event tells of a new bucket."""
    function(created(), context())
    assert function.stored.of_resource(NEW) == {}
    assert looks_of(machine) == [1]
    function(machine.inputs.pop()["event"], context())
    assert looks_of(machine) == [2]
    client("s3").create_bucket(Bucket="new")
    function(machine.inputs.pop()["event"], context())
    row = function.stored.get(NEW, "encryption.s3-kms")
    assert (row.status, row.opened_by) == ("NON_COMPLIANT", "arn:aws:iam::111122223333:user/ann")
    assert not machine.inputs


def test_what_never_appears_is_looked_at_twice_more_and_has_no_row(function, machine):
    function(created(), context())
    for _ in range(2):
        function(machine.inputs.pop()["event"], context())
    assert not machine.inputs
    assert list(function.stored.all()) == []


def test_a_bucket_that_was_made_again_is_not_closed_by_a_read_that_lags(function, machine):
    """A page that resolves and comes back within a minute wakes somebody twice."""
    function(api_call(), context())
    opened = stored(function)
    client("s3").delete_bucket(Bucket="data")
    function(created("data"), context())
    assert stored(function) == opened, "nothing is said of it yet"
    client("s3").create_bucket(Bucket="data")
    function(machine.inputs.pop()["event"], context())
    assert not stored(function).gone
    assert [row.kind for row in function.stored.history(opened.id)] == ["OPENED"]


def test_after_a_deletion_nothing_is_waited_for(function, machine):
    function(api_call(), context())
    client("s3").delete_bucket(Bucket="data")
    function(created("data", "DeleteBucket"), context())
    assert stored(function).gone
    assert not machine.inputs


def test_events_in_the_reverse_order_end_as_it_is(function, machine):
    """The deletion comes first, the call that made the bucket after it."""
    function(created("data", "DeleteBucket"), context())
    assert not stored(function).gone, "it exists, so the deletion was undone"
    client("s3").delete_bucket(Bucket="data")
    for event in (created("data", "DeleteBucket"), created("data")):
        function(event, context())
    assert stored(function).gone
    while machine.inputs:
        function(machine.inputs.pop()["event"], context())
    assert stored(function).gone


class Once(Machine):
    """Takes each name once, as Step Functions does."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def start_execution(self, *, stateMachineArn, name, input):  # noqa: N803
        if name in self.names:
            raise error("ExecutionAlreadyExists")
        self.names.add(name)
        super().start_execution(stateMachineArn=stateMachineArn, name=name, input=input)


@pytest.fixture
def once(function, monkeypatch):
    machine = Once()
    made = function.deployment.session.client
    function.later.machine = LOOKS
    monkeypatch.setattr(
        function.deployment.session,
        "client",
        lambda service, **how: machine if service == "stepfunctions" else made(service, **how),
    )
    monkeypatch.setattr("readiness.engine.function._now", lambda: MIDDLE)
    return machine


MIDDLE = datetime(2026, 11, 2, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("names", "blamed"),
    [
        pytest.param(["ann"], "arn:aws:iam::111122223333:user/ann", id="one event"),
        pytest.param(["ann", "bob"], "", id="one of several"),
    ],
)
def test_a_look_for_several_events_blames_none_of_them(function, once, names, blamed):
    for name in names:
        function(by(name, requestParameters={}), context())
    [asked] = once.inputs
    function(asked["event"], context())
    assert stored(function).opened_by == blamed
    assert stored(function).event_id == ("ann" if blamed else "")
    [row] = function.stored.history(stored(function).id)
    assert (row.opened_by, row.woken_by) == (blamed, "event")


@pytest.mark.parametrize(
    ("events", "blamed"),
    [
        pytest.param(["ann"], "arn:aws:iam::111122223333:user/ann", id="one event"),
        pytest.param(["ann", "ann"], "arn:aws:iam::111122223333:user/ann", id="delivered twice"),
        pytest.param(["ann", "bob"], "", id="one of two"),
    ],
)
def test_events_that_share_a_later_look_are_not_blamed_for_each_other(
    function, once, failing, events, blamed
):
    failing.failure = error("ThrottlingException")
    for name in events:
        function(by(name), context())
    [asked] = once.inputs
    failing.failure = None
    function(asked["event"], context())
    assert status(function) == "NON_COMPLIANT"
    assert stored(function).opened_by == blamed


def test_a_later_look_that_could_not_be_noted_for_others_names_nobody(
    function, once, failing, monkeypatch
):
    """The next event would take itself for the first, and share this look."""
    failing.failure = error("ThrottlingException")
    monkeypatch.setattr(function.later.crowds, "is_first", lambda *_, **__: None)
    function(by("ann"), context())
    [asked] = once.inputs
    failing.failure = None
    function(asked["event"], context())
    assert status(function) == "NON_COMPLIANT"
    assert stored(function).opened_by == ""


def test_a_look_for_several_events_reads_anew_what_any_of_them_named(function, once, monkeypatch):
    """An answer of the day about a resource that only the second event named is old by now."""
    for name in ("first", "second", "third"):
        function(by("ann", requestParameters={"note": name}), context())
    named = []
    evaluation = function.deployment.evaluation
    monkeypatch.setattr(
        function.deployment,
        "evaluation",
        lambda *how, **more: named.append(more["named"]) or evaluation(*how, **more),
    )
    [asked] = once.inputs
    function(asked["event"], context())
    assert [{"first", "second", "third"} <= names for names in named] == [True]


def key_event(number):
    return by(
        f"user-{number}",
        eventSource="kms.amazonaws.com",
        eventName="DisableKey",
        requestParameters={"keyId": f"00000000-0000-0000-0000-{number:012}"},
    )


def test_what_several_headings_ask_after_an_api_call_is_shared(function, machine):
    function(api_call(), context())
    assert shared_rows() == {"shared#event-1"}


def of_crowds(once):
    """The looks at what refers to something; the keys themselves, which are none, get others."""
    return [
        asked
        for asked in once.inputs
        if any(via for *_, via in asked["event"]["look_again"]["targets"])
    ]


def test_a_crowd_of_events_about_what_others_refer_to_is_one_look(function, once, monkeypatch):
    """The first is evaluated at once; the others read who refers to what together."""
    read = []
    follow = importlib.import_module("readiness.engine.follow")
    made = follow._referring
    monkeypatch.setattr(follow, "_referring", lambda *how: read.append(how) or made(*how))
    function(key_event(0), context())
    first = len(read)
    assert first >= 1
    assert not of_crowds(once)
    for number in range(1, 50):
        assert function(key_event(number), context())["later"] >= 1
    assert len(read) == first, "nothing was read for the others"
    [asked] = of_crowds(once)
    assert {target[2][1] for target in asked["event"]["look_again"]["targets"]} == {"*"}
    assert asked["event"]["look_again"]["origin"]["by"] == ""
    function(asked["event"], context())
    assert len(read) == 2 * first


def test_what_refers_to_any_resource_of_a_crowd_is_evaluated(function, once):
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    client("s3").put_bucket_encryption(
        Bucket="data",
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": key,
                    }
                }
            ]
        },
    )
    client("kms").disable_key(KeyId=key)
    function(key_event(1), context())
    assert stored(function) is None
    event = key_event(2)
    event["detail"]["requestParameters"]["keyId"] = key
    function(event, context())
    assert stored(function) is None
    function(of_crowds(once)[0]["event"], context())
    assert stored(function).status == "NON_COMPLIANT"
    assert stored(function).opened_by == ""


def test_events_about_many_that_are_judged_together_are_one_look(function, once, monkeypatch):
    """As of the schedules of a group; the first is evaluated at once."""
    monkeypatch.setitem(buckets.BUCKET.__dict__, "holds_many", True)
    assert "later" not in function(api_call(), context())
    for number in range(3):
        assert function(by(f"user-{number}"), context())["later"] >= 1
    asked = [each for each in once.inputs if each["event"]["look_again"].get("crowd")]
    [targets] = [each["event"]["look_again"]["targets"] for each in asked]
    assert ["encryption.s3-kms", "data", None] in targets
    function(asked[0]["event"], context())
    assert status(function) == "NON_COMPLIANT"


def test_where_the_table_does_not_answer_no_event_is_left_to_others(function, once, monkeypatch):
    def fails(**params):
        raise error("ThrottlingException")

    monkeypatch.setattr(function.later.crowds, "_client", SimpleNamespace(put_item=fails))
    for number in range(3):
        assert "later" not in function(key_event(number), context())
    assert not of_crowds(once)


def test_a_look_for_rules_that_are_gone_is_ignored(function, machine):
    event = {"look_again": {"targets": [["encryption.retired", "x", None]], "attempt": 1}}
    assert function(event, context())["ignored"] == "none of the rules exists any more"
