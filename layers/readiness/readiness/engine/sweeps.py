"""Which sweeps completed, and since when each heading is past its baseline."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from readiness.engine.attribute_values import from_wire, to_wire
from readiness.engine.store import HISTORY_FOR
from readiness.model.finding import iso

SWEEP = "sweep"
BASELINE = "baseline"


class Sweeps:
    """The rows of the transitions table that are about no finding.

    ``finding_id`` is ``sweep`` with ``at`` the time, for each completed sweep; and ``baseline``
    with ``at`` the heading, once for each heading, kept for good.
    """

    def __init__(self, client: Any, transitions: str) -> None:
        self._client = client
        self._table = transitions
        self._ended: dict[str, str] = {}

    def baseline_ended(self, heading: str) -> str:
        """When the first completed sweep of a heading ended; empty as long as none has."""
        if heading not in self._ended:
            row = self._baseline(heading)
            if not row:
                return ""
            self._ended[heading] = str(row["ended_at"])
        return self._ended[heading]

    def end_baseline(self, heading: str, at: datetime, sweep: str) -> bool:
        """End a heading's baseline, once. True for the sweep that did, also when it asks again."""
        item = {
            "finding_id": BASELINE,
            "at": heading,
            "kind": "BASELINE_ENDED",
            "ended_at": iso(at),
            "trigger": sweep,
        }
        try:
            self._client.put_item(
                TableName=self._table,
                Item=to_wire(item),
                ConditionExpression="attribute_not_exists(finding_id)",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return self._baseline(heading).get("trigger") == sweep
        return True

    def complete(
        self, sweep: str, at: datetime, *, completed: Iterable[str], failed: Iterable[str]
    ) -> None:
        """Append that a sweep completed, and for which headings it did not."""
        item = {
            "finding_id": SWEEP,
            "at": iso(at),
            "kind": "SWEEP_COMPLETED",
            "trigger": sweep,
            "completed": sorted(completed),
            "failed": sorted(failed),
            "expires_at": int((at + HISTORY_FOR).timestamp()),
        }
        self._client.put_item(TableName=self._table, Item=to_wire(item))

    def _baseline(self, heading: str) -> dict[str, Any]:
        answer = self._client.get_item(
            TableName=self._table,
            Key={"finding_id": {"S": BASELINE}, "at": {"S": heading}},
            ConsistentRead=True,
        )
        return from_wire(answer.get("Item", {}))
