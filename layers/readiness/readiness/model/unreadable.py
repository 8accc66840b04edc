"""A read that failed: never an answer, always the IAM action that it needed."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Why a read failed."""

    ACCESS_DENIED = "ACCESS_DENIED"
    THROTTLED = "THROTTLED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    PARTIAL_DATA = "PARTIAL_DATA"
    UNEXPECTED_ANSWER = "UNEXPECTED_ANSWER"


_SPOKEN = {
    Cause.ACCESS_DENIED: "was denied",
    Cause.THROTTLED: "was throttled",
    Cause.SERVICE_UNAVAILABLE: "could not be reached or timed out",
    Cause.PARTIAL_DATA: "returned only a part of the data",
    Cause.UNEXPECTED_ANSWER: "returned an unexpected error",
}


class Unreadable(Exception):
    """A read that failed: the IAM action, the cause, and the error code of AWS."""

    def __init__(self, action: str, cause: Cause, code: str = "") -> None:
        super().__init__(action, cause, code)
        self.action = action
        self.cause = cause
        self.code = code

    def __str__(self) -> str:
        code = f"HTTP {self.code}" if self.code.isdigit() else self.code
        code = f" ({code})" if code else ""
        return f"{self.action} {_SPOKEN[self.cause]}{code}"


class Gone(Exception):
    """The resource itself does not exist, or no longer exists."""
