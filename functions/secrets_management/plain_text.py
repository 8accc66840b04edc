"""The verdict on a resource's plain text; it says where something is and never what."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Problem,
    Severity,
    Status,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates_all,
)
from readiness.semantics.credentials import Certainty, Suspicion

_SAID = {
    Certainty.SHAPED: (Severity.CRITICAL, "Credentials in plain text"),
    Certainty.RANDOM: (Severity.HIGH, "Values in plain text that look like keys"),
    Certainty.NAMED: (Severity.HIGH, "Plain text under names of secrets"),
}


def judge_plain_text(
    found: Sequence[Suspicion],
    from_parameter_store: Sequence[str] = (),
    *,
    variables: int = 0,
    texts: int = 0,
    kind: str = "environment variable",
    nothing: str = "It has no environment variables.",
) -> Verdict:
    """The verdict on the suspicions among a resource's variables (of that kind) and texts.

    ``nothing`` is the reason where there is neither.
    """
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
    counts = [plural(variables, kind)] if variables or not texts else []
    counts += [plural(texts, "text")] if texts else []
    if not variables and not texts:
        return not_applicable(nothing)
    return complies(
        f"No credential was found in {' and '.join(counts)}.", variables=variables, texts=texts
    )


def unless_unread(verdict: Verdict, unread: int, what: str, most: int, setting: str) -> Verdict:
    """The verdict, but no pass where only the first ``most`` of them were read."""
    if not unread or verdict.status is Status.NON_COMPLIANT:
        return verdict
    return cannot_tell(
        f"Only {plural(most, what)} were read, and no credential was found; {unread} more have not"
        f" been (setting {setting})."
    )
