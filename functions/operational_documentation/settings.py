"""Settings that several rules on documents share."""

from __future__ import annotations

from typing import Annotated

from readiness import Between

DocumentDays = Annotated[int, Between(1, 180), "How long a document is valid (days)"]
TwoPeople = Annotated[bool, "Require the approval of a second person"]

SCENARIOS = ("rollback", "restore", "disable", "dependency-outage", "credential-leak")
"""What a runbook has to tell how to do, or what to do about."""
