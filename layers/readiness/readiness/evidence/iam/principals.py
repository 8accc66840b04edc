"""What IAM says of users, groups, roles and the policies that reach them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import (
    ACCOUNT,
    Json,
    ResourceType,
    api_call,
    config_resource_name,
    evidence,
    without_path,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.policy import Document

EVERYTHING = "iam:GetAccountAuthorizationDetails"
_GONE = ("NoSuchEntity",)
_AT_ONCE = 1000


def details(read: Reader, key: str) -> Sequence[Mapping[str, Any]]:
    """All users, groups, roles or managed policies of the account, from one shared answer."""
    return read.every("iam", "get_account_authorization_details", key, MaxItems=_AT_ONCE)


def the_account(read: Reader) -> Resource:
    """The account as a resource, for facts that are about all of it."""
    return ACCOUNT.resource(read.account, read.region, read.account)


def _tags(answer: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in answer.get("Tags") or ()}


def _policy_arn(item: Json) -> str | None:
    """AWS Config knows a managed policy by its internal id; we know it by its ARN."""
    configuration = item.get("configuration")
    inner = configuration.get("arn") if isinstance(configuration, Mapping) else None
    return item.get("ARN") or item.get("arn") or inner or None


USER = ResourceType(
    "AWS::IAM::User",
    lambda read: [user["UserName"] for user in details(read, "UserDetailList")],
    find_reads=(EVERYTHING,),
    changed_by=(
        api_call(
            "iam",
            "CreateUser",
            "DeleteUser",
            "TagUser",
            "UntagUser",
            id="requestParameters.userName",
        ),
        api_call(
            "iam", "UpdateUser", id="requestParameters.newUserName|requestParameters.userName"
        ),
    ),
    identify=config_resource_name,
    config_ids=lambda read: {
        each["UserName"]: each["UserId"] for each in details(read, "UserDetailList")
    },
    arn="arn:{partition}:iam::{account}:user/{id}",
    is_global=True,
    tags_from_api=False,
    plain=without_path,
)

GROUP = ResourceType(
    "AWS::IAM::Group",
    lambda read: [group["GroupName"] for group in details(read, "GroupDetailList")],
    find_reads=(EVERYTHING,),
    changed_by=(
        api_call("iam", "CreateGroup", "DeleteGroup", id="requestParameters.groupName"),
        api_call(
            "iam", "UpdateGroup", id="requestParameters.newGroupName|requestParameters.groupName"
        ),
    ),
    identify=config_resource_name,
    config_ids=lambda read: {
        each["GroupName"]: each["GroupId"] for each in details(read, "GroupDetailList")
    },
    arn="arn:{partition}:iam::{account}:group/{id}",
    is_global=True,
    tags_from_api=False,
    plain=without_path,
)

ROLE = ResourceType(
    "AWS::IAM::Role",
    lambda read: [role["RoleName"] for role in details(read, "RoleDetailList")],
    find_reads=(EVERYTHING,),
    changed_by=(
        api_call(
            "iam",
            "CreateRole",
            "DeleteRole",
            "TagRole",
            "UntagRole",
            id="requestParameters.roleName",
        ),
        api_call("iam", "AcquireRole", id="responseElements.role.roleName"),
    ),
    identify=config_resource_name,
    config_ids=lambda read: {
        each["RoleName"]: each["RoleId"] for each in details(read, "RoleDetailList")
    },
    arn="arn:{partition}:iam::{account}:role/{id}",
    is_global=True,
    tags_from_api=False,
    plain=without_path,
)

POLICY = ResourceType(
    "AWS::IAM::Policy",
    lambda read: [
        policy["Arn"]
        for policy in details(read, "Policies")
        if policy["Arn"].split(":")[4] == read.account
    ],
    find_reads=(EVERYTHING,),
    changed_by=(
        api_call("iam", "CreatePolicy", id="responseElements.policy.arn"),
        api_call(
            "iam",
            "CreatePolicyVersion",
            "DeletePolicy",
            "DeletePolicyVersion",
            "SetDefaultPolicyVersion",
            id="requestParameters.policyArn",
        ),
    ),
    identify=_policy_arn,
    config_ids=lambda read: {each["Arn"]: each["PolicyId"] for each in details(read, "Policies")},
    arn="{id}",
    is_global=True,
    tags_from_api=False,
)
"""Found are the customer managed ones; AWS's own are read where a principal refers to them."""


def _referred(read: Reader, attached: Iterable[Mapping[str, str]]) -> tuple[Resource, ...]:
    return tuple(
        POLICY.resource(read.account, read.region, policy["PolicyArn"]) for policy in attached
    )


def _boundary(read: Reader, answer: Mapping[str, Any]) -> Resource | None:
    arn = (answer.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    return POLICY.resource(read.account, read.region, arn) if arn else None


def _inline(policies: Iterable[Mapping[str, Any]] | None) -> tuple[Document, ...]:
    return tuple(
        Document.of(policy["PolicyName"], policy.get("PolicyDocument"))
        for policy in policies or ()
    )


def _read_inline(read: Reader, kind: str, name: str) -> tuple[Document, ...]:
    """The inline policies of one principal; one deleted since it was listed grants nothing."""
    who: dict[str, Any] = {f"{kind.capitalize()}Name": name}
    found = []
    for policy in read.every("iam", f"list_{kind}_policies", "PolicyNames", gone=_GONE, **who):
        answer = read.one("iam", f"get_{kind}_policy", absent=_GONE, PolicyName=policy, **who)
        if answer is not None:
            found.append(answer)
    return _inline(found)


def _read_attached(read: Reader, kind: str, name: str) -> tuple[Resource, ...]:
    who: dict[str, Any] = {f"{kind.capitalize()}Name": name}
    attached = read.every(
        "iam", f"list_attached_{kind}_policies", "AttachedPolicies", gone=_GONE, **who
    )
    return _referred(read, attached)


# -- managed policies -----------------------------------------------------------------------


@evidence(ACCOUNT, reads=(EVERYTHING,))
@dataclass(frozen=True, slots=True)
class ManagedPolicies:
    """The managed policies in use and all customer managed ones, by ARN, as IAM gives them.

    Source: GetAccountAuthorizationDetails.
    """

    by_arn: Mapping[str, Mapping[str, Any]]

    @classmethod
    def load(cls, read: Reader, account: Resource) -> ManagedPolicies:
        return cls({policy["Arn"]: policy for policy in details(read, "Policies")})


@evidence(
    POLICY,
    reads=("iam:GetPolicy", "iam:GetPolicyVersion"),
    uses=(ManagedPolicies,),
)
@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """The default version of a managed policy, the only one in force.

    Sources: GetAccountAuthorizationDetails; GetPolicy and GetPolicyVersion.
    """

    document: Document

    @classmethod
    def load(cls, read: Reader, policy: Resource) -> PolicyDocument:
        name = policy.id.rsplit("/", 1)[-1]
        if read.bulk:
            known = read.of(ManagedPolicies, the_account(read)).by_arn.get(policy.id) or {}
            for version in known.get("PolicyVersionList") or ():
                if version.get("IsDefaultVersion"):
                    return cls(Document.of(name, version.get("Document")))
        about = read.one("iam", "get_policy", gone=_GONE, PolicyArn=policy.id)["Policy"]
        version = read.one(
            "iam",
            "get_policy_version",
            gone=_GONE,
            PolicyArn=policy.id,
            VersionId=about["DefaultVersionId"],
        )["PolicyVersion"]
        return cls(Document.of(name, version.get("Document")))


@evidence(
    POLICY,
    reads=("iam:GetPolicy",),
    uses=(ManagedPolicies,),
    changed_by=(
        api_call(
            "iam",
            "AttachGroupPolicy",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "DetachGroupPolicy",
            "DetachRolePolicy",
            "DetachUserPolicy",
            id="requestParameters.policyArn",
        ),
        api_call(
            "iam",
            "PutRolePermissionsBoundary",
            "PutUserPermissionsBoundary",
            id="requestParameters.permissionsBoundary",
        ),
        api_call("iam", "AcquireRole"),
    ),
)
@dataclass(frozen=True, slots=True)
class PolicyUse:
    """How many principals a managed policy is attached to, and how many it only bounds.

    Sources: GetAccountAuthorizationDetails; GetPolicy.
    """

    arn: str
    attached: int
    bounding: int = 0

    @classmethod
    def load(cls, read: Reader, policy: Resource) -> PolicyUse:
        about = None
        if read.bulk:
            about = read.of(ManagedPolicies, the_account(read)).by_arn.get(policy.id)
        if about is None:
            about = read.one("iam", "get_policy", gone=_GONE, PolicyArn=policy.id)["Policy"]
        bounding = about.get("PermissionsBoundaryUsageCount") or 0
        return cls(policy.id, about.get("AttachmentCount") or 0, bounding)

    @property
    def is_aws_managed(self) -> bool:
        return self.arn.split(":")[4] == "aws"


# -- principals -----------------------------------------------------------------------------


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

    Sources: GetAccountAuthorizationDetails; GetRole, ListRolePolicies, GetRolePolicy,
    ListAttachedRolePolicies.
    """

    name: str
    path: str = "/"
    inline: tuple[Document, ...] = ()
    attached: tuple[Resource, ...] = ()
    boundary: Resource | None = None
    tags: Mapping[str, str] | None = None

    @property
    def is_service_linked(self) -> bool:
        return self.path.startswith("/aws-service-role/")

    @classmethod
    def load(cls, read: Reader, role: Resource) -> RolePolicies:
        about = read.one("iam", "get_role", gone=_GONE, RoleName=role.id)["Role"]
        return cls(
            name=role.id,
            path=about.get("Path", "/"),
            inline=_read_inline(read, "role", role.id),
            attached=_read_attached(read, "role", role.id),
            boundary=_boundary(read, about),
            tags=_tags(about),
        )

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RolePolicies]:
        return {
            about["RoleName"]: cls(
                name=about["RoleName"],
                path=about.get("Path", "/"),
                inline=_inline(about.get("RolePolicyList")),
                attached=_referred(read, about.get("AttachedManagedPolicies") or ()),
                boundary=_boundary(read, about),
                tags=_tags(about),
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
        about = read.one("iam", "get_role", gone=_GONE, RoleName=role.id)["Role"]
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
        return cls(about["RoleName"], trust, account, about.get("Path", "/"), _tags(about))


@evidence(
    GROUP,
    reads=(
        EVERYTHING,
        "iam:GetGroupPolicy",
        "iam:ListAttachedGroupPolicies",
        "iam:ListGroupPolicies",
    ),
    changed_by=(
        api_call(
            "iam",
            "AttachGroupPolicy",
            "DeleteGroupPolicy",
            "DetachGroupPolicy",
            "PutGroupPolicy",
            id="requestParameters.groupName",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class GroupPolicies:
    """The policies that a group gives its members.

    Sources: GetAccountAuthorizationDetails; ListGroupPolicies, GetGroupPolicy,
    ListAttachedGroupPolicies.
    """

    name: str
    inline: tuple[Document, ...] = ()
    attached: tuple[Resource, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> GroupPolicies:
        inline = _read_inline(read, "group", group.id)
        return cls(group.id, inline, _read_attached(read, "group", group.id))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, GroupPolicies]:
        return {
            about["GroupName"]: cls(
                about["GroupName"],
                _inline(about.get("GroupPolicyList")),
                _referred(read, about.get("AttachedManagedPolicies") or ()),
            )
            for about in details(read, "GroupDetailList")
        }


@evidence(
    GROUP,
    reads=(EVERYTHING, "iam:GetGroup"),
    uses=(GroupPolicies,),
    changed_by=(
        api_call("iam", "AddUserToGroup", "RemoveUserFromGroup", id="requestParameters.groupName"),
    ),
)
@dataclass(frozen=True, slots=True)
class GroupMembers:
    """The users in a group, and the managed policies that reach them through it.

    Sources: GetAccountAuthorizationDetails; GetGroup.
    """

    members: tuple[Resource, ...] = ()
    attached: tuple[Resource, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> GroupMembers:
        users = read.every("iam", "get_group", "Users", gone=_GONE, GroupName=group.id)
        members = tuple(_user(read, user["UserName"]) for user in users)
        return cls(members, read.of(GroupPolicies, group).attached)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, GroupMembers]:
        groups = GroupPolicies.load_all(read)
        members: dict[str, list[Resource]] = {group: [] for group in groups}
        for user in details(read, "UserDetailList"):
            for group in user.get("GroupList") or ():
                members.setdefault(group, []).append(_user(read, user["UserName"]))
        return {name: cls(tuple(members[name]), group.attached) for name, group in groups.items()}


def _user(read: Reader, name: str) -> Resource:
    return USER.resource(read.account, read.region, name)


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

    ``attached`` holds the managed policies of the user and of its groups. Sources:
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

    @classmethod
    def load(cls, read: Reader, user: Resource) -> UserPolicies:
        about = read.one("iam", "get_user", gone=_GONE, UserName=user.id)["User"]
        groups = read.every("iam", "list_groups_for_user", "Groups", gone=_GONE, UserName=user.id)
        return cls._of(
            read,
            about,
            inline=_read_inline(read, "user", user.id),
            groups=[group["GroupName"] for group in groups],
            attached=_read_attached(read, "user", user.id),
        )

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, UserPolicies]:
        return {
            about["UserName"]: cls._of(
                read,
                about,
                inline=_inline(about.get("UserPolicyList")),
                groups=about.get("GroupList") or (),
                attached=_referred(read, about.get("AttachedManagedPolicies") or ()),
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
            boundary=_boundary(read, about),
            tags=_tags(about),
        )
