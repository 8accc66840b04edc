"""Optimization: data moves in large pieces, and requests go together where they can."""

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
    TAG,
    AbortRules,
    BucketAcceleration,
    BucketWrites,
    StaleUploads,
)
from readiness.model.attestation import Attested
from readiness.model.text import listed
from readiness.model.verdict import Problem, violates_all
from readiness.semantics.metrics import total

from .batching import judge_source, judge_stream

optimization = heading("Performance", "Optimization")

MB = 1024 * 1024
BATCHING = "Implement request batching"
DYNAMODB = "Use DynamoDB batch operations"

MaxAge = Annotated[int, Between(1, 730), "How many days an attestation holds"]
TwoPeople = Annotated[bool, "Whether a second person has to approve an attestation"]
MinMessages = Annotated[
    float, Between(0, 1_000_000), "From how many items a minute on, in the busiest hour of a day"
]


# -- S3 ---------------------------------------------------------------------------------------


@optimization.rule("Enable S3 Transfer Acceleration", severity=Severity.INFORMATIONAL)
def transfer_acceleration(
    bucket: BucketAcceleration,
    *,
    require_all: Annotated[bool, "Want acceleration on every bucket"] = False,  # noqa: ARG001
    report_undeclared: Annotated[  # noqa: ARG001, evidence asks with it
        bool, "Also look for acceleration that no tag asks for, at one read a bucket"
    ] = False,
) -> Verdict:
    """A bucket that is to be reached from afar is accelerated; inside a region it gains nothing.

    It is to be where the tag transfer-acceleration=required says so: acceleration is paid for
    by the gigabyte.
    """
    if bucket.name.endswith("--x-s3"):
        return not_applicable("A directory bucket has no transfer acceleration.")
    enabled = bucket.status == "Enabled"
    if not bucket.required:
        if not enabled:
            return not_applicable(f"No tag {TAG}=required asks for transfer acceleration.")
        return violates(
            f"Transfer acceleration is on, and no tag {TAG}=required says that it is wanted.",
            expected=f"The tag {TAG}=required, or no acceleration.",
            status=bucket.status,
        )
    if "." in bucket.name:
        return violates(
            f"Its name has a period, so that it cannot be accelerated, and {bucket.required}.",
            expected="A bucket without a period in its name.",
            status=bucket.status,
        )
    if enabled:
        return complies(f"Transfer acceleration is on, and {bucket.required}.", status="Enabled")
    return violates(
        f"Transfer acceleration is {bucket.status or 'not set'}, and {bucket.required}.",
        expected="Transfer acceleration Enabled.",
        status=bucket.status,
    )


@optimization.rule("Use S3 Multipart uploads", severity=Severity.LOW)
def multipart_cleanup(
    bucket: AbortRules,
    uploads: StaleUploads,
    *,
    max_days: Annotated[
        int, Between(1, 365), "After how many days an unfinished upload is to be removed"
    ] = 7,
    list_uploads: Annotated[  # noqa: ARG001, evidence asks with it
        bool, "Also look for old unfinished uploads, at one read a bucket"
    ] = False,
) -> Verdict:
    """Parts of uploads that were never completed are removed; else they are paid for unseen."""
    expected = f"An enabled rule for the whole bucket that aborts after {max_days} days or fewer."
    problems = []
    whole = [r for r in bucket.rules if r.enabled and not r.narrowed and r.days <= max_days]
    if not whole:
        problems.append(Problem(Severity.LOW, _why_no_abort(bucket, max_days)))
    if uploads.count:
        text = f"Uploads are unfinished: {uploads.count}, the oldest since {uploads.oldest}."
        problems.append(Problem(Severity.LOW, text))
    if problems:
        return violates_all(problems, expected=expected, rules=len(bucket.rules))
    days = min(rule.days for rule in whole)
    return complies(f"Unfinished uploads are removed after {days} days.", days=days)


def _why_no_abort(bucket: AbortRules, max_days: int) -> str:
    if not bucket.rules:
        return "No lifecycle rule aborts unfinished multipart uploads."
    said = [
        f"{rule.id or 'unnamed'}"
        + (
            " is disabled"
            if not rule.enabled
            else f" covers only {rule.narrowed}"
            if rule.narrowed
            else f" waits {rule.days} days, more than {max_days}"
        )
        for rule in bucket.rules
    ]
    return f"No lifecycle rule removes unfinished uploads of the whole bucket: {listed(said)}."


@optimization.rule("Use S3 Multipart uploads", severity=Severity.LOW)
def multipart_use(
    bucket: BucketWrites,
    attested: Attested,
    *,
    large_mb: Annotated[
        int, Between(5, 5120), "From what size on objects go up in parts (MB)"
    ] = 100,
    small_mb: Annotated[
        int, Between(1, 100), "Below what average size parts make no sense (MB)"
    ] = 8,
    max_age_days: MaxAge = 365,
    two_people: TwoPeople = False,
) -> Verdict:
    """Large objects go up in parts, side by side, each of which can be sent again alone.

    Request metrics show it where they are on; elsewhere the sizes held say whether it matters,
    and people say whether it is done.
    """
    facts = {
        "stored_bytes": bucket.stored,
        "objects": bucket.objects,
        "puts": bucket.puts,
        "posts": bucket.posts,
        "uploaded_bytes": bucket.uploaded,
    }
    seen = _by_requests(bucket, large_mb, small_mb) or _by_contents(bucket, large_mb, small_mb)
    if seen:
        return seen.observing(facts)
    said = attested.verdict(
        "The use of multipart uploads for large objects",
        max_age_days=max_age_days,
        two_people=two_people,
    ).observing(facts)
    if bucket.stored is None and not attested.statements:
        return cannot_tell(
            "CloudWatch has no storage metrics of the bucket: it is empty, or younger than two"
            " days."
        )
    return said


def _by_requests(bucket: BucketWrites, large_mb: int, small_mb: int) -> Verdict | None:
    """What request metrics of a week show; None where they are off or show nothing."""
    if bucket.posts:
        return complies(
            f"Multipart uploads are in use: {bucket.posts:,.0f} POST requests in 7 days."
        )
    if not bucket.puts or bucket.uploaded is None:
        return None
    size = bucket.uploaded / bucket.puts / MB
    if size > large_mb:
        return violates(
            f"What is put into the bucket has {size:,.0f} MB on average, and no multipart upload"
            " was begun in 7 days.",
            expected=f"Multipart uploads from {large_mb} MB on.",
        )
    if size < small_mb:
        return not_applicable(
            f"What is put into the bucket has {size:.1f} MB on average: too small for parts."
        )
    return None


def _by_contents(bucket: BucketWrites, large_mb: int, small_mb: int) -> Verdict | None:
    """What the bucket's size shows: no object is larger than all of them together."""
    if bucket.stored is None:
        return None
    if bucket.stored < large_mb * MB:
        return not_applicable(
            f"The bucket holds {bucket.stored / MB:,.1f} MB in all, so no object has {large_mb}."
        )
    if bucket.objects and bucket.stored / bucket.objects < small_mb * MB:
        size = bucket.stored / bucket.objects / MB
        return not_applicable(
            f"The objects in the bucket have {size:.1f} MB on average: too small for parts."
        )
    return None


# -- queues and streams -----------------------------------------------------------------------


@optimization.rule(BATCHING, severity=Severity.LOW)
def event_source_batching(
    mapping: EventSource,
    traffic: SourceTraffic,
    attested: Attested,
    *,
    min_msgs_per_min: MinMessages = 10,
    min_fill: Annotated[
        float, Between(0, 1), "The smallest share of a batch that may be filled without a window"
    ] = 0.2,
    max_age_days: MaxAge = 365,
    two_people: TwoPeople = False,
) -> Verdict:
    """A function takes several messages at a time, and says which of them failed.

    Without ReportBatchItemFailures one bad message sends the whole batch round again. A batch
    of one, for order or to isolate poison, is for people to justify.
    """
    said = judge_source(mapping, traffic, min_msgs_per_min, min_fill)
    if said is None:
        verdict = attested.verdict(
            "A reason to hand over messages one by one",
            max_age_days=max_age_days,
            bound={"batch_size": 1},
            two_people=two_people,
        )
        if attested.statements:
            return verdict
        return violates(
            f"The mapping hands {mapping.function} one message at a time (BatchSize 1).",
            expected="A larger batch, or an attested reason (readiness attest).",
            batch_size=1,
        )
    return said


@optimization.rule(BATCHING, severity=Severity.LOW)
def queue_producers(
    queue: QueueWrites,
    attested: Attested,
    *,
    min_msgs_per_min: MinMessages = 600,
    max_age_days: MaxAge = 365,
    two_people: TwoPeople = False,
) -> Verdict:
    """Whoever sends many messages sends ten at a time; only people can say so.

    SendMessage and SendMessageBatch are data events, and the queue counts messages alone.
    """
    rate = (queue.sent.highest or 0) / 60
    if queue.sent.is_absent or rate < min_msgs_per_min:
        return not_applicable(
            f"At most {rate:,.1f} messages a minute were sent in an hour of the last day: fewer"
            f" than {min_msgs_per_min:g}.",
            messages_per_minute=rate,
        )
    return attested.verdict(
        "The use of SendMessageBatch by the producers of the queue",
        max_age_days=max_age_days,
        two_people=two_people,
        messages_per_minute=rate,
    )


@optimization.rule(BATCHING, severity=Severity.LOW)
def stream_producers(
    stream: StreamWrites,
    attested: Attested,
    *,
    min_msgs_per_min: MinMessages = 600,
    min_batch_share: Annotated[
        float, Between(0, 1), "The lowest share of records that are put together with others"
    ] = 0.5,
    max_age_days: MaxAge = 365,
    two_people: TwoPeople = False,
) -> Verdict:
    """Whoever puts many records into a stream puts them with PutRecords, up to 500 at a time."""
    said = judge_stream(stream, min_msgs_per_min, min_batch_share)
    if said is not None or not attested.statements:
        return said or violates(
            f"{stream.single.total or 0:,.0f} of {stream.records.total or 0:,.0f} records of the"
            " last day were put one by one.",
            expected="PutRecords, or an attested reason (readiness attest).",
            put_record_calls=stream.single.total,
            put_records_calls=stream.calls.total,
        )
    return attested.verdict(
        "A reason to put records one by one", max_age_days=max_age_days, two_people=two_people
    )


# -- DynamoDB ---------------------------------------------------------------------------------


@optimization.rule(DYNAMODB, severity=Severity.INFORMATIONAL)
def dynamodb_batch(
    table: TableRequests,
    attested: Attested,
    *,
    min_ops_per_min: Annotated[
        float, Between(1, 10_000_000), "From how many single-item requests a minute on"
    ] = 300,
    min_batch_share: Annotated[
        float, Between(0, 1), "The lowest share of requests that take several items"
    ] = 0.1,
    max_age_days: MaxAge = 365,
    two_people: TwoPeople = False,
) -> Verdict:
    """Many items are read and written together: BatchGetItem, BatchWriteItem, Query.

    UpdateItem has no batch form and does not count. What DynamoDB left unprocessed, and
    whether it is tried again, no metric tells.
    """
    peak = table.peak
    if peak is None or peak < min_ops_per_min:
        return not_applicable(
            f"At most {peak or 0:,.0f} single-item requests a minute in the last day: fewer than"
            f" {min_ops_per_min:g}.",
            peak_per_minute=peak,
        )
    single, together = total(table.single.values()) or 0.0, total(table.together.values()) or 0.0
    share = together / (single + together)
    facts = {"single": single, "together": together, "share": share, "peak_per_minute": peak}
    if share >= min_batch_share:
        return complies(
            f"{share:.0%} of the {single + together:,.0f} requests of the last day took several"
            " items."
        ).observing(facts)
    if attested.statements:
        return attested.verdict(
            "A reason for single-item requests",
            max_age_days=max_age_days,
            two_people=two_people,
        ).observing(facts)
    return violates(
        f"{share:.1%} of the {single + together:,.0f} requests of the last day took several"
        f" items, at up to {peak:,.0f} single-item requests a minute.",
        expected=f"{min_batch_share:.0%} or more, or an attested reason (readiness attest).",
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
    """A role whose code calls batch operations may call them; nobody notices before it runs."""
    if role.name not in batch_roles:
        return not_applicable("The setting batch_roles does not name it.")
    flawed = [each.name for each in (*role.documents, role.boundary) if each and each.flaw]
    lacking = [action for action in batch_actions if not _granted(role, action)]
    if flawed:
        return cannot_tell(f"Nothing can be made of the policies {listed(flawed)}.")
    if lacking:
        return violates(
            f"Its code batches, and no policy of it allows {listed(lacking)}.",
            expected="A policy that allows what the code calls.",
            lacking=lacking,
        )
    return complies(f"Its policies allow {listed(sorted(batch_actions))} on some table.")


def _granted(role: RoleGrants, action: str) -> bool:
    """Whether a policy, and the boundary if there is one, allows the action on any table."""
    boundary = (role.boundary,) if role.boundary else role.documents
    return all(
        any(
            statement.allows and statement.names_action(action)
            for document in documents
            for statement in document.statements
        )
        for documents in (role.documents, boundary)
    )


handler = handler_of(optimization)
