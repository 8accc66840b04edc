"""Topic → queue → pager: one page for a problem, resolved with it, whatever happens on the way."""

from __future__ import annotations

import json
from unittest.mock import Mock

import pytest

from functions.pagerduty import app
from readiness import Severity, Status
from readiness.alerting.pagerduty import EventsApi, Reply, endpoint_of
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
    assert wrong.pagerduty.actions == ["resolve"], "it is over: nobody is woken"


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
    assert pipeline.pagerduty.actions == [*["trigger"] * count, "resolve"]
    assert pipeline.pagerduty.incidents == {}


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.MEDIUM])
def test_a_page_is_resolved_though_less_would_not_page_any_more(pipeline, severity):
    pipeline.baseline_is_over()
    pipeline.environment["PAGERDUTY_LOWEST_SEVERITY"] = str(severity)
    pipeline.pager = pipeline.a_pager()
    pipeline.record(finding(severity=severity))
    pipeline.stream()
    pipeline.page()
    assert len(pipeline.pagerduty.incidents) == 1
    pipeline.environment["PAGERDUTY_LOWEST_SEVERITY"] = "CRITICAL"
    pipeline.pager = pipeline.a_pager()
    pipeline.record(finding(GOOD, after(1), severity=severity))
    pipeline.stream()
    pipeline.page()
    assert pipeline.pagerduty.incidents == {}


def test_the_page_of_lasting_blindness_is_resolved_when_it_ends(pipeline):
    pipeline.baseline_is_over()
    pipeline.environment["PAGERDUTY_LOWEST_SEVERITY"] = "LOW"
    pipeline.pager = pipeline.a_pager()
    for hours in (0, 25):
        pipeline.record(finding(Status.INSUFFICIENT_DATA, after(hours=hours)))
    pipeline.stream()
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

    wrong.pager._api = Overtaken()
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
        _visible_again(wrong)
    assert rounds == len(outage)
    assert len(wrong.pagerduty.incidents) == 1
    assert wrong.set_aside() == []


def _visible_again(pipeline):
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
    _visible_again(wrong)
    assert wrong.page() == []
    assert len(wrong.pagerduty.incidents) == 1


@pytest.fixture
def many(pipeline):
    pipeline.baseline_is_over()
    pipeline.record(*(finding(resource=bucket(n)) for n in range(5)))
    pipeline.stream()
    return pipeline


def spied(pipeline):
    spy = Mock(wraps=pipeline.sqs)
    pipeline.pager._sqs = spy
    return lambda: [
        call.kwargs["VisibilityTimeout"] for call in spy.change_message_visibility.mock_calls
    ]


def test_after_429_the_rest_of_the_batch_is_left_alone(many):
    many.pagerduty.script = [202, (429, {"Retry-After": "77"}, {})]
    pauses = spied(many)
    assert len(many.page()) == 4
    assert len(many.pagerduty.asked) == 2
    assert pauses() == [77, 77, 77, 77], "Retry-After is honoured"


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


def test_a_refused_event_is_never_sent_again(many):
    many.pagerduty.script = [(400, {}, {"errors": ["summary is missing"]})]
    assert many.page() == []
    assert len(many.pagerduty.incidents) == 4
    assert many.waiting() == []


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
    _visible_again(many)
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
    with pytest.raises(app.NoRoutingKey, match="`readiness pagerduty-key` writes it"):
        app.RoutingKey(wrong.secrets, "empty").get()


def test_an_unreadable_secret_loses_nothing(wrong):
    denied = Mock()
    denied.get_secret_value.side_effect = error("AccessDeniedException", 403)
    wrong.pager._key = app.RoutingKey(denied, "key")
    wrong.stream()
    assert len(wrong.page()) == 1
    with pytest.raises(app.NoRoutingKey, match="AccessDeniedException"):
        wrong.pager._key.get()


def test_the_key_is_cached_for_five_minutes_and_never_logged(many, monkeypatch, caplog):
    reads = Mock(wraps=many.secrets)
    many.pager._key = app.RoutingKey(reads, "key")
    many.page()
    assert reads.get_secret_value.call_count == 1
    now = app.time.monotonic()
    monkeypatch.setattr(app.time, "monotonic", lambda: now + 301)
    many.pager._key.get()
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
    ],
)
def test_poison_is_set_aside_and_harms_no_other(wrong, poison):
    wrong.put(poison)
    wrong.stream()
    assert wrong.page() == []
    assert wrong.set_aside() == [poison]
    assert wrong.pagerduty.actions == ["trigger"]


def test_the_handler_counts(wrong, monkeypatch, capsys):
    monkeypatch.setattr(app, "_pager", [wrong.pager])
    wrong.stream()
    answer = app.handler({"Records": wrong.waiting()}, context())
    assert answer == {"batchItemFailures": []}
    assert '"PagesSent":[1.0]' in capsys.readouterr().out


# -- the endpoint -------------------------------------------------------------------------------------


def test_endpoints():
    assert endpoint_of("US") == "https://events.pagerduty.com/v2/enqueue"
    assert endpoint_of("EU") == "https://events.eu.pagerduty.com/v2/enqueue"
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
