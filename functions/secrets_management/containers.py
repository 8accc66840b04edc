"""Whether the containers of a task or a job get their secrets from Secrets Manager."""

from collections.abc import Mapping, Sequence

from readiness import Verdict
from readiness.evidence.ecs.task_definitions import Container
from readiness.evidence.sagemaker import ModelEnvironment

from .places import in_containers, in_variables, texts_of
from .plain_text import judge_plain_text
from .settings import ParameterStoreSettings, PlainTextSettings


def judge_containers(
    containers: Sequence[Container],
    options: Mapping[str, str] | None,
    parameter_store: ParameterStoreSettings,
    plain_text: PlainTextSettings,
) -> Verdict:
    """The verdict on containers and on the ``options`` (name to value) that stand beside them.

    A secret from Parameter Store is a problem unless the settings accept SecureString there.
    """
    elsewhere: list[str] = []
    variables = 0
    for container in containers:
        secrets = {**(container.secrets or {}), **(container.log_secrets or {})}
        variables += len(container.environment or {}) + len(secrets)
        elsewhere += [
            f"{container.name}/{name}"
            for name, source in secrets.items()
            if _is_parameter(source) and not parameter_store.accept_ssm_secure_string
        ]
    found = in_containers(containers, options, plain_text)
    texts = texts_of(containers) + len(options or {})
    return judge_plain_text(found, elsewhere, variables=variables, texts=texts)


def _is_parameter(source: str) -> bool:
    """Whether ``valueFrom`` is a parameter: its ARN or its bare name."""
    return ":ssm:" in source or not source.startswith("arn:")


def environment_files(containers: Sequence[Container]) -> list[str]:
    """The files in S3 (ARNs) that hold more variables, and are not read."""
    return [file for container in containers for file in container.environment_files]


def judge_model(model: ModelEnvironment, plain_text: PlainTextSettings) -> Verdict:
    """The verdict on the variables of the containers of a model."""
    found = [
        suspicion.within(container)
        for container, variables in model.of.items()
        for suspicion in in_variables(variables, plain_text)
    ]
    return judge_plain_text(found, variables=sum(len(each) for each in model.of.values()))
