"""What was saved before an emergency procedure acted, who acted, and what has ended since."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from readiness.engine.attribute_values import deserialise, serialise
from readiness.engine.declare import Declarations
from readiness.model.finding import iso, parse_iso
from readiness_cli import stack
from readiness_cli.emergency.plan import Plan, State, canonical
from readiness_cli.failure import Exit, Failure

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness_cli.stack import Stack

RULE = "emergency"
"""Under which the index ``by-rule`` has the rows; no rule is called so."""

LISTS = "readiness emergency list"
_KEY = "emergency#"


@dataclass(frozen=True, slots=True)
class Saved:
    """The state of a target before a procedure acted on it for the first time.

    ``number`` counts the emergencies of one target. It is open until the state is restored or
    somebody says that the new state is to stay.
    """

    id: str
    number: int
    procedure: str
    target: str
    before: State
    after: State
    options: Mapping[str, Any]
    by: str
    at: datetime
    reason: str
    drill: bool = False
    ended: str = ""
    ended_by: str = ""
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return not self.ended

    def row(self) -> dict[str, Any]:
        """As it is printed."""
        return {
            "id": self.id,
            "procedure": self.procedure,
            "target": self.target,
            "state": self.ended or "open",
            "by": self.by,
            "at": iso(self.at),
            "reason": self.reason,
            "drill": self.drill,
            "before": dict(self.before),
            "after": dict(self.after),
            "ended_by": self.ended_by,
            "ended_at": iso(self.ended_at) if self.ended_at else "",
        }


class Desk:
    """The emergencies of a stack, in its table of what people state.

    Rows are appended, never changed: one before the first write to a target, one that ends it.
    Two operators who save at once put the same key, and the table takes one of them.
    """

    def __init__(self, aws: Aws, deployed: Stack) -> None:
        self._aws = aws
        self._deployed = deployed
        self._client = aws.client("dynamodb")
        self._table = deployed["DeclarationsTable"]
        self._rows = Declarations(self._client, self._table)

    def of_target(self, target: str) -> list[Saved]:
        """Every emergency of a target, oldest first, as the table has them now."""
        return _assembled(
            self._pages(
                ConsistentRead=True,
                KeyConditionExpression="declared_by = :k",
                ExpressionAttributeValues={":k": {"S": _KEY + target}},
            )
        )

    def open_of(self, target: str) -> Saved | None:
        """The emergency of a target that has not ended."""
        return next((each for each in self.of_target(target) if each.is_open), None)

    def every(self) -> list[Saved]:
        """Every emergency, as far as the index shows them yet; the newest first."""
        found = _assembled(
            self._pages(
                IndexName="by-rule",
                KeyConditionExpression="#r = :r",
                ExpressionAttributeNames={"#r": "rule"},
                ExpressionAttributeValues={":r": {"S": RULE}},
            )
        )
        return sorted(found, key=lambda each: each.at, reverse=True)

    def one(self, id: str) -> Saved:
        """The emergency with that id. Raises Failure."""
        found = [each for each in self.every() if each.id == id]
        if not found:
            raise Failure(
                f"there is no emergency {id!r} in the stack {self._deployed.name!r}",
                why="What was saved under the id is what a restore brings back",
                fix=f"run `{LISTS}`; a new one can take a second to appear",
            )
        return next(each for each in self.of_target(found[0].target) if each.id == id)

    def save(self, plan: Plan, options: Mapping[str, Any], *, reason: str, drill: bool) -> Saved:
        """Keep the state before the first write. Raises Failure where another did so just now."""
        known = self.of_target(plan.target)
        number = known[-1].number + 1 if known else 1
        saved = Saved(
            secrets.token_hex(4),
            number,
            plan.procedure,
            plan.target,
            plan.before,
            plan.after,
            options,
            self._caller(),
            self._aws.now(),
            reason,
            drill,
        )
        row = {
            **_key(saved, "SAVED"),
            "id": saved.id,
            "procedure": saved.procedure,
            "target": saved.target,
            "before": canonical(saved.before),
            "after": canonical(saved.after),
            "options": canonical(saved.options),
            "by": saved.by,
            "at": iso(saved.at),
            "reason": saved.reason,
            "drill": saved.drill,
        }
        if (known and known[-1].is_open) or not self._put(row):
            raise Failure(
                f"another emergency of {plan.target} began just now",
                why="Its saved state must stay the one that is restored",
                fix=f"see who acts on it with `{LISTS}`, and make a new plan",
                code=Exit.GATE_FAILED,
            )
        return saved

    def end(self, saved: Saved, how: str) -> Saved:
        """Record that the state was restored, or is to stay. A second time changes nothing."""
        row = {
            **_key(saved, "ENDED"),
            "id": saved.id,
            "ended": how,
            "by": self._caller(),
            "at": iso(self._aws.now()),
        }
        self._put(row)
        return next(each for each in self.of_target(saved.target) if each.id == saved.id)

    def _put(self, row: Mapping[str, Any]) -> bool:
        with stack.tables_of(self._deployed):
            return self._rows.append(serialise(row))

    def _caller(self) -> str:
        return str(self._aws.client("sts").get_caller_identity()["Arn"])

    def _pages(self, **query: Any) -> Iterable[dict[str, Any]]:
        with stack.tables_of(self._deployed):
            pages = self._client.get_paginator("query").paginate(TableName=self._table, **query)
            for page in pages:
                yield from map(deserialise, page["Items"])


def _key(saved: Saved, kind: str) -> dict[str, Any]:
    return {
        "declared_by": _KEY + saved.target,
        "declared_at": f"{saved.number:06}#{kind}",
        "rule": RULE,
        "kind": f"EMERGENCY_{kind}",
    }


def _assembled(rows: Iterable[Mapping[str, Any]]) -> list[Saved]:
    by_kind: dict[str, list[Mapping[str, Any]]] = {"EMERGENCY_SAVED": [], "EMERGENCY_ENDED": []}
    for row in rows:
        by_kind[row["kind"]].append(row)
    ends = {(row["declared_by"], row["id"]): row for row in by_kind["EMERGENCY_ENDED"]}
    found = []
    for row in by_kind["EMERGENCY_SAVED"]:
        end = ends.get((row["declared_by"], row["id"]), {})
        found.append(
            Saved(
                row["id"],
                int(row["declared_at"].partition("#")[0]),
                row["procedure"],
                row["target"],
                json.loads(row["before"]),
                json.loads(row["after"]),
                json.loads(row["options"]),
                row["by"],
                parse_iso(row["at"]),
                row["reason"],
                row["drill"],
                end.get("ended", ""),
                end.get("by", ""),
                parse_iso(end["at"]) if end else None,
            )
        )
    return sorted(found, key=lambda each: each.number)
