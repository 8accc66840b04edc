"""The stack goes, and nothing of it stays open at PagerDuty."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import Mock

import pytest
from botocore.exceptions import EndpointConnectionError

from functions.pagerduty import app, deletion, parameters
from functions.pagerduty.in_time import InTime
from functions.pagerduty.watchers import Watchers
from readiness import Severity
from readiness.alerting.incidents import Incident, Incidents
from readiness.alerting.resolving import Resolver
from readiness.model.resource import Resource
from tests import deployed
from tests.fake_account import error
from tests.findings import after, finding
from tests.pipeline.standins import context

TIME_FOR_ONE = [120_000] * 3 + [0]
STACK = "arn:aws:cloudformation:us-east-1:111122223333:stack/readiness/0c1d"


@pytest.fixture
def cloudformation():
    """Where CloudFormation waits for the answer of a custom resource."""
    answers, sizes = [], []

    class Desk(BaseHTTPRequestHandler):
        def do_PUT(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answers.append((self.headers.get("Content-Type"), json.loads(body)))
            sizes.append(len(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    server.answers, server.sizes = answers, sizes
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def asks(pipeline, cloudformation, monkeypatch):
    """Invoke the forwarder as CloudFormation does."""
    monkeypatch.setattr(app, "_pager", [pipeline.pager])
    monkeypatch.setattr("readiness.alerting.resolving.PACE_SECONDS", 0)
    monkeypatch.setattr("readiness.alerting.resolving.PAUSE_SECONDS", 0)
    monkeypatch.setattr("functions.pagerduty.watchers.DELIVERY_SECONDS", 0)

    def ask(kind, left=(), id="", stack=STACK, **properties):
        given, clock = list(left) or [120_000], context()
        clock.get_remaining_time_in_millis = lambda: given.pop(0) if given[1:] else given[0]
        event = {
            "RequestType": kind,
            "ResponseURL": f"http://127.0.0.1:{cloudformation.server_port}/answer",
            "StackId": stack,
            "RequestId": "r",
            "LogicalResourceId": "OpenIncidents",
            "ResourceProperties": {"ServiceToken": "arn", **properties},
        } | ({"PhysicalResourceId": id} if id else {})
        app.handler(event, clock)
        content_type, body = cloudformation.answers[-1]
        assert content_type == "", "the URL is signed for that"
        assert (body["StackId"], body["RequestId"]) == (stack, "r")
        assert body["PhysicalResourceId"]
        return body["Status"], body["Reason"]

    return ask


@pytest.fixture
def paged(pipeline):
    """Three findings that paged, one that did not."""
    pipeline.baseline_is_over()
    for number, severity in enumerate(["CRITICAL", "HIGH", "HIGH", "LOW"]):
        resource = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", f"b{number}")
        pipeline.record(finding(resource=resource, severity=Severity(severity)))
    pipeline.stream()
    pipeline.page()
    assert len(pipeline.pagerduty.incidents) == 3
    return pipeline


def test_what_is_open_is_resolved_with_its_payload(paged, asks):
    assert asks("Delete") == ("SUCCESS", "Done")
    assert paged.pagerduty.incidents == {}
    assert paged.pagerduty.actions == ["trigger"] * 3 + ["resolve"] * 3
    assert paged.pagerduty.taken[-1]["payload"]["class"] == "encryption.s3-kms"
    assert list(paged.pager._incidents.all()) == []


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_making_and_updating_touch_nothing(paged, asks, kind):
    assert asks(kind) == ("SUCCESS", "Done")
    assert len(paged.pagerduty.incidents) == 3


GOOD = {
    "QuietHours": "22:00-07:00",
    "QuietTimeZone": "Europe/Berlin",
    "QuietBelow": "HIGH",
    "PagerDutyRoutes": '{"owner=payments": "payments", "heading=IAM*": "security"}',
    "Settings": '{"encryption.s3-kms": {"require_bucket_key": true}, "alarms": {"max_mute_hours": 1}}',
    "SweepSchedule": "rate(6 hours)",
    "SweepOverdueAfterHours": "13",
}


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("QuietHours", "24:00-07:00", "'24:00-07:00' is not HH:MM-HH:MM"),
        ("QuietHours", "07:00-07:00", "'07:00-07:00' would be the whole day"),
        ("QuietTimeZone", "Europe/Berlinn", "'Europe/Berlinn' is no time zone"),
        ("QuietTimeZone", "Europe", "'Europe' is no time zone"),
        ("QuietBelow", "URGENT", "'URGENT' is no severity"),
        ("PagerDutyRoutes", '{"owner=a": }', "it is not JSON"),
        ("PagerDutyRoutes", '{"team=a": "b"}', "'team=a' is not owner="),
        ("PagerDutyRoutes", '{"heading=iam_role": "b"}', "there is no heading 'iam_role'"),
        ("Settings", "{", "the settings are not JSON"),
        pytest.param(
            "Settings",
            f'{{"a": {"[" * 2000}{"]" * 2000}}}',
            "the settings are not JSON",
            id="settings too deep to be read",
        ),
        pytest.param(
            "PagerDutyRoutes",
            f'{{"owner=a": {"[" * 2000}{"]" * 2000}}}',
            "it is not JSON",
            id="routes too deep to be read",
        ),
        ("Settings", "[]", "the settings must be an object"),
        ("Settings", '{"alarms": 10}', "the settings of 'alarms' must be an object"),
        (
            "Settings",
            '{"encryption.s3-kmz": {}}',
            "there is no rule or heading 'encryption.s3-kmz'",
        ),
        ("Settings", '{"encrypt": {}}', "there is no rule or heading 'encrypt'"),
        ("Settings", '{"encryption.s3-kms": {"bucket_key": true}}', "no setting 'bucket_key'"),
        (
            "Settings",
            '{"alarms": {"require_bucket_key": true}}',
            "no setting 'require_bucket_key'",
        ),
        ("SweepSchedule", "rate(1 day)", "rate(1 day) leaves more than 13 hours"),
        ("SweepSchedule", "rate(1 day)", "raise it to 24, or sweep more often"),
        ("SweepSchedule", "rate(781 minutes)", "raise it to 14, or sweep more often"),
        ("SweepOverdueAfterHours", "5.5", "rate(6 hours) leaves more than 5.5 hours"),
        ("SweepSchedule", "cron(0 3 * * ? *)", "raise it to 24, or sweep more often"),
        ("SweepSchedule", "cron(0 6,18 ? * MON-FRI *)", "raise it to 60, or sweep more often"),
        ("SweepSchedule", "cron(0 3 1 * ? *)", "nothing is wrong: sweep more often"),
        ("SweepSchedule", "cron(0 3 29 2 ? *)", "nothing is wrong: sweep more often"),
    ],
)
def test_parameters_that_make_no_sense_fail_the_deployment(asks, kind, name, value, said):
    assert asks(kind, **GOOD) == ("SUCCESS", "Done")
    status, reason = asks(kind, **GOOD | {name: value})
    assert status == "FAILED"
    assert name in reason
    assert said in reason
    assert asks("Delete", **GOOD | {name: value}) == ("SUCCESS", "Done")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="a template from before they were tried"),
        pytest.param({"QuietHours": "", "QuietTimeZone": "Asia/Kathmandu"}, id="a zone alone"),
        pytest.param({"Settings": " {}\n", "PagerDutyRoutes": "{}"}, id="nothing changed"),
        pytest.param(
            {"SweepSchedule": "rate(780 minutes)", "SweepOverdueAfterHours": "13"}, id="just"
        ),
        pytest.param(
            {"SweepSchedule": "cron(30 2/6 * * ? *)", "SweepOverdueAfterHours": "6"}, id="at times"
        ),
        pytest.param(
            {"SweepSchedule": "cron(0 3 * * ? 2030)", "SweepOverdueAfterHours": "2"},
            id="a schedule of one year, whose gaps are not known",
        ),
    ],
)
def test_parameters_that_make_sense_are_taken(asks, given):
    assert asks("Create", **given) == ("SUCCESS", "Done")


@pytest.mark.parametrize("hours", ["", "22:00-07:00"])
def test_the_time_zone_is_tried_without_quiet_hours_too(asks, hours):
    """The digest goes by it."""
    status, reason = asks("Update", QuietHours=hours, QuietTimeZone="Mars/Olympus")
    assert (status, "QuietTimeZone" in reason) == ("FAILED", True)


def test_the_custom_resource_gets_every_parameter_that_is_tried():
    template = deployed.resource("OpenIncidents")
    assert set(GOOD) <= set(template)


def test_a_sweep_is_overdue_after_what_the_template_takes_at_most():
    taken = deployed.committed()["Parameters"]["SweepOverdueAfterHours"]
    assert taken["MaxValue"] == parameters.MOST_OVERDUE


@pytest.mark.parametrize(
    ("lost", "left"), [("resource", 0), ("rule", 0), ("told_at", 0), ("dedup_key", 1)]
)
def test_a_mark_that_cannot_be_read_keeps_no_other_open(paged, asks, caplog, lost, left):
    first, *_ = paged.pager._incidents.all()
    paged.dynamodb.update_item(
        TableName="Transitions",
        Key={
            "finding_id": {"S": f"incidents#{first.finding_id[0]}"},
            "at": {"S": first.finding_id},
        },
        UpdateExpression="REMOVE #n",
        ExpressionAttributeNames={"#n": lost},
    )
    assert asks("Delete")[0] == "SUCCESS"
    assert len(paged.pagerduty.incidents) == left
    said = [record.row for record in caplog.records if hasattr(record, "row")]
    assert said == [f"incident {first.finding_id}"] * left


def test_a_finding_that_cannot_be_read_now_keeps_no_incident_open(paged, asks, monkeypatch):
    monkeypatch.setattr(paged.store, "get", Mock(side_effect=error("InternalServerError", 500)))
    assert asks("Delete") == ("SUCCESS", "Done")
    assert paged.pagerduty.incidents == {}


def test_marks_that_cannot_be_listed_now_are_listed_again(paged, asks, monkeypatch):
    listed = paged.pager._incidents._client.query
    failing = Mock(side_effect=[error("InternalServerError", 500)])
    monkeypatch.setattr(paged.pager._incidents._client, "query", failing)
    with pytest.raises(deletion.StillOpen, match="InternalServerError"):
        asks("Delete")
    monkeypatch.setattr(paged.pager._incidents._client, "query", listed)
    assert asks("Delete") == ("SUCCESS", "Done")
    assert paged.pagerduty.incidents == {}


def test_what_would_be_opened_meanwhile_waits_and_opens_where_the_stack_stays(paged, asks):
    asks("Delete")
    other = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "late")
    paged.record(finding(at=after(1), resource=other))
    paged.stream()
    assert len(paged.page()) == 1
    assert paged.pagerduty.incidents == {}
    asks("Update")
    assert not paged.pager._incidents.is_closing()


@pytest.mark.parametrize("is_told_already", [False, True])
def test_a_page_on_its_way_while_the_incidents_are_ended_is_taken_back(
    paged, asks, is_told_already
):
    """Nobody would resolve it: the deletion has looked for what is open already."""
    resource = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "late")
    if is_told_already:
        [mark, *_] = paged.pager._incidents.all()
        paged.put({"resource": mark.resource, "rule": mark.rule})
    else:
        paged.record(finding(at=after(1), resource=resource))
        paged.stream()
    send = paged.pager._sender.api.send

    def late(event):
        paged.pager._sender.api.send = send
        asks("Delete")
        return send(event)

    paged.pager._sender.api.send = late
    assert len(paged.page()) == 1, "it waits, should the stack stay"
    assert paged.pagerduty.incidents == {}


def test_what_the_time_does_not_allow_is_tried_again_and_never_refuses_the_deletion(paged, asks):
    with pytest.raises(deletion.StillOpen, match="2 incidents"):
        asks("Delete", TIME_FOR_ONE)
    with pytest.raises(deletion.StillOpen, match="1 incident could"):
        asks("Delete", TIME_FOR_ONE)
    assert asks("Delete") == ("SUCCESS", "Done")
    assert paged.pagerduty.incidents == {}


def test_the_last_attempt_answers_whatever_is_left(paged, asks):
    paged.pager._incidents.close(until=after())
    paged.pager._incidents.close(until=after())
    status, reason = asks("Delete", TIME_FOR_ONE)
    assert status == "SUCCESS"
    assert "2 incidents could not be resolved" in reason


def test_without_progress_the_deletion_goes_on_at_once(paged, asks):
    paged.pagerduty.script = [503] * app.DELETION_TRIES
    status, reason = asks("Delete")
    assert status == "SUCCESS"
    assert "3 incidents could not be resolved" in reason
    assert len(paged.pagerduty.incidents) == 3
    assert asks("Delete", [0])[0] == "SUCCESS"


@pytest.fixture
def watched(paged):
    """The messages to those who watch Readiness."""
    return lambda: [m for m in paged.published if m["TopicArn"] == paged.watchers]


def test_what_is_left_open_is_told_to_the_watchers(paged, asks, watched):
    """The log group goes with the stack, and CloudFormation shows no reason of a success."""
    paged.pagerduty.script = [202] + [503] * app.DELETION_TRIES
    asks("Delete")
    [said] = watched()
    left = sorted(paged.pagerduty.incidents)
    assert len(left) == 2
    assert said["Subject"] == "Readiness: incidents left open at PagerDuty (2)"
    assert sorted(re.findall("readiness:[0-9a-f]{64}", said["Message"])) == left
    assert "PagerDuty answered 503" in said["Message"]


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_where_nothing_is_left_open_nobody_is_told(paged, asks, watched, kind):
    assert asks(kind) == ("SUCCESS", "Done")
    assert watched() == []


def test_what_is_tried_again_is_not_told_yet(paged, asks, watched):
    with pytest.raises(deletion.StillOpen):
        asks("Delete", TIME_FOR_ONE)
    assert watched() == []


def test_marks_that_cannot_be_listed_are_told_without_a_number(paged, asks, watched, monkeypatch):
    monkeypatch.setattr(Incidents, "all", Mock(side_effect=RuntimeError("odd")))
    asks("Delete")
    [said] = watched()
    assert said["Subject"].endswith("(number unknown)")


@pytest.mark.parametrize(
    "failure", [error("AuthorizationError", 403), EndpointConnectionError(endpoint_url="x")]
)
def test_watchers_who_cannot_be_told_do_not_keep_the_stack(paged, asks, caplog, failure):
    paged.pagerduty.script = [503] * app.DELETION_TRIES
    paged.sns = Mock()
    paged.sns.publish.side_effect = failure
    assert asks("Delete")[0] == "SUCCESS"
    assert "the watchers could not be told" in caplog.text


@pytest.mark.parametrize(("remaining", "waits"), [(120_000, 5.0), (14_000, 2.0), (3_000, 0.0)])
def test_the_topic_stays_until_the_message_may_have_been_delivered(remaining, waits):
    """And CloudFormation gets its answer before the function's time is over."""
    waited = []
    Watchers(Mock(), "topic", lambda: remaining, waited.append).left_open("s", "why", [], 1)
    assert waited == [waits]


@pytest.fixture
def hangs(monkeypatch):
    """Let a call get no answer for as long as the test lasts."""
    over = threading.Event()

    def hang(*_, **__):
        over.wait()
        raise EndpointConnectionError(endpoint_url="x")

    yield lambda owner, name: monkeypatch.setattr(owner, name, hang)
    over.set()


LITTLE, LOTS = int(deletion.TO_TELL * 1000) + 50, 120_000


@pytest.mark.parametrize(
    ("owner", "name", "left"),
    [
        (Incidents, "close", [LITTLE, LOTS]),
        (Incidents, "all", [LOTS, LITTLE]),
        (Resolver, "_told", [LOTS, LITTLE, LOTS]),
    ],
)
def test_whatever_hangs_the_last_attempt_answers_in_time(
    paged, asks, watched, hangs, owner, name, left
):
    if name != "close":
        for _ in range(2):
            paged.pager._incidents.close(until=after())
    hangs(owner, name)
    status, reason = asks("Delete", left)
    assert status == "SUCCESS"
    assert "there was no answer within" in reason
    [said] = watched()
    assert said["Subject"].endswith("(number unknown)" if name == "all" else "(3)")


def test_a_topic_that_hangs_does_not_keep_the_stack(paged, asks, hangs, monkeypatch, caplog):
    monkeypatch.setattr(Incidents, "all", Mock(side_effect=RuntimeError("odd")))
    hangs(Watchers, "left_open")
    left = [LOTS] * 3 + [int(deletion.TO_ANSWER * 1000) + 50]
    assert asks("Delete", left)[0] == "SUCCESS"
    assert "the watchers could not be told" in caplog.text


def test_a_timeout_of_the_work_itself_is_its_own():
    work = Mock(side_effect=TimeoutError("its own"))
    with pytest.raises(TimeoutError, match="its own"):
        InTime(lambda: LOTS).do(work, 0)


def test_what_hangs_is_tried_again_first(paged, asks, hangs):
    hangs(Resolver, "_told")
    with pytest.raises(deletion.StillOpen, match="no answer within"):
        asks("Delete", [LOTS, LITTLE, LOTS])


def test_many_that_are_left_open_fit_into_one_message(paged):
    left = [
        Incident(f"{n:012x}", "r" * 2000, "x" * 500, f"readiness:{n:064x}") for n in range(5000)
    ]
    sns = Mock()
    Watchers(lambda: sns, "topic", lambda: 0).left_open("s" * 128, "漢" * 10_000, left, 7)
    said = sns.publish.call_args.kwargs
    assert len(said["Message"].encode()) < 262_144
    assert "and 4900 more" in said["Message"]
    assert len(said["Subject"]) < 100


def test_too_many_at_once_are_resolved_all_the_same(paged, asks):
    paged.pagerduty.script = [202, (429, {"Retry-After": "0"}, {}), 503]
    assert asks("Delete") == ("SUCCESS", "Done")
    assert paged.pagerduty.incidents == {}


def test_a_missing_key_or_a_failing_table_does_not_keep_the_stack(paged, asks):
    paged.secrets.put_secret_value(SecretId="key", SecretString="{}")
    paged.key._key = ""
    assert asks("Delete")[0] == "SUCCESS"
    paged.pager._incidents._client = Mock()
    for call in ("get_item", "put_item", "update_item"):
        getattr(paged.pager._incidents._client, call).side_effect = error(
            "AccessDeniedException", 400
        )
    assert "AccessDenied" in asks("Delete")[1]


def test_a_refused_making_that_is_rolled_back_leaves_the_incidents_of_the_stack(
    paged, asks, cloudformation
):
    """CloudFormation deletes what it could not make, also in an update of a stack that stays."""
    before = dict(paged.pagerduty.incidents)
    assert asks("Create", QuietHours="whenever")[0] == "FAILED"
    made = cloudformation.answers[-1][1]["PhysicalResourceId"]
    assert asks("Delete", id=made) == ("SUCCESS", "Done")
    assert paged.pagerduty.incidents == before
    assert not paged.pager._incidents.is_closing()
    assert asks("Delete", id=made.removesuffix(deletion.REFUSED)) == ("SUCCESS", "Done")
    assert paged.pagerduty.incidents == {}


def test_an_update_that_is_refused_stays_the_resource_it_was(paged, asks, cloudformation):
    assert asks("Update", id="incidents/s", QuietHours="whenever")[0] == "FAILED"
    assert cloudformation.answers[-1][1]["PhysicalResourceId"] == "incidents/s"
    asks("Delete", id="incidents/s")
    assert paged.pagerduty.incidents == {}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("UPDATE_ROLLBACK_IN_PROGRESS", "SUCCESS"),
        ("IMPORT_ROLLBACK_IN_PROGRESS", "SUCCESS"),
        ("UPDATE_IN_PROGRESS", "FAILED"),
        ("CREATE_IN_PROGRESS", "FAILED"),
    ],
)
def test_a_rollback_to_parameters_that_are_refused_by_now_is_not_refused(
    pipeline, asks, status, said
):
    """A newer version lacks a rule that they name, and an update of something else failed."""
    pipeline.stack_is(status)
    assert asks("Update", id="incidents/s", Settings='{"encryption.gone": {}}')[0] == said
    pipeline.cloudformation.describe_stacks.assert_called_once_with(StackName="readiness")


@pytest.mark.parametrize("failure", [error("AccessDenied", 403), error("Throttling", 400)])
def test_where_it_cannot_be_told_a_rollback_is_taken_for_an_update(pipeline, asks, failure):
    pipeline.cloudformation.describe_stacks.side_effect = failure
    assert asks("Update", id="incidents/s", QuietHours="whenever")[0] == "FAILED"


def test_only_what_is_refused_or_deleted_asks_for_the_state_of_the_stack(pipeline, asks):
    assert asks("Update", id="incidents/s", **GOOD)[0] == "SUCCESS"
    assert not pipeline.cloudformation.describe_stacks.called


@pytest.mark.parametrize("status", ["DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"])
def test_with_the_stack_the_incidents_end(paged, asks, status):
    paged.stack_is(status)
    assert asks("Delete", id="incidents/s") == ("SUCCESS", "Done")
    assert paged.pagerduty.incidents == {}


@pytest.mark.parametrize(
    "status",
    [
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
    ],
)
def test_a_stack_that_loses_the_resource_and_stays_keeps_its_incidents(paged, asks, status):
    """The rollback of an upgrade from a version without it: the findings are still open."""
    paged.stack_is(status)
    assert asks("Delete", id="incidents/s") == ("SUCCESS", "Done")
    assert len(paged.pagerduty.incidents) == 3
    assert not paged.pager._incidents.is_closing()


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_FAILED"]
)
def test_nobody_but_cloudformation_ends_all_incidents(paged, asks, cloudformation, status):
    """Whoever may invoke any function would stop every page for an hour."""
    paged.stack_is(status)
    with pytest.raises(deletion.NotDeleting):
        asks("Delete", id="incidents/s")
    assert len(paged.pagerduty.incidents) == 3
    assert not paged.pager._incidents.is_closing()
    assert cloudformation.answers == []


@pytest.mark.parametrize(
    "stack",
    [
        pytest.param(STACK.replace("readiness", "other"), id="another one"),
        pytest.param(STACK.replace("us-east-1", "eu-west-1"), id="elsewhere"),
        pytest.param(STACK.replace("111122223333", "999999999999"), id="of a stranger"),
        pytest.param("", id="none"),
    ],
)
def test_a_stack_that_may_not_be_asked_about_ends_no_incidents_of_this_one(paged, asks, stack):
    """The role reads this stack alone: asked about any other, it would learn nothing."""

    def describe_stacks(**params):
        if params["StackName"] != "readiness":
            raise error("AccessDenied", 403)
        return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE"}]}

    paged.cloudformation.describe_stacks = describe_stacks
    with pytest.raises(deletion.NotDeleting):
        asks("Delete", stack=stack)
    assert len(paged.pagerduty.incidents) == 3


@pytest.mark.parametrize(
    ("failure", "ends"),
    [
        (error("ValidationError"), False),
        (error("AccessDenied", 403), True),
        (error("Throttling"), True),
        (error("InternalFailure", 500), True),
    ],
)
def test_a_deletion_whose_stack_cannot_be_seen_is_one_unless_there_is_no_such_stack(
    paged, asks, failure, ends
):
    paged.cloudformation.describe_stacks.side_effect = failure
    if ends:
        assert asks("Delete", id="incidents/s") == ("SUCCESS", "Done")
    else:
        with pytest.raises(deletion.NotDeleting):
            asks("Delete", id="incidents/s")
    assert bool(paged.pagerduty.incidents) is not ends


def test_a_bug_in_the_trial_is_answered_at_once(asks, monkeypatch):
    """CloudFormation would wait a quarter of an hour, and say that nothing answered."""
    monkeypatch.setattr(deletion, "refused", Mock(side_effect=KeyError("odd")))
    status, reason = asks("Update", id="incidents/s")
    assert (status, "could not be tried: KeyError" in reason) == ("FAILED", True)


@pytest.mark.parametrize("text", ["x", "漢", '"', "😀", "\x00\u202e"])
def test_an_answer_is_never_larger_than_what_cloudformation_takes(asks, cloudformation, text):
    status, reason = asks("Create", PagerDutyRoutes=text * 4096, QuietHours=text * 4096)
    assert status == "FAILED"
    assert reason.isprintable()
    assert cloudformation.sizes[-1] < 4096 - 1000


@pytest.mark.parametrize("unforeseen", [RuntimeError("odd"), KeyError("odd"), RecursionError()])
def test_whatever_fails_cloudformation_gets_its_answer(paged, asks, monkeypatch, unforeseen):
    monkeypatch.setattr(Incidents, "all", Mock(side_effect=unforeseen))
    status, reason = asks("Delete")
    assert status == "SUCCESS"
    assert type(unforeseen).__name__ in reason


def test_the_answer_goes_nowhere_in_clear(pipeline):
    event = {"RequestType": "Create", "ResponseURL": "http://example.com/"}
    with pytest.raises(ValueError, match="https"):
        deletion.answer(event, Mock(), Mock(), Mock(), Mock(), Mock())
