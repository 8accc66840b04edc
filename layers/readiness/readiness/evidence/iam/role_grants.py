"""Every policy that reaches a role, opened: what its holder may really do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from readiness.evidence.iam.managed_policies import ManagedPolicies, PolicyDocument
from readiness.evidence.iam.principals import ROLE
from readiness.evidence.iam.roles import RolePolicies, RoleTrust
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.condition_values import Holds
from readiness.semantics.conditions import Requests, holds
from readiness.semantics.policy import Document, Statement


class Leave(StrEnum):
    """Whether an action is allowed: under conditions, or by a policy nobody understands, maybe."""

    YES = "yes"
    MAYBE = "maybe"
    NO = "no"


@evidence(ROLE, uses=(RoleTrust,))
@dataclass(frozen=True, slots=True)
class AssumedRole:
    """The role that something is to assume; ``trust`` is None where it does not exist."""

    name: str
    trust: Document | None

    @classmethod
    def load(cls, read: Reader, role: Resource) -> AssumedRole:
        try:
            return cls(role.id, read.of(RoleTrust, role).trust)
        except Gone:
            return cls(role.id, None)

    def trusts(self, service: str, asked: Iterable[Requests]) -> bool:
        """Whether the service may assume it; ``asked`` are the requests that it may make.

        IAM keeps only policies that it understands, so one that we do not understand may let it.
        """
        if self.trust is None:
            return False
        about = [
            s
            for s in self.trust.statements
            if s.names_action("sts:AssumeRole") and _is_about(s, service)
        ]
        is_denied = any(not s.allows and not s.conditions for s in about)
        lets = any(s.allows and _may_hold(s, asked) for s in about)
        return bool(self.trust.flaw) or (lets and not is_denied)


def _may_hold(statement: Statement, asked: Iterable[Requests]) -> bool:
    """Whether the conditions hold for one of the requests, as far as they are known."""
    return any(holds(statement.conditions, each) is not Holds.NEVER for each in asked)


def _is_about(statement: Statement, service: str) -> bool:
    """Whether a statement names a service as its principal, or everyone."""
    if statement.not_principals:
        return service not in {p.value for p in statement.not_principals}
    return any(p.is_anybody or p.value == service for p in statement.principals)


@evidence(
    ROLE,
    reads=("iam:GetPolicy", "iam:GetPolicyVersion"),
    uses=(RolePolicies, ManagedPolicies),
)
@dataclass(frozen=True, slots=True)
class RoleGrants:
    """The documents of the policies of a role and of its boundary; a missing role has none.

    What organisation policies, session policies and resource policies add or take away is not
    in it. A new version of a managed policy wakes nobody who only asks this; a sweep sees it.
    """

    name: str
    documents: tuple[Document, ...] = ()
    boundary: Document | None = None

    @classmethod
    def load(cls, read: Reader, role: Resource) -> RoleGrants:
        try:
            policies = read.of(RolePolicies, role)
        except Gone:
            return cls(role.id)
        attached = tuple(PolicyDocument.load(read, each).document for each in policies.attached)
        within = policies.boundary
        boundary = PolicyDocument.load(read, within).document if within else None
        return cls(role.id, policies.inline + attached, boundary)

    def allows(self, action: str, *arns: str) -> Leave:
        """Whether the action is allowed on one of the forms in which a resource is written."""
        said = max((_leave(self.documents, action, arn) for arn in arns), key=_RANK.index)
        if self.boundary is None or said is Leave.NO:
            return said
        within = max((_leave((self.boundary,), action, arn) for arn in arns), key=_RANK.index)
        return min(said, within, key=_RANK.index)


_RANK = (Leave.NO, Leave.MAYBE, Leave.YES)


def _leave(documents: Iterable[Document], action: str, arn: str) -> Leave:
    documents = tuple(documents)
    about = [
        statement
        for document in documents
        for statement in document.statements
        if statement.names_action(action) and statement.names_resource(arn)
    ]
    if any(not s.allows and not s.conditions for s in about):
        return Leave.NO
    allowed = [s for s in about if s.allows]
    flawed = any(document.flaw for document in documents)
    if not allowed:
        return Leave.MAYBE if flawed else Leave.NO
    sure = any(not s.conditions for s in allowed) and all(s.allows for s in about)
    return Leave.YES if sure and not flawed else Leave.MAYBE
