"""Whether the log groups that workloads write to exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.awslambda.numbered import NumberedVersions
from readiness.evidence.awslambda.settings import FunctionLogging
from readiness.evidence.awslambda.versions import FunctionAliases, published_configurations
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION, TaskDefinition
from readiness.evidence.logs import LOG_GROUP, LogGroup, account_policies
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_POLICIES = "logs:DescribeAccountPolicies"
_CHANGES = (api_call("logs", "PutAccountPolicy", "DeleteAccountPolicy"),)


def _exists(read: Reader, name: str) -> bool:
    try:
        read.of(LogGroup, LOG_GROUP.resource(read.account, read.region, name))
    except Gone:
        return False
    return True


def _account_policy(read: Reader) -> str:
    """The retention policy of the account that every new log group falls under; empty for none."""
    if not read.knows("logs", "describe_account_policies"):
        return ""
    found = account_policies(read, "RETENTION_POLICY", absent=("InvalidParameterException",))
    return next((each["policyName"] for each in found if not each.get("selectionCriteria")), "")


@evidence(
    FUNCTION,
    reads=(_POLICIES, "lambda:GetFunctionConfiguration", "lambda:ListAliases"),
    uses=(FunctionLogging, LogGroup, NumberedVersions),
    changed_by=_CHANGES,
)
@dataclass(frozen=True, slots=True)
class FunctionLogGroup:
    """The log groups that a function writes to, and which are absent.

    A published version keeps the group that the function had then. ``names`` begins with that of
    the unpublished version; those of the versions that aliases or numbers lead to follow. That an
    alias leads to another version waits for the sweep. ``modified`` is when one of the versions
    was last changed or published, None where Lambda's time is not one; ``account_policy`` the
    retention policy of the account that absent groups will fall under, read only for these.
    """

    names: tuple[str, ...]
    read_at: datetime
    absent: tuple[str, ...] = ()
    modified: datetime | None = None
    master_arn: str = ""
    account_policy: str = ""

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionLogGroup:
        latest = read.of(FunctionLogging, function)
        if latest.master_arn:
            return cls((latest.log_group,), read.now, master_arn=latest.master_arn)
        aliases = FunctionAliases.load(read, function).all
        numbered = read.of(NumberedVersions, function).all
        is_managed = bool(latest.capacity_provider)
        published = published_configurations(
            read, function.id, aliases, numbered, is_managed=is_managed
        )
        every = [latest, *published.values()]
        names = tuple(dict.fromkeys(each.log_group for each in every))
        absent = tuple(name for name in names if not _exists(read, name))
        changed = [each for each in every if each.log_group in absent] or every
        return cls(
            names,
            read.now,
            absent,
            max(filter(None, (_moment(each.last_modified) for each in changed)), default=None),
            account_policy=_account_policy(read) if absent else "",
        )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


@evidence(
    TASK_DEFINITION, reads=(_POLICIES,), uses=(TaskDefinition, LogGroup), changed_by=_CHANGES
)
@dataclass(frozen=True, slots=True)
class TaskLogGroups:
    """The log groups of this region that a task's containers write to, and which are absent.

    ``account_policy`` is the retention policy of the account that those will fall under.
    ``never_created`` are absent ones that some container does not create
    (``awslogs-create-group``), so that the task does not start.
    """

    names: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    account_policy: str = ""
    tags: Mapping[str, str] | None = None
    never_created: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, task: Resource) -> TaskLogGroups:
        about = read.of(TaskDefinition, task)
        names, needed = [], set()
        for container in about.containers:
            options = container.log_options or {}
            here = options.get("awslogs-region", read.region) == read.region
            if container.log_driver == "awslogs" and here and options.get("awslogs-group"):
                names.append(options["awslogs-group"])
                if options.get("awslogs-create-group", "").lower() != "true":
                    needed.add(options["awslogs-group"])
        found = sorted(set(names))
        absent = [name for name in found if not _exists(read, name)]
        policy = _account_policy(read) if absent else ""
        never = tuple(name for name in absent if name in needed)
        return cls(tuple(found), tuple(absent), policy, about.tags, never)
