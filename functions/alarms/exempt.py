"""Which functions and services need no alarm, or none of this account's."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.evidence.workloads.function_sources import FedBy
from readiness.judgement.service_functions import of_service_function
from readiness.model.text import listed
from readiness.model.verdict import Verdict, not_applicable

REPLICA = "This is a Lambda@Edge replica; the original function is checked in its own region."
NO_BALANCER = "No application load balancer sends requests to the service."


def why_exempt(name: str, master_arn: str) -> Verdict | None:
    """NOT_APPLICABLE for a replica and for a function that an AWS service made; else None.

    ``master_arn`` is the ARN of the function that Lambda@Edge replicated, or empty.
    """
    return not_applicable(REPLICA) if master_arn else of_service_function(name)


def nobody_waits(sources: Sequence[FedBy]) -> Verdict:
    """NOT_APPLICABLE for the latency of a function that these ``sources`` alone feed."""
    return not_applicable(
        f"No caller waits for it: it is fed by {listed([each.spoken for each in sources])},"
        " which has no metric of its delay."
    )


def why_without_requests(routes: Sequence[tuple[str, str]]) -> Verdict | None:
    """NOT_APPLICABLE for a service that no application load balancer sends requests to.

    ``routes`` are the dimensions (load balancer, target group) of its requests.
    """
    return None if routes else not_applicable(NO_BALANCER)
