"""Which functions need no alarm of this account's."""

from __future__ import annotations

from readiness.judgement.service_functions import of_service_function
from readiness.model.verdict import Verdict, not_applicable

REPLICA = "This is a Lambda@Edge replica; the original function is checked in its own region."


def why_exempt(name: str, master_arn: str) -> Verdict | None:
    """NOT_APPLICABLE for a replica and for a function that an AWS service made; else None.

    ``master_arn`` is the ARN of the function that Lambda@Edge replicated, or empty.
    """
    return not_applicable(REPLICA) if master_arn else of_service_function(name)
