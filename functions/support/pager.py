"""Whether what is published to a topic pages someone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Fact,
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
    violates_all,
)
from readiness.semantics.admission import Answer
from readiness.semantics.pagers import (
    CHAT_HOSTS,
    host_of,
    is_pagerduty,
    mail_of_pager,
    shown,
    wants_raw,
    why_no_pager,
)
from readiness.semantics.polling import is_off
from readiness.semantics.subscription_filters import (
    AlarmMessage,
    passes_with_body,
    passes_without_attributes,
)

if TYPE_CHECKING:
    from readiness.evidence.sns.pagers import Forwarder, Listener, PagingTopic
    from readiness.evidence.sns.redrive import TopicLosses
    from readiness.evidence.sns.subscriptions import Subscription

EXPECTED = (
    "A confirmed https subscription of a PagerDuty integration, or a function that pages, which no"
    " filter policy keeps from CRITICAL alerts."
)
_PEOPLE = {"email", "email-json", "sms", "application"}
_CRITICAL: Mapping[str, Any] = {
    "severity": "CRITICAL",
    "status": "NON_COMPLIANT",
    "pager": "yes",
    "heading": None,
    "rule": None,
    "account": None,
    "region": None,
    "environment": None,
    "owner": None,
}
"""The attributes of a critical alert of this product; None for a value that is not known."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A subscription that pages, by what keeps it from doing so; ``unknown`` may keep it."""

    who: str
    wrong: str = ""
    unknown: str = ""


def paging_verdict(
    topic: PagingTopic,
    losses: TopicLosses,
    hosts: Collection[str],
    functions: Collection[str],
) -> Verdict:
    """The verdict on a topic. ``hosts`` page, and so do functions with one of these names."""
    wanted = {each.strip().lower() for each in hosts if each.strip()}
    pagers = [
        heard for each in topic.listeners for heard in _pagers(topic, each, wanted, functions)
    ]
    facts: dict[str, Fact] = {
        "alarms": len(topic.alarms),
        "pagers": [each.who for each in pagers],
        "redrive": [
            each.subscription.protocol
            if each.subscription.protocol in _PEOPLE
            else shown(each.subscription.endpoint)
            for each in topic.listeners
            if each.redrives
        ],
    }
    if not pagers:
        return (_past_the_topic(topic, wanted) or _without_pager(topic, wanted)).observing(facts)
    working = [each for each in pagers if not each.wrong]
    if not working:
        problems = [Problem(Severity.HIGH, f"{each.who} {each.wrong}.") for each in pagers]
        return violates_all(problems, expected=EXPECTED).observing(facts)
    if losses.failed_today:
        failed = plural(losses.failed_today, "notification")
        is_alone = len(topic.listeners) == 1
        return violates(
            f"{failed} of the topic could not be delivered in the last 24 hours"
            f"{'' if is_alone else '; SNS does not count them by subscription'}.",
            expected="No failed delivery in 24 hours.",
            severity=Severity.HIGH if is_alone else Severity.MEDIUM,
        ).observing({**facts, "failed": losses.failed_today})
    sure = [each for each in working if not each.unknown]
    if not sure:
        return cannot_tell(f"{working[0].who} {working[0].unknown}.").observing(facts)
    return complies(f"{listed([each.who for each in sure])} pages.").observing(facts)


def _pagers(
    topic: PagingTopic, listener: Listener, hosts: Collection[str], functions: Collection[str]
) -> Iterator[Heard]:
    about = listener.subscription
    if host_of(about.endpoint) in hosts:
        yield Heard(
            f"{about.protocol} {shown(about.endpoint)}",
            _wrong_with_url(about, hosts) or _kept_out(topic, about),
            _unknown(topic, about),
        )
    if address := mail_of_pager(about.protocol, about.endpoint):
        yield Heard(f"{about.protocol} {address}", _kept_out(topic, about), _unknown(topic, about))
    for each in listener.functions:
        if each.pages or any(fnmatchcase(each.name, name) for name in functions):
            yield Heard(
                f"The function {each.name}",
                _wrong_with_function(each) or _kept_out(topic, about),
                _unknown(topic, about),
            )


def _wrong_with_url(about: Subscription, hosts: Collection[str]) -> str:
    if wrong := why_no_pager(about.protocol, about.endpoint, hosts):
        return wrong
    if not is_pagerduty(about.endpoint):
        return ""
    raw = wants_raw(about.endpoint)
    if raw and not about.raw:
        return "is an event orchestration, which needs raw message delivery"
    if about.raw and not raw:
        return "gets raw messages, which the PagerDuty integration cannot read"
    return ""


_CAN_RUN = frozenset({"Active", "Inactive: Idle", "Pending: Restoring"})
"""The next message wakes a function that was idle, or already has."""


def _wrong_with_function(function: Forwarder) -> str:
    if function.state == "Missing":
        return "does not exist"
    if is_off(function.mapping):
        return f"does not read its queue: the event source mapping is {function.mapping}"
    if function.state not in _CAN_RUN:
        return f"cannot run ({function.state})"
    if function.reserved == 0:
        return "cannot run: its reserved concurrency is 0"
    bad = [f"{name} {why}" for name, why in (function.secrets or {}).items() if why]
    return f"cannot page: the secret of its variable {listed(bad)}" if bad else ""


def _kept_out(topic: PagingTopic, about: Subscription) -> str:
    if not about.confirmed:
        return "has not confirmed the subscription"
    if _passes(topic, about) is Answer.NO:
        return "does not get what its filter policy excludes: critical alerts"
    return ""


def _unknown(topic: PagingTopic, about: Subscription) -> str:
    is_unknown = _passes(topic, about) is Answer.MAYBE
    return "gets alerts only if its filter policy lets them pass" if is_unknown else ""


def _passes(topic: PagingTopic, about: Subscription) -> Answer:
    """Whether a critical message passes: an alarm's, or this product's where none publishes."""
    wanted = about.filter_policy
    if not wanted:
        return Answer.YES
    if not topic.alarms:
        return Answer.MAYBE if about.on_body else passes_with_body(wanted, _CRITICAL)
    if not about.on_body:
        return Answer.YES if passes_without_attributes(wanted) else Answer.NO
    messages = [AlarmMessage(alarm, topic.account) for alarm in topic.alarms]
    answers = {passes_with_body(wanted, message.body) for message in messages}
    # that it picks some of the alarms may be meant: which of them are critical does not show
    return answers.pop() if len(answers) == 1 else Answer.MAYBE


def _past_the_topic(topic: PagingTopic, hosts: Collection[str]) -> Verdict | None:
    """The verdict where the topic's alarms page on another way; None where they do not."""
    if topic.alarms and set(topic.alarms) <= set(topic.incidents):
        return not_applicable(
            "Each alarm that publishes to the topic starts an incident in Incident Manager too;"
            " escalation-policy judges whom that engages."
        )
    leading = [
        each
        for each in topic.bridges
        if host_of(each.endpoint) in hosts and each.endpoint.lower().startswith("https:")
    ]
    whole = next((each for each in leading if each.is_of_all), None)
    if whole is not None:
        return complies(
            f"No pager listens to the topic, but the EventBridge rule {whole.rule} hands every"
            f" alarm to {shown(whole.endpoint)}."
        )
    if leading:
        return cannot_tell(
            f"No pager listens to the topic. The EventBridge rule {leading[0].rule} hands some"
            f" alarms to {shown(leading[0].endpoint)}; whether those of the topic are among them"
            " depends on its event pattern."
        )
    return None


def _without_pager(topic: PagingTopic, hosts: Collection[str]) -> Verdict:
    if not topic.alarms:
        return not_applicable("No alarm publishes to the topic, and no pager listens to it.")
    confirmed = [each for each in topic.listeners if each.subscription.confirmed]
    programs = [each for each in confirmed if _may_page(each)]
    if programs:
        names = [
            f"{each.subscription.protocol} {shown(each.subscription.endpoint)}"
            for each in programs
        ]
        return cannot_tell(
            f"Whether {listed(names)} pages someone does not show in AWS. If so, name it in the"
            " setting pager_hosts or pager_functions."
        )
    heard = sorted({each.subscription.protocol for each in confirmed})
    by = f"It reaches {listed(heard)} only" if heard else "No one has confirmed a subscription"
    return violates(
        f"No pager listens to the topic, which gets {plural(len(topic.alarms), 'alarm')}."
        f" {by}: nobody is paged at night.",
        expected=f"A subscription of {listed(sorted(hosts))}, or a function that pages.",
    )


def _may_page(listener: Listener) -> bool:
    """Whether it is a program that may hand on what it gets to a pager."""
    about = listener.subscription
    is_chat = host_of(about.endpoint) in CHAT_HOSTS
    return about.protocol not in _PEOPLE | {"firehose"} and not is_chat
