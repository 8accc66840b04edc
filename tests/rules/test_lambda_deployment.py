"""Lambda deployment: what AWS answers in, verdict out."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from functions.lambda_deployment.app import function_configuration
from readiness import Severity, Status
from tests.accounts.lambda_deployment import ARN, configuration, fake_account, key_metadata
from tests.fake_account import ACCOUNT_ID, NOON, FakeAccount, error, observe

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
UNKNOWN = Status.INSUFFICIENT_DATA


def ago(**span: float) -> str:
    return (NOON - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def judged(rule, where: FakeAccount, **settings: object):
    seen = observe(where, rule, "agent", **settings)
    assert not seen.crash, seen.crash
    assert not where.unanswered
    return seen.finding


def assert_judged(rule, where, settings, status, severity, said):
    finding = judged(rule, where, **settings)
    assert (finding.status, said in finding.reason) == (status, True), finding.reason
    if status is BAD:
        assert finding.severity is severity
        assert finding.expected


# -- configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "settings", "status", "severity", "said"),
    [
        pytest.param({}, {}, GOOD, None, "$LATEST is active", id="active"),
        pytest.param(
            {"State": "Inactive", "StateReasonCode": "Idle"},
            {},
            GOOD,
            None,
            "is active",
            id="idle wakes up",
        ),
        pytest.param(
            {
                "State": "Inactive",
                "StateReasonCode": "InsufficientRolePermissions",
                "StateReason": "The role may not create interfaces.",
            },
            {},
            BAD,
            Severity.HIGH,
            "Inactive for another reason than being idle (The role may not create interfaces)",
            id="inactive since its resources cannot be made again",
        ),
        pytest.param({"State": "Inactive"}, {}, UNKNOWN, None, "does not show why", id="inactive"),
        pytest.param(
            {"State": "Failed", "StateReason": "The image is gone."},
            {},
            BAD,
            Severity.HIGH,
            "$LATEST is Failed (The image is gone).",
            id="failed",
        ),
        pytest.param(
            {"State": "ActiveNonInvocable"},
            {},
            BAD,
            Severity.HIGH,
            "NonInvocable",
            id="no capacity",
        ),
        pytest.param(
            {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "EFS"},
            {},
            BAD,
            Severity.HIGH,
            "the old code still runs",
            id="failed update",
        ),
        pytest.param(
            {"State": "Pending", "LastModified": ago(minutes=3)},
            {},
            UNKNOWN,
            None,
            "$LATEST is pending.",
            id="pending",
        ),
        pytest.param(
            {"State": "Pending", "LastModified": ago(minutes=12)},
            {},
            BAD,
            Severity.HIGH,
            "pending for 12 minutes",
            id="pending for too long",
        ),
        pytest.param(
            {"State": "Pending", "LastModified": ago(minutes=12)},
            {"transition_minutes": 30},
            UNKNOWN,
            None,
            "is pending",
            id="more patience",
        ),
        pytest.param(
            {"LastUpdateStatus": "InProgress", "LastModified": ago(minutes=1)},
            {},
            UNKNOWN,
            None,
            "being updated",
            id="updating",
        ),
        pytest.param(
            {"LastUpdateStatus": "InProgress", "LastModified": "yesterday"},
            {},
            UNKNOWN,
            None,
            "being updated",
            id="updating since nobody knows when",
        ),
        pytest.param(
            {
                "State": "Pending",
                "StateReasonCode": "Restoring",
                "LastModified": ago(days=40),
            },
            {},
            UNKNOWN,
            None,
            "$LATEST is being restored after it was idle",
            id="woken after weeks",
        ),
        pytest.param(
            {
                "State": "Pending",
                "StateReasonCode": "Creating",
                "LastModified": ago(minutes=12),
            },
            {},
            BAD,
            Severity.HIGH,
            "pending for 12 minutes",
            id="being made for too long",
        ),
        pytest.param(
            {"State": "Deactivating", "LastModified": ago(days=40)},
            {},
            UNKNOWN,
            None,
            "$LATEST is being deactivated.",
            id="being deactivated since nobody knows when",
        ),
        pytest.param(
            {
                "State": "Deleting",
                "StateReasonCode": "DrainingDurableExecutions",
                "LastModified": ago(days=40),
                "Runtime": "python3.9",
            },
            {},
            Status.NOT_APPLICABLE,
            None,
            "is being deleted",
            id="being deleted",
        ),
        pytest.param({"State": None}, {}, UNKNOWN, None, "does not show the state", id="no state"),
        pytest.param(
            {"ImageConfigResponse": {"Error": {"Message": "no entry point"}}},
            {},
            BAD,
            Severity.HIGH,
            "image configuration: no entry point",
            id="image error",
        ),
        pytest.param(
            {"RuntimeVersionConfig": {"Error": {"ErrorCode": "E1"}}},
            {},
            BAD,
            Severity.HIGH,
            "runtime version: E1",
            id="runtime version error",
        ),
        pytest.param(
            {"Environment": {"Error": {"ErrorCode": "KMSDisabledException"}}},
            {},
            BAD,
            Severity.HIGH,
            "cannot decrypt the environment",
            id="environment",
        ),
        pytest.param(
            {"Environment": {"Error": {"ErrorCode": "AccessDeniedException"}}},
            {},
            GOOD,
            None,
            "is active",
            id="environment that only the monitor may not decrypt",
        ),
        pytest.param(
            {"Runtime": "python3.9"},
            {},
            BAD,
            Severity.MEDIUM,
            "python3.9, which AWS deprecated on 2025-12-15",
            id="old runtime",
        ),
        pytest.param({"Runtime": "python3.10"}, {}, BAD, Severity.MEDIUM, "3.10", id="3.10 < 3.9"),
        pytest.param(
            {"Runtime": "python3.9"},
            {"runtimes_deprecated_on": ["python3.8=2024-10-14"]},
            GOOD,
            None,
            "is active",
            id="a table of one's own",
        ),
        pytest.param(
            {},
            {"runtimes_deprecated_on": ["python3.8"]},
            UNKNOWN,
            None,
            "python3.8, which has no valid date",
            id="a table without dates",
        ),
        pytest.param(
            {"Runtime": None, "PackageType": "Image"}, {}, GOOD, None, "is active", id="image"
        ),
        pytest.param(
            {"MemorySize": 128},
            {"min_memory_mb": 256},
            BAD,
            Severity.LOW,
            "128 MB",
            id="little memory",
        ),
        pytest.param(
            {"Architectures": ["x86_64"]},
            {"architecture": "arm64"},
            BAD,
            Severity.LOW,
            "built for x86_64",
            id="other architecture",
        ),
    ],
)
def test_the_version(changes, settings, status, severity, said):
    where = fake_account().but(lambda__get_function_configuration=configuration(**changes))
    assert_judged(function_configuration, where, settings, status, severity, said)


def test_a_runtime_near_its_end_is_announced():
    where = fake_account().but(
        lambda__get_function_configuration=configuration(Runtime="python3.14")
    )
    finding = judged(
        function_configuration, where, runtimes_deprecated_on=["python3.14=2026-12-01"]
    )
    assert (finding.status, finding.reminder) == (
        GOOD,
        "AWS deprecates the runtime python3.14 on 2026-12-01.",
    )


def trust(service: str = "lambda.amazonaws.com", **more: Any) -> dict[str, Any]:
    """GetRole, of a role that the service may assume."""
    about = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    role = {
        "RoleName": "agent",
        "Path": "/",
        "RoleId": "AROAEXAMPLEEXAMPLE123",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:role/agent",
        "CreateDate": NOON,
        "AssumeRolePolicyDocument": json.dumps({"Statement": [about | more]}),
    }
    return {"iam__get_role": {"Role": role}}


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}},
        {"ArnLike": {"aws:SourceArn": f"{ARN}*"}},
        {"ArnEquals": {"aws:SourceArn": ARN}},
        {"ArnEquals": {"aws:SourceArn": f"{ARN}:live"}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
    ],
    ids=["account", "any version", "the function", "an alias", "what is not known"],
)
def test_a_role_for_this_function_alone(condition):
    where = fake_account().but(**trust(Condition=condition))
    assert_judged(function_configuration, where, {}, GOOD, None, "is active")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        pytest.param(
            {"iam__get_role": error("NoSuchEntity", 404)},
            "execution role agent does not exist",
            id="no role",
        ),
        pytest.param(
            trust("ec2.amazonaws.com"), "does not let Lambda assume it", id="a role for others"
        ),
        pytest.param(
            trust(Condition={"StringEquals": {"aws:SourceAccount": "999900001111"}}),
            "does not let Lambda assume it",
            id="a role for another account's functions",
        ),
        pytest.param(
            trust(Condition={"ArnEquals": {"aws:SourceArn": f"{ARN}2"}}),
            "does not let Lambda assume it",
            id="a role for another function",
        ),
        pytest.param(
            {"kms__describe_key": {"KeyMetadata": key_metadata(KeyState="Disabled")}},
            "its state is Disabled",
            id="disabled key",
        ),
        pytest.param(
            {"kms__describe_key": {"KeyMetadata": key_metadata(KeySpec="RSA_2048")}},
            "(RSA_2048, ENCRYPT_DECRYPT) is not a symmetric encryption key",
            id="an asymmetric key",
        ),
        pytest.param(
            {
                "kms__describe_key": {
                    "KeyMetadata": key_metadata(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
                }
            },
            "(HMAC_256, GENERATE_VERIFY_MAC) is not",
            id="an HMAC key",
        ),
        pytest.param(
            {"kms__describe_key": error("NotFoundException")}, "does not exist", id="no key"
        ),
        pytest.param(
            {"lambda__get_function_concurrency": {"ReservedConcurrentExecutions": 0}},
            "every invocation is throttled",
            id="no concurrency",
        ),
    ],
)
def test_what_the_function_stands_on(answers, said):
    assert_judged(
        function_configuration, fake_account().but(**answers), {}, BAD, Severity.HIGH, said
    )
