"""What makes two questions to AWS the same one: service, operation, place, parameters, and how."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from readiness.engine.aws import Aws
from readiness.engine.reader import DeclaredReader
from tests.fake_account import ACCOUNT_ID, HOME, Clock, error

REGIONS = ("us-east-1", "eu-west-1", "eu-central-1")


class Client:
    """Answers with what it was asked, by which client and for the how-many-eth time."""

    def __init__(self, account, service, region):
        self._account, self._service, self._region = account, service, region
        self.meta = SimpleNamespace(endpoint_url="http://127.0.0.1")

    def can_paginate(self, operation):
        return True

    def get_paginator(self, operation):
        account, named = self._account, (self._service, operation, self._region)

        class Pages:
            def paginate(self, **params):
                for page in (1, 2):
                    yield {"Items": [{**account.asked(*named, "pages", params), "page": page}]}

        return Pages()

    def __getattr__(self, operation):
        def call(**params):
            return self._account.asked(self._service, operation, self._region, "call", params)

        return call


class Account:
    def __init__(self):
        self.calls = []
        self.fails = {}

    def client(self, service, *, region_name=None, **_):
        return Client(self, service, region_name)

    def asked(self, service, operation, region, how, params):
        self.calls.append((service, operation, region, how, params))
        if region in self.fails:
            raise self.fails[region]
        said = {"operation": operation, "region": region, "how": how, "number": len(self.calls)}
        return said | params


@pytest.fixture
def account():
    return Account()


@pytest.fixture
def read(account):
    aws = Aws(account, account=ACCOUNT_ID, region=HOME, now=Clock())
    actions = {"kms:DescribeKey", "kms:ListKeys", "kms:ListAliases", "logs:DescribeKey"}
    return DeclaredReader(aws, frozenset(actions), "the test")


def test_the_same_question_is_asked_once(account, read):
    first = read.one("kms", "describe_key", KeyId="k")
    assert read.one("kms", "describe_key", KeyId="k") == first
    assert read.every("kms", "list_keys", "Items") == read.every("kms", "list_keys", "Items")
    assert [how for *_, how, _ in account.calls] == ["call", "pages", "pages"]


def test_each_region_answers_for_itself(account, read):
    """A global service's home and a replica's region are asked the same in words."""
    keys = {r: read.one("kms", "describe_key", region=r, KeyId="k") for r in REGIONS}
    assert {region: answer["region"] for region, answer in keys.items()} == {
        region: region for region in REGIONS
    }
    lists = {r: read.every("kms", "list_keys", "Items", region=r) for r in REGIONS}
    for region, items in lists.items():
        assert {item["region"] for item in items} == {region}
    assert len(account.calls) == 3 * len(REGIONS)


def test_a_failure_in_one_region_is_not_another_regions(account, read):
    account.fails["eu-west-1"] = error("NotFoundException")
    absent = ("NotFoundException",)
    asked = [
        read.one("kms", "describe_key", region=region, absent=absent, KeyId="k")
        for region in ("eu-west-1", "us-east-1")
    ]
    assert asked[0] is None
    assert asked[1]["region"] == "us-east-1"


@pytest.mark.parametrize(
    "order", [("one", "every"), ("every", "one")], ids=["one first", "every first"]
)
def test_a_single_answer_is_not_taken_for_all_pages(account, read, order):
    """A call and the pages of the same call have the same parameters and other answers."""
    asks = {
        "one": lambda: read.one("kms", "list_keys"),
        "every": lambda: read.every("kms", "list_keys", "Items"),
    }
    answers = {how: asks[how]() for how in order}
    assert answers["one"]["how"] == "call"
    assert [item["page"] for item in answers["every"]] == [1, 2]


def test_an_action_is_not_answered_by_a_read(account, read):
    """What does something is done, though a read of the same name was answered before."""
    before = read.one("kms", "describe_key", KeyId="k")
    after = read.act("kms", "describe_key", KeyId="k")
    assert (before["number"], after["number"]) == (1, 2)


def test_each_attempt_of_a_poll_is_asked(account, read):
    numbers = [read.poll("kms", "list_keys", attempt)["number"] for attempt in (0, 1, 2)]
    assert numbers == [1, 2, 3]
    assert read.poll("kms", "list_keys", 1)["number"] == 2


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda read: read.one("kms", "describe_key", KeyId="other"), id="parameter"),
        pytest.param(lambda read: read.one("kms", "describe_key"), id="no parameter"),
        pytest.param(lambda read: read.one("kms", "list_aliases", KeyId="k"), id="operation"),
        pytest.param(lambda read: read.one("logs", "describe_key", KeyId="k"), id="service"),
    ],
)
def test_another_question_is_asked(account, read, other):
    first = read.one("kms", "describe_key", KeyId="k")
    second = other(read)
    assert (first["number"], second["number"]) == (1, 2)


def test_what_one_loader_takes_for_absent_another_does_not(account, read):
    """Each loader says which errors mean "not set"; the first one's words do not bind others."""
    account.fails[HOME] = error("NotFoundException")
    assert read.one("kms", "describe_key", absent=("NotFoundException",), KeyId="k") is None
    with pytest.raises(Exception, match="kms:DescribeKey"):
        read.one("kms", "describe_key", KeyId="k")
