"""The settings of the forwarder; what makes no sense is left out and logged."""

from __future__ import annotations

from collections.abc import Mapping

from functions.pagerduty.telemetry import log
from readiness.alerting.quiet import Hours, HoursRefused, hours_of
from readiness.alerting.routes import Route, RoutesRefused, routes_of
from readiness.engine.environment import parameter


def quiet_hours(environment: Mapping[str, str]) -> Hours | None:
    """The quiet hours; none where they make no sense: a slip of the pen silences nobody."""
    try:
        return hours_of(
            parameter(environment, "QUIET_HOURS"),
            parameter(environment, "QUIET_TIME_ZONE"),
            parameter(environment, "QUIET_BELOW"),
        )
    except HoursRefused as refused:
        log.error("there are no quiet hours", extra={"reason": str(refused)})
        return None


def routes_in(text: str) -> tuple[Route, ...]:
    """The routes; none where they make no sense: then the default service is paged."""
    try:
        return routes_of(text)
    except RoutesRefused as refused:
        log.error("PagerDutyRoutes cannot be read", extra={"reason": str(refused)})
        return ()
