"""Budgets, what they do, and whom they notify."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from readiness.evidence.sns.listeners import Listeners
from readiness.evidence.sns.told import Deaf, Teller, told
from readiness.model.evidence import ACCOUNT, ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable
from readiness.semantics.budget_filters import narrowing
from readiness.semantics.moments import in_utc

_GONE = ("NotFoundException",)


@dataclass(frozen=True, slots=True)
class Notification:
    """A threshold of a budget. ``threshold`` is a percentage or an amount (``is_percent``).

    ``kind`` is ``ACTUAL`` or ``FORECASTED``; ``subscribers`` are their addresses, ``doubtful``
    those of them of which it is not certain that they reach someone. ``unheard`` are topics that
    reach no one. ``is_raised`` says that the threshold is passed now.
    """

    kind: str
    threshold: float
    is_percent: bool = True
    comparison: str = "GREATER_THAN"
    subscribers: tuple[str, ...] = ()
    unheard: tuple[Deaf, ...] = ()
    doubtful: tuple[Deaf, ...] = ()
    is_raised: bool = False

    @property
    def is_heard(self) -> bool:
        """Whether it certainly reaches someone."""
        return len(self.subscribers) > len(self.doubtful)


_SMALL = 100
"""So much apart is never far apart, in the currency of the budget, whatever the ratio is."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which budgets warn in time.

    ``max_limit_ratio`` is how many times the forecasted cost a limit may be, and the forecast a
    limit or a threshold; ``max_period_days`` the longest period.
    """

    max_limit_ratio: float = 10
    max_period_days: int = 31

    def is_far_above(self, high: float, low: float) -> bool:
        """Whether one amount is out of proportion to the other."""
        return high > low * self.max_limit_ratio and high - low > _SMALL


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget. ``filters`` are as CostFilters has them, empty for the whole account.

    ``expression`` says that it narrows in a way that CostFilters cannot say; ``view`` is the ARN
    of the billing view it is about, empty for the account's own; ``limit`` is that of the current
    period, None where AWS tells none. ``unit`` is the period: ``DAILY``, ``MONTHLY``,
    ``QUARTERLY``, ``ANNUALLY``, or ``CUSTOM`` for one from ``begins`` to ``ends``, which are the
    first and last moment of every budget. ``forecast`` is what AWS expects of the current period,
    in the unit of the limit, None where it expects nothing yet. ``health`` says why AWS cannot
    evaluate it, empty where it can. ``counts_credits``: credits are taken off what was spent.
    ``kind`` is ``COST``, ``USAGE``, ``RI_…`` or
    ``SAVINGS_PLANS_…``.
    """

    name: str
    kind: str
    unit: str = "MONTHLY"
    limit: float | None = None
    filters: Mapping[str, tuple[str, ...]] | None = None
    expression: bool = False
    notifications: tuple[Notification, ...] = ()
    view: str = ""
    ends: datetime | None = None
    forecast: float | None = None
    health: str = ""
    begins: datetime | None = None
    counts_credits: bool = False

    @property
    def period_days(self) -> int | None:
        """How many days its periods have at most; None where AWS names a unit we do not know."""
        if self.unit == "CUSTOM" and self.begins and self.ends:
            return (self.ends - self.begins).days
        return _PERIOD_DAYS.get(self.unit)

    @property
    def is_daily(self) -> bool:
        """Whether it counts each day by itself, and so has no forecast to warn of.

        AWS Budgets takes no alert on a forecast for it: one on what was spent comes the day after.
        """
        return self.unit == "DAILY"

    def has_ended(self, now: datetime) -> bool:
        """Whether its last period is over."""
        return self.ends is not None and self.ends <= now

    def covers(self, account: str, tag: str, values: Container[str] | None = None) -> bool:
        """Whether it is about all costs of the account, or of workloads that a tag marks.

        ``values`` are the values of the tag that count, any where it is None.
        """
        if self.kind != "COST" or self.is_narrowed:
            return False
        if self.is_account_wide:
            return True
        filters = dict(self.filters or {})
        if account not in filters.pop("LinkedAccount", (account,)):
            return False
        prefix = f"user:{tag}$"
        tagged = filters.pop("TagKeyValue", ())
        return not filters and all(
            each.startswith(prefix) and (values is None or each.removeprefix(prefix) in values)
            for each in tagged
        )

    @property
    def is_account_wide(self) -> bool:
        return not self.filters and not self.is_narrowed

    @property
    def is_narrowed(self) -> bool:
        """Whether it is about a part of the costs that ``filters`` does not name."""
        is_own = not self.view or self.view.endswith("/primary")
        return self.expression or not is_own

    def faults(self, now: datetime, bounds: Bounds) -> Iterator[str]:
        """Why it cannot warn of anything, as sentences; none where it can."""
        if self.has_ended(now):
            yield f"The budget {self.name} ended on {self.ends:%Y-%m-%d}."
        if self.begins is not None and self.begins > now:
            yield f"The budget {self.name} begins only on {self.begins:%Y-%m-%d}."
        if self.health:
            yield f"AWS cannot evaluate the budget {self.name} ({self.health})."
        limit, forecast = self.limit, self.forecast
        if limit is None or limit <= 0:
            yield f"The budget {self.name} has no limit above zero."
        elif forecast is not None and bounds.is_far_above(limit, forecast):
            credits = " It takes credits off the costs, which may hide them."
            yield (
                f"The limit of the budget {self.name}, {limit:,.2f}, is more than"
                f" {bounds.max_limit_ratio:g} times what AWS forecasts for the period"
                f" ({forecast:,.2f}), so it warns of nothing.{credits * self.counts_credits}"
            )
        elif forecast is not None and bounds.is_far_above(forecast, limit):
            yield (
                f"AWS forecasts {forecast:,.2f} for the period, more than"
                f" {bounds.max_limit_ratio:g} times the limit of the budget {self.name}"
                f" ({limit:,.2f}). It warns at the beginning of each period and of nothing after"
                " that."
            )

    def lateness(self, bounds: Bounds) -> str:
        """Why it warns long after the costs began, as a sentence; empty where it does not."""
        days = self.period_days
        if days is None or days <= bounds.max_period_days:
            return ""
        return (
            f"The budget {self.name} counts the costs of {days} days"
            f" ({self.unit.lower()}), so that its alerts may come after months; at most"
            f" {bounds.max_period_days} are allowed."
        )

    def warnings(self, most_percent: float, bounds: Bounds) -> tuple[Notification, ...]:
        """The notifications, subscribed or not, that come before so much of the limit is spent.

        One at a small part of the limit and of what AWS forecasts is sent at the beginning of
        each period and says nothing.
        """
        return tuple(
            each
            for each in self.notifications
            if each.comparison == "GREATER_THAN"
            and each.threshold > 0
            and self._percent(each) <= most_percent
            and not self._is_always_sent(each, bounds)
        )

    def tells(self, now: datetime, most_percent: float, bounds: Bounds) -> bool:
        """Whether it certainly warns someone, of whatever it is about."""
        if self.kind != "COST" or self.lateness(bounds) or any(self.faults(now, bounds)):
            return False
        return any(each.is_heard for each in self.warnings(most_percent, bounds))

    def _is_always_sent(self, notification: Notification, bounds: Bounds) -> bool:
        limit, amount = self.limit or 0.0, notification.threshold
        if notification.is_percent:
            amount *= limit / 100
        forecast = self.forecast
        return forecast is not None and bounds.is_far_above(min(forecast, limit), amount)

    def _percent(self, notification: Notification) -> float:
        if notification.is_percent:
            return notification.threshold
        return 100 * notification.threshold / self.limit if self.limit else float("inf")


_PERIOD_DAYS = {"DAILY": 1, "MONTHLY": 31, "QUARTERLY": 92, "ANNUALLY": 366}
_LATEST = datetime.max.replace(tzinfo=UTC)
_BUDGET_CALLS = api_call(
    "budgets",
    "CreateBudget",
    "UpdateBudget",
    "DeleteBudget",
    "CreateNotification",
    "UpdateNotification",
    "DeleteNotification",
    "CreateSubscriber",
    "UpdateSubscriber",
    "DeleteSubscriber",
)


@evidence(ACCOUNT, reads=("budgets:ViewBudget",), uses=(Listeners,), changed_by=(_BUDGET_CALLS,))
@dataclass(frozen=True, slots=True)
class Budgets:
    """The budgets of the account and whom they tell.

    Sources: DescribeBudgets, DescribeBudgetNotificationsForAccount,
    DescribeSubscribersForNotification (one call for each notification of a cost budget).
    """

    all: tuple[Budget, ...]
    account: str = ""
    read_at: datetime = _LATEST

    @classmethod
    def load(cls, read: Reader, account: Resource) -> Budgets:
        home = read.home("budgets")
        mine = {"region": home, "AccountId": account.account}
        shown = read.takes("budgets", "describe_budgets", "ShowFilterExpression", home)
        show: dict[str, Any] = {"ShowFilterExpression": True} if shown else {}
        listed = read.every("budgets", "describe_budgets", "Budgets", **mine, **show)
        if not listed:
            return cls((), account.account, read.now)
        if not shown and any(not each.get("CostFilters") for each in listed):
            # They look as if they were about everything, and may not be.
            why = "this SDK cannot ask for a budget's FilterExpression"
            raise Unreadable("budgets:ViewBudget", Cause.UNEXPECTED_ANSWER, why)
        by_budget = {
            each["BudgetName"]: each.get("Notifications") or ()
            for each in read.every(
                "budgets",
                "describe_budget_notifications_for_account",
                "BudgetNotificationsForAccount",
                absent=_GONE,
                **mine,
            )
        }
        return cls(
            tuple(
                _budget(read, each, by_budget.get(each["BudgetName"], ()), mine) for each in listed
            ),
            account.account,
            read.now,
        )


def _budget(
    read: Reader,
    about: Mapping[str, Any],
    notifications: Iterable[Mapping[str, Any]],
    mine: Mapping[str, str],
) -> Budget:
    name, kind = about["BudgetName"], about["BudgetType"]
    filters, expression = narrowing(about)
    health = about.get("HealthStatus") or {}
    forecast = (about.get("CalculatedSpend") or {}).get("ForecastedSpend") or {}
    return Budget(
        name,
        kind,
        about.get("TimeUnit", ""),
        _limit(about, read.now),
        filters,
        expression,
        tuple(_notification(read, name, each, mine) for each in notifications)
        if kind == "COST"
        else (),
        about.get("BillingViewArn", ""),
        in_utc((about.get("TimePeriod") or {}).get("End")),
        float(forecast["Amount"]) if "Amount" in forecast else None,
        health.get("StatusReason", "UNHEALTHY") if health.get("Status") == "UNHEALTHY" else "",
        in_utc((about.get("TimePeriod") or {}).get("Start")),
        bool((about.get("CostTypes") or {}).get("IncludeCredit")),
    )


def _limit(about: Mapping[str, Any], now: datetime) -> float | None:
    """The limit of the current period; a planned budget has one for each, by its beginning."""
    limit = (about.get("BudgetLimit") or {}).get("Amount")
    planned = about.get("PlannedBudgetLimits") or {}
    begun = [start for start in planned if float(start) <= now.timestamp()]
    if limit is None and begun:
        limit = planned[max(begun, key=float)].get("Amount")
    return float(limit) if limit is not None else None


def _notification(
    read: Reader, budget: str, about: Mapping[str, Any], mine: Mapping[str, str]
) -> Notification:
    named = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
    subscribers = read.every(
        "budgets",
        "describe_subscribers_for_notification",
        "Subscribers",
        absent=_GONE,
        BudgetName=budget,
        Notification={key: about[key] for key in named if key in about},
        **mine,
    )
    teller = Teller("budgets.amazonaws.com", f"arn:{read.partition}:budgets::{read.account}:")
    found = told(read, teller, [each["Address"] for each in subscribers])
    return Notification(
        about["NotificationType"],
        float(about["Threshold"]),
        about.get("ThresholdType", "PERCENTAGE") == "PERCENTAGE",
        about["ComparisonOperator"],
        found.subscribers,
        found.unheard,
        found.doubtful,
        about.get("NotificationState") == "ALARM",
    )


@dataclass(frozen=True, slots=True)
class BudgetAction:
    """What AWS does when a threshold of a budget is passed; ``is_automatic`` needs no approval."""

    id: str
    budget: str
    kind: str
    status: str
    is_automatic: bool = True


@evidence(
    ACCOUNT,
    reads=("budgets:DescribeBudgetActionsForAccount",),
    changed_by=(
        api_call(
            "budgets",
            "CreateBudgetAction",
            "UpdateBudgetAction",
            "DeleteBudgetAction",
            "ExecuteBudgetAction",
        ),
        ConfigItem("AWS::Budgets::BudgetsAction"),
    ),
)
@dataclass(frozen=True, slots=True)
class BudgetActions:
    """The actions of the account's budgets. Source: DescribeBudgetActionsForAccount."""

    all: tuple[BudgetAction, ...]

    @classmethod
    def load(cls, read: Reader, account: Resource) -> BudgetActions:
        listed = read.every(
            "budgets",
            "describe_budget_actions_for_account",
            "Actions",
            region=read.home("budgets"),
            AccountId=account.account,
        )
        return cls(
            tuple(
                BudgetAction(
                    each["ActionId"],
                    each["BudgetName"],
                    each["ActionType"],
                    each["Status"],
                    each["ApprovalModel"] == "AUTOMATIC",
                )
                for each in listed
            )
        )
