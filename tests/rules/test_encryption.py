"""Encryption at rest and rotation: evidence in, verdict out."""

from __future__ import annotations

from datetime import date

import pytest

from functions.encryption.rules_at_rest import (
    kms_imported_material,
    kms_rotation,
    s3_encryption_override,
    s3_kms,
)
from functions.encryption.rules_in_transit import sns_tls, sqs_tls
from readiness import Severity, Status
from readiness.evidence.kms.keys import KmsImportedMaterial, KmsKeyState, KmsRotation
from readiness.evidence.s3.buckets import BucketEncryption, BucketPolicy, PolicyWithoutKms
from tests.accounts.encryption import ONLY_KMS, fake_account, policy
from tests.fake_account import evaluation, observe

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
BLIND = Status.INSUFFICIENT_DATA
KEY = KmsKeyState("k", "Enabled")
AWS_KEY = KmsKeyState("k", "Enabled", manager="AWS")


@pytest.mark.parametrize(
    ("bucket", "key", "settings", "status", "said"),
    [
        pytest.param(BucketEncryption("aws:kms", "k"), KEY, {}, GOOD, "aws:kms with k", id="cmk"),
        pytest.param(
            BucketEncryption("aws:kms:dsse", "k"), KEY, {}, GOOD, "dsse", id="two layers"
        ),
        pytest.param(BucketEncryption("aws:kms"), None, {}, GOOD, "aws/s3", id="aws managed key"),
        pytest.param(
            BucketEncryption("AES256"), None, {}, BAD, "AES256", id="the default of 2023"
        ),
        pytest.param(BucketEncryption(""), None, {}, BAD, "not set", id="only blocked types"),
        pytest.param(
            BucketEncryption("aws:kms", "k"),
            KmsKeyState("k", "PendingDeletion"),
            {},
            BAD,
            "PendingDeletion",
            id="key about to be deleted",
        ),
        pytest.param(
            BucketEncryption("aws:kms", "k"),
            KmsKeyState("k", "Missing"),
            {},
            BAD,
            "does not exist",
            id="key that does not exist",
        ),
        pytest.param(
            BucketEncryption("aws:kms", "k"),
            KmsKeyState("k", "Enabled", elsewhere="eu-west-1"),
            {},
            BAD,
            "in another region (eu-west-1)",
            id="key of another region",
        ),
        pytest.param(
            BucketEncryption("aws:kms", "alias/aws/sns"),
            AWS_KEY,
            {},
            BAD,
            "for sns alone",
            id="another service's AWS managed key",
        ),
        pytest.param(
            BucketEncryption("aws:kms", "alias/aws/s3"), AWS_KEY, {}, GOOD, "", id="aws/s3 named"
        ),
        *(
            pytest.param(
                BucketEncryption("aws:kms", "k"),
                KmsKeyState("k", "Enabled", spec=spec, usage=usage),
                {},
                BAD,
                f"({spec}, {usage})",
                id=f"a key that S3 cannot use: {spec}, {usage}",
            )
            for spec, usage in (
                ("RSA_2048", "ENCRYPT_DECRYPT"),
                ("RSA_2048", "SIGN_VERIFY"),
                ("ECC_NIST_P256", "KEY_AGREEMENT"),
                ("HMAC_256", "GENERATE_VERIFY_MAC"),
            )
        ),
        pytest.param(
            BucketEncryption("aws:kms"),
            None,
            {"require_customer_managed_key": True},
            BAD,
            "aws/s3",
            id="customer key required, none named",
        ),
        pytest.param(
            BucketEncryption("aws:kms", "alias/aws/s3"),
            AWS_KEY,
            {"require_customer_managed_key": True},
            BAD,
            "AWS-managed",
            id="customer key required, aws/s3 named",
        ),
    ],
)
def test_s3_kms(bucket, key, settings, status, said):
    verdict = s3_kms(bucket, key, PolicyWithoutKms(), **settings)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


def test_the_expected_encryption_names_the_customer_key_where_one_is_required():
    bucket = BucketEncryption("AES256")
    verdict = s3_kms(bucket, None, PolicyWithoutKms(), require_customer_managed_key=True)
    assert verdict.expected.endswith("with a customer managed key.")


@pytest.mark.parametrize(
    ("key", "rotation", "status", "said"),
    [
        pytest.param(KEY, KmsRotation(True, 365), GOOD, "every 365 days", id="yearly"),
        pytest.param(KEY, KmsRotation(True, 0), GOOD, "yearly", id="period not said"),
        pytest.param(KEY, KmsRotation(True, 366), BAD, "every 366 days", id="a day too long"),
        pytest.param(KEY, KmsRotation(False), BAD, "off", id="off"),
        pytest.param(AWS_KEY, KmsRotation(False), NA, "AWS managed", id="aws managed"),
        pytest.param(
            KmsKeyState("k", "Enabled", spec="RSA_2048"),
            KmsRotation(False),
            NA,
            "RSA_2048",
            id="asymmetric",
        ),
        pytest.param(
            KmsKeyState("k", "Enabled", origin="EXTERNAL"),
            KmsRotation(False),
            NA,
            "EXTERNAL",
            id="imported material",
        ),
        pytest.param(
            KmsKeyState("k", "Enabled", multi_region="REPLICA"),
            KmsRotation(False),
            NA,
            "primary",
            id="replica",
        ),
        pytest.param(
            KmsKeyState("k", "Disabled"), KmsRotation(False), NA, "Disabled", id="disabled"
        ),
    ],
)
def test_kms_rotation(key, rotation, status, said):
    verdict = kms_rotation(key, rotation)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("days", "longest", "status"),
    [
        pytest.param(90, 90, GOOD, id="as long as allowed"),
        pytest.param(365, 90, BAD, id="longer than allowed"),
        pytest.param(2560, 2560, GOOD, id="the longest there is"),
        pytest.param(0, 365, GOOD, id="KMS does not say: yearly by default"),
        pytest.param(0, 364, BLIND, id="KMS does not say, and a year is long"),
    ],
)
def test_how_seldom_a_key_may_rotate(days, longest, status):
    verdict = kms_rotation(KEY, KmsRotation(True, days), max_rotation_period_days=longest)
    assert verdict.status is status, verdict.reason


def test_a_missing_bucket_key_weighs_little():
    verdict = s3_kms(
        BucketEncryption("aws:kms", "k"), KEY, PolicyWithoutKms(), require_bucket_key=True
    )
    assert (verdict.status, verdict.severity) == (BAD, Severity.LOW)


def test_two_layers_need_no_bucket_key():
    verdict = s3_kms(
        BucketEncryption("aws:kms:dsse", "k"), KEY, PolicyWithoutKms(), require_bucket_key=True
    )
    assert verdict.status is GOOD


def delivery(principal: dict[str, str], effect: str = "Allow", action: str = "s3:PutObject"):
    return policy({"Effect": effect, "Principal": principal, "Action": action, "Resource": "*"})


@pytest.mark.parametrize(
    ("text", "status"),
    [
        pytest.param(
            delivery({"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}),
            NA,
            id="load balancer logs",
        ),
        pytest.param(
            delivery({"AWS": "arn:aws:iam::127311923021:root"}), NA, id="its account of old"
        ),
        pytest.param(
            delivery({"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}, "Deny"),
            BAD,
            id="refused",
        ),
        pytest.param(
            delivery({"Service": "logging.s3.amazonaws.com"}), BAD, id="server access logs"
        ),
        pytest.param(
            delivery({"AWS": "arn:aws:iam::127311923021:root"}, action="s3:GetObject"),
            BAD,
            id="may only read",
        ),
        pytest.param("not JSON", BAD, id="garbled policy excuses nothing"),
        pytest.param("", BAD, id="no policy"),
    ],
)
def test_only_load_balancers_excuse_the_lack_of_kms(text, status):
    verdict = s3_kms(BucketEncryption("AES256"), None, PolicyWithoutKms(text))
    assert verdict.status is status, verdict.reason


HEADER = "s3:x-amz-server-side-encryption"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        pytest.param(policy(ONLY_KMS), GOOD, id="all but KMS"),
        pytest.param(
            policy(ONLY_KMS | {"Condition": {"StringEquals": {HEADER: "AES256"}}}),
            GOOD,
            id="AES256 by name",
        ),
        pytest.param(
            policy(
                ONLY_KMS
                | {
                    "Condition": {
                        "StringNotEquals": {HEADER: ["aws:kms", "aws:kms:dsse"]},
                        "Null": {HEADER: "false"},
                    }
                }
            ),
            GOOD,
            id="where the header is there",
        ),
        pytest.param(
            policy(ONLY_KMS | {"Condition": {"StringNotEquals": {HEADER: "AES256"}}}),
            BAD,
            id="the wrong way round",
        ),
        pytest.param(
            policy(
                ONLY_KMS
                | {
                    "Condition": {
                        **ONLY_KMS["Condition"],
                        "StringEquals": {"aws:PrincipalAccount": "1"},
                    }
                }
            ),
            BAD,
            id="for some callers only",
        ),
        pytest.param(
            policy(ONLY_KMS | {"Resource": "arn:aws:s3:::data/tmp/*"}), BAD, id="a prefix only"
        ),
        pytest.param(
            policy(
                ONLY_KMS
                | {
                    "Condition": {
                        **ONLY_KMS["Condition"],
                        "Bool": {"aws:PrincipalIsAWSService": "false"},
                    }
                }
            ),
            GOOD,
            id="for all but AWS services",
        ),
        pytest.param(
            policy(
                ONLY_KMS
                | {
                    "Condition": {
                        "StringNotEquals": {
                            "s3:x-amz-server-side-encryption": ["aws:kms", "AES256"]
                        }
                    }
                }
            ),
            BAD,
            id="AES256 is spared",
        ),
        pytest.param(
            policy(
                ONLY_KMS | {"Condition": {"Null": {"s3:x-amz-server-side-encryption": "true"}}}
            ),
            BAD,
            id="only uploads without the header",
        ),
        pytest.param(policy(ONLY_KMS | {"Effect": "Allow"}), BAD, id="allowed"),
        pytest.param("", BAD, id="no policy"),
        pytest.param("[", BLIND, id="garbled"),
    ],
)
def test_overriding_the_default_encryption(text, status):
    verdict = s3_encryption_override(
        BucketPolicy(text, "arn:aws:s3:::data"), deny_override_required=True
    )
    assert verdict.status is status, verdict.reason


IMPORTED = KmsKeyState("k", "Enabled", origin="EXTERNAL")


@pytest.mark.parametrize(
    ("key", "material", "status"),
    [
        pytest.param(IMPORTED, KmsImportedMaterial(date(2026, 1, 1), 365), GOOD, id="a year"),
        pytest.param(IMPORTED, KmsImportedMaterial(date(2025, 1, 1), 366), BAD, id="a day longer"),
        pytest.param(IMPORTED, KmsImportedMaterial(), BLIND, id="nobody knows how old"),
        pytest.param(KEY, KmsImportedMaterial(), NA, id="KMS made it"),
        pytest.param(
            KmsKeyState("k", "PendingImport", origin="EXTERNAL"),
            KmsImportedMaterial(),
            NA,
            id="not imported yet",
        ),
    ],
)
def test_imported_material(key, material, status):
    verdict = kms_imported_material(key, material, imported_max_age_days=365)
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("rule", "settings"),
    [
        pytest.param(s3_encryption_override, {"deny_override_required": True}, id="overrides"),
        pytest.param(sns_tls, {"check_sqs_sns": True}, id="topics"),
        pytest.param(sqs_tls, {"check_sqs_sns": True}, id="queues"),
    ],
)
def test_what_is_judged_only_if_it_is_asked_for(rule, settings):
    [id, *_] = evaluation(fake_account(), [rule]).aws.find(rule.subject)
    asked, unasked = (
        observe(fake_account(), rule, id, **settings),
        observe(fake_account(), rule, id),
    )
    assert (asked.crash, asked.finding.status) == ("", GOOD), asked.finding.reason
    assert (unasked.finding.status, "does not ask" in unasked.finding.reason) == (NA, True)
