"""One run's view of an account: read once, together or alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import ClassVar

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, PaginationError
from botocore.loaders import create_loader
from botocore.parsers import ResponseParserError

from readiness.engine.answers import Answers
from readiness.engine.aws import ONCE, Aws
from readiness.engine.aws_errors import UnknownCall
from readiness.engine.geography import Geography, default
from readiness.engine.pacing import Pacer
from readiness.engine.reader import DeclaredReader, UndeclaredRead
from readiness.model.evidence import ACCOUNT, ANY, ResourceType, evidence
from readiness.model.resource import Resource
from tests.fake_account import ACCOUNT_ID, HOME, NOON, Clock, FakeAccount, error


def aws_over(fake_account, **more):
    return Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=Clock(), **more)


THING = ResourceType("AWS::Test::Door", lambda read: ["b", "a", "b"])


@evidence(THING)
@dataclass(frozen=True)
class EntryPoint:
    how: str

    @classmethod
    def load(cls, read, resource):
        return cls("alone")

    @classmethod
    def load_all(cls, read):
        return {"a": cls("together")}


def test_bulk_loads_everything_at_once_and_events_read_alone():
    here = Resource(ACCOUNT_ID, HOME, THING.name, "a")
    assert aws_over(FakeAccount()).evidence(EntryPoint, here).evidence.how == "alone"
    assert aws_over(FakeAccount(), bulk=True).evidence(EntryPoint, here).evidence.how == "together"


def test_what_a_bulk_read_does_not_show_is_asked_itself_before_it_is_called_gone():
    elsewhere = Resource(ACCOUNT_ID, HOME, THING.name, "z")
    assert (
        aws_over(FakeAccount(), bulk=True).evidence(EntryPoint, elsewhere).evidence.how == "alone"
    )


@pytest.mark.parametrize(
    "elsewhere",
    [
        Resource("999999999999", HOME, THING.name, "a"),
        Resource(ACCOUNT_ID, "eu-west-1", THING.name, "a"),
    ],
    ids=["another account", "another region"],
)
def test_a_bulk_read_says_nothing_of_elsewhere(elsewhere):
    """A resource of the same name elsewhere must not be taken for ours, nor for gone."""
    assert (
        aws_over(FakeAccount(), bulk=True).evidence(EntryPoint, elsewhere).evidence.how == "alone"
    )


def test_an_answer_is_as_old_as_the_beginning_of_its_reading():
    aws = aws_over(FakeAccount())
    answer = aws.evidence(EntryPoint, Resource(ACCOUNT_ID, HOME, THING.name, "a"))
    assert NOON < answer.as_of <= aws.now()


def test_a_listing_is_in_order_and_without_doubles():
    assert aws_over(FakeAccount()).find(THING) == ["a", "b"]


def test_requests_are_counted():
    fake_account = FakeAccount({("s3", "list_buckets"): {"Buckets": []}})
    aws = aws_over(fake_account)
    read = DeclaredReader(aws, frozenset({"s3:ListAllMyBuckets"}), "the test")
    read.every("s3", "list_buckets", "Buckets")
    read.every("s3", "list_buckets", "Buckets")
    assert aws.requests == 1


def test_looking_again_reads_again_with_the_same_clients():
    fake_account = FakeAccount({("s3", "list_buckets"): {"Buckets": []}})
    aws = aws_over(fake_account)
    again = aws.reread()
    assert again.client("s3") is aws.client("s3")
    for each in (aws, again):
        DeclaredReader(each, frozenset({"s3:ListAllMyBuckets"}), "the test").one(
            "s3", "list_buckets"
        )
    assert len(fake_account.calls) == 2


def test_looking_again_keeps_what_several_runs_share():
    """Without the pacer the second look would take a share of AWS's rates of its own."""
    cache, pacer = object(), Pacer()
    named = frozenset({"agent"})
    aws = aws_over(FakeAccount(), daily_cache=cache, pacer=pacer, bulk=True, named=named)
    again = aws.reread()
    assert (again.daily_cache, again.pacer) == (cache, pacer)
    assert (aws.named, again.named) == (named, named)
    assert (again.account, again.region, again.now) == (ACCOUNT_ID, HOME, aws.now)
    assert not again.bulk
    assert aws.reread(bulk=True).bulk


def test_the_session_says_what_it_knows_of_regions():
    class Account(FakeAccount):
        geography = Geography(create_loader())

    assert aws_over(Account()).geography is Account.geography
    assert aws_over(FakeAccount()).geography is default()


def test_a_batch_gives_its_ids_to_its_type_alone():
    aws = aws_over(FakeAccount())
    assert aws.batch_ids(THING) is None
    with aws.batch(THING, ["a", "b"]):
        assert aws.batch_ids(THING) == ("a", "b")
        assert aws.batch_ids(ACCOUNT) is None
    assert aws.batch_ids(THING) is None


def test_a_call_that_acts_has_a_client_that_never_retries():
    made = []

    class Account(FakeAccount):
        def client(self, service, *, region_name, config):
            made.append((service, region_name, config.retries["total_max_attempts"]))
            return super().client(service)

    aws = aws_over(Account())
    aws.client("lambda")
    aws.client("lambda", once=True)
    aws.client("lambda", "eu-west-1")
    assert aws.client("lambda") is aws.client("lambda", HOME)
    assert made == [("lambda", HOME, 4), ("lambda", HOME, 1), ("lambda", "eu-west-1", 4)]


def test_what_was_read_is_forgotten_at_once():
    fake_account = FakeAccount({("s3", "list_buckets"): {"Buckets": []}})
    aws = aws_over(fake_account)
    read = DeclaredReader(aws, frozenset({"s3:ListAllMyBuckets"}), "the test")
    read.every("s3", "list_buckets", "Buckets")
    aws.forget()
    read.every("s3", "list_buckets", "Buckets")
    assert len(fake_account.calls) == 2


def test_how_long_a_listing_took_is_kept():
    run = aws_over(FakeAccount())
    moments = iter([10.0, 17.5])
    run.pacer.now = lambda: next(moments)
    about = ResourceType("Test::Listed::Once", lambda read: ["b", "a", "b"])
    assert run.find(about) == run.find(about) == ["a", "b"]
    assert run.found_in == {about: 7.5}


def test_a_listing_is_as_old_as_the_oldest_answer_that_it_rests_on():
    """Also where an earlier leg of the sweep asked: what came since need not be in it."""
    buckets = ResourceType(
        "Test::Listed",
        lambda read: read.every("s3", "list_buckets", "Buckets") and [],
        find_reads=("s3:ListAllMyBuckets",),
    )
    fake_account = FakeAccount({("s3", "list_buckets"): {"Buckets": []}})
    first = aws_over(fake_account)
    first.find(buckets)
    asked_at = first.listed_at[buckets]
    assert asked_at >= NOON
    second = aws_over(fake_account)
    second.now()  # time goes on
    second.take_over(first.answers.handed_on(asked_at))
    second.find(buckets)
    assert second.listed_at == {buckets: asked_at}
    second.forget()
    again = ResourceType("Test::ListedAgain", buckets.find, find_reads=buckets.find_reads)
    second.find(again)
    assert second.listed_at[again] > asked_at


# -- clients ---------------------------------------------------------------------------------------


class Session:
    """Makes stand-ins for clients, and notes with which configuration."""

    def __init__(self, *answers, can_paginate=False):
        self.made = []
        self.calls = []
        self.answers = list(answers)
        self.can_paginate = can_paginate

    def client(self, service, *, region_name, config):
        self.made.append((service, region_name, config))
        return StandIn(self)


class StandIn:
    """A client with one operation, ``list_things``."""

    meta = SimpleNamespace(endpoint_url="http://127.0.0.1")

    def __init__(self, session):
        self._session = session

    def can_paginate(self, operation):
        assert operation == "list_things"
        return self._session.can_paginate

    def list_things(self, **params):
        self._session.calls.append(params)
        answer = self._session.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def get_caller_identity(self, **params):
        return self.list_things(**params)

    def get_paginator(self, operation):
        assert operation == "list_things"

        def paginate(**params):
            self._session.calls.append(params)
            return iter(self._session.answers)

        return SimpleNamespace(paginate=paginate)


def test_a_service_with_a_documented_rate_slows_down_after_a_throttled_answer():
    session = Session()
    aws = aws_over(session)
    aws.client("lambda")
    aws.client("xyz")
    aws.client("lambda", once=True)
    [scarce, plain, once] = [config for _, _, config in session.made]
    assert (scarce.retries["mode"], plain.retries["mode"]) == ("adaptive", "standard")
    assert (scarce.read_timeout, plain.read_timeout, once.read_timeout) == (15, 15, 60)
    assert scarce.retries["total_max_attempts"] == 4
    assert {config.connect_timeout for _, _, config in session.made} == {3}
    assert {config.parameter_validation for _, _, config in session.made} == {False}


def test_each_client_waits_for_its_turns():
    attached = []
    pacer = Pacer()
    pacer.attach = lambda client, service, region: attached.append((client, service, region))
    aws = aws_over(Session(), pacer=pacer)
    one = aws.client("lambda")
    other = aws.client("lambda", "eu-west-1", once=True)
    aws.client("lambda")
    assert attached == [(one, "lambda", HOME), (other, "lambda", "eu-west-1")]


# -- calls -----------------------------------------------------------------------------------------


def test_a_call_that_the_sdk_does_not_have_is_named():
    aws = aws_over(Session())
    with pytest.raises(UnknownCall, match="list_nothing"):
        aws.ask("xyz", "list_nothing", None, {})
    with pytest.raises(UnknownCall, match="list_nothing"):
        list(aws.pages("xyz", "list_nothing", None, {}))
    assert aws.requests == 0


def test_a_call_is_made_in_its_region_and_never_again_where_it_acts():
    session = Session({"a": 1}, {"b": 2})
    aws = aws_over(session)
    assert aws.ask("xyz", "list_things", "eu-west-1", {"Name": "x"}, once=True) == {"a": 1}
    assert aws.ask("xyz", "list_things", None, {}) == {"b": 2}
    made = [(region, config is ONCE) for _, region, config in session.made]
    assert made == [("eu-west-1", True), (HOME, False)]
    assert session.calls == [{"Name": "x"}, {}]
    assert aws.requests == 2


@pytest.mark.parametrize("name", ["NextToken", "nextToken"])
def test_without_a_paginator_each_page_is_asked_with_the_token_of_the_last(name):
    session = Session({"Things": [1], name: "t1"}, {"Things": [2], name: "t2"}, {"Things": [3]})
    aws = aws_over(session)
    pages = aws.pages("xyz", "list_things", "eu-west-1", {"Name": "x"})
    assert [page["Things"] for page in pages] == [[1], [2], [3]]
    assert session.calls == [
        {"Name": "x"},
        {"Name": "x", name: "t1"},
        {"Name": "x", name: "t2"},
    ]
    assert {region for _, region, _ in session.made} == {"eu-west-1"}
    assert aws.requests == 3


@pytest.mark.parametrize("token", ["", None])
def test_an_empty_token_is_the_end(token):
    session = Session({"Things": [1], "NextToken": token})
    assert len(list(aws_over(session).pages("xyz", "list_things", None, {}))) == 1


@pytest.mark.parametrize("tokens", ["aa", "aba"])
def test_a_token_that_comes_again_is_an_error_and_no_endless_loop(tokens):
    session = Session(*({"NextToken": token} for token in tokens), {}, {})
    with pytest.raises(PaginationError, match="list_things gave a page's token twice"):
        list(aws_over(session).pages("xyz", "list_things", None, {}))


def test_with_a_paginator_each_page_is_counted_and_as_large_as_it_can_be():
    session = Session({"a": 1}, {"b": 2}, can_paginate=True)
    aws = aws_over(session)
    assert list(aws.pages("xyz", "list_things", "eu-west-1", {"Name": "x"})) == [
        {"a": 1},
        {"b": 2},
    ]
    assert aws.requests == 2
    assert session.calls == [{"Name": "x"}]
    assert session.made[0][1] == "eu-west-1"
    sized = FakeAccount({("sqs", "list_queues"): {}})
    asked = []
    answer = sized.answer
    sized.answer = lambda *call: asked.append(call[2]) or answer(*call)
    list(aws_over(sized).pages("sqs", "list_queues", None, {}))
    assert asked == [{"MaxResults": 1000}]


# -- credentials and regions -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "refuses"),
    [
        pytest.param({"Account": ACCOUNT_ID}, False, id="accepted"),
        pytest.param(error("ExpiredToken", 403), True, id="expired"),
        pytest.param(error("InvalidClientTokenId", 403), True, id="unknown"),
        pytest.param(error("AccessDenied", 403), False, id="denied"),
        pytest.param(NoCredentialsError(), True, id="none there"),
        pytest.param(EndpointConnectionError(endpoint_url="https://x"), False, id="unreachable"),
        pytest.param(ResponseParserError("x"), False, id="garbled"),
    ],
)
def test_whether_sts_refuses_us_is_asked_once_at_home(answer, refuses):
    session = Session(answer)
    aws = Aws(session, account=ACCOUNT_ID, region="eu-west-1", now=Clock())
    assert aws.refuses_us() is refuses
    assert aws.refuses_us() is refuses
    [(service, region, _)] = session.made
    assert (service, region) == ("sts", HOME)
    assert session.calls == [{}]


def test_whether_a_region_has_a_service_is_asked_once_for_each():
    asked = []
    aws = aws_over(Session())
    aws.geography = SimpleNamespace(
        is_absent=lambda service, region: asked.append((service, region)) or service == "new"
    )
    for _ in range(2):
        assert aws.is_absent("new", HOME) is True
        assert aws.is_absent("old", HOME) is False
        assert aws.is_absent("new", "eu-west-1") is True
    assert asked == [("new", HOME), ("old", HOME), ("new", "eu-west-1")]


# -- batches ---------------------------------------------------------------------------------------


@pytest.fixture
def loads():
    Counted.loads = []
    return Counted.loads


@evidence(ANY)
@dataclass(frozen=True)
class Counted:
    loads: ClassVar[list[str]] = []

    @classmethod
    def load(cls, read, resource):
        cls.loads.append(resource.id)
        return cls()


def test_the_resources_of_the_batch():
    aws = aws_over(FakeAccount())
    assert list(aws.batch_resources()) == []
    with aws.batch(THING, ["a", "b"]):
        assert list(aws.batch_resources()) == [
            Resource(ACCOUNT_ID, HOME, THING.name, "a"),
            Resource(ACCOUNT_ID, HOME, THING.name, "b"),
        ]
    assert list(aws.batch_resources()) == []


def test_what_is_about_the_batch_goes_with_it_and_what_is_about_the_account_stays(loads):
    aws = aws_over(FakeAccount())
    mine = THING.resource(ACCOUNT_ID, HOME, "a")
    other = THING.resource(ACCOUNT_ID, HOME, "z")
    account = ACCOUNT.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    for _ in range(2):
        with aws.batch(THING, ["a"]):
            for each in (mine, other, account, mine, other, account):
                aws.evidence(Counted, each)
    assert loads == ["a", "z", ACCOUNT_ID, "a"]


def test_a_batch_that_fails_ends_too():
    aws = aws_over(FakeAccount())
    with pytest.raises(ZeroDivisionError), aws.batch(THING, ["a"]):
        raise ZeroDivisionError
    assert aws.batch_ids(THING) is None


def test_of_what_is_not_ours_only_so_much_is_kept_as_there_is_room_for(loads):
    """Memory must not grow with what the resources of a batch refer to."""
    aws = aws_over(FakeAccount())
    aws.answers = Answers(room=0)
    with aws.batch(THING, ["a"]):
        for id in ("a", "y", "z", "y", "a"):
            aws.evidence(Counted, THING.resource(ACCOUNT_ID, HOME, id))
    assert loads == ["a", "y", "z", "y"]


def test_the_same_id_of_another_type_is_not_of_the_batch(loads):
    aws = aws_over(FakeAccount())
    aws.answers = Answers(room=0)
    other = ResourceType("AWS::Test::Window", lambda read: [])
    with aws.batch(THING, ["a"]):
        for id in ("a", "z", "a"):
            aws.evidence(Counted, other.resource(ACCOUNT_ID, HOME, id))
    assert loads == ["a", "z", "a"]


@evidence(THING)
@dataclass(frozen=True)
class Whole:
    """What is loaded of all at once, or of those that are wanted."""

    as_of: datetime | None = None
    loads: ClassVar[list[str]] = []
    narrows: ClassVar[bool] = False

    @classmethod
    def load(cls, read, resource):
        cls.loads.append("alone")
        return cls()

    @classmethod
    def load_all(cls, read):
        ids = read.ids(THING) if cls.narrows else ("a", "b")
        cls.loads.append(",".join(ids))
        return {id: cls(NOON if id == "b" else None) for id in ids}


@pytest.mark.parametrize(
    ("narrows", "loaded"), [(True, ["a", "b"]), (False, ["a,b"])], ids=["wanted", "all"]
)
def test_what_was_loaded_for_the_batch_goes_with_it_and_what_was_loaded_for_all_stays(
    monkeypatch, narrows, loaded
):
    monkeypatch.setattr(Whole, "narrows", narrows)
    monkeypatch.setattr(Whole, "loads", [])
    aws = aws_over(FakeAccount(), bulk=True)
    for id in ("a", "b"):
        with aws.batch(THING, [id]):
            for _ in range(2):
                aws.evidence(Whole, THING.resource(ACCOUNT_ID, HOME, id))
    assert Whole.loads == loaded


@pytest.mark.parametrize(
    ("about", "loaded"),
    [
        pytest.param(THING.resource(ACCOUNT_ID, "global", "a"), "a,b", id="global"),
        pytest.param(THING.resource(ACCOUNT_ID, "eu-west-1", "a"), "alone", id="elsewhere"),
    ],
)
def test_what_a_bulk_read_can_show(monkeypatch, about, loaded):
    monkeypatch.setattr(Whole, "loads", [])
    aws_over(FakeAccount(), bulk=True).evidence(Whole, about)
    assert Whole.loads == [loaded]


def test_evidence_that_says_how_old_it_is_is_that_old(monkeypatch):
    monkeypatch.setattr(Whole, "loads", [])
    aws = aws_over(FakeAccount(), bulk=True)
    first = aws.evidence(Whole, THING.resource(ACCOUNT_ID, HOME, "a"))
    assert first.as_of > NOON
    assert aws.evidence(Whole, THING.resource(ACCOUNT_ID, HOME, "b")).as_of == NOON


@evidence(THING, reads=("s3:ListAllMyBuckets",))
@dataclass(frozen=True)
class Declaring:
    as_of: datetime
    takes: ClassVar[str] = "list_buckets"

    @classmethod
    def load(cls, read, resource):
        read.one("s3", cls.takes)
        return cls(NOON)


def test_evidence_that_is_read_alone_makes_the_calls_that_it_declares_and_no_other(monkeypatch):
    here = THING.resource(ACCOUNT_ID, HOME, "a")
    account = FakeAccount({("s3", "list_buckets"): {"Buckets": []}})
    assert aws_over(account).evidence(Declaring, here).as_of == NOON, "as old as it says"
    monkeypatch.setattr(Declaring, "takes", "list_directory_buckets")
    with pytest.raises(UndeclaredRead, match="Declaring calls s3:ListDirectoryBuckets"):
        aws_over(account).evidence(Declaring, here)
    assert account.calls == [("s3", "list_buckets")]


def test_access_of_another_kind_is_to_the_same_account_with_the_same_clients():
    """A recording of what is read makes no client a second time, and reads all of it anew."""

    class Other(Aws):
        pass

    fake_account = FakeAccount()
    named = frozenset({"a-function"})
    first = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=Clock(), bulk=True, named=named)
    client = first.client("kms")
    other = first.remade(Other)
    assert type(other) is Other
    assert other.named == first.reread().named == named, "what the event named"
    assert (other.account, other.region, other.bulk) == (ACCOUNT_ID, HOME, True)
    assert other.now is first.now
    assert other.pacer is first.pacer
    assert other.daily_cache is first.daily_cache
    assert other.client("kms") is client
