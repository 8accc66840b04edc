"""What Compute Optimizer recommends, where the account has opted in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from readiness.evidence.awslambda.functions import LATEST, function_name
from readiness.model.evidence import ACCOUNT, REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable
from readiness.semantics.moments import in_utc

_OPTED_OUT = ("OptInRequiredException",)


@dataclass(frozen=True, slots=True)
class Saving:
    """What a change would save in a month, after the account's own discounts where AWS says so."""

    amount: float
    currency: str
    change: str

    def __str__(self) -> str:
        return f"{self.amount:,.2f} {self.currency} a month"


def _saving(options: Sequence[Mapping[str, Any]], change: Callable[[Any], str]) -> Saving | None:
    """That of the option of the first rank."""
    ranked = sorted(options, key=lambda option: option.get("rank", 0))
    if not ranked:
        return None
    best = ranked[0]
    found = best.get("savingsOpportunityAfterDiscounts") or best.get("savingsOpportunity") or {}
    monthly = found.get("estimatedMonthlySavings") or {}
    return Saving(monthly.get("value", 0.0), monthly.get("currency", "USD"), change(best))


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A finding (``Optimized``, ``NotOptimized``, ``Underprovisioned``, …) and its reasons.

    ``about`` is what was looked at: a memory size in MiB or the ARN of a task definition.
    ``saving`` is what the best option would save, None where Compute Optimizer names no option;
    ``days`` is how far it looked back, until ``refreshed``.
    """

    finding: str
    reasons: tuple[str, ...] = ()
    about: str = ""
    saving: Saving | None = None
    refreshed: datetime | None = None
    days: float = 0.0


@evidence(REGION, reads=("compute-optimizer:GetLambdaFunctionRecommendations",))
@dataclass(frozen=True, slots=True)
class FunctionRecommendations:
    """Recommendations by the names of functions: none where the account has not opted in.

    ``by_function`` are those of the unpublished versions, ``by_version`` those of the published
    ones, by their numbers. Compute Optimizer analyses functions of at most 1,792 MiB with 50
    invocations in 14 days. Source: GetLambdaFunctionRecommendations.
    """

    by_function: Mapping[str, Recommendation]
    by_version: Mapping[str, Mapping[int, Recommendation]] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, region: Resource) -> FunctionRecommendations:
        latest: dict[str, Recommendation] = {}
        published: dict[str, dict[int, Recommendation]] = {}
        for page in _pages(read, "get_lambda_function_recommendations"):
            for each in page.get("lambdaFunctionRecommendations") or ():
                name, found = function_name(each["functionArn"]) or "", _of_version(each)
                version = str(each.get("functionVersion", LATEST))
                if version == LATEST:
                    latest[name] = found
                elif version.isdecimal() and found.finding != "Unavailable":
                    published.setdefault(name, {})[int(version)] = found
        return cls(latest, published)

    def newest(self, name: str) -> tuple[int, Recommendation] | None:
        """That of the highest published version of a function that has one, with its number."""
        return max(self.by_version.get(name, {}).items(), default=None, key=lambda each: each[0])

    def of_versions(self, name: str, versions: Iterable[str]) -> tuple[Recommendation, ...]:
        """Those of some versions of a function."""
        own = self.by_version.get(name, {})
        found = [
            self.by_function.get(name)
            if version == LATEST
            else own.get(int(version) if version.isdecimal() else 0)
            for version in versions
        ]
        return tuple(each for each in found if each is not None)


def _of_version(each: Mapping[str, Any]) -> Recommendation:
    return Recommendation(
        each.get("finding", ""),
        tuple(each.get("findingReasonCodes") or ()),
        str(each.get("currentMemorySize", "")),
        _saving(each.get("memorySizeRecommendationOptions") or (), _memory_size),
        in_utc(each.get("lastRefreshTimestamp")),
        each.get("lookbackPeriodInDays", 0.0),
    )


@evidence(REGION, reads=("compute-optimizer:GetECSServiceRecommendations",))
@dataclass(frozen=True, slots=True)
class ServiceRecommendations:
    """Recommendations by the ARNs of ECS services on Fargate. Source: …ServiceRecommendations."""

    by_service: Mapping[str, Recommendation]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ServiceRecommendations:
        pages = _pages(read, "get_ecs_service_recommendations")
        return cls(
            {
                each["serviceArn"]: Recommendation(
                    each.get("finding", ""),
                    tuple(each.get("findingReasonCodes") or ()),
                    (each.get("currentServiceConfiguration") or {}).get("taskDefinitionArn", ""),
                )
                for page in pages
                for each in page.get("ecsServiceRecommendations") or ()
            }
        )


def _memory_size(option: Mapping[str, Any]) -> str:
    return f"{option.get('memorySize', 0)} MiB"


@evidence(REGION, reads=("compute-optimizer:GetEBSVolumeRecommendations",))
@dataclass(frozen=True, slots=True)
class VolumeRecommendations:
    """What Compute Optimizer would change about EBS volumes, by volume id, where it saves money.

    ``seen`` are the volumes that it knows enough of: none where the account has not opted in.
    Source: GetEBSVolumeRecommendations.
    """

    by_volume: Mapping[str, Saving]
    seen: frozenset[str] = frozenset()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> VolumeRecommendations:
        found, seen = {}, set()
        for page in _pages(read, "get_ebs_volume_recommendations"):
            for each in page.get("volumeRecommendations") or ():
                saving = _saving(each.get("volumeRecommendationOptions") or (), _volume)
                id = each["volumeArn"].rpartition("/")[2]
                seen.add(id)
                if each.get("finding") == "NotOptimized" and saving:
                    found[id] = saving
        return cls(found, frozenset(seen))


def _volume(option: Mapping[str, Any]) -> str:
    about = option.get("configuration") or {}
    return f"{about.get('volumeType', '')} with {about.get('volumeBaselineIOPS', 0):,} IOPS"


@evidence(
    ACCOUNT,
    reads=("compute-optimizer:GetEnrollmentStatus",),
    changed_by=(api_call("compute-optimizer", "UpdateEnrollmentStatus"),),
)
@dataclass(frozen=True, slots=True)
class Enrollment:
    """Whether Compute Optimizer looks at the account: ``Active``, ``Inactive`` or another.

    Source: GetEnrollmentStatus.
    """

    status: str
    reason: str = ""

    @classmethod
    def load(cls, read: Reader, account: Resource) -> Enrollment:
        answer = read.one("compute-optimizer", "get_enrollment_status")
        return cls(answer["status"], answer.get("statusReason", ""))


def _pages(read: Reader, operation: str) -> Iterator[Mapping[str, Any]]:
    """Page by page by hand: the SDK has no paginator for services. None where not opted in."""
    token: dict[str, Any] = {}
    seen = set()
    while True:
        page = read.one("compute-optimizer", operation, absent=_OPTED_OUT, **token)
        if page is None:
            return
        yield page
        following = page.get("nextToken")
        if not following:
            return
        if following in seen:
            action = f"compute-optimizer:{operation}"
            raise Unreadable(action, Cause.UNEXPECTED_ANSWER, "a page leads to itself")
        seen.add(following)
        token = {"nextToken": following}
