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
    _texts_without_a_cast()
    _items_measured_once()
    _rows_by_their_key()


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


def _texts_without_a_cast() -> None:
    """Compare and measure a text as it is, without a look for each type there is."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    cast, equal, less, size = (
        DynamoType.cast_value.fget,
        DynamoType.__eq__,
        DynamoType.__lt__,
        DynamoType.size,
    )

    @functools.wraps(cast)  # type: ignore[arg-type]
    def cast_value(self: Any) -> Any:
        return self.value if self.type == "S" else cast(self)  # type: ignore[misc]

    @functools.wraps(equal)
    def __eq__(self: Any, other: Any) -> bool:  # noqa: N807
        if self.type == "S" and other.type == "S":
            return bool(self.value == other.value)
        return equal(self, other)

    @functools.wraps(less)
    def __lt__(self: Any, other: Any) -> bool:  # noqa: N807
        if self.type == "S" and other.type == "S":
            return bool(self.value < other.value)
        return less(self, other)

    @functools.wraps(size)
    def measured(self: Any) -> int:
        held = self.value
        if self.type == "S" and type(held) is str:
            return len(held) if held.isascii() else len(held.encode())
        return size(self)

    DynamoType.cast_value = property(cast_value)  # type: ignore[assignment]
    DynamoType.__eq__ = __eq__  # type: ignore[method-assign,assignment]
    DynamoType.__lt__ = __lt__  # type: ignore[method-assign]
    DynamoType.size = measured  # type: ignore[method-assign]


def _items_measured_once() -> None:
    """Measure an item when it is whole, not anew with each attribute that is added."""
    from moto.dynamodb.models import dynamo_type
    from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict

    plain = Item.__init__

    @functools.wraps(plain)
    def __init__(self: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:  # noqa: N807
        made = LimitedSizeDict({key: DynamoType(value) for key, value in attrs.items()})
        if sum(dynamo_type.bytesize(key) + value.size() for key, value in made.items()) > 405_000:
            plain(self, hash_key, range_key, attrs)
        self.hash_key, self.range_key, self.attrs = hash_key, range_key, made

    Item.__init__ = __init__  # type: ignore[method-assign]


def _rows_by_their_key() -> None:
    """Answer a query from the rows of its key, not from all rows of the table in their order."""
    from moto.dynamodb.models.table import Table

    query, listed = Table.query, Table.all_items
    asked = threading.local()

    def order(item: Any) -> Any:
        return item.hash_key.cast_value, item.range_key.cast_value

    @functools.wraps(listed)
    def all_items(self: Any) -> list[Any]:
        if not self.range_key_attr:
            return listed(self)
        key = getattr(asked, "key", None)
        if key is not None:
            return list(self.items.get(key, {}).values())
        return sorted((item for of in self.items.values() for item in of.values()), key=order)

    @functools.wraps(query)
    def by_key(
        self: Any,
        hash_key: Any,
        range_comparison: Any,
        range_objs: Any,
        limit: Any,
        exclusive_start_key: Any,
        scan_index_forward: Any,
        projection_expressions: Any,
        index_name: str | None = None,
        *more: Any,
        **options: Any,
    ) -> Any:
        asked.key = None if index_name else hash_key
        try:
            return query(
                self,
                hash_key,
                range_comparison,
                range_objs,
                limit,
                exclusive_start_key,
                scan_index_forward,
                projection_expressions,
                index_name,
                *more,
                **options,
            )
        finally:
            asked.key = None

    Table.all_items = all_items  # type: ignore[method-assign]
    Table.query = by_key  # type: ignore[method-assign]
