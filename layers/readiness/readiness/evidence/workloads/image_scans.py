"""What scanners know of the images that ECS services are running now."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from readiness.evidence.ecs.services import SERVICE
from readiness.evidence.ecs.tasks import ServiceTasks, Task
from readiness.evidence.inspector2 import (
    ECR,
    FINDING,
    READS,
    SCANS_CHANGED,
    SERIOUS,
    Coverage,
    InspectorStatus,
    Scan,
    Vulnerability,
    coverage_lost,
    coverage_of,
    findings_of,
    scans_of,
)
from readiness.model.evidence import ServiceEvent, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable

BASIC = "BASIC"
_SCANNED = {"COMPLETE", "ACTIVE"}
_ECR_IMAGE = re.compile(r"(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.[a-z.-]+/([^:@]+)")
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_NO_SCAN = ("ScanNotFoundException", "ImageNotFoundException", "RepositoryNotFoundException")


@dataclass(frozen=True, slots=True)
class RunningImage:
    """An image that runs, and what is known of it.

    ``registry`` is where it comes from if that is not ECR of this account and region: Inspector
    does not scan it here, and ``scan`` is None. ``since`` is when the first of the tasks that run
    it began.
    """

    image: str
    digest: str
    registry: str = ""
    scan: Scan | None = None
    since: datetime | None = None


@evidence(
    SERVICE,
    reads=(*READS, "ecr:BatchGetImage", "ecr:DescribeImageScanFindings"),
    uses=(ServiceTasks,),
    changed_by=(
        *SCANS_CHANGED,
        coverage_lost("IMAGE_ARCHIVED", "SCAN_ELIGIBILITY_EXPIRED", "SCAN_FREQUENCY_MANUAL"),
        ServiceEvent(FINDING, match=(SERIOUS, ("resources.type", (ECR,)))),
        ServiceEvent("Inspector2 Scan"),
        ServiceEvent("ECR Image Scan"),
    ),
)
@dataclass(frozen=True, slots=True)
class ImageScans:
    """The images of the service's running tasks, by the digests that were pulled.

    ``unresolved`` are images whose digest ECS does not tell (yet). A digest may be that of an
    index for several architectures; Inspector scans its images one by one, which are looked up.
    Where Inspector scans no images, the result of ECR's basic scan counts: it tells no date for a
    finding but that of the scan.

    Sources: DescribeTasks, BatchGetAccountStatus, ListCoverage, ListFindings, BatchGetImage,
    DescribeImageScanFindings.
    """

    images: tuple[RunningImage, ...]
    unresolved: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ImageScans:
        running = read.of(ServiceTasks, service).running
        return cls._of(read, running, _scans(read, service, _own(read, running)))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ImageScans]:
        """Asks Inspector for ten images at a time; what cannot be read is left to its own load."""
        running: dict[str, Sequence[Task]] = {}
        for id in read.ids(SERVICE):
            service = SERVICE.resource(read.account, read.region, id)
            with suppress(Gone, Unreadable):
                running[id] = read.of(ServiceTasks, service).running
        try:
            scans = _scans(read, service, _own(read, chain(*running.values()))) if running else {}
        except Unreadable:
            return {}
        return {id: cls._of(read, tasks, scans) for id, tasks in running.items()}

    @classmethod
    def _of(
        cls, read: Reader, running: Sequence[Task], scans: Mapping[_Image, Scan]
    ) -> ImageScans:
        since: dict[_Image, datetime] = {}
        for task in running:
            if began := task.started or task.created:
                since |= {each: min(began, since.get(each, began)) for each in task.images}
        pulled = sorted({each for task in running for each in task.images})
        return cls(
            tuple(
                RunningImage(
                    image, digest, scan=scans[image, digest], since=since.get((image, digest))
                )
                if (image, digest) in scans
                else RunningImage(image, digest, registry_of(image))
                for image, digest in pulled
                if digest
            ),
            tuple(image for image, digest in pulled if not digest),
        )


_Image = tuple[str, str]


def registry_of(image: str) -> str:
    """The registry that an image comes from, as Docker reads its name."""
    first, slash, _ = image.partition("/")
    is_host = "." in first or ":" in first or first == "localhost"
    return first if slash and is_host else "docker.io"


def _here(read: Reader, image: str) -> str:
    """The repository of an image in ECR of this account and region; empty for any other."""
    found = _ECR_IMAGE.match(image)
    if found is None:
        return ""
    account, region, repository = found.groups()
    return repository if (account, region) == (read.account, read.region) else ""


def _own(read: Reader, running: Iterable[Task]) -> dict[_Image, str]:
    """The images that come from ECR of this account and region, with their repositories."""
    images = sorted({each for task in running for each in task.images})
    return {each: place for each in images if each[1] and (place := _here(read, each[0]))}


def _scans(read: Reader, service: Resource, own: Mapping[_Image, str]) -> dict[_Image, Scan]:
    if not own:
        return {}
    status = InspectorStatus.load(read, service).images
    if status != "ENABLED":
        return {
            (image, digest): _basic(read, status, repository, digest)
            for (image, digest), repository in own.items()
        }

    def arn(repository: str, digest: str) -> str:
        return (
            f"arn:{read.partition}:ecr:{read.region}:{read.account}"
            f":repository/{repository}/{digest}"
        )

    whole = {
        arn(repository, digest): (repository, digest) for (_, digest), repository in own.items()
    }
    coverage = coverage_of(read, ECR, "resourceId", list(whole))
    parts = {
        id: [arn(repository, each) for each in _members(read, repository, digest)]
        for id, (repository, digest) in whole.items()
        if id not in coverage
    }
    more = [id for ids in parts.values() for id in ids]
    coverage |= coverage_of(read, ECR, "resourceId", more)
    findings = findings_of(read, ECR, "resourceId", sorted(coverage))
    listed = {
        id: tuple(each for each in (parts.get(id) or [id]) if each in coverage) for id in whole
    }
    scans = scans_of(
        read,
        status,
        {id: tuple(c for each in ids for c in coverage[each]) for id, ids in listed.items()},
        {
            id: tuple(f for each in ids for f in findings.get(each, ()))
            for id, ids in listed.items()
        },
        whole,
    )
    return {each: scans[arn(repository, each[1])] for each, repository in own.items()}


def _members(read: Reader, repository: str, digest: str) -> list[str]:
    """The digests of the images that an index holds, without attestations about them."""
    answer = read.one(
        "ecr",
        "batch_get_image",
        absent=("RepositoryNotFoundException",),
        repositoryName=repository,
        imageIds=[{"imageDigest": digest}],
        acceptedMediaTypes=list(_INDEXES),
    )
    return [
        each["digest"]
        for image in (answer or {}).get("images") or ()
        for each in json.loads(image["imageManifest"]).get("manifests") or ()
        if (each.get("platform") or {}).get("os") != "unknown"
    ]


def _basic(read: Reader, status: str, repository: str, digest: str) -> Scan:
    """The result of ECR's basic scan; without one, only that Inspector does not scan."""
    answer = read.one(
        "ecr",
        "describe_image_scan_findings",
        absent=_NO_SCAN,
        repositoryName=repository,
        imageId={"imageDigest": digest},
    )
    if answer is None:
        return Scan(status, read.now)
    state = (answer.get("imageScanStatus") or {}).get("status", "")
    result = answer.get("imageScanFindings") or {}
    at = result.get("imageScanCompletedAt")
    counts = result.get("findingSeverityCounts") or {}
    found = [
        Vulnerability(f"{counts[severity]} of severity {severity}", severity, at)
        for severity in ("CRITICAL", "HIGH")
        if counts.get(severity) and at
    ]
    code = "ACTIVE" if state in _SCANNED else "INACTIVE"
    return Scan(BASIC, read.now, (Coverage(digest, code, state, at),), tuple(found))
