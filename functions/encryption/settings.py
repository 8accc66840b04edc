"""Settings that several rules on encryption share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from readiness import Severity
from readiness.model.tags import ENVIRONMENT_TAG

AccountEnvironments = Annotated[
    tuple[str, ...], "The environment of each account, as <account>=<environment>"
]
SharedKeys = Annotated[
    tuple[str, ...],
    "Keys that several environments may share until a day, as <key id>=<YYYY-MM-DD>",
]
PassThrough = Annotated[tuple[str, ...], "Names of load balancers whose targets terminate TLS"]
CheckMessaging = Annotated[bool, "Check whether topic and queue policies deny plain HTTP"]


@dataclass(frozen=True, slots=True)
class EnvironmentTags:
    """How the environment of a resource is found."""

    env_tag: Annotated[str, "The tag that names the environment of a resource"] = ENVIRONMENT_TAG
    account_environment: Annotated[
        str, "The environment of resources of this account without that tag"
    ] = ""


@dataclass(frozen=True, slots=True)
class InternalEndpoints:
    """How an endpoint that is not reachable from the internet is judged."""

    internal_severity: Annotated[
        Literal["HIGH", "MEDIUM", "LOW"],
        "The severity for an endpoint that the internet cannot reach",
    ] = "MEDIUM"

    def severity(self, *, internal: bool) -> Severity:
        """HIGH for an endpoint on the internet, else the setting."""
        return Severity(self.internal_severity) if internal else Severity.HIGH
