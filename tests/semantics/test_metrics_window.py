"""Which period CloudWatch still keeps for the oldest point of a window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from readiness.semantics.metrics import window

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY, NO_LAG = timedelta(days=1), timedelta(0)


@pytest.mark.parametrize(
    ("oldest", "period"),
    [
        (15 * DAY, 60),
        (15 * DAY + timedelta(seconds=1), 300),
        (63 * DAY, 300),
        (63 * DAY + timedelta(seconds=1), 3600),
        (455 * DAY, 3600),
    ],
)
def test_the_period_grows_with_the_age_of_the_oldest_point(oldest, period):
    """Span, lag and shift add up to the age, with one period for the part that is cut off."""
    rest = oldest - DAY - timedelta(seconds=60)
    assert window(NOW, rest + DAY, lag=NO_LAG).period == period
    assert window(NOW, DAY, lag=NO_LAG, ago=rest).period == period
    assert window(NOW, DAY, lag=rest).period == period


def test_what_is_older_than_cloudwatch_keeps_is_refused():
    with pytest.raises(ValueError, match="CloudWatch keeps metrics for 455 days; asked for 455"):
        window(NOW, DAY, lag=NO_LAG, ago=454 * DAY)


def test_a_period_of_a_day_is_the_longest():
    assert window(NOW, 3 * DAY, period=86_400).period == 86_400
    for period in (86_460, 0, 30, 90):
        with pytest.raises(ValueError, match="a multiple of 60 s up to a day"):
            window(NOW, 3 * DAY, period=period)
