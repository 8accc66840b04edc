"""Why a function ran and no log event of it arrived."""

from __future__ import annotations

from readiness.evidence.awslambda.log_delivery import LogDelivery
from readiness.evidence.iam.role_grants import Leave, RoleGrants
from readiness.evidence.logs import LogGroup
from readiness.model.text import listed, plural
from readiness.model.verdict import Problem, Severity


def log_problems(
    function: LogDelivery, log_group: LogGroup | None, role: RoleGrants | None
) -> list[Problem]:
    """What is wrong with logging; the role is checked only if no log event arrived."""
    problems = []
    newest = function.heard[-1] if function.heard else None
    silent = [hour for hour in function.silent if newest is None or hour > newest]
    if log_group is None and function.ran:
        text = f"The function was invoked, but its log group {function.group} does not exist."
        problems.append(Problem(Severity.MEDIUM, text))
    elif silent and not function.is_quiet:
        text = (
            f"The function ran in {plural(len(silent), 'hour')} since"
            f" {silent[0]:%Y-%m-%d %H:%M} UTC, but no log event arrived in {function.group}."
        )
        problems.append(Problem(Severity.MEDIUM, text))
    refused = [] if function.heard or role is None else _refused(function, log_group, role)
    if refused and role is not None:
        text = f"The execution role {role.name} does not allow {listed(refused)}."
        problems.append(Problem(Severity.MEDIUM, text))
    if log_group is not None and log_group.group_class == "DELIVERY":
        text = f"The log group {function.group} has the class DELIVERY, so it cannot be searched."
        problems.append(Problem(Severity.LOW, text))
    return problems


def _refused(function: LogDelivery, log_group: LogGroup | None, role: RoleGrants) -> list[str]:
    """The actions that logging needs and that the role certainly does not allow."""
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
    """Why logging without a fault is not known to work; empty if it works."""
    if not function.ran:
        return (
            "The function had no invocation in the last 24 hours, so there are no logs to expect."
        )
    if not function.heard and function.is_quiet:
        return (
            "The function ran and no log event arrived. With its system log level WARN there may"
            " have been nothing to log."
        )
    if not function.heard:
        return "The function ran only in the last hour; its log events may still arrive."
    if function.is_shared and not function.stream:
        return (
            f"Other functions can write to {function.group} too, and this function has created no"
            " log stream there yesterday or today."
        )
    return ""
