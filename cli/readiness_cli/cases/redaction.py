"""What is replaced in an answer of AWS: everything that is not of AWS's own vocabulary.

Numbers, switches, times, the values that a service's model lists and the names of its members
stay. Texts go through :class:`readiness_cli.cases.standins.Standins`, also those inside of
policies and of other documents that an answer carries as text.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from enum import IntEnum
from typing import Any
from urllib.parse import quote, unquote

from botocore.model import StructureShape

from readiness.semantics.credential_names import names_a_secret
from readiness_cli.cases.standins import Standins
from readiness_cli.cases.vocabulary import PIECE, PUBLIC, words_in

_ACTIONS = {"action", "notaction", "actions", "notactions"}
_ACTION = re.compile(r"\*|[\w*?-]+:[\w*?]+")
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_ENVIRONMENT = re.compile(
    r"(?i)environment(?:variables?)?|variables|stagevariables|secretstring|secretbinary|userdata"
)
_OF_THE_SDK = re.compile(r"AWS_|OTEL_|POWERTOOLS_|LOG_LEVEL$|NODE_ENV$")
"""Variables whose values are settings of an SDK and not of its user."""
_VALUE_OF = {"ParameterValue": "ParameterKey", "OutputValue": "OutputKey", "Value": "DataType"}
"""Members that hold a value, by the member that tells what of: of a stack, or a parameter."""
_PLAIN_KEYS = {"key", "name", "type", "parameterkey", "outputkey", "valuefrom", "exportname"}
"""Beside a value in a list of variables: what the variable is called."""
_LEAST_BASE64 = 16
_SPACED = re.compile(r"\s")


class Redaction:
    """Redacts answers, parameters and verdicts of one case."""

    def __init__(self, standins: Standins) -> None:
        self._standins = standins

    def value(self, value: Any, shape: Any = None) -> Any:
        """The value with everything replaced that tells whose account it is of."""
        return self._value(value, shape, "", hidden=False)

    def body(self, body: bytes, *, hidden: bool = False) -> bytes:
        """Bytes that are a document or text, redacted; other bytes tell nothing."""
        try:
            return self._text(body.decode(), None, "", hidden=hidden).encode()
        except UnicodeDecodeError:
            return self._standins.data(body)

    def _value(self, value: Any, shape: Any, name: str, *, hidden: bool) -> Any:
        if value is None or isinstance(value, bool | float | datetime):
            return value
        if isinstance(value, int):
            return self._standins.number(value)
        if isinstance(value, bytes | bytearray):
            return self.body(bytes(value), hidden=hidden)
        if isinstance(value, str):
            return self._text(value, shape, name, hidden=hidden)
        if isinstance(value, Mapping):
            return self._mapping(value, shape, hidden=hidden)
        if isinstance(value, list | tuple):
            member = shape.member if shape is not None and shape.type_name == "list" else None
            return [self._value(each, member, name, hidden=hidden) for each in value]
        raise TypeError(f"an answer of AWS cannot hold a {type(value).__name__}")

    def _mapping(self, value: Mapping[str, Any], shape: Any, *, hidden: bool) -> dict[str, Any]:
        if isinstance(shape, StructureShape) and not getattr(shape, "is_document_type", False):
            return {
                key: self._value(
                    each,
                    shape.members.get(key),
                    key,
                    hidden=self._is_hidden(key, value, hidden=hidden),
                )
                for key, each in value.items()
            }
        inner = shape.value if shape is not None and shape.type_name == "map" else None
        return {
            self._standins.text(str(key)): self._value(
                each, inner, str(key), hidden=self._is_hidden(str(key), value, hidden=hidden)
            )
            for key, each in value.items()
        }

    def _is_hidden(self, key: str, beside: Mapping[str, Any], *, hidden: bool) -> bool:
        """Whether the member holds what a variable or a secret is set to."""
        value = beside[key]
        if hidden and _OF_THE_SDK.match(key) and not names_a_secret(key):
            return False
        if hidden:
            return key.lower() not in _PLAIN_KEYS
        if not isinstance(value, str):
            return _ENVIRONMENT.fullmatch(key) is not None
        is_value = _VALUE_OF.get(key, key) in beside and key in _VALUE_OF
        is_secret = _ENVIRONMENT.fullmatch(key) is not None and key.lower() != "environment"
        return is_secret or names_a_secret(key) or (is_value and not value.startswith("{"))

    def _text(self, text: str, shape: Any, name: str, *, hidden: bool) -> str:
        if not text or text in getattr(shape, "enum", ()):
            return text
        if _VERSION.fullmatch(text) and "ersion" in name:
            return text
        if name.lower() in _ACTIONS and _ACTION.fullmatch(text):
            return text
        document = self._document(text, name, hidden=hidden)
        if document is not None:
            return document
        return self._standins.secret(text) if hidden else self._standins.text(text)

    def _document(self, text: str, name: str, *, hidden: bool) -> str | None:
        """A text that holds another: JSON, also URL-encoded or in base64. None for any other."""
        bare = text.strip()
        if bare.startswith(("{", "[")):
            try:
                parsed = json.loads(bare)
            except (ValueError, RecursionError):
                return None
            if isinstance(parsed, str | int | float):
                return None
            made = self._value(parsed, None, name, hidden=hidden)
            return json.dumps(made, ensure_ascii=False)
        if bare.startswith(("%7B", "%5B")):
            inner = self._document(unquote(bare), name, hidden=hidden)
            return None if inner is None else quote(inner)
        if len(bare) >= _LEAST_BASE64 and len(bare) % 4 == 0:
            inner = _decoded(bare)
            if inner is not None:
                made = self._document(inner, name, hidden=hidden) or self._standins.text(inner)
                return base64.b64encode(made.encode()).decode()
        return None


def _decoded(text: str) -> str | None:
    """The text that is written in base64; None for what only looks so."""
    try:
        made = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    is_text = _SPACED.search(made) or made.startswith(("{", "["))
    return made if is_text and all(c.isprintable() or c.isspace() for c in made) else None


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a value, keys too, and those of the documents inside of it."""
    if isinstance(value, str):
        yield value
        yield from _texts_inside(value.strip())
    elif isinstance(value, bytes | bytearray):
        yield bytes(value).decode(errors="ignore")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key)
            yield from texts_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts_in(each)


def _texts_inside(bare: str) -> Iterator[str]:
    if bare.startswith(("%7B", "%5B")):
        bare = unquote(bare)
    if bare.startswith(("{", "[")):
        with suppress(ValueError):
            yield from texts_in(json.loads(bare))
    elif len(bare) >= _LEAST_BASE64 and len(bare) % 4 == 0:
        inner = _decoded(bare)
        if inner is not None:
            yield inner


class Strictness(IntEnum):
    """How names are treated that are made of words of the vocabulary alone.

    A rule may need just the word that stands for such a name, so that what is strict is tried
    first, and what gives the same verdict is taken.
    """

    EVERY_NAME = 0
    LAST_WORD = 1
    WORDS_NOT_ASKED_WITH = 2
    NAMES_OF_SEVERAL_WORDS = 3
    NONE = 4


def strike(
    standins: Standins, names: Iterable[str], asked: Iterable[str], how: Strictness
) -> list[str]:
    """Give up words of the vocabulary until no name is made of such words alone.

    ``asked`` are the texts that the rules ask AWS with: their words stay where that helps.
    Returns the names that stay too; one of which every word is said in any account, as ``prod``,
    is not among them.
    """
    needed = {word for text in asked if standins.is_general(text) for word in words_in(text)}
    left_over = []
    for name in sorted({_own_part(name) for name in names}):
        if name.startswith(_OF_AWS) or not standins.keeps(name):
            continue
        spared = needed if how >= Strictness.WORDS_NOT_ASKED_WITH else ()
        words = [word for word in _words_of(name) if word not in PUBLIC and word not in spared]
        several = how is Strictness.NAMES_OF_SEVERAL_WORDS and len(_words_of(name)) < 2
        if how is Strictness.NONE or not words or several:
            if set(_words_of(name)) - PUBLIC:
                left_over.append(name)
            continue
        standins.struck.add(words[-1] if how else max(words, key=len))
    return left_over


_OF_AWS = ("aws/", "alias/aws/", "AWSServiceRole", "AWSReserved", "com.amazonaws.", "/aws/")


def _own_part(name: str) -> str:
    """What of an ARN is not said by AWS."""
    return name.split(":", 5)[-1] if name.startswith("arn:") else name


def _words_of(name: str) -> list[str]:
    pieces = [piece for run in re.findall(r"[^\W_]+", name) for piece in PIECE.findall(run)]
    return [each.lower() for each in pieces if len(each) > 1 and not each.isdigit()]
