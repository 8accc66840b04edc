"""Settings that several rules on emergency procedures share."""

from __future__ import annotations

from typing import Annotated

from readiness import Between

DrillDays = Annotated[int, Between(1, 730), "How long a drill is valid (days)"]
NeedsDrill = Annotated[bool, "Require that the procedure was rehearsed"]
TwoPeople = Annotated[bool, "Require the approval of a drill by a second person"]
FirstDays = Annotated[
    int, Between(0, 90), "How long what is new may have no earlier state to go back to (days)"
]
