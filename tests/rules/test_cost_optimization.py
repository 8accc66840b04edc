"""Cost optimization: evidence in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.cost_optimization.app import (
    bucket_lifecycle,
    bucket_storage_class,
    compute_optimizer_enrolled,
    file_system_storage_class,
    function_memory,
    table_class,
    volume_types,
)
from readiness import Status
from readiness.evidence.awslambda.functions import (
    FunctionConfiguration,
    FunctionIdentity,
    FunctionSize,
)
from readiness.evidence.computeoptimizer import (
    Enrollment,
    FunctionRecommendations,
    Recommendation,
    Saving,
    VolumeRecommendations,
)
from readiness.evidence.dynamodb.usage import TableStorage
from readiness.evidence.ec2.volume_types import Volume, VolumeTypes
from readiness.evidence.efs import FileSystemTiers
from readiness.evidence.region import Region
from readiness.evidence.s3.lifecycles import ArchiveTiers, BucketLifecycle
from readiness.evidence.s3.transfer import BucketWrites
from readiness.evidence.workloads.manifests import Manifests
from readiness.evidence.workloads.utilization import FunctionRuns
from readiness.semantics.lifecycle import CostRule
from tests.accounts.cost_optimization import GIB, fake_account, rule
from tests.fake_account import ACCOUNT_ID, NOON, observe

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
HERE = Region(NOON, ACCOUNT_ID)
NONE = Manifests()


def judged(verdict, status, words=""):
    assert (verdict.status, words in verdict.reason) == (status, True), verdict


# -- buckets --------------------------------------------------------------------------------------


def stored(gib: float = 500, objects: float = 1000, **classes: float) -> BucketWrites:
    found = {"StandardStorage": gib * GIB} | {k: v * GIB for k, v in classes.items()}
    return BucketWrites(stored=sum(found.values()), objects=objects, classes=found)


def rules(*found: dict[str, Any], versioned: bool = False) -> BucketLifecycle:
    return BucketLifecycle(tuple(CostRule.of(each, NOON) for each in found), versioned)


EXPIRES = rule(Transitions=[], Expiration={"Days": 30})
MOVES = rule()
NEVER = rule(Transitions=[{"Days": 5000, "StorageClass": "GLACIER"}])
PREFIX = rule(Filter={"Prefix": "logs/"})
OFF = rule(Status="Disabled")
LARGE = rule(ID="large", Filter={"ObjectSizeGreaterThan": 1_000_000})
SMALL = rule(ID="small", Filter={"ObjectSizeLessThan": 1_000_000})
ABORTS = rule(ID="uploads", Transitions=[], NoncurrentVersionExpiration={})
NO_TIERS = ArchiveTiers()


@pytest.mark.parametrize(
    ("storage", "lifecycle", "tiers", "settings", "status", "words"),
    [
        pytest.param(stored(), rules(MOVES), NO_TIERS, {}, GOOD, "tidy moves", id="moved"),
        pytest.param(stored(), rules(EXPIRES), NO_TIERS, {}, GOOD, "", id="expired"),
        pytest.param(stored(), rules(), NO_TIERS, {}, BAD, "500 GiB lie in S3", id="nothing"),
        pytest.param(stored(), rules(OFF), NO_TIERS, {}, BAD, "Disabled", id="disabled"),
        pytest.param(stored(), rules(NEVER), NO_TIERS, {}, BAD, "", id="in 14 years"),
        pytest.param(
            stored(), rules(PREFIX), NO_TIERS, {}, BAD, "the prefix logs/", id="a prefix"
        ),
        pytest.param(stored(), rules(LARGE), NO_TIERS, {}, BAD, "some sizes", id="large ones"),
        pytest.param(
            stored(), rules(LARGE, SMALL), NO_TIERS, {}, GOOD, "large", id="large and small ones"
        ),
        pytest.param(
            stored(GlacierStorage=1), rules(PREFIX), NO_TIERS, {}, GOOD, "", id="that is used"
        ),
        pytest.param(stored(99), rules(), NO_TIERS, {}, GOOD, "less than the 100 GiB", id="small"),
        pytest.param(stored(99), rules(), NO_TIERS, {"min_gib": 50.0}, BAD, "", id="large"),
        pytest.param(
            stored(5, IntelligentTieringFAStorage=900),
            rules(),
            NO_TIERS,
            {},
            GOOD,
            "",
            id="written to another class",
        ),
        pytest.param(
            stored(),
            rules(),
            ArchiveTiers(("cold",)),
            {},
            BAD,
            "cold does nothing",
            id="an archive of nothing",
        ),
        pytest.param(
            stored(IntelligentTieringFAStorage=1),
            rules(),
            ArchiveTiers(("cold",)),
            {},
            BAD,
            "nothing moves them",
            id="an archive of something",
        ),
        pytest.param(
            stored(objects=10_000_000), rules(), NO_TIERS, {}, NA, "128 KiB", id="tiny objects"
        ),
        pytest.param(BucketWrites(), rules(), NO_TIERS, {}, NA, "is empty", id="no metric"),
    ],
)
def test_the_storage_class_of_a_bucket(storage, lifecycle, tiers, settings, status, words):
    judged(bucket_storage_class(storage, lifecycle, tiers, **settings), status, words)


@pytest.mark.parametrize(
    ("storage", "lifecycle", "settings", "status", "words"),
    [
        pytest.param(stored(), rules(MOVES, versioned=True), {}, GOOD, "tidy", id="all"),
        pytest.param(
            stored(), rules(ABORTS, LARGE, SMALL, versioned=True), {}, GOOD, "small", id="by size"
        ),
        pytest.param(
            stored(), rules(ABORTS, LARGE), {}, BAD, "moves or expires", id="not the small ones"
        ),
        pytest.param(stored(), rules(), {}, BAD, "NO_ABORT_MPU", id="nothing"),
        pytest.param(stored(), rules(OFF), {}, BAD, "RULES_DISABLED", id="disabled"),
        pytest.param(stored(), rules(PREFIX), {}, BAD, "PREFIX_ONLY", id="a prefix"),
        pytest.param(
            stored(),
            rules(rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 8})),
            {},
            BAD,
            "NO_ABORT_MPU",
            id="ends uploads late",
        ),
        pytest.param(
            stored(),
            rules(rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 8})),
            {"max_abort_days": 8},
            GOOD,
            "",
            id="late and allowed",
        ),
        pytest.param(
            stored(),
            rules(rule(Transitions=[], NoncurrentVersionExpiration={})),
            {},
            BAD,
            "moves or expires",
            id="only ends uploads",
        ),
        pytest.param(
            stored(),
            rules(rule(NoncurrentVersionExpiration={}), versioned=True),
            {},
            BAD,
            "Old versions stay",
            id="keeps old versions",
        ),
        pytest.param(
            stored(),
            rules(rule(NoncurrentVersionExpiration={})),
            {},
            GOOD,
            "",
            id="has no old versions",
        ),
        pytest.param(
            stored(),
            rules(
                rule(
                    Transitions=[],
                    NoncurrentVersionExpiration={},
                    Expiration={"ExpiredObjectDeleteMarker": True},
                )
            ),
            {},
            BAD,
            "moves or expires",
            id="only delete markers",
        ),
        pytest.param(
            stored(), rules(rule(Transitions=[])), {}, BAD, "moves or expires", id="of no versions"
        ),
        pytest.param(
            stored(), rules(rule(Transitions=[]), versioned=True), {}, GOOD, "", id="of versions"
        ),
        pytest.param(
            stored(),
            rules(rule(NoncurrentVersionExpiration={"NoncurrentDays": 36500}), versioned=True),
            {},
            BAD,
            "Old versions stay",
            id="versions for a century",
        ),
        pytest.param(
            stored(),
            rules(rule(Transitions=[], Expiration={"Date": NOON.replace(year=2099)})),
            {},
            BAD,
            "moves or expires",
            id="in 2099",
        ),
        pytest.param(
            stored(),
            rules(rule(Transitions=[], Expiration={"Date": NOON + timedelta(days=30)})),
            {},
            GOOD,
            "",
            id="next month",
        ),
        pytest.param(stored(10), rules(), {}, GOOD, "less than", id="small"),
        pytest.param(stored(10), rules(), {"min_gib": 5.0}, BAD, "", id="large enough"),
        pytest.param(BucketWrites(), rules(), {}, NA, "is empty", id="no metric"),
    ],
)
def test_the_lifecycle_of_a_bucket(storage, lifecycle, settings, status, words):
    judged(bucket_lifecycle(storage, lifecycle, **settings), status, words)


# -- file systems and volumes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "settings", "status", "words"),
    [
        (FileSystemTiers(500 * GIB, "AFTER_30_DAYS"), {}, GOOD, "after 30 days"),
        (FileSystemTiers(500 * GIB, "", "AFTER_90_DAYS"), {}, GOOD, "after 90 days"),
        (FileSystemTiers(500 * GIB), {}, BAD, "500 GiB"),
        (FileSystemTiers(50 * GIB), {}, GOOD, "less than"),
        (FileSystemTiers(50 * GIB), {"min_gib": 10.0}, BAD, ""),
        (FileSystemTiers(None), {}, UNKNOWN, "not measured"),
        (FileSystemTiers(None, is_going=True), {}, NA, "being deleted"),
    ],
)
def test_the_storage_class_of_a_file_system(system, settings, status, words):
    judged(file_system_storage_class(system, **settings), status, words)


SAVES = {"vol-1": Saving(20.0, "USD", "gp3 with 3,000 IOPS")}


@pytest.mark.parametrize(
    ("volumes", "savings", "settings", "status", "words"),
    [
        ([], {}, {}, GOOD, "No volume"),
        ([Volume("vol-1", "io2", 100)], {}, {}, UNKNOWN, "does not say whether vol-1 needs"),
        ([Volume("vol-2", "io2", 100)], {}, {}, GOOD, ""),
        (
            [Volume("vol-1", "io2", 100), Volume("vol-3", "gp2", 2000)],
            {},
            {},
            BAD,
            "as fast where IOPS and throughput of large volumes",
        ),
        ([Volume("vol-1", "gp2", 100)], {}, {}, BAD, "1 volume of 100 GiB has the type gp2"),
        ([Volume("vol-1", "gp2", 100)], SAVES, {}, BAD, "is 20.00 USD a month"),
        ([Volume("vol-1", "io1", 100)], SAVES, {}, BAD, "would do as gp3 with 3,000 IOPS"),
        ([Volume("vol-1", "io1", 100)], SAVES, {"min_saving": 21.0}, GOOD, ""),
        ([Volume("vol-1", "gp2", 100, is_at_edge=True)], {}, {}, UNKNOWN, "vol-1 has the type"),
        (
            [Volume("vol-1", "gp2", 100, is_at_edge=True), Volume("vol-3", "gp2", 100)],
            {},
            {},
            BAD,
            "1 volume of 100 GiB has the type gp2",
        ),
    ],
)
def test_the_types_of_volumes(volumes, savings, settings, status, words):
    recommended = VolumeRecommendations(savings, frozenset({*savings, "vol-2"}))
    verdict = volume_types(VolumeTypes(tuple(volumes)), recommended, **settings)
    judged(verdict, status, words)


# -- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("enrollment", "status"),
    [
        (Enrollment("Active"), GOOD),
        (Enrollment("Inactive"), BAD),
        (Enrollment("Failed", "no role"), BAD),
        (Enrollment("Pending"), UNKNOWN),
    ],
)
def test_compute_optimizer(enrollment, status):
    judged(compute_optimizer_enrolled(enrollment), status, enrollment.reason)


def function(**more: Any) -> tuple[FunctionIdentity, FunctionSize]:
    about = {
        "FunctionName": "agent",
        "FunctionArn": "arn:aws:lambda:us-east-1:111122223333:function:agent",
        "MemorySize": 1024,
        "LastModified": "2026-09-20T12:00:00.000+0000",
    }
    configured = FunctionConfiguration.of(about | more)
    identity = FunctionIdentity(configured.name, configured.master_arn)
    return identity, FunctionSize.of(configured)


def found(finding: str = "Optimized", *reasons: str, **more: Any) -> Recommendation:
    about: dict[str, Any] = {
        "about": "1024",
        "refreshed": NOON - timedelta(hours=10),
        "days": 14.0,
    }
    return Recommendation(finding, reasons, **(about | more))


LESS = Saving(12.5, "USD", "512 MiB")
LARGE = function(MemorySize=3008)
NEW = function(LastModified="2026-10-20T12:00:00.000+0000")
ACTIVE = Enrollment("Active")


@pytest.mark.parametrize(
    ("about", "recommended", "runs", "settings", "status", "words"),
    [
        pytest.param(function(), found(), None, {}, GOOD, "right in the last 14", id="right"),
        pytest.param(
            function(),
            found("NotOptimized", "MemoryOverprovisioned", saving=LESS),
            None,
            {},
            BAD,
            "with 512 MiB it would cost 12.50 USD a month less",
            id="too much",
        ),
        pytest.param(
            function(),
            found("NotOptimized", "MemoryOverprovisioned", saving=LESS),
            None,
            {"min_saving": 20.0},
            GOOD,
            "saves less than 20",
            id="too little to save",
        ),
        pytest.param(
            function(),
            found("NotOptimized", "MemoryUnderprovisioned"),
            None,
            {},
            GOOD,
            "MemoryUnderprovisioned",
            id="saves nothing",
        ),
        pytest.param(
            function(),
            found("Unavailable", "InsufficientData"),
            None,
            {},
            UNKNOWN,
            "InsufficientData",
            id="unavailable",
        ),
        pytest.param(
            function(), found(about="512"), None, {}, UNKNOWN, "STALE", id="of another size"
        ),
        pytest.param(
            function(LastModified="2026-11-02T11:00:00.000+0000"),
            found(),
            None,
            {},
            UNKNOWN,
            "STALE",
            id="older than the last change",
        ),
        pytest.param(function(), None, 0.0, {}, BAD, "UNUSED", id="unused"),
        pytest.param(
            function(), None, 0.0, {"report_unused": False}, NA, "0 times", id="unused is right"
        ),
        pytest.param(NEW, None, 0.0, {}, NA, "0 times", id="new"),
        pytest.param(function(), None, 49.0, {}, NA, "49 times", id="seldom used"),
        pytest.param(LARGE, None, 5000.0, {}, NA, "3,008", id="too large to be looked at"),
        pytest.param(function(), None, 5000.0, {}, UNKNOWN, "does not list", id="not listed"),
        pytest.param(
            function(MasterArn="arn:aws:lambda:us-east-1:1:function:edge"),
            None,
            0.0,
            {},
            NA,
            "Lambda@Edge",
            id="a replica",
        ),
    ],
)
def test_the_memory_of_a_function(about, recommended, runs, settings, status, words):
    listed = FunctionRecommendations({"agent": recommended} if recommended else {})
    verdict = function_memory(*about, listed, ACTIVE, FunctionRuns(runs), HERE, **settings)
    judged(verdict, status, words)


@pytest.mark.parametrize(
    ("latest", "published", "status", "words"),
    [
        pytest.param(None, found(), GOOD, "In the version 7: Compute Optimizer finds", id="right"),
        pytest.param(
            found(),
            found("NotOptimized", "MemoryOverprovisioned", about="1769", saving=LESS),
            BAD,
            "In the version 7: Its 1769 MiB are not what it needs",
            id="too much, beside a new size that nobody runs",
        ),
        pytest.param(
            found("NotOptimized", "MemoryOverprovisioned", saving=LESS),
            found(),
            BAD,
            "Its 1024 MiB",
            id="the unpublished version has too much",
        ),
    ],
)
def test_the_memory_of_a_version_that_runs(latest, published, status, words):
    listed = FunctionRecommendations(
        {"agent": latest} if latest else {}, {"agent": {7: published}}
    )
    verdict = function_memory(*function(), listed, ACTIVE, FunctionRuns(5000.0), HERE)
    judged(verdict, status, words)


def test_a_function_that_runs_at_the_edge():
    runs = FunctionRuns(0.0, ("E1", "E2"))
    verdict = function_memory(*function(), FunctionRecommendations({}), ACTIVE, runs, HERE)
    judged(verdict, NA, "CloudFront runs it at the edge (E1 and E2)")


def test_a_function_that_rotates_secrets():
    runs = FunctionRuns(0.0, rotates=True)
    verdict = function_memory(*function(), FunctionRecommendations({}), ACTIVE, runs, HERE)
    judged(verdict, NA, "It rotates secrets, and none was rotated in 30 days")


@pytest.mark.parametrize(
    ("recommended", "status", "words"),
    [
        pytest.param(None, NA, "By its name it is a custom resource", id="not listed"),
        pytest.param(found("Unavailable"), NA, "By its name", id="not analysed"),
        pytest.param(found(), GOOD, "finds its memory", id="analysed"),
    ],
)
def test_a_custom_resource_that_compute_optimizer_contradicts(recommended, status, words):
    name = "customers-custom-resources-api"
    listed = FunctionRecommendations({name: recommended} if recommended else {})
    identity, size = function()
    about = replace(identity, name=name), size
    verdict = function_memory(*about, listed, ACTIVE, FunctionRuns(0.0), HERE)
    judged(verdict, status, words)


def test_nobody_looks_at_the_memory():
    listed = FunctionRecommendations({})
    off = Enrollment("Inactive")
    verdict = function_memory(*function(), listed, off, FunctionRuns(0.0), HERE)
    judged(verdict, NA, "compute-optimizer-enrolled")


# -- tables ---------------------------------------------------------------------------------------

RARE = "STANDARD_INFREQUENT_ACCESS"


def table(gib: float = 200, **about: Any) -> TableStorage:
    about = {"units": 1000.0, "measured": 7} | about
    return TableStorage("orders", bytes=int(gib * GIB), **about)


@pytest.mark.parametrize(
    ("of", "settings", "status", "words"),
    [
        pytest.param(table(), {}, BAD, "200 GiB in the class STANDARD", id="seldom read"),
        pytest.param(table(units=0.0, measured=0), {}, BAD, "at most 0 units", id="never read"),
        pytest.param(table(units=200_000.0), {}, GOOD, "Requests cost most", id="busy"),
        pytest.param(table(units=200_000.0), {"max_units_per_gib": 5000.0}, BAD, "", id="a limit"),
        pytest.param(table(99), {}, GOOD, "less than the 100 GiB", id="small"),
        pytest.param(table(99), {"min_gib": 50.0}, BAD, "99 GiB", id="another size"),
        pytest.param(table(measured=2), {}, UNKNOWN, "2 days", id="new"),
        pytest.param(table(status="ARCHIVED"), {}, NA, "its status is ARCHIVED", id="archived"),
        pytest.param(table(table_class=RARE), {}, GOOD, RARE, id="infrequent"),
        pytest.param(table(table_class=RARE, units=400_000.0), {}, GOOD, "", id="between"),
        pytest.param(table(table_class=RARE, units=3e6), {}, BAD, "cost more", id="wrong class"),
        pytest.param(table(0.5, units=None), {"min_gib": 0.1}, UNKNOWN, "1 GiB", id="tiny"),
    ],
)
def test_the_class_of_a_table(of, settings, status, words):
    judged(table_class(of, **settings), status, words)


@pytest.mark.parametrize("judge", [bucket_lifecycle, bucket_storage_class])
def test_that_a_bucket_is_small_does_not_say_that_it_exists(judge):
    account = fake_account()
    account.answers["cloudwatch", "list_metrics"] = {"Metrics": []}
    seen = observe(account, judge, "deleted")
    assert seen.finding is not None
    assert seen.unproven
