"""The memory of a sandbox: a run stops in time, and garbage goes with the invocation."""

from __future__ import annotations

import gc
import weakref

import pytest

from readiness.engine import sandbox
from readiness.engine.sandbox import Sandbox, memory

SIZE = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"


@pytest.mark.parametrize(
    ("environment", "megabytes", "moved", "full"),
    [
        pytest.param({SIZE: "512"}, 300, True, False, id="room left"),
        pytest.param({SIZE: "512"}, 400, True, True, id="full"),
        pytest.param({SIZE: "1024"}, 400, True, False, id="a larger function"),
        pytest.param({SIZE: "512"}, 400, False, False, id="one batch is always judged"),
        pytest.param({}, 4_000, True, False, id="not in Lambda"),
    ],
)
def test_a_run_stops_before_the_memory_ends(monkeypatch, environment, megabytes, moved, full):
    monkeypatch.setattr(sandbox, "memory", lambda: megabytes * 1_000_000)
    assert Sandbox(environment).is_full(moved=moved) is full


def test_cycles_go_with_the_invocation():
    class Thing:
        pass

    one = Thing()
    one.self = one
    gone = weakref.ref(one)
    del one
    before = gc.get_threshold()
    try:
        Sandbox({}).tidy()
    finally:
        gc.unfreeze()
    assert gone() is None
    assert gc.get_threshold() == before


def test_the_memory_is_that_of_this_process():
    assert 10_000_000 < memory() < 100_000_000_000


def test_the_memory_is_known_without_proc(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox, "_STATM", tmp_path / "none")
    assert memory() > 10_000_000
