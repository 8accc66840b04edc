"""Functions that AWS services make and run: their owner cannot add what a rule would ask for."""

from __future__ import annotations

from readiness.model.verdict import Verdict, not_applicable
from readiness.semantics.service_functions import made_by_aws, runs_with_its_stack


def of_service_function(name: str) -> Verdict | None:
    """The verdict on a function that AWS or its CDK runs by itself; None for any other.

    It is for rules that ask how well a workload is built, watched and used. What such a function
    may do, and what its variables hold, matters as with any other.
    """
    said = made_by_aws(name)
    return not_applicable(said) if said else None


_MOST_RUNS = 10_000
"""More runs in a week are no deployments: one that waits asks every few seconds for an hour."""


def of_stack_function(name: str, runs: float | None = None) -> Verdict | None:
    """The verdict on a function that only the deployment of a stack runs; None for any other.

    It is for rules that ask about load: such a function has none, and nobody tests it for any.
    ``runs`` are those of a week where they are known: an API may have such a name, too.
    """
    if not runs_with_its_stack(name) or (runs or 0) > _MOST_RUNS:
        return None
    return not_applicable(
        "By its name it is a custom resource, which runs only while its CloudFormation stack is"
        " deployed."
    )
