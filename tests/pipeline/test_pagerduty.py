"""Topic → queue → pager: one page for a problem, resolved with it, whatever happens on the way."""

from __future__ import annotations

import json
from unittest.mock import Mock

import pytest

from functions.pagerduty import app
from functions.pagerduty.sender import LAST_TRY
from readiness import Severity, Status
from readiness.alerting import routing_key
from readiness.alerting.pagerduty import EventsApi, Reply, endpoint_of
from readiness.alerting.routing_key import NoRoutingKey, RoutingKey
from readiness.engine.garbled import Garbled
from readiness.model.resource import Resource
from tests.fake_account import error
from tests.findings import after, finding
from tests.pipeline.standins import context

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
WRONG_KEY = (400, {}, {"status": "invalid event", "errors": ["Invalid routing key"]})


def bucket(number):
    return Resource("111122223333", "us-east-1", "AWS::S3::Bucket", f"b{number}")


def test_a_page_and_its_end(wrong):
    wrong.stream()
    assert wrong.page() == []
    [page] = wrong.pagerduty.taken
    assert (page["event_action"], page["routing_key"]) == ("trigger", "R0UT1NG")
    assert page["payload"]["summary"].startswith("[HIGH] data")
    wrong.record(finding(GOOD, after(1)))
    wrong.stream()
    wrong.page()
    assert wrong.pagerduty.actions == ["trigger", "resolve"]
    assert wrong.pagerduty.incidents == {}


def test_a_replay_pages_once_in_effect(wrong):
    wrong.stream()
    records = wrong.waiting()
    wrong.page(records)
    wrong.page(records)
    assert len(wrong.pagerduty.incidents) == 1
    assert len({page["dedup_key"] for page in wrong.pagerduty.taken}) == 1


def test_reordering_ends_in_the_current_state(wrong):
    wrong.record(finding(GOOD, after(1)))
    wrong.stream()
    wrong.page(list(reversed(wrong.waiting())))
    assert wrong.pagerduty.actions == [], "it is over: nobody is woken, nothing was told"


@pytest.mark.parametrize(
    ("severity", "count"), [(Severity.CRITICAL, 1), (Severity.HIGH, 1), (Severity.MEDIUM, 0)]
)
def test_only_what_is_severe_enough(pipeline, severity, count):
    pipeline.baseline_is_over()
    pipeline.record(finding(severity=severity))
    pipeline.stream()
    pipeline.page()
    assert pipeline.pagerduty.actions == ["trigger"] * count
    pipeline.record(finding(GOOD, after(1), severity=severity))
    pipeline.stream()
    pipeline.page()
    assert pipeline.pagerduty.actions == ["trigger", "resolve"] * count
    assert pipeline.pagerduty.incidents == {}


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.MEDIUM])
def test_a_page_is_resolved_though_less_would_not_page_any_more(pipeline, severity):
    pipeline.baseline_is_over()
    pipeline.lowest(str(severity))
    pipeline.record(finding(severity=severity))
    pipeline.stream()
    pipeline.page()
    assert len(pipeline.pagerduty.incidents) == 1
    pipeline.lowest("CRITICAL")
    pipeline.record(finding(GOOD, after(1), severity=severity))
    pipeline.stream()
    pipeline.page()
    assert pipeline.pagerduty.incidents == {}


def test_a_page_of_blindness_that_an_earlier_version_sent_is_resolved_when_it_ends(pipeline):
    """Today one finding for the heading is sent instead; see test_blindness.py."""
    pipeline.baseline_is_over()
    pipeline.lowest("LOW")
    for hours in (0, 25):
        pipeline.record(finding(Status.INSUFFICIENT_DATA, after(hours=hours)))
    [row] = pipeline.store.history(finding().id)
    pipeline.store.mark_published(row, after(hours=25), "alert")
    pipeline.put({"resource": finding().resource.key, "rule": finding().rule})
    pipeline.page()
    assert len(pipeline.pagerduty.incidents) == 1
    pipeline.record(finding(GOOD, after(hours=26)))
    pipeline.stream()
    pipeline.page()
    assert pipeline.pagerduty.incidents == {}


def test_a_page_of_the_baseline_is_resolved_when_it_becomes_less_severe(pipeline):
    for minute, severity in enumerate([Severity.CRITICAL, Severity.MEDIUM]):
        pipeline.record(finding(BAD, after(minute), severity=severity))
        pipeline.stream()
        pipeline.page()
    assert pipeline.pagerduty.actions == ["trigger", "resolve"]


def test_a_trigger_that_was_overtaken_by_its_resolve_is_taken_back(wrong):
    wrong.stream()
    slow = EventsApi(wrong.pagerduty.url, timeout=0.3)

    class Overtaken:
        def send(self, event):
            if event["event_action"] == "trigger":
                wrong.record(finding(GOOD, after(1)))
                slow.send({**event, "event_action": "resolve"})
            return slow.send(event)

    wrong.pager._sender.api = Overtaken()
    wrong.page()
    assert wrong.pagerduty.actions == ["resolve", "trigger", "resolve"]
    assert wrong.pagerduty.incidents == {}


def test_the_baseline_summary_pages_nobody(pipeline):
    pipeline.put({"kind": "BASELINE", "open": {}})
    assert pipeline.page() == []
    assert pipeline.pagerduty.asked == []


def test_a_message_that_sns_wrapped_is_understood(wrong):
    wrong.stream()
    [record] = wrong.waiting()
    record["body"] = json.dumps({"Type": "Notification", "Message": record["body"]})
    wrong.page([record])
    assert wrong.pagerduty.actions == ["trigger"]


# -- a pager that misbehaves -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "outage",
    [[500], [503, 500], ["hang"], ["reset"], [(429, {}, {})], [408]],
    ids=["500", "twice", "hang", "reset", "429", "408"],
)
def test_nothing_is_lost_in_an_outage(wrong, outage):
    wrong.pagerduty.script = list(outage)
    wrong.stream()
    rounds = 0
    while wrong.page() and rounds < 5:
        rounds += 1
        visible_again(wrong)
    assert rounds == len(outage)
    assert len(wrong.pagerduty.incidents) == 1
    assert wrong.set_aside() == []


def visible_again(pipeline):
    from moto.sqs.models import sqs_backends

    queue = sqs_backends["123456789012"]["us-east-1"].queues["pages"]
    for message in [*queue._messages]:
        message.visible_at = 0
    queue.deleted_messages.clear()


def test_a_pager_that_is_down(wrong):
    wrong.pager = wrong.a_pager("http://127.0.0.1:1/v2/enqueue")
    wrong.stream()
    assert len(wrong.page()) == 1
    wrong.pager = wrong.a_pager()
    visible_again(wrong)
    assert wrong.page() == []
    assert len(wrong.pagerduty.incidents) == 1


@pytest.fixture
def many(pipeline):
    """Five pages of one rule that go out one by one: nothing is grouped."""
    pipeline.environment["PAGERDUTY_GROUP_ABOVE"] = "0"
    pipeline.pager = pipeline.a_pager()
    pipeline.baseline_is_over()
    pipeline.record(*(finding(resource=bucket(n)) for n in range(5)))
    pipeline.stream()
    return pipeline


def spied(pipeline):
    spy = Mock(wraps=pipeline.sqs)
    pipeline.pager._queue._sqs = spy
    return lambda: [
        call.kwargs["VisibilityTimeout"] for call in spy.change_message_visibility.mock_calls
    ]


def test_after_429_the_rest_of_the_batch_is_left_alone(many):
    many.pagerduty.script = [202, (429, {"Retry-After": "77"}, {})]
    pauses = spied(many)
    assert len(many.page()) == 4
    assert len(many.pagerduty.asked) == 2
    assert pauses() == [77, 77, 77, 77], "Retry-After is honoured"


def test_a_batch_that_runs_out_of_time_leaves_the_rest_for_soon(many):
    left = iter([120_000, 120_000, 14_000, 13_000, 12_000])
    records, pauses = many.waiting(), spied(many)
    hurried = context()
    hurried.get_remaining_time_in_millis = lambda: next(left)
    answer = many.pager.forward({"Records": records}, hurried)
    assert len(answer["batchItemFailures"]) == 3
    assert len(many.pagerduty.incidents) == 2
    assert pauses() == [5, 5, 5]


def test_after_500_the_others_are_tried(many):
    many.pagerduty.script = [500]
    assert len(many.page()) == 1
    assert len(many.pagerduty.incidents) == 4


@pytest.mark.parametrize(
    ("received", "pause"), [("1", 10), ("2", 20), ("5", 160), ("30", 900)], ids=str
)
def test_patience_grows_and_ends(wrong, received, pause):
    wrong.stream()
    [record] = wrong.waiting()
    record["attributes"]["ApproximateReceiveCount"] = received
    wrong.pagerduty.script = [500]
    pauses = spied(wrong)
    wrong.page([record])
    assert pauses() == [pause]


@pytest.mark.parametrize("said", ["nonsense", "Wed, 21 Oct 2026 07:28:00 GMT", "-5", "999999"])
def test_an_odd_retry_after_does_no_harm(wrong, said):
    wrong.stream()
    wrong.pagerduty.script = [(429, {"Retry-After": said}, {})]
    pauses = spied(wrong)
    assert len(wrong.page()) == 1
    assert pauses()[0] in {10, 3600}


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param(400, {}, id="400"),
        pytest.param(401, {}, id="401"),
        pytest.param(403, {}, id="403"),
        pytest.param(404, {}, id="404"),
        pytest.param(413, {}, id="413"),
        pytest.param(302, {"Location": "https://example.com/login"}, id="302"),
        pytest.param(308, {"Location": "https://example.com/"}, id="308"),
    ],
)
def test_what_no_try_can_cure_is_kept_with_the_answer(many, status, headers, capsys):
    many.pagerduty.script = [(status, headers, {"errors": ["summary is missing"]})]
    assert many.page() == [], "it is not tried again"
    assert len(many.pagerduty.incidents) == 4, "and harms no other"
    [letter] = many.undelivered()
    answer = letter["MessageAttributes"]["undelivered_because"]["StringValue"]
    assert answer.startswith(f"PagerDuty answered {status}: ")
    assert "summary is missing" in answer
    assert letter["MessageAttributes"]["severity"]["StringValue"] == "HIGH", "as it came"
    assert json.loads(letter["Body"])["kind"] == "OPENED"
    assert len(many.pagerduty.asked) == 5
    app.metrics.flush_metrics()
    assert '"PagesRefused":[1.0]' in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((200, {}, b"<html>Sign in to the proxy</html>"), id="a page"),
        pytest.param((200, {}, {"status": "success"}), id="200 is not 202"),
        pytest.param((202, {}, b""), id="nothing"),
        pytest.param((202, {}, b'{"status": "suc'), id="truncated"),
        pytest.param((202, {}, {"status": "invalid event"}), id="another status"),
        pytest.param((202, {}, b'["success"]'), id="a list"),
        pytest.param((202, {}, b"[" * 9_999), id="nothing but brackets"),
        pytest.param((202, {}, {"status": "success", "dedup_key": "x"}), id="of another event"),
        pytest.param((204, {}, b""), id="204"),
        pytest.param((425, {}, {}), id="too early"),
    ],
)
def test_nothing_but_an_acceptance_ends_a_message(wrong, answer, capsys):
    wrong.pagerduty.script = [answer]
    wrong.stream()
    assert len(wrong.page()) == 1
    app.metrics.flush_metrics()
    assert '"PagesPostponed":[1.0]' in capsys.readouterr().out
    visible_again(wrong)
    assert wrong.page() == []
    assert len(wrong.pagerduty.incidents) == 1
    assert wrong.undelivered() == []


def test_the_last_try_keeps_the_answer_that_sqs_would_lose(wrong):
    wrong.stream()
    [record] = wrong.waiting()
    record["attributes"]["ApproximateReceiveCount"] = str(LAST_TRY)
    wrong.pagerduty.script = [503]
    assert wrong.page([record]) == []
    [letter] = wrong.undelivered()
    assert "503" in letter["MessageAttributes"]["undelivered_because"]["StringValue"]


def test_a_dead_letter_has_no_more_attributes_than_sqs_takes(wrong):
    wrong.stream()
    [record] = wrong.waiting()
    record["messageAttributes"] = {
        f"a{n}": {"dataType": "String", "stringValue": "x"} for n in range(10)
    }
    wrong.pagerduty.script = [404]
    assert wrong.page([record]) == []
    [letter] = wrong.undelivered()
    assert len(letter["MessageAttributes"]) == 10
    assert "undelivered_because" in letter["MessageAttributes"]


def test_a_page_is_not_deleted_where_it_cannot_be_set_aside(wrong):
    wrong.stream()
    wrong.pager._queue._aside = "https://sqs.us-east-1.amazonaws.com/123456789012/none"
    wrong.pagerduty.script = [404]
    assert len(wrong.page()) == 1


# -- the key ------------------------------------------------------------------------------------------


def test_a_rotated_key_is_read_afresh_once(wrong):
    wrong.key.get()
    wrong.secrets.put_secret_value(SecretId="key", SecretString="N3WKEY")
    wrong.pagerduty.script = [WRONG_KEY]
    wrong.stream()
    assert wrong.page() == []
    assert [page["routing_key"] for page in wrong.pagerduty.asked] == ["R0UT1NG", "N3WKEY"]


def test_a_wrong_key_loses_nothing(many):
    many.pagerduty.script = [WRONG_KEY]
    assert len(many.page()) == 5
    assert len(many.pagerduty.asked) == 1, "one refusal is enough"
    visible_again(many)
    assert many.page() == []
    assert len(many.pagerduty.incidents) == 5


@pytest.mark.parametrize("text", ["", "  ", "{}", '{"default": ""}', '{"default": 7}', "[]"])
def test_without_a_key_pages_wait(many, text, caplog):
    for _ in range(2):  # so that no version before it has one either
        many.secrets.put_secret_value(SecretId="key", SecretString=text or " ")
    assert len(many.page()) == 5
    assert many.pagerduty.asked == []
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1, "said once, not for every message"


@pytest.mark.parametrize("text", [" ", "{}", '{"default": ""}'])
def test_an_update_that_empties_the_secret_does_not_lose_the_key(wrong, text):
    """A stack that once had the key as a parameter is updated by a template without it."""
    wrong.secrets.put_secret_value(SecretId="key", SecretString=text)
    assert wrong.key.get(fresh=True) == "R0UT1NG"


def test_a_secret_without_a_value_names_the_command(wrong):
    wrong.secrets.create_secret(Name="empty")
    with pytest.raises(NoRoutingKey, match="`readiness pagerduty-key` writes it"):
        RoutingKey(wrong.secrets, "empty").get()


def test_an_unreadable_secret_loses_nothing(wrong):
    denied = Mock()
    denied.get_secret_value.side_effect = error("AccessDeniedException", 403)
    wrong.pager._sender.key = RoutingKey(denied, "key")
    wrong.stream()
    assert len(wrong.page()) == 1
    with pytest.raises(NoRoutingKey, match="AccessDeniedException"):
        wrong.pager._sender.key.get()


def test_the_key_is_cached_for_five_minutes_and_never_logged(many, monkeypatch, caplog):
    reads = Mock(wraps=many.secrets)
    many.pager._sender.key = RoutingKey(reads, "key")
    many.page()
    assert reads.get_secret_value.call_count == 1
    now = routing_key.time.monotonic()
    monkeypatch.setattr(routing_key.time, "monotonic", lambda: now + 301)
    many.pager._sender.key.get()
    assert reads.get_secret_value.call_count == 2
    assert caplog.records
    assert not [record for record in caplog.records if "R0UT1NG" in str(vars(record))]


# -- what cannot be understood ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "poison",
    [
        "not json",
        "[]",
        "{}",
        '{"resource": "x", "rule": "y"}',
        '{"Type": "Notification", "Message": "?"}',
        '{"Type": "Notification"}',
        '{"Type": "Notification", "Message": 5}',
        '{"resource": 5, "rule": "encryption.s3-kms"}',
        '{"resource": "1/r/T/i", "rule": 7}',
        '{"resource": "1/r/T/i", "rule": ""}',
        '{"resource": "1/r/T/i", "rule": null}',
        '{"resource": "1/r/T/\\ud800", "rule": "y"}',
        "[" * 30_000,
    ],
    ids=lambda poison: poison[:40],
)
def test_poison_is_set_aside_and_harms_no_other(wrong, poison):
    wrong.put(poison)
    wrong.stream()
    assert wrong.page() == []
    assert wrong.set_aside() == [poison]
    assert wrong.pagerduty.actions == ["trigger"]


def test_poison_that_fills_a_whole_message_is_set_aside_without_the_reason(wrong):
    """With the reason as an attribute it is larger than SQS takes, and came 300 times."""
    poison = "x" * 262_100
    wrong.put(poison)
    assert wrong.page() == []
    assert wrong.set_aside() == [poison]


def test_a_name_that_the_table_refuses_is_set_aside(wrong):
    wrong.stream()
    wrong.pager._store._client = Mock(wraps=wrong.dynamodb)
    wrong.pager._store._client.get_item.side_effect = error("ValidationException", 400)
    assert wrong.page() == []
    assert len(wrong.undelivered()) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"severity": {"S": "APOCALYPTIC"}}, id="a severity"),
        pytest.param({"status": {"S": "MAYBE"}}, id="a status"),
        pytest.param({"observed": {"L": []}}, id="a shape"),
        pytest.param({"last_observed_at": {"S": "soon"}}, id="a time"),
        pytest.param({"section": {"B": b"x"}}, id="a type"),
    ],
)
def test_a_finding_of_another_version_is_set_aside_with_the_reason(wrong, change):
    wrong.stream()
    key = {"resource": {"S": finding().resource.key}, "rule": {"S": finding().rule}}
    row = wrong.dynamodb.get_item(TableName="Findings", Key=key)["Item"]
    wrong.dynamodb.put_item(TableName="Findings", Item=row | change)
    assert wrong.page() == []
    [letter] = wrong.undelivered()
    because = letter["MessageAttributes"]["undelivered_because"]["StringValue"]
    assert because.startswith("UnreadableRow")


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(error("ThrottlingException", 400), id="throttled"),
        pytest.param(error("InternalServerError", 500), id="500"),
        pytest.param(
            Garbled(service="dynamodb", operation="GetItem", status=200, what="no body"),
            id="garbled",
        ),
    ],
)
def test_a_table_that_fails_costs_a_try_and_no_page(wrong, failure):
    wrong.stream()
    whole = wrong.pager._store._client
    wrong.pager._store._client = Mock(wraps=whole)
    wrong.pager._store._client.get_item.side_effect = failure
    assert len(wrong.page()) == 1
    wrong.pager._store._client = whole
    visible_again(wrong)
    assert wrong.page() == []
    assert wrong.pagerduty.actions == ["trigger"]
    assert wrong.undelivered() == []


def test_the_handler_counts(wrong, monkeypatch, capsys):
    monkeypatch.setattr(app, "_pager", [wrong.pager])
    wrong.stream()
    answer = app.handler({"Records": wrong.waiting()}, context())
    assert answer == {"batchItemFailures": []}
    said = capsys.readouterr().out
    assert '"PagesSent":[1.0]' in said
    assert '"Dimensions":[["stack","service"]]' in said.replace(
        'service","stack', 'stack","service'
    )


# -- the endpoint -------------------------------------------------------------------------------------


def test_endpoints():
    assert endpoint_of("US") == "https://events.pagerduty.com/v2/enqueue"
    assert endpoint_of("EU") == "https://events.eu.pagerduty.com/v2/enqueue"
    for pasted in ("", "/", "/v2/enqueue/", "/integration/k/enqueue"):
        whole = f"https://events.eu.pagerduty.com{pasted}"
        assert endpoint_of(whole) == "https://events.eu.pagerduty.com/v2/enqueue"
    assert endpoint_of("https://proxy.example.com/x/") == "https://proxy.example.com/x/"
    assert endpoint_of("http://127.0.0.1:8080/x") == "http://127.0.0.1:8080/x"


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "ftp://127.0.0.1/", "XX", "", "file:///etc/passwd", "https://"]
)
def test_an_endpoint_in_clear_is_refused(url):
    with pytest.raises(ValueError, match="https"):
        endpoint_of(url)


def test_a_redirect_is_not_followed(pagerduty):
    pagerduty.script = [(302, {"Location": pagerduty.url}, {})]
    assert EventsApi(pagerduty.url).send({}).status == 302
    assert len(pagerduty.asked) == 1


def test_other_refusals_are_final():
    assert not Reply(404).may_be_cured
    assert Reply(0).may_be_cured
