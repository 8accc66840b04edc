"""Whether a failure destination exists, and its policy and key let the sender in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from readiness import Severity
from readiness.evidence.workloads.failure_sinks import KAFKA, QueueSink
from readiness.model.text import listed, plural
from readiness.model.verdict import Problem
from readiness.semantics.admission import Answer, admits
from readiness.semantics.requesters import acting

SEND, KEY_USE = ("sqs:SendMessage",), ("kms:GenerateDataKey", "kms:Decrypt")
LEAST_RETENTION = 86_400
"""Seconds: a day. The default of SQS is four, the least a minute."""
MOMENT = 900
"""Seconds. Whoever lets messages expire within minutes wants them only while they are fresh, as
Karpenter does with notices of interruption (300 s)."""
EVENTBRIDGE, SNS = "events.amazonaws.com", "sns.amazonaws.com"


def in_time(seconds: int) -> str:
    """A time in the largest unit that tells it exactly: ``4 days``, ``90 minutes``."""
    units = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
    unit, size = next(each for each in units if seconds % each[1] == 0)
    return plural(seconds // size, unit)


@dataclass(frozen=True, slots=True)
class Sender:
    """A service that sends to a queue as itself, for one resource of the account.

    ``fifo`` says which kind of queue it can send to, None for either.
    """

    service: str
    spoken: str
    arn: str
    fifo: bool | None = False


@dataclass(slots=True)
class Checked:
    """What is wrong with destinations of failures, what could not be told, and what is over."""

    problems: list[Problem] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    past: list[str] = field(default_factory=list)

    @property
    def reminder(self) -> str:
        """What was lost before the destinations took what fails; empty where nothing was."""
        return " ".join(self.past)

    def add_loss(self, text: str, severity: Severity, *, is_past: bool) -> None:
        """Add what was lost in the last week.

        Where nothing is wrong with the destinations and none was lost in the last 24 hours, they
        were repaired since.
        """
        if is_past and not self.problems and not self.doubts:
            self.past.append(f"{text} None in the last 24 hours.")
        else:
            self.add(text, severity)

    def add(self, text: str, severity: Severity = Severity.HIGH) -> None:
        """Add a problem, once if several roles send to the same place."""
        problem = Problem(severity, text)
        if problem not in self.problems:
            self.problems.append(problem)


def check_queue(sink: QueueSink, checked: Checked, *, fifo: bool | None, sender: str) -> bool:
    """Whether there is such a queue, of a kind that can take failures, with a usable key."""
    if sink.is_hidden:
        checked.doubts.append(
            f"The queue {sink.name}, to which {sender} sends failures, belongs to account"
            f" {sink.arn.split(':')[4]}, which does not show it."
        )
    elif not sink.exists:
        checked.add(f"The queue {sink.name}, to which {sender} sends failures, does not exist.")
    elif fifo is not None and sink.is_fifo is not fifo:
        kinds = ("standard", "FIFO")
        checked.add(
            f"{sink.name} is a {kinds[sink.is_fifo]} queue, and {sender} sends failures only to a"
            f" {kinds[fifo]} queue."
        )
    elif sink.key_problem:
        checked.add(f"The KMS key of the queue {sink.name} {sink.key_problem}.")
    else:
        if sink.retention < LEAST_RETENTION:
            checked.add(
                f"{sink.name} keeps what failed for {in_time(sink.retention)}, too short"
                " for anyone to look at it.",
                Severity.MEDIUM,
            )
        return True
    return False


def check_service(sink: QueueSink, checked: Checked, sender: Sender) -> None:
    """Whether a service that sends as itself is let in by the queue and by its key."""
    if not check_queue(sink, checked, fifo=sender.fifo, sender=sender.spoken):
        return
    account = sender.arn.split(":")[4]
    requests = acting(sender.service, account, sender.arn)
    lets = (
        admits(sink.policy, SEND, sink.arn, sender.service, requests) if sink.policy else Answer.NO
    )
    if lets is Answer.NO:
        checked.add(
            f"The policy of the queue {sink.name} does not let {sender.spoken} send to it."
        )
    elif lets is Answer.MAYBE:
        checked.doubts.append(
            f"Whether the policy of the queue {sink.name} lets {sender.spoken} send to it depends"
            " on conditions that AWS does not show."
        )
    if sink.is_aws_key:
        checked.add(
            f"The queue {sink.name} is encrypted with alias/aws/sqs, which lets no other service"
            f" use it: {sender.spoken} cannot send to it."
        )
    elif sink.key_policy:
        opens = admits(sink.key_policy, KEY_USE, sink.key_arn, sender.service, requests)
        if opens is Answer.NO:
            checked.add(
                f"The KMS key of the queue {sink.name} does not let {sender.spoken} encrypt."
            )
        elif opens is Answer.MAYBE:
            checked.doubts.append(
                f"Whether the KMS key of the queue {sink.name} lets {sender.spoken} encrypt"
                " depends on conditions that AWS does not show."
            )
    elif sink.key_id and not sink.key_arn:
        checked.doubts.append(
            f"The queue {sink.name} is encrypted with a key of another account, whose policy is"
            " not visible here."
        )


def check_sight(missing: Iterable[str], unseen: Iterable[str], checked: Checked) -> None:
    """Whether the functions, event buses and buckets exist that failures are sent to."""
    for arn in missing:
        what = {"events": "event bus", "lambda": "function"}[arn.split(":")[2]]
        checked.add(f"The {what} {arn}, to which failures are sent, does not exist.")
    for arn in unseen:
        hidden = (
            "a Kafka topic, which no API of AWS shows"
            if arn.startswith(KAFKA)
            else "which is not of this account"
        )
        checked.doubts.append(
            f"Failures are sent to {arn}, {hidden}: whether it exists and takes them is not"
            " visible here."
        )


def check_bare(
    bare: Iterable[tuple[str, str]], sinks: Iterable[QueueSink], checked: Checked
) -> None:
    """Add what has no dead-letter queue: LOW where it delivers to a queue for what is fresh.

    Each is a name and where it delivers to, as an ARN; ``sinks`` has the queues among those.
    """
    moments = {
        sink.arn
        for sink in sinks
        if sink.exists and not sink.is_hidden and sink.retention <= MOMENT
    }
    bare = list(bare)
    if lasting := [name for name, arn in bare if arn not in moments]:
        checked.add(f"Without a dead-letter queue: {listed(lasting)}.")
    if passing := [name for name, arn in bare if arn in moments]:
        goal = "a queue that keeps" if len(passing) == 1 else "queues that keep"
        checked.add(
            f"Without a dead-letter queue: {listed(passing)}, to {goal} messages only for minutes,"
            " as whoever wants them while they are fresh may set.",
            Severity.LOW,
        )


def check_circles(routes: Iterable[tuple[str, str, str]], checked: Checked) -> None:
    """Add what sends its failures to where they could not be delivered.

    Each route is a name, where it delivers to and where what fails goes, both as ARNs.
    """
    circles = [name for name, target, dead in routes if dead and dead == target]
    if circles:
        checked.add(
            "The dead-letter queue is what could not be reached, so what fails is kept nowhere:"
            f" {listed(circles)}."
        )


def refuses_source(sink: QueueSink, source: str) -> bool:
    """Whether the redrive allow policy of a queue shuts a source queue out."""
    try:
        policy = json.loads(sink.allows) if sink.allows else {}
    except (ValueError, RecursionError):
        return False  # SQS refuses what is no JSON, so this is none of its answers
    if not isinstance(policy, Mapping):
        return False
    permission = policy.get("redrivePermission", "allowAll")
    if permission == "byQueue":
        return source not in (policy.get("sourceQueueArns") or ())
    return bool(permission == "denyAll")
