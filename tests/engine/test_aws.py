"""One run's view of an account: read once, together or alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from readiness.engine.aws import Aws
from readiness.engine.reader import DeclaredReader
from readiness.model.evidence import ResourceType, evidence
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
