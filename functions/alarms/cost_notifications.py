"""Whether someone is notified before too much money is spent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from readiness.evidence.budgets import Bounds
from readiness.model.text import listed, plural
from readiness.model.verdict import Verdict, cannot_tell, complies, violates

from .coverage import Coverage
from .found import Found, RequiredAlarm
from .gaps import Gap, Limits, RequiredSeries
from .settings import CostLimits

if TYPE_CHECKING:
    from readiness.evidence.budgets import Budget, Budgets, Notification
    from readiness.evidence.cloudwatch.billing_alarms import BillingAlarms
    from readiness.evidence.cost_anomalies import AnomalySubscription, CostAnomalies
    from readiness.evidence.organizations import Payer
_DAY_IN_MINUTES = 24 * 60
_CHARGES = ("AWS/Billing", "EstimatedCharges")
_MOST_CHARGES = 1e7
_BOUNDS = Bounds()
_WHOLE = {"DIMENSIONAL COST_CATEGORY", "DIMENSIONAL LINKED_ACCOUNT", "DIMENSIONAL SERVICE"}
"""Monitors that divide all costs of the account."""


@dataclass(frozen=True, slots=True)
class CostNotifications:
    """Everything that can notify someone of costs, and the settings of the rule."""

    budgets: Budgets
    anomalies: CostAnomalies
    billing: BillingAlarms
    payer: Payer
    limits: CostLimits

    def verdict(self) -> Verdict:
        """COMPLIANT with the first that notifies someone; otherwise what each of them lacks."""
        working = next(self._working(), "")
        if working:
            return complies(working)
        if doubts := [*self._doubts()]:
            return cannot_tell(" ".join(doubts))
        lacks = [*self._flaws()] or [
            "The account has no cost budget, cost anomaly subscription or billing alarm."
        ]
        if self.payer.is_member:
            lacks.append(
                f"The account is a member of an organization. The management account"
                f" {self.payer.account} pays and may monitor the costs, which cannot be read from"
                " this account."
            )
            return cannot_tell(" ".join(lacks))
        return violates(
            " ".join(lacks),
            expected=(
                "A cost budget for the whole account with a subscriber and an alert threshold of"
                f" {self.limits.max_threshold_percent:g} % or less, a cost anomaly subscription,"
                f" or a working alarm on EstimatedCharges in {self.billing.home}."
            ),
        )

    def _working(self) -> Iterator[str]:
        for budget in self.budgets.all:
            if not self._counts(budget):
                continue
            for each in self._warnings(budget):
                if each.is_heard:
                    unit = " %" if each.is_percent else ""
                    yield (
                        f"The budget {budget.name} notifies"
                        f" {plural(len(each.subscribers), 'subscriber')} at"
                        f" {each.threshold:g}{unit} ({each.kind.lower()})."
                    )
        for subscription in self.anomalies.subscriptions:
            if self._counts_anomalies(subscription) and subscription.is_heard:
                count = plural(len(subscription.subscribers), "subscriber")
                yield f"The cost anomaly subscription {subscription.name} notifies {count}."
        found = self._alarm()
        if found.alarm and self._currencies():
            yield f"The alarm {found.alarm} covers the estimated charges."

    def _doubts(self) -> Iterator[str]:
        """What notifies someone only if its topic lets it, which conditions or keys hide."""
        for budget in self.budgets.all:
            for each in self._warnings(budget) if self._counts(budget) else ():
                if each.doubtful:
                    yield (
                        f"Whether the budget {budget.name} notifies someone cannot be told: it"
                        f" goes to {each.doubtful[0]}."
                    )
        for subscription in self.anomalies.subscriptions:
            if self._counts_anomalies(subscription) and subscription.doubtful:
                yield (
                    f"Whether the cost anomaly subscription {subscription.name} notifies someone"
                    f" cannot be told: it goes to {subscription.doubtful[0]}."
                )

    def _warnings(self, budget: Budget) -> tuple[Notification, ...]:
        return budget.warnings(self.limits.max_threshold_percent, _BOUNDS)

    def _counts(self, budget: Budget) -> bool:
        """Whether it can warn in time of the costs of the account or of the tagged workload."""
        return (
            budget.covers(self.budgets.account, self.limits.workload_tag)
            and not any(budget.faults(self.budgets.read_at, _BOUNDS))
            and not budget.lateness(_BOUNDS)
        )

    def _counts_anomalies(self, subscription: AnomalySubscription) -> bool:
        """Whether it tells of small enough anomalies of the whole account."""
        whole = _WHOLE | {f"DIMENSIONAL TAG {self.limits.workload_tag}"}
        is_low = subscription.least_impact <= self.limits.max_anomaly_impact
        return is_low and not whole.isdisjoint(subscription.monitors)

    def _alarm(self) -> Found:
        limits = Limits(self.billing.read_at, max_detection_minutes=_DAY_IN_MINUTES)
        coverage = Coverage(self.billing.inventory, self.billing.published, limits)
        return coverage.find(charges(self._currencies() or ("USD",)))

    def _currencies(self) -> tuple[str, ...]:
        return self.billing.published.values(*_CHARGES, {}, "Currency")

    def _flaws(self) -> Iterator[str]:
        for budget in self.budgets.all:
            yield from self._budget_flaws(budget)
        for subscription in self.anomalies.subscriptions:
            name = subscription.name
            if subscription.unheard and not subscription.subscribers:
                yield (
                    f"The cost anomaly subscription {name} notifies only"
                    f" {listed([str(each) for each in subscription.unheard])}."
                )
            elif subscription.least_impact > self.limits.max_anomaly_impact:
                yield (
                    f"The cost anomaly subscription {name} tells only of anomalies from"
                    f" {subscription.least_impact:,.0f} on; at most"
                    f" {self.limits.max_anomaly_impact:,.0f} is allowed."
                )
            elif not subscription.subscribers:
                yield f"The cost anomaly subscription {subscription.name} has no subscriber."
            else:
                kinds = listed(subscription.monitors) or "no monitor"
                yield f"The cost anomaly subscription {subscription.name} covers only {kinds}."
        yield from self._billing_flaws()

    def _budget_flaws(self, budget: Budget) -> Iterator[str]:
        if budget.kind != "COST":
            return
        flaws = [*budget.faults(self.budgets.read_at, _BOUNDS)]
        if late := budget.lateness(_BOUNDS):
            flaws.append(late)
        if flaws:
            yield from flaws
        elif not self._counts(budget):
            yield f"The budget {budget.name} covers only a part of the costs."
        elif not budget.notifications:
            yield f"The budget {budget.name} has no alert."
        elif not self._warnings(budget):
            yield (
                f"The budget {budget.name} has no alert at"
                f" {self.limits.max_threshold_percent:g} % or less."
            )
        else:
            unheard = dict.fromkeys(
                str(topic) for each in self._warnings(budget) for topic in each.unheard
            )
            if unheard:
                yield f"The alerts of the budget {budget.name} go only to {listed(list(unheard))}."
            else:
                yield f"The alerts of the budget {budget.name} have no subscriber."

    def _billing_flaws(self) -> Iterator[str]:
        watching = self.billing.inventory.watching.get(_CHARGES, ())
        for alarm in watching:
            if any(not each.dimensions for each in alarm.watches):
                yield (
                    f"The alarm {alarm.name} is on EstimatedCharges without the dimension"
                    " Currency, a metric that does not exist."
                )
        if watching and not self._currencies():
            yield "Billing metrics are not published: billing alerts are not enabled."
        found = self._alarm()
        if found.gap not in {None, Gap.NO_ALARM}:
            yield found.text
        for name in self.billing.elsewhere:
            yield (
                f"The alarm {name} is not in {self.billing.home}, the only region with billing"
                " metrics."
            )


def charges(currencies: Iterable[str]) -> RequiredAlarm:
    """The charges of the month so far, in a currency that AWS publishes them in."""
    options = tuple(
        RequiredSeries(
            "AWS/Billing",
            "EstimatedCharges",
            {"Currency": currency},
            unit="None",
            ceiling=_MOST_CHARGES,
        )
        for currency in currencies
    )
    return RequiredAlarm("estimated charges", options)
