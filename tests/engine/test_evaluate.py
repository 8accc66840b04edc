"""Where to look → evidence → verdicts, and what happens when any of it fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from readiness import Severity, Status, Unreadable, Verdict, complies, heading, violates
from readiness.alerting.message import sns_message
from readiness.engine.aws import Aws
from readiness.engine.aws_errors import CredentialsRefused
from readiness.engine.evaluate import Evaluation, Scope
from readiness.engine.events import Target
from readiness.engine.follow import follow
from readiness.engine.store import Entry
from readiness.engine.survey import BATCH, Coverage, Cursor, Phase, survey
from readiness.model.evidence import ACCOUNT, ANY, REGION, ResourceType, evidence
from readiness.model.resource import GLOBAL, Resource
from readiness.model.rule import SettingRefused
from readiness.model.unreadable import Cause, Gone
from tests.fake_account import ACCOUNT_ID, HOME, NOON, Clock, FakeAccount, error

THINGS = SimpleNamespace(ids=[], owner={}, fails={}, loads=[], as_of=None)
ENTRY = Entry("f", "2026-11-02T12:00:00.000Z", "OPENED", "r", "encryption.s3-kms")
DENIED = Unreadable("test:GetThing", Cause.ACCESS_DENIED, "AccessDenied")


@pytest.fixture(autouse=True)
def three_things():
    THINGS.ids, THINGS.fails, THINGS.loads, THINGS.as_of = ["a", "b", "c"], {}, [], None
    THINGS.owner = {"a": "x", "b": "y", "c": ""}


def listing(read):
    if "listing" in THINGS.fails:
        raise THINGS.fails["listing"]
    return THINGS.ids


def load(kind, resource):
    THINGS.loads.append((kind, resource.id))
    if (kind, resource.id) in THINGS.fails:
        raise THINGS.fails[kind, resource.id]


THING = ResourceType(
    "AWS::Test::Subject", listing, find_reads=("test:ListThings",), arn="arn:{id}"
)
OWNER = ResourceType("AWS::Test::Owner", lambda read: ["x", "y"], find_reads=("test:ListOwners",))
WORLDWIDE = ResourceType("AWS::Test::Worldwide", lambda read: ["w"], is_global=True)


@evidence(THING, reads=("test:GetThing",))
@dataclass(frozen=True)
class Thing:
    id: str
    owner: Resource | None
    as_of: datetime | None = None

    @classmethod
    def load(cls, read, resource):
        load("thing", resource)
        name = THINGS.owner.get(resource.id, "")
        owner = OWNER.resource(read.account, read.region, name) if name else None
        return cls(resource.id, owner, THINGS.as_of)


@evidence(OWNER, reads=("test:GetOwner",))
@dataclass(frozen=True)
class Owner:
    id: str

    @classmethod
    def load(cls, read, resource):
        load("owner", resource)
        return cls(resource.id)


@evidence(REGION)
@dataclass(frozen=True)
class Here:
    region: str

    @classmethod
    def load(cls, read, resource):
        return cls(resource.region)


@evidence(ANY)
@dataclass(frozen=True)
class Named:
    name: str

    @classmethod
    def load(cls, read, resource):
        return cls(resource.id)


@evidence(WORLDWIDE)
@dataclass(frozen=True)
class Wide:
    @classmethod
    def load(cls, read, resource):
        return cls()


toy = heading("Security", "Encryption")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def owned(thing: Thing, owner: Owner | None, *, strict: bool = False) -> Verdict:
    """A thing has an owner."""
    if owner is None:
        return violates("Nobody owns it.", expected="An owner.")
    return complies(f"{owner.id} owns it.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def tolerated(thing: Thing, owner: Owner | Unreadable) -> Verdict:
    """A thing has an owner, known or not."""
    return violates(f"{type(owner).__name__}.", expected="An Owner.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def situated(thing: Thing, here: Here, named: Named) -> Verdict:
    """A thing is where it is."""
    return complies(f"{named.name} in {here.region}.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def worldwide(wide: Wide) -> Verdict:
    """It is everywhere."""
    return complies("Everywhere.")


def run(*rules, scope=None, configured=None, fake_account=None, bulk=False):
    aws = Aws(
        fake_account or FakeAccount(), account=ACCOUNT_ID, region=HOME, now=Clock(), bulk=bulk
    )
    settings = {rule.id: rule.configure({}) for rule in rules}
    return Evaluation(aws, {**settings, **(configured or {})}, scope=scope)


def thing(id="a"):
    return THING.resource(ACCOUNT_ID, HOME, id)


def said(observations):
    return {o.resource.id: o.finding and o.finding.reason for o in observations}


def test_evidence_goes_to_the_rule_that_asks():
    seen = run(owned).observe(owned, thing("a"))
    assert (seen.finding.status, seen.finding.reason) == (Status.COMPLIANT, "x owns it.")
    assert seen.finding.settings == {"strict": False}
    assert (seen.finding.section, seen.finding.heading) == ("Security", "Encryption")


def test_a_reference_to_nothing_is_none():
    assert run(owned).observe(owned, thing("c")).finding.reason == "Nobody owns it."


def test_evidence_of_the_region_and_of_anything():
    assert run(situated).observe(situated, thing("b")).finding.reason == f"b in {HOME}."


def test_shared_evidence_is_read_once():
    evaluation = run(owned, tolerated, situated)
    for rule in (owned, tolerated, situated):
        evaluation.observe(rule, thing("a"))
    assert sorted(THINGS.loads) == [("owner", "x"), ("thing", "a")]


@pytest.mark.parametrize("kind", ["thing", "owner"])
def test_what_cannot_be_read_is_not_judged(kind):
    THINGS.fails[kind, "a" if kind == "thing" else "x"] = DENIED
    finding = run(owned).observe(owned, thing("a")).finding
    assert finding.status is Status.INSUFFICIENT_DATA
    assert finding.missing == ("test:GetThing",)
    assert "test:GetThing was denied (AccessDenied)" in finding.reason


def test_a_tolerant_rule_judges_without_it():
    THINGS.fails["owner", "x"] = DENIED
    assert run(tolerated).observe(tolerated, thing("a")).finding.reason == "Unreadable."


def test_a_subject_that_is_gone_leaves_no_finding():
    THINGS.fails["thing", "a"] = Gone("a")
    seen = run(owned).observe(owned, thing("a"))
    assert (seen.finding, seen.crash) == (None, "")


def test_a_reference_that_dangles_is_not_the_subjects_end():
    THINGS.fails["owner", "x"] = Gone("x")
    finding = run(tolerated).observe(tolerated, thing("a")).finding
    assert finding.status is Status.INSUFFICIENT_DATA
    assert "does not exist" in finding.reason


def test_a_rule_that_raises_passes_nothing():
    THINGS.fails["owner", "x"] = KeyError("oops")
    seen = run(owned).observe(owned, thing("a"))
    assert seen.finding.status is Status.INSUFFICIENT_DATA
    assert "encryption.owned failed with KeyError" in seen.finding.reason
    assert seen.crash == "KeyError: 'oops'"


def test_refused_credentials_judge_nothing():
    THINGS.fails["thing", "a"] = CredentialsRefused("ExpiredToken")
    with pytest.raises(CredentialsRefused):
        run(owned).observe(owned, thing("a"))
    with pytest.raises(CredentialsRefused):
        list(survey(run(owned), [owned], Coverage()))


def test_refused_settings_cost_the_verdict_and_are_named():
    refused = {owned.id: SettingRefused("unknown setting 'x'")}
    finding = run(configured=refused).observe(owned, thing("a")).finding
    assert finding.status is Status.INSUFFICIENT_DATA
    assert "unknown setting 'x'" in finding.reason
    assert THINGS.loads == []


def test_a_finding_is_as_old_as_its_oldest_evidence():
    THINGS.as_of = NOON - timedelta(hours=4)
    assert run(owned).observe(owned, thing("a")).finding.last_observed_at == THINGS.as_of


def test_an_answer_read_later_does_not_make_it_younger():
    evaluation = run(owned)
    first = evaluation.observe(owned, thing("a")).finding
    assert evaluation.observe(owned, thing("a")).finding.last_observed_at <= (
        first.last_observed_at + timedelta(seconds=5)
    )


# -- scope -----------------------------------------------------------------------------------

SCOPE = Scope(tag="Application", values=frozenset({"MAIF"}))


def tagged(**tags):
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    found = [{"ResourceARN": "arn:a", "Tags": listed}]
    return FakeAccount(
        {("resourcegroupstaggingapi", "get_resources"): {"ResourceTagMappingList": found}}
    )


def test_tags_decorate_the_finding():
    fake_account = tagged(Application="MAIF", Environment="prod", Owner="team\u202e")
    finding = run(owned, fake_account=fake_account).observe(owned, thing("a")).finding
    assert (finding.workload, finding.environment, finding.owner) == ("MAIF", "prod", "team")


def test_what_is_out_of_scope_is_counted_and_not_judged():
    coverage = Coverage()
    evaluation = run(owned, scope=SCOPE, fake_account=tagged(Application="Other"), bulk=True)
    seen = list(survey(evaluation, [owned], coverage))
    assert {o.out_of_scope for o in seen} == {True}
    assert {o.finding.status for o in seen} == {Status.NOT_APPLICABLE}
    assert coverage.out_of_scope == 3
    assert THINGS.loads == []


def test_tags_nobody_can_read_leave_the_scope_unknown():
    fake_account = FakeAccount(
        {("resourcegroupstaggingapi", "get_resources"): error("AccessDenied", 403)}
    )
    finding = run(owned, scope=SCOPE, fake_account=fake_account).observe(owned, thing("a")).finding
    assert finding.status is Status.INSUFFICIENT_DATA
    assert "tag:GetResources" in finding.missing
    without = run(owned, fake_account=fake_account).observe(owned, thing("a")).finding
    assert without.status is Status.COMPLIANT


def test_one_region_judges_the_global_services():
    elsewhere = run(owned, worldwide, scope=Scope(globals_too=False))
    assert elsewhere.judged([owned, worldwide]) == [owned]
    [seen] = survey(run(worldwide), [worldwide], Coverage())
    assert seen.resource.region == GLOBAL


# -- events ----------------------------------------------------------------------------------


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


# -- everything ------------------------------------------------------------------------------


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
    ("failure", "told"),
    [
        (DENIED, "test:GetThing was denied"),
        (KeyError("oops"), "test:ListThings returned an unexpected error"),
    ],
    ids=["denied", "not understood"],
)
def test_a_listing_that_fails_costs_its_type_alone_and_covers_nothing(failure, told):
    THINGS.fails["listing"] = failure
    seen, coverage = surveyed(owned, worldwide)
    by_rule = {o.rule.name: o.finding for o in seen}
    assert by_rule["owned"].status is Status.INSUFFICIENT_DATA
    assert told in by_rule["owned"].reason
    assert by_rule["worldwide"].status is Status.COMPLIANT
    assert THING not in coverage.listed
    assert set(coverage.failed) == {THING}


@pytest.mark.parametrize("failure", [DENIED, KeyError("Things")])
def test_a_listing_that_fails_is_recorded_too(failure):
    THINGS.fails["listing"] = failure
    recorded = []
    seen = list(survey(run(owned), [owned], Coverage(), record=recorded.append))
    assert recorded == seen
    assert [each.finding.status for each in recorded] == [Status.INSUFFICIENT_DATA]


def test_facts_that_are_too_large_to_store_are_left_out(monkeypatch):
    def judged(*_, **__):
        huge = ["\U0001f600" * 500] * 50
        return violates("Wrong.", expected="Right.", port=22, names=huge, more=huge[:3])

    monkeypatch.setattr(type(owned), "__call__", judged)
    found = run(owned).observe(owned, thing()).finding
    assert found.observed["port"] == 22
    assert found.observed["names"] == "(too long to be kept)"
    assert len(found.observed["more"]) == 3
    sent = sns_message(found, ENTRY, "")
    assert len(sent["Message"].encode()) < 250_000


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


def test_looking_again_reads_again():
    evaluation = run(owned)
    evaluation.observe(owned, thing("a"))
    evaluation.reread().observe(owned, thing("a"))
    assert THINGS.loads.count(("thing", "a")) == 2


# -- a listing that fails in one leg ---------------------------------------------------------------


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
    second, coverage = leg(coverage.cursor, judged=2)
    assert coverage.cursor == Cursor(THING.name, HOME, "a", Phase.MISSED, (THING.name,))
    assert second == {("owner-named", "y"), ("owned", "a")}
    third, coverage = leg(coverage.cursor)
    assert third == {("owned", "b"), ("owned", "c")}
    assert coverage.cursor is None


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
    seen, cursor, legs = [], None, 0
    while legs < 30:
        legs += 1
        THINGS.fails = {"listing": DENIED} if legs == fails else {}
        found, coverage = leg(cursor, judged=step)
        seen += [id for rule, id in found if rule == "owned" and id != ACCOUNT_ID]
        cursor = coverage.cursor
        if cursor is None:
            break
    assert set(seen) == set(THINGS.ids) or coverage.failed
    assert coverage.unlisted == (THING.name,)


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


# -- batches ---------------------------------------------------------------------------------------


@evidence(THING, reads=("test:GetThing",))
@dataclass(frozen=True)
class Measured:
    value: str

    @classmethod
    def load(cls, read, resource):
        load("measured alone", resource)
        return cls(resource.id)

    @classmethod
    def load_all(cls, read):
        ids = read.ids(THING)
        THINGS.loads.append(("measured", tuple(ids)))
        return {id: cls(id) for id in ids}


@evidence(THING, reads=("test:GetThing",), uses=(Measured,))
@dataclass(frozen=True)
class Derived:
    value: str

    @classmethod
    def load(cls, read, resource):
        return cls(read.of(Measured, resource).value)

    @classmethod
    def load_all(cls, read):
        return {id: cls(each.value) for id, each in read.those(Measured).items()}


@evidence(THING, reads=("test:GetThing",))
@dataclass(frozen=True)
class Listed:
    id: str

    @classmethod
    def load(cls, read, resource):
        return cls(resource.id)

    @classmethod
    def load_all(cls, read):
        THINGS.loads.append(("listed", ()))
        return {id: cls(id) for id in THINGS.ids}


@toy.rule("Enable key rotation", severity=Severity.LOW)
def measured(listed: Listed, derived: Derived, measured: Measured) -> Verdict:
    """A thing is measured."""
    return complies(f"{derived.value} {measured.value}.")


def test_evidence_that_asks_for_the_wanted_ids_is_loaded_batch_by_batch():
    THINGS.ids = [f"{number:04}" for number in range(2 * BATCH + 50)]
    seen = list(survey(run(measured, bulk=True), [measured], Coverage()))
    assert sorted(o.finding.reason for o in seen) == [f"{id} {id}." for id in THINGS.ids]
    batches = [ids for kind, ids in THINGS.loads if kind == "measured"]
    assert [len(ids) for ids in batches] == [BATCH, BATCH, 50]
    assert [id for ids in batches for id in ids] == THINGS.ids
    assert [kind for kind, _ in THINGS.loads].count("listed") == 1
    assert "measured alone" not in {kind for kind, _ in THINGS.loads}


def test_outside_of_a_batch_all_ids_are_wanted():
    evaluation = run(measured, bulk=True)
    assert evaluation.observe(measured, thing("b")).finding.reason == "b b."
    assert ("measured", ("a", "b", "c")) in THINGS.loads


def test_nothing_of_a_batch_is_kept_after_it():
    THINGS.ids = [f"{number:04}" for number in range(3 * BATCH)]
    evaluation = run(measured, bulk=True)
    list(survey(evaluation, [measured], Coverage()))
    answers = evaluation.aws.answers
    assert answers._batch is None
    kept = [repr(key) for key in (*answers._run, *answers._roomy)]
    assert len(kept) < 10, kept
    assert not any("Measured" in key or "Derived" in key for key in kept)


# -- what a rule may return ------------------------------------------------------------------------


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


# -- what is gone, and what is stored --------------------------------------------------------------


@evidence(THING, reads=("test:GetMetric",), proves=False)
@dataclass(frozen=True)
class Metric:
    @classmethod
    def load(cls, read, resource):
        return cls()


@toy.rule("Enable key rotation", severity=Severity.LOW)
def quiet(metric: Metric) -> Verdict:
    """A thing is quiet."""
    return complies("No datapoint.")


def test_where_one_rule_is_told_that_the_resource_is_gone_all_are():
    THINGS.fails["thing", "a"] = Gone("a")
    seen = follow(
        run(owned, quiet), [owned, quiet], [Target(quiet.id, "a"), Target(owned.id, "a")]
    )
    assert [o.finding for o in seen] == [None, None]


def test_metrics_alone_do_not_prove_that_a_resource_exists():
    seen = run(owned, quiet).agreed(thing(), [owned, quiet])
    assert [o.unproven for o in seen] == [False, True]
    listed = list(survey(run(quiet), [quiet], Coverage()))
    assert {o.unproven for o in listed} == {False}, "the listing shows it"


class Row:
    """What a recorder tells an evaluation: one stored row, of version 3."""

    def __init__(self):
        self.order = []

    def of(self, resource, rule):
        self.order.append("row")
        return SimpleNamespace(version=3)

    def prepare(self, about, ids):
        self.order.append("rows")


def test_the_stored_row_is_read_before_the_resource(monkeypatch):
    row = Row()
    evaluation = run(owned)
    evaluation.read_before(row)
    monkeypatch.setattr(THINGS, "loads", row.order)
    assert evaluation.observe(owned, thing()).over == 3
    assert row.order[0] == "row"


def test_evidence_read_before_the_row_does_not_vouch_for_the_order():
    evaluation = run(owned)
    evaluation.observe(owned, thing())
    evaluation.read_before(Row())
    assert evaluation.observe(owned, thing()).over is None
    assert evaluation.reread().observe(owned, thing()).over == 3


def test_an_id_that_no_listing_shows_is_not_listed():
    evaluation = run(owned)
    assert evaluation.lists(owned, thing("a"))
    assert not evaluation.lists(owned, thing("nothing"))
