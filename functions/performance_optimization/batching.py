"""Whether messages and records are sent and received in batches."""

from __future__ import annotations

from readiness.evidence.awslambda.event_sources import EventSource, SourceTraffic
from readiness.evidence.kinesis import StreamWrites
from readiness.model.text import plural
from readiness.model.verdict import (
    Problem,
    Severity,
    Verdict,
    complies,
    not_applicable,
    violates_all,
)

REPORTS = frozenset({"sqs", "kinesis", "dynamodb"})
"""Sources for which a function can report the failed items of a batch."""
PER_HOUR = 60


def judge_source(
    mapping: EventSource, traffic: SourceTraffic, least: float, fill: float
) -> Verdict | None:
    """The verdict on a mapping's batches; None for a batch size of 1, which needs a reason.

    ``least`` is the rate (items a minute) from which the rule applies, ``fill`` the share of a
    batch that has to be filled if there is no batching window.
    """
    if mapping.is_off or not mapping.state:
        return not_applicable(f"The mapping is {mapping.state or 'in no known state'}.")
    items = traffic.items
    rate = None if items is None else (items.highest or 0) / PER_HOUR
    facts = {
        "batch_size": mapping.batch_size,
        "window_seconds": mapping.window,
        "items_per_minute": rate,
    }
    if rate is not None and rate < least:
        return not_applicable(
            f"At most {rate:,.1f} items a minute arrived (busiest hour of the last day); the rule"
            f" applies from {least:g}."
        ).observing(facts)
    if mapping.batch_size == 1:
        return None
    problems = []
    if mapping.service in REPORTS and not mapping.reports_failed_items:
        text = (
            f"ReportBatchItemFailures is off: one failed item makes the whole batch of up to"
            f" {mapping.batch_size} run again."
        )
        problems.append(Problem(Severity.LOW, text))
    if text := _unfilled(mapping, traffic, fill):
        problems.append(Problem(Severity.LOW, text))
    if problems:
        return violates_all(
            problems, expected="Filled batches, and ReportBatchItemFailures."
        ).observing(facts)
    return complies(
        f"The function gets up to {plural(mapping.batch_size, 'item')} at a time, after at most"
        f" {plural(mapping.window, 'second')}."
    ).observing(facts)


def _unfilled(mapping: EventSource, traffic: SourceTraffic, fill: float) -> str:
    """A sentence if batches are nearly empty for want of a batching window, else empty.

    FIFO queues have no batching window. With several sources it is not known which of them
    started a run.
    """
    if mapping.window or mapping.is_fifo or mapping.service not in REPORTS:
        return ""
    items, runs = traffic.items, traffic.invocations.total
    if items is None or not items.total or not runs or traffic.shared_with:
        return ""
    size = items.total / runs
    if size >= fill * mapping.batch_size:
        return ""
    return (
        f"Batches hold {size:.1f} of {plural(mapping.batch_size, 'item')} on average, less than"
        f" {fill:.0%}, and no batching window is set."
    )


def judge_stream(stream: StreamWrites, least: float, share: float) -> Verdict | None:
    """The verdict on how records are put into a stream; None if too many come one by one."""
    rate = (stream.records.highest or 0) / PER_HOUR
    records, single = stream.records.total, stream.single.total or 0.0
    if not records or rate < least:
        return not_applicable(
            f"At most {rate:,.1f} records a minute were put (busiest hour of the last day); the"
            f" rule applies from {least:g}.",
            records_per_minute=rate,
        )
    together = max(0.0, 1 - single / records)
    if together < share:
        return None
    return complies(
        f"{together:.0%} of {plural(records, 'record')} in the last day came through PutRecords.",
        put_record_calls=single,
        put_records_calls=stream.calls.total,
    )
