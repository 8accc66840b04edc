"""Whether a resource policy denies requests without TLS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from readiness.model.text import listed
from readiness.model.verdict import Severity, Verdict, cannot_tell, complies, violates
from readiness.semantics.policy import Condition, Statement, Unparsable, parse

_TLS_1_2 = 1.2


def only_without_tls(condition: Condition) -> bool:
    """Whether a condition holds for every request over plain HTTP.

    Every request has ``aws:SecureTransport``. A request over plain HTTP has no ``s3:TlsVersion``,
    so ``NumericLessThan`` does not hold for it and ``NumericLessThanIfExists`` does.
    """
    if condition.key == "aws:securetransport":
        return condition.operator == "bool" and "false" in condition.lowered
    if condition.key == "s3:tlsversion":
        named = [_number(value) for value in condition.values]
        return (
            condition.operator == "numericlessthan"
            and condition.if_exists
            and max(named, default=0.0) >= _TLS_1_2
        )
    return False


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def refuses_plain_http(statement: Statement) -> bool:
    """Whether a statement denies plain HTTP to everyone, for every request.

    Conditions are ANDed, so a second condition lets requests through that do not meet it.
    ``NotPrincipal``, ``NotAction`` and ``NotResource`` make exceptions.
    """
    return (
        statement.effect == "Deny"
        and any(principal.is_anybody for principal in statement.principals)
        and not statement.not_actions
        and not statement.not_resources
        and len(statement.conditions) == 1
        and only_without_tls(statement.conditions[0])
    )


def is_refused(
    statements: Iterable[Statement], actions: Sequence[str], resources: Sequence[str]
) -> bool:
    """Whether a statement denies plain HTTP for all these actions on all these resources.

    Both are probes: names that only a wide enough pattern matches.
    """
    return any(
        refuses_plain_http(statement)
        and all(map(statement.names_action, actions))
        and all(map(statement.names_resource, resources))
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
    header = "s3:x-amz-server-side-encryption"
    if (
        statement.effect != "Deny"
        or not any(principal.is_anybody for principal in statement.principals)
        or statement.not_actions
        or statement.not_resources
        or not statement.names_action("s3:PutObject")
        or not all(map(statement.names_resource, _object_probes(arn)))
    ):
        return False
    others = [c for c in statement.conditions if not _asks_for_header(c, header)]
    return len(others) == 1 and _is_about_other_encryption(others[0], header)


def _asks_for_header(condition: Condition, header: str) -> bool:
    return (
        condition.operator == "null"
        and condition.key == header
        and condition.lowered == ("false",)
    )


def _is_about_other_encryption(condition: Condition, header: str) -> bool:
    if condition.key != header or condition.quantifier:
        return False
    match condition.operator:
        case "stringnotequals" | "stringnotlike":
            return set(condition.values) <= {"aws:kms", "aws:kms:dsse", "aws:kms*"}
        case "stringequals" | "stringlike":
            return "AES256" in condition.values
    return False


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
        " aws:SecureTransport false as its only condition.",
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
