"""What one run has read: for how long it is kept, and what a kept failure costs."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from readiness.engine.answers import HANDED_ON_FOR, Answers, Keep, weight
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


TEXT = "x" * 1_000


@dataclass(frozen=True)
class Policy:
    document: str
    statements: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        pytest.param(TEXT, 1, id="text"),
        pytest.param(TEXT.encode(), 1, id="bytes"),
        pytest.param([TEXT] * 100, 100, id="a list"),
        pytest.param((TEXT,) * 3, 3, id="a short tuple"),
        pytest.param({f"{number}{TEXT}" for number in range(100)}, 100, id="a set"),
        pytest.param(frozenset({TEXT}), 1, id="a frozen set"),
        pytest.param(dict.fromkeys(range(200), TEXT), 200, id="a mapping"),
        pytest.param(Policy(TEXT, (TEXT, TEXT)), 3, id="evidence"),
        pytest.param([{"Policies": [Policy(TEXT)] * 10}] * 10, 100, id="one in another"),
        pytest.param([12, None, True, 1.5, []], 0, id="small values"),
    ],
)
def test_the_weight_is_about_what_the_texts_take(value, texts):
    assert 1_000 * texts <= weight(value) <= 1_250 * texts + 1_000


def test_long_lists_are_weighed_by_a_sample():
    """Weighing must not cost more than reading: a list of 100,000 is looked at in few places."""
    looked = []

    class Watched(str):
        __slots__ = ()

        def __len__(self):
            looked.append(1)
            return 1_000

    assert weight([Watched()] * 100_000) > 100_000_000
    assert len(looked) < 100


def test_large_answers_take_more_room_than_small_ones():
    answers = Answers(room=10_000)
    for key in "abc":
        assert asked(answers, key, Keep.ROOM, "x" * 1_000)
    assert not any(asked(answers, key, Keep.ROOM) for key in "abc")
    assert asked(answers, "large", Keep.ROOM, "x" * 9_900)
    assert all(asked(answers, key, Keep.ROOM) for key in "abc")


def test_failures_take_room_too():
    """A denied account has one for each resource."""
    answers = Answers(room=2_500)

    def fails(key):
        seen = []

        def fail():
            seen.append(key)
            raise KeyError(key)

        with pytest.raises(KeyError, match=key):
            answers.once(key, fail, Keep.ROOM)
        return bool(seen)

    assert [fails(key) for key in "abab"] == [True, True, False, False]
    assert fails("c")
    assert [fails(key) for key in "cba"] == [False, False, True]


def test_what_is_kept_for_the_run_outlives_the_batch_in_which_it_was_asked():
    answers = Answers()
    with answers.batch():
        assert asked(answers, "list", Keep.RUN)
        assert asked(answers, "alone", Keep.ROOM)
    assert not asked(answers, "list", Keep.RUN)
    assert not asked(answers, "alone", Keep.ROOM)


def test_without_a_batch_its_answers_are_kept_for_the_run():
    answers = Answers()
    assert asked(answers, "one", Keep.BATCH)
    assert not asked(answers, "one", Keep.BATCH)
    with answers.batch():
        assert not asked(answers, "one", Keep.BATCH)
    assert not asked(answers, "one", Keep.BATCH)


NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def test_what_aws_answered_is_handed_on_and_nothing_else():
    """Evidence may hold failures that have passed by the next leg: it is made again."""
    answers = Answers()
    answers.once("listing", lambda: "answer", Keep.ROOM, NOW)
    answers.once("evidence", lambda: "answer", Keep.ROOM)
    answers.once("run", lambda: "answer", Keep.RUN, NOW)
    with pytest.raises(Unreadable):
        answers.once("failed", _fail, Keep.ROOM, NOW)
    after = answers.handed_on(NOW)
    assert not asked(after, "listing", Keep.ROOM)
    for key in ("evidence", "run", "failed"):
        assert asked(after, key, Keep.ROOM)


def _fail():
    raise Unreadable("lambda:ListFunctions", Cause.THROTTLED)


def test_an_old_answer_is_asked_again_and_keeps_its_age_until_then():
    answers = Answers()
    answers.once("listing", lambda: "answer", Keep.ROOM, NOW)
    later = NOW + HANDED_ON_FOR
    after = answers.handed_on(later)
    assert after.once("listing", lambda: "new", Keep.ROOM, later) == ("answer", NOW)
    too_late = after.handed_on(later + timedelta(seconds=1))
    assert asked(too_late, "listing", Keep.ROOM)


def test_no_more_is_handed_on_than_there_is_room_for_the_last_used_first():
    answers = Answers()
    for key in "abc":
        answers.once(key, lambda: "x" * 1_000, Keep.ROOM, NOW)
    assert not asked(answers, "a", Keep.ROOM)
    after = answers.handed_on(NOW, room=6_500)
    assert [key for key in "abc" if key in after._roomy] == ["a", "c"]
    assert list(after._roomy) == ["c", "a"]
    assert after._taken <= 2_500
    assert list(answers.handed_on(NOW, room=5_000)._roomy) == ["a"]
