"""moto's DynamoDB for thousands of rows: it copies whole tables for a transaction and a query."""

from __future__ import annotations

import copy
from collections import defaultdict
from types import SimpleNamespace

from moto.dynamodb import models
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

PAGE = 500
ACCOUNT_ID, REGION = "123456789012", "us-east-1"
INDEX_NAME = 6
"""Which of the arguments after the key names the index."""


def make_large(monkeypatch, dynamodb):
    """Let a transaction copy the rows it touches, and a query look at those of its key.

    What moto answers stays as it is, but for pages of ``PAGE`` rows. The streams of the tables
    are off, since each copy would hold all of their records.
    """
    for table in models.dynamodb_backends[ACCOUNT_ID][REGION].tables.values():
        table.stream_shard = None
    dynamodb.meta.events.register_first(
        "provide-client-params.dynamodb.Query", lambda params, **_: {"Limit": PAGE} | params
    )
    touched = []
    transact, query = models.DynamoDBBackend.transact_write_items, Table.query

    def deepcopy(value, memo=None):
        if not isinstance(value, Table):
            return copy.deepcopy(value, memo)
        before = copy.copy(value)
        before.items = defaultdict(dict, {hash: dict(rows) for hash, rows in value.items.items()})
        for name, key in touched:
            if name == value.name:
                hash, range = (DynamoType(key[each["AttributeName"]]) for each in value.schema)
                if range in value.items.get(hash, {}):
                    value.items[hash][range] = copy.deepcopy(value.items[hash][range])
        return before

    def transact_write_items(backend, transact_items):
        requests = [next(iter(each.values())) for each in transact_items]
        touched[:] = [(r["TableName"], r.get("Key") or r["Item"]) for r in requests]
        try:
            transact(backend, transact_items)
        finally:
            touched.clear()

    def query_one(table, hash_key, *args, **more):
        if args[INDEX_NAME] is None:
            table = copy.copy(table)
            table.items = {hash_key: table.items.get(hash_key, {})}
        return query(table, hash_key, *args, **more)

    monkeypatch.setattr(models, "copy", SimpleNamespace(deepcopy=deepcopy, copy=copy.copy))
    monkeypatch.setattr(models.DynamoDBBackend, "transact_write_items", transact_write_items)
    monkeypatch.setattr(Table, "query", query_one)
