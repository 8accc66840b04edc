"""What a credential looks like, so that it can be reported without repeating it.

Nothing here returns, stores or hashes a value. A suspicion names the detector and an
approximate length, too coarse to help anyone guess the value.
"""

from __future__ import annotations

import base64
import itertools
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from fnmatch import fnmatchcase


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ACCESS_KEY_ID = re.compile(r"\b(AKIA|ASIA)[A-Z2-7]{16}\b")
"""An access key ID: AKIA of a user or the root user, ASIA of temporary credentials."""

_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("AWS access key id", ACCESS_KEY_ID),
    ("private key", re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY( BLOCK)?-----")),
    ("JSON Web Token", re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")),
    ("GitHub token", re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22})")),
    ("GitLab token", re.compile(r"\bglpat-[\w-]{20}")),
    ("Slack token", re.compile(r"\bxox[abeposr]-[A-Za-z0-9-]{10}")),
    ("Slack webhook", re.compile(r"hooks\.slack\.com/(services|workflows)/T\w+/\w+/\w+")),
    ("Discord webhook", re.compile(r"discord(app)?\.com/api/webhooks/\d+/[\w-]{20}")),
    ("Anthropic API key", re.compile(r"\bsk-ant-[\w-]{20}")),
    ("OpenAI API key", re.compile(r"\bsk-(proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20}")),
    ("PagerDuty token", re.compile(r"(?<![\w+])(pd(us|eu)\+[\w-]{16}|u\+[\w-]{18}(?![\w-]))")),
    ("Stripe key", re.compile(r"\b[rs]k_(live|test)_[A-Za-z0-9]{16}")),
    ("Google API key", re.compile(r"\bAIza[\w-]{35}")),
    ("SendGrid API key", re.compile(r"\bSG\.[\w-]{22}\.[\w-]{43}")),
    ("npm token", re.compile(r"\bnpm_[A-Za-z0-9]{36}")),
    ("Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30}")),
)

_EMBEDDED: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("password in a URL", re.compile(r"://[^\s:/@?#]*:([^\s@/]+)@")),
    (
        "password in a connection string",
        re.compile(r"(?:^|[;&?\s])(?:password|passwd|pwd)\s*=\s*([^;&\s]+)", re.IGNORECASE),
    ),
    (
        "secret in JSON",
        re.compile(
            r'"(?:\w*(?:password|passwd|secret|token)|api_?key|private_?key)"\s*:\s*"([^"]+)"',
            re.IGNORECASE,
        ),
    ),
)
"""Patterns whose group is a password, or a placeholder for one."""

_PEM_IN_BASE64 = "LS0tLS1CRUdJTi"
_AWS_SECRET_KEY = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_AWS_SECRET_KEY_BITS = 4.3

_SECRET_WORD = _set("cred creds passphrase pwd token tokens")
_SECRET_PART = ("password", "passwd", "secret", "credential", "apikey", "privatekey")
_SECRET_PAIR = {("api", "key"), ("api", "keys"), ("private", "key"), ("private", "keys")}
_NOT_PASS = _set("bypass compass encompass overpass surpass trespass underpass")
_ABOUT_A_SECRET = _set(
    "algorithm arn arns audience bucket endpoint file header host id ids issuer location name "
    "names path prefix queue region scope table topic type uri url"
)
"""Last words of a variable name that says where a secret is, not what it is."""

_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_REFERENCE = re.compile(
    r"arn:[\w-]+:"  # an ARN of anything
    r"|\{\{\s*resolve:"  # an unresolved CloudFormation dynamic reference
    r"|\$[\{(A-Z_]|<[^>]*>$|%\(|\{\{",  # a variable of a shell or a template
)
_PATH = re.compile(r"(/[\w.@-]+){2,}/?|[A-Za-z]:\\.*|\.{1,2}/.*")
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_LONG_NUMBER = re.compile(r"\d{6,}")
_SWITCHES = _set(
    "true false yes no on off enabled disabled enable disable none null nil undefined n/a na "
    "optional required always never auto"
)
_PLACEHOLDER = re.compile(
    r"(x+|\*+|\.+|-+|_+|your[-_ ].*|.*[-_ ]here|replace[-_ ]?(me|this|with.*)?"
    r"|change[-_ ]?(me|this)|todo|tbd|placeholder|dummy|redacted|example"
    r"|insert[-_ ].*|not[-_ ]?set|unset)",
    re.IGNORECASE,
)

_PIECES = re.compile(r"[A-Za-z0-9+]+")
_WHOLE_RANDOM = re.compile(r"[A-Za-z0-9!#$%^&*@~?+=_-]+")
_ODD = re.compile(r"[!#$%^&*@~?]")
_DIGEST_LENGTHS = {32, 40, 56, 64, 96, 128}
_DIGEST_WORDS = _set(
    "checksum commit digest etag fingerprint hash md5 revision rev sha sha1 sha256 sha512 "
    "thumbprint version build id ids arn image"
)
_LEAST_RANDOM = 20


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

    def suspicion(detector: str, certainty: Certainty) -> Suspicion:
        return Suspicion(name, detector, length_bucket(value), certainty)

    shape = shape_of(value)
    if shape:
        return suspicion(shape, Certainty.SHAPED)
    named = names_a_secret(name)
    if is_random(name, value, min_entropy):
        certainty = Certainty.SHAPED if named else Certainty.RANDOM
        return suspicion("random-looking value", certainty)
    if named and is_literal(name, value):
        return suspicion("secret by its name", Certainty.NAMED)
    return None


def shape_of(value: str) -> str:
    """The kind of credential that the value is or contains, by its format; empty for none."""
    for detector, pattern in _SHAPES:
        if pattern.search(value):
            return detector
    for detector, pattern in _EMBEDDED:
        if any(not _stands_for_something(found) for found in pattern.findall(value)):
            return detector
    if _PEM_IN_BASE64 in value and "PRIVATE KEY" in _decoded(value):
        return "private key"
    for candidate in _AWS_SECRET_KEY.findall(value):
        if _classes(candidate) == 3 and entropy(candidate) >= _AWS_SECRET_KEY_BITS:
            return "AWS secret access key"
    return ""


def _decoded(value: str) -> str:
    head = re.sub(r"[^A-Za-z0-9+/]", "", value[value.index(_PEM_IN_BASE64) :])[:120]
    return base64.b64decode(head[: len(head) // 4 * 4]).decode("latin-1")


def _words(name: str) -> list[str]:
    return [word.lower() for word in _CAMEL.findall(name)]


def names_a_secret(name: str) -> bool:
    """Whether a variable's or parameter's name says that its value is a secret."""
    words = _words(name)
    if set(words) & _SECRET_WORD or any(part in word for word in words for part in _SECRET_PART):
        return True
    if any(word.endswith(("token", "tokens")) for word in words):
        return True
    if any(word.endswith("pass") and word not in _NOT_PASS for word in words):
        return True
    return any(pair in _SECRET_PAIR for pair in itertools.pairwise(words))


def points_at_a_secret(name: str) -> bool:
    """Whether the name says where a secret is (``DB_SECRET_ARN``, ``TOKEN_URL``)."""
    words = _words(name)
    return bool(words) and words[-1] in _ABOUT_A_SECRET


def is_literal(name: str, value: str) -> bool:
    """Whether the value of a variable named like a secret is the secret, not a reference to it.

    Switches, numbers, placeholders, paths, plain URLs and template text are not secrets.
    """
    text = value.strip()
    if not text or _stands_for_something(text) or points_at_a_secret(name):
        return False
    if _NUMBER.fullmatch(text):
        last = (_words(name) or [""])[-1]
        return bool(_LONG_NUMBER.fullmatch(text)) and last.endswith(
            ("password", "passwd", "pass", "pwd", "secret")
        )
    return not (_PATH.fullmatch(text) or _URL.match(text))


def _stands_for_something(text: str) -> bool:
    return bool(
        _REFERENCE.match(text)
        or text.lower() in _SWITCHES
        or _PLACEHOLDER.fullmatch(text.strip("<>[]{}'\""))
    )


def is_random(name: str, value: str, min_entropy: float = 3.5) -> bool:
    """Whether the value contains a random run of characters.

    Generated names (CloudFormation physical ids, UUIDs, ARNs, URLs, digests) are random too.
    They are recognised by their short pieces, or by what they are part of.
    """
    text = value.strip().rstrip("=")
    if _REFERENCE.match(text) or _URL.match(text) or any(c.isspace() for c in text):
        return False
    if _WHOLE_RANDOM.fullmatch(text) and _ODD.search(text) and _classes(text) == 3:
        return len(text) >= _LEAST_RANDOM and entropy(text) >= min_entropy
    return any(
        len(piece) >= _LEAST_RANDOM
        and _mixed(piece)
        and entropy(piece) >= min_entropy
        and not _is_digest(name, piece, text)
        for piece in _PIECES.findall(text)
    )


def _is_digest(name: str, piece: str, text: str) -> bool:
    words = set(_words(name))
    if words & _DIGEST_WORDS and not names_a_secret(name):
        return True
    hexadecimal = len(piece) in _DIGEST_LENGTHS and not piece.lower().strip("0123456789abcdef")
    return hexadecimal and piece != text


def _mixed(piece: str) -> bool:
    """Whether letters and digits alternate too often for a word with a number."""
    turns = sum(a.isdigit() != b.isdigit() for a, b in itertools.pairwise(piece))
    return turns >= 3


def _classes(text: str) -> int:
    return (
        any(c.islower() for c in text)
        + any(c.isupper() for c in text)
        + any(c.isdigit() for c in text)
    )


def entropy(text: str) -> float:
    """The Shannon entropy of the text, in bits per character."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values())


def length_bucket(value: str) -> str:
    """The approximate length of a value, in words."""
    for limit, words in ((8, "under 8"), (16, "8 to 15"), (32, "16 to 31"), (64, "32 to 63")):
        if len(value) < limit:
            return f"{words} characters"
    return "64 or more characters"
