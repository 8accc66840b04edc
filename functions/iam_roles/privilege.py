"""What a principal may do on any resource: allowed, not denied, within its boundary."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from readiness.evidence.accessanalyzer import UnusedAccess
from readiness.evidence.iam.principals import GroupPolicies, PolicyDocument, UserPolicies
from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    violates,
    violates_all,
)
from readiness.semantics.policy import (
    Condition,
    Document,
    Statement,
    is_service_wide,
    matches,
    matches_any,
)

from .privesc import ESCALATIONS, PASS_ROLE, Escalation
from .settings import PrivilegeLimits

_UNRELATED = ("iam", "s3", "ec2", "kms", "lambda", "dynamodb", "rds", "sqs")
"""Every action of all of these means every action: no one lists them by hand."""

_PASSED_TO = "iam:passedtoservice"
_MFA_PRESENT = "aws:multifactorauthpresent"


@dataclass(frozen=True)
class Grants:
    """The statements that apply to a principal, and its permissions boundary.

    ``restricting`` are the condition keys (patterns) that restrict an Allow.
    """

    statements: tuple[Statement, ...]
    boundary: Grants | None = None
    restricting: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        documents: Iterable[Document],
        boundary: Document | None = None,
        restricting: Sequence[str] = (),
    ) -> Grants:
        keys = tuple(restricting)
        within = None if boundary is None else cls(boundary.statements, None, keys)
        statements = tuple(s for document in documents for s in document.statements)
        return cls(statements, within, keys)

    @cached_property
    def broad(self) -> tuple[Statement, ...]:
        """What is allowed on more than listed resources, without a condition that restricts it."""
        return tuple(
            s
            for s in self.statements
            if s.allows and (s.not_resources or _has_wildcard(s.resources)) and not self._narrow(s)
        )

    @cached_property
    def _denials(self) -> tuple[Statement, ...]:
        """What is denied for every request: a condition would leave a way around."""
        return tuple(
            s
            for s in self.statements
            if not s.allows and not s.conditions and s.names_every_resource
        )

    def _narrow(self, statement: Statement) -> bool:
        return any(self._narrows(condition) for condition in statement.conditions)

    def _narrows(self, condition: Condition) -> bool:
        if condition.holds_without_key or condition.only_wildcards:
            return False
        if condition.key == _MFA_PRESENT and condition.lowered != ("true",):
            return False
        return matches_any(self.restricting, condition.key)

    def anywhere(self, action: str, passed_to: str = "") -> bool:
        """Whether the action is effective on arbitrary resources.

        ``passed_to`` is, for iam:PassRole, the service that gets the role: statements can limit
        it with ``iam:PassedToService``.
        """
        service = action.partition(":")[0]
        allowed = any(
            s.names_action(action) and _reaches(s, service) and _lets_pass(s, passed_to)
            for s in self.broad
        )
        if not allowed or any(s.names_action(action) for s in self._denials):
            return False
        return self.boundary is None or self.boundary.anywhere(action, passed_to)

    def anything_in(self, service: str) -> bool:
        """Whether every action of the service is effective.

        Tested with one made-up name for each first letter, so that the answer depends neither on
        a list of real actions nor on how current a catalogue is.
        """
        return all(self.anywhere(f"{service}:{letter}zxq") for letter in string.ascii_lowercase)

    @property
    def is_admin(self) -> bool:
        return bool(self.broad) and all(map(self.anything_in, _UNRELATED))

    def escalations(self) -> Iterator[Escalation]:
        """The known privilege escalation paths that are open on arbitrary resources."""
        for path in ESCALATIONS:
            if all(self.anywhere(a, path.service if a == PASS_ROLE else "") for a in path.actions):
                yield path

    def whole_services(self) -> list[str]:
        """Services named in the statements of which every action is effective."""
        named = {
            pattern.partition(":")[0].lower()
            for s in self.broad
            for pattern in s.actions
            if "*" in pattern
        }
        candidates = sorted(name for name in named if name and not set(name) & set("*?"))
        return [service for service in candidates if self.anything_in(service)]


def _has_wildcard(resources: Iterable[str]) -> bool:
    return any("*" in resource for resource in resources)


def _reaches(statement: Statement, service: str) -> bool:
    if statement.names_every_resource:
        return True
    return any(is_service_wide(resource, service) for resource in statement.resources)


def _lets_pass(statement: Statement, service: str) -> bool:
    limits = [c for c in statement.condition_on(_PASSED_TO) if not c.holds_without_key]
    if not service or not limits:
        return True
    return all(matches_any(limit.values, service) for limit in limits)


def problems(grants: Grants, sensitive: Sequence[str]) -> list[Problem]:
    """The excessive privileges; for an administrator only that."""
    if not grants.broad:
        return []
    if grants.is_admin:
        text = "The policies give administrator access: any action on any resource."
        return [Problem(Severity.CRITICAL, text)]
    return list(_problems(grants, sensitive))


def _problems(grants: Grants, sensitive: Sequence[str]) -> Iterator[Problem]:
    if any(s.not_actions for s in grants.broad if s.names_every_resource):
        left = [service for service in _UNRELATED if grants.anything_in(service)]
        if left:
            text = "Allow with NotAction on any resource grants every action that is not listed"
            yield Problem(Severity.HIGH, f"{text}, including every action of {listed(left)}.")
    grave = [service for service in sensitive if grants.anything_in(service.lower())]
    if grave:
        text = f"Every action of {listed(grave)} is allowed on any resource."
        yield Problem(Severity.HIGH, text)
    paths = [path.name for path in grants.escalations() if "iam" not in grave or path.service]
    if paths:
        text = f"Privilege escalation is possible with {listed(paths)}."
        yield Problem(Severity.HIGH, text)
    if "sts" not in grave and grants.anywhere("sts:AssumeRole"):
        text = (
            "sts:AssumeRole is allowed on any resource, so on every role that trusts the account."
        )
        yield Problem(Severity.HIGH, text)
    other = [service for service in grants.whole_services() if service not in grave]
    if other:
        text = f"Every action of {listed(other)} is allowed on any resource."
        yield Problem(Severity.MEDIUM, text)


def is_exempt(patterns: Iterable[str], path: str, name: str) -> bool:
    """Whether a pattern matches the principal: its name, or path and name if it has a slash."""
    return any(matches(p, f"{path}{name}" if "/" in p else name) for p in patterns)


def flawed(documents: Iterable[Document]) -> list[str]:
    """Why documents are not valid policies, each as a clause."""
    return [f"the policy {d.name} cannot be parsed ({d.flaw})" for d in documents if d.flaw]


def policies_of(
    user: UserPolicies, groups: Iterable[GroupPolicies], attached: Iterable[PolicyDocument]
) -> list[Document]:
    """The policies that apply to a user: inline, of their groups, and attached ones."""
    of_groups = [document for group in groups for document in group.inline]
    return [*user.inline, *of_groups, *(policy.document for policy in attached)]


def privileges_verdict(
    documents: Sequence[Document], boundary: PolicyDocument | None, limits: PrivilegeLimits
) -> Verdict:
    """The verdict on what policies grant together within a permissions boundary."""
    bound = [] if boundary is None else [boundary.document]
    flaws = flawed([*documents, *bound])
    if flaws:
        return cannot_tell(f"What is allowed is unknown: {'; '.join(flaws)}.")
    grants = Grants.of(documents, bound[0] if bound else None, limits.restricting_condition_keys)
    found = problems(grants, limits.sensitive_services)
    names = [document.name for document in documents]
    if found:
        expected = "Only the actions that are needed, on the resources that are needed."
        return violates_all(found, expected=expected, policies=names)
    reason = f"No excessive privileges in {plural(len(names), 'policy', 'policies')}."
    return complies(reason, policies=names)


def unused_verdict(unused: UnusedAccess, most_days: int) -> Verdict:
    """The verdict on what an unused-access analyzer found."""
    if unused.days > most_days:
        return violates(
            f"The analyzer {unused.analyzer} reports access as unused after"
            f" {plural(unused.days, 'day')}; at most {most_days} are allowed.",
            expected=f"An analyzer with a tracking period of {plural(most_days, 'day')} or less.",
            days=unused.days,
        )
    if unused.found:
        said = listed([f"{count} {kind}" for kind, count in sorted(unused.found.items())], 10)
        return violates(
            f"The analyzer {unused.analyzer} has open findings: {said}.",
            expected="Unused permissions and credentials removed.",
            findings=unused.found,
        )
    return complies(f"The analyzer {unused.analyzer} has no open finding.", days=unused.days)
