"""Reads all findings of a stack: one query for each rule, in parallel, few attributes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.model.finding import finding_id, parse_iso
from readiness.model.resource import Resource
from readiness.model.verdict import Severity, Status

_ATTRIBUTES = (
    "resource",
    "status",
    "severity",
    "status_since",
    "first_observed_at",
    "last_observed_at",
    "waived_until",
    "gone",
)
"""What every summary needs of each row."""
_OF_WHOM = ("workload", "environment", "owner")
_DETAILS = ("reason", "waived_because", "waiver", "waiver_owner")
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Row:
    """What the stack says of one rule about one resource, as far as a summary needs it."""

    rule: str
    resource: str
    status: Status
    severity: Severity
    reason: str
    since: datetime
    first_seen: datetime
    workload: str = ""
    environment: str = ""
    owner: str = ""
    waived_until: datetime | None = None
    waived_because: str = ""
    waiver: str = ""
    waiver_owner: str = ""

    @property
    def id(self) -> str:
        """The finding's id, which follows from its key."""
        return finding_id(Resource.parse(self.resource), self.rule)

    @property
    def is_waived(self) -> bool:
        return self.status is Status.NON_COMPLIANT and self.waived_until is not None

    @property
    def fails(self) -> bool:
        """Whether it is wrong and nobody has accepted it."""
        return self.status is Status.NON_COMPLIANT and not self.is_waived


@dataclass(frozen=True, slots=True)
class Readout:
    """All rows of what exists, and the keys of those that this version cannot read."""

    rows: tuple[Row, ...]
    unreadable: tuple[str, ...] = ()


def read(
    client: Any,
    table: str,
    account: str,
    rules: Iterable[str],
    now: datetime,
    *,
    of_whom: bool = True,
    details: bool = True,
) -> Readout:
    """The rows of the rules in an account. What is gone is left out.

    Without ``of_whom`` no workload, environment and owner is read, without ``details`` no reason
    and nothing of who waived: of 100,000 rows that is half of what there is to transfer.
    """
    names = (*_ATTRIBUTES, *(_OF_WHOM if of_whom else ()), *(_DETAILS if details else ()))
    query = {
        "TableName": table,
        "IndexName": "by-rule",
        "KeyConditionExpression": "#rule = :u",
        "ProjectionExpression": ",".join(f"#{name}" for name in names),
        "ExpressionAttributeNames": {f"#{name}": name for name in ("rule", *names)},
    }
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda rule: _of_rule(client, query, account, rule, now), rules)
        rows: list[Row] = []
        unreadable: list[str] = []
        for of_rule, unread in found:
            rows += of_rule
            unreadable += unread
    return Readout(tuple(rows), tuple(unreadable))


def _of_rule(
    client: Any, query: Mapping[str, Any], account: str, rule: str, now: datetime
) -> tuple[list[Row], list[str]]:
    """The rows of a rule, page by page, and the keys of those that cannot be read."""
    asked = {**query, "ExpressionAttributeValues": {":u": {"S": rule}}}
    rows: list[Row] = []
    unreadable: list[str] = []
    mine = f"{account}/"
    while True:
        page = client.query(**asked)
        for item in page["Items"]:
            resource = item["resource"]["S"]
            # A stack's table is of one account; a condition on it would cost more than it saves.
            if not resource.startswith(mine) or item.get("gone", {}).get("BOOL"):
                continue
            try:
                rows.append(_row(rule, item, now))
            except (LookupError, TypeError, ValueError, AttributeError):
                unreadable.append(f"{rule} {resource}")
        if "LastEvaluatedKey" not in page:
            return rows, unreadable
        asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _row(rule: str, item: Mapping[str, Any], now: datetime) -> Row:
    """A row as DynamoDB has it: a map of texts, ``{"S": …}``."""
    last = _moment(item, "last_observed_at")
    until = _moment(item, "waived_until")
    resource = item["resource"]["S"]
    if resource.count("/") < 3:
        raise ValueError(resource)
    since = _moment(item, "status_since") or last
    first = _moment(item, "first_observed_at") or last
    if since is None or first is None:
        raise LookupError("last_observed_at")
    return Row(
        rule,
        resource,
        Status(item["status"]["S"]),
        Severity(item["severity"]["S"]),
        _text(item, "reason"),
        since,
        first,
        _text(item, "workload"),
        _text(item, "environment"),
        _text(item, "owner"),
        # One whose time is over is not waived, although upkeep may not have written so yet.
        until if until is not None and until > now else None,
        _text(item, "waived_because"),
        _text(item, "waiver"),
        _text(item, "waiver_owner"),
    )


def _text(item: Mapping[str, Any], name: str) -> str:
    return sys.intern(item[name]["S"]) if name in item else ""


def _moment(item: Mapping[str, Any], name: str) -> datetime | None:
    return parse_iso(item[name]["S"]) if name in item else None
