"""Roll an alias back to an earlier version of its function, with all of its traffic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.aws_errors import code_of
from readiness.model.text import clean
from readiness.semantics.appspec import moved_aliases
from readiness_cli.emergency import images
from readiness_cli.emergency.plan import Call, Plan, State
from readiness_cli.failure import Failure

if TYPE_CHECKING:
    from readiness.engine.aws import Aws

NAME = "lambda-rollback"
_RUNNING = ["Created", "Queued", "InProgress", "Baking", "Ready"]


@dataclass(frozen=True, slots=True)
class LambdaRollback:
    """The alias of a function, and the version it shall point to; without one, the one before."""

    function: str
    alias: str
    version: str = ""
    stop_deployment: bool = False

    name = NAME

    @property
    def target(self) -> str:
        return f"lambda/{self.function}:{self.alias}"

    def look(self, aws: Aws) -> State:
        try:
            alias = aws.client("lambda").get_alias(FunctionName=self.function, Name=self.alias)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            raise Failure(
                f"the function {self.function!r} has no alias {self.alias!r} in {aws.region}",
                why="A rollback lets an alias point to another version; callers of the function"
                " without an alias run $LATEST, which has no earlier state",
                fix=f"aws lambda list-aliases --function-name {self.function}",
            ) from None
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        return {
            "version": alias["FunctionVersion"],
            "weights": {name: float(weight) for name, weight in weights.items()},
            "revision": alias.get("RevisionId", ""),
        }

    def plan(self, aws: Aws, state: State, at: datetime) -> Plan:  # noqa: ARG002
        before = {"version": state["version"], "weights": state["weights"]}
        try:
            running, unknown, unread = *_deployments(aws, self.function, self.alias), ""
        except (ClientError, BotoCoreError) as error:
            running, unknown, unread = [], [], clean(str(error), 300)
        if running and self.stop_deployment:
            return self._stopped(before, running)
        versions = _versions(aws, self.function)
        goal = self.version or _earlier(versions, state["version"])
        refusals = [*self._refusals(state, versions, goal)]
        warnings: list[str] = []
        if goal in versions:
            refusal, warned = _runnable(aws, self.function, goal)
            refusals += refusal
            warnings += warned
            if versions[goal] == versions.get(state["version"]):
                warnings.append(f"Version {goal} has the same code; only its settings differ.")
        if running:
            refusals.append(
                f"CodeDeploy moves the alias now ({', '.join(running)}) and would fail later if"
                " it were moved under it. Let it roll back: add --stop-deployment."
            )
        warnings += [
            f"The CodeDeploy deployment {id} is under way, and its AppSpec cannot be read here;"
            " make sure that it is not about this alias."
            for id in unknown
        ]
        if unread:
            warnings.append(f"Whether CodeDeploy moves the alias now cannot be read: {unread}")
        if state["weights"]:
            told = ", ".join(
                f"{weight:.0%} to {name}" for name, weight in state["weights"].items()
            )
            warnings.append(
                f"The alias is split ({told}); all of its traffic goes to {goal} then."
            )
        call = Call(
            f"alias {self.alias}: {state['version']} → {goal}, all of the traffic",
            "lambda",
            "update_alias",
            {
                "FunctionName": self.function,
                "Name": self.alias,
                "FunctionVersion": goal,
                # A version alone would leave the weights of a half-done canary.
                "RoutingConfig": {"AdditionalVersionWeights": {}},
                **({"RevisionId": state["revision"]} if state["revision"] else {}),
            },
        )
        return Plan(
            NAME,
            self.target,
            before,
            {"version": goal, "weights": {}},
            () if refusals else (call,),
            tuple(warnings),
            tuple(refusals),
        )

    def undo(self, before: State, state: State) -> tuple[Call, ...]:
        # A deployment that CodeDeploy rolled back is made anew, not resumed.
        if self.stop_deployment or {
            "version": state["version"],
            "weights": state["weights"],
        } == dict(before):
            return ()
        weights = before["weights"]
        split = f" with {weights}" if weights else ""
        return (
            Call(
                f"alias {self.alias}: {state['version']} → {before['version']}{split}",
                "lambda",
                "update_alias",
                {
                    "FunctionName": self.function,
                    "Name": self.alias,
                    "FunctionVersion": before["version"],
                    "RoutingConfig": {"AdditionalVersionWeights": weights},
                    **({"RevisionId": state["revision"]} if state["revision"] else {}),
                },
            ),
        )

    def _refusals(self, state: State, versions: Mapping[str, str], goal: str) -> Iterator[str]:
        if state["version"] == "$LATEST":
            yield "The alias points to $LATEST, of which no earlier state is kept."
        if not goal:
            yield f"No version below {state['version']} is left to go back to."
        elif goal not in versions:
            known = ", ".join(sorted(versions, key=int)[-5:]) or "none"
            yield f"There is no version {goal} (the newest are {known})."
        elif goal == state["version"] and not state["weights"]:
            yield f"The alias points to version {goal} already."

    def _stopped(self, before: State, running: list[str]) -> Plan:
        calls = tuple(
            Call(
                f"let CodeDeploy stop {id} and roll it back",
                "codedeploy",
                "stop_deployment",
                {"deploymentId": id, "autoRollbackEnabled": True},
            )
            for id in running
        )
        # Which version it goes back to, CodeDeploy knows.
        return Plan(NAME, self.target, before, {"weights": {}}, calls)


def _versions(aws: Aws, function: str) -> dict[str, str]:
    """The digest of the code of each published version."""
    pages = aws.client("lambda").get_paginator("list_versions_by_function")
    return {
        each["Version"]: each.get("CodeSha256", "")
        for page in pages.paginate(FunctionName=function)
        for each in page["Versions"]
        if each["Version"] != "$LATEST"
    }


def _earlier(versions: Mapping[str, str], current: str) -> str:
    if not current.isdigit():
        return ""
    below = [int(each) for each in versions if int(each) < int(current)]
    return str(max(below)) if below else ""


def _runnable(aws: Aws, function: str, version: str) -> tuple[list[str], list[str]]:
    """Why the version could not serve, and what a person should know of it."""
    found = aws.client("lambda").get_function(FunctionName=function, Qualifier=version)
    configuration, code = found["Configuration"], found.get("Code", {})
    state, reason = configuration.get("State", ""), configuration.get("StateReasonCode", "")
    refusals, warnings = [], []
    if state == "Inactive" and reason in {"", "Idle"}:
        warnings.append(
            f"Version {version} is idle: its first invocation fails while it wakes up."
        )
    elif state not in {"Active", ""}:
        refusals.append(f"Version {version} is {state} ({reason}) and cannot be invoked.")
    if image := code.get("ResolvedImageUri") or code.get("ImageUri"):
        gone, untold = images.examined(aws, [image])
        refusals += gone
        warnings += untold
    return refusals, warnings


def _deployments(aws: Aws, function: str, alias: str) -> tuple[list[str], list[str]]:
    """The deployments of CodeDeploy under way that move the alias, and those that might."""
    client = aws.client("codedeploy")
    pages = client.get_paginator("list_deployments").paginate(includeOnlyStatuses=_RUNNING)
    ids = [id for page in pages for id in page.get("deployments") or ()]
    running: list[str] = []
    unknown: list[str] = []
    for at in range(0, len(ids), 25):
        found = client.batch_get_deployments(deploymentIds=ids[at : at + 25])["deploymentsInfo"]
        for each in found:
            if each.get("computePlatform") != "Lambda":
                continue
            moves = moved_aliases(each.get("revision") or {})
            if moves is None:
                unknown.append(each["deploymentId"])
            elif (function, alias) in moves:
                running.append(each["deploymentId"])
    return running, unknown
