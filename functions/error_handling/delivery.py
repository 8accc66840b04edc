"""Whether what SNS, EventBridge and Scheduler cannot deliver is kept, and tried again before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from readiness import Severity, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.eventbridge.rules import RuleLosses, RuleTarget, RuleTargets
from readiness.evidence.iam.role_grants import RoleGrants
from readiness.evidence.scheduler import GroupSchedules, Schedule
from readiness.evidence.sns.redrive import Redriven, TopicLosses, TopicRedrive
from readiness.evidence.workloads.failure_sinks import QueueSink
from readiness.model.text import listed, plural
from readiness.model.verdict import violates_all

from .rights import RoleSender, check_queue_rights
from .sinks import (
    EVENTBRIDGE,
    SNS,
    Checked,
    Sender,
    check_bare,
    check_circles,
    check_queue,
    check_service,
)

NOBODY = "No function, queue, delivery stream or web address has a confirmed subscription."


def judge_subscriptions(
    topic: TopicRedrive, losses: TopicLosses, sinks: tuple[QueueSink, ...]
) -> Verdict:
    """The verdict on what becomes of messages that subscribers do not take."""
    if not topic.subscriptions:
        return not_applicable(NOBODY)
    checked = Checked()
    bare = [(each.spoken, each.endpoint) for each in topic.subscriptions if not each.dead]
    check_bare(bare, sinks, checked)
    check_circles(
        ((each.spoken, each.endpoint, each.dead) for each in topic.subscriptions), checked
    )
    sender = Sender(SNS, "SNS", topic.arn, topic.is_fifo)
    for sink in _dead_letter_queues(topic.subscriptions, sinks):
        check_service(sink, checked, sender)
    if losses.undelivered:
        checked.add_loss(
            f"{round(losses.undelivered)} messages of the last week could not be sent to a"
            " dead-letter queue, and are lost.",
            Severity.CRITICAL,
            is_past=losses.is_past,
        )
    if losses.failed and len(bare) == len(topic.subscriptions) and not topic.others:
        checked.add(
            f"{round(losses.failed)} messages of the last week were not delivered, and are lost.",
            Severity.CRITICAL,
        )
    return kept(checked, f"{plural(len(topic.subscriptions), 'subscription')}: each")


def judge_rule(rule: RuleTargets, losses: RuleLosses, sinks: tuple[QueueSink, ...]) -> Verdict:
    """The verdict on what becomes of events that reach no target."""
    if why := idle(rule):
        return not_applicable(why)
    checked = Checked()
    bare = [(f"target {each.id}", each.arn) for each in rule.targets if not each.dead]
    check_bare(bare, sinks, checked)
    check_circles(((f"target {each.id}", each.arn, each.dead) for each in rule.targets), checked)
    for sink in _dead_letter_queues(rule.targets, sinks):
        check_service(sink, checked, Sender(EVENTBRIDGE, "EventBridge", rule.arn))
    if losses.undelivered:
        checked.add_loss(
            f"{round(losses.undelivered)} events of the last week could not be sent to a"
            " dead-letter queue, and are lost.",
            Severity.CRITICAL,
            is_past=losses.is_past,
        )
    if losses.failed and len(bare) == len(rule.targets):
        checked.add(
            f"{round(losses.failed)} events of the last week reached no target, and are lost.",
            Severity.CRITICAL,
        )
    return kept(checked, f"{plural(len(rule.targets), 'target')}: each")


def _dead_letter_queues(
    senders: Iterable[Redriven | RuleTarget | Schedule], sinks: Iterable[QueueSink]
) -> Iterator[QueueSink]:
    """Those of the queues that take what fails; the others are delivered to."""
    dead = {each.dead for each in senders}
    return (sink for sink in sinks if sink.arn in dead)


def idle(rule: RuleTargets) -> str:
    """Why nothing of a rule is judged, empty where something is."""
    if rule.manager:
        return f"AWS manages it for {rule.manager}, and nobody else can change it."
    if not rule.enabled:
        return "It is disabled."
    return "" if rule.targets else "It has no target."


def targets(ids: list[str]) -> str:
    """``target a``, ``targets a and b``."""
    return f"{'target' if len(ids) == 1 else 'targets'} {listed(ids)}"


def kept(checked: Checked, who: str) -> Verdict:
    """The verdict on the dead-letter queues of what a service delivers to."""
    if checked.problems:
        return violates_all(
            checked.problems,
            expected="A dead-letter queue for each, which exists and allows the sender.",
        )
    if checked.doubts:
        return cannot_tell(" ".join(checked.doubts))
    return complies(f"{who} has a dead-letter queue that exists and allows the sender.").reminding(
        checked.reminder
    )


def judge_schedules(
    group: GroupSchedules,
    sinks: tuple[QueueSink, ...],
    grants: tuple[RoleGrants, ...],
    most_schedules: int,
) -> Verdict:
    """The verdict on what becomes of schedules whose target cannot be invoked."""
    checked = Checked()
    bare = [(each.name, each.target) for each in group.schedules if not each.dead]
    check_bare(bare, sinks, checked)
    check_circles(((each.name, each.target, each.dead) for each in group.schedules), checked)
    roles = {each.name: each for each in grants}
    for sink in _dead_letter_queues(group.schedules, sinks):
        if not check_queue(sink, checked, fifo=False, sender="Scheduler"):
            continue
        senders = {each.role: each.name for each in group.schedules if each.dead == sink.arn}
        for role, name in sorted(senders.items()):
            sender = RoleSender(roles.get(role), f"the schedule {name}", "Scheduler")
            check_queue_rights(sink, sender, checked)
    if checked.problems:
        return violates_all(
            checked.problems, expected="A dead-letter queue, which exists, for each schedule."
        )
    if checked.doubts:
        return cannot_tell(" ".join(checked.doubts))
    return of_group(group, most_schedules) or complies(
        f"Each of {plural(len(group.schedules), 'schedule')} has a dead-letter queue that exists."
    )


def of_group(group: GroupSchedules, most_schedules: int) -> Verdict | None:
    """The verdict on a group with nothing to judge, or with more than was read."""
    if group.is_going:
        return not_applicable("The group is being deleted with all of its schedules.")
    if group.unread:
        return cannot_tell(
            f"Only {most_schedules} schedules of the group were read; {group.unread} more have not"
            " been (setting most_schedules).",
            unread=group.unread,
        )
    if group.schedules:
        return None
    over = f", {group.over} that never run again" * bool(group.over)
    return not_applicable(
        f"The group has no enabled schedule ({plural(group.disabled, 'disabled one')}{over})."
    )


def retried(off: list[str], reason: str, who: str) -> Verdict:
    """The verdict on deliveries, of which those in ``off`` are not tried again."""
    if off:
        return violates(reason, expected="MaximumRetryAttempts above 0, or unset.", off=off)
    return complies(f"Delivery is tried again for {who}.")
