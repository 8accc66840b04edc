"""Whether cost anomaly detection monitors the account and notifies someone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from readiness.model.text import listed, plural
from readiness.model.verdict import Verdict, cannot_tell, complies, not_applicable, violates

if TYPE_CHECKING:
    from readiness.evidence.cost_anomalies import (
        Anomalies,
        AnomalyDetection,
        AnomalyMonitor,
        AnomalySubscription,
    )
    from readiness.evidence.organizations import Payer

_WHOLE = {"DIMENSIONAL COST_CATEGORY", "DIMENSIONAL LINKED_ACCOUNT", "DIMENSIONAL SERVICE"}
"""Monitors of AWS's own making, which divide all costs; what is in no category is one too."""
_FIRST = timedelta(days=2)
"""A new monitor is evaluated within a day."""


@dataclass(frozen=True, slots=True)
class AnomalyLimits:
    """What a subscription has to be like; the settings of the rule."""

    max_impact: float
    max_percent: float
    max_evaluation_days: int
    require_immediate: bool
    workload_tag: str
    managed_locally: bool
    workloads: tuple[str, ...] = ()
    """Those that monitors have to watch where none watches the whole account."""
    refusals: tuple[str, ...] = ()
    """Why manifests, which would name workloads, cannot be used."""


def judge_detection(found: AnomalyDetection, payer: Payer, limits: AnomalyLimits) -> Verdict:
    """COMPLIANT where one subscription tells someone of what a working monitor finds."""
    lacks: list[str] = []
    doubts: list[str] = []
    monitors = {each.arn: each for each in found.monitors}
    faults = {arn: _fault(each, found, limits) for arn, each in monitors.items()}
    is_new = any(
        not fault and each.evaluated is None
        for each, fault in zip(monitors.values(), faults.values(), strict=True)
    )
    for subscription in found.subscriptions:
        watching = [monitors[arn] for arn in subscription.monitor_arns if arn in monitors]
        sound = [
            each.name for each in watching if not faults[each.arn] and each.evaluated is not None
        ] or _together(watching, found, limits)
        silent = [*_silent(subscription, limits)]
        if sound and not silent:
            if subscription.is_heard:
                count = plural(len(subscription.subscribers), "subscriber")
                return complies(
                    f"The subscription {subscription.name} tells {count} of the anomalies that"
                    f" {listed(sound)} finds.",
                    monitors=sound,
                    frequency=subscription.frequency,
                )
            doubts.append(
                f"Whether the subscription {subscription.name} reaches someone cannot be told: it"
                f" goes to {subscription.doubtful[0]}."
            )
        lacks += silent if sound else []
    if doubts:
        return cannot_tell(" ".join(doubts))
    lacks += [fault for fault in faults.values() if fault]
    unwatched = [
        each.name
        for arn, each in monitors.items()
        if not faults[arn] and not any(arn in s.monitor_arns for s in found.subscriptions)
    ]
    if unwatched:
        lacks.append(f"No subscription tells of what {listed(unwatched)} finds.")
    if is_new and not lacks:
        return cannot_tell("The monitor is new; AWS has not evaluated it yet.")
    if not monitors:
        lacks.append("The account has no cost anomaly monitor.")
    if limits.refusals and any(_workloads(each, limits) for each in monitors.values()):
        return cannot_tell(" ".join(limits.refusals))
    said = " ".join(dict.fromkeys(lacks))
    if payer.is_member and not limits.managed_locally:
        return cannot_tell(
            f"{said} The account is a member of an organization. The management account"
            f" {payer.account} may watch its costs, which cannot be read from this account"
            " (managed_locally=true says that it does not)."
        )
    return violates(
        said,
        expected=(
            "A cost anomaly monitor of the account, and a subscription to it with a threshold of"
            f" at most {limits.max_impact:g} (in the bill's currency) or {limits.max_percent:g} %"
            " and a subscriber."
        ),
        monitors=sorted(each.name for each in found.monitors),
    )


def _fault(monitor: AnomalyMonitor, found: AnomalyDetection, limits: AnomalyLimits) -> str:
    """Why a monitor does not watch the account's costs, empty where it does."""
    if not _covers(monitor, found.account, limits):
        return f"The monitor {monitor.name} watches only a part of the costs ({monitor.kind})."
    return _idleness(monitor, found, limits)


def _together(
    monitors: Sequence[AnomalyMonitor], found: AnomalyDetection, limits: AnomalyLimits
) -> list[str]:
    """The names of monitors that watch a workload each, where no workload is left out."""
    working = [
        each
        for each in monitors
        if _workloads(each, limits) and each.evaluated and not _idleness(each, found, limits)
    ]
    watched = {name for each in working for name in _workloads(each, limits)}
    if not limits.workloads or not watched.issuperset(limits.workloads):
        return []
    return [each.name for each in working]


def _idleness(monitor: AnomalyMonitor, found: AnomalyDetection, limits: AnomalyLimits) -> str:
    """Why a monitor finds nothing, as a sentence; empty where it works or is new."""
    today = found.read_at.date()
    if monitor.evaluated is None:
        if monitor.created is not None and today - monitor.created <= _FIRST:
            return ""
        return f"AWS has never evaluated the monitor {monitor.name}."
    if today - monitor.evaluated > timedelta(days=limits.max_evaluation_days):
        return f"AWS has not evaluated the monitor {monitor.name} since {monitor.evaluated}."
    return ""


def _covers(monitor: AnomalyMonitor, account: str, limits: AnomalyLimits) -> bool:
    """Whether it is about the whole account, or about every value of the workloads' tag."""
    if monitor.kind == "DIMENSIONAL TAG":
        return _tag_of(monitor.specification or {}) in {"", limits.workload_tag}
    if monitor.kind != "CUSTOM":
        return monitor.kind in _WHOLE
    accounts = (monitor.specification or {}).get("Dimensions") or {}
    return accounts.get("Key") == "LINKED_ACCOUNT" and account in accounts.get("Values", ())


def _workloads(monitor: AnomalyMonitor, limits: AnomalyLimits) -> Sequence[str]:
    """The workloads that a monitor of some values of their tag watches, none for any other."""
    about: Mapping[str, Any] = monitor.specification or {}
    if monitor.kind != "CUSTOM" or _tag_of(about) != limits.workload_tag:
        return ()
    return about["Tags"].get("Values") or ()


def _tag_of(specification: Mapping[str, Any]) -> str:
    return str((specification.get("Tags") or {}).get("Key", "")).removeprefix("user:")


def _silent(subscription: AnomalySubscription, limits: AnomalyLimits) -> Iterator[str]:
    """Why a subscription tells nobody, or too late."""
    name = f"The subscription {subscription.name}"
    if not subscription.subscribers:
        if subscription.unheard:
            yield f"{name} goes only to {listed([str(each) for each in subscription.unheard])}."
        elif subscription.declined:
            yield f"{name} was declined by {listed(subscription.declined)}."
        else:
            yield f"{name} has no subscriber."
    if not subscription.tells_from(limits.max_impact, limits.max_percent):
        yield (
            f"{name} tells only of larger anomalies than {limits.max_impact:g} (in the bill's"
            f" currency) or {limits.max_percent:g} %."
        )
    if limits.require_immediate and subscription.frequency != "IMMEDIATE":
        yield f"{name} tells {subscription.frequency.lower()}, not immediately."


def judge_review(
    found: Anomalies, payer: Payer, *, max_open_days: int, least_impact: float
) -> Verdict:
    """Whether somebody looked at every larger anomaly in time."""
    today = found.read_at.date()
    large = [each for each in found.all if each.impact >= least_impact]
    late = [
        each
        for each in large
        if not each.feedback and today - each.started > timedelta(days=max_open_days)
    ]
    if late:
        worst = sorted(late, key=lambda each: -each.impact)
        cost = sum(each.impact for each in late)
        named = [f"{each.where} since {each.started} ({each.impact:,.2f})" for each in worst]
        return violates(
            f"{plural(len(late), 'cost anomaly', 'cost anomalies')} cost {cost:,.2f} more than"
            f" expected (Cost Explorer's figure), and nobody assessed"
            f" {'it' if len(late) == 1 else 'them'}: {listed(named)}.",
            expected=f"Feedback on each anomaly within {plural(max_open_days, 'day')}.",
            impact=round(cost, 2),
            anomalies=[each.id for each in worst[:10]],
        )
    if not found.all and payer.is_member:
        return cannot_tell(
            "Cost Explorer shows no anomaly to this member account; those that monitors of the"
            f" management account {payer.account} find are shown there."
        )
    if not found.is_watched:
        return not_applicable("No monitor detects anomalies; anomaly-detection reports it.")
    count = plural(len(large), "anomaly", "anomalies")
    return complies(f"No anomaly waits for an assessment ({count} in the last 90 days).")
