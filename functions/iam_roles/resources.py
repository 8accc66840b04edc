"""Which resources a statement reaches: all that an action acts on, or a certain one."""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Iterable

from readiness.semantics.iam_actions import (
    covers,
    covers_service,
    resource_patterns,
    universal,
    unrestricted,
)
from readiness.semantics.policy import Statement
from readiness.semantics.policy_patterns import is_service_wide, is_universal, matches, overlap

from .privesc import TARGETS


def has_wildcard(resources: Iterable[str]) -> bool:
    """Whether one of the patterns may match several resources."""
    return any("*" in resource for resource in resources)


def reaches(allow: Statement, action: str) -> bool:
    """Whether an Allow gives the action on more than listed resources."""
    if allow.not_resources:
        return not _includes_all(allow.not_resources, action)
    return _covers(allow.resources, action)


def takes_away(denial: Statement, action: str) -> bool:
    """Whether a Deny leaves the action on nothing but listed resources."""
    if denial.not_resources:
        return not _covers(denial.not_resources, action)
    return _includes_all(denial.resources, action)


@functools.lru_cache(maxsize=4096)
def _covers(resources: tuple[str, ...], action: str) -> bool:
    """Whether the patterns together match every resource that the action acts on.

    A policy variable stands for the caller's own, so such a pattern does not. ``role/*/*`` does
    not match the roles without a path, but no one means to protect those: it counts as all.
    """
    if any(map(is_universal, resources)):
        return True
    patterns = tuple(_PATHS.sub(r"\1/*", each) for each in resources if not _is_personal(each))
    targets = TARGETS.get(action)
    if targets:
        return any(covers(pattern, each) is not False for each in targets for pattern in patterns)
    kinds = resource_patterns(action)
    if kinds is not None:
        return bool(patterns) and (
            unrestricted(patterns, action) is not False or _letter_by_letter(patterns, kinds)
        )
    service = action.partition(":")[0]
    return any(is_service_wide(each, service) for each in patterns) or covers_service(
        patterns, service
    )


def _letter_by_letter(patterns: tuple[str, ...], kinds: tuple[str, ...]) -> bool:
    """Whether the patterns cover every name of a kind by its first letter, as ``role/a*`` does."""
    if len(patterns) < len(string.ascii_lowercase):
        return False
    return any(
        all(
            any(covers(pattern, f"{kind[:-1]}{letter}*") for pattern in patterns)
            for letter in string.ascii_lowercase
        )
        for kind in kinds
        if kind.endswith("*")
    )


def _includes_all(resources: tuple[str, ...], action: str) -> bool:
    """Whether the patterns, by the letter, include a resource of every request for the action."""
    if any(map(is_universal, resources)):
        return True
    targets = TARGETS.get(action)
    if targets:
        return all(any(covers(p, each) for p in resources) for each in targets)
    return any(universal(pattern, action) for pattern in resources)


_PATHS = re.compile(r"(:(?:role|user|group|policy|instance-profile))/\*(?:/\*)+$", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{(?!aws:(?:Principal|Resource)Account\}|[*?$]\})", re.IGNORECASE)


def _is_personal(resource: str) -> bool:
    return _VARIABLE.search(resource) is not None


_OWN_NAME = re.compile(r"\$\{aws:username\}", re.IGNORECASE)
_ANY_NAME = "name"


def includes(allow: Statement, arn: str) -> bool:
    """Whether an Allow includes a resource by its ARN, or the user who asks."""
    if allow.not_resources:
        return not any(_may_match(each, arn or "*") for each in allow.not_resources)
    if not arn:
        return any(_OWN_NAME.search(each) for each in allow.resources)
    return any(_may_match(each, arn) for each in allow.resources)


def spares_nothing(denial: Statement, arn: str) -> bool:
    """Whether a Deny includes the resource, or the user who asks, for certain."""
    known = arn or f"arn:*:iam::*:user/{_ANY_NAME}"
    if denial.not_resources:
        return not any(_may_match(each, known) for each in denial.not_resources)
    return any(_must_match(each, known) for each in denial.resources)


def _named(pattern: str, arn: str) -> str:
    return _OWN_NAME.sub(arn.rpartition("/")[2], pattern)


def _must_match(pattern: str, arn: str) -> bool:
    """Partition and account are not known, but a policy means its own."""
    wanted, fields = _named(pattern, arn).split(":", 5), arn.split(":", 5)
    if len(wanted) != len(fields):
        return matches(pattern, arn)
    return all(
        have == "*" or matches(want, have) for want, have in zip(wanted, fields, strict=True)
    )


def _may_match(pattern: str, arn: str) -> bool:
    """Field by field, since what is not known of an ARN is its partition and account."""
    wanted, fields = _named(pattern, arn).split(":", 5), arn.split(":", 5)
    if len(wanted) != len(fields):
        return overlap(_named(pattern, arn), arn)
    return all(overlap(want, have) for want, have in zip(wanted, fields, strict=True))
