"""Whether the events of a log group reach a central place."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from readiness import Severity, Verdict, cannot_tell, complies, violates
from readiness.evidence.workloads.log_forwarding import LogForwarding, counts, leads_home
from readiness.model.text import listed

from .settings import GroupSettings

_EXPECTED = (
    "A subscription filter without a pattern, a link to a monitoring account that shares the log"
    " group, or a centralization rule."
)


def why_not_aggregated(group: LogForwarding, groups: GroupSettings) -> str:
    """Why the log group need not go anywhere, in a full sentence; empty if it has to."""
    if group.account in groups.central_account_ids:
        return "This account is one of central_account_ids: logs are collected here."
    if group.is_forwarders:
        return (
            "It is the log group of the destination of the account's subscription filter, which"
            " would forward its own logs without end."
        )
    return why_left_out(group.name, group.group_class, groups, is_active=group.is_active)


def why_left_out(name: str, group_class: str, groups: GroupSettings, *, is_active: bool) -> str:
    """Why nothing is asked of a log group, in a full sentence; empty if something is."""
    if group_class == "DELIVERY":
        return "Log groups of the class DELIVERY only pass their events on."
    if any(fnmatchcase(name, pattern) for pattern in groups.ignored_groups):
        return "Its name matches the setting ignored_groups."
    if not is_active:
        return "The log group got no events in the last two weeks."
    return ""


def judge_routes(
    group: LogForwarding, central: Sequence[str], *, accept_patterns: bool
) -> Verdict:
    """The verdict on the ways by which the events of a log group leave it."""
    home = [each for each in group.routes if leads_home(each, central)]
    certain = [each for each in group.routes if each.is_certain and counts(each, central)]
    if accept_patterns:
        home = certain
    if home:
        ways = [each.what for each in home]
        return complies(f"Its events are passed on by {listed(ways)}.", ways=ways)
    doubtful = [each for each in group.routes if not each.is_certain and counts(each, central)]
    if doubtful:
        ways = [each.what for each in doubtful]
        return cannot_tell(
            f"Whether {listed(ways)} covers this log group is not known: its filter cannot be"
            " read, it has only just been created, or the log group is of a class that may not"
            " support it.",
            ways=ways,
        )
    if certain:
        ways = [each.what for each in certain]
        return violates(
            f"Only events that match a pattern are passed on (by {listed(ways)}).",
            expected=_EXPECTED,
            severity=Severity.LOW,
            ways=ways,
        )
    return violates(_why(group, central), expected=_EXPECTED, ways=[r.what for r in group.routes])


def _why(group: LogForwarding, central: Sequence[str]) -> str:
    said = ["The events of the log group stay in it: nothing passes them on."]
    lost = [each.lost for each in group.routes if each.lost]
    if lost:
        said = [f"The events of the log group arrive nowhere. {' '.join(lost)}"]
    elif group.routes:
        accounts = sorted({each.account for each in group.routes})
        wanted = listed(list(central))
        said = [f"Its events go to {listed(accounts)}, not to central_account_ids ({wanted})."]
    if group.group_class == "INFREQUENT_ACCESS":
        said.append("Log groups of the class INFREQUENT_ACCESS have no subscription filters.")
    if not group.rules_are_shown:
        said.append(
            "Centralization rules of the organization are shown only to its management account and"
            " its delegated administrator; if one copies this log group, set"
            " centralized_by_organization."
        )
    return " ".join(said)
