"""What a workload costs and how many requests it served, over days whose bill is final."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from readiness.evidence.costexplorer import Bill, Day, RegionalCosts, TagState
from readiness.evidence.workloads.tagged import Demand
from readiness.judgement.benchmarks import out_of_order, scale_of
from readiness.model.text import plural
from readiness.model.verdict import Fact, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.semantics.metrics import Band

NO_COST = Decimal("0.01")
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class CostWindow:
    """The days that count: how many, how old at least, and whether estimated ones count."""

    days: int = 7
    lag: int = 2
    use_estimates: bool = False

    def of(self, bill: Bill) -> tuple[Day, ...]:
        final = [day for day in bill.complete(self.lag) if self.use_estimates or not day.estimated]
        return tuple(final[-self.days :])


def judge_unit_cost(
    demand: Demand,
    bill: Bill,
    tag: TagState,
    *,
    steps: Sequence[float],
    window: CostWindow,
    least: int,
    min_coverage: float,
    regional: RegionalCosts | None = None,
) -> Verdict:
    """Cost per million requests: cost and requests of the same days, divided once.

    Requests are those of one region. Of a workload in several regions, the region bears the share
    of the cost that it has of the regional costs (``regional``).
    """
    scale = scale_of(steps)
    if scale is None:
        return out_of_order(steps)
    days = window.of(bill)
    if unknown := _no_entry_point(demand) or _not_divided(tag) or _not_final(days, window):
        return unknown
    cost, requests = sum((day.of(demand.workload) for day in days), Decimal(0)), demand.on(days)
    share = regional.share(demand.workload, days) if regional else 1.0
    cost *= Decimal(str(share))
    coverage = _coverage(days)
    during = f"{days[0].day} to {days[-1].day}"
    facts: dict[str, Fact] = {
        "cost": f"{cost.normalize():f}",
        "currency": bill.currency,
        "samples": int(requests),
        "window": during,
        "coverage": round(coverage, 4),
        "region_share": round(share, 4),
        "source": ", ".join(demand.entry_points[:10]),
        "asked_on": str(bill.asked_on),
    }
    part = "" if share == 1 else f" ({100 * share:.3g} % of the cost, the share of this region)"
    paid = f"{_money(cost, bill)}{part} for {plural(requests, 'request')} from {during}"
    if requests < least or cost < NO_COST:
        is_quiet = requests < least
        cause = "INSUFFICIENT_SAMPLES" if is_quiet else "ZERO_COST_WITH_USAGE"
        needed = f"; at least {least:,} requests are needed" if is_quiet else ""
        return _unknown(cause, f"{paid}{needed}", facts)
    value = cost / Decimal(requests) * MILLION
    band = scale.band(float(value))
    facts |= {"value": round(float(value), 6), "band": str(band)}
    said = f"{_money(value, bill)} per million requests ({paid})"
    if coverage < min_coverage:
        why = (
            f"{said}, but only {100 * coverage:.3g} % of the account's cost is tagged; at least"
            f" {100 * min_coverage:.3g} % is needed"
        )
        return _unknown("LOW_COVERAGE", why, facts)
    if band is Band.OK:
        return complies(f"{band}: {said}.", **facts)
    expected = f"Less than {scale.target:g} {bill.currency} per million requests."
    return violates(f"{band}: {said}.", expected=expected, severity=band.severity, **facts)


def _no_entry_point(demand: Demand) -> Verdict | None:
    if demand.entry_points:
        return None
    return not_applicable("The workload has no function, API or load balancer.")


def _not_final(days: Sequence[Day], window: CostWindow) -> Verdict | None:
    if len(days) == window.days:
        return None
    said = f"The bill is final for {len(days)} of the {window.days} days needed"
    return _unknown("ESTIMATED_COST", said, {})


def judge_spend(
    demand: Demand,
    bill: Bill,
    tag: TagState,
    *,
    lag_days: int,
    spike_ratio: float,
    min_spike: float,
    least: int,
) -> Verdict:
    """Whether the bill shows the workload's cost by day, and the cost does not spike.

    A spike on an estimated day counts. A pass needs days whose bill is final.
    """
    if unknown := _not_divided(tag):
        return unknown
    complete = bill.complete(lag_days)
    final = [day for day in complete if not day.estimated][-14:]
    facts: dict[str, Fact] = {
        "currency": bill.currency,
        "by_day": {str(day.day): f"{day.of(demand.workload):.4f}" for day in complete[-15:]},
        "coverage": round(_coverage(final), 4),
        "asked_on": str(bill.asked_on),
    }
    if len(complete) >= 15:
        *before, latest = complete[-15:]
        usual = median(day.of(demand.workload) for day in before)
        cost = latest.of(demand.workload)
        if cost > usual * Decimal(str(spike_ratio)) and cost > Decimal(str(min_spike)):
            if usual < NO_COST:
                said = f"{_money(cost, bill)} on {latest.day} cannot be compared"
                why = f"{said}: the median of the 14 days before is zero"
                return _unknown("NO_BASELINE", why, facts)
            return violates(
                f"SPIKE: {_money(cost, bill)} on {latest.day}{_if_estimated(latest)}, more than"
                f" {spike_ratio:g} times the median of the 14 days before"
                f" ({_money(usual, bill)}). {_largest(latest, demand.workload)} cost most.",
                expected=f"At most {spike_ratio:g} times the median of the 14 days before.",
                cause="SPIKE",
            ).observing(facts)
    if len(final) < 14:
        said = f"The bill is final for {len(final)} of the 14 days needed"
        return _unknown("ESTIMATED_COST", said, facts)
    cost, requests = sum((day.of(demand.workload) for day in final), Decimal(0)), demand.on(final)
    facts |= {"value": f"{cost:.4f}", "samples": int(requests)}
    during = f"from {final[0].day} to {final[-1].day}"
    if cost < NO_COST and requests >= least:
        return violates(
            f"ZERO_COST_WITH_USAGE: {plural(requests, 'request')} {during}, but no tagged cost.",
            expected="The tag on the resources that serve the workload's requests.",
            cause="ZERO_COST_WITH_USAGE",
        ).observing(facts)
    return complies(f"{_money(cost, bill)} {during}, without a spike.", **facts)


def _not_divided(tag: TagState) -> Verdict | None:
    if tag.settles:
        return cannot_tell(
            "The cost allocation tag was changed in the last 48 hours; the bill may not show it"
            " yet (TAG_NOT_ACTIVE).",
            cause="TAG_NOT_ACTIVE",
        )
    if not tag.active:
        return cannot_tell(
            "The tag Application is not active for cost allocation (TAG_NOT_ACTIVE).",
            cause="TAG_NOT_ACTIVE",
        )
    return None


def _unknown(cause: str, said: str, facts: Mapping[str, Fact]) -> Verdict:
    return cannot_tell(f"{said} ({cause}).").observing({"cause": cause, **facts})


def _coverage(days: Iterable[Day]) -> float:
    """The share of the account's cost that carries the tag."""
    days = tuple(days)
    everything = sum((day.total for day in days), Decimal(0))
    tagged = sum((day.tagged for day in days), Decimal(0))
    return float(tagged / everything) if everything > 0 else 0.0


def _money(amount: Decimal, bill: Bill) -> str:
    return f"{amount:,.2f} {bill.currency}"


def _if_estimated(day: Day) -> str:
    return " (still estimated)" if day.estimated else ""


def _largest(day: Day, workload: str) -> str:
    services = {service: cost for (w, service), cost in day.costs.items() if w == workload}
    return max(services, key=lambda service: services[service])
