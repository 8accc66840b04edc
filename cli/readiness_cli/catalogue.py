"""All rules: the headings found in functions/, in the checklist's order."""

from __future__ import annotations

import difflib
import functools
import importlib
import sys
from collections.abc import Iterable
from pathlib import Path

from readiness.model import checklist
from readiness.model.rule import Heading, Rule
from readiness_cli.failure import Exit, Failure

_CARRIED = Path(__file__).resolve().with_name("carried")
ROOT = _CARRIED if _CARRIED.is_dir() else Path(__file__).resolve().parents[2]
"""Where functions/ is: in the installed package (see setup.py), or else in the checkout."""


def folders() -> tuple[str, ...]:
    """The folders of the headings that have rules. Raises Failure when there is none."""
    found = tuple(
        chapter.folder
        for chapter in checklist.CHAPTERS
        if (ROOT / "functions" / chapter.folder / "app.py").exists()
    )
    if not found:
        raise Failure(
            f"the installation has no rules: {ROOT / 'functions'} has none",
            why="Without rules nothing can be evaluated",
            fix="install readiness again from its wheel or its repository",
            code=Exit.AWS_OR_INTERNAL,
        )
    return found


@functools.cache
def heading(folder: str) -> Heading:
    """The heading in a folder, imported at its first use. Raises LookupError."""
    if folder not in folders():
        raise LookupError(f"no rules in functions/{folder} (there are: {', '.join(folders())})")
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    app = importlib.import_module(f"functions.{folder}.app")
    return next(value for value in vars(app).values() if isinstance(value, Heading))


def headings() -> tuple[Heading, ...]:
    """Every heading that has a folder with rules."""
    return tuple(heading(folder) for folder in folders())


def rules() -> dict[str, Rule]:
    """Every rule by its id."""
    return {rule.id: rule for heading in headings() for rule in heading.rules}


def rule(id: str) -> Rule:
    """The rule with that id; only its heading is imported. Raises LookupError."""
    folder = id.partition(".")[0]
    if folder in folders():
        for candidate in heading(folder):
            if candidate.id == id:
                return candidate
    known = rules()
    likely = difflib.get_close_matches(id, known, n=3, cutoff=0.5)
    same_heading = [other for other in known if other.startswith(f"{folder}.")]
    if likely:
        raise LookupError(f"unknown rule {id!r}. Did you mean {either(likely)}?")
    if same_heading:
        raise LookupError(f"unknown rule {id!r}. Rules of {folder}: {', '.join(same_heading)}")
    raise LookupError(f"unknown rule {id!r}")


def either(names: Iterable[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def meant(name: str, known: Iterable[str]) -> str:
    """``. Did you mean a or b?`` out of what is known, for the end of a refusal; else empty."""
    likely = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f". Did you mean {either(likely)}?" if likely else ""


def folder_named(name: str) -> str:
    """The folder of a heading by its folder, title, or ``Section / Title``. Raises LookupError."""
    wanted = name.strip().casefold().replace("-", "_")
    for chapter in checklist.CHAPTERS:
        if wanted == chapter.folder:
            return chapter.folder
    spoken = name.strip().casefold()
    fitting = [
        chapter.folder
        for chapter in checklist.CHAPTERS
        if spoken in {chapter.title.casefold(), f"{chapter.section} / {chapter.title}".casefold()}
    ]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise LookupError(
            f"{name!r} is the title of several headings. Name one: {either(fitting)}"
        )
    folders = [chapter.folder for chapter in checklist.CHAPTERS]
    likely = difflib.get_close_matches(wanted, folders, n=3)
    hint = f"Did you mean {either(likely)}?" if likely else f"Headings: {', '.join(folders)}"
    raise LookupError(f"unknown heading {name!r}. {hint}")


def chosen(rule_ids: Iterable[str], heading_names: Iterable[str]) -> list[Rule]:
    """The rules a user asked for; all of them where nothing was asked. Raises LookupError."""
    rule_ids, wanted = list(rule_ids), [folder_named(name) for name in heading_names]
    if not rule_ids and not wanted:
        return list(rules().values())
    found = {each.id: each for folder in wanted for each in heading(folder)}
    found |= {id: rule(id) for id in rule_ids}
    return list(found.values())
