"""The account in one region, for rules that ask several services about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(REGION)
@dataclass(frozen=True, slots=True)
class Region:
    """Whose region it is and when it was looked at. Nothing is read for it."""

    read_at: datetime
    account: str = ""

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Region:
        return cls(read.now, read.account)
