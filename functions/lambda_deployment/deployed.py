"""What is wrong with the function versions that callers reach."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from readiness.evidence.awslambda.canaries import CanaryTraffic
from readiness.evidence.awslambda.deployed import DeployedFunction, DeployedVersion
from readiness.evidence.awslambda.functions import LATEST, FunctionConcurrency
from readiness.evidence.iam.role_grants import AssumedRole
from readiness.evidence.kms.keys import KmsKeyState
from readiness.model.text import plural
from readiness.model.verdict import Problem, Severity
from readiness.semantics.condition_values import FREE
from readiness.semantics.conditions import Requests
from readiness.semantics.requesters import acting

_NOT_INVOCABLE = "ActiveNonInvocable"
_BROKEN = {"Failed", "Deactivated", _NOT_INVOCABLE}
_DELETING = "Deleting"
_MOVING = {
    "Pending": "pending",
    "Deactivating": "being deactivated",
    _DELETING: "being deleted",
}
_RESTORING = "Restoring"
_CHANGING_KEY = {"Creating", "Updating"}
_SOON = timedelta(days=60)


def unsound(
    name: str, version: DeployedVersion, now: datetime, patience: timedelta
) -> Iterator[Problem]:
    """What Lambda reports as wrong with a version, and what has taken too long.

    An idle function is ``Inactive`` too, which is no fault: it becomes active when it is invoked.
    """
    configuration, is_by_design = version.configuration, is_unpublished_by_design(name, version)
    name, code = spoken(name), configuration.state_reason_code
    if configuration.state == "Inactive" and code not in {"", "Idle"}:
        why = _because(configuration.state_reason or code)
        text = f"{name} is Inactive for another reason than being idle{why}: invocations fail."
        yield Problem(Severity.HIGH, text)
    if configuration.state in _BROKEN and not is_by_design:
        text = f"{name} is {configuration.state}{_because(configuration.state_reason)}."
        yield Problem(Severity.HIGH, text)
    if configuration.last_update_status == "Failed":
        text = (
            f"The last update of {name} failed{_because(configuration.last_update_reason)}, so the"
            " old code still runs."
        )
        yield Problem(Severity.HIGH, text)
    moving, since = _movement(version), _moving_since(version)
    if moving and since and now - since > patience:
        minutes = int((now - since).total_seconds() // 60)
        limit = int(patience.total_seconds() // 60)
        lasted = f"{name} has been {moving} for {plural(minutes, 'minute')}"
        text = f"{lasted}; at most {limit} are allowed."
        yield Problem(Severity.HIGH, text)
    for flaw in version.flaws:
        yield Problem(Severity.HIGH, flaw)
    # access denied concerns the monitor's own role; the key is checked separately
    error = configuration.environment_error
    if error and "AccessDenied" not in error:
        text = f"Lambda cannot decrypt the environment of {name} ({error})."
        yield Problem(Severity.HIGH, text)


def spoken(name: str) -> str:
    """A version as a sentence begins with it: ``$LATEST`` or ``Version 7``."""
    return which(name).replace("v", "V", 1)


def which(name: str) -> str:
    """``$LATEST`` or ``version 7``."""
    return f"version {name}" if name.isdecimal() else name


def is_going(function: DeployedFunction) -> bool:
    """Whether the whole function was deleted and only its durable executions still end."""
    return function.versions[LATEST].configuration.state == _DELETING


def is_unpublished_by_design(name: str, version: DeployedVersion) -> bool:
    """Whether it is ``$LATEST`` on Lambda Managed Instances, where only published versions run."""
    about = version.configuration
    return name == LATEST and bool(about.capacity_provider) and about.state == _NOT_INVOCABLE


def _code(version: DeployedVersion) -> str:
    return version.configuration.state_reason_code


def _because(reason: str) -> str:
    return f" ({reason.rstrip('.')})" if reason else ""


def _movement(version: DeployedVersion) -> str:
    configuration = version.configuration
    if configuration.last_update_status == "InProgress":
        return "being updated"
    if configuration.state == "Pending" and configuration.state_reason_code == _RESTORING:
        return "being restored after it was idle"
    return _MOVING.get(configuration.state, "")


def _moving_since(version: DeployedVersion) -> datetime | None:
    """Since when a version is changing; None where Lambda does not show it.

    LastModified is when code or settings were set. A function that was idle for weeks is Pending
    when it is invoked again, one that is deleted ends its durable executions first, and neither
    changes that time (Lambda developer guide, "Lambda function states").
    """
    about = version.configuration
    is_changed = about.last_update_status == "InProgress" or (
        about.state == "Pending" and about.state_reason_code != _RESTORING
    )
    return version.modified if is_changed else None


def in_transition(versions: Mapping[str, DeployedVersion]) -> Iterator[str]:
    """Why versions without a fault are not known to be sound yet."""
    for name, version in versions.items():
        if moving := _movement(version):
            yield f"{spoken(name)} is {moving}."
        elif not version.configuration.state:
            yield f"Lambda does not show the state of {which(name)}."
        elif version.configuration.state == "Inactive" and not _code(version):
            yield f"Lambda does not show why {which(name)} is Inactive."


def unpublished(versions: Mapping[str, DeployedVersion]) -> Iterator[str]:
    """Why it is not known whether callers reach any version of the function."""
    if len(versions) == 1 and all(is_unpublished_by_design(*each) for each in versions.items()):
        yield (
            "On Lambda Managed Instances $LATEST cannot be invoked, and the function has neither"
            " $LATEST.PUBLISHED nor an alias: which version callers name is unknown."
        )


def outdated(
    name: str, version: DeployedVersion, now: datetime, ends: Mapping[str, date]
) -> Iterator[Problem]:
    """A runtime that AWS no longer patches. Container images have their own runtime."""
    runtime = version.configuration.runtime
    if runtime in ends and ends[runtime] <= now.date():
        text = (
            f"{spoken(name)} uses the runtime {runtime}, which AWS deprecated on {ends[runtime]}."
        )
        yield Problem(Severity.MEDIUM, text)


def unpatched(
    name: str, version: DeployedVersion, now: datetime, most_days: int
) -> Iterator[Problem]:
    """A managed runtime that AWS patches and this version does not get.

    Automatic updates are the default. In the other modes a published version stays with the
    runtime that it was published with (Lambda Developer Guide, "Manage Lambda function versions").
    """
    runtime = version.configuration.runtime
    if version.updates == "Manual":
        yield Problem(
            Severity.MEDIUM,
            f"The runtime {runtime} of {which(name)} is pinned (update mode Manual): it gets no"
            " security patches until somebody chooses another version of it.",
        )
    since = version.modified
    if version.updates == "FunctionUpdate" and since and (now - since).days > most_days:
        did = "published" if name.isdecimal() else "changed"
        yield Problem(
            Severity.MEDIUM,
            f"The runtime {runtime} of {which(name)} is patched only when the function is changed"
            f" (update mode FunctionUpdate), and it was {did} {(now - since).days} days ago; at"
            f" most {most_days} are allowed.",
        )


def next_end(
    versions: Mapping[str, DeployedVersion], now: datetime, ends: Mapping[str, date]
) -> str:
    """A reminder of a runtime that AWS deprecates within two months; empty for none."""
    runtimes = {version.configuration.runtime for version in versions.values()}
    soon = sorted(
        (ends[runtime], runtime)
        for runtime in runtimes
        if runtime in ends and ends[runtime] - now.date() <= _SOON
    )
    return f"AWS deprecates the runtime {soon[0][1]} on {soon[0][0]}." if soon else ""


def around(
    function: DeployedFunction,
    roles: Iterable[AssumedRole],
    keys: Collection[KmsKeyState],
    concurrency: FunctionConcurrency,
) -> Iterator[Problem]:
    """What keeps the function from running although its versions are sound."""
    for version in function.missing:
        yield Problem(
            Severity.HIGH, f"An alias points to version {version}, which does not exist."
        )
    for role in roles:
        if role.trust is None:
            yield Problem(Severity.HIGH, f"The execution role {role.name} does not exist.")
        elif not role.trusts(_LAMBDA, list(_asked_by(function))):
            yield Problem(
                Severity.HIGH,
                f"The trust policy of the execution role {role.name} does not let Lambda assume"
                " it.",
            )
    for key in keys:
        wrong = key.why_no_service_can_use_it
        if wrong and key.state not in _CHANGING_KEY:
            which = f" {key.key_id}" if len(keys) > 1 else ""
            text = f"The KMS key{which} of the environment variables {wrong}."
            yield Problem(Severity.HIGH, text)
    if concurrency.reserved == 0:
        text = "The reserved concurrency is 0, so every invocation is throttled."
        yield Problem(Severity.HIGH, text)


_LAMBDA = "lambda.amazonaws.com"


def _asked_by(function: DeployedFunction) -> Iterator[Requests]:
    """What Lambda may state when it assumes a role: the function, or a version or alias of it."""
    arn = function.versions[LATEST].configuration.arn
    account = arn.split(":")[4] if arn.count(":") > 4 else FREE
    for source in (arn or FREE, f"{arn}:{FREE}"):
        yield acting(_LAMBDA, account, source)


def canaries(
    function: DeployedFunction, traffic: CanaryTraffic, patience: timedelta
) -> tuple[list[Problem], list[str]]:
    """Aliases that split traffic for too long, and those where the duration is unknown.

    An alias has no date. Its second version cannot get traffic before it is published, and the
    hours with invocations show since when it got some.
    """
    hours = patience.total_seconds() / 3600
    stuck: list[Problem] = []
    unclear: list[str] = []
    for alias in function.aliases:
        for version, share in alias.weights.items():
            about = f"The alias {alias.name} sends {share:.0%} of its traffic to version {version}"
            since = traffic.since.get((alias.name, version))
            known = function.versions.get(version)
            published = known.modified if known else None
            if since and function.read_at - since > patience:
                text = (
                    f"{about} since {since:%Y-%m-%d %H:%M} UTC or longer; at most {hours:g} hours"
                    " are allowed."
                )
                stuck.append(Problem(Severity.HIGH, text))
            elif since is None and (published is None or function.read_at - published > patience):
                unclear.append(f"{about}. Since when is unknown, because it had no invocations.")
    return stuck, unclear
