"""What the tasks of a state machine retry, and how they wait between attempts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from readiness import Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.ecs.task_definitions import TaskDefinition
from readiness.evidence.stepfunctions import RunDefinitions
from readiness.model.text import listed, plural
from readiness.semantics.states_language import LAMBDA_FAULTS, NotStatesLanguage, Task, tasks_of

from .asynchronous import EDGE


def backoff_problem(task: Task) -> str:
    """Why a task does not back off, after its name; empty if it does."""
    retriers = [each for each in task.retriers if each.retries]
    if any(each.backs_off for each in retriers) or task.waits:
        return ""
    if retriers:
        return "retries after the same wait each time"
    if task.retriers:
        return "has its retries switched off (MaxAttempts 0)"
    return "is not retried"


def retry_problem(task: Task) -> str:
    """Why a task does not survive a passing fault of Lambda, after its name; empty if it does."""
    lost = [error for error in LAMBDA_FAULTS if not task.retries(error)]
    if not lost:
        return ""
    if len(lost) == len(LAMBDA_FAULTS):
        return "does not retry the passing faults of Lambda"
    return f"does not retry {listed(lost)}"


def judge_tasks(
    machine: RunDefinitions,
    problem: Callable[[Task], str],
    *,
    wanted: Callable[[Task], bool],
    kind: str,
    expected: str,
    good: str,
) -> Verdict:
    """The verdict on every task of what executions run; ``kind`` names the tasks."""
    count, found = 0, []
    for name, text in machine.texts.items():
        try:
            tasks = [task for task in tasks_of(text) if wanted(task)]
        except NotStatesLanguage as flaw:
            return cannot_tell(
                f"Its definition could not be understood: {flaw}.",
                missing=("states:DescribeStateMachine",),
            )
        count += len(tasks)
        where = "" if name == LATEST else f" ({name})"
        found += [f"{task.name}{where} {why}" for task in tasks if (why := problem(task))]
    if found:
        return violates(
            f"{plural(len(found), 'task')} of {count}: {listed(found)}.",
            expected=expected,
            tasks=found,
        )
    if not count:
        return not_applicable(f"It has no {kind}.")
    return complies(f"{good} ({plural(count, 'task')}).")


# -- environment ------------------------------------------------------------------------------

_ATTEMPTS, _MODE = "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"
_MODES = {"legacy", "standard", "adaptive"}


def sdk_problem(environment: Mapping[str, str]) -> str:
    """How an environment switches the retries of the AWS SDK off, empty if it does not."""
    attempts = environment.get(_ATTEMPTS, "").strip()
    if attempts:
        if not attempts.isdecimal():
            return f"{_ATTEMPTS} is {attempts!r}, which is no number of attempts"
        if int(attempts) <= 1:
            return f"{_ATTEMPTS}={attempts} switches the retries of the AWS SDK off"
    mode = environment.get(_MODE, "").strip().lower()
    if mode and mode not in _MODES:
        return f"{_MODE} is {mode!r}, which the AWS SDK refuses"
    return ""


def sdk_hidden(
    environment: Mapping[str, str], secrets: Mapping[str, str], files: Sequence[str]
) -> str:
    """What may set the retries of the AWS SDK and is not read, empty if nothing does.

    A variable of the container itself wins over one of its files.
    """
    names = sorted({_ATTEMPTS, _MODE} & secrets.keys())
    if names:
        return f"{listed(names)} from a secret"
    if files and _ATTEMPTS not in environment:
        return f"the environment {'file' if len(files) == 1 else 'files'} {listed(files)}"
    return ""


def sdk_mode(environment: Mapping[str, str]) -> str:
    """The retry mode that an environment sets, ``default`` where it sets none."""
    return environment.get(_MODE, "").strip().lower() or "default"


def sdk_verdict(found: list[str], modes: set[str]) -> Verdict:
    """The verdict on environments whose flaws were found, and whose retry modes are these."""
    if found:
        return violates(
            f"{listed(found)}.",
            expected="AWS_MAX_ATTEMPTS of at least 2, or unset; AWS_RETRY_MODE standard or unset.",
        )
    return complies(
        "Nothing switches the retries of the AWS SDK off, which back off exponentially (retry mode"
        f" {listed(sorted(modes))}).",
        modes=sorted(modes),
    )


def judge_function_sdk(function: RunEnvironments) -> Verdict:
    """The verdict on the environments of what a function runs: each version that is invoked."""
    if function.master_arn:
        return not_applicable(EDGE)
    found, modes, unread = [], set(), []
    for version, environment in function.of.items():
        if environment is None:
            unread.append(version)
            continue
        modes.add(sdk_mode(environment))
        if problem := sdk_problem(environment):
            found.append(problem if version == LATEST else f"{problem} (version {version})")
    if unread and not found:
        return cannot_tell(
            f"The environment of {listed(unread)} could not be decrypted.",
            missing=("kms:Decrypt",),
        )
    return sdk_verdict(found, modes)


def judge_container_sdk(task_definition: TaskDefinition) -> Verdict:
    """The verdict on the environments of a task's containers."""
    found, modes, hidden = [], set(), []
    for container in task_definition.containers:
        environment = container.environment or {}
        modes.add(sdk_mode(environment))
        if problem := sdk_problem(environment):
            found.append(f"{problem} (container {container.name})")
        if said := sdk_hidden(environment, container.secrets or {}, container.environment_files):
            hidden.append(f"{said} (container {container.name})")
    if hidden and not found:
        return cannot_tell(f"What is not read may switch retries off: {listed(hidden)}.")
    return sdk_verdict(found, modes)
