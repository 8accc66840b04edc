"""One resource: its evidence, the verdict, and what happens when any of it fails."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

import pytest

from readiness import Severity, Status, Unreadable, Verdict, cannot_tell, complies, violates
from readiness.alerting.message import sns_message
from readiness.engine.aws_errors import CredentialsRefused
from readiness.engine.declarations import attestation_item
from readiness.engine.evaluate import Evaluation
from readiness.engine.measuring import Measurements
from readiness.engine.observation import finding_of
from readiness.engine.rows import Entry
from readiness.engine.scope import Scope
from readiness.engine.survey import Coverage, survey
from readiness.engine.targets import Target
from readiness.evidence.tagging import Tags
from readiness.model.attestation import Attestation, Attested
from readiness.model.attestation import Scope as AttestedFor
from readiness.model.evidence import evidence
from readiness.model.finding import iso
from readiness.model.origin import Origin
from readiness.model.resource import Resource
from readiness.model.rule import SettingRefused
from readiness.model.unreadable import Cause, Gone
from tests.engine.things import (
    DENIED,
    OWNER,
    SCOPE,
    THING,
    THINGS,
    WORLDWIDE,
    Owner,
    Thing,
    measured,
    owned,
    quiet,
    run,
    situated,
    tagged,
    thing,
    tolerated,
    toy,
    worldwide,
)
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

pytestmark = pytest.mark.usefixtures("three_things")


ENTRY = Entry("f", "2026-11-02T12:00:00.000Z", "OPENED", "r", "encryption.s3-kms")


def test_evidence_goes_to_the_rule_that_asks():
    seen = run(owned).observe(owned, thing("a"))
    assert (seen.finding.status, seen.finding.reason) == (Status.COMPLIANT, "x owns it.")
    assert seen.finding.settings == {"strict": False}
    assert (seen.finding.section, seen.finding.heading) == ("Security", "Encryption")


@pytest.mark.parametrize(
    ("name", "told"),
    [("web\u202e", "web"), ("a", ""), ("", ""), ("x" * 129, "x" * 127 + "…")],
    ids=["another", "that of the id", "none", "too long"],
)
def test_a_finding_has_the_name_that_its_id_does_not_say(name, told):
    found = finding_of(
        owned,
        thing("a"),
        complies("It is."),
        NOON,
        settings={},
        tags=None,
        name=name,
        scope=SCOPE,
        trigger="",
        changed_by=Origin(),
    )
    assert (found.name, found.tags) == (told, None)


def test_a_fault_says_what_is_expected():
    THINGS.owner.clear()
    found = run(owned).observe(owned, thing("a")).finding
    assert (found.status, found.expected) == (Status.NON_COMPLIANT, "An owner.")


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
    assert (finding.missing, finding.denied) == (("test:GetThing",), ("test:GetThing",))
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


def test_tags_decorate_the_finding():
    fake_account = tagged(Application="MAIF", Environment="prod", Owner="team\u202e")
    finding = run(owned, fake_account=fake_account).observe(owned, thing("a")).finding
    assert (finding.workload, finding.environment, finding.owner) == ("MAIF", "prod", "team")
    assert finding.tags == {"Application": "MAIF", "Environment": "prod", "Owner": "team"}


def test_tags_nobody_can_read_leave_the_scope_unknown():
    fake_account = FakeAccount(
        {("resourcegroupstaggingapi", "get_resources"): error("AccessDenied", 403)}
    )
    finding = run(owned, scope=SCOPE, fake_account=fake_account).observe(owned, thing("a")).finding
    assert finding.status is Status.INSUFFICIENT_DATA
    assert "tag:GetResources" in finding.missing
    without = run(owned, fake_account=fake_account).observe(owned, thing("a")).finding
    assert without.status is Status.COMPLIANT


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


def test_looking_again_reads_again():
    evaluation = run(owned)
    evaluation.observe(owned, thing("a"))
    evaluation.reread().observe(owned, thing("a"))
    assert THINGS.loads.count(("thing", "a")) == 2


def test_outside_of_a_batch_all_ids_are_wanted():
    evaluation = run(measured, bulk=True)
    assert evaluation.observe(measured, thing("b")).finding.reason == "b b."
    assert ("measured", ("a", "b", "c")) in THINGS.loads


class Row:
    """What a recorder tells an evaluation: one stored row, of version 3."""

    def __init__(self):
        self.order = []

    def of(self, resource, rule):
        self.order.append("row")
        return SimpleNamespace(version=3, last_observed_at=NOON)

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


@pytest.mark.parametrize(("minutes", "over"), [(30, 3), (10, None)], ids=["before", "since"])
def test_kept_measurements_do_not_vouch_for_the_order_of_what_was_observed_since(minutes, over):
    evaluation = run(owned)
    aws = evaluation.aws
    aws.measurements = Measurements.KEPT
    aws.daily_cache = SimpleNamespace(measured_to=lambda: aws.now() - timedelta(minutes=20))
    stored = SimpleNamespace(version=3, last_observed_at=aws.now() - timedelta(minutes=minutes))
    evaluation.read_before(SimpleNamespace(of=lambda resource, rule: stored))
    seen = evaluation.observe(owned, thing())
    assert (seen.over, seen.measured_before) == (over, over is None)
    again = evaluation.reread().observe(owned, thing())
    assert (again.over, again.measured_before) == (3, False)


def test_an_id_that_no_listing_shows_is_not_listed():
    evaluation = run(owned)
    assert evaluation.lists(owned, thing("a"))
    assert not evaluation.lists(owned, thing("nothing"))


def test_what_belongs_to_the_monitor_is_told_apart_and_not_read():
    configured = {owned.id: owned.configure({})}
    own = Evaluation(run(owned).aws, configured, is_own=lambda resource: resource.id == "a")
    seen = own.observe(owned, thing("a"))
    assert (seen.is_own, seen.out_of_scope) == (True, True)
    assert seen.finding.status is Status.NOT_APPLICABLE
    assert "part of Readiness" in seen.finding.reason
    assert THINGS.loads == []
    other = own.observe(owned, thing("b"))
    assert (other.is_own, other.out_of_scope) == (False, False)


def test_a_rule_that_reads_nothing_proves_nothing():
    """A first finding for an id that nobody has looked up must not be written."""
    assert not run(owned).observe(owned, thing("a")).unproven
    refused = run(configured={owned.id: SettingRefused("no")}).observe(owned, thing("a"))
    assert refused.unproven
    assert run(quiet).observe(quiet, thing("a")).unproven, "metrics outlive their resource"


def test_tags_of_the_scope_say_whose_the_finding_is():
    fake_account = tagged(App="claims", Stage="test", Team="core", Application="other")
    scope = Scope(workload_tag="App", environment_tag="Stage", owner_tag="Team")
    finding = run(owned, scope=scope, fake_account=fake_account).observe(owned, thing("a")).finding
    assert (finding.workload, finding.environment, finding.owner) == ("claims", "test", "core")


@evidence(THING, reads=("test:GetThing",))
@dataclass(frozen=True)
class Team:
    members: tuple[Resource, ...]

    @classmethod
    def load(cls, read, resource):
        names = {"a": "xy", "b": "y"}.get(resource.id, "")
        return cls(tuple(OWNER.resource(read.account, read.region, name) for name in names))


@toy.rule("Enable key rotation", severity=Severity.LOW)
def staffed(team: Team, members: tuple[Owner, ...]) -> Verdict:
    """A thing has members."""
    return complies(f"Members: {[each.id for each in members]}.")


@pytest.mark.parametrize(("id", "members"), [("a", ["x", "y"]), ("b", ["y"]), ("c", [])])
def test_a_reference_to_several_is_all_of_them_in_order(id, members):
    finding = run(staffed).observe(staffed, thing(id)).finding
    assert finding.reason == f"Members: {members}."


@toy.rule("Enable key rotation", severity=Severity.LOW)
def vouched(thing: Thing, attested: Attested) -> Verdict:
    """Somebody attests that a thing is good."""
    seen = iso(attested.first_seen) if attested.first_seen else "never"
    known = [each.id for each in attested.statements]
    return complies(f"{known}, first seen {seen}.", recorded=dict(attested.recorded))


def test_what_was_attested_is_for_the_environment_and_the_workload_that_the_tags_say():
    def statement(id, **scope):
        made = Attestation(
            id, vouched.id, AttestedFor(**scope), "s", NOON, NOON, "o", "A:b", "A:b"
        )
        return attestation_item(made)

    rows = [
        statement("prod", environment="prod"),
        statement("test", environment="test"),
        statement("claims", workload="claims"),
        statement("other", workload="other"),
    ]
    fake_account = tagged(Environment="prod", Application="claims").but(
        dynamodb__query={"Items": rows}
    )
    aws = run(vouched, fake_account=fake_account).aws
    evaluation = Evaluation(aws, {vouched.id: {}}, declarations="declarations")
    lasting = {"last_executed": {"target": "t"}}
    stored = SimpleNamespace(
        version=1, first_observed_at=NOON, last_observed_at=NOON, observed={**lasting, "n": 1}
    )
    evaluation.read_before(SimpleNamespace(of=lambda resource, rule: stored))
    finding = evaluation.observe(vouched, thing("a")).finding
    assert finding.reason == f"['claims', 'prod'], first seen {iso(NOON)}."
    assert finding.observed == {"recorded": lasting}


def test_statements_read_before_the_row_do_not_vouch_for_the_order():
    """Somebody may have attested meanwhile, and the look at that have written the row."""
    fake_account = tagged().but(dynamodb__query={"Items": []})
    aws = run(fake_account=fake_account).aws
    evaluation = Evaluation(aws, {vouched.id: {}}, declarations="declarations")
    stored = SimpleNamespace(version=3, first_observed_at=NOON, last_observed_at=NOON, observed={})
    evaluation.read_before(SimpleNamespace(of=lambda resource, rule: stored))
    first = evaluation.observe(vouched, thing("a"))
    between = aws.now()
    second = evaluation.observe(vouched, thing("b"))
    assert (first.over, second.over) == (3, None)
    assert second.finding.last_observed_at < between
    assert evaluation.reread().observe(vouched, thing("b")).over == 3


@evidence(THING, reads=("test:GetThing",))
@dataclass(frozen=True)
class Labelled:
    """What comes with its own tags, or not at all."""

    tags: dict

    @classmethod
    def load(cls, read, resource):
        if resource.id == "gone":
            raise Gone(resource.id)
        return cls({"Application": "other"})


@toy.rule("Enable key rotation", severity=Severity.LOW)
def labelled(thing: Labelled) -> Verdict:
    """A thing has labels."""
    return complies("It has.")


@pytest.mark.parametrize("id", ["labelled", "gone"])
def test_what_was_read_before_the_row_neither_takes_it_out_of_scope_nor_ends_it(id):
    """It may have been labelled, or made, since, and the look at that have written the row."""
    evaluation = run(labelled, owned, scope=SCOPE, fake_account=tagged(Application="MAIF"))
    with suppress(Gone):
        evaluation.aws.evidence(Labelled, thing(id))
    between = evaluation.aws.now()
    evaluation.read_before(Row())
    for seen in evaluation.agreed(thing(id), [labelled] + [owned] * (id == "gone")):
        assert (seen.finding is None) is (id == "gone")
        assert seen.out_of_scope is (id == "labelled")
        assert (seen.over, seen.observed_at < between) == (None, True)
    assert evaluation.reread().observe(labelled, thing(id)).over == 3


@pytest.mark.parametrize("value", ["MAIF", "other"])
def test_tags_read_before_the_row_do_not_vouch_for_the_order_where_they_decide_the_scope(value):
    """They are read for many at once, and the resource may have been tagged since."""
    evaluation = run(owned, scope=SCOPE, fake_account=tagged(Application=value))
    evaluation.aws.evidence(Tags, thing())
    between = evaluation.aws.now()
    evaluation.read_before(Row())
    seen = evaluation.observe(owned, thing())
    assert seen.out_of_scope is (value == "other")
    assert (seen.over, seen.finding.last_observed_at < between) == (None, True)
    assert evaluation.reread().observe(owned, thing()).over == 3
    free = run(owned, fake_account=tagged(Application=value))
    free.aws.evidence(Tags, thing())
    free.read_before(Row())
    assert free.observe(owned, thing()).over == 3, "there they only decorate"


@toy.rule("Enable key rotation", severity=Severity.LOW, opt_in="ask")
def opted(thing: Thing, *, ask: bool = False) -> Verdict:
    """A thing is looked at where somebody asks."""
    return complies(thing.id)


def test_a_rule_that_is_opted_into_reads_nothing_before():
    seen = run(opted).observe(opted, thing("a"))
    assert seen.finding.status is Status.NOT_APPLICABLE
    assert "ask" in seen.finding.reason
    assert seen.unproven
    assert THINGS.loads == []
    asked = run(configured={opted.id: opted.configure({"ask": True})}).observe(opted, thing("a"))
    assert (asked.finding.status, asked.unproven) == (Status.COMPLIANT, False)


@toy.rule("Enable key rotation", severity=Severity.LOW)
def doubtful(thing: Thing, owner: Owner | Unreadable) -> Verdict:
    """A thing has an owner who can be asked."""
    if isinstance(owner, Unreadable):
        return cannot_tell("The owner is unknown.")
    return violates("No.", expected="Yes.")


@pytest.mark.parametrize(
    ("cause", "again"),
    [
        pytest.param(Cause.THROTTLED, Target(doubtful.id, "a"), id="passes by itself"),
        pytest.param(Cause.ACCESS_DENIED, None, id="stays"),
    ],
)
def test_what_was_missing_for_a_passing_reason_is_looked_at_again(cause, again):
    THINGS.fails["owner", "x"] = Unreadable("test:GetOwner", cause)
    assert run(doubtful).observe(doubtful, thing("a")).again == again
    judged = run(doubtful).observe(doubtful, thing("b"))
    assert (judged.finding.status, judged.again) == (Status.NON_COMPLIANT, None)


def test_a_row_that_is_not_there_has_version_zero():
    evaluation = run(owned)
    evaluation.read_before(SimpleNamespace(of=lambda resource, rule: None))
    assert evaluation.observe(owned, thing("a")).over == 0
    assert run(owned).observe(owned, thing("a")).over is None, "nothing was read"


def test_where_one_rule_finds_the_resource_gone_all_agree():
    THINGS.fails["owner", "x"] = Gone("x")
    seen = run(owned, quiet).agreed(thing("a"), [quiet, owned])
    assert [each.finding is None for each in seen] == [False, False], "its owner is another"
    THINGS.fails["thing", "a"] = Gone("a")
    evaluation = run(owned, quiet)

    def stored(resource, rule):
        return SimpleNamespace(version=len(rule), last_observed_at=NOON)

    evaluation.read_before(SimpleNamespace(of=stored))
    seen = evaluation.agreed(thing("a"), [quiet, owned])
    assert [(each.rule, each.finding, each.over) for each in seen] == [
        (quiet, None, len(quiet.id)),
        (owned, None, len(owned.id)),
    ]


def test_what_is_known_already_is_not_asked_for():
    aws = run(vouched, fake_account=FakeAccount({("dynamodb", "query"): {"Items": []}})).aws

    def never(resource, rule):
        raise AssertionError(rule)

    evaluation = Evaluation(aws, {vouched.id: {}}, declarations="declarations", known=never)
    first = SimpleNamespace(first_observed_at=NOON, observed={})
    evaluation.remember({(thing("a").key, vouched.id): first})
    assert f"first seen {iso(NOON)}" in evaluation.observe(vouched, thing("a")).finding.reason
    assert "first seen never" in evaluation.observe(vouched, thing("b")).finding.reason


def test_a_second_look_is_of_the_same_run():
    """It names the same event, scope and settings, and knows since when a finding is known."""
    aws = run(vouched, fake_account=FakeAccount({("dynamodb", "query"): {"Items": []}})).aws
    first = SimpleNamespace(first_observed_at=NOON, observed={})
    evaluation = Evaluation(
        aws,
        {vouched.id: {}},
        scope=Scope(globals_too=False),
        trigger="event-1",
        changed_by=Origin("ann", "PutThing", "10:00", "id-1", "event"),
        declarations="declarations",
        known=lambda resource, rule: first,
        is_own=lambda resource: resource.id == "b",
    )
    again = evaluation.reread(bulk=True)
    assert again.aws.bulk
    assert again.judged([vouched, worldwide]) == [vouched]
    finding = again.observe(vouched, thing("a")).finding
    assert f"first seen {iso(NOON)}" in finding.reason
    assert (finding.trigger, finding.changed_by, finding.changed_call) == (
        "event-1",
        "ann",
        "PutThing",
    )
    assert (finding.changed_at, finding.event_id) == ("10:00", "id-1")
    assert again.observe(vouched, thing("b")).is_own
    assert finding == evaluation.observe(vouched, thing("a")).finding.but(
        last_observed_at=finding.last_observed_at
    )


def test_no_text_of_an_event_or_a_tag_is_longer_than_its_place():
    """Whoever writes a tag or an event must not be able to make a finding unwritable."""
    long = "x" * 5_000
    origin = Origin(long, long, long, long)
    aws = run(owned, fake_account=tagged(Application=long, Environment=long, Owner=long)).aws
    evaluation = Evaluation(aws, {owned.id: owned.configure({})}, trigger=long, changed_by=origin)
    finding = evaluation.observe(owned, thing("a")).finding
    lengths = {
        name: len(getattr(finding, name))
        for name in ("trigger", "changed_by", "changed_call", "changed_at", "event_id")
    }
    assert lengths == {
        "trigger": 256,
        "changed_by": 256,
        "changed_call": 128,
        "changed_at": 64,
        "event_id": 64,
    }
    assert {len(finding.workload), len(finding.environment), len(finding.owner)} == {128}


def test_what_is_out_of_scope_is_dated_like_any_other_observation():
    evaluation = run(owned, scope=SCOPE, fake_account=tagged(Application="Other"))
    seen = evaluation.observe(owned, thing("a"))
    assert NOON < seen.observed_at == seen.finding.last_observed_at


@pytest.mark.parametrize("about", [THING, WORLDWIDE], ids=["regional", "global"])
def test_what_could_not_be_listed_and_what_is_not_there_is_a_row_of_the_account(about):
    evaluation = run(owned, worldwide)
    region = "global" if about is WORLDWIDE else HOME
    [nothing] = evaluation.nothing([owned], about)
    [unlisted] = evaluation.unlisted([owned], about, DENIED)
    for row in (nothing, unlisted):
        assert (row.rule, row.resource.id, row.resource.region) == (owned, ACCOUNT_ID, region)
        assert row.resource.type == "AWS::::Account"
        assert row.finding.rule == owned.id
        assert row.finding.tags is None
        assert row.finding.last_observed_at == row.observed_at > NOON
    assert nothing.finding.status is Status.NOT_APPLICABLE
    assert nothing.finding.reason == f"There is no {about.name} here for this rule to judge."
    assert unlisted.finding.status is Status.INSUFFICIENT_DATA
    assert unlisted.finding.missing == ("test:GetThing",)
