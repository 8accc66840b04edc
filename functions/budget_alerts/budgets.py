"""Whether a budget notifies someone in time that too much is spent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Fact,
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
    violates_all,
)

if TYPE_CHECKING:
    from readiness.evidence.budgets import Bounds, Budget, BudgetActions, Budgets, Notification
    from readiness.evidence.organizations import Payer


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """What a budget has to be like; the settings of the rule."""

    require_forecast: bool
    max_threshold_percent: float
    bounds: Bounds
    workloads: tuple[str, ...]
    workload_tag: str
    managed_locally: bool
    refusals: tuple[str, ...] = ()
    """Why manifests, which would name workloads, cannot be used."""


def judge_budgets(budgets: Budgets, payer: Payer, limits: BudgetLimits) -> Verdict:
    """COMPLIANT where budgets on the account, or on each workload, warn someone in time."""
    costs = [each for each in budgets.all if each.kind == "COST"]
    whole = [each for each in costs if each.covers(budgets.account, limits.workload_tag, ())]
    candidates = {"the account": whole}
    is_sound = any(
        not any(each.faults(budgets.read_at, limits.bounds)) and not each.lateness(limits.bounds)
        for each in whole
    )
    if limits.refusals and not is_sound and costs:
        return cannot_tell(" ".join(limits.refusals))
    if limits.workloads and not is_sound and costs:
        candidates = {
            name: [each for each in costs if _is_about(each, name, budgets.account, limits)]
            for name in limits.workloads
        }
    judged = [_judge(budgets, name, found, limits) for name, found in candidates.items()]
    lacks = [text for each in judged for text in each.lacks]
    facts: dict[str, Fact] = {"budgets": sorted(each.name for each in costs)}
    expected = (
        "A monthly cost budget on all costs of the account, with an alert on the actual"
        + (" and one on the forecasted" if limits.require_forecast else "")
        + f" cost at {limits.max_threshold_percent:g} % or less, which someone gets."
    )
    if lacks and payer.is_member and not limits.managed_locally:
        return cannot_tell(
            f"{' '.join(lacks)} The account is a member of an organization. The management account"
            f" {payer.account} pays and may have the budget, which cannot be read from this"
            " account (managed_locally=true says that it has none)."
        ).observing(facts)
    if lacks:
        is_told = all(each.is_told for each in judged if each.lacks)
        return violates(
            " ".join(lacks),
            expected=expected,
            severity=Severity.MEDIUM if is_told else None,
        ).observing(facts)
    if doubts := [each.doubt for each in judged if each.doubt]:
        return cannot_tell(" ".join(doubts)).observing(facts)
    return complies(" ".join(each.said for each in judged)).observing(facts)


def _is_about(budget: Budget, workload: str, account: str, limits: BudgetLimits) -> bool:
    """Whether it is about a workload, alone or with others of those that count."""
    tag = limits.workload_tag
    tagged = (budget.filters or {}).get("TagKeyValue", ())
    return budget.covers(account, tag, limits.workloads) and f"user:{tag}${workload}" in tagged


@dataclass(frozen=True, slots=True)
class _Judged:
    lacks: tuple[str, ...] = ()
    doubt: str = ""
    said: str = ""
    is_told: bool = False
    """Someone is told of what was spent, only late, or not of what will be."""


def _judge(budgets: Budgets, name: str, found: list[Budget], limits: BudgetLimits) -> _Judged:
    """What the budgets on the account or on a workload are worth together."""
    if not found:
        parts = [each.name for each in budgets.all if each.kind == "COST"]
        others = f"; {listed(parts)} covers only a part of the costs" if parts else ""
        return _Judged((f"No cost budget covers {name}{others}.",))
    able = [each for each in found if not any(each.faults(budgets.read_at, limits.bounds))]
    if not able:
        faults = [fault for each in found for fault in each.faults(budgets.read_at, limits.bounds)]
        return _Judged(tuple(faults))
    in_time = [each for each in able if not each.lateness(limits.bounds)]
    judged = _told_by(in_time or able, limits)
    if in_time:
        return judged
    late = tuple(each.lateness(limits.bounds) for each in able)
    return replace(judged, lacks=(*late, *judged.lacks), is_told=bool(judged.said))


def _told_by(sound: list[Budget], limits: BudgetLimits) -> _Judged:
    """Whom budgets that can warn tell of what was spent, and of what will be."""
    needed = ["ACTUAL"]
    if limits.require_forecast and not all(each.is_daily for each in sound):
        needed.append("FORECASTED")
    lacks, doubts, told = [], [], []
    lacks_forecast = False
    for kind in needed:
        alerts = [
            (budget, each)
            for budget in sound
            for each in budget.warnings(limits.max_threshold_percent, limits.bounds)
            if each.kind == kind or (kind == "FORECASTED" and budget.is_daily)
        ]
        certain = [(b, each) for b, each in alerts if each.is_heard]
        doubtful = [each for _, each in alerts if each.subscribers]
        if certain:
            told.append(_said(*certain[0]))
        elif doubtful:
            doubts.append(
                f"Whether the {kind.lower()} alert reaches someone cannot be told: it goes to"
                f" {doubtful[0].doubtful[0]}."
            )
        else:
            lacks.append(_missing(sound, [each for _, each in alerts], kind, limits))
            lacks_forecast = kind == "FORECASTED"
    only_forecast = len(lacks) == 1 and not doubts and bool(told) and lacks_forecast
    said = " ".join(dict.fromkeys(told))
    return _Judged(tuple(lacks), " ".join(doubts), said, only_forecast)


def _missing(
    sound: list[Budget], alerts: list[Notification], kind: str, limits: BudgetLimits
) -> str:
    names = listed([each.name for each in sound])
    what = f"{'budget' if len(sound) == 1 else 'budgets'} {names}"
    unheard = list(dict.fromkeys(str(topic) for each in alerts for topic in each.unheard))
    if unheard:
        return f"The {kind.lower()} alerts of the {what} go only to {listed(unheard)}."
    if alerts:
        return f"The {kind.lower()} alerts of the {what} have no subscriber."
    cost = "actual" if kind == "ACTUAL" else "forecasted"
    return (
        f"The {what} {'has' if len(sound) == 1 else 'have'} no alert on the {cost} cost at"
        f" {limits.max_threshold_percent:g} % or less."
    )


def _said(budget: Budget, alert: Notification) -> str:
    unit = " %" if alert.is_percent else ""
    now = ", which it has reached" if alert.is_raised else ""
    return (
        f"The budget {budget.name} tells {plural(len(alert.subscribers), 'subscriber')} at"
        f" {alert.threshold:g}{unit} of the {alert.kind.lower()} cost{now}."
    )


def judge_actions(actions: BudgetActions) -> Verdict:
    """The verdict on what AWS is to do when budgets are spent."""
    if not actions.all:
        return not_applicable("No budget has an action.")
    problems = []
    for each in actions.all:
        said = f"The action {each.kind} of the budget {each.budget}"
        if each.status.endswith("_FAILURE"):
            problems.append(Problem(Severity.MEDIUM, f"{said} failed ({each.status})."))
        elif each.status == "PENDING" and not each.is_automatic:
            problems.append(Problem(Severity.LOW, f"{said} waits for an approval."))
    if problems:
        return violates_all(problems, expected="Actions that ran, or wait for their threshold.")
    verdict = complies(f"{plural(len(actions.all), 'action')} of budgets can run.")
    ran = [f"{e.kind} of {e.budget}" for e in actions.all if e.status == "EXECUTION_SUCCESS"]
    if not ran:
        return verdict
    return verdict.reminding(f"In force until they are reversed or reset: {listed(ran)}.")
