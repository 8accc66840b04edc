"""Whether somebody is told before too much money is spent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from readiness.model.verdict import Verdict, cannot_tell, complies, violates

from . import required_alarms as alarm_needs
from .coverage import Found, Watch
from .fitness import Gap, Limits

if TYPE_CHECKING:
    from readiness.evidence.budgets import BillingAlarms, Budget, Budgets, CostAnomalies, Payer

_DAY_IN_MINUTES = 24 * 60
_CHARGES = ("AWS/Billing", "EstimatedCharges")


@dataclass(frozen=True, slots=True)
class CostWatch:
    """Everything that could tell somebody of costs, and the settings it is judged by."""

    budgets: Budgets
    anomalies: CostAnomalies
    billing: BillingAlarms
    payer: Payer
    max_threshold_percent: float
    workload_tag: str

    def verdict(self) -> Verdict:
        """COMPLIANT with the first that tells somebody; else what each of them lacks."""
        told = next(self._told(), "")
        if told:
            return complies(told)
        lacks = [*self._flaws()] or ["No budget, anomaly subscription or billing alarm exists."]
        if self.payer.is_member:
            lacks.append(
                f"The account is a member of an organization: {self.payer.account}, which pays,"
                " may watch its costs, and that cannot be read from here."
            )
            return cannot_tell(" ".join(lacks))
        return violates(
            " ".join(lacks),
            expected=(
                "A cost budget of the whole account with a subscribed notification at"
                f" {self.max_threshold_percent:g} % or less, a subscription to cost anomalies, or"
                f" a working alarm on EstimatedCharges in {self.billing.home}."
            ),
        )

    def _told(self) -> Iterator[str]:
        for budget in self.budgets.all:
            if not self._counts(budget):
                continue
            for each in budget.warnings(self.max_threshold_percent):
                if each.subscribers:
                    unit = " %" if each.is_percent else ""
                    yield (
                        f"The budget {budget.name} tells {len(each.subscribers)} subscribers at"
                        f" {each.threshold:g}{unit} ({each.kind.lower()})."
                    )
        for subscription in self.anomalies.subscriptions:
            whole = [each for each in subscription.monitors if each.startswith("DIMENSIONAL")]
            if whole and subscription.subscribers:
                count = len(subscription.subscribers)
                yield f"Cost anomalies are told to {count} subscribers ({subscription.name})."
        found = self._alarm()
        if found.alarm and self._currencies():
            yield f"The alarm {found.alarm} watches the estimated charges."

    def _counts(self, budget: Budget) -> bool:
        """Whether it is about the money of the whole account or of the tagged workload."""
        if budget.kind != "COST" or budget.is_narrowed:
            return False
        if budget.is_account_wide:
            return True
        filters = dict(budget.filters or {})
        if filters.pop("LinkedAccount", (self.budgets.account,)) != (self.budgets.account,):
            return False
        tags = filters.pop("TagKeyValue", ())
        mine = f"user:{self.workload_tag}$"
        return not filters and all(tag.startswith(mine) for tag in tags)

    def _alarm(self) -> Found:
        limits = Limits(self.billing.read_at, max_detection_minutes=_DAY_IN_MINUTES)
        watch = Watch(self.billing.inventory, self.billing.published, limits)
        return watch.find(alarm_needs.charges(self._currencies() or ("USD",)))

    def _currencies(self) -> tuple[str, ...]:
        return self.billing.published.values(*_CHARGES, {}, "Currency")

    def _flaws(self) -> Iterator[str]:
        for budget in self.budgets.all:
            yield from self._budget_flaws(budget)
        for subscription in self.anomalies.subscriptions:
            if not subscription.subscribers:
                yield f"The anomaly subscription {subscription.name} has no subscriber."
            else:
                kinds = ", ".join(subscription.monitors) or "no monitor"
                yield f"The anomaly subscription {subscription.name} covers only {kinds}."
        yield from self._billing_flaws()

    def _budget_flaws(self, budget: Budget) -> Iterator[str]:
        if budget.kind != "COST":
            return
        if not self._counts(budget):
            yield f"The budget {budget.name} is about a part of the costs."
        elif not budget.notifications:
            yield f"The budget {budget.name} has no notification."
        elif not budget.warnings(self.max_threshold_percent):
            yield (
                f"The budget {budget.name} tells nobody before"
                f" {self.max_threshold_percent:g} % is spent."
            )
        else:
            yield f"The notifications of the budget {budget.name} have no subscriber."

    def _billing_flaws(self) -> Iterator[str]:
        watching = self.billing.inventory.watching.get(_CHARGES, ())
        for alarm in watching:
            if any(not each.dimensions for each in alarm.watches):
                yield (
                    f"The alarm {alarm.name} watches EstimatedCharges without the dimension"
                    " Currency, a series that does not exist."
                )
        if watching and not self._currencies():
            yield "Billing metrics are not published: billing alerts are not switched on."
        found = self._alarm()
        if found.gap not in {None, Gap.NO_ALARM}:
            yield found.text
        for name in self.billing.elsewhere:
            yield f"The alarm {name} is in a region where no billing metrics are published."
