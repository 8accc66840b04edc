"""What Parameter Store says of a parameter: its name and type, never its value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import ResourceType, ServiceEvent, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


def _listed(read: Reader) -> Sequence[Any]:
    return read.every("ssm", "describe_parameters", "Parameters", MaxResults=50)


def _find(read: Reader) -> Iterable[str]:
    return [parameter["Name"] for parameter in _listed(read)]


PARAMETER = ResourceType(
    "AWS::SSM::Parameter",
    _find,
    find_reads=("ssm:DescribeParameters",),
    changed_by=(ServiceEvent("Parameter Store Change", id="name"),),
    identify=None,
    arn="arn:{partition}:ssm:{region}:{account}:parameter{path}",
)
"""AWS Config does not record parameters."""


@evidence(PARAMETER, reads=("ssm:DescribeParameters",))
@dataclass(frozen=True, slots=True)
class ParameterType:
    """What kind of parameter it is: ``String``, ``StringList`` or ``SecureString``.

    Source: DescribeParameters, one listing for every parameter.
    """

    name: str
    type: str

    @classmethod
    def load(cls, read: Reader, parameter: Resource) -> ParameterType:
        found = read.every(
            "ssm",
            "describe_parameters",
            "Parameters",
            ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [parameter.id]}],
        )
        if not found:
            raise Gone(parameter.id)
        return cls(found[0]["Name"], found[0].get("Type", ""))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ParameterType]:
        return {
            parameter["Name"]: cls(parameter["Name"], parameter.get("Type", ""))
            for parameter in _listed(read)
        }
