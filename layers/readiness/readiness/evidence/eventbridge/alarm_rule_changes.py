"""Which changes of EventBridge rules concern alarms."""

from __future__ import annotations

from readiness.model.evidence import Json, api_call
from readiness.semantics.admission import Answer
from readiness.semantics.alarm_events import pattern_of, raised
from readiness.semantics.subscription_filters import passes_with_body

_DEFAULT = "default"


def _concerned(detail: Json) -> str | None:
    """Empty, for any alarm, if the call is about the default bus and may be about alarms.

    PutRule tells the pattern. EnableRule and DisableRule name the rule alone.
    """
    request = detail.get("requestParameters") or {}
    bus = str(request.get("eventBusName") or _DEFAULT).rpartition("/")[2]
    if bus != _DEFAULT:
        return None
    if detail.get("eventName") != "PutRule":
        return ""
    event = raised(str(detail.get("recipientAccountId") or ""), str(detail.get("awsRegion") or ""))
    try:
        pattern = pattern_of(request.get("eventPattern"))
        is_picked = bool(pattern) and passes_with_body(pattern, event) is not Answer.NO
    except (AttributeError, TypeError, RecursionError):
        return ""  # no pattern that EventBridge takes: the event may be anybody's
    return "" if is_picked else None


ALARM_RULE_CHANGES = (
    api_call("events", "PutRule", "EnableRule", "DisableRule", identify=_concerned),
)
"""A rule that picks alarms was made or changed, or any rule was switched on or off.

A deployment makes and deletes many rules, and names no more than them where it changes their
targets: what else becomes of a rule is seen by the sweep.
"""
