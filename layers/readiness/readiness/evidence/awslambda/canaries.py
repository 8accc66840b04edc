"""Traffic that moves over from one version to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.awslambda.versions import FunctionAliases
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA, WEEK, read_each
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import series

_COARSE = 3600


@evidence(FUNCTION, reads=(GET_METRIC_DATA,), uses=(FunctionAliases,))
@dataclass(frozen=True, slots=True)
class CanaryTraffic:
    """Since when the additional versions of weighted aliases are seen to get traffic.

    ``since`` maps (alias, version) to the first hour of the last week with an invocation; a
    version without any is missing from it. Only weighted aliases publish ExecutedVersion.
    """

    since: Mapping[tuple[str, str], datetime]

    @classmethod
    def load(cls, read: Reader, function: Resource) -> CanaryTraffic:
        wanted = {
            (alias.name, version): {
                "invocations": series(
                    "AWS/Lambda",
                    "Invocations",
                    "Sum",
                    FunctionName=function.id,
                    Resource=f"{function.id}:{alias.name}",
                    ExecutedVersion=version,
                )
            }
            for alias in read.of(FunctionAliases, function).all
            for version in alias.weights
        }
        found = read_each(read, wanted, WEEK, period=_COARSE) if wanted else {}
        first = {
            key: next((stamp for stamp, value in each["invocations"].points if value), None)
            for key, each in found.items()
        }
        return cls({key: stamp for key, stamp in first.items() if stamp is not None})
