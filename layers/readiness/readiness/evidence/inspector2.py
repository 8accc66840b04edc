"""What Amazon Inspector says: which resources it scans, and what it found in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from readiness.evidence.awslambda.functions import FUNCTION, function_name
from readiness.evidence.ecs.hosts import HOST
from readiness.model.evidence import REGION, ConfigItem, Json, ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable

ENABLED = "ENABLED"
STATUS = "inspector2:BatchGetAccountStatus"
READS = (
    STATUS,
    "inspector2:ListCoverage",
    "inspector2:ListFilters",
    "inspector2:ListFindings",
)
LAMBDA, EC2, ECR = "AWS_LAMBDA_FUNCTION", "AWS_EC2_INSTANCE", "AWS_ECR_CONTAINER_IMAGE"
ON_PUSH = "SCAN_FREQUENCY_SCAN_ON_PUSH"
"""Why an image is scanned once (Inspector API Reference, ScanStatus)."""
_MOST_VALUES = 10
"""How many values a filter of ListCoverage and ListFindings takes for one field."""
FINDING, COVERAGE = "Inspector2 Finding", "Inspector2 Coverage"

ACTIVATION: tuple[Any, ...] = (
    api_call("inspector2", "Enable", "Disable"),
    ConfigItem("AWS::InspectorV2::Activation"),
)
SERIOUS = ("severity", ("CRITICAL", "HIGH"))
"""Of findings, only these are read."""
SCANS_CHANGED: tuple[Any, ...] = (
    *ACTIVATION,
    api_call("inspector2", "CreateFilter", "DeleteFilter", "UpdateFilter"),
)
_DENIED = ("ACCESS_DENIED", "ACCESS_DENIED_TO_ENCRYPTION_KEY")
"""Why the scans of anything may end that should go on."""


def coverage_lost(
    *reasons: str, normalise: Callable[[str], str | None] | None = None
) -> ServiceEvent:
    """The event that a scan ended for one of the reasons, or because it is denied.

    An instance that ends, of which there are many, is no such reason. Which resource it is stands
    in ``resources`` of the event: the id of an instance, the ARN of a function or of an image.
    """
    match = (("scanStatus.reason", (*_DENIED, *reasons)),)
    if normalise is None:
        return ServiceEvent(COVERAGE, match=match)
    return ServiceEvent(COVERAGE, match=match, id="resources", normalise=normalise)


@evidence(REGION, reads=(STATUS,), changed_by=ACTIVATION)
@dataclass(frozen=True, slots=True)
class InspectorStatus:
    """Whether Inspector scans the region's functions, images and instances.

    Each is ``ENABLED``, ``ENABLING``, ``DISABLED``, ``DISABLING``, ``SUSPENDED``, ``SUSPENDING``;
    ``functions`` is empty where the region has no scans of functions. A member of an organization
    is told its own state. Source: BatchGetAccountStatus.
    """

    functions: str = ""
    images: str = ""
    instances: str = ""

    @classmethod
    def load(cls, read: Reader, region: Resource) -> InspectorStatus:
        answer = read.one("inspector2", "batch_get_account_status")
        for each in answer["accounts"]:
            if each["accountId"] == read.account:
                states = {kind: about["status"] for kind, about in each["resourceState"].items()}
                return cls(states.get("lambda", ""), states["ecr"], states["ec2"])
        codes = [each.get("errorCode", "") for each in answer.get("failedAccounts") or ()]
        code = codes[0] if codes else "without the account"
        cause = Cause.ACCESS_DENIED if code == "ACCESS_DENIED" else Cause.UNEXPECTED_ANSWER
        raise Unreadable(STATUS, cause, code)

    @property
    def enabled(self) -> tuple[str, ...]:
        """What is scanned: ``functions``, ``images``, ``instances``."""
        kinds = {"functions": self.functions, "images": self.images, "instances": self.instances}
        return tuple(kind for kind, state in kinds.items() if state == ENABLED)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Whether Inspector scans a resource: ``ACTIVE`` or ``INACTIVE``, and why.

    ``scanned`` is when it last did. ``is_once`` says that it does so only when an image is pushed:
    what becomes known later it does not find.
    """

    resource: str
    code: str
    reason: str = ""
    scanned: datetime | None = None
    is_once: bool = False


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """A finding that is ``ACTIVE``, or hidden by a suppression rule (``suppressed``).

    ``has_fix`` is false where no version of the package repairs it yet.
    """

    title: str
    severity: str
    since: datetime
    exploitable: bool = False
    suppressed: bool = False
    has_fix: bool = True


@dataclass(frozen=True, slots=True)
class Scan:
    """What Inspector knows of one resource, at the time ``now``.

    ``status`` is that of the resource's kind in the account (:class:`InspectorStatus`), or
    ``BASIC`` for an image that ECR's own scanner scans. ``suppression_rules`` are read where
    findings are suppressed: when each was last changed, and the reason it states. A finding does
    not name the rule that suppresses it.
    """

    status: str
    now: datetime
    coverage: tuple[Coverage, ...] = ()
    findings: tuple[Vulnerability, ...] = ()
    suppression_rules: Mapping[str, tuple[datetime, str]] = field(default_factory=dict)


def _equal(values: Iterable[str]) -> list[dict[str, str]]:
    return [{"comparison": "EQUALS", "value": value} for value in values]


def _tens(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _MOST_VALUES):
        yield ids[start : start + _MOST_VALUES]


def coverage_of(
    read: Reader, kind: str, field: str, ids: Sequence[str]
) -> dict[str, tuple[Coverage, ...]]:
    """What Inspector says of resources of a kind, by id; ``ids`` are the values of a field."""
    found: dict[str, tuple[Coverage, ...]] = {}
    for batch in _tens(ids):
        criteria = {
            "accountId": _equal([read.account]),
            "resourceType": _equal([kind]),
            field: _equal(batch),
        }
        for each in read.every(
            "inspector2", "list_coverage", "coveredResources", filterCriteria=criteria
        ):
            if each.get("scanType") not in {None, "PACKAGE"}:
                continue
            id, status = each["resourceId"], each.get("scanStatus") or {}
            coverage = Coverage(
                id,
                status.get("statusCode", ""),
                status.get("reason", ""),
                each.get("lastScannedAt"),
                _is_once(each),
            )
            found[id] = (*found.get(id, ()), coverage)
    return found


def _is_once(covered: Mapping[str, Any]) -> bool:
    repository = (covered.get("resourceMetadata") or {}).get("ecrRepository") or {}
    reason = (covered.get("scanStatus") or {}).get("reason")
    return reason == ON_PUSH or repository.get("scanFrequency") == "SCAN_ON_PUSH"


def findings_of(
    read: Reader, kind: str, field: str, ids: Sequence[str]
) -> dict[str, tuple[Vulnerability, ...]]:
    """The critical and high findings that are open or suppressed, by resource id."""
    found: dict[str, tuple[Vulnerability, ...]] = {}
    for batch in _tens(ids):
        criteria = {
            "awsAccountId": _equal([read.account]),
            "resourceType": _equal([kind]),
            "severity": _equal(["CRITICAL", "HIGH"]),
            "findingStatus": _equal(["ACTIVE", "SUPPRESSED"]),
            field: _equal(batch),
        }
        for each in read.every("inspector2", "list_findings", "findings", filterCriteria=criteria):
            vulnerability = Vulnerability(
                title=each.get("title") or each["findingArn"],
                severity=each["severity"],
                since=each["firstObservedAt"],
                exploitable=each.get("exploitAvailable") == "YES",
                suppressed=each["status"] == "SUPPRESSED",
                has_fix=each.get("fixAvailable") != "NO",
            )
            for resource in each["resources"]:
                found[resource["id"]] = (*found.get(resource["id"], ()), vulnerability)
    return found


def _rules_for(
    read: Reader, findings: Iterable[Sequence[Vulnerability]]
) -> Mapping[str, tuple[datetime, str]]:
    """The suppression rules; not asked for where nothing is suppressed."""
    if not any(each.suppressed for found in findings for each in found):
        return {}
    listed = read.every("inspector2", "list_filters", "filters")
    return {
        each["name"]: (each["updatedAt"], each.get("reason") or "")
        for each in listed
        if each["action"] == "SUPPRESS"
    }


def scans_of(
    read: Reader,
    status: str,
    coverage: Mapping[str, tuple[Coverage, ...]],
    findings: Mapping[str, tuple[Vulnerability, ...]],
    ids: Iterable[str],
) -> dict[str, Scan]:
    """What Inspector knows of each id."""
    rules = _rules_for(read, findings.values())
    return {
        id: Scan(status, read.now, coverage.get(id, ()), findings.get(id, ()), rules) for id in ids
    }


def _status(read: Reader) -> InspectorStatus:
    return InspectorStatus.load(read, REGION.resource(read.account, read.region, read.account))


def _of_event(detail: Json, kind: str) -> str | None:
    """The id of the resource that a finding is about, if it is of a kind; None for others."""
    resources = detail.get("resources")
    if not isinstance(resources, list):
        return ""
    for each in resources:
        if isinstance(each, Mapping) and each.get("type") == kind:
            return str(each.get("id") or "")
    return None


def _function_of(detail: Json) -> str | None:
    id = _of_event(detail, LAMBDA)
    return id and function_name(id)


def _scanned_function(arn: str) -> str | None:
    return function_name(arn) if ":function:" in arn else None


def _scanned_host(id: str) -> str | None:
    return id if id.startswith("i-") else None


@evidence(
    FUNCTION,
    reads=READS,
    changed_by=(
        *SCANS_CHANGED,
        coverage_lost("EXCLUDED_BY_TAG", normalise=_scanned_function),
        ServiceEvent(FINDING, match=(SERIOUS,), identify=_function_of),
    ),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class FunctionScan:
    """What Inspector knows of a function's unpublished version.

    Not asked for where it scans no functions: AWS answers a denial then.
    Sources: BatchGetAccountStatus, ListCoverage, ListFindings, ListFilters.
    """

    scan: Scan

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionScan:
        return cls._of_each(read, [function.id])[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionScan]:
        return cls._of_each(read, read.ids(FUNCTION))

    @classmethod
    def _of_each(cls, read: Reader, names: Sequence[str]) -> dict[str, FunctionScan]:
        status = _status(read).functions
        if status != ENABLED:
            return {name: cls(Scan(status, read.now)) for name in names}
        coverage = _latest(coverage_of(read, LAMBDA, "lambdaFunctionName", names))
        findings = _latest(findings_of(read, LAMBDA, "lambdaFunctionName", names))
        scans = scans_of(read, status, coverage, findings, names)
        return {name: cls(scan) for name, scan in scans.items()}


def _latest(by_id: Mapping[str, Any]) -> dict[str, Any]:
    """By the name of the function, of its unpublished version only."""
    return {
        function_name(id) or id: found
        for id, found in by_id.items()
        if id.rpartition(":")[2] == "$LATEST" or id.count(":") == 6
    }


@evidence(
    HOST,
    reads=READS,
    changed_by=(
        *SCANS_CHANGED,
        coverage_lost(
            "EXCLUDED_BY_TAG",
            "NO_INVENTORY",
            "STALE_INVENTORY",
            "UNMANAGED_EC2_INSTANCE",
            normalise=_scanned_host,
        ),
        ServiceEvent(FINDING, match=(SERIOUS,), identify=lambda detail: _of_event(detail, EC2)),
    ),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class HostScan:
    """What Inspector knows of an EC2 instance.

    Not asked for where it scans no instances. Sources: BatchGetAccountStatus, ListCoverage,
    ListFindings.
    """

    scan: Scan

    @classmethod
    def load(cls, read: Reader, host: Resource) -> HostScan:
        return cls._of_each(read, [host.id])[host.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, HostScan]:
        return cls._of_each(read, read.ids(HOST))

    @classmethod
    def _of_each(cls, read: Reader, ids: Sequence[str]) -> dict[str, HostScan]:
        status = _status(read).instances
        if status != ENABLED:
            return {id: cls(Scan(status, read.now)) for id in ids}
        coverage = coverage_of(read, EC2, "resourceId", ids)
        findings = findings_of(read, EC2, "resourceId", ids)
        scans = scans_of(read, status, coverage, findings, ids)
        return {id: cls(scan) for id, scan in scans.items()}
