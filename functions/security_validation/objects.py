"""Whether objects are encrypted as their bucket says that they are."""

from __future__ import annotations

from readiness import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates_all,
)
from readiness.evidence.kms.keys import KmsKeyState
from readiness.evidence.s3.buckets import BucketEncryption
from readiness.evidence.s3.objects import NewestObjects
from readiness.model.text import listed, plural

_SHOWN = 3


def objects_verdict(
    bucket: BucketEncryption, key: KmsKeyState | None, sample: NewestObjects
) -> Verdict:
    """Default encryption changes no object that is there, and a writer may ask for another."""
    if not bucket.with_kms:
        return not_applicable(
            "Default encryption does not use KMS; encryption.s3-kms reports it.",
            algorithm=bucket.algorithm,
        )
    if not sample.objects:
        return not_applicable("The bucket is empty.")
    read = [each for each in sample.objects if each.algorithm]
    without = [each.name for each in read if not each.algorithm.startswith("aws:kms")]
    other = [
        each.name
        for each in read
        if each.algorithm.startswith("aws:kms")
        and key is not None
        and each.kms_key.rpartition("/")[2] != key.key_id
    ]
    problems = []
    if without:
        said = f"{_named(without)} not encrypted with KMS, though default encryption is."
        problems.append(Problem(Severity.HIGH, said))
    if other:
        said = f"{_named(other)} encrypted with another key than {bucket.key_id}."
        problems.append(Problem(Severity.MEDIUM, said))
    if problems:
        return violates_all(
            problems,
            expected="Objects that are encrypted with the bucket's KMS key.",
            sampled=len(sample.objects),
        )
    hidden = [each.name for each in sample.objects if not each.algorithm]
    if hidden:
        return cannot_tell(
            f"S3 does not tell how {listed(hidden, _SHOWN)} {'is' if len(hidden) == 1 else 'are'}"
            " encrypted without the key of the writer (SSE-C).",
            sampled=len(sample.objects),
        )
    scope = "" if sample.is_complete else " of the first 1,000"
    return complies(
        f"The newest {plural(len(read), 'object')}{scope} that were read"
        f" {'is' if len(read) == 1 else 'are'} encrypted with the bucket's KMS key.",
        sampled=len(read),
    )


def _named(names: list[str]) -> str:
    verb = "is" if len(names) == 1 else "are"
    return f"{plural(len(names), 'object')} ({listed(names, _SHOWN)}) {verb}"
