"""Vulnerability scans: each outcome of the rules that judge what scanners know."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.security_validation.rules_of_scans import (
    function_vulnerabilities,
    host_vulnerabilities,
    image_vulnerabilities,
    inspector_enabled,
)
from readiness import Severity, Status
from readiness.evidence.awslambda.functions import FunctionAge
from readiness.evidence.ecs.hosts import HostMonitoring
from readiness.evidence.inspector2 import (
    Coverage,
    FunctionScan,
    HostScan,
    InspectorStatus,
    Scan,
    Vulnerability,
)
from readiness.evidence.workloads.image_scans import BASIC, ImageScans, RunningImage
from readiness.evidence.workloads.scannable import Scannable
from tests.fake_account import NOON

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA


def ago(**time: float) -> datetime:
    return NOON - timedelta(**time)


@pytest.mark.parametrize(
    ("functions", "instances", "used", "status", "words"),
    [
        pytest.param(
            "ENABLED", "ENABLED", (True, True), GOOD, "Lambda functions and ECS", id="on"
        ),
        pytest.param("DISABLED", "ENABLED", (True, True), BAD, "functions (DISABLED)", id="off"),
        pytest.param("DISABLED", "ENABLED", (False, True), GOOD, "", id="off and not needed"),
        pytest.param("ENABLED", "SUSPENDED", (True, True), BAD, "hosts (SUSPENDED)", id="stopped"),
        pytest.param("", "ENABLED", (True, False), NA, "could scan", id="not offered"),
        pytest.param("", "ENABLED", (True, True), GOOD, "ECS hosts", id="in part not offered"),
        pytest.param("ENABLING", "ENABLED", (True, True), UNKNOWN, "being enabled", id="starting"),
        pytest.param(
            "DISABLED", "DISABLED", (False, False), NA, "no functions", id="nothing there"
        ),
    ],
)
def test_inspector_enabled(functions, instances, used, status, words):
    verdict = inspector_enabled(
        InspectorStatus(functions, "DISABLED", instances), Scannable(*used)
    )
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason


ACTIVE = Coverage("it", "ACTIVE", "SUCCESSFUL", ago(hours=5))


def inactive(reason: str) -> Coverage:
    return Coverage("it", "INACTIVE", reason)


def found(*, days: float, severity: str = "CRITICAL", **more: Any) -> Vulnerability:
    return Vulnerability("CVE-2026-0001", severity, ago(days=days), **more)


def scan(
    *findings: Vulnerability,
    coverage: tuple[Coverage, ...] = (ACTIVE,),
    status: str = "ENABLED",
    **rules: tuple[datetime, str],
) -> Scan:
    return Scan(status, NOON, coverage, findings, rules)


FINDINGS = [
    pytest.param(scan(), {}, GOOD, None, "no critical or high", id="nothing found"),
    pytest.param(
        scan(found(days=6.9)), {}, GOOD, None, "repaired in time", id="critical, in time"
    ),
    pytest.param(
        scan(found(days=7)), {}, BAD, Severity.CRITICAL, "open too long", id="critical, late"
    ),
    pytest.param(
        scan(found(days=7)), {"critical_days": 14}, GOOD, None, "", id="critical, more time"
    ),
    pytest.param(
        scan(found(days=0, exploitable=True)),
        {},
        BAD,
        Severity.CRITICAL,
        "an exploit is known",
        id="an exploit is known",
    ),
    pytest.param(
        scan(found(days=1, exploitable=True)),
        {"exploitable_days": 2},
        GOOD,
        None,
        "",
        id="an exploit is known, more time",
    ),
    pytest.param(
        scan(found(days=29, severity="HIGH", exploitable=True)), {}, GOOD, None, "", id="high"
    ),
    pytest.param(
        scan(found(days=30, severity="HIGH")), {}, BAD, Severity.HIGH, "", id="high, late"
    ),
    pytest.param(
        scan(found(days=30, severity="HIGH")), {"high_days": 60}, GOOD, None, "", id="high, longer"
    ),
    pytest.param(
        scan(found(days=50, suppressed=True), accepted=(ago(days=10), "Not reachable.")),
        {},
        GOOD,
        None,
        "",
        id="suppressed for a reason",
    ),
    pytest.param(
        scan(found(days=50, suppressed=True), accepted=(ago(days=10), " ")),
        {},
        BAD,
        Severity.CRITICAL,
        "the suppression rules accepted state no reason",
        id="suppressed for no reason",
    ),
    pytest.param(
        scan(found(days=50, suppressed=True), accepted=(ago(days=181), "Not reachable.")),
        {},
        BAD,
        Severity.CRITICAL,
        "not renewed",
        id="suppressed for good",
    ),
    pytest.param(
        scan(found(days=8), coverage=(inactive("EXCLUDED_BY_TAG"),)),
        {},
        BAD,
        Severity.CRITICAL,
        "open too long",
        id="what is known counts where scans ended",
    ),
    pytest.param(
        scan(coverage=(inactive("EXCLUDED_BY_TAG"),)), {}, BAD, None, "excludes it", id="excluded"
    ),
    pytest.param(
        scan(coverage=(inactive("SCAN_FREQUENCY_MANUAL"),)), {}, BAD, None, "by hand", id="by hand"
    ),
    pytest.param(
        scan(coverage=(inactive("IMAGE_ARCHIVED"),)), {}, BAD, None, "archived", id="archived"
    ),
    pytest.param(
        scan(coverage=(inactive("ACCESS_DENIED_TO_ENCRYPTION_KEY"),)),
        {},
        BAD,
        None,
        "KMS key denies it",
        id="the scanner may not use the key",
    ),
    pytest.param(
        scan(coverage=(inactive("PENDING_INITIAL_SCAN"),)),
        {},
        UNKNOWN,
        None,
        "first",
        id="pending",
    ),
    pytest.param(
        scan(coverage=(Coverage("it", "ACTIVE", "PENDING_INITIAL_SCAN"),)),
        {},
        UNKNOWN,
        None,
        "The first scan",
        id="active, and not scanned yet",
    ),
    pytest.param(
        scan(coverage=(inactive("UNSUPPORTED_RUNTIME"),)),
        {},
        UNKNOWN,
        None,
        "Another tool",
        id="unsupported",
    ),
    pytest.param(
        scan(coverage=(inactive("EC2_INSTANCE_STOPPED"),)), {}, NA, None, "skips", id="stopped"
    ),
    pytest.param(
        scan(found(days=20, has_fix=False)),
        {},
        BAD,
        Severity.HIGH,
        "For 1 of them no fix exists yet",
        id="critical, late, and nobody can repair it",
    ),
    pytest.param(
        scan(found(days=20, has_fix=False, exploitable=True)),
        {},
        BAD,
        Severity.CRITICAL,
        "an exploit is known",
        id="nobody can repair it, and an exploit is known",
    ),
    pytest.param(
        scan(found(days=20, has_fix=False), found(days=9)),
        {},
        BAD,
        Severity.CRITICAL,
        "For 1 of them no fix",
        id="one of two can be repaired",
    ),
    *[
        pytest.param(
            scan(coverage=(Coverage("it", "ACTIVE", reason, ago(days=9)),)),
            {},
            BAD,
            None,
            "Nothing scans",
            id=f"called active, but {reason}",
        )
        for reason in ("STALE_INVENTORY", "NO_INVENTORY", "EXCLUDED_BY_TAG", "ACCESS_DENIED")
    ],
]


def check(verdict, status, severity, words):
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason
    assert words in verdict.reason


@pytest.mark.parametrize(("known", "settings", "status", "severity", "words"), FINDINGS)
def test_function_vulnerabilities(known, settings, status, severity, words):
    verdict = function_vulnerabilities(FunctionAge(ago(days=20)), FunctionScan(known), **settings)
    check(verdict, status, severity, words)


@pytest.mark.parametrize(("known", "settings", "status", "severity", "words"), FINDINGS)
def test_host_vulnerabilities(known, settings, status, severity, words):
    host = HostMonitoring("i-1", "enabled")
    check(host_vulnerabilities(host, HostScan(known), **settings), status, severity, words)


@pytest.mark.parametrize(
    ("modified", "known", "status", "words"),
    [
        pytest.param(
            ago(days=1), scan(status="DISABLED", coverage=()), NA, "reports it", id="off"
        ),
        pytest.param(ago(hours=2), scan(coverage=()), UNKNOWN, "is new", id="new"),
        pytest.param(ago(days=91), scan(coverage=()), UNKNOWN, "not updated since", id="unused"),
        pytest.param(
            ago(days=200),
            scan(coverage=(inactive("SCAN_ELIGIBILITY_EXPIRED"),)),
            UNKNOWN,
            "neither invoked nor updated in the last 90 days",
            id="listed, and not used for long",
        ),
        pytest.param(
            ago(days=200),
            scan(found(days=50), coverage=(inactive("SCAN_ELIGIBILITY_EXPIRED"),)),
            BAD,
            "too long",
            id="not used for long, with findings",
        ),
        pytest.param(ago(days=20), scan(coverage=()), BAD, "Nothing scans", id="left out"),
        pytest.param(None, scan(coverage=()), BAD, "Nothing scans", id="of unknown age"),
        pytest.param(ago(hours=2), scan(found(days=9), coverage=()), BAD, "too long", id="found"),
    ],
)
def test_functions_that_inspector_does_not_list(modified, known, status, words):
    verdict = function_vulnerabilities(FunctionAge(modified), FunctionScan(known))
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("known", "status", "words"),
    [
        pytest.param(scan(coverage=()), UNKNOWN, "runs a container image", id="not listed"),
        pytest.param(scan(), GOOD, "", id="listed"),
        pytest.param(scan(found(days=8), coverage=()), BAD, "too long", id="with findings"),
    ],
)
def test_functions_that_run_an_image(known, status, words):
    verdict = function_vulnerabilities(
        FunctionAge(ago(days=20), is_image=True), FunctionScan(known)
    )
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("is_host", "known"), [(False, scan()), (True, scan(status="DISABLED", coverage=()))]
)
def test_instances_that_are_not_judged(is_host, known):
    host = HostMonitoring("i-1", "enabled", is_host=is_host)
    assert host_vulnerabilities(host, HostScan(known)).status is NA


@pytest.mark.parametrize(
    ("minutes", "known", "status", "words"),
    [
        pytest.param(10, scan(coverage=()), UNKNOWN, "is new", id="new, not listed"),
        pytest.param(
            119, scan(coverage=(inactive("UNMANAGED_EC2_INSTANCE"),)), UNKNOWN, "is new", id="new"
        ),
        pytest.param(
            30,
            scan(coverage=(inactive("NO_INVENTORY"),)),
            UNKNOWN,
            "is new",
            id="no inventory yet",
        ),
        pytest.param(10, scan(), GOOD, "Inspector scans", id="new and scanned"),
        pytest.param(
            10, scan(coverage=(inactive("EXCLUDED_BY_TAG"),)), BAD, "excludes it", id="excluded"
        ),
        pytest.param(
            10, scan(found(days=8), coverage=()), BAD, "too long", id="new, with findings"
        ),
        pytest.param(120, scan(coverage=()), BAD, "Nothing scans", id="not listed for long"),
        pytest.param(
            120,
            scan(coverage=(inactive("UNMANAGED_EC2_INSTANCE"),)),
            BAD,
            "SSM does not manage",
            id="not managed for long",
        ),
    ],
)
def test_hosts_that_were_just_launched(minutes, known, status, words):
    host = HostMonitoring("i-1", "enabled", launched=ago(minutes=minutes))
    verdict = host_vulnerabilities(host, HostScan(known))
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason


# -- images -----------------------------------------------------------------------------------------

OWN = "111122223333.dkr.ecr.us-east-1.amazonaws.com/web:7"
DIGEST = "sha256:" + "a" * 64


def image(known: Scan | None = None, *, registry: str = "") -> RunningImage:
    return RunningImage(OWN, DIGEST, registry, known)


def basic(*findings: Vulnerability, days: float = 3, state: str = "COMPLETE") -> Scan:
    code = "ACTIVE" if state == "COMPLETE" else "INACTIVE"
    return scan(*findings, coverage=(Coverage("it", code, state, ago(days=days)),), status=BASIC)


def on_push(code: str, *, days: float | None) -> Coverage:
    scanned = None if days is None else ago(days=days)
    return Coverage("it", code, "SCAN_FREQUENCY_SCAN_ON_PUSH", scanned, is_once=True)


@pytest.mark.parametrize("code", ["ACTIVE", "INACTIVE"])
@pytest.mark.parametrize(
    ("days", "findings", "status", "severity", "words"),
    [
        pytest.param(3, (), GOOD, None, "Inspector scans", id="pushed lately"),
        pytest.param(
            31, (), BAD, Severity.MEDIUM, "only when it is pushed", id="nothing newer is found"
        ),
        pytest.param(31, (found(days=31),), BAD, Severity.CRITICAL, "too long", id="found then"),
        pytest.param(None, (), BAD, None, "", id="never scanned"),
    ],
)
def test_images_that_inspector_scans_once(code, days, findings, status, severity, words):
    known = scan(*findings, coverage=(on_push(code, days=days),))
    verdict = image_vulnerabilities(ImageScans((image(known),)))
    assert verdict.status is status, verdict.reason
    assert severity in {verdict.severity, None}
    assert words in verdict.reason


@pytest.mark.parametrize(("known", "settings", "status", "severity", "words"), FINDINGS[:13])
def test_image_vulnerabilities(known, settings, status, severity, words):
    check(image_vulnerabilities(ImageScans((image(known),)), **settings), status, severity, words)


@pytest.mark.parametrize(
    ("images", "status", "severity", "words"),
    [
        pytest.param((), NA, None, "runs no task", id="no task"),
        pytest.param(
            (image(scan(coverage=(), status="DISABLED")),),
            BAD,
            Severity.HIGH,
            "Nothing scans",
            id="nobody scans",
        ),
        pytest.param((image(basic()),), GOOD, None, "ECR's basic scan", id="basic scan"),
        pytest.param(
            (replace(image(basic(found(days=1))), since=ago(days=6)),),
            GOOD,
            None,
            "repaired in time",
            id="basic scan, and the image runs no longer than the repair may take",
        ),
        pytest.param(
            (replace(image(basic(found(days=1))), since=ago(days=40)),),
            UNKNOWN,
            None,
            "does not tell how long",
            id="basic scan that is repeated dates a vulnerability anew",
        ),
        pytest.param(
            (image(basic(found(days=8))),), BAD, Severity.CRITICAL, "too long", id="basic, late"
        ),
        pytest.param(
            (image(basic(days=31)),), BAD, Severity.MEDIUM, "more than 30 days", id="basic, stale"
        ),
        pytest.param(
            (image(basic(state="IN_PROGRESS")),),
            UNKNOWN,
            None,
            "not finished",
            id="basic, running",
        ),
        pytest.param((image(basic(state="FAILED")),), BAD, Severity.HIGH, "FAILED", id="failed"),
        pytest.param(
            (image(registry="docker.io"),),
            BAD,
            Severity.MEDIUM,
            "does not scan images from docker.io",
            id="from Docker Hub",
        ),
        pytest.param(
            (image(registry="444455556666.dkr.ecr.us-east-1.amazonaws.com"),),
            UNKNOWN,
            None,
            "that registry",
            id="from another account",
        ),
        pytest.param(
            (image(scan()), image(scan(found(days=8)))),
            BAD,
            Severity.CRITICAL,
            "too long",
            id="the worst of several",
        ),
    ],
)
def test_images_of_a_service(images, status, severity, words):
    check(image_vulnerabilities(ImageScans(images)), status, severity, words)


def test_an_image_whose_digest_is_not_known_yet():
    verdict = image_vulnerabilities(ImageScans((image(scan()),), ("web:7",)))
    assert verdict.status is UNKNOWN
    assert verdict.is_passing


@pytest.mark.parametrize(
    ("minutes", "known", "status", "words"),
    [
        pytest.param(5, scan(coverage=()), UNKNOWN, "just been deployed", id="not listed yet"),
        pytest.param(15, scan(coverage=()), BAD, "Nothing scans", id="not listed for long"),
        pytest.param(5, scan(), GOOD, "", id="listed"),
        pytest.param(
            5, scan(coverage=(), status="DISABLED"), BAD, "Nothing scans", id="nobody scans"
        ),
        pytest.param(5, scan(found(days=8), coverage=()), BAD, "too long", id="with findings"),
    ],
)
def test_an_image_that_was_just_deployed(minutes, known, status, words):
    deployed = RunningImage(OWN, DIGEST, scan=known, since=ago(minutes=minutes))
    verdict = image_vulnerabilities(ImageScans((deployed,)))
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason
