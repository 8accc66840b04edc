"""The findings of a whole stack, read lightly: by rule, side by side, without what nobody asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.engine.attribute_values import deserialise
from readiness.model.finding import parse_iso
from readiness.model.verdict import Severity, Status

_ATTRIBUTES = (
    "rule",
    "resource",
    "status",
    "severity",
    "reason",
    "finding_id",
    "status_since",
    "first_observed_at",
    "last_observed_at",
    "waived_until",
    "waived_because",
    "waiver",
    "waiver_owner",
    "workload",
    "environment",
    "owner",
    "gone",
)
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Row:
    """What the stack says of one rule about one resource, as far as a summary needs it."""

    rule: str
    resource: str
    status: Status
    severity: Severity
    reason: str
    id: str
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


def read(client: Any, table: str, account: str, rules: Iterable[str], now: datetime) -> Readout:
    """The rows of the rules in an account. What is gone is left out."""
    rules = list(rules)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda rule: _of_rule(client, table, account, rule, now), rules)
        rows: list[Row] = []
        unreadable: list[str] = []
        for of_rule in found:
            for each in of_rule:
                if isinstance(each, Row):
                    rows.append(each)
                else:
                    unreadable.append(each)
    return Readout(tuple(rows), tuple(unreadable))


def _of_rule(client: Any, table: str, account: str, rule: str, now: datetime) -> list[Row | str]:
    return list(_rows(client, table, account, rule, now))


def _rows(client: Any, table: str, account: str, rule: str, now: datetime) -> Iterator[Row | str]:
    names = {f"#{index}": name for index, name in enumerate(_ATTRIBUTES)}
    query: dict[str, Any] = {
        "TableName": table,
        "IndexName": "by-rule",
        "KeyConditionExpression": "#0 = :u AND begins_with(#1, :p)",
        "ProjectionExpression": ",".join(names),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {":u": {"S": rule}, ":p": {"S": f"{account}/"}},
    }
    while True:
        page = client.query(**query)
        for item in page["Items"]:
            try:
                plain = deserialise(item)
                if not plain.get("gone"):
                    yield _row(plain, now)
            except (LookupError, TypeError, ValueError, AttributeError):
                yield f"{rule} {item.get('resource', {}).get('S', '')}"
        if "LastEvaluatedKey" not in page:
            return
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _row(plain: Mapping[str, Any], now: datetime) -> Row:
    last = parse_iso(plain["last_observed_at"])
    until = parse_iso(plain["waived_until"]) if plain.get("waived_until") else None
    return Row(
        plain["rule"],
        plain["resource"],
        Status(plain["status"]),
        Severity(plain["severity"]),
        plain.get("reason", ""),
        plain["finding_id"],
        parse_iso(plain["status_since"]) if plain.get("status_since") else last,
        parse_iso(plain["first_observed_at"]) if plain.get("first_observed_at") else last,
        plain.get("workload", ""),
        plain.get("environment", ""),
        plain.get("owner", ""),
        # One whose time is over is not waived, although upkeep may not have written so yet.
        until if until is not None and until > now else None,
        plain.get("waived_because", ""),
        plain.get("waiver", ""),
        plain.get("waiver_owner", ""),
    )
