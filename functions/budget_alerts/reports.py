"""Whether AWS delivers the bill in detail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from readiness.model.text import listed
from readiness.model.verdict import Verdict, cannot_tell, complies, violates

if TYPE_CHECKING:
    from datetime import datetime

    from readiness.evidence.billing_reports import BillingReport, BillingReports
    from readiness.evidence.organizations import Payer


def judge_reports(
    reports: BillingReports, payer: Payer, *, max_age_hours: int, managed_locally: bool
) -> Verdict:
    """COMPLIANT where one report is complete and was delivered lately."""
    age = timedelta(hours=max_age_hours)
    faults = {each.name: _fault(each, reports.read_at, age) for each in reports.all}
    sound = [name for name, fault in faults.items() if not fault]
    delivered = [each for each in reports.all if each.name in sound and each.delivered]
    if delivered:
        newest = max(delivered, key=lambda each: each.delivered or reports.read_at)
        return complies(
            f"The report {newest.name} was delivered on {newest.delivered:%Y-%m-%d} to the bucket"
            f" {newest.bucket}.",
            reports=sorted(faults),
        )
    if sound:
        return cannot_tell(f"The report {sound[0]} is new; AWS has not delivered it yet.")
    said = " ".join(faults.values()) or "AWS delivers no detailed billing report."
    if payer.is_member and not managed_locally:
        return cannot_tell(
            f"{said} The account is a member of an organization. The management account"
            f" {payer.account} pays and gets the bill, which cannot be read from this account"
            " (managed_locally=true says that reports belong here)."
        )
    return violates(
        said,
        expected=(
            "A data export of COST_AND_USAGE_REPORT or FOCUS with resource ids, by day or hour,"
            f" delivered in the last {max_age_hours} hours."
        ),
        reports=sorted(faults),
    )


def _fault(report: BillingReport, now: datetime, age: timedelta) -> str:
    """Why the report is no detailed bill, empty where it is, or will be once it is delivered."""
    name = f"The report {report.name}"
    if report.fault:
        return f"AWS does not deliver the report {report.name} ({report.fault})."
    if report.bucket_is_gone:
        return f"The bucket {report.bucket} of the report {report.name} does not exist."
    if report.lacks:
        is_part = "a part of the costs" in report.lacks
        return f"{name} " + ("has only a part." if is_part else f"lacks {listed(report.lacks)}.")
    if report.delivered is None:
        is_new = report.created is not None and now - report.created <= age
        return "" if is_new else f"{name} was never delivered."
    if now - report.delivered > age:
        return f"{name} was last delivered on {report.delivered:%Y-%m-%d}."
    return ""
