"""Sensitive data is found and classified."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.data_privacy.app import (
    bucket_classification,
    cluster_classification,
    database_classification,
    log_group_classification,
    macie_discovery,
    secret_classification,
    table_classification,
)
from readiness import Severity, Status
from readiness.evidence.macie import (
    BucketInMacie,
    MacieBucket,
    MacieJob,
    SensitiveDataDiscovery,
)
from readiness.evidence.workloads.data_stores import (
    BucketTags,
    ClusterTags,
    DatabaseTags,
    LogGroupTags,
    SecretTags,
    TableTags,
)
from readiness.model.unreadable import Cause, NotOffered, Unreadable
from tests.fake_account import NOON

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA


def check(verdict, status, said=""):
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


# -- Macie ----------------------------------------------------------------------------------------

WATCHED = MacieBucket("orders", objects=5, in_discovery=True, in_job="FALSE")
EXCLUDED = replace(WATCHED, in_discovery=False)
FAILED = replace(WATCHED, score=-1)
REFUSED = replace(WATCHED, name="letters", objects=None, error="ACCESS_DENIED")
IN_A_JOB = replace(EXCLUDED, in_job="TRUE")


def ran(days):
    """A bucket that a job looked at so many days ago."""
    return replace(IN_A_JOB, job_ran=NOON - timedelta(days))


ON = SensitiveDataDiscovery(
    2, "ENABLED", NOON, discovers=True, changed=NOON - timedelta(90), inventory=(WATCHED, EXCLUDED)
)
OFF = replace(ON, discovers=False, inventory=(EXCLUDED,))
NEW = replace(ON, changed=NOON - timedelta(hours=47), inventory=(EXCLUDED,))


@pytest.mark.parametrize(
    ("found", "status", "said"),
    [
        pytest.param(SensitiveDataDiscovery(0), NA, "no buckets", id="no buckets"),
        pytest.param(SensitiveDataDiscovery(1), BAD, "which has 1 bucket", id="disabled"),
        pytest.param(SensitiveDataDiscovery(2, "PAUSED"), BAD, "suspended", id="suspended"),
        pytest.param(ON, GOOD, "shows 1 of 2 buckets covered", id="automated discovery"),
        pytest.param(replace(ON, inventory=()), GOOD, "0 of 0", id="no inventory yet"),
        pytest.param(replace(ON, inventory=(EXCLUDED,)), BAD, "excludes every", id="all excluded"),
        pytest.param(
            replace(ON, inventory=(FAILED, REFUSED, replace(WATCHED, objects=0), EXCLUDED)),
            BAD,
            "no object of 2 buckets, all that it includes and that hold any: orders and letters",
            id="nothing can be analyzed",
        ),
        pytest.param(
            replace(ON, inventory=(FAILED, replace(WATCHED, score=50))), GOOD, "2 of 2", id="some"
        ),
        pytest.param(
            replace(ON, inventory=(replace(WATCHED, objects=0),)), GOOD, "1 of 1", id="empty ones"
        ),
        pytest.param(NEW, GOOD, "0 of 1", id="on for less than two days"),
        pytest.param(replace(NEW, changed=NOON - timedelta(hours=48)), BAD, "excl", id="two days"),
        pytest.param(OFF, BAD, "There is no classification job", id="no discovery and no job"),
        pytest.param(
            replace(OFF, jobs=("weekly",), inventory=(IN_A_JOB, EXCLUDED)),
            GOOD,
            "weekly. Its inventory shows 1 of 2 buckets covered",
            id="a scheduled job",
        ),
        pytest.param(
            replace(OFF, jobs=("weekly",)),
            BAD,
            "(weekly) include no bucket",
            id="of other buckets",
        ),
        pytest.param(
            replace(OFF, jobs=("now",), runs_once=True), GOOD, "now", id="a job that runs once"
        ),
        pytest.param(
            replace(OFF, jobs=("weekly",), inventory=(replace(EXCLUDED, in_job="UNKNOWN"),)),
            GOOD,
            "weekly",
            id="Macie does not know what the job includes",
        ),
        pytest.param(
            replace(OFF, idle_jobs=("once", "old")),
            BAD,
            "2 classification jobs are paused, cancelled or complete",
            id="jobs that are over",
        ),
        pytest.param(
            replace(OFF, administrator="777788889999"),
            BAD,
            "(its administrator 777788889999 decides)",
            id="a member without discovery",
        ),
        pytest.param(
            replace(OFF, discovers=None, administrator="777788889999"),
            UNKNOWN,
            "777788889999 does not show",
            id="a member whose administrator shows nothing",
        ),
        pytest.param(
            replace(OFF, discovers=None, administrator="777788889999", inventory=(WATCHED,)),
            GOOD,
            "1 of 1 bucket covered",
            id="a member whose inventory shows discovery",
        ),
        pytest.param(
            replace(OFF, administrator="777788889999", inventory=(IN_A_JOB,)),
            UNKNOWN,
            "Jobs of the administrator 777788889999",
            id="a member in a job of its administrator",
        ),
        pytest.param(
            replace(OFF, administrator="777788889999", inventory=(ran(20), IN_A_JOB)),
            GOOD,
            "the last run began on 2026-10-13",
            id="a member in a job of its administrator that runs",
        ),
        pytest.param(
            replace(OFF, administrator="777788889999", inventory=(ran(90), ran(40), EXCLUDED)),
            BAD,
            "none has run since 2026-09-23",
            id="a member in a job that its administrator paused",
        ),
        pytest.param(
            replace(OFF, administrator="777788889999", inventory=(ran(90), IN_A_JOB)),
            UNKNOWN,
            "Jobs of the administrator 777788889999",
            id="a member in a job of its administrator that is new",
        ),
        pytest.param(
            replace(
                OFF, administrator="777788889999", inventory=(IN_A_JOB,), idle_jobs=("paused",)
            ),
            BAD,
            "none is active",
            id="a member in a paused job of its own",
        ),
        pytest.param(
            replace(OFF, inventory=(IN_A_JOB,)), BAD, "no classification job", id="in no job now"
        ),
        pytest.param(
            replace(OFF, discovers=None, jobs=("weekly",), inventory=()),
            GOOD,
            "weekly",
            id="a member with a job of its own",
        ),
    ],
)
def test_macie_discovery(found, status, said):
    check(macie_discovery(found), status, said)


def test_enabling_macie_alone_can_be_enough():
    check(macie_discovery(OFF, require_discovery=False), GOOD, "require_discovery=false")
    check(macie_discovery(SensitiveDataDiscovery(1), require_discovery=False), BAD, "not enabled")


# -- classification -------------------------------------------------------------------------------

NO_MACIE = BucketInMacie("")


def bucket(name, tags):
    return bucket_classification, (BucketTags(name, tags), NO_MACIE)


def table(name, tags):
    return table_classification, (TableTags(name, tags),)


def database(name, tags):
    return database_classification, (DatabaseTags(name, tags),)


def cluster(name, tags):
    return cluster_classification, (ClusterTags(name, tags),)


def secret(name, tags):
    arn = f"arn:aws:secretsmanager:us-east-1:111122223333:secret:{name}"
    return secret_classification, (SecretTags(arn, tags),)


def group(name, tags):
    return log_group_classification, (LogGroupTags(name, tags),)


KINDS = pytest.mark.parametrize("make", [bucket, table, database, cluster, secret, group])


@KINDS
@pytest.mark.parametrize(
    ("tags", "status", "said"),
    [
        pytest.param({"DataClassification": "Internal"}, GOOD, "as Internal", id="classified"),
        pytest.param({}, BAD, "no tag DataClassification", id="no tags"),
        pytest.param({"dataclassification": "Public"}, BAD, "dataclassification", id="key's case"),
        pytest.param({"DataClassification": "public"}, BAD, "mean Public?", id="value's case"),
        pytest.param({"DataClassification": "Secret"}, BAD, '"Secret"', id="unknown class"),
        pytest.param({"DataClassification": ""}, BAD, "is empty", id="empty"),
        pytest.param({"Class": "Public"}, BAD, "no tag", id="another tag"),
    ],
)
def test_the_tag_that_classifies(make, tags, status, said):
    rule, evidence = make("orders", tags)
    check(rule(*evidence), status, said)


@KINDS
def test_the_key_and_the_classes_are_settings(make):
    rule, evidence = make("orders", {"class": "pii"})
    check(rule(*evidence), BAD)
    check(rule(*evidence, tag_key="class"), BAD, "none of the classes")
    own = {"tag_key": "class", "allowed_values": ("none", "pii"), "macie_required_from": ""}
    own = {name: value for name, value in own.items() if name in {s.name for s in rule.settings}}
    check(rule(*evidence, **own), GOOD, "as pii")


@KINDS
def test_names_can_be_exempt(make):
    rule, evidence = make("scratch-1", {})
    check(rule(*evidence), BAD)
    check(rule(*evidence, exempt_names=("scratch-*",)), NA, "exempt_names")


@KINDS
def test_the_least_severe_are_log_groups(make):
    rule, _ = make("orders", {})
    assert rule.severity is (Severity.LOW if make is group else Severity.MEDIUM)


def test_buckets_of_aws_tools_are_exempt():
    names = (
        "cdk-hnb659fds-assets-111122223333-us-east-1",
        "aws-cloudtrail-logs-111122223333-1a2b",
    )
    for name in names:
        check(bucket_classification(BucketTags(name, {}), NO_MACIE), NA)


def test_a_cluster_holds_the_data_of_its_instances():
    verdict = database_classification(DatabaseTags("orders-1", {}, "orders"))
    check(verdict, NA, "cluster orders holds its data")


def test_secrets_of_services_are_left_to_them():
    check(secret_classification(secret("rds!db-1234-AbCdEf", {})[1][0]), NA, "service rds manages")


# -- buckets and Macie ----------------------------------------------------------------------------


def seen(**changes):
    return BucketInMacie("ENABLED", replace(WATCHED, **changes))


def in_jobs(*states, last_job="", buckets=None):
    """A bucket that only scheduled jobs in these states include."""
    jobs = [MacieJob(str(n), f"job-{n}", each, buckets=buckets) for n, each in enumerate(states)]
    return replace(seen(in_discovery=False, in_job="TRUE", last_job=last_job), jobs=tuple(jobs))


def by_administrator(days):
    """A bucket that only a job of the administrator includes, which ran so many days ago."""
    return BucketInMacie("ENABLED", ran(days), read_at=NOON)


DENIED = Unreadable("macie2:DescribeBuckets", Cause.ACCESS_DENIED, "AccessDeniedException")
NOWHERE = NotOffered("macie2:GetMacieSession", "macie2", "eusc-de-east-1")
LEFT_OUT = {"in_discovery": False}


@pytest.mark.parametrize(
    ("value", "macie", "status", "said"),
    [
        pytest.param("Confidential", seen(score=99), GOOD, "", id="watched"),
        pytest.param(
            "Confidential", seen(score=-1), UNKNOWN, "may not use their KMS key", id="not analysed"
        ),
        pytest.param(
            "Restricted",
            seen(in_discovery=False, in_job="TRUE"),
            UNKNOWN,
            "has not run yet",
            id="by a new job of the administrator",
        ),
        pytest.param("Restricted", by_administrator(31), GOOD, "", id="by one that runs"),
        pytest.param(
            "Restricted",
            by_administrator(34),
            BAD,
            "has not run since 2026-09-29",
            id="by one that stands still",
        ),
        pytest.param("Restricted", in_jobs("IDLE"), GOOD, "", id="by a scheduled job"),
        pytest.param(
            "Restricted", in_jobs("USER_PAUSED"), BAD, "are paused: job-0", id="by a paused job"
        ),
        pytest.param(
            "Restricted", in_jobs("PAUSED"), BAD, "are paused", id="by a job above its quota"
        ),
        pytest.param(
            "Restricted",
            in_jobs("USER_PAUSED", "IDLE"),
            UNKNOWN,
            "does not say whether one that runs",
            id="by one of two jobs",
        ),
        pytest.param(
            "Restricted",
            in_jobs("USER_PAUSED", "RUNNING", last_job="1"),
            GOOD,
            "",
            id="by the one of two jobs that ran last",
        ),
        pytest.param(
            "Restricted",
            in_jobs("USER_PAUSED", "IDLE", buckets=frozenset({"orders"})),
            GOOD,
            "",
            id="by a job that names it",
        ),
        pytest.param(
            "Confidential", seen(**LEFT_OUT), BAD, "leaves the bucket out", id="left out"
        ),
        pytest.param(
            "Confidential",
            seen(**LEFT_OUT, error="BUCKET_COUNT_EXCEEDS_QUOTA"),
            BAD,
            "more buckets than Macie's quota",
            id="over the quota",
        ),
        pytest.param(
            "Confidential",
            seen(**LEFT_OUT, in_job="UNKNOWN"),
            UNKNOWN,
            "not know",
            id="job unknown",
        ),
        pytest.param(
            "Confidential", seen(error="ACCESS_DENIED"), UNKNOWN, "ACCESS_DENIED", id="unreadable"
        ),
        pytest.param(
            "Confidential", BucketInMacie("ENABLED"), UNKNOWN, "does not list", id="not listed yet"
        ),
        pytest.param("Confidential", BucketInMacie(""), BAD, "not enabled", id="Macie disabled"),
        pytest.param(
            "Restricted", BucketInMacie("PAUSED"), BAD, "suspended", id="Macie suspended"
        ),
        pytest.param("Confidential", DENIED, UNKNOWN, "was denied", id="Macie not readable"),
        pytest.param("Confidential", NOWHERE, GOOD, "no Macie in this region", id="no Macie here"),
        pytest.param("Public", seen(score=50), GOOD, "as Public", id="not analysed"),
        pytest.param("Internal", seen(score=51), BAD, "score is 51", id="sensitive data found"),
        pytest.param(
            "Public", seen(score=100), BAD, "Confidential or higher", id="most sensitive"
        ),
        pytest.param("Public", seen(score=-1), GOOD, "", id="the analysis failed"),
        pytest.param("Public", seen(score=1, **LEFT_OUT), GOOD, "", id="public and left out"),
        pytest.param("Public", BucketInMacie(""), GOOD, "", id="public without Macie"),
        pytest.param("Public", DENIED, UNKNOWN, "was denied", id="public and Macie not readable"),
    ],
)
def test_macie_may_contradict_the_tag(value, macie, status, said):
    tagged = BucketTags("orders", {"DataClassification": value})
    check(bucket_classification(tagged, macie), status, said)


def test_an_empty_bucket_has_no_class_yet():
    check(bucket_classification(BucketTags("orders", {}), seen(objects=0)), NA, "empty")
    check(bucket_classification(BucketTags("orders", {}), seen(objects=None)), BAD)
    tagged = BucketTags("orders", {"DataClassification": "Public"})
    check(bucket_classification(tagged, seen(objects=0, score=1)), GOOD)


def test_a_class_too_low_is_severe_and_a_region_without_macie_is_not():
    def severity(value, macie):
        return bucket_classification(
            BucketTags("b", {"DataClassification": value}), macie
        ).severity

    assert severity("Public", seen(score=80)) is Severity.HIGH
    assert severity("Restricted", BucketInMacie("")) is Severity.LOW


def test_what_asks_for_macie_is_a_setting():
    tagged = BucketTags("orders", {"DataClassification": "Confidential"})
    check(bucket_classification(tagged, seen(**LEFT_OUT)), BAD)
    later = {"macie_required_from": "Restricted"}
    check(bucket_classification(tagged, seen(**LEFT_OUT, score=50), **later), GOOD)
    check(bucket_classification(tagged, seen(score=51), **later), BAD, "Restricted or higher")
    check(bucket_classification(tagged, seen(**LEFT_OUT), macie_required_from=""), GOOD)
    wrong = bucket_classification(tagged, seen(), macie_required_from="Secret")
    check(wrong, UNKNOWN, "macie_required_from is Secret")


def test_the_sensitive_score_is_a_setting():
    tagged = BucketTags("orders", {"DataClassification": "Internal"})
    check(bucket_classification(tagged, seen(score=74)), BAD)
    check(bucket_classification(tagged, seen(score=74), sensitive_score=75), GOOD)
