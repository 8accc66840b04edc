"""Open or close a switch that code reads: a row of a circuit breaker, or a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.aws_errors import code_of
from readiness_cli.emergency.plan import Call, Plan, State
from readiness_cli.failure import Failure

if TYPE_CHECKING:
    from readiness.engine.aws import Aws

NAME = "breaker"


@dataclass(frozen=True, slots=True)
class Circuit:
    """A circuit of Powertools' breaker: the item ``id`` of a DynamoDB table.

    Forced open, it holds for ``hold``: Powertools probes an open circuit once its recovery time
    has passed since ``opened_at``, and closes it by itself, so ``opened_at`` lies ahead. Where the
    table cannot be read, calls go through: it is no means of security.
    """

    table: str
    id: str
    hold: timedelta | None
    """None closes it."""

    name = NAME

    @property
    def target(self) -> str:
        return f"dynamodb/{self.table}/{self.id}"

    def look(self, aws: Aws) -> State:
        client = aws.client("dynamodb")
        try:
            keys = client.describe_table(TableName=self.table)["Table"]["KeySchema"]
            if [each["AttributeName"] for each in keys] != ["id"]:
                named = " and ".join(each["AttributeName"] for each in keys)
                raise Failure(
                    f"the key of the table {self.table!r} is {named}, not id",
                    why="It is not laid out as the circuit breaker of Powertools does by itself",
                    fix="name the table of the breaker, or open the circuit in its own way",
                )
            answer = client.get_item(
                TableName=self.table, Key={"id": {"S": self.id}}, ConsistentRead=True
            )
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            raise Failure(
                f"there is no table {self.table!r} in {aws.region}",
                why="The circuit's state is kept in it",
                fix="aws dynamodb list-tables",
            ) from None
        item = answer.get("Item")
        state = (item or {}).get("state", {}).get("S", "")
        return {"item": item, "state": state, "is_held": _is_held(item, aws.now().timestamp())}

    def plan(self, aws: Aws, state: State, at: datetime) -> Plan:  # noqa: ARG002
        before = dict(state)
        warnings = []
        if state["item"] is None:
            warnings.append(
                "The table has no such circuit yet. Is the id right? It is the name that the code"
                " gave the breaker."
            )
        if self.hold is None:
            done = state["state"] == "CLOSED"
            return Plan(
                NAME,
                self.target,
                before,
                {"state": "CLOSED"},
                () if done else (self._put("CLOSED", 0, {}),),
                tuple(warnings),
                ("The circuit is closed already.",) if done else (),
            )
        minutes = int(self.hold.total_seconds() // 60)
        until = int((at + self.hold).timestamp())
        call = self._put("OPEN", until, {":u": {"N": str(until)}})
        warnings.append(
            f"It stays open for {minutes} minutes and the breaker's recovery time; then the code"
            " probes it by itself. A function sees it once its cached state is too old."
        )
        return Plan(
            NAME, self.target, before, {"state": "OPEN", "is_held": True}, (call,), tuple(warnings)
        )

    def undo(self, before: State, state: State) -> tuple[Call, ...]:
        if state["item"] == before["item"]:
            return ()
        key = {"id": {"S": self.id}}
        if before["item"] is None:
            params: Mapping[str, Any] = {"TableName": self.table, "Key": key}
            return (Call(f"delete the circuit {self.id}", "dynamodb", "delete_item", params),)
        return (
            Call(
                f"circuit {self.id}: {state['state']} → {before['state']}",
                "dynamodb",
                "put_item",
                {"TableName": self.table, "Item": before["item"]},
            ),
        )

    def _put(self, goal: str, until: int, more: Mapping[str, Any]) -> Call:
        opened = ", opened_at = :u" if until else ""
        forgotten = "half_open_owner, probe_lease_expiry, expiration"
        removed = forgotten if until else f"opened_at, {forgotten}"
        return Call(
            f"circuit {self.id} of {self.table}: {goal}",
            "dynamodb",
            "update_item",
            {
                "TableName": self.table,
                "Key": {"id": {"S": self.id}},
                "UpdateExpression": f"SET #s = :s, failure_count = :z{opened} REMOVE {removed}",
                "ExpressionAttributeNames": {"#s": "state"},
                "ExpressionAttributeValues": {":s": {"S": goal}, ":z": {"N": "0"}, **more},
            },
        )


def _is_held(item: Mapping[str, Any] | None, now: float) -> bool:
    opened = float((item or {}).get("opened_at", {}).get("N", "0"))
    return opened > now


@dataclass(frozen=True, slots=True)
class Switch:
    """A parameter that the code reads as a switch, and the value it shall have."""

    parameter: str
    value: str

    name = NAME

    @property
    def target(self) -> str:
        return f"ssm{'' if self.parameter.startswith('/') else '/'}{self.parameter}"

    def look(self, aws: Aws) -> State:
        try:
            found = aws.client("ssm").get_parameter(Name=self.parameter)["Parameter"]
        except ClientError as error:
            if code_of(error) != "ParameterNotFound":
                raise
            raise Failure(
                f"there is no parameter {self.parameter!r} in {aws.region}",
                why="A switch that no code reads stops nothing",
                fix="aws ssm describe-parameters",
            ) from None
        tier = self._tier(aws)
        return {
            "type": found["Type"],
            "value": found["Value"],
            "version": found["Version"],
            **({"tier": tier} if tier == "Advanced" else {}),
        }

    def _tier(self, aws: Aws) -> str:
        """Parameter Store refuses to overwrite an advanced parameter as a standard one."""
        named = [{"Key": "Name", "Option": "Equals", "Values": [self.parameter]}]
        try:
            found = aws.client("ssm").describe_parameters(ParameterFilters=named)["Parameters"]
        except (ClientError, BotoCoreError):
            return ""  # who may not list parameters may still set one; most are standard
        return str(found[0].get("Tier", "")) if found else ""

    def plan(self, aws: Aws, state: State, at: datetime) -> Plan:  # noqa: ARG002
        refusals = []
        if state["type"] != "String":
            refusals.append(f"{self.parameter} is a {state['type']}; a switch is a String.")
        elif state["value"] == self.value:
            refusals.append(f"{self.parameter} has the value {self.value!r} already.")
        return Plan(
            NAME,
            self.target,
            {"value": state["value"]} if state["type"] == "String" else {},
            {"value": self.value},
            () if refusals else (self._put(state, self.value),),
            ("Code sees it once its cached value is too old (Powertools: 5 minutes).",),
            tuple(refusals),
        )

    def undo(self, before: State, state: State) -> tuple[Call, ...]:
        if state["value"] == before["value"]:
            return ()
        return (self._put(state, before["value"]),)

    def _put(self, state: State, new: str) -> Call:
        given = {"Name": self.parameter, "Value": new, "Type": "String", "Overwrite": True}
        if "tier" in state:
            given["Tier"] = state["tier"]
        return Call(
            f"parameter {self.parameter}: {state['value']!r} → {new!r}",
            "ssm",
            "put_parameter",
            given,
        )
