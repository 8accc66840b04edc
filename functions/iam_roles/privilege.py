"""What a principal may really do: allowed, not denied, within its boundary, anywhere."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from readiness.model.verdict import Problem, Severity
from readiness.semantics.policy import (
    Condition,
    Document,
    Statement,
    is_service_wide,
    matches,
    matches_any,
)

from .privesc import ESCALATIONS, PASS_ROLE, Escalation

SENSITIVE_SERVICES = (
    "iam",
    "sts",
    "kms",
    "secretsmanager",
    "organizations",
    "cloudtrail",
    "config",
    "lambda",
    "s3",
    "ec2",
)
RESTRICTING_KEYS = (
    "aws:CalledVia*",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:ResourceTag/*",
    "aws:ViaAWSService",
    "*:ResourceTag/*",
    "iam:AWSServiceName",
    "iam:PermissionsBoundary",
    "iam:PolicyARN",
    "kms:ViaService",
)
"""Not among them: where a request comes from, and which organization its own principal is in."""

EXEMPT_ROLES = (
    "/aws-reserved/sso.amazonaws.com/*",
    "OrganizationAccountAccessRole",
    "AWSControlTowerExecution",
    "cdk-*-cfn-exec-role-*",
)

_UNRELATED = ("iam", "s3", "ec2", "kms", "lambda", "dynamodb", "rds", "sqs")
"""Who may do anything at all in each of these may do anything: nobody lists them by hand."""

_TOLD_AT_MOST = 5
_PASSED_TO = "iam:passedtoservice"
_MFA_PRESENT = "aws:multifactorauthpresent"


@dataclass(frozen=True)
class Grants:
    """The statements that reach a principal, and the boundary that cuts them down.

    ``restricting`` are the condition keys (patterns) that make an Allow less than it looks.
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
        """What is allowed with no condition that narrows it, on more than listed resources."""
        return tuple(
            s
            for s in self.statements
            if s.allows and (s.not_resources or _has_wildcard(s.resources)) and not self._narrow(s)
        )

    @cached_property
    def _denials(self) -> tuple[Statement, ...]:
        """What is denied whatever the request: any condition would leave a way around."""
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

        ``passed_to`` is the service that gets the role, for iam:PassRole, which statements may
        limit with ``iam:PassedToService``.
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
        """Whether every action of the service is effective, whatever it is called.

        Tried with a name for each first letter, none of which exists, so that neither a list of
        real actions nor a catalogue that is out of date decides.
        """
        return all(self.anywhere(f"{service}:{letter}zxq") for letter in string.ascii_lowercase)

    @property
    def is_admin(self) -> bool:
        return bool(self.broad) and all(map(self.anything_in, _UNRELATED))

    def escalations(self) -> Iterator[Escalation]:
        """The known paths to more privileges that are open on arbitrary resources."""
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
    """What is more than a principal needs, each named; of an administrator only that."""
    if not grants.broad:
        return []
    if grants.is_admin:
        text = "It may do anything on any resource (administrator)."
        return [Problem(Severity.CRITICAL, text)]
    return list(_problems(grants, sensitive))


def _problems(grants: Grants, sensitive: Sequence[str]) -> Iterator[Problem]:
    if any(s.not_actions for s in grants.broad if s.names_every_resource):
        left = [service for service in _UNRELATED if grants.anything_in(service)]
        if left:
            text = "Allow with NotAction on any resource grants every action that is not listed"
            yield Problem(Severity.HIGH, f"{text}, among them all of {', '.join(left)}.")
    grave = [service for service in sensitive if grants.anything_in(service.lower())]
    if grave:
        text = f"Every action of {_told(grave)} is allowed on any resource."
        yield Problem(Severity.HIGH, text)
    paths = [path.name for path in grants.escalations() if "iam" not in grave or path.service]
    if paths:
        text = f"It can give itself more privileges with {_told(paths)}."
        yield Problem(Severity.HIGH, text)
    if "sts" not in grave and grants.anywhere("sts:AssumeRole"):
        text = "sts:AssumeRole is allowed on any resource: every role that trusts this account."
        yield Problem(Severity.HIGH, text)
    other = [service for service in grants.whole_services() if service not in grave]
    if other:
        text = f"Every action of {_told(other)} is allowed on any resource."
        yield Problem(Severity.MEDIUM, text)


def _told(names: Sequence[str]) -> str:
    more = len(names) - _TOLD_AT_MOST
    listed = ", ".join(names[:_TOLD_AT_MOST])
    return f"{listed} and {more} more" if more > 0 else listed


def is_exempt(patterns: Iterable[str], path: str, name: str) -> bool:
    """Whether a pattern names the principal: by path and name where it has a slash, else name."""
    return any(matches(p, f"{path}{name}" if "/" in p else name) for p in patterns)


def flawed(documents: Iterable[Document]) -> list[str]:
    """What is wrong with the documents that are no policies, each a clause."""
    return [f"the policy {d.name} is unusable: {d.flaw}" for d in documents if d.flaw]
