"""The stack's tables in moto, made as template.yaml declares them."""

from __future__ import annotations

import functools
import pickle
import sys
from typing import Any

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.serialize import AttributePicker, AttributePickerContext
from moto.dynamodb.models import dynamodb_backends

from readiness.engine.store import Store
from tests import deployed

FINDINGS, TRANSITIONS, DECLARATIONS = "Findings", "Transitions", "Declarations"
REGION = "us-east-1"
_ROWS = 2
_SHAPE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "StreamSpecification")


_VALUE = {"S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"}
"""The members of an attribute's value."""
_OURS, _BETWEEN = ("readiness.", "functions."), ("botocore.", "unittest.", "tests.strict")
_picked = AttributePicker.__call__


def _pick(picker: AttributePicker, context: AttributePickerContext) -> Any:
    """What moto picks, without trying ten members of each value under four names of each."""
    value = context.obj
    if type(value) is dict and context.key in _VALUE and value.keys() <= _VALUE:
        return value.get(context.key)
    return _picked(picker, context)


AttributePicker.__call__ = _pick  # type: ignore[method-assign]


@functools.cache
def _session() -> boto3.session.Session:
    return boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
    )


def client(service: str) -> Any:
    """A client for moto, whatever the environment says."""
    return _session().client(service)


def _in_pages(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Queries answer in pages of two rows, so that any test notices who reads only the first."""
    return {"Limit": _ROWS} | params


def _consistently(params: dict[str, Any], **_: Any) -> None:
    """moto reads as if every read were consistent; DynamoDB's default may miss the last write."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_globals["__name__"].startswith(_BETWEEN):
        frame = frame.f_back
    asked_by = frame.f_globals["__name__"] if frame is not None else ""
    if asked_by.startswith(_OURS) and "IndexName" not in params:
        assert params.get("ConsistentRead") is True, f"{asked_by} reads what may be old: {params}"


def make_tables() -> Any:
    """The tables, and the DynamoDB client they live in."""
    dynamodb = client("dynamodb")
    dynamodb.meta.events.register("provide-client-params.dynamodb.GetItem", _consistently)
    dynamodb.meta.events.register("provide-client-params.dynamodb.Query", _consistently)
    dynamodb.meta.events.register("provide-client-params.dynamodb.Query", _in_pages)
    tables = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables
    if not _EMPTY:
        _create(dynamodb)
        for table in tables.values():
            table.stream_shard = None  # nobody reads it, and a transaction copies all its records
        _EMPTY.append(pickle.dumps(tables))
    tables.update(pickle.loads(_EMPTY[0]))
    return dynamodb


_EMPTY: list[bytes] = []
"""The tables as they were created for the first test of this process, without a row."""


def _create(dynamodb: Any) -> None:
    for name in (FINDINGS, TRANSITIONS, DECLARATIONS):
        declared = deployed.resource(name)
        shape = {key: declared[key] for key in _SHAPE if key in declared}
        if "StreamSpecification" in shape:
            shape["StreamSpecification"] = {"StreamEnabled": True, **shape["StreamSpecification"]}
        dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **shape)


def make_store(dynamodb: Any) -> Store:
    return Store(dynamodb, FINDINGS, TRANSITIONS)
