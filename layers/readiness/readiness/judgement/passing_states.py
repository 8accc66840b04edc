"""What does not serve yet, or no more: nobody can or need set anything up for it."""

from __future__ import annotations

from readiness.evidence.going import GOING
from readiness.model.verdict import Verdict, cannot_tell, not_applicable


def of_passing_state(status: str) -> Verdict | None:
    """The verdict on what is being created or deleted, by its status in AWS; None for the rest.

    It is for rules that ask what watches something. A stack deletes the alarms of a database
    before the database, and creates them after it.
    """
    if status.lower() in GOING:
        return not_applicable(f"It is being deleted ({status}).")
    if status.lower() == "creating":
        return cannot_tell("It is being created.", is_passing=True)
    return None
