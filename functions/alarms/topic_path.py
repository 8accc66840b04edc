"""Whether the notifications of an alarm reach a subscriber of its topic."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates_all,
)
from readiness.semantics.admission import Answer, admits, worst
from readiness.semantics.pagers import is_pagerduty, shown, wants_raw
from readiness.semantics.requesters import cloudwatch
from readiness.semantics.subscription_filters import (
    AlarmMessage,
    passes_with_body,
    passes_without_attributes,
)

if TYPE_CHECKING:
    from readiness.evidence.kms.keys import KmsKeyAccess, KmsKeyState
    from readiness.evidence.sns.delivery import TopicPath
    from readiness.evidence.sns.subscriptions import Subscription

CLOUDWATCH = "cloudwatch.amazonaws.com"


# -- policies ---------------------------------------------------------------------------------


def lets_cloudwatch(
    text: str, actions: Iterable[str], resource: str, account: str, alarms: str
) -> Answer:
    """Whether a policy lets CloudWatch, raising an alarm of the account, do all the actions.

    ``alarms`` is how the ARNs of the account's alarms begin, up to ``:alarm:``.
    """
    return admits(text, actions, resource, CLOUDWATCH, cloudwatch(account, alarms))


# -- delivery -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """Which subscribers get the notifications of a topic, and why the others do not."""

    heard_by: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def delivery(topic: TopicPath, required: re.Pattern[str] | None) -> Delivery:
    """Which subscribers get every alarm of the topic."""
    heard: list[str] = []
    perhaps: list[str] = []
    matching = required is None
    problems: list[Problem] = []
    for each in topic.subscriptions:
        who = f"{each.protocol} {shown(each.endpoint)}"
        if not each.confirmed:
            problems.append(Problem(Severity.LOW, f"The subscription of {who} is not confirmed."))
            continue
        if each.arrives is Answer.NO:
            text = f"{who} is subscribed, but {each.why}."
            problems.append(Problem(Severity.LOW, text))
            continue
        if each.raw and is_pagerduty(each.endpoint) and not wants_raw(each.endpoint):
            text = f"{who} gets raw messages, which the PagerDuty integration cannot read."
            problems.append(Problem(Severity.HIGH, text))
            continue
        passes = worst([_passes(each, topic), each.arrives])
        if passes is Answer.NO:
            text = f"The filter policy of {who} drops alarm notifications."
            problems.append(Problem(Severity.MEDIUM, text))
        else:
            (heard if passes is Answer.YES else perhaps).append(who)
            whole = f"{each.protocol} {each.endpoint}"
            matching = matching or bool(required and required.search(whole))
    if not heard and not perhaps:
        text = "No confirmed subscriber gets the alarm notifications."
        problems.insert(0, Problem(Severity.HIGH, text))
    elif required and not matching:
        text = f"No subscriber that gets the alarm notifications matches {required.pattern}."
        problems.insert(0, Problem(Severity.HIGH, text))
    return Delivery(tuple(heard), tuple(perhaps), tuple(problems))


def _passes(subscription: Subscription, topic: TopicPath) -> Answer:
    wanted = subscription.filter_policy
    if not wanted:
        return Answer.YES
    if not subscription.on_body:
        return Answer.YES if passes_without_attributes(wanted) else Answer.NO
    messages = [AlarmMessage(alarm, topic.account) for alarm in topic.alarms]
    return worst(passes_with_body(wanted, message.body) for message in messages)


def publishing(topic: TopicPath, alarms: str) -> tuple[Answer, tuple[Problem, ...]]:
    """Whether CloudWatch may publish to the topic; ``alarms`` as in lets_cloudwatch."""
    problems = []
    if topic.fifo:
        text = "The topic is a FIFO topic, which delivers to SQS queues only, not to PagerDuty."
        problems.append(Problem(Severity.HIGH, text))
    takes = lets_cloudwatch(topic.policy, ["sns:Publish"], topic.arn, topic.account, alarms)
    if takes is Answer.NO:
        text = "The topic policy does not let CloudWatch publish."
        problems.append(Problem(Severity.HIGH, text))
    return takes, tuple(problems)


def key_problem(
    key_id: str,
    key: KmsKeyState | None,
    access: KmsKeyAccess | None,
    topic: TopicPath,
    alarms: str,
) -> tuple[Answer, str]:
    """Whether the KMS key lets CloudWatch publish to the encrypted topic, and why not.

    CloudWatch needs kms:Decrypt and kms:GenerateDataKey* in the key policy. The policy of the
    AWS-managed key cannot be changed.
    """
    if not key_id:
        return Answer.YES, ""
    wrong = key.why_no_service_can_use_it if key else "does not exist"
    if key is None or wrong:
        return Answer.NO, f"The topic's KMS key {key_id} {wrong}."
    if key.manager == "AWS":
        return Answer.NO, (
            "The topic is encrypted with the AWS-managed key alias/aws/sns. Its policy does not"
            " let CloudWatch publish and cannot be changed, so notifications are lost without an"
            " error."
        )
    text = access.policy if access else ""
    actions = ("kms:Decrypt", "kms:GenerateDataKey")
    lets = lets_cloudwatch(text, actions, "*", topic.account, alarms) if text else Answer.MAYBE
    if lets is Answer.NO:
        return lets, (
            f"The policy of the KMS key {key_id} does not allow cloudwatch.amazonaws.com"
            " kms:Decrypt and kms:GenerateDataKey*, so notifications are lost without an error."
        )
    return lets, ""


def delivery_verdict(
    topic: TopicPath,
    key: KmsKeyState | None,
    key_access: KmsKeyAccess | None,
    required: str,
) -> Verdict:
    """The verdict on a topic: policy, key and subscribers; one must match ``required``, if any."""
    if not topic.alarms:
        return not_applicable("No alarm of this account and region publishes to the topic.")
    try:
        endpoint = re.compile(required) if required else None
    except re.error as error:
        return cannot_tell(
            f"The setting required_endpoint_regex is not a regular expression: {error}."
        )
    takes, problems = publishing(topic, topic.alarm_arns)
    opens, locked = key_problem(topic.key_id, key, key_access, topic, topic.alarm_arns)
    found = delivery(topic, endpoint)
    heard = list(found.heard_by)
    every = [*problems, *([Problem(Severity.HIGH, locked)] if locked else []), *found.problems]
    if every:
        expected = (
            "A topic that CloudWatch may publish to, with a confirmed subscriber and no filter"
            " policy that drops alarms."
        )
        return violates_all(every, expected=expected, heard_by=heard, alarms=len(topic.alarms))
    if Answer.MAYBE in {takes, opens}:
        what = "topic policy" if takes is Answer.MAYBE else "key policy"
        return cannot_tell(
            f"Whether the {what} lets CloudWatch publish depends on conditions that only the"
            " request decides."
        )
    if not heard:
        return cannot_tell(
            f"Whether {found.perhaps[0]} gets the alarm notifications depends on its filter"
            " policy, or on conditions of the policy of what is subscribed."
        )
    reason = f"Notifications of {plural(len(topic.alarms), 'alarm')} reach {listed(heard)}."
    return complies(reason, heard_by=heard, alarms=len(topic.alarms))
