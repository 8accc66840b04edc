"""Where audit logs are kept, and for how long, as the loaders find it."""

from __future__ import annotations

import pytest

from readiness import Unreadable
from readiness.evidence.cloudtrail.event_data_stores import EVENT_DATA_STORE, StoreRetention
from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.s3.retention import BucketRetention
from readiness.evidence.workloads.audit_retention import AuditBuckets, AuditLogGroups
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone
from readiness.semantics.lifecycle import Expiry
from tests.accounts import compliance_logging as accounts
from tests.accounts.compliance_logging import (
    AUDIT_GROUP,
    CENTRAL,
    FLOW_GROUP,
    LAKE,
    ORGANIZATION,
    data_store,
    expiring,
    flow_log,
    lifecycle,
    locked,
    organization,
    trail,
)
from tests.accounts.compliance_logging import (
    BUCKET as NAME,
)
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, error, evaluation

HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)


def read(cls, about=HERE, **answers):
    account = accounts.fake_account().but(**answers)
    return evaluation(account, []).aws.evidence(cls, about).evidence


# -- log groups -----------------------------------------------------------------------------------


def test_groups_of_trails_and_flow_logs():
    found = read(AuditLogGroups).all
    assert [(each.writer, each.retention.name, each.retention.days) for each in found] == [
        ("the trail audit", AUDIT_GROUP, 400),
        ("flow logs", FLOW_GROUP, 400),
    ]


@pytest.mark.parametrize(
    "arn",
    [
        pytest.param(f"arn:aws:logs:{HOME}:{CENTRAL}:log-group:x:*", id="of another account"),
        pytest.param(f"arn:aws:logs:eu-west-1:{ACCOUNT_ID}:log-group:x:*", id="of another region"),
        pytest.param("", id="none"),
    ],
)
def test_groups_that_are_judged_elsewhere(arn):
    answer = {"trailList": [trail(CloudWatchLogsLogGroupArn=arn)]}
    found = read(AuditLogGroups, cloudtrail__describe_trails=answer).all
    assert [each.writer for each in found] == ["flow logs"]


@pytest.mark.parametrize(
    ("about", "is_ours"),
    [
        pytest.param(
            {"LogDestination": f"arn:aws:logs:{HOME}:{ACCOUNT_ID}:log-group:{FLOW_GROUP}"},
            True,
            id="ours by its ARN",
        ),
        pytest.param(
            {"LogDestination": f"arn:aws:logs:{HOME}:{CENTRAL}:log-group:{FLOW_GROUP}:*"},
            False,
            id="of another account by its ARN",
        ),
        pytest.param(
            {"DeliverCrossAccountRole": f"arn:aws:iam::{CENTRAL}:role/flow"},
            False,
            id="of another account by its role",
        ),
        pytest.param(
            {"LogDestinationType": "s3", "LogDestination": f"arn:aws:s3:::{NAME}"},
            False,
            id="a bucket",
        ),
    ],
)
def test_where_flow_logs_write(about, is_ours):
    by_arn = (
        {k: v for k, v in flow_log().items() if k != "LogGroupName"} if is_ours else flow_log()
    )
    found = read(AuditLogGroups, ec2__describe_flow_logs={"FlowLogs": [by_arn | about]}).all
    assert [each.retention.name for each in found if each.writer == "flow logs"] == (
        [FLOW_GROUP] if is_ours else []
    )


def test_a_group_that_does_not_exist():
    assert read(AuditLogGroups, logs__describe_log_groups={"logGroups": []}).all == ()


# -- buckets --------------------------------------------------------------------------------------


def places(**answers):
    [found] = read(AuditBuckets, **answers).all
    return dict(found.prefixes)


def test_what_trails_and_config_deliver():
    assert places() == {
        f"AWSLogs/{ACCOUNT_ID}/CloudTrail": "the trail audit",
        f"AWSLogs/{ACCOUNT_ID}/Config": "AWS Config",
    }


def test_prefixes():
    channel = {"name": "default", "s3BucketName": NAME, "s3KeyPrefix": "config"}
    to_s3 = flow_log(LogDestinationType="s3", LogDestination=f"arn:aws:s3:::{NAME}/flow/")
    by_keys = to_s3 | {"DestinationOptions": {"HiveCompatiblePartitions": True}}
    about = trail(S3KeyPrefix="all", IsOrganizationTrail=True)
    assert places(
        cloudtrail__describe_trails={"trailList": [about]},
        config__describe_delivery_channels={"DeliveryChannels": [channel]},
        ec2__describe_flow_logs={"FlowLogs": [to_s3, to_s3, by_keys]},
        organizations__describe_organization=organization(),
    ) == {
        f"all/AWSLogs/{ORGANIZATION}": "the trail audit",
        f"config/AWSLogs/{ACCOUNT_ID}/Config": "AWS Config",
        f"flow/AWSLogs/{ACCOUNT_ID}/vpcflowlogs": "flow logs",
        f"flow/AWSLogs/aws-account-id={ACCOUNT_ID}/aws-service=vpcflowlogs": "flow logs",
    }


def test_the_organization_is_asked_only_for_a_bucket_of_this_account():
    account = accounts.fake_account().but(
        cloudtrail__describe_trails={"trailList": [trail(IsOrganizationTrail=True)]},
        s3__list_buckets={"Buckets": []},
    )
    evaluation(account, []).aws.evidence(AuditBuckets, HERE)
    assert ("organizations", "describe_organization") not in account.calls


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"cloudtrail__describe_trails": {"trailList": [trail()]}}, id="a trail"),
        pytest.param(
            {
                "cloudtrail__describe_trails": {"trailList": [trail(IsOrganizationTrail=True)]},
                "organizations__describe_organization": organization(),
            },
            id="a trail of the organization",
        ),
        pytest.param(
            {
                "ec2__describe_flow_logs": {
                    "FlowLogs": [
                        flow_log(LogDestinationType="s3", LogDestination=f"arn:aws:s3:::{NAME}")
                    ]
                }
            },
            id="flow logs",
        ),
    ],
)
def test_other_logs_of_the_same_bucket_are_no_audit_logs(answers):
    of_balancers = f"AWSLogs/{ACCOUNT_ID}/elasticloadbalancing/"
    [found] = read(AuditBuckets, **answers).all
    assert not any(Expiry("short", 30, of_balancers).may_expire(p) for p, _ in found.prefixes)


def test_a_bucket_of_another_account_is_not_read():
    account = accounts.fake_account().but(s3__list_buckets={"Buckets": [{"Name": NAME + "-2"}]})
    found = evaluation(account, []).aws.evidence(AuditBuckets, HERE).evidence
    assert (found.all, found.others) == ((), (NAME,))
    assert ("s3", "get_bucket_lifecycle_configuration") not in account.calls


def test_a_bucket_that_is_gone_or_cannot_be_read():
    gone = read(AuditBuckets, s3__get_bucket_lifecycle_configuration=error("NoSuchBucket", 404))
    assert gone.all == ()
    [found] = read(AuditBuckets, s3__get_bucket_lifecycle_configuration=FAULTS["denied"]).all
    assert isinstance(found.retention, Unreadable)


def retention(*rules, **answers):
    about = BUCKET.resource(ACCOUNT_ID, HOME, NAME)
    configuration = lifecycle(*rules) if rules else error("NoSuchLifecycleConfiguration", 404)
    return read(
        BucketRetention, about, s3__get_bucket_lifecycle_configuration=configuration, **answers
    )


def tagged(**more):
    tag = {"Key": "kind", "Value": "x"}
    return {"And": {"Prefix": "logs/", "Tags": [tag]} | more}


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        pytest.param(expiring(30), (Expiry("expire", 30),), id="everything"),
        pytest.param(expiring(30, Status="Disabled"), (), id="disabled"),
        pytest.param(
            expiring(30, Expiration={"ExpiredObjectDeleteMarker": True}), (), id="delete markers"
        ),
        pytest.param(
            expiring(30, Expiration={"Date": accounts.NOON}),
            (Expiry("expire", 0, by_date=True),),
            id="on a date",
        ),
        pytest.param(
            {
                "ID": "old",
                "Status": "Enabled",
                "Prefix": "",
                "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
            },
            (),
            id="noncurrent versions",
        ),
        pytest.param(
            {"ID": "old", "Status": "Enabled", "Prefix": "logs/", "Expiration": {"Days": 30}},
            (Expiry("old", 30, "logs/"),),
            id="a prefix as of old",
        ),
        pytest.param(
            expiring(30, Filter={"Prefix": "logs/"}), (Expiry("expire", 30, "logs/"),), id="prefix"
        ),
        pytest.param(
            expiring(30, Filter={"Tag": {"Key": "kind", "Value": "x"}}),
            (Expiry("expire", 30, is_tagged=True),),
            id="a tag",
        ),
        pytest.param(
            expiring(30, Filter=tagged()),
            (Expiry("expire", 30, "logs/", is_tagged=True),),
            id="prefix and tag",
        ),
        pytest.param(
            expiring(30, Filter={"ObjectSizeLessThan": 1000}),
            (Expiry("expire", 30, below=1000),),
            id="a size",
        ),
        pytest.param(
            expiring(30, Filter=tagged(ObjectSizeGreaterThan=1)),
            (Expiry("expire", 30, "logs/", is_tagged=True, above=1),),
            id="prefix, tag and size",
        ),
    ],
)
def test_expiries(rule, found):
    assert retention(rule).expiries == found


def moving(storage="DEEP_ARCHIVE", **changes):
    rule = {"ID": "move", "Status": "Enabled", "Filter": {"Prefix": "logs/"}}
    return rule | {"Transitions": [{"Days": 90, "StorageClass": storage}]} | changes


@pytest.mark.parametrize(
    ("rule", "prefixes"),
    [
        pytest.param(moving(), ("logs/",), id="to the deep archive"),
        pytest.param(moving("GLACIER"), ("logs/",), id="to the archive"),
        pytest.param(moving("STANDARD_IA"), (), id="to a cheaper class"),
        pytest.param(moving(Status="Disabled"), (), id="disabled"),
        pytest.param(moving(Filter=tagged()), (), id="with a tag"),
        pytest.param(moving(Filter={}), ("",), id="everything"),
        pytest.param(expiring(400), (), id="an expiry"),
    ],
)
def test_what_is_moved_to_an_archive(rule, prefixes):
    assert retention(rule).archived == prefixes


def test_no_lifecycle_and_no_lock():
    assert retention() == BucketRetention(NAME)


@pytest.mark.parametrize(
    ("answer", "days"),
    [
        pytest.param(locked(Days=90), 90, id="days"),
        pytest.param(locked(Years=2), 730, id="years"),
        pytest.param(
            {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}, 0, id="no default"
        ),
    ],
)
def test_object_lock(answer, days):
    assert retention(s3__get_object_lock_configuration=answer).locked_days == days


# -- event data stores ----------------------------------------------------------------------------


def test_event_data_stores():
    about = EVENT_DATA_STORE.resource(ACCOUNT_ID, HOME, LAKE)
    assert evaluation(accounts.fake_account(), []).aws.find(EVENT_DATA_STORE) == [LAKE]
    assert read(StoreRetention, about) == StoreRetention("ENABLED", 2557)
    stopped = data_store(Status="PENDING_DELETION", RetentionPeriod=7)
    assert read(StoreRetention, about, cloudtrail__get_event_data_store=stopped).days == 7
    with pytest.raises(Gone):
        read(
            StoreRetention,
            about,
            cloudtrail__get_event_data_store=error("EventDataStoreNotFoundException"),
        )
