"""What Amazon MSK says of its clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from readiness.evidence.going import being_deleted
from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_SERVERLESS = "SERVERLESS"


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("kafka", "list_clusters_v2", "ClusterInfoList")


MSK_CLUSTER = ResourceType(
    "AWS::MSK::Cluster",
    lambda read: [each["ClusterArn"] for each in _listed(read)],
    find_reads=("kafka:ListClustersV2",),
    changed_by=(
        api_call("kafka", "CreateCluster", "CreateClusterV2", id="responseElements.clusterArn"),
        api_call(
            "kafka",
            "DeleteCluster",
            "UpdateSecurity",
            id="requestParameters.clusterArn",
            normalise=unquote,
        ),
    ),
    identify=None,
    arn="{id}",
    going=being_deleted(_listed, "ClusterArn", "State"),
)
"""CloudTrail shows the ARN in a request as it stood in its path: ``arn%3Aaws%3Akafka…``."""


@evidence(MSK_CLUSTER, reads=("kafka:DescribeClusterV2", "kafka:ListClustersV2"))
@dataclass(frozen=True, slots=True)
class MskTransit:
    """Whether clients and brokers of an MSK cluster need TLS.

    ``clients`` is ``TLS``, ``TLS_PLAINTEXT`` or ``PLAINTEXT``, empty where AWS does not say;
    ``between_brokers`` is None then. A serverless cluster takes nothing but TLS. Sources:
    DescribeClusterV2, ListClustersV2.
    """

    clients: str
    between_brokers: bool | None = True
    is_serverless: bool = False

    @classmethod
    def load(cls, read: Reader, cluster: Resource) -> MskTransit:
        answer = read.one(
            "kafka", "describe_cluster_v2", gone=("NotFoundException",), ClusterArn=cluster.id
        )
        return cls._of(answer["ClusterInfo"])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, MskTransit]:
        return {each["ClusterArn"]: cls._of(each) for each in _listed(read)}

    @classmethod
    def _of(cls, cluster: Mapping[str, Any]) -> MskTransit:
        if cluster.get("ClusterType") == _SERVERLESS:
            return cls("TLS", is_serverless=True)
        about = (cluster.get("Provisioned") or {}).get("EncryptionInfo") or {}
        transit = about.get("EncryptionInTransit") or {}
        return cls(transit.get("ClientBroker", ""), transit.get("InCluster"))
