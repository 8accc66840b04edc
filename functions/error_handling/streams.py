"""Whether a record of a stream that always fails is set aside instead of blocking the rest."""

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
from readiness.evidence.awslambda.event_sources import EventSource, SourceFailures
from readiness.evidence.iam.role_grants import RoleGrants
from readiness.evidence.pipes import PipeSource
from readiness.evidence.workloads.failure_sinks import BucketSink, QueueSink, TopicSink

from .rights import RoleSender, check_buckets, check_queues, check_topics
from .sinks import Checked, check_circles, check_sight

STREAMS = {"kinesis", "dynamodb", "kafka"}
"""Sources for which Lambda has an on-failure destination."""


def why_no_destination(source: EventSource) -> str:
    """Why an event source mapping needs no on-failure destination, empty where it does."""
    if source.is_off:
        return "The mapping is disabled."
    if source.service == "sqs":
        return "It polls a queue, whose own redrive policy queue-redrive judges."
    if source.service not in STREAMS:
        return "Lambda has no on-failure destination for a source of this kind."
    return ""


_KEPT = {"dynamodb": 86_400}
"""For how many seconds a stream keeps a record, where that cannot be changed."""


def judge_destination(destination: str, checked: Checked) -> None:
    """Add that what fails is dropped."""
    if not destination:
        checked.add("What fails for good is dropped: it has no on-failure destination.")


def judge_limits(service: str, retries: int | None, age: int | None, checked: Checked) -> None:
    """Add what keeps a failed record from being set aside; -1 and None are for ever."""
    if retries is not None and retries >= 0:
        return
    kept = _KEPT.get(service)
    if age is None or age < 0:
        checked.add(
            "A record that always fails is tried until it expires, and its shard waits: neither"
            " the retries nor the age of a record are limited."
        )
    elif kept and age >= kept:
        checked.add(
            "A record that always fails is tried until it expires, and its shard waits: the stream"
            f" keeps it for {kept:,} seconds, and its age is limited to {age:,}."
        )


def _is_limited(source: EventSource) -> bool:
    """Whether a record of Kafka is set aside at some time without a limit of its own.

    In Queue mode the broker delivers it again, up to its own limit. Where there is an on-failure
    destination, Lambda tries it ten times (Lambda developer guide, "Using a Kafka topic as an
    on-failure destination").
    """
    return source.is_shared_group or (source.service == "kafka" and bool(source.destination))


def retries_off(service: str, retries: int | None) -> str:
    """How a pipe switches its retries off, empty if it does not."""
    if service in {"kinesis", "dynamodb"} and retries == 0:
        return "A failed batch is not tried again (MaximumRetryAttempts 0)."
    return ""


def judge_source(
    failures: SourceFailures,
    queue_sinks: tuple[QueueSink, ...],
    topic_sinks: tuple[TopicSink, ...],
    bucket_sinks: tuple[BucketSink, ...],
    grants: RoleGrants | None,
) -> Verdict:
    """The verdict on where Lambda puts what a function fails to process of a stream."""
    source = failures.source
    if why := why_no_destination(source):
        return not_applicable(why)
    checked = Checked()
    sender = RoleSender(grants, f"the function {source.function}", "Lambda")
    check_queues(queue_sinks, sender, checked)
    check_topics(topic_sinks, sender, checked)
    check_buckets(bucket_sinks, sender, checked, source.uuid)
    check_sight(failures.missing, failures.unseen, checked)
    judge_destination(source.destination, checked)
    if not _is_limited(source):
        judge_limits(source.service, source.retries, source.age, checked)
    if checked.problems:
        return violates_all(
            checked.problems,
            expected="An on-failure destination, and a limit of retries or of the record age.",
            destination=source.destination,
            retries=source.retries,
            age=source.age,
        )
    if checked.doubts:
        return cannot_tell(" ".join(checked.doubts))
    return complies(f"Failed batches go to {source.destination}.")


def judge_pipe(
    pipe: PipeSource,
    queue_sinks: tuple[QueueSink, ...],
    topic_sinks: tuple[TopicSink, ...],
    grants: RoleGrants | None,
) -> Verdict:
    """The verdict on where a pipe puts what it fails to deliver of a stream."""
    if pipe.is_stopped:
        return not_applicable("It is stopped.")
    if pipe.service == "sqs":
        return not_applicable("It reads a queue, whose own redrive policy queue-redrive judges.")
    if pipe.service not in {"kinesis", "dynamodb"}:
        return not_applicable("Pipes has no dead-letter queue for a source of this kind.")
    checked = Checked()
    sender = RoleSender(grants, "the pipe", "Pipes")
    check_queues(queue_sinks, sender, checked)
    check_topics(topic_sinks, sender, checked)
    check_circles([(pipe.name, pipe.target, pipe.dead)], checked)
    judge_destination(pipe.dead, checked)
    judge_limits(pipe.service, pipe.retries, pipe.age, checked)
    if checked.problems:
        return violates_all(
            checked.problems,
            expected="A dead-letter queue, and a limit of retries or of the record age.",
        )
    if checked.doubts:
        return cannot_tell(" ".join(checked.doubts))
    return complies(f"What fails goes to {pipe.dead}.")


def judge_source_retries(source: EventSource) -> Verdict:
    """The verdict on what Lambda tries again of a queue or stream, and how much of it."""
    if source.is_off:
        return not_applicable("The mapping is disabled.")
    problems = []
    if source.service != "sqs" and not source.is_shared_group and source.retries == 0:
        problems.append(
            Problem(Severity.MEDIUM, "A failed batch is not tried again (MaximumRetryAttempts 0).")
        )
    repeats = source.service in {"sqs", *STREAMS - {"kafka"}} and source.batch_size > 1
    if repeats and not source.reports_failed_items and not source.bisects:
        problems.append(
            Problem(
                Severity.LOW,
                f"One item that fails has its batch of up to {source.batch_size} done again"
                " (no ReportBatchItemFailures).",
            )
        )
    if problems:
        return violates_all(
            problems,
            expected="Retries left on, and ReportBatchItemFailures for batches of several items.",
        )
    return complies("What failed is tried again.")
