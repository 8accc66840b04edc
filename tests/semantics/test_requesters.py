"""What the requests of each kind of requester have in their context, asked through conditions."""

from __future__ import annotations

import pytest

from readiness.semantics.condition_values import Holds
from readiness.semantics.conditions import holds
from readiness.semantics.policy import parse
from readiness.semantics.requesters import (
    cloudwatch,
    holder,
    service_for_stranger,
    signed_in,
    stranger,
    upload_without_kms,
    user_of,
    without_tls,
)

NEVER, SOMETIMES, ALWAYS, UNKNOWN = Holds.NEVER, Holds.SOMETIMES, Holds.ALWAYS, Holds.UNKNOWN
ACCOUNT, OTHER = "111122223333", "444455556666"
ALARMS = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:"

REQUESTERS = {
    "stranger": stranger,
    "stranger of an account": lambda: stranger(ACCOUNT),
    "service": lambda: service_for_stranger("sns.amazonaws.com"),
    "any service": service_for_stranger,
    "signed in": lambda: signed_in("idp.example.com"),
    "holder": holder,
    "user": lambda: user_of(ACCOUNT, "team/alice"),
    "any user": lambda: user_of(ACCOUNT),
    "without TLS": without_tls,
    "without KMS": upload_without_kms,
    "CloudWatch": lambda: cloudwatch(ACCOUNT, ALARMS),
}


def ask(who, operator, key, value):
    """Whether a condition holds for the requests."""
    [statement] = parse(
        {
            "Statement": {
                "Effect": "Allow",
                "Action": "*",
                "Resource": "*",
                "Condition": {operator: {key: value}},
            }
        }
    )
    return holds(statement.conditions, REQUESTERS[who]())


ANYTHING_OR_NOTHING = (
    "aws:Referer aws:RequestTag/team aws:TagKeys aws:TokenIssueTime aws:UserAgent aws:VpcSourceIp "
    "sts:RoleSessionName sts:SourceIdentity sts:TransitiveTagKeys"
)
OF_A_SERVICE = (
    "aws:SourceAccount aws:SourceArn aws:SourceOrgID aws:SourceOrgPaths aws:SourceOwner "
    "aws:PrincipalServiceName aws:PrincipalServiceNamesList"
)
CHOSEN = {
    "stranger": f"{ANYTHING_OR_NOTHING} aws:CalledVia aws:CalledViaFirst aws:FederatedProvider "
    "aws:MultiFactorAuthAge aws:PrincipalTag/team aws:username kms:ViaService",
    "service": f"{ANYTHING_OR_NOTHING} aws:CalledViaLast aws:MultiFactorAuthAge",
    "signed in": "aws:Referer aws:TokenIssueTime aws:UserAgent sts:RoleSessionName "
    "aws:MultiFactorAuthAge idp.example.com:oaud",
    "holder": f"{ANYTHING_OR_NOTHING} s3:prefix",
    "user": "aws:Referer aws:RequestTag/team aws:UserAgent s3:prefix",
    "without TLS": "s3:prefix aws:SourceIp aws:UserAgent",
    "without KMS": "s3:prefix aws:SourceIp aws:SecureTransport",
}
ABSENT = {
    "stranger": OF_A_SERVICE,
    "service": "aws:PrincipalAccount aws:PrincipalArn aws:PrincipalOrgID aws:PrincipalOrgPaths "
    "aws:PrincipalTag/team aws:PrincipalType aws:userid aws:username",
    "signed in": f"{OF_A_SERVICE} aws:PrincipalArn aws:PrincipalOrgID sts:ExternalId",
    "holder": f"{OF_A_SERVICE} aws:MultiFactorAuthAge",
    "user": f"{OF_A_SERVICE} aws:CalledVia aws:FederatedProvider",
    "without TLS": f"{OF_A_SERVICE} aws:CalledVia s3:TlsVersion",
    "without KMS": f"{OF_A_SERVICE} aws:CalledViaFirst "
    "s3:x-amz-server-side-encryption-aws-kms-key-id "
    "s3:x-amz-server-side-encryption-customer-algorithm",
}
NOT_KNOWN = {
    "stranger": "s3:prefix",
    "service": "s3:prefix",
    "signed in": "aws:RequestTag/team aws:TagKeys sts:TransitiveTagKeys s3:prefix",
    "CloudWatch": "aws:SourceIp aws:PrincipalOrgID s3:prefix",
}


def rows(table):
    return [
        pytest.param(who, key, id=f"{who}, {key}")
        for who, keys in table.items()
        for key in keys.split()
    ]


@pytest.mark.parametrize(("who", "key"), rows(CHOSEN))
def test_what_the_requester_chooses_or_leaves_away(who, key):
    assert ask(who, "Null", key, "true") is SOMETIMES
    assert ask(who, "StringEquals", key, "x") is SOMETIMES
    assert ask(who, "StringLikeIfExists", key, "*") is ALWAYS


@pytest.mark.parametrize(("who", "key"), rows(ABSENT))
def test_what_the_request_does_not_have(who, key):
    assert ask(who, "Null", key, "true") is ALWAYS


@pytest.mark.parametrize(("who", "key"), rows(NOT_KNOWN))
def test_what_nobody_knows(who, key):
    assert ask(who, "Null", key, "true") is UNKNOWN


def arn(account, service="iam", name="role/app", partition="aws"):
    return f"arn:{partition}:{service}::{account}:{name}"


ANY_SOURCE = "arn:aws:s3:::my-bucket"

STATED = {
    "stranger": [
        ("Bool", "aws:SecureTransport", "true", SOMETIMES),
        ("Null", "aws:SecureTransport", "false", ALWAYS),
        ("Bool", "aws:MultiFactorAuthPresent", "true", SOMETIMES),
        ("Null", "aws:MultiFactorAuthPresent", "true", SOMETIMES),
        ("BoolIfExists", "aws:MultiFactorAuthPresent", "false", SOMETIMES),
        ("StringLike", "aws:MultiFactorAuthPresent", ["true", "false"], SOMETIMES),
        ("Bool", "aws:PrincipalIsAWSService", "false", ALWAYS),
        ("Bool", "aws:ViaAWSService", "true", SOMETIMES),
        ("Bool", "aws:ViaAWSService", ["true", "false"], ALWAYS),
        ("DateLessThan", "aws:CurrentTime", "2020-01-01", NEVER),
        ("NumericLessThan", "aws:EpochTime", "1577836800", NEVER),
        ("StringEquals", "aws:RequestedRegion", "us-east-1", SOMETIMES),
        ("StringLike", "aws:RequestedRegion", "*", ALWAYS),
        ("IpAddress", "aws:SourceIp", "192.0.2.0/24", NEVER),
        ("IpAddress", "aws:SourceIp", "0.0.0.0/0", ALWAYS),
        ("StringEquals", "aws:SourceVpc", "vpc-0123", NEVER),
        ("StringLike", "aws:SourceVpc", "vpc-*", SOMETIMES),
        ("StringEquals", "aws:SourceVpce", "vpce-0123", NEVER),
        ("StringLike", "aws:SourceVpce", "vpce-*", SOMETIMES),
        ("ArnLike", "aws:SourceVpcArn", f"arn:aws:ec2:us-east-1:{ACCOUNT}:vpc/*", NEVER),
        ("ArnLike", "aws:SourceVpcArn", "arn:aws:ec2:us-east-1:*:vpc/*", SOMETIMES),
        ("ArnLike", "aws:SourceVpcArn", "arn:aws-cn:ec2:*:*:vpc/vpc-1", SOMETIMES),
        ("StringEquals", "aws:VpceAccount", ACCOUNT, NEVER),
        ("StringLike", "aws:VpceAccount", "1111*", SOMETIMES),
        ("StringLike", "aws:VpceAccount", "*3333", SOMETIMES),
        ("StringEquals", "aws:VpceOrgID", "o-abc", NEVER),
        ("StringLike", "aws:VpceOrgID", "o-*", SOMETIMES),
        ("StringLike", "aws:VpceOrgPaths", "o-abc/*", NEVER),
        ("StringLike", "aws:VpceOrgPaths", "o-*/r-1/*", SOMETIMES),
        ("StringEquals", "aws:ResourceAccount", ACCOUNT, SOMETIMES),
        ("Null", "aws:ResourceAccount", "true", NEVER),
        ("StringEquals", "aws:ResourceOrgID", "o-abc", SOMETIMES),
        ("Null", "aws:ResourceOrgID", "true", SOMETIMES),
        ("StringEquals", "aws:ResourceOrgPaths", "o-abc/x", SOMETIMES),
        ("StringEquals", "aws:PrincipalAccount", ACCOUNT, NEVER),
        ("StringLike", "aws:PrincipalAccount", "1111*", SOMETIMES),
        ("StringLike", "aws:PrincipalAccount", "*3333", SOMETIMES),
        ("ArnLike", "aws:PrincipalArn", arn(ACCOUNT), NEVER),
        ("ArnLike", "aws:PrincipalArn", arn("*"), SOMETIMES),
        ("ArnLike", "aws:PrincipalArn", arn("*", "iam", "role/team/app"), SOMETIMES),
        ("ArnLike", "aws:PrincipalArn", arn("*", "sts", "assumed-role/a/b"), SOMETIMES),
        ("ArnLike", "aws:PrincipalArn", arn("*", partition="aws-cn"), SOMETIMES),
        ("ArnLike", "aws:PrincipalArn", arn("*", "ec2"), NEVER),
        ("StringEquals", "aws:PrincipalOrgID", "o-abc", NEVER),
        ("StringLike", "aws:PrincipalOrgID", "o-*", SOMETIMES),
        ("StringNotEquals", "aws:PrincipalOrgID", "o-abc", ALWAYS),
        ("StringLike", "aws:PrincipalOrgPaths", "o-abc/*", NEVER),
        ("StringLike", "aws:PrincipalOrgPaths", "o-*/r-1/*", SOMETIMES),
        ("StringEquals", "aws:PrincipalType", "User", SOMETIMES),
        ("Null", "aws:PrincipalType", "true", NEVER),
        ("StringEquals", "aws:userid", "AIDAEXAMPLE", NEVER),
        ("StringLike", "aws:userid", "AIDA*", SOMETIMES),
        ("StringLike", "aws:userid", "AROA*:session", SOMETIMES),
        ("StringEquals", "aws:userid", ACCOUNT, NEVER),
        ("StringLike", "aws:userid", "1111*", SOMETIMES),
        ("StringEquals", "kms:CallerAccount", ACCOUNT, NEVER),
        ("StringLike", "kms:CallerAccount", "*", ALWAYS),
        ("StringEquals", "sts:ExternalId", "secret", NEVER),
        ("StringLike", "sts:ExternalId", "*", SOMETIMES),
        ("StringLike", "sts:ExternalId", "s*t", SOMETIMES),
    ],
    "stranger of an account": [
        ("StringEquals", "aws:PrincipalAccount", ACCOUNT, ALWAYS),
        ("StringEquals", "aws:PrincipalAccount", OTHER, NEVER),
        ("StringEquals", "kms:CallerAccount", ACCOUNT, ALWAYS),
        ("StringEquals", "aws:userid", ACCOUNT, SOMETIMES),
        ("ArnLike", "aws:PrincipalArn", arn(ACCOUNT, name="*"), SOMETIMES),
        ("ArnLike", "aws:PrincipalArn", [arn(ACCOUNT, s, "*") for s in ("iam", "sts")], ALWAYS),
        ("ArnLike", "aws:PrincipalArn", arn(ACCOUNT, name="role/a*"), SOMETIMES),
        ("ArnLike", "aws:PrincipalArn", arn(ACCOUNT, name="*/p"), SOMETIMES),
        ("ArnLike", "aws:PrincipalArn", arn(ACCOUNT), NEVER),
    ],
    "service": [
        ("Bool", "aws:PrincipalIsAWSService", "true", ALWAYS),
        ("StringEquals", "aws:PrincipalServiceName", "sns.amazonaws.com", ALWAYS),
        ("StringEquals", "aws:PrincipalServiceName", "sqs.amazonaws.com", NEVER),
        ("StringEquals", "aws:PrincipalServiceNamesList", "sns.amazonaws.com", ALWAYS),
        ("StringEquals", "aws:PrincipalServiceNamesList", "sqs.amazonaws.com", NEVER),
        ("Bool", "aws:MultiFactorAuthPresent", "true", SOMETIMES),
        ("StringEquals", "aws:SourceAccount", ACCOUNT, NEVER),
        ("StringLike", "aws:SourceAccount", "*", SOMETIMES),
        ("ArnLike", "aws:SourceArn", f"arn:aws:sns:us-east-1:{ACCOUNT}:*", NEVER),
        ("ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:*", SOMETIMES),
        ("ArnLike", "aws:SourceArn", "arn:aws-cn:sns:*:*:x", SOMETIMES),
        ("ArnEquals", "aws:SourceArn", ANY_SOURCE, NEVER),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::*", SOMETIMES),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::my-*", SOMETIMES),
        ("StringNotEqualsIfExists", "aws:SourceAccount", ACCOUNT, ALWAYS),
        ("IpAddress", "aws:SourceIp", "0.0.0.0/0", SOMETIMES),
        ("IpAddress", "aws:SourceIp", "192.0.2.0/24", NEVER),
        ("StringEquals", "aws:SourceOrgID", "o-abc", NEVER),
        ("StringLike", "aws:SourceOrgID", "o-*", SOMETIMES),
        ("StringLike", "aws:SourceOrgPaths", "o-abc/*", NEVER),
        ("StringLike", "aws:SourceOrgPaths", "o-*/r-1/*", SOMETIMES),
        ("StringEquals", "aws:SourceOwner", ACCOUNT, NEVER),
        ("StringLike", "aws:SourceOwner", "*", SOMETIMES),
        ("Bool", "aws:ViaAWSService", ["true", "false"], ALWAYS),
        ("Bool", "aws:ViaAWSService", "true", SOMETIMES),
        ("StringEquals", "sts:ExternalId", "secret", NEVER),
        ("StringLike", "sts:ExternalId", "*", SOMETIMES),
    ],
    "any service": [
        ("StringEquals", "aws:PrincipalServiceName", "sqs.amazonaws.com", SOMETIMES),
        ("StringLike", "aws:PrincipalServiceName", "*", ALWAYS),
    ],
    "signed in": [
        ("Bool", "aws:PrincipalIsAWSService", "false", ALWAYS),
        ("StringEquals", "aws:FederatedProvider", "arn:aws:iam::1:oidc-provider/x", SOMETIMES),
        ("Null", "aws:FederatedProvider", "true", NEVER),
        ("Bool", "aws:ViaAWSService", "false", ALWAYS),
        ("StringEquals", "idp.example.com:aud", "sts.amazonaws.com", SOMETIMES),
        ("Null", "idp.example.com:aud", "true", NEVER),
        ("Bool", "aws:MultiFactorAuthPresent", "true", SOMETIMES),
    ],
    "holder": [
        *[
            ("StringEquals", key, "x", SOMETIMES)
            for key in [
                "aws:PrincipalAccount",
                "aws:PrincipalArn",
                "aws:PrincipalOrgID",
                "aws:PrincipalOrgPaths",
                "aws:PrincipalTag/team",
                "aws:PrincipalType",
                "aws:userid",
                "aws:username",
                "aws:FederatedProvider",
                "kms:CallerAccount",
            ]
        ],
        *[
            ("Null", key, "true", NEVER)
            for key in [
                "aws:PrincipalAccount",
                "aws:PrincipalArn",
                "aws:PrincipalType",
                "aws:userid",
                "kms:CallerAccount",
                "iam:AWSServiceName",
                "iam:PolicyARN",
            ]
        ],
        *[
            ("Null", key, "true", SOMETIMES)
            for key in [
                "aws:PrincipalOrgID",
                "aws:PrincipalTag/team",
                "aws:username",
                "aws:FederatedProvider",
                "aws:PrincipalOrgPaths",
                "iam:PermissionsBoundary",
                "kms:ViaService",
            ]
        ],
        ("StringEquals", "aws:CalledVia", "cloudformation.amazonaws.com", NEVER),
        ("StringLike", "aws:CalledViaFirst", "*", SOMETIMES),
        ("Bool", "aws:MultiFactorAuthPresent", "true", NEVER),
        ("Bool", "aws:MultiFactorAuthPresent", "false", SOMETIMES),
        ("BoolIfExists", "aws:MultiFactorAuthPresent", "false", ALWAYS),
        ("StringEquals", "aws:ResourceTag/team", "x", NEVER),
        ("StringLike", "aws:ResourceTag/team", "*", SOMETIMES),
        ("StringEquals", "ec2:ResourceTag/team", "x", NEVER),
        ("StringLike", "ec2:ResourceTag/team", "*", SOMETIMES),
        ("Bool", "aws:ViaAWSService", "false", ALWAYS),
        ("StringEquals", "iam:AWSServiceName", "sns.amazonaws.com", NEVER),
        ("StringLike", "iam:AWSServiceName", "*.amazonaws.com", ALWAYS),
        ("StringEquals", "kms:ViaService", "s3.us-east-1.amazonaws.com", NEVER),
        ("StringLike", "kms:ViaService", "*.us-east-1.amazonaws.com", SOMETIMES),
        *[
            ("ArnEquals", key, f"arn:{partition}:iam::aws:policy/{name}", SOMETIMES)
            for key in ("iam:PolicyARN", "iam:PermissionsBoundary")
            for partition in ("aws", "aws-cn")
            for name in ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
        ],
        *[
            ("ArnEquals", key, arn(ACCOUNT, name="policy/limit"), NEVER)
            for key in ("iam:PolicyARN", "iam:PermissionsBoundary")
        ],
        *[
            ("ArnLike", key, arn(ACCOUNT, name="policy/*"), SOMETIMES)
            for key in ("iam:PolicyARN", "iam:PermissionsBoundary")
        ],
        ("ArnEquals", "iam:PolicyARN", arn("aws", name="policy/ReadOnlyAccess"), NEVER),
    ],
    "user": [
        ("IpAddress", "aws:SourceIp", "192.0.2.0/24", SOMETIMES),
        ("Null", "aws:SourceIp", "true", SOMETIMES),
        ("IpAddressIfExists", "aws:SourceIp", "0.0.0.0/0", ALWAYS),
        ("StringEquals", "aws:SourceVpc", "vpc-0123", SOMETIMES),
        ("StringEquals", "aws:SourceVpce", "vpce-0123", SOMETIMES),
        ("StringEquals", "aws:PrincipalAccount", ACCOUNT, ALWAYS),
        ("StringEquals", "aws:PrincipalAccount", OTHER, NEVER),
        ("ArnEquals", "aws:PrincipalArn", arn(ACCOUNT, name="user/team/alice"), ALWAYS),
        (
            "ArnEquals",
            "aws:PrincipalArn",
            arn(ACCOUNT, name="user/team/alice", partition="aws-us-gov"),
            ALWAYS,
        ),
        ("ArnEquals", "aws:PrincipalArn", arn(ACCOUNT, name="user/bob"), NEVER),
        ("StringEquals", "aws:PrincipalType", "User", ALWAYS),
        ("StringEquals", "aws:PrincipalType", "AssumedRole", NEVER),
        ("StringLike", "aws:userid", "AIDA*", ALWAYS),
        ("StringEquals", "aws:userid", "AIDAEXAMPLE", SOMETIMES),
        ("StringLike", "aws:userid", "AROA*", NEVER),
        ("StringEquals", "aws:username", "alice", ALWAYS),
        ("StringEquals", "aws:username", "Alice", NEVER),
        ("Bool", "aws:ViaAWSService", "false", ALWAYS),
        ("Bool", "aws:PrincipalIsAWSService", "false", ALWAYS),
        ("StringEquals", "aws:PrincipalOrgID", "o-abc", SOMETIMES),
        ("Bool", "aws:MultiFactorAuthPresent", "true", SOMETIMES),
    ],
    "any user": [
        ("StringEquals", "aws:username", "alice", SOMETIMES),
        ("StringLike", "aws:username", "*", ALWAYS),
        ("ArnLike", "aws:PrincipalArn", arn(ACCOUNT, name="user/*"), ALWAYS),
    ],
    "without TLS": [
        ("Bool", "aws:SecureTransport", "false", ALWAYS),
        ("Bool", "aws:PrincipalIsAWSService", "false", ALWAYS),
        ("Bool", "aws:ViaAWSService", "false", ALWAYS),
        ("DateLessThan", "aws:CurrentTime", "2020-01-01", NEVER),
        ("NumericLessThan", "aws:EpochTime", "1577836800", NEVER),
        ("NumericLessThan", "s3:TlsVersion", "1.2", NEVER),
    ],
    "without KMS": [
        ("StringEquals", "s3:x-amz-server-side-encryption", "AES256", ALWAYS),
        ("StringNotEquals", "s3:x-amz-server-side-encryption", "aws:kms", ALWAYS),
        ("StringEquals", "s3:x-amz-server-side-encryption", "aes256", NEVER),
        ("Bool", "aws:PrincipalIsAWSService", "false", ALWAYS),
        ("Bool", "aws:ViaAWSService", "false", ALWAYS),
        ("DateLessThan", "aws:CurrentTime", "2020-01-01", NEVER),
        ("NumericLessThan", "aws:EpochTime", "1577836800", NEVER),
    ],
    "CloudWatch": [
        ("DateLessThan", "aws:CurrentTime", "2020-01-01", NEVER),
        ("NumericLessThan", "aws:EpochTime", "1577836800", NEVER),
        ("Bool", "aws:PrincipalIsAWSService", "true", ALWAYS),
        ("StringEquals", "aws:PrincipalServiceName", "cloudwatch.amazonaws.com", ALWAYS),
        ("Bool", "aws:SecureTransport", "true", ALWAYS),
        ("StringEquals", "aws:SourceAccount", ACCOUNT, ALWAYS),
        ("StringEquals", "aws:SourceAccount", OTHER, NEVER),
        ("StringEquals", "aws:SourceOwner", ACCOUNT, ALWAYS),
        ("ArnLike", "aws:SourceArn", f"{ALARMS}*", ALWAYS),
        ("ArnLike", "aws:SourceArn", f"{ALARMS}a", SOMETIMES),
        ("ArnLike", "aws:SourceArn", f"arn:aws:cloudwatch:us-east-1:{OTHER}:alarm:*", NEVER),
    ],
}


@pytest.mark.parametrize(
    ("who", "operator", "key", "value", "answer"),
    [
        pytest.param(who, *row, id=f"{who}, {row[1]} {row[0]} {number}")
        for who, each in STATED.items()
        for number, row in enumerate(each, 1)
    ],
)
def test_what_a_condition_says_of_the_requests(who, operator, key, value, answer):
    assert ask(who, operator, key, value) is answer


SERVICE_LINKED = "arn:aws:iam::*:role/aws-service-role/*"


@pytest.mark.parametrize("who", ["without TLS", "without KMS"])
@pytest.mark.parametrize(
    ("operator", "value", "answer"),
    [
        ("ArnNotLike", SERVICE_LINKED, ALWAYS),
        ("ArnNotEquals", SERVICE_LINKED, ALWAYS),
        ("StringNotLike", SERVICE_LINKED, ALWAYS),
        ("ArnNotLike", [SERVICE_LINKED, arn(ACCOUNT)], SOMETIMES),
        ("ArnNotLike", arn(ACCOUNT), SOMETIMES),
        ("ArnLike", SERVICE_LINKED, SOMETIMES),
        ("StringNotEquals", SERVICE_LINKED, SOMETIMES),
    ],
)
def test_a_deny_that_spares_service_linked_roles_spares_nobody_else(who, operator, value, answer):
    """Only AWS services can assume such a role."""
    assert ask(who, operator, "aws:PrincipalArn", value) is answer
