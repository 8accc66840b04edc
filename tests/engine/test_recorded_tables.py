"""Tables as they were before the modules moved are read, written over and sent on today.

``tests/data/tables_before_the_rooms.json`` has the rows that an earlier commit wrote and what it
read from them. What later versions add to a row is theirs to test; nothing here depends on it.
"""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from pathlib import Path

import pytest
from moto import mock_aws

from readiness import Status
from readiness.engine.attribute_values import deserialise
from readiness.engine.aws import Aws
from readiness.engine.daily_cache import DailyCache, NotCached
from readiness.engine.declarations import DeclarationReader, assemble
from readiness.engine.declare import Declarations
from readiness.engine.sweeps import Sweeps
from readiness.model.finding import iso, parse_iso
from readiness.model.resource import Resource
from readiness.model.transition import Kind
from tests.fake_account import ACCOUNT_ID, HOME
from tests.tables import DECLARATIONS, FINDINGS, TRANSITIONS, client, make_store, make_tables

RECORDED = Path(__file__).parents[1] / "data" / "tables_before_the_rooms.json"
NOON = datetime.fromisoformat("2026-11-02T12:00:00Z")
LATER = datetime.fromisoformat("2026-11-05T12:00:00Z")


def binary(value):
    """The row as the SDK takes it: JSON has no bytes."""
    if isinstance(value, list):
        return [binary(each) for each in value]
    if isinstance(value, dict):
        return {
            name: base64.b64decode(each) if name == "B" and isinstance(each, str) else binary(each)
            for name, each in value.items()
        }
    return value


@cache
def recorded():
    return json.loads(RECORDED.read_text("utf-8"))


FINDING_CASES = recorded()["findings"]


@pytest.fixture
def dynamodb():
    """The tables of today's template with the rows of then."""
    with mock_aws():
        dynamodb = make_tables()
        rows = {
            FINDINGS: [case["row"] for case in FINDING_CASES.values()],
            TRANSITIONS: recorded()["transitions"],
            DECLARATIONS: recorded()["declarations"]["rows"],
        }
        for table, items in rows.items():
            puts = [{"PutRequest": {"Item": binary(item)}} for item in items]
            for batch in [puts[at : at + 25] for at in range(0, len(puts), 25)]:
                dynamodb.batch_write_item(RequestItems={table: batch})
        yield dynamodb


@pytest.fixture
def store(dynamodb):
    return make_store(dynamodb)


def stored(store, case):
    row = case["row"]
    return store.get(Resource.parse(row["resource"]["S"]), row["rule"]["S"])


def plain(value):
    """As the recording has it."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value


@contextmanager
def of(name):
    """Names the row in a failure: to make the tables for each row anew would take a minute."""
    try:
        yield
    except Exception as error:
        error.add_note(f"This is the finding {name!r} of {RECORDED.name}.")
        raise


def each_finding(check):
    """A test of each recorded finding in turn, all in the same tables."""

    def test(store):
        for name, case in FINDING_CASES.items():
            with of(name):
                check(store, case)

    test.__doc__ = check.__doc__
    return test


def test_the_recording_has_every_status_and_kind():
    assert {case["read"]["status"] for case in FINDING_CASES.values()} == {*map(str, Status)}
    kinds = {entry["kind"] for case in FINDING_CASES.values() for entry in case["history"]}
    assert kinds == {*map(str, Kind)} - {"WAIVED", "WAIVER_EXPIRED"}, "no version wrote those two"


@each_finding
def test_a_finding_is_read_as_it_was(store, case):
    finding = stored(store, case)
    assert finding.resource.key == case["row"]["resource"]["S"]
    assert (finding.id, finding.dedup_key) == (case["id"], case["dedup_key"])
    assert finding.id == case["row"]["finding_id"]["S"]
    assert finding.is_open is case["is_open"]
    assert {name: plain(getattr(finding, name)) for name in case["read"]} == case["read"]


def test_every_way_to_read_findings_finds_those_rows(store):
    ids = {case["id"] for case in FINDING_CASES.values()}
    assert {finding.id for finding in store.all()} == ids
    is_open = {case["id"] for case in FINDING_CASES.values() if case["is_open"]}
    assert is_open
    assert {finding.id for finding in store.open(ACCOUNT_ID)} == is_open
    by_rule = {
        case["id"]
        for case in FINDING_CASES.values()
        if case["read"]["rule"] == "encryption.s3-kms"
    }
    here = store.of_rule("encryption.s3-kms", f"{ACCOUNT_ID}/{HOME}/")
    assert {finding.id for finding in here} == by_rule
    [user] = store.of_rule("iam_roles.mfa", f"{ACCOUNT_ID}/global/")
    assert user.id == FINDING_CASES["global"]["id"]
    workload = {c["id"] for c in FINDING_CASES.values() if c["read"]["workload"] == "agents"}
    assert {finding.id for finding in store.of_workload("agents")} == workload
    bad = Resource.parse(FINDING_CASES["resolved"]["row"]["resource"]["S"])
    assert set(store.of_resource(bad)) == {"encryption.s3-kms"}


@each_finding
def test_the_history_of_a_finding_is_read_as_it_was(store, case):
    history = store.history(case["id"])
    names = case["history"][0] if case["history"] else {}
    now = [{name: getattr(entry, name) for name in names} for entry in history]
    assert now == case["history"]


# -- writing over what is there --------------------------------------------------------------------


@each_finding
def test_the_same_observation_changes_no_status_and_pages_nobody(store, case):
    """What an upgrade alone does: the next look finds everything as it was."""
    before = stored(store, case)
    seen = before.but(last_observed_at=before.last_observed_at + timedelta(minutes=5))
    if before.blind_since is not None:
        seen = seen.but(
            status=Status.INSUFFICIENT_DATA, reason=before.blind_reason or before.reason
        )
    change = store.record(seen, before)
    if before.waived_until is not None:
        # No version wrote this row: a date without a waiver among the declarations waives nothing.
        assert change.transition.kind is Kind.WAIVER_EXPIRED
        return
    assert change.transition is None
    after = stored(store, case)
    kept = (
        "id",
        "dedup_key",
        "status",
        "severity",
        "is_open",
        "opened_at",
        "blind_since",
        "blinded_at",
        "waived_until",
        "first_observed_at",
        "status_since",
    )
    for name in kept:
        assert getattr(after, name) == getattr(before, name), name
    assert len(store.history(case["id"])) == len(case["history"])


@pytest.mark.parametrize("status", [Status.COMPLIANT, Status.NON_COMPLIANT])
def test_a_row_is_written_over(store, dynamodb, status):
    for name, case in FINDING_CASES.items():
        with of(name):
            written_over(store, dynamodb, case, status)


def written_over(store, dynamodb, case, status):
    before = stored(store, case)
    seen = before.but(
        status=status,
        reason="Seen by today's code.",
        last_observed_at=LATER,
        blind_since=None,
        blind_reason="",
        blinded_at=None,
        missing=(),
        gone=False,
    )
    change = store.record(seen, before)
    assert change.finding is not None
    after = stored(store, case)
    assert (after.id, after.status, after.reason) == (case["id"], status, "Seen by today's code.")
    assert after.last_observed_at == LATER
    assert after.first_observed_at == before.first_observed_at
    assert not after.gone
    opened, was_open = status is Status.NON_COMPLIANT, before.status is Status.NON_COMPLIANT
    history = store.history(case["id"])
    assert [entry.at for entry in history[: len(case["history"])]] == [
        entry["at"] for entry in case["history"]
    ]
    new = [str(entry.kind) for entry in history[len(case["history"]) :]]
    if opened and not was_open:
        assert new == ["REOPENED" if before.opened_at else "OPENED"]
    elif not opened and (was_open or before.blinded_at is not None):
        assert new == ["RESOLVED"]
    elif opened and before.waived_until is not None:
        assert new == ["WAIVER_EXPIRED"]
    else:
        assert set(new) <= {"REMINDED"}
    is_open = after.id in {finding.id for finding in store.open(ACCOUNT_ID)}
    assert is_open is (opened and not (after.waived_until and after.waived_until > LATER))
    key = {name: case["row"][name] for name in ("resource", "rule")}
    row = dynamodb.get_item(TableName=FINDINGS, Key=key)["Item"]
    assert "expires_at" not in row, "what is back must not be deleted with what is gone"


@each_finding
def test_a_row_is_written_over_by_one_who_had_not_read_it(store, case):
    """The writer's condition fails against the old row; it reads the row and decides again."""
    before = stored(store, case)
    seen = before.but(status=Status.NOT_APPLICABLE, reason="Not read.", last_observed_at=LATER)
    assert store.record(seen, None).finding is not None
    after = stored(store, case)
    assert (after.reason, after.first_observed_at) == ("Not read.", before.first_observed_at)


@each_finding
def test_an_older_observation_does_not_win_against_a_row(store, case):
    before = stored(store, case)
    earlier = before.but(
        status=Status.NOT_APPLICABLE, last_observed_at=before.last_observed_at - timedelta(hours=1)
    )
    assert store.record(earlier, before).finding is None
    assert stored(store, case).status is before.status


def test_a_finding_that_stays_unreadable_is_reported_after_a_day(store):
    case = FINDING_CASES["non-compliant and unreadable since"]
    before = stored(store, case)
    since = parse_iso(case["read"]["blind_since"])
    unknown = before.but(
        status=Status.INSUFFICIENT_DATA,
        reason=before.blind_reason,
        last_observed_at=since + timedelta(hours=25),
    )
    assert str(store.record(unknown, before).transition.kind) == "BLINDED"
    assert stored(store, case).blind_since == since


# -- the outbox ------------------------------------------------------------------------------------


def waiting():
    return {
        (item["finding_id"]["S"], item["at"]["S"])
        for item in recorded()["transitions"]
        if "unpublished" in item
    }


def test_what_waits_in_the_outbox_still_waits_and_is_settled_once(store):
    assert waiting()
    entries = list(store.unpublished(LATER))
    assert {(entry.finding_id, entry.at) for entry in entries} == waiting()
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    for entry in entries:
        assert store.is_unpublished(entry)
        assert store.mark_published(entry, LATER, "alert")
        assert not store.mark_published(entry, LATER, "alert")
    assert list(store.unpublished(LATER)) == []


def test_what_was_settled_is_not_sent_again(store):
    settled = [
        entry
        for case in FINDING_CASES.values()
        for entry in store.history(case["id"])
        if (entry.finding_id, entry.at) not in waiting()
    ]
    assert settled
    for entry in settled:
        assert entry.published_at
        assert not store.is_unpublished(entry)
        assert not store.mark_published(entry, LATER, "alert")


# -- sweeps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "ended"),
    [("encryption", "2026-11-02T15:00:00.000Z"), ("iam_roles", "2026-11-02T21:00:00.000Z")],
)
def test_a_baseline_that_ended_is_over(dynamodb, heading, ended):
    assert Sweeps(dynamodb, TRANSITIONS).baseline_ended(heading) == ended


def test_a_heading_that_was_never_swept_has_its_baseline_before_it(dynamodb):
    assert not Sweeps(dynamodb, TRANSITIONS).baseline_ended("alarms")


def test_sweeps_go_on_beside_the_rows_of_earlier_ones(dynamodb):
    sweeps = Sweeps(dynamodb, TRANSITIONS)
    sweeps.complete("sweep-3", LATER, completed=["encryption"], failed=[])
    rows = dynamodb.scan(TableName=TRANSITIONS)["Items"]
    swept = [row["trigger"]["S"] for row in rows if row["kind"]["S"] == "SWEEP_COMPLETED"]
    assert sorted(swept) == ["sweep-1", "sweep-2", "sweep-3"]


# -- the daily cache -------------------------------------------------------------------------------

TOLD = {"ResultsByTime": [{"Total": "12.5", "ü": True}], "n": 3}
ASKED = "ce:GetCostAndUsage 111122223333"


def daily_cache(dynamodb):
    return DailyCache(dynamodb, TRANSITIONS, wait=lambda seconds: None)


def never():
    raise AssertionError("it is in the table")


def test_the_answer_of_the_day_is_not_bought_again(dynamodb):
    assert daily_cache(dynamodb).daily(ASKED, NOON + timedelta(hours=5), never) == TOLD


def test_yesterdays_answer_serves_an_event(dynamodb):
    assert daily_cache(dynamodb).daily(ASKED, NOON + timedelta(days=1), None) == TOLD


@pytest.mark.parametrize(
    ("question", "after"),
    [
        pytest.param("ce:GetAnomalies 111122223333", timedelta(hours=1), id="was given back"),
        pytest.param("ce:GetForecast 111122223333", timedelta(hours=2), id="lease is over"),
        pytest.param(ASKED, timedelta(days=1), id="another day"),
    ],
)
def test_a_question_without_an_answer_is_asked(dynamodb, question, after):
    assert daily_cache(dynamodb).daily(question, NOON + after, lambda: "now") == "now"


def test_a_question_that_another_run_is_asking_is_not_asked(dynamodb):
    asking = NOON + timedelta(hours=1, minutes=5)
    with pytest.raises(NotCached):
        daily_cache(dynamodb).daily("ce:GetForecast 111122223333", asking, never)


# -- declarations ----------------------------------------------------------------------------------

NAMES_FOR_PEOPLE = {"attester", "approved_by"}
"""How a person is shown; ``attester_id`` and ``approved_by_id`` say who it was."""


def said(statement):
    scope = statement.scope
    artefact = statement.artefact
    values = {
        name: plain(getattr(statement, name))
        for name in recorded()["declarations"]["read"][0]
        if name not in NAMES_FOR_PEOPLE
    }
    return values | {
        "scope": {name: getattr(scope, name) for name in scope.__dataclass_fields__},
        "artefact": artefact
        and {name: getattr(artefact, name) for name in artefact.__dataclass_fields__},
    }


def as_recorded(rule):
    return [
        {name: value for name, value in each.items() if name not in NAMES_FOR_PEOPLE}
        for each in recorded()["declarations"]["read"]
        if each["rule"] == rule
    ]


@pytest.mark.parametrize("rule", ["resource_sizing.load-tested", "monitoring_commands.runbook"])
def test_statements_are_read_as_they_were(dynamodb, rule):
    read = Declarations(dynamodb, DECLARATIONS).of_rule(rule)
    now = sorted(map(said, read), key=lambda each: each["id"])
    assert now == as_recorded(rule)


def test_the_recording_has_statements_of_every_kind():
    statements = recorded()["declarations"]["read"]
    assert {s["result"] for s in statements} == {"pass", "fail"}
    assert {bool(s["approved_by_id"]) for s in statements} == {True, False}
    assert {s["revoked"] for s in statements} == {True, False}
    assert {s["artefact"] is None for s in statements} == {True, False}
    assert any(s["attester_id"].startswith("eventbridge:") for s in statements)


def test_statements_are_the_evidence_of_a_rule(dynamodb):
    """The reader of a rule's evidence, and not only that of the command line."""

    class Session:
        def client(self, service, **_):
            return client(service)

    aws = Aws(Session(), account=ACCOUNT_ID, region=HOME, now=lambda: LATER)
    ledger = DeclarationReader(aws, DECLARATIONS, lambda resource, rule: None)
    resource = Resource(ACCOUNT_ID, HOME, "AWS::Lambda::Function", "agents-api")
    attested = ledger.attested("resource_sizing.load-tested", resource, "prod", "agents")
    assert {s.id for s in attested.statements} == {"a1", "a2", "a3", "a4", "a5"}
    other = ledger.attested("resource_sizing.load-tested", resource, "test", "agents")
    assert {s.id for s in other.statements} == {"a2", "a3", "a4", "a5"}


def test_a_statement_of_then_can_be_revoked_now():
    rows = [deserialise(row) for row in recorded()["declarations"]["rows"]]
    statement = next(each for each in assemble(rows) if each.id == "a2")
    revocation = {
        "declared_by": statement.attester_id,
        "declared_at": "2026-11-05T12:00:00.000Z#a2",
        "kind": "REVOCATION",
        "rule": statement.rule,
        "fingerprint": statement.fingerprint,
    }
    revoked = {each.id for each in assemble([*rows, revocation]) if each.revoked}
    assert revoked == {"a2", "a4"}


@pytest.mark.parametrize(
    "odd",
    [
        {"note": {"B": b"x"}},
        {"performed_at": {"S": "9999-12-31T00:00:00Z"}},
        {"expires_at": {"S": "0001-01-01T00:00:00Z"}},
        {"scope": {"S": "everything"}},
        {"artefact": {"M": {"size": {"N": "1E+120"}}}},
    ],
)
def test_a_statement_written_by_hand_costs_no_other(dynamodb, odd):
    rule = "resource_sizing.load-tested"
    item = next(
        i for i in dynamodb.scan(TableName=DECLARATIONS)["Items"] if i["rule"]["S"] == rule
    )
    forged = item | {"declared_by": {"S": "AIDAFORGER"}, "id": {"S": "forged"}} | odd
    dynamodb.put_item(TableName=DECLARATIONS, Item=forged)

    class Session:
        def client(self, service, **_):
            return client(service)

    aws = Aws(Session(), account=ACCOUNT_ID, region=HOME, now=lambda: LATER)
    ledger = DeclarationReader(aws, DECLARATIONS, lambda resource, rule: None)
    resource = Resource(ACCOUNT_ID, HOME, "AWS::Lambda::Function", "agents-api")
    attested = ledger.attested(rule, resource, "prod", "agents")
    verdict = attested.verdict("the load test", max_age_days=365)
    assert "forged" not in str(verdict.observed)
    assert {"a1", "a2"} <= {each.id for each in Declarations(dynamodb, DECLARATIONS).of_rule(rule)}
