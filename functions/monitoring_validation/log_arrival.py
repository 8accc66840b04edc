"""Whether log events of a function arrived after its deployment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from readiness.model.text import plural
from readiness.model.verdict import (
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    unread,
    violates,
)

if TYPE_CHECKING:
    from readiness.evidence.awslambda.log_delivery import LogDelivery


def since_deployment(moment: datetime | None) -> str:
    """When it was deployed, to follow what happened since; empty where that is not known."""
    return f" since it was deployed on {moment:%Y-%m-%d %H:%M} UTC" if moment else ""


@dataclass(frozen=True, slots=True)
class LogArrival:
    """The hours of the last day that began after the deployment."""

    function: LogDelivery
    deployed: datetime | None

    def _after(self, hours: tuple[datetime, ...]) -> list[datetime]:
        return [hour for hour in hours if self.deployed is None or hour >= self.deployed]

    @property
    def silent(self) -> int:
        """In how many of them it ran and nothing arrived; the last hour is not among them."""
        return len(self._after(self.function.silent))

    @property
    def is_missing(self) -> bool:
        """Whether it ran, nothing arrived, and Lambda itself would have logged something."""
        has_arrived = bool(self._after(self.function.heard))
        return bool(self.silent) and not has_arrived and not self.function.is_quiet

    @property
    def verdict(self) -> Verdict:
        """The verdict without attestations."""
        function, deployed = self.function, since_deployment(self.deployed)
        if not self._after(function.ran):
            return not_applicable(
                f"IDLE: the function was invoked in no whole hour of the last 24 hours{deployed}."
            )
        if self._after(function.heard):
            return self._heard()
        if self.is_missing and (failure := function.unreadable) is not None:
            return unread(
                f"No log event arrived in {function.group}, and where the versions behind aliases"
                f" log is not known: {failure}",
                failure,
            )
        if self.is_missing:
            return violates(
                f"The function ran in {plural(self.silent, 'hour')}{deployed}, but no log event"
                f" arrived in {function.group}.",
                expected="Log events in the log group whenever the function runs.",
                log_group=function.group,
            )
        if function.is_quiet:
            return not_applicable(
                "With its system log level WARN, a function without faults logs nothing."
            )
        return cannot_tell(
            "The function ran only in the last hour; its log events may still arrive."
        )

    def _heard(self) -> Verdict:
        function, hours = self.function, len(self._after(self.function.heard))
        if (failure := function.unreadable) is not None:
            said = (
                f"Whether the log events in {function.group} are its own is not known: {failure}"
            )
            return unread(said, failure)
        if function.is_shared and not function.stream:
            return cannot_tell(
                f"Events arrived in {function.group}, to which other functions can write too. This"
                " function has begun no log stream there today or yesterday."
            )
        return complies(
            f"Log events arrived in {function.group} in {plural(hours, 'hour')} in which the"
            f" function ran{since_deployment(self.deployed)}.",
            log_group=function.group,
        )
