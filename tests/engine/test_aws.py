"""One run's view of an account: read once, together or alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from botocore.loaders import create_loader

from readiness.engine.aws import Aws
from readiness.engine.geography import Geography, default
from readiness.engine.rates import Pacer
from readiness.engine.reader import DeclaredReader
from readiness.model.evidence import ACCOUNT, ResourceType, evidence
from readiness.model.resource import Resource
from tests.fake_account import ACCOUNT_ID, HOME, NOON, Clock, FakeAccount


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
    aws = aws_over(FakeAccount(), daily_cache=cache, pacer=pacer, bulk=True)
    again = aws.reread()
    assert (again.daily_cache, again.pacer) == (cache, pacer)
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
