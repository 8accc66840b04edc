"""What Step Functions says of state machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_CALLS = ("UpdateStateMachine", "DeleteStateMachine")


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("stepfunctions", "list_state_machines", "stateMachines")


def _find(read: Reader) -> Iterable[str]:
    return [each["stateMachineArn"] for each in _listed(read)]


def _unqualified(arn: str) -> str:
    """The ARN of a state machine without its version or alias."""
    return ":".join(arn.split(":")[:7])


STATE_MACHINE = ResourceType(
    "AWS::StepFunctions::StateMachine",
    _find,
    find_reads=("states:ListStateMachines",),
    changed_by=(
        api_call("states", "CreateStateMachine", id="responseElements.stateMachineArn"),
        api_call("states", *_CALLS, id="requestParameters.stateMachineArn"),
    ),
    arn="{id}",
    plain=_unqualified,
)
"""Its id is its ARN, as in AWS Config."""


@evidence(STATE_MACHINE, reads=("states:DescribeStateMachine", "states:ListStateMachines"))
@dataclass(frozen=True, slots=True)
class StateMachine:
    """That the state machine exists, and whether it is EXPRESS or STANDARD.

    Sources: DescribeStateMachine; ListStateMachines, one answer for all of them.
    """

    arn: str
    kind: str = "STANDARD"

    @classmethod
    def load(cls, read: Reader, machine: Resource) -> StateMachine:
        answer = read.one(
            "stepfunctions",
            "describe_state_machine",
            gone=("StateMachineDoesNotExist",),
            stateMachineArn=machine.id,
            includedData="METADATA_ONLY",
        )
        return cls(machine.id, answer["type"])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, StateMachine]:
        return {
            each["stateMachineArn"]: cls(each["stateMachineArn"], each["type"])
            for each in _listed(read)
        }


@evidence(STATE_MACHINE, reads=("states:DescribeStateMachine",))
@dataclass(frozen=True, slots=True)
class StateMachineDefinition:
    """What the state machine does, as Amazon States Language (JSON text); EXPRESS or STANDARD.

    Source: DescribeStateMachine.
    """

    text: str
    kind: str = "STANDARD"

    @classmethod
    def load(cls, read: Reader, machine: Resource) -> StateMachineDefinition:
        answer = read.one(
            "stepfunctions",
            "describe_state_machine",
            gone=("StateMachineDoesNotExist",),
            stateMachineArn=machine.id,
        )
        return cls(answer.get("definition", ""), answer["type"])
