"""What SQS and SNS do with what cannot be delivered: evidence in, verdict out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from functions.error_handling.app import (
    asynchronous_failures,
    queue_redrive,
    queue_retries,
    subscription_failures,
    subscription_retries,
)
from readiness import Severity, Status
from readiness.evidence.sns.redrive import Redriven, TopicLosses, TopicRedrive
from readiness.evidence.sqs.redrive import QueueRedrive
from tests.accounts.error_handling import (
    DEAD,
    FAILED,
    FUNCTION,
    KEY,
    KEY_POLICY,
    TOPIC,
    WORK,
    allow,
    policy,
)
from tests.rules.test_error_handling import KEPT, QUIET, check, dead, sink, use
from tests.rules.test_error_handling_asynchronous import SENDS

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA


# -- queues ---------------------------------------------------------------------------------------

LONG = sink(DEAD, retention=1_209_600)


def queue(**about):
    return QueueRedrive(**({"name": "work", "arn": WORK, "dead": DEAD, "most": 5} | about))


def allows(permission, *arns):
    return json.dumps(
        {"redrivePermission": permission, **({"sourceQueueArns": arns} if arns else {})}
    )


@pytest.mark.parametrize(
    ("about", "sinks", "settings", "status", "words", "severity"),
    [
        pytest.param(queue(), (LONG,), {}, GOOD, "dead after it was received 5", None, id="good"),
        pytest.param(queue(most=None), (LONG,), {}, GOOD, "10 times", None, id="SQS's default"),
        pytest.param(
            queue(dead="", most=None), (), {}, BAD, "4 days", None, id="none"
        ),
        pytest.param(
            queue(dead="", most=None, retention=901), (), {}, BAD, "901 seconds", None,
            id="none, and little time",
        ),
        pytest.param(
            queue(dead="", most=None, retention=900), (), {}, BAD, "15 minutes", Severity.LOW,
            id="none, and wanted only while fresh",
        ),
        pytest.param(
            queue(dead="", most=None, retention=300), (), {}, BAD, "5 minutes", Severity.LOW,
            id="Karpenter's",
        ),
        pytest.param(
            queue(dead="", senders=("function agent",)), (), {}, NA, "function agent", None,
            id="a dead-letter queue",
        ),
        pytest.param(
            queue(dead="", takes_dead_letters=True), (), {}, NA, "", None, id="it says it is one"
        ),
        pytest.param(queue(flaw="odd"), (), {}, UNKNOWN, "odd", None, id="odd"),
        pytest.param(
            queue(), (sink(DEAD, exists=False),), {}, BAD, "not exist", Severity.HIGH, id="deleted"
        ),
        pytest.param(
            queue(), (sink(f"{DEAD}.fifo"),), {}, BAD, "FIFO", Severity.HIGH, id="other kind"
        ),
        pytest.param(
            queue(name="work.fifo"), (LONG,), {}, BAD, "standard", Severity.HIGH, id="and back"
        ),
        pytest.param(
            queue(name="work.fifo", dead=f"{DEAD}.fifo"), (sink(f"{DEAD}.fifo", retention=86_400),),
            {}, GOOD, "", None, id="a FIFO queue begins the time anew",
        ),
        pytest.param(
            queue(), (sink(DEAD, retention=86_400),), {}, BAD, "1 day", Severity.MEDIUM, id="short"
        ),
        pytest.param(queue(), (sink(DEAD),), {}, GOOD, "", None, id="as long"),
        pytest.param(
            queue(), (sink(DEAD, allows=allows("denyAll")),), {}, BAD, "not allow the queue",
            Severity.HIGH, id="denies all",
        ),
        pytest.param(
            queue(), (sink(DEAD, allows=allows("byQueue", FAILED)),), {}, BAD, "not allow the queue",
            Severity.HIGH, id="allows another",
        ),
        pytest.param(
            queue(), (sink(DEAD, allows=allows("byQueue", WORK)),), {}, GOOD, "", None, id="allows"
        ),
        pytest.param(
            queue(), (sink(DEAD, allows=allows("allowAll")),), {}, GOOD, "", None, id="allows all"
        ),
        pytest.param(
            queue(), (sink(DEAD, dead=WORK),), {}, BAD, "circle", Severity.HIGH, id="circle"
        ),
        pytest.param(
            queue(most=2), (LONG,), {}, BAD, "received 2 times", Severity.MEDIUM, id="too soon"
        ),
        pytest.param(
            queue(most=2), (LONG,), {"min_receives": 2}, GOOD, "", None, id="soon enough"
        ),
        pytest.param(
            queue(most=1000, visibility=600), (LONG,), {}, BAD, "none is ever", Severity.MEDIUM,
            id="it expires before",
        ),
        pytest.param(
            queue(), (sink(DEAD, key_problem="does not exist"),), {}, BAD, "KMS", Severity.HIGH,
            id="key",
        ),
    ],
)  # fmt: skip
def test_queue_redrive(about, sinks, settings, status, words, severity):
    given = replace(about, sink=sinks[0]) if sinks else about
    check(queue_redrive(given, **settings), status, words, severity)


@pytest.mark.parametrize(
    ("about", "status"),
    [
        pytest.param(queue(), GOOD, id="five"),
        pytest.param(queue(most=None), GOOD, id="SQS's default"),
        pytest.param(queue(most=1), BAD, id="one"),
        pytest.param(queue(dead="", most=None), GOOD, id="no dead-letter queue"),
        pytest.param(queue(dead="", senders=("work",)), NA, id="a dead-letter queue"),
        pytest.param(queue(dead="", flaw="odd"), UNKNOWN, id="odd"),
    ],
)
def test_queue_retries(about, status):
    check(queue_retries(about), status)


# -- topics ---------------------------------------------------------------------------------------


def subscribed(**about):
    good = {"arn": f"{TOPIC}:1", "protocol": "lambda", "endpoint": FUNCTION, "dead": DEAD}
    return Redriven(**(good | about))


def topic(*subscriptions, **about):
    return TopicRedrive("alerts", TOPIC, subscriptions, **about)


CUSTOMER = {"key_id": KEY, "key_arn": KEY}
NONE_LOST = TopicLosses()
OTHER_TOPIC = policy(allow("sns", "sqs:SendMessage", source=f"{TOPIC}-2"))
BY_TAG = policy(
    allow("sns", "sqs:SendMessage")
    | {"Condition": {"StringEquals": {"aws:ResourceTag/team": "ops"}}}
)


@pytest.mark.parametrize(
    ("about", "losses", "sinks", "status", "words", "severity"),
    [
        pytest.param(topic(subscribed()), NONE_LOST, (dead(),), GOOD, "", None, id="good"),
        pytest.param(
            topic(subscribed(), subscribed(dead="", protocol="sqs", endpoint=WORK)),
            NONE_LOST, (dead(),), BAD, "sqs work", Severity.HIGH, id="one of two",
        ),
        pytest.param(
            topic(subscribed(), subscribed(dead="", protocol="sqs", endpoint=WORK)),
            NONE_LOST, (dead(), sink(WORK, retention=900)), BAD,
            "sqs work, to a queue that keeps messages only for minutes", Severity.LOW,
            id="a queue for what is fresh",
        ),
        pytest.param(
            topic(subscribed(dead="", protocol="sqs", endpoint=WORK)),
            NONE_LOST, (sink(WORK, retention=901),), BAD, "sqs work.", Severity.HIGH,
            id="a queue that keeps messages",
        ),
        pytest.param(topic(others=3), NONE_LOST, (), NA, "confirmed", None, id="people"),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(exists=False),), BAD, "not exist", Severity.HIGH,
            id="deleted",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(policy=""),), BAD, "policy", Severity.HIGH,
            id="no policy",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(policy=OTHER_TOPIC),), BAD, "policy",
            Severity.HIGH, id="lets another topic in",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(policy=BY_TAG),), UNKNOWN, "conditions", None,
            id="under conditions",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(policy="{"),), UNKNOWN, "conditions", None,
            id="a policy nobody understands",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(is_aws_key=True),), BAD, "alias/aws/sqs",
            Severity.HIGH, id="SQS's own key",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(**CUSTOMER, key_policy=KEY_POLICY),), GOOD, "",
            None, id="a key that lets SNS in",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST,
            (dead(**CUSTOMER, key_policy=policy(allow("sns", "kms:Decrypt"))),), BAD, "encrypt",
            Severity.HIGH, id="a key that lets SNS only decrypt",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(**CUSTOMER, key_policy="{"),), UNKNOWN, "KMS",
            None, id="a key policy nobody understands",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(key_id="arn"),), UNKNOWN, "another account",
            None, id="a key of another account",
        ),
        pytest.param(
            topic(subscribed()), TopicLosses(undelivered=2.0), (dead(),), BAD, "2 messages",
            Severity.CRITICAL, id="lost on the way to the queue",
        ),
        pytest.param(
            topic(subscribed()), TopicLosses(undelivered=2.0, is_past=True), (dead(),), GOOD, "",
            None, id="repaired since",
        ),
        pytest.param(
            topic(subscribed()), TopicLosses(undelivered=2.0, is_past=True), (dead(policy=""),),
            BAD, "2 messages", Severity.CRITICAL, id="not repaired",
        ),
        pytest.param(
            topic(subscribed(dead="")), TopicLosses(failed=2.0), (), BAD, "are lost",
            Severity.CRITICAL, id="lost",
        ),
        pytest.param(
            topic(subscribed(dead=""), others=1), TopicLosses(failed=2.0), (), BAD, "Without",
            Severity.HIGH, id="lost, or a mail was",
        ),
        pytest.param(
            topic(subscribed()), TopicLosses(failed=2.0), (dead(),), GOOD, "", None, id="kept"
        ),
        pytest.param(
            TopicRedrive("a.fifo", f"{TOPIC}.fifo", (subscribed(),)), NONE_LOST, (dead(),), BAD,
            "standard", Severity.HIGH, id="a FIFO topic",
        ),
    ],
)  # fmt: skip
def test_subscription_failures(about, losses, sinks, status, words, severity):
    check(subscription_failures(about, losses, sinks), status, words, severity)


@pytest.mark.parametrize(
    ("about", "status"),
    [
        pytest.param(topic(subscribed()), GOOD, id="a function"),
        pytest.param(topic(subscribed(protocol="https", retries=3)), GOOD, id="three"),
        pytest.param(topic(subscribed(protocol="https", retries=0)), BAD, id="none"),
        pytest.param(topic(), NA, id="nobody"),
    ],
)
def test_subscription_retries(about, status):
    check(subscription_retries(about), status)


# -- how long failures are kept -------------------------------------------------------------------


def test_a_queue_that_forgets_failures_within_a_day_keeps_none():
    short = sink(retention=3600)
    verdict = asynchronous_failures(use(settings=KEPT), QUIET, (short,), (), (), (SENDS,))
    check(verdict, BAD, "for 1 hour,", Severity.MEDIUM)
    day = sink(retention=86_400)
    check(asynchronous_failures(use(settings=KEPT), QUIET, (day,), (), (), (SENDS,)), GOOD)
