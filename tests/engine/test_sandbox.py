"""The memory of a sandbox: a run stops in time, and garbage goes with the invocation."""

from __future__ import annotations

import gc
import resource
import weakref
from types import SimpleNamespace

import pytest

from readiness import heading
from readiness.engine import sandbox
from readiness.engine.handler import handler_of
from readiness.engine.sandbox import Sandbox, memory

SIZE = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"


@pytest.fixture(autouse=True)
def _tidied(monkeypatch):
    """What is frozen stays so: among it is all that was collected, which takes seconds to search."""
    monkeypatch.setattr(sandbox, "gc", gc)


@pytest.mark.parametrize(
    ("environment", "megabytes", "moved", "full"),
    [
        pytest.param({SIZE: "512"}, 300, True, False, id="room left"),
        pytest.param({SIZE: "512"}, 400, True, True, id="full"),
        pytest.param({SIZE: "1024"}, 400, True, False, id="a larger function"),
        pytest.param({SIZE: "512"}, 343.04, True, False, id="exactly what may be used"),
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
    Sandbox({}).tidy()
    assert gone() is None
    assert gc.get_threshold() == before


def test_the_memory_is_that_of_this_process():
    assert 10_000_000 < memory() < 100_000_000_000


def test_the_memory_is_known_without_proc(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox, "_STATM", tmp_path / "none")
    assert memory() > 10_000_000


@pytest.mark.parametrize(
    ("platform", "bytes_each"), [("linux", 1024), ("darwin", 1)], ids=["kilobytes", "bytes"]
)
def test_a_peak_is_told_in_the_unit_of_the_system(monkeypatch, tmp_path, platform, bytes_each):
    monkeypatch.setattr(sandbox, "_STATM", tmp_path / "none")
    monkeypatch.setattr(sandbox.sys, "platform", platform)
    monkeypatch.setattr(
        sandbox.resource, "getrusage", lambda who: SimpleNamespace(ru_maxrss=50_000_000)
    )
    assert memory() == 50_000_000 * bytes_each


def test_the_memory_peaks_at_least_where_it_is():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert peak / 100 < memory() <= peak * 1.05


@pytest.mark.parametrize("said", ["", "12", "12 pages"], ids=["empty", "one number", "no number"])
def test_a_strange_proc_is_passed_over(monkeypatch, tmp_path, said):
    strange = tmp_path / "statm"
    strange.write_text(said, encoding="ascii")
    monkeypatch.setattr(sandbox, "_STATM", strange)
    assert memory() > 10_000_000


def test_the_memory_is_asked_for_once_in_fifty_resources(monkeypatch):
    asked = []
    monkeypatch.setattr(sandbox, "memory", lambda: asked.append(1) or 300_000_000)
    one = Sandbox({SIZE: "512"})
    assert not any(one.is_full(moved=True) for _ in range(100))
    assert len(asked) == 2
    assert not one.is_full(moved=True)
    assert len(asked) == 3


def test_a_run_goes_on_where_collecting_garbage_makes_room(monkeypatch):
    sizes = iter([400_000_000, 300_000_000])
    monkeypatch.setattr(sandbox, "memory", lambda: next(sizes))
    assert not Sandbox({SIZE: "512"}).is_full(moved=True)


def test_a_full_sandbox_stays_full_until_the_next_invocation(monkeypatch):
    sizes = [400_000_000]
    monkeypatch.setattr(sandbox, "memory", lambda: sizes[0])
    one = Sandbox({SIZE: "512"})
    assert one.is_full(moved=True)
    sizes[0] = 100_000_000
    assert one.is_full(moved=True), "the run that is stopping does not go on"
    frozen = gc.get_freeze_count()
    one.tidy()
    assert gc.get_freeze_count() > frozen, "what is left is not searched again"
    assert not one.is_full(moved=True), "it is asked for at once"


def test_the_next_invocation_asks_for_the_memory_at_once(monkeypatch):
    sizes = [300_000_000]
    monkeypatch.setattr(sandbox, "memory", lambda: sizes[0])
    one = Sandbox({SIZE: "512"})
    assert not one.is_full(moved=True)
    sizes[0] = 400_000_000
    one.tidy()
    assert one.is_full(moved=True)


@pytest.mark.parametrize(
    ("environment", "is_relieved"), [({SIZE: "512"}, True), ({}, False)], ids=["a limit", "none"]
)
def test_memory_is_relieved_only_where_there_is_a_limit(monkeypatch, environment, is_relieved):
    done = []
    monkeypatch.setattr(sandbox.gc, "collect", lambda: done.append("collected"))
    monkeypatch.setattr(sandbox, "_give_back", lambda: done.append("given back"))
    Sandbox(environment).relieve()
    assert done == (["collected", "given back"] if is_relieved else [])


def test_collecting_goes_on_after_a_function_was_made(monkeypatch):
    during = []
    monkeypatch.setenv("FINDINGS_TABLE", "findings")
    monkeypatch.setattr(
        "readiness.engine.function.Function",
        lambda heading, environment: during.append(gc.isenabled()) or (lambda event, context: 1),
    )
    assert handler_of(heading("Security", "Encryption"))({}, None) == 1
    assert during == [False]
    assert gc.isenabled()


def test_collecting_goes_on_where_no_function_could_be_made(monkeypatch):
    def refuse(heading, environment):
        raise ValueError("no table")

    monkeypatch.setenv("FINDINGS_TABLE", "findings")
    monkeypatch.setattr("readiness.engine.function.Function", refuse)
    with pytest.raises(ValueError, match="no table"):
        handler_of(heading("Security", "Encryption"))
    assert gc.isenabled()


@pytest.mark.parametrize("has_it", [True, False], ids=["glibc", "another C library"])
def test_what_was_freed_is_given_back_where_the_allocator_can(monkeypatch, has_it):
    trimmed = []
    library = SimpleNamespace(**({"malloc_trim": trimmed.append} if has_it else {}))
    monkeypatch.setattr("readiness.engine.sandbox.ctypes.CDLL", lambda name: library)
    sandbox._malloc_trim.cache_clear()
    try:
        Sandbox({}).tidy()
    finally:
        sandbox._malloc_trim.cache_clear()
    assert trimmed == ([0] if has_it else [])


def test_an_invocation_leaves_nothing_frozen_that_tidying_itself_made():
    one = Sandbox({SIZE: "512"})
    one.tidy()
    before = gc.get_freeze_count()
    for _ in range(20):
        one.relieve()
        one.tidy()
    assert gc.get_freeze_count() - before < 20
