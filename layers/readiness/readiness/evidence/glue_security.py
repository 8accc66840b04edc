"""How jobs, crawlers and development endpoints of AWS Glue encrypt what they write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@dataclass(frozen=True, slots=True)
class SecurityConfiguration:
    """A security configuration: its name, and how it has each kind of data encrypted.

    ``objects`` is ``SSE-KMS``, ``SSE-S3`` or empty, which leaves it to the bucket; ``logs`` and
    ``bookmarks`` say whether those are encrypted with a KMS key. ``keys`` are the keys it names.
    """

    name: str
    objects: str = ""
    logs: bool = False
    bookmarks: bool = False
    keys: tuple[str, ...] = ()

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> SecurityConfiguration:
        """From a ``SecurityConfiguration`` of the API."""
        about = answer.get("EncryptionConfiguration") or {}
        [objects, *_] = about.get("S3Encryption") or [{}]
        logs = about.get("CloudWatchEncryption") or {}
        bookmarks = about.get("JobBookmarksEncryption") or {}
        quality = about.get("DataQualityEncryption") or {}
        mode = objects.get("S3EncryptionMode", "")
        named = (each.get("KmsKeyArn", "") for each in (objects, logs, bookmarks, quality))
        return cls(
            answer["Name"],
            "" if mode == "DISABLED" else mode,
            logs.get("CloudWatchEncryptionMode") == "SSE-KMS",
            bookmarks.get("JobBookmarksEncryptionMode") == "CSE-KMS",
            tuple(dict.fromkeys(key for key in named if key)),
        )


def security_configurations(read: Reader) -> Sequence[SecurityConfiguration]:
    """The security configurations of the region."""
    found = read.every("glue", "get_security_configurations", "SecurityConfigurations")
    return [SecurityConfiguration.of(each) for each in found]


@dataclass(frozen=True, slots=True)
class GlueWork:
    """A job, crawler or development endpoint (``kind``), and its security configuration.

    ``configuration`` is empty where it names none. ``bookmarks``: its runs keep job bookmarks.
    """

    kind: str
    name: str
    configuration: str = ""
    bookmarks: bool = False


_BOOKMARKS = "--job-bookmark-option"
_OFF = "job-bookmark-disable"


@evidence(
    REGION,
    reads=(
        "glue:GetCrawlers",
        "glue:GetDevEndpoints",
        "glue:GetJobs",
        "glue:GetSecurityConfigurations",
    ),
    changed_by=(
        api_call(
            "glue",
            "CreateCrawler",
            "CreateDevEndpoint",
            "CreateJob",
            "CreateSecurityConfiguration",
            "DeleteCrawler",
            "DeleteDevEndpoint",
            "DeleteJob",
            "DeleteSecurityConfiguration",
            "UpdateCrawler",
            "UpdateJob",
            "UpdateJobFromSourceControl",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class GlueEncryption:
    """What Glue runs in the region, and the security configurations there are, by name.

    Sources: GetJobs, GetCrawlers, GetDevEndpoints, GetSecurityConfigurations.
    """

    work: tuple[GlueWork, ...] = ()
    configurations: Mapping[str, SecurityConfiguration] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, region: Resource) -> GlueEncryption:
        jobs = [
            GlueWork(
                "job", each["Name"], each.get("SecurityConfiguration", ""), _keeps_bookmarks(each)
            )
            for each in read.every("glue", "get_jobs", "Jobs")
        ]
        crawlers = [
            GlueWork("crawler", each["Name"], each.get("CrawlerSecurityConfiguration", ""))
            for each in read.every("glue", "get_crawlers", "Crawlers")
        ]
        endpoints = [
            GlueWork(
                "development endpoint",
                each["EndpointName"],
                each.get("SecurityConfiguration", ""),
            )
            for each in read.every("glue", "get_dev_endpoints", "DevEndpoints")
        ]
        found = security_configurations(read)
        return cls((*jobs, *crawlers, *endpoints), {each.name: each for each in found})


def _keeps_bookmarks(job: Mapping[str, Any]) -> bool:
    """Off by default. What cannot be overridden decides over what can."""
    given = {**(job.get("DefaultArguments") or {}), **(job.get("NonOverridableArguments") or {})}
    return bool(given.get(_BOOKMARKS, _OFF) != _OFF)
