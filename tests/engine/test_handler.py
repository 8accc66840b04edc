"""A heading's handler: made at cold start in Lambda, and elsewhere only when it is called."""

from __future__ import annotations

import gc

import pytest

from readiness.engine import function
from readiness.engine.handler import handler_of
from tests.cli import toy


@pytest.fixture
def made(monkeypatch):
    """The functions that were made, with the state of the collector meanwhile."""
    made = []

    class Made:
        def __init__(self, heading, environment):
            self.heading, self.environment = heading, environment
            self.collector_was_on = gc.isenabled()
            self.calls = []
            made.append(self)

        def __call__(self, event, context):
            self.calls.append((event, context))
            return "the answer"

    monkeypatch.setattr(function, "Function", Made)
    return made


@pytest.fixture
def in_lambda(monkeypatch):
    monkeypatch.setenv("FINDINGS_TABLE", "Findings")


@pytest.fixture
def elsewhere(monkeypatch):
    monkeypatch.delenv("FINDINGS_TABLE", raising=False)


@pytest.mark.usefixtures("in_lambda")
def test_in_lambda_the_function_is_made_in_the_initialisation_phase(made):
    handler = handler_of(toy.encryption)
    [one] = made
    assert one.heading is toy.encryption
    assert one.environment["FINDINGS_TABLE"] == "Findings"
    assert handler({"an": "event"}, "the context") == "the answer"
    assert one.calls == [({"an": "event"}, "the context")]
    assert made == [one]


@pytest.mark.usefixtures("elsewhere")
def test_elsewhere_it_is_made_at_the_first_call_and_kept(made):
    """Importing a rule on a workstation makes no clients."""
    handler = handler_of(toy.encryption)
    assert not made
    handler(1, None)
    assert handler(2, None) == "the answer"
    [one] = made
    assert one.heading is toy.encryption
    assert one.calls == [(1, None), (2, None)]


@pytest.mark.usefixtures("elsewhere")
def test_each_heading_has_a_function_of_its_own(made):
    for _ in range(2):
        handler_of(toy.encryption)({}, None)
    assert len(made) == 2


@pytest.mark.usefixtures("in_lambda")
def test_what_is_made_at_cold_start_is_never_searched_again(made):
    frozen = gc.get_freeze_count()
    handler_of(toy.encryption)
    assert made[0].collector_was_on is False
    assert gc.isenabled()
    assert gc.get_freeze_count() > frozen


@pytest.mark.usefixtures("in_lambda")
def test_the_collector_works_on_where_a_function_cannot_be_made(monkeypatch):
    monkeypatch.setattr(function, "Function", lambda heading, environment: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        handler_of(toy.encryption)
    assert gc.isenabled()
