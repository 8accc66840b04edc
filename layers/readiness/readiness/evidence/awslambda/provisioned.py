"""Which aliases and versions of a function are kept warm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from readiness.evidence.awslambda.functions import FUNCTION, function_call, function_name
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    FUNCTION,
    reads=("lambda:ListProvisionedConcurrencyConfigs",),
    changed_by=(
        api_call(
            "lambda",
            "PutProvisionedConcurrencyConfig*",
            "DeleteProvisionedConcurrencyConfig*",
            id="requestParameters.functionName",
            normalise=function_name,
        ),
        function_call("UpdateAlias", "DeleteAlias"),
    ),
)
@dataclass(frozen=True, slots=True)
class ProvisionedConcurrency:
    """The qualifiers with provisioned concurrency, and why those are not ready that failed.

    ``pending`` are those of which Lambda has allocated nothing yet: it begins anew for the version
    that an alias is moved to, and no event tells how that ends.
    Source: ListProvisionedConcurrencyConfigs.
    """

    qualifiers: tuple[str, ...]
    failed: Mapping[str, str] = field(default_factory=dict)
    pending: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, function: Resource) -> ProvisionedConcurrency:
        found = read.every(
            "lambda",
            "list_provisioned_concurrency_configs",
            "ProvisionedConcurrencyConfigs",
            gone=("ResourceNotFoundException",),
            FunctionName=function.id,
        )
        return cls(
            tuple(each["FunctionArn"].rpartition(":")[2] for each in found),
            {
                each["FunctionArn"].rpartition(":")[2]: each.get("StatusReason", "")
                for each in found
                if each.get("Status") == "FAILED"
            },
            tuple(
                each["FunctionArn"].rpartition(":")[2]
                for each in found
                if each.get("Status") == "IN_PROGRESS"
                and not each.get("AvailableProvisionedConcurrentExecutions")
            ),
        )
