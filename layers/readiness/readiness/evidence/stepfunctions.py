"""What Step Functions says of state machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.day_parts import in_its_part
from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_GONE = ("StateMachineDoesNotExist",)
_CALLS = ("UpdateStateMachine", "DeleteStateMachine")


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("stepfunctions", "list_state_machines", "stateMachines")


def _find(read: Reader) -> Iterable[str]:
    return [each["stateMachineArn"] for each in _listed(read)]


def is_going(answer: Mapping[str, Any]) -> bool:
    """Whether a state machine was deleted: it starts no execution and waits for those that run."""
    return bool(answer.get("status") == "DELETING")


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
            gone=_GONE,
            stateMachineArn=machine.id,
            includedData="METADATA_ONLY",
        )
        if is_going(answer):
            raise Gone(machine.id)
        return cls(machine.id, answer["type"])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, StateMachine]:
        return {
            each["stateMachineArn"]: cls(each["stateMachineArn"], each["type"])
            for each in _listed(read)
        }


_ALIASES = "states:ListStateMachineAliases"
VERSION_READS = (
    "states:DescribeStateMachine",
    "states:DescribeStateMachineAlias",
    _ALIASES,
    "states:ListStateMachines",
)
ALIAS_CALLS = (
    api_call(
        "states",
        "CreateStateMachineAlias",
        id="responseElements.stateMachineAliasArn",
        normalise=_unqualified,
    ),
    api_call(
        "states",
        "UpdateStateMachineAlias",
        "DeleteStateMachineAlias",
        id="requestParameters.stateMachineAliasArn",
        normalise=_unqualified,
    ),
)
"""What evidence that reads the versions behind aliases declares."""


def behind_aliases(
    read: Reader, machine: Resource, **asked: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """DescribeStateMachine of each version that an alias leads to, by ``live → 7``.

    A version keeps the definition and the configuration that the state machine had then. ``asked``
    are more parameters of DescribeStateMachine. AWS answers one question about aliases a second:
    of more than 20 state machines a sweep takes what they lead to from the day's answer, which
    every heading uses. An event about the state machine asks anew. Raises Gone.
    """
    routes = in_its_part(
        read,
        _ALIASES,
        machine.id,
        _find,
        _AT_ONCE,
        lambda arns: _routes_of_each(read, arns, machine.id),
    )
    for name, arn in routes:
        version = read.one(
            "stepfunctions", "describe_state_machine", absent=_GONE, stateMachineArn=arn, **asked
        )
        if version is not None:
            yield f"{name} → {arn.rpartition(':')[2]}", version


_AT_ONCE = 20


def _routes_of_each(read: Reader, arns: Sequence[str], wanted: str) -> list[list[list[str]]]:
    """Of each state machine the name of an alias and the version that it leads to, as JSON.

    Raises Gone if the ``wanted`` one does not exist.
    """

    def ask(arn: str) -> list[list[str]]:
        try:
            return [list(route) for route in _routes(read, arn)]
        except Gone:
            if arn == wanted:
                raise
            return []  # deleted since it was listed

    return read.each(ask, arns)


def _routes(read: Reader, machine: str) -> Iterator[tuple[str, str]]:
    aliases = read.every(
        "stepfunctions",
        "list_state_machine_aliases",
        "stateMachineAliases",
        gone=("StateMachineDoesNotExist", "StateMachineDeleting"),
        stateMachineArn=machine,
    )
    for alias in aliases:
        answer = read.one(
            "stepfunctions",
            "describe_state_machine_alias",
            absent=("ResourceNotFound",),
            stateMachineAliasArn=alias["stateMachineAliasArn"],
        )
        for route in (answer or {}).get("routingConfiguration") or ():
            if route.get("weight"):
                name = alias["stateMachineAliasArn"].rpartition(":")[2]
                yield name, route["stateMachineVersionArn"]


@evidence(STATE_MACHINE, reads=VERSION_READS, changed_by=ALIAS_CALLS)
@dataclass(frozen=True, slots=True)
class RunDefinitions:
    """What executions of the state machine run, as Amazon States Language, by what they start.

    ``$LATEST`` is what runs without an alias, beside it the version of each alias
    (``live → 7``). ``kind`` is EXPRESS or STANDARD, for good. Sources: DescribeStateMachine,
    ListStateMachineAliases, DescribeStateMachineAlias.
    """

    texts: Mapping[str, str]
    kind: str = "STANDARD"

    @classmethod
    def load(cls, read: Reader, machine: Resource) -> RunDefinitions:
        latest = read.one(
            "stepfunctions",
            "describe_state_machine",
            gone=_GONE,
            stateMachineArn=machine.id,
        )
        if is_going(latest):
            raise Gone(machine.id)
        texts = {"$LATEST": latest.get("definition", "")}
        for name, version in behind_aliases(read, machine):
            texts[name] = version.get("definition", "")
        return cls(texts, latest["type"])
