"""Whether messages and records travel together, or one by one."""

from __future__ import annotations

from readiness.evidence.awslambda.event_sources import EventSource, SourceTraffic
from readiness.evidence.kinesis import StreamWrites
from readiness.model.verdict import (
    Problem,
    Severity,
    Verdict,
    complies,
    not_applicable,
    violates_all,
)

REPORTS = frozenset({"sqs", "kinesis", "dynamodb"})
"""Sources of which a function can say which items of a batch failed."""
PER_HOUR = 60


def judge_source(
    mapping: EventSource, traffic: SourceTraffic, least: float, fill: float
) -> Verdict | None:
    """How a mapping hands over; None where it does so one by one, which needs a reason.

    ``least`` is the rate (items a minute) from which it matters, ``fill`` the share of a batch
    that has to be filled where nothing is waited for.
    """
    if mapping.state not in {"Enabled", "Updating", "Enabling"}:
        return not_applicable(f"The mapping is {mapping.state or 'not told to be enabled'}.")
    items = traffic.items
    rate = None if items is None else (items.highest or 0) / PER_HOUR
    facts = {
        "batch_size": mapping.batch_size,
        "window_seconds": mapping.window,
        "items_per_minute": rate,
    }
    if rate is not None and rate < least:
        return not_applicable(
            f"At most {rate:,.1f} items a minute came in an hour of the last day: fewer than"
            f" {least:g}."
        ).observing(facts)
    if mapping.batch_size == 1:
        return None
    problems = []
    if mapping.service in REPORTS and not mapping.reports_failed_items:
        text = (
            f"Batches of up to {mapping.batch_size} are handed over without"
            " ReportBatchItemFailures: one that fails sends all of them round again."
        )
        problems.append(Problem(Severity.LOW, text))
    if text := _unfilled(mapping, traffic, fill):
        problems.append(Problem(Severity.LOW, text))
    if problems:
        return violates_all(
            problems, expected="Batches that are filled, and reports of the items that failed."
        ).observing(facts)
    return complies(
        f"Up to {mapping.batch_size} items are handed over at a time, after at most"
        f" {mapping.window} seconds."
    ).observing(facts)


def _unfilled(mapping: EventSource, traffic: SourceTraffic, fill: float) -> str:
    """That batches go out nearly empty because nothing is waited for; empty where they do not.

    A FIFO queue knows no window; the runs of a function with several sources are not told apart.
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
        f"A run took {size:.1f} items on average of the {mapping.batch_size} it may take, because"
        " no batching window is set."
    )


def judge_stream(stream: StreamWrites, least: float, share: float) -> Verdict | None:
    """How records are put into a stream; None where most come one by one."""
    rate = (stream.records.highest or 0) / PER_HOUR
    records, single = stream.records.total, stream.single.total or 0.0
    if not records or rate < least:
        return not_applicable(
            f"At most {rate:,.1f} records a minute were put in an hour of the last day: fewer"
            f" than {least:g}.",
            records_per_minute=rate,
        )
    together = max(0.0, 1 - single / records)
    if together < share:
        return None
    return complies(
        f"{together:.0%} of the {records:,.0f} records of the last day were put together.",
        put_record_calls=single,
        put_records_calls=stream.calls.total,
    )
