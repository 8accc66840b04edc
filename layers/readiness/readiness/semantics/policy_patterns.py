"""The patterns of IAM policies: which names one matches, and which match everything."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

PARTITIONS = (
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
)

OTHER_SUFFIXES = (
    "amazonaws.com.cn",
    "amazonaws.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
)
"""How service principals of some services end outside of ``aws`` and ``aws-us-gov``: as the hosts
of their partition do (partitions.json of botocore)."""

HOST_SUFFIX = "(?:" + "|".join(map(re.escape, (*OTHER_SUFFIXES, "amazonaws.com"))) + ")"
"""What hosts of AWS end with in any partition, as part of a regular expression."""


def only_wildcards(pattern: str) -> bool:
    """Whether a pattern matches any text of some length: ``*``, ``**``, ``?*``."""
    return "*" in pattern and not pattern.strip("*?")


def _expression(pattern: str) -> str:
    """A regular expression for a glob, with atomic groups so that no pattern is slow to match."""
    first, *rest = (
        "".join("." if char == "?" else re.escape(char) for char in part)
        for part in re.sub(r"\*+", "*", pattern).split("*")
    )
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>.*?{part})" for part in middle) + ".*" + last


@functools.lru_cache(maxsize=4096)
def _glob(patterns: tuple[str, ...], case: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
    expressions = "|".join(f"(?:{_expression(pattern)})" for pattern in patterns)
    return re.compile(expressions or r"(?!)", case | re.DOTALL)


def matches(pattern: str, value: str) -> bool:
    """IAM's wildcard match: ``*`` is any text, ``?`` one character; case is ignored."""
    return _glob((pattern,)).fullmatch(value) is not None


def matches_case(pattern: str, value: str) -> bool:
    """The same with upper and lower case told apart, as in the values of conditions."""
    return _glob((pattern,), re.NOFLAG).fullmatch(value) is not None


def matches_any(patterns: Iterable[str], value: str) -> bool:
    """Whether one of the patterns matches."""
    return _glob(tuple(patterns)).fullmatch(value) is not None


@functools.lru_cache(maxsize=4096)
def overlap(one: str, other: str) -> bool:
    """Whether any text matches both patterns, as ``s3:*Bucket`` and ``s3:Delete*`` do."""
    one, other = one.lower(), other.lower()
    reached = {(0, 0)}
    queue = [(0, 0)]
    while queue:
        i, j = queue.pop()
        if i == len(one) and j == len(other):
            return True
        for step in _steps(one, i, other, j):
            if step not in reached:
                reached.add(step)
                queue.append(step)
    return False


def _steps(one: str, i: int, other: str, j: int) -> Iterator[tuple[int, int]]:
    a = one[i] if i < len(one) else ""
    b = other[j] if j < len(other) else ""
    if a == "*":
        yield i + 1, j
    if b == "*":
        yield i, j + 1
    if a and b and (a in "*?" or b in "*?" or a == b):
        yield (i if a == "*" else i + 1), (j if b == "*" else j + 1)


@functools.lru_cache(maxsize=4096)
def is_universal(resource: str) -> bool:
    """Whether a resource pattern matches arbitrary ARNs: ``*``, ``arn:*``, ``arn:aws:*:*:*:*``.

    A pattern with one specific field, such as an account or a policy variable, is not universal.
    """
    if only_wildcards(resource):
        return True
    fields = resource.split(":", 5)
    if not matches(fields[0], "arn"):
        return False
    if len(fields) == 1:
        return False
    if len(fields) > 2 and any(matches(fields[1], each) for each in PARTITIONS):
        fields[1] = "*"
    return all(only_wildcards(field) for field in fields[1:])


@functools.lru_cache(maxsize=4096)
def is_service_wide(resource: str, service: str) -> bool:
    """Whether a resource pattern matches all resources of a service, or all of one kind in it.

    ``arn:aws:s3:::*`` is every bucket and object, ``arn:aws:iam::111122223333:role/*`` every
    role. For an action on those it is as wide as ``*``.
    """
    if is_universal(resource):
        return True
    fields = resource.split(":", 5)
    if len(fields) < 6 or not matches(fields[2], service):
        return False
    kind, separator, rest = re.split(r"([/:]|$)", fields[5], maxsplit=1)
    if not separator:
        return only_wildcards(kind)
    is_kind = service != "s3" and kind in _KINDS
    return only_wildcards(rest) and (is_kind or only_wildcards(kind))


_KINDS = frozenset(
    {
        "cluster",
        "function",
        "group",
        "instance",
        "key",
        "parameter",
        "policy",
        "project",
        "role",
        "secret",
        "service",
        "stack",
        "stateMachine",
        "table",
        "task",
        "task-definition",
        "trail",
        "user",
    }
)
"""What may stand before the name in an ARN; in an S3 ARN the first part is the bucket name."""
