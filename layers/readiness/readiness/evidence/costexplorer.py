"""What Cost Explorer says of the account's bill; each question is billed, so it is asked daily."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from readiness.evidence.organizations import Payer
from readiness.model.evidence import ACCOUNT, REGION, evidence
from readiness.model.finding import parse_iso
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.tags import WORKLOAD_TAG
from readiness.model.unreadable import Cause, Unreadable

GET_COST = "ce:GetCostAndUsage"
LIST_TAGS = "ce:ListCostAllocationTags"
METRIC = "NetAmortizedCost"
LOOKED_BACK = timedelta(days=62)
"""Far enough for 14 final days at any time: last month's bill may be open until the 10th, and its
31 days and those of this month are estimated until then."""

RECORD_TYPES = ("Credit", "Refund", "Tax", "Support")
"""What CE's RECORD_TYPE calls that is not the price of a request; credits net a cost to zero."""


PROVES = timedelta(days=7)
"""How old a tagged cost may be to prove that the tag is active: it keeps the tag for good, also
where the tag was deactivated since."""
SETTLES = timedelta(hours=48)
"""How long after its activation a cost allocation tag may be missing from Cost Explorer."""


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day's cost by (workload, service); the workload is empty where there is no tag."""

    day: date
    estimated: bool
    costs: Mapping[tuple[str, str], Decimal]

    def of(self, workload: str) -> Decimal:
        return sum((c for (w, _), c in self.costs.items() if w == workload), Decimal(0))

    @property
    def total(self) -> Decimal:
        return sum(self.costs.values(), Decimal(0))

    @property
    def tagged(self) -> Decimal:
        return sum((c for (w, _), c in self.costs.items() if w), Decimal(0))


@dataclass(frozen=True, slots=True)
class Bill:
    """The days before ``asked_on``, oldest first, in one currency."""

    days: tuple[Day, ...]
    currency: str
    asked_on: date

    def complete(self, lag_days: int) -> tuple[Day, ...]:
        """The days that are over long enough for their cost to have come in."""
        newest = self.asked_on - timedelta(days=lag_days)
        return tuple(day for day in self.days if day.day < newest)


@dataclass(frozen=True, slots=True)
class TagState:
    """Whether the tag divides the bill. ``since`` is when it was last switched, if known."""

    active: bool
    now: datetime
    since: datetime | None = None

    @property
    def settles(self) -> bool:
        return self.since is not None and self.now - self.since < SETTLES


@evidence(REGION, reads=(GET_COST,), asks_with=("exclude_record_types",), follows_type=False)
@dataclass(frozen=True, slots=True)
class Costs:
    """The account's cost of each day by the tag Application and by service.

    NetAmortizedCost: what Savings Plans cover is not zero in it and upfront fees are spread.
    Of all regions. Asked once a day for all rules together. Source: GetCostAndUsage.
    """

    bill: Bill

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Costs:
        excluded = tuple(sorted(read.settings["exclude_record_types"]))
        today = read.now.astimezone(UTC).date()

        def ask() -> dict[str, Any]:
            return {"asked_on": str(today), "days": list(_days(read, today, excluded))}

        question = f"{GET_COST} {read.account} {WORKLOAD_TAG} without {', '.join(excluded)}"
        return cls(_bill(read.daily(GET_COST, question, ask)))


_NO_REGION = {"", "global", "NoRegion"}


@evidence(REGION, reads=(GET_COST,), asks_with=("exclude_record_types",), follows_type=False)
@dataclass(frozen=True, slots=True)
class RegionalCosts:
    """The same costs by the tag Application and by region, of which ``region`` is this one.

    Asked once a day. Source: GetCostAndUsage.
    """

    bill: Bill
    region: str

    @classmethod
    def load(cls, read: Reader, region: Resource) -> RegionalCosts:
        excluded = tuple(sorted(read.settings["exclude_record_types"]))
        today = read.now.astimezone(UTC).date()

        def ask() -> dict[str, Any]:
            return {"asked_on": str(today), "days": list(_days(read, today, excluded, "REGION"))}

        question = (
            f"{GET_COST} {read.account} {WORKLOAD_TAG} by region without {', '.join(excluded)}"
        )
        return cls(_bill(read.daily(GET_COST, question, ask)), read.region)

    def share(self, workload: str, days: Iterable[Day]) -> float:
        """The share of the workload's regional costs that this region has on these days.

        What belongs to no region is left out; 1 where nothing else has a cost.
        """
        wanted = {day.day for day in days}
        here = everywhere = Decimal(0)
        for day in self.bill.days:
            if day.day not in wanted:
                continue
            for (name, region), cost in day.costs.items():
                if name == workload and region not in _NO_REGION:
                    everywhere += cost
                    here += cost if region == self.region else 0
        return float(here / everywhere) if everywhere > 0 else 1.0


def _days(
    read: Reader, today: date, excluded: Sequence[str], dimension: str = "SERVICE"
) -> Iterator[dict[str, Any]]:
    """One plain object a day; a page begins where the last ended, also within a day."""
    own = {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [read.account]}}
    unwanted = {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(excluded)}}
    token: dict[str, str] = {}
    while True:
        page = read.one(
            "ce",
            "get_cost_and_usage",
            region=read.home("ce"),
            TimePeriod={"Start": str(today - LOOKED_BACK), "End": str(today)},
            Granularity="DAILY",
            Metrics=[METRIC],
            Filter={"And": [own, {"Not": unwanted}]} if excluded else own,
            GroupBy=[
                {"Type": "TAG", "Key": WORKLOAD_TAG},
                {"Type": "DIMENSION", "Key": dimension},
            ],
            **token,
        )
        for result in page.get("ResultsByTime") or ():
            yield {
                "day": result["TimePeriod"]["Start"],
                "estimated": result.get("Estimated", False),
                "groups": [_group(group) for group in result.get("Groups") or ()],
            }
        following = page.get("NextPageToken")
        if not following:
            return
        if following == token.get("NextPageToken"):
            raise Unreadable(GET_COST, Cause.UNEXPECTED_ANSWER, "a page leads to itself")
        token = {"NextPageToken": following}


def _group(group: Mapping[str, Any]) -> list[str]:
    """Workload, service or region, amount and unit; a tag group's key is ``Application$value``."""
    tagged, service = group["Keys"]
    amount = group["Metrics"][METRIC]
    return [tagged.partition("$")[2], service, amount["Amount"], amount.get("Unit", "")]


def _bill(answer: Mapping[str, Any]) -> Bill:
    days: dict[date, tuple[bool, dict[tuple[str, str], Decimal]]] = {}
    units = set()
    for told in answer["days"]:
        day = date.fromisoformat(told["day"])
        estimated, costs = days.get(day, (False, {}))
        for workload, service, amount, unit in told["groups"]:
            try:
                cost = Decimal(amount)
            except InvalidOperation:
                raise Unreadable(GET_COST, Cause.UNEXPECTED_ANSWER, f"amount {amount}") from None
            if not cost.is_finite():
                raise Unreadable(GET_COST, Cause.UNEXPECTED_ANSWER, f"amount {amount}")
            if cost:
                units.add(unit)
                costs[workload, service] = costs.get((workload, service), Decimal(0)) + cost
        days[day] = (estimated or told["estimated"], costs)
    if len(units) > 1:
        raise Unreadable(GET_COST, Cause.UNEXPECTED_ANSWER, f"units {', '.join(sorted(units))}")
    ordered = tuple(Day(day, *days[day]) for day in sorted(days))
    return Bill(ordered, next(iter(units), "USD"), date.fromisoformat(answer["asked_on"]))


@evidence(REGION, reads=(LIST_TAGS,), uses=(Costs,), follows_type=False)
@dataclass(frozen=True, slots=True)
class CostTag:
    """Whether the tag Application divides the bill.

    A cost of the last days that carries the tag proves it, which a member account can see; only
    without one the list of cost allocation tags is asked for, which AWS shows to the payer alone.
    Source: ListCostAllocationTags.
    """

    state: TagState

    @classmethod
    def load(cls, read: Reader, region: Resource) -> CostTag:
        now = read.now
        bill = read.of(Costs, region).bill
        if any(day.tagged for day in bill.days if bill.asked_on - day.day <= PROVES):
            return cls(TagState(active=True, now=now))

        for key, _, status, since in _allocation_tags(read):
            if key == WORKLOAD_TAG:
                return cls(TagState(status == "Active", now, _moment(since)))
        return cls(TagState(active=False, now=now))


def _allocation_tags(read: Reader) -> list[list[str]]:
    """The active user-defined cost allocation tags, and the workload's in any state.

    Each as its key, type, status and when that was last set. Asked once a day for all rules
    together. Raises Unreadable.
    """

    def ask() -> list[list[str]]:
        listed = read.every(
            "ce", "list_cost_allocation_tags", "CostAllocationTags", region=read.home("ce")
        )
        return [
            [tag["TagKey"], tag["Type"], tag["Status"], tag.get("LastUpdatedDate", "")]
            for tag in listed
            if tag["TagKey"] == WORKLOAD_TAG
            or (tag["Status"] == "Active" and tag["Type"] == "UserDefined")
        ]

    found: list[list[str]] = read.daily(LIST_TAGS, f"{LIST_TAGS} {read.account}", ask)
    return found


@evidence(ACCOUNT, reads=(LIST_TAGS,), uses=(Payer,))
@dataclass(frozen=True, slots=True)
class CostAllocationTags:
    """The user-defined tags that divide the bill, by when they were activated, if that is known.

    AWS shows them to the payer alone: ``payer`` is another account that pays, empty where this
    one does. Asked once a day. Source: ListCostAllocationTags.
    """

    active: Mapping[str, datetime | None]
    payer: str = ""

    @classmethod
    def load(cls, read: Reader, account: Resource) -> CostAllocationTags:
        payer = read.of(Payer, account)
        if payer.is_member:
            return cls({}, payer.account)

        return cls(
            {
                key: _moment(since)
                for key, kind, status, since in _allocation_tags(read)
                if status == "Active" and kind == "UserDefined"
            }
        )


def _moment(text: str) -> datetime | None:
    try:
        return parse_iso(text) if text else None
    except ValueError:
        return None
