"""What a workload does when others fail: evidence in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.error_handling.app import dependency_backoff, dependency_breakers
from readiness import Severity, Status
from readiness.evidence.workloads.dependencies import Circuit, DependencyGuards, Guarded
from readiness.model.attestation import Attested, Result
from tests.fake_account import NOON
from tests.rules.test_error_handling import check
from tests.rules.test_error_handling_asynchronous import NOBODY, attested

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA


# -- dependencies -----------------------------------------------------------------------------


CLOSED = Circuit("circuits", "models", "ACTIVE", ("id",), "CLOSED")


def open_for(minutes):
    return replace(CLOSED, state="OPEN", opened=NOON - timedelta(minutes=minutes))


def guards(*dependencies, **about):
    return DependencyGuards(dependencies, now=NOON, revision="0d59edeb9381", **about)


def calls(name="models", **about):
    return Guarded("agents", name, **({"functions": ("agent",), "unlimited": ("agent",)} | about))


def guarded(**changes):
    return guards(calls(circuit=replace(CLOSED, **changes)))


UNSURE = Attested((), NOON, NOON - timedelta(days=30))
NAMED = {"bound_to": {"dependencies": "models"}}
BOTH = {"bound_to": {"dependencies": "models", "revision": "0d59edeb9381"}}


@pytest.mark.parametrize(
    ("about", "said", "settings", "status", "words", "severity"),
    [
        pytest.param(guards(calls(circuit=CLOSED)), NOBODY, {}, GOOD, "circuits", None, id="closed"),
        pytest.param(guarded(state=""), NOBODY, {}, GOOD, "", None, id="never opened: no row"),
        pytest.param(guarded(state="HALF_OPEN"), NOBODY, {}, GOOD, "", None, id="half open"),
        pytest.param(guards(calls(circuit=open_for(5))), NOBODY, {}, GOOD, "", None, id="open"),
        pytest.param(
            guards(calls(circuit=open_for(90))), NOBODY, {}, BAD, "open since", Severity.HIGH,
            id="stuck",
        ),
        pytest.param(
            guards(calls(circuit=open_for(90))), NOBODY, {"max_open_minutes": 120}, GOOD, "", None,
            id="not yet stuck",
        ),
        pytest.param(
            guards(calls(circuit=open_for(90)), refused={"other": "odd"}), NOBODY, {}, BAD,
            "open since", Severity.HIGH, id="stuck, and another manifest is odd",
        ),
        pytest.param(
            guarded(state="OPEN"), NOBODY, {}, UNKNOWN, "since when", None, id="open since?"
        ),
        pytest.param(guarded(state="AJAR"), NOBODY, {}, UNKNOWN, "AJAR", None, id="odd state"),
        pytest.param(
            guarded(table_state=""), NOBODY, {}, BAD, "does not exist", Severity.MEDIUM,
            id="no table",
        ),
        pytest.param(
            guarded(table_state="CREATING"), NOBODY, {}, UNKNOWN, "CREATING", None, id="new table"
        ),
        pytest.param(guarded(key=("pk", "sk")), NOBODY, {}, UNKNOWN, "not id", None, id="key"),
        pytest.param(
            guarded(refused=("agent",)), NOBODY, {}, BAD, "never opens", Severity.MEDIUM,
            id="a role that may not keep it",
        ),
        pytest.param(guards(calls(unlimited=())), NOBODY, {}, GOOD, "concurrency", None, id="cap"),
        pytest.param(
            guards(calls(unlimited=(), services=("agents/web",))), NOBODY, {}, UNKNOWN,
            "not attested", None, id="a service calls it too",
        ),
        pytest.param(
            guards(calls(functions=(), unlimited=())), NOBODY, {}, UNKNOWN, "not attested", None,
            id="nothing calls it",
        ),
        pytest.param(guards(calls(ejects="ejected")), NOBODY, {}, GOOD, "ejected", None, id="ECS"),
        pytest.param(guards(calls()), NOBODY, {}, UNKNOWN, "not attested yet", None, id="grace"),
        pytest.param(guards(calls()), UNSURE, {}, BAD, "not attested", None, id="nothing"),
        pytest.param(guards(calls()), attested(**NAMED), {}, GOOD, "attested", None, id="attested"),
        pytest.param(
            guards(calls()), attested(bound_to={"dependencies": "mail"}), {}, BAD, "void", None,
            id="attested of another",
        ),
        pytest.param(
            guards(calls()), attested(days=170, **NAMED), {"max_age_days": 90}, BAD, "expired",
            None, id="attested long ago",
        ),
        pytest.param(
            guards(calls()), attested(days=170, **NAMED), {}, GOOD, "", None, id="attested before"
        ),
        pytest.param(
            guards(calls()), attested(approved=False, **NAMED), {}, BAD, "second", None, id="alone"
        ),
        pytest.param(
            guards(calls()), attested(approved=False, **NAMED), {"two_people": False}, GOOD, "",
            None, id="alone is enough",
        ),
        pytest.param(guards(), NOBODY, {}, UNKNOWN, "dependencies", None, id="none stated"),
        pytest.param(
            guards(refused={"agents": "odd"}), NOBODY, {}, UNKNOWN, "odd", None, id="refused"
        ),
        pytest.param(
            guards(calls(circuit=CLOSED), refused={"other": "odd"}), NOBODY, {}, UNKNOWN, "odd",
            None, id="another is refused",
        ),
        pytest.param(guards(has_compute=False), NOBODY, {}, NA, "no function", None, id="nothing runs"),
    ],
)  # fmt: skip
def test_dependency_breakers(about, said, settings, status, words, severity):
    check(dependency_breakers(about, said, **settings), status, words, severity)


@pytest.mark.parametrize(
    ("about", "said", "settings", "status", "words"),
    [
        pytest.param(guards(calls()), attested(**BOTH), {}, GOOD, "attested", id="attested"),
        pytest.param(guards(calls()), NOBODY, {}, UNKNOWN, "not attested", id="not yet"),
        pytest.param(guards(calls()), UNSURE, {}, UNKNOWN, "not attested", id="never a violation"),
        pytest.param(
            guards(calls()), attested(bound_to={**BOTH["bound_to"], "revision": "old"}), {},
            UNKNOWN, "void", id="of other code",
        ),
        pytest.param(
            guards(calls()), attested(result=Result.FAIL, **BOTH), {}, BAD, "failed", id="failed"
        ),
        pytest.param(
            guards(calls()), attested(days=170, **BOTH), {"max_age_days": 90}, UNKNOWN, "expired",
            id="long ago",
        ),
        pytest.param(
            guards(calls()), attested(approved=False, **BOTH), {}, UNKNOWN, "second", id="alone"
        ),
        pytest.param(
            guards(calls()), attested(approved=False, **BOTH), {"two_people": False}, GOOD, "",
            id="alone is enough",
        ),
        pytest.param(guards(), NOBODY, {}, UNKNOWN, "manifest", id="none stated"),
        pytest.param(guards(), attested(), {}, GOOD, "", id="none stated, and attested"),
        pytest.param(guards(refused={"a": "odd"}), NOBODY, {}, UNKNOWN, "odd", id="refused"),
        pytest.param(guards(has_compute=False), NOBODY, {}, NA, "no function", id="nothing runs"),
    ],
)  # fmt: skip
def test_dependency_backoff(about, said, settings, status, words):
    check(dependency_backoff(about, said, **settings), status, words)
