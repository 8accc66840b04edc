"""Which sweeps completed, and since when each rule is past its baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from readiness.engine.attribute_values import deserialise_own, serialise
from readiness.engine.aws_errors import is_condition_failure
from readiness.engine.rows import HISTORY_FOR
from readiness.model.finding import iso, past_moment

SWEEP = "sweep"
BASELINE = "baseline"
INSTALLED = "(installed)"
MOST_PAGES = 20
_LONG_AGO = datetime.fromtimestamp(0, UTC)
PENDING = ("pending", "pending_since")
SWEPT = ("release", "swept_at", "trigger")
LONGEST_BASELINE = timedelta(days=2)
"""A rule that no sweep completes pages all the same after this time."""


class Sweeps:
    """The rows of the transitions table that are about no finding.

    ``finding_id`` is ``sweep#<account>/<region>`` with ``at`` the time, for each completed sweep;
    and ``baseline#<account>/<region>`` with ``at`` the rule, kept for good: ``began_at``, when the
    rule was first heard of, ``ended_at`` and ``ended_by``, when the first sweep with it had
    completed, ``release``, ``swept_at`` and ``trigger``, which version of it was swept last,
    since when and by which sweep, and ``pending`` and ``pending_since``, the version that none
    has completed yet. A row whose ``at`` is a heading holds for
    all its rules; earlier versions wrote only such, under ``baseline`` alone.
    """

    def __init__(self, client: Any, transitions: str, where: str = "") -> None:
        self._client = client
        self._table = transitions
        self._sweep = f"{SWEEP}#{where}" if where else SWEEP
        self._place = f"{BASELINE}#{where}" if where else BASELINE
        self._ended: dict[str, str] = {}
        self._swept: dict[tuple[str, str], str] = {}

    def baseline_ended(self, rule: str, now: datetime | None = None) -> str:
        """When the baseline of a rule ended; empty as long as it has not.

        It ends with the first completed sweep, or ``LONGEST_BASELINE`` after it began: after the
        first time that this is asked.
        """
        if rule not in self._ended:
            ended = self._end_of(rule, now or datetime.now(UTC))
            if not ended:
                return ""
            self._ended[rule] = ended
        return self._ended[rule]

    def _end_of(self, rule: str, now: datetime) -> str:
        row = self._row(rule)
        heading = rule.partition(".")[0]
        for ended in (row, self._row(heading), self._row(heading, BASELINE)):
            if "ended_at" in ended:
                # One that cannot be read, or lies ahead, would keep the rule quiet for ever.
                return iso(past_moment(ended["ended_at"], now) or _LONG_AGO)
        began = past_moment(row.get("began_at"), now) or self._begin(rule, now)
        latest = began + LONGEST_BASELINE
        return iso(latest) if latest <= now else ""

    def swept_since(self, rule: str, release: str, now: datetime | None = None) -> str:
        """When the first sweep with this version of the rule completed; empty if none has.

        A version that no sweep completes counts as swept ``LONGEST_BASELINE`` after this was first
        asked about it. One that comes back after a rollback is asked about anew.
        """
        if (rule, release) not in self._swept:
            since = self._swept_since(rule, release, now or datetime.now(UTC))
            if not since:
                return ""
            self._swept[rule, release] = since
        return self._swept[rule, release]

    def _swept_since(self, rule: str, release: str, now: datetime) -> str:
        row = self._row(rule)
        if row.get("release") == release and "swept_at" in row:
            return iso(past_moment(row["swept_at"], now) or _LONG_AGO)
        since = past_moment(row.get("pending_since"), now)
        if row.get("pending") != release or since is None:
            self._client.update_item(
                TableName=self._table,
                Key={"finding_id": {"S": self._place}, "at": {"S": rule}},
                UpdateExpression="SET pending = :r, pending_since = :t,"
                " kind = if_not_exists(kind, :k)",
                ExpressionAttributeValues={
                    ":r": {"S": release},
                    ":t": {"S": iso(now)},
                    ":k": {"S": "BASELINE_BEGAN"},
                },
            )
            return ""
        latest = since + LONGEST_BASELINE
        return iso(latest) if latest <= now else ""

    def ended(self) -> dict[str, dict[str, Any]]:
        """The rows of all rules and headings that are past their baseline, by name."""
        return {
            name: row
            for place in dict.fromkeys((BASELINE, self._place))
            for name, row in self._rows(place).items()
            if "ended_at" in row
        }

    def end_baseline(self, name: str, at: datetime, sweep: str, release: str = "") -> bool:
        """End a rule's or heading's baseline, or note that another release of it was swept.

        True for the sweep that did, also when it asks again.
        """
        values = {":t": {"S": iso(at)}, ":s": {"S": sweep}, ":r": {"S": release}}
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"finding_id": {"S": self._place}, "at": {"S": name}},
                UpdateExpression="SET kind = :k, ended_at = if_not_exists(ended_at, :t),"
                " ended_by = if_not_exists(ended_by, :s), swept_at = :t, #s = :s, #r = :r"
                " REMOVE pending, pending_since",
                ConditionExpression="attribute_not_exists(ended_at) OR #r <> :r",
                ExpressionAttributeNames={"#s": "trigger", "#r": "release"},
                ExpressionAttributeValues=values | {":k": {"S": "BASELINE_ENDED"}},
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            return self._row(name).get("trigger") == sweep
        return True

    def forget(self, rule: str, attributes: Iterable[str]) -> None:
        """Take these attributes out of a rule's row."""
        names = {f"#{number}": name for number, name in enumerate(attributes)}
        self._client.update_item(
            TableName=self._table,
            Key={"finding_id": {"S": self._place}, "at": {"S": rule}},
            UpdateExpression=f"REMOVE {', '.join(names)}",
            ExpressionAttributeNames=names,
        )

    def complete(
        self, sweep: str, at: datetime, *, completed: Iterable[str], failed: Iterable[str]
    ) -> None:
        """Append that a sweep completed, and for which headings it did not."""
        item = {
            "finding_id": self._sweep,
            "at": iso(at),
            "kind": "SWEEP_COMPLETED",
            "trigger": sweep,
            "completed": sorted(completed),
            "failed": sorted(failed),
            "expires_at": int((at + HISTORY_FOR).timestamp()),
        }
        self._client.put_item(TableName=self._table, Item=serialise(item))

    def hours_without(self, now: datetime) -> float:
        """Hours since a sweep last covered every heading, or since this was first asked."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "finding_id = :f",
            "ExpressionAttributeValues": {":f": {"S": self._sweep}},
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": 10,
        }
        last = None
        for _ in range(MOST_PAGES):
            page = self._client.query(**query)
            whole = [row for row in map(deserialise_own, page["Items"]) if not row.get("failed")]
            last = next((at for row in whole if (at := past_moment(row["at"], now))), None)
            if last or "LastEvaluatedKey" not in page:
                break
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        last = last or self._begin(INSTALLED, now)
        return max(0.0, (now - last).total_seconds() / 3600)

    def latest(self, count: int) -> list[dict[str, Any]]:
        """The rows of the sweeps that completed last, newest first; nothing is written."""
        page = self._client.query(
            TableName=self._table,
            KeyConditionExpression="finding_id = :f",
            ExpressionAttributeValues={":f": {"S": self._sweep}},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=count,
        )
        return [deserialise_own(item) for item in page["Items"]]

    def _begin(self, rule: str, now: datetime) -> datetime:
        """When the rule was first heard of; now, if the row does not tell."""
        self._client.update_item(
            TableName=self._table,
            Key={"finding_id": {"S": self._place}, "at": {"S": rule}},
            UpdateExpression="SET began_at = if_not_exists(began_at, :t),"
            " kind = if_not_exists(kind, :k)",
            ExpressionAttributeValues={":t": {"S": iso(now)}, ":k": {"S": "BASELINE_BEGAN"}},
        )
        began = past_moment(self._row(rule).get("began_at"), now)
        if began is None:
            self._client.update_item(
                TableName=self._table,
                Key={"finding_id": {"S": self._place}, "at": {"S": rule}},
                UpdateExpression="SET began_at = :t",
                ExpressionAttributeValues={":t": {"S": iso(now)}},
            )
        return began or now

    def _row(self, name: str, place: str = "") -> Mapping[str, Any]:
        answer = self._client.get_item(
            TableName=self._table,
            Key={"finding_id": {"S": place or self._place}, "at": {"S": name}},
            ConsistentRead=True,
        )
        return deserialise_own(answer.get("Item", {}))

    def _rows(self, place: str) -> dict[str, dict[str, Any]]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "finding_id = :f",
            "ExpressionAttributeValues": {":f": {"S": place}},
            "ConsistentRead": True,
        }
        found: dict[str, dict[str, Any]] = {}
        while True:
            page = self._client.query(**query)
            found |= {row["at"]: row for row in map(deserialise_own, page["Items"])}
            if "LastEvaluatedKey" not in page:
                return found
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]
