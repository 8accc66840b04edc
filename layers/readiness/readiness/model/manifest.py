"""The workload manifest: what tags cannot say of a workload, stated by its owner."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from readiness.model.text import listed

SCHEMA = Path(__file__).with_name("manifest.schema.json")
DEFAULT = "default"
"""The workload whose manifest holds for what has none of its own."""

_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
}
_SPOKEN = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
}
Json = Any


class ManifestRefused(ValueError):
    """A document that is no manifest. ``faults`` has each place in it with what is wrong there."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place: the members and positions that lead there, from the root."""

    path: tuple[str | int, ...]
    what: str
    position: int | None = None
    """Where the text stops being JSON, in characters; None for a fault of what it says."""

    @property
    def place(self) -> str:
        """``recovery.rto_minutes``, ``dependencies[0].name``; nothing for the root."""
        told = ""
        for step in self.path:
            told += f"[{step}]" if isinstance(step, int) else f".{step}" if told else step
        return told

    def __str__(self) -> str:
        return f"{self.place}: {self.what}" if self.path else self.what


@dataclass(frozen=True, slots=True)
class Breaker:
    """Where a circuit breaker keeps its state: a row of a DynamoDB table."""

    table: str
    id: str


@dataclass(frozen=True, slots=True)
class Dependency:
    """What a workload calls and could fail; the functions and services (globs) that call it."""

    name: str
    used_by: tuple[str, ...]
    breaker: Breaker | None = None


@dataclass(frozen=True, slots=True)
class SuiteSource:
    """Where tests of a workload run: a CodeBuild project, a pipeline's action, a canary."""

    kind: str
    provider: str
    name: str
    min_tests: int = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the owner of one workload states.

    Functions are named by their name, ECS services as ``cluster/service``, both as globs. A
    required tag without values may have any that is not empty. Environments go by account id.
    """

    workload: str
    owner: str
    reviewed: date
    version: str = ""
    rto_minutes: float | None = None
    rpo_minutes: float | None = None
    critical: tuple[str, ...] = ()
    required_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spot_eligible: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    tests: tuple[SuiteSource, ...] = ()
    environments: Mapping[str, str] = field(default_factory=dict)

    def is_critical(self, name: str) -> bool:
        """Whether a function, or a service as ``cluster/service``, is stated to be critical."""
        return names_it(self.critical, name)


def names_it(patterns: tuple[str, ...], name: str) -> bool:
    """Whether one of the globs is the name of a function, or of a service: cluster/service.

    A glob without a stroke means functions alone, so that ``*`` does not mean each service.
    """
    return any(
        pattern.count("/") == name.count("/") and fnmatchcase(name, pattern)
        for pattern in patterns
    )


def parse(workload: str, document: str) -> Manifest:
    """The manifest of a workload, from JSON text. Raises ManifestRefused with every fault."""
    try:
        given = json.loads(document, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        fault = Fault((), f"it is not JSON: {error.msg} at line {error.lineno}", error.pos)
        raise ManifestRefused((fault,)) from None
    except RecursionError:
        raise ManifestRefused((Fault((), "it is nested too deeply"),)) from None
    except _Twice as twice:
        raise ManifestRefused((Fault((), str(twice)),)) from None
    faults = tuple(_faults(given, _schema(), ()))
    if faults:
        raise ManifestRefused(faults)
    recovery = given.get("recovery", {})
    return Manifest(
        workload,
        given["owner"],
        date.fromisoformat(given["reviewed"]),
        given.get("version", ""),
        recovery.get("rto_minutes"),
        recovery.get("rpo_minutes"),
        tuple(given.get("critical", ())),
        {tag: tuple(values) for tag, values in given.get("required_tags", {}).items()},
        tuple(given.get("spot_eligible", ())),
        tuple(_dependency(each) for each in given.get("dependencies", ())),
        tuple(SuiteSource(**each) for each in given.get("tests", ())),
        given.get("environments", {}),
    )


def _dependency(given: Mapping[str, Any]) -> Dependency:
    breaker = Breaker(**given["breaker"]) if "breaker" in given else None
    return Dependency(given["name"], tuple(given["used_by"]), breaker)


class _Twice(ValueError):
    """A member that stands twice in one object; JSON would keep the last without a word."""


def _once(members: list[tuple[str, Json]]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, value in members:
        if name in found:
            raise _Twice(f"{name!r} stands twice in one object")
        found[name] = value
    return found


def _no_number(word: str) -> Json:
    raise _Twice(f"{word} is no number of JSON")


@cache
def _schema() -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return schema


def _faults(
    value: Json, schema: Mapping[str, Any], path: tuple[str | int, ...]
) -> Iterator[Fault]:
    """What the schema refuses, by those keywords of JSON Schema that ours uses."""
    if "$ref" in schema:
        yield from _faults(value, _schema()["$defs"][schema["$ref"].rpartition("/")[2]], path)
        return
    kind = schema.get("type")
    if kind and not _is_a(value, kind):
        yield Fault(path, f"it must be {_SPOKEN[kind]}, not {_shown(value)}")
    elif "enum" in schema and value not in schema["enum"]:
        yield Fault(path, f"{_shown(value)} is none of {listed(schema['enum'])}")
    elif isinstance(value, dict):
        yield from _faults_of_members(value, schema, path)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _faults(each, schema["items"], (*path, index))
    elif isinstance(value, str):
        yield from _faults_of_text(value, schema, path)
    elif isinstance(value, int | float):
        yield from _faults_of_number(value, schema, path)


def _is_a(value: Json, kind: str) -> bool:
    """As JSON Schema has it: 3.0 is a whole number, and true is no number."""
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _KINDS[kind]) and not isinstance(value, bool)


def _faults_of_members(
    value: Mapping[str, Json], schema: Mapping[str, Any], path: tuple[str | int, ...]
) -> Iterator[Fault]:
    known = schema.get("properties", {})
    other = schema["additionalProperties"]
    for name in schema.get("required", ()):
        if name not in value:
            yield Fault(path, f"{name!r} is missing")
    for name, member in value.items():
        here = (*path, name)
        yield from _faults_of_text(name, schema.get("propertyNames", {}), here)
        if name in known:
            yield from _faults(member, known[name], here)
        elif other is False:
            yield Fault(here, f"it is unknown; known are {listed(sorted(known), len(known))}")
        else:
            yield from _faults(member, other, here)


def _faults_of_text(
    value: str, schema: Mapping[str, Any], path: tuple[str | int, ...]
) -> Iterator[Fault]:
    if len(value) < schema.get("minLength", 0):
        yield Fault(path, "it is empty")
    elif len(value) > schema.get("maxLength", len(value)):
        yield Fault(path, f"it is longer than {schema['maxLength']} characters")
    elif "pattern" in schema and not re.fullmatch(schema["pattern"].strip("^$"), value):
        yield Fault(path, f"{_shown(value)} is not {schema['description']}")
    elif schema.get("format") == "date" and not _is_date(value):
        yield Fault(path, f"{_shown(value)} is no day as 2026-01-31")


def _faults_of_number(
    value: float, schema: Mapping[str, Any], path: tuple[str | int, ...]
) -> Iterator[Fault]:
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        yield Fault(path, f"{value:g} is not above {schema['exclusiveMinimum']}")
    elif value < schema.get("minimum", value):
        yield Fault(path, f"{value:g} is below {schema['minimum']}")
    elif value > schema.get("maximum", value):
        yield Fault(path, f"{value:g} is above {schema['maximum']}")


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _shown(value: Json) -> str:
    told = json.dumps(value, ensure_ascii=False)
    return told if len(told) <= 60 else f"{told[:57]}…"
