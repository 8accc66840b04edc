"""The deployed stack: what its tables, topic and queues are called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from readiness.engine.aws_errors import cause_of, code_of
from readiness.model.unreadable import Cause
from readiness_cli import session
from readiness_cli.failure import Exit, Failure

if TYPE_CHECKING:
    from readiness.engine.aws import Aws

NEEDED = ("FindingsTable", "TransitionsTable")
MARKS = (*NEEDED, "SettingsParameter")
"""The outputs by which a stack of another name is known as one of Readiness."""

SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
"""The statuses of a stack whose last deployment succeeded."""
NEVER_MADE = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
"""The statuses after a first deployment that failed: no update is possible any more."""


class Stack(Mapping[str, str]):
    """The physical names of a stack's parts by logical id: its outputs, or its resources.

    ``parameters`` are those it was deployed with, ``status`` is CloudFormation's.
    """

    def __init__(
        self,
        name: str,
        where: str,
        parts: Mapping[str, str],
        parameters: Mapping[str, str] | None = None,
        *,
        status: str = "",
    ) -> None:
        self.parameters = dict(parameters or {})
        self.status = status
        self.name = name
        self.where = where
        self._parts = dict(parts)

    def __getitem__(self, part: str) -> str:
        if part not in self._parts:
            lacking = f"the stack {self.name!r} in {self.where} has no {part}"
            why = "It is not a Readiness stack, or it is of an older version"
            fix = "run `sam deploy`, or name another stack with --stack-name"
            if self.status and self.status not in SETTLED:
                why = f"Its deployment is not complete: {self.status}"
                if self.status in NEVER_MADE:
                    fix = again(self.name)
                elif self.status.endswith("_IN_PROGRESS"):
                    fix = "wait until CloudFormation is done and run it again"
            raise NoPart(lacking, why=why, fix=fix, code=Exit.AWS_OR_INTERNAL)
        return self._parts[part]

    def __contains__(self, part: object) -> bool:
        return part in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


def again(name: str) -> str:
    """What to do after a first deployment that failed."""
    return f"sam delete --stack-name {name}, then `sam deploy` (docs/troubleshooting.md)"


class NoPart(Failure):
    """The stack lacks a part, as one of an older version does."""


class NoStack(Failure):
    """There is no stack of that name in the account and region."""


def find(aws: Aws, name: str) -> Stack:
    """The deployed stack; where none was named, the only one of Readiness that there is.

    Raises NoStack where there is none, and Failure where one of several has to be named.
    """
    where = f"account {aws.account}, {aws.region}"
    client = aws.client("cloudformation")
    try:
        described = _described(client, name)
        if described is None and not session.is_given("stack_name"):
            try:
                described = _only_one(client, where)
            except ClientError as error:
                if cause_of(error) is not Cause.ACCESS_DENIED:
                    raise
                raise no_stack(name, where) from error  # stacks of other names are not ours to see
            name = name if described is None else described["StackName"]
        if described is None:
            raise no_stack(name, where, _names_seen(client))
        parts = _outputs(described)
        if not all(part in parts for part in NEEDED):
            parts = _resources(client, name) | parts
    except ClientError as error:
        if _is_missing(error):  # deleted since
            raise no_stack(name, where) from None
        raise
    given = {
        each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", ())
    }
    return Stack(name, where, parts, given, status=str(described.get("StackStatus", "")))


def _described(client: Any, name: str) -> Mapping[str, Any] | None:
    try:
        stacks: list[Mapping[str, Any]] = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if _is_missing(error):
            return None
        raise
    return stacks[0]


def _is_missing(error: ClientError) -> bool:
    """Also of a name that no stack can have, such as one with a space."""
    said = str(error)
    return code_of(error) == "ValidationError" and ("not exist" in said or "'stackName'" in said)


def _only_one(client: Any, where: str) -> Mapping[str, Any] | None:
    """The stack that has Readiness's outputs. Raises Failure for several."""
    found = _of_readiness(client)
    if len(found) > 1:
        names = sorted(each["StackName"] for each in found)
        raise Failure(
            f"several stacks of Readiness are deployed in {where}: {', '.join(names)}",
            why="Each has its own settings, scope and findings",
            fix="name one with --stack-name",
        )
    return found[0] if found else None


def _of_readiness(client: Any) -> list[Mapping[str, Any]]:
    return [
        described
        for page in client.get_paginator("describe_stacks").paginate()
        for described in page["Stacks"]
        if all(mark in _outputs(described) for mark in MARKS)
    ]


def _names_seen(client: Any) -> list[str]:
    """The stacks of Readiness that there are; none where they are not the caller's to see."""
    try:
        return sorted(each["StackName"] for each in _of_readiness(client))
    except ClientError as error:
        if cause_of(error) is not Cause.ACCESS_DENIED:
            raise
        return []


def _outputs(described: Mapping[str, Any]) -> dict[str, str]:
    return {out["OutputKey"]: out["OutputValue"] for out in described.get("Outputs", ())}


def _resources(client: Any, name: str) -> dict[str, str]:
    pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
    return there(each for page in pages for each in page["StackResourceSummaries"])


def there(summaries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Physical names by logical ids of what is in a stack.

    After a rollback CloudFormation still lists what it deleted.
    """
    return {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for each in summaries
        if each.get("PhysicalResourceId") and each.get("ResourceStatus") != "DELETE_COMPLETE"
    }


def resources(aws: Aws, name: str) -> dict[str, str]:
    """Everything that is in a stack: physical names by logical ids."""
    return _resources(aws.client("cloudformation"), name)


def parameter(aws: Aws, name: str, parameter: str, default: str) -> str:
    """What a parameter of a deployed stack was set to."""
    described = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    given = {each["ParameterKey"]: each for each in described.get("Parameters", ())}
    return str(given.get(parameter, {}).get("ParameterValue") or default)


def no_stack(name: str, where: str, others: Iterable[str] = ()) -> NoStack:
    """That there is no stack of that name; ``others`` are those of Readiness that there are."""
    named = ", ".join(others)
    return NoStack(
        f"there is no stack {name!r} in {where}",
        why="Its tables hold the findings, and changes reach it through a CloudTrail trail",
        fix=f"name one that is there with --stack-name ({named}), or run `sam deploy`"
        if named
        else "run `sam deploy`, or name another stack with --stack-name, --region and --profile",
        code=Exit.AWS_OR_INTERNAL,
    )


@contextmanager
def tables_of(deployed: Stack) -> Iterator[None]:
    """Turn the error for a missing table into a one-line Failure."""
    try:
        yield
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        raise Failure(
            f"a table of the stack {deployed.name!r} in {deployed.where} is missing"
            f" ({deployed['FindingsTable']} or {deployed['TransitionsTable']})",
            why="The stack stores findings and their history there",
            fix="run `sam deploy` to create it; restore its data from a backup",
            code=Exit.AWS_OR_INTERNAL,
        ) from error
