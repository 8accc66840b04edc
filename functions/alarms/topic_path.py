"""Whether the notifications of an alarm reach a subscriber of its topic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from readiness.model.text import listed, plural
from readiness.model.verdict import Problem, Severity, Verdict, cannot_tell, complies, violates_all
from readiness.semantics.requesters import cloudwatch
from readiness.semantics.service_access import Answer, best, lets_service, worst

if TYPE_CHECKING:
    from readiness.evidence.kms.keys import KmsKeyAccess, KmsKeyState
    from readiness.evidence.sns.delivery import Subscription, TopicPath

CLOUDWATCH = "cloudwatch.amazonaws.com"
_PAGERDUTY = re.compile(r"https://[^/]*\.pagerduty\.com/", re.IGNORECASE)


def is_pagerduty(endpoint: str) -> bool:
    """Whether it is a PagerDuty integration, global or EU."""
    return bool(_PAGERDUTY.match(endpoint))


# -- policies ---------------------------------------------------------------------------------


def lets_cloudwatch(
    text: str, actions: Iterable[str], resource: str, account: str, alarms: str
) -> Answer:
    """Whether a policy lets CloudWatch, raising an alarm of the account, do all the actions.

    ``alarms`` is how the ARNs of the account's alarms begin, up to ``:alarm:``.
    """
    return lets_service(text, actions, resource, CLOUDWATCH, cloudwatch(account, alarms))


def _said(holds: bool) -> Answer:  # noqa: FBT001
    return Answer.YES if holds else Answer.NO


# -- filters ----------------------------------------------------------------------------------


def passes_without_attributes(filter_policy: Mapping[str, Any]) -> bool:
    """Whether a message without attributes, as alarms publish them, passes an attribute filter.

    Only ``{"exists": false}`` is met by what is not there.
    """
    for key, wanted in filter_policy.items():
        if key == "$or":
            if not any(passes_without_attributes(part) for part in wanted):
                return False
        elif not any(isinstance(each, Mapping) and each.get("exists") is False for each in wanted):
            return False
    return True


@dataclass(frozen=True, slots=True)
class AlarmMessage:
    """What is known of the message that CloudWatch publishes when an alarm is raised."""

    alarm: str
    account: str

    @property
    def body(self) -> Mapping[str, Any]:
        """Every field of the message; None for a value that is not known beforehand."""
        return {
            "AlarmName": self.alarm,
            "AlarmDescription": None,
            "AWSAccountId": self.account,
            "AlarmConfigurationUpdatedTimestamp": None,
            "NewStateValue": "ALARM",
            "NewStateReason": None,
            "StateChangeTime": None,
            "Region": None,
            "AlarmArn": None,
            "OldStateValue": None,
            "OKActions": None,
            "AlarmActions": None,
            "InsufficientDataActions": None,
            "Trigger": None,
            "AlarmRule": None,
            "TriggeringChildren": None,
        }


def passes_with_body(filter_policy: Mapping[str, Any], body: Mapping[str, Any]) -> Answer:
    """Whether a message passes a filter on its body."""
    return worst(_field(key, wanted, body) for key, wanted in filter_policy.items())


def _field(key: str, wanted: Any, body: Mapping[str, Any]) -> Answer:
    if key == "$or":
        return best(passes_with_body(part, body) for part in wanted)
    if key not in body:
        if isinstance(wanted, Mapping):
            return Answer.NO
        return best(_said(each == {"exists": False}) for each in wanted)
    value = body[key]
    if value is None:
        return Answer.MAYBE
    if isinstance(wanted, Mapping):
        return Answer.NO
    return best(_value(each, value) for each in wanted)


def _value(wanted: Any, value: str) -> Answer:
    if not isinstance(wanted, Mapping):
        return _said(wanted == value)
    answers = [_operator(operator, operand, value) for operator, operand in wanted.items()]
    return worst(answers)


def _operator(operator: str, operand: Any, value: str) -> Answer:
    match operator:
        case "exists":
            return _said(bool(operand))
        case "prefix" if isinstance(operand, str):
            return _said(value.startswith(operand))
        case "suffix" if isinstance(operand, str):
            return _said(value.endswith(operand))
        case "equals-ignore-case" if isinstance(operand, str):
            return _said(value.lower() == operand.lower())
        case "anything-but":
            inner = operand if isinstance(operand, list) else [operand]
            answer = best(_value(each, value) for each in inner)
            return {Answer.YES: Answer.NO, Answer.NO: Answer.YES}.get(answer, answer)
    return Answer.MAYBE


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
    problems: list[Problem] = []
    for each in topic.subscriptions:
        who = f"{each.protocol} {each.endpoint}"
        if not each.confirmed:
            problems.append(Problem(Severity.LOW, f"The subscription of {who} is not confirmed."))
            continue
        if each.raw and is_pagerduty(each.endpoint):
            text = f"{who} gets raw messages, which the PagerDuty integration cannot read."
            problems.append(Problem(Severity.HIGH, text))
            continue
        passes = _passes(each, topic)
        if passes is Answer.NO:
            text = f"The filter policy of {who} drops alarm notifications."
            problems.append(Problem(Severity.MEDIUM, text))
        else:
            (heard if passes is Answer.YES else perhaps).append(who)
    if not heard and not perhaps:
        text = "No confirmed subscriber gets the alarm notifications."
        problems.insert(0, Problem(Severity.HIGH, text))
    elif required and not any(required.search(who) for who in (*heard, *perhaps)):
        text = f"No subscriber that gets the alarm notifications matches {required.pattern}."
        problems.insert(0, Problem(Severity.HIGH, text))
    return Delivery(tuple(heard), tuple(perhaps), tuple(problems))


def _passes(subscription: Subscription, topic: TopicPath) -> Answer:
    wanted = subscription.filter_policy
    if not wanted:
        return Answer.YES
    if not subscription.on_body:
        return _said(passes_without_attributes(wanted))
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
    endpoint: re.Pattern[str] | None,
) -> Verdict:
    """The verdict on a topic: policy, key and subscribers; one must match ``endpoint``, if any."""
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
            " policy."
        )
    reason = f"Notifications of {plural(len(topic.alarms), 'alarm')} reach {listed(heard)}."
    return complies(reason, heard_by=heard, alarms=len(topic.alarms))
