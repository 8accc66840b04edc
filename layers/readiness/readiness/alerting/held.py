"""Pages that wait for the end of quiet hours or of a change window: a row for each.

So do the ends of incidents whose key is gone, or whose finding opens and ends again and again.

A row is written before the message is taken, and removed after the page was told or the finding
pages nobody any more. The republishing schedule sends what is due to the forwarder again, which
decides anew; a row too many costs a look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from readiness.engine.attribute_values import deserialise_own, serialise
from readiness.engine.aws_errors import is_condition_failure
from readiness.engine.store import Store
from readiness.model.finding import finding_id, iso, past_moment
from readiness.model.resource import Resource
from readiness.model.text import clean

HELD = "held"
HELD_PAGE = "HELD"
"""The kind of the message that sends a page again."""
AGAIN = timedelta(minutes=5)
"""After what time a page is looked at again: a window may be ended early."""

AGAIN_AT_NIGHT = timedelta(minutes=50)
"""The same where the end is known: thousands of pages would keep the forwarder busy all night."""

ASKED_AGAIN = timedelta(hours=1)
"""After what time the forwarder is asked again where it did not answer, as while it is down."""


FOR_KEY = "no key: "
"""What the reason begins with where a resolve waits for the key of its service."""


@dataclass(frozen=True, slots=True)
class HeldPage:
    """One finding whose page waits."""

    finding_id: str
    resource: str
    rule: str
    again_at: str = ""
    since: str = ""
    because: str = ""

    @property
    def is_readable(self) -> bool:
        """Whether the row says which finding is meant."""
        try:
            Resource.parse(self.resource)
        except ValueError:
            return False
        return bool(self.rule)


class Held:
    """Rows of the transitions table: ``finding_id`` is ``held``, ``at`` the finding's id."""

    def __init__(
        self, store: Store, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._client = store.client
        self._table = store.transitions_table
        self._now = now

    def hold(
        self, resource: Resource, rule: str, because: str, until: datetime | None = None
    ) -> None:
        """Let the page of a finding wait; idempotent. ``until`` is when the reason ends, if known.

        The hours may be changed meanwhile, so that it is looked at before that, though seldom.
        """
        now = self._now()
        again = now + AGAIN if until is None else min(until, now + AGAIN_AT_NIGHT)
        row = {
            "kind": "HELD",
            "resource": resource.key,
            "rule": rule,
            "since": iso(now),
            "again_at": iso(again),
            "because": clean(because, 300),
        }
        item = _key(finding_id(resource, rule)) | serialise(row)
        self._client.put_item(TableName=self._table, Item=item)

    def release(self, resource: Resource, rule: str) -> None:
        """The page was told, or is not needed any more."""
        self._client.delete_item(TableName=self._table, Key=_key(finding_id(resource, rule)))

    def note_sent(self, page: HeldPage) -> None:
        """The forwarder was asked to look again; until it has, it is asked once an hour."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(page.finding_id),
                UpdateExpression="SET again_at = :n",
                ConditionExpression="again_at = :a",
                ExpressionAttributeValues={
                    ":a": {"S": page.again_at},
                    ":n": {"S": iso(self._now() + ASKED_AGAIN)},
                },
            )
        except ClientError as error:
            # It has answered meanwhile.
            if not is_condition_failure(error):
                raise

    def due(self) -> Iterator[HeldPage]:
        """What has to be looked at again now."""
        now = self._now()
        for held in self.all():
            again = past_moment(held.again_at, now + ASKED_AGAIN)
            if again is None or again <= now:
                yield held

    def all(self) -> Iterator[HeldPage]:
        """Everything that waits."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "finding_id = :f",
            "ExpressionAttributeValues": {":f": {"S": HELD}},
            "ConsistentRead": True,
        }
        while True:
            page = self._client.query(**query)
            for item in page["Items"]:
                row = deserialise_own(item)
                yield HeldPage(
                    str(row["at"]),
                    **{
                        name: str(row.get(name) or "")
                        for name in ("resource", "rule", "again_at", "since", "because")
                    },
                )
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _key(id: str) -> dict[str, Any]:
    return {"finding_id": {"S": HELD}, "at": {"S": id}}
