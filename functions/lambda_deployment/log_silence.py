"""What it means that a function ran and no log event of it arrived."""

from __future__ import annotations

from readiness.evidence.awslambda.log_delivery import LogDelivery
from readiness.evidence.iam.role_grants import Leave, RoleGrants
from readiness.evidence.logs import LogGroup
from readiness.model.text import listed
from readiness.model.verdict import Problem, Severity


def log_problems(
    function: LogDelivery, log_group: LogGroup | None, role: RoleGrants | None
) -> list[Problem]:
    """What is wrong with logging; a role is looked at only where nothing proves that it works."""
    problems = []
    newest = function.heard[-1] if function.heard else None
    silent = [hour for hour in function.silent if newest is None or hour > newest]
    if log_group is None and function.ran:
        text = f"It was invoked, and the log group {function.group} does not exist."
        problems.append(Problem(Severity.MEDIUM, text))
    elif silent and not function.is_quiet:
        text = (
            f"It ran in {len(silent)} hour{'' if len(silent) == 1 else 's'} since"
            f" {silent[0]:%Y-%m-%d %H:%M} UTC, and no log event arrived in {function.group}."
        )
        problems.append(Problem(Severity.MEDIUM, text))
    refused = [] if function.heard or role is None else _refused(function, log_group, role)
    if refused and role is not None:
        text = f"Its role {role.name} does not allow {listed(refused)}."
        problems.append(Problem(Severity.MEDIUM, text))
    if log_group is not None and log_group.group_class == "DELIVERY":
        text = f"The log group {function.group} has the class DELIVERY: nobody can search it."
        problems.append(Problem(Severity.LOW, text))
    return problems


def _refused(function: LogDelivery, log_group: LogGroup | None, role: RoleGrants) -> list[str]:
    """The actions that logging takes and that the role surely does not have."""
    group = function.group_arn
    stream = f"{group}:log-stream:{function.name}"
    actions = [
        ("logs:CreateLogStream", (group, f"{group}:*", stream)),
        ("logs:PutLogEvents", (stream,)),
    ]
    if log_group is None:
        actions.insert(0, ("logs:CreateLogGroup", (group, f"{group}:*")))
    return [name for name, arns in actions if role.allows(name, *arns) is Leave.NO]


def log_doubt(function: LogDelivery) -> str:
    """Why nothing proves that logging works, though nothing is wrong; empty where it is proven."""
    if not function.ran:
        return "It was not invoked in the last 24 hours, so no log could show that logging works."
    if not function.heard and function.is_quiet:
        return (
            "It ran, and no log event arrived; with its system log level of WARN that may be all"
            " there was to log."
        )
    if not function.heard:
        return "It ran only in the last hour, and its log events may still be on their way."
    if function.is_shared and not function.stream:
        return (
            f"Other functions may write to {function.group}, and no log stream of this one was"
            " begun there yesterday or today."
        )
    return ""
