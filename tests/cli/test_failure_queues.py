"""A failure queue so long that what was received first is visible again before the end."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from readiness_cli import failure_queues as module
from readiness_cli.failure_queues import HELD_SECONDS, drain, outcome_of


class Queue:
    """SQS whose clock goes on with each call; messages are hidden for the time that is asked."""

    def __init__(self, count, seconds):
        self.visible_at = {f"m{n}": 0.0 for n in range(count)}
        self.now, self.seconds, self.deleted = 0.0, seconds, []
        self.draw = random.Random(seconds)

    def receive_message(self, *, MaxNumberOfMessages, VisibilityTimeout, **_):  # noqa: N803
        self.now += self.seconds
        visible = [id for id, at in self.visible_at.items() if at <= self.now]
        ids = self.draw.sample(visible, min(MaxNumberOfMessages, len(visible)))
        for id in ids:
            self.visible_at[id] = self.now + VisibilityTimeout
        return {
            "Messages": [
                {
                    "MessageId": id,
                    "ReceiptHandle": f"{id}@{self.now}",
                    "Body": "{}",
                    "Attributes": {"SentTimestamp": "0"},
                }
                for id in ids
            ]
        }

    def delete_message(self, *, ReceiptHandle, **_):  # noqa: N803
        id = ReceiptHandle.partition("@")[0]
        self.deleted.append(id)
        del self.visible_at[id]

    def change_message_visibility(self, *, ReceiptHandle, VisibilityTimeout, **_):  # noqa: N803
        self.visible_at[ReceiptHandle.partition("@")[0]] = self.now + VisibilityTimeout


@pytest.mark.parametrize("result", ["left", "sent"])
@pytest.mark.parametrize("seconds", [1, HELD_SECONDS / 25, HELD_SECONDS / 8])
def test_every_message_of_a_long_queue_is_tried_once(monkeypatch, result, seconds):
    """Messages that stay come again while others have not come yet."""
    monkeypatch.setattr(module, "_date_of", lambda answer: 1000.0)
    queue = Queue(200, seconds)
    aws = SimpleNamespace(client=lambda service: queue)
    tried = list(drain(aws, "q", "url", lambda message: outcome_of(message)(result=result)))
    ids = [outcome.message_id for outcome in tried]
    assert len(ids) == len(set(ids)) == 200
    assert len(queue.deleted) == (200 if result == "sent" else 0)
    if result == "left":
        assert all(at <= queue.now for at in queue.visible_at.values()), "visible again at once"
