"""Stream, outbox and sweeps → topic: every transition goes out, in order, and none is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest

from functions.alerts import app, schedule
from readiness import Severity, Status
from readiness.alerting.routing import Routing, route
from readiness.engine.rows import Entry
from readiness.model.blindness import UNREADABLE
from readiness.model.resource import Resource
from tests.fake_account import error
from tests.findings import after, finding
from tests.pipeline.standins import context
from tests.tables import TRANSITIONS

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
ENDED = "2026-11-02T12:00:00.000Z"


def a_row(kind="OPENED", at="2026-11-02T13:00:00.000Z", severity="HIGH"):
    return Entry("f", at, kind, "r", "encryption.s3-kms", severity=severity)


@pytest.mark.parametrize(
    ("row", "found", "ended", "routing"),
    [
        pytest.param(a_row(), finding(), ENDED, Routing.ALERT, id="after the baseline"),
        pytest.param(a_row(), finding(), "", Routing.BASELINE, id="no sweep yet"),
        pytest.param(
            a_row(at=ENDED), finding(), ENDED, Routing.BASELINE, id="found by the first sweep"
        ),
        pytest.param(
            a_row(severity="CRITICAL"),
            finding(severity=Severity.CRITICAL),
            "",
            Routing.ALERT,
            id="CRITICAL does not wait",
        ),
        pytest.param(a_row("RESOLVED"), finding(GOOD), "", Routing.ALERT, id="what is over"),
        pytest.param(a_row("DEESCALATED"), finding(), "", Routing.ALERT, id="less severe"),
        pytest.param(a_row(), None, ENDED, Routing.VANISHED, id="the row has expired"),
    ],
)
def test_routes(row, found, ended, routing):
    assert route(row, found, ended) is routing


SECOND_BEFORE, SECOND_AFTER = "2026-11-02T11:59:59.000Z", "2026-11-02T12:00:01.000Z"
AHEAD, BEHIND = "2026-11-02T12:04:00.000Z", "2026-11-02T11:56:00.000Z"


@pytest.mark.parametrize(
    ("at", "woken_by", "written", "routing"),
    [
        pytest.param(AHEAD, "", BEHIND, "baseline", id="before the end, by a host that is ahead"),
        pytest.param(BEHIND, "", AHEAD, "alert", id="after the end, by a host that is behind"),
        pytest.param(BEHIND, "event", SECOND_AFTER, "alert", id="an event after the end"),
        pytest.param(ENDED, "event", ENDED, "alert", id="in the second of the end"),
        pytest.param(ENDED, "event", SECOND_BEFORE, "baseline", id="in the second before"),
        pytest.param(ENDED, "sweep", ENDED, "baseline", id="the last that the sweep found"),
        pytest.param(AHEAD, "sweep", SECOND_BEFORE, "baseline", id="over a row of a fast host"),
        pytest.param(BEHIND, "sweep", AHEAD, "baseline", id="of a sweep, and met later"),
        pytest.param(AHEAD, "sweep", AHEAD, "alert", id="a later look of the sweep"),
    ],
)
def test_aws_clock_tells_what_belongs_to_the_baseline(at, woken_by, written, routing):
    row = replace(a_row(at=at), woken_by=woken_by)
    assert str(route(row, finding(), ENDED, written=written)) == routing
    is_upgrade = woken_by == "sweep" and routing == "baseline"
    changed = replace(row, release="new")
    said = route(
        changed, finding(), "2026-11-01T00:00:00.000Z", written=written, swept_since=lambda: ENDED
    )
    assert str(said) == ("upgrade" if is_upgrade else "alert")


@pytest.mark.parametrize("minutes", [-4, 4])
@pytest.mark.parametrize(
    ("seconds", "kinds"),
    [
        pytest.param(-30, [], id="written before the baseline ended"),
        pytest.param(30, ["OPENED"], id="written after it ended"),
    ],
)
def test_the_stream_tells_when_a_row_was_written(pipeline, minutes, seconds, kinds):
    ended = datetime(2026, 11, 2, 12, tzinfo=UTC)
    pipeline.sweeps.end_baseline("encryption", ended, "sweep-0")
    written = ended + timedelta(seconds=seconds)
    pipeline.record(finding(at=written + timedelta(minutes=minutes)))
    [row] = pipeline.rows()
    row["dynamodb"]["ApproximateCreationDateTime"] = written.timestamp()
    assert pipeline.alerts.follow([row]) == {"batchItemFailures": []}
    assert [body["kind"] for body in told(pipeline)] == kinds


@pytest.mark.parametrize("given", ["yesterday", True, None, float("inf"), float("nan"), 1e300])
def test_a_stream_that_does_not_tell_the_time_loses_no_row(wrong, given):
    [row] = wrong.rows()
    row["dynamodb"]["ApproximateCreationDateTime"] = given
    assert wrong.alerts.follow([row]) == {"batchItemFailures": []}
    assert [body["kind"] for body in told(wrong)] == ["OPENED"]


@pytest.mark.parametrize("minutes", [-4, 4])
def test_what_the_stream_lost_is_published_whatever_clock_dated_it(pipeline, monkeypatch, minutes):
    pipeline.baseline_is_over()
    written = datetime.now(UTC)
    pipeline.record(finding(at=written + timedelta(minutes=minutes)))
    rounds = []
    for waited in (timedelta(), timedelta(minutes=3)):
        clock = Mock(wraps=datetime)
        clock.now = lambda _, at=written + waited: at
        monkeypatch.setattr(app, "datetime", clock)
        rounds.append(pipeline.alerts.republish(context())["published"])
    assert sum(rounds) == 1, "at the second look at the latest"
    assert [body["kind"] for body in told(pipeline)] == ["OPENED"]
    assert pipeline.rows() == []


@pytest.mark.parametrize(
    ("minutes", "kinds"),
    [
        pytest.param(-4, ["OPENED"], id="perhaps found after the baseline"),
        pytest.param(-6, [], id="surely found before its end"),
    ],
)
def test_what_the_stream_lost_near_the_end_of_the_baseline_goes_out(pipeline, minutes, kinds):
    ended = datetime.now(UTC) - timedelta(minutes=10)
    pipeline.sweeps.end_baseline("encryption", ended, "sweep-0")
    pipeline.record(finding(at=ended + timedelta(minutes=minutes)))
    assert pipeline.alerts.republish(context()) == {"published": 1}
    assert [body["kind"] for body in told(pipeline)] == kinds


def about(kind, **changes):
    return replace(a_row(kind), **changes)


@pytest.mark.parametrize(
    ("row", "was_told", "routing"),
    [
        pytest.param(about("WAIVED", old_status="NON_COMPLIANT"), True, "alert", id="waived"),
        pytest.param(
            about("WAIVED", old_status="NON_COMPLIANT"), False, "waived", id="waived, never told"
        ),
        pytest.param(
            about("WAIVED", old_status="COMPLIANT"), True, "waived", id="failed under its waiver"
        ),
        pytest.param(
            about("WAIVED", old_status="NON_COMPLIANT", was_waived="yes"),
            True,
            "waived",
            id="another waiver took over",
        ),
        pytest.param(
            about("ESCALATED", waived_until=ENDED), True, "waived", id="worse and still waived"
        ),
        pytest.param(
            about("WAIVER_EXPIRED", woken_by="sweep", release="new"),
            True,
            "alert",
            id="the end of a waiver is no find of an upgrade",
        ),
        pytest.param(about("BLINDED"), True, "grouped", id="one resource cannot be read"),
        pytest.param(
            about("RESOLVED", old_status="INSUFFICIENT_DATA"),
            False,
            "grouped",
            id="and can be again",
        ),
        pytest.param(
            about("RESOLVED", old_status="INSUFFICIENT_DATA"),
            True,
            "alert",
            id="an earlier version had told of it",
        ),
        pytest.param(about("BLINDED", rule=UNREADABLE), True, "alert", id="a heading is blind"),
        pytest.param(
            about("RESOLVED", rule=UNREADABLE, old_status="INSUFFICIENT_DATA"),
            False,
            "alert",
            id="a heading can read again",
        ),
    ],
)
def test_routes_of_waivers_and_of_what_cannot_be_read(row, was_told, routing):
    said = route(row, finding(), ENDED, swept_since=lambda: "", was_told=lambda: was_told)
    assert str(said) == routing


def test_the_end_of_a_waiver_of_our_own_resources_pages_nobody():
    row = about("WAIVER_EXPIRED")
    assert route(row, finding(), ENDED, is_own=lambda: True) is Routing.OWN


def told(pipeline):
    """What went to the topic, whoever filters what."""
    return [json.loads(json.loads(m["Message"])["lambda"]) for m in pipeline.published]


def bodies(pipeline):
    return [json.loads(record["body"]) for record in pipeline.waiting()]


def test_a_transition_goes_out_once(wrong):
    rows = wrong.rows()
    assert wrong.alerts.follow(rows) == {"batchItemFailures": []}
    assert wrong.alerts.follow(rows) == {"batchItemFailures": []}, "a duplicate"
    [body] = bodies(wrong)
    assert (body["kind"], body["finding_id"]) == ("OPENED", finding().id)
    [entry] = wrong.store.history(finding().id)
    assert entry.published_at
    assert wrong.rows() == []


def test_who_filters_by_severity_hears_of_the_end_of_what_became_less_severe(wrong):
    wrong.record(finding(BAD, after(1), severity=Severity.LOW))
    wrong.record(finding(GOOD, after(2), severity=Severity.LOW))
    sent = Mock(wraps=wrong.sns)
    wrong.alerts._topics.sns = sent
    wrong.stream()
    loud = [
        call.kwargs["MessageAttributes"]["severity"]["StringValue"]
        for call in sent.publish.call_args_list
    ]
    assert loud[-1] == "HIGH", "as loud as its beginning"


def test_before_the_first_sweep_only_what_is_critical_goes_out(pipeline):
    worst = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "worst")
    pipeline.record(finding(), finding(resource=worst, severity=Severity.CRITICAL))
    pipeline.stream()
    assert [body["resource_id"] for body in bodies(pipeline)] == ["worst"]
    assert pipeline.rows() == [], "both are settled"


def failing(pipeline, *outcomes):
    """The topic fails as told, then works."""
    sns = Mock(wraps=pipeline.sns)
    outcomes = list(outcomes)

    def publish(**message):
        outcome = outcomes.pop(0) if outcomes else None
        if outcome:
            raise outcome
        return pipeline.sns.publish(**message)

    sns.publish.side_effect = publish
    return app.Alerts(pipeline.dynamodb, sns, pipeline.environment)


def test_later_records_of_a_failed_finding_wait_and_others_do_not(wrong):
    other = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "other")
    wrong.record(finding(GOOD, after(1)), finding(at=after(2), resource=other))
    rows = wrong.rows()
    alerts = failing(wrong, error("InternalError", 500))
    answer = alerts.follow(rows)
    assert [f["itemIdentifier"] for f in answer["batchItemFailures"]] == ["0", "1"]
    assert [body["resource_id"] for body in told(wrong)] == ["other"]
    assert alerts.follow(rows[:2]) == {"batchItemFailures": []}, "Lambda tries again from there"
    assert [body["kind"] for body in told(wrong)] == ["OPENED", "OPENED", "RESOLVED"]


@pytest.mark.parametrize(
    "image",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"kind": {"S": "?"}}, id="no finding"),
        pytest.param({"finding_id": {"B": b"x"}}, id="binary"),
        pytest.param({"finding_id": "f"}, id="no type"),
    ],
)
def test_a_row_that_cannot_be_read_costs_itself(wrong, image, capsys):
    poison = {"dynamodb": {"Keys": {}, "NewImage": image, "SequenceNumber": "9"}}
    assert wrong.alerts.follow([poison, *wrong.rows()]) == {"batchItemFailures": []}
    assert len(bodies(wrong)) == 1
    app.metrics.flush_metrics()
    assert '"UnreadableRows":[1.0]' in capsys.readouterr().out


def test_a_row_that_went_away_is_passed_over(wrong):
    """The stream's filter leaves these out, and it may be changed."""
    key = {"finding_id": {"S": "f"}, "at": {"S": "2026"}}
    gone = {"eventName": "REMOVE", "dynamodb": {"Keys": key, "SequenceNumber": "9"}}
    assert wrong.alerts.follow([gone, *wrong.rows()]) == {"batchItemFailures": []}
    assert len(bodies(wrong)) == 1


def unreadable(pipeline, **change):
    """The finding's row as another version may write it."""
    key = {"resource": {"S": finding().resource.key}, "rule": {"S": finding().rule}}
    row = pipeline.dynamodb.get_item(TableName="Findings", Key=key)["Item"]
    pipeline.dynamodb.put_item(TableName="Findings", Item=row | change)


def test_a_finding_of_another_version_costs_itself_and_waits(wrong, capsys):
    other = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "other")
    wrong.record(finding(at=after(1), resource=other))
    unreadable(wrong, severity={"S": "APOCALYPTIC"})
    assert wrong.stream() == {"batchItemFailures": []}
    assert wrong.alerts.republish(context()) == {"published": 0}
    assert [body["resource_id"] for body in bodies(wrong)] == ["other"]
    assert len(wrong.rows()) == 1, "a version that can read it will publish it"
    app.metrics.flush_metrics()
    assert '"UnreadableRows":[1.0,1.0]' in capsys.readouterr().out
    unreadable(wrong, severity={"S": "HIGH"})
    assert wrong.alerts.republish(context()) == {"published": 1}


def test_an_outbox_row_of_another_version_harms_no_other(wrong):
    wrong.dynamodb.put_item(
        TableName=TRANSITIONS,
        Item={
            "finding_id": {"S": "0"},
            "at": {"S": "2026-01-01T00:00:00.000Z"},
            "unpublished": {"S": "yes#0"},
            "kind": {"M": {}},
        },
    )
    assert wrong.alerts.republish(context()) == {"published": 1}


def test_the_digest_is_told_past_a_finding_of_another_version(pipeline):
    other = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "other")
    pipeline.record(finding(), finding(resource=other))
    unreadable(pipeline, status={"S": "MAYBE"})
    pipeline.alerts.complete(sweep(), "111122223333", "us-east-1")
    [summary] = told(pipeline)
    assert summary["open"]["HIGH"] == 1


def test_rows_that_an_earlier_version_wrote_are_republished_in_order(wrong):
    wrong.record(finding(GOOD, after(1)))
    [first, second] = [row["dynamodb"]["NewImage"] for row in wrong.rows()]
    wrong.dynamodb.put_item(TableName=TRANSITIONS, Item=first | {"unpublished": {"S": "yes"}})
    assert second["unpublished"]["S"].startswith("yes#")
    assert wrong.alerts.republish(context()) == {"published": 2}
    assert [body["kind"] for body in told(wrong)] == ["OPENED", "RESOLVED"]


def test_what_the_stream_lost_is_published_by_the_schedule(wrong):
    assert wrong.alerts.republish(context()) == {"published": 1}
    assert len(bodies(wrong)) == 1
    assert wrong.alerts.republish(context()) == {"published": 0}


def test_republishing_goes_on_past_what_fails_and_says_so(wrong):
    other = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "other")
    wrong.record(finding(GOOD, after(1)), finding(at=after(2), resource=other))
    with pytest.raises(schedule.Unpublished, match="1 findings"):
        failing(wrong, error("InternalError", 500)).republish(context())
    assert [body["resource_id"] for body in told(wrong)] == ["other"]
    wrong.alerts.republish(context())
    assert [body["kind"] for body in told(wrong)][1:] == ["OPENED", "RESOLVED"]


def test_republishing_stops_in_time(wrong):
    assert wrong.alerts.republish(context(milliseconds=1000)) == {"published": 0}
    assert len(wrong.rows()) == 1


def sweep(id="sweep-1", **results):
    done = results or {"encryption": True}
    return {"id": id, "headings": [{"heading": h, "completed": ok} for h, ok in done.items()]}


def test_the_first_sweep_of_a_heading_is_told_in_one_message(pipeline):
    pipeline.record(finding())
    answer = pipeline.alerts.complete(
        sweep(encryption=True, iam_roles=False), "111122223333", "us-east-1"
    )
    assert answer == {
        "completed": ["encryption"],
        "failed": ["iam_roles"],
        "baseline_ended": ["encryption"],
    }
    [summary] = told(pipeline)
    assert summary["kind"] == "BASELINE"
    assert summary["open"]["HIGH"] == 1
    assert pipeline.sweeps.baseline_ended("encryption.s3-kms")
    assert not pipeline.sweeps.baseline_ended("iam_roles.mfa"), "it was not swept"
    [row] = [
        item
        for item in pipeline.dynamodb.scan(TableName=TRANSITIONS)["Items"]
        if item["finding_id"]["S"] == "sweep"
    ]
    assert row["kind"]["S"] == "SWEEP_COMPLETED"
    again = pipeline.alerts.complete(
        sweep("sweep-2", encryption=True), "111122223333", "us-east-1"
    )
    assert again["baseline_ended"] == []
    assert len(told(pipeline)) == 1


def test_a_baseline_whose_summary_failed_is_told_again(pipeline):
    alerts = failing(pipeline, error("InternalError", 500))
    with pytest.raises(Exception, match="refused"):
        alerts.complete(sweep(), "111122223333", "us-east-1")
    alerts.complete(sweep(), "111122223333", "us-east-1")
    assert [body["kind"] for body in told(pipeline)] == ["BASELINE"]


def test_the_first_sweep_tells_what_no_event_tells_of(pipeline):
    pipeline.alerts._baselines._unseen = lambda: ["No CloudTrail trail is logging here."]
    sweep = {"id": "sweep-1", "headings": [{"heading": "encryption", "completed": True}]}
    pipeline.alerts.complete(sweep, "111122223333", "us-east-1")
    [message] = [json.loads(sent["Message"]) for sent in pipeline.published]
    assert "No CloudTrail trail is logging here." in message["email"]
    assert "readiness doctor --stack-name readiness --region us-east-1" in message["email"]
    assert json.loads(message["sqs"])["unseen"] == ["No CloudTrail trail is logging here."]
    pipeline.published.clear()
    pipeline.alerts.complete(sweep | {"id": "sweep-2"}, "111122223333", "us-east-1")
    assert pipeline.published == []


def test_what_the_first_sweep_found_stays_baseline_when_the_stream_is_late(pipeline):
    pipeline.record(finding())
    pipeline.alerts.complete(sweep(), "111122223333", "us-east-1")
    pipeline.stream()
    assert [body["kind"] for body in told(pipeline)] == ["BASELINE"]


MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:sweep"
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Steps:
    """Step Functions with executions that run: their names, and minutes after noon."""

    def __init__(self, **running):
        self.running = running
        self.asked = []

    def get_paginator(self, operation):
        assert operation == "list_executions"
        return self

    def paginate(self, **params):
        self.asked.append(params)
        for name, minutes in self.running.items():
            at = NOON + timedelta(minutes=minutes)
            yield {"executions": [{"executionArn": arn(name), "name": name, "startDate": at}]}


def arn(name):
    return f"{MACHINE.replace('stateMachine', 'execution')}:{name}"


@pytest.mark.parametrize(
    ("running", "beside"),
    [
        pytest.param({"this": 0}, "", id="alone"),
        pytest.param({}, "", id="not listed yet"),
        pytest.param({"this": 0, "older": -360}, "older", id="the one before still runs"),
        pytest.param({"older": -360}, "older", id="this not listed yet"),
        pytest.param({"this": 0, "old": -360, "oldest": -720}, "oldest", id="two before"),
        pytest.param({"this": 0, "younger": 1}, "", id="a younger one gives way itself"),
        pytest.param({"this": 0, "a": 0}, "a", id="at the same time: one of the two"),
        pytest.param({"this": 0, "z": 0}, "", id="at the same time: this one"),
    ],
)
def test_a_sweep_gives_way_to_one_that_still_runs(pipeline, monkeypatch, capsys, running, beside):
    steps = Steps(**running)
    monkeypatch.setattr(pipeline.alerts, "_steps", lambda: steps)
    monkeypatch.setattr(app, "_alerts", [pipeline.alerts])
    begins = {"machine": MACHINE, "execution": arn("this"), "started_at": "2026-11-26T12:00:00Z"}
    answer = app.handler({"beginning_sweep": begins}, context())
    assert answer == ({"beside": beside} if beside else {})
    assert steps.asked == [{"stateMachineArn": MACHINE, "statusFilter": "RUNNING"}]
    assert ('"SweepsLeftOut":[1.0]' in capsys.readouterr().out) is bool(beside)


def test_the_handler_takes_all_three_and_refuses_the_rest(pipeline, monkeypatch, capsys, caplog):
    monkeypatch.setattr(app, "_alerts", [pipeline.alerts])
    assert app.handler({"Records": []}, context()) == {"batchItemFailures": []}
    assert app.handler({"republish": True}, context()) == {"published": 0}
    assert app.handler({"completed_sweep": sweep()}, context())["completed"] == ["encryption"]
    with pytest.raises(ValueError, match="no event with the keys other"):
        app.handler({"other": 1}, context())
    [swept] = [each for each in caplog.records if each.getMessage() == "swept"]
    assert swept.completed == 1
    assert '"AlertsRepublished"' not in capsys.readouterr().out, "billed if sent each 5 minutes"
