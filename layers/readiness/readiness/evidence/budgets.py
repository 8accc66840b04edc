"""What tells somebody when money runs: budgets, cost anomaly detection, billing alarms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.evidence.cloudwatch.alarms import (
    ALARM_CHANGES,
    INVENTORY_READS,
    ActiveSeries,
    read_inventory,
    read_published,
)
from readiness.model.evidence import ACCOUNT, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, NotOffered, Unreadable
from readiness.semantics.alarms import Inventory

ESTIMATED_CHARGES = ("AWS/Billing", "EstimatedCharges")
_GONE = ("NotFoundException",)


@dataclass(frozen=True, slots=True)
class Notification:
    """A threshold of a budget. ``threshold`` is a percentage or an amount (``is_percent``).

    ``kind`` is ``ACTUAL`` or ``FORECASTED``; ``subscribers`` are their addresses. ``unheard`` are
    SNS topics of this account without a confirmed subscription, which reach no one.
    """

    kind: str
    threshold: float
    is_percent: bool = True
    comparison: str = "GREATER_THAN"
    subscribers: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()


LIST_SUBSCRIPTIONS = "sns:ListSubscriptionsByTopic"


def _is_heard(read: Reader, address: str) -> bool:
    """Whether an e-mail address or a topic reaches someone.

    A topic of another account, which cannot be read from here, counts as one that does.
    """
    parts = address.split(":", 5)
    if len(parts) < 6 or parts[2] != "sns" or parts[4] != read.account:
        return True
    subscriptions = read.every(
        "sns",
        "list_subscriptions_by_topic",
        "Subscriptions",
        absent=("NotFound", "NotFoundException"),
        region=parts[3],
        TopicArn=address,
    )
    return any(each["SubscriptionArn"].startswith("arn:") for each in subscriptions)


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget. ``filters`` are as CostFilters has them, empty for the whole account.

    ``expression`` says that it narrows in a way that CostFilters cannot say; ``view`` is the ARN
    of the billing view it is about, empty for the account's own; ``limit`` is None where AWS
    adjusts it. ``kind`` is ``COST``, ``USAGE``, ``RI_…`` or ``SAVINGS_PLANS_…``.
    """

    name: str
    kind: str
    unit: str = "MONTHLY"
    limit: float | None = None
    filters: Mapping[str, tuple[str, ...]] | None = None
    expression: bool = False
    notifications: tuple[Notification, ...] = ()
    view: str = ""

    @property
    def is_account_wide(self) -> bool:
        return not self.filters and not self.is_narrowed

    @property
    def is_narrowed(self) -> bool:
        """Whether it is about a part of the costs that ``filters`` does not name."""
        is_own = not self.view or self.view.endswith("/primary")
        return self.expression or not is_own

    def warnings(self, most_percent: float) -> tuple[Notification, ...]:
        """The notifications, subscribed or not, that come before so much of the limit is spent."""
        return tuple(
            each
            for each in self.notifications
            if each.comparison == "GREATER_THAN" and self._percent(each) <= most_percent
        )

    def _percent(self, notification: Notification) -> float:
        if notification.is_percent:
            return notification.threshold
        return 100 * notification.threshold / self.limit if self.limit else float("inf")


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


@evidence(ACCOUNT, reads=("budgets:ViewBudget", LIST_SUBSCRIPTIONS), changed_by=(_BUDGET_CALLS,))
@dataclass(frozen=True, slots=True)
class Budgets:
    """The budgets of the account and whom they tell.

    Sources: DescribeBudgets, DescribeBudgetNotificationsForAccount,
    DescribeSubscribersForNotification (one call for each notification of a cost budget),
    ListSubscriptionsByTopic for each topic of this account that is told. A subscription that ends
    is seen by the sweep.
    """

    all: tuple[Budget, ...]
    account: str = ""

    @classmethod
    def load(cls, read: Reader, account: Resource) -> Budgets:
        home = read.home("budgets")
        mine = {"region": home, "AccountId": account.account}
        shown = read.takes("budgets", "describe_budgets", "ShowFilterExpression", home)
        show: dict[str, Any] = {"ShowFilterExpression": True} if shown else {}
        listed = read.every("budgets", "describe_budgets", "Budgets", **mine, **show)
        if not listed:
            return cls((), account.account)
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
            )
        )


def _budget(
    read: Reader,
    about: Mapping[str, Any],
    notifications: Iterable[Mapping[str, Any]],
    mine: Mapping[str, str],
) -> Budget:
    name, kind = about["BudgetName"], about["BudgetType"]
    limit = (about.get("BudgetLimit") or {}).get("Amount")
    filters, expression = _narrowing(about)
    return Budget(
        name,
        kind,
        about.get("TimeUnit", ""),
        float(limit) if limit is not None else None,
        filters,
        expression,
        tuple(_notification(read, name, each, mine) for each in notifications)
        if kind == "COST"
        else (),
        about.get("BillingViewArn", ""),
    )


_FILTERS = {"LINKED_ACCOUNT": "LinkedAccount", "REGION": "Region", "SERVICE": "Service"}


def _narrowing(about: Mapping[str, Any]) -> tuple[dict[str, tuple[str, ...]], bool]:
    """What a budget is about, as CostFilters, and whether there is more to it than they can say.

    A budget that only leaves out credits, refunds, taxes or other charges that are no usage is
    about everything: so are those that the console makes.
    """
    expression = about.get("FilterExpression")
    if not expression:
        return {key: tuple(each) for key, each in (about.get("CostFilters") or {}).items()}, False
    filters: dict[str, tuple[str, ...]] = {}
    for term in expression.get("And") or (expression,):
        if _leaves_out_no_usage(term):
            continue
        named = _as_filter(term)
        if named is None or named[0] in filters:
            return {}, True
        filters[named[0]] = named[1]
    return filters, False


def _leaves_out_no_usage(term: Mapping[str, Any]) -> bool:
    left_out = (term.get("Not") or {}).get("Dimensions") or {}
    return (
        set(term) == {"Not"}
        and left_out.get("Key") == "RECORD_TYPE"
        and _is_equality(left_out)
        and not any("usage" in value.lower() for value in left_out.get("Values") or ("usage",))
    )


def _as_filter(term: Mapping[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """A term as an entry of CostFilters; None for what has no such form."""
    if set(term) == {"Dimensions"} and _is_equality(term["Dimensions"]):
        name = _FILTERS.get(term["Dimensions"].get("Key", ""))
        return (name, tuple(term["Dimensions"].get("Values") or ())) if name else None
    if set(term) == {"Tags"} and _is_equality(term["Tags"]):
        key, values = term["Tags"].get("Key", ""), term["Tags"].get("Values") or ()
        return "TagKeyValue", tuple(f"user:{key}${value}" for value in values)
    return None


def _is_equality(values: Mapping[str, Any]) -> bool:
    return set(values.get("MatchOptions") or ()) <= {"EQUALS", "CASE_SENSITIVE"}


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
    addresses = tuple(each["Address"] for each in subscribers)
    heard = tuple(address for address in addresses if _is_heard(read, address))
    return Notification(
        about["NotificationType"],
        float(about["Threshold"]),
        about.get("ThresholdType", "PERCENTAGE") == "PERCENTAGE",
        about["ComparisonOperator"],
        heard,
        tuple(address for address in addresses if address not in heard),
    )


_ANOMALIES = "ce:GetAnomalySubscriptions"


@dataclass(frozen=True, slots=True)
class AnomalySubscription:
    """Who is told of cost anomalies of which monitors.

    ``monitors`` are ``DIMENSIONAL SERVICE`` (every service of the account), ``CUSTOM`` and so
    on; ``subscribers`` those that did not decline, ``unheard`` topics that reach no one.
    ``least_impact`` is the smallest anomaly that it tells of, in the bill's currency; infinite if
    its threshold cannot be read or is above 1,000 %.
    """

    name: str
    monitors: tuple[str, ...]
    subscribers: tuple[str, ...]
    unheard: tuple[str, ...] = ()
    least_impact: float = 0.0


@evidence(
    ACCOUNT,
    reads=("ce:GetAnomalyMonitors", "ce:GetAnomalySubscriptions", LIST_SUBSCRIPTIONS),
    uses=(Budgets,),
    changed_by=(
        api_call(
            "ce",
            "CreateAnomalyMonitor",
            "UpdateAnomalyMonitor",
            "DeleteAnomalyMonitor",
            "CreateAnomalySubscription",
            "UpdateAnomalySubscription",
            "DeleteAnomalySubscription",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class CostAnomalies:
    """Who is told of cost anomalies.

    Cost Explorer bills each request, so it is not asked (``asked``) where a budget on the whole
    account already tells somebody, and by sweeps once a day.
    Sources: GetAnomalySubscriptions, GetAnomalyMonitors.
    """

    subscriptions: tuple[AnomalySubscription, ...]
    asked: bool = True

    @classmethod
    def load(cls, read: Reader, account: Resource) -> CostAnomalies:
        budgets = read.of(Budgets, account).all
        if any(b.is_account_wide and any(w.subscribers for w in b.warnings(100)) for b in budgets):
            return cls((), asked=False)
        question = f"{_ANOMALIES} {read.account}"

        def ask() -> list[dict[str, Any]]:
            return _told_of_anomalies(read)

        found = read.daily(_ANOMALIES, question, ask) if read.bulk else ask()
        return cls(tuple(_anomaly_subscription(read, each) for each in found))


def _anomaly_subscription(read: Reader, told: Mapping[str, Any]) -> AnomalySubscription:
    heard = tuple(each for each in told["subscribers"] if _is_heard(read, each))
    return AnomalySubscription(
        told["name"],
        tuple(told["monitors"]),
        heard,
        tuple(each for each in told["subscribers"] if each not in heard),
        _least_impact(told.get("expression") or {}, told.get("threshold")),
    )


_MOST_PERCENT = 1000


def _least_impact(expression: Mapping[str, Any], threshold: float | None) -> float:
    """The impact from which a subscription tells; ``threshold`` is the older form of it."""
    if not expression:
        return threshold or 0.0
    if "And" in expression:
        return max((_least_impact(each, None) for each in expression["And"]), default=0.0)
    if "Or" in expression:
        return min((_least_impact(each, None) for each in expression["Or"]), default=0.0)
    about = expression.get("Dimensions") or {}
    try:
        value = float((about.get("Values") or [""])[0])
    except ValueError:
        return float("inf")
    if about.get("Key") == "ANOMALY_TOTAL_IMPACT_ABSOLUTE":
        return value
    is_percent = about.get("Key") == "ANOMALY_TOTAL_IMPACT_PERCENTAGE"
    return 0.0 if is_percent and value <= _MOST_PERCENT else float("inf")


def _told_of_anomalies(read: Reader) -> list[dict[str, Any]]:
    """Subscriptions as plain JSON, so that a day's answer can be kept."""
    home = read.home("ce")
    subscriptions = read.every(
        "ce", "get_anomaly_subscriptions", "AnomalySubscriptions", region=home
    )
    if not subscriptions:
        return []
    listed = read.every("ce", "get_anomaly_monitors", "AnomalyMonitors", region=home)
    kinds = {
        each["MonitorArn"]: f"{each['MonitorType']} {each.get('MonitorDimension', '')}".strip()
        for each in listed
    }
    return [
        {
            "name": each.get("SubscriptionName", ""),
            "monitors": [kinds[arn] for arn in each["MonitorArnList"] if arn in kinds],
            "subscribers": [
                subscriber["Address"]
                for subscriber in each.get("Subscribers") or ()
                if subscriber.get("Status") != "DECLINED"
            ],
            "expression": each.get("ThresholdExpression"),
            "threshold": each.get("Threshold"),
        }
        for each in subscriptions
    ]


@evidence(ACCOUNT, reads=(*INVENTORY_READS, "cloudwatch:ListMetrics"), changed_by=ALARM_CHANGES)
@dataclass(frozen=True, slots=True)
class BillingAlarms:
    """The alarms of the region where AWS publishes billing metrics, and whether it does.

    ``home`` is that region, ``us-east-1`` in the partition ``aws``. ``elsewhere`` are the alarms
    on billing metrics in this region, if it is another: nothing publishes these there. Sources:
    DescribeAlarms, ListMetrics.
    """

    inventory: Inventory
    published: ActiveSeries
    read_at: datetime
    elsewhere: tuple[str, ...] = ()
    home: str = ""

    @classmethod
    def load(cls, read: Reader, account: Resource) -> BillingAlarms:
        publishing = read.home("budgets")
        # None where that is this region, so that the answer other evidence had is used again
        home = None if read.region == publishing else publishing
        series = read_published(read, [ESTIMATED_CHARGES], region=home)
        inventory = read_inventory(read, home)
        local = read_inventory(read) if home else Inventory()
        elsewhere = tuple(alarm.name for alarm in local.watching.get(ESTIMATED_CHARGES, ()))
        return cls(inventory, ActiveSeries(series, {}), read.now, elsewhere, publishing)


@evidence(ACCOUNT, reads=("organizations:DescribeOrganization",))
@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays: ``is_member`` where another account of the organization does.

    Source: DescribeOrganization.
    """

    is_member: bool
    account: str = ""

    @classmethod
    def load(cls, read: Reader, account: Resource) -> Payer:
        try:
            answer = read.one(
                "organizations",
                "describe_organization",
                region=read.home("organizations"),
                absent=("AWSOrganizationsNotInUseException",),
            )
        except NotOffered:
            answer = None
        if answer is None:
            return cls(is_member=False)
        payer = (answer.get("Organization") or {}).get("MasterAccountId", "")
        return cls(payer not in {"", account.account}, payer)
