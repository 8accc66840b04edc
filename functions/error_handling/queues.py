"""Whether the redrive policy of a queue sets messages aside in a queue that can take them."""

from __future__ import annotations

from readiness import Severity, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.sqs.redrive import QueueRedrive
from readiness.evidence.workloads.failure_sinks import QueueSink
from readiness.model.text import listed
from readiness.model.verdict import Fact, violates_all

from .sinks import MOMENT, Checked, check_queue, in_time, refuses_source

EXPECTED = (
    "A redrive policy whose dead-letter queue exists, is of the same kind, lets the queue in and"
    " keeps messages at least as long."
)
DEFAULT_RECEIVES = 10
"""maxReceiveCount where a redrive policy does not say it (SQS API Reference)."""


def judge_queue(queue: QueueRedrive, min_receives: int) -> Verdict:
    """The verdict on the redrive policy of a queue beside the queue that it names."""
    if queue.flaw:
        return cannot_tell(
            f"Its redrive policy could not be understood: {queue.flaw}.",
            missing=("sqs:GetQueueAttributes",),
        )
    if not queue.dead:
        return _without(queue)
    checked = Checked()
    most = DEFAULT_RECEIVES if queue.most is None else queue.most
    if most < min_receives:
        checked.add(
            f"A message is set aside after it was received {most} times (maxReceiveCount); at"
            f" least {min_receives} are wanted.",
            Severity.MEDIUM,
        )
    if most * queue.visibility >= queue.retention:
        checked.add(
            f"A message expires after {in_time(queue.retention)}, before it can have been received"
            f" {most} times, {in_time(queue.visibility)} apart: none is ever set aside.",
            Severity.MEDIUM,
        )
    if queue.sink is not None:
        _check_sink(queue, queue.sink, checked)
    facts: dict[str, Fact] = {"dead_letter_queue": queue.dead, "max_receive_count": most}
    if checked.problems:
        return violates_all(checked.problems, expected=EXPECTED, **facts)
    if checked.doubts:
        return cannot_tell(" ".join(checked.doubts))
    name = queue.dead.rpartition(":")[2]
    return complies(f"A message goes to {name} after it was received {most} times.", **facts)


def judge_receives(queue: QueueRedrive) -> Verdict:
    """The verdict on how often a message is received before it is set aside."""
    if queue.senders and not queue.dead:
        return not_applicable("It takes what others could not process.")
    if queue.flaw:
        return cannot_tell(
            f"Its redrive policy could not be understood: {queue.flaw}.",
            missing=("sqs:GetQueueAttributes",),
        )
    if queue.dead and queue.most is not None and queue.most <= 1:
        return violates(
            f"A message is set aside after it was received once (maxReceiveCount {queue.most}).",
            expected="maxReceiveCount above 1; 5 where a Lambda function consumes the queue.",
        )
    if queue.dead:
        return complies(f"A message is received up to {queue.most or 10} times.")
    return complies("A message is received again until it is deleted or expires.")


def _check_sink(queue: QueueRedrive, sink: QueueSink, checked: Checked) -> None:
    """Add what keeps the queue that is named from taking messages, or from keeping them."""
    if not check_queue(sink, checked, fifo=queue.is_fifo, sender="the queue"):
        return
    if refuses_source(sink, queue.arn):
        checked.add(f"The redrive allow policy of {sink.name} does not allow the queue.")
    if sink.dead == queue.arn:
        checked.add(f"{sink.name} sends what fails there back to the queue, in a circle.")
    # A standard queue keeps the age of a message that it moves, a FIFO queue begins anew.
    if not queue.is_fifo and sink.retention < queue.retention:
        checked.add(
            f"{sink.name} keeps messages for {in_time(sink.retention)}, counted from when they"
            f" were first sent, and the queue for {in_time(queue.retention)}: a message may"
            " expire as soon as it is set aside.",
            Severity.MEDIUM,
        )


def _without(queue: QueueRedrive) -> Verdict:
    if queue.senders:
        return not_applicable(f"It takes what others could not process: {listed(queue.senders)}.")
    if queue.takes_dead_letters:
        return not_applicable("Its redrive allow policy says that it is a dead-letter queue.")
    if queue.retention <= MOMENT:
        return violates(
            f"It has no dead-letter queue, and messages expire after {in_time(queue.retention)}:"
            " what cannot be processed by then is lost, as whoever set so short a time may want.",
            expected=EXPECTED,
            severity=Severity.LOW,
        )
    return violates(
        "It has no dead-letter queue: a message that cannot be processed is received again and"
        f" again, and is lost after {in_time(queue.retention)}.",
        expected=EXPECTED,
    )
