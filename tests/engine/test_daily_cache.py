"""A question that AWS bills is asked once a day, whoever asks and however often."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.engine.daily_cache import DailyCache, NotCached
from readiness.engine.reader import DeclaredReader
from readiness.model.unreadable import Cause, Unreadable
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error
from tests.tables import TRANSITIONS, make_tables

TABLE = TRANSITIONS
BILLED = "ce:GetCostAndUsage"


@pytest.fixture
def table():
    with mock_aws():
        yield make_tables()


class Service:
    """Counts how often it was asked; fails while told to."""

    def __init__(self):
        self.asked = 0
        self.failure = None

    def __call__(self):
        self.asked += 1
        if self.failure:
            raise self.failure
        return {"number": self.asked, "text": "ü"}


@pytest.fixture
def service():
    return Service()


def daily_cache(table, wait=lambda seconds: None):
    return DailyCache(table, TABLE, wait=wait)


def test_the_day_has_one_answer(table, service):
    first = daily_cache(table).daily("costs", NOON, service)
    later = daily_cache(table).daily("costs", NOON + timedelta(hours=11), service)
    assert first == later == {"number": 1, "text": "ü"}
    assert daily_cache(table).daily("costs", NOON + timedelta(hours=13), service)["number"] == 2
    assert daily_cache(table).daily("other", NOON, service)["number"] == 3


def test_the_row_expires_and_is_no_outbox_row(table, service):
    daily_cache(table).daily("costs", NOON, service)
    [row] = table.scan(TableName=TABLE)["Items"]
    assert row["at"]["S"] == "2026-11-02#costs"
    assert "unpublished" not in row
    assert int(row["expires_at"]["N"]) == int((NOON + timedelta(days=3)).timestamp())


def test_a_failure_is_not_kept(table, service):
    service.failure = Unreadable(BILLED, Cause.THROTTLED)
    with pytest.raises(Unreadable):
        daily_cache(table).daily("costs", NOON, service)
    service.failure = None
    assert daily_cache(table).daily("costs", NOON, service)["number"] == 2


def test_who_comes_second_waits_for_the_first(table, service):
    def while_another_asks():
        def answered(_):
            table.put_item(TableName=TABLE, Item=item | {"answer": {"B": other["answer"]["B"]}})

        daily_cache(table).daily("donor", NOON, lambda: {"number": "from the first"})
        rows = table.scan(TableName=TABLE)["Items"]
        item = next(row for row in rows if row["at"]["S"].endswith("#costs"))
        other = next(row for row in rows if row["at"]["S"].endswith("#donor"))
        waited.append(daily_cache(table, answered).daily("costs", NOON, service))
        return {"number": "mine"}

    waited = []
    daily_cache(table).daily("costs", NOON, while_another_asks)
    assert waited == [{"number": "from the first"}]
    assert service.asked == 0


def test_who_waits_in_vain_says_so_and_asks_after_the_lease(table, service):
    def crash():
        with pytest.raises(NotCached, match="another run"):
            daily_cache(table).daily("costs", NOON, service)
        return {"number": 0}

    daily_cache(table).daily("costs", NOON, crash)
    table.put_item(
        TableName=TABLE,
        Item={
            "finding_id": {"S": "remembered"},
            "at": {"S": "2026-11-02#abandoned"},
            "asked_at": {"S": "2026-11-02T12:00:00.000000Z"},
        },
    )
    with pytest.raises(NotCached):
        daily_cache(table).daily("abandoned", NOON + timedelta(minutes=5), service)
    late = daily_cache(table).daily("abandoned", NOON + timedelta(minutes=20), service)
    assert late["number"] == 1


def reader(daily_cache, *, bulk, now=NOON):
    aws = Aws(
        FakeAccount(),
        account=ACCOUNT_ID,
        region=HOME,
        now=lambda: now,
        bulk=bulk,
        daily_cache=daily_cache,
    )
    return DeclaredReader(aws, frozenset(), "a test")


def test_only_a_sweep_asks(table, service):
    with pytest.raises(Unreadable, match="by the sweep"):
        reader(daily_cache(table), bulk=False).daily(BILLED, "costs", service)
    assert service.asked == 0
    reader(daily_cache(table), bulk=True).daily(BILLED, "costs", service)
    alone = reader(daily_cache(table), bulk=False)
    assert alone.daily(BILLED, "costs", service)["number"] == 1
    after_midnight = reader(daily_cache(table), bulk=False, now=NOON + timedelta(hours=13))
    assert after_midnight.daily(BILLED, "costs", service)["number"] == 1


def test_where_nothing_is_kept_each_run_asks_once(service):
    read = reader(None, bulk=False)
    assert read.daily(BILLED, "costs", service) == read.daily(BILLED, "costs", service)
    assert service.asked == 1


def test_a_table_that_refuses_is_unreadable_and_nothing_is_asked(service):
    denied = FakeAccount({("dynamodb", "get_item"): error("AccessDeniedException", 403)})
    kept = DailyCache(denied.client("dynamodb"), TABLE)
    with pytest.raises(Unreadable, match="dynamodb:PutItem was denied"):
        reader(kept, bulk=True).daily(BILLED, "costs", service)
    assert service.asked == 0


def test_a_table_that_does_not_answer_is_unreadable_for_the_call_that_failed(service):
    away = FakeAccount(
        {("dynamodb", "get_item"): EndpointConnectionError(endpoint_url="https://x")}
    )
    kept = DailyCache(away.client("dynamodb"), TABLE)
    with pytest.raises(Unreadable) as caught:
        reader(kept, bulk=True).daily(BILLED, "costs", service)
    assert (caught.value.action, caught.value.code) == (
        "dynamodb:GetItem",
        "EndpointConnectionError",
    )
    assert caught.value.is_passing
    assert service.asked == 0


# -- what was read since ---------------------------------------------------------------------------


def test_members_that_were_read_since_are_put_into_the_answer_of_the_day(table):
    kept = daily_cache(table)
    kept.daily("parts", NOON, lambda: {"a": 1, "b": 2})
    kept.amend("parts", NOON, {"b": 3, "c": 4})
    assert kept.daily("parts", NOON, dict) == {"a": 1, "b": 3, "c": 4}


def test_yesterdays_answer_does_not_become_that_of_today(table):
    """Today's sweep still asks: only what was read since is newer than yesterday."""
    kept, tomorrow = daily_cache(table), NOON + timedelta(days=1)
    kept.daily("parts", NOON, lambda: {"a": 1, "b": 2})
    kept.amend("parts", tomorrow, {"b": 3})
    assert kept.daily("parts", tomorrow, None) == {"a": 1, "b": 3}
    assert kept.daily("parts", tomorrow, lambda: {"a": "asked"}) == {"a": "asked"}


def test_nothing_is_kept_where_no_answer_is(table):
    daily_cache(table).amend("parts", NOON, {"b": 3})
    assert table.scan(TableName=TABLE)["Items"] == []


def test_two_that_amend_at_once_keep_both(table):
    kept = daily_cache(table)
    kept.daily("parts", NOON, lambda: {"a": 1})
    between = []

    class Slow:
        """A client before whose first conditional write another run gets in."""

        def __getattr__(self, name):
            return getattr(table, name)

        def put_item(self, **given):
            if "ConditionExpression" in given and not between:
                between.append(given)
                kept.amend("parts", NOON, {"b": 2})
            return table.put_item(**given)

    DailyCache(Slow(), TABLE).amend("parts", NOON, {"c": 3})
    assert kept.daily("parts", NOON, dict) == {"a": 1, "b": 2, "c": 3}


def test_a_table_that_refuses_is_unreadable_not_silent(table):
    denied = FakeAccount({("dynamodb", "get_item"): error("AccessDeniedException", 403)})
    kept = DailyCache(denied.client("dynamodb"), TABLE)
    aws = Aws(denied, account=ACCOUNT_ID, region=HOME, now=lambda: NOON, daily_cache=kept)
    with pytest.raises(Unreadable, match="dynamodb"):
        DeclaredReader(aws, frozenset(), "x").amend("parts", {"b": 3})


def test_a_table_that_does_not_answer_is_unreadable_when_something_is_put_there():
    away = FakeAccount(
        {("dynamodb", "get_item"): EndpointConnectionError(endpoint_url="https://x")}
    )
    kept = DailyCache(away.client("dynamodb"), TABLE)
    with pytest.raises(Unreadable) as caught:
        reader(kept, bulk=True).amend("parts", {"b": 3})
    assert caught.value.code == "EndpointConnectionError"
    assert caught.value.is_passing


def test_what_is_asked_anew_is_the_answer_of_the_day_to_that_question_alone(table, service):
    kept = daily_cache(table)
    reader(kept, bulk=True).daily(BILLED, "costs", service)
    reader(kept, bulk=True).daily(BILLED, "usage", service)
    renewed = reader(kept, bulk=False).daily(BILLED, "costs", service, renew=True)
    assert renewed["number"] == 3
    assert reader(kept, bulk=True).daily(BILLED, "costs", service) == renewed
    assert reader(kept, bulk=True).daily(BILLED, "usage", service)["number"] == 2
    assert service.asked == 3
