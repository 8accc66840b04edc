"""What one run has read: for how long it is kept, and what a kept failure costs."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime

import pytest

from readiness.engine.answers import Answers, Keep, weight
from readiness.model.unreadable import Cause, Unreadable
from tests.fake_account import error


def asked(answers, key, keep, answer="answer"):
    """Whether the question was asked now."""
    seen = []

    def compute():
        seen.append(key)
        return answer

    answers.once(key, compute, keep)
    return bool(seen)


def test_what_is_kept_for_the_run_is_asked_once():
    answers = Answers()
    assert asked(answers, "list", Keep.RUN)
    with answers.batch():
        assert not asked(answers, "list", Keep.BATCH)
    assert not asked(answers, "list", Keep.RUN)


def test_what_is_kept_for_a_batch_is_forgotten_with_it():
    answers = Answers()
    for _ in range(2):
        with answers.batch():
            assert asked(answers, "one", Keep.BATCH)
            assert not asked(answers, "one", Keep.BATCH)


def test_an_answer_of_a_batch_can_be_kept_for_the_run():
    answers = Answers()
    with answers.batch():
        asked(answers, "all", Keep.BATCH)
        answers.keep_for_the_run("all")
    assert not asked(answers, "all", Keep.BATCH)


def test_without_room_the_least_recently_used_is_asked_again():
    answers = Answers(room=2_500)
    text = "x" * 1_000
    assert asked(answers, "a", Keep.ROOM, text)
    assert asked(answers, "b", Keep.ROOM, text)
    assert not asked(answers, "a", Keep.ROOM, text)
    assert asked(answers, "c", Keep.ROOM, text)
    assert not asked(answers, "a", Keep.ROOM, text)
    assert asked(answers, "b", Keep.ROOM, text)


def test_an_answer_larger_than_the_room_is_kept_until_the_next():
    answers = Answers(room=100)
    assert asked(answers, "a", Keep.ROOM, "x" * 1_000)
    assert not asked(answers, "a", Keep.ROOM)
    asked(answers, "b", Keep.ROOM, "x" * 1_000)
    assert asked(answers, "a", Keep.ROOM)


@pytest.mark.parametrize(
    "failure",
    [
        Unreadable("s3:GetBucketPolicy", Cause.THROTTLED, "SlowDown"),
        error("SlowDown"),
        KeyError("oops"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_kept_failure_stays_as_small_as_it_was(failure):
    """Raised again and again, one exception would collect a traceback of all its raisings."""
    answers = Answers()

    def fail():
        raise failure

    lengths = []
    for _ in range(50):
        with pytest.raises(type(failure)) as raised:
            answers.once("key", fail)
        assert str(raised.value) == str(failure)
        lengths.append(len(list(traceback.walk_tb(raised.value.__traceback__))))
    assert len(set(lengths)) == 1
    assert failure.__traceback__ is None


def test_a_failure_keeps_nothing_of_the_frames_that_led_to_it():
    answers = Answers()

    def fail():
        try:
            int("x" * 1_000)
        except ValueError as cause:
            raise Unreadable("x:Y", Cause.UNEXPECTED_ANSWER) from cause

    with pytest.raises(Unreadable) as raised:
        answers.once("key", fail)
    assert raised.value.__cause__.__traceback__ is None


def test_when_the_asking_began_is_told_with_the_answer():
    answers = Answers()
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    later = datetime(2026, 1, 1, 13, tzinfo=UTC)
    assert answers.once("key", lambda: 1, Keep.RUN, noon) == (1, noon)
    assert answers.once("key", lambda: 2, Keep.RUN, later) == (1, noon)


def test_weights_grow_with_what_is_there():
    small = {"Functions": [{"FunctionName": "f", "Timeout": 3}] * 10}
    large = {"Functions": [{"FunctionName": "f", "Timeout": 3}] * 1_000}
    assert 50 < weight(large) / weight(small) < 110
