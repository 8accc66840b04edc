"""The policies of users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
from readiness.evidence.iam.groups import GroupPolicies
from readiness.evidence.iam.principals import EVERYTHING, GROUP, USER, details
from readiness.model.evidence import ACCOUNT, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.policy import Document


@evidence(
    USER,
    reads=(
        EVERYTHING,
        "iam:GetUser",
        "iam:GetUserPolicy",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
        "iam:ListUserPolicies",
    ),
    uses=(GroupPolicies,),
    changed_by=(
        api_call(
            "iam",
            "AddUserToGroup",
            "AttachUserPolicy",
            "DeleteUserPermissionsBoundary",
            "DeleteUserPolicy",
            "DetachUserPolicy",
            "PutUserPermissionsBoundary",
            "PutUserPolicy",
            "RemoveUserFromGroup",
            id="requestParameters.userName",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class UserPolicies:
    """The policies that reach a user: its own and those of its groups, and its boundary.

    ``attached`` holds the managed policies of the user and of its groups, ``account`` is the
    account it is in. Sources:
    GetAccountAuthorizationDetails; GetUser, ListUserPolicies, GetUserPolicy,
    ListAttachedUserPolicies, ListGroupsForUser.
    """

    name: str
    path: str = "/"
    inline: tuple[Document, ...] = ()
    groups: tuple[Resource, ...] = ()
    attached: tuple[Resource, ...] = ()
    boundary: Resource | None = None
    tags: Mapping[str, str] | None = None
    account: str = ""

    @classmethod
    def load(cls, read: Reader, user: Resource) -> UserPolicies:
        about = read.one("iam", "get_user", gone=NO_SUCH_ENTITY, UserName=user.id)["User"]
        groups = read.every(
            "iam", "list_groups_for_user", "Groups", gone=NO_SUCH_ENTITY, UserName=user.id
        )
        return cls._of(
            read,
            about,
            inline=read_inline(read, "user", user.id),
            groups=[group["GroupName"] for group in groups],
            attached=read_attached(read, "user", user.id),
        )

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, UserPolicies]:
        return {
            about["UserName"]: cls._of(
                read,
                about,
                inline=inline_documents(about.get("UserPolicyList")),
                groups=about.get("GroupList") or (),
                attached=policies_named(read, about.get("AttachedManagedPolicies") or ()),
            )
            for about in details(read, "UserDetailList")
        }

    @classmethod
    def _of(
        cls,
        read: Reader,
        about: Mapping[str, Any],
        *,
        inline: tuple[Document, ...],
        groups: Iterable[str],
        attached: tuple[Resource, ...],
    ) -> UserPolicies:
        memberships = []
        for name in groups:
            group = GROUP.resource(read.account, read.region, name)
            try:
                attached += read.of(GroupPolicies, group).attached
            except Gone:
                continue  # deleted since it was listed: it gives nothing any more
            memberships.append(group)
        return cls(
            name=about["UserName"],
            path=about.get("Path", "/"),
            inline=inline,
            groups=tuple(memberships),
            attached=tuple(dict.fromkeys(attached)),
            boundary=boundary_of(read, about),
            tags=tags_of(about),
            account=read.account,
        )


@evidence(
    ACCOUNT,
    reads=("iam:GetAccountSummary",),
    changed_by=(api_call("iam", "CreateUser", "DeleteUser"),),
)
@dataclass(frozen=True, slots=True)
class UserCount:
    """How many IAM users the account has, None where IAM does not say.

    Source: GetAccountSummary.
    """

    users: int | None = None

    @classmethod
    def load(cls, read: Reader, account: Resource) -> UserCount:
        summary = read.one("iam", "get_account_summary").get("SummaryMap") or {}
        return cls(summary.get("Users"))
