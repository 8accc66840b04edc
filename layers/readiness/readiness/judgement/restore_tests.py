"""What AWS Backup restores as a test: a copy that it deletes in hours, which serves nobody."""

from __future__ import annotations

from readiness.model.verdict import Verdict, not_applicable

_PREFIX = "awsbackup-restore-test-"
"""How AWS Backup names what a restore test creates (AWS Backup Developer Guide, "Restore testing
inferred metadata"). A DynamoDB table gets no tag by which to tell it."""


def of_restore_test(name: str) -> Verdict | None:
    """The verdict on the copy that a restore test made; None for anything else.

    It is for rules that ask how well something serves. Who can reach the data of a copy, and how
    it is encrypted, matters as much as with the original.
    """
    if not name.startswith(_PREFIX):
        return None
    return not_applicable("A restore test of AWS Backup created it and will delete it.")
