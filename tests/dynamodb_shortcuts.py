"""moto's DynamoDB without copies of whole tables, and with one look where it takes ten.

Each function here gives what the library's own gives, as those of ``tests/moto_shortcuts.py``.
"""

from __future__ import annotations

import copy
import functools
import threading
from collections import defaultdict
from types import SimpleNamespace
from typing import Any


def once() -> None:
    """Replace what repeats itself, in this process, for as long as it lives."""
    _expressions_once()
    _values_as_they_are()
    _transactions_copy_their_rows()


def _expressions_once() -> None:
    """List the kinds of node that a step looks for once, not at each node of an expression."""
    from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node

    def visit(step: Any, node: Any, kinds: tuple[type, ...], place: int) -> Any:
        if not isinstance(node, Node):
            return node
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            step.pre_processing_of_child(node, number)
            visit(step, child, kinds, number)
        if isinstance(node, kinds):
            node = step.process(node)
            node.parent = parent
            if parent:
                parent.children[place] = node
        return node

    @functools.wraps(DepthFirstTraverser.traverse)
    def traverse(self: Any, node: Any) -> Any:
        return visit(self, node, self.nodes_to_be_processed(), -1)

    DepthFirstTraverser.traverse = traverse


def _values_as_they_are() -> None:
    """Answer a text or number of DynamoDB as it is, without a look for each type there is."""
    from moto.core.serialize import BaseJSONSerializer

    structure = BaseJSONSerializer._serialize_type_structure

    @functools.wraps(structure)
    def _serialize_type_structure(
        self: Any, serialized: Any, value: Any, shape: Any, key: str
    ) -> None:
        if key and shape.name == "AttributeValue" and type(value) is dict and len(value) == 1:
            ((kind, held),) = value.items()
            if kind in {"S", "N"} and type(held) is str:
                self._default_serialize(serialized, {kind: held}, shape, key)
                return
        structure(self, serialized, value, shape, key)

    BaseJSONSerializer._serialize_type_structure = _serialize_type_structure  # type: ignore[method-assign]


def _transactions_copy_their_rows() -> None:
    """Let a transaction keep what its own rows were, not a copy of everything in its tables."""
    from moto.dynamodb import models
    from moto.dynamodb.models.dynamo_type import DynamoType

    transact = models.DynamoDBBackend.transact_write_items
    touched = threading.local()

    def deepcopy(value: Any, memo: Any = None) -> Any:
        if not isinstance(value, models.Table) or value.stream_shard or not value.range_key_attr:
            return copy.deepcopy(value, memo)
        before = copy.copy(value)
        before.items = defaultdict(dict, {hash: dict(each) for hash, each in value.items.items()})
        for table, key in getattr(touched, "rows", ()):
            if table == value.name:
                hash, range = (DynamoType(key[each["AttributeName"]]) for each in value.schema)
                if range in value.items.get(hash, {}):
                    value.items[hash][range] = copy.deepcopy(value.items[hash][range])
        return before

    def transact_write_items(backend: Any, transact_items: list[dict[str, Any]]) -> None:
        asked = [next(iter(each.values())) for each in transact_items]
        touched.rows = [(each["TableName"], each.get("Key") or each["Item"]) for each in asked]
        try:
            transact(backend, transact_items)
        finally:
            touched.rows = ()

    models.copy = SimpleNamespace(deepcopy=deepcopy, copy=copy.copy)  # type: ignore[attr-defined]
    models.DynamoDBBackend.transact_write_items = transact_write_items  # type: ignore[method-assign]
