"""What a credential looks like, so that it can be reported without repeating it.

Nothing here returns, stores or hashes a value. A suspicion names the detector and an
approximate length, too coarse to help anyone guess the value.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from readiness.semantics.characters import classes, entropy, looks_like_a_name
from readiness.semantics.credential_names import (
    is_a_name_or_secret,
    is_a_password,
    is_a_secret,
    is_an_id,
    is_of_a_browser,
    is_of_a_login,
    is_public,
    names_a_key,
    names_a_secret,
    points_at_a_secret,
)
from readiness.semantics.credential_values import (
    default_in,
    is_a_literal_key,
    is_a_path,
    is_a_plain_url,
    is_a_secrets_name,
    is_literal,
    is_public_value,
    is_reference,
    is_weak_placeholder,
    stands_for_nothing,
)
from readiness.semantics.randomness import is_random

__all__ = [
    "ACCESS_KEY_ID",
    "Certainty",
    "Suspicion",
    "entropy",
    "is_reference",
    "length_bucket",
    "names_a_secret",
    "points_at_a_secret",
    "shape_of",
    "suspect",
]

ACCESS_KEY_ID = re.compile(r"\b(AKIA|ASIA)[A-Z2-7]{16}\b")
"""An access key ID: AKIA of a user or the root user, ASIA of temporary credentials."""

_BASIC = re.compile(r"(?i:\bbasic)\s+([A-Za-z0-9+/_-]{8,}={0,2})(?![A-Za-z0-9+/=_-])")
_LOGIN = re.compile(r"[\w.@+-]+:(?!\d{1,5}$)(?![/$%{<])\S+")
_AUTHORIZATION = re.compile(
    r"(?:token|api-?key|key|ssws)\s+[A-Za-z0-9._~+/=:-]{8,}", re.IGNORECASE
)
"""The value of a header ``Authorization`` with a scheme of one vendor."""
_PEM_IN_BASE64 = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{,100}")
"""The beginning of PEM, ``-----BEGIN``, in base64."""
_AWS_SECRET_KEY = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_AWS_SECRET_KEY_BITS = 4.3
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_MOST_LAYERS = 3

_OPEN_TO_BROWSERS = frozenset({"AWS secret access key", "Google API key", "JSON Web Token"})
"""Formats that keys of browsers have too; the name decides. (reCAPTCHA's have 40 characters.)"""


class Certainty(IntEnum):
    """How certain a suspicion is, the most certain highest."""

    NAMED = 1
    """The name says that it is a secret, and the value is a literal."""
    RANDOM = 2
    """The name does not say so, but the value is random enough to be a secret."""
    SHAPED = 3
    """The value has the format of a credential, or the name says secret and it is random."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A variable that seems to contain a credential: its name, why, and its approximate length."""

    name: str
    detector: str
    length: str
    certainty: Certainty

    def within(self, owner: str) -> Suspicion:
        """The same, with the name of what contains the variable before it."""
        return replace(self, name=f"{owner}/{self.name}")


def suspect(
    name: str, value: str, *, min_entropy: float = 3.5, ignore: Sequence[str] = ()
) -> Suspicion | None:
    """Why a variable may contain a credential; None if it does not seem to.

    ``min_entropy`` is in bits per character; ``ignore`` are shell patterns of names.
    """
    if any(fnmatchcase(name, pattern) for pattern in ignore):
        return None
    default = default_in(value)
    text = (value if default is None else default).strip()
    if not text or is_reference(text):
        return None
    found = _judge(name, text, min_entropy)
    return Suspicion(name, found[0], length_bucket(value), found[1]) if found else None


Judged = tuple[str, Certainty] | None


def _judge(name: str, text: str, min_entropy: float) -> Judged:
    shape = shape_of(text)
    if shape and not (shape in _OPEN_TO_BROWSERS and _is_open(name, shape)):
        return shape, Certainty.SHAPED
    if shape or is_public_value(text) or (is_public(name) and not is_a_password(name)):
        return None
    document = parsed(text)
    if document is not None:
        return _judge_document(name, document, min_entropy)
    return _judge_by_name(name, text, min_entropy)


def _judge_by_name(name: str, text: str, min_entropy: float) -> Judged:
    named = names_a_secret(name)
    if named and _is_named_elsewhere(name, text):
        return None
    if is_random(name, text, min_entropy) and not decoded_text(text):
        return "random-looking value", Certainty.SHAPED if named else Certainty.RANDOM
    if (is_a_secret(name) and is_literal(name, text)) or (
        names_a_key(name) and is_a_literal_key(text)
    ):
        return "secret by its name", Certainty.NAMED
    if name.lower().endswith("authorization") and _AUTHORIZATION.fullmatch(text):
        return "token of a header", Certainty.SHAPED
    if is_of_a_login(name) and _LOGIN.fullmatch(text) and not is_a_plain_url(text):
        return "user and password", Certainty.SHAPED
    return None


def _judge_document(name: str, document: Any, min_entropy: float) -> tuple[str, Certainty] | None:
    """The verdict on JSON without the format of a credential, by the names in it."""
    for inner, value in pairs_in(document):
        found = _judge(inner, value, min_entropy) if not is_reference(value) else None
        if found:
            return found
        plain = not is_a_secrets_name(name, value) and not points_at_a_secret(inner)
        if plain and is_a_secret(name) and is_literal(name, value):
            return "secret by its name", Certainty.NAMED
    return None


def _is_open(name: str, shape: str) -> bool:
    return is_public(name) or (shape == "Google API key" and is_of_a_browser(name))


def _is_named_elsewhere(name: str, text: str) -> bool:
    """Whether the value is what a secret is called, or the id of a key."""
    if points_at_a_secret(name) and is_an_id(name):
        return True
    return is_a_name_or_secret(name) and is_a_secrets_name(name, text)


def shape_of(value: str) -> str:
    """The kind of credential that the value is or contains, by its format; empty for none."""
    return _shape(value, _MOST_LAYERS)


def _shape(value: str, layers: int) -> str:
    document = parsed(value.strip())
    shape = _plain_shape(value, is_json=document is not None)
    if shape or not layers:
        return shape
    if document is not None:
        return _shape_in(document, layers - 1)
    return _decoded_shape(value.strip(), layers - 1)


def _plain_shape(value: str, *, is_json: bool) -> str:
    for detector, pattern in _patterns("formats"):
        if pattern.search(value):
            return detector
    for detector, pattern in _patterns("embedded"):
        by_name = is_json and detector == "secret in JSON"
        if not by_name and any(_is_a_value(detector, found) for found in pattern.findall(value)):
            return detector
    if any(_is_a_login(found) for found in _BASIC.findall(value)):
        return "Basic credentials"
    if any(_is_aws_secret_key(candidate) for candidate in _AWS_SECRET_KEY.findall(value)):
        return "AWS secret access key"
    return ""


def _is_aws_secret_key(candidate: str) -> bool:
    return (
        classes(candidate) == 3
        and entropy(candidate) >= _AWS_SECRET_KEY_BITS
        and not looks_like_a_name(candidate)
        and not looks_like_a_name(candidate.replace("/", ""))
    )


@functools.cache
def _patterns(kind: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The detectors of a kind and their patterns; the file names the source of each."""
    file = Path(__file__).with_name("credential_formats.json")
    table = json.loads(file.read_text(encoding="utf-8"))
    return tuple((row["name"], re.compile(row["pattern"])) for row in table[kind])


def _is_a_value(detector: str, found: str) -> bool:
    """Whether what a pattern found is a literal and no placeholder."""
    text = found.strip("\"'\\,;)")
    if not text or stands_for_nothing(text) or _TEMPLATED.fullmatch(text):
        return False
    if detector == "Bearer token":
        long = len(text) >= 20 and not looks_like_a_name(text)
        return long or (any(c.isdigit() for c in text) and classes(text) > 1)
    if detector in {"key in a query string", "npm credential"}:
        return not is_weak_placeholder(text)
    if detector == "secret in JSON":
        return not is_a_path(text)
    return not (detector == "password in a connection string" and _CODE.match(text))


_CODE = re.compile(r"\w+(?:\.\w+)+[\[(]|\w+\(\)?$")
"""A password that a program asks for (``os.environ[…]``, ``getpass()``)."""
_TEMPLATED = re.compile(r"\$\{[^}]*|\$\([^)]*|\{\{[^}]*|\{%[^%]*|<[^>]*|%\([^)]*|\{\w*\}")
"""Nothing but the beginning of a variable, cut off by the pattern."""


# -- layers: JSON, and base64 of text ------------------------------------------------------------


def _shape_in(document: Any, layers: int) -> str:
    for name, value in pairs_in(document):
        if shape := _shape(value, layers):
            return shape
        if name.lower() == "auth" and _is_a_login(value):
            return "Basic credentials"
        if is_a_secret(name) and is_literal(name, value) and not _is_named_elsewhere(name, value):
            return "secret in JSON"
    return ""


def _decoded_shape(text: str, layers: int) -> str:
    joined = re.sub(r"\s*\n\s*", "", text)
    if _BASE64.fullmatch(joined):
        shape = _shape(decoded_text(joined), layers)
        return shape if shape in {"", "private key"} else f"{shape} in base64"
    if any("PRIVATE KEY" in _head(found) for found in _PEM_IN_BASE64.findall(joined)):
        return "private key"
    return ""


def _head(pem: str) -> str:
    return base64.b64decode(pem[: len(pem) // 4 * 4]).decode("latin-1")


def parsed(text: str) -> Any:
    """The JSON object or array that the text is; None if it is none."""
    if text[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def pairs_in(document: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Each text, number or other value of a JSON document, with the nearest name above it."""
    match document:
        case Mapping():
            named = {str(k).lower(): v for k, v in document.items()}
            match named:
                case {"name": str(inner), "value": str(value)}:
                    yield inner, value
            for key, value in document.items():
                yield from pairs_in(value, str(key))
        case list():
            for value in document:
                yield from pairs_in(value, name)
        case _:
            yield name, str(document)


def decoded_text(text: str) -> str:
    """What base64 text stands for, if that is text too; else empty."""
    plain = re.sub(r"\s", "", text).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        raw = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        found = raw.decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return found if all(c.isprintable() or c in "\r\n\t" for c in found) else ""


def _is_a_login(text: str) -> bool:
    """Whether the base64 text is ``user:password``."""
    _, _, password = decoded_text(text).partition(":")
    return bool(password) and not stands_for_nothing(password)


def length_bucket(value: str) -> str:
    """The approximate length of a value, in words."""
    for limit, words in ((8, "under 8"), (16, "8 to 15"), (32, "16 to 31"), (64, "32 to 63")):
        if len(value) < limit:
            return f"{words} characters"
    return "64 or more characters"
