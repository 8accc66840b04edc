"""What a read that did not succeed means: never an answer, always the IAM action it needed."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Why AWS gave no answer."""

    ACCESS_DENIED = "ACCESS_DENIED"
    THROTTLED = "THROTTLED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    PARTIAL_DATA = "PARTIAL_DATA"
    UNEXPECTED_ANSWER = "UNEXPECTED_ANSWER"
    TOKEN_REFUSED = "TOKEN_REFUSED"  # noqa: S105
    NOT_OFFERED = "NOT_OFFERED"
    SDK_TOO_OLD = "SDK_TOO_OLD"


_SPOKEN = {
    Cause.ACCESS_DENIED: "was denied",
    Cause.THROTTLED: "was throttled",
    Cause.SERVICE_UNAVAILABLE: "could not be reached or timed out",
    Cause.PARTIAL_DATA: "gave only a part of the answer",
    Cause.UNEXPECTED_ANSWER: "gave an answer that AWS does not document",
    Cause.TOKEN_REFUSED: "did not take the credentials, which AWS takes elsewhere",
    Cause.SDK_TOO_OLD: "cannot be asked by this version of the SDK",
    Cause.NOT_OFFERED: "is a call to a service that the region does not have",
}


class Unreadable(Exception):
    """A read without an answer: the IAM action, why, and the code AWS gave."""

    def __init__(self, action: str, cause: Cause, code: str = "") -> None:
        super().__init__(action, cause, code)
        self.action = action
        self.cause = cause
        self.code = code

    def __str__(self) -> str:
        code = f" ({self.code})" if self.code else ""
        return f"{self.action} {_SPOKEN[self.cause]}{code}"


class NotOffered(Unreadable):
    """The service does not exist in the region, so that nothing in it can be wrong there."""

    def __init__(self, action: str, service: str, region: str) -> None:
        super().__init__(action, Cause.NOT_OFFERED, f"{service} in {region}")
        self.service = service
        self.region = region

    def __str__(self) -> str:
        return f"AWS does not offer {self.service} in {self.region}"


class Gone(Exception):
    """The resource itself does not exist (any more)."""
