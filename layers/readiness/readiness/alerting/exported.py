"""Titles of rules and templates of ARNs, where the modules that declare them are not loaded.

``exported.json`` is written by ``make docs`` from the rules.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

from readiness.model.evidence import arn_of, formatted_arn
from readiness.model.resource import Resource

_FILE = Path(__file__).with_name("exported.json")


@functools.cache
def exported() -> dict[str, dict[str, str]]:
    """The ``titles`` of the rules by id, and the templates of ``arns`` by resource type."""
    found: dict[str, dict[str, str]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


def exported_arn(resource: Resource, partition: str) -> str:
    """The ARN of a resource; empty where its type has none."""
    return arn_of(resource, partition) or formatted_arn(
        exported()["arns"].get(resource.type, ""), resource, partition
    )
