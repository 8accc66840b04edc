"""What AWS App Runner says of its services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_DELETED = "DELETED"


def _find(read: Reader) -> Iterable[str]:
    found = read.every("apprunner", "list_services", "ServiceSummaryList")
    return [each["ServiceArn"] for each in found if each.get("Status") != _DELETED]


APP_RUNNER_SERVICE = ResourceType(
    "AWS::AppRunner::Service",
    _find,
    find_reads=("apprunner:ListServices",),
    changed_by=(
        api_call("apprunner", "CreateService", id="responseElements.service.serviceArn"),
        api_call("apprunner", "DeleteService", "UpdateService", id="requestParameters.serviceArn"),
    ),
    identify=None,
    arn="{id}",
)


@evidence(APP_RUNNER_SERVICE, reads=("apprunner:DescribeService",))
@dataclass(frozen=True, slots=True)
class ServiceEnvironment:
    """The variables and commands of a service; ``in_repository`` if they stand in a file there.

    App Runner reads ``apprunner.yaml`` then, and shows nothing of it. Source: DescribeService.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    in_repository: bool = False

    @classmethod
    def load(cls, read: Reader, service: Resource) -> ServiceEnvironment:
        answer = read.one(
            "apprunner",
            "describe_service",
            gone=("ResourceNotFoundException",),
            ServiceArn=service.id,
        )
        about = answer["Service"]
        if about.get("Status") == _DELETED:
            raise Gone(service.key)
        source = about.get("SourceConfiguration") or {}
        image = (source.get("ImageRepository") or {}).get("ImageConfiguration") or {}
        code = (source.get("CodeRepository") or {}).get("CodeConfiguration") or {}
        built = code.get("CodeConfigurationValues") or {}
        commands = {
            "BuildCommand": built.get("BuildCommand"),
            "StartCommand": built.get("StartCommand") or image.get("StartCommand"),
        }
        return cls(
            {
                **(image.get("RuntimeEnvironmentVariables") or {}),
                **(built.get("RuntimeEnvironmentVariables") or {}),
            },
            {name: command for name, command in commands.items() if command},
            code.get("ConfigurationSource") == "REPOSITORY",
        )
