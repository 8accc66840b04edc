"""What the legs of a sandbox have in common: how long they judge, and what they do not get to."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from readiness.engine.sweep import SPARE_MILLISECONDS, Legs


class Recorder:
    """Of what it recorded everything changed, so that a second look takes as long as the first."""

    unseen = 0

    def seconds_to_look(self, spent):
        return spent

    def look_again(self, enough):
        self.has_time = not enough()
        return self.unseen


class Telemetry:
    def __init__(self):
        self.left = []

    def second_looks_left(self, unseen):
        self.left.append(unseen)


@pytest.fixture
def telemetry():
    return Telemetry()


@pytest.fixture
def legs(telemetry):
    sandbox = SimpleNamespace(is_full=lambda *, moved: False)
    return Legs(telemetry, sandbox)


@pytest.mark.parametrize(
    ("left", "has_enough"),
    [
        pytest.param(300_000, False, id="nothing was judged yet"),
        pytest.param(172_501, False, id="the second look fits into what is left"),
        pytest.param(172_499, True, id="it would not fit any more"),
        pytest.param(SPARE_MILLISECONDS - 1, True, id="no time is left"),
    ],
)
def test_a_leg_keeps_the_time_that_its_second_looks_take(legs, left, has_enough):
    """Of 300 s, 45 are for its end; the rest is divided between the first look and the second."""
    clock = [300_000.0]
    enough = legs.enough(Recorder(), SimpleNamespace(reached=None), lambda: clock[0])
    clock[0] = left
    assert enough() is has_enough


@pytest.mark.parametrize(
    ("reached", "moved"), [(None, False), ("bucket-7", True)], ids=["no batch yet", "a batch"]
)
def test_a_full_sandbox_ends_a_leg_that_has_come_somewhere(reached, moved):
    sandbox = SimpleNamespace(is_full=lambda *, moved: moved)
    enough = Legs(Telemetry(), sandbox).enough(
        Recorder(), SimpleNamespace(reached=reached), lambda: 300_000.0
    )
    assert enough() is moved


@pytest.mark.parametrize(("unseen", "told"), [(0, []), (3, [3])])
def test_second_looks_that_were_not_made_are_counted(legs, telemetry, unseen, told):
    recorder = Recorder()
    recorder.unseen = unseen
    legs.look_a_second_time(recorder, lambda: 300_000.0)
    assert telemetry.left == told


@pytest.mark.parametrize(("left", "has_time"), [(22_500, True), (22_499, False)])
def test_second_looks_end_where_the_leg_needs_its_last_seconds(legs, left, has_time):
    recorder = Recorder()
    legs.look_a_second_time(recorder, lambda: left)
    assert recorder.has_time is has_time
