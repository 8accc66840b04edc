"""Whether a revision is the deployed one."""

from __future__ import annotations

import re

from readiness.evidence.workloads.deployments import LatestDeployment

_COMMIT = re.compile(r"[0-9a-f]{7,64}", re.IGNORECASE)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_DIGIT = re.compile(r"\d")


def is_deployed(revision: str, deployed: LatestDeployment) -> bool | None:
    """Whether a revision is the deployed one; None where that cannot be told.

    A digest is compared with the digests of the images that run, anything else with the tag
    Revision, and without one with the tags by which images were deployed. A tag without a digit,
    as latest, says nothing of an image that has another one beside it.
    """
    images = deployed.images
    if digest := _DIGEST.search(revision):
        digests = {*images.digests, *_DIGEST.findall(deployed.revision)}
        return digest[0] in digests if digests else None
    same = is_same(revision, deployed.revision)
    if same is not None or not revision.strip() or not images.tags:
        return same
    if any(is_same(revision, tag) for tag in images.tags):
        return True
    if _COMMIT.fullmatch(revision.strip()):
        return False if any(_is_commit(tag) for tag in images.tags) else None
    return False if all(_DIGIT.search(tag) for tag in (revision, *images.tags)) else None


def _is_commit(tag: str) -> bool:
    """Whether an image tag is a commit; one of digits alone is a date or a build's number."""
    return bool(_COMMIT.fullmatch(tag)) and not tag.isdecimal()


def is_same(one: str, other: str) -> bool | None:
    """Whether two commits are the same; None where one is unknown.

    A commit may be cut to its first seven characters or more.
    """
    first, second = one.strip().lower(), other.strip().lower()
    if not first or not second:
        return None
    if _COMMIT.fullmatch(first) and _COMMIT.fullmatch(second):
        return first.startswith(second) or second.startswith(first)
    return first == second
