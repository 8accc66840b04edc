"""What the rules are called, without importing them: 29 headings take a second to import.

The list is kept in the user's cache directory, for as long as no file of a heading changes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from readiness.model import checklist
from readiness.model.rule import Rule
from readiness.model.verdict import Severity
from readiness_cli import catalogue

_FORM = 1
"""Of the file; another one is written anew."""


@dataclass(frozen=True, slots=True)
class Line:
    """A rule as far as a list of rules needs it; its attributes are those of a Rule."""

    id: str
    heading: checklist.Chapter
    item: str
    severity: Severity
    opt_in: str = ""

    @property
    def name(self) -> str:
        return self.id.partition(".")[2]


def rules() -> dict[str, Line]:
    """Every rule by its id, in the checklist's order."""
    kept = _kept()
    if kept is not None:
        return kept
    made = lines_of(catalogue.rules().values())
    _keep(made)
    return made


def lines_of(known: Iterable[Rule]) -> dict[str, Line]:
    """Rules as lines, by their ids."""
    return {
        rule.id: Line(
            rule.id,
            checklist.chapter(rule.heading.folder),
            rule.item,
            rule.severity,
            rule.opt_in,
        )
        for rule in known
    }


def _kept() -> dict[str, Line] | None:
    """What is in the cache, if it is of these very files."""
    path = _path()
    if path is None:
        return None
    try:
        form, of, rows = json.loads(path.read_text(encoding="utf-8"))
        if (form, of) != (_FORM, _fingerprint()):
            return None
        return {
            id: Line(id, checklist.chapter(folder), item, Severity(severity), opt_in)
            for id, folder, item, severity, opt_in in rows
        }
    except (OSError, ValueError, TypeError, LookupError):
        return None  # not there yet, of another version, or not ours: it is made again


def _keep(made: dict[str, Line]) -> None:
    path = _path()
    if path is None:
        return
    rows = [
        [line.id, line.heading.folder, line.item, str(line.severity), line.opt_in]
        for line in made.values()
    ]
    # A home that is full or cannot be written to costs the time again, and nothing else.
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump([_FORM, _fingerprint(), rows], file)
        Path(beside).replace(path)


def _path() -> Path | None:
    """One file for each installation. None where there is no home to put it in."""
    try:
        root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        return None
    of = hashlib.sha256(str(catalogue.ROOT).encode()).hexdigest()[:12]
    return Path(root) / "readiness" / f"rules-{of}.json"


@functools.cache
def _fingerprint() -> str:
    """Changes whenever a file of a heading does."""
    folder = catalogue.ROOT / "functions"
    parts = [f"{name} {size} {at}" for name, size, at in sorted(_files(folder))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    for path in folder.rglob("*.py"):
        stat = path.stat()
        yield str(path.relative_to(folder)), stat.st_size, stat.st_mtime_ns
