"""What Lambda allows the account to run at once."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(REGION, reads=("lambda:GetAccountSettings",))
@dataclass(frozen=True, slots=True)
class ConcurrencyLimit:
    """How many executions at once all functions of the region share; how many functions exist.

    ``unreserved`` are those that no function has reserved; 0 where that is not told. Source:
    GetAccountSettings.
    """

    executions: int
    functions: int = 0
    unreserved: int = 0

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ConcurrencyLimit:
        answer = read.one("lambda", "get_account_settings")
        limit = answer["AccountLimit"]
        return cls(
            limit["ConcurrentExecutions"],
            (answer.get("AccountUsage") or {}).get("FunctionCount", 0),
            limit.get("UnreservedConcurrentExecutions", 0),
        )
