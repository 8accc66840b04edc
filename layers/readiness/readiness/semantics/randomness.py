"""Whether a text holds a random run of characters, and what else looks random: digests, names."""

from __future__ import annotations

import itertools
import re

from readiness.semantics.characters import LEAST_RANDOM, classes, entropy, is_generated_name, wordy
from readiness.semantics.credential_names import names_a_secret, words, words_of
from readiness.semantics.credential_values import is_a_plain_url

_DIGEST_LENGTHS = {32, 40, 56, 64, 96, 128}
_DIGEST_WORDS = words_of(
    "account arn arns build bundle ca cert certificate certificates certs checksum client "
    "cluster cognito commit correlation crt deploy deployment digest distribution etag event "
    "fingerprint hash id ids image job md5 message org organization pool project release "
    "request rev revision sha sha1 sha256 sha512 span tag task tenant thumbprint trace tree "
    "version workspace zone"
)
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_KEYED = words_of(
    "access api auth cipher encryption hmac key keys licence license pepper salt seed sign "
    "signature signing"
)
_THINGS = words_of(
    "artifact asset build bundle cache code dedup idempotency image lock object partition row sort"
)
"""Words before *key* that say that it names a thing and opens none."""
_HEX_KEYS = words_of(
    "algolia datadog dd mailgun newrelic openweather openweathermap opsgenie pagerduty pd relic "
    "rollbar twilio"
)
"""Providers whose keys are hexadecimal digits only, as gitleaks and TruffleHog list them."""

_PIECES = re.compile(r"[A-Za-z0-9+]+")
_WHOLE_RANDOM = re.compile(r"[A-Za-z0-9!#$%^&*@~?+=_-]+")
_ODD = re.compile(r"[!#$%^&*@~?]")


def is_random(name: str, value: str, min_entropy: float = 3.5) -> bool:
    """Whether the value contains a random run of characters.

    Generated names (CloudFormation physical ids, UUIDs, ARNs, URLs, digests) are random too.
    They are recognised by their short pieces, or by what they are part of.
    """
    text = value.strip().rstrip("=")
    if is_a_plain_url(text) or is_generated_name(text) or any(c.isspace() for c in text):
        return False
    if _WHOLE_RANDOM.fullmatch(text) and _ODD.search(text) and classes(text) == 3:
        return len(text) >= LEAST_RANDOM and entropy(text) >= min_entropy
    return any(
        len(piece) >= LEAST_RANDOM
        and _mixed(piece)
        and entropy(piece) >= min_entropy
        and not _is_digest(name, piece, text)
        and not is_generated_name(piece)
        and wordy(piece) < 0.6 * len(piece)
        for piece in _PIECES.findall(text)
    )


def _is_digest(name: str, piece: str, text: str) -> bool:
    """Whether the random piece is a digest or an id, by the name and by what it is part of.

    Digits tell an MD5 sum or an id from a key in nothing, so the name has to say that it is one.
    """
    if names_a_secret(name):
        return _is_hex(piece) and piece != text
    parts = words(name)
    if parts[-1:] == ["key"] and _THINGS & set(parts[-2:-1]):
        parts.pop()
    if parts[-1:] not in (["key"], ["keys"]) and _DIGEST_WORDS & set(parts):
        return True
    is_keyed = bool(_KEYED & set(parts))
    if not _is_hex(piece):
        return bool(_ULID.fullmatch(text)) and not is_keyed
    return piece != text or not (is_keyed or _HEX_KEYS & set(parts))


def _is_hex(piece: str) -> bool:
    return len(piece) in _DIGEST_LENGTHS and not piece.lower().strip("0123456789abcdef")


def _mixed(piece: str) -> bool:
    """Whether letters and digits alternate too often for a word with a number."""
    turns = sum(a.isdigit() != b.isdigit() for a, b in itertools.pairwise(piece))
    return turns >= 3
