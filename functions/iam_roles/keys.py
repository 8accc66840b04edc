"""Access keys: how old they are, and which workloads contain one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.ecs.task_definitions import Container, TaskDefinition
from readiness.evidence.iam.access_keys import AccessKey
from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    violates,
    violates_all,
)
from readiness.semantics.credentials import ACCESS_KEY_ID, decoded_text

_SETS_A_KEY = re.compile(
    r"(?<![\w$])AWS_SECRET_ACCESS_KEY=(?![\s\"']*(?:\$|`|$))"
    r"|\baws\s+configure\s+set\s+aws_secret_access_key\s+(?![\"']?[$`])"
)
KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def holding_a_key(environment: Mapping[str, str] | None) -> list[str]:
    """The names of the variables whose value contains an access key ID; never the values.

    Base64 is decoded: JSON of credentials often comes in it.
    """
    return sorted(
        name
        for name, value in (environment or {}).items()
        if ACCESS_KEY_ID.search(value) or ACCESS_KEY_ID.search(decoded_text(value))
    )


def named_like_a_key(names: Iterable[str]) -> list[str]:
    """The names from which every AWS SDK takes an access key."""
    return sorted(set(names) & set(KEY_VARIABLES))


def keys_in_containers(containers: Iterable[Container]) -> list[str]:
    """``container: variable`` for each access key that a container gets, by name or by value."""
    found = []
    for each in containers:
        named = named_like_a_key([*(each.environment or {}), *(each.secrets or {})])
        held = holding_a_key(each.environment) + holding_a_key(each.options)
        told = [place for place, words in each.commands.items() if _gives_a_key(words)]
        found += [f"{each.name}: {name}" for name in sorted({*named, *held, *told})]
    return found


def function_keys_verdict(function: RunEnvironments) -> Verdict:
    """The verdict on the access keys in the variables of a function and of its versions in use."""
    found = holding_a_key(function.of.get(LATEST))
    for version, variables in function.of.items():
        if version != LATEST:
            more = [name for name in holding_a_key(variables) if name not in found]
            found += [f"version {version}/{name}" for name in more]
    if function.hidden and not found:
        reason = f"Lambda could not decrypt the environment variables of {listed(function.hidden)}"
        return cannot_tell(f"{reason} ({function.error}).")
    if found:
        return violates(
            f"The environment contains an access key ID in {listed(found)}.",
            expected="The function's execution role instead of the access key.",
            variables=found,
        )
    count = sum(len(each or {}) for each in function.of.values())
    return complies(f"No access key ID found in {plural(count, 'environment variable')}.")


def task_keys_verdict(task: TaskDefinition) -> Verdict:
    """The verdict on the access keys that the containers of a task get."""
    found = keys_in_containers(task.containers) + holding_a_key(task.options)
    if found:
        return violates(
            f"A container gets an access key in {listed(found)}.",
            expected="The task role instead of the access key.",
            variables=found,
        )
    files = [file for container in task.containers for file in container.environment_files]
    if files:
        reason = f"The environment comes from files in S3, which are not read: {listed(files)}."
        return cannot_tell(reason, missing=("s3:GetObject",))
    return complies("No container gets an access key.")


def _gives_a_key(words: Sequence[str]) -> bool:
    """Whether a command contains an access key ID, or sets a variable that SDKs take one from."""
    line = " ".join(words)
    return bool(ACCESS_KEY_ID.search(line) or _SETS_A_KEY.search(line))


class Dated(Protocol):
    """An access key and when it was created."""

    @property
    def id(self) -> str: ...
    @property
    def created(self) -> datetime: ...


def age_in_days(key: Dated, now: datetime) -> int:
    """Whole days, as the console shows them."""
    return (now - key.created).days


def overdue(
    active: Sequence[Dated], now: datetime, *, max_age_days: int, overlap_days: int
) -> list[Problem]:
    """What is too old: a key, or two keys that have both been active for long."""
    found = [
        Problem(
            Severity.HIGH,
            f"The access key {key.id} is {plural(age, 'day')} old; at most {max_age_days} are"
            " allowed.",
        )
        for key in active
        if (age := age_in_days(key, now)) > max_age_days
    ]
    ages = [age_in_days(key, now) for key in active]
    if len(ages) > 1 and min(ages) > overlap_days:
        text = (
            f"Two access keys have both been active for {plural(min(ages), 'day')}; at most"
            f" {overlap_days} are allowed."
        )
        found.append(Problem(Severity.HIGH, text))
    return found


def age_verdict(
    active: Sequence[AccessKey],
    now: datetime,
    *,
    max_age_days: int,
    overlap_days: int,
    warn_days: int,
) -> Verdict:
    """The verdict on the active keys of a user; from ``warn_days`` on it says when to rotate."""
    found = overdue(active, now, max_age_days=max_age_days, overlap_days=overlap_days)
    ages = {key.id: age_in_days(key, now) for key in active}
    if found:
        expected = (
            f"Active keys at most {plural(max_age_days, 'day')} old, and two active keys for at"
            f" most {plural(overlap_days, 'day')}."
        )
        return violates_all(found, expected=expected, ages_in_days=ages)
    oldest = max(ages.values())
    reason = f"The oldest active access key is {plural(oldest, 'day')} old."
    if oldest >= warn_days:
        reason += f" Rotate it before it is more than {plural(max_age_days, 'day')} old."
    return complies(reason, ages_in_days=ages)


def root_age_verdict(keys: Sequence[AccessKey], now: datetime, max_age_days: int) -> Verdict:
    """The verdict on the active access keys of the root user."""
    found = [
        Problem(
            Severity.HIGH,
            f"The root user's access key {key.id} is at least {plural(age, 'day')} old; at most"
            f" {max_age_days} are allowed.",
        )
        for key in keys
        if (age := age_in_days(key, now)) > max_age_days
    ]
    if found:
        return violates_all(found, expected="No access key for the root user.")
    return complies(
        "The root user's active access keys are at most"
        f" {plural(max_age_days, 'day')} old by the credential report."
    )
