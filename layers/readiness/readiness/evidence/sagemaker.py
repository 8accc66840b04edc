"""What Amazon SageMaker AI says of its models and notebook instances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from readiness.model.evidence import REGION, ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


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


# -- notebook instances ---------------------------------------------------------------------------


def notebook_names(read: Reader) -> list[str]:
    """The notebook instances of the region, but those that are being deleted."""
    found = read.every("sagemaker", "list_notebook_instances", "NotebookInstances")
    return [
        each["NotebookInstanceName"]
        for each in found
        if each.get("NotebookInstanceStatus") != "Deleting"
    ]


def described_notebook(read: Reader, name: str) -> Mapping[str, Any]:
    """What DescribeNotebookInstance says of a notebook instance. Raises Gone."""
    answer: Mapping[str, Any] = read.one(
        "sagemaker",
        "describe_notebook_instance",
        gone=("ValidationException: RecordNotFound", "ValidationException: does not exist"),
        NotebookInstanceName=name,
    )
    return answer


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook instance, and what its users can do.

    ``reaches_internet``: directly, past the account's VPC. ``has_root``: its users are root on it.
    ``old_metadata``: it answers IMDSv1 too.
    """

    name: str
    reaches_internet: bool = False
    has_root: bool = False
    old_metadata: bool = False


@evidence(
    REGION,
    reads=("sagemaker:DescribeNotebookInstance", "sagemaker:ListNotebookInstances"),
    changed_by=(
        api_call(
            "sagemaker",
            "CreateNotebookInstance",
            "DeleteNotebookInstance",
            "UpdateNotebookInstance",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class Notebooks:
    """The notebook instances of the region, stopped ones too: they are started as they are.

    Sources: ListNotebookInstances, DescribeNotebookInstance.
    """

    all: tuple[Notebook, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Notebooks:
        def seen(name: str) -> Notebook | None:
            try:
                return _notebook(described_notebook(read, name))
            except Gone:
                return None

        found = read.each(seen, notebook_names(read))
        return cls(tuple(each for each in found if each is not None))


def _notebook(answer: Mapping[str, Any]) -> Notebook:
    metadata = answer.get("InstanceMetadataServiceConfiguration") or {}
    return Notebook(
        answer["NotebookInstanceName"],
        reaches_internet=answer.get("DirectInternetAccess") == "Enabled",
        has_root=answer.get("RootAccess") == "Enabled",
        old_metadata=metadata.get("MinimumInstanceMetadataServiceVersion") == "1",
    )
