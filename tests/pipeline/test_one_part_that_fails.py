"""What is wrong with one key, row, file or note costs itself and never another page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from functions.alerts import app as alerts_app
from readiness import Severity, Status
from readiness.alerting import guidance as guidance_module
from readiness.alerting import quiet
from readiness.alerting.canary import Canary
from readiness.alerting.digest import Log
from readiness.alerting.held import HELD_PAGE, Held
from readiness.alerting.quiet import Window, window_item
from readiness.engine.attribute_values import deserialise
from readiness.model.finding import iso
from readiness.model.resource import Resource
from tests.fake_account import error
from tests.findings import finding
from tests.pipeline.standins import context
from tests.tables import DECLARATIONS, FINDINGS, TRANSITIONS

NOW = datetime.now(UTC)
WHERE = "111122223333/us-east-1"
ERRORS, GONE = (
    "performance_benchmarks.service-error-rate",
    "performance_benchmarks.service-availability",
)
WEB = Resource("111122223333", "us-east-1", "AWS::ECS::Service", "web")


def bucket(name):
    return Resource("111122223333", "us-east-1", "AWS::S3::Bucket", name)


def opened(pipeline, *findings):
    pipeline.record(*findings)
    assert pipeline.stream() == {"batchItemFailures": []}


# -- held pages -----------------------------------------------------------------------------


def hold(pipeline, each):
    Held(pipeline.store).hold(each.resource, each.rule, "a window")
    pipeline.put({"kind": HELD_PAGE, "resource": each.resource.key, "rule": each.rule})


def held(pipeline):
    return list(Held(pipeline.store, now=lambda: NOW + timedelta(days=9)).due())


def test_a_held_page_that_is_refused_is_one_dead_letter(wrong):
    wrong.stream()
    wrong.page()
    each = finding(resource=bucket("held"), at=NOW)
    wrong.record(each)
    hold(wrong, each)
    wrong.pagerduty.script = [(400, {}, {"status": "invalid event"})]
    assert wrong.page() == []
    assert len(wrong.set_aside()) == 1
    assert held(wrong) == [], "the dead letter keeps the page"


def test_a_held_page_of_a_row_of_another_version_is_one_dead_letter(wrong):
    wrong.stream()
    wrong.page()
    each = finding()
    wrong.dynamodb.update_item(
        TableName=FINDINGS,
        Key={"resource": {"S": each.resource.key}, "rule": {"S": each.rule}},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "severity"},
        ExpressionAttributeValues={":s": {"S": "APOCALYPTIC"}},
    )
    hold(wrong, each)
    assert wrong.page() == []
    assert len(wrong.set_aside()) == 1
    assert held(wrong) == []


def test_a_pager_that_is_down_is_not_sent_a_held_page_every_five_minutes(pipeline, monkeypatch):
    alerts = alerts_app.Alerts(
        pipeline.dynamodb, pipeline.sns, pipeline.environment, sqs=pipeline.sqs, where=WHERE
    )
    Held(pipeline.store, now=lambda: NOW - timedelta(hours=1)).hold(WEB, ERRORS, "a window")
    for _ in range(5):
        alerts.republish(context())
    assert len(pipeline.waiting()) == 1


OUTBOX = "IndexName': 'unpublished'"


@pytest.mark.parametrize("fails", ["SendMessage", "held'", "sweep#", OUTBOX])
def test_a_duty_of_the_schedule_that_fails_keeps_none_of_the_others(pipeline, fails):
    """The canary goes out, the hours are counted, held pages are sent, the outbox is published."""
    pipeline.baseline_is_over()
    environment = pipeline.environment | {"CANARY": "true"}
    alerts = alerts_app.Alerts(
        pipeline.dynamodb, pipeline.sns, environment, sqs=pipeline.sqs, where=WHERE
    )
    Held(pipeline.store, now=lambda: NOW - timedelta(hours=1)).hold(WEB, ERRORS, "a window")
    pipeline.record(finding(at=NOW - timedelta(hours=1)))

    def denied(params, model, **_):
        if fails == model.name or f"'{fails}" in str(params):
            raise error("AccessDeniedException", 403)

    for client in (pipeline.dynamodb, pipeline.sqs):
        client.meta.events.register("provide-client-params.*.*", denied)
    with pytest.raises(ClientError, match="AccessDenied"):
        alerts.republish(context())
    for client in (pipeline.dynamodb, pipeline.sqs):
        client.meta.events.unregister("provide-client-params.*.*", denied)
    sent = alerts_app.metrics.provider.metric_set
    assert ("HoursWithoutSweep" in sent) is (fails != "sweep#")
    assert "HoursWithoutCanary" in sent
    published = [kept["Subject"] for kept in pipeline.published]
    assert len(published) == (fails != OUTBOX)
    held = [each for each in pipeline.waiting() if HELD_PAGE in each["body"]]
    assert len(held) == (fails not in {"SendMessage", "held'"})


@pytest.mark.parametrize("odd", [{"resource": {"S": "x"}}, {"rule": {"B": b"y"}}])
def test_a_held_row_that_names_nothing_costs_itself(pipeline, odd):
    alerts = alerts_app.Alerts(
        pipeline.dynamodb, pipeline.sns, pipeline.environment, sqs=pipeline.sqs, where=WHERE
    )
    keep = Held(pipeline.store, now=lambda: NOW - timedelta(hours=1))
    for name in ("a", "b"):
        keep.hold(bucket(name), "encryption.s3-kms", "a window")
    first = pipeline.dynamodb.query(
        TableName=TRANSITIONS,
        KeyConditionExpression="finding_id = :f",
        ExpressionAttributeValues={":f": {"S": "held"}},
    )["Items"][0]
    pipeline.dynamodb.put_item(TableName=TRANSITIONS, Item=first | odd)
    alerts.republish(context())
    assert len(pipeline.waiting()) == 1


# -- rows that make no sense ------------------------------------------------------------------


@pytest.mark.parametrize(
    "odd",
    [
        {"note": {"B": b"\x00"}},
        {"until": {"S": "9999-12-31T23:59:59Z"}, "declared_at": {"S": "9999-12-31T23:59:59Z"}},
        {"until": {"S": "2026-01-01T00:00:00"}},
        {"rule_glob": {"S": "[" * 2000}},
        {"reason": {"NULL": True}},
    ],
)
def test_a_forged_window_keeps_nobody_from_being_paged(pipeline, odd):
    pipeline.baseline_is_over()
    pipeline.environment["DECLARATIONS_TABLE"] = DECLARATIONS
    window = Window("w1", "AIDAX", NOW, NOW + timedelta(hours=2), "why", rule="nothing.*")
    pipeline.dynamodb.put_item(TableName=DECLARATIONS, Item=window_item(window) | odd)
    pipeline.pager = pipeline.a_pager()
    opened(pipeline, finding(at=NOW))
    assert pipeline.page() == []
    assert len(pipeline.pagerduty.incidents) == 1
    assert pipeline.set_aside() == []


@pytest.mark.parametrize("name", ["rule_glob", "resource", "workload", "owner"])
def test_a_pattern_that_takes_minutes_to_understand_makes_no_window(name):
    window = window_item(Window("w", "AIDAX", NOW, NOW + timedelta(hours=2), "why"))
    assert len(quiet.assembled([deserialise(window | {name: {"S": "[" * 512}})])) == 1
    assert quiet.assembled([deserialise(window | {name: {"S": "[" * 513}})]) == ()


def test_thousands_of_windows_hold_up_no_page(pipeline, monkeypatch):
    pipeline.baseline_is_over()
    pipeline.environment["DECLARATIONS_TABLE"] = DECLARATIONS
    monkeypatch.setattr(quiet, "MOST_ROWS", 3)
    for n in range(5):
        window = Window(f"w{n}", f"AIDA{n}", NOW, NOW + timedelta(hours=2), "why")
        pipeline.dynamodb.put_item(TableName=DECLARATIONS, Item=window_item(window))
    pipeline.pager = pipeline.a_pager()
    opened(pipeline, finding(at=NOW))
    assert pipeline.page() == []
    assert len(pipeline.pagerduty.incidents) == 1


def test_quiet_hours_below_a_severity_that_is_none_silence_nobody(pipeline):
    pipeline.baseline_is_over()
    pipeline.environment |= {"QUIET_HOURS": "00:00-23:59", "QUIET_BELOW": "URGENT"}
    pipeline.pager = pipeline.a_pager()
    opened(pipeline, finding(at=NOW))
    assert pipeline.page() == []
    assert len(pipeline.pagerduty.incidents) == 1


def test_a_group_of_another_version_keeps_nobody_from_being_paged(pipeline):
    pipeline.baseline_is_over("performance_benchmarks")
    opened(pipeline, finding(at=NOW, rule=ERRORS, resource=WEB))
    pipeline.page()
    [row] = [
        item
        for item in pipeline.dynamodb.scan(TableName=TRANSITIONS)["Items"]
        if item["finding_id"]["S"].startswith("group#")
    ]
    pipeline.dynamodb.put_item(TableName=TRANSITIONS, Item=row | {"joined": {"S": "some"}})
    opened(pipeline, finding(at=NOW, rule=GONE, resource=WEB, severity=Severity.CRITICAL))
    assert pipeline.page() == []
    assert pipeline.set_aside() == []
    assert len(pipeline.pagerduty.incidents) == 2
    opened(
        pipeline,
        *(
            finding(Status.COMPLIANT, at=NOW + timedelta(seconds=9), rule=rule, resource=WEB)
            for rule in (ERRORS, GONE)
        ),
    )
    assert pipeline.page() == []
    assert pipeline.pagerduty.incidents == {}


@pytest.mark.parametrize("odd", [{"S": "seven"}, {"NULL": True}, None])
@pytest.mark.parametrize("kind", ["storm#", "cause#"])
def test_a_count_of_another_version_keeps_nobody_from_being_paged(pipeline, kind, odd):
    pipeline.baseline_is_over("performance_benchmarks")
    opened(pipeline, finding(at=NOW, rule=ERRORS, resource=WEB))
    pipeline.page()
    for row in pipeline.dynamodb.scan(TableName=TRANSITIONS)["Items"]:
        if row["finding_id"]["S"].startswith(kind):
            rest = {name: value for name, value in row.items() if name != "version"}
            changed = rest | ({"version": odd} if odd else {})
            pipeline.dynamodb.put_item(TableName=TRANSITIONS, Item=changed)
    worse = {"severity": Severity.CRITICAL, "resource": WEB}
    opened(
        pipeline,
        finding(at=NOW, rule=GONE, **worse),
        finding(at=NOW, rule=ERRORS, resource=bucket("another")),
    )
    assert pipeline.page() == []
    assert pipeline.set_aside() == []
    assert len(pipeline.pagerduty.incidents) == 3


@pytest.mark.parametrize(
    "text", ['{"encryption.s3-kms": {"fix": "x", "later": "y"}}', "[]", "{", None]
)
def test_guidance_of_another_version_keeps_nothing_from_going_out(
    wrong, monkeypatch, tmp_path, text
):
    file = tmp_path / "guidance.json"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr(guidance_module, "_FILE", file)
    guidance_module._known.cache_clear()
    try:
        assert wrong.stream() == {"batchItemFailures": []}
        assert wrong.page() == []
    finally:
        guidance_module._known.cache_clear()
    assert len(wrong.pagerduty.incidents) == 1


# -- the digest, the chat and the canary ----------------------------------------------------------


def everything(pipeline):
    pipeline.chat = pipeline.sns.create_topic(Name="chat")["TopicArn"]
    pipeline.environment |= {"CHAT_TOPIC": pipeline.chat, "DIGEST": "daily", "CANARY": "true"}
    pipeline.alerts = alerts_app.Alerts(
        pipeline.dynamodb, pipeline.sns, pipeline.environment, sqs=pipeline.sqs, where=WHERE
    )


def test_a_note_for_the_digest_that_fails_keeps_no_page_back(wrong, monkeypatch):
    from botocore.exceptions import ClientError

    everything(wrong)

    def fails(*_):
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")

    monkeypatch.setattr(wrong.alerts._digests.log, "note", fails)
    assert wrong.stream() == {"batchItemFailures": []}
    assert wrong.page() == []
    assert len(wrong.pagerduty.incidents) == 1


def test_a_chat_message_that_cannot_be_made_tells_nobody_twice(wrong, monkeypatch):
    everything(wrong)

    def fails(*_):
        raise KeyError("console")

    monkeypatch.setattr(alerts_app, "chat_message", fails)
    assert wrong.stream() == {"batchItemFailures": []}
    assert wrong.stream() == {"batchItemFailures": []}
    assert len([sent for sent in wrong.published if sent["TopicArn"] == wrong.topic]) == 1


def test_what_is_settled_after_a_digest_is_in_the_next(wrong):
    everything(wrong)
    log = Log(wrong.store)
    wrong.stream()
    opened(wrong, finding(at=NOW - timedelta(hours=1), resource=bucket("late")))
    now = datetime.now(UTC)
    summary = log.summary("111122223333", now - timedelta(minutes=1), now + timedelta(minutes=1))
    assert sum(summary.opened.values()) == 1, "though it happened before"


def test_ten_thousand_reminders_are_not_read_one_by_one(pipeline, monkeypatch):
    log = Log(pipeline.store)
    rows = [{"resource": bucket(f"b{n}").key, "rule": "encryption.s3-kms"} for n in range(2000)]
    monkeypatch.setattr(
        log, "_rows", lambda partition: iter(rows if "reminders" in partition else ())
    )
    asked = []
    reminded = finding(reminder="renew it")
    monkeypatch.setattr(pipeline.store, "get", lambda *key: asked.append(key) or reminded)
    log.summary("111122223333", NOW - timedelta(days=1), NOW)
    assert len(asked) <= 20


def test_a_reminder_of_a_row_of_another_version_costs_itself(wrong):
    everything(wrong)
    each = finding()
    row = {
        "finding_id": "digest#reminders",
        "at": each.id,
        "resource": each.resource.key,
        "rule": each.rule,
        "kind": "REMINDED",
    }
    wrong.dynamodb.put_item(TableName=TRANSITIONS, Item={k: {"S": v} for k, v in row.items()})
    wrong.dynamodb.update_item(
        TableName=FINDINGS,
        Key={"resource": {"S": each.resource.key}, "rule": {"S": each.rule}},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "severity"},
        ExpressionAttributeValues={":s": {"S": "APOCALYPTIC"}},
    )
    assert wrong.alerts.digest()["sent"]


def test_a_canary_that_was_turned_off_for_a_month_begins_anew(pipeline):
    canary = Canary(pipeline.store, WHERE)
    canary.arrived(iso(NOW - timedelta(days=30)))
    canary.release(NOW)
    assert canary.hours_without(NOW) < 1


def test_a_canary_that_never_arrives_is_missed_all_the_same(pipeline):
    canary = Canary(pipeline.store, WHERE)
    canary.arrived(iso(NOW - timedelta(days=30)))
    for minutes in range(0, 300, 5):
        at = NOW + timedelta(minutes=minutes)
        canary.release(at)
        hours = canary.hours_without(at)
    assert hours > 4


def test_a_canary_of_a_clock_ahead_does_not_count_for_tomorrow(pipeline):
    canary = Canary(pipeline.store, WHERE)
    canary.arrived(iso(NOW + timedelta(days=300)))
    assert canary.hours_without(NOW + timedelta(hours=5)) > 4


def test_a_note_of_another_version_about_the_last_digest_ends_no_digest(pipeline):
    everything(pipeline)
    row = {"finding_id": "digest", "at": "sent", "sent_at": "yesterday"}
    pipeline.dynamodb.put_item(TableName=TRANSITIONS, Item={k: {"S": v} for k, v in row.items()})
    assert pipeline.alerts.digest()["sent"]
