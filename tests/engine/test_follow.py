"""What an event points at: one resource, those that refer to it, or everything."""

from __future__ import annotations

import pytest

from readiness.engine.events import Target
from readiness.engine.follow import follow
from readiness.model.unreadable import Gone
from tests.engine.things import (
    DENIED,
    OWNER,
    THINGS,
    owned,
    quiet,
    run,
    said,
)

pytestmark = pytest.mark.usefixtures("three_things")


def followed(*targets):
    return said(follow(run(owned), [owned], targets))


def test_an_event_about_one_resource_judges_that_one():
    assert followed(Target(owned.id, "b")) == {"b": "y owns it."}


def test_an_event_about_what_is_referred_to_judges_those_that_refer():
    assert followed(Target(owned.id, None, (OWNER.name, "y"))) == {"b": "y owns it."}


def test_a_reference_that_cannot_be_read_is_judged_all_the_same():
    THINGS.fails["thing", "a"] = DENIED
    seen = followed(Target(owned.id, None, (OWNER.name, "y")))
    assert set(seen) == {"a", "b"}
    assert "test:GetThing" in seen["a"]


def test_a_reference_nobody_can_make_sense_of_costs_only_its_subject():
    THINGS.fails["thing", "a"] = KeyError("oops")
    seen = followed(Target(owned.id, None, (OWNER.name, "y")))
    assert "KeyError" in seen["a"]
    assert seen["b"] == "y owns it."


def test_an_event_about_anything_judges_everything_once():
    targets = (Target(owned.id, None), Target(owned.id, "a"), Target(owned.id, None, ("T", "x")))
    evaluation = run(owned)
    seen = list(follow(evaluation, [owned], targets))
    assert sorted(o.resource.id for o in seen) == ["a", "b", "c"]


def test_a_target_of_another_rule_is_not_ours():
    assert followed(Target("encryption.other", "a")) == {}


def test_where_one_rule_is_told_that_the_resource_is_gone_all_are():
    THINGS.fails["thing", "a"] = Gone("a")
    seen = follow(
        run(owned, quiet), [owned, quiet], [Target(quiet.id, "a"), Target(owned.id, "a")]
    )
    assert [o.finding for o in seen] == [None, None]
