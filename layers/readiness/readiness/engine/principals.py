"""The ARN behind an ``aws:userid``: from IAM, never from what somebody wrote into a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from readiness.engine.aws import Aws
from readiness.engine.reader import DeclaredReader
from readiness.model.attestation import MACHINE, Attestation
from readiness.model.unreadable import Unreadable

READS = frozenset({"iam:ListRoles", "iam:ListUsers"})
_MOST = 1000
"""Users or roles in an answer, the most that IAM gives."""


class Principals:
    """The users and roles of an account by their unique ids, asked when first needed.

    An id that cannot be resolved, because its user or role is gone, lies in another account, or
    the listing is denied, stays as it is: it is still the id that IAM enforced.
    """

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._read = DeclaredReader(aws, READS, "the names of attesters")

    def arn(self, id: str) -> str:
        """The ARN of a caller, or the id again.

        Source: the table "Principal key values" of the IAM user guide: a user is ``AIDA…``, a
        session of a role ``AROA…:session``, the root user the account number, a federated user
        ``account:name``.
        """
        if not id or id.startswith(MACHINE):
            return id
        account, partition = self._aws.account, self._read.partition
        who, _, session = id.partition(":")
        if id == account:
            return f"arn:{partition}:iam::{account}:root"
        if who == account:
            return f"arn:{partition}:sts::{account}:federated-user/{session}"
        if session:
            role = self._named("list_roles", "Roles", "RoleId", "RoleName").get(who)
            assumed = f"arn:{partition}:sts::{account}:assumed-role"
            return f"{assumed}/{role}/{session}" if role else id
        return self._named("list_users", "Users", "UserId", "Arn").get(who, id)

    def named(self, statements: Iterable[Attestation]) -> list[Attestation]:
        """The statements with the ARNs of who attested and approved."""
        return [
            replace(
                each,
                attester=self.arn(each.attester_id),
                approved_by=self.arn(each.approved_by_id),
            )
            for each in statements
        ]

    def _named(self, operation: str, key: str, id: str, name: str) -> Mapping[str, str]:
        try:
            listed = self._read.every("iam", operation, key, MaxItems=_MOST)
        except Unreadable:
            return {}
        return {each[id]: each[name] for each in listed}
