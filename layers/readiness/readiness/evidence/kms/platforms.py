"""Which KMS keys name those who run workloads: clusters, models, state machines, parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from readiness.evidence.apprunner import APP_RUNNER_SERVICE
from readiness.evidence.kms.users import Listing, Named
from readiness.evidence.ssm import described_parameters
from readiness.evidence.stepfunctions import STATE_MACHINE
from readiness.model.reader import Reader
from readiness.model.unreadable import NO_SUCH_OPERATION

_AT_ONCE = 100
"""How many collections OpenSearch Serverless describes in a call."""
_OWNED_BY_AWS = "auto"
_NO_MODEL = ("ValidationException: Could not find",)


def parameters(read: Reader) -> Iterator[Named]:
    """Those of the type SecureString; the others have no key."""
    for each in described_parameters(read):
        arn = f"arn:{read.partition}:ssm:{read.region}:{read.account}:parameter"
        yield each.get("ARN") or f"{arn}/{each['Name'].lstrip('/')}", each.get("KeyId", "")


def state_machines(read: Reader) -> Iterator[Callable[[], Named]]:
    for arn in STATE_MACHINE.find(read):
        yield partial(_state_machine, read, arn)


def _state_machine(read: Reader, arn: str) -> Named:
    # The definition itself may be encrypted with that key.
    answer = read.one(
        "stepfunctions",
        "describe_state_machine",
        gone=("StateMachineDoesNotExist",),
        stateMachineArn=arn,
        includedData="METADATA_ONLY",
    )
    return arn, (answer.get("encryptionConfiguration") or {}).get("kmsKeyId", "")


def event_buses(read: Reader) -> Iterator[Callable[[], Named]]:
    for bus in read.every("events", "list_event_buses", "EventBuses"):
        yield partial(_event_bus, read, bus["Name"], bus["Arn"])


def _event_bus(read: Reader, name: str, arn: str) -> Named:
    answer = read.one(
        "events", "describe_event_bus", gone=("ResourceNotFoundException",), Name=name
    )
    return arn, answer.get("KmsKeyIdentifier", "")


def kubernetes(read: Reader) -> Iterator[Callable[[], Named]]:
    """Clusters of EKS, which encrypt the secrets of Kubernetes with a key."""
    for name in read.every("eks", "list_clusters", "clusters"):
        yield partial(_kubernetes, read, name)


def _kubernetes(read: Reader, name: str) -> Named:
    answer = read.one("eks", "describe_cluster", gone=("ResourceNotFoundException",), name=name)
    cluster = answer["cluster"]
    providers = [each.get("provider") or {} for each in cluster.get("encryptionConfig") or ()]
    keys = [key for each in providers if (key := each.get("keyArn"))]
    return cluster["arn"], keys[0] if keys else ""


def web_services(read: Reader) -> Iterator[Callable[[], Named]]:
    """Services of App Runner, which keeps a copy of their source."""
    for arn in APP_RUNNER_SERVICE.find(read):
        yield partial(_web_service, read, arn)


def _web_service(read: Reader, arn: str) -> Named:
    answer = read.one(
        "apprunner", "describe_service", gone=("ResourceNotFoundException",), ServiceArn=arn
    )
    return arn, (answer["Service"].get("EncryptionConfiguration") or {}).get("KmsKey", "")


def collections(read: Reader) -> Iterator[Named]:
    """Collections of OpenSearch Serverless."""
    listed = read.every("opensearchserverless", "list_collections", "collectionSummaries")
    ids = [each["id"] for each in listed]
    for start in range(0, len(ids), _AT_ONCE):
        for each in read.every(
            "opensearchserverless",
            "batch_get_collection",
            "collectionDetails",
            ids=ids[start : start + _AT_ONCE],
        ):
            key = each.get("kmsKeyArn", "")
            yield each["arn"], "" if key == _OWNED_BY_AWS else key


def migrations(read: Reader) -> Iterator[Named]:
    """Replication instances of DMS."""
    listed = read.every("dms", "describe_replication_instances", "ReplicationInstances")
    for each in listed:
        yield each["ReplicationInstanceArn"], each.get("KmsKeyId", "")


def studios(read: Reader) -> Iterator[Callable[[], Named]]:
    """Domains of SageMaker: the home directories of their users."""
    for each in read.every("sagemaker", "list_domains", "Domains", absent=NO_SUCH_OPERATION):
        yield partial(_studio, read, each["DomainId"])


def _studio(read: Reader, id: str) -> Named:
    answer = read.one("sagemaker", "describe_domain", gone=("ResourceNotFound",), DomainId=id)
    return answer["DomainArn"], answer.get("KmsKeyId", "")


def endpoints(read: Reader) -> Iterator[Callable[[], Named]]:
    """Endpoints of SageMaker: without the key of their volumes no instance starts."""
    listed = read.every("sagemaker", "list_endpoints", "Endpoints", absent=NO_SUCH_OPERATION)
    for each in listed:
        yield partial(_endpoint, read, each["EndpointName"])


def _endpoint(read: Reader, name: str) -> Named:
    about = read.one("sagemaker", "describe_endpoint", gone=_NO_MODEL, EndpointName=name)
    used = about.get("EndpointConfigName", "")
    configuration: Mapping[str, Any] | None = (
        read.one(
            "sagemaker", "describe_endpoint_config", absent=_NO_MODEL, EndpointConfigName=used
        )
        if used
        else None
    )
    return about["EndpointArn"], (configuration or {}).get("KmsKeyId", "")


PLATFORMS: tuple[Listing, ...] = (
    parameters,
    state_machines,
    event_buses,
    kubernetes,
    web_services,
    collections,
    migrations,
    studios,
    endpoints,
)

PLATFORM_READS = (
    "aoss:BatchGetCollection",
    "aoss:ListCollections",
    "apprunner:DescribeService",
    "apprunner:ListServices",
    "dms:DescribeReplicationInstances",
    "eks:DescribeCluster",
    "eks:ListClusters",
    "events:DescribeEventBus",
    "events:ListEventBuses",
    "sagemaker:DescribeDomain",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:ListDomains",
    "sagemaker:ListEndpoints",
    "ssm:DescribeParameters",
    "states:DescribeStateMachine",
    "states:ListStateMachines",
)
