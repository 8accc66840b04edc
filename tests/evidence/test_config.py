"""What the loaders of AWS Config make of its answers."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

import boto3
import pytest
from moto import mock_aws

from readiness import Unreadable
from readiness.engine.aws import Aws
from readiness.evidence.config.recording import (
    Delivery,
    DeliveryChannel,
    Recorder,
    RecordersOfOthers,
    Strategy,
)
from readiness.evidence.config.rules import OWN_RULES, ConfigRules
from readiness.model.evidence import REGION
from tests.accounts import audit
from tests.accounts.audit import (
    LAMBDA,
    channel,
    channel_status,
    delivered,
    recorder,
    recorder_status,
    rule,
    rule_status,
)
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, evaluation

HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
BUCKET, ROLE, QUEUE = "AWS::S3::Bucket", "AWS::IAM::Role", "AWS::SQS::Queue"


def loaded(cls, **answers):
    account = audit.fake_account().but(**answers)
    return evaluation(account, [], now=NOON).aws.evidence(cls, HERE).evidence


def recorders(*all):
    return {"config__describe_configuration_recorders": {"ConfigurationRecorders": list(all)}}


def statuses(*all):
    return {
        "config__describe_configuration_recorder_status": {
            "ConfigurationRecordersStatus": list(all)
        }
    }


def of(**changes):
    return loaded(Recorder, **recorders(recorder(**changes))).recorder


@pytest.mark.parametrize(
    "other",
    [
        {"servicePrincipal": "securityhub.amazonaws.com"},
        {"recordingScope": "INTERNAL"},
        {"connectorArn": "arn:aws:config:us-east-1:111122223333:connector/azure"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_only_a_customer_managed_recorder_counts(other):
    foreign = recorder(name="AWSConfigurationRecorderForX", **other)
    assert loaded(Recorder, **recorders(foreign)).recorder is None
    assert loaded(Recorder, **recorders(foreign, recorder())).recorder.name == "default"


def test_the_status_is_that_of_the_recorder():
    others = recorder_status(name="other", recording=False)
    linked = recorder_status(recording=False, servicePrincipal="securityhub.amazonaws.com")
    seen = loaded(Recorder, **statuses(others, recorder_status(), linked)).recorder
    assert seen.status.recording
    assert loaded(Recorder, **statuses(others)).recorder.status is None


@pytest.mark.parametrize(
    ("said", "last"),
    [("PENDING", "pending"), ("Failure", "failure"), ("Not_Applicable", "notapplicable")],
)
def test_capitals_mean_nothing(said, last):
    status = recorder_status(lastStatus=said, lastErrorCode="Denied", lastErrorMessage="no")
    seen = loaded(Recorder, **statuses(status)).recorder.status
    assert (seen.last, seen.error) == (last, "Denied: no")


def test_times_are_told_in_utc_wherever_it_runs():
    local = NOON.astimezone(timezone(timedelta(hours=9)))
    seen = loaded(Recorder, **statuses(recorder_status(lastStatusChangeTime=local)))
    assert (seen.recorder.status.changed, seen.recorder.status.changed.tzinfo) == (NOON, UTC)


@pytest.mark.parametrize(
    ("group", "recorded"),
    [
        pytest.param({"allSupported": True}, {BUCKET, QUEUE}, id="all, without a strategy"),
        pytest.param(
            {"allSupported": True, "includeGlobalResourceTypes": True},
            {BUCKET, QUEUE, ROLE},
            id="all with IAM",
        ),
        pytest.param(
            {"allSupported": False, "resourceTypes": [BUCKET]}, {BUCKET}, id="a list of old"
        ),
        pytest.param(
            {
                "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"},
                "resourceTypes": [BUCKET, ROLE],
            },
            {BUCKET, ROLE},
            id="a list",
        ),
        pytest.param(
            {
                "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
                "exclusionByResourceTypes": {"resourceTypes": [QUEUE]},
                "includeGlobalResourceTypes": False,
            },
            {BUCKET, ROLE},
            id="all but one: the flag for IAM has no effect",
        ),
        pytest.param({}, set(), id="nothing is said"),
    ],
)
def test_what_is_recorded(group, recorded):
    seen = of(recordingGroup=group)
    assert {each for each in (BUCKET, QUEUE, ROLE) if seen.records(each)} == recorded


def test_how_often():
    override = {"resourceTypes": [QUEUE], "recordingFrequency": "CONTINUOUS"}
    mode = {"recordingFrequency": "DAILY", "recordingModeOverrides": [override]}
    seen = of(recordingMode=mode)
    assert (seen.is_daily(BUCKET), seen.is_daily(QUEUE)) == (True, False)
    assert not of(recordingMode={"recordingFrequency": "CONTINUOUS"}).is_daily(BUCKET)


def test_others_are_asked_for_only_where_there_is_no_recorder():
    account = audit.fake_account()
    run = evaluation(account, [], now=NOON)
    assert run.aws.evidence(RecordersOfOthers, HERE).evidence.owners == ()
    assert ("config", "list_configuration_recorders") not in account.calls
    seen = loaded(RecordersOfOthers, **recorders())
    assert seen.owners == ("securityhub.amazonaws.com",)


def test_others_are_asked_for_where_the_recorder_is_stopped():
    arn = "arn:aws:config:us-east-1:111122223333:configuration-recorder"
    summaries = [
        {"arn": f"{arn}/default/1", "name": "default", "recordingScope": "PAID"},
        {
            "arn": f"{arn}/x/1",
            "name": "x",
            "recordingScope": "INTERNAL",
            "servicePrincipal": "securityhub.amazonaws.com",
        },
    ]
    seen = loaded(
        RecordersOfOthers,
        config__list_configuration_recorders={"ConfigurationRecorderSummaries": summaries},
        config__describe_configuration_recorder_status={
            "ConfigurationRecordersStatus": [{"name": "default", "recording": False}]
        },
    )
    assert (seen.owners, seen.has_security_hub) == (("securityhub.amazonaws.com",), True)


def test_the_recorder_of_another_cloud_is_called_by_its_provider():
    arn = "arn:aws:config:us-east-1:111122223333:configuration-recorder/x/1"
    summaries = [{"arn": arn, "name": "x", "recordingScope": "PAID", "provider": "AZURE"}]
    answer = {"ConfigurationRecorderSummaries": summaries}
    seen = loaded(RecordersOfOthers, config__list_configuration_recorders=answer, **recorders())
    assert seen.owners == ("AZURE",)


def test_a_recorder_of_no_known_owner_is_called_by_its_name():
    arn = "arn:aws:config:us-east-1:111122223333:configuration-recorder/x/1"
    summaries = [{"arn": arn, "name": "x", "recordingScope": "PAID"}]
    answer = {"ConfigurationRecorderSummaries": summaries}
    seen = loaded(RecordersOfOthers, config__list_configuration_recorders=answer, **recorders())
    assert seen.owners == ("x",)


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ({}, ""),
        ({"recording": False}, "is stopped"),
        ({"lastStatus": "FAILURE"}, "failed to record (AWS gives no reason)"),
        ({"lastStatus": "FAILURE", "lastErrorCode": "Denied"}, "failed to record (Denied)"),
        (
            {"lastStatus": "PENDING", "lastStatusChangeTime": NOON - timedelta(hours=25)},
            "has not recorded anything yet: its status is pending since 2026-11-01",
        ),
        ({"lastStatus": "PENDING", "lastStatusChangeTime": NOON - timedelta(hours=24)}, ""),
    ],
)
def test_why_a_recorder_does_not_work(status, fault):
    seen = loaded(Recorder, **statuses(recorder_status(**status)))
    assert seen.fault(seen.recorder.status, timedelta(days=1)) == fault


def channels(about, *status):
    return loaded(
        DeliveryChannel,
        config__describe_delivery_channels={"DeliveryChannels": [about] if about else []},
        config__describe_delivery_channel_status={"DeliveryChannelsStatus": list(status)},
    ).channel


def test_a_channel_and_its_last_deliveries():
    failed = delivered("FAILURE", lastErrorCode="NoSuchBucket", lastErrorMessage="gone")
    seen = channels(
        channel(configSnapshotDeliveryProperties={"deliveryFrequency": "One_Hour"}),
        channel_status(name="other"),
        channel_status(configSnapshotDeliveryInfo=failed),
    )
    assert (seen.bucket, seen.schedules_snapshots, seen.status_known) == (
        "config-history",
        True,
        True,
    )
    assert seen.history == Delivery("success", at=NOON - timedelta(hours=2))
    assert (seen.snapshot.failed, seen.snapshot.error) == (True, "NoSuchBucket: gone")
    assert not seen.stream.was_tried


def test_no_channel_and_no_status():
    assert channels(None) is None
    seen = channels(channel(), channel_status(name="other"))
    assert (seen.status_known, seen.history.was_tried) == (False, False)


def rules(*listed, status=()):
    return loaded(
        ConfigRules,
        config__describe_config_rules={"ConfigRules": list(listed)},
        config__describe_config_rule_evaluation_status={
            "ConfigRulesEvaluationStatus": list(status)
        },
    ).all


def test_rules_that_evaluate_nothing_are_left_out():
    seen = rules(
        rule("deleting", ConfigRuleState="DELETING"),
        rule("deleting-results", ConfigRuleState="DELETING_RESULTS"),
        rule("evaluating", ConfigRuleState="EVALUATING"),
        rule("proactive", EvaluationModes=[{"Mode": "PROACTIVE"}]),
        rule("both", EvaluationModes=[{"Mode": "PROACTIVE"}, {"Mode": "DETECTIVE"}]),
    )
    assert [each.name for each in seen] == ["deleting-results", "evaluating", "both"]


def test_no_rules_have_no_status():
    account = audit.fake_account().but(config__describe_config_rules={"ConfigRules": []})
    assert evaluation(account, []).aws.evidence(ConfigRules, HERE).evidence.all == ()
    assert ("config", "describe_config_rule_evaluation_status") not in account.calls


def test_our_own_rules_are_known_by_what_they_say():
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": LAMBDA}
    managed = {"Owner": "AWS", "SourceIdentifier": "S3_BUCKET_SSL_REQUESTS_ONLY"}
    said = f"{OWN_RULES}Audit of the checklist"
    own, other, named = rules(
        rule("own", Source=source, Description=said),
        rule("other", Source=source, Description="Ours"),
        rule("named", Source=managed, Description=said),
    )
    assert [own.is_own, other.is_own, named.is_own] == [True, False, False]
    assert [own.identifier, other.identifier] == ["", ""]
    assert named.identifier == "S3_BUCKET_SSL_REQUESTS_ONLY"


@pytest.mark.parametrize(
    ("creator", "is_of_service"),
    [
        pytest.param({"CreatedBy": "securityhub.amazonaws.com"}, True, id="Security Hub"),
        pytest.param({"CreatedBy": "config-conforms.amazonaws.com"}, False, id="conformance pack"),
        pytest.param(
            {"CreatedBy": "config-multiaccountsetup.amazonaws.com"}, False, id="organization"
        ),
        pytest.param({}, False, id="the account"),
    ],
)
def test_rules_that_a_service_made_for_itself(creator, is_of_service):
    [seen] = rules(rule(**creator))
    assert seen.is_of_service is is_of_service


def test_how_often_a_rule_runs():
    plain = {name: value for name, value in rule().items() if name != "MaximumExecutionFrequency"}
    details = [
        {"EventSource": "aws.config", "MessageType": "ConfigurationItemChangeNotification"},
        {"MessageType": "ScheduledNotification", "MaximumExecutionFrequency": "One_Hour"},
    ]
    custom = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": LAMBDA, "SourceDetails": details}
    seen = rules(rule(), plain, plain | {"Source": custom})
    assert [each.every for each in seen] == [timedelta(days=1), None, timedelta(hours=1)]


def test_the_status_of_a_rule():
    late = NOON - timedelta(days=2)
    status = rule_status(
        LastFailedInvocationTime=late, LastFailedEvaluationTime=NOON, LastErrorCode="AccessDenied"
    )
    [seen] = rules(rule(), status=[status])
    assert (seen.status.failed, seen.status.error, seen.status.fails) == (
        NOON,
        "AccessDenied",
        True,
    )
    [unknown] = rules(rule(), status=[rule_status("other")])
    assert unknown.status is None


@pytest.mark.parametrize("cls", [Recorder, DeliveryChannel, ConfigRules])
@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_read_is_no_answer(cls, fault):
    calls = [each for each in audit.fake_account().answers if each[0] == "config"]
    denied = {"__".join(call): FAULTS[fault] for call in calls}
    with pytest.raises(Unreadable):
        loaded(cls, **denied)


@mock_aws
def test_moto_agrees():
    client = boto3.client("config", region_name=HOME)
    group = {"allSupported": False, "resourceTypes": [BUCKET]}
    client.put_configuration_recorder(
        ConfigurationRecorder={
            "name": "default",
            "roleARN": "arn:aws:iam::111122223333:role/config",
            "recordingGroup": group | {"includeGlobalResourceTypes": False},
        }
    )
    boto3.client("s3", region_name=HOME).create_bucket(Bucket="history")
    client.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "history"})
    client.start_configuration_recorder(ConfigurationRecorderName="default")
    aws = Aws(boto3.session.Session(), account=ACCOUNT_ID, region=HOME, now=lambda: NOON)
    seen = aws.evidence(Recorder, HERE).evidence.recorder
    assert (seen.strategy, seen.types) == (Strategy.INCLUSION, {BUCKET})
    assert (seen.status.recording, seen.status.last) == (True, "pending")
