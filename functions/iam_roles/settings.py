"""Settings that several rules on IAM share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from readiness import Between
from readiness.evidence.iam.access_keys import LONGEST_KEY_AGE_DAYS

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
SECRET_READS = ("secretsmanager:GetSecretValue", "kms:Decrypt")
OPENINGS = (
    "kms:CreateGrant",
    "kms:PutKeyPolicy",
    "s3:PutBucketPolicy",
    "secretsmanager:PutResourcePolicy",
)
"""On any resource these and ``SECRET_READS`` read, or open to anyone, what every other workload of
the account keeps from this one."""
RESTRICTING_KEYS = (
    "aws:CalledVia*",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:ResourceTag/*",
    "aws:ViaAWSService",
    "*:ResourceTag/*",
    "cloudformation:RoleArn",
    "ec2:InstanceProfile",
    "ecs:cluster",
    "iam:AWSServiceName",
    "iam:PermissionsBoundary",
    "iam:PolicyARN",
    "kms:EncryptionContext:*",
    "kms:GrantIsForAWSResource",
    "kms:GrantOperations",
    "kms:GranteePrincipal",
    "kms:RequestAlias",
    "kms:ResourceAliases",
    "kms:ViaService",
    "secretsmanager:SecretId",
)
"""A condition restricts if its value does. Not among them: where a request comes from, and the
organization of its own principal."""

EXEMPT_ROLES = (
    "/aws-reserved/sso.amazonaws.com/*",
    "OrganizationAccountAccessRole",
    "AWSControlTowerExecution",
    "cdk-*-cfn-exec-role-*",
    "aws-controltower-*",
    "stacksets-exec-*",
)
"""Roles that AWS or its tools make and need as they are. The last two an account in Control Tower
may not even change ("Disallow changes to AWS IAM roles set up by AWS Control Tower and AWS
CloudFormation" among its mandatory controls)."""
EXEMPT_CALLERS = (
    *EXEMPT_ROLES,
    "cdk-*-deploy-role-*",
    "cdk-*-file-publishing-role-*",
    "cdk-*-image-publishing-role-*",
    "cdk-*-lookup-role-*",
)
"""With the roles of CDK that a person or a pipeline assumes to deploy: the account of each trusts
itself, and the first may have CloudFormation do anything, as the bootstrap template of CDK makes
them. Which other accounts they trust is judged all the same."""

ExemptUsers = Annotated[
    tuple[str, ...], "Users that may have long-term credentials (name patterns)"
]
MaxAge = Annotated[
    int, Between(1, LONGEST_KEY_AGE_DAYS), "The maximum age of an active access key (days)"
]
GatedActions = Annotated[tuple[str, ...], "Actions that must require MFA (patterns)"]
UngatedActions = Annotated[tuple[str, ...], "Exceptions among them that need no MFA (patterns)"]


@dataclass(frozen=True, slots=True)
class PrivilegeLimits:
    """Which privileges are excessive."""

    sensitive_services: Annotated[
        tuple[str, ...], "Services of which no one should have every action"
    ] = SENSITIVE_SERVICES
    actions_on_named_resources: Annotated[
        tuple[str, ...], "Actions that no one should have on any resource"
    ] = (*SECRET_READS, *OPENINGS)
    restricting_condition_keys: Annotated[
        tuple[str, ...], "Condition keys that restrict an Allow statement (patterns)"
    ] = RESTRICTING_KEYS


RolePatterns = Annotated[
    tuple[str, ...],
    "Roles that are not checked: name patterns, or path and name where it has a slash",
]
