"""Checks of what the rules may read, by IAM's own policy simulator."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from readiness.engine.actions import NARROWED, ON_REQUEST, service_of
from readiness.model.evidence import declared
from readiness.model.rule import Rule
from readiness.model.unreadable import Cause, Unreadable
from readiness_cli.doctor.check import Check, Examined, Line, State
from readiness_cli.session import plural

if TYPE_CHECKING:
    from readiness.engine.aws import Aws

AT_ONCE = 100
"""Actions a simulation; each is a row of the answer."""

_WHY = "What cannot be read is INSUFFICIENT_DATA, and no rule passes on it"


def permissions(examined: Examined) -> Iterable[Line]:
    """Which actions of which heading IAM would deny: to each function's role, or to the caller.

    The simulator knows identity policies, permissions boundaries and the organization's SCPs. It
    does not know resource control policies, session policies or the policies of resources.
    """
    wanted = reads(examined.rules)
    if examined.deployed is not None:
        yield from _of_the_roles(examined, wanted)
        return
    caller = _principal(examined)
    if not caller:
        yield Line(
            "permissions",
            State.UNKNOWN,
            "the permissions of these credentials cannot be simulated (root or a federated user)",
            _WHY,
            "run `readiness scan`, which sums up what was denied",
        )
        return
    denied = denied_actions(
        examined, caller, sorted({a for each in wanted.values() for a in each})
    )
    yield from _lines(wanted, dict.fromkeys(wanted, denied), caller)


def reads(rules: Iterable[Rule]) -> dict[str, list[str]]:
    """The IAM actions that each heading's rules need, by the heading's folder."""
    found: dict[str, set[str]] = {}
    for rule in rules:
        actions = found.setdefault(rule.heading.folder, set())
        for cls in rule.evidence:
            actions |= declared(cls).all_reads - ON_REQUEST
    return {folder: sorted(actions) for folder, actions in found.items()}


def denied_actions(examined: Examined, principal: str, actions: Sequence[str]) -> set[str]:
    """The actions that IAM would deny the principal on any resource. Raises Unreadable.

    The simulator is told the region of each call: many a policy allows some regions only, and a
    condition on a key without a value fails.
    """
    allowed: set[str] = set()
    asked: dict[tuple[str, str], list[str]] = {}
    for action in actions:
        region = _called_in(examined.aws, action)
        asked.setdefault((region, _narrowed_to(examined.aws, action)), []).append(action)
    for (region, resource), of_region in asked.items():
        rest = iter(of_region)
        while batch := list(islice(rest, AT_ONCE)):
            results = examined.pages(
                "iam",
                "simulate_principal_policy",
                "EvaluationResults",
                PolicySourceArn=principal,
                ActionNames=batch,
                ResourceArns=[resource],
                ContextEntries=[
                    {
                        "ContextKeyName": "aws:RequestedRegion",
                        "ContextKeyType": "string",
                        "ContextKeyValues": [region],
                    }
                ],
            )
            if not set(batch) <= {each["EvalActionName"] for each in results}:
                raise Unreadable("iam:SimulatePrincipalPolicy", Cause.PARTIAL_DATA)
            allowed |= {e["EvalActionName"] for e in results if e["EvalDecision"] == "allowed"}
    return set(actions) - allowed


def _narrowed_to(aws: Aws, action: str) -> str:
    """The resource on which an action is needed; all resources for nearly every action."""
    if action not in NARROWED:
        return "*"
    partition = aws.geography.partition(aws.region)
    return NARROWED[action].format(partition=partition, region=aws.region, account=aws.account)


def _called_in(aws: Aws, action: str) -> str:
    """The region in which an action is called: a global service's only one, or this one."""
    service = service_of(action)
    is_global = aws.geography.is_global(service, aws.region)
    return aws.geography.home(aws.region, service) if is_global else aws.region


def _of_the_roles(examined: Examined, wanted: Mapping[str, Sequence[str]]) -> Iterator[Line]:
    aws = examined.aws
    partition = aws.geography.partition(aws.region)
    denied: dict[str, set[str]] = {}
    not_there = []
    for folder, actions in wanted.items():
        role = examined.parts.get(f"{logical_id(folder)}Role")
        if role is None:
            not_there.append(folder)
            continue
        arn = f"arn:{partition}:iam::{aws.account}:role/{role}"
        denied[folder] = denied_actions(examined, arn, actions)
    if not_there:
        yield Line(
            "headings",
            State.WARNING,
            f"the stack has no function for {', '.join(not_there)}",
            "It is of another version than this command line",
            "run `sam build` and `sam deploy`",
        )
    if denied:
        yield from _lines({f: wanted[f] for f in denied}, denied, "the roles of the stack")


def _lines(
    wanted: Mapping[str, Sequence[str]], denied: Mapping[str, set[str]], whose: str
) -> Iterator[Line]:
    lacking = {f: [a for a in actions if a in denied[f]] for f, actions in wanted.items()}
    lacking = {folder: actions for folder, actions in lacking.items() if actions}
    if not lacking:
        count = len({action for actions in wanted.values() for action in actions})
        yield Line("permissions", State.OK, f"{plural(count, 'action')} allowed to {whose}")
        return
    for folder, actions in lacking.items():
        yield Line(
            "permissions",
            State.FAILED,
            f"{folder}: IAM denies {whose} {', '.join(actions)}",
            _WHY,
            f"allow it: {statement(actions)}, also in SCPs and the permissions boundary",
        )


def statement(actions: Iterable[str]) -> str:
    """An IAM statement to paste."""
    return json.dumps({"Effect": "Allow", "Action": sorted(actions), "Resource": "*"})


def _principal(examined: Examined) -> str:
    """The ARN of the user or role behind the credentials; empty for what IAM cannot simulate.

    An assumed role's own ARN lacks the path of the role, so IAM is asked for it.
    """
    arn = str(examined.ask("sts", "get_caller_identity")["Arn"])
    kind, _, rest = arn.split(":", 5)[5].partition("/")
    if kind == "user":
        return arn
    if kind != "assumed-role":
        return ""
    role = examined.ask("iam", "get_role", RoleName=rest.partition("/")[0])
    return str(role["Role"]["Arn"])


def logical_id(folder: str) -> str:
    """The logical id of a heading's function: ``iam_roles`` → ``IamRoles``."""
    return "".join(word.capitalize() for word in folder.split("_"))


CHECKS = (Check("permissions", permissions),)
