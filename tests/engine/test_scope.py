"""Which resources count, by the tag that the stack's parameters name."""

from __future__ import annotations

import pytest

from readiness.engine.scope import Scope, scope_from
from readiness.model.evidence import ACCOUNT
from tests.findings import BUCKET


@pytest.mark.parametrize(
    ("values", "covered"),
    [
        pytest.param("MAIF", {"MAIF"}, id="one"),
        pytest.param(" MAIF , Claims,", {"MAIF", "Claims"}, id="several, with blanks"),
        pytest.param("", set(), id="none"),
    ],
)
def test_a_scope_has_the_values_between_the_commas(values, covered):
    scope = Scope.of("Application", values, globals_too=False)
    known = ("MAIF", "Claims", "Other", "", " MAIF ")
    assert {value for value in known if scope.covers({"Application": value})} == covered
    assert not scope.covers({"Other": "MAIF"})
    assert not scope.covers({})
    assert not scope.globals_too


def test_without_a_tag_everything_counts():
    assert Scope().covers({})
    assert Scope.of("", "MAIF", globals_too=True).covers({"Application": "Other"})


def test_a_tag_without_values_covers_nothing():
    assert not Scope.of("Application", "", globals_too=True).covers({"Application": ""})
    assert not Scope.of("Application", "", globals_too=True).covers({})


def test_the_environment_of_a_resource_is_its_tag_and_that_of_the_account_is_set():
    scope = Scope.of("", "", globals_too=True, account_environment="production")
    account = ACCOUNT.resource("111122223333", "us-east-1", "111122223333")
    assert scope.environment(BUCKET, {"Environment": "staging"}) == "staging"
    assert scope.environment(BUCKET, {}) == ""
    assert scope.environment(account, {"Environment": "staging"}) == "production"
    assert Scope(environment_tag="Stage").environment(BUCKET, {"Stage": "test"}) == "test"


def test_the_parameters_say_the_scope():
    assert scope_from({}) == Scope()
    assert scope_from(
        {
            "SCOPE_TAG_KEY": "Application",
            "SCOPE_TAG_VALUES": "MAIF, agents ,",
            "EVALUATE_GLOBAL_SERVICES": "false",
            "ACCOUNT_ENVIRONMENT": "production",
        }
    ) == Scope(
        tag="Application",
        values=frozenset({"MAIF", "agents"}),
        globals_too=False,
        account_environment="production",
    )


@pytest.mark.parametrize(("said", "too"), [("true", True), ("false", False), ("", True)])
def test_one_stack_of_an_account_evaluates_global_services(said, too):
    assert scope_from({"EVALUATE_GLOBAL_SERVICES": said}).globals_too is too


def test_the_tags_that_say_whose_it_is_have_their_usual_names():
    scope = Scope()
    assert (scope.workload_tag, scope.environment_tag, scope.owner_tag) == (
        "Application",
        "Environment",
        "Owner",
    )
