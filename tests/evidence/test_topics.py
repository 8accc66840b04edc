"""The way through a topic, against SNS's documented answers: moto never leaves one pending."""

from __future__ import annotations

import json

import pytest

from readiness.engine.aws import Aws
from readiness.evidence.sns.delivery import (
    Subscription,
    TopicExists,
    TopicPath,
    topic_of_subscription,
)
from readiness.evidence.sns.listeners import Listeners
from readiness.evidence.sns.topics import TOPIC
from readiness.model.unreadable import Gone, Unreadable
from readiness.semantics.admission import Answer
from readiness.semantics.conditions import Requests
from tests.accounts import alarms as worlds
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, FakeAccount, error

ALERTS = TOPIC.resource(ACCOUNT_ID, HOME, "alerts")
ARN = worlds.TOPIC


def load(cls, fake_account, topic=ALERTS):
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON)
    return aws.evidence(cls, topic).evidence


def subscribed(*subscriptions, attributes=None, **topic) -> FakeAccount:
    listed = [
        {"SubscriptionArn": arn, "Protocol": protocol, "Endpoint": "x"}
        for arn, protocol in subscriptions
    ]
    about = {"TopicArn": ARN, "Policy": "{}"} | topic
    return worlds.fake_account().but(
        sns__list_subscriptions_by_topic={"Subscriptions": listed},
        sns__get_subscription_attributes={"Attributes": attributes or {}},
        sns__get_topic_attributes={"Attributes": about},
    )


def test_a_topic_and_its_listener():
    found = load(TopicPath, worlds.fake_account())
    assert found.alarms[:2] == ("agent-errors", "agent-slow")
    assert found.key is not None
    assert found.key.id == worlds.KEY_ID
    assert found.alarm_arns == f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm:"
    assert [each.protocol for each in found.subscriptions] == ["https"]


@pytest.mark.parametrize("arn", ["PendingConfirmation", "Deleted"])
def test_a_subscription_without_an_arn_is_not_confirmed_and_not_asked_about(arn):
    fake_account = subscribed((arn, "email"))
    assert load(TopicPath, fake_account).subscriptions == (
        Subscription("email", "x", confirmed=False),
    )
    assert ("sns", "get_subscription_attributes") not in fake_account.calls


def test_what_a_subscription_filters():
    attributes = {
        "FilterPolicy": json.dumps({"AlarmName": ["a"]}),
        "FilterPolicyScope": "MessageBody",
        "RawMessageDelivery": "true",
    }
    fake_account = subscribed((f"{ARN}:1", "sqs"), attributes=attributes)
    [found] = load(TopicPath, fake_account).subscriptions
    assert found == Subscription(
        "sqs", "x", filter_policy={"AlarmName": ["a"]}, on_body=True, raw=True
    )


NO_FUNCTION = error("ResourceNotFoundException", 404)
NO_QUEUE = error("AWS.SimpleQueueService.NonExistentQueue")


def queue(policy: str = "", **more: str) -> dict[str, object]:
    return {"Attributes": {"Policy": policy, **more}}


@pytest.mark.parametrize(
    ("answers", "lost"),
    [
        pytest.param({}, {}, id="both take it"),
        pytest.param(
            {"lambda__get_function_configuration": NO_FUNCTION},
            {"lambda": (Answer.NO, "does not exist")},
            id="no function",
        ),
        pytest.param(
            {"sqs__get_queue_attributes": NO_QUEUE},
            {"sqs": (Answer.NO, "does not exist")},
            id="no queue",
        ),
        pytest.param(
            {"lambda__get_policy": NO_FUNCTION, "sqs__get_queue_attributes": {}},
            dict.fromkeys(
                ("lambda", "sqs"), (Answer.NO, "has no policy that lets SNS deliver to it")
            ),
            id="no policies",
        ),
        pytest.param(
            {
                "sqs__get_queue_attributes": queue(
                    worlds.lets_sns("sqs:SendMessage", Principal={"AWS": ACCOUNT_ID})
                )
            },
            {
                "sqs": (
                    Answer.NO,
                    "has a policy that does not let SNS deliver to it for this topic",
                )
            },
            id="a policy for the account, of which SNS is none",
        ),
        pytest.param(
            {
                "sqs__get_queue_attributes": queue(
                    worlds.lets_sns("sqs:SendMessage", Principal="*")
                )
            },
            {},
            id="a policy for anybody from this topic",
        ),
        pytest.param(
            {
                "sqs__get_queue_attributes": queue(
                    worlds.lets_sns(
                        "sqs:SendMessage", Condition={"ArnEquals": {"aws:SourceArn": f"{ARN}-2"}}
                    )
                )
            },
            {
                "sqs": (
                    Answer.NO,
                    "has a policy that does not let SNS deliver to it for this topic",
                )
            },
            id="a policy for another topic",
        ),
        pytest.param(
            {
                "lambda__get_policy": {
                    "Policy": worlds.lets_sns(
                        "lambda:InvokeFunction",
                        Condition={"StringEquals": {"aws:SourceOrgID": "o-1"}},
                    )
                }
            },
            {
                "lambda": (
                    Answer.MAYBE,
                    "has a policy that may not let SNS deliver to it for this topic",
                )
            },
            id="a policy for an organization",
        ),
        pytest.param(
            {
                "sqs__get_queue_attributes": queue(
                    worlds.lets_sns("sqs:SendMessage"), KmsMasterKeyId="alias/aws/sqs"
                )
            },
            {
                "sqs": (
                    Answer.NO,
                    "is encrypted with alias/aws/sqs, which lets no other service use it",
                )
            },
            id="a key of AWS",
        ),
    ],
)
def test_whether_what_subscribes_takes_it(answers, lost):
    account = worlds.heard_by_a_function_and_a_queue().but(**answers)
    found = load(TopicPath, account).subscriptions
    assert {e.protocol: (e.arrives, e.why) for e in found if e.why} == lost


def test_a_queue_that_lets_nothing_in_does_not_listen():
    account = worlds.heard_by_a_function_and_a_queue().but(
        lambda__get_policy=NO_FUNCTION, sqs__get_queue_attributes=queue()
    )
    found = load(Listeners, account)
    assert found.confirmed == 0
    assert found.deaf("cloudwatch.amazonaws.com", Requests({})) == (
        Answer.YES,
        "whose subscriber agent has no policy that lets SNS deliver to it",
    )


def test_what_was_deleted_does_not_listen():
    account = worlds.heard_by_a_function_and_a_queue()
    assert load(Listeners, account).confirmed == 2
    no_queue = account.but(
        sqs__get_queue_attributes=error("AWS.SimpleQueueService.NonExistentQueue")
    )
    assert load(Listeners, no_queue).confirmed == 1
    neither = no_queue.but(
        lambda__get_function_configuration=error("ResourceNotFoundException", 404)
    )
    found = load(Listeners, neither)
    assert (found.confirmed, found.passes) == (0, Answer.NO)


def test_a_queue_that_may_not_be_read_hides_who_listens():
    account = worlds.heard_by_a_function_and_a_queue().but(
        sqs__get_queue_attributes=error("AccessDenied", 403)
    )
    with pytest.raises(Unreadable, match="sqs:GetQueueAttributes"):
        load(TopicPath, account)


def test_a_queue_of_another_account_is_not_asked_about():
    listed = {
        "SubscriptionArn": f"{ARN}:1",
        "Protocol": "sqs",
        "Endpoint": f"arn:aws:sqs:{HOME}:444455556666:pages",
    }
    account = worlds.fake_account().but(
        sns__list_subscriptions_by_topic={"Subscriptions": [listed]}
    )
    [found] = load(TopicPath, account).subscriptions
    assert found.arrives is Answer.YES
    assert ("sqs", "get_queue_attributes") not in account.calls


def test_a_subscription_deleted_meanwhile():
    fake_account = subscribed((f"{ARN}:1", "sqs")).but(
        sns__get_subscription_attributes=error("NotFound", 404)
    )
    assert load(TopicPath, fake_account).subscriptions == ()


def test_a_topic_no_alarm_uses_is_not_read_further():
    fake_account = subscribed((f"{ARN}:1", "sqs")).but(
        cloudwatch__describe_alarms={"MetricAlarms": []}
    )
    found = load(TopicPath, fake_account)
    assert (found.alarms, found.subscriptions, found.key) == ((), (), None)
    assert ("sns", "list_subscriptions_by_topic") not in fake_account.calls


def test_an_alias_is_followed_to_its_key():
    found = load(TopicPath, subscribed(KmsMasterKeyId="alias/aws/sns"))
    assert found.key_id == "alias/aws/sns"
    assert found.key is not None
    assert found.key.id == worlds.KEY_ID


def test_a_key_of_another_account_stays_an_arn():
    arn = "arn:aws:kms:us-east-1:444455556666:key/k"
    found = load(TopicPath, subscribed(KmsMasterKeyId=arn))
    assert found.key is not None
    assert (found.key.account, found.key.id) == ("444455556666", arn)


@pytest.mark.parametrize("code", ["NotFound", "NotFoundException"])
def test_a_topic_that_is_gone(code):
    fake_account = worlds.fake_account().but(sns__get_topic_attributes=error(code, 404))
    assert load(TopicExists, fake_account).exists is False
    with pytest.raises(Gone):
        load(TopicPath, fake_account)


def test_a_topic_of_another_account_is_asked_for_by_its_arn():
    asked = []

    def answer(**params):
        asked.append(params["TopicArn"])
        return FAULTS["denied"]

    theirs = TOPIC.resource("444455556666", "eu-west-1", "ops")
    with pytest.raises(Unreadable, match="sns:GetTopicAttributes"):
        load(TopicExists, worlds.fake_account().but(sns__get_topic_attributes=answer), theirs)
    assert asked == ["arn:aws:sns:eu-west-1:444455556666:ops"]


@pytest.mark.parametrize(
    ("arn", "name"), [(f"{ARN}:c7fe3a54", "alerts"), ("PendingConfirmation", None), (ARN, None)]
)
def test_the_topic_of_a_subscription(arn, name):
    assert topic_of_subscription(arn) == name
