"""What is wrong with the versions of a function that callers reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from readiness.evidence.awslambda.functions import (
    DeployedFunction,
    DeployedVersion,
    FunctionConcurrency,
)
from readiness.evidence.awslambda.traffic import CanaryTraffic
from readiness.evidence.iam.role_grants import AssumedRole
from readiness.evidence.kms.keys import KmsKeyState
from readiness.model.verdict import Problem, Severity

_BROKEN = {"Failed", "Deactivated", "ActiveNonInvocable", "Deleting"}
_MOVING = {"Pending": "pending", "Deactivating": "being deactivated"}
_USABLE_KEY = {"Enabled", "Creating", "Updating"}
_SOON = timedelta(days=60)


def unsound(
    name: str, version: DeployedVersion, now: datetime, patience: timedelta
) -> Iterator[Problem]:
    """What Lambda says is wrong with a version, and what it has been at for too long.

    ``Inactive`` is no fault: an idle function wakes up when it is invoked.
    """
    configuration = version.configuration
    if configuration.state in _BROKEN:
        text = f"{name} is {configuration.state}{_because(configuration.state_reason)}."
        yield Problem(Severity.HIGH, text)
    if configuration.last_update_status == "Failed":
        text = (
            f"The last update of {name} failed{_because(configuration.last_update_reason)}: the"
            " old code keeps serving."
        )
        yield Problem(Severity.HIGH, text)
    moving = _movement(version)
    if moving and version.modified and now - version.modified > patience:
        minutes = int((now - version.modified).total_seconds() // 60)
        yield Problem(Severity.HIGH, f"{name} has been {moving} for {minutes} minutes.")
    for flaw in version.flaws:
        yield Problem(Severity.HIGH, flaw)
    # access denied is about the reader: the monitor may not decrypt, and the key is judged apart
    error = configuration.environment_error
    if error and "AccessDenied" not in error:
        text = f"Lambda cannot decrypt the environment of {name} ({error})."
        yield Problem(Severity.HIGH, text)


def _because(reason: str) -> str:
    return f" ({reason.rstrip('.')})" if reason else ""


def _movement(version: DeployedVersion) -> str:
    configuration = version.configuration
    if configuration.last_update_status == "InProgress":
        return "being updated"
    return _MOVING.get(configuration.state, "")


def in_transition(versions: Mapping[str, DeployedVersion]) -> Iterator[str]:
    """Why nothing can be said yet of versions that show no fault."""
    for name, version in versions.items():
        if moving := _movement(version):
            yield f"{name} is {moving}: it is in transition."
        elif not version.configuration.state:
            yield f"Lambda does not tell the state of {name}."


def outdated(
    name: str, version: DeployedVersion, now: datetime, ends: Mapping[str, date]
) -> Iterator[Problem]:
    """A runtime that AWS no longer patches. Container images bring their own."""
    runtime = version.configuration.runtime
    if runtime in ends and ends[runtime] <= now.date():
        text = f"{name} runs on {runtime}, which AWS deprecated on {ends[runtime]}."
        yield Problem(Severity.MEDIUM, text)


def next_end(
    versions: Mapping[str, DeployedVersion], now: datetime, ends: Mapping[str, date]
) -> str:
    """A reminder of the runtime that is deprecated within two months; empty for none."""
    runtimes = {version.configuration.runtime for version in versions.values()}
    soon = sorted(
        (ends[runtime], runtime)
        for runtime in runtimes
        if runtime in ends and ends[runtime] - now.date() <= _SOON
    )
    return f"AWS deprecates {soon[0][1]} on {soon[0][0]}." if soon else ""


def around(
    function: DeployedFunction,
    role: AssumedRole | None,
    key: KmsKeyState | None,
    concurrency: FunctionConcurrency,
) -> Iterator[Problem]:
    """What keeps the function from running though its versions are sound."""
    for version in function.missing:
        yield Problem(Severity.HIGH, f"An alias leads to version {version}, which does not exist.")
    if role is not None and role.trust is None:
        yield Problem(Severity.HIGH, f"The execution role {role.name} does not exist.")
    elif role is not None and not role.trusts("lambda.amazonaws.com"):
        yield Problem(Severity.HIGH, f"The role {role.name} does not let Lambda assume it.")
    if key is not None and key.state not in _USABLE_KEY:
        text = f"The KMS key of the environment cannot be used: its state is {key.state}."
        yield Problem(Severity.HIGH, text)
    if concurrency.reserved == 0:
        text = "Its reserved concurrency is 0: every invocation is refused."
        yield Problem(Severity.HIGH, text)


def canaries(
    function: DeployedFunction, traffic: CanaryTraffic, patience: timedelta
) -> tuple[list[Problem], list[str]]:
    """Aliases that share traffic for too long, and those of which nobody can tell how long.

    An alias has no date. Its second version cannot get traffic before it was published, and the
    hours in which it was invoked say since when it did.
    """
    stuck: list[Problem] = []
    unclear: list[str] = []
    for alias in function.aliases:
        for version, share in alias.weights.items():
            about = f"The alias {alias.name} sends {share:.0%} of its traffic to version {version}"
            since = traffic.since.get((alias.name, version))
            known = function.versions.get(version)
            published = known.modified if known else None
            if since and function.read_at - since > patience:
                text = f"{about} since {since:%Y-%m-%d %H:%M} UTC or longer."
                stuck.append(Problem(Severity.HIGH, text))
            elif since is None and (published is None or function.read_at - published > patience):
                unclear.append(f"{about}; since when cannot be told, for nobody used it.")
    return stuck, unclear
