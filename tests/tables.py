"""The stack's tables in moto, made as template.yaml declares them."""

from __future__ import annotations

from typing import Any

import boto3
import yaml

from readiness.engine.store import Store
from readiness_cli.catalogue import ROOT

FINDINGS, TRANSITIONS, DECLARATIONS = "Findings", "Transitions", "Declarations"
_SHAPE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "StreamSpecification")


class _Template(yaml.SafeLoader):
    """YAML whose CloudFormation tags are of no interest."""


_Template.add_multi_constructor("!", lambda loader, suffix, node: suffix)


def client(service: str) -> Any:
    """A client for moto, whatever the environment says."""
    return boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    ).client(service)


def make_tables() -> Any:
    """The tables, and the DynamoDB client they live in."""
    dynamodb = client("dynamodb")
    template = yaml.load((ROOT / "template.yaml").read_text(), Loader=_Template)
    for name in (FINDINGS, TRANSITIONS, DECLARATIONS):
        declared = template["Resources"][name]["Properties"]
        shape = {key: declared[key] for key in _SHAPE if key in declared}
        if "StreamSpecification" in shape:
            shape["StreamSpecification"] = {"StreamEnabled": True, **shape["StreamSpecification"]}
        dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **shape)
    return dynamodb


def make_store(dynamodb: Any) -> Store:
    return Store(dynamodb, FINDINGS, TRANSITIONS)
