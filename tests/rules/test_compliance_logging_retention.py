"""Whether audit logs are kept long enough, and because somebody decided so."""

from __future__ import annotations

import pytest

from functions.compliance_logging.app import (
    audit_bucket_retention,
    audit_log_group_retention,
    event_data_store_retention,
)
from readiness import Severity, Status
from readiness.evidence.cloudtrail.event_data_stores import StoreRetention
from readiness.evidence.logs import LogRetention
from readiness.evidence.s3.retention import BucketRetention
from readiness.evidence.workloads.audit_retention import (
    AuditBucket,
    AuditBuckets,
    AuditLogGroup,
    AuditLogGroups,
)
from readiness.model.unreadable import Cause, Unreadable
from readiness.semantics.lifecycle import Expiry

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
HIGH, MEDIUM = Severity.HIGH, Severity.MEDIUM
DENIED = Unreadable("s3:GetLifecycleConfiguration", Cause.ACCESS_DENIED, "AccessDenied")
TRAIL = "AWSLogs/111122223333/CloudTrail"


# -- log groups -----------------------------------------------------------------------------------


def groups(*days, policy=""):
    return AuditLogGroups(
        tuple(
            AuditLogGroup("the trail audit", LogRetention(f"group-{i}", each, policy))
            for i, each in enumerate(days)
        )
    )


@pytest.mark.parametrize(
    ("found", "status", "severity", "said"),
    [
        pytest.param(groups(365), GOOD, None, "365 or more days", id="a year"),
        pytest.param(groups(364), BAD, HIGH, "at least 365", id="a day less"),
        pytest.param(groups(400, 30), BAD, HIGH, "group-1", id="one of two"),
        pytest.param(groups(None), BAD, MEDIUM, "forever, by default", id="never expires"),
        pytest.param(groups(None, 30), BAD, HIGH, "forever", id="never, and too short"),
        pytest.param(groups(None, policy="all"), GOOD, None, "", id="never, by a policy"),
        pytest.param(
            groups(30, policy="all"), BAD, HIGH, "policy all", id="too short, by a policy"
        ),
        pytest.param(groups(), NA, None, "writes to a log group", id="none"),
    ],
)
def test_log_groups(found, status, severity, said):
    verdict = audit_log_group_retention(found)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason
    assert said in verdict.reason


def test_settings_of_log_groups():
    assert audit_log_group_retention(groups(400), audit_min_days=731).status is BAD
    assert audit_log_group_retention(groups(400), max_days=365).severity is MEDIUM
    assert audit_log_group_retention(groups(None, policy="all"), max_days=365).status is BAD
    assert audit_log_group_retention(groups(None), require_policy=False).status is GOOD


# -- buckets --------------------------------------------------------------------------------------


def archived(*prefixes, expiries=()):
    kept = BucketRetention("audit-logs", expiries, archived=prefixes)
    return AuditBucket("audit-logs", ((TRAIL, "the trail audit"),), kept)


def bucket(*expiries, prefix=TRAIL, locked=0, name="audit-logs"):
    kept = BucketRetention(name, expiries, locked, "COMPLIANCE" if locked else "")
    return AuditBucket(name, ((prefix, "the trail audit"),), kept)


def days(number, **changes):
    return Expiry("rule", number, **changes)


@pytest.mark.parametrize(
    ("found", "status", "severity", "said"),
    [
        pytest.param(bucket(days(365)), GOOD, None, "audit-logs", id="a year"),
        pytest.param(bucket(days(364)), BAD, HIGH, "after 364 days", id="a day less"),
        pytest.param(bucket(days(0, by_date=True)), BAD, HIGH, "on a date", id="on a date"),
        pytest.param(bucket(), BAD, MEDIUM, "no retention policy", id="no rule"),
        pytest.param(
            bucket(days(30, prefix="tmp/")), BAD, MEDIUM, "no retention", id="another prefix"
        ),
        pytest.param(
            bucket(days(30, prefix="AWSLogs/")), BAD, HIGH, "after 30 days", id="a shorter prefix"
        ),
        pytest.param(
            bucket(days(30, prefix=TRAIL + "/us-east-1/")), BAD, HIGH, "30 days", id="a part of it"
        ),
        pytest.param(bucket(days(400, prefix=TRAIL + "/")), GOOD, None, "", id="its folder"),
        pytest.param(archived(""), GOOD, None, "", id="kept in an archive"),
        pytest.param(archived(TRAIL + "/"), GOOD, None, "", id="its folder, in an archive"),
        pytest.param(archived("tmp/"), BAD, MEDIUM, "no retention", id="another folder's archive"),
        pytest.param(
            archived("", expiries=(days(90),)),
            BAD,
            HIGH,
            "after 90 days",
            id="archived and deleted",
        ),
        pytest.param(
            bucket(days(30, prefix=TRAIL + "-Digest/")), BAD, HIGH, "30 days", id="its digests"
        ),
        pytest.param(
            bucket(days(400, prefix=TRAIL + "/us-east-1/")),
            BAD,
            MEDIUM,
            "no retention policy",
            id="a rule for a part",
        ),
        pytest.param(
            bucket(days(30, is_tagged=True), days(400)), GOOD, None, "", id="objects with a tag"
        ),
        pytest.param(bucket(days(400, is_tagged=True)), BAD, MEDIUM, "", id="only with a tag"),
        pytest.param(bucket(days(30, above=9), days(400)), BAD, HIGH, "30", id="by size"),
        pytest.param(bucket(days(400, above=9)), BAD, MEDIUM, "", id="only by size"),
        pytest.param(
            bucket(days(400, above=9), days(400, below=10)), GOOD, None, "", id="every size"
        ),
        pytest.param(bucket(locked=365), GOOD, None, "", id="locked"),
        pytest.param(bucket(days(30), locked=365), GOOD, None, "", id="locked, and a short rule"),
        pytest.param(bucket(days(30), locked=90), BAD, HIGH, "", id="locked too shortly"),
        pytest.param(
            bucket(locked=90), BAD, MEDIUM, "no retention policy", id="locked for a while"
        ),
    ],
)
def test_buckets(found, status, severity, said):
    verdict = audit_bucket_retention(AuditBuckets((found,)))
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason
    assert said in verdict.reason


def test_the_worst_of_several_buckets():
    other = bucket(days(30), name="flow-logs")
    verdict = audit_bucket_retention(AuditBuckets((bucket(), other)))
    assert (verdict.severity, "flow-logs" in verdict.reason) == (HIGH, True)


def test_several_kinds_in_one_bucket():
    kept = BucketRetention("logs", (days(30, prefix="AWSLogs/1/Config/"), days(400)))
    prefixes = ((TRAIL, "the trail audit"), ("AWSLogs/1/Config", "AWS Config"))
    verdict = audit_bucket_retention(AuditBuckets((AuditBucket("logs", prefixes, kept),)))
    assert "files of AWS Config after 30 days" in verdict.reason
    assert "the trail" not in verdict.reason


def test_buckets_that_cannot_be_read():
    unread = AuditBucket("logs", ((TRAIL, "the trail audit"),), DENIED)
    verdict = audit_bucket_retention(AuditBuckets((unread, bucket(days(400)))))
    assert (verdict.status, verdict.missing) == (UNKNOWN, (DENIED.action,))
    assert audit_bucket_retention(AuditBuckets((unread, bucket(days(30))))).status is BAD


def test_no_bucket_of_this_account():
    assert audit_bucket_retention(AuditBuckets()).status is NA
    assert (
        "archive belong to others" in audit_bucket_retention(AuditBuckets((), ("archive",))).reason
    )


def test_settings_of_buckets():
    def judged(found, **settings):
        return audit_bucket_retention(AuditBuckets((found,)), **settings)

    assert judged(bucket(days(400)), audit_min_days=731).status is BAD
    assert judged(bucket(days(400)), max_days=365).severity is MEDIUM
    assert judged(bucket(locked=400), max_days=500).severity is MEDIUM
    assert judged(bucket(days(400), locked=450), max_days=500).status is GOOD
    assert judged(bucket(), require_policy=False).status is GOOD


def test_a_lock_that_can_be_bypassed():
    kept = BucketRetention("logs", (days(30),), 365, "GOVERNANCE")
    found = AuditBuckets((AuditBucket("logs", ((TRAIL, "the trail audit"),), kept),))
    assert audit_bucket_retention(found).status is GOOD
    assert audit_bucket_retention(found, require_compliance_mode=True).status is BAD


# -- event data stores ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("store", "status"),
    [
        pytest.param(StoreRetention("ENABLED", 365), GOOD, id="a year"),
        pytest.param(StoreRetention("STOPPED_INGESTION", 364), BAD, id="a day less"),
        pytest.param(StoreRetention("PENDING_DELETION", 30), NA, id="being deleted"),
    ],
)
def test_event_data_stores(store, status):
    verdict = event_data_store_retention(store)
    assert verdict.status is status, verdict.reason


def test_settings_of_event_data_stores():
    store = StoreRetention("ENABLED", 2557)
    assert event_data_store_retention(store, audit_min_days=3653).status is BAD
    assert event_data_store_retention(store, max_days=365).severity is MEDIUM


@pytest.mark.parametrize(
    ("writer", "way"),
    [
        ("the trail audit", "by a lifecycle rule or Object Lock."),
        ("AWS Config", "AWS Config does not support buckets with Object Lock"),
    ],
)
def test_object_lock_is_recommended_only_where_the_writer_supports_it(writer, way):
    kept = BucketRetention("logs", (Expiry("short", 30),))
    found = AuditBuckets((AuditBucket("logs", (("AWSLogs/1/x", writer),), kept),))
    assert way in audit_bucket_retention(found).expected
