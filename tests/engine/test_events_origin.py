"""What an event tells beside its targets: who caused it, and what AWS Config needs back."""

from __future__ import annotations

import json

import pytest

from functions.encryption.app import encryption
from functions.iam_roles.app import iam_roles
from readiness.engine.events import resolve_targets
from readiness.engine.targets import ConfigRequest, MalformedEvent, Target
from readiness.model.origin import EVENT, UNVERIFIED, Origin

ANN = "arn:aws:iam::111122223333:user/ann"
ITEM = {
    "resourceType": "AWS::S3::Bucket",
    "resourceId": "data",
    "awsAccountId": "111122223333",
    "awsRegion": "eu-west-1",
    "configurationItemStatus": "OK",
    "configurationItemCaptureTime": "2026-11-02T12:00:00.000Z",
}
SENT = "2026-11-02T12:05:00.000Z"
ARN = "arn:aws:config:us-east-1:999999999999:config-rule/config-rule-x"


def api_call(source="aws.s3"):
    return {
        "id": "event-1",
        "source": source,
        "detail-type": "AWS API Call via CloudTrail",
        "account": "111122223333",
        "region": "us-east-1",
        "detail": {
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutBucketEncryption",
            "requestParameters": {"bucketName": "data"},
            "userIdentity": {"arn": ANN},
            "eventTime": "2026-11-02T11:59:00Z",
            "eventID": "e-1",
        },
    }


@pytest.mark.parametrize(
    ("source", "by"),
    [
        ("aws.s3", ANN),
        ("aws", f"{UNVERIFIED}: {ANN}"),
        ("my.aws.s3", f"{UNVERIFIED}: {ANN}"),
        ("aws.partner/shop.example/1", f"{UNVERIFIED}: {ANN}"),
    ],
)
def test_an_api_call_says_who_made_it_and_when(source, by):
    seen = resolve_targets(api_call(source), encryption)
    assert seen.origin == Origin(by, "PutBucketEncryption", "2026-11-02T11:59:00Z", "e-1", EVENT)
    assert (seen.account, seen.region, seen.trigger) == ("111122223333", "us-east-1", "event-1")
    assert seen.changed_by == by


@pytest.mark.parametrize(
    ("identity", "by"),
    [
        pytest.param({"arn": ANN, "invokedBy": "x", "type": "IAMUser"}, ANN, id="a principal"),
        pytest.param(
            {"invokedBy": "ecs.amazonaws.com", "type": "AWSService"},
            "ecs.amazonaws.com",
            id="a service",
        ),
        pytest.param({"type": "AWSAccount"}, "AWSAccount", id="an account"),
        pytest.param(
            {"type": "AWSAccount", "principalId": "AROA1:bob", "accountId": "444455556666"},
            "AWSAccount AROA1:bob of account 444455556666",
            id="somebody of another account",
        ),
        pytest.param(
            {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}, "accountId": "4444"},
            "IdentityCenterUser u-1 of account 4444",
            id="a user of Identity Center",
        ),
        pytest.param(
            {"type": "WebIdentityUser", "principalId": "idp:aud:1", "userName": "1"},
            "WebIdentityUser 1",
            id="a web identity",
        ),
        pytest.param(
            {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": "arn:role"}}},
            "arn:role",
            id="a session that tells its role alone",
        ),
        pytest.param({"type": "Root", "sessionContext": "x"}, "Root", id="an odd session"),
        pytest.param({}, "", id="nothing told"),
        pytest.param(None, "", id="no identity"),
    ],
)
def test_who_made_a_call_that_names_no_principal(identity, by):
    event = api_call()
    event["detail"]["userIdentity"] = identity
    assert resolve_targets(event, encryption).changed_by == by


@pytest.mark.parametrize(
    ("more", "ignored"),
    [
        pytest.param(
            {"errorCode": "AccessDenied"},
            "the call s3.amazonaws.com PutBucketEncryption failed with AccessDenied",
            id="it failed",
        ),
        pytest.param(
            {"resources": [{"accountId": "444455556666"}]},
            "the call s3.amazonaws.com PutBucketEncryption changed a resource of account"
            " 444455556666",
            id="of another account",
        ),
        pytest.param(
            {"eventName": "PutNothing"},
            "no rule depends on s3.amazonaws.com PutNothing",
            id="of no rule",
        ),
    ],
)
def test_a_call_that_changes_nothing_here_is_told_with_who_made_it(more, ignored):
    event = api_call()
    event["detail"] |= more
    seen = resolve_targets(event, encryption)
    assert (seen.targets, seen.ignored) == (frozenset(), ignored)
    assert (seen.account, seen.region, seen.trigger) == ("111122223333", "us-east-1", "event-1")
    assert (seen.changed_by, seen.origin.event_id) == (ANN, "e-1")


def test_a_call_tells_the_short_texts_of_its_request():
    """Up to 20 of at most 512 characters, since they travel with every look."""
    event = api_call()
    texts = {f"name{number:02}": f"text {number:02}" for number in range(25)}
    event["detail"]["requestParameters"] = {
        "bucketName": "data",
        "policy": "x" * 513,
        "description": "y" * 512,
        "empty": "",
        "lines": "one\ntwo",
        "half a pair": "\ud800",
        "count": 3,
        "inner": {"name": "hidden"},
        **texts,
    }
    named = resolve_targets(event, encryption).named
    assert named == {"data", "y" * 512, *(f"text {number:02}" for number in range(18))}
    event["detail"]["requestParameters"] = None
    assert resolve_targets(event, encryption).named == frozenset()


def invoked(message, **event):
    return {"invokingEvent": json.dumps(message), "resultToken": "t", **event}


def changed(**more):
    return {
        "messageType": "ConfigurationItemChangeNotification",
        "configurationItem": ITEM,
        "notificationCreationTime": SENT,
        **more,
    }


def test_a_change_that_config_reports_is_answered_to_config():
    event = invoked(
        changed(),
        accountId="999999999999",
        configRuleArn=ARN,
        configRuleName="ready",
        ruleParameters=json.dumps({"max_days": 90}),
        eventLeftScope=True,
    )
    seen = resolve_targets(event, encryption)
    assert (seen.account, seen.region, seen.trigger) == ("999999999999", "us-east-1", "ready")
    assert seen.config == ConfigRequest(
        "t",
        ITEM["configurationItemCaptureTime"],
        {"max_days": "90"},
        "AWS::S3::Bucket",
        "data",
        left_scope=True,
    )
    assert Target("encryption.s3-kms", "data") in seen.targets


def test_what_config_leaves_out_is_taken_from_the_item():
    item = {name: value for name, value in ITEM.items() if "CaptureTime" not in name}
    seen = resolve_targets(invoked(changed(configurationItem=item)), encryption)
    assert (seen.account, seen.region, seen.trigger) == (
        "111122223333",
        "eu-west-1",
        "config-rule",
    )
    assert (seen.config.ordering, seen.config.parameters, seen.config.left_scope) == (
        SENT,
        {},
        False,
    )


@pytest.mark.parametrize(
    ("status", "arn", "id", "left"),
    [
        ("OK", "arn:aws:iam::111122223333:policy/p", "ANPA1", False),
        ("OK", None, "", False),
        ("ResourceDeleted", "arn:aws:iam::111122223333:policy/p", "ANPA1", False),
        ("ResourceDeleted", None, "ANPA1", True),
        ("ResourceDeletedNotRecorded", None, "ANPA1", True),
        ("ResourceNotRecorded", None, "ANPA1", True),
    ],
)
def test_an_item_without_the_id_that_the_rules_know_is_answered_only_where_it_is_over(
    status, arn, id, left
):
    """Every policy is evaluated then, and their verdicts are not those of this one."""
    item = ITEM | {
        "resourceType": "AWS::IAM::Policy",
        "resourceId": "ANPA1",
        "resourceName": None,
        "configuration": None,
        "configurationItemStatus": status,
        "ARN": arn,
    }
    seen = resolve_targets(invoked(changed(configurationItem=item)), iam_roles)
    assert seen.targets
    assert (seen.config.resource_id, seen.config.left_scope) == (id, left)


def test_an_oversized_change_has_a_summary():
    message = {
        "messageType": "OversizedConfigurationItemChangeNotification",
        "configurationItemSummary": ITEM | {"awsRegion": "global"},
    }
    seen = resolve_targets(invoked(message), encryption)
    assert Target("encryption.s3-kms", "data") in seen.targets
    assert (seen.region, seen.config.ordering) == ("", ITEM["configurationItemCaptureTime"])


def test_a_schedule_of_config_concerns_everything():
    message = {
        "messageType": "ScheduledNotification",
        "awsAccountId": "111122223333",
        "notificationCreationTime": SENT,
    }
    seen = resolve_targets(invoked(message, configRuleArn=ARN), encryption)
    assert seen.targets == {Target(rule.id, None) for rule in encryption}
    assert seen.config == ConfigRequest("t", SENT, {})
    assert (seen.account, seen.region) == ("111122223333", "us-east-1")
    assert seen.config.is_scheduled
    assert not seen.config.is_test


def test_a_snapshot_changes_nothing():
    seen = resolve_targets(
        invoked({"messageType": "ConfigurationSnapshotDeliveryCompleted"}), encryption
    )
    assert (seen.targets, seen.config) == (frozenset(), None)
    assert "snapshot" in seen.ignored


@pytest.mark.parametrize(
    ("event", "said"),
    [
        pytest.param(invoked({"messageType": "Other"}), "messageType 'Other'", id="another kind"),
        pytest.param(invoked([1]), "'invokingEvent' is not a JSON object", id="a list"),
        pytest.param({"invokingEvent": "{"}, "'invokingEvent' is not JSON", id="no JSON"),
        pytest.param({"invokingEvent": "[" * 9000}, "'invokingEvent' is not JSON", id="too deep"),
        pytest.param(
            invoked(changed(), ruleParameters="["), "'ruleParameters' is not JSON", id="parameters"
        ),
        pytest.param(
            invoked(changed(configurationItem=None)), "without a configuration item", id="no item"
        ),
    ],
)
def test_an_invocation_of_another_form_is_refused(event, said):
    with pytest.raises(MalformedEvent, match=said):
        resolve_targets(event, encryption)


@pytest.mark.parametrize(
    ("source", "name", "is_told"),
    [
        pytest.param("s3.amazonaws.com", "PutBucketEncryption", False, id="a regional type"),
        pytest.param("iam.amazonaws.com", "DeletePolicy", True, id="a global one"),
        pytest.param("iam.amazonaws.com", "CreateAccessKey", True, id="the account"),
    ],
)
def test_a_call_in_another_region_that_names_nothing(source, name, is_told):
    """It would look at everything of a type here, and be blamed for what that finds."""
    event = api_call()
    event["detail"] |= {"eventSource": source, "eventName": name, "requestParameters": None}
    rules = [*encryption, *iam_roles]
    assert resolve_targets(event, rules).targets
    assert resolve_targets(event, rules, "us-east-1").targets
    assert bool(resolve_targets(event, rules, "eu-west-1").targets) is is_told
