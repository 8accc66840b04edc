"""Optimization: S3 transfers in parts, and requests in batches where that is possible."""

from typing import Annotated

from readiness import (
    Between,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    violates,
)
from readiness.engine.handler import handler_of
from readiness.evidence.awslambda.event_sources import EventSource, SourceTraffic
from readiness.evidence.dynamodb.usage import TableRequests
from readiness.evidence.iam.role_grants import RoleGrants
from readiness.evidence.kinesis import QueueWrites, StreamWrites
from readiness.evidence.s3.transfer import (
    ACCELERATION_TAG,
    AbortRules,
    BucketAcceleration,
    BucketWrites,
    StaleUploads,
)
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural
from readiness.model.verdict import Problem, violates_all
from readiness.semantics.metrics import total
from readiness.semantics.policy import Statement
from readiness.semantics.policy_patterns import is_service_wide, matches, overlap

from .batching import judge_source, judge_stream
from .settings import AttestationSettings, MinMessages
from .uploads import by_contents, by_requests, why_no_abort

optimization = heading("Performance", "Optimization")

BATCHING = "Implement request batching"
DYNAMODB = "Use DynamoDB batch operations"


# -- S3 ---------------------------------------------------------------------------------------


@optimization.rule("Enable S3 Transfer Acceleration", severity=Severity.INFORMATIONAL)
def transfer_acceleration(
    bucket: BucketAcceleration,
    *,
    require_all: Annotated[bool, "Require acceleration on every bucket"] = False,  # noqa: ARG001
    report_undeclared: Annotated[  # noqa: ARG001 - evidence is read with it
        bool, "Also report acceleration that no tag requires, at one read for each bucket"
    ] = False,
) -> Verdict:
    """S3 Transfer Acceleration is on for the buckets that require it, and for no others.

    The tag transfer-acceleration=required marks such a bucket: acceleration helps distant clients
    only and costs money for each gigabyte.
    """
    if bucket.name.endswith("--x-s3"):
        return not_applicable("Directory buckets have no transfer acceleration.")
    enabled = bucket.status == "Enabled"
    if not bucket.required:
        if not enabled:
            return not_applicable(
                f"No tag {ACCELERATION_TAG}=required asks for transfer acceleration."
            )
        return violates(
            f"Transfer acceleration is on, but no tag {ACCELERATION_TAG}=required asks for it.",
            expected=f"The tag {ACCELERATION_TAG}=required, or no acceleration.",
            status=bucket.status,
        )
    if "." in bucket.name:
        return violates(
            f"A bucket with a period in its name cannot be accelerated, but {bucket.required}.",
            expected="A bucket without a period in its name.",
            status=bucket.status,
        )
    if enabled:
        return complies(f"Transfer acceleration is on, and {bucket.required}.", status="Enabled")
    return violates(
        f"Transfer acceleration is {bucket.status or 'not set'}, but {bucket.required}.",
        expected="Transfer acceleration enabled.",
        status=bucket.status,
    )


@optimization.rule("Use S3 Multipart uploads", severity=Severity.LOW)
def multipart_cleanup(
    bucket: AbortRules,
    uploads: StaleUploads,
    *,
    max_days: Annotated[
        int, Between(1, 365), "An unfinished upload has to be removed after at most this many days"
    ] = 7,
    list_uploads: Annotated[  # noqa: ARG001 - evidence is read with it
        bool, "Also report old unfinished uploads, at one read for each bucket"
    ] = False,
) -> Verdict:
    """A lifecycle rule aborts incomplete multipart uploads, whose hidden parts cost money."""
    expected = f"An enabled rule for the whole bucket that aborts after at most {max_days} days."
    problems = []
    whole = [r for r in bucket.rules if r.enabled and not r.narrowed and r.days <= max_days]
    if not whole:
        problems.append(Problem(Severity.LOW, why_no_abort(bucket, max_days)))
    if uploads.count:
        count = plural(uploads.count, "unfinished upload")
        text = f"{count} began more than {max_days} days ago, the oldest on {uploads.oldest}."
        problems.append(Problem(Severity.LOW, text))
    if problems:
        return violates_all(problems, expected=expected, rules=len(bucket.rules))
    days = min(rule.days for rule in whole)
    return complies(f"Unfinished uploads are removed after {plural(days, 'day')}.", days=days)


@optimization.rule("Use S3 Multipart uploads", severity=Severity.LOW)
def multipart_use(
    bucket: BucketWrites,
    attested: Attested,
    *,
    attestation: AttestationSettings,
    large_mb: Annotated[
        int, Between(5, 5120), "Objects above this size have to be uploaded in parts, in MB"
    ] = 100,
    small_mb: Annotated[
        int, Between(1, 100), "Below this average size multipart uploads gain nothing, in MB"
    ] = 8,
) -> Verdict:
    """Large objects are uploaded with multipart uploads: faster, and retried part by part.

    S3 request metrics show it where they are on. Elsewhere the sizes of the stored objects show
    whether it matters, and an attestation says whether it is done.
    """
    facts = {
        "stored_bytes": bucket.stored,
        "objects": bucket.objects,
        "puts": bucket.puts,
        "posts": bucket.posts,
        "uploaded_bytes": bucket.uploaded,
    }
    seen = by_requests(bucket, large_mb, small_mb) or by_contents(bucket, large_mb, small_mb)
    if seen:
        return seen.observing(facts)
    if bucket.stored is None and not attested.statements:
        return cannot_tell(
            "CloudWatch has no storage metrics of the bucket: it is empty, or less than two days"
            " old."
        )
    return attestation.verdict(
        attested, "The use of multipart uploads for large objects"
    ).observing(facts)


# -- queues and streams -----------------------------------------------------------------------


@optimization.rule(BATCHING, severity=Severity.LOW)
def event_source_batching(
    mapping: EventSource,
    traffic: SourceTraffic,
    attested: Attested,
    *,
    attestation: AttestationSettings,
    min_msgs_per_min: MinMessages = 10,
    min_fill: Annotated[
        float,
        Between(0, 1),
        "Without a batching window, at least this share of a batch has to be filled",
    ] = 0.2,
) -> Verdict:
    """Event source mappings send batches to the function, and only failed items are retried.

    Without ReportBatchItemFailures one failed message makes the whole batch run again. A batch
    size of 1 (to keep the order, to isolate poison messages) needs an attested reason.
    """
    said = judge_source(mapping, traffic, min_msgs_per_min, min_fill)
    if said is None:
        if attested.statements:
            return attestation.verdict(
                attested, "A reason to hand over messages one by one", {"batch_size": 1}
            )
        return violates(
            f"The mapping passes one message at a time to {mapping.function} (BatchSize 1).",
            expected="A larger batch, or an attested reason (readiness attest add).",
            batch_size=1,
        )
    return said


@optimization.rule(BATCHING, severity=Severity.LOW)
def queue_producers(
    queue: QueueWrites,
    attested: Attested,
    *,
    attestation: AttestationSettings,
    min_msgs_per_min: MinMessages = 600,
) -> Verdict:
    """High-volume producers send messages with SendMessageBatch (attested: no API shows it).

    SendMessage and SendMessageBatch are data events, and the queue counts messages, not calls.
    """
    rate = (queue.sent.highest or 0) / 60
    if queue.sent.is_absent or rate < min_msgs_per_min:
        return not_applicable(
            f"At most {rate:,.1f} messages a minute were sent (busiest hour of the last day); the"
            f" rule applies from {min_msgs_per_min:g}.",
            messages_per_minute=rate,
        )
    return attestation.verdict(
        attested, "The use of SendMessageBatch by the producers of the queue"
    ).observing({"messages_per_minute": rate})


@optimization.rule(BATCHING, severity=Severity.LOW)
def stream_producers(
    stream: StreamWrites,
    attested: Attested,
    *,
    attestation: AttestationSettings,
    min_msgs_per_min: MinMessages = 600,
    min_batch_share: Annotated[
        float, Between(0, 1), "At least this share of the records has to come through PutRecords"
    ] = 0.5,
) -> Verdict:
    """High-volume producers of a stream use PutRecords, which takes up to 500 records a call."""
    said = judge_stream(stream, min_msgs_per_min, min_batch_share)
    if said is not None or not attested.statements:
        return said or violates(
            f"Producers put {stream.single.total or 0:,.0f} of"
            f" {plural(stream.records.total or 0, 'record')} of the last day one by one; at least"
            f" {min_batch_share:.0%} have to come through PutRecords.",
            expected="PutRecords, or an attested reason (readiness attest add).",
            put_record_calls=stream.single.total,
            put_records_calls=stream.calls.total,
        )
    return attestation.verdict(attested, "A reason to put records one by one")


# -- DynamoDB ---------------------------------------------------------------------------------


@optimization.rule(DYNAMODB, severity=Severity.INFORMATIONAL)
def dynamodb_batch(
    table: TableRequests,
    attested: Attested,
    *,
    attestation: AttestationSettings,
    min_ops_per_min: Annotated[
        float, Between(1, 10_000_000), "Applies from this many single-item requests a minute"
    ] = 300,
    min_batch_share: Annotated[
        float, Between(0, 1), "At least this share of the requests has to take several items"
    ] = 0.1,
) -> Verdict:
    """Busy tables are read and written with BatchGetItem, BatchWriteItem, transactions or Query.

    UpdateItem has no batch form and does not count. No metric shows whether unprocessed items
    are retried.
    """
    peak = table.peak
    if peak is None or peak < min_ops_per_min:
        return not_applicable(
            f"At most {peak or 0:,.0f} single-item requests a minute in the last day; the rule"
            f" applies from {min_ops_per_min:g}.",
            peak_per_minute=peak,
        )
    single, together = total(table.single.values()) or 0.0, total(table.together.values()) or 0.0
    share = together / (single + together)
    facts = {"single": single, "together": together, "share": share, "peak_per_minute": peak}
    if share >= min_batch_share:
        return complies(
            f"{share:.0%} of {plural(single + together, 'request')} in the last day took several"
            " items."
        ).observing(facts)
    if attested.statements:
        said = attestation.verdict(attested, "A reason for single-item requests")
        return said.observing(facts)
    return violates(
        f"{share:.1%} of {plural(single + together, 'request')} in the last day took several"
        f" items, at up to {peak:,.0f} single-item requests a minute; at least"
        f" {min_batch_share:.0%} have to.",
        expected=f"At least {min_batch_share:.0%}, or an attested reason (readiness attest add).",
    ).observing(facts)


@optimization.rule(DYNAMODB, severity=Severity.MEDIUM, opt_in="batch_roles")
def batch_permission(
    role: RoleGrants,
    *,
    batch_roles: Annotated[
        tuple[str, ...], "Names of the roles whose code calls batch operations of DynamoDB"
    ] = (),
    batch_actions: Annotated[tuple[str, ...], "The batch operations that this code calls"] = (
        "dynamodb:BatchGetItem",
        "dynamodb:BatchWriteItem",
    ),
) -> Verdict:
    """A role whose code calls DynamoDB batch operations is allowed to call them."""
    if role.name not in batch_roles:
        return not_applicable("The setting batch_roles does not name the role.")
    flawed = [each.name for each in (*role.documents, role.boundary) if each and each.flaw]
    lacking = [action for action in batch_actions if not _granted(role, action)]
    if flawed:
        return cannot_tell(f"These policies cannot be understood: {listed(flawed)}.")
    if lacking:
        return violates(
            f"Its code calls batch operations, but no policy allows {listed(lacking)}.",
            expected="A policy that allows what the code calls.",
            lacking=lacking,
        )
    return complies(
        f"Policies of the role allow {listed(sorted(batch_actions))} on at least one table."
    )


def _granted(role: RoleGrants, action: str) -> bool:
    """Whether a policy, and the boundary if there is one, allows the action on any table."""
    boundary = (role.boundary,) if role.boundary else ()
    about = [
        [s for document in documents for s in document.statements if s.names_action(action)]
        for documents in (role.documents, boundary or role.documents)
    ]
    if any(_denies(statement) for statements in about for statement in statements):
        return False
    return all(any(map(_reaches_a_table, statements)) for statements in about)


def _denies(statement: Statement) -> bool:
    """Whether it denies what it is about on every table, whatever the request is."""
    return (
        not statement.allows
        and not statement.conditions
        and (
            statement.names_every_resource
            or any(is_service_wide(each, "dynamodb") for each in statement.resources)
        )
    )


def _reaches_a_table(statement: Statement) -> bool:
    """Whether it allows something on at least one table; a statement about buckets does not."""
    return statement.allows and (
        bool(statement.not_resources) or any(map(_may_be_a_table, statement.resources))
    )


def _may_be_a_table(resource: str) -> bool:
    """Whether a table fits a resource pattern, whose last wildcard goes on beyond colons."""
    fields = resource.split(":", 5)
    if resource.endswith("*"):
        fields += ["*"] * (6 - len(fields))
    return len(fields) > 5 and matches(fields[2], "dynamodb") and overlap(fields[5], "table/*")


handler = handler_of(optimization)
