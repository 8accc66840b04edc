"""A read that failed: never an answer, always the IAM action that it needed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum


class Cause(StrEnum):
    """Why a read failed."""

    ACCESS_DENIED = "ACCESS_DENIED"
    THROTTLED = "THROTTLED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    PARTIAL_DATA = "PARTIAL_DATA"
    UNEXPECTED_ANSWER = "UNEXPECTED_ANSWER"
    TOKEN_REFUSED = "TOKEN_REFUSED"  # noqa: S105
    NOT_OFFERED = "NOT_OFFERED"
    UNKNOWN_THERE = "UNKNOWN_THERE"
    SDK_TOO_OLD = "SDK_TOO_OLD"


NO_SUCH_OPERATION = ("InvalidAction", "UnknownOperationException", "UnknownOperation")
"""What a service answers to a call that it does not have in the region: what it lists there is
nothing. SageMaker has no inference components in some regions, and says so in this way."""

PASSING = {Cause.THROTTLED, Cause.SERVICE_UNAVAILABLE, Cause.PARTIAL_DATA}
_GARBLED = {"Garbled", "ResponseParserError"}
SPOKEN = {
    Cause.ACCESS_DENIED: "was denied",
    Cause.THROTTLED: "was throttled",
    Cause.SERVICE_UNAVAILABLE: "could not be reached or timed out",
    Cause.PARTIAL_DATA: "returned only a part of the data",
    Cause.UNEXPECTED_ANSWER: "returned an unexpected error",
    Cause.TOKEN_REFUSED: "did not accept the credentials, which AWS accepts elsewhere",
    Cause.SDK_TOO_OLD: "is not known to this version of the SDK",
    Cause.UNKNOWN_THERE: "is a call that the service does not know in this region",
    Cause.NOT_OFFERED: "is a call to a service that the region does not have",
}
"""What follows an action's name in a sentence about its failure."""


class Unreadable(Exception):
    """A read that failed: the IAM action, the cause, and the error code of AWS.

    ``found`` are the ids that a listing did give, where only a part of it failed.
    """

    def __init__(
        self, action: str, cause: Cause, code: str = "", *, found: Sequence[str] = ()
    ) -> None:
        super().__init__(action, cause, code)
        self.action = action
        self.cause = cause
        self.code = code
        self.found = tuple(found)

    @property
    def is_passing(self) -> bool:
        """Whether the same read may succeed later without any change.

        Also an error without a code of AWS, only with a status of HTTP: something between sent it,
        or the body was lost. A bare 400 is final: it is about the request, as S3's answer to HEAD.
        """
        is_nameless = self.cause is Cause.UNEXPECTED_ANSWER and (
            not self.code or (self.code.isdigit() and self.code != "400")
        )
        return is_nameless or self.cause in PASSING or self.code in _GARBLED

    @property
    def is_denied(self) -> bool:
        """Whether a permission is missing, which does not pass by itself."""
        return self.cause is Cause.ACCESS_DENIED

    def __str__(self) -> str:
        code = f"HTTP {self.code}" if self.code.isdigit() else self.code
        code = f" ({code})" if code else ""
        return f"{self.action} {SPOKEN[self.cause]}{code}"


def is_said_denied(action: str, text: str) -> bool:
    """Whether a sentence says of an action that it was denied, as :class:`Unreadable` does."""
    return f"{action} {SPOKEN[Cause.ACCESS_DENIED]}" in text


class NotOffered(Unreadable):
    """AWS does not offer the service in the region, so nothing in it can be wrong there."""

    def __init__(self, action: str, service: str, region: str) -> None:
        super().__init__(action, Cause.NOT_OFFERED, f"{service} in {region}")
        self.service = service
        self.region = region

    def __str__(self) -> str:
        return f"AWS does not offer {self.service} in {self.region}"


class Gone(Exception):
    """The resource itself does not exist, or no longer exists.

    ``as_of`` is when AWS was asked, where that is known.
    """

    def __init__(self, what: str = "", *, as_of: datetime | None = None) -> None:
        super().__init__(what)
        self.as_of = as_of
