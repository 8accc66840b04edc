"""Whether the images of an earlier state can still be pulled."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.aws_errors import code_of

if TYPE_CHECKING:
    from readiness.engine.aws import Aws

_ECR = re.compile(
    r"(?P<registry>\d{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z.]+/"
    r"(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_GONE = {"ImageNotFoundException", "RepositoryNotFoundException"}


def examined(aws: Aws, images: Iterable[str]) -> tuple[list[str], list[str]]:
    """Which images cannot be pulled any more, and of which that cannot be told, in sentences.

    A registry of another kind is not asked.
    """
    gone: list[str] = []
    untold: list[str] = []
    for image in images:
        found = _ECR.fullmatch(image)
        if found is None:
            continue
        wanted = {"imageTag": found["tag"] or "latest"}
        if found["digest"]:
            wanted = {"imageDigest": found["digest"]}
        try:
            details = aws.client("ecr", found["region"]).describe_images(
                registryId=found["registry"],
                repositoryName=found["repository"],
                imageIds=[wanted],
            )["imageDetails"]
        except ClientError as error:
            if code_of(error) in _GONE:
                gone.append(f"The image {image} is gone.")
            else:
                untold.append(f"Whether the image {image} is there cannot be read: {error}.")
            continue
        except BotoCoreError as error:  # a registry in a region that cannot be reached
            untold.append(f"Whether the image {image} is there cannot be read: {error}.")
            continue
        if any(each.get("imageStatus", "ACTIVE") != "ACTIVE" for each in details):
            gone.append(
                f"The image {image} is archived, and cannot be pulled until it is restored."
            )
    return gone, untold


def by_tag(images: Iterable[str]) -> list[str]:
    """A warning for each image that a tag names, which may mean another image today."""
    return [
        f"The image {image} is named by a tag, which may name another image today than then."
        for image in images
        if "@sha256:" not in image
    ]
