"""Whether an event is one of a crowd: the first of a minute is evaluated, the rest in one look.

An event about something that others refer to (a key, a role, a task definition) costs a read of
all that may refer to it; fifty of them in a minute would cost it fifty times. An event about one
of many that are judged together (a schedule) costs a read of them all. The principal of one event
is not named for what a look on behalf of several finds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.attribute_values import serialise
from readiness.engine.aws_errors import is_condition_failure
from readiness.engine.look_again import SLOT_SECONDS, Again
from readiness.engine.names_row import NamesRow, names_in
from readiness.engine.targets import ANY, Target
from readiness.model.origin import Origin

CROWD = "crowd"
_KEPT_SECONDS = 24 * 3600
_MORE = "more"


def referring_to_any(targets: Iterable[Target]) -> frozenset[Target]:
    """The same targets for whatever the events of a crowd are about."""
    return frozenset(
        target if target.via is None else replace(target, via=(target.via[0], ANY))
        for target in targets
    )


def _digest(targets: Iterable[Target]) -> str:
    kinds = sorted([each.rule, *(each.via or filter(None, [each.id]))] for each in targets)
    return hashlib.sha256(json.dumps(kinds).encode()).hexdigest()[:16]


def of_several(origin: Origin) -> Origin:
    """The origin of what several events caused: none of their principals."""
    return Origin(woken_by=origin.woken_by, release=origin.release)


def of_several_events(asked: Again) -> Again:
    """One look on behalf of several events: at all that they may concern, blaming nobody."""
    return replace(
        asked,
        targets=referring_to_any(asked.targets),
        origin=of_several(asked.origin),
    )


class Crowds:
    """Rows of the transitions table, ``crowd#<heading>`` with ``at`` the minute and the kind.

    A second row, which ends in ``#more``, says that more than one event came. They carry no
    ``unpublished``, so the stream passes over them, and expire after a day.
    """

    def __init__(self, client: Any, table: str, heading: str) -> None:
        self._client = client
        self._table = table
        self._heading = f"{CROWD}#{heading}"

    def key(self, targets: Iterable[Target], now: datetime) -> str:
        """What events of one minute have in common that ask for the same kind of look."""
        return f"{int(now.timestamp()) // SLOT_SECONDS}#{_digest(referring_to_any(targets))}"

    def key_of_same(self, targets: Iterable[Target], now: datetime, seconds: int) -> str:
        """What events of so many seconds have in common that ask for the very same look."""
        return f"{int(now.timestamp()) // seconds}x{seconds}#{_digest(targets)}"

    def is_first(
        self, key: str, now: datetime, named: Iterable[str] = (), event: str = ""
    ) -> bool | None:
        """Whether no other such event came before; None where that cannot be told or noted.

        The same ``event`` once more is no other one. What another one ``named`` is kept for the
        look on behalf of all of them.
        """
        row = {
            "finding_id": self._heading,
            "at": key,
            "kind": "CROWD",
            "expires_at": int(now.timestamp()) + _KEPT_SECONDS,
        }
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(finding_id)"}
        if event:
            row["event"] = event
            condition = {
                "ConditionExpression": "attribute_not_exists(finding_id) OR #e = :e",
                "ExpressionAttributeNames": {"#e": "event"},
                "ExpressionAttributeValues": {":e": {"S": event}},
            }
        try:
            self._client.put_item(TableName=self._table, Item=serialise(row), **condition)
        except ClientError as error:
            if not is_condition_failure(error):
                return None
        except BotoCoreError:
            return None
        else:
            return True
        return False if self._rest(key).add({"kind": "CROWD"}, now, named) else None

    def others(self, key: str) -> frozenset[str] | None:
        """What the events after the first named; None where there were none.

        Where that cannot be told there may have been some.
        """
        try:
            row = self._rest(key).read()
        except (BotoCoreError, ClientError):
            return frozenset()
        return names_in(row) if row else None

    def _rest(self, key: str) -> NamesRow:
        return NamesRow(self._client, self._table, self._heading, f"{key}#{_MORE}")
