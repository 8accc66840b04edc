"""Tells those who watch Readiness what a deletion leaves open at PagerDuty.

After it nothing of the stack is left that could tell, its logs included.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.pagerduty.telemetry import log
from readiness.alerting.incidents import Incident
from readiness.model.text import clean, error_text

MOST_LISTED = 100
MOST_REASON = 400
DELIVERY_SECONDS = 5.0
"""A topic that is deleted may not deliver what was published a moment before."""
SPARE_SECONDS = 12.0


class Watchers:
    """The topic of the watcher's alarms; ``sns`` makes the client, ``remaining`` is in ms."""

    def __init__(
        self,
        sns: Callable[[], Any],
        topic: str,
        remaining: Callable[[], int],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sns = sns
        self._topic = topic
        self._remaining = remaining
        self._wait = wait

    def left_open(self, stack: str, reason: str, left: Sequence[Incident], unknown: int) -> None:
        """``left`` are the incidents that stay open, ``unknown`` counts marks that say not which.

        A topic that does not take it is logged: a deletion goes on.
        """
        keys = {each.dedup_key: each for each in left}
        count = len(keys) + unknown
        lines = [
            f"The stack {stack} is deleted, and of its incidents these are still open at",
            "PagerDuty. Nothing resolves them any more: resolve them there.",
            "",
            f"Why: {clean(reason, MOST_REASON)}",
            "",
        ]
        for each in list(keys.values())[:MOST_LISTED]:
            lines += [f"  {clean(each.rule, 100)}  {clean(each.resource, 500)}"]
            lines += [f"    {each.dedup_key}"]
        if len(keys) > MOST_LISTED:
            lines.append(f"  and {len(keys) - MOST_LISTED} more")
        if unknown:
            lines.append(
                f"  and {unknown} of which the stack does not know any more what they are"
            )
        subject = f"Readiness: incidents left open at PagerDuty ({count or 'number unknown'})"
        try:
            self._sns().publish(TopicArn=self._topic, Subject=subject, Message="\n".join(lines))
        except (BotoCoreError, ClientError) as error:
            log.error("the watchers could not be told", extra={"reason": error_text(error)})
            return
        spare = self._remaining() / 1000 - SPARE_SECONDS
        self._wait(max(0.0, min(DELIVERY_SECONDS, spare)))
