"""When the upkeep looks at what could not be read: after quiet, not too late, and not twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from moto import mock_aws

from readiness.engine.unread import AGAIN_AFTER, LONGEST_WAIT, QUIET_FOR, Noted, Unread
from readiness.model.finding import MOST_SKEW, iso
from tests.fake_account import error
from tests.tables import TRANSITIONS, make_tables

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
WHERE = "111122223333/us-east-1"
MOMENT = timedelta(microseconds=1)


def after(**duration):
    return NOON + timedelta(**duration)


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield Mock(wraps=make_tables())


@pytest.fixture
def unread(dynamodb):
    return Unread(dynamodb, TRANSITIONS, WHERE)


# -- when somebody has to look ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("noted", "due"),
    [
        pytest.param(Noted(), False, id="nothing waits"),
        pytest.param(Noted(looked=NOON - timedelta(days=1)), False, id="looked at long ago"),
        pytest.param(Noted(NOON - QUIET_FOR, NOON - QUIET_FOR), True, id="quiet since"),
        pytest.param(Noted(NOON, NOON - QUIET_FOR + MOMENT), False, id="not quiet for long"),
        pytest.param(Noted(NOON - LONGEST_WAIT, NOON), True, id="it never becomes quiet"),
        pytest.param(Noted(NOON - LONGEST_WAIT + MOMENT, NOON), False, id="it may become quiet"),
        pytest.param(Noted(NOON - LONGEST_WAIT, None), False, id="a row without the last"),
        pytest.param(Noted(None, NOON - QUIET_FOR), False, id="a row without the first"),
        pytest.param(Noted(NOON, NOON + MOST_SKEW), False, id="by a clock that is a little ahead"),
        pytest.param(
            Noted(NOON, NOON + MOST_SKEW + MOMENT), True, id="the last by a clock that is wrong"
        ),
        pytest.param(
            Noted(NOON + MOST_SKEW + MOMENT, NOON), True, id="the first by a clock that is wrong"
        ),
    ],
)
def test_a_look_is_due_after_quiet_or_after_the_longest_wait(noted, due):
    assert noted.is_due(NOON) is due


@pytest.mark.parametrize(
    ("looked", "stale"),
    [
        pytest.param(None, True, id="never looked"),
        pytest.param(NOON - AGAIN_AFTER, True, id="an hour ago"),
        pytest.param(NOON - AGAIN_AFTER + MOMENT, False, id="within the hour"),
        pytest.param(NOON, False, id="just now"),
        pytest.param(NOON + MOST_SKEW, False, id="by a clock that is a little ahead"),
        pytest.param(NOON + MOST_SKEW + MOMENT, True, id="by a clock that is wrong"),
    ],
)
def test_a_look_becomes_stale(looked, stale):
    assert Noted(looked=looked).is_stale(NOON) is stale


# -- the row ---------------------------------------------------------------------------------------


def test_before_anything_was_noted_nothing_waits(unread):
    assert unread.noted() == Noted()


def test_the_first_stays_and_the_last_moves(unread):
    for minutes in (0, 3, 7):
        unread.note(after(minutes=minutes))
    assert unread.noted() == Noted(NOON, after(minutes=7))


def test_a_look_forgets_what_was_noted_and_is_remembered(unread):
    unread.note(NOON)
    unread.looked_at(unread.noted(), after(minutes=5))
    assert unread.noted() == Noted(looked=after(minutes=5))
    unread.note(after(minutes=9))
    assert unread.noted() == Noted(after(minutes=9), after(minutes=9), after(minutes=5))


def test_a_look_at_nothing_is_remembered_too(unread):
    """Else every minute would look, while a heading is blind."""
    unread.looked_at(unread.noted(), NOON)
    assert unread.noted() == Noted(looked=NOON)


@pytest.mark.parametrize("before", [(), (NOON,)], ids=["nothing waited", "something waited"])
def test_what_is_noted_during_a_look_waits_for_the_next(unread, before):
    for moment in before:
        unread.note(moment)
    noted = unread.noted()
    unread.note(after(minutes=1))
    unread.looked_at(noted, after(minutes=2))
    first = before[0] if before else after(minutes=1)
    assert unread.noted() == Noted(first, after(minutes=1))


def test_accounts_and_regions_have_rows_of_their_own(unread, dynamodb):
    unread.note(NOON)
    assert Unread(dynamodb, TRANSITIONS, "111122223333/eu-west-1").noted() == Noted()
    assert Unread(dynamodb, TRANSITIONS, WHERE).noted() == Noted(NOON, NOON)


@pytest.mark.parametrize("touch", ["note", "look"])
def test_the_row_is_no_transition_and_is_kept(unread, dynamodb, touch):
    """Alerts passes over rows of such a kind, and the row lives as long as the stack."""
    if touch == "note":
        unread.note(NOON)
    else:
        unread.looked_at(Noted(), NOON)
    [row] = dynamodb.scan(TableName=TRANSITIONS)["Items"]
    assert (row["finding_id"], row["at"]) == ({"S": f"upkeep#{WHERE}"}, {"S": "unread"})
    assert row["kind"] == {"S": "UNREAD"}
    assert {"unpublished", "expires_at"}.isdisjoint(row)
    assert {"S": iso(NOON)} in row.values()


def test_it_is_read_consistently(unread, dynamodb):
    """A look that misses the last note would forget it."""
    unread.noted()
    assert dynamodb.get_item.call_args.kwargs["ConsistentRead"] is True


def test_a_refused_write_is_no_look(unread, dynamodb):
    dynamodb.update_item.side_effect = error("ThrottlingException")
    with pytest.raises(type(error("x")), match="Throttling"):
        unread.looked_at(Noted(), NOON)
