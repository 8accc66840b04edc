"""What AWS Glue says of its jobs and connections, never a password that it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

Answer = Mapping[str, Any]


def _jobs(read: Reader) -> Sequence[Answer]:
    return read.every("glue", "get_jobs", "Jobs")


def _find_jobs(read: Reader) -> Iterable[str]:
    return [each["Name"] for each in _jobs(read)]


GLUE_JOB = ResourceType(
    "AWS::Glue::Job",
    _find_jobs,
    find_reads=("glue:GetJobs",),
    changed_by=(
        api_call("glue", "CreateJob", id="requestParameters.name"),
        api_call(
            "glue",
            "DeleteJob",
            "UpdateJob",
            "UpdateJobFromSourceControl",
            id="requestParameters.jobName",
        ),
    ),
    identify=None,
    arn="arn:{partition}:glue:{region}:{account}:job/{id}",
)


@evidence(GLUE_JOB, reads=("glue:GetJob", "glue:GetJobs"))
@dataclass(frozen=True, slots=True)
class JobArguments:
    """The arguments that every run of a Glue job gets, by name without the dashes before it.

    Sources: GetJob, GetJobs.
    """

    arguments: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, job: Resource) -> JobArguments:
        answer = read.one("glue", "get_job", gone=("EntityNotFoundException",), JobName=job.id)
        return cls.of(answer["Job"])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, JobArguments]:
        return {each["Name"]: cls.of(each) for each in _jobs(read)}

    @classmethod
    def of(cls, answer: Answer) -> JobArguments:
        """From a ``Job`` of the API."""
        fixed = answer.get("NonOverridableArguments") or {}
        given = {**(answer.get("DefaultArguments") or {}), **fixed}
        return cls({name.lstrip("-"): value for name, value in given.items()})


def _connections(read: Reader) -> Sequence[Answer]:
    return read.every("glue", "get_connections", "ConnectionList", HidePassword=True)


def _find_connections(read: Reader) -> Iterable[str]:
    return [each["Name"] for each in _connections(read)]


CONNECTION = ResourceType(
    "AWS::Glue::Connection",
    _find_connections,
    find_reads=("glue:GetConnections",),
    changed_by=(
        api_call("glue", "CreateConnection", id="requestParameters.connectionInput.name"),
        api_call("glue", "UpdateConnection", id="requestParameters.name"),
        api_call("glue", "DeleteConnection", id="requestParameters.connectionName"),
        api_call("glue", "BatchDeleteConnection", id="requestParameters.connectionNameList"),
    ),
    identify=None,
    arn="arn:{partition}:glue:{region}:{account}:connection/{id}",
)


@evidence(CONNECTION, reads=("glue:GetConnection", "glue:GetConnections"))
@dataclass(frozen=True, slots=True)
class ConnectionLogin:
    """How a connection of the Data Catalog logs in.

    ``properties`` are its properties, and those for one kind of engine, without the password: it
    is never asked for. ``user`` is the name that logs in with a password, ``keystore`` the file
    with the client certificate for Kafka, which a password of the connection opens, ``secret`` the
    secret of Secrets Manager that holds user and password; all empty where there is none. ``kept``
    are the names of passwords that stand in the connection, encrypted or not. Sources:
    GetConnection, GetConnections, both with HidePassword.
    """

    user: str = ""
    secret: str = ""
    keystore: str = ""
    kept: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, read: Reader, connection: Resource) -> ConnectionLogin:
        answer = read.one(
            "glue",
            "get_connection",
            gone=("EntityNotFoundException",),
            Name=connection.id,
            HidePassword=True,
        )
        return cls.of(answer["Connection"])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ConnectionLogin]:
        return {each["Name"]: cls.of(each) for each in _connections(read)}

    @classmethod
    def of(cls, answer: Answer) -> ConnectionLogin:
        """From a ``Connection`` of the API."""
        properties: dict[str, str] = {}
        for each in _PROPERTIES:
            properties |= answer.get(each) or {}
        authentication = answer.get("AuthenticationConfiguration") or {}
        secret = authentication.get("SecretArn") or _named(properties, _SECRETS)
        is_by_role = authentication.get("AuthenticationType") == "IAM"
        user = "" if is_by_role else _named(properties, _USERS)
        kept = tuple(sorted(name for name, v in properties.items() if v and _keeps(name)))
        shown = {n: value for n, value in properties.items() if not _keeps(n)}
        return cls(user, secret, _named(properties, _KEYSTORES), kept, shown)


_PROPERTIES = ("ConnectionProperties", "SparkProperties", "AthenaProperties", "PythonProperties")
_USERS = ("USERNAME",)
_KEYSTORES = ("CLIENT_KEYSTORE",)
_SECRETS = ("SECRET_ID", "SECRETS_ARN")
"""How the names of such properties end: ``KAFKA_SASL_SCRAM_SECRETS_ARN``."""


def _keeps(name: str) -> bool:
    """Whether a property is the password, or one that the Data Catalog has encrypted."""
    return name == "PASSWORD" or (name.startswith("ENCRYPTED_") and name.endswith("PASSWORD"))


def _named(properties: Mapping[str, str], endings: tuple[str, ...]) -> str:
    return next((v for name, v in sorted(properties.items()) if v and name.endswith(endings)), "")
