"""The verdict on a resource's variables; it names variables and never a value."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Problem,
    Severity,
    Verdict,
    complies,
    not_applicable,
    violates_all,
)
from readiness.semantics.credentials import Certainty, Suspicion

_SAID = {
    Certainty.SHAPED: (Severity.CRITICAL, "Credentials in plain text"),
    Certainty.RANDOM: (Severity.HIGH, "Values in plain text that look like keys"),
    Certainty.NAMED: (Severity.HIGH, "Variables named like secrets with a plain text value"),
}


def judge_variables(
    found: Sequence[Suspicion], from_parameter_store: Sequence[str], variables: int
) -> Verdict:
    """The verdict on the suspicions among ``variables`` variables of one resource."""
    problems = [
        Problem(severity, f"{words}: {listed([f'{s.name} ({s.detector})' for s in of_kind])}.")
        for certainty, (severity, words) in _SAID.items()
        if (of_kind := [s for s in found if s.certainty is certainty])
    ]
    if from_parameter_store:
        text = (
            "Secrets from Parameter Store instead of Secrets Manager:"
            f" {listed(from_parameter_store)}."
        )
        problems.append(Problem(Severity.LOW, text))
    if problems:
        return violates_all(
            problems,
            expected="Variables that hold only names of secrets in AWS Secrets Manager.",
            variables=[
                {"name": s.name, "detector": s.detector, "length": s.length} for s in found
            ],
            from_parameter_store=list(from_parameter_store),
        )
    if not variables:
        return not_applicable("It has no environment variables.")
    count = plural(variables, "environment variable")
    return complies(f"No credential was found in {count}.", variables=variables)
