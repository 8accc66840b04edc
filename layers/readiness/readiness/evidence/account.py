"""The account itself, for rules about it that only people can answer."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.model.evidence import ACCOUNT, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(ACCOUNT)
@dataclass(frozen=True, slots=True)
class Account:
    """The number of the account. Nothing is read for it."""

    id: str

    @classmethod
    def load(cls, read: Reader, account: Resource) -> Account:
        return cls(account.account)
