"""What IAM Access Analyzer says of its analyzers, and of access that nobody uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from readiness.model.evidence import REGION, ServiceEvent, api_call, evidence
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

    ``analyzer`` is its name, empty where there is none that works; ``days`` is after how many
    days it calls something unused. Sources: ListAnalyzers, ListFindingsV2.
    """

    analyzer: str = ""
    days: int = 0
    found: Mapping[str, int] | None = None

    @classmethod
    def load(cls, read: Reader, region: Resource) -> UnusedAccess:
        analyzers = [
            analyzer
            for analyzer in read.every("accessanalyzer", "list_analyzers", "analyzers")
            if analyzer["type"] in _UNUSED and analyzer["status"] == "ACTIVE"
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
        listed = read.every("accessanalyzer", "list_analyzers", "analyzers")
        return cls(tuple(sorted(each["name"] for each in listed if each["status"] == "ACTIVE")))
