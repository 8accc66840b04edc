"""Credentials inside text: commands, scripts, build specifications, documents of JSON.

The place is reported and never anything from the text itself, which could be part of a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from readiness.semantics.credential_names import is_a_secret
from readiness.semantics.credential_values import is_literal, is_reference
from readiness.semantics.credentials import (
    Certainty,
    Suspicion,
    decoded_text,
    length_bucket,
    parsed,
    shape_of,
    suspect,
)
from readiness.semantics.randomness import is_random

_QUOTED = r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'"
_VALUE = rf"({_QUOTED}|\$\([^)\n]*\)|\$\{{[^}}\n]*\}}|[^\s\"'|;&<>]+)"
_NAME = r"([A-Za-z_][\w.-]{0,80})"
_ASSIGNED = re.compile(rf"(?<![\w$.-]){_NAME}(?:=|:=)(?!=){_VALUE.replace('|;&<>]', '|;&<>,]')}")
_SPACED = re.compile(
    rf"^[ \t]*\$?{_NAME}[ \t]+:?=[ \t]*({_QUOTED}|[^\s\"'.()\[\]{{}}$]+)[ \t;]*$", re.MULTILINE
)
_OPTION = re.compile(rf"(?<![\w-])--?([A-Za-z][\w.-]{{1,60}})(?:=|[ \t]+(?!-)){_VALUE}")
_FIELD = re.compile(rf"^[ \t]*(?:- )?[\"']?{_NAME}[\"']?[ \t]*:[ \t]+(.+?)[ \t]*,?$", re.MULTILINE)
_WITH_A_DIGIT = r"[^\s,}{\"'.$()\[\]\d]*\d[^\s,}{\"'.$()\[\]]*"
_FLOW = re.compile(rf"[{{,][ \t]*[\"']?{_NAME}[\"']?[ \t]*:[ \t]*({_QUOTED}|{_WITH_A_DIGIT})")
_HEADER = re.compile(r"[\"']([A-Za-z][\w-]{1,60}):[ \t]*([^\"'\n]+)[\"']")
_TAGGED = re.compile(rf"<{_NAME}>([^<>\n]+)</")
_SETTING = re.compile(
    rf"<[^<>]{{0,200}}?\b(?:key|name)=\"{_NAME}\"[^<>]{{0,200}}?\bvalue=(\"[^\"\n]*\")",
    re.IGNORECASE,
)
_POWERSHELL = re.compile(rf"\$env:{_NAME}[ \t]*=[ \t]*({_QUOTED})", re.IGNORECASE)
_IN_A_TABLE = re.compile(rf"[\"']{_NAME}[\"'][ \t]*=>?[ \t]*({_QUOTED})")
_ENV = re.compile(
    rf"^[ \t]*(?:ENV|ARG)[ \t]+{_NAME}[ \t]+({_QUOTED}|\S+)(?=\s*(?:[;&|]|\n|$))", re.MULTILINE
)
_MORE = r"[^\n|;&]{0,200}?"
_LINES = r"\s*\n(?:[ \t]+[^\n]{0,80}\n){0,4}?"
_SAID = r"[^\n;]{0,200}?\b(?:PASSWORD|IDENTIFIED\s+BY)"
_WORD = rf"({_QUOTED}|[^\s\"'-]\S*)"
_ECHO = r"\becho[ \t]+(?:-n[ \t]+)?"
_LOGINS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\bmysql(?:dump|admin|import|check)?\b{_MORE}[ \t]-p({_QUOTED}|[^\s\"'|;&-]\S*)",
        rf"\bsshpass\s+-p\s*({_QUOTED}|\S+)",
        rf"\bredis-cli\b{_MORE}[ \t](?:-a|--pass)[ \t]+({_QUOTED}|\S+)",
        rf"\bdocker\s+login\b{_MORE}[ \t](?:-p|--password)[ \t=]+({_QUOTED}|\S+)",
        rf"\b(?:curl|wget)\b{_MORE}[ \t](?:-u|--user)[ \t=]*[\"']?[^\s:\"'$]+:([^\s\"']+)",
        rf"{_ECHO}[\"']?[\w$-]+:([^\s\"'|]+)[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd",
        rf"{_ECHO}({_QUOTED}|\S+)[ \t]*\|[^\n]{{0,200}}--(?:password|passphrase|secret)-?stdin",
        rf"\baws\s+configure\s+set\s+\S*aws_(?:secret_access_key|session_token)\s+({_QUOTED}|\S+)",
        rf"\bchpasswd:{_LINES}[ \t]+list:[ \t]*\|[^\n]*\n[ \t]+[\w.-]+:(?!R\s|RANDOM|\$)(\S+)",
        rf"(?i)\bConvertTo-SecureString\b(?:[ \t]+-String)?[ \t]+({_QUOTED})",
        rf"\b(?:mongo|mongosh|mongodump|mongorestore|twine){_MORE}[ \t]-p[ \t]+{_WORD}",
        rf"\baz\s+login\b{_MORE}[ \t]-p[ \t]+{_WORD}",
        rf"\b(?:sqlcmd|bcp)\b{_MORE}[ \t]-P[ \t]*{_WORD}",
        rf"\bldap\w+\b{_MORE}[ \t]-w[ \t]*{_WORD}",
        rf"\bhtpasswd\s+-\w*b\w*\s+(?:-\S+\s+)*(?:\S+\s+)?\S+\s+({_QUOTED}|\S+)(?=\s*(?:[;&|]|\n|$))",
        rf"\bopenssl\s+\w+\b{_MORE}[ \t]-k[ \t]+{_WORD}",
        rf"\bmc\s+alias\s+set\s+\S+\s+\S+\s+\S+\s+({_QUOTED}|\S+)",
        rf"\bhttps?\b[ \t]{_MORE}-a[ \t]+[\"']?[^\s:\"'$]+:([^\s\"']+)",
        rf"\bsmbclient\b{_MORE}[ \t](?:-U|--user)[ \t=]*[\"']?[^\s%\"'$]+%([^\s\"']+)",
        rf"\brabbitmqctl\s+(?:add_user|change_password)\s+\S+\s+({_QUOTED}|\S+)",
        r"\bmachine\s+\S+\s+login\s+\S+\s+password\s+(\S+)",
        rf"(?i)\b(?:CREATE|ALTER)\s+(?:USER|ROLE|LOGIN)\b{_SAID}\s*=?\s*('[^'\n]+')",
        rf"(?i)\bnet\s+user\s+\S+\s+({_QUOTED}|[^\s/\"']\S*)[^\n]{{0,200}}/add\b",
    )
)
"""How common programs take a password; the group is the password."""

_PAIRS = (
    *(_ASSIGNED, _SPACED, _OPTION, _FIELD, _FLOW, _HEADER),
    *(_TAGGED, _SETTING, _POWERSHELL, _IN_A_TABLE, _ENV),
)

_REFERRING = ("secrets-manager", "parameter-store", "exported-variables")
"""Parts of a build specification whose values name where a variable comes from."""
_REFERENCES = rf"[\"']?(?:{'|'.join(_REFERRING)})[\"']?[ \t]*:"
_REFERENCES_BELOW = re.compile(rf"{_REFERENCES}[ \t]*(?:#.*)?")
_REFERENCES_IN_BRACES = re.compile(rf"(?<![\w-]){_REFERENCES}\s*\{{[^{{}}]*\}}")

_BASE64_BLOCK = re.compile(r"(?:[A-Za-z0-9+/]{60,}\r?\n)*[A-Za-z0-9+/]{40,}={0,2}")
_SHELL = re.compile(r"\$\{?\w+(?::?[-?+=][^}]*)?\}?|\$\(.*\)?|`.*`?|\$[@*#?]|%\w+%", re.DOTALL)
_MOUNTED = re.compile(r"(?:id|type|src|source|env|target)=")
"""A secret that a build mounts (``docker build --secret id=npm``)."""
_MOST_LAYERS = 2


def suspects_in_text(
    place: str, text: str, *, min_entropy: float = 3.5, ignore: Sequence[str] = ()
) -> list[Suspicion]:
    """Why the text may contain credentials, each kind once; ``place`` is what to call the text."""
    if _ignored(place, ignore):
        return []
    found: dict[str, Suspicion] = {}
    for detector, value, certainty in _found(text, min_entropy, ignore, _MOST_LAYERS):
        found.setdefault(detector, Suspicion(place, detector, length_bucket(value), certainty))
    return list(found.values())


def _ignored(name: str, ignore: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in ignore)


Found = tuple[str, str, Certainty]


def _found(text: str, entropy: float, ignore: Sequence[str], layers: int) -> Iterator[Found]:
    if shape := shape_of(text):
        yield shape, text, Certainty.SHAPED
    kept = _without_references(text)
    for name, value in _pairs(kept):
        one = suspect(name, value, min_entropy=entropy, ignore=ignore)
        if one and one.certainty is not Certainty.RANDOM:
            yield one.detector, value, one.certainty
    for value in _passwords(kept):
        yield "password of a command", value, Certainty.SHAPED
    for block in _BASE64_BLOCK.findall(text) if layers else ():
        if inner := decoded_text(block):
            yield from _found(inner, entropy, ignore, layers - 1)


def _passwords(text: str) -> Iterator[str]:
    for pattern in _LOGINS:
        for value in pattern.findall(text):
            bare = _bare(value)
            if bare and not _stands_in(bare, value) and is_literal("password", bare):
                yield bare


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Names and the literal values they get in the text; what a shell fills in is left out."""
    for pattern in _PAIRS:
        for name, value in pattern.findall(text):
            bare = _bare(value)
            if bare and is_a_secret(name) and not _stands_in(bare, value):
                yield name, bare


def _bare(value: str) -> str:
    text = value.strip()
    if text[:1] in {'"', "'"} and text[-1:] == text[:1] and len(text) > 1:
        return text[1:-1]
    return re.sub(r"[\"'\\)\]},]+$", "", text)


def _stands_in(bare: str, value: str) -> bool:
    """Whether a shell, or another program, puts a value in the place of this text."""
    if value.startswith("'"):
        return is_reference(bare)
    if _MOUNTED.match(bare) or is_reference(value.strip(' \t,"')):
        return True
    return bool(_SHELL.fullmatch(bare)) or bare[:1] in set("<&*|>!{[") or bare == "-"


def _without_references(text: str) -> str:
    """The text without the parts of a build specification that only name sources."""
    kept: list[str] = []
    inside: int | None = None
    for line in _REFERENCES_IN_BRACES.sub("", text).splitlines():
        said = line.strip()
        indent = len(line) - len(line.lstrip())
        if inside is not None and indent <= inside and said and not said.startswith("#"):
            inside = None
        if inside is None:
            kept.append(line)
            inside = indent if _REFERENCES_BELOW.fullmatch(said) else None
    return "\n".join(kept)


# -- documents --------------------------------------------------------------------------------


def suspects_in_command(
    place: str, parts: Iterable[str], *, min_entropy: float = 3.5, ignore: Sequence[str] = ()
) -> list[Suspicion]:
    """Why a command, given as its words, may contain credentials."""
    line = " ".join(_as_word(part) for part in parts)
    return suspects_in_text(place, line, min_entropy=min_entropy, ignore=ignore)


def _as_word(part: str) -> str:
    """A word of a command as a shell would take it, but a script as it is."""
    if re.fullmatch(r"[^\s\"'|;&<>$`]+", part) or not part:
        return part
    option = re.fullmatch(r"(--?[\w.-]+=|[A-Za-z_]\w*=)(.*)", part, re.DOTALL)
    if option:
        return option[1] + _quoted(option[2])
    is_header = re.fullmatch(r"[A-Za-z][\w-]{1,60}:[ \t]*[^\n]+", part)
    return _quoted(part) if is_header or " " not in part else part


def _quoted(text: str) -> str:
    if is_reference(text):
        return text
    return f"'{text}'" if "'" not in text else f'"{text}"'


def suspects_in_value(
    name: str, value: str, *, min_entropy: float = 3.5, ignore: Sequence[str] = ()
) -> list[Suspicion]:
    """Why a variable may contain credentials, also where its value is a script or options."""
    one = suspect(name, value, min_entropy=min_entropy, ignore=ignore)
    if one:
        return [one]
    text = decoded_text(value.strip()) or value
    if not _holds_more(text):
        return []
    return suspects_in_text(name, text, min_entropy=min_entropy, ignore=ignore)


def _holds_more(text: str) -> bool:
    """Whether the text may be a script, options or assignments, and not one value."""
    return "=" in text or any(c.isspace() for c in text.strip())


def suspects_in_document(
    document: Any, *, min_entropy: float = 3.5, ignore: Sequence[str] = ()
) -> list[Suspicion]:
    """Why a JSON document may contain credentials, each by the names on the way to it.

    A name may be a credential itself (``{"ghp_…": "alice"}``): it is reported as ``*``.
    """
    found: dict[tuple[str, str], Suspicion] = {}
    shapes: dict[str, str | None] = {}
    for path, name, value in _leaves(document, ()):
        names: list[str] = []
        for part in path:
            if part not in shapes:
                shapes[part] = _shape_of_name(part)
            shape = shapes[part]
            names.append(part if shape is None else "*")
            if shape:
                where, length = "/".join(names), length_bucket(part)
                found[(where, shape)] = Suspicion(where, shape, length, Certainty.SHAPED)
        place = "/".join(names)
        one = suspect(name, value, min_entropy=min_entropy, ignore=ignore)
        inner = [one] if one and one.certainty is not Certainty.RANDOM else []
        if not inner and _holds_more(value):
            inner = suspects_in_text(place, value, min_entropy=min_entropy, ignore=ignore)
        for each in inner:
            found.setdefault(
                (place, each.detector),
                Suspicion(place, each.detector, each.length, each.certainty),
            )
    return list(found.values())


def _shape_of_name(name: str) -> str | None:
    """The kind of credential that a name is, empty if it only looks random; None for a name."""
    return shape_of(name) or ("" if is_random("api_key", name) else None)


def _leaves(document: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """The way to each text, the name it has there, and the text."""
    match document:
        case Mapping():
            lower = {str(key).lower(): value for key, value in document.items()}
            match lower:
                case {"name": str(name), "value": str(value)}:
                    yield (*path, name), name, value
                    return
            for key, value in document.items():
                yield from _leaves(value, (*path, str(key)))
        case list():
            if document and all(isinstance(each, str) for each in document):
                yield path, path[-1] if path else "", " ".join(document)
            else:
                for value in document:
                    yield from _leaves(value, path)
        case bool() | None:
            return
        case _:
            yield path, path[-1] if path else "", str(document)


def suspects_in_specification(
    place: str, text: str, *, min_entropy: float = 3.5, ignore: Sequence[str] = ()
) -> list[Suspicion]:
    """Why a build specification in YAML or JSON may contain credentials."""
    document = parsed(text.strip())
    if document is None:
        return suspects_in_text(place, text, min_entropy=min_entropy, ignore=ignore)
    if isinstance(document, Mapping) and isinstance(document.get("env"), Mapping):
        env = {k: v for k, v in document["env"].items() if k not in _REFERRING}
        document = {**document, "env": env}
    found = suspects_in_document(document, min_entropy=min_entropy, ignore=ignore)
    return [each.within(place) for each in found]
