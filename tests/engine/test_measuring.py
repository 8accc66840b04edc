"""What an hourly sweep measured is good for the sweep of everything, and for no other run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.engine.daily_cache import DailyCache
from readiness.engine.measuring import GOOD_FOR, TOGETHER, Measured, Measurements, measured
from readiness.engine.reader import DeclaredReader
from readiness.evidence.awslambda.functions import FUNCTION
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount
from tests.tables import TRANSITIONS, make_tables

SECOND = timedelta(seconds=1)
ANEW, KEEP, KEPT = Measurements.ANEW, Measurements.KEEP, Measurements.KEPT


@pytest.fixture
def cache():
    with mock_aws():
        yield DailyCache(make_tables(), TRANSITIONS)


def test_two_hourly_sweeps_of_the_same_minutes_measure_up_to_one_moment(cache):
    assert measured(KEEP, cache, NOON) == Measured(NOON, is_shared=True)
    assert measured(KEEP, cache, NOON + TOGETHER) == Measured(NOON, is_shared=True)
    anew = NOON + TOGETHER + SECOND
    assert measured(KEEP, cache, anew) == Measured(anew, is_shared=True)


@pytest.mark.parametrize("later", [timedelta(0), GOOD_FOR])
def test_the_sweep_of_everything_measures_up_to_the_last_hourly_one(cache, later):
    measured(KEEP, cache, NOON)
    assert measured(KEPT, cache, NOON + later) == Measured(NOON, is_shared=True)


@pytest.mark.parametrize("later", [GOOD_FOR + SECOND, -SECOND], ids=["too old", "from the future"])
def test_it_measures_anew_where_there_was_none_of_late(cache, later):
    assert measured(KEPT, cache, NOON) == Measured(NOON)
    measured(KEEP, cache, NOON)
    assert measured(KEPT, cache, NOON + later) == Measured(NOON + later)


def test_any_other_run_measures_anew(cache):
    measured(KEEP, cache, NOON)
    assert measured(ANEW, cache, NOON + SECOND) == Measured(NOON + SECOND)
    assert measured(KEPT, None, NOON + SECOND) == Measured(NOON + SECOND)


@pytest.mark.parametrize("asked_at", [{"S": "yesterday"}, {"S": ""}, {"N": "1"}, {"L": []}])
def test_a_row_that_tells_no_time_is_written_anew(cache, asked_at, monkeypatch):
    measured(KEEP, cache, NOON)
    with monkeypatch.context() as odd:
        odd.setattr(cache, "_get", lambda at: {"asked_at": asked_at})
        assert measured(KEPT, cache, NOON + SECOND) == Measured(NOON + SECOND)
        assert measured(KEEP, cache, NOON + SECOND) == Measured(NOON + SECOND, is_shared=True)
    assert measured(KEPT, cache, NOON + 2 * SECOND) == Measured(NOON + SECOND, is_shared=True)


@pytest.mark.parametrize("how", [KEEP, KEPT])
def test_a_table_that_does_not_answer_keeps_nobody_from_measuring(how):
    class Broken:
        def get_item(self, **params):
            raise EndpointConnectionError(endpoint_url="https://dynamodb")

    assert measured(how, DailyCache(Broken(), TRANSITIONS), NOON) == Measured(NOON)


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        self.now += SECOND
        return self.now


def run(cache, how, now):
    return Aws(
        FakeAccount({}),
        account=ACCOUNT_ID,
        region=HOME,
        now=now,
        bulk=True,
        daily_cache=cache,
        measurements=how,
    )


def test_an_hourly_leg_measures_up_to_its_beginning(cache):
    aws = run(cache, KEEP, Clock())
    read = DeclaredReader(aws, frozenset(), "a test")
    with aws.batch(FUNCTION, ["one"]):
        first = read.measured_to
    with aws.batch(FUNCTION, ["two"]):
        assert read.measured_to == first
    assert read.measures_with_others


def test_a_leg_of_the_sweep_of_everything_looks_for_each_batch(cache):
    """An hourly sweep that began since has newer verdicts, which this one must not undo."""
    aws = run(cache, KEPT, lambda: NOON)
    read = DeclaredReader(aws, frozenset(), "a test")
    for moment in (NOON - timedelta(minutes=40), NOON - timedelta(minutes=5)):
        cache.measure_to(moment)
        with aws.batch(FUNCTION, ["one"]):
            assert read.measured_to == moment


@pytest.mark.parametrize(
    ("how", "observed", "is_before"),
    [
        pytest.param(KEPT, timedelta(minutes=-10), True, id="by an event since"),
        pytest.param(KEPT, timedelta(minutes=-20), False, id="at that moment"),
        pytest.param(KEPT, timedelta(minutes=-30), False, id="before"),
        pytest.param(KEPT, timedelta(hours=-2), False, id="long before"),
        pytest.param(ANEW, timedelta(minutes=-10), False, id="by another run"),
    ],
)
def test_what_was_observed_since_the_moment_was_not_measured_before(
    cache, how, observed, is_before
):
    cache.measure_to(NOON - timedelta(minutes=20))
    assert run(cache, how, lambda: NOON).measures_before(NOON + observed) is is_before


def test_an_hourly_leg_that_joins_another_one_knows_what_was_observed_since(cache):
    cache.measure_to(NOON - timedelta(minutes=3))
    aws = run(cache, KEEP, lambda: NOON)
    assert aws.measures_before(NOON - timedelta(minutes=1))
    assert not aws.measures_before(NOON - timedelta(minutes=4))


def test_what_reads_again_measures_anew(cache):
    cache.measure_to(NOON - timedelta(minutes=5))
    again = run(cache, KEPT, lambda: NOON).reread(bulk=True)
    assert again.measured() == Measured(NOON)
