"""Whether something is scanned for vulnerabilities, and those found are repaired in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from readiness import (
    Between,
    Problem,
    Severity,
    Status,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
    violates_all,
)
from readiness.evidence.awslambda.functions import FunctionAge
from readiness.evidence.inspector2 import ENABLED, Coverage, InspectorStatus, Scan, Vulnerability
from readiness.evidence.workloads.image_scans import BASIC, ImageScans, RunningImage
from readiness.evidence.workloads.scannable import Scannable
from readiness.model.text import listed, plural

EXPECTED = "Scanned continuously, and no vulnerability is open longer than allowed."
_PASSING = {"PENDING_INITIAL_SCAN", "PENDING_REVIVAL_SCAN", "SCAN_IN_PROGRESS"}
_STARTING = {"PENDING", "IN_PROGRESS"}
_NO_INVENTORY = {"NO_INVENTORY", "RESOURCE_UNMANAGED", "UNMANAGED_EC2_INSTANCE"}
_IDLE = {"EC2_INSTANCE_STOPPED", "RESOURCE_STOPPED", "RESOURCE_TERMINATED"}
_UNSUPPORTED = ("UNSUPPORTED_", "INTERNAL_ERROR")
_SPOKEN = {
    "ACCESS_DENIED": "a policy of the resource denies it",
    "ACCESS_DENIED_TO_ENCRYPTION_KEY": "the policy of its KMS key denies it",
    "EXCLUDED_BY_TAG": "the tag InspectorEc2Exclusion or InspectorExclusion excludes it",
    "IMAGE_ARCHIVED": "the image is archived",
    "NO_INVENTORY": "the SSM agent reports no software inventory",
    "SCAN_ELIGIBILITY_EXPIRED": "the scan duration for images has passed",
    "SCAN_FREQUENCY_MANUAL": "the registry's rules have it scanned by hand",
    "STALE_INVENTORY": "the software inventory is out of date",
    "UNMANAGED_EC2_INSTANCE": "SSM does not manage the instance",
}
_BLIND = frozenset(_SPOKEN) | _NO_INVENTORY
"""Why nothing is found in a resource, also where Inspector still calls it active."""
_LISTED = timedelta(minutes=15)
"""How long Inspector may take to list an image that was pushed just before it is deployed."""
_STALE = timedelta(days=30)
_FIRST_SCAN = timedelta(days=1)
_NOT_USED = timedelta(days=90)
"""Inspector scans functions that were invoked or updated in this time (Inspector user guide)."""
_REASON_VALID = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class RepairTimes:
    """How long a vulnerability may be open."""

    critical_days: Annotated[
        int, Between(0, 365), "How long a critical vulnerability may be open (days)"
    ] = 7
    exploitable_days: Annotated[
        int, Between(0, 365), "The same if an exploit of it is known (days)"
    ] = 0
    high_days: Annotated[
        int, Between(0, 365), "How long a high vulnerability may be open (days)"
    ] = 30

    def allowed(self, found: Vulnerability) -> timedelta:
        if found.severity != "CRITICAL":
            return timedelta(days=self.high_days)
        return timedelta(days=self.exploitable_days if found.exploitable else self.critical_days)


def inspector_verdict(status: InspectorStatus, used: Scannable) -> Verdict:
    """The verdict on whether Inspector scans each kind of resource that is in use."""
    wanted = {"Lambda functions": (used.functions, status.functions)}
    wanted["ECS hosts"] = (used.hosts, status.instances)
    states = {kind: state for kind, (is_used, state) in wanted.items() if is_used and state}
    if not states:
        return not_applicable("The region has no functions and no ECS hosts that it could scan.")
    off = [kind for kind, state in states.items() if state not in {"ENABLED", "ENABLING"}]
    if off:
        said = [f"{kind} ({states[kind]})" for kind in off]
        return violates(
            f"Inspector does not scan {listed(said)}.",
            expected="Inspector is enabled for each kind of resource that is in use.",
            states=states,
        )
    if "ENABLING" in states.values():
        return cannot_tell("Inspector is being enabled.", is_passing=True, states=states)
    return complies(f"Inspector scans {listed(list(states))}.", states=states)


def function_verdict(function: FunctionAge, scan: Scan, times: RepairTimes) -> Verdict:
    """The verdict on a function, of which Inspector may not know (yet, or any more)."""
    if _is_unused(scan):
        return cannot_tell(
            "Inspector does not scan the function any more: it was neither invoked nor updated in"
            f" the last {_NOT_USED.days} days (SCAN_ELIGIBILITY_EXPIRED)."
        )
    is_unknown = not scan.coverage and not scan.findings
    if is_unknown and function.is_image:
        return cannot_tell(
            "Inspector does not list the function, which runs a container image. Whether the image"
            " is scanned shows in ECR."
        )
    if is_unknown and function.modified is not None:
        age = scan.now - function.modified
        if age < _FIRST_SCAN:
            return cannot_tell("The function is new; Inspector has not listed it yet.")
        if age > _NOT_USED:
            return cannot_tell(
                "Inspector does not list the function. It scans only functions that were invoked"
                f" or updated in the last {_NOT_USED.days} days; this one was not updated since"
                f" {function.modified:%Y-%m-%d}."
            )
    return scan_verdict("the function", scan, times)


def _unjustified(scan: Scan) -> tuple[str, ...]:
    """The suppression rules without a reason, or that no one has renewed for half a year."""
    return tuple(
        sorted(
            name
            for name, (updated, reason) in scan.suppression_rules.items()
            if not reason.strip() or scan.now - updated > _REASON_VALID
        )
    )


def scan_verdict(what: str, scan: Scan, times: RepairTimes) -> Verdict:
    """The verdict on something that is listed as scanned or as not scanned."""
    overdue, hidden = _overdue(scan, times)
    if overdue:
        return _overdue_verdict(what, scan, overdue, hidden)
    return coverage_verdict(what, scan) or _in_time(what, scan)


def has_no_inventory(scan: Scan) -> bool:
    """Whether Inspector does not know (yet) what runs on an instance."""
    reasons = {each.reason for each in scan.coverage}
    return not scan.findings and reasons <= _NO_INVENTORY


def _is_unused(scan: Scan) -> bool:
    """Whether Inspector left a function alone because nobody used it for long."""
    reasons = {each.reason for each in scan.coverage}
    return not scan.findings and reasons == {"SCAN_ELIGIBILITY_EXPIRED"}


def coverage_verdict(what: str, scan: Scan) -> Verdict | None:
    """Why something is not scanned, or it is not known; None if it is."""
    active = [each for each in scan.coverage if _is_scanned(each)]
    waiting = [each for each in scan.coverage if each.reason in _PASSING | _STARTING]
    if active and not (waiting and all(each.scanned is None for each in active)):
        is_once = scan.status == BASIC or all(each.is_once for each in active)
        return _stale(what, scan, active) if is_once else None
    if waiting:
        said = f"The first scan of {what} is not finished ({waiting[0].reason})."
        return cannot_tell(said, is_passing=True)
    reasons = sorted({each.reason for each in scan.coverage})
    if reasons and set(reasons) <= _IDLE:
        return not_applicable(f"The scanner skips {what}: {listed(reasons)}.")
    if reasons and all(each.startswith(_UNSUPPORTED) for each in reasons):
        return cannot_tell(
            f"The scanner cannot scan {what}: {listed(reasons)}. Another tool has to scan it.",
            reasons=reasons,
        )
    spoken = [_SPOKEN.get(each, each) for each in reasons]
    return violates(
        f"Nothing scans {what}{': ' + listed(spoken) if spoken else ''}.",
        expected=EXPECTED,
        reasons=reasons,
    )


def _is_scanned(each: Coverage) -> bool:
    """Whether it is scanned, or was when it was pushed."""
    if each.is_once and each.scanned is not None:
        return True
    return each.code == "ACTIVE" and each.reason not in _BLIND


def _stale(what: str, scan: Scan, active: Sequence[Coverage]) -> Verdict | None:
    """Of a scan that happens once: vulnerabilities that were published later are not in it."""
    last = max((each.scanned for each in active if each.scanned), default=None)
    if last is not None and scan.now - last <= _STALE:
        return None
    when = f" on {last:%Y-%m-%d}" if last else ""
    said = (
        f"ECR's basic scan of {what} was last done{when}"
        if scan.status == BASIC
        else f"Inspector scans {what} only when it is pushed, and last did{when}"
    )
    return violates(
        f"{said}, more than {_STALE.days} days ago.",
        expected="Continuous scanning by Inspector, or a basic scan at least every 30 days.",
        severity=Severity.MEDIUM,
    )


def _overdue(scan: Scan, times: RepairTimes) -> tuple[list[Vulnerability], tuple[str, ...]]:
    """What has been open too long, and the suppression rules because of which some counts."""
    wrong = _unjustified(scan)
    counted = [each for each in scan.findings if not each.suppressed or wrong]
    late = [each for each in counted if scan.now - each.since >= times.allowed(each)]
    return late, wrong if any(each.suppressed for each in late) else ()


def _overdue_verdict(
    what: str, scan: Scan, overdue: Sequence[Vulnerability], rules: Sequence[str]
) -> Verdict:
    worst = Severity.HIGH
    # what nobody can repair, and of which no exploit is known, is no reason to wake anyone
    if any(each.severity == "CRITICAL" and (each.has_fix or each.exploitable) for each in overdue):
        worst = Severity.CRITICAL
    names = [each.title for each in sorted(overdue, key=_worst_first)]
    exploitable = sum(each.exploitable for each in overdue)
    known = (
        f" For {plural(exploitable, 'of them', 'of them')} an exploit is known."
        if exploitable
        else ""
    )
    hidden = (
        f" Suppressed ones count: the suppression rules {listed(list(rules))} state no reason, or"
        " were not renewed for 180 days."
        if rules
        else ""
    )
    unfixed = sum(not each.has_fix for each in overdue)
    unfixed_too = (
        f" For {plural(unfixed, 'of them', 'of them')} no fix exists yet; a suppression rule that"
        " states why that is accepted hides it."
        if unfixed
        else ""
    )
    oldest = min(each.since for each in overdue)
    return violates(
        f"{plural(len(overdue), 'vulnerability', 'vulnerabilities')} of {what}"
        f" {'has' if len(overdue) == 1 else 'have'} been open too long, since"
        f" {oldest:%Y-%m-%d}: {listed(names, 3)}.{known}{unfixed_too}{hidden}",
        expected=EXPECTED,
        severity=worst,
        overdue=len(overdue),
        exploitable=exploitable,
        open=len(scan.findings),
    )


def _worst_first(found: Vulnerability) -> tuple[bool, bool, datetime]:
    return (found.severity != "CRITICAL", not found.exploitable, found.since)


def _in_time(what: str, scan: Scan) -> Verdict:
    waiting = [each for each in scan.findings if not each.suppressed]
    suppressed = len(scan.findings) - len(waiting)
    said = "no critical or high vulnerability is open"
    if waiting:
        many = plural(
            len(waiting), "critical or high vulnerability", "critical or high vulnerabilities"
        )
        said = f"{many} can still be repaired in time"
    by = "ECR's basic scan" if scan.status == BASIC else "Inspector"
    return complies(f"{by} scans {what}; {said}.", open=len(waiting), suppressed=suppressed)


def images_verdict(scans: ImageScans, times: RepairTimes) -> Verdict:
    """The worst verdict over the images of a service."""
    if not scans.images and not scans.unresolved:
        return not_applicable("The service runs no task.")
    verdicts = [_image_verdict(each, times) for each in scans.images]
    if scans.unresolved:
        verdicts.append(
            cannot_tell(
                f"ECS does not tell which image runs as {listed(list(scans.unresolved))}.",
                is_passing=True,
            )
        )
    bad = [each for each in verdicts if each.status is Status.NON_COMPLIANT]
    if bad:
        problems = [Problem(each.severity or Severity.HIGH, each.reason) for each in bad]
        return violates_all(problems, expected=EXPECTED, images=len(scans.images))
    unknown = [each for each in verdicts if each.status is Status.INSUFFICIENT_DATA]
    return next(iter(unknown), None) or complies(
        " ".join(each.reason for each in verdicts), images=len(scans.images)
    )


def _image_verdict(image: RunningImage, times: RepairTimes) -> Verdict:
    named = f"{image.image.partition('@')[0]} ({image.digest[:19]})"
    if image.scan is not None:
        if _is_new(image, image.scan):
            return cannot_tell(
                f"{named} has just been deployed; Inspector does not list it yet.", is_passing=True
            )
        verdict = scan_verdict(named, image.scan, times)
        is_good = verdict.status is Status.COMPLIANT
        if is_good and _may_be_late(image, image.scan, times):
            return _undated(named, image, image.scan)
        return verdict
    if ".dkr" in image.registry:
        return cannot_tell(
            f"{named} comes from {image.registry}: only the account and region of that registry"
            " know whether it is scanned."
        )
    return violates(
        f"Nothing scans {named}: Inspector does not scan images from {image.registry}.",
        expected="Images from ECR, for instance through a pull through cache.",
        severity=Severity.MEDIUM,
    )


def _may_be_late(image: RunningImage, scan: Scan, times: RepairTimes) -> bool:
    """Whether a vulnerability may be older than the basic scan that tells of it."""
    if scan.status != BASIC or image.since is None:
        return False
    running = scan.now - image.since
    return any(running >= times.allowed(each) for each in scan.findings if not each.suppressed)


def _undated(named: str, image: RunningImage, scan: Scan) -> Verdict:
    """A basic scan that is repeated gives each vulnerability its own date anew."""
    since = f" since {image.since:%Y-%m-%d}" if image.since else ""
    many = plural(
        len(scan.findings), "critical or high vulnerability", "critical or high vulnerabilities"
    )
    return cannot_tell(
        f"{named} runs{since} with {many}; ECR's basic scan does not tell how long they have been"
        " known.",
        open=len(scan.findings),
    )


def _is_new(image: RunningImage, scan: Scan) -> bool:
    is_listed = bool(scan.coverage or scan.findings)
    recent = image.since is not None and scan.now - image.since < _LISTED
    return scan.status == ENABLED and recent and not is_listed
