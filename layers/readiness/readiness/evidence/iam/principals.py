"""The users, groups, roles and managed policies of the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from readiness.model.event_fields import if_named
from readiness.model.evidence import (
    ACCOUNT,
    Json,
    ResourceType,
    api_call,
    config_resource_name,
    without_path,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource

EVERYTHING = "iam:GetAccountAuthorizationDetails"
_AT_ONCE = 1000


def details(read: Reader, key: str) -> Sequence[Mapping[str, Any]]:
    """All users, groups, roles or managed policies of the account, from one shared answer."""
    return read.every("iam", "get_account_authorization_details", key, MaxItems=_AT_ONCE)


def the_account(read: Reader) -> Resource:
    """The account as a resource, for facts that are about all of it."""
    return ACCOUNT.resource(read.account, read.region, read.account)


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
        api_call("iam", "UpdateUser", id="requestParameters.userName"),
        api_call("iam", "UpdateUser", identify=if_named("requestParameters.newUserName")),
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
        api_call("iam", "UpdateGroup", id="requestParameters.groupName"),
        api_call("iam", "UpdateGroup", identify=if_named("requestParameters.newGroupName")),
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
