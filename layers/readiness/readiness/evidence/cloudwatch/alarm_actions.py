"""What became of the actions of an alarm: executed, or failed without anyone noticing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readiness.evidence.cloudwatch.alarms import ALARM, AlarmInContext
from readiness.model.evidence import ServiceEvent, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable
from readiness.semantics.alarm_events import STATE_EVENT
from readiness.semantics.alarm_inventory import Inventory
from readiness.semantics.alarms import Alarm

DESCRIBE_HISTORY = "cloudwatch:DescribeAlarmHistory"
HISTORY_KEPT = timedelta(days=45)
"""CloudWatch keeps the history of an alarm for 30 days, and promises no exact hour."""

_NEWEST = 100
_PAGES = 10
_DONE = re.compile(r"Successfully executed action (\S+)")
_FAILED = re.compile(r"Failed to execute action (\S+?)\.?(?:\s+Received error: (.*))?$", re.DOTALL)
_EVALUATED = re.compile(
    r"(Thresholds? Crossed|Insufficient Data|Unchecked)|.* transitioned to [A-Z_]+ at ", re.DOTALL
)
"""How the reason of a state begins that CloudWatch computed; people write that of a drill."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One action that CloudWatch executed, or failed to execute; ``why`` is the error.

    ``is_drill``: the state was set by hand (SetAlarmState), as far as the message shows.
    """

    target: str
    at: datetime
    succeeded: bool = True
    why: str = ""
    is_drill: bool = False


def outcome_of(item: Mapping[str, Any]) -> Outcome | None:
    """From an ``AlarmHistoryItem``; None for one that tells no outcome, such as a muted action."""
    data = _parsed(item.get("HistoryData"))
    summary = str(item.get("HistorySummary") or "")
    done, failed = _DONE.match(summary), _FAILED.match(summary)
    state = str(data.get("actionState") or "")
    if state not in {"Succeeded", "Failed"}:
        state = "Succeeded" if done else "Failed" if failed else ""
    named = done[1].rstrip(".") if done else failed[1] if failed else ""
    target = str(data.get("notificationResource") or named)
    if not state or not target:
        return None
    why = str(data.get("error") or (failed[2] if failed else "") or "")
    return Outcome(
        target, item["Timestamp"], state == "Succeeded", why.strip('" '), is_drill=_is_drill(data)
    )


def _is_drill(data: Mapping[str, Any]) -> bool:
    """Whether the message that was sent has a reason that CloudWatch does not write itself."""
    message = data.get("publishedMessage")
    outer = message if isinstance(message, Mapping) else _parsed(message)
    text = outer.get("default")
    inner = text if isinstance(text, Mapping) else _parsed(text)
    reason = str(inner.get("NewStateReason") or "")
    return bool(reason) and not _EVALUATED.match(reason)


def _parsed(text: object) -> Mapping[str, Any]:
    """A JSON object; empty for text that was cut off."""
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


@evidence(
    ALARM,
    reads=(DESCRIBE_HISTORY, "sns:ListSubscriptionsByTopic"),
    uses=(AlarmInContext,),
    changed_by=(ServiceEvent(STATE_EVENT, match=(("state.value", ("ALARM",)),), id="alarmName"),),
)
@dataclass(frozen=True, slots=True)
class AlarmActions:
    """The outcomes of an alarm's actions that CloudWatch still knows, newest first.

    ``subscribers`` are the confirmed subscribers of each of its topics in this account; 0 also for
    a topic that does not exist. The history is read only of alarms that have actions of their own
    and whose state changed while CloudWatch keeps it. Sources: DescribeAlarmHistory,
    ListSubscriptionsByTopic.
    """

    alarm: Alarm
    inventory: Inventory
    read_at: datetime
    outcomes: tuple[Outcome, ...] = ()
    subscribers: tuple[tuple[str, int], ...] = ()

    @classmethod
    def load(cls, read: Reader, alarm: Resource) -> AlarmActions:
        return cls._of(read, read.of(AlarmInContext, alarm))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, AlarmActions]:
        found = read.those(AlarmInContext)
        loaded = read.each(lambda context: cls._of(read, context), found.values())
        return dict(zip(found, loaded, strict=True))

    @classmethod
    def _of(cls, read: Reader, context: AlarmInContext) -> AlarmActions:
        about = context.alarm
        if about.is_scaling or not about.notifications:
            return cls(about, context.inventory, context.read_at)
        return cls(
            about,
            context.inventory,
            context.read_at,
            tuple(sorted(_outcomes(read, about), key=lambda each: each.at, reverse=True)),
            tuple(_subscribers(read, about)),
        )


def _outcomes(read: Reader, alarm: Alarm) -> Iterator[Outcome]:
    by_contributor = bool(alarm.selections or alarm.unread)
    is_old = alarm.since is not None and read.now - alarm.since > HISTORY_KEPT
    if is_old and not by_contributor:
        return
    kinds = ["Action"]
    if by_contributor and read.takes("cloudwatch", "describe_alarm_history", "AlarmContributorId"):
        kinds.append("AlarmContributorAction")
    for kind in kinds:
        found = (outcome_of(item) for item in _newest(read, alarm, kind))
        yield from (outcome for outcome in found if outcome is not None)


def _newest(read: Reader, alarm: Alarm, kind: str) -> Sequence[Mapping[str, Any]]:
    """The newest items of the history; a page without items may be followed by one with some."""
    token: dict[str, str] = {}
    for _ in range(_PAGES):
        page = read.one(
            "cloudwatch",
            "describe_alarm_history",
            AlarmName=alarm.name,
            AlarmTypes=[str(alarm.kind)],
            HistoryItemType=kind,
            ScanBy="TimestampDescending",
            MaxRecords=_NEWEST,
            **token,
        )
        items: Sequence[Mapping[str, Any]] = page.get("AlarmHistoryItems") or ()
        following = page.get("NextToken")
        if items or not following:
            return items
        token = {"NextToken": following}
    raise Unreadable(DESCRIBE_HISTORY, Cause.PARTIAL_DATA, "only pages without items")


def _subscribers(read: Reader, alarm: Alarm) -> Iterator[tuple[str, int]]:
    for arn in sorted(set(alarm.notifications)):
        parts = arn.split(":")
        if parts[2] != "sns" or parts[4] != read.account:
            continue
        found = read.every(
            "sns",
            "list_subscriptions_by_topic",
            "Subscriptions",
            absent=("NotFound", "NotFoundException"),
            region=None if parts[3] == read.region else parts[3],
            TopicArn=arn,
        )
        yield arn, sum(each["SubscriptionArn"].startswith("arn:") for each in found)
