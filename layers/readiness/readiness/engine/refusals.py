"""What it means to a loader that AWS refuses a call or gives no answer that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import botocore
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    UnknownServiceError,
)

from readiness.engine.aws_errors import (
    CREDENTIALS,
    NO_CREDENTIALS,
    CredentialsRefused,
    Postponed,
    UnknownCall,
    cause_of,
    code_of,
)
from readiness.engine.pacing import OutOfTime
from readiness.model.unreadable import Cause, NotOffered, Unreadable

if TYPE_CHECKING:
    from readiness.engine.aws import Aws


@dataclass(frozen=True, slots=True)
class NotThere:
    """The resource is gone, or what was asked for is not set; by an answer of ``asked_at``."""

    is_gone: bool
    asked_at: datetime | None = None


def not_there(error: ClientError, absent: Sequence[str], gone: Sequence[str]) -> NotThere | None:
    """What the loader knows the refusal to mean; None for one that it does not know."""
    since = getattr(error, "asked_at", None)
    if _says(error, absent):
        return NotThere(is_gone=False, asked_at=since)
    return NotThere(is_gone=True, asked_at=since) if _says(error, gone) else None


def _says(error: ClientError, codes: Sequence[str]) -> bool:
    """Whether the error has one of the codes and, where one goes on after a colon, says that."""
    message = str(error.response.get("Error", {}).get("Message", ""))
    for each in codes:
        code, _, said = each.partition(": ")
        if code == code_of(error) and said in message:
            return True
    return False


def refusal(aws: Aws, error: ClientError, action: str, region: str) -> Exception:
    """The exception for an error code that the loader does not know.

    Unreadable, which names the ``action``; CredentialsRefused where STS refuses us too.
    """
    code = code_of(error)
    if code not in CREDENTIALS:
        return Unreadable(action, cause_of(error), code)
    if aws.refuses_us():
        return CredentialsRefused(f"{code}: {error}")
    return Unreadable(action, Cause.TOKEN_REFUSED, f"{code} in {region}")


def failure(aws: Aws, error: Exception, action: str, service: str, region: str) -> Exception:
    """The exception for a call without an answer, or with one that cannot be read.

    Unreadable or NotOffered, CredentialsRefused without credentials, Postponed where a sweep's
    leg has no turn left for the call.
    """
    if isinstance(error, NO_CREDENTIALS):
        return CredentialsRefused(str(error))
    if isinstance(error, (UnknownCall, UnknownServiceError)):
        return Unreadable(action, Cause.SDK_TOO_OLD, f"botocore {botocore.__version__}")
    if isinstance(error, OutOfTime) and aws.pacer.resumes:
        return Postponed(str(error))
    if isinstance(error, EndpointConnectionError):
        url, geography = str(error.kwargs.get("endpoint_url", "")), aws.geography
        if geography.lacks(service, region) or geography.has_no_host(service, region, url):
            return NotOffered(action, service, region)
    cause = cause_of(error) if isinstance(error, BotoCoreError) else Cause.UNEXPECTED_ANSWER
    return Unreadable(action, cause, type(error).__name__)
