"""What to do about a finding and why it matters, in a line each: the first words of its runbook.

``guidance.json`` is written by ``make docs`` from ``docs/runbooks``.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).with_name("guidance.json")


@dataclass(frozen=True, slots=True)
class Guidance:
    """Of one rule: the fix and the reason in one sentence each, and the steps as Markdown."""

    fix: str = ""
    why: str = ""
    steps: str = ""


@functools.cache
def _known() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


def guidance(rule: str) -> Guidance:
    """What the runbook says; empty for a rule without a section, as one that is retired."""
    return Guidance(**_known().get(rule, {}))
