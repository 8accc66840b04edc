"""IAM Roles, privileges: what reaches a principal, and what of it is too much."""

from __future__ import annotations

import string
import time

import pytest

from functions.iam_roles.rules_of_privileges import (
    group_privileges,
    policy_privileges,
    role_privileges,
    role_trust,
    user_privileges,
)
from readiness import Severity, Status
from readiness.evidence.iam.groups import GroupPolicies
from readiness.evidence.iam.managed_policies import PolicyDocument, PolicyUse
from readiness.evidence.iam.roles import RolePolicies, RoleTrust
from readiness.evidence.iam.users import UserPolicies
from readiness.model.resource import Resource
from readiness.semantics.policy import Document
from tests.fake_account import ACCOUNT_ID
from tests.rules.test_iam_roles_escalation import OF_LAMBDA

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
BLIND = Status.INSUFFICIENT_DATA


def document(*statements, name="p"):
    return Document.of(name, {"Statement": list(statements)})


def policy(*statements):
    return PolicyDocument(document(*statements))


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def deny(action, resource="*", **more):
    return allow(action, resource, **more) | {"Effect": "Deny"}


def when(operator, key, value):
    return {"Condition": {operator: {key: value}}}


def judged(*statements, boundary=None, name="r", path="/", **settings):
    role = RolePolicies(name, path, (document(*statements),))
    return role_privileges(
        role, (), None if boundary is None else policy(*boundary), OF_LAMBDA, **settings
    )


NOT_ACTION = {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}
MFA = when("Bool", "aws:MultiFactorAuthPresent", "true")
ONE_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/app"


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        pytest.param([allow("*")], "administrator", id="star"),
        pytest.param([allow("*:*")], "administrator", id="*:*"),
        pytest.param([allow("?*")], "administrator", id="?*"),
        pytest.param([allow("**")], "administrator", id="**"),
        pytest.param(
            [allow([f"{letter}*" for letter in string.ascii_lowercase])],
            "administrator",
            id="letter by letter",
        ),
        pytest.param([allow("*", "arn:aws:*:*:*:*")], "administrator", id="universal ARN"),
        pytest.param([allow("*", "arn:*")], "administrator", id="arn:*"),
        pytest.param([allow(["iam:*", "sts:*"]), NOT_ACTION], "administrator", id="in two parts"),
        pytest.param(
            [{"Effect": "Allow", "Action": "*", "NotResource": ONE_ROLE}],
            "administrator",
            id="NotResource",
        ),
        pytest.param(
            [allow("*"), deny("*", **when("BoolIfExists", "aws:MultiFactorAuthPresent", "false"))],
            "administrator",
            id="a denial with a condition takes nothing away",
        ),
        pytest.param(
            [allow("*"), deny("*", ONE_ROLE)], "administrator", id="denied on one resource"
        ),
        pytest.param(
            [allow("*", **when("StringEquals", "aws:PrincipalOrgID", "o-1"))],
            "administrator",
            id="a condition its own principal always meets",
        ),
        pytest.param(
            [allow("*", **when("BoolIfExists", "aws:MultiFactorAuthPresent", "true"))],
            "administrator",
            id="IfExists restricts nothing",
        ),
        pytest.param(
            [allow("*", **when("Bool", "aws:MultiFactorAuthPresent", "false"))],
            "administrator",
            id="without MFA",
        ),
        pytest.param([NOT_ACTION], "NotAction", id="all but a few"),
        pytest.param([allow("iam:*")], "action of iam", id="full iam"),
        pytest.param([allow("S3:*")], "action of s3", id="full s3 in capitals"),
        pytest.param([allow("s3:*", "arn:aws:s3:::*")], "action of s3", id="every bucket"),
        pytest.param([allow("*"), deny("iam:*")], "action of sts", id="all but iam"),
        pytest.param([allow("iam:PutRolePolicy")], "iam:PutRolePolicy", id="escalation"),
        pytest.param(
            [allow("iam:Put*", f"arn:aws:iam::{ACCOUNT_ID}:role/*")],
            "iam:PutRolePolicy",
            id="escalation on every role",
        ),
        pytest.param(
            [allow("iam:PutRolePolicy"), deny("iam:*", ONE_ROLE)],
            "iam:PutRolePolicy",
            id="escalation denied on one role",
        ),
        pytest.param(
            [allow(["iam:PassRole", "lambda:CreateFunction"])],
            "iam:PassRole with lambda:CreateFunction",
            id="combination",
        ),
        pytest.param(
            [
                allow(
                    "iam:PassRole",
                    **when("StringEquals", "iam:PassedToService", "lambda.amazonaws.com"),
                ),
                allow("lambda:CreateFunction"),
            ],
            "with lambda:CreateFunction",
            id="combination in two statements, role passed to that service",
        ),
        pytest.param([allow("sts:AssumeRole")], "sts:AssumeRole", id="any role"),
        pytest.param([allow("dynamodb:*")], "action of dynamodb", id="other whole service"),
    ],
)
def test_too_much(statements, said):
    verdict = judged(*statements)
    assert (verdict.status, said in verdict.reason) == (BAD, True), verdict.reason


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param([], id="nothing"),
        pytest.param([allow("s3:GetObject")], id="one action"),
        pytest.param([allow("s3:*", "arn:aws:s3:::bucket/*")], id="one bucket"),
        pytest.param([allow("*", ["arn:aws:s3:::a", "arn:aws:s3:::a/*"])], id="* on one bucket"),
        pytest.param([allow(["iam:Get*", "iam:List*"])], id="reading iam"),
        pytest.param([allow("iam:PutRolePolicy", ONE_ROLE)], id="escalation on one role"),
        pytest.param([allow("iam:PassRole")], id="passing without a place to pass to"),
        pytest.param([allow("lambda:CreateFunction")], id="creating without a role to pass"),
        pytest.param(
            [allow("iam:PassRole", ONE_ROLE), allow("lambda:CreateFunction")],
            id="one role to pass",
        ),
        pytest.param(
            [
                allow(
                    "iam:PassRole",
                    **when("StringEquals", "iam:PassedToService", "ecs-tasks.amazonaws.com"),
                ),
                allow("lambda:CreateFunction"),
            ],
            id="passed to another service",
        ),
        pytest.param([allow("*", **MFA)], id="with MFA only"),
        pytest.param(
            [allow("iam:CreateUser", **when("StringEquals", "iam:PermissionsBoundary", "arn:b"))],
            id="within a boundary only",
        ),
        pytest.param([allow("*"), deny("*")], id="all denied"),
        pytest.param([allow("iam:PutRolePolicy"), deny("IAM:put*")], id="denied by pattern"),
        pytest.param(
            [
                allow("iam:PutRolePolicy"),
                {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"},
            ],
            id="denied with NotAction",
        ),
        pytest.param([deny("iam:*")], id="only denials"),
    ],
)
def test_not_too_much(statements):
    verdict = judged(*statements)
    assert verdict.status is GOOD, verdict.reason


@pytest.mark.parametrize(
    ("statements", "severity"),
    [
        pytest.param([allow("*")], Severity.CRITICAL, id="administrator"),
        pytest.param([NOT_ACTION], Severity.HIGH, id="NotAction"),
        pytest.param([allow("kms:*")], Severity.HIGH, id="sensitive service"),
        pytest.param([allow("iam:CreateAccessKey")], Severity.HIGH, id="escalation"),
        pytest.param([allow("logs:*")], Severity.MEDIUM, id="another service"),
        pytest.param([allow("logs:*"), allow("kms:*")], Severity.HIGH, id="worst of two"),
    ],
)
def test_severity(statements, severity):
    assert judged(*statements).severity is severity


@pytest.mark.parametrize(
    ("boundary", "status"),
    [
        pytest.param([allow("s3:GetObject")], GOOD, id="cuts down"),
        pytest.param([allow("*", "arn:aws:s3:::bucket/*")], GOOD, id="to one bucket"),
        pytest.param([allow("*")], BAD, id="lets everything through"),
        pytest.param([allow("*"), deny("iam:*")], BAD, id="leaves whole services"),
        pytest.param([allow("*"), deny("*")], GOOD, id="denies everything"),
        pytest.param([], GOOD, id="allows nothing"),
    ],
)
def test_a_boundary_intersects(boundary, status):
    assert judged(allow("*"), boundary=boundary).status is status


def test_an_unusable_document_is_no_answer():
    broken = Document.of("broken", "{")
    verdict = role_privileges(RolePolicies("r", inline=(broken,)), (), None, OF_LAMBDA)
    assert (verdict.status, "broken" in verdict.reason) == (BLIND, True)
    bounded = role_privileges(
        RolePolicies("r", inline=(document(allow("*")),)), (), PolicyDocument(broken), OF_LAMBDA
    )
    assert bounded.status is BLIND


@pytest.mark.parametrize(
    ("name", "path"),
    [
        pytest.param("AWSServiceRoleForECS", "/aws-service-role/ecs.amazonaws.com/", id="AWS's"),
        pytest.param(
            "AWSReservedSSO_Admin_1",
            "/aws-reserved/sso.amazonaws.com/eu-west-1/",
            id="Identity Center's",
        ),
        pytest.param("OrganizationAccountAccessRole", "/", id="the organization's"),
        pytest.param("stacksets-exec-0a1b2c3d4e5f", "/", id="of a stack set"),
        pytest.param("aws-controltower-AdministratorExecutionRole", "/", id="of Control Tower"),
        pytest.param("cdk-hnb659fds-cfn-exec-role-1-us-east-1", "/", id="CDK's"),
    ],
)
def test_roles_that_others_control(name, path):
    assert judged(allow("*"), name=name, path=path).status is NA
    trust = RoleTrust(name, document(allow("sts:AssumeRole", Principal="*")), ACCOUNT_ID, path)
    assert role_trust(trust).status is NA


EKS, BACKUP = {"Service": "eks.amazonaws.com"}, {"Service": "backup.amazonaws.com"}
COMPUTE = "arn:aws:iam::aws:policy/AmazonEKSComputePolicy"
CLUSTER = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
RESTORES = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores"
OF_TASKS = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceEventsRole"
SHIELD = "arn:aws:iam::aws:policy/service-role/AWSShieldDRTAccessPolicy"
EVENTS, RESPONSE = {"Service": "events.amazonaws.com"}, {"Service": "drt.shield.amazonaws.com"}
CHINESE = COMPUTE.replace("arn:aws:", "arn:aws-cn:")
OWN = f"arn:aws:iam::{ACCOUNT_ID}:policy/AmazonEKSComputePolicy"
STARTS = allow(["iam:PassRole", "ec2:RunInstances"])


@pytest.mark.parametrize(
    ("arns", "principals", "inline", "status"),
    [
        pytest.param((COMPUTE,), (EKS,), (), NA, id="of EKS in Auto Mode"),
        pytest.param((COMPUTE, CLUSTER), (EKS,), (), GOOD, id="beside one that starts nothing"),
        pytest.param((CHINESE,), ({"Service": "eks.amazonaws.com.cn"},), (), NA, id="in China"),
        pytest.param((RESTORES,), (BACKUP,), (), NA, id="of AWS Backup"),
        pytest.param((OF_TASKS,), (EVENTS,), (), NA, id="of EventBridge for tasks"),
        pytest.param((OF_TASKS,), (EVENTS, BACKUP), (), BAD, id="tasks, for two services"),
        pytest.param((SHIELD,), (RESPONSE,), (), NA, id="of Shield's response team"),
        pytest.param((COMPUTE,), (BACKUP,), (), BAD, id="of another service"),
        pytest.param((COMPUTE,), (EKS, BACKUP), (), BAD, id="two services"),
        pytest.param((COMPUTE,), (EKS, {"AWS": ACCOUNT_ID}), (), BAD, id="the account too"),
        pytest.param((COMPUTE,), ("*",), (), BAD, id="anybody"),
        pytest.param((COMPUTE,), (), (), BAD, id="nobody"),
        pytest.param((OWN,), (EKS,), (), BAD, id="one's own of the name"),
        pytest.param((OWN, COMPUTE), (EKS,), (), BAD, id="both"),
        pytest.param((COMPUTE,), (EKS,), (allow("iam:*"),), BAD, id="more of one's own"),
        pytest.param((COMPUTE,), (EKS,), (allow("s3:GetObject", "x"),), GOOD, id="a little more"),
    ],
)
def test_policies_that_aws_made_for_the_service_that_alone_uses_them(
    arns, principals, inline, status
):
    trust = [allow("sts:AssumeRole", Principal=each) for each in principals]
    attached = [Resource(ACCOUNT_ID, "us-east-1", "AWS::IAM::Policy", arn) for arn in arns]
    starts = {COMPUTE, CHINESE, RESTORES, OWN, OF_TASKS, SHIELD}
    verdict = role_privileges(
        RolePolicies("r", "/", tuple(map(document, inline)), tuple(attached)),
        tuple(
            PolicyDocument(
                document(STARTS if arn in starts else allow("s3:List*"), name=arn.split("/")[-1])
            )
            for arn in arns
        ),
        None,
        RoleTrust("r", document(*trust, name="trust policy"), ACCOUNT_ID),
    )
    assert verdict.status is status, verdict.reason


RUNS = allow("ec2:RunInstances")
PASSES = allow("iam:PassRole")
TO_EC2 = allow("iam:PassRole", **when("StringEquals", "iam:PassedToService", "ec2.amazonaws.com"))
TO_EKS = allow("iam:PassRole", **when("StringEquals", "iam:PassedToService", "eks.amazonaws.com"))


@pytest.mark.parametrize(
    ("made", "inline", "status"),
    [
        pytest.param(RUNS, PASSES, BAD, id="any role to pass"),
        pytest.param(RUNS, TO_EC2, BAD, id="any role for an instance"),
        pytest.param(RUNS, TO_EKS, GOOD, id="any role for what it cannot start"),
        pytest.param(
            RUNS,
            allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT_ID}:role/node"),
            GOOD,
            id="one role",
        ),
        pytest.param(PASSES, RUNS, BAD, id="the other way round"),
        pytest.param(STARTS, PASSES, GOOD, id="what the policy allows already"),
        pytest.param(STARTS, STARTS, BAD, id="all of it of one's own"),
        pytest.param(allow("*"), allow("s3:List*"), GOOD, id="nothing that matters"),
    ],
)
def test_what_others_add_to_a_policy_that_aws_made_for_a_service(made, inline, status):
    trust = document(allow("sts:AssumeRole", Principal=EKS), name="trust policy")
    attached = (Resource(ACCOUNT_ID, "us-east-1", "AWS::IAM::Policy", COMPUTE),)
    verdict = role_privileges(
        RolePolicies("r", "/", (document(inline),), attached),
        (PolicyDocument(document(made, name="AmazonEKSComputePolicy")),),
        None,
        RoleTrust("r", trust, ACCOUNT_ID),
    )
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize("policy", [{"NotPrincipal": EKS}, None])
def test_who_can_assume_it_has_to_be_known(policy):
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole"} | (policy or {})
    trust = document(statement) if policy else Document.of("trust policy", "{")
    name = "AmazonEKSComputePolicy"
    role = RolePolicies(
        "r", attached=(Resource(ACCOUNT_ID, "us-east-1", "AWS::IAM::Policy", COMPUTE),)
    )
    held = (PolicyDocument(document(STARTS, name=name)),)
    assert role_privileges(role, held, None, RoleTrust("r", trust, ACCOUNT_ID)).status is BAD


def test_an_exemption_by_name_does_not_match_a_path():
    assert judged(allow("*"), name="x", path="/OrganizationAccountAccessRole/").status is BAD


SECRETS = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT_ID}:secret"


@pytest.mark.parametrize(
    ("statements", "status"),
    [
        pytest.param([allow("secretsmanager:GetSecretValue", f"{SECRETS}:*")], BAD, id="by ARN"),
        pytest.param(
            [allow("secretsmanager:Get*", "arn:aws:secretsmanager:*:*:secret:*")], BAD, id="Get*"
        ),
        pytest.param([allow("kms:Decrypt")], BAD, id="with every key"),
        pytest.param(
            [allow("kms:Decrypt", f"arn:aws:kms:*:{ACCOUNT_ID}:key/*")], BAD, id="every key by ARN"
        ),
        pytest.param(
            [allow("kms:*", f"arn:aws:kms:us-east-1:{ACCOUNT_ID}:key/1234")], GOOD, id="one key"
        ),
        pytest.param(
            [allow("secretsmanager:GetSecretValue", f"{SECRETS}:orders/*")], GOOD, id="by prefix"
        ),
        pytest.param([allow("secretsmanager:DescribeSecret")], GOOD, id="names of secrets"),
        pytest.param(
            [
                allow(
                    "kms:Decrypt",
                    **when("StringEquals", "kms:ViaService", "s3.us-east-1.amazonaws.com"),
                )
            ],
            GOOD,
            id="through one service",
        ),
        pytest.param(
            [
                allow(
                    "secretsmanager:GetSecretValue",
                    **when("StringEquals", "aws:ResourceTag/team", "orders"),
                )
            ],
            GOOD,
            id="with a tag",
        ),
        pytest.param(
            [
                allow(
                    "secretsmanager:GetSecretValue",
                    **when("StringEquals", "secretsmanager:ResourceTag/team", "orders"),
                )
            ],
            GOOD,
            id="with a tag, by the service's own key",
        ),
        pytest.param(
            [
                allow(
                    "kms:Decrypt",
                    **when("StringEquals", "kms:EncryptionContext:app", "orders"),
                )
            ],
            GOOD,
            id="of one context",
        ),
        pytest.param(
            [allow("kms:Decrypt", **when("StringLike", "kms:RequestAlias", "*"))],
            BAD,
            id="by any alias",
        ),
        pytest.param(
            [allow("kms:Decrypt", **when("StringEquals", "kms:RequestAlias", "alias/orders"))],
            GOOD,
            id="by one alias",
        ),
        *(
            pytest.param([allow(action)], BAD, id=action)
            for action in (
                "kms:CreateGrant",
                "kms:PutKeyPolicy",
                "s3:PutBucketPolicy",
                "secretsmanager:PutResourcePolicy",
            )
        ),
        pytest.param(
            [allow("kms:CreateGrant", **when("Bool", "kms:GrantIsForAWSResource", "true"))],
            GOOD,
            id="grants for AWS services",
        ),
        *(
            pytest.param(
                [allow("kms:CreateGrant", **when(operator, key, value))],
                status,
                id=f"grants: {operator} {key} {value}",
            )
            for operator, key, value, status in (
                (
                    "StringEquals",
                    "kms:GranteePrincipal",
                    f"arn:aws:iam::{ACCOUNT_ID}:role/worker",
                    GOOD,
                ),
                ("StringLike", "kms:GranteePrincipal", f"arn:aws:iam::{ACCOUNT_ID}:role/*", BAD),
                ("StringLike", "kms:GranteePrincipal", "*", BAD),
                ("ForAllValues:StringEquals", "kms:GrantOperations", ["Encrypt"], GOOD),
                ("ForAllValues:StringEquals", "kms:GrantOperations", ["Encrypt", "Decrypt"], BAD),
            )
        ),
        pytest.param([allow("s3:PutBucketPolicy", "arn:aws:s3:::app")], GOOD, id="one bucket"),
        *(
            pytest.param(
                [allow("kms:Decrypt", **when(operator, key, value))],
                status,
                id=f"{operator} {value}",
            )
            for operator, key, value, status in (
                ("StringLike", "kms:RequestAlias", "alias/orders-*", GOOD),
                ("StringLike", "kms:RequestAlias", "alias/*", BAD),
                ("ForAnyValue:StringLike", "kms:ResourceAliases", "alias/orders-*", GOOD),
                ("ForAnyValue:StringLike", "kms:ResourceAliases", "alias/*", BAD),
                ("ForAllValues:StringLike", "kms:ResourceAliases", "alias/orders-*", BAD),
                ("StringLike", "kms:EncryptionContext:app", "orders-*", GOOD),
                ("StringLike", "kms:EncryptionContext:app", "?*", BAD),
                ("StringLike", "aws:ResourceTag/team", "orders-*", GOOD),
            )
        ),
        *(
            pytest.param(
                [
                    allow(
                        "secretsmanager:GetSecretValue",
                        **when("ArnLike", "secretsmanager:SecretId", value),
                    )
                ],
                status,
                id=value,
            )
            for value, status in (
                (f"{SECRETS}:orders/*", GOOD),
                (f"{SECRETS}:*", BAD),
                ("arn:*:secretsmanager:*:*:secret:*", BAD),
            )
        ),
        pytest.param([allow("kms:Decrypt"), deny("kms:Decrypt")], GOOD, id="allowed and denied"),
    ],
)
def test_what_reads_every_secret(statements, status):
    verdict = judged(*statements)
    assert verdict.status is status, verdict.reason
    assert verdict.severity in {None, Severity.MEDIUM}


def test_a_boundary_can_take_the_reading_of_secrets_away():
    every = allow("secretsmanager:GetSecretValue")
    assert judged(every, boundary=[allow("s3:*")]).status is GOOD
    assert judged(every, boundary=[allow("*")]).status is BAD


def test_a_whole_service_says_what_its_actions_do():
    verdict = judged(allow("secretsmanager:*"))
    assert "GetSecretValue" not in verdict.reason
    assert verdict.severity is Severity.HIGH


def test_settings_of_privileges():
    assert judged(allow("kms:*"), sensitive_services=("iam",)).severity is Severity.MEDIUM
    office = allow("*", **when("IpAddress", "aws:SourceIp", "192.0.2.0/24"))
    assert judged(office).status is BAD
    assert judged(office, restricting_condition_keys=("aws:sourceip",)).status is GOOD
    assert judged(allow("*"), exempt_role_patterns=("r",)).status is NA
    assert judged(allow("*"), name="cdk-hnb659fds-deploy-role-1-us-east-1").status is NA


OFFICE = allow("*", **when("IpAddress", "aws:SourceIp", "192.0.2.0/24"))
BROKEN = Document.of("broken", "{")


def privileges_of(kind, *documents, **settings):
    """The verdict on the same documents, of each kind of holder."""
    if kind == "user":
        return user_privileges(UserPolicies("ana", inline=documents), (), (), None, **settings)
    if kind == "group":
        return group_privileges(GroupPolicies("g", documents), (), **settings)
    if kind == "policy":
        return policy_privileges(PolicyUse(ARN, 1), PolicyDocument(*documents), **settings)
    return role_privileges(RolePolicies("r", "/", documents), (), None, OF_LAMBDA, **settings)


@pytest.mark.parametrize(
    ("held", "settings", "status", "severity"),
    [
        pytest.param(document(allow("s3:GetObject")), {}, GOOD, None, id="little"),
        pytest.param(document(allow("kms:*")), {}, BAD, Severity.HIGH, id="all of KMS"),
        pytest.param(
            document(allow("kms:*")),
            {"sensitive_services": ("iam",)},
            BAD,
            Severity.MEDIUM,
            id="all of a service that counts for less",
        ),
        pytest.param(
            document(allow("secretsmanager:GetSecretValue")),
            {},
            BAD,
            Severity.MEDIUM,
            id="every secret",
        ),
        pytest.param(
            document(allow("secretsmanager:GetSecretValue")),
            {"actions_on_named_resources": ()},
            GOOD,
            None,
            id="every secret, which counts for nothing",
        ),
        pytest.param(document(OFFICE), {}, BAD, Severity.CRITICAL, id="from an address"),
        pytest.param(
            document(OFFICE),
            {"restricting_condition_keys": ("aws:sourceip",)},
            GOOD,
            None,
            id="from an address, which counts",
        ),
        pytest.param(BROKEN, {}, BLIND, None, id="not to be read"),
    ],
)
@pytest.mark.parametrize("kind", ["role", "user", "group", "policy"])
def test_whoever_holds_it(kind, held, settings, status, severity):
    verdict = privileges_of(kind, held, **settings)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


def test_what_reaches_a_user_is_what_its_groups_have_too():
    user = UserPolicies("ana", inline=(document(allow("iam:PassRole")),))
    group = GroupPolicies("g", (document(allow("lambda:CreateFunction")),))
    assert user_privileges(user, (), (), None).status is GOOD
    assert user_privileges(user, (group,), (), None).status is BAD
    taken_back = policy(deny("iam:PassRole"))
    assert user_privileges(user, (group,), (taken_back,), None).status is GOOD
    assert group_privileges(group, ()).status is GOOD
    assert group_privileges(group, (policy(allow("*")),)).severity is Severity.CRITICAL


ARN = f"arn:aws:iam::{ACCOUNT_ID}:policy/p"


@pytest.mark.parametrize(
    ("use", "settings", "status"),
    [
        pytest.param(PolicyUse(ARN, 1), {}, BAD, id="attached"),
        pytest.param(PolicyUse(ARN, 0), {}, NA, id="attached to nobody"),
        pytest.param(PolicyUse(ARN, 0), {"flag_unattached": True}, BAD, id="latent"),
        pytest.param(PolicyUse(ARN, 0, 3), {"flag_unattached": True}, NA, id="boundary only"),
        pytest.param(PolicyUse(ARN, 1, 3), {}, BAD, id="boundary and attached"),
        pytest.param(PolicyUse("arn:aws:iam::aws:policy/p", 5), {}, NA, id="AWS's own"),
    ],
)
def test_policy_privileges(use, settings, status):
    assert policy_privileges(use, policy(allow("*")), **settings).status is status


def test_ten_thousand_roles_take_seconds_at_most():
    statements = [
        allow(["dynamodb:GetItem", "dynamodb:Query"], "arn:aws:dynamodb:*:*:table/t"),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"]),
        allow("xray:Put*"),
    ]
    began = time.process_time()
    for n in range(1000):
        own = allow("s3:GetObject", f"arn:aws:s3:::bucket-{n}/*")
        assert judged(*statements, own).status is GOOD
    assert time.process_time() - began < 2
