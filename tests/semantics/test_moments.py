"""Times as AWS gives them, in UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from readiness.semantics.moments import from_epoch, in_utc


@pytest.fixture
def in_tokyo(monkeypatch):
    """The machine's zone is another than UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_a_time_is_told_in_utc():
    given = datetime(2026, 3, 2, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    told = in_utc(given)
    assert told == given
    assert told.isoformat() == "2026-03-01T23:30:00+00:00"
    assert in_utc(None) is None


def test_seconds_since_1970():
    assert from_epoch(1_772_412_600.5) == datetime(2026, 3, 2, 0, 50, 0, 500_000, tzinfo=UTC)
    assert from_epoch(0).utcoffset() == timedelta(0)


@pytest.mark.parametrize("seconds", [1e20, -1e20, float("nan"), float("inf"), 1e12])
def test_no_calendar_has_the_moment(seconds):
    assert from_epoch(seconds) is None
