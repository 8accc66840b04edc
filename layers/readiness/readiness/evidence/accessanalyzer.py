"""What IAM Access Analyzer says of its analyzers, of unused access, and of access from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.model.evidence import REGION, ConfigItem, ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_ANALYZERS = api_call(
    "access-analyzer",
    "CreateAnalyzer",
    "CreateServiceLinkedAnalyzer",
    "DeleteAnalyzer",
    "DeleteServiceLinkedAnalyzer",
    "UpdateAnalyzer",
)
_UNUSED = {"ACCOUNT_UNUSED_ACCESS", "ORGANIZATION_UNUSED_ACCESS"}


def _analyzers(read: Reader) -> Sequence[Mapping[str, Any]]:
    """The region's analyzers of every type. Raises Unreadable. Source: ListAnalyzers."""
    return read.every("accessanalyzer", "list_analyzers", "analyzers")


@evidence(
    REGION,
    reads=("access-analyzer:ListAnalyzers", "access-analyzer:ListFindings"),
    changed_by=(
        ServiceEvent("Unused Access Finding for IAM entities"),
        _ANALYZERS,
        api_call("access-analyzer", "ApplyArchiveRule", "UpdateFindings"),
    ),
)
@dataclass(frozen=True, slots=True)
class UnusedAccess:
    """The open findings of the region's unused-access analyzer, counted by kind.

    ``analyzer`` is its name, empty where there is none that works, or whose rule leaves this
    account out; ``days`` is after how many
    days it calls something unused. Sources: ListAnalyzers, ListFindingsV2.
    """

    analyzer: str = ""
    days: int = 0
    found: Mapping[str, int] | None = None

    @classmethod
    def load(cls, read: Reader, region: Resource) -> UnusedAccess:
        analyzers = [
            analyzer
            for analyzer in _analyzers(read)
            if analyzer["type"] in _UNUSED
            and analyzer["status"] == "ACTIVE"
            and not _leaves_out(analyzer, read.account)
        ]
        if not analyzers:
            return cls()
        analyzer = min(analyzers, key=lambda each: (each["type"], each["name"]))
        findings = read.every(
            "accessanalyzer",
            "list_findings_v2",
            "findings",
            analyzerArn=analyzer["arn"],
            filter={
                "status": {"eq": ["ACTIVE"]},
                "resourceOwnerAccount": {"eq": [read.account]},
            },
        )
        configuration = (analyzer.get("configuration") or {}).get("unusedAccess") or {}
        kinds = Counter(finding.get("findingType", "Unused") for finding in findings)
        return cls(analyzer["name"], configuration.get("unusedAccessAge", 90), dict(kinds))


def _leaves_out(analyzer: Mapping[str, Any], account: str) -> bool:
    """Whether an analyzer of the organization generates no finding for an account.

    With tags, a rule leaves out only what has them.
    """
    about = (analyzer.get("configuration") or {}).get("unusedAccess") or {}
    exclusions = (about.get("analysisRule") or {}).get("exclusions") or ()
    return any(
        account in (each.get("accountIds") or ()) and not each.get("resourceTags")
        for each in exclusions
    )


@evidence(REGION, reads=("access-analyzer:ListAnalyzers",), changed_by=(_ANALYZERS,))
@dataclass(frozen=True, slots=True)
class ActiveAnalyzers:
    """The names of the region's analyzers that work, of every type.

    The analyzer of an organization is listed only in the account that manages it.
    Source: ListAnalyzers.
    """

    names: tuple[str, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ActiveAnalyzers:
        listed = _analyzers(read)
        return cls(tuple(sorted(each["name"] for each in listed if each["status"] == "ACTIVE")))


_EXTERNAL = {"ACCOUNT", "ORGANIZATION"}
_RULES_CHANGED = api_call(
    "access-analyzer",
    "ApplyArchiveRule",
    "CreateArchiveRule",
    "DeleteArchiveRule",
    "UpdateArchiveRule",
)


@dataclass(frozen=True, slots=True)
class ExternalAnalyzer:
    """An analyzer of external access; ``state`` is ``ACTIVE``, ``CREATING`` or ``FAILED``, say."""

    arn: str
    name: str
    kind: str
    state: str


def _external(read: Reader) -> tuple[ExternalAnalyzer, ...]:
    """Analyzers of other types (unused access, internal access) tell nothing of outsiders."""
    return tuple(
        ExternalAnalyzer(each["arn"], each["name"], each["type"], each["status"])
        for each in _analyzers(read)
        if each["type"] in _EXTERNAL
    )


@evidence(
    REGION,
    reads=("access-analyzer:ListAnalyzers",),
    changed_by=(_ANALYZERS, ConfigItem("AWS::AccessAnalyzer::Analyzer")),
)
@dataclass(frozen=True, slots=True)
class ExternalAnalyzers:
    """The region's analyzers of external access.

    Those of an organization are listed only in the account that administers them.
    Source: ListAnalyzers.
    """

    analyzers: tuple[ExternalAnalyzer, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ExternalAnalyzers:
        return cls(_external(read))

    @property
    def active(self) -> tuple[ExternalAnalyzer, ...]:
        return tuple(each for each in self.analyzers if each.state == "ACTIVE")


@dataclass(frozen=True, slots=True)
class ExternalFinding:
    """Access to a resource from outside the zone of trust, which nobody has archived.

    ``error`` says why the resource could not be analysed (``ACCESS_DENIED``, ``INTERNAL_ERROR``).
    """

    id: str
    resource: str
    created: datetime
    is_public: bool = False
    error: str = ""


@evidence(
    REGION,
    reads=("access-analyzer:ListAnalyzers", "access-analyzer:ListFindings"),
    changed_by=(
        _ANALYZERS,
        ConfigItem("AWS::AccessAnalyzer::Analyzer"),
        ServiceEvent("Access Analyzer Finding"),
        api_call("access-analyzer", "UpdateFindings"),
        _RULES_CHANGED,
    ),
)
@dataclass(frozen=True, slots=True)
class ExternalAccess:
    """The active findings of every active analyzer of external access.

    ``analyzers`` are their names. A summary does not tell whether access is public, so the public
    ones are asked for once more. Sources: ListAnalyzers, ListFindingsV2 (ListFindings refuses
    analyzers of other types).
    """

    analyzers: tuple[str, ...]
    findings: tuple[ExternalFinding, ...]
    now: datetime

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ExternalAccess:
        active = [each for each in _external(read) if each.state == "ACTIVE"]
        found = [finding for each in active for finding in _findings(read, each.arn)]
        return cls(tuple(each.name for each in active), tuple(found), read.now)


def _findings(read: Reader, analyzer: str) -> list[ExternalFinding]:
    own = {"status": {"eq": ["ACTIVE"]}, "resourceOwnerAccount": {"eq": [read.account]}}

    def ask(criteria: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        return read.every(
            "accessanalyzer",
            "list_findings_v2",
            "findings",
            analyzerArn=analyzer,
            filter=dict(criteria),
        )

    public = {each["id"] for each in ask({**own, "isPublic": {"eq": ["true"]}})}
    return [
        ExternalFinding(
            id=each["id"],
            resource=each.get("resource") or each["id"],
            created=each["createdAt"],
            is_public=each["id"] in public,
            error=each.get("error", ""),
        )
        for each in ask(own)
    ]


@dataclass(frozen=True, slots=True)
class ArchiveRule:
    """A rule that archives new findings; ``criteria`` are its filter, all of which must match."""

    analyzer: str
    name: str
    criteria: Mapping[str, Mapping[str, Any]]


@evidence(
    REGION,
    reads=("access-analyzer:ListAnalyzers", "access-analyzer:ListArchiveRules"),
    changed_by=(
        _ANALYZERS,
        ConfigItem("AWS::AccessAnalyzer::Analyzer"),
        _RULES_CHANGED,
    ),
)
@dataclass(frozen=True, slots=True)
class ArchiveRules:
    """The archive rules of the active analyzers of external access.

    ``analyzers`` are the names of these. Sources: ListAnalyzers, ListArchiveRules.
    """

    analyzers: tuple[str, ...]
    rules: tuple[ArchiveRule, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ArchiveRules:
        active = [each.name for each in _external(read) if each.state == "ACTIVE"]
        rules = [
            ArchiveRule(name, each["ruleName"], each.get("filter") or {})
            for name in active
            for each in read.every(
                "accessanalyzer", "list_archive_rules", "archiveRules", analyzerName=name
            )
        ]
        return cls(tuple(active), tuple(rules))
