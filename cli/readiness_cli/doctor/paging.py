"""Checks of what the forwarder makes of the stack's parameters, and of what it waits for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from readiness.alerting.held import FOR_KEY, Held
from readiness.alerting.quiet import HoursRefused, hours_of
from readiness.alerting.routes import RoutesRefused, routes_of
from readiness_cli.doctor.check import Check, Examined, Line, State
from readiness_cli.session import plural


def quiet_hours(examined: Examined) -> Iterable[Line]:
    """Whether the quiet hours can be understood; else there are none."""
    given = examined.stack.parameters
    text, zone = given.get("QuietHours", ""), given.get("QuietTimeZone", "")
    try:
        hours = hours_of(text, zone, given.get("QuietBelow", ""))
    except HoursRefused as refused:
        yield Line(
            "quiet hours",
            State.FAILED,
            str(refused),
            "There are no quiet hours: what should wait pages at night",
            "run `sam deploy` with QuietHours like 22:00-07:00, QuietTimeZone like Europe/Berlin",
        )
        return
    said = "none" if hours is None else f"{text} {zone or 'UTC'}"
    yield Line("quiet hours", State.OK, said)


def routes(examined: Examined) -> Iterable[Line]:
    """Whether the routes can be understood; else the default service is paged for everything."""
    try:
        known = routes_of(examined.stack.parameters.get("PagerDutyRoutes", ""))
    except RoutesRefused as refused:
        yield Line(
            "routes",
            State.FAILED,
            f"PagerDutyRoutes: {refused}",
            "The default service is paged for everything",
            "run `sam deploy` with PagerDutyRoutes as the README shows it",
        )
        return
    yield Line("routes", State.OK, plural(len(known), "route"))


def keys(examined: Examined) -> Iterable[Line]:
    """Whether incidents stay open because the key that opened them is gone."""
    waiting = Counter(
        page.because.removeprefix(FOR_KEY)
        for page in Held(examined.store).all()
        if page.because.startswith(FOR_KEY)
    )
    if not waiting:
        yield Line("keys", State.OK, "no incident waits for the key of its service")
    for because, count in sorted(waiting.items()):
        yield Line(
            "keys",
            State.FAILED,
            f"{plural(count, 'incident')} cannot be resolved: {because}",
            "They stay open at PagerDuty although nothing is wrong any more",
            examined.command("pagerduty-key --name NAME")
            + " with the key of that service; if the service is gone, with the default key",
        )


CHECKS = (
    Check("quiet hours", quiet_hours, of_stack=True),
    Check("routes", routes, of_stack=True),
    Check("keys", keys, of_stack=True),
)
