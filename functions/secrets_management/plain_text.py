"""The verdict on a resource's variables, in words that name them and never their values."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.model.text import listed
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
    Certainty.SHAPED: (Severity.CRITICAL, "Credentials stand in plain text"),
    Certainty.RANDOM: (Severity.HIGH, "Values that look like keys stand in plain text"),
    Certainty.NAMED: (Severity.HIGH, "Variables named like secrets have their value written out"),
}


def judge_variables(
    found: Sequence[Suspicion], from_parameter_store: Sequence[str], variables: int
) -> Verdict:
    """The worst of what was found among so many variables of one resource."""
    problems = [
        Problem(severity, f"{words}: {listed([f'{s.name} ({s.detector})' for s in of_kind])}.")
        for certainty, (severity, words) in _SAID.items()
        if (of_kind := [s for s in found if s.certainty is certainty])
    ]
    if from_parameter_store:
        text = (
            f"{listed(from_parameter_store)} come from Parameter Store, not from Secrets Manager."
        )
        problems.append(Problem(Severity.LOW, text))
    if problems:
        return violates_all(
            problems,
            expected="Variables that name a secret in AWS Secrets Manager, or none.",
            variables=[
                {"name": s.name, "detector": s.detector, "length": s.length} for s in found
            ],
            from_parameter_store=list(from_parameter_store),
        )
    if not variables:
        return not_applicable("It has no environment variables.")
    count = f"{variables} environment variable{'' if variables == 1 else 's'}"
    return complies(f"Of {count} none holds a credential.", variables=variables)
