"""How S3 buckets take data in: acceleration, unfinished uploads, and the size of what is put."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA
from readiness.evidence.cloudwatch.kept import read_whole_days
from readiness.evidence.s3.buckets import BUCKET, LIFECYCLE_CALLS, lifecycle_rules
from readiness.evidence.tagging import TagsOnly, tag_change
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, Series, series, total, window

_GONE = ("NoSuchBucket",)
_DAY = 86_400
_NAME = "requestParameters.bucketName"
ACCELERATION_TAG = "transfer-acceleration"


@evidence(
    BUCKET,
    reads=("s3:GetAccelerateConfiguration",),
    uses=(TagsOnly,),
    asks_with=("require_all", "report_undeclared"),
    changed_by=(
        api_call(
            "s3",
            "PutAccelerateConfiguration",
            "PutBucketAccelerateConfiguration",
            "PutBucketTagging",
            "DeleteBucketTagging",
            id=_NAME,
        ),
        tag_change("s3"),
    ),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class BucketAcceleration:
    """Whether transfer acceleration is required of a bucket, and whether it is on.

    ``status`` is ``Enabled``, ``Suspended``, empty where it was never set, and None where nobody
    wants to know: then S3 is not asked. Sources: GetResources, GetBucketAccelerateConfiguration.
    """

    name: str
    required: str
    status: str | None

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> BucketAcceleration:
        tag = read.of(TagsOnly, bucket).values.get(ACCELERATION_TAG, "").strip().lower()
        required = f"its tag {ACCELERATION_TAG}={tag} asks for it" if tag == "required" else ""
        if read.settings.get("require_all"):
            required = required or "the setting require_all asks for it"
        if not required and not read.settings.get("report_undeclared"):
            return cls(bucket.id, "", None)
        answer = read.one(
            "s3", "get_bucket_accelerate_configuration", gone=_GONE, Bucket=bucket.id
        )
        return cls(bucket.id, required, answer.get("Status", ""))


@dataclass(frozen=True, slots=True)
class AbortRule:
    """A lifecycle rule that removes the parts of uploads that were never completed.

    ``days`` after they began; ``narrowed`` says to what part of the bucket, empty for all of it.
    """

    id: str
    enabled: bool
    days: int
    narrowed: str = ""


@evidence(
    BUCKET,
    reads=("s3:GetLifecycleConfiguration",),
    changed_by=(
        api_call(
            "s3",
            *LIFECYCLE_CALLS,
            id=_NAME,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class AbortRules:
    """The lifecycle rules that end unfinished multipart uploads.

    Source: GetBucketLifecycleConfiguration.
    """

    rules: tuple[AbortRule, ...]

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> AbortRules:
        rules = lifecycle_rules(read, bucket)
        return cls(
            tuple(
                AbortRule(
                    rule.get("ID", ""),
                    rule.get("Status") == "Enabled",
                    rule["AbortIncompleteMultipartUpload"].get("DaysAfterInitiation", 0),
                    _narrowed(rule),
                )
                for rule in rules
                if rule.get("AbortIncompleteMultipartUpload")
            )
        )


def _narrowed(rule: Mapping[str, Any]) -> str:
    """To what a rule is confined, in words; empty for the whole bucket."""
    chosen = rule.get("Filter") or {}
    chosen = {**chosen, **(chosen.get("And") or {})}
    if prefix := rule.get("Prefix") or chosen.get("Prefix"):
        return f"the prefix {prefix}"
    if chosen.get("Tag") or chosen.get("Tags"):
        return "objects with a tag"
    if "ObjectSizeGreaterThan" in chosen or "ObjectSizeLessThan" in chosen:
        return "objects of some sizes"
    return ""


@evidence(
    BUCKET,
    reads=("s3:ListBucketMultipartUploads",),
    asks_with=("list_uploads", "max_days"),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class StaleUploads:
    """How many uploads began more than ``max_days`` ago and are not finished.

    None unless the setting ``list_uploads`` is on; at most the first thousand uploads are
    looked at. Source: ListMultipartUploads.
    """

    count: int | None
    oldest: str = ""

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> StaleUploads:
        if not read.settings.get("list_uploads"):
            return cls(None)
        answer = read.one("s3", "list_multipart_uploads", gone=_GONE, Bucket=bucket.id)
        # S3 removes what a lifecycle rule ends within a day or two of its time
        limit = read.now - timedelta(days=int(read.settings["max_days"]) + 2)
        old = sorted(
            upload["Initiated"]
            for upload in answer.get("Uploads") or ()
            if upload.get("Initiated") and upload["Initiated"] < limit
        )
        return cls(len(old), f"{old[0]:%Y-%m-%d}" if old else "")


@dataclass(frozen=True, slots=True)
class _Found:
    """The dimensions under which CloudWatch knows a bucket."""

    storage_types: frozenset[str] = frozenset()
    filters: frozenset[str] = frozenset()


@evidence(
    BUCKET,
    reads=("cloudwatch:ListMetrics", GET_METRIC_DATA),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class BucketWrites:
    """What a bucket holds and what was put into it in a week.

    ``stored`` (bytes; ``classes`` has them by storage type, as ``StandardStorage``) and
    ``objects`` come from the daily storage metrics of every bucket with objects; ``puts``,
    ``posts`` and ``uploaded`` (bytes) from request metrics, which have to be switched on. None
    where CloudWatch has nothing. POST begins and completes a multipart upload; each of its parts
    is a PUT. Sources: ListMetrics, GetMetricData.
    """

    stored: float | None = None
    objects: float | None = None
    puts: float | None = None
    posts: float | None = None
    uploaded: float | None = None
    classes: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> BucketWrites:
        known = _known(read, Dimensions=[{"Name": "BucketName", "Value": bucket.id}])
        return cls._of(read, {bucket.id: known.get(bucket.id, _Found())})[bucket.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, BucketWrites]:
        known = read.made_once("storage metrics by bucket", _known)
        buckets = read.ids(BUCKET)
        return cls._of(read, {name: known.get(name, _Found()) for name in buckets})

    @classmethod
    def _of(cls, read: Reader, known: Mapping[str, _Found]) -> dict[str, BucketWrites]:
        queries = {name: _queries(name, found) for name, found in known.items()}
        every = [q for named in queries.values() for some in named.values() for q in some]
        during = window(read.now, timedelta(days=7), period=_DAY)
        found = read_whole_days(read, every, during) if every else {}
        return {
            name: cls(
                stored=_latest(found[q] for q in named["stored"]),
                objects=_latest(found[q] for q in named["objects"]),
                puts=total(found[q] for q in named["puts"]),
                posts=total(found[q] for q in named["posts"]),
                uploaded=total(found[q] for q in named["uploaded"]),
                classes={
                    dict(q.dimensions)["StorageType"]: found[q].values[-1]
                    for q in named["stored"]
                    if found[q].values
                },
            )
            for name, named in queries.items()
        }


def _known(read: Reader, **narrow: Any) -> dict[str, _Found]:
    """Every bucket that CloudWatch has heard of in the last two weeks."""
    types: dict[str, set[str]] = {}
    filters: dict[str, set[str]] = {}
    for metric in read.every(
        "cloudwatch", "list_metrics", "Metrics", Namespace="AWS/S3", **narrow
    ):
        on = {each["Name"]: each["Value"] for each in metric.get("Dimensions") or ()}
        bucket = on.get("BucketName", "")
        if metric.get("MetricName") == "BucketSizeBytes" and "StorageType" in on:
            types.setdefault(bucket, set()).add(on["StorageType"])
        if metric.get("MetricName") == "PutRequests" and "FilterId" in on:
            filters.setdefault(bucket, set()).add(on["FilterId"])
    alike: dict[frozenset[str], frozenset[str]] = {}

    def shared(names: Iterable[str]) -> frozenset[str]:
        """The same object for the same names, which thousands of buckets have."""
        found = frozenset(names)
        return alike.setdefault(found, found)

    return {
        bucket: _Found(shared(types.get(bucket, ())), shared(filters.get(bucket, ())))
        for bucket in {*types, *filters}
    }


def _queries(bucket: str, found: _Found) -> dict[str, list[Query]]:
    def stored(metric: str, kind: str) -> Query:
        return series("AWS/S3", metric, "Average", BucketName=bucket, StorageType=kind)

    def requests(metric: str) -> list[Query]:
        return [
            series("AWS/S3", metric, "Sum", BucketName=bucket, FilterId=each)
            for each in sorted(found.filters)
        ]

    kinds = sorted(found.storage_types)
    return {
        "stored": [stored("BucketSizeBytes", kind) for kind in kinds],
        "objects": [stored("NumberOfObjects", "AllStorageTypes")] if kinds else [],
        "puts": requests("PutRequests"),
        "posts": requests("PostRequests"),
        "uploaded": requests("BytesUploaded"),
    }


def _latest(parts: Iterable[Series]) -> float | None:
    known = [part.values[-1] for part in parts if part.values]
    return sum(known) if known else None
