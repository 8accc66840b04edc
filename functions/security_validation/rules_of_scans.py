"""Rules of Security Validation: penetration tests, and what Inspector and ECR find."""

from datetime import timedelta
from typing import Annotated

from readiness import Between, Severity, Verdict, cannot_tell, not_applicable
from readiness.evidence.awslambda.functions import FunctionAge
from readiness.evidence.ecs.hosts import HostMonitoring
from readiness.evidence.inspector2 import FunctionScan, HostScan, InspectorStatus
from readiness.evidence.workloads.attack_surface import AttackSurface
from readiness.evidence.workloads.image_scans import ImageScans
from readiness.evidence.workloads.scannable import Scannable
from readiness.model.attestation import Attested

from .heading import security_validation
from .penetration import penetration_test_verdict
from .settings import TwoPeople
from .vulnerabilities import (
    RepairTimes,
    function_verdict,
    has_no_inventory,
    images_verdict,
    inspector_verdict,
    scan_verdict,
)

PENETRATION_TEST = "Penetration testing completed"
VULNERABILITIES = "Vulnerability scan passed"
NOT_ENABLED = "Inspector does not scan this kind of resource; inspector-enabled reports it."
FIRST_INVENTORY = timedelta(hours=2)
"""The SSM agent has to register, and Inspector has it list the software every 30 minutes."""


# -- penetration testing --------------------------------------------------------------------------


@security_validation.rule(PENETRATION_TEST, severity=Severity.HIGH)
def penetration_test(
    surface: AttackSurface,
    attested: Attested,
    *,
    max_age_days: Annotated[int, Between(1, 1095), "How long a test is valid (days)"] = 365,
    two_people: TwoPeople = True,
) -> Verdict:
    """People tested what the internet can reach today, and no serious finding is open.

    A test becomes void when an entry point on the internet is created after it (a load balancer,
    an API, an App Runner service, a function URL, a public data store), or the settings of a
    function URL change. CloudFront distributions, GraphQL APIs, identity pools with guests and
    Transfer Family servers do not tell when they were created, so the attestation states their
    ids.
    """
    return penetration_test_verdict(
        surface, attested, max_age_days=max_age_days, two_people=two_people
    )


# -- vulnerabilities ------------------------------------------------------------------------------


@security_validation.rule(VULNERABILITIES, severity=Severity.HIGH)
def inspector_enabled(status: InspectorStatus, used: Scannable) -> Verdict:
    """Amazon Inspector scans the functions and the ECS hosts of the region.

    Images are judged service by service: ECR can scan them without Inspector.
    """
    return inspector_verdict(status, used)


@security_validation.rule(VULNERABILITIES, severity=Severity.HIGH)
def function_vulnerabilities(
    function: FunctionAge,
    scanned: FunctionScan,
    *,
    times: RepairTimes,
) -> Verdict:
    """The function is scanned, and its vulnerabilities are repaired in time."""
    if scanned.scan.status != "ENABLED":
        return not_applicable(NOT_ENABLED)
    return function_verdict(function, scanned.scan, times)


@security_validation.rule(VULNERABILITIES, severity=Severity.HIGH)
def image_vulnerabilities(scans: ImageScans, *, times: RepairTimes) -> Verdict:
    """The images that run in the service are scanned, and vulnerabilities repaired in time.

    Judged are the digests of running tasks, not the tags in the task definition.
    """
    return images_verdict(scans, times)


@security_validation.rule(VULNERABILITIES, severity=Severity.HIGH)
def host_vulnerabilities(
    host: HostMonitoring, scanned: HostScan, *, times: RepairTimes
) -> Verdict:
    """An ECS host is scanned, and its vulnerabilities are repaired in time."""
    scan = scanned.scan
    if not host.is_host:
        return not_applicable("No ECS cluster uses the instance.")
    if scan.status != "ENABLED":
        return not_applicable(NOT_ENABLED)
    is_new = host.launched is not None and scan.now - host.launched < FIRST_INVENTORY
    if is_new and has_no_inventory(scan):
        return cannot_tell(
            "The instance is new; Inspector has no inventory of its software yet.", is_passing=True
        )
    return scan_verdict("the instance", scan, times)
