"""Encryption: data is unreadable without a key we own, at rest and on the wire."""

from typing import Annotated

from readiness import (
    Between,
    Severity,
    Verdict,
    complies,
    heading,
    not_applicable,
    violates,
)
from readiness.evidence.kms import KmsKeyState, KmsRotation
from readiness.evidence.s3 import BucketEncryption

encryption = heading("Security", "Encryption")


@encryption.rule("Enable S3 bucket encryption with KMS", severity=Severity.HIGH)
def s3_kms(
    bucket: BucketEncryption,
    key: KmsKeyState | None,
    *,
    require_customer_managed_key: Annotated[
        bool, "Refuse the AWS-managed key aws/s3, whose policy nobody can change"
    ] = False,
) -> Verdict:
    """Default encryption names a usable KMS key, so that reading an object also takes kms:Decrypt.

    Since January 2023 every bucket has at least SSE-S3 (AES256): "is encrypted" says nothing.
    """
    named = bucket.key_id or "aws/s3"
    if not bucket.algorithm.startswith("aws:kms"):
        return violates(
            f"Default encryption is {bucket.algorithm or 'not set'}, not KMS.",
            expected="Default encryption aws:kms or aws:kms:dsse.",
            algorithm=bucket.algorithm or "none",
        )
    if key is not None and key.state != "Enabled":
        return violates(
            f"Default encryption names the KMS key {bucket.key_id}, which is {key.state}.",
            expected="A KMS key in state Enabled.",
            algorithm=bucket.algorithm,
            key=named,
            key_state=key.state,
        )
    if require_customer_managed_key and (key is None or key.manager == "AWS"):
        return violates(
            "Default encryption uses the AWS-managed key aws/s3.",
            expected="A customer managed KMS key.",
            algorithm=bucket.algorithm,
            key=named,
        )
    reason = f"Default encryption is {bucket.algorithm} with {named}."
    return complies(reason, algorithm=bucket.algorithm, key=named)


@encryption.rule("Enable key rotation", severity=Severity.MEDIUM)
def kms_rotation(
    key: KmsKeyState,
    rotation: KmsRotation,
    *,
    max_rotation_period_days: Annotated[
        int, Between(90, 2560), "The longest allowed time between two rotations"
    ] = 365,
) -> Verdict:
    """KMS replaces the key's material by itself, often enough that a leak does not last."""
    if not key.can_rotate:
        return not_applicable(_why_it_cannot_rotate(key), state=key.state, spec=key.spec)
    if not rotation.enabled:
        return violates(
            "Automatic rotation is off.",
            expected=f"Automatic rotation every {max_rotation_period_days} days or fewer.",
            rotation=False,
        )
    if rotation.period_days > max_rotation_period_days:
        return violates(
            f"The key rotates every {rotation.period_days} days.",
            expected=f"Automatic rotation every {max_rotation_period_days} days or fewer.",
            period_days=rotation.period_days,
        )
    every = f" every {rotation.period_days} days" if rotation.period_days else ""
    return complies(f"Automatic rotation is on{every}.", period_days=rotation.period_days)


def _why_it_cannot_rotate(key: KmsKeyState) -> str:
    if key.manager != "CUSTOMER":
        return "AWS manages this key and rotates it every year."
    if key.spec != "SYMMETRIC_DEFAULT":
        return f"A {key.spec} key cannot rotate automatically."
    if key.origin != "AWS_KMS":
        return f"A key with {key.origin} material cannot rotate automatically."
    if key.multi_region == "REPLICA":
        return "This is a replica; rotation is a property of its primary key."
    return f"The key is {key.state} and is judged again once it is enabled."


handler = encryption.handler
