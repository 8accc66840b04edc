"""The policies of groups, and their members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.evidence.iam.attachments import (
    NO_SUCH_ENTITY,
    inline_documents,
    policies_named,
    read_attached,
    read_inline,
)
from readiness.evidence.iam.principals import EVERYTHING, GROUP, USER, details
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.policy import Document


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
        inline = read_inline(read, "group", group.id)
        return cls(group.id, inline, read_attached(read, "group", group.id))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, GroupPolicies]:
        return {
            about["GroupName"]: cls(
                about["GroupName"],
                inline_documents(about.get("GroupPolicyList")),
                policies_named(read, about.get("AttachedManagedPolicies") or ()),
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
        users = read.every("iam", "get_group", "Users", gone=NO_SUCH_ENTITY, GroupName=group.id)
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
