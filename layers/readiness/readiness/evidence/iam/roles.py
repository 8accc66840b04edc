"""The policies of roles, and who may assume them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.iam.attachments import (
    NO_SUCH_ENTITY,
    boundary_of,
    inline_documents,
    policies_named,
    read_attached,
    read_inline,
    tags_of,
)
from readiness.evidence.iam.principals import EVERYTHING, ROLE, details
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.policy import Document


@evidence(
    ROLE,
    reads=(
        EVERYTHING,
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
    ),
    changed_by=(
        api_call(
            "iam",
            "AttachRolePolicy",
            "DeleteRolePermissionsBoundary",
            "DeleteRolePolicy",
            "DetachRolePolicy",
            "PutRolePermissionsBoundary",
            "PutRolePolicy",
            id="requestParameters.roleName",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class RolePolicies:
    """The policies of a role: its own, those attached to it, and its boundary.

    ``account`` is the account it is in. Sources: GetAccountAuthorizationDetails; GetRole,
    ListRolePolicies, GetRolePolicy, ListAttachedRolePolicies.
    """

    name: str
    path: str = "/"
    inline: tuple[Document, ...] = ()
    attached: tuple[Resource, ...] = ()
    boundary: Resource | None = None
    tags: Mapping[str, str] | None = None
    account: str = ""

    @property
    def is_service_linked(self) -> bool:
        return self.path.startswith("/aws-service-role/")

    @classmethod
    def load(cls, read: Reader, role: Resource) -> RolePolicies:
        about = read.one("iam", "get_role", gone=NO_SUCH_ENTITY, RoleName=role.id)["Role"]
        return cls(
            name=role.id,
            path=about.get("Path", "/"),
            inline=read_inline(read, "role", role.id),
            attached=read_attached(read, "role", role.id),
            boundary=boundary_of(read, about),
            tags=tags_of(about),
            account=read.account,
        )

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RolePolicies]:
        return {
            about["RoleName"]: cls(
                name=about["RoleName"],
                path=about.get("Path", "/"),
                inline=inline_documents(about.get("RolePolicyList")),
                attached=policies_named(read, about.get("AttachedManagedPolicies") or ()),
                boundary=boundary_of(read, about),
                tags=tags_of(about),
                account=read.account,
            )
            for about in details(read, "RoleDetailList")
        }


@evidence(
    ROLE,
    reads=(EVERYTHING, "iam:GetRole"),
    changed_by=(api_call("iam", "UpdateAssumeRolePolicy", id="requestParameters.roleName"),),
)
@dataclass(frozen=True, slots=True)
class RoleTrust:
    """Who may assume a role.

    ``account`` is the account it is in. Sources: GetAccountAuthorizationDetails; GetRole.
    """

    name: str
    trust: Document
    account: str
    path: str = "/"
    tags: Mapping[str, str] | None = None

    @property
    def is_service_linked(self) -> bool:
        return self.path.startswith("/aws-service-role/")

    @classmethod
    def load(cls, read: Reader, role: Resource) -> RoleTrust:
        about = read.one("iam", "get_role", gone=NO_SUCH_ENTITY, RoleName=role.id)["Role"]
        return cls._of(about, read.account)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RoleTrust]:
        return {
            about["RoleName"]: cls._of(about, read.account)
            for about in details(read, "RoleDetailList")
        }

    @classmethod
    def _of(cls, about: Mapping[str, Any], account: str) -> RoleTrust:
        trust = Document.of("trust policy", about.get("AssumeRolePolicyDocument"))
        return cls(about["RoleName"], trust, account, about.get("Path", "/"), tags_of(about))
