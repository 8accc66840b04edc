"""The stack's parameters as its functions have them: environment variables, each with one default.

A function whose variable is missing, as after new code went into an older stack, does what a stack
with the parameter's default does.
"""

from __future__ import annotations

from collections.abc import Mapping

DEFAULTS: Mapping[str, str] = {
    "ACCOUNT_ENVIRONMENT": "",
    "BLIND_AFTER_HOURS": "24",
    "DIGEST": "off",
    "EVALUATE_GLOBAL_SERVICES": "true",
    "EVIDENCE_BUCKET": "",
    "PAGERDUTY_CONFIRM_SECONDS": "120",
    "PAGERDUTY_ENDPOINT": "US",
    "PAGERDUTY_GROUP_ABOVE": "2",
    "PAGERDUTY_LOWEST_SEVERITY": "HIGH",
    "PAGERDUTY_ROUTES": "{}",
    "QUIET_BELOW": "CRITICAL",
    "QUIET_HOURS": "",
    "QUIET_TIME_ZONE": "UTC",
    "RUNBOOK_BASE_URL": "docs/runbooks",
    "SCOPE_TAG_KEY": "",
    "SCOPE_TAG_VALUES": "",
    "SECURITY_HUB": "false",
    "WAIVER_MAX_DAYS": "90",
    "WAIVER_SECOND_PERSON": "CRITICAL",
}
"""The variables that template.yaml fills with a parameter, and the parameter's default."""


def parameter(environment: Mapping[str, str], name: str) -> str:
    """The variable; where it is missing or empty, the default of its parameter."""
    return environment.get(name) or DEFAULTS[name]
