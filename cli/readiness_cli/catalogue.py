"""All rules there are: the headings found in functions/, in the checklist's order."""

from __future__ import annotations

import functools
import importlib
import sys
from pathlib import Path

from readiness import checklist
from readiness.rule import Heading, Rule

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def headings() -> tuple[Heading, ...]:
    """Every heading that has a folder with rules."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    found = []
    for chapter in checklist.CHAPTERS:
        if (ROOT / "functions" / chapter.folder / "app.py").exists():
            app = importlib.import_module(f"functions.{chapter.folder}.app")
            found.append(next(v for v in vars(app).values() if isinstance(v, Heading)))
    return tuple(found)


def rules() -> dict[str, Rule]:
    """Every rule by its id."""
    return {rule.id: rule for heading in headings() for rule in heading.rules}
