"""Whether a record of a stream that always fails is set aside instead of blocking the rest."""

from __future__ import annotations

from readiness.evidence.awslambda.event_sources import EventSource

from .sinks import Checked

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


def judge_stream(
    destination: str,
    retries: int | None,
    age: int | None,
    checked: Checked,
    is_shared_group: bool = False,  # noqa: FBT001, FBT002
) -> None:
    """Add what keeps a failed record from being set aside; -1 and None are for ever.

    A broker that delivers again by itself (``is_shared_group``) limits that itself.
    """
    if not destination:
        checked.add("What fails for good is dropped: it has no on-failure destination.")
    endless = (retries is None or retries < 0) and (age is None or age < 0)
    if endless and not is_shared_group:
        checked.add(
            "A record that always fails is tried until it expires, and its shard waits: neither"
            " the retries nor the age of a record are limited."
        )


def retries_off(service: str, retries: int | None) -> str:
    """How a pipe switches its retries off, empty if it does not."""
    if service in {"kinesis", "dynamodb"} and retries == 0:
        return "A failed batch is not tried again (MaximumRetryAttempts 0)."
    return ""
