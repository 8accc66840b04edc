"""What a text is made of: words, classes of characters, entropy; and names that tools generate."""

from __future__ import annotations

import math
import re
from collections import Counter

LEAST_RANDOM = 20
"""From how many characters on a run may be a key."""
_CDK_HASH = re.compile(
    r"(?<=[A-Za-z0-9])[0-9A-Fa-f]{32}[0-9A-F]{8}$"
    r"|(?<=[a-z0-9])[0-9A-F]{8}(?=[A-Z_:-]|$)|(?<=[a-z0-9])[0-9a-f]{8}$"
)
_PHYSICAL = re.compile(r"-[A-Za-z0-9]{6,13}$")
_WORD = re.compile(r"[A-Z]?[a-z]{3,}")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}|[bcdfghjkmnpqvwxz]{4}")
_VOWEL = re.compile(r"[aeiouy]", re.IGNORECASE)


def is_generated_name(text: str) -> bool:
    """Whether CloudFormation or the CDK made the name.

    The CDK ends a logical id in eight hexadecimal digits (``DbSecret685A0FA5``), and makes the
    names of exports from such ids; CloudFormation adds random characters after a hyphen.
    """
    if not re.fullmatch(r"[A-Za-z][\w:.-]*", text):
        return False
    stem = _PHYSICAL.sub("", text)
    for each in (text, stem):
        bare, hashes = _CDK_HASH.subn("", each)
        if hashes and is_wordy(re.sub(r"[_:.-]", "", bare)):
            return True
    return False


def wordy(text: str) -> int:
    """How many characters of the text are in words that can be pronounced."""
    return sum(
        len(word)
        for word in _WORD.findall(text)
        if len(_VOWEL.findall(word)) / len(word) > 0.19 and not _CONSONANTS.search(word.lower())
    )


def is_wordy(text: str) -> bool:
    """Whether most of the text can be pronounced."""
    letters = re.sub(r"[._@+:/-]|\d{1,4}$", "", text)
    return bool(letters) and (wordy(letters) >= 0.6 * len(letters) or len(letters) <= 4)


def looks_like_a_name(text: str) -> bool:
    """Whether the text, in the place of an AWS secret access key, is a name made of words."""
    return wordy(text) >= 0.6 * len(text) or is_generated_name(text)


def classes(text: str) -> int:
    """How many of lower case, upper case and digits the text has."""
    return (
        any(c.islower() for c in text)
        + any(c.isupper() for c in text)
        + any(c.isdigit() for c in text)
    )


def entropy(text: str) -> float:
    """The Shannon entropy of the text, in bits per character."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values())
