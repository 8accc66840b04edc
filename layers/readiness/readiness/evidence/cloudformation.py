"""What CloudFormation says of its stacks and of their drift."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.model.evidence import (
    ResourceType,
    ServiceEvent,
    config_resource_name,
    evidence,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.moments import in_utc

_THAT_EXIST = (
    "CREATE_IN_PROGRESS",
    "CREATE_FAILED",
    "CREATE_COMPLETE",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_FAILED",
    "ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS",
    "DELETE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "REVIEW_IN_PROGRESS",
    "IMPORT_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "IMPORT_ROLLBACK_FAILED",
    "IMPORT_ROLLBACK_COMPLETE",
)
"""Every status but DELETE_COMPLETE: deleted stacks are listed for another 90 days."""

_DELETED = "DELETE_COMPLETE"
_GONE = ("ValidationError: does not exist",)
_SETTLED = tuple(
    status for status in (*_THAT_EXIST, _DELETED) if not status.endswith("IN_PROGRESS")
)
"""How an operation on a stack ends; its parameters and outputs are those of that operation."""


_MASKED = re.compile(r"\*{4,}")
"""What CloudFormation shows of a parameter with NoEcho; one asterisk is a value."""


def stack_name(id: str) -> str:
    """``checkout`` of ``arn:aws:cloudformation:…:stack/checkout/1f2e…``, or of the name itself."""
    return id.partition(":stack/")[2].partition("/")[0] or id


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every(
        "cloudformation", "list_stacks", "StackSummaries", StackStatusFilter=list(_THAT_EXIST)
    )


def _find(read: Reader) -> Iterable[str]:
    return [stack["StackName"] for stack in _listed(read)]


STACK = ResourceType(
    "AWS::CloudFormation::Stack",
    _find,
    find_reads=("cloudformation:ListStacks",),
    identify=config_resource_name,
    config_ids=lambda read: {stack["StackName"]: stack["StackId"] for stack in _listed(read)},
    tags_from_api=False,
    plain=stack_name,
)
"""Its id is the name, which only one existing stack of a region has."""


@evidence(
    STACK,
    reads=("cloudformation:DescribeStacks", "cloudformation:ListStacks"),
    changed_by=(
        ServiceEvent(
            "CloudFormation Drift Detection Status Change",
            match=(("status-details.detection-status", ("DETECTION_COMPLETE",)),),
            id="stack-id",
            normalise=stack_name,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class StackDrift:
    """What the last drift detection of the stack found; ``checked`` is when it ran.

    ``drift`` is DRIFTED, IN_SYNC, NOT_CHECKED or UNKNOWN. The check of a stack does not look into
    its nested stacks: each has a status of its own. Sources: DescribeStacks, ListStacks.
    """

    status: str
    drift: str
    checked: datetime | None
    read_at: datetime
    created: datetime | None = None

    @classmethod
    def load(cls, read: Reader, stack: Resource) -> StackDrift:
        answer = read.one("cloudformation", "describe_stacks", gone=_GONE, StackName=stack.id)
        [about] = answer["Stacks"]
        if about["StackStatus"] == _DELETED:
            raise Gone(f"the stack {stack.id} is deleted")
        return cls._of(about, read.now)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, StackDrift]:
        return {stack["StackName"]: cls._of(stack, read.now) for stack in _listed(read)}

    @classmethod
    def _of(cls, stack: Mapping[str, Any], now: datetime) -> StackDrift:
        drift = stack.get("DriftInformation") or {}
        return cls(
            status=stack["StackStatus"],
            drift=drift.get("StackDriftStatus", "NOT_CHECKED"),
            checked=in_utc(drift.get("LastCheckTimestamp")),
            read_at=now,
            created=in_utc(stack.get("CreationTime")),
        )


@evidence(
    STACK,
    reads=("cloudformation:DescribeStacks",),
    changed_by=(
        ServiceEvent(
            "CloudFormation Stack Status Change",
            match=(("status-details.status", _SETTLED),),
            id="stack-id",
            normalise=stack_name,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class StackValues:
    """The parameters and the outputs of the stack, each by its name, as everyone can read them.

    ``hidden`` counts the parameters with NoEcho, whose value CloudFormation masks. Of a parameter
    that is taken from Systems Manager the value is what it resolved to. Source: DescribeStacks,
    one listing for every stack.
    """

    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    hidden: int = 0

    @classmethod
    def load(cls, read: Reader, stack: Resource) -> StackValues:
        answer = read.one("cloudformation", "describe_stacks", gone=_GONE, StackName=stack.id)
        [about] = answer["Stacks"]
        if about["StackStatus"] == _DELETED:
            raise Gone(f"the stack {stack.id} is deleted")
        return cls._of(about)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, StackValues]:
        found = read.every("cloudformation", "describe_stacks", "Stacks")
        return {
            stack["StackName"]: cls._of(stack)
            for stack in found
            if stack["StackStatus"] != _DELETED
        }

    @classmethod
    def _of(cls, stack: Mapping[str, Any]) -> StackValues:
        given = {
            each["ParameterKey"]: each.get("ResolvedValue") or each.get("ParameterValue") or ""
            for each in stack.get("Parameters") or ()
        }
        masked = [name for name, value in given.items() if _MASKED.fullmatch(value)]
        return cls(
            {name: value for name, value in given.items() if name not in masked},
            {
                each["OutputKey"]: each.get("OutputValue") or ""
                for each in stack.get("Outputs") or ()
            },
            len(masked),
        )
