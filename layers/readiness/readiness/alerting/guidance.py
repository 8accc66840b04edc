"""What to do about a finding and why it matters, in a line each: the first words of its runbook.

``guidance.json`` is written by ``make docs`` from ``docs/runbooks``.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("guidance.json")


@dataclass(frozen=True, slots=True)
class Guidance:
    """Of one rule: the fix and the reason in one sentence each, and the steps as Markdown."""

    fix: str = ""
    why: str = ""
    steps: str = ""


@functools.cache
def _known() -> dict[str, Any]:
    try:
        found = json.loads(_FILE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # A page without advice is better than no page.
        return {}
    return found if isinstance(found, dict) else {}


def guidance(rule: str) -> Guidance:
    """What the runbook says; empty for a rule without a section, as one that is retired.

    Of a file of another version what is known here is taken.
    """
    said = _known().get(rule)
    if not isinstance(said, dict):
        return Guidance()
    known = {name: said.get(name, "") for name in Guidance.__dataclass_fields__}
    return Guidance(**{name: text for name, text in known.items() if isinstance(text, str)})
