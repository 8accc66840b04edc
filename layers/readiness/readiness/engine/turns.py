"""Whose turn it is to look at everything: one look at a time, and another for what came meanwhile.

In a vast account a look at everything takes longer than the minute after which the next one may
begin, and each takes its part of AWS's rates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.attribute_values import serialise
from readiness.engine.aws_errors import is_condition_failure
from readiness.engine.look_again import A_TURN_SECONDS
from readiness.engine.names_row import NamesRow, names_in
from readiness.engine.targets import Target
from readiness.model.finding import iso

LOOK = "look"
LEASE = timedelta(seconds=A_TURN_SECONDS)
"""How long a look has its turn after the part that it began last, which takes five minutes."""
_MORE = "more"
_KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Note:
    """When the last event came during a look, empty where none did, and what they all named."""

    came: str = ""
    named: frozenset[str] = frozenset()


NOTHING_CAME = Note()


class Turns:
    """Rows of the transitions table, ``look#<heading>`` with ``at`` a digest of the rules.

    ``look`` is whose turn it is, ``until`` how long; empty after it has ended. A second row, which
    ends in ``#more``, says that an event came during a look (``came``). They carry no
    ``unpublished``, so the stream passes over them, and expire after a day.
    """

    def __init__(self, client: Any, table: str, heading: str) -> None:
        self._client = client
        self._table = table
        self._heading = f"{LOOK}#{heading}"

    def key(self, targets: Iterable[Target]) -> str:
        """What is looked at, as the key of a turn: rules, each with the type it refers to."""
        kinds = {" ".join([target.rule, *(target.via or ())[:1]]) for target in targets}
        return hashlib.sha256("\n".join(sorted(kinds)).encode()).hexdigest()[:16]

    def take(self, key: str, look: str, now: datetime, named: Iterable[str] = ()) -> bool:
        """Whether it is the turn of ``look`` (again); also where that cannot be told.

        Where it is not, the one whose turn it is will know that another event came, and what that
        ``named``.
        """
        if self._taken(key, look, now):
            return True
        if not self._note_more(key, now, named):
            return True
        # The other one may have ended just before it could know.
        return self._taken(key, look, now)

    def end(self, key: str, look: str, now: datetime) -> Note:
        """Give the turn back; the note of the events that came meanwhile.

        It stays until :meth:`forget`, so that nothing is lost between the two. Raises botocore's
        errors.
        """
        try:
            self._client.put_item(
                TableName=self._table,
                Item=self._row(key, now, {"look": look, "until": ""}),
                ConditionExpression="#l = :look",
                ExpressionAttributeNames={"#l": "look"},
                ExpressionAttributeValues={":look": {"S": look}},
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            # The turn had lapsed, and another look has it.
            return NOTHING_CAME
        return self._noted(key)

    def noted(self, key: str) -> Note | None:
        """The note of the events that came during a look; None where that cannot be told."""
        try:
            return self._noted(key)
        except (BotoCoreError, ClientError):
            return None

    def forget(self, key: str, note: Note, now: datetime) -> None:
        """Forget the note of what was looked at, unless another event came since.

        What cannot be forgotten is looked at once more.
        """
        if not note.came:
            return
        with suppress(BotoCoreError, ClientError):
            self._client.put_item(
                TableName=self._table,
                Item=self._row(f"{key}#{_MORE}", now, {"came": ""}),
                ConditionExpression="came = :came",
                ExpressionAttributeValues={":came": {"S": note.came}},
            )

    def _noted(self, key: str) -> Note:
        row = self._more(key).read()
        came = str(row.get("came") or "")
        return Note(came, names_in(row)) if came else NOTHING_CAME

    def _more(self, key: str) -> NamesRow:
        return NamesRow(self._client, self._table, self._heading, f"{key}#{_MORE}")

    def _taken(self, key: str, look: str, now: datetime) -> bool:
        try:
            self._client.put_item(
                TableName=self._table,
                Item=self._row(key, now, {"look": look, "until": iso(now + LEASE)}),
                ConditionExpression="attribute_not_exists(finding_id) OR #u < :now OR #l = :look",
                ExpressionAttributeNames={"#l": "look", "#u": "until"},
                ExpressionAttributeValues={":look": {"S": look}, ":now": {"S": iso(now)}},
            )
        except ClientError as error:
            return not is_condition_failure(error)
        except BotoCoreError:
            return True
        return True

    def _note_more(self, key: str, now: datetime, named: Iterable[str]) -> bool:
        """Whether it is noted; where it is not, two looks are better than none."""
        return self._more(key).add({"kind": "LOOK", "came": iso(now)}, now, named)

    def _row(self, at: str, now: datetime, values: dict[str, str]) -> dict[str, Any]:
        row = {"finding_id": self._heading, "at": at, "kind": "LOOK"}
        expires = int(now.timestamp()) + _KEPT_SECONDS
        item: dict[str, Any] = serialise({**row, **values, "expires_at": expires})
        return item
