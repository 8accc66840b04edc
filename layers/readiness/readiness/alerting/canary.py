"""A finding of nothing, once an hour, that goes the whole way to the forwarder and no further.

``alerts`` writes it as a transition; the stream, ``alerts``, the topic and the queue carry it like
any other. The forwarder notes that it came. Rows of the transitions table: the transition itself,
and ``canary`` with ``at`` ``arrived`` or ``began``.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from readiness.engine.attribute_values import deserialise_own, serialise
from readiness.engine.rows import Entry, shard_of
from readiness.engine.store import Store
from readiness.model.finding import finding_id, iso, parse_iso, past_moment
from readiness.model.resource import Resource
from readiness.model.verdict import Severity

CANARY = "CANARY"
"""The kind of the transition and of the message, and what the attribute ``status`` says."""
RULE = "readiness.canary"
TYPE = "Readiness::Canary"
KEPT_FOR = timedelta(days=3)


class Canary:
    """One stack's canary. ``where`` is account/region."""

    def __init__(self, store: Store, where: str = "") -> None:
        self._store = store
        self._client = store.client
        self._table = store.transitions_table
        self._where = where

    def release(self, now: datetime) -> bool:
        """Begin this hour's way; False where it has begun already."""
        account, _, region = self._where.partition("/")
        resource = Resource(account, region, TYPE, "canary")
        id = finding_id(resource, RULE)
        hour = now.replace(minute=0, second=0, microsecond=0)
        row = {
            "finding_id": id,
            "at": iso(hour),
            "kind": CANARY,
            "resource": resource.key,
            "rule": RULE,
            "reason": iso(now),
            "unpublished": shard_of(id),
            "expires_at": int((now + KEPT_FOR).timestamp()),
        }
        if not self._store.put_once(serialise(row)):
            return False
        if not any(self._began(hour - timedelta(hours=n)) for n in (1, 2)):
            self._put("began", now)
        return True

    def _began(self, hour: datetime) -> bool:
        """Whether one was let go in an hour; else the canaries begin (anew) now."""
        account, _, region = self._where.partition("/")
        id = finding_id(Resource(account, region, TYPE, "canary"), RULE)
        key = {"finding_id": {"S": id}, "at": {"S": iso(hour)}}
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return bool(answer.get("Item"))

    def arrived(self, sent_at: str) -> None:
        """One that began at ``sent_at`` has come; what comes late or twice changes nothing.

        None can have set out later than it came. Raises ValueError.
        """
        now = datetime.now(UTC)
        known = self._moment("arrived", now)
        sent = min(parse_iso(sent_at), now)
        if known is None or sent > known:
            self._put("arrived", sent)

    def hours_without(self, now: datetime) -> float:
        """Hours since the last that came set out, or since canaries began, also anew."""
        known = [moment for which in ("arrived", "began") if (moment := self._moment(which, now))]
        if not known:
            self._put("began", now)
            return 0.0
        return max(0.0, (now - max(known)).total_seconds() / 3600)

    def _moment(self, which: str, now: datetime) -> datetime | None:
        key = {"finding_id": {"S": "canary"}, "at": {"S": which}}
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return past_moment(deserialise_own(answer.get("Item", {})).get("moment"), now)

    def _put(self, which: str, moment: datetime) -> None:
        row = {"finding_id": "canary", "at": which, "kind": CANARY, "moment": iso(moment)}
        self._client.put_item(TableName=self._table, Item=serialise(row))


def canary_message(entry: Entry) -> dict[str, Any]:
    """The arguments of ``sns.publish`` for a canary, without the topic."""
    account, region, *_ = entry.resource.split("/")
    text = "The hourly canary of Readiness. Filter it out by the attribute status, CANARY."
    machine = json.dumps({"kind": CANARY, "sent_at": entry.reason})
    values = {
        "severity": str(Severity.INFORMATIONAL),
        "status": CANARY,
        "pager": "yes",
        "account": account,
        "region": region,
    }
    return {
        "Subject": "Readiness: canary",
        "MessageStructure": "json",
        "Message": json.dumps({"default": text, "sqs": machine, "lambda": machine}),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in values.items()
        },
    }
