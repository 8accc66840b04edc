"""Whether something analyses what is recorded, and notifies someone of what it finds."""

from __future__ import annotations

from readiness import (
    Unreadable,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    unread,
    violates,
)
from readiness.evidence.guardduty import ENABLED
from readiness.evidence.workloads.log_analysis import LOOKS, LogAnalysis
from readiness.evidence.workloads.log_forwarding import LogForwarding, counts
from readiness.evidence.workloads.threat_detection import ThreatDetection
from readiness.model.text import listed

from .aggregation import why_left_out
from .settings import GroupSettings


def judge_threat_detection(analysis: ThreatDetection, *, accept_insights: bool) -> Verdict:
    """The verdict on GuardDuty and CloudTrail Insights."""
    detector = analysis.detector
    if detector is not None and detector.status == ENABLED:
        return complies("GuardDuty is enabled.")
    if accept_insights and analysis.by_insights:
        return complies("CloudTrail Insights detects unusual API calls.")
    if accept_insights and analysis.doubts:
        doubts = analysis.doubts
        return cannot_tell(
            "GuardDuty analyses nothing here, and whether CloudTrail Insights do is not known."
            f" {' '.join(share.said for share in doubts)}",
            missing=dict.fromkeys(action for share in doubts for action in share.missing),
            is_passing=any(share.is_passing for share in doubts),
        )
    if detector is None:
        return not_applicable("AWS does not offer GuardDuty in this region.")
    state = (
        "GuardDuty is suspended: it analyses nothing."
        if detector.status
        else "GuardDuty is not enabled in this region."
    )
    if analysis.administrator:
        state += f" The account {analysis.administrator} administers it."
    return violates(
        state,
        expected="GuardDuty enabled, in an organization by its delegated administrator.",
        status=detector.status,
        administrator=analysis.administrator,
    )


def judge_analysis(
    group: LogAnalysis, groups: GroupSettings, *, accept_forwarding: bool
) -> Verdict:
    """The verdict on what looks at the events of a log group."""
    exempt = why_left_out(group.name, group.group_class, groups, is_active=group.is_active)
    if exempt:
        return not_applicable(exempt)
    looking = [f"the alarm {each.alarm}" for each in group.alarms if each.certainly]
    looking += [f"the anomaly detector {d.name}" for d in group.detectors if d.status in LOOKS]
    if accept_forwarding and isinstance(group.forwarding, LogForwarding):
        central = groups.central_account_ids
        looking += [
            f"whoever gets them by {route.what}"
            for route in group.forwarding.routes
            if route.is_certain and counts(route, central)
        ]
    if looking:
        return complies(f"Its events are analysed by {listed(looking)}.", analysed_by=looking)
    return _doubt(group, groups, accept_forwarding=accept_forwarding) or violates(
        " ".join(["Nothing analyses the events of the log group.", *_faults(group)]),
        expected=(
            "A metric filter with an alarm that notifies someone, an anomaly detector, or a"
            " subscription filter."
        ),
        faults=_faults(group),
    )


def _doubt(
    group: LogAnalysis, groups: GroupSettings, *, accept_forwarding: bool
) -> Verdict | None:
    """INSUFFICIENT_DATA where something may look at it, and that is not known."""
    failures = [each.unreadable for each in group.alarms if each.unreadable is not None]
    forwarding = group.forwarding
    if accept_forwarding and isinstance(forwarding, Unreadable):
        failures.append(forwarding)
    if failures:
        said = " ".join(f"{failure}." for failure in failures)
        return unread(f"Whether something analyses the log group is not known: {said}", *failures)
    if accept_forwarding and isinstance(forwarding, LogForwarding):
        ways = [r.what for r in forwarding.routes if counts(r, groups.central_account_ids)]
        if ways:
            return cannot_tell(
                f"Whether {listed(ways)} covers this log group is not known.", ways=ways
            )
    return None


def _faults(group: LogAnalysis) -> list[str]:
    """What looks as if it analysed the log group, and does not."""
    faults = [each.why for each in group.alarms if each.why]
    faults += [
        f"No alarm watches the metric {metric} of its filter." for metric in group.unwatched
    ]
    if isinstance(group.forwarding, LogForwarding):
        faults += [route.lost for route in group.forwarding.routes if route.lost]
    faults += [f"The anomaly detector {each.name} is {each.status}." for each in group.detectors]
    if group.group_class == "INFREQUENT_ACCESS":
        faults.append(
            "Log groups of the class INFREQUENT_ACCESS have no metric filters, anomaly detectors"
            " or subscription filters."
        )
    return faults
