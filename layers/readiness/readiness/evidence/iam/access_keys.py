"""The access keys of users, and since when each exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from readiness.evidence.iam.attachments import NO_SUCH_ENTITY
from readiness.evidence.iam.credential_report import (
    CredentialReport,
    active_keys,
    moment_of,
    reported_row,
)
from readiness.evidence.iam.principals import USER
from readiness.model.evidence import ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_OLD_FOR_ANYBODY = timedelta(days=366)
_YOUNG_FOR_ANYBODY = timedelta(days=1)

LONGEST_KEY_AGE_DAYS = 365
"""The most that a rule may allow: a key older than this is read no further."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key. ``id`` is ``access key 1`` where only the report was read.

    ``created`` is exact, or so far from any threshold that it makes no difference.
    """

    id: str
    active: bool
    created: datetime


_KEY_EVENTS = (
    api_call("iam", "CreateAccessKey", id="responseElements.accessKey.userName"),
    api_call("iam", "DeleteAccessKey", "UpdateAccessKey", id="requestParameters.userName"),
    ServiceEvent(
        "AWS Health Event", match=(("eventTypeCode", ("AWS_RISK_CREDENTIALS_EXPOSED",)),)
    ),
)


def _listed_keys(read: Reader, user: str) -> tuple[AccessKey, ...]:
    keys = read.every(
        "iam", "list_access_keys", "AccessKeyMetadata", gone=NO_SUCH_ENTITY, UserName=user
    )
    return tuple(
        AccessKey(key["AccessKeyId"], key["Status"] == "Active", key["CreateDate"]) for key in keys
    )


@evidence(
    USER,
    reads=("iam:ListAccessKeys",),
    uses=(CredentialReport,),
    changed_by=_KEY_EVENTS,
)
@dataclass(frozen=True, slots=True)
class ActiveKeys:
    """How many active and inactive access keys a user has.

    Sources: the credential report; ListAccessKeys.
    """

    user: str
    active: tuple[str, ...] = ()
    inactive: int = 0
    as_of: datetime | None = None

    @classmethod
    def load(cls, read: Reader, user: Resource) -> ActiveKeys:
        row, as_of = reported_row(read, user.id)
        if row is not None:
            active = tuple(f"access key {n}" for n in active_keys(row))
            made = sum(moment_of(row[f"access_key_{n}_last_rotated"]) is not None for n in (1, 2))
            return cls(user.id, active, max(made - len(active), 0), as_of)
        keys = _listed_keys(read, user.id)
        active = tuple(key.id for key in keys if key.active)
        return cls(user.id, active, len(keys) - len(active))


@evidence(
    USER,
    reads=("iam:ListAccessKeys",),
    uses=(CredentialReport,),
    changed_by=_KEY_EVENTS,
)
@dataclass(frozen=True, slots=True)
class AccessKeyAges:
    """The access keys of a user and since when each exists; ``now`` is when that was read.

    The report tells when a key was last made, activated or deactivated, which is no earlier
    than it was made: enough for a key that is too old for anybody, or whose user is a day old.
    Sources: the credential report; ListAccessKeys.
    """

    keys: tuple[AccessKey, ...]
    now: datetime
    as_of: datetime | None = None

    @classmethod
    def load(cls, read: Reader, user: Resource) -> AccessKeyAges:
        now = read.now
        row, as_of = reported_row(read, user.id)
        keys = None if row is None else _reported_keys(row, now)
        if keys is not None:
            return cls(keys, now, as_of)
        return cls(_listed_keys(read, user.id), now)


def _reported_keys(row: Mapping[str, str], now: datetime) -> tuple[AccessKey, ...] | None:
    """The active keys, None if the report cannot tell how old one of them is."""
    found = []
    for n in active_keys(row):
        touched = moment_of(row[f"access_key_{n}_last_rotated"])
        user_made = moment_of(row["user_creation_time"])
        if touched is not None and now - touched > _OLD_FOR_ANYBODY:
            found.append(AccessKey(f"access key {n}", active=True, created=touched))
        elif user_made is not None and now - user_made < _YOUNG_FOR_ANYBODY:
            found.append(AccessKey(f"access key {n}", active=True, created=user_made))
        else:
            return None
    return tuple(found)
