"""A row of the way out that another version wrote, or nobody, costs itself and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from moto import mock_aws

from readiness.alerting.canary import Canary
from readiness.alerting.held import Held
from readiness.alerting.incidents import Incidents
from readiness.engine.daily_cache import DailyCache
from readiness.engine.retired import Former
from readiness.engine.sweeps import Sweeps
from readiness.engine.unread import Unread
from readiness.model.finding import iso
from readiness.model.resource import Resource
from tests.tables import TRANSITIONS, make_store, make_tables

ACCOUNT, REGION = "111122223333", "us-east-1"
WHERE = f"{ACCOUNT}/{REGION}"
RULE = "encryption.s3-kms"
NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=3)
GARBLED = {
    "empty": {"S": ""},
    "text": {"S": "☃"},
    "far": {"S": "9999-12-31T23:59:59.999Z"},
    "beyond": {"S": "9999-12-31T23:59:59-12:00"},
    "before": {"S": "0001-01-01T00:00:00+14:00"},
    "naive": {"S": "2026-01-01T00:00:00"},
    "number": {"N": "-7"},
    "fraction": {"N": "1e30"},
    "binary": {"B": b"\x00"},
    "list": {"L": [{"NULL": True}]},
    "map": {"M": {"of": {"B": b"\x00"}}},
    "null": {"NULL": True},
}
garbled = pytest.mark.parametrize("value", GARBLED.values(), ids=GARBLED)


@pytest.fixture(scope="module")
def tables():
    """One set of tables: each test has rows of its own."""
    with mock_aws():
        yield make_tables()


@pytest.fixture
def row(tables):
    """Write a row of the transitions table, or read it."""

    def written(finding_id, at, **attributes):
        key = {"finding_id": {"S": finding_id}, "at": {"S": at}}
        if attributes:
            tables.put_item(TableName=TRANSITIONS, Item=key | attributes)
        return tables.get_item(TableName=TRANSITIONS, Key=key).get("Item", {})

    return written


def bucket(name):
    return Resource(ACCOUNT, REGION, "AWS::S3::Bucket", name)


# -- since when ---------------------------------------------------------------------------------


@garbled
def test_an_end_of_a_baseline_that_tells_no_time_is_past(tables, row, value):
    row("baseline", "encryption", ended_at=value)
    ended = Sweeps(tables, TRANSITIONS).baseline_ended(RULE, NOW)
    assert "" < ended <= iso(NOW)


@garbled
def test_a_baseline_that_tells_no_beginning_ends_all_the_same(tables, row, value):
    row(f"baseline#{WHERE}", "xray.rule", began_at=value)
    assert Sweeps(tables, TRANSITIONS, WHERE).baseline_ended("xray.rule", NOW) == ""
    assert Sweeps(tables, TRANSITIONS, WHERE).baseline_ended("xray.rule", LATER) <= iso(LATER)
    assert Sweeps(tables, TRANSITIONS, WHERE).baseline_ended("xray.rule", LATER) != ""


@garbled
def test_a_version_of_a_rule_counts_as_swept_after_all(tables, row, value):
    row(f"baseline#{WHERE}", "xray.swept", release={"S": "2"}, swept_at=value)
    assert "" < Sweeps(tables, TRANSITIONS, WHERE).swept_since("xray.swept", "2", NOW) <= iso(NOW)
    row(f"baseline#{WHERE}", "xray.waits", pending={"S": "2"}, pending_since=value)
    assert Sweeps(tables, TRANSITIONS, WHERE).swept_since("xray.waits", "2", NOW) == ""
    assert Sweeps(tables, TRANSITIONS, WHERE).swept_since("xray.waits", "2", LATER) != ""


@garbled
def test_a_sweep_from_the_future_does_not_hide_that_none_came(tables, row, value):
    sweeps = Sweeps(tables, TRANSITIONS, "1/sweep")
    row("sweep#1/sweep", iso(NOW - timedelta(hours=30)), kind={"S": "SWEEP_COMPLETED"})
    row("sweep#1/sweep", "9999-01-01T00:00:00.000Z", kind={"S": "SWEEP_COMPLETED"})
    row("sweep#1/sweep", iso(NOW - timedelta(hours=50)), failed=value, trigger=value)
    assert sweeps.hours_without(NOW) == pytest.approx(30)
    assert len(sweeps.latest(9)) == 3


@garbled
@pytest.mark.parametrize("which", ["arrived", "began"])
def test_a_canary_that_does_not_come_is_missed(tables, row, which, value):
    canary = Canary(make_store(tables), WHERE)
    row("canary", "arrived", moment={"S": iso(NOW - timedelta(hours=9))})
    row("canary", "began", moment={"S": iso(NOW - timedelta(hours=9))})
    row("canary", which, moment=value)
    assert canary.hours_without(NOW) == pytest.approx(9)
    canary.arrived(iso(NOW - timedelta(hours=1)))
    assert canary.hours_without(NOW) == pytest.approx(1)


@garbled
def test_what_was_noted_as_unreadable_is_looked_at(tables, row, value):
    unread = Unread(tables, TRANSITIONS, WHERE)
    past = {"S": iso(NOW - timedelta(hours=9))}
    for name in ("first", "last", "looked"):
        times = {"first": past, "last": past, "looked": past} | {name: value}
        row(f"upkeep#{WHERE}", "unread", **times)
        noted = unread.noted()
        assert noted.is_due(NOW)
        assert noted.is_stale(NOW)
        unread.looked_at(noted, NOW)
        assert not unread.noted().is_due(LATER)


@garbled
def test_rules_are_cleaned_again_where_nobody_knows(tables, row, value):
    row("rules", "xray", digest=value)
    assert not Former(tables, TRANSITIONS).is_clean("xray", ["xray.a"], [])


@garbled
def test_an_answer_of_the_day_that_cannot_be_read_is_asked_anew(tables, row, value):
    cache = DailyCache(tables, TRANSITIONS, wait=lambda _: None)
    row("remembered", f"{NOW:%Y-%m-%d}#q", asked_at={"S": iso(NOW)}, answer=value)
    assert cache.daily("q", NOW, lambda: {"a": 1}) == {"a": 1}
    assert cache.daily("q", NOW, None) == {"a": 1}


# -- the way to PagerDuty -----------------------------------------------------------------------


@garbled
def test_a_deletion_that_tells_no_end_holds_no_page_back(tables, row, value):
    incidents = Incidents(make_store(tables))
    row("incidents", "closing", until=value, attempts={"S": "☃"})
    assert not incidents.is_closing()
    incidents.close(until=NOW + timedelta(minutes=50))
    assert incidents.is_closing()


@garbled
def test_since_when_there_are_marks_is_written_anew(tables, row, value):
    row("incidents", "since", since=value)
    since = Incidents(make_store(tables)).since()
    assert iso(NOW) <= since <= iso(NOW + timedelta(hours=2))
    assert Incidents(make_store(tables)).since() == since
    row("incidents", "since", kind={"S": "another version"})
    assert Incidents(make_store(tables)).since() >= iso(NOW)


@garbled
def test_a_held_page_that_tells_no_time_is_due(tables, row, value):
    row("held", "abc", resource={"S": bucket("b").key}, rule={"S": RULE}, again_at=value)
    row("held", "abd", resource=value, rule=value, again_at=value, because=value)
    [first, other] = Held(make_store(tables)).due()
    assert first.is_readable
    assert not other.is_readable
    Held(make_store(tables)).note_sent(first)
