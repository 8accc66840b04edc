"""Whether container images can still be pulled, and whether their tags may be moved."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from readiness.model.evidence import api_call
from readiness.model.reader import Reader
from readiness.model.unreadable import NO_SUCH_OPERATION, Unreadable

IMAGE_READS = ("ecr:DescribeImages", "ecr:DescribeRepositories")
CACHE_READS = (*IMAGE_READS, "ecr:DescribePullThroughCacheRules")
"""What a service's images are asked with: ECS pulls anew what a cache of ECR has let go."""
IMAGES_REMOVED = api_call(
    "ecr",
    "BatchDeleteImage",
    "DeleteRepository",
    "PutImageTagMutability",
    "UpdateImageStorageClass",
)
"""What takes images away or lets tags move; the sweep sees what a lifecycle policy expired."""

_ECR = re.compile(
    r"(?P<registry>\d{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z.]+/"
    r"(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_GONE = ("ImageNotFoundException", "RepositoryNotFoundException")
_IS_GONE = "is gone"
_ANY = "ROOT"
"""The prefix of a rule for every repository without a rule of its own."""
_PULLABLE = {"", "ACTIVE", "ACTIVATING"}


@dataclass(frozen=True, slots=True)
class Image:
    """An image as a version or a task definition names it, and what ECR says of it now.

    ``is_known`` is false for a registry that is not ECR, which is not asked, and for what ECR
    pulls from one whenever it is asked for. ``digest`` is what
    the name leads to now, ``gone`` why it cannot be pulled, ``may_move`` whether a tag names it
    that can be given to another image. ``unreadable``: ECR could not be asked.
    """

    name: str
    is_known: bool = True
    digest: str = ""
    gone: str = ""
    may_move: bool = False
    unreadable: Unreadable | None = None


def image_of(read: Reader, name: str) -> Image:
    """What ECR says of an image. Sources: DescribeImages, DescribeRepositories."""
    found = _ECR.fullmatch(name)
    if found is None:
        return Image(name, is_known=False)
    tag, digest = found.group("tag") or "latest", found.group("digest")
    region = None if found.group("region") == read.region else found.group("region")
    try:
        answer = read.one(
            "ecr",
            "describe_images",
            absent=_GONE,
            region=region,
            registryId=found.group("registry"),
            repositoryName=found.group("repository"),
            imageIds=[{"imageDigest": digest} if digest else {"imageTag": tag}],
        )
        if answer is None:
            return Image(name, gone=_IS_GONE)
        [detail] = answer["imageDetails"]
        status = str(detail.get("imageStatus") or "")
        return Image(
            name,
            digest=detail.get("imageDigest", ""),
            gone="" if status in _PULLABLE else f"is {status.lower()} and cannot be pulled",
            may_move=not digest
            and _may_move(read, region, found.group("registry"), found.group("repository"), tag),
        )
    except Unreadable as unreadable:
        return Image(name, unreadable=unreadable)


def images_of(read: Reader, names: Iterable[str]) -> tuple[Image, ...]:
    """What ECR says of each image, once for each name.

    One that a pull through cache has let go is pulled anew from its own registry, which is not
    asked. Source: DescribePullThroughCacheRules, where an image is gone.
    """
    return tuple(_or_upstream(read, image_of(read, name)) for name in dict.fromkeys(names))


def _or_upstream(read: Reader, image: Image) -> Image:
    found = _ECR.fullmatch(image.name)
    if image.gone != _IS_GONE or found is None or found.group("registry") != read.account:
        return image
    region = None if found.group("region") == read.region else found.group("region")
    try:
        rules = [
            each["ecrRepositoryPrefix"]
            for each in read.every(
                "ecr",
                "describe_pull_through_cache_rules",
                "pullThroughCacheRules",
                absent=NO_SUCH_OPERATION,
                region=region,
            )
        ]
    except Unreadable as unreadable:
        return Image(image.name, unreadable=unreadable)
    if any(each == _ANY or found.group("repository").startswith(f"{each}/") for each in rules):
        return Image(image.name, is_known=False)
    return image


def tag_may_move(read: Reader, name: str) -> bool:
    """Whether the tag of an image may be given to another image.

    Other registries than the account's own are not asked: there any tag may.
    Source: DescribeRepositories.
    """
    found = _ECR.fullmatch(name)
    if found is None or found.group("registry") != read.account:
        return True
    region = None if found.group("region") == read.region else found.group("region")
    tag = found.group("tag") or "latest"
    return _may_move(read, region, read.account, found.group("repository"), tag)


def _may_move(read: Reader, region: str | None, registry: str, repository: str, tag: str) -> bool:
    listed = read.every(
        "ecr",
        "describe_repositories",
        "repositories",
        absent=("RepositoryNotFoundException",),
        region=region,
        registryId=registry,
        repositoryNames=[repository],
    )
    for each in listed:
        kind = each.get("imageTagMutability", "MUTABLE")
        filters = each.get("imageTagMutabilityExclusionFilters") or ()
        excluded = any(fnmatchcase(tag, str(one.get("filter", ""))) for one in filters)
        return bool(kind.startswith("MUTABLE")) is not (
            excluded and kind.endswith("WITH_EXCLUSION")
        )
    return True
