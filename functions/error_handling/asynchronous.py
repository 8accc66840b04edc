"""What becomes of the events that services hand to a function without waiting for it."""

from __future__ import annotations

from collections.abc import Collection

from readiness import Severity, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.awslambda.asynchronous import (
    AsynchronousLosses,
    AsynchronousUse,
    InvokeSettings,
)
from readiness.evidence.awslambda.functions import LATEST, function_name
from readiness.evidence.iam.role_grants import RoleGrants
from readiness.evidence.workloads.failure_sinks import BucketSink, QueueSink, TopicSink
from readiness.judgement.service_functions import of_service_function
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural
from readiness.model.verdict import violates_all

from .rights import RoleSender, check_buckets, check_others, check_queues, check_topics
from .sinks import Checked, check_sight

EDGE = "It is a replica of a function in another region, which is judged there."
SYNCHRONOUS = "Nothing invokes it asynchronously: no policy, schedule or metric says so."
FIRST_RETRY = 60
"""Lambda waits a minute before the second attempt (Lambda developer guide, "How Lambda handles
errors and retries with asynchronous invocation"): what may be no older is not tried again."""
SINK = "An on-failure destination of the qualifier, or a dead-letter queue of its version."


def spoken(qualifier: str) -> str:
    return "the function itself" if qualifier == LATEST else f"the alias {qualifier}"


def judge_sinks(
    use: AsynchronousUse,
    losses: AsynchronousLosses,
    queues: tuple[QueueSink, ...],
    topics: tuple[TopicSink, ...],
    buckets: tuple[BucketSink, ...],
    grants: tuple[RoleGrants, ...],
) -> Verdict:
    """The verdict on where the failures of each asynchronous invocation path end."""
    lost = losses.lost
    if others := _of_others(use):
        return others
    if not use.callers and not lost.received:
        return _unseen(use) or not_applicable(SYNCHRONOUS)
    checked = Checked()
    bare = [each for each in use.callers if not use.sinks(each)]
    if not use.callers:
        bare, doubt = _by_metric(use)
        if doubt:
            return cannot_tell(doubt, received=lost.received)
    for qualifier in bare:
        who = listed(use.callers.get(qualifier, ("Something",)))
        checked.add(
            f"{who} invokes {spoken(qualifier)} asynchronously, and an event that fails there is"
            " dropped."
        )
    if bare and lost.dropped:
        checked.add(
            f"{plural(round(lost.dropped), 'event')} was dropped in the last week."
            if round(lost.dropped) == 1
            else f"{round(lost.dropped)} events were dropped in the last week.",
            Severity.CRITICAL if len(bare) == len(use.callers or bare) else Severity.HIGH,
        )
    _check_arrival(use, losses, queues, topics, buckets, grants, checked)
    facts = {
        "callers": {name: list(each) for name, each in use.callers.items()},
        "sinks": {
            name: [arn for arn, _ in use.sinks(name)] for name in use.callers or use.versions
        },
        "dropped": lost.dropped,
    }
    if checked.problems:
        return violates_all(checked.problems, expected=SINK, **facts)
    if checked.doubts:
        return cannot_tell(" ".join(checked.doubts))
    return _unseen(use) or complies(
        "Events that fail are kept for every qualifier that is invoked asynchronously:"
        f" {listed(sorted(use.callers or use.versions))}.",
        **facts,
    ).reminding(checked.reminder)


def _of_others(use: AsynchronousUse) -> Verdict | None:
    """The verdict on a function that is judged elsewhere, or that its owner cannot change."""
    return not_applicable(EDGE) if use.master_arn else of_service_function(use.name)


def _unseen(use: AsynchronousUse) -> Verdict | None:
    if not use.flaw:
        return None
    return cannot_tell(
        f"Its resource policy could not be understood, so who invokes it is unknown: {use.flaw}.",
        missing=("lambda:GetPolicy",),
    )


def _by_metric(use: AsynchronousUse) -> tuple[list[str], str]:
    """The qualifiers without a sink where only the metric tells of invocations, and a doubt."""
    bare = [each for each in use.versions if not use.sinks(each)]
    if not bare or len(bare) == len(use.versions):
        return bare, ""
    return [], (
        "It is invoked asynchronously by someone whom no policy and no schedule names, and"
        f" {listed([spoken(each) for each in bare])} has no destination for what fails."
    )


def _check_arrival(
    use: AsynchronousUse,
    losses: AsynchronousLosses,
    queues: tuple[QueueSink, ...],
    topics: tuple[TopicSink, ...],
    buckets: tuple[BucketSink, ...],
    grants: tuple[RoleGrants, ...],
    checked: Checked,
) -> None:
    used = {arn for qualifier in use.callers or use.versions for arn, _ in use.sinks(qualifier)}
    of_roles: list[tuple[RoleGrants | None, Collection[str]]] = [
        (each, use.sinks_of(each.name)) for each in grants
    ]
    for role, sinks in of_roles or [(None, used)]:
        sender = RoleSender(role, "the function", "Lambda")
        check_queues((each for each in queues if each.arn in sinks), sender, checked)
        check_topics((each for each in topics if each.arn in sinks), sender, checked)
        check_buckets(
            (each for each in buckets if each.arn in sinks), sender, checked, f"async/{use.name}"
        )
        check_others((each for each in use.others if each.arn in sinks), sender, checked)
    check_sight(used.intersection(use.missing), used.intersection(use.unseen), checked)
    own = [each for each in use.others if each.arn in used and ":lambda:" in each.arn]
    if any(function_name(each.arn) == use.name for each in own):
        checked.add("What fails is sent to the function itself, which fails on it again.")
    lost = losses.lost
    if lost.dead_letter_errors:
        checked.add_loss(
            f"{round(lost.dead_letter_errors)} times in the last week Lambda could not send an"
            " event to the dead-letter queue, and the event is lost.",
            Severity.CRITICAL,
            is_past="dead_letter_errors" in lost.past,
        )
    if lost.destination_errors:
        successes = any(each.reports_success for each in use.settings.values())
        checked.add_loss(
            f"{round(lost.destination_errors)} times in the last week Lambda could not send an"
            " event to a destination.",
            Severity.HIGH if successes else Severity.CRITICAL,
            is_past="destination_errors" in lost.past,
        )


def never_retries(setting: InvokeSettings) -> str:
    """How a qualifier's settings switch the second attempt off, empty if they do not."""
    if setting.retries == 0:
        return "MaximumRetryAttempts is 0"
    if setting.age is not None and setting.age <= FIRST_RETRY:
        return (
            f"MaximumEventAgeInSeconds is {setting.age}, and Lambda waits {FIRST_RETRY} s before"
            " it tries again"
        )
    return ""


def judge_retries(
    function: AsynchronousUse,
    losses: AsynchronousLosses,
    attested: Attested | None,
    *,
    max_age_days: int,
    two_people: bool,
) -> Verdict:
    """The verdict on the second attempt for each qualifier that is invoked asynchronously.

    ``attested`` is what people say of work that must not be done twice, None where the tag does
    not say that it is such.
    """
    if others := _of_others(function):
        return others
    asked = list(function.callers)
    if not asked and losses.lost.received:
        asked = list(function.versions)
    off = {name: why for name in asked if (why := never_retries(function.setting(name)))}
    if off and attested is not None:
        return attested.verdict(
            "That the work of the function must not be done twice",
            max_age_days=max_age_days,
            two_people=two_people,
        )
    if off:
        said = [f"{spoken(name)}: {why}" for name, why in off.items()]
        return violates(
            f"Lambda does not try again what failed: {listed(said)}.",
            expected="MaximumRetryAttempts of 1 or 2, or unset; a maximum age above 60 s.",
        )
    if function.flaw:
        return cannot_tell(
            f"Its resource policy could not be understood: {function.flaw}.",
            missing=("lambda:GetPolicy",),
        )
    if not asked:
        return not_applicable(SYNCHRONOUS)
    return complies("Lambda tries again what failed, for every qualifier that is invoked.")
