"""A DynamoDB in memory that knows what the way out asks of it, and can fail at any call."""

# ruff: noqa: N803 — the parameters have the names that boto3 gives them

from __future__ import annotations

import copy
import re

from tests.fake_account import error


class Crash(BaseException):
    """The process is killed: whatever it was at, the next one finds what was done until then."""


class Memory:
    """``fail`` is asked before each call: None, "throttle", "crash before" or "crash after"."""

    def __init__(self, fail=lambda operation: None):
        self.tables = {}
        self.fail = fail

    def _called(self, operation, act):
        what = self.fail(operation)
        if what == "throttle":
            raise error("ThrottlingException")
        if what == "crash before":
            raise Crash
        answer = act()
        if what == "crash after":
            raise Crash
        return answer

    def _items(self, table):
        return self.tables.setdefault(table, {})

    def get_item(self, *, TableName, Key, ConsistentRead=False):
        def act():
            found = self._items(TableName).get(_key(Key))
            return {"Item": copy.deepcopy(found)} if found else {}

        return self._called("get_item", act)

    def put_item(self, **put):
        self._called("put_item", lambda: self._transact([("Put", put)], "ConditionalCheckFailed"))

    def update_item(self, **update):
        def act():
            self._transact([("Update", update)], "ConditionalCheckFailed")
            return {"Attributes": self._items(update["TableName"])[_key(update["Key"])]}

        return self._called("update_item", act)

    def delete_item(self, **delete):
        self._called(
            "delete_item", lambda: self._transact([("Delete", delete)], "ConditionalCheckFailed")
        )

    def transact_write_items(self, *, TransactItems):
        given = [next(iter(each.items())) for each in TransactItems]
        self._called("transact", lambda: self._transact(given, "TransactionCanceled"))

    def query(self, *, TableName, KeyConditionExpression, ExpressionAttributeValues, **_):
        def act():
            values = ExpressionAttributeValues
            name = "rule" if KeyConditionExpression.startswith("#r") else "finding_id"
            wanted = values[":r" if name == "rule" else ":f"]
            rows = [item for item in self._items(TableName).values() if item.get(name) == wanted]
            if ":s" in values:
                rows = [row for row in rows if row["declared_at"]["S"] >= values[":s"]["S"]]
            return {"Items": copy.deepcopy(rows)}

        return self._called("query", act)

    def _transact(self, given, failure):
        for _, request in given:
            item = self._items(request["TableName"]).get(_key_of(request))
            if not _holds(request, item):
                raise error(f"{failure}Exception")
        for kind, request in given:
            items, key = self._items(request["TableName"]), _key_of(request)
            if kind == "Put":
                items[key] = copy.deepcopy(request["Item"])
            elif kind == "Delete":
                items.pop(key, None)
            else:
                items[key] = _updated(request, items.get(key, dict(request["Key"])))


def _key(key):
    return tuple(key[name]["S"] for name in ("finding_id", "at"))


def _key_of(request):
    item = request.get("Key") or request["Item"]
    if "declared_by" in item:
        return item["declared_by"]["S"], item["declared_at"]["S"]
    return _key(item)


def _holds(request, item):
    names = request.get("ExpressionAttributeNames", {})
    values = request.get("ExpressionAttributeValues", {})

    def atom(text):
        if found := re.fullmatch(r"attribute_not_exists\((\S+)\)", text):
            return names.get(found[1], found[1]) not in (item or {})
        left, right = text.split(" = ")
        return (item or {}).get(names.get(left, left)) == values[right]

    condition = request.get("ConditionExpression")
    return condition is None or any(
        all(atom(each) for each in either.split(" AND ")) for either in condition.split(" OR ")
    )


def _updated(request, item):
    names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
    made = copy.deepcopy(item)
    for name, value in re.findall(r"(#\w+) = (:\w+)", request["UpdateExpression"]):
        made[names[name]] = values[value]
    return made
