"""Caches, for a day and for all runs, the answers to calls that AWS bills one by one."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from readiness.engine.aws_errors import is_condition_failure
from readiness.model.finding import iso, parse_iso

REMEMBERED = "remembered"
KEPT_FOR = timedelta(days=3)
LEASE = timedelta(minutes=15)
_PATIENCE = 10
_MEASURED = "measured"
"""The key of the row that says up to when the last hourly sweep measured."""


class NotCached(Exception):
    """There is no answer yet, and this run is not the one to ask."""


class DailyCache:
    """Answers of the day, as rows of the transitions table that are about no finding.

    ``finding_id`` is ``remembered`` and ``at`` the UTC day with the question; ``answer`` is
    compressed JSON. The run that writes the row first asks, the others wait for its answer. If
    asking fails, the run releases the row; if the run crashes, the row is free after 15 minutes.
    """

    def __init__(
        self, client: Any, table: str, *, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._table = table
        self._wait = wait

    def daily(self, question: str, now: datetime, ask: Callable[[], Any] | None) -> Any:
        """The answer of ``now``'s UTC day; without ``ask``, yesterday's is accepted too.

        Raises NotCached where there is no answer yet, ClientError for the table, and what
        ``ask`` raises.
        """
        today = _key(question, now)
        row = self._row(today, now)
        if "answer" in row:
            return _unpacked(row)
        if ask is None:
            row = self._row(_key(question, now - timedelta(days=1)), now)
            if "answer" in row:
                return _unpacked(row)
            raise NotCached("it is asked once a day, by the sweep, and was not yet")
        if not self._claim(today, now):
            return self._others(today, now)
        try:
            answer = ask()
        except BaseException:
            self._put(today, now, {"asked_at": {"S": ""}})
            raise
        self._keep(today, now, answer)
        return answer

    def renew(self, question: str, now: datetime, ask: Callable[[], Any]) -> Any:
        """Ask, whatever is kept, and keep the answer as that of the day.

        Raises ClientError for the table, and what ``ask`` raises.
        """
        answer = ask()
        self._keep(_key(question, now), now, answer)
        return answer

    def amend(self, question: str, now: datetime, changes: Mapping[str, Any]) -> None:
        """Put members into the newest answer, today's or yesterday's; nothing where neither is.

        Where others change it at the same time, again. Raises ClientError for the table.
        """
        for _ in range(_PATIENCE):
            for at in (_key(question, now), _key(question, now - timedelta(days=1))):
                row = self._row(at, now)
                if "answer" in row:
                    break
            else:
                return
            known = _unpacked(row)
            answer = known | changes
            if answer == known:
                return
            packed = zlib.compress(json.dumps(answer).encode())
            try:
                self._put(
                    at,
                    now,
                    {"asked_at": row["asked_at"], "answer": {"B": packed}},
                    ConditionExpression="answer = :was",
                    ExpressionAttributeValues={":was": row["answer"]},
                )
            except ClientError as error:
                if not is_condition_failure(error):
                    raise
            else:
                return

    def measured_to(self) -> datetime | None:
        """Up to when the last hourly sweep measured, if one did. Raises ClientError.

        A row that tells no time is as good as none: the next hourly sweep writes it anew.
        """
        try:
            return parse_iso(self._get(_MEASURED).get("asked_at", {}).get("S", ""))
        except ValueError:
            return None

    def measure_to(self, now: datetime) -> None:
        """Note that an hourly sweep measures up to ``now``. Raises ClientError."""
        self._put(_MEASURED, now, {"asked_at": {"S": iso(now)}})

    def _keep(self, at: str, now: datetime, answer: Any) -> None:
        packed = zlib.compress(json.dumps(answer).encode())
        self._put(at, now, {"asked_at": {"S": iso(now)}, "answer": {"B": packed}})

    def _claim(self, at: str, now: datetime) -> bool:
        """Whether this run is the one to ask."""
        try:
            self._put(
                at,
                now,
                {"asked_at": {"S": iso(now)}},
                ConditionExpression="attribute_not_exists(finding_id)"
                " OR (attribute_not_exists(answer) AND asked_at < :lapsed)",
                ExpressionAttributeValues={":lapsed": {"S": iso(now - LEASE)}},
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            return False
        return True

    def _others(self, at: str, now: datetime) -> Any:
        for _ in range(_PATIENCE):
            self._wait(1)
            row = self._row(at, now)
            if "answer" in row:
                return _unpacked(row)
        raise NotCached("another run is asking")

    def _put(self, at: str, now: datetime, fields: dict[str, Any], **condition: Any) -> None:
        row = {
            "finding_id": {"S": REMEMBERED},
            "at": {"S": at},
            "kind": {"S": "REMEMBERED"},
            "expires_at": {"N": str(int((now + KEPT_FOR).timestamp()))},
        }
        self._client.put_item(TableName=self._table, Item=row | fields, **condition)

    def _get(self, at: str) -> dict[str, Any]:
        answer = self._client.get_item(
            TableName=self._table,
            Key={"finding_id": {"S": REMEMBERED}, "at": {"S": at}},
            ConsistentRead=True,
        )
        row: dict[str, Any] = answer.get("Item", {})
        return row

    def _row(self, at: str, now: datetime) -> dict[str, Any]:
        """A row; an answer that cannot be read is given up, so that the question is asked anew."""
        row = self._get(at)
        if "answer" not in row:
            return row
        try:
            _unpacked(row)
        except (KeyError, TypeError, ValueError, zlib.error):
            free = {"asked_at": {"S": ""}}
            was = {
                "ConditionExpression": "answer = :was",
                "ExpressionAttributeValues": {":was": row["answer"]},
            }
            try:
                self._put(at, now, free, **was)
            except ClientError as error:
                if not is_condition_failure(error):
                    raise
            return free
        return row


def _key(question: str, moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}#{question}"


def _unpacked(row: dict[str, Any]) -> Any:
    packed = row["answer"]["B"]
    return json.loads(zlib.decompress(bytes(packed)))
