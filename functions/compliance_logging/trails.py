"""Whether management events are recorded everywhere, and whether a trail works."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from readiness.evidence.cloudtrail.recording import Recording
from readiness.evidence.cloudtrail.trails import TrailConfiguration, TrailDelivery
from readiness.evidence.kms.keys import KmsKeyState
from readiness.model.text import listed
from readiness.model.unreadable import NotOffered, Unreadable
from readiness.model.verdict import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    violates,
)
from readiness.semantics.trail_coverage import (
    EVERY_OTHER,
    READ,
    WRITE,
    Coverage,
    Recorded,
    Share,
    every_event,
)

_ONE_DAY = timedelta(days=1)


def coverage_everywhere(
    recording: Recording,
    excluded: Iterable[str],
    max_age: timedelta,
    *,
    with_stores: bool,
    by_organization: bool = False,
) -> Coverage:
    """Which management events are recorded in all regions, by trails and stores together.

    ``by_organization``: people say that a store of the organization, which the account cannot
    see, records them.
    """
    trails, stores = recording.trails, recording.stores
    selectors = list(trails.selectors)
    if with_stores and not isinstance(stores, Unreadable):
        selectors += [store.selectors for store in stores.all]
    left_out = set(excluded)
    wanted = frozenset(each for each in every_event(selectors) if each[0] not in left_out)
    shares = trails.everywhere(wanted, max_age)
    if with_stores:
        shares += _of_stores(recording, wanted)
    if by_organization:
        shares += (Share(certain=wanted),)
    return Coverage(wanted, shares)


def _of_stores(recording: Recording, wanted: Recorded) -> tuple[Share, ...]:
    stores = recording.stores
    if isinstance(stores, NotOffered):
        return ()
    if isinstance(stores, Unreadable):
        return (Share.unread("Event data stores, which may record more,", wanted, stores),)
    return stores.everywhere(wanted)


def severity_of(gaps: Recorded) -> Severity:
    """How bad it is that these events are not recorded.

    Without write events nobody can tell who changed something. Services that a trail leaves out
    by name, as AWS recommends for busy keys, are a smaller gap.
    """
    if (EVERY_OTHER, WRITE) in gaps:
        return Severity.CRITICAL
    return Severity.HIGH if (EVERY_OTHER, READ) in gaps else Severity.MEDIUM


def in_words(gaps: Recorded) -> str:
    """The gaps to follow "does not record"."""
    others = [kind for kind in (READ, WRITE) if (EVERY_OTHER, kind) in gaps]
    if len(others) == 2:
        return "all management events"
    named = sorted(
        {source for source, kind in gaps if source != EVERY_OTHER and kind not in others}
    )
    said = [f"the {others[0]} events"] if others else []
    if named:
        said.append(f"all events of {listed(named)}")
    return listed(said)


def is_awaited(trail: TrailDelivery, max_age: timedelta) -> bool:
    """Whether a first delivery of a new trail may still come, to its bucket or its log group."""
    status, at = trail.status, trail.read_at
    return status.is_new(at, max_age) or (
        bool(trail.log_group)
        and not status.flaw(at, max_age)
        and status.is_new_to_logs(at, max_age)
    )


def flaws_of(trail: TrailDelivery, max_age: timedelta) -> list[Problem]:
    """What keeps the trail from logging, or its events from arriving.

    Silence is a fault only of a trail that has events to deliver every day.
    """
    status = trail.status
    said = []
    flaw = status.flaw(trail.read_at, max_age)
    if flaw and (trail.is_busy or not status.logging or status.delivery_error):
        said.append(f"The trail {flaw}.")
    if trail.log_group and status.logging:
        group = trail.log_group.partition(":log-group:")[2].removesuffix(":*")
        if status.logs_error:
            said.append(f"It cannot deliver to the log group {group} ({status.logs_error}).")
        elif trail.is_busy and _is_old(status.logs_delivered, trail.read_at, max_age):
            hours = max_age.total_seconds() / 3600
            said.append(f"It delivered nothing to the log group {group} in {hours:g} hours.")
    return [Problem(Severity.MEDIUM, text) for text in said]


def judge_trail_encryption(
    trail: TrailConfiguration, key: KmsKeyState | None, seen: TrailDelivery
) -> Verdict:
    """The verdict on the key of a trail; ``key`` is None for one of another account, or none."""
    expected = "An enabled, symmetric KMS key in the trail's settings."
    if not trail.key_id:
        return violates(
            "The trail names no KMS key: everyone who may read the bucket can read the log files.",
            expected=expected,
        )
    if key is not None and not key.is_in_use:
        return violates(
            f"The KMS key {trail.key_id} of the trail is {key.state}, so CloudTrail cannot deliver"
            " and the log files cannot be read.",
            expected=expected,
            severity=Severity.HIGH,
            key_state=key.state,
        )
    flaw = seen.status.flaw(seen.read_at, _ONE_DAY) if key is None else ""
    if flaw:
        return cannot_tell(
            f"The KMS key {trail.key_id} belongs to another account, which alone is shown its"
            f" state, and the trail {flaw}."
        )
    return complies(f"The trail encrypts its log files with the KMS key {trail.key_id}.")


def _is_old(delivered: datetime | None, at: datetime, max_age: timedelta) -> bool:
    return delivered is None or at - delivered > max_age
