"""IAM Roles, trust: whom the conditions of a trust policy keep out, by their values."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.iam_roles.rules_of_privileges import role_trust
from readiness import Severity, Status
from readiness.evidence.iam.roles import RoleTrust
from readiness.semantics.policy import Document
from tests.fake_account import ACCOUNT_ID

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
BLIND = Status.INSUFFICIENT_DATA
OTHER = "444455556666"
ASSUME, WEB = "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"
CRITICAL, HIGH, MEDIUM = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM


def entry(effect, principal, condition=None, action=ASSUME):
    made = {"Effect": effect, "Principal": principal, "Action": action}
    return made | ({"Condition": condition} if condition else {})


def judged(*statements, **settings):
    trust = Document.of("trust policy", {"Statement": list(statements)})
    return role_trust(RoleTrust("r", trust, ACCOUNT_ID), **settings)


ORG, PATHS = "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"
WHO, ARN = "aws:PrincipalAccount", "aws:PrincipalArn"
OURS = f"arn:aws:iam::{ACCOUNT_ID}"
SIGNED_IN = "role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Operator_*"


@pytest.mark.parametrize(
    ("operator", "key", "value", "severity"),
    [
        ("StringEquals", ORG, "o-1", None),
        ("StringEquals", ORG, "o-*", None),
        ("StringLike", ORG, "o-1", None),
        ("StringLike", ORG, "o-*", CRITICAL),
        ("StringLike", ORG, "*", CRITICAL),
        ("StringLike", ORG, ["o-1", "o-?*"], CRITICAL),
        ("StringEqualsIfExists", ORG, "o-1", CRITICAL),
        ("StringNotEquals", ORG, "o-1", CRITICAL),
        ("ForAllValues:StringEquals", ORG, "o-1", CRITICAL),
        ("ForAnyValue:StringEquals", ORG, "o-1", None),
        ("Null", ORG, "false", CRITICAL),
        ("Null", ORG, "true", CRITICAL),
        ("StringEquals", ORG, "${aws:ResourceOrgID}", None),
        ("StringEquals", "aws:ResourceOrgID", "${aws:PrincipalOrgID}", None),
        ("StringEquals", ORG, "${aws:PrincipalOrgID}", CRITICAL),
        ("StringEquals", ORG, "${aws:PrincipalTag/org}", CRITICAL),
        ("ForAnyValue:StringLike", PATHS, "o-1/*", None),
        ("ForAnyValue:StringLike", PATHS, "o-1/r-1/ou-1/*", None),
        ("ForAnyValue:StringLike", PATHS, "o-*/r-1/*", CRITICAL),
        ("ForAllValues:StringLike", PATHS, "o-1/*", CRITICAL),
        ("StringEquals", WHO, ACCOUNT_ID, None),
        ("StringEquals", WHO, OTHER, MEDIUM),
        ("StringEquals", WHO, [ACCOUNT_ID, OTHER], MEDIUM),
        ("StringLike", WHO, OTHER, MEDIUM),
        ("ArnEquals", ARN, f"arn:aws:iam::{OTHER}:role/x", MEDIUM),
        ("StringLike", WHO, "4444*", CRITICAL),
        ("StringLike", WHO, "????????????", CRITICAL),
        ("StringNotEquals", WHO, OTHER, CRITICAL),
        ("StringEquals", WHO, "${aws:PrincipalAccount}", CRITICAL),
        ("ArnLike", ARN, f"{OURS}:role/*", None),
        ("ArnEquals", ARN, f"{OURS}:*", None),
        ("ArnLike", ARN, "arn:aws:iam::*:role/deploy", CRITICAL),
        ("ArnEquals", ARN, "arn:aws:iam::*:role/deploy", CRITICAL),
        ("StringEquals", ARN, "arn:aws:iam::*:role/deploy", None),
        ("StringLike", ARN, "arn:*:role/deploy", CRITICAL),
        ("StringLike", ARN, f"*{ACCOUNT_ID}:role/deploy", None),
        ("ArnNotLike", ARN, f"{OURS}:role/*", CRITICAL),
        ("StringEquals", "aws:userid", "AROAEXAMPLE:ana", None),
        ("StringLike", "aws:userid", "AROAEXAMPLE:*", None),
        ("StringLike", "aws:userid", "*:ana", CRITICAL),
        ("StringEquals", "aws:username", "ana", CRITICAL),
        ("StringEquals", "aws:PrincipalTag/team", "a", CRITICAL),
        ("StringEquals", "aws:PrincipalType", "AssumedRole", CRITICAL),
        ("StringEquals", "sts:RoleSessionName", "ci", CRITICAL),
        ("StringEquals", "aws:RequestTag/team", "a", CRITICAL),
        ("StringEquals", "sts:ExternalId", "x", HIGH),
        ("StringLike", "sts:ExternalId", "*", CRITICAL),
        ("Null", "sts:ExternalId", "false", CRITICAL),
        ("IpAddress", "aws:SourceIp", "198.51.100.0/24", HIGH),
        ("IpAddress", "aws:SourceIp", "0.0.0.0/0", CRITICAL),
        ("IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"], CRITICAL),
        ("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "::/0"], CRITICAL),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8", None),
        ("NotIpAddress", "aws:SourceIp", "198.51.100.0/24", CRITICAL),
        ("IpAddress", "aws:VpcSourceIp", "10.0.0.0/8", CRITICAL),
        ("StringEquals", "aws:SourceVpce", "vpce-1", None),
        ("StringEqualsIfExists", "aws:SourceVpce", "vpce-1", CRITICAL),
        ("StringLike", "aws:SourceVpc", "vpc-*", CRITICAL),
        ("Bool", "aws:MultiFactorAuthPresent", "true", CRITICAL),
        ("Bool", "aws:SecureTransport", "true", CRITICAL),
        ("Bool", "aws:ViaAWSService", "false", CRITICAL),
        ("Bool", "aws:PrincipalIsAWSService", "false", CRITICAL),
        ("Bool", "aws:PrincipalIsAWSService", "true", MEDIUM),
        ("DateLessThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", None),
        ("DateLessThan", "aws:CurrentTime", "2999-01-01T00:00:00Z", CRITICAL),
        ("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", CRITICAL),
        ("StringEquals", "aws:RequestedRegion", "eu-west-1", CRITICAL),
        ("StringLike", "aws:UserAgent", "*terraform*", CRITICAL),
        ("StringEquals", "aws:SourceAccount", ACCOUNT_ID, None),
        ("StringLike", "aws:SourceAccount", "*", MEDIUM),
        ("StringEqualsIfExists", "aws:SourceAccount", ACCOUNT_ID, CRITICAL),
        ("ArnLike", "aws:SourceArn", f"arn:aws:sns:*:{ACCOUNT_ID}:*", None),
        ("ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:*", MEDIUM),
        ("StringLike", "AWS:principalorgid", "o-*", CRITICAL),
    ],
)
def test_anybody_under_a_condition(operator, key, value, severity):
    verdict = judged(entry("Allow", "*", {operator: {key: value}}))
    status = GOOD if severity is None else BAD
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*", OTHER]}])
def test_anybody_in_every_form(principal):
    assert judged(entry("Allow", principal)).severity is CRITICAL
    assert judged(entry("Allow", principal, {"StringLike": {ORG: "o-*"}})).severity is CRITICAL
    assert judged(entry("Allow", principal, {"StringEquals": {ORG: "o-1"}})).status is GOOD


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        pytest.param({"StringEquals": {"some:key": "x"}}, BLIND, id="a key nobody knows"),
        pytest.param(
            {"StringEquals": {"some:key": "x", ORG: "o-1"}}, GOOD, id="beside one that decides"
        ),
        pytest.param({"BinaryEquals": {ARN: "QQ=="}}, BLIND, id="a binary value"),
        pytest.param({"StringEquals": {ORG: "${some:key}"}}, BLIND, id="an unknown variable"),
        pytest.param(
            {"Null": {ORG: "false"}, "StringEqualsIfExists": {ORG: "o-1"}},
            GOOD,
            id="two conditions on one key",
        ),
        pytest.param(
            {"StringLike": {ORG: "o-*", WHO: "*"}}, BAD, id="two conditions that limit nothing"
        ),
        pytest.param(
            {"StringLike": {ORG: "o-*"}, "StringEquals": {WHO: ACCOUNT_ID}}, GOOD, id="one of two"
        ),
        pytest.param(
            {"StringEquals": {WHO: OTHER, ORG: "o-1"}}, GOOD, id="another account of one's own"
        ),
        pytest.param(
            {"StringEquals": {WHO: OTHER, "sts:ExternalId": "x"}},
            GOOD,
            id="another account and an external ID",
        ),
    ],
)
def test_several_conditions_and_unknown_ones(condition, status):
    verdict = judged(entry("Allow", "*", condition))
    assert verdict.status is status, verdict.reason


def test_a_reason_names_the_statement_and_the_value():
    statement = entry("Allow", "*", {"StringLike": {ORG: "o-*"}})
    reason = judged(statement | {"Sid": "Org"}).reason
    assert "statement Org" in reason
    assert "StringLike aws:PrincipalOrgID o-*" in reason
    assert "statement 1" in judged(statement).reason
    unknown = judged(entry("Allow", "*", {"StringEquals": {"some:key": "x"}})).reason
    assert unknown.startswith("It is unknown whether anyone")
    assert "StringEquals some:key x" in unknown


@pytest.mark.parametrize(
    ("principal", "condition", "status"),
    [
        pytest.param("*", None, GOOD, id="everyone"),
        pytest.param("*", {"StringNotEquals": {ORG: "o-1"}}, GOOD, id="all but an organisation"),
        pytest.param("*", {"StringNotEqualsIfExists": {ORG: "o-1"}}, GOOD, id="if it exists"),
        pytest.param("*", {"StringNotLike": {ORG: "o-*"}}, BAD, id="those without one"),
        pytest.param("*", {"StringEquals": {ORG: "o-2"}}, BAD, id="one organisation"),
        pytest.param("*", {"Null": {ORG: "true"}}, BAD, id="accounts without an organisation"),
        pytest.param("*", {"StringNotEquals": {WHO: ACCOUNT_ID}}, GOOD, id="all but an account"),
        pytest.param("*", {"ArnNotLike": {ARN: f"{OURS}:*"}}, GOOD, id="all but its principals"),
        pytest.param(
            "*", {"ArnNotLike": {ARN: "arn:aws:iam::*:role/x"}}, BAD, id="all but a name"
        ),
        pytest.param(
            "*", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, BAD, id="without MFA"
        ),
        pytest.param(
            "*", {"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, BAD, id="all but an office"
        ),
        pytest.param("*", {"StringNotEquals": {"some:key": "x"}}, BLIND, id="an unknown key"),
        pytest.param({"AWS": OTHER}, None, BAD, id="one account"),
        pytest.param({"Service": "ec2.amazonaws.com"}, None, BAD, id="a service"),
    ],
)
def test_a_deny_beside_an_allow_of_anybody(principal, condition, status):
    verdict = judged(entry("Allow", "*"), entry("Deny", principal, condition, "sts:*"))
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize("service", ["pods.eks", "lambda", "ec2"])
def test_a_service_that_takes_only_a_passed_role_is_no_confused_deputy(service):
    """A pod identity association takes iam:PassRole, which no other account can have."""
    actions = ["sts:AssumeRole", "sts:TagSession"]
    principal = {"Service": f"{service}.amazonaws.com"}
    assert judged(entry("Allow", principal, action=actions)).status is GOOD
    assert judged(entry("Allow", principal, action=actions), bound_services=()).status is BAD


def test_not_principal_is_said_with_whom_it_leaves_out():
    spared = {"Effect": "Allow", "NotPrincipal": {"AWS": ACCOUNT_ID}, "Action": ASSUME}
    everyone = judged(spared)
    assert everyone.severity is CRITICAL
    assert f"Anyone in any AWS account but {ACCOUNT_ID} can assume" in everyone.reason
    within = judged(spared | {"Condition": {"StringEquals": {ORG: "o-abc"}}})
    assert (within.status, within.reason) == (
        GOOD,
        f"anyone but {ACCOUNT_ID} can assume the role.",
    )
    behind = judged(spared | {"Condition": {"StringEquals": {"sts:ExternalId": "x"}}})
    assert f"but {ACCOUNT_ID} who knows the external ID" in behind.reason


def test_a_deny_of_another_action_takes_nothing_away():
    assert judged(entry("Allow", "*"), entry("Deny", "*", None, WEB)).severity is CRITICAL
    spared = {"Effect": "Deny", "NotPrincipal": {"AWS": ACCOUNT_ID}, "Action": ASSUME}
    assert judged(entry("Allow", "*"), spared).status is GOOD


@pytest.mark.parametrize(
    ("operator", "key", "value", "status"),
    [
        ("StringEquals", "sts:ExternalId", "x", GOOD),
        ("StringEquals", "sts:ExternalId", ["x", "y"], GOOD),
        ("StringLike", "sts:ExternalId", "x", GOOD),
        ("StringLike", "sts:ExternalId", "*", BAD),
        ("StringLike", "sts:ExternalId", "customer-*", BAD),
        ("StringEqualsIfExists", "sts:ExternalId", "x", BAD),
        ("StringNotEquals", "sts:ExternalId", "x", BAD),
        ("Null", "sts:ExternalId", "false", BAD),
        ("StringEquals", ORG, "o-1", GOOD),
        ("StringLike", ORG, "o-*", BAD),
        ("StringEquals", WHO, OTHER, BAD),
        ("ArnEquals", ARN, f"arn:aws:iam::{OTHER}:role/x", BAD),
        ("ArnLike", ARN, f"arn:aws:iam::{OTHER}:role/*", BAD),
        ("ArnLike", ARN, "arn:aws:iam::*:role/*", BAD),
        ("ArnLike", ARN, f"arn:aws:iam::{OTHER}:{SIGNED_IN}", GOOD),
        ("ArnLike", ARN, [f"arn:aws:iam::{OTHER}:{SIGNED_IN}", f"arn:aws:iam::{OTHER}:*"], BAD),
        ("ArnNotLike", ARN, f"arn:aws:iam::{OTHER}:{SIGNED_IN}", BAD),
        ("Bool", "aws:MultiFactorAuthPresent", "true", GOOD),
        ("Bool", "aws:MultiFactorAuthPresent", "false", BAD),
        ("BoolIfExists", "aws:MultiFactorAuthPresent", "true", BAD),
        ("NumericLessThan", "aws:MultiFactorAuthAge", "3600", GOOD),
        ("NumericLessThanIfExists", "aws:MultiFactorAuthAge", "3600", BAD),
    ],
)
def test_another_account_under_a_condition(operator, key, value, status):
    verdict = judged(
        entry("Allow", {"AWS": f"arn:aws:iam::{OTHER}:root"}, {operator: {key: value}})
    )
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (SIGNED_IN.replace("*", "0123456789abcdef"), GOOD),
        ("role/AWSReservedSSO_Operator_0123456789abcdef", BAD),
    ],
)
def test_people_who_sign_in_are_no_confused_deputies(role, status):
    verdict = judged(entry("Allow", {"AWS": f"arn:aws:iam::{OTHER}:{role}"}))
    assert verdict.status is status, verdict.reason


def test_a_role_of_another_account_may_be_a_confused_deputy_however_it_is_named():
    """A vendor's role assumes the roles of all its customers; the external ID tells them apart."""
    theirs = f"arn:aws:iam::{OTHER}:role/vendor"
    external = {"StringEquals": {"sts:ExternalId": "x"}}
    forms = (
        ({"AWS": theirs}, {}),
        ({"AWS": OTHER}, {"ArnEquals": {ARN: theirs}}),
        ("*", {"ArnEquals": {ARN: theirs}}),
        ("*", {"StringEquals": {WHO: OTHER}}),
    )
    for principal, condition in forms:
        verdict = judged(entry("Allow", principal, condition))
        assert (verdict.status, verdict.severity) == (BAD, MEDIUM), verdict.reason
        assert f"account {OTHER}" in verdict.reason
        assert (
            judged(entry("Allow", principal, condition), trusted_accounts=(OTHER,)).status is GOOD
        )
        merged = {
            **condition,
            "StringEquals": {**condition.get("StringEquals", {}), **external["StringEquals"]},
        }
        assert judged(entry("Allow", principal, merged)).status is GOOD


def test_another_account_and_a_deny():
    theirs = entry("Allow", {"AWS": OTHER})
    denied = entry("Deny", "*", {"StringNotEquals": {"sts:ExternalId": "x"}})
    assert judged(theirs, denied).status is GOOD
    assert judged(theirs, entry("Deny", {"AWS": OTHER})).status is GOOD
    assert judged(theirs, entry("Deny", {"AWS": "777788889999"})).status is BAD


@pytest.mark.parametrize(
    ("operator", "key", "value", "status"),
    [
        ("StringEquals", "aws:SourceAccount", ACCOUNT_ID, GOOD),
        ("StringLike", "aws:SourceAccount", ACCOUNT_ID, GOOD),
        ("StringLike", "aws:SourceAccount", "*", BAD),
        ("StringLike", "aws:SourceAccount", "1111*", BAD),
        ("StringEqualsIfExists", "aws:SourceAccount", ACCOUNT_ID, BAD),
        ("StringNotEquals", "aws:SourceAccount", OTHER, BAD),
        ("Null", "aws:SourceAccount", "false", BAD),
        ("StringEquals", "aws:SourceAccount", "${aws:ResourceAccount}", GOOD),
        ("ArnLike", "aws:SourceArn", f"arn:aws:scheduler:*:{ACCOUNT_ID}:*", GOOD),
        ("StringLike", "aws:SourceArn", f"arn:aws:scheduler:*:{ACCOUNT_ID}:*", GOOD),
        ("ArnLike", "aws:SourceArn", "arn:aws:scheduler:*:*:schedule/*", BAD),
        ("ArnLike", "aws:SourceArn", "arn:aws:scheduler:eu-west-1:*:schedule/a/b", BAD),
        ("ArnLike", "aws:SourceArn", "*", BAD),
        ("ArnEquals", "aws:SourceArn", "arn:aws:s3:::bucket", GOOD),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::*", BAD),
        ("ArnLikeIfExists", "aws:SourceArn", f"arn:aws:x:*:{ACCOUNT_ID}:*", BAD),
        ("StringEquals", "aws:SourceOrgID", "o-1", GOOD),
        ("StringLike", "aws:SourceOrgID", "o-*", BAD),
        ("StringEquals", "aws:SourceOrgID", "${aws:ResourceOrgID}", GOOD),
        ("ForAnyValue:StringLike", "aws:SourceOrgPaths", "o-1/*", GOOD),
        ("StringEquals", "sts:ExternalId", ACCOUNT_ID, GOOD),
        ("Bool", "aws:PrincipalIsAWSService", "true", BAD),
        ("StringEquals", ORG, "o-1", GOOD),
    ],
)
def test_a_service_under_a_condition(operator, key, value, status):
    service = {"Service": "scheduler.amazonaws.com"}
    verdict = judged(entry("Allow", service, {operator: {key: value}}))
    assert verdict.status is status, verdict.reason


def test_a_service_and_a_deny():
    service = {"Service": "scheduler.amazonaws.com"}
    others = {"StringNotEquals": {"aws:SourceAccount": ACCOUNT_ID}}
    assert judged(entry("Allow", service), entry("Deny", service, others)).status is GOOD
    assert judged(entry("Allow", service), entry("Deny", "*", others)).status is GOOD
    another = {"Service": "pipes.amazonaws.com"}
    assert judged(entry("Allow", service), entry("Deny", another, others)).status is BAD


# -- properties -------------------------------------------------------------------------------

CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "StringEquals": st.dictionaries(
            st.sampled_from([ORG, WHO, ARN, "sts:ExternalId", "some:key", "aws:SourceAccount"]),
            st.sampled_from(["o-1", OTHER, "*", "x"]),
            min_size=1,
        ),
        "StringLikeIfExists": st.dictionaries(
            st.sampled_from([ORG, WHO, ARN]), st.sampled_from(["o-*", "*", "4*"]), min_size=1
        ),
        "Null": st.dictionaries(
            st.sampled_from([ORG, "sts:ExternalId"]),
            st.sampled_from(["true", "false"]),
            min_size=1,
        ),
    },
)
PRINCIPALS = st.sampled_from(["*", {"AWS": OTHER}, {"Service": "scheduler.amazonaws.com"}])


@settings(deadline=None)
@given(principal=PRINCIPALS, condition=CONDITIONS)
def test_a_deny_of_everyone_never_leaves_a_violation(principal, condition):
    allow = entry("Allow", principal, condition)
    assert judged(allow, entry("Deny", "*", None, "sts:*")).status is GOOD


@settings(deadline=None)
@given(principal=PRINCIPALS, condition=CONDITIONS, dropped=st.integers(0, 2))
def test_a_condition_less_never_turns_a_violation_into_a_pass(principal, condition, dropped):
    fewer = {name: keys for n, (name, keys) in enumerate(condition.items()) if n != dropped}
    before = judged(entry("Allow", principal, condition)).status
    after = judged(entry("Allow", principal, fewer)).status
    assert (before, after) not in {(BAD, GOOD), (BAD, BLIND), (BLIND, GOOD)}


@pytest.mark.parametrize(
    ("service", "status"),
    [
        ("ec2.amazonaws.com.cn", GOOD),
        ("ec2.amazonaws.eu", GOOD),
        ("ec2.c2s.ic.gov", GOOD),
        ("events.csp.hci.ic.gov", BAD),
        ("ec2.amazonaws.com", GOOD),
        ("events.amazonaws.com.cn", BAD),
    ],
)
def test_a_service_by_its_name_in_china(service, status):
    verdict = judged(entry("Allow", {"Service": service}))
    assert verdict.status is status, verdict.reason
