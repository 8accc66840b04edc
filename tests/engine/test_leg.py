"""The event of a leg: what it may say, and the cursor that comes back as it was sent."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from readiness.engine.leg import LISTING_WAITS, Leg, as_json, deployed_in, leg_of, list_again
from readiness.engine.survey import Coverage, Cursor, Phase
from readiness.engine.targets import MalformedEvent, Target
from readiness.model import checklist
from readiness.model.unreadable import Cause, Unreadable
from tests.engine.things import OWNER, THING

FULL = Cursor("AWS::S3::Bucket", "us-east-1", "data", Phase.MISSED, ("A", "B"), 2, 3)


@pytest.mark.parametrize(
    ("cursor", "plain"),
    [
        pytest.param(
            Cursor("AWS::S3::Bucket", "us-east-1", "data"),
            {"type": "AWS::S3::Bucket", "region": "us-east-1", "after": "data"},
            id="the least",
        ),
        pytest.param(
            FULL,
            {
                "type": "AWS::S3::Bucket",
                "region": "us-east-1",
                "after": "data",
                "phase": 1,
                "unlisted": ["A", "B"],
                "tries": 2,
                "idle": 3,
            },
            id="everything",
        ),
    ],
)
def test_a_cursor_comes_back_as_it_was_sent(cursor, plain):
    assert as_json(cursor) == plain
    assert leg_of({"id": "s", "cursor": plain}).start == cursor
    assert as_json(cursor, "r1") == plain | {"release": "r1"}
    leg = leg_of({"id": "s", "cursor": plain | {"release": "r1"}})
    assert (leg.start, leg.release) == (cursor, "r1")


@pytest.mark.parametrize(
    ("release", "start"),
    [
        pytest.param({"release": "r2"}, FULL, id="the same version"),
        pytest.param({"release": "r1"}, None, id="another version, and other rules"),
        pytest.param({"release": "r3", "phase": 7, "new": {}}, None, id="one with other cursors"),
        pytest.param({}, FULL, id="a version that did not say so"),
    ],
)
def test_a_leg_of_another_version_begins_the_heading_anew(release, start):
    leg = leg_of({"id": "s", "cursor": as_json(FULL) | release}, "r2")
    assert leg.start == start
    assert leg.sweep == "s"


def test_a_first_leg_has_no_cursor():
    leg = leg_of({"id": "sweep-1"})
    assert (leg.sweep, leg.start) == ("sweep-1", None)


def test_which_headings_there_are_is_said_by_the_stack_and_by_no_event():
    """What is left out there has its findings closed."""
    assert deployed_in({"HEADINGS": "alarms\nxray caching"}) == ("alarms", "xray", "caching")
    every = tuple(chapter.folder for chapter in checklist.CHAPTERS)
    assert deployed_in({}) == deployed_in({"HEADINGS": " "}) == every
    assert leg_of({"id": "s", "headings": []}) == leg_of({"id": "s"})


@pytest.mark.parametrize(
    "change",
    [
        {"type": None},
        {"region": 1},
        {"release": 1},
        {"after": ["x"]},
        {"phase": True},
        {"phase": 3},
        {"unlisted": "A"},
        {"unlisted": ["A", 1]},
        {"tries": True},
        {"tries": -1},
        {"tries": len(LISTING_WAITS) + 1},
        {"idle": -1},
        {"idle": True},
        {"idle": "1"},
        {"other": 1},
    ],
    ids=str,
)
def test_a_cursor_of_another_form_is_malformed(change):
    with pytest.raises(MalformedEvent, match=r"sweep\.cursor"):
        leg_of({"id": "s", "cursor": as_json(FULL) | change})


@pytest.mark.parametrize("cursor", ["a", [], 0], ids=repr)
def test_a_cursor_that_is_no_object_is_malformed_and_named(cursor):
    with pytest.raises(MalformedEvent, match=r"sweep\.cursor"):
        leg_of({"id": "s", "cursor": cursor})


@pytest.mark.parametrize("event", [None, [], {}, {"id": 1}, "sweep-1"], ids=str)
def test_a_sweep_has_an_id(event):
    with pytest.raises(MalformedEvent, match="'id'"):
        leg_of(event)


@pytest.mark.parametrize(
    ("again", "start", "tried"),
    [
        pytest.param(Target("alarms.errors", None), None, True, id="first leg"),
        pytest.param(Target("alarms.errors", None), FULL, True, id="tries left"),
        pytest.param(
            Target("alarms.errors", None),
            Cursor("", "", "", tries=len(LISTING_WAITS)),
            False,
            id="none left",
        ),
        pytest.param(Target("alarms.errors", "f"), None, False, id="one resource"),
        pytest.param(None, None, False, id="settled"),
    ],
)
def test_only_a_listing_that_another_leg_makes_again_is_left_to_it(again, start, tried):
    observation = SimpleNamespace(again=again)
    assert Leg("s", start).is_tried_again(observation) is tried


@pytest.mark.parametrize(
    ("tries", "cause", "seconds"),
    [
        pytest.param(0, Cause.THROTTLED, LISTING_WAITS[0], id="first"),
        pytest.param(2, Cause.THROTTLED, LISTING_WAITS[2], id="last"),
        pytest.param(3, Cause.THROTTLED, 0, id="no more"),
        pytest.param(0, Cause.ACCESS_DENIED, 0, id="denied"),
        pytest.param(0, None, 0, id="all listed"),
    ],
)
def test_another_leg_waits_for_what_may_still_be_listed(tries, cause, seconds):
    failed = {THING: Unreadable("test:ListThings", cause)} if cause else {}
    coverage = Coverage(listed={OWNER: {"x"}}, failed=failed, tries=tries)
    assert list_again(coverage) == seconds
    if seconds:
        assert (coverage.cursor.tries, coverage.cursor.unlisted) == (tries + 1, (THING.name,))
        assert coverage.cursor.phase is Phase.MISSED
    else:
        assert coverage.cursor is None


def test_a_leg_that_moves_nothing_is_idle():
    start = Cursor("A", "us-east-1", "x", idle=2)
    assert Cursor("A", "us-east-1", "x").after_a_leg_from(start).idle == 3
    for moved in (
        Cursor("A", "us-east-1", "y"),
        Cursor("B", "us-east-1", "x"),
        Cursor("A", "us-east-1", "x", tries=1),
        Cursor("A", "us-east-1", "x", Phase.CLOSING),
    ):
        assert moved.after_a_leg_from(start).idle == 0
    assert Cursor("", "", "").after_a_leg_from(None).idle == 1
    assert Cursor("A", "us-east-1", "x").after_a_leg_from(None).idle == 0


@pytest.mark.parametrize(
    ("said", "how"),
    [
        pytest.param({}, "anew", id="an older version, or a test"),
        pytest.param({"measurements": "keep"}, "keep", id="the hourly schedule"),
        pytest.param({"input": {"measurements": "kept"}}, "kept", id="the schedule of everything"),
        pytest.param({"input": {}}, "anew", id="on demand"),
        pytest.param({"input": "by hand"}, "anew", id="any input"),
    ],
)
def test_a_sweep_says_what_it_does_with_metrics(said, how):
    assert leg_of({"id": "s", **said}).measurements == how


@pytest.mark.parametrize("said", ["often", 3, ["kept"]])
def test_measurements_of_another_kind_are_malformed(said):
    with pytest.raises(MalformedEvent, match="one of anew, keep, kept"):
        leg_of({"id": "s", "measurements": said})
