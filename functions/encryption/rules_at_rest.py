"""Rules of Encryption: data at rest, and the KMS keys that encrypt it."""

from typing import Annotated

from readiness import Between, Severity, Unreadable, Verdict
from readiness.evidence.kms.keys import KmsImportedMaterial, KmsKeyAccess, KmsKeyState, KmsRotation
from readiness.evidence.kms.tags import KmsKeyTags, KmsReplicaTags
from readiness.evidence.kms.usage import KeyUsage
from readiness.evidence.s3.buckets import (
    BucketAndKey,
    BucketEncryption,
    BucketPolicy,
    PolicyWithoutKms,
)
from readiness.judgement.foreign_keys import KeyAccounts, with_key

from .at_rest import default_encryption_verdict, without_kms_verdict
from .heading import encryption
from .key_environments import account_environment, bucket_environment, key_environment
from .rotation import imported_material_verdict, rotation_verdict
from .settings import AccountEnvironments, EnvironmentTags, SharedKeys
from .transport import other_encryption_verdict

AT_REST = "Enable S3 bucket encryption with KMS"
PER_ENVIRONMENT = "Use separate KMS keys per environment"
ROTATION = "Enable key rotation"


# -- at rest ------------------------------------------------------------------------------------


@encryption.rule(AT_REST, severity=Severity.HIGH)
def s3_kms(
    bucket: BucketEncryption,
    key: KmsKeyState | Unreadable | None,
    policy: PolicyWithoutKms,
    *,
    require_customer_managed_key: Annotated[
        bool, "Require a customer managed key; the policy of the AWS-managed key is fixed"
    ] = False,
    require_bucket_key: Annotated[
        bool, "Require an S3 Bucket Key, which reduces the calls to KMS"
    ] = False,
    key_accounts: KeyAccounts = (),
) -> Verdict:
    """S3 default encryption uses an enabled KMS key, so that reading also requires kms:Decrypt.

    Since January 2023 every bucket has at least SSE-S3 (AES256), so "is encrypted" is not enough.
    """
    if not bucket.with_kms:
        return without_kms_verdict(
            bucket.algorithm, policy.text, customer_managed=require_customer_managed_key
        )
    return with_key(
        key,
        bucket.key_id,
        key_accounts,
        lambda state: default_encryption_verdict(
            bucket,
            state,
            customer_managed=require_customer_managed_key,
            bucket_key=require_bucket_key,
        ),
    )


@encryption.rule(AT_REST, severity=Severity.MEDIUM, opt_in="deny_override_required")
def s3_encryption_override(
    policy: BucketPolicy,
    *,
    deny_override_required: Annotated[  # noqa: ARG001
        bool, "Check whether the bucket policy denies uploads without KMS encryption"
    ] = False,
) -> Verdict:
    """The bucket policy denies uploads that request encryption without KMS.

    A header of the upload can override default encryption.
    """
    return other_encryption_verdict(policy.text, policy.arn)


# -- a key for each environment -----------------------------------------------------------------


@encryption.rule(PER_ENVIRONMENT, severity=Severity.MEDIUM)
def kms_key_environment(
    key: KmsKeyState,
    tags: KmsKeyTags,
    replicas: KmsReplicaTags,
    users: KeyUsage,
    *,
    tags_of: EnvironmentTags,
    shared_key_ids: SharedKeys = (),
) -> Verdict:
    """Each environment has its own KMS keys, so that test access cannot decrypt production data.

    A key and its replicas in other regions count as one key.
    """
    return key_environment(key, tags, replicas, users, tags_of, shared_key_ids)


@encryption.rule(PER_ENVIRONMENT, severity=Severity.MEDIUM)
def s3_key_environment(
    bucket: BucketAndKey,
    key: KmsKeyTags | None,
    *,
    tags_of: EnvironmentTags,
    account_environments: AccountEnvironments = (),
    shared_key_ids: SharedKeys = (),
) -> Verdict:
    """The default encryption of a bucket uses a KMS key of the bucket's own environment.

    This is the part of kms-key-environment that can be checked as soon as a bucket changes.
    """
    return bucket_environment(bucket, key, tags_of, account_environments, shared_key_ids)


@encryption.rule(PER_ENVIRONMENT, severity=Severity.MEDIUM, opt_in="account_environments")
def kms_key_accounts(
    key: KmsKeyState,
    access: KmsKeyAccess,
    tags: KmsKeyTags,
    *,
    tags_of: EnvironmentTags,
    account_environments: AccountEnvironments = (),
) -> Verdict:
    """The key policy and grants of a KMS key allow no account of another environment."""
    return account_environment(key, access, tags, tags_of, account_environments)


# -- rotation -----------------------------------------------------------------------------------


@encryption.rule(ROTATION, severity=Severity.MEDIUM)
def kms_rotation(
    key: KmsKeyState,
    rotation: KmsRotation,
    *,
    max_rotation_period_days: Annotated[
        int, Between(90, 2560), "The longest rotation period allowed (days)"
    ] = 365,
) -> Verdict:
    """Automatic key rotation is on, with a short enough rotation period."""
    return rotation_verdict(key, rotation, max_rotation_period_days)


@encryption.rule(ROTATION, severity=Severity.MEDIUM, opt_in="imported_max_age_days")
def kms_imported_material(
    key: KmsKeyState,
    material: KmsImportedMaterial,
    *,
    imported_max_age_days: Annotated[
        int, Between(0, 3650), "The maximum age of imported key material (days); 0: not checked"
    ] = 0,
) -> Verdict:
    """Imported key material is rotated on demand: KMS cannot rotate it automatically."""
    return imported_material_verdict(key, material, imported_max_age_days)
