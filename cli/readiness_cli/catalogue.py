"""All rules: the headings found in functions/, in the checklist's order."""

from __future__ import annotations

import difflib
import functools
import importlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from readiness.model import checklist
from readiness.model.rule import Heading, Rule
from readiness.model.text import listed
from readiness_cli.failure import Exit, Failure

_CARRIED = Path(__file__).resolve().with_name("carried")
ROOT = _CARRIED if _CARRIED.is_dir() else Path(__file__).resolve().parents[2]
"""Where functions/ is: in the installed package (see setup.py), or else in the checkout."""


def folders() -> tuple[str, ...]:
    """The folders of the headings that have rules. Raises Failure when there is none."""
    found = _folders_in(ROOT / "functions")
    if not found:
        raise Failure(
            f"the installation has no rules: {ROOT / 'functions'} has none",
            why="Without rules nothing can be evaluated",
            fix="install readiness again from its wheel or its repository",
            code=Exit.AWS_OR_INTERNAL,
        )
    return found


@functools.cache
def _folders_in(functions: Path) -> tuple[str, ...]:
    return tuple(
        chapter.folder
        for chapter in checklist.CHAPTERS
        if (functions / chapter.folder / "app.py").exists()
    )


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


def rule(name: str) -> Rule:
    """The rule with that id, or with that name where no other has it. Raises LookupError.

    Only its heading is imported.
    """
    found = rules_named(name)
    if len(found) == 1:
        return found[0]
    ids = listed([each.id for each in found], 8)
    raise LookupError(
        f"{name!r} is a heading with {len(found)} rules, and one is asked for: {ids}"
    )


def rules_named(name: str) -> list[Rule]:
    """The rule of that id or name, or the rules of that heading. Raises LookupError."""
    from readiness_cli import outline  # noqa: PLC0415

    wanted = name.strip()
    folder = wanted.partition(".")[0]
    if folder in folders():
        for candidate in heading(folder):
            if candidate.id == wanted:
                return [candidate]
    known = outline.rules()
    plain = wanted.casefold().replace("_", "-")
    spelled = {id.casefold().replace("_", "-"): id for id in known}
    if plain in spelled:
        return _of_ids([spelled[plain]])
    bare = [id for id, line in known.items() if line.name == plain]
    if len(bare) == 1:
        return _of_ids(bare)
    try:
        named = folder_named(wanted)
    except LookupError:
        named = ""
    if named in folders():
        return list(heading(named))
    if bare:
        raise LookupError(f"several rules are called {name!r}: {either(bare)}")
    raise LookupError(_unknown(wanted, tuple(known)))


def _of_ids(ids: Iterable[str]) -> list[Rule]:
    wanted = set(ids)
    return [each for id in ids for each in heading(id.partition(".")[0]) if each.id in wanted]


def _unknown(name: str, known: Sequence[str]) -> str:
    """That no rule is called so, and which may be meant: by id, by bare name, by heading."""
    folder, dot, bare = name.partition(".")
    by_name: dict[str, list[str]] = {}
    for id in known:
        by_name.setdefault(id.partition(".")[2], []).append(id)
    likely = [] if dot else difflib.get_close_matches(name.casefold(), folders(), n=2, cutoff=0.7)
    close = difflib.get_close_matches(bare or folder, by_name, n=3, cutoff=0.7)
    likely += [id for each in close for id in by_name[each]]
    whole = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    likely += [id for id in whole if id not in likely]
    if likely:
        return f"unknown rule {name!r}. Did you mean {either(likely[:3])}?"
    same_heading = [other for other in known if other.startswith(f"{folder}.")]
    if same_heading:
        return f"unknown rule {name!r}. Rules of {folder}: {', '.join(same_heading)}"
    return f"unknown rule {name!r}"


def either(names: Iterable[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def meant(name: str, known: Iterable[str]) -> str:
    """``. Did you mean a or b?`` out of what is known, for the end of a refusal; else empty."""
    spoken: dict[str, list[str]] = {}
    for each in known:
        spoken.setdefault(each.casefold(), []).append(each)
    close = difflib.get_close_matches(name.casefold(), spoken, n=3, cutoff=0.5)
    likely = [each for folded in close for each in spoken[folded]][:3]
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


def chosen(
    names: Iterable[str], heading_names: Iterable[str], excluded: Iterable[str] = ()
) -> list[Rule]:
    """The rules a user asked for; all of them where nothing was asked. Raises LookupError.

    ``excluded`` are headings that are left out of them.
    """
    names, wanted = list(names), [folder_named(name) for name in heading_names]
    without = {folder_named(name) for name in excluded}
    if names or wanted:
        found = {each.id: each for folder in wanted for each in heading(folder)}
        found |= {each.id: each for name in names for each in rules_named(name)}
    else:
        found = {
            each.id: each
            for folder in folders()
            if folder not in without
            for each in heading(folder)
        }
    return [each for each in found.values() if each.heading.folder not in without]
