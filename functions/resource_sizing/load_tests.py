"""What a load test is worth next to what Compute Optimizer and the metrics say since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.computeoptimizer import Recommendation
from readiness.model.attestation import Attested
from readiness.model.verdict import Fact, Severity, Status, Verdict, violates
from readiness.semantics.metrics import Series

_TOO_LITTLE = {"MemoryUnderprovisioned", "CPUUnderprovisioned"}
_TOO_MUCH = {"MemoryOverprovisioned", "CPUOverprovisioned"}
_WEEK_ENOUGH = 6


@dataclass(frozen=True, slots=True)
class Sized:
    """Something with a size: what it is called, its memory use (%) and what is recommended."""

    size: str
    bound: Mapping[str, Fact]
    memory: Series
    recommended: Recommendation | None = None

    def too_little(self, high: float) -> str:
        """What says that it is too small; empty where nothing does."""
        if self._recommends("Underprovisioned", _TOO_LITTLE):
            return f"Compute Optimizer finds {self.size} too little."
        most = self.memory.highest
        if most is not None and most >= high:
            return f"{most:.0f} % of the memory was in use, {high:g} % is the limit."
        return ""

    def too_much(self, low: float) -> str:
        """What says that it is too large; empty where nothing does, or not for a whole week."""
        if self._recommends("Overprovisioned", _TOO_MUCH):
            return f"Compute Optimizer finds {self.size} too much."
        most = self.memory.highest
        covered = self.memory.window.end - self.memory.window.start
        if most is not None and most < low and covered.days >= _WEEK_ENOUGH:
            return f"Within a week at most {most:.0f} % of the memory was in use."
        return ""

    def _recommends(self, finding: str, reasons: set[str]) -> bool:
        """Functions are all ``NotOptimized``, with reasons; services say it in the finding."""
        said = self.recommended
        if said is None:
            return False
        by_reason = said.finding == "NotOptimized" and bool(reasons & set(said.reasons))
        return by_reason or said.finding == finding


def since(measured: Series, moment: datetime | None) -> Series:
    """Only what was measured with today's configuration; the rest says nothing of it."""
    return measured if moment is None else measured.since(moment)


def judge(
    sized: Sized,
    attested: Attested,
    *,
    contradiction: str = "",
    mem_high: float,
    mem_low: float,
    max_age_days: int,
    two_people: bool,
) -> Verdict:
    """A signal that it is too small beats an attestation, and that beats one of waste."""
    expected = "A size that a load test found and that what is measured since bears out."
    against = sized.too_little(mem_high) or contradiction
    if against:
        return violates(against, expected=expected).observing(sized.bound)
    verdict = attested.verdict(
        "A load test", max_age_days=max_age_days, two_people=two_people, bound=sized.bound
    )
    waste = sized.too_much(mem_low)
    if verdict.status is Status.COMPLIANT or verdict.missing or not waste:
        return verdict.observing(sized.bound)
    said = f"{waste} No valid load test says that it has to be so."
    return violates(said, expected=expected, severity=Severity.LOW).observing(sized.bound)
