"""moto's DynamoDB for thousands of rows: it goes through whole tables for a query."""

from __future__ import annotations

import copy

from moto.dynamodb.models.table import Table

PAGE = 500
INDEX_NAME = 6
"""Which of the arguments after the key names the index."""


def make_large(monkeypatch, dynamodb):
    """Let a query look at the rows of its key, in pages of ``PAGE`` rows.

    What moto answers stays as it is.
    """
    dynamodb.meta.events.register_first(
        "provide-client-params.dynamodb.Query", lambda params, **_: {"Limit": PAGE} | params
    )
    query = Table.query

    def query_one(table, hash_key, *args, **more):
        if args[INDEX_NAME] is None:
            table = copy.copy(table)
            table.items = {hash_key: table.items.get(hash_key, {})}
        return query(table, hash_key, *args, **more)

    monkeypatch.setattr(Table, "query", query_one)
