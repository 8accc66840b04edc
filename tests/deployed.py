"""template.yaml as CloudFormation reads it: read once, since its 5,000 lines take a while."""

from __future__ import annotations

import functools
from typing import Any

import yaml

from readiness_cli import template


class Tagged(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """CloudFormation's short forms, as the long ones."""


def _intrinsic(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        value = value.split(".", 1) if suffix == "GetAtt" else value
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


Tagged.add_multi_constructor("!", _intrinsic)


@functools.cache
def committed() -> dict[str, Any]:
    """The template; to be read, not to be changed."""
    return yaml.load(template.TEMPLATE.read_text(encoding="utf-8"), Loader=Tagged)


def resource(logical_id: str) -> dict[str, Any]:
    """The properties of one of its resources."""
    return committed()["Resources"][logical_id]["Properties"]
