"""A waiver from the declaration to the pager: what it resolves, what its end opens again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from functions.alerts.app import Alerts
from functions.upkeep import app as upkeep_app
from functions.upkeep.waivers import AGAIN_AFTER
from readiness import Severity, Status
from readiness.engine.declare import Declarations, Declarer
from readiness.engine.store import Store
from readiness.engine.waivers import (
    InForce,
    Limits,
    WaiversUnreadable,
    approval_item,
    end_item,
    waiver_item,
    waiver_of,
)
from readiness.model.blindness import UNREADABLE
from readiness.model.finding import iso
from readiness.model.resource import Resource
from tests.fake_account import error
from tests.findings import BUCKET, after, finding
from tests.pipeline.standins import context
from tests.tables import DECLARATIONS, FINDINGS, TRANSITIONS

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
ACCOUNT, REGION = "111122223333", "us-east-1"
WHERE = f"{ACCOUNT}/{REGION}"
ANN, BOB = (Declarer(f"arn:{name}", f"AIDA{name}", ACCOUNT) for name in ("ANN", "BOB"))
OTHER = Resource(ACCOUNT, REGION, "AWS::S3::Bucket", "other")


class Waiving:
    """The pipeline, somebody who waives, and the upkeep that runs each minute."""

    def __init__(self, pipeline):
        self.pipeline = pipeline
        self.now = after(1)
        pipeline.environment["DECLARATIONS_TABLE"] = DECLARATIONS
        pipeline.alerts = Alerts(
            pipeline.dynamodb, pipeline.sns, pipeline.environment, where=WHERE
        )
        self.declarations = Declarations(pipeline.dynamodb, DECLARATIONS)
        self.upkeep = self.an_upkeep()

    def clock(self):
        """Time goes on between two writes."""
        self.now += timedelta(milliseconds=1)
        return self.now

    def an_upkeep(self, **environment):
        made = self.pipeline.environment | environment
        return upkeep_app.Upkeep(self.pipeline.dynamodb, made, ACCOUNT, REGION, now=self.clock)

    @property
    def store(self):
        """A heading's store as a new run has it."""
        in_force = InForce(self.pipeline.dynamodb, DECLARATIONS, Limits(), now=self.clock)
        return Store(self.pipeline.dynamodb, FINDINGS, TRANSITIONS, waivers=in_force)

    def waive(self, id="aaaaaaaaaaaa", by=ANN, at=None, **fields):
        said = {
            "rule": "encryption.s3-kms",
            "resource": "data",
            "reason": "Moves in March.",
            "owner": "team@example.com",
            "until": iso(self.now + timedelta(days=10)),
        }
        waiver = waiver_of(said | fields, by, id=id, at=at or self.now, limits=Limits())
        assert self.declarations.append(waiver_item(waiver))
        return waiver

    def observe(self, *findings):
        for each in findings:
            self.store.record(each, self.store.get(each.resource, each.rule))

    def run(self, **later):
        """A minute's upkeep, and everything that comes of it up to the pager."""
        self.now += timedelta(**later)
        done = self.upkeep.run()
        self.flush()
        return done

    def flush(self):
        self.pipeline.stream()
        self.pipeline.page()

    def kinds(self, of=None):
        return [row.kind for row in self.pipeline.store.history((of or finding()).id)]

    def settled(self):
        return [row.published_as for row in self.pipeline.store.history(finding().id)]

    def one(self, resource=BUCKET):
        return self.pipeline.store.get(resource, "encryption.s3-kms")

    @property
    def said(self):
        """What went to the topic, as programs get it."""
        bodies = (json.loads(m["Message"])["lambda"] for m in self.pipeline.published)
        return [json.loads(body) for body in bodies]


@pytest.fixture
def waiving(pipeline):
    pipeline.baseline_is_over()
    return Waiving(pipeline)


@pytest.fixture
def paged(waiving):
    waiving.observe(finding())
    waiving.flush()
    assert waiving.pipeline.pagerduty.actions == ["trigger"]
    return waiving


def test_a_waiver_resolves_the_page_and_its_end_pages_again(paged):
    """The end of the waiver is nobody's event: the upkeep opens the finding, not a sweep."""
    paged.waive()
    assert paged.run()["waived"] == 1
    assert paged.pipeline.pagerduty.actions == ["trigger", "resolve"]
    assert paged.pipeline.pagerduty.incidents == {}
    [resolve] = [e for e in paged.pipeline.pagerduty.taken if e["event_action"] == "resolve"]
    waived = resolve["payload"]["custom_details"]["waived"]
    assert "by AIDAANN (owner team@example.com" in waived
    assert waived.endswith("Moves in March.")
    assert paged.one().status is BAD
    assert list(paged.pipeline.store.open(ACCOUNT)) == []

    assert paged.run(days=9, hours=23)["over"] == 0
    assert paged.run(hours=2)["over"] == 1
    assert paged.pipeline.pagerduty.actions == ["trigger", "resolve", "trigger"]
    assert [found.id for found in paged.pipeline.store.open(ACCOUNT)] == [finding().id]
    assert paged.kinds() == ["OPENED", "WAIVED", "WAIVER_EXPIRED"]
    assert paged.settled() == ["alert", "alert", "alert"]


def test_subscribers_learn_who_waived_what_until_when_and_why(paged):
    waiver = paged.waive()
    paged.run()
    said = paged.said[-1]
    assert (said["kind"], said["status"], said["open"]) == ("WAIVED", "NON_COMPLIANT", False)
    assert (said["waived"], said["waiver"], said["waived_by"]) == (True, "a" * 12, "AIDAANN")
    assert (said["waived_because"], said["waiver_owner"]) == (
        "Moves in March.",
        "team@example.com",
    )
    assert said["waived_until"] == iso(waiver.until)
    email = json.loads(paged.pipeline.published[-1]["Message"])["email"]
    assert "Waiver:    Waived until 2026-11-12" in email
    assert paged.pipeline.published[-1]["Subject"].startswith("OK: ")
    paged.run(days=11)
    assert "expired at" in paged.said[-1]["waiver_note"]


def test_what_fails_under_a_waiver_pages_nobody_and_is_in_the_history(waiving):
    waiving.waive()
    waiving.observe(finding(GOOD), finding(at=after(2)))
    waiving.flush()
    assert waiving.said == []
    assert waiving.pipeline.pagerduty.asked == []
    assert (waiving.kinds(), waiving.settled()) == (["WAIVED"], ["waived"])


def test_what_was_never_told_is_waived_in_silence(pipeline):
    """Baseline: 500 findings that one waiver accepts are not 500 messages."""
    waiving = Waiving(pipeline)
    waiving.observe(finding())
    waiving.flush()
    waiving.waive()
    waiving.run()
    assert waiving.settled() == ["baseline", "waived"]
    assert waiving.said == []


def test_what_complies_and_fails_again_under_its_waiver_stays_quiet(paged):
    paged.waive()
    paged.run()
    paged.observe(finding(GOOD, after(5)), finding(BAD, after(6)))
    paged.flush()
    assert paged.kinds() == ["OPENED", "WAIVED", "RESOLVED", "WAIVED"]
    assert paged.pipeline.pagerduty.actions == ["trigger", "resolve"]
    assert paged.one().waiver == "a" * 12


def test_a_deleted_resource_is_waived_no_more_and_one_of_its_name_is(paged):
    paged.waive()
    paged.run()
    gone = finding(Status.NOT_APPLICABLE, after(5), gone=True)
    paged.observe(gone)
    assert (paged.one().waived_until, paged.one().gone) == (None, True)
    assert list(paged.pipeline.store.waived(ACCOUNT)) == []
    paged.run(days=20)
    assert paged.kinds() == ["OPENED", "WAIVED", "RESOLVED"], "its end opens nothing"
    paged.waive("bbbbbbbbbbbb")
    paged.observe(finding(BAD, paged.now))
    assert paged.one().waiver == "b" * 12


def test_ending_one_of_two_waivers_opens_nothing(paged):
    first = paged.waive()
    paged.waive("bbbbbbbbbbbb", until=iso(after(days=5)))
    paged.run()
    assert paged.one().waiver == first.id
    paged.declarations.append(end_item(first, by_id=BOB.id, at=after(2), because=""))
    assert paged.run()["waived"] == 1
    assert (paged.one().waiver, paged.one().is_waived) == ("b" * 12, True)
    assert paged.pipeline.pagerduty.actions == ["trigger", "resolve"]
    paged.run(days=5)
    assert paged.pipeline.pagerduty.actions == ["trigger", "resolve", "trigger"]


def test_ended_before_its_time_it_pages_within_a_minute(paged):
    waiver = paged.waive()
    paged.run()
    end = end_item(waiver, by_id=BOB.id, at=after(2), because="Not before the audit.")
    paged.declarations.append(end)
    assert paged.run()["over"] == 1
    [*_, row] = paged.pipeline.store.history(finding().id)
    assert (row.kind, row.waiver_changed_by) == ("WAIVER_EXPIRED", "AIDABOB")
    assert row.waiver_note == f"AIDABOB ended the waiver {waiver.id}: Not before the audit."
    assert paged.pipeline.pagerduty.actions == ["trigger", "resolve", "trigger"]


def test_critical_waits_for_a_second_person(waiving):
    waiving.observe(finding(severity=Severity.CRITICAL))
    waiving.flush()
    waiver = waiving.waive()
    assert waiving.run()["waived"] == 0
    own = approval_item(waiver, by_id=ANN.id, at=after(2))
    waiving.declarations.append(own)
    assert waiving.run()["waived"] == 0, "one's own approval is none"
    waiving.declarations.append(approval_item(waiver, by_id=BOB.id, at=after(3)))
    assert waiving.run()["waived"] == 1
    assert waiving.one().waiver_approved_by == "AIDABOB"
    assert waiving.pipeline.pagerduty.actions == ["trigger", "resolve"]


def test_the_stack_says_from_which_severity_two_people_agree(paged):
    paged.waive()
    paged.upkeep = paged.an_upkeep(WAIVER_SECOND_PERSON="HIGH")
    assert paged.run()["waived"] == 0
    paged.upkeep = paged.an_upkeep(WAIVER_SECOND_PERSON="NONE")
    assert paged.run()["waived"] == 1, "another limit is a reason to look again"


def test_a_lower_limit_ends_what_lasts_too_long(paged):
    paged.waive()
    paged.run()
    paged.upkeep = paged.an_upkeep(WAIVER_MAX_DAYS="1")
    assert paged.run(days=2)["over"] == 1


def test_a_waiver_covers_just_what_it_means(waiving):
    waiving.observe(finding(), finding(resource=OTHER), finding(rule="encryption.other"))
    waiving.flush()
    waiving.waive()
    assert waiving.run()["waived"] == 1
    left = {(f.resource.id, f.rule) for f in waiving.pipeline.store.open(ACCOUNT)}
    assert left == {("other", "encryption.s3-kms"), ("data", "encryption.other")}


# -- once, twice, and no more ------------------------------------------------------------------------


def test_without_a_change_nothing_is_walked(waiving):
    waiving.observe(finding())
    waiving.waive()
    waiving.run()
    waiving.run(minutes=8)
    calls = []
    meta = waiving.pipeline.dynamodb.meta.events
    meta.register("provide-client-params.dynamodb", lambda params, **_: calls.append(params))
    waiving.upkeep.run()
    of_findings = [call for call in calls if call["TableName"] == FINDINGS]
    keys = [next(iter(call["ExpressionAttributeValues"].values()))["S"] for call in of_findings]
    assert sorted(keys) == [f"{ACCOUNT}#waived", UNREADABLE], "what ends now, and what is blind"


def test_what_a_run_wrote_that_knew_of_no_waiver_is_put_right(waiving):
    """A heading's run began before the waiver was there, and writes after it was applied."""
    waiving.waive()
    waiving.run()
    waiving.pipeline.store.record(finding(at=after(2)), None)  # this store knows no waivers
    assert waiving.one().is_open
    assert waiving.run(minutes=1)["waived"] == 0
    assert waiving.run(seconds=AGAIN_AFTER.total_seconds())["waived"] == 1


def test_a_waiver_of_a_clock_that_is_ahead_is_applied_when_its_time_comes(paged):
    paged.waive(at=paged.now + timedelta(hours=1))
    assert paged.run()["waived"] == 0
    assert paged.run(minutes=8)["waived"] == 0
    assert paged.run(minutes=50)["waived"] == 1


def test_what_cannot_be_read_and_is_waived_at_the_same_time_makes_its_heading_blind(paged):
    paged.waive()
    denied = ("s3:GetX",)
    unknown = finding(Status.INSUFFICIENT_DATA, after(2), missing=denied, denied=denied)
    paged.observe(unknown)
    paged.flush()
    assert paged.kinds() == ["OPENED", "WAIVED"]
    paged.now = datetime.now(UTC)
    assert paged.run(minutes=5)["headings"] == 1


def test_it_stops_in_time_and_goes_on_the_next_minute(waiving):
    waiving.observe(finding(), finding(resource=OTHER))
    waiving.waive(resource="*", all_resources=True)
    left = iter([False, True])
    done = waiving.upkeep.run(lambda: next(left, True))
    assert done["waived"] == 1
    assert waiving.upkeep.run()["waived"] == 1


def test_waivers_that_cannot_be_read_end_nothing_and_fail_the_run(paged, monkeypatch):
    paged.waive()
    paged.run()

    def denied(client, table):
        raise error("AccessDeniedException", 400)

    monkeypatch.setattr("readiness.engine.waivers.rows_of", denied)
    with pytest.raises(WaiversUnreadable):
        paged.upkeep.run()
    assert paged.one().is_waived
    paged.observe(finding(BAD, after(5), reason="Other."))
    assert paged.one().is_waived, "what is known to less rows than it was decided from stays"


def test_a_date_comes_although_the_waivers_cannot_be_read(paged, monkeypatch):
    paged.waive(until=iso(paged.now + timedelta(days=1)))
    paged.run()
    paged.waive("bbbbbbbbbbbb", resource="other", in_advance=True)

    def denied(client, table):
        raise error("AccessDeniedException", 400)

    monkeypatch.setattr("readiness.engine.waivers.rows_of", denied)
    for _ in range(2):
        with pytest.raises(WaiversUnreadable):
            paged.run(days=1)
        paged.flush()
    assert paged.one().is_open
    assert paged.pipeline.pagerduty.actions == ["trigger", "resolve", "trigger"]


def test_the_handler_takes_its_schedule_and_nothing_else(waiving, monkeypatch):
    upkeep_app.metrics.clear_metrics()
    for name, value in waiving.pipeline.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(upkeep_app, "_upkeep", [waiving.upkeep])
    done = upkeep_app.handler({"upkeep": True}, context())
    assert done == {"headings": 0, "waived": 0, "over": 0, "failed": 0}
    with pytest.raises(ValueError, match="no event with the keys republish"):
        upkeep_app.handler({"republish": True}, context())


def test_whoever_came_since_the_process_began_is_named(waiving, monkeypatch):
    upkeep_app.metrics.clear_metrics()
    for name, value in waiving.pipeline.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(upkeep_app, "_upkeep", [])
    monkeypatch.setattr(upkeep_app, "_aws", [])
    waiving.now = datetime.now(UTC)
    waiving.observe(finding(), finding(resource=OTHER))
    iam = boto3.client("iam")
    for name, resource, id in (("ann", BUCKET, "a" * 12), ("new", OTHER, "b" * 12)):
        user = iam.create_user(UserName=name)["User"]
        by = Declarer(user["Arn"], user["UserId"], ACCOUNT)
        waiving.waive(id, by=by, resource=resource.id)
        upkeep_app.handler({"upkeep": True}, context())
        assert waiving.one(resource).waived_by == user["Arn"]
