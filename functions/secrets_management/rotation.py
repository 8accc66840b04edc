"""What is concluded from a secret's rotation schedule and its last rotation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from readiness import (
    Problem,
    Severity,
    Unreadable,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    unread,
    violates,
    violates_all,
)
from readiness.evidence.secretsmanager import (
    CurrentValue,
    LastRotationFailure,
    SecretRotation,
)
from readiness.model.text import plural

MANAGED_ROTATION = frozenset({"rds", "redshift", "docdb", "ecs", "ecs-sc"})
"""Services that rotate the secrets they create (Secrets Manager guide, "Managed rotation")."""

NON_ROTATING = (
    "appflow",
    "bedrock-agentcore-identity",
    "databrew",
    "dataexchange",
    "datasync",
    "directconnect",
    "events",
    "marketplace-deployment",
    "opsworks-cm",
    "sqlworkbench",
)
"""Services that keep a secret of their own, whose value only they can change."""


@dataclass(frozen=True, slots=True)
class RotationLimits:
    """How often secrets have to rotate, and how late a rotation may be."""

    most: timedelta
    late: timedelta
    new: timedelta
    unfinished: timedelta
    cannot: tuple[str, ...]


def rotation_verdict(
    secret: SecretRotation,
    failure: LastRotationFailure | Unreadable,
    value: CurrentValue | Unreadable,
    limits: RotationLimits,
) -> Verdict:
    """The verdict on a secret's rotation; ``limits.cannot`` are owners that cannot rotate."""
    most = limits.most.days
    if exempt := why_exempt(secret, limits.cannot):
        return not_applicable(exempt, owner=secret.owner)
    if not secret.enabled:
        return without_rotation(secret, most, limits.new)
    interval = secret.interval_days
    problems = []
    fails = secret.failure(
        None if isinstance(failure, Unreadable) else failure.at,
        limits.late,
        limits.unfinished,
        renewed_at(secret, value),
    )
    if fails:
        problems.append(Problem(Severity.HIGH, fails))
    if interval > most:
        text = (
            f"Up to {plural(interval, 'day')} pass between two rotations; at most"
            f" {most} are allowed."
        )
        problems.append(Problem(Severity.MEDIUM, text))
    if problems:
        return violates_all(
            problems,
            expected=f"A successful rotation every {most} days or more often.",
            schedule=secret.schedule,
            interval_days=interval,
            rotated=day(secret.rotated),
        )
    if unsure := doubt(secret, failure, value):
        return unsure
    last = f"last on {day(secret.rotated)}" if secret.rotated else "but has not rotated yet"
    if isinstance(value, CurrentValue) and value.at:
        last += f"; its value was changed on {day(value.at)}"
    return complies(
        f"It rotates every {plural(interval, 'day')} or more often, {last}.",
        schedule=secret.schedule,
        interval_days=interval,
        rotated=day(secret.rotated),
    )


def renewed_at(secret: SecretRotation, value: CurrentValue | Unreadable) -> datetime | None:
    """When the current value was stored; the present where it could be new and is not known."""
    return secret.read_at if isinstance(value, Unreadable) else value.at


def doubt(
    secret: SecretRotation,
    failure: LastRotationFailure | Unreadable,
    value: CurrentValue | Unreadable,
) -> Verdict | None:
    """The verdict if it is not known whether the secret rotates; None if it is known."""
    if not secret.interval_days or not (secret.rotated or secret.created):
        schedule = secret.schedule or "none"
        return cannot_tell(
            f"Rotation is on, but the interval of its schedule ({schedule}) is not known."
        )
    if isinstance(failure, Unreadable):
        return unread(
            f"A rotation has started; whether it failed could not be read: {failure}.", failure
        )
    if isinstance(value, Unreadable):
        return unread(
            f"The last rotation was on {day(secret.rotated) or 'no day yet'}; whether someone has"
            f" changed the value since could not be read: {value}.",
            value,
        )
    if secret.pending:
        return cannot_tell("A rotation has started and not finished yet.")
    return None


def why_exempt(secret: SecretRotation, non_rotating_owners: Sequence[str]) -> str:
    """Why the secret need not rotate by itself; empty if it must."""
    if secret.deleted:
        return f"The secret is scheduled for deletion on {day(secret.deleted)}."
    if secret.is_replica:
        return f"The secret is a replica; its primary in {secret.primary_region} rotates."
    if secret.owner in non_rotating_owners:
        return f"The service {secret.owner} manages the secret and offers no rotation."
    return ""


def without_rotation(secret: SecretRotation, max_days: int, grace: timedelta) -> Verdict:
    """The verdict on a secret whose rotation is off."""
    if secret.owner and secret.owner not in MANAGED_ROTATION:
        return cannot_tell(
            f"The service {secret.owner} manages the secret and does not rotate it. Whether it can"
            " is not known; if it cannot, add it to non_rotating_owners.",
            owner=secret.owner,
        )
    if secret.created and secret.read_at - secret.created < grace:
        return not_applicable(
            f"The secret is new (created on {day(secret.created)}); it needs a rotation schedule"
            f" by {secret.created + grace:%Y-%m-%d %H:%M} UTC."
        )
    return violates(
        "Automatic rotation is off.",
        expected=f"Automatic rotation every {max_days} days or more often.",
        rotation=False,
        owner=secret.owner,
    )


def day(moment: datetime | None) -> str:
    """The day of a moment, empty for none."""
    return f"{moment:%Y-%m-%d}" if moment else ""
