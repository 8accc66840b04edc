"""`readiness manifest`: check a workload's manifest before you put it into Parameter Store."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from readiness.evidence.workloads.manifests import PATH
from readiness.model.manifest import DEFAULT, Fault, Manifest, ManifestRefused, parse
from readiness_cli.failure import Failure
from readiness_cli.options import Group
from readiness_cli.output import as_typed, cell, emit, facts, note, output_option

STANDARD = 4096
"""The characters that a parameter of the standard tier holds; one of the advanced tier twice."""

_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


@click.group(cls=Group)
def manifest() -> None:
    """What tags cannot say of a workload: recovery times, critical parts, required tags."""


@manifest.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--workload",
    default=DEFAULT,
    show_default=True,
    metavar="NAME",
    help="Whose manifest it is: the value of the tag Application.",
)
@output_option
def check(file: Path, workload: str, format: str) -> None:
    """Check a manifest in FILE (- for standard input) and show what it states.

    Each fault names its line. Exit code 2 if there is one. Nothing is sent to AWS; the command
    that stores the manifest is printed.
    """
    document = _read(file)
    try:
        found = parse(workload, document)
    except ManifestRefused as refused:
        lines = [_told(file, document, fault) for fault in refused.faults]
        for line in lines[:-1]:
            note(line)
        raise Failure(
            lines[-1],
            why="Readiness would use none of the document",
            fix="correct it; docs/manifest.md shows every member, and the schema is"
            " readiness/model/manifest.schema.json",
        ) from None
    if len(document) > 2 * STANDARD:
        raise Failure(
            f"the file {file} has {len(document):,} characters",
            why=f"A parameter holds {2 * STANDARD:,} at most",
            fix="shorten it, with globs in place of names, or leave out the indentation",
        )
    row = _row(found)
    emit(format, [row], lambda: [facts((name, cell(as_typed(row[name]))) for name in row)])
    name = f"{PATH}/{workload}"
    tier = " --tier Advanced" if len(document) > STANDARD else ""
    value = shlex.quote(f"file://{file}")
    note(
        f"To store it: aws ssm put-parameter --overwrite --type String --name {shlex.quote(name)}"
        f" --value {value}{tier}"
    )


def _row(found: Manifest) -> dict[str, Any]:
    """What a manifest states, one member for each that the document has at its top."""
    return {
        "workload": found.workload,
        "owner": found.owner,
        "reviewed": found.reviewed.isoformat(),
        "version": found.version,
        "rto_minutes": found.rto_minutes,
        "rpo_minutes": found.rpo_minutes,
        "critical": found.critical,
        "required_tags": list(found.required_tags),
        "spot_eligible": found.spot_eligible,
        "dependencies": [each.name for each in found.dependencies],
        "tests": [f"{each.kind}: {each.provider} {each.name}" for each in found.tests],
        "environments": [f"{account}={name}" for account, name in found.environments.items()],
    }


def _read(file: Path) -> str:
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        what, fix = f"the file {file} is not UTF-8 at byte {error.start}", "save it as UTF-8"
    except OSError as error:
        what, fix = (
            f"the file {file} cannot be read: {error.strerror}",
            "name a file that can be read",
        )
    raise Failure(what, why="Nothing was checked", fix=fix) from None


def _told(file: Path, document: str, fault: Fault) -> str:
    place = fault.position if fault.position is not None else position(document, fault.path)
    return f"{file}:{document.count(chr(10), 0, place) + 1}: {fault}"


def position(document: str, path: tuple[str | int, ...]) -> int:
    """Where a value stands in JSON text that is well formed, in characters.

    A member stands where its name does. Where the path leads to nothing: where its last step
    that exists stands.
    """
    at = _skip(document, 0)
    for step in path:
        found = next((start for key, start in _inside(document, at) if key == step), None)
        if found is None:
            return at
        at = found
        if isinstance(step, str) and step is not path[-1]:
            at = _value(document, at)
    return at


def _inside(document: str, at: int) -> Iterator[tuple[str | int, int]]:
    """The members of the object or list at ``at``: each name or number, and where it begins."""
    closing = {"{": "}", "[": "]"}.get(document[at], "")
    here = _skip(document, at + 1)
    index = 0
    while closing and document[here] != closing:
        key: str | int = index
        start = value = here
        if closing == "}":
            key = _DECODER.raw_decode(document, here)[0]
            value = _value(document, here)
        yield key, start
        end = _DECODER.raw_decode(document, value)[1]
        here = _skip(document, end)
        here = _skip(document, here + 1) if document[here] == "," else here
        index += 1


def _value(document: str, member: int) -> int:
    """Where the value of the member begins whose name begins at ``member``."""
    colon = _skip(document, _DECODER.raw_decode(document, member)[1])
    return _skip(document, colon + 1)


def _skip(document: str, at: int) -> int:
    while at < len(document) and document[at] in _SPACE:
        at += 1
    return at
