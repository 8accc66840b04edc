"""Whether a resource policy denies requests without TLS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from readiness.model.text import listed
from readiness.model.verdict import Severity, Verdict, cannot_tell, complies, violates
from readiness.semantics.condition_values import Holds
from readiness.semantics.conditions import holds
from readiness.semantics.policy import Principal, Statement, Unparsable, parse
from readiness.semantics.policy_patterns import PARTITIONS, overlap
from readiness.semantics.requesters import upload_without_kms, without_tls


def refuses_plain_http(statement: Statement) -> bool:
    """Whether a statement denies plain HTTP to everyone, for every request.

    Conditions are ANDed, so a second condition lets requests through that do not meet it, unless
    it only spares the requests of AWS services, which use TLS. ``NotPrincipal`` makes exceptions,
    and may also name nothing but services; so may ``NotAction`` and ``NotResource``, which
    ``is_refused`` looks at.
    ``s3:TlsVersion`` is absent in a request over plain HTTP, so ``NumericLessThan`` does not hold
    for it and ``NumericLessThanIfExists`` does, whatever its limit: S3 itself refuses TLS before
    1.2.
    """
    return (
        _is_for_everyone(statement) and holds(statement.conditions, without_tls()) is Holds.ALWAYS
    )


def _is_for_everyone(denial: Statement) -> bool:
    """Whether a Deny spares nobody, or only AWS services and the roles that they alone assume."""
    if denial.allows:
        return False
    if denial.not_principals:
        return all(map(_is_service, denial.not_principals))
    return any(principal.is_anybody for principal in denial.principals)


def _is_service(principal: Principal) -> bool:
    return principal.kind == "Service" or ":role/aws-service-role/" in principal.value


def _names_all(statement: Statement, resources: Sequence[str]) -> bool:
    """Whether a statement includes all the resources, whatever partition the policy writes.

    ``NotResource`` does if it leaves out only others, such as the objects of another bucket.
    """
    written = [[_in(partition, arn) for arn in resources] for partition in ("", *PARTITIONS)]
    if statement.not_resources:
        return all(statement.covers(arn) for arns in written for arn in arns)
    return any(all(map(statement.names_resource, arns)) for arns in written)


def _in(partition: str, arn: str) -> str:
    fields = arn.split(":", 2)
    if not partition or len(fields) < len(("arn", "partition", "rest")):
        return arn
    return f"arn:{partition}:{fields[2]}"


_OF_NO_BUCKET = frozenset(
    action.lower()
    for action in (
        "s3:CreateJob",
        "s3:GetAccountPublicAccessBlock",
        "s3:ListAccessGrantsInstances",
        "s3:ListAccessPoints",
        "s3:ListAccessPointsForObjectLambda",
        "s3:ListAllMyBuckets",
        "s3:ListJobs",
        "s3:ListMultiRegionAccessPoints",
        "s3:ListStorageLensConfigurations",
        "s3:ListStorageLensGroups",
        "s3:PutAccountPublicAccessBlock",
        "s3:PutStorageLensConfiguration",
    )
)
"""Actions on the account. Source: Service Authorization Reference, "Amazon S3"."""


def _denies(denial: Statement, action: str) -> bool:
    """Whether a Deny is about an action, or about every action of a bucket (``s3:*``).

    ``NotAction`` takes nothing from a bucket with actions of other services or of the account.
    """
    if denial.not_actions and action.endswith("*"):
        spared = (each for each in denial.not_actions if overlap(each, action))
        return all(each.lower() in _OF_NO_BUCKET for each in spared)
    return denial.names_action(action)


def is_refused(
    statements: Iterable[Statement], actions: Sequence[str], resources: Sequence[str]
) -> bool:
    """Whether a statement denies plain HTTP for all these actions on all these resources.

    Both are probes: names that only a wide enough pattern matches.
    """
    return any(
        refuses_plain_http(statement)
        and all(_denies(statement, action) for action in actions)
        and _names_all(statement, resources)
        for statement in statements
    )


_EVERY_S3_ACTION = ("s3:*", "s3:GetObject", "s3:ListBucket")


def _object_probes(arn: str) -> tuple[str, ...]:
    """Names that a pattern matches only if it covers every object of the bucket."""
    return (f"{arn}/*", f"{arn}/a", f"{arn}/z/y.x")


def refuses_other_encryption(statement: Statement, arn: str) -> bool:
    """Whether a statement denies everyone an upload that requests encryption without KMS.

    It denies either what is not KMS (``StringNotEquals``), or ``AES256`` by name. It may be
    limited to uploads with the header (``Null`` false): the others get the bucket's default.
    """
    return (
        _is_for_everyone(statement)
        and statement.names_action("s3:PutObject")
        and _names_all(statement, _object_probes(arn))
        and holds(statement.conditions, upload_without_kms()) is Holds.ALWAYS
    )


def bucket_verdict(policy: str, arn: str) -> Verdict:
    """Whether a bucket policy denies plain HTTP for the bucket and for its objects."""
    try:
        statements = parse(policy) if policy else ()
    except Unparsable as unparsable:
        return _not_understood(unparsable)
    bucket = is_refused(statements, _EVERY_S3_ACTION, (arn,))
    objects = is_refused(statements, _EVERY_S3_ACTION, _object_probes(arn))
    if bucket and objects:
        return complies("The bucket policy denies plain HTTP.")
    open_for = {
        (False, True): "the bucket itself, for example to list its objects",
        (True, False): "the objects",
        (False, False): "the bucket and its objects",
    }[bucket, objects]
    return violates(
        f"The bucket policy allows plain HTTP for {open_for}."
        if policy
        else "No bucket policy denies plain HTTP.",
        expected="A Deny of s3:* for every principal on the bucket and its objects, with Bool"
        " aws:SecureTransport false and no other condition than one that spares AWS services.",
        severity=Severity.LOW if objects else None,
    )


def message_verdict(policy: str, arn: str, actions: Sequence[str]) -> Verdict:
    """Whether the policy of a topic or a queue denies plain HTTP for these actions."""
    try:
        statements = parse(policy) if policy else ()
    except Unparsable as unparsable:
        return _not_understood(unparsable)
    if is_refused(statements, actions, (arn,)):
        return complies("The policy denies plain HTTP.")
    return violates(
        f"The policy allows {listed(actions)} over plain HTTP.",
        expected=f"A Deny of {listed(actions)} for every principal with Bool aws:SecureTransport"
        " false.",
    )


def other_encryption_verdict(policy: str, arn: str) -> Verdict:
    """Whether a bucket policy denies uploads that request encryption without KMS."""
    try:
        statements = parse(policy) if policy else ()
    except Unparsable as unparsable:
        return _not_understood(unparsable)
    if any(refuses_other_encryption(statement, arn) for statement in statements):
        return complies("The bucket policy denies uploads without KMS encryption.")
    return violates(
        "The bucket policy does not deny uploads without KMS encryption.",
        expected="A Deny of s3:PutObject for every principal where"
        " s3:x-amz-server-side-encryption is not KMS.",
    )


def _not_understood(unparsable: Unparsable) -> Verdict:
    return cannot_tell(f"The policy cannot be parsed: {unparsable}.")
