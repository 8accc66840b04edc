"""The stack's tables in moto, made as template.yaml declares them."""

from __future__ import annotations

import functools
from typing import Any

import boto3

from readiness.engine.store import Store
from tests import deployed

FINDINGS, TRANSITIONS, DECLARATIONS = "Findings", "Transitions", "Declarations"
_SHAPE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "StreamSpecification")


@functools.cache
def _session() -> boto3.session.Session:
    return boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    )


def client(service: str) -> Any:
    """A client for moto, whatever the environment says."""
    return _session().client(service)


def make_tables() -> Any:
    """The tables, and the DynamoDB client they live in."""
    dynamodb = client("dynamodb")
    for name in (FINDINGS, TRANSITIONS, DECLARATIONS):
        declared = deployed.resource(name)
        shape = {key: declared[key] for key in _SHAPE if key in declared}
        if "StreamSpecification" in shape:
            shape["StreamSpecification"] = {"StreamEnabled": True, **shape["StreamSpecification"]}
        dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **shape)
    return dynamodb


def make_store(dynamodb: Any) -> Store:
    return Store(dynamodb, FINDINGS, TRANSITIONS)
