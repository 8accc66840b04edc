"""Whether the tag of a container image is given to one image after the other, by its name."""

from __future__ import annotations

import re

_LATEST = "latest"
_NO_VERSION = re.compile(
    r"(?<![a-z0-9])(?:"
    r"[a-z]{2}(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central)+-\d"
    r"|x86[-_]64|x(?:64|86)|(?:arm[-_]?v?|amd|aarch|ppc)\d+(?:le|v\d)?|i\d86|s390x|\d\dbit"
    r"|ltsc\d{4}|al20\d\d|(?:al|alpine|debian|ubi|ubuntu|java|jdk|jre|node|php|py|python)\d[\d.]*"
    r"|(?:dev|prod|stage|staging|test)\d{1,2}"
    r")(?![a-z0-9])"
)
"""Numbers of a region, a processor, what the image is built on, or one of several stages."""
_LETTERS_OF_A_COMMIT = re.compile(r"[a-f]{7,}")


def tag_of(image: str) -> str:
    """The tag by which an image is named; empty for none."""
    return image.rpartition("/")[2].partition(":")[2]


def is_moving(image: str) -> bool:
    """Whether an image's tag is one that the image pushed last gets, as no tag is.

    ``stable-alpine``, ``main-arm64`` and ``lts`` are; ``main-4f2c1a9`` and ``release-2026.1`` are
    not, where a number or a commit says which.
    """
    if "@sha256:" in image:
        return False
    name = tag_of(image).lower()
    if _LATEST in re.split(r"[-_.]", name):
        return True
    rest = _NO_VERSION.sub("", name)
    return not re.search(r"\d", rest) and not _LETTERS_OF_A_COMMIT.search(rest)
