"""What Amazon SageMaker AI says of its models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


def _find(read: Reader) -> Iterable[str]:
    return [each["ModelName"] for each in read.every("sagemaker", "list_models", "Models")]


MODEL = ResourceType(
    "AWS::SageMaker::Model",
    _find,
    find_reads=("sagemaker:ListModels",),
    changed_by=(
        api_call("sagemaker", "CreateModel", "DeleteModel", id="requestParameters.modelName"),
    ),
    identify=None,
    arn="arn:{partition}:sagemaker:{region}:{account}:model/{id}",
)


@evidence(MODEL, reads=("sagemaker:DescribeModel",))
@dataclass(frozen=True, slots=True)
class ModelEnvironment:
    """The environment variables of each container of a model, by the container's name or place.

    Endpoints and batch transforms start the containers with them. A model cannot be changed.
    Source: DescribeModel.
    """

    of: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, model: Resource) -> ModelEnvironment:
        answer = read.one(
            "sagemaker",
            "describe_model",
            gone=("ValidationException: Could not find model",),
            ModelName=model.id,
        )
        primary = answer.get("PrimaryContainer")
        containers = [primary] if primary else list(answer.get("Containers") or ())
        return cls(
            {
                each.get("ContainerHostname") or f"container {place}": dict(environment)
                for place, each in enumerate(containers, 1)
                if (environment := each.get("Environment"))
            }
        )
