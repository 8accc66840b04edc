"""What cannot be read: one page for a heading, with the statement to paste, and its end."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from functions.alerts.app import Alerts
from functions.upkeep import app as upkeep_app
from readiness import Status
from readiness.engine.rows import UnreadableRow, to_item
from readiness.engine.store import Store
from readiness.engine.unread import LONGEST_WAIT, QUIET_FOR
from readiness.model.resource import Resource
from tests.findings import after, finding
from tests.tables import DECLARATIONS, FINDINGS, TRANSITIONS

GOOD, BAD, UNKNOWN = Status.COMPLIANT, Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA
ACCOUNT, REGION = "111122223333", "us-east-1"
DENIED = {"missing": ("s3:GetX",), "denied": ("s3:GetX",), "reason": "s3:GetX was denied."}
THROTTLED = {"missing": ("s3:GetX",), "reason": "s3:GetX was throttled."}


def bucket(number):
    return Resource(ACCOUNT, REGION, "AWS::S3::Bucket", f"b{number}")


class Watching:
    """The pipeline, and the upkeep that looks at the headings."""

    def __init__(self, pipeline, monkeypatch):
        self.pipeline = pipeline
        self.clock = after(0)
        pipeline.environment["DECLARATIONS_TABLE"] = DECLARATIONS
        self.restart()

        class Now:
            @staticmethod
            def now(zone):
                return self.clock

        monkeypatch.setattr("functions.alerts.app.datetime", Now)

    def restart(self):
        """New processes: whatever was kept in memory is gone."""
        made = self.pipeline
        where = f"{ACCOUNT}/{REGION}"
        made.alerts = Alerts(made.dynamodb, made.sns, made.environment, where=where)
        self.upkeep = upkeep_app.Upkeep(
            made.dynamodb, made.environment, ACCOUNT, REGION, now=lambda: self.clock
        )

    def record(self, *findings):
        self.pipeline.record(*findings)
        self.pipeline.stream()

    def look(self, at):
        self.clock = at
        told = self.upkeep.run()["headings"]
        self.pipeline.stream()
        self.pipeline.page()
        return told

    @property
    def pages(self):
        return [
            (event["event_action"], event["payload"]["summary"])
            for event in self.pipeline.pagerduty.taken
        ]

    @property
    def subjects(self):
        return [message["Subject"] for message in self.pipeline.published]


@pytest.fixture
def watching(pipeline, monkeypatch):
    pipeline.baseline_is_over()
    return Watching(pipeline, monkeypatch)


QUIET = QUIET_FOR.total_seconds() / 60


def test_a_denied_permission_pages_once_for_the_whole_heading_and_resolves(watching):
    """30 buckets, several sweeps and a restart: one page, and one when it can be read again."""
    for sweep in range(3):
        at = after(hours=6 * sweep)
        watching.clock = at
        watching.record(*(finding(UNKNOWN, at, resource=bucket(n), **DENIED) for n in range(30)))
        watching.restart()
        watching.look(at + QUIET_FOR)
    assert len(watching.pages) == 1
    [event] = watching.pipeline.pagerduty.taken
    assert event["event_action"] == "trigger"
    assert event["payload"]["severity"] == "error"
    assert event["payload"]["summary"] == (
        "[HIGH] encryption (111122223333/us-east-1): Encryption is blind: 30 verdicts of 1 rule"
        " unknown. s3:GetX was denied."
    )
    details = event["payload"]["custom_details"]
    statement = json.loads(details["observed_statement"])
    assert statement == {"Effect": "Allow", "Action": ["s3:GetX"], "Resource": "*"}
    assert details["runbook"] == "https://example.com/readiness.md#unreadable"
    assert watching.subjects == ["ALARM: [HIGH] readiness.unreadable encryption"]

    at = after(hours=20)
    watching.record(*(finding(GOOD, at, resource=bucket(n)) for n in range(30)))
    assert watching.look(at + QUIET_FOR) == 1
    assert [action for action, _ in watching.pages] == ["trigger", "resolve"]
    assert watching.pipeline.pagerduty.incidents == {}
    assert watching.subjects[1:] == ["OK: [RESOLVED] readiness.unreadable encryption"]


def test_it_is_told_after_minutes_of_quiet_so_that_one_message_names_every_action(watching):
    watching.record(finding(UNKNOWN, **DENIED))
    assert watching.look(after(QUIET - 1)) == 0
    watching.record(
        finding(UNKNOWN, after(2), rule="encryption.other", missing=("kms:Y",), denied=("kms:Y",))
    )
    assert watching.look(after(QUIET)) == 0, "another one came meanwhile"
    assert watching.look(after(2 * QUIET)) == 1
    [(_, summary)] = watching.pages
    assert "kms:Y and s3:GetX were denied." in summary


def test_it_does_not_wait_for_quiet_forever(watching):
    told = 0
    for minute in range(int(LONGEST_WAIT.total_seconds() / 60) + 1):
        watching.clock = after(minute)
        watching.record(finding(UNKNOWN, after(minute), resource=bucket(minute), **DENIED))
        told += watching.look(after(minute))
    assert told == 1


def test_a_throttle_that_passes_is_nobodys_page(watching):
    watching.record(finding(GOOD), finding(UNKNOWN, after(1), **THROTTLED))
    watching.look(after(10))
    watching.record(finding(UNKNOWN, after(hours=23), **THROTTLED))
    watching.look(after(hours=23, minutes=10))
    watching.record(finding(GOOD, after(hours=24)))
    watching.look(after(hours=25))
    assert watching.pipeline.published == []


def test_what_stays_unreadable_for_a_day_is_told_and_does_not_page_by_default(watching):
    watching.record(
        finding(UNKNOWN, **THROTTLED), finding(UNKNOWN, after(hours=24, minutes=1), **THROTTLED)
    )
    watching.look(after(hours=25))
    assert watching.subjects == ["ALARM: [MEDIUM] readiness.unreadable encryption"]
    assert watching.pages == [], "MEDIUM, below PagerDutyLowestSeverity"


def test_after_how_many_hours_is_the_stacks(pipeline):
    store = Store(pipeline.dynamodb, FINDINGS, TRANSITIONS, blind_after=timedelta(hours=2))
    first = store.record(finding(UNKNOWN, **THROTTLED), None).finding
    change = store.record(finding(UNKNOWN, after(hours=2), **THROTTLED), first)
    assert change.transition.kind == "BLINDED"


def test_an_attestation_that_is_not_there_yet_is_no_blindness(watching):
    """It has a date of its own, and nobody can grant a permission for it."""
    for hours in (0, 25):
        watching.record(finding(UNKNOWN, after(hours=hours), reason="It is not attested yet."))
    watching.look(after(hours=30))
    assert watching.pipeline.published == []
    [row] = watching.pipeline.store.history(finding().id)
    assert (row.kind, row.published_as) == ("BLINDED", "grouped")


def test_the_baseline_does_not_keep_it_back(pipeline, monkeypatch):
    """A stack whose roles lack permissions says so from its first sweep on."""
    watching = Watching(pipeline, monkeypatch)
    watching.record(finding(UNKNOWN, **DENIED))
    watching.look(after(QUIET))
    assert [action for action, _ in watching.pages] == ["trigger"]


def test_what_is_open_keeps_its_own_page_and_its_own_end(watching):
    watching.record(finding(BAD))
    watching.pipeline.page()
    watching.record(finding(UNKNOWN, after(1), **DENIED))
    watching.look(after(1 + QUIET))
    assert [action for action, _ in watching.pages] == ["trigger", "trigger"]
    watching.record(finding(GOOD, after(60)))
    watching.pipeline.page()
    watching.look(after(1 + QUIET + 60))
    assert watching.pipeline.pagerduty.incidents == {}


def test_what_stays_open_and_can_be_read_again_ends_it_within_the_hour(watching):
    """It makes no transition of its own."""
    watching.record(finding(BAD), finding(UNKNOWN, after(1), **DENIED))
    assert watching.look(after(1 + QUIET)) == 1
    watching.record(finding(BAD, after(10)))
    assert watching.look(after(20)) == 0
    assert watching.look(after(1 + QUIET + 60)) == 1
    assert watching.subjects[-1] == "OK: [RESOLVED] readiness.unreadable encryption"


def test_while_a_heading_is_blind_what_is_open_is_read_once_an_hour(watching):
    watching.record(finding(UNKNOWN, **DENIED))
    watching.look(after(QUIET))
    watching.look(after(QUIET + 8))  # the waivers have been applied for the second time
    read = []
    meta = watching.pipeline.dynamodb.meta.events
    meta.register(
        "provide-client-params.dynamodb.Query",
        lambda params, **_: read.append(params["ExpressionAttributeValues"]),
    )
    for minute in range(9, 60):
        watching.look(after(QUIET + minute))
    whole = [values for values in read if values.get(":a") == {"S": ACCOUNT}]
    assert whole == []
    watching.look(after(QUIET + 60))
    assert len([values for values in read if values.get(":a") == {"S": ACCOUNT}]) == 1


def test_what_opens_when_it_can_be_read_again_ends_it_in_minutes(watching):
    watching.record(finding(UNKNOWN, **DENIED))
    watching.look(after(QUIET))
    watching.clock = after(10)
    watching.record(finding(BAD, after(10)))
    assert watching.look(after(10 + QUIET)) == 1


def test_a_waived_finding_that_cannot_be_read_is_told_like_any_other(watching):
    waived = finding(BAD).but(waived_until=after(days=9), waiver="w", waivers_known=9)
    blind = waived.but(blinded_at=after(0), blind_reason="s3:GetX was denied.", version=1)
    item_of = {"missing": ("s3:GetX",), "denied": ("s3:GetX",)}
    watching.pipeline.dynamodb.put_item(TableName=FINDINGS, Item=to_item(blind.but(**item_of)))
    watching.upkeep._reading._unread.note(after(0))
    assert watching.look(after(QUIET)) == 1


def test_once_the_permission_is_there_the_page_ends_although_a_throttle_lasts(watching):
    throttled = THROTTLED | {"missing": ("s3:GetY",)}
    watching.record(finding(UNKNOWN, resource=bucket(2), **throttled))
    watching.record(finding(UNKNOWN, after(days=2), resource=bucket(2), **throttled))
    watching.record(finding(UNKNOWN, after(days=2), resource=bucket(1), **DENIED))
    watching.clock = after(days=2)
    watching.pipeline.stream()
    assert watching.look(after(QUIET, days=2)) == 1
    assert [action for action, _ in watching.pages] == ["trigger"]
    watching.clock = after(60, days=2)
    watching.record(finding(GOOD, after(60, days=2), resource=bucket(1)))
    assert watching.look(after(60 + QUIET, days=2)) == 1
    assert [action for action, _ in watching.pages] == ["trigger", "resolve"]
    [about] = watching.pipeline.store.of_rule("readiness.unreadable", f"{ACCOUNT}/{REGION}/")
    assert (str(about.severity), about.is_open) == ("MEDIUM", True)
    assert "s3:GetX" not in about.reason


def test_a_heading_is_not_well_because_its_open_rows_cannot_be_read(watching):
    """As after a step back to an older version."""
    watching.record(finding(UNKNOWN, resource=bucket(1), **DENIED))
    assert watching.look(after(QUIET)) == 1
    item = to_item(watching.pipeline.store.get(bucket(1), "encryption.s3-kms"))
    newer = item | {"status": {"S": "OF_A_NEWER_VERSION"}}
    watching.pipeline.dynamodb.put_item(TableName=FINDINGS, Item=newer)
    assert watching.look(after(90)) == 0
    watching.pipeline.dynamodb.put_item(TableName=FINDINGS, Item=item)
    watching.record(finding(GOOD, after(100), resource=bucket(1)))
    assert watching.look(after(180)) == 1


def test_a_row_that_cannot_be_read_keeps_back_no_other_heading_and_no_waiver(watching):
    about = Resource(ACCOUNT, REGION, "Readiness::Heading", "encryption")
    row = {
        "resource": {"S": about.key},
        "rule": {"S": "readiness.unreadable"},
        "status": {"S": "OF_A_NEWER_VERSION"},
    }
    watching.pipeline.dynamodb.put_item(TableName=FINDINGS, Item=row)
    expired = finding(BAD).but(waived_until=after(1), waiver="w", waivers_known=9, version=1)
    watching.pipeline.dynamodb.put_item(TableName=FINDINGS, Item=to_item(expired))
    watching.record(
        finding(UNKNOWN, resource=bucket(1), **DENIED),
        finding(UNKNOWN, rule="xray.tracing", heading="X-Ray", **DENIED),
    )
    for minute in (0, 1):
        with pytest.raises(UnreadableRow):
            watching.look(after(QUIET + minute))
    watching.pipeline.stream()
    watching.pipeline.page()
    assert [summary for _, summary in watching.pages if "X-Ray is blind" in summary]
    assert watching.pipeline.store.get(expired.resource, expired.rule).is_open


def test_two_headings_are_two_pages(watching):
    watching.record(
        finding(UNKNOWN, **DENIED),
        finding(UNKNOWN, rule="xray.tracing", heading="X-Ray", **DENIED),
    )
    assert watching.look(after(QUIET)) == 2
    assert len(watching.pipeline.pagerduty.incidents) == 2
