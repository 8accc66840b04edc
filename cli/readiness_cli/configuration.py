"""Options that are kept in `readiness.toml`, or in `[tool.readiness]` of `pyproject.toml`.

A file is found from the working directory upwards. At its top stand the options that most commands
have; a table has those of one command. What changes anything, in AWS or in what the stack judges,
is never taken from a file: whoever clones a repository has not asked for it.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from readiness_cli.failure import Failure
from readiness_cli.variables import SHARED, option_name

OWN_FILE = "readiness.toml"
PROJECT = "pyproject.toml"
ACTING = frozenset(
    {
        "attest",
        "demo",
        "emergency",
        "pagerduty-key",
        "quiet",
        "redrive",
        "resolve-all",
        "sweep",
        "test-alert",
        "unwaive",
        "waive",
    }
)
"""Commands that change something: of their own options none is taken from a file."""
_CHANGES = {"scan": {"record"}, "replay": {"via-bus"}}
_TOP = frozenset(name.lstrip("-") for name in SHARED)


def of(path: Sequence[str], command: click.Command) -> dict[str, Any]:
    """What the nearest file says of a command's options, by the names of its parameters.

    Raises Failure for a file that cannot be read, a key that nothing has, and a value that does
    not fit.
    """
    found = nearest(Path.cwd())
    if found is None:
        return {}
    file, document = found
    _check_top(file, document)
    options = {
        option_name(each): each for each in command.params if isinstance(each, click.Option)
    }
    table = _table(file, document, path)
    _check_table(file, path, table, options)
    shared = {name: value for name, value in document.items() if name in _TOP and name in options}
    return {
        str(options[name].name): _value(file, name, options[name], value)
        for name, value in {**shared, **table}.items()
    }


def nearest(start: Path) -> tuple[Path, Mapping[str, Any]] | None:
    """The file that counts in a directory, and what it says. Raises Failure."""
    for folder in (start, *start.parents):
        own = folder / OWN_FILE
        if own.is_file():
            return own, _parsed(own)
        project = folder / PROJECT
        if project.is_file() and b"tool.readiness" in _bytes(project):
            tools = _parsed(project).get("tool", {})
            if "readiness" in tools:
                of_ours: Mapping[str, Any] = tools["readiness"]
                return project, of_ours
    return None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}") from None


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_bytes(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _refused(path, f"is not TOML: {error}") from None


def _check_top(file: Path, document: Mapping[str, Any]) -> None:
    from readiness_cli.main import COMMANDS  # noqa: PLC0415

    if not isinstance(document, Mapping):
        raise _refused(file, "has no table [tool.readiness]")
    for name, value in document.items():
        if name in COMMANDS and isinstance(value, Mapping):
            continue
        if name in COMMANDS:
            raise _refused(file, f"has a value for {name!r}, which is a command: write [{name}]")
        if name not in _TOP:
            known = [*_TOP, *COMMANDS]
            raise _refused(file, f"has the key {name!r}, which no option has{_near(name, known)}")


def _table(file: Path, document: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
    table: Mapping[str, Any] = document
    for name in path:
        below = table.get(name, {})
        if not isinstance(below, Mapping):
            raise _refused(file, f"has a value where the table [{'.'.join(path)}] belongs")
        table = below
    return table


def _check_table(
    file: Path, path: Sequence[str], table: Mapping[str, Any], options: Iterable[str]
) -> None:
    where = f"[{'.'.join(path)}]"
    for name in table:
        if name not in options:
            near = _near(name, options)
            raise _refused(file, f"has {name!r} in {where}, which is no option of it{near}")
        is_acting = path[0] in ACTING and name not in _TOP
        if is_acting or name in _CHANGES.get(path[0], ()):
            raise _refused(
                file, f"has {name!r} in {where}, which changes something: only you can ask for it"
            )


def _value(file: Path, name: str, option: click.Option, value: Any) -> Any:
    """A value as click takes a default. Raises Failure for one of another form."""
    if option.is_flag:
        if isinstance(value, bool):
            return value
        raise _refused(file, f"has {value!r} for {name!r}, which is true or false")
    if option.multiple:
        values = value if isinstance(value, list) else [value]
        return [_text(file, name, option, each) for each in values]
    return _text(file, name, option, value)


def _text(file: Path, name: str, option: click.Option, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        form = "a list of texts" if option.multiple else "one text or number"
        raise _refused(file, f"has {value!r} for {name!r}, which is {form}")
    if isinstance(option.type, click.Path):  # a path is meant from where the file is
        return str(file.parent / str(value))
    return str(value)


def _near(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    return f". Did you mean {' or '.join(close)}?" if close else ""


def _refused(file: Path, what: str) -> Failure:
    return Failure(
        f"the file {file} {what}",
        why="The command would do something else than the file says",
        fix="correct it; docs/command-line.md shows what it can say",
    )
