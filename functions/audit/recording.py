"""Whether AWS Config records what the rules of this project are woken by, and delivers it."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from readiness import (
    Problem,
    Severity,
    Unreadable,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)
from readiness.evidence.config.recording import (
    Channel,
    ConfigurationRecorder,
    Delivery,
    Recorder,
    RecordersOfOthers,
)
from readiness.model.text import listed, plural
from readiness.model.verdict import violates_all

RECORDED_TYPES = Path(__file__).with_name("recorded_types.json")
"""The types whose configuration items wake rules of this project, written by ``make template``.

``global`` are those of them that AWS Config records in one region for all.
"""

_DISPENSABLE = frozenset({"AWS::EC2::NetworkInterface"})
"""AWS makes one for each task and for VPC functions. Many leave them out for what each item costs,
and API events tell the same rules of the same changes."""

EXPECTED = "A customer managed recorder that records every type that the rules depend on."


def required_of(seen: Recorder, types: Collection[str], global_region: str) -> tuple[str, ...]:
    """The types that the recorder of this region has to record."""
    if types:
        return tuple(types)
    wake = _types_that_wake()
    is_home = (global_region or seen.global_home) == seen.region
    regional = (each for each in wake["regional"] if each not in _DISPENSABLE)
    return (*regional, *(wake["global"] if is_home else ()))


@functools.cache
def _types_that_wake() -> Mapping[str, Sequence[str]]:
    types: Mapping[str, Sequence[str]] = json.loads(RECORDED_TYPES.read_text("utf-8"))
    return types


def judge_recorder(
    seen: Recorder,
    others: RecordersOfOthers | Unreadable,
    required: Collection[str],
    *,
    allow_daily: bool,
    pending: timedelta,
) -> Verdict:
    """The verdict on the recorder: whether there is one, whether it works, what it records."""
    recorder = seen.recorder
    if recorder is None:
        return violates(_none(others), expected=EXPECTED)
    if recorder.status is None:
        return cannot_tell(
            f"AWS Config gives no status of the recorder {recorder.name}.", recorder=recorder.name
        )
    if fault := seen.fault(recorder.status, pending):
        return violates(
            f"The recorder {recorder.name} {fault}.",
            expected="A recorder that records, and whose last recording succeeded.",
            recorder=recorder.name,
            last_status=recorder.status.last,
        )
    missing = sorted(each for each in required if not recorder.records(each))
    daily = sorted(each for each in required if each not in missing and recorder.is_daily(each))
    problems = []
    if missing:
        text = (
            f"The recorder {recorder.name} does not record {_of(missing, required)}, which"
            f" rules depend on: {listed(missing)}."
        )
        problems.append(Problem(Severity.MEDIUM, text))
    if daily and not allow_daily:
        text = f"It records {listed(daily)} once a day; allow_daily is off."
        problems.append(Problem(Severity.LOW, text))
    facts = {"recorder": recorder.name, "strategy": str(recorder.strategy), "daily": daily}
    if problems:
        return violates_all(problems, expected=EXPECTED, not_recorded=missing, **facts)
    return complies(
        f"The recorder {recorder.name} records all {plural(len(required), 'required type')}."
        + _late(daily),
        **facts,
    )


def _none(others: RecordersOfOthers | Unreadable) -> str:
    if isinstance(others, Unreadable) or not others.owners:
        return "AWS Config has no customer managed recorder in this region."
    return (
        "AWS Config has no customer managed recorder in this region. That of"
        f" {listed(others.owners)} records for its owner alone."
    )


def _of(missing: Collection[str], required: Collection[str]) -> str:
    return f"{len(missing)} of {plural(len(required), 'type')}"


def _late(daily: Collection[str]) -> str:
    if not daily:
        return ""
    return (
        f" It records {plural(len(daily), 'of them', 'of them')} once a day, so that their changes"
        " are seen up to 24 hours late."
    )


def judge_delivery(seen: Recorder, channel: Channel | None, *, first: timedelta) -> Verdict:
    """The verdict on what the recorder's delivery channel delivered last."""
    if seen.recorder is None:
        return not_applicable("There is no recorder whose history could be delivered.")
    if channel is None:
        return violates(
            "The recorder has no delivery channel: its history is not kept in S3.",
            expected="A delivery channel to an S3 bucket.",
        )
    if not channel.status_known:
        return cannot_tell(f"AWS Config gives no status of the delivery channel {channel.name}.")
    problems = list(_failed(channel))
    facts = {"channel": channel.name, "bucket": channel.bucket}
    if problems:
        return violates_all(problems, expected="Deliveries that succeed.", **facts)
    if not channel.history.was_tried:
        return _not_yet(seen, seen.recorder, channel, first)
    return complies(
        f"Configuration history is delivered to the bucket {channel.bucket}"
        f"{_last(channel.history)}.",
        **facts,
    )


def _failed(channel: Channel) -> Iterable[Problem]:
    kinds = [("configuration history", channel.history, Severity.MEDIUM)]
    if channel.schedules_snapshots:
        kinds.append(("snapshot", channel.snapshot, Severity.MEDIUM))
    for name, delivery, severity in kinds:
        if delivery.failed:
            text = f"The last {name} could not be delivered to the bucket {channel.bucket}"
            yield Problem(severity, f"{text} ({delivery.error or 'no reason given'}).")
    if channel.stream.failed:
        why = channel.stream.error or "no reason given"
        yield Problem(
            Severity.LOW, f"The last notification could not be delivered to the SNS topic ({why})."
        )


def _not_yet(
    seen: Recorder, recorder: ConfigurationRecorder, channel: Channel, first: timedelta
) -> Verdict:
    started = recorder.status.started if recorder.status else None
    first += recorder.first_after
    said = f"Nothing has been delivered to the bucket {channel.bucket} yet"
    if started is None or seen.read_at - started <= first:
        return cannot_tell(
            f"{said}: the recorder is new, or gives no time.", bucket=channel.bucket
        )
    return violates(
        f"{said}, though the recorder was started on {started:%Y-%m-%d}.",
        expected="Configuration history, which AWS Config delivers every six hours.",
        bucket=channel.bucket,
    )


def _last(delivery: Delivery) -> str:
    return f", last on {delivery.at:%Y-%m-%d}" if delivery.at else ""
