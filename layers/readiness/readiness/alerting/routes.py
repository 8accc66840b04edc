"""Which PagerDuty service a finding goes to: by its owner, its workload or its heading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from readiness.model.finding import Finding

DEFAULT = "default"
"""The name of the key that the secret always has."""
REST = "rest"
"""The name in the secret of a key that reads from PagerDuty's REST API and pages nobody."""
BY = ("owner", "workload", "environment", "heading")


class RoutesRefused(ValueError):
    """The parameter PagerDutyRoutes cannot be read; everything goes to the default service."""


@dataclass(frozen=True, slots=True)
class Route:
    """Findings whose ``by`` matches the pattern go to the service with the key ``name``."""

    by: str
    pattern: str
    name: str

    def takes(self, finding: Finding) -> bool:
        """Whether the finding goes there. Case does not count; a heading has two names."""
        values = [str(getattr(finding, self.by))]
        if self.by == "heading":
            values.append(finding.rule.partition(".")[0])
        return any(map(self.matches, values))

    def matches(self, value: str) -> bool:
        """Whether the pattern matches; what is empty is matched by none."""
        return bool(value) and fnmatchcase(value.lower(), self.pattern)


def routes_of(text: str) -> tuple[Route, ...]:
    """The routes in ``{"owner=payments": "payments", "heading=iam_roles": "security"}``.

    They are tried in the order in which they are written. Raises RoutesRefused.
    """
    if not text.strip():
        return ()
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RoutesRefused(f"it is not JSON: {error}") from None
    if not isinstance(given, Mapping):
        raise RoutesRefused("it is not a JSON object")
    return tuple(_route(str(match), name) for match, name in given.items())


def _route(match: str, name: object) -> Route:
    by, equals, pattern = (part.strip() for part in match.partition("="))
    if by not in BY or not equals or not pattern:
        raise RoutesRefused(f"{match!r} is not owner=…, workload=…, environment=… or heading=…")
    if not isinstance(name, str) or name.strip() in {"", REST}:
        raise RoutesRefused(f"{match!r} does not say the name of a key")
    return Route(by, pattern.lower(), name.strip())


def route_of(finding: Finding, routes: tuple[Route, ...]) -> str:
    """The name of the key of the first route that takes the finding; else the default's."""
    return next((route.name for route in routes if route.takes(finding)), DEFAULT)
