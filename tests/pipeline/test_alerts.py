"""Stream, outbox and sweeps → topic: every transition goes out, in order, and none is lost."""

from __future__ import annotations

import json
from unittest.mock import Mock

import pytest

from functions.alerts import app
from readiness import Severity, Status
from readiness.alerting.routing import Routing, route
from readiness.engine.store import Entry
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
    wrong.alerts._sns = sent
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
    assert [body["resource_id"] for body in bodies(wrong)] == ["other"]
    assert alerts.follow(rows[:2]) == {"batchItemFailures": []}, "Lambda tries again from there"
    assert [body["kind"] for body in bodies(wrong)] == ["OPENED", "OPENED", "RESOLVED"]


def test_a_malformed_row_harms_no_other(wrong):
    poison = {"dynamodb": {"Keys": {}, "NewImage": {"kind": {"S": "?"}}, "SequenceNumber": "9"}}
    answer = wrong.alerts.follow([poison, *wrong.rows()])
    assert answer == {"batchItemFailures": [{"itemIdentifier": "9"}]}
    assert len(bodies(wrong)) == 1


def test_what_the_stream_lost_is_published_by_the_schedule(wrong):
    assert wrong.alerts.republish(context()) == {"published": 1}
    assert len(bodies(wrong)) == 1
    assert wrong.alerts.republish(context()) == {"published": 0}


def test_republishing_goes_on_past_what_fails_and_says_so(wrong):
    other = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "other")
    wrong.record(finding(GOOD, after(1)), finding(at=after(2), resource=other))
    with pytest.raises(app.Unpublished, match="1 findings"):
        failing(wrong, error("InternalError", 500)).republish(context())
    assert [body["resource_id"] for body in bodies(wrong)] == ["other"]
    wrong.alerts.republish(context())
    assert [body["kind"] for body in bodies(wrong)][1:] == ["OPENED", "RESOLVED"]


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
    [summary] = bodies(pipeline)
    assert summary["kind"] == "BASELINE"
    assert summary["open"]["HIGH"] == 1
    assert pipeline.sweeps.baseline_ended("encryption")
    assert not pipeline.sweeps.baseline_ended("iam_roles"), "it was not swept"
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
    assert len(bodies(pipeline)) == 1


def test_a_baseline_whose_summary_failed_is_told_again(pipeline):
    alerts = failing(pipeline, error("InternalError", 500))
    with pytest.raises(Exception, match="refused"):
        alerts.complete(sweep(), "111122223333", "us-east-1")
    alerts.complete(sweep(), "111122223333", "us-east-1")
    assert [body["kind"] for body in bodies(pipeline)] == ["BASELINE"]


def test_what_the_first_sweep_found_stays_baseline_when_the_stream_is_late(pipeline):
    pipeline.record(finding())
    pipeline.alerts.complete(sweep(), "111122223333", "us-east-1")
    pipeline.stream()
    assert [body["kind"] for body in bodies(pipeline)] == ["BASELINE"]


def test_the_handler_takes_all_three_and_refuses_the_rest(pipeline, monkeypatch, capsys):
    monkeypatch.setattr(app, "_alerts", [pipeline.alerts])
    assert app.handler({"Records": []}, context()) == {"batchItemFailures": []}
    assert app.handler({"republish": True}, context()) == {"published": 0}
    assert app.handler({"completed_sweep": sweep()}, context())["completed"] == ["encryption"]
    with pytest.raises(ValueError, match="no event with the keys other"):
        app.handler({"other": 1}, context())
    assert '"SweptHeadings":[1.0]' in capsys.readouterr().out
