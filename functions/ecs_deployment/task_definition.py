"""What is wrong with a task definition that services run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from readiness.evidence.ecs.image_tags import ImageTags
from readiness.evidence.ecs.services import Service
from readiness.evidence.ecs.task_definitions import Container, TaskDefinition
from readiness.model.text import listed
from readiness.model.verdict import Problem, Severity
from readiness.semantics.health_commands import cannot_fail, has_command
from readiness.semantics.image_tags import is_moving, tag_of

_GONE = {"INACTIVE", "DELETE_IN_PROGRESS"}


def problems(
    definition: TaskDefinition, services: Sequence[Service], tags: ImageTags
) -> Iterator[Problem]:
    """Everything wrong with a revision, given the services that run it."""
    fargate = any(service.is_on_fargate for service in services)
    if definition.status in _GONE and (
        current := [each.name for each in services if each.revision == definition.arn]
    ):
        # deployment tools deregister the revision that a rollout replaces while it still runs
        text = f"The revision is {definition.status} but used by {listed(current)}."
        yield Problem(Severity.HIGH, text)
    if not any(container.essential for container in definition.containers):
        yield Problem(Severity.MEDIUM, "No container is marked as essential.")
    routed = any(container.is_log_router for container in definition.containers)
    for container in definition.containers:
        yield from _logging(container, routed=routed)
        yield from _image(container, tags)
    yield from _size(definition, services, fargate=fargate)
    yield from _roles(definition, services)
    yield from _health(definition, services)


def _logging(container: Container, *, routed: bool) -> Iterator[Problem]:
    """A log router writes the logs of the others and need not log itself."""
    driver, options = container.log_driver, container.log_options or {}
    if driver in {"", "none"} and not container.is_log_router:
        yield Problem(Severity.MEDIUM, f"The container {container.name} writes no logs.")
    if driver == "awslogs":
        missing = [name for name in ("awslogs-group", "awslogs-region") if not options.get(name)]
        if missing:
            text = f"The log configuration of {container.name} lacks {listed(missing)}."
            yield Problem(Severity.MEDIUM, text)
    if driver == "awsfirelens" and not routed:
        text = (
            f"The container {container.name} logs to FireLens, but no container is a log router."
        )
        yield Problem(Severity.MEDIUM, text)


def _image(container: Container, tags: ImageTags) -> Iterator[Problem]:
    """A digest names one image; no tag, or one without a version, the one pushed last."""
    if not is_moving(container.image) or container.image in (*tags.fixed, *tags.unknown):
        return
    tag = tag_of(container.image)
    text = f"The image of {container.name} has {f'the tag {tag}' if tag else 'no tag'}."
    if tag:
        text += " That is moved with each push: a version or a digest stays."
    yield Problem(Severity.MEDIUM, text)


def _size(
    definition: TaskDefinition, services: Sequence[Service], *, fargate: bool
) -> Iterator[Problem]:
    if fargate and not (definition.cpu and definition.memory):
        yield Problem(
            Severity.MEDIUM,
            "The task runs on Fargate, but the revision sets no task cpu or memory.",
        )
    unbounded = [each.name for each in definition.containers if not each.memory]
    if (
        not all(service.is_on_fargate for service in services)
        and not definition.memory
        and unbounded
    ):
        text = f"No memory limit on a shared container instance: {listed(unbounded)}."
        yield Problem(Severity.MEDIUM, text)


_WITHOUT_INSTANCE_ROLE = {"EXTERNAL", "MANAGED_INSTANCES"}


def _roles(definition: TaskDefinition, services: Sequence[Service]) -> Iterator[Problem]:
    """Roles that the task lacks; only an instance of one's own brings a role for ECR and logs."""
    if definition.task_role_arn and definition.task_role_arn == definition.execution_role_arn:
        text = "The task role is the execution role, so the code can pull images and read secrets."
        yield Problem(Severity.MEDIUM, text)
    if definition.execution_role_arn:
        return
    alone = any(s.is_on_fargate or s.launch_type in _WITHOUT_INSTANCE_ROLE for s in services)
    needed_for = []
    if any(container.secrets or container.log_secrets for container in definition.containers):
        needed_for.append("to read secrets")
    if any(container.environment_files for container in definition.containers):
        needed_for.append("to read environment files")
    if any(container.has_registry_login for container in definition.containers):
        needed_for.append("to read the login of a private registry")
    if alone and any(".dkr.ecr." in container.image for container in definition.containers):
        needed_for.append("to pull images from ECR")
    if alone and any(c.log_driver == "awslogs" for c in definition.containers):
        needed_for.append("to write logs")
    if needed_for:
        yield Problem(
            Severity.MEDIUM,
            f"The revision has no execution role, which is needed {listed(needed_for)}.",
        )


def _health(definition: TaskDefinition, services: Sequence[Service]) -> Iterator[Problem]:
    commands = [c.health_check for c in definition.containers if c.essential]
    checked = any(has_command(each) and not cannot_fail(each) for each in commands)
    alone = [
        s.name
        for s in services
        if not (s.target_group_arns or s.has_classic_balancer or s.is_in_lattice)
    ]
    if not checked and alone:
        text = (
            f"No container has a health check{' that can fail' if any(commands) else ''}, and no"
            f" load balancer checks {listed(alone)}, so a hanging task is never replaced."
        )
        yield Problem(Severity.MEDIUM, text)
