"""An account whose identities are in order."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from tests.accounts.traffic import BY_NUMBER, get_metric_data, list_metrics, steadily
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

USER, ROBOT, ROLE, GROUP = "ana", "robot", "agent", "operators"
POLICY_ARN = f"arn:aws:iam::{ACCOUNT_ID}:policy/agent-tables"
TASKS = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/agent:7"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/agent"
CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
SETTINGS = {"iam_roles.root-hardware-mfa": {"require_hardware_root": True}}
YESTERYEAR = NOON - timedelta(days=500)
COLUMNS = (
    "user",
    "user_creation_time",
    "password_enabled",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_2_active",
    "access_key_2_last_rotated",
)


def policy(*statements: dict[str, Any]) -> str:
    """A document as JSON text, which the service model wants (boto3 gives it decoded)."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def trusts(principal: Any, action: str = "sts:AssumeRole", **more: Any) -> str:
    return policy({"Effect": "Allow", "Principal": principal, "Action": action} | more)


TABLES = policy(allow("dynamodb:GetItem", f"arn:aws:dynamodb:{HOME}:{ACCOUNT_ID}:table/agent"))
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
OWN_ACCOUNT = {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}
TRUST = trusts(OWN_ACCOUNT, Condition=WITH_MFA)


def report(*rows: dict[str, str], at: datetime = NOON - timedelta(hours=3)) -> dict[str, Any]:
    """GetCredentialReport's answer."""
    lines = [",".join(COLUMNS)]
    lines += [",".join(row.get(column, "N/A") for column in COLUMNS) for row in rows]
    return {
        "Content": "\n".join(lines).encode(),
        "ReportFormat": "text/csv",
        "GeneratedTime": at,
    }


def row(user: str = USER, **columns: str) -> dict[str, str]:
    """One user of the report: with a password, an MFA device and no key."""
    return {
        "user": user,
        "user_creation_time": "2024-01-01T00:00:00+00:00",
        "password_enabled": "true",
        "mfa_active": "true",
        "access_key_1_active": "false",
        "access_key_1_last_rotated": "N/A",
        "access_key_2_active": "false",
        "access_key_2_last_rotated": "N/A",
    } | columns


def about_user(name: str = USER, **more: Any) -> dict[str, Any]:
    return {
        "UserName": name,
        "UserId": "AIDAEXAMPLEEXAMPLE01",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:user/{name}",
        "Path": "/",
        "CreateDate": YESTERYEAR,
        "Tags": [{"Key": "Owner", "Value": "platform"}],
    } | more


def about_role(name: str = ROLE, **more: Any) -> dict[str, Any]:
    return {
        "RoleName": name,
        "RoleId": "AROAEXAMPLEEXAMPLE01",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:role/{name}",
        "Path": "/",
        "CreateDate": YESTERYEAR,
        "AssumeRolePolicyDocument": TRUST,
    } | more


def about_policy(**more: Any) -> dict[str, Any]:
    return {
        "PolicyName": "agent-tables",
        "PolicyId": "ANPAEXAMPLEEXAMPLE01",
        "Arn": POLICY_ARN,
        "Path": "/",
        "DefaultVersionId": "v2",
        "AttachmentCount": 3,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
    } | more


ATTACHED = [{"PolicyName": "agent-tables", "PolicyArn": POLICY_ARN}]
VERSION = {"VersionId": "v2", "IsDefaultVersion": True, "Document": TABLES}
INLINE = {"PolicyName": "own", "PolicyDocument": TABLES}


def authorization(**more: Any) -> dict[str, Any]:
    """GetAccountAuthorizationDetails' answer."""
    user = about_user(UserPolicyList=[INLINE], GroupList=[GROUP], AttachedManagedPolicies=ATTACHED)
    group = {
        "GroupName": GROUP,
        "GroupId": "AGPAEXAMPLEEXAMPLE01",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:group/{GROUP}",
        "Path": "/",
        "GroupPolicyList": [INLINE],
        "AttachedManagedPolicies": ATTACHED,
    }
    role = about_role(RolePolicyList=[INLINE], AttachedManagedPolicies=ATTACHED)
    return {
        "UserDetailList": [user, about_user(ROBOT)],
        "GroupDetailList": [group],
        "RoleDetailList": [role],
        "Policies": [about_policy(PolicyVersionList=[VERSION])],
        "IsTruncated": False,
    } | more


LOGIN_PROFILE = {"LoginProfile": {"UserName": USER, "CreateDate": YESTERYEAR}}


def key(user: str, *, days: int, id: str = "AKIAIOSFODNN7EXAMPLE", **more: Any) -> dict[str, Any]:
    """An access key as ListAccessKeys gives it."""
    return {
        "UserName": user,
        "AccessKeyId": id,
        "Status": "Active",
        "CreateDate": NOON - timedelta(days=days),
    } | more


def keys_of(*, UserName: str) -> dict[str, Any]:  # noqa: N803
    """One user has a key and no password, the other the other way round."""
    return {"AccessKeyMetadata": [key(ROBOT, days=20)] if UserName == ROBOT else []}


def listed(kind: str) -> dict[tuple[str, str], Any]:
    """The narrow calls about one principal's policies, as an event makes them."""
    named = {f"{kind.capitalize()}Name": {"user": USER, "group": GROUP, "role": ROLE}[kind]}
    return {
        ("iam", f"list_{kind}_policies"): {"PolicyNames": ["own"]},
        ("iam", f"get_{kind}_policy"): named | INLINE,
        ("iam", f"list_attached_{kind}_policies"): {"AttachedPolicies": ATTACHED},
    }


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT.

    The report is three hours old: the key that it shows for the root user has been deleted
    since, as the account's summary says.
    """
    root = row(
        "<root_account>",
        password_enabled="not_supported",
        access_key_1_active="true",
        access_key_1_last_rotated="2026-10-20T00:00:00+00:00",
    )
    robot = row(
        ROBOT,
        password_enabled="false",
        mfa_active="false",
        access_key_1_active="true",
        access_key_1_last_rotated="2026-10-30T00:00:00+00:00",
    )
    reported = report(root, row(), robot)
    group = {
        "GroupName": GROUP,
        "GroupId": "AGPAEXAMPLEEXAMPLE01",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:group/{GROUP}",
        "Path": "/",
        "CreateDate": YESTERYEAR,
    }
    return FakeAccount(
        {
            ("iam", "get_account_authorization_details"): authorization(),
            ("iam", "generate_credential_report"): {"State": "COMPLETE"},
            ("iam", "get_credential_report"): reported,
            ("iam", "get_account_summary"): {
                "SummaryMap": {
                    "AccountAccessKeysPresent": 0,
                    "AccountMFAEnabled": 1,
                    "AccountPasswordPresent": 1,
                    "Users": 1,
                }
            },
            ("iam", "list_virtual_mfa_devices"): {"VirtualMFADevices": []},
            ("iam", "list_service_specific_credentials"): {"ServiceSpecificCredentials": []},
            ("iam", "list_access_keys"): keys_of,
            ("iam", "list_mfa_devices"): {
                "MFADevices": [
                    {
                        "UserName": USER,
                        "SerialNumber": f"arn:aws:iam::{ACCOUNT_ID}:mfa/ana",
                        "EnableDate": YESTERYEAR,
                    }
                ]
            },
            ("iam", "get_login_profile"): lambda **user: (
                no_such("login profile") if ROBOT in user.values() else LOGIN_PROFILE
            ),
            ("iam", "get_user"): lambda **user: {"User": about_user(*user.values())},
            ("iam", "get_role"): {"Role": about_role()},
            ("iam", "get_group"): {"Group": group, "Users": [about_user()]},
            ("iam", "list_groups_for_user"): {"Groups": [group]},
            **listed("user"),
            **listed("group"),
            **listed("role"),
            ("iam", "get_policy"): {"Policy": about_policy()},
            ("iam", "get_policy_version"): {"PolicyVersion": VERSION},
            ("accessanalyzer", "list_analyzers"): {
                "analyzers": [
                    {
                        "arn": f"arn:aws:access-analyzer:{HOME}:{ACCOUNT_ID}:analyzer/unused",
                        "name": "unused",
                        "type": "ACCOUNT_UNUSED_ACCESS",
                        "createdAt": YESTERYEAR,
                        "status": "ACTIVE",
                        "configuration": {"unusedAccess": {"unusedAccessAge": 90}},
                    }
                ]
            },
            ("accessanalyzer", "list_findings_v2"): {"findings": []},
            **workloads(),
        }
    )


def workloads() -> dict[tuple[str, str], Any]:
    """A function and a service whose credentials come from their roles."""
    function = {
        "FunctionName": "agent",
        "Role": f"arn:aws:iam::{ACCOUNT_ID}:role/agent",
        "Environment": {"Variables": {"MAIF_ENVIRONMENT": "prod"}},
    }
    return {
        ("lambda", "list_functions"): {"Functions": [function]},
        ("lambda", "get_function_configuration"): function,
        ("lambda", "list_aliases"): {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
        ("lambda", "list_event_source_mappings"): {"EventSourceMappings": []},
        ("cloudwatch", "list_metrics"): list_metrics([BY_NUMBER]),
        ("cloudwatch", "get_metric_data"): get_metric_data(steadily({})),
        ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
        ("ecs", "list_services"): {"serviceArns": [SERVICE]},
        ("ecs", "describe_services"): {
            "services": [
                {
                    "serviceArn": SERVICE,
                    "serviceName": "agent",
                    "clusterArn": CLUSTER,
                    "status": "ACTIVE",
                    "taskDefinition": TASKS,
                }
            ]
        },
        ("ecs", "describe_task_definition"): {
            "taskDefinition": {
                "taskDefinitionArn": TASKS,
                "family": "agent",
                "status": "ACTIVE",
                "taskRoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/agent",
                "containerDefinitions": [
                    {"name": "agent", "environment": [{"name": "MODE", "value": "prod"}]}
                ],
            }
        },
    }


def no_such(entity: str = "user") -> Exception:
    """IAM's answer about what does not exist."""
    return error("NoSuchEntity", 404, f"The {entity} cannot be found.")
