"""The detailed billing reports that AWS delivers to S3: Data Exports and legacy CURs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from readiness.model.evidence import ACCOUNT, ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.moments import in_utc

_REPORT = "COST_AND_USAGE_REPORT"


@dataclass(frozen=True, slots=True)
class BillingReport:
    """A report that AWS delivers.

    ``lacks`` says what is not in it, empty where it is the whole bill in detail: ``resource ids``,
    ``days`` (it is by month) or ``a part of the costs``. ``fault`` is why AWS does not deliver
    it, as AWS says it; ``bucket_is_gone`` where its bucket does not exist. ``delivered`` is None
    before the first delivery.
    """

    name: str
    lacks: tuple[str, ...] = ()
    fault: str = ""
    delivered: datetime | None = None
    created: datetime | None = None
    bucket: str = ""
    bucket_is_gone: bool = False


@evidence(
    ACCOUNT,
    reads=(
        "bcm-data-exports:GetExport",
        "bcm-data-exports:ListExports",
        "cur:DescribeReportDefinitions",
        "s3:GetBucketLocation",
    ),
    changed_by=(
        api_call("bcm-data-exports", "CreateExport", "UpdateExport", "DeleteExport"),
        api_call("cur", "PutReportDefinition", "ModifyReportDefinition", "DeleteReportDefinition"),
        ConfigItem("AWS::BCMDataExports::Export"),
    ),
)
@dataclass(frozen=True, slots=True)
class BillingReports:
    """The reports on costs and usage that the account has AWS deliver.

    Data exports of other tables, such as recommendations and carbon emissions, are no billing
    reports. Sources: ListExports, GetExport, DescribeReportDefinitions, GetBucketLocation.
    """

    all: tuple[BillingReport, ...]
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, account: Resource) -> BillingReports:
        return cls((*_exports(read), *_legacy(read)), read.now)


def _exports(read: Reader) -> list[BillingReport]:
    home = read.home("bcm-data-exports")
    found = []
    for each in read.every("bcm-data-exports", "list_exports", "Exports", region=home):
        try:
            answer = read.one(
                "bcm-data-exports",
                "get_export",
                gone=("ResourceNotFoundException",),
                region=home,
                ExportArn=each["ExportArn"],
            )
        except Gone:
            continue  # deleted since it was listed
        status = answer.get("ExportStatus") or each.get("ExportStatus") or {}
        report = _export(read, answer["Export"], status)
        if report is not None:
            found.append(report)
    return found


def _export(
    read: Reader, about: Mapping[str, Any], status: Mapping[str, Any]
) -> BillingReport | None:
    query = about["DataQuery"]
    statement = query.get("QueryStatement", "")
    table = re.search(r"\bFROM\s+\"?(\w+)", statement, re.IGNORECASE)
    name = table[1].upper() if table else ""
    if name != _REPORT and not name.startswith("FOCUS_"):
        return None
    tables = query.get("TableConfigurations") or {}
    settings = {
        key: value
        for each, v in tables.items()
        if each.upper() == name
        for key, value in v.items()
    }
    destination = about["DestinationConfigurations"]["S3Destination"]
    bucket, owner = destination["S3Bucket"], destination.get("S3BucketOwner") or read.account
    healthy = status.get("StatusCode") == "HEALTHY"
    return BillingReport(
        about.get("Name", ""),
        tuple(_lacks(name, statement, settings)),
        "" if healthy else status.get("StatusReason") or status.get("StatusCode", "UNHEALTHY"),
        in_utc(status.get("LastRefreshedAt")),
        in_utc(status.get("CreatedAt")),
        bucket,
        owner == read.account and _is_gone(read, bucket),
    )


_RESOURCE_IDS = {_REPORT: "line_item_resource_id"}


def _lacks(table: str, statement: str, settings: Mapping[str, str]) -> list[str]:
    selected = statement.lower().partition(" from ")[0]
    column = _RESOURCE_IDS.get(table, "resourceid")
    lacks = []
    has_column = "*" in selected or column in selected
    if not has_column or (table == _REPORT and settings.get("INCLUDE_RESOURCES") != "TRUE"):
        lacks.append("resource ids")
    if settings.get("TIME_GRANULARITY") == "MONTHLY":
        lacks.append("days")
    view = settings.get("BILLING_VIEW_ARN", "")
    if re.search(r"\bwhere\b", statement, re.IGNORECASE) or _is_narrow(view):
        lacks.append("a part of the costs")
    return lacks


def _is_narrow(view: str) -> bool:
    """Whether a billing view is another than that of all costs of the account."""
    return bool(view) and not view.endswith("/primary")


def _legacy(read: Reader) -> list[BillingReport]:
    listed = read.every(
        "cur", "describe_report_definitions", "ReportDefinitions", region=read.home("cur")
    )
    return [_definition(read, each) for each in listed]


def _definition(read: Reader, about: Mapping[str, Any]) -> BillingReport:
    status = about.get("ReportStatus") or {}
    last = status.get("lastStatus", "")
    lacks = []
    if "RESOURCES" not in (about.get("AdditionalSchemaElements") or ()):
        lacks.append("resource ids")
    if about.get("TimeUnit") == "MONTHLY":
        lacks.append("days")
    if _is_narrow(about.get("BillingViewArn", "")):
        lacks.append("a part of the costs")
    return BillingReport(
        about["ReportName"],
        tuple(lacks),
        "" if last in {"", "SUCCESS"} else last,
        _delivery(status.get("lastDelivery", "")),
        # AWS says when it made no legacy report, and nothing of one that it has not tried yet.
        created=None if status else read.now,
        bucket=about["S3Bucket"],
        bucket_is_gone=_is_gone(read, about["S3Bucket"]),
    )


def _delivery(text: str) -> datetime | None:
    """A time as a CUR has it: ``20261102T083000Z``."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _is_gone(read: Reader, bucket: str) -> bool:
    answer = read.one(
        "s3",
        "get_bucket_location",
        absent=("NoSuchBucket",),
        Bucket=bucket,
    )
    return answer is None
