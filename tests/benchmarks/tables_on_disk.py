"""The findings and transitions tables in SQLite, so that they are in nobody's memory."""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore import xform_name

from tests.benchmarks.vast_numbers import Refused


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


class Tables:
    """The three tables in a file, with as much of DynamoDB as the engine uses."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS rows (tab TEXT, hash TEXT, range TEXT, rule TEXT, item TEXT,"
            " PRIMARY KEY (tab, hash, range))"
        )
        self._db.execute("CREATE INDEX IF NOT EXISTS by_rule ON rows (tab, rule, hash)")

    def count(self, table: str, like: str = "%") -> int:
        query = "SELECT count(*) FROM rows WHERE tab = ? AND item LIKE ?"
        [(count,)] = self._db.execute(query, (table, like))
        return int(count)

    def existing(self, table: str) -> Iterator[tuple[str, str]]:
        """Resource and rule of each finding whose resource is not known to be gone."""
        query = "SELECT hash, range FROM rows WHERE tab = ? AND item NOT LIKE '%\"gone\"%'"
        yield from self._db.execute(query, (table,))

    def statuses(self) -> dict[str, int]:
        """How many findings there are of each status; those of what is gone are left out."""
        query = (
            "SELECT json_extract(item, '$.status.S'), count(*) FROM rows"
            " WHERE tab = 'findings' AND item NOT LIKE '%\"gone\"%' GROUP BY 1"
        )
        return dict(self._db.execute(query).fetchall())

    def unknown(self) -> dict[str, int]:
        """Why what could not be judged could not, by rule and missing action."""
        query = (
            "SELECT rule || ' ' || json_extract(item, '$.reason.S'), count(*) FROM rows"
            " WHERE tab = 'findings' AND json_extract(item, '$.status.S') = 'INSUFFICIENT_DATA'"
            " AND item NOT LIKE '%\"gone\"%' GROUP BY 1 ORDER BY 2 DESC LIMIT 40"
        )
        return dict(self._db.execute(query).fetchall())

    def answer(self, operation: str, params: Mapping[str, Any]) -> Any:
        with self._lock:
            made: Callable[[Mapping[str, Any]], Any] = getattr(self, xform_name(operation))
            return made(params)

    def _keys(self, item: Mapping[str, Any]) -> tuple[str, str]:
        names = ("resource", "rule") if "resource" in item else ("finding_id", "at")
        if "finding_id" in item and "at" in item:
            names = ("finding_id", "at")
        return item[names[0]]["S"], item[names[1]]["S"]

    def get_item(self, params: Mapping[str, Any]) -> Any:
        found = self._get(params["TableName"], *self._keys(params["Key"]))
        return {} if found is None else {"Item": found}

    def _get(self, table: str, hash: str, range: str) -> Any:
        query = "SELECT item FROM rows WHERE tab = ? AND hash = ? AND range = ?"
        row = self._db.execute(query, (table, hash, range)).fetchone()
        return None if row is None else json.loads(row[0])

    def put_item(self, params: Mapping[str, Any]) -> Any:
        if not self._allowed(params):
            raise Refused("ConditionalCheckFailedException", 400)
        self._put(params)
        return {}

    def transact_write_items(self, params: Mapping[str, Any]) -> Any:
        puts = [each["Put"] for each in params["TransactItems"]]
        if not all(map(self._allowed, puts)):
            raise Refused("TransactionCanceledException", 400)
        for put in puts:
            self._put(put)
        return {}

    def _allowed(self, put: Mapping[str, Any]) -> bool:
        stored = self._get(put["TableName"], *self._keys(put["Item"]))
        condition = put.get("ConditionExpression", "")
        if "(attribute_not_exists(answer) AND" in condition:
            lapsed = put["ExpressionAttributeValues"][":lapsed"]["S"]
            return stored is None or ("answer" not in stored and stored["asked_at"]["S"] < lapsed)
        if "#u < :now OR #l = :look" in condition:
            values = put["ExpressionAttributeValues"]
            is_ours = stored is not None and stored["look"] == values[":look"]
            return stored is None or is_ours or stored["until"]["S"] < values[":now"]["S"]
        if condition == "#l = :look":
            return bool(stored and stored["look"] == put["ExpressionAttributeValues"][":look"])
        if condition.startswith("attribute_not_exists(#r)") or "(finding_id)" in condition:
            return stored is None
        if condition == "#v = :v":
            return bool(stored and stored["version"] == put["ExpressionAttributeValues"][":v"])
        return not condition

    def _put(self, put: Mapping[str, Any]) -> None:
        item = put["Item"]
        rule = item["rule"]["S"] if "rule" in item else ""
        values = (put["TableName"], *self._keys(item), rule, json.dumps(item, default=_base64))
        self._db.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)", values)

    def query(self, params: Mapping[str, Any]) -> Any:
        given = {k: v["S"] for k, v in params["ExpressionAttributeValues"].items()}
        start = params.get("ExclusiveStartKey", {}).get("at", {"S": ""})["S"]
        match params["KeyConditionExpression"]:
            case "#r = :r":
                where, values = "hash = ? AND range > ?", (given[":r"], start)
            case "#u = :u AND begins_with(#r, :p)":
                where = "rule = ? AND hash >= ? AND hash < ? AND hash > ?"
                values = (given[":u"], given[":p"], given[":p"] + "\U0010ffff", start)
            case "#u = :u AND #r BETWEEN :a AND :z":
                where = "rule = ? AND hash BETWEEN ? AND ? AND hash > ?"
                values = (given[":u"], given[":a"], given[":z"], start)
            case _:
                return {"Items": []}
        order = "range" if where.startswith("hash = ") else "hash"
        query = (
            f"SELECT item, {order} FROM rows WHERE tab = ? AND {where} ORDER BY {order} LIMIT 500"
        )
        rows = self._db.execute(query, (params["TableName"], *values)).fetchall()
        more = {"LastEvaluatedKey": {"at": {"S": rows[-1][1]}}} if len(rows) == 500 else {}
        return {"Items": [json.loads(item) for item, _ in rows], **more}

    def scan(self, params: Mapping[str, Any]) -> Any:
        after = params.get("ExclusiveStartKey", {})
        start = tuple(after.get(name, {"S": ""})["S"] for name in ("resource", "rule"))
        query = (
            "SELECT hash, range, item FROM rows WHERE tab = ? AND (hash, range) > (?, ?)"
            " ORDER BY hash, range LIMIT 1000"
        )
        rows = self._db.execute(query, (params["TableName"], *start)).fetchall()
        keys = [
            ({"resource": {"S": hash}, "rule": {"S": range}}, item) for hash, range, item in rows
        ]
        more = {"LastEvaluatedKey": keys[-1][0]} if len(rows) == 1000 else {}
        return {"Items": [key for key, item in keys if '"gone"' not in item], **more}
