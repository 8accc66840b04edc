"""What new rules, new versions of rules and our own functions find is told once, and pages nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest

from functions.alerts import app
from readiness import Severity, Status
from readiness.engine.attribute_values import serialise
from readiness.engine.own_stack import OwnStack
from readiness.engine.sweeps import LONGEST_BASELINE, Sweeps
from readiness.model.finding import iso
from readiness.model.resource import Resource
from tests.fake_account import error
from tests.findings import after, finding
from tests.pipeline.standins import context
from tests.tables import TRANSITIONS

WHERE = "111122223333/us-east-1"
KMS, TLS = "encryption.s3-kms", "encryption.s3-tls"
NOW = datetime.now(UTC)


@pytest.fixture
def keyed(pipeline):
    """A pipeline whose alerts know the account and region they are in."""
    pipeline.alerts = app.Alerts(
        pipeline.dynamodb, pipeline.sns, pipeline.environment, where=WHERE
    )
    return pipeline


def told(pipeline):
    return [json.loads(json.loads(m["Message"])["lambda"]) for m in pipeline.published]


def swept(
    pipeline,
    id,
    *,
    release="r1",
    rules=(KMS,),
    unlisted=(),
    started=None,
    enough=lambda: False,
    **result,
):
    answer = {"rules": dict.fromkeys(rules, "AWS::S3::Bucket"), "release": release}
    answer["unlisted"] = list(unlisted)
    heading = {"heading": "encryption", "completed": True, "answer": answer} | result
    started = iso(started or datetime.now(UTC) - timedelta(minutes=10))
    sweep = {"id": id, "headings": [heading], "started_at": started}
    return pipeline.alerts.complete(sweep, *WHERE.split("/"), enough)


def installed(pipeline):
    """The first sweep has completed and told its baseline."""
    swept(pipeline, "sweep-1")
    assert [body["kind"] for body in told(pipeline)] == ["BASELINE"]
    pipeline.published.clear()


def bucket(name):
    return Resource("111122223333", "us-east-1", "AWS::S3::Bucket", name)


def found_by_sweep(rule, name, *, release="r1", minutes=0.0, **changes):
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    return finding(
        at=at, rule=rule, resource=bucket(name), woken_by="sweep", release=release, **changes
    )


def test_a_new_rule_of_an_upgrade_is_told_in_one_digest(keyed):
    keyed.record(found_by_sweep(KMS, "old", minutes=-60))
    keyed.stream()
    installed(keyed)
    keyed.record(*(found_by_sweep(TLS, f"b{n}", release="r2") for n in range(12)))
    keyed.stream()
    swept(keyed, "sweep-2", release="r2", rules=(KMS, TLS))
    [digest] = told(keyed)
    assert digest["kind"] == "BASELINE", "one digest, no page"
    assert digest["rules"] == [TLS]
    assert digest["open"]["HIGH"] == 12
    swept(keyed, "sweep-3", release="r2", rules=(KMS, TLS))
    assert len(told(keyed)) == 1, "told once"
    keyed.record(found_by_sweep(TLS, "new", release="r2"))
    keyed.stream()
    assert told(keyed)[-1]["kind"] == "OPENED", "from here on it pages"


def test_what_a_changed_rule_finds_in_its_first_sweep_is_told_in_one_digest(keyed):
    installed(keyed)
    keyed.record(*(found_by_sweep(KMS, f"b{n}", release="r2") for n in range(5)))
    keyed.stream()
    assert told(keyed) == []
    swept(keyed, "sweep-2", release="r2")
    [digest] = told(keyed)
    assert (digest["kind"], digest["rules"], digest["open"]["HIGH"]) == ("BASELINE", [KMS], 5)


def test_what_a_sweep_found_that_did_not_complete_is_told_by_the_one_that_does(keyed):
    """The first sweep after the upgrade paged nobody for it, and its heading failed."""
    installed(keyed)
    keyed.record(found_by_sweep(KMS, "b", release="r2", minutes=1))
    keyed.stream()
    swept(keyed, "sweep-2", release="r2", completed=False)
    assert told(keyed) == []
    swept(keyed, "sweep-3", release="r2", started=datetime.now(UTC) + timedelta(hours=1))
    [digest] = told(keyed)
    assert (digest["rules"], digest["open"]["HIGH"]) == ([KMS], 1)


def test_it_is_told_also_where_another_upgrade_came_in_between(keyed):
    installed(keyed)
    keyed.record(found_by_sweep(KMS, "b", release="r2", minutes=1))
    keyed.stream()
    swept(keyed, "sweep-2", release="r2", completed=False)
    later = datetime.now(UTC) + timedelta(hours=1)
    swept(keyed, "sweep-3", release="r3", started=later)
    [digest] = told(keyed)
    assert (digest["rules"], digest["open"]["HIGH"]) == ([KMS], 1)


def test_what_an_upgrade_finds_more_severe_is_told(keyed):
    keyed.record(found_by_sweep(KMS, "b", minutes=-60, severity=Severity.MEDIUM))
    keyed.stream()
    installed(keyed)
    keyed.record(found_by_sweep(KMS, "b", release="r2", minutes=1))
    keyed.stream()
    assert told(keyed) == []
    swept(keyed, "sweep-2", release="r2")
    assert told(keyed)[0]["open"]["HIGH"] == 1
    keyed.published.clear()
    later = datetime.now(UTC) + timedelta(hours=1)
    swept(keyed, "sweep-3", release="r3", started=later)
    assert told(keyed) == [], "the next upgrade tells nothing of the last one"


def test_a_sweep_is_recorded_though_there_is_no_time_to_ask_for_every_history(keyed, caplog):
    """Thousands of findings that a new version has written again take longer than Lambda gives."""
    installed(keyed)
    keyed.record(found_by_sweep(KMS, "a", release="r2", minutes=1))
    keyed.stream()
    started = datetime.now(UTC) + timedelta(hours=1)
    swept(keyed, "sweep-2", release="r2", started=started, enough=lambda: True)
    assert told(keyed) == []
    assert "no time to ask" in caplog.text
    [last] = Sweeps(keyed.dynamodb, TRANSITIONS, WHERE).latest(1)
    assert last["trigger"] == "sweep-2"


@pytest.mark.parametrize(
    "swept_before", [True, False], ids=["swept", "rolled back before its sweep"]
)
def test_a_version_that_comes_back_after_a_rollback_is_an_upgrade_again(keyed, swept_before):
    """However long ago it was first heard of; what its first sweep finds again pages nobody."""
    installed(keyed)
    keyed.record(found_by_sweep(KMS, "a", release="r2", minutes=1))
    keyed.stream()
    first = NOW - LONGEST_BASELINE - timedelta(days=1)
    row = {"finding_id": {"S": f"baseline#{WHERE}"}, "at": {"S": KMS}}
    keyed.dynamodb.update_item(
        TableName=TRANSITIONS,
        Key=row,
        UpdateExpression="SET pending_since = :t",
        ExpressionAttributeValues={":t": {"S": iso(first)}},
    )
    if swept_before:
        swept(keyed, "sweep-2", release="r2")
        keyed.published.clear()
    swept(keyed, "sweep-3", release="r1", started=datetime.now(UTC) + timedelta(hours=1))
    assert told(keyed) == []
    keyed.alerts = app.Alerts(keyed.dynamodb, keyed.sns, keyed.environment, where=WHERE)
    keyed.record(found_by_sweep(KMS, "b", release="r2", minutes=2))
    keyed.stream()
    assert told(keyed) == [], "it waits for the digest of the first sweep since"


def test_a_new_rule_that_comes_back_after_a_rollback_is_told_in_one_digest(keyed):
    """The version before has no such rule: its findings end, and are found again afterwards."""
    installed(keyed)
    names = [f"b{n}" for n in range(5)]
    keyed.record(*(found_by_sweep(TLS, name, release="r2") for name in names))
    keyed.stream()
    swept(keyed, "sweep-2", release="r2", rules=(KMS, TLS))
    assert [body["kind"] for body in told(keyed)] == ["BASELINE"]
    swept(keyed, "sweep-3", release="r1", started=datetime.now(UTC) + timedelta(minutes=5))
    away = {"status": Status.NOT_APPLICABLE, "release": "r1", "minutes": 5}
    keyed.record(*(found_by_sweep(TLS, name, **away) for name in names))
    keyed.stream()
    keyed.published.clear()
    keyed.alerts = app.Alerts(keyed.dynamodb, keyed.sns, keyed.environment, where=WHERE)
    keyed.record(*(found_by_sweep(TLS, f"b{n}", release="r2", minutes=10) for n in range(5)))
    keyed.stream()
    assert told(keyed) == []
    started = datetime.now(UTC) + timedelta(minutes=9)
    swept(keyed, "sweep-4", release="r2", rules=(KMS, TLS), started=started)
    [digest] = told(keyed)
    assert (digest["kind"], digest["rules"], digest["open"]["HIGH"]) == ("BASELINE", [TLS], 5)


def test_an_upgrade_that_finds_nothing_says_nothing(keyed):
    installed(keyed)
    keyed.record(found_by_sweep(KMS, "known", minutes=-60))
    swept(keyed, "sweep-2", release="r2")
    assert [body["kind"] for body in told(keyed)] == []


def test_what_an_event_finds_during_an_upgrade_pages(keyed):
    installed(keyed)
    seen = found_by_sweep(KMS, "b", release="r2", minutes=1).but(woken_by="event")
    keyed.record(seen)
    keyed.stream()
    assert [body["kind"] for body in told(keyed)] == ["OPENED"]


def test_what_is_critical_never_waits(keyed):
    installed(keyed)
    keyed.record(
        found_by_sweep(TLS, "a", release="r2", severity=Severity.CRITICAL),
        found_by_sweep(KMS, "b", release="r2", severity=Severity.CRITICAL),
    )
    keyed.stream()
    assert [body["kind"] for body in told(keyed)] == ["OPENED", "OPENED"]


def test_what_the_first_sweep_of_a_version_found_stays_in_its_digest_when_the_stream_is_late(
    keyed,
):
    installed(keyed)
    keyed.record(found_by_sweep(KMS, "b", release="r2"))
    swept(keyed, "sweep-2", release="r2")
    keyed.stream()
    assert [body["kind"] for body in told(keyed)] == ["BASELINE"]


def test_a_type_that_could_not_be_listed_ends_no_baseline(keyed):
    swept(keyed, "sweep-1", unlisted=["AWS::S3::Bucket"])
    keyed.record(found_by_sweep(KMS, "b", minutes=1))
    keyed.stream()
    assert told(keyed) == []
    assert not Sweeps(keyed.dynamodb, TRANSITIONS, WHERE).baseline_ended(KMS)


def test_a_digest_that_failed_is_told_again(keyed):
    installed(keyed)
    keyed.record(found_by_sweep(TLS, "b", release="r2"))
    whole, keyed.alerts._topics.sns = keyed.alerts._topics.sns, Mock()
    keyed.alerts._topics.sns.publish.side_effect = error("InternalError", 500)
    started = datetime.now(UTC) - timedelta(minutes=1)
    with pytest.raises(Exception, match="refused"):
        swept(keyed, "sweep-2", release="r2", rules=(KMS, TLS), started=started)
    keyed.alerts._topics.sns = whole
    swept(keyed, "sweep-2", release="r2", rules=(KMS, TLS), started=started)
    assert told(keyed)[-1]["rules"] == [TLS]


def test_a_rule_that_no_sweep_completes_leaves_its_baseline_by_time(keyed):
    sweeps = Sweeps(keyed.dynamodb, TRANSITIONS, WHERE)
    assert sweeps.baseline_ended(KMS, NOW) == ""
    assert sweeps.baseline_ended(KMS, NOW + LONGEST_BASELINE - timedelta(minutes=1)) == ""
    assert not sweeps.swept_since(KMS, "r1", NOW)
    assert not sweeps.swept_since(KMS, "r1", NOW + LONGEST_BASELINE - timedelta(minutes=1))
    ended = iso(NOW + LONGEST_BASELINE)
    assert sweeps.baseline_ended(KMS, NOW + LONGEST_BASELINE) == ended
    assert sweeps.swept_since(KMS, "r1", NOW + LONGEST_BASELINE) == ended
    keyed.record(found_by_sweep(KMS, "b", minutes=3 * 24 * 60))
    keyed.alerts._sweeps = sweeps
    keyed.stream()
    assert [body["kind"] for body in told(keyed)] == ["OPENED"]


def test_what_an_earlier_version_swept_is_past_its_baseline(keyed):
    """It kept one row for a heading, under a key that all accounts and regions shared."""
    old = Sweeps(keyed.dynamodb, TRANSITIONS)
    old.end_baseline("encryption", after(-60), "sweep-0")
    keyed.record(found_by_sweep(KMS, "b").but(woken_by="event"))
    keyed.stream()
    assert [body["kind"] for body in told(keyed)] == ["OPENED"]
    answer = swept(keyed, "sweep-1", started=datetime.now(UTC) + timedelta(hours=1))
    assert answer["baseline_ended"] == []
    assert len(told(keyed)) == 1, "what was open before is no news"


def test_accounts_and_regions_have_rows_of_their_own(keyed):
    installed(keyed)
    ids = {i["finding_id"]["S"] for i in keyed.dynamodb.scan(TableName=TRANSITIONS)["Items"]}
    assert {f"sweep#{WHERE}", f"baseline#{WHERE}"} <= ids
    assert not Sweeps(keyed.dynamodb, TRANSITIONS, "other/region").baseline_ended(KMS)


# -- how long no sweep completed ----------------------------------------------------------------------


def test_the_missed_sweep_counts_from_the_installation_on(keyed, capsys):
    keyed.alerts.republish(context())
    app.metrics.flush_metrics()
    assert '"HoursWithoutSweep":[0.0]' in capsys.readouterr().out
    sweeps = Sweeps(keyed.dynamodb, TRANSITIONS, WHERE)
    later = datetime.now(UTC) + timedelta(hours=14)
    assert 13.9 < sweeps.hours_without(later) < 14.1
    sweeps.complete("s1", later, completed=["encryption"], failed=["iam_roles"])
    assert sweeps.hours_without(later) > 13, "not all headings were swept"
    sweeps.complete("s2", later, completed=["encryption"], failed=[])
    assert sweeps.hours_without(later) < 0.001


# -- our own stack ------------------------------------------------------------------------------------

OWN = "readiness-Encryption-AbC123dEf456"


@pytest.fixture
def stack():
    """CloudFormation's list of what our stack is made of."""
    client = Mock()
    client.get_paginator.return_value.paginate.return_value = [
        {
            "StackResourceSummaries": [
                {"ResourceType": "AWS::Lambda::Function", "PhysicalResourceId": OWN},
                {"ResourceType": "AWS::Lambda::Permission"},
                {
                    "ResourceType": "AWS::SQS::Queue",
                    "PhysicalResourceId": "https://sqs.us-east-1.amazonaws.com/1/readiness-Pages-1",
                },
            ]
        }
    ]
    return client


@pytest.mark.parametrize(
    ("type_", "id", "own"),
    [
        pytest.param("AWS::Lambda::Function", OWN, True, id="a function"),
        pytest.param(
            "AWS::SQS::Queue",
            "https://sqs.us-east-1.amazonaws.com/1/readiness-Pages-1",
            True,
            id="url",
        ),
        pytest.param("AWS::SQS::Queue", "arn:aws:sqs:r:1:readiness-Pages-1", True, id="arn"),
        pytest.param("AWS::Lambda::Function", "readiness-checker", False, id="a like name"),
        pytest.param("AWS::IAM::Role", OWN, False, id="another type"),
        pytest.param("AWS::Lambda::Function", "payments", False, id="somebody else's"),
    ],
)
def test_what_is_our_own(stack, type_, id, own):
    assert OwnStack("readiness", lambda: stack).has(Resource("1", "r", type_, id)) is own


def test_where_the_stack_cannot_be_listed_nothing_is_our_own(stack):
    stack.get_paginator.side_effect = error("AccessDenied", 403)
    told = []
    own = OwnStack("readiness", lambda: stack, told.append)
    assert not own.has(Resource("1", "r", "AWS::Lambda::Function", OWN))
    assert len(told) == 1
    assert "AccessDenied" in told[0]


def test_names_of_others_ask_nothing(stack):
    OwnStack("readiness", lambda: stack).has(Resource("1", "r", "AWS::Lambda::Function", "x"))
    assert not stack.get_paginator.called


@pytest.mark.parametrize(
    ("severity", "kinds"), [(Severity.HIGH, []), (Severity.CRITICAL, ["OPENED"])], ids=str
)
def test_our_own_functions_page_nobody_unless_it_is_critical(pipeline, stack, severity, kinds):
    pipeline.alerts = app.Alerts(
        pipeline.dynamodb, pipeline.sns, pipeline.environment, cloudformation=lambda: stack
    )
    pipeline.baseline_is_over()
    mine = Resource("111122223333", "us-east-1", "AWS::Lambda::Function", OWN)
    pipeline.record(finding(resource=mine, severity=severity))
    pipeline.stream()
    assert [body["kind"] for body in told(pipeline)] == kinds
    [row] = pipeline.store.history(finding(resource=mine).id)
    assert row.published_as == ("alert" if kinds else "own")


def test_a_settled_row_says_how_it_was_settled(keyed):
    keyed.record(found_by_sweep(KMS, "b"))
    keyed.stream()
    [row] = keyed.store.history(found_by_sweep(KMS, "b").id)
    assert row.published_as == "baseline"
    assert row.status == Status.NON_COMPLIANT


@pytest.mark.parametrize("name", ["began_at", "ended_at", "pending_since", "swept_at", "release"])
@pytest.mark.parametrize("value", [None, "soon", ""], ids=["missing", "no time", "empty"])
def test_a_baseline_row_of_another_version_stops_nothing(keyed, name, value):
    key = {"finding_id": f"baseline#{WHERE}", "at": KMS}
    row = key | {
        "began_at": iso(NOW - LONGEST_BASELINE - timedelta(hours=1)),
        "ended_at": iso(NOW - timedelta(hours=1)),
        "pending": "r2",
        "pending_since": iso(NOW),
        "swept_at": iso(NOW),
        "release": "r1",
    }
    del row[name]
    if value is not None:
        row[name] = value
    keyed.dynamodb.put_item(TableName=TRANSITIONS, Item=serialise(row))
    keyed.record(found_by_sweep(KMS, "a", release="r2"))
    assert keyed.stream() == {"batchItemFailures": []}
    sweeps = Sweeps(keyed.dynamodb, TRANSITIONS, WHERE)
    assert isinstance(sweeps.swept_since(KMS, "r1"), str)


def test_a_sweep_row_of_another_version_is_passed_over(keyed):
    sweeps = Sweeps(keyed.dynamodb, TRANSITIONS, WHERE)
    sweeps.complete("sweep-1", NOW - timedelta(hours=3), completed=["encryption"], failed=[])
    odd = {"finding_id": {"S": f"sweep#{WHERE}"}, "at": {"S": "week 48"}}
    keyed.dynamodb.put_item(TableName=TRANSITIONS, Item=odd)
    assert 2.9 < sweeps.hours_without(NOW) < 3.1
