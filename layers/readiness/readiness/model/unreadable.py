"""What a read that did not succeed means: never an answer, always the IAM action it needed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class Cause(StrEnum):
    """Why AWS gave no answer."""

    ACCESS_DENIED = "ACCESS_DENIED"
    THROTTLED = "THROTTLED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    PARTIAL_DATA = "PARTIAL_DATA"
    UNEXPECTED_ANSWER = "UNEXPECTED_ANSWER"


_SPOKEN = {
    Cause.ACCESS_DENIED: "was denied",
    Cause.THROTTLED: "was throttled",
    Cause.SERVICE_UNAVAILABLE: "could not be reached or timed out",
    Cause.PARTIAL_DATA: "gave only a part of the answer",
    Cause.UNEXPECTED_ANSWER: "gave an answer that AWS does not document",
}


class Unreadable(Exception):
    """A read without an answer: the IAM action, why, and the code AWS gave.

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

    def __str__(self) -> str:
        code = f" ({self.code})" if self.code else ""
        return f"{self.action} {_SPOKEN[self.cause]}{code}"


class Gone(Exception):
    """The resource itself does not exist (any more)."""
