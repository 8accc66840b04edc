"""The form of a case file: written, read, and refused with the place of what is wrong in it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from readiness.model.finding import iso, parse_iso
from readiness.model.verdict import Severity, Status
from readiness_cli.failure import Failure

VERSION = 1
MOST_BYTES = 64 * 1024 * 1024
_TIME, _BYTES = "$time", "$bytes"


@dataclass(frozen=True, slots=True)
class Call:
    """One call and its outcome: an answer, pages, or an error (after pages that came before)."""

    service: str
    operation: str
    params: Mapping[str, Any]
    region: str = ""
    answer: Any = None
    pages: tuple[Any, ...] | None = None
    error: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str, str, str, bool]:
        """What identifies the question."""
        is_paged = self.pages is not None
        return asked(self.service, self.operation, self.region, self.params, paged=is_paged)


def asked(
    service: str, operation: str, region: str | None, params: Mapping[str, Any], *, paged: bool
) -> tuple[str, str, str, str, bool]:
    """A question in a form that can be compared."""
    return service, operation, region or "", json.dumps(encoded(params), sort_keys=True), paged


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rule said, as far as it is compared, and in words."""

    status: str
    severity: str
    reason: str = ""
    expected: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A verdict with everything that it rests on. ``now`` is the time of the evaluation.

    ``absent`` are services that a region does not have (service, region).
    """

    rule: str
    resource: str
    account: str
    region: str
    now: datetime
    verdict: Verdict
    calls: tuple[Call, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    absent: tuple[tuple[str, str], ...] = ()
    declarations: str = ""
    known: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""
    written_by: str = ""

    def text(self) -> str:
        """The file: one line for each call, so that a difference can be read."""
        head = {
            "readiness_case": VERSION,
            "about": self.about,
            "rule": self.rule,
            "resource": self.resource,
            "account": self.account,
            "region": self.region,
            "now": iso(self.now),
            "settings": dict(self.settings),
            "absent": [list(each) for each in self.absent],
            "declarations": self.declarations,
            "known": dict(self.known),
            "written_by": self.written_by,
            "verdict": {
                "status": self.verdict.status,
                "severity": self.verdict.severity,
                "reason": self.verdict.reason,
                "expected": self.verdict.expected,
                "missing": list(self.verdict.missing),
            },
        }
        head = {name: value for name, value in head.items() if value not in ("", [], {})}
        ordered = sorted(self.calls, key=lambda call: call.key)
        lines = [json.dumps(_call(call), ensure_ascii=False) for call in ordered]
        body = json.dumps(head, indent=1, ensure_ascii=False)[:-2]
        calls = ",\n  ".join(lines)
        return (
            f'{body},\n "calls": [\n  {calls}\n ]\n}}\n'
            if lines
            else f'{body},\n "calls": []\n}}\n'
        )


def _call(call: Call) -> dict[str, Any]:
    made: dict[str, Any] = {"service": call.service, "operation": call.operation}
    if call.region:
        made["region"] = call.region
    made["params"] = encoded(call.params)
    if call.pages is not None:
        made["pages"] = [encoded(page) for page in call.pages]
    elif call.error is None:
        made["answer"] = encoded(call.answer)
    if call.error is not None:
        made["error"] = encoded(call.error)
    return made


def encoded(value: Any) -> Any:
    """An answer as JSON; times and bytes say what they are."""
    if isinstance(value, datetime):
        return {_TIME: value.isoformat()}
    if isinstance(value, bytes | bytearray):
        return {_BYTES: base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {str(key): encoded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [encoded(each) for each in value]
    return value


def decoded(value: Any) -> Any:
    """The inverse of :func:`encoded`. Raises ValueError."""
    if isinstance(value, dict):
        if set(value) == {_TIME}:
            return datetime.fromisoformat(str(value[_TIME]))
        if set(value) == {_BYTES}:
            return base64.b64decode(str(value[_BYTES]), validate=True)
        return {key: decoded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [decoded(each) for each in value]
    return value


def read(path: Path) -> Case:
    """The case in a file. Raises Failure that names the place of what is wrong."""
    try:
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8") if size <= MOST_BYTES else ""
    except (OSError, UnicodeDecodeError) as error:
        raise _failure(path, str(error)) from error
    if size > MOST_BYTES:
        raise _failure(path, f"is larger than {MOST_BYTES // (1024 * 1024)} MB")
    try:
        return parse(text)
    except Refused as error:
        raise _failure(path, str(error)) from None


class Refused(ValueError):
    """A case that does not have the form of one."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where} {what}".strip())


def parse(text: str) -> Case:
    """The case in a text. Raises Refused."""
    given = _an_object(text)
    known = {"readiness_case", "calls", "verdict", *Case.__dataclass_fields__}
    foreign = sorted(set(given) - known)
    if foreign:
        raise Refused(
            foreign[0], f"is not a member of a case (allowed: {', '.join(sorted(known))})"
        )
    said = _member(given, "verdict", dict)
    status, severity = (
        _member(said, "status", str, "verdict."),
        _member(said, "severity", str, "verdict."),
    )
    _one_of(status, Status, "verdict.status")
    _one_of(severity, Severity, "verdict.severity")
    return Case(
        rule=_member(given, "rule", str),
        resource=_member(given, "resource", str),
        account=_digits(_member(given, "account", str)),
        region=_member(given, "region", str),
        now=_now(_member(given, "now", str)),
        verdict=Verdict(
            status,
            severity,
            _member(said, "reason", str, "verdict.", ""),
            _member(said, "expected", str, "verdict.", ""),
            tuple(map(str, _member(said, "missing", list, "verdict.", []))),
        ),
        calls=tuple(
            _read_call(each, f"calls[{index}]")
            for index, each in enumerate(_member(given, "calls", list))
        ),
        settings=_member(given, "settings", dict, "", {}),
        absent=tuple(
            _pair(each, f"absent[{index}]")
            for index, each in enumerate(_member(given, "absent", list, "", []))
        ),
        declarations=_member(given, "declarations", str, "", ""),
        known=_known(given),
        about=_member(given, "about", str, "", ""),
        written_by=_member(given, "written_by", str, "", ""),
    )


def _an_object(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused("", f"is not JSON ({error})") from None
    if not isinstance(given, dict) or "readiness_case" not in given:
        raise Refused("", "is no case: it has no member readiness_case")
    if given["readiness_case"] != VERSION:
        version = given["readiness_case"]
        raise Refused("readiness_case", f"is {version!r}; this version reads {VERSION}")
    return given


_NEEDED: Any = object()
_SAID: dict[Any, str] = {str: "a text", dict: "an object", list: "a list"}


def _member(
    given: Mapping[str, Any], name: str, kind: type[Any], where: str = "", default: Any = _NEEDED
) -> Any:
    value = given.get(name, default)
    if value is _NEEDED:
        raise Refused(f"{where}{name}", "is missing")
    if not isinstance(value, kind):
        raise Refused(f"{where}{name}", f"must be {_SAID[kind]}")
    return value


def _one_of(value: str, allowed: type[Any], where: str) -> None:
    names = [str(each) for each in allowed]
    if value not in names:
        raise Refused(where, f"must be one of {', '.join(names)}, not {value[:40]!r}")


def _digits(account: str) -> str:
    if not (len(account) == 12 and account.isdigit()):
        raise Refused("account", "must be 12 digits")
    return account


def _now(text: str) -> datetime:
    try:
        return parse_iso(text)
    except ValueError as error:
        raise Refused("now", f"must be a time with its zone ({error})") from None


def _known(given: Mapping[str, Any]) -> Mapping[str, Any]:
    known: Mapping[str, Any] = _member(given, "known", dict, "", {})
    if known:
        _now(_member(known, "first_observed_at", str, "known."))
        _member(known, "observed", dict, "known.", {})
    return known


def _pair(value: Any, where: str) -> tuple[str, str]:
    is_pair = isinstance(value, Sequence) and len(value) == 2
    if not is_pair or not all(isinstance(each, str) for each in value):
        raise Refused(where, "must be a service and a region")
    return value[0], value[1]


def _read_call(given: Any, where: str) -> Call:
    if not isinstance(given, dict):
        raise Refused(where, "must be an object")
    outcomes = {"answer", "pages", "error"} & set(given)
    foreign = sorted(set(given) - {"service", "operation", "region", "params"} - outcomes)
    if foreign:
        raise Refused(f"{where}.{foreign[0]}", "is not a member of a call")
    if not outcomes or {"answer", "pages"} <= outcomes or {"answer", "error"} <= outcomes:
        raise Refused(where, "must have an answer, pages or an error")
    error = _member(given, "error", dict, f"{where}.", {}) if "error" in given else None
    if error is not None:
        _member(error, "kind", str, f"{where}.error.")
    return Call(
        service=_member(given, "service", str, f"{where}."),
        operation=_member(given, "operation", str, f"{where}."),
        region=_member(given, "region", str, f"{where}.", ""),
        params=_decoded(_member(given, "params", dict, f"{where}."), f"{where}.params"),
        answer=_decoded(given.get("answer"), f"{where}.answer"),
        pages=tuple(_decoded(_member(given, "pages", list, f"{where}."), f"{where}.pages"))
        if "pages" in given
        else None,
        error=error,
    )


def _decoded(value: Any, where: str) -> Any:
    try:
        return decoded(value)
    except (ValueError, binascii.Error) as error:
        raise Refused(where, f"cannot be read ({error})") from None


def _failure(path: Path, what: str) -> Failure:
    return Failure(
        f"{path}: {what}",
        why="A case that cannot be read proves nothing",
        fix="write one with `readiness evaluate RULE --resource ID --trace FILE`",
    )
