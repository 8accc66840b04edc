"""Every resource of a heading: what is judged, what was covered, and where a leg goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from readiness import Severity, Status, Verdict, complies
from readiness.engine.answers import Answers, Keep
from readiness.engine.aws import Aws
from readiness.engine.aws_errors import Postponed
from readiness.engine.evaluate import Evaluation
from readiness.engine.scope import Scope
from readiness.engine.survey import BATCH, Coverage, Cursor, Phase, survey
from readiness.model.evidence import ACCOUNT
from readiness.model.resource import GLOBAL, Resource
from readiness.model.unreadable import Cause, Unreadable
from tests.engine.things import (
    DENIED,
    OWNER,
    SCOPE,
    THING,
    THINGS,
    Owner,
    measured,
    owned,
    quiet,
    run,
    situated,
    tagged,
    thing,
    toy,
    worldwide,
)
from tests.fake_account import ACCOUNT_ID, HOME

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("three_things")


def test_what_is_out_of_scope_is_counted_and_not_judged():
    coverage = Coverage()
    evaluation = run(owned, scope=SCOPE, fake_account=tagged(Application="Other"), bulk=True)
    seen = list(survey(evaluation, [owned], coverage))
    assert {o.out_of_scope for o in seen} == {True}
    assert {o.finding.status for o in seen} == {Status.NOT_APPLICABLE}
    assert coverage.out_of_scope == 3
    assert THINGS.loads == []


def test_one_region_judges_the_global_services():
    elsewhere = run(owned, worldwide, scope=Scope(globals_too=False))
    assert elsewhere.judged([owned, worldwide]) == [owned]
    [seen] = survey(run(worldwide), [worldwide], Coverage())
    assert seen.resource.region == GLOBAL


def surveyed(*rules, **more):
    coverage = Coverage()
    return list(survey(run(*rules), rules, coverage, **more)), coverage


def test_a_survey_judges_everything_and_says_what_it_covered():
    seen, coverage = surveyed(owned, situated)
    assert sorted((o.rule.name, o.resource.id) for o in seen) == [
        (name, id) for name in ("owned", "situated") for id in "abc"
    ]
    assert coverage.listed == {THING: {"a", "b", "c"}}
    assert (coverage.failed, coverage.cursor) == ({}, None)


def test_where_nothing_is_there_is_one_row_that_says_so():
    THINGS.ids = []
    [seen], coverage = surveyed(owned)
    assert seen.resource == Resource(ACCOUNT_ID, HOME, ACCOUNT.name, ACCOUNT_ID)
    assert seen.finding.status is Status.NOT_APPLICABLE
    assert coverage.listed == {THING: set()}


@pytest.mark.parametrize(
    ("failure", "told", "code"),
    [
        (DENIED, "test:GetThing was denied", "AccessDenied"),
        (KeyError("oops"), "test:ListThings returned an unexpected error", "KeyError: 'oops'"),
    ],
    ids=["denied", "not understood"],
)
def test_a_listing_that_fails_costs_its_type_alone_and_covers_nothing(failure, told, code):
    THINGS.fails["listing"] = failure
    seen, coverage = surveyed(owned, worldwide)
    by_rule = {o.rule.name: o.finding for o in seen}
    assert by_rule["owned"].status is Status.INSUFFICIENT_DATA
    assert told in by_rule["owned"].reason
    assert by_rule["worldwide"].status is Status.COMPLIANT
    assert THING not in coverage.listed
    assert set(coverage.failed) == {THING}
    assert coverage.failed[THING].code == code


@pytest.mark.parametrize("failure", [DENIED, KeyError("Things")])
def test_a_listing_that_fails_is_recorded_too(failure):
    THINGS.fails["listing"] = failure
    recorded = []
    seen = list(survey(run(owned), [owned], Coverage(), record=recorded.append))
    assert recorded == seen
    assert [each.finding.status for each in recorded] == [Status.INSUFFICIENT_DATA]


def test_progress_and_record_see_every_resource():
    steps, recorded = [], []
    seen, _ = surveyed(
        owned, progress=lambda done, total: steps.append((done, total)), record=recorded.append
    )
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert sorted(o.resource.id for o in recorded) == sorted(o.resource.id for o in seen)


def test_a_survey_that_stops_goes_on_where_it_stopped():
    THINGS.ids = [f"{number:03}" for number in range(100)]
    legs, start = [], None
    while True:
        asked = iter([False] * 30)
        coverage = Coverage()
        evaluation = run(owned)
        seen = survey(
            evaluation,
            [owned],
            coverage,
            start=start,
            enough=lambda asked=asked: next(asked, True),
        )
        legs.append([o.resource.id for o in seen])
        if coverage.cursor is None:
            break
        start = coverage.cursor
    assert all(10 <= len(leg) <= 30 for leg in legs)
    assert sorted(id for leg in legs for id in leg) == THINGS.ids


def test_a_survey_without_time_for_anything_starts_over():
    _, coverage = surveyed(owned, enough=lambda: True)
    assert coverage.cursor == Cursor("", "", "")
    again, _ = surveyed(owned, start=coverage.cursor)
    assert len(again) == 3


def leg(start=None, *rules, judged=10**6):
    """One leg over things and their owners, with time for so many resources."""
    left = iter([False] * judged)
    coverage = Coverage()
    rules = rules or (owned, owner_named)
    seen = survey(run(*rules), rules, coverage, start=start, enough=lambda: next(left, True))
    return {(o.rule.name, o.resource.id) for o in seen}, coverage


@toy.rule("Enable key rotation", severity=Severity.LOW)
def owner_named(owner: Owner) -> Verdict:
    """An owner has a name."""
    return complies(f"{owner.id}.")


def test_what_a_leg_could_not_list_is_judged_by_the_next():
    THINGS.fails["listing"] = DENIED
    first, coverage = leg(judged=1)
    assert first == {("owned", ACCOUNT_ID), ("owner-named", "x")}
    assert coverage.cursor == Cursor(OWNER.name, HOME, "x", unlisted=(THING.name,))
    THINGS.fails.clear()
    second, coverage = leg(coverage.cursor)
    assert second == {("owner-named", "y"), ("owned", "a"), ("owned", "b"), ("owned", "c")}
    assert coverage.cursor is None
    assert coverage.unlisted == (THING.name,), "the sweep has not listed it in every leg"
    assert not coverage.is_whole(THING)
    assert coverage.is_whole(OWNER)


def test_what_was_missed_is_resumed_where_it_stopped():
    THINGS.fails["listing"] = DENIED
    _, coverage = leg(judged=1)
    THINGS.fails.clear()
    second, coverage = leg(coverage.cursor, judged=3)
    assert coverage.cursor == Cursor(THING.name, HOME, "a", Phase.MISSED, (THING.name,))
    assert second == {("owner-named", "y"), ("owned", "a")}
    third, coverage = leg(coverage.cursor)
    assert third == {("owned", "b"), ("owned", "c")}
    assert coverage.cursor is None


def test_a_leg_that_stops_hands_on_how_often_the_missed_were_tried():
    """Without the count, a sweep would make legs for them without end."""
    start = Cursor(OWNER.name, HOME, "x", unlisted=(THING.name,), tries=2)
    _, coverage = leg(start, judged=3)
    assert coverage.cursor == replace(start, type=THING.name, after="a", phase=Phase.MISSED)


def test_what_a_later_leg_cannot_list_is_missed_too():
    _, coverage = leg(judged=3)
    assert coverage.cursor == Cursor(THING.name, HOME, "a")
    THINGS.fails["listing"] = DENIED
    _, coverage = leg(coverage.cursor)
    assert coverage.unlisted == (THING.name,)
    assert not coverage.is_whole(THING)


@pytest.mark.parametrize("fails", [1, 2, 3])
@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_whatever_leg_fails_nothing_is_judged_twice_and_nothing_lost(fails, step):
    THINGS.ids = [f"{number:02}" for number in range(7)]
    seen, cursor, legs, missed = [], None, 0, False
    while legs < 30:
        legs += 1
        THINGS.fails = {"listing": DENIED} if legs == fails else {}
        found, coverage = leg(cursor, judged=step)
        seen += [id for rule, id in found if rule == "owned" and id != ACCOUNT_ID]
        missed |= THING in coverage.failed
        cursor = coverage.cursor
        if cursor is None:
            break
    assert set(seen) == set(THINGS.ids) or coverage.failed
    assert (coverage.unlisted == (THING.name,)) is missed


def test_resources_that_come_and_go_between_legs_are_judged_once():
    THINGS.ids = [f"{number:02}" for number in range(20)]
    seen, cursor = [], None
    for _ in range(30):
        found, coverage = leg(cursor, owned, judged=3)
        seen += [id for _, id in found]
        cursor = coverage.cursor
        if cursor is None:
            break
        THINGS.ids = [*THINGS.ids[1:], f"{50 + len(seen):02}"]
    assert len(seen) == len(set(seen))
    assert set(THINGS.ids) <= set(seen)


def test_evidence_that_asks_for_the_wanted_ids_is_loaded_batch_by_batch():
    THINGS.ids = [f"{number:04}" for number in range(2 * BATCH + 50)]
    seen = list(survey(run(measured, bulk=True), [measured], Coverage()))
    assert sorted(o.finding.reason for o in seen) == [f"{id} {id}." for id in THINGS.ids]
    batches = [ids for kind, ids in THINGS.loads if kind == "measured"]
    assert [len(ids) for ids in batches] == [BATCH, BATCH, 50]
    assert [id for ids in batches for id in ids] == THINGS.ids
    assert [kind for kind, _ in THINGS.loads].count("listed") == 1
    assert "measured alone" not in {kind for kind, _ in THINGS.loads}


def test_nothing_of_a_batch_is_kept_after_it():
    THINGS.ids = [f"{number:04}" for number in range(3 * BATCH)]
    evaluation = run(measured, bulk=True)
    list(survey(evaluation, [measured], Coverage()))
    answers = evaluation.aws.answers
    assert answers._batch is None
    kept = [repr(key) for key in (*answers._run, *answers._roomy)]
    assert len(kept) < 10, kept
    assert not any("Measured" in key or "Derived" in key for key in kept)


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        pytest.param(None, "returned NoneType", id="nothing"),
        pytest.param(True, "returned bool", id="a truth value"),
        pytest.param(complies(""), "gave no reason", id="no reason"),
        pytest.param(complies("  "), "gave no reason", id="a blank reason"),
        pytest.param(complies(None), "gave no reason", id="None for a reason"),
        pytest.param(complies(7), "gave no reason", id="a number for a reason"),
    ],
)
def test_a_rule_that_gives_no_verdict_costs_its_own_row(monkeypatch, returned, told):
    real = type(owned).__call__

    def judged(self, *evidence, **settings):
        return returned if self is situated else real(self, *evidence, **settings)

    monkeypatch.setattr(type(owned), "__call__", judged)
    seen, coverage = surveyed(owned, situated)
    broken = [o for o in seen if o.rule is situated]
    assert len(broken) == 3
    for each in broken:
        assert each.finding.status is Status.INSUFFICIENT_DATA
        assert told in each.crash
    assert {o.finding.status for o in seen if o.rule is owned} >= {Status.COMPLIANT}
    assert coverage.cursor is None


def test_metrics_alone_do_not_prove_that_a_resource_exists():
    seen = run(owned, quiet).agreed(thing(), [owned, quiet])
    assert [o.unproven for o in seen] == [False, True]
    listed = list(survey(run(quiet), [quiet], Coverage()))
    assert {o.unproven for o in listed} == {False}, "the listing shows it"


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(None, id="the first leg"),
        pytest.param(Cursor(THING.name, HOME, "a", unlisted=(OWNER.name,)), id="a later leg"),
    ],
)
def test_a_leg_that_may_not_list_any_more_leaves_everything_to_the_next(start):
    THINGS.fails["listing"] = Postponed("AWS Lambda gives the next turn in 60 s")
    seen, coverage = surveyed(owned, start=start)
    assert seen == []
    assert coverage.cursor == (start or Cursor("", "", ""))


def test_what_belongs_to_the_monitor_is_counted_apart_from_the_scope():
    aws = run(owned).aws
    configured = {owned.id: owned.configure({})}
    evaluation = Evaluation(aws, configured, is_own=lambda resource: resource.id in {"a", "b"})
    coverage = Coverage()
    seen = list(survey(evaluation, [owned], coverage))
    assert {o.resource.id for o in seen if o.is_own} == {"a", "b"}
    assert (coverage.own, coverage.out_of_scope) == (2, 0)


def test_what_is_stored_of_a_batch_is_read_before_it(monkeypatch):
    monkeypatch.setattr("readiness.engine.survey.BATCH", 2)
    events = []

    class Stored:
        def of(self, resource, rule):
            events.append(resource.id)

        def prepare(self, about, ids):
            events.append((about, tuple(ids)))

    evaluation = run(owned)
    evaluation.read_before(Stored())
    list(survey(evaluation, [owned], Coverage()))
    assert events[0] == (THING, ("a", "b"))
    assert set(events[1:3]) == {"a", "b"}
    assert events[3:] == [(THING, ("c",)), "c"]


@pytest.fixture
def listed(monkeypatch):
    """The names of the types that are listed, in order."""
    names, find = [], Aws.find
    monkeypatch.setattr(Aws, "find", lambda self, cls: names.append(cls.name) or find(self, cls))
    return names


def test_nothing_is_closed_by_a_listing_that_an_earlier_leg_made(listed):
    evaluation, coverage = run(owned), Coverage()
    evaluation.aws.take_over(Answers())
    start = Cursor(THING.name, HOME, "a")
    list(survey(evaluation, [owned], coverage, start=start))
    assert listed == [THING.name, THING.name]
    assert not evaluation.aws.has_taken_over


def test_a_listing_that_takes_longer_than_a_leg_comes_to_its_end(monkeypatch):
    """One call for each of a thousand APIs takes two legs: also at the end, to close what is gone."""
    turns = []

    def ask():
        if not turns:
            raise Postponed("no turn in this leg")
        return turns.pop()

    def find(self, cls):
        for part in range(5):
            self.answers.once((cls, part), ask, Keep.ROOM, NOON)
        return list(THINGS.ids)

    monkeypatch.setattr(Aws, "find", find)
    cursor, handed_on, judged, legs = None, None, [], 0
    while legs < 20:
        legs += 1
        turns[:] = range(3)
        evaluation, coverage = run(owned), Coverage()
        if handed_on is not None:
            evaluation.aws.take_over(handed_on)
        judged += survey(evaluation, [owned], coverage, start=cursor)
        cursor, handed_on = coverage.cursor, evaluation.aws.answers.handed_on(NOON)
        if cursor is None:
            break
    assert [o.resource.id for o in judged] == ["a", "b", "c"]
    assert coverage.is_whole(THING)
    assert legs == 4, "two to list and judge, and the rest to list anew"


def test_a_leg_without_time_for_the_end_hands_on_no_listing_to_close_by():
    evaluation, coverage = run(owned), Coverage()
    evaluation.aws.take_over(Answers())
    left = iter([False] * 2)
    start = Cursor(THING.name, HOME, "a")
    list(survey(evaluation, [owned], coverage, start=start, enough=lambda: next(left, True)))
    assert coverage.cursor == Cursor("", "", "", Phase.CLOSING)
    assert not evaluation.aws.has_taken_over


@pytest.mark.parametrize(
    ("phase", "is_kept"), [(Phase.JUDGING, False), (Phase.MISSED, False), (Phase.CLOSING, True)]
)
def test_what_a_leg_has_listed_to_close_by_is_not_listed_again(phase, is_kept):
    evaluation, coverage = run(owned), Coverage()
    evaluation.aws.take_over(Answers())
    list(survey(evaluation, [owned], coverage, start=Cursor("", "", "", phase)))
    assert evaluation.aws.has_taken_over is is_kept
    assert coverage.is_whole(THING)


def test_a_type_whose_new_listing_fails_at_the_end_closes_nothing(monkeypatch):
    find = Aws.find

    def failing(self, cls):
        if not self.has_taken_over:
            raise Unreadable("things:List", Cause.THROTTLED)
        return find(self, cls)

    monkeypatch.setattr(Aws, "find", failing)
    evaluation, coverage = run(owned), Coverage()
    evaluation.aws.take_over(Answers())
    list(survey(evaluation, [owned], coverage, start=Cursor(THING.name, HOME, "a")))
    assert not coverage.is_whole(THING)
    assert coverage.may_be_listed


def test_the_first_leg_lists_everything_and_a_later_one_what_it_judges(listed):
    _, first = leg(judged=3)
    assert first.cursor == Cursor(THING.name, HOME, "a")
    assert sorted(listed) == [OWNER.name, THING.name]
    listed.clear()
    _, second = leg(first.cursor, judged=1)
    assert second.cursor == Cursor(THING.name, HOME, "b")
    assert listed == [THING.name]
    listed.clear()
    seen, last = leg(second.cursor)
    assert seen == {("owned", "c")}
    assert listed == [THING.name, OWNER.name], "to close what is gone"
    assert last.cursor is None
    assert last.is_whole(OWNER)
    assert last.is_whole(THING)


def test_a_leg_without_time_to_list_what_is_done_leaves_it_to_the_next(listed):
    _, first = leg(judged=3)
    seen, second = leg(first.cursor, judged=2)
    assert seen == {("owned", "b"), ("owned", "c")}
    assert second.cursor == Cursor("", "", "", Phase.CLOSING)
    listed.clear()
    seen, last = leg(second.cursor, judged=0)
    assert (seen, last.cursor) == (set(), None)
    assert sorted(listed) == [OWNER.name, THING.name]


def test_what_is_done_and_cannot_be_listed_in_the_end_closes_nothing(monkeypatch):
    _, first = leg(judged=3)
    refuse_owners(monkeypatch, DENIED)
    _, last = leg(first.cursor)
    assert last.unlisted == (OWNER.name,)
    assert not last.is_whole(OWNER)
    assert last.is_whole(THING)


def test_a_last_listing_that_gets_no_turn_is_left_to_the_next_leg(monkeypatch):
    _, first = leg(judged=3)
    refuse_owners(monkeypatch, Postponed("no turn left"))
    seen, last = leg(first.cursor)
    assert seen == {("owned", "b"), ("owned", "c")}
    assert last.cursor == Cursor("", "", "", Phase.CLOSING)


def refuse_owners(monkeypatch, error):
    """Owners cannot be listed any more."""
    find = Aws.find

    def refuse(self, cls):
        if cls is OWNER:
            raise error
        return find(self, cls)

    monkeypatch.setattr(Aws, "find", refuse)


def test_a_scope_and_unproven_rules_need_more_than_a_listing():
    assert run(owned).is_settled_by_a_listing(owned)
    assert not run(quiet).is_settled_by_a_listing(quiet)
    assert not run(owned, scope=Scope("team", frozenset({"a"}))).is_settled_by_a_listing(owned)
