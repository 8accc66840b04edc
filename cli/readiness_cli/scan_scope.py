"""What a scan is about: the rules and resources that its options select."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from readiness.model.evidence import ACCOUNT, REGION
from readiness.model.verdict import Severity, Status
from readiness_cli import catalogue, session
from readiness_cli.failure import Failure

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness.engine.survey import Coverage
    from readiness.model.finding import Finding


@dataclass(slots=True)
class Only:
    """Which verdicts count; ``untold`` are the resources of which the tags could not be read."""

    workload: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    severity: Severity | None = None
    untold: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, workload: str | None, tags: Iterable[str], severity: str | None) -> Only:
        """As it was typed. Raises Failure for a tag that is not KEY=VALUE."""
        pairs = {}
        for text in tags:
            key, equals, value = text.partition("=")
            if not equals or not key.strip():
                raise Failure(
                    f"{text!r} is not --tag KEY=VALUE",
                    why="A tag has a key and a value",
                    fix="write for instance --tag Team=agents",
                )
            pairs[key.strip()] = value.strip()
        return cls(workload, pairs, Severity(severity.upper()) if severity else None)

    @property
    def is_any(self) -> bool:
        """Whether anything is left out."""
        return bool(self.workload or self.tags or self.severity)

    def of_these(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that are meant."""
        return [each for each in findings if self._means(each)]

    def _means(self, finding: Finding) -> bool:
        if self.severity is not None and not finding.severity.at_least(self.severity):
            return False
        if not self.workload and not self.tags:
            return True
        if finding.resource.type in _STAND_INS:
            # What could not be listed may be of that workload; the account itself is of none.
            return finding.status is Status.INSUFFICIENT_DATA and _stands_in(finding)
        if finding.tags is None and catalogue.rule(finding.rule).subject.tags_from_api:
            self.untold.add(finding.resource.key)
            return False
        tags = finding.tags or {}
        return (not self.workload or finding.workload == self.workload) and all(
            tags.get(key) == value for key, value in self.tags.items()
        )


_STAND_INS = {ACCOUNT.name, REGION.name}


def _stands_in(finding: Finding) -> bool:
    """Whether the finding stands for resources that are not there or could not be listed."""
    return catalogue.rule(finding.rule).subject.name != finding.resource.type


def is_of_nothing(finding: Finding) -> bool:
    """Whether the finding says that there is no resource for its rule to judge."""
    is_stand_in = finding.resource.type in _STAND_INS and _stands_in(finding)
    return is_stand_in and finding.status is Status.NOT_APPLICABLE


def why_nothing(judged: Sequence[Finding], coverage: Coverage, only: Only, aws: Aws) -> str:
    """Why no resource was evaluated, with the name that may have been meant."""
    if only.workload:
        known = sorted({f.workload for f in judged if f.workload})
        if only.workload not in known:
            hint = catalogue.meant(only.workload, known)
            return f"no resource has the workload {only.workload!r}{hint}"
    if any(not is_of_nothing(each) for each in judged):
        return "no verdict has all that was asked for"
    if coverage.own or coverage.out_of_scope:
        return "every resource is out of scope or of Readiness itself"
    return (
        f"there is no resource for these rules to judge in {session.spoken(aws)}; is it the right"
        " --region and --profile?"
    )
