"""How answers are printed: tables for people, JSON and CSV for programs, inert in both."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO, TypeVar, cast

import click
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from readiness.model.text import clean
from readiness.model.verdict import Status
from readiness_cli.failure import Exit, Failure, reader_gone

FORMATS = ("table", "json", "jsonl", "csv")
PIPED_WIDTH = 100
READABLE = 50
NARROWEST = 40
MOST_NAME = 200
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a formula begins with; the last four are the full-width forms, which some locales take.
Tabs and line ends are spaces by then."""
_CHUNK = 1 << 16
_BLANKS = re.compile(r" +(?=\n)")
_STYLE = {
    "NON_COMPLIANT": "bold red",
    "COMPLIANT": "green",
    "INSUFFICIENT_DATA": "yellow",
    "NOT_APPLICABLE": "dim",
    "CRITICAL": "bold red",
    "HIGH": "red",
    "MEDIUM": "yellow",
}
F = TypeVar("F", bound=Callable[..., Any])


def output_option(command: F) -> F:
    """``-o table|json|jsonl|csv``."""
    decorate = click.option(
        "-o",
        "--output",
        "format",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="Output format on stdout.",
    )
    return decorate(command)


def file_option(command: F) -> F:
    """``--file PATH``, for :func:`write`."""
    decorate = click.option(
        "--file",
        "path",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write to this file instead of stdout.",
    )
    return decorate(command)


def write(path: Path | None, text: str | Iterable[str], what: str) -> None:
    """Write a text, or its pieces, to a file or to stdout.

    Raises Failure: ``what`` would be lost. A file that could not be finished is removed, since one
    that is cut off may look whole.
    """
    pieces = [text] if isinstance(text, str) else _chunks(text)
    if path is None:
        for piece in pieces:
            click.echo(piece, nl=False)
        return
    with (
        writing(path, what, "name another file with --file, or redirect stdout"),
        path.open("w", encoding="utf-8", newline="") as file,
        _whole_or_gone(path),
    ):
        for piece in pieces:
            file.write(piece)


@contextmanager
def writing(path: Path, what: str, fix: str) -> Iterator[None]:
    """Turn the error of a file that cannot be written into a Failure."""
    try:
        yield
    except OSError as error:
        raise Failure(
            f"the file {path} cannot be written: {error.strerror}",
            why=f"The {what} would be lost",
            fix=fix,
            code=Exit.AWS_OR_INTERNAL,
        ) from error


@contextmanager
def _whole_or_gone(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        target = path.resolve()
        if target.is_file():
            with suppress(OSError):
                target.unlink()
        raise


def _chunks(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces joined to larger ones: each costs a call of the system."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """As for any other output; rich would exit with 1, which is a failed gate."""
        raise reader_gone()


class _Bare:
    """A stream on which no line ends with blanks; tables fill their last column with them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(_BLANKS.sub("", text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def console(stream: TextIO | None = None) -> Console:
    """A console on stdout; plain and of a sane width where nobody watches."""
    stream = stream or sys.stdout
    is_watched = stream.isatty()
    return _Console(
        file=stream if is_watched else cast("TextIO", _Bare(stream)),
        width=None if is_watched else _piped_width(),
        markup=False,
        highlight=False,
        emoji=False,
    )


def _piped_width() -> int:
    columns = os.environ.get("COLUMNS", "")
    return max(int(columns), NARROWEST) if columns.isdigit() else PIPED_WIDTH


def note(text: str) -> None:
    """A line for people, on stderr."""
    click.echo(clean(text, 1000), err=True)


def cell(value: object, style: str = "", most: int = MOST_NAME) -> Text:
    """A text that shows what it says and does nothing else; statuses get their colour."""
    spoken = clean(str(value), most)
    return Text(spoken, style or _STYLE.get(spoken, ""), overflow="fold")


def indented(text: Text) -> Text:
    """A cell one step to the right."""
    return Text.assemble("  ", text, overflow="fold")


def stacked(*lines: Text) -> Text:
    """Several texts below one another in one cell; empty ones are left out."""
    return Text("\n", overflow="fold").join([line for line in lines if line.plain])


def table(*columns: str, title: str = "") -> Table:
    """A table that stays readable at 80 columns: its last column takes what is left."""
    made = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title=title or None,
        title_justify="left",
        title_style="bold",
        header_style="bold",
    )
    for name in columns[:-1]:
        made.add_column(name, overflow="fold")
    made.add_column(columns[-1], overflow="fold", ratio=1)
    return made


def facts(pairs: Iterable[tuple[str, RenderableType]]) -> Table:
    """Names and values below one another."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    for name, value in pairs:
        grid.add_row(name, value)
    return grid


def as_typed(value: object) -> str:
    """A setting's value as a person types it after ``--set NAME=``."""
    if isinstance(value, list | tuple):
        return ",".join(as_typed(part) for part in value) or "(empty)"
    return str(value).lower() if isinstance(value, bool) else str(value)


def emit(
    format: str,
    rows: Sequence[Mapping[str, Any]],
    render: Callable[[], Iterable[RenderableType]],
    *,
    columns: Sequence[str] = (),
) -> None:
    """Print ``rows`` as asked; ``render`` draws the table, ``columns`` head a CSV of no rows."""
    if format == "json":
        click.echo(as_json(rows))
    elif format == "jsonl":
        for row in rows:
            click.echo(json.dumps(row, default=str))
    elif format == "csv":
        click.echo(as_csv(rows, columns), nl=False)
    else:
        out = console()
        for piece in render():
            out.print(piece, crop=False)  # what must not be wrapped may be wider


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as one JSON list: spread out while a person may read them, else one in a line."""
    if len(rows) <= READABLE:
        return json.dumps(list(rows), indent=2, default=str)
    return "[\n" + ",\n".join(json.dumps(row, default=str) for row in rows) + "\n]"


def as_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> str:
    """Rows as CSV; a text that a spreadsheet would run as a formula gets a ``'`` in front."""
    names = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([guarded(row.get(name, "")) for name in names])
    return text.getvalue()


def guarded(value: object) -> object:
    """A cell of a CSV that no spreadsheet runs as a formula."""
    if isinstance(value, (bool, int, float)):
        return value
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = clean(text, 100_000)
    return f"'{text}" if text.startswith(_FORMULA) else text


def exit_code(statuses: Iterable[object]) -> int:
    """1 where something is NON_COMPLIANT, else 3 where something could not be told, else 0."""
    seen = {str(status) for status in statuses}
    if Status.NON_COMPLIANT in seen:
        return 1
    return 3 if Status.INSUFFICIENT_DATA in seen else 0
