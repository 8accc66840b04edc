"""How a bucket encrypts what it stores, and why it may not use KMS."""

from __future__ import annotations

from readiness.evidence.kms.keys import KmsKeyState
from readiness.evidence.s3.buckets import BucketEncryption
from readiness.model.verdict import (
    Problem,
    Severity,
    Verdict,
    complies,
    not_applicable,
    violates,
    violates_all,
)
from readiness.semantics.policy import Unparsable, parse

_LOG_DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"
_LOG_DELIVERY_ACCOUNTS = frozenset(
    {
        "009996457667",
        "027434742980",
        "033677994240",
        "037604701340",
        "048591011584",
        "054676820928",
        "076674570225",
        "098369216593",
        "114774131450",
        "127311923021",
        "156460612806",
        "190560391635",
        "383597477331",
        "507241528517",
        "582318560864",
        "589379963580",
        "600734575887",
        "635631232127",
        "638102146993",
        "652711504416",
        "718504428378",
        "754344448648",
        "783225319266",
        "797873946194",
        "897822967062",
        "985666609251",
    }
)
"""Elastic Load Balancing's own accounts, one for each region that existed before August 2022
(Application Load Balancers guide, "Enable access logs")."""


def is_load_balancer_log_target(policy: str) -> bool:
    """Whether a bucket policy lets Elastic Load Balancing deliver access logs.

    They can write only to a bucket with SSE-S3. S3 server access logs are no exception: they
    work with a customer managed key.
    """
    try:
        statements = parse(policy) if policy else ()
    except Unparsable:
        return False
    return any(
        statement.allows
        and statement.names_action("s3:PutObject")
        and any(
            p.account in _LOG_DELIVERY_ACCOUNTS
            or (p.kind == "Service" and p.value == _LOG_DELIVERY)
            for p in statement.principals
        )
        for statement in statements
    )


def _why_s3_cannot_use(bucket: BucketEncryption, key: KmsKeyState | None) -> str:
    """Why S3 cannot encrypt with the key that a bucket names; empty where it can."""
    if key is None:
        return ""
    of_aws = bucket.key_id.partition("alias/aws/")[2]
    if of_aws and of_aws != "s3":
        return f"is AWS managed, for {of_aws} alone"
    return key.why_no_service_can_use_it


def default_encryption_verdict(
    bucket: BucketEncryption, key: KmsKeyState | None, *, customer_managed: bool, bucket_key: bool
) -> Verdict:
    """The verdict on a bucket whose default encryption uses KMS; ``key`` is None for aws/s3.

    ``customer_managed`` and ``bucket_key`` say what is required.
    """
    named = bucket.key_id or "aws/s3"
    problems = []
    wrong = _why_s3_cannot_use(bucket, key)
    if wrong:
        said = (
            f"Default encryption uses the KMS key {bucket.key_id}, but the key {wrong}. Every"
            " upload fails that names no other key."
        )
        problems.append(Problem(Severity.HIGH, said))
    if customer_managed and (key is None or key.manager == "AWS"):
        said = "Default encryption uses the AWS-managed key aws/s3."
        problems.append(Problem(Severity.HIGH, said))
    if bucket_key and bucket.algorithm == "aws:kms" and not bucket.bucket_key:
        problems.append(Problem(Severity.LOW, "The bucket has no S3 Bucket Key."))
    if problems:
        return violates_all(
            problems,
            expected="A symmetric, customer managed, enabled KMS key, with an S3 Bucket Key."
            if customer_managed
            else "A symmetric, enabled KMS key of the bucket's region.",
            algorithm=bucket.algorithm,
            key=named,
            key_state=key.state if key else "",
        )
    reason = f"Default encryption is {bucket.algorithm} with {named}."
    return complies(reason, algorithm=bucket.algorithm, key=named)


def without_kms_verdict(algorithm: str, policy: str, *, customer_managed: bool) -> Verdict:
    """The verdict on a bucket whose default encryption is ``algorithm``, without KMS."""
    if is_load_balancer_log_target(policy):
        return not_applicable(
            "Load balancers deliver access logs to the bucket, which requires SSE-S3.",
            algorithm=algorithm,
        )
    whose = " with a customer managed key" if customer_managed else ""
    return violates(
        f"Default encryption is {algorithm or 'not set'}, not KMS.",
        expected=f"Default encryption aws:kms or aws:kms:dsse{whose}.",
        algorithm=algorithm or "none",
    )
