"""AWS Cost Anomaly Detection: what it watches, whom it tells, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from readiness.evidence.budgets import Bounds, Budgets
from readiness.evidence.sns.listeners import Listeners
from readiness.evidence.sns.told import Deaf, Teller, told
from readiness.model.evidence import ACCOUNT, ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_ANOMALIES = "ce:GetAnomalySubscriptions"
_MONITORS = "ce:GetAnomalyMonitors"
_FOUND = "ce:GetAnomalies"
COST_EXPLORER_IS_OFF = "AccessDeniedException: User not enabled for cost explorer"
"""The code is that of a denied read too: only the message tells the two apart."""
_CHANGES = api_call(
    "ce",
    "CreateAnomalyMonitor",
    "UpdateAnomalyMonitor",
    "DeleteAnomalyMonitor",
    "CreateAnomalySubscription",
    "UpdateAnomalySubscription",
    "DeleteAnomalySubscription",
)


@dataclass(frozen=True, slots=True)
class AnomalySubscription:
    """Who is told of cost anomalies of which monitors.

    ``monitors`` are ``DIMENSIONAL SERVICE`` (every service of the account), ``CUSTOM``,
    ``DIMENSIONAL TAG Team`` and so on, ``monitor_arns`` their ARNs; ``subscribers`` those that did
    not decline, ``declined`` those that did, ``unheard`` topics that reach no one.
    ``least_impact`` is the smallest anomaly that it tells of, in the bill's currency; infinite if
    its threshold cannot be read or is above 1,000 %. ``threshold`` is its ThresholdExpression,
    which says the same of percentages. ``frequency`` is ``IMMEDIATE``, ``DAILY`` or ``WEEKLY``.
    """

    name: str
    monitors: tuple[str, ...]
    subscribers: tuple[str, ...]
    unheard: tuple[Deaf, ...] = ()
    least_impact: float = 0.0
    monitor_arns: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    doubtful: tuple[Deaf, ...] = ()
    threshold: Mapping[str, Any] | None = None
    frequency: str = "DAILY"

    @property
    def is_heard(self) -> bool:
        """Whether it certainly reaches someone."""
        return len(self.subscribers) > len(self.doubtful)

    def tells_from(self, impact: float, percent: float) -> bool:
        """Whether its threshold is at most so much, in the bill's currency and in percent."""
        if not self.threshold:
            return self.least_impact <= impact
        return _is_within(self.threshold, impact, percent)


@dataclass(frozen=True, slots=True)
class AnomalyMonitor:
    """A monitor: ``kind`` as in :class:`AnomalySubscription`, ``specification`` of a CUSTOM one.

    ``evaluated`` is None before the first evaluation.
    """

    arn: str
    name: str
    kind: str
    specification: Mapping[str, Any] | None = None
    created: date | None = None
    evaluated: date | None = None


@evidence(
    ACCOUNT,
    reads=(_MONITORS, _ANOMALIES),
    uses=(Budgets, Listeners),
    changed_by=(_CHANGES,),
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
        if any(b.is_account_wide and b.tells(read.now, 100, Bounds()) for b in budgets):
            return cls((), asked=False)
        answer = _detection(read)
        kinds = {each["arn"]: _whole_kind(each) for each in answer["watched"]}
        return cls(tuple(_subscription(read, each, kinds) for each in answer["told"]))


def _whole_kind(monitor: Mapping[str, Any]) -> str:
    """The kind of a monitor, with the tag whose values it tells apart."""
    key = ((monitor["specification"] or {}).get("Tags") or {}).get("Key", "")
    return f"{monitor['kind']} {str(key).removeprefix('user:')}".strip()


@evidence(ACCOUNT, reads=(_MONITORS, _ANOMALIES), uses=(Listeners,), changed_by=(_CHANGES,))
@dataclass(frozen=True, slots=True)
class AnomalyDetection:
    """What cost anomaly detection watches in the account, and who is told.

    Asked by sweeps once a day, together with :class:`CostAnomalies`. Sources:
    GetAnomalyMonitors, GetAnomalySubscriptions.
    """

    monitors: tuple[AnomalyMonitor, ...]
    subscriptions: tuple[AnomalySubscription, ...]
    account: str
    read_at: datetime

    @classmethod
    def load(cls, read: Reader, account: Resource) -> AnomalyDetection:
        answer = _detection(read)
        kinds = {each["arn"]: each["kind"] for each in answer["watched"]}
        return cls(
            tuple(_monitor(each) for each in answer["watched"]),
            tuple(_subscription(read, each, kinds) for each in answer["told"]),
            read.account,
            read.now,
        )


@dataclass(frozen=True, slots=True)
class Anomaly:
    """What a monitor found: where, how much more than expected, and what people said of it.

    ``ended`` is None while it goes on; ``impact`` is in the bill's currency. ``feedback`` is
    ``YES``, ``NO``, ``PLANNED_ACTIVITY`` or empty.
    """

    id: str
    where: str
    started: date
    ended: date | None
    impact: float
    feedback: str = ""


_LOOKED_BACK = timedelta(days=90)
"""For so long AWS keeps anomalies."""


@evidence(
    ACCOUNT,
    reads=(_FOUND, _MONITORS, _ANOMALIES),
    changed_by=(
        ServiceEvent("Anomaly Detected"),
        api_call("ce", "ProvideAnomalyFeedback"),
    ),
)
@dataclass(frozen=True, slots=True)
class Anomalies:
    """The cost anomalies of the last 90 days. Asked by sweeps once a day.

    Not asked where the account has no monitor (``is_watched``). Sources: GetAnomalies,
    GetAnomalyMonitors, GetAnomalySubscriptions.
    """

    all: tuple[Anomaly, ...]
    read_at: datetime
    is_watched: bool = True

    @classmethod
    def load(cls, read: Reader, account: Resource) -> Anomalies:
        today = read.now.astimezone(UTC).date()
        if not _detection(read)["watched"]:
            return cls((), read.now, is_watched=False)

        def ask() -> list[dict[str, Any]]:
            listed = read.every(
                "ce",
                "get_anomalies",
                "Anomalies",
                region=read.home("ce"),
                DateInterval={"StartDate": str(today - _LOOKED_BACK), "EndDate": str(today)},
            )
            return [_plain_anomaly(each) for each in listed]

        question = f"{_FOUND} {read.account}"
        found = read.daily(_FOUND, question, ask, renew=not read.bulk)
        return cls(tuple(_anomaly(each) for each in found), read.now)


def _plain_anomaly(about: Mapping[str, Any]) -> dict[str, Any]:
    causes: list[Mapping[str, Any]] = about.get("RootCauses") or [{}]
    cause = causes[0]
    where = [cause.get("Service") or about.get("DimensionValue", ""), cause.get("Region", "")]
    return {
        "id": about["AnomalyId"],
        "where": " in ".join(each for each in where if each),
        "from": about.get("AnomalyStartDate", ""),
        "to": about.get("AnomalyEndDate", ""),
        "impact": (about.get("Impact") or {}).get("TotalImpact", 0.0),
        "feedback": about.get("Feedback", ""),
    }


def _anomaly(kept: Mapping[str, Any]) -> Anomaly:
    return Anomaly(
        kept["id"],
        kept["where"],
        _day(kept["from"]) or date.max,
        _day(kept["to"]),
        float(kept["impact"]),
        kept["feedback"],
    )


def _detection(read: Reader) -> dict[str, Any]:
    """The monitors and subscriptions of the account, as plain JSON, so that they can be kept."""

    def ask() -> dict[str, Any]:
        home = read.home("ce")
        monitors = read.every(
            "ce",
            "get_anomaly_monitors",
            "AnomalyMonitors",
            absent=(COST_EXPLORER_IS_OFF,),
            region=home,
        )
        watched = [_plain_monitor(each) for each in monitors]
        if not watched:
            return {"watched": [], "told": []}
        subscriptions = read.every(
            "ce", "get_anomaly_subscriptions", "AnomalySubscriptions", region=home
        )
        return {"watched": watched, "told": [_plain_subscription(each) for each in subscriptions]}

    question = f"{_ANOMALIES} with monitors {read.account}"
    answer: dict[str, Any] = read.daily(_ANOMALIES, question, ask, renew=not read.bulk)
    return answer


def _plain_monitor(about: Mapping[str, Any]) -> dict[str, Any]:
    kind = f"{about['MonitorType']} {about.get('MonitorDimension', '')}".strip()
    return {
        "arn": about["MonitorArn"],
        "name": about.get("MonitorName", ""),
        "kind": kind,
        "specification": about.get("MonitorSpecification"),
        "created": about.get("CreationDate", ""),
        "evaluated": about.get("LastEvaluatedDate", ""),
    }


def _plain_subscription(about: Mapping[str, Any]) -> dict[str, Any]:
    listed = about.get("Subscribers") or ()
    declined = [each["Address"] for each in listed if each.get("Status") == "DECLINED"]
    return {
        "name": about.get("SubscriptionName", ""),
        "monitors": list(about["MonitorArnList"]),
        "subscribers": [e["Address"] for e in listed if e["Address"] not in declined],
        "declined": declined,
        "frequency": about.get("Frequency", ""),
        "expression": about.get("ThresholdExpression"),
        "threshold": about.get("Threshold"),
    }


def _monitor(kept: Mapping[str, Any]) -> AnomalyMonitor:
    return AnomalyMonitor(
        kept["arn"],
        kept["name"],
        kept["kind"],
        kept["specification"],
        _day(kept["created"]),
        _day(kept["evaluated"]),
    )


def _day(text: str) -> date | None:
    """A day as Cost Explorer writes it: ``2026-11-02``, with or without a time."""
    try:
        return date.fromisoformat(text.partition("T")[0])
    except ValueError:
        return None


def _subscription(
    read: Reader, kept: Mapping[str, Any], kinds: Mapping[str, str]
) -> AnomalySubscription:
    teller = Teller("costalerts.amazonaws.com", f"arn:{read.partition}:ce::{read.account}:")
    found = told(read, teller, kept["subscribers"])
    known = [arn for arn in kept["monitors"] if arn in kinds]
    expression = kept["expression"] or {}
    return AnomalySubscription(
        kept["name"],
        tuple(kinds[arn] for arn in known),
        found.subscribers,
        found.unheard,
        _least_impact(expression, kept["threshold"]),
        tuple(known),
        tuple(kept["declined"]),
        found.doubtful,
        expression or None,
        kept["frequency"],
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
    key, value = _leaf(expression)
    if key == _ABSOLUTE:
        return value
    return 0.0 if key == _PERCENTAGE and value <= _MOST_PERCENT else float("inf")


def _is_within(expression: Mapping[str, Any], impact: float, percent: float) -> bool:
    """Whether every limit of an And, and one of an Or, is at most what is given for its unit."""
    if "And" in expression:
        return all(_is_within(each, impact, percent) for each in expression["And"])
    if "Or" in expression:
        return any(_is_within(each, impact, percent) for each in expression["Or"])
    key, value = _leaf(expression)
    return value <= {_ABSOLUTE: impact, _PERCENTAGE: percent}.get(key, float("-inf"))


_ABSOLUTE = "ANOMALY_TOTAL_IMPACT_ABSOLUTE"
_PERCENTAGE = "ANOMALY_TOTAL_IMPACT_PERCENTAGE"


def _leaf(expression: Mapping[str, Any]) -> tuple[str, float]:
    """What a term compares, and with what; infinite where that is no number."""
    about = expression.get("Dimensions") or {}
    try:
        return about.get("Key", ""), float((about.get("Values") or [""])[0])
    except ValueError:
        return "", float("inf")
