"""An event rule that hands alarms on to an encrypted topic, with a function and a queue behind."""

from __future__ import annotations

from tests.accounts import alarms
from tests.fake_account import FakeAccount

_ASKED = [
    ("kms", "describe_key"),
    ("kms", "get_key_policy"),
    ("sns", "get_topic_attributes"),
    ("sns", "get_subscription_attributes"),
]
_BEHIND = [
    ("lambda", "get_policy"),
    ("sns", "list_subscriptions_by_topic"),
    ("sqs", "get_queue_attributes"),
]


def handed_to_a_topic(account: FakeAccount) -> FakeAccount:
    """The account, with the topic as the target of its event rule."""
    about = alarms.fake_account().answers
    behind = alarms.heard_by_a_function_and_a_queue().answers
    return account.but(
        events__list_targets_by_rule={"Targets": [{"Id": "1", "Arn": alarms.TOPIC}]},
        **{"__".join(each): about[each] for each in _ASKED},
        **{"__".join(each): behind[each] for each in _BEHIND},
    )
