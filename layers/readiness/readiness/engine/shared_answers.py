"""What the headings that one event wakes ask alike is asked of AWS once, by the first of them.

A call that changes a function wakes up to fifteen functions of ours at the same moment, and nearly
all of them read its configuration, aliases and policy. Each answer was asked for after the event
happened, so that it is no older than what a heading would have read for itself; it tells when.
"""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.aws_errors import code_of, is_condition_failure
from readiness.model.finding import iso, parse_iso

SHARED = frozenset(
    {
        ("lambda", "get_function_concurrency"),
        ("lambda", "get_function_configuration"),
        ("lambda", "get_policy"),
        ("lambda", "list_aliases"),
        ("lambda", "list_event_source_mappings"),
        ("resourcegroupstaggingapi", "get_resources"),
    }
)
"""Calls that several headings make after one event, to services whose rates are scarce.

None whose answer is kept beyond the event (``DeclaredReader.amend``): it may be the older one.
"""
GOOD_FOR = timedelta(seconds=45)
"""How old an answer may be: Lambda brings an event that failed again a minute later."""
ANSWERED_WITHIN = timedelta(seconds=10)
_WAITS = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds before each look at whether another heading has its answer."""
_SAID = frozenset({"ResourceNotFoundException"})
"""Refusals that say something of the account, and not of who asks."""
_KEPT_SECONDS = 3600
_LARGEST = 300_000
"""Bytes, compressed; DynamoDB takes 400 KB."""
_MOMENT = "$moment"


class SharedRefusal(ClientError):
    """What AWS said to another heading, at ``asked_at``."""

    def __init__(self, kept: Mapping[str, Any], asked_at: datetime) -> None:
        code, message = str(kept["code"]), str(kept.get("Message", ""))
        super().__init__({"Error": {"Code": code, "Message": message}}, "shared")
        self.asked_at = asked_at


class SharedAnswers:
    """The answers about one event, as rows of the transitions table.

    ``finding_id`` is ``shared#<id of the event>`` and ``at`` a digest of the question; ``answer``
    is compressed JSON. The heading that writes the row first asks, the others wait for its answer.
    If it does not come, or the table does not answer, each asks for itself. So it does where the
    answer holds values of environment variables, which are never written down. The id is
    EventBridge's, which no sender of an event can choose.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        event: str,
        now: Callable[[], datetime],
        *,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._event = f"shared#{event}"
        self._now = now
        self._wait = wait

    def answer(self, question: str, ask: Callable[[], Any]) -> tuple[Any, datetime | None]:
        """The answer, and when another heading asked for it; None where this one did.

        Raises what ``ask`` raises, also where it raised it for another heading.
        """
        at = hashlib.sha256(question.encode()).hexdigest()[:32]
        try:
            found = None if self._is_first(at) else self._of_another(at)
        except (BotoCoreError, ClientError):
            return ask(), None
        if found is not None:
            kept, asked_at = found
            if "code" in kept:
                raise SharedRefusal(kept, asked_at)
            return kept["answer"], asked_at
        return self._asked(at, ask), None

    def _is_first(self, at: str) -> bool:
        try:
            began = {"asked_at": {"S": iso(self._now())}}
            self._put(at, began, ConditionExpression="attribute_not_exists(finding_id)")
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            return False
        return True

    def _of_another(self, at: str) -> tuple[dict[str, Any], datetime] | None:
        for seconds in _WAITS:
            self._wait(seconds)
            row = self._client.get_item(
                TableName=self._table,
                Key={"finding_id": {"S": self._event}, "at": {"S": at}},
                ConsistentRead=True,
            ).get("Item", {})
            if "answer" in row:
                return self._unpacked(row)
            if "given_up" in row or self._is_old(row):
                return None
        return None

    def _is_old(self, row: dict[str, Any]) -> bool:
        """Whether nobody will answer any more, as where who asked has died."""
        since = row.get("asked_at", {}).get("S", "")
        return bool(since < iso(self._now() - ANSWERED_WITHIN))

    def _unpacked(self, row: dict[str, Any]) -> tuple[dict[str, Any], datetime] | None:
        """None for an answer that is too old, or that this version cannot read."""
        try:
            asked_at = parse_iso(row["asked_at"]["S"])
            text = zlib.decompress(bytes(row["answer"]["B"]))
            kept = json.loads(text, object_hook=_as_moment)
        except (KeyError, TypeError, ValueError, zlib.error):
            return None
        is_good = isinstance(kept, dict) and kept.keys() & {"answer", "code"}
        return (kept, asked_at) if is_good and self._now() - asked_at <= GOOD_FOR else None

    def _asked(self, at: str, ask: Callable[[], Any]) -> Any:
        asked_at = self._now()
        try:
            answer = ask()
        except ClientError as error:
            said = code_of(error) in _SAID
            self._keep(at, asked_at, error.response.get("Error", {}) if said else None)
            raise
        except BaseException:
            self._keep(at, asked_at, None)
            raise
        self._keep(at, asked_at, {"answer": answer})
        return answer

    def _keep(self, at: str, asked_at: datetime, kept: Any) -> None:
        """Let the others have it; that there is none, where it cannot be kept."""
        fields: dict[str, Any] = {"given_up": {"BOOL": True}}
        if kept is not None:
            said = kept if "answer" in kept else {"code": kept.get("Code"), **kept}
            try:
                text = json.dumps(said, default=_plain)
                packed = b"" if _has_variables(text) else zlib.compress(text.encode())
            except (TypeError, ValueError):
                packed = b""
            if 0 < len(packed) <= _LARGEST:
                fields = {"asked_at": {"S": iso(asked_at)}, "answer": {"B": packed}}
        try:
            self._put(at, fields)
        except (BotoCoreError, ClientError):
            # The others ask for themselves after a while.
            return

    def _put(self, at: str, fields: dict[str, Any], **condition: str) -> None:
        row = {
            "finding_id": {"S": self._event},
            "at": {"S": at},
            "kind": {"S": "SHARED"},
            "expires_at": {"N": str(int(self._now().timestamp()) + _KEPT_SECONDS)},
        }
        self._client.put_item(TableName=self._table, Item=row | fields, **condition)


def _has_variables(text: str) -> bool:
    """Whether values of environment variables are in an answer: people leave passwords there.

    Who may read the table, its stream or its backups need not be allowed to read functions.
    """
    if '"Variables"' not in text:
        return False
    answer = json.loads(text).get("answer")
    environment = answer.get("Environment") if isinstance(answer, dict) else None
    return bool(isinstance(environment, dict) and environment.get("Variables"))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {_MOMENT: value.isoformat()}
    raise TypeError(f"{type(value).__name__} is no JSON")


def _as_moment(found: dict[str, Any]) -> Any:
    if found.keys() == {_MOMENT}:
        return datetime.fromisoformat(found[_MOMENT])
    return found
