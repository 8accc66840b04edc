"""What an event points at: one resource, those that refer to it, or everything."""

from __future__ import annotations

import pytest

from readiness import Status
from readiness.engine.aws_errors import CredentialsRefused, Postponed
from readiness.engine.follow import follow, of_global_resources
from readiness.engine.scope import Scope
from readiness.engine.targets import Target
from readiness.model.unreadable import Cause, Gone, Unreadable
from tests.engine.things import (
    DENIED,
    OWNER,
    THINGS,
    measured,
    owned,
    quiet,
    run,
    said,
    situated,
    worldwide,
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


def test_where_the_subjects_cannot_all_be_listed_those_that_are_known_are_judged():
    THINGS.fails["listing"] = Unreadable(
        "test:ListThings", Cause.ACCESS_DENIED, "AccessDenied", found=("b", "c")
    )
    seen = list(follow(run(owned), [owned], [Target(owned.id, None, (OWNER.name, "y"))]))
    [row, judged] = seen
    assert (row.resource.type, row.finding.status) == (
        "AWS::::Account",
        Status.INSUFFICIENT_DATA,
    )
    assert row.finding.missing == ("test:ListThings",)
    assert (judged.resource.id, judged.finding.reason) == ("b", "y owns it.")


def test_a_subject_that_is_gone_meanwhile_is_passed_over():
    THINGS.fails["thing", "a"] = Gone("a")
    assert followed(Target(owned.id, None, (OWNER.name, "y"))) == {"b": "y owns it."}


@pytest.mark.parametrize("ends", [CredentialsRefused("ExpiredToken"), Postponed("60 s")])
def test_what_ends_a_run_ends_it_here_too(ends):
    THINGS.fails["thing", "b"] = ends
    with pytest.raises(type(ends)):
        followed(Target(owned.id, None, (OWNER.name, "y")))


def test_a_change_of_what_no_reference_names_concerns_every_subject():
    """Evidence about the region, for instance: nothing says which subjects it concerns."""
    seen = follow(run(situated), [situated], [Target(situated.id, None, ("AWS::Test::Any", "x"))])
    assert sorted(o.resource.id for o in seen) == ["a", "b", "c"]


def test_who_refers_to_it_is_read_for_all_at_once_and_then_alone():
    THINGS.loads.clear()
    targets = [Target(measured.id, None, ("AWS::Test::Any", "x"))]
    seen = list(follow(run(measured), [measured], targets))
    assert sorted(o.resource.id for o in seen) == ["a", "b", "c"]
    assert THINGS.loads.count(("listed", ())) == 1, "one bulk read tells who refers to it"
    assert ("measured alone", "a") in THINGS.loads, "each it concerns is read fresh"


def test_who_refers_to_it_is_read_once_where_it_is_read_one_by_one():
    THINGS.loads.clear()
    followed(Target(owned.id, None, (OWNER.name, "y")))
    assert THINGS.loads.count(("thing", "b")) == 1


def test_a_deployment_without_global_services_follows_nothing_of_them():
    elsewhere = run(owned, worldwide, scope=Scope(globals_too=False))
    targets = [Target(owned.id, "a"), Target(worldwide.id, "w")]
    assert said(follow(elsewhere, [owned, worldwide], targets)) == {"a": "x owns it."}


def test_one_rule_is_judged_as_a_whole_and_another_alone():
    targets = [Target(owned.id, None), Target(situated.id, "b"), Target(owned.id, "c")]
    seen = list(follow(run(owned, situated), [owned, situated], targets))
    assert sorted((o.rule.name, o.resource.id) for o in seen) == [
        ("owned", "a"),
        ("owned", "b"),
        ("owned", "c"),
        ("situated", "b"),
    ]


def test_of_the_event_of_another_region_what_is_global_is_left():
    """So IAM's events can be forwarded to every region that has a stack."""
    targets = {
        Target(owned.id, "a"),
        Target(owned.id, None),
        Target(owned.id, None, (OWNER.name, "y")),
        Target(owned.id, None, ("AWS::IAM::Role", "agent")),
        Target(worldwide.id, "w"),
    }
    left = of_global_resources(targets, [owned, worldwide])
    assert left == {
        Target(owned.id, None),
        Target(owned.id, None, ("AWS::IAM::Role", "agent")),
        Target(worldwide.id, "w"),
    }


def test_the_beginning_of_an_id_is_no_resource():
    """What is stored of such resources takes its place, where there is a table."""
    assert followed(Target(owned.id, "a", begins=True)) == {}
