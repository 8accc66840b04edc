"""Functions that AWS services make and run: their owner cannot add what a rule would ask for."""

from __future__ import annotations

from collections.abc import Mapping

from readiness.model.verdict import Verdict, not_applicable

_MAKERS: Mapping[str, str] = {
    "cwsyn-": "CloudWatch Synthetics made the function for a canary and runs it: alarms belong on"
    " the canary.",
    "aws-controltower-": "AWS Control Tower made the function, and lets no one change it.",
}
"""How their names begin (Synthetics API Reference, DeleteCanary; Control Tower's mandatory control
"Disallow changes to AWS Lambda functions set up by AWS Control Tower")."""


def of_service_function(name: str) -> Verdict | None:
    """The verdict on a function that an AWS service runs by itself; None for any other.

    It is for rules that ask how well a workload is built and watched. What such a function may
    do, and what its variables hold, matters as with any other.
    """
    for prefix, reason in _MAKERS.items():
        if name.startswith(prefix):
            return not_applicable(reason)
    return None
